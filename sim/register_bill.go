package sim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// registerShown bounds how many questions the bill lists.
const registerShown = 200

// name, root, ways, faults, settings and set are what its pages need to know.
func (g *Register) name() string            { return "register" }
func (g *Register) root() string            { return "" }
func (g *Register) ways() []string          { return []string{"", "behaviour"} }
func (g *Register) faults() *Faults         { return &g.Faults }
func (g *Register) settings() []setting     { return nil }
func (g *Register) set(string, string) bool { return false }

// registerRow is a question on the bill. Whom it is about, and who asked, is masked.
type registerRow struct {
	At, By, About, Outcome, Cost string
	Fault                        Fault
}

// registerDay is a day on the bill.
type registerDay struct {
	Day  string
	N    int
	Cost string
}

// bill shows what the questions cost, and what became of each.
func (g *Register) bill(w http.ResponseWriter, r *http.Request) {
	kronor := func(ore int) string { return operatorAmount(int64(ore), "SEK") }
	heard := g.Heard()
	slices.Reverse(heard)
	var rows []registerRow
	for _, q := range heard[:min(len(heard), registerShown)] {
		row := registerRow{At: q.At.Format("15:04:05.000"), By: registerMaskAsker(q.Asker), About: registerMask(q.IDNumber), Outcome: q.Outcome, Fault: q.Fault}
		if q.BilledOre > 0 {
			row.Cost = kronor(q.BilledOre)
		}
		rows = append(rows, row)
	}
	g.mu.Lock()
	perDay := maps.Clone(g.days)
	g.mu.Unlock()
	var days []registerDay
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(perDay))) {
		days = append(days, registerDay{day, perDay[day], kronor(perDay[day] * g.opt.PriceOre)})
	}
	render(w, r, g, page{name: "register", data: map[string]any{
		"N": g.Questions(), "Each": kronor(g.opt.PriceOre), "Total": kronor(g.BillOre()), "Days": days, "Rows": rows,
	}})
}

// registerMask shows the year of a number and no more.
func registerMask(id string) string {
	if len(id) != 12 {
		return ""
	}
	return id[:4] + "••••-••••"
}

// registerMaskAsker shows the beginning of a customer's number, and of its user's name.
func registerMaskAsker(asker string) string {
	var masked []string
	for word := range strings.FieldsSeq(asker) {
		masked = append(masked, string([]rune(word)[:min(3, len([]rune(word)))])+"•••")
	}
	return strings.Join(masked, " ")
}
