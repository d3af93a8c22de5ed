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

// Beginning is how a run begins.
type Beginning struct {
	Flow  string
	ID    string  // from NewID; made when empty
	Key   string  // the same flow and key begin only one run; empty promises nothing
	State any     // what the flow remembers at first
	Note  string  // for the picture
	Shown any     // what was asked for, kept with the event as parley.Redact writes it; nil for nothing
	With  []Write // written in the same transaction
}

// Begin begins a run and goes on with it until it must wait. A run that was begun with the same key is returned as it
// stands.
func (e *Engine) Begin(ctx context.Context, b Beginning) (Run, error) {
	t := e.latest[b.Flow]
	if t == nil {
		return Run{}, fmt.Errorf("begin: no flow %q", b.Flow)
	}
	if !e.enter() {
		return Run{}, errStopped
	}
	defer e.wg.Done()
	if b.ID == "" {
		b.ID = NewID()
	}
	if !e.take(b.ID) {
		return Run{}, parley.Errorf(parley.KindConflict, "run %s is being begun", b.ID)
	}
	d, writes, err := e.begin(t, b, e.node)
	if err == nil {
		err = e.apply(ctx, writes)
	}
	if err != nil {
		e.release(b.ID)
		if parley.KindOf(err) == parley.KindConflict && b.Key != "" {
			// The conflict may have been over something else that was to be written.
			if r, kerr := e.store.RunByStartKey(ctx, b.Flow, b.Key); parley.KindOf(kerr) != parley.KindNotFound {
				return r, kerr
			}
		}
		return Run{}, fmt.Errorf("begin %s: %w", b.Flow, err)
	}
	e.publish(b.ID)
	err = e.goOn(context.WithoutCancel(ctx), d)
	return d.run, err
}

// begin prepares a run: its first row is drawn, and it stands before the next. The job is the owner's.
func (e *Engine) begin(t *Table, b Beginning, owner string) (*drive, []Write, error) {
	now := e.clock()
	d := &drive{e: e, t: t, state: b.State}
	next := Run{ID: b.ID, Flow: t.Name, Table: t.Version, StartKey: b.Key, Status: StatusOpen, Begun: now, Step: 1}
	// A state that has been through JSON is what a restart would see; the first steps must see the same.
	data, err := json.Marshal(b.State)
	if err != nil {
		return nil, nil, fmt.Errorf("begin %s: %w", t.Name, err)
	}
	if d.state, err = t.decode(data); err != nil {
		return nil, nil, fmt.Errorf("begin %s: %w", t.Name, err)
	}
	writes, err := d.transition(next, d.state, owner, b.With, Event{Step: t.steps[0].Name, Kind: EventStarted, Note: b.Note, Exchange: asked(parley.Redact(b.Shown))})
	return d, writes, err
}

// Message is something that somebody told us.
type Message struct {
	Run  string
	Step string // the row of the table that it is
	// Source and ID say which message it is, so that a repetition is known. Without an ID it is not kept: for what needs
	// no memory, such as a browser that came by.
	Source, ID string
	// Fingerprint, when given, must be the same for a repetition.
	Fingerprint string
	Body        any     // what the step's hear reads
	Asks        bool    // the sender waits for the answer to a Question
	With        []Write // written in the transaction that acts on the message
	// Later lets Tell return as soon as the message is safe; what follows from it goes on in the background.
	Later bool
}

// Receipt is what became of a message.
type Receipt struct {
	Duplicate bool            // it was here before; nothing was done
	Waiting   bool            // it is kept until the run has come to its row
	Passed    bool            // the run had gone on without it
	Answer    json.RawMessage // to a question, when it is decided already
	Run       Run             // as it stands now
}

