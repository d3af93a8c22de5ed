package sim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// browse asks for a page as a browser does, and follows no redirect.
func browse(t *testing.T, method, address string, form url.Values, head ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func TestEveryPageIsWholeAndLetsNothingElseIn(t *testing.T) {
	o, operator := operatorServe(t, OperatorOptions{})
	user, _ := o.AddUser("<b>Anna", "SEK", "0.00")
	operatorTell(t, operator+"/api/authorize", operatorPay(user, "500.00", nil))
	m := newTrustlyMerchant(t, TrustlyOptions{})
	done, _ := m.deposit(t, map[string]any{"ShopperStatement": "<i>Kärnan"})
	if err := m.Act(done, TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	_, choose := m.deposit(t, nil)
	_, confirm := m.deposit(t, nil)
	trustlyPost(t, confirm, "step", "login", "identifier", "1")
	p, openid := openIDServe(t, OpenIDOptions{})
	_, register := registerServe(t, RegisterOptions{})
	registerAsk(t, register, "199001012385")

	bankid := httptest.NewServer(NewBankID(BankIDOptions{}))
	defer bankid.Close()
	savings, _, books := bankServe(t, BankOptions{Opening: "at-once"})
	if err := savings.OpenFirst(t.Context(), "test", "anna"); err != nil {
		t.Fatal(err)
	}
	bankSay(t, books+"/test/webhooks/events", "<b>Anna", bankBatch("<b>Anna", "DreamCreated <b>Anna"), bankTestSecret)

	foreign := regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//|<style|\sstyle=|\son[a-z]+=|<script(?:>| [^s])`)
	for _, address := range []string{
		operator + "/", operator + "/?action=authorize", operator + "/behaviour", operator + "/shop", operator + "/shop/callback?error=access_denied&state=x", operator + "/heard/1",
		m.rpc.URL + "/", m.rpc.URL + "/scenario", m.rpc.URL + "/behaviour", choose, choose + "&options=1", confirm, m.rpc.URL + "/_/orderclient?OrderID=1",
		openid + "/", openid + "/twist", openid + "/behaviour", openIDAsk(openid), openid + "/authorize",
		bankid.URL + "/", bankid.URL + "/app", bankid.URL + "/app?qr=x", bankid.URL + "/twist", bankid.URL + "/behaviour", register + "/", register + "/behaviour",
		books + "/", books + "/?programme=test", books + "/heard/1", books + "/behaviour",
	} {
		for tag := range languages {
			to := address
			switch {
			case strings.Contains(address, "orderclient?Session"):
				to += "&lang=" + tag // an order has a language of its own
			case address == openIDAsk(openid):
				to = openIDAsk(openid, "ui_locales", tag)
			}
			res, body := browse(t, "GET", to, nil, "Accept-Language", tag)
			policy := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Referrer-Policy") != "same-origin" {
				t.Errorf("%s: %v", to, res.Header)
			}
			if framed := strings.Contains(policy, "frame-ancestors *"); framed != strings.Contains(to, "orderclient") || !framed && !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: who may frame it: %s", to, policy)
			}
			if strings.Contains(policy, "script-src") != strings.Contains(body, "<script") {
				t.Errorf("%s: a script and its policy do not go together: %s", to, policy)
			}
			if strings.Count(body, "<h1>") != 1 || strings.Count(body, "<main") != 1 || !strings.Contains(body, `<html lang="`+tag+`">`) || !strings.Contains(body, languages[tag]["strip.simulated"]) {
				t.Errorf("%s in %s: %s", to, tag, body)
			}
			if bad := foreign.FindString(body); bad != "" || strings.Contains(body, "<b>Anna") || strings.Contains(body, "<i>K") {
				t.Errorf("%s has %q", to, bad)
			}
			if css := regexp.MustCompile(`rel="stylesheet" href="([^"]+)"`).FindStringSubmatch(body); css == nil {
				t.Errorf("%s has no stylesheet", to)
			} else if at, err := res.Request.URL.Parse(css[1]); err != nil {
				t.Error(err)
			} else if sheet, _ := browse(t, "GET", at.String(), nil); sheet.StatusCode != 200 || !strings.HasPrefix(sheet.Header.Get("Content-Type"), "text/css") {
				t.Errorf("%s: %s: %d", to, at, sheet.StatusCode)
			}
		}
	}
	if res, _ := browse(t, "GET", operator+"/copy.js", nil); res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Type"), "javascript") {
		t.Error(res.StatusCode, res.Header)
	}
	if len(p.Heard("authorize")) == 0 {
		t.Error("the login page was not asked for")
	}
}

