package savings

import "parley/savehack"

// Withdraw asks the bank to pay out what is saved for a dream.
func (b *Book) Withdraw(dream string, amount Cents) (Transaction, error) {
	if err := b.alive(); err != nil {
		return Transaction{}, err
	}
	d, ok := b.Dream(dream)
	if !ok || !d.DeletedAt.IsZero() {
		return Transaction{}, NotFound("Dream")
	}
	var f Faults
	f.money("amountCents", amount)
	if amount > d.Balance-d.Leaving {
		f.add("amountCents", notSaved)
	}
	if err := f.or(); err != nil {
		return Transaction{}, err
	}
	return *b.payOut(d, amount), nil
}

const notSaved = "is more than what is saved"

func (b *Book) payOut(d *Dream, amount Cents) *Transaction {
	return b.request(Transaction{Type: Withdrawal, Amount: amount, FromAccount: d.Account, FromDream: d.ID, Ready: b.Now, BankingDay: b.bankingDay()})
}

func (b *Book) bankingDay() string { return savehack.BankingDay(b.today(), b.Partner.Country).String() }

// Move moves money between dreams. An empty dream is what lies on the account outside any dream. On one account it is settled at once.
func (b *Book) Move(from, to string, amount Cents) (Transaction, error) {
	if err := b.alive(); err != nil {
		return Transaction{}, err
	}
	source, hasSource := b.Dream(from)
	if from != "" && (!hasSource || !source.DeletedAt.IsZero()) {
		return Transaction{}, NotFound("Dream")
	}
	target, hasTarget := b.Dream(to)
	if to != "" && (!hasTarget || !target.DeletedAt.IsZero()) {
		return Transaction{}, NotFound("Dream")
	}
	var f Faults
	f.money("amountCents", amount)
	if from == to {
		f.add("toDreamId", "must be another dream")
		return Transaction{}, f.or()
	}
	var out, in string // the accounts
	if hasSource {
		out, in = source.Account, source.Account
		if a, ok := b.Account(in); ok && a.Type == PerformanceAccount && !hasTarget {
			f.add("toDreamId", blank) // what an investment is worth belongs to its dream
		}
		if amount > source.Balance-source.Leaving {
			f.add("amountCents", notSaved)
		}
	}
	if hasTarget {
		in = target.Account
		if !hasSource {
			out = in
			if amount > b.Residual(in) {
				f.add("amountCents", notSaved)
			}
		}
		if in == "" {
			f.add("toDreamId", "has no account yet")
		}
	}
	if err := f.or(); err != nil {
		return Transaction{}, err
	}
	if out == in {
		t := *b.shift(out, from, to, amount)
		if a, ok := b.Account(in); ok && (from == "" || to == "") {
			b.say(a.Journey, ArrowRedistributed, "", Facts{Account: true}, nil)
		}
		return t, nil
	}
	return *b.request(Transaction{Type: Internal, Amount: amount, FromAccount: out, FromDream: from, ToAccount: in, ToDream: to, Ready: b.Now,
		BankingDay: b.bankingDay()}), nil
}

// shift moves money on one account, which needs no bank.
func (b *Book) shift(account, from, to string, amount Cents) *Transaction {
	t := b.request(Transaction{Type: Internal, Amount: amount, FromAccount: account, FromDream: from, ToAccount: account, ToDream: to, Ready: b.Now,
		BankingDay: b.bankingDay()})
	id := t.ID
	b.settle(t, b.Now)
	t, _ = b.Transaction(id)
	return t
}

// Residual is what lies on an account outside any dream. It is negative when the bank took more than that, and a dream must give.
// What an investment is worth belongs to its dream.
func (b *Book) Residual(account string) Cents {
	a, ok := b.Account(account)
	if !ok || a.Type != SharedSavings {
		return 0
	}
	sum := a.Balance
	for _, d := range b.Dreams {
		if d.Account == account && d.DeletedAt.IsZero() {
			sum -= d.Balance
		}
	}
	return sum
}
