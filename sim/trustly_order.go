package sim

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// TrustlyState says how far an order has come.
//
//	created ──log in──▶ identifying ──CONTINUE──▶ identified ──approve──▶ paying ──▶ credited ──▶ reversed
//	   │                   ├─ FINISH ▶ finished       │ deny                 ├─────▶ approved ──▶ credited (late)
//	   │                   ├─ (abort) ▶ aborted       │                      └─────▶ cancelled
//	   │                   ├─ CONTINUE, nothing to pay ▶ signed-in
//	   └──── deny ─────────┴───────▶ cancelled ◀──────┘        cancelled ──▶ credited (late, all the same)
//
// Without RequestKYC there is no kyc, and created goes straight to identified.
type TrustlyState string

// The states of an order.
const (
	TrustlyCreated     TrustlyState = "created"     // nobody has logged in
	TrustlyIdentifying TrustlyState = "identifying" // kyc is being sent; the person waits
	TrustlyIdentified  TrustlyState = "identified"  // the merchant lets the person go on
	TrustlyPaying      TrustlyState = "paying"      // the person approved; notifications are on their way
	TrustlyApproved    TrustlyState = "approved"    // the person was sent to SuccessURL, and no credit has been sent
	TrustlyCredited    TrustlyState = "credited"    // the money is the merchant's
	TrustlyReversed    TrustlyState = "reversed"    // and was taken back
	TrustlyFinished    TrustlyState = "finished"    // the merchant answered FINISH
	TrustlyAborted     TrustlyState = "aborted"     // Trustly itself would not have the person
	TrustlyCancelled   TrustlyState = "cancelled"   // the person or the bank said no
)

// leadsTo is the one place that knows which state may follow which.
func (s TrustlyState) leadsTo(next TrustlyState) bool {
	switch s {
	case TrustlyCreated:
		return next == TrustlyIdentifying || next == TrustlyIdentified || next == TrustlyCancelled
	case TrustlyIdentifying:
		return next == TrustlyIdentified || next == TrustlyFinished || next == TrustlyAborted || next == TrustlyCancelled
	case TrustlyIdentified:
		return next == TrustlyPaying || next == TrustlyCancelled
	case TrustlyPaying:
		return next == TrustlyCredited || next == TrustlyApproved || next == TrustlyCancelled
	case TrustlyApproved, TrustlyCancelled:
		return next == TrustlyCredited
	case TrustlyCredited:
		return next == TrustlyReversed
	}
	return false
}

// over tells whether the person has nothing more to do.
func (s TrustlyState) over() bool {
	return s != TrustlyCreated && s != TrustlyIdentifying && s != TrustlyIdentified && s != TrustlyPaying
}

// trustlyOrder is an order. Its changing fields are guarded by Trustly.mu.
type trustlyOrder struct {
	id, session, messageID, endUserID string
	notificationURL, url, query       string
	attributes                        map[string]any
	currency                          string

	scenario TrustlyScenario
	state    TrustlyState
	bank     string
	person   TrustlyPerson
	limit    string        // of the first valid answer to kyc
	answers  []string      // every distinct one
	answered chan struct{} // closed at the first
	ended    chan struct{} // closed when the person can be sent back
	success  bool          // where to, once ended

	amount            string
	paidCurrency      string
	credited, debited int64
}

func (o *trustlyOrder) attribute(key string) string {
	s, _ := o.attributes[key].(string)
	return s
}

func (o *trustlyOrder) asksKYC() bool { return o.attribute("RequestKYC") == "1" }

// backURL is where the person goes when the order has ended.
func (o *trustlyOrder) backURL() string {
	if o.success {
		return o.attribute("SuccessURL")
	}
	return o.attribute("FailURL")
}

// move takes the order to its next state, if that may follow. The caller holds mu.
func (t *Trustly) move(o *trustlyOrder, next TrustlyState) bool {
	if !o.state.leadsTo(next) {
		return false
	}
	t.log("order " + o.id + ": " + string(o.state) + " → " + string(next))
	o.state = next
	return true
}

