package savehack

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// dues are all due dates of a plan until a date, asked one after the other.
func dues(p Plan, s Situation, until Date) (out []Date) {
	for after := s.Started.AddDays(-1); ; {
		due, ok := p.Next(s, after)
		if !ok || until.Before(due) {
			return out
		}
		out = append(out, due)
		after = due
	}
}

// dates are the dates from one to another of which something is true.
func dates(from, to Date, is func(Date) bool) (out []Date) {
	for d := from; !to.Before(d); d = d.AddDays(1) {
		if is(d) {
			out = append(out, d)
		}
	}
	return out
}

func same(t *testing.T, what string, got, want []Date) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s: %d dates, not %d; from number %d on %v, not %v", what, len(got), len(want), i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
			return
		}
	}
}

func TestDueDatesAreThoseOfTheCalendar(t *testing.T) {
	for _, started := range []Date{{2016, 2, 28}, {2016, 2, 29}, {2019, 12, 31}, {2020, 1, 1}, {2023, 1, 31}, {2024, 12, 30}} {
		s := Situation{Seed: "seed", Started: started}
		until := started.AddMonths(125)
		for day := range 7 {
			same(t, fmt.Sprintf("Weekly %d from %s", day, started), dues(plan(t, "Weekly", fmt.Sprintf(`{"amountCents":1,"dayOfWeek":%d}`, day)), s, until),
				dates(started, until, func(d Date) bool { return int(d.Weekday()) == (day+1)%7 }))
		}
		for day := 1; day <= 31; day++ {
			same(t, fmt.Sprintf("Monthly %d from %s", day, started), dues(plan(t, "Monthly", fmt.Sprintf(`{"amountCents":1,"dayOfMonth":%d}`, day)), s, until),
				dates(started, until, func(d Date) bool { return d.Day == day || d.Day < day && d.AddDays(1).Day == 1 }))
		}
		everyDay := dates(started.AddDays(1), until, func(Date) bool { return true })
		same(t, "Daily", dues(plan(t, "Daily", examples["Daily"]), s, until), everyDay)
		same(t, "Everest", dues(plan(t, "Everest", examples["Everest"]), s, until), everyDay)
		same(t, "OneTime", dues(plan(t, "OneTime", examples["OneTime"]), s, until), []Date{started})
		sameWeekday := dates(started, until, func(d Date) bool { return d.Weekday() == started.Weekday() })
		same(t, "Rocket", dues(plan(t, "Rocket", examples["Rocket"]), s, until), sameWeekday)
		same(t, "Autopilot", dues(autopilot{}, s, until), sameWeekday)
		s.Expires = started.AddDays(100)
		same(t, "Rocket with a date", dues(plan(t, "Rocket", examples["Rocket"]), s, until), sameWeekday[:15])
		same(t, "Autopilot with a date", dues(autopilot{}, s, until), sameWeekday[:15])
		s.Expires = started.AddDays(98) // a due date itself
		same(t, "Rocket until its date", dues(plan(t, "Rocket", examples["Rocket"]), s, until), sameWeekday[:15])
		s.Expires = started.AddDays(-1) // had passed before
		same(t, "Rocket with a date that had passed", dues(plan(t, "Rocket", examples["Rocket"]), s, until), sameWeekday)
		for _, name := range []string{"Percentage", "Roundup", "Copycat"} {
			same(t, name, dues(plan(t, name, examples[name]), s, until), nil)
		}
	}
}

// walked are the dates that a worker deals with that looks at some instants, as package savings does: whatever is due and was not dealt with.
func walked(p Plan, s Situation, z *time.Location, looks []time.Time) (out []Date) {
	done := s.Started.AddDays(-1)
	for _, now := range looks {
		for {
			due, ok := p.Next(s, done)
			if !ok || now.Before(due.Start(z)) {
				break
			}
			out = append(out, due)
			done = due
		}
	}
	return out
}

func TestEachDueDateIsDueOnceWheneverOneLooks(t *testing.T) {
	for _, n := range nights {
		z := zone(t, n.zone)
		begin, end := Date{n.from, 1, 1}, Date{n.to, 1, 1}
		// Ten years; the instants around each change of the clock, around midnights, and some at random; and a worker that slept for months.
		var changes, often []time.Time
		for at := begin.Start(z); ; {
			_, at = at.ZoneBounds()
			if at.IsZero() || !at.Before(end.Start(z)) {
				break
			}
			changes = append(changes, at.Add(-time.Nanosecond), at, at.Add(time.Second), at.Add(time.Hour))
		}
		random := rand.New(rand.NewPCG(1, uint64(n.from)))
		for at := begin.Start(z); at.Before(end.Start(z)); at = at.Add(time.Duration(random.IntN(40)) * time.Hour / 2) {
			often = append(often, at)
		}
		last := end.Start(z).Add(-time.Nanosecond)
		until := On(last, z)
		byNow := slices.SortedFunc(slices.Values(append(slices.Clone(changes), often...)), time.Time.Compare)
		for _, k := range Kinds() {
			p := plan(t, k.Name, examples[k.Name])
			s := Situation{Seed: "launch", Started: begin, Target: 1e9, Expires: Date{n.to, 6, 1}}
			want := dues(p, s, until)
			for name, looks := range map[string][]time.Time{"at changes": append(slices.Clone(changes), last), "often": append(byNow, last), "at last": {last}} {
				same(t, fmt.Sprintf("%s in %s, looked at %s", k.Name, n.zone, name), walked(p, s, z, looks), want)
			}
			if k.Feed == "" && !k.Follows && len(want) == 0 {
				t.Errorf("%s in %s is never due", k.Name, n.zone)
			}
		}
	}
}

