package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley"
	"parley/engine"

	"pgregory.net/rapid"
)

// TestWhateverHappensTheRunIsKeptWhole plays random histories: the world answers as it likes, messages come early, late, twice and
// with a new meaning, time passes or does not, the process dies; and after each the checks of check must hold.
func TestWhateverHappensTheRunIsKeptWhole(t *testing.T) {
	t.Parallel()
	base := openStore(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(newClock())
		answers := rapid.SliceOfN(rapid.SampledFrom([]string{"done", "done", "done", "refused", "unknown", "unheard", "not yet", "panic"}), 0, 12)
		for _, name := range []string{"reserve", "release", "extra", "drop extra", "check", "uncheck", "pay", "ask paid", "tell"} {
			w.script[name] = answers.Draw(rt, name)
		}
		m := &mortal{Store: base}
		h := buildOver(t, m, w, engine.Options{Alone: true})
		h.t = t
		ctx := context.Background()
		r, err := h.Begin(ctx, engine.Beginning{Flow: "toy", State: order{Extra: rapid.Bool().Draw(rt, "extra is wanted")}})
		if err != nil {
			rt.Fatal(err)
		}
		version := int64(0)
		look := func() {
			got := h.run(r.ID)
			if got.Version < version {
				rt.Fatalf("version %d became %d", version, got.Version)
			}
			version = got.Version
			_, job, _ := base.Run(ctx, r.ID)
			events, _ := base.Events(ctx, r.ID)
			attempts, _ := base.Attempts(ctx, r.ID)
			if err := sameStory(toyFlow(w).Table(), got, job, events, attempts, nil); err != nil {
				rt.Fatal(err)
			}
		}
		steps := rapid.SampledFrom([]string{"confirmed", "paid", "noted", "token", "reversed", "sorry"})
		meaning := map[string]said{}
		rt.Repeat(map[string]func(*rapid.T){
			"tell": func(rt *rapid.T) {
				step, n := steps.Draw(rt, "step"), rapid.IntRange(0, 2).Draw(rt, "which")
				msg := engine.Message{Run: r.ID, Step: step, Source: "them", Later: rapid.Bool().Draw(rt, "later")}
				if n > 0 {
					msg.ID = fmt.Sprint(r.ID, step, n)
				}
				body, ok := meaning[msg.ID]
				if !ok || n == 0 {
					body = said{Deny: rapid.IntRange(0, 4).Draw(rt, "deny") == 0, Minor: rapid.SampledFrom([]int{1, 5, 13}).Draw(rt, "minor")}
					meaning[msg.ID] = body
				}
				msg.Body, msg.Asks = body, step == "confirmed" && n > 0
				_, err := h.Tell(ctx, msg)
				panics := step == "confirmed" && body.Minor == 13
				if err != nil && !panics && parley.KindOf(err) != parley.KindConflict {
					rt.Fatalf("tell %s: %v", step, err)
				}
				if err != nil && parley.KindOf(err) == parley.KindConflict && msg.ID != "" {
					rt.Fatalf("a message with an id is never in the way: %v", err)
				}
				h.Idle()
				look()
			},
			"work": func(*rapid.T) { h.settle(); look() },
			"time passes": func(rt *rapid.T) {
				h.pass(rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Second, time.Minute, 10 * time.Minute, 2 * time.Hour}).Draw(rt, "so long"))
				look()
			},
			"die": func(rt *rapid.T) {
				w.died = true
				m.mu.Lock()
				m.at, m.after = m.applies+rapid.IntRange(1, 3).Draw(rt, "writes from now"), rapid.Bool().Draw(rt, "after it")
				m.mu.Unlock()
				h.Work(ctx)
				h.Idle()
				h.Tell(ctx, engine.Message{Run: r.ID, Step: "noted", Body: said{}})
				h.Idle()
				m = &mortal{Store: base}
				h = buildOver(t, m, w, engine.Options{Alone: true})
				look()
			},
			"": func(*rapid.T) {},
		})
		// In the end the world mends, and all who must speak have spoken.
		clear(w.script)
		h.pass(48 * time.Hour)
		check(rt, base, w, r.ID)
		if got := h.run(r.ID); !got.Status.Over() {
			if name := toyFlow(w).Steps[got.Step].Name; name != "paid" {
				rt.Errorf("the run still stands before %s: %q", name, h.events(r.ID))
			}
			if _, err := h.Tell(ctx, engine.Message{Run: r.ID, Step: "paid", Body: said{Minor: 1}}); err != nil {
				rt.Error(err)
			}
			h.pass(48 * time.Hour)
		}
		if got := h.run(r.ID); !got.Status.Over() {
			rt.Errorf("the run is %s: %q", got.Status, h.events(r.ID))
		}
		check(rt, base, w, r.ID)
		// A question that was kept was answered: the run is over, so all is decided.
		for _, n := range []int{1, 2} {
			if kept, ok, _ := base.Inbound(ctx, "them", fmt.Sprint(r.ID, "confirmed", n)); ok && kept.Answer == nil && string(kept.Body) != `{"Deny":false,"Minor":13}` && string(kept.Body) != `{"Deny":true,"Minor":13}` {
				rt.Errorf("nobody answered %+v", kept)
			}
		}
		if t.Failed() {
			rt.FailNow()
		}
	})
}
