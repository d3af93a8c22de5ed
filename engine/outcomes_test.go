package engine_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

func TestRunGoesFromStartToEnd(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	if r.Status != engine.StatusOpen || r.Step != 3 {
		t.Fatalf("after the first call the run is %s before row %d", r.Status, r.Step)
	}
	h.tell(r.ID, "confirmed", "c", said{})
	got := h.tell(r.ID, "paid", "p", said{Minor: 100}).Run
	if got.Status != engine.StatusDone {
		t.Fatalf("the run is %s", got.Status)
	}
	if m := h.memory(r.ID); m.Paid != 100 || m.Verdict != "welcome" {
		t.Errorf("the run remembers %+v", m)
	}
	h.wantEvents(r.ID, happy...)
	// What is optional is drawn when it comes.
	h.tell(r.ID, "token", "", said{})
	h.tell(r.ID, "reversed", "r", said{})
	h.wantEvents(r.ID, append(slices.Clone(happy), "said token", "heard reversed")...)
	h.wantStatus(r.ID, engine.StatusDone)
}

func TestStepIsSkippedUnlessItsConditionHolds(t *testing.T) {
	h := build(t)
	r := h.begin(order{Extra: true})
	h.wantEvents(r.ID, "started begin", "said reserve", "said extra")
}

func TestRefusedCallIsFollowedByTakingBackTheOthersInReverse(t *testing.T) {
	for _, c := range []struct {
		refused string
		undos   []string
	}{
		{"reserve", nil},
		{"extra", []string{"release"}},
		{"check", []string{"drop extra", "release"}},
		{"pay", []string{"uncheck", "drop extra", "release"}},
	} {
		t.Run(c.refused, func(t *testing.T) {
			h := build(t)
			h.world.script[c.refused] = []string{"refused"}
			for _, u := range c.undos { // each is heard only at the fifth try
				h.world.script[u] = []string{"unheard", "unknown", "refused", "panic"}
			}
			r := h.begin(order{Extra: true})
			if r.Refusal == nil {
				h.tell(r.ID, "confirmed", "c", said{})
			}
			h.pass(time.Hour)
			h.wantStatus(r.ID, engine.StatusRefused)
			if no := h.run(r.ID).Refusal; no == nil || no.Code != c.refused {
				t.Errorf("the refusal is %v", no)
			}
			var undone []string
			for _, e := range h.events(r.ID) {
				if len(e) > 7 && e[:7] == "undone " {
					undone = append(undone, e[7:])
				}
			}
			if !slices.Equal(undone, c.undos) {
				t.Errorf("taken back: %q, want %q", undone, c.undos)
			}
			for _, u := range c.undos {
				if n := len(h.world.said(r.ID, u)); n != 5 {
					t.Errorf("%s was said %d times", u, n)
				}
			}
			h.tell(r.ID, "sorry", "", said{})
			if !h.run(r.ID).Closed {
				t.Error("the arrow that ends the run was not drawn")
			}
			check(t, h.store, h.world, r.ID)
		})
	}
}

func TestLostAnswerIsAskedThriceAndThenTakenBack(t *testing.T) {
	h := build(t)
	h.world.always["reserve"] = "unknown"
	r := h.begin(order{})
	h.pass(time.Minute)
	h.wantStatus(r.ID, engine.StatusRefused)
	tries := h.world.said(r.ID, "reserve")
	if len(tries) != 3 || tries[0].Attempt != 1 || tries[2].Attempt != 3 {
		t.Fatalf("reserve was said like this: %+v", tries)
	}
	if n := len(h.world.said(r.ID, "release")); n != 1 {
		t.Errorf("release was said %d times", n)
	}
	h.wantEvents(r.ID, "started begin", "unknown reserve", "unknown reserve", "undone release")
	attempts, err := h.store.Attempts(t.Context(), r.ID)
	if err != nil || len(attempts) != 2 {
		t.Errorf("attempts %+v, %v", attempts, err)
	}
}

