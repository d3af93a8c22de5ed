package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley"
	"parley/connector"
	"parley/engine"
	"parley/oauth"
)

// Conversations is how the wires at the rim begin runs of the first two flows, follow them, and tell them what they heard. It is
// what oauth.Conversations and connector.Conversations ask for.
type Conversations struct {
	Engine *engine.Engine
	Desk   *Desk
	Now    func() time.Time // the clock
}

// Tables are all flows, ready to run.
func (d *Desk) Tables() []*engine.Table {
	return []*engine.Table{SignIn{d}.Flow().Table(), SignUpAndDeposit{d}.Flow().Table(), Adjustment{d}.Flow().Table()}
}

func read(r engine.Run) (Onboarding, error) {
	return engine.Flow[Onboarding]{}.Read(r)
}

// Begin begins a sign-in, or with an amount a deposit, and goes on until somebody else must act.
func (c *Conversations) Begin(ctx context.Context, run string, r oauth.Request) (oauth.Progress, error) {
	m, err := c.Desk.merchant(r.Merchant)
	if err != nil {
		return oauth.Progress{}, err
	}
	p, ok := m.Providers[r.Provider]
	if !ok || p.Identify == nil {
		return oauth.Progress{}, parley.Invalid("identity_provider", "not one that the merchant has")
	}
	s := Onboarding{Request: r, Collects: p.Collect != nil}
	flow := "sign-in"
	if s.SignInTx, err = c.Desk.Number(ctx); err != nil {
		return oauth.Progress{}, err
	}
	s.AskSignIn = p.SignInRequired || m.AskSignIn[r.Provider]
	if r.Amount != nil {
		if _, ok := m.payer(r.Provider); !ok {
			return oauth.Progress{}, parley.Invalid("amount", "no provider takes deposits of people who are identified by this one")
		}
		flow = "sign-up-and-deposit"
		s.DepositTx = s.SignInTx + 1
		s.AskSignIn = true // authorize names a person, and only the operator's answer to signin says who they are
	}
	note := r.Provider
	if r.Amount != nil {
		note = r.Amount.String() + ", " + note
	}
	now := r.At
	writes := []engine.Write{parley.Transaction{ID: s.SignInTx, Run: run, Merchant: r.Merchant, Kind: parley.SignInTransaction, Status: parley.StatusRegistered, Made: now, Changed: now}}
	if r.Amount != nil {
		writes = append(writes, parley.Transaction{ID: s.DepositTx, Run: run, Origin: s.SignInTx, Merchant: r.Merchant, Kind: parley.DepositTransaction,
			Status: parley.StatusRegistered, Amount: *r.Amount, Made: now, Changed: now})
	}
	got, err := c.Engine.Begin(ctx, engine.Beginning{Flow: flow, ID: run, State: s, Note: note, Shown: shownRequest(r), With: writes})
	if err != nil {
		return oauth.Progress{}, err
	}
	return c.progress(got)
}

// Await follows a conversation until enough is true of it.
func (c *Conversations) Await(ctx context.Context, run string, enough func(oauth.Progress) bool) (oauth.Progress, error) {
	var p oauth.Progress
	var perr error
	_, err := c.Engine.Await(ctx, run, func(r engine.Run) bool {
		p, perr = c.progress(r)
		return perr != nil || enough(p)
	})
	if perr != nil {
		return p, perr
	}
	return p, err
}

