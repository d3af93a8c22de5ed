package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/savings"
	"parley/webhook"
)

func TestABatchGoesWhenItsFirstEventHasWaitedLongEnough(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	r := newRig(t, c, endpoint("bank", b, func(e *webhook.Endpoint) { e.Every = 10 * time.Second }))
	if next := r.work(); next != -1 {
		t.Errorf("with nothing to tell, something is due in %v", next)
	}
	r.happen("bank", savings.UserCreated)
	if next := r.work(); next != 10*time.Second {
		t.Errorf("the first waits %v", next)
	}
	r.clock.pass(6 * time.Second)
	r.happen("bank", savings.DreamCreated)
	r.work()
	b.wants(t, "")
	r.pass(4*time.Second - 2*time.Millisecond)
	b.wants(t, "")
	r.pass(time.Millisecond)
	b.wants(t, "1 2")
	r.happen("bank", savings.DreamUpdated)
	r.pass(9 * time.Second)
	b.wants(t, "1 2")
	r.pass(time.Second)
	b.wants(t, "1 2 | 3")
	r.pass(time.Hour)
	b.wants(t, "1 2 | 3")
	if b.asked() != 2 {
		t.Errorf("it was asked %d times", b.asked())
	}
}

func TestABatchGoesWhenEnoughHaveGathered(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	r := newRig(t, c, endpoint("bank", b, func(e *webhook.Endpoint) { e.Count, e.Every = 3, time.Minute }))
	r.happen("bank", many(savings.PageView, 8)...)
	if next := r.work(); next <= 0 || next > time.Minute {
		t.Errorf("the rest waits %v", next)
	}
	b.wants(t, "1 2 3 | 4 5 6")
	r.happen("bank", savings.PageView)
	r.work()
	b.wants(t, "1 2 3 | 4 5 6 | 7 8 9")
}

func TestABatchIsOnTheWireAsTheBankKnowsIt(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	r := newRig(t, c, endpoint("bank", b))
	r.happen("bank", savings.UserCreated)
	r.pass(time.Second)
	id := b.batches[0].ID
	want := `{"batch_id":"` + id + `","timestamp":"2026-11-25T08:00:01.001Z","count":1,"events":[{"id":"1","createdAt":"2026-11-25T08:00:00.001Z","type":"UserCreated","data":{"name":"Anna <&> Åsa","n":1}}]}`
	if got := b.bodies[id]; got != want {
		t.Errorf("%s\nis not\n%s", got, want)
	}
	if b.header.Get("Content-Type") != "application/json" || b.header.Get("User-Agent") != "Parley" {
		t.Error(b.header)
	}
}

func TestAnEndpointIsToldItsTypesAndItsPartnerAlone(t *testing.T) {
	c := newClock()
	money, all, other := newBank(t, c), newBank(t, c), newBank(t, c)
	r := newRig(t, c, endpoint("bank", money, func(e *webhook.Endpoint) {
		e.Types = []savings.EventType{savings.DepositRequested, savings.DepositSettled}
	}), endpoint("bank", all), endpoint("other", other))
	r.happen("bank", savings.UserCreated, savings.DepositRequested, savings.PageView)
	r.happen("other", savings.DepositRequested)
	r.happen("bank", savings.DepositSettled)
	r.pass(time.Second)
	money.wants(t, "2 5")
	all.wants(t, "1 2 3 5")
	other.wants(t, "4")
	// Thousands that it does not want are passed over, and need not be read again after a restart.
	for range 101 {
		r.happen("bank", many(savings.PageView, 100)...)
	}
	r.work()
	if c, err := r.store.Cursor(t.Context(), "bank "+money.server.URL+"/events?key=in-the-address"); err != nil || c.At < 10_000 {
		t.Errorf("it stands at %d (%v)", c.At, err)
	}
	last := r.happen("bank", savings.DepositRequested)
	r.pass(time.Second)
	money.wants(t, "2 5 | "+last)
}

