package store

import (
	"context"

	"parley/app"
	"parley/engine"
)

func putSession(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case app.PutSession:
		s := w.Session
		return t.must("savings_session", `INSERT INTO savings_session (hash, partner, usr, external, locale, zone, theme, renewed, expires, ends, made)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
			s.Hash, s.Partner, s.User, s.ExternalUser, s.Locale, s.Zone, s.Theme, s.By, millis(s.Expires), millis(s.Ends), millis(s.Made))
	case app.RenewSession:
		return t.do(`UPDATE savings_session SET expires = CASE WHEN expires < $1 THEN $1 ELSE expires END, locale = $2 WHERE hash = $3`,
			millis(w.Expires), w.Locale, w.Hash)
	case app.EndSession:
		return t.do(`DELETE FROM savings_session WHERE hash = $1`, w.Hash)
	case app.EndSessionsOf:
		return t.do(`DELETE FROM savings_session WHERE usr = $1`, w.User)
	case app.SweepSessions:
		return t.do(`DELETE FROM savings_session WHERE expires < $1`, millis(w.Before))
	}
	return unknownWrite(w)
}

// Session reads a session of the web app by its hash.
func (s *Store) Session(ctx context.Context, hash string) (app.Session, error) {
	return one(ctx, s.read, "session", scanSession, `SELECT `+sessionColumns+` FROM savings_session WHERE hash = $1`, hash)
}

// SessionsOf are the sessions of a user that we know of, the oldest first.
func (s *Store) SessionsOf(ctx context.Context, user string) ([]app.Session, error) {
	return all(ctx, s.read, scanSession, `SELECT `+sessionColumns+` FROM savings_session WHERE usr = $1 ORDER BY made, hash`, user)
}

const sessionColumns = `hash, partner, usr, external, locale, zone, theme, renewed, expires, ends, made`

func scanSession(row scanner) (app.Session, error) {
	var v app.Session
	var expires, ends, made int64
	err := row.Scan(&v.Hash, &v.Partner, &v.User, &v.ExternalUser, &v.Locale, &v.Zone, &v.Theme, &v.By, &expires, &ends, &made)
	v.Expires, v.Ends, v.Made = fromMillis(expires), fromMillis(ends), fromMillis(made)
	return v, err
}
