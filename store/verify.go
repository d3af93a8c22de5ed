package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"parley"
	"parley/engine"
)

// Invariant is something that must always hold, as a question to the database: what does not hold is what it selects. Its number
// is the one in the list of invariants; several questions may belong to one.
type Invariant struct {
	Number int    `json:"number"`
	Title  string `json:"title"` // what holds, for people
	// SQL selects the run and a few words for each row that offends. It is empty for what only the flows' tables can tell.
	SQL string `json:"-"`
	// look judges what SQL selects where that takes more than SQL: the run is the first value, and what it returns are the words
	// about it, or "" when it does not offend.
	look func(values []string) string
}

// Finding is something that does not hold.
type Finding struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	Run    string `json:"run"` // or, of savings, the user
	Detail string `json:"detail"`
}

// Invariants are what Verify asks, in the order of their numbers.
func Invariants() []Invariant {
	return slices.SortedStableFunc(slices.Values(slices.Concat(told, saved)), func(a, b Invariant) int { return a.Number - b.Number })
}

const over = `('done', 'refused')` // a run's work has ended

// told are the invariants of the conversations. They say arrows by the names that they have in the tables of package flow. A transition is one transaction, so all of this
// holds in whatever moment the database is looked at, also right after a crash.
var told = []Invariant{
	{1, "money that moved was told with transfer, or the run still tells it", `
		SELECT t.run, 'transaction ' || t.id || ' moved, and the operator was told ' || CASE t.told WHEN '' THEN 'nothing' ELSE t.told END
		FROM txn t JOIN run r ON r.id = t.run
		WHERE t.money = 'moved' AND t.told <> 'transferred' AND r.status <> 'open'`, nil},
	// The other direction: the operator credits what it is told, so it must not be told of money that did not move.
	{1, "transfer was told only of money that moved", `
		SELECT run, 'transaction ' || id || ' was told as transferred, and its money is ' || CASE money WHEN '' THEN 'not asked for' ELSE money END
		FROM txn WHERE told = 'transferred' AND money <> 'moved'`, nil},
	// The books and the picture are written in one transaction, so they cannot disagree.
	{1, "transfer was heard exactly once", `
		SELECT t.run, 'transaction ' || t.id || ' was told as transferred, and transfer was heard ' || COUNT(e.seq) || ' times'
		FROM txn t LEFT JOIN event e ON e.run = t.run AND e.step = 'transfer' AND e.kind = 'said'
		WHERE t.told = 'transferred' GROUP BY t.run, t.id HAVING COUNT(e.seq) <> 1`, nil},
	// Asked means that only the provider knows; a run that is over knows too.
	{1, "a run that is over knows whether its money moved", `
		SELECT t.run, 'transaction ' || t.id || ' is asked for and nothing more is known'
		FROM txn t JOIN run r ON r.id = t.run WHERE t.money = 'asked' AND r.status IN ` + over, nil},
	{1, "what the provider said about money is in the books", `
		SELECT e.run, 'payment verified was heard, and the deposit does not say moved'
		FROM event e WHERE e.step = 'payment verified' AND e.kind = 'heard'
			AND NOT EXISTS (SELECT 1 FROM txn t WHERE t.run = e.run AND t.kind = 'deposit' AND t.money = 'moved')`, nil},

	{2, "an authorization has ended when its run is over", `
		SELECT t.run, 'transaction ' || t.id || ' is still authorized'
		FROM txn t JOIN run r ON r.id = t.run WHERE t.kind = 'deposit' AND t.told = 'authorized' AND r.status IN ` + over, nil},
	// Over the picture too, because the books keep only the last word and would not show that both were said.
	{2, "an accepted authorize ends in exactly one of transfer and cancel", `
		SELECT e.run, 'authorize was accepted, and ' || (SELECT COUNT(*) FROM event x WHERE x.run = e.run
			AND (x.step = 'transfer' AND x.kind = 'said' OR x.step = 'cancel' AND x.kind = 'undone')) || ' of transfer and cancel followed'
		FROM event e JOIN run r ON r.id = e.run
		WHERE e.step = 'authorize' AND e.kind = 'said' AND r.status IN ` + over + ` AND (SELECT COUNT(*) FROM event x WHERE x.run = e.run
			AND (x.step = 'transfer' AND x.kind = 'said' OR x.step = 'cancel' AND x.kind = 'undone')) <> 1`, nil},
	{2, "transfer and cancel were not both said", `
		SELECT DISTINCT e.run, 'both transfer and cancel were heard'
		FROM event e JOIN event x ON x.run = e.run
		WHERE e.step = 'transfer' AND e.kind = 'said' AND x.step = 'cancel' AND x.kind = 'undone'`, nil},

	{3, "nothing was cancelled after its money moved", `
		SELECT DISTINCT e.run, 'cancel was said after payment verified'
		FROM event e JOIN event x ON x.run = e.run AND x.seq > e.seq
		WHERE e.step = 'payment verified' AND e.kind = 'heard' AND x.step = 'cancel' AND x.kind = 'undone'`, nil},
	{3, "no transaction is both moved and cancelled", `
		SELECT run, 'transaction ' || id || ' moved and was cancelled' FROM txn WHERE money = 'moved' AND told = 'cancelled'`, nil},
	// Unknown counts as said: the provider may have been told to go on.
	{3, "no payment was begun after the operator had refused", `
		SELECT DISTINCT p.run, 'process payment was said after ' || no.step || ' was refused'
		FROM event p JOIN event no ON no.run = p.run AND no.seq < p.seq
		WHERE p.step = 'process payment' AND p.kind IN ('said', 'unknown') AND no.step IN ('signin', 'authorize') AND no.kind = 'refused'`, nil},

	{4, "a run has at most one deposit", `
		SELECT run, COUNT(*) || ' deposits' FROM txn WHERE kind = 'deposit' GROUP BY run HAVING COUNT(*) > 1`, nil},
	{4, "a run's money was verified at most once", `
		SELECT run, 'payment verified was heard ' || COUNT(*) || ' times'
		FROM event WHERE step = 'payment verified' AND kind = 'heard' GROUP BY run HAVING COUNT(*) > 1`, nil},
	{4, "a run went through process payment at most once", `
		SELECT run, 'process payment was passed ' || COUNT(*) || ' times'
		FROM event WHERE step = 'process payment' AND kind IN ('said', 'unknown') GROUP BY run HAVING COUNT(*) > 1`, nil},

	// What a run remembers is JSON, in which no two databases look alike: so Go reads it.
	{5, "the amount is the one asked for, or the one that the provider reported", `
		SELECT t.run, r.data, t.minor, t.currency, COALESCE(a.note, ''), COALESCE(p.note, '')
		FROM txn t JOIN run r ON r.id = t.run
			LEFT JOIN event a ON a.run = t.run AND a.step = 'authorize' AND a.kind = 'said'
			LEFT JOIN event p ON p.run = t.run AND p.step = 'payment verified' AND p.kind = 'heard'
		WHERE t.kind = 'deposit'`, sameAmount},
	{5, "the operator was told the amount that is in the books", `
		SELECT t.run, t.minor, t.currency, e.note
		FROM txn t JOIN event e ON e.run = t.run AND e.step = 'transfer' AND e.kind = 'said'
		WHERE t.kind IN ('deposit', 'adjustment')`, sameTransfer},

	{6, "only a run that is done has a code", `
		SELECT c.run, 'there is a code, and the run is ' || COALESCE(r.status, 'not there')
		FROM code c LEFT JOIN run r ON r.id = c.run WHERE r.status IS NULL OR r.status <> 'done'`, nil},
	{6, "a run gave at most one token", `
		SELECT run, COUNT(*) || ' tokens' FROM token GROUP BY run HAVING COUNT(*) > 1`, nil},
	{6, "a token was given for a code that is spent, to the client whose code it was", `
		SELECT k.run, 'token ' || k.id || CASE WHEN c.run IS NULL THEN ' came of no code' WHEN c.spent = 0 THEN ' was given, and the code is not spent'
			ELSE ' is for ' || k.client || ', and the code was for ' || c.client END
		FROM token k LEFT JOIN code c ON c.run = k.run WHERE c.run IS NULL OR c.spent = 0 OR c.client <> k.client`, nil},

	// A question that is not taken is found under 20.
	{7, "whoever asked has been answered when the run is over", `
		SELECT m.run, m.source || ' asked ' || m.step || ' and has no answer'
		FROM inbox m JOIN run r ON r.id = m.run WHERE m.asks = 1 AND m.taken = 1 AND m.answer = '' AND r.status IN ` + over, nil},
	{7, "the provider was told to go on after signin, or after it was clear that none is asked", `
		SELECT p.run, 'process payment was said before signin'
		FROM event p WHERE p.step = 'process payment' AND p.kind IN ('said', 'unknown')
			AND NOT EXISTS (SELECT 1 FROM event s WHERE s.run = p.run AND s.step = 'signin' AND s.kind IN ('said', 'skipped') AND s.seq < p.seq)`, nil},
	{7, "the provider was told to go on after authorize", `
		SELECT p.run, 'process payment was said before authorize'
		FROM event p WHERE p.step = 'process payment' AND p.kind IN ('said', 'unknown')
			AND NOT EXISTS (SELECT 1 FROM event s WHERE s.run = p.run AND s.step = 'authorize' AND s.kind = 'said' AND s.seq < p.seq)`, nil},

	// An adjustment's key is the deposit's run, a UUID of 36 characters, a slash, and the provider's id of what it said. One is
	// begun by each reversal, and by money that came after the run was refused; the latter is drawn late, with its amount.
	{8, "each reversal and each late payment began one adjustment", `
		SELECT run, 'heard of ' || SUM(told) || ' movements after the deposit, and began ' || SUM(begun) || ' adjustments'
		FROM (SELECT run, 1 AS told, 0 AS begun FROM event
				WHERE step = 'payment reversed' AND kind IN ('heard', 'late') OR step = 'payment verified' AND kind = 'late' AND note <> ''
			UNION ALL SELECT SUBSTR(start_key, 1, 36), 0, 1 FROM run WHERE flow = 'adjustment') AS moved
		GROUP BY run HAVING SUM(told) <> SUM(begun)`, nil},
	{8, "an adjustment's origin is the deposit that it adjusts", `
		SELECT t.run, 'transaction ' || t.id || ' has the origin ' || t.origin || ', which is no deposit of ' || SUBSTR(r.start_key, 1, 36)
		FROM txn t JOIN run r ON r.id = t.run
		WHERE t.kind = 'adjustment' AND NOT EXISTS (SELECT 1 FROM txn o WHERE o.id = t.origin AND o.kind = 'deposit'
			AND o.merchant = t.merchant AND o.run = SUBSTR(r.start_key, 1, 36))`, nil},
	{8, "an adjustment that is over is in the books", `
		SELECT r.id, 'it is done, and has no transaction'
		FROM run r WHERE r.flow = 'adjustment' AND r.status = 'done' AND NOT EXISTS (SELECT 1 FROM txn t WHERE t.run = r.id)`, nil},

	// The key is there only when the list is not empty; the quotes keep it apart from any text, in which they would be escaped.
	{10, "nothing is left to be taken back when a refused run is over", `
		SELECT id, 'it is over, with something left to be taken back' FROM run WHERE status = 'refused' AND place LIKE '%"undos":[%'`, nil},
	{10, "what is being taken back is known", `
		SELECT id, 'it is undoing, with nothing to take back' FROM run WHERE status = 'undoing' AND place NOT LIKE '%"undos":[%'`, nil},
	{10, "a refusal is kept exactly where a run was refused", `
		SELECT id, 'it is ' || status || CASE refusal WHEN '' THEN ', with no refusal' ELSE ', with a refusal' END
		FROM run WHERE (status IN ('undoing', 'refused')) <> (refusal <> '')`, nil},

	{20, "whatever must be taken back is due", `
		SELECT r.id, 'it is undoing, and nobody will' FROM run r
		WHERE r.status = 'undoing' AND NOT EXISTS (SELECT 1 FROM job j WHERE j.run = r.id)`, nil},
	// A message is left for a moment while somebody is at the run, and for longer when the process died in it: then the next start
	// makes a job of it. So one is lost only when everything else went on for more than a minute.
	{20, "no message was left at a run that is over", `
		SELECT m.run, m.step || ' of ' || m.source || ' was never taken'
		FROM inbox m JOIN run r ON r.id = m.run
		WHERE m.taken = 0 AND r.status IN ` + over + ` AND m.at < (SELECT MAX(at) FROM event) - 60000
			AND NOT EXISTS (SELECT 1 FROM job j WHERE j.run = m.run)`, nil},

	// What waits has a time at which it asks or gives up; after the last time it asks for a person instead.
	// A journey of goal savings waits for people and their banks, who come when they come, and need not be woken by anything else.
	{21, "whatever is open is due, or a person was asked to look", `
		SELECT r.id, 'it stands before row ' || r.step || ', and nothing will wake it' FROM run r
		WHERE r.status = 'open' AND r.attention = '' AND r.flow IN ('sign-in', 'sign-up-and-deposit', 'adjustment')
			AND NOT EXISTS (SELECT 1 FROM job j WHERE j.run = r.id)`, nil},
	{21, "everything belongs to a run", `
		SELECT run, 'there is no such run, but there is ' || what FROM (
			SELECT DISTINCT run, 'an event' AS what FROM event UNION ALL SELECT run, 'a job' FROM job UNION ALL
			SELECT DISTINCT run, 'a message' FROM inbox UNION ALL SELECT run, 'a transaction' FROM txn) AS kept
		WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.id = kept.run)`, nil},

	{23, "events are numbered from 1 without a gap", `
		SELECT r.id, 'it counts ' || r.seq || ' events; ' || COUNT(e.seq) || ' are there, from ' || COALESCE(MIN(e.seq), 0) || ' to ' || COALESCE(MAX(e.seq), 0)
		FROM run r LEFT JOIN event e ON e.run = r.id GROUP BY r.id, r.seq
		HAVING COUNT(e.seq) <> r.seq OR COALESCE(MAX(e.seq), 0) <> r.seq OR r.seq < 1`, nil},
	{23, "the picture tells the truth", "", nil},
}

