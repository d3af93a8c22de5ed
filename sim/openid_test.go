package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const openIDTestVerifier = "0123456789012345678901234567890123456789abc"

func openIDServe(t *testing.T, opt OpenIDOptions) (*OpenID, string) {
	t.Helper()
	opt.ClientID, opt.ClientSecret, opt.RedirectURIs = "parley", "s:1", []string{"https://parley.example/back"}
	p := NewOpenID(opt)
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return p, s.URL
}

func openIDAsk(at string, change ...string) string {
	sum := sha256.Sum256([]byte(openIDTestVerifier))
	q := url.Values{"client_id": {"parley"}, "redirect_uri": {"https://parley.example/back"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"st"}, "nonce": {"no"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for i := 0; i < len(change); i += 2 {
		if q.Set(change[i], change[i+1]); change[i+1] == "" {
			q.Del(change[i])
		}
	}
	return at + "/authorize?" + q.Encode()
}

func openIDCall(t *testing.T, method, to, authorization string, form url.Values) (*http.Response, map[string]any, string) {
	t.Helper()
	req, _ := http.NewRequest(method, to, strings.NewReader(form.Encode()))
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	var m map[string]any
	json.Unmarshal(b, &m)
	return resp, m, string(b)
}

func openIDRedeem(t *testing.T, at, redirect, verifier string) (int, map[string]any) {
	t.Helper()
	u, _ := url.Parse(redirect)
	resp, m, _ := openIDCall(t, "POST", at+"/token", "Basic "+base64.StdEncoding.EncodeToString([]byte("parley:s%3A1")), url.Values{"grant_type": {"authorization_code"},
		"code": {u.Query().Get("code")}, "redirect_uri": {"https://parley.example/back"}, "code_verifier": {verifier}})
	return resp.StatusCode, m
}

func openIDPart(token string, i int) map[string]any {
	b, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	var m map[string]any
	json.Unmarshal(b, &m)
	return m
}

// openIDVerify checks an ES256 token against the published keys, by hand.
func openIDVerify(t *testing.T, at, token string) bool {
	t.Helper()
	_, set, _ := openIDCall(t, "GET", at+"/jwks", "", nil)
	parts := strings.Split(token, ".")
	sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
	for _, k := range set["keys"].([]any) {
		jwk := k.(map[string]any)
		if jwk["kid"] != openIDPart(token, 0)["kid"] || openIDPart(token, 0)["alg"] != "ES256" || len(sig) != 64 {
			continue
		}
		x, _ := base64.RawURLEncoding.DecodeString(jwk["x"].(string))
		y, _ := base64.RawURLEncoding.DecodeString(jwk["y"].(string))
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		return ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	}
	return false
}

func TestOpenIDIdentifiesAPersonAndSellsTheAddress(t *testing.T) {
	p, at := openIDServe(t, OpenIDOptions{})
	_, d, _ := openIDCall(t, "GET", at+"/.well-known/openid-configuration", "", nil)
	if d["issuer"] != at || d["authorization_response_iss_parameter_supported"] != true {
		t.Fatalf("discovery %v", d)
	}
	resp, _, page := openIDCall(t, "GET", openIDAsk(at, "login_hint", "Erik", "ui_locales", "sv en", "acr_values", "loa4 loa3"), "", nil)
	if resp.StatusCode != 200 || !strings.Contains(page, "Logga in som Erik Öberg") || !strings.Contains(page, "Avbryt") {
		t.Fatal(page)
	}
	_, id, _ := strings.Cut(page, `name="id" value="`)
	id, _, _ = strings.Cut(id, `"`)
	resp, _, _ = openIDCall(t, "POST", at+"/decide", "", url.Values{"id": {id}, "person": {"198503152392"}})
	to, err := resp.Location()
	if err != nil || resp.StatusCode != 303 || to.Query().Get("state") != "st" || to.Query().Get("iss") != at {
		t.Fatalf("%d %v %v", resp.StatusCode, to, err)
	}
	if again, _, _ := openIDCall(t, "POST", at+"/decide", "", url.Values{"id": {id}, "cancel": {"yes"}}); again.StatusCode != 400 {
		t.Errorf("a second press: %d", again.StatusCode)
	}
	status, tok := openIDRedeem(t, at, to.String(), openIDTestVerifier)
	if status != 200 || !openIDVerify(t, at, tok["id_token"].(string)) {
		t.Fatalf("%d %v", status, tok)
	}
	c := openIDPart(tok["id_token"].(string), 1)
	if c["ssn"] != "198503152392" || c["birthdate"] != "1985-03-15" || c["nonce"] != "no" || c["aud"] != "parley" || c["acr"] != "loa4" || c["address"] != nil {
		t.Errorf("claims %v", c)
	}
	half := sha256.Sum256([]byte(tok["access_token"].(string)))
	if c["at_hash"] != base64.RawURLEncoding.EncodeToString(half[:16]) {
		t.Error("at_hash")
	}
	bearer := "Bearer " + tok["access_token"].(string)
	_, info, _ := openIDCall(t, "GET", at+"/userinfo", bearer, nil)
	if info["sub"] != c["sub"] || info["address"].(map[string]any)["locality"] != "Umeå" || p.UserinfoCalls() != 1 {
		t.Errorf("userinfo %v after %d", info, p.UserinfoCalls())
	}
	if status, e := openIDRedeem(t, at, to.String(), openIDTestVerifier); status != 400 || e["error"] != "invalid_grant" {
		t.Errorf("replay: %d %v", status, e)
	}
	if resp, _, _ := openIDCall(t, "GET", at+"/userinfo", bearer, nil); resp.StatusCode != 401 || p.UserinfoCalls() != 1 {
		t.Error("a replayed code must void the token")
	}
	if h := p.Heard("authorize"); len(h) != 1 || h[0].Params.Get("login_hint") != "Erik" {
		t.Errorf("heard %+v", h)
	}
}

func TestOpenIDRefusesWhatIsWrong(t *testing.T) {
	p, at := openIDServe(t, OpenIDOptions{Auto: "approve"})
	for _, c := range [][3]string{
		{"client_id", "x", ""}, {"redirect_uri", "https://parley.example/back/", ""}, {"response_type", "token", "unsupported_response_type"}, {"nonce", "", "invalid_request"},
		{"state", "", "invalid_request"}, {"code_challenge_method", "plain", "invalid_request"}, {"scope", "profile", "invalid_scope"}, {"prompt", "none", "login_required"},
		{"request_uri", "https://x", "request_uri_not_supported"},
	} {
		resp, _, _ := openIDCall(t, "GET", openIDAsk(at, c[0], c[1]), "", nil)
		to, _ := resp.Location()
		if c[2] == "" && (resp.StatusCode != 400 || to != nil) || c[2] != "" && (to == nil || to.Query().Get("error") != c[2] || to.Query().Get("code") != "") {
			t.Errorf("%v: %d %v", c, resp.StatusCode, to)
		}
	}
	resp, _, _ := openIDCall(t, "GET", openIDAsk(at), "", nil)
	to, _ := resp.Location()
	if s, _ := openIDRedeem(t, at, to.String(), "wrong"); s != 400 {
		t.Error("a wrong verifier passed")
	}
	if s, _ := openIDRedeem(t, at, to.String(), openIDTestVerifier); s != 400 {
		t.Error("a wrong verifier must cost the code")
	}
	if back, err := p.Deny(openIDAsk(at)); err != nil || !strings.Contains(back, "error=access_denied") {
		t.Error(back, err)
	}
	p.Faults.Set("authorize", Refuse, 1)
	if back, err := p.Approve(openIDAsk(at), "Anna"); err != nil || !strings.Contains(back, "error=access_denied") {
		t.Error(back, err)
	}
	if _, err := p.Approve(openIDAsk(at, "client_id", "x"), "Anna"); err == nil {
		t.Error("a stranger was sent on")
	}
	p.Faults.Set("token", Refuse, 1)
	back, err := p.Approve(openIDAsk(at), "")
	if err != nil {
		t.Fatal(err)
	}
	if s, m := openIDRedeem(t, at, back, openIDTestVerifier); s != 400 || m["error"] != "invalid_grant" {
		t.Error(s, m)
	}
	// Many at once: one code, one token.
	var mu sync.Mutex
	var wg sync.WaitGroup
	good := 0
	for range 8 {
		wg.Go(func() {
			if s, _ := openIDRedeem(t, at, back, openIDTestVerifier); s == 200 {
				mu.Lock()
				good++
				mu.Unlock()
			}
		})
	}
	if wg.Wait(); good != 1 {
		t.Errorf("%d tokens for one code", good)
	}
}

func TestOpenIDTwistsItsTokens(t *testing.T) {
	now := time.Now()
	p, at := openIDServe(t, OpenIDOptions{Now: func() time.Time { return now }})
	take := func(twist string) (string, map[string]any) {
		p.SetTwist(twist)
		back, err := p.Approve(openIDAsk(at), "Maja Lind")
		if err != nil {
			t.Fatal(err)
		}
		u, _ := url.Parse(back)
		_, tok := openIDRedeem(t, at, back, openIDTestVerifier)
		id := tok["id_token"].(string)
		c := openIDPart(id, 1)
		iss := u.Query().Get("iss")
		if (iss == at) == (twist == "no-iss-param" || twist == "wrong-iss-param") {
			t.Errorf("%s: iss %q", twist, iss)
		}
		return id, c
	}
	for _, twist := range append([]string{""}, OpenIDTwists...) {
		id, c := take(twist)
		signed := openIDVerify(t, at, id)
		switch twist {
		case "alg-none", "hs256-with-public-key", "unknown-kid", "bad-signature":
			if signed {
				t.Errorf("%s verifies", twist)
			}
			continue
		}
		sound := c["iss"] == at && c["aud"] == "parley" && c["azp"] == "parley" && c["nonce"] == "no" && c["acr"] == "loa3" &&
			c["exp"].(float64) > float64(now.Unix()) && c["iat"].(float64) <= float64(now.Unix()) && c["auth_time"].(float64) >= float64(now.Unix())
		if want := twist == "" || strings.HasSuffix(twist, "-param"); !signed || sound != want {
			t.Errorf("%q: signed %v, sound %v: %v", twist, signed, sound, c)
		}
	}
	id, _ := take("")
	p.RotateKey(false)
	if !openIDVerify(t, at, id) {
		t.Error("the old key must stay published")
	}
	p.RotateKey(true)
	if openIDVerify(t, at, id) {
		t.Error("the old key must be gone")
	}
}

func TestOpenIDSignsWithRSAWhenAsked(t *testing.T) {
	p, at := openIDServe(t, OpenIDOptions{Algorithm: "RS256", AddressInIDToken: true})
	back, err := p.Approve(openIDAsk(at), "Anna")
	if err != nil {
		t.Fatal(err)
	}
	_, tok := openIDRedeem(t, at, back, openIDTestVerifier)
	id := tok["id_token"].(string)
	if h := openIDPart(id, 0); h["alg"] != "RS256" {
		t.Error(h)
	}
	if openIDPart(id, 1)["address"] == nil {
		t.Error("no address")
	}
	if r, _, page := openIDCall(t, "GET", at+"/", "", nil); r.StatusCode != 200 || strings.Count(page, "<h1") != 1 || !strings.Contains(page, "Anna Åkesson") {
		t.Error(page)
	}
}
