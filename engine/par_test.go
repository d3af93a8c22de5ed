package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/engine"

	"pgregory.net/rapid"
)

// parcel is what a run of the side-by-side flow remembers.
type parcel struct {
	Paid, Moved bool
	Notes       int
}

// besideFlow is a conversation in which two things may come before their place: the address, which ends a wait, and the key.
func besideFlow(w *world) engine.Flow[parcel] {
	note := func(_ engine.Turn, s parcel, m said) (parcel, engine.Outcome) { return s, engine.Done() }
	return engine.Flow[parcel]{
		Name: "beside", Title: "Beside", Version: 1, Server: us, Parties: []engine.Party{us, them},
		Steps: []engine.Step[parcel]{
			engine.Start[parcel](them, us, "begin"),
			engine.Call(us, them, "offer", func(ctx context.Context, t engine.Turn, s parcel) (parcel, engine.Outcome) {
				return s, w.say(ctx, "offer", t)
			}).Undo("withdraw", func(ctx context.Context, t engine.Turn, s parcel) (parcel, engine.Outcome) {
				return s, w.say(ctx, "withdraw", t)
			}),
			engine.Reply[parcel](us, them, "offered"),
			engine.Wait(them, us, "chosen", note),
			engine.Seen[parcel](them, them, "looks for the address"),
			engine.Wait(them, us, "reminder", note).If("nobody has moved in", func(s parcel) bool { return !s.Moved }),
			engine.Mark[parcel](us, us, "sealed"),
			engine.Wait(them, us, "address", func(_ engine.Turn, s parcel, m said) (parcel, engine.Outcome) {
				if m.Deny {
					return s, engine.Refused(&parley.Refusal{By: string(them), Status: parley.StatusCancelledByUser})
				}
				s.Moved = true
				return s, engine.Done()
			}).Par(),
			engine.Wait(them, us, "key", note).Par().If("it is locked", func(s parcel) bool { return !s.Paid }),
			engine.Wait(them, us, "note", func(_ engine.Turn, s parcel, m said) (parcel, engine.Outcome) {
				s.Notes++
				s.Paid = s.Paid || m.Minor > 0
				return s, engine.Done()
			}).Anytime(),
			engine.Call(us, them, "send", func(ctx context.Context, t engine.Turn, s parcel) (parcel, engine.Outcome) {
				return s, w.say(ctx, "send", t)
			}).Retry(engine.UntilHeard),
		},
	}
}

