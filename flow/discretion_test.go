package flow_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/sandbox"
	"parley/sim"
)

// people are what must never be seen of the test persons: nobody else in a run is called so or lives there. Their postal codes are short
// enough to stand in the middle of another number.
func people() (texts, codes []string) {
	for _, p := range sim.OpenIDPersons() {
		texts, codes = append(texts, p.SSN, p.GivenName, p.FamilyName, p.Address.Street, p.Address.Locality), append(codes, p.Address.PostalCode)
	}
	for _, p := range sim.TrustlyPeople() {
		texts, codes = append(texts, p.ID, p.PersonID, p.FirstName, p.LastName, p.DateOfBirth, p.Street, p.City), append(codes, p.ZipCode)
	}
	return texts, codes
}

// hidden are the names of what a run remembers and must show to nobody.
var hidden = map[string]bool{"state": true, "nonce": true, "challenge": true, "browser": true, "ip": true, "personId": true, "subject": true, "name": true,
	"firstName": true, "lastName": true, "gender": true, "dateOfBirth": true, "email": true, "street": true, "city": true, "zip": true, "descriptor": true,
	"lastDigits": true, "holder": true, "loginHint": true, "endUserId": true, "sessionId": true, "session": true, "url": true}

// secrets are the texts under the names of hidden things, however deep they lie.
func secrets(v any, under bool, found map[string]bool) {
	switch v := v.(type) {
	case string:
		if under && v != "" {
			found[v] = true
		}
	case []any:
		for _, e := range v {
			secrets(e, under, found)
		}
	case map[string]any:
		for name, e := range v {
			secrets(e, under || hidden[name], found)
		}
	}
}

// checkDiscretion: what is kept of an exchange for people to look at is there, and has nothing in it about a person, and no secret.
func (r *rig) checkDiscretion(run engine.Run, events []engine.Event, e end, wrong func(int, string, ...any)) {
	texts, codes := people()
	inside := append(texts, "eyJ", "/connect/", sandbox.ShopSecret, sandbox.CompatibleSecret) // eyJ begins every token of ours
	if v := e.visit; v != nil {
		inside = append(inside, v.Code, v.State)
		for _, name := range []string{"access_token", "id_token"} {
			if token, ok := v.Token[name].(string); ok {
				inside = append(inside, token)
			}
		}
	}
	var memory any
	if err := json.Unmarshal(run.Data, &memory); err != nil {
		wrong(22, "the memory of run %s cannot be read: %v", run.ID, err)
	}
	whole := map[string]bool{"127.0.0.1": true} // values, which may be part of others
	secrets(memory, false, whole)
	for _, code := range codes {
		whole[code] = code != ""
	}
	if s, err := (engine.Flow[flow.Onboarding]{}).Read(run); err == nil { // a session may have them too
		delete(whole, s.Identify.Reference)
		delete(whole, s.Pay.Reference)
		delete(whole, s.Identity.Issuer)
	}
	look := func(step string, v any) {
		kept, err := json.Marshal(v)
		if err != nil {
			wrong(22, "what was kept of %s cannot be written: %v", step, err)
		}
		for _, s := range inside {
			if s != "" && strings.Contains(string(kept), s) {
				wrong(22, "what was kept of %s says %q: %s", step, s, kept)
			}
		}
		for s, is := range whole {
			if is && strings.Contains(string(kept), fmt.Sprintf("%q", s)) {
				wrong(22, "what was kept of %s says %q: %s", step, s, kept)
			}
		}
	}
	for _, ev := range events {
		if ev.Kind == engine.EventSaid && (ev.Step == "signin" || ev.Step == "authorize" || ev.Step == "transfer") || ev.Kind == engine.EventUndone {
			if x := ev.Exchange; x == nil || x.Request == nil || x.Answer == nil || x.Status != 200 {
				wrong(23, "of %s nothing was kept: %+v", ev.Step, x)
			}
		}
		look(ev.Step, struct {
			Note     string
			Exchange *parley.Exchange
		}{ev.Note, ev.Exchange})
	}
	attempts, err := r.db.Attempts(r.t.Context(), run.ID)
	if err != nil {
		wrong(22, "the attempts of run %s cannot be read: %v", run.ID, err)
	}
	for _, a := range attempts {
		look(a.Step, a.Why)
	}
	if begun := events[0].Exchange; begun == nil {
		wrong(23, "nothing was kept of how run %s began", run.ID)
	} else if run.Flow != "adjustment" && !strings.Contains(string(begun.Request), `"redirectTo":`) {
		wrong(23, "run %s began with %s", run.ID, begun.Request)
	}
	for _, ev := range events {
		// The answer to the provider's question is what this arrow is.
		if s, err := (engine.Flow[flow.Onboarding]{}).Read(run); err == nil && s.Asked && s.Started && ev.Step == "process payment" &&
			(ev.Exchange == nil || !strings.HasPrefix(string(ev.Exchange.Answer), `{"goOn":true`)) {
			wrong(23, "process payment of run %s was answered %+v", run.ID, ev.Exchange)
		}
	}
}
