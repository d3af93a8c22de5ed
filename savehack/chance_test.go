package savehack

import (
	"fmt"
	"math"
	"testing"
)

// even fails unless counts are as even as chance has them: chi square, with a bound that a fair die exceeds once in a hundred thousand
// times. The counts here are always the same, so a test that passes passes for ever.
func even(t *testing.T, what string, counts []int) {
	t.Helper()
	total := 0
	for _, n := range counts {
		total += n
	}
	want, chi := float64(total)/float64(len(counts)), 0.0
	for _, n := range counts {
		chi += (float64(n) - want) * (float64(n) - want) / want
	}
	freedom := float64(len(counts) - 1)
	// Wilson and Hilferty: the cube root of chi square is nearly normal; 4.27 deviations.
	bound := freedom * math.Pow(1-2/(9*freedom)+4.27*math.Sqrt(2/(9*freedom)), 3)
	if want < 5 || chi > bound {
		t.Errorf("%s are not even: chi square %.1f, bound %.1f: %v", what, chi, bound, counts)
	}
}

// launches are situations of many launches that began on one day.
func launches(n int) (out []Situation) {
	for i := range n {
		out = append(out, Situation{Seed: fmt.Sprintf("0198c1a2-7d3e-7c11-9b0a-%012x", i), Started: Date{2023, 12, 31}}) // a Sunday
	}
	return out
}

func TestTheThiefComesOnOneToThreeDaysAWeekAndTakesAnyAmount(t *testing.T) {
	p := plan(t, "Thief", `{"minAmountCents":1000,"maxAmountCents":1019}`)
	var often, days, amounts, pairs = make([]int, 3), make([]int, 7), make([]int, 20), make([]int, 21)
	for _, s := range launches(60) {
		weeks := map[int][]Date{}
		for _, due := range dues(p, s, Date{2025, 12, 28}) { // 104 whole weeks
			weeks[weekOf(due)] = append(weeks[weekOf(due)], due)
			days[due.monday0()]++
			amounts[p.Amount(s, due)-1000]++
		}
		if len(weeks) != 104 {
			t.Fatalf("the thief came in %d weeks of 104", len(weeks))
		}
		for _, week := range weeks {
			often[len(week)-1]++
			if len(week) == 2 {
				a, b := week[0].monday0(), week[1].monday0()
				pairs[b*(b-1)/2+a]++
			}
		}
	}
	even(t, "days a week", often)
	even(t, "days of the week", days)
	even(t, "pairs of days", pairs)
	even(t, "amounts", amounts)
}

func TestTheRouletteIsSpunOnceAWeekAndHas37Pockets(t *testing.T) {
	p := plan(t, "Roulette", `{"minAmountCents":1000,"maxAmountCents":4600}`)
	var days, pocket = make([]int, 7), make([]int, 37)
	for _, s := range launches(60) {
		spins := dues(p, s, Date{2025, 12, 28})
		for i, due := range spins {
			if weekOf(due) != weekOf(spins[0])+i {
				t.Fatalf("the wheel was not spun in the week before %s, or twice", due)
			}
			amount := p.Amount(s, due)
			if (amount-1000)%100 != 0 {
				t.Fatalf("no pocket has %d", amount)
			}
			pocket[(amount-1000)/100]++
			days[due.monday0()]++
		}
		if len(spins) != 104 {
			t.Fatalf("the wheel was spun %d times in 104 weeks", len(spins))
		}
	}
	even(t, "days of the week", days)
	even(t, "pockets", pocket)

	few, amounts := plan(t, "Roulette", `{"minAmountCents":7,"maxAmountCents":9}`), make([]int, 3)
	for _, s := range launches(20) {
		for _, due := range dues(few, s, Date{2024, 12, 31}) {
			amounts[few.Amount(s, due)-7]++
		}
	}
	even(t, "amounts of a small wheel", amounts)
	one := plan(t, "Roulette", `{"minAmountCents":7,"maxAmountCents":7}`)
	if got := one.Amount(Situation{}, Date{2024, 1, 1}); got != 7 {
		t.Errorf("a wheel with one amount gives %d", got)
	}
	whole := plan(t, "Roulette", fmt.Sprintf(`{"minAmountCents":1,"maxAmountCents":%d}`, int64(MaxAmount)))
	least, most := int64(MaxAmount), int64(0)
	for _, s := range launches(400) {
		amount := whole.Amount(s, Date{2024, 1, 1})
		least, most = min(least, amount), max(most, amount)
	}
	if least != 1 || most != MaxAmount {
		t.Errorf("the greatest wheel goes from %d to %d", least, most)
	}
}

func TestCalendarChaosTakesWhatTheDateSays(t *testing.T) {
	for _, n := range []int{1, 4, 28} {
		p := plan(t, "CalendarChaos", fmt.Sprintf(`{"amountCents":500,"daysPerMonth":%d}`, n))
		inApril := make([]int, 30)
		for _, s := range launches(60) {
			months := map[int]int{}
			for _, due := range dues(p, s, Date{2033, 12, 31}) {
				months[due.Year*12+int(due.Month)]++
				if due.Month == 4 {
					inApril[due.Day-1]++
				}
				if got := p.Amount(s, due); got != int64(due.Day)*500 {
					t.Fatalf("on %s %d is taken", due, got)
				}
			}
			for month, days := range months {
				if days != n {
					t.Fatalf("month %d has %d days, not %d", month, days, n)
				}
			}
			if len(months) != 120 {
				t.Fatalf("%d months in ten years", len(months))
			}
		}
		if n < 28 { // sets of nearly all days are more even than chance
			even(t, "days of April", inApril)
		}
	}
}

func TestChanceIsAnotherForEachLaunch(t *testing.T) {
	for _, name := range []string{"Thief", "Roulette", "CalendarChaos"} {
		p, seen := plan(t, name, examples[name]), map[string]bool{}
		for _, s := range launches(50) {
			seen[fmt.Sprint(dues(p, s, Date{2024, 12, 31}))] = true
		}
		if len(seen) != 50 {
			t.Errorf("%s: 50 launches have %d calendars", name, len(seen))
		}
	}
}

// Chance that changed from one version to the next would move the due dates of launches that are running.
func TestChanceStaysAsItWas(t *testing.T) {
	s := Situation{Seed: "0198c1a2-7d3e-7c11-9b0a-6f2d8e4b5a10", Started: Date{2026, 1, 1}}
	for name, want := range map[string]string{
		"Thief":         "2026-01-02 7395 2026-01-09 5377 2026-01-10 4539 2026-01-13 1363 ",
		"Roulette":      "2026-01-02 18000 2026-01-08 2000 2026-01-13 24000 2026-01-22 6000 ",
		"CalendarChaos": "2026-01-14 7000 2026-01-18 9000 2026-01-26 13000 2026-01-31 15500 ",
	} {
		p, got := plan(t, name, examples[name]), ""
		for _, due := range dues(p, s, Date{2026, 12, 31})[:4] {
			got += fmt.Sprintf("%s %d ", due, p.Amount(s, due))
		}
		if got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
