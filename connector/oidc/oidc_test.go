package oidc

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/connector"
)

func TestAPersonIsIdentified(t *testing.T) {
	p := newOP(t)
	p.claims = func(c map[string]any) {
		maps.Copy(c, map[string]any{
			"gender": "female", "birthdate": "1990-01-01", "email": "asa@example.com", "email_verified": true, "acr": "loa3",
			"auth_time": p.now.Add(-time.Minute).Unix(),
			"address":   map[string]any{"street_address": "Storgatan 1\nlgh 2", "locality": "Umeå", "postal_code": "903 26", "country": "Sverige"},
		})
	}
	c := p.connector(nil)
	told, err := p.signIn(c, connector.IdentifyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	want := parley.Identity{
		Provider: "bankid", Issuer: p.URL, Subject: "s-1", PersonID: "SE199001012384", Name: "Åsa Öberg", FirstName: "Åsa",
		LastName: "Öberg", Gender: parley.Female, DateOfBirth: "1990-01-01", Email: "asa@example.com", ACR: "loa3",
		Address:  parley.Address{Street: "Storgatan 1, lgh 2", City: "Umeå", Zip: "903 26", Country: "SWE"},
		IssuedAt: p.now, AuthenticatedAt: p.now.Add(-time.Minute),
	}
	if told.Fact != connector.Identified || told.Identity == nil || *told.Identity != want {
		got, _ := json.Marshal(told)
		t.Fatalf("told %s", got)
	}
	if p.count("/userinfo") != 0 {
		t.Error("userinfo was asked: that may cost money")
	}
	session, _ := p.begin(c, connector.IdentifyRequest{})
	again, err := c.Return(t.Context(), session, p.redirect())
	if err != nil || again.ID != told.ID {
		t.Error("the same redirect must be told under the same id:", again.ID, told.ID, err)
	}
	if n := p.count("/.well-known/openid-configuration"); n != 1 || p.count("/keys") != 1 {
		t.Errorf("discovery was read %d times, keys %d times", n, p.count("/keys"))
	}
	p.now = p.now.Add(61 * time.Minute)
	if told, err = p.signIn(c, connector.IdentifyRequest{}); err != nil || told.Fact != connector.Identified {
		t.Fatal(told, err)
	}
	if n := p.count("/.well-known/openid-configuration"); n != 2 || p.count("/keys") != 2 {
		t.Errorf("an hour later, discovery was read %d times in all, keys %d times", n, p.count("/keys"))
	}
}

func TestTheAuthorizationRequestCarriesWhatWasAsked(t *testing.T) {
	p := newOP(t)
	age := 0
	c := p.connector(func(c *Config) {
		c.Scopes = []string{"profile"}
		c.ACRValues = "loa3 loa4"
		c.ExtraParams = map[string]string{"ui_id": "ours", "login_hint": "static"}
	})
	session, got := p.begin(c, connector.IdentifyRequest{
		Locale: "sv_SE", ACR: "loa4", MaxAge: &age, LoginHint: "199001012384",
		Extra: map[string]string{
			"prompt": "login", "ui_id": "theirs", "redirect_uri": "https://evil.example", "state": "evil", "nonce": "evil",
			"scope": "admin", "acr_values": "loa1", "response_mode": "fragment", "request_uri": "https://evil.example",
		},
	})
	var s keptSession
	if err := json.Unmarshal(session, &s); err != nil {
		t.Fatal(err)
	}
	challenge := sha256.Sum256([]byte(s.Verifier))
	want := url.Values{
		"tenant": {"x"}, "response_type": {"code"}, "client_id": {client}, "redirect_uri": {landing}, "scope": {"openid profile"},
		"state": {"the-state"}, "nonce": {s.Nonce}, "code_challenge": {b64(challenge[:])}, "code_challenge_method": {"S256"},
		"acr_values": {"loa4"}, "max_age": {"0"}, "ui_locales": {"sv-SE"}, "ui_id": {"ours"}, "prompt": {"login"},
		"login_hint": {"static"},
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if len(s.Nonce) < 22 || len(s.Verifier) < 43 {
		t.Error("nonce and verifier are too short:", s)
	}
	_, again := p.begin(c, connector.IdentifyRequest{})
	if again.Get("nonce") == s.Nonce || again.Get("code_challenge") == got.Get("code_challenge") {
		t.Error("nonce and verifier must be fresh each time")
	}
}

// keptSession spells out what is kept with a run: it must stay readable by the next release.
type keptSession struct {
	Issuer, State, Nonce, Verifier string
	ACR                            []string
	MaxAge                         *int
	StartedAt                      time.Time
}

func TestTheClientSecretIsShownAsTheProviderLikes(t *testing.T) {
	for name, test := range map[string]struct {
		configured string
		discovered []string
		post       bool
	}{
		"nothing said":       {"", nil, false},
		"both":               {"", []string{"client_secret_post", "client_secret_basic"}, false},
		"only post":          {"", []string{"client_secret_post"}, true},
		"configuration wins": {"post", []string{"client_secret_basic"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOP(t)
			p.discovery = func(d map[string]any) {
				if test.discovered != nil {
					d["token_endpoint_auth_methods_supported"] = test.discovered
				}
			}
			told, err := p.signIn(p.connector(func(c *Config) { c.ClientAuth = test.configured }), connector.IdentifyRequest{})
			if err != nil || told.Fact != connector.Identified {
				t.Fatal(told, err)
			}
			if p.form.Has("client_secret") != test.post {
				t.Error("form:", p.form)
			}
		})
	}
}

func TestUserInfoIsAskedOnlyWhenTold(t *testing.T) {
	p := newOP(t)
	p.claims = func(c map[string]any) { delete(c, "ssn"); c["email"] = "a@example.com" }
	p.userinfo = map[string]any{
		"sub": "s-1", "given_name": "Other", "email": "b@example.com", "email_verified": true, "nin": "01019012345", "acr": "x",
		"address": map[string]any{"locality": "Oslo", "country": "NO"},
	}
	with := p.connector(func(c *Config) { c.UserInfo, c.PersonCountry = true, "NO" })
	told, err := p.signIn(with, connector.IdentifyRequest{})
	if err != nil || told.Identity == nil {
		t.Fatal(told, err)
	}
	id := told.Identity
	if id.FirstName != "Åsa" || id.PersonID != "NO01019012345" || id.Address.City != "Oslo" || id.Address.Country != "NOR" || id.ACR != "" {
		t.Error("userinfo must add and not replace:", id.FirstName.Reveal(), id.PersonID.Reveal(), id.Address)
	}
	if id.Email != "" {
		t.Error("userinfo verified another e-mail address than the ID token's")
	}
	if p.count("/userinfo") != 1 {
		t.Error("userinfo was asked", p.count("/userinfo"), "times")
	}

	p.userinfo["sub"] = "s-2"
	told, err = p.signIn(with, connector.IdentifyRequest{})
	denied(t, told, err, 509)
	answer := func(kind, body string) {
		p.instead["/userinfo"] = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		}
	}
	answer("text/html", `{"sub":"s-1"}`)
	told, err = p.signIn(with, connector.IdentifyRequest{})
	denied(t, told, err, 512)
	answer("application/jwt; charset=utf-8", p.es256(map[string]any{"iss": p.URL, "aud": []string{client}, "sub": "s-1", "ssn": "12"}))
	told, err = p.signIn(with, connector.IdentifyRequest{})
	if err != nil || told.Identity == nil || told.Identity.PersonID != "NO12" {
		t.Error("signed userinfo:", told, err)
	}
	for name, claims := range map[string]map[string]any{
		"audience": {"iss": p.URL, "aud": "another", "sub": "s-1"},
		"issuer":   {"iss": "https://other.example", "aud": client, "sub": "s-1"},
	} {
		answer("application/jwt", p.es256(claims))
		told, err = p.signIn(with, connector.IdentifyRequest{})
		t.Log(name)
		denied(t, told, err, 509)
	}
	answer("application/jwt", jws(map[string]any{"alg": "none"}, map[string]any{"sub": "s-1"}, func([]byte) []byte { return nil }))
	told, err = p.signIn(with, connector.IdentifyRequest{})
	denied(t, told, err, 509)
}

func TestClaimsBecomeWhatTheOperatorKnows(t *testing.T) {
	p := newOP(t)
	var given map[string]any
	p.claims = func(c map[string]any) {
		for _, name := range []string{"ssn", "given_name", "family_name"} {
			delete(c, name)
		}
		maps.Copy(c, given)
	}
	ida := func(claims map[string]any) map[string]any {
		return map[string]any{"verification": map[string]any{"trust_framework": "eidas"}, "claims": claims}
	}
	for name, test := range map[string]struct {
		given  map[string]any
		claims map[string]string
		want   func(parley.Identity) (got, want string)
	}{
		"a number keeps its digits": {map[string]any{"nin": json.Number("199001012384")}, nil, func(id parley.Identity) (string, string) {
			return id.PersonID.Reveal(), "SE199001012384"
		}},
		"an override by path": {map[string]any{"ssn": "1", "person": map[string]any{"no": "2"}}, map[string]string{"personId": "person.no"},
			func(id parley.Identity) (string, string) { return id.PersonID.Reveal(), "SE2" }},
		"an override by a name with dots": {map[string]any{"https://x.example/ssn": "3"}, map[string]string{"personId": "https://x.example/ssn"},
			func(id parley.Identity) (string, string) { return id.PersonID.Reveal(), "SE3" }},
		"an override that is not there falls back on nothing": {map[string]any{"ssn": "1"}, map[string]string{"personId": "nope"},
			func(id parley.Identity) (string, string) { return id.PersonID.Reveal(), "" }},
		"verified claims": {map[string]any{"verified_claims": ida(map[string]any{"given_name": "Åsa", "ssn": "4"})}, nil,
			func(id parley.Identity) (string, string) {
				return id.FirstName.Reveal() + id.PersonID.Reveal(), "ÅsaSE4"
			}},
		"verified claims in a list": {map[string]any{"given_name": "Top", "verified_claims": []any{ida(map[string]any{}),
			ida(map[string]any{"given_name": "Åsa", "address": map[string]any{"locality": "Umeå"}})}}, nil,
			func(id parley.Identity) (string, string) {
				return id.FirstName.Reveal() + id.Address.City.Reveal(), "TopUmeå"
			}},
		"an unverified address of e-mail": {map[string]any{"email": "a@example.com", "email_verified": false}, nil,
			func(id parley.Identity) (string, string) { return id.Email.Reveal(), "" }},
		"an e-mail nobody said was verified": {map[string]any{"email": "a@example.com"}, nil,
			func(id parley.Identity) (string, string) { return id.Email.Reveal(), "" }},
		"one name is divided": {map[string]any{"name": "Åsa Öberg"}, nil,
			func(id parley.Identity) (string, string) { return id.LastName.Reveal(), "Öberg" }},
		"claims of a wrong sort are not there": {map[string]any{"name": []string{"x"}, "given_name": "a\u0000b", "address": "x",
			"family_name": strings.Repeat("x", 501), "verified_claims": "x"}, nil,
			func(id parley.Identity) (string, string) { return id.Name.Reveal() + id.Address.City.Reveal(), "" }},
	} {
		t.Run(name, func(t *testing.T) {
			given = test.given
			told, err := p.signIn(p.connector(func(c *Config) { c.Claims = test.claims }), connector.IdentifyRequest{})
			if err != nil || told.Identity == nil {
				t.Fatal(told, err)
			}
			if got, want := test.want(*told.Identity); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestValuesAreSpeltAsOnTheWire(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"19900101-2384", "SE"}: "SE199001012384", {"900101+2384", "SE"}: "SE9001012384", {"SE199001012384", "NO"}: "SE199001012384",
		{"se 19900101-2384", ""}: "SE199001012384", {"131052-308T", "FI"}: "FI131052-308T", {"131052A3081", "FI"}: "FI131052A3081",
		{"EE60001019906", "SE"}: "EE60001019906", {"--", "SE"}: "", {"", "SE"}: "", {"60001019906", ""}: "60001019906",
	} {
		if got := personID(in[0], in[1]); got != want {
			t.Errorf("personID(%q, %q) = %q, want %q", in[0], in[1], got, want)
		}
	}
	for in, want := range map[string]string{
		"SE": "SWE", "swe": "SWE", "Sweden": "SWE", "sverige": "SWE", "Suomi": "FIN", "Deutschland": "DEU", "GB": "GBR", "UK": "GBR",
		"": "", "EU": "", "ZZ": "", "Atlantis": "", "S": "", "752": "SWE",
	} {
		if got := alpha3(in); got != want {
			t.Errorf("alpha3(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"1990-01-31": "1990-01-31", "19900131": "1990-01-31", "1990": "", "0000-01-31": "", "1990-02-31": ""} {
		if got := date(in); got != want {
			t.Errorf("date(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]parley.Gender{"male": "MALE", "F": "FEMALE", "x": "X", "": "", "unsaid": "UNKNOWN"} {
		if got := gender(in); got != want {
			t.Errorf("gender(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	good := Config{Name: "x", Issuer: "https://op.example", ClientID: "c", RedirectURL: "https://shop.example/cb"}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no issuer":                    func(c *Config) { c.Issuer = "" },
		"http issuer":                  func(c *Config) { c.Issuer = "http://op.example" },
		"http issuer elsewhere":        func(c *Config) { c.Issuer, c.AllowHTTP = "http://10.0.0.1", true },
		"issuer with a query":          func(c *Config) { c.Issuer += "?a" },
		"issuer with a user":           func(c *Config) { c.Issuer = "https://u@op.example" },
		"no client":                    func(c *Config) { c.ClientID = "" },
		"no redirect":                  func(c *Config) { c.RedirectURL = "" },
		"redirect with fragment":       func(c *Config) { c.RedirectURL += "#x" },
		"unknown client auth":          func(c *Config) { c.ClientAuth = "jwt" },
		"extra that is the protocol's": func(c *Config) { c.ExtraParams = map[string]string{"redirect_uri": "x"} },
		"unknown field":                func(c *Config) { c.Claims = map[string]string{"shoeSize": "x"} },
		"acr required, none named":     func(c *Config) { c.RequireACR = true },
		"half of the endpoints":        func(c *Config) { c.Endpoints.Authorization = "https://op.example/a" },
		"http endpoint": func(c *Config) {
			c.Endpoints = Endpoints{Authorization: "https://op.example/a", Token: "http://op.example/t", JWKS: "https://op.example/k"}
		},
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStaticEndpointsNeedNoDiscovery(t *testing.T) {
	p := newOP(t)
	told, err := p.signIn(p.connector(func(c *Config) {
		c.Endpoints = Endpoints{Authorization: p.URL + "/authorize", Token: p.URL + "/token", JWKS: p.URL + "/keys"}
	}), connector.IdentifyRequest{})
	if err != nil || told.Fact != connector.Identified || p.count("/.well-known/openid-configuration") != 0 {
		t.Fatal(told, err)
	}
}

func TestProviderSaysWhatItCanDo(t *testing.T) {
	c := newOP(t).connector(nil)
	p := c.Provider(7, "bankid", "BankID")
	if p.Merchant != 7 || p.Kind != "oidc" || p.Identify != connector.Identifier(c) || p.Return != connector.Returner(c) || p.Pay != nil {
		t.Errorf("%+v", p)
	}
}
