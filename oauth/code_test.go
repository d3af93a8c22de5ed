package oauth_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
)

// 36, 37, 38, 39, 46.
func TestRedemptionThatDoesNotFitBurnsTheCode(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("o", 43)
	for name, f := range map[string]func(code string) url.Values{
		"no verifier":              func(c string) url.Values { return redemption(c, "code_verifier", "-") },
		"wrong verifier":           func(c string) url.Values { return redemption(c, "code_verifier", other) },
		"verifier of 42":           func(c string) url.Values { return redemption(c, "code_verifier", verifier[:42]) },
		"verifier of 129":          func(c string) url.Values { return redemption(c, "code_verifier", strings.Repeat("v", 129)) },
		"verifier in odd letters":  func(c string) url.Values { return redemption(c, "code_verifier", strings.Repeat("å", 43)) },
		"the challenge itself":     func(c string) url.Values { return redemption(c, "code_verifier", challengeOf(verifier)) },
		"no redirect_uri":          func(c string) url.Values { return redemption(c, "redirect_uri", "-") },
		"another redirect_uri":     func(c string) url.Values { return redemption(c, "redirect_uri", branded) },
		"redirect_uri with a path": func(c string) url.Values { return redemption(c, "redirect_uri", callback+"/") },
	} {
		t.Run(name, func(t *testing.T) {
			code := shared.code(t, params())
			wants(t, shared.shopToken(t, f(code)), 400, "invalid_grant")
			wants(t, shared.shopToken(t, redemption(code)), 400, "invalid_grant") // CVE-2026-41213: no second guess
		})
	}
	// 39: the challenge was taken out on the way (RFC 9700 §4.8.2). Only a compatible client can have asked without one.
	b := shared.browser(t)
	q := compatibleRequest("iframe", "false", "identity_provider", "openid")
	code := b.back(b.identify(b.authorize(q), "approve")).query("code")
	if code == "" {
		t.Fatal("no code came")
	}
	wants(t, shared.token(t, sandbox.CompatibleClient, sandbox.CompatibleSecret, redemption(code)), 400, "invalid_grant")
}

// 36 for a client that has nothing but PKCE.
func TestPublicClientRedeemsWithItsVerifierAlone(t *testing.T) {
	t.Parallel()
	b := shared.program(t)
	code := shared.code(t, params("client_id", sandbox.SPAClient))
	wants(t, b.post(shared.URL+"/oauth/token", redemption(code)), 401, "invalid_client")
	wants(t, b.post(shared.URL+"/oauth/token", redemption(code, "client_id", sandbox.SPAClient, "client_secret", "guess")), 401, "invalid_client")
	p := b.post(shared.URL+"/oauth/token", redemption(code, "client_id", sandbox.SPAClient))
	if p.status != http.StatusOK {
		t.Fatal(p)
	}
	// It has no secret, so what it says of itself cannot let it ask about tokens.
	wants(t, b.post(shared.URL+"/oauth/check_token", url.Values{"client_id": {sandbox.SPAClient}, "token": {p.json(t)["access_token"].(string)}}), 401, "invalid_client")
}

// 40.
func TestReplayByTheOwnerRevokesWhatTheCodeBought(t *testing.T) {
	t.Parallel()
	for _, again := range []func(string) url.Values{
		func(c string) url.Values { return redemption(c) },
		func(c string) url.Values { return redemption(c, "code_verifier", strings.Repeat("x", 43)) }, // a thief's
	} {
		code := shared.code(t, params())
		token := shared.access(t, code)
		if p := shared.shopCheck(t, token); p.status != http.StatusOK {
			t.Fatal(p)
		}
		wants(t, shared.shopToken(t, again(code)), 400, "invalid_grant")
		wants(t, shared.shopCheck(t, token), 400, "invalid_token") // 70: at once
	}
}