// end lets the person go back to the merchant. The caller holds mu.
func (o *trustlyOrder) end(success bool) {
	o.success = success
	close(o.ended)
}

// Act does what the person does with an order, without a browser:
//
//	approve  logs in, waits for the answer to kyc, and approves the payment
//	deny     logs in, waits for the answer to kyc, and refuses the payment: cancel is sent
//	leave    logs in, waits for the answer to kyc, and closes the window: nothing more is sent
//	cancel   refuses before logging in: cancel is sent, and no kyc
//
// The zero person is a test person of the order's country; one with only an ID is whoever that is. Act returns when each
// notification that is due at once has been sent, answered or not (what was not answered properly is sent again behind its
// back; what the scenario delays comes later). Where the merchant, the limit or the scenario stops the person, that is no error:
// the order says how it ended. An order that "leave" left open may be acted on again.
//
// It is an error if the order is unknown or over, if kyc is not answered within KYCWait, or if there is nothing to approve.
func (t *Trustly) Act(orderID string, person TrustlyPerson, decision string) error {
	o, err := t.findOrder(orderID)
	if err != nil {
		return err
	}
	switch decision {
	case "approve", "deny", "leave":
	case "cancel":
		return t.refuse(o)
	default:
		return fmt.Errorf("trustly: nobody can %q an order: approve, deny, leave or cancel", decision)
	}
	if _, err := t.identify(o, person); err != nil {
		return err
	}
	if err := t.await(t.ctx, o); err != nil {
		return err
	}
	t.mu.Lock()
	state := o.state
	typed := o.person.Amount
	if person.Amount != "" {
		typed = person.Amount
	}
	t.mu.Unlock()
	switch {
	case state == TrustlyPaying:
		return fmt.Errorf("trustly: order %s is being paid already", o.id)
	case state != TrustlyIdentified || decision == "leave":
		return nil
	case decision == "deny":
		return t.refuse(o)
	}
	return t.pay(o, typed)
}

var errTrustlyWaiting = errors.New("trustly: kyc has not been answered properly yet")

// identify logs the person in, which sends kyc if the order asks for it. Somebody who has logged in already stays who they
// are, and nothing is sent.
func (t *Trustly) identify(o *trustlyOrder, person TrustlyPerson) (*trustlyNote, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case o.state.over() || o.state == TrustlyPaying:
		return nil, fmt.Errorf("trustly: order %s is %s already", o.id, o.state)
	case o.state != TrustlyCreated:
		return nil, nil
	}
	o.person = person.whole(o.attribute("Country"))
	if o.bank == "" {
		o.bank = trustlyBanks[0]
	}
	if !o.asksKYC() {
		t.move(o, TrustlyIdentified)
		close(o.answered)
		if o.scenario.Order == "kyc-cancel" {
			t.leave(o)
		}
		return nil, nil
	}
	t.move(o, TrustlyIdentifying)
	n := t.newNote(o, "kyc", o.kyc())
	n.drives = true
	t.start(n)
	return n, nil
}

// leave is the person who goes after having been identified. The caller holds mu.
func (t *Trustly) leave(o *trustlyOrder) {
	if !t.move(o, TrustlyCancelled) {
		return
	}
	n := t.newNote(o, "cancel", o.facts(t.now(), ""))
	t.start(n)
	t.run(func() {
		t.delivered(n)
		t.mu.Lock()
		defer t.mu.Unlock()
		o.end(false)
	})
}

// settle hears the first valid answer to the kyc of an order. The caller holds mu.
func (t *Trustly) settle(o *trustlyOrder, status, limit string) {
	select {
	case <-o.answered:
		return // a copy of a notification changes nothing
	default:
	}
	defer close(o.answered)
	o.limit = limit
	switch {
	case o.state != TrustlyIdentifying: // the person did not wait for the answer
	case o.scenario.abort() != "":
		t.move(o, TrustlyAborted)
		o.end(false)
	case status == "FINISH":
		t.move(o, TrustlyFinished)
		o.end(false)
	case o.scenario.Order == "kyc-cancel":
		t.leave(o)
	default:
		t.move(o, TrustlyIdentified)
	}
}

