package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley/sandbox"
)

// 51.
func TestTokenTakesAPostedFormAndNothingElse(t *testing.T) {
	t.Parallel()
	b := shared.program(t)
	code := shared.code(t, params())
	auth := basic(sandbox.ShopClient, sandbox.ShopSecret)
	at := shared.URL + "/oauth/token"
	for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
		p := b.do(b.request(method, at+"?"+redemption(code).Encode(), nil, auth...))
		if p.status != http.StatusMethodNotAllowed || p.header.Get("Allow") != "POST" {
			t.Errorf("%s: %s", method, p)
		}
	}
	for _, kind := range []string{"application/json", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencodedx"} {
		r := b.request("POST", at, redemption(code), auth...)
		r.Header.Set("Content-Type", kind)
		wants(t, b.do(r), 400, "invalid_request")
	}
	doc, _ := json.Marshal(map[string]string{"grant_type": "authorization_code", "code": code})
	r := b.request("POST", at, nil, append(auth, "Content-Type", "application/json")...)
	r.Body, r.ContentLength = readCloser{strings.NewReader(string(doc))}, int64(len(doc))
	wants(t, b.do(r), 400, "invalid_request")
	// In the address it would stand in logs: a standard client's parameters count in the body alone.
	wants(t, b.do(b.request("POST", at+"?"+redemption(code).Encode(), nil, auth...)), 400, "invalid_request")
	shared.access(t, code)
}

// 52, 53.
func TestTokenRequestThatIsNotInOrderIsRefused(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params())
	for _, c := range []struct {
		f    url.Values
		want string
	}{
		{redemption(code, "grant_type", "-"), "invalid_request"},
		{redemption(code, "grant_type", ""), "invalid_request"},
		{redemption(code, "code", "-"), "invalid_request"},
		{redemption(code, "code", ""), "invalid_request"},
		{redemption(code, "grant_type", "password", "username", "u", "password", "p"), "unsupported_grant_type"},
		{redemption(code, "grant_type", "refresh_token", "refresh_token", "x"), "unsupported_grant_type"},
		{redemption(code, "grant_type", "client_credentials"), "unauthorized_client"}, // which are for programs of banks
		{redemption(code, "grant_type", "implicit"), "unsupported_grant_type"},
		{redemption(code, "grant_type", "urn:ietf:params:oauth:grant-type:device_code"), "unsupported_grant_type"},
		{with(redemption(code), "code", code), "invalid_request"},
		{with(redemption(code), "grant_type", "authorization_code"), "invalid_request"},
		{with(redemption(code), "code_verifier", verifier), "invalid_request"},
		{redemption(code, "code", "a\x00b"), "invalid_request"},
		{redemption(code, "code", "a\r\nb"), "invalid_request"},
		{redemption(code, "code", strings.Repeat("c", 20<<10)), "invalid_request"},
	} {
		wants(t, shared.shopToken(t, c.f), 400, c.want)
	}
	shared.access(t, code) // nothing of it spent the code
}

// 54, 55, 56.
func TestClientThatCannotProveWhoItIsIsRefused(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}) // failures are counted
	b := w.program(t)
	at := w.URL + "/oauth/token"
	code := w.code(t, params())
	raw := func(s string) []string { return []string{"Authorization", s} }
	for name, auth := range map[string][]string{
		"wrong secret": basic(sandbox.ShopClient, "wrong-secret-0123456789"), "no secret": basic(sandbox.ShopClient, ""), "unknown client": basic("nobody", sandbox.ShopSecret), "disabled client": basic(disabledClient, postSecret),
		"another's secret": basic(sandbox.ShopClient, otherKey), "not base64": raw("Basic !!!"), "no colon": raw("Basic " + base64.StdEncoding.EncodeToString([]byte("shop"))),
		"bearer": raw("Bearer x"), "bad escape": raw("Basic " + base64.StdEncoding.EncodeToString([]byte("shop:%zz"))),
		"a client of post": basic(postClient, postSecret), "a public client": basic(sandbox.SPAClient, ""),
	} {
		t.Run(name, func(t *testing.T) {
			p := b.post(at, redemption(code), auth...)
			wants(t, p, 401, "invalid_client")
			if !strings.HasPrefix(p.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("it tried the Authorization header, and is not told of Basic (RFC 6749 §5.2)")
			}
		})
	}
	// 55: two at once, and one that is not the client's.
	wants(t, b.post(at, redemption(code, "client_secret", sandbox.ShopSecret), basic(sandbox.ShopClient, sandbox.ShopSecret)...), 400, "invalid_request")
	wants(t, b.post(at, redemption(code, "client_id", postClient, "client_secret", postSecret), basic(sandbox.ShopClient, sandbox.ShopSecret)...), 400, "invalid_request")
	wants(t, b.post(at, redemption(code, "client_id", sandbox.ShopClient, "client_secret", sandbox.ShopSecret)), 401, "invalid_client")
	wants(t, b.post(at, redemption(code, "client_id", sandbox.ShopClient)), 401, "invalid_client")
	wants(t, b.post(at, redemption(code)), 401, "invalid_client")
	// 56.
	wants(t, b.post(at, redemption(code, "client_id", otherClient), basic(sandbox.ShopClient, sandbox.ShopSecret)...), 400, "invalid_request")
	if p := b.post(at, redemption(code, "client_id", sandbox.ShopClient), basic(sandbox.ShopClient, sandbox.ShopSecret)...); p.status != http.StatusOK {
		t.Errorf("its own client_id beside Basic: %s", p)
	}
	code = w.code(t, params("client_id", postClient))
	if p := b.post(at, redemption(code, "client_id", postClient, "client_secret", postSecret)); p.status != http.StatusOK {
		t.Errorf("client_secret_post: %s", p)
	}
}

