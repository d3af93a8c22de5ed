package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"parley/engine"
	"parley/flow"
	"parley/savings"
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
