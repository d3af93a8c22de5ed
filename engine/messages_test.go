package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

func (h *house) ask(run, id, fingerprint string) (engine.Receipt, error) {
	return h.Tell(context.Background(), engine.Message{Run: run, Step: "confirmed", Source: "them", ID: id, Fingerprint: fingerprint, Body: said{}, Asks: true})
}

func TestQuestionIsAnsweredTheSameForEveryRepetition(t *testing.T) {
	h := build(t)
	h.world.script["check"] = []string{"unheard"} // so that the verdict comes later
	r := h.begin(order{})
	first, err := h.ask(r.ID, "q", "f")
	if err != nil || first.Answer != nil {
		t.Fatalf("%+v %v", first, err)
	}
	answers := make(chan string, 1)
	go func() {
		a, err := h.AwaitAnswer(context.Background(), r.ID, "them", "q")
		answers <- fmt.Sprint(string(a), err)
	}()
	h.pass(time.Second)
	if got := <-answers; got != `"welcome"<nil>` {
		t.Errorf("the answer is %s", got)
	}
	for range 3 {
		again, err := h.ask(r.ID, "q", "f")
		if err != nil || !again.Duplicate || string(again.Answer) != `"welcome"` || again.Run.ID != r.ID {
			t.Errorf("%+v %v", again, err)
		}
	}
	if _, err := h.ask(r.ID, "q", "g"); parley.KindOf(err) != parley.KindConflict {
		t.Errorf("the same id with another meaning: %v", err)
	}
	if n := len(h.world.said(r.ID, "check")); n != 2 {
		t.Errorf("checked %d times", n)
	}
}

func TestAnswerIsRecordedInTheTransactionThatDecidesIt(t *testing.T) {
	h := build(t)
	watched := &watchful{Store: h.store}
	h = buildOver(t, watched, h.world, engine.Options{})
	r := h.begin(order{})
	if _, err := h.ask(r.ID, "q", ""); err != nil {
		t.Fatal(err)
	}
	for _, batch := range watched.batches {
		var answered, decided bool
		for _, w := range batch {
			switch w := w.(type) {
			case engine.AnswerInbound:
				answered = true
			case engine.AddEvent:
				decided = decided || w.Event.Step == "check"
			}
		}
		if answered != decided {
			t.Errorf("answered %t and decided %t in one transaction", answered, decided)
		}
	}
}

// watchful remembers what was written.
type watchful struct {
	engine.Store
	mu      sync.Mutex
	batches [][]engine.Write
}

func (w *watchful) Apply(ctx context.Context, batch []engine.Write) error {
	w.mu.Lock()
	w.batches = append(w.batches, batch)
	w.mu.Unlock()
	return w.Store.Apply(ctx, batch)
}

func TestQuestionToARefusedRunIsAnsweredWithTheRefusal(t *testing.T) {
	h := build(t)
	h.world.script["reserve"] = []string{"refused"}
	r := h.begin(order{})
	got, err := h.ask(r.ID, "q", "")
	if err != nil || !got.Passed || string(got.Answer) != `"refused"` {
		t.Fatalf("%+v %v", got, err)
	}
	if again, err := h.ask(r.ID, "q", ""); err != nil || string(again.Answer) != `"refused"` {
		t.Errorf("%+v %v", again, err)
	}
}

func TestAskingWhereNothingIsAnsweredIsHeardLikeAnyMessage(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "noted", Source: "them", ID: "n", Body: said{}, Asks: true}); err != nil {
		t.Fatal(err)
	}
	if h.memory(r.ID).Notes != 1 {
		t.Error("the note was not heard")
	}
}

func TestEarlyMessageWaitsForItsTurn(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	if got := h.tell(r.ID, "paid", "p", said{Minor: 9}); !got.Waiting {
		t.Fatalf("%+v", got)
	}
	if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "paid", Body: said{}}); parley.KindOf(err) != parley.KindConflict {
		t.Errorf("an early message without an id: %v", err)
	}
	if got := h.tell(r.ID, "confirmed", "c", said{}).Run; got.Status != engine.StatusDone {
		t.Errorf("the run is %s", got.Status)
	}
	h.wantEvents(r.ID, happy...)
}

func TestUnknownArrowAndUnreadableMessageAreInvalid(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	for _, m := range []engine.Message{
		{Run: r.ID, Step: "nonsense", Source: "them", ID: "1"},
		{Run: r.ID, Step: "confirmed", Source: "them", ID: "2", Body: []int{1}},
	} {
		if _, err := h.Tell(t.Context(), m); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%s: %v", m.Step, err)
		}
	}
	if _, err := h.Tell(t.Context(), engine.Message{Run: "none", Step: "confirmed"}); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("no such run: %v", err)
	}
	h.tell(r.ID, "confirmed", "2", said{}) // nothing was kept of what could not be read
}

