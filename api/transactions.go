package api

import (
	"net/http"
	"time"

	"parley/savings"
)

// Transaction is a transaction on the wire.
type Transaction struct {
	Type              savings.TransactionType  `json:"type" enum:"Deposit|Withdrawal|Internal"`
	ID                ID                       `json:"id"`
	ExternalID        string                   `json:"externalId,omitempty" doc:"The bank's own reference, of one that the bank posted."`
	TransferConsentID ID                       `json:"transferConsentId,omitempty"`
	SavehackLaunchID  ID                       `json:"savehackLaunchId,omitempty" doc:"The launch that made it."`
	User              Ref                      `json:"user"`
	AmountCents       savings.Cents            `json:"amountCents" min:"1"`
	State             savings.TransactionState `json:"state" enum:"requested|settled|failed"`
	RequestedAt       Time                     `json:"requestedAt"`
	SettledAt         Time                     `json:"settledAt,omitzero"`
	FailedAt          Time                     `json:"failedAt,omitzero"`
	FailureReason     string                   `json:"failureReason,omitempty" doc:"Why it failed: cancelled, or the bank's word."`
	BankingDay        Date                     `json:"bankingDay,omitempty" doc:"The first banking day on which it can be moved."`
	ToAccount         Ref                      `json:"toAccount,omitzero"`
	ToDream           Ref                      `json:"toDream,omitzero"`
	FromAccount       Ref                      `json:"fromAccount,omitzero"`
	FromDream         Ref                      `json:"fromDream,omitzero"`
}

// TransactionJSON is a transaction as the wire shows it.
func TransactionJSON(v savings.TransactionView) Transaction {
	return Transaction{Type: v.Type, ID: ID(v.ID), ExternalID: v.ExternalID, TransferConsentID: ID(v.Consent), SavehackLaunchID: ID(v.Launch), User: ref(v.Owner),
		AmountCents: v.Amount, State: v.State, RequestedAt: Time{v.Requested}, SettledAt: Time{v.Settled}, FailedAt: Time{v.Failed}, FailureReason: v.Reason,
		BankingDay: Date(v.BankingDay), ToAccount: ref(v.ToAcc), ToDream: ref(v.ToDrm), FromAccount: ref(v.FromAcc), FromDream: ref(v.FromDrm)}
}

type createTransaction struct {
	Type       opt[savings.TransactionType] `json:"type" need:"yes" enum:"Deposit|Withdrawal|Internal"`
	ExternalID opt[string]                  `json:"externalId" need:"yes" len:"255" doc:"The bank's own reference. With one that the user has already, that transaction is answered, with 200, and nothing is made."`
	owner
	AmountCents   opt[savings.Cents] `json:"amountCents" need:"yes" min:"1"`
	RequestedAt   opt[time.Time]     `json:"requestedAt" doc:"When it was settled if left out."`
	SettledAt     opt[time.Time]     `json:"settledAt" doc:"Now if left out."`
	State         opt[string]        `json:"state" enum:"settled" doc:"Only what is settled can be told."`
	FailedAt      opt[time.Time]     `json:"failedAt" doc:"Must be left out: what failed outside is not told."`
	ToAccountID   opt[ID]            `json:"toAccountId" doc:"Of a Deposit or Internal: must be there, here or in toAccount.id."`
	ToDreamID     opt[ID]            `json:"toDreamId" doc:"Left out, the money lies on the account outside any dream."`
	FromAccountID opt[ID]            `json:"fromAccountId" doc:"Of a Withdrawal or Internal: must be there, here or in fromAccount.id."`
	FromDreamID   opt[ID]            `json:"fromDreamId" doc:"Left out, the money is taken from what lies outside any dream."`
	ends
}

// ends are the two ends of a transaction as its own representation names them.
type ends struct {
	ToAccount   opt[link] `json:"toAccount" doc:"Instead of toAccountId."`
	ToDream     opt[link] `json:"toDream" doc:"Instead of toDreamId."`
	FromAccount opt[link] `json:"fromAccount" doc:"Instead of fromAccountId."`
	FromDream   opt[link] `json:"fromDream" doc:"Instead of fromDreamId."`
}

type patchTransaction struct {
	ID            opt[ID]                      `json:"id" doc:"Which transaction, in a user's list of transactions. Immutable."`
	RequestedAt   opt[time.Time]               `json:"requestedAt"`
	SettledAt     opt[time.Time]               `json:"settledAt" doc:"Settles it."`
	FailedAt      opt[time.Time]               `json:"failedAt" doc:"Fails it."`
	FailureReason opt[string]                  `json:"failureReason" or:"reason" len:"255" doc:"Why it failed, for the person. Not personal."`
	ExternalID    opt[string]                  `json:"externalId" doc:"Immutable."`
	Type          opt[savings.TransactionType] `json:"type" enum:"Deposit|Withdrawal|Internal" doc:"Immutable."`
	AmountCents   opt[savings.Cents]           `json:"amountCents" doc:"Immutable."`
	UserID        opt[ID]                      `json:"userId" doc:"Immutable."`
	ends
}

