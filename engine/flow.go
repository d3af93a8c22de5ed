package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley"
)

// Party is one of those who speak in a flow. Its value is the word under which it stands in the diagram.
type Party string

// Flow is a sequence diagram that runs. S is what a run of it remembers between arrows: a struct that survives
// encoding/json.
type Flow[S any] struct {
	Name    string // in the database and in addresses: "sign-up-and-deposit"
	Title   string // for people: "Sign up and deposit"
	About   string // a sentence or two for the page that is generated from the flow
	Version int    // raised when the steps change; runs keep the version they began with
	Server  Party  // the one that is us
	Parties []Party
	Labels  map[Party]string // how people read a party, where that is not its own word
	Steps   []Step[S]

	// Unrefused says that nothing that is heard refuses a run: a step that does is a mistake, and its message is set aside.
	Unrefused bool
	// Refused is the arrow that ends a run that was refused. It is an Answer and takes part in no order.
	Refused Step[S]
	// Refuse notes in the run's memory that it was refused, and returns what must be written in the same transaction. It is called once.
	Refuse func(t Turn, s S, no *parley.Refusal) (S, []Write)
}

// Turn is what the engine hands to a step: which run, under which key, for the how manieth time, and when. A step has no
// other clock.
type Turn struct {
	Run     string
	Key     string // the idempotency key: run and step, the same for every repetition and after every restart
	Attempt int    // 1 the first time
	Now     time.Time
	Begun   time.Time // when the run began
}

type kind int

const (
	kindStart kind = iota
	kindCall
	kindWait
	kindAnswer
	kindSeen
	kindMark
)

// Arrow is one row of a flow as it is drawn.
type Arrow struct {
	From, To Party
	Name     string
	Seen     bool   // passes between two others
	Reply    bool   // we say it when we are asked, or in answer to the arrow before it
	Inbound  bool   // somebody else draws it
	Opt      string // when not empty, the arrow is drawn only when this holds
	Undo     string // what takes it back
	Pivot    bool   // from here only the other side's own word turns the run back
	Optional bool   // the run's work is over without it
	Anytime  bool   // may be heard at any time
	Par      bool   // may be heard before its place, once
	Insist   bool   // said until it is heard
}

// step is a row with its types worn off: the engine runs all flows alike.
type step struct {
	Arrow
	kind     kind
	call     func(ctx context.Context, t Turn, s any) (any, Outcome)
	read     func(body json.RawMessage) (m any, err error)
	hear     func(t Turn, s, m any) (any, Outcome)
	cond     func(s any) bool
	undo     func(ctx context.Context, t Turn, s any) (any, Outcome)
	ask      func(ctx context.Context, t Turn, s any) (any, Outcome)
	askEvery Policy
	askWords string
	askIf    func(s any) bool // nil when there is always somebody to ask
	retry    Policy
	within   time.Duration
	question func(s any) (any, bool)
	late     func(t Turn, s any, body json.RawMessage) (Outcome, error)
}

// Step is one row of a flow's table, made by Start, Call, Wait, Answer, Seen, Mark or Reply and qualified by its methods.
type Step[S any] struct{ step }

// Start is the arrow with which somebody begins a run.
func Start[S any](from, to Party, name string) Step[S] {
	return Step[S]{step{kind: kindStart, Arrow: Arrow{From: from, To: to, Name: name, Inbound: true}}}
}

// Call is an arrow that we draw: do speaks to the party and says how that went. It may be called again with the same key.
func Call[S any](from, to Party, name string, do func(ctx context.Context, t Turn, s S) (S, Outcome)) Step[S] {
	return Step[S]{step{kind: kindCall, Arrow: Arrow{From: from, To: to, Name: name}, retry: WhileSomebodyWaits, call: erase(do)}}
}

func erase[S any](do func(ctx context.Context, t Turn, s S) (S, Outcome)) func(context.Context, Turn, any) (any, Outcome) {
	return func(ctx context.Context, t Turn, s any) (any, Outcome) { return do(ctx, t, s.(S)) }
}

// Wait is an arrow that somebody else draws: the run stands still until it is told a message of type M under this name.
func Wait[S, M any](from, to Party, name string, hear func(t Turn, s S, m M) (S, Outcome)) Step[S] {
	return Step[S]{step{kind: kindWait, Arrow: Arrow{From: from, To: to, Name: name, Inbound: true}, read: read[M], hear: eraseHear(hear)}}
}

// Answer is an arrow that we draw only when we are asked: the question is told to the engine under this name, as for a Wait,
// and what the step writes is our answer.
func Answer[S, M any](from, to Party, name string, answer func(t Turn, s S, m M) (S, Outcome)) Step[S] {
	return Step[S]{step{kind: kindAnswer, Arrow: Arrow{From: from, To: to, Name: name, Reply: true}, read: read[M], hear: eraseHear(answer)}}
}

func eraseHear[S, M any](hear func(t Turn, s S, m M) (S, Outcome)) func(t Turn, s, m any) (any, Outcome) {
	return func(t Turn, s, said any) (any, Outcome) {
		m, _ := said.(M) // when M is an interface, its nil is no M
		return hear(t, s.(S), m)
	}
}

