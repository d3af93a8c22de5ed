package store

import (
	"context"
	"slices"
	"time"

	"parley/engine"
)

func putJob(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case engine.PutJob:
		j := w.Job
		return t.do(`INSERT INTO job (run, due, attempt, since, owner, epoch, lease, died) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (run) DO UPDATE SET due = excluded.due, attempt = excluded.attempt, since = excluded.since, owner = excluded.owner,
				epoch = excluded.epoch, lease = excluded.lease, died = excluded.died`,
			j.Run, millis(j.Due), j.Attempt, millis(j.Since), j.Owner, j.Epoch, millis(j.Lease), bit(j.Died))
	case engine.WakeRun:
		return t.do(`INSERT INTO job (run, due, attempt, since, owner, epoch, lease, died) VALUES ($1, $2, 0, $2, '', 0, 0, 0)
			ON CONFLICT (run) DO NOTHING`, w.Run, millis(w.At))
	case engine.EndJob:
		return t.do(`DELETE FROM job WHERE run = $1`, w.Run)
	}
	return unknownWrite(w)
}

const jobColumns = `run, due, attempt, since, owner, epoch, lease, died`

func scanJob(row scanner) (engine.Job, error) {
	var j engine.Job
	var due, since, lease int64
	err := row.Scan(&j.Run, &due, &j.Attempt, &since, &j.Owner, &j.Epoch, &lease, &j.Died)
	j.Due, j.Since, j.Lease = fromMillis(due), fromMillis(since), fromMillis(lease)
	return j, err
}

// bereft notes in a job that is taken from its owner that a try was under way.
const bereft = `attempt = CASE WHEN owner <> '' THEN attempt + 1 ELSE attempt END, died = CASE WHEN owner <> '' THEN 1 ELSE died END`

// Claim gives the caller jobs that are due and free, the longest due first.
func (s *Store) Claim(ctx context.Context, owner string, now, lease time.Time, limit int) ([]engine.Job, error) {
	// Looking is cheap and does not disturb the writer; most looks find nothing.
	if due, ok, err := s.NextDue(ctx); err != nil || !ok || due.After(now) {
		var expired bool
		if err == nil {
			err = s.read.row(ctx, `SELECT EXISTS (SELECT 1 FROM job WHERE owner <> '' AND lease < $1)`, millis(now)).Scan(&expired)
		}
		if err != nil || !expired {
			return nil, err
		}
	}
	var jobs []engine.Job
	err := s.write.do(ctx, func(t *tx) error {
		jobs = nil
		rows, err := t.query(`UPDATE job SET owner = $1, epoch = epoch + 1, lease = $2, `+bereft+`
			WHERE run IN (SELECT run FROM job WHERE (owner = '' AND due <= $3) OR (owner <> '' AND lease < $3) ORDER BY due LIMIT $4)
			RETURNING `+jobColumns, owner, millis(lease), millis(now), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			j, err := scanJob(rows)
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return rows.Err()
	})
	// RETURNING promises no order.
	slices.SortFunc(jobs, func(a, b engine.Job) int { return a.Due.Compare(b.Due) })
	return jobs, err
}

// NextDue is when the earliest free job is due.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	var due *int64
	err := s.read.row(ctx, `SELECT MIN(due) FROM job WHERE owner = ''`).Scan(&due)
	if err != nil || due == nil {
		return time.Time{}, false, err
	}
	return fromMillis(*due), true, nil
}

// ReleaseAll takes every job from its owner, and has every run looked at for which a message was left: whoever was about to act on it
// may have died between letting go of the run and looking.
func (s *Store) ReleaseAll(ctx context.Context) error {
	return s.write.do(ctx, func(t *tx) error {
		if err := t.do(`UPDATE job SET owner = '', lease = 0, ` + bereft + ` WHERE owner <> ''`); err != nil {
			return err
		}
		return t.do(`INSERT INTO job (run, due, attempt, since, owner, epoch, lease, died)
			SELECT run, MAX(at), 0, MAX(at), '', 0, 0, 0 FROM inbox WHERE taken = 0 GROUP BY run
			ON CONFLICT (run) DO UPDATE SET due = excluded.due WHERE excluded.due < job.due`)
	})
}
