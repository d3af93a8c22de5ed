package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"parley/api"
	"parley/engine"
)

// answersKept is how long an answer is kept at least. Whoever keeps one sweeps out those that are older.
const answersKept = 24 * time.Hour

// putAnswer keeps what was answered under an idempotency key. A second one under the same key is a conflict.
func putAnswer(t *tx, w engine.Write) error {
	a, ok := w.(api.PutAnswer)
	if !ok {
		return unknownWrite(w)
	}
	if err := t.do(`DELETE FROM savings_answer WHERE at < $1`, millis(a.At.Add(-answersKept))); err != nil {
		return err
	}
	return t.once("savings_answer", `INSERT INTO savings_answer (partner, key, fingerprint, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.Partner, a.Key, a.Fingerprint, a.Status, string(a.Body), millis(a.At))
}

// Answer is what was answered under an idempotency key of a partner's.
func (s *Store) Answer(ctx context.Context, partner, key string) (a api.Answer, ok bool, err error) {
	var body string
	var at int64
	a.Partner, a.Key = partner, key
	err = s.read.row(ctx, `SELECT fingerprint, status, body, at FROM savings_answer WHERE partner = $1 AND key = $2`, partner, key).Scan(&a.Fingerprint, &a.Status, &body, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return api.Answer{}, false, nil
	}
	if a.At = fromMillis(at); body != "" {
		a.Body = []byte(body)
	}
	return a, err == nil, err
}
