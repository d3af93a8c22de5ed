package oauth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
	"parley/sim"
	"parley/store"

	"github.com/go-jose/go-jose/v4"
)

// 69.
func TestCheckTokenTellsTheOwnerAndNobodyElse(t *testing.T) {
	t.Parallel()
	w := shared
	token := w.access(t, w.code(t, params()))
	p := w.shopCheck(t, token)
	m := p.json(t)
	if p.status != http.StatusOK || m["active"] != true || m["clientId"] != sandbox.ShopClient || m["merchantId"] != 1000.0 || m["identityProvider"] != "openid" || m["scope"] != "openid profile" {
		t.Errorf("%s", p)
	}
	wants(t, w.check(t, otherClient, otherKey, token), 400, "invalid_token")
	wants(t, w.check(t, foreignClient, postSecret, token), 400, "invalid_token")
	unknown := w.shopCheck(t, "x.y.z")
	wants(t, unknown, 400, "invalid_token")
	if d := unknown.json(t)["error_description"]; d != "Token was not recognised" {
		t.Errorf("description is %q", d)
	}
	b := w.program(t)
	at := w.URL + "/oauth/check_token"
	for _, p := range []page{b.post(at, url.Values{"token": {token}}), b.get(at + "?token=" + url.QueryEscape(token)), b.post(at, url.Values{"token": {token}, "client_id": {sandbox.ShopClient}})} {
		wants(t, p, 401, "invalid_client")
		if !strings.HasPrefix(p.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("nobody says how to authenticate: %s", p)
		}
	}
	auth := basic(sandbox.ShopClient, sandbox.ShopSecret)
	wants(t, b.get(at+"?token="+url.QueryEscape(token), auth...), 400, "invalid_request") // in the address only for a compatible client
	wants(t, b.post(at+"?token="+url.QueryEscape(token), url.Values{}, auth...), 400, "invalid_request")
	wants(t, b.post(at, with(url.Values{"token": {token}}, "token", token), auth...), 400, "invalid_request")
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS"} {
		if p := b.do(b.request(method, at, nil, auth...)); p.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", method, p)
		}
	}
}

// 69.
func TestTokenThatHasExpiredIsSaidToHave(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	token := w.access(t, w.code(t, params()))
	w.clock.forward(time.Hour - 10*time.Second)
	if p := w.shopCheck(t, token); p.status != http.StatusOK {
		t.Errorf("too soon: %s", p)
	}
	w.clock.forward(10 * time.Second)
	p := w.shopCheck(t, token)
	wants(t, p, 400, "invalid_token")
	if d := p.json(t)["error_description"]; d != "Token has expired" {
		t.Errorf("description is %q", d)
	}
}

// 72.
func TestIDTokenSaysWhoWasIdentifiedForWhom(t *testing.T) {
	t.Parallel()
	w := shared
	for _, provider := range []string{"openid", "trustly"} {
		p := w.shopToken(t, redemption(w.code(t, params("identity_provider", provider, "currency", "SEK", "country", "SE"))))
		m := p.json(t)
		id := m["id_token"].(string)
		set := keys(t, w)
		jws, err := jose.ParseSignedCompact(id, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil {
			t.Fatal(err)
		}
		if k := set.Key(jws.Signatures[0].Header.KeyID); len(k) != 1 {
			t.Fatalf("kid %q is not published", jws.Signatures[0].Header.KeyID)
		} else if _, err := jws.Verify(k[0]); err != nil {
			t.Error(err)
		}
		_, c := claims(t, id)
		half := sha256.Sum256([]byte(m["access_token"].(string)))
		for name, want := range map[string]any{"iss": w.URL, "aud": sandbox.ShopClient, "azp": sandbox.ShopClient, "nonce": "no-1", "idp": provider, "at_hash": base64.RawURLEncoding.EncodeToString(half[:16])} {
			if c[name] != want {
				t.Errorf("%s: %s is %v, want %v", provider, name, c[name], want)
			}
		}
		if provider == "openid" && c["acr"] != "loa3" {
			t.Errorf("acr is %v", c["acr"])
		}
		if at := time.Unix(int64(c["auth_time"].(float64)), 0); time.Since(at).Abs() > time.Minute {
			t.Errorf("%s: auth_time is %s", provider, at)
		}
		if sub, _ := c["sub"].(string); sub == "" || strings.Contains(sub, "1990") {
			t.Errorf("sub is %q", sub)
		}
		if c["ssn"] != nil || c["personid"] != nil {
			t.Error("the ID token holds the national number")
		}
	}
	// Without openid there is none, and without profile it names nobody.
	if m := w.shopToken(t, redemption(w.code(t, params("scope", "default")))).json(t); m["id_token"] != nil {
		t.Error("an ID token that nobody asked for")
	}
	_, c := claims(t, w.shopToken(t, redemption(w.code(t, params("scope", "openid")))).json(t)["id_token"].(string))
	if c["name"] != nil || c["birthdate"] != nil {
		t.Errorf("the name of the person without profile: %v", c)
	}
}

func keys(t *testing.T, w *world) jose.JSONWebKeySet {
	t.Helper()
	p := w.program(t).get(w.URL + "/oauth/jwks")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(p.body), &set); err != nil || len(set.Keys) == 0 {
		t.Fatalf("no keys: %v %s", err, p)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() {
			t.Fatal("a private key is published")
		}
	}
	return set
}

