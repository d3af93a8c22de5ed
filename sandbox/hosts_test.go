package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/house"
	"parley/sandbox"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// bankHost is a bank's app around the web app, played as the vendor's SDKs are: they take what they know and fail at anything else, and say things in their own
// careless ways. What the web app says is recorded.
//
//	ios      window.webkit.messageHandlers.<event>.postMessage(dictionary); evaluates fn('<json>')
//	android  window.JSBridge.<event>(string); onExitRequested takes nothing; knows no consents; evaluates fn('<json>')
//	frame    a page around an iframe, which parses whatever it is posted, by whomever, and posts {event, message} as a string
type bankHost struct {
	w        *walker
	kind     string // "ios", "android" or "frame"
	base     string // where the web app is: "https://savings.example"
	around   string // of a frame: the page around it
	Timezone string // "Europe/Stockholm" when empty; not of a frame
	Theme    string // "light", "dark" or empty
	Headers  http.Header

	mu       sync.Mutex
	messages []hostMessage
}

// hostMessage is something that the web app said. Wrong is why the SDK would not have taken it; it throws then, as the SDK's bridge does.
type hostMessage struct {
	Event   string         `json:"event"` // as this host calls it
	Message map[string]any `json:"message"`
	Wrong   string         `json:"wrong"`
}

// iosHost is there before any page of the web app is. A body is copied as the web view copies it, so what cannot be copied throws.
const iosHost = `if (window === top) window.webkit = { messageHandlers: Object.fromEntries(["onAccountProvisionRequested", "onAccountRequested", "onIdTokenDidExpire", "onTransferConsentRequested", "share", "onExitRequested", "onTelemetryEvent"].map((event) => [event, {
	postMessage(body) {
		const wrong = Object.prototype.toString.call(body) === "[object Object]" ? "" : "the body is no dictionary: " + JSON.stringify(body)
		hostHears(JSON.stringify({ event, message: wrong ? {} : structuredClone(body), wrong }))
		if (wrong) throw new TypeError(wrong)
	},
}])) }`

// androidHost is an object whose methods can be called on it alone, with just the arguments that they have.
const androidHost = `if (window === top) {
	const say = (event, wrong, message = {}) => {
		hostHears(JSON.stringify({ event, message, wrong }))
		if (wrong) throw new TypeError(wrong)
	}
	const wrong = (self, given, want) => self !== JSBridge ? "the method is called without its object" : given.length !== want ? "the method takes " + want + " arguments, not " + given.length : want && typeof given[0] !== "string" ? "the argument is no string: " + JSON.stringify(given[0]) : ""
	window.JSBridge = { onExitRequested() { say("onExitRequested", wrong(this, arguments, 0)) } }
	for (const event of ["onAccountProvisionRequested", "onAccountRequested", "onIdTokenDidExpire", "onShare", "onTelemetryEvent"]) JSBridge[event] = function () {
		const bad = wrong(this, arguments, 1)
		say(event, bad, bad ? {} : JSON.parse(arguments[0]))
	}
}`

// frameHost is the page around the frame, and its script. Like the vendor's, it asks nobody who they are.
const (
	framePage   = `<!doctype html><html lang="en"><head><title>A bank</title><link rel="icon" href="data:,"><script src="host.js" defer></script></head><body><h1>A bank</h1><div id="dreams-web-sdk-container"></div></body></html>`
	frameScript = `addEventListener("message", (e) => {
	const { event, message } = JSON.parse(e.data)
	hostHears(JSON.stringify({ event, message, wrong: typeof e.data === "string" ? "" : "what is posted is no string" }))
})
function hostLaunches(apiUrl, fields) {
	const frame = Object.assign(document.createElement("iframe"), { name: "dreams-web-sdk-iframe", title: "Savings", width: 375, height: 700 })
	const form = Object.assign(document.createElement("form"), { method: "post", action: apiUrl + "/users/verify_token", target: frame.name })
	for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }))
	document.getElementById("dreams-web-sdk-container").replaceChildren(form, frame)
	form.submit()
	window.hostSays = (event, message) => frame.contentWindow.postMessage(JSON.stringify({ event, message }), apiUrl)
}`
)

