package oauth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley/house"
	"parley/sandbox"
)

// 101. Whoever opens somebody else's link is not put into their conversation (RFC 9700 §4.7, cross-user session fixation).
func TestAnotherBrowserCannotGoOnWithAConversation(t *testing.T) {
	t.Parallel()
	w := shared
	victim, thief := w.browser(t), w.browser(t)
	thief.authorize(params()) // it has a cookie of its own
	bare := w.browser(t)      // and this one has none
	began := victim.authorize(params())
	code := victim.identify(began, "approve")
	for _, b := range []*browser{thief, bare} {
		refusedPage(t, b.get(code))
	}
	if n := len(w.OpenID.Heard("token")); n > 0 && w.OpenID.Heard("token")[n-1].Params.Get("code") == mustQuery(t, code, "code") {
		t.Error("the proof that another browser brought was used")
	}
	first := victim.get(code)
	follow := first.header.Get("Location")
	for _, b := range []*browser{thief, bare} {
		refusedPage(t, b.get(follow))
		refusedPage(t, b.get(follow+"?back=1"))
	}
	if p := victim.back(follow); p.query("code") == "" {
		t.Errorf("the one whose it is: %s", p)
	}
	refusedPage(t, thief.get(follow)) // 100: nor afterwards

	pay := victim.authorize(deposit())
	order, _ := w.Trustly.Order(pay.to.String())
	for _, name := range []string{"SuccessURL", "FailURL"} {
		for _, b := range []*browser{thief, bare} {
			refusedPage(t, b.get(order.Attributes[name].(string)))
		}
	}
	if p := victim.back(victim.identify(pay, "approve")); p.query("code") == "" {
		t.Errorf("the one whose it is: %s", p)
	}
}

func mustQuery(t *testing.T, at, name string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get(name)
}

// 101.
func TestCookieIsBoundToTheHostAndRenewed(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	read := func(p page) *http.Cookie {
		t.Helper()
		cookies := (&http.Response{Header: p.header}).Cookies()
		cookies = slices.DeleteFunc(cookies, func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, "-choice") })
		if len(cookies) != 1 {
			t.Fatalf("%d cookies: %s", len(cookies), p)
		}
		c := cookies[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge < 3600 || len(c.Value) < 43 {
			t.Errorf("cookie is %+v", c)
		}
		return c
	}
	b := w.browser(t)
	plain := read(b.authorize(params()))
	if again := read(b.authorize(params())); again.Value != plain.Value {
		t.Error("the second conversation of a browser took the cookie from the first")
	}
	for _, planted := range []string{strings.Repeat("x", 42), strings.Repeat(" ", 43), strings.Repeat("x", 200)} {
		if c := read(w.browser(t).authorize(params(), "Cookie", "parley="+planted)); c.Value == planted {
			t.Error("a cookie was kept that is none of ours")
		}
	}
	if err := w.House.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := w.Config
	c.Issuer = "https://parley.example"
	h := rebuilt(t, w, c)
	p := serve(h, b.request("GET", "https://parley.example/oauth/authorize?"+params("identity_provider", "elsewhere").Encode(), nil, "Accept", "text/html"))
	secure := read(p)
	if secure.Name != "__Host-parley" || !secure.Secure {
		t.Errorf("over HTTPS: %+v", secure)
	}
	// 101: a cookie without the prefix, which another host of the domain could have planted, does not stand in for it.
	state := p.query("state")
	for name, want := range map[string]int{"parley": http.StatusBadRequest, "__Host-parley": http.StatusSeeOther} {
		back := serve(h, b.request("GET", "https://parley.example/connect/1000/elsewhere/callback?error=access_denied&iss="+url.QueryEscape(w.ElsewhereURL)+"&state="+state, nil, "Cookie", name+"="+secure.Value))
		if back.status != want {
			t.Errorf("%s: %s", name, back)
		}
	}
}

var (
	formAction = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	formCSRF   = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
)

