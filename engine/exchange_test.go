package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

// visit is what a run of the talkative flow remembers.
type visit struct{ Welcome bool }

// caller is what is told to it.
type caller struct {
	Who  parley.Private `json:"who,omitempty"`
	Deny bool           `json:"deny,omitempty"`
}

// talkative notes all that it says; say decides how that goes.
func talkative(say func(name string, attempt int) engine.Outcome) *engine.Table {
	const guest, host, cook engine.Party = "Guest", "Host", "Cook"
	call := func(name string) func(context.Context, engine.Turn, visit) (visit, engine.Outcome) {
		return func(ctx context.Context, t engine.Turn, s visit) (visit, engine.Outcome) {
			o := say(name, t.Attempt)
			var answer any
			if o.IsDone() && name != "serve" {
				answer = "well"
			}
			parley.NoteExchange(ctx, map[string]any{"say": name, "try": t.Attempt, "to": parley.Private("Anna")}, answer, 200)
			s.Welcome = s.Welcome || name == "serve" && o.IsDone()
			return s, o
		}
	}
	hear := func(_ engine.Turn, s visit, m caller) (visit, engine.Outcome) {
		if m.Deny {
			return s, engine.Refused(&parley.Refusal{By: "Guest", Status: parley.StatusCancelledByUser})
		}
		return s, engine.Done()
	}
	twice := engine.Policy{Delays: []time.Duration{time.Second, time.Second}}
	return engine.Flow[visit]{Name: "talk", Title: "Talk", Version: 1, Server: host, Parties: []engine.Party{guest, host, cook},
		Steps: []engine.Step[visit]{
			engine.Start[visit](guest, host, "ring"),
			engine.Call(host, cook, "cook", call("cook")).Retry(twice).Undo("stop", call("stop")),
			engine.Late(engine.Wait(guest, host, "come in", hear).Question(func(s visit) (any, bool) {
				return struct {
					Welcome bool           `json:"welcome"`
					Name    parley.Private `json:"name"`
				}{s.Welcome, "Anna"}, s.Welcome
			}), func(engine.Turn, visit, caller) engine.Outcome { return engine.Done() }),
			engine.Call(host, cook, "serve", call("serve")),
			engine.Wait(cook, host, "served", hear).Ask(twice, call("ask")),
			engine.Wait(guest, host, "thanks", func(_ engine.Turn, s visit, _ struct{}) (visit, engine.Outcome) { return s, engine.Done() }).Optional(),
		},
		Refused: engine.Answer(host, guest, "goodbye", func(_ engine.Turn, s visit, _ *caller) (visit, engine.Outcome) { return s, engine.Done() }),
	}.Table()
}

