package savings

import (
	"encoding/json"
	"time"
)

// LaunchState is where a launch stands.
//
//	        ┌──consented──┐
//	draft ──┤             ├──▶ active ◀──resumed── paused
//	  │     └──rejected─▶ stopped  └──paused──▶──────┘
//	  │                      ▲        waiting ──provisioning initiated, or an account──▶ active
//	  └──────────────────────┴──── stopped from any state, and never started again
type LaunchState string

// The states.
const (
	Draft   LaunchState = "draft"   // waits for a transfer consent
	Waiting LaunchState = "waiting" // paused, because there is no account and provisioning has not been initiated
	Active  LaunchState = "active"
	Paused  LaunchState = "paused" // by the person or the bank
	Stopped LaunchState = "stopped"
)

// Launch is a savehack that somebody has launched on a dream.
type Launch struct {
	ID          string
	User        string
	Dream       string
	Savehack    string          // the id in the catalogue
	Kind        string          // "Daily"
	Params      json.RawMessage // as its kind's schema says
	State       LaunchState
	PausedAt    time.Time // also of one that waits
	PausedUntil time.Time // resumes by itself then; zero when it does not
	StoppedAt   time.Time
	StartedAt   time.Time // when it first became active: due dates count from there
	StopAtGoal  bool      // stops when what is saved and on its way reaches the dream's target
	MonthlyCap  Cents     // of this launch alone; zero is none
	Spent       Spent     // in the month
	Consented   Spent     // in the period of its consent
	Consent     string    // the consent that it needs, once it has one
	Follows     string    // of a Copycat: the launch that it follows
	Replaces    string    // the launch that ends when this one starts
	Done        string    // the last due date that was dealt with; due dates never go back
	Due         time.Time // when it must next be looked at; zero when it need not
	Created     time.Time
}

// NewLaunch is what a person launches.
type NewLaunch struct {
	Dream      string
	Savehack   string // the id in the catalogue; found by Kind when empty
	Kind       string
	Params     json.RawMessage
	StopAtGoal *bool // true when nil
	MonthlyCap Cents
	Replaces   string
}

// LaunchPatch changes what is not nil. A zero PausedAt resumes.
type LaunchPatch struct {
	Params                           json.RawMessage
	PausedAt, PausedUntil, StoppedAt *time.Time
	StopAtGoal                       *bool
	MonthlyCap                       *Cents
}

// CatalogueItem is a savehack as a partner offers it. Its id is made of the partner and the kind, so that it is the same everywhere.
type CatalogueItem struct{ ID, Kind string }

// FeedKind is what happened on the person's current account.
type FeedKind string

// The feed kinds.
const (
	Purchase FeedKind = "purchase"
	Income   FeedKind = "income"
	Balance  FeedKind = "balance" // what the account holds, for the minimum balance
)

// FeedItem is something that happened on a person's current account. The bank's id is unique per user: a repeated one changes nothing.
type FeedItem struct {
	ID    string
	Kind  FeedKind
	Cents Cents
	At    time.Time
}
