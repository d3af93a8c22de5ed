package engine_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

// fact is a row of somebody else's, guarded by who is first: a message is one, for a test.
func fact(id string) engine.Write {
	return engine.AddInbound{Inbound: engine.Inbound{Source: "facts", ID: id, Taken: true, Body: []byte(`{}`)}}
}

func (h *house) hasFact(id string) bool {
	h.t.Helper()
	_, ok, err := h.store.Inbound(context.Background(), "facts", id)
	if err != nil {
		h.t.Fatal(err)
	}
	return ok
}

func message(run, step, id string) engine.Message {
	return engine.Message{Run: run, Step: step, Source: "them", ID: id, Body: said{}}
}

func TestPostWritesFactsBeginsRunsAndTellsOthersInOneTransaction(t *testing.T) {
	watched := &watchful{Store: openStore(t)}
	h := beside(t, watched)
	one := h.start()
	watched.batches = nil
	two := engine.NewID()
	written := 0
	err := h.Post(t.Context(), engine.Posting{
		With:    []engine.Write{fact("a")},
		Begin:   []engine.Beginning{{Flow: "beside", ID: two, State: parcel{}}},
		Tell:    []engine.Message{message(one.ID, "chosen", "1"), message(one.ID, "key", "2"), message(two, "key", "3")},
		Written: func() { written++ },
	})
	if err != nil || written != 1 {
		t.Fatalf("written %d times: %v", written, err)
	}
	first := watched.batches[0]
	if got, ok := first[0].(engine.AddInbound); !ok || got.Inbound.Source != "facts" {
		t.Errorf("the facts do not stand first: %+v", first)
	}
	kinds := map[string]int{}
	for _, w := range first {
		kinds[w.Table()]++
	}
	if kinds["inbox"] != 4 || kinds["run"] != 1 {
		t.Errorf("the first transaction writes %v", kinds)
	}
	h.pictured(one.ID, "started begin", "said offer", "said offered", "heard chosen", "heard key")
	h.pictured(two, "started begin", "said offer", "said offered", "heard key")
	for _, id := range []string{one.ID, two} {
		if _, job, err := h.store.Run(t.Context(), id); err != nil || job.Run != "" {
			t.Errorf("it waits for nothing but to be told, and has a job: %+v %v", job, err)
		}
	}
}

func TestPostThatConflictsWritesNothing(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	if err := h.Apply(t.Context(), []engine.Write{fact("taken")}); err != nil {
		t.Fatal(err)
	}
	id := engine.NewID()
	err := h.Post(t.Context(), engine.Posting{With: []engine.Write{fact("new"), fact("taken")}, Begin: []engine.Beginning{{Flow: "beside", ID: id, Key: "k", State: parcel{}}},
		Tell: []engine.Message{message(r.ID, "key", "1")}, Written: func() { t.Error("nothing was written") }})
	if e, ok := errors.AsType[*parley.Error](err); !ok || e.Kind != parley.KindConflict || e.Field != "inbox" {
		t.Fatalf("%v", err)
	}
	if h.hasFact("new") {
		t.Error("half of it was written")
	}
	h.pictured(r.ID, "started begin", "said offer", "said offered")
	if _, err := h.Run(t.Context(), id); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("the run began: %v", err)
	}
	// What failed can be done again under the same names.
	if err := h.Post(t.Context(), engine.Posting{With: []engine.Write{fact("new")}, Begin: []engine.Beginning{{Flow: "beside", ID: id, Key: "k", State: parcel{}}},
		Tell: []engine.Message{message(r.ID, "key", "1")}}); err != nil {
		t.Fatal(err)
	}
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard key")
	err = h.Post(t.Context(), engine.Posting{With: []engine.Write{fact("third")}, Begin: []engine.Beginning{{Flow: "beside", ID: engine.NewID(), Key: "k", State: parcel{}}}})
	if e, ok := errors.AsType[*parley.Error](err); !ok || e.Kind != parley.KindConflict || e.Field != "run" || h.hasFact("third") {
		t.Errorf("a key that was used: %v", err)
	}
}

