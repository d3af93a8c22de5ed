package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// State is how an arrow of a run looks.
//
//	not-yet ──▶ now ──▶ done ──▶ undone   it was said, or heard, and perhaps taken back
//	             │ ├──▶ refused           no, or never heard, or nobody said it in time: the run turns back here
//	             │ └──▶ unknown           the answer was lost; it is said anew, or it is the pivot and we wait to be told
//	             └────▶ skipped           its condition did not hold
//	not-yet ──▶ late                      it was heard when the run had gone on without it
type State string

// The states of an arrow.
const (
	StateNotYet  State = "not-yet"
	StateNow     State = "now"
	StateDone    State = "done"
	StateRefused State = "refused"
	StateUnknown State = "unknown"
	StateUndone  State = "undone"
	StateSkipped State = "skipped"
	StateLate    State = "late"
)

// Drawn is one arrow of a run's picture: what the live diagram is fed with.
type Drawn struct {
	Number    int           `json:"number"` // as in the flow's diagram
	From      Party         `json:"from"`
	To        Party         `json:"to"`
	Name      string        `json:"name"`
	State     State         `json:"state"`
	At        time.Time     `json:"at,omitzero"`               // when it came to its state; zero while it has not, and for what passes between others
	Took      time.Duration `json:"tookNanoseconds,omitempty"` // how long our own call took
	Attempts  int           `json:"attempts,omitempty"`        // how often we said it, or asked for it
	Note      string        `json:"note,omitempty"`            // a few words; never personal data
	WaitingOn Party         `json:"waitingOn,omitempty"`       // who must act before the run goes on
	Seen      bool          `json:"seen,omitempty"`            // passes between two others
	Reply     bool          `json:"reply,omitempty"`           // we say it when we are asked
	Pivot     bool          `json:"pivot,omitempty"`           // the line of no way back lies under it
	Block     string        `json:"block,omitempty"`           // the words over the opt block that it is in
	Undoes    string        `json:"undoes,omitempty"`          // the arrow that this one takes back
	Ends      bool          `json:"ends,omitempty"`            // it is the arrow that ends a refused run
	Refusal   string        `json:"refusal,omitempty"`         // on the arrow at which the run was refused: the status's name
	Moments   []Moment      `json:"moments,omitempty"`         // all that happened to it, in order
	self      drawnArrow
}

// Moment is something that happened to an arrow.
type Moment struct {
	Seq     int           `json:"seq"`
	At      time.Time     `json:"at"`
	Kind    EventKind     `json:"kind"`
	Attempt int           `json:"attempt,omitempty"`
	Took    time.Duration `json:"tookNanoseconds,omitempty"`
	Note    string        `json:"note,omitempty"`
}

