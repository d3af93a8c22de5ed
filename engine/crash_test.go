package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

var errDead = errors.New("the process has died")

// mortal is a store whose process dies: from then on nothing is written and nothing is read.
type mortal struct {
	engine.Store
	at    int  // dies at this Apply, counted from 1; zero never
	after bool // once it is written, but before anybody hears of it

	mu      sync.Mutex
	applies int
	dead    bool
}

func (m *mortal) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

func (m *mortal) alive() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	return nil
}

func (m *mortal) Apply(ctx context.Context, batch []engine.Write) error {
	m.mu.Lock()
	m.applies++
	now := m.applies == m.at
	m.dead = m.dead || now && !m.after
	m.mu.Unlock()
	if err := m.alive(); err != nil {
		return err
	}
	err := m.Store.Apply(ctx, batch)
	if now {
		m.die()
		return errDead
	}
	return err
}

func (m *mortal) Run(ctx context.Context, id string) (engine.Run, engine.Job, error) {
	if err := m.alive(); err != nil {
		return engine.Run{}, engine.Job{}, err
	}
	return m.Store.Run(ctx, id)
}

func (m *mortal) RunByStartKey(ctx context.Context, flow, key string) (engine.Run, error) {
	if err := m.alive(); err != nil {
		return engine.Run{}, err
	}
	return m.Store.RunByStartKey(ctx, flow, key)
}

func (m *mortal) Inbound(ctx context.Context, source, id string) (engine.Inbound, bool, error) {
	if err := m.alive(); err != nil {
		return engine.Inbound{}, false, err
	}
	return m.Store.Inbound(ctx, source, id)
}

func (m *mortal) Pending(ctx context.Context, run string) ([]engine.Inbound, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Store.Pending(ctx, run)
}

func (m *mortal) Claim(ctx context.Context, owner string, now, lease time.Time, limit int) ([]engine.Job, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Store.Claim(ctx, owner, now, lease, limit)
}

// plot is what the other side does in a story: it begins a run, and tells it things. What is not acknowledged it tells again
// after the crash, what is acknowledged it does not.
type plot struct {
	script  map[string][]string
	tell    []engine.Message
	want    engine.Status
	fixed   bool // the state at the end is the same in every telling
	patient time.Duration
}

var plots = map[string]plot{
	"done": {want: engine.StatusDone, fixed: true, patient: time.Minute,
		script: map[string][]string{"tell": {"unheard"}},
		tell: []engine.Message{
			{Step: "paid", Source: "them", ID: "p", Body: said{Minor: 5}}, // early, so that it is left in the inbox
			{Step: "noted", Source: "them", ID: "n", Body: said{}},
			{Step: "confirmed", Source: "them", ID: "c", Body: said{}, Asks: true},
		}},
	"refused": {want: engine.StatusRefused, fixed: true, patient: time.Minute,
		script: map[string][]string{"check": {"refused", "refused"}, "release": {"unknown"}},
		tell: []engine.Message{
			{Step: "confirmed", Source: "them", ID: "c", Body: said{}, Asks: true},
			{Step: "paid", Source: "them", ID: "p", Body: said{Minor: 5}}, // late
		}},
	"expired": {want: engine.StatusRefused, fixed: true, patient: 11 * time.Minute},
}