func TestPostDropsWhatARunHasNoArrowForAndWhatIsKnown(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	post := func() error {
		return h.Post(t.Context(), engine.Posting{Tell: []engine.Message{message(r.ID, "nonsense", "1"), message(r.ID, "begin", "2"), message(r.ID, "sealed", "3"),
			message("no such run", "key", "4"), message(r.ID, "key", "5")}})
	}
	for range 2 {
		if err := post(); err != nil {
			t.Fatal(err)
		}
	}
	h.pictured(r.ID, "started begin", "said offer", "said offered", "heard key")
	if r := h.run(r.ID); r.Attention != "" {
		t.Errorf("a person should look: %s", r.Attention)
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		if _, ok, err := h.store.Inbound(t.Context(), "them", id); ok || err != nil {
			t.Errorf("message %s was kept: %v", id, err)
		}
	}
	if err := h.Post(t.Context(), engine.Posting{Begin: []engine.Beginning{{Flow: "nonsense", ID: engine.NewID()}}}); err == nil {
		t.Error("a run of no flow was begun")
	}
	if err := h.Post(t.Context(), engine.Posting{Begin: []engine.Beginning{{Flow: "beside", State: parcel{}}}}); err == nil {
		t.Error("a run without a name was begun")
	}
}

func TestPostDoesNotFailBecauseOfARun(t *testing.T) {
	h := beside(t, openStore(t))
	h.world.script["offer"] = []string{"panic"}
	id := engine.NewID()
	bad := message(id, "key", "1")
	bad.Body = []int{1} // cannot be read
	if err := h.Post(t.Context(), engine.Posting{With: []engine.Write{fact("a")}, Begin: []engine.Beginning{{Flow: "beside", ID: id, State: parcel{}}}, Tell: []engine.Message{bad}}); err != nil || !h.hasFact("a") {
		t.Fatalf("%v", err)
	}
	h.pass(time.Minute)
	h.pictured(id, "started begin", "unknown offer", "attention key", "said offer", "said offered")
}

// A process that dies once the facts are written has told nobody; whoever comes next does, and a process beside it too.
func TestWhatWasPostedIsToldAfterACrash(t *testing.T) {
	for name, alone := range map[string]bool{"by the process that comes next": true, "by a process beside it": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(newClock())
			base := openStore(t)
			m := &mortal{Store: base}
			tables := []*engine.Table{besideFlow(w).Table()}
			first, err := engine.New(t.Context(), engine.Options{Store: m, Tables: tables, Now: w.clock.now, Node: "one"})
			if err != nil {
				t.Fatal(err)
			}
			r, err := first.Begin(t.Context(), engine.Beginning{Flow: "beside", State: parcel{}})
			if err != nil {
				t.Fatal(err)
			}
			m.at, m.after = m.applies+1, true
			begun := engine.NewID()
			if err := first.Post(t.Context(), engine.Posting{With: []engine.Write{fact("a")}, Begin: []engine.Beginning{{Flow: "beside", ID: begun, State: parcel{}}},
				Tell: []engine.Message{message(r.ID, "chosen", "1"), message(begun, "key", "2")}}); !errors.Is(err, errDead) {
				t.Fatalf("%v", err)
			}
			e, err := engine.New(t.Context(), engine.Options{Store: base, Tables: tables, Now: w.clock.now, Node: "two", Alone: alone})
			if err != nil {
				t.Fatal(err)
			}
			h := &house{t: t, store: base, clock: w.clock, world: w, Engine: e}
			h.pass(time.Minute) // past the lease of the dead
			h.pictured(r.ID, "started begin", "said offer", "said offered", "heard chosen")
			h.pictured(begun, "started begin", "said offer", "said offered", "heard key")
		})
	}
}

func TestPostsForOneRunAtOnceAreAllHeard(t *testing.T) {
	h := beside(t, openStore(t))
	r := h.start()
	crowd(func(i int) {
		if err := h.Post(context.Background(), engine.Posting{Tell: []engine.Message{message(r.ID, "note", string(rune('A'+i)))}}); err != nil {
			t.Error(err)
		}
	})
	h.Idle()
	notes := slices.DeleteFunc(h.events(r.ID), func(e string) bool { return e != "heard note" })
	if len(notes) != 64 {
		t.Errorf("%d of 64 were heard", len(notes))
	}
	h.pictured(r.ID)
}

func TestPostCanLeaveTheRunsToTheBackground(t *testing.T) {
	h := beside(t, openStore(t))
	g := h.gate("offer")
	id := engine.NewID()
	var posted sync.WaitGroup
	posted.Go(func() {
		if err := h.Post(context.Background(), engine.Posting{Begin: []engine.Beginning{{Flow: "beside", ID: id, State: parcel{}}}, Later: true}); err != nil {
			t.Error(err)
		}
	})
	posted.Wait() // though nothing was said
	<-g.reached
	close(g.open)
	h.Idle()
	h.pictured(id, "started begin", "said offer", "said offered")
	if err := h.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.Post(t.Context(), engine.Posting{With: []engine.Write{fact("a")}}); parley.KindOf(err) != parley.KindUnavailable {
		t.Errorf("posted after the end: %v", err)
	}
}
