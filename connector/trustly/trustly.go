// Package trustly speaks to Trustly Europe: it opens a deposit that also identifies the person (Pay N Play), hears Trustly's
// notifications, answers the one that is a question, and asks the ledger what became of a payment.
//
// It owns the wire: JSON-RPC 1.1 (rpc.go), the signature over an unusual serialization (signature.go, tree.go), the ledger, the
// notifications (notification.go) and what they say about a person (kyc.go). What comes out is a connector.Told, verified.
// It leaves to others when to ask, what to answer and what to remember.
//
//	Deposit ─► page ─► kyc? ─► our CONTINUE or FINISH ─► pending ─► credit ─► (debit: taken back)
//	                     └ abort                            └ cancel
//
// One order does both jobs: the answer to kyc is what makes Trustly go on with the payment, so Pay has nothing to say then.
// Read next: rpc.go.
package trustly

import (
	"cmp"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/connector"
)

// TestURL is the test environment's API. The live one is https://api.trustly.com/1.
const TestURL = "https://test.trustly.com/api/1"

// The parties that a refusal of Trustly's is put down to.
const (
	byIdentity = parley.ByIdentityProvider
	byPayment  = parley.ByPaymentProvider
)

// Config is one merchant's account at Trustly.
type Config struct {
	URL                string // of the API; TestURL when empty
	Username, Password string // of the API, not of the back office
	Key                *rsa.PrivateKey
	TrustlyKey         *rsa.PublicKey   // Trustly's: there is one for test and another for live
	Client             *http.Client     // as web.NewClient makes it
	Now                func() time.Time // time.Now when nil
	Name               string           // Identity.Provider; "trustly" when empty
	ShopperStatement   string           // what the person reads on the bank statement; "Deposit" when empty
	// Email is given for somebody who was identified elsewhere without one: Trustly demands an address of people whom it
	// does not identify itself. Without it such a deposit is refused.
	Email string
}

// Connector is one account at Trustly. It is safe for use by many goroutines.
type Connector struct {
	config Config
}

// New checks a configuration.
func New(c Config) (*Connector, error) {
	c.URL = cmp.Or(c.URL, TestURL)
	c.Name = cmp.Or(c.Name, "trustly")
	c.ShopperStatement = cmp.Or(c.ShopperStatement, "Deposit") // Trustly demands one
	if c.Now == nil {
		c.Now = time.Now
	}
	at, err := url.Parse(c.URL)
	switch {
	case err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "":
		return nil, parley.Invalid("url", "not the address of a Trustly API")
	case c.Username == "" || c.Password == "":
		return nil, parley.Invalid("username", "Trustly needs a user name and a password")
	case c.Key == nil || c.TrustlyKey == nil:
		return nil, parley.Invalid("key", "Trustly needs our private key and its public one")
	case c.Client == nil:
		return nil, parley.Invalid("client", "no HTTP client was given")
	}
	return &Connector{c}, nil
}

// Provider is the connector as a provider of a merchant. Identities that it tells carry name.
func (c *Connector) Provider(merchant int, name, label string) connector.Provider {
	named := &Connector{c.config}
	named.config.Name = name
	return connector.Provider{
		Merchant: merchant, Name: name, Label: label, Kind: "trustly",
		Identify: named, Receive: named, Pay: named, Status: named,
		// The answer to kyc depends on what the operator says about the person.
		SignInRequired: true,
		Demands:        []string{"country", "currency"},
		Framed:         true,
		Payment:        connector.PaymentType{Provider: "Trustly", TxName: "TrustlyDeposit", TxTypeID: "324"},
	}
}

// session is what is remembered of an order.
type session struct {
	OrderID    string   `json:"orderid"`
	MessageIDs []string `json:"messageids"` // every one that the order may go by; the last is its own
}

// Identify opens a deposit that asks for the person's identity (RequestKYC). Without an amount the person types one at
// Trustly, and the currency is Currency.
func (c *Connector) Identify(ctx context.Context, ask connector.IdentifyRequest) (connector.Opened, error) {
	return c.deposit(ctx, ask, byIdentity, tree{"RequestKYC": "1"})
}

// Pay says nothing when Trustly waits for the answer to kyc: that answer is the payment. Otherwise somebody else identified
// the person, and Pay opens a deposit in their name.
func (c *Connector) Pay(ctx context.Context, ask connector.PayRequest) (connector.Opened, error) {
	if ask.Asked {
		var order session
		if err := json.Unmarshal(ask.Session, &order); err != nil {
			return connector.Opened{}, parley.Invalid("session", "not the session of an order at Trustly")
		}
		return connector.Opened{Reference: order.OrderID, Session: ask.Session}, nil
	}
	if ask.Amount == nil {
		return connector.Opened{}, refused(byPayment, parley.StatusDeclinedOther, "a deposit needs an amount")
	}
	who := ask.Identity.Named()
	if who.PersonID != "" {
		ask.PersonID = who.PersonID
	}
	if !strings.HasPrefix(ask.PersonID.Reveal(), "SE") {
		ask.PersonID = "" // Trustly takes national numbers here for Sweden
	}
	person := tree{}
	for name, value := range map[string]parley.Private{"Firstname": who.FirstName, "Lastname": who.LastName, "Email": who.Email} {
		if value != "" {
			person[name] = value.Reveal()
		}
	}
	if person["Email"] == nil && c.config.Email != "" {
		person["Email"] = c.config.Email
	}
	opened, err := c.deposit(ctx, ask.IdentifyRequest, byPayment, person)
	if parley.KindOf(err) == parley.KindUnknown {
		// As at deposit below: nobody can pay on an order whose page nobody has, so no money hangs on the lost answer.
		err = parley.Errorf(parley.KindUnheard, "no page to pay on: %w", err)
	}
	return opened, err
}

