package store

import (
	"context"
	"encoding/json"

	"parley"
	"parley/engine"
)

const runColumns = `r.id, r.flow, r.flow_table, r.start_key, r.status, r.version, r.step, r.place, r.seq, r.refusal, r.attention, r.data, r.begun, r.changed`

// place is what of a run only the engine reads.
type place struct {
	Maybe     bool              `json:"maybe,omitempty"`
	Closed    bool              `json:"closed,omitempty"`
	Undos     []int             `json:"undos,omitempty"`
	Questions []engine.Question `json:"questions,omitempty"`
	Heard     []int             `json:"heard,omitempty"`
}

func putRun(t *tx, w engine.Write) error {
	put, ok := w.(engine.PutRun)
	if !ok {
		return unknownWrite(w)
	}
	r := put.Run
	at, err := json.Marshal(place{r.Maybe, r.Closed, r.Undos, r.Questions, r.Heard})
	if err != nil {
		return err
	}
	refusal := ""
	if r.Refusal != nil {
		b, err := json.Marshal(r.Refusal)
		if err != nil {
			return err
		}
		refusal = string(b)
	}
	if put.Was == 0 {
		return t.must("run", `INSERT INTO run (id, flow, flow_table, start_key, status, version, step, place, seq, refusal, attention, data, begun, changed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
			r.ID, r.Flow, r.Table, r.StartKey, string(r.Status), r.Version, r.Step, string(at), r.Seq, refusal, r.Attention, string(r.Data), millis(r.Begun), millis(r.Changed))
	}
	return t.must("run", `UPDATE run SET status = $1, version = $2, step = $3, place = $4, seq = $5, refusal = $6, attention = $7, data = $8, changed = $9
		WHERE id = $10 AND version = $11`,
		string(r.Status), r.Version, r.Step, string(at), r.Seq, refusal, r.Attention, string(r.Data), millis(r.Changed), r.ID, put.Was)
}

func scanRun(row scanner, more ...any) (engine.Run, error) {
	var (
		r                    engine.Run
		status, at, no, data string
		begun, changed       int64
		p                    place
	)
	err := row.Scan(append([]any{&r.ID, &r.Flow, &r.Table, &r.StartKey, &status, &r.Version, &r.Step, &at, &r.Seq, &no, &r.Attention, &data, &begun, &changed}, more...)...)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(at), &p); err != nil {
		return r, err
	}
	if no != "" {
		r.Refusal = new(parley.Refusal)
		if err := json.Unmarshal([]byte(no), r.Refusal); err != nil {
			return r, err
		}
	}
	r.Status, r.Data, r.Begun, r.Changed = engine.Status(status), json.RawMessage(data), fromMillis(begun), fromMillis(changed)
	r.Maybe, r.Closed, r.Undos, r.Questions, r.Heard = p.Maybe, p.Closed, p.Undos, p.Questions, p.Heard
	return r, nil
}

// Run reads a run with its job.
func (s *Store) Run(ctx context.Context, id string) (engine.Run, engine.Job, error) {
	type both struct {
		engine.Run
		engine.Job
	}
	b, err := one(ctx, s.read, "run", func(row scanner) (b both, err error) {
		var run, owner *string
		var due, attempt, since, epoch, lease *int64
		var died *bool
		if b.Run, err = scanRun(row, &run, &due, &attempt, &since, &owner, &epoch, &lease, &died); err != nil || run == nil {
			return b, err
		}
		b.Job = engine.Job{Run: *run, Due: fromMillis(*due), Attempt: int(*attempt), Since: fromMillis(*since), Owner: *owner, Epoch: *epoch, Lease: fromMillis(*lease), Died: *died}
		return b, nil
	}, `SELECT `+runColumns+`, j.run, j.due, j.attempt, j.since, j.owner, j.epoch, j.lease, j.died FROM run r LEFT JOIN job j ON j.run = r.id WHERE r.id = $1`, id)
	return b.Run, b.Job, err
}

// RunByStartKey reads the run that was begun with the key.
func (s *Store) RunByStartKey(ctx context.Context, flow, key string) (engine.Run, error) {
	return one(ctx, s.read, "run", func(row scanner) (engine.Run, error) { return scanRun(row) },
		`SELECT `+runColumns+` FROM run r WHERE r.flow = $1 AND r.start_key = $2 AND r.start_key <> ''`, flow, key)
}

// Runs lists runs, the latest first, before the given id ("" for the first page), up to limit.
func (s *Store) Runs(ctx context.Context, before string, limit int) ([]engine.Run, error) {
	if before == "" {
		before = "~" // after every id
	}
	return all(ctx, s.read, func(row scanner) (engine.Run, error) { return scanRun(row) },
		`SELECT `+runColumns+` FROM run r WHERE r.id < $1 ORDER BY r.id DESC LIMIT $2`, before, limit)
}
