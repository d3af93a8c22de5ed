package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/oauth"
	"parley/store"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv("PARLEY_STORE_WRITE_UNTIL_KILLED"); folder != "" {
		writeUntilKilled(folder)
	}
	goleak.VerifyTestMain(m)
}

var at = time.Date(2026, 3, 1, 12, 0, 0, 7e6, time.UTC)

func open(t testing.TB, folder string) *store.Store {
	t.Helper()
	s, err := store.OpenSQLite(context.Background(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLite(t *testing.T) {
	testStore(t, func(t *testing.T) *store.Store { return open(t, t.TempDir()) })
}

func write(t testing.TB, s *store.Store, batch ...engine.Write) {
	t.Helper()
	if err := s.Apply(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
}

// conflict expects the batch to be a conflict over a table.
func conflict(t testing.TB, s *store.Store, table string, batch ...engine.Write) {
	t.Helper()
	err := s.Apply(context.Background(), batch)
	if e, ok := errors.AsType[*parley.Error](err); !ok || e.Kind != parley.KindConflict || e.Field != table {
		t.Errorf("%T: %v, want a conflict over %s", batch[len(batch)-1], err, table)
	}
}

func same(t testing.TB, got, want any, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	} else if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func missing(t testing.TB, err error) {
	t.Helper()
	if parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("%v, want not found", err)
	}
}

func aRun(id string) engine.Run {
	return engine.Run{ID: id, Flow: "f", Table: 2, Status: engine.StatusOpen, Version: 1, Step: 3, Data: json.RawMessage(`{"a":1}`), Begun: at, Changed: at}
}

func inbound(source, id, run string) engine.Inbound {
	return engine.Inbound{Source: source, ID: id, Run: run, Step: "s", Fingerprint: "f", Body: json.RawMessage(`{"b":2}`), At: at}
}

// testStore is what every database must do.
func testStore(t *testing.T, open func(t *testing.T) *store.Store) {
	ctx := context.Background()

	t.Run("a run comes back as it was written", func(t *testing.T) {
		s := open(t)
		r := aRun("r")
		r.StartKey, r.Maybe, r.Closed, r.Undos, r.Seq = "k", true, true, []int{1, 2}, 9
		r.Questions = []engine.Question{{Source: "a", ID: "b", Step: 4}}
		r.Refusal, r.Attention = &parley.Refusal{By: "Op", Status: parley.StatusExpired, Code: "c", Message: "'\"\x00é"}, "look"
		write(t, s, engine.PutRun{Run: r})
		got, job, err := s.Run(ctx, "r")
		same(t, got, r, err)
		same(t, job, engine.Job{}, nil)
		got, err = s.RunByStartKey(ctx, "f", "k")
		same(t, got, r, err)
		_, err = s.RunByStartKey(ctx, "f", "")
		missing(t, err)
		_, err = s.RunByStartKey(ctx, "g", "k")
		missing(t, err)
		_, _, err = s.Run(ctx, "none")
		missing(t, err)

		j := engine.Job{Run: "r", Due: at, Attempt: 3, Since: at.Add(-time.Hour), Owner: "o", Epoch: 5, Lease: at.Add(time.Minute)}
		r2 := r
		r2.Version, r2.Refusal, r2.Questions, r2.Undos, r2.Status = 2, nil, nil, nil, engine.StatusDone
		write(t, s, engine.PutRun{Run: r2, Was: 1}, engine.PutJob{Job: j})
		got, job, err = s.Run(ctx, "r")
		same(t, got, r2, err)
		same(t, job, j, err)
		write(t, s, engine.EndJob{Run: "r"})
		_, job, err = s.Run(ctx, "r")
		same(t, job, engine.Job{}, err)
	})

	t.Run("a guard that fails leaves nothing written", func(t *testing.T) {
		s := open(t)
		r := aRun("r")
		r.StartKey = "k"
		write(t, s, engine.PutRun{Run: r}, engine.AddInbound{Inbound: inbound("s", "1", "r")})
		twin := aRun("twin")
		twin.StartKey = "k"
		next := r
		next.Version = 2
		for table, last := range map[string]engine.Write{
			"run":         engine.PutRun{Run: twin},
			"inbox":       engine.AddInbound{Inbound: inbound("s", "1", "other")},
			"code":        oauth.SpendCode{Hash: "none", Now: at},
			"token":       oauth.AddToken{Token: oauth.Token{ID: "once"}},
			"signing_key": oauth.AddKey{Key: oauth.SigningKey{ID: "once"}},
			"lookup":      oauth.AddLookup{Lookup: oauth.Lookup{Token: "once"}},
		} {
			if table == "token" || table == "signing_key" || table == "lookup" {
				write(t, s, last)
			}
			conflict(t, s, table, engine.PutRun{Run: next, Was: 1}, engine.AddEvent{Event: engine.Event{Run: "r", Seq: 1, At: at}},
				engine.PutJob{Job: engine.Job{Run: "r", Due: at}}, engine.AddInbound{Inbound: inbound("s", "2", "r")}, engine.AddAttempt{Attempt: engine.Attempt{Run: "r"}}, last)
		}
		conflict(t, s, "run", engine.PutRun{Run: next, Was: 7})
		conflict(t, s, "run", engine.PutRun{Run: r})
		conflict(t, s, "inbox", engine.TakeInbound{Source: "s", ID: "none"})
		got, job, err := s.Run(ctx, "r")
		same(t, got, r, err)
		same(t, job, engine.Job{}, err)
		events, err := s.Events(ctx, "r")
		same(t, len(events), 0, err)
		attempts, err := s.Attempts(ctx, "r")
		same(t, len(attempts), 0, err)
		_, ok, err := s.Inbound(ctx, "s", "2")
		same(t, ok, false, err)
		if err := s.Apply(ctx, []engine.Write{engine.PutRun{Run: next, Was: 1}, strange{}}); err == nil {
			t.Error("a write to a table that there is not")
		}
		got, _, err = s.Run(ctx, "r")
		same(t, got.Version, int64(1), err)
	})

	t.Run("runs are listed the latest first", func(t *testing.T) {
		s := open(t)
		for _, id := range []string{"b", "a", "c"} {
			write(t, s, engine.PutRun{Run: aRun(id)})
		}
		first, err := s.Runs(ctx, "", 2)
		same(t, []engine.Run{aRun("c"), aRun("b")}, first, err)
		rest, err := s.Runs(ctx, "b", 2)
		same(t, []engine.Run{aRun("a")}, rest, err)
	})

	t.Run("events and attempts come back in order", func(t *testing.T) {
		s := open(t)
		e := []engine.Event{{Run: "r", Seq: 1, At: at, Step: "a", Kind: engine.EventSaid, Attempt: 2, Took: 3 * time.Millisecond, Note: "n",
			Exchange: &parley.Exchange{Request: json.RawMessage(`{"a":"[redacted]"}`), Answer: json.RawMessage(`null`), Status: 200}}, {Run: "r", Seq: 2, At: at, Step: "b", Kind: engine.EventHeard}}
		a := []engine.Attempt{{Run: "r", Step: "a", Number: 1, At: at, Outcome: "unheard", Took: time.Second, Why: "w"}, {Run: "r", Step: "a", Number: 2, At: at.Add(time.Second)}}
		write(t, s, engine.AddEvent{Event: e[1]}, engine.AddEvent{Event: e[0]}, engine.AddAttempt{Attempt: a[1]}, engine.AddAttempt{Attempt: a[0]})
		events, err := s.Events(ctx, "r")
		same(t, events, e, err)
		attempts, err := s.Attempts(ctx, "r")
		same(t, attempts, a, err)
	})

	t.Run("a message is taken once and answered once", func(t *testing.T) {
		s := open(t)
		m := inbound("s", "1", "r")
		m.Asks = true
		older := inbound("s", "0", "r")
		older.At = at.Add(-time.Second)
		write(t, s, engine.AddInbound{Inbound: m}, engine.AddInbound{Inbound: older}, engine.AddInbound{Inbound: inbound("other", "1", "q")})
		pending, err := s.Pending(ctx, "r")
		same(t, pending, []engine.Inbound{older, m}, err)
		write(t, s, engine.TakeInbound{Source: "s", ID: "1"}, engine.AnswerInbound{Source: "s", ID: "1", Answer: json.RawMessage(`null`)})
		conflict(t, s, "inbox", engine.TakeInbound{Source: "s", ID: "1"})
		conflict(t, s, "inbox", engine.AnswerInbound{Source: "s", ID: "1", Answer: json.RawMessage(`2`)})
		m.Taken, m.Answer = true, json.RawMessage(`null`)
		got, ok, err := s.Inbound(ctx, "s", "1")
		same(t, got, m, err)
		same(t, ok, true, err)
		pending, err = s.Pending(ctx, "r")
		same(t, pending, []engine.Inbound{older}, err)
	})

	t.Run("jobs are claimed in order by one owner each and again when the lease is over", func(t *testing.T) {
		s := open(t)
		for i := range 40 {
			write(t, s, engine.PutJob{Job: engine.Job{Run: fmt.Sprintf("%02d", (i*7)%40), Due: at.Add(time.Duration(-((i * 7) % 40)) * time.Second), Attempt: 1}})
		}
		write(t, s, engine.PutJob{Job: engine.Job{Run: "later", Due: at.Add(time.Second)}})
		due, ok, err := s.NextDue(ctx)
		same(t, due, at.Add(-39*time.Second), err)
		same(t, ok, true, err)
		first, err := s.Claim(ctx, "x", at, at.Add(time.Minute), 3)
		same(t, runs(first), []string{"39", "38", "37"}, err)
		same(t, first[0], engine.Job{Run: "39", Due: at.Add(-39 * time.Second), Attempt: 1, Owner: "x", Epoch: 1, Lease: at.Add(time.Minute)}, err)
		var mu sync.Mutex
		owner := map[string]int{}
		var all sync.WaitGroup
		for o := range 8 {
			all.Go(func() {
				for {
					jobs, err := s.Claim(ctx, fmt.Sprint(o), at, at.Add(time.Minute), 2)
					if err != nil {
						t.Error(err)
					}
					if len(jobs) == 0 {
						return
					}
					mu.Lock()
					for _, j := range jobs {
						owner[j.Run]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for run, n := range owner {
			if n != 1 {
				t.Errorf("%s was claimed %d times", run, n)
			}
		}
		same(t, len(owner), 37, nil)
		due, _, err = s.NextDue(ctx)
		same(t, due, at.Add(time.Second), err)
		// A job that is taken from its owner counts the try that may have been under way, and says so.
		again, err := s.Claim(ctx, "y", at.Add(time.Minute+time.Millisecond), at.Add(time.Hour), 100)
		same(t, len(again), 41, err)
		slices.SortFunc(again, func(a, b engine.Job) int { return strings.Compare(a.Run, b.Run) })
		same(t, again[39].Attempt, 2, err)
		same(t, again[39].Died, true, err)
		same(t, again[39].Epoch, int64(2), err)
		same(t, again[40].Attempt, 0, err) // "later" was nobody's
		same(t, again[40].Died, false, err)
		if err := s.ReleaseAll(ctx); err != nil {
			t.Fatal(err)
		}
		free, err := s.Claim(ctx, "z", at.Add(time.Minute), at.Add(time.Hour), 100)
		same(t, len(free), 41, err)
		for _, j := range free {
			if !j.Died || j.Run == "39" && j.Attempt != 3 || j.Run == "later" && j.Attempt != 1 {
				t.Errorf("after a second death: %+v", j)
			}
		}
	})

	t.Run("after a death every run that has mail is looked at", func(t *testing.T) {
		s := open(t)
		taken := inbound("s", "3", "heard")
		taken.Taken = true
		write(t, s, engine.AddInbound{Inbound: inbound("s", "1", "waits")}, engine.AddInbound{Inbound: inbound("s", "2", "asks")}, engine.AddInbound{Inbound: taken},
			engine.PutJob{Job: engine.Job{Run: "asks", Due: at.Add(time.Hour), Attempt: 2, Since: at}}, engine.PutJob{Job: engine.Job{Run: "no mail", Due: at.Add(time.Hour)}})
		if err := s.ReleaseAll(ctx); err != nil {
			t.Fatal(err)
		}
		jobs, err := s.Claim(ctx, "x", at, at.Add(time.Minute), 9)
		slices.SortFunc(jobs, func(a, b engine.Job) int { return strings.Compare(a.Run, b.Run) })
		same(t, runs(jobs), []string{"asks", "waits"}, err)
		same(t, jobs[0].Attempt, 2, nil)
	})

	t.Run("a code is spent exactly once", func(t *testing.T) {
		s := open(t)
		c := oauth.Code{Run: "r", Hash: "h1", Number: 1, Client: "c", Expires: at.Add(time.Minute)}
		write(t, s, oauth.PutCode{Code: c})
		conflict(t, s, "code", oauth.PutCode{Code: c}) // not the next number
		c.Hash, c.Number = "h2", 2
		write(t, s, oauth.PutCode{Code: c})
		got, err := s.CodeOf(ctx, "r")
		same(t, got, c, err)
		_, err = s.Code(ctx, "h1")
		missing(t, err)
		conflict(t, s, "code", oauth.SpendCode{Hash: "h1", Now: at})
		conflict(t, s, "code", oauth.SpendCode{Hash: "h2", Now: at.Add(time.Minute)}) // too late
		var won atomic.Int32
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				err := s.Apply(ctx, []engine.Write{oauth.SpendCode{Hash: "h2", Now: at}})
				if err == nil {
					won.Add(1)
				} else if parley.KindOf(err) != parley.KindConflict {
					t.Error(err)
				}
			})
		}
		all.Wait()
		same(t, won.Load(), int32(1), nil)
		c.Spent = at
		got, err = s.Code(ctx, "h2")
		same(t, got, c, err)
		c.Hash, c.Number = "h3", 3
		conflict(t, s, "code", oauth.PutCode{Code: c}) // what was spent is not replaced
	})

	t.Run("tokens keys and lookups come back as they were written", func(t *testing.T) {
		s := open(t)
		k := oauth.Token{ID: "j", Run: "r", Client: "c", Merchant: 7, Issued: at, Expires: at.Add(time.Hour)}
		write(t, s, oauth.AddToken{Token: k}, oauth.RevokeTokens{Run: "other", Now: at})
		got, err := s.Token(ctx, "j")
		same(t, got, k, err)
		write(t, s, oauth.RevokeTokens{Run: "r", Now: at})
		write(t, s, oauth.RevokeTokens{Run: "r", Now: at.Add(time.Hour)}) // the first time stands
		k.Revoked = at
		got, err = s.Token(ctx, "j")
		same(t, got, k, err)

		old, young := oauth.SigningKey{ID: "1", Sealed: "x", Made: at, Retires: at.Add(time.Hour)}, oauth.SigningKey{ID: "2", Sealed: "y", Made: at.Add(time.Minute)}
		write(t, s, oauth.AddKey{Key: old}, oauth.AddKey{Key: young})
		keys, err := s.SigningKeys(ctx)
		same(t, keys, []oauth.SigningKey{young, old}, err)

		l := oauth.Lookup{Token: "j", Merchant: 7, Person: "p", Source: "s", Asked: at}
		write(t, s, oauth.AddLookup{Lookup: l})
		_, err = s.LookupOf(ctx, 7, "p", at)
		missing(t, err) // not answered yet
		conflict(t, s, "lookup", oauth.AddLookup{Lookup: l})
		write(t, s, oauth.EndLookup{Token: "j"}) // it was never heard, so it can be asked again at once
		write(t, s, oauth.AddLookup{Lookup: l})
		write(t, s, oauth.EndLookup{Token: "j", Billed: 5}) // the answer was lost, and may have cost
		conflict(t, s, "lookup", oauth.AddLookup{Lookup: l})
		l.Asked = at.Add(30 * time.Second)
		write(t, s, oauth.AddLookup{Lookup: l}, oauth.EndLookup{Token: "j", Found: true, Billed: 7})
		conflict(t, s, "lookup", oauth.AddLookup{Lookup: oauth.Lookup{Token: "j", Asked: at.Add(time.Hour)}})
		l.Done, l.Billed = true, 12
		lookup, err := s.LookupOf(ctx, 7, "p", at)
		same(t, lookup, l, err)
		_, err = s.LookupOf(ctx, 7, "p", l.Asked.Add(time.Millisecond))
		missing(t, err)
		bills, err := s.Bills(ctx, at)
		same(t, bills, []store.Bill{{Merchant: 7, Source: "s", Questions: 1, Minor: 12}}, err)
	})

	t.Run("a transaction is written whole", func(t *testing.T) {
		s := open(t)
		x := parley.Transaction{ID: 5, Run: "r", Origin: 4, Merchant: 7, Kind: parley.DepositTransaction, Status: parley.StatusRegistered, Made: at, Changed: at}
		x.Amount.Minor, x.Amount.Currency = -1234, "SEK"
		write(t, s, x)
		x.Status, x.Money, x.Told, x.Amount.Minor, x.Changed = parley.StatusSuccess, parley.Moved, parley.Transferred, 99, at.Add(time.Second)
		write(t, s, x)
		got, err := s.RunTransactions(ctx, "r")
		same(t, got, []parley.Transaction{x}, err)
	})

	t.Run("numbers are given once", func(t *testing.T) {
		s := open(t)
		var mu sync.Mutex
		seen := map[int64]bool{}
		var all sync.WaitGroup
		for g := range 32 {
			all.Go(func() {
				n := g%3 + 1
				first, err := s.Numbers(ctx, "tx", n)
				mu.Lock()
				defer mu.Unlock()
				for i := first; i < first+int64(n); i++ {
					if seen[i] || err != nil || i < 1000000 {
						t.Errorf("number %d: %v", i, err)
					}
					seen[i] = true
				}
			})
		}
		all.Wait()
		other, err := s.Numbers(ctx, "other", 1)
		same(t, other, int64(1000000), err)
	})

	t.Run("one that fails among many that are committed together fails alone", func(t *testing.T) {
		s := open(t)
		write(t, s, engine.PutRun{Run: aRun("there")})
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				id := fmt.Sprint("r", i)
				batch := []engine.Write{engine.PutRun{Run: aRun(id)}, engine.AddEvent{Event: engine.Event{Run: id, Seq: 1, At: at}}}
				if i == 77 {
					batch = append(batch, engine.PutRun{Run: aRun("there")})
				}
				if err := s.Apply(ctx, batch); (err != nil) != (i == 77) {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		all.Wait()
		got, err := s.Runs(ctx, "", 1000)
		same(t, len(got), 200, err)
		events, err := s.Events(ctx, "r77")
		same(t, len(events), 0, err)
		transactions, commits := s.Commits()
		if transactions != 200 || commits > transactions+1 {
			t.Errorf("%d transactions in %d commits", transactions, commits)
		}
	})

	t.Run("a write that was handed over is not taken back", func(t *testing.T) {
		s := open(t)
		for i := range 100 {
			id := fmt.Sprint("r", i)
			gone, cancel := context.WithCancel(ctx)
			var both sync.WaitGroup
			both.Go(cancel)
			err := s.Apply(gone, []engine.Write{engine.PutRun{Run: aRun(id)}})
			both.Wait()
			_, _, rerr := s.Run(ctx, id)
			if (err == nil) != (rerr == nil) || err != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("write: %v, read: %v", err, rerr)
			}
		}
	})

	t.Run("what is closed says so", func(t *testing.T) {
		s := open(t)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		if err := s.Apply(ctx, []engine.Write{engine.PutRun{Run: aRun("r")}}); err == nil {
			t.Error("written after the end")
		}
	})
}

type strange struct{}

func (strange) Table() string { return "strange" }

func runs(jobs []engine.Job) []string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.Run)
	}
	return out
}

func TestFolderBelongsToOneProcessAtATime(t *testing.T) {
	ctx, folder := context.Background(), t.TempDir()
	s := open(t, folder)
	write(t, s, engine.PutRun{Run: aRun("r")})
	before, err := s.Numbers(ctx, "tx", 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenSQLite(ctx, folder); err == nil {
		t.Fatal("opened twice")
	}
	write(t, s, engine.PutRun{Run: aRun("q")}) // the attempt did not disturb
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, folder) // its tables are up to date already
	got, _, err := s.Run(ctx, "r")
	same(t, got, aRun("r"), err)
	after, err := s.Numbers(ctx, "tx", 1)
	same(t, after, before+3, err)
}

func TestFolderMayHaveAnyName(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a b%41?mode=memory&x=#1", "å")
	s := open(t, folder)
	write(t, s, engine.PutRun{Run: aRun("r")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, "parley.db")); err != nil {
		t.Error(err)
	}
	_, _, err := open(t, folder).Run(context.Background(), "r")
	if err != nil {
		t.Error(err)
	}
}

func TestDatabaseOfANewerProgramIsRefused(t *testing.T) {
	folder := t.TempDir()
	if err := open(t, folder).Close(); err != nil {
		t.Fatal(err)
	}
	version := func(query string) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(folder, "parley.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(query, store.SchemaVersion()+1); err != nil {
			t.Fatal(err)
		}
	}
	version(`INSERT INTO schema_version (version) VALUES ($1)`)
	if _, err := store.OpenSQLite(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "knows only up to") {
		t.Fatalf("%v", err)
	}
	version(`DELETE FROM schema_version WHERE version = $1`)
	open(t, folder) // and it did not keep the lock
}

func TestDatabaseOfTheFirstProgramIsBroughtUpToDate(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	old := engine.Event{Run: "r", Seq: 1, At: at, Step: "a", Kind: engine.EventStarted}
	write(t, s, engine.AddEvent{Event: old})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(folder, "parley.db"))
	if err != nil {
		t.Fatal(err)
	}
	backwards := []string{`ALTER TABLE event DROP COLUMN exchange`, `DELETE FROM schema_version WHERE version > 1`}
	rows, err := db.Query(`SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'savings_%'`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		backwards = append(backwards, `DROP TABLE `+name)
	}
	rows.Close()
	for _, back := range backwards {
		if _, err := db.Exec(back); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, folder)
	said := engine.Event{Run: "r", Seq: 2, At: at, Step: "b", Kind: engine.EventSaid, Exchange: &parley.Exchange{Status: 200}}
	write(t, s, engine.AddEvent{Event: said})
	events, err := s.Events(t.Context(), "r")
	same(t, events, []engine.Event{old, said}, err)
}

