package engine_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
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
