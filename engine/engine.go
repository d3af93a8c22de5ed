// Package engine runs flows. It does a step, waits for one, takes one back, goes on after a crash, and records what was
// said; it knows no party by name and draws any flow.
//
// It owns runs, events, jobs and the inbox, and one promise: what a step is about to say is in the database before it is
// said, and what came back is there before anything follows from it. What the words mean belongs to package flow, how they
// are sent to notify and the connectors, and the SQL to store.
//
// Read flow.go for what a flow is made of, outcome.go for how a step can end, store.go for what is kept; then tell.go, in which
// a message moves a run, and drive.go, in which a run moves itself. draw.go draws a flow, drawn.go a run, drawing.go and picture.go write
// that as JSON and as text, and truth.go says whether it is true. changes.go is for whoever follows all runs.
package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley"

	"github.com/google/uuid"
)

// Options are what an Engine is built from.
type Options struct {
	Store  Store
	Tables []*Table         // every version that a run in the store may still have; of each name the highest is begun
	Now    func() time.Time // the clock; time.Now when nil
	Random func() float64   // in [0, 1), for spreading retries; math/rand when nil
	Log    *slog.Logger     // slog.Default() when nil
	Node   string           // this process among those that share the store; a fresh name when empty
	// Alone says that no other process uses the store: jobs that seem to be held belong to a process that has died, and what changes is
	// known without looking.
	Alone bool
	// Lease is how long a claim holds before another node may take it; 30 s when zero. No call may take longer.
	Lease time.Duration
}

// Engine runs flows over a store. Its methods are safe for many goroutines; many engines may share a store.
type Engine struct {
	store  Store
	tables map[string]map[int]*Table
	latest map[string]*Table
	now    func() time.Time
	random func() float64
	log    *slog.Logger
	node   string
	lease  time.Duration
	poll   time.Duration // how often who awaits a run looks by themselves

	mu      sync.Mutex
	driving map[string]bool   // runs that a goroutine of this process is moving; true: somebody asked to look again
	watch   map[string]*watch // runs that somebody awaits
	feeds   map[*Changes]bool // who is told of every run that changes
	stopped bool              // nothing new begins
	atWork  atomic.Int64      // due jobs that are worked on
	wake    chan struct{}     // the worker should look for due jobs
	wg      sync.WaitGroup    // what goes on, in the background and for callers
	stop    chan struct{}
}

// watch is how those who await a run learn that it has changed.
type watch struct {
	changed chan struct{} // closed when the run has changed
	waiting int           // the last to leave takes it away, or every run that was ever awaited would be remembered
}

