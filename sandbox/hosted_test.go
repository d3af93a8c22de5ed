package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
	"parley/sim"

	"github.com/chromedp/chromedp"
)

// clock runs with the real one and can be moved ahead.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// Names as long as they come, and a look of its own.
const longShop = "Nordvästra Skärgårdens Honungsodlarförening och Biprodukthandel ek. för."

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="120" height="40" rx="8" fill="#7a1fa2"/><circle cx="24" cy="20" r="10" fill="#fff"/></svg>`

// TestEveryHostedPage looks at each page that a person can come to, on a phone and on a desktop, light and dark, in both languages,
// with ordinary names and with the longest, and has axe look too.
func TestEveryHostedPage(t *testing.T) {
	browser := chromium(t)
	file := filepath.Join(t.TempDir(), "logo.svg")
	if err := os.WriteFile(file, []byte(logo), 0o600); err != nil {
		t.Fatal(err)
	}
	long := func(c *house.Config) {
		m := &c.Merchants[0]
		m.Name = longShop
		m.Look = &house.Look{Accent: "#7a1fa2"}
		m.Providers[0].Label = "Trustly Direktbetalningar och Legitimering för Privatpersoner"
		for i := len(m.Providers); i < 8; i++ {
			more := m.Providers[1]
			more.Name, more.Label, more.Logo = "more"+string(rune('a'+i)), "Ytterligare ett identitetsintyg för utlandssvenskar "+string(rune('A'+i)), file
			m.Providers = append(m.Providers, more)
		}
	}
	withLogo := func(c *house.Config) { c.Merchants[0].Look = &house.Look{Logo: file} }
	for _, as := range []struct {
		name, locale string
		configure    func(*house.Config)
		amount       url.Values
	}{
		{"en", "en_GB", nil, url.Values{"amount": {"500.00"}}},
		{"sv", "sv_SE", withLogo, url.Values{"amount": {"500.00"}}},
		{"sv-long", "sv_SE", long, url.Values{"amount": {"99999999.99"}}},
		{"en-long", "en_GB", long, url.Values{"amount": {"999999999999.999"}, "currency": {"KWD"}}},
		{"en-yen", "en_GB", nil, url.Values{"amount": {"50000"}, "currency": {"JPY"}}},
	} {
		t.Run(as.name, func(t *testing.T) {
			clock := &clock{}
			s := start(t, sandbox.Options{Configure: as.configure, Parts: house.Parts{Hold: 100 * time.Millisecond, Now: clock.Now}})
			w := browser.begin(t, s)
			w.expect("status of 4", "NavigationEntryMarkedSkippable")
			ask := func(more url.Values) string {
				q := request(s, url.Values{"locale": {as.locale}})
				for name, list := range more {
					q[name] = list
				}
				return s.URL + "/oauth/authorize?" + q.Encode()
			}
			deposit := func(provider string) string {
				q := url.Values{"identity_provider": {provider}}
				for name, list := range as.amount {
					q[name] = list
				}
				return ask(q)
			}
			sv := strings.HasPrefix(as.locale, "sv")
			say := func(en, swedish string) string {
				if sv {
					return swedish
				}
				return en
			}
			inspect := func(en, swedish string) {
				t.Helper()
				w.settle(say(en, swedish))
				w.inspect()
			}
			// order begins a deposit with Trustly and leaves the browser on our own page.
			order := func() sim.TrustlyOrder {
				t.Helper()
				before := len(s.Trustly.Orders())
				w.goTo(deposit("trustly"))
				orders := s.Trustly.Orders()
				if len(orders) != before+1 {
					t.Fatalf("no order was made; the browser stands at %s:\n%s", w.url(), w.text())
				}
				return orders[len(orders)-1]
			}
			to := func(o sim.TrustlyOrder, what string) string { at, _ := o.Attributes[what].(string); return at }

			// Whom to be identified by.
			w.goTo(ask(nil))
			inspect("How do you want to identify yourself?", "Hur vill du legitimera dig?")
			w.goTo(ask(as.amount))
			inspect("How do you want to pay?", "Hur vill du betala?")
			if strings.HasSuffix(as.name, "long") {
				w.do(chromedp.Focus(chromedp.ID("search")), chromedp.KeyEvent("svenskar g"))
				w.settle("svenskar G")
				if strings.Contains(w.text(), "svenskar F") {
					t.Error("the search leaves in what was not looked for")
				}
				w.do(chromedp.KeyEvent("zzz"))
				inspect("None of them is called that", "Ingen av dem heter så")
			}

			// With an app.
			w.goTo(deposit("bankid"))
			inspect("Scan the code", "Läs av koden")
			w.qr()
			if as.amount.Has("currency") { // which Trustly does not have
				w.wrongPages(inspect)
				return
			}

			// At the provider, and back too early.
			o := order()
			w.goTo(to(o, "SuccessURL"))
			inspect("You have not finished with", "Du är inte klar hos")
			clock.forward(21 * time.Second)
			w.do(chromedp.Reload())
			w.settle(say("Waiting for you", "Väntar på dig"))
			w.see(say("Cancel", "Avbryt"))

			// Paid, and the bank takes its time.
			s.Trustly.SetScenario(sim.TrustlyScenario{Order: "no-credit"})
			o = order()
			w.goTo(to(o, "SuccessURL"))
			w.settle(say("Waiting for you", "Väntar på dig"))
			if err := s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, "approve"); err != nil {
				t.Fatal(err)
			}
			// The page hears of it by itself.
			inspect("Waiting for your bank", "Väntar på din bank")
			clock.forward(2 * time.Minute)
			w.do(chromedp.Reload())
			inspect("Your money is safe", "Dina pengar är trygga")

			// Done, where somebody has waited.
			s.Trustly.SetScenario(sim.TrustlyScenario{Order: "credit-late", CreditDelay: 1500 * time.Millisecond})
			o = order()
			w.goTo(to(o, "SuccessURL"))
			w.settle(say("Waiting for you", "Väntar på dig"))
			if err := s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, "approve"); err != nil {
				t.Fatal(err)
			}
			w.settle(say("Your deposit has arrived", "Din insättning har kommit fram"))
			w.stay()
			w.inspect()
			w.press(say("Go to", "Gå till"))
			w.settle("That did not work") // the shop knows nothing of a request that it did not make

			// Whose no it was.
			s.Trustly.SetScenario(sim.TrustlyScenario{})
			for _, no := range []struct {
				before     func()
				act        string
				en, svenka string
			}{
				{func() { s.Operator.Faults.Set("signin", sim.Refuse, 1) }, "approve", "said no", "sade nej"},
				{func() { s.Trustly.SetScenario(sim.TrustlyScenario{Order: "pay-fails"}) }, "approve", "The payment did not go through", "Betalningen gick inte igenom"},
				{func() {}, "cancel", "You cancelled", "Du avbröt"},
			} {
				no.before()
				o := order()
				w.goTo(to(o, "SuccessURL"))
				w.settle(say("Waiting for you", "Väntar på dig"))
				if err := s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, no.act); err != nil {
					t.Fatal(err)
				}
				inspect(no.en, no.svenka)
				s.Trustly.SetScenario(sim.TrustlyScenario{})
			}
			o = order()
			w.goTo(to(o, "SuccessURL"))
			w.settle(say("Waiting for you", "Väntar på dig"))
			clock.forward(31 * time.Minute)
			inspect("This took too long", "Det tog för lång tid")

			// A day later.
			o = order()
			if err := s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, "approve"); err != nil {
				t.Fatal(err)
			}
			clock.forward(25 * time.Hour)
			// Cookies run by the browser's own clock, so it is still known.
			w.goTo(to(o, "SuccessURL"))
			inspect("This is over", "Det här är över")
			w.wrongPages(inspect)
		})
	}
}

// settle waits for a page that says this, and checks nothing: it may be on its way to another.
func (w *walker) settle(words string) {
	w.t.Helper()
	w.await("says "+words, func() bool { return strings.Contains(w.text(), words) })
}

// stay keeps the page from going on by itself while it is looked at; leave lets it.
func (w *walker) stay() {
	w.t.Helper()
	if _, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[bool](`(() => { for (let i = setTimeout(() => {}); i > 0; i--) clearTimeout(i); return true })()`)); err != nil {
		w.t.Fatal(err)
	}
}

// qr waits until the code that an app would see has become another.
func (w *walker) qr() {
	w.t.Helper()
	source := func() string {
		src, _ := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](`(document.querySelector(".qr img") || {}).src || ""`))
		return src
	}
	first := source()
	w.await("shows another code", func() bool { now := source(); return now != "" && now != first })
}

// wrongPages are those that anybody can come to.
func (w *walker) wrongPages(inspect func(en, sv string)) {
	w.t.Helper()
	for _, wrong := range []struct{ at, says string }{
		{"/oauth/authorize?client_id=nobody", "This link does not work"}, {"/nowhere", "There is nothing here"}, {"/oauth/follow/x", "There is nothing here"},
	} {
		w.goTo(w.s.URL + wrong.at)
		w.settle(wrong.says)
		w.inspect()
	}
}

// A page in a frame of the client's own site is continued there; nobody else's frame shows it.
func TestHostedPagesInAFrame(t *testing.T) {
	browser := chromium(t)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(`<!doctype html><html lang="en"><title>A shop</title><h1>A shop</h1><iframe title="Sign in" width="400" height="700" src="` + strings.ReplaceAll(r.URL.Query().Get("show"), "&", "&amp;") + `"></iframe></html>`))
	}))
	defer host.Close()
	s := start(t, sandbox.Options{Configure: func(c *house.Config) { c.Merchants[0].Clients[0].FrameOrigins = []string{host.URL} }})
	w := browser.begin(t, s)
	w.expect("frame-ancestors", "X-Frame-Options", "X-Frame", "refused", "Blocked", "BlockedByResponse", "status of 4")
	show := func(q url.Values) {
		w.goTo(host.URL + "/?show=" + url.QueryEscape(s.URL+"/oauth/authorize?"+request(s, q).Encode()))
	}
	show(url.Values{"identity_provider": {"bankid"}})
	w.await("asks for the page in the frame", func() bool { return strings.Contains(w.frameText(), "Scan the code") })
	show(url.Values{"identity_provider": {"openid"}})
	w.await("leads out of the frame", func() bool { return strings.Contains(w.frameText(), "Go on in a window of its own") })
	show(url.Values{"identity_provider": {"bankid"}, "client_id": {sandbox.SPAClient}})
	w.await("is kept out of the frame of a client that named none", func() bool { return w.said("frame-ancestors 'none'") })
	if text := w.frameText(); strings.Contains(text, "BankID") {
		t.Errorf("the frame shows %q", text)
	}
}

// frameText is what the frame in the page says.
func (w *walker) frameText() string { return w.within(`document.body ? document.body.innerText : ""`) }

// By keyboard alone, from the choice to the bank.
func TestHostedPagesByKeyboard(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	w := browser.begin(t, s)
	w.goTo(s.URL + "/oauth/authorize?" + request(s, url.Values{"amount": {"500.00"}, "locale": {"en_GB"}}).Encode())
	w.see("How do you want to pay?")
	w.keyTo("BankID")
	w.see("Scan the code")
	w.keyTo("Cancel")
	w.see("That did not work", "access_denied") // the shop did not ask, so it does not know the answer
}

// The pages of everybody else, in both languages.
func TestEveryPageOfTheParties(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	for _, story := range s.Stories() {
		if story.Name == "deposit" || story.Name == "bankid-sign-in" || story.Name == "transfer-repeated" || story.Name == "account-provisioning" {
			if r := s.Tell(t.Context(), story); !r.OK {
				t.Fatal(r.Problems)
			}
		}
	}
	for lang, simulated := range map[string]string{"en": "Simulated", "sv": "Simulerat"} {
		t.Run(lang, func(t *testing.T) {
			w := browser.begin(t, s)
			for _, page := range []string{s.OperatorURL + "/shop", s.OperatorURL + "/", s.OperatorURL + "/heard/2", s.OperatorURL + "/behaviour", s.TrustlyURL + "/", s.TrustlyURL + "/scenario", s.TrustlyURL + "/behaviour",
				s.OpenIDURL + "/", s.OpenIDURL + "/behaviour", s.OpenIDURL + "/twist", s.RegisterURL + "/", s.RegisterURL + "/behaviour", s.BankIDURL + "/", s.BankIDURL + "/behaviour", s.BankIDURL + "/app", s.BankURL + "/", s.BankURL + "/heard/1", s.BankURL + "/behaviour"} {
				w.goTo(page + "?lang=" + lang)
				w.settle(simulated)
				w.inspect()
			}
		})
	}
}
