package oidc

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/connector"
)

func TestARedirectThatIsNotForTheSessionSpendsNoCode(t *testing.T) {
	p := newOP(t)
	c := p.connector(nil)
	session, _ := p.begin(c, connector.IdentifyRequest{})
	for name, change := range map[string]func(url.Values){
		"no iss where it is promised": func(q url.Values) { q.Del("iss") },
		"empty iss":                   func(q url.Values) { q.Set("iss", "") },
		"iss of another":              func(q url.Values) { q.Set("iss", "https://evil.example") },
		"iss with a slash":            func(q url.Values) { q.Set("iss", p.URL+"/") },
		"iss twice":                   func(q url.Values) { q.Add("iss", p.URL) },
		"no state":                    func(q url.Values) { q.Del("state") },
		"another's state":             func(q url.Values) { q.Set("state", "other") },
		"code twice":                  func(q url.Values) { q.Add("code", "other") },
		"neither code nor error":      func(q url.Values) { q.Del("code") },
		"code and error":              func(q url.Values) { q.Set("error", "access_denied") },
		"an error of another": func(q url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
			q.Set("iss", "https://evil.example")
		},
		"an error without promised iss": func(q url.Values) { q.Del("code"); q.Set("error", "access_denied"); q.Del("iss") },
	} {
		q := p.redirect()
		change(q)
		if told, err := c.Return(t.Context(), session, q); parley.KindOf(err) != parley.KindInvalid || told.Fact != "" {
			t.Errorf("%s: %+v, %v", name, told, err)
		}
	}
	other := newOP(t).connector(nil)
	if _, err := other.Return(t.Context(), session, p.redirect()); parley.KindOf(err) != parley.KindInvalid {
		t.Error("a session of another issuer:", err)
	}
	if _, err := c.Return(t.Context(), nil, p.redirect()); parley.KindOf(err) != parley.KindInvalid {
		t.Error("no session:", err)
	}
	if p.count("/token") != 0 {
		t.Error("a code was spent")
	}
}

func TestWithoutThePromiseIssMayBeMissingButNotWrong(t *testing.T) {
	p := newOP(t)
	p.discovery = func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") }
	c := p.connector(nil)
	session, _ := p.begin(c, connector.IdentifyRequest{})
	q := p.redirect()
	q.Set("iss", "https://evil.example")
	if _, err := c.Return(t.Context(), session, q); parley.KindOf(err) != parley.KindInvalid || p.count("/token") != 0 {
		t.Error("a wrong iss:", err)
	}
	q.Del("iss")
	if told, err := c.Return(t.Context(), session, q); err != nil || told.Fact != connector.Identified {
		t.Error("no iss:", told, err)
	}
}

func TestTheProvidersNoIsSaidInOurWords(t *testing.T) {
	p := newOP(t)
	c := p.connector(nil)
	for code, want := range map[string]parley.Refusal{
		"access_denied":           {By: "Browser", Status: 600},
		"login_required":          {By: "IdentityProvider", Status: 509},
		"interaction_required":    {By: "IdentityProvider", Status: 509},
		"SECRET_code":             {By: "IdentityProvider", Status: 509},
		"temporarily_unavailable": {By: "IdentityProvider", Status: 512},
		"server_error":            {By: "IdentityProvider", Status: 512},
		"invalid_request":         {By: "IdentityProvider", Status: 512},
	} {
		session, _ := p.begin(c, connector.IdentifyRequest{})
		q := p.redirect()
		q.Del("code")
		q.Set("error", code)
		q.Set("error_description", "SECRET DETAIL")
		told, err := c.Return(t.Context(), session, q)
		denied(t, told, err, want.Status)
		if *told.Refusal != want {
			t.Errorf("%s: %+v", code, *told.Refusal)
		}
	}
	if p.count("/token") != 0 {
		t.Error("the token endpoint was asked")
	}
}