// talk plays a conversation and returns what was kept of each event.
func talk(t *testing.T, say func(name string, attempt int) engine.Outcome, told ...engine.Message) []string {
	t.Helper()
	table := talkative(say)
	s := &drawStore{table: table, runs: map[string]engine.Run{}, jobs: map[string]engine.Job{}, events: map[string][]engine.Event{}, attempts: map[string][]engine.Attempt{}}
	now := opened
	e, err := engine.New(t.Context(), engine.Options{Store: s, Tables: []*engine.Table{table}, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Begin(t.Context(), engine.Beginning{Flow: "talk", State: visit{}, Shown: caller{Who: "Anna"}})
	if err != nil {
		t.Fatal(err)
	}
	work := func() {
		for due, ok, _ := e.NextDue(t.Context()); ok; due, ok, _ = e.NextDue(t.Context()) {
			now = due.Add(time.Millisecond) // the engine's clock has no less
			if _, err := e.Work(t.Context()); err != nil {
				t.Fatal(err)
			}
			e.Idle()
		}
	}
	for i, m := range told {
		if m.Step == "" {
			work()
			continue
		}
		m.Run, m.Source, m.ID = r.ID, "test", fmt.Sprint(i)
		if _, err := e.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	work()
	var kept []string
	for _, ev := range s.events[r.ID] {
		words := fmt.Sprintf("%s %s", ev.Kind, ev.Step)
		if ev.Exchange != nil {
			b, err := json.Marshal(ev.Exchange)
			if err != nil {
				t.Fatal(err)
			}
			words += " " + string(b)
		}
		kept = append(kept, words)
	}
	return kept
}

func TestWhatWasSaidIsKeptWithTheEvent(t *testing.T) {
	done := func(string, int) engine.Outcome { return engine.Done() }
	only := func(name string, o engine.Outcome, times int) func(string, int) engine.Outcome {
		return func(n string, attempt int) engine.Outcome {
			if n == name && attempt <= times {
				return o
			}
			return engine.Done()
		}
	}
	rest := engine.Message{} // what is due is done
	comeIn := engine.Message{Step: "come in", Body: caller{Who: "Anna"}, Asks: true}
	const began = `started ring {"request":{"who":"[redacted]"}}`
	said := func(kind, name string, try int, more string) string {
		return fmt.Sprintf(`%s %s {"request":{"say":%q,"to":"[redacted]","try":%d}%s,"status":200}`, kind, name, name, try, more)
	}
	const well, welcome, who = `,"answer":"well"`, `,"answer":{"welcome":true,"name":"[redacted]"}`, `{"request":{"who":"[redacted]"}}`
	for name, c := range map[string]struct {
		say  func(string, int) engine.Outcome
		told []engine.Message
		want []string
	}{
		"all goes well, and a question is answered by a later step": {done,
			[]engine.Message{comeIn, {Step: "served", Body: caller{Who: "Anna"}}, {Step: "thanks", Body: struct{}{}}},
			[]string{began, said("said", "cook", 1, well), "heard come in " + who, said("said", "serve", 1, welcome), "heard served " + who, "heard thanks"}},
		"a late question is answered at once": {done,
			[]engine.Message{comeIn, {Step: "served", Body: caller{}}, comeIn},
			[]string{began, said("said", "cook", 1, well), "heard come in " + who, said("said", "serve", 1, welcome), "heard served",
				`late come in {"request":{"who":"[redacted]"},"answer":{"welcome":true,"name":"[redacted]"}}`}},
		"a late message that nothing follows from": {done,
			[]engine.Message{comeIn, {Step: "served", Body: caller{}}, {Step: "served", Body: caller{Who: "Anna"}}, {Step: "served", Body: "nonsense"}},
			[]string{began, said("said", "cook", 1, well), "heard come in " + who, said("said", "serve", 1, welcome), "heard served", "late served " + who, "late served"}},
		"the first try is lost": {only("cook", engine.Unknown(errors.New("lost")), 2), []engine.Message{rest},
			[]string{began, said("unknown", "cook", 1, ""), said("said", "cook", 3, well)}},
		"it is refused": {only("cook", engine.Refused(nil), 1), nil,
			[]string{began, said("refused", "cook", 1, "")}},
		"it is taken back": {done, []engine.Message{{Step: "come in", Body: caller{Who: "Anna", Deny: true}}},
			[]string{began, said("said", "cook", 1, well), `refused come in {"request":{"who":"[redacted]","deny":true}}`, said("undone", "stop", 1, well)}},
		"it was asked for": {done, []engine.Message{comeIn, rest},
			[]string{began, said("said", "cook", 1, well), "heard come in " + who, said("said", "serve", 1, welcome),
				`heard served {"request":{"say":"ask","to":"[redacted]","try":1},"answer":"well","status":200}`}},
		"a nil message": {only("cook", engine.Refused(nil), 1), []engine.Message{{Step: "goodbye"}},
			[]string{began, said("refused", "cook", 1, ""), "said goodbye"}},
	} {
		if got := talk(t, c.say, c.told...); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

func TestAStepThatFellOverBeforeItSpokeKeepsNothing(t *testing.T) {
	got := talk(t, func(name string, attempt int) engine.Outcome {
		if attempt == 1 {
			panic("fell over")
		}
		return engine.Done()
	}, engine.Message{})
	if got[1] != "unknown cook" || got[2] != `said cook {"request":{"say":"cook","to":"[redacted]","try":2},"answer":"well","status":200}` {
		t.Errorf("%q", got)
	}
}
