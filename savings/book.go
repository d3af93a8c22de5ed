package savings

import (
	"slices"
	"time"

	"parley"
)

// The writes of a change. The store upserts what is put, by its id; PutUser is the guard and stands first.
type (
	// PutUser inserts the user when Was is zero, and otherwise replaces version Was; if another change came first, or the external id is
	// another user's, the transaction is a conflict over "savings_user".
	PutUser struct {
		User User
		Was  int64
	}
	// PutAccount writes an account. A second one of the user with the same external id is a conflict over "savings_account".
	PutAccount struct{ Account Account }
	// PutDream writes a dream.
	PutDream struct{ Dream Dream }
	// PutLaunch writes a launch, and when it is next due.
	PutLaunch struct{ Launch Launch }
	// WakeFollowers makes the launches that follow this one due at a time, unless they are earlier.
	WakeFollowers struct {
		Launch string
		At     time.Time
	}
	// PutTransaction writes a transaction. A second one of a launch for the same occasion is a conflict over "savings_transaction".
	PutTransaction struct {
		Partner     string
		Transaction Transaction
	}
	// PutConsent writes a consent.
	PutConsent struct{ Consent Consent }
	// PutMessage writes a message.
	PutMessage struct {
		Partner string
		Message Message
	}
	// AddFeed remembers a feed item, which is then known.
	AddFeed struct {
		User string
		Item FeedItem
	}
	// AddSavingsEvent appends to what the partner's endpoints are told.
	AddSavingsEvent struct{ Event Event }
	// GiveNotice marks all transactions of a partner that are ready, and of which the bank was not told, with the run that tells it.
	GiveNotice struct {
		Partner, Run string
		Now          time.Time
	}
	// EraseUser blanks what is personal in a user's rows, and in the events about them.
	EraseUser struct{ User string }
)

// Table says where a PutUser is written.
func (PutUser) Table() string { return "savings_user" }

// Table says where a PutAccount is written.
func (PutAccount) Table() string { return "savings_account" }

// Table says where a PutDream is written.
func (PutDream) Table() string { return "savings_dream" }

// Table says where a PutLaunch is written.
func (PutLaunch) Table() string { return "savings_launch" }

// Table says where a WakeFollowers is written.
func (WakeFollowers) Table() string { return "savings_launch" }

// Table says where a PutTransaction is written.
func (PutTransaction) Table() string { return "savings_transaction" }

// Table says where a PutConsent is written.
func (PutConsent) Table() string { return "savings_consent" }

// Table says where a PutMessage is written.
func (PutMessage) Table() string { return "savings_message" }

// Table says where an AddFeed is written.
func (AddFeed) Table() string { return "savings_feed" }

// Table says where an AddSavingsEvent is written.
func (AddSavingsEvent) Table() string { return "savings_event" }

// Table says where a GiveNotice is written.
func (GiveNotice) Table() string { return "savings_transaction" }

// Table says where an EraseUser is written.
func (EraseUser) Table() string { return "savings_user" }

// Begin makes a book that was loaded ready to be changed: the store calls it when everything is in it.
func (b *Book) Begin(p *Partner, t Turn) *Book {
	b.Partner, b.Turn, b.was, b.dirty = p, t, b.User.Version, map[string]bool{}
	return b
}

// Fresh reports whether the user was not there.
func (b *Book) Fresh() bool { return b.was == 0 }

// Changed reports whether there is anything to write.
func (b *Book) Changed() bool { return len(b.dirty)+len(b.also)+len(b.said)+len(b.emitted) > 0 }

// Also adds a write of somebody else's to the transaction.
func (b *Book) Also(w Write) { b.also = append(b.also, w) }

// Said are the arrows that were drawn, in order.
func (b *Book) Said() []Said { return b.said }

// Emitted are the events of which the bank will be told, in order.
func (b *Book) Emitted() []Emitted { return b.emitted }

