package savings

import (
	"time"

	"parley/savehack"
)

// FeedKind is what happened on the person's current account.
type FeedKind string

// The feed kinds.
const (
	Purchase FeedKind = "purchase"
	Income   FeedKind = "income"
	Balance  FeedKind = "balance" // what the account holds, for the minimum balance
)

// FeedItem is something that happened on a person's current account. The bank's id is unique per user: a repeated one changes nothing.
type FeedItem struct {
	ID    string
	Kind  FeedKind
	Cents Cents
	At    time.Time
}

// Feed notes something that happened on the current account, for the savehacks that live on it. heard is true when it was known.
//
// A launch reacts to what happened since the day on which it began, whenever it is told of it.
func (b *Book) Feed(item FeedItem) (heard bool, err error) {
	if err := b.alive(); err != nil {
		return false, err
	}
	var f Faults
	if item.ID == "" {
		f.add("id", blank)
	}
	f.text("id", item.ID, longest)
	switch item.Kind {
	case Purchase, Income:
		f.money("amountCents", item.Cents)
	case Balance:
		if item.Cents > Most || item.Cents < -Most {
			f.add("amountCents", tooMuch)
		}
	case "":
		f.add("type", blank)
	default:
		f.add("type", notListed)
	}
	if err := f.or(); err != nil {
		return false, err
	}
	if b.Heard {
		return true, nil
	}
	b.Heard = true
	if item.At.IsZero() || item.At.After(b.Now) {
		item.At = b.Now
	}
	b.Also(AddFeed{User: b.User.ID, Item: item})
	if item.Kind == Balance {
		if b.User.Balance == nil || item.At.After(b.User.BalanceAt) {
			held := item.Cents
			b.User.Balance, b.User.BalanceAt = &held, item.At
			b.touch(b.User.ID)
		}
		return false, nil
	}
	b.runDates(0, func(*Launch) bool { return true }) // what was due before it happened is taken before
	for i := range b.Launches {
		l := &b.Launches[i]
		_, plan, err := planOf(l.Kind, l.Params)
		if err != nil || l.State != Active || !plan.Hears(string(item.Kind)) {
			continue
		}
		s := b.situation(l)
		if savehack.On(item.At, b.zone()).Before(s.Started) {
			continue
		}
		b.deposit(l, Cents(plan.React(s, int64(item.Cents))), "feed/"+item.ID, b.today())
	}
	return false, nil
}
