package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
)

// openIDKey signs ID tokens: with P-256 (ES256), or with RSA (RS256).
type openIDKey struct {
	id string
	ec *ecdsa.PrivateKey
	rs *rsa.PrivateKey
}

func openIDNewKey(algorithm string) *openIDKey {
	k := &openIDKey{id: operatorSecret()}
	var err error
	if algorithm == "RS256" {
		k.rs, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		panic(err) // the system has no randomness
	}
	return k
}

func (k *openIDKey) alg() string {
	if k.rs != nil {
		return "RS256"
	}
	return "ES256"
}

func (k *openIDKey) public() crypto.PublicKey {
	if k.rs != nil {
		return &k.rs.PublicKey
	}
	return &k.ec.PublicKey
}

func (k *openIDKey) sign(input []byte) []byte {
	sum := sha256.Sum256(input)
	if k.rs != nil {
		sig, err := rsa.SignPKCS1v15(rand.Reader, k.rs, crypto.SHA256, sum[:])
		if err != nil {
			panic(err) // a key of 2048 bits has room for SHA-256
		}
		return sig
	}
	r, s, err := ecdsa.Sign(rand.Reader, k.ec, sum[:])
	if err != nil {
		panic(err)
	}
	sig := make([]byte, 64) // RFC 7518 §3.4: r and s as 32 bytes each
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return sig
}

func (k *openIDKey) jwk() map[string]string {
	m := map[string]string{"kid": k.id, "use": "sig", "alg": k.alg()}
	if k.rs != nil {
		m["kty"] = "RSA"
		m["n"], m["e"] = openID64(k.rs.N.Bytes()), openID64(big.NewInt(int64(k.rs.E)).Bytes())
		return m
	}
	point, err := k.ec.PublicKey.Bytes() // 4, then x and y
	if err != nil {
		panic(err)
	}
	m["kty"], m["crv"] = "EC", "P-256"
	m["x"], m["y"] = openID64(point[1:33]), openID64(point[33:])
	return m
}

func openID64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token is a compact JWS of claims, spoiled as twist says.
func (k *openIDKey) token(claims map[string]any, twist string) string {
	header := map[string]string{"alg": k.alg(), "typ": "JWT", "kid": k.id}
	sign := k.sign
	switch twist {
	case "alg-none":
		header["alg"] = "none"
		sign = func([]byte) []byte { return nil }
	case "hs256-with-public-key":
		// A verifier that lets the token choose the algorithm would take the published key for a shared secret.
		der, err := x509.MarshalPKIXPublicKey(k.public())
		if err != nil {
			panic(err)
		}
		secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		header["alg"] = "HS256"
		sign = func(input []byte) []byte {
			mac := hmac.New(sha256.New, secret)
			mac.Write(input)
			return mac.Sum(nil)
		}
	case "unknown-kid":
		header["kid"] = operatorSecret()
	case "bad-signature":
		sign = func(input []byte) []byte {
			sig := k.sign(input)
			sig[len(sig)/2] ^= 1
			return sig
		}
	}
	h, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	input := openID64(h) + "." + openID64(c)
	return input + "." + openID64(sign([]byte(input)))
}

// RotateKey makes a new signing key. The old ones stay published, for tokens that are on their way, unless dropOld.
func (p *OpenID) RotateKey(dropOld bool) {
	p.mu.Lock()
	algorithm := p.opt.Algorithm
	p.mu.Unlock()
	k := openIDNewKey(algorithm)
	p.mu.Lock()
	defer p.mu.Unlock()
	if dropOld {
		p.keys = nil
	}
	p.keys = append(p.keys, k)
}

func (p *OpenID) jwks(_ *http.Request, refuse bool) operatorAnswer {
	if refuse {
		return openIDError(http.StatusForbidden, "access_denied", "not for you")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := []map[string]string{}
	for _, k := range p.keys {
		keys = append(keys, k.jwk())
	}
	return openIDJSON(http.StatusOK, map[string]any{"keys": keys})
}
