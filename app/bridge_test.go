package app_test

import (
	"strings"
	"testing"
	"time"

	"parley/savings"
)

func TestEveryMessageOfTheBanksAppIsUnderstood(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	say := func(event string, message any) answer {
		return p.api("POST", "/bridge", object{"event": event, "message": message})
	}
	for event, c := range map[string]struct {
		message object
		status  int
		field   string
	}{
		"accountProvisioned":                  {object{"requestId": "unknown"}, 400, "message.requestId"},
		"accountProvisionInitiated":           {object{}, 400, "message.requestId"},
		"onAccountRequestedSucceeded":         {object{"requestId": "unknown"}, 400, "message.requestId"},
		"accountRequestedSucceeded":           {object{"requestId": ""}, 400, "message.requestId"},
		"onAccountRequestedFailed":            {object{"requestId": "unknown", "reason": "cancelled"}, 400, "message.requestId"},
		"accountRequestedFailed":              {object{"requestId": "unknown"}, 400, "message.requestId"},
		"onTransferConsentSucceeded":          {object{"requestId": "unknown", "consentId": "x"}, 400, "message.requestId"},
		"transferConsentSucceeded":            {object{"consentId": "x"}, 400, "message.requestId"},
		"onTransferConsentCancelled":          {object{"requestId": "unknown", "consentId": "x", "reason": "no"}, 400, "message.requestId"},
		"transferConsentCancelled":            {object{}, 400, "message.requestId"},
		"investmentAccountProvisionInitiated": {object{"requestId": "unknown", "accountId": "x"}, 400, "message.requestId"},
		"navigateTo":                          {object{"location": "/dreams/1"}, 200, ""},
		"onBackRequested":                     {object{}, 200, ""},
		"sessionKeepAlive":                    {object{}, 200, ""},
		"updateLocale":                        {object{"locale": "en_GB"}, 200, ""},
		"setAdditionalHeaders":                {object{"X-Bank": 5}, 200, ""},
		"onSomethingElse":                     {object{}, 400, "event"},
		"":                                    {object{}, 400, "event"},
	} {
		a := say(event, c.message)
		if a.StatusCode != c.status || c.field != "" && !strings.Contains(a.body, `"field":"`+c.field+`"`) {
			t.Errorf("%s is answered %d %s", event, a.StatusCode, a.body)
		}
	}
	if a := say("accountProvisioned", "text"); a.StatusCode != 400 {
		t.Errorf("a message that is text is answered %d", a.StatusCode)
	}
	if a := say("updateLocale", object{"locale": "%"}); a.StatusCode != 400 {
		t.Errorf("a locale that is none is answered %d", a.StatusCode)
	}
	if o := p.does("POST", "/bridge", object{"event": "navigateTo", "message": object{"location": "//evil.example"}}, 200); o.text("location") != "/app/" {
		t.Errorf("navigates to %v", o)
	}
	if me := p.does("GET", "/me", nil, 200); me.text("user.locale") != "en-GB" || me.text("session.locale") != "en-GB" {
		t.Errorf("the locale is %v, %v", me.at("user"), me.at("session"))
	}
}

func TestADreamAsksForItsAccount(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("two", "anna")
	made := p.does("POST", "/dreams", object{"dream": object{"name": "Kajak", "targetCents": 500000, "expiresAt": "2027-06-01"}}, 201)
	if made.kinds() != "onAccountRequested" {
		t.Fatalf("asks %v", made)
	}
	m := object(made.at("ask.0.message").(map[string]any))
	if m.text("dream.type") != "dream" || m.text("dream.id") != made.text("dream.id") || m.text("dream.name") != "Kajak" || m.cents("dream.target_amount.cents") != 500000 ||
		m.text("dream.target_amount.currency") != "SEK" || m.text("dream.target_date") != "2027-06-01" || m.text("dream.user.type") != "user" || m.text("dream.user.externalId") != "anna" {
		t.Errorf("asks with %v", m)
	}
	plain := p.does("POST", "/dreams", object{"dream": object{"name": "Resa", "type": "PerformanceDream"}}, 201)
	if plain.kinds() != "onAccountRequested" || plain.text("ask.0.message.dream.type") != "performanceDream" || plain.at("ask.0.message.dream.target_amount") != nil {
		t.Errorf("asks %v", plain.at("ask"))
	}
	if me := p.does("GET", "/me", nil, 200); me.kinds() != "onAccountRequested onAccountRequested" {
		t.Errorf("a page that is loaded anew asks %s", me.kinds())
	}
	for range 2 {
		p.does("POST", "/bridge", object{"event": "onAccountRequestedSucceeded", "message": object{"requestId": m.text("requestId")}}, 200)
	}
	p.does("POST", "/bridge", object{"event": "accountRequestedFailed", "message": object{"requestId": plain.text("ask.0.message.requestId"), "reason": "error"}}, 200)
	if me := p.does("GET", "/me", nil, 200); me.kinds() != "" {
		t.Errorf("answered, and asks still: %s", me.kinds())
	}
}

