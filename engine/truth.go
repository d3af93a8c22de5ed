package engine

import (
	"fmt"
	"slices"
)

// Truth checks that the picture of a run is true: that its events, drawn, equal its flow's table as far as it went. Every row
// before the one that it stands before was drawn once, in the table's order, or skipped because its condition did not hold;
// nothing was drawn after it; only what may have been done was taken back, and all of it when the run is over; and no event is
// missing. Nil means that it is true.
func Truth(t *Table, run Run, events []Event) error {
	w := witness{t: t, run: run, events: events}
	for i, ev := range events {
		if ev.Seq != i+1 {
			return fmt.Errorf("event %d of run %s has the number %d", i+1, run.ID, ev.Seq)
		}
		if err := w.see(i, ev); err != nil {
			return fmt.Errorf("event %d of run %s (%s %q): %w", ev.Seq, run.ID, ev.Kind, ev.Step, err)
		}
	}
	if err := w.end(); err != nil {
		return fmt.Errorf("run %s, %s before row %d: %w", run.ID, run.Status, run.Step, err)
	}
	return nil
}

// witness follows a run by its events.
type witness struct {
	t      *Table
	run    Run
	events []Event

	heard   []int  // rows marked Par that were heard
	next    int    // the first row that was not drawn
	tried   bool   // a first try at it was drawn
	maybe   bool   // and it may have been done
	turned  bool   // the run was refused
	undos   []int  // rows that must be taken back, the last at the end
	untried string // the words of a taking back whose first try was drawn
	closed  bool   // the arrow that ends a refused run was drawn
}

// see takes in the i-th event.
func (w *witness) see(i int, ev Event) error {
	if ev.Run != "" && ev.Run != w.run.ID {
		return fmt.Errorf("it is of run %s", ev.Run)
	}
	row := w.t.find(ev.Step)
	if (i == 0) != (ev.Kind == EventStarted) || i == 0 && row != 0 {
		return fmt.Errorf("a run starts with its first row, and once")
	}
	if w.turned && (ev.Kind == EventUndone || tried(ev.Kind)) {
		return w.back(ev)
	}
	if row < 0 {
		return fmt.Errorf("the table has no such row")
	}
	if row == len(w.t.steps) {
		switch {
		case ev.Kind == EventAttends:
			return nil
		case !w.turned:
			return fmt.Errorf("the run was not refused")
		case ev.Kind == EventSaid && !w.closed:
			w.closed = true
			return nil
		case ev.Kind == EventLate && w.closed:
			return nil
		}
		return fmt.Errorf("that arrow is said once")
	}
	s := w.t.steps[row]
	if ev.Kind == EventAttends { // somebody was asked in vain, or a message for the row could not be read
		return nil
	}
	answers := s.kind == kindWait && ev.Kind == EventHeard || s.kind == kindAnswer && ev.Kind == EventSaid
	switch {
	case ev.Kind == EventLate:
		if s.kind != kindWait && s.kind != kindAnswer || !w.turned && row >= w.next && !slices.Contains(w.heard, row) {
			return fmt.Errorf("it is not late")
		}
		return nil
	case s.Anytime && answers:
		return nil
	case w.turned:
		return fmt.Errorf("the run had been refused")
	case slices.Contains(w.heard, row):
		return fmt.Errorf("it was heard already")
	case s.Par && answers:
		w.heard = append(w.heard, row)
		if row < w.next || w.between(row) != nil { // where it was skipped, or before its place
			return nil
		}
	case ev.Kind == EventSkipped && s.cond == nil:
		return fmt.Errorf("the row has no condition")
	case s.kind == kindSeen && ev.Kind != EventSkipped:
		return fmt.Errorf("nothing happens to what passes between two others")
	}
	if err := w.reach(row); err != nil {
		return err
	}
	switch ev.Kind {
	case EventStarted:
	case EventSkipped:
		if w.tried {
			return fmt.Errorf("it had been tried")
		}
	case EventHeard, EventSaid:
		if !answers && (s.kind != kindCall && s.kind != kindMark || ev.Kind != EventSaid) {
			return fmt.Errorf("the row is not one that is %s", ev.Kind)
		}
	case EventExpired:
		if s.within == 0 {
			return fmt.Errorf("the row has no end of patience")
		}
		w.turned = true
		return nil
	case EventRefused, EventUnheard, EventUnknown:
		if s.kind != kindCall {
			if ev.Kind != EventRefused {
				return fmt.Errorf("that happens only to what we say")
			}
			w.turned = true
			return nil
		}
		if ev.Kind != EventUnknown || !s.Pivot { // at the pivot a lost answer does not keep the run
			return w.failed(i, row, ev)
		}
	default:
		return fmt.Errorf("no such thing happens to a row")
	}
	if w.tried && ev.Attempt < 2 {
		return fmt.Errorf("it had been tried before, but this is try %d", ev.Attempt)
	}
	if s.kind == kindCall && s.undo != nil && ev.Kind != EventSkipped {
		w.undos = append(w.undos, row)
	}
	w.next, w.tried, w.maybe = row+1, false, false
	return nil
}

