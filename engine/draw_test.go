package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

var updateDrawings = flag.Bool("update", false, "rewrite the golden files")

// sameDrawing compares got with testdata/name, or rewrites that.
func sameDrawing(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *updateDrawings {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is drawn now; if that is right, run go test ./engine -update\n%s", path, got)
	}
}

// purchase is what the boutique remembers.
type purchase struct {
	Gift bool `json:"gift,omitempty"`
	Paid bool `json:"paid,omitempty"`
}

// boutique has every kind of arrow. say decides how what we say goes.
func boutique(say func(name string, attempt int) engine.Outcome) engine.Flow[purchase] {
	const customer, shop, stock, bank, post engine.Party = "Customer", "Shop", "Stock", "Bank", "Post"
	call := func(name string) func(context.Context, engine.Turn, purchase) (purchase, engine.Outcome) {
		return func(_ context.Context, t engine.Turn, s purchase) (purchase, engine.Outcome) {
			return s, say(name, t.Attempt)
		}
	}
	hear := func(_ engine.Turn, s purchase, no *parley.Refusal) (purchase, engine.Outcome) {
		if no != nil {
			return s, engine.Refused(no)
		}
		return s, engine.Done()
	}
	record := func(_ engine.Turn, s purchase, _ struct{}) (purchase, engine.Outcome) { return s, engine.Done() }
	twice := engine.Policy{Delays: []time.Duration{time.Second, 2 * time.Second}, For: 10 * time.Second}
	return engine.Flow[purchase]{
		Name: "boutique", Title: "A boutique", Version: 3, About: "A customer buys something; a flow with every kind of arrow.",
		Server: shop, Parties: []engine.Party{customer, shop, stock, bank, post}, Labels: map[engine.Party]string{post: "Post; parcels #1"},
		Steps: []engine.Step[purchase]{
			engine.Start[purchase](customer, shop, "order"),
			engine.Call(shop, stock, "reserve", call("reserve")).Retry(twice).Undo("release", call("release")),
			engine.Call(shop, stock, "wrap", call("wrap")).If("it is a gift", func(s purchase) bool { return s.Gift }).Undo("unwrap", call("unwrap")),
			engine.Seen[purchase](bank, customer, "show the bill"),
			engine.Seen[purchase](customer, bank, "agree, or not, after having read all of it"),
			engine.Wait(bank, shop, "agreed", hear).Within(30 * time.Minute).Question(func(s purchase) (any, bool) { return s.Paid, s.Paid }),
			engine.Call(shop, shop, "look into the till", call("look into the till")),
			engine.Call(shop, bank, "pay", call("pay")).Pivot(),
			engine.Wait(bank, shop, "news", record).Anytime(),
			engine.Late(engine.Wait(bank, shop, "paid", hear).Ask(engine.UnknownPayment, call("ask")), func(engine.Turn, purchase, *parley.Refusal) engine.Outcome {
				return engine.Done().Note("after all")
			}),
			engine.Call(shop, post, "send", call("send")).Retry(engine.UntilHeard),
			engine.Answer(shop, customer, "receipt", record).Optional(),
			engine.Wait(customer, shop, "thanks", record).Optional(),
		},
		Refused: engine.Answer(shop, customer, "sorry", record),
	}
}

func quietly(string, int) engine.Outcome { return engine.Done() }

func TestAFlowIsDrawnAsMermaidAndAsAPage(t *testing.T) {
	sameDrawing(t, "boutique.mmd.txt", boutique(quietly).Table().Mermaid())
	sameDrawing(t, "boutique.page.txt", boutique(quietly).Table().Page())
}

var opened = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)

// scripted is an event as a story tells it; after is the time since the one before.
type scripted struct {
	step    string
	kind    engine.EventKind
	attempt int
	after   time.Duration
	took    time.Duration
	note    string
}

func tellStory(script []scripted) []engine.Event {
	var all []engine.Event
	at := opened
	for i, s := range script {
		at = at.Add(s.after)
		all = append(all, engine.Event{Run: "01JD3W7788", Seq: i + 1, At: at, Step: s.step, Kind: s.kind, Attempt: s.attempt, Took: s.took, Note: s.note})
	}
	return all
}

