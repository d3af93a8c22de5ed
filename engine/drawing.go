package engine

import (
	"encoding/json"
	"strconv"
	"time"
)

// Drawing is a run's diagram as it looks now, or the diagram of a flow that has not run: all that a live picture needs. In JSON, times
// are RFC 3339 in UTC with milliseconds, and lengths of time are milliseconds.
type Drawing struct {
	Run       string     `json:"run"` // empty for a flow that has not run
	Flow      string     `json:"flow"`
	Title     string     `json:"title"`
	Version   int        `json:"version"` // of the flow's table
	About     string     `json:"about"`   // "SEK 500.00 · Trustly"; may be empty
	Status    Status     `json:"status"`
	Begun     Instant    `json:"begun,omitzero"`
	Changed   Instant    `json:"changed,omitzero"`
	Now       Instant    `json:"now"`     // our clock when this was made; who counts down counts from it
	Parties   []Lifeline `json:"parties"` // left to right
	Arrows    []Drawn    `json:"arrows"`  // the rows of the table, then what takes them back, the last first, then the arrow that ends a refused run
	Refusal   *No        `json:"refusal,omitempty"`
	Attention string     `json:"attention,omitempty"` // why a person should look
}

// Lifeline is a party of a Drawing. Parties that are called the same share one.
type Lifeline struct {
	ID     Party  `json:"id"`
	Label  string `json:"label"`
	Server bool   `json:"server,omitempty"` // it is us
}

// No is a refusal as it is drawn.
type No struct {
	By      Party  `json:"by"`
	ByLabel string `json:"byLabel"`
	Status  string `json:"status"` // its name: "ERR_DECLINED_BANK_REFUSAL"
}

// Summary is a run in a list.
type Summary struct {
	Run       string  `json:"run"`
	Flow      string  `json:"flow"`
	Title     string  `json:"title"`
	About     string  `json:"about"`
	Status    Status  `json:"status"`
	Begun     Instant `json:"begun"`
	Changed   Instant `json:"changed"`
	WaitingOn string  `json:"waitingOn,omitempty"` // how the party is called that must act
}

// NewDrawing draws a run with its job, events and attempts, as of now. names are how the parties are called in this run, and about is
// what it is about in a few words. The zero Run draws the flow as it stands before anything has happened.
func NewDrawing(t *Table, run Run, job Job, events []Event, attempts []Attempt, names map[Party]string, about string, now time.Time) Drawing {
	c := t.cast(names)
	d := Drawing{Run: run.ID, Flow: t.Name, Title: t.Title, Version: t.Version, About: about, Status: run.Status, Begun: Instant{run.Begun},
		Changed: Instant{run.Changed}, Now: Instant{now}, Arrows: Draw(t, run, events, attempts), Attention: run.Attention}
	if d.Status == "" {
		d.Status = StatusOpen
	}
	for _, p := range c.order {
		d.Parties = append(d.Parties, Lifeline{p, c.called[p], p == c.lifeline(t.Server)})
	}
	for i := range d.Arrows {
		a := &d.Arrows[i]
		if a.WaitingOn != "" {
			a.Until, a.Again = a.self.timing(job)
			a.WaitingOn = c.lifeline(a.WaitingOn)
		}
		a.From, a.To = c.lifeline(a.From), c.lifeline(a.To)
	}
	if no := run.Refusal; no != nil {
		d.Refusal = &No{c.lifeline(Party(no.By)), c.name(Party(no.By)), no.Status.String()}
	}
	return d
}

// timing is when the patience with the arrow that a run stands before ends, and when it is said, or asked for, again; zero where it is not.
func (a drawnArrow) timing(job Job) (until, again Instant) {
	if job.Run == "" {
		return until, again
	}
	if !a.undoes && a.step.within > 0 {
		until = Instant{job.Since.Add(a.step.within)}
	}
	says := a.undoes || a.step.kind == kindCall
	if job.Owner == "" && (says && job.Attempt > 0 || !says && a.step.ask != nil && (until.IsZero() || job.Due.Before(until.Time))) {
		again = Instant{job.Due}
	}
	return until, again
}

// NewSummary is a run as it stands in a list.
func NewSummary(t *Table, run Run, names map[Party]string, about string) Summary {
	s := Summary{Run: run.ID, Flow: t.Name, Title: t.Title, About: about, Status: run.Status, Begun: Instant{run.Begun}, Changed: Instant{run.Changed}}
	row, back, ok := t.standing(run)
	for _, a := range t.drawing() {
		if ok && a.row == row && a.undoes == back {
			s.WaitingOn = t.cast(names).name(a.actor())
		}
	}
	return s
}

// Instant is a moment as a Drawing tells it.
type Instant struct{ time.Time }

// MarshalJSON writes RFC 3339 in UTC, with milliseconds.
func (i Instant) MarshalJSON() ([]byte, error) {
	return json.Marshal(i.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}

// Span is a length of time as a Drawing tells it.
type Span time.Duration

// MarshalJSON writes milliseconds, with a fraction where there is one.
func (s Span) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s)/float64(time.Millisecond), 'f', -1, 64), nil
}

// UnmarshalJSON reads milliseconds.
func (s *Span) UnmarshalJSON(b []byte) error {
	var ms float64
	err := json.Unmarshal(b, &ms)
	*s = Span(ms * float64(time.Millisecond))
	return err
}
