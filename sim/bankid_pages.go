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
		trustlyRender(w, http.StatusUnprocessableEntity, bankIDScanPage, map[string]any{"Problem": err.Error()})
	case o == nil:
		Render(w, bankIDScanPage, nil)
	default:
		o.device = bankIDHost(r)
		Render(w, bankIDSignPage, b.signing(o, ""))
	}
}

// signing is what the page on which a person signs needs to know. The lock is held.
func (b *BankID) signing(o *bankIDOrder, problem string) map[string]any {
	persons := slices.DeleteFunc(slices.Clone(b.opt.Persons), func(p OpenIDPerson) bool { return o.number != "" && p.SSN != o.number })
	return map[string]any{"App": o.app, "Visible": o.visible, "Persons": persons, "Problem": problem}
}

// pressed is a press of a button in the app. The lock is held.
func (b *BankID) pressed(w http.ResponseWriter, r *http.Request) {
	o := b.find(func(o *bankIDOrder) bool { return o.app == r.PostFormValue("app") && !o.opened.IsZero() })
	if o == nil {
		trustlyRender(w, http.StatusUnprocessableEntity, bankIDScanPage, map[string]any{"Problem": "The app has no such order open."})
		return
	}
	if r.PostFormValue("step") == "sign" {
		if b.aged(o) == bankIDPending {
			o.hint = "userSign"
		}
		if err := b.sign(o, r.PostFormValue("person")); err != nil {
			trustlyRender(w, http.StatusUnprocessableEntity, bankIDSignPage, b.signing(o, err.Error()))
			return
		}
	} else {
		o.end(bankIDFailed, "userCancel")
	}
	if to, err := url.Parse(o.back); o.sameDevice && err == nil && o.back != "" && (to.Scheme == "http" || to.Scheme == "https") {
		trustlySeeOther(w, o.back)
		return
	}
	Render(w, bankIDDonePage, map[string]any{"Signed": o.state == bankIDComplete})
}

func (b *BankID) home(w http.ResponseWriter) {
	heard, orders := b.Heard(), b.Orders()
	slices.Reverse(heard)
	slices.Reverse(orders)
	Render(w, bankIDHome, map[string]any{"Heard": heard[:min(len(heard), 200)], "Orders": orders[:min(len(orders), 50)]})
}

var bankIDHome = Page(`{{define "title"}}BankID, simulated{{end}}
{{define "main"}}<h1>BankID, simulated</h1>
<p><a href="app">The app</a> · <a href="behaviour">How BankID behaves</a></p>
<h2>Orders, newest first</h2>
{{if .Orders}}<table><thead><tr><th scope="col">Order</th><th scope="col">State</th></tr></thead>
<tbody>{{range .Orders}}<tr><td class="small">{{.Ref}}</td><td>{{.State}}{{with .Hint}}, {{.}}{{end}}</td></tr>{{end}}</tbody></table>{{else}}<p>None yet.</p>{{end}}
<h2>Requests, newest first</h2>
{{if .Heard}}<table><thead><tr><th scope="col">At</th><th scope="col">Endpoint</th><th scope="col">Answer</th></tr></thead>
<tbody>{{range .Heard}}<tr><td>{{.At.Format "15:04:05.000"}}</td><td>{{.Endpoint}}{{if .Fault}} ({{.Fault}}){{end}}</td><td>{{if .Status}}{{.Status}}{{else}}none{{end}}</td></tr>{{end}}</tbody></table>{{else}}<p>None yet.</p>{{end}}{{end}}`)

const bankIDProblem = `{{define "problem"}}{{with .}}<p role="alert"><strong>{{.}}</strong></p>{{end}}{{end}}`

var bankIDScanPage = Page(bankIDProblem + `{{define "title"}}The BankID app{{end}}
{{define "main"}}<h1>The BankID app</h1>{{with .}}{{template "problem" .Problem}}{{end}}
<form method="get" action="app"><label for="qr">What the QR code says, in place of a camera</label>
<input id="qr" name="qr" autocomplete="off" required>
<p><button>Scan</button></p></form>
<p>A code is good for a few seconds. On the same device, use the link on the page that shows it.</p>{{end}}`)

var bankIDSignPage = Page(bankIDProblem + `{{define "title"}}Identify yourself{{end}}
{{define "main"}}<h1>Identify yourself</h1>{{template "problem" .Problem}}
{{with .Visible}}<p>{{.}}</p>{{end}}
<form method="post" action="app"><input type="hidden" name="app" value="{{.App}}">
<label for="person">Your BankID</label>
<select id="person" name="person">{{range .Persons}}<option value="{{.SSN}}">{{.Name}}</option>{{end}}</select>
<p><button name="step" value="sign">Identify</button></p></form>
<form method="post" action="app"><input type="hidden" name="app" value="{{.App}}"><button name="step" value="cancel" class="quiet">Cancel</button></form>{{end}}`)

var bankIDDonePage = Page(`{{define "title"}}{{if .Signed}}You have identified yourself{{else}}You cancelled{{end}}{{end}}
{{define "main"}}<h1>{{if .Signed}}You have identified yourself{{else}}You cancelled{{end}}</h1>
<p>Go back to the page where you began: it goes on by itself.</p>{{end}}`)
