package notify

import (
	"sync"
	"time"
)

// breaker spares an endpoint that does not answer, and the people who would wait for it.
//
//	closed ──after failures in a row──▶ open ──pause──▶ half open ──answer──▶ closed
//	                                     ▲                  │
//	                                     └─────failure──────┘
//
// Half open lets one attempt through at a time.
type breaker struct {
	after int
	pause time.Duration
	now   func() time.Time

	mu       sync.Mutex
	failures int       // in a row
	until    time.Time // open until then; zero when closed
	trying   bool      // half open, and somebody is trying
}

// news is what an attempt taught about the endpoint.
type news int

const (
	nothing  news = iota // it says neither
	answered             // there was an answer, whichever
	silent               // no connection, or no answer in time
)

// begin asks whether an attempt may be made. If so the attempt must end with a call of done, once. If not, wait is how long
// that will stay so at least.
func (b *breaker) begin() (done func(news), wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until.IsZero() {
		return func(n news) { b.end(n, false) }, 0, true
	}
	if wait := b.until.Sub(b.now()); wait > 0 {
		return nil, wait, false
	}
	if b.trying {
		return nil, 0, false
	}
	b.trying = true
	return func(n news) { b.end(n, true) }, 0, true
}

func (b *breaker) end(n news, try bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if try {
		b.trying = false
	}
	switch n {
	case answered:
		b.failures, b.until = 0, time.Time{}
	case silent:
		b.failures++
		// Attempts that began before it opened do not keep it open for longer; the try does.
		if try || b.until.IsZero() && b.failures >= b.after {
			b.until = b.now().Add(b.pause)
		}
	}
}