// 102, 104, 95.
func TestOnlyOurOwnPageCancels(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	began := b.authorize(params())
	// There is no link to the page of somebody who is early but the one that the provider leads back to.
	state := began.query("state")
	follow := w.follow(t, state)
	early := b.get(follow)
	if early.status != http.StatusOK || !strings.Contains(early.body, "Waiting for you") {
		t.Fatal(early)
	}
	safe(t, early)
	action, csrf := formAction.FindStringSubmatch(early.body), formCSRF.FindStringSubmatch(early.body)
	if action == nil || csrf == nil {
		t.Fatalf("no form: %s", early)
	}
	at := w.URL + action[1]
	good := url.Values{"csrf": {csrf[1]}}
	other := w.browser(t)
	other.authorize(params())
	otherEarly := other.get(w.follow(t, other.authorize(params()).query("state")))
	for name, p := range map[string]page{
		"no token":                     b.post(at, url.Values{}),
		"empty token":                  b.post(at, url.Values{"csrf": {""}}),
		"another's token":              b.post(at, url.Values{"csrf": {formCSRF.FindStringSubmatch(otherEarly.body)[1]}}),
		"token in the address":         b.post(at+"?csrf="+csrf[1], url.Values{}),
		"foreign origin":               b.post(at, good, "Origin", "https://evil.example"),
		"longer origin":                b.post(at, good, "Origin", w.URL+".evil.example"),
		"sandboxed frame of another":   b.post(at, good, "Origin", "null", "Sec-Fetch-Site", "cross-site"),
		"neighbour":                    b.post(at, good, "Origin", "null", "Sec-Fetch-Site", "same-site"),
		"no origin, from another site": b.post(at, good, "Sec-Fetch-Site", "cross-site"),
	} {
		if p.status != http.StatusForbidden || p.to != nil || strings.Contains(p.body, "mistake is ours") {
			t.Errorf("%s: %s", name, p)
		}
		safe(t, p)
	}
	refusedPage(t, other.post(at, good))
	if p := b.get(at); p.status != http.StatusNotFound && p.status != http.StatusMethodNotAllowed {
		t.Errorf("a link cancels: %s", p)
	}
	if p := b.get(follow); !strings.Contains(p.body, "Waiting for you") {
		t.Fatalf("something of it cancelled: %s", p)
	}
	// What a browser sends from our page, which forbids it to say where it is.
	p := b.post(at, good, "Origin", "null", "Sec-Fetch-Site", "same-origin")
	if p.status != http.StatusSeeOther {
		t.Fatal(p)
	}
	end := b.back(p.to.String())
	refusedBack(t, w, end, "access_denied")
	if end.query("tx_state") != "CANCELLED" || end.query("error_description") != "err_cancelled_by_user" || end.query("state") != "st-1" {
		t.Error(end)
	}
	// Twice, and too late, it is no error, and changes nothing.
	if p := b.post(at, good, "Origin", w.URL); p.status != http.StatusSeeOther {
		t.Error(p)
	}
	refusedBack(t, w, b.back(follow), "access_denied")
}

// follow is the page that follows a run, found by the state with which the run went to its provider.
func (w *world) follow(t *testing.T, state string) string {
	t.Helper()
	run, ok := w.doorHandles().Open("connect callback", state)
	if !ok {
		t.Fatalf("state %q is no handle", state)
	}
	return w.House.OAuth.FollowURL(run)
}

// 103, 104, 48.
func TestEveryPageKeepsOutOfFrames(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	began := b.authorize(params())
	follow := w.follow(t, began.query("state"))
	pages := map[string]page{
		"choose": b.authorize(params("identity_provider", "-")), "early": b.get(follow), "unknown client": b.authorize(params("client_id", "x")), "unknown page": b.get(w.URL + "/nothing"),
		"root": b.get(w.URL + "/"), "no such run": b.get(w.URL + "/oauth/follow/x"), "no such return": b.get(w.URL + "/connect/1000/trustly/return/x"), "no such callback": b.get(w.URL + "/connect/1000/openid/callback?state=x"),
		"another browser": w.browser(t).get(follow), "405": b.do(b.request("DELETE", w.URL+"/oauth/authorize", nil)),
	}
	back := b.identify(began, "approve")
	pages["callback"] = b.get(back)
	pages["redirect with code"] = b.back(back)
	w.access(t, pages["redirect with code"].query("code"))
	pages["used"] = b.get(pages["callback"].header.Get("Location"))
	if !strings.Contains(pages["used"].body, "You are signed in") {
		t.Errorf("the code was redeemed, and the page says: %s", pages["used"])
	}
	pages["redirect with error"] = b.authorize(params("prompt", "none"))
	external := regexp.MustCompile(`(?:src|href)="(?:https?:)?//[^"]*"`)
	for name, p := range pages {
		t.Run(name, func(t *testing.T) {
			if name != "405" {
				safe(t, p)
			}
			if p.header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s", p)
			}
			if len(p.body) > 6<<10 {
				t.Errorf("it weighs %d bytes", len(p.body))
			}
			if strings.Contains(strings.ReplaceAll(p.body, `<script type="module" src="/assets/`, ""), "<script") || strings.Contains(p.body, "style=") {
				t.Errorf("script or style within the page: %s", p)
			}
			for _, link := range external.FindAllString(p.body, -1) {
				if strings.HasPrefix(link, "src") || !strings.Contains(link, w.URL) && !strings.Contains(link, w.OpenIDURL) && !strings.Contains(link, "https://shop.example") {
					t.Errorf("something of a third party: %s", link)
				}
			}
			if p.status >= 300 && p.status < 400 && p.status != http.StatusSeeOther {
				t.Errorf("%d would post a form on", p.status)
			}
			if strings.Contains(p.body, pages["redirect with code"].query("code")) && p.to == nil {
				t.Error("a page shows a code")
			}
		})
	}
	for _, asset := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(pages["early"].body, -1) {
		if p := b.get(w.URL + asset[1]); p.status != http.StatusOK || p.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(p.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s", asset[1], p)
		}
	}
}

