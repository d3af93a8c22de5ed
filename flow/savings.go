package flow

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
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
	// LeftOf is how many transactions were given with a notice, and how many of them are still requested: each counted to a thousand.
	LeftOf(ctx context.Context, notice string) (all, left int, err error)
}

// Savings is how the wires at the rim change what savings holds: a change is loaded, made, and written with the arrows that it drew and the
// events that the bank is told, in one transaction. It also makes the changes that nobody asks for: see savings_due.go.
//
// Its zero value with Engine, Store, Partners and Now is ready. It must not be copied.
type Savings struct {
	Engine   *engine.Engine // with the Tables of this Savings among its own
	Store    SavingsStore
	Partners map[string]*savings.Partner
	Bank     Bank             // told of transactions; nil when every bank looks by itself
	Now      func() time.Time // the clock
	NewID    func() string    // UUIDv7 when nil
	Random   io.Reader        // for the codes of group dreams; crypto/rand's when nil
	// Event writes what the bank is told of an event, as the wire says it. Nobody is told of anything when it is nil.
	Event func(b *savings.Book, e savings.Emitted) (json.RawMessage, error)
	Log   *slog.Logger // slog.Default() when nil

	locks   locks
	watched watched
	due     due
}

// source is whose messages the arrows of a change are.
const source = "savings"

// tries bounds how often a change is made anew because another came first. Somebody always comes through, so this is reached only when
// something else is wrong.
const tries = 100

// Change loads the book that of names, has do change it, and writes it. When somebody else's change came first, all of that is done again, so
// do may be called more than once, each time with a book of its own. An error of do is returned as it is, and nothing is written.
//
// Changes of one user wait for one another in this process, so that they need not be made again, and so that do never sees a book of which
// half was read before another change: the guard would refuse what comes of it, but not a mistake that do finds, nor what it only shows. What follows in the journeys has been
// said when Change returns, but never decides what it returns.
func (s *Savings) Change(ctx context.Context, partner string, of savings.Of, do func(b *savings.Book) error) (*savings.Book, error) {
	p := s.Partners[partner]
	if p == nil {
		return nil, parley.Errorf(parley.KindNotFound, "no partner %q", partner)
	}
	held := ""
	unlock := func() {}
	defer func() { unlock() }()
	for try := 1; ; try++ {
		since := s.locks.now()
		b, err := s.Store.Book(ctx, partner, of)
		if err != nil {
			return nil, err
		}
		if whose := partner + "/" + person(b, of); whose != held {
			unlock()
			let, err := s.locks.lock(ctx, whose)
			if unlock = let; err != nil {
				return nil, err
			}
			held = whose
			if s.locks.changed(whose, since) {
				continue // with what the others have written
			}
		}
		b.Begin(p, savings.Turn{Now: s.Now().UTC().Truncate(time.Millisecond), NewID: s.id, Random: s.random()})
		given := given(b)
		if err := do(b); err != nil || !b.Changed() {
			return b, err
		}
		post, err := s.posting(ctx, b, given)
		if err != nil {
			return nil, err
		}
		post.Written = func() {
			s.locks.note(held)
			unlock()
			unlock = func() {}
			s.written(b, post.With)
		}
		if err = s.post(ctx, post); err == nil {
			s.acted(ctx, given.over(b))
			return b, nil
		}
		if parley.KindOf(err) != parley.KindConflict || try == tries {
			return nil, fmt.Errorf("write what changed: %w", err)
		}
	}
}

// person is who the book is about, by a name that they have before they are there.
func person(b *savings.Book, of savings.Of) string {
	switch {
	case b.User.ExternalID != "":
		return b.User.ExternalID
	case b.User.ID != "":
		return b.User.ID
	}
	return of.ExternalUser
}

func (s *Savings) id() string {
	if s.NewID != nil {
		return s.NewID()
	}
	return engine.NewID()
}

func (s *Savings) random() io.Reader {
	if s.Random != nil {
		return s.Random
	}
	return rand.Reader
}

func (s *Savings) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}

// posting is what a change writes, begins and tells.
func (s *Savings) posting(ctx context.Context, b *savings.Book, g notices) (engine.Posting, error) {
	var p engine.Posting
	for _, w := range b.Writes() { // the guard first
		p.With = append(p.With, w)
	}
	for _, e := range b.Emitted() {
		if s.Event == nil {
			break
		}
		data, err := s.Event(b, e)
		if err != nil {
			return p, fmt.Errorf("write event %s: %w", e.Type, err)
		}
		p.With = append(p.With, savings.AddSavingsEvent{Event: savings.Event{ID: e.ID, Partner: b.Partner.ID, User: b.User.ID, Type: e.Type, At: e.At, Data: data}})
	}
	over, left := g.over(b), map[string]int{} // of the notices that are drawn
	for notice, n := range over {
		l, few, err := s.left(ctx, notice, n)
		if err != nil {
			return p, err
		}
		if few {
			left[notice] = l
		}
	}
	for i, said := range b.Said() {
		shown := parley.Redact(said.Shown)
		if said.Begins != "" {
			begin := engine.Beginning{Flow: said.Begins, ID: said.Run, Note: said.Note, State: Journey{Partner: b.Partner.ID, User: b.User.ID, Facts: said.Facts}}
			if shown != nil {
				begin.Shown = shown
			}
			p.Begin = append(p.Begin, begin)
			continue
		}
		id := fmt.Sprintf("%s/%010d/%03d", b.User.ID, b.User.Version, i) // in the order in which they were said
		switch said.Arrow {
		case savings.ArrowTransactionPatched:
			var few bool
			if said.Facts.Left, few = left[said.Run]; !few {
				continue
			}
		case savings.ArrowSignedIn: // people come and go: only the first time is drawn
			id = said.Run + "/" + said.Arrow
		}
		p.Tell = append(p.Tell, engine.Message{Run: said.Run, Step: said.Arrow, Source: source, ID: id, Body: word{said.Facts, said.Note, shown}})
	}
	return p, nil
}

// post writes a change. One that draws nothing is one write and no more.
func (s *Savings) post(ctx context.Context, p engine.Posting) error {
	if len(p.Begin)+len(p.Tell) > 0 {
		return s.Engine.Post(ctx, p)
	}
	if err := s.Store.Apply(ctx, p.With); err != nil {
		return err
	}
	p.Written()
	return nil
}

// written tells those who follow the user, and the worker when it may have something to do.
func (s *Savings) written(b *savings.Book, writes []engine.Write) {
	s.watched.tell(b.User.ID)
	for _, w := range writes {
		switch w.(type) {
		case savings.PutLaunch, savings.PutTransaction, savings.WakeFollowers:
			s.due.nudge()
			return
		}
	}
}
