package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

// twoNodes are two engines over one store, each with its own way to the world, and one clock.
func twoNodes(t *testing.T) (a, b *house) {
	s, c := openStore(t), newClock()
	return buildOver(t, s, newWorld(c), engine.Options{Node: "a"}), buildOver(t, s, newWorld(c), engine.Options{Node: "b"})
}

func TestNodeThatSleptPastItsLeaseIsNotHeard(t *testing.T) {
	a, b := twoNodes(t)
	a.world.script["reserve"] = []string{"refused"} // what it comes back with must not count
	g := a.gate("reserve")
	var asleep sync.WaitGroup
	id := engine.NewID()
	var got engine.Run
	asleep.Go(func() {
		var err error
		if got, err = a.Begin(context.Background(), engine.Beginning{Flow: "toy", ID: id, State: order{}}); err != nil {
			t.Error(err)
		}
	})
	<-g.reached
	b.settle()
	if n := len(b.world.said(id, "reserve")); n != 0 {
		t.Fatal("the other node did not wait for the lease")
	}
	b.clock.move(31 * time.Second)
	b.settle()
	b.tell(id, "confirmed", "c", said{})
	before := b.run(id)
	close(g.open)
	asleep.Wait()
	if after := b.run(id); after.Version != before.Version || after.Refusal != nil {
		t.Errorf("version %d became %d, refused %v", before.Version, after.Version, after.Refusal)
	}
	if got.Version != before.Version {
		t.Errorf("the sleeper returned version %d of the run, which stands at %d", got.Version, before.Version)
	}
	if x, y := a.world.said(id, "reserve"), b.world.said(id, "reserve"); len(x) != 1 || len(y) != 1 || x[0].Key != y[0].Key {
		t.Errorf("said %+v and %+v", x, y)
	}
	b.tell(id, "paid", "p", said{Minor: 1})
	b.wantEvents(id, happy...)
}

func TestMessageToANodeThatIsNotAtItReachesTheOneThatIs(t *testing.T) {
	a, b := twoNodes(t)
	r := a.begin(order{})
	g := a.gate("check")
	var at sync.WaitGroup
	at.Go(func() { a.tell(r.ID, "confirmed", "c", said{}) })
	<-g.reached
	if got := b.tell(r.ID, "paid", "p", said{Minor: 1}); !got.Waiting {
		t.Errorf("%+v", got)
	}
	if _, err := b.Tell(t.Context(), engine.Message{Run: r.ID, Step: "noted", Body: said{}}); parley.KindOf(err) != parley.KindConflict {
		t.Errorf("without an id, while another node is at it: %v", err)
	}
	close(g.open)
	at.Wait()
	a.wantEvents(r.ID, happy...)
}

// beforehand does something once, right before a message is left.
type beforehand struct {
	engine.Store
	once sync.Once
	do   func()
}

func (s *beforehand) Apply(ctx context.Context, batch []engine.Write) error {
	for _, w := range batch {
		if in, ok := w.(engine.AddInbound); ok && !in.Inbound.Taken {
			s.once.Do(s.do)
		}
	}
	return s.Store.Apply(ctx, batch)
}

func TestMessageIsHeardThoughTheOtherNodeLetGoJustBeforeItWasLeft(t *testing.T) {
	a, _ := twoNodes(t)
	r := a.begin(order{})
	g := a.gate("check")
	var at sync.WaitGroup
	at.Go(func() { a.tell(r.ID, "confirmed", "c", said{}) })
	<-g.reached
	b := buildOver(t, &beforehand{Store: a.store, do: func() { close(g.open); at.Wait() }}, newWorld(a.clock), engine.Options{Node: "b"})
	b.tell(r.ID, "paid", "p", said{Minor: 1})
	a.settle()
	a.wantEvents(r.ID, "started begin", "said reserve", "skipped extra", "heard confirmed", "said check", "said pay", "heard paid", "said tell")
}

func TestStopWaitsForTheWordsInFlightAndBeginsNothing(t *testing.T) {
	h := build(t)
	h.Start()
	g := h.gate("reserve")
	id := engine.NewID()
	var begun sync.WaitGroup
	begun.Go(func() {
		if _, err := h.Begin(context.Background(), engine.Beginning{Flow: "toy", ID: id, State: order{Extra: true}}); err != nil {
			t.Error(err)
		}
	})
	<-g.reached
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := h.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("it did not wait: %v", err)
	}
	if _, err := h.Begin(t.Context(), engine.Beginning{Flow: "toy", State: order{}}); parley.KindOf(err) != parley.KindUnavailable {
		t.Errorf("begun after the end: %v", err)
	}
	if _, err := h.Tell(t.Context(), engine.Message{Run: id, Step: "noted", Body: said{}}); parley.KindOf(err) != parley.KindUnavailable {
		t.Errorf("told after the end: %v", err)
	}
	if n, err := h.Work(t.Context()); n != 0 || err != nil {
		t.Errorf("worked after the end: %d %v", n, err)
	}
	close(g.open)
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun.Wait()
	h.wantEvents(id, "started begin", "said reserve")

	next := buildOver(t, h.store, h.world, engine.Options{Alone: true})
	next.settle()
	next.tell(id, "confirmed", "c", said{})
	next.tell(id, "paid", "p", said{Minor: 1})
	next.wantStatus(id, engine.StatusDone)
	if n := len(h.world.said(id, "reserve")); n != 1 {
		t.Errorf("reserve was said %d times", n)
	}
}

func TestStartedEngineDoesWhatIsDueByItself(t *testing.T) {
	w := newWorld(newClock())
	s := openStore(t)
	w.script["reserve"] = []string{"refused"}
	e, err := engine.New(t.Context(), engine.Options{Store: s, Tables: []*engine.Table{toyFlow(w).Table()}, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	e.Start()
	r, err := e.Begin(t.Context(), engine.Beginning{Flow: "toy", State: order{}})
	if err != nil {
		t.Fatal(err)
	}
	w.script["check"] = []string{"refused"}
	r2, err := e.Begin(t.Context(), engine.Beginning{Flow: "toy", State: order{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Tell(t.Context(), engine.Message{Run: r2.ID, Step: "confirmed", Body: said{}, Later: true}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{r.ID, r2.ID} { // taking back is left to the worker
		if _, err := e.Await(t.Context(), id, func(r engine.Run) bool { return r.Status == engine.StatusRefused }); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, w, r2.ID)
}
