package flow_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/engine"
	"parley/flow"
	"parley/sim"
)

// An attack is one way in which one arrow goes wrong.
type attack struct {
	name string
	arm  func(r *rig)
	heal func(r *rig) // ends what would otherwise last for ever; nil when nothing does
	walk journey
	// odd says that the browser need not come back to the shop: the person left, or nobody could tell them where to go.
	odd bool
}

// variants are the ways in which the first two flows are walked. Where identity and payment are two providers, the same table
// runs with other parties behind it.
var variants = []journey{
	{provider: "trustly", what: "deposit", decision: "approve"},
	{provider: "openid", what: "deposit", decision: "approve"},
	{provider: "openid", what: "signin", decision: "approve"},
	{provider: "trustly", what: "signin", decision: "approve"},
	{provider: "bankid", what: "deposit", decision: "approve"},
	{provider: "bankid", what: "signin", decision: "approve"},
}

// tables are the flows that a variant can run through.
func tables(j journey) []*engine.Table {
	var out []*engine.Table
	for _, t := range (&flow.Desk{}).Tables() {
		if t.Name == "sign-in" && j.what == "signin" || t.Name != "sign-in" && j.what == "deposit" {
			out = append(out, t)
		}
	}
	return out
}

// outages are the faults of a party that is asked, each once, twice and for good.
var outages = []sim.Fault{sim.Refuse, sim.Garbage, sim.Broken, sim.Slow, sim.Drop, sim.Lose, sim.Twice}

// attacks are all attacks on one arrow of a variant. They follow from who draws the arrow: what is said to somebody is refused, answered
// with garbage, lost before and lost after; what somebody says to us is lost, repeated, late, out of order or never said.
func attacks(j journey, flowName string, a engine.Arrow) []attack {
	if flowName == "adjustment" {
		return adjusted(j, a)
	}
	pays := j.provider == "trustly"
	switch a.Name {
	case "authorize sign in":
		return []attack{
			{name: "everything is clicked twice", odd: true, walk: with(j, func(j *journey) { j.twice = true })},
		}
	case "process sign in":
		if pays {
			more := outage(j, "trustly", "Deposit", sim.TrustlyWrongUUID, sim.TrustlyWrongSignature)
			return append(more, attack{name: "the notification comes before the answer", odd: true, walk: with(j, func(j *journey) { j.scenario.NotifyBeforeResponse = true })})
		}
		if j.provider == "bankid" {
			return outage(j, "bankid", "auth", sim.BankIDMaintenance, sim.BankIDForbidden)
		}
		return []attack{{name: "the demanded provider is down", walk: j, odd: true,
			arm: func(r *rig) { r.s.OpenID.Faults.Set("discovery", sim.Broken, 3) }}}
	case "identity verified":
		return identity(j, pays)
	case "signin", "authorize", "transfer":
		return outage(j, "operator", a.Name)
	case "process payment":
		if pays {
			return []attack{
				{name: "our answer is lost", walk: j, arm: func(r *rig) { r.s.Trustly.Faults.Set("kyc", sim.Lose, 2) }},
				{name: "the bank refuses", walk: with(j, func(j *journey) { j.scenario.Order = "pay-fails" })},
			}
		}
		return outage(j, "payer", "Deposit", sim.TrustlyWrongUUID, sim.TrustlyWrongSignature)
	case "account":
		return append(told(j, "account"), attack{name: "it comes after the money", walk: with(j, func(j *journey) { j.scenario.Order = "kyc-credit-account" })})
	case "payment pending":
		pending := with(j, func(j *journey) { j.scenario.Order = "kyc-pending-credit" })
		return append(told(pending, "pending"), attack{name: "together with the money", walk: pending})
	case "payment verified":
		return payment(j)
	case "payment reversed":
		reversed := with(j, func(j *journey) { j.scenario.Order = "kyc-credit-debit" })
		return append(told(reversed, "debit"),
			attack{name: "after the money", walk: reversed},
			attack{name: "before the money", walk: with(j, func(j *journey) { j.scenario.Order = "debit-before-credit" })})
	case "redirect with authorization code", "redirect with error":
		return []attack{
			{name: "two tabs at once", odd: true, walk: with(j, func(j *journey) { j.twice = true })},
			{name: "the browser vanishes", odd: true, walk: with(j, func(j *journey) { j.vanish = true })},
			{name: "the process dies before it is said, thrice", walk: j, arm: func(r *rig) { r.dieBefore("GET /oauth/follow", 3) }},
		}
	case "token", "check_token":
		return []attack{
			{name: "the answer is lost", odd: true, walk: j, arm: func(r *rig) {
				r.dieBefore(map[string]string{"token": "POST /oauth/token", "check_token": "POST /oauth/check_token"}[a.Name], 1)
			}},
		}
	}
	return nil
}

