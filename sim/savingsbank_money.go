package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// bankDecimal writes minor units with two decimals: "123.45".
func bankDecimal(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// Move moves money outside, as at the branch ("branch") or as interest ("interest"), to a customer's savings account or, when negative, from it.
// The account is that of a dream, or the one for all when dream is empty. The server does not know until it is told: see Reconcile.
func (b *Bank) Move(programme, name, dream, what string, cents int64) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := c.openings[dream]
	switch {
	case a == nil:
		return errNoAccount
	case cents == 0 || a.balance+cents < 0:
		return fmt.Errorf("there is %s on the account", bankDecimal(a.balance))
	case what != "branch" && what != "interest":
		return fmt.Errorf("money does not move by %q", what)
	}
	b.book(p, a, cents, what, "")
	b.touch()
	return nil
}

// Revalue gives an investment another worth, and tells the server: PATCH /accounts.
func (b *Bank) Revalue(ctx context.Context, programme, name, dream string, cents int64) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	a := c.openings[dream]
	if a == nil || a.id == "" || a.kind != "Performance" || cents < 0 {
		b.mu.Unlock()
		return errNoAccount
	}
	b.book(p, a, cents-a.balance, "worth", "")
	worth := a.worth(b.opt.Now())
	b.touch()
	b.mu.Unlock()
	delete(worth, "id")
	_, err = b.ask(ctx, p, "reconcile", http.MethodPatch, "/accounts/"+url.PathEscape(a.id), map[string]any{"account": worth}, http.StatusOK)
	return err
}

// Reconcile compares what a customer's savings accounts hold with what the server says that they hold, and tells it of the difference as a settled
// transaction: POST /transactions. It returns what the server was told, in the minor unit, positive for more.
func (b *Bank) Reconcile(ctx context.Context, programme, name string) (told int64, err error) {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return 0, err
	}
	// What is on its way to the server would look like a difference.
	if err := b.Until(ctx, func() bool {
		return !slices.ContainsFunc(b.Transactions(programme, name), func(t BankTx) bool { return !t.Told })
	}); err != nil {
		return 0, err
	}
	user, err := b.userID(ctx, p, c)
	if err != nil {
		return 0, err
	}
	b.mu.Lock()
	accounts := slices.Clone(c.savings)
	b.mu.Unlock()
	for _, a := range accounts {
		if a.kind != "SharedSavings" || a.id == "" {
			continue
		}
		difference, err := b.difference(ctx, p, a)
		if err != nil {
			return told, err
		}
		if difference == 0 {
			continue
		}
		if err := b.reconciled(ctx, p, c, a, user, difference); err != nil {
			return told, err
		}
		told += difference
	}
	return told, nil
}

// difference is what the bank has more on an account than the server says.
func (b *Bank) difference(ctx context.Context, p *bankProgramme, a *bankAccount) (int64, error) {
	reply, err := b.ask(ctx, p, "reconcile", http.MethodGet, "/accounts/"+url.PathEscape(a.id), nil, http.StatusOK)
	if err != nil {
		return 0, err
	}
	var now struct {
		ID           string `json:"id"`
		ExternalID   string `json:"externalId"`
		BalanceCents *int64 `json:"balanceCents"`
	}
	if err := reply.read("account", &now); err != nil || now.ID != a.id || now.ExternalID != a.external || now.BalanceCents == nil {
		b.complains(p, "reconcile", "GET /accounts/%s was answered another, or no balance: %v", a.id, err)
		return 0, errors.Join(errBankNo, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return a.balance - *now.BalanceCents, nil
}

// reconciled tells the server of a difference, under one externalId however often it must be said.
func (b *Bank) reconciled(ctx context.Context, p *bankProgramme, c *bankCustomer, a *bankAccount, user string, difference int64) error {
	b.mu.Lock()
	external := fmt.Sprintf("rec-%s-%d", strings.ReplaceAll(a.number, " ", ""), p.entries)
	now := b.opt.Now()
	b.mu.Unlock()
	t := map[string]any{"type": "Deposit", "externalId": external, "userId": user, "amountCents": difference, "toAccountId": a.id, "settledAt": now.UTC().Format(time.RFC3339)}
	if difference < 0 {
		delete(t, "toAccountId")
		t["type"], t["amountCents"], t["fromAccountId"] = "Withdrawal", -difference, a.id
	}
	reply, err := b.ask(ctx, p, "reconcile", http.MethodPost, "/transactions", map[string]any{"transaction": t}, http.StatusCreated, http.StatusOK)
	if err != nil {
		return err
	}
	var made bankRequested
	if err := reply.read("transaction", &made); err != nil || made.State != "settled" || made.ID == "" {
		b.complains(p, "reconcile", "POST /transactions was answered without the settled transaction: %v", err)
		return errors.Join(errBankNo, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if known := p.txByID[made.ID]; known != nil {
		b.complain(p, "reconcile", "POST /transactions was answered with %s, which is another", made.ID)
		return errBankNo
	}
	tx := &BankTx{ID: made.ID, Type: made.Type, Customer: c.name, Cents: made.AmountCents, State: "settled", At: now, Told: true, Own: true}
	p.txs, p.txByID[made.ID] = append(p.txs, tx), tx
	b.touch()
	return nil
}

// Spend has a customer buy something (what "purchase"), or get paid ("income"), on the current account, and tells the server, and what is left.
func (b *Bank) Spend(ctx context.Context, programme, name, what string, cents int64) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	if cents <= 0 || what != "purchase" && what != "income" {
		return fmt.Errorf("%q of %d is nothing that happens on a current account", what, cents)
	}
	b.mu.Lock()
	change := cents
	if what == "purchase" {
		change = -cents
	}
	e := b.book(p, c.current, change, what, "")
	b.touch()
	b.mu.Unlock()
	at := e.At.UTC().Format(time.RFC3339)
	items := []map[string]any{
		{"type": what, "id": fmt.Sprintf("%s-%d", what, e.Number), "amountCents": cents, "occurredAt": at, "externalUserId": c.sub},
		{"type": "balance", "id": fmt.Sprintf("balance-%d", e.Number), "amountCents": e.Balance, "occurredAt": at, "externalUserId": c.sub},
	}
	reply, err := b.ask(ctx, p, "feed", http.MethodPost, "/feed", map[string]any{"feed": items}, http.StatusOK)
	if err != nil {
		return err
	}
	var heard []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	if err := reply.read("feed", &heard); err != nil || len(heard) != len(items) {
		b.complains(p, "feed", "POST /feed was answered for %d of %d: %v", len(heard), len(items), err)
		return errors.Join(errBankNo, err)
	}
	for i, h := range heard {
		if h.ID != items[i]["id"] || h.Status != "accepted" && h.Status != "known" {
			b.complains(p, "feed", "%s is %s", items[i]["id"], h.Status)
			return errBankNo
		}
	}
	return nil
}