// deposit says Deposit and reads the page from the answer.
//
// A message id that Trustly has heard before (637) means that an earlier Deposit arrived and its answer was lost. Saying it
// anew under another id is safe: nothing can be paid on the earlier order, because the address of its page was in the lost
// answer and nobody has it. The same does not hold for a call that moves money by itself.
func (c *Connector) deposit(ctx context.Context, ask connector.IdentifyRequest, by string, attributes tree) (connector.Opened, error) {
	data, err := c.depositData(ask, by, attributes)
	if err != nil {
		return connector.Opened{}, err
	}
	base := messageID(ask.Key)
	attempt := base + "-" + strconv.Itoa(max(ask.Attempt, 1))
	// A crash can repeat an attempt under its own number, so there are spares.
	var said []string
	for _, id := range []string{base, attempt, attempt + "-2", attempt + "-3"} {
		said = append(said, id)
		data["MessageID"] = id
		var answer any
		answer, err = c.call(ctx, "Deposit", data)
		if no, ok := errors.AsType[*rpcError](err); ok {
			if no.Code == codeDuplicateMessageID {
				continue
			}
			return connector.Opened{}, no.refusal(by)
		}
		if err != nil {
			return connector.Opened{}, err
		}
		return c.opened(answer, said)
	}
	return connector.Opened{}, fmt.Errorf("every message id is taken: %w", refused(by, parley.StatusProviderOutOfService, "duplicate message id"))
}

// depositData is everything in a Deposit but its message id.
func (c *Connector) depositData(ask connector.IdentifyRequest, by string, attributes tree) (tree, error) {
	currency := ask.Currency
	if ask.Amount != nil {
		currency = ask.Amount.Currency
		amount, ok := decimal(*ask.Amount)
		if !ok || ask.Amount.Minor <= 0 {
			return nil, refused(by, parley.StatusDeclinedOther, "an amount that Trustly cannot take")
		}
		attributes["Amount"] = amount
	}
	if currency == "" || ask.Country == "" {
		return nil, refused(by, parley.StatusDeclinedOther, "a deposit needs a country and a currency")
	}
	if ask.NotifyURL == "" || strings.Contains(ask.NotifyURL, "?") {
		return nil, refused(by, parley.StatusSystemError, "a notification address that Trustly does not take")
	}
	attributes["Currency"] = string(currency)
	attributes["Country"] = ask.Country
	attributes["Locale"] = cmp.Or(ask.Locale, "sv_SE")
	attributes["SuccessURL"] = ask.SuccessURL
	attributes["FailURL"] = ask.FailURL
	attributes["URLTarget"] = "_top"
	attributes["ShopperStatement"] = c.config.ShopperStatement
	for name, value := range map[string]string{
		"IP":                           ask.IP,
		"NationalIdentificationNumber": nationalNumber(ask.PersonID),
	} {
		if value != "" {
			attributes[name] = value
		}
	}
	return tree{"NotificationURL": ask.NotifyURL, "EndUserID": ask.EndUserID, "Attributes": attributes}, nil
}

// opened reads the answer to a Deposit.
func (c *Connector) opened(answer any, messageIDs []string) (connector.Opened, error) {
	data, _ := answer.(tree)
	order, page := data.text("orderid"), data.text("url")
	to, err := url.Parse(page)
	// A page over plain HTTP is for a sandbox that itself is spoken to over plain HTTP.
	if order == "" || err != nil || to.Host == "" ||
		to.Scheme != "https" && !(to.Scheme == "http" && strings.HasPrefix(c.config.URL, "http:")) {
		return connector.Opened{}, parley.Errorf(parley.KindUnknown, "Trustly answered Deposit without an order or a page to go to")
	}
	kept, err := json.Marshal(session{order, messageIDs})
	if err != nil {
		return connector.Opened{}, err
	}
	return connector.Opened{Page: connector.Page{URL: page, Framed: true}, Reference: order, Session: kept}, nil
}

// refused is a no that we know of before Trustly is asked, or that Trustly gave. The reason is for the log.
func refused(by string, status parley.Status, why string) error {
	return parley.Errorf(parley.KindRefused, "trustly: %s: %w", why, &parley.Refusal{By: by, Status: status})
}

// nationalNumber is a person number without the letters of its country: SE199001012384 is 199001012384.
func nationalNumber(id parley.Private) string {
	n := id.Reveal()
	if hasCountry(n) {
		return n[2:]
	}
	return n
}