// read reads a message of type M.
func read[M any](body json.RawMessage) (any, error) {
	var m M
	if err := json.Unmarshal(body, &m); err != nil {
		return m, parley.Errorf(parley.KindInvalid, "read the message: %w", err)
	}
	return m, nil
}

// Seen is an arrow that passes between two others. It is drawn, and nothing is done.
func Seen[S any](from, to Party, name string) Step[S] {
	return Step[S]{step{kind: kindSeen, Arrow: Arrow{From: from, To: to, Name: name, Seen: true}}}
}

// Mark is an arrow of ours that needs nothing done: what it says came to pass with the arrow before it, and it is drawn in the same
// transaction.
func Mark[S any](from, to Party, name string) Step[S] {
	return Step[S]{step{kind: kindMark, Arrow: Arrow{From: from, To: to, Name: name}}}
}

// Reply is a Mark that answers the arrow before it.
func Reply[S any](from, to Party, name string) Step[S] {
	s := Mark[S](from, to, name)
	s.Arrow.Reply = true
	return s
}

// If makes the step an opt block: it is taken only when holds says so; words stand over the block. A Wait before which the run stands is
// passed over as soon as an arrow that is heard meanwhile (Anytime, Par) has made that untrue.
func (s Step[S]) If(words string, holds func(s S) bool) Step[S] {
	s.Opt, s.cond = words, func(v any) bool { return holds(v.(S)) }
	return s
}

// Undo names what takes the step back when the run is refused later, or when the step's own answer was lost. It is said until it is heard.
func (s Step[S]) Undo(name string, do func(ctx context.Context, t Turn, s S) (S, Outcome)) Step[S] {
	s.Arrow.Undo, s.undo = name, erase(do)
	return s
}

// Pivot marks the point from which nothing but the other side's own word turns the run back: a lost answer is not taken
// back and not said anew, the run goes on and waits to be told.
func (s Step[S]) Pivot() Step[S] { s.Arrow.Pivot = true; return s }

// Retry says when a Call is said again; a Policy that never ends makes the step one that is said until it is heard,
// and a refusal is then no end either.
func (s Step[S]) Retry(p Policy) Step[S] { s.retry, s.Insist = p, p.Then > 0 && p.For == 0; return s }

// Ask makes a Wait impatient: while it waits, do asks the other side, as p says. Not-yet and unknown leave it waiting; with a
// not-yet the run remembers what do made of its memory, and nothing is drawn. When p ends, a person is asked to look.
func (s Step[S]) Ask(p Policy, do func(ctx context.Context, t Turn, s S) (S, Outcome)) Step[S] {
	s.ask, s.askEvery = erase(do), p
	return s
}

// AskIf is Ask for a Wait whose other side cannot always be asked: a run in which holds says no sleeps until it is told. words say
// when, in the flow's page.
func (s Step[S]) AskIf(words string, holds func(s S) bool, p Policy, do func(ctx context.Context, t Turn, s S) (S, Outcome)) Step[S] {
	s = s.Ask(p, do)
	s.askWords, s.askIf = words, func(v any) bool { return holds(v.(S)) }
	return s
}

// asks reports whether a run that remembers this asks while it waits here.
func (s step) asks(state any) bool { return s.ask != nil && (s.askIf == nil || s.askIf(state)) }

// Within bounds a Wait: when the time is over the run is refused as expired.
func (s Step[S]) Within(d time.Duration) Step[S] { s.within = d; return s }

// Optional says that the run's work is over without this arrow; it is drawn if it is heard.
func (s Step[S]) Optional() Step[S] { s.Arrow.Optional = true; return s }

// Anytime says that the arrow may be heard whenever the run exists, before or after its place, and more than once.
func (s Step[S]) Anytime() Step[S] { s.Arrow.Anytime, s.Arrow.Optional = true, true; return s }

// Par says that the arrow stands beside the arrows around it: it may be heard before its place, which is then passed over, and the run is
// not done without it. One whose condition did not hold at its place may be heard afterwards. It is heard once; a repetition under
// another id is late. Only at its place can it refuse the run, which elsewhere stands before somebody else's arrow.
func (s Step[S]) Par() Step[S] { s.Arrow.Par = true; return s }

// Question says that whoever draws this Wait is waiting for an answer, which a later step decides: decided reads it from the
// run's memory, after every transition, until it is there; it is recorded in that transition's transaction.
func (s Step[S]) Question(decided func(s S) (answer any, ok bool)) Step[S] {
	s.question = func(v any) (any, bool) { return decided(v.(S)) }
	return s
}

// Late says what follows when this Wait is told after the run has gone on without it: the outcome may begin a run of its own,
// and write, but not change this one. It is a function because Go's methods have no type parameters.
func Late[S, M any](s Step[S], hear func(t Turn, s S, m M) Outcome) Step[S] {
	s.late = func(t Turn, v any, body json.RawMessage) (Outcome, error) {
		said, err := read[M](body)
		if err != nil {
			return Outcome{}, err
		}
		m, _ := said.(M)
		return hear(t, v.(S), m), nil
	}
	return s
}

