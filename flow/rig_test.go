package flow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/engine"
	"parley/house"
	"parley/oauth"
	"parley/sandbox"
	"parley/sim"
	"parley/store"
)

// A rig is a sandbox whose process can be killed at any commit and any word, whose clock we own, and whose counterparties can be told
// to misbehave. Everything speaks real HTTP and writes a real database.
type rig struct {
	t     testing.TB
	s     *sandbox.Sandbox
	db    *store.Store
	clock *clock

	mu      sync.Mutex
	life    *life
	working sync.Mutex   // held while the pump has the engine work
	horizon atomic.Int64 // how far ahead of now the clock may jump to what is due next
	stop    chan struct{}
	wg      sync.WaitGroup
	route   atomic.Pointer[doom]
	saves   atomic.Bool // the workers of goal savings are at work, too
}

// doom is a route before whose answers the process dies a few times.
type doom struct {
	route string
	times int64
}

// clock runs with the real one and can be moved ahead.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) moveTo(at time.Time) {
	if d := at.Sub(c.Now()); d > 0 {
		c.ahead.Add(int64(d))
	}
}

// life is one process, from its start to its death. It dies at the count-th point of a kind, or lives on when the kind is empty.
type life struct {
	kind  point
	count int64
	seen  map[point]*atomic.Int64
	dead  atomic.Bool
	died  chan struct{}
}

type point string

// The points at which a process can die.
const (
	beforeCommit point = "before commit"
	afterCommit  point = "after commit"
	beforeSend   point = "before send"
	afterSend    point = "after send"
	beforeAnswer point = "before answer"
)

var points = []point{beforeCommit, afterCommit, beforeSend, afterSend, beforeAnswer}

var errDead = errors.New("the process is dead")

func newLife(kind point, count int64) *life {
	l := &life{kind: kind, count: count, seen: map[point]*atomic.Int64{}, died: make(chan struct{})}
	for _, p := range points {
		l.seen[p] = new(atomic.Int64)
	}
	return l
}

// pass goes through a point, and may die there.
func (l *life) pass(p point) error {
	if l.seen[p].Add(1) == l.count && p == l.kind && l.dead.CompareAndSwap(false, true) {
		close(l.died)
	}
	if l.dead.Load() {
		return errDead
	}
	return nil
}

// mortal is the store of a process that can die: the dead write nothing.
type mortal struct {
	*store.Store
	life *life
}

func (m mortal) Apply(ctx context.Context, batch []engine.Write) error {
	if err := m.life.pass(beforeCommit); err != nil {
		return err
	}
	if err := m.Store.Apply(ctx, batch); err != nil {
		return err
	}
	return m.life.pass(afterCommit)
}

func (m mortal) Claim(ctx context.Context, owner string, now, lease time.Time, limit int) ([]engine.Job, error) {
	if m.life.dead.Load() {
		return nil, errDead
	}
	return m.Store.Claim(ctx, owner, now, lease, limit)
}

// wire is the transport of a process that can die: the dead say nothing and hear nothing.
type wire struct {
	inner http.RoundTripper
	life  *life
}

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := w.life.pass(beforeSend); err != nil {
		return nil, err
	}
	res, err := w.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := w.life.pass(afterSend); err != nil {
		res.Body.Close()
		return nil, err
	}
	return res, nil
}

