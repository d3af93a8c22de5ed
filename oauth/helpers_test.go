package oauth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/house"
	"parley/oauth"
	"parley/sandbox"
	"parley/sim"
	"parley/web"
)

// Where the clients of these tests are answered. Nobody listens there: the tests read the redirect and do not follow it.
const (
	callback  = "https://shop.example/callback"
	branded   = "https://shop.example/callback?brand=one"
	webLoop   = "http://127.0.0.1:9/callback" // registered for confidential clients, with that port and no other
	nativeURI = "http://127.0.0.1/native"
)

// The clients that are there besides the sandbox's own.
const (
	postClient, postSecret = "shop-post", "shop-post-secret-0123456789"
	otherClient, otherKey  = "shop-other", "shop-other-secret-0123456789"
	oddClient, oddSecret   = "shop-odd", "pä:ss%41 wörd+/&=0123456789"
	fencedClient           = "shop-fenced"
	narrowClient           = "shop-narrow"
	disabledClient         = "shop-disabled"
	nativeClient           = "shop-native"
	foreignClient          = "foreign"
	foreignMerchant        = 2000
)

// verifier and challenge are PKCE of every request that does not bring its own.
const verifier = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEF"

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// journal is everything that was logged while the tests ran, and all that must not be in it.
type journal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	private map[string]string // what it is, by itself
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// keepOut remembers something that no log may hold.
func (j *journal) keepOut(what string, values ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, v := range values {
		if len(v) > 3 {
			j.private[v] = what
		}
	}
}

// leaks are the private things that the log holds all the same.
func (j *journal) leaks() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for v, what := range j.private {
		if i := bytes.Index(j.text.Bytes(), []byte(v)); i >= 0 {
			line := j.text.Bytes()[bytes.LastIndexByte(j.text.Bytes()[:i], '\n')+1:]
			line, _, _ = bytes.Cut(line, []byte("\n"))
			out = append(out, fmt.Sprintf("%s (%s) in: %s", what, v, line))
		}
	}
	return out
}

func (j *journal) len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Len()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

var logged = &journal{private: map[string]string{}}

// world is a sandbox with the clients above, and a second OpenID provider.
type world struct {
	*sandbox.Sandbox
	Elsewhere    *sim.OpenID
	ElsewhereURL string
	clock        *clock
}

// clock is real time, moved.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// shared is the world of all tests that leave everybody's behaviour alone.
var shared *world

