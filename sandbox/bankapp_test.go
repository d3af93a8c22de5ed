package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// standIn is a web SDK as a bank knows it, of the fewest lines: it posts the form into the frame, and turns promises into answers. It is served
// where the house has none.
const standIn = `
const answers = { onAccountProvisionRequested: "accountProvisioned", onAccountRequested: "onAccountRequestedSucceeded", onTransferConsentRequested: "onTransferConsentSucceeded", onIdTokenDidExpire: "updateToken" }
const refusals = { onAccountRequested: "onAccountRequestedFailed", onTransferConsentRequested: "onTransferConsentCancelled" }
export class DreamsSDK {
	constructor(apiUrl, { debug = () => {} } = {}) {
		Object.assign(this, { apiUrl, debug, origin: new URL(apiUrl).origin })
	}
	setup(callbacks, container = "dreams-web-sdk-container", name = "dreams-web-sdk-iframe") {
		this.iframe = Object.assign(document.createElement("iframe"), { name, title: "Savings" })
		document.getElementById(container).append(this.iframe)
		this.hear = async (e) => {
			if (e.source !== this.iframe.contentWindow || e.origin !== this.origin) return
			const { event, message } = JSON.parse(e.data), { requestId, consentId } = message
			try {
				const value = await callbacks[event]?.({ event, message })
				if (answers[event]) this.post(answers[event], { requestId, ...(consentId && { consentId, consentRef: value.consentRef }), ...(event === "onIdTokenDidExpire" && { idToken: value }) })
			} catch (reason) {
				if (refusals[event]) this.post(refusals[event], { requestId, ...(consentId && { consentId }), reason })
			}
		}
		addEventListener("message", this.hear)
		const post = (event, message = {}) => this.post(event, message)
		return this.messageHandler = { navigateTo: (location) => post("navigateTo", { location }), signOut: () => post("onSignOutRequested"), sessionKeepAlive: () => post("sessionKeepAlive"), postBackRequested: () => post("onBackRequested") }
	}
	post(event, message) {
		this.iframe.contentWindow?.postMessage(JSON.stringify({ event, message }), this.origin)
		this.debug({ kind: "said", event, message })
	}
	start(token, locale, location = "", theme = "") {
		const form = Object.assign(document.createElement("form"), { method: "post", action: this.apiUrl + "/users/verify_token", target: this.iframe.name, hidden: true })
		for (const [name, value] of Object.entries({ token, locale, location, theme })) form.append(Object.assign(document.createElement("input"), { name, value }))
		document.body.append(form)
		form.submit()
		form.remove()
	}
	destroy() {
		removeEventListener("message", this.hear)
		this.iframe.remove()
	}
}`

// withSDK has a house that serves an SDK, its own or the stand-in; withoutSDK one that serves none.
func withSDK(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sdk/parley-sdk.js" {
			inner.ServeHTTP(w, r)
			return
		}
		own := httptest.NewRecorder()
		inner.ServeHTTP(own, r.Clone(r.Context()))
		if own.Code == http.StatusOK {
			inner.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Write([]byte(standIn))
	})
}

func withoutSDK(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/sdk/") {
			http.NotFound(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// within evaluates an expression in the frame that shows a page of the house, and waits for what it promises. It is "" while there is no such
// frame, or the frame is just becoming another page.
func (w *walker) within(expression string) (said string) {
	w.t.Helper()
	yes := true
	w.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		tree, err := cdp.Call(ctx, tab, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return err
		}
		for _, child := range tree.FrameTree.ChildFrames {
			if !strings.HasPrefix(child.Frame.URL, w.s.URL+"/") {
				continue
			}
			world, err := cdp.Call(ctx, tab, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: child.Frame.ID})
			if err != nil {
				return nil
			}
			got, err := cdp.Call(ctx, tab, runtime.Evaluate, runtime.EvaluateParams{Expression: "(async () => String(" + expression + "))()", ContextID: world.ExecutionContextID,
				AwaitPromise: &yes, ReturnByValue: &yes, UserGesture: &yes})
			switch {
			case err != nil:
				return nil
			case got.ExceptionDetails != nil:
				return fmt.Errorf("%s: %s", expression, got.ExceptionDetails.Exception.Description)
			}
			return json.Unmarshal(got.Result.Value, &said)
		}
		return nil
	}))
	return said
}

