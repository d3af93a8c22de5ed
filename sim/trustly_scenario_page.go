package sim

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// serveScenario is where somebody chooses what happens to new orders.
func (t *Trustly) serveScenario(w http.ResponseWriter, r *http.Request) {
	data := map[string]any{}
	trustlyScenarioData(data, t.Scenario())
	render(w, r, t, page{name: "scenario", data: data})
}

func (t *Trustly) serveSetScenario(w http.ResponseWriter, r *http.Request) {
	if !fromHere(w, r) {
		return
	}
	s, err := trustlyScenarioOf(r)
	if err != nil {
		data := map[string]any{"Problem": err.Error()}
		trustlyScenarioData(data, t.Scenario())
		render(w, r, t, page{name: "scenario", status: http.StatusUnprocessableEntity, data: data})
		return
	}
	t.SetScenario(s)
	seeOther(w, "scenario")
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
