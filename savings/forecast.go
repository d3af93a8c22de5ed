package savings

import (
	"encoding/json"
	"time"

	"parley/savehack"
)

// Forecast says when a dream is reached with the launches that are on it, and those that might be added.
type Forecast struct {
	Reached string  // a date; empty when not within ten years
	Weekly  Cents   // on average, until it is reached and over the coming year at most
	Next    string  // the date of the next deposit; empty when there is none
	Each    []Cents // what each that is only being thought of takes a week by itself
}

// Forecast says when a dream is reached with its active launches, and with more that are only being thought of. What lives on purchases,
// on income or on another launch cannot be foreseen, and every deposit is taken to succeed. A launch that waits for an account is reckoned
// as if it began today.
func (b *Book) Forecast(dream string, more ...NewLaunch) (Forecast, error) {
	if err := b.alive(); err != nil {
		return Forecast{}, err
	}
	d, ok := b.Dream(dream)
	if !ok || !d.DeletedAt.IsZero() {
		return Forecast{}, NotFound("Dream")
	}
	today := b.today()
	month := period(today, monthly)
	var running []savehack.Running
	for _, l := range b.Launches {
		_, plan, err := planOf(l.Kind, l.Params)
		if err != nil || l.Dream != d.ID || l.State != Active && l.State != Waiting {
			continue
		}
		r := savehack.Running{Plan: plan, Seed: l.ID, StopAtGoal: l.StopAtGoal, MonthlyCap: int64(l.MonthlyCap), Spent: int64(l.Spent.in(month))}
		if !l.StartedAt.IsZero() {
			r.Started = savehack.On(l.StartedAt, b.zone())
			r.Done, _ = savehack.ParseDate(l.Done)
		}
		running = append(running, r)
	}
	var f Faults
	runs := len(running)
	for _, n := range more {
		item, ok := b.Partner.offered(&f, n)
		f.amount("monthlyCapCents", n.MonthlyCap)
		if !ok {
			continue
		}
		if len(n.Params) == 0 {
			n.Params = json.RawMessage("{}")
		}
		_, plan, err := planOf(item.Kind, n.Params)
		if err != nil {
			if err := f.kind(err); err != nil {
				return Forecast{}, err
			}
			continue
		}
		running = append(running, savehack.Running{Plan: plan, Seed: d.ID + item.Kind, StopAtGoal: n.StopAtGoal == nil || *n.StopAtGoal,
			MonthlyCap: int64(n.MonthlyCap)})
	}
	if err := f.or(); err != nil {
		return Forecast{}, err
	}
	s := savehack.Situation{Target: int64(d.Target), Saved: int64(d.Balance + d.Pending), Country: b.Partner.Country}
	s.Expires, _ = savehack.ParseDate(d.Expires)
	all := savehack.Cap{Monthly: int64(b.User.Limits.MonthlyCap), Spent: int64(b.User.Spent.in(month))}
	seen := savehack.Simulate(running, s, today, savehack.Date{}, all)
	out := Forecast{Reached: seen.Reached.String(), Weekly: Cents(seen.Weekly), Next: seen.Next.String()}
	for i := range running[runs:] {
		alone := savehack.Simulate(running[runs+i:runs+i+1], s, today, savehack.Date{}, all)
		out.Each = append(out.Each, Cents(alone.Weekly))
	}
	return out, nil
}

// NextDeposit is the date on which something is next due for a dream; empty when nothing is, or nobody knows when. What is due may come to
// nothing, as with a thief who finds nothing.
func (b *Book) NextDeposit(dream string) string {
	var next time.Time
	for _, l := range b.Launches {
		if l.Dream == dream && l.State == Active && l.Due.After(b.Now) && (next.IsZero() || l.Due.Before(next)) {
			next = l.Due
		}
	}
	if next.IsZero() {
		return ""
	}
	return savehack.On(next, b.zone()).String()
}