// Draw is every arrow of the run's flow with how it looks now: the rows of the table in order, then what takes them back, the
// last first, then the arrow that ends a refused run.
func Draw(t *Table, run Run, events []Event, attempts []Attempt) []Drawn {
	all := t.drawing()
	drawn := make([]Drawn, len(all))
	undo, byName, byRow := map[string][]int{}, map[string]int{}, map[int]int{}
	for i, a := range all {
		drawn[i] = Drawn{Number: i + 1, From: a.From, To: a.To, Name: a.Name, State: StateNotYet, Seen: a.Seen, Reply: a.Reply,
			Pivot: a.Pivot, Block: blockOf(a.Arrow), Ends: a.row == len(t.steps), self: a}
		if a.undoes {
			drawn[i].Undoes = a.step.Name
			undo[a.Name] = append(undo[a.Name], i)
		} else {
			byName[a.Name], byRow[a.row] = i, i
		}
	}
	turned := false // the run has been refused: what does not go well from here on is a taking back
	for _, ev := range slices.SortedStableFunc(slices.Values(events), func(a, b Event) int { return cmp.Compare(a.Seq, b.Seq) }) {
		i, ok := byName[ev.Step]
		if ways := undo[ev.Step]; len(ways) > 0 && (!ok || ev.Kind == EventUndone || turned && tried(ev.Kind)) {
			i, ok = ways[0], true
			for _, w := range ways { // several rows may be taken back with the same words
				if drawn[w].State != StateDone {
					i = w
					break
				}
			}
		}
		if !ok {
			continue // of a version of the table that had such an arrow
		}
		d := &drawn[i]
		d.Moments = append(d.Moments, Moment{ev.Seq, ev.At, ev.Kind, ev.Attempt, ev.Took, ev.Note})
		switch ev.Kind {
		case EventStarted, EventSaid, EventHeard:
			d.State = StateDone
		case EventSkipped:
			d.State = StateSkipped
		case EventUnknown:
			d.State = StateUnknown
		case EventRefused, EventExpired:
			d.State = StateRefused
		case EventUnheard:
			d.State = StateNow
		case EventLate:
			if d.State != StateNotYet {
				continue // a second telling does not change what the first did
			}
			d.State = StateLate
		case EventUndone:
			d.State = StateDone
			drawn[byRow[d.self.row]].State = StateUndone
		case EventAttends:
			continue
		}
		d.At, d.Took, d.Note, d.Attempts = ev.At, ev.Took, ev.Note, max(d.Attempts, ev.Attempt)
		turned = turned || run.Refusal != nil && !d.self.undoes && d.self.row == run.Step && (ev.Kind == EventExpired || tried(ev.Kind)) &&
			lastTry(events, ev)
	}
	lost := map[string]bool{}
	for _, a := range attempts {
		i, ok := byName[a.Step]
		if ways := undo[a.Step]; len(ways) > 0 && !ok {
			i, ok = ways[0], true
		}
		if ok {
			drawn[i].Attempts = max(drawn[i].Attempts, a.Number)
			lost[a.Step] = a.Outcome == resultNames[unknown]
		}
	}
	here := func(d *Drawn) {
		last, counted := lost[d.Name]
		if last = last || !counted && d.State == StateUnknown; last {
			d.State = StateUnknown
		} else {
			d.State = StateNow
		}
		if d.WaitingOn = d.To; d.self.Inbound {
			d.WaitingOn = d.From
		}
	}
	switch {
	case run.Status == StatusOpen && run.Step < len(t.steps):
		here(&drawn[byRow[run.Step]])
	case run.Refusal != nil && run.Step < len(t.steps):
		d := &drawn[byRow[run.Step]]
		d.Refusal = run.Refusal.Status.String()
		if d.State == StateNow || d.State == StateNotYet {
			d.State = StateRefused // it was never heard
		}
	}
	if run.Status == StatusUndoing && len(run.Undos) > 0 {
		for i := range drawn {
			if d := &drawn[i]; d.Undoes != "" && d.self.row == run.Undos[len(run.Undos)-1] {
				here(d)
			}
		}
	}
	for i := range drawn {
		if d := &drawn[i]; d.Seen && d.State == StateNotYet {
			if j := follower(drawn[:len(t.steps)], i); j < 0 && run.Status == StatusDone || j >= 0 && passedBefore(drawn[j]) {
				d.State = StateDone
			}
		}
	}
	return drawn
}

// tried reports whether the event is a try of ours that did not go well.
func tried(k EventKind) bool { return k == EventRefused || k == EventUnknown || k == EventUnheard }

// lastTry reports whether the arrow was not said again after the event.
func lastTry(events []Event, ev Event) bool {
	return !slices.ContainsFunc(events, func(e Event) bool { return e.Seq > ev.Seq && e.Step == ev.Step && tried(e.Kind) })
}

// follower is the arrow that shows that the seen arrow i has passed: the next that we have part in; -1 when there is none.
func follower(rows []Drawn, i int) int {
	for j := i + 1; j < len(rows); j++ {
		if d := rows[j]; !d.Seen && !d.self.Anytime && d.State != StateSkipped {
			return j
		}
	}
	return -1
}

