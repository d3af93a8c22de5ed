package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/api"
	"parley/api/apitest"
	"parley/engine"
	"parley/flow"
	"parley/savings"
	"parley/store"
	"parley/web"
	"parley/webhook"
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bearers are tokens that say themselves whose they are and what for: "bank savings:read savings:write".
type bearers struct{}

func (bearers) Partner(r *http.Request, scope string) (string, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", parley.Errorf(parley.KindInvalid, "no token")
	}
	partner, scopes, _ := strings.Cut(token, " ")
	switch {
	case partner == "unsure":
		return "", parley.Errorf(parley.KindUnavailable, "the keys cannot be read")
	case partner == "bad":
		return "", parley.Errorf(parley.KindInvalid, "not a token")
	case !strings.Contains(scopes, scope):
		return "", parley.Errorf(parley.KindRefused, "not for %s", scope)
	}
	return partner, nil
}

// rig is the API over a real database, before a server that holds every answer against the document. There are four banks: "bank" with one
// account per user, "other" the same, "dreams" with an account per dream and performance dreams, and "consents" with transfer consents.
type rig struct {
	*httptest.Server
	t         testing.TB
	clock     *clock
	store     *store.Store
	savings   *flow.Savings
	api       *api.API
	validator *apitest.Validator
	log       *buffer
	seen      *seen
	hooks     *hooks
}

// hooks are the endpoints of the bank called "bank", one of which is being told again.
type hooks struct{ asked [3]string }

func (h *hooks) Status(_ context.Context, partner string) ([]webhook.Status, error) {
	if partner != "bank" {
		return nil, nil
	}
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	return []webhook.Status{
		{Partner: "bank", Endpoint: "ledger", URL: "https://bank.example/events", Types: []savings.EventType{savings.DreamCreated},
			Progress: webhook.Progress{Behind: 3, Oldest: &at, Heard: &at, Tries: 2, Since: &at, Next: &at, Error: "500", Attention: true, Skipped: 1}},
		{Partner: "bank", Endpoint: "push", URL: "https://bank.example/push", Replay: &webhook.Progress{Behind: 1}},
	}, nil
}

func (h *hooks) Replay(_ context.Context, partner, endpoint, from string) ([]webhook.Replayed, error) {
	h.asked = [3]string{partner, endpoint, from}
	switch {
	case from == "yesterday":
		return nil, parley.Invalid("from", "must be a time or the id of an event")
	case endpoint == "push":
		return nil, &parley.Error{Kind: parley.KindConflict, Field: "endpoint", Message: "a replay is under way"}
	}
	return []webhook.Replayed{{Endpoint: "ledger", Events: 4}}, nil
}

// seen is which operations were answered with which status.
type seen struct {
	mu sync.Mutex
	at map[string]bool
}

func (s *seen) note(v *apitest.Validator, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, path := r.Method, r.URL.Path
		rec := &status{ResponseWriter: w}
		next.ServeHTTP(rec, r)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.at[fmt.Sprint(v.Operation(method, path), " ", rec.code)] = true
	})
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) { s.code = code; s.ResponseWriter.WriteHeader(code) }

// buffer is a log that many write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newRig(t testing.TB, change ...func(*api.Config)) *rig {
	t.Helper()
	r := &rig{t: t, clock: &clock{at: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}, log: new(buffer), hooks: new(hooks), seen: &seen{at: map[string]bool{}}}
	var err error
	if r.store, err = store.OpenSQLite(context.Background(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.store.Close() })
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	partners := map[string]*savings.Partner{}
	for id, p := range map[string]savings.Partner{
		"bank":     {Setup: savings.SharedAccount},
		"other":    {Setup: savings.SharedAccount},
		"dreams":   {Setup: savings.AccountPerDream, Performance: true},
		"consents": {Setup: savings.SharedAccount, Consents: true, ConsentFor: 10 * time.Minute},
	} {
		p.ID, p.Name, p.Currency, p.Country, p.Zone = id, id, "SEK", "SE", zone
		partners[id] = &p
	}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.savings = &flow.Savings{Store: r.store, Partners: partners, Now: r.clock.now, Event: api.EventData("https://parley.example"), Log: log}
	r.savings.Engine, err = engine.New(context.Background(), engine.Options{Store: r.store, Tables: r.savings.Tables(), Now: r.clock.now, Random: func() float64 { return 0.5 }, Log: log, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	config := api.Config{Savings: r.savings, Store: r.store, Auth: bearers{}, Webhooks: r.hooks, Now: r.clock.now, Log: log, Base: "https://parley.example"}
	for _, f := range change {
		f(&config)
	}
	if r.api, err = api.New(config); err != nil {
		t.Fatal(err)
	}
	if r.validator, err = apitest.New(); err != nil {
		t.Fatal(err)
	}
	return r.beside(r.api)
}

// beside is the rig with a server for another API.
func (r *rig) beside(a *api.API) *rig {
	other := *r
	mux := http.NewServeMux()
	a.Routes(mux)
	other.Server = httptest.NewServer(r.seen.note(r.validator, r.validator.Handler(r.t, web.Safe(slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), mux))))
	r.t.Cleanup(other.Server.Close)
	return &other
}

