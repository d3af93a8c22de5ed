package store

import (
	"context"
	"encoding/json"
	"time"

	"parley/engine"
	"parley/savings"
	"parley/webhook"
)

// putCursor writes where an endpoint stands. The version is a column of its own, because it is the guard; the rest is read by nobody but
// package webhook.
func putCursor(t *tx, w engine.Write) error {
	put, ok := w.(webhook.PutCursor)
	if !ok {
		return unknownWrite(w)
	}
	c := put.Cursor
	state, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if put.Was == 0 {
		return t.must("savings_cursor", `INSERT INTO savings_cursor (endpoint, version, state) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, c.Endpoint, c.Version, string(state))
	}
	return t.must("savings_cursor", `UPDATE savings_cursor SET version = $1, state = $2 WHERE endpoint = $3 AND version = $4`, c.Version, string(state), c.Endpoint, put.Was)
}

// Cursor reads where an endpoint stands.
func (s *Store) Cursor(ctx context.Context, endpoint string) (webhook.Cursor, error) {
	return one(ctx, s.read, "savings_cursor", func(row scanner) (c webhook.Cursor, err error) {
		var state string
		if err = row.Scan(&state); err == nil {
			err = json.Unmarshal([]byte(state), &c)
		}
		return c, err
	}, `SELECT state FROM savings_cursor WHERE endpoint = $1`, endpoint)
}

// EventByID reads a partner's event.
func (s *Store) EventByID(ctx context.Context, partner, id string) (savings.Event, error) {
	return one(ctx, s.read, "event", scanSavingsEvent, `SELECT `+savingsEventColumns+` FROM savings_event WHERE id = $1 AND partner = $2`, id, partner)
}

// EventsBefore is the number of a partner's last event before a time; zero when there is none. Events are numbered in the order in which they
// were written, which clocks need not agree with: none that happened at that time or later is left out of what follows the number.
func (s *Store) EventsBefore(ctx context.Context, partner string, at time.Time) (seq int64, err error) {
	read := func(query string) (n int64, err error) {
		return n, s.read.row(ctx, query, partner, millis(at)).Scan(&n)
	}
	first, err := read(`SELECT COALESCE(MIN(seq), 0) FROM savings_event WHERE partner = $1 AND at >= $2`)
	if err != nil || first > 0 {
		return max(first-1, 0), err
	}
	return read(`SELECT COALESCE(MAX(seq), 0) FROM savings_event WHERE partner = $1 AND at < $2`)
}