const millis = time.Millisecond

// stories are runs of the boutique, each with how it stands.
func stories() map[string]struct {
	run      engine.Run
	events   []engine.Event
	attempts []engine.Attempt
} {
	run := func(r engine.Run, n int) engine.Run {
		r.ID, r.Flow, r.Table, r.Begun, r.Seq = "01JD3W7788", "boutique", 3, opened, n
		return r
	}
	no := &parley.Refusal{By: "Bank", Status: parley.StatusBankRefusal}
	agreed := []scripted{
		{"order", engine.EventStarted, 0, 0, 0, "SEK 500.00"},
		{"reserve", engine.EventUnknown, 1, 5 * millis, 4 * millis, ""},
		{"reserve", engine.EventSaid, 2, time.Second, 8 * millis, "3 left"},
		{"wrap", engine.EventSkipped, 0, 0, 0, ""},
		{"agreed", engine.EventHeard, 0, 170 * millis, 0, ""},
		{"look into the till", engine.EventSaid, 1, millis, millis, ""},
	}
	type story = struct {
		run      engine.Run
		events   []engine.Event
		attempts []engine.Attempt
	}
	tries := []engine.Attempt{{Step: "reserve", Number: 1, Outcome: "unknown"}}
	tell := func(r engine.Run, attempts []engine.Attempt, more ...scripted) story {
		all := tellStory(slices.Concat(agreed, more))
		return story{run(r, len(all)), all, append(slices.Clone(tries), attempts...)}
	}
	return map[string]story{
		"done": tell(engine.Run{Status: engine.StatusDone, Step: 12, Undos: []int{1}}, nil,
			scripted{"pay", engine.EventSaid, 1, 20 * millis, 18 * millis, "SEK 500.00"},
			scripted{"news", engine.EventHeard, 0, 30 * millis, 0, ""},
			scripted{"paid", engine.EventHeard, 0, 30 * millis, 0, "SEK 500.00"},
			scripted{"send", engine.EventSaid, 1, 12 * millis, 11 * millis, ""},
			scripted{"receipt", engine.EventSaid, 0, 2 * millis, 0, ""},
			scripted{"news", engine.EventHeard, 0, 90 * millis, 0, ""},
			scripted{"paid", engine.EventLate, 0, 3 * time.Hour, 0, "after all"}),
		"refused": tell(engine.Run{Status: engine.StatusRefused, Step: 9, Refusal: no, Closed: true}, nil,
			scripted{"pay", engine.EventUnknown, 1, 20 * millis, 18 * millis, "SEK 500.00"},
			scripted{"paid", engine.EventAttends, 0, 7 * 24 * time.Hour, 0, ""},
			scripted{"paid", engine.EventRefused, 0, 30 * millis, 0, ""},
			scripted{"sorry", engine.EventSaid, 0, 5 * millis, 0, ""},
			scripted{"release", engine.EventUnheard, 1, 10 * millis, 10 * millis, ""},
			scripted{"release", engine.EventUndone, 4, 20 * time.Second, 9 * millis, ""}),
		"undoing": tell(engine.Run{Status: engine.StatusUndoing, Step: 7, Undos: []int{1}, Refusal: no},
			[]engine.Attempt{{Step: "release", Number: 1, Outcome: "unknown"}, {Step: "release", Number: 2, Outcome: "unknown"}},
			scripted{"pay", engine.EventRefused, 1, 20 * millis, 18 * millis, "a long note about why the bank will not have it, which needs more than one line"},
			scripted{"release", engine.EventUnknown, 1, 12 * millis, 10 * millis, ""}),
		"waiting": tell(engine.Run{Status: engine.StatusOpen, Step: 9, Undos: []int{1}}, nil,
			scripted{"pay", engine.EventSaid, 1, 20 * millis, 18 * millis, "SEK 500.00"}),
		"sending": tell(engine.Run{Status: engine.StatusOpen, Step: 10, Undos: []int{1}, Attention: "send has not been heard for 1h0m0s"},
			[]engine.Attempt{{Step: "send", Number: 1, Outcome: "refused"}, {Step: "send", Number: 2, Outcome: "unheard"}},
			scripted{"pay", engine.EventSaid, 1, 20 * millis, 18 * millis, "SEK 500.00"},
			scripted{"paid", engine.EventHeard, 3, 30 * millis, 7 * millis, "SEK 500.00"},
			scripted{"send", engine.EventRefused, 1, 12 * millis, 11 * millis, ""}),
		"expired": {run(engine.Run{Status: engine.StatusRefused, Step: 5, Refusal: &parley.Refusal{By: "Bank", Status: parley.StatusExpired}}, 6),
			tellStory([]scripted{
				{"order", engine.EventStarted, 0, 0, 0, ""},
				{"reserve", engine.EventSaid, 1, 3 * millis, 3 * millis, ""},
				{"wrap", engine.EventSaid, 1, 3 * millis, 3 * millis, ""},
				{"agreed", engine.EventExpired, 0, 30 * time.Minute, 0, ""},
				{"unwrap", engine.EventUndone, 1, 4 * millis, 3 * millis, ""},
				{"release", engine.EventUndone, 1, 4 * millis, 3 * millis, ""},
			}), nil},
	}
}

