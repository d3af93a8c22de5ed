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
	Journey     string // the run that draws the latest reconciliation which left money outside any dream
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

// OpenAccount notes an account that the bank has opened, and links what is to be linked to it. With an external id that the user has already,
// the account there is answered and created is false.
func (b *Book) OpenAccount(n NewAccount) (a Account, created bool, err error) {
	if err := b.alive(); err != nil {
		return Account{}, false, err
	}
	var f Faults
	switch {
	case n.Type == "":
		f.add("type", blank)
	case n.Type != SharedSavings && (n.Type != PerformanceAccount || !b.Partner.Performance):
		f.add("type", notListed)
	}
	if err := f.or(); err != nil {
		return Account{}, false, err
	}
	if there, ok := b.known(n.ExternalID); ok {
		if there.Type != n.Type {
			f.add("externalId", taken)
		}
		return *there, false, f.or()
	}
	f.text("externalId", n.ExternalID, longest)
	f.amount("balanceCents", n.Balance)
	a = Account{ID: b.NewID(), User: b.User.ID, Type: n.Type, ExternalID: n.ExternalID, Balance: n.Balance, Opening: n.Balance, Created: b.Now}
	if n.Type == PerformanceAccount {
		f.worth(n.Liquid, n.Gain, n.Acquisition)
		a.Opening, a.Liquid, a.Gain, a.GainPercent, a.Acquisition = 0, n.Liquid, n.Gain, n.GainPercent, n.Acquisition
		a.ValuedFrom, a.ValuedAt = n.ValuedFrom, n.ValuedAt
		if a.ValuedAt.IsZero() {
			a.ValuedAt = b.Now
		}
	}
	if err := f.or(); err != nil {
		return Account{}, false, err
	}
	_, had := b.shared()
	b.Accounts = append(b.Accounts, a)
	b.touch(a.ID)
	if b.Partner.Setup == SharedAccount && a.Type == SharedSavings {
		linked := 0
		for i := range b.Dreams {
			if d := &b.Dreams[i]; d.Account == "" && d.DeletedAt.IsZero() && !b.apart(d.ID) {
				b.link(d, a.ID)
				linked++
			}
		}
		b.startWaiting()
		if !had {
			b.say(b.User.Journey, ArrowAccountPosted, count(linked, "dream linked", "dreams linked"), b.facts(), struct {
				Type AccountType `json:"type"`
			}{a.Type})
		}
	}
	return a, true, nil
}

// PatchAccount changes an account. What the bank cannot change of it is a fault, unless it says what is there already.
func (b *Book) PatchAccount(p AccountPatch) (Account, error) {
	a, ok := b.Account(p.ID)
	if !ok {
		return Account{}, NotFound("Account")
	}
	next := *a
	set(&next.ExternalID, p.ExternalID)
	set(&next.Balance, p.Balance)
	set(&next.Liquid, p.Liquid)
	set(&next.Gain, p.Gain)
	set(&next.Acquisition, p.Acquisition)
	set(&next.GainPercent, p.GainPercent)
	set(&next.ValuedFrom, p.ValuedFrom)
	set(&next.ValuedAt, p.ValuedAt)
	var f Faults
	if a.Type == PerformanceAccount {
		if next.ExternalID != a.ExternalID {
			f.add("externalId", immutable)
		}
		f.amount("balanceCents", next.Balance)
		f.worth(next.Liquid, next.Gain, next.Acquisition)
		if next != *a && p.ValuedAt == nil {
			next.ValuedAt = b.Now
		}
	} else {
		if other, there := b.known(next.ExternalID); there && other.ID != a.ID {
			f.add("externalId", taken)
		}
		f.text("externalId", next.ExternalID, longest)
		for _, fixed := range []struct {
			field   string
			changed bool
		}{
			{"balanceCents", next.Balance != a.Balance}, {"liquidBalanceCents", next.Liquid != a.Liquid},
			{"performanceCents", next.Gain != a.Gain}, {"performancePercent", next.GainPercent != a.GainPercent},
			{"totalAcquisitionCostCents", next.Acquisition != a.Acquisition},
			{"valuationFrom", !next.ValuedFrom.Equal(a.ValuedFrom)}, {"valuationAt", !next.ValuedAt.Equal(a.ValuedAt)},
		} {
			if fixed.changed {
				f.add(fixed.field, immutable)
			}
		}
	}
	if err := f.or(); err != nil {
		return Account{}, err
	}
	if next != *a {
		*a = next
		b.touch(a.ID)
	}
	return *a, nil
}

// worth checks the bank's word about an investment. A gain may be a loss.
func (f *Faults) worth(liquid, gain, acquisition Cents) {
	f.amount("liquidBalanceCents", liquid)
	f.amount("totalAcquisitionCostCents", acquisition)
	if gain > Most || gain < -Most {
		f.add("performanceCents", tooMuch)
	}
}

// known finds the user's account of an external id.
func (b *Book) known(external string) (*Account, bool) {
	return find(b.Accounts, func(a *Account) bool { return external != "" && a.ExternalID == external })
}

// shared finds the account to which the setup with one account per user links dreams: the first that the bank opened.
func (b *Book) shared() (*Account, bool) {
	var first *Account
	for i := range b.Accounts {
		if a := &b.Accounts[i]; a.Type == SharedSavings && (first == nil || a.Created.Before(first.Created)) {
			first = a
		}
	}
	return first, first != nil
}

// link says where a dream's money is. Deposits that were made before the bank had opened the account now know where they go.
func (b *Book) link(d *Dream, account string) {
	d.Account = account
	b.touch(d.ID)
	b.emit(DreamUpdated, d.ID)
	for i := range b.Transactions {
		if t := &b.Transactions[i]; t.State == Requested && t.ToDream == d.ID && t.ToAccount == "" {
			t.ToAccount = account
			b.touch(t.ID)
		}
	}
}
