// Package notify is what we tell the operator's platform, and what it may answer: signin, authorize, transfer and cancel,
// one file per notification. The wire is the one that platforms already speak: a POST of JSON to {action}, answered with
// HTTP 200 and "success" true or false. What we add (an idempotency key, a signature, a limit in the answer to authorize)
// is ignored by a platform that does not know it.
//
// One call is one attempt. When to try again, and to take a lost authorize back with a cancel, belongs to the engine and
// the flow; what is here says which of the three outcomes an attempt had: done (no error), refused, or not known. The body
// that belongs to a key must be the same bytes at every repetition, so nothing here adds to it what was not given.
//
// Read next: authorize.go for a notification, delivery.go for how it travels and what can become of it, lenient.go for how
// answers are read.
package notify

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parley"
)

// The actions that stand for {action} in an operator's URL.
const (
	signIn    = "signin"
	authorize = "authorize"
	transfer  = "transfer"
	cancel    = "cancel"
)

// Config says where one merchant's platform is and how we speak to it. URL and Client must be given.
type Config struct {
	// URL is absolute, http or https, with {action} in its path or query: "https://operator.example/api/{action}".
	URL string
	// Auth is None, Basic or Bearer. Nil is None.
	Auth Auth
	// WebhookSecrets sign what we say as Standard Webhooks do. Each is "whsec_" and 24 to 64 bytes in base64. Several, while
	// one replaces another, give several signatures; none leaves what we say unsigned.
	WebhookSecrets []string
	// Timeout is for one whole exchange, from dialling to the last byte of the answer. 10 s when zero.
	Timeout time.Duration
	// Client sends. There is no default, because one without the egress guard (web.NewClient) would be a hole. Its redirects
	// are not followed and its cookies not kept, whatever it says.
	Client *http.Client
	// Now tells the time for signatures and the circuit breaker. time.Now when nil.
	Now func() time.Time
	// BreakerAfter is how many failures to connect or to answer in time, one after the other at one action, make that action
	// fail at once. 5 when zero.
	BreakerAfter int
	// BreakerFor is for how long it then does so. 30 s when zero.
	BreakerFor time.Duration
}

// Operator is one merchant's platform. It is safe for use by many goroutines.
//
// The methods that tell it something share their errors, each with a parley.Kind:
//
//   - parley.KindInvalid: the request cannot be said; nothing was sent.
//   - parley.KindRefused: the operator answered no. A *parley.Refusal is in the chain.
//   - parley.KindUnheard: the words certainly never reached it. A *Failure is in the chain, as in the next.
//   - parley.KindUnknown: it may have been done; the answer was lost, or is none.
//
// The texts of errors hold nothing of what was said or answered.
type Operator struct {
	urls     map[string]string
	breakers map[string]*breaker
	auth     Auth
	signer   Signer
	timeout  time.Duration
	client   *http.Client
	now      func() time.Time
}