// play tells a story, with a death in it, and once more from where the database says; it returns how often the first life wrote.
func play(t *testing.T, base engine.Store, p plot, at int, after bool, dieBeforeSend, dieAfterSend int) (applies, sends int) {
	t.Helper()
	w, key := newWorld(newClock()), engine.NewID()
	for k, v := range p.script {
		w.script[k] = append([]string(nil), v...)
	}
	m := &mortal{Store: base, at: at, after: after}
	var mu sync.Mutex
	count := func(when int, n *int) func(string) {
		return func(string) {
			mu.Lock()
			*n++
			now := *n == when
			mu.Unlock()
			if now {
				m.die()
			}
		}
	}
	heard := 0
	w.before, w.after = count(dieBeforeSend, &sends), count(dieAfterSend, &heard)
	begin := engine.Beginning{Flow: "toy", Key: key, State: order{Extra: true}}

	first := buildOver(t, m, w, engine.Options{Node: "one"})
	run, err := first.Begin(t.Context(), begin)
	var again []engine.Message
	for _, msg := range p.tell {
		msg.ID += key
		if msg.Run = run.ID; err == nil {
			_, err = first.Tell(t.Context(), msg)
		}
		if err != nil {
			again = append(again, msg)
		}
	}
	for m.alive() == nil {
		if _, err := first.Work(t.Context()); err != nil {
			break
		}
		first.Idle()
		due, ok, err := m.NextDue(t.Context())
		if err != nil || !ok || due.Sub(w.clock.now()) > p.patient {
			break
		}
		w.clock.moveTo(due)
	}
	first.Idle()
	applies = m.applies
	died := m.alive() != nil
	w.died = died

	w.before, w.after = nil, nil
	second := buildOver(t, base, w, engine.Options{Node: "two", Alone: true})
	if died {
		if run, err = second.Begin(t.Context(), begin); err != nil {
			t.Fatal(err)
		}
		second.settle()
		for _, msg := range again {
			msg.Run = run.ID
			if _, err := second.Tell(t.Context(), msg); err != nil {
				t.Fatalf("tell %s again: %v", msg.Step, err)
			}
		}
	}
	second.pass(p.patient)
	second.wantStatus(run.ID, p.want)
	check(t, base, w, run.ID)
	s := second.memory(run.ID)
	if p.want == engine.StatusDone && (s.Paid != 5 || s.Notes != 1 || s.Verdict != "welcome" || s.Told == "") {
		t.Errorf("the run remembers %+v", s)
	}
	for _, msg := range p.tell {
		kept, ok, err := base.Inbound(t.Context(), msg.Source, msg.ID+key)
		if err != nil || !ok || !kept.Taken || msg.Asks && kept.Answer == nil {
			t.Errorf("%s was told, and this is what is kept: %+v %v", msg.Step, kept, err)
		}
	}
	for _, name := range w.names() {
		// Once as it is scripted, and once more for the death.
		if n := len(w.said(run.ID, name)); n > 2+len(p.script[name]) {
			t.Errorf("%s was said %d times", name, n)
		}
	}
	if p.want == engine.StatusRefused && len(p.tell) > 0 {
		if r, err := base.RunByStartKey(t.Context(), "after", run.ID); err != nil || r.Status != engine.StatusDone {
			t.Errorf("what the late message begins: %+v %v", r, err)
		}
	}
	return applies, sends
}

func TestRunGoesOnFromWhereTheDatabaseSaysWhereverTheProcessDies(t *testing.T) {
	t.Parallel()
	base := openStore(t) // one for all: to open one takes longer than a story
	for name, p := range plots {
		t.Run(name, func(t *testing.T) {
			applies, sends := play(t, base, p, 0, false, 0, 0)
			if applies < 3 || sends < 3 {
				t.Fatalf("%d writes and %d sends are not much of a story", applies, sends)
			}
			for n := 1; n <= applies; n++ {
				t.Run(fmt.Sprintf("before write %d", n), func(t *testing.T) { play(t, base, p, n, false, 0, 0) })
				t.Run(fmt.Sprintf("after write %d", n), func(t *testing.T) { play(t, base, p, n, true, 0, 0) })
			}
			for n := 1; n <= sends; n++ {
				t.Run(fmt.Sprintf("before send %d", n), func(t *testing.T) { play(t, base, p, 0, false, n, 0) })
				t.Run(fmt.Sprintf("after send %d", n), func(t *testing.T) { play(t, base, p, 0, false, 0, n) })
			}
		})
	}
}

// What was acknowledged as left must be heard though its sender never says it again: here the process dies when the run has come to the
// message's row, and before anybody looked into the inbox.
func TestMessageThatWasLeftIsHeardAfterACrash(t *testing.T) {
	w := newWorld(newClock())
	base := openStore(t)
	m := &mortal{Store: base}
	h := buildOver(t, m, w, engine.Options{Node: "one"})
	r := h.begin(order{})
	h.tell(r.ID, "paid", "p", said{Minor: 5})
	m.at, m.after = m.applies+3, true // confirmed, check, pay
	if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "confirmed", Source: "them", ID: "c", Body: said{}}); !errors.Is(err, errDead) {
		t.Fatalf("%v", err)
	}
	next := buildOver(t, base, w, engine.Options{Alone: true})
	next.settle()
	next.wantEvents(r.ID, happy...)
	if n := len(w.said(r.ID, "ask paid")); n != 0 {
		t.Errorf("it asked %d times for what it had been told", n)
	}
}

