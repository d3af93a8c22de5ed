package savehack

import (
	"math/bits"
)

// Chance here is a number made of the launch's id, of what it is for, and of the week or date: who asks again is told the same. It is no
// secret and need not be: it only has to look like chance, and to be evenly spread.
type chance uint64

// What chance is made for, so that the amount of a day says nothing about the day.
const (
	thiefDays uint64 = iota + 1
	thiefAmount
	rouletteDay
	rouletteAmount
	chaosDays
)

// chanceOf is the chance of a launch in a period, or on a day: n is its number.
func chanceOf(seed string, what uint64, n int) chance {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(seed) {
		h = (h ^ uint64(seed[i])) * 1099511628211
	}
	return chance(mix(h ^ mix(what<<32^uint64(n))))
}

// next is another number from 0 up to but not n.
func (c *chance) next(n uint64) uint64 {
	*c += 0x9e3779b97f4a7c15
	number, _ := bits.Mul64(mix(uint64(*c)), n)
	return number
}

// between is a number from min to max, both included.
func (c *chance) between(min, max int64) int64 { return min + int64(c.next(uint64(max-min)+1)) }

// days chooses so many of the days 0, 1, 2... of a period, each set of them equally often, as bits (Knuth, TAOCP 2, 3.4.2, algorithm S).
func (c *chance) days(choose, of int) (set uint32) {
	for day := 0; choose > 0; day++ {
		if c.next(uint64(of-day)) < uint64(choose) {
			set |= 1 << day
			choose--
		}
	}
	return set
}

// mix has each bit depend on all others (splitmix64).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Weeks are counted from that of 1 January 1970; they begin on Monday.
func weekOf(d Date) int { return floor(d.number()+3, 7) }

// onADayOfTheWeek is the first date, on or after another, that lies on one of its week's days.
func onADayOfTheWeek(first Date, days func(week int) uint32) Date {
	week := weekOf(first)
	set := days(week) >> first.monday0()
	if set != 0 {
		return first.AddDays(bits.TrailingZeros32(set))
	}
	return dateOf((week+1)*7 - 3 + bits.TrailingZeros32(days(week+1)))
}

func thiefKind() Kind {
	return kind("Thief", "On one to three days of each week, two on average, that nobody knows beforehand, the thief takes an amount that nobody knows either.",
		[]param{
			money("minAmountCents", "At least", "The least that is taken at once."),
			money("maxAmountCents", "At most", "The most that is taken at once: not less than the least."),
		}, func(v []value) (Plan, Faults) {
			return thief{min: v[0].n, max: v[1].n}, ordered("minAmountCents", v[0].n, "maxAmountCents", v[1].n)
		})
}

type thief struct {
	byDate
	min, max int64
}

func (p thief) Next(s Situation, after Date) (Date, bool) {
	return onADayOfTheWeek(from(s.Started.AddDays(1), after), func(week int) uint32 {
		c := chanceOf(s.Seed, thiefDays, week)
		return c.days(1+int(c.next(3)), 7)
	}), true
}

func (p thief) Amount(s Situation, due Date) int64 {
	c := chanceOf(s.Seed, thiefAmount, due.number())
	return c.between(p.min, p.max)
}

// pockets are those of a roulette wheel with one zero.
const pockets = 37

func rouletteKind() Kind {
	return kind("Roulette", "Once a week, on a day that chance chooses, the wheel is spun: each of its 37 pockets is an amount, in even steps from the least to the most.",
		[]param{
			money("minAmountCents", "At least", "What the lowest pocket takes."),
			money("maxAmountCents", "At most", "What the highest pocket takes: not less than the lowest."),
		}, func(v []value) (Plan, Faults) {
			return roulette{min: v[0].n, max: v[1].n}, ordered("minAmountCents", v[0].n, "maxAmountCents", v[1].n)
		})
}

type roulette struct {
	byDate
	min, max int64
}

func (p roulette) Next(s Situation, after Date) (Date, bool) {
	return onADayOfTheWeek(from(s.Started.AddDays(1), after), func(week int) uint32 {
		c := chanceOf(s.Seed, rouletteDay, week)
		return c.days(1, 7)
	}), true
}

func (p roulette) Amount(s Situation, due Date) int64 {
	c := chanceOf(s.Seed, rouletteAmount, due.number())
	steps := min(p.max-p.min, pockets-1) // fewer pockets when there are not so many amounts
	if steps == 0 {
		return p.min
	}
	return p.min + (p.max-p.min)*int64(c.next(uint64(steps)+1))/steps
}

func calendarChaosKind() Kind {
	days := param{name: "daysPerMonth", title: "Days a month", about: "On how many days of each month something is taken.", min: 1, max: 28, byDefault: "4"}
	unit := money("amountCents", "For each day", "What is taken on the 1st; on the 17th it is 17 times as much.")
	unit.max = MaxAmount / 31
	return kind("CalendarChaos", "On days of each month that chance chooses, the date says how much: so many times the amount as the day of the month.",
		[]param{unit, days}, func(v []value) (Plan, Faults) { return calendarChaos{unit: v[0].n, days: int(v[1].n)}, nil })
}

type calendarChaos struct {
	byDate
	unit int64
	days int // a month, at most 28
}

func (p calendarChaos) Next(s Situation, after Date) (Date, bool) {
	first := from(s.Started.AddDays(1), after)
	if set := p.chosen(s, first) >> (first.Day - 1); set != 0 {
		return first.AddDays(bits.TrailingZeros32(set)), true
	}
	next := Date{first.Year, first.Month, 1}.AddMonths(1)
	return next.AddDays(bits.TrailingZeros32(p.chosen(s, next))), true
}

// chosen are the days of a date's month.
func (p calendarChaos) chosen(s Situation, d Date) uint32 {
	c := chanceOf(s.Seed, chaosDays, d.Year*12+int(d.Month))
	return c.days(p.days, lastDay(d.Year, d.Month))
}

func (p calendarChaos) Amount(_ Situation, due Date) int64 { return p.unit * int64(due.Day) }

// ordered finds the fault that the greatest is less than the least.
func ordered(lowName string, low int64, highName string, high int64) Faults {
	if high < low {
		return Faults{{highName, "can't be less than " + lowName}}
	}
	return nil
}