func TestABatchThatWasNotHeardIsSaidAgainTheSame(t *testing.T) {
	hangUp := func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) }
	for name, fails := range map[string]func(int, http.ResponseWriter){
		"an error of theirs": status(500), "a refusal": status(403), "a redirect": status(302), "gone": status(410), "a lost answer": hangUp,
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			b := newBank(t, c)
			r := newRig(t, c, endpoint("bank", b, func(e *webhook.Endpoint) { e.Count = 2 }))
			b.answers(func(n int, w http.ResponseWriter) {
				if n <= 4 {
					b.mu.Unlock()
					defer b.mu.Lock()
					fails(n, w)
				}
			})
			r.happen("bank", savings.UserCreated, savings.DreamCreated, savings.DreamUpdated)
			for i, wait := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute} {
				if i > 0 {
					if r.pass(wait / 10); b.asked() != i { // too early
						t.Errorf("asked %d times", b.asked())
					}
				} else {
					r.work()
				}
				if b.asked() == i {
					r.pass(wait)
				}
				s := r.status("bank")
				if s.Tries != i+1 || s.Error == "" || s.Behind != 3 || s.Since == nil || s.Next == nil {
					t.Fatalf("after %d in vain: %+v", i+1, s)
				}
				r.build() // whoever comes after a crash goes on
			}
			b.wants(t, "")
			r.pass(5 * time.Minute)
			b.wants(t, "1 2 | 3")
			if s := r.status("bank"); s.Tries != 0 || s.Error != "" || s.Behind != 0 || s.Heard == nil || s.Attention {
				t.Errorf("%+v", s)
			}
			if len(b.bodies) != 2 {
				t.Errorf("invariant 20: %d batches for 2", len(b.bodies))
			}
		})
	}
}

func TestAnEndpointIsNeverGivenUp(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	b.answers(status(http.StatusBadGateway))
	r := newRig(t, c, endpoint("bank", b))
	r.happen("bank", savings.UserCreated)
	next := r.pass(time.Second)
	for range 200 {
		if next <= 0 || next > time.Hour {
			t.Fatalf("tried again in %v", next)
		}
		next = r.pass(next)
	}
	if next != time.Hour || b.asked() != 201 {
		t.Errorf("asked %d times, and again in %v", b.asked(), next)
	}
	if s := r.status("bank"); !s.Attention || s.Tries != 201 || s.Oldest == nil {
		t.Errorf("%+v", s)
	}
	if log := r.log.String(); !strings.Contains(log, "level=ERROR") || strings.Contains(log, "Anna") || strings.Contains(log, "in-the-address") {
		t.Errorf("the log: %s", log)
	}
	b.answers(nil)
	r.pass(time.Hour)
	b.wants(t, "1")
}

func TestAnEndpointMayAskForTime(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	for i, test := range []struct {
		header string
		want   time.Duration
	}{{"120", 2 * time.Minute}, {c.now().Add(10 * time.Minute).Format(http.TimeFormat), 10*time.Minute - 3*time.Millisecond}, {"999999999", time.Hour}, {"soon", time.Second}} {
		t.Run(test.header, func(t *testing.T) {
			c := newClock()
			b.clock = c
			b.answers(func(_ int, w http.ResponseWriter) {
				w.Header().Set("Retry-After", test.header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			r := newRig(t, c, endpoint("bank", b, func(e *webhook.Endpoint) { e.Count = 1 }))
			r.happen("bank", savings.UserCreated)
			if next := r.work(); (next - test.want).Abs() > time.Second {
				t.Errorf("%d: again in %v, not %v", i, next, test.want)
			}
		})
	}
}

// TestAProcessThatDiesLosesNothing: it dies after a batch was fixed and before it was said, or after it was said and before that was kept.
func TestAProcessThatDiesLosesNothing(t *testing.T) {
	for name, dies := range map[string]int{"before it was said": 1, "before the answer was kept": 2} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			b := newBank(t, c)
			r := newRig(t, c, endpoint("bank", b))
			r.happen("bank", savings.UserCreated, savings.DreamCreated)
			c.pass(time.Second)
			ctx, die := context.WithCancel(t.Context())
			whole, writes := r.store, 0
			r.store = &mortal{Store: whole, before: func() error {
				if writes++; dies == 1 {
					die()
				} else if writes == dies {
					return errDead
				}
				return nil
			}}
			r.build()
			if _, err := r.Work(ctx); dies == 2 && !errors.Is(err, errDead) {
				t.Fatal("it lived")
			}
			r.store = whole
			r.happen("bank", savings.DreamUpdated) // which does not slip into the batch
			r.build()
			r.work()
			if want := map[int]string{1: "1 2", 2: "1 2 | 1 2"}[dies]; b.told() != want || len(b.bodies) != 1 {
				t.Errorf("it was told %q, not %q", b.told(), want)
			}
			r.pass(time.Second)
			if !strings.HasSuffix(b.told(), "1 2 | 3") {
				t.Error(b.told())
			}
		})
	}
}

