package api_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/api"
	"parley/web"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The page to try the API on loads nothing that is not ours, and is shown in nobody's frame.
func TestThePageLoadsNothingThatIsNotOurs(t *testing.T) {
	r := newRig(t)
	got := r.bank().without("Authorization").get("/").is(200)
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(got.header.Get("Content-Security-Policy"), part) {
			t.Errorf("the policy is without %q: %s", part, got.header.Get("Content-Security-Policy"))
		}
	}
	for _, link := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
		if at := link[1]; !strings.HasPrefix(at, "/assets/") && !strings.HasPrefix(at, "#") && at != "/v1/openapi.json" {
			t.Errorf("the page refers to %s", at)
		} else if strings.HasPrefix(at, "/assets/") {
			res, err := http.Get(r.URL + at)
			if err != nil || res.StatusCode != 200 || res.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
				t.Errorf("%s is answered %v, %v", at, res.Status, err)
			}
			res.Body.Close()
		}
	}
	if regexp.MustCompile(`<script(?: [^>]*)?>[^<]`).MatchString(got.body) || strings.Contains(got.body, "style=") || regexp.MustCompile(` on[a-z]+="`).MatchString(got.body) {
		t.Error("there is a script or a style within the page")
	}
	for _, operation := range r.validator.Covered() {
		method, rest, _ := strings.Cut(operation, " ")
		path, _, _ := strings.Cut(rest, " ")
		if !strings.Contains(got.body, fmt.Sprintf(`data-method="%s" data-path="/v1%s"`, method, path)) {
			t.Errorf("%s %s cannot be tried", method, path)
		}
	}
}

func TestTheTokenEndpointIsOurs(t *testing.T) {
	r := newRig(t)
	for _, bad := range []string{"https://elsewhere.example/token", "//elsewhere.example/token", "token"} {
		if _, err := api.New(api.Config{Savings: r.savings, Store: r.store, Auth: bearers{}, Base: "https://parley.example", Token: bad}); err == nil {
			t.Errorf("the page would send secrets to %s", bad)
		}
	}
}

// tokens is a token endpoint: the client "bank" has the secret "p&ss word".
func tokens(w http.ResponseWriter, r *http.Request) {
	client, secret, _ := r.BasicAuth()
	if client != "bank" || secret != "p%26ss%20word" || r.FormValue("grant_type") != "client_credentials" { // RFC 6749 §2.3.1
		web.JSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"access_token": "bank " + r.FormValue("scope"), "token_type": "Bearer", "expires_in": 600, "scope": r.FormValue("scope")})
}

// visitor is a browser before the page.
type visitor struct {
	t   *testing.T
	ctx context.Context
	axe string
}

