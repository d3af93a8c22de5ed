package savehack

import (
	"fmt"
	"time"

	"parley"
)

// Date is a day as people write it, without an hour and a zone. The zero value is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// On is the date that it is in a zone at an instant.
func On(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// ParseDate reads "2026-11-25", and a date that exists.
func ParseDate(s string) (Date, error) {
	bad := parley.Invalid("date", "must be a date that exists, such as 2026-11-25")
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return Date{}, bad
	}
	var part [3]int
	for i, r := range []byte(s) {
		switch {
		case i == 4 || i == 7:
		case r < '0' || r > '9':
			return Date{}, bad
		default:
			n := min(i/4, (i-1)/3) // the positions 0-3, 5-6 and 8-9
			part[n] = part[n]*10 + int(r-'0')
		}
	}
	d := Date{part[0], time.Month(part[1]), part[2]}
	if d.Year < 1 || d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > lastDay(d.Year, d.Month) {
		return Date{}, bad
	}
	return d, nil
}

// String writes the date as ISO 8601; the zero date is empty.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText writes the date as String does, so that JSON has it as a string.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; nothing is the zero date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	read, err := ParseDate(string(text))
	if err == nil {
		*d = read
	}
	return err
}

// IsZero reports whether it is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Before reports whether d comes before e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// AddDays is so many days later, or earlier when n is negative.
func (d Date) AddDays(n int) Date {
	if day := d.Day + n; day >= 1 && day <= 28 {
		return Date{d.Year, d.Month, day}
	}
	return dateOf(d.number() + n)
}

// AddMonths is the same day so many months later, or the last day of that month when it is shorter: a month after 31 January is the last of
// February.
func (d Date) AddMonths(n int) Date {
	months := d.Year*12 + int(d.Month) - 1 + n
	year, month := floor(months, 12), time.Month(months-floor(months, 12)*12+1)
	return Date{year, month, min(d.Day, lastDay(year, month))}
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	n := d.number() + 4 // day 0, 1 January 1970, was a Thursday
	return time.Weekday(n - floor(n, 7)*7)
}

// Start is the first instant of the date in a zone, whatever the zone's clocks do that night. A date that a zone left out begins where the
// next one does.
//
// It is the first instant at which the clock shows this date or a later one. Where clocks are put forward at midnight that is one o'clock;
// where they are put back just after midnight the date begins twice, and this is the first time.
func (d Date) Start(zone *time.Location) time.Time {
	midnight := int64(d.number()) * 86400 // as a clock in the zone shows it
	// No zone is a day away from UTC, so at this instant every clock shows something earlier.
	for t := time.Unix(midnight-86400, 0).In(zone); ; {
		_, offset := t.Zone()
		_, end := t.ZoneBounds()
		begins := max(midnight-int64(offset), t.Unix())
		if end.IsZero() || begins < end.Unix() {
			return time.Unix(begins, 0).In(zone)
		}
		t = end
	}
}

// monday0 is the day of the week with Monday as 0 and Sunday as 6, the order of ISO 8601.
func (d Date) monday0() int { return int(d.Weekday()+6) % 7 }

// number counts the days since 1 January 1970 in the Gregorian calendar. It shifts the year to begin in March, so that the leap day is its
// last, and counts by eras of 400 years, which all have 146097 days.
func (d Date) number() int {
	y, m := d.Year, int(d.Month)
	if m <= 2 {
		y--
		m += 12
	}
	era := floor(y, 400)
	ofEra := y - era*400
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + (153*(m-3)+2)/5 + d.Day - 1 - 719468
}

// dateOf is the date of a number.
func dateOf(n int) Date {
	n += 719468
	era := floor(n, 146097)
	ofEra := n - era*146097
	year := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*year + year/4 - year/100)
	month := (5*ofYear + 2) / 153
	d := Date{era*400 + year, time.Month(month + 3), ofYear - (153*month+2)/5 + 1}
	if d.Month > 12 {
		d.Month -= 12
		d.Year++
	}
	return d
}

// lastDay is how many days a month has.
func lastDay(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// floor divides and rounds down, also what is negative.
func floor(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
