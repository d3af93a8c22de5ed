package sandbox_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"parley/sandbox"
	"strings"
	"testing"
	"time"
)

// The simulated person who acts by themselves has no browser: a program that only follows redirects gets from the first address
// to the last, and keeps no cookies on the way.
func TestAProgramThatFollowsRedirectsIsEnough(t *testing.T) {
	landed := make(chan url.Values, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { landed <- r.URL.Query() }))
	defer shop.Close()
	redirect := shop.URL + "/landing"
	const verifier = "a-verifier-of-at-least-forty-three-characters"
	challenge := sha256.Sum256([]byte(verifier))

	for _, auto := range []string{"approve", "deny"} {
		s := start(t, sandbox.Options{Auto: auto, RedirectURIs: []string{redirect}})
		for _, client := range []sandbox.Client{s.Clients[0], s.Clients[2]} {
			for _, provider := range []string{"trustly", "openid", "bankid"} {
				for _, amount := range []string{"", "100.00"} {
					t.Run(strings.Join([]string{auto, client.ID, provider, amount}, " "), func(t *testing.T) {
						q := url.Values{"client_id": {client.ID}, "redirect_uri": {redirect}, "identity_provider": {provider}, "currency": {"SEK"}, "country": {"SE"}, "state": {"st"}}
						if client.Profile == "standard" {
							q.Set("response_type", "code")
							q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
							q.Set("code_challenge_method", "S256")
						} else if amount == "" {
							q.Set("iframe", "false") // the other half says by Accept that it wants a page
						}
						if amount != "" {
							q.Set("amount", amount)
						}
						req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/oauth/authorize?"+q.Encode(), nil)
						if err != nil {
							t.Fatal(err)
						}
						if amount != "" {
							req.Header.Set("Accept", "text/html")
						}
						res, err := (&http.Client{Timeout: time.Minute}).Do(req)
						if err != nil {
							t.Fatal(err)
						}
						res.Body.Close()
						var got url.Values
						select {
						case got = <-landed:
						default:
							t.Fatalf("ended with %d at %s", res.StatusCode, res.Request.URL)
						}
						if got.Get("state") != "st" || got.Get("iss") != s.URL || got.Has("code") != (auto == "approve") || got.Has("error") != (auto == "deny") {
							t.Fatalf("landed with %v", got)
						}
						if auto == "approve" {
							redeem(t, s, client, redirect, got.Get("code"), verifier)
						}
					})
				}
			}
		}
	}
}

// redeem redeems a code, and expects to be told a name.
func redeem(t *testing.T, s *sandbox.Sandbox, client sandbox.Client, redirect, code, verifier string) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}}
	if client.Profile == "standard" {
		form.Set("code_verifier", verifier)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client.ID, client.Secret)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var token struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil || res.StatusCode != http.StatusOK || token.Token == "" {
		t.Fatalf("the code bought %d, %+v, %v", res.StatusCode, token, err)
	}
}
