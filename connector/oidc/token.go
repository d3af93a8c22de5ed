package oidc

import (
	"context"
	"crypto"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // it minds upper and lower case, and refuses a name that comes twice
	"github.com/go-jose/go-jose/v4/jwt"

	"parley/jwks"
)

// idToken is the part of an ID token that its checks are about.
type idToken struct {
	jwt.Claims
	Nonce    string           `json:"nonce"`
	AZP      *string          `json:"azp"`
	AtHash   *string          `json:"at_hash"`
	ACR      string           `json:"acr"`
	AuthTime *jwt.NumericDate `json:"auth_time"`
}

// verify makes every check of OpenID Connect Core §3.1.3.7 and returns the token and all that it claims. Any that fails
// is a *denial; other errors are those of asking for the provider's keys.
func (c *Connector) verify(ctx context.Context, m *metadata, s session, g grant) (idToken, claims, error) {
	no := func(why string) (idToken, claims, error) { return idToken{}, nil, distrusted("ID token: " + why) }
	algs := jwks.Algorithms
	if len(m.Algs) > 0 {
		algs = nil
		for _, alg := range m.Algs {
			algs = append(algs, jose.SignatureAlgorithm(alg))
		}
	}
	payload, alg, err := c.keys.Verify(ctx, m.JWKS, g.IDToken, algs)
	if err != nil {
		return idToken{}, nil, ours(err)
	}
	var t idToken
	if json.Unmarshal(payload, &t) != nil {
		return no("its claims cannot be read")
	}
	told, err := parseClaims(payload)
	if err != nil {
		return no("its claims cannot be read")
	}
	now, skew := c.cfg.Now(), c.cfg.ClockSkew
	err = t.ValidateWithLeeway(jwt.Expected{Issuer: c.cfg.Issuer, AnyAudience: jwt.Audience{c.cfg.ClientID}, Time: now}, skew)
	switch {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return no("another issuer")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return no("another audience")
	case errors.Is(err, jwt.ErrExpired):
		return no("expired")
	case errors.Is(err, jwt.ErrIssuedInTheFuture), errors.Is(err, jwt.ErrNotValidYet):
		return no("from the future")
	case err != nil:
		return no("not valid")
	case t.Expiry == nil || t.IssuedAt == nil:
		return no("without exp or iat")
	case t.Subject == "" || len(t.Subject) > 255:
		return no("without a sub of 1 to 255 characters")
	case len(t.Audience) > 1 && t.AZP == nil, t.AZP != nil && *t.AZP != c.cfg.ClientID:
		return no("another authorized party")
	case s.Nonce == "" || subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(s.Nonce)) != 1:
		return no("another nonce")
	case t.AtHash != nil && (g.AccessToken == "" || *t.AtHash != halfHash(alg, g.AccessToken)):
		return no("at_hash is of another access token")
	case len(s.ACR) > 0 && !slices.Contains(s.ACR, t.ACR):
		return no("acr is none that was demanded")
	case t.AuthTime != nil && t.AuthTime.Time().After(now.Add(skew)):
		return no("auth_time is in the future")
	case s.MaxAge != nil && t.AuthTime == nil:
		return no("without auth_time, which max_age makes necessary")
	case s.MaxAge != nil && t.AuthTime.Time().Before(s.StartedAt.Add(-time.Duration(*s.MaxAge)*time.Second-skew)):
		// Counted from when the person was sent away: what they then did at the provider may have taken its time.
		return no("authenticated too long ago")
	}
	return t, told, nil
}

// halfHash is at_hash: the left half of the digest that belongs to the signature (OpenID Connect Core §3.1.3.6).
func halfHash(alg jose.SignatureAlgorithm, token string) string {
	digest := crypto.SHA256
	switch alg {
	case jose.ES384, jose.PS384, jose.RS384:
		digest = crypto.SHA384
	case jose.ES512, jose.PS512, jose.RS512, jose.EdDSA: // Ed25519 is built on SHA-512
		digest = crypto.SHA512
	}
	h := digest.New()
	h.Write([]byte(token))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:digest.Size()/2])
}
