package flow

import (
	"context"
	"time"

	"parley"
	"parley/connector"
	"parley/engine"
	"parley/notify"
)

// Adjustment is the diagram in docs/flows/adjustment.md: the payment provider moved money after a deposit was over. It took
// back what it had credited, or credited what it had cancelled. The operator hears of it as a transaction of its own, whose
// origin is the deposit, until it has heard: nobody is asked, because nothing can be refused any more.
type Adjustment struct{ *Desk }

// Adjusted is what a run of Adjustment remembers.
type Adjusted struct {
	Deposit     string             `json:"deposit"` // the run of the deposit
	Transaction notify.Transaction `json:"transaction"`
	Merchant    int                `json:"merchant"`
	Reference   string             `json:"reference,omitempty"`
	At          time.Time          `json:"at,omitzero"` // the provider's clock
	Told        parley.Hearing     `json:"told,omitempty"`
}

// Flow is the table.
func (f Adjustment) Flow() engine.Flow[Adjusted] {
	return engine.Flow[Adjusted]{
		Name: "adjustment", Title: "Adjustment", Version: 1,
		About: "The payment provider moved money after a deposit was over: it took back what it had credited, or credited what it had " +
			"cancelled. The operator is told of it as a transaction of its own, after everything about the deposit has been heard.",
		Server:  Server,
		Parties: []engine.Party{PaymentProvider, Server, Operator},
		Labels:  labels,
		Steps: []engine.Step[Adjusted]{
			engine.Start[Adjusted](PaymentProvider, Server, "money moved"),
			engine.Call(Server, Server, "wait for the end of the deposit", f.await).Retry(untilOver),
			engine.Call(Server, Operator, "transfer", f.transfer).Retry(engine.UntilHeard),
		},
	}
}

// untilOver looks for the end of the deposit: soon at first, for as long as it takes.
var untilOver = engine.Policy{Delays: []time.Duration{100 * time.Millisecond, time.Second, 5 * time.Second, time.Minute}, Then: 10 * time.Minute}

// adjust is the beginning of a run for money that moved outside its deposit. The provider's message begins it once.
func (f SignUpAndDeposit) adjust(t engine.Turn, s Onboarding, told connector.Told, amount parley.Money) engine.Beginning {
	x := notify.Transaction{UserID: s.UserID, Amount: amount, OriginTxID: s.DepositTx}
	if m, err := f.merchant(s.Request.Merchant); err == nil {
		if p, ok := m.payer(s.Request.Provider); ok {
			x.TxTypeID, x.TxName, x.Provider = p.Payment.TxTypeID, p.Payment.TxName, p.Payment.Provider
		}
	}
	return engine.Beginning{
		Flow: "adjustment", Key: t.Run + "/" + told.ID, Note: amount.String(), Shown: told,
		State: Adjusted{Deposit: t.Run, Transaction: x, Merchant: s.Request.Merchant, Reference: told.Reference, At: told.At},
	}
}

func (s Adjusted) transaction(t engine.Turn, status parley.Status) parley.Transaction {
	return parley.Transaction{ID: s.Transaction.TxID, Run: t.Run, Origin: s.Transaction.OriginTxID, Merchant: s.Merchant, Kind: parley.AdjustmentTransaction,
		Status: status, Amount: s.Transaction.Amount, Money: parley.Moved, Told: s.Told, Made: t.Begun, Changed: t.Now}
}

// await lets the deposit be heard to its end first, so that the operator can make sense of the origin, and takes a number.
func (f Adjustment) await(ctx context.Context, t engine.Turn, s Adjusted) (Adjusted, engine.Outcome) {
	over, err := f.Over(ctx, s.Deposit)
	if err != nil {
		return s, engine.Unheard(err)
	}
	if !over {
		return s, engine.NotYet("the deposit is not over")
	}
	if s.Transaction.TxID, err = f.Number(ctx); err != nil {
		return s, engine.Unheard(err)
	}
	return s, engine.Done().With(s.transaction(t, parley.StatusProcessingMerchant))
}

func (f Adjustment) transfer(ctx context.Context, t engine.Turn, s Adjusted) (Adjusted, engine.Outcome) {
	m, err := f.merchant(s.Merchant)
	if err != nil {
		return s, engine.Unheard(err)
	}
	if _, err := m.Operator.Transfer(ctx, t.Key, notify.TransferRequest{Transaction: s.Transaction, MerchantID: m.ID, PSPRefID: s.Reference}); err != nil {
		return s, heard(err)
	}
	s.Told = parley.Transferred
	return s, engine.Done().Note(s.Transaction.Amount.String()).With(s.transaction(t, parley.StatusSuccess))
}
