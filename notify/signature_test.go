package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	// The example of the specification's own test vectors: secret, id, time, body, signature.
	signer, err := NewSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := map[string][]string{}
	signer.Sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h["Webhook-Signature"][0]; got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(got)
	}
}

func TestWhatIsSentCanBeVerifiedWithEverySecret(t *testing.T) {
	one, two := []byte("0123456789abcdef01234567"), []byte("fedcba9876543210fedcba98")
	encode := func(b []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(b) }
	o, told := platform(t, Config{WebhookSecrets: []string{encode(one), encode(two)}}, answers(`{"success":true,"userId":"user_123"}`))
	if _, err := o.Authorize(t.Context(), "run-7/authorize", AuthorizeRequest{deposit()}); err != nil {
		t.Fatal(err)
	}
	got := <-told
	if id := got.header.Get("webhook-id"); id != "run-7/authorize" || got.header.Get("webhook-timestamp") != "1772366400" {
		t.Errorf("id %q, time %q", id, got.header.Get("webhook-timestamp"))
	}
	signatures := strings.Split(got.header.Get("webhook-signature"), " ")
	if len(signatures) != 2 {
		t.Fatal(signatures)
	}
	for i, secret := range [][]byte{one, two} {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("run-7/authorize.1772366400." + got.body))
		given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signatures[i], "v1,"))
		if err != nil || !hmac.Equal(mac.Sum(nil), given) {
			t.Errorf("signature %d: %q", i, signatures[i])
		}
	}
}

func TestWithoutSecretNothingIsSigned(t *testing.T) {
	o, told := platform(t, Config{}, answers(`{"success":true,"userId":"user_123"}`))
	o.Cancel(t.Context(), "k", CancelRequest{Transaction: deposit()})
	for name := range (<-told).header {
		if strings.HasPrefix(strings.ToLower(name), "webhook-") {
			t.Error(name)
		}
	}
}
