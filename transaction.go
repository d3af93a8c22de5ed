package parley

import "time"

// TransactionKind is what a transaction is for.
type TransactionKind string

// The kinds of transaction. An adjustment is what a payment provider did by itself after a deposit's own run was over: a
// reversal, or money that came late.
const (
	SignInTransaction     TransactionKind = "signin"
	DepositTransaction    TransactionKind = "deposit"
	AdjustmentTransaction TransactionKind = "adjustment"
)

// Movement is what is known about the money of a transaction.
type Movement string

// The movements. Asked means that the provider was told to go on: from then on only the provider knows.
const (
	NotAsked Movement = ""
	Asked    Movement = "asked"
	Moved    Movement = "moved"
	NotMoved Movement = "not-moved"
)

// Hearing is what the operator has accepted of a transaction.
type Hearing string

// The hearings. An authorization that was accepted ends as transferred or cancelled.
const (
	NotTold     Hearing = ""
	Authorized  Hearing = "authorized"
	Transferred Hearing = "transferred"
	Cancelled   Hearing = "cancelled"
)

// Transaction is one entry of the books that Parley keeps: what the operator sees under a txId. It is written whole, in the
// transaction of the step that changes it.
type Transaction struct {
	ID       int64 // the txId
	Run      string
	Origin   int64 // the txId that it follows from; zero for none
	Merchant int
	Kind     TransactionKind
	Status   Status
	Amount   Money // negative when it debits the person
	Money    Movement
	Told     Hearing
	Made     time.Time
	Changed  time.Time
}

// Table says where a Transaction is written.
func (Transaction) Table() string { return "txn" }
