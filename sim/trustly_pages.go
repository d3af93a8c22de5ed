package sim

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Links and forms are relative, so that the pages work behind any path. Each form says in "step" what the person does.

// pageOrder is the order a page is about, or nil after having said that there is none.
func (t *Trustly) pageOrder(w http.ResponseWriter, r *http.Request) *trustlyOrder {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.find(r.URL.Query().Get("OrderID"))
	if o == nil || o.session != r.URL.Query().Get("SessionID") {
		trustlyRender(w, http.StatusNotFound, trustlyMessagePage, map[string]any{"Title": "There is no such order", "Text": "The link is wrong, or the simulation was started again."})
		return nil
	}
	return o
}

func trustlySeeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to) // not http.Redirect, which would make it absolute
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}

// trustlyRender is Render with a status other than 200.
func trustlyRender(w http.ResponseWriter, status int, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	Render(w, page, data)
}

// serveOrder shows the person where the order stands.
func (t *Trustly) serveOrder(w http.ResponseWriter, r *http.Request) {
	o := t.pageOrder(w, r)
	if o == nil {
		return
	}
	if t.auto != "" && r.Method == http.MethodGet {
		decision := t.auto
		if decision == "deny" && o.asksKYC() && o.attribute("Amount") == "" {
			decision = "cancel" // a merchant that asks for nothing stops after kyc, so who does not want to leaves before
		}
		if err := t.Act(o.id, TrustlyPerson{}, decision); err != nil {
			t.log("auto: " + err.Error())
			t.awaitEnd(r.Context(), o) // the page may be open twice, and the other one act on it
		}
	}
	t.show(w, r, o, "")
}

// show renders the page for the state of the order, or sends the person back if it has ended. The error is shown on top.
func (t *Trustly) show(w http.ResponseWriter, r *http.Request, o *trustlyOrder, problem string) {
	t.mu.Lock()
	page := trustlyWaitPage
	data := map[string]any{"Order": t.view(o), "Query": "?" + o.query, "Problem": problem, "Bank": o.bank, "Shop": o.attribute("ShopperStatement")}
	ended := false
	select {
	case <-o.ended:
		ended = true
	default:
	}
	switch {
	case ended:
		to := o.backURL()
		t.mu.Unlock()
		trustlySeeOther(w, to)
		return
	case o.state == TrustlyCreated && r.URL.Query().Has("options"):
		page = trustlyOptionsPage
		trustlyScenarioData(data, o.scenario)
	case o.state == TrustlyCreated && (o.bank == "" || r.URL.Query().Has("banks")):
		page = trustlyBankPage
		data["Banks"] = trustlyBanks
	case o.state == TrustlyCreated:
		page = trustlyLoginPage
		data["People"], data["Person"] = TrustlyPeople(), trustlyPersonOf(o.attribute("Country"))
	case o.state == TrustlyIdentified:
		page = trustlyConfirmPage
		data["Person"], data["Currency"], data["Fixed"] = o.person, o.currency, o.attribute("Amount") != ""
		data["Asked"], data["Limit"] = o.attribute("Amount"), o.limit
		data["Min"], data["Max"] = o.attribute("SuggestedMinAmount"), o.attribute("SuggestedMaxAmount")
		data["Account"] = o.account()["attributes"].(map[string]any)["descriptor"]
		minor, err := o.due(o.person.Amount)
		if err != nil && problem == "" {
			data["Problem"] = strings.TrimPrefix(err.Error(), "trustly: ")
		}
		data["Payable"], data["Amount"] = err == nil, trustlyDecimal(minor, o.currency)
		data["Lowered"] = err == nil && o.attribute("Amount") != "" && o.attribute("Amount") != trustlyDecimal(minor, o.currency)
	}
	t.mu.Unlock()
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	trustlyRender(w, status, page, data)
}