// 73.
func TestTokenThatWasTamperedWithIsNotRecognised(t *testing.T) {
	t.Parallel()
	w := shared
	token := w.access(t, w.code(t, params()))
	parts := strings.Split(token, ".")
	head, _ := claims(t, token)
	b64 := base64.RawURLEncoding.EncodeToString
	header := func(changes map[string]any) string {
		h := map[string]any{}
		for k, v := range head {
			h[k] = v
		}
		for k, v := range changes {
			h[k] = v
		}
		b, _ := json.Marshal(h)
		return b64(b)
	}
	public, _ := json.Marshal(keys(t, w).Keys[0])
	hs := func(key []byte) string {
		signed := header(map[string]any{"alg": "HS256"}) + "." + parts[1]
		m := hmac.New(sha256.New, key)
		m.Write([]byte(signed))
		return signed + "." + b64(m.Sum(nil))
	}
	flip := func(s string, i int) string {
		b := []byte(s)
		if b[i]++; b[i] == '.' || b[i] > 'z' {
			b[i] = 'A'
		}
		return string(b)
	}
	forged, _ := json.Marshal(jose.JSONWebKey{Key: []byte("k")})
	bad := map[string]string{
		"alg none": header(map[string]any{"alg": "none"}) + "." + parts[1] + ".", "alg None": header(map[string]any{"alg": "None"}) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key": hs(public), "HS256 with no key": hs(nil), "HS256 with the client's secret": hs([]byte(sandbox.ShopSecret)),
		"RS256": header(map[string]any{"alg": "RS256"}) + "." + parts[1] + "." + parts[2],
		"kid":   header(map[string]any{"kid": "../../../dev/null"}) + "." + parts[1] + "." + parts[2], "no kid": header(map[string]any{"kid": ""}) + "." + parts[1] + "." + parts[2],
		"crit": header(map[string]any{"crit": []string{"exp"}}) + "." + parts[1] + "." + parts[2], "jwk": header(map[string]any{"jwk": json.RawMessage(forged)}) + "." + parts[1] + "." + parts[2],
		"cut": token[:len(token)-2], "no signature": parts[0] + "." + parts[1] + ".", "two parts": parts[0] + "." + parts[1], "10 000 dots": strings.Repeat(".", 10000), "15 KB": strings.Repeat("x", 15<<10),
		"JSON": `{"payload":"` + parts[1] + `","signatures":[]}`,
	}
	for i := 3; i < len(token); i += len(token) / 12 {
		if token[i] != '.' {
			bad["a letter"+token[i:i+1]+string(rune('a'+i%26))] = flip(token, i)
		}
	}
	for name, x := range bad {
		if p := w.shopCheck(t, x); p.status != 400 || p.json(t)["error"] != "invalid_token" {
			t.Errorf("%s: %s", name, p)
		}
	}
	wants(t, w.shopCheck(t, strings.Repeat("x", 512<<10)), 400, "invalid_request")
	wants(t, w.shopCheck(t, strings.Repeat("x", 2<<20)), 400, "invalid_request")
	if p := w.shopCheck(t, token); p.status != http.StatusOK {
		t.Error(p)
	}
	// 72: an ID token is no access token.
	id := w.shopToken(t, redemption(w.code(t, params()))).json(t)["id_token"].(string)
	wants(t, w.shopCheck(t, id), 400, "invalid_token")
}