// 105.
func TestNoParameterSendsTheBrowserElsewhere(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	began := b.authorize(params())
	follow := w.follow(t, began.query("state"))
	order, _ := w.Trustly.Order(b.authorize(deposit()).to.String())
	success := order.Attributes["SuccessURL"].(string)
	for _, evil := range []string{"//evil.example", `/\evil.example`, "/%09/evil.example", "javascript:alert(1)", "https://evil.example/", `\\evil.example`, "https:evil.example"} {
		q := url.Values{}
		for _, name := range []string{"return_to", "next", "url", "back", "redirect", "redirect_url", "post_logout_redirect_uri", "target", "continue", "waited", "leave", "stay", "again", "go", "display"} {
			q.Set(name, evil)
		}
		for name, p := range map[string]page{
			"authorize":          b.authorize(merge(params("state", evil), q)),
			"authorize, refused": b.authorize(merge(params("state", evil, "prompt", "none"), q)),
			"follow":             b.get(follow + "?" + q.Encode()),
			"return":             b.get(success + "?" + q.Encode()),
			"callback":           b.get(w.URL + "/connect/1000/openid/callback?state=" + url.QueryEscape(evil) + "&" + q.Encode()),
			"assets":             b.get(w.URL + "/assets/?" + q.Encode()),
			"path":               b.get(w.URL + "/" + evil),
		} {
			if p.to != nil && strings.Contains(p.to.Host, "evil") || p.to != nil && p.to.Scheme == "javascript" {
				t.Errorf("%s with %s: %s", name, evil, p)
			}
			if p.to != nil && !strings.HasPrefix(p.to.String(), w.URL+"/") && !strings.HasPrefix(p.to.String(), w.OpenIDURL) && !strings.HasPrefix(p.to.String(), w.TrustlyURL) && !strings.HasPrefix(p.to.String(), callback) {
				t.Errorf("%s with %s: %s", name, evil, p)
			}
			if strings.Contains(p.body, "evil.example") && name != "path" { // a path that is not clean leads to the clean one, here
				t.Errorf("%s repeats %s: %s", name, evil, p)
			}
		}
	}
}

func merge(q, more url.Values) url.Values {
	for name, list := range more {
		if _, there := q[name]; !there {
			q[name] = list
		}
	}
	return q
}

// 106.
func TestErrorPagesRepeatNothingOfWhatWasSent(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	const marker = `zq7"'><script>alert(1)</script>`
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "response_mode", "state", "nonce", "scope", "code_challenge", "code_challenge_method", "identity_provider", "amount", "currency", "country", "locale", "ui_locales",
		"prompt", "max_age", "acr_values", "login_hint", "request", "request_uri", "iframe", "enduser_id", "ssn", "attributes[x]", "provider_attributes[x]", "error", "error_description", "error_hint", "error_uri", "code", "iss", marker} {
		q := params(name, marker)
		at := q.Encode()
		bad := params(name, marker)
		bad.Set("client_id", "x"+bad.Get("client_id"))
		form := params(name, marker)
		if name != "client_id" {
			form.Set("client_id", narrowClient) // its failures must not count as the shop's
		}
		for where, p := range map[string]page{
			"authorize":   b.get(w.URL + "/oauth/authorize?" + at),
			"error page":  b.get(w.URL + "/oauth/authorize?" + bad.Encode()),
			"posted":      b.post(w.URL+"/oauth/authorize", bad),
			"follow":      b.get(w.URL + "/oauth/follow/x?" + at),
			"callback":    b.get(w.URL + "/connect/1000/openid/callback?" + at),
			"return":      b.get(w.URL + "/connect/1000/openid/return/x?" + at),
			"token":       w.program(t).post(w.URL+"/oauth/token", form),
			"check_token": w.program(t).post(w.URL+"/oauth/check_token", q, basic(otherClient, otherKey)...),
			"status":      w.program(t).get(w.URL + "/api/signin/status?token=x&" + at),
			"compatible":  w.program(t).get(w.URL + "/oauth/authorize?" + compatibleRequest(name, marker).Encode()),
		} {
			// http.Redirect writes a link to where it leads, escaped; a browser never shows it.
			if p.to == nil && strings.Contains(p.body, "zq7") || strings.Contains(p.body, "<script") || strings.Contains(p.body, `"'>`) {
				t.Errorf("%s in %s: %s", name, where, p)
			}
		}
	}
	for _, path := range []string{"/%3Cscript%3Ezq7", "/oauth/follow/zq7%3Cscript%3E", "/oauth/cancel/zq7%22", "/connect/zq7/zq7/callback", "/connect/1000/zq7%3C/return/zq7", "/assets/zq7%3Cscript%3E"} {
		if p := b.get(w.URL + path); strings.Contains(p.body, "zq7") {
			t.Errorf("%s: %s", path, p)
		}
	}
}