// frameServer serves the page around the frame. Its origin must be among the partner's frame_origins: see framedBy.
func frameServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, body := "text/html; charset=utf-8", framePage
		if r.URL.Path == "/host.js" {
			kind, body = "text/javascript", frameScript
		}
		w.Header().Set("Content-Type", kind)
		w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// framedBy lets a page of another origin show every partner's web app.
func framedBy(origin string) func(*house.Config) {
	return func(c *house.Config) {
		for i := range c.Partners {
			c.Partners[i].FrameOrigins = append(c.Partners[i].FrameOrigins, origin)
		}
	}
}

// newHost makes the walker's tab a host; around is the address of frameServer for a frame, and otherwise empty.
func newHost(w *walker, kind, base, around string) *bankHost {
	w.t.Helper()
	h := &bankHost{w: w, kind: kind, base: base, around: around}
	if err := chromedp.Listen(w.ctx, func(ev any) {
		said, ok := ev.(*runtime.EventBindingCalled)
		if !ok || said.Name != "hostHears" {
			return
		}
		var m hostMessage
		if err := json.Unmarshal([]byte(said.Payload), &m); err != nil {
			m = hostMessage{Wrong: err.Error() + ": " + said.Payload}
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.messages = append(h.messages, m)
	}); err != nil {
		w.t.Fatal(err)
	}
	w.do(call(runtime.AddBinding, runtime.AddBindingParams{Name: "hostHears"}))
	if script := map[string]string{"ios": iosHost, "android": androidHost}[kind]; script != "" {
		w.do(call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
	}
	return h
}

// Launch brings a person in with an ID token, as the SDK of the device does, and shows what the server answers. A locale is "sv-SE" or "en-GB".
func (h *bankHost) Launch(token, locale, location string) {
	h.w.t.Helper()
	if h.kind == "frame" {
		h.w.goTo(h.around)
		fields, _ := json.Marshal(map[string]string{"token": token, "locale": locale, "location": location, "theme": h.Theme}) // texts only
		h.run(fmt.Sprintf(`hostLaunches(%q, %s)`, h.base, fields))
		return
	}
	to, kind := h.base+"/users/verify_token", "application/json"
	said := map[string]string{"token": token, "client_id": "bank-app", "locale": locale}
	if h.kind == "ios" {
		to += "?" + url.Values{"location": {location}}.Encode()
	} else {
		kind = "application/json; utf-8"
		said["location"], said["theme"], said["timezone"] = location, h.Theme, h.Timezone
		if h.Timezone == "" {
			said["timezone"] = "Europe/Stockholm"
		}
	}
	body, _ := json.Marshal(said) // texts only
	req, err := http.NewRequestWithContext(h.w.t.Context(), http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		h.w.t.Fatal(err)
	}
	for name, values := range h.Headers {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", kind)
	if h.kind == "android" {
		req.Header.Set("Accept", "application/json")
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if err != nil {
		h.w.t.Fatal(err)
	}
	res.Body.Close()
	at := res.Header.Get("Location")
	if u, err := url.Parse(at); err != nil || !u.IsAbs() || res.StatusCode < 300 || res.StatusCode > 399 {
		h.w.t.Fatalf("%s: the launch was answered %d to %q", h.kind, res.StatusCode, at)
	}
	for _, c := range res.Cookies() {
		h.w.do(call(network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: h.base, Path: c.Path, Secure: &c.Secure, HTTPOnly: &c.HttpOnly}))
	}
	h.w.goTo(at)
}

// run evaluates what the host evaluates in the page that it shows.
func (h *bankHost) run(script string) {
	h.w.t.Helper()
	if _, err := chromedp.Run(h.w.ctx, chromedp.EvaluateAsDevTools[any]("("+script+", null)")); err != nil {
		h.w.t.Errorf("%s: %s: %v", h.kind, script, err)
	}
}

// Say says something to the web app: in a frame the event is one of the web SDK's, and otherwise the name of a global function. A native SDK puts
// the JSON between single quotes as it is, so an apostrophe in it is an error of the host's.
func (h *bankHost) Say(event string, message any) {
	h.w.t.Helper()
	said, err := json.Marshal(message)
	if err != nil {
		h.w.t.Fatal(err)
	}
	if h.kind == "frame" {
		h.run(fmt.Sprintf(`hostSays(%q, %s)`, event, said))
		return
	}
	h.run(fmt.Sprintf(`%s('%s')`, event, said))
}

// Messages are what the web app has said, oldest first; with events, only those.
func (h *bankHost) Messages(events ...string) []hostMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.messages), func(m hostMessage) bool { return len(events) > 0 && !slices.Contains(events, m.Event) })
}