func TestARunIsDrawnAsText(t *testing.T) {
	table := boutique(quietly).Table()
	names := map[engine.Party]string{"Bank": "First Bank", "Stock": "First Bank"}
	for name, s := range stories() {
		sameDrawing(t, "boutique."+name+".txt", engine.Picture(table, s.run, s.events, s.attempts, nil, "SEK 500.00"))
		sameDrawing(t, "boutique."+name+".merged.txt", engine.Picture(table, s.run, s.events, s.attempts, names, "SEK 500.00 · First Bank"))
	}
}

func TestALiveDiagramKnowsTheStateOfEachArrow(t *testing.T) {
	table := boutique(quietly).Table()
	for name, s := range stories() {
		var b strings.Builder
		for _, d := range engine.Draw(table, s.run, s.events, s.attempts) {
			body, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(body), "self") {
				t.Errorf("what is ours shows: %s", body)
			}
			fmt.Fprintf(&b, "%2d %-44s %-8s", d.Number, d.Name, d.State)
			if d.Attempts > 1 {
				fmt.Fprintf(&b, " ×%d", d.Attempts)
			}
			if d.WaitingOn != "" {
				fmt.Fprintf(&b, " waiting for %s", d.WaitingOn)
			}
			if d.Refusal != "" {
				fmt.Fprintf(&b, " %s", d.Refusal)
			}
			b.WriteString("\n")
		}
		sameDrawing(t, "boutique."+name+".states.txt", strings.ReplaceAll(b.String(), " \n", "\n"))
	}
}