// dies begins a run in a process that dies when an arrow has been said and before anything of it is kept.
func dies(t *testing.T, arrow string) (*house, engine.Run) {
	w := newWorld(newClock())
	w.died = true
	m := &mortal{Store: openStore(t)}
	h := buildOver(t, m, w, engine.Options{Node: "one"})
	w.after = func(name string) {
		if name == arrow {
			m.die()
		}
	}
	ctx, id := context.Background(), engine.NewID()
	if _, err := h.Begin(ctx, engine.Beginning{Flow: "toy", ID: id, State: order{}}); err == nil {
		h.Tell(ctx, engine.Message{Run: id, Step: "confirmed", Source: "them", ID: "c", Body: said{}})
	}
	if m.alive() == nil {
		t.Fatalf("%s was not said", arrow)
	}
	w.after = nil
	next := buildOver(t, m.Store, w, engine.Options{Node: "two", Alone: true})
	return next, next.run(id)
}

func TestCallThatWasSaidBeforeACrashIsTakenBackWhenItIsGivenUp(t *testing.T) {
	for _, then := range []string{"unheard", "refused"} {
		h, r := dies(t, "reserve")
		h.world.always["reserve"] = then
		h.pass(time.Minute)
		h.wantStatus(r.ID, engine.StatusRefused)
		if n := len(h.world.said(r.ID, "release")); n != 1 {
			t.Errorf("%s: released %d times", then, n)
		}
		check(t, h.store, h.world, r.ID)
	}
}

func TestPivotThatWasSaidBeforeACrashIsNotTurnedBackByUs(t *testing.T) {
	for _, then := range []string{"unheard", "refused", "unknown"} {
		h, r := dies(t, "pay")
		h.world.always["pay"] = then
		h.pass(4 * time.Second)
		h.wantStatus(r.ID, engine.StatusOpen)
		if n := len(h.world.said(r.ID, "uncheck")); n != 0 {
			t.Errorf("%s: what went before the payment was taken back", then)
		}
		h.tell(r.ID, "paid", "p", said{Minor: 1})
		h.wantStatus(r.ID, engine.StatusDone)
		check(t, h.store, h.world, r.ID)
	}
}

// The same when the process lives on, and only the commit after the words has failed.
func TestCallWhoseCommitFailedIsTakenBackWhenItIsGivenUp(t *testing.T) {
	w := newWorld(newClock())
	w.died = true
	m := &mortal{Store: openStore(t), at: 2}
	h := buildOver(t, m, w, engine.Options{Node: "one"})
	id := engine.NewID()
	if _, err := h.Begin(t.Context(), engine.Beginning{Flow: "toy", ID: id, State: order{}}); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	m.dead = false
	w.always["reserve"] = "unheard"
	h.tell(id, "noted", "n", said{})
	h.pass(time.Minute)
	h.clock.move(time.Minute)
	h.pass(time.Minute)
	h.wantStatus(id, engine.StatusRefused)
	if n := len(w.said(id, "release")); n != 1 {
		t.Errorf("released %d times", n)
	}
}

func TestRepetitionOfAMessageThatWasLeftHasTheRunLookedAt(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	// As it stands when whoever left the message dies before looking whether its time had come.
	if err := h.store.Apply(t.Context(), []engine.Write{engine.AddInbound{Inbound: engine.Inbound{Source: "them", ID: "c", Run: r.ID, Step: "confirmed", Body: []byte(`{}`)}}}); err != nil {
		t.Fatal(err)
	}
	if got := h.tell(r.ID, "confirmed", "c", said{}); !got.Duplicate || got.Waiting {
		t.Errorf("%+v", got)
	}
	if h.run(r.ID).Step != 6 {
		t.Errorf("the run stands before row %d", h.run(r.ID).Step)
	}
}

func TestRunWhoseTableIsGoneSaysSo(t *testing.T) {
	h := build(t)
	r := h.begin(order{})
	e, err := engine.New(t.Context(), engine.Options{Store: h.store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Tell(t.Context(), engine.Message{Run: r.ID, Step: "confirmed"}); err == nil || parley.KindOf(err) == parley.KindConflict {
		t.Errorf("%v", err)
	}
}
