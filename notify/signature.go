package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley"
)

// parseSecret reads a Standard Webhooks secret: "whsec_" and base64.
func parseSecret(s string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(s, "whsec_")
	secret, err := base64.StdEncoding.Strict().DecodeString(encoded)
	// The decoder skips line breaks; a secret with one is a slip of the hand.
	if !ok || err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, parley.Invalid("webhookSecrets", "must be whsec_ followed by base64")
	}
	if len(secret) < 24 || len(secret) > 64 {
		return nil, parley.Invalid("webhookSecrets", "must be 24 to 64 bytes")
	}
	return secret, nil
}

// Signer signs what is said to others as Standard Webhooks (https://www.standardwebhooks.com) do. The zero Signer signs nothing.
type Signer struct{ secrets [][]byte }

// NewSigner reads secrets, each "whsec_" and 24 to 64 bytes in base64. Several, while one replaces another, give several signatures. The
// errors hold none of them.
func NewSigner(secrets ...string) (Signer, error) {
	var out Signer
	for _, s := range secrets {
		secret, err := parseSecret(s)
		if err != nil {
			return Signer{}, err
		}
		out.secrets = append(out.secrets, secret)
	}
	return out, nil
}

// Signs reports whether there is a secret to sign with.
func (s Signer) Signs() bool { return len(s.secrets) > 0 }

// Sign adds the headers: the id, which stays the same when we repeat ourselves; the time in seconds, which does not; and one signature for
// each secret.
func (s Signer) Sign(h http.Header, id string, at time.Time, body []byte) {
	if !s.Signs() {
		return
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	var signatures []string
	for _, secret := range s.secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
}
