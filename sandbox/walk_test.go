package sandbox_test

import (
	"net/url"
	"os"
	"parley/house"
	"parley/sandbox"
	"parley/sim"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestWalk is a person with a browser: they read what a page says and press what is on it. In every walk the browser's console
// stays empty, no policy is violated, nothing but this machine is asked, and no page is wider than a phone.
func TestWalk(t *testing.T) {
	browser := chromium(t)
	for _, w := range []struct {
		name    string
		options sandbox.Options
		walk    func(w *walker)
	}{
		{"deposit", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.see("A year of honey")
			w.press("Sign up and deposit 500 kr")
			w.bank()
			w.see("Welcome, Örjan Ångström", "You deposited 500 kr", "Your balance is 500 kr")
			welcome := w.url()

			// What was used stays used, in whatever tab and by whatever button.
			w.do(chromedp.Reload())
			w.see("Welcome, Örjan Ångström", "Your balance is 500 kr")
			w.do(chromedp.NavigateBack())
			w.see("You are signed in", "This sign-in has been used")
			follow := w.asked("/oauth/follow/")
			second := w.tab("second-tab")
			second.goTo(follow)
			second.see("You are signed in")
			second.press("Back to Sandbox shop")
			second.see("The operator's books")
			second.goTo(welcome)
			second.see("Welcome, Örjan Ångström", "Your balance is 500 kr")
			if n := len(w.s.Operator.Visits()); n != 1 {
				w.t.Errorf("the shop saw %d visits, not one", n)
			}
			stranger := w.stranger("another-browser")
			stranger.expect("status of 4")
			stranger.goTo(follow)
			stranger.see("You began this in another browser")
			if strings.Contains(stranger.text(), "signed in") {
				w.t.Error("another browser is told how it ended")
			}
		}},
		{"keyboard", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.see("A year of honey")
			w.keyTo("Sign up and deposit 500 kr")
			w.see("Choose your bank")
			w.keyTo("Norrskensbanken")
			w.see("Log in to Norrskensbanken")
			w.keyTo("Log in")
			w.see("Confirm the payment")
			w.keyTo("Approve payment")
			w.see("Welcome, Örjan Ångström", "Your balance is 500 kr")
			w.keyTo("Back to the shop")
			w.see("A year of honey")
		}},
		{"cancelled", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.press("Sign up and deposit 500 kr")
			w.see("Choose your bank")
			w.press("Cancel and return")
			w.see("You cancelled", "nothing was paid", "access_denied")
			w.press("Back to the shop")
			w.see("A year of honey")
		}},
		{"refused", sandbox.Options{}, func(w *walker) {
			w.s.Operator.Faults.Set("signin", sim.Refuse, 1)
			w.goTo(w.s.OperatorURL + "/shop")
			w.press("Sign up and deposit 500 kr")
			w.see("Choose your bank")
			w.press("Sparlinden")
			w.see("Log in to Sparlinden")
			w.press("Log in")
			w.see("That did not work", "We could not let you in: Not today.", "101")
		}},
		{"openid-then-trustly", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.do(chromedp.Click(chromedp.ID("p-openid")))
			w.press("Sign up and deposit 500 kr")
			w.see("Log in")
			w.press("Log in as")
			w.bank()
			w.see("Welcome,", "You deposited 500 kr", "Your balance is 500 kr")
		}},
		{"openid-sign-in", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.do(chromedp.Click(chromedp.ID("p-openid")))
			w.press("Sign in")
			w.see("Log in")
			w.press("Log in as")
			w.see("Welcome,")
		}},
		{"app-then-trustly", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.do(chromedp.Click(chromedp.ID("p-bankid")))
			w.press("Sign up and deposit 500 kr")
			w.see("Open BankID", "Scan the code")
			w.press("Open BankID on this device")
			w.see("Identify yourself", "Sandbox shop")
			w.press("Identify")
			w.bank()
			w.see("Welcome, Anna Åkesson", "You deposited 500 kr", "Your balance is 500 kr")
		}},
		{"app-cancelled", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.do(chromedp.Click(chromedp.ID("p-bankid")))
			w.press("Sign in")
			w.see("Open BankID", "Scan the code")
			w.press("Open BankID on this device")
			w.see("Identify yourself")
			w.press("Cancel")
			w.see("You cancelled", "access_denied")
		}},
		{"late-credit-without-script", sandbox.Options{Parts: house.Parts{Hold: 300 * time.Millisecond}}, func(w *walker) {
			w.axe = ""                                 // it is a script, too
			w.expect("NavigationEntryMarkedSkippable") // without script a page leads on by a refresh, which the browser's back button leaves out
			w.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
			w.s.Trustly.SetScenario(sim.TrustlyScenario{Order: "credit-late", CreditDelay: 4 * time.Second})
			w.goTo(w.s.OperatorURL + "/shop")
			w.press("Sign up and deposit 500 kr")
			w.bank()
			w.see("Waiting for your bank", "SEK\u00a0500.00")
			w.see("Welcome, Örjan Ångström", "Your balance is 500 kr")
		}},
		{"back-too-early", sandbox.Options{Parts: house.Parts{Hold: 300 * time.Millisecond}}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.press("Sign up and deposit 500 kr")
			w.see("Choose your bank")
			orders := w.s.Trustly.Orders()
			success, _ := orders[len(orders)-1].Attributes["SuccessURL"].(string)
			w.goTo(success)
			w.see("Waiting for you", "You have not finished")
			w.press("Continue there")
			w.see("Choose your bank")
			w.goTo(success)
			w.see("Waiting for you")
			w.press("Cancel")
			w.see("You cancelled", "access_denied")
		}},
		{"the-home", sandbox.Options{}, func(w *walker) {
			// What is drawn fades in, and is looked at when it stands.
			w.do(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}}))
			w.goTo(w.s.HomeURL)
			w.see("Nothing has run yet", "Somebody signs up and deposits")
			w.press("Somebody signs up and deposits")
			w.see("SEK 500.00 · Trustly", "check_token", "as it should be")
			w.keyTo("Behaviour") // of the first who can be told
			w.see("How OpenID behaves", "As usual.")
			w.keyTo("Set")
			w.see("refuses discovery, once")
			if w.s.OpenID.Faults.Now("discovery") != sim.Refuse {
				w.t.Error("the provider was not told")
			}
			w.keyTo("Put everything right")
			w.see("As usual.")
			w.do(chromedp.KeyEvent(kb.Escape))
		}},
		{"choose-a-provider", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.URL + "/oauth/authorize?" + request(w.s, url.Values{"amount": {"1234567.50"}}).Encode())
			w.see("How do you want to pay?", "SEK\u00a01,234,567.50")
			w.press("OpenID")
			w.see("Log")
		}},
		{"bad-redirect-uri", sandbox.Options{}, func(w *walker) {
			w.expect("status of 4")
			w.goTo(w.s.URL + "/oauth/authorize?" + request(w.s, url.Values{"redirect_uri": {"https://somebody-else.example/landing"}}).Encode())
			w.see("This link does not work", "nothing was done", "Reference for support")
			if strings.Contains(w.text(), "somebody-else") {
				w.t.Error("the page repeats what the request said")
			}
			w.goTo(w.s.URL + "/nowhere")
			w.see("There is nothing here")
		}},
		{"swedish", sandbox.Options{Parts: house.Parts{Hold: 100 * time.Millisecond}}, func(w *walker) {
			w.s.Trustly.SetScenario(sim.TrustlyScenario{Order: "credit-late", CreditDelay: 2 * time.Second})
			w.goTo(w.s.OperatorURL + "/shop?lang=sv")
			w.see("Bli kund")
			w.press("Bli kund och sätt in 500 kr")
			w.see("Välj din bank")
			w.press("Fjällbanken")
			w.see("Logga in hos Fjällbanken")
			w.press("Logga in")
			w.press("Godkänn betalning")
			w.see("Väntar på din bank", "500,00\u00a0kr")
			w.see("Din insättning har kommit fram")
			w.settle("Välkommen, Örjan Ångström")
			w.see("Ditt saldo är 500 kr")
		}},
	} {
		screens := []screen{phoneLight}
		if os.Getenv("PARLEY_DEEP") != "" {
			screens = append(screens, desktopDark)
		}
		for _, as := range screens {
			t.Run(w.name+"/"+as.name, func(t *testing.T) {
				person := browser.begin(t, start(t, w.options))
				person.turn(as)
				w.walk(person)
			})
		}
	}
}
