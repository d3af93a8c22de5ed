package trustly

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/connector"
)

// PaymentStatus looks for the order in the account ledger. Money that came in is Paid, even when it was taken back since: that
// is told by a notification of its own. No money is Pending: a credit can follow days after the identification, so the
// ledger never proves that a payment failed. The Told's ID is "ledger-" and the id of the entry, or of the order where the
// entry has none (Trustly's published entries have none); it is not the id of the credit notification of the same money.
func (c *Connector) PaymentStatus(ctx context.Context, ask connector.StatusRequest) (connector.Told, error) {
	var order session
	if err := json.Unmarshal(ask.Session, &order); err != nil || order.OrderID == "" {
		return connector.Told{}, parley.Invalid("session", "not the session of an order at Trustly")
	}
	// Days are counted in Trustly's time zone, which is not said: one more on either side misses nothing.
	now := ask.Now
	if now.IsZero() {
		now = c.config.Now()
	}
	answer, err := c.call(ctx, "AccountLedger", tree{
		"FromDate": ask.Since.UTC().Add(-24 * time.Hour).Format(time.DateOnly),
		"ToDate":   now.UTC().Add(24 * time.Hour).Format(time.DateOnly),
		"Currency": string(ask.Amount.Currency),
	})
	if _, no := errors.AsType[*rpcError](err); no {
		// It is the question that was refused, not the payment.
		return connector.Told{}, parley.Errorf(parley.KindUnavailable, "ask for the status: %w", err)
	}
	if err != nil {
		return connector.Told{}, err
	}
	entries, ok := answer.([]any)
	if !ok {
		return connector.Told{}, parley.Errorf(parley.KindUnknown, "Trustly answered AccountLedger with something else than a list")
	}
	return order.in(entries, ask.Amount)
}

// in finds what came in for the order.
func (s session) in(entries []any, asked parley.Money) (connector.Told, error) {
	told := connector.Told{ID: "ledger-" + s.OrderID + "-pending", Fact: connector.Pending, Reference: s.OrderID, Amount: asked}
	sum := parley.Money{Currency: asked.Currency}
	for _, e := range entries {
		entry, _ := e.(tree)
		if !s.owns(entry) || isFee(entry) {
			continue
		}
		text, currency := entry.text("amount"), cmp.Or(entry.text("currency"), string(asked.Currency))
		if strings.HasPrefix(text, "-") || currency != string(asked.Currency) {
			continue
		}
		got, err := amount(text, currency)
		if err != nil {
			return connector.Told{}, parley.Errorf(parley.KindUnknown, "read an entry of Trustly's ledger: %w", err)
		}
		if got.IsZero() {
			continue
		}
		if sum.IsZero() {
			told = connector.Told{ID: "ledger-" + cmp.Or(entry.text("transactionid"), s.OrderID), Fact: connector.Paid,
				Reference: s.OrderID, At: moment(entry.text("datestamp"))}
		}
		sum.Minor += got.Minor
		told.Amount = sum
	}
	return told, nil
}

// owns tells whether an entry is of this order.
func (s session) owns(entry tree) bool {
	return entry.text("orderid") == s.OrderID || slices.Contains(s.MessageIDs, entry.text("messageid"))
}

// isFee tells Trustly's own charges, which are entries of the order too, and sometimes refunded.
func isFee(entry tree) bool { return strings.HasPrefix(entry.text("accountname"), "TRANSACTION_FEE") }
