package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/savings"
)

// crowd does something 64 times at once.
func crowd(do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range 64 {
		all.Go(func() { <-start; do(i) })
	}
	close(start)
	all.Wait()
}

func TestSixtyFourAccountsAtOnceAreOne(t *testing.T) {
	for name, processes := range map[string]int{"in one process": 1, "in two": 2} {
		t.Run(name, func(t *testing.T) {
			db, clock := openDB(t), newClock()
			var tills []*till
			for range processes {
				tills = append(tills, open(t, db, clock, nil, newLife("", 0)))
			}
			k := tills[0]
			for _, a := range []act{comes, dreams, launches} {
				k.change(shared, a.of, a.do)
			}
			var made atomic.Int64
			ids := make([]string, 64)
			crowd(func(i int) {
				var first bool
				_, err := tills[i%processes].s.Change(context.Background(), shared, anna(false), func(b *savings.Book) error {
					a, created, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"})
					ids[i], first = a.ID, created
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if first {
					made.Add(1)
				}
			})
			for _, id := range ids {
				if id != ids[0] || id == "" {
					t.Errorf("invariant 11: accounts %s and %s", id, ids[0])
					break
				}
			}
			if made.Load() != 1 {
				t.Errorf("%d were told that theirs was the first", made.Load())
			}
			if n := k.writes.conflicts.Load(); processes == 1 && n > 0 {
				t.Errorf("in one process they got in each other's way %d times", n)
			}
			for _, k := range tills {
				k.Idle()
			}
			k.sound()
		})
	}
}

func TestSixtyFourLaunchesAtOnceAreAllThereAndEachSavesOnce(t *testing.T) {
	for name, processes := range map[string]int{"in one process": 1, "in two": 2} {
		t.Run(name, func(t *testing.T) {
			db, clock := openDB(t), newClock()
			var tills []*till
			for range processes {
				tills = append(tills, open(t, db, clock, nil, newLife("", 0)))
			}
			k := tills[0]
			k.change(shared, comes.of, comes.do)
			k.change(shared, dreams.of, dreams.do)
			d := k.book(shared, anna(false)).Dreams[0].ID
			crowd(func(i int) {
				if _, err := tills[i%processes].s.Change(context.Background(), shared, savings.Of{Dream: d}, oneTime); err != nil {
					t.Error(err)
				}
			})
			k.change(shared, returns.of, returns.do)
			for _, k := range tills {
				k.pay()
			}
			b := k.book(shared, anna(false))
			if len(b.Transactions) != 64 || b.Dreams[0].Pending != 64*5000 {
				t.Errorf("%d deposits, pending %d", len(b.Transactions), b.Dreams[0].Pending)
			}
			k.sound()
			r := k.runs(savings.AccountProvisioning)
			if len(r) != 1 {
				t.Fatalf("%d journeys", len(r))
			}
			if n := len(slices.DeleteFunc(k.drawn(r[0].ID), func(name string) bool { return name != "launch savehack" })); n != 1 {
				t.Errorf("the first launch is drawn %d times", n)
			}
		})
	}
}

func TestPeopleWhoComeInAtOnceAreOnePerson(t *testing.T) {
	k := newTill(t, nil)
	crowd(func(i int) {
		if _, err := k.s.Change(context.Background(), shared, comes.of, comes.do); err != nil {
			t.Error(err)
		}
	})
	if _, n, err := k.db.Users(t.Context(), savings.Query{Page: savings.Page{Partner: shared, Number: 1, Items: 20}}); n != 1 || err != nil {
		t.Errorf("%d people: %v", n, err)
	}
	if n := len(k.runs(savings.AccountProvisioning)); n != 1 {
		t.Errorf("%d journeys", n)
	}
	k.sound()
}

func TestChangeThatDrawsNothingIsOneWrite(t *testing.T) {
	k := newTill(t, nil)
	k.change(perDream, savings.Of{ExternalUser: "anna", Create: true}, signIn(savings.ArrowUserPosted))
	before := k.writes.applied.Load()
	k.change(perDream, anna(false), func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 100}) })
	if n := k.writes.applied.Load() - before; n != 1 {
		t.Errorf("%d writes", n)
	}
	k.change(perDream, anna(false), func(b *savings.Book) error { return nil })
	if n := k.writes.applied.Load() - before; n != 1 {
		t.Errorf("a change of nothing was written")
	}
}

