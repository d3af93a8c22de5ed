package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"parley"
)

// drive is one goroutine moving one run. It holds the run as the database has it.
//
// The run stands before a row of its table. What is to be done follows from that alone, so a restart needs nothing else:
//
//	status   row          what is done
//	open     Call         it is said; the job is ours while we speak
//	open     Wait         a message that was left is heard; else the job is the time of the next question, or the end of patience
//	undoing  (any)        the last of Undos is taken back
//	done     optional     nothing; what is told is drawn
//	refused  (any)        nothing; the arrow that ends a refused run is drawn when it is asked for
type drive struct {
	e     *Engine
	t     *Table
	run   Run
	job   Job
	state any
}

// stays says that a transition leaves the run before the row it stands before, with its job as it is.
const stays = "stays"

// apply commits, and tells those who wait.
func (e *Engine) apply(ctx context.Context, writes []Write) error {
	if err := e.store.Apply(ctx, writes); err != nil {
		return err
	}
	for _, w := range writes {
		switch w := w.(type) {
		case PutRun:
			e.publish(w.Run.ID)
			e.changed(w.Run.ID)
		case PutJob:
			if w.Job.Owner == "" {
				e.nudge()
			}
		}
	}
	return nil
}

// transition is one transition as writes: the run moves to next, over the rows that need nobody, and what it stands before then
// decides its job. It changes d as if the writes had been applied; they are guarded by the run's version, so when they are not,
// d must be thrown away.
func (d *drive) transition(next Run, state any, owner string, extra []Write, events ...Event) (writes []Write, err error) {
	defer calm(&err) // conditions and questions are the flow's own
	now := d.e.clock()
	job := d.job
	if owner == stays && d.moot(next, state) {
		owner = d.e.node
	}
	if owner == stays {
		if job.Owner == "" && !d.needs(next, state) {
			job = Job{}
		}
	} else {
		var drawn []Event
		next.Maybe = false
		job, drawn = d.place(&next, state, owner, now)
		events = append(events, drawn...)
	}
	return d.write(next, state, job, now, extra, events)
}

// moot reports whether a run stands before an arrow of somebody else that it need not wait for any more.
func (d *drive) moot(r Run, state any) bool {
	if r.Status != StatusOpen || r.Step >= len(d.t.steps) {
		return false
	}
	s := d.t.steps[r.Step]
	return s.kind != kindCall && s.cond != nil && !s.cond(state)
}

// needs reports whether a run must be looked at again though nobody tells it anything.
func (d *drive) needs(r Run, state any) bool {
	switch {
	case r.Status == StatusUndoing:
		return true
	case r.Status != StatusOpen || r.Step >= len(d.t.steps):
		return false
	}
	s := d.t.steps[r.Step]
	return s.kind == kindCall || s.within > 0 || s.asks(state)
}

// place settles next before the first row that needs somebody and returns the job that belongs there. What is drawn on the way are events.
func (d *drive) place(next *Run, state any, owner string, now time.Time) (Job, []Event) {
	var drawn []Event
	fresh := Job{Run: next.ID, Due: now, Since: now, Owner: owner, Epoch: d.job.Epoch + 1}
	if owner != "" {
		fresh.Lease = now.Add(d.e.lease)
	}
	switch next.Status {
	case StatusUndoing:
		if len(next.Undos) == 0 {
			next.Status = StatusRefused
			return Job{}, nil
		}
		// Taking back is left to the worker: whoever woke us should hear the refusal now.
		fresh.Owner, fresh.Lease = "", time.Time{}
		return fresh, nil
	case StatusRefused:
		return Job{}, nil
	}
	for ; next.Step < len(d.t.steps); next.Step++ {
		s := d.t.steps[next.Step]
		if slices.Contains(next.Heard, next.Step) {
			continue // it was drawn when it was heard
		}
		if s.cond != nil && !s.cond(state) {
			drawn = append(drawn, Event{Step: s.Name, Kind: EventSkipped})
			continue
		}
		if s.kind == kindSeen || s.Anytime {
			continue
		}
		if s.kind == kindMark {
			drawn = append(drawn, Event{Step: s.Name, Kind: EventSaid})
			continue
		}
		switch {
		case s.kind == kindCall:
			return fresh, drawn
		case s.Arrow.Optional:
			next.Status = StatusDone
			return Job{}, drawn
		}
		fresh.Owner, fresh.Lease = "", time.Time{}
		if fresh.Due, _ = d.patience(s, state, fresh, now); fresh.Due.IsZero() {
			return Job{}, drawn
		}
		return fresh, drawn
	}
	next.Status = StatusDone
	return Job{}, drawn
}