func TestAPictureIsNeverWiderThanAHundredColumns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcdefghij klmnopqrstuvwxyzåäö -_ÅÄÖ│▶\n\t\x1b😀")
	words := func(most int) string {
		var w []rune
		for range random.IntN(most + 1) {
			w = append(w, letters[random.IntN(len(letters))])
		}
		return string(w)
	}
	for range 2000 {
		parties := []engine.Party{"A", "B", "C", "D", "E"}[:2+random.IntN(4)]
		names := map[engine.Party]string{}
		for _, p := range parties {
			names[p] = words(40)
		}
		flow := engine.Flow[purchase]{Name: "wide-" + words(60), Version: 1, Server: "A", Parties: parties, Steps: []engine.Step[purchase]{engine.Start[purchase]("B", "A", "begin "+words(60))}}
		say := func(_ context.Context, _ engine.Turn, s purchase) (purchase, engine.Outcome) { return s, engine.Done() }
		script := []scripted{{flow.Steps[0].Name, engine.EventStarted, 0, 0, 0, words(100)}}
		kinds := []engine.EventKind{engine.EventSaid, engine.EventUnknown, engine.EventRefused, engine.EventUnheard, engine.EventLate, engine.EventAttends, engine.EventExpired}
		for i := range 1 + random.IntN(8) {
			step := engine.Call("A", parties[random.IntN(len(parties))], fmt.Sprintf("%d %s", i, words(60)), say)
			if random.IntN(4) == 0 {
				step = engine.Seen[purchase](parties[random.IntN(len(parties))], parties[random.IntN(len(parties))], fmt.Sprintf("%d %s", i, words(60)))
			}
			if i == 0 {
				step = engine.Call("A", "B", "pivot", say).Pivot()
			}
			flow.Steps = append(flow.Steps, step)
			script = append(script, scripted{step.Name, kinds[random.IntN(len(kinds))], 1 + random.IntN(120), time.Duration(random.Int64N(int64(99 * time.Hour))), time.Duration(random.Int64N(int64(time.Hour))), words(150)})
		}
		run := engine.Run{ID: engine.NewID(), Status: engine.StatusUndoing, Step: 1, Begun: opened, Attention: words(200), Refusal: &parley.Refusal{By: words(50), Status: parley.StatusMerchantResponseCodeUnknown}}
		picture := engine.Picture(flow.Table(), run, tellStory(script), nil, names, words(120))
		for line := range strings.Lines(picture) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 100 || strings.ContainsAny(line, "\x1b\t") {
				t.Fatalf("a line of %d columns: %q\n%s", n, line, picture)
			}
		}
	}
}