// The register costs money, so it is asked once for a token and once for a person.
func TestRegisterIsAskedOnceForAPerson(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := alone(t, sandbox.Options{Parts: house.Parts{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}})
	signIn := func(who string) string {
		b := w.browser(t)
		return w.access(t, b.back(b.identify(b.authorize(params()), "approve"+who)).query("code"))
	}
	anna := signIn("Anna")
	if n := w.Register.Questions(); n != 0 {
		t.Fatalf("nobody wanted the address yet, and the register was asked %d times", n)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if m := w.shopCheck(t, anna).json(t); m["city"] != "Uppsala" && m["city"] != "UPPSALA" || m["street"] == nil || m["zip"] == nil {
				t.Errorf("no address: %v", m)
			}
		})
	}
	all.Wait()
	if m := w.shopCheck(t, signIn("Anna")).json(t); m["street"] == nil {
		t.Errorf("no address for her other token: %v", m)
	}
	if n := w.Register.Questions(); n != 1 {
		t.Errorf("the register was asked %d times about one person", n)
	}
	w.shopCheck(t, signIn("Erik"))
	if n := w.Register.Questions(); n != 2 {
		t.Errorf("the register was asked %d times about two people", n)
	}

	// Somebody whose address is protected has none, and that is no error; it is an answer, so it is not asked for again.
	maja := signIn("Maja")
	for range 2 {
		p := w.shopCheck(t, maja)
		if m := p.json(t); p.status != http.StatusOK || m["street"] != nil || m["city"] != nil || m["zip"] != nil || m["personid"] == nil {
			t.Errorf("protected person: %s", p)
		}
	}
	if n := w.Register.Questions(); n != 3 {
		t.Errorf("the register was asked %d times about three people", n)
	}
	bill, err := bill(t.Context(), w.House.Store)
	if err != nil || bill != 3*40 {
		t.Errorf("the bill is %d (%v)", bill, err)
	}

	// A register that does not answer keeps nobody from being who they are. Its answer may have cost, so it is not asked again at once.
	alexandra := signIn("Alexandra Wilhelmina")
	for _, fault := range []sim.Fault{sim.Drop, sim.Broken, sim.Garbage} {
		w.Register.Faults.Set("personsok", fault, 1)
		asked := len(w.Register.Heard())
		if p := w.shopCheck(t, alexandra); p.status != http.StatusOK || p.json(t)["personid"] == nil || p.json(t)["street"] != nil {
			t.Errorf("register %s: %s", fault, p)
		}
		if p := w.shopCheck(t, alexandra); p.status != http.StatusOK || len(w.Register.Heard()) > asked+1 {
			t.Errorf("register %s: it was asked %d times in a row", fault, len(w.Register.Heard())-asked)
		}
		w.Register.Faults.Set("personsok", sim.Behave, 0)
		ahead.Add(int64(time.Minute))
	}
	if m := w.shopCheck(t, alexandra).json(t); m["street"] == nil {
		t.Errorf("the register answers again, and is not asked: %v", m)
	}
	// Trustly tells the address itself, so nobody is asked.
	before := len(w.Register.Heard())
	if m := w.shopCheck(t, w.access(t, w.code(t, deposit()))).json(t); m["street"] == nil || len(w.Register.Heard()) != before {
		t.Errorf("asked for an address that was told: %v", m)
	}
}

func bill(ctx context.Context, s house.Store) (int64, error) {
	bills, err := s.(interface {
		Bills(ctx context.Context, since time.Time) ([]store.Bill, error)
	}).Bills(ctx, time.Time{})
	if err != nil || len(bills) != 1 || bills[0].Merchant != sandbox.Merchant {
		return 0, fmt.Errorf("%v, %w", bills, err)
	}
	return bills[0].Minor, nil
}
