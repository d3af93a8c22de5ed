package sandbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
	"parley/sim"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The simulated person who acts by themselves has no browser: a program that only follows redirects gets from the first address
// to the last, and keeps no cookies on the way.
func TestAProgramThatFollowsRedirectsIsEnough(t *testing.T) {
	landed := make(chan url.Values, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { landed <- r.URL.Query() }))
	defer shop.Close()
	redirect := shop.URL + "/landing"
	const verifier = "a-verifier-of-at-least-forty-three-characters"
	challenge := sha256.Sum256([]byte(verifier))

	for _, auto := range []string{"approve", "deny"} {
		s := start(t, sandbox.Options{Auto: auto, RedirectURIs: []string{redirect}})
		for _, client := range []sandbox.Client{s.Clients[0], s.Clients[2]} {
			for _, provider := range []string{"trustly", "openid", "bankid"} {
				for _, amount := range []string{"", "100.00"} {
					t.Run(strings.Join([]string{auto, client.ID, provider, amount}, " "), func(t *testing.T) {
						q := url.Values{"client_id": {client.ID}, "redirect_uri": {redirect}, "identity_provider": {provider}, "currency": {"SEK"}, "country": {"SE"}, "state": {"st"}}
						if client.Profile == "standard" {
							q.Set("response_type", "code")
							q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
							q.Set("code_challenge_method", "S256")
						} else if amount == "" {
							q.Set("iframe", "false") // the other half says by Accept that it wants a page
						}
						if amount != "" {
							q.Set("amount", amount)
						}
						req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/oauth/authorize?"+q.Encode(), nil)
						if err != nil {
							t.Fatal(err)
						}
						if amount != "" {
							req.Header.Set("Accept", "text/html")
						}
						res, err := (&http.Client{Timeout: time.Minute}).Do(req)
						if err != nil {
							t.Fatal(err)
						}
						res.Body.Close()
						var got url.Values
						select {
						case got = <-landed:
						default:
							t.Fatalf("ended with %d at %s", res.StatusCode, res.Request.URL)
						}
						if got.Get("state") != "st" || got.Get("iss") != s.URL || got.Has("code") != (auto == "approve") || got.Has("error") != (auto == "deny") {
							t.Fatalf("landed with %v", got)
						}
						if auto == "approve" {
							redeem(t, s, client, redirect, got.Get("code"), verifier)
						}
					})
				}
			}
		}
	}
}

// redeem redeems a code, and expects to be told a name.
func redeem(t *testing.T, s *sandbox.Sandbox, client sandbox.Client, redirect, code, verifier string) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}}
	if client.Profile == "standard" {
		form.Set("code_verifier", verifier)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client.ID, client.Secret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var token struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || res.StatusCode != http.StatusOK || token.Token == "" {
		t.Fatalf("the code bought %d, %+v, %v", res.StatusCode, token, err)
	}
}

// TestWalk is a person with a browser: they read what a page says and press what is on it. In every walk the browser's console
// stays empty, no policy is violated, nothing but this machine is asked, and no page is wider than a phone.
func TestWalk(t *testing.T) {
	binary := os.Getenv("PARLEY_CHROMIUM")
	if binary == "" {
		t.Skip("set PARLEY_CHROMIUM to the path of a Chromium to walk through the pages with it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("user-data-dir", t.TempDir()), chromedp.Flag("disable-features", "Translate,BackForwardCache"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	browser, quit := chromedp.NewContext(ctx)
	defer quit()
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}

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
			second.press("Back to " + strings.TrimPrefix(w.s.OperatorURL, "http://"))
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
			w.press("Open the app")
			w.see("Identify yourself", "Sandbox shop")
			w.press("Identify")
			w.bank()
			w.see("Welcome, Anna Åkesson", "You deposited 500 kr", "Your balance is 500 kr")
		}},
		{"app-cancelled", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.do(chromedp.Click(chromedp.ID("p-bankid")))
			w.press("Sign in")
			w.press("Open the app")
			w.see("Identify yourself")
			w.press("Cancel")
			w.see("You cancelled", "access_denied")
		}},
		{"late-credit-without-script", sandbox.Options{Parts: house.Parts{Hold: 300 * time.Millisecond}}, func(w *walker) {
			w.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
			w.s.Trustly.SetScenario(sim.TrustlyScenario{Order: "credit-late", CreditDelay: 4 * time.Second})
			w.goTo(w.s.OperatorURL + "/shop")
			w.press("Sign up and deposit 500 kr")
			w.bank()
			w.see("Något är oklart med din betalning", "Dina pengar är trygga", "500,00\u00a0kr")
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
		{"the-parties-own-pages", sandbox.Options{}, func(w *walker) {
			w.goTo(w.s.OperatorURL + "/shop")
			w.press("Sign up and deposit 500 kr")
			w.bank()
			w.see("Welcome, Örjan Ångström")
			for _, page := range []string{w.s.OperatorURL + "/", w.s.OperatorURL + "/behaviour", w.s.TrustlyURL + "/", w.s.TrustlyURL + "/scenario", w.s.TrustlyURL + "/behaviour",
				w.s.OpenIDURL + "/", w.s.OpenIDURL + "/behaviour", w.s.OpenIDURL + "/twist", w.s.RegisterURL + "/", w.s.BankIDURL + "/", w.s.BankIDURL + "/behaviour", w.s.BankIDURL + "/app"} {
				w.goTo(page)
				w.see("Simulated")
			}
		}},
	} {
		t.Run(w.name, func(t *testing.T) {
			own, done := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
			defer done()
			walker := &walker{t: t, s: start(t, w.options), name: w.name, browser: browser}
			walker.open(own)
			w.walk(walker)
		})
	}
}

