package oauth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/engine"
	"parley/web"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// keyring holds the ES256 keys that sign standard tokens. The newest signs; a key stays published until every token it
// signed has expired.
//
//	made ──▶ signs ──▶ (a newer one is made after KeyLifetime) ──▶ published only ──▶ retired
type keyring struct {
	server *Server
	seal   []byte

	mu   sync.RWMutex
	read time.Time
	keys []signingKey // the newest first
}

type signingKey struct {
	SigningKey
	private *ecdsa.PrivateKey
	jwk     jose.JSONWebKey // public
}

// Open reads the signing keys and makes one if there is none, so that a mistake shows at start.
func (s *Server) Open(ctx context.Context) error {
	_, err := s.keys.signing(ctx)
	return err
}

// all returns the keys that are published, reading them anew when they may have changed: another node may have made one.
func (k *keyring) all(ctx context.Context) ([]signingKey, error) {
	now := k.server.Now()
	k.mu.RLock()
	keys, read := k.keys, k.read
	k.mu.RUnlock()
	if len(keys) > 0 && now.Sub(read) < time.Minute && now.Before(keys[0].Made.Add(k.server.KeyLifetime)) {
		return keys, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.keys) > 0 && k.read != read { // somebody else has just read them
		return k.keys, nil
	}
	kept, err := k.server.Store.SigningKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the signing keys: %w", err)
	}
	if len(kept) == 0 || !now.Before(kept[0].Made.Add(k.server.KeyLifetime)) {
		fresh, err := k.make(now)
		if err != nil {
			return nil, err
		}
		if err := k.server.Store.Apply(ctx, []engine.Write{AddKey{fresh}}); err != nil {
			return nil, fmt.Errorf("keep a signing key: %w", err)
		}
		kept = append([]SigningKey{fresh}, kept...)
	}
	keys = nil
	for _, sealed := range kept {
		if !now.Before(sealed.Retires) && len(keys) > 0 {
			continue
		}
		private, err := k.open(sealed)
		if err != nil {
			return nil, err
		}
		keys = append(keys, signingKey{sealed, private, jose.JSONWebKey{Key: private.Public(), KeyID: sealed.ID, Algorithm: "ES256", Use: "sig"}})
	}
	k.keys, k.read = keys, now
	return keys, nil
}

func (k *keyring) make(now time.Time) (SigningKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return SigningKey{}, err
	}
	jwk, err := json.Marshal(jose.JSONWebKey{Key: private})
	if err != nil {
		return SigningKey{}, err
	}
	gcm, err := k.gcm()
	if err != nil {
		return SigningKey{}, err
	}
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	id := uuid.NewString()
	sealed := base64.RawStdEncoding.EncodeToString(gcm.Seal(nonce, nonce, jwk, []byte(id)))
	return SigningKey{ID: id, Sealed: sealed, Made: now, Retires: now.Add(k.server.KeyLifetime + k.server.TokenLifetime + time.Hour)}, nil
}

func (k *keyring) open(s SigningKey) (*ecdsa.PrivateKey, error) {
	gcm, err := k.gcm()
	if err != nil {
		return nil, err
	}
	b, err := base64.RawStdEncoding.DecodeString(s.Sealed)
	if err != nil || len(b) < gcm.NonceSize() {
		return nil, fmt.Errorf("signing key %s is damaged", s.ID)
	}
	plain, err := gcm.Open(nil, b[:gcm.NonceSize()], b[gcm.NonceSize():], []byte(s.ID))
	if err != nil {
		return nil, fmt.Errorf("signing key %s cannot be opened: was the installation's secret changed?", s.ID)
	}
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(plain, &jwk); err != nil {
		return nil, err
	}
	private, ok := jwk.Key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key %s is not an EC key", s.ID)
	}
	return private, nil
}

func (k *keyring) gcm() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.seal)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (k *keyring) signing(ctx context.Context) (signingKey, error) {
	keys, err := k.all(ctx)
	if err != nil {
		return signingKey{}, err
	}
	return keys[0], nil
}

// sign makes a JWT of type typ with the newest key.
func (k *keyring) sign(ctx context.Context, typ string, claims any) (string, error) {
	key, err := k.signing(ctx)
	if err != nil {
		return "", err
	}
	return signJWT(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key.private, KeyID: key.ID}}, typ, claims)
}

func signJWT(key jose.SigningKey, typ string, claims any) (string, error) {
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(body)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

var errToken = parley.Errorf(parley.KindInvalid, "not a token of ours")

// verifyType is verify for a standard token that says it is of type typ (RFC 8725 §3.11), so that an ID token cannot stand in for it.
func (k *keyring) verifyType(ctx context.Context, token, typ string) (map[string]any, error) {
	claims, head, err := k.parse(ctx, token, nil)
	if err != nil {
		return nil, err
	}
	if got, _ := head.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(strings.TrimPrefix(got, "application/"), typ) {
		return nil, errToken
	}
	return claims, nil
}

// verify reads a JWT that we made: one signed by a published key, or, under the legacy key, an HS256 one. The algorithm follows from
// the key, never from the token.
func (k *keyring) verify(ctx context.Context, token string, legacy []byte) (map[string]any, error) {
	claims, _, err := k.parse(ctx, token, legacy)
	return claims, err
}

func (k *keyring) parse(ctx context.Context, token string, legacy []byte) (claims map[string]any, head jose.Header, err error) {
	if len(token) > 16<<10 {
		return nil, head, errToken
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.HS256})
	if err != nil || len(jws.Signatures) != 1 {
		return nil, head, errToken
	}
	var body []byte
	switch head = jws.Signatures[0].Protected; head.Algorithm {
	case string(jose.HS256):
		if legacy == nil {
			return nil, head, errToken
		}
		body, err = jws.Verify(legacy)
	case string(jose.ES256):
		var keys []signingKey
		if keys, err = k.all(ctx); err != nil {
			return nil, head, err
		}
		err = errToken
		for _, key := range keys {
			if key.ID == head.KeyID {
				body, err = jws.Verify(key.jwk)
			}
		}
	}
	if err != nil || body == nil {
		return nil, head, errToken
	}
	if err := json.Unmarshal(body, &claims); err != nil {
		return nil, head, errToken
	}
	return claims, head, nil
}

func (s *Server) jwks(w http.ResponseWriter, r *http.Request) {
	keys, err := s.keys.all(r.Context())
	if err != nil {
		s.Log.Error("publish the keys", "err", err)
		web.Problem(w, err)
		return
	}
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, k.jwk)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	json.NewEncoder(w).Encode(set)
}

// legacyKey signs the HS256 tokens of a compatible client. It is ours: the vendor's clients do not verify them, and a token
// signed with a client's secret would let anybody who sees one guess at the secret.
func (s *Server) legacyKey(client string) []byte {
	return mac(Derive(s.Secret, "legacy tokens"), client)
}
