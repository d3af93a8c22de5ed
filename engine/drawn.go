package engine

import (
	"cmp"
	"slices"

	"parley"
)

// State is how an arrow of a run looks.
//
//	not-yet ──▶ now ──▶ done ──▶ undone   it was said, or heard, and perhaps taken back
//	             │ ├──▶ refused           no, or never heard, or nobody said it in time: the run turns back here
//	             │ └──▶ unknown           the answer was lost; it is said anew, or it is the pivot and we wait to be told
//	             └────▶ skipped           its condition did not hold
//	not-yet ──▶ late                      it was heard when the run had gone on without it
type State string

// The states of an arrow.
const (
	StateNotYet  State = "not-yet"
	StateNow     State = "now"
	StateDone    State = "done"
	StateRefused State = "refused"
	StateUnknown State = "unknown"
	StateUndone  State = "undone"
	StateSkipped State = "skipped"
	StateLate    State = "late"
)

// Drawn is one arrow of a run's picture: what the live diagram is fed with.
type Drawn struct {
	Number    int      `json:"number"` // as in the flow's diagram
	From      Party    `json:"from"`
	To        Party    `json:"to"`
	Name      string   `json:"name"`
	State     State    `json:"state"`
	At        Instant  `json:"at,omitzero"`         // when it came to its state; zero while it has not, and for what passes between others
	Took      Span     `json:"took,omitempty"`      // how long our own call took
	Attempts  int      `json:"attempts,omitempty"`  // how often we said it, or asked for it
	Note      string   `json:"note,omitempty"`      // a few words; never personal data
	WaitingOn Party    `json:"waitingOn,omitempty"` // who must act before the run goes on
	Until     Instant  `json:"until,omitzero"`      // when the wait for it ends in a refusal
	Again     Instant  `json:"again,omitzero"`      // when it is said, or asked for, again
	Seen      bool     `json:"seen,omitempty"`      // passes between two others
	Reply     bool     `json:"reply,omitempty"`     // we say it when we are asked
	Pivot     bool     `json:"pivot,omitempty"`     // the line of no way back lies under it
	Block     *Block   `json:"block,omitempty"`     // the box that it is in; arrows that follow one another in the same share it
	Undoes    string   `json:"undoes,omitempty"`    // the arrow that this one takes back
	Ends      bool     `json:"ends,omitempty"`      // it is the arrow that ends a refused run
	Refusal   string   `json:"refusal,omitempty"`   // on the arrow at which the run was refused: the status's name
	Key       string   `json:"key,omitempty"`       // the idempotency key of what we say
	Moments   []Moment `json:"moments,omitempty"`   // all that happened to it, in order
	Tries     []Try    `json:"tries,omitempty"`     // tries of ours that did not end it, in order
	self      drawnArrow
}

// Moment is something that happened to an arrow.
type Moment struct {
	Seq     int       `json:"seq"`
	At      Instant   `json:"at"`
	Kind    EventKind `json:"kind"`
	Attempt int       `json:"attempt,omitempty"`
	Took    Span      `json:"took,omitempty"`
	Note    string    `json:"note,omitempty"`
	// Exchange is what was said and answered, redacted.
	Exchange *parley.Exchange `json:"exchange,omitempty"`
}

// Try is an Attempt as it is drawn.
type Try struct {
	Number  int     `json:"number"`
	At      Instant `json:"at"`
	Outcome string  `json:"outcome"`
	Took    Span    `json:"took,omitempty"`
	Why     string  `json:"why,omitempty"`
}

