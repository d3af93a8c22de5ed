package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/oauth"
	"parley/sandbox"
)

// The numbers are those of the list of what an authorization server must refuse. P400 is refusedPage, R:x is refusedBack.

// 1, 2, 3, 4, 5, 6, 7, 8, 10.
func TestWhoeverIsNotRegisteredGetsAPageAndIsSentNowhere(t *testing.T) {
	t.Parallel()
	w := shared
	for name, q := range map[string]url.Values{
		"unknown client":              params("client_id", "nobody"),
		"no client":                   params("client_id", "-"),
		"empty client":                params("client_id", ""),
		"disabled client":             params("client_id", disabledClient),
		"another merchant's client":   params("client_id", foreignClient),
		"unregistered":                params("redirect_uri", "https://evil.example/callback"),
		"path suffix":                 params("redirect_uri", callback+"/more"),
		"trailing slash":              params("redirect_uri", callback+"/"),
		"cut short":                   params("redirect_uri", callback[:len(callback)-1]),
		"case of the path":            params("redirect_uri", "https://shop.example/Callback"),
		"case of the host":            params("redirect_uri", "https://SHOP.example/callback"),
		"case of the scheme":          params("redirect_uri", "HTTPS://shop.example/callback"),
		"dot segment":                 params("redirect_uri", "https://shop.example/x/../callback"),
		"encoded dot segment":         params("redirect_uri", "https://shop.example/x/%2e%2e/callback"),
		"encoded twice":               params("redirect_uri", "https://shop.example/%63allback"),
		"encoded slash":               params("redirect_uri", "https://shop.example%2fcallback"),
		"default port":                params("redirect_uri", "https://shop.example:443/callback"),
		"http":                        params("redirect_uri", "http://shop.example/callback"),
		"extra query":                 params("redirect_uri", callback+"?next=/evil"),
		"empty query":                 params("redirect_uri", callback+"?"),
		"another query":               params("redirect_uri", "https://shop.example/callback?brand=two"),
		"part of the query":           params("redirect_uri", branded+"&x=1"),
		"another loopback port":       params("redirect_uri", "http://127.0.0.1:10/callback"), // 7: a confidential web client
		"no loopback port":            params("redirect_uri", "http://127.0.0.1/callback"),
		"another loopback host":       params("redirect_uri", "http://localhost:9/callback"),
		"user":                        params("redirect_uri", "https://shop.example@evil.example/callback"),
		"user and password":           params("redirect_uri", "https://shop.example:x@evil.example/callback"),
		"longer host":                 params("redirect_uri", "https://shop.example.evil.example/callback"),
		"backslash":                   params("redirect_uri", `https://shop.example\@evil.example/callback`),
		"backslashes":                 params("redirect_uri", `\\evil.example/callback`),
		"tab":                         params("redirect_uri", "https://shop.example/\tcallback"),
		"leading blank":               params("redirect_uri", " "+callback),
		"fragment":                    params("redirect_uri", callback+"#x"),
		"empty fragment":              params("redirect_uri", callback+"#"),
		"without scheme":              params("redirect_uri", "//shop.example/callback"),
		"javascript":                  params("redirect_uri", "javascript:alert(1)"),
		"no redirect URI":             params("redirect_uri", "-"),
		"empty redirect URI":          params("redirect_uri", ""),
		"no redirect URI, one known":  params("client_id", nativeClient, "redirect_uri", "-"),
		"native, but another path":    params("client_id", nativeClient, "redirect_uri", "http://127.0.0.1:7/other"),
		"native, but another host":    params("client_id", nativeClient, "redirect_uri", "http://localhost:7/native"),
		"native, with a user":         params("client_id", nativeClient, "redirect_uri", "http://127.0.0.1:7@evil.example/native"),
		"native, port is no port":     params("client_id", nativeClient, "redirect_uri", "http://127.0.0.1:7x/native"),
		"native, a longer host":       params("client_id", nativeClient, "redirect_uri", "http://127.0.0.1.evil.example/native"),
		"compatible, another path":    params("client_id", sandbox.CompatibleClient, "redirect_uri", callback+"/x?y=1"),
		"compatible, with a fragment": params("client_id", sandbox.CompatibleClient, "redirect_uri", callback+"?y=1#z"),
	} {
		t.Run(name, func(t *testing.T) { refusedPage(t, shared.browser(t).authorize(q)) })
	}
	if w.House == nil {
		t.Fatal("no house")
	}
}

// 7. RFC 8252 §7.3.
func TestNativeClientMayListenOnAnyLoopbackPort(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{nativeURI, "http://127.0.0.1:1/native", "http://127.0.0.1:54321/native"} {
		b := shared.browser(t)
		p := b.signIn(params("client_id", nativeClient, "redirect_uri", uri))
		if !strings.HasPrefix(p.header.Get("Location"), uri+"?") || p.query("code") == "" {
			t.Errorf("%s: %s", uri, p)
		}
	}
}

