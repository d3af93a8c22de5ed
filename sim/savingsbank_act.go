package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// bankRef is another thing, as the server refers to it.
type bankRef struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	ExternalID string `json:"externalId"`
}

// bankRequested is a transaction as the server lists it.
type bankRequested struct {
	ID          string   `json:"id"`
	Type        string   `json:"type"`
	State       string   `json:"state"`
	AmountCents int64    `json:"amountCents"`
	RequestedAt string   `json:"requestedAt"`
	User        *bankRef `json:"user"`
	ToAccount   *bankRef `json:"toAccount"`
	FromAccount *bankRef `json:"fromAccount"`
	Consent     string   `json:"transferConsentId"`
}

// bankAtOnce is how many transactions of a programme are acted on at once.
const bankAtOnce = 8

// look has the programme's transactions looked at soon; several wishes at once are one.
func (p *bankProgramme) look() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// acts looks at a programme's transactions whenever there is reason to, until the bank closes.
func (b *Bank) acts(p *bankProgramme) {
	var tick <-chan time.Time
	if b.opt.Poll > 0 {
		t := time.NewTicker(b.opt.Poll)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case <-p.kick:
		case <-tick:
		case <-b.ctx.Done():
			return
		}
		if b.Acting() != "hold" {
			_ = b.walk(b.ctx, p) // what went wrong is among the calls, and the complaints; the next look begins anew
		}
	}
}

// Act looks at a programme's transactions now, and returns when each that was requested has been acted on.
func (b *Bank) Act(ctx context.Context, programme string) error {
	p, err := b.programme(programme)
	if err != nil {
		return err
	}
	return b.walk(ctx, p)
}

// walk goes through the requested transactions, by their ids, while they are being settled: none may be left out or shown twice.
func (b *Bank) walk(ctx context.Context, p *bankProgramme) error {
	p.walking.Lock() // two at once would tell everything twice
	defer p.walking.Unlock()
	shown := map[string]bool{}
	var wg sync.WaitGroup
	defer wg.Wait()
	places := make(chan struct{}, bankAtOnce)
	for after, pages := "", 0; pages < 100_000; pages++ {
		b.mu.Lock()
		known := p.tolds // what is told later may still be listed
		b.mu.Unlock()
		reply, err := b.ask(ctx, p, "settle", http.MethodGet, "/transactions?state=requested&items=100&after_id="+url.QueryEscape(after), nil, http.StatusOK)
		if err != nil {
			return err
		}
		var list []bankRequested
		if err := reply.read("transactions", &list); err != nil {
			b.complains(p, "settle", "GET /transactions: %v", err)
			return err
		}
		if len(list) == 0 {
			return nil
		}
		for _, t := range list {
			if shown[t.ID] {
				b.complains(p, "settle", "transaction %s was listed twice in one walk", t.ID)
				return nil
			}
			shown[t.ID] = true
			after = t.ID
			if !b.decide(p, t, known) {
				continue
			}
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			wg.Go(func() {
				defer func() { <-places }()
				_ = b.tell(ctx, p, t) // what was not heard is told at the next look
			})
		}
	}
	return nil
}

// decide decides what becomes of a transaction, once, and moves the money. It reports whether the server is to be told; told is how many it had
// answered to know of when it was asked. A transaction that cannot be acted on is a complaint.
func (b *Bank) decide(p *bankProgramme, t bankRequested, told int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := p.txByID[t.ID]; known != nil {
		known.Asked++
		if known.Told && known.told <= told {
			b.complain(p, "settle", "transaction %s is listed as requested after it was %s", t.ID, known.State)
			return false
		}
		return true // the answer was lost: it is told again, and nothing moves again
	}
	from, to, c, wrong := p.between(t)
	if wrong == bankNotYet {
		return false
	}
	if wrong != "" {
		b.complain(p, "settle", "%s %s: %s", t.Type, t.ID, wrong)
		return false
	}
	tx := &BankTx{ID: t.ID, Type: t.Type, Customer: c.name, Cents: t.AmountCents, State: "settled", At: b.opt.Now(), Asked: 1}
	switch {
	case b.opt.Acting == "fail":
		tx.State, tx.Why = "failed", "the bank lets nothing through today"
	case c.refuse > 0:
		c.refuse--
		tx.State, tx.Why = "failed", "the bank says no to this one"
	case b.no("settle"):
		tx.State, tx.Why = "failed", "the bank says no"
	case from.balance < t.AmountCents:
		tx.State, tx.Why = "failed", "there is not enough on the account"
	default:
		what := map[string]string{"Deposit": "deposit", "Withdrawal": "withdrawal", "Internal": "internal"}[t.Type]
		b.book(p, from, -t.AmountCents, what, t.ID)
		b.book(p, to, t.AmountCents, what, t.ID)
		if to.kind == "Performance" {
			to.paidIn += t.AmountCents
		}
		if from.kind == "Performance" {
			from.paidIn = max(0, from.paidIn-t.AmountCents)
		}
		tx.Booked++
	}
	p.txs, p.txByID[t.ID] = append(p.txs, tx), tx
	b.touch()
	return true
}

