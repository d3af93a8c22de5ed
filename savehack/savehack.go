// Package savehack says what each kind of savehack takes, and when: pure functions of its parameters, of dates and of a seed. It knows no
// user and no money but amounts in minor units; what becomes of a deposit belongs to package savings.
//
// Read this file for what a kind is, then kinds.go for the list of them, then a kind in the file of its family: steady.go, chance.go,
// growing.go, moonstruck.go, autopilot.go, reacting.go. param.go has how parameters are described and read; date.go dates as people write
// them, without hours and zones; banking.go the days on which banks move money; moon.go the moon; forecast.go what is to come.
//
// docs/savehacks.md shows every kind, and is made from them.
package savehack

import "encoding/json"

// Kind is a kind of savehack: "Daily".
type Kind struct {
	Name    string
	Schema  json.RawMessage // JSON Schema (2020-12) of its parameters
	Feed    string          // "purchase" or "income", when it lives on what happens on the current account; it then has no due dates. Plan.Hears says which of them a plan hears
	Follows bool            // follows somebody's launch: Copycat
	// Parse reads parameters. A mistake is Faults, with the parameter's name as the field. Nothing at all is read as no parameters.
	Parse func(params json.RawMessage) (Plan, error)
}

// Plan is a kind with its parameters.
type Plan interface {
	// Next is the first due date after a date, which is the day before the launch started at first; ok is false when there is none any more.
	// No due date lies before the day on which the launch started.
	Next(s Situation, after Date) (due Date, ok bool)
	// Amount is what is taken on a due date, in minor units, from 0 to MaxAmount; zero is nothing that day.
	Amount(s Situation, due Date) int64
	// Hears reports whether the plan lives on what a feed tells: "purchase" or "income".
	Hears(feed string) bool
	// Follows is the launch that the plan follows: of a Copycat; empty otherwise.
	Follows() string
	// React is what is taken because of something that the plan hears, or that the launch made that it follows, of so many minor units; zero
	// is nothing.
	React(s Situation, cents int64) int64
}

// Situation is what a plan may look at. The same situation and the same date always give the same amount.
type Situation struct {
	Seed    string // the launch's id: what chance is made of
	Started Date   // when the launch began, in the person's zone
	Target  int64  // the dream's, in minor units
	Saved   int64  // of the dream, what is settled and on its way
	Expires Date   // when the dream should be reached; zero when there is no hurry
	Country string // whose banking days count
}

// MaxAmount is the most that any plan takes at once, and the highest amount that a parameter may be: beyond it a number in JSON is no longer
// exact everywhere (RFC 8259 §6).
const MaxAmount = 1<<53 - 1

// Fault is a mistake in a parameter.
type Fault struct{ Field, Message string }

// Faults are all mistakes that were found.
type Faults []Fault

// Error is the first of them.
func (f Faults) Error() string { return f[0].Field + ": " + f[0].Message }

// byDate is what plans that only have due dates have in common.
type byDate struct{}

func (byDate) Hears(string) bool            { return false }
func (byDate) Follows() string              { return "" }
func (byDate) React(Situation, int64) int64 { return 0 }

// byEvent is what plans that only react have in common: they are never due.
type byEvent struct{}

func (byEvent) Next(Situation, Date) (Date, bool) { return Date{}, false }
func (byEvent) Amount(Situation, Date) int64      { return 0 }

// from is the later of the first day on which something may be due and the day after another.
func from(first, after Date) Date {
	if next := after.AddDays(1); first.Before(next) {
		return next
	}
	return first
}