// Tell tells a run a message. It is safe when Tell returns: acted on, or kept until its turn. A message that says something else under
// an id that was used is parley.KindConflict; one that has no id and whose time has not come, too.
func (e *Engine) Tell(ctx context.Context, m Message) (Receipt, error) {
	if !e.enter() {
		return Receipt{}, errStopped
	}
	defer e.wg.Done()
	body, err := json.Marshal(m.Body)
	if err != nil {
		return Receipt{}, fmt.Errorf("tell %s: %w", m.Step, err)
	}
	in := Inbound{Source: m.Source, ID: m.ID, Run: m.Run, Step: m.Step, Fingerprint: m.Fingerprint, Body: body, Asks: m.Asks, At: e.clock()}
	for try := 0; ; try++ {
		if e.take(m.Run) {
			receipt, d, err := e.hear(ctx, in, m.With)
			if parley.KindOf(err) == parley.KindConflict && try < 20 {
				e.release(m.Run)
				if receipt, ok, derr := e.duplicate(ctx, in); ok || derr != nil {
					return receipt, derr
				}
				if !isRace(err) {
					return Receipt{}, err
				}
				continue
			}
			if err != nil || d == nil {
				e.release(m.Run)
				return receipt, err
			}
			if m.Later {
				receipt.Run = d.run
				if !e.background(func() {
					if err := e.goOn(context.WithoutCancel(ctx), d); err != nil {
						e.log.Error("go on with a run", "run", m.Run, "err", err)
					}
				}) {
					e.release(m.Run)
				}
				return receipt, nil
			}
			err = e.goOn(context.WithoutCancel(ctx), d)
			receipt.Run = d.run
			if m.Asks && receipt.Answer == nil {
				if kept, _, kerr := e.store.Inbound(ctx, m.Source, m.ID); kerr == nil {
					receipt.Answer = kept.Answer
				}
			}
			return receipt, err
		}
		// Somebody is moving the run. What has an id is left for them; what has none waits for them.
		if m.ID != "" {
			return e.leave(ctx, in, m.With)
		}
		if _, err := e.Await(ctx, m.Run, func(Run) bool { return !e.isDriving(m.Run) }); err != nil {
			return Receipt{}, err
		}
	}
}

func (e *Engine) isDriving(run string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, taken := e.driving[run]
	return taken
}

// race marks a conflict in which somebody else's transition came first: reading again helps.
type race struct{ error }

func (r race) Unwrap() error { return r.error }

func isRace(err error) bool {
	_, ok := errors.AsType[race](err)
	return ok
}

// leave keeps the message for whoever moves the run now, and looks again in case they had just stopped.
func (e *Engine) leave(ctx context.Context, in Inbound, with []Write) (Receipt, error) {
	d, err := e.load(ctx, in.Run, false)
	if err != nil {
		return Receipt{}, err
	}
	if d.t.find(in.Step) < 0 {
		return Receipt{}, parley.Errorf(parley.KindInvalid, "flow %s has no arrow %q", d.t.Name, in.Step)
	}
	if err := e.store.Apply(ctx, append(with, AddInbound{in})); err != nil {
		if receipt, ok, derr := e.duplicate(ctx, in); ok || derr != nil {
			return receipt, derr
		}
		return Receipt{}, fmt.Errorf("keep a message: %w", err)
	}
	if err := e.resume(context.WithoutCancel(ctx), in.Run, false); err != nil {
		return Receipt{}, err
	}
	return Receipt{Waiting: true, Run: d.run}, nil
}

func (e *Engine) duplicate(ctx context.Context, in Inbound) (Receipt, bool, error) {
	if in.ID == "" {
		return Receipt{}, false, nil
	}
	kept, ok, err := e.store.Inbound(ctx, in.Source, in.ID)
	if err != nil || !ok {
		return Receipt{}, false, err
	}
	if kept.Run != in.Run || kept.Fingerprint != in.Fingerprint {
		return Receipt{}, true, parley.Errorf(parley.KindConflict, "message %s of %s was said before with another meaning", in.ID, in.Source)
	}
	if !kept.Taken { // whoever left it may not have lived to look whether its time had come
		if err := e.resume(context.WithoutCancel(ctx), in.Run, false); err != nil {
			return Receipt{}, true, err
		}
		if kept, _, err = e.store.Inbound(ctx, in.Source, in.ID); err != nil {
			return Receipt{}, true, err
		}
	}
	r, err := e.Run(ctx, in.Run)
	return Receipt{Duplicate: true, Waiting: !kept.Taken, Answer: kept.Answer, Run: r}, true, err
}

// hear acts on a message that is new, if its time has come; the caller has taken the run. It returns a drive when the run
// should go on.
func (e *Engine) hear(ctx context.Context, in Inbound, with []Write) (Receipt, *drive, error) {
	d, err := e.load(ctx, in.Run, false)
	if err != nil {
		return Receipt{}, nil, err
	}
	i := d.t.find(in.Step)
	if i < 0 {
		return Receipt{}, nil, parley.Errorf(parley.KindInvalid, "flow %s has no arrow %q", d.t.Name, in.Step)
	}
	if d.elsewhere() {
		if in.ID == "" {
			return Receipt{}, nil, race{parley.Errorf(parley.KindConflict, "another node is moving the run")}
		}
		if err := e.store.Apply(ctx, append(with, AddInbound{in})); err != nil {
			return Receipt{}, nil, err
		}
		// The other node may have let go before the message was there to be seen: then it is ours to act on.
		if d, err = e.load(ctx, in.Run, false); err != nil || d.elsewhere() {
			return Receipt{Waiting: true}, nil, err
		}
		return Receipt{Waiting: true, Run: d.run}, d, nil
	}
	switch d.when(i) {
	case early:
		if in.ID == "" {
			return Receipt{}, nil, parley.Errorf(parley.KindConflict, "%s: not yet", in.Step)
		}
		if err := e.store.Apply(ctx, append(with, AddInbound{in})); err != nil {
			return Receipt{}, nil, err
		}
		return Receipt{Waiting: true, Run: d.run}, nil, nil
	case passed:
		if in.ID == "" {
			return Receipt{Passed: true, Run: d.run}, nil, nil
		}
		answer, err := d.hearLate(ctx, i, in, false, with)
		return Receipt{Passed: true, Answer: answer, Run: d.run}, d, err
	}
	err = d.hear(ctx, i, in, false, with)
	return Receipt{}, d, err
}