func (r *rig) visitor(t *testing.T) *visitor {
	t.Helper()
	binary, axe := os.Getenv("PARLEY_CHROMIUM"), os.Getenv("PARLEY_AXE")
	if binary == "" {
		t.Skip("set PARLEY_CHROMIUM to the path of a Chromium to try the page with it")
	}
	if axe == "" {
		t.Skip("set PARLEY_AXE to the path of axe.min.js, which npm ci puts into web/node_modules/axe-core, to have the page checked by it")
	}
	source, err := os.ReadFile(axe)
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true), chromedp.Flag("user-data-dir", t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(ctx)
	t.Cleanup(quit)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	v := &visitor{t, ctx, string(source)}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	if err := chromedp.Listen(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(ev.Request.URL, r.URL+"/") {
				t.Errorf("the browser asks %s", ev.Request.URL)
			}
		case *cdplog.EventEntryAdded:
			if !strings.Contains(ev.Entry.Text, "responded with a status of 4") {
				t.Errorf("the browser says: %s", ev.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			t.Errorf("a script fails: %s %+v", ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception)
		}
	}); err != nil {
		t.Fatal(err)
	}
	v.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return err
	}), chromedp.Navigate(r.URL+"/v1/"))
	return v
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) is(expression string) string {
	v.t.Helper()
	s, err := chromedp.Run(v.ctx, chromedp.EvaluateAsDevTools[string](expression))
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// until waits for an expression to say something with this in it.
func (v *visitor) until(expression, part string) {
	v.t.Helper()
	waits := fmt.Sprintf(`new Promise((done, fail) => { const look = () => String(%s).includes(%q) ? done("yes") : requestAnimationFrame(look); look(); setTimeout(() => fail(String(%s)), 15000) })`, expression, part, expression)
	if _, err := chromedp.Run(v.ctx, chromedp.EvaluateAsDevTools[string](waits, chromedp.EvalAwaitPromise)); err != nil {
		v.t.Fatalf("%s never said %q but %s: %v", expression, part, v.is(`String(`+expression+`)`), err)
	}
}

// key gets to what has this id with the tabulator alone, and types.
func (v *visitor) key(id, types string) {
	v.t.Helper()
	for range 200 { // as many as there are operations, and more
		if v.is(`document.activeElement.id || document.activeElement.closest("summary, form")?.closest("details")?.id + "/" + document.activeElement.localName`) == id {
			if v.is(`getComputedStyle(document.activeElement).outlineStyle`) == "none" {
				v.t.Errorf("nothing shows that %s has the focus", id)
			}
			if types != "" {
				v.do(chromedp.KeyEvent(types))
			}
			return
		}
		v.do(chromedp.KeyEvent(kb.Tab))
	}
	v.t.Fatalf("the keyboard does not get to %s", id)
}

// look checks the page on a telephone and on a desktop, in the light and in the dark.
func (v *visitor) look(name string) {
	v.t.Helper()
	for _, size := range []struct {
		name string
		w, h int
	}{{"narrow", 320, 640}, {"desktop", 1280, 800}} {
		for _, scheme := range []string{"light", "dark"} {
			v.do(chromedp.EmulateViewport(int64(size.w), int64(size.h)), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
				_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
				return err
			}))
			found, err := chromedp.Run(v.ctx, chromedp.EvaluateAsDevTools[[]string](v.axe+`
;axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] })
	.then(r => r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html).slice(0, 3).join(" "))
		.concat(document.documentElement.scrollWidth > innerWidth ? ["the page is " + document.documentElement.scrollWidth + " wide"] : [])
		.concat([...document.querySelectorAll("button, select, input, summary")].filter(e => e.checkVisibility() && (e.closest("label") || e).getBoundingClientRect().height < 43.5).map(e => e.outerHTML + " is low")))`, chromedp.EvalAwaitPromise))
			if err != nil {
				v.t.Fatal(err)
			}
			for _, what := range found {
				v.t.Errorf("%s, %s %s: %s", name, size.name, scheme, what)
			}
			if folder := os.Getenv("PARLEY_SCREENSHOTS"); folder != "" {
				picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
				if err == nil {
					err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("try-%s-%s-%s.png", name, size.name, scheme)), picture, 0o644)
				}
				if err != nil {
					v.t.Fatal(err)
				}
			}
		}
	}
}

// By the keyboard alone: a token, a mistake, a user, and the same as a curl.
func TestTheAPICanBeTriedOnItsPage(t *testing.T) {
	r := newRig(t)
	mux := http.NewServeMux()
	r.api.Routes(mux)
	mux.HandleFunc("POST /oauth/token", tokens)
	r.Server = httptest.NewServer(r.validator.Handler(t, web.Safe(slog.New(slog.DiscardHandler), mux)))
	t.Cleanup(r.Server.Close)
	v := r.visitor(t)
	v.look("begin")

	v.key("client", "bank")
	v.key("secret", "wrong")
	v.do(chromedp.KeyEvent(kb.Enter))
	v.until(`document.getElementById("said").textContent`, "No token: 401 invalid_client")
	v.do(chromedp.KeyEvent(strings.Repeat(kb.Backspace, 5)), chromedp.KeyEvent("p&ss word"), chromedp.KeyEvent(kb.Enter))
	v.until(`document.getElementById("said").textContent`, "Got a token, good for 600 seconds")

	v.key("createUser/summary", kb.Enter)
	v.until(`document.getElementById("createUser").open`, "true")
	v.key("createUser-key", "first")
	v.key("createUser-body", "")
	v.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	v.until(`document.activeElement.textContent`, "201 Created")
	v.until(`document.querySelector("#createUser .body").textContent`, `"externalId": "customer-4711"`)
	v.until(`document.querySelector("#createUser .headers").textContent`, "x-request-id")
	v.look("answered")
	v.key("createUser/summary", "")

	curl := v.is(`document.querySelector("#createUser .curl").textContent`)
	for _, part := range []string{"curl -X POST", "/v1/users'", `Authorization: Bearer $TOKEN`, "Idempotency-Key: first", "--data"} {
		if !strings.Contains(curl, part) {
			t.Errorf("the curl is without %q: %s", part, curl)
		}
	}
	r.bank().get("/users").is(200).has("users.0.externalId", "customer-4711")
	v.do(chromedp.Navigate(r.URL + "/v1/#getUsers"))
	v.until(`document.getElementById("getUsers").open`, "true")
}

// The keys of the table are those of the page: nothing that a field says can become markup.
func TestThePageEscapesWhatItShows(t *testing.T) {
	r := newRig(t)
	res, err := http.Get(r.URL + "/v1/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), "&#34;externalId&#34;") {
		t.Error("examples stand in the page as they are")
	}
}
