package savehack

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// taken are the amounts on the first due dates of a plan.
func taken(p Plan, s Situation, n int) (out []int64) {
	for after := s.Started.AddDays(-1); len(out) < n; {
		due, ok := p.Next(s, after)
		if !ok {
			break
		}
		out = append(out, p.Amount(s, due))
		after = due
	}
	return out
}

func TestAmountsAreWhatTheKindsSay(t *testing.T) {
	s := Situation{Seed: "launch", Started: Date{2024, 2, 28}, Target: 520000}
	for _, c := range []struct {
		kind, params string
		want         []int64
	}{
		{"OneTime", `{"amountCents":500}`, []int64{500}},
		{"Daily", `{"amountCents":500}`, []int64{500, 500, 500}},
		{"Weekly", `{"amountCents":500,"dayOfWeek":0}`, []int64{500, 500, 500}},
		{"Monthly", `{"amountCents":500,"dayOfMonth":31}`, []int64{500, 500, 500}},
		{"Rocket", `{"amountCents":10,"stepCents":5}`, []int64{10, 15, 20, 25}},
		{"Rocket", `{"amountCents":10,"stepCents":5,"maxAmountCents":18}`, []int64{10, 15, 18, 18}},
		{"Rocket", `{"amountCents":10,"stepCents":5,"maxAmountCents":10}`, []int64{10, 10}},
		{"Rocket", fmt.Sprintf(`{"amountCents":1,"stepCents":%d}`, int64(MaxAmount)), []int64{1, MaxAmount, MaxAmount}},
		{"Everest", `{"amountCents":10,"stepCents":5,"maxAmountCents":20}`, []int64{10, 15, 20, 10, 15, 20, 10}},
		{"Everest", `{"amountCents":10,"stepCents":5,"maxAmountCents":22}`, []int64{10, 15, 20, 22, 10, 15}},
		{"Everest", `{"amountCents":10,"stepCents":5,"maxAmountCents":10}`, []int64{10, 10, 10}},
		{"Autopilot", ``, []int64{10000, 10000}},
	} {
		if got := taken(plan(t, c.kind, c.params), s, len(c.want)); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s %s takes %v, not %v", c.kind, c.params, got, c.want)
		}
	}
}

func TestTheAutopilotArrivesOnTheDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Situation{Started: anyDate(t, "started"), Target: rapid.Int64Range(1, 1e12).Draw(t, "target")}
		s.Saved = rapid.Int64Range(0, s.Target).Draw(t, "saved")
		s.Expires = s.Started.AddDays(rapid.IntRange(0, 3000).Draw(t, "days"))
		first := int64(-1)
		for after := s.Started.AddDays(-1); ; {
			due, ok := autopilot{}.Next(s, after)
			if !ok {
				break
			}
			amount := autopilot{}.Amount(s, due)
			if first < 0 {
				first = amount
			}
			if amount > first || first-amount > 1 && s.Saved+amount < s.Target {
				t.Fatalf("on %s %d is taken, and %d at first", due, amount, first)
			}
			s.Saved += amount
			after = due
		}
		if s.Saved != s.Target {
			t.Fatalf("%d is saved by %s, of %d", s.Saved, s.Expires, s.Target)
		}
	})
}

func TestTheAutopilotSteers(t *testing.T) {
	s := Situation{Started: Date{2026, 1, 5}, Target: 100000, Expires: Date{2026, 3, 10}} // ten Mondays
	for _, c := range []struct {
		saved, target int64
		due           Date
		want          int64
	}{
		{0, 100000, Date{2026, 1, 5}, 10000},
		{10000, 100000, Date{2026, 1, 12}, 10000},
		{55000, 100000, Date{2026, 1, 12}, 5000},  // put in by hand
		{10000, 190000, Date{2026, 1, 12}, 20000}, // a greater dream
		{0, 100000, Date{2026, 3, 9}, 100000},     // nothing went well, and this is the last one
		{99999, 100000, Date{2026, 1, 12}, 1},
		{100000, 100000, Date{2026, 1, 12}, 0},
		{150000, 100000, Date{2026, 1, 12}, 0},
		{0, 0, Date{2026, 1, 12}, 0},
		{-5000, 40000, Date{2026, 1, 12}, 5000},
	} {
		s.Saved, s.Target = c.saved, c.target
		if got := (autopilot{}).Amount(s, c.due); got != c.want {
			t.Errorf("with %d of %d on %s it takes %d, not %d", c.saved, c.target, c.due, got, c.want)
		}
	}
	s = Situation{Started: Date{2026, 1, 5}, Target: 100001}
	for range 52 {
		s.Saved += autopilot{}.Amount(s, Date{2026, 6, 1})
	}
	if s.Saved != s.Target {
		t.Errorf("without a date it saves %d in a year, of %d", s.Saved, s.Target)
	}
}