// newRig starts everybody.
func newRig(t testing.TB) *rig {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, db: db, clock: &clock{}, stop: make(chan struct{}), life: newLife("", 0)}
	r.horizon.Store(int64(15 * time.Second))
	r.s, err = sandbox.Start(t.Context(), sandbox.Options{
		Data: t.TempDir(), Parts: r.parts(r.life), Manual: true, Front: r.front, KYCPatience: 20 * time.Second, Log: testLog(),
		Redelivery: []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond},
		Configure:  func(c *house.Config) { c.Merchants[0].Operator.Timeout = house.Duration(250 * time.Millisecond) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r.s.Operator.Faults.Delay, r.s.Trustly.Faults.Delay, r.s.OpenID.Faults.Delay = 400*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
	r.s.BankID.Faults.Delay = 100 * time.Millisecond
	r.wg.Add(1)
	go r.pump()
	t.Cleanup(func() {
		close(r.stop)
		r.wg.Wait()
		if err := r.s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	return r
}

func testLog() *slog.Logger {
	if os.Getenv("PARLEY_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return nil
}

func (r *rig) parts(l *life) house.Parts {
	return house.Parts{
		Store: mortal{r.db, l}, Now: r.clock.Now, Random: func() float64 { return 0.5 }, Hold: 100 * time.Millisecond,
		Wrap: func(inner http.RoundTripper) http.RoundTripper { return wire{inner, l} },
	}
}

func (r *rig) now() *life {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.life
}

// front is the network before the process: who speaks to a dead one is hung up on.
func (r *rig) front(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		l := r.now()
		if l.dead.Load() {
			sim.HangUp(w)
			return
		}
		kept := httptest.NewRecorder()
		inner.ServeHTTP(kept, req)
		if d := r.route.Load(); d != nil && strings.HasPrefix(req.Method+" "+req.URL.Path, d.route) && atomic.AddInt64(&d.times, -1) >= 0 {
			if l.dead.CompareAndSwap(false, true) {
				close(l.died)
			}
		}
		if l.pass(beforeAnswer) != nil {
			sim.HangUp(w)
			return
		}
		for k, v := range kept.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(kept.Code)
		w.Write(kept.Body.Bytes())
	})
}

// pump is the worker, the supervisor that starts a dead process again, and the passing of time.
func (r *rig) pump() {
	defer r.wg.Done()
	ctx := context.Background()
	for {
		select {
		case <-r.stop:
			return
		case <-r.now().died:
			if err := r.rise(ctx, newLife("", 0)); err != nil {
				r.t.Errorf("start again: %v", err)
				return
			}
		default:
		}
		h := r.s.Current()
		r.working.Lock()
		h.Engine.Work(ctx)
		if r.saves.Load() {
			h.Savings.Work(ctx)
			h.Webhooks.Work(ctx)
		}
		r.working.Unlock()
		if due, ok, err := h.Engine.NextDue(ctx); err == nil && ok && due.Sub(r.clock.Now()) <= time.Duration(r.horizon.Load()) {
			r.clock.moveTo(due)
		}
		time.Sleep(time.Millisecond)
	}
}

// rise starts the next process over the same database.
func (r *rig) rise(ctx context.Context, next *life) error {
	if err := r.s.Reopen(ctx, r.parts(next)); err != nil {
		return err
	}
	r.mu.Lock()
	r.life = next
	r.mu.Unlock()
	return nil
}

// journey is what a person wants and how they behave.
type journey struct {
	provider, what string
	decision       string // "approve", "deny" (after log-in), "cancel" (before), "leave" (the window is closed), "give up" (on our own page)
	scenario       sim.TrustlyScenario
	vanish         bool // the browser never comes back
	twice          bool // everything is clicked twice at once
	elsewhere      bool // the app is on another device than the browser
}

func (j journey) String() string { return j.what + " by " + j.provider }

// end is where the browser ended up.
type end struct {
	visit *sim.OperatorVisit
	stuck string // where, when it did not come back to the shop
}

// walk has the person do what they want, against all odds: what fails is tried again, as people do.
func (r *rig) walk(j journey) (e end, err error) {
	r.s.Trustly.SetScenario(j.scenario)
	visits := len(r.s.Operator.Visits())
	b := &browser{r: r}
	if b.jar, err = cookiejar.New(nil); err != nil {
		return e, err
	}
	b.client = &http.Client{Jar: b.jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	at, err := b.visit(http.MethodPost, r.s.OperatorURL+"/shop/start", url.Values{"provider": {j.provider}, "what": {j.what}})
	began := time.Now()
	for err == nil && at != "" {
		if time.Since(began) > 2*patience {
			err = fmt.Errorf("nothing comes of %s", path(at))
			break
		}
		var back string
		switch {
		case strings.HasPrefix(at, r.s.BankIDURL) && j.decision == "give up":
			if at, err = b.giveUp(); err == nil {
				continue
			}
			e.stuck = err.Error()
			return e, nil
		case strings.HasPrefix(at, r.s.BankIDURL):
			back = r.app(b, at, j)
		case strings.HasPrefix(at, r.s.OpenIDURL):
			if j.decision == "approve" || strings.HasPrefix(j.decision, "pay ") {
				back, err = r.s.OpenID.Approve(at, sim.OpenIDPersons()[0].SSN)
			} else {
				back, err = r.s.OpenID.Deny(at)
			}
			if err != nil {
				return e, err
			}
		case strings.HasPrefix(at, r.s.TrustlyURL):
			o, ok := r.s.Trustly.Order(at)
			if !ok {
				return e, fmt.Errorf("no order for %s", at)
			}
			decision := strings.TrimPrefix(j.decision, "pay ")
			if err := r.s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, decision); err != nil {
				e.stuck = err.Error()
			}
			o, _ = r.s.Trustly.Order(at)
			back, _ = o.Attributes["SuccessURL"].(string)
			if o.State == "finished" || o.State == "cancelled" || o.State == "aborted" {
				back, _ = o.Attributes["FailURL"].(string)
			}
			if decision == "leave" {
				back = ""
			}
		default:
			e.stuck = at
			return e, nil
		}
		if j.vanish || back == "" {
			return e, nil
		}
		if j.twice {
			go (&browser{r: r, client: b.client}).visit(http.MethodGet, back, nil)
		}
		at, err = b.visit(http.MethodGet, back, nil)
	}
	if err != nil {
		e.stuck = err.Error()
	}
	if all := r.s.Operator.Visits(); len(all) > visits {
		e.visit = &all[len(all)-1]
	}
	return e, nil
}

// app is what the person does in the app; back is where they look next. An order that is over by the time they come to it opens nothing: then
// they look at the page again.
func (r *rig) app(b *browser, link string, j journey) (back string) {
	if j.decision == "leave" {
		return ""
	}
	var o sim.BankIDOrder
	var err error
	if j.elsewhere {
		o, err = r.s.BankID.Scan(r.code())
	} else {
		o, err = r.s.BankID.Open(link)
	}
	if err != nil {
		time.Sleep(5 * time.Millisecond)
		return b.page
	}
	if j.decision == "approve" || strings.HasPrefix(j.decision, "pay ") {
		err = r.s.BankID.Sign(o.Ref, "")
	} else {
		err = r.s.BankID.Cancel(o.Ref)
	}
	if err != nil || j.elsewhere {
		return b.page
	}
	return o.ReturnURL
}

// code is the QR code that the page of the newest run would show now.
func (r *rig) code() string {
	runs, err := r.db.Runs(r.t.Context(), "", 10)
	if err != nil {
		return ""
	}
	for _, run := range runs {
		if run.Flow == "adjustment" {
			continue
		}
		p, err := r.s.Current().Conversations.Await(r.t.Context(), run.ID, func(oauth.Progress) bool { return true })
		if err == nil && p.Page.HandOver != nil {
			return p.Page.HandOver.QR
		}
		break
	}
	return ""
}

// patience is how long a person reloads a page on which nothing happens.
const patience = 3 * time.Second

type browser struct {
	r      *rig
	jar    http.CookieJar
	client *http.Client
	page   string // of ours, from which an app is opened
	body   []byte // and what it says
}

var (
	links  = regexp.MustCompile(`href="([^"]+)"`)
	action = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	csrf   = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
)

// giveUp presses the button of our own page.
func (b *browser) giveUp() (string, error) {
	at, proof := action.FindSubmatch(b.body), csrf.FindSubmatch(b.body)
	if at == nil || proof == nil {
		return "", errors.New("the page has no button to give up")
	}
	return b.visit(http.MethodPost, b.r.s.URL+html.UnescapeString(string(at[1])), url.Values{"csrf": {string(proof[1])}})
}

// app is the link on a page that opens the app of a provider without a page, or "".
func (b *browser) app(body []byte) string {
	for _, link := range links.FindAllSubmatch(body, -1) {
		if to := html.UnescapeString(string(link[1])); strings.HasPrefix(to, b.r.s.BankIDURL) {
			return to
		}
	}
	return ""
}

// visit follows redirects and pages that wait until it stands at a provider's page, or at ours with the link to its app, whose address it
// returns, or at the shop again, which is "".
func (b *browser) visit(method, to string, form url.Values) (string, error) {
	began := time.Now()
	for {
		if time.Since(began) > patience {
			return "", fmt.Errorf("nothing came of %s", path(to))
		}
		if strings.HasPrefix(to, b.r.s.OpenIDURL) || strings.HasPrefix(to, b.r.s.TrustlyURL) {
			return to, nil
		}
		req, err := http.NewRequest(method, to, strings.NewReader(form.Encode()))
		if err != nil {
			return "", err
		}
		req.Header.Set("Accept", "text/html")
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := b.client.Do(req)
		if err != nil {
			time.Sleep(5 * time.Millisecond) // the process is being started again
			continue
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		switch {
		case res.StatusCode == http.StatusSeeOther:
			next, err := url.Parse(to)
			if err != nil {
				return "", err
			}
			if next, err = next.Parse(res.Header.Get("Location")); err != nil {
				return "", err
			}
			method, to, form = http.MethodGet, next.String(), nil
		case strings.HasPrefix(to, b.r.s.OperatorURL):
			return "", nil
		case res.StatusCode == http.StatusOK && b.app(body) != "":
			b.page, b.body = to, body
			return b.app(body), nil
		case res.StatusCode == http.StatusOK && bytes.Contains(body, []byte(`http-equiv="refresh"`)):
			time.Sleep(10 * time.Millisecond)
		case res.StatusCode >= 500:
			time.Sleep(5 * time.Millisecond) // people press reload
		default:
			return "", fmt.Errorf("%s answered %d", path(to), res.StatusCode)
		}
	}
}

func path(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "?"
	}
	return u.Path
}