// answer is a response that was read.
type answer struct {
	t      testing.TB
	asked  string
	status int
	header http.Header
	body   string
}

// as is somebody who asks with a token of a partner's, for everything.
func (r *rig) as(partner string) *asker {
	return &asker{r, http.Header{"Authorization": {"Bearer " + partner + " savings:read savings:write"}}}
}

// bank is the bank.
func (r *rig) bank() *asker { return r.as("bank") }

type asker struct {
	*rig
	header http.Header
}

// with is the same asker with one more header.
func (a *asker) with(name, value string) *asker {
	h := a.header.Clone()
	h.Set(name, value)
	return &asker{a.rig, h}
}

// without is the same asker without a header.
func (a *asker) without(name string) *asker {
	h := a.header.Clone()
	h.Del(name)
	return &asker{a.rig, h}
}

func (a *asker) do(method, path, body string) answer {
	a.t.Helper()
	got, err := a.try(method, path, body)
	if err != nil {
		a.t.Fatal(err)
	}
	return got
}

// try is do for goroutines of a test's.
func (a *asker) try(method, path, body string) (answer, error) {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, a.URL+"/v1"+path, r)
	if err != nil {
		return answer{}, err
	}
	req.Header = a.header.Clone()
	if body != "" && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return answer{a.t, method + " " + path + " " + body, res.StatusCode, res.Header, string(raw)}, err
}

func (a *asker) get(path string) answer         { a.t.Helper(); return a.do("GET", path, "") }
func (a *asker) post(path, body string) answer  { a.t.Helper(); return a.do("POST", path, body) }
func (a *asker) patch(path, body string) answer { a.t.Helper(); return a.do("PATCH", path, body) }
func (a *asker) delete(path string) answer      { a.t.Helper(); return a.do("DELETE", path, "") }

// is fails the test unless the answer has the status.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s was answered %d and not %d: %s", a.asked, a.status, status, a.body)
	}
	return a
}

// at is what stands at a path in the answer: "user.id", "dreams.0.name". Nil when there is nothing.
func (a answer) at(path string) any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		a.t.Fatalf("%s was answered with what is no JSON: %q", a.asked, a.body)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i := 0
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

// text is at, of what is a text.
func (a answer) text(path string) string {
	a.t.Helper()
	s, ok := a.at(path).(string)
	if !ok {
		a.t.Fatalf("%s was answered without a text at %s: %s", a.asked, path, a.body)
	}
	return s
}

// has fails the test unless the value stands at the path. Numbers are float64.
func (a answer) has(path string, want any) answer {
	a.t.Helper()
	if n, ok := want.(int); ok {
		want = float64(n)
	}
	if got := a.at(path); got != want {
		a.t.Fatalf("%s was answered with %v and not %v at %s: %s", a.asked, got, want, path, a.body)
	}
	return a
}

// wrong fails the test unless the answer is 400 with this mistake.
func (a answer) wrong(field, message string) answer {
	a.t.Helper()
	a.is(400)
	var m api.Mistakes
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		a.t.Fatal(err)
	}
	for _, e := range m.Errors {
		if e.Field == field {
			for _, said := range e.Errors {
				if said == message {
					return a
				}
			}
		}
	}
	a.t.Fatalf("%s was answered without the mistake %s %q: %s", a.asked, field, message, a.body)
	return a
}

// anna is a user with this external id.
func (a *asker) anna(external string) (id string) {
	a.t.Helper()
	return a.post("/users", `{"user":{"externalId":"`+external+`","givenName":"Anna","familyName":"Andersson"}}`).is(201).text("user.id")
}

// account is a savings account of a user.
func (a *asker) account(user, external string) (id string) {
	a.t.Helper()
	return a.post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"`+external+`"}}`).is(201).text("account.id")
}

// dream is a dream of a user, of 10 000 kronor.
func (a *asker) dream(user, name string) (id string) {
	a.t.Helper()
	return a.post("/dreams", `{"dream":{"userId":"`+user+`","name":"`+name+`","targetCents":1000000}}`).is(201).text("dream.id")
}

// launch launches a OneTime savehack, which makes its deposit at once where there is an account.
func (a *asker) launch(dream string, cents int) (id string) {
	a.t.Helper()
	return a.post("/savehack-launches", fmt.Sprintf(`{"savehackLaunch":{"dreamId":"%s","type":"OneTimeLaunch","amountCents":%d}}`, dream, cents)).is(201).text("savehackLaunch.id")
}

// deposit is a requested deposit of somebody with a dream and an account.
func (a *asker) deposit(external string, cents int) (user, account, dream, transaction string) {
	a.t.Helper()
	user = a.anna(external)
	account, dream = a.account(user, "dreams"), a.dream(user, "Kyoto")
	a.launch(dream, cents)
	return user, account, dream, a.get("/transactions?state=requested&externalUserId=" + external).is(200).text("transactions.0.id")
}

// change changes a book behind the API's back, as the app does.
func (r *rig) change(partner string, of savings.Of, do func(b *savings.Book) error) {
	r.t.Helper()
	if _, err := r.savings.Change(context.Background(), partner, of, do); err != nil {
		r.t.Fatal(err)
	}
}
