package sandbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"parley/sandbox"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium starts a browser for walkers; it skips the test where there is none, or no axe.
func chromium(t *testing.T) *walker {
	t.Helper()
	binary, axe := os.Getenv("PARLEY_CHROMIUM"), os.Getenv("PARLEY_AXE")
	if binary == "" {
		t.Skip("set PARLEY_CHROMIUM to the path of a Chromium to walk through the pages with it")
	}
	if axe == "" {
		t.Skip("set PARLEY_AXE to the path of axe.min.js, which npm ci puts into web/node_modules/axe-core, to have the pages checked by it")
	}
	source, err := os.ReadFile(axe)
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("user-data-dir", t.TempDir()), chromedp.Flag("disable-features", "Translate,BackForwardCache"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(ctx)
	t.Cleanup(quit)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return &walker{browser: browser, axe: string(source)}
}

// begin is a person with a browser of their own, before an empty tab.
func (w *walker) begin(t *testing.T, s *sandbox.Sandbox) *walker {
	t.Helper()
	own, done := chromedp.NewContext(w.browser, chromedp.WithNewBrowserContext())
	t.Cleanup(done)
	_, name, _ := strings.Cut(t.Name(), "/")
	person := &walker{t: t, s: s, name: name, browser: w.browser, axe: w.axe}
	person.open(own)
	return person
}

// walker is a person before one tab of a browser.
type walker struct {
	t       *testing.T
	s       *sandbox.Sandbox
	name    string
	browser context.Context // the whole browser
	ctx     context.Context // the tab
	axe     string          // the source of the checker
	shots   int
	calm    bool // nothing moves: what slides in is looked at when it stands

	mu       sync.Mutex
	requests []string
	console  []string // what it said
	expected []string // what it may say
}

// open makes the tab of ctx the walker's, and listens to it.
func (w *walker) open(ctx context.Context) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
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
		w.console = append(w.console, text)
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
		if u, err := url.Parse(ev.Request.URL); err != nil || u.Hostname() != "127.0.0.1" && u.Scheme != "data" {
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

// said reports whether the console has said this.
func (w *walker) said(part string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.console, func(text string) bool { return strings.Contains(text, part) })
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
	other := &walker{t: w.t, s: w.s, name: w.name + "-" + name, browser: w.browser, axe: w.axe}
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
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
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

// screen is how a page is looked at.
type screen struct {
	name   string
	size   chromedp.Action[chromedp.Void]
	scheme string
}

var (
	phoneLight, phoneDark     = screen{"phone", phone, "light"}, screen{"phone-dark", phone, "dark"}
	desktopLight, desktopDark = screen{"desktop", desktop, "light"}, screen{"desktop-dark", desktop, "dark"}
	zoomed                    = screen{"zoomed", chromedp.EmulateViewport(320, 640), "light"}      // a phone's page at 120 %, a desktop's at 400 %
	everyScreen               = []screen{zoomed, phoneDark, desktopLight, desktopDark, phoneLight} // the last is how the walk goes on
)

func (w *walker) turn(to screen) {
	w.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: to.scheme}}
	if w.calm {
		features = append(features, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
	}
	w.do(to.size, call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}))
}

// look checks what holds for every page, as it stands.
func (w *walker) look() {
	w.t.Helper()
	w.shots++
	w.lookAt("")
}

// inspect looks at the page on every screen.
func (w *walker) inspect() {
	w.t.Helper()
	w.shots++
	for _, s := range everyScreen {
		w.turn(s)
		w.lookAt(s.name)
	}
}

// lookAt takes a picture too, when somebody wants to see it.
func (w *walker) lookAt(screen string) {
	w.t.Helper()
	// What fades in has its own colours only once it is there.
	wrong, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[[]string](`Promise.all(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime != Infinity).map(a => a.finished.catch(() => {}))).then(() => `+everyPage+`)`, chromedp.EvalAwaitPromise))
	if err == nil && w.axe != "" {
		var more []string
		more, err = chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[[]string](w.axe+axeFinds, chromedp.EvalAwaitPromise))
		wrong = append(wrong, more...)
	}
	if err != nil {
		w.t.Fatalf("%s: %v", w.name, err)
	}
	for _, what := range wrong {
		w.t.Errorf("%s %s: at %s: %s", w.name, screen, w.url(), what)
	}
	folder := os.Getenv("PARLEY_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%02d-%s.png", strings.ReplaceAll(w.name, "/", "-"), w.shots, screen)), picture, 0o644)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// axeFinds is what axe says after its own source, which is not in the frames of a page. The simulated page is a page like any other.
const axeFinds = `
;axe.run(document, { iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] })
	.then(r => r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html).slice(0, 3).join(" ")))`

// everyPage says what is wrong with a page of a phone's width, whatever it is about.
const everyPage = `(() => {
	const wrong = [], root = document.documentElement
	if (root.scrollWidth > innerWidth) wrong.push("the page is " + root.scrollWidth + " wide")
	if (document.querySelectorAll("h1").length != 1) wrong.push("there is not one heading")
	if (!document.title || !root.lang) wrong.push("the page has no title, or no language")
	if ([...document.scripts].some(s => !s.src && s.type != "application/json")) wrong.push("there is a script within the page")
	for (const e of document.querySelectorAll("button, select, input:not([type=hidden]), ul.links a")) {
		if (!e.checkVisibility()) continue
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
	for range 80 { // the home has a button for each story
		w.do(chromedp.KeyEvent(kb.Tab))
		at, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[string](`document.activeElement.innerText || ""`))
		if err != nil {
			w.t.Fatal(err)
		}
		if !strings.HasPrefix(strings.TrimSpace(at), words) {
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

// await waits until the page does something.
func (w *walker) await(does string, is func() bool) {
	w.t.Helper()
	w.awaitFor(20*time.Second, does, is)
}

// awaitFor is await of something that takes long.
func (w *walker) awaitFor(most time.Duration, does string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(most); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: no page %s; at %s:\n%s", w.name, does, w.url(), w.text())
		}
	}
}