func TestRulesSayWhatStands(t *testing.T) {
	var f Faults
	f.Set("signin", Refuse, 2)
	f.Set("transfer", Slow, -1)
	rules := f.Rules()
	rules["signin"] = Rule{}
	f.Take("signin")
	f.Take("transfer")
	if got := f.Rules(); len(got) != 2 || got["signin"] != (Rule{Refuse, 1}) || got["transfer"] != (Rule{Slow, -1}) {
		t.Errorf("%v", got)
	}
	f.Take("signin")
	if got := f.Rules(); len(got) != 1 {
		t.Errorf("%v", got)
	}
	f.Clear()
	if got := f.Rules(); got == nil || len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestAPartyOffersTheFaultsThatAnActionKnows(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	for action, want := range map[string][]Fault{"Deposit": {Refuse, TrustlyWrongUUID, TrustlyWrongSignature}, "kyc": {TrustlyWrongSignature}, "nothing": nil} {
		got := m.FaultsOf(action)
		for _, f := range []Fault{Refuse, TrustlyWrongUUID, TrustlyWrongSignature} {
			if slices.Contains(got, f) != slices.Contains(want, f) {
				t.Errorf("%s: %v", action, got)
			}
		}
	}
	for action, status := range map[string]int{"kyc": 400, "nothing": 400, "Deposit": 303} {
		res, _ := browse(t, "POST", m.rpc.URL+"/behaviour", url.Values{"action": {action}, "fault": {"refuse"}, "times": {"1"}})
		if res.StatusCode != status {
			t.Errorf("refuse %s: %d", action, res.StatusCode)
		}
	}
	if got := m.Faults.Rules(); len(got) != 1 || got["Deposit"] != (Rule{Refuse, 1}) {
		t.Errorf("%v", got)
	}
}

func TestTheStripSaysWhatStandsAndChangesIt(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{})
	for _, c := range []struct{ fault, times, en, sv string }{
		{"refuse", "1", "refuses authorize, once", "säger nej till authorize, en gång"},
		{"slow", "-1", "is slow at authorize, every time", "är långsam vid authorize, varje gång"},
		{"twice", "7", "does authorize twice, 7 times", "gör authorize två gånger, 7 gånger"},
	} {
		res, _ := browse(t, "POST", at+"/behaviour", url.Values{"action": {"authorize"}, "fault": {c.fault}, "times": {c.times}, "back": {"/shop?x=1"}})
		if res.StatusCode != 303 || res.Header.Get("Location") != "./shop?x=1" {
			t.Fatalf("%d to %q", res.StatusCode, res.Header.Get("Location"))
		}
		for tag, want := range map[string]string{"en": c.en, "sv": c.sv} {
			if _, body := browse(t, "GET", at+"/shop", nil, "Accept-Language", tag); !strings.Contains(body, want) {
				t.Errorf("%s: the strip does not say %q", tag, want)
			}
		}
	}
	browse(t, "POST", at+"/behaviour", url.Values{"clear": {"1"}})
	if len(o.Faults.Rules()) != 0 {
		t.Error(o.Faults.Rules())
	}
	if _, body := browse(t, "POST", at+"/behaviour", url.Values{"action": {"signin"}, "fault": {"lose"}}, "Accept", "application/json"); body != `{"action":"signin","fault":"lose","times":-1}`+"\n" {
		t.Error(body)
	}
}

func TestTheStripAlsoChoosesScenarioAndTwist(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Scenario: TrustlyScenario{Duplicates: 2}})
	set := func(at, setting, value string) int {
		res, _ := browse(t, "POST", at+"/behaviour", url.Values{"setting": {setting}, "value": {value}})
		return res.StatusCode
	}
	if set(m.rpc.URL, "scenario", "pay-fails") != 303 || m.Scenario() != (TrustlyScenario{Order: "pay-fails", Duplicates: 2}) {
		t.Errorf("%+v", m.Scenario())
	}
	if set(m.rpc.URL, "scenario", "no-such") != 400 || set(m.rpc.URL, "twist", "alg-none") != 400 || m.Scenario().Order != "pay-fails" {
		t.Errorf("%+v", m.Scenario())
	}
	p, at := openIDServe(t, OpenIDOptions{})
	if set(at, "twist", "alg-none") != 303 || p.Twist() != "alg-none" || set(at, "twist", "no-such") != 400 || p.Twist() != "alg-none" {
		t.Error(p.Twist())
	}
	if _, body := browse(t, "GET", at+"/", nil); !strings.Contains(body, "What is wrong with the tokens: alg-none") {
		t.Error("the strip does not tell of the twist")
	}
	browse(t, "POST", at+"/behaviour", url.Values{"clear": {"1"}})
	if p.Twist() != "" {
		t.Error(p.Twist())
	}
}

