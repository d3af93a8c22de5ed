package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/engine"
	"parley/notify"
	"parley/savings"
	"parley/web"
	"parley/webhook"
)

// secret is of the banks of these tests.
const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// bank is an endpoint that looks at everything by itself: signature, order, and that what is repeated is the same.
type bank struct {
	t      *testing.T
	server *httptest.Server
	clock  *clock

	mu       sync.Mutex
	answer   func(n int, w http.ResponseWriter) // of the nth request; nil is 204
	requests int
	header   http.Header
	bodies   map[string]string // by webhook-id
	batches  []heard           // that were answered well, in order
}

type heard struct {
	ID     string    `json:"batch_id"`
	Time   time.Time `json:"timestamp"`
	Count  int       `json:"count"`
	Events []struct {
		ID        string          `json:"id"`
		CreatedAt time.Time       `json:"createdAt"`
		Type      string          `json:"type"`
		Data      json.RawMessage `json:"data"`
	} `json:"events"`
}

func newBank(t *testing.T, c *clock) *bank {
	t.Helper()
	b := &bank{t: t, clock: c, bodies: map[string]string{}}
	b.server = httptest.NewServer(b)
	t.Cleanup(b.server.Close)
	return b
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	b.header = r.Header
	id := r.Header.Get("webhook-id")
	b.verify(r.Header, body)
	if before, again := b.bodies[id]; again && before != string(body) {
		b.t.Errorf("the batch %s was said otherwise the second time:\n%s\n%s", id, before, body)
	}
	b.bodies[id] = string(body)
	if b.answer != nil {
		rec := httptest.NewRecorder()
		b.answer(b.requests, rec) // may hang up
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		if rec.Code > 299 {
			return
		}
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	var h heard
	if err := json.Unmarshal(body, &h); err != nil || h.ID != id || h.Count != len(h.Events) {
		b.t.Errorf("%v: %s", err, body)
	}
	b.batches = append(b.batches, h)
}

// verify is the specification of Standard Webhooks, written anew.
func (b *bank) verify(h http.Header, body []byte) {
	seconds, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if now := b.clock.now().Unix(); err != nil || seconds > now || seconds < now-5 {
		b.t.Errorf("signed at %q, and it is %d", h.Get("webhook-timestamp"), now)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		b.t.Error(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", h.Get("webhook-id"), seconds, body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); h.Get("webhook-signature") != want {
		b.t.Errorf("signed %q, not %q", h.Get("webhook-signature"), want)
	}
}

// answers sets how it answers from now on, counting from one.
func (b *bank) answers(f func(n int, w http.ResponseWriter)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer, b.requests = f, 0
}

func status(code int) func(int, http.ResponseWriter) {
	return func(_ int, w http.ResponseWriter) { w.WriteHeader(code) }
}

func (b *bank) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.requests
}

// told are the ids of the events that it heard, batch by batch: "1 2 | 3".
func (b *bank) told() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var batches []string
	for _, h := range b.batches {
		var ids []string
		for _, e := range h.Events {
			ids = append(ids, e.ID)
		}
		batches = append(batches, strings.Join(ids, " "))
	}
	return strings.Join(batches, " | ")
}

func (b *bank) wants(t *testing.T, want string) {
	t.Helper()
	if got := b.told(); got != want {
		t.Errorf("it was told %q, not %q", got, want)
	}
}

// clock is a clock that the test owns.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)} }

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

// rig is webhooks over a database, with a clock of the test's.
type rig struct {
	*webhook.Webhooks
	t         *testing.T
	clock     *clock
	store     webhook.Store
	endpoints []webhook.Endpoint
	n         int
	log       strings.Builder
}

func newRig(t *testing.T, c *clock, endpoints ...webhook.Endpoint) *rig {
	t.Helper()
	r := &rig{t: t, clock: c, endpoints: endpoints, store: open(t, t.TempDir())}
	r.build()
	return r
}

func endpoint(partner string, b *bank, change ...func(*webhook.Endpoint)) webhook.Endpoint {
	signer, err := notify.NewSigner(secret)
	if err != nil {
		b.t.Fatal(err)
	}
	e := webhook.Endpoint{Partner: partner, URL: b.server.URL + "/events?key=in-the-address", Signer: signer, Client: web.NewClient(web.ClientOptions{AllowPrivate: true, Timeout: 5 * time.Second})}
	for _, f := range change {
		f(&e)
	}
	return e
}

// build makes the webhooks anew, as a process that starts does.
func (r *rig) build() {
	r.t.Helper()
	w, err := webhook.New(webhook.Config{Endpoints: r.endpoints, Store: r.store, Now: r.clock.now, Random: func() float64 { return 0.5 },
		Log: slog.New(slog.NewTextHandler(&r.log, nil))})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Webhooks = w
}

// happen has events happen in a programme, one a millisecond; their ids are numbers in a row. It returns the last one's.
func (r *rig) happen(partner string, types ...savings.EventType) string {
	r.t.Helper()
	var batch []engine.Write
	for _, kind := range types {
		r.n++
		r.clock.pass(time.Millisecond)
		batch = append(batch, savings.AddSavingsEvent{Event: savings.Event{ID: strconv.Itoa(r.n), Partner: partner, Type: kind, At: r.clock.now(), Data: []byte(`{"name":"Anna <&> Åsa","n":` + strconv.Itoa(r.n) + `}`)}})
	}
	r.apply(batch...)
	return strconv.Itoa(r.n)
}

func (r *rig) apply(w ...engine.Write) {
	r.t.Helper()
	if err := r.store.Apply(r.t.Context(), w); err != nil {
		r.t.Fatal(err)
	}
}

// work does what is due, and says in how long something is due next; -1 when nothing is.
func (r *rig) work() time.Duration {
	r.t.Helper()
	next, err := r.Work(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if next.IsZero() {
		return -1
	}
	return next.Sub(r.clock.now())
}

// pass lets time pass, and does what is due then.
func (r *rig) pass(d time.Duration) time.Duration {
	r.t.Helper()
	r.clock.pass(d)
	return r.work()
}

func (r *rig) status(partner string) webhook.Status {
	r.t.Helper()
	all, err := r.Status(r.t.Context(), partner)
	if err != nil || len(all) != 1 {
		r.t.Fatal(all, err)
	}
	return all[0]
}

func many(kind savings.EventType, n int) []savings.EventType {
	out := make([]savings.EventType, n)
	for i := range out {
		out[i] = kind
	}
	return out
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}
