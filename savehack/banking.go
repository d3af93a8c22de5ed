package savehack

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/ecb"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"
)

// BankingDay is the date, or the first banking day of a country after it. No country has banking days on Saturdays and Sundays. What else is
// none:
//
//	SE  public holidays, Midsummer Eve, Christmas Eve, New Year's Eve (the days on which RIX is closed)
//	NO  public holidays, Christmas Eve (NBO)
//	DK  public holidays, the Friday after Ascension, Christmas Eve, New Year's Eve (Kronos2)
//	GB  bank holidays of England and Wales, with those that were given once
//	US  federal holidays; one on a Sunday is kept on Monday, one on a Saturday not at all (the Federal Reserve)
//	FI  closing days of TARGET, Epiphany, Ascension, Midsummer Eve, Independence Day, Christmas Eve
//	DE  closing days of TARGET, public holidays of all Germany
//	NL  closing days of TARGET, King's Day, Ascension, Whit Monday
//	AT BE BG CY EE ES FR GR HR IE IT LT LU LV MT PT SI SK  closing days of TARGET: the euro moves on all others
//
// Of a country that is not among these it is only known that banks do not move money at weekends.
func BankingDay(d Date, country string) Date {
	if d.IsZero() {
		return d
	}
	for closed(d, country) {
		d = d.AddDays(1)
	}
	return d
}

// closed reports whether banks move no money on a date.
func closed(d Date, country string) bool {
	weekday := d.Weekday()
	if weekday == time.Saturday || weekday == time.Sunday {
		return true
	}
	for _, list := range bankHolidays[country] {
		for _, holiday := range list {
			if kept(holiday, d.Year, country) == d {
				return true
			}
		}
	}
	return false
}

// kept is when a holiday is kept in a year; zero when it is not.
func kept(h *cal.Holiday, year int, country string) Date {
	actual, observed := h.Calc(year)
	if observed.IsZero() || country == "US" && actual.Weekday() == time.Saturday {
		return Date{}
	}
	// The module counts in this machine's zone and means midnight, which may not exist there; noon does.
	y, m, day := observed.Add(12 * time.Hour).Date()
	return Date{y, m, day}
}

// bankHolidays are what no banks work on, by country.
var bankHolidays = map[string][][]*cal.Holiday{
	"SE": {se.Holidays},
	"NO": {no.Holidays, {christmasEve}},
	"DK": {dk.Holidays, {fridayAfterAscension, christmasEve, newYearsEve}},
	"GB": {gb.Holidays},
	"US": {us.Holidays},
	"FI": {ecb.Holidays, {aa.Epiphany, aa.AscensionDay, se.Midsommarafton, finnishIndependence, christmasEve}},
	"DE": {ecb.Holidays, de.Holidays},
	"NL": {ecb.Holidays, {nl.Koningsdag, nl.Hemelvaart, nl.TweedePinksterDag}},
	"AT": {ecb.Holidays}, "BE": {ecb.Holidays}, "BG": {ecb.Holidays}, "CY": {ecb.Holidays}, "EE": {ecb.Holidays}, "ES": {ecb.Holidays},
	"FR": {ecb.Holidays}, "GR": {ecb.Holidays}, "HR": {ecb.Holidays}, "IE": {ecb.Holidays}, "IT": {ecb.Holidays}, "LT": {ecb.Holidays},
	"LU": {ecb.Holidays}, "LV": {ecb.Holidays}, "MT": {ecb.Holidays}, "PT": {ecb.Holidays}, "SI": {ecb.Holidays}, "SK": {ecb.Holidays},
}

// Days on which banks do not work although, or although not everywhere, people do.
var (
	christmasEve         = &cal.Holiday{Month: time.December, Day: 24, Func: cal.CalcDayOfMonth}
	newYearsEve          = &cal.Holiday{Month: time.December, Day: 31, Func: cal.CalcDayOfMonth}
	finnishIndependence  = &cal.Holiday{Month: time.December, Day: 6, Func: cal.CalcDayOfMonth}
	fridayAfterAscension = &cal.Holiday{Offset: 40, Func: cal.CalcEasterOffset} // 40 days after Easter
)