// sameAmount judges a deposit: what its run remembers and what the books say are about the same money, and where the provider
// took another amount than the operator was asked about, the picture says so.
func sameAmount(v []string) string {
	data, minor, currency, asked, verified := v[1], v[2], v[3], v[4], v[5]
	var s struct {
		Request struct {
			Amount *parley.Money `json:"amount"`
		} `json:"request"`
		Paid *parley.Money `json:"paid"`
	}
	if err := json.Unmarshal([]byte(data), &s); err != nil || s.Request.Amount == nil {
		return "there is a deposit, and what the run remembers has no amount"
	}
	want := s.Request.Amount
	if s.Paid != nil {
		want = s.Paid
	}
	booked := money(minor, currency)
	switch {
	case booked != want.String():
		return fmt.Sprintf("the books say %s, and the run %s", booked, want)
	case asked != "" && asked != s.Request.Amount.String() && !strings.HasPrefix(asked, s.Request.Amount.String()+", at most "):
		return fmt.Sprintf("the operator was asked about %q, and the person about %s", asked, s.Request.Amount)
	case s.Paid != nil && *s.Paid != *s.Request.Amount && !strings.HasSuffix(verified, " of "+s.Request.Amount.String()):
		return fmt.Sprintf("%s was asked for, %s paid, and the provider did not report that", s.Request.Amount, s.Paid)
	}
	return ""
}

