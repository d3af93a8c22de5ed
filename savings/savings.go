// Package savings is the domain of goal savings: users, dreams, savehacks that people launch on them, accounts, and transactions, and
// which belongs to which, in whatever order they arrive. It does no I/O: a Book is everything about one user, its methods are what can be
// done, and what they changed is read from it afterwards.
//
// It owns the facts. How the conversation went in which they came about belongs to package flow, what a savehack takes and when to package
// savehack, the wire to package api.
//
// Read this file for the Book, then user.go, account.go, dream.go, launch.go, transaction.go and consent.go, each with its states drawn, and
// beside them what can be done: provisioning.go asks for accounts; schedule.go and due.go say when a launch takes something and how much of it;
// feed.go hears of the current account; settle.go, reconcile.go and move.go move money; erase.go forgets a person; message.go, picture.go,
// catalogue.go and forecast.go are what they are called. What a change writes is in book.go, what is said of a mistake in fault.go.
package savings

import (
	"io"
	"time"

	"parley"
)

// Cents is an amount in the minor unit of the partner's currency, which is fixed when the partner is made. It is the wire's word.
type Cents int64

// Setup is how dreams come by their accounts.
type Setup string

// The setups.
const (
	SharedAccount   Setup = "one-account-per-user"  // every dream of a user is linked to the user's one savings account
	AccountPerDream Setup = "one-account-per-dream" // the bank links each dream itself
)

// Partner is a tenant that owns a savings programme.
type Partner struct {
	ID          string // in configuration, tokens and addresses: small letters, digits and hyphens
	Name        string // what people read
	Currency    parley.Currency
	Country     string         // ISO 3166-1 alpha-2: whose banking days count
	Zone        *time.Location // of people whose own is not known
	Setup       Setup
	Performance bool          // dreams may be performance dreams, each with a Performance account of its own
	Consents    bool          // a launch waits for a transfer consent, and accounts are opened while it is given
	ConsentFor  time.Duration // how long a temporary consent id can be read
	CancelFor   time.Duration // how long a person can cancel a deposit; the bank is given it only afterwards
	Savehacks   []string      // the kinds that are offered; all when nil
}

// Turn is what a Book is given besides its facts. It has no other clock and no other randomness.
type Turn struct {
	Now    time.Time
	NewID  func() string
	Random io.Reader // for the codes of group dreams
}

// Of names the user whose book is meant: by exactly one of its fields. Unless it is by user, the thing named is in the book even when it
// is over: a settled transaction, a deleted dream.
type Of struct {
	User         string // our id
	ExternalUser string // the bank's id
	Account      string
	Dream        string
	Launch       string
	Transaction  string
	Consent      string
	Temporary    string // the hash of a consent's temporary id
	Message      string

	// More are transactions that the change will name, by their id or their external id, beside the open ones which are always there.
	More []string
	// Follow is a launch that a Copycat is to follow, whosesoever it is: see NewLaunch.Leader.
	Follow string
	// Occasion is a feed item that may have been heard before.
	Occasion string
	// Group and Code are the id and the code of a group dream, of which one or none is named: see Book.Group.
	Group, Code string
	// Create makes an empty book of a user, named by ExternalUser, who is not there.
	Create bool
}

// Book is everything about one user that a change may need. It is loaded, changed by its methods, and written back as one transaction that is
// guarded by the version of its User, so that two changes at once cannot both be written.
type Book struct {
	Partner      *Partner
	User         User
	Accounts     []Account
	Dreams       []Dream       // those that are not deleted, those that were named, and those at an end of one of these transactions
	Launches     []Launch      // those that are not stopped, those that were named, and those that made one of these transactions
	Transactions []Transaction // the requested ones, and those that were named
	Consents     []Consent     // the undecided ones, those that were named, and those of these launches
	Messages     []Message     // those that were named
	Leader       Leader        // the launch named by Of.Follow, when the partner has it
	Heard        bool          // the feed item named by Of.Occasion was heard before
	// Followed are the deposits that the launch has made which an active Copycat follows, since the Copycat last looked, by the Copycat's id: a
	// hundred at most, in the order of when the bank is given them (in milliseconds) and of their ids, beginning after the Copycat's Done.
	Followed map[string][]Transaction
	// Leaders are the launches, somebody else's, that active Copycats follow, as they are now, by the Copycat's id.
	Leaders map[string]Leader
	// Group is the group dream named by Of.Group or Of.Code, whosesoever it is, when it is one of ours. Of another partner's only the id and the
	// partner are told, and only by Of.Group. Groups are those of ours that the dreams are in.
	Group  Group
	Groups []Group
	Turn

	was     int64 // the version of the User that was loaded
	dirty   map[string]bool
	said    []Said
	emitted []Emitted
	also    []Write
	groups  []string       // of ours, which dreams have come into or left
	where   *time.Location // the zone of whereOf, read once
	whereOf string
}

