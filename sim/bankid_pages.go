package sim

import (
	"net/http"
	"net/url"
	"slices"
)

// app is the app, as far as a browser can be one: it opens an order by a QR code or by the link on the same device, and the person signs or
// cancels.
func (b *BankID) app(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodPost {
		b.pressed(w, r)
		return
	}
	q := r.URL.Query()
	var o *bankIDOrder
	var err error
	switch {
	case q.Has("autostarttoken"):
		o, err = b.start(q.Get("autostarttoken"))
	case q.Has("qr"):
		o, err = b.scan(q.Get("qr"))
	}
	switch {
	case err != nil:
		render(w, r, b, bankIDScanning(http.StatusUnprocessableEntity, err.Error()))
	case o == nil:
		render(w, r, b, bankIDScanning(http.StatusOK, ""))
	default:
		o.device = bankIDHost(r)
		render(w, r, b, b.signing(o, ""))
	}
}

// signing is the page on which a person signs. The lock is held.
func (b *BankID) signing(o *bankIDOrder, problem string) page {
	persons := slices.DeleteFunc(slices.Clone(b.opt.Persons), func(p OpenIDPerson) bool { return o.number != "" && p.SSN != o.number })
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return page{name: "bankid-sign", status: status, class: "at-bank eid", onward: true, back: "/app",
		data: map[string]any{"App": o.app, "Visible": o.visible, "Persons": persons, "Problem": problem}}
}

// pressed is a press of a button in the app. The lock is held.
func (b *BankID) pressed(w http.ResponseWriter, r *http.Request) {
	o := b.find(func(o *bankIDOrder) bool { return o.app == r.PostFormValue("app") && !o.opened.IsZero() })
	if o == nil {
		render(w, r, b, bankIDScanning(http.StatusUnprocessableEntity, "The app has no such order open."))
		return
	}
	if r.PostFormValue("step") == "sign" {
		if b.aged(o) == bankIDPending {
			o.hint = "userSign"
		}
		if err := b.sign(o, r.PostFormValue("person")); err != nil {
			render(w, r, b, b.signing(o, err.Error()))
			return
		}
	} else {
		o.end(bankIDFailed, "userCancel")
	}
	if to, err := url.Parse(o.back); o.sameDevice && err == nil && o.back != "" && (to.Scheme == "http" || to.Scheme == "https") {
		seeOther(w, o.back)
		return
	}
	title := "bankid.cancelled"
	if o.state == bankIDComplete {
		title = "bankid.signed"
	}
	render(w, r, b, page{name: "message", class: "at-bank eid", back: "/app", data: map[string]any{"Brand": "bankid.name", "Title": title, "Text": "bankid.back"}})
}

// home shows the orders and what BankID was asked.
func (b *BankID) home(w http.ResponseWriter, r *http.Request) {
	heard, orders := b.Heard(), b.Orders()
	slices.Reverse(heard)
	slices.Reverse(orders)
	render(w, r, b, page{name: "bankid-home", data: map[string]any{"Heard": heard[:min(len(heard), 200)], "Orders": orders[:min(len(orders), 50)]}})
}

// name, root, ways, faults, settings and set are what its pages need to know.
func (b *BankID) name() string            { return "bankid" }
func (b *BankID) root() string            { return "/" }
func (b *BankID) ways() []string          { return []string{"", "app", "behaviour"} }
func (b *BankID) faults() *Faults         { return &b.Faults }
func (b *BankID) settings() []setting     { return nil }
func (b *BankID) set(string, string) bool { return false }

// Actions are what BankID can be asked, as Faults knows it.
func (b *BankID) Actions() []string { return slices.Clone(bankIDActions) }

// FaultsOf are the faults that an action can have.
func (b *BankID) FaultsOf(action string) []Fault { return faultsOf(b.Actions(), action, AllFaults) }

// scanning is the app before it has an order.
func bankIDScanning(status int, problem string) page {
	return page{name: "bankid-scan", status: status, class: "at-bank eid", back: "/app", data: map[string]any{"Problem": problem}}
}
