// Package webhook tells banks what happens in their savings programmes: events, in batches and in order, to every endpoint that a bank has
// named, and a short notice when there are transactions to act on.
//
// It owns where each endpoint stands (a Cursor), how batches are made, signed and repeated, and what a person can do about an endpoint that
// does not hear. What an event says was written by package api when it happened; when a notice is said belongs to package flow.
//
// An event is told at least once, and never given up but by a person: an endpoint that does not take a batch is tried again, more and more
// seldom, and what comes after waits behind it. Read stream.go for how one endpoint is told, cursor.go for what is remembered, exchange.go for
// how it travels, replay.go for telling again, and notice.go for the notice.
package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/notify"
	"parley/savings"

	"github.com/google/uuid"
)

// The bounds of a batch.
const (
	MostEvents   = 100
	ShortestWait = time.Second
	LongestWait  = time.Minute
)

// Endpoint is where a bank is told of events. Partner, URL and Client must be given.
type Endpoint struct {
	Partner string
	Name    string // by which it keeps its place when it moves to another URL; the URL when empty
	URL     string
	Types   []savings.EventType // that it is told; all when empty
	Count   int                 // events that make a batch; MostEvents when zero
	Every   time.Duration       // how long after its first event a batch goes that is not full; ShortestWait when zero
	Signer  notify.Signer
	Client  *http.Client // web.NewClient's: there is no default, because one without its guard would be a hole
}

// Key is what the endpoint is called in the database.
func (e *Endpoint) Key() string { return e.Partner + " " + cmp.Or(e.Name, e.URL) }

func (e *Endpoint) wants(t savings.EventType) bool {
	return len(e.Types) == 0 || slices.Contains(e.Types, t)
}

// Config is what Webhooks are built from. Endpoints and Store must be given.
type Config struct {
	Endpoints []Endpoint
	Store     Store
	Now       func() time.Time // time.Now when nil
	Random    func() float64   // in [0, 1), to spread repetitions; by chance when nil
	NewID     func() string    // of batches; UUIDv7 when nil
	Log       *slog.Logger     // slog.Default() when nil
}

// Webhooks tell every endpoint, each in a goroutine of its own, so that one that is dead does not slow another.
type Webhooks struct {
	Config
	endpoints []*endpoint

	mu      sync.Mutex
	started bool
	stop    chan struct{} // closed when no more is to be begun
	cut     context.CancelFunc
	working sync.WaitGroup
}

// endpoint is one endpoint with its two streams.
type endpoint struct {
	*Endpoint
	live, again *stream
	wake        chan struct{}
}

// New checks a configuration. It tells nobody anything until Start or Work.
func New(c Config) (*Webhooks, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.NewID == nil {
		c.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	w := &Webhooks{Config: c, stop: make(chan struct{})}
	keys := map[string]bool{}
	for i := range c.Endpoints {
		e := c.Endpoints[i]
		e.Count, e.Every = cmp.Or(e.Count, MostEvents), cmp.Or(e.Every, ShortestWait)
		switch {
		case e.Client == nil || e.Partner == "" || e.URL == "":
			return nil, parley.Invalid("webhooks", "partner, url and client must be given")
		case keys[e.Key()]:
			return nil, parley.Invalid("webhooks", "one endpoint is there twice: give each a name or a url of its own")
		case e.Count < 1 || e.Count > MostEvents:
			return nil, parley.Invalid("batch_count", fmt.Sprintf("must be 1 to %d", MostEvents))
		case e.Every < ShortestWait || e.Every > LongestWait:
			return nil, parley.Invalid("batch_every", "must be 1s to 1m")
		}
		for _, t := range e.Types {
			if !slices.Contains(savings.EventTypes, t) {
				return nil, parley.Invalid("types", fmt.Sprintf("there is no event %q", t))
			}
		}
		keys[e.Key()] = true
		made := &endpoint{Endpoint: &e, wake: make(chan struct{}, 1)}
		made.live = &stream{w: w, e: &e, key: e.Key()}
		made.again = &stream{w: w, e: &e, key: e.Key() + replaySuffix, again: true}
		w.endpoints = append(w.endpoints, made)
	}
	return w, nil
}

// look is how often an endpoint's goroutine looks without having been woken.
const look = time.Second

// Start has every endpoint told what there is, in the background, until Stop.
func (w *Webhooks) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started || w.stopping() {
		return
	}
	w.started = true
	ctx, cut := context.WithCancel(context.Background())
	w.cut = cut
	for _, e := range w.endpoints {
		w.working.Go(func() { w.run(ctx, e) })
	}
}

// Stop lets what is being said end, and cuts it off when ctx ends first: it is said again at the next start. It returns when nothing is
// under way any more.
func (w *Webhooks) Stop(ctx context.Context) error {
	w.mu.Lock()
	if !w.stopping() {
		close(w.stop)
	}
	cut := w.cut
	w.mu.Unlock()
	if cut == nil {
		return nil
	}
	defer cut()
	quiet := make(chan struct{})
	go func() { w.working.Wait(); close(quiet) }()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		cut()
		<-quiet
		return fmt.Errorf("stop telling webhooks: %w", ctx.Err())
	}
}

func (w *Webhooks) stopping() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// Wake says that there may be something new to tell.
func (w *Webhooks) Wake() {
	for _, e := range w.endpoints {
		select {
		case e.wake <- struct{}{}:
		default: // it will look in any case
		}
	}
}

func (w *Webhooks) run(ctx context.Context, e *endpoint) {
	for !w.stopping() {
		next, err := w.pass(ctx, e)
		rest := look
		switch {
		case err != nil:
			w.Log.Error("tell an endpoint", "partner", e.Partner, "endpoint", e.label(), "err", err)
		case !next.IsZero():
			rest = min(max(next.Sub(w.Now()), 0), look)
		}
		timer := time.NewTimer(rest)
		select {
		case <-timer.C:
		case <-e.wake:
		case <-w.stop:
		}
		timer.Stop()
	}
}

// Work tells every endpoint what is due now, one after the other, and says when something is due next; zero when nothing is known to be. It is
// for whoever owns the clock, in place of Start.
func (w *Webhooks) Work(ctx context.Context) (next time.Time, err error) {
	for _, e := range w.endpoints {
		at, one := w.pass(ctx, e)
		if err = errors.Join(err, one); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, err
}

// pass tells an endpoint all that is due now: what happens, and what it asked to be told again, by turns, so that neither waits for the other.
func (w *Webhooks) pass(ctx context.Context, e *endpoint) (next time.Time, err error) {
	for more := true; more && !w.stopping(); {
		live, at, lerr := e.live.step(ctx)
		again, later, aerr := e.again.step(ctx)
		if err = errors.Join(lerr, aerr); err != nil {
			return time.Time{}, err
		}
		if next = at; next.IsZero() || !later.IsZero() && later.Before(next) {
			next = later
		}
		more = live || again
	}
	return next, nil
}
