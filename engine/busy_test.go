package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"parley/engine"
	"parley/store"
)

// TestPeopleWhoWaitForADeadOperatorDoNotKeepOthersFromTheirMoney: however many requests hang in calls of their own, what is due is worked on.
func TestPeopleWhoWaitForADeadOperatorDoNotKeepOthersFromTheirMoney(t *testing.T) {
	const hanging = 100
	db, err := store.OpenSQLite(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	type memory struct{ Hang bool }
	var stuck, heard atomic.Int64
	release := make(chan struct{})
	flow := engine.Flow[memory]{Name: "busy", Version: 1, Server: "S", Parties: []engine.Party{"A", "S", "O"}, Steps: []engine.Step[memory]{
		engine.Start[memory]("A", "S", "begin"),
		engine.Call("S", "O", "ask", func(ctx context.Context, turn engine.Turn, m memory) (memory, engine.Outcome) {
			if m.Hang {
				stuck.Add(1)
				<-release
			} else if turn.Attempt == 1 {
				return m, engine.NotYet("the time has not come") // so that the worker must do it
			}
			heard.Add(1)
			return m, engine.Done()
		}).Retry(engine.UntilHeard),
	}}
	e, err := engine.New(t.Context(), engine.Options{Store: db, Tables: []*engine.Table{flow.Table()}, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	e.Start()
	done := make(chan struct{}, hanging)
	for range hanging {
		go func() {
			e.Begin(context.Background(), engine.Beginning{Flow: "busy", State: memory{Hang: true}})
			done <- struct{}{}
		}()
	}
	for deadline := time.Now().Add(10 * time.Second); stuck.Load() < hanging && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if _, err := e.Begin(t.Context(), engine.Beginning{Flow: "busy", State: memory{}}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); heard.Load() == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if heard.Load() != 1 || stuck.Load() != hanging {
		t.Errorf("%d hang, and %d others were heard", stuck.Load(), heard.Load())
	}
	close(release)
	for range hanging {
		<-done
	}
	if err := e.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
