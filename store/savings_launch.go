package store

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"parley/engine"
	"parley/savings"
)

const launchColumns = `l.id, l.usr, l.dream, l.savehack, l.kind, l.params, l.state, l.paused, l.paused_until, l.stopped, l.started, l.stop_at_goal, l.monthly_cap, l.spent_period, l.spent,
	l.consented_period, l.consented, l.consent, l.follows, l.replaces, l.done, l.created`

// withDue stands behind launches that are read with when they are due.
const withDue = ` LEFT JOIN savings_due q ON q.launch = l.id `

func putLaunch(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case savings.PutLaunch:
		l := w.Launch
		err := t.once("savings_launch", `INSERT INTO savings_launch (id, usr, partner, dream, savehack, kind, params, state, paused, paused_until, stopped, started, stop_at_goal, monthly_cap,
				spent_period, spent, consented_period, consented, consent, follows, replaces, done, created)
			VALUES ($1, $2, (SELECT partner FROM savings_user WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
			ON CONFLICT (id) DO UPDATE SET params = excluded.params, state = excluded.state, paused = excluded.paused, paused_until = excluded.paused_until, stopped = excluded.stopped,
				started = excluded.started, stop_at_goal = excluded.stop_at_goal, monthly_cap = excluded.monthly_cap, spent_period = excluded.spent_period, spent = excluded.spent,
				consented_period = excluded.consented_period, consented = excluded.consented, consent = excluded.consent, follows = excluded.follows, replaces = excluded.replaces,
				done = excluded.done`,
			l.ID, l.User, l.Dream, l.Savehack, l.Kind, string(l.Params), string(l.State), millis(l.PausedAt), millis(l.PausedUntil), millis(l.StoppedAt), millis(l.StartedAt),
			bit(l.StopAtGoal), l.MonthlyCap, l.Spent.Period, l.Spent.Cents, l.Consented.Period, l.Consented.Cents, l.Consent, l.Follows, l.Replaces, l.Done, millis(l.Created))
		if err != nil {
			return err
		}
		return putDue(t, l)
	case savings.WakeFollowers:
		return t.do(`INSERT INTO savings_due (launch, usr, partner, due) SELECT f.id, f.usr, f.partner, $2 FROM savings_launch f WHERE f.follows = $1 AND f.follows <> '' AND f.state = 'active'
			ON CONFLICT (launch) DO UPDATE SET due = CASE WHEN savings_due.due < excluded.due THEN savings_due.due ELSE excluded.due END`, w.Launch, millis(w.At))
	}
	return unknownWrite(w)
}

// putDue writes when a launch must next be looked at. A launch that follows another is woken by that one's user, who does not know its book and
// does not raise its user's version: so, whatever its own book says, it is due while there is anything that it has not looked at. That holds too
// for what was made while it was paused in the books, and so was not woken, and was being resumed.
func putDue(t *tx, l savings.Launch) (err error) {
	if l.Due.IsZero() {
		err = t.do(`DELETE FROM savings_due WHERE launch = $1`, l.ID)
	} else {
		err = t.do(`INSERT INTO savings_due (launch, usr, partner, due) VALUES ($1, $2, (SELECT partner FROM savings_user WHERE id = $2), $3)
			ON CONFLICT (launch) DO UPDATE SET due = excluded.due WHERE savings_due.due <> excluded.due`, l.ID, l.User, millis(l.Due))
	}
	if err != nil || l.Follows == "" || l.State != savings.Active {
		return err
	}
	ready, id := looked(l.Done)
	return t.do(`INSERT INTO savings_due (launch, usr, partner, due) SELECT $1, u.id, u.partner, x.requested FROM savings_user u, savings_transaction x
			WHERE u.id = $2 AND x.launch = $3 AND x.launch <> '' AND x.partner = u.partner AND (x.ready, x.id) > ($4, $5) ORDER BY x.ready, x.id LIMIT 1
		ON CONFLICT (launch) DO UPDATE SET due = excluded.due WHERE savings_due.due > excluded.due`, l.ID, l.User, l.Follows, ready, id)
}