// await waits until kyc is answered, and until the person is free to go if that was the end of it.
func (t *Trustly) await(ctx context.Context, o *trustlyOrder) error {
	ctx, cancel := context.WithTimeout(ctx, t.kycWait)
	defer cancel()
	select {
	case <-o.answered:
	case <-ctx.Done():
		return errTrustlyWaiting
	case <-t.ctx.Done():
		return errTrustlyWaiting
	}
	t.mu.Lock()
	goesOn := o.state == TrustlyIdentified || o.state == TrustlyPaying
	t.mu.Unlock()
	if goesOn {
		return nil
	}
	t.awaitEnd(ctx, o)
	return nil
}

// awaitEnd waits, within bounds, for an order that somebody is about to end.
func (t *Trustly) awaitEnd(ctx context.Context, o *trustlyOrder) {
	t.mu.Lock()
	ending := o.state == TrustlyPaying || o.state.over()
	t.mu.Unlock()
	if !ending {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, t.kycWait)
	defer cancel()
	select {
	case <-o.ended:
	case <-ctx.Done():
	case <-t.ctx.Done():
	}
}

// refuse is the person who presses Cancel.
func (t *Trustly) refuse(o *trustlyOrder) error {
	t.mu.Lock()
	if o.state == TrustlyPaying || !t.move(o, TrustlyCancelled) {
		defer t.mu.Unlock()
		return fmt.Errorf("trustly: order %s is %s, too late to refuse", o.id, o.state)
	}
	n := t.newNote(o, "cancel", o.facts(t.now(), ""))
	t.start(n)
	t.mu.Unlock()
	t.delivered(n)
	t.mu.Lock()
	defer t.mu.Unlock()
	o.end(false)
	return nil
}

// due says what the person will pay, having typed an amount if the order leaves it open, and how it can be chosen. The caller
// holds mu.
func (o *trustlyOrder) due(typed string) (amountMinor int64, err error) {
	if amount := o.attribute("Amount"); amount != "" {
		typed = amount
	} else if typed == "" {
		for _, s := range []string{o.attribute("SuggestedMinAmount"), o.attribute("SuggestedMaxAmount"), "100.00", "100"} {
			if _, ok := trustlyMinor(s, o.currency); ok {
				typed = s
				break
			}
		}
	}
	amountMinor, ok := trustlyMinor(typed, o.currency)
	if !ok {
		return 0, refusal{"bank.bad.amount", []any{typed, o.currency}}
	}
	if least, ok := trustlyMinor(o.attribute("SuggestedMinAmount"), o.currency); ok && amountMinor < least {
		return 0, refusal{"bank.least", []any{o.attribute("SuggestedMinAmount")}}
	}
	if most, ok := trustlyMinor(o.attribute("SuggestedMaxAmount"), o.currency); ok && amountMinor > most {
		return 0, refusal{"bank.most", []any{o.attribute("SuggestedMaxAmount")}}
	}
	if limit, ok := trustlyLimit(o.limit, o.currency); ok && !o.scenario.IgnoreLimit {
		amountMinor = min(amountMinor, limit)
	}
	if amountMinor == 0 {
		return 0, refusal{key: "bank.nothing"}
	}
	return amountMinor, nil
}