func TestTheStoriesAreTrue(t *testing.T) {
	table := boutique(quietly).Table()
	for name, s := range stories() {
		if err := engine.Truth(table, s.run, s.events); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALieIsSeen(t *testing.T) {
	table := boutique(quietly).Table()
	remove := func(step string, kind engine.EventKind) func(*engine.Run, []engine.Event) []engine.Event {
		return func(r *engine.Run, all []engine.Event) []engine.Event {
			n := len(all)
			all = slices.DeleteFunc(all, func(e engine.Event) bool { return e.Step == step && e.Kind == kind })
			if len(all) == n {
				panic("there is no " + step)
			}
			r.Seq = len(all)
			for i := range all {
				all[i].Seq = i + 1
			}
			return all
		}
	}
	add := func(at int, ev engine.Event) func(*engine.Run, []engine.Event) []engine.Event {
		return func(r *engine.Run, all []engine.Event) []engine.Event {
			if at < 0 {
				at = len(all) + 1 + at
			}
			all = slices.Insert(all, at, ev)
			r.Seq = len(all)
			for i := range all {
				all[i].Seq = i + 1
			}
			return all
		}
	}
	set := func(change func(*engine.Run, []engine.Event)) func(*engine.Run, []engine.Event) []engine.Event {
		return func(r *engine.Run, all []engine.Event) []engine.Event { change(r, all); return all }
	}
	for _, lie := range []struct {
		story, what string
		tell        func(*engine.Run, []engine.Event) []engine.Event
	}{
		{"done", "it never started", remove("order", engine.EventStarted)},
		{"done", "a row is missing", remove("look into the till", engine.EventSaid)},
		{"done", "a skipped row is missing", remove("wrap", engine.EventSkipped)},
		{"done", "the pivot is missing", remove("pay", engine.EventSaid)},
		{"done", "a row without a condition was skipped", set(func(_ *engine.Run, all []engine.Event) { all[5].Kind = engine.EventSkipped })},
		{"done", "a row was drawn twice", add(6, engine.Event{Step: "look into the till", Kind: engine.EventSaid, Attempt: 1})},
		{"done", "it started twice", add(3, engine.Event{Step: "order", Kind: engine.EventStarted})},
		{"done", "two rows changed places", set(func(_ *engine.Run, all []engine.Event) { all[4].Step, all[5].Step = all[5].Step, all[4].Step })},
		{"done", "a try is too many", add(2, engine.Event{Step: "reserve", Kind: engine.EventUnheard, Attempt: 2})},
		{"done", "a second try is numbered as the first", set(func(_ *engine.Run, all []engine.Event) { all[2].Attempt = 1 })},
		{"done", "what was only seen was heard", add(4, engine.Event{Step: "show the bill", Kind: engine.EventHeard})},
		{"done", "a call was heard", set(func(_ *engine.Run, all []engine.Event) { all[5].Kind = engine.EventHeard })},
		{"done", "a row that nobody knows", add(4, engine.Event{Step: "bribe", Kind: engine.EventSaid})},
		{"done", "something was taken back", add(-1, engine.Event{Step: "release", Kind: engine.EventUndone, Attempt: 1})},
		{"done", "it ends as a refused run does", add(-1, engine.Event{Step: "sorry", Kind: engine.EventSaid})},
		{"done", "a gap in the numbers", set(func(_ *engine.Run, all []engine.Event) { all[5].Seq = 9 })},
		{"done", "the run counts more events", set(func(r *engine.Run, _ []engine.Event) { r.Seq++ })},
		{"done", "it stands further on", set(func(r *engine.Run, _ []engine.Event) { r.Step = 13 })},
		{"done", "it stands further back", set(func(r *engine.Run, _ []engine.Event) { r.Step = 11 })},
		{"done", "it is still open", set(func(r *engine.Run, _ []engine.Event) { r.Status = engine.StatusOpen })},
		{"done", "it was refused", set(func(r *engine.Run, _ []engine.Event) {
			r.Status, r.Refusal, r.Undos = engine.StatusRefused, &parley.Refusal{}, nil
		})},
		{"done", "it would take nothing back", set(func(r *engine.Run, _ []engine.Event) { r.Undos = nil })},
		{"done", "another run's event", set(func(_ *engine.Run, all []engine.Event) { all[4].Run = "other" })},
		{"waiting", "it is done", set(func(r *engine.Run, _ []engine.Event) { r.Status = engine.StatusDone })},
		{"waiting", "it was told late what it waits for", add(-1, engine.Event{Step: "paid", Kind: engine.EventLate})},
		{"waiting", "it stands before the row that was drawn", set(func(r *engine.Run, _ []engine.Event) { r.Step = 7 })},
		{"waiting", "it stands before what may come at any time", set(func(r *engine.Run, _ []engine.Event) { r.Step = 8 })},
		{"waiting", "a wait without end expired", add(-1, engine.Event{Step: "paid", Kind: engine.EventExpired})},
		{"refused", "nothing was taken back", remove("release", engine.EventUndone)},
		{"refused", "it was taken back twice", add(-1, engine.Event{Step: "release", Kind: engine.EventUndone, Attempt: 1})},
		{"refused", "what was not said was taken back", add(-1, engine.Event{Step: "unwrap", Kind: engine.EventUndone, Attempt: 1})},
		{"refused", "nobody refused", remove("paid", engine.EventRefused)},
		{"refused", "it went on", add(-1, engine.Event{Step: "send", Kind: engine.EventSaid, Attempt: 1})},
		{"refused", "it said sorry twice", add(-1, engine.Event{Step: "sorry", Kind: engine.EventSaid})},
		{"refused", "it did not say sorry", remove("sorry", engine.EventSaid)},
		{"refused", "it stands elsewhere", set(func(r *engine.Run, _ []engine.Event) { r.Step = 7 })},
		{"refused", "nothing is left and it is still taking back", set(func(r *engine.Run, _ []engine.Event) { r.Status = engine.StatusUndoing })},
		{"expired", "the first row was not taken back", remove("release", engine.EventUndone)},
		{"expired", "they were taken back in the wrong order", set(func(_ *engine.Run, all []engine.Event) { all[4].Step, all[5].Step = all[5].Step, all[4].Step })},
		{"undoing", "all was taken back", set(func(r *engine.Run, _ []engine.Event) { r.Status = engine.StatusRefused })},
		{"sending", "it gave up what must be heard", set(func(r *engine.Run, _ []engine.Event) {
			r.Status, r.Refusal = engine.StatusUndoing, &parley.Refusal{}
		})},
	} {
		s := stories()[lie.story]
		all := lie.tell(&s.run, s.events)
		if err := engine.Truth(table, s.run, all); err == nil {
			t.Errorf("%s: %s, and nobody noticed", lie.story, lie.what)
		} else if testing.Verbose() {
			t.Logf("%s: %s: %v", lie.story, lie.what, err)
		}
	}
}

// drawStore keeps runs in memory, and looks after every transaction whether the picture is true.
type drawStore struct {
	mu       sync.Mutex
	table    *engine.Table
	runs     map[string]engine.Run
	jobs     map[string]engine.Job
	events   map[string][]engine.Event
	attempts map[string][]engine.Attempt
	inbox    []engine.Inbound
	lies     []error
}

func (s *drawStore) Apply(_ context.Context, batch []engine.Write) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var touched string
	for _, w := range batch {
		switch w := w.(type) {
		case engine.PutRun:
			if s.runs[w.Run.ID].Version != w.Was {
				return &parley.Error{Kind: parley.KindConflict, Field: "run"}
			}
			s.runs[w.Run.ID], touched = w.Run, w.Run.ID
		case engine.AddEvent:
			s.events[w.Event.Run] = append(s.events[w.Event.Run], w.Event)
		case engine.AddAttempt:
			s.attempts[w.Attempt.Run] = append(s.attempts[w.Attempt.Run], w.Attempt)
		case engine.PutJob:
			s.jobs[w.Job.Run] = w.Job
		case engine.EndJob:
			delete(s.jobs, w.Run)
		case engine.AddInbound:
			s.inbox = append(s.inbox, w.Inbound)
		case engine.TakeInbound:
			for i := range s.inbox {
				if s.inbox[i].ID == w.ID {
					s.inbox[i].Taken = true
				}
			}
		}
	}
	if touched != "" {
		if err := engine.Truth(s.table, s.runs[touched], s.events[touched]); err != nil {
			s.lies = append(s.lies, err)
		}
	}
	return nil
}

func (s *drawStore) Run(_ context.Context, id string) (engine.Run, engine.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[id], s.jobs[id], nil
}

func (s *drawStore) RunByStartKey(context.Context, string, string) (engine.Run, error) {
	return engine.Run{}, errors.New("no keys here")
}

func (s *drawStore) Events(_ context.Context, run string) ([]engine.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events[run]), nil
}

