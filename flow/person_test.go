package flow_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"parley"
	"parley/connector"
	"parley/engine"
	"parley/oauth"
	"parley/sim"
)

// authorize asks as the compatible client's page does, and returns the provider's page and the run.
func (r *rig) authorize(t *testing.T, more url.Values) (page string, run engine.Run) {
	t.Helper()
	q := url.Values{"client_id": {"shop-compatible"}, "redirect_uri": {r.s.Clients[2].RedirectURIs[0]}, "identity_provider": {"trustly"},
		"currency": {"SEK"}, "country": {"SE"}, "state": {"s"}}
	for k, v := range more {
		q[k] = v
	}
	res, err := http.Get(r.s.URL + "/paymentiq/oauth/authorize?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		RedirectOutput struct{ URL string }
	}
	body, _ := io.ReadAll(res.Body)
	if err := json.Unmarshal(body, &answer); err != nil || answer.RedirectOutput.URL == "" {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	runs, err := r.db.Runs(t.Context(), "", 1)
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	return answer.RedirectOutput.URL, runs[0]
}

// TestNobodyIsWhoTheirBrowserSaysTheyAre: enduser_id is the browser's word, so it names nobody in a token, and the operator is asked who
// was identified before it is asked about their money.
func TestNobodyIsWhoTheirBrowserSaysTheyAre(t *testing.T) {
	r := newRig(t)
	for _, amount := range []string{"", "25.00"} {
		heard := len(r.s.Operator.Heard("signin"))
		more := url.Values{"identity_provider": {"openid"}, "enduser_id": {"VICTIM"}, "iframe": {"false"}}
		if amount != "" {
			more.Set("amount", amount)
		}
		q := url.Values{"client_id": {"shop-compatible"}, "redirect_uri": {r.s.Clients[2].RedirectURIs[0]}, "currency": {"SEK"}, "country": {"SE"}}
		for k, v := range more {
			q[k] = v
		}
		b := &browser{r: r}
		b.jar, _ = cookiejar.New(nil)
		b.client = &http.Client{Jar: b.jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		at, err := b.visit(http.MethodGet, r.s.URL+"/oauth/authorize?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for at != "" { // the identity, and with an amount the payment
			var back string
			if strings.HasPrefix(at, r.s.OpenIDURL) {
				back, err = r.s.OpenID.Approve(at, sim.OpenIDPersons()[0].SSN)
			} else {
				o, _ := r.s.Trustly.Order(at)
				err = r.s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, "approve")
				back = o.Attributes["SuccessURL"].(string)
			}
			if err != nil {
				t.Fatal(err)
			}
			if at, err = b.visit(http.MethodGet, back, nil); err != nil {
				t.Fatal(err)
			}
		}
		runs, err := r.db.Runs(t.Context(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.s.Current().Conversations.Await(t.Context(), runs[0].ID, func(p oauth.Progress) bool { return p.Stage == oauth.Granted })
		if err != nil || p.Grant.UserID == "VICTIM" {
			t.Errorf("with %q the browser is taken for %q (%v)", amount, p.Grant.UserID, err)
		}
		for _, m := range r.s.Operator.Heard("authorize") {
			if m.Body["userId"] == "VICTIM" {
				t.Error("the operator was asked about the money of somebody whom nobody had identified")
			}
		}
		if asked := len(r.s.Operator.Heard("signin")) - heard; amount != "" && asked != 1 {
			t.Errorf("the operator was asked signin %d times", asked)
		}
	}
}

// TestSomebodyElseIsNotLetGoOn: once a person was accepted, another who logs in on the same order is stopped, however often and whenever the
// provider asks; the first is still let go on.
func TestSomebodyElseIsNotLetGoOn(t *testing.T) {
	r := newRig(t)
	_, run := r.authorize(t, url.Values{"amount": {"25.00"}})
	c := r.s.Current().Conversations
	anna := parley.Identity{Provider: "trustly", Issuer: "trustly", Subject: "SE199001012385", PersonID: "SE199001012385", Name: "Anna Åkesson", IssuedAt: r.clock.Now()}
	erik := parley.Identity{Provider: "trustly", Issuer: "trustly", Subject: "SE198503152392", PersonID: "SE198503152392", Name: "Erik Öberg", IssuedAt: r.clock.Now()}
	for _, ask := range []struct {
		id   string
		who  parley.Identity
		goOn bool
	}{{"1", anna, true}, {"2", erik, false}, {"2", erik, false}, {"3", anna, true}, {"1", anna, true}} {
		v, err := c.Tell(t.Context(), run.ID, "1000/trustly", connector.Told{ID: ask.id, Fact: connector.Identified, Asks: true, Identity: &ask.who})
		if err != nil || v.GoOn != ask.goOn {
			t.Errorf("question %s is answered %+v, %v", ask.id, v, err)
			r.explain(t, before{lastRun: run.ID})
		}
	}
}

// TestACancelIsNeverLost: an order that ends while its person is being identified is told as a denial or as a failed payment, whichever it
// turns out to be, also when the first telling was interrupted.
func TestACancelIsNeverLost(t *testing.T) {
	r := newRig(t)
	mark := r.mark()
	_, run := r.authorize(t, url.Values{"amount": {"25.00"}})
	c := r.s.Current().Conversations
	failed := connector.Told{ID: "9", Fact: connector.Failed, Refusal: &parley.Refusal{By: parley.ByPaymentProvider, Status: parley.StatusCancelledByUser}}
	// As if we had died after the first word about it, and before the second: it was heard when the person had just been identified.
	anna := parley.Identity{Provider: "trustly", Issuer: "trustly", Subject: "SE199001012385", Name: "Anna Åkesson", IssuedAt: r.clock.Now()}
	if v, err := c.Tell(t.Context(), run.ID, "1000/trustly", connector.Told{ID: "1", Fact: connector.Identified, Asks: true, Identity: &anna}); err != nil || !v.GoOn {
		t.Fatal(v, err)
	}
	denied := failed
	denied.Fact = connector.Denied
	if _, err := r.s.Current().Engine.Tell(t.Context(), engine.Message{Run: run.ID, Step: "identity verified", Source: "1000/trustly", ID: "9/denied", Body: denied}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tell(t.Context(), run.ID, "1000/trustly", failed); err != nil { // it is told again
		t.Fatal(err)
	}
	if err := r.settle(mark); err != nil {
		t.Fatal(err)
	}
	for _, broken := range r.check(mark, end{}) {
		t.Error(broken)
	}
	if got, err := r.s.Current().Engine.Run(t.Context(), run.ID); err != nil || got.Status != engine.StatusRefused || len(r.s.Operator.Heard("cancel")) != 1 {
		t.Errorf("the run is %s and the operator heard %d cancels (%v)", got.Status, len(r.s.Operator.Heard("cancel")), err)
	}
}
