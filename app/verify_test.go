package app_test

import (
	"bytes"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"encoding/json"

	"parley/app"
	"parley/savings"
)

// Each row is a client of the vendor's, as its published code sends it, and what it does with the answer.
func TestEveryClientOfTheVendorComesIn(t *testing.T) {
	for name, c := range map[string]struct {
		kind, query string
		fields      map[string]string
		headers     map[string]string
		copies      bool // copies the cookies into another jar, and loads the Location as it is written
	}{
		"web 1.x": {kind: "application/x-www-form-urlencoded", fields: map[string]string{"locale": "en", "location": "/dreams/DREAM", "theme": ""},
			headers: map[string]string{"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site", "Origin": "https://bank.example"}},
		"iOS 1.2":     {kind: "application/json", query: "?location=%2Fdreams%2FDREAM", fields: map[string]string{"client_id": "bank-ios", "locale": "sv-SE"}},
		"iOS 1.3":     {kind: "application/json", fields: map[string]string{"client_id": "bank-ios", "location": "/dreams/DREAM", "theme": "dark", "timezone": "Europe/Stockholm"}},
		"Android 0.7": {kind: "application/json; utf-8", query: "?location=%2Fdreams%2FDREAM", fields: map[string]string{"client_id": "bank-android", "locale": "sv-SE"}, headers: map[string]string{"Accept": "application/json"}, copies: true},
		"Android 0.8": {kind: "application/json; utf-8", fields: map[string]string{"client_id": "bank-android", "locale": "sv-SE", "location": "/dreams/DREAM", "theme": "light", "timezone": "Europe/Stockholm"},
			headers: map[string]string{"Accept": "application/json", "X-Bank-Trace": "1"}, copies: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			dream := r.signedIn("one", "anna").does("POST", "/dreams", object{"dream": object{"name": "Kajak", "targetCents": 500000}}, 201).text("dream.id")
			fill := func(s string) string { return strings.ReplaceAll(s, "DREAM", dream) }
			send := func(token string) (answer, *phone) {
				p := r.phone()
				var body []byte
				if c.kind == "application/x-www-form-urlencoded" {
					form := url.Values{"token": {token}}
					for k, v := range c.fields {
						form.Set(k, fill(v))
					}
					body = []byte(form.Encode())
				} else {
					m := map[string]any{"token": token}
					for k, v := range c.fields {
						m[k] = fill(v)
					}
					body, _ = json.Marshal(m)
				}
				req, err := http.NewRequest(http.MethodPost, r.URL+"/users/verify_token"+fill(c.query), bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", c.kind)
				for k, v := range c.headers {
					req.Header.Set(k, v)
				}
				return p.send(req), p
			}
			a, p := send(r.bank.token("anna"))
			if a.StatusCode != http.StatusSeeOther || len(a.Cookies()) == 0 {
				t.Fatalf("answered %d, with %d cookies: %s", a.StatusCode, len(a.Cookies()), a.body)
			}
			at := a.Header.Get("Location")
			if at != r.URL+"/app/dreams/"+dream {
				t.Errorf("leads to %q", at)
			}
			if c.copies {
				jar, _ := cookiejar.New(nil)
				u, err := url.Parse(at)
				if err != nil {
					t.Fatal(err)
				}
				jar.SetCookies(u, a.Cookies())
				p = &phone{rig: r, client: &http.Client{Jar: jar}}
			}
			if page := p.get(at); page.StatusCode != http.StatusOK || !strings.Contains(page.body, "Kajak") {
				t.Errorf("the page is %d: %s", page.StatusCode, page.body)
			}
			if p.does("GET", "/me", nil, 200).text("user.externalId") != "anna" {
				t.Error("somebody else is signed in")
			}
			a, p = send("not-a-token")
			if a.StatusCode != http.StatusUnprocessableEntity || len(a.Cookies()) != 0 {
				t.Errorf("a bad token was answered %d, with %d cookies", a.StatusCode, len(a.Cookies()))
			}
			if c.kind == "application/x-www-form-urlencoded" {
				if !strings.Contains(a.body, "You were not signed in") || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
					t.Errorf("a person reads %s: %s", a.Header.Get("Content-Type"), a.body)
				}
			} else {
				var said struct{ Detail string }
				if json.Unmarshal([]byte(a.body), &said) != nil || said.Detail == "" {
					t.Errorf("a program reads %s", a.body)
				}
			}
			if a := p.api("GET", "/me", nil); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("after a bad token me is %d", a.StatusCode)
			}
		})
	}
}