func (s *drawStore) Attempts(_ context.Context, run string) ([]engine.Attempt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts[run]), nil
}

func (s *drawStore) Inbound(_ context.Context, _, id string) (engine.Inbound, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.inbox {
		if m.ID == id {
			return m, true, nil
		}
	}
	return engine.Inbound{}, false, nil
}

func (s *drawStore) Pending(_ context.Context, run string) ([]engine.Inbound, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []engine.Inbound
	for _, m := range s.inbox {
		if m.Run == run && !m.Taken {
			left = append(left, m)
		}
	}
	return left, nil
}

func (s *drawStore) Claim(_ context.Context, owner string, now, lease time.Time, limit int) ([]engine.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var claimed []engine.Job
	for id, j := range s.jobs {
		if j.Owner == "" && !j.Due.After(now) && len(claimed) < limit {
			j.Owner, j.Lease = owner, lease
			j.Epoch++
			s.jobs[id] = j
			claimed = append(claimed, j)
		}
	}
	return claimed, nil
}

func (s *drawStore) NextDue(context.Context) (time.Time, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due time.Time
	for _, j := range s.jobs {
		if j.Owner == "" && (due.IsZero() || j.Due.Before(due)) {
			due = j.Due
		}
	}
	return due, !due.IsZero(), nil
}

func (s *drawStore) ReleaseAll(context.Context) error { return nil }

