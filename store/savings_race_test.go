package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
	"parley/store"
)

// change is what the service does with a book, without the locks by which it spares itself conflicts: load, change, write, and again when
// another came first.
func change(t *testing.T, db *store.Store, of savings.Of, do func(b *savings.Book) []engine.Write) {
	t.Helper()
	for {
		b, err := db.Book(context.Background(), "bank", of)
		if err != nil {
			t.Error(err)
			return
		}
		more := do(b)
		if more == nil {
			return
		}
		u := b.User
		u.Version++
		err = db.Apply(context.Background(), append([]engine.Write{savings.PutUser{User: u, Was: b.User.Version}}, more...))
		if err == nil {
			return
		}
		if parley.KindOf(err) != parley.KindConflict {
			t.Error(err)
			return
		}
	}
}

// writeBeside writes from a goroutine that is not the test's own.
func writeBeside(t *testing.T, db *store.Store, batch ...engine.Write) {
	if err := db.Apply(context.Background(), batch); err != nil {
		t.Error(err)
	}
}

func TestSixtyFourChangesOfOneBookAreMadeOneAfterAnother(t *testing.T) {
	db := open(t, t.TempDir())
	was := aUser(t, db, "bank", "1")
	x := was.Transactions[0]
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			change(t, db, savings.Of{Dream: "d1"}, func(b *savings.Book) []engine.Write {
				d, l, x := b.Dreams[0], b.Launches[0], x
				d.Pending += 7
				l.Spent.Cents++
				x.ID, x.Occasion, x.ExternalID = fmt.Sprint("x", n), fmt.Sprint(n), ""
				return []engine.Write{savings.PutDream{Dream: d}, savings.PutLaunch{Launch: l}, savings.PutTransaction{Partner: "bank", Transaction: x}}
			})
		})
	}
	all.Wait()
	b, err := db.Book(t.Context(), "bank", savings.Of{User: "1"})
	no(t, err)
	if b.User.Version != 65 || len(b.Transactions) != 65 || b.Dreams[0].Pending != was.Dreams[0].Pending+7*64 || b.Launches[0].Spent.Cents != was.Launches[0].Spent.Cents+64 {
		t.Errorf("version %d, %d transactions, %+v", b.User.Version, len(b.Transactions), b.Dreams[0])
	}
}

func TestOfSixtyFourWhoOpenAnAccountOneDoes(t *testing.T) {
	db := open(t, t.TempDir())
	u := filled[savings.User](t)
	u.ID, u.Partner, u.ExternalID, u.Version, u.Destroyed = "1", "bank", "anna", 1, time.Time{}
	write(t, db, savings.PutUser{User: u})
	var opened, there atomic.Int64
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			won := false
			change(t, db, savings.Of{ExternalUser: "anna"}, func(b *savings.Book) []engine.Write {
				if won = len(b.Accounts) == 0; !won {
					return nil
				}
				a := filled[savings.Account](t)
				a.ID, a.User, a.ExternalID = fmt.Sprint("a", n), "1", "dreams"
				return []engine.Write{savings.PutAccount{Account: a}}
			})
			if won {
				opened.Add(1)
			} else {
				there.Add(1)
			}
		})
	}
	all.Wait()
	b, err := db.Book(t.Context(), "bank", savings.Of{User: "1"})
	if err != nil || len(b.Accounts) != 1 || b.User.Version != 2 || opened.Load() != 1 || there.Load() != 63 {
		t.Errorf("%v: %d accounts, %d opened one, %d found it", err, len(b.Accounts), opened.Load(), there.Load())
	}
}

