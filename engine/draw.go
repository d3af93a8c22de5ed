package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// drawnArrow is one arrow of the picture with its number, in the order in which the picture shows them: the rows of the table,
// then what takes them back, the last first, then the arrow that ends a refused run.
type drawnArrow struct {
	Arrow
	step   step
	row    int // in the table; len(steps) for the arrow that ends a refused run
	undoes bool
}

// drawing is every arrow that the flow can have. The numbers in the diagram, in the page and in Drawn are places in it, plus one.
func (t *Table) drawing() []drawnArrow {
	var all []drawnArrow
	for i, s := range t.steps {
		all = append(all, drawnArrow{Arrow: s.Arrow, step: s, row: i})
	}
	for i, s := range slices.Backward(t.steps) {
		if s.undo != nil && s.kind == kindCall { // only what we said can be taken back
			all = append(all, drawnArrow{Arrow: Arrow{From: s.From, To: s.To, Name: s.Arrow.Undo, Insist: true}, step: s, row: i, undoes: true})
		}
	}
	if t.refused.Name != "" {
		all = append(all, drawnArrow{Arrow: t.refused.Arrow, step: t.refused, row: len(t.steps)})
	}
	return all
}

// label is how people read a party.
func (t *Table) label(p Party) string {
	if l := t.Labels[p]; l != "" {
		return l
	}
	return string(p)
}

// speakers are the parties in their order; one that only an arrow names comes last.
func (t *Table) speakers() []Party {
	parties := slices.Clone(t.Parties)
	for _, a := range t.drawing() {
		for _, p := range []Party{a.From, a.To} {
			if !slices.Contains(parties, p) {
				parties = append(parties, p)
			}
		}
	}
	return parties
}

// Mermaid is the flow as a Mermaid sequenceDiagram, as GitHub shows it: solid arrows for what is said to or by us, dashed ones
// for our answers and for what passes between two others.
func (t *Table) Mermaid() string {
	var b strings.Builder
	depth := 1
	line := func(format string, a ...any) {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("    ", depth), fmt.Sprintf(format, a...))
	}
	arrow := func(a Arrow) {
		head := "->>"
		if a.Reply || a.Seen {
			head = "-->>"
		}
		line("%s%s%s: %s", mermaidID(a.From), head, mermaidID(a.To), mermaidText(a.Name))
	}
	b.WriteString("sequenceDiagram\n")
	line("autonumber")
	for _, p := range t.speakers() {
		if id := mermaidID(p); t.label(p) == id {
			line("participant %s", id)
		} else {
			line("participant %s as %s", id, mermaidText(t.label(p)))
		}
	}
	all, boxes := t.drawing(), t.blocks()
	for i, a := range all[:len(t.steps)] {
		box := boxes[i]
		switch opens := i == 0 || boxes[i-1] != box; {
		case box != nil && opens:
			line("%s %s", box.Kind, mermaidText(box.Words))
			depth++
		case box != nil && box.Kind == BlockPar:
			depth--
			line("and %s", mermaidText(box.Words))
			depth++
		}
		arrow(a.Arrow)
		if a.Pivot {
			line("Note over %s,%s: no way back from here, but by the %s's own word", mermaidID(t.speakers()[0]),
				mermaidID(t.speakers()[len(t.speakers())-1]), mermaidText(t.label(a.To)))
		}
		if box != nil && (i+1 == len(t.steps) || boxes[i+1] != box) {
			depth--
			line("end")
		}
	}
	if rest := all[len(t.steps):]; len(rest) > 0 {
		line("opt refused")
		depth++
		for _, a := range rest {
			if a.undoes {
				line("opt %s was heard, or its own answer was lost", mermaidText(a.step.Name))
				depth++
				arrow(a.Arrow)
				depth--
				line("end")
			} else {
				arrow(a.Arrow)
			}
		}
		depth--
		line("end")
	}
	return b.String()
}

// Block is a box around arrows that follow one another, with words over it.
type Block struct {
	Kind  string `json:"kind"` // BlockOpt or BlockPar
	Words string `json:"words"`
}

// The kinds of box: what need not come, and what runs beside everything else.
const (
	BlockOpt = "opt"
	BlockPar = "par"
)

// blocks are the boxes of the arrows of drawing, in its order; nil for one that is in none. Arrows that follow one another under the
// same words are in the same box.
func (t *Table) blocks() []*Block {
	boxes := make([]*Block, len(t.drawing()))
	for i := range t.steps {
		switch box := blockOf(t.steps[i].Arrow); {
		case box == Block{}:
		case i > 0 && box == blockOf(t.steps[i-1].Arrow):
			boxes[i] = boxes[i-1]
			// The arrows keep their order, so that the second is not heard without the first.
			boxes[i].Words = strings.Replace(box.Words, ifItComes, asFarAsItComes, 1)
		default:
			boxes[i] = &box
		}
	}
	return boxes
}

const (
	ifItComes      = "afterwards, if it comes"
	asFarAsItComes = "afterwards, as far as it comes"
)

