package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"parley/api"
	"parley/app"
	"parley/engine"
	"parley/flow"
	"parley/savings"
	"parley/store"
	"parley/web"
)

// clock stands still until it is moved. Whoever waits for a time to pass is woken when it does.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	waits map[chan time.Time]time.Time
	more  sync.Cond // somebody has begun to wait
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) after(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := make(chan time.Time, 1)
	c.waits[w] = c.at.Add(d)
	c.more.Broadcast()
	return w
}

// waiting returns when so many wait for a time to come.
func (c *clock) waiting(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		ahead := 0
		for _, at := range c.waits {
			if at.After(c.at) {
				ahead++
			}
		}
		if ahead >= n {
			return
		}
		c.more.Wait()
	}
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	for w, at := range c.waits {
		if !at.After(c.at) {
			w <- c.at
			delete(c.waits, w)
		}
	}
}

// issuer is a bank's identity provider: it signs ID tokens, and publishes its keys.
type issuer struct {
	*httptest.Server
	t     *testing.T
	clock *clock
	mu    sync.Mutex
	keys  []jose.JSONWebKey // private, the newest last
	asked int
	down  bool
}

func newIssuer(t *testing.T, c *clock) *issuer {
	i := &issuer{t: t, clock: c}
	i.rotate()
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.down {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		var set jose.JSONWebKeySet
		for _, k := range i.keys {
			set.Keys = append(set.Keys, k.Public())
		}
		json.NewEncoder(w).Encode(set)
	}))
	t.Cleanup(i.Close)
	return i
}

// rotate makes a new key, by which tokens are signed from now on.
func (i *issuer) rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, jose.JSONWebKey{Key: key, KeyID: fmt.Sprintf("k%d", len(i.keys)+1), Use: "sig", Algorithm: "ES256"})
}

// claims are those of a good token for somebody, good for ten minutes.
func (i *issuer) claims(sub string) map[string]any {
	now := i.clock.now()
	return map[string]any{"iss": "https://bank.example", "aud": "one", "sub": sub, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
		"given_name": "Anna", "family_name": "Ek"}
}

func (i *issuer) sign(claims map[string]any) string {
	i.mu.Lock()
	key := i.keys[len(i.keys)-1]
	i.mu.Unlock()
	return signed(i.t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, claims)
}