func TestADateThatAZoneLeftOutIsDueWithTheNext(t *testing.T) {
	apia := zone(t, "Pacific/Apia")
	s := Situation{Started: Date{2011, 12, 28}}
	noon := func(d int) time.Time { return time.Date(2011, 12, d, 12, 0, 0, 0, apia) }
	got := walked(plan(t, "Daily", examples["Daily"]), s, apia, []time.Time{noon(29)})
	same(t, "by the 29th", got, []Date{{2011, 12, 29}})
	got = walked(plan(t, "Daily", examples["Daily"]), s, apia, []time.Time{noon(29), noon(31)})
	same(t, "by the 31st", got, []Date{{2011, 12, 29}, {2011, 12, 30}, {2011, 12, 31}})
}

// anyPlan draws a plan of any kind with parameters as its schema allows, often at their bounds.
func anyPlan(t *rapid.T, k Kind) Plan {
	params := object(t, readSchema(t, k), nil)
	p, err := k.Parse(params)
	if err != nil {
		if onlyDisordered(err) {
			t.Skip("the least is more than the most")
		}
		t.Fatalf("%s %s: %v", k.Name, params, err)
	}
	return p
}

func anyDate(t *rapid.T, name string) Date {
	return dateOf(rapid.IntRange(Date{1995, 1, 1}.number(), Date{2110, 12, 31}.number()).Draw(t, name))
}

func TestNextIsTheFirstDueDateAfterAnother(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyPlan(t, k)
				s := Situation{Seed: rapid.String().Draw(t, "seed"), Started: anyDate(t, "started")}
				if rapid.Bool().Draw(t, "hurried") {
					s.Expires = s.Started.AddDays(rapid.IntRange(-10, 900).Draw(t, "days"))
				}
				after := s.Started.AddDays(rapid.IntRange(-20, 800).Draw(t, "after"))
				due, ok := p.Next(s, after)
				if !ok {
					if again, ok := p.Next(s, after.AddDays(400)); ok {
						t.Fatalf("nothing is due after %s, and later %s is", after, again)
					}
					return
				}
				if !after.Before(due) || due.Before(s.Started) {
					t.Fatalf("after %s comes %s, started %s", after, due, s.Started)
				}
				// Whoever asks from any day in between is told the same date, so none was left out and it does not depend on who asks.
				for d := after; d.Before(due); d = d.AddDays(1) {
					if again, ok := p.Next(s, d); !ok || again != due {
						t.Fatalf("after %s comes %s, and after %s comes %s", after, due, d, again)
					}
				}
			})
		})
	}
}

func TestAmountsAreWithinBoundsAndAlwaysTheSame(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := anyPlan(t, k)
				s := Situation{
					Seed: rapid.String().Draw(t, "seed"), Started: anyDate(t, "started"),
					Target: rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1e9)).Draw(t, "target"), Saved: rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1e9)).Draw(t, "saved"),
				}
				s.Expires = s.Started.AddDays(rapid.IntRange(0, 40000).Draw(t, "days"))
				for range 5 {
					due, ok := p.Next(s, anyDate(t, "after"))
					if !ok {
						continue
					}
					amount := p.Amount(s, due)
					if amount < 0 || amount > MaxAmount || amount == 0 && k.Name != "Autopilot" {
						t.Fatalf("on %s %d is taken", due, amount)
					}
					if again := p.Amount(s, due); again != amount {
						t.Fatalf("on %s %d is taken, and then %d", due, amount, again)
					}
				}
				for range 5 {
					cents := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-10, 100000)).Draw(t, "cents")
					took := p.React(s, cents)
					if took < 0 || took > MaxAmount || cents <= 0 && took != 0 {
						t.Fatalf("of %d %d is taken", cents, took)
					}
					if k.Feed == "" && !k.Follows && took != 0 {
						t.Fatalf("a kind without a feed takes %d", took)
					}
				}
			})
		})
	}
}