// progress says where a run stands, as far as the browser is concerned.
func (c *Conversations) progress(r engine.Run) (oauth.Progress, error) {
	if r.Flow != "sign-in" && r.Flow != "sign-up-and-deposit" {
		return oauth.Progress{}, parley.Errorf(parley.KindNotFound, "run %s is no conversation with a person", r.ID)
	}
	s, err := read(r)
	if err != nil {
		return oauth.Progress{}, err
	}
	p := oauth.Progress{Run: r.ID, Request: s.Request, Stage: oauth.Working, TxID: s.SignInTx, Refusal: r.Refusal, Begun: r.Begun,
		Status: s.signInStatus(r.Status.Over()), Identified: s.Identity.Provider != "", Accepted: s.Told != parley.NotTold || s.Started, Paid: s.Paid != nil}
	p.Amount = cmp.Or(s.Paid, s.Limit, s.Request.Amount)
	if m, err := c.Desk.merchant(s.Request.Merchant); err == nil && s.Request.Amount != nil {
		if payer, ok := m.payer(s.Request.Provider); ok {
			p.Payer = payer.Name
		}
	}
	p.Here = s.Collects && (s.Request.Amount == nil || p.Payer == s.Request.Provider)
	show := func(stage oauth.Stage, page connector.Page) {
		p.Stage, p.Page = stage, oauth.Page{URL: page.URL, Framed: page.Framed, Width: page.Width, Height: page.Height}
	}
	switch {
	case r.Refusal != nil:
		p.Stage = oauth.Denied
	case r.Status == engine.StatusDone:
		p.Stage = oauth.Granted
		p.Grant = oauth.Grant{UserID: s.UserID, SessionID: s.SessionID, Identity: s.Identity, Paid: s.Paid}
	case s.Paid != nil: // the operator is being told
	case s.Started && s.Pay.Page.URL != "":
		show(oauth.Paying, s.Pay.Page)
	case s.Started:
		p.Stage = oauth.Unclear
	case s.Identity.Provider == "" && s.Identify.Page.URL != "":
		show(oauth.Identifying, s.Identify.Page)
	case s.Identity.Provider == "" && s.Collects && s.Identify.Session != nil:
		p.Stage, p.Page.HandOver = oauth.Identifying, c.handOver(s)
	}
	return p, nil
}

// handOver is how the person gets from our page to the provider's app now.
func (c *Conversations) handOver(s Onboarding) *oauth.HandOver {
	m, err := c.Desk.merchant(s.Request.Merchant)
	if err != nil || m.Providers[s.Request.Provider].HandOver == nil {
		return &oauth.HandOver{}
	}
	h := m.Providers[s.Request.Provider].HandOver.HandOver(s.Identify.Session, c.Now())
	return &oauth.HandOver{QR: h.QR, Fresh: h.QRFor, SameDevice: h.SameDevice, Hint: oauth.Hint(h.Hint)}
}

// Redirected records that the browser is given a code.
func (c *Conversations) Redirected(ctx context.Context, run string, writes ...engine.Write) error {
	return c.mark(ctx, run, "redirect with authorization code", writes)
}

// Returned records that the browser is given the refusal.
func (c *Conversations) Returned(ctx context.Context, run string) error {
	return c.mark(ctx, run, "redirect with error", nil)
}

// Redeemed records that the operator redeemed the code.
func (c *Conversations) Redeemed(ctx context.Context, run string, writes ...engine.Write) error {
	return c.mark(ctx, run, "token", writes)
}

// Checked records that the operator checked the token.
func (c *Conversations) Checked(ctx context.Context, run string) error {
	return c.mark(ctx, run, "check_token", nil)
}

// mark draws an arrow whose meaning is in the writes. When its place in the table has passed, as it has for a second code after an expired
// one, the writes are made all the same: their own guards decide.
func (c *Conversations) mark(ctx context.Context, run, step string, writes []engine.Write) error {
	receipt, err := c.Engine.Tell(ctx, engine.Message{Run: run, Step: step, Body: struct{}{}, With: writes})
	if err == nil && receipt.Passed && len(writes) > 0 {
		return c.Engine.Apply(ctx, writes)
	}
	return err
}

// GiveUp records that the person gives up, and says so to a provider that would otherwise keep their app waiting.
func (c *Conversations) GiveUp(ctx context.Context, run string) error {
	told := connector.Told{Fact: connector.Denied, Refusal: &parley.Refusal{By: string(Browser), Status: parley.StatusCancelledByUser}}
	receipt, err := c.Engine.Tell(ctx, engine.Message{Run: run, Step: "identity verified", Body: told, Later: true})
	if parley.KindOf(err) == parley.KindConflict {
		return nil // not in time: we are talking to the provider, who will say
	}
	if err == nil && !receipt.Passed {
		c.cancel(ctx, receipt.Run)
	}
	return err
}

