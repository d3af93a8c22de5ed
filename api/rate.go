package api

import (
	"sync"
	"time"
)

// rates are how much each partner may still ask: a bucket that fills by so many requests a second.
type rates struct {
	perSecond float64
	burst     int

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take takes one request out of the partner's bucket, or says how long to wait for it.
func (r *rates) take(partner string, now time.Time) (wait time.Duration, ok bool) {
	if r.perSecond <= 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.buckets[partner]
	if b == nil {
		if r.buckets == nil {
			r.buckets = map[string]*bucket{}
		}
		b = &bucket{left: float64(r.burst), at: now}
		r.buckets[partner] = b
	}
	if since := now.Sub(b.at); since > 0 {
		b.left, b.at = min(float64(r.burst), b.left+since.Seconds()*r.perSecond), now
	}
	if b.left < 1 {
		return time.Duration((1 - b.left) / r.perSecond * float64(time.Second)), false
	}
	b.left--
	return 0, true
}
