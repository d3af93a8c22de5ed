package savings

// Reconcile notes a transaction that the bank settled by itself. One with a known external id is answered as it is, and created is false.
// It is the bank's word, so an account may come to hold less than the dreams on it have; a dream by itself never has less than nothing.
func (b *Book) Reconcile(n NewTransaction) (t Transaction, created bool, err error) {
	if b.User.ID == "" {
		return Transaction{}, false, NotFound("User")
	}
	var f Faults
	if n.ExternalID == "" {
		f.add("externalId", blank)
	} else if there, ok := find(b.Transactions, func(t *Transaction) bool { return t.ExternalID == n.ExternalID }); ok {
		return *there, false, nil
	}
	f.text("externalId", n.ExternalID, longest)
	f.money("amountCents", n.Amount)
	switch n.Type {
	case "":
		f.add("type", blank)
	case Deposit, Withdrawal, Internal:
		b.end(&f, "to", n.Type != Withdrawal, n.ToAccount, n.ToDream)
		b.end(&f, "from", n.Type != Deposit, n.FromAccount, n.FromDream)
	default:
		f.add("type", notListed)
	}
	if n.Type == Internal && n.FromAccount == n.ToAccount && n.FromDream == n.ToDream {
		f.add("toDreamId", "must be another dream")
	}
	if d, ok := b.Dream(n.FromDream); ok && n.Type != Deposit && n.Amount > d.Balance-d.Leaving {
		f.add("amountCents", notSaved)
	}
	if n.Settled.IsZero() {
		n.Settled = b.Now
	}
	if n.Requested.IsZero() {
		n.Requested = n.Settled
	}
	if err := f.or(); err != nil {
		return Transaction{}, false, err
	}
	t = Transaction{ID: b.NewID(), User: b.User.ID, Type: n.Type, State: Settled, Amount: n.Amount, ExternalID: n.ExternalID, Requested: n.Requested,
		Settled: n.Settled, ToAccount: n.ToAccount, ToDream: n.ToDream, FromAccount: n.FromAccount, FromDream: n.FromDream, Ready: b.Now,
		BankingDay: b.bankingDay()}
	outside := n.Type != Internal && n.ToDream == "" && n.FromDream == ""
	b.Transactions = append(b.Transactions, t)
	b.touch(t.ID)
	b.pay(t)
	note := "to a dream"
	if outside {
		note = "outside any dream"
	}
	run := b.begin(Reconciliation, ArrowReconciled, note, Facts{Account: true}, struct {
		Type   TransactionType `json:"type"`
		Amount Cents           `json:"amountCents"`
	}{t.Type, t.Amount})
	if a, ok := b.Account(t.ToAccount + t.FromAccount); ok && outside {
		a.Journey = run
		b.touch(a.ID)
	}
	return t, true, nil
}

// end checks one end of a transaction: whether it is named, belongs to the user, and the dream's money is on the account.
func (b *Book) end(f *Faults, which string, wanted bool, account, dream string) {
	accountID, dreamID := which+"AccountId", which+"DreamId"
	if !wanted {
		if account != "" {
			f.add(accountID, present)
		}
		if dream != "" {
			f.add(dreamID, present)
		}
		return
	}
	if _, ok := b.Account(account); account == "" {
		f.add(accountID, blank)
	} else if !ok {
		f.add(accountID, absent)
	}
	if dream == "" {
		return
	}
	if d, ok := b.Dream(dream); !ok || !d.DeletedAt.IsZero() {
		f.add(dreamID, absent)
	} else if d.Account != account {
		f.add(dreamID, "is not on the account")
	}
}
