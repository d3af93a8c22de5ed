package web

import (
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Tries counts failures under a key, such as an address, so that a secret cannot be guessed at leisure. The zero value is ready.
type Tries struct {
	mu     sync.Mutex
	failed map[string][]time.Time
}

const (
	triesAllowed = 20
	triesKept    = 10000

	// TriesWithin is how long a failure counts.
	TriesWithin = time.Minute
)

// Blocked reports whether there were too many failures under the key.
func (t *Tries) Blocked(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.recent(key, now)) >= triesAllowed
}

// Fail counts a failure.
func (t *Tries) Fail(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		t.failed = map[string][]time.Time{}
	}
	if _, known := t.failed[key]; !known && len(t.failed) >= triesKept {
		maps.DeleteFunc(t.failed, func(k string, _ []time.Time) bool { return len(t.recent(k, now)) == 0 })
		if len(t.failed) >= triesKept {
			return // so many guess from as many places: counting one more stops nobody
		}
	}
	t.failed[key] = append(t.recent(key, now), now)
}

func (t *Tries) recent(key string, now time.Time) []time.Time {
	list := t.failed[key]
	for len(list) > 0 && now.Sub(list[0]) > TriesWithin {
		list = list[1:]
	}
	return list
}

// Asker is the address of who asks: the last that a proxy we trust did not add itself. Nobody else is believed.
func Asker(r *http.Request, trusted []netip.Prefix) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	trusts := func(ip netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(ip) {
				return true
			}
		}
		return false
	}
	ip := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusts(ip); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = hop.Unmap()
	}
	return ip.String()
}
