package savehack

import (
	"strings"
	"testing"

	"github.com/rickar/cal/v2"
	"pgregory.net/rapid"
)

func TestBanksAreClosedOnTheirHolidays(t *testing.T) {
	// Weekdays on which the settlement systems are closed, as the central banks announce them.
	for _, c := range []struct{ country, year, closed string }{
		{"SE", "2026", "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25 12-31"},
		{"SE", "2025", "01-01 01-06 04-18 04-21 05-01 05-29 06-06 06-20 12-24 12-25 12-26 12-31"},
		{"NO", "2026", "01-01 04-02 04-03 04-06 05-01 05-14 05-25 12-24 12-25"},
		{"NO", "2019", "01-01 04-18 04-19 04-22 05-01 05-17 05-30 06-10 12-24 12-25 12-26"},
		{"DK", "2026", "01-01 04-02 04-03 04-06 05-14 05-15 05-25 06-05 12-24 12-25 12-31"},
		{"DK", "2023", "04-06 04-07 04-10 05-05 05-18 05-19 05-29 06-05 12-25 12-26"}, // the last General Prayer Day
		{"FI", "2026", "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25"},
		{"FI", "2024", "01-01 03-29 04-01 05-01 05-09 06-21 12-06 12-24 12-25 12-26"},
		{"DE", "2025", "01-01 04-18 04-21 05-01 05-29 06-09 10-03 12-25 12-26"},
		{"NL", "2026", "01-01 04-03 04-06 04-27 05-01 05-14 05-25 12-25"},
		{"NL", "2025", "01-01 04-18 04-21 05-01 05-29 06-09 12-25 12-26"}, // King's Day came on the Saturday before its Sunday
		{"FR", "2026", "01-01 04-03 04-06 05-01 12-25"},
		{"BG", "2026", "01-01 04-03 04-06 05-01 12-25"},
		{"GB", "2026", "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"},
		{"GB", "2022", "01-03 04-15 04-18 05-02 06-02 06-03 08-29 12-26 12-27"},
		{"US", "2026", "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25"}, // 4 July is a Saturday, and 3 July a banking day
		{"US", "2027", "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25"},
		{"", "2026", ""},
		{"XX", "2026", ""},
		{"se", "2026", ""},
	} {
		d, end := day(t, c.year+"-01-01"), day(t, c.year+"-12-31")
		var got []string
		for ; !end.Before(d); d = d.AddDays(1) {
			if monday := d.monday0(); monday < 5 && BankingDay(d, c.country) != d {
				got = append(got, d.String()[5:])
			} else if monday >= 5 && BankingDay(d, c.country) == d {
				t.Errorf("banks of %q work on %s, a %s", c.country, d, d.Weekday())
			}
		}
		if strings.Join(got, " ") != c.closed {
			t.Errorf("in %s banks of %q are closed on\n%s, not\n%s", c.year, c.country, strings.Join(got, " "), c.closed)
		}
	}
}

func TestTheFirstBankingDay(t *testing.T) {
	for _, c := range []struct{ country, date, want string }{
		{"SE", "2026-06-19", "2026-06-22"}, // Midsummer Eve
		{"SE", "2026-12-24", "2026-12-28"},
		{"SE", "2026-12-31", "2027-01-04"},
		{"NO", "2026-04-02", "2026-04-07"},
		{"DK", "2026-05-14", "2026-05-18"},
		{"US", "2026-07-03", "2026-07-03"},
		{"US", "2026-07-04", "2026-07-06"},
		{"XX", "2026-12-26", "2026-12-28"},
	} {
		if got := BankingDay(day(t, c.date), c.country); got.String() != c.want {
			t.Errorf("%s %s: %s, not %s", c.country, c.date, got, c.want)
		}
	}
	if got := BankingDay(Date{}, "SE"); !got.IsZero() {
		t.Errorf("no date has the banking day %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		country := rapid.SampledFrom([]string{"SE", "NO", "DK", "FI", "DE", "NL", "GB", "US", "FR", "XX", ""}).Draw(t, "country")
		d := anyDate(t, "date")
		got := BankingDay(d, country)
		if got.Before(d) || d.AddDays(6).Before(got) || BankingDay(got, country) != got {
			t.Fatalf("%s: after %s comes %s", country, d, got)
		}
		for ; d.Before(got); d = d.AddDays(1) {
			if BankingDay(d, country) != got {
				t.Fatalf("%s: from %s on it is not %s", country, d, got)
			}
		}
	})
}

// The module counts in the machine's zone. In some there was no midnight on a holiday: in Jordan on Good Friday 2018, in
// Venezuela on New Year's Day 1965.
func TestHolidaysDoNotHangOnTheMachinesZone(t *testing.T) {
	was := cal.DefaultLoc
	defer func() { cal.DefaultLoc = was }()
	for _, name := range []string{"Asia/Amman", "America/Caracas", "Pacific/Apia", "UTC"} {
		cal.DefaultLoc = zone(t, name)
		for date, want := range map[string]string{"1964-12-31": "1964-12-31", "1965-01-01": "1965-01-04", "2018-03-29": "2018-03-29", "2018-03-30": "2018-04-03", "2018-12-24": "2018-12-27"} {
			if got := BankingDay(day(t, date), "FI"); got.String() != want {
				t.Errorf("on a machine in %s, after %s comes %s", name, date, got)
			}
		}
	}
}

func BenchmarkBankingDay(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		BankingDay(Date{2026, 12, 23}, "FI")
	}
}