func TestABookIsOfOneMoment(t *testing.T) {
	db := open(t, t.TempDir())
	aUser(t, db, "bank", "1")
	ctx, end := context.WithCancel(t.Context())
	var writing, reading sync.WaitGroup
	var last atomic.Int64
	writing.Go(func() {
		for n := 1; ctx.Err() == nil; n++ {
			change(t, db, savings.Of{User: "1"}, func(b *savings.Book) []engine.Write {
				a, d, l, x, c := b.Accounts[0], b.Dreams[0], b.Launches[0], b.Transactions[0], b.Consents[0]
				a.Balance, d.Balance, l.MonthlyCap, x.Reason, c.MaxAmount = savings.Cents(n), savings.Cents(n), savings.Cents(n), fmt.Sprint(n), savings.Cents(n)
				return []engine.Write{savings.PutAccount{Account: a}, savings.PutDream{Dream: d}, savings.PutLaunch{Launch: l}, savings.PutTransaction{Partner: "bank", Transaction: x}, savings.PutConsent{Consent: c}}
			})
			last.Store(int64(n))
		}
	})
	for range 4 {
		reading.Go(func() {
			for n := 0; n < 200 || last.Load() < 50; n++ {
				b, err := db.Book(ctx, "bank", savings.Of{User: "1"})
				if err != nil {
					t.Error(err)
					return
				}
				a, x := b.Accounts[0].Balance, b.Transactions[0].Reason
				if b.User.Version > 1 && (b.Dreams[0].Balance != a || b.Launches[0].MonthlyCap != a || b.Consents[0].MaxAmount != a || x != fmt.Sprint(a)) {
					t.Errorf("account %d, dream %d, launch %d, consent %d, transaction %s", a, b.Dreams[0].Balance, b.Launches[0].MonthlyCap, b.Consents[0].MaxAmount, x)
					return
				}
			}
		})
	}
	reading.Wait()
	end()
	writing.Wait()
}

