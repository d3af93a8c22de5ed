package savehack

func moonstruckKind() Kind {
	return kind("Moonstruck", "An amount at each full moon, and at each new moon too if wanted. The day is the one on which the moon is full at Greenwich (UTC).",
		[]param{
			money("amountCents", "Amount", "What is taken each time."),
			{name: "newMoon", title: "New moon too", about: "Whether something is also taken when the moon is new.", form: yesNo, byDefault: "false"},
		}, func(v []value) (Plan, Faults) { return moonstruck{amount: v[0].n, new: v[1].n == 1}, nil })
}

type moonstruck struct {
	byDate
	amount int64
	new    bool
}

func (p moonstruck) Next(s Situation, after Date) (Date, bool) {
	eve := from(s.Started.AddDays(1), after).AddDays(-1)
	due := nextMoon(fullMoon, eve)
	if p.new {
		if dark := nextMoon(newMoon, eve); dark.Before(due) {
			due = dark
		}
	}
	return due, true
}

func (p moonstruck) Amount(Situation, Date) int64 { return p.amount }
