package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/savings"
	"parley/store"
)

// desk is the service over a database, as a house has it.
func desk(b *testing.B) *flow.Savings {
	b.Helper()
	db := open(b, b.TempDir())
	s := &flow.Savings{Store: db, Now: time.Now, Partners: map[string]*savings.Partner{
		"bank": {ID: "bank", Country: "SE", Currency: "SEK", Zone: time.UTC, Setup: savings.SharedAccount}}}
	e, err := engine.New(b.Context(), engine.Options{Store: db, Tables: s.Tables(), Alone: true})
	if err != nil {
		b.Fatal(err)
	}
	s.Engine = e
	b.Cleanup(func() { e.Stop(context.Background()) })
	return s
}

// BenchmarkOpenAccount opens the account of one user after another, 32 at once, with the journey that tells of it.
func BenchmarkOpenAccount(b *testing.B) {
	s := desk(b)
	var n atomic.Int64
	for range b.N {
		of := savings.Of{ExternalUser: fmt.Sprint("user-", n.Add(1)), Create: true}
		if _, err := s.Change(b.Context(), "bank", of, func(k *savings.Book) error {
			_, err := k.CreateUser(savings.NewUser{ExternalID: of.ExternalUser}, savings.ArrowUserPosted)
			return err
		}); err != nil {
			b.Fatal(err)
		}
	}
	n.Store(0)
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := s.Change(b.Context(), "bank", savings.Of{ExternalUser: fmt.Sprint("user-", n.Add(1))}, func(k *savings.Book) error {
				_, _, err := k.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"})
				return err
			}); err != nil {
				b.Error(err)
			}
		}
	})
}

// many fills a database with users of one partner, each with an account, a dream, an active launch that is due, and a few deposits.
func many(b *testing.B, db *store.Store, users int) {
	b.Helper()
	const together = 200
	for from := 0; from < users; from += together {
		var batch []engine.Write
		for n := from; n < min(from+together, users); n++ {
			id := fmt.Sprintf("%08d", n)
			batch = append(batch, savings.PutUser{User: savings.User{ID: id, Partner: "bank", ExternalID: "ext-" + id, Zone: "Europe/Stockholm", Locale: "sv-SE", Journey: "j" + id, Created: at, Version: 1}},
				savings.PutAccount{Account: savings.Account{ID: "a" + id, User: id, Type: savings.SharedSavings, ExternalID: "dreams", Created: at}},
				savings.PutDream{Dream: savings.Dream{ID: "d" + id, User: id, Type: "Dream", Name: "A boat", Target: 1_000_000, Account: "a" + id, Created: at}},
				savings.PutLaunch{Launch: savings.Launch{ID: "l" + id, User: id, Dream: "d" + id, Savehack: "s", Kind: "Daily", Params: []byte(`{"amountCents":1000}`), State: savings.Active, StartedAt: at, Done: "2026-03-01", Due: at.Add(time.Duration(n%86400) * time.Millisecond), Created: at}})
			for k := range 4 {
				x := savings.Transaction{ID: fmt.Sprint("t", id, "/", k), User: id, Type: savings.Deposit, State: savings.Settled, Amount: 1000, Requested: at.Add(time.Duration(n) * time.Millisecond), Settled: at,
					ToAccount: "a" + id, ToDream: "d" + id, Launch: "l" + id, Occasion: fmt.Sprint(k), Ready: at, BankingDay: "2026-03-02"}
				if k == 3 {
					x.State, x.Settled = savings.Requested, time.Time{}
				}
				batch = append(batch, savings.PutTransaction{Partner: "bank", Transaction: x})
			}
		}
		if err := db.Apply(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSavings is what is done most, among a hundred thousand users.
func BenchmarkSavings(b *testing.B) {
	const users = 100_000
	db := open(b, b.TempDir())
	many(b, db, users)
	ctx := b.Context()
	var n atomic.Int64
	user := func() string { return fmt.Sprintf("%08d", n.Add(7919)%users) }
	page := savings.Page{Partner: "bank", Items: 100, Keyset: true}
	ask := func(name string, do func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	ask("a book", func() error {
		_, err := db.Book(ctx, "bank", savings.Of{ExternalUser: "ext-" + user()})
		return err
	})
	ask("the users who are due", func() error {
		_, err := db.DueUsers(ctx, at.Add(time.Hour), 256)
		return err
	})
	ask("a page of what is requested", func() error {
		_, _, err := db.Transactions(ctx, savings.Query{Page: page, State: "requested", Given: true, GivenAt: at})
		return err
	})
	ask("somebody's transactions", func() error {
		_, _, err := db.Transactions(ctx, savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 20}, ExternalUser: "ext-" + user()})
		return err
	})
	ask("the first page of all dreams, counted", func() error {
		_, _, err := db.Dreams(ctx, savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 20}})
		return err
	})
	ask("what the bank was not told of, counted", func() error {
		_, err := db.Unnoticed(ctx, "bank", at)
		return err
	})
	b.Run("a change, 32 at once", func(b *testing.B) {
		b.SetParallelism(16)
		var occasion atomic.Int64
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				k, err := db.Book(ctx, "bank", savings.Of{User: user()})
				if err != nil {
					b.Error(err)
					return
				}
				u, d, l, x := k.User, k.Dreams[0], k.Launches[0], k.Transactions[0]
				u.Version++
				d.Pending += x.Amount
				l.Due = l.Due.AddDate(0, 0, 1)
				id := occasion.Add(1)
				x.ID, x.Occasion, x.Notice = fmt.Sprint("x", b.N, "/", id), fmt.Sprint(b.N, "/", id), ""
				err = db.Apply(ctx, []engine.Write{savings.PutUser{User: u, Was: k.User.Version}, savings.PutDream{Dream: d}, savings.PutLaunch{Launch: l}, savings.PutTransaction{Partner: "bank", Transaction: x},
					savings.AddSavingsEvent{Event: savings.Event{ID: x.ID, Partner: "bank", User: u.ID, Type: savings.DepositRequested, At: at, Data: []byte(`{"transaction":{}}`)}}})
				if err != nil && parley.KindOf(err) != parley.KindConflict {
					b.Error(err)
					return
				}
			}
		})
	})
	var took time.Duration
	b.Run("a notice of all of them", func(b *testing.B) {
		if took == 0 {
			began := time.Now()
			if err := db.Apply(ctx, []engine.Write{savings.GiveNotice{Partner: "bank", Run: "r", Now: at}}); err != nil {
				b.Fatal(err)
			}
			took = time.Since(began)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(took.Microseconds())/users, "µs/transaction")
	})
	ask("what is left of it", func() error {
		_, _, err := db.LeftOf(ctx, "r")
		return err
	})
}
