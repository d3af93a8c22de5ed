package flow

import (
	"context"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
)

// Bank is how a partner's backend is told that there are transactions to act on.
type Bank interface {
	// Notify tells the partner that n transactions are requested. The key is the same each time the same is said. A partner that has no
	// place to be told at is parley.KindNotFound: it looks by itself.
	Notify(ctx context.Context, partner, key string, n int) error
}

// The arrows of acting-on-transactions that are not told by a change.
const (
	arrowNotice = "POST /webhooks/transactions"
	arrowOver   = "all settled or failed"
)

// acting is the diagram in docs/flows/acting-on-transactions.md: the bank is told that there are transactions, fetches them, and says of
// each what became of it.
func (s *Savings) acting() engine.Flow[Journey] {
	return journey(savings.ActingOn, "Acting on transactions",
		"Transactions are requested, and the bank's backend moves the money. It is told that there are some, until it has heard, fetches them with GET /transactions, and says of each "+
			"whether it was settled or failed. What is requested while a notice has not been heard waits for the next.",
		[]engine.Party{Server, BankBackend},
		[]engine.Step[Journey]{
			engine.Start[Journey](Server, Server, "transactions requested"),
			engine.Call(Server, BankBackend, arrowNotice, s.giveNotice).Retry(engine.UntilHeard),
			told(BankBackend, savings.ArrowTransactionsRead).Anytime(),
			told(BankBackend, savings.ArrowTransactionPatched).Anytime(),
			told(BankBackend, arrowOver).Ask(leftOver, s.askLeft),
		})
}

// leftOver is how often a run looks by itself whether the bank has acted on everything: whoever patched the last transaction may have died
// before saying so.
var leftOver = engine.Policy{Delays: []time.Duration{time.Minute, 10 * time.Minute}, Then: time.Hour}

// giveNotice tells the bank, and is repeated until it has heard.
func (s *Savings) giveNotice(ctx context.Context, t engine.Turn, j Journey) (Journey, engine.Outcome) {
	note := transactions(j.Count)
	var err error
	if s.Bank != nil {
		err = s.Bank.Notify(ctx, j.Partner, t.Key, j.Count)
	}
	if s.Bank == nil || parley.KindOf(err) == parley.KindNotFound {
		err, note = nil, "the bank looks by itself"
	}
	o := engine.From(err).Note(note)
	if j.Told = o.IsDone(); j.Told {
		s.due.nudge() // what was requested meanwhile is the next notice's
	}
	return j, o
}

// askLeft asks the books whether everything that was given with the notice was acted on.
func (s *Savings) askLeft(ctx context.Context, t engine.Turn, j Journey) (Journey, engine.Outcome) {
	_, left, err := s.Store.LeftOf(ctx, t.Run)
	switch {
	case err != nil:
		return j, engine.Unknown(err)
	case left > 0:
		return j, engine.NotYet("the bank is at it")
	}
	j.Facts.Left = 0
	return j, engine.Done()
}