// cancel is a courtesy to the provider: what becomes of it changes nothing, so it is said once and not written down.
func (c *Conversations) cancel(ctx context.Context, r engine.Run) {
	s, err := read(r)
	if err != nil || !s.Collects {
		return
	}
	m, err := c.Desk.merchant(s.Request.Merchant)
	if err != nil || m.Providers[s.Request.Provider].Collect == nil {
		return
	}
	ctx, end := context.WithTimeout(ctx, 2*time.Second) // the person waits
	defer end()
	_ = m.Providers[s.Request.Provider].Collect.Cancel(ctx, s.Identify.Session)
}

// Open is what a run has open at a provider, for the door.
func (c *Conversations) Open(ctx context.Context, run string) (connector.OpenRun, error) {
	r, err := c.Engine.Run(ctx, run)
	if err != nil {
		return connector.OpenRun{}, err
	}
	if _, err := c.progress(r); err != nil {
		return connector.OpenRun{}, err
	}
	s, err := read(r)
	if err != nil {
		return connector.OpenRun{}, err
	}
	o := connector.OpenRun{Merchant: s.Request.Merchant, Identify: s.Request.Provider, Browser: s.Request.Browser, Session: s.Identify.Session,
		References: []string{s.Identify.Reference, s.Pay.Reference}, Identified: s.Identity.Provider != "" || r.Refusal != nil}
	if m, err := c.Desk.merchant(s.Request.Merchant); err == nil && s.Request.Amount != nil {
		if p, ok := m.payer(s.Request.Provider); ok {
			o.Pay = p.Name
		}
	}
	return o, nil
}

// rows are where what a provider tells belongs.
var rows = map[connector.Fact]string{
	connector.Identified: "identity verified",
	connector.Denied:     "identity verified",
	connector.Account:    "account",
	connector.Pending:    "payment pending",
	connector.Paid:       "payment verified",
	connector.Failed:     "payment verified",
	connector.Reversed:   "payment reversed",
}

// Tell tells a run what a provider told us, and returns the verdict when the provider asked for one. It returns when what was told is
// safe, and for a question when the answer is decided or ctx ends.
func (c *Conversations) Tell(ctx context.Context, run, source string, told connector.Told) (connector.Verdict, error) {
	var v connector.Verdict
	row, ok := rows[told.Fact]
	if !ok {
		return v, nil // something that we have no use for
	}
	r, err := c.Engine.Run(ctx, run)
	if err != nil {
		return v, err
	}
	s, err := read(r)
	if err != nil {
		return v, err
	}
	if told.Fact == connector.Failed && (s.Request.Amount == nil || s.Identity.Provider == "" && r.Refusal == nil) {
		// The order ended before anybody was identified: then that is what did not happen.
		told.Fact, row = connector.Denied, "identity verified"
		receipt, err := c.tell(ctx, run, source, row, told.ID+"/denied", told)
		if acted := !receipt.Passed && !receipt.Waiting && !receipt.Duplicate; err != nil || acted || s.Request.Amount == nil {
			return v, err
		}
		// They may have been identified in the meantime, or we died between this word and the next: then it is the payment that failed.
		told.Fact, row = connector.Failed, "payment verified"
	}
	if s.Request.Amount == nil && row != "identity verified" {
		if told.Fact == connector.Paid || told.Fact == connector.Reversed {
			return v, fmt.Errorf("run %s: %s tells of money, and the run is about none", run, source)
		}
		return v, nil
	}
	receipt, err := c.tell(ctx, run, source, row, told.ID, told)
	if err != nil || !told.Asks {
		return v, err
	}
	answer := receipt.Answer
	if answer == nil {
		if answer, err = c.Engine.AwaitAnswer(ctx, run, source, told.ID); err != nil {
			return v, err
		}
	}
	if err := json.Unmarshal(answer, &v); err != nil {
		return v, fmt.Errorf("read the answer of %s: %w", source, err)
	}
	return v, nil
}

func (c *Conversations) tell(ctx context.Context, run, source, row, id string, told connector.Told) (engine.Receipt, error) {
	return c.Engine.Tell(ctx, engine.Message{Run: run, Step: row, Source: source, ID: id, Body: told, Asks: told.Asks, Later: !told.Asks})
}

// Over reports whether a run has ended.
func (c *Conversations) Over(ctx context.Context, run string) (bool, error) {
	r, err := c.Engine.Run(ctx, run)
	return r.Status.Over(), err
}