// beside is a house with the side-by-side flow.
func beside(t testing.TB, s engine.Store) *house {
	t.Helper()
	w := newWorld(newClock())
	e, err := engine.New(context.Background(), engine.Options{Store: s, Tables: []*engine.Table{besideFlow(w).Table(), toyFlow(w).Table()}, Alone: true,
		Now: w.clock.now, Random: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return &house{t: t, store: s, clock: w.clock, world: w, Engine: e}
}

func (h *house) start() engine.Run {
	h.t.Helper()
	r, err := h.Begin(context.Background(), engine.Beginning{Flow: "beside", State: parcel{}})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// tells tells a run arrows in order, each under an id of its own.
func (h *house) tells(run string, arrows ...string) {
	h.t.Helper()
	for i, a := range arrows {
		h.tell(run, a, fmt.Sprint(run, a, i), said{})
	}
}

// pictured fails unless the run's events are these and its picture is true.
func (h *house) pictured(run string, want ...string) {
	h.t.Helper()
	events, err := h.store.Events(context.Background(), run)
	if err != nil {
		h.t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, string(e.Kind)+" "+e.Step)
	}
	if want != nil && !slices.Equal(got, want) {
		h.t.Errorf("events\n got %q\nwant %q", got, want)
	}
	if err := engine.Truth(besideFlow(h.world).Table(), h.run(run), events); err != nil {
		h.t.Errorf("the picture is not true: %v\n%q", err, got)
	}
}

func TestWhatStandsBesideIsHeardBeforeItsPlaceAndPassedOverThere(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	if got := h.tell(r.ID, "key", "k", said{}); got.Waiting || got.Passed {
		t.Errorf("%+v", got)
	}
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard key")
	if got := h.run(r.ID); got.Step != 3 || !slices.Equal(got.Heard, []int{8}) || got.Status != engine.StatusOpen {
		t.Errorf("before row %d, heard %v, %s", got.Step, got.Heard, got.Status)
	}
	h.tells(r.ID, "chosen", "reminder", "address")
	h.wantStatus(r.ID, engine.StatusDone)
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard key", "heard chosen", "heard reminder", "said sealed", "heard address", "said send")
}

func TestRunIsNotDoneWithoutWhatStandsBeside(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	h.tells(r.ID, "chosen", "reminder", "address")
	h.pass(24 * time.Hour)
	h.wantStatus(r.ID, engine.StatusOpen)
	if got := h.run(r.ID).Step; got != 8 {
		t.Errorf("it stands before row %d", got)
	}
	h.tells(r.ID, "key")
	h.wantStatus(r.ID, engine.StatusDone)
}

func TestWhatStandsBesideIsHeardOnceAndARepetitionIsLate(t *testing.T) {
	for name, order := range map[string][]string{"early": {"key", "key", "chosen"}, "in its place": {"chosen", "reminder", "address", "key", "key"}} {
		h := beside(t, openStore(t))
		r := h.start()
		h.tells(r.ID, order...)
		events := h.events(r.ID)
		if n := len(slices.DeleteFunc(slices.Clone(events), func(e string) bool { return e != "heard key" })); n != 1 || !slices.Contains(events, "late key") {
			t.Errorf("%s: %q", name, events)
		}
		if got := h.tell(r.ID, "key", r.ID+"key1", said{}); name == "early" && !got.Duplicate {
			t.Errorf("%s: a repetition under the same id: %+v", name, got)
		}
		h.pictured(r.ID)
	}
}

func TestWaitThatIsNotNeededAnyMoreIsPassedOver(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	h.tells(r.ID, "chosen")
	h.tells(r.ID, "address") // which ends the wait for the reminder
	if got := h.run(r.ID).Step; got != 8 {
		t.Errorf("it stands before row %d", got)
	}
	h.tells(r.ID, "key")
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard chosen", "heard address", "skipped reminder", "said sealed", "heard key", "said send")
	h.tells(r.ID, "reminder")
	if got := h.events(r.ID); got[len(got)-1] != "late reminder" {
		t.Errorf("%q", got)
	}
}

func TestWhatWasPassedOverForItsConditionMayBeHeardAfterwards(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	h.tells(r.ID, "chosen", "reminder", "address")
	h.tell(r.ID, "note", "n", said{Minor: 1}) // it is not locked: nobody waits for the key
	h.wantStatus(r.ID, engine.StatusDone)
	h.tells(r.ID, "key", "key")
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard chosen", "heard reminder", "said sealed", "heard address", "heard note", "skipped key", "said send", "heard key", "late key")
}

func TestOnlyAtItsPlaceCanWhatStandsBesideRefuse(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "address", Source: "them", ID: "early", Body: said{Deny: true}}); err == nil {
		t.Error("the run was refused before anybody had come there")
	}
	h.pictured(r.ID, "started begin", "said offer", "said offered")
	h.tells(r.ID, "chosen", "reminder")
	h.tell(r.ID, "address", "no", said{Deny: true})
	h.settle()
	h.wantStatus(r.ID, engine.StatusRefused)
	h.tells(r.ID, "key") // late
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard chosen", "heard reminder", "said sealed", "refused address", "undone withdraw", "late key")
}

