// Package bankid identifies people with the Swedish BankID, by its API for relying parties (RP API v6.0).
//
// BankID neither calls nor sends anybody back with a proof: the person is in the app, on this device or on another, and the
// server asks how it goes. So what the person looks at meanwhile is our own page, with a link that opens the app here and a QR
// code for an app elsewhere, which is another each second.
//
// It owns the order (this file), how it goes (collect.go), the way to the app (handover.go), what is told of the person
// (person.go) and the wire (rpc.go). It leaves to its caller when to ask, and the page. Everything of an order is a secret, so it
// stands in the session and in no error.
//
// What it does not keep or read is the signature of what the person agreed to: we believe BankID's own answer, over its own
// certificate.
package bankid

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley"
	"parley/connector"
)

// Where the test environment is, and where the app is opened.
const (
	TestURL = "https://appapi2.test.bankid.com/rp/v6.0/"
	AppURL  = "https://app.bankid.com/"
)

// Config is BankID as one merchant uses it. Client is needed; the rest has defaults.
type Config struct {
	Name string // what Identity.Provider says; "bankid" when empty
	URL  string // of the API; TestURL when empty
	App  string // the address that opens the app on the same device; AppURL when empty

	// UserVisibleData is what the person reads in the app; nothing when empty.
	UserVisibleData string
	PINCode         bool // the person must enter the code, a finger or a face is not enough
	// CertificatePolicies are the kinds of BankID that are taken, as object identifiers; all when empty.
	CertificatePolicies []string
	// RequireSameIP refuses a person whose app is at another address than the browser. BankID does not say whether the app was
	// opened by the link or by the QR code, so it holds for both: a telephone on the mobile network beside a computer is refused.
	RequireSameIP bool
	// Patience is how long an order that nobody comes for in time is followed by another; 5 min when zero.
	Patience time.Duration

	Client *http.Client     // with the relying party's certificate, which believes BankID's own authority
	Now    func() time.Time // time.Now when nil
}

// Connector speaks to BankID. It is safe for use by many goroutines.
type Connector struct{ cfg Config }

// New checks the configuration. It does not speak to BankID.
func New(c Config) (*Connector, error) {
	c.Name = cmp.Or(c.Name, "bankid")
	c.URL = strings.TrimSuffix(cmp.Or(c.URL, TestURL), "/") + "/"
	c.App = cmp.Or(c.App, AppURL)
	c.Patience = cmp.Or(c.Patience, 5*time.Minute)
	if c.Now == nil {
		c.Now = time.Now
	}
	for field, address := range map[string]string{"url": c.URL, "app": c.App} {
		at, err := url.Parse(address)
		if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
			return nil, parley.Invalid(field, "is no address without user, query and fragment")
		}
	}
	switch {
	case c.Client == nil:
		return nil, parley.Invalid("client", "no HTTP client was given")
	case base64.StdEncoding.EncodedLen(len(c.UserVisibleData)) > 1500:
		return nil, parley.Invalid("user_visible_data", "is longer than BankID takes: 1125 bytes")
	case c.Patience < 0:
		return nil, parley.Invalid("patience", "must not be negative")
	}
	return &Connector{c}, nil
}

// Provider is the connector as a provider of a merchant. Identities that it tells carry name.
func (c *Connector) Provider(merchant int, name, label string) connector.Provider {
	named := &Connector{c.cfg}
	named.cfg.Name = name
	return connector.Provider{Merchant: merchant, Name: name, Label: label, Kind: "bankid", Identify: named, Collect: named, HandOver: named}
}

// session is what is remembered of an order.
type session struct {
	Order     string         `json:"order,omitempty"` // its reference; empty when it is over and the next could not be had yet
	AutoStart string         `json:"autoStart,omitempty"`
	QRToken   string         `json:"qrToken,omitempty"`
	QRSecret  string         `json:"qrSecret,omitempty"`
	At        time.Time      `json:"at"`    // when BankID's answer came: the QR codes are counted from it
	Begun     time.Time      `json:"begun"` // when the first order of the run was begun
	Hint      connector.Hint `json:"hint"`
	Lost      int            `json:"lost,omitempty"` // orders that BankID did not know any more
}

func (s session) json() (json.RawMessage, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("keep the session: %w", err)
	}
	return b, nil
}

// Identify begins an order. It may be called again: an order that nobody comes for ends by itself.
//
// Errors: parley.KindInvalid without the person's address; parley.KindUnheard and parley.KindUnknown as the network has it;
// parley.KindRefused, with a *parley.Refusal, when BankID says no.
func (c *Connector) Identify(ctx context.Context, ask connector.IdentifyRequest) (connector.Opened, error) {
	s, err := c.begin(ctx, ask)
	if err != nil {
		return connector.Opened{}, err
	}
	s.Begun = s.At
	kept, err := s.json()
	return connector.Opened{Session: kept}, err
}

// order is a request to /auth.
type order struct {
	EndUserIP       string       `json:"endUserIp"`
	Requirement     *requirement `json:"requirement,omitempty"`
	UserVisibleData string       `json:"userVisibleData,omitempty"`
	ReturnURL       string       `json:"returnUrl,omitempty"`
}

type requirement struct {
	PersonalNumber      string   `json:"personalNumber,omitempty"`
	PINCode             bool     `json:"pinCode,omitempty"`
	CertificatePolicies []string `json:"certificatePolicies,omitempty"`
}

// begin asks for an order.
func (c *Connector) begin(ctx context.Context, ask connector.IdentifyRequest) (session, error) {
	if ask.IP == "" {
		return session{}, parley.Invalid("ip", "BankID must be told the person's address")
	}
	o := order{EndUserIP: ask.IP, ReturnURL: ask.SuccessURL, UserVisibleData: base64.StdEncoding.EncodeToString([]byte(c.cfg.UserVisibleData))}
	if r := (requirement{national(ask.PersonID), c.cfg.PINCode, c.cfg.CertificatePolicies}); r.PersonalNumber != "" || r.PINCode || len(r.CertificatePolicies) > 0 {
		o.Requirement = &r
	}
	var answer struct{ OrderRef, AutoStartToken, QRStartToken, QRStartSecret string }
	err := c.post(ctx, "auth", o, &answer)
	if f, ok := errors.AsType[*fault](err); ok {
		return session{}, f.begun(ask.Attempt)
	} else if err != nil {
		return session{}, err
	}
	if answer.OrderRef == "" || answer.AutoStartToken == "" || answer.QRStartToken == "" || answer.QRStartSecret == "" {
		return session{}, parley.Errorf(parley.KindUnknown, "auth: an answer without an order")
	}
	return session{Order: answer.OrderRef, AutoStart: answer.AutoStartToken, QRToken: answer.QRStartToken, QRSecret: answer.QRStartSecret,
		At: c.cfg.Now().UTC(), Hint: connector.HintWaiting}, nil
}