func TestMain(m *testing.M) {
	flag.Parse()
	slog.SetDefault(logged.logger())
	for _, p := range sim.TrustlyPeople() {
		logged.keepOut("a person", p.ID, p.PersonID, p.LastName, p.DateOfBirth, p.Street)
	}
	for _, p := range sim.OpenIDPersons() {
		logged.keepOut("a person", p.SSN, p.FamilyName, p.Birthdate(), p.Address.Street)
	}
	logged.keepOut("a secret", sandbox.ShopSecret, sandbox.CompatibleSecret, postSecret, otherKey, oddSecret,
		"parley-basic-0123456789", "parley-trustly-0123456789", "parley-openid-0123456789", verifier)
	w, stop, err := newWorld(context.Background(), sandbox.Options{Parts: house.Parts{Hold: 300 * time.Millisecond}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared = w
	code := m.Run()
	stop()
	// Number 62 of the list, over everything that the whole suite made the server say.
	for _, leak := range logged.leaks() {
		fmt.Fprintln(os.Stderr, "FAIL: logged", leak)
		code = 1
	}
	os.Exit(code)
}

// alone is a world that no other test disturbs.
func alone(t testing.TB, o sandbox.Options, configure ...func(*house.Config)) *world {
	t.Helper()
	w, stop, err := newWorld(context.Background(), o, configure...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return w
}

func newWorld(ctx context.Context, o sandbox.Options, configure ...func(*house.Config)) (*world, func(), error) {
	w := &world{clock: &clock{}}
	if o.Log == nil {
		o.Log = logged.logger()
	}
	if o.Parts.Now == nil {
		o.Parts.Now = w.clock.Now
	}
	if o.Parts.Hold == 0 {
		o.Parts.Hold = 300 * time.Millisecond
	}
	o.RedirectURIs = append(o.RedirectURIs, callback, branded, webLoop)
	elsewhere := httptest.NewUnstartedServer(nil)
	issuer := "http://" + elsewhere.Listener.Addr().String()
	w.ElsewhereURL = issuer
	o.Configure = func(c *house.Config) {
		value := func(v string) house.Secret { return house.Secret{Value: v} }
		w.Elsewhere = sim.NewOpenID(sim.OpenIDOptions{URL: issuer, ClientID: "parley", ClientSecret: "parley-openid-0123456789", RedirectURIs: []string{
			c.Issuer + "/connect/" + strconv.Itoa(sandbox.Merchant) + "/elsewhere/callback", c.Issuer + "/connect/" + strconv.Itoa(foreignMerchant) + "/elsewhere/callback"}})
		elsewhere.Config.Handler = w.Elsewhere
		uris := []string{callback, branded, webLoop}
		there := house.Provider{Name: "elsewhere", Label: "Elsewhere", OIDC: &house.OIDC{Issuer: issuer, ClientID: "parley", ClientSecret: value("parley-openid-0123456789"), PersonCountry: "SE"}}
		m := &c.Merchants[0]
		m.Providers = append(m.Providers, there)
		m.Clients = append(m.Clients,
			house.Client{ID: postClient, Auth: "client_secret_post", Secret: value(postSecret), RedirectURIs: uris},
			house.Client{ID: otherClient, Secret: value(otherKey), RedirectURIs: uris},
			house.Client{ID: oddClient, Secret: value(oddSecret), RedirectURIs: uris},
			house.Client{ID: fencedClient, Secret: value(postSecret), RedirectURIs: uris, AllowedIPs: []string{"10.0.0.0/8"}},
			house.Client{ID: narrowClient, Secret: value(postSecret), RedirectURIs: uris, Scopes: []string{"openid"}},
			house.Client{ID: disabledClient, Secret: value(postSecret), RedirectURIs: uris, Disabled: true},
			house.Client{ID: nativeClient, Auth: "none", Native: true, RedirectURIs: []string{nativeURI}},
		)
		c.Merchants = append(c.Merchants, house.Merchant{ID: foreignMerchant, Name: "Somebody else", Operator: m.Operator, Providers: []house.Provider{there},
			Clients: []house.Client{{ID: foreignClient, Secret: value(postSecret), RedirectURIs: []string{"https://foreign.example/callback"}}}})
		for _, f := range configure {
			f(c)
		}
	}
	var err error
	if w.Sandbox, err = sandbox.Start(ctx, o); err != nil {
		elsewhere.Listener.Close()
		return nil, nil, err
	}
	elsewhere.Start()
	return w, func() {
		w.Close(context.Background())
		elsewhere.Close()
	}, nil
}

// page is an answer as it came, redirects not followed.
type page struct {
	status int
	header http.Header
	body   string
	to     *url.URL // of a redirect
}

func (p page) String() string {
	return fmt.Sprintf("%d %s %s", p.status, p.header.Get("Location"), p.body)
}

// json reads the answer as a document.
func (p page) json(t testing.TB) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(p.body), &m); err != nil || !strings.HasPrefix(p.header.Get("Content-Type"), "application/json") {
		t.Fatalf("not JSON (%v): %s", err, p)
	}
	return m
}

// query is a parameter of where the answer leads.
func (p page) query(name string) string {
	if p.to == nil {
		return ""
	}
	return p.to.Query().Get(name)
}

// browser is somebody's browser: cookies, and redirects that the test follows one by one.
type browser struct {
	t      testing.TB
	w      *world
	client *http.Client
	accept string
}

func (w *world) browser(t testing.TB) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t, w, &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: wire, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, "text/html"}
}

// program is a client that is no browser: no cookies, no liking for pages.
func (w *world) program(t testing.TB) *browser {
	b := w.browser(t)
	b.client.Jar, b.accept = nil, "application/json"
	return b
}

// wire keeps enough connections for the tests that ask at the same time.
var wire = &http.Transport{MaxIdleConnsPerHost: 64}