// 9.
func TestRedirectURIThatCannotBeTrustedIsRefusedAtRegistration(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"", "/callback", "shop.example/callback", "//shop.example/callback", "http://shop.example/callback", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/",
		"https://*.shop.example/callback", "https://shop.example/*", "https://user@shop.example/", "https://user:x@shop.example/", "https://shop.example/#x", "https://shop.example/#",
		"https://shop.example/a b", `https://shop.example\@evil.example/`, "https://shop.example/../x", "https://shop.example/%2e%2e/x", "https://shop.example/./x",
		"https://", "https:///callback", "https://:443/callback", "https:shop.example", "javascript:alert(1)", "data:text/html,x", "shop:/callback", "https://shöp.example/", "https://shop.example/\n",
	} {
		if oauth.CheckRedirectURI(uri) == nil {
			t.Errorf("%q may be registered", uri)
		}
	}
	for _, uri := range []string{callback, branded, webLoop, nativeURI, "http://[::1]:8080/x", "http://localhost/x", "https://shop.example", "https://shop.example:8443/x?a=%2F..%2F"} {
		if err := oauth.CheckRedirectURI(uri); err != nil {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// 11.
func TestParameterThatComesTwiceIsRefused(t *testing.T) {
	t.Parallel()
	b := shared.browser(t)
	refusedPage(t, b.authorize(with(params(), "client_id", sandbox.ShopClient)))
	refusedPage(t, b.authorize(with(params(), "client_id", otherClient)))
	refusedPage(t, b.authorize(with(params(), "redirect_uri", callback)))
	refusedPage(t, b.authorize(with(params(), "redirect_uri", "https://evil.example/")))
	for _, name := range []string{"state", "scope", "nonce", "code_challenge", "code_challenge_method", "response_type", "identity_provider", "amount", "anything"} {
		p := b.authorize(with(deposit("anything", "x"), name, "y"))
		refusedBack(t, shared, p, "invalid_request")
		if name == "state" && p.to.Query().Has("state") {
			t.Error("which of two states was meant cannot be known, and one was told: ", p)
		}
		if name != "state" && p.query("state") != "st-1" {
			t.Errorf("%s twice, and the state is lost: %s", name, p)
		}
	}
	// The same in the two halves of a POST: only the form counts, so the query can change nothing.
	p := b.post(shared.URL+"/oauth/authorize?redirect_uri=https://evil.example/&client_id="+otherClient, params("response_type", "token"))
	refusedBack(t, shared, p, "unsupported_response_type")
}

// 12, 13, 14, 15, 20, 33, 34, 35, and what a deposit needs.
func TestRequestThatIsNotInOrderIsRefusedAtTheRedirectURI(t *testing.T) {
	t.Parallel()
	canary, heard := canary(t)
	for _, c := range []struct {
		name string
		q    url.Values
		want string
	}{
		{"no response_type", params("response_type", "-"), "invalid_request"},
		{"token", params("response_type", "token"), "unsupported_response_type"},
		{"id_token", params("response_type", "id_token"), "unsupported_response_type"},
		{"code token", params("response_type", "code token"), "unsupported_response_type"},
		{"Code", params("response_type", "Code"), "unsupported_response_type"},
		{"fragment", params("response_mode", "fragment"), "invalid_request"},
		{"form_post", params("response_mode", "form_post"), "invalid_request"},
		{"query.jwt", params("response_mode", "query.jwt"), "invalid_request"},
		{"unknown scope", params("scope", "openid admin"), "invalid_scope"},
		{"scope of others", params("client_id", narrowClient, "scope", "openid profile"), "invalid_scope"},
		{"prompt none", params("prompt", "none"), "login_required"},
		{"prompt none and a deposit", deposit("prompt", "none"), "interaction_required"},
		{"prompt none login", params("prompt", "none login"), "invalid_request"},
		{"negative max_age", params("max_age", "-1"), "invalid_request"},
		{"max_age of words", params("max_age", "soon"), "invalid_request"},
		{"request by reference", params("request_uri", canary), "request_uri_not_supported"},
		{"request by pushed reference", params("request_uri", "urn:ietf:params:oauth:request_uri:x"), "request_uri_not_supported"},
		{"request object", params("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"},
		{"no challenge", params("code_challenge", "-"), "invalid_request"},
		{"no PKCE", params("code_challenge", "-", "code_challenge_method", "-"), "invalid_request"},
		{"plain", params("code_challenge_method", "plain"), "invalid_request"},
		{"no method", params("code_challenge_method", "-"), "invalid_request"},
		{"s256", params("code_challenge_method", "s256"), "invalid_request"},
		{"challenge of 8 characters", params("code_challenge", "abcdefgh"), "invalid_request"},
		{"challenge of 42 characters", params("code_challenge", challengeOf(verifier)[:42]), "invalid_request"},
		{"challenge of 44 characters", params("code_challenge", challengeOf(verifier)+"a"), "invalid_request"},
		{"padded challenge", params("code_challenge", challengeOf(verifier)[:42]+"="), "invalid_request"},
		{"challenge of base64", params("code_challenge", strings.Repeat("+", 43)), "invalid_request"},
		{"state of 1025 bytes", params("state", strings.Repeat("s", 1025)), "invalid_request"},
		{"nonce of 1025 bytes", params("nonce", strings.Repeat("s", 1025)), "invalid_request"},
		{"unknown provider", params("identity_provider", "nobody"), "invalid_request"},
		{"provider of another merchant", params("client_id", foreignClient, "redirect_uri", "https://foreign.example/callback", "identity_provider", "openid"), "invalid_request"},
		{"deposit with a provider that takes none", deposit("identity_provider", "elsewhere"), "invalid_request"},
		{"amount without currency", deposit("currency", "-"), "invalid_request"},
		{"currency in lower case", deposit("currency", "sek"), "invalid_request"},
		{"country of three letters", deposit("country", "SWE"), "invalid_request"},
		{"no country for Trustly", deposit("country", "-"), "invalid_request"},
		{"amount 0", deposit("amount", "0"), "invalid_request"},
		{"amount 0.00", deposit("amount", "0.00"), "invalid_request"},
		{"negative amount", deposit("amount", "-1.00"), "invalid_request"},
		{"signed amount", deposit("amount", "+1.00"), "invalid_request"},
		{"empty amount", deposit("amount", ""), "invalid_request"},
		{"three decimals", deposit("amount", "1.001"), "invalid_request"},
		{"exponent", deposit("amount", "1e3"), "invalid_request"},
		{"NaN", deposit("amount", "NaN"), "invalid_request"},
		{"comma", deposit("amount", "1,00"), "invalid_request"},
		{"yen with decimals", deposit("amount", "1.50", "currency", "JPY"), "invalid_request"},
		{"a fortune", deposit("amount", strings.Repeat("9", 30)), "invalid_request"},
		{"enduser_id of 51", params("enduser_id", strings.Repeat("u", 51)), "invalid_request"},
		{"ssn of 33", params("ssn", strings.Repeat("1", 33)), "invalid_request"},
		{"locale", params("locale", "<script>"), "invalid_request"},
		{"iframe", params("iframe", "maybe"), "invalid_request"},
		{"attribute without a name", params("attributes[]", "x"), "invalid_request"},
		{"attribute too long", params("attributes[a]", strings.Repeat("x", 513)), "invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := shared.browser(t).authorize(c.q)
			if c.q.Get("client_id") == foreignClient {
				if p.query("error") != c.want || !strings.HasPrefix(p.header.Get("Location"), "https://foreign.example/callback?") {
					t.Error(p)
				}
				return
			}
			refusedBack(t, shared, p, c.want)
			if s := p.query("state"); s != "st-1" && c.name != "state of 1025 bytes" {
				t.Errorf("state is %q", s)
			}
			if d := p.query("error_description"); strings.Contains(d, c.q.Get("locale")) && c.name == "locale" || strings.ContainsAny(d, "\r\n\t\"\\") {
				t.Errorf("error_description is %q", d)
			}
		})
	}
	if n := heard.Load(); n != 0 {
		t.Errorf("the server behind request_uri heard %d requests", n)
	}
}

// canary is an address that nobody should go to.
func canary(t *testing.T) (at string, heard *atomic.Int32) {
	heard = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	t.Cleanup(s.Close)
	return s.URL + "/request.jwt", heard
}

// 16. The provider is told, and what it answers is checked.
func TestMaxAgeIsDemandedOfTheProviderAndChecked(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b := w.browser(t)
	p := b.authorize(params("max_age", "60"))
	if p.query("max_age") != "60" {
		t.Errorf("the provider was not told: %s", p)
	}
	began := time.Now()
	code := b.back(b.identify(p, "approve")).query("code")
	_, id := claims(t, w.shopToken(t, redemption(code)).json(t)["id_token"].(string))
	if at := time.Unix(int64(id["auth_time"].(float64)), 0); at.Before(began.Add(-5*time.Second)) || at.After(time.Now().Add(5*time.Second)) {
		t.Errorf("auth_time is %s", at)
	}
	w.OpenID.SetTwist("old-auth-time")
	b = w.browser(t)
	refusedBack(t, w, b.back(b.identify(b.authorize(params("max_age", "60")), "approve")), "access_denied")
}

// 17, and parameters of the vendor's that real clients send.
func TestUnknownParametersAreIgnored(t *testing.T) {
	t.Parallel()
	p := shared.browser(t).signIn(params("extra", "x", "provider", "y", "showAccount", "true", "display", "popup", "claims", "{}"))
	if p.query("code") == "" {
		t.Error(p)
	}
}

// 18.
func TestParametersThatAreNoTextGetAPage(t *testing.T) {
	t.Parallel()
	b := shared.browser(t)
	good := params().Encode()
	for name, raw := range map[string]string{
		"NUL": good + "&x=%00", "CR": good + "&x=a%0Db", "LF": good + "&x=a%0Ab", "LF in a name": good + "&x%0A=1", "invalid UTF-8": good + "&x=%ff%fe", "overlong UTF-8": good + "&x=%c0%af",
		"bad escape": good + "&x=%zz", "cut escape": good + "&x=%4", "semicolon": good + ";x=1", "5 KB": good + "&x=" + strings.Repeat("x", 5000), "17 KB": good + strings.Repeat("&abcdefgh=ijklmnop", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			refusedPage(t, b.get(shared.URL+"/oauth/authorize?"+raw))
			refusedPage(t, b.do(func() *http.Request {
				r := b.request("POST", shared.URL+"/oauth/authorize", nil, "Content-Type", "application/x-www-form-urlencoded")
				body := strings.NewReader(raw)
				r.Body, r.ContentLength = http.NoBody, int64(len(raw))
				r.Body = readCloser{body}
				return r
			}()))
		})
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// 18.
func TestStateComesBackByteForByte(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"x", "a b+c&d=e%20#/?", "åäö ☃ 𝄞", `"<script>'\`, strings.Repeat("s", 1024), "%0d%0aSet-Cookie: a=b"} {
		b := shared.browser(t)
		if p := b.authorize(params("state", state, "prompt", "none")); p.query("state") != state {
			t.Errorf("with an error: %q became %q", state, p.query("state"))
		}
		if p := b.signIn(params("state", state)); p.query("state") != state || p.query("code") == "" {
			t.Errorf("with a code: %q became %q", state, p)
		}
	}
	if p := shared.browser(t).authorize(params("state", "-", "prompt", "none")); p.to.Query().Has("state") {
		t.Errorf("a state that nobody sent: %s", p)
	}
}

// 19.
func TestAuthorizeTakesGetAndPostAndNothingElse(t *testing.T) {
	t.Parallel()
	b := shared.browser(t)
	for _, method := range []string{"HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		p := b.do(b.request(method, shared.URL+"/oauth/authorize?"+params().Encode(), nil))
		if p.status != http.StatusMethodNotAllowed || p.header.Get("Allow") != "GET, POST" || p.to != nil {
			t.Errorf("%s: %s", method, p)
		}
	}
	p := b.post(shared.URL+"/oauth/authorize", params())
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), shared.OpenIDURL) {
		t.Errorf("a form: %s", p)
	}
	if p := b.back(b.identify(p, "approve")); p.query("code") == "" {
		t.Errorf("a form: %s", p)
	}
	for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", "text/plain", ""} {
		r := b.request("POST", shared.URL+"/oauth/authorize", params())
		r.Header["Content-Type"] = []string{kind}
		refusedPage(t, b.do(r))
	}
}

func TestRegisteredQueryStaysAsItWas(t *testing.T) {
	t.Parallel()
	p := shared.browser(t).signIn(params("redirect_uri", branded))
	if !strings.HasPrefix(p.header.Get("Location"), branded+"&") || p.query("brand") != "one" || p.query("code") == "" {
		t.Error(p)
	}
}

// The person chooses where the request does not say: the same request again, with a name in it.
func TestPersonChoosesTheProviderThatTheRequestLeavesOpen(t *testing.T) {
	t.Parallel()
	b := shared.browser(t)
	p := b.authorize(params("identity_provider", "-", "state", `"><script>`))
	if p.status != http.StatusOK || strings.Contains(p.body, "<script") {
		t.Fatal(p)
	}
	safe(t, p)
	for _, name := range []string{"trustly", "openid", "elsewhere"} {
		if !strings.Contains(p.body, "identity_provider="+name) {
			t.Errorf("%s cannot be chosen", name)
		}
	}
	p = b.authorize(deposit("identity_provider", "-"))
	if strings.Contains(p.body, "identity_provider=elsewhere") || !strings.Contains(p.body, "500.00") {
		t.Errorf("for a deposit, one is offered that takes none, or the amount is not told: %s", p)
	}
}
