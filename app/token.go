package app

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // it minds upper and lower case, and refuses a name that comes twice
	"github.com/go-jose/go-jose/v4/jwt"

	"parley"
	"parley/jwks"
)

const (
	tokenLimit = 16 << 10         // bytes of a token
	clockSkew  = 60 * time.Second // how far the bank's clock may be off
)

// person is who a token says is there.
type person struct {
	partner       *partner
	subject       string // externalId of the user
	given, family parley.Private
	expires       time.Time
}

// badToken is the error of a token that proves nothing. Its text says why, and nothing about anybody. partner is whose it seems to be.
type badToken struct {
	why     string
	partner *partner
}

func (b *badToken) Error() string { return b.why }

// idToken is what we read of an ID token (OpenID Connect Core §2, §5.1).
type idToken struct {
	jwt.Claims
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
}

// identify makes every check of an ID token: that it was signed by the partner whose issuer and audience it names, for now, and for somebody.
// Errors are a *badToken, or that the partner's keys could not be had (parley.KindUnavailable).
func (a *App) identify(ctx context.Context, token string) (person, error) {
	none := person{}
	token = strings.TrimSpace(token) // a page may have put it on a line of its own
	if token == "" {
		return none, &badToken{why: "is missing"}
	}
	if strings.Trim(token, base64url+".") != "" { // decoders pass over line breaks within
		return none, &badToken{why: "is not written as a JWS or JWE is"}
	}
	if len(token) > tokenLimit {
		return none, &badToken{why: "is too long"}
	}
	candidates := a.partners
	if strings.Count(token, ".") == 4 {
		if token, candidates = a.decrypt(token); token == "" {
			return none, &badToken{why: "is not encrypted to a key of ours"}
		}
		if len(token) > tokenLimit {
			return none, &badToken{why: "is too long"}
		}
	}
	p, err := whose(token, candidates)
	if err != nil {
		return none, err
	}
	no := func(why string) (person, error) { return none, &badToken{why, p} }
	var payload []byte
	if p.JWKSURL == "" {
		payload, err = jwks.Verify(token, p.Keys)
	} else {
		payload, _, err = p.keys.Verify(ctx, p.JWKSURL, token, jwks.Algorithms)
	}
	if d, ok := errors.AsType[jwks.Distrusted](err); ok {
		return no(d.Error())
	} else if err != nil {
		return none, parley.Errorf(parley.KindUnavailable, "read the keys of %s: %w", p.ID, err)
	}
	var t idToken
	if json.Unmarshal(payload, &t) != nil {
		return no("has claims that cannot be read")
	}
	err = t.ValidateWithLeeway(jwt.Expected{Issuer: p.Issuer, AnyAudience: jwt.Audience{p.Audience}, Time: a.Now()}, clockSkew)
	switch {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return no("is of another issuer")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return no("is for somebody else")
	case t.Expiry == nil || t.IssuedAt == nil:
		return no("has no exp or no iat")
	case errors.Is(err, jwt.ErrExpired):
		return no("has expired")
	case errors.Is(err, jwt.ErrIssuedInTheFuture), errors.Is(err, jwt.ErrNotValidYet):
		return no("is from the future")
	case err != nil:
		return no("is not valid")
	case t.Subject == "" || len(t.Subject) > 255 || !utf8.ValidString(t.Subject) || strings.ContainsFunc(t.Subject, unicode.IsControl):
		return no("has no sub of 1 to 255 characters")
	}
	return person{p, t.Subject, name(t.GivenName), name(t.FamilyName), t.Expiry.Time()}, nil
}

// whose is the partner whose issuer and audience the token names. What it says is not believed for anything else until the signature holds.
func whose(token string, candidates []*partner) (*partner, error) {
	var named jwt.Claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, &badToken{why: "is not a JWS"}
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &named) != nil {
		return nil, &badToken{why: "has claims that cannot be read"}
	}
	var found []*partner
	issuer := false
	for _, p := range candidates {
		if p.Issuer == named.Issuer {
			issuer = true
			if slices.Contains(named.Audience, p.Audience) {
				found = append(found, p)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, &badToken{why: "is for several partners"} // whoever guessed might let a person into the wrong bank
	case issuer:
		return nil, &badToken{why: "is for somebody else"}
	}
	return nil, &badToken{why: "is of another issuer"}
}

// name is a name as one short line, or nothing when it cannot be anybody's.
func name(s string) parley.Private {
	s = strings.TrimSpace(s)
	if len(s) > 200 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return parley.Private(s)
}

// The encryptions that are accepted: none that a key of another sort could be tricked into (RSA1_5, direct, passwords).
var contentEncryptions = []jose.ContentEncryption{jose.A128GCM, jose.A192GCM, jose.A256GCM, jose.A128CBC_HS256, jose.A192CBC_HS384, jose.A256CBC_HS512}

// keyAlgorithms are those with which something can be encrypted to a key; none for a key that is no good.
func keyAlgorithms(key crypto.PrivateKey) []jose.KeyAlgorithm {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() >= 2048 {
			return []jose.KeyAlgorithm{jose.RSA_OAEP_256, jose.RSA_OAEP}
		}
	case *ecdsa.PrivateKey:
		return []jose.KeyAlgorithm{jose.ECDH_ES, jose.ECDH_ES_A128KW, jose.ECDH_ES_A192KW, jose.ECDH_ES_A256KW}
	}
	return nil
}

// decrypt opens an encrypted token, and says to whose keys it was encrypted: it can be nobody else's. Nothing when to none of ours.
func (a *App) decrypt(token string) (inner string, to []*partner) {
	for _, p := range a.partners {
		if p.DecryptionKey == nil {
			continue
		}
		jwe, err := jose.ParseEncryptedCompact(token, keyAlgorithms(p.DecryptionKey), contentEncryptions)
		if err != nil || jwe.Header.ExtraHeaders["zip"] != nil {
			continue // what is compressed could be made small for us to blow up
		}
		if plain, err := jwe.Decrypt(p.DecryptionKey); err == nil {
			inner, to = string(plain), append(to, p)
		}
	}
	return inner, to
}

// ParseKey reads a private key for Partner.DecryptionKey: PEM with PKCS #8, PKCS #1 or SEC 1 in it.
func ParseKey(text []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, parley.Invalid("key", "must be a private key in PEM")
	}
	for _, read := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(b []byte) (any, error) { return x509.ParsePKCS1PrivateKey(b) },
		func(b []byte) (any, error) { return x509.ParseECPrivateKey(b) },
	} {
		if key, err := read(block.Bytes); err == nil && keyAlgorithms(key) != nil {
			return key, nil
		}
	}
	return nil, parley.Invalid("key", "must be a private RSA key of 2048 bits or more, or a private EC key")
}