func with(j journey, change func(*journey)) journey { change(&j); return j }

// outage are the faults of somebody whom we ask.
func outage(j journey, party, action string, more ...sim.Fault) []attack {
	faults := func(r *rig) *sim.Faults {
		switch party {
		case "operator":
			return &r.s.Operator.Faults
		case "bankid":
			return &r.s.BankID.Faults
		}
		return &r.s.Trustly.Faults
	}
	var out []attack
	for _, f := range append(slices.Clone(outages), more...) {
		for _, times := range []int{1, 2, -1} {
			if f == sim.Slow && times == 2 || !deep && times == 2 || !deep && times < 0 && f != sim.Broken && f != sim.Drop {
				continue
			}
			often := map[int]string{1: "once", 2: "twice", -1: "for good"}[times]
			out = append(out, attack{
				name: fmt.Sprintf("%s %s %s", action, f, often), walk: j, odd: party == "trustly" || times < 0,
				arm:  func(r *rig) { faults(r).Set(action, f, times) },
				heal: func(r *rig) { faults(r).Set(action, sim.Behave, 0) },
			})
		}
	}
	return out
}

// told are the ways in which a notification of Trustly's goes wrong on its way to us.
func told(j journey, method string) []attack {
	var out []attack
	for _, f := range []sim.Fault{sim.Drop, sim.Lose, sim.Twice, sim.Slow, sim.Garbage, sim.Broken, sim.TrustlyWrongSignature} {
		out = append(out, attack{name: fmt.Sprintf("%s %s", method, f), walk: j,
			arm:  func(r *rig) { r.s.Trustly.Faults.Set(method, f, 2) },
			heal: func(r *rig) { r.s.Trustly.Faults.Set(method, sim.Behave, 0) }})
	}
	return append(out, attack{name: method + " four times at once", walk: with(j, func(j *journey) { j.scenario.Duplicates = 3 })})
}

func identity(j journey, pays bool) []attack {
	out := []attack{
		{name: "the person says no", walk: with(j, func(j *journey) { j.decision = "cancel" })},
		{name: "the person leaves", odd: true, walk: with(j, func(j *journey) { j.decision = "leave" })},
		{name: "the browser does not come back", odd: true, walk: with(j, func(j *journey) { j.vanish = true })},
	}
	if pays {
		out = append(out, told(j, "kyc")...)
		for _, order := range []string{"abort-underage", "abort-unverified", "kyc-cancel"} {
			out = append(out, attack{name: order, walk: with(j, func(j *journey) { j.scenario.Order = order })})
		}
		return append(out,
			attack{name: "with unknown fields", walk: with(j, func(j *journey) { j.scenario.ExtraFields = true })},
			attack{name: "without a national number", walk: with(j, func(j *journey) {
				j.scenario.NullPersonID = true
				j.scenario.NullGender = true
				j.scenario.Country = "Sweden"
			})},
			attack{name: "by then the person says no", walk: with(j, func(j *journey) { j.decision = "deny" })})
	}
	if j.provider == "bankid" {
		return append(out, inApp(j)...)
	}
	out[1].walk.decision = "cancel" // at an OpenID provider, who leaves says nothing and nothing is told
	for _, endpoint := range []string{"token", "jwks"} {
		for _, f := range outages {
			out = append(out, attack{name: endpoint + " " + string(f), walk: j,
				arm:  func(r *rig) { r.s.OpenID.Faults.Set(endpoint, f, 1) },
				heal: func(r *rig) { r.s.OpenID.Faults.Set(endpoint, sim.Behave, 0) }})
		}
	}
	for _, twist := range sim.OpenIDTwists {
		out = append(out, attack{name: twist, walk: j, odd: strings.HasSuffix(twist, "iss-param"),
			arm: func(r *rig) { r.s.OpenID.SetTwist(twist) }, heal: func(r *rig) { r.s.OpenID.SetTwist("") }})
	}
	return out
}

