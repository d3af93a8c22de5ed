package sim

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// bankIDShown bounds how many orders and requests the home page lists.
const bankIDShown = 100

// name, root, ways, faults, settings and set are what its pages need to know.
func (b *BankID) name() string    { return "bankid" }
func (b *BankID) root() string    { return "" }
func (b *BankID) ways() []string  { return []string{"", "app", "twist", "behaviour"} }
func (b *BankID) faults() *Faults { return &b.Faults }

func (b *BankID) settings() []setting {
	return []setting{{"twist", b.Twist(), "", slices.Insert(slices.Clone(BankIDTwists), 0, "")}}
}

func (b *BankID) set(name, value string) bool {
	if name != "twist" || value != "" && !slices.Contains(BankIDTwists, value) {
		return false
	}
	b.SetTwist(value)
	return true
}

// app is the app, as far as a browser can be one: it opens an order by a QR code or by the link on the same device, and the person signs or
// cancels.
func (b *BankID) app(w http.ResponseWriter, r *http.Request) {
	step := b.opened
	if r.Method == http.MethodPost {
		step = b.pressed
	}
	b.mu.Lock()
	to, shown := step(r) // the page itself is made without the lock
	b.mu.Unlock()
	if to != "" {
		seeOther(w, to)
		return
	}
	shown.class, shown.onward, shown.back = "at-bank eid", true, "/app" // an order is opened once, so the strip does not come back to it
	render(w, r, b, shown)
}

// opened is a code that was scanned, or a link that was followed. The lock is held.
func (b *BankID) opened(r *http.Request) (to string, shown page) {
	q := r.URL.Query()
	var o *bankIDOrder
	var err error
	switch {
	case q.Has("autostarttoken"):
		o, err = b.start(q.Get("autostarttoken"))
	case q.Has("qr"):
		o, err = b.scan(q.Get("qr"))
	}
	if err != nil || o == nil {
		return "", bankIDScan(r, err)
	}
	o.device = bankIDHost(r)
	return "", b.signing(r, o, nil)
}

// pressed is a press of a button in the app. The lock is held.
func (b *BankID) pressed(r *http.Request) (to string, shown page) {
	o := b.find(func(o *bankIDOrder) bool { return o.app == r.PostFormValue("app") && !o.opened.IsZero() })
	if o == nil {
		return "", bankIDScan(r, refusal{key: "bankid.not.open"})
	}
	if r.PostFormValue("step") == "sign" {
		if b.aged(o) == bankIDPending {
			o.hint = "userSign"
		}
		if err := b.sign(o, r.PostFormValue("person")); err != nil {
			return "", b.signing(r, o, err)
		}
	} else {
		o.end(bankIDFailed, "userCancel")
	}
	if back, err := url.Parse(o.back); o.sameDevice && err == nil && o.back != "" && (back.Scheme == "http" || back.Scheme == "https") {
		return o.back, page{}
	}
	return "", page{name: "bankid-done", data: map[string]any{"Signed": o.state == bankIDComplete}}
}

// bankIDScan is the page on which a code is scanned.
func bankIDScan(r *http.Request, problem error) page {
	return bankIDPage(r, "bankid-scan", map[string]any{}, problem)
}

// signing is the page on which a person signs. The lock is held.
func (b *BankID) signing(r *http.Request, o *bankIDOrder, problem error) page {
	persons := slices.DeleteFunc(slices.Clone(b.opt.Persons), func(p OpenIDPerson) bool { return o.number != "" && p.SSN != o.number })
	return bankIDPage(r, "bankid-sign", map[string]any{"App": o.app, "Visible": o.visible, "Persons": persons}, problem)
}

// bankIDPage is a page of the app, with what went wrong on top.
func bankIDPage(r *http.Request, name string, data map[string]any, problem error) page {
	p := page{name: name, data: data}
	if no, ok := errors.AsType[refusal](problem); ok {
		p.status, data["Problem"] = http.StatusUnprocessableEntity, languages[languageOf(r, "")].say(no.key, no.args...)
	}
	return p
}

// home lists the orders, and what the API was asked.
func (b *BankID) home(w http.ResponseWriter, r *http.Request) {
	heard, orders := b.Heard(), b.Orders()
	slices.Reverse(heard)
	slices.Reverse(orders)
	render(w, r, b, page{name: "bankid-home", data: map[string]any{"Heard": heard[:min(len(heard), bankIDShown)], "Orders": orders[:min(len(orders), bankIDShown)]}})
}

// Mood is how the state of an order looks.
func (o BankIDOrder) Mood() string {
	return map[string]string{bankIDComplete: "good", bankIDFailed: "bad", bankIDPending: "wait"}[o.State]
}
