package sandbox

import (
	"fmt"
	"slices"
	"strconv"

	"parley"
	"parley/sim"
)

// party is a column of the home: somebody who takes part, and how they can be made to behave.
type party struct {
	id, label string
	url       string
	pages     []link
	facts     func() []fact

	// Who is simulated can misbehave: at an action, or in what is chosen for all that they do.
	faults   *sim.Faults
	actions  []string
	faultsOf func(action string) []sim.Fault
	choices  []choice
}

type link struct {
	Label string `json:"label"` // a word that the page translates
	URL   string `json:"url"`
}

// fact is something that changes while people watch: a word that the page translates, and a number or an amount.
type fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// choice is one of several ways to be, the first of which is the usual one.
type choice struct {
	name, field string // in the address, and in what is sent there
	all         []string
	now         func() string
	set         func(string)
}

// columns are everybody, in the diagram's order. Another party is one more entry.
func (s *Sandbox) columns() []party {
	number := func(label string, n int) fact { return fact{label, strconv.Itoa(n)} }
	operator := party{
		id: "operator", label: "Operator", url: s.OperatorURL + "/", pages: []link{{"books", s.OperatorURL + "/"}, {"behaviour", s.OperatorURL + "/behaviour"}},
		facts: s.books, faults: &s.Operator.Faults, actions: s.Operator.Actions(), faultsOf: s.Operator.FaultsOf,
	}
	if s.opts.OperatorURL != "" { // somebody's own: how it behaves is theirs
		operator = party{id: "operator", label: "Operator", url: s.opts.OperatorURL, facts: func() []fact { return nil }}
	}
	bank := party{
		id: "bank", label: "Bank", url: s.BankURL + "/", pages: []link{{"bank-app", s.bankApp(SharedPartner)}, {"books", s.BankURL + "/"}, {"behaviour", s.BankURL + "/behaviour"}},
		facts: s.bankFacts, faults: &s.Bank.Faults, actions: s.Bank.Actions(), faultsOf: s.Bank.FaultsOf,
		choices: []choice{{"opening", "opening", sim.BankOpenings, s.Bank.Opening, s.Bank.SetOpening}, {"acting", "acting", sim.BankActings, s.Bank.Acting, s.Bank.SetActing},
			{"twist", "twist", append([]string{""}, sim.BankTwists...), s.Bank.Twist, s.Bank.SetTwist}},
	}
	return []party{
		{id: "browser", label: "Browser", url: s.OperatorURL + "/shop", pages: []link{{"shop", s.OperatorURL + "/shop"}},
			facts: func() []fact { return []fact{number("visits", len(s.Operator.Visits()))} }},
		{id: "parley", label: "Parley", url: s.URL + "/.well-known/oauth-authorization-server",
			pages: []link{{"metadata", s.URL + "/.well-known/oauth-authorization-server"}, {"keys", s.URL + "/oauth/jwks"}}, facts: func() []fact { return nil }},
		{id: "openid", label: "OpenID", url: s.OpenIDURL + "/", pages: []link{{"people", s.OpenIDURL + "/"}, {"behaviour", s.OpenIDURL + "/behaviour"}},
			facts:  func() []fact { return []fact{number("tokens", len(s.OpenID.Heard("token")))} },
			faults: &s.OpenID.Faults, actions: s.OpenID.Actions(), faultsOf: s.OpenID.FaultsOf,
			choices: []choice{{"twist", "twist", append([]string{""}, sim.OpenIDTwists...), s.OpenID.Twist, s.OpenID.SetTwist}}},
		{id: "bankid", label: "BankID", url: s.BankIDURL + "/", pages: []link{{"orders", s.BankIDURL + "/"}, {"app", s.BankIDURL + "/app"}, {"behaviour", s.BankIDURL + "/behaviour"}},
			facts:  func() []fact { return []fact{number("orders", len(s.BankID.Orders()))} },
			faults: &s.BankID.Faults, actions: s.BankID.Actions(), faultsOf: s.BankID.FaultsOf,
			choices: []choice{{"twist", "twist", append([]string{""}, sim.BankIDTwists...), s.BankID.Twist, s.BankID.SetTwist}}},
		{id: "trustly", label: "Trustly", url: s.TrustlyURL + "/", pages: []link{{"orders", s.TrustlyURL + "/"}, {"behaviour", s.TrustlyURL + "/behaviour"}},
			facts:  s.orders,
			faults: &s.Trustly.Faults, actions: s.Trustly.Actions(), faultsOf: s.Trustly.FaultsOf,
			choices: []choice{{"scenario", "order", sim.TrustlyOrders(), s.scenario, s.setScenario}}},
		operator,
		{id: "register", label: "Address register", url: s.RegisterURL + "/", pages: []link{{"bill", s.RegisterURL + "/"}, {"behaviour", s.RegisterURL + "/behaviour"}},
			facts: func() []fact {
				ore := s.Register.BillOre()
				return []fact{number("questions", s.Register.Questions()), {"bill", fmt.Sprintf("%d.%02d SEK", ore/100, ore%100)}}
			},
			faults: &s.Register.Faults, actions: s.Register.Actions(), faultsOf: s.Register.FaultsOf},
		bank,
	}
}

