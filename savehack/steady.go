package savehack

func oneTimeKind() Kind {
	return kind("OneTime", "One deposit, on the day of the launch.",
		[]param{money("amountCents", "Amount", "What is taken.")},
		func(v []value) (Plan, Faults) { return oneTime{amount: v[0].n}, nil })
}

type oneTime struct {
	byDate
	amount int64
}

func (p oneTime) Next(s Situation, after Date) (Date, bool) {
	return s.Started, after.Before(s.Started)
}
func (p oneTime) Amount(Situation, Date) int64 { return p.amount }

func dailyKind() Kind {
	return kind("Daily", "The same amount every day, from the day after the launch.",
		[]param{money("amountCents", "Amount", "What is taken each day.")},
		func(v []value) (Plan, Faults) { return daily{amount: v[0].n}, nil })
}

type daily struct {
	byDate
	amount int64
}

func (p daily) Next(s Situation, after Date) (Date, bool) {
	return from(s.Started.AddDays(1), after), true
}
func (p daily) Amount(Situation, Date) int64 { return p.amount }

func weeklyKind() Kind {
	return kind("Weekly", "The same amount every week, on a day of the week; the first may be the day of the launch.",
		[]param{
			money("amountCents", "Amount", "What is taken each week."),
			{name: "dayOfWeek", title: "Day of the week", about: "0 is Monday and 6 is Sunday, in the order of ISO 8601.", min: 0, max: 6},
		}, func(v []value) (Plan, Faults) { return weekly{amount: v[0].n, day: int(v[1].n)}, nil })
}

type weekly struct {
	byDate
	amount int64
	day    int // 0 is Monday
}

func (p weekly) Next(s Situation, after Date) (Date, bool) {
	first := from(s.Started, after)
	return first.AddDays((p.day - first.monday0() + 7) % 7), true
}
func (p weekly) Amount(Situation, Date) int64 { return p.amount }

func monthlyKind() Kind {
	return kind("Monthly", "The same amount every month, on a day of the month; the first may be the day of the launch.",
		[]param{
			money("amountCents", "Amount", "What is taken each month."),
			{name: "dayOfMonth", title: "Day of the month", about: "In a month that has no such day it is the last one, so 31 is always the last.", min: 1, max: 31},
		}, func(v []value) (Plan, Faults) { return monthly{amount: v[0].n, day: int(v[1].n)}, nil })
}

type monthly struct {
	byDate
	amount int64
	day    int
}

func (p monthly) Next(s Situation, after Date) (Date, bool) {
	first := from(s.Started, after)
	due := p.in(first)
	if due.Before(first) {
		due = p.in(Date{first.Year, first.Month, 1}.AddMonths(1))
	}
	return due, true
}
func (p monthly) Amount(Situation, Date) int64 { return p.amount }

// in is the day in the month of a date.
func (p monthly) in(d Date) Date { return Date{d.Year, d.Month, min(p.day, lastDay(d.Year, d.Month))} }
