package savehack

import "math/bits"

// What the current account tells of.
const (
	purchase = "purchase"
	income   = "income"
)

func percentageKind() Kind {
	k := kind("Percentage", "A part of every income, or of every purchase, rounded down.",
		[]param{
			{name: "percentage", title: "Percent", about: "How much of it is taken, in steps of a half.", form: percent, min: 1, max: 200},
			{name: "of", title: "Of what", about: "Of each income, or of each purchase.", form: choice, choices: []string{income, purchase}, byDefault: `"income"`},
			limit("The most that is taken at once. Without it there is no limit."),
		}, func(v []value) (Plan, Faults) { return percentage{halves: v[0].n, of: v[1].s, top: v[2].n}, nil })
	k.Feed = income
	return k
}

type percentage struct {
	byEvent
	halves int64 // of a percent
	of     string
	top    int64 // zero is none
}

func (p percentage) Hears(feed string) bool { return feed == p.of }
func (percentage) Follows() string          { return "" }
func (p percentage) React(_ Situation, cents int64) int64 {
	return part(cents, p.halves, p.top)
}

func roundupKind() Kind {
	k := kind("Roundup", "Each purchase is rounded up, and the difference is saved. One that is round already takes nothing.",
		[]param{
			{name: "roundToCents", title: "Round up to", about: "Purchases are rounded up to the next multiple of this.", min: 2, max: MaxAmount},
		}, func(v []value) (Plan, Faults) { return roundup{unit: v[0].n}, nil })
	k.Feed = purchase
	return k
}

type roundup struct {
	byEvent
	unit int64
}

func (roundup) Hears(feed string) bool { return feed == purchase }
func (roundup) Follows() string        { return "" }
func (p roundup) React(_ Situation, cents int64) int64 {
	if cents <= 0 || cents%p.unit == 0 { // money that comes back is no purchase
		return 0
	}
	return p.unit - cents%p.unit
}

func copycatKind() Kind {
	k := kind("Copycat", "Whenever another launch takes something, this one does too: as much, or a part or a multiple of it.",
		[]param{
			{name: "launchId", title: "Whom to copy", about: "The id of the launch that is followed.", form: text, min: 1, max: 64},
			{name: "percentage", title: "Percent", about: "How much of it is taken, in steps of a half; 100 is the same.", form: percent, min: 1, max: 2000, byDefault: "100"},
			limit("The most that is taken at once. Without it there is no limit."),
		}, func(v []value) (Plan, Faults) { return copycat{launch: v[0].s, halves: v[1].n, top: v[2].n}, nil })
	k.Follows = true
	return k
}

type copycat struct {
	byEvent
	launch string
	halves int64 // of a percent
	top    int64 // zero is none
}

func (copycat) Hears(string) bool { return false }
func (p copycat) Follows() string { return p.launch }
func (p copycat) React(_ Situation, cents int64) int64 {
	return part(cents, p.halves, p.top)
}

// part is so many halves of a percent of an amount, rounded down, and at most top and MaxAmount.
func part(cents, halves, top int64) int64 {
	if cents <= 0 {
		return 0
	}
	if top == 0 {
		top = MaxAmount
	}
	high, low := bits.Mul64(uint64(min(cents, MaxAmount)), uint64(halves)) // may need more than 64 bits
	whole, _ := bits.Div64(high, low, 200)
	return int64(min(whole, uint64(top)))
}
