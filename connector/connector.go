// Package connector says what an identity or payment provider can do, as interfaces of one method each, and is the door
// through which providers speak to us: the redirects they send people back with, and their notifications.
//
// A provider lives in a package of its own below this one and keeps its wire to itself: what comes out of it is a Told,
// verified. What a provider can do is found once, when the house is built, and stands as typed fields in a Provider;
// nothing asks for a capability by type assertion. Read next: door.go, then a provider such as connector/trustly.
package connector

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"parley"
)

// Provider is one configured provider of one merchant: a name and what it can do. A nil capability is one it lacks.
type Provider struct {
	Merchant int    // the merchant that it is configured for
	Name     string // what identity_provider says: "trustly"; unique within the merchant
	Label    string // what people read: "Trustly"
	Kind     string // the connector: "trustly", "oidc", "bankid"

	Identify Identifier
	Return   Returner
	Receive  Receiver
	Collect  Collector
	HandOver HandOverer
	Pay      Payer
	Status   StatusTeller

	// SignInRequired says that the operator's signin must be asked whatever the merchant configured, because the provider's
	// own answer depends on it.
	SignInRequired bool
	// Demands are the parameters of an authorization request that this provider cannot do without: "country", "currency".
	Demands []string
	// Framed says that the provider lets its pages stand in an iframe.
	Framed bool
	// Payment names the provider's deposits on the operator's wire. Zero when it takes none.
	Payment PaymentType
}

// PaymentType is how a provider's deposits are named on the operator's wire.
type PaymentType struct {
	Provider string // "Trustly"
	TxName   string // "TrustlyDeposit"
	TxTypeID string // "324"
}

// Identifier opens a place where a person can be identified.
type Identifier interface {
	// Identify asks the provider to get ready and returns where the person goes. It may be called again with the same key.
	// Errors are of a parley.Kind: refused (a *parley.Refusal in the chain, where the provider gave a reason), unheard or
	// unknown. An error of any other kind counts as unknown.
	Identify(ctx context.Context, ask IdentifyRequest) (Opened, error)
}

// IdentifyRequest is what an Identifier is asked.
type IdentifyRequest struct {
	Key       string          // the idempotency key: the same for every repetition
	Attempt   int             // 1 the first time
	Amount    *parley.Money   // set when the same provider will take the deposit
	Currency  parley.Currency // also without an amount; "" when not told
	Country   string          // ISO 3166-1 alpha-2, "" when not told
	Locale    string          // "sv_SE"
	PersonID  parley.Private
	EndUserID string // the operator's id for the person, or the run's own when it gave none
	IP        string
	ACR       string // demanded strength, "" when none
	LoginHint parley.Private
	MaxAge    *int // seconds; 0 forces a new authentication
	Extra     map[string]string

	SuccessURL string // the browser comes back here; it proves nothing
	FailURL    string // and here when the person gave up; it proves nothing either
	NotifyURL  string // the provider tells us here; unguessable, one per run
	State      string // for a provider that brings its proof in the redirect: opaque, one per run
}

// Opened is a place a person can go to, and what the connector wants to remember until it hears more.
type Opened struct {
	Page Page
	// Reference is the provider's id of what was opened, where it gives one: what it tells later must bear the same.
	Reference string
	Session   json.RawMessage // kept with the run, handed back in later calls; may hold secrets, never shown
}

// Page is where the person goes. The zero value is nowhere.
type Page struct {
	URL           string `json:"url,omitempty"`
	Framed        bool   `json:"framed,omitempty"` // the provider lets its page stand in an iframe
	Width, Height int    `json:",omitempty"`       // of the iframe, in pixels; 600 by 600 when zero
}

// Returner reads the proof that the person's browser brings back from the provider, where the provider sends one that way.
type Returner interface {
	// Return verifies what came back for a session, asking the provider as needed. An error of kind parley.KindInvalid means
	// that the redirect is not for this session: nothing is concluded from it.
	Return(ctx context.Context, session json.RawMessage, query url.Values) (Told, error)
}

// Collector is asked, again and again, how an identification goes, where the provider neither tells us by itself nor has the
// person's browser bring a proof: the person is in an app, and what they look at meanwhile is our own page.
type Collector interface {
	// Collect asks. While the person is at it the fact is Pending; Identified and Denied are the end, and nothing is asked after
	// them. An error says that nothing was learned: it is asked again.
	Collect(ctx context.Context, ask CollectRequest) (Collected, error)
	// Cancel tells the provider that the person has given up. It is a courtesy, said once: nothing depends on it.
	Cancel(ctx context.Context, session json.RawMessage) error
}

// CollectRequest is what a Collector is asked. The rest of what Identify was asked is there because a place that nobody came to
// in time may be opened anew.
type CollectRequest struct {
	IdentifyRequest
	Session json.RawMessage // what Identify left, or the last Collect that changed it
}

// Collected is how an identification goes.
type Collected struct {
	Told
	Session json.RawMessage // to be kept in place of the one before; nil when that did not change
}

