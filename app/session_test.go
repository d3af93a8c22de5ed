package app_test

import (
	"net/http"
	"testing"
	"time"

	"parley/app"
)

func TestATokenRenewedSessionEndsWithItsToken(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	me := p.does("GET", "/me", nil, 200)
	if me.text("session.renewedBy") != "token" || me.text("session.expiresAt") != "2026-11-25T09:10:00Z" {
		t.Errorf("session %v", me.at("session"))
	}
	r.clock.move(10*time.Minute - time.Second)
	if a := p.api("GET", "/me", nil); a.StatusCode != 200 {
		t.Errorf("a second before its end: %d", a.StatusCode)
	}
	r.clock.move(time.Second)
	a := p.api("GET", "/me", nil)
	if a.StatusCode != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("at its end: %d %v", a.StatusCode, a.Header)
	}
}

func TestATokenThatClocksMakeOldStillLetsIn(t *testing.T) {
	r := newRig(t)
	p := r.phone()
	p.launch(r.bank.sign(with(r.bank.claims("anna"), "exp", r.clock.now().Add(-30*time.Second).Unix())))
	if a := p.get("/app/"); a.StatusCode != 200 {
		t.Errorf("the page is %d", a.StatusCode)
	}
	r.clock.move(30 * time.Second)
	if a := p.get("/app/"); a.StatusCode != 401 {
		t.Errorf("past the skew the page is %d", a.StatusCode)
	}
}

func TestANewTokenOfTheSamePersonRenewsASession(t *testing.T) {
	for _, event := range []string{"updateToken", "updateIdToken"} {
		r := newRig(t)
		p := r.signedIn("one", "anna")
		r.clock.move(9 * time.Minute)
		o := p.does("POST", "/bridge", object{"event": event, "message": object{"requestId": "r", "idToken": r.bank.token("anna")}}, 200)
		if o.text("session.expiresAt") != "2026-11-25T09:19:00Z" {
			t.Errorf("%s: session %v", event, o)
		}
		r.clock.move(9 * time.Minute)
		p.does("GET", "/me", nil, 200)
		// A token that ends sooner does not cut the session short.
		p.does("POST", "/bridge", object{"event": event, "message": object{"idToken": r.bank.sign(with(r.bank.claims("anna"), "exp", r.clock.now().Add(time.Second).Unix()))}}, 200)
		r.clock.move(30 * time.Second)
		p.does("GET", "/me", nil, 200)
	}
}

func TestAnyOtherTokenEndsTheSession(t *testing.T) {
	for name, token := range map[string]func(*rig) string{
		"somebody else's":   func(r *rig) string { return r.bank.token("eva") },
		"another bank's":    func(r *rig) string { return r.bank.sign(with(r.bank.claims("anna"), "aud", "two")) },
		"one that is old":   func(r *rig) string { return r.bank.sign(with(r.bank.claims("anna"), "exp", 1)) },
		"nothing":           func(*rig) string { return "" },
		"of another issuer": func(r *rig) string { return r.bank.sign(with(r.bank.claims("anna"), "iss", "x")) },
	} {
		r := newRig(t)
		p := r.signedIn("one", "anna")
		a := p.api("POST", "/bridge", object{"event": "updateToken", "message": object{"idToken": token(r)}})
		if a.StatusCode != http.StatusUnauthorized || len(a.Cookies()) == 0 || a.Cookies()[0].MaxAge >= 0 {
			t.Errorf("%s: answered %d with cookies %v", name, a.StatusCode, a.Cookies())
		}
		if n := r.count(`SELECT COUNT(*) FROM savings_session`); n != 0 {
			t.Errorf("%s: %d sessions are left", name, n)
		}
	}
	r := newRig(t)
	p := r.signedIn("one", "anna")
	r.clock.move(11 * time.Minute)
	if a := p.api("POST", "/bridge", object{"event": "updateToken", "message": object{"idToken": r.bank.token("anna")}}); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token that comes late is answered %d", a.StatusCode)
	}
}

func TestABankThatIsAwayDoesNotEndTheSession(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	r.bank.rotate()
	r.bank.mu.Lock()
	r.bank.down = true
	r.bank.mu.Unlock()
	r.clock.move(2 * time.Minute)
	if a := p.api("POST", "/bridge", object{"event": "updateToken", "message": object{"idToken": r.bank.token("anna")}}); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("answered %d", a.StatusCode)
	}
	p.does("GET", "/me", nil, 200)
}

