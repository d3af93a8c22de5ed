package savehack

import (
	"testing"

	"pgregory.net/rapid"
)

// byHand foresees the slow way: each day of ten years is looked at, and each launch.
func byHand(plans []Running, s Situation, from, limit Date, shared Cap) (f Forecast) {
	if end := from.AddDays(3653); limit.IsZero() || end.Before(limit) {
		limit = end
	}
	at := s.Target > 0 && s.Saved >= s.Target
	already := at
	if at {
		f.Reached = from
	}
	year, spent, month := int64(0), map[int]int64{}, from.Month
	for i, r := range plans {
		spent[i] = r.Spent
	}
	for d := from; !limit.Before(d); d = d.AddDays(1) {
		if d.Month != month {
			month, spent, shared.Spent = d.Month, map[int]int64{}, 0
		}
		for i, r := range plans {
			if r.Started.IsZero() {
				r.Started = from
			}
			own := s
			own.Seed, own.Started = r.Seed, r.Started
			due, ok := r.Plan.Next(own, d.AddDays(-1))
			if !ok || due != d || !r.Done.Before(d) || r.StopAtGoal && s.Target > 0 && s.Saved >= s.Target {
				continue
			}
			amount := r.Plan.Amount(own, d)
			if r.StopAtGoal && s.Target > 0 && amount > s.Target-s.Saved {
				amount = s.Target - s.Saved
			}
			if r.MonthlyCap > 0 && amount > r.MonthlyCap-spent[i] {
				amount = max(r.MonthlyCap-spent[i], 0)
			}
			if shared.Monthly > 0 && amount > shared.Monthly-shared.Spent {
				amount = max(shared.Monthly-shared.Spent, 0)
			}
			if amount == 0 {
				continue
			}
			s.Saved += amount
			spent[i] += amount
			shared.Spent += amount
			if f.Next.IsZero() {
				f.Next = d
			}
			if d.number() < from.number()+364 && (already || f.Reached.IsZero()) {
				year += amount
			}
			if f.Reached.IsZero() && s.Target > 0 && s.Saved >= s.Target {
				f.Reached = d
			}
		}
	}
	weeks := int64(52)
	if !already && !f.Reached.IsZero() {
		weeks = min(52, int64((f.Reached.number()-from.number()+7)/7))
	}
	f.Weekly = year / weeks
	return f
}

func TestAForecastIsWhatWouldHappen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := anyDate(t, "from")
		s := Situation{Target: rapid.Int64Range(0, 5_000_000).Draw(t, "target")}
		s.Saved = rapid.Int64Range(0, 1_000_000).Draw(t, "saved")
		if rapid.Bool().Draw(t, "hurried") {
			s.Expires = from.AddDays(rapid.IntRange(-20, 800).Draw(t, "days"))
		}
		var plans []Running
		for range rapid.IntRange(0, 4).Draw(t, "launches") {
			k := rapid.SampledFrom(Kinds()).Draw(t, "kind")
			p, err := k.Parse([]byte(examples[k.Name]))
			if err != nil {
				t.Fatal(err)
			}
			r := Running{Plan: p, Seed: rapid.StringMatching(`[a-z]{3}`).Draw(t, "seed"), StopAtGoal: rapid.Bool().Draw(t, "stops")}
			if rapid.Bool().Draw(t, "running") {
				r.Started = from.AddDays(rapid.IntRange(-400, 20).Draw(t, "started"))
			}
			if rapid.Bool().Draw(t, "done") {
				r.Done = from.AddDays(rapid.IntRange(-40, 10).Draw(t, "done"))
			}
			if rapid.Bool().Draw(t, "capped") {
				r.MonthlyCap, r.Spent = rapid.Int64Range(1, 40000).Draw(t, "cap"), rapid.Int64Range(0, 40000).Draw(t, "spent")
			}
			plans = append(plans, r)
		}
		limit := Date{}
		if rapid.Bool().Draw(t, "limited") {
			limit = from.AddDays(rapid.IntRange(-10, 5000).Draw(t, "limit"))
		}
		var shared Cap
		if rapid.Bool().Draw(t, "shared") {
			shared = Cap{rapid.Int64Range(1, 60000).Draw(t, "shared cap"), rapid.Int64Range(0, 60000).Draw(t, "shared spent")}
		}
		got, want := Simulate(plans, s, from, limit, shared), byHand(plans, s, from, limit, shared)
		if got != want {
			t.Fatalf("%+v, and by hand %+v", got, want)
		}
	})
}