// check says what of it cannot be changed and differs.
func (p patchTransaction) check(f *faults, at string, t savings.Transaction) {
	fixed(f, at+"id", p.ID, ID(t.ID))
	fixed(f, at+"externalId", p.ExternalID, t.ExternalID)
	fixed(f, at+"type", p.Type, t.Type)
	fixed(f, at+"amountCents", p.AmountCents, t.Amount)
	fixed(f, at+"userId", p.UserID, ID(t.User))
	fixed(f, at+"toAccount.id", p.ToAccount.v.ID, ID(t.ToAccount))
	fixed(f, at+"toDream.id", p.ToDream.v.ID, ID(t.ToDream))
	fixed(f, at+"fromAccount.id", p.FromAccount.v.ID, ID(t.FromAccount))
	fixed(f, at+"fromDream.id", p.FromDream.v.ID, ID(t.FromDream))
}

func (p patchTransaction) patch(id string) savings.TransactionPatch {
	return savings.TransactionPatch{ID: id, Requested: p.RequestedAt.pointer(), Settled: p.SettledAt.pointer(), Failed: p.FailedAt.pointer(), Reason: p.FailureReason.v}
}

// listTransactions lists what the bank may act on, and what is over: not what the person can still cancel, nor what has no account yet.
func (a *API) listTransactions(c *call) (reply, error) {
	asked, q := c.asks(100)
	q.Given, q.GivenAt = true, a.Now()
	q.State, q.Dream, q.Launch = asked.oneOf("state", "requested", "settled", "failed"), asked.text("dreamId"), asked.text("savehackLaunchId")
	if asked.Has("after_id") {
		q.Keyset, q.After = true, asked.text("after_id")
	}
	if q.After != "" && asked.err() == nil {
		after := savings.Query{Page: savings.Page{Partner: c.partner.ID, Number: 1, Items: 1}, ID: q.After}
		switch there, _, err := a.Store.Transactions(c.Context(), after); {
		case err != nil:
			return reply{}, err
		case len(there) == 0:
			asked.add("after_id", "doesn't exist")
		}
	}
	var given []string
	answer, err := list(c, asked, q, a.Store.Transactions, func(v savings.TransactionView) Transaction {
		if v.State == savings.Requested && v.Notice != "" {
			given = append(given, v.Notice)
		}
		return TransactionJSON(v)
	})
	if err == nil {
		a.Savings.TransactionsRead(c.Context(), given...)
	}
	return answer, err
}

func (a *API) getTransaction(c *call) (reply, error) {
	v, err := find(c, savings.Query{ID: c.PathValue("id")}, a.Store.Transactions)
	if err != nil {
		return reply{}, err
	}
	if v.State == savings.Requested {
		a.Savings.TransactionsRead(c.Context(), v.Notice)
	}
	return c.one(TransactionJSON(v))
}

// createTransaction tells of one that the bank settled by itself.
func (a *API) createTransaction(c *call) (reply, error) {
	var in createTransaction
	var f faults
	if err := c.readInto(&in, &f); err != nil {
		return reply{}, err
	}
	of := in.of(&f, "")
	if in.FailedAt.given {
		f.add("failedAt", "must be blank")
	}
	if in.State.given && in.State.v != "settled" {
		f.add("state", "is not included in the list")
	}
	if err := f.err(); err != nil {
		return reply{}, err
	}
	n := savings.NewTransaction{Type: in.Type.v, ExternalID: in.ExternalID.v, Amount: in.AmountCents.v, Requested: in.RequestedAt.v, Settled: in.SettledAt.v,
		ToAccount: string(either(in.ToAccountID, in.ToAccount).v), ToDream: string(either(in.ToDreamID, in.ToDream).v),
		FromAccount: string(either(in.FromAccountID, in.FromAccount).v), FromDream: string(either(in.FromDreamID, in.FromDream).v)}
	of.More = []string{n.ExternalID}
	return c.make(of, "userId", func(b *savings.Book) (int, any, error) {
		t, created, err := b.Reconcile(n)
		return ifCreated(created), TransactionJSON(b.ViewTransaction(t)), err
	})
}

func (a *API) patchTransaction(c *call) (reply, error) {
	var in patchTransaction
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	id := c.PathValue("id")
	return c.change(savings.Of{Transaction: id}, func(b *savings.Book) (int, any, error) {
		var f faults
		if there, ok := b.Transaction(id); ok {
			in.check(&f, "", *there)
		}
		if err := f.err(); err != nil {
			return 0, nil, err
		}
		t, err := b.PatchTransaction(in.patch(id))
		return http.StatusOK, TransactionJSON(b.ViewTransaction(t)), err
	})
}
