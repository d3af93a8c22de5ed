package api

import (
	"net/http"
	"time"

	"parley/savings"
)

// Account is an account on the wire. What only a Performance account has is left out of a SharedSavings account.
type Account struct {
	Type                      savings.AccountType `json:"type" enum:"SharedSavings|Performance"`
	ID                        ID                  `json:"id"`
	ExternalID                string              `json:"externalId,omitempty" doc:"The bank's own reference, unique among the accounts of its user."`
	User                      Ref                 `json:"user"`
	BalanceCents              savings.Cents       `json:"balanceCents" doc:"Total worth of all that is on the account."`
	LiquidBalanceCents        *savings.Cents      `json:"liquidBalanceCents,omitempty" doc:"Cash that can be withdrawn or moved. Of a Performance account."`
	PerformanceCents          *savings.Cents      `json:"performanceCents,omitempty" doc:"Gain since valuationFrom. Of a Performance account."`
	PerformancePercent        *float64            `json:"performancePercent,omitempty" doc:"Gain since valuationFrom, in percent. Of a Performance account."`
	TotalAcquisitionCostCents *savings.Cents      `json:"totalAcquisitionCostCents,omitempty" doc:"What was paid for what is held. Of a Performance account."`
	ValuationFrom             Time                `json:"valuationFrom,omitzero" doc:"Since when the performance is counted."`
	ValuationAt               Time                `json:"valuationAt,omitzero" doc:"When the market was looked at."`
	CreatedAt                 Time                `json:"createdAt,omitzero"`
}

// AccountJSON is an account as the wire shows it.
func AccountJSON(v savings.AccountView) Account {
	a := Account{Type: v.Type, ID: ID(v.ID), ExternalID: v.ExternalID, User: ref(v.Owner), BalanceCents: v.Balance, CreatedAt: Time{v.Created}}
	if v.Type == savings.PerformanceAccount {
		a.LiquidBalanceCents, a.PerformanceCents, a.PerformancePercent, a.TotalAcquisitionCostCents = &v.Liquid, &v.Gain, &v.GainPercent, &v.Acquisition
		a.ValuationFrom, a.ValuationAt = Time{v.ValuedFrom}, Time{v.ValuedAt}
	}
	return a
}

type createAccount struct {
	Type opt[savings.AccountType] `json:"type" need:"yes" enum:"SharedSavings|Performance"`
	owner
	ExternalID opt[string] `json:"externalId" len:"255" doc:"The bank's own reference. With one that the user has already, that account is answered, with 200, and nothing is made: it keeps repetitions from making more accounts. Without one, each request makes another account."`
	worth
}

// worth is what the bank says that an account holds.
type worth struct {
	BalanceCents              opt[savings.Cents] `json:"balanceCents" or:"currentValue" min:"0" doc:"Of a SharedSavings account what it holds when it is opened; it changes only by transactions. Of a Performance account the total worth."`
	LiquidBalanceCents        opt[savings.Cents] `json:"liquidBalanceCents" min:"0" doc:"Of a Performance account."`
	PerformanceCents          opt[savings.Cents] `json:"performanceCents" doc:"Of a Performance account."`
	PerformancePercent        opt[float64]       `json:"performancePercent" doc:"Of a Performance account."`
	TotalAcquisitionCostCents opt[savings.Cents] `json:"totalAcquisitionCostCents" min:"0" doc:"Of a Performance account."`
	ValuationFrom             opt[time.Time]     `json:"valuationFrom" doc:"Of a Performance account."`
	ValuationAt               opt[time.Time]     `json:"valuationAt" doc:"Of a Performance account; when it was changed if left out."`
}

type patchAccount struct {
	ID         opt[ID]                  `json:"id" doc:"Which account, in a user's list of accounts. Immutable."`
	Type       opt[savings.AccountType] `json:"type" enum:"SharedSavings|Performance" doc:"Immutable."`
	UserID     opt[ID]                  `json:"userId" doc:"Immutable."`
	ExternalID opt[string]              `json:"externalId" len:"255" doc:"Of a SharedSavings account; of a Performance account it is immutable."`
	worth
}

// check says what of it cannot be changed and differs.
func (p patchAccount) check(f *faults, at string, a savings.Account) {
	fixed(f, at+"id", p.ID, ID(a.ID))
	fixed(f, at+"type", p.Type, a.Type)
	fixed(f, at+"userId", p.UserID, ID(a.User))
}

func (p patchAccount) patch(id string) savings.AccountPatch {
	return savings.AccountPatch{ID: id, ExternalID: p.ExternalID.pointer(), Balance: p.BalanceCents.pointer(), Liquid: p.LiquidBalanceCents.pointer(),
		Gain: p.PerformanceCents.pointer(), GainPercent: p.PerformancePercent.pointer(), Acquisition: p.TotalAcquisitionCostCents.pointer(),
		ValuedFrom: p.ValuationFrom.pointer(), ValuedAt: p.ValuationAt.pointer()}
}

func (a *API) listAccounts(c *call) (reply, error) {
	asked, q := c.asks(20)
	return list(c, asked, q, a.Store.Accounts, AccountJSON)
}

func (a *API) getAccount(c *call) (reply, error) {
	v, err := find(c, savings.Query{ID: c.PathValue("id")}, a.Store.Accounts)
	if err != nil {
		return reply{}, err
	}
	return c.one(AccountJSON(v))
}

func (a *API) createAccount(c *call) (reply, error) {
	var in createAccount
	var f faults
	if err := c.readInto(&in, &f); err != nil {
		return reply{}, err
	}
	of := in.of(&f, "")
	if err := f.err(); err != nil {
		return reply{}, err
	}
	n := savings.NewAccount{Type: in.Type.v, ExternalID: in.ExternalID.v, Balance: in.BalanceCents.v, Liquid: in.LiquidBalanceCents.v, Gain: in.PerformanceCents.v,
		GainPercent: in.PerformancePercent.v, Acquisition: in.TotalAcquisitionCostCents.v, ValuedFrom: in.ValuationFrom.v, ValuedAt: in.ValuationAt.v}
	return c.make(of, "userId", func(b *savings.Book) (int, any, error) {
		made, created, err := b.OpenAccount(n)
		return ifCreated(created), AccountJSON(b.ViewAccount(made)), err
	})
}

func (a *API) patchAccount(c *call) (reply, error) {
	var in patchAccount
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	id := c.PathValue("id")
	return c.change(savings.Of{Account: id}, func(b *savings.Book) (int, any, error) {
		var f faults
		if there, ok := b.Account(id); ok {
			in.check(&f, "", *there)
		}
		if err := f.err(); err != nil {
			return 0, nil, err
		}
		v, err := b.PatchAccount(in.patch(id))
		return http.StatusOK, AccountJSON(b.ViewAccount(v)), err
	})
}