// Wait waits until the web app has said something, and returns the latest.
func (h *bankHost) Wait(event string) hostMessage {
	h.w.t.Helper()
	h.w.await("says "+event+" to "+h.kind, func() bool { return len(h.Messages(event)) > 0 })
	all := h.Messages(event)
	return all[len(all)-1]
}

// Well fails the test if the web app has said anything that the SDK would not have taken.
func (h *bankHost) Well() {
	h.w.t.Helper()
	for _, m := range h.Messages() {
		if m.Wrong != "" {
			h.w.t.Errorf("%s: %s: %s", h.kind, m.Event, m.Wrong)
		}
	}
}

// hosted is a page that plays the web app, rightly or wrongly, to see that the hosts notice.
const hosted = `<!doctype html><html lang="en"><head><title>The web app</title><link rel="icon" href="data:,"><script src="/web-app.js" defer></script></head><body><h1>The web app</h1><p id="heard"></p></body></html>`

const hostedScript = `
const heard = (name, raw) => { const said = JSON.parse(raw); document.getElementById("heard").textContent += name + " " + said.requestId + "." }
window.accountProvisionInitiated = (raw) => heard("initiated", raw)
addEventListener("message", (e) => { const { event, message } = JSON.parse(e.data); heard(event + " from " + e.origin, JSON.stringify(message)) })
const caught = []
const attempt = (f) => { try { f() } catch (e) { caught.push(e.message) } }
const asked = { requestId: "r-1" }
if (window.webkit) {
	const { onAccountProvisionRequested, share, onPageReadyEvent } = webkit.messageHandlers
	onAccountProvisionRequested.postMessage(asked)
	share.postMessage({ text: "Save with me" })
	attempt(() => share.postMessage("a text"))
	attempt(() => onPageReadyEvent.postMessage({}))
} else if (window.JSBridge) {
	JSBridge.onAccountProvisionRequested(JSON.stringify(asked))
	JSBridge.onExitRequested()
	attempt(() => JSBridge.onExitRequested("{}"))
	attempt(() => JSBridge.onShare({ text: "an object" }))
	attempt(() => JSBridge.onTransferConsentRequested("{}"))
	attempt(() => { const { onShare } = JSBridge; onShare("{}") })
} else {
	parent.postMessage(JSON.stringify({ event: "onAccountProvisionRequested", message: asked }), "*")
}
document.getElementById("heard").textContent = "caught " + caught.length + "."
`

