package store

import (
	"context"
	"encoding/json"
	"time"

	"parley/engine"
	"parley/oauth"
)

func putCode(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case oauth.PutCode:
		c := w.Code
		return t.must("code", `INSERT INTO code (run, hash, number, client, expires, spent) VALUES ($1, $2, $3, $4, $5, 0)
			ON CONFLICT (run) DO UPDATE SET hash = excluded.hash, number = excluded.number, expires = excluded.expires
				WHERE code.spent = 0 AND code.number = excluded.number - 1`,
			c.Run, c.Hash, c.Number, c.Client, millis(c.Expires))
	case oauth.SpendCode:
		return t.must("code", `UPDATE code SET spent = $1 WHERE hash = $2 AND spent = 0 AND expires > $1`, millis(w.Now), w.Hash)
	}
	return unknownWrite(w)
}

const codeColumns = `run, hash, number, client, expires, spent`

func scanCode(row scanner) (oauth.Code, error) {
	var c oauth.Code
	var expires, spent int64
	err := row.Scan(&c.Run, &c.Hash, &c.Number, &c.Client, &expires, &spent)
	c.Expires, c.Spent = fromMillis(expires), fromMillis(spent)
	return c, err
}

// Code reads a code by its hash.
func (s *Store) Code(ctx context.Context, hash string) (oauth.Code, error) {
	return one(ctx, s.read, "code", scanCode, `SELECT `+codeColumns+` FROM code WHERE hash = $1`, hash)
}

// CodeOf reads the code of a run.
func (s *Store) CodeOf(ctx context.Context, run string) (oauth.Code, error) {
	return one(ctx, s.read, "code", scanCode, `SELECT `+codeColumns+` FROM code WHERE run = $1`, run)
}

func putToken(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case oauth.AddToken:
		k := w.Token
		return t.must("token", `INSERT INTO token (id, run, client, merchant, issued, expires, revoked) VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT DO NOTHING`,
			k.ID, k.Run, k.Client, k.Merchant, millis(k.Issued), millis(k.Expires))
	case oauth.RevokeTokens:
		return t.do(`UPDATE token SET revoked = $1 WHERE run = $2 AND revoked = 0`, millis(w.Now), w.Run)
	}
	return unknownWrite(w)
}

// Token reads a token by its id.
func (s *Store) Token(ctx context.Context, id string) (oauth.Token, error) {
	return one(ctx, s.read, "token", func(row scanner) (oauth.Token, error) {
		var k oauth.Token
		var issued, expires, revoked int64
		err := row.Scan(&k.ID, &k.Run, &k.Client, &k.Merchant, &issued, &expires, &revoked)
		k.Issued, k.Expires, k.Revoked = fromMillis(issued), fromMillis(expires), fromMillis(revoked)
		return k, err
	}, `SELECT id, run, client, merchant, issued, expires, revoked FROM token WHERE id = $1`, id)
}

func putKey(t *tx, w engine.Write) error {
	add, ok := w.(oauth.AddKey)
	if !ok {
		return unknownWrite(w)
	}
	k := add.Key
	return t.must("signing_key", `INSERT INTO signing_key (id, sealed, made, retires) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		k.ID, k.Sealed, millis(k.Made), millis(k.Retires))
}

// SigningKeys reads the keys, the newest first.
func (s *Store) SigningKeys(ctx context.Context) ([]oauth.SigningKey, error) {
	return all(ctx, s.read, func(row scanner) (oauth.SigningKey, error) {
		var k oauth.SigningKey
		var made, retires int64
		err := row.Scan(&k.ID, &k.Sealed, &made, &retires)
		k.Made, k.Retires = fromMillis(made), fromMillis(retires)
		return k, err
	}, `SELECT id, sealed, made, retires FROM signing_key ORDER BY made DESC, id DESC`)
}

func putLookup(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case oauth.AddLookup:
		l := w.Lookup
		return t.must("lookup", `INSERT INTO lookup (token, merchant, person, source, asked, billed, done, address) VALUES ($1, $2, $3, $4, $5, 0, 0, '')
			ON CONFLICT (token) DO UPDATE SET asked = excluded.asked WHERE lookup.done = 0 AND lookup.asked <= excluded.asked - 30000`,
			l.Token, l.Merchant, l.Person, l.Source, millis(l.Asked))
	case oauth.EndLookup:
		if !w.Found {
			return t.do(`UPDATE lookup SET billed = billed + $1, asked = CASE WHEN $1 = 0 THEN 0 ELSE asked END WHERE token = $2 AND done = 0`, w.Billed, w.Token)
		}
		address, err := json.Marshal(w.Address)
		if err != nil {
			return err
		}
		return t.do(`UPDATE lookup SET done = 1, billed = billed + $1, address = $2 WHERE token = $3`, w.Billed, string(address), w.Token)
	}
	return unknownWrite(w)
}

const lookupColumns = `token, merchant, person, source, asked, billed, done, address`

func scanLookup(row scanner) (oauth.Lookup, error) {
	var l oauth.Lookup
	var asked int64
	var address string
	err := row.Scan(&l.Token, &l.Merchant, &l.Person, &l.Source, &asked, &l.Billed, &l.Done, &address)
	l.Asked = fromMillis(asked)
	if err == nil && address != "" {
		err = json.Unmarshal([]byte(address), &l.Address)
	}
	return l, err
}

// Lookup reads the question that was asked for a token.
func (s *Store) Lookup(ctx context.Context, token string) (oauth.Lookup, error) {
	return one(ctx, s.read, "lookup", scanLookup, `SELECT `+lookupColumns+` FROM lookup WHERE token = $1`, token)
}

// LookupOf is the latest answered question about a person.
func (s *Store) LookupOf(ctx context.Context, merchant int, person string, since time.Time) (oauth.Lookup, error) {
	return one(ctx, s.read, "lookup", scanLookup, `SELECT `+lookupColumns+` FROM lookup WHERE merchant = $1 AND person = $2 AND asked >= $3 AND done = 1 ORDER BY asked DESC LIMIT 1`,
		merchant, person, millis(since))
}

// Bill is what a merchant's questions to an address source cost.
type Bill struct {
	Merchant  int    `json:"merchant"`
	Source    string `json:"source"`
	Questions int64  `json:"questions"` // that were billed, or may have been
	Minor     int64  `json:"minor"`     // what they cost, in minor units of the operator's contract with the source
}

// Bills are what all merchants' questions since then cost.
func (s *Store) Bills(ctx context.Context, since time.Time) ([]Bill, error) {
	return all(ctx, s.read, func(row scanner) (b Bill, err error) {
		return b, row.Scan(&b.Merchant, &b.Source, &b.Questions, &b.Minor)
	}, `SELECT merchant, source, COUNT(*), SUM(billed) FROM lookup WHERE asked >= $1 AND billed > 0 GROUP BY merchant, source ORDER BY merchant, source`, millis(since))
}
