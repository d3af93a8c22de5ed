package savings

import (
	"time"
)

// Cancelled is why a transaction failed that the person cancelled.
const Cancelled = "cancelled"

// Given reports whether the bank may act on a transaction at a time, or has acted on it: it has the accounts that its type needs, and the
// person can no longer cancel it.
func (t *Transaction) Given(now time.Time) bool {
	return t.State != Requested || t.Notice != "" || t.placed() && !t.Ready.After(now)
}

// placed reports whether a transaction has the accounts that its type needs.
func (t *Transaction) placed() bool {
	return (t.Type == Withdrawal || t.ToAccount != "") && (t.Type == Deposit || t.FromAccount != "")
}

func (t *Transaction) cancellable(now time.Time) bool {
	return t.Type == Deposit && t.State == Requested && !t.Given(now)
}

// PatchTransaction settles or fails a transaction. The same word again changes nothing; another is a fault.
func (b *Book) PatchTransaction(p TransactionPatch) (Transaction, error) {
	t, ok := b.Transaction(p.ID)
	if !ok {
		return Transaction{}, NotFound("Transaction")
	}
	settles, fails := p.Settled != nil && !p.Settled.IsZero(), p.Failed != nil && !p.Failed.IsZero()
	const both = "settledAt and failedAt are mutually exclusive"
	var f Faults
	if settles && (fails || t.State == Failed) {
		f.add("settledAt", both)
	}
	if fails && (settles || t.State == Settled) {
		f.add("failedAt", both)
	}
	if p.Settled != nil && !settles && t.State == Settled {
		f.add("settledAt", immutable)
	}
	if p.Failed != nil && !fails && t.State == Failed {
		f.add("failedAt", immutable)
	}
	if settles && t.State == Requested && !t.placed() {
		f.add("settledAt", "can't be set before the transaction has an account")
	}
	if p.Requested != nil && p.Requested.IsZero() {
		f.add("requestedAt", blank)
	}
	f.text("reason", p.Reason, longest)
	if err := f.or(); err != nil {
		return Transaction{}, err
	}
	if p.Requested != nil && !p.Requested.Equal(t.Requested) {
		t.Requested = *p.Requested
		b.touch(t.ID)
	}
	if t.State == Requested && (settles || fails) {
		if settles {
			b.settle(t, *p.Settled)
		} else {
			b.fail(t, *p.Failed, p.Reason)
		}
		t, _ = b.Transaction(p.ID) // the list may have grown
		left := 0
		for _, other := range b.Transactions {
			if other.Notice == t.Notice && other.State == Requested {
				left++
			}
		}
		b.say(t.Notice, ArrowTransactionPatched, string(t.State), Facts{Account: true, Left: left}, nil)
	}
	return *t, nil
}

// settle moves the money of a requested transaction.
func (b *Book) settle(t *Transaction, at time.Time) {
	t.State, t.Settled = Settled, at
	b.touch(t.ID)
	b.expect(t, -1)
	if t.Type == Deposit && b.User.Balance != nil && at.After(b.User.BalanceAt) {
		left := *b.User.Balance - t.Amount // until the feed tells the balance again
		b.User.Balance = &left
		b.touch(b.User.ID)
	}
	b.pay(*t)
}

// pay moves the money of a settled transaction between what it names.
func (b *Book) pay(t Transaction) {
	if a, ok := b.Account(t.FromAccount); ok && a.Type == SharedSavings {
		a.Balance -= t.Amount
		b.touch(a.ID)
	}
	if a, ok := b.Account(t.ToAccount); ok && a.Type == SharedSavings {
		a.Balance += t.Amount
		b.touch(a.ID)
	}
	from, leaves := b.Dream(t.FromDream)
	if leaves {
		from.Balance -= t.Amount
		b.touch(from.ID)
	}
	to, comes := b.Dream(t.ToDream)
	if comes {
		to.Balance += t.Amount
		b.touch(to.ID)
	}
	b.emit(eventOf(t.Type, Settled), t.ID)
	if comes {
		b.reach(to)
		b.sweep(to)
	}
}

// fail ends a requested transaction without any money moving.
func (b *Book) fail(t *Transaction, at time.Time, reason string) {
	t.State, t.Failed, t.Reason = Failed, at, reason
	b.touch(t.ID)
	b.expect(t, -1)
	b.unspend(t)
	b.emit(eventOf(t.Type, Failed), t.ID)
	if from, ok := b.Dream(t.FromDream); ok {
		b.sweep(from)
	}
}

// request asks the bank for a transaction.
func (b *Book) request(t Transaction) *Transaction {
	t.ID, t.User, t.State, t.Requested = b.NewID(), b.User.ID, Requested, b.Now
	b.Transactions = append(b.Transactions, t)
	b.touch(t.ID)
	b.expect(&t, 1)
	b.emit(eventOf(t.Type, Requested), t.ID)
	return &b.Transactions[len(b.Transactions)-1]
}

// expect counts a transaction as on its way, or, with -1, no longer.
func (b *Book) expect(t *Transaction, sign Cents) {
	if to, ok := b.Dream(t.ToDream); ok {
		to.Pending += sign * t.Amount
		b.touch(to.ID)
	}
	if from, ok := b.Dream(t.FromDream); ok {
		from.Leaving += sign * t.Amount
		b.touch(from.ID)
	}
}

// Cancel cancels a deposit that the bank has not been given. Afterwards it is a conflict.
func (b *Book) Cancel(transaction string) (Transaction, error) {
	t, ok := b.Transaction(transaction)
	if !ok || b.alive() != nil {
		return Transaction{}, NotFound("Transaction")
	}
	switch {
	case t.State == Failed && t.Reason == Cancelled:
	case t.cancellable(b.Now):
		b.fail(t, b.Now, Cancelled)
	case t.State != Requested:
		return Transaction{}, conflict("the transaction is over")
	default:
		return Transaction{}, conflict("the bank has been given the transaction")
	}
	t, _ = b.Transaction(transaction)
	return *t, nil
}

// eventOf is the event of a transaction that has come to a state.
func eventOf(t TransactionType, s TransactionState) EventType {
	kind := string(t)
	if t == Internal {
		kind = "InternalTransfer"
	}
	return EventType(kind + map[TransactionState]string{Requested: "Requested", Settled: "Settled", Failed: "Failed"}[s])
}
