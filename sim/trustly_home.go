package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// trustlyShown bounds how many orders and deliveries the home page lists.
const trustlyShown = 200

// name, root, ways, faults, settings and set are what its pages need to know.
func (t *Trustly) name() string    { return "trustly" }
func (t *Trustly) root() string    { return "" }
func (t *Trustly) ways() []string  { return []string{"", "scenario", "behaviour"} }
func (t *Trustly) faults() *Faults { return &t.Faults }

func (t *Trustly) settings() []setting {
	now := t.Scenario().Order
	if now == "" {
		now = trustlyFlows[0]
	}
	return []setting{{"scenario", now, trustlyFlows[0], trustlyFlows}}
}

// set changes which notifications come, and leaves the rest of the scenario alone.
func (t *Trustly) set(name, value string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scenario
	s.Order = value
	if name != "scenario" || s.check() != nil {
		return false
	}
	t.scenario = s
	return true
}

// trustlyOrderRow is an order on the home page.
type trustlyOrderRow struct {
	TrustlyOrder
	Link string
}

// Mood is how the state of an order looks.
func (o trustlyOrderRow) Mood() string {
	switch {
	case o.State == TrustlyCredited:
		return "good"
	case o.State.over() && o.State != TrustlyApproved:
		return "bad"
	}
	return "wait"
}

// trustlySentRow is a delivery on the home page. Again says that it is the last one of its notification, which can be sent again.
type trustlySentRow struct {
	TrustlyDelivery
	Again bool
}

func (t *Trustly) serveHome(w http.ResponseWriter, r *http.Request) { t.home(w, r, nil) }

// home lists the orders and what was sent about them, newest first.
func (t *Trustly) home(w http.ResponseWriter, r *http.Request, problem error) {
	root := rootOf(r, t.root())
	known := map[string]bool{}
	var orders []trustlyOrderRow
	for _, o := range slices.Backward(t.Orders()) {
		_, query, _ := strings.Cut(o.URL, "?")
		known[o.OrderID] = true
		orders = append(orders, trustlyOrderRow{o, root + "_/orderclient?" + query})
	}
	seen := map[string]bool{}
	var sent []trustlySentRow
	for _, d := range slices.Backward(t.Sent()) {
		sent = append(sent, trustlySentRow{d, known[d.OrderID] && !seen[d.NotificationID]})
		seen[d.NotificationID] = true
	}
	p := page{name: "orders", back: "/"}
	data := map[string]any{"Orders": orders[:min(len(orders), trustlyShown)], "Sent": sent[:min(len(sent), trustlyShown)]}
	if problem != nil {
		p.status, data["Problem"] = http.StatusConflict, languages[languageOf(r, "")].say("orders.failed", problem.Error())
	}
	p.data = data
	render(w, r, t, p)
}

// serveReverse is somebody who presses "Reverse".
func (t *Trustly) serveReverse(w http.ResponseWriter, r *http.Request) {
	if fromHere(w, r) {
		t.done(w, r, t.Reverse(r.PathValue("id")))
	}
}

// serveAgain is somebody who has a notification sent again, under its own id and with the same data.
func (t *Trustly) serveAgain(w http.ResponseWriter, r *http.Request) {
	if !fromHere(w, r) {
		return
	}
	order, id := r.PathValue("id"), r.PostFormValue("notification")
	sent := t.Sent()
	i := slices.IndexFunc(sent, func(d TrustlyDelivery) bool { return d.OrderID == order && d.NotificationID == id })
	if i < 0 {
		t.done(w, r, fmt.Errorf("trustly: order %q has no notification %q", order, id))
		return
	}
	t.done(w, r, t.Notify(order, sent[i].Method, sent[i].Data))
}

// done goes back to the home page, or says there what went wrong.
func (t *Trustly) done(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		t.home(w, r, err)
		return
	}
	seeOther(w, "../../")
}
