package oauth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/house"
	"parley/oauth"
	"parley/sandbox"
)

// The programs of the two banks of these tests.
const (
	bankClient, bankSecret = "bank", "bank-secret-0123456789"
	readClient             = "bank-reads"
	certClient             = "bank-cert"
	namedClient            = "bank-named"
	bothClient             = "bank-both"
	goneClient             = "bank-gone"
	farClient              = "bank-far"
	otherBank              = "other-bank-client"
)

// banks is a house with partners alone, that speaks TLS itself, and asks no other who is there.
type banks struct {
	t      testing.TB
	house  *house.House
	server *httptest.Server
	clock  *clock
	config house.Config
	ca     *issuer
	own    map[string]tls.Certificate // of the clients
}

func newBanks(t testing.TB, configure ...func(*house.Config)) *banks {
	t.Helper()
	b := &banks{t: t, clock: &clock{}, ca: newIssuer(t, nil), own: map[string]tls.Certificate{}}
	value := func(v string) house.Secret { return house.Secret{Value: v} }
	b.own[certClient] = newIssuer(t, nil).self()
	b.own[bothClient] = newIssuer(t, nil).self()
	b.own[goneClient] = newIssuer(t, nil).self()
	b.own[farClient] = newIssuer(t, nil).self()
	b.own[namedClient] = b.ca.issue(t, "savings.bank.example", time.Hour)
	b.server = httptest.NewUnstartedServer(nil)
	folder := t.TempDir()
	b.config = house.Config{Issuer: "https://" + b.server.Listener.Addr().String(), Data: folder, Secret: value(strings.Repeat("s", 32)),
		ClientCA: b.ca.file(t), TLS: b.pair(folder),
		Partners: []house.Partner{
			{ID: "bank", Currency: "SEK", Country: "SE", Zone: "Europe/Stockholm", Clients: []house.PartnerClient{
				{ID: bankClient, Secret: value(bankSecret)},
				{ID: readClient, Secret: value(bankSecret), Scopes: []string{"savings:read"}},
				{ID: certClient, Certificates: []house.ClientCertificate{{SHA256: fingerprint(b.own[certClient])}}},
				{ID: namedClient, Certificates: []house.ClientCertificate{{Subject: "CN=savings.bank.example,O=Bank AB,C=SE"}}, Scopes: []string{"savings:read"}},
				{ID: bothClient, Secret: value(bankSecret), Certificates: []house.ClientCertificate{{SHA256: fingerprint(b.own[bothClient])}}},
				{ID: goneClient, Secret: value(bankSecret), Certificates: []house.ClientCertificate{{SHA256: fingerprint(b.own[goneClient])}}, Disabled: true},
				{ID: farClient, Secret: value(bankSecret), Certificates: []house.ClientCertificate{{SHA256: fingerprint(b.own[farClient])}}, AllowedIPs: []string{"10.0.0.0/8"}},
			}},
			{ID: "other", Currency: "EUR", Country: "FI", Zone: "Europe/Helsinki", Clients: []house.PartnerClient{{ID: otherBank, Secret: value(bankSecret)}}},
		}}
	for _, f := range configure {
		f(&b.config)
	}
	b.open()
	b.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/probe" {
			b.house.Handler.ServeHTTP(w, r)
			return
		}
		partner, err := b.house.OAuth.Partner(r, r.URL.Query().Get("scope"))
		if no, ok := errors.AsType[*oauth.BearerError](err); ok {
			w.Header().Set("WWW-Authenticate", no.Challenge())
			w.WriteHeader(no.Status())
			if kind := parley.KindOf(err); (kind == parley.KindRefused) != (no.Status() == 403) || kind != parley.KindRefused && kind != parley.KindInvalid {
				t.Errorf("%v is of kind %s", err, kind)
			}
			return
		}
		if err != nil {
			w.WriteHeader(500)
		}
		io.WriteString(w, partner)
	})
	secure, err := b.config.ServeTLS()
	if err != nil {
		t.Fatal(err)
	}
	b.server.TLS = secure
	b.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	b.server.StartTLS()
	t.Cleanup(func() {
		b.server.Close()
		b.house.Stop(context.Background())
	})
	logged.keepOut("a secret", bankSecret)
	return b
}