// inApp are the attacks on what nobody tells: we ask for it.
func inApp(j journey) []attack {
	out := []attack{
		{name: "the app is on another device", walk: with(j, func(j *journey) { j.elsewhere = true })},
		{name: "the app is on another device, and the browser does not come back", odd: true, walk: with(j, func(j *journey) { j.elsewhere, j.vanish = true, true })},
		{name: "the person says no on another device", walk: with(j, func(j *journey) { j.elsewhere, j.decision = true, "cancel" })},
		{name: "the person gives up on our page", walk: with(j, func(j *journey) { j.decision = "give up" })},
	}
	for _, f := range outages {
		out = append(out, attack{name: "the person gives up on our page, and cancel " + string(f), walk: with(j, func(j *journey) { j.decision = "give up" }),
			arm:  func(r *rig) { r.s.BankID.Faults.Set("cancel", f, 1) },
			heal: func(r *rig) { r.s.BankID.Faults.Set("cancel", sim.Behave, 0) }})
	}
	for _, twist := range sim.BankIDTwists {
		out = append(out, attack{name: twist, walk: j, odd: twist == "unknown-status",
			arm: func(r *rig) { r.s.BankID.SetTwist(twist) }, heal: func(r *rig) { r.s.BankID.SetTwist("") }})
	}
	return append(out, outage(j, "bankid", "collect", sim.BankIDMaintenance, sim.BankIDForbidden)...)
}

func payment(j journey) []attack {
	out := told(j, "credit")
	for name, change := range map[string]func(*journey){
		"it comes late":              func(j *journey) { j.scenario.Order, j.scenario.CreditDelay = "credit-late", 300*time.Millisecond },
		"it is cancelled, then paid": func(j *journey) { j.scenario.Order = "cancel-then-credit" },
		"it is cancelled":            func(j *journey) { j.scenario.Order = "pay-fails" },
		"another amount":             func(j *journey) { j.scenario.CreditAmount = "499.50" },
		"more than was asked for":    func(j *journey) { j.scenario.CreditAmount = "501.00" },
	} {
		out = append(out, attack{name: name, walk: with(j, change)})
	}
	slices.SortFunc(out, func(a, b attack) int { return strings.Compare(a.name, b.name) })
	return append(out,
		attack{name: "nobody ever says", odd: true, walk: with(j, func(j *journey) { j.scenario.Order = "no-credit"; j.vanish = true })},
		attack{name: "the cancel fails for a day", walk: with(j, func(j *journey) { j.scenario.Order = "pay-fails" }),
			arm: func(r *rig) { r.s.Operator.Faults.Set("cancel", sim.Broken, 12) }},
		attack{name: "the answer to cancel is lost", walk: with(j, func(j *journey) { j.scenario.Order = "pay-fails" }),
			arm: func(r *rig) { r.s.Operator.Faults.Set("cancel", sim.Lose, 3) }},
		attack{name: "the operator allows less", walk: j,
			arm: func(r *rig) { r.s.Operator.SetLimit("100.00") }, heal: func(r *rig) { r.s.Operator.SetLimit("") }})
}

// adjusted are the attacks on what follows a reversal.
func adjusted(j journey, a engine.Arrow) []attack {
	reversed := with(j, func(j *journey) { j.scenario.Order = "kyc-credit-debit" })
	switch a.Name {
	case "money moved":
		return []attack{{name: "told four times at once", walk: with(reversed, func(j *journey) { j.scenario.Duplicates = 3 })}}
	case "wait for the end of the deposit":
		return []attack{{name: "the deposit is not over", odd: true, walk: with(j, func(j *journey) { j.scenario.Order = "debit-before-credit" }),
			arm: func(r *rig) { r.s.Operator.Faults.Set("transfer", sim.Broken, 4) }}}
	case "transfer":
		return outage(reversed, "operator", "transfer")
	}
	return nil
}

// deep runs every attack; without it each kind is there, but not each number of times.
var deep = os.Getenv("PARLEY_DEEP") != ""

// TestEveryArrowIsAttacked runs each attack on each arrow, from the tables, and holds every invariant against what everybody has in
// their books afterwards.
func TestEveryArrowIsAttacked(t *testing.T) {
	r := newRig(t)
	for _, j := range variants {
		t.Run(j.String(), func(t *testing.T) {
			for _, table := range tables(j) {
				for _, arrow := range table.Arrows() {
					if arrow.Seen {
						continue
					}
					list := attacks(j, table.Name, arrow)
					if len(list) == 0 {
						t.Errorf("nobody attacks %q of %s", arrow.Name, table.Name)
					}
					for _, a := range list {
						t.Run(table.Name+"/"+arrow.Name+"/"+a.name, func(t *testing.T) { r.suffer(t, a) })
					}
				}
			}
		})
	}
}

