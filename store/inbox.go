package store

import (
	"context"
	"encoding/json"

	"parley"
	"parley/engine"
)

func putInbox(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case engine.AddInbound:
		m := w.Inbound
		return t.must("inbox", `INSERT INTO inbox (source, id, run, step, fingerprint, body, asks, taken, answer, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
			m.Source, m.ID, m.Run, m.Step, m.Fingerprint, string(m.Body), bit(m.Asks), bit(m.Taken), string(m.Answer), millis(m.At))
	case engine.TakeInbound:
		return t.must("inbox", `UPDATE inbox SET taken = 1 WHERE source = $1 AND id = $2 AND taken = 0`, w.Source, w.ID)
	case engine.AnswerInbound:
		return t.must("inbox", `UPDATE inbox SET answer = $1 WHERE source = $2 AND id = $3 AND answer = ''`, string(w.Answer), w.Source, w.ID)
	}
	return unknownWrite(w)
}

const inboxColumns = `source, id, run, step, fingerprint, body, asks, taken, answer, at`

func scanInbound(row scanner) (engine.Inbound, error) {
	var m engine.Inbound
	var body, answer string
	var at int64
	err := row.Scan(&m.Source, &m.ID, &m.Run, &m.Step, &m.Fingerprint, &body, &m.Asks, &m.Taken, &answer, &at)
	m.Body, m.At = json.RawMessage(body), fromMillis(at)
	if answer != "" {
		m.Answer = json.RawMessage(answer)
	}
	return m, err
}

// Inbound reads a message; ok says whether it is there.
func (s *Store) Inbound(ctx context.Context, source, id string) (engine.Inbound, bool, error) {
	m, err := one(ctx, s.read, "message", scanInbound, `SELECT `+inboxColumns+` FROM inbox WHERE source = $1 AND id = $2`, source, id)
	if parley.KindOf(err) == parley.KindNotFound {
		return m, false, nil
	}
	return m, err == nil, err
}

// Pending are the messages of a run that wait for their turn, oldest first.
func (s *Store) Pending(ctx context.Context, run string) ([]engine.Inbound, error) {
	return all(ctx, s.read, scanInbound, `SELECT `+inboxColumns+` FROM inbox WHERE run = $1 AND taken = 0 ORDER BY at, id`, run)
}