// pay is the person who presses Approve: the scenario decides what follows.
func (t *Trustly) pay(o *trustlyOrder, typed string) error {
	t.mu.Lock()
	if o.state != TrustlyIdentified {
		defer t.mu.Unlock()
		return fmt.Errorf("trustly: order %s is %s, not to be approved", o.id, o.state)
	}
	amountMinor, err := o.due(typed)
	if err != nil {
		t.mu.Unlock()
		return err
	}
	o.amount = trustlyDecimal(amountMinor, o.currency)
	t.move(o, TrustlyPaying)
	s := o.scenario
	t.mu.Unlock()

	success := true
	switch s.Order {
	case "pay-fails":
		t.failPayment(o)
		success = false
	case "no-credit":
		t.approved(o)
	case "credit-late":
		t.approved(o)
		delay := s.CreditDelay
		if delay == 0 {
			delay = 5 * time.Second
		}
		t.later(delay, func() { t.credit(o) })
	case "cancel-then-credit":
		t.failPayment(o)
		success = false
		t.later(s.CreditDelay, func() { t.credit(o) })
	case "kyc-pending-credit":
		pending := t.tell(o, "pending", o.facts(t.now(), o.amount))
		credit := t.credit(o)
		t.delivered(pending)
		t.delivered(credit)
	case "kyc-credit":
		t.delivered(t.credit(o))
	case "kyc-credit-account":
		t.delivered(t.credit(o))
		t.delivered(t.tell(o, "account", o.account()))
	case "kyc-credit-debit":
		t.delivered(t.credit(o))
		t.Reverse(o.id) // unless somebody else was quicker
	case "debit-before-credit":
		// The debit of a payment that the merchant has not heard of: what overtook what is not for it to know.
		t.mu.Lock()
		debit := t.debit(o)
		t.mu.Unlock()
		t.delivered(debit)
		t.delivered(t.credit(o))
	default:
		t.delivered(t.tell(o, "account", o.account()))
		t.delivered(t.credit(o))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o.end(success)
	return nil
}

// failPayment is the bank that says no.
func (t *Trustly) failPayment(o *trustlyOrder) {
	t.mu.Lock()
	t.move(o, TrustlyCancelled)
	t.mu.Unlock()
	t.delivered(t.tell(o, "cancel", o.facts(t.now(), "")))
}

func (t *Trustly) approved(o *trustlyOrder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.move(o, TrustlyApproved)
}

// credit moves the money to the merchant, and says so.
func (t *Trustly) credit(o *trustlyOrder) *trustlyNote {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.move(o, TrustlyCredited)
	o.fixPaid()
	amountMinor := o.paidMinor()
	o.credited += amountMinor
	return t.book(o, "credit", amountMinor)
}

// debit takes the money back, and says so. The caller holds mu.
func (t *Trustly) debit(o *trustlyOrder) *trustlyNote {
	t.move(o, TrustlyReversed)
	o.fixPaid()
	amountMinor := o.paidMinor()
	o.debited += amountMinor
	return t.book(o, "debit", amountMinor)
}

// fixPaid settles in which currency the money moves.
func (o *trustlyOrder) fixPaid() {
	o.paidCurrency = o.currency
	if o.scenario.CreditCurrency != "" {
		o.paidCurrency = o.scenario.CreditCurrency
	}
}

// paidMinor is how much moves: what was approved, unless the scenario says otherwise.
func (o *trustlyOrder) paidMinor() int64 {
	s := o.amount
	if o.scenario.CreditAmount != "" {
		s = o.scenario.CreditAmount
	}
	minor, _ := trustlyLimit(s, o.paidCurrency) // lenient: 100 HUF may have to become 100.00 EUR
	return minor
}

// book enters a movement of money into the ledger and starts its notification. The caller holds mu.
func (t *Trustly) book(o *trustlyOrder, method string, amountMinor int64) *trustlyNote {
	at := t.now()
	e := trustlyEntry{at: at, order: o, transaction: trustlyDigits(), amountMinor: amountMinor, currency: o.paidCurrency}
	if method == "debit" {
		e.amountMinor = -amountMinor
	}
	t.ledger = append(t.ledger, e)
	data := o.facts(at, trustlyDecimal(amountMinor, o.paidCurrency))
	data["currency"] = o.paidCurrency
	data["attributes"] = map[string]any{}
	n := t.newNote(o, method, data)
	t.start(n)
	return n
}

// Reverse takes back what an order was credited, as when the bank's transfer fails afterwards: the person's money is gone from
// the merchant, and debit is sent. It returns when that was sent once, answered or not.
func (t *Trustly) Reverse(orderID string) error {
	o, err := t.findOrder(orderID)
	if err != nil {
		return err
	}
	t.mu.Lock()
	if o.state != TrustlyCredited {
		defer t.mu.Unlock()
		return fmt.Errorf("trustly: order %s is %s, there is nothing to reverse", o.id, o.state)
	}
	debit := t.debit(o)
	t.mu.Unlock()
	t.delivered(debit)
	return nil
}
