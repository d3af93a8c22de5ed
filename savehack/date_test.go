package savehack

import (
	"encoding/json"
	"testing"
	"time"
	_ "time/tzdata" // the zones of this test, whatever the machine has

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func day(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

func TestDatesAreThoseOfTheCalendar(t *testing.T) {
	d := Date{1583, time.January, 1}
	for n := d.number(); d.Year < 2601; n++ {
		at := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
		if at.Unix() != int64(n)*86400 || d.number() != n || dateOf(n) != d || On(at, time.UTC) != d {
			t.Fatalf("%s is day %d, and day %d is %s", d, d.number(), n, dateOf(n))
		}
		if d.Weekday() != at.Weekday() || d.monday0() != (int(at.Weekday())+6)%7 {
			t.Fatalf("%s is a %s", d, d.Weekday())
		}
		_, week := at.ISOWeek()
		if _, last := at.AddDate(0, 0, -1).ISOWeek(); (week != last) != (weekOf(d) != weekOf(d.AddDays(-1))) {
			t.Fatalf("a week begins on the wrong side of %s", d)
		}
		next := d.AddDays(1)
		if !d.Before(next) || next.Before(d) || d.Before(d) || next.AddDays(-1) != d {
			t.Fatalf("after %s comes %s", d, next)
		}
		d = next
	}
}

func TestMonthsLaterIsTheSameDayOrTheLast(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2028-01-31", 1, "2028-02-29"}, {"2026-01-31", 2, "2026-03-31"}, {"2026-11-30", 3, "2027-02-28"},
		{"2026-12-15", 1, "2027-01-15"}, {"2026-01-15", -1, "2025-12-15"}, {"2026-03-31", -1, "2026-02-28"}, {"2026-05-31", 0, "2026-05-31"},
		{"2024-02-29", 12, "2025-02-28"}, {"2024-02-29", 48, "2028-02-29"}, {"2026-01-01", -25, "2023-12-01"}, {"1900-01-31", 1, "1900-02-28"},
		{"2000-01-31", 1, "2000-02-29"},
	} {
		if got := day(t, c.from).AddMonths(c.n); got.String() != c.want {
			t.Errorf("%d months after %s is %s, not %s", c.n, c.from, got, c.want)
		}
	}
}

func TestOnlyDatesThatExistAreRead(t *testing.T) {
	for _, s := range []string{"0001-01-01", "1999-12-31", "2000-02-29", "2024-02-29", "2026-11-25", "9999-12-31"} {
		if got := day(t, s).String(); got != s {
			t.Errorf("%s is written %s", s, got)
		}
	}
	for _, s := range []string{"", "2026", "2026-11", "2026-1-25", "2026-11-5", "26-11-25", "2026-11-25 ", " 2026-11-25", "2026-11-25T00:00:00Z", "2026/11/25", "2026-13-01",
		"2026-00-10", "2026-11-00", "2026-11-31", "2026-02-29", "1900-02-29", "0000-01-01", "-026-11-25", "+026-11-25", "2026-+1-25", "2026-11-2x", "２０26-11", "20261125"} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("%q is read as %s", s, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9]{4}-[0-9]{2}-[0-9]{2}`).Draw(t, "s")
		_, want := time.Parse(time.DateOnly, s)
		d, err := ParseDate(s)
		if s[:4] == "0000" {
			return // a year before the first: we have none
		}
		if (err == nil) != (want == nil) || err == nil && d.String() != s {
			t.Fatalf("%s: %s, %v, where the standard library says %v", s, d, err, want)
		}
	})
}

func TestDatesTravelAsTexts(t *testing.T) {
	type row struct {
		D Date `json:"d"`
		E Date `json:"e,omitzero"`
	}
	out, err := json.Marshal(row{D: Date{2026, 11, 25}})
	if err != nil || string(out) != `{"d":"2026-11-25"}` {
		t.Errorf("%s, %v", out, err)
	}
	var back row
	if err := json.Unmarshal([]byte(`{"d":"2026-11-25","e":""}`), &back); err != nil || back.D != (Date{2026, 11, 25}) || !back.E.IsZero() {
		t.Errorf("%+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"d":"2026-11-31"}`), &back); err == nil || back.D != (Date{2026, 11, 25}) {
		t.Errorf("a date that does not exist is read as %s, %v", back.D, err)
	}
	if (Date{}).String() != "" {
		t.Error("no date is written as something")
	}
}