// 57. RFC 6749 §2.3.1: both halves are form-encoded before Basic.
func TestSecretWithColonPercentAndUnicodeWorks(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params("client_id", oddClient))
	if p := shared.token(t, oddClient, oddSecret, redemption(code)); p.status != http.StatusOK {
		t.Error(p)
	}
}

func TestClientAskedFromOutsideItsNetworksIsRefused(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params("client_id", fencedClient))
	wants(t, shared.token(t, fencedClient, postSecret, redemption(code)), 401, "invalid_client")
	// 107: nobody is believed who says where somebody else is.
	p := shared.program(t).post(shared.URL+"/oauth/token", redemption(code), append(basic(fencedClient, postSecret), "X-Forwarded-For", "10.0.0.1")...)
	wants(t, p, 401, "invalid_client")
}

// 60.
func TestSecretCannotBeGuessedAtLeisure(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	code := w.code(t, params())
	var p page
	for range 20 {
		wants(t, w.token(t, sandbox.ShopClient, "guess-guess-guess-guess", redemption(code)), 401, "invalid_client")
	}
	p = w.shopToken(t, redemption(code))
	wants(t, p, 429, "temporarily_unavailable")
	if p.header.Get("Retry-After") == "" {
		t.Error("nobody says how long to wait")
	}
	w.clock.forward(61 * time.Second)
	if p := w.shopToken(t, redemption(code)); p.status == http.StatusTooManyRequests {
		t.Errorf("it does not end: %s", p)
	}
}

// 61.
func TestAnswersToProgramsAreNotKept(t *testing.T) {
	t.Parallel()
	code := shared.code(t, params())
	good := shared.shopToken(t, redemption(code))
	token := good.json(t)["access_token"].(string)
	for name, p := range map[string]page{
		"token": good, "bad code": shared.shopToken(t, redemption("x\"\t<b>")), "no client": shared.program(t).post(shared.URL+"/oauth/token", redemption("x")),
		"check_token": shared.shopCheck(t, token), "bad token": shared.shopCheck(t, "x"), "405": shared.program(t).get(shared.URL + "/oauth/token"),
	} {
		for header, want := range map[string]string{"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"} {
			if got := p.header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if d, _ := p.json(t)["error_description"].(string); strings.ContainsAny(d, "\r\n\t\"\\<") {
			t.Errorf("%s: error_description is %q", name, d)
		}
	}
	if p := good.json(t); p["token_type"] != "Bearer" || p["expires_in"] != 3600.0 || p["scope"] != "openid profile" {
		t.Errorf("token: %s", good)
	}
}

// 108.
func TestOnlyPagesOfPublicClientsMayReadTheTokenAnswer(t *testing.T) {
	t.Parallel()
	b := shared.program(t)
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://evil.example": "", "null": "", "https://shop.example.evil.example": "", "http://shop.example": "", "https://foreign.example": ""} {
		for _, p := range []page{b.post(shared.URL+"/oauth/token", redemption("x", "client_id", sandbox.SPAClient), "Origin", origin), b.do(b.request("OPTIONS", shared.URL+"/oauth/token", nil, "Origin", origin, "Access-Control-Request-Method", "POST"))} {
			if got := p.header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s may be told: %q", origin, got)
			}
			if p.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Error("with cookies, even")
			}
			if !strings.Contains(p.header.Get("Vary"), "Origin") {
				t.Error("a cache may tell another")
			}
		}
		for _, p := range []page{
			b.get(shared.URL+"/oauth/authorize?"+params().Encode(), "Origin", origin),
			b.get(shared.URL+"/oauth/authorize?"+params("client_id", "x").Encode(), "Origin", origin),
			b.post(shared.URL+"/oauth/check_token", url.Values{"token": {"x"}}, append(basic(sandbox.ShopClient, sandbox.ShopSecret), "Origin", origin)...),
		} {
			if p.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s may read %s", origin, p)
			}
		}
	}
}