// serveStep is a person who pressed a button.
func (t *Trustly) serveStep(w http.ResponseWriter, r *http.Request) {
	o := t.pageOrder(w, r)
	if o == nil {
		return
	}
	var err error
	switch r.PostFormValue("step") {
	case "bank":
		bank := r.PostFormValue("bank")
		if !slices.Contains(trustlyBanks, bank) {
			err = fmt.Errorf("there is no bank %q", bank)
			break
		}
		t.mu.Lock()
		if o.state == TrustlyCreated {
			o.bank = bank
		}
		t.mu.Unlock()
	case "options":
		var s TrustlyScenario
		if s, err = trustlyScenarioOf(r); err == nil {
			t.mu.Lock()
			if o.state == TrustlyCreated {
				o.scenario = s
			}
			t.mu.Unlock()
		}
	case "login":
		id := r.PostFormValue("person")
		if id == "" {
			id = r.PostFormValue("identifier")
		}
		if strings.TrimSpace(id) == "" {
			err = fmt.Errorf("type what you log in with")
			break
		}
		if _, tooLate := t.identify(o, TrustlyPerson{ID: id}); tooLate == nil {
			t.await(r.Context(), o) // and when that takes too long, the page says so
		}
	case "approve":
		t.mu.Lock()
		ready := o.state == TrustlyIdentified
		t.mu.Unlock()
		if ready { // otherwise the button was pressed twice
			err = t.pay(o, strings.TrimSpace(r.PostFormValue("amount")))
		}
	case "deny":
		if tooLate := t.refuse(o); tooLate != nil {
			t.log("deny: " + tooLate.Error())
		}
	default:
		err = fmt.Errorf("there is no such step")
	}
	if err != nil {
		t.show(w, r, o, strings.TrimPrefix(err.Error(), "trustly: "))
		return
	}
	t.mu.Lock()
	to := "?" + o.query
	select {
	case <-o.ended:
		to = o.backURL()
	default:
	}
	t.mu.Unlock()
	trustlySeeOther(w, to)
}

func (t *Trustly) serveHome(w http.ResponseWriter, r *http.Request) {
	orders := t.Orders()
	slices.Reverse(orders)
	links := map[string]string{}
	for _, o := range orders {
		_, query, _ := strings.Cut(o.URL, "?")
		links[o.OrderID] = "_/orderclient?" + query
	}
	Render(w, trustlyHomePage, map[string]any{"Orders": orders, "Links": links})
}

func (t *Trustly) serveScenario(w http.ResponseWriter, r *http.Request) {
	data := map[string]any{}
	trustlyScenarioData(data, t.Scenario())
	Render(w, trustlyScenarioPage, data)
}

func (t *Trustly) serveSetScenario(w http.ResponseWriter, r *http.Request) {
	s, err := trustlyScenarioOf(r)
	if err != nil {
		data := map[string]any{"Problem": err.Error()}
		trustlyScenarioData(data, t.Scenario())
		trustlyRender(w, http.StatusUnprocessableEntity, trustlyScenarioPage, data)
		return
	}
	t.SetScenario(s)
	trustlySeeOther(w, "scenario")
}

func trustlyScenarioData(data map[string]any, s TrustlyScenario) {
	data["S"], data["Orders"] = s, trustlyFlows
	data["Delay"] = ""
	if s.CreditDelay > 0 {
		data["Delay"] = s.CreditDelay.Seconds()
	}
}

// trustlyScenarioOf reads the form of a scenario.
func trustlyScenarioOf(r *http.Request) (TrustlyScenario, error) {
	on := func(key string) bool { return r.PostFormValue(key) != "" }
	s := TrustlyScenario{
		Order: r.PostFormValue("order"), CreditAmount: r.PostFormValue("creditAmount"), CreditCurrency: r.PostFormValue("creditCurrency"),
		NotifyBeforeResponse: on("notifyBeforeResponse"), ExtraFields: on("extraFields"), NullPersonID: on("nullPersonID"),
		NullGender: on("nullGender"), Country: r.PostFormValue("kycCountry"), KYCEntity: r.PostFormValue("kycEntity"), IgnoreLimit: on("ignoreLimit"),
	}
	if v := r.PostFormValue("creditDelaySeconds"); v != "" {
		seconds, err := strconv.ParseFloat(v, 64)
		if err != nil || !(seconds >= 0 && seconds <= 86400) {
			return s, fmt.Errorf("%q is no delay in seconds", v)
		}
		s.CreditDelay = time.Duration(seconds * float64(time.Second))
	}
	if v := r.PostFormValue("duplicates"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return s, fmt.Errorf("%q is no number of duplicates", v)
		}
		s.Duplicates = n
	}
	return s, s.check()
}

// trustlyActions are what Faults knows.
var trustlyActions = []string{"Deposit", "AccountLedger", "kyc", "account", "pending", "credit", "debit", "cancel"}

