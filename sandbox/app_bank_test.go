package sandbox_test

import (
	"parley/sandbox"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// The bank asks for an account for each dream, and is asked for it as soon as there is the dream.
func TestTheSavingsAppWithAnAccountForEachDream(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.DreamsPartner, "anna", "en", "/new?inspiration=journey")
	say := p.words.say
	p.heading(say("new.amount", "name", "A journey"))
	p.press(say("new.next"))
	p.heading(say("new.when"))
	p.press(say("new.next"))
	p.heading(say("new.how"))
	p.inspect()
	p.press(say("new.next"))
	p.heading(say("new.picture"))
	p.press(say("new.make"))
	p.heading(say("handover.title"))
	asked := p.told("onAccountRequested")
	p.see(say("handover.dream"))
	p.inspect()
	p.host.Say("accountRequestedFailed", map[string]any{"requestId": asked["requestId"]})
	p.see(say("handover.refused"))
	p.inspect()
	again := p.toldAnew("onAccountRequested", func() { p.press(say("asked.again")) })
	if again["requestId"] == asked["requestId"] {
		t.Error("a no is asked about again under the same request")
	}
	p.host.Say("accountRequestedSucceeded", map[string]any{"requestId": again["requestId"]})
	p.heading(say("market.title"))
}

// What a savehack may take is signed in the bank's app.
func TestTheSavingsAppWithConsents(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	for how, ends := range map[string]string{"consent": "started.title", "reject": "handover.declined"} {
		t.Run(how, func(t *testing.T) {
			p := browser.begin(t, s).openApp(sandbox.ConsentPartner, map[string]string{"consent": "cecilia", "reject": "eva"}[how], "en", "/")
			say := p.words.say
			p.drawn()
			dream := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": "Sail", "targetCents": 300_000}}))
			p.at("/dreams/"+dream+"/marketplace/Daily", "Every day")
			p.press(say("hack.next"))
			p.heading(say("confirm.title", "name", "Every day"))
			p.see(say("confirm.consent"))
			p.press(say("confirm.start"))
			p.heading(say("handover.consent"))
			asked := p.told("onTransferConsentRequested")
			p.inspect()
			p.bankDoes("consent", map[string]any{"temporaryId": asked["consentId"], "decision": how})
			answer := map[string]any{"requestId": asked["requestId"], "consentId": asked["consentId"], "consentRef": "x"}
			p.host.Say(map[string]string{"consent": "transferConsentSucceeded", "reject": "transferConsentCancelled"}[how], answer)
			p.heading(say(ends))
			p.inspect()
		})
	}
}

// A session that its token renews asks for another half a minute before the end, goes on with it, and ends without.
func TestTheSavingsAppIsRenewed(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openAppFor(33, sandbox.SharedPartner, "anna", "en", "/")
	p.drawn()
	asked := p.told("onIdTokenDidExpire")
	before := js[string](p, `JSON.parse(document.getElementById("boot").textContent).me.session.expiresAt`)
	p.host.Say("updateIdToken", map[string]any{"requestId": asked["requestId"], "idToken": p.token(600)})
	p.await("goes on", func() bool {
		return js[string](p, `fetch("/app/api/me").then(r => r.json()).then(me => me.session.expiresAt)`) > before
	})
	p.expect("401")
	p.host.Say("updateIdToken", map[string]any{"requestId": asked["requestId"], "idToken": "not.a.token"})
	p.told("onExitRequested")
	p.heading(p.words.say("out.title"))
}

// The app is killed at each step of the first journey and opened again, by somebody whose telephone has forgotten everything: what was made is there,
// what waits goes on, and nothing is made twice.
func TestTheSavingsAppIsKilledAtEachStep(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "cecilia", "en", "/")
	say := p.words.say
	again := func(location string) {
		t.Helper()
		p.goTo("about:blank")
		p.do(call(network.ClearBrowserCookies, cdp.Empty{}))
		p.signIn(600, "en-GB", location)
	}
	p.heading(say("overview.welcome", "name", "Cecilia"))
	again("/")
	p.heading(say("overview.welcome", "name", "Cecilia"))

	// In the middle of a dream: what was typed is in the window, which is the same.
	p.press(say("overview.new"))
	p.heading(say("new.what"))
	p.types("#dream-name", "Sail")
	again("/new")
	p.heading(say("new.what"))
	if name := js[string](p, `document.querySelector("#dream-name").value`); name != "Sail" {
		t.Errorf("what was typed is %q", name)
	}
	p.press(say("new.next"))
	p.heading(say("new.amount", "name", "Sail"))
	p.types("#amount", "500")
	p.press(say("new.next"))
	p.heading(say("new.when"))
	p.press(say("new.next"))
	p.heading(say("new.picture"))
	p.press(say("new.make"))
	p.heading(say("market.title"))

	// Before and after the savehack; while the bank's app has the screen.
	again("/")
	p.heading(say("overview.title"))
	p.see("Sail")
	dream := js[string](p, `document.querySelector("a.dream").pathname.split("/").at(-1)`)
	p.at("/dreams/"+dream+"/marketplace/Daily?step=confirm", say("confirm.title", "name", "Every day"))
	p.press(say("confirm.start"))
	p.heading(say("handover.title"))
	asked := p.told("onAccountProvisionRequested")
	again("/dreams/" + dream)
	p.heading("Sail")
	p.see(say("launch.waiting"), say("asked.waits"))
	p.inspect()
	if request := p.toldAnew("onAccountProvisionRequested", func() { p.press(say("asked.again")) })["requestId"]; request != asked["requestId"] {
		t.Errorf("it is asked under %v, not %v", request, asked["requestId"])
	}

	// The bank's app has answered, and is killed before anything is seen of it.
	p.host.Say("accountProvisionInitiated", asked)
	p.await("goes on", func() bool { return !strings.Contains(p.text(), say("launch.waiting")) })
	again("/dreams/" + dream)
	p.heading("Sail")
	if strings.Contains(p.text(), say("launch.waiting")) || strings.Contains(p.text(), say("asked.again")) {
		t.Errorf("it still waits: %s", p.text())
	}
	p.bankDoes("open-first", nil)
	again("/")
	p.heading(say("overview.title"))
	me := js[map[string]any](p, `fetch("/app/api/me").then(r => r.json())`)
	launches := js[map[string]any](p, `fetch("/app/api/launches").then(r => r.json())`)
	if dreams, _ := me["dreams"].([]any); len(dreams) != 1 {
		t.Errorf("there are %d dreams", len(dreams))
	}
	if all, _ := launches["savehackLaunches"].([]any); len(all) != 1 {
		t.Errorf("there are %d launches", len(all))
	}
}