// open builds the house, in place of the one before.
func (b *banks) open() {
	b.t.Helper()
	if b.house != nil {
		if err := b.house.Stop(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
	h, err := house.New(b.t.Context(), b.config, house.Parts{Now: b.clock.Now, Log: logged.logger()})
	if err != nil {
		b.t.Fatal(err)
	}
	b.house = h
}

// pair is the certificate of the server itself, which names the address and a host.
func (b *banks) pair(folder string) *house.TLS {
	cert := newIssuer(b.t, nil).self()
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		b.t.Fatal(err)
	}
	out := &house.TLS{Certificate: filepath.Join(folder, "server.pem"), Key: filepath.Join(folder, "server.key")}
	for file, block := range map[string]*pem.Block{out.Certificate: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, out.Key: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

// caller is a program that shows a certificate, or none, to a server of a name.
func (b *banks) caller(cert *tls.Certificate, host string) *http.Client {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: host}
	if cert != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, Timeout: 10 * time.Second}
	b.t.Cleanup(client.CloseIdleConnections)
	return client
}

func (b *banks) do(client *http.Client, req *http.Request) page {
	b.t.Helper()
	res, err := client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return page{res.StatusCode, res.Header, string(body), nil}
}

// ask asks the token endpoint. client may be nil: somebody without a certificate.
func (b *banks) ask(client *http.Client, form url.Values, headers ...string) page {
	b.t.Helper()
	if client == nil {
		client = b.caller(nil, "")
	}
	if form.Get("grant_type") == "" {
		form.Set("grant_type", "client_credentials")
	}
	req, err := http.NewRequest("POST", b.server.URL+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return b.do(client, req)
}

// token is a good token, by secret, of a client.
func (b *banks) token(client string, form url.Values) string {
	b.t.Helper()
	return b.granted(b.ask(nil, form, basic(client, bankSecret)...))
}

func (b *banks) granted(p page) string {
	b.t.Helper()
	if p.status != http.StatusOK {
		b.t.Fatalf("no token came: %s", p)
	}
	token := p.json(b.t)["access_token"].(string)
	logged.keepOut("a token", token)
	return token
}

// probe uses the API.
func (b *banks) probe(client *http.Client, scope string, headers ...string) page {
	b.t.Helper()
	if client == nil {
		client = b.caller(nil, "")
	}
	req, err := http.NewRequest("GET", b.server.URL+"/v1/probe?scope="+scope, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return b.do(client, req)
}

func with1(token string) []string { return []string{"Authorization", "Bearer " + token} }

// refused fails unless the API refused with this status and RFC 6750 code.
func apiRefuses(t testing.TB, p page, status int, code string) {
	t.Helper()
	challenge := p.header.Get("WWW-Authenticate")
	if p.status != status || !strings.HasPrefix(challenge, "Bearer ") || strings.Contains(challenge, "error=") != (code != "") || code != "" && !strings.Contains(challenge, `error="`+code+`"`) {
		t.Errorf("got %d %q, want %d %q", p.status, challenge, status, code)
	}
}

func TestAProgramOfABankGetsATokenForTheAPI(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	p := b.ask(nil, url.Values{}, basic(bankClient, bankSecret)...)
	token := b.granted(p)
	answer := p.json(t)
	if answer["token_type"] != "Bearer" || answer["expires_in"] != 600.0 || answer["scope"] != "savings:read savings:write" || answer["refresh_token"] != nil || answer["id_token"] != nil {
		t.Error(p)
	}
	if p.header.Get("Cache-Control") != "no-store" || p.header.Get("Pragma") != "no-cache" {
		t.Error(p.header)
	}
	head, body := claims(t, token)
	if head["typ"] != "at+jwt" || head["alg"] != "ES256" || body["iss"] != b.config.Issuer || body["aud"] != b.config.Issuer+"/v1" || body["sub"] != bankClient || body["client_id"] != bankClient ||
		body["jti"] == "" || body["exp"].(float64)-body["iat"].(float64) != 600 || body["cnf"] != nil {
		t.Error(head, body)
	}
	for _, scope := range []string{"savings:read", "savings:write"} {
		if p := b.probe(nil, scope, with1(token)...); p.status != 200 || p.body != "bank" {
			t.Error(p)
		}
	}
	if p := b.probe(nil, "savings:read", with1(b.token(otherBank, url.Values{}))...); p.body != "other" {
		t.Error("another bank is itself:", p)
	}
	if p := b.ask(nil, url.Values{"client_id": {bankClient}, "client_secret": {bankSecret}}); p.status != 200 {
		t.Error("the secret in the form is good too:", p)
	}
}

func TestScopesOfATokenAreThoseAskedForOfThoseTheClientHas(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	p := b.ask(nil, url.Values{"scope": {"savings:read savings:read"}}, basic(bankClient, bankSecret)...)
	if p.json(t)["scope"] != "savings:read" {
		t.Error(p)
	}
	token := b.granted(p)
	apiRefuses(t, b.probe(nil, "savings:write", with1(token)...), 403, "insufficient_scope")
	if p := b.probe(nil, "savings:read", with1(token)...); p.status != 200 {
		t.Error(p)
	}
	for _, scope := range []string{"savings:write", "savings:read savings:write", "openid", "savings:*"} {
		wants(t, b.ask(nil, url.Values{"scope": {scope}}, basic(readClient, bankSecret)...), 400, "invalid_scope")
	}
	apiRefuses(t, b.probe(nil, "savings:write", with1(b.token(readClient, url.Values{}))...), 403, "insufficient_scope")
	wants(t, b.ask(nil, url.Values{"resource": {"https://elsewhere.example"}}, basic(bankClient, bankSecret)...), 400, "invalid_target")
	if p := b.ask(nil, url.Values{"resource": {b.config.Issuer + "/v1"}}, basic(bankClient, bankSecret)...); p.status != 200 {
		t.Error(p)
	}
}

// TestWhoMayNotHaveATokenForTheAPI are numbers 1, 2, 51 to 57 and 60 of the list, for this grant.
func TestWhoMayNotHaveATokenForTheAPI(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	for name, test := range map[string]struct {
		form    url.Values
		headers []string
		status  int
		code    string
	}{
		"nobody":                       {nil, nil, 401, "invalid_client"},
		"a client that is not there":   {nil, basic("nobody", bankSecret), 401, "invalid_client"},
		"a wrong secret":               {nil, basic(readClient, "wrong-secret-0123456789"), 401, "invalid_client"},
		"an empty secret":              {nil, basic(readClient, ""), 401, "invalid_client"},
		"an id alone":                  {url.Values{"client_id": {bankClient}}, nil, 401, "invalid_client"},
		"a disabled client":            {nil, basic(goneClient, bankSecret), 401, "invalid_client"},
		"an address that is not its":   {nil, basic(farClient, bankSecret), 401, "invalid_client"},
		"a client known by its cert":   {url.Values{"client_id": {certClient}}, nil, 401, "invalid_client"},
		"a secret of whoever has none": {nil, basic(certClient, bankSecret), 401, "invalid_client"},
		"a token as authentication":    {nil, []string{"Authorization", "Bearer x"}, 401, "invalid_client"},
		"two ways at once":             {url.Values{"client_secret": {bankSecret}}, basic(bankClient, bankSecret), 400, "invalid_request"},
		"another's client_id":          {url.Values{"client_id": {readClient}}, basic(bankClient, bankSecret), 400, "invalid_request"},
		"a scope twice":                {url.Values{"scope": {"savings:read", "savings:write"}}, basic(bankClient, bankSecret), 400, "invalid_request"},
		"a code":                       {url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, basic(bankClient, bankSecret), 400, "unauthorized_client"},
		"a password":                   {url.Values{"grant_type": {"password"}}, basic(bankClient, bankSecret), 400, "unsupported_grant_type"},
		"a refresh token":              {url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}, basic(bankClient, bankSecret), 400, "unsupported_grant_type"},
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{}
			for k, v := range test.form {
				form[k] = v
			}
			wants(t, b.ask(nil, form, test.headers...), test.status, test.code)
		})
	}
	t.Run("the authorization endpoint", func(t *testing.T) {
		req, _ := http.NewRequest("GET", b.server.URL+"/oauth/authorize?response_type=code&client_id="+bankClient+"&redirect_uri=https%3A%2F%2Fbank.example", nil)
		if p := b.do(b.caller(nil, ""), req); p.status != 400 || p.header.Get("Location") != "" {
			t.Error(p)
		}
	})
	t.Run("check_token", func(t *testing.T) {
		req, _ := http.NewRequest("POST", b.server.URL+"/oauth/check_token", strings.NewReader(url.Values{"token": {b.token(bankClient, url.Values{})}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(bankClient, bankSecret)
		wants(t, b.do(b.caller(nil, ""), req), 400, "unauthorized_client")
	})
	t.Run("whoever guesses", func(t *testing.T) {
		var p page
		for range 25 {
			p = b.ask(nil, url.Values{}, basic(otherBank, "guess-0123456789")...)
		}
		wants(t, p, 429, "temporarily_unavailable")
		if p := b.ask(nil, url.Values{}, basic(bankClient, bankSecret)...); p.status != 200 {
			t.Error("others are not kept out by it:", p)
		}
	})
}

// TestAClientOfAMerchantGetsNoTokenForTheAPI is number 52: each grant is for its own clients.
func TestAClientOfAMerchantGetsNoTokenForTheAPI(t *testing.T) {
	t.Parallel()
	b := newBanks(t, func(c *house.Config) {
		c.Merchants = []house.Merchant{{ID: 1, Operator: house.Operator{URL: "https://shop.example/{action}"}, Clients: []house.Client{
			{ID: "shop", Secret: house.Secret{Value: bankSecret}, RedirectURIs: []string{callback}}}}}
	})
	wants(t, b.ask(nil, url.Values{}, basic("shop", bankSecret)...), 400, "unauthorized_client")
	wants(t, b.ask(nil, url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}, basic("shop", bankSecret)...), 400, "invalid_grant")
	b.config.Partners = nil
	b.open()
	wants(t, b.ask(nil, url.Values{}, basic("shop", bankSecret)...), 400, "unsupported_grant_type") // where there are no banks there is no such grant
	req, _ := http.NewRequest("GET", b.server.URL+"/.well-known/oauth-authorization-server", nil)
	if grants := b.do(b.caller(nil, ""), req).json(t)["grant_types_supported"].([]any); len(grants) != 1 || grants[0] != "authorization_code" {
		t.Error(grants)
	}
}

// TestATokenThatIsNotGoodOpensNothing are numbers 71 and 73 of the list, for the API.
func TestATokenThatIsNotGoodOpensNothing(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	good := b.token(bankClient, url.Values{})
	parts := strings.Split(good, ".")
	head := func(text string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + parts[1] + "." + parts[2]
	}
	flipped := []byte(parts[2])
	if flipped[10]++; flipped[10] > 'y' {
		flipped[10] = 'A'
	}
	for name, token := range map[string]string{
		"nonsense":               "x",
		"another signature":      parts[0] + "." + parts[1] + "." + string(flipped),
		"no signature":           parts[0] + "." + parts[1] + ".",
		"no algorithm":           head(`{"alg":"none","typ":"at+jwt"}`),
		"another algorithm":      head(`{"alg":"HS256","typ":"at+jwt"}`),
		"a key that is not ours": head(`{"alg":"ES256","typ":"at+jwt","kid":"../../etc"}`),
		"a megabyte":             strings.Repeat("x", 20<<10),
		"dots":                   strings.Repeat(".", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			apiRefuses(t, b.probe(nil, "savings:read", with1(token)...), 401, "invalid_token")
		})
	}
	t.Run("none", func(t *testing.T) { apiRefuses(t, b.probe(nil, "savings:read"), 401, "") })
	t.Run("in the address", func(t *testing.T) {
		apiRefuses(t, b.probe(nil, "savings:read&access_token="+good), 401, "")
	})
	t.Run("Basic", func(t *testing.T) {
		apiRefuses(t, b.probe(nil, "savings:read", basic(bankClient, bankSecret)...), 400, "invalid_request")
	})
	t.Run("two", func(t *testing.T) {
		apiRefuses(t, b.probe(nil, "savings:read", append(with1(good), with1(good)...)...), 400, "invalid_request")
	})
	t.Run("one that has expired", func(t *testing.T) {
		b.clock.forward(10*time.Minute + time.Second)
		apiRefuses(t, b.probe(nil, "savings:read", with1(good)...), 401, "invalid_token")
		b.clock.forward(-20 * time.Minute)
		apiRefuses(t, b.probe(nil, "savings:read", with1(b.tokenAt(20*time.Minute))...), 401, "invalid_token")
		b.clock.forward(10*time.Minute - time.Second)
		if p := b.probe(nil, "savings:read", with1(good)...); p.status != 200 {
			t.Error(p)
		}
	})
	t.Run("one of another installation", func(t *testing.T) {
		other := newBanks(t)
		apiRefuses(t, b.probe(nil, "savings:read", with1(other.token(bankClient, url.Values{}))...), 401, "invalid_token")
	})
}

// tokenAt is a token that was given so much later.
func (b *banks) tokenAt(later time.Duration) string {
	b.clock.forward(later)
	defer b.clock.forward(-later)
	return b.token(bankClient, url.Values{})
}

// TestATokenOfAPersonIsNoTokenForTheAPI: both are signed with the same keys.
func TestATokenOfAPersonIsNoTokenForTheAPI(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}, func(c *house.Config) {
		c.Partners = []house.Partner{{ID: "bank", Currency: "SEK", Country: "SE", Zone: "Europe/Stockholm", Clients: []house.PartnerClient{{ID: bankClient, Secret: house.Secret{Value: bankSecret}}}}}
	})
	answer := w.shopToken(t, redemption(w.code(t, params()))).json(t)
	for _, name := range []string{"access_token", "id_token"} {
		req := httptest.NewRequest("GET", "/v1/users", nil)
		req.Header.Set("Authorization", "Bearer "+answer[name].(string))
		if partner, err := w.House.OAuth.Partner(req, "savings:read"); parley.KindOf(err) != parley.KindInvalid || partner != "" {
			t.Errorf("%s: %q, %v", name, partner, err)
		}
	}
	token := w.token(t, bankClient, bankSecret, url.Values{"grant_type": {"client_credentials"}}).json(t)["access_token"].(string)
	wants(t, w.shopCheck(t, token), 400, "invalid_token")
}