func TestEarlyMessageThatCannotBeReadDoesNotBlockTheRun(t *testing.T) {
	for _, bad := range []any{[]int{1}, said{Minor: 13}} {
		h := build(t)
		h.world.script["reserve"] = []string{"unheard"}
		r := h.begin(order{})
		if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "confirmed", Source: "them", ID: "bad", Body: bad}); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Second)
		if h.run(r.ID).Attention == "" {
			t.Error("nobody was called")
		}
		h.tell(r.ID, "confirmed", "good", said{})
		h.tell(r.ID, "paid", "p", said{Minor: 1})
		h.wantStatus(r.ID, engine.StatusDone)
		check(t, h.store, h.world, r.ID)
	}
}

func TestPanicWhileHearingIsAnErrorAndLetsGoOfTheRun(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "confirmed", Source: "them", ID: "1", Body: said{Minor: 13}}); err == nil {
		t.Error("the panic was swallowed")
	}
	h.tell(r.ID, "confirmed", "2", said{})
}

func TestPanicInAStepIsALostAnswer(t *testing.T) {
	h := build(t)
	h.world.script["reserve"] = []string{"panic"}
	r := h.begin(order{})
	h.pass(time.Second)
	h.wantEvents(r.ID, "started begin", "unknown reserve", "said reserve", "skipped extra")
}

func TestAnytimeIsHeardWhereverTheRunStands(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	h.tell(r.ID, "noted", "1", said{})
	h.tell(r.ID, "confirmed", "c", said{})
	h.tell(r.ID, "noted", "2", said{})
	h.tell(r.ID, "paid", "p", said{Minor: 1})
	h.tell(r.ID, "noted", "3", said{})
	h.tell(r.ID, "noted", "3", said{})
	if n := h.memory(r.ID).Notes; n != 3 {
		t.Errorf("%d notes", n)
	}
	h.pass(time.Hour)
	h.wantStatus(r.ID, engine.StatusDone)
	check(t, h.store, h.world, r.ID)
}

// gate makes an arrow stop until it is opened.
type gate struct{ reached, open chan struct{} }

func (h *house) gate(name string) gate {
	g := gate{make(chan struct{}), make(chan struct{})}
	var once sync.Once
	h.world.before = func(n string) {
		if n == name {
			once.Do(func() { close(g.reached); <-g.open })
		}
	}
	return g
}

func TestAnytimeAndACallInFlightBothLeaveTheirMark(t *testing.T) {
	for _, id := range []string{"n", ""} {
		t.Run("id "+id, func(t *testing.T) {
			h := build(t)
			r := h.begin(order{})
			g := h.gate("check")
			var both sync.WaitGroup
			both.Go(func() { h.tell(r.ID, "confirmed", "c", said{}) })
			<-g.reached
			both.Go(func() { h.tell(r.ID, "noted", id, said{}) })
			if id != "" { // what has an id is safe at once
				for {
					if _, ok, err := h.store.Inbound(t.Context(), "them", id); ok || err != nil {
						break
					}
				}
			}
			close(g.open)
			both.Wait()
			h.Idle()
			if m := h.memory(r.ID); m.Notes != 1 || m.Verdict != "welcome" {
				t.Errorf("remembers %+v", m)
			}
			h.tell(r.ID, "paid", "p", said{Minor: 1})
			h.wantStatus(r.ID, engine.StatusDone)
			check(t, h.store, h.world, r.ID)
		})
	}
}

func TestAnytimeIsHeardWhileACallWaitsToBeSaidAgain(t *testing.T) {
	h := build(t)
	h.world.script["tell"] = []string{"unheard", "unheard"}
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	g := h.gate("tell")
	var both sync.WaitGroup
	both.Go(func() { h.tell(r.ID, "paid", "p", said{Minor: 1}) })
	<-g.reached
	if got := h.tell(r.ID, "noted", "n", said{}); !got.Waiting {
		t.Errorf("%+v", got)
	}
	close(g.open)
	both.Wait() // and does not look for ever for somebody to hear the note
	h.Idle()
	if n := h.memory(r.ID).Notes; n != 1 {
		t.Errorf("%d notes while the call waits", n)
	}
	h.pass(time.Minute)
	h.wantStatus(r.ID, engine.StatusDone)
	if m := h.memory(r.ID); m.Notes != 1 || m.Told == "" {
		t.Errorf("remembers %+v", m)
	}
}