// serveBehaviour is Faults.Page, which also takes the two faults that only Trustly has.
func (t *Trustly) serveBehaviour(w http.ResponseWriter, r *http.Request) {
	fault := Fault(r.FormValue("fault"))
	if r.Method != http.MethodPost || fault != TrustlyWrongUUID && fault != TrustlyWrongSignature || !slices.Contains(trustlyActions, r.FormValue("action")) {
		t.Faults.Page("Trustly", trustlyActions...).ServeHTTP(w, r)
		return
	}
	times, err := strconv.Atoi(r.FormValue("times"))
	if err != nil {
		times = -1
	}
	t.Faults.Set(r.FormValue("action"), fault, times)
	trustlySeeOther(w, "behaviour")
}

var trustlyMessagePage = Page(`{{define "title"}}{{.Title}}{{end}}
{{define "main"}}<h1>{{.Title}}</h1><p>{{.Text}}</p>{{end}}`)

const trustlyParts = `{{define "problem"}}{{with .Problem}}<p role="alert">{{.}}</p>{{end}}{{end}}
{{define "deny"}}<form method="post" action="{{.Query}}"><button name="step" value="deny" class="quiet">Cancel and return</button></form>{{end}}`

var trustlyBankPage = Page(trustlyParts + `{{define "title"}}Choose your bank{{end}}
{{define "main"}}<h1>Choose your bank</h1>{{template "problem" .}}
<p>Order {{.Order.OrderID}}{{with .Shop}} for {{.}}{{end}}</p>
{{range .Banks}}<form method="post" action="{{$.Query}}"><input type="hidden" name="step" value="bank"><button name="bank" value="{{.}}" class="quiet">{{.}}</button></form>
{{end}}<p><a href="{{.Query}}&amp;options=1">Set order options</a></p>
{{template "deny" .}}{{end}}`)

var trustlyLoginPage = Page(trustlyParts + `{{define "title"}}Log in to {{.Bank}}{{end}}
{{define "main"}}<h1>Log in to {{.Bank}}</h1>{{template "problem" .}}
<form method="post" action="{{.Query}}"><input type="hidden" name="step" value="login">
<label for="identifier">Personal number</label>
<input id="identifier" name="identifier" value="{{.Person.ID}}" autocomplete="off">
<label for="person">Or a test person</label>
<select id="person" name="person"><option value="">Whoever has this number</option>
{{range .People}}<option value="{{.ID}}">{{.FirstName}} {{.LastName}}, {{.City}}</option>
{{end}}</select>
<p><button>Log in</button></p></form>
<p><a href="{{.Query}}&amp;banks=1">Another bank</a> · <a href="{{.Query}}&amp;options=1">Set order options</a></p>
{{template "deny" .}}{{end}}`)

var trustlyWaitPage = Page(trustlyParts + `{{define "title"}}One moment{{end}}
{{define "main"}}<h1>This is taking long</h1>
<p>{{if eq .Order.State "paying"}}Your bank is carrying out the payment.{{else}}{{or .Shop "The merchant"}} has not answered yet whether you may go on.{{end}}</p>
<p><a href="{{.Query}}">Look again</a></p>
{{if ne .Order.State "paying"}}{{template "deny" .}}{{end}}{{end}}`)

var trustlyConfirmPage = Page(trustlyParts + `{{define "title"}}Confirm the payment{{end}}
{{define "main"}}<h1>Confirm the payment</h1>{{template "problem" .}}
<p>{{.Person.FirstName}} {{.Person.LastName}}, you pay{{with .Shop}} to {{.}}{{end}}.</p>
{{if .Lowered}}<p>The amount was {{.Asked}} {{.Currency}}. The merchant lets you pay {{.Amount}} {{.Currency}} at most.</p>{{end}}
<form method="post" action="{{.Query}}"><input type="hidden" name="step" value="approve">
<label for="account">From account</label>
<select id="account" name="account"><option>{{.Bank}} {{.Account}}</option></select>
{{if .Fixed}}<p>Amount: <strong>{{.Amount}} {{.Currency}}</strong></p>
{{else}}<label for="amount">Amount in {{.Currency}}{{with .Min}}, at least {{.}}{{end}}{{with .Max}}, at most {{.}}{{end}}{{with .Limit}}, limited to {{.}}{{end}}</label>
<input id="amount" name="amount" inputmode="decimal" value="{{.Amount}}" autocomplete="off">
{{end}}{{if .Payable}}<p><button>Approve payment</button></p>{{end}}</form>
{{template "deny" .}}{{end}}`)

