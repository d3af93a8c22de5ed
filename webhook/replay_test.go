package webhook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/savings"
	"parley/webhook"
)

// history is a rig whose bank has heard six events, two a batch, one a second.
func history(t *testing.T, change ...func(*webhook.Endpoint)) (*rig, *bank) {
	t.Helper()
	c := newClock()
	b := newBank(t, c)
	r := newRig(t, c, endpoint("bank", b, append([]func(*webhook.Endpoint){func(e *webhook.Endpoint) { e.Count = 2 }}, change...)...))
	for range 6 {
		c.pass(999 * time.Millisecond)
		r.happen("bank", savings.DreamUpdated)
	}
	r.work()
	b.wants(t, "1 2 | 3 4 | 5 6")
	b.batches = nil
	return r, b
}

func (r *rig) replay(from string) webhook.Replayed {
	r.t.Helper()
	out, err := r.Replay(r.t.Context(), "bank", "", from)
	if err != nil || len(out) != 1 {
		r.t.Fatal(out, err)
	}
	return out[0]
}

func TestWhatWasHeardCanBeToldAgain(t *testing.T) {
	for from, want := range map[string]string{
		"4": "4 5 | 6", "2026-11-25T08:00:03Z": "3 4 | 5 6", "2026-11-25T09:00:02.5+01:00": "3 4 | 5 6", "2020-01-01T00:00:00Z": "1 2 | 3 4 | 5 6", "2030-01-01T00:00:00Z": "",
	} {
		t.Run(from, func(t *testing.T) {
			r, b := history(t)
			begun := r.replay(from)
			if n := len(strings.Fields(strings.ReplaceAll(want, "|", ""))); begun.Events != n {
				t.Errorf("%d events, not %d", begun.Events, n)
			}
			r.work()
			b.wants(t, want)
			if s := r.status("bank"); s.Replay != nil || s.Behind != 0 {
				t.Errorf("%+v", s)
			}
			b.batches = nil
			r.replay(from) // and again, when it is over
			r.build()
			r.work()
			b.wants(t, want)
		})
	}
}

func TestAReplayIsOneOfItsOwn(t *testing.T) {
	r, b := history(t)
	b.answers(func(n int, w http.ResponseWriter) {
		if n == 2 {
			w.WriteHeader(500)
		}
	})
	r.replay("2")
	r.happen("bank", many(savings.DreamCreated, 4)...)
	r.work()
	// By turns; the live stream in its order, the replay in its own, and the one that failed waits without holding up the other.
	b.wants(t, "7 8 | 9 10")
	if s := r.status("bank"); s.Behind != 0 || s.Replay == nil || s.Replay.Behind != 5 || s.Replay.Tries != 1 {
		t.Errorf("%+v %+v", s, s.Replay)
	}
	if _, err := r.Replay(t.Context(), "bank", "", "3"); parley.KindOf(err) != parley.KindConflict {
		t.Errorf("a second one meanwhile: %v", err)
	}
	r.happen("bank", savings.DreamCreated)
	r.pass(time.Second)
	b.wants(t, "7 8 | 9 10 | 2 3 | 11 | 4 5 | 6")
	ids := map[string]bool{}
	for id := range b.bodies {
		ids[id] = true
	}
	if len(ids) != 9 {
		t.Errorf("%d batches have an id of their own, not 9", len(ids))
	}
}

func TestAReplayTellsWhatTheEndpointWants(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	r := newRig(t, c, endpoint("bank", b, func(e *webhook.Endpoint) { e.Types = []savings.EventType{savings.DreamDeleted} }))
	r.happen("bank", savings.DreamCreated, savings.DreamDeleted, savings.DreamCreated, savings.DreamDeleted, savings.DreamCreated)
	r.pass(time.Second)
	b.wants(t, "2 4")
	if n := r.replay("3").Events; n != 1 {
		t.Error(n)
	}
	r.work()
	b.wants(t, "2 4 | 4")
}

func TestAPersonGivesUpWhatAnEndpointDoesNotTake(t *testing.T) {
	r, b := history(t)
	b.answers(status(422))
	r.happen("bank", many(savings.DreamCreated, 5)...)
	r.work()
	skip := func(what string) int {
		n, err := r.Skip(t.Context(), "bank", "", what)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := skip(webhook.SkipReplay); n != 0 {
		t.Errorf("no replay was under way, and %d were given up", n)
	}
	if n := skip(webhook.SkipBatch); n != 2 {
		t.Errorf("%d were given up", n)
	}
	b.answers(nil)
	r.work()
	b.wants(t, "9 10")
	if s := r.status("bank"); s.Skipped != 1 {
		t.Errorf("%+v", s)
	}
	if n := skip(webhook.SkipAll); n != 1 {
		t.Errorf("%d were given up", n)
	}
	r.happen("bank", savings.DreamCreated)
	r.pass(time.Second)
	b.wants(t, "9 10 | 12")
	b.answers(status(500))
	r.replay("1")
	r.work()
	if n := skip(webhook.SkipReplay); n != 10 && n != 12 {
		t.Errorf("%d were given up", n)
	}
	if s := r.status("bank"); s.Replay != nil {
		t.Errorf("%+v", s.Replay)
	}
	if log := r.log.String(); !strings.Contains(log, "given up") {
		t.Error(log)
	}
	if _, err := r.Skip(t.Context(), "bank", "https://elsewhere.example", webhook.SkipAll); parley.KindOf(err) != parley.KindInvalid {
		t.Error(err)
	}
}