// reach checks that row is the one whose turn it is: between it and the last one drawn lies only what is drawn by nobody.
func (w *witness) reach(row int) error {
	if row < w.next {
		return fmt.Errorf("the row was drawn already, or another before its turn")
	}
	if s := w.between(row); s != nil {
		return fmt.Errorf("%q comes first", s.Name)
	}
	if w.next = row; row > w.run.Step {
		return fmt.Errorf("the run has come only to row %d", w.run.Step)
	}
	return nil
}

// between is the first row from the one whose turn it is up to another that somebody must still draw; nil when there is none.
func (w *witness) between(row int) *step {
	for i := w.next; i < row; i++ {
		if s := w.t.steps[i]; s.kind != kindSeen && !s.Anytime && !slices.Contains(w.heard, i) {
			return &s
		}
	}
	return nil
}

// failed is a call that did not go well: its first try, or the one with which the run gives up.
func (w *witness) failed(i, row int, ev Event) error {
	s := w.t.steps[row]
	again := slices.ContainsFunc(w.events[i+1:], func(e Event) bool { return e.Step == ev.Step && (e.Kind == EventSaid || tried(e.Kind)) })
	w.maybe = w.maybe || ev.Kind == EventUnknown
	if again || w.run.Refusal == nil {
		if w.tried || ev.Attempt != 1 {
			return fmt.Errorf("only a first try is drawn, and the last")
		}
		w.tried = true
		return nil
	}
	if s.Insist {
		return fmt.Errorf("the row is said until it is heard, but the run gave up")
	}
	if w.tried && ev.Attempt < 2 {
		return fmt.Errorf("it had been tried before, but this is try %d", ev.Attempt)
	}
	// A try that is neither the first nor the last is not drawn, nor is one in which the process died: its answer may have
	// been lost.
	drawn := 1
	if w.tried {
		drawn = 2
	}
	perhaps := ev.Attempt > drawn && (slices.Contains(w.run.Undos, row) ||
		slices.ContainsFunc(w.events[i+1:], func(e Event) bool { return e.Kind == EventUndone && e.Step == s.Arrow.Undo }))
	if s.undo != nil && (w.maybe || perhaps) {
		w.undos = append(w.undos, row)
	}
	w.turned = true
	return nil
}

// back is what was taken back, or a first try at it.
func (w *witness) back(ev Event) error {
	if len(w.undos) == 0 {
		return fmt.Errorf("there is nothing to take back")
	}
	last := w.t.steps[w.undos[len(w.undos)-1]]
	if ev.Step != last.Arrow.Undo {
		return fmt.Errorf("%q is what must be taken back next", last.Name)
	}
	if ev.Kind != EventUndone {
		if w.untried == ev.Step || ev.Attempt != 1 {
			return fmt.Errorf("only a first try is drawn")
		}
		w.untried = ev.Step
		return nil
	}
	if w.untried == ev.Step && ev.Attempt < 2 {
		return fmt.Errorf("it had been tried before, but this is try %d", ev.Attempt)
	}
	w.undos, w.untried = w.undos[:len(w.undos)-1], ""
	return nil
}

// end compares where the events lead with where the run stands.
func (w *witness) end() error {
	r := w.run
	if r.Seq != len(w.events) {
		return fmt.Errorf("it has %d events, and says %d", len(w.events), r.Seq)
	}
	if r.Step < 0 || r.Step > len(w.t.steps) {
		return fmt.Errorf("there is no such row")
	}
	if r.Step < w.next {
		return fmt.Errorf("%q was drawn, which is not before that row", w.t.steps[w.next-1].Name)
	}
	if r.Step > w.next {
		if w.turned || w.tried {
			return fmt.Errorf("%q was where it ended", w.t.steps[w.next].Name)
		}
		if s := w.between(r.Step); s != nil {
			return fmt.Errorf("%q was not drawn", s.Name)
		}
	}
	if !slices.Equal(w.heard, r.Heard) {
		return fmt.Errorf("by its events rows %v were heard beside the others, by the run %v", w.heard, r.Heard)
	}
	back := r.Status == StatusUndoing || r.Status == StatusRefused
	switch {
	case w.turned != back || w.turned != (r.Refusal != nil):
		return fmt.Errorf("by its events it was refused: %t", w.turned)
	case w.closed != r.Closed:
		return fmt.Errorf("by its events the arrow that ends it was drawn: %t", w.closed)
	case !slices.Equal(w.undos, r.Undos):
		return fmt.Errorf("by its events rows %v would be taken back, by the run %v", w.undos, r.Undos)
	case back && (len(r.Undos) > 0) != (r.Status == StatusUndoing):
		return fmt.Errorf("rows %v are left to be taken back", r.Undos)
	}
	if !back {
		standing := r.Step < len(w.t.steps) && !w.t.steps[r.Step].Optional
		if standing != (r.Status == StatusOpen) {
			return fmt.Errorf("somebody must still act: %t", standing)
		}
		if kind := w.t.steps[min(r.Step, len(w.t.steps)-1)].kind; standing && (kind == kindSeen || kind == kindMark) {
			return fmt.Errorf("nobody stands before what needs nobody")
		}
	}
	return nil
}