func (b *browser) do(req *http.Request) page {
	b.t.Helper()
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", b.accept)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	p := page{res.StatusCode, res.Header, string(body), nil}
	if p.header.Get("Location") != "" {
		if p.to, err = res.Location(); err != nil {
			b.t.Fatal(err)
		}
	}
	return p
}

func (b *browser) request(method, to string, form url.Values, headers ...string) *http.Request {
	b.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, to, body)
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (b *browser) get(to string, headers ...string) page {
	b.t.Helper()
	return b.do(b.request("GET", to, nil, headers...))
}

func (b *browser) post(to string, form url.Values, headers ...string) page {
	b.t.Helper()
	return b.do(b.request("POST", to, form, headers...))
}

// params is a good authorization request, with changes: name, value, name, value. A value of "-" takes the parameter out.
func params(changes ...string) url.Values {
	q := url.Values{"client_id": {sandbox.ShopClient}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"st-1"}, "nonce": {"no-1"}, "scope": {"openid profile"},
		"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}, "identity_provider": {"openid"}}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "-" {
			delete(q, changes[i])
			continue
		}
		q.Set(changes[i], changes[i+1])
	}
	return q
}

// deposit is a good request for a deposit through Trustly.
func deposit(changes ...string) url.Values {
	return params(append([]string{"identity_provider", "trustly", "amount", "500.00", "currency", "SEK", "country", "SE"}, changes...)...)
}

// compatibleRequest is what a client of the vendor's sends: no PKCE, no response_type.
func compatibleRequest(changes ...string) url.Values {
	q := url.Values{"client_id": {sandbox.CompatibleClient}, "redirect_uri": {callback}, "state": {"st-1"}, "identity_provider": {"trustly"}, "currency": {"SEK"}, "country": {"SE"}, "locale": {"sv_SE"}}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return q
}

func (b *browser) authorize(q url.Values, headers ...string) page {
	b.t.Helper()
	return b.get(b.w.URL+"/oauth/authorize?"+q.Encode(), headers...)
}

// identify does what the person does at the provider that the browser was sent to (approve, deny, "approve Maja" and so on), and returns where
// they are sent back.
func (b *browser) identify(p page, decision string) string {
	b.t.Helper()
	if p.to == nil {
		b.t.Fatalf("the browser was sent nowhere: %s", p)
	}
	at := p.to.String()
	for issuer, op := range map[string]*sim.OpenID{b.w.OpenIDURL: b.w.OpenID, b.w.ElsewhereURL: b.w.Elsewhere} {
		if !strings.HasPrefix(at, issuer+"/") {
			continue
		}
		var back string
		var err error
		if decision == "deny" {
			back, err = op.Deny(at)
		} else {
			back, err = op.Approve(at, strings.TrimPrefix(decision, "approve"))
		}
		if err != nil {
			b.t.Fatal(err)
		}
		return back
	}
	order, ok := b.w.Trustly.Order(at)
	if !ok {
		b.t.Fatalf("sent to somebody unknown: %s", p)
	}
	if err := b.w.Trustly.Act(order.OrderID, sim.TrustlyPerson{}, decision); err != nil {
		b.t.Fatal(err)
	}
	order, _ = b.w.Trustly.Order(at)
	switch order.State {
	case sim.TrustlyCancelled, sim.TrustlyAborted, sim.TrustlyFinished:
		return order.Attributes["FailURL"].(string)
	}
	return order.Attributes["SuccessURL"].(string)
}

// back follows the browser from an address of ours until it leaves for the client.
func (b *browser) back(at string) page {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		p := b.get(at)
		switch {
		case p.to != nil && strings.HasPrefix(p.to.String(), b.w.URL):
			at = p.to.String()
		case p.status == http.StatusOK && strings.Contains(p.body, `http-equiv="refresh"`):
			// The waiting page looks again by itself.
		default:
			if code := p.query("code"); code != "" && !strings.HasPrefix(p.to.String(), b.w.URL) {
				logged.keepOut("a code", code)
			}
			return p
		}
	}
	b.t.Fatal("the conversation did not end")
	return page{}
}

// signIn goes all the way, and returns the redirect to the client.
func (b *browser) signIn(q url.Values) page {
	b.t.Helper()
	return b.back(b.identify(b.authorize(q), "approve"))
}