func TestATransactionIsCancelledOrGivenToTheBankNeverBoth(t *testing.T) {
	db := open(t, t.TempDir())
	x := aUser(t, db, "bank", "1").Transactions[0]
	x.Reason, x.Failed, x.Settled, x.ExternalID = "", time.Time{}, time.Time{}, ""
	var cancelled, given int
	for n := range 100 {
		x.ID, x.Occasion = fmt.Sprint("x", n), fmt.Sprint(n)
		write(t, db, savings.PutTransaction{Partner: "bank", Transaction: x})
		var both sync.WaitGroup
		refused := false
		both.Go(func() {
			gone := x
			gone.State, gone.Reason, gone.Failed = savings.Failed, "cancelled", x.Ready
			refused = parley.KindOf(db.Apply(t.Context(), []engine.Write{savings.PutTransaction{Partner: "bank", Transaction: gone}})) == parley.KindConflict
		})
		both.Go(func() {
			if err := db.Apply(t.Context(), []engine.Write{savings.GiveNotice{Partner: "bank", Run: fmt.Sprint("r", n), Now: x.Ready}}); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		b, err := db.Book(t.Context(), "bank", savings.Of{Transaction: x.ID})
		no(t, err)
		got, _ := b.Transaction(x.ID)
		switch {
		case refused && got.State == savings.Requested && got.Notice == fmt.Sprint("r", n):
			given++
		case !refused && got.State == savings.Failed && got.Notice == "":
			cancelled++
		default:
			t.Fatalf("invariant 16: the cancellation was refused: %t, and it is %s with notice %q", refused, got.State, got.Notice)
		}
	}
	t.Logf("%d were cancelled and %d given", cancelled, given)
}

// Pages are read while what was on them is settled, as a bank does, and what is still to come on others, and while new ones are asked for.
func TestAKeysetMissesNothingThatStaysRequested(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	first := b.Transactions[0]
	var batch []engine.Write
	all := map[string]savings.Transaction{first.ID: first}
	for n := range 300 {
		x := first
		x.ID, x.Occasion, x.ExternalID, x.Requested = fmt.Sprintf("x%03d", n), fmt.Sprint(n), "", first.Requested.Add(time.Duration(n/7)*time.Millisecond)
		all[x.ID] = x
		batch = append(batch, savings.PutTransaction{Partner: "bank", Transaction: x})
	}
	write(t, db, batch...)
	ctx, end := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	var mu sync.Mutex
	gone := map[string]bool{}
	beside.Go(func() { // the person cancels, another process settles
		for n := 0; ctx.Err() == nil && n < 150; n++ {
			x := all[fmt.Sprintf("x%03d", rand.IntN(300))]
			x.State = savings.Settled
			mu.Lock()
			gone[x.ID] = true
			mu.Unlock()
			writeBeside(t, db, savings.PutTransaction{Partner: "bank", Transaction: x})
		}
	})
	beside.Go(func() {
		for n := 0; ctx.Err() == nil && n < 150; n++ {
			x := first
			x.ID, x.Occasion, x.ExternalID, x.Requested = fmt.Sprintf("y%03d", n), fmt.Sprint("y", n), "", first.Requested.Add(time.Duration(n)*time.Millisecond)
			writeBeside(t, db, savings.PutTransaction{Partner: "bank", Transaction: x})
		}
	})
	seen := map[string]int{}
	var last savings.Transaction
	for after := ""; ; {
		page, count, err := db.Transactions(t.Context(), savings.Query{Page: savings.Page{Partner: "bank", Items: 11, Keyset: true, After: after}, State: "requested", Given: true, GivenAt: first.Ready})
		no(t, err)
		if count != -1 {
			t.Errorf("%d were counted", count)
		}
		if len(page) == 0 {
			break
		}
		for _, v := range page {
			seen[v.ID]++
			if v.Requested.Before(last.Requested) || v.Requested.Equal(last.Requested) && v.ID <= last.ID {
				t.Errorf("%s comes after %s", v.ID, last.ID)
			}
			last = v.Transaction
			x := v.Transaction
			x.State = savings.Settled
			write(t, db, savings.PutTransaction{Partner: "bank", Transaction: x})
		}
		after = last.ID
	}
	end()
	beside.Wait()
	for id := range all {
		if n := seen[id]; n > 1 || n == 0 && !gone[id] {
			t.Errorf("%s was seen %d times", id, n)
		}
	}
}

func TestEventsAreReadInTheOrderInWhichTheyWereWritten(t *testing.T) {
	db := open(t, t.TempDir())
	const writers, each = 8, 50
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for n := range each {
				id := fmt.Sprintf("%d/%02d", w, n)
				writeBeside(t, db, savings.AddSavingsEvent{Event: savings.Event{ID: id, Partner: []string{"bank", "other"}[n%2], User: "1", Type: savings.PageView, At: at, Data: []byte(`{}`)}})
			}
		})
	}
	// Whoever reads on from the last that they saw sees all of their partner's.
	seen, last := map[string]bool{}, int64(0)
	latest := map[byte]string{}
	for len(seen) < writers*each/2 {
		events, err := db.EventsAfter(t.Context(), "bank", last, 7)
		no(t, err)
		for _, e := range events {
			if e.Seq <= last || seen[e.ID] || e.Partner != "bank" || e.ID < latest[e.ID[0]] {
				t.Fatalf("%+v after %d", e, last)
			}
			seen[e.ID], last, latest[e.ID[0]] = true, e.Seq, e.ID
		}
	}
	all.Wait()
	conflict(t, db, "savings_event", savings.AddSavingsEvent{Event: savings.Event{ID: "0/00", Partner: "bank"}})
}

func TestDueUsersAreEachSaidOnceHoweverMuchIsDue(t *testing.T) {
	db := open(t, t.TempDir())
	for n := range 6 {
		id := fmt.Sprint(n)
		l := aUser(t, db, "bank", id).Launches[0]
		for k := range 10 {
			l.ID, l.Due = fmt.Sprintf("l%d/%d", n, k), at.Add(time.Duration(10-n)*time.Hour+time.Duration(k)*time.Minute)
			write(t, db, savings.PutLaunch{Launch: l})
		}
		l.ID, l.Due = "l"+id, time.Time{}
		write(t, db, savings.PutLaunch{Launch: l})
	}
	due := func(now time.Time, limit int) (out []string) {
		t.Helper()
		found, err := db.DueUsers(t.Context(), now, limit)
		no(t, err)
		for _, u := range found {
			if u.Partner != "bank" {
				t.Error(u)
			}
			out = append(out, u.User)
		}
		return out
	}
	same(t, due(at.Add(5*time.Hour-time.Millisecond), 9), []string(nil), nil)
	same(t, due(at.Add(5*time.Hour), 9), []string{"5"}, nil)
	same(t, due(at.Add(24*time.Hour), 9), []string{"5", "4", "3", "2", "1", "0"}, nil)
	same(t, due(at.Add(24*time.Hour), 4), []string{"5", "4", "3", "2"}, nil) // users are counted, not launches
	next, ok, err := db.NextLaunchDue(t.Context())
	same(t, next, at.Add(5*time.Hour), err)
	same(t, ok, true, nil)
}