// New makes an engine. Call Work, or Start, to have it do what is due.
func New(ctx context.Context, o Options) (*Engine, error) {
	e := &Engine{store: o.Store, now: o.Now, random: o.Random, log: o.Log, node: o.Node, lease: o.Lease,
		tables: map[string]map[int]*Table{}, latest: map[string]*Table{}, driving: map[string]bool{}, watch: map[string]*watch{}, feeds: map[*Changes]bool{}, poll: time.Second,
		wake: make(chan struct{}, 1), stop: make(chan struct{})}
	if e.now == nil {
		e.now = time.Now
	}
	if e.random == nil {
		e.random = rand.Float64
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	if e.node == "" {
		e.node = uuid.NewString()
	}
	if e.lease == 0 {
		e.lease = 30 * time.Second
	}
	for _, t := range o.Tables {
		if e.tables[t.Name] == nil {
			e.tables[t.Name] = map[int]*Table{}
		}
		if e.tables[t.Name][t.Version] != nil {
			return nil, fmt.Errorf("flow %s has version %d twice", t.Name, t.Version)
		}
		e.tables[t.Name][t.Version] = t
		if l := e.latest[t.Name]; l == nil || l.Version < t.Version {
			e.latest[t.Name] = t
		}
	}
	if o.Alone {
		e.poll = 15 * time.Second // a safety net: ten thousand who wait must not read ten thousand rows a second
		if err := e.store.ReleaseAll(ctx); err != nil {
			return nil, fmt.Errorf("release the jobs of a process that has died: %w", err)
		}
	}
	return e, nil
}

// NewID is an id for a run: a UUIDv7, so that runs sort by when they began.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// clock is the time in UTC and to the millisecond, as it is kept.
func (e *Engine) clock() time.Time { return e.now().UTC().Truncate(time.Millisecond) }

func (e *Engine) table(r Run) (*Table, error) {
	if t := e.tables[r.Flow][r.Table]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("run %s began with version %d of flow %s, which this program does not have", r.ID, r.Table, r.Flow)
}

// Table is the newest version of a flow, or nil.
func (e *Engine) Table(flow string) *Table { return e.latest[flow] }

// Tables are the newest versions of all flows, by name.
func (e *Engine) Tables() []*Table {
	return slices.SortedFunc(maps.Values(e.latest), func(a, b *Table) int { return cmp.Compare(a.Name, b.Name) })
}

// TableOf is the table that a run began with.
func (e *Engine) TableOf(r Run) (*Table, error) { return e.table(r) }

// Run reads a run. No such run is parley.KindNotFound.
func (e *Engine) Run(ctx context.Context, id string) (Run, error) {
	r, _, err := e.store.Run(ctx, id)
	return r, err
}

// RunByKey reads the run that was begun with a key. No such run is parley.KindNotFound.
func (e *Engine) RunByKey(ctx context.Context, flow, key string) (Run, error) {
	return e.store.RunByStartKey(ctx, flow, key)
}

// Await reads a run until enough is true of it, and returns it. When ctx ends first, it returns the run as it was last seen, and
// ctx's error.
func (e *Engine) Await(ctx context.Context, id string, enough func(Run) bool) (Run, error) {
	var last Run
	for {
		w := e.watching(id) // before reading, so that nothing falls between
		r, done, err := e.look(ctx, id, enough)
		if err != nil && ctx.Err() != nil {
			r, err = last, ctx.Err()
		}
		if err != nil || done {
			e.unwatch(id, w)
			return r, err
		}
		last = r
		poll := time.NewTimer(e.poll) // another node's changes are seen by polling
		select {
		case <-w.changed:
		case <-poll.C:
		case <-ctx.Done():
		}
		poll.Stop()
		e.unwatch(id, w)
		if ctx.Err() != nil {
			return last, ctx.Err()
		}
	}
}

// look reads a run and asks whether enough is true of it, on a stack of its own: a database makes a stack deep, and whoever waits would
// keep it for as long as they wait. Ten thousand do.
func (e *Engine) look(ctx context.Context, id string, enough func(Run) bool) (r Run, done bool, err error) {
	looked := make(chan any)
	go func() {
		defer func() { looked <- recover() }()
		if r, err = e.Run(ctx, id); err == nil {
			done = enough(r)
		}
	}()
	if p := <-looked; p != nil {
		panic(p) // where somebody is there to catch it
	}
	return r, done, err
}

// AwaitAnswer waits until the question that a message asked has been decided, and returns the answer.
func (e *Engine) AwaitAnswer(ctx context.Context, run, source, id string) (json.RawMessage, error) {
	var answer json.RawMessage
	var failed error
	_, err := e.Await(ctx, run, func(Run) bool {
		m, ok, err := e.store.Inbound(ctx, source, id)
		answer, failed = m.Answer, err
		return err != nil || !ok || answer != nil
	})
	if err == nil {
		err = failed
	}
	if err == nil && answer == nil {
		err = parley.Errorf(parley.KindNotFound, "no answer is recorded")
	}
	return answer, err
}

func (e *Engine) watching(run string) *watch {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.watch[run]
	if w == nil {
		w = &watch{changed: make(chan struct{})}
		e.watch[run] = w
	}
	w.waiting++
	return w
}

func (e *Engine) unwatch(run string, w *watch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.waiting--; w.waiting == 0 && e.watch[run] == w {
		delete(e.watch, run)
	}
}

func (e *Engine) publish(run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.watch[run]; w != nil {
		close(w.changed)
		delete(e.watch, run)
	}
}

// enter counts the caller among what goes on, which Stop waits for; false means that the engine has stopped. Who enters leaves
// with wg.Done.
func (e *Engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.stopped {
		e.wg.Add(1)
	}
	return !e.stopped
}

// background does something that Stop waits for; false means that the engine has stopped, and it is not done.
func (e *Engine) background(do func()) bool {
	if !e.enter() {
		return false
	}
	go func() {
		defer e.wg.Done()
		do()
	}()
	return true
}

var errStopped = parley.Errorf(parley.KindUnavailable, "the engine has stopped")

// take makes the caller the only goroutine of this process that moves the run, unless another is.
func (e *Engine) take(run string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.driving[run]; taken {
		return false
	}
	e.driving[run] = false
	return true
}

// release lets go of a run that was taken. When somebody asked for a look in the meantime, the run is looked at again.
func (e *Engine) release(run string) {
	e.mu.Lock()
	again := e.driving[run]
	delete(e.driving, run)
	e.mu.Unlock()
	e.publish(run) // for those who wait to move it themselves
	if again {
		e.background(func() {
			if err := e.resume(context.Background(), run, false); err != nil {
				e.log.Error("go on with a run", "run", run, "err", err)
			}
		})
	}
}

// lookAgain asks whoever moves the run to look at it again when they are done; it reports whether somebody does.
func (e *Engine) lookAgain(run string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.driving[run]; taken {
		e.driving[run] = true
		return true
	}
	return false
}

func (e *Engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Start has the engine do what is due, in the background, until Stop.
func (e *Engine) Start() {
	e.background(func() {
		ctx := context.Background()
		for {
			n, err := e.Work(ctx)
			if err != nil {
				e.log.Error("look for due jobs", "err", err)
			}
			if n > 0 && err == nil {
				continue
			}
			wait := time.Second                                                                                     // the safety net; a commit nudges
			if due, ok, derr := e.store.NextDue(ctx); err == nil && derr == nil && ok && e.atWork.Load() < atOnce { // a store that fails is not asked in a rush
				wait = min(wait, max(due.Sub(e.now()), time.Millisecond))
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-e.wake:
			case <-e.stop:
				timer.Stop()
				return
			}
			timer.Stop()
		}
	})
}

// atOnce bounds how many due jobs are worked on at the same time. What goes on inside the requests that woke it does not count: people
// who wait for a dead operator must not keep others from hearing of their money.
const atOnce = 64

// Work claims what is due and goes on with it, in the background, and returns how many runs that were. Idle waits for them.
func (e *Engine) Work(ctx context.Context) (int, error) {
	if !e.enter() { // what is claimed and not begun would be nobody's until its lease ends
		return 0, nil
	}
	defer e.wg.Done()
	room := atOnce - int(e.atWork.Load())
	if room <= 0 {
		return 0, nil
	}
	now := e.clock()
	jobs, err := e.store.Claim(ctx, e.node, now, now.Add(e.lease), room)
	if err != nil {
		return 0, err
	}
	for _, j := range jobs {
		e.atWork.Add(1)
		e.background(func() {
			defer func() {
				if e.atWork.Add(-1) == atOnce-1 {
					e.nudge() // there is room again
				}
			}()
			if err := e.resume(context.WithoutCancel(ctx), j.Run, true); err != nil {
				e.log.Error("go on with a run", "run", j.Run, "err", err)
			}
		})
	}
	return len(jobs), nil
}

// NextDue is when something is next due. It lets a test that owns the clock move it there.
func (e *Engine) NextDue(ctx context.Context) (time.Time, bool, error) { return e.store.NextDue(ctx) }

// Idle waits until nothing goes on in the background. Not for an engine that was started.
func (e *Engine) Idle() { e.wg.Wait() }

// Stop lets what is being said end, begins nothing new, and returns when all is quiet or ctx ends. What is left goes on at
// the next start.
func (e *Engine) Stop(ctx context.Context) error {
	e.mu.Lock()
	if !e.stopped {
		e.stopped = true
		close(e.stop)
	}
	e.mu.Unlock()
	quiet := make(chan struct{})
	go func() { e.wg.Wait(); close(quiet) }()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the engine: %w", ctx.Err())
	}
}

func (e *Engine) stopping() bool {
	select {
	case <-e.stop:
		return true
	default:
		return false
	}
}

// Apply writes what belongs to a run without moving it, for writes whose own guards decide.
func (e *Engine) Apply(ctx context.Context, writes []Write) error { return e.apply(ctx, writes) }
