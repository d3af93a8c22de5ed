package oauth_test

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"parley/house"
	"parley/sandbox"
	"parley/sim"
)

// 109, 110, 113. A proof counts at the address, for the conversation and from the browser that it was made for.
func TestProofOfAnotherConversationIsNone(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	asked := func() int { return len(w.OpenID.Heard("token")) + len(w.Elsewhere.Heard("token")) }
	b := w.browser(t)
	back := b.identify(b.authorize(params()), "approve")
	proof, _ := url.Parse(back)
	at := func(path string, changes ...string) string {
		q := proof.Query()
		for i := 0; i+1 < len(changes); i += 2 {
			q.Set(changes[i], changes[i+1])
			if changes[i+1] == "-" {
				q.Del(changes[i])
			}
		}
		return w.URL + path + "?" + q.Encode()
	}
	second := b.authorize(params())
	foreign := b.authorize(params("client_id", foreignClient, "redirect_uri", "https://foreign.example/callback", "identity_provider", "elsewhere"))
	twice, _ := url.Parse(back)
	for name, to := range map[string]string{
		"another provider's address":     at("/connect/1000/elsewhere/callback"),
		"a provider of another kind":     at("/connect/1000/trustly/callback"),
		"an unknown provider":            at("/connect/1000/nobody/callback"),
		"another merchant's address":     at("/connect/2000/elsewhere/callback"),
		"a merchant without it":          at("/connect/2000/openid/callback"),
		"no merchant":                    at("/connect/x/openid/callback"),
		"another merchant's state":       at("/connect/1000/openid/callback", "state", foreign.query("state")),
		"a state of nobody":              at("/connect/1000/openid/callback", "state", strings.Repeat("A", 54)),
		"no state":                       at("/connect/1000/openid/callback", "state", "-"),
		"the state with a letter more":   at("/connect/1000/openid/callback", "state", proof.Query().Get("state")+"A"),
		"another issuer":                 at("/connect/1000/openid/callback", "iss", w.ElsewhereURL),
		"no issuer":                      at("/connect/1000/openid/callback", "iss", "-"),
		"neither code nor error":         at("/connect/1000/openid/callback", "code", "-"),
		"both code and error":            at("/connect/1000/openid/callback", "error", "access_denied"),
		"a parameter twice":              twice.String() + "&state=x",
		"the code twice":                 twice.String() + "&code=x",
		"the state as a return address":  w.URL + "/connect/1000/openid/return/" + proof.Query().Get("state"),
		"the state as a page to follow":  w.URL + "/oauth/follow/" + proof.Query().Get("state"),
		"the state as a notification":    w.URL + "/connect/1000/openid/notify/" + proof.Query().Get("state"),
		"the state in another's give up": w.URL + "/connect/1000/elsewhere/giveup/" + proof.Query().Get("state"),
	} {
		p := b.get(to)
		if p.to != nil || p.status != http.StatusBadRequest && p.status != http.StatusNotFound && p.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %s", name, p)
		}
		safe(t, p)
	}
	if n := asked(); n != 0 {
		t.Errorf("a token endpoint was asked %d times", n)
	}
	// 110: a code that was made for another session is refused there, and what the provider said about it stays with us.
	p := b.back(at("/connect/1000/openid/callback", "state", second.query("state")))
	refusedBack(t, w, p, "access_denied")
	if s := p.header.Get("Location"); strings.Contains(s, "verifier") || strings.Contains(s, "invalid_grant") {
		t.Errorf("the provider's words are passed on: %s", s)
	}
	// The conversation that it was for has lost nothing but the code.
	p = b.back(back)
	if p.query("error") != "access_denied" {
		t.Errorf("a code that was used before: %s", p)
	}

	// Replayed to the end, it is one conversation.
	back = b.identify(b.authorize(params()), "approve")
	first := b.back(back)
	before := asked()
	if again := b.back(back); first.query("code") == "" || again.query("code") != first.query("code") || asked() != before {
		t.Errorf("the callback again: %s, %s", first, again)
	}
}