func TestWhateverGoesWrongThePictureIsTrue(t *testing.T) {
	ctx := context.Background()
	seen := map[engine.EventKind]int{}
	ended := map[engine.Status]int{}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		bad := random.IntN(100) // out of a hundred things that we say
		no := &parley.Refusal{By: "Stock", Status: parley.StatusDeclinedOther}
		talkative, knows := random.IntN(4), random.IntN(2) == 0
		table := boutique(func(name string, _ int) engine.Outcome {
			if name == "ask" && !knows {
				return engine.NotYet("nobody knows")
			}
			if random.IntN(100) >= bad {
				return engine.Done()
			}
			switch random.IntN(4) {
			case 0:
				return engine.Refused(no)
			case 1:
				return engine.Unknown(errors.New("lost"))
			case 2:
				return engine.Unheard(errors.New("no line"))
			}
			return engine.NotYet("later")
		}).Table()
		store := &drawStore{table: table, runs: map[string]engine.Run{}, jobs: map[string]engine.Job{}, events: map[string][]engine.Event{}, attempts: map[string][]engine.Attempt{}}
		now := opened
		e, err := engine.New(ctx, engine.Options{Store: store, Tables: []*engine.Table{table}, Now: func() time.Time { return now }, Random: random.Float64, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := e.Begin(ctx, engine.Beginning{Flow: "boutique", State: purchase{Gift: random.IntN(2) == 0}})
		if err != nil {
			t.Fatal(err)
		}
		told := []string{"agreed", "paid", "news", "news", "receipt", "thanks", "sorry", "agreed", "paid"}
		for i := range 60 {
			now = now.Add(time.Duration(random.IntN(2000)) * millis)
			if i == 3 || random.IntN(8) < talkative {
				step := told[random.IntN(len(told))]
				if i == 3 {
					step = "agreed"
				}
				var body any = struct{}{}
				if step == "agreed" || step == "paid" {
					if body = (*parley.Refusal)(nil); random.IntN(4) == 0 {
						body = no
					}
				}
				m := engine.Message{Run: r.ID, Step: step, Source: "test", Body: body}
				if random.IntN(2) == 0 {
					m.ID = fmt.Sprint(i)
				}
				if _, err := e.Tell(ctx, m); err != nil && parley.KindOf(err) != parley.KindConflict {
					t.Fatal(err)
				}
			} else if due, ok, _ := e.NextDue(ctx); ok {
				if due.After(now) {
					now = due
				}
				if _, err := e.Work(ctx); err != nil {
					t.Fatal(err)
				}
			}
			e.Idle()
			run, job, _ := store.Run(ctx, r.ID)
			names := []map[engine.Party]string{nil, {"Bank": "First Bank", "Stock": "First Bank"}, {"Stock": "Shop"}}[seed%3]
			if i%8 != 3 {
				continue // it is looked at now and then, and when it is over
			}
			if err := sameStory(table, run, job, store.events[r.ID], store.attempts[r.ID], names); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for line := range strings.Lines(engine.Picture(table, run, store.events[r.ID], store.attempts[r.ID], nil, "")) {
				if len([]rune(line)) > 101 {
					t.Fatalf("a line is too wide: %s", line)
				}
			}
		}
		run, _, _ := store.Run(ctx, r.ID)
		ended[run.Status]++
		for _, ev := range store.events[r.ID] {
			seen[ev.Kind]++
		}
		if len(store.lies) > 0 {
			t.Fatalf("seed %d: %v\n%s", seed, store.lies[0], engine.Picture(table, run, store.events[r.ID], store.attempts[r.ID], nil, ""))
		}
	}
	for _, k := range []engine.EventKind{engine.EventStarted, engine.EventSaid, engine.EventHeard, engine.EventSkipped, engine.EventRefused, engine.EventUnknown,
		engine.EventUnheard, engine.EventUndone, engine.EventExpired, engine.EventLate, engine.EventAttends} {
		if seen[k] == 0 {
			t.Errorf("no run had the event %s", k)
		}
	}
	for _, s := range []engine.Status{engine.StatusOpen, engine.StatusDone, engine.StatusRefused} {
		if ended[s] == 0 {
			t.Errorf("no run ended %s", s)
		}
	}
}
