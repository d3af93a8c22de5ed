package oauth_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
)

// What a client of the vendor's gets when it asks by program: the answer as it was seen, key for key.
func TestCompatibleClientGetsTheVendorsAnswer(t *testing.T) {
	t.Parallel()
	w := shared
	for _, path := range []string{"/paymentiq/oauth/authorize", "/oauth/authorize"} {
		for name, p := range map[string]page{
			"a program":       w.program(t).get(w.URL + path + "?" + compatibleRequest("provider", "x", "showAccount", "true").Encode()),
			"a browser, true": w.browser(t).get(w.URL + path + "?" + compatibleRequest("iframe", "true").Encode()),
			"a script":        w.browser(t).get(w.URL+path+"?"+compatibleRequest().Encode(), "Sec-Fetch-Mode", "cors"),
		} {
			if p.status != http.StatusOK {
				t.Fatalf("%s: %s", name, p)
			}
			m := p.json(t)
			keysAre(t, m, "success", "messages", "redirectOutput", "links")
			out, links := m["redirectOutput"].(map[string]any), m["links"].(map[string]any)
			keysAre(t, out, "html", "url", "method", "container", "parameters", "height", "width")
			keysAre(t, links, "statusUrl")
			if m["success"] != true || len(m["messages"].([]any)) != 0 || out["html"] != nil || out["method"] != "GET" || out["container"] != "iframe" || len(out["parameters"].(map[string]any)) != 0 ||
				out["height"].(float64) <= 0 || out["width"].(float64) <= 0 || !strings.HasPrefix(out["url"].(string), w.TrustlyURL) {
				t.Errorf("%s: %s", name, p)
			}
			status, err := url.Parse(links["statusUrl"].(string))
			if err != nil || !strings.HasPrefix(links["statusUrl"].(string), w.URL) || !strings.HasSuffix(status.Path, "/api/signin/status") {
				t.Fatal(links, err)
			}
			head, c := claims(t, status.Query().Get("token"))
			if head["alg"] != "HS256" || c["merchantId"] != 1000.0 || !strings.HasPrefix(c["token"].(string), "1000A") {
				t.Errorf("status token: %v %v", head, c)
			}
			keysAre(t, c, "merchantId", "exp", "token")
			if left := time.Until(time.Unix(int64(c["exp"].(float64)), 0)); left < 29*time.Minute || left > 30*time.Minute {
				t.Errorf("status token is good for %s", left)
			}
		}
	}
}

func keysAre(t *testing.T, m map[string]any, want ...string) {
	t.Helper()
	got := slices.Sorted(maps.Keys(m))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("keys are %v, want %v", got, want)
	}
}

func TestCompatibleClientsBrowserIsRedirected(t *testing.T) {
	t.Parallel()
	w := shared
	for name, p := range map[string]page{
		"navigates":             w.browser(t).get(w.URL + "/paymentiq/oauth/authorize?" + compatibleRequest().Encode()),
		"navigates, as it says": w.browser(t).get(w.URL+"/oauth/authorize?"+compatibleRequest().Encode(), "Sec-Fetch-Mode", "navigate", "Accept", "*/*"),
		"iframe=false":          w.program(t).get(w.URL + "/oauth/authorize?" + compatibleRequest("iframe", "false").Encode()),
	} {
		if p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), w.TrustlyURL) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