func signed(t *testing.T, key jose.SigningKey, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// token is a good one of partner one's.
func (i *issuer) token(sub string) string { return i.sign(i.claims(sub)) }

// rig is an app over a real database, with four banks: "one" with one account for all dreams, "two" with an account for each, "three" with
// transfer consents and sessions that activity renews, and "four", whose keys are configured and whose tokens are encrypted.
type rig struct {
	*httptest.Server
	t      *testing.T
	clock  *clock
	bank   *issuer
	db     *store.Store
	flow   *flow.Savings
	app    *app.App
	config app.Config
	log    *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func newRig(t *testing.T, change ...func(*app.Config)) *rig {
	t.Helper()
	r := &rig{t: t, log: &lockedBuffer{}, clock: &clock{at: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), waits: map[chan time.Time]time.Time{}}}
	r.clock.more.L = &r.clock.mu
	r.bank = newIssuer(t, r.clock)
	db, err := store.OpenSQLite(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r.db = db
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	partners := map[string]*savings.Partner{}
	for id, p := range map[string]savings.Partner{
		"one":   {Setup: savings.SharedAccount},
		"two":   {Setup: savings.AccountPerDream, Performance: true},
		"three": {Setup: savings.SharedAccount, Consents: true, ConsentFor: 10 * time.Minute},
		"four":  {Setup: savings.SharedAccount},
	} {
		p.ID, p.Name, p.Currency, p.Country, p.Zone = id, "Bank "+id, "SEK", "SE", zone
		p.CancelFor = time.Hour
		partners[id] = &p
	}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.flow = &flow.Savings{Store: db, Partners: partners, Now: r.clock.now, Log: log, Event: api.EventData("https://parley.example")}
	r.flow.Engine, err = engine.New(t.Context(), engine.Options{Store: db, Tables: r.flow.Tables(), Now: r.clock.now, Random: func() float64 { return 0.5 }, Log: log, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	r.Server = httptest.NewServer(web.Safe(log, mux))
	streams := new(web.Streams)
	t.Cleanup(func() { streams.Close(); r.Server.Close() })
	r.config = app.Config{
		Base: r.URL, Savings: r.flow, Store: db, Now: r.clock.now, After: r.clock.after, Log: log, Streams: streams,
		Client: func(string) *http.Client { return web.NewClient(web.ClientOptions{AllowPrivate: true}) },
		Partners: map[string]app.Partner{
			"one":   {ID: "one", Issuer: "https://bank.example", Audience: "one", JWKSURL: r.bank.URL, FrameOrigins: []string{"https://bank.example"}},
			"two":   {ID: "two", Issuer: "https://bank.example", Audience: "two", JWKSURL: r.bank.URL, FrameOrigins: []string{"https://two.example", "https://app.two.example"}},
			"three": {ID: "three", Issuer: "https://bank.example", Audience: "three", JWKSURL: r.bank.URL, Session: app.Renewal{By: app.ByActivity, Inactivity: 10 * time.Minute, Maximum: time.Hour}},
		},
	}
	for _, f := range change {
		f(&r.config)
	}
	if r.app, err = app.New(r.config); err != nil {
		t.Fatal(err)
	}
	r.app.Routes(mux)
	return r
}

// phone is a browser, or a bank's app: it keeps cookies and follows no redirect by itself.
type phone struct {
	*rig
	client *http.Client
	from   string // as a proxy says it
}

func (r *rig) phone() *phone {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return &phone{rig: r, client: &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

func (p *phone) send(req *http.Request) answer {
	p.t.Helper()
	if p.from != "" {
		req.Header.Set("X-Forwarded-For", p.from)
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (p *phone) get(path string) answer {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.URL + path
	}
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.send(req)
}

// launch signs in as the web SDK does, with whatever fields.
func (p *phone) launch(token string, fields ...string) answer {
	p.t.Helper()
	form := url.Values{"token": {token}, "locale": {"sv-SE"}, "theme": {""}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, p.URL+"/users/verify_token", strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://bank.example")
	return p.send(req)
}

// signedIn is a phone of somebody who is signed in at a bank.
func (r *rig) signedIn(bank, sub string) *phone {
	r.t.Helper()
	p := r.phone()
	claims := r.bank.claims(sub)
	claims["aud"] = bank
	if a := p.launch(r.bank.sign(claims)); a.StatusCode != http.StatusSeeOther {
		r.t.Fatalf("signing in %s at %s was answered %d: %s", sub, bank, a.StatusCode, a.body)
	}
	return p
}

// api is a request of the web app's.
func (p *phone) api(method, path string, body any, headers ...string) answer {
	p.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			p.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, p.URL+"/app/api"+path, in)
	if err != nil {
		p.t.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", p.URL)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	return p.send(req)
}

// does is api, whose answer must have a status, and is read.
func (p *phone) does(method, path string, body any, status int) object {
	p.t.Helper()
	a := p.api(method, path, body)
	if a.StatusCode != status {
		p.t.Fatalf("%s %s was answered %d, not %d: %s", method, path, a.StatusCode, status, a.body)
	}
	var o object
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &o); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, a.body)
		}
	}
	return o
}

// object is JSON that was read.
type object map[string]any

// at is what stands under a path of names: "dreams.0.name".
func (o object) at(path string) any {
	var v any = map[string]any(o)
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func (o object) text(path string) string {
	s, _ := o.at(path).(string)
	return s
}

func (o object) cents(path string) savings.Cents {
	f, _ := o.at(path).(float64)
	return savings.Cents(f)
}

func (o object) list(path string) []any {
	l, _ := o.at(path).([]any)
	return l
}

// change is a change that the bank makes.
func (r *rig) change(bank string, of savings.Of, do func(b *savings.Book) error) *savings.Book {
	r.t.Helper()
	b, err := r.flow.Change(r.t.Context(), bank, of, do)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// saves makes a dream and a savehack that takes an amount every day.
func (p *phone) saves(name string, target, daily savings.Cents) (dream, launch object) {
	p.t.Helper()
	dream = p.does("POST", "/dreams", object{"dream": object{"name": name, "targetCents": target}}, 201)
	launch = p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": dream.text("dream.id"), "type": "DailyLaunch", "amountCents": daily}}, 201)
	return dream, launch
}

// kinds are the kinds of messages that are to be posted to the bank's app.
func (o object) kinds() string {
	var out []string
	for _, a := range o.list("ask") {
		out = append(out, object(a.(map[string]any)).text("event"))
	}
	return strings.Join(out, " ")
}

func with(m map[string]any, more ...any) map[string]any {
	m = maps.Clone(m)
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == nil {
			delete(m, more[i].(string))
		} else {
			m[more[i].(string)] = more[i+1]
		}
	}
	return m
}
