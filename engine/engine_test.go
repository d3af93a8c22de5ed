package engine_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/store"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		f.Value.Set("15") // enough for each run of the tests; -rapid.checks=5000 for a night
	}
	goleak.VerifyTestMain(m)
}

// order is what a run of the toy flow remembers.
type order struct {
	Extra    bool   // the optional call is wanted
	Verdict  string // the answer to whoever confirmed
	Paid     int
	Notes    int
	Told     string
	Tokens   int
	Refusals int
}

// said is what the toy flow's messages say.
type said struct {
	Deny  bool
	Minor int
}

const (
	us   engine.Party = "Us"
	them engine.Party = "Them"
)

// sent is something that a world heard us say.
type sent struct {
	Run, Name, Key string
	Attempt        int
	At             time.Time
	Result         string
}

// world is the other side of the toy flow: it remembers what it was told, and answers as it is scripted.
type world struct {
	clock *clock

	mu     sync.Mutex
	sent   []sent
	script map[string][]string // what is answered to the next repetitions of an arrow; when it is used up, "done"
	always map[string]string   // what is answered to every repetition
	before func(name string)   // called before the words arrive
	after  func(name string)   // called when they have
	died   bool                // a process died: what was under way then may have been said, as far as the next one knows
}

func (w *world) say(ctx context.Context, name string, t engine.Turn) engine.Outcome {
	if w.before != nil {
		w.before(name)
	}
	w.mu.Lock()
	result := cmp.Or(w.always[name], "done")
	if left := w.script[name]; len(left) > 0 {
		result, w.script[name] = left[0], left[1:]
	}
	w.sent = append(w.sent, sent{t.Run, name, t.Key, t.Attempt, t.Now, result})
	w.mu.Unlock()
	if w.after != nil {
		w.after(name)
	}
	switch result {
	case "refused":
		return engine.Refused(&parley.Refusal{By: string(them), Status: parley.StatusBankRefusal, Code: name})
	case "unknown":
		return engine.Unknown(errors.New("the answer was lost"))
	case "unheard":
		return engine.Unheard(errors.New("nobody there"))
	case "not yet":
		return engine.NotYet("later")
	case "panic":
		panic("the step fell over")
	}
	return engine.Done()
}

// said lists what was said under a name, of every run when run is empty.
func (w *world) said(run, name string) []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []sent
	for _, s := range w.sent {
		if s.Name == name && (run == "" || s.Run == run) {
			out = append(out, s)
		}
	}
	return out
}

func (w *world) names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, s := range w.sent {
		out = append(out, s.Name)
	}
	return out
}

// toyFlow is one of each: a call that can be taken back, a condition, a wait with a question and an end, a pivot, a wait that
// asks and that may be told late, a call that is said until it is heard, and arrows that need not come.
func toyFlow(w *world) engine.Flow[order] {
	call := func(name string) func(context.Context, engine.Turn, order) (order, engine.Outcome) {
		return func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
			return s, w.say(ctx, name, t)
		}
	}
	return engine.Flow[order]{
		Name: "toy", Title: "Toy", Version: 1, Server: us, Parties: []engine.Party{us, them},
		Steps: []engine.Step[order]{
			engine.Start[order](them, us, "begin"),
			engine.Call(us, them, "reserve", call("reserve")).Undo("release", call("release")),
			engine.Call(us, them, "extra", call("extra")).If("extra is wanted", func(s order) bool { return s.Extra }).Undo("drop extra", call("drop extra")),
			engine.Wait(them, us, "confirmed", func(t engine.Turn, s order, m said) (order, engine.Outcome) {
				if m.Minor == 13 {
					panic("thirteen")
				}
				if m.Deny {
					return s, engine.Refused(&parley.Refusal{By: string(them), Status: parley.StatusCancelledByUser})
				}
				return s, engine.Done()
			}).Within(10 * time.Minute).Question(func(s order) (any, bool) { return s.Verdict, s.Verdict != "" }),
			engine.Call(us, them, "check", func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
				o := w.say(ctx, "check", t)
				if o.IsDone() {
					s.Verdict = "welcome"
				}
				return s, o
			}).Undo("uncheck", call("uncheck")),
			engine.Call(us, them, "pay", call("pay")).Pivot(),
			engine.Late(engine.Wait(them, us, "paid", func(t engine.Turn, s order, m said) (order, engine.Outcome) {
				if m.Deny {
					return s, engine.Refused(&parley.Refusal{By: string(them), Status: parley.StatusBankRefusal})
				}
				s.Paid += m.Minor
				return s, engine.Done()
			}).Ask(engine.Policy{Delays: []time.Duration{5 * time.Second, time.Minute}}, func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
				o := w.say(ctx, "ask paid", t)
				if o.IsDone() {
					s.Paid += 7
				}
				return s, o
			}), func(t engine.Turn, s order, m said) engine.Outcome {
				return engine.Done().Begin(engine.Beginning{Flow: "after", Key: t.Run, State: order{Paid: m.Minor}})
			}),
			engine.Call(us, them, "tell", func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
				o := w.say(ctx, "tell", t)
				s.Told = t.Key
				return s, o
			}).Retry(engine.UntilHeard),
			engine.Wait(them, us, "noted", func(t engine.Turn, s order, m said) (order, engine.Outcome) {
				s.Notes++
				return s, engine.Done()
			}).Anytime(),
			engine.Answer(us, them, "token", func(t engine.Turn, s order, m said) (order, engine.Outcome) {
				s.Tokens++
				return s, engine.Done()
			}).Optional(),
			engine.Wait(them, us, "reversed", func(t engine.Turn, s order, m said) (order, engine.Outcome) { return s, engine.Done() }).Optional(),
		},
		Refused: engine.Answer(us, them, "sorry", func(t engine.Turn, s order, m said) (order, engine.Outcome) { return s, engine.Done() }),
		Refuse: func(t engine.Turn, s order, no *parley.Refusal) (order, []engine.Write) {
			s.Verdict = "refused"
			s.Refusals++
			return s, nil
		},
	}
}