// A follower's book is changed over and over, by somebody who does not look at what it follows, while that launch makes deposits.
func TestNoDepositIsSleptThrough(t *testing.T) {
	db := open(t, t.TempDir())
	source, follower := aUser(t, db, "bank", "1"), aUser(t, db, "bank", "2")
	quiet := source.Launches[0]
	quiet.Due = time.Time{}
	l := follower.Launches[0]
	l.Follows, l.Done, l.Due = "l1", "0/", time.Time{}
	write(t, db, savings.PutLaunch{Launch: quiet}, savings.PutLaunch{Launch: l})
	ctx, end := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end()
	for range 3 {
		beside.Go(func() {
			for ctx.Err() == nil {
				change(t, db, savings.Of{User: "2"}, func(b *savings.Book) []engine.Write {
					l := b.Launches[0]
					l.MonthlyCap++
					return []engine.Write{savings.PutLaunch{Launch: l}}
				})
			}
		})
	}
	x := source.Transactions[0]
	for n := range 200 {
		x.ID, x.Occasion, x.ExternalID, x.Ready = fmt.Sprintf("x%03d", n), fmt.Sprint(n), "", x.Ready.Add(time.Duration(n%3)*time.Millisecond)
		write(t, db, savings.PutTransaction{Partner: "bank", Transaction: x}, savings.WakeFollowers{Launch: "l1", At: x.Ready})
		if users, err := db.DueUsers(t.Context(), x.Ready, 9); err != nil || len(users) != 1 || users[0].User != "2" {
			t.Fatalf("deposit %d was slept through: %v %v", n, users, err)
		}
		if n%2 == 0 {
			continue // two are looked at together
		}
		change(t, db, savings.Of{User: "2"}, func(b *savings.Book) []engine.Write {
			l := b.Launches[0]
			l.Due = time.Time{}
			look := b.Followed[l.ID]
			if n > 1 && (len(look) != 2 || look[1].ID != x.ID) {
				t.Errorf("at deposit %d, %d are to be looked at", n, len(look))
			}
			for _, x := range look {
				l.Done = fmt.Sprintf("%d/%s", x.Ready.UnixMilli(), x.ID)
			}
			return []engine.Write{savings.PutLaunch{Launch: l}}
		})
	}
	end()
	beside.Wait()
	if at, due, err := db.NextLaunchDue(t.Context()); due || err != nil {
		t.Errorf("it is awake at %s, with nothing to look at: %v", at, err)
	}
}