// 111.
func TestWhatTheProviderCannotProveIsRefused(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	for _, twist := range sim.OpenIDTwists {
		switch twist {
		case "low-acr", "old-auth-time": // nobody demanded more
			continue
		}
		w.OpenID.SetTwist(twist)
		b := w.browser(t)
		back := b.identify(b.authorize(deposit("identity_provider", "openid")), "approve")
		if strings.HasSuffix(twist, "iss-param") {
			refusedPage(t, b.get(back))
			continue
		}
		refusedBack(t, w, b.back(back), "access_denied")
	}
	if n := len(w.Operator.Heard()); n != 0 {
		t.Errorf("the operator was told %d times of somebody whom nobody identified", n)
	}
	if n := len(w.Trustly.Orders()); n != 0 {
		t.Errorf("%d payments were begun", n)
	}
}

// 114.
func TestProviderThatDoesNotAnswerLeavesNothingReserved(t *testing.T) {
	t.Parallel()
	var hang atomic.Bool
	w := alone(t, sandbox.Options{Parts: house.Parts{Wrap: func(next http.RoundTripper) http.RoundTripper { return &mute{next, &hang} }}})
	gone := func(name string, p page) {
		t.Helper()
		if e := p.query("error"); e != "temporarily_unavailable" && e != "access_denied" || !strings.HasPrefix(p.header.Get("Location"), callback) || p.query("state") != "st-1" || p.query("iss") != w.URL {
			t.Errorf("%s: %s", name, p)
		}
		if s := p.header.Get("Location"); strings.Contains(s, "html") || strings.Contains(s, "127.0.0.1%3A") && !strings.Contains(s, url.QueryEscape(w.URL)) {
			t.Errorf("%s: the provider's words are passed on: %s", name, s)
		}
	}
	// Before it is known where its endpoints are.
	w.OpenID.Faults.Set("discovery", sim.Broken, -1)
	gone("discovery", w.browser(t).back(w.URL+"/oauth/authorize?"+params().Encode()))
	w.OpenID.Faults.Set("discovery", sim.Behave, 0)
	// With the person's proof in hand.
	for _, fault := range []sim.Fault{sim.Broken, sim.Garbage, sim.Drop, sim.Lose, sim.Refuse, sim.Twice} {
		b := w.browser(t)
		w.OpenID.Faults.Set("token", fault, -1)
		gone("token "+string(fault), b.back(b.identify(b.authorize(deposit("identity_provider", "openid")), "approve")))
	}
	w.OpenID.Faults.Set("token", sim.Behave, 0)
	b := w.browser(t)
	began := b.authorize(deposit("identity_provider", "openid"))
	hang.Store(true)
	gone("token, no answer in time", b.back(b.identify(began, "approve")))
	hang.Store(false)
	// Trustly, asked for a page.
	for _, fault := range []sim.Fault{sim.Refuse, sim.Broken, sim.Garbage, sim.Drop} {
		w.Trustly.Faults.Set("Deposit", fault, -1)
		b := w.browser(t)
		gone("Deposit "+string(fault), b.back(w.URL+"/oauth/authorize?"+deposit().Encode()))
	}
	w.Trustly.Faults.Set("Deposit", sim.Behave, 0)
	if n := len(w.Operator.Heard()); n != 0 {
		t.Errorf("the operator was told %d times", n)
	}
	if r := w.Operator.Reservations(); len(r) != 0 {
		t.Errorf("still reserved: %v", r)
	}
	// And it all works again.
	if p := w.browser(t).signIn(params()); p.query("code") == "" {
		t.Error(p)
	}
}

// mute is a wire on which the answer of a token endpoint does not come in time.
type mute struct {
	next http.RoundTripper
	hang *atomic.Bool
}

func (m *mute) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.hang.Load() && strings.HasSuffix(r.URL.Path, "/token") {
		return nil, os.ErrDeadlineExceeded
	}
	return m.next.RoundTrip(r)
}
