package sim

import (
	"crypto/sha256"
	"net/http"
	"strings"
	"time"
)

// openIDSub is stable for a person and tells nothing of the number.
func openIDSub(o OpenIDPerson) string {
	sum := sha256.Sum256([]byte("sub " + o.SSN))
	return openID64(sum[:12])
}

func openIDProfile(o OpenIDPerson) map[string]any {
	return map[string]any{"sub": openIDSub(o), "name": o.Name(), "given_name": o.GivenName, "family_name": o.FamilyName, "birthdate": o.Birthdate(),
		"gender": o.Gender, "ssn": o.SSN}
}

// openIDAddAddress adds the address claim; a protected person has none.
func openIDAddAddress(claims map[string]any, o OpenIDPerson) {
	if a := o.Address; a.Street != "" {
		claims["address"] = map[string]string{"street_address": a.Street, "postal_code": a.PostalCode, "locality": a.Locality, "country": a.Country,
			"formatted": a.Street + "\n" + a.PostalCode + " " + a.Locality}
	}
}

// claims are what the ID token says, spoiled as Twist says. The lock is held.
func (p *OpenID) claims(g *openIDGrant) map[string]any {
	now := p.opt.Now()
	c := openIDProfile(g.person)
	if p.opt.AddressInIDToken {
		openIDAddAddress(c, g.person)
	}
	half := sha256.Sum256([]byte(g.access))
	c["iss"], c["aud"], c["azp"], c["nonce"] = g.iss, p.opt.ClientID, p.opt.ClientID, g.q.Get("nonce")
	c["iat"], c["exp"], c["auth_time"] = now.Unix(), now.Add(5*time.Minute).Unix(), g.at.Unix()
	c["at_hash"] = openID64(half[:16])
	c["acr"] = p.opt.ACR
	if wanted := strings.Fields(g.q.Get("acr_values")); len(wanted) > 0 {
		c["acr"] = wanted[0] // in order of preference (OpenID Connect Core 1.0 §3.1.2.1), and this provider can do them all
	}
	switch p.opt.Twist {
	case "wrong-iss":
		c["iss"] = "https://somebody-else.example"
	case "wrong-aud":
		c["aud"], c["azp"] = "somebody-else", "somebody-else"
	case "wrong-azp":
		c["aud"], c["azp"] = []string{p.opt.ClientID, "somebody-else"}, "somebody-else"
	case "expired":
		c["iat"], c["exp"], c["auth_time"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix(), now.Add(-2*time.Hour).Unix()
	case "future-iat":
		c["iat"], c["exp"] = now.Add(time.Hour).Unix(), now.Add(2*time.Hour).Unix()
	case "no-nonce":
		delete(c, "nonce")
	case "wrong-nonce":
		c["nonce"] = operatorSecret()
	case "low-acr":
		c["acr"] = "loa1"
	case "old-auth-time":
		c["auth_time"] = now.Add(-24 * time.Hour).Unix()
	}
	return c
}

// info is userinfo: the profile and the address, for money.
func (p *OpenID) info(r *http.Request, refuse bool) operatorAnswer {
	p.mu.Lock()
	defer p.mu.Unlock()
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	g := p.tokens[token]
	switch {
	case !ok:
		return operatorAnswer{Status: http.StatusUnauthorized, Header: map[string]string{"WWW-Authenticate": "Bearer"}}
	case g == nil || g.void || p.opt.Now().Sub(g.at) > 5*time.Minute:
		a := openIDError(http.StatusUnauthorized, "invalid_token", "the token is not known, or is over")
		a.Header = map[string]string{"WWW-Authenticate": `Bearer error="invalid_token"`}
		return a
	case refuse:
		return openIDError(http.StatusForbidden, "access_denied", "not for you")
	}
	p.userinfo++
	claims := openIDProfile(g.person)
	openIDAddAddress(claims, g.person)
	return openIDJSON(http.StatusOK, claims)
}
