package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/connector"
)

// op is a small OpenID provider that does as it is told. It signs with the standard library, not with the connector's, so
// that one mistake cannot cover another.
type op struct {
	*httptest.Server
	t   *testing.T
	now time.Time
	key *ecdsa.PrivateKey
	kid string // of the token's header; the key that is published is always "k1"

	discovery func(map[string]any)                                // changes the discovery document
	claims    func(map[string]any)                                // changes the ID token's claims
	sign      func(*op, map[string]any) string                    // signs them some other way
	instead   map[string]func(http.ResponseWriter, *http.Request) // answers a path instead of the provider
	userinfo  map[string]any

	mu    sync.Mutex
	asked map[string]int
	form  url.Values // of the last token request
	auth  url.Values // parameters of the last authorization request
}

const (
	client  = "parley:client"
	secret  = "a/secret+with%signs"
	landing = "https://shop.example/callback/7/bankid"
	code    = "the-code"
)

func newOP(t *testing.T) *op {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &op{
		t: t, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), key: key, kid: "k1", asked: map[string]int{},
		instead: map[string]func(http.ResponseWriter, *http.Request){},
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *op) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	p.mu.Unlock()
	if f := p.instead[r.URL.Path]; f != nil {
		f(w, r)
		return
	}
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		doc := map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize?tenant=x", "token_endpoint": p.URL + "/token",
			"jwks_uri": p.URL + "/keys", "userinfo_endpoint": p.URL + "/userinfo",
			"id_token_signing_alg_values_supported":          []string{"ES256", "HS256", "none"},
			"authorization_response_iss_parameter_supported": true,
		}
		if p.discovery != nil {
			p.discovery(doc)
		}
		answer(doc)
	case "/keys":
		point, err := p.key.PublicKey.Bytes()
		if err != nil {
			p.t.Error(err)
		}
		answer(map[string]any{"keys": []any{
			map[string]any{"kty": "odd", "kid": "k0"},
			map[string]any{"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "x": b64(point[1:33]), "y": b64(point[33:])},
		}})
	case "/token":
		r.ParseForm()
		p.mu.Lock()
		p.form = r.PostForm
		challenge, nonce := p.auth.Get("code_challenge"), p.auth.Get("nonce")
		p.mu.Unlock()
		id, pass, _ := r.BasicAuth()
		id, _ = url.QueryUnescape(id)
		pass, _ = url.QueryUnescape(pass)
		if post := r.PostForm.Get("client_secret"); id == "" && post != "" {
			id, pass = r.PostForm.Get("client_id"), post
		}
		verifier := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		switch {
		case id != client || pass != secret:
			w.WriteHeader(http.StatusUnauthorized)
			answer(map[string]any{"error": "invalid_client"})
			return
		case r.PostForm.Get("code") != code || b64(verifier[:]) != challenge || r.PostForm.Get("redirect_uri") != landing:
			w.WriteHeader(http.StatusBadRequest)
			answer(map[string]any{"error": "invalid_grant", "error_description": "SECRET DETAIL"})
			return
		}
		answer(map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": p.token(nonce)})
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer at" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(p.userinfo)
	default:
		http.NotFound(w, r)
	}
}

func (p *op) token(nonce string) string {
	claims := map[string]any{
		"iss": p.URL, "aud": client, "sub": "s-1", "nonce": nonce, "iat": p.now.Unix(), "exp": p.now.Add(5 * time.Minute).Unix(),
		"given_name": "Åsa", "family_name": "Öberg", "ssn": "19900101-2384",
	}
	if p.claims != nil {
		p.claims(claims)
	}
	if p.sign != nil {
		return p.sign(p, claims)
	}
	return p.es256(claims)
}

func (p *op) es256(claims map[string]any) string {
	body, _ := json.Marshal(claims)
	return p.es256raw(string(body))
}

func (p *op) es256raw(body string) string {
	return jws(map[string]any{"alg": "ES256", "kid": p.kid}, json.RawMessage(body), func(signed []byte) []byte {
		sum := sha256.Sum256(signed)
		r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
		if err != nil {
			p.t.Error(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	})
}

func hs256(secret []byte) func(*op, map[string]any) string {
	return func(p *op, claims map[string]any) string {
		return jws(map[string]any{"alg": "HS256", "kid": "k1"}, claims, func(signed []byte) []byte {
			mac := hmac.New(crypto.SHA256.New, secret)
			mac.Write(signed)
			return mac.Sum(nil)
		})
	}
}

func jws(head map[string]any, claims any, sign func([]byte) []byte) string {
	h, _ := json.Marshal(head)
	c, _ := json.Marshal(claims)
	signed := b64(h) + "." + b64(c)
	return signed + "." + b64(sign([]byte(signed)))
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// count is how often a path was asked.
func (p *op) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// connector is one that uses this provider, with the configuration changed as told.
func (p *op) connector(change func(*Config)) *Connector {
	p.t.Helper()
	cfg := Config{
		Name: "bankid", Issuer: p.URL, ClientID: client, ClientSecret: secret, RedirectURL: landing, PersonCountry: "SE",
		AllowHTTP: true, Now: func() time.Time { return p.now },
	}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// begin identifies, and reads the authorization request as the provider would.
func (p *op) begin(c *Connector, ask connector.IdentifyRequest) (json.RawMessage, url.Values) {
	p.t.Helper()
	ask.State = "the-state"
	opened, err := c.Identify(p.t.Context(), ask)
	if err != nil {
		p.t.Fatal(err)
	}
	if !strings.HasPrefix(opened.Page.URL, p.URL+"/authorize?") {
		p.t.Fatal("the person is sent to", opened.Page.URL)
	}
	u, err := url.Parse(opened.Page.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.auth = u.Query()
	return opened.Session, maps.Clone(p.auth)
}

// redirect is what the browser brings back when all is well.
func (p *op) redirect() url.Values {
	return url.Values{"state": {"the-state"}, "code": {code}, "iss": {p.URL}}
}

// signIn goes all the way.
func (p *op) signIn(c *Connector, ask connector.IdentifyRequest) (connector.Told, error) {
	p.t.Helper()
	session, _ := p.begin(c, ask)
	return c.Return(p.t.Context(), session, p.redirect())
}

// denied checks that somebody was refused with a status, and that nothing of the provider's words came along.
func denied(t *testing.T, told connector.Told, err error, status parley.Status) {
	t.Helper()
	if err != nil {
		t.Fatal("an error instead of a no:", err)
	}
	if told.Fact != connector.Denied || told.Refusal == nil || told.Refusal.Status != status || told.Identity != nil {
		t.Fatalf("told %+v (%+v), want denied with %d", told, told.Refusal, status)
	}
	if told.Note == "" || told.Refusal.Code != "" || told.Refusal.Message != "" || strings.Contains(told.Note, "SECRET") {
		t.Fatalf("a no must have a reason of ours and none of theirs: %+v", told)
	}
}
