// Package jwks reads the keys that somebody publishes (RFC 7517) and holds signatures against them: those of an OpenID provider, those of a
// bank. Keys are fetched when they are needed, believed for an hour, and looked for anew when a signature names one that is not among
// them, though never more than once a minute, since anybody's token may name whatever it likes.
//
// What the signed thing claims is its reader's business.
package jwks

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // it minds upper and lower case, and refuses a name that comes twice
)

// Algorithms are the signatures that are accepted at all. Without the symmetric ones nobody can sign with a public key as the
// secret, and without none nobody can leave the signature out.
var Algorithms = []jose.SignatureAlgorithm{
	jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.RS256, jose.RS384, jose.RS512, jose.EdDSA,
}

// Broken is the error of a publisher who does not do as the RFCs say.
type Broken string

// Error says what is wrong, and nothing about anybody.
func (b Broken) Error() string { return string(b) }

// Distrusted is the error of a signature that does not hold.
type Distrusted string

// Error says why, and nothing about anybody.
func (d Distrusted) Error() string { return string(d) }

// Set is a key set that somebody publishes. New makes one.
type Set struct {
	client *http.Client
	now    func() time.Time
	keys   *Kept[*published]
}

type published struct {
	address string
	keys    []jose.JSONWebKey
}

// New is a set that is fetched with a client, whose redirects should not be followed.
func New(client *http.Client, now func() time.Time) *Set {
	return &Set{client, now, NewKept[*published]()}
}

// signers are the keys at an address. With again set, keys older than a minute are read anew: that is for a signature by a
// key that we do not know, which anybody's token may claim, so it must not become a request each time.
func (s *Set) signers(ctx context.Context, address string, again bool) (*published, error) {
	young := func(set *published, at, tried time.Time) bool {
		now := s.now()
		return set.address == address && now.Sub(at) < DocumentAge && (!again || now.Sub(tried) < refreshPause)
	}
	return s.keys.Get(ctx, s.now, young, func(ctx context.Context) (*published, error) {
		body, err := Fetch(ctx, s.client, address)
		if err != nil {
			return nil, err
		}
		keys, err := Parse(body)
		if err != nil {
			return nil, err
		}
		return &published{address, keys}, nil
	})
}

// Parse reads the public keys of a key set that sign.
func Parse(document []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(document, &set) != nil || set.Keys == nil {
		return nil, Broken("keys: not a key set")
	}
	var found []jose.JSONWebKey
	for _, raw := range set.Keys {
		// RFC 7517 §5: a key of a sort that we do not know is no reason to distrust the others.
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
			found = append(found, key)
		}
	}
	return found, nil
}

// Verify is the payload of a compact JWS by one of the keys that are published at an address, and its algorithm, which is one of algs and of
// Algorithms. Errors are Distrusted when the signature does not hold, and otherwise those of Fetch.
func (s *Set) Verify(ctx context.Context, address, raw string, algs []jose.SignatureAlgorithm) ([]byte, jose.SignatureAlgorithm, error) {
	jws, err := parse(raw, algs)
	if err != nil {
		return nil, "", err
	}
	for _, again := range []bool{false, true} {
		set, err := s.signers(ctx, address, again)
		if err != nil {
			return nil, "", err
		}
		payload, known := verify(jws, set.keys)
		if payload != nil {
			return payload, algorithm(jws), nil
		}
		if known && jws.Signatures[0].Header.KeyID != "" {
			return nil, "", Distrusted("signature: does not verify")
		}
	}
	return nil, "", Distrusted("signature: by a key that is not published")
}

// Verify is Set.Verify with keys that are known beforehand.
func Verify(raw string, keys []jose.JSONWebKey) ([]byte, error) {
	jws, err := parse(raw, Algorithms)
	if err != nil {
		return nil, err
	}
	payload, _ := verify(jws, keys)
	if payload == nil {
		return nil, Distrusted("signature: does not verify")
	}
	return payload, nil
}

func parse(raw string, algs []jose.SignatureAlgorithm) (*jose.JSONWebSignature, error) {
	var accepted []jose.SignatureAlgorithm
	for _, alg := range Algorithms {
		if slices.Contains(algs, alg) {
			accepted = append(accepted, alg)
		}
	}
	if len(accepted) == 0 {
		return nil, Distrusted("signature: the signer has no algorithm that we accept")
	}
	jws, err := jose.ParseSignedCompact(raw, accepted)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, Distrusted("signature: not a JWS with an accepted algorithm")
	}
	return jws, nil
}

func algorithm(jws *jose.JSONWebSignature) jose.SignatureAlgorithm {
	return jose.SignatureAlgorithm(jws.Signatures[0].Header.Algorithm)
}

// verify tries those of the keys that may have signed; known is whether there were any.
func verify(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) (payload []byte, known bool) {
	head := jws.Signatures[0].Header
	for _, key := range keys {
		if head.KeyID != "" && key.KeyID != head.KeyID || key.Algorithm != "" && key.Algorithm != head.Algorithm {
			continue
		}
		known = true
		if payload, err := jws.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, known
}