// books are what the operator holds: the balance of whoever was moved money for last, what is set aside, and what it had to complain
// about.
func (s *Sandbox) books() (facts []fact) {
	txs := s.Operator.Transactions()
	if len(txs) > 0 {
		last := txs[len(txs)-1]
		facts = append(facts, fact{"balance", s.Operator.Balance(last.UserID) + " " + last.Currency})
	}
	reserved := 0
	for _, tx := range txs {
		if tx.State == "reserved" {
			reserved++
		}
	}
	facts = append(facts, fact{"reserved", strconv.Itoa(reserved)})
	if n := len(s.Operator.Complaints()); n > 0 {
		facts = append(facts, fact{"complaints", strconv.Itoa(n)})
	}
	return facts
}

// orders are how many people went to the bank, and how many are there now.
func (s *Sandbox) orders() []fact {
	orders, there := s.Trustly.Orders(), 0
	for _, o := range orders {
		switch o.State {
		case sim.TrustlyCreated, sim.TrustlyIdentifying, sim.TrustlyIdentified, sim.TrustlyPaying:
			there++
		}
	}
	return []fact{{"orders", strconv.Itoa(len(orders))}, {"open", strconv.Itoa(there)}}
}

// scenario is the order of notifications; the usual one has a name of its own, and is also what stands when none was chosen.
func (s *Sandbox) scenario() string {
	if order := s.Trustly.Scenario().Order; order != "" {
		return order
	}
	return sim.TrustlyOrders()[0]
}

// setScenario leaves what else was chosen at the party's own page as it is.
func (s *Sandbox) setScenario(order string) {
	next := s.Trustly.Scenario()
	next.Order = order
	s.Trustly.SetScenario(next)
}

// misbehave sets what an action does for so many times.
func (p party) misbehave(action string, fault sim.Fault, times int) error {
	switch {
	case p.faults == nil || !slices.Contains(p.actions, action):
		return parley.Invalid("action", "not one of the party's")
	case !slices.Contains(p.faultsOf(action), fault):
		return parley.Invalid("fault", "not one that the action knows")
	case times < -1 || times == 0 || times > 100:
		return parley.Invalid("times", "-1 for always, or 1 to 100")
	}
	p.faults.Set(action, fault, times)
	return nil
}

// choose chooses one of the ways to be.
func (p party) choose(name string, said map[string]string) error {
	i := slices.IndexFunc(p.choices, func(c choice) bool { return c.name == name })
	if i < 0 {
		return parley.Errorf(parley.KindNotFound, "the party has no %s to choose", name)
	}
	c := p.choices[i]
	value, there := said[c.field]
	if !there || len(said) != 1 || !slices.Contains(c.all, value) {
		return parley.Invalid(c.field, "not one of the choices")
	}
	c.set(value)
	return nil
}

// behave puts everything right.
func (p party) behave() {
	for _, action := range p.actions {
		p.faults.Set(action, sim.Behave, 0)
	}
	for _, c := range p.choices {
		c.set(c.all[0])
	}
}

// bent reports whether the party was told to be other than usual.
func (p party) bent() bool {
	return p.faults != nil && len(p.faults.Rules()) > 0 || slices.ContainsFunc(p.choices, func(c choice) bool { return c.now() != c.all[0] })
}

// columnDoc is a party as the page is told of it.
type columnDoc struct {
	ID      string                 `json:"id"`
	Label   string                 `json:"label"`
	URL     string                 `json:"url"`
	Pages   []link                 `json:"pages,omitempty"`
	Facts   []fact                 `json:"facts,omitempty"`
	Actions []string               `json:"actions,omitempty"`
	Faults  map[string][]sim.Fault `json:"faults,omitempty"` // of each action, the ways to misbehave
	Rules   map[string]ruleDoc     `json:"rules,omitempty"`
	Choices []choiceDoc            `json:"choices,omitempty"`
}

type ruleDoc struct {
	Fault sim.Fault `json:"fault"`
	Times int       `json:"times"`
}

// choiceDoc is what can be chosen, the usual first, by a POST of {field: value} to the choice's name below the party.
type choiceDoc struct {
	Name  string   `json:"name"`
	Field string   `json:"field"`
	Now   string   `json:"now"`
	All   []string `json:"all"`
}

func (p party) doc() columnDoc {
	d := columnDoc{ID: p.id, Label: p.label, URL: p.url, Pages: p.pages, Facts: p.facts(), Actions: p.actions}
	if p.faults != nil {
		d.Faults, d.Rules = map[string][]sim.Fault{}, map[string]ruleDoc{}
		for _, action := range p.actions {
			d.Faults[action] = slices.DeleteFunc(p.faultsOf(action), func(f sim.Fault) bool { return f == sim.Behave })
		}
		for action, rule := range p.faults.Rules() {
			d.Rules[action] = ruleDoc{rule.Fault, rule.Times}
		}
	}
	for _, c := range p.choices {
		d.Choices = append(d.Choices, choiceDoc{c.name, c.field, c.now(), c.all})
	}
	return d
}
