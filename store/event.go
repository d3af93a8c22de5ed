package store

import (
	"context"
	"encoding/json"
	"time"

	"parley"
	"parley/engine"
)

func putEvent(t *tx, w engine.Write) error {
	add, ok := w.(engine.AddEvent)
	if !ok {
		return unknownWrite(w)
	}
	e, exchange := add.Event, ""
	if e.Exchange != nil {
		b, err := json.Marshal(e.Exchange)
		if err != nil {
			return err
		}
		exchange = string(b)
	}
	return t.do(`INSERT INTO event (run, seq, at, step, kind, attempt, took, note, exchange) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.Run, e.Seq, millis(e.At), e.Step, string(e.Kind), e.Attempt, e.Took.Microseconds(), e.Note, exchange)
}

// Events are a run's events in order.
func (s *Store) Events(ctx context.Context, run string) ([]engine.Event, error) {
	return all(ctx, s.read, func(row scanner) (engine.Event, error) {
		var e engine.Event
		var at, took int64
		var kind, exchange string
		err := row.Scan(&e.Run, &e.Seq, &at, &e.Step, &kind, &e.Attempt, &took, &e.Note, &exchange)
		e.At, e.Kind, e.Took = fromMillis(at), engine.EventKind(kind), time.Duration(took)*time.Microsecond
		if err == nil && exchange != "" {
			e.Exchange = new(parley.Exchange)
			err = json.Unmarshal([]byte(exchange), e.Exchange)
		}
		return e, err
	}, `SELECT run, seq, at, step, kind, attempt, took, note, exchange FROM event WHERE run = $1 ORDER BY seq`, run)
}

func putAttempt(t *tx, w engine.Write) error {
	add, ok := w.(engine.AddAttempt)
	if !ok {
		return unknownWrite(w)
	}
	a := add.Attempt
	return t.do(`INSERT INTO attempt (run, step, number, at, outcome, took, why) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		a.Run, a.Step, a.Number, millis(a.At), a.Outcome, a.Took.Microseconds(), a.Why)
}

// Attempts are a run's tries that did not end their step, in order.
func (s *Store) Attempts(ctx context.Context, run string) ([]engine.Attempt, error) {
	return all(ctx, s.read, func(row scanner) (engine.Attempt, error) {
		var a engine.Attempt
		var at, took int64
		err := row.Scan(&a.Run, &a.Step, &a.Number, &at, &a.Outcome, &took, &a.Why)
		a.At, a.Took = fromMillis(at), time.Duration(took)*time.Microsecond
		return a, err
	}, `SELECT run, step, number, at, outcome, took, why FROM attempt WHERE run = $1 ORDER BY at, number`, run)
}