// suffer runs one attack.
func (r *rig) suffer(t *testing.T, a attack) {
	r.t = t
	mark := r.mark()
	if a.arm != nil {
		a.arm(r)
	}
	e, err := r.walk(a.walk)
	if err != nil {
		t.Fatal(err)
	}
	if a.heal != nil {
		r.endure(t, mark) // let it go wrong for a while first
		a.heal(r)
	}
	if err := r.settle(mark); err != nil {
		t.Error(err)
	}
	if a.odd && e.visit != nil {
		e.visit.Problem = "" // the shop may have seen the wire cut
	}
	for _, broken := range r.check(mark, e) {
		t.Error(broken)
	}
	if e.visit == nil && !a.odd {
		t.Errorf("the browser did not come back to the shop: %s", e.stuck)
	}
	if t.Failed() {
		r.explain(t, mark)
	}
}

// endure waits until nothing more happens by itself but what is far away.
func (r *rig) endure(t *testing.T, b before) {
	began := time.Now()
	for time.Since(began) < 3*time.Second {
		quiet := true
		for _, run := range r.since(b) {
			quiet = quiet && run.Status.Over()
		}
		due, ok, err := r.s.Current().Engine.NextDue(t.Context())
		if quiet || err == nil && (!ok || due.Sub(r.clock.Now()) > 15*time.Second) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// explain prints what happened.
func (r *rig) explain(t *testing.T, b before) {
	for _, run := range r.since(b) {
		table, err := r.s.Current().Engine.TableOf(run)
		if err != nil {
			continue
		}
		events, _ := r.db.Events(t.Context(), run.ID)
		attempts, _ := r.db.Attempts(t.Context(), run.ID)
		names, about := r.s.Current().Desk.Names(run)
		t.Logf("%s %s attention %q\n%s", run.Flow, run.Status, run.Attention, engine.Picture(table, run, events, attempts, names, about))
	}
	for _, m := range r.s.Operator.Heard()[b.heard:] {
		t.Logf("the operator heard %s (%s) and answered %d %.120s", m.Action, m.Fault, m.Status, m.Answer)
	}
	for _, m := range r.s.BankID.Heard() {
		if m.At.After(r.clock.Now().Add(-time.Hour)) {
			t.Logf("BankID heard %s (%s) and answered %d", m.Endpoint, m.Fault, m.Status)
		}
	}
	for _, m := range r.s.Trustly.Sent()[b.messages:] {
		t.Logf("Trustly said %s, try %d: %d %s %s", m.Method, m.Attempt, m.HTTPStatus, m.ReplyStatus, m.Why)
	}
}

// TestTheProcessDiesAnywhere kills the process before and after each commit and each word, and before each answer, of every variant, has it
// start again on the same database, and holds every invariant.
func TestTheProcessDiesAnywhere(t *testing.T) {
	r := newRig(t)
	walks := slices.Clone(variants)
	walks = append(walks,
		journey{provider: "trustly", what: "deposit", decision: "approve", scenario: sim.TrustlyScenario{Order: "pay-fails"}},
		journey{provider: "trustly", what: "deposit", decision: "approve", scenario: sim.TrustlyScenario{Order: "kyc-credit-debit"}},
		journey{provider: "trustly", what: "deposit", decision: "cancel"})
	for _, j := range walks {
		for _, p := range points {
			for n := int64(1); ; n++ {
				if !deep && n%3 != 1 {
					continue
				}
				died := false
				t.Run(fmt.Sprintf("%s %s/%s %d", j, j.scenario.Order, p, n), func(t *testing.T) {
					r.t = t
					r.arm(newLife(p, n))
					mark := r.mark()
					e, err := r.walk(j)
					if err != nil {
						t.Fatal(err)
					}
					if err := r.settle(mark); err != nil {
						t.Error(err)
					}
					died = r.disarm()
					if e.visit != nil && died {
						e.visit.Problem = "" // the shop may have seen the wire cut
					}
					for _, broken := range r.check(mark, e) {
						t.Error(broken)
					}
					if t.Failed() {
						r.explain(t, mark)
					}
				})
				if !died || t.Failed() {
					break
				}
			}
		}
	}
}

// arm puts a life into the process that ends at a point: a restart that nothing notices.
func (r *rig) arm(l *life) {
	if err := r.swap(l); err != nil {
		r.t.Fatal(err)
	}
}

// disarm reports whether the process died since it was armed.
func (r *rig) disarm() bool { return r.now().kind == "" }

// swap starts the process anew with the next life, while nothing goes on.
func (r *rig) swap(next *life) error {
	r.working.Lock()
	defer r.working.Unlock()
	r.now().dead.Store(true) // the pump starts nothing more in it
	r.s.Current().Engine.Idle()
	return r.rise(r.t.Context(), next)
}

// dieBefore has the process die before it answers the next few requests of a route.
func (r *rig) dieBefore(route string, times int64) {
	r.route.Store(&doom{route, times})
}