func TestTheFirstTimeMakesTheUserAndTheNextTimeIsTheSame(t *testing.T) {
	r := newRig(t)
	first := r.signedIn("one", "anna").does("GET", "/me", nil, 200)
	if first.text("user.givenName") != "Anna" || first.text("user.familyName") != "Ek" || first.text("user.locale") != "sv-SE" || first.text("currency") != "SEK" || first.text("setup") != "one-account-per-user" {
		t.Errorf("me is %v", first)
	}
	p := r.phone()
	p.launch(r.bank.sign(with(r.bank.claims("anna"), "given_name", "Annika")), "locale", "en_GB", "timezone", "Europe/London", "theme", "dark")
	again := p.does("GET", "/me", nil, 200)
	if again.text("user.id") != first.text("user.id") || again.text("user.givenName") != "Annika" || again.text("user.locale") != "en-GB" || again.text("user.timezone") != "Europe/London" ||
		again.text("session.theme") != "dark" || again.text("session.locale") != "en-GB" {
		t.Errorf("the next time, me is %v", again)
	}
	if other := r.signedIn("two", "anna").does("GET", "/me", nil, 200); other.text("user.id") == first.text("user.id") {
		t.Error("the same subject of another bank is the same user")
	}
	if got := r.log.String(); strings.Contains(got, "Annika") || strings.Contains(got, " Ek") {
		t.Error("a name is in the log")
	}
}

func TestNonsenseBesideTheTokenIsLeftOut(t *testing.T) {
	r := newRig(t)
	p := r.phone()
	a := p.launch(r.bank.token("anna"), "locale", "%%%", "timezone", "../../etc/passwd", "theme", "<script>", "location", "//evil.example", "client_id", "two")
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != r.URL+"/app/" {
		t.Fatalf("%d, to %q", a.StatusCode, a.Header.Get("Location"))
	}
	me := p.does("GET", "/me", nil, 200)
	if me.text("session.locale")+me.text("session.timezone")+me.text("session.theme") != "" {
		t.Errorf("kept %v", me.at("session"))
	}
	for _, raw := range []string{`{"token":null,"locale":5}`, `{}`, `{"token":["x"]}`} {
		if a := p.sendRaw("application/json", raw); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s is answered %d", raw, a.StatusCode)
		}
	}
	for kind, raw := range map[string]string{"application/json": `[]`, "text/plain": "token=x", "": "", "application/x-www-form-urlencoded": "%zz", "application/json; charset=utf-8": `{"token":"x"}{}`} {
		if a := p.sendRaw(kind, raw); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %q is answered %d", kind, raw, a.StatusCode)
		}
	}
	if a := p.sendRaw("application/json", `{"token":"`+strings.Repeat("x", 70<<10)+`"}`); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a body without end is answered %d", a.StatusCode)
	}
}

func (p *phone) sendRaw(kind, body string) answer {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.URL+"/users/verify_token", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	return p.send(req)
}

func TestEverySignInIsANewSessionAndEndsTheOldOne(t *testing.T) {
	r := newRig(t)
	p := r.phone()
	var cookies []*http.Cookie
	for range 3 {
		a := p.launch(r.bank.token("anna"))
		if a.StatusCode != http.StatusSeeOther {
			t.Fatal(a.StatusCode)
		}
		cookies = append(cookies, a.Cookies()...)
	}
	if len(cookies) != 3 || cookies[0].Value == cookies[1].Value || cookies[1].Value == cookies[2].Value {
		t.Fatalf("cookies %v", cookies)
	}
	works := func(c *http.Cookie) int {
		other := r.phone()
		u, _ := url.Parse(r.URL)
		other.client.Jar.SetCookies(u, []*http.Cookie{{Name: c.Name, Value: c.Value, Path: "/"}})
		return other.api("GET", "/me", nil).StatusCode
	}
	if works(cookies[0]) != 401 || works(cookies[1]) != 401 || works(cookies[2]) != 200 {
		t.Errorf("the cookies work: %d, %d, %d", works(cookies[0]), works(cookies[1]), works(cookies[2]))
	}
	// One that somebody planted is not taken over.
	planted := r.phone()
	u, _ := url.Parse(r.URL)
	planted.client.Jar.SetCookies(u, []*http.Cookie{{Name: "parley-app", Value: strings.Repeat("A", 43), Path: "/"}})
	if a := planted.launch(r.bank.token("bo")); a.Cookies()[0].Value == strings.Repeat("A", 43) {
		t.Error("the planted cookie is the session's")
	}
	if rows := r.count(`SELECT COUNT(*) FROM savings_session WHERE hash LIKE '%' || $1 || '%'`, cookies[2].Value); rows != 0 {
		t.Error("the cookie's value is in the database")
	}
}