func TestAConsentIsAskedForAndTheBanksWordCounts(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	_, launch := p.saves("Kajak", 500000, 2500)
	if launch.text("savehackLaunch.state") != "draft" || launch.kinds() != "onTransferConsentRequested" {
		t.Fatalf("launched %v", launch)
	}
	m := object(launch.at("ask.0.message").(map[string]any))
	if !strings.HasPrefix(m.text("successUrl"), r.URL+"/app/dreams/") || !strings.HasPrefix(m.text("cancelUrl"), r.URL+"/app/dreams/") || m.text("requestId") == "" {
		t.Errorf("asks with %v", m)
	}
	// The temporary id is good for as long as the bank's app may be on its way with it.
	if me := p.does("GET", "/me", nil, 200); me.kinds() != "" {
		t.Errorf("asks again at once: %v", me.at("ask"))
	}
	hash := savings.HashTemporary(m.text("consentId"))
	decide := func(b *savings.Book) error {
		c := b.Consents[0]
		if _, err := b.ReadConsent(c.ID); err != nil {
			return err
		}
		_, err := b.DecideConsent(c.ID, r.clock.now(), time.Time{})
		return err
	}
	r.change("three", savings.Of{Temporary: hash}, decide)
	for _, event := range []string{"onTransferConsentSucceeded", "transferConsentSucceeded"} {
		p.does("POST", "/bridge", object{"event": event, "message": object{"requestId": m.text("requestId"), "consentId": m.text("consentId"), "consentRef": "x"}}, 200)
	}
	if s := p.does("GET", "/launches", nil, 200).text("savehackLaunches.0.state"); s == "draft" || s == "stopped" {
		t.Errorf("the launch is %s", s)
	}
	if a := r.signedIn("three", "bo").api("POST", "/bridge", object{"event": "onTransferConsentSucceeded", "message": object{"requestId": m.text("requestId")}}); a.StatusCode != 400 {
		t.Errorf("somebody else's consent is answered %d", a.StatusCode)
	}
}

func TestAConsentWhoseAppDiedIsAskedForAgain(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	_, launch := p.saves("Kajak", 500000, 2500)
	first := launch.text("ask.0.message.consentId")
	again := p.does("POST", "/ask", object{}, 200)
	second := again.text("ask.0.message.consentId")
	if again.kinds() != "onTransferConsentRequested" || second == first || second == "" {
		t.Fatalf("the person goes on, and it asks %v", again)
	}
	r.clock.move(time.Second)
	third := r.signedIn("three", "anna").does("GET", "/me", nil, 200)
	if third.kinds() != "onTransferConsentRequested" || third.text("ask.0.message.requestId") != launch.text("ask.0.message.requestId") {
		t.Errorf("a new launch of the app asks %v", third.at("ask"))
	}
	// An older SDK names the consent by its temporary id alone.
	p.does("POST", "/bridge", object{"event": "onTransferConsentCancelled", "message": object{"consentId": third.text("ask.0.message.consentId")}}, 200)
	for range 2 {
		r.clock.move(6 * time.Minute)
		if me := p.does("GET", "/me", nil, 200); (me.kinds() != "") != (r.clock.now().Sub(time.Date(2026, 11, 25, 9, 0, 1, 0, time.UTC)) > 10*time.Minute) {
			t.Errorf("at %s it asks %q", r.clock.now(), me.kinds())
		}
	}
}

func TestProvisioningIsAskedForAgainWhenTheAppDied(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	_, launch := p.saves("Kajak", 500000, 2500)
	request := launch.text("ask.0.message.requestId")
	r.clock.move(3 * time.Minute)
	other := r.signedIn("one", "anna")
	if me := other.does("GET", "/me", nil, 200); me.kinds() != "onAccountProvisionRequested" || me.text("ask.0.message.requestId") != request {
		t.Errorf("asks %v", me.at("ask"))
	}
	if me := p.does("GET", "/me", nil, 200); me.kinds() != "" {
		t.Errorf("both ask: %v", me.at("ask"))
	}
	if o := other.does("POST", "/ask", object{}, 200); o.text("ask.0.message.requestId") != request {
		t.Errorf("asked again: %v", o)
	}
}
