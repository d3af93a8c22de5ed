package flow

import (
	"context"
	"fmt"

	"parley"
	"parley/engine"
	"parley/savings"
)

// How the run that told a bank of transactions hears what the bank does with them.

// fewTransactions is up to how many transactions a notice has each answer drawn. A picture of more would tell nobody anything; of those,
// the end is drawn.
const fewTransactions = 50

// transactions says how many, in words.
func transactions(n int) string {
	if n == 1 {
		return "1 transaction"
	}
	return fmt.Sprintf("%d transactions", n)
}

// notices are the transactions of a book that the bank was given and has not acted on: their notices, by id.
type notices map[string]string

func given(b *savings.Book) notices {
	g := notices{}
	for _, t := range b.Transactions {
		if t.Notice != "" && t.State == savings.Requested {
			g[t.ID] = t.Notice
		}
	}
	return g
}

// over is how many of them have been acted on since, by notice.
func (g notices) over(b *savings.Book) map[string]int {
	over := map[string]int{}
	for _, t := range b.Transactions {
		if notice := g[t.ID]; notice != "" && t.State != savings.Requested {
			over[notice]++
		}
	}
	return over
}

// left is how many transactions of a notice are requested once a change is written that acts on some; few says whether its answers are drawn.
func (s *Savings) left(ctx context.Context, notice string, acted int) (left int, few bool, err error) {
	d := s.due.ready()
	d.mu.Lock()
	_, many := d.many[notice]
	d.mu.Unlock()
	if many {
		return 0, false, nil
	}
	all, left, err := s.Store.LeftOf(ctx, notice)
	if err != nil {
		return 0, false, err
	}
	if all > fewTransactions {
		d.mu.Lock()
		d.many[notice] = false
		d.mu.Unlock()
	}
	return max(left-acted, 0), all <= fewTransactions, nil
}

// acted ends the notices of which nothing is left after a change. Those with many transactions are left to the worker, which counts once
// for all that has happened meanwhile.
func (s *Savings) acted(ctx context.Context, over map[string]int) {
	d := s.due.ready()
	for notice := range over {
		d.mu.Lock()
		_, many := d.many[notice]
		if many {
			d.many[notice] = true
		}
		d.mu.Unlock()
		if many {
			d.nudge()
		} else if err := s.end(ctx, notice); err != nil {
			s.log().Error("end a notice", "run", notice, "err", err) // the run asks by itself too
		}
	}
}

// lookAtMany ends the notices with many transactions of which nothing is left.
func (s *Savings) lookAtMany(ctx context.Context) error {
	d := s.due.ready()
	var look []string
	d.mu.Lock()
	for notice, acted := range d.many {
		if acted {
			d.many[notice] = false
			look = append(look, notice)
		}
	}
	d.mu.Unlock()
	for _, notice := range look {
		if err := s.end(ctx, notice); err != nil {
			return fmt.Errorf("end notice %s: %w", notice, err)
		}
	}
	return nil
}

// end tells the run of a notice that everything was acted on, if it was.
func (s *Savings) end(ctx context.Context, notice string) error {
	_, left, err := s.Store.LeftOf(ctx, notice)
	if err != nil || left > 0 {
		return err
	}
	_, err = s.Engine.Tell(ctx, engine.Message{Run: notice, Step: arrowOver, Source: source, ID: notice + "/over", Body: word{}})
	if err == nil || parley.KindOf(err) == parley.KindNotFound {
		d := s.due.ready()
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.many, notice)
		delete(d.read, notice)
		return nil
	}
	return err
}

// TransactionsRead notes that the bank has fetched transactions which were given with these notices. Each notice is told once.
func (s *Savings) TransactionsRead(ctx context.Context, given ...string) {
	d := s.due.ready()
	for _, notice := range given {
		d.mu.Lock()
		known := d.read[notice]
		if len(d.read) > 10_000 {
			clear(d.read) // the inbox knows too
		}
		d.read[notice] = true
		d.mu.Unlock()
		if known || notice == "" {
			continue
		}
		_, err := s.Engine.Tell(ctx, engine.Message{Run: notice, Step: savings.ArrowTransactionsRead, Source: source, ID: notice + "/read", Body: word{}})
		if err != nil && parley.KindOf(err) != parley.KindNotFound {
			s.log().Error("note that transactions were read", "run", notice, "err", err)
		}
	}
}