const trustlyScenarioFields = `{{define "fields"}}<label for="order">Notifications</label>
<select id="order" name="order">{{range .Orders}}<option{{if eq . $.S.Order}} selected{{end}}>{{.}}</option>{{end}}</select>
<label for="delay">Delay of a late credit, in seconds</label><input id="delay" name="creditDelaySeconds" inputmode="decimal" value="{{.Delay}}">
<label for="duplicates">Copies of each notification, besides the first</label><input id="duplicates" name="duplicates" inputmode="numeric" value="{{.S.Duplicates}}">
<label for="creditAmount">Credit this amount instead</label><input id="creditAmount" name="creditAmount" inputmode="decimal" value="{{.S.CreditAmount}}">
<label for="creditCurrency">Credit in this currency instead</label><input id="creditCurrency" name="creditCurrency" value="{{.S.CreditCurrency}}">
<label for="kyc-country">Country in kyc, like Sweden</label><input id="kyc-country" name="kycCountry" value="{{.S.Country}}">
<label for="kycEntity">kycentityid</label><input id="kycEntity" name="kycEntity" value="{{.S.KYCEntity}}">
<label class="check"><input type="checkbox" name="notifyBeforeResponse" value="1"{{if .S.NotifyBeforeResponse}} checked{{end}}> kyc before the answer to Deposit</label>
<label class="check"><input type="checkbox" name="extraFields" value="1"{{if .S.ExtraFields}} checked{{end}}> Unknown fields in the data</label>
<label class="check"><input type="checkbox" name="nullPersonID" value="1"{{if .S.NullPersonID}} checked{{end}}> No personid</label>
<label class="check"><input type="checkbox" name="nullGender" value="1"{{if .S.NullGender}} checked{{end}}> No gender</label>
<label class="check"><input type="checkbox" name="ignoreLimit" value="1"{{if .S.IgnoreLimit}} checked{{end}}> The payment ignores the limit</label>{{end}}`

var trustlyOptionsPage = Page(trustlyParts + trustlyScenarioFields + `{{define "title"}}Set order options{{end}}
{{define "main"}}<h1>Set order options</h1>{{template "problem" .}}
<form method="post" action="{{.Query}}&amp;options=1"><input type="hidden" name="step" value="options">{{template "fields" .}}
<p><button>Set options</button></p></form>
<p><a href="{{.Query}}">Back to the order</a></p>{{end}}`)

var trustlyScenarioPage = Page(trustlyParts + trustlyScenarioFields + `{{define "title"}}What happens to new orders{{end}}
{{define "main"}}<h1>What happens to new orders</h1>{{template "problem" .}}
<form method="post" action="scenario">{{template "fields" .}}
<p><button>Set scenario</button></p></form>
<h2>The next answer</h2>
<form method="post" action="behaviour" class="row"><input type="hidden" name="action" value="Deposit"><input type="hidden" name="times" value="1">
<label for="fault">Deposit is answered with</label><select id="fault" name="fault"><option value="wrong-uuid">another uuid</option><option value="wrong-signature">a wrong signature</option></select>
<button>Set answer</button></form>
<p><a href="./">Orders</a></p>{{end}}`)

var trustlyHomePage = Page(`{{define "title"}}Trustly, simulated{{end}}
{{define "main"}}<h1>Trustly, simulated</h1>
<p><a href="scenario">What happens to new orders</a> · <a href="behaviour">How Trustly behaves</a></p>
{{if .Orders}}<table><thead><tr><th scope="col">Order</th><th scope="col">State</th><th scope="col">Money</th><th scope="col">kyc</th></tr></thead>
<tbody>{{range .Orders}}<tr><td><a href="{{index $.Links .OrderID}}">{{.OrderID}}</a><br><span class="small">{{.MessageID}}</span></td><td>{{.State}}</td>
<td>{{with .Amount}}approved {{.}}<br>{{end}}{{with .Credited}}credited {{.}}<br>{{end}}{{with .Debited}}debited {{.}}{{end}}</td>
<td>{{range .KYCAnswers}}{{.}}<br>{{end}}</td></tr>{{end}}</tbody></table>
{{else}}<p>There are no orders yet.</p>{{end}}{{end}}`)
