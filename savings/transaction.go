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