// 41, 42.
func TestAnotherClientThatPresentsACodeChangesNothing(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params())
	for _, f := range []url.Values{redemption(code), redemption(code, "code_verifier", strings.Repeat("x", 43)), redemption(code, "redirect_uri", branded)} {
		wants(t, shared.token(t, otherClient, otherKey, f), 400, "invalid_grant")
		wants(t, shared.token(t, foreignClient, postSecret, f), 400, "invalid_grant") // 47: another merchant's
	}
	token := shared.access(t, code)
	wants(t, shared.token(t, otherClient, otherKey, redemption(code)), 400, "invalid_grant")
	if p := shared.shopCheck(t, token); p.status != http.StatusOK {
		t.Errorf("another client's replay revoked the owner's token: %s", p)
	}
}

// 43.
func TestWrongSecretLeavesTheCodeGood(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params())
	wants(t, shared.token(t, sandbox.ShopClient, "guess", redemption(code)), 401, "invalid_client")
	shared.access(t, code)
}

// 44. Sixteen that are all under way before any can be answered: the server asks for each body (100 Continue) when it has begun with the
// request, and none is sent before all were asked for.
func TestOneOfManyParallelRedemptionsWins(t *testing.T) {
	codes, callers := 100, 16
	if raced {
		codes = 20 // the race detector makes the database some twenty times slower
	}
	w := shared
	made := make(chan string, codes)
	var makers sync.WaitGroup
	for range 4 {
		makers.Go(func() {
			for range codes / 4 {
				made <- w.code(t, params())
			}
		})
	}
	makers.Wait()
	close(made)
	patient := &http.Transport{MaxIdleConnsPerHost: callers, ExpectContinueTimeout: 20 * time.Second}
	defer patient.CloseIdleConnections()
	round := 0
	for code := range made {
		round++
		together := round%5 == 0 // the others as they come: a straggler may be a replay there, but never a winner or a 500
		var asked, all sync.WaitGroup
		asked.Add(callers)
		answers := make([]page, callers)
		for i := range callers {
			all.Go(func() {
				b := w.program(t)
				req := b.request("POST", w.URL+"/oauth/token", redemption(code), basic(sandbox.ShopClient, sandbox.ShopSecret)...)
				if together {
					b.client.Transport = patient
					req.Header.Set("Expect", "100-continue")
					req.Body = &waiting{req.Body, asked.Wait}
					req.GetBody = nil
					req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{Got100Continue: asked.Done}))
				}
				answers[i] = b.do(req)
			})
		}
		all.Wait()
		var won []string
		for _, p := range answers {
			if p.status == http.StatusOK {
				won = append(won, p.json(t)["access_token"].(string))
				continue
			}
			wants(t, p, 400, "invalid_grant")
		}
		if len(won) != 1 {
			t.Fatalf("one code was redeemed %d times", len(won))
		}
		if !together {
			continue
		}
		if p := w.shopCheck(t, won[0]); p.status != http.StatusOK {
			t.Fatalf("the losers took the winner's token: %s", p)
		}
		if round%20 == 0 { // the rush is over: who comes now comes a second time
			wants(t, w.shopToken(t, redemption(code)), 400, "invalid_grant")
			wants(t, w.shopCheck(t, won[0]), 400, "invalid_token")
		}
	}
}

// waiting is a body that is not given before its time.
type waiting struct {
	io.ReadCloser
	wait func()
}

func (w *waiting) Read(b []byte) (int, error) {
	w.wait()
	return w.ReadCloser.Read(b)
}

// 45, and the code that comes after one that ran out.
func TestCodeIsGoodForAMinute(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b := w.browser(t)
	p := b.authorize(params())
	back := b.identify(p, "approve")
	first := b.back(back)
	follow := w.House.OAuth.BackURL(runOf(t, w, first.query("code")), true)
	w.clock.forward(50 * time.Second)
	if again := b.back(follow); again.query("code") != first.query("code") {
		t.Errorf("within its time, the same browser got another code: %s", again)
	}
	w.clock.forward(10 * time.Second)
	wants(t, w.shopToken(t, redemption(first.query("code"))), 400, "invalid_grant")
	second := b.back(follow)
	if second.query("code") == "" || second.query("code") == first.query("code") {
		t.Fatalf("no new code: %s", second)
	}
	wants(t, w.shopToken(t, redemption(first.query("code"))), 400, "invalid_grant")
	w.access(t, second.query("code"))
	w.clock.forward(25 * time.Hour)
	if late := b.get(follow); late.to != nil || late.status != http.StatusOK {
		t.Errorf("a day later, something came of it: %s", late)
	}
}