// patience is when a wait should next be looked at, to ask or to give up; the zero time is never. asks says whether there is to
// be another question.
func (d *drive) patience(s step, state any, j Job, now time.Time) (due time.Time, asks bool) {
	if s.asks(state) {
		if due, asks = s.askEvery.next(j.Attempt+1, j.Since, now, 0, d.e.random()); !asks {
			due = time.Time{}
		}
	}
	if s.within > 0 {
		if end := j.Since.Add(s.within); due.IsZero() || end.Before(due) {
			due = end
		}
	}
	return due, asks
}

// write lists the writes of a transition, questions that it decides included.
func (d *drive) write(next Run, state any, job Job, now time.Time, extra []Write, events []Event) ([]Write, error) {
	data, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("keep run %s: %w", next.ID, err)
	}
	writes := make([]Write, 0, len(extra)+len(events)+3)
	next.Data, next.Changed, next.Version = data, now, d.run.Version+1
	var open []Question
	var answers []Write
	for _, q := range next.Questions {
		s := d.t.steps[q.Step]
		answer, ok := s.question(state)
		if !ok {
			open = append(open, q)
			continue
		}
		body, err := json.Marshal(answer)
		if err != nil {
			return nil, fmt.Errorf("answer %s: %w", s.Name, err)
		}
		answers = append(answers, AnswerInbound{q.Source, q.ID, body})
		if len(events) > 0 {
			events[0].answered(answer)
		}
	}
	next.Questions = open
	for i := range events {
		next.Seq++
		events[i].Run, events[i].Seq, events[i].At = next.ID, next.Seq, now
	}
	writes = append(writes, PutRun{next, d.run.Version}) // the guard first: nothing is written when it fails
	writes = append(writes, extra...)
	writes = append(writes, answers...)
	for _, ev := range events {
		writes = append(writes, AddEvent{ev})
	}
	switch {
	case job.Run != "" && job != d.job:
		writes = append(writes, PutJob{job})
	case job.Run == "" && d.job.Run != "":
		writes = append(writes, EndJob{next.ID})
	}
	d.run, d.state, d.job = next, state, job
	return writes, nil
}

func (d *drive) commit(ctx context.Context, next Run, state any, owner string, extra []Write, events ...Event) error {
	writes, err := d.transition(next, state, owner, extra, events...)
	if err != nil {
		return err
	}
	return d.applied(ctx, writes)
}

func (d *drive) applied(ctx context.Context, writes []Write) error {
	err := d.e.apply(ctx, writes)
	if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindConflict && e.Field == "run" {
		return race{err}
	}
	return err
}

// refuse turns the run back: what was done is taken back, the last first.
func (d *drive) refuse(ctx context.Context, next Run, state any, no *parley.Refusal, extra []Write, events ...Event) error {
	if no == nil {
		no = &parley.Refusal{By: string(d.t.steps[min(next.Step, len(d.t.steps)-1)].To), Status: parley.StatusDeclinedOther}
	}
	next.Refusal, next.Status, next.Attention = no, StatusUndoing, ""
	state, writes, err := d.refusal(state, no)
	if err != nil {
		return err
	}
	return d.commit(ctx, next, state, "", append(extra, writes...), events...)
}

func (d *drive) refusal(state any, no *parley.Refusal) (_ any, writes []Write, err error) {
	defer calm(&err)
	state, writes = d.t.refuse(d.turn("refused", 1, d.e.clock()), state, no)
	return state, writes, nil
}

