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
