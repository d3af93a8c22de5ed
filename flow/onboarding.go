// Package flow is the catalogue: one file per flow, and in each the table that is the diagram, what a run remembers, and the
// steps in the table's order.
//
//   - signin.go: a person signs in, or signs up
//   - deposit.go: the same, with a deposit
//   - adjustment.go: what a payment provider did after a deposit was over
//   - provisioning.go, accountfirst.go, perdream.go: how a saver's account, or a dream's, comes about
//   - consent.go: how a person consents to what a savehack may take
//   - acting.go: how a bank is told of transactions, and what it does with them
//   - reconcile.go: money that moved without us
//
// The flows know parties by what they can do (package connector, package notify) and see neither HTTP nor SQL. onboarding.go holds what
// the first two share; conversation.go is how the wires at the rim begin runs and tell them things. journey.go holds what the journeys of goal
// savings share; savings.go is how the rim changes the books that they tell of, and savings_due.go what nobody asks for.
package flow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"parley"
	"parley/connector"
	"parley/engine"
	"parley/notify"
	"parley/oauth"
)

// Those who speak.
const (
	Browser          engine.Party = parley.ByBrowser
	Server           engine.Party = "Parley"
	IdentityProvider engine.Party = parley.ByIdentityProvider
	PaymentProvider  engine.Party = parley.ByPaymentProvider
	Operator         engine.Party = parley.ByOperator
)

// labels are how people read the parties.
var labels = map[engine.Party]string{IdentityProvider: "Identity Provider", PaymentProvider: "Payment Provider", Operator: "Operator Platform"}

// Merchant is a tenant as the flows see it: its platform, and the providers that it has.
type Merchant struct {
	ID        int
	Name      string
	Operator  *notify.Operator
	Providers map[string]connector.Provider
	// AskSignIn says for which providers the operator is asked signin although the provider could do without.
	AskSignIn map[string]bool
	// PayWith names the provider that takes the deposit of somebody whom another provider identifies.
	PayWith map[string]string
}

// payer is the provider that takes deposits of people whom the named one identifies; ok is false when none does.
func (m *Merchant) payer(identity string) (connector.Provider, bool) {
	if p := m.Providers[identity]; p.Pay != nil {
		return p, true
	}
	p, ok := m.Providers[m.PayWith[identity]]
	return p, ok && p.Pay != nil
}

// Desk is where the flows find everybody. It is built once.
type Desk struct {
	Merchants map[int]*Merchant
	// Addresses makes the addresses at which a provider finds a run again.
	Addresses func(merchant int, provider, run string) Addresses
	// Token is the token that the operator is shown for a sign-in transaction, an attribute of authorize.
	Token func(merchant int, txRefID string, at time.Time) string
	// Number gives a transaction number that was never given before.
	Number func(ctx context.Context) (int64, error)
	// Over reports whether a run has ended.
	Over func(ctx context.Context, run string) (bool, error)
}

// Addresses are where a provider finds a run again.
type Addresses struct {
	Success, Fail, Notify, State string
}

func (d *Desk) merchant(id int) (*Merchant, error) {
	if m := d.Merchants[id]; m != nil {
		return m, nil
	}
	return nil, parley.Errorf(parley.KindUnavailable, "merchant %d is not configured", id)
}

// Onboarding is what a run of the first two flows remembers.
type Onboarding struct {
	Request   oauth.Request   `json:"request"`
	SignInTx  int64           `json:"signInTx"`
	DepositTx int64           `json:"depositTx,omitempty"` // the number after SignInTx
	AskSignIn bool            `json:"askSignIn,omitempty"`
	Collects  bool            `json:"collects,omitempty"` // the provider tells nothing by itself, so it is asked
	Identify  Place           `json:"identify,omitzero"`
	Identity  parley.Identity `json:"identity,omitzero"`
	Asked     bool            `json:"asked,omitempty"` // the provider waits for our verdict

	UserID    string `json:"userId,omitempty"` // the operator's
	SessionID string `json:"sessionId,omitempty"`
	AuthCode  string `json:"authCode,omitempty"`

	Limit     *parley.Money       `json:"limit,omitempty"` // the operator allows no more than this
	Pay       Place               `json:"pay,omitzero"`
	Started   bool                `json:"started,omitempty"` // the provider was told to go on
	Paid      *parley.Money       `json:"paid,omitempty"`
	PaidFrom  *parley.BankAccount `json:"paidFrom,omitempty"`  // as known when it was paid: what is said later must not change
	PaidRef   string              `json:"paidRef,omitempty"`   // the provider's reference
	PaidAsked bool                `json:"paidAsked,omitempty"` // we learned of it by asking, so its own notification may still come
	Movement  parley.Movement     `json:"movement,omitempty"`
	Told      parley.Hearing      `json:"told,omitempty"`

	Refusal *parley.Refusal `json:"refusal,omitempty"`
}