// From the question to check_token, with parameters in the query and an empty body, under the vendor's paths.
func TestCompatibleClientGoesAllTheWay(t *testing.T) {
	t.Parallel()
	w := shared
	q := compatibleRequest("amount", "100.50", "redirect_uri", callback+"?brand=two&x=%2F", "attributes[campaign]", "spring", "attributes[bonus]", "b 1")
	p := w.program(t).get(w.URL + "/paymentiq/oauth/authorize?" + q.Encode())
	out := p.json(t)["redirectOutput"].(map[string]any)
	statusURL := p.json(t)["links"].(map[string]any)["statusUrl"].(string)
	at, _ := url.Parse(statusURL)
	_, c := claims(t, at.Query().Get("token"))
	ref := c["token"].(string)
	statuses := []string{statusURL}
	for _, path := range []string{"/paymentiq/api/signin/status", "/identity/api/signin/status", "/paymentiq/identity/api/signin/status"} {
		statuses = append(statuses, w.URL+path+"?"+at.RawQuery)
	}
	for _, s := range statuses {
		p := w.program(t).get(s)
		if m := p.json(t); p.status != http.StatusOK || m["txRefId"] != ref || m["done"] != false || m["success"] != true {
			t.Errorf("before: %s", p)
		}
		for _, name := range []string{"name", "personid", "userId", "attributes"} {
			if p.json(t)[name] != nil {
				t.Errorf("whoever has the address is told %s", name)
			}
		}
	}
	b := w.browser(t)
	to, _ := url.Parse(out["url"].(string))
	back := b.back(b.identify(page{to: to}, "approve"))
	if !strings.HasPrefix(back.header.Get("Location"), callback+"?brand=two&x=%2F&") || back.query("code") == "" || back.query("state") != "st-1" || back.query("sessionId") == "" {
		t.Fatalf("the redirect: %s", back)
	}
	for _, s := range statuses {
		if m := w.program(t).get(s).json(t); m["done"] != true || m["success"] != true || m["state"] != "SUCCESSFUL" {
			t.Errorf("after: %v", m)
		}
	}
	auth := basic(sandbox.CompatibleClient, sandbox.CompatibleSecret)
	f := url.Values{"grant_type": {"authorization_code"}, "code": {back.query("code")}, "redirect_uri": {callback + "?brand=two&x=%2F"}, "client_id": {sandbox.CompatibleClient}}
	req := w.program(t).request("POST", w.URL+"/paymentiq/oauth/token?"+f.Encode(), nil, append(auth, "Content-Type", "application/x-www-form-urlencoded")...)
	p = w.program(t).do(req)
	if p.status != http.StatusOK {
		t.Fatal(p)
	}
	m := p.json(t)
	access := m["access_token"].(string)
	logged.keepOut("a token", access)
	head, body := claims(t, access)
	if head["alg"] != "HS256" || head["typ"] != "JWT" {
		t.Errorf("head is %v", head)
	}
	for name, want := range map[string]any{"token_type": "bearer", "expires_in": 2591999.0, "merchantId": 1000.0, "clientId": sandbox.CompatibleClient, "txRefId": ref, "identityProvider": "trustly", "personid": "SE196512171957",
		"firstName": "Örjan", "lastName": "Ångström", "name": "Örjan Ångström", "street": "Sjövägen 12", "city": "Stockholm", "zip": "11645", "country": "SWE", "dob": "1965-12-17"} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	for name, want := range map[string][]any{"scope": {"default"}, "aud": {"identity_api"}, "authorities": {"ROLE_IDENTITY_AUTH"}} {
		if got, _ := m[name].([]any); !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	if user, _ := m["userId"].(string); !strings.HasPrefix(user, "user_") || body["user_name"] != user {
		t.Errorf("userId is %v, user_name %v", m["userId"], body["user_name"])
	}
	if a, _ := body["attributes"].(map[string]any); a["campaign"] != "spring" || a["token"] == nil {
		t.Errorf("attributes of the token are %v", a)
	}
	keysAre(t, body, "user_name", "client_id", "merchantId", "txRefId", "authorities", "scope", "aud", "exp", "jti", "attributes", "userId", "name", "firstName", "lastName", "personid", "street", "city", "zip", "country",
		"dob", "gender", "ip", "identityProvider", "clearinghouse", "bank", "maskedAccount", "lastdigits", "amount", "currency")

	check := w.URL + "/paymentiq/oauth/check_token?token=" + url.QueryEscape(access)
	p = w.program(t).get(check, auth...)
	m = p.json(t)
	if p.status != http.StatusOK || m["personid"] != "SE196512171957" || m["access_token"] != nil || m["token_type"] != nil || m["expires_in"] != nil || m["txRefId"] != ref {
		t.Errorf("check_token: %s", p)
	}
	for _, name := range []string{"veriff_verification_false", "veriff_verification_failed_reason"} {
		if v, there := m[name]; !there || v != "" {
			t.Errorf("%s is %v", name, v)
		}
	}
	wants(t, w.program(t).get(check), 401, "invalid_client")
	wants(t, w.program(t).get(check, basic(sandbox.ShopClient, sandbox.ShopSecret)...), 400, "invalid_request")
	wants(t, w.shopCheck(t, access), 400, "invalid_token")
	wants(t, w.program(t).do(w.program(t).request("POST", w.URL+"/oauth/token?"+f.Encode(), nil, auth...)), 400, "invalid_grant")
	wants(t, w.program(t).get(check, auth...), 400, "invalid_token")

	// What was asked for along with the sign-in was told to the operator.
	for _, heard := range w.Operator.Heard("signin") {
		if heard.Body["txRefId"] == ref {
			if a, _ := heard.Body["attributes"].(map[string]any); a["campaign"] != "spring" || a["bonus"] != "b 1" {
				t.Errorf("the operator was told attributes %v", heard.Body["attributes"])
			}
			return
		}
	}
	t.Error("the operator was not asked")
}

// §1.5: the secret may come in the form, and redirect_uri may be left out.
func TestCompatibleClientMayAuthenticateAsItLikes(t *testing.T) {
	t.Parallel()
	w := shared
	for _, f := range []url.Values{
		{"client_id": {sandbox.CompatibleClient}, "client_secret": {sandbox.CompatibleSecret}},
		{"client_id": {sandbox.CompatibleClient}, "client_secret": {sandbox.CompatibleSecret}, "redirect_uri": {callback}},
	} {
		b := w.browser(t)
		code := b.back(b.identify(b.authorize(compatibleRequest("iframe", "false", "identity_provider", "openid")), "approve")).query("code")
		f.Set("grant_type", "authorization_code")
		f.Set("code", code)
		if p := w.program(t).post(w.URL+"/oauth/token", f); p.status != http.StatusOK || p.json(t)["token_type"] != "bearer" {
			t.Error(p)
		}
	}
	b := w.browser(t)
	code := b.back(b.identify(b.authorize(compatibleRequest("iframe", "false", "identity_provider", "openid")), "approve")).query("code")
	f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback + "?x=1"}}
	wants(t, w.token(t, sandbox.CompatibleClient, sandbox.CompatibleSecret, f), 400, "invalid_grant") // given, it is the one that was used
}