// Leader is a launch that somebody may want to follow.
type Leader struct {
	Launch, User string
	Group        string // the group dream that its dream is part of
}

// Write is one thing that a transaction changes: engine.Write, in the words of this package.
type Write interface{ Table() string }

// Facts are what a journey needs to know to go on: they are told with each arrow.
type Facts struct {
	Account   bool `json:"account,omitempty"`   // the user, or the dream that the journey is about, has an account
	Initiated bool `json:"initiated,omitempty"` // provisioning has been initiated
	Waiting   bool `json:"waiting,omitempty"`   // a launch waits for an account, or for a consent
	Refused   bool `json:"refused,omitempty"`   // the consent was rejected, the account was refused
	Left      int  `json:"left,omitempty"`      // transactions of the notice that are still requested
}

// Said is an arrow of a journey that a change drew.
type Said struct {
	Begins string // the flow of which it begins a run; otherwise it is told to Run
	Run    string // the run: begun under this id, or told
	Arrow  string
	Note   string // a few words for the picture; never personal data
	Facts  Facts
	Shown  any // what was said, kept with the event as parley.Redact writes it
}

// The journeys, which are flows in package flow.
const (
	AccountProvisioning = "account-provisioning"
	AccountFirst        = "account-first"
	AccountForDream     = "account-per-dream"
	TransferConsent     = "transfer-consent"
	ActingOn            = "acting-on-transactions"
	Reconciliation      = "reconciliation"
)

// The arrows of the journeys that changes draw. Each has one place in each flow that knows it; a flow that does not know one is not told.
const (
	ArrowSignedIn           = "launch SDK"
	ArrowUserPosted         = "POST /users"
	ArrowAccountPosted      = "POST /accounts"
	ArrowDreamCreated       = "create dream"
	ArrowDreamAnother       = "create another dream"
	ArrowLaunched           = "launch savehack"
	ArrowAskedAgain         = "ask again"
	ArrowInitiated          = "account provision initiated"
	ArrowDreamLinked        = "PATCH /dreams"
	ArrowAccountRequestDone = "account request done"
	ArrowConsentRead        = "GET /transfer-consents"
	ArrowConsentDecided     = "PATCH /transfer-consents"
	ArrowConsentReturned    = "consent returned"
	ArrowTransactionsRead   = "GET /transactions"
	ArrowTransactionPatched = "PATCH /transactions"
	ArrowReconciled         = "POST /transactions"
	ArrowRedistributed      = "redistribute"
)

// EventType is one of the nineteen types of event that a bank can be told.
type EventType string

// The event types.
const (
	UserCreated               EventType = "UserCreated"
	UserDestroyed             EventType = "UserDestroyed"
	PageView                  EventType = "PageView"
	DepositRequested          EventType = "DepositRequested"
	DepositSettled            EventType = "DepositSettled"
	DepositFailed             EventType = "DepositFailed"
	WithdrawalRequested       EventType = "WithdrawalRequested"
	WithdrawalSettled         EventType = "WithdrawalSettled"
	WithdrawalFailed          EventType = "WithdrawalFailed"
	InternalTransferRequested EventType = "InternalTransferRequested"
	InternalTransferSettled   EventType = "InternalTransferSettled"
	InternalTransferFailed    EventType = "InternalTransferFailed"
	DreamCreated              EventType = "DreamCreated"
	DreamUpdated              EventType = "DreamUpdated"
	DreamDeleted              EventType = "DreamDeleted"
	DreamAchieved             EventType = "DreamAchieved"
	SavehackLaunched          EventType = "SavehackLaunched"
	SavehackLaunchUpdated     EventType = "SavehackLaunchUpdated"
	DreamMilestone            EventType = "DreamMilestone"
)

// EventTypes are all of them.
var EventTypes = []EventType{UserCreated, UserDestroyed, PageView, DepositRequested, DepositSettled, DepositFailed, WithdrawalRequested, WithdrawalSettled,
	WithdrawalFailed, InternalTransferRequested, InternalTransferSettled, InternalTransferFailed, DreamCreated, DreamUpdated, DreamDeleted, DreamAchieved,
	SavehackLaunched, SavehackLaunchUpdated, DreamMilestone}

// Emitted is an event of which the bank will be told. What is said of it is made of the book as it is after the change.
type Emitted struct {
	ID      string
	Type    EventType
	At      time.Time
	Subject string // the id of the user, dream, launch or transaction
	Percent int    // of a DreamMilestone
	Path    string // of a PageView
}

// Event is an event as it is kept until every endpoint has heard it.
type Event struct {
	Seq     int64 // in the order of their commits; given by the store
	ID      string
	Partner string
	User    string // whom it is about
	Type    EventType
	At      time.Time
	Data    []byte // JSON, as the wire says it
}

// DueUser is a user with launches that are due.
type DueUser struct{ Partner, User string }