// resume goes on with a run. If this process is at it already, it is looked at again afterwards.
func (e *Engine) resume(ctx context.Context, run string, claimed bool) error {
	for !e.take(run) {
		if e.lookAgain(run) {
			return nil
		}
	}
	d, err := e.load(ctx, run, claimed)
	if err != nil {
		e.release(run)
		return err
	}
	return e.goOn(ctx, d)
}

// goOn moves the run until it must wait for somebody else, and lets go of it. The caller has taken it.
//
// Letting go and looking for messages must be done in this order: whoever leaves a message looks afterwards whether the run is
// still being moved, so one of the two sees the other.
func (e *Engine) goOn(ctx context.Context, d *drive) error {
	for {
		err := d.move(ctx)
		e.release(d.run.ID)
		if isRace(err) { // somebody else's transition came first, and they go on; d holds what did not come to pass
			if now, lerr := e.load(ctx, d.run.ID, false); lerr == nil {
				*d = *now
			}
			return nil
		}
		if err != nil || e.stopping() {
			return err
		}
		left, err := e.store.Pending(ctx, d.run.ID)
		if err != nil {
			return err
		}
		if len(left) == 0 || !d.any(left) || !e.take(d.run.ID) {
			return nil
		}
		now, err := e.load(ctx, d.run.ID, false)
		if err == nil {
			*d = *now // the caller returns the run as it stands
		}
		if err != nil || d.elsewhere() { // another node looks at the mail when it lets go
			e.release(d.run.ID)
			return err
		}
	}
}

// any reports whether one of the messages can be acted on now.
func (d *drive) any(left []Inbound) bool {
	for _, m := range left {
		if i := d.t.find(m.Step); i >= 0 && d.when(i) != early {
			return true
		}
	}
	return false
}

// move does what the run stands before, again and again, until that is to wait.
func (d *drive) move(ctx context.Context) error {
	for {
		mine := d.job.Owner == d.e.node
		if d.e.stopping() || d.elsewhere() {
			return nil
		}
		if heard, err := d.hearLeft(ctx); err != nil {
			return err
		} else if heard {
			continue
		}
		switch {
		case d.run.Status == StatusUndoing && mine:
			if again, err := d.takeBack(ctx); err != nil || !again {
				return err
			}
		case d.run.Status == StatusOpen && mine && d.run.Step < len(d.t.steps):
			s := d.t.steps[d.run.Step]
			if s.kind != kindCall {
				if again, err := d.impatient(ctx, s); err != nil || !again {
					return err
				}
			} else if again, err := d.call(ctx, s); err != nil || !again {
				return err
			}
		case mine: // we were woken for nothing: the run is over, and what was left for it was read
			writes, err := d.write(d.run, d.state, Job{}, d.e.clock(), nil, nil)
			if err != nil {
				return err
			}
			return d.applied(ctx, writes)
		default:
			return nil
		}
	}
}

// hearLeft acts on one message that was left for us, if one's time has come.
func (d *drive) hearLeft(ctx context.Context) (bool, error) {
	if !d.mayHaveMail() {
		return false, nil
	}
	left, err := d.e.store.Pending(ctx, d.run.ID)
	if err != nil {
		return false, err
	}
	for _, m := range left {
		i := d.t.find(m.Step)
		if i < 0 {
			continue
		}
		switch d.when(i) {
		case early:
			continue
		case onTime:
			err = d.hear(ctx, i, m, true, nil)
		case passed:
			_, err = d.hearLate(ctx, i, m, true, nil)
		}
		if _, ok := errors.AsType[unreadable](err); ok {
			err = d.setAside(ctx, m, err)
		}
		return true, err
	}
	return false, nil
}

// mayHaveMail spares the look into the inbox before each Call that we are about to say: mail is read where the run waits or rests,
// and while a Call waits to be said again.
func (d *drive) mayHaveMail() bool {
	return d.job.Owner != d.e.node || d.run.Status != StatusOpen || d.run.Step >= len(d.t.steps) || d.t.steps[d.run.Step].kind != kindCall
}