// bankNotYet is why nothing is done about a transaction whose account is just being told of: it is looked at again when the server has answered.
const bankNotYet = "not yet"

// between are the accounts between which a transaction is to move money, and whose it is; wrong says why there are none. The lock is held.
func (p *bankProgramme) between(t bankRequested) (from, to *bankAccount, c *bankCustomer, wrong string) {
	if t.User != nil {
		c = p.bySub[t.User.ExternalID]
	}
	switch {
	case t.ID == "" || t.State != "requested":
		return nil, nil, nil, "listed as requested, and its state is " + t.State
	case c == nil:
		return nil, nil, nil, "of nobody who banks here"
	case t.AmountCents <= 0:
		return nil, nil, nil, "of an amount that is none"
	}
	if _, err := time.Parse(time.RFC3339, t.RequestedAt); err != nil {
		return nil, nil, nil, "requestedAt is no time"
	}
	account := func(ref *bankRef) (*bankAccount, string) {
		if ref == nil || ref.ID == "" {
			return nil, "without an account"
		}
		a := p.byServerID[ref.ID]
		switch {
		case a == nil && slices.ContainsFunc(c.savings, func(a *bankAccount) bool { return a.posting > 0 }):
			return nil, bankNotYet
		case a == nil:
			return nil, "to or from an account that is none of the bank's: " + ref.ID
		case a.owner != c:
			return nil, "to or from somebody else's account"
		}
		return a, ""
	}
	from, to = c.current, c.current
	switch t.Type {
	case "Deposit":
		if to, wrong = account(t.ToAccount); wrong == "" && p.Consents {
			wrong = c.consented(t)
		}
	case "Withdrawal":
		from, wrong = account(t.FromAccount)
	case "Internal":
		if to, wrong = account(t.ToAccount); wrong == "" {
			from, wrong = account(t.FromAccount)
		}
	default:
		wrong = "a type that there is none of"
	}
	return from, to, c, wrong
}

// consented says why a deposit is not one that the customer has consented to.
func (c *bankCustomer) consented(t bankRequested) string {
	switch consent, ok := c.consents[t.Consent]; {
	case !ok:
		return "nobody consented to it"
	case t.AmountCents > consent.MaxAmountCents:
		return fmt.Sprintf("the consent is for %d at most", consent.MaxAmountCents)
	}
	return ""
}

// tell tells the server what became of a transaction. With an investment, the account's new worth is told in the same breath.
func (b *Bank) tell(ctx context.Context, p *bankProgramme, t bankRequested) error {
	b.mu.Lock()
	tx := *p.txByID[t.ID]
	from, to, c, _ := p.between(t)
	var worth []map[string]any
	if tx.State == "settled" {
		for _, a := range []*bankAccount{from, to} {
			if a != nil && a.kind == "Performance" {
				worth = append(worth, a.worth(b.opt.Now()))
			}
		}
	}
	b.mu.Unlock()
	when := map[string]any{tx.State + "At": tx.At.UTC().Format(time.RFC3339)}
	var err error
	if len(worth) > 0 {
		var user string
		if user, err = b.userID(ctx, p, c); err != nil {
			return err
		}
		when["id"] = tx.ID
		_, err = b.ask(ctx, p, "settle", http.MethodPatch, "/users/"+url.PathEscape(user),
			map[string]any{"user": map[string]any{"accounts": worth, "transactions": []any{when}}}, http.StatusNoContent, http.StatusOK)
	} else {
		var reply bankReply
		reply, err = b.ask(ctx, p, "settle", http.MethodPatch, "/transactions/"+url.PathEscape(tx.ID), map[string]any{"transaction": when}, http.StatusOK)
		var now bankRequested
		if err == nil {
			if bad := reply.read("transaction", &now); bad != nil || now.State != tx.State || now.ID != tx.ID {
				b.complains(p, "settle", "transaction %s was %s, and the server answered that it is %q: %v", tx.ID, tx.State, now.State, bad)
			}
		}
	}
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := p.txByID[t.ID]; !known.Told {
		p.tolds++
		known.Told, known.told = true, p.tolds
	}
	b.touch()
	return nil
}

// worth is what an investment is worth, as the server is told of it.
func (a *bankAccount) worth(now time.Time) map[string]any {
	gain := a.balance - a.paidIn
	percent := json.Number("0")
	if a.paidIn > 0 {
		percent = json.Number(bankDecimal(gain * 10_000 / a.paidIn))
	}
	return map[string]any{"id": a.id, "balanceCents": a.balance, "liquidBalanceCents": a.balance, "performanceCents": gain,
		"performancePercent": percent, "totalAcquisitionCostCents": a.paidIn, "valuationAt": now.UTC().Format(time.RFC3339)}
}
