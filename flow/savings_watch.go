package flow

import (
	"context"
	"sync"
)

// Watch tells of every change of a user until stop is called. A reader that is slow misses none, but hears of several at once.
func (s *Savings) Watch(user string) (changed <-chan struct{}, stop func()) {
	return s.watched.watch(user)
}

// watched is who follows which user. The zero value is ready.
type watched struct {
	mu  sync.Mutex
	who map[string]map[chan struct{}]bool
}

func (w *watched) watch(user string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.who == nil {
		w.who = map[string]map[chan struct{}]bool{}
	}
	if w.who[user] == nil {
		w.who[user] = map[chan struct{}]bool{}
	}
	w.who[user][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(w.who[user], c); len(w.who[user]) == 0 {
			delete(w.who, user)
		}
	}
}

func (w *watched) tell(user string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.who[user] {
		select {
		case c <- struct{}{}:
		default: // it has not yet read of the last
		}
	}
}

// locks let one at a time do something for each name, and know what was done lately. The zero value is ready.
type locks struct {
	mu    sync.Mutex
	held  map[string]*lock
	done  int64            // counts what was done
	last  map[string]int64 // which was the last for each name, of those after floor
	floor int64
}

type lock struct {
	free    chan struct{} // has one token while nobody holds it
	waiting int           // and holding; the last takes it away
}

// lock waits until nobody else holds the name. unlock is never nil.
func (l *locks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*lock{}
	}
	k := l.held[name]
	if k == nil {
		k = &lock{free: make(chan struct{}, 1)}
		k.free <- struct{}{}
		l.held[name] = k
	}
	k.waiting++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.waiting--; k.waiting == 0 {
			delete(l.held, name)
		}
	}
	select {
	case <-k.free:
		return func() { k.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return func() {}, ctx.Err()
	}
}

// now is how much was done so far, for changed.
func (l *locks) now() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

// remembered is for how many names the last change is remembered. Of others it is not known, so whoever has begun before they were forgotten
// looks again.
const remembered = 10_000

// note notes that something was done for a name, by whoever holds it.
func (l *locks) note(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil || len(l.last) >= remembered {
		l.last, l.floor = map[string]int64{}, l.done
	}
	l.done++
	l.last[name] = l.done
}

// changed reports whether something was done for a name since then; when that is not known any more, it may have been.
func (l *locks) changed(name string, since int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return since < l.floor || l.last[name] > since
}
