package savehack

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite docs/savehacks.md from the kinds")

const page = "../docs/savehacks.md"

func TestThePageIsTheKinds(t *testing.T) {
	want := writePage(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the kinds say; run go test ./savehack -update", page)
	}
}

func writePage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("<!-- Generated from the kinds by `go test ./savehack -update`; do not edit. -->\n\n# Savehacks\n\n" +
		"A savehack, once launched on a dream, decides by itself what is put aside and when.\n\n" +
		"| kind | what it does |\n|---|---|\n")
	for _, k := range Kinds() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", k.Name, strings.ToLower(k.Name), readSchema(t, k).Description)
	}
	b.WriteString(strings.ReplaceAll(`
## What holds for all

- The wire's names are these with "Launch" at the end: ~DailyLaunch~. Letters are as they are written.
- Amounts are whole numbers of the minor unit of the partner's currency, at most 9007199254740991, beyond which JSON numbers are not exact everywhere. A parameter
  that a kind does not have is a mistake, and so is one that is given twice.
- Each kind's parameters have a JSON Schema (2020-12). What no schema can say is that ~maxAmountCents~ may not be less than ~minAmountCents~ or ~amountCents~.
- A due date is a date in the person's time zone, and begins with the first instant of it there, whatever the clocks do that night. A date that a zone left out is due with the
  next one. The bank can move the money on the first banking day from the due date on.
- Chance is made of the launch's id and the date. Asked again, it gives the same answer; two launches have nothing in common.
- The launch, its dream and its user may set limits besides (the goal, caps of the month, a minimum balance): what is shown here is what a savehack asks for.

A year is drawn as a row for each month and a column for each day: · is a day on which nothing is taken, and the bars show how much is, from ▁ to █, the most of that year.
The launch was on 1 January 2027, a Friday, on a dream of 12 000.00 for 15 December.
`, "~", "`"))
	for _, k := range Kinds() {
		s := readSchema(t, k)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", k.Name, s.Description)
		b.WriteString(parameters(t, k, s))
		example(t, &b, k)
	}
	b.WriteString("\n## Banking days\n\nNo country has banking days on Saturdays and Sundays. Known besides are the closing days of the settlement systems of " +
		"Sweden, Norway and Denmark (with the eves of their feasts), of Great Britain and the United States, of the euro (TARGET), and for Finland, Germany and " +
		"the Netherlands also the days on which their own banks are closed. Of any other country only the weekends are known.\n\n| country | weekdays of 2026 that are no banking days |\n|---|---|\n")
	var countries []string
	for country := range bankHolidays {
		countries = append(countries, country)
	}
	slices.Sort(countries)
	rows := map[string][]string{} // the countries that have the same days
	var order []string
	for _, country := range countries {
		var days []string
		for _, d := range dates(Date{2026, 1, 1}, Date{2026, 12, 31}, func(d Date) bool { return d.monday0() < 5 && closed(d, country) }) {
			days = append(days, fmt.Sprintf("%d %s", d.Day, d.Month.String()[:3]))
		}
		row := strings.Join(days, ", ")
		if rows[row] == nil {
			order = append(order, row)
		}
		rows[row] = append(rows[row], country)
	}
	for _, row := range order {
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(rows[row], " "), row)
	}
	return b.String()
}

// parameters is the table of a kind's parameters, in the order of its schema.
func parameters(t *testing.T, k Kind, s jsonSchema) string {
	if len(s.properties) == 0 {
		return "\nIt has no parameters.\n"
	}
	var b strings.Builder
	b.WriteString("\n| parameter | what it is | allowed | when left out |\n|---|---|---|---|\n")
	names := s.names()
	slices.SortFunc(names, func(a, b string) int {
		return bytes.Index(k.Schema, []byte(quoted(a)+`:{"title"`)) - bytes.Index(k.Schema, []byte(quoted(b)+`:{"title"`))
	})
	for _, name := range names {
		p := s.properties[name]
		allowed, missing := "", "no limit"
		switch {
		case p.Enum != nil:
			allowed = "`" + strings.Join(p.Enum, "`, `") + "`"
		case p.Type == "boolean":
			allowed = "`true`, `false`"
		case p.Type == "string":
			allowed = fmt.Sprintf("%d to %d characters", p.MinLength, p.MaxLength)
		case p.MultipleOf != nil:
			allowed = fmt.Sprintf("%s to %s, in steps of %s", *p.Minimum, *p.Maximum, *p.MultipleOf)
		default:
			allowed = fmt.Sprintf("%s to %s", *p.Minimum, *p.Maximum)
		}
		switch {
		case slices.Contains(s.Required, name):
			missing = "a mistake"
		case p.Default != nil:
			missing = "`" + string(p.Default) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, p.Description, allowed, missing)
	}
	return b.String()
}

// example shows what the kind does with the parameters of its example: a year, or what it answers to amounts.
func example(t *testing.T, b *strings.Builder, k Kind) {
	p := plan(t, k.Name, examples[k.Name])
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(examples[k.Name])); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "\nWith `%s`:\n\n", compact.String())
	if k.Feed != "" || k.Follows {
		what := map[bool]string{true: "the other launch takes"}[k.Follows]
		for _, feed := range []string{income, purchase} {
			if p.Hears(feed) {
				what = feed
			}
		}
		fmt.Fprintf(b, "| %s | saved |\n|---|---|\n", what)
		for _, cents := range []int64{990, 4350, 12000, 250000} {
			fmt.Fprintf(b, "| %s | %s |\n", amount(cents), amount(p.React(Situation{}, cents)))
		}
		return
	}
	s := Situation{Seed: "0198c1a2-7d3e-7c11-9b0a-6f2d8e4b5a10", Started: Date{2027, 1, 1}, Target: 1200000, Expires: Date{2027, 12, 15}}
	takes, most, total := map[Date]int64{}, int64(0), int64(0)
	for after := s.Started.AddDays(-1); ; {
		due, ok := p.Next(s, after)
		if !ok || due.Year > 2027 {
			break
		}
		takes[due] = p.Amount(s, due)
		most, after = max(most, takes[due]), due
		total += takes[due]
		s.Saved += takes[due]
	}
	b.WriteString("```text\n          1   5    10   15   20   25   30\n")
	for month := (Date{2027, 1, 1}); month.Year == 2027; month = month.AddMonths(1) {
		fmt.Fprintf(b, "%-9s ", month.Month)
		for d := month; d.Month == month.Month; d = d.AddDays(1) {
			if takes[d] == 0 {
				b.WriteString("·")
				continue
			}
			b.WriteString(string([]rune("▁▂▃▄▅▆▇█")[(takes[d]*8+most-1)/most-1]))
		}
		b.WriteString("\n")
	}
	times := "deposits"
	if len(takes) == 1 {
		times = "deposit"
	}
	fmt.Fprintf(b, "```\n\n%d %s, the greatest %s, %s in all.\n", len(takes), times, amount(most), amount(total))
}

// amount writes minor units of a currency with two decimals, with a space between thousands.
func amount(cents int64) string {
	whole := fmt.Sprint(cents / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + " " + whole[i:]
	}
	return fmt.Sprintf("%s.%02d", whole, cents%100)
}
