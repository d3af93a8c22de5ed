package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// bankStorm is how many times at once a bank posts an account that lost its head.
const bankStorm = 64

// Provision is what the bank app does for a customer who is to have an account: for all dreams when dream is empty, and otherwise for that one,
// with what the server's message said of it. It returns when the request is taken, as how, or what was chosen for all, says: with at-once, when
// the server has the account. Whoever asks again for an account that there is changes nothing.
func (b *Bank) Provision(ctx context.Context, programme, name, dream, how string) error {
	return b.provision(ctx, programme, name, dream, "SharedSavings", how)
}

// ProvisionPerformance is Provision for a performance dream, whose account is an investment.
func (b *Bank) ProvisionPerformance(ctx context.Context, programme, name, dream, how string) error {
	return b.provision(ctx, programme, name, dream, "Performance", how)
}

func (b *Bank) provision(ctx context.Context, programme, name, dream, kind, how string) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	if how == "" {
		how = b.Opening()
	}
	if !slices.Contains(BankOpenings, how) {
		return fmt.Errorf("there is no way %q to open an account", how)
	}
	if how == "never" || b.no("open") {
		return nil // the bank thinks about it
	}
	a, fresh := b.account(p, c, dream, kind, how)
	switch {
	case !fresh && a.id != "":
		return nil
	case how == "at-once":
		return b.post(ctx, p, c, a)
	}
	b.run(func() {
		if !b.sleep(b.ctx, b.opt.OpenAfter) {
			return
		}
		times := map[string]int{"storm": bankStorm, "twice": 2}[how]
		var wg sync.WaitGroup
		for range max(1, times) {
			one := func() { _ = b.post(b.ctx, p, c, a) } // a no is among the complaints
			if how == "storm" {
				wg.Go(one)
			} else {
				one()
			}
		}
		wg.Wait()
	})
	return nil
}

// OpenFirst opens an account before the customer has ever come: POST /users, then POST /accounts.
func (b *Bank) OpenFirst(ctx context.Context, programme, name string) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	if err := b.postUser(ctx, p, c); err != nil {
		return err
	}
	a, _ := b.account(p, c, "", "SharedSavings", "at-once")
	return b.post(ctx, p, c, a)
}

// account is the account in the bank's books, opened when there was none for what it is for.
func (b *Bank) account(p *bankProgramme, c *bankCustomer, dream, kind, how string) (a *bankAccount, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := c.openings[dream]; a != nil {
		return a, false
	}
	a = &bankAccount{owner: c, number: p.number(), kind: kind, dream: dream}
	if how != "without-external-id" {
		a.external = a.number
	}
	c.savings, c.openings[dream] = append(c.savings, a), a
	b.touch()
	return a, true
}

// post tells the server of an account, and links the dream that it was opened for.
func (b *Bank) post(ctx context.Context, p *bankProgramme, c *bankCustomer, a *bankAccount) error {
	user, err := b.userID(ctx, p, c)
	if err != nil {
		return err
	}
	account := map[string]any{"type": a.kind, "userId": user}
	if a.external != "" {
		account["externalId"] = a.external
	}
	b.posting(a, 1)
	defer b.posting(a, -1)
	reply, err := b.ask(ctx, p, "open", http.MethodPost, "/accounts", map[string]any{"account": account}, http.StatusCreated, http.StatusOK)
	if err != nil {
		return err
	}
	var got struct {
		ID         string `json:"id"`
		Type       string `json:"type"`
		ExternalID string `json:"externalId"`
	}
	if err := reply.read("account", &got); err != nil {
		b.complains(p, "open", "POST /accounts: %v", err)
		return err
	}
	if err := b.opened(p, a, got.ID, got.Type, got.ExternalID); err != nil {
		b.complains(p, "open", "%v", err)
		return err
	}
	if a.dream != "" {
		_, err := b.ask(ctx, p, "link", http.MethodPatch, "/dreams/"+url.PathEscape(a.dream), map[string]any{"dream": map[string]any{"accountId": got.ID}}, http.StatusOK)
		if err != nil {
			return err
		}
	}
	p.look() // what waited for the account may now be asked of the bank
	return nil
}

func (b *Bank) posting(a *bankAccount, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.posting += n
}

// opened notes the id that the server gave an account.
func (b *Bank) opened(p *bankProgramme, a *bankAccount, id, kind, external string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case id == "" || kind != a.kind || external != a.external:
		return fmt.Errorf("POST /accounts of a %s with %q was answered a %s with %q and the id %q", a.kind, a.external, kind, external, id)
	case a.external != "" && a.id != "" && a.id != id:
		return fmt.Errorf("two accounts with the externalId %q: %s and %s", a.external, a.id, id)
	case p.byServerID[id] != nil && p.byServerID[id] != a:
		return fmt.Errorf("the account %s is two of the bank's", id)
	}
	if a.id == "" {
		a.id = id
	}
	p.byServerID[id] = a // without an externalId a repetition makes another, which is the same money here
	b.touch()
	return nil
}

// HasAccount reports whether the server knows an account of a customer: that of a dream, or, when dream is empty, the one for all.
func (b *Bank) HasAccount(programme, name, dream string) bool {
	_, c, err := b.customer(programme, name)
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := c.openings[dream]
	return a != nil && a.id != ""
}

// errNoAccount is that a customer has no account that could be meant.
var errNoAccount = errors.New("there is no such account that the server knows")
