package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// bankCustomer is somebody who banks here. Their pseudonym in a programme says nothing of who they are.
type bankCustomer struct {
	name, given, family string
	sub                 string // of ID tokens: the server's externalId of the user
	id                  string // the server's id of the user, once it is known
	current             *bankAccount
	savings             []*bankAccount
	openings            map[string]*bankAccount // by what was to be opened: "" for the one that all dreams share, or a dream's id
	refuse              int                     // how many of the next transactions fail
	consents            map[string]BankConsent  // those that were given, by id
	reading             map[string]BankConsent  // those that were read and wait for a signature, by temporary id
	request             string                  // under which the app was asked to have the account opened
	initiated           bool                    // the server was told that it is being opened
}

// bankAccount is an account in the bank's books.
type bankAccount struct {
	owner    *bankCustomer
	number   string // the bank's own
	kind     string // "current", "SharedSavings" or "Performance"
	external string // the externalId that the server was told; empty when none was
	id       string // the server's id, once it was told
	dream    string // that it was opened for
	posting  int    // how many times the server is being told of it: it may know of it before the bank hears so
	balance  int64
	paidIn   int64 // of a Performance account: what its worth was bought for
}

// BankEntry is a line in the bank's ledger.
type BankEntry struct {
	Number   int
	At       time.Time
	Customer string
	Account  string // its number
	Cents    int64  // what it changed
	Balance  int64  // of the account afterwards
	What     string // deposit, withdrawal, internal, opening, branch, interest, purchase, income, worth
	Tx       string // the server's id of the transaction, if there is one
}

// BankTx is a transaction that the server asked the bank to act on, or that the bank told it of, and what the bank did.
type BankTx struct {
	ID, Type, Customer string
	Cents              int64
	State              string // "settled" or "failed", as the bank decided
	Why                string // it failed
	At                 time.Time
	Told               bool // the server has answered that it knows
	Asked              int  // how many times it was listed as requested
	Booked             int  // how many times money moved for it: more than once must never be
	Own                bool // the bank's, which it told the server of

	told int // how many the server knew of then, this one included
}

// BankCustomer is a customer as the bank's books show them.
type BankCustomer struct {
	Name, GivenName, FamilyName, Subject, ServerID string
	Current                                        int64
	Accounts                                       []BankAccount
}

// BankAccount is a savings account as the bank's books show it.
type BankAccount struct {
	Number, Type, ExternalID, ServerID, Dream string
	Balance                                   int64
}

var bankName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// join makes somebody a customer of a programme, with money on a current account.
func (b *Bank) join(p *bankProgramme, name, given, family string) *bankCustomer {
	sum := sha256.Sum256([]byte(p.ID + "/" + name))
	c := &bankCustomer{name: name, given: given, family: family, sub: "u-" + hex.EncodeToString(sum[:9]), openings: map[string]*bankAccount{}, consents: map[string]BankConsent{}}
	c.current = &bankAccount{owner: c, number: p.number(), kind: "current"}
	p.customers = append(p.customers, c)
	p.byName[name], p.bySub[c.sub] = c, c
	b.book(p, c.current, b.opt.Money, "opening", "")
	return c
}

// number is another account number.
func (p *bankProgramme) number() string {
	p.numbered++
	return fmt.Sprintf("SE%02d 8000 0810 %08d", 10+p.numbered%88, p.numbered)
}

// book writes a line in the ledger. The lock is held.
func (b *Bank) book(p *bankProgramme, a *bankAccount, cents int64, what, tx string) BankEntry {
	a.balance += cents
	p.entries++
	e := BankEntry{p.entries, b.opt.Now(), a.owner.name, a.number, cents, a.balance, what, tx}
	p.ledger = operatorKeep(p.ledger, e)
	return e
}

// customer finds a customer of a programme by name, and makes them one when nobody has the name yet.
func (b *Bank) customer(programme, name string) (*bankProgramme, *bankCustomer, error) {
	p, err := b.programme(programme)
	if err != nil {
		return nil, nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := p.byName[name]; c != nil {
		return p, c, nil
	}
	if !bankName.MatchString(name) {
		return nil, nil, fmt.Errorf("%q is no name of a test person: small letters, digits and hyphens, at most 40", name)
	}
	given := string(name[0]-'a'+'A') + name[1:]
	return p, b.join(p, name, given, "Test"), nil
}

// Customer is somebody in a programme; a name that nobody has becomes a new customer's.
func (b *Bank) Customer(programme, name string) (BankCustomer, error) {
	_, c, err := b.customer(programme, name)
	if err != nil {
		return BankCustomer{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return c.shown(), nil
}

// Customers are all customers of a programme, the first first.
func (b *Bank) Customers(programme string) (all []BankCustomer) {
	p, err := b.programme(programme)
	if err != nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range p.customers {
		all = append(all, c.shown())
	}
	return all
}

func (c *bankCustomer) shown() BankCustomer {
	s := BankCustomer{Name: c.name, GivenName: c.given, FamilyName: c.family, Subject: c.sub, ServerID: c.id, Current: c.current.balance}
	for _, a := range c.savings {
		s.Accounts = append(s.Accounts, BankAccount{a.number, a.kind, a.external, a.id, a.dream, a.balance})
	}
	return s
}

// SetMoney gives a customer's current account another balance.
func (b *Bank) SetMoney(programme, name string, cents int64) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.book(p, c.current, cents-c.current.balance, "opening", "")
	return nil
}

// FailNext has the next transactions of a customer fail, whatever money there is.
func (b *Bank) FailNext(programme, name string, times int) error {
	_, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c.refuse = times
	return nil
}

// Ledger is what moved in a programme, oldest first; of one customer when named.
func (b *Bank) Ledger(programme, name string) (lines []BankEntry) {
	p, err := b.programme(programme)
	if err != nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.ledger), func(e BankEntry) bool { return name != "" && e.Customer != name })
}

// Transactions are those that the bank acted on, or told the server of, oldest first; of one customer when named.
func (b *Bank) Transactions(programme, name string) (all []BankTx) {
	p, err := b.programme(programme)
	if err != nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range p.txs {
		if name == "" || t.Customer == name {
			all = append(all, *t)
		}
	}
	return all
}

// Count is how many accounts the server was told of, and how many transactions the bank has settled and failed, in all programmes.
func (b *Bank) Count() (accounts, settled, failed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.programmes {
		for _, c := range p.customers {
			for _, a := range c.savings {
				if a.id != "" {
					accounts++
				}
			}
		}
		for _, t := range p.txs {
			if t.State == "settled" {
				settled++
			} else {
				failed++
			}
		}
	}
	return accounts, settled, failed
}