// request is an authorization request of the shop's, without an identity provider.
func request(s *sandbox.Sandbox, more url.Values) url.Values {
	challenge := sha256.Sum256([]byte("x"))
	q := url.Values{"client_id": {sandbox.ShopClient}, "redirect_uri": {s.OperatorURL + "/shop/callback"}, "response_type": {"code"}, "state": {"st"}, "currency": {"SEK"},
		"country": {"SE"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}}
	for name, values := range more {
		q[name] = values
	}
	return q
}

// walker is a person before one tab of a browser.
type walker struct {
	t       *testing.T
	s       *sandbox.Sandbox
	name    string
	browser context.Context // the whole browser
	ctx     context.Context // the tab
	shots   int

	mu       sync.Mutex
	requests []string
	expected []string // what the console may say
}

// open makes the tab of ctx the walker's, and listens to it.
func (w *walker) open(ctx context.Context) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	w.t.Cleanup(cancel)
	w.ctx = ctx
	if err := chromedp.Listen(ctx, w.listen); err != nil {
		w.t.Fatal(err)
	}
	w.do(call(audits.Enable, cdp.Empty{}), call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}), phone)
}

var phone, desktop = chromedp.EmulateViewport(375, 812), chromedp.EmulateViewport(1280, 800)

// listen hears what the browser does, on the goroutine that reads from it.
func (w *walker) listen(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	complain := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		for _, known := range w.expected {
			if strings.Contains(text, known) {
				return
			}
		}
		w.t.Errorf("%s: %s", w.name, text)
	}
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		w.requests = append(w.requests, ev.Request.URL)
		if u, err := url.Parse(ev.Request.URL); err != nil || u.Hostname() != "127.0.0.1" {
			complain("the browser asks %s", ev.Request.URL)
		}
	case *cdplog.EventEntryAdded:
		complain("the browser says: %s %s", ev.Entry.Text, ev.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		complain("a page says %s in the console", ev.Type)
	case *runtime.EventExceptionThrown:
		complain("a script fails: %s", ev.ExceptionDetails.Text)
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(ev.Issue.Details)
		complain("the browser finds an issue: %s %s", ev.Issue.Code, details)
	}
}

// expect says what the browser's console may say, such as that a page came with an error's status.
func (w *walker) expect(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, texts...)
}

// asked is the latest address that the browser asked for with this in it.
func (w *walker) asked(part string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := len(w.requests) - 1; i >= 0; i-- {
		if strings.Contains(w.requests[i], part) {
			return w.requests[i]
		}
	}
	w.t.Fatalf("%s: no %s was asked for", w.name, part)
	return ""
}

// tab opens a second tab of the same browser, with the same cookies; stranger one of a browser with none.
func (w *walker) tab(name string) *walker { return w.another(w.ctx, name) }
func (w *walker) stranger(name string) *walker {
	return w.another(w.browser, name, chromedp.WithNewBrowserContext())
}

func (w *walker) another(parent context.Context, name string, options ...chromedp.ContextOption) *walker {
	w.t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	w.t.Cleanup(cancel)
	other := &walker{t: w.t, s: w.s, name: w.name + "-" + name, browser: w.browser}
	other.open(ctx)
	return other
}