func TestCompatibleClientHearsARefusalInJSON(t *testing.T) {
	t.Parallel()
	w := shared
	for name, c := range map[string]struct {
		q      url.Values
		status int
		field  string
	}{
		"unknown client":       {compatibleRequest("client_id", "nobody"), 401, "client_id"},
		"unregistered address": {compatibleRequest("redirect_uri", "https://evil.example/"), 401, "redirect_uri"},
		"unknown provider":     {compatibleRequest("identity_provider", "nobody"), 400, "identity_provider"},
		"no provider":          {compatibleRequest("identity_provider", ""), 400, "identity_provider"},
		"bad amount":           {compatibleRequest("amount", "1,5"), 400, "amount"},
		"no country":           {compatibleRequest("country", ""), 400, "country"},
	} {
		p := w.program(t).get(w.URL + "/paymentiq/oauth/authorize?" + c.q.Encode())
		m := p.json(t)
		faults, _ := m["errors"].([]any)
		if p.status != c.status || m["success"] != false || len(faults) != 1 || faults[0].(map[string]any)["field"] != c.field || m["redirectOutput"] != nil {
			t.Errorf("%s: %s", name, p)
		}
	}
	refusedPage(t, w.browser(t).get(w.URL+"/paymentiq/oauth/authorize?"+compatibleRequest("redirect_uri", "https://evil.example/").Encode()))
}

func TestStatusTokenIsTheOnlyWayToAStatusAndEnds(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}, func(c *house.Config) {
		c.Merchants[1].Clients[0].Profile = "compatible"
	})
	p := w.program(t).get(w.URL + "/oauth/authorize?" + compatibleRequest().Encode())
	at := p.json(t)["links"].(map[string]any)["statusUrl"].(string)
	no := func(at string) {
		t.Helper()
		if p := w.program(t).get(at); p.status != http.StatusUnauthorized || p.json(t)["success"] != false {
			t.Errorf("%s: %s", at, p)
		}
	}
	base, token, _ := strings.Cut(at, "token=")
	no(base)
	no(base + "token=")
	no(base + "token=" + token[:len(token)-2])
	no(base + "token=" + strings.Repeat("x", 8<<10))
	// A token of ours, for another purpose.
	no(base + "token=" + w.access(t, w.code(t, params())))
	// The number of one merchant's sign-in under another merchant's name.
	number := strings.TrimPrefix(func() string {
		u, _ := url.Parse(at)
		_, c := claims(t, u.Query().Get("token"))
		return c["token"].(string)
	}(), "1000A")
	no(base + "token=" + url.QueryEscape(w.House.OAuth.StatusToken(foreignMerchant, "2000A"+number, time.Now())))
	no(base + "token=" + url.QueryEscape(w.House.OAuth.StatusToken(1000, "1000A999999999", time.Now())))
	w.clock.forward(30 * time.Minute)
	no(at)
}