type moment int

const (
	onTime moment = iota
	early
	passed
)

// when says whether the time of row i has come.
func (d *drive) when(i int) moment {
	r := d.run
	if i == len(d.t.steps) { // the arrow that ends a refused run
		switch {
		case r.Refusal == nil:
			return early
		case r.Closed:
			return passed
		}
		return onTime
	}
	switch {
	case d.t.steps[i].Anytime:
		return onTime
	case r.Refusal != nil || slices.Contains(r.Heard, i):
		return passed
	case d.t.steps[i].Par:
		return onTime
	case i < r.Step:
		return passed
	case i > r.Step:
		return early
	}
	return onTime
}

// hear draws row i, which is told on time.
func (d *drive) hear(ctx context.Context, i int, in Inbound, kept bool, with []Write) error {
	s, now := d.row(i), d.e.clock()
	m, state, o, err := s.listen(d.turn(s.Name, 1, now), d.state, in.Body)
	if err != nil {
		return unreadable{err}
	}
	next := d.run
	if in.Asks && s.question != nil {
		next.Questions = append(append([]Question(nil), next.Questions...), Question{in.Source, in.ID, i})
	}
	writes := append(d.keep(in, kept, nil), with...)
	begun, err := d.begins(ctx, o)
	if err != nil {
		return err
	}
	writes = append(append(writes, begun...), o.writes...)
	event := Event{Step: s.Name, Kind: EventHeard, Note: o.note, Exchange: asked(parley.Redact(m))}
	if s.Reply {
		event.Kind = EventSaid
	}
	if s.Par && o.result == done {
		next.Heard = append(append([]int(nil), next.Heard...), i)
	}
	beside := s.Anytime || s.Par && i != d.run.Step
	switch {
	case o.result == refused && !beside && !d.t.unrefused && i < len(d.t.steps):
		event.Kind = EventRefused
		return d.refuse(ctx, next, state, o.refusal, writes, event)
	case o.result != done:
		return unreadable{fmt.Errorf("%s: hearing a message ends done or, where that has consequences, refused, not %s", s.Name, resultNames[o.result])}
	case i == len(d.t.steps):
		next.Closed = true
		return d.commit(ctx, next, state, stays, writes, event)
	case beside:
		return d.commit(ctx, next, state, stays, writes, event)
	}
	next.Step = i + 1
	next.Attention = ""
	return d.commit(ctx, next, state, d.e.node, writes, event)
}

// unreadable marks an error that is the message's own, or that of the function that reads it: trying again does not help.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// listen reads a message and calls the step's hear. A panic in it is an error, or one message could end the process, at every start anew.
func (s step) listen(t Turn, was any, body json.RawMessage) (m, state any, o Outcome, err error) {
	defer calm(&err)
	if m, err = s.read(body); err == nil {
		state, o = s.hear(t, was, m)
	}
	return m, state, o, err
}

// listenLate is listen for a message that is late. One that nothing follows from need not be readable.
func (s step) listenLate(t Turn, was any, body json.RawMessage) (m any, o Outcome, err error) {
	defer calm(&err)
	if s.late != nil {
		o, err = s.late(t, was, body)
	}
	m, unread := s.read(body)
	if unread != nil {
		m = nil
	}
	return m, o, err
}

// asked is the exchange of what we were told. A message that says nothing but that it was said needs none.
func asked(request json.RawMessage) *parley.Exchange {
	if s := string(request); s == "" || s == "{}" || s == "null" {
		return nil
	}
	return &parley.Exchange{Request: request}
}

// answered notes in an event the answer to a question that was decided with it, unless the event tells of another.
func (ev *Event) answered(answer any) {
	x := parley.Exchange{}
	if ev.Exchange != nil {
		x = *ev.Exchange
	}
	if x.Answer == nil {
		x.Answer = parley.Redact(answer)
		ev.Exchange = &x
	}
}

// calm turns a panic of a flow's own functions into an error.
func calm(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the flow panicked: %v\n%s", r, debug.Stack())
	}
}