// Draw is every arrow of the run's flow with how it looks now: the rows of the table in order, then what takes them back, the
// last first, then the arrow that ends a refused run.
func Draw(t *Table, run Run, events []Event, attempts []Attempt) []Drawn {
	all := t.drawing()
	boxes := t.blocks()
	drawn := make([]Drawn, len(all))
	undo, byName, byRow := map[string][]int{}, map[string]int{}, map[int]int{}
	for i, a := range all {
		drawn[i] = Drawn{Number: i + 1, From: a.From, To: a.To, Name: a.Name, State: StateNotYet, Seen: a.Seen, Reply: a.Reply,
			Pivot: a.Pivot, Block: boxes[i], Ends: a.row == len(t.steps), self: a}
		if run.ID != "" && (a.undoes || a.step.kind == kindCall) {
			drawn[i].Key = key(run.ID, a.Name)
		}
		if a.undoes {
			drawn[i].Undoes = a.step.Name
			undo[a.Name] = append(undo[a.Name], i)
		} else {
			byName[a.Name], byRow[a.row] = i, i
		}
	}
	turned := false // the run has been refused: what does not go well from here on is a taking back
	for _, ev := range slices.SortedStableFunc(slices.Values(events), func(a, b Event) int { return cmp.Compare(a.Seq, b.Seq) }) {
		i, ok := byName[ev.Step]
		if ways := undo[ev.Step]; len(ways) > 0 && (!ok || ev.Kind == EventUndone || turned && tried(ev.Kind)) {
			i, ok = ways[0], true
			for _, w := range ways { // several rows may be taken back with the same words
				if drawn[w].State != StateDone {
					i = w
					break
				}
			}
		}
		if !ok {
			continue // of a version of the table that had such an arrow
		}
		d := &drawn[i]
		d.Moments = append(d.Moments, Moment{ev.Seq, Instant{ev.At}, ev.Kind, ev.Attempt, Span(ev.Took), ev.Note, ev.Exchange})
		switch ev.Kind {
		case EventStarted, EventSaid, EventHeard:
			d.State = StateDone
		case EventSkipped:
			d.State = StateSkipped
		case EventUnknown:
			d.State = StateUnknown
		case EventRefused, EventExpired:
			d.State = StateRefused
		case EventUnheard:
			d.State = StateNow
		case EventLate:
			if d.State != StateNotYet {
				continue // a second telling does not change what the first did
			}
			d.State = StateLate
		case EventUndone:
			d.State = StateDone
			drawn[byRow[d.self.row]].State = StateUndone
		case EventAttends:
			continue
		}
		d.At, d.Took, d.Note, d.Attempts = Instant{ev.At}, Span(ev.Took), ev.Note, max(d.Attempts, ev.Attempt)
		turned = turned || run.Refusal != nil && !d.self.undoes && d.self.row == run.Step && (ev.Kind == EventExpired || tried(ev.Kind)) &&
			lastTry(events, ev)
	}
	lost := map[string]bool{}
	for _, a := range attempts {
		i, ok := byName[a.Step]
		if ways := undo[a.Step]; len(ways) > 0 && !ok {
			i, ok = ways[0], true
		}
		if ok {
			drawn[i].Attempts = max(drawn[i].Attempts, a.Number)
			drawn[i].Tries = append(drawn[i].Tries, Try{a.Number, Instant{a.At}, a.Outcome, Span(a.Took), a.Why})
			lost[a.Step] = a.Outcome == resultNames[unknown]
		}
	}
	here := func(d *Drawn) {
		last, counted := lost[d.Name]
		if last = last || !counted && d.State == StateUnknown; last {
			d.State = StateUnknown
		} else {
			d.State = StateNow
		}
		d.WaitingOn = d.self.actor()
	}
	row, back, standing := t.standing(run)
	for i := range drawn {
		if d := &drawn[i]; standing && d.self.row == row && d.self.undoes == back {
			here(d)
		}
	}
	if run.Refusal != nil && run.Step < len(t.steps) {
		d := &drawn[byRow[run.Step]]
		d.Refusal = run.Refusal.Status.String()
		if d.State == StateNow || d.State == StateNotYet {
			d.State = StateRefused // it was never heard
		}
	}
	for i := range drawn {
		if d := &drawn[i]; d.Seen && d.State == StateNotYet {
			if j := follower(drawn[:len(t.steps)], i); j < 0 && run.Status == StatusDone || j >= 0 && passedBefore(drawn[j]) {
				d.State = StateDone
			}
		}
	}
	return drawn
}

// standing is the row that the run stands before, and whether that is to be taken back; ok is false when nobody must act.
func (t *Table) standing(run Run) (row int, back, ok bool) {
	switch {
	case run.Status == StatusOpen && run.Step < len(t.steps):
		return run.Step, false, true
	case run.Status == StatusUndoing && len(run.Undos) > 0:
		return run.Undos[len(run.Undos)-1], true, true
	}
	return 0, false, false
}

// actor is who must act for the arrow to be drawn: whoever draws it when that is not us, and otherwise who must hear it.
func (a Arrow) actor() Party {
	if a.Inbound {
		return a.From
	}
	return a.To
}

// tried reports whether the event is a try of ours that did not go well.
func tried(k EventKind) bool { return k == EventRefused || k == EventUnknown || k == EventUnheard }

// lastTry reports whether the arrow was not said again after the event.
func lastTry(events []Event, ev Event) bool {
	return !slices.ContainsFunc(events, func(e Event) bool { return e.Seq > ev.Seq && e.Step == ev.Step && tried(e.Kind) })
}

// follower is the arrow that shows that the seen arrow i has passed: the next that we have part in; -1 when there is none.
func follower(rows []Drawn, i int) int {
	for j := i + 1; j < len(rows); j++ {
		if d := rows[j]; !d.Seen && !d.self.Anytime && d.State != StateSkipped && !aside(rows, j) {
			return j
		}
	}
	return -1
}

// aside reports whether arrow j was heard beside the others, not in its place: then it shows nothing of what was before it.
func aside(rows []Drawn, j int) bool {
	return rows[j].self.Par && len(rows[j].Moments) > 0 && slices.ContainsFunc(rows[:j], func(d Drawn) bool {
		return !d.Seen && !d.self.Anytime && (len(d.Moments) == 0 || d.Moments[0].Seq > rows[j].Moments[0].Seq)
	})
}

// passedBefore reports whether something happened to the arrow that cannot have without what was seen before it.
func passedBefore(d Drawn) bool {
	return slices.ContainsFunc(d.Moments, func(m Moment) bool { return m.Kind == EventSaid || m.Kind == EventHeard || tried(m.Kind) })
}
