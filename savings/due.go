package savings

import (
	"time"

	"parley/savehack"
)

// atOnce is how many due dates of one launch are dealt with in one change.
const atOnce = 31

// RunDue makes the deposits that are due by now, one for each due date, and says how many. A launch that was not looked at for long makes up
// for at most the due dates since it was last looked at, and at most 31 at once: Due then lies in the past and it is looked at again.
//
// All launches of the user are dealt with in the order of their due dates, and what is counted in a period is counted by the due date, so
// that the same deposits come about whenever the worker comes by.
func (b *Book) RunDue() (deposits int, err error) {
	if b.alive() != nil {
		return 0, nil
	}
	for i := range b.Launches {
		l := &b.Launches[i]
		switch {
		case l.State == Paused && !l.PausedUntil.IsZero() && !l.PausedUntil.After(b.Now):
			b.resume(l, l.PausedUntil)
			b.emit(SavehackLaunchUpdated, l.ID)
		case l.State == Paused && !l.Due.Equal(l.PausedUntil): // woken by the launch that it follows, which is of no use now
			l.Due = l.PausedUntil
			b.touch(l.ID)
		case l.State != Active && l.State != Paused && !l.Due.IsZero():
			l.Due = time.Time{}
			b.touch(l.ID)
		}
	}
	deposits = b.runDates(atOnce, func(*Launch) bool { return true })
	for i := range b.Launches {
		if k, ok := savehack.Find(b.Launches[i].Kind); ok && k.Follows {
			deposits += b.follow(&b.Launches[i])
		}
	}
	return deposits, nil
}

// catchUp deals with everything of one launch that is due by now.
func (b *Book) catchUp(l *Launch) {
	id := l.ID
	b.runDates(0, func(l *Launch) bool { return l.ID == id })
}

// runDates deals with the due dates of the launches that are meant, the earliest first, until one launch has had so many; zero is no limit.
func (b *Book) runDates(limit int, meant func(*Launch) bool) (deposits int) {
	dealt := map[string]int{}
	for {
		var l *Launch
		for i := range b.Launches {
			o := &b.Launches[i]
			if o.State == Active && !o.Due.IsZero() && !o.Due.After(b.Now) && meant(o) && (l == nil || o.Due.Before(l.Due)) {
				if k, ok := savehack.Find(o.Kind); !ok || !k.Follows {
					l = o
				}
			}
		}
		if l == nil || limit > 0 && dealt[l.ID] == limit {
			return deposits
		}
		b.touch(l.ID)
		_, plan, err := planOf(l.Kind, l.Params)
		if err != nil { // this program no longer knows it, but another may: look tomorrow, and keep nobody from their other savehacks
			l.Due = b.Now.AddDate(0, 0, 1)
			continue
		}
		due, ok := b.next(l)
		if !ok || due.Start(b.zone()).After(b.Now) {
			b.schedule(l)
			continue
		}
		dealt[l.ID]++
		amount := Cents(plan.Amount(b.situation(l), due))
		l.Done = due.String()
		if b.deposit(l, amount, l.Done, due) {
			deposits++
		}
		if l.State == Active {
			b.schedule(l)
		}
	}
}

// follow makes a Copycat's deposits: one for each deposit of the launch that it follows.
func (b *Book) follow(l *Launch) (deposits int) {
	seen := b.Followed[l.ID]
	if l.State != Active || len(seen) == 0 && l.Due.IsZero() {
		return 0
	}
	if lead, others := b.Leaders[l.ID]; others {
		if d, ok := b.Dream(l.Dream); !ok || !b.mayFollow(lead, d) {
			b.stop(l) // one of the two has left the group in which they were
			return 0
		}
	}
	_, plan, err := planOf(l.Kind, l.Params)
	if err != nil {
		return 0
	}
	b.touch(l.ID)
	l.Due = time.Time{}
	for i, t := range seen {
		if i == atOnce {
			l.Due = b.Now
			break
		}
		l.Done = followed(t)
		if t.State == Failed {
			continue // it was taken back before anybody looked
		}
		if b.deposit(l, Cents(plan.React(b.situation(l), int64(t.Amount))), "copy/"+t.ID, b.today()) {
			deposits++
		}
		if l.State != Active {
			break
		}
	}
	if len(seen) > 0 {
		b.Followed[l.ID] = seen[min(len(seen), atOnce):]
	}
	return deposits
}

