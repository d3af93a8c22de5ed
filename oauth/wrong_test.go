package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/sandbox"
)

// The rows of the table of what was seen when the best were tried, in its order. What needs more room stands elsewhere:
//
//	codes redeemed more than once under 16 parallel redemptions   TestOneOfManyParallelRedemptionWins
//
// Each row is short here, as somebody would probe it from outside.
func TestWhatOthersGetWrong(t *testing.T) {
	t.Parallel()
	w := shared
	auth := basic(sandbox.ShopClient, sandbox.ShopSecret)
	at := w.URL + "/oauth/token"
	b := w.program(t)

	t.Run("bad redirect URI is a page with 400", func(t *testing.T) {
		refusedPage(t, w.browser(t).authorize(params("redirect_uri", "https://evil.example/")))
	})
	t.Run("another loopback port of a confidential web client is refused", func(t *testing.T) {
		refusedPage(t, w.browser(t).authorize(params("redirect_uri", "http://127.0.0.1:10/callback")))
	})
	t.Run("no PKCE, or plain, is refused", func(t *testing.T) {
		refusedBack(t, w, w.browser(t).authorize(params("code_challenge", "-", "code_challenge_method", "-")), "invalid_request")
		refusedBack(t, w, w.browser(t).authorize(params("code_challenge_method", "plain", "code_challenge", verifier)), "invalid_request")
	})
	t.Run("code_challenge of 8 characters is refused", func(t *testing.T) {
		refusedBack(t, w, w.browser(t).authorize(params("code_challenge", "12345678")), "invalid_request")
	})
	t.Run("client_id given twice is refused", func(t *testing.T) {
		refusedPage(t, w.browser(t).authorize(with(params(), "client_id", sandbox.ShopClient)))
	})
	t.Run("wrong verifier burns the code", func(t *testing.T) {
		code := w.code(t, params())
		wants(t, w.shopToken(t, redemption(code, "code_verifier", strings.Repeat("w", 43))), 400, "invalid_grant")
		wants(t, w.shopToken(t, redemption(code)), 400, "invalid_grant")
	})
	t.Run("another client that presents my code does not lock me out", func(t *testing.T) {
		code := w.code(t, params())
		wants(t, w.token(t, otherClient, otherKey, redemption(code)), 400, "invalid_grant")
		w.access(t, code)
	})
	t.Run("replay by another client revokes nothing", func(t *testing.T) {
		code := w.code(t, params())
		token := w.access(t, code)
		wants(t, w.token(t, otherClient, otherKey, redemption(code)), 400, "invalid_grant")
		if p := w.shopCheck(t, token); p.status != http.StatusOK {
			t.Error(p)
		}
	})
	t.Run("replay by the owner revokes the first token", func(t *testing.T) {
		code := w.code(t, params())
		token := w.access(t, code)
		wants(t, w.shopToken(t, redemption(code)), 400, "invalid_grant")
		wants(t, w.shopCheck(t, token), 400, "invalid_token")
	})
	t.Run("two authentication methods at once are refused", func(t *testing.T) {
		wants(t, b.post(at, redemption(w.code(t, params()), "client_id", sandbox.ShopClient, "client_secret", sandbox.ShopSecret), auth...), 400, "invalid_request")
	})
	t.Run("introspection without authentication is 401", func(t *testing.T) {
		wants(t, b.post(w.URL+"/oauth/check_token", url.Values{"token": {"x"}}), 401, "invalid_client")
	})
	t.Run("401 after Basic says so", func(t *testing.T) {
		if p := b.post(at, redemption("x"), basic("nobody", "x")...); p.status != 401 || !strings.HasPrefix(p.header.Get("WWW-Authenticate"), "Basic realm=") {
			t.Error(p)
		}
	})
	t.Run("the token answer is not kept", func(t *testing.T) {
		if p := w.shopToken(t, redemption(w.code(t, params()))); p.status != 200 || p.header.Get("Cache-Control") != "no-store" {
			t.Error(p)
		}
	})
	t.Run("every authorization response has iss", func(t *testing.T) {
		if p := w.browser(t).signIn(params()); p.query("iss") != w.URL || p.query("code") == "" {
			t.Error(p)
		}
		refusedBack(t, w, w.browser(t).authorize(params("scope", "x")), "invalid_scope")
	})
	t.Run("error pages cannot be framed", func(t *testing.T) {
		safe(t, w.browser(t).authorize(params("client_id", "nobody")))
		safe(t, w.browser(t).get(w.URL+"/nothing"))
	})
}