// code is a fresh code for a request.
func (w *world) code(t testing.TB, q url.Values) string {
	t.Helper()
	p := w.browser(t).signIn(q)
	if p.query("code") == "" {
		t.Fatalf("no code came: %s", p)
	}
	return p.query("code")
}

// redemption is a good token request for a code, with changes.
func redemption(code string, changes ...string) url.Values {
	f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "-" {
			delete(f, changes[i])
			continue
		}
		f.Set(changes[i], changes[i+1])
	}
	return f
}

func basic(client, secret string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(client)+":"+url.QueryEscape(secret)))}
}

// token asks the token endpoint as a client, by Basic.
func (w *world) token(t testing.TB, client, secret string, form url.Values) page {
	t.Helper()
	p := w.program(t).post(w.URL+"/oauth/token", form, basic(client, secret)...)
	var m map[string]any
	if json.Unmarshal([]byte(p.body), &m) == nil {
		for _, name := range []string{"access_token", "id_token"} {
			if s, ok := m[name].(string); ok {
				logged.keepOut("a token", s)
			}
		}
	}
	return p
}

func (w *world) shopToken(t testing.TB, form url.Values) page {
	t.Helper()
	return w.token(t, sandbox.ShopClient, sandbox.ShopSecret, form)
}

// access is the access token of a code that is good.
func (w *world) access(t testing.TB, code string) string {
	t.Helper()
	p := w.shopToken(t, redemption(code))
	if p.status != http.StatusOK {
		t.Fatalf("no token came: %s", p)
	}
	return p.json(t)["access_token"].(string)
}

func (w *world) check(t testing.TB, client, secret, token string) page {
	t.Helper()
	return w.program(t).post(w.URL+"/oauth/check_token", url.Values{"token": {token}}, basic(client, secret)...)
}

func (w *world) shopCheck(t testing.TB, token string) page {
	t.Helper()
	return w.check(t, sandbox.ShopClient, sandbox.ShopSecret, token)
}

// wants fails unless the answer is this status with this error.
func wants(t testing.TB, p page, status int, code string) {
	t.Helper()
	if p.status != status || p.json(t)["error"] != code {
		t.Errorf("got %s, want %d %s", p, status, code)
	}
}

// refusedPage is P400 of the list: a page of our own, and no redirect.
func refusedPage(t testing.TB, p page) {
	t.Helper()
	if p.status != http.StatusBadRequest || p.to != nil || !strings.Contains(p.body, "<h1 ") {
		t.Errorf("got %s, want a page with status 400", p)
	}
	safe(t, p)
}

// refusedBack is R:x of the list: 303 to the registered redirect URI with error, state and iss.
func refusedBack(t testing.TB, w *world, p page, code string) {
	t.Helper()
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), callback+"?") || p.query("error") != code || p.query("iss") != w.URL || p.query("code") != "" {
		t.Errorf("got %s, want %s at the redirect URI", p, code)
	}
}

// safe fails unless the answer has what keeps a page out of frames and its address to itself.
func safe(t testing.TB, p page) {
	t.Helper()
	for name, want := range map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q: %s", name, got, want, p)
		}
	}
	csp := p.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy is %q: %s", csp, p)
	}
	if p.status == http.StatusOK || p.status >= 400 {
		if cache := p.header.Get("Cache-Control"); cache != "no-store" {
			t.Errorf("Cache-Control is %q: %s", cache, p)
		}
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

// claims reads a JWT without checking it.
func claims(t testing.TB, token string) (head, body map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	for i, into := range []*map[string]any{&head, &body} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return head, body
}

// with is a copy of parameters with one more value.
func with(q url.Values, name string, values ...string) url.Values {
	c := maps.Clone(q)
	c[name] = append(append([]string(nil), q[name]...), values...)
	return c
}

// hashOf is what the database knows a code by.
func hashOf(code string) string { return challengeOf(code) }

// doorHandles opens the handles of the house's door, which are made under a key of its own.
func (w *world) doorHandles() web.Handles {
	return web.Handles{Key: oauth.Derive([]byte(w.Config.Secret.Value), "doors")}
}