// deposit asks the bank for what a launch takes on an occasion, cut to what it may take, and reports whether that was anything. It stops a
// launch whose goal is reached, by this deposit or before.
func (b *Book) deposit(l *Launch, amount Cents, occasion string, on savehack.Date) bool {
	d, ok := b.Dream(l.Dream)
	if !ok || !d.DeletedAt.IsZero() {
		b.stop(l)
		return false
	}
	amount = b.cut(l, d, amount, on)
	if amount > 0 {
		t := b.request(Transaction{Type: Deposit, Amount: amount, ToAccount: d.Account, ToDream: d.ID, Consent: l.Consent, Launch: l.ID, Occasion: occasion,
			Ready: b.Now.Add(b.Partner.CancelFor), BankingDay: savehack.BankingDay(on, b.Partner.Country).String()})
		b.spend(l, t.Amount, on)
		if b.Partner.offersCopying() {
			b.Also(WakeFollowers{Launch: l.ID, At: b.Now})
		}
	}
	if l.StopAtGoal && d.full() {
		b.stop(l)
	}
	return amount > 0
}

// cut is how much of an amount a launch may take for a due date: no more than what is left to the goal, than the caps of the month leave,
// than the consent allows, and nothing when the current account, as far as it is known, would hold less than the person wants.
func (b *Book) cut(l *Launch, d *Dream, amount Cents, on savehack.Date) Cents {
	amount = min(amount, Most)
	if l.StopAtGoal && d.Target > 0 {
		amount = min(amount, d.Target-d.Balance-d.Pending)
	}
	month := period(on, monthly)
	if l.MonthlyCap > 0 {
		amount = min(amount, l.MonthlyCap-l.Spent.in(month))
	}
	if most := b.User.Limits.MonthlyCap; most > 0 {
		amount = min(amount, most-b.User.Spent.in(month))
	}
	if l.Consent != "" {
		c, ok := b.Consent(l.Consent)
		if !ok || c.ConsentedAt.IsZero() {
			return 0 // nobody is known to have agreed
		}
		amount = min(amount, c.MaxAmount-l.Consented.in(period(on, c.MaxFrequency)))
	}
	if least := b.User.Limits.MinimumBalance; least > 0 && b.User.Balance != nil && *b.User.Balance-b.onTheWay()-amount < least {
		return 0
	}
	return max(0, amount)
}

// onTheWay is what has been asked of the current account, and not yet been taken.
func (b *Book) onTheWay() (sum Cents) {
	for _, t := range b.Transactions {
		if t.Type == Deposit && t.State == Requested {
			sum += t.Amount
		}
	}
	return sum
}

// spend counts what a launch takes for a due date.
func (b *Book) spend(l *Launch, amount Cents, on savehack.Date) {
	month := period(on, monthly)
	b.User.Spent.add(month, amount)
	b.touch(b.User.ID)
	l.Spent.add(month, amount)
	if c, ok := b.Consent(l.Consent); ok {
		l.Consented.add(period(on, c.MaxFrequency), amount)
	}
	b.touch(l.ID)
}

// unspend gives back what a deposit that failed was counted as. It was counted by its due date, or, when it had none, by the day on which
// the bank was to be given it.
func (b *Book) unspend(t *Transaction) {
	if t.Launch == "" {
		return
	}
	on, err := savehack.ParseDate(t.Occasion)
	if err != nil {
		on = savehack.On(t.Ready.Add(-b.Partner.CancelFor), b.zone())
	}
	month := period(on, monthly)
	b.User.Spent.giveBack(month, t.Amount)
	b.touch(b.User.ID)
	if l, ok := b.Launch(t.Launch); ok {
		l.Spent.giveBack(month, t.Amount)
		if c, ok := b.Consent(l.Consent); ok {
			l.Consented.giveBack(period(on, c.MaxFrequency), t.Amount)
		}
		b.touch(l.ID)
	}
}
