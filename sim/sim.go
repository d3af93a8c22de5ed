// Package sim is the other side of every conversation: an identity and payment provider that behaves like Trustly, an
// OpenID provider, BankID, an operator's platform with a shop, an address register, and a bank with savings programmes and its
// app. They are small servers with a mind of their own, used by the sandbox and by every test.
//
// The package imports nothing of Parley's, so that a mistake in a signature or in the name of a field cannot cancel
// itself out. What a party heard is kept, in order, so that a test can ask it what it was told.
//
// sim.go is how a party misbehaves, frame.go what all pages for people share, behaviour.go the strip on top of them, words.go
// their languages. Then each party has its files: operator, trustly, openid, bankid, register and savingsbank.
package sim

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is one way in which a party can misbehave when it is asked to do something.
type Fault string

// The faults that every party knows. Which actions it has is written at its type.
const (
	Behave  Fault = ""        // do what was asked and say so
	Refuse  Fault = "refuse"  // say no, in the form the party uses for a no
	Garbage Fault = "garbage" // answer 200 with something that is not the protocol
	Broken  Fault = "broken"  // answer 500 with HTML, having done nothing
	Slow    Fault = "slow"    // do it, but answer late (Faults.Delay)
	Drop    Fault = "drop"    // close the connection without having read or done anything: lost before
	Lose    Fault = "lose"    // do it, then close the connection without an answer: lost after
	Twice   Fault = "twice"   // do it, and do it again (a party that sends sends twice, at once)
)

// AllFaults lists the faults in the order in which pages show them.
var AllFaults = []Fault{Behave, Refuse, Garbage, Broken, Slow, Drop, Lose, Twice}

// Rule is what stands for one action: how it misbehaves, and how many times it still will. Negative means until told otherwise.
type Rule struct {
	Fault Fault
	Times int
}

// Faults is how a party is told to misbehave: for each action a fault, for a number of times or for ever. The zero
// value behaves. It is safe for use by many goroutines.
type Faults struct {
	Delay time.Duration // how long Slow takes; 2 s when zero

	mu    sync.Mutex
	rules map[string]Rule
}

// Set makes the next times uses of action misbehave as fault says; a negative number of times means until told otherwise.
func (f *Faults) Set(action string, fault Fault, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rules == nil {
		f.rules = map[string]Rule{}
	}
	if fault == Behave || times == 0 {
		delete(f.rules, action)
		return
	}
	f.rules[action] = Rule{fault, times}
}

// Take returns the fault that applies to this use of action, and counts it.
func (f *Faults) Take(action string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.rules[action]
	if !ok {
		return Behave
	}
	if r.Times > 0 {
		if r.Times--; r.Times == 0 {
			delete(f.rules, action)
		} else {
			f.rules[action] = r
		}
	}
	return r.Fault
}

// Now returns the fault that stands for action, without counting.
func (f *Faults) Now(action string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rules[action].Fault
}

// Rules returns what stands for each action that misbehaves. It is a copy.
func (f *Faults) Rules() map[string]Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	rules := maps.Clone(f.rules)
	if rules == nil {
		rules = map[string]Rule{}
	}
	return rules
}

// Wait is the pause of Slow.
func (f *Faults) Wait() time.Duration {
	if f.Delay == 0 {
		return 2 * time.Second
	}
	return f.Delay
}

// HangUp closes the connection of w without an answer, as a broken network would.
func HangUp(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.Close()
		return
	}
	panic(http.ErrAbortHandler)
}

// Clear lets every action behave.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.rules)
}

// faultsOf is what applies to an action, which is nothing when there is no such action.
func faultsOf(actions []string, action string, faults []Fault) []Fault {
	if !slices.Contains(actions, action) {
		return nil
	}
	return slices.Clone(faults)
}
