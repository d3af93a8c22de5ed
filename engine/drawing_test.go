package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/engine"
)

// timed is a line of a picture on which something happened: it has a time at its right.
var timed = regexp.MustCompile(`^(.*?) +(\d+ ms|\d+\.\d s|\d+ min \d+ s|\d+ h \d+ min|\d+ d \d+ h)(?:   .*)?$`)

// howLong is a length of time as a picture writes it.
func howLong(d time.Duration) string {
	switch s := int64(d / time.Second); {
	case s < 10:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case s < 60:
		return fmt.Sprintf("%d.%d s", s, d.Milliseconds()/100%10)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
	default:
		return fmt.Sprintf("%d d %d h", s/86400, s/3600%24)
	}
}

// sameStory checks that a run's picture and its drawing tell the same: each moment of the one is in the other, in the same order, at the
// same time, between the same two, and with the same end; and so are what passed between others, and how it stands.
func sameStory(table *engine.Table, run engine.Run, job engine.Job, events []engine.Event, attempts []engine.Attempt, names map[engine.Party]string) error {
	text := engine.Picture(table, run, events, attempts, names, "")
	b, err := json.Marshal(engine.NewDrawing(table, run, job, events, attempts, names, "", opened))
	if err != nil {
		return err
	}
	var d engine.Drawing
	if err := json.Unmarshal(b, &d); err != nil {
		return err
	}
	wrong := func(format string, a ...any) error {
		return fmt.Errorf(format+"\n%s\n%s", append(a, text, b)...)
	}
	column, label := map[engine.Party]int{}, map[engine.Party]string{}
	for i, p := range d.Parties {
		column[p.ID], label[p.ID] = i, p.Label
	}
	type told struct {
		arrow engine.Drawn
		engine.Moment
	}
	var all []told
	seen := 0
	for _, a := range d.Arrows {
		if _, ok := label[a.From]; !ok {
			return wrong("%s comes from nobody", a.Name)
		}
		if _, ok := label[a.To]; !ok {
			return wrong("%s goes to nobody", a.Name)
		}
		if a.Seen && a.State == engine.StateDone {
			seen++
		}
		for _, m := range a.Moments {
			if m.Kind != engine.EventSkipped {
				all = append(all, told{a, m})
			}
		}
	}
	slices.SortFunc(all, func(a, b told) int { return cmp.Compare(a.Seq, b.Seq) })
	lines := strings.Split(text, "\n")
	for i, line := range lines[1:] { // the first is the head
		if strings.ContainsRune(line, '┄') {
			seen--
		}
		m := timed.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if len(all) == 0 {
			return wrong("only the picture has %q", line)
		}
		next := all[0]
		all = all[1:]
		if want := howLong(next.At.Sub(run.Begun)); m[2] != want {
			return wrong("%q is at %s, and %s in the drawing at %s", line, m[2], next.arrow.Name, want)
		}
		if !strings.Contains(m[1], next.arrow.Name) && !strings.Contains(lines[i], next.arrow.Name) { // a long name stands above
			return wrong("%q is %s in the drawing", line, next.arrow.Name)
		}
		right := column[next.arrow.From] < column[next.arrow.To]
		self := next.arrow.From == next.arrow.To
		var head string
		switch next.Kind {
		case engine.EventAttends:
			head = "a person should look"
		case engine.EventUnknown:
			head = map[bool]string{true: "?▶", false: "◀?"}[right]
		case engine.EventRefused, engine.EventUnheard, engine.EventExpired:
			head = "✗"
		default:
			head = map[bool]string{true: "▶", false: "◀"}[right]
		}
		if self && next.Kind != engine.EventAttends {
			head = "↻"
		}
		if !strings.Contains(line, head) {
			return wrong("%q should end with %s, as %s %s", line, head, next.Kind, next.arrow.Name)
		}
	}
	if len(all) > 0 {
		return wrong("the picture has no %s %s", all[0].Kind, all[0].arrow.Name)
	}
	if seen != 0 {
		return wrong("what passed between others is not the same: %d more in the drawing", seen)
	}
	var end []string
	waits := strings.Count(text, "  waiting for ")
	if no := d.Refusal; no != nil {
		end = append(end, "refused by "+no.ByLabel+": "+no.Status)
	}
	for _, a := range d.Arrows {
		if a.WaitingOn != "" {
			end = append(end, "waiting for "+label[a.WaitingOn]+": "+a.Name)
			waits--
		}
	}
	if d.Attention != "" {
		end = append(end, "a person should look: "+d.Attention)
	}
	for _, words := range end {
		if !strings.Contains(text, "  "+words) {
			return wrong("the picture does not say %q", words)
		}
	}
	if waits != 0 {
		return wrong("the picture waits for %d more", waits)
	}
	return nil
}

