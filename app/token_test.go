package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"parley/app"
)

func TestEveryClaimMustHold(t *testing.T) {
	r := newRig(t, func(c *app.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	now, n := r.clock.now(), 1
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for name, c := range map[string]struct {
		change []any
		good   bool
	}{
		"as it is":                    {nil, true},
		"aud a list":                  {[]any{"aud", []string{"else", "one"}}, true},
		"no names":                    {[]any{"given_name", nil, "family_name", nil}, true},
		"exp within the skew":         {[]any{"exp", at(-50 * time.Second)}, true},
		"iat within the skew":         {[]any{"iat", at(50 * time.Second)}, true},
		"nbf within the skew":         {[]any{"nbf", at(50 * time.Second)}, true},
		"nbf past":                    {[]any{"nbf", at(-time.Hour)}, true},
		"another issuer":              {[]any{"iss", "https://other.example"}, false},
		"an issuer with a slash":      {[]any{"iss", "https://bank.example/"}, false},
		"no issuer":                   {[]any{"iss", nil}, false},
		"another audience":            {[]any{"aud", "else"}, false},
		"audiences without us":        {[]any{"aud", []string{"else", "more"}}, false},
		"no audience":                 {[]any{"aud", nil}, false},
		"audiences of two banks":      {[]any{"aud", []string{"one", "two"}}, false},
		"expired":                     {[]any{"exp", at(-61 * time.Second)}, false},
		"no exp":                      {[]any{"exp", nil}, false},
		"exp a text":                  {[]any{"exp", "tomorrow"}, false},
		"from the future":             {[]any{"iat", at(61 * time.Second)}, false},
		"no iat":                      {[]any{"iat", nil}, false},
		"not yet":                     {[]any{"nbf", at(61 * time.Second)}, false},
		"no sub":                      {[]any{"sub", nil}, false},
		"an empty sub":                {[]any{"sub", ""}, false},
		"a sub of several lines":      {[]any{"sub", "a\nb"}, false},
		"a sub that is too long":      {[]any{"sub", strings.Repeat("x", 256)}, false},
		"a sub that is a number":      {[]any{"sub", 5}, false},
		"claims in capitals":          {[]any{"SUB", "eva", "sub", nil}, false},
		"a name that is no text":      {[]any{"given_name", []string{"x"}}, false},
		"a name that nobody can have": {[]any{"given_name", strings.Repeat("x", 500)}, true},
	} {
		p := r.phone()
		p.from = fmt.Sprintf("192.0.2.%d", n) // so that bad ones are not too many
		n++
		a := p.launch(r.bank.sign(with(r.bank.claims("anna"), c.change...)))
		if good := a.StatusCode == http.StatusSeeOther; good != c.good || !good && a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: answered %d", name, a.StatusCode)
		}
	}
	if got := r.log.String(); strings.Contains(got, "given_name") || strings.Contains(got, "eyJ") {
		t.Error("a token is in the log")
	}
}

func TestOnlyTheBanksSignatureCounts(t *testing.T) {
	r := newRig(t)
	claims := r.bank.claims("anna")
	payload, _ := json.Marshal(claims)
	b64 := base64.RawURLEncoding.EncodeToString
	bare := func(head string) string { return b64([]byte(head)) + "." + b64(payload) }
	point, err := r.bank.keys[0].Key.(*ecdsa.PrivateKey).PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, point)
	mac.Write([]byte(bare(`{"alg":"HS256","kid":"k1"}`)))
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := r.bank.token("anna")
	for name, token := range map[string]string{
		"none":                    bare(`{"alg":"none"}`) + ".",
		"none in capitals":        bare(`{"alg":"NONE"}`) + ".",
		"HS256 by the public key": bare(`{"alg":"HS256","kid":"k1"}`) + "." + b64(mac.Sum(nil)),
		"its own key in the head": signed(t, jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: other, KeyID: "k1"}}, claims),
		"another key":             signed(t, jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: other, KeyID: "k7"}}, claims),
		"other claims":            strings.Split(good, ".")[0] + "." + b64([]byte(`{"iss":"https://bank.example","aud":"one","sub":"eva"}`)) + "." + strings.Split(good, ".")[2],
		"a word":                  "x",
		"three words":             "x.y.z",
		"nothing":                 "",
		"very long":               strings.Repeat("x", 20<<10),
	} {
		if a := r.phone().launch(token); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: answered %d", name, a.StatusCode)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	r := newRig(t)
	old := r.bank.token("anna")
	if a := r.phone().launch(old); a.StatusCode != http.StatusSeeOther {
		t.Fatal(a.StatusCode)
	}
	r.bank.rotate()
	r.clock.move(61 * time.Second)
	for _, token := range []string{r.bank.token("anna"), old} {
		if a := r.phone().launch(token); a.StatusCode != http.StatusSeeOther {
			t.Errorf("answered %d", a.StatusCode)
		}
	}
	r.bank.mu.Lock()
	asked := r.bank.asked
	r.bank.mu.Unlock()
	if asked != 2 {
		t.Errorf("the keys were read %d times", asked)
	}
}

