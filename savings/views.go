package savings

import "time"

// Ref is another thing as the wire refers to it.
type Ref struct{ ID, Type, ExternalID, Name string }

// The things as lists show them: each with those that it refers to. Refs are zero when there is nothing to refer to.
type (
	// AccountView is an account with its user.
	AccountView struct {
		Account
		Owner Ref
	}
	// DreamView is a dream with its user and account.
	DreamView struct {
		Dream
		Owner, In       Ref
		ActiveSavehacks int
		GroupImage      string // the picture of the group of ours that it is in; only of a dream in a book
	}
	// LaunchView is a launch with its dream.
	LaunchView struct {
		Launch
		On DreamView
	}
	// TransactionView is a transaction with everything at its two ends.
	TransactionView struct {
		Transaction
		Owner                          Ref
		ToAcc, ToDrm, FromAcc, FromDrm Ref
	}
	// ConsentView is a consent with its user.
	ConsentView struct {
		Consent
		Owner Ref
	}
	// MessageView is a message with its user.
	MessageView struct {
		Message
		Owner Ref
	}
)

// Page is which part of a list is asked for.
type Page struct {
	Partner string // whose things: never another's
	Number  int    // 1 is the first
	Items   int    // at most so many
	After   string // keyset: only what follows this id; with Keyset and empty, from the first
	Keyset  bool
}

// Query is which things are asked for. What is empty does not choose.
type Query struct {
	Page
	ID           string // only this one
	ExternalID   string // of the thing itself
	User         string // of this user
	ExternalUser string
	Dream        string
	State        string // of dreams: "active" (the default), "deleted" or "all"; of transactions: requested, settled, failed
	Launch       string
	Given        bool // of transactions: only those that the bank may act on by GivenAt, or that are over
	GivenAt      time.Time
	Category     string // of messages
	External     *bool
	Processed    *bool
	CreatedAfter int64 // milliseconds: strictly greater
	Unread       bool
	Newest       bool // of transactions: the newest first
}

// Owner is how the wire refers to the book's user.
func (b *Book) Owner() Ref { return Ref{ID: b.User.ID, Type: "User", ExternalID: b.User.ExternalID} }

// AccountRef is how the wire refers to one of the user's accounts; zero when there is none.
func (b *Book) AccountRef(id string) Ref {
	if a, ok := b.Account(id); ok {
		return Ref{ID: a.ID, Type: string(a.Type), ExternalID: a.ExternalID}
	}
	return Ref{}
}

// DreamRef is how the wire refers to one of the user's dreams; zero when there is none.
func (b *Book) DreamRef(id string) Ref {
	if d, ok := b.Dream(id); ok {
		return Ref{ID: d.ID, Type: d.Type, Name: d.Name}
	}
	return Ref{}
}

// ViewAccount is an account as lists show it.
func (b *Book) ViewAccount(a Account) AccountView { return AccountView{a, b.Owner()} }

// ViewDream is a dream as lists show it.
func (b *Book) ViewDream(d Dream) DreamView {
	v := DreamView{Dream: d, Owner: b.Owner(), In: b.AccountRef(d.Account)}
	if g, ok := find(b.Groups, func(g *Group) bool { return g.ID == d.Group }); ok && !d.Joined.IsZero() {
		v.GroupImage = g.Image
	}
	for _, l := range b.Launches {
		if l.Dream == d.ID && l.State == Active {
			v.ActiveSavehacks++
		}
	}
	return v
}

// ViewLaunch is a launch as lists show it.
func (b *Book) ViewLaunch(l Launch) LaunchView {
	v := LaunchView{Launch: l}
	if d, ok := b.Dream(l.Dream); ok {
		v.On = b.ViewDream(*d)
	}
	return v
}

// ViewTransaction is a transaction as lists show it.
func (b *Book) ViewTransaction(t Transaction) TransactionView {
	return TransactionView{t, b.Owner(), b.AccountRef(t.ToAccount), b.DreamRef(t.ToDream), b.AccountRef(t.FromAccount), b.DreamRef(t.FromDream)}
}

// ViewConsent is a consent as lists show it.
func (b *Book) ViewConsent(c Consent) ConsentView { return ConsentView{c, b.Owner()} }
