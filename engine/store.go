package engine

import (
	"context"
	"encoding/json"
	"time"

	"parley"
)

// Status is where a run stands as a whole.
//
//	open ──▶ done                  all that must be said was said, all that must be heard was heard
//	open ──▶ undoing ──▶ refused   a party said no; what had been done is being taken back
//	open ──▶ Refused               nothing had been done that must be taken back
type Status string

// The statuses. Done and refused are ends; optional arrows may still be heard after them.
const (
	StatusOpen    Status = "open"
	StatusUndoing Status = "undoing"
	StatusDone    Status = "done"
	StatusRefused Status = "refused"
)

// Over reports whether the run's work is over.
func (s Status) Over() bool { return s == StatusDone || s == StatusRefused }

// Run is one conversation: which flow, how far, and what it remembers.
type Run struct {
	ID        string // UUIDv7
	Flow      string
	Table     int    // the version of the flow's table
	StartKey  string // a second run with the same flow and key is not begun; empty means no such promise
	Status    Status
	Version   int64 // counts the transitions; each one replaces exactly the one before
	Step      int   // the row of the table that comes next
	Maybe     bool  // an attempt at that row may have been done
	Undos     []int // rows that must be taken back if the run is refused, in the order in which they were done
	Questions []Question
	Heard     []int // rows marked Par that were heard, in the order in which they were
	Seq       int   // events so far
	Closed    bool  // the arrow that ends a refused run was drawn
	Refusal   *parley.Refusal
	Attention string          // why a person should look; empty when none need
	Data      json.RawMessage // what the flow remembers
	Begun     time.Time
	Changed   time.Time
}

// Question is a message whose sender still waits for an answer.
type Question struct {
	Source, ID string
	Step       int
}

// EventKind is what happened to an arrow.
type EventKind string

// The kinds of event.
const (
	EventStarted EventKind = "started"   // the run began with this arrow
	EventSaid    EventKind = "said"      // we said it and it was heard
	EventHeard   EventKind = "heard"     // somebody told us
	EventSkipped EventKind = "skipped"   // its condition did not hold
	EventRefused EventKind = "refused"   // the other side said no
	EventUnknown EventKind = "unknown"   // the answer was lost
	EventUnheard EventKind = "unheard"   // the words did not arrive
	EventUndone  EventKind = "undone"    // it was taken back
	EventExpired EventKind = "expired"   // nobody said it in time
	EventLate    EventKind = "late"      // heard after the run had gone on without it
	EventAttends EventKind = "attention" // a person should look
)

// Event is something that happened in a run: the audit trail, and what the picture is drawn from.
type Event struct {
	Run     string
	Seq     int
	At      time.Time
	Step    string
	Kind    EventKind
	Attempt int
	Took    time.Duration // how long our own call took; zero for what others did
	Note    string        // a few words; never personal data
	// Exchange is what was said and answered, redacted; nil when nothing is known of it.
	Exchange *parley.Exchange
}

// Job is when a run must be looked at again, and who is at it. A run has at most one. What is to be done follows from where
// the run stands.
type Job struct {
	Run     string
	Due     time.Time
	Attempt int       // how often the thing was tried
	Since   time.Time // when it was first tried, or when the wait began
	Owner   string    // the process that is at it; empty when none
	Epoch   int64     // counts the claims
	Lease   time.Time // until when the owner's claim holds
	Died    bool      // the job was taken from an owner who may have spoken; that try is counted
}

// Attempt is one try that did not end its step.
type Attempt struct {
	Run     string
	Step    string
	Number  int
	At      time.Time
	Outcome string
	Took    time.Duration
	Why     string
}

// Inbound is a message as it is kept: each source's id once, with the answer that we gave.
type Inbound struct {
	Source, ID  string
	Run         string
	Step        string
	Fingerprint string
	Body        json.RawMessage
	Asks        bool
	Taken       bool            // acted on; otherwise it waits for its turn
	Answer      json.RawMessage // what the sender was, or will be, answered; nil when undecided
	At          time.Time
}

