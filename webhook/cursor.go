package webhook

import (
	"context"
	"time"

	"parley/engine"
	"parley/savings"
)

// Cursor is where an endpoint stands in its partner's events. A batch is fixed in it before it is said, so that it is the same however often it
// is said, also after a crash:
//
//	At ──batch of Types up to To, under the id Batch──▶ (said, and said again) ──heard──▶ At = To, Batch empty
//	                                                         └──a person gives it up──▶ At = To, Batch empty, one more in Skipped
//
// A replay has a cursor of its own, which ends when At reaches Until.
type Cursor struct {
	Endpoint string `json:"endpoint"` // its Key, and for a replay something after it
	Partner  string `json:"partner"`
	Version  int64  `json:"version"` // counts the changes; each one replaces exactly the one before

	At    int64 `json:"at"`              // the seq up to which every event has been dealt with
	Until int64 `json:"until,omitempty"` // of a replay: the last seq that it tells

	Batch string              `json:"batch,omitempty"` // the id of the batch that is being said; empty when none is
	To    int64               `json:"to,omitempty"`    // the seq of its last event
	Types []savings.EventType `json:"types,omitempty"` // what the endpoint wanted when it was fixed; all when empty
	Stamp time.Time           `json:"stamp,omitzero"`  // the time that it bears

	Tries   int       `json:"tries,omitempty"`  // how often it was said, in vain
	Since   time.Time `json:"since,omitzero"`   // when it was first said in vain
	Next    time.Time `json:"next,omitzero"`    // when it is said again
	Error   string    `json:"error,omitempty"`  // what came of it the last time
	HeardAt time.Time `json:"heardAt,omitzero"` // when the endpoint last heard one
	Skipped int       `json:"skipped,omitempty"`
}

// PutCursor inserts the cursor when Was is zero, and otherwise replaces version Was; if another change came first, the transaction is a
// conflict over "savings_cursor".
type PutCursor struct {
	Cursor Cursor
	Was    int64
}

// Table says where a PutCursor is written.
func (PutCursor) Table() string { return "savings_cursor" }

// Store is what telling banks of events needs of a database. Reads of what is not there are of kind parley.KindNotFound.
type Store interface {
	Apply(ctx context.Context, batch []engine.Write) error
	// EventsAfter are a partner's events after a seq, in order, at most so many.
	EventsAfter(ctx context.Context, partner string, seq int64, limit int) ([]savings.Event, error)
	// EventByID is a partner's event.
	EventByID(ctx context.Context, partner, id string) (savings.Event, error)
	// EventsBefore is the seq after which a partner's events that happened at a time or later all lie; zero when they begin with the first.
	EventsBefore(ctx context.Context, partner string, at time.Time) (seq int64, err error)
	// Cursor is where an endpoint stands.
	Cursor(ctx context.Context, endpoint string) (Cursor, error)
}
