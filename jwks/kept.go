package jwks

import (
	"context"
	"net/http"
	"sync"
	"time"

	"parley"
	"parley/web"
)

const (
	// DocumentLimit is how many bytes of any answer are read.
	DocumentLimit = 1 << 20
	// DocumentAge is how long a document is believed.
	DocumentAge = time.Hour
	// refreshPause lies between two looks for a key that we do not know.
	refreshPause = time.Minute
)

// Kept is something that is fetched when it is needed and kept for a while. One caller fetches at a time; those who came
// meanwhile share what it got, be it an error, and wait no longer than their own deadline. NewKept makes one.
type Kept[T any] struct {
	turn chan struct{} // holds one: whoever has put it in may fetch

	mu    sync.Mutex // guards the rest
	value T
	have  bool
	at    time.Time // when value was fetched
	tried time.Time // when fetching was last begun
	round int       // how many fetches have ended
	err   error     // how the last one failed
}

// NewKept is empty.
func NewKept[T any]() *Kept[T] { return &Kept[T]{turn: make(chan struct{}, 1)} }

// Young is whether a value will do that was fetched at a time, when fetching was last begun at another.
type Young[T any] func(value T, at, tried time.Time) bool

// Get is the value, if there is one that will do, or a new one.
func (k *Kept[T]) Get(ctx context.Context, now func() time.Time, young Young[T], fetch func(context.Context) (T, error)) (T, error) {
	fresh := func() bool { return k.have && young(k.value, k.at, k.tried) }
	k.mu.Lock()
	value, ok, round := k.value, fresh(), k.round
	k.mu.Unlock()
	if ok {
		return value, nil
	}
	var none T
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return none, parley.Errorf(parley.KindUnheard, "wait for another who is asking: %w", ctx.Err())
	}
	k.mu.Lock()
	value, ok = k.value, fresh()
	failed := k.err
	if k.round == round {
		failed = nil // nobody has tried since we came
	}
	if !ok && failed == nil {
		k.tried = now()
	}
	k.mu.Unlock()
	if ok {
		return value, nil
	} else if failed != nil {
		return none, failed
	}

	value, err := fetch(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.round++
	k.err = err
	if err != nil {
		if ctx.Err() != nil {
			k.err = nil // it was our own haste: whoever waits must try for themselves
		}
		return none, err
	}
	k.value, k.have, k.at = value, true, k.tried
	return value, nil
}

// Fetch reads a public JSON document. Errors are a Broken when there is none, and otherwise parley.KindUnheard or parley.KindUnknown.
func Fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, Broken("an address that cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	res, body, err := web.Exchange(client, req, DocumentLimit)
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return nil, parley.Errorf(parley.KindUnknown, "%s answers %d", req.URL.Host, res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, Broken("a document is answered with " + http.StatusText(res.StatusCode))
	}
	return body, nil
}