func TestRefusalAfterALostAnswerIsTakenBack(t *testing.T) {
	h := build(t)
	h.world.script["reserve"] = []string{"unknown", "refused"} // the first may have been accepted
	r := h.begin(order{})
	h.pass(time.Minute)
	h.wantEvents(r.ID, "started begin", "unknown reserve", "refused reserve", "undone release")
}

func TestWhatWasCertainlyNotHeardIsNotTakenBack(t *testing.T) {
	h := build(t)
	h.world.always["reserve"] = "unheard"
	r := h.begin(order{})
	h.pass(time.Minute)
	h.wantEvents(r.ID, "started begin", "unheard reserve", "unheard reserve")
	if len(h.world.said(r.ID, "reserve")) != 3 || len(h.world.said(r.ID, "release")) != 0 {
		t.Errorf("said %q", h.world.names())
	}
	h.wantStatus(r.ID, engine.StatusRefused)
}

func TestPivotWhoseAnswerWasLostGoesOnAndIsNotSaidAnew(t *testing.T) {
	for _, lost := range []string{"unknown", "panic"} {
		h := build(t)
		h.world.always["pay"] = lost
		r := h.begin(order{})
		h.tell(r.ID, "confirmed", "c", said{})
		if got := h.run(r.ID); got.Status != engine.StatusOpen || got.Step != 6 {
			t.Fatalf("the run is %s before row %d", got.Status, got.Step)
		}
		h.tell(r.ID, "paid", "p", said{Minor: 1})
		h.pass(100 * time.Hour)
		h.wantEvents(r.ID, "started begin", "said reserve", "skipped extra", "heard confirmed", "said check", "unknown pay", "heard paid", "said tell")
		if n := len(h.world.said(r.ID, "pay")); n != 1 {
			t.Errorf("the payment was started %d times", n)
		}
	}
}

func TestOtherSidesWordTurnsTheRunBackAfterThePivot(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	h.tell(r.ID, "paid", "p", said{Deny: true})
	h.pass(time.Second)
	h.wantEvents(r.ID, "started begin", "said reserve", "skipped extra", "heard confirmed", "said check", "said pay", "refused paid", "undone uncheck", "undone release")
}

func TestWhatMustBeHeardIsSaidUntilItIsHeardWithOneKey(t *testing.T) {
	h := build(t)
	for range 4 {
		h.world.script["tell"] = append(h.world.script["tell"], "refused", "unknown", "unheard", "panic")
	}
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	h.tell(r.ID, "paid", "p", said{Minor: 1})
	attention := false
	for range 40 {
		if due, ok, _ := h.NextDue(t.Context()); ok {
			h.clock.moveTo(due)
		}
		h.settle()
		if r := h.run(r.ID); r.Attention != "" {
			attention = true
		} else if attention && r.Status != engine.StatusDone {
			t.Error("the call for attention was taken back before the arrow was heard")
		}
	}
	h.wantStatus(r.ID, engine.StatusDone)
	tries := h.world.said(r.ID, "tell")
	if len(tries) != 17 {
		t.Fatalf("said %d times", len(tries))
	}
	gap := time.Duration(0)
	for i := 1; i < len(tries); i++ {
		next := tries[i].At.Sub(tries[i-1].At)
		if next < gap || next > time.Hour+12*time.Minute {
			t.Errorf("after %s came %s", gap, next)
		}
		gap = next
	}
	if !attention || h.run(r.ID).Attention != "" {
		t.Errorf("attention was called: %t, and is now %q", attention, h.run(r.ID).Attention)
	}
	check(t, h.store, h.world, r.ID)
}

func TestPersonIsCalledAlsoWhenTheHourPassedWhileWeWereDown(t *testing.T) {
	h := build(t)
	h.world.always["tell"] = "unheard"
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	h.tell(r.ID, "paid", "p", said{Minor: 1})
	h.clock.move(3 * time.Hour) // nobody works in the meantime
	h.settle()
	if h.run(r.ID).Attention == "" {
		t.Error("nobody was called")
	}
}

func TestNotYetIsAskedAgainAndDrawnOnlyWhenItIsDone(t *testing.T) {
	h := build(t)
	h.world.script["tell"] = []string{"not yet", "not yet", "not yet"}
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	h.tell(r.ID, "paid", "p", said{Minor: 1})
	h.pass(time.Hour)
	h.wantEvents(r.ID, happy...)
	if n := len(h.world.said(r.ID, "tell")); n != 4 {
		t.Errorf("said %d times", n)
	}
}

