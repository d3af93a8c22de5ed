package flow

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
)

// SavingsStore is what changes of savings need of a database.
type SavingsStore interface {
	// Book loads what savings.Book says of the user whom of names, not yet begun. Nobody is parley.KindNotFound, whose Field is what of named
	// ("user", "dream", ...), unless of.Create.
	Book(ctx context.Context, partner string, of savings.Of) (*savings.Book, error)
	Apply(ctx context.Context, batch []engine.Write) error
	// DueUsers are users with launches that are due at now, the longest due first, each once.
	DueUsers(ctx context.Context, now time.Time, limit int) ([]savings.DueUser, error)
	// NextLaunchDue is when the earliest launch is due; ok says whether there is one.
	NextLaunchDue(ctx context.Context) (due time.Time, ok bool, err error)
	// Unnoticed are how many transactions of a partner are ready at now, and of which the bank was not told.
	Unnoticed(ctx context.Context, partner string, now time.Time) (int, error)
	// NextReady is when the earliest transaction becomes ready of which the bank was not told; ok says whether there is one.
	NextReady(ctx context.Context, partner string) (at time.Time, ok bool, err error)
	// LeftOf is how many transactions were given with a notice, and how many of them are still requested.
	LeftOf(ctx context.Context, notice string) (all, left int, err error)
}

// Savings is how the wires at the rim change what savings holds: a change is loaded, made, and written with the arrows that it drew and the
// events that the bank is told, in one transaction.
type Savings struct {
	Engine   *engine.Engine
	Store    SavingsStore
	Partners map[string]*savings.Partner
	Now      func() time.Time // the clock
	NewID    func() string    // UUIDv7 when nil
	// Event writes what the bank is told of an event, as the wire says it.
	Event func(b *savings.Book, e savings.Emitted) (json.RawMessage, error)
	Log   *slog.Logger
}

// Change loads the book that of names, has do change it, and writes it. When somebody else's change came first, all of that is done again, so
// do may be called more than once, each time with a book of its own. An error of do is returned as it is, and nothing is written.
func (s *Savings) Change(ctx context.Context, partner string, of savings.Of, do func(b *savings.Book) error) (*savings.Book, error) {
	p := s.Partners[partner]
	if p == nil {
		return nil, parley.Errorf(parley.KindNotFound, "no partner %q", partner)
	}
	for {
		b, err := s.Store.Book(ctx, partner, of)
		if err != nil {
			return nil, err
		}
		b.Begin(p, savings.Turn{Now: s.Now(), NewID: s.NewID})
		if err := do(b); err != nil || !b.Changed() {
			return b, err
		}
		var batch []engine.Write
		for _, w := range b.Writes() {
			batch = append(batch, w)
		}
		if err := s.Store.Apply(ctx, batch); parley.KindOf(err) != parley.KindConflict {
			return b, err
		}
	}
}

// Watch tells of every change of a user until stop is called. A reader that is slow misses none, but hears of several at once.
func (s *Savings) Watch(user string) (changed <-chan struct{}, stop func()) { return nil, func() {} }