// Writes are what the change writes, but for the events, which the wire writes. Only once.
func (b *Book) Writes() []Write {
	var ws []Write
	if len(b.dirty)+len(b.said)+len(b.emitted) > 0 {
		b.User.Version = b.was + 1
		ws = append(ws, PutUser{b.User, b.was})
	}
	for _, a := range b.Accounts {
		if b.dirty[a.ID] {
			ws = append(ws, PutAccount{a})
		}
	}
	for _, d := range b.Dreams {
		if b.dirty[d.ID] {
			ws = append(ws, PutDream{d})
		}
	}
	for _, l := range b.Launches {
		if b.dirty[l.ID] {
			ws = append(ws, PutLaunch{l})
		}
	}
	for _, t := range b.Transactions {
		if b.dirty[t.ID] {
			ws = append(ws, PutTransaction{b.Partner.ID, t})
		}
	}
	for _, c := range b.Consents {
		if b.dirty[c.ID] {
			ws = append(ws, PutConsent{c})
		}
	}
	for _, m := range b.Messages {
		if b.dirty[m.ID] {
			ws = append(ws, PutMessage{b.Partner.ID, m})
		}
	}
	return append(append(ws, b.also...), b.regroups()...)
}

// touch says that the thing with this id has changed.
func (b *Book) touch(id string) { b.dirty[id] = true }

func (b *Book) emit(t EventType, subject string) {
	b.emitted = append(b.emitted, Emitted{ID: b.NewID(), Type: t, At: b.Now, Subject: subject})
}

// say draws an arrow in a run that has begun; without one there is nothing to draw in.
func (b *Book) say(run, arrow, note string, f Facts, shown any) {
	if run != "" {
		b.said = append(b.said, Said{Run: run, Arrow: arrow, Note: note, Facts: f, Shown: shown})
	}
}

// begin draws the arrow that begins a run, and says which.
func (b *Book) begin(flow, arrow, note string, f Facts, shown any) (run string) {
	run = b.NewID()
	b.said = append(b.said, Said{Begins: flow, Run: run, Arrow: arrow, Note: note, Facts: f, Shown: shown})
	return run
}

// Account finds one of the user's accounts.
func (b *Book) Account(id string) (*Account, bool) {
	return find(b.Accounts, func(a *Account) bool { return a.ID == id })
}

// Dream finds one of the user's dreams.
func (b *Book) Dream(id string) (*Dream, bool) {
	return find(b.Dreams, func(d *Dream) bool { return d.ID == id })
}

// Launch finds one of the user's launches.
func (b *Book) Launch(id string) (*Launch, bool) {
	return find(b.Launches, func(l *Launch) bool { return l.ID == id })
}

// Transaction finds one of the user's transactions that are in the book.
func (b *Book) Transaction(id string) (*Transaction, bool) {
	return find(b.Transactions, func(t *Transaction) bool { return t.ID == id })
}

// Consent finds one of the user's consents that are in the book.
func (b *Book) Consent(id string) (*Consent, bool) {
	return find(b.Consents, func(c *Consent) bool { return c.ID == id })
}

// find gives a pointer into a list, which holds until the list grows.
func find[T any](list []T, is func(*T) bool) (*T, bool) {
	i := slices.IndexFunc(list, func(v T) bool { return is(&v) })
	if i < 0 {
		return nil, false
	}
	return &list[i], true
}

// NotFound is the error of a thing that is not there, or not the asker's: nobody is told which.
func NotFound(what string) error {
	return &parley.Error{Kind: parley.KindNotFound, Field: what, Message: what + " not found"}
}

// Faults are several mistakes in one input, as the wire lists them: each a parley.Error of kind invalid whose Field is the wire's name of
// the field without its wrapper ("targetCents").
type Faults []*parley.Error

// Error is the first of them.
func (f Faults) Error() string { return f[0].Error() }

// Unwrap is all of them.
func (f Faults) Unwrap() []error {
	out := make([]error, len(f))
	for i, e := range f {
		out[i] = e
	}
	return out
}