func TestATokenEndsAtOnceWithItsClient(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	token, reads := b.token(bankClient, url.Values{}), b.token(otherBank, url.Values{})
	b.config.Partners[0].Clients[0].Disabled = true
	b.config.Partners[1].Clients[0].Scopes = []string{"savings:read"}
	b.open()
	apiRefuses(t, b.probe(nil, "savings:read", with1(token)...), 401, "invalid_token")
	apiRefuses(t, b.probe(nil, "savings:write", with1(reads)...), 403, "insufficient_scope")
	if p := b.probe(nil, "savings:read", with1(reads)...); p.status != 200 {
		t.Error("a token outlives a restart:", p)
	}
	b.config.Partners[1].Clients = append(b.config.Partners[1].Clients, house.PartnerClient{ID: bankClient, Secret: house.Secret{Value: bankSecret}})
	b.config.Partners[0].Clients = b.config.Partners[0].Clients[1:]
	b.open()
	apiRefuses(t, b.probe(nil, "savings:read", with1(token)...), 401, "invalid_token")
}

func TestMetadataSaysHowProgramsOfBanksComeIn(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	req, _ := http.NewRequest("GET", b.server.URL+"/.well-known/oauth-authorization-server", nil)
	m := b.do(b.caller(nil, ""), req).json(t)
	for name, want := range map[string]string{"grant_types_supported": "client_credentials", "scopes_supported": "savings:write", "token_endpoint_auth_methods_supported": "tls_client_auth"} {
		list, _ := m[name].([]any)
		found := false
		for _, v := range list {
			found = found || v == want
		}
		if !found {
			t.Errorf("%s is %v, without %s", name, list, want)
		}
	}
	if m["tls_client_certificate_bound_access_tokens"] != true {
		t.Error(m)
	}
}