func TestTheStripComesBackToItsOwnPartyOnly(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{})
	for back, good := range map[string]bool{
		"/shop": true, "/": true, "/heard/3?lang=sv": true, "/_/orderclient?OrderID=1&SessionID=a%2Fb": true, "/a:b": true,
		"//evil.example": false, `/\evil.example`: false, "/\t/evil.example": false, "/\n/evil.example": false, "https://evil.example/": false, "javascript:alert(1)": false,
		"shop": false, "../shop": false, `/a\b`: false, "/ /evil.example": false,
	} {
		o.Faults.Clear()
		res, _ := browse(t, "POST", at+"/behaviour", url.Values{"action": {"signin"}, "fault": {"refuse"}, "times": {"1"}, "back": {back}})
		if (res.StatusCode == 303) != good || len(o.Faults.Rules()) == 1 != good {
			t.Errorf("%q: %d, %v", back, res.StatusCode, o.Faults.Rules())
		}
		if to, err := res.Location(); good && (err != nil || to.Host != strings.TrimPrefix(at, "http://") || to.RequestURI() != back) {
			t.Errorf("%q leads to %v, %v", back, to, err)
		}
	}
}

func TestAnotherSitesPageChangesNothing(t *testing.T) {
	o, operator := operatorServe(t, OperatorOptions{})
	user, _ := o.AddUser("Anna", "SEK", "0.00")
	operatorTell(t, operator+"/transfer", operatorMoved(user, "5.00", ""))
	m := newTrustlyMerchant(t, TrustlyOptions{})
	id, _ := m.deposit(t, nil)
	m.Act(id, TrustlyPerson{}, "approve")
	p, openid := openIDServe(t, OpenIDOptions{})
	for _, c := range []struct {
		to   string
		form url.Values
	}{
		{operator + "/behaviour", url.Values{"action": {"signin"}, "fault": {"refuse"}}},
		{operator + "/heard/1/resend", nil},
		{m.rpc.URL + "/scenario", url.Values{"order": {"pay-fails"}}},
		{m.rpc.URL + "/orders/" + id + "/reverse", nil},
		{m.rpc.URL + "/orders/" + id + "/again", url.Values{"notification": {m.Sent()[0].NotificationID}}},
		{openid + "/twist", url.Values{"twist": {"alg-none"}}},
	} {
		if res, _ := browse(t, "POST", c.to, c.form, "Origin", "https://evil.example"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", c.to, res.StatusCode)
		}
		if res, _ := browse(t, "POST", c.to, c.form, "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", c.to, res.StatusCode)
		}
	}
	if len(o.Faults.Rules()) != 0 || len(o.Heard()) != 1 || m.Scenario().Order != "" || m.order(t, id).State != TrustlyCredited || len(m.Sent()) != 3 || p.Twist() != "" {
		t.Error("something changed")
	}
}

// A proxy may serve a party below some path that it takes off.
func TestTrustlysPagesWorkBehindAPath(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	front := httptest.NewServer(http.StripPrefix("/trustly", m.Handler()))
	defer front.Close()
	_, page := m.deposit(t, nil)
	u, _ := url.Parse(page)
	_, body := browse(t, "GET", front.URL+"/trustly"+u.RequestURI(), nil)
	action := regexp.MustCompile(`action="([^"]+behaviour)"`).FindStringSubmatch(body)
	back := regexp.MustCompile(`name="back" value="([^"]+)"`).FindStringSubmatch(body)
	if action == nil || back == nil {
		t.Fatal(body)
	}
	u, _ = url.Parse(front.URL + "/trustly" + u.RequestURI())
	to, _ := u.Parse(action[1])
	res, _ := browse(t, "POST", to.String(), url.Values{"action": {"kyc"}, "fault": {"slow"}, "back": {strings.ReplaceAll(back[1], "&amp;", "&")}})
	if at, err := res.Location(); err != nil || at.String() != u.String() {
		t.Errorf("%d to %v, %v; not %s", res.StatusCode, at, err, u)
	}
}