// blockOf is the box that the arrow would be in alone; the zero Block when it is in none.
func blockOf(a Arrow) Block {
	var words []string
	box := Block{Kind: BlockOpt}
	if a.Opt != "" {
		words = append(words, a.Opt)
	}
	switch {
	case a.Anytime:
		box.Kind, words = BlockPar, append(words, "at any time")
	case a.Par:
		box.Kind, words = BlockPar, append(words, "whenever it comes")
	case a.Optional:
		words = append(words, ifItComes)
	}
	if box.Words = strings.Join(words, ", "); box.Words == "" {
		return Block{}
	}
	return box
}

// mermaidID is a party as Mermaid can name it: in an id, what is no letter or digit may mean something else.
func mermaidID(p Party) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, string(p))
}

// mermaidText keeps words from ending a Mermaid line: there, # begins an entity and ; ends a statement.
var mermaidText = strings.NewReplacer("#", "#35;", ";", "#59;", "\n", " ", "<", "#lt;", ">", "#gt;").Replace

// Page is the flow as a page of documentation in Markdown, all of it from the table.
func (t *Table) Page() string {
	var b strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	p("<!-- Generated from the flow table by `go test ./flow -update`; do not edit. -->\n")
	p("# %s\n", t.Title)
	if t.About != "" {
		p("%s\n", t.About)
	}
	p("In addresses and in the database this flow is `%s`; the table below is version %d of it.\n", t.Name, t.Version)

	p("## Who speaks\n")
	for _, who := range t.speakers() {
		words := "**" + markdown(t.label(who)) + "**"
		if t.label(who) != string(who) {
			words += ", in the code `" + string(who) + "`"
		}
		if who == t.Server {
			words += ": the one that runs this flow; below, “we”"
		}
		p("- %s", words)
	}

	p("\n## The diagram\n")
	p("```mermaid\n%s```\n", t.Mermaid())
	p("Dashed arrows are answers of ours, and what passes between two others.\n")

	p("## The arrows\n")
	p("| | From → to | What is said | What we do about it |")
	p("|---:|---|---|---|")
	for i, a := range t.drawing() {
		p("| %d | %s → %s | %s | %s |", i+1, markdown(t.label(a.From)), markdown(t.label(a.To)), markdown(a.Name), markdown(t.doing(a)))
	}

	for _, who := range t.speakers() {
		t.implements(p, who)
	}
	p("\n## How a refused run ends\n")
	p("%s", t.ending())
	return b.String()
}

// markdown keeps words from ending a cell of a table.
var markdown = strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", ">", "&gt;").Replace

// doing says what we do about an arrow.
func (t *Table) doing(a drawnArrow) string {
	s := a.step
	if a.undoes {
		return fmt.Sprintf("takes “%s” back; %s", s.Name, UntilHeard.words(true))
	}
	var words []string
	say := func(format string, a ...any) { words = append(words, fmt.Sprintf(format, a...)) }
	if a.Opt != "" {
		say("only when %s", a.Opt)
	}
	switch s.kind {
	case kindStart:
		say("begins the run")
	case kindSeen:
		say("nothing: it passes between two others")
	case kindMark:
		if a.Reply {
			say("our answer, drawn with the arrow before it")
		} else {
			say("nothing more: it came to pass with the arrow before it, and is drawn with it")
		}
	case kindCall:
		say("%s", s.retry.words(a.Insist))
		if !a.Insist {
			if a.Pivot {
				say("the run is refused when it is refused, or never arrives")
			} else {
				say("the run is refused when it is refused, or its answer never comes")
			}
		}
	case kindWait:
		switch {
		case a.Anytime:
			say("heard at any time, and any number of times; nobody waits for it")
		case a.Optional:
			say("heard if it comes; the work is done without it")
		case a.Par && s.cond != nil:
			say("heard once, at its place, before it or after it; only at its place is it waited for")
		case a.Par:
			say("heard once, at its place or before it; waited for")
		case s.within > 0:
			say("waited for, for %s; then the run is refused as expired", span(s.within))
		default:
			say("waited for, as long as it takes")
		}
	case kindAnswer:
		switch {
		case a.row == len(t.steps):
			say("said when we are asked, once the run is refused")
		case a.Anytime:
			say("said whenever we are asked")
		case a.Optional:
			say("said when we are asked; the work is done without it")
		default:
			say("said when we are asked; waited for")
		}
	}
	if s.ask != nil {
		when := ""
		if s.askWords != "" {
			when = ", when " + s.askWords
		}
		say("meanwhile we ask%s: %s", when, strings.TrimPrefix(s.askEvery.words(false), "said "))
		if s.askEvery.Then == 0 || s.askEvery.For > 0 {
			say("then a person is asked to look")
		}
	}
	if s.question != nil {
		say("the sender waits for our answer, which a later arrow decides")
	}
	if s.late != nil {
		say("acted on even when it comes too late")
	}
	if a.Pivot {
		say("no way back from here: when the answer is lost it is not said anew and nothing is taken back, we wait to be told")
	}
	if a.Undo != "" && s.kind == kindCall {
		say("taken back with “%s”", a.Undo)
	}
	return strings.Join(words, "; ")
}