func TestWaitEndsWhenItsTimeIsOver(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	h.pass(10*time.Minute - time.Millisecond)
	h.wantStatus(r.ID, engine.StatusOpen)
	h.pass(time.Millisecond)
	h.wantEvents(r.ID, "started begin", "said reserve", "skipped extra", "expired confirmed", "undone release")
	if no := h.run(r.ID).Refusal; no.Status != parley.StatusExpired {
		t.Errorf("refused as %v", no)
	}
}

func TestImpatientWaitAsksAndThenCallsAPersonAndStillHears(t *testing.T) {
	h := build(t)
	h.world.always["ask paid"] = "not yet"
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	begun := h.clock.now()
	h.pass(time.Hour)
	asks := h.world.said(r.ID, "ask paid")
	if len(asks) != 2 || asks[0].At.Sub(begun) != 5*time.Second || asks[1].At.Sub(asks[0].At) != time.Minute {
		t.Fatalf("asked %+v", asks)
	}
	if got := h.run(r.ID); got.Attention == "" || got.Status != engine.StatusOpen {
		t.Fatalf("the run is %s, attention %q", got.Status, got.Attention)
	}
	check(t, h.store, h.world, r.ID)
	h.tell(r.ID, "paid", "p", said{Minor: 5})
	h.wantStatus(r.ID, engine.StatusDone)
	if got := h.run(r.ID).Attention; got != "" {
		t.Errorf("it was heard, and attention is still called: %q", got)
	}
}

func TestImpatientWaitIsOverWhenTheAnswerIsYes(t *testing.T) {
	h := build(t)
	h.world.script["ask paid"] = []string{"unknown"}
	r := h.begin(order{})
	h.tell(r.ID, "confirmed", "c", said{})
	h.pass(2 * time.Minute)
	h.wantEvents(r.ID, happy...)
	if h.memory(r.ID).Paid != 7 {
		t.Errorf("remembers %+v", h.memory(r.ID))
	}
}

// Whether there is another question to come is drawn by lot once, at the edge of a policy's time: deciding it twice could leave a
// run without a job and without anybody called.
func TestEndOfAskingIsDecidedOnce(t *testing.T) {
	c := newClock()
	w := newWorld(c)
	w.always["ask"] = "not yet"
	var lots float64
	flow := engine.Flow[order]{Name: "edge", Version: 1, Server: us, Parties: []engine.Party{us, them}, Steps: []engine.Step[order]{
		engine.Start[order](them, us, "begin"),
		engine.Wait(them, us, "word", func(t engine.Turn, s order, m said) (order, engine.Outcome) { return s, engine.Done() }).
			Ask(engine.Policy{Delays: []time.Duration{time.Minute}, Then: 10 * time.Minute, For: 11 * time.Minute}, func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
				return s, w.say(ctx, "ask", t)
			}),
	}}
	st := openStore(t)
	e, err := engine.New(t.Context(), engine.Options{Store: st, Tables: []*engine.Table{flow.Table()}, Now: c.now, Log: slog.New(slog.DiscardHandler), Alone: true,
		Random: func() float64 { lots = 1 - lots; return 1 - lots }}) // 0, 1, 0, 1 ...
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: st, clock: c, world: w, Engine: e}
	for range 4 {
		r, err := e.Begin(t.Context(), engine.Beginning{Flow: "edge", State: order{}})
		if err != nil {
			t.Fatal(err)
		}
		h.pass(2 * time.Hour)
		got, job, err := st.Run(t.Context(), r.ID)
		if err != nil || job.Run == "" && got.Attention == "" {
			t.Fatalf("nobody asks, and nobody is called: %+v %v", got, err)
		}
		e.Begin(t.Context(), engine.Beginning{Flow: "edge", ID: r.ID + "x"}) // shifts the lots by one
	}
}