func TestMessageWithoutAnIDWaitsForTheCallInFlight(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	g := h.gate("check")
	reads := &counting{Store: h.store}
	var both sync.WaitGroup
	h2 := buildOver(t, reads, h.world, engine.Options{})
	both.Go(func() { h2.tell(r.ID, "confirmed", "c", said{}) })
	<-g.reached
	before := reads.count()
	told := make(chan struct{})
	both.Go(func() { h2.tell(r.ID, "noted", "", said{}); close(told) })
	for reads.count() == before { // it has looked once, and waits now
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	if n := reads.count() - before; n > 5 {
		t.Errorf("it reads the run again and again while it waits: %d times in 20 ms", n)
	}
	select {
	case <-told:
		t.Error("told while the call was in flight")
	default:
	}
	close(g.open)
	both.Wait()
	if n := h.memory(r.ID).Notes; n != 1 {
		t.Errorf("%d notes", n)
	}
}

// counting counts how often a run is read.
type counting struct {
	engine.Store
	mu sync.Mutex
	n  int
}

func (c *counting) Run(ctx context.Context, id string) (engine.Run, engine.Job, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return c.Store.Run(ctx, id)
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// expired is a run whose wait ended, so that what is told of its payment is late.
func (h *house) expired() engine.Run {
	h.t.Helper()
	r := h.begin(order{})
	h.pass(10 * time.Minute)
	h.wantStatus(r.ID, engine.StatusRefused)
	return r
}

// crowd does something 64 times at once.
func crowd(do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 64 {
		wg.Go(func() { <-start; do(i) })
	}
	close(start)
	wg.Wait()
}

func TestLateMessageBeginsExactlyOneRun(t *testing.T) {
	for name, id := range map[string]func(int) string{
		"repeated":                    func(int) string { return "p" },
		"under an id of its own each": func(i int) string { return fmt.Sprint("p", i) }, // the same payment, told anew
	} {
		t.Run(name, func(t *testing.T) {
			h := build(t)
			r := h.expired()
			crowd(func(i int) { h.tell(r.ID, "paid", id(i), said{Minor: 3}) })
			h.Idle()
			h.settle()
			after, err := h.store.RunByStartKey(t.Context(), "after", r.ID)
			if err != nil || after.Status != engine.StatusDone {
				t.Fatalf("%+v %v", after, err)
			}
			if n := len(h.world.said("", "book")); n != 1 {
				t.Errorf("booked %d times", n)
			}
			left, err := h.store.Pending(t.Context(), r.ID)
			if err != nil || len(left) != 0 {
				t.Errorf("left in the inbox: %v, %v", left, err)
			}
			h.wantStatus(r.ID, engine.StatusRefused)
			check(t, h.store, h.world, r.ID)
		})
	}
}

func TestOneStartKeyBeginsOneRun(t *testing.T) {
	h := build(t)
	ids := make([]string, 64)
	crowd(func(i int) {
		r, err := h.Begin(context.Background(), engine.Beginning{Flow: "toy", Key: "k", State: order{}})
		if err != nil {
			t.Error(err)
		}
		ids[i] = r.ID
	})
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("runs %s and %s", id, ids[0])
		}
	}
	if n := len(h.world.said("", "reserve")); n != 1 {
		t.Errorf("reserved %d times", n)
	}
	check(t, h.store, h.world, ids[0])
}

func TestConflictOverWhatABeginningWritesIsSaid(t *testing.T) {
	h := build(t)
	_, err := h.Begin(t.Context(), engine.Beginning{Flow: "toy", Key: "k", State: order{}, With: []engine.Write{engine.TakeInbound{Source: "no", ID: "such"}}})
	if parley.KindOf(err) != parley.KindConflict {
		t.Errorf("%v", err)
	}
}

func TestOneMessageIsActedOnOnceHoweverManyTellIt(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	crowd(func(i int) { h.tell(r.ID, "noted", "n", said{}) })
	crowd(func(i int) { h.tell(r.ID, "confirmed", "c", said{}) })
	h.Idle()
	crowd(func(i int) { h.tell(r.ID, "paid", "p", said{Minor: 5}) })
	h.Idle()
	if m := h.memory(r.ID); m.Notes != 1 || m.Paid != 5 {
		t.Errorf("remembers %+v", m)
	}
	want := slices.Insert(slices.Clone(happy), 3, "heard noted")
	h.wantEvents(r.ID, want...)
}

func TestAwaitWakesWhenTheRunChanges(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	awaiting := make(chan struct{})
	var once sync.Once
	woken := make(chan error, 1)
	go func() {
		_, err := h.Await(context.Background(), r.ID, func(r engine.Run) bool {
			once.Do(func() { close(awaiting) })
			return r.Status == engine.StatusDone
		})
		woken <- err
	}()
	<-awaiting
	h.tell(r.ID, "confirmed", "c", said{})
	h.tell(r.ID, "paid", "p", said{Minor: 1})
	begun := time.Now()
	if err := <-woken; err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 800*time.Millisecond { // the poll comes once a second
		t.Errorf("it took %s to wake", took)
	}
}

func TestAwaitReturnsTheRunAsItWasLastSeenWhenItsTimeEnds(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		got, err := h.Await(ctx, r.ID, func(engine.Run) bool { cancel(); return false })
		if !errors.Is(err, context.Canceled) || got.ID != r.ID {
			t.Fatalf("%+v %v", got, err)
		}
	}
}