func TestReaderCannotWrite(t *testing.T) {
	if _, err := open(t, t.TempDir()).DB().Exec(`DELETE FROM run`); err == nil {
		t.Error("it can")
	}
}

// writeUntilKilled is the child of TestWhatWasAcknowledgedSurvivesAKill: it says on standard output what Apply acknowledged.
func writeUntilKilled(folder string) {
	s, err := store.OpenSQLite(context.Background(), folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	first, err := s.Numbers(context.Background(), "run", 100000)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var next atomic.Int64
	next.Store(first)
	for range 8 {
		go func() {
			for {
				n := next.Add(1)
				id := fmt.Sprint(n)
				if err := s.Apply(context.Background(), []engine.Write{engine.PutRun{Run: aRun(id)}, engine.AddEvent{Event: engine.Event{Run: id, Seq: 1, At: at}}}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				os.Stdout.WriteString(id + "\n")
			}
		}()
	}
	select {}
}

func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	folder := t.TempDir()
	said := map[string]bool{}
	for range 3 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "PARLEY_STORE_WRITE_UNTIL_KILLED="+folder)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		end := 20 + rand.IntN(300)
		lines := bufio.NewReader(out)
		for n := 0; ; n++ {
			line, err := lines.ReadString('\n')
			if err != nil {
				break // what stands before the end of the pipe was acknowledged, too
			}
			if said[line] {
				t.Errorf("%q was begun twice", line)
			}
			said[line] = true
			if n == end {
				child.Process.Kill()
			}
		}
		child.Wait()
		s := open(t, folder)
		for line := range said {
			id := strings.TrimSpace(line)
			if _, _, err := s.Run(t.Context(), id); err != nil {
				t.Fatalf("run %s was acknowledged: %v", id, err)
			}
		}
		var halves int
		if err := s.DB().QueryRow(`SELECT COUNT(*) FROM run WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.run = run.id)`).Scan(&halves); err != nil || halves != 0 {
			t.Errorf("%d transactions are half there, %v", halves, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) < 60 {
		t.Errorf("only %d were acknowledged", len(said))
	}
}
