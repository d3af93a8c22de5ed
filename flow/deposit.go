package flow

import (
	"context"
	"fmt"
	"slices"

	"parley"
	"parley/connector"
	"parley/engine"
	"parley/notify"
)

// SignUpAndDeposit is the diagram in docs/flows/sign-up-and-deposit.md: a person whom nobody knew a minute ago is
// identified, accepted, and has paid.
//
// It speaks to an identity provider and a payment provider, which may be one and the same, and to the operator's platform.
// With a provider that does both in one page, the word that lets the payment go on is the answer to the provider's own
// question: "identity verified" waits for it, and "process payment" is it.
type SignUpAndDeposit struct{ *Desk }

// Flow is the table.
func (f SignUpAndDeposit) Flow() engine.Flow[Onboarding] {
	return engine.Flow[Onboarding]{
		Name: "sign-up-and-deposit", Title: "Sign up and deposit", Version: 1,
		About: "A person is identified, the operator accepts them and the deposit, the payment provider takes the money, and " +
			"the operator hears of it until it has. The browser goes back with a one-time code, which the operator redeems for a token.",
		Server:  Server,
		Parties: []engine.Party{Browser, Server, IdentityProvider, PaymentProvider, Operator},
		Labels:  labels,
		Steps: slices.Concat(
			[]engine.Step[Onboarding]{start()},
			f.identifying(f.verdict),
			[]engine.Step[Onboarding]{
				engine.Call(Server, Operator, "authorize", f.askAuthorize).Undo("cancel", f.cancel),
				engine.Call(Server, PaymentProvider, "process payment", f.pay).Pivot(),
				engine.Wait(PaymentProvider, Server, "account", f.recordAccount).Anytime(),
				engine.Wait(PaymentProvider, Server, "payment pending", f.recordPending).Anytime(),
				engine.Late(engine.Wait(PaymentProvider, Server, "payment verified", f.recordPayment).Ask(engine.UnknownPayment, f.askPayment), f.paidLate),
				engine.Call(Server, Operator, "transfer", f.transfer).Retry(engine.UntilHeard),
				engine.Wait(PaymentProvider, Server, "payment reversed", f.reversed).Anytime(),
			},
			f.returning()),
		Refused: refused(),
		Refuse:  f.refuse,
	}
}

// verdict answers a provider that asked: go on, with no more than the operator allows, once the operator has accepted
// everything; stop, once anybody has refused.
func (f SignUpAndDeposit) verdict(s Onboarding) (any, bool) {
	if s.Refusal != nil && !s.Started {
		return connector.Verdict{}, true
	}
	return connector.Verdict{GoOn: true, Limit: s.Limit}, s.Started
}

// transaction is what the operator is told about the deposit, each time the same.
func (f SignUpAndDeposit) transaction(s Onboarding) (notify.Transaction, *Merchant, error) {
	m, err := f.merchant(s.Request.Merchant)
	if err != nil {
		return notify.Transaction{}, nil, err
	}
	p, ok := m.payer(s.Request.Provider)
	if !ok {
		return notify.Transaction{}, nil, parley.Errorf(parley.KindUnavailable, "nobody takes deposits of people identified by %s", s.Request.Provider)
	}
	attributes := anyMap(s.Request.Attributes)
	attributes["token"] = f.Token(m.ID, notify.TxRef(m.ID, s.SignInTx), s.Request.At)
	return notify.Transaction{
		UserID: s.UserID, Amount: *s.Request.Amount, TxID: s.DepositTx, OriginTxID: s.SignInTx,
		TxTypeID: p.Payment.TxTypeID, TxName: p.Payment.TxName, Provider: p.Payment.Provider, Attributes: attributes,
	}, m, nil
}

func (f SignUpAndDeposit) askAuthorize(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	x, m, err := f.transaction(s)
	if err != nil {
		return s, engine.Unheard(err).Else(outOfService)
	}
	answer, err := m.Operator.Authorize(ctx, t.Key, notify.AuthorizeRequest{Transaction: x})
	if err != nil {
		return s, heard(err).With(s.deposit(t, parley.StatusProcessingMerchant))
	}
	s.AuthCode, s.Told = answer.AuthCode, parley.Authorized
	note := x.Amount.String()
	if answer.Limit != nil && answer.Limit.Minor < x.Amount.Minor {
		s.Limit = answer.Limit
		note += ", at most " + s.Limit.String()
	}
	return s, engine.Done().Note(note).With(s.signIn(t, parley.StatusSuccess), s.deposit(t, parley.StatusProcessingProvider))
}

// cancel takes authorize back. The operator releases what it had reserved, however often it is told.
func (f SignUpAndDeposit) cancel(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	x, m, err := f.transaction(s)
	if err != nil {
		return s, engine.Unheard(err)
	}
	status := parley.StatusCancelledByPSP
	if s.Refusal != nil {
		status = s.Refusal.Status
	}
	if _, err := m.Operator.Cancel(ctx, t.Key, notify.CancelRequest{Transaction: x, AuthCode: s.AuthCode, Status: status}); err != nil {
		return s, heard(err)
	}
	s.Told = parley.Cancelled
	return s, engine.Done().Note(x.Amount.String()).With(s.deposit(t, status))
}