func TestAnIDTokenThatDoesNotHoldIsRefused(t *testing.T) {
	zero, hour := 0, 3600
	set := func(name string, value any) func(*op) {
		return func(p *op) { p.claims = func(c map[string]any) { c[name] = value } }
	}
	without := func(name string) func(*op) {
		return func(p *op) { p.claims = func(c map[string]any) { delete(c, name) } }
	}
	at := func(name string, d time.Duration) func(*op) {
		return func(p *op) { p.claims = func(c map[string]any) { c[name] = p.now.Add(d).Unix() } }
	}
	for name, test := range map[string]struct {
		change func(*op)
		ask    connector.IdentifyRequest
	}{
		"alg none": {change: func(p *op) {
			p.sign = func(p *op, c map[string]any) string {
				return jws(map[string]any{"alg": "none"}, c, func([]byte) []byte { return nil })
			}
		}},
		"HS256 with the public key": {change: func(p *op) {
			point, _ := p.key.PublicKey.Bytes()
			p.sign = hs256(point)
		}},
		"HS256 with the client secret": {change: func(p *op) { p.sign = hs256([]byte(secret)) }},
		"an algorithm not in discovery": {change: func(p *op) {
			p.discovery = func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"RS256"} }
		}},
		"no algorithm that is safe": {change: func(p *op) {
			p.discovery = func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256", "none"} }
		}},
		"signature of something else": {change: func(p *op) {
			p.sign = func(p *op, c map[string]any) string {
				parts := strings.Split(p.es256(c), ".")
				c["sub"] = "s-2"
				return strings.Join([]string{parts[0], strings.Split(p.es256(c), ".")[1], parts[2]}, ".")
			}
		}},
		"JSON serialization": {change: func(p *op) {
			p.sign = func(p *op, c map[string]any) string {
				parts := strings.Split(p.es256(c), ".")
				return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, parts[0], parts[1], parts[2])
			}
		}},
		"a claim twice": {change: func(p *op) {
			p.sign = func(p *op, c map[string]any) string {
				parts := strings.Split(p.es256(c), ".")
				body, _ := base64.RawURLEncoding.DecodeString(parts[1])
				return p.es256raw(strings.Replace(string(body), "{", `{"sub":"s-2",`, 1))
			}
		}},
		"garbage":                        {change: func(p *op) { p.sign = func(*op, map[string]any) string { return "a.b.c" } }},
		"unknown kid":                    {change: func(p *op) { p.kid = "k2" }},
		"wrong iss":                      {change: set("iss", "https://evil.example")},
		"iss with a slash":               {change: func(p *op) { p.claims = func(c map[string]any) { c["iss"] = p.URL + "/" } }},
		"wrong aud":                      {change: set("aud", "another")},
		"no aud":                         {change: without("aud")},
		"several aud and no azp":         {change: set("aud", []string{client, "another"})},
		"wrong azp":                      {change: set("azp", "another")},
		"expired":                        {change: at("exp", -61*time.Second)},
		"no exp":                         {change: without("exp")},
		"issued in the future":           {change: at("iat", 62*time.Second)},
		"no iat":                         {change: without("iat")},
		"not yet valid":                  {change: at("nbf", 62*time.Second)},
		"no nonce":                       {change: without("nonce")},
		"wrong nonce":                    {change: set("nonce", "of another session")},
		"no sub":                         {change: without("sub")},
		"at_hash of another":             {change: set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		"acr too low":                    {change: set("acr", "loa2"), ask: connector.IdentifyRequest{ACR: "loa3 loa4"}},
		"no acr":                         {change: func(*op) {}, ask: connector.IdentifyRequest{ACR: "loa3"}},
		"no auth_time though demanded":   {change: func(*op) {}, ask: connector.IdentifyRequest{MaxAge: &hour}},
		"auth_time too old":              {change: at("auth_time", -hourAndMore), ask: connector.IdentifyRequest{MaxAge: &hour}},
		"not authenticated anew":         {change: at("auth_time", -62*time.Second), ask: connector.IdentifyRequest{MaxAge: &zero}},
		"auth_time in the future":        {change: at("auth_time", 62*time.Second)},
		"auth_time of a sort unheard of": {change: set("auth_time", "yesterday")},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOP(t)
			test.change(p)
			told, err := p.signIn(p.connector(nil), test.ask)
			denied(t, told, err, 509)
			if p.count("/token") != 1 || p.count("/userinfo") != 0 {
				t.Error("asked", p.asked)
			}
		})
	}
}

const hourAndMore = time.Hour + 62*time.Second

func TestAnIDTokenAtTheEdgeIsAccepted(t *testing.T) {
	zero := 0
	p := newOP(t)
	p.claims = func(c map[string]any) {
		c["exp"], c["iat"], c["auth_time"] = p.now.Add(-59*time.Second).Unix(), p.now.Add(59*time.Second).Unix(), p.now.Unix()
		c["aud"], c["azp"], c["acr"], c["at_hash"] = []string{"another", client}, client, "loa4", halfHash("ES256", "at")
	}
	told, err := p.signIn(p.connector(nil), connector.IdentifyRequest{MaxAge: &zero, ACR: "loa3 loa4"})
	if err != nil || told.Fact != connector.Identified {
		t.Fatal(told, err)
	}
	// OpenID Connect Core, appendix A.3: the hash of that access token with RS256.
	if got := halfHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"); got != "77QmUPtjPfzWtF2AnpK9RQ" {
		t.Error("at_hash is", got)
	}
}