func TestActivityRenewsASession(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	at := func() string { return p.does("GET", "/me", nil, 200).text("session.expiresAt") }
	if got := at(); got != "2026-11-25T09:10:00Z" {
		t.Errorf("expires %s", got)
	}
	before, _ := r.db.Commits()
	r.clock.move(50 * time.Second)
	if got := at(); got != "2026-11-25T09:10:00Z" {
		t.Errorf("within a tenth of the time, expires %s", got)
	}
	if after, _ := r.db.Commits(); after != before {
		t.Error("a request within a tenth of the time is written")
	}
	r.clock.move(20 * time.Second)
	if got := at(); got != "2026-11-25T09:11:10Z" {
		t.Errorf("after more than a tenth, expires %s", got)
	}
	r.clock.move(30 * time.Second)
	o := p.does("POST", "/bridge", object{"event": "sessionKeepAlive"}, 200)
	if o.text("session.expiresAt") != "2026-11-25T09:11:40Z" {
		t.Errorf("kept alive until %s", o.text("session.expiresAt"))
	}
	for range 5 {
		r.clock.move(9 * time.Minute)
		at()
	}
	r.clock.move(9 * time.Minute) // 55:40
	if got := at(); got != "2026-11-25T10:00:00Z" {
		t.Errorf("near its maximum, expires %s", got)
	}
	r.clock.move(4*time.Minute + 20*time.Second)
	if a := p.api("GET", "/me", nil); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("at its maximum: %d", a.StatusCode)
	}
	quiet := r.signedIn("three", "anna")
	r.clock.move(10 * time.Minute)
	if a := quiet.api("GET", "/me", nil); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("after ten quiet minutes: %d", a.StatusCode)
	}
}

func TestSignOutEndsOneSessionAlone(t *testing.T) {
	r := newRig(t)
	one, other := r.signedIn("one", "anna"), r.signedIn("one", "anna")
	o := one.does("POST", "/signout", object{}, 200)
	if o.kinds() != "onExitRequested" || o["session"] != nil {
		t.Errorf("answered %v", o)
	}
	if a := one.api("GET", "/me", nil); a.StatusCode != 401 {
		t.Errorf("afterwards %d", a.StatusCode)
	}
	o = other.does("POST", "/bridge", object{"event": "onSignOutRequested", "message": object{}}, 200)
	if o.kinds() != "onExitRequested" {
		t.Errorf("the bank's app is answered %v", o)
	}
	if a := other.get("/app/"); a.StatusCode != 401 {
		t.Errorf("afterwards the page is %d", a.StatusCode)
	}
}

func TestSessionsThatRanOutAreForgottenInTime(t *testing.T) {
	r := newRig(t)
	r.signedIn("one", "anna")
	r.clock.move(25 * time.Hour)
	r.signedIn("one", "bo")
	if n := r.count(`SELECT COUNT(*) FROM savings_session`); n != 1 {
		t.Errorf("%d sessions are kept", n)
	}
}

func TestMistakesInTheConfigurationAreNamed(t *testing.T) {
	r := newRig(t)
	for name, change := range map[string]func(*app.Config){
		"base":      func(c *app.Config) { c.Base = "http://savings.example" },
		"a path":    func(c *app.Config) { c.Base += "/x" },
		"a partner": func(c *app.Config) { c.Partners = map[string]app.Partner{"nine": {ID: "nine"}} },
		"issuer": func(c *app.Config) {
			c.Partners = map[string]app.Partner{"one": {ID: "one", Audience: "x", JWKSURL: "https://x.example"}}
		},
		"audience": func(c *app.Config) {
			c.Partners = map[string]app.Partner{"one": {ID: "one", Issuer: "x", JWKSURL: "https://x.example"}}
		},
		"keys": func(c *app.Config) {
			c.Partners = map[string]app.Partner{"one": {ID: "one", Issuer: "x", Audience: "x"}}
		},
		"http keys": func(c *app.Config) {
			c.Partners = map[string]app.Partner{"one": {ID: "one", Issuer: "x", Audience: "x", JWKSURL: "http://x.example"}}
		},
		"private keys": func(c *app.Config) {
			p := c.Partners["one"]
			p.Keys = r.bank.keys
			c.Partners = map[string]app.Partner{"one": p}
		},
		"two alike": func(c *app.Config) {
			p := c.Partners["one"]
			q := p
			q.ID = "two"
			c.Partners = map[string]app.Partner{"one": p, "two": q}
		},
		"frames": func(c *app.Config) {
			p := c.Partners["one"]
			p.FrameOrigins = []string{"https://*.example"}
			c.Partners = map[string]app.Partner{"one": p}
		},
		"renewal": func(c *app.Config) {
			p := c.Partners["one"]
			p.Session.By = "magic"
			c.Partners = map[string]app.Partner{"one": p}
		},
		"decryption": func(c *app.Config) {
			p := c.Partners["one"]
			p.DecryptionKey = "secret"
			c.Partners = map[string]app.Partner{"one": p}
		},
	} {
		c := r.config
		change(&c)
		if _, err := app.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := app.ParseKey([]byte("x")); err == nil {
		t.Error("no PEM is a key")
	}
}