// New checks a configuration. Its errors are of parley.KindInvalid and hold none of the secrets.
func New(c Config) (*Operator, error) {
	o := &Operator{
		urls: map[string]string{}, breakers: map[string]*breaker{},
		auth: c.Auth, timeout: c.Timeout, now: c.Now,
	}
	if o.auth == nil {
		o.auth = None{}
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.timeout == 0 {
		o.timeout = 10 * time.Second
	}
	if c.BreakerAfter == 0 {
		c.BreakerAfter = 5
	}
	if c.BreakerFor == 0 {
		c.BreakerFor = 30 * time.Second
	}
	if o.timeout < 0 || c.BreakerAfter < 0 || c.BreakerFor < 0 {
		return nil, parley.Invalid("timeout", "a time or a number of failures cannot be negative")
	}
	for _, action := range []string{signIn, authorize, transfer, cancel} {
		u, err := endpoint(c.URL, action)
		if err != nil {
			return nil, err
		}
		o.urls[action] = u
		o.breakers[action] = &breaker{after: c.BreakerAfter, pause: c.BreakerFor, now: o.now}
	}
	if err := o.auth.check(); err != nil {
		return nil, err
	}
	var err error
	if o.signer, err = NewSigner(c.WebhookSecrets...); err != nil {
		return nil, err
	}
	if c.Client == nil {
		return nil, parley.Invalid("client", "an HTTP client must be given")
	}
	client := *c.Client
	client.Jar = nil
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.client = &client
	return o, nil
}

// endpoint is the address of an action.
func endpoint(template, action string) (string, error) {
	bad := func(why string) (string, error) { return "", parley.Invalid("url", why) }
	before, _, ok := strings.Cut(template, "{action}")
	if !ok {
		return bad("must contain {action}")
	}
	// A secret may stand in the URL, so the parser's words, which repeat it, are not passed on.
	u, err := url.Parse(strings.ReplaceAll(template, "{action}", action))
	switch {
	case err != nil:
		return bad("not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
		return bad("must be absolute, with http or https")
	case u.User != nil:
		return bad("must not hold a user or password: use auth")
	case strings.Contains(template, "#"):
		return bad("must not have a fragment")
	}
	if at, err := url.Parse(before); err != nil || at.Host != u.Host {
		return bad("{action} must stand in the path or the query")
	}
	return u.String(), nil
}

// Transaction is what authorize, transfer and cancel all say about a transaction. UserID, Amount, TxID, TxTypeID, TxName
// and Provider are needed.
type Transaction struct {
	UserID   string       // what the operator's signin answered
	Amount   parley.Money // positive is a deposit
	TxID     int64        // ours, positive
	TxTypeID string       // "324"
	TxName   string       // "TrustlyDeposit"
	Provider string       // "Trustly"

	Service       string         // pspService, left out when empty
	OriginTxID    int64          // the transaction that this one follows, such as its sign-in; left out when zero
	AccountID     string         // null when empty, as MaskedAccount, Fee and FeeBase are
	AccountHolder parley.Private // left out when empty
	MaskedAccount parley.Private
	Fee           *parley.Money // the provider's fee, to us
	FeeBase       *parley.Money // the same in the base currency

	// Attributes are the echo of the request's, and with them what the flow adds: "token", the status token. Values must be
	// what JSON can hold. They are written in the order of their names.
	Attributes map[string]any
}

// check refuses a transaction that would be a mistake to say.
func (t Transaction) check() error {
	for _, f := range []struct{ name, value string }{
		{"userId", t.UserID}, {"txAmountCy", string(t.Amount.Currency)}, {"txTypeId", t.TxTypeID}, {"txName", t.TxName}, {"provider", t.Provider},
	} {
		if f.value == "" {
			return parley.Invalid(f.name, "must be given")
		}
	}
	if t.TxID <= 0 {
		return parley.Invalid("txId", "must be positive")
	}
	return nil
}

// transactionBody is a Transaction on the wire. Real traffic has the pointers without omitempty always, null when unset,
// and the others only when set; the attributes always.
type transactionBody struct {
	UserID        string          `json:"userId"`
	TxAmount      string          `json:"txAmount"`
	TxAmountCy    string          `json:"txAmountCy"`
	TxID          string          `json:"txId"`
	TxTypeID      string          `json:"txTypeId"`
	TxName        string          `json:"txName"`
	Provider      string          `json:"provider"`
	PSPService    string          `json:"pspService,omitempty"`
	OriginTxID    string          `json:"originTxId,omitempty"`
	AccountID     *string         `json:"accountId"`
	AccountHolder parley.Private  `json:"accountHolder,omitempty"`
	MaskedAccount *parley.Private `json:"maskedAccount"`
	PSPFee        *string         `json:"pspFee"`
	PSPFeeCy      *string         `json:"pspFeeCy"`
	PSPFeeBase    *string         `json:"pspFeeBase"`
	PSPFeeBaseCy  *string         `json:"pspFeeBaseCy"`
	Attributes    attributes      `json:"attributes"`
}

// attributes are the echo of a request's, in which a merchant may say anything about a person.
type attributes map[string]any

// Discreet shows only what they are called.
func (a attributes) Discreet() any {
	shown := make(attributes, len(a))
	for name := range a {
		shown[name] = parley.Private("a value")
	}
	return shown
}

func (t Transaction) body() transactionBody {
	b := transactionBody{
		UserID: t.UserID, TxAmount: t.Amount.Decimal(), TxAmountCy: string(t.Amount.Currency), TxID: digits(t.TxID),
		TxTypeID: t.TxTypeID, TxName: t.TxName, Provider: t.Provider, PSPService: t.Service,
		AccountID: orNull(t.AccountID), AccountHolder: t.AccountHolder, MaskedAccount: orNull(t.MaskedAccount),
		Attributes: t.Attributes,
	}
	if t.OriginTxID != 0 {
		b.OriginTxID = digits(t.OriginTxID)
	}
	if t.Fee != nil {
		b.PSPFee, b.PSPFeeCy = new(t.Fee.Decimal()), new(string(t.Fee.Currency))
	}
	if t.FeeBase != nil {
		b.PSPFeeBase, b.PSPFeeBaseCy = new(t.FeeBase.Decimal()), new(string(t.FeeBase.Currency))
	}
	if b.Attributes == nil {
		b.Attributes = attributes{}
	}
	return b
}

// TxRef names a transaction across merchants, as operators and providers are told it: "1000A259380".
func TxRef(merchantID int, txID int64) string { return fmt.Sprintf("%dA%d", merchantID, txID) }

func digits(n int64) string { return strconv.FormatInt(n, 10) }

func orNull[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}
