package savehack

import (
	"math"
	"slices"
)

// Running is a launch as a forecast sees it: one that is active, or one that is only being thought of.
type Running struct {
	Plan       Plan
	Seed       string // the launch's id
	Started    Date   // zero when it would begin on the day from which is looked ahead
	Done       Date   // the last due date that was dealt with; zero when there was none
	StopAtGoal bool
	MonthlyCap int64 // at most so much in a calendar month; zero is no limit
	Spent      int64 // of that, what was taken already in the month from which is looked ahead
}

// Cap is how much may be taken in a calendar month.
type Cap struct {
	Monthly int64 // zero is no limit
	Spent   int64 // what was taken already in the month from which is looked ahead
}

// Forecast is what is to come of a dream.
type Forecast struct {
	Reached Date  // when its target is reached; zero when it has none, or not within the time
	Weekly  int64 // on average, in whole weeks: until it is reached, and over the coming year at most
	Next    Date  // the next due date on which something is taken; zero when there is none
}

// How far a forecast looks: ten years for the target, a year for what it costs.
const (
	daysAhead  = 3653
	weeksAhead = 52
)

// Simulate walks through what is due from a date on, and looks ahead until another, at most ten years. What hears or follows has no due
// dates and is not foreseen. Of the situation it takes the dream; seed and start are each launch's own. Every deposit is taken to succeed, and
// what all launches take together stays within the shared caps.
func Simulate(plans []Running, s Situation, from Date, limit Date, shared ...Cap) Forecast {
	if end := from.AddDays(daysAhead); limit.IsZero() || end.Before(limit) {
		limit = end
	}
	var f Forecast
	already := s.reached()
	if already {
		f.Reached = from
	}
	var walks []walk
	for _, r := range plans {
		if w := (walk{Running: r, cap: budget{Cap{r.MonthlyCap, r.Spent}, from}}); w.begin(s, from, limit) {
			walks = append(walks, w)
		}
	}
	together := make([]budget, len(shared))
	for i, c := range shared {
		together[i] = budget{c, from}
	}
	taken, yearEnds := int64(0), from.AddDays(weeksAhead*7)
	for len(walks) > 0 && (f.Reached.IsZero() || already) {
		first := 0
		for i := range walks {
			if walks[i].due.Before(walks[first].due) {
				first = i
			}
		}
		w := &walks[first]
		if already && !w.due.Before(yearEnds) && !f.Next.IsZero() {
			break // the target is known, and the year is over
		}
		if amount := w.take(s, together); amount > 0 {
			s.Saved = sum(s.Saved, amount)
			if f.Next.IsZero() {
				f.Next = w.due
			}
			if w.due.Before(yearEnds) {
				taken = sum(taken, amount)
			}
			if f.Reached.IsZero() && s.reached() {
				f.Reached = w.due
			}
		}
		if w.StopAtGoal && s.reached() || !w.next(s, w.due, limit) {
			walks = slices.Delete(walks, first, first+1)
		}
	}
	weeks := int64(weeksAhead)
	if !already && !f.Reached.IsZero() {
		weeks = min(weeks, int64(f.Reached.number()-from.number())/7+1)
	}
	f.Weekly = taken / weeks
	return f
}

// reached reports whether the dream has what it wants.
func (s Situation) reached() bool { return s.Target > 0 && s.Saved >= s.Target }

// walk is a launch on its way through the days.
type walk struct {
	Running
	due Date
	cap budget
}

// begin finds the first due date, and reports whether there is one.
func (w *walk) begin(s Situation, from, limit Date) bool {
	if w.Started.IsZero() {
		w.Started = from
	}
	after := from.AddDays(-1)
	if after.Before(w.Done) {
		after = w.Done
	}
	if eve := w.Started.AddDays(-1); after.Before(eve) {
		after = eve
	}
	return !(w.StopAtGoal && s.reached()) && w.next(s, after, limit)
}

// next goes on to the due date after another, and reports whether there is one.
func (w *walk) next(s Situation, after, limit Date) bool {
	due, ok := w.Plan.Next(w.own(s), after)
	w.due = due
	return ok && !limit.Before(due)
}

// take is what is taken on the due date. It counts towards the caps.
func (w *walk) take(s Situation, together []budget) int64 {
	amount := w.Plan.Amount(w.own(s), w.due)
	if w.StopAtGoal && s.Target > 0 {
		amount = min(amount, max(s.Target-s.Saved, 0)) // another launch may have reached it
	}
	amount = min(amount, w.cap.left(w.due))
	for i := range together {
		amount = min(amount, together[i].left(w.due))
	}
	w.cap.Spent = sum(w.cap.Spent, amount)
	for i := range together {
		together[i].Spent = sum(together[i].Spent, amount)
	}
	return amount
}

// budget is a cap on its way through the months.
type budget struct {
	Cap
	month Date // a day of the month in which Spent was spent
}

// left is what may still be taken in the month of a date, which begins anew when it is another.
func (b *budget) left(d Date) int64 {
	if b.month.Year != d.Year || b.month.Month != d.Month {
		b.month, b.Spent = d, 0
	}
	if b.Monthly == 0 {
		return math.MaxInt64
	}
	return max(b.Monthly-b.Spent, 0)
}

// own is the dream's situation as this launch sees it.
func (w *walk) own(s Situation) Situation {
	s.Seed, s.Started = w.Seed, w.Started
	return s
}

// sum adds what is not negative, up to the greatest that can be counted.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