// Place is where the person can go at a provider, and what the connector remembers of it.
type Place struct {
	Reference string          `json:"reference,omitempty"` // the provider's id of what was opened there
	Page      connector.Page  `json:"page,omitzero"`
	Session   json.RawMessage `json:"session,omitempty"`
}

func place(o connector.Opened) Place { return Place{o.Reference, o.Page, o.Session} }

// signIn is the sign-in transaction as it is kept.
func (s Onboarding) signIn(t engine.Turn, status parley.Status) parley.Transaction {
	return parley.Transaction{ID: s.SignInTx, Run: t.Run, Merchant: s.Request.Merchant, Kind: parley.SignInTransaction,
		Status: status, Made: t.Begun, Changed: t.Now}
}

// deposit is the deposit as it is kept: what was asked for, or what was paid when that is known.
func (s Onboarding) deposit(t engine.Turn, status parley.Status) parley.Transaction {
	return parley.Transaction{ID: s.DepositTx, Run: t.Run, Origin: s.SignInTx, Merchant: s.Request.Merchant, Kind: parley.DepositTransaction,
		Status: status, Amount: s.amount(), Money: s.Movement, Told: s.Told, Made: t.Begun, Changed: t.Now}
}

// amount is what the deposit is about: what was paid, when that is known, and otherwise what was asked for.
func (s Onboarding) amount() parley.Money {
	if s.Paid != nil {
		return *s.Paid
	}
	return *s.Request.Amount
}

// start is the first arrow.
func start() engine.Step[Onboarding] {
	return engine.Start[Onboarding](Browser, Server, "authorize sign in")
}

// identifying are the arrows from the request to a person whom the operator accepts. decided is the verdict that a provider
// which asks is waiting for.
func (d *Desk) identifying(decided func(Onboarding) (any, bool)) []engine.Step[Onboarding] {
	return []engine.Step[Onboarding]{
		engine.Call(Server, IdentityProvider, "process sign in", d.startIdentification),
		engine.Seen[Onboarding](IdentityProvider, Browser, "present authorization UI"),
		engine.Seen[Onboarding](Browser, IdentityProvider, "enter credentials, authorize or deny"),
		engine.Late(engine.Wait(IdentityProvider, Server, "identity verified", d.recordIdentity).Within(Lifetime).Question(decided).
			AskIf("the provider tells nothing by itself", Onboarding.collects, engine.Policy{Then: 2 * time.Second}, d.collect), d.identifiedAgain),
		engine.Call(Server, Operator, "signin", d.askSignIn).If("the operator is to be asked", Onboarding.wantsSignIn),
	}
}

// returning are the arrows that give the browser and the operator the result. The run's work is over without them.
func (d *Desk) returning() []engine.Step[Onboarding] {
	return []engine.Step[Onboarding]{
		engine.Answer(Server, Browser, "redirect with authorization code", hand).Optional(),
		engine.Wait(Operator, Server, "token", hand).Optional(),
		engine.Wait(Operator, Server, "check_token", hand).Optional(),
	}
}

// refused is the arrow that ends a run that was refused.
func refused() engine.Step[Onboarding] {
	return engine.Answer(Server, Browser, "redirect with error", hand)
}

// Lifetime is how long a person has to identify themselves.
const Lifetime = 30 * time.Minute

// hand is a step whose whole meaning is in what the teller writes with it.
func hand(_ engine.Turn, s Onboarding, _ struct{}) (Onboarding, engine.Outcome) {
	return s, engine.Done()
}

// refuse notes the refusal in the run and in the books.
func (d *Desk) refuse(t engine.Turn, s Onboarding, no *parley.Refusal) (Onboarding, []engine.Write) {
	s.Refusal = no
	var writes []engine.Write
	if s.UserID == "" || s.DepositTx == 0 {
		writes = append(writes, s.signIn(t, no.Status))
	}
	if s.DepositTx != 0 {
		if s.Movement == parley.Asked {
			s.Movement = parley.NotMoved // only the provider's own word refuses a run after it was asked
		}
		writes = append(writes, s.deposit(t, no.Status))
	}
	return s, writes
}

func (s Onboarding) wantsSignIn() bool { return s.AskSignIn }
func (s Onboarding) collects() bool    { return s.Collects }

func (d *Desk) startIdentification(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	giveUp := &parley.Refusal{By: string(IdentityProvider), Status: parley.StatusProviderOutOfService}
	m, err := d.merchant(s.Request.Merchant)
	if err != nil {
		return s, engine.Unheard(err).Else(giveUp)
	}
	p, ok := m.Providers[s.Request.Provider]
	if !ok || p.Identify == nil {
		return s, engine.Refused(giveUp)
	}
	ask := d.askIdentity(t, s, p)
	opened, err := p.Identify.Identify(ctx, ask)
	noteAsked(ctx, ask, opened.Reference)
	s.Identify = place(opened)
	return s, engine.From(err).Else(giveUp).With(s.signIn(t, parley.StatusProcessingUserVerification))
}