// A run that has nobody to ask sleeps until it is told or its time is over; one that has asks, and remembers what it learned although
// there is nothing to draw yet.
func TestOnlyWhoHasSomebodyToAskAsksAndWhatWasLearnedIsKept(t *testing.T) {
	c := newClock()
	w := newWorld(c)
	flow := engine.Flow[order]{Name: "collect", Version: 1, Server: us, Parties: []engine.Party{us, them}, Steps: []engine.Step[order]{
		engine.Start[order](them, us, "begin"),
		engine.Wait(them, us, "word", func(t engine.Turn, s order, m said) (order, engine.Outcome) { return s, engine.Done() }).
			Within(time.Minute).
			AskIf("extra is wanted", func(s order) bool {
				if s.Paid == 13 {
					panic("thirteen")
				}
				return s.Extra
			}, engine.Policy{Then: 2 * time.Second}, func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
				s.Notes++ // what it knows by now
				o := w.say(ctx, "ask", t)
				if s.Notes == 4 {
					s.Extra = false // and there is nobody to ask any more
				}
				return s, o
			}),
	}}
	table := flow.Table()
	if page := table.Page(); !strings.Contains(page, "meanwhile we ask, when extra is wanted: every 2 s") {
		t.Errorf("the page does not say when is asked:\n%s", page)
	}
	st := openStore(t)
	e, err := engine.New(t.Context(), engine.Options{Store: st, Tables: []*engine.Table{table}, Now: c.now, Log: slog.New(slog.DiscardHandler), Alone: true,
		Random: func() float64 { return 0.5 }})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: st, clock: c, world: w, Engine: e}
	begin := func(s order) engine.Run {
		r, err := e.Begin(t.Context(), engine.Beginning{Flow: "collect", State: s})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	notes := func(run string) int {
		r, err := e.Run(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		s, err := flow.Read(r)
		if err != nil {
			t.Fatal(err)
		}
		return s.Notes
	}

	silent := begin(order{})
	if due, ok, err := e.NextDue(t.Context()); err != nil || !ok || due.Sub(c.now()) != time.Minute {
		t.Errorf("who has nobody to ask wakes up at %v (%v)", due, err)
	}
	w.script["ask"] = []string{"not yet", "unknown", "unheard", "not yet", "not yet", "not yet"}
	asking := begin(order{Extra: true})
	// What was learned is lost with an answer that was lost, and kept otherwise; the first time it is 1, and then 2 until it is asked well.
	for i, want := range []int{1, 1, 1, 2, 3, 4} {
		h.pass(2 * time.Second)
		if got := notes(asking.ID); got != want {
			t.Errorf("after question %d it remembers %d, not %d", i+1, got, want)
		}
	}
	h.wantEvents(asking.ID, "started begin")
	h.pass(20 * time.Second)
	if n := len(w.said(asking.ID, "ask")); n != 6 || len(w.said(silent.ID, "ask")) != 0 {
		t.Errorf("asked %d times, and who has nobody to ask %d times", n, len(w.said(silent.ID, "ask")))
	}
	h.pass(time.Minute)
	h.wantEvents(asking.ID, "started begin", "expired word")
	h.wantEvents(silent.ID, "started begin", "expired word")

	w.script["ask"] = []string{"not yet", "refused"}
	no := begin(order{Extra: true})
	h.pass(4 * time.Second)
	h.wantEvents(no.ID, "started begin", "refused word")
	yes := begin(order{Extra: true})
	h.pass(2 * time.Second)
	h.wantEvents(yes.ID, "started begin", "heard word")

	// A message that comes while nobody is asking finds what was learned.
	w.always["ask"] = "not yet"
	told := begin(order{Extra: true})
	h.pass(2 * time.Second)
	h.tell(told.ID, "word", "1", said{})
	if got := notes(told.ID); got != 1 {
		t.Errorf("the message found %d", got)
	}
	h.wantEvents(told.ID, "started begin", "heard word")

	if _, err := e.Begin(t.Context(), engine.Beginning{Flow: "collect", State: order{Paid: 13}}); err == nil || !strings.Contains(err.Error(), "thirteen") {
		t.Errorf("a condition that panics: %v", err)
	}
}