// HandOverer says how a person gets from our page to the app in which they are identified.
type HandOverer interface {
	// HandOver reads it from the session, for this very moment. It asks nobody.
	HandOver(session json.RawMessage, now time.Time) HandOver
}

// HandOver is how a person gets from our page to the app, and how far they have come there.
type HandOver struct {
	QR         string        // the text of the QR code for an app on another device; empty when there is none to show now
	QRFor      time.Duration // how long that text is good; then there is another
	SameDevice string        // the address that opens the app on this device; empty when it has been opened
	Hint       Hint
}

// Hint is how far the person has come in the app, for the words on our page.
type Hint string

// The hints, in the order in which a person comes by them.
const (
	HintWaiting    Hint = "waiting"    // for the person to open the app
	HintNoClient   Hint = "no-client"  // the app was to be opened, and has not answered: it may not be there
	HintStarted    Hint = "started"    // the app is open, and looks for the person's means of identification
	HintDocument   Hint = "document"   // the person is to show a passport or an identity card to the app
	HintSign       Hint = "sign"       // the person is to enter their code
	HintProcessing Hint = "processing" // they have, and the provider is at it
)

// Receiver reads a provider's notifications: it verifies and parses in one call, so that an unverified one cannot be seen.
type Receiver interface {
	// Receive reads one notification.
	// An error of kind parley.KindInvalid is answered to the provider by Reject.
	Receive(r *http.Request) (Notification, error)
	// Reject answers a notification that could not be read.
	Reject(w http.ResponseWriter, err error)
}

// Notification is a verified notification and the way to answer it.
type Notification struct {
	Told
	// Answer writes the answer. The verdict matters only when Told.Asks.
	Answer func(w http.ResponseWriter, v Verdict)
	// Fail writes an answer after which the provider sends the notification again.
	Fail func(w http.ResponseWriter)
}

// Payer takes a deposit from a person who has been identified.
type Payer interface {
	// Pay tells the provider to go on with a payment. Where the provider is waiting for the answer to a question
	// (PayRequest.Asked), that answer is given by the door and Pay has nothing to say. Errors are as for Identify; a
	// refused payment has moved no money.
	Pay(ctx context.Context, ask PayRequest) (Opened, error)
}

// PayRequest is what a Payer is asked.
type PayRequest struct {
	IdentifyRequest
	Session  json.RawMessage // what the identification left, when this provider did that too
	Asked    bool            // the provider has asked, and waits for the verdict
	UserID   string          // the operator's
	Identity parley.Identity
}

// StatusTeller can be asked what became of a payment.
type StatusTeller interface {
	// PaymentStatus asks. A status that the connector does not know is Pending: it never guesses that money did not move.
	PaymentStatus(ctx context.Context, ask StatusRequest) (Told, error)
}

// StatusRequest is what a StatusTeller is asked.
type StatusRequest struct {
	Session json.RawMessage // what Pay (or Identify, when one order does both) left
	Amount  parley.Money
	Since   time.Time // when the payment began
	Now     time.Time
}

// Fact is what kind of thing a provider told.
type Fact string

// The facts. Reversed follows a Paid that did not last.
const (
	Identified Fact = "identified" // this is who the person is
	Denied     Fact = "denied"     // the person, or the provider, says no; no money has moved
	Account    Fact = "account"    // more about the bank account
	Pending    Fact = "pending"    // the payment is on its way; of an identification: the person is at it
	Paid       Fact = "paid"       // money has moved
	Failed     Fact = "failed"     // the payment is over and no money has moved
	Reversed   Fact = "reversed"   // money that had moved was taken back
	Other      Fact = "other"      // something we only record
)

// Told is what a provider told us, verified.
type Told struct {
	ID        string              `json:"id"`   // unique at the provider; a repetition has the same
	Fact      Fact                `json:"fact"` // which of the following are set
	Asks      bool                `json:"asks,omitempty"`
	Reference string              `json:"reference,omitempty"` // the provider's id of the order or payment
	Identity  *parley.Identity    `json:"identity,omitempty"`  // Identified
	Account   *parley.BankAccount `json:"account,omitempty"`   // Account
	Amount    parley.Money        `json:"amount,omitzero"`     // Pending, Paid, Reversed: positive
	Refusal   *parley.Refusal     `json:"refusal,omitempty"`   // Denied, Failed
	At        time.Time           `json:"at,omitzero"`         // the provider's clock, where it tells
	Note      string              `json:"note,omitempty"`      // Other: what it was called
}

// Verdict answers a provider that asked whether to go on.
type Verdict struct {
	GoOn  bool          `json:"goOn"`
	Limit *parley.Money `json:"limit,omitempty"` // go on, but with no more than this
}

// AddressSource knows where people live, by their national number. Each question may cost the operator money.
type AddressSource interface {
	// Address looks a person up. Somebody whose address is protected or unknown has the zero Address and no error. Somebody whom
	// the source is not asked about at all, such as another country's, is parley.KindNotFound.
	Address(ctx context.Context, personID parley.Private) (parley.Address, error)
}
