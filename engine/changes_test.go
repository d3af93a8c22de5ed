package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parley/engine"
)

// lookedAt counts how often runs are read.
type lookedAt struct {
	*drawStore
	runs atomic.Int64
}

func (s *lookedAt) Run(ctx context.Context, id string) (engine.Run, engine.Job, error) {
	s.runs.Add(1)
	return s.drawStore.Run(ctx, id)
}

func following(t *testing.T, alone bool) (*engine.Engine, *lookedAt) {
	t.Helper()
	table := boutique(quietly).Table()
	s := &lookedAt{drawStore: &drawStore{table: table, runs: map[string]engine.Run{}, jobs: map[string]engine.Job{}, events: map[string][]engine.Event{}, attempts: map[string][]engine.Attempt{}}}
	e, err := engine.New(t.Context(), engine.Options{Store: s, Tables: []*engine.Table{table}, Alone: alone, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

func TestWhoWaitsReadsSeldomWhenNobodyElseCanChangeAnything(t *testing.T) {
	for alone, want := range map[bool]int64{true: 4, false: 60} {
		synctest.Test(t, func(t *testing.T) {
			e, s := following(t, alone)
			r, err := e.Begin(t.Context(), engine.Beginning{Flow: "boutique", State: purchase{}})
			if err != nil {
				t.Fatal(err)
			}
			before := s.runs.Load()
			ctx, stop := context.WithTimeout(t.Context(), time.Minute-time.Millisecond)
			defer stop()
			if _, err := e.Await(ctx, r.ID, func(engine.Run) bool { return false }); err == nil {
				t.Error("it was enough")
			}
			if got := s.runs.Load() - before; got != want {
				t.Errorf("alone %t: the run was read %d times in a minute, not %d", alone, got, want)
			}
			go e.Tell(t.Context(), engine.Message{Run: r.ID, Step: "agreed", Source: "test", ID: "1"})
			begun := time.Now()
			got, err := e.Await(t.Context(), r.ID, func(now engine.Run) bool { return now.Version > r.Version })
			if waited := time.Since(begun); err != nil || got.Version <= r.Version || waited > 0 {
				t.Errorf("alone %t: a change here was seen after %s (%v)", alone, waited, err)
			}
			synctest.Wait()
		})
	}
}

func TestWhatAnotherNodeChangesIsSeen(t *testing.T) {
	a, b := twoNodes(t)
	r := a.begin(order{})
	seen := make(chan error, 1)
	go func() {
		_, err := b.Await(t.Context(), r.ID, func(now engine.Run) bool { return now.Version > r.Version })
		seen <- err
	}()
	a.tell(r.ID, "noted", "", said{})
	if err := <-seen; err != nil {
		t.Error(err)
	}
}

func TestWhoFollowsIsToldOfEachRunOnceAndInOrder(t *testing.T) {
	h := build(t)
	c := h.Changes()
	defer c.Close()
	other := h.Changes()
	first := h.begin(order{})
	second := h.begin(order{})
	h.tell(first.ID, "noted", "n", said{}) // it has not been told of yet, so this is no second change
	for _, want := range []string{first.ID, second.ID} {
		if got, err := c.Next(t.Context()); err != nil || got != want {
			t.Errorf("%s, %v, not %s", got, err, want)
		}
	}
	h.tell(first.ID, "noted", "m", said{})
	if got, err := c.Next(t.Context()); err != nil || got != first.ID {
		t.Errorf("after it was told: %s, %v", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if got, err := c.Next(ctx); err == nil {
		t.Errorf("nothing has changed, and %s did", got)
	}
	other.Close()
	if got, err := other.Next(t.Context()); err != nil || got != first.ID {
		t.Errorf("what was not read is still there: %s, %v", got, err)
	}
}

func TestWhoReadsTooSlowlyHearsOfTheLast(t *testing.T) {
	h := build(t)
	c := h.Changes()
	defer c.Close()
	const many = 1010
	ids := make([]string, many)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-%04d", engine.NewID(), i)
		if err := h.Apply(t.Context(), []engine.Write{engine.PutRun{Run: engine.Run{ID: ids[i], Flow: "toy", Table: 1, Status: engine.StatusDone, Version: 1, Data: []byte("{}")}}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		if got, err := c.Next(t.Context()); err != nil || got != ids[many-1000+i] {
			t.Fatalf("the %d. is %s, %v", i, got, err)
		}
	}
}