func sameTransfer(v []string) string {
	if booked := money(v[1], v[2]); booked != v[3] {
		return fmt.Sprintf("the books say %s, and transfer said %s", booked, v[3])
	}
	return ""
}

func money(minor, currency string) string {
	var n int64
	fmt.Sscan(minor, &n)
	return parley.Money{Minor: n, Currency: parley.Currency(currency)}.String()
}

// Verify asks a database whether what must always hold does, all at the same moment; nothing found means that it does. It only
// reads, so the database may be in use. Given the flows' tables, it also checks each run's picture against its table.
func Verify(ctx context.Context, db *sql.DB, tables ...*engine.Table) ([]Finding, error) {
	t, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer t.Rollback()
	var found []Finding
	for _, inv := range Invariants() {
		offends := func(run, detail string) {
			found = append(found, Finding{inv.Number, inv.Title, run, detail})
		}
		if inv.SQL == "" {
			err = truths(ctx, t, tables, offends)
		} else {
			err = inv.ask(ctx, t, offends)
		}
		if err != nil {
			return nil, fmt.Errorf("ask whether %s: %w", inv.Title, err)
		}
	}
	return found, nil
}

func (inv Invariant) ask(ctx context.Context, t *sql.Tx, offends func(run, detail string)) error {
	rows, err := t.QueryContext(ctx, inv.SQL)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]string, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if inv.look == nil {
			offends(values[0], values[1])
		} else if detail := inv.look(values); detail != "" {
			offends(values[0], detail)
		}
	}
	return rows.Err()
}

