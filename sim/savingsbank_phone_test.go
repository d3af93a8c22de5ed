package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// bankHostAsks is the page asking its back end.
func bankHostAsks(t *testing.T, at string, in map[string]any, head ...string) (int, map[string]any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, at, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]any
	_ = json.Unmarshal(raw, &said) // what is no JSON says nothing
	return res.StatusCode, said
}

func TestTheBanksAppIsAPageThatLetsInTheWebAppAlone(t *testing.T) {
	b, s, at := bankServe(t, BankOptions{})
	app := b.Programmes()[0].App
	for tag := range languages {
		res, body := browse(t, "GET", at+"/test/app?user=bjorn&theme=dark&answers=late&opening=storm&at=/marketplace%22", nil, "Accept-Language", tag)
		policy := res.Header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "script-src 'self' " + app, "connect-src 'self'", "frame-src 'self' " + app, "form-action 'self' " + app, "frame-ancestors 'none'", "style-src 'self'"} {
			if !strings.Contains(policy+";", rule+";") {
				t.Errorf("the policy %q has not %q", policy, rule)
			}
		}
		if strings.Contains(policy, "unsafe") || res.Header.Get("Referrer-Policy") != "strict-origin" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v", res.Header)
		}
		for _, part := range []string{`<html lang="` + tag + `">`, "Björn", `class="bankapp theme-dark"`, `<option value="late" selected>`, `<option value="storm" selected>`, `value="/marketplace&#34;"`, languages[tag]["strip.simulated"]} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the page has not %q", tag, part)
			}
		}
		if bad := regexp.MustCompile(`<style|\sstyle=|\son[a-z]+=|<script(?:>| [^s])|href="javascript`).FindString(body); bad != "" {
			t.Errorf("the page has %q", bad)
		}
		if strings.Count(body, "<div") != strings.Count(body, "</div>") || strings.Count(body, "<h1") != 1 {
			t.Error("the page is not whole")
		}
	}
	for address, want := range map[string]int{"/test/app": 200, "/test/app?user=new-person": 200, "/test/app?user=../x": 400, "/none/app": 404, "/test/app?programme=none": 404, "/test/app/stranger": 200,
		"/bankapp.js": 200, "/bankapp.css": 200, "/byhand.js": 200, "/stranger.js": 200, "/bankapp.html": 404} {
		if res, _ := browse(t, "GET", at+address, nil); res.StatusCode != want {
			t.Errorf("%s: %d", address, res.StatusCode)
		}
	}
	if res, _ := browse(t, "GET", at+"/test/app/stranger", nil); !strings.Contains(res.Header.Get("Content-Security-Policy"), "sandbox allow-scripts;") {
		t.Error("the stranger is somebody of ours")
	}
	if res, _ := browse(t, "POST", at+"/test/app", nil); res.StatusCode != http.StatusMethodNotAllowed {
		t.Error(res.StatusCode)
	}
	if len(s.accounts) != 0 {
		t.Error("an account was opened by looking")
	}
}

