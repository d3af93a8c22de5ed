package savehack

import (
	"errors"
	"time"
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
func ParseDate(s string) (Date, error) { return Date{}, errors.New("being written") }

// String writes the date as ISO 8601; the zero date is empty.
func (d Date) String() string { return "" }

// AddDays is so many days later.
func (d Date) AddDays(n int) Date { return d }

// Before reports whether d comes before e.
func (d Date) Before(e Date) bool { return false }

// Start is the first instant of the date in a zone, whatever the zone's clocks do that night. A date that a zone left out begins where the
// next one does.
func (d Date) Start(zone *time.Location) time.Time { return time.Time{} }

// BankingDay is the date, or the first banking day of a country after it.
func BankingDay(d Date, country string) Date { return d }

// Kinds are all kinds, in the order in which they are offered.
func Kinds() []Kind { return nil }

// Find is the kind of a name. The wire's names with "Launch" at the end are found too.
func Find(name string) (Kind, bool) { return Kind{}, false }