func TestForecasts(t *testing.T) {
	today := Date{2026, 11, 25} // a Wednesday
	friday := Running{Plan: plan(t, "Weekly", `{"amountCents":10000,"dayOfWeek":4}`), Started: Date{2026, 1, 1}, StopAtGoal: true}
	thought := Running{Plan: plan(t, "OneTime", `{"amountCents":50000}`), StopAtGoal: true}
	for _, c := range []struct {
		name  string
		plans []Running
		s     Situation
		want  Forecast
	}{
		{"nothing runs", nil, Situation{Target: 1000}, Forecast{}},
		{"ten Fridays", []Running{friday}, Situation{Target: 100000}, Forecast{Date{2027, 1, 29}, 10000, Date{2026, 11, 27}}},
		{"ten Fridays and a bit", []Running{friday}, Situation{Target: 100000, Saved: -1}, Forecast{Date{2027, 2, 5}, 9091, Date{2026, 11, 27}}},
		{"one deposit that is enough", []Running{thought}, Situation{Target: 50000}, Forecast{today, 50000, today}},
		{"one that is too much", []Running{thought}, Situation{Target: 20000}, Forecast{today, 20000, today}},
		{"one deposit, and Fridays", []Running{friday, thought}, Situation{Target: 100000}, Forecast{Date{2026, 12, 25}, 20000, today}},
		{"no target", []Running{friday}, Situation{}, Forecast{Weekly: 10000, Next: Date{2026, 11, 27}}},
		{"it is reached", []Running{friday}, Situation{Target: 5, Saved: 5}, Forecast{Reached: today}},
		{"it is reached and goes on", []Running{{Plan: friday.Plan}}, Situation{Target: 5, Saved: 5}, Forecast{today, 10000, Date{2026, 11, 27}}},
		{"never within ten years", []Running{friday}, Situation{Target: 1e12}, Forecast{Weekly: 10000, Next: Date{2026, 11, 27}}},
		{"today was dealt with", []Running{{Plan: thought.Plan, Started: today, Done: today}}, Situation{Target: 5}, Forecast{}},
		{"this month's cap is spent", []Running{{Plan: friday.Plan, MonthlyCap: 25000, Spent: 25000}}, Situation{Target: 20000}, Forecast{Date{2026, 12, 11}, 6666, Date{2026, 12, 4}}},
		{"the autopilot arrives on the date", []Running{{Plan: autopilot{}, StopAtGoal: true}}, Situation{Target: 90000, Expires: Date{2027, 1, 20}}, Forecast{Date{2027, 1, 20}, 10000, today}},
		{"what hears is not foreseen", []Running{{Plan: plan(t, "Roundup", examples["Roundup"])}}, Situation{Target: 1}, Forecast{}},
	} {
		if got := Simulate(c.plans, c.s, today, Date{}); got != c.want {
			t.Errorf("%s: %+v, not %+v", c.name, got, c.want)
		}
	}
	greatest := Running{Plan: plan(t, "Daily", `{"amountCents":9007199254740991}`)}
	if got := Simulate([]Running{greatest, greatest, greatest}, Situation{Target: 1<<63 - 1}, today, Date{}); got.Reached.IsZero() || got.Weekly <= 0 {
		t.Errorf("the greatest amounts: %+v", got)
	}
}

func BenchmarkSimulateTenYears(b *testing.B) {
	var plans []Running
	for _, name := range []string{"Daily", "Weekly", "Thief", "Everest", "Moonstruck", "Rocket"} {
		plans = append(plans, Running{Plan: plan(b, name, examples[name]), Seed: name, Started: Date{2026, 1, 1}})
	}
	for b.Loop() {
		Simulate(plans, Situation{Target: 1 << 62}, Date{2026, 11, 25}, Date{})
	}
}