// nights are zones whose clocks do something at midnight, and the years in which they do.
var nights = []struct {
	zone     string
	from, to int
}{
	{"Europe/Stockholm", 2017, 2027},
	{"America/Sao_Paulo", 2010, 2020}, // midnight is skipped in spring
	{"America/Santiago", 2015, 2025},  // likewise
	{"Africa/Cairo", 2005, 2026},      // likewise, and Ramadan in 2010 and 2014
	{"Asia/Beirut", 2015, 2025},       // likewise
	{"Asia/Amman", 2012, 2022},        // likewise, on Fridays
	{"Pacific/Apia", 2005, 2015},      // there was no 30 December 2011
	{"Pacific/Kwajalein", 1990, 1996}, // there was no 21 August 1993
	{"Africa/Casablanca", 2016, 2027}, // twice in and out of summer time, because of Ramadan
	{"America/St_Johns", 2000, 2012},  // clocks went back at one minute past midnight, to the day before
	{"America/Juneau", 1860, 1870},    // a day was lived twice, when Alaska was bought
	{"Asia/Manila", 1840, 1850},       // there was no 31 December 1844
	{"Antarctica/Troll", 2010, 2020},  // two hours
	{"Australia/Lord_Howe", 2015, 2025},
	{"Pacific/Kiritimati", 1990, 2000}, // there was no 31 December 1994
	{"UTC", 2020, 2022},
}

func TestADateBeginsAtTheFirstInstantThatIsNotBeforeIt(t *testing.T) {
	for _, n := range nights {
		z := zone(t, n.zone)
		last := time.Time{}
		for d := (Date{n.from, 1, 1}); d.Year < n.to; d = d.AddDays(1) {
			start := d.Start(z)
			if start.Before(last) || start.Location() != z {
				t.Errorf("%s: %s begins at %s, before the day before it", n.zone, d, start)
			}
			if On(start, z).Before(d) {
				t.Errorf("%s: when %s begins, it is %s", n.zone, d, On(start, z))
			}
			// Nothing before it is that date or a later one: looked at by the minute as far back as zones go, and at the last instant.
			for ago := time.Nanosecond; ago < 27*time.Hour; ago += 30 * time.Minute {
				if at := start.Add(-ago); !On(at, z).Before(d) {
					t.Errorf("%s: it is %s at %s already, and %s should begin at %s", n.zone, On(at, z), at, d, start)
				}
			}
			last = start
		}
	}
}

func TestDatesBeginWhereClocksWereChanged(t *testing.T) {
	for _, c := range []struct{ zone, date, start string }{
		{"Europe/Stockholm", "2026-11-25", "2026-11-24T23:00:00Z"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // one o'clock in summer time
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"}, // after 23 o'clock came twice
		{"Africa/Cairo", "2023-04-28", "2023-04-27T22:00:00Z"},
		{"Asia/Beirut", "2024-03-31", "2024-03-30T22:00:00Z"},
		{"America/Santiago", "2024-09-08", "2024-09-08T04:00:00Z"},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"}, // which is the 31st there
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		{"Pacific/Apia", "2012-01-01", "2011-12-31T10:00:00Z"},
		{"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"}, // the first of two midnights
	} {
		if got := day(t, c.date).Start(zone(t, c.zone)).UTC().Format(time.RFC3339); got != c.start {
			t.Errorf("%s: %s begins at %s, not at %s", c.zone, c.date, got, c.start)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	z := zone(b, "Europe/Stockholm")
	b.ReportAllocs()
	for b.Loop() {
		Date{2026, 11, 25}.Start(z)
	}
}