// Table is a flow made ready to run and to be drawn, its types worn off.
type Table struct {
	Name, Title, About string
	Version            int
	Server             Party
	Parties            []Party
	Labels             map[Party]string
	steps              []step
	unrefused          bool
	refused            step
	refuse             func(t Turn, s any, no *parley.Refusal) (any, []Write)
	decode             func(data json.RawMessage) (any, error)
}

// Read is the memory of a run of this flow.
func (f Flow[S]) Read(r Run) (s S, err error) {
	if err := json.Unmarshal(r.Data, &s); err != nil {
		return s, fmt.Errorf("read run %s: %w", r.ID, err)
	}
	return s, nil
}

// Table checks the flow and makes it ready. A flow that cannot be run rightly is a mistake in the program, so it panics.
func (f Flow[S]) Table() *Table {
	t := &Table{Name: f.Name, Title: f.Title, About: f.About, Version: f.Version, Server: f.Server, Parties: f.Parties, Labels: f.Labels, unrefused: f.Unrefused, refused: f.Refused.step}
	must := func(ok bool, why string, at ...any) {
		if !ok {
			panic(fmt.Sprintf("flow %s: "+why, append([]any{f.Name}, at...)...))
		}
	}
	must(f.Name != "" && f.Version > 0, "needs a name and a version")
	must(len(f.Steps) > 0 && f.Steps[0].kind == kindStart, "begins with a Start")
	must(f.Refused.Name == "" || f.Refused.kind == kindAnswer, "Refused is an Answer")
	names := map[string]bool{slug(f.Refused.Name): true}
	pivoted, settled, tail := false, false, false
	once := func(name string) { // a name makes the key, in which a blank and a hyphen are one
		must(!names[slug(name)], "the name %q stands twice", name)
		names[slug(name)] = true
	}
	for i, s := range f.Steps {
		once(s.Name)
		if s.Arrow.Undo != "" {
			once(s.Arrow.Undo)
			must(s.kind == kindCall, "%q is not ours, so it cannot be taken back", s.Name)
		}
		must(!pivoted || settled || s.kind != kindWait || s.Arrow.Anytime || s.ask != nil && s.askIf == nil || s.within > 0, "%q comes after the pivot, where only being told helps, and neither asks nor gives up", s.Name)
		must(!f.Unrefused || s.within == 0 && (s.kind != kindCall || s.Insist), "%q can refuse the run", s.Name)
		must(i == 0 || s.kind != kindStart, "%q starts in the middle", s.Name)
		must(!s.Arrow.Pivot || s.kind == kindCall, "%q is a pivot but not a Call", s.Name)
		must(!settled || s.Arrow.Undo == "", "%q cannot be taken back after the pivot", s.Name)
		must(!settled || s.kind != kindCall || s.Insist, "%q comes after the pivot, so it is said until it is heard", s.Name)
		must(!tail || s.Arrow.Optional, "%q follows an optional arrow, so it is optional too", s.Name)
		must(!s.Arrow.Par || s.kind == kindWait && !s.Arrow.Optional, "%q is no Wait that must be heard, so it cannot be heard before its place", s.Name)
		must(!s.Arrow.Par || !pivoted || settled, "%q may be heard early, so it is not what the pivot waits for", s.Name)
		must(!s.Arrow.Optional || s.kind == kindWait || s.kind == kindAnswer, "%q is ours to say, so it is not optional", s.Name)
		settled = settled || pivoted && s.kind == kindWait && !s.Arrow.Anytime
		pivoted = pivoted || s.Arrow.Pivot
		tail = tail || s.Arrow.Optional && !s.Arrow.Anytime
		t.steps = append(t.steps, s.step)
	}
	t.decode = func(data json.RawMessage) (any, error) {
		var s S
		err := json.Unmarshal(data, &s)
		return s, err
	}
	t.refuse = func(turn Turn, s any, no *parley.Refusal) (any, []Write) {
		if f.Refuse == nil {
			return s, nil
		}
		return f.Refuse(turn, s.(S), no)
	}
	return t
}

// Arrows are the rows of the table, in order; the arrow that ends a refused run is last, when there is one.
func (t *Table) Arrows() []Arrow {
	var arrows []Arrow
	for _, s := range t.steps {
		arrows = append(arrows, s.Arrow)
	}
	if t.refused.Name != "" {
		arrows = append(arrows, t.refused.Arrow)
	}
	return arrows
}

// find is the index of the step called name, or -1. The arrow that ends a refused run is len(steps).
func (t *Table) find(name string) int {
	for i, s := range t.steps {
		if s.Name == name {
			return i
		}
	}
	if t.refused.Name == name && name != "" {
		return len(t.steps)
	}
	return -1
}

// hears reports whether a run can be told an arrow of this name.
func (t *Table) hears(name string) bool {
	i := t.find(name)
	return i == len(t.steps) || i >= 0 && (t.steps[i].kind == kindWait || t.steps[i].kind == kindAnswer)
}
