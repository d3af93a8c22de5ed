package engine

import (
	"context"
	"slices"
	"sync"
)

// Changes are the runs that begin and change in this process, for somebody who follows all of them. Whoever reads slowly is told of a run
// once for all that has happened to it in the meantime, so a change is never the last that they do not hear of.
type Changes struct {
	e     *Engine
	ready chan struct{}

	mu      sync.Mutex
	runs    []string // that have changed since they were last told of, the longest ago first
	waiting map[string]bool
}

// mostChanges is how many runs are remembered for one reader. One who is further behind is not told of those that changed longest ago.
const mostChanges = 1000

// Changes begins to follow. The caller must Close it.
func (e *Engine) Changes() *Changes {
	c := &Changes{e: e, ready: make(chan struct{}, 1), waiting: map[string]bool{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.feeds[c] = true
	return c
}

// Next is the next run that has changed; it waits for one. The error is ctx's.
func (c *Changes) Next(ctx context.Context) (run string, err error) {
	for {
		if run, ok := c.take(); ok {
			return run, nil
		}
		select {
		case <-c.ready:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// Close ends it.
func (c *Changes) Close() {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	delete(c.e.feeds, c)
}

func (c *Changes) take() (run string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.runs) == 0 {
		return "", false
	}
	run, c.runs = c.runs[0], c.runs[1:]
	delete(c.waiting, run)
	return run, true
}

func (c *Changes) add(run string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[run] {
		return
	}
	if len(c.runs) == mostChanges {
		delete(c.waiting, c.runs[0])
		c.runs = slices.Delete(c.runs, 0, 1)
	}
	c.runs, c.waiting[run] = append(c.runs, run), true
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// changed tells everybody who follows that a run has changed. It waits for nobody.
func (e *Engine) changed(run string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.feeds {
		c.add(run)
	}
}