func TestMistakeWritesNothing(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, comes.of, comes.do)
	wrong := errors.New("no")
	if _, err := k.s.Change(t.Context(), shared, anna(false), func(b *savings.Book) error {
		if err := dream(b); err != nil {
			return err
		}
		return wrong
	}); err != wrong {
		t.Errorf("%v", err)
	}
	if n := len(k.book(shared, anna(false)).Dreams); n != 0 {
		t.Errorf("%d dreams", n)
	}
	if _, err := k.s.Change(t.Context(), "another", anna(false), dream); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("no such partner: %v", err)
	}
	if _, err := k.s.Change(t.Context(), perDream, anna(false), dream); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("another partner's user: %v", err)
	}
	k.s.Event = func(*savings.Book, savings.Emitted) (json.RawMessage, error) { return nil, wrong }
	if _, err := k.s.Change(t.Context(), shared, anna(false), dream); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	if n := len(k.book(shared, anna(false)).Dreams); n != 0 {
		t.Errorf("a change was written of which the bank cannot be told")
	}
}

// rival lets somebody else be first, so many times.
type rival struct {
	flow.SavingsStore
	first int
	tried int
}

func (r *rival) Apply(ctx context.Context, batch []engine.Write) error {
	if r.tried++; r.tried <= r.first {
		return &parley.Error{Kind: parley.KindConflict, Field: "savings_user", Message: "somebody else was first"}
	}
	return r.SavingsStore.Apply(ctx, batch)
}

func TestChangeIsMadeAnewWhenAnotherCameFirstButNotForEver(t *testing.T) {
	k := newTill(t, nil)
	k.change(perDream, anna(true), signIn(savings.ArrowUserPosted))
	r := &rival{SavingsStore: k.s.Store, first: 5}
	k.s.Store = r
	made := 0
	cap := func(b *savings.Book) error { made++; return b.SetLimits(savings.Limits{MonthlyCap: 1}) }
	k.change(perDream, anna(false), cap)
	if made != 6 {
		t.Errorf("made %d times", made)
	}
	r.first = 1 << 30
	if _, err := k.s.Change(t.Context(), perDream, anna(false), func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 2}) }); parley.KindOf(err) != parley.KindConflict {
		t.Errorf("%v", err)
	}
}

func TestWatchersHearOfEachChangeAtLeastOnce(t *testing.T) {
	k := newTill(t, nil)
	b := k.change(shared, comes.of, comes.do)
	changed, stop := k.s.Watch(b.User.ID)
	other, stopOther := k.s.Watch("somebody else")
	defer stopOther()
	for range 3 {
		k.change(shared, anna(false), dream)
	}
	<-changed
	select {
	case <-changed:
		t.Error("three changes that were not read of were told apart")
	case <-other:
		t.Error("somebody else's change was told")
	default:
	}
	k.change(shared, anna(false), dream)
	<-changed
	stop()
	stop() // twice does no harm
	k.change(shared, anna(false), dream)
	select {
	case <-changed:
		t.Error("told after stop")
	default:
	}
}

func TestEventsAreWrittenWithTheChange(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, comes.of, comes.do)
	k.change(shared, dreams.of, dreams.do)
	events, err := k.db.EventsAfter(t.Context(), shared, 0, 10)
	if err != nil || len(events) != 2 || events[0].Type != savings.UserCreated || events[1].Type != savings.DreamCreated {
		t.Errorf("%+v %v", events, err)
	}
}

// torn lets another change be made whole while a book is being read.
type torn struct {
	flow.SavingsStore
	do func() // once
}

func (s *torn) Book(ctx context.Context, partner string, of savings.Of) (*savings.Book, error) {
	b, err := s.SavingsStore.Book(ctx, partner, of)
	if do := s.do; do != nil {
		s.do = nil
		do()
	}
	return b, err
}

func TestBookThatWasReadBesideAnotherChangeIsNeverShown(t *testing.T) {
	k := newTill(t, nil)
	of := k.saver("anna")
	inner := k.s.Store
	k.s.Store = &torn{SavingsStore: inner, do: func() { k.change(shared, of, dream) }}
	seen := 0
	k.change(shared, of, func(b *savings.Book) error { seen = len(b.Dreams); return nil })
	if seen != 2 {
		t.Errorf("%d dreams of two are shown", seen)
	}
	k.s.Store = &torn{SavingsStore: inner, do: func() { k.change(shared, of, dream) }}
	refused := errors.New("there are only two")
	if _, err := k.s.Change(t.Context(), shared, of, func(b *savings.Book) error {
		if len(b.Dreams) < 3 {
			return refused
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestPatienceOfWhoeverWaitsForAUserEnds(t *testing.T) {
	k := newTill(t, nil)
	of := k.saver("anna")
	inside, let := make(chan struct{}), make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		k.change(shared, of, func(b *savings.Book) error { close(inside); <-let; return nil })
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	inner := k.s.Store
	k.s.Store = &torn{SavingsStore: inner, do: cancel} // it has read, and comes to wait
	if _, err := k.s.Change(ctx, shared, of, dream); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(let)
	first.Wait()
	k.change(shared, of, dream)
}