// collect asks how the identification goes, where nobody tells us.
func (d *Desk) collect(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	m, err := d.merchant(s.Request.Merchant)
	if err != nil {
		return s, engine.Unheard(err)
	}
	p, ok := m.Providers[s.Request.Provider]
	if !ok || p.Collect == nil {
		return s, engine.NotYet("the provider cannot be asked")
	}
	got, err := p.Collect.Collect(ctx, connector.CollectRequest{IdentifyRequest: d.askIdentity(t, s, p), Session: s.Identify.Session})
	if err != nil {
		return s, engine.Unknown(err)
	}
	if got.Session != nil {
		s.Identify.Session = got.Session
	}
	if got.Fact == connector.Identified || got.Fact == connector.Denied {
		parley.NoteExchange(ctx, nil, got.Told, 0)
		return d.recordIdentity(t, s, got.Told)
	}
	return s, engine.NotYet("the person is at it")
}

// askIdentity is what an identity provider is asked.
func (d *Desk) askIdentity(t engine.Turn, s Onboarding, p connector.Provider) connector.IdentifyRequest {
	r := d.ask(t, s, p)
	if p.Pay == nil {
		r.Amount = nil // somebody else takes the money
	}
	return r
}

// ask is what both questions to a provider have in common.
func (d *Desk) ask(t engine.Turn, s Onboarding, p connector.Provider) connector.IdentifyRequest {
	at := d.Addresses(p.Merchant, p.Name, t.Run)
	r := connector.IdentifyRequest{
		Key: t.Key, Attempt: t.Attempt, Amount: s.Request.Amount, Currency: s.Request.Currency, Country: s.Request.Country, Locale: s.Request.Locale,
		PersonID: s.Request.PersonID, EndUserID: s.Request.EndUserID, IP: s.Request.IP.Reveal(), ACR: s.Request.ACRValues,
		LoginHint: s.Request.LoginHint, MaxAge: s.Request.MaxAge, Extra: s.Request.Extra,
		SuccessURL: at.Success, FailURL: at.Fail, NotifyURL: at.Notify, State: at.State,
	}
	if r.EndUserID == "" {
		r.EndUserID = t.Run
	}
	return r
}

func (d *Desk) recordIdentity(t engine.Turn, s Onboarding, told connector.Told) (Onboarding, engine.Outcome) {
	s.Asked = told.Asks
	if told.Fact != connector.Identified || told.Identity == nil {
		no := told.Refusal
		if no == nil {
			no = &parley.Refusal{By: string(IdentityProvider), Status: parley.StatusNotAuthenticated}
		}
		return s, engine.Refused(no).Note(told.Note)
	}
	s.Identity = *told.Identity
	if s.Identity.Provider != s.Request.Provider { // the provider is fixed when the run begins
		return s, engine.Refused(&parley.Refusal{By: string(IdentityProvider), Status: parley.StatusNotAuthenticated}).Note("another provider answered")
	}
	return s, engine.Done().With(s.signIn(t, parley.StatusProcessingMerchant))
}

// identifiedAgain answers a provider that asks once more. The same person has the same answer; somebody else, who logged in after the
// operator had accepted the first, is never let go on in their name.
func (d *Desk) identifiedAgain(_ engine.Turn, s Onboarding, told connector.Told) engine.Outcome {
	if told.Fact == connector.Identified && told.Identity != nil && s.Identity.Provider != "" && !s.Identity.Same(*told.Identity) {
		return engine.Done().Answer(connector.Verdict{}).Note("somebody else")
	}
	return engine.Done()
}

func (d *Desk) askSignIn(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	m, err := d.merchant(s.Request.Merchant)
	if err != nil {
		return s, engine.Unheard(err).Else(outOfService)
	}
	answer, err := m.Operator.SignIn(ctx, t.Key, notify.SignInRequest{
		MerchantID: s.Request.Merchant, TxID: s.SignInTx, IdentityProvider: s.Request.Provider, Identity: s.Identity,
		RequestedAt: s.Request.At, IP: s.Request.IP, Attributes: anyMap(s.Request.Attributes),
	})
	if err == nil {
		s.UserID, s.SessionID = answer.UserID, answer.SessionID.Reveal()
	}
	return s, heard(err).With(s.signIn(t, parley.StatusProcessingMerchant))
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

var outOfService = &parley.Refusal{By: string(Operator), Status: parley.StatusMerchantOutOfService}

// heard is the outcome of something we told the operator; when it is given up, the refusal is what went wrong.
func heard(err error) engine.Outcome {
	o := engine.From(err)
	if f, ok := errors.AsType[*notify.Failure](err); ok {
		o = o.Else(&parley.Refusal{By: string(Operator), Status: f.Status}).After(f.RetryAfter)
	}
	return o.Else(outOfService)
}