func TestARequestCannotLowerTheDemandedStrength(t *testing.T) {
	p := newOP(t)
	p.claims = func(c map[string]any) { c["acr"] = "loa1" }
	c := p.connector(func(c *Config) { c.ACRValues, c.RequireACR = "loa3 loa4", true })
	told, err := p.signIn(c, connector.IdentifyRequest{})
	denied(t, told, err, 509)
	if _, err := c.Identify(t.Context(), connector.IdentifyRequest{State: "s", ACR: "loa1"}); parley.KindOf(err) != parley.KindRefused {
		t.Error("asking for less:", err)
	}
	if _, got := p.begin(c, connector.IdentifyRequest{ACR: "loa1 loa4"}); got.Get("acr_values") != "loa4" {
		t.Error("asked for", got.Get("acr_values"))
	}
	wish := p.connector(func(c *Config) { c.ACRValues = "loa3" })
	if told, err := p.signIn(wish, connector.IdentifyRequest{}); err != nil || told.Fact != connector.Identified {
		t.Error("a wish is no demand:", told, err)
	}
}

func TestAnUnknownKeyIsLookedForOnceAMinute(t *testing.T) {
	p := newOP(t)
	c := p.connector(nil)
	if told, err := p.signIn(c, connector.IdentifyRequest{}); err != nil || told.Fact != connector.Identified {
		t.Fatal(told, err)
	}
	p.now = p.now.Add(2 * time.Minute)
	p.kid = "k2"
	for range 3 {
		told, err := p.signIn(c, connector.IdentifyRequest{})
		denied(t, told, err, 509)
	}
	if n := p.count("/keys"); n != 2 {
		t.Errorf("keys were read %d times, want once and once more", n)
	}
	p.kid = "k1"
	forger := newOP(t) // a bad signature under the name of a known key is no reason to look
	p.sign = func(_ *op, claims map[string]any) string { return forger.es256(claims) }
	p.now = p.now.Add(2 * time.Minute)
	told, err := p.signIn(c, connector.IdentifyRequest{})
	denied(t, told, err, 509)
	if n := p.count("/keys"); n != 2 {
		t.Errorf("keys were read %d times", n)
	}
}

func TestATokenEndpointThatFailsIsNotAsked(t *testing.T) {
	write := func(status int, kind, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "/userinfo")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for name, test := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		status parley.Status // 0: an error of kind unknown
	}{
		"invalid_grant":  {write(400, "application/json", `{"error":"invalid_grant","error_description":"SECRET"}`), 509},
		"invalid_client": {write(401, "application/json", `{"error":"invalid_client"}`), 512},
		"unknown error":  {write(400, "application/json", `{"error":"SECRET"}`), 512},
		"500 HTML":       {write(500, "text/html", `<h1>SECRET</h1>`), 512},
		"200 HTML":       {write(200, "text/html", `<h1>SECRET</h1>`), 512},
		"no ID token":    {write(200, "application/json", `{"access_token":"at"}`), 512},
		"redirect":       {write(302, "text/html", ``), 512},
		"307":            {write(307, "text/html", ``), 512},
		"10 MB":          {write(200, "application/json", `{"x":"`+strings.Repeat("x", 10<<20)+`"}`), 0},
		"cut off":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			r.ParseForm() // or nobody notices that the client has gone
			<-r.Context().Done()
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOP(t)
			p.instead["/token"] = test.answer
			c := p.connector(nil)
			session, _ := p.begin(c, connector.IdentifyRequest{})
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			told, err := c.Return(ctx, session, p.redirect())
			if test.status != 0 {
				denied(t, told, err, test.status)
			} else if parley.KindOf(err) != parley.KindUnknown {
				t.Errorf("%+v, %v", told, err)
			}
			if p.count("/userinfo") != 0 {
				t.Error("a redirect was followed")
			}
		})
	}
}

func TestAfterTheCodeNothingIsUnheard(t *testing.T) {
	p := newOP(t)
	p.discovery = func(d map[string]any) { d["jwks_uri"] = "https://127.0.0.1:1/keys" }
	told, err := p.signIn(p.connector(nil), connector.IdentifyRequest{})
	if parley.KindOf(err) != parley.KindUnknown {
		t.Errorf("%+v, %v", told, err)
	}
}
