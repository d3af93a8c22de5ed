package savings

import (
	"time"

	"parley"
)

// User is an end user of a partner. Provisioning of the account that all their dreams share:
//
//	nothing ──a launch waits──▶ requested ──the bank app answers──▶ initiated
//	   └──────────────────POST /accounts──────────────────────────────▶ (asked no more)
//
// While it is requested, the bank app may be asked again, always under the same request id; once it is initiated, never.
type User struct {
	ID          string // UUID
	Partner     string
	ExternalID  string // the bank's: the subject of its ID tokens. Unique in the partner
	GivenName   parley.Private
	FamilyName  parley.Private
	Locale      string // BCP 47: "sv-SE"
	Zone        string // IANA: "Europe/Stockholm"; the partner's when empty
	RequestID   string // under which the bank app was asked to provision an account; empty until it was
	RequestedBy string // the session that was last told to ask
	RequestedAt time.Time
	InitiatedAt time.Time // when the bank app said that provisioning had begun
	Limits      Limits
	Spent       Spent  // by savehacks of this user in a month
	Balance     *Cents // of the current account, as the feed last said; nil when it never did
	BalanceAt   time.Time
	Unread      int    // messages that the person has not seen
	Journey     string // the run that draws how the account came about
	Created     time.Time
	Destroyed   time.Time // their data was erased; what is left is the money's history
	Version     int64     // counts the changes; each one replaces exactly the one before
}

// Limits are what a person allows their savehacks to do. Zero is no limit.
type Limits struct {
	MonthlyCap     Cents `json:"monthlyCapCents,omitempty"`     // at most so much in a calendar month
	MinimumBalance Cents `json:"minimumBalanceCents,omitempty"` // no deposit that would leave less on the current account, as far as it is known
}

// Spent counts what was taken in a period, which is named so that another period begins at zero.
type Spent struct {
	Period string `json:"period,omitempty"` // "2026-11", "2026-11-25", "2026-W48", "2026" or "once"
	Cents  Cents  `json:"cents,omitempty"`
}

// NewUser is what is known of a user at first.
type NewUser struct {
	ExternalID, Locale, Zone string
	GivenName, FamilyName    parley.Private
}

// UserPatch changes what is not nil.
type UserPatch struct {
	Locale, Zone          *string
	GivenName, FamilyName *parley.Private
}

// DeepPatch changes a user with accounts and transactions, all or nothing.
type DeepPatch struct {
	User         UserPatch
	Accounts     []AccountPatch
	Transactions []TransactionPatch
}