// asks is the web app asking for what its server wants to know, after a request of its own: the way that it takes itself, without its screens.
func (w *walker) asks(method, path, body string) {
	w.t.Helper()
	w.within(fmt.Sprintf(`await fetch("/app/api/%s", { method: %q, headers: { "Content-Type": "application/json" }, body: %q }).then((r) => r.json()).then((said) => {
		for (const one of said.ask ?? []) parent.postMessage(JSON.stringify(one), %q)
		window.last = JSON.stringify(said)
	})`, path, method, body, w.s.BankURL))
}

// dream has a dream, and a savehack launched on it; the web app asks what there is to ask.
func (w *walker) dream(name string) {
	w.t.Helper()
	id := w.within(fmt.Sprintf(`await fetch("/app/api/dreams", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ dream: { name: %q, targetCents: 500000 } }) }).then((r) => r.json()).then((said) => {
		for (const one of said.ask ?? []) parent.postMessage(JSON.stringify(one), %q)
		return said.dream.id
	})`, name, w.s.BankURL))
	w.asks("POST", "launches", fmt.Sprintf(`{"savehackLaunch":{"dreamId":%q,"type":"MonthlyLaunch","amountCents":50000,"dayOfMonth":25}}`, id))
}

// enter opens the bank's app, and the web app in it.
func (w *walker) enter(programme, choices string) {
	w.t.Helper()
	w.goTo(w.s.BankURL + "/" + programme + "/app?user=anna" + choices)
	w.see("Good day, Anna", "10,000 kr", "How the app behaves")
	w.press("Saving")
	w.await("shows the web app", func() bool { return w.within(`document.readyState == "complete" && document.body.innerText`) != "" })
}

// passed waits for messages in the panel, and returns the text of all.
func (w *walker) passed(names ...string) string {
	w.t.Helper()
	text := ""
	w.await("shows the messages "+strings.Join(names, ", "), func() bool {
		text, _ = chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](`document.getElementById("messages").textContent`))
		for _, name := range names {
			if !strings.Contains(text, name) {
				return false
			}
		}
		return true
	})
	return text
}

