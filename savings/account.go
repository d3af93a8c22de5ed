package savings

import "time"

// AccountType is what sort of account the bank opened.
type AccountType string

// The account types.
const (
	SharedSavings      AccountType = "SharedSavings" // a savings account: its balance is the sum of its settled transactions
	PerformanceAccount AccountType = "Performance"   // an investment: the bank says what it is worth
)

// Account is an account that the bank opened. Its externalId is unique among the accounts of its user, when it has one.
type Account struct {
	ID          string
	User        string
	Type        AccountType
	ExternalID  string
	Balance     Cents // of a SharedSavings account, the sum of its settled transactions and what it was opened with
	Opening     Cents // what the bank said it held when it was opened
	Liquid      Cents // the rest is the bank's word about a Performance account
	Gain        Cents
	GainPercent float64
	Acquisition Cents
	ValuedFrom  time.Time
	ValuedAt    time.Time
	Created     time.Time
}

// NewAccount is an account that the bank has opened.
type NewAccount struct {
	Type                               AccountType
	ExternalID                         string
	Balance, Liquid, Gain, Acquisition Cents
	GainPercent                        float64
	ValuedFrom, ValuedAt               time.Time
}

// AccountPatch changes what is not nil. A balance of a SharedSavings account cannot be changed so: a transaction does.
type AccountPatch struct {
	ID                                 string
	ExternalID                         *string
	Balance, Liquid, Gain, Acquisition *Cents
	GainPercent                        *float64
	ValuedFrom, ValuedAt               *time.Time
}