func (r *rig) count(query string, args ...any) (n int) {
	r.t.Helper()
	if err := r.db.DB().QueryRow(query, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestCookiesAreAsTheirPlaceDemands(t *testing.T) {
	launch := func(r *rig, framed bool) *http.Cookie {
		req, _ := http.NewRequest(http.MethodPost, r.URL+"/users/verify_token", strings.NewReader(url.Values{"token": {r.bank.token("anna")}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if framed {
			req.Header.Set("Sec-Fetch-Dest", "iframe")
		}
		a := r.phone().send(req)
		if len(a.Cookies()) != 1 {
			t.Fatalf("%d: %s", a.StatusCode, a.body)
		}
		return a.Cookies()[0]
	}
	secure := newRig(t, func(c *app.Config) { c.Base = "https://savings.example" })
	plain, framed := launch(secure, false), launch(secure, true)
	if plain.Name != "__Host-parley-app" || !plain.Secure || !plain.HttpOnly || plain.SameSite != http.SameSiteNoneMode || plain.Partitioned || plain.Path != "/" || plain.Domain != "" {
		t.Errorf("beside a frame: %v", plain)
	}
	if framed.Name != "__Host-parley-app-framed" || !framed.Secure || !framed.HttpOnly || framed.SameSite != http.SameSiteNoneMode || !framed.Partitioned || framed.Path != "/" {
		t.Errorf("in a frame: %v", framed)
	}
	// A cookie without the prefix does not stand in for one that has it.
	for name, want := range map[string]int{framed.Name: 200, plain.Name: 401, "parley-app": 401} {
		req, _ := http.NewRequest(http.MethodGet, secure.URL+"/app/api/me", nil)
		req.AddCookie(&http.Cookie{Name: name, Value: framed.Value})
		if a := secure.phone().send(req); a.StatusCode != want {
			t.Errorf("the framed cookie as %s is answered %d", name, a.StatusCode)
		}
	}
	local := launch(newRig(t), true)
	if local.Name != "parley-app" || local.Secure || !local.HttpOnly || local.SameSite != http.SameSiteLaxMode || local.Partitioned {
		t.Errorf("over plain HTTP: %v", local)
	}
}

func TestOnlyThePartnersPagesShowUsInAFrame(t *testing.T) {
	r := newRig(t)
	framed := func(a answer) (policy, options string) {
		for part := range strings.SplitSeq(a.Header.Get("Content-Security-Policy"), ";") {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(part), "frame-ancestors "); ok {
				policy = rest
			}
		}
		return policy, a.Header.Get("X-Frame-Options")
	}
	for name, c := range map[string]struct {
		a       answer
		want    string
		options string
	}{
		"one":                        {r.signedIn("one", "anna").get("/app/"), "https://bank.example", ""},
		"two":                        {r.signedIn("two", "anna").get("/app/dreams/x"), "https://two.example https://app.two.example", ""},
		"three names none":           {r.signedIn("three", "anna").get("/app/"), "'none'", "DENY"},
		"nobody":                     {r.phone().get("/app/"), "https://bank.example https://two.example https://app.two.example", ""}, // a partner's page whose frame has no cookies
		"the redirect":               {r.phone().launch(r.bank.token("anna")), "https://bank.example", ""},
		"a token of one that is old": {r.phone().launch(r.bank.sign(with(r.bank.claims("anna"), "exp", 1))), "https://bank.example", ""},
		"a token of nobody's":        {r.phone().launch("x"), "'none'", "DENY"},
		"the API":                    {r.signedIn("one", "anna").api("GET", "/me", nil), "'none'", "DENY"},
	} {
		if policy, options := framed(c.a); policy != c.want || options != c.options {
			t.Errorf("%s may be framed by %q, X-Frame-Options %q", name, policy, options)
		}
	}
	gone := r.signedIn("one", "bo")
	r.clock.move(time.Hour)
	a := gone.get("/app/")
	if policy, _ := framed(a); a.StatusCode != http.StatusUnauthorized || policy != "https://bank.example" || !strings.Contains(a.body, "Du är utloggad") {
		t.Errorf("whose session ran out sees %d, framed by %s: %s", a.StatusCode, policy, a.body)
	}
}

func TestBadTokensAreLimitedPerAddress(t *testing.T) {
	r := newRig(t)
	p := r.phone()
	for range 20 {
		if a := p.launch("x"); a.StatusCode != http.StatusUnprocessableEntity {
			t.Fatal(a.StatusCode)
		}
	}
	if a := p.launch(r.bank.token("anna")); a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "60" {
		t.Errorf("the 21st is answered %d", a.StatusCode)
	}
	r.clock.move(61 * time.Second)
	if a := p.launch(r.bank.token("anna")); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a minute later a good one is answered %d", a.StatusCode)
	}
}

func TestManyWhoComeInTogetherAreOneUser(t *testing.T) {
	r := newRig(t)
	token := r.bank.token("anna")
	done := make(chan int)
	for range 16 {
		go func() { done <- r.phone().launch(token).StatusCode }()
	}
	for range 16 {
		if status := <-done; status != http.StatusSeeOther {
			t.Errorf("answered %d", status)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM savings_user`); n != 1 {
		t.Errorf("%d users", n)
	}
}

func TestWhoeverIsErasedIsSignedOut(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error { return b.DestroyUser() })
	if a := p.api("GET", "/me", nil); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("me is answered %d: %s", a.StatusCode, a.body)
	}
	if a := p.get("/app/"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the page is answered %d", a.StatusCode)
	}
	if a := p.api("GET", "/transactions", nil); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("transactions are answered %d: %s", a.StatusCode, a.body)
	}
}