func TestThePictureAndTheDrawingTellTheSame(t *testing.T) {
	table := boutique(quietly).Table()
	for name, s := range stories() {
		for _, names := range []map[engine.Party]string{nil, {"Bank": "First Bank", "Stock": "First Bank"}, {"Stock": "Customer"}, {"Bank": "Shop"}} {
			if err := sameStory(table, s.run, engine.Job{}, s.events, s.attempts, names); err != nil {
				t.Errorf("%s, called %v: %v", name, names, err)
			}
		}
	}
}

func TestADrawingIsOneDocument(t *testing.T) {
	s := stories()["sending"]
	for i := range s.attempts {
		s.attempts[i].At, s.attempts[i].Took, s.attempts[i].Why = opened.Add(time.Duration(i)*time.Second), 1500*time.Microsecond, "nobody there"
	}
	s.events[1].Exchange = &parley.Exchange{Request: json.RawMessage(`{"who":"[redacted]"}`), Status: 502}
	job := engine.Job{Run: s.run.ID, Due: opened.Add(time.Minute), Attempt: 2, Since: opened}
	d := engine.NewDrawing(boutique(quietly).Table(), s.run, job, s.events, s.attempts, map[engine.Party]string{"Bank": "First Bank", "Stock": "First Bank"}, "SEK 500.00", opened.Add(time.Second))
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	sameDrawing(t, "boutique.drawing.json", string(b)+"\n")
	if d.Begun.IsZero() || d.Changed.IsZero() == !s.run.Changed.IsZero() {
		t.Errorf("begun %v, changed %v", d.Begun, d.Changed)
	}
}

func TestAFlowThatHasNotRunIsDrawn(t *testing.T) {
	d := engine.NewDrawing(boutique(quietly).Table(), engine.Run{}, engine.Job{}, nil, nil, nil, "", opened)
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	if d.Status != engine.StatusOpen || d.Run != "" || strings.Contains(string(b), `"begun"`) || strings.Contains(string(b), `"changed"`) || strings.Contains(string(b), `"key"`) {
		t.Errorf("%s", b)
	}
	blocks := map[string]engine.Block{}
	for i, a := range d.Arrows {
		if a.State != engine.StateNotYet || a.Number != i+1 || a.WaitingOn != "" || len(a.Moments) > 0 {
			t.Errorf("%+v", a)
		}
		if a.Block != nil {
			blocks[a.Name] = *a.Block
		}
	}
	want := map[string]engine.Block{"wrap": {Kind: "opt", Words: "it is a gift"}, "news": {Kind: "par", Words: "at any time"},
		"receipt": {Kind: "opt", Words: "afterwards, as far as it comes"}, "thanks": {Kind: "opt", Words: "afterwards, as far as it comes"}}
	if !maps.Equal(blocks, want) {
		t.Errorf("%v, not %v", blocks, want)
	}
}