func TestReactionsAreWhatTheKindsSay(t *testing.T) {
	for _, c := range []struct {
		kind, params string
		cents, want  int64
	}{
		{"Percentage", `{"percentage":10}`, 25000, 2500},
		{"Percentage", `{"percentage":2.5}`, 399, 9}, // 9.975
		{"Percentage", `{"percentage":0.5}`, 199, 0},
		{"Percentage", `{"percentage":0.5}`, 200, 1},
		{"Percentage", `{"percentage":100}`, 12345, 12345},
		{"Percentage", `{"percentage":10,"maxAmountCents":2000}`, 25000, 2000},
		{"Percentage", `{"percentage":10}`, -25000, 0},
		{"Percentage", `{"percentage":100}`, 1<<63 - 1, MaxAmount},
		{"Roundup", `{"roundToCents":1000}`, 4350, 650},
		{"Roundup", `{"roundToCents":1000}`, 5000, 0},
		{"Roundup", `{"roundToCents":1000}`, 1, 999},
		{"Roundup", `{"roundToCents":1000}`, 0, 0},
		{"Roundup", `{"roundToCents":1000}`, -4350, 0},
		{"Roundup", `{"roundToCents":7}`, 1<<63 - 1, 0}, // 7 divides it
		{"Copycat", `{"launchId":"a"}`, 777, 777},
		{"Copycat", `{"launchId":"a","percentage":50}`, 777, 388},
		{"Copycat", `{"launchId":"a","percentage":1000}`, 777, 7770},
		{"Copycat", `{"launchId":"a","percentage":1000,"maxAmountCents":5000}`, 777, 5000},
		{"Copycat", `{"launchId":"a","percentage":1000}`, MaxAmount, MaxAmount},
		{"Copycat", `{"launchId":"a","percentage":1000}`, 1<<63 - 1, MaxAmount},
	} {
		if got := plan(t, c.kind, c.params).React(Situation{}, c.cents); got != c.want {
			t.Errorf("%s %s of %d takes %d, not %d", c.kind, c.params, c.cents, got, c.want)
		}
	}
}

func TestPlansHearWhatTheyLiveOn(t *testing.T) {
	for _, c := range []struct{ kind, params, hears, follows string }{
		{"Percentage", `{"percentage":10}`, income, ""},
		{"Percentage", `{"percentage":10,"of":"income"}`, income, ""},
		{"Percentage", `{"percentage":10,"of":"purchase"}`, purchase, ""},
		{"Roundup", `{"roundToCents":1000}`, purchase, ""},
		{"Copycat", `{"launchId":"abc"}`, "", "abc"},
		{"Daily", `{"amountCents":1}`, "", ""},
	} {
		p := plan(t, c.kind, c.params)
		for _, feed := range []string{income, purchase, "balance", ""} {
			if p.Hears(feed) != (feed == c.hears && feed != "") {
				t.Errorf("%s %s hears %q: %v", c.kind, c.params, feed, p.Hears(feed))
			}
		}
		if p.Follows() != c.follows {
			t.Errorf("%s %s follows %q", c.kind, c.params, p.Follows())
		}
		if k, _ := Find(c.kind); (k.Feed != "") != (c.hears != "") || k.Follows != (c.follows != "") {
			t.Errorf("the kind %s says %q and %v", c.kind, k.Feed, k.Follows)
		}
	}
}
