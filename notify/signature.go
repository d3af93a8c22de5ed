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

// sign adds the headers of Standard Webhooks (https://www.standardwebhooks.com): the id, which stays the same when we
// repeat ourselves; the time in seconds, which does not; and one signature for each secret.
func sign(h http.Header, secrets [][]byte, id string, at time.Time, body []byte) {
	if len(secrets) == 0 {
		return
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	var signatures []string
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
}