// looked reads how far a Copycat has looked: "ms/id".
func looked(done string) (ready int64, id string) {
	ms, id, _ := strings.Cut(done, "/")
	ready, _ = strconv.ParseInt(ms, 10, 64)
	return ready, id
}

func scanLaunch(row scanner, more ...any) (savings.Launch, error) {
	var l savings.Launch
	var params string
	var paused, until, stopped, started, created int64
	err := row.Scan(append([]any{&l.ID, &l.User, &l.Dream, &l.Savehack, &l.Kind, &params, &l.State, &paused, &until, &stopped, &started, &l.StopAtGoal, &l.MonthlyCap, &l.Spent.Period,
		&l.Spent.Cents, &l.Consented.Period, &l.Consented.Cents, &l.Consent, &l.Follows, &l.Replaces, &l.Done, &created}, more...)...)
	if params != "" {
		l.Params = json.RawMessage(params)
	}
	l.PausedAt, l.PausedUntil, l.StoppedAt, l.StartedAt, l.Created = fromMillis(paused), fromMillis(until), fromMillis(stopped), fromMillis(started), fromMillis(created)
	return l, err
}

// scanDueLaunch reads a launch with when it is due.
func scanDueLaunch(row scanner, more ...any) (savings.Launch, error) {
	var due *int64
	l, err := scanLaunch(row, append([]any{&due}, more...)...)
	if due != nil {
		l.Due = fromMillis(*due)
	}
	return l, err
}

// Launches lists what a partner's users have launched.
func (s *Store) Launches(ctx context.Context, q savings.Query) ([]savings.LaunchView, int, error) {
	l := things(q, `savings_launch`, `l`, `created`, withOwner(`l`)+` LEFT JOIN savings_dream d ON d.id = l.dream LEFT JOIN savings_account a ON a.id = d.account`+withDue)
	l.whereIf(q.Dream, `l.dream = `)
	l.whereIf(q.State, `l.state = `)
	return list(ctx, s, l, dreamColumns+dreamView+`, `+launchColumns+`, q.due`, func(row scanner) (v savings.LaunchView, err error) {
		v.Launch, err = scanDueLaunch(&behind{row: row, first: func(more ...any) (err error) { v.On, err = scanDreamView(row, more...); return err }})
		return v, err
	})
}

// behind is a row whose first columns are somebody else's to read.
type behind struct {
	row   scanner
	first func(more ...any) error
}

// Scan reads what stands behind, and with it what stands first.
func (b *behind) Scan(dest ...any) error { return b.first(dest...) }

// DueUsers are users with launches that are due, the longest due first, each once.
func (s *Store) DueUsers(ctx context.Context, now time.Time, limit int) ([]savings.DueUser, error) {
	rows, err := s.read.query(ctx, `SELECT partner, usr FROM savings_due WHERE due <= $1 ORDER BY due`, millis(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var users []savings.DueUser
	seen := map[savings.DueUser]bool{}
	for len(users) < limit && rows.Next() { // no more is read than is asked for
		var u savings.DueUser
		if err := rows.Scan(&u.Partner, &u.User); err != nil {
			return nil, err
		}
		if !seen[u] {
			seen[u] = true
			users = append(users, u)
		}
	}
	return users, rows.Err()
}

// NextLaunchDue is when the earliest launch is due.
func (s *Store) NextLaunchDue(ctx context.Context) (due time.Time, ok bool, err error) {
	return s.earliest(ctx, `SELECT MIN(due) FROM savings_due`)
}

// earliest reads a time that may not be there.
func (s *Store) earliest(ctx context.Context, query string, args ...any) (time.Time, bool, error) {
	var ms *int64
	if err := s.read.row(ctx, query, args...).Scan(&ms); err != nil || ms == nil {
		return time.Time{}, false, err
	}
	return fromMillis(*ms), true, nil
}
