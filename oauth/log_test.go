package oauth_test

import (
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"parley/sandbox"
	"parley/sim"
)

// 48, 62. TestMain greps the log of the whole suite in the same way; this test says where to look first.
func TestLogHoldsNothingPrivate(t *testing.T) {
	t.Parallel()
	j := &journal{private: map[string]string{}}
	w := alone(t, sandbox.Options{Log: slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, p := range sim.TrustlyPeople() {
		j.keepOut("a person", p.ID, p.PersonID, p.FirstName, p.LastName, p.DateOfBirth, p.Street)
	}
	for _, p := range sim.OpenIDPersons() {
		j.keepOut("a person", p.SSN, p.GivenName, p.FamilyName, p.Birthdate(), p.Address.Street)
	}
	j.keepOut("a secret", sandbox.ShopSecret, "parley-basic-0123456789", "parley-trustly-0123456789", "parley-openid-0123456789", w.Config.Secret.Value, verifier, challengeOf(verifier))

	b := w.browser(t)
	back := b.identify(b.authorize(deposit("ssn", "199007292387", "state", "private-state-77", "attributes[x]", "private-attribute")), "approve")
	j.keepOut("what the client sent", "private-state-77", "private-attribute")
	code := b.back(back).query("code")
	tok := w.shopToken(t, redemption(code)).json(t)
	access, id := tok["access_token"].(string), tok["id_token"].(string)
	check := w.shopCheck(t, access).json(t)
	for _, name := range []string{"maskedAccount", "userId"} {
		if v, _ := check[name].(string); v != "" && name == "maskedAccount" {
			j.keepOut("an account", v)
		}
	}
	j.keepOut("a code", code)
	j.keepOut("a token", access, id)

	// What fails is logged louder, so it is where things slip out.
	w.Operator.Faults.Set("authorize", sim.Garbage, 1)
	b.back(b.identify(b.authorize(deposit()), "approve"))
	w.Trustly.SetScenario(sim.TrustlyScenario{Order: "pay-fails"})
	b.back(b.identify(b.authorize(deposit()), "approve"))
	w.OpenID.SetTwist("wrong-nonce")
	proof := b.identify(b.authorize(params("login_hint", "SE199001012385")), "approve")
	b.back(proof)
	w.OpenID.SetTwist("")
	broken := b.identify(b.authorize(params()), "approve")
	w.OpenID.Faults.Set("token", sim.Drop, -1)
	b.back(broken)
	w.OpenID.Faults.Set("token", sim.Behave, 0)
	for _, at := range []string{proof, broken} {
		u, _ := url.Parse(at)
		j.keepOut("a provider's code", u.Query().Get("code"))
	}
	erik := w.access(t, func() string { p := b.back(b.identify(b.authorize(params()), "approve Erik")); return p.query("code") }())
	w.Register.Faults.Set("personsok", sim.Garbage, 1)
	w.shopCheck(t, erik)
	w.shopToken(t, redemption(code)) // a replay
	w.token(t, sandbox.ShopClient, "wrong-secret-of-somebody", redemption(code))
	w.browser(t).authorize(params("client_id", "private-client-88", "redirect_uri", "https://private-address-99.example/"))
	j.keepOut("what the client sent", "wrong-secret-of-somebody", "private-client-88", "private-address-99", erik)
	b.get(w.URL + "/oauth/follow/private-handle-66?q=private-query-55")
	j.keepOut("an address", "private-handle-66", "private-query-55")

	for _, leak := range j.leaks() {
		t.Error("logged ", leak)
	}
	if j.len() < 2000 || !strings.Contains(j.text.String(), "level=DEBUG") {
		t.Errorf("%d bytes were logged, which proves nothing", j.len())
	}
}
