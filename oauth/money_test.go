package oauth_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"parley/sandbox"
	"parley/sim"
)

// 94. One amount, from the request to the last answer.
func TestAmountIsTheSameOnEveryHop(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b := w.browser(t)
	began := b.authorize(deposit("amount", "123.40"))
	order, _ := w.Trustly.Order(began.to.String())
	// What the browser adds on its way back changes nothing.
	success := b.identify(began, "approve") + "?amount=1.00&txAmount=1.00"
	p := b.back(success)
	tok := w.shopToken(t, redemption(p.query("code"), "amount", "1.00")).json(t)
	check := w.shopCheck(t, tok["access_token"].(string)).json(t)
	order, _ = w.Trustly.Order(order.URL)
	got := []any{order.Amount, order.Credited, tok["amount"], check["amount"]}
	for _, action := range []string{"authorize", "transfer"} {
		for _, heard := range w.Operator.Heard(action) {
			got = append(got, heard.Body["txAmount"], heard.Body["txAmountCy"] == "SEK")
		}
	}
	if !slices.Equal(got, []any{"123.40", "123.40", "123.40", "123.40", "123.40", true, "123.40", true}) {
		t.Errorf("the amounts are %v", got)
	}
	if c := w.Operator.Complaints(); len(c) > 0 {
		t.Error(c)
	}
}

// 94: the bank moves another sum than was agreed. The money moved, so the operator hears of what moved, or nobody gets a code for what did not.
func TestAmountThatChangedAtTheBankIsNotPassedOffAsTheOneAskedFor(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	w.Trustly.SetScenario(sim.TrustlyScenario{CreditAmount: "50.00"})
	b := w.browser(t)
	p := b.back(b.identify(b.authorize(deposit()), "approve"))
	if code := p.query("code"); code != "" {
		if m := w.shopToken(t, redemption(code)).json(t); m["amount"] != "50.00" {
			t.Errorf("the operator is told of %v", m["amount"])
		}
	}
	for _, tx := range w.Operator.Transactions() {
		if tx.State == "transferred" && tx.Amount != "50.00" {
			t.Errorf("the operator booked %s", tx.Amount)
		}
	}
	if len(w.Operator.Reservations()) != 0 {
		t.Errorf("still reserved: %v", w.Operator.Reservations())
	}
}

// 95, 96. The person or the operator says no: what is told, what is cancelled and what never begins.
func TestDepositThatIsRefused(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	for _, c := range []struct {
		name, refuses, decision, scenario string
		errCode, errMsg, description      string
		authorizes, cancels               int
	}{
		{"operator declines signin", "signin", "approve", "", "101", "Not today", "", 0, 0},
		{"operator declines authorize", "authorize", "approve", "", "101", "Not today", "", 1, 0},
		{"person cancels before they are known", "", "cancel", "", "", "", "err_cancelled_by_user", 0, 0},
		{"person cancels the payment", "", "deny", "", "", "", "err_cancelled_by_user", 1, 1},
		{"bank refuses the payment", "", "approve", "pay-fails", "", "", "", 1, 1},
		{"person leaves after the sign-in", "", "approve", "kyc-cancel", "", "", "", 1, 1},
		{"too young", "", "approve", "abort-underage", "", "", "err_declined_kyc_user_under_age", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := map[string]int{}
			for _, action := range []string{"authorize", "cancel", "transfer"} {
				before[action] = len(w.Operator.Heard(action))
			}
			if c.refuses != "" {
				w.Operator.Faults.Set(c.refuses, sim.Refuse, 1)
			}
			w.Trustly.SetScenario(sim.TrustlyScenario{Order: c.scenario})
			b := w.browser(t)
			began := b.authorize(deposit())
			p := b.back(b.identify(began, c.decision))
			refusedBack(t, w, p, "access_denied")
			if p.query("errCode") != c.errCode || p.query("errMsg") != c.errMsg || p.query("state") != "st-1" || c.description != "" && p.query("error_description") != c.description {
				t.Errorf("%s", p)
			}
			if order, _ := w.Trustly.Order(began.to.String()); order.Credited != "" || order.State == sim.TrustlyCredited {
				t.Errorf("it was paid all the same: %+v", order)
			}
			eventually(t, "nothing is reserved", func() bool { return len(w.Operator.Reservations()) == 0 })
			for action, want := range map[string]int{"authorize": c.authorizes, "cancel": c.cancels, "transfer": 0} {
				if n := len(w.Operator.Heard(action)) - before[action]; n != want {
					t.Errorf("the operator heard %s %d times, want %d", action, n, want)
				}
			}
			// The browser that comes again hears the same again.
			if again := b.back(b.w.House.OAuth.FollowURL(w.runOfOrder(t, began))); again.header.Get("Location") != p.header.Get("Location") {
				t.Errorf("the second time: %s", again)
			}
		})
	}
}