// TestADrawingSaysWhenSomethingHappensNext: until when is waited, and when it is said or asked again, by who has the job and what it is for.
func TestADrawingSaysWhenSomethingHappensNext(t *testing.T) {
	table := boutique(quietly).Table()
	due := opened.Add(7 * time.Second)
	job := func(j engine.Job) engine.Job { j.Run, j.Since, j.Due = "r", opened, due; return j }
	for name, c := range map[string]struct {
		run          engine.Run
		job          engine.Job
		arrow        string
		until, again time.Time
	}{
		"a call that is being said":         {engine.Run{Step: 1}, job(engine.Job{Owner: "me"}), "reserve", time.Time{}, time.Time{}},
		"a call that is said again":         {engine.Run{Step: 1}, job(engine.Job{Attempt: 1}), "reserve", time.Time{}, due},
		"a call that is being said again":   {engine.Run{Step: 1}, job(engine.Job{Attempt: 1, Owner: "me"}), "reserve", time.Time{}, time.Time{}},
		"a call that will be said":          {engine.Run{Step: 1}, job(engine.Job{}), "reserve", time.Time{}, time.Time{}},
		"a wait with an end":                {engine.Run{Step: 5}, job(engine.Job{}), "agreed", opened.Add(30 * time.Minute), time.Time{}},
		"a wait that asks":                  {engine.Run{Step: 9}, job(engine.Job{}), "paid", time.Time{}, due},
		"a wait that has asked long enough": {engine.Run{Step: 9}, engine.Job{}, "paid", time.Time{}, time.Time{}},
		"a taking back":                     {engine.Run{Step: 7, Status: engine.StatusUndoing, Undos: []int{1}, Refusal: &parley.Refusal{By: "Bank"}}, job(engine.Job{Attempt: 3}), "release", time.Time{}, due},
		"a first taking back":               {engine.Run{Step: 7, Status: engine.StatusUndoing, Undos: []int{1}, Refusal: &parley.Refusal{By: "Bank"}}, job(engine.Job{}), "release", time.Time{}, time.Time{}},
	} {
		c.run.ID, c.run.Status = "r", cmp.Or(c.run.Status, engine.StatusOpen)
		found := false
		for _, a := range engine.NewDrawing(table, c.run, c.job, nil, nil, nil, "", opened).Arrows {
			if a.Name == c.arrow {
				found = true
				if !a.Until.Equal(c.until) || !a.Again.Equal(c.again) || a.WaitingOn == "" {
					t.Errorf("%s: until %v, again %v, waiting on %q", name, a.Until, a.Again, a.WaitingOn)
				}
			} else if !a.Until.IsZero() || !a.Again.IsZero() || a.WaitingOn != "" {
				t.Errorf("%s: %s waits too: %+v", name, a.Name, a)
			}
		}
		if !found {
			t.Errorf("%s: no %s", name, c.arrow)
		}
	}
}

func TestASummarySaysWhoMustAct(t *testing.T) {
	table := boutique(quietly).Table()
	names := map[engine.Party]string{"Bank": "First Bank"}
	for want, run := range map[string]engine.Run{
		"Stock":      {Status: engine.StatusOpen, Step: 1},
		"First Bank": {Status: engine.StatusOpen, Step: 5},
		"":           {Status: engine.StatusDone, Step: 11},
	} {
		if got := engine.NewSummary(table, run, names, "SEK 1.00"); got.WaitingOn != want || got.Title != "A boutique" || got.About != "SEK 1.00" {
			t.Errorf("%+v, not %q", got, want)
		}
	}
	if got := engine.NewSummary(table, engine.Run{Status: engine.StatusUndoing, Step: 7, Undos: []int{1, 2}}, nil, ""); got.WaitingOn != "Stock" {
		t.Errorf("%+v", got)
	}
}

func TestTimesOfADrawingSurviveTheirOwnWriting(t *testing.T) {
	for d, want := range map[engine.Span]string{0: "0", engine.Span(time.Second): "1000", engine.Span(1500 * time.Microsecond): "1.5"} {
		b, err := json.Marshal(d)
		var again engine.Span
		if err == nil {
			err = json.Unmarshal(b, &again)
		}
		if err != nil || string(b) != want || again != d {
			t.Errorf("%d is %s and %d (%v)", d, b, again, err)
		}
	}
	at := engine.Instant{Time: time.Date(2026, 3, 1, 13, 0, 0, 500, time.FixedZone("CET", 3600))}
	if b, err := json.Marshal(at); err != nil || string(b) != `"2026-03-01T12:00:00.000Z"` {
		t.Errorf("%s (%v)", b, err)
	}
}
