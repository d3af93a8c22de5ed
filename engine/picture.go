package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

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
			words = append(words, "in "+since(time.Duration(m.Took)))
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

// cast is who speaks in a run: how each is called, and whose lifeline each has.
type cast struct {
	called map[Party]string
	line   map[Party]Party // two that are called the same share the lifeline of the first
	order  []Party         // the lifelines, left to right
}

func (t *Table) cast(names map[Party]string) cast {
	c := cast{called: map[Party]string{}, line: map[Party]Party{}}
	for _, p := range t.speakers() {
		c.called[p] = t.label(p)
		if n := plain(names[p]); n != "" {
			c.called[p] = n
		}
		c.line[p] = p
		if i := slices.IndexFunc(c.order, func(other Party) bool { return c.called[other] == c.called[p] }); i >= 0 {
			c.line[p] = c.order[i]
			continue
		}
		c.order = append(c.order, p)
	}
	return c
}

// name is how a party is called in this run.
func (c cast) name(p Party) string {
	if n := c.called[p]; n != "" {
		return n
	}
	return plain(string(p))
}

// lifeline is whose lifeline a party has; one that has none is itself.
func (c cast) lifeline(p Party) Party {
	if l, ok := c.line[p]; ok {
		return l
	}
	return p
}

// canvas knows where the lifelines are.
type canvas struct {
	cast
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
	c := &canvas{cast: t.cast(names), column: map[Party]int{}}
	speaks := map[Party]bool{c.lifeline(t.Server): true}
	for _, d := range drawn {
		if d.Seen && d.State == StateDone || slices.ContainsFunc(d.Moments, func(m Moment) bool { return m.Kind != EventSkipped && m.Kind != EventAttends }) {
			speaks[c.lifeline(d.From)], speaks[c.lifeline(d.To)] = true, true
		}
	}
	for _, p := range c.order {
		if speaks[p] {
			c.column[p] = len(c.heads)
			c.heads = append(c.heads, c.called[p])
		}
	}
	for p, line := range c.line {
		if i, ok := c.column[line]; ok {
			c.column[p] = i
		}
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
		line, fits := c.toSelf(line, from, how, label)
		if !fits {
			return append([]string{c.over(from, label)}, c.beside(line, at, words)...)
		}
		return c.beside(line, at, words)
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
		above = append(above, c.over(a, label))
	}
	return append(above, c.beside(line, at, words)...)
}

// over is a line with a label right of x. It may cross the other lifelines, and stand where the times do: on this line there is none.
func (c *canvas) over(x int, label string) string {
	line := append(c.lifelines(), blank(pictureWidth-c.width)...)
	text := []rune(" " + cut(label, pictureWidth-2) + " ")
	copy(line[min(x+1, pictureWidth-len(text)):], text)
	return string(line)
}

// toSelf draws an arrow that a lifeline sends itself. It may make the line longer, when the lifeline is the last. A label that has no room
// stands above.
func (c *canvas) toSelf(line []rune, x int, how look, label string) (_ []rune, fits bool) {
	text := []rune(how.self + " " + label)
	room := pictureWidth - timeWidth - wordsWidth - x - 2
	if fits = x+len(text)+2 <= c.width || len(text) <= room; !fits {
		text = []rune(how.self)
	}
	text = append([]rune{'├'}, append(text, ' ')...)
	if grown := x + len(text); grown > len(line) {
		line = append(line, blank(grown-len(line))...)
	}
	copy(line[x:], text)
	return line, fits
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
		if n := len([]rune(line)); at != "" && i == 0 { // under the other times, where the words leave room
			line += pad(at, max(c.width+timeWidth-n, len([]rune(at))+2))
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
