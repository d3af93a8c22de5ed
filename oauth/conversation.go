package oauth

import (
	"context"
	"log/slog"
	"time"

	"parley"
	"parley/engine"
	"parley/notify"
)

// Request is an authorization request that was found to be in order. It is kept with the run that it begins.
type Request struct {
	Client      string   `json:"client"`
	Merchant    int      `json:"merchant"`
	Compatible  bool     `json:"compatible,omitempty"`
	RedirectURI string   `json:"redirectUri"`
	State       string   `json:"state,omitempty"` // echoed byte for byte
	Nonce       string   `json:"nonce,omitempty"`
	Scope       []string `json:"scope,omitempty"`
	Challenge   string   `json:"challenge,omitempty"` // PKCE, S256; empty when the client is compatible and sent none
	Browser     string   `json:"browser,omitempty"`   // hash of the cookie of the browser that asked; empty when a program did

	Provider   string            `json:"provider"` // fixed here, checked again when the person comes back
	Amount     *parley.Money     `json:"amount,omitempty"`
	Currency   parley.Currency   `json:"currency,omitempty"` // also without an amount
	Country    string            `json:"country,omitempty"`
	Locale     string            `json:"locale,omitempty"`
	PersonID   parley.Private    `json:"personId,omitempty"`
	EndUserID  string            `json:"endUserId,omitempty"`
	LoginHint  parley.Private    `json:"loginHint,omitempty"`
	ACRValues  string            `json:"acrValues,omitempty"`
	Display    string            `json:"display,omitempty"` // "popup" when the pages stand in a window that the client's page has opened
	MaxAge     *int              `json:"maxAge,omitempty"`
	IP         parley.Private    `json:"ip,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`         // echoed to the operator
	Extra      map[string]string `json:"providerAttributes,omitempty"` // passed on to the provider
	At         time.Time         `json:"at"`
}

// LogValue logs nothing that the person or the client said.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(slog.String("client", r.Client), slog.String("provider", r.Provider))
}

// Stage is where a conversation stands, as far as the browser is concerned.
type Stage string

// The stages. Unclear means that the provider was told to go on and has not said what became of it.
const (
	Working     Stage = "working"     // we are talking to somebody
	Identifying Stage = "identifying" // the person is to go to Progress.Page, or to an app as Progress.Page.HandOver says
	Paying      Stage = "paying"      // the person is to go to Progress.Page, to pay
	Unclear     Stage = "unclear"
	Granted     Stage = "granted" // a code may be given
	Denied      Stage = "denied"
)

// Progress is a conversation as it stands.
type Progress struct {
	Run     string
	Request Request
	Stage   Stage
	Page    Page
	Status  parley.Status // of the transaction that the request is about
	TxID    int64         // of the sign-in
	Refusal *parley.Refusal
	Grant   Grant // set when Granted
	Begun   time.Time

	// How far it has come: who the person is, that the operator lets them go on, that the money has moved.
	Identified, Accepted, Paid bool
	// Amount is what is deposited, as far as it is known: what was paid, or what the operator allows, or what was asked for.
	Amount *parley.Money
	// Payer is the name of the provider that takes the deposit; empty when the conversation is about none.
	Payer string
	// Here says that the person is identified while they look at our own page, and goes nowhere else after that: the browser that
	// shows it is the one that would come back.
	Here bool
}

// TxRefID is the transaction as the operator's wire refers to it: merchant, the letter A, number.
func (p Progress) TxRefID() string {
	return notify.TxRef(p.Request.Merchant, p.TxID)
}

// Page is where the person should go.
type Page struct {
	URL           string
	Framed        bool // it may stand in an iframe
	Width, Height int
	HandOver      *HandOver // in place of a URL: the person stays on our page, and is identified in an app
}

// HandOver is how a person gets from our page to an app, as it is at this moment.
type HandOver struct {
	QR         string        // the text of the QR code for an app on another device; empty when there is none to show now
	Fresh      time.Duration // how long that text is good
	SameDevice string        // the address that opens the app on this device; empty when it has been opened
	Hint       Hint
}

// Hint is how far the person has come in the app.
type Hint string

// The hints.
const (
	HintWaiting    Hint = "waiting"    // nobody has opened the app for this
	HintNoClient   Hint = "no-client"  // nor was one found yet
	HintStarted    Hint = "started"    // the app is open
	HintDocument   Hint = "document"   // the person is asked for their passport or identity card
	HintSign       Hint = "sign"       // the person is asked for their code
	HintProcessing Hint = "processing" // they have answered
)

// Grant is what a code stands for.
type Grant struct {
	UserID    string // the operator's; empty when the operator was not asked
	SessionID string
	Identity  parley.Identity
	Paid      *parley.Money // what was deposited; nil for a sign-in
}

// Conversations is how the authorization server begins runs and follows them.
type Conversations interface {
	// Begin begins a conversation and goes on until somebody else must act.
	Begin(ctx context.Context, run string, r Request) (Progress, error)
	// Await follows a conversation until enough is true of it or ctx ends, and returns it as it then stands. An unknown
	// run is parley.KindNotFound.
	Await(ctx context.Context, run string, enough func(Progress) bool) (Progress, error)
	// Redirected records that the browser is given a code, with the writes that make it so.
	Redirected(ctx context.Context, run string, writes ...engine.Write) error
	// Returned records that the browser is given the refusal.
	Returned(ctx context.Context, run string) error
	// Redeemed records that the operator redeemed the code, with the writes that make it so.
	Redeemed(ctx context.Context, run string, writes ...engine.Write) error
	// Checked records that the operator checked the token. Only the first time is drawn.
	Checked(ctx context.Context, run string) error
	// GiveUp records that the person gives up. It is in time only while they have not been identified.
	GiveUp(ctx context.Context, run string) error
}
