package savings

import (
	"errors"
	"fmt"
	"time"

	"parley/savehack"
)

// zone is where the user's days begin: in their own zone, in the partner's when theirs is not known.
func (b *Book) zone() *time.Location {
	if b.where != nil && b.whereOf == b.User.Zone {
		return b.where
	}
	z, err := zoneOf(b.User.Zone)
	if err != nil {
		z = b.Partner.Zone
	}
	if z == nil {
		z = time.UTC
	}
	b.where, b.whereOf = z, b.User.Zone
	return z
}

// zoneOf reads a zone's name. "Local" is a zone to Go, and nobody's.
func zoneOf(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errors.New("no zone")
	}
	return time.LoadLocation(name)
}

func (b *Book) today() savehack.Date { return savehack.On(b.Now, b.zone()) }

// The periods in which amounts are counted: how often a consent says, and the month of the caps.
const (
	once    = "once"
	daily   = "day"
	weekly  = "week"
	monthly = "month"
	yearly  = "year"
)

// period names the period that a date lies in.
func period(d savehack.Date, every string) string {
	switch every {
	case daily:
		return d.String()
	case weekly:
		y, w := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	case monthly:
		return fmt.Sprintf("%04d-%02d", d.Year, d.Month)
	case yearly:
		return fmt.Sprintf("%04d", d.Year)
	}
	return once
}

// in is what was spent in a period. A period that has been left for a later one is not gone back to: what comes late counts in the later.
func (s Spent) in(p string) Cents {
	if p <= s.Period {
		return s.Cents
	}
	return 0
}

// add counts an amount.
func (s *Spent) add(p string, c Cents) {
	if p > s.Period {
		*s = Spent{Period: p}
	}
	s.Cents += c
}

// giveBack takes out what was counted and did not happen, when the period is still the same.
func (s *Spent) giveBack(p string, c Cents) {
	if p == s.Period {
		s.Cents = max(0, s.Cents-c)
	}
}

// rezone keeps every launch's dates when the user's zone has changed from another: a launch began on the date that it began on, and what is
// next due is due when that date begins in the new zone.
func (b *Book) rezone(from *time.Location) {
	zone := b.zone()
	if zone.String() == from.String() {
		return
	}
	for i := range b.Launches {
		l := &b.Launches[i]
		if l.StartedAt.IsZero() || l.State == Stopped {
			continue
		}
		if began := savehack.On(l.StartedAt, from); began != savehack.On(l.StartedAt, zone) {
			l.StartedAt = began.Start(zone)
			b.touch(l.ID)
		}
		if l.State == Active && !l.Due.IsZero() {
			b.schedule(l)
			b.touch(l.ID)
		}
	}
}