func TestWhatStandsBesideIsHeardWhileACallIsUnderWay(t *testing.T) {
	h := beside(t, openStore(t))
	h.world.script["offer"] = []string{"unheard"}
	r := h.start()
	h.tells(r.ID, "key", "address") // the offer waits to be said again
	h.pass(time.Minute)
	h.pictured(r.ID, "started begin", "unheard offer", "heard key", "heard address", "said offer", "said offered")
	h.tells(r.ID, "chosen")
	h.wantStatus(r.ID, engine.StatusDone)
	if n := len(h.world.said(r.ID, "offer")); n != 2 {
		t.Errorf("offered %d times", n)
	}
}

// Whatever order things are told in, once each, the run ends the same, and its picture is true at every moment.
func TestOrderInWhichThingsAreToldChangesNothing(t *testing.T) {
	base := openStore(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := beside(t, base)
		h.world.script["offer"] = rapid.SampledFrom([][]string{nil, {"unheard"}, {"unknown"}}).Draw(rt, "offer")
		r := h.start()
		for i, a := range rapid.Permutation([]string{"chosen", "reminder", "address", "key", "note"}).Draw(rt, "order") {
			h.tell(r.ID, a, fmt.Sprint(r.ID, i), said{})
			h.pictured(r.ID)
			if rapid.Bool().Draw(rt, "time passes") {
				h.pass(time.Minute)
				h.pictured(r.ID)
			}
		}
		h.pass(time.Minute)
		h.pictured(r.ID)
		if got := h.run(r.ID); got.Status != engine.StatusDone || len(got.Heard) != 2 {
			rt.Fatalf("%s before row %d, heard %v", got.Status, got.Step, got.Heard)
		}
		if left, err := h.store.Pending(context.Background(), r.ID); err != nil || len(left) > 0 {
			rt.Fatalf("left in the inbox: %v %v", left, err)
		}
	})
}

