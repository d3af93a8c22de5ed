package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parley"
)

// Posting is what one change of facts says in any number of runs.
type Posting struct {
	With  []Write     // the facts. Their own guards decide: when one does not hold, nothing is written and the error is that conflict
	Begin []Beginning // runs that begin with it, each with an ID. Where a Key was used, nothing is written, and that is a conflict over "run"
	Tell  []Message   // what is told, each under an ID of its own. Of a Message's fields Fingerprint, Asks, With and Later are not looked at
	// Later lets Post return as soon as everything is safe; the runs go on in the background.
	Later bool
	// Written, when not nil, is called once everything is safe, before the runs go on.
	Written func()
}

// Post writes facts, begins runs and leaves messages for others in one transaction, and then goes on with the runs. Facts do not depend on
// runs: when Post returns nil the facts are written, whatever becomes of the runs, and what is wrong with one is in the log. A message for
// an arrow that its run's flow does not know, or for a run that is not there, is dropped, and so is one that is known already.
//
// What was left is found, when this process dies before it has looked, by the worker of any process that shares the store.
func (e *Engine) Post(ctx context.Context, p Posting) error {
	if !e.enter() {
		return errStopped
	}
	defer e.wg.Done()
	batch := append([]Write(nil), p.With...)
	begun := map[string]*drive{}
	letGo := func() {
		for run := range begun {
			e.release(run)
		}
	}
	for _, b := range p.Begin {
		d, writes, err := e.beginning(b)
		if err != nil {
			letGo()
			return fmt.Errorf("begin %s: %w", b.Flow, err)
		}
		begun[d.run.ID] = d
		batch = append(batch, writes...)
	}
	left, err := e.left(ctx, p.Tell, begun)
	if err != nil {
		letGo()
		return err
	}
	wake := e.clock().Add(unlooked)
	var order []string // the runs that are told, each once
	for _, in := range left {
		batch = append(batch, AddInbound{in})
		if !slices.Contains(order, in.Run) {
			order = append(order, in.Run)
			batch = append(batch, WakeRun{in.Run, wake})
		}
	}
	if err := e.apply(ctx, batch); err != nil {
		letGo()
		return err
	}
	if p.Written != nil {
		p.Written()
	}
	for _, run := range order {
		if d := begun[run]; d != nil && d.job.Run == "" {
			d.job = Job{Run: run, Due: wake, Since: wake}
		}
	}
	goOn := func() {
		ctx := context.WithoutCancel(ctx)
		for _, b := range p.Begin {
			e.outcome(b.ID, e.goOn(ctx, begun[b.ID]))
		}
		for _, run := range order {
			e.outcome(run, e.resume(ctx, run, false))
		}
	}
	switch {
	case !p.Later:
		goOn()
	case !e.background(goOn):
		letGo()
	}
	return nil
}

// unlooked is how long a message lies before the worker looks at its run: whoever left it looks at once, and takes the job away.
const unlooked = 5 * time.Second

// beginning prepares a run that a posting begins; it is taken.
func (e *Engine) beginning(b Beginning) (*drive, []Write, error) {
	t := e.latest[b.Flow]
	switch {
	case t == nil:
		return nil, nil, fmt.Errorf("no such flow")
	case b.ID == "":
		return nil, nil, fmt.Errorf("a run that is posted has its id from NewID")
	case !e.take(b.ID):
		return nil, nil, &parley.Error{Kind: parley.KindConflict, Field: "run", Message: "it is being begun"}
	}
	d, writes, err := e.begin(t, b, e.node)
	if err != nil {
		e.release(b.ID)
	}
	return d, writes, err
}

// left are the messages as they are kept, without those that their runs have no arrow for. begun are the runs that begin with them.
func (e *Engine) left(ctx context.Context, tell []Message, begun map[string]*drive) ([]Inbound, error) {
	var left []Inbound
	now, tables := e.clock(), map[string]*Table{}
	for run, d := range begun {
		tables[run] = d.t
	}
	for _, m := range tell {
		if _, known := tables[m.Run]; !known {
			r, _, err := e.store.Run(ctx, m.Run)
			if err != nil && parley.KindOf(err) != parley.KindNotFound {
				return nil, err
			}
			if err == nil {
				if tables[m.Run], err = e.table(r); err != nil {
					e.log.Error("drop a message", "run", m.Run, "arrow", m.Step, "err", err)
				}
			}
		}
		if t := tables[m.Run]; t == nil || !t.hears(m.Step) {
			e.log.Debug("drop a message that the run has no arrow for", "run", m.Run, "arrow", m.Step)
			continue
		}
		if _, known, err := e.store.Inbound(ctx, m.Source, m.ID); known || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		body, err := json.Marshal(m.Body)
		if err != nil {
			return nil, fmt.Errorf("tell %s: %w", m.Step, err)
		}
		left = append(left, Inbound{Source: m.Source, ID: m.ID, Run: m.Run, Step: m.Step, Body: body, At: now})
	}
	return left, nil
}

// outcome puts into the log what was wrong with a run that a posting moved.
func (e *Engine) outcome(run string, err error) {
	if err != nil {
		e.log.Error("go on with a run", "run", run, "err", err)
	}
}
