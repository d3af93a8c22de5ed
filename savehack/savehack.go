// Package savehack says what each kind of savehack takes, and when: pure functions of its parameters, of dates and of a seed. It knows no
// user and no money but amounts in minor units; what becomes of a deposit belongs to package savings.
//
// Read this file for what a kind is, then a kind in the file of its name. date.go has dates as people write them, without hours and zones;
// banking.go the days on which banks move money; moon.go the moon.
package savehack

import "encoding/json"

// Kind is a kind of savehack: "Daily".
type Kind struct {
	Name    string
	Schema  json.RawMessage // JSON Schema (2020-12) of its parameters
	Feed    string          // "purchase" or "income", when it lives on what happens on the current account; it then has no due dates
	Follows bool            // follows somebody's launch: Copycat
	// Parse reads parameters. A mistake is Faults, with the parameter's name as the field.
	Parse func(params json.RawMessage) (Plan, error)
}

// Plan is a kind with its parameters.
type Plan interface {
	// Next is the first due date after a date, which is the day before the launch started at first; ok is false when there is none any more.
	Next(s Situation, after Date) (due Date, ok bool)
	// Amount is what is taken on a due date, in minor units; zero is nothing that day.
	Amount(s Situation, due Date) int64
	// React is what is taken because of something on the current account, of so many minor units; zero is nothing.
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

// Fault is a mistake in a parameter.
type Fault struct{ Field, Message string }

// Faults are all mistakes that were found.
type Faults []Fault

// Error is the first of them.
func (f Faults) Error() string { return f[0].Field + ": " + f[0].Message }