// 107.
func TestForgedHostChangesNothing(t *testing.T) {
	t.Parallel()
	w := shared
	forged := []string{"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Port", "444", "X-Forwarded-Prefix", "/evil", "Forwarded", "host=evil.example;proto=https",
		"X-Original-URL", "/evil", "X-Rewrite-URL", "/evil", "X-Forwarded-For", "6.6.6.6"}
	b := w.browser(t)
	began := b.authorize(params(), forged...)
	if began.query("redirect_uri") != w.URL+"/connect/1000/openid/callback" {
		t.Errorf("the provider is to lead back to %s", began.query("redirect_uri"))
	}
	back := b.identify(began, "approve")
	p := b.get(back, forged...)
	if !strings.HasPrefix(p.header.Get("Location"), w.URL+"/oauth/follow/") {
		t.Error(p)
	}
	p = b.get(p.header.Get("Location"), forged...)
	if p.query("iss") != w.URL || p.query("code") == "" {
		t.Error(p)
	}
	tok := w.program(t).post(w.URL+"/oauth/token", redemption(p.query("code")), append(forged, basic(sandbox.ShopClient, sandbox.ShopSecret)...)...)
	access, _ := tok.json(t)["access_token"].(string)
	if access == "" {
		t.Fatal(tok)
	}
	if _, c := claims(t, access); c["iss"] != w.URL || c["aud"] != w.URL {
		t.Errorf("the token is from %v for %v", c["iss"], c["aud"])
	}
	if m := w.shopCheck(t, access).json(t); m["ip"] != "127.0.0.1" {
		t.Errorf("the person is at %v, which nobody who is trusted said", m["ip"])
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/", "/oauth/authorize?client_id=x", "/paymentiq/oauth/authorize?" + compatibleRequest("iframe", "true").Encode()} {
		if p := b.get(w.URL+path, forged...); strings.Contains(p.body, "evil") || strings.Contains(p.header.Get("Location"), "evil") {
			t.Errorf("%s: %s", path, p)
		}
	}
}

// 107, the other half: a proxy that is trusted is believed, as far as it saw for itself.
func TestTrustedProxySaysWhereThePersonIs(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}, func(c *house.Config) { c.TrustedProxies = []string{"127.0.0.0/8", "10.0.0.0/8"} })
	for said, want := range map[string]string{"6.6.6.6, 203.0.113.9, 10.1.1.1": "203.0.113.9", "203.0.113.9": "203.0.113.9", "rubbish": "127.0.0.1", "": "127.0.0.1", "2001:db8::1": "2001:db8::1"} {
		b := w.browser(t)
		p := b.back(b.identify(b.authorize(params(), "X-Forwarded-For", said), "approve"))
		if m := w.shopCheck(t, w.access(t, p.query("code"))).json(t); m["ip"] != want {
			t.Errorf("%q: the person is at %v, want %s", said, m["ip"], want)
		}
	}
}

func TestMetadataSaysWhatIsTrue(t *testing.T) {
	t.Parallel()
	w := shared
	m := w.program(t).get(w.URL + "/.well-known/oauth-authorization-server").json(t)
	if m["issuer"] != w.URL || m["authorization_response_iss_parameter_supported"] != true || !slices.Contains(m["ui_locales_supported"].([]any), "sv") {
		t.Error(m)
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "check_token_endpoint"} {
		at, _ := m[name].(string)
		if p := w.program(t).get(at); !strings.HasPrefix(at, w.URL) || p.status == http.StatusNotFound {
			t.Errorf("%s is %q", name, at)
		}
	}
}
