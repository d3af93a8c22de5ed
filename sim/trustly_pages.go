package sim

import (
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Links and forms are relative, so that the pages work behind any path. Each form says in "step" what the person does.

// pageOrder is the order a page is about, or nil after having said that there is none.
func (t *Trustly) pageOrder(w http.ResponseWriter, r *http.Request) *trustlyOrder {
	t.mu.Lock()
	o := t.find(r.URL.Query().Get("OrderID"))
	t.mu.Unlock()
	if o == nil || o.session != r.URL.Query().Get("SessionID") {
		render(w, r, t, page{name: "message", status: http.StatusNotFound, class: "at-bank", framed: true, language: r.URL.Query().Get("Locale"),
			data: map[string]any{"Brand": "bank.pay", "Title": "bank.lost", "Text": "bank.lost.text"}})
		return nil
	}
	return o
}

// trustlySay is an error as the page of an order says it.
func trustlySay(lang words, err error) string {
	if no, ok := errors.AsType[refusal](err); ok {
		return lang.say(no.key, no.args...)
	}
	return lang.say("bank.changed")
}

// trustlySteps are what the person goes through.
var trustlySteps = []string{"bank.step.choose", "bank.step.login", "bank.step.confirm"}

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
	t.show(w, r, o, nil)
}

// show renders the page for the state of the order, or sends the person back if it has ended. What went wrong is said on top.
func (t *Trustly) show(w http.ResponseWriter, r *http.Request, o *trustlyOrder, problem error) {
	t.mu.Lock()
	lang := languages[languageOf(r, o.attribute("Locale"))]
	p := page{name: "bank-wait", class: "at-bank " + trustlyLooks[o.bank], language: o.attribute("Locale"), framed: true, onward: true, refresh: "5"}
	data := map[string]any{"Order": t.view(o), "Query": "?" + o.query, "Bank": o.bank, "Shop": o.attribute("ShopperStatement"), "Asked": o.attribute("Amount"),
		"Currency": o.currency, "Steps": trustlySteps, "Step": 0}
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
		seeOther(w, to)
		return
	case o.state == TrustlyCreated && r.URL.Query().Has("options"):
		p.name, p.refresh = "bank-options", ""
		trustlyScenarioData(data, o.scenario)
	case o.state == TrustlyCreated && (o.bank == "" || r.URL.Query().Has("banks")):
		p.name, p.refresh, p.class = "bank-choose", "", "at-bank"
		data["Bank"], data["Banks"] = "", trustlyBankButtons()
	case o.state == TrustlyCreated:
		p.name, p.refresh = "bank-login", ""
		data["Step"], data["People"], data["Person"] = 1, TrustlyPeople(), trustlyPersonOf(o.attribute("Country"))
	case o.state == TrustlyIdentified:
		p.name, p.refresh = "bank-confirm", ""
		minor, err := o.due(o.person.Amount)
		if problem == nil {
			problem = err
		}
		data["Step"], data["Person"], data["Fixed"], data["Limit"] = 2, o.person, o.attribute("Amount") != "", o.limit
		data["Min"], data["Max"] = o.attribute("SuggestedMinAmount"), o.attribute("SuggestedMaxAmount")
		data["Account"] = o.account()["attributes"].(map[string]any)["descriptor"]
		data["Payable"], data["Amount"] = err == nil, trustlyDecimal(minor, o.currency)
		data["Lowered"] = err == nil && o.attribute("Amount") != "" && o.attribute("Amount") != trustlyDecimal(minor, o.currency)
	}
	t.mu.Unlock()
	if problem != nil {
		p.status, data["Problem"] = http.StatusUnprocessableEntity, trustlySay(lang, problem)
	}
	p.data = data
	render(w, r, t, p)
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
			err = refusal{key: "bank.no.bank"}
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
			err = refusal{key: "bank.no.login"}
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
		err = refusal{key: "bank.no.step"}
	}
	if err != nil {
		t.show(w, r, o, err)
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
	seeOther(w, to)
}

// trustlyBankButton is a bank to choose.
type trustlyBankButton struct{ Name, Class string }

func trustlyBankButtons() (all []trustlyBankButton) {
	for _, bank := range trustlyBanks {
		all = append(all, trustlyBankButton{bank, trustlyLooks[bank]})
	}
	return all
}
