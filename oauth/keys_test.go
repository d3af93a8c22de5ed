package oauth_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
)

// 72. A key signs for KeyLifetime, is published until all that it signed has expired, and is gone.
func TestKeyIsPublishedUntilWhatItSignedHasExpired(t *testing.T) {
	t.Parallel()
	const lifetime = 30 * time.Second // within a code's minute, so that one sign-in can be redeemed under the next key
	w := alone(t, sandbox.Options{}, func(c *house.Config) { c.KeyLifetime = house.Duration(lifetime) })
	start := time.Now()
	one, two := w.code(t, params()), w.code(t, params())
	first := w.access(t, one)
	old := kid(t, first)
	if set := keys(t, w); len(set.Keys) != 1 || set.Keys[0].KeyID != old || set.Keys[0].Algorithm != "ES256" {
		t.Fatalf("published: %v", set)
	}
	w.clock.forward(lifetime)
	second := w.access(t, two)
	young := kid(t, second)
	if young == old {
		t.Error("the old key still signs")
	}
	if set := keys(t, w); len(set.Keys) != 2 || set.Keys[0].KeyID != young || len(set.Key(old)) != 1 {
		t.Errorf("published: %v", set)
	}
	if p := w.shopCheck(t, first); p.status != http.StatusOK {
		t.Errorf("a token of the old key: %s", p)
	}
	w.clock.forward(time.Hour - lifetime - time.Since(start) - time.Second) // the first token's last second
	if set := keys(t, w); len(set.Key(old)) != 1 {
		t.Error("the old key is gone while what it signed is good")
	}
	if p := w.shopCheck(t, first); p.status != http.StatusOK {
		t.Errorf("a token of the old key: %s", p)
	}
	w.clock.forward(lifetime + 2*time.Hour)
	if set := keys(t, w); len(set.Key(old)) != 0 || len(set.Keys) == 0 {
		t.Errorf("the old key is published for ever: %v", set)
	}
	wants(t, w.shopCheck(t, first), 400, "invalid_token")
}

func kid(t *testing.T, token string) string {
	t.Helper()
	head, _ := claims(t, token)
	if head["alg"] != "ES256" || head["typ"] != "at+jwt" {
		t.Errorf("head is %v", head)
	}
	return head["kid"].(string)
}

func TestWrongInstallationSecretIsSaidAtStart(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	if err := w.House.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 32)
	rand.Read(raw)
	c := w.Config
	c.Secret.Value = base64.RawURLEncoding.EncodeToString(raw)
	if _, err := house.New(t.Context(), c, house.Parts{Log: logged.logger()}); err == nil || !strings.Contains(err.Error(), "was the installation's secret changed?") || strings.Contains(err.Error(), c.Secret.Value) {
		t.Errorf("a secret that is not the installation's: %v", err)
	}
	c.Secret.Value = "short"
	if _, err := house.New(t.Context(), c, house.Parts{Log: logged.logger()}); err == nil {
		t.Error("a secret of five characters")
	}
	// With the right one again, all is as before.
	if p := serve(rebuilt(t, w, w.Config), w.program(t).request("GET", w.URL+"/oauth/jwks", nil)); p.status != http.StatusOK {
		t.Error(p)
	}
}