// truths checks pictures. Runs of a table that was not given are passed over.
func truths(ctx context.Context, t *sql.Tx, tables []*engine.Table, offends func(run, detail string)) error {
	if len(tables) == 0 {
		return nil
	}
	type which struct {
		flow    string
		version int
	}
	known := map[which]*engine.Table{}
	for _, table := range tables {
		known[which{table.Name, table.Version}] = table
	}
	// In pages, so that neither all runs are held at once nor two queries are open on one connection.
	const page = 500
	for after := ""; ; {
		runs, err := gatherRows(ctx, t, func(row scanner) (engine.Run, error) { return scanRun(row) },
			`SELECT `+runColumns+` FROM run r WHERE r.id > $1 ORDER BY r.id LIMIT $2`, after, page)
		if err != nil {
			return err
		}
		for _, r := range runs {
			table := known[which{r.Flow, r.Table}]
			if after = r.ID; table == nil {
				continue
			}
			events, err := gatherRows(ctx, t, func(row scanner) (engine.Event, error) {
				e := engine.Event{Run: r.ID}
				return e, row.Scan(&e.Seq, &e.Step, &e.Kind, &e.Attempt)
			}, `SELECT seq, step, kind, attempt FROM event WHERE run = $1 ORDER BY seq`, r.ID)
			if err != nil {
				return err
			}
			if err := engine.Truth(table, r, events); err != nil {
				offends(r.ID, err.Error())
			}
		}
		if len(runs) < page {
			return nil
		}
	}
}

// gatherRows is all, inside a transaction.
func gatherRows[T any](ctx context.Context, t *sql.Tx, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := t.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// OpenReadOnly opens the database in a folder for reading, whether or not a process has it in use, and changes nothing. The
// database must be there, and be at the version of this program. Apply fails.
func OpenReadOnly(ctx context.Context, folder string) (*Store, error) {
	file := filepath.Join(folder, "parley.db")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no database in %s", folder)
	} else if err != nil {
		return nil, err
	}
	// Not mode=ro: the first to open a database in WAL mode must be able to make the file in which readers and writer meet.
	db, err := sql.Open("sqlite", dsn(file, url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"}}))
	if err != nil {
		return nil, err
	}
	var at int
	if err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&at); err != nil {
		err = fmt.Errorf("read the version of %s: %w", file, err)
	} else if at != SchemaVersion() {
		err = fmt.Errorf("the database is at version %d, and this program needs %d", at, SchemaVersion())
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	shut := make(chan struct{})
	close(shut)
	return &Store{read: &reader{DB: db}, write: &writer{quit: shut, gone: shut}, close: sync.OnceValue(db.Close)}, nil
}