// TestHostsTakeWhatTheVendorsDo tries the hosts themselves, with a page that makes mistakes on purpose.
func TestHostsTakeWhatTheVendorsDo(t *testing.T) {
	browser := chromium(t)
	var launches []string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch c, err := r.Cookie("session"); {
		case r.URL.Path == "/users/verify_token":
			var said map[string]string
			if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				json.NewDecoder(r.Body).Decode(&said)
			} else {
				said = map[string]string{"token": r.PostFormValue("token"), "locale": r.PostFormValue("locale")}
			}
			launches = append(launches, strings.Join([]string{r.Header.Get("Content-Type"), said["token"], said["locale"], said["location"] + r.URL.Query().Get("location"), said["timezone"]}, "|"))
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
			w.Header().Set("Location", "http://"+r.Host+"/app/dreams")
			w.WriteHeader(http.StatusSeeOther)
		case err != nil || c.Value != "s":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/web-app.js":
			w.Header().Set("Content-Type", "text/javascript")
			w.Write([]byte(hostedScript))
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte(hosted))
		}
	}))
	defer app.Close()
	around := frameServer(t)
	for _, c := range []struct {
		kind, launch, say string
		heard             []string // with a mark at what was wrong
		sees              []string
	}{
		{"ios", "application/json|t|sv-SE|/dreams|", "accountProvisionInitiated", []string{"onAccountProvisionRequested", "share", "share!"}, []string{"caught 2.", "initiated r-1."}},
		{"android", "application/json; utf-8|t|sv-SE|/dreams|Europe/Stockholm", "accountProvisionInitiated",
			[]string{"onAccountProvisionRequested", "onExitRequested", "onExitRequested!", "onShare!", "onShare!"}, []string{"caught 4.", "initiated r-1."}},
		{"frame", "application/x-www-form-urlencoded|t|sv-SE||", "accountProvisioned", []string{"onAccountProvisionRequested"}, []string{"caught 0.", "accountProvisioned from " + around + " r-1."}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			launches = nil
			w := browser.begin(t, &sandbox.Sandbox{URL: app.URL})
			h := newHost(w, c.kind, app.URL, around)
			h.Launch("t", "sv-SE", "/dreams")
			if asked := h.Wait("onAccountProvisionRequested"); asked.Message["requestId"] != "r-1" {
				t.Errorf("%+v", asked)
			}
			text := func() string {
				if c.kind == "frame" {
					return w.frameText()
				}
				return w.text()
			}
			w.await("has tried everything", func() bool { return strings.Contains(text(), c.sees[0]) })
			h.Say(c.say, map[string]any{"requestId": "r-1"})
			w.await("hears the host", func() bool { return strings.Contains(text(), c.sees[1]) })
			var heard []string
			for _, m := range h.Messages() {
				if m.Wrong != "" {
					m.Event += "!"
				}
				heard = append(heard, m.Event)
			}
			if !slices.Equal(heard, c.heard) {
				t.Errorf("it heard %v, not %v", heard, c.heard)
			}
			if len(launches) != 1 || launches[0] != c.launch {
				t.Errorf("it launched %q, not %q", launches, c.launch)
			}
		})
	}
}

// TestTheWebAppSpeaksToEveryHost launches the web app itself in each host: what it says is taken, and it hears the host.
func TestTheWebAppSpeaksToEveryHost(t *testing.T) {
	browser := chromium(t)
	around := frameServer(t)
	s := start(t, sandbox.Options{Configure: framedBy(around)})
	for _, kind := range []string{"ios", "android", "frame"} {
		t.Run(kind, func(t *testing.T) {
			w := browser.begin(t, s)
			h := newHost(w, kind, s.URL, around)
			token, err := s.Bank.IDToken(sandbox.SharedPartner, "anna", 0, "")
			if err != nil {
				t.Fatal(err)
			}
			h.Launch(token, "en-GB", "")
			text := func() string {
				if kind == "frame" {
					return w.frameText()
				}
				return w.text()
			}
			w.await("greets the person", func() bool { return strings.Contains(text(), "Anna") })
			if kind == "frame" {
				h.Wait("onPageReadyEvent")
			}
			h.Say("updateLocale", map[string]string{"locale": "sv_SE"})
			w.await("speaks Swedish", func() bool { return strings.Contains(text(), "Välkommen") })
			h.Say("onSignOutRequested", struct{}{})
			h.Wait("onExitRequested")
			h.Well()
		})
	}
}
