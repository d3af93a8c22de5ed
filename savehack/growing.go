package savehack

func rocketKind() Kind {
	return kind("Rocket", "Every week, on the weekday of the launch and from that day on, a step more than the week before, until the date of the dream.",
		[]param{
			money("amountCents", "First amount", "What is taken on the day of the launch."),
			money("stepCents", "Step", "How much more it is each week."),
			limit("Where it stops growing: not less than the first amount. Without it, it grows as long as it flies."),
		}, func(v []value) (Plan, Faults) {
			p := rocket{first: v[0].n, step: v[1].n, top: MaxAmount}
			if v[2].n != 0 {
				p.top = v[2].n
			}
			return p, ordered("amountCents", p.first, "maxAmountCents", p.top)
		})
}

type rocket struct {
	byDate
	first, step, top int64
}

func (p rocket) Next(s Situation, after Date) (Date, bool) {
	due := anniversary(s, after)
	return due, !hurried(s) || !s.Expires.Before(due)
}

func (p rocket) Amount(s Situation, due Date) int64 {
	return climb(p.first, p.step, p.top, (due.number()-s.Started.number())/7)
}

func everestKind() Kind {
	return kind("Everest", "Every day, from the day after the launch, a step more than the day before, up to the summit; then it begins again at the foot.",
		[]param{
			money("amountCents", "First amount", "What is taken at the foot."),
			money("stepCents", "Step", "How much more it is each day."),
			money("maxAmountCents", "Summit", "What is taken at the summit, after which it begins again: not less than the first amount."),
		}, func(v []value) (Plan, Faults) {
			p := everest{first: v[0].n, step: v[1].n, top: v[2].n}
			return p, ordered("amountCents", p.first, "maxAmountCents", p.top)
		})
}

type everest struct {
	byDate
	first, step, top int64
}

func (p everest) Next(s Situation, after Date) (Date, bool) {
	return from(s.Started.AddDays(1), after), true
}

func (p everest) Amount(s Situation, due Date) int64 {
	days := (p.top-p.first+p.step-1)/p.step + 1 // of one climb; the last step may be a shorter one
	return climb(p.first, p.step, p.top, (due.number()-s.Started.number()-1)%int(days))
}

// climb is what is reached after so many steps, which may not exceed the top.
func climb(first, step, top int64, steps int) int64 {
	if int64(steps) > (top-first)/step {
		return top
	}
	return first + step*int64(max(steps, 0))
}

// anniversary is the first day after a date that lies whole weeks after the launch, or the day of the launch.
func anniversary(s Situation, after Date) Date {
	first := from(s.Started, after)
	days := first.number() - s.Started.number()
	return first.AddDays((7 - days%7) % 7)
}

// hurried reports whether the dream has a date that had not passed when the launch began. One that had says nothing about the launch.
func hurried(s Situation) bool { return !s.Expires.IsZero() && !s.Expires.Before(s.Started) }