// speak calls a step's function with its deadline, and returns with its outcome the beginning of an event: how long it took, and what was
// said. A panic is an answer that was lost.
func (d *drive) speak(ctx context.Context, step string, do func(context.Context, Turn, any) (any, Outcome), t Turn, p Policy) (state any, o Outcome, event Event) {
	limit := d.e.lease - d.e.lease/6
	if p.For > 0 && p.For < limit {
		limit = max(p.For-t.Now.Sub(d.job.Since), time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ctx, noted := parley.WithExchange(ctx)
	begun := d.e.now()
	defer func() {
		took := d.e.now().Sub(begun)
		if r := recover(); r != nil {
			d.e.log.Error("a step panicked", "run", d.run.ID, "panic", r, "stack", string(debug.Stack()))
			state, o = d.state, Unknown(errors.New("the step panicked"))
		}
		event = Event{Step: step, Attempt: t.Attempt, Took: took, Note: o.note, Exchange: noted()}
	}()
	state, o = do(ctx, t, d.state)
	return state, o, event
}

// call says the Call that the run stands before. It reports whether the run can go on at once.
func (d *drive) call(ctx context.Context, s step) (bool, error) {
	now := d.e.clock()
	turn := d.turn(s.Name, d.job.Attempt+1, now)
	state, o, event := d.speak(ctx, s.Name, s.call, turn, s.retry)
	next := d.run
	begun, err := d.begins(ctx, o)
	if err != nil {
		return false, err
	}
	writes := append(begun, o.writes...)
	goOn := func(kind EventKind) (bool, error) {
		event.Kind = kind
		if s.undo != nil {
			next.Undos = append(append([]int(nil), next.Undos...), next.Step)
		}
		next.Step++
		next.Attention = ""
		return true, d.commit(ctx, next, state, d.e.node, writes, event)
	}
	switch {
	case o.result == done:
		return goOn(EventSaid)
	case o.result == unknown && s.Arrow.Pivot:
		return goOn(EventUnknown)
	case o.result == refused && s.Arrow.Pivot && next.Maybe:
		// An earlier attempt may have been accepted: taking back what went before could come after the money.
		return goOn(EventUnknown)
	case o.result == refused && !s.Insist:
		event.Kind = EventRefused
		if next.Maybe && s.undo != nil { // an earlier attempt, whose answer was lost, may have been accepted
			next.Undos = append(append([]int(nil), next.Undos...), next.Step)
		}
		return true, d.refuse(ctx, next, state, o.refusal, writes, event)
	}
	next.Maybe = next.Maybe || o.result == unknown
	due, more := s.retry.next(turn.Attempt, d.job.Since, d.e.clock(), o.retryAfter, d.e.random())
	if more {
		return false, d.again(ctx, next, due, turn, o, event)
	}
	if s.Arrow.Pivot && next.Maybe {
		return goOn(EventUnknown)
	}
	event.Kind = EventUnheard
	if o.result == unknown {
		event.Kind = EventUnknown
	}
	if next.Maybe && s.undo != nil {
		next.Undos = append(append([]int(nil), next.Undos...), next.Step)
	}
	return true, d.refuse(ctx, next, d.state, o.refusal, nil, event)
}

// again leaves what was tried for later. The first time it did not go well is drawn, the others are counted.
func (d *drive) again(ctx context.Context, next Run, due time.Time, turn Turn, o Outcome, event Event) error {
	now := d.e.clock()
	job := d.job
	job.Attempt, job.Due, job.Owner, job.Lease, job.Died = turn.Attempt, due, "", time.Time{}, false
	why := resultNames[o.result]
	if o.err != nil {
		why = o.err.Error()
	}
	writes := []Write{AddAttempt{Attempt{Run: next.ID, Step: event.Step, Number: turn.Attempt, At: now, Outcome: resultNames[o.result], Took: event.Took, Why: why}}}
	var events []Event
	if o.result != notYet && turn.Attempt == 1 {
		event.Kind = map[result]EventKind{refused: EventRefused, unknown: EventUnknown, unheard: EventUnheard}[o.result]
		events = append(events, event)
	}
	for _, limit := range []time.Duration{5 * time.Minute, time.Hour, 24 * time.Hour} {
		if due.Sub(job.Since) < limit || o.result == notYet {
			continue
		}
		if now.Sub(job.Since) < limit {
			d.e.log.Warn("still not heard", "run", next.ID, "arrow", event.Step, "for", limit, "attempts", turn.Attempt, "outcome", resultNames[o.result])
		}
		if limit >= time.Hour { // not only as the limit is crossed: we may have been down then
			next.Attention = fmt.Sprintf("%s has not been heard for %s", event.Step, limit)
		}
	}
	all, err := d.write(next, d.state, job, now, writes, events)
	if err != nil {
		return err
	}
	return d.applied(ctx, all)
}

// takeBack takes back the last of what was done.
func (d *drive) takeBack(ctx context.Context) (bool, error) {
	last := len(d.run.Undos) - 1
	s := d.t.steps[d.run.Undos[last]]
	now := d.e.clock()
	turn := d.turn(s.Arrow.Undo, d.job.Attempt+1, now)
	state, o, event := d.speak(ctx, s.Arrow.Undo, s.undo, turn, UntilHeard)
	next := d.run
	if o.result != done {
		due, _ := UntilHeard.next(turn.Attempt, d.job.Since, d.e.clock(), o.retryAfter, d.e.random())
		return false, d.again(ctx, next, due, turn, o, event)
	}
	begun, err := d.begins(ctx, o)
	if err != nil {
		return false, err
	}
	event.Kind = EventUndone
	next.Undos = append([]int(nil), next.Undos[:last]...)
	next.Attention = ""
	return false, d.commit(ctx, next, state, "", append(begun, o.writes...), event)
}

// impatient looks at a Wait again: the time to ask has come, or the end of a wait.
func (d *drive) impatient(ctx context.Context, s step) (_ bool, err error) {
	defer calm(&err) // whether there is somebody to ask is the flow's to say
	now := d.e.clock()
	next := d.run
	if s.within > 0 && !now.Before(d.job.Since.Add(s.within)) {
		no := &parley.Refusal{By: string(s.From), Status: parley.StatusExpired}
		return true, d.refuse(ctx, next, d.state, no, nil, Event{Step: s.Name, Kind: EventExpired})
	}
	turn := d.turn(s.Name, d.job.Attempt+1, now)
	kept := d.state
	if s.asks(kept) {
		state, o, event := d.speak(ctx, s.Name, s.ask, turn, UntilHeard)
		begun, err := d.begins(ctx, o)
		if err != nil {
			return false, err
		}
		writes := append(begun, o.writes...)
		switch o.result {
		case done:
			event.Kind = EventHeard
			next.Step++
			next.Attention = ""
			return true, d.commit(ctx, next, state, d.e.node, writes, event)
		case refused:
			if !d.t.unrefused {
				event.Kind = EventRefused
				return true, d.refuse(ctx, next, state, o.refusal, writes, event)
			}
		case notYet:
			kept = state
		}
	}
	job := d.job
	job.Attempt, job.Owner, job.Lease, job.Died = turn.Attempt, "", time.Time{}, false
	due, asks := d.patience(s, kept, job, now)
	var events []Event
	if s.asks(kept) && !asks && next.Attention == "" {
		next.Attention = s.Name + ": asked as often as it makes sense, without an answer"
		events = append(events, Event{Step: s.Name, Kind: EventAttends})
		d.e.log.Warn("a person should look", "run", next.ID, "arrow", s.Name)
	}
	if job.Due = due; due.IsZero() {
		job = Job{}
	}
	writes, err := d.write(next, kept, job, now, nil, events)
	if err != nil {
		return false, err
	}
	return false, d.applied(ctx, writes)
}