// choose sets a field of the panel.
func (w *walker) choose(id, value string) {
	w.t.Helper()
	set := fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event("change", { bubbles: true })); e.dispatchEvent(new Event("input", { bubbles: true })); return e.value })(document.getElementById(%q))`, value, id)
	if got, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](set)); err != nil || got != value {
		w.t.Fatalf("%s: %s could not be set to %q: %q, %v", w.name, id, value, got, err)
	}
}

func TestWaysLeadToTheBanksApp(t *testing.T) {
	s := start(t, sandbox.Options{})
	read := func(address string) string {
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", address, res.StatusCode, err)
		}
		return string(body)
	}
	raw, err := json.Marshal(s.Links())
	if err != nil {
		t.Fatal(err)
	}
	var links struct {
		App     string `json:"bank_app"`
		Savings struct {
			Partners []struct {
				App string `json:"bank_app"`
			} `json:"partners"`
		} `json:"savings"`
	}
	if err := json.Unmarshal(raw, &links); err != nil || len(links.Savings.Partners) != 3 || links.Savings.Partners[0].App != links.App {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, p := range links.Savings.Partners {
		if body := read(p.App); !strings.Contains(body, "Good day, Anna") {
			t.Errorf("%s is %s", p.App, body)
		}
	}
	if body := read(s.BankURL + "/"); !strings.Contains(body, "Open the bank&#39;s app as Anna") && !strings.Contains(body, "Open the bank's app as Anna") {
		t.Error("the books do not lead to the app")
	}
	if body := read(s.HomeURL + "/api/sandbox"); !strings.Contains(body, links.App) {
		t.Error("the home does not lead to the app")
	}
}

func TestTheBanksApp(t *testing.T) {
	browser := chromium(t)
	var ahead *clock
	for _, c := range []struct {
		name  string
		front func(http.Handler) http.Handler
		walk  func(w *walker)
	}{
		{"an-account", withSDK, func(w *walker) {
			w.goTo(w.s.BankURL + "/" + sandbox.SharedPartner + "/app?user=anna")
			w.see("Good day, Anna", "10,000 kr", "Saving")
			w.inspect()
			w.turn(desktopLight)
			w.enter(sandbox.SharedPartner, "&opening=at-once")
			w.dream("A boat")
			w.see("Open a savings account", "2.25 % interest")
			w.inspect()
			w.turn(desktopLight)
			w.press("Open the account")
			text := w.passed("POST /users/verify_token", "onPageReadyEvent", "onAccountProvisionRequested", "accountProvisioned")
			if strings.Count(text, "accountProvisioned") != 1 || !strings.Contains(text, "eyJ") || strings.Contains(text, "eyJhbGciOiJFUzI1NiI") {
				w.t.Errorf("the panel shows %s", text)
			}
			if !w.s.Bank.HasAccount(sandbox.SharedPartner, "anna", "") {
				w.t.Error("there is no account")
			}
			w.inspect()
			w.turn(desktopLight)
			w.press("Close saving")
			w.see("Good day, Anna", "Savings account")
		}},
		{"a-consent", withSDK, func(w *walker) {
			w.enter(sandbox.ConsentPartner, "")
			w.dream("A boat")
			w.see("Sign: up to 500 kr a month")
			w.inspect()
			w.turn(desktopLight)
			w.press("Sign")
			w.passed("onTransferConsentSucceeded", "consentRef")
			w.dream("A horse")
			w.see("Sign: up to 500 kr a month")
			w.press("No, do not")
			w.passed("onTransferConsentCancelled", `"reason":"cancelled"`)
		}},
		{"an-account-for-a-dream", withSDK, func(w *walker) {
			w.enter(sandbox.DreamsPartner, "")
			w.dream("A boat")
			w.see("For your dream “A boat”, an account of its own. You want to save 5,000 kr.")
			w.do(chromedp.KeyEvent(kb.Escape))
			w.passed("onAccountRequestedFailed", `"reason":"cancelled"`)
		}},
		{"killed", withSDK, func(w *walker) {
			w.expect("status of 4")
			w.enter(sandbox.SharedPartner, "&answers=die")
			w.dream("A boat")
			w.see("Open a savings account")
			w.press("Open the account")
			w.see("The app was closed while Saving was open.", "Good day, Anna")
			if strings.Contains(w.passed("onAccountProvisionRequested"), "accountProvisioned") || w.s.Bank.HasAccount(sandbox.SharedPartner, "anna", "") {
				w.t.Error("it was answered all the same")
			}
			w.choose("c-answers", "twice")
			w.press("Saving")
			w.await("shows the web app", func() bool { return w.within(`document.readyState`) == "complete" })
			ahead.forward(3 * time.Minute) // until then, another session may still ask
			w.asks("POST", "ask", "{}")
			w.see("Open a savings account")
			w.press("Open the account")
			w.await("answers twice", func() bool { return strings.Count(w.passed(), "accountProvisioned") == 2 })
			if at := w.url(); !strings.Contains(at, "answers=twice") {
				w.t.Errorf("the choice is not in the address: %s", at)
			}
		}},
		{"late-never-and-failed", withSDK, func(w *walker) {
			w.expect("a page says error") // the SDK, of a callback that failed
			w.enter(sandbox.DreamsPartner, "&answers=reject")
			w.dream("A boat")
			w.passed("onAccountRequestedFailed", `"reason":"failed"`)
			w.press("Clear")
			w.choose("c-answers", "never")
			w.dream("A horse")
			w.see("For your dream “A horse”")
			w.press("Open the account")
			w.await("closes the sheet", func() bool { return !strings.Contains(w.text(), "Open the account") })
			w.choose("c-answers", "late")
			w.dream("A house")
			w.see("For your dream “A house”")
			w.press("Open the account")
			w.see("The answer comes in 10 seconds.")
			if text := w.passed("onAccountRequested"); strings.Contains(text, "onAccountRequestedSucceeded") {
				w.t.Errorf("it was answered at once: %s", text)
			}
			if text := w.passed("onAccountRequestedSucceeded"); strings.Count(text, "onAccountRequestedSucceeded") != 1 {
				w.t.Errorf("what is never answered was: %s", text)
			}
		}},
		{"tokens", withSDK, func(w *walker) {
			w.expect("status of 4")
			w.enter(sandbox.SharedPartner, "&token=ended")
			if text := w.within(`document.body.innerText`); !strings.Contains(text, "again") {
				w.t.Errorf("a token that has ended shows %q", text)
			}
			w.press("Close saving")
			w.choose("c-token", "short")
			w.press("Saving")
			w.passed("onPageReadyEvent", "onIdTokenDidExpire", "updateToken")
			w.choose("c-renewal", "other")
			w.see("Good day, Anna") // the session has ended
		}},
		{"what-must-not-be-heard", withSDK, func(w *walker) {
			w.expect("CookieIssue", "status of 400") // of what has no origin, and of a request that is none
			w.enter(sandbox.SharedPartner, "")
			w.passed("onPageReadyEvent")
			before := w.within(`location.href`)
			w.press("Speak from a foreign origin")
			w.see("A page of another origin spoke to both.")
			w.passed("onExitRequested", "from the origin null")
			w.press("Send malformed messages")
			w.see("Eleven malformed messages were sent.")
			w.choose("f-way", "odd")
			w.see("12 of") // those, and the stranger's
			w.inspect()
			w.turn(desktopLight)
			// What was sent before this has been heard when this is.
			w.within(`await new Promise((done) => { addEventListener("message", () => done("heard"), { once: true }); postMessage("last", "*") })`)
			if after := w.within(`location.href`); after != before || w.within(`await fetch("/app/api/me").then((r) => r.status)`) != "200" {
				w.t.Errorf("%s has become %s", before, after)
			}
		}},
		{"cookies-blocked", withSDK, func(w *walker) {
			w.expect("status of 4", "the browser asks http://localhost:", "CookieIssue", "Framing", "frame-ancestors")
			w.goTo(w.s.BankURL + "/" + sandbox.SharedPartner + "/app?user=anna&answers=late")
			w.press("Embed it where cookies are blocked")
			w.see("another site than the web app's", "Good day, Anna")
			if at := w.url(); !strings.HasPrefix(at, "http://localhost:") || !strings.Contains(at, "answers=late") {
				w.t.Errorf("it is %s", at)
			}
			w.press("Saving")
			w.awaitFor(time.Minute, "is given up by the SDK, after 20 seconds", func() bool { return strings.Contains(w.text(), "The web app was not ready in 20 seconds") })
			w.look()
			w.press("Back to where cookies are sent")
			w.see("Embed it where cookies are blocked")
		}},
		{"by-hand", withoutSDK, func(w *walker) {
			w.expect("status of 404", "CORS", "CorsIssue", "ERR_FAILED") // there is no SDK
			w.goTo(w.s.BankURL + "/" + sandbox.SharedPartner + "/app?user=anna")
			w.see("The SDK could not be loaded.")
			w.enter(sandbox.SharedPartner, "")
			w.see("The SDK could not be loaded.")
			w.dream("A boat")
			w.see("Open a savings account")
			w.press("Open the account")
			w.passed("accountProvisioned")
			w.within(fmt.Sprintf(`parent.postMessage(JSON.stringify({ event: "onShare", message: { title: "A boat", text: "Save with me", url: "https://bank.example/join/ABC" } }), %q)`, w.s.BankURL))
			w.see("Copy the link", "https://bank.example/join/ABC")
			w.inspect()
			w.turn(desktopLight)
			w.press("Done")
			w.press("Sign out")
			w.see("Good day, Anna")
		}},
		{"swedish-by-keyboard", withSDK, func(w *walker) {
			w.goTo(w.s.BankURL + "/" + sandbox.SharedPartner + "/app?user=anna&lang=sv&theme=dark")
			w.see("God dag, Anna", "10\u00a0000 kr")
			w.inspect()
			w.turn(desktopLight)
			w.keyTo("Sparande")
			w.await("shows the web app", func() bool { return w.within(`document.documentElement.lang`) == "sv" })
			w.dream("En båt")
			w.see("Öppna ett sparkonto")
			w.keyTo("Öppna kontot")
			w.passed("accountProvisioned")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ahead = &clock{}
			w := browser.begin(t, start(t, sandbox.Options{Front: c.front, Parts: house.Parts{Now: ahead.Now}}))
			w.calm = true
			w.turn(desktopLight)
			c.walk(w)
		})
	}
}