// passedBefore reports whether something happened to the arrow that cannot have without what was seen before it.
func passedBefore(d Drawn) bool {
	return slices.ContainsFunc(d.Moments, func(m Moment) bool { return m.Kind == EventSaid || m.Kind == EventHeard || tried(m.Kind) })
}

// pictureWidth is the most columns that a picture takes.
const pictureWidth = 100

// Picture draws a run as text, at most 100 columns wide: a lifeline for each party that has spoken, and a line for each thing
// that has happened, in order. names are how the parties are called in this run; two that are called the same share a lifeline.
// title stands between the flow's name and the run's: an amount, a provider.
//
//	─▶ done   ┄▶ passed between two others   ╌?▶ the answer was lost   ─✗ refused   ↶ taken back   ↻ to oneself
func Picture(t *Table, run Run, events []Event, attempts []Attempt, names map[Party]string, title string) string {
	drawn := Draw(t, run, events, attempts)
	c := newCanvas(t, drawn, names)
	var lines []string
	end := run.Begun
	for _, ev := range events {
		if ev.At.After(end) {
			end = ev.At
		}
	}
	head := []string{plain(t.Name)}
	if title != "" {
		head = append(head, plain(title))
	}
	if run.ID != "" {
		head = append(head, "run "+cut(run.ID, 7))
	}
	total := since(end.Sub(run.Begun))
	left := cut(strings.Join(head, " · "), pictureWidth-len([]rune(total))-2)
	gap := max(c.width+timeWidth-len([]rune(left+total)), 2) // so that it stands over the times, when there is room
	lines = append(lines, left+strings.Repeat(" ", gap)+total, c.names())

	type moment struct {
		Moment
		i int
	}
	var moments []moment
	for i, d := range drawn {
		for _, m := range d.Moments {
			moments = append(moments, moment{m, i})
		}
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Compare(a.Seq, b.Seq) })
	shown := map[int]bool{}
	for _, m := range moments {
		d := drawn[m.i]
		if m.Kind == EventSkipped {
			continue
		}
		for i := range m.i { // what was seen on the way here
			if s := drawn[i]; s.Seen && s.State == StateDone && !shown[i] && follower(drawn[:len(t.steps)], i) == m.i && m.Kind != EventAttends {
				shown[i] = true
				lines = append(lines, c.arrow(s, lookSeen, s.Name, "", nil)...)
			}
		}
		how, label, words := lookDone, d.Name, []string{}
		if m.Took > 0 {
			words = append(words, "in "+since(m.Took))
		}
		if d.Undoes != "" {
			label = "↶ " + label
		}
		last := m.Seq == d.Moments[len(d.Moments)-1].Seq
		if n := max(m.Attempt, 1); m.Kind != EventLate && (n > 1 || last && d.Attempts > 1) {
			if last {
				n = max(n, d.Attempts)
			}
			label += fmt.Sprintf(" ×%d", n)
		}
		switch m.Kind {
		case EventUnknown:
			how, words = lookUnknown, append(words, "answer lost")
		case EventUnheard:
			how, words = lookUnheard, append(words, "not heard")
		case EventRefused:
			how, words = lookRefused, append(words, "refused")
		case EventExpired:
			how, words = lookUnheard, append(words, "nobody said it in time")
		case EventLate:
			words = append(words, "late")
		case EventUndone:
			words = append(words, "takes back "+d.Undoes)
		case EventAttends:
			lines = append(lines, c.text("a person should look at “"+plain(d.Name)+"”", since(m.At.Sub(run.Begun)))...)
			continue
		}
		if m.Note != "" {
			words = append(words, plain(m.Note))
		}
		lines = append(lines, c.arrow(d, how, label, since(m.At.Sub(run.Begun)), words)...)
		if d.Pivot && (m.Kind == EventSaid || m.Kind == EventUnknown) {
			lines = append(lines, c.pivot())
		}
	}
	for i, s := range drawn { // nothing came after these
		if s.Seen && s.State == StateDone && !shown[i] && follower(drawn[:len(t.steps)], i) < 0 {
			lines = append(lines, c.arrow(s, lookSeen, s.Name, "", nil)...)
		}
	}
	for _, words := range ending(run, drawn, c) {
		lines = append(lines, c.text(words, "")...)
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(cut(l, pictureWidth), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// ending says in words where the run stands.
func ending(run Run, drawn []Drawn, c *canvas) []string {
	var words []string
	waiting := ""
	for _, d := range drawn {
		if d.WaitingOn != "" {
			waiting = "waiting for " + c.name(d.WaitingOn) + ": " + plain(d.Name)
		}
	}
	if no := run.Refusal; no != nil {
		by := "refused by " + c.name(Party(no.By)) + ": " + no.Status.String()
		if run.Status == StatusUndoing {
			by += ", being taken back"
		}
		words = append(words, by)
	} else if run.Status == StatusDone {
		words = append(words, "done")
	}
	if waiting != "" {
		words = append(words, waiting)
	}
	if run.Attention != "" {
		words = append(words, "a person should look: "+plain(run.Attention))
	}
	return words
}

// look is what an arrow is drawn with: its line, what stands at its head, and its sign when it goes to oneself.
type look struct {
	line              rune
	right, left, self string
}

var (
	lookDone    = look{'─', "▶", "◀", "↻"}
	lookSeen    = look{'┄', "▶", "◀", "↻"}
	lookUnknown = look{'╌', "?▶", "◀?", "↻?"}
	lookUnheard = look{'╌', "✗", "✗", "↻✗"}
	lookRefused = look{'─', "✗", "✗", "↻✗"}
)

// canvas knows where the lifelines are.
type canvas struct {
	called map[Party]string
	column map[Party]int // index into at
	heads  []string
	at     []int // where each lifeline is
	width  int   // of the lifelines; times and words come after
}

// The times and words at the right have this much room at least.
const (
	timeWidth  = 12
	wordsWidth = 24
)

func newCanvas(t *Table, drawn []Drawn, names map[Party]string) *canvas {
	c := &canvas{called: map[Party]string{}, column: map[Party]int{}}
	speaks := map[Party]bool{t.Server: true}
	for _, d := range drawn {
		if d.Seen && d.State == StateDone || slices.ContainsFunc(d.Moments, func(m Moment) bool { return m.Kind != EventSkipped && m.Kind != EventAttends }) {
			speaks[d.From], speaks[d.To] = true, true
		}
	}
	for _, p := range t.speakers() {
		c.called[p] = t.label(p)
		if n := plain(names[p]); n != "" {
			c.called[p] = n
		}
		if !speaks[p] {
			continue
		}
		if i := slices.Index(c.heads, c.called[p]); i >= 0 {
			c.column[p] = i
			continue
		}
		c.column[p] = len(c.heads)
		c.heads = append(c.heads, c.called[p])
	}
	// Each gap is as wide as the words between its two lifelines would like, and as there is room for.
	room := pictureWidth - timeWidth - wordsWidth
	gaps := make([]int, max(len(c.heads)-1, 0))
	for i := range gaps {
		gaps[i] = max(10, min((len([]rune(c.heads[i]))+len([]rune(c.heads[i+1])))/2+3, 20))
	}
	for _, d := range drawn {
		from, ok := c.column[d.From]
		to, ok2 := c.column[d.To]
		if a, b := min(from, to), max(from, to); ok && ok2 && b == a+1 && (len(d.Moments) > 0 || d.Seen) {
			more := 8 // the head, and what may stand before or after the name
			if d.Attempts > 1 || d.Undoes != "" {
				more = 11
			}
			gaps[a] = max(gaps[a], min(len([]rune(d.Name))+more, 28))
		}
	}
	margin := func(i int) int { return max(3, min(len([]rune(c.heads[i]))/2+1, 12)) }
	for {
		c.at = []int{margin(0)}
		for _, g := range gaps {
			c.at = append(c.at, c.at[len(c.at)-1]+g)
		}
		c.width = c.at[len(c.at)-1] + margin(len(c.heads)-1)
		if c.width <= room || len(gaps) == 0 {
			break
		}
		widest := 0
		for i, g := range gaps {
			if g >= gaps[widest] {
				widest = i
			}
		}
		if gaps[widest] <= 4 {
			break
		}
		gaps[widest]--
	}
	return c
}

// name is how a party is called in this picture.
func (c *canvas) name(p Party) string {
	if n := c.called[p]; n != "" {
		return n
	}
	return plain(string(p))
}

func (c *canvas) names() string {
	line := blank(c.width + 12)
	for i, n := range c.heads {
		most := 24
		if i > 0 {
			most = min(most, c.at[i]-c.at[i-1]-1)
		} else {
			most = min(most, 2*c.at[0])
		}
		if i+1 < len(c.at) {
			most = min(most, c.at[i+1]-c.at[i]-1)
		}
		n := []rune(cut(n, most))
		copy(line[max(c.at[i]-len(n)/2, 0):], n)
	}
	return string(line)
}

func blank(n int) []rune { return []rune(strings.Repeat(" ", n)) }

// lifelines is a line on which nothing is said.
func (c *canvas) lifelines() []rune {
	line := blank(c.width)
	for _, x := range c.at {
		line[x] = '│'
	}
	return line
}

// arrow draws one arrow; a label that does not fit into it stands on a line of its own above.
func (c *canvas) arrow(d Drawn, how look, label, at string, words []string) []string {
	label = plain(label)
	from, to := c.at[c.column[d.From]], c.at[c.column[d.To]]
	line := c.lifelines()
	if from == to {
		return c.beside(c.toSelf(line, from, how, label), at, words)
	}
	a, b := min(from, to), max(from, to)
	for x := a + 1; x < b; x++ {
		line[x] = how.line
	}
	var above []string
	head, start := []rune(how.right), a+3
	if from < to {
		line[a] = '├'
		copy(line[b-len(head):], head)
	} else {
		line[b] = '┤'
		head = []rune(how.left)
		copy(line[a+1:], head)
		start = a + len(head) + 3
	}
	if inside := b - a - 1; len([]rune(label))+len(head)+4 <= inside {
		copy(line[start-1:], []rune(" "+label+" "))
	} else {
		// It may cross the other lifelines, and stand where the times do: on this line there is none.
		over := append(c.lifelines(), blank(pictureWidth-c.width)...)
		text := []rune(" " + cut(label, pictureWidth-2) + " ")
		copy(over[min(a+1, pictureWidth-len(text)):], text)
		above = append(above, string(over))
	}
	return append(above, c.beside(line, at, words)...)
}

// toSelf draws an arrow that a lifeline sends itself. It may make the line longer, when the lifeline is the last.
func (c *canvas) toSelf(line []rune, x int, how look, label string) []rune {
	text := []rune(how.self + " " + label)
	if x+len(text)+2 > c.width {
		text = []rune(cut(string(text), pictureWidth-timeWidth-wordsWidth-x-2))
	}
	text = append([]rune{'├'}, append(text, ' ')...)
	if grown := x + len(text); grown > len(line) {
		line = append(line, blank(grown-len(line))...)
	}
	copy(line[x:], text)
	return line
}

// beside puts the time and the words at the right of a line; words that do not fit go on under them.
func (c *canvas) beside(line []rune, at string, words []string) []string {
	from := max(len(line), c.width)
	first := string(line) + strings.Repeat(" ", from-len(line)) + pad(at, timeWidth)
	room := max(pictureWidth-len([]rune(first))-3, 12)
	rows := wrap(strings.Join(words, " · "), room)
	if len(rows) == 0 {
		return []string{first}
	}
	lines := []string{first + "   " + rows[0]}
	indent := strings.Repeat(" ", len([]rune(first))+3-c.width)
	for _, r := range rows[1:] {
		lines = append(lines, string(c.lifelines())+indent+r)
	}
	return lines
}

// text is a line of words under the lifelines.
func (c *canvas) text(words, at string) []string {
	var lines []string
	for i, row := range wrap(words, pictureWidth-4) {
		line := "  " + row
		if at != "" && i == 0 && len([]rune(line))+1 <= c.width {
			line += strings.Repeat(" ", c.width-len([]rune(line))) + pad(at, timeWidth)
		}
		lines = append(lines, line)
	}
	return lines
}

// pivot is the line across after which there is no way back.
func (c *canvas) pivot() string {
	line := []rune(strings.Repeat("═", c.width))
	for _, x := range c.at {
		line[x] = '╪'
	}
	words := []rune(cut(" no way back from here ", c.width))
	copy(line[(c.width-len(words))/2:], words)
	return string(line)
}

func pad(s string, width int) string {
	return strings.Repeat(" ", max(width-len([]rune(s)), 0)) + s
}

// plain makes words fit to be drawn: one line, nothing that moves a cursor.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens words to a width, and shows that it did.
func cut(s string, width int) string {
	r := []rune(s)
	switch {
	case len(r) <= width:
		return s
	case width < 1:
		return ""
	}
	return string(r[:width-1]) + "…"
}

// wrap breaks words into lines, and a word where it must.
func wrap(s string, width int) []string {
	var lines []string
	line := []rune{}
	for _, w := range strings.Fields(s) {
		word := []rune(w)
		if len(line) > 0 && len(line)+1+len(word) > width {
			lines, line = append(lines, string(line)), nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		for len(line)+len(word) > width {
			n := width - len(line)
			lines, line, word = append(lines, string(append(line, word[:n]...))), nil, word[n:]
		}
		line = append(line, word...)
	}
	if len(line) > 0 {
		lines = append(lines, string(line))
	}
	return lines
}

// since is a length of time as it stands at the right: milliseconds as long as they say something.
func since(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d.%d s", d/time.Second, d%time.Second/(100*time.Millisecond))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// Truth checks that the picture of a run is true: that its events, drawn, equal its flow's table as far as it went. Every row
// before the one that it stands before was drawn once, in the table's order, or skipped because its condition did not hold;
// nothing was drawn after it; only what may have been done was taken back, and all of it when the run is over; and no event is
// missing. Nil means that it is true.
func Truth(t *Table, run Run, events []Event) error {
	w := witness{t: t, run: run, events: events}
	for i, ev := range events {
		if ev.Seq != i+1 {
			return fmt.Errorf("event %d of run %s has the number %d", i+1, run.ID, ev.Seq)
		}
		if err := w.see(i, ev); err != nil {
			return fmt.Errorf("event %d of run %s (%s %q): %w", ev.Seq, run.ID, ev.Kind, ev.Step, err)
		}
	}
	if err := w.end(); err != nil {
		return fmt.Errorf("run %s, %s before row %d: %w", run.ID, run.Status, run.Step, err)
	}
	return nil
}

// witness follows a run by its events.
type witness struct {
	t      *Table
	run    Run
	events []Event

	next    int    // the first row that was not drawn
	tried   bool   // a first try at it was drawn
	maybe   bool   // and it may have been done
	turned  bool   // the run was refused
	undos   []int  // rows that must be taken back, the last at the end
	untried string // the words of a taking back whose first try was drawn
	closed  bool   // the arrow that ends a refused run was drawn
}

// see takes in the i-th event.
func (w *witness) see(i int, ev Event) error {
	if ev.Run != "" && ev.Run != w.run.ID {
		return fmt.Errorf("it is of run %s", ev.Run)
	}
	row := w.t.find(ev.Step)
	if (i == 0) != (ev.Kind == EventStarted) || i == 0 && row != 0 {
		return fmt.Errorf("a run starts with its first row, and once")
	}
	if w.turned && (ev.Kind == EventUndone || tried(ev.Kind)) {
		return w.back(ev)
	}
	if row < 0 {
		return fmt.Errorf("the table has no such row")
	}
	if row == len(w.t.steps) {
		switch {
		case ev.Kind == EventAttends:
			return nil
		case !w.turned:
			return fmt.Errorf("the run was not refused")
		case ev.Kind == EventSaid && !w.closed:
			w.closed = true
			return nil
		case ev.Kind == EventLate && w.closed:
			return nil
		}
		return fmt.Errorf("that arrow is said once")
	}
	s := w.t.steps[row]
	if ev.Kind == EventAttends { // somebody was asked in vain, or a message for the row could not be read
		return nil
	}
	answers := s.kind == kindWait && ev.Kind == EventHeard || s.kind == kindAnswer && ev.Kind == EventSaid
	switch {
	case ev.Kind == EventLate:
		if s.kind != kindWait && s.kind != kindAnswer || !w.turned && row >= w.next {
			return fmt.Errorf("it is not late")
		}
		return nil
	case s.Anytime && answers:
		return nil
	case w.turned:
		return fmt.Errorf("the run had been refused")
	case ev.Kind == EventSkipped && s.cond == nil:
		return fmt.Errorf("the row has no condition")
	case s.kind == kindSeen && ev.Kind != EventSkipped:
		return fmt.Errorf("nothing happens to what passes between two others")
	}
	if err := w.reach(row); err != nil {
		return err
	}
	switch ev.Kind {
	case EventStarted:
	case EventSkipped:
		if w.tried {
			return fmt.Errorf("it had been tried")
		}
	case EventHeard, EventSaid:
		if !answers && (s.kind != kindCall || ev.Kind != EventSaid) {
			return fmt.Errorf("the row is not one that is %s", ev.Kind)
		}
	case EventExpired:
		if s.within == 0 {
			return fmt.Errorf("the row has no end of patience")
		}
		w.turned = true
		return nil
	case EventRefused, EventUnheard, EventUnknown:
		if s.kind != kindCall {
			if ev.Kind != EventRefused {
				return fmt.Errorf("that happens only to what we say")
			}
			w.turned = true
			return nil
		}
		if ev.Kind != EventUnknown || !s.Pivot { // at the pivot a lost answer does not keep the run
			return w.failed(i, row, ev)
		}
	default:
		return fmt.Errorf("no such thing happens to a row")
	}
	if w.tried && ev.Attempt < 2 {
		return fmt.Errorf("it had been tried before, but this is try %d", ev.Attempt)
	}
	if s.kind == kindCall && s.undo != nil && ev.Kind != EventSkipped {
		w.undos = append(w.undos, row)
	}
	w.next, w.tried, w.maybe = row+1, false, false
	return nil
}

// reach checks that row is the one whose turn it is: between it and the last one drawn lies only what is drawn by nobody.
func (w *witness) reach(row int) error {
	if row < w.next {
		return fmt.Errorf("the row was drawn already, or another before its turn")
	}
	for i := w.next; i < row; i++ {
		if s := w.t.steps[i]; s.kind != kindSeen && !s.Anytime {
			return fmt.Errorf("%q comes first", s.Name)
		}
	}
	if w.next = row; row > w.run.Step {
		return fmt.Errorf("the run has come only to row %d", w.run.Step)
	}
	return nil
}

// failed is a call that did not go well: its first try, or the one with which the run gives up.
func (w *witness) failed(i, row int, ev Event) error {
	s := w.t.steps[row]
	again := slices.ContainsFunc(w.events[i+1:], func(e Event) bool { return e.Step == ev.Step && (e.Kind == EventSaid || tried(e.Kind)) })
	w.maybe = w.maybe || ev.Kind == EventUnknown
	if again || w.run.Refusal == nil {
		if w.tried || ev.Attempt != 1 {
			return fmt.Errorf("only a first try is drawn, and the last")
		}
		w.tried = true
		return nil
	}
	if s.Insist {
		return fmt.Errorf("the row is said until it is heard, but the run gave up")
	}
	if w.tried && ev.Attempt < 2 {
		return fmt.Errorf("it had been tried before, but this is try %d", ev.Attempt)
	}
	// A try that is neither the first nor the last is not drawn, nor is one in which the process died: its answer may have
	// been lost.
	drawn := 1
	if w.tried {
		drawn = 2
	}
	perhaps := ev.Attempt > drawn && (slices.Contains(w.run.Undos, row) ||
		slices.ContainsFunc(w.events[i+1:], func(e Event) bool { return e.Kind == EventUndone && e.Step == s.Arrow.Undo }))
	if s.undo != nil && (w.maybe || perhaps) {
		w.undos = append(w.undos, row)
	}
	w.turned = true
	return nil
}

// back is what was taken back, or a first try at it.
func (w *witness) back(ev Event) error {
	if len(w.undos) == 0 {
		return fmt.Errorf("there is nothing to take back")
	}
	last := w.t.steps[w.undos[len(w.undos)-1]]
	if ev.Step != last.Arrow.Undo {
		return fmt.Errorf("%q is what must be taken back next", last.Name)
	}
	if ev.Kind != EventUndone {
		if w.untried == ev.Step || ev.Attempt != 1 {
			return fmt.Errorf("only a first try is drawn")
		}
		w.untried = ev.Step
		return nil
	}
	if w.untried == ev.Step && ev.Attempt < 2 {
		return fmt.Errorf("it had been tried before, but this is try %d", ev.Attempt)
	}
	w.undos, w.untried = w.undos[:len(w.undos)-1], ""
	return nil
}

// end compares where the events lead with where the run stands.
func (w *witness) end() error {
	r := w.run
	if r.Seq != len(w.events) {
		return fmt.Errorf("it has %d events, and says %d", len(w.events), r.Seq)
	}
	if r.Step < 0 || r.Step > len(w.t.steps) {
		return fmt.Errorf("there is no such row")
	}
	if r.Step < w.next {
		return fmt.Errorf("%q was drawn, which is not before that row", w.t.steps[w.next-1].Name)
	}
	if r.Step > w.next {
		if w.turned || w.tried {
			return fmt.Errorf("%q was where it ended", w.t.steps[w.next].Name)
		}
		for _, s := range w.t.steps[w.next:r.Step] {
			if s.kind != kindSeen && !s.Anytime {
				return fmt.Errorf("%q was not drawn", s.Name)
			}
		}
	}
	back := r.Status == StatusUndoing || r.Status == StatusRefused
	switch {
	case w.turned != back || w.turned != (r.Refusal != nil):
		return fmt.Errorf("by its events it was refused: %t", w.turned)
	case w.closed != r.Closed:
		return fmt.Errorf("by its events the arrow that ends it was drawn: %t", w.closed)
	case !slices.Equal(w.undos, r.Undos):
		return fmt.Errorf("by its events rows %v would be taken back, by the run %v", w.undos, r.Undos)
	case back && (len(r.Undos) > 0) != (r.Status == StatusUndoing):
		return fmt.Errorf("rows %v are left to be taken back", r.Undos)
	}
	if !back {
		standing := r.Step < len(w.t.steps) && !w.t.steps[r.Step].Optional
		if standing != (r.Status == StatusOpen) {
			return fmt.Errorf("somebody must still act: %t", standing)
		}
		if standing && w.t.steps[r.Step].kind == kindSeen {
			return fmt.Errorf("nobody stands before what is only seen")
		}
	}
	return nil
}
