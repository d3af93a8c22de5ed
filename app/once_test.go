package app_test

import (
	"encoding/json"
	"sync"
	"testing"
)

func TestWhatIsAskedForTwiceUnderOneKeyIsMadeOnce(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	first := p.api("POST", "/dreams", map[string]any{"dream": map[string]any{"name": "Boat", "targetCents": 100000}}, "Idempotency-Key", "k1")
	again := p.api("POST", "/dreams", map[string]any{"dream": map[string]any{"name": "Boat", "targetCents": 100000}}, "Idempotency-Key", "k1")
	dream := first.object(t).text("dream.id")
	if first.StatusCode != 201 || again.StatusCode != 201 || again.object(t).text("dream.id") != dream || len(p.does("GET", "/me", nil, 200).list("dreams")) != 1 {
		t.Errorf("%d %s, %d %s", first.StatusCode, first.body, again.StatusCode, again.body)
	}
	if other := p.api("POST", "/dreams", map[string]any{"dream": map[string]any{"name": "Car", "targetCents": 100000}}, "Idempotency-Key", "k1"); other.StatusCode != 422 {
		t.Errorf("another dream under the key: %d %s", other.StatusCode, other.body)
	}
	if elsewhere := p.api("POST", "/withdrawals", map[string]any{"dreamId": dream, "amountCents": 1}, "Idempotency-Key", "k1"); elsewhere.StatusCode != 422 {
		t.Errorf("something else under the key: %d %s", elsewhere.StatusCode, elsewhere.body)
	}

	// Another person's key is another key.
	q := r.signedIn("one", "bo")
	if got := q.api("POST", "/dreams", map[string]any{"dream": map[string]any{"name": "Boat", "targetCents": 100000}}, "Idempotency-Key", "k1"); got.object(t).text("dream.id") == dream {
		t.Error("somebody was given another person's dream")
	}

	// A launch whose answer was lost saves once, however often it is asked for, and at once.
	launch := map[string]any{"savehackLaunch": map[string]any{"dreamId": dream, "type": "OneTime", "amountCents": 2500}}
	var ids sync.Map
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if got := p.api("POST", "/launches", launch, "Idempotency-Key", "k2"); got.StatusCode == 201 {
				ids.Store(got.object(t).text("savehackLaunch.id"), true)
			} else {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if launches := p.does("GET", "/launches", nil, 200).list("savehackLaunches"); n != 1 || len(launches) != 1 {
		t.Errorf("%d launches were answered, %d are there", n, len(launches))
	}
	// What the answer says to ask of the bank's app is said again, under the same request.
	lost := p.api("POST", "/launches", launch, "Idempotency-Key", "k2").object(t)
	if len(lost.list("ask")) != 1 || lost.text("savehackLaunch.state") != "waiting" {
		t.Errorf("%v", lost)
	}
}

// object is an answer as it was read.
func (a answer) object(t *testing.T) (o object) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return o
}