func TestAProgramOfABankThatCannotBe(t *testing.T) {
	t.Parallel()
	secret, print := "secret-0123456789", strings.Repeat("ab", 32)
	base := func() oauth.Config {
		return oauth.Config{Issuer: "https://parley.example", Secret: bytes.Repeat([]byte("s"), 32)}
	}
	for want, clients := range map[string][]oauth.Client{
		"merchant":                {{ID: "c", Partner: "bank", Merchant: 1, Secret: secret}},
		"has no browser":          {{ID: "c", Partner: "bank", Secret: secret, RedirectURIs: []string{"https://bank.example"}}},
		"secret: is needed":       {{ID: "c", Partner: "bank"}},
		"16 characters":           {{ID: "c", Partner: "bank", Secret: "short"}},
		"scopes":                  {{ID: "c", Partner: "bank", Secret: secret, Scopes: []string{"openid"}}},
		"scopes: must":            {{ID: "c", Partner: "bank", Secret: secret, Scopes: []string{}}},
		"64 hexadecimal":          {{ID: "c", Partner: "bank", Certificates: []oauth.Certificate{{Fingerprint: "ab:cd"}}}},
		"one of them":             {{ID: "c", Partner: "bank", Certificates: []oauth.Certificate{{Fingerprint: print, Subject: "CN=x"}}}},
		"client_ca":               {{ID: "c", Partner: "bank", Certificates: []oauth.Certificate{{Subject: "CN=x"}}}},
		"also c's":                {{ID: "c", Partner: "bank", Certificates: []oauth.Certificate{{Fingerprint: print}}}, {ID: "d", Partner: "bank", Certificates: []oauth.Certificate{{Fingerprint: strings.ToUpper(print)}}}},
		"for clients of partners": {{ID: "c", Merchant: 1, Secret: secret, RedirectURIs: []string{callback}, Certificates: []oauth.Certificate{{Fingerprint: print}}}},
	} {
		t.Run(want, func(t *testing.T) {
			c := base()
			c.Clients = clients
			if _, err := oauth.New(c); err == nil || !strings.Contains(err.Error(), want) {
				t.Error(err)
			}
		})
	}
	c := base()
	c.PartnerTokenLifetime = 2 * time.Hour
	if _, err := oauth.New(c); err == nil {
		t.Error("a token for two hours")
	}
}