func call[P, R any](cmd cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cmd, params)
		return err
	})
}

func (w *walker) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, steps...); err != nil {
		w.t.Fatalf("%s: %v\nat %s\n%s", w.name, err, w.url(), w.text())
	}
}

func (w *walker) goTo(address string) { w.t.Helper(); w.do(chromedp.Navigate(address)) }

func (w *walker) url() string {
	s, _ := chromedp.Run(w.ctx, chromedp.Location())
	return s
}

// text is what the page says, once it is there.
func (w *walker) text() string {
	s, _ := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](`document.readyState == "complete" && document.body ? document.body.innerText : ""`))
	return s
}

// see waits for a page that says all of this, and looks at it.
func (w *walker) see(words ...string) {
	w.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		text, missing := w.text(), ""
		for _, word := range words {
			if !strings.Contains(text, word) {
				missing = word
			}
		}
		if missing == "" {
			break
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: no page says %q; this one does, at %s:\n%s", w.name, missing, w.url(), text)
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.look()
}

// look checks what holds for every page, and takes its picture when somebody wants to see it.
func (w *walker) look() {
	w.t.Helper()
	wrong, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[[]string](everyPage))
	if err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
	for _, what := range wrong {
		w.t.Errorf("%s: at %s: %s", w.name, w.url(), what)
	}
	folder := os.Getenv("PARLEY_SCREENSHOTS")
	if folder == "" {
		return
	}
	w.shots++
	dark := func(value string) chromedp.Action[chromedp.Void] {
		return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}})
	}
	for _, shot := range []struct {
		name  string
		steps []chromedp.Action[chromedp.Void]
	}{{"desktop", []chromedp.Action[chromedp.Void]{desktop}}, {"dark", []chromedp.Action[chromedp.Void]{phone, dark("dark")}}, {"phone", []chromedp.Action[chromedp.Void]{dark("light")}}} {
		w.do(shot.steps...)
		picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%02d-%s.png", w.name, w.shots, shot.name)), picture, 0o644)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// everyPage says what is wrong with a page of a phone's width, whatever it is about.
const everyPage = `(() => {
	const wrong = [], root = document.documentElement
	if (root.scrollWidth > innerWidth) wrong.push("the page is " + root.scrollWidth + " wide")
	if (document.querySelectorAll("h1").length != 1) wrong.push("there is not one heading")
	if (!document.title || !root.lang) wrong.push("the page has no title, or no language")
	if ([...document.scripts].some(s => !s.src)) wrong.push("there is a script within the page")
	for (const e of document.querySelectorAll("button, select, input:not([type=hidden]), ul.links a")) {
		const target = e.closest("label") || e
		if (target.getBoundingClientRect().height < 43.5) wrong.push((e.name || e.innerText) + " is " + target.getBoundingClientRect().height + " high")
		if (e.matches("select, input") && !e.labels.length && !e.ariaLabel) wrong.push(e.name + " has no label")
	}
	return wrong
})()`

// press presses the first button or link that begins with these words.
func (w *walker) press(words string) {
	w.t.Helper()
	w.do(chromedp.Click(fmt.Sprintf(`(//button|//a)[starts-with(normalize-space(.), %q)]`, words)))
}

// keyTo gets to something with the tabulator alone, and presses it.
func (w *walker) keyTo(words string) {
	w.t.Helper()
	for range 40 {
		w.do(chromedp.KeyEvent(kb.Tab))
		at, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](`document.activeElement.innerText || ""`))
		if err != nil {
			w.t.Fatal(err)
		}
		if strings.TrimSpace(at) != words {
			continue
		}
		ring, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](`getComputedStyle(document.activeElement).outlineStyle`))
		if err != nil || ring == "none" {
			w.t.Errorf("%s: nothing shows that %q has the focus (%v)", w.name, words, err)
		}
		w.look()
		w.do(chromedp.KeyEvent(kb.Enter))
		return
	}
	w.t.Fatalf("%s: the keyboard does not reach %q", w.name, words)
}

// bank is the payment at the simulated bank.
func (w *walker) bank() {
	w.t.Helper()
	w.see("Choose your bank")
	w.press("Fjällbanken")
	w.see("Log in to Fjällbanken")
	w.press("Log in")
	w.see("Confirm the payment", "500.00 SEK")
	w.press("Approve payment")
}