func TestTheBanksAppLeadsToItsOtherProgrammesAndToItsOtherName(t *testing.T) {
	_, _, at := bankServe(t, BankOptions{Programmes: []BankProgramme{{ID: "other", App: "http://127.0.0.1:1"}}})
	res, _ := browse(t, "GET", at+"/test/app?programme=other&user=eva&token=short", nil)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "../other/app?token=short&user=eva" {
		t.Errorf("%d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	usual := strings.TrimPrefix(at, "http://127.0.0.1")
	_, body := browse(t, "GET", at+"/other/app?user=eva", nil)
	if !strings.Contains(body, `id="elsewhere" href="http://localhost`+usual+`/other/app?user=eva"`) {
		t.Error("no way to the other name")
	}
	_, body = browse(t, "GET", "http://localhost"+usual+"/other/app?user=eva", nil)
	if !strings.Contains(body, `id="elsewhere" href="`+at+`/other/app?user=eva"`) || !strings.Contains(body, languages["en"]["app.cookies.sent"]) {
		t.Error("no way back")
	}
}

func TestTheBackEndOpensWhatThePersonAgreesTo(t *testing.T) {
	for _, c := range []struct {
		perDream bool
		event    string
		message  map[string]any
		kind     string
	}{
		{false, "onAccountProvisionRequested", map[string]any{"requestId": "r-1"}, "SharedSavings"},
		{true, "onAccountRequested", map[string]any{"requestId": "r-1", "dream": map[string]any{"type": "dream", "id": "d-1"}}, "SharedSavings"},
		{true, "onAccountRequested", map[string]any{"requestId": "r-1", "dream": map[string]any{"type": "performanceDream", "id": "d-1"}}, "Performance"},
	} {
		b, s, at := bankServe(t, BankOptions{Opening: "never"}, func(p *BankProgramme) { p.AccountPerDream = c.perDream })
		anna := must(b.Customer("test", "anna"))
		s.user(anna.Subject)
		if dream, ok := c.message["dream"].(map[string]any); ok {
			dream["user"] = map[string]any{"type": "user", "externalId": anna.Subject}
		}
		in := map[string]any{"user": "anna", "event": c.event, "message": c.message}
		if status, _ := bankHostAsks(t, at+"/test/app/asked", in); status != 200 || len(s.accounts) != 0 {
			t.Errorf("%s: %d, and %d accounts", c.event, status, len(s.accounts))
		}
		in["opening"] = "at-once"
		for range 2 { // pressing twice opens one
			if status, said := bankHostAsks(t, at+"/test/app/open", in); status != 200 || len(s.accounts) != 1 || s.accounts[0]["type"] != c.kind {
				t.Errorf("%s: %d %v, %v", c.event, status, said, s.accounts)
			}
		}
		if c.perDream && s.dreams["d-1"]["accountId"] != s.accounts[0]["id"] {
			t.Errorf("the dream is %v", s.dreams)
		}
		bankNoComplaints(t, b)
	}
}

func TestTheBackEndReadsAConsentOnceAndSignsWhatWasRead(t *testing.T) {
	for _, c := range []struct {
		signed, refused bool
		decided         string
		accounts        int
	}{{true, false, "consentedAt", 1}, {false, false, "rejectedAt", 0}, {true, true, "rejectedAt", 0}} {
		b, s, at := bankServe(t, BankOptions{Opening: "at-once"}, func(p *BankProgramme) { p.Consents = true })
		anna := must(b.Customer("test", "anna"))
		s.user(anna.Subject)
		s.consent = map[string]any{"id": "c-1", "maxFrequency": "month", "maxAmountCents": 50050, "savehackLaunchId": "l-1", "user": map[string]any{"externalId": anna.Subject}}
		in := map[string]any{"user": "anna", "event": "onTransferConsentRequested", "message": map[string]any{"requestId": "r", "consentId": "temporary"}}
		if status, said := bankHostAsks(t, at+"/test/app/sign", in); status != http.StatusConflict {
			t.Errorf("what was not read is signed: %d %v", status, said)
		}
		status, said := bankHostAsks(t, at+"/test/app/asked", in)
		if consent, _ := said["consent"].(map[string]any); status != 200 || consent["maxFrequency"] != "month" || consent["maxAmountCents"] != 50050.0 {
			t.Errorf("%d %v", status, said)
		}
		in["signed"] = c.signed
		if c.refused {
			b.Faults.Set("consent", Refuse, 1)
		}
		status, said = bankHostAsks(t, at+"/test/app/sign", in)
		if status != 200 || said["signed"] != (c.signed && !c.refused) || said["consentRef"] != "c-1" || s.consent[c.decided] == nil || len(s.accounts) != c.accounts {
			t.Errorf("%+v: %d %v, %v, %d accounts", c, status, said, s.consent, len(s.accounts))
		}
		if status, _ := bankHostAsks(t, at+"/test/app/sign", in); status != http.StatusConflict {
			t.Errorf("it is signed again: %d", status)
		}
		bankNoComplaints(t, b)
	}
}

func TestTheBackEndAnswersItsOwnPageAlone(t *testing.T) {
	b, s, at := bankServe(t, BankOptions{Opening: "at-once"})
	in := map[string]any{"user": "anna", "event": "onAccountProvisionRequested", "message": map[string]any{"requestId": "r"}}
	with := func(name string, value any) map[string]any {
		other := map[string]any{name: value}
		for k, v := range in {
			if k != name {
				other[k] = v
			}
		}
		return other
	}
	for name, c := range map[string]struct {
		what string
		in   map[string]any
		head []string
		want int
	}{
		"another site's page":      {"open", in, []string{"Origin", "https://evil.example"}, 403},
		"a form":                   {"open", in, []string{"Content-Type", "text/plain"}, 415},
		"no such way to open":      {"open", with("opening", "slowly"), nil, 400},
		"nobody":                   {"open", with("user", "<b>"), nil, 400},
		"something else":           {"open", with("moon", 1), nil, 400},
		"what needs no account":    {"open", with("event", "onShare"), nil, 409},
		"an answer to no question": {"sign", in, nil, 409},
	} {
		if status, said := bankHostAsks(t, at+"/test/app/"+c.what, c.in, c.head...); status != c.want {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
	if len(s.accounts) != 0 {
		t.Error("an account was opened")
	}
	bankNoComplaints(t, b)
	bankHostAsks(t, at+"/test/app/asked", with("event", "onMoonRise"))
	bankComplains(t, b, "onMoonRise")
}
