package store

import (
	"context"
	"encoding/json"

	"parley/engine"
	"parley/savings"
)

// putSavingsEvent appends an event. Numbers are in the order of the commits, because one goroutine writes; where several do, the insert must
// hold a lock until its commit, or a reader could pass over a number that is still to come. The last event is never removed, so that no
// number is given twice.
func putSavingsEvent(t *tx, w engine.Write) error {
	add, ok := w.(savings.AddSavingsEvent)
	if !ok {
		return unknownWrite(w)
	}
	e := add.Event
	return t.once("savings_event", `INSERT INTO savings_event (seq, id, partner, usr, type, at, data) VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM savings_event), $1, $2, $3, $4, $5, $6)`,
		e.ID, e.Partner, e.User, string(e.Type), millis(e.At), string(e.Data))
}

const savingsEventColumns = `seq, id, partner, usr, type, at, data`

func scanSavingsEvent(row scanner) (savings.Event, error) {
	var e savings.Event
	var at int64
	var data string
	err := row.Scan(&e.Seq, &e.ID, &e.Partner, &e.User, &e.Type, &at, &data)
	e.At, e.Data = fromMillis(at), []byte(data)
	return e, err
}

// EventsAfter are the events of a partner after a number, in order.
func (s *Store) EventsAfter(ctx context.Context, partner string, seq int64, limit int) ([]savings.Event, error) {
	return all(ctx, s.read, scanSavingsEvent, `SELECT `+savingsEventColumns+` FROM savings_event WHERE partner = $1 AND seq > $2 ORDER BY seq LIMIT $3`, partner, seq, limit)
}

// EventsOf are the events about a user after a number, in order.
func (s *Store) EventsOf(ctx context.Context, user string, seq int64, items int) ([]savings.Event, error) {
	return all(ctx, s.read, scanSavingsEvent, `SELECT `+savingsEventColumns+` FROM savings_event WHERE usr = $1 AND seq > $2 ORDER BY seq LIMIT $3`, user, seq, items)
}

// eraseEvents takes out of what the bank has been, or is still to be, told of a user what is personal: names and pictures.
func eraseEvents(t *tx, user string) error {
	rows, err := t.query(`SELECT `+savingsEventColumns+` FROM savings_event WHERE usr = $1`, user)
	if err != nil {
		return err
	}
	events, err := collect(rows, scanSavingsEvent)
	if err != nil {
		return err
	}
	for _, e := range events {
		var data any
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return err
		}
		clean, err := json.Marshal(impersonal(data))
		if err != nil {
			return err
		}
		if err := t.do(`UPDATE savings_event SET data = $1 WHERE seq = $2`, string(clean), e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// impersonal is a document without the person in it.
func impersonal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, personal := range []string{"name", "givenName", "familyName", "imageUrl", "externalId", "path"} {
			delete(v, personal)
		}
		for k, inner := range v {
			v[k] = impersonal(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = impersonal(inner)
		}
	}
	return v
}