func TestWhatStandsBesideIsDrawnAsAnArmOfItsOwn(t *testing.T) {
	table := besideFlow(newWorld(newClock())).Table()
	for _, want := range []string{"par whenever it comes\n        Them->>Us: address\n    end", "par it is locked, whenever it comes\n        Them->>Us: key\n    end", "Us-->>Them: offered"} {
		if got := table.Mermaid(); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, want := range []string{"heard once, at its place or before it; waited for", "heard once, at its place, before it or after it; only at its place is it waited for", "our answer, drawn with the arrow before it"} {
		if !strings.Contains(table.Page(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	h := beside(t, openStore(t))
	r := h.start()
	h.tells(r.ID, "address")
	events, err := h.store.Events(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	drawn := engine.Draw(table, h.run(r.ID), events, nil)
	if d := drawn[7]; d.State != engine.StateDone || d.Block == nil || d.Block.Kind != engine.BlockPar {
		t.Errorf("%+v", d)
	}
	if d := drawn[4]; d.State != engine.StateNotYet {
		t.Errorf("what is heard early shows that %q has passed", d.Name)
	}
	if d := drawn[3]; d.WaitingOn != them {
		t.Errorf("nobody is waited for: %+v", d)
	}
}

func TestTableSaysWhereNothingCanStandBeside(t *testing.T) {
	hear := func(_ engine.Turn, s parcel, m said) (parcel, engine.Outcome) { return s, engine.Done() }
	do := func(ctx context.Context, _ engine.Turn, s parcel) (parcel, engine.Outcome) { return s, engine.Done() }
	wait := func(name string) engine.Step[parcel] { return engine.Wait(them, us, name, hear) }
	for why, steps := range map[string][]engine.Step[parcel]{
		"no Wait that must be heard": {engine.Call(us, them, "call", do).Par()},
		"is no Wait":                 {engine.Answer(us, them, "answer", hear).Par()},
		"must be heard":              {wait("any").Anytime().Par()},
		"what the pivot waits for":   {engine.Call(us, them, "pay", do).Pivot(), wait("paid").Within(time.Hour).Par()},
		"follows an optional arrow":  {wait("maybe").Optional(), wait("after").Par()},
	} {
		t.Run(why, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), why) {
					t.Errorf("it says %v", r)
				}
			}()
			engine.Flow[parcel]{Name: "bad", Version: 1, Steps: append([]engine.Step[parcel]{engine.Start[parcel](them, us, "begin")}, steps...)}.Table()
		})
	}
}

func TestTruthFindsALieAboutWhatWasHeardBeside(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	h.tells(r.ID, "key", "chosen")
	run, table := h.run(r.ID), besideFlow(h.world).Table()
	events, err := h.store.Events(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, lie := range map[string]func(r *engine.Run, events []engine.Event) []engine.Event{
		"it was heard, and the run forgot it": func(r *engine.Run, e []engine.Event) []engine.Event { r.Heard = nil; return e },
		"another was heard":                   func(r *engine.Run, e []engine.Event) []engine.Event { r.Heard = []int{7}; return e },
		"it was heard twice": func(r *engine.Run, e []engine.Event) []engine.Event {
			r.Seq++
			return append(e, engine.Event{Run: r.ID, Seq: r.Seq, Step: "key", Kind: engine.EventHeard})
		},
		"it was not heard": func(r *engine.Run, e []engine.Event) []engine.Event {
			e[3].Step, e[3].Kind = "note", engine.EventHeard
			return e
		},
		"what is drawn with another was not": func(r *engine.Run, e []engine.Event) []engine.Event {
			e[2].Step, e[2].Kind = "note", engine.EventHeard
			return e
		},
	} {
		told, drawn := run, slices.Clone(events)
		drawn = lie(&told, drawn)
		if engine.Truth(table, told, drawn) == nil {
			t.Errorf("%s: nobody notices", name)
		}
	}
}

func TestFlowThatNothingRefusesSaysSoAndKeepsToIt(t *testing.T) {
	w := newWorld(newClock())
	no := func(_ engine.Turn, s parcel, m said) (parcel, engine.Outcome) {
		if m.Deny {
			return s, engine.Refused(&parley.Refusal{By: string(them), Status: parley.StatusCancelledByUser})
		}
		return s, engine.Done()
	}
	flow := engine.Flow[parcel]{Name: "beside", Title: "Beside", Version: 1, Unrefused: true, Server: us, Parties: []engine.Party{us, them}, Steps: []engine.Step[parcel]{
		engine.Start[parcel](them, us, "begin"),
		engine.Wait(them, us, "chosen", no).Ask(engine.Policy{Then: time.Minute}, func(ctx context.Context, _ engine.Turn, s parcel) (parcel, engine.Outcome) {
			return s, w.say(ctx, "ask", engine.Turn{})
		}),
	}}
	if page := flow.Table().Page(); !strings.Contains(page, "\nNothing in this flow can be refused.") {
		t.Errorf("the page does not say so:\n%s", page)
	}
	e, err := engine.New(t.Context(), engine.Options{Store: openStore(t), Tables: []*engine.Table{flow.Table()}, Now: w.clock.now, Log: slog.New(slog.DiscardHandler), Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, clock: w.clock, world: w, Engine: e}
	r := h.start()
	if _, err := h.Tell(t.Context(), engine.Message{Run: r.ID, Step: "chosen", Source: "them", ID: "1", Body: said{Deny: true}}); err == nil {
		t.Error("it was refused")
	}
	w.always["ask"] = "refused"
	h.pass(2 * time.Minute)
	h.wantOpen(r.ID)
	h.tells(r.ID, "chosen")
	if got := h.run(r.ID).Status; got != engine.StatusDone {
		t.Errorf("it is %s", got)
	}
	flow.Steps[1] = engine.Wait(them, us, "chosen", no).Within(time.Minute)
	defer func() {
		if recover() == nil {
			t.Error("a flow that nothing refuses runs out of patience")
		}
	}()
	flow.Table()
}

func (h *house) wantOpen(run string) {
	h.t.Helper()
	if r := h.run(run); r.Status != engine.StatusOpen {
		h.t.Errorf("it is %s", r.Status)
	}
}
