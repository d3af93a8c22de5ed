package savings

import "time"

// TransactionType is where the money goes.
type TransactionType string

// The transaction types.
const (
	Deposit    TransactionType = "Deposit"    // from the person's current account
	Withdrawal TransactionType = "Withdrawal" // to it
	Internal   TransactionType = "Internal"   // between dreams
)

// TransactionState is where a transaction stands.
//
//	requested ──the bank settled it──▶ settled
//	    └──the bank failed it, or the person cancelled it in time──▶ failed
type TransactionState string

// The states.
const (
	Requested TransactionState = "requested"
	Settled   TransactionState = "settled"
	Failed    TransactionState = "failed"
)

// Transaction is money that moves, or is to move. A requested one is given to the bank when it has its accounts and Ready has come.
type Transaction struct {
	ID                                         string
	User                                       string
	Type                                       TransactionType
	State                                      TransactionState
	Amount                                     Cents
	ExternalID                                 string // the bank's, of one that the bank posted: unique per user
	Requested                                  time.Time
	Settled                                    time.Time
	Failed                                     time.Time
	Reason                                     string // why it failed: "cancelled", or the bank's word
	ToAccount, ToDream, FromAccount, FromDream string
	Consent                                    string
	Launch                                     string    // the launch that made it
	Occasion                                   string    // with Launch unique: "2026-11-25", "feed/ID", "copy/ID"
	Ready                                      time.Time // until when the person can cancel it, and from when the bank is given it
	BankingDay                                 string    // the date on which the bank can move it: the due date, or the next banking day
	Notice                                     string    // the run with which the bank was told of it; empty until it was
}

// NewTransaction is one that the bank settled by itself and tells us of.
type NewTransaction struct {
	Type                                       TransactionType
	ExternalID                                 string
	Amount                                     Cents
	Requested, Settled                         time.Time // now when zero
	ToAccount, ToDream, FromAccount, FromDream string
}

// TransactionPatch is what the bank says became of a transaction.
type TransactionPatch struct {
	ID                         string
	Requested, Settled, Failed *time.Time
	Reason                     string
}

// Consent is a person's signed consent to what a launch may take.
//
//	asked ──GET, once, within its time──▶ read ──▶ consented
//	  └────────────────────────────────────┴─────▶ rejected
type Consent struct {
	ID            string
	User          string
	Launch        string
	Obsolete      string // the launch that this one replaces
	TemporaryHash string // SHA-256 of the temporary id, which is good for one GET
	TemporaryEnds time.Time
	ReadAt        time.Time
	RequestID     string // of the bridge message
	MaxFrequency  string // once, day, week, month, year
	MaxAmount     Cents  // per MaxFrequency
	ConsentedAt   time.Time
	RejectedAt    time.Time
	Journey       string
	Created       time.Time
}

// Message is a nudge: for the web app, or, when it is external, for the bank to send.
type Message struct {
	ID          string
	User        string
	Category    string
	External    bool
	Title, Body map[string]string // by locale
	CTA         string            // a path in the web app
	Created     time.Time
	ReadAt      time.Time // by the person
	ProcessedAt time.Time // by the bank
}