// afterFlow is what a payment that came late begins.
func afterFlow(w *world) engine.Flow[order] {
	return engine.Flow[order]{Name: "after", Title: "After", Version: 1, Server: us, Parties: []engine.Party{us, them},
		Steps: []engine.Step[order]{
			engine.Start[order](them, us, "begin"),
			engine.Call(us, them, "book", func(ctx context.Context, t engine.Turn, s order) (order, engine.Outcome) {
				return s, w.say(ctx, "book", t)
			}).Retry(engine.UntilHeard),
		}}
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) moveTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.at) {
		c.at = t
	}
}

func (c *clock) move(d time.Duration) { c.moveTo(c.now().Add(d)) }

// house is an engine over a store, with the world around it and its clock.
type house struct {
	t     testing.TB
	store engine.Store
	clock *clock
	world *world
	*engine.Engine
}

func openStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.OpenSQLite(context.Background(), t.TempDir())
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

func newWorld(c *clock) *world {
	return &world{clock: c, script: map[string][]string{}, always: map[string]string{}}
}

func build(t testing.TB) *house {
	c := newClock()
	return buildOver(t, openStore(t), newWorld(c), engine.Options{Alone: true})
}

// buildOver makes an engine over a store; o may name the node.
func buildOver(t testing.TB, s engine.Store, w *world, o engine.Options) *house {
	t.Helper()
	o.Store, o.Tables = s, []*engine.Table{toyFlow(w).Table(), afterFlow(w).Table()}
	o.Now, o.Random, o.Log = w.clock.now, func() float64 { return 0.5 }, slog.New(slog.DiscardHandler)
	e, err := engine.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, store: s, clock: w.clock, world: w, Engine: e}
}

func (h *house) begin(s order) engine.Run {
	h.t.Helper()
	r, err := h.Begin(context.Background(), engine.Beginning{Flow: "toy", State: s})
	if err != nil {
		h.t.Fatalf("begin: %v", err)
	}
	return r
}

func (h *house) tell(run, step, id string, m said) engine.Receipt {
	h.t.Helper()
	r, err := h.Tell(context.Background(), engine.Message{Run: run, Step: step, Source: "them", ID: id, Body: m})
	if err != nil {
		h.t.Fatalf("tell %s: %v", step, err)
	}
	return r
}