func TestABankWhoseKeysAreAwayIsNotABadToken(t *testing.T) {
	r := newRig(t)
	r.bank.down = true
	p := r.phone()
	if a := p.launch(r.bank.token("anna")); a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("answered %d", a.StatusCode)
	}
	r.bank.mu.Lock()
	r.bank.down = false
	r.bank.mu.Unlock()
	if a := p.launch(r.bank.token("anna")); a.StatusCode != http.StatusSeeOther {
		t.Errorf("afterwards answered %d", a.StatusCode)
	}
}

func TestATokenCanBeEncryptedToUs(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fourKey := jose.JSONWebKey{Key: signer, KeyID: "f1"}
	r := newRig(t, func(c *app.Config) {
		one := c.Partners["one"]
		one.DecryptionKey = rsaKey
		c.Partners["one"] = one
		four := app.Partner{ID: "four", Issuer: "https://four.example", Audience: "savings", DecryptionKey: ecKey}
		four.Keys = []jose.JSONWebKey{fourKey.Public()}
		c.Partners["four"] = four
	})
	seal := func(alg jose.KeyAlgorithm, key any, inner string, zip bool) string {
		o := &jose.EncrypterOptions{}
		o.WithContentType("JWT")
		if zip {
			o.Compression = jose.DEFLATE
		}
		e, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: alg, Key: key}, o)
		if err != nil {
			t.Fatal(err)
		}
		jwe, err := e.Encrypt([]byte(inner))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := jwe.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	claims4 := with(r.bank.claims("anna"), "iss", "https://four.example", "aud", "savings")
	four := signed(t, jose.SigningKey{Algorithm: jose.ES256, Key: fourKey}, claims4)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		good  bool
	}{
		"signed only":                        {r.bank.token("anna"), true},
		"RSA-OAEP-256":                       {seal(jose.RSA_OAEP_256, &rsaKey.PublicKey, r.bank.token("anna"), false), true},
		"ECDH-ES, by keys that are kept":     {seal(jose.ECDH_ES_A256KW, &ecKey.PublicKey, four, false), true},
		"to another's key":                   {seal(jose.RSA_OAEP_256, &stranger.PublicKey, r.bank.token("anna"), false), false},
		"to four's key, from one":            {seal(jose.ECDH_ES, &ecKey.PublicKey, r.bank.token("anna"), false), false},
		"RSA1_5":                             {seal(jose.RSA1_5, &rsaKey.PublicKey, r.bank.token("anna"), false), false},
		"compressed":                         {seal(jose.RSA_OAEP_256, &rsaKey.PublicKey, r.bank.token("anna"), true), false},
		"claims that nobody signed":          {seal(jose.RSA_OAEP_256, &rsaKey.PublicKey, `{"iss":"https://bank.example","aud":"one","sub":"anna"}`, false), false},
		"an encrypted token that is in one":  {seal(jose.RSA_OAEP_256, &rsaKey.PublicKey, seal(jose.RSA_OAEP_256, &rsaKey.PublicKey, r.bank.token("anna"), false), false), false},
		"four of five parts that are nobody": {"a.b.c.d.e", false},
	} {
		a := r.phone().launch(c.token)
		if good := a.StatusCode == http.StatusSeeOther; good != c.good || !good && a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: answered %d", name, a.StatusCode)
		}
	}
}

// Whatever is sent in place of a token is 422, and never lets anybody in.
func TestNoMutilatedTokenIsGood(t *testing.T) {
	r := newRig(t, func(c *app.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	good, n := r.bank.token("anna"), 0
	rapid.Check(t, func(t *rapid.T) {
		cut := rapid.IntRange(0, len(good)).Draw(t, "from")
		until := rapid.IntRange(cut, min(len(good), cut+40)).Draw(t, "until")
		token := good[:cut] + rapid.OneOf(rapid.SampledFrom([]string{"", "\r", "\n", " ", ".", "..", "A", "=", "\x00", "eyJhbGciOiJub25lIn0", "%", "å"}), rapid.String()).Draw(t, "instead") + good[until:]
		// Of the last letter of the signature not all bits count, and blanks around it are nobody's business.
		if strings.HasPrefix(strings.TrimSpace(token), good[:len(good)-1]) {
			return
		}
		p := r.phone()
		p.from = fmt.Sprintf("192.0.%d.%d", n/200, n%200)
		n++
		if a := p.launch(token); a.StatusCode != http.StatusUnprocessableEntity {
			t.Fatalf("%q is answered %d", token, a.StatusCode)
		}
	})
}
