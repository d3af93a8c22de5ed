package savehack

import (
	"bufio"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// almanac reads testdata/moon.txt: new and full moons from 2020 to 2040, computed with another theory by another program (Astronomy Engine
// 2.1.19), in UTC.
func almanac(t *testing.T) (moons []struct {
	phase phase
	at    time.Time
}) {
	t.Helper()
	f, err := os.Open("testdata/moon.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, at, ok := strings.Cut(lines.Text(), " ")
		instant, err := time.Parse(time.RFC3339, strings.TrimSpace(at))
		if !ok || err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		p := newMoon
		if name == "full" {
			p = fullMoon
		}
		moons = append(moons, struct {
			phase phase
			at    time.Time
		}{p, instant})
	}
	return moons
}

func TestTheMoonIsWhereTheAlmanacSaysItIs(t *testing.T) {
	moons, worst := almanac(t), 0.0
	if len(moons) != 519 {
		t.Fatalf("the almanac has %d moons", len(moons))
	}
	for _, m := range moons {
		days := float64(m.at.Unix()) / 86400
		k := math.Round((days-firstMoon)/lunation-float64(m.phase)) + float64(m.phase)
		off := math.Abs(moon(k, m.phase)-days) * 86400
		worst = max(worst, off)
		if off > 60 {
			t.Errorf("the moon of %s is %.0f seconds off", m.at, off)
		}
	}
	t.Logf("at most %.0f seconds off", worst)
}

func TestMoonstruckTakesAtEachMoonOfTheAlmanac(t *testing.T) {
	for _, c := range []struct {
		params string
		wanted func(phase) bool
	}{
		{`{"amountCents":100}`, func(p phase) bool { return p == fullMoon }},
		{`{"amountCents":100,"newMoon":true}`, func(phase) bool { return true }},
	} {
		var want []Date
		for _, m := range almanac(t) {
			if c.wanted(m.phase) {
				want = append(want, On(m.at, time.UTC))
			}
		}
		got := dues(plan(t, "Moonstruck", c.params), Situation{Started: Date{2019, 12, 31}}, Date{2040, 12, 31})
		same(t, c.params, got, want)
	}
}

func TestNoMoonIsLeftOut(t *testing.T) {
	// Far from the almanac's years too: a full moon comes every 29 or 30 days, 1236 or 1237 times a century.
	for _, year := range []int{1900, 2000, 2100, 2500, 3000} {
		moons := dues(moonstruck{amount: 1}, Situation{Started: Date{year, 1, 1}}, Date{year + 99, 12, 31})
		if n := len(moons); n < 1235 || n > 1238 {
			t.Errorf("from %d on a century has %d full moons", year, n)
		}
		for i, m := range moons[1:] {
			if days := m.number() - moons[i].number(); days != 29 && days != 30 {
				t.Errorf("the moon is full on %s, and again on %s", moons[i], m)
			}
		}
	}
}
