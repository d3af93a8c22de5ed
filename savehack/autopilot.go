package savehack

// unhurried is in how many weeks the autopilot reaches a dream without a date.
const unhurried = 52

func autopilotKind() Kind {
	return kind("Autopilot", "Every week, on the weekday of the launch and from that day on, an even share of what is left until the dream's date; of a dream without a date, a 52nd part of the whole.",
		nil, func([]value) (Plan, Faults) { return autopilot{}, nil })
}

// autopilot looks anew each week: who has put something in by themselves, or has made the dream greater, is steered along. A dream that has
// no target needs nothing.
type autopilot struct{ byDate }

func (autopilot) Next(s Situation, after Date) (Date, bool) {
	due := anniversary(s, after)
	return due, !hurried(s) || !s.Expires.Before(due)
}

func (autopilot) Amount(s Situation, due Date) int64 {
	left := min(s.Target, MaxAmount) - s.Saved
	if s.Saved >= s.Target || left <= 0 {
		return 0
	}
	if !hurried(s) {
		return min(left, share(s.Target, unhurried))
	}
	weeks := (s.Expires.number()-due.number())/7 + 1 // this one too
	return min(share(left, max(weeks, 1)), MaxAmount)
}

// share is the part of an amount that falls on one of so many, rounded up so that the last one is not the greatest.
func share(whole int64, of int) int64 {
	part := whole / int64(of)
	if whole%int64(of) > 0 {
		part++
	}
	return part
}