// runOf finds the run of a code, as an operator of the database would.
func runOf(t *testing.T, w *world, code string) string {
	t.Helper()
	c, err := w.House.Store.Code(t.Context(), hashOf(code))
	if err != nil {
		t.Fatal(err)
	}
	return c.Run
}

// 47.
func TestCodeThatIsNoneIsInvalid(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params())
	flipped := []byte(code)
	flipped[5] ^= 1
	for name, c := range map[string]string{"cut": code[:42], "longer": code + "A", "flipped": string(flipped), "case": strings.ToUpper(code), "blank before": " " + code, "10 KB": strings.Repeat("c", 10<<10), "its hash": hashOf(code)} {
		if p := shared.shopToken(t, redemption(c)); p.status != 400 || p.json(t)["error"] != "invalid_grant" {
			t.Errorf("%s: %s", name, p)
		}
	}
	shared.access(t, code)
}

// 48.
func TestDatabaseHoldsOnlyTheHashOfACode(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	code := w.code(t, params())
	token := w.access(t, code)
	unspent := w.code(t, params())
	for _, p := range []page{w.browser(t).get(w.URL + "/oauth/follow/" + code), w.shopToken(t, redemption(unspent+"x")), w.browser(t).authorize(params("client_id", unspent))} {
		if strings.Contains(p.body, code) || strings.Contains(p.body, unspent) {
			t.Errorf("an error repeats a code: %s", p)
		}
	}
	files, err := filepath.Glob(filepath.Join(w.Data, "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	found := false
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{code, unspent, token, strings.Split(token, ".")[2], sandbox.ShopSecret} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds a secret", filepath.Base(file))
			}
		}
		found = found || strings.Contains(string(b), hashOf(code))
	}
	if !found {
		t.Error("the hash is not there either, so the search proves nothing")
	}
}

// 49.
func TestReplayIsKnownAfterARestart(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	code := w.code(t, params())
	token := w.access(t, code)
	unspent := w.code(t, params())
	if err := w.House.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := rebuilt(t, w, w.Config)
	ask := func(path string, f url.Values) page {
		r := w.program(t).request("POST", w.URL+path, f, basic(sandbox.ShopClient, sandbox.ShopSecret)...)
		return serve(h, r)
	}
	if p := ask("/oauth/check_token", url.Values{"token": {token}}); p.status != http.StatusOK {
		t.Errorf("the token is gone: %s", p)
	}
	wants(t, ask("/oauth/token", redemption(code)), 400, "invalid_grant")
	wants(t, ask("/oauth/check_token", url.Values{"token": {token}}), 400, "invalid_token")
	if p := ask("/oauth/token", redemption(unspent)); p.status != http.StatusOK {
		t.Errorf("a code of before is lost: %s", p)
	}
}

// rebuilt is the house anew over the same database, as after a restart.
func rebuilt(t *testing.T, w *world, c house.Config) *house.House {
	t.Helper()
	h, err := house.New(t.Context(), c, house.Parts{Now: w.clock.Now, Log: logged.logger(), Hold: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	h.Start()
	t.Cleanup(func() { h.Stop(t.Context()) })
	return h
}

// serve asks a house that has no listener.
func serve(h *house.House, r *http.Request) page {
	rec := httptest.NewRecorder()
	r.RemoteAddr = "127.0.0.1:1"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	h.Handler.ServeHTTP(rec, r)
	p := page{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
	if at := rec.Header().Get("Location"); at != "" {
		p.to, _ = url.Parse(at)
	}
	return p
}