// Write is one thing that a transaction changes. Each package declares its own; the store knows how to write each by the
// name of its table.
type Write interface{ Table() string }

// The engine's own writes.
type (
	// PutRun inserts the run when Was is zero, and otherwise replaces version Was; if another transition came first, the
	// transaction is a conflict.
	PutRun struct {
		Run Run
		Was int64
	}
	// AddEvent appends to the audit trail.
	AddEvent struct{ Event Event }
	// PutJob inserts or replaces the run's job.
	PutJob struct{ Job Job }
	// EndJob removes the run's job.
	EndJob struct{ Run string }
	// AddAttempt records a try.
	AddAttempt struct{ Attempt Attempt }
	// WakeRun makes a job at a time for a run that has none, so that it is looked at. One that has a job keeps it.
	WakeRun struct {
		Run string
		At  time.Time
	}
	// AddInbound records a message; one that is there already is a conflict.
	AddInbound struct{ Inbound Inbound }
	// TakeInbound marks a waiting message as acted on; one that is taken already is a conflict.
	TakeInbound struct{ Source, ID string }
	// AnswerInbound records what the sender is answered; an answer is never changed.
	AnswerInbound struct {
		Source, ID string
		Answer     json.RawMessage
	}
)

// Table says where a PutRun is written.
func (PutRun) Table() string { return "run" }

// Table says where an AddEvent is written.
func (AddEvent) Table() string { return "event" }

// Table says where a PutJob is written.
func (PutJob) Table() string { return "job" }

// Table says where an EndJob is written.
func (EndJob) Table() string { return "job" }

// Table says where an AddAttempt is written.
func (AddAttempt) Table() string { return "attempt" }

// Table says where a WakeRun is written.
func (WakeRun) Table() string { return "job" }

// Table says where an AddInbound is written.
func (AddInbound) Table() string { return "inbox" }

// Table says where a TakeInbound is written.
func (TakeInbound) Table() string { return "inbox" }

// Table says where an AnswerInbound is written.
func (AnswerInbound) Table() string { return "inbox" }

// Store is what the engine needs of a database.
type Store interface {
	// Apply writes all of the batch in one transaction, durably, or nothing. A guard that does not hold (a run that has
	// moved on, a message that is there already) is an error of kind parley.KindConflict whose Field is the table.
	Apply(ctx context.Context, batch []Write) error
	// Run reads a run with its job; the Job is the zero value when there is none. No such run is parley.KindNotFound.
	Run(ctx context.Context, id string) (Run, Job, error)
	// RunByStartKey reads the run that was begun with the key.
	RunByStartKey(ctx context.Context, flow, key string) (Run, error)
	// Events are a run's events in order.
	Events(ctx context.Context, run string) ([]Event, error)
	// Attempts are a run's tries in order.
	Attempts(ctx context.Context, run string) ([]Attempt, error)
	// Inbound reads a message; ok says whether it is there.
	Inbound(ctx context.Context, source, id string) (m Inbound, ok bool, err error)
	// Pending are the messages of a run that wait for their turn, oldest first.
	Pending(ctx context.Context, run string) ([]Inbound, error)
	// Claim gives the caller up to limit jobs that are due at now and that nobody holds, for as long as lease, the longest due
	// first. One that is taken from an owner whose lease has run out has Died.
	Claim(ctx context.Context, owner string, now, lease time.Time, limit int) ([]Job, error)
	// NextDue is when the earliest job that nobody holds is due; ok says whether there is one.
	NextDue(ctx context.Context) (due time.Time, ok bool, err error)
	// ReleaseAll takes every job from its owner, as Died, and makes one due for every run for which a message was left. Only
	// for a store that one process has to itself, at start.
	ReleaseAll(ctx context.Context) error
}