func (f SignUpAndDeposit) pay(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	no := &parley.Refusal{By: string(PaymentProvider), Status: parley.StatusProviderOutOfService}
	m, err := f.merchant(s.Request.Merchant)
	if err != nil {
		return s, engine.Unheard(err).Else(no)
	}
	p, ok := m.payer(s.Request.Provider)
	if !ok {
		return s, engine.Refused(no)
	}
	ask := connector.PayRequest{IdentifyRequest: f.ask(t, s, p), Asked: s.Asked && p.Name == s.Request.Provider, UserID: s.UserID, Identity: s.Identity}
	if s.Limit != nil && !ask.Asked {
		ask.Amount = s.Limit
	}
	if p.Name == s.Request.Provider {
		ask.Session = s.Identify.Session
	}
	opened, err := p.Pay.Pay(ctx, ask)
	if ask.Asked { // nobody was spoken to: the arrow is the answer to the provider's question
		noteAsked(ctx, ask.IdentifyRequest, "")
	} else {
		noteAsked(ctx, ask.IdentifyRequest, opened.Reference)
	}
	o := engine.From(err).Else(no)
	// From here on only the provider knows, whether its answer reached us or not.
	if err == nil {
		s.Pay = place(opened)
	}
	if parley.KindOf(err) != parley.KindRefused || t.Attempt > 1 { // of an earlier try we may not know
		s.Started, s.Movement = true, parley.Asked
	}
	amount := *s.Request.Amount
	if s.Limit != nil {
		amount = *s.Limit
	}
	return s, o.Note(amount.String()).With(s.deposit(t, parley.StatusWaitingNotification))
}

// recordAccount keeps what the provider tells about the account. It may come before or after the money, and again.
func (f SignUpAndDeposit) recordAccount(_ engine.Turn, s Onboarding, told connector.Told) (Onboarding, engine.Outcome) {
	if told.Account != nil {
		s.Identity.Account = told.Account
	}
	return s, engine.Done()
}

func (f SignUpAndDeposit) recordPending(_ engine.Turn, s Onboarding, told connector.Told) (Onboarding, engine.Outcome) {
	return s, engine.Done().Note(told.Amount.String())
}

// recordPayment believes the provider: what it says has moved has moved, even when that is not what was asked for. The
// operator hears the true amount.
func (f SignUpAndDeposit) recordPayment(t engine.Turn, s Onboarding, told connector.Told) (Onboarding, engine.Outcome) {
	if told.Fact != connector.Paid {
		no := told.Refusal
		if no == nil {
			no = &parley.Refusal{By: string(PaymentProvider), Status: parley.StatusCancelledByPSP}
		}
		return s, engine.Refused(no)
	}
	s.Paid, s.PaidRef, s.PaidFrom, s.Movement = &told.Amount, told.Reference, s.Identity.Account, parley.Moved
	note := told.Amount.String()
	if told.Amount != *s.Request.Amount {
		note += fmt.Sprintf(" of %s", s.Request.Amount)
	}
	return s, engine.Done().Note(note).With(s.deposit(t, parley.StatusProcessingMerchant))
}

// askPayment asks what became of a payment of which nothing was heard.
func (f SignUpAndDeposit) askPayment(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	m, err := f.merchant(s.Request.Merchant)
	if err != nil {
		return s, engine.Unheard(err)
	}
	p, ok := m.payer(s.Request.Provider)
	if !ok || p.Status == nil {
		return s, engine.NotYet("the provider cannot be asked")
	}
	told, err := p.Status.PaymentStatus(ctx, connector.StatusRequest{Session: s.Pay.Session, Amount: s.amount(), Since: t.Begun, Now: t.Now})
	noteStatus(ctx, s.amount(), told, err)
	switch {
	case err != nil:
		return s, engine.Unknown(err)
	case told.Fact == connector.Paid || told.Fact == connector.Failed:
		s.PaidAsked = true
		return f.recordPayment(t, s, told)
	}
	return s, engine.NotYet("the provider does not know yet")
}

// transfer is said until the operator has heard it: the money has moved, and no answer can change that.
func (f SignUpAndDeposit) transfer(ctx context.Context, t engine.Turn, s Onboarding) (Onboarding, engine.Outcome) {
	x, m, err := f.transaction(s)
	if err != nil {
		return s, engine.Unheard(err)
	}
	x.Amount = s.amount()
	if s.PaidFrom != nil {
		x.AccountID, x.MaskedAccount, x.AccountHolder = s.PaidFrom.ID, s.PaidFrom.Descriptor, s.PaidFrom.Holder
	}
	if _, err := m.Operator.Transfer(ctx, t.Key, notify.TransferRequest{Transaction: x, MerchantID: m.ID, AuthCode: s.AuthCode, PSPRefID: s.PaidRef}); err != nil {
		return s, heard(err)
	}
	s.Told = parley.Transferred
	return s, engine.Done().Note(x.Amount.String()).With(s.deposit(t, parley.StatusSuccess))
}

// reversed begins a run of its own for money that was taken back, whenever that is told.
func (f SignUpAndDeposit) reversed(t engine.Turn, s Onboarding, told connector.Told) (Onboarding, engine.Outcome) {
	return s, engine.Done().Note(told.Amount.Neg().String()).Begin(f.adjust(t, s, told, told.Amount.Neg()))
}

// paidLate begins a run of its own for money that moved after the deposit was over: the provider cancelled and then paid,
// or paid twice.
func (f SignUpAndDeposit) paidLate(t engine.Turn, s Onboarding, told connector.Told) engine.Outcome {
	if told.Fact != connector.Paid || s.PaidAsked && told.Reference == s.PaidRef {
		return engine.Done() // nothing moved, or it is the money that we had asked about
	}
	return engine.Done().Note(told.Amount.String()).Begin(f.adjust(t, s, told, told.Amount))
}