func TestTypesThatChangeDoNotChangeABatchThatWasFixed(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	b.answers(status(500))
	r := newRig(t, c, endpoint("bank", b))
	r.happen("bank", savings.UserCreated, savings.PageView)
	r.pass(time.Second)
	b.answers(nil)
	r.endpoints[0].Types = []savings.EventType{savings.PageView}
	r.build()
	r.pass(time.Second)
	r.happen("bank", savings.UserCreated, savings.PageView)
	r.pass(time.Second)
	b.wants(t, "1 2 | 4")
}

func TestAnEndpointThatIsDeadSlowsNoOther(t *testing.T) {
	c := newClock()
	dead, alive := newBank(t, c), newBank(t, c)
	let := make(chan struct{})
	dead.answers(func(int, http.ResponseWriter) { <-let })
	r := newRig(t, c, endpoint("bank", dead, func(e *webhook.Endpoint) { e.Count = 1 }), endpoint("bank", alive, func(e *webhook.Endpoint) { e.Count = 1 }))
	r.Start()
	for i := range 20 {
		last := r.happen("bank", savings.UserCreated)
		r.Wake()
		eventually(t, "event "+last, func() bool {
			return len(strings.Split(alive.told(), " | ")) == i+1 && strings.HasSuffix(alive.told(), last)
		})
	}
	dead.wants2(t, let)
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	alive.wants(t, alive.told())
	r.Start() // after Stop it does nothing
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// wants2 lets a bank that held everybody go on, and waits until it has heard everything.
func (b *bank) wants2(t *testing.T, let chan struct{}) {
	t.Helper()
	close(let)
	eventually(t, "the dead one hears all in the end", func() bool { return strings.HasSuffix(b.told(), "19 | 20") })
}

func TestWhatIsBeingSaidIsCutOffWhenThereIsNoTime(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	let, in := make(chan struct{}), make(chan struct{}, 10)
	b.answers(func(int, http.ResponseWriter) { in <- struct{}{}; <-let })
	r := newRig(t, c, endpoint("bank", b, func(e *webhook.Endpoint) { e.Count = 1 }))
	r.happen("bank", savings.UserCreated)
	r.Start()
	<-in
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Stop(over); err == nil {
		t.Error("it says that all was said")
	}
	close(let)
	b.answers(nil)
	r.build()
	if s := r.status("bank"); s.Tries != 0 || s.Error != "" {
		t.Errorf("the endpoint is blamed: %+v", s)
	}
	r.work()
	if !strings.HasSuffix(b.told(), "1") || len(b.bodies) != 1 {
		t.Error(b.told(), b.bodies)
	}
}

func TestTwoProcessesDoNotFixTwoBatches(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	r := newRig(t, c, endpoint("bank", b))
	r.happen("bank", savings.UserCreated)
	c.pass(time.Second)
	first := r.Webhooks
	whole := r.store
	meanwhile := false
	r.store = &mortal{Store: whole, before: func() error {
		if !meanwhile {
			meanwhile = true
			_, err := first.Work(t.Context())
			return err
		}
		return nil
	}}
	r.build()
	r.work()
	b.wants(t, "1")
}

func TestWhatIsNotAnEndpoint(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	good := endpoint("bank", b)
	for want, change := range map[string]func(*webhook.Endpoint){
		"must be given":        func(e *webhook.Endpoint) { e.Client = nil },
		"1 to 100":             func(e *webhook.Endpoint) { e.Count = 101 },
		"1s to 1m":             func(e *webhook.Endpoint) { e.Every = 61 * time.Second },
		"no event \"Deposit\"": func(e *webhook.Endpoint) { e.Types = []savings.EventType{"Deposit"} },
	} {
		e := good
		change(&e)
		if _, err := webhook.New(webhook.Config{Endpoints: []webhook.Endpoint{e}}); parley.KindOf(err) != parley.KindInvalid || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
	if _, err := webhook.New(webhook.Config{Endpoints: []webhook.Endpoint{good, good}}); err == nil {
		t.Error("one is there twice")
	}
}