func TestAWakeIsNotUndoneByWhoKnewNothingOfIt(t *testing.T) {
	late := at.AddDate(9, 0, 0)
	asleep := func(l *savings.Launch) { l.Due = time.Time{} }
	for name, follower := range map[string]struct {
		was, is func(l *savings.Launch) // how it stood when the deposit was made, and what is then written by somebody who had read it before
	}{
		"due later":            {func(l *savings.Launch) { l.Due = late }, func(l *savings.Launch) { l.MonthlyCap++ }},
		"asleep":               {asleep, func(l *savings.Launch) { l.MonthlyCap++ }},
		"resumed, had an end":  {func(l *savings.Launch) { l.State, l.Due = savings.Paused, late }, func(l *savings.Launch) { l.State, l.Due = savings.Active, time.Time{} }},
		"resumed, had no end":  {func(l *savings.Launch) { l.State, l.Due = savings.Paused, time.Time{} }, func(l *savings.Launch) { l.State = savings.Active }},
		"started, had to wait": {func(l *savings.Launch) { l.State, l.Due = savings.Waiting, time.Time{} }, func(l *savings.Launch) { l.State = savings.Active }},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, t.TempDir())
			source := aUser(t, db, "bank", "1")
			quiet := source.Launches[0]
			quiet.Due = time.Time{}
			x := source.Transactions[0]
			l := aUser(t, db, "bank", "2").Launches[0]
			l.Follows, l.Done = "l1", fmt.Sprintf("%d/%s", x.Ready.UnixMilli(), x.ID)
			follower.was(&l)
			write(t, db, savings.PutLaunch{Launch: quiet}, savings.PutLaunch{Launch: l})
			read, err := db.Book(t.Context(), "bank", savings.Of{User: "2"})
			no(t, err)

			x.ID, x.Occasion, x.ExternalID, x.Ready = "x", "x", "", x.Ready.Add(time.Hour)
			write(t, db, savings.PutTransaction{Partner: "bank", Transaction: x}, savings.WakeFollowers{Launch: "l1", At: x.Requested})
			l = read.Launches[0]
			follower.is(&l)
			u := read.User
			u.Version++
			write(t, db, savings.PutUser{User: u, Was: read.User.Version}, savings.PutLaunch{Launch: l})

			users, err := db.DueUsers(t.Context(), x.Requested, 9)
			same(t, users, []savings.DueUser{{Partner: "bank", User: "2"}}, err)
			l.Done, l.Due = fmt.Sprintf("%d/x", x.Ready.UnixMilli()), time.Time{}
			write(t, db, savings.PutLaunch{Launch: l})
			_, due, err := db.NextLaunchDue(t.Context())
			same(t, due, false, err)
		})
	}
}

func TestEverythingIsThereAfterARestart(t *testing.T) {
	folder := t.TempDir()
	db := open(t, folder)
	aUser(t, db, "bank", "1")
	write(t, db, savings.GiveNotice{Partner: "bank", Run: "r", Now: at.AddDate(9, 0, 0)}, savings.AddSavingsEvent{Event: savings.Event{ID: "e", Partner: "bank", User: "1", Type: savings.UserCreated, At: at, Data: []byte(`{"id":"1"}`)}})
	type everything struct {
		Book         *savings.Book
		Due          []savings.DueUser
		Next         time.Time
		All, Left    int
		Events       []savings.Event
		Transactions []savings.TransactionView
		Dreams       []savings.DreamView
	}
	read := func(db *store.Store) (v everything) {
		t.Helper()
		var err error
		v.Book, err = db.Book(t.Context(), "bank", savings.Of{Message: "m1", Occasion: "f"})
		no(t, err)
		v.Due, err = db.DueUsers(t.Context(), at.AddDate(9, 0, 0), 9)
		no(t, err)
		v.Next, _, err = db.NextLaunchDue(t.Context())
		no(t, err)
		v.All, v.Left, err = db.LeftOf(t.Context(), "r")
		no(t, err)
		v.Events, err = db.EventsAfter(t.Context(), "bank", 0, 9)
		no(t, err)
		page := savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 9}}
		v.Transactions, _, err = db.Transactions(t.Context(), page)
		no(t, err)
		v.Dreams, _, err = db.Dreams(t.Context(), page)
		no(t, err)
		return v
	}
	before := read(db)
	if before.Left != 1 || len(before.Events) != 1 || len(before.Due) != 1 || len(before.Book.Messages) != 1 {
		t.Fatalf("%+v", before)
	}
	no(t, db.Close())
	db = open(t, folder)
	if after := read(db); !reflect.DeepEqual(after, before) {
		t.Errorf("\n got %+v\nwant %+v", after, before)
	}
	write(t, db, savings.AddSavingsEvent{Event: savings.Event{ID: "f", Partner: "bank", User: "1", Type: savings.PageView, At: at, Data: []byte(`{}`)}})
	events, err := db.EventsAfter(t.Context(), "bank", before.Events[0].Seq, 9)
	if err != nil || len(events) != 1 || events[0].ID != "f" {
		t.Errorf("%v %+v", err, events)
	}
}
