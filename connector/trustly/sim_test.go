package trustly_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/connector"
	"parley/connector/trustly"
	"parley/sim"
	"parley/web"
)

// house is a connector and a simulated Trustly, connected both ways.
type house struct {
	*trustly.Connector
	sim     *sim.Trustly
	notify  string
	verdict connector.Verdict

	mu   sync.Mutex
	told []connector.Told
}

func newHouse(t *testing.T, scenario sim.TrustlyScenario) *house {
	ours, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{verdict: connector.Verdict{GoOn: true}}
	h.sim = sim.NewTrustly(sim.TrustlyOptions{Username: "u", Password: "p", MerchantKey: &ours.PublicKey, Scenario: scenario,
		RetryAfter: []time.Duration{10 * time.Millisecond}, KYCWait: 5 * time.Second})
	t.Cleanup(h.sim.Close)
	api := httptest.NewServer(h.sim)
	t.Cleanup(api.Close)
	door := httptest.NewServer(http.HandlerFunc(h.hear))
	t.Cleanup(door.Close)
	theirs, err := trustly.ParsePublicKey(h.sim.PublicKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	h.notify = door.URL + "/notify/abc"
	h.Connector, err = trustly.New(trustly.Config{URL: api.URL + "/api/1", Username: "u", Password: "p", Key: ours, TrustlyKey: theirs,
		Client: web.NewClient(web.ClientOptions{AllowPrivate: true})})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// hear is the door: it reads, keeps and answers.
func (h *house) hear(w http.ResponseWriter, r *http.Request) {
	n, err := h.Receive(r)
	if err != nil {
		h.Reject(w, err)
		return
	}
	h.mu.Lock()
	h.told = append(h.told, n.Told)
	h.mu.Unlock()
	n.Answer(w, h.verdict)
}

func (h *house) heard(f connector.Fact) (found []connector.Told) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, told := range h.told {
		if told.Fact == f {
			found = append(found, told)
		}
	}
	return found
}

func (h *house) ask(currency parley.Currency, minor int64) connector.IdentifyRequest {
	return connector.IdentifyRequest{Key: "run-1/identify", Attempt: 1, Amount: &parley.Money{Minor: minor, Currency: currency}, Country: "SE",
		EndUserID: "run-1", SuccessURL: "https://shop.test/ok", FailURL: "https://shop.test/no", NotifyURL: h.notify}
}

// walk identifies, lets the person act, and returns what was opened and the order.
func (h *house) walk(t *testing.T, ask connector.IdentifyRequest, decision string) (connector.Opened, sim.TrustlyOrder) {
	t.Helper()
	opened, err := h.Identify(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	order, ok := h.sim.Order(opened.Page.URL)
	if !ok {
		t.Fatal("the page is of no order")
	}
	if err := h.sim.Act(order.OrderID, sim.TrustlyPerson{}, decision); err != nil {
		t.Fatal(err)
	}
	order, _ = h.sim.Order(opened.Page.URL)
	return opened, order
}

func (h *house) status(t *testing.T, opened connector.Opened, amount parley.Money) connector.Told {
	t.Helper()
	got, err := h.PaymentStatus(t.Context(), connector.StatusRequest{Session: opened.Session, Amount: amount, Since: time.Now(), Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSimulatedPaymentFromIdentificationToLedger(t *testing.T) {
	h := newHouse(t, sim.TrustlyScenario{ExtraFields: true, Country: "Sweden"})
	sek := parley.Money{Minor: 50000, Currency: "SEK"}
	opened, order := h.walk(t, h.ask("SEK", 50000), "approve")
	if order.State != sim.TrustlyCredited || order.Credited != "500.00" {
		t.Errorf("the order is %s with %s", order.State, order.Credited)
	}
	who, paid, account := h.heard(connector.Identified), h.heard(connector.Paid), h.heard(connector.Account)
	if len(who) != 1 || len(paid) != 1 || len(account) != 1 {
		t.Fatalf("heard %d, %d, %d", len(who), len(paid), len(account))
	}
	if id := who[0].Identity; id.PersonID != "SE196512171957" || id.Name != "Örjan Ångström" || id.Address.Country != "SWE" || !who[0].Asks {
		t.Error("somebody else was identified")
	}
	if paid[0].Amount != sek || paid[0].Reference != order.OrderID || paid[0].At.IsZero() {
		t.Errorf("%+v", paid[0])
	}
	for _, d := range h.sim.Sent() {
		if !d.Valid || d.Attempt != 1 {
			t.Errorf("%s was answered %s: %s", d.Method, d.ReplyStatus, d.Why)
		}
	}
	if got := h.status(t, opened, sek); got.Fact != connector.Paid || got.Amount != sek || got.Reference != order.OrderID {
		t.Errorf("the ledger says %+v", got)
	}
}

func TestSimulatedScenarios(t *testing.T) {
	for name, c := range map[string]struct {
		scenario sim.TrustlyScenario
		verdict  connector.Verdict
		currency parley.Currency
		decision string
		state    sim.TrustlyState
		heard    connector.Fact
		status   connector.Fact
	}{
		"the operator says no":  {sim.TrustlyScenario{}, connector.Verdict{}, "SEK", "approve", sim.TrustlyFinished, connector.Identified, connector.Pending},
		"the person leaves":     {sim.TrustlyScenario{}, connector.Verdict{GoOn: true}, "SEK", "deny", sim.TrustlyCancelled, connector.Failed, connector.Pending},
		"too young":             {sim.TrustlyScenario{Order: "abort-underage"}, connector.Verdict{}, "SEK", "approve", sim.TrustlyAborted, connector.Denied, connector.Pending},
		"reversed":              {sim.TrustlyScenario{Order: "kyc-credit-debit"}, connector.Verdict{GoOn: true}, "SEK", "approve", sim.TrustlyReversed, connector.Reversed, connector.Paid},
		"pending and credit":    {sim.TrustlyScenario{Order: "kyc-pending-credit", Duplicates: 3}, connector.Verdict{GoOn: true}, "SEK", "approve", sim.TrustlyCredited, connector.Pending, connector.Paid},
		"forints":               {sim.TrustlyScenario{}, connector.Verdict{GoOn: true}, "HUF", "approve", sim.TrustlyCredited, connector.Paid, connector.Paid},
		"heard before answered": {sim.TrustlyScenario{NotifyBeforeResponse: true}, connector.Verdict{GoOn: true}, "SEK", "approve", sim.TrustlyCredited, connector.Paid, connector.Paid},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, c.scenario)
			h.verdict = c.verdict
			opened, order := h.walk(t, h.ask(c.currency, 50000), c.decision)
			if order.State != c.state || len(h.heard(c.heard)) == 0 {
				t.Errorf("the order is %s and nothing was %s", order.State, c.heard)
			}
			if got := h.status(t, opened, parley.Money{Minor: 50000, Currency: c.currency}); got.Fact != c.status || got.Amount.Minor != 50000 {
				t.Errorf("the ledger says %s %d", got.Fact, got.Amount.Minor)
			}
		})
	}
}

func TestSimulatedLimitLowersThePayment(t *testing.T) {
	h := newHouse(t, sim.TrustlyScenario{})
	h.verdict.Limit = &parley.Money{Minor: 10000, Currency: "SEK"}
	if _, order := h.walk(t, h.ask("SEK", 50000), "approve"); order.Credited != "100.00" {
		t.Errorf("credited %s", order.Credited)
	}
}

func TestSimulatedFaults(t *testing.T) {
	for fault, want := range map[sim.Fault]parley.Kind{sim.Refuse: parley.KindRefused, sim.Garbage: parley.KindUnknown, sim.Broken: parley.KindUnknown,
		sim.Lose: parley.KindUnknown, sim.Drop: parley.KindUnknown, sim.TrustlyWrongUUID: parley.KindUnknown, sim.TrustlyWrongSignature: parley.KindUnknown, sim.Twice: ""} {
		h := newHouse(t, sim.TrustlyScenario{})
		h.sim.Faults.Set("Deposit", fault, 1)
		ask := h.ask("SEK", 50000)
		if _, err := h.Identify(t.Context(), ask); parley.KindOf(err) != want {
			t.Errorf("%s: %v", fault, err)
		}
		// Whatever happened, the next attempt opens an order that can be paid, and only that one is.
		ask.Attempt = 2
		if _, order := h.walk(t, ask, "approve"); order.Credited != "500.00" {
			t.Errorf("%s: credited %s", fault, order.Credited)
		}
		if paid := h.heard(connector.Paid); len(paid) != 1 {
			t.Errorf("%s: paid %d times", fault, len(paid))
		}
	}
	for _, fault := range []sim.Fault{sim.Garbage, sim.Broken, sim.TrustlyWrongSignature, sim.Lose, sim.Twice, sim.Drop} {
		h := newHouse(t, sim.TrustlyScenario{})
		h.sim.Faults.Set("kyc", fault, 1)
		if _, order := h.walk(t, h.ask("SEK", 50000), "approve"); order.Credited != "500.00" {
			t.Errorf("kyc %s: credited %s", fault, order.Credited)
		}
		ids := map[string]bool{}
		for _, told := range h.heard(connector.Identified) {
			ids[told.ID] = true
		}
		if len(ids) != 1 {
			t.Errorf("kyc %s: %d ids", fault, len(ids))
		}
	}
}

func TestSimulatedPaymentOfSomebodyElsewhereIdentified(t *testing.T) {
	h := newHouse(t, sim.TrustlyScenario{})
	opened, err := h.Pay(t.Context(), connector.PayRequest{IdentifyRequest: h.ask("SEK", 50000),
		Identity: parley.Identity{Name: "Åsa Sjöberg", Email: "asa@example.test", PersonID: "SE198503122486"}})
	if err != nil {
		t.Fatal(err)
	}
	order, _ := h.sim.Order(opened.Page.URL)
	if err := h.sim.Act(order.OrderID, sim.TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	if len(h.heard(connector.Paid)) != 1 || len(h.heard(connector.Identified)) != 0 {
		t.Error("not paid, or identified")
	}
}