// setAside ends a message that was kept and cannot be acted on, so that it does not stand in the way of others for ever.
func (d *drive) setAside(ctx context.Context, m Inbound, why error) error {
	d.e.log.Error("set a message aside", "run", d.run.ID, "arrow", m.Step, "source", m.Source, "message", m.ID, "err", why)
	next := d.run
	next.Attention = m.Step + ": a message could not be read"
	return d.commit(ctx, next, d.state, stays, []Write{TakeInbound{m.Source, m.ID}}, Event{Step: m.Step, Kind: EventAttends})
}

// hearLate records a message whose time is over, and what follows from that.
func (d *drive) hearLate(ctx context.Context, i int, in Inbound, kept bool, with []Write) (json.RawMessage, error) {
	s, now := d.row(i), d.e.clock()
	m, o, err := s.listenLate(d.turn(s.Name, 1, now), d.state, in.Body)
	if err != nil {
		return nil, unreadable{err}
	}
	follows, err := d.begins(ctx, o)
	if err != nil {
		return nil, err
	}
	next, decided := d.run, o.answer
	event := Event{Step: s.Name, Kind: EventLate, Note: o.note, Exchange: asked(parley.Redact(m))}
	var answer json.RawMessage
	if in.Asks && s.question != nil {
		ok := decided != nil
		if !ok {
			decided, ok = s.question(d.state)
		}
		if !ok {
			next.Questions = append(append([]Question(nil), next.Questions...), Question{in.Source, in.ID, i})
		} else {
			if answer, err = json.Marshal(decided); err != nil {
				return nil, err
			}
			event.answered(decided)
		}
	}
	writes := append(append(append(d.keep(in, kept, answer), with...), follows...), o.writes...)
	return answer, d.commit(ctx, next, d.state, stays, writes, event)
}

func (d *drive) row(i int) step {
	if i == len(d.t.steps) {
		return d.t.refused
	}
	return d.t.steps[i]
}

// keep is the write that remembers a message as acted on.
func (d *drive) keep(in Inbound, kept bool, answer json.RawMessage) []Write {
	switch {
	case in.ID == "":
		return nil
	case !kept:
		in.Taken, in.Answer = true, answer
		return []Write{AddInbound{in}}
	case answer != nil:
		return []Write{TakeInbound{in.Source, in.ID}, AnswerInbound{in.Source, in.ID, answer}}
	}
	return []Write{TakeInbound{in.Source, in.ID}}
}

// begins are the writes of the runs that an outcome begins. They are nobody's, so that the worker goes on with them.
func (d *drive) begins(ctx context.Context, o Outcome) ([]Write, error) {
	var writes []Write
	for _, b := range o.begins {
		t := d.e.latest[b.Flow]
		if t == nil {
			return nil, fmt.Errorf("begin: no flow %q", b.Flow)
		}
		if b.Key != "" { // begun already, and that is well: what follows once must not be a conflict for ever
			if _, err := d.e.store.RunByStartKey(ctx, b.Flow, b.Key); parley.KindOf(err) != parley.KindNotFound {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		if b.ID == "" {
			b.ID = NewID()
		}
		_, w, err := d.e.begin(t, b, "")
		if err != nil {
			return nil, err
		}
		writes = append(writes, w...)
	}
	return writes, nil
}

// load reads a run so that it can be moved; claimed says that this process has claimed its job just now.
func (e *Engine) load(ctx context.Context, id string, claimed bool) (*drive, error) {
	r, j, err := e.store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	t, err := e.table(r)
	if err != nil {
		return nil, err
	}
	state, err := t.decode(r.Data)
	if err != nil {
		return nil, fmt.Errorf("read run %s: %w", id, err)
	}
	d := &drive{e: e, t: t, run: r, job: j, state: state}
	// Whoever was at the job may have spoken before they died, or before their commit failed: that was a try whose answer was lost.
	if lost := j.Owner == e.node && !claimed || j.Died; lost && r.Status == StatusOpen && r.Step < len(t.steps) && t.steps[r.Step].kind == kindCall {
		d.run.Maybe = true
	}
	return d, nil
}

// elsewhere reports whether another node is moving the run.
func (d *drive) elsewhere() bool {
	return d.job.Owner != "" && d.job.Owner != d.e.node && d.job.Lease.After(d.e.clock())
}

func (d *drive) turn(step string, attempt int, now time.Time) Turn {
	return Turn{Run: d.run.ID, Key: key(d.run.ID, step), Attempt: attempt, Now: now, Begun: d.run.Begun}
}

// key is the idempotency key of what a run says in a step.
func key(run, step string) string { return run + "/" + slug(step) }

func slug(words string) string {
	b := []byte(words)
	for i, c := range b {
		if c == ' ' {
			b[i] = '-'
		}
	}
	return string(b)
}
