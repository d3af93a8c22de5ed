package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// SetScenario decides what happens to the orders made from now on. It panics if there is no such order of notifications, or if
// an amount or currency is none.
func (t *Trustly) SetScenario(s TrustlyScenario) {
	if err := s.check(); err != nil {
		panic("sim: " + err.Error())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scenario = s
}

// Scenario is what happens to new orders.
func (t *Trustly) Scenario() TrustlyScenario {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.scenario
}

// TrustlyScenario decides what happens to an order. The zero value is an ordinary payment.
type TrustlyScenario struct {
	// Order is which notifications come, in which order. Each waits until the one before has been sent once, but not until
	// it is answered properly.
	//
	//	kyc-account-credit   as usual; also ""
	//	kyc-credit           without account, which merchants have to ask for
	//	kyc-credit-account   account after credit
	//	kyc-pending-credit   pending and credit at the same time
	//	kyc-credit-debit     the payment is reversed at once
	//	kyc-cancel           the person leaves after kyc: cancel, FailURL
	//	credit-late          SuccessURL, and credit after CreditDelay (5 s when zero)
	//	no-credit            SuccessURL, and no credit ever
	//	cancel-then-credit   cancel, FailURL, and credit all the same after CreditDelay
	//	debit-before-credit  debit, then the credit that it reverses; the order ends as credited
	//	abort-underage       kyc says that the person is too young: FailURL. Needs RequestKYC
	//	abort-unverified     kyc says that the person could not be verified: FailURL. Needs RequestKYC
	//	pay-fails            the person approves and the bank refuses: cancel, FailURL
	Order string

	CreditDelay time.Duration // of credit-late and cancel-then-credit
	Duplicates  int           // how many more copies of each notification are sent at the same time, each signed anew

	CreditAmount   string // credits this instead of the approved amount, like "50.00"
	CreditCurrency string // credits in this currency instead of the order's

	// NotifyBeforeResponse sends kyc, for the test person of the order's country, before the Deposit is answered. The person
	// counts as logged in, so that the order page begins where the answer leaves it.
	NotifyBeforeResponse bool

	ExtraFields  bool   // adds unknown keys to the data: null, non-ASCII, numbers, arrays, objects
	NullPersonID bool   // kyc with personid null
	NullGender   bool   // kyc with gender null
	Country      string // kyc with this country, like "Sweden", instead of the person's code
	KYCEntity    string // kyc with this kycentityid instead of the person's own

	IgnoreLimit bool // the payment does not respect the limit of the merchant's answer to kyc
}

// trustlyFlows are the values of TrustlyScenario.Order, the usual one first.
var trustlyFlows = []string{"kyc-account-credit", "kyc-credit", "kyc-credit-account", "kyc-pending-credit", "kyc-credit-debit",
	"kyc-cancel", "credit-late", "no-credit", "cancel-then-credit", "debit-before-credit", "abort-underage", "abort-unverified", "pay-fails"}

// TrustlyOrders are the choices of TrustlyScenario.Order, the usual one first.
func TrustlyOrders() []string { return slices.Clone(trustlyFlows) }

func (s TrustlyScenario) check() error {
	if s.Order != "" && !slices.Contains(trustlyFlows, s.Order) {
		return fmt.Errorf("trustly sends no notifications in the order %q", s.Order)
	}
	if _, ok := trustlyLimit(s.CreditAmount, ""); s.CreditAmount != "" && !ok {
		return fmt.Errorf("%q is not an amount", s.CreditAmount)
	}
	if _, ok := trustlyCurrencies[s.CreditCurrency]; s.CreditCurrency != "" && !ok {
		return fmt.Errorf("trustly has no currency %q", s.CreditCurrency)
	}
	if s.Duplicates < 0 || s.Duplicates > 20 || s.CreditDelay < 0 {
		return errors.New("there are 0 to 20 duplicates, and no delay is negative")
	}
	return nil
}

// abort is the abortmessage of a kyc that says no, "" for one that says who.
func (s TrustlyScenario) abort() string {
	switch s.Order {
	case "abort-underage":
		return "underage"
	case "abort-unverified":
		return "unverified"
	}
	return ""
}