// settle does what is due now, and what follows from it, and leaves the clock alone.
func (h *house) settle() {
	h.t.Helper()
	for range 10000 {
		n, err := h.Work(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		h.Idle()
		if n == 0 {
			return
		}
	}
	h.t.Fatal("the engine has been busy for ten thousand rounds without the clock moving")
}

// pass lets time go by, stopping at whatever comes due.
func (h *house) pass(d time.Duration) {
	h.t.Helper()
	end := h.clock.now().Add(d)
	for {
		h.settle()
		due, ok, err := h.NextDue(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		if !ok || due.After(end) {
			break
		}
		h.clock.moveTo(due)
	}
	h.clock.moveTo(end)
	h.settle()
}

func (h *house) run(id string) engine.Run {
	h.t.Helper()
	r, err := h.Run(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *house) memory(id string) order {
	h.t.Helper()
	s, err := toyFlow(h.world).Read(h.run(id))
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// events are a run's events as words.
func (h *house) events(id string) []string {
	h.t.Helper()
	events, err := h.store.Events(context.Background(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, string(e.Kind)+" "+e.Step)
	}
	return out
}

func (h *house) wantEvents(id string, want ...string) {
	h.t.Helper()
	if got := h.events(id); !slices.Equal(got, want) {
		h.t.Errorf("events\n got %q\nwant %q", got, want)
	}
	check(h.t, h.store, h.world, id)
}

func (h *house) wantStatus(id string, want engine.Status) {
	h.t.Helper()
	if r := h.run(id); r.Status != want {
		h.t.Fatalf("run is %s before row %d (refusal %v), want %s; events %q", r.Status, r.Step, r.Refusal, want, h.events(id))
	}
}

// undoOf is how the toy flow takes back what it said.
var undoOf = map[string]string{"reserve": "release", "extra": "drop extra", "check": "uncheck"}

// reporter is a test, or one history of a test.
type reporter interface {
	Helper()
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
}

// check is what must hold of every run at every moment when nobody moves it.
func check(t reporter, s engine.Store, w *world, id string) {
	t.Helper()
	ctx := context.Background()
	r, job, err := s.Run(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	events, err := s.Events(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != r.Seq {
		t.Errorf("the run counts %d events, and %d are kept", r.Seq, len(events))
	}
	once, undone := map[string]int{}, map[string]int{}
	for i, e := range events {
		if e.Seq != i+1 {
			t.Errorf("event %d has number %d", i+1, e.Seq)
		}
		switch e.Kind {
		case engine.EventStarted, engine.EventSaid, engine.EventHeard, engine.EventSkipped:
			if e.Step != "noted" {
				once[e.Step]++
			}
		case engine.EventUndone:
			undone[e.Step]++
		}
	}
	for step, n := range once {
		if n > 1 {
			t.Errorf("%s was done %d times: %v", step, n, events)
		}
	}
	// One arrow, one key; and no two arrows share one.
	keys := map[string]string{}
	maybe := map[string]bool{}
	for _, x := range w.sent {
		if x.Run != id {
			continue
		}
		name := x.Name
		if name == "ask paid" {
			name = "paid"
		}
		if other, ok := keys[x.Key]; ok && other != name {
			t.Errorf("%s and %s were said with the same key %s", other, name, x.Key)
		}
		keys[x.Key] = name
		if x.Result != "refused" && x.Result != "unheard" && x.Result != "not yet" {
			maybe[x.Name] = true
		}
	}
	names := map[string]string{}
	for key, name := range keys {
		if names[name] != "" {
			t.Errorf("%s was said with two keys", name)
		}
		names[name] = key
	}
	for step, undo := range undoOf {
		switch {
		case undone[undo] > 1:
			t.Errorf("%s was taken back %d times", step, undone[undo])
		case undone[undo] == 1 && (!maybe[step] && !w.died || r.Refusal == nil):
			t.Errorf("%s was taken back and need not have been", step)
		case r.Status == engine.StatusRefused && maybe[step] && undone[undo] == 0:
			t.Errorf("%s may have been done and was not taken back", step)
		case r.Refusal == nil && maybe[undo]:
			t.Errorf("%s was said though nobody refused", undo)
		}
	}
	// Invariant 21: none waits for ever without a timer or a listener.
	switch {
	case r.Status.Over() && job.Run != "" && job.Owner == "":
		t.Errorf("the run is over and has a job: %+v", job)
	case r.Status == engine.StatusUndoing && job.Run == "":
		t.Error("the run is being taken back and nobody is at it")
	case r.Status == engine.StatusOpen && job.Run == "":
		if toyFlow(w).Steps[r.Step].Name != "paid" || r.Attention == "" {
			t.Errorf("an open run stands before row %d without a job", r.Step)
		}
	}
	if s, err := toyFlow(w).Read(r); err == nil && r.Flow == "toy" && (s.Refusals > 1 || (s.Refusals == 1) != (r.Refusal != nil)) {
		t.Errorf("the flow was told %d times of the refusal %v", s.Refusals, r.Refusal)
	}
}

var happy = []string{"started begin", "said reserve", "skipped extra", "heard confirmed", "said check", "said pay", "heard paid", "said tell"}

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