// words say when a thing is said again.
func (p Policy) words(untilHeard bool) string {
	var b strings.Builder
	b.WriteString("said ")
	switch {
	case untilHeard:
		b.WriteString("until it is heard: again ")
	case len(p.Delays) == 0 && p.Then == 0:
		return "said once"
	case p.Then == 0:
		fmt.Fprintf(&b, "up to %d times", len(p.Delays)+1)
		if p.For > 0 {
			fmt.Fprintf(&b, " within %s", span(p.For))
		}
		return b.String()
	}
	if len(p.Delays) > 0 {
		b.WriteString("after ")
	}
	var delays []string
	for _, d := range p.Delays {
		delays = append(delays, span(d))
	}
	b.WriteString(strings.Join(delays, ", "))
	if p.Then > 0 {
		if len(delays) > 0 {
			b.WriteString(", then ")
		}
		b.WriteString("every " + span(p.Then))
	}
	if p.For > 0 {
		fmt.Fprintf(&b, ", for %s", span(p.For))
	}
	return b.String()
}

// span is a length of time in the largest units that give it in whole numbers: "30 min", "1 min 30 s".
func span(d time.Duration) string {
	if d <= 0 {
		return "0 ms"
	}
	var words []string
	for _, u := range []struct {
		d    time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := d / u.d; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, u.name))
			d -= n * u.d
		}
	}
	if len(words) == 0 {
		return "under 1 ms"
	}
	return strings.Join(words, " ")
}

// implements lists what we say to a party, and what it says to us. A party that we never call implements nothing.
func (t *Table) implements(p func(string, ...any), who Party) {
	var lines, heard []string
	for i, a := range t.drawing() {
		switch {
		case a.From == t.Server && a.To == who && who != t.Server && !a.Reply && !a.Seen && a.step.kind != kindMark:
			line := fmt.Sprintf("%d. “%s”", i+1, markdown(a.Name))
			switch {
			case a.undoes:
				line += fmt.Sprintf(" takes “%s” back. It may come for one that never arrived, and it may not be refused.", markdown(a.step.Name))
			case a.Insist:
				line += " may not be refused: it is said until it is heard, each time with the same key."
			default:
				line += " may be accepted or refused. When it is said again, it has the same key and wants the same answer."
			}
			if a.Opt != "" {
				line += " Only when " + markdown(a.Opt) + "."
			}
			lines = append(lines, line)
		case a.From == who && a.To == t.Server && who != t.Server && a.row != 0:
			heard = append(heard, "“"+markdown(a.Name)+"”")
		}
	}
	if len(lines) == 0 {
		return
	}
	p("\n## What the %s must implement\n", markdown(t.label(who)))
	p("By the numbers of the diagram:\n")
	for _, l := range lines {
		// A bullet, because a Markdown list would count by itself.
		p("- %s", l)
	}
	if len(heard) > 0 {
		p("\nIt says to us: %s.", strings.Join(heard, ", "))
	}
}

// ending says how a refused run ends.
func (t *Table) ending() string {
	var undos, pivots []drawnArrow
	refusable := t.refused.Name != ""
	for _, a := range t.drawing() {
		switch {
		case a.undoes:
			undos = append(undos, a)
		case a.Pivot:
			pivots = append(pivots, a)
		}
		waits := (a.step.kind == kindWait || a.step.kind == kindAnswer) && !a.Optional && !t.unrefused
		refusable = refusable || waits || a.step.kind == kindCall && !a.Insist
	}
	if !refusable {
		const never = "Nothing in this flow can be refused"
		if slices.ContainsFunc(t.steps, func(s step) bool { return s.Insist }) {
			return never + ": what is ours to say is said until it is heard."
		}
		return never + "."
	}
	var b strings.Builder
	b.WriteString("A run is refused when a party says no, when what we say is not heard in time, or when nobody says in time what we wait for.")
	for _, a := range pivots {
		fmt.Fprintf(&b, " Once “%s” was said, only the %s's own word refuses it.", a.Name, t.label(a.To))
	}
	b.WriteString("\n")
	if len(undos) > 0 {
		b.WriteString("\nWhat had been heard, and what may have been because its answer was lost, is taken back, the last first:\n\n")
		for _, a := range undos {
			fmt.Fprintf(&b, "- “%s” takes “%s” back: %s → %s, until it is heard\n", a.Name, a.step.Name, t.label(a.From), t.label(a.To))
		}
	} else {
		b.WriteString("\nNothing has to be taken back.\n")
	}
	if r := t.refused; r.Name != "" {
		fmt.Fprintf(&b, "\nThe run is over when that has been done. “%s” is said to the %s when it asks, which may be before.\n", r.Name, t.label(r.To))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