// runOfOrder is the run whose order a browser was sent to.
func (w *world) runOfOrder(t *testing.T, began page) string {
	t.Helper()
	order, ok := w.Trustly.Order(began.to.String())
	if !ok {
		t.Fatal("no order")
	}
	success := order.Attributes["SuccessURL"].(string)
	run, ok := w.doorHandles().Open("connect return", success[len(success)-54:])
	if !ok {
		t.Fatalf("no run in %s", success)
	}
	return run
}

// 97.
func TestTransferIsSaidThoughTheBrowserIsGone(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	w.Operator.Faults.Set("transfer", sim.Lose, 1)
	b := w.browser(t)
	began := b.authorize(deposit())
	b.identify(began, "approve") // and the browser never comes back
	eventually(t, "the operator books the deposit", func() bool {
		tx := w.Operator.Transactions()
		return len(tx) == 1 && tx[0].State == "transferred" && len(w.Operator.Heard("transfer")) >= 2
	})
	said := w.Operator.Heard("transfer")
	for _, again := range said[1:] {
		if again.Header.Get("Webhook-Id") != said[0].Header.Get("Webhook-Id") || again.Header.Get("Webhook-Id") == "" || again.Body["txId"] != said[0].Body["txId"] {
			t.Errorf("said again under another id: %s, %s", said[0].Header.Get("Webhook-Id"), again.Header.Get("Webhook-Id"))
		}
	}
	if got := w.Operator.Balance(w.Operator.Transactions()[0].UserID); got != "500.00" {
		t.Errorf("the balance is %s", got)
	}
	// And when the person comes back after all, there is their code.
	if p := b.back(w.House.OAuth.BackURL(w.runOfOrder(t, began), true)); p.query("code") == "" {
		t.Error(p)
	}
}

// 99.
func TestTwoTabsAreOneTransactionAndOneCode(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b := w.browser(t)
	began := b.authorize(deposit())
	w.Trustly.SetScenario(sim.TrustlyScenario{Duplicates: 3}) // for later orders; this one is opened twice by hand
	success := b.identify(began, "approve")
	codes := make([]string, 8)
	var tabs sync.WaitGroup
	for i := range codes {
		tabs.Go(func() { codes[i] = b.back(success).query("code") })
	}
	tabs.Wait()
	if slices.Sort(codes); codes[0] == "" || codes[0] != codes[len(codes)-1] {
		t.Errorf("the tabs have %d codes", len(slices.Compact(codes)))
	}
	token := w.access(t, codes[0])
	// The back button, after all is over.
	if p := b.back(success); p.status != http.StatusOK || p.to != nil {
		t.Errorf("after the code was used: %s", p)
	}
	if p := w.shopCheck(t, token); p.status != http.StatusOK {
		t.Errorf("looking again took the token: %s", p)
	}
	// And with every notification four times, while the browser is back before the bank's word.
	began = b.authorize(deposit())
	b.back(b.identify(began, "approve"))
	if tx := w.Operator.Transactions(); len(tx) != 2 || len(w.Trustly.Orders()) != 2 {
		t.Errorf("%d transactions and %d orders of two deposits", len(tx), len(w.Trustly.Orders()))
	}
	if n := len(w.Operator.Heard("transfer")); n != 2 {
		t.Errorf("the operator heard of %d transfers", n)
	}
}

// 100: the browser is early, and the money is still on its way.
func TestBrowserThatIsEarlyWaitsOnAPage(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	w.Trustly.SetScenario(sim.TrustlyScenario{Order: "no-credit"})
	b := w.browser(t)
	began := b.authorize(deposit())
	success := b.identify(began, "approve")
	p := b.get(success)
	p = b.get(p.header.Get("Location") + "?back=1")
	if p.status != http.StatusOK || p.to != nil {
		t.Errorf("%s", p)
	}
	safe(t, p)
	refusedPage(t, w.browser(t).get(w.House.OAuth.FollowURL(w.runOfOrder(t, began))))
	if n := len(w.Operator.Heard("transfer", "cancel")); n != 0 {
		t.Errorf("the operator was told what nobody knows yet: %d", n)
	}
}
