package savings

import "time"

// Dream is a goal that somebody saves for.
//
//	active ──balance reaches the target──▶ achieved ──a higher target──▶ active
//	   └──▶ deleted ◀── achieved
//
// In the setup with one account per dream it also waits for its account, as a User does for the shared one: under AccountRequest.
type Dream struct {
	ID          string
	User        string
	Type        string // "Dream", or "PerformanceDream"
	Name        string // the person's own words: shown to them and to the bank, never logged
	Target      Cents
	Expires     string // a date, "2027-06-01"; empty when there is no hurry
	AchievedAt  time.Time
	DeletedAt   time.Time
	Group       string // the group dream that it is part of
	Account     string // where its money is; empty until there is one
	Inspiration string // the dream inspiration that it was made from
	Image       string // the address of its picture
	Balance     Cents  // the sum of its settled transactions
	Pending     Cents  // the sum of its requested deposits
	Leaving     Cents  // the sum of its requested withdrawals and moves away
	Milestone   int    // the highest of 25, 50 and 75 percent that was reached
	Request     string // in the setup with one account per dream: under which the bank app was asked for an account
	RequestedBy string
	RequestedAt time.Time
	RequestDone time.Time // when the bank app said that it is on its way
	Refused     string    // or why it is not: "cancelled", "failed"
	Journey     string    // the run that draws how its account came about, in that setup
	Created     time.Time
}

// NewDream is a dream as a person, or the bank for them, describes it.
type NewDream struct {
	Type        string // "Dream" when empty
	Name        string
	Target      Cents
	Expires     string
	Group       string
	Account     string
	Inspiration string
	Image       string
}

// DreamPatch changes what is not nil. An empty Expires or Group takes it away. An Account that is another user's is refused.
type DreamPatch struct {
	Name, Expires, Account, Group, Image *string
	Target                               *Cents
}
