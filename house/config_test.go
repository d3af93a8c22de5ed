package house_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley"
	"parley/house"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "rewrite docs/operators/configuration.md")

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestThePageIsWhatTheTypesSay(t *testing.T) {
	const page = "../docs/operators/configuration.md"
	if *update {
		if err := os.WriteFile(page, []byte(house.Doc()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != house.Doc() {
		t.Errorf("%s is not what the types say; run go test ./house -update", page)
	}
}

func TestEveryKeyIsExplained(t *testing.T) {
	for _, line := range strings.Split(house.Doc(), "\n") {
		if strings.Contains(line, "` |  ") {
			t.Errorf("no words for %s", line)
		}
	}
}

func TestAMistakeInTheFileIsNamedWithItsLine(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"a key that is not known":       {"issuer: https://a.example\nisuer: https://b.example\n", "2 | isuer"},
		"one further in":                {"merchants:\n  - id: 1\n    operator:\n      uri: https://a.example/{action}\n", "4 |       uri"},
		"a secret in the file itself":   {"issuer: https://a.example\nsecret: 0123456789\n", "2 | secret"},
		"a time that is none":           {"code_lifetime: soon\n", `"soon" is not a time such as 10s or 24h`},
		"a time that is negative":       {"code_lifetime: -1s\n", "is not a time"},
		"a number where a text belongs": {"merchants: 7\n", "1 | merchants"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := house.Load(write(t, test.text))
			if err == nil || parley.KindOf(err) != parley.KindInvalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, not %q", err, test.want)
			}
		})
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	if _, err := house.Load("no-such-file.yaml"); err == nil || !strings.Contains(err.Error(), "no-such-file.yaml") {
		t.Error(err)
	}
}

func TestASecretIsReadFromTheEnvironmentOrAFile(t *testing.T) {
	file := write(t, "from the file\r\n")
	t.Setenv("PARLEY_TEST_SECRET", "from the environment")
	for _, test := range []struct {
		secret house.Secret
		want   string
	}{
		{house.Secret{}, ""},
		{house.Secret{Env: "PARLEY_TEST_SECRET"}, "from the environment"},
		{house.Secret{File: file}, "from the file"},
		{house.Secret{Value: "given"}, "given"},
	} {
		if got, err := test.secret.Read(); got != test.want || err != nil {
			t.Errorf("%+v: %q, %v", test.secret, got, err)
		}
	}
	for _, test := range []struct {
		secret house.Secret
		want   string
	}{
		{house.Secret{Env: "PARLEY_TEST_NOT_SET"}, "PARLEY_TEST_NOT_SET"},
		{house.Secret{File: file + ".not"}, file + ".not"},
		{house.Secret{Env: "PARLEY_TEST_SECRET", File: file}, "not in both"},
	} {
		if _, err := test.secret.Read(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test.secret, err)
		}
	}
}

func TestASecretIsNotPrinted(t *testing.T) {
	b, err := yaml.Marshal(house.Config{Secret: house.Secret{Value: "very-secret"}})
	if err != nil || strings.Contains(string(b), "very-secret") {
		t.Errorf("%v %s", err, b)
	}
}

// secrets sets what the example's secrets are read from.
func secrets(t *testing.T) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PARLEY_SECRET":           strings.Repeat("s", 48),
		"OPERATOR_PASSWORD":       "operator-password",
		"OPERATOR_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		"TRUSTLY_PASSWORD":        "trustly-password",
		"TRUSTLY_KEY":             string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"TRUSTLY_PUBLIC_KEY":      string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"EID_SECRET":              "eid-secret-0123456789",
		"SHOP_SECRET":             "shop-secret-0123456789",
	} {
		t.Setenv(name, value)
	}
}

func example(t *testing.T) house.Config {
	t.Helper()
	c, err := house.Load("../docs/operators/parley.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheExampleIsInOrder(t *testing.T) {
	secrets(t)
	if err := house.Check(example(t)); err != nil {
		t.Error(err)
	}
}

func TestASecretThatIsMissingIsNamedWithItsPlace(t *testing.T) {
	for name, place := range map[string]string{
		"PARLEY_SECRET": "secret", "OPERATOR_PASSWORD": "merchant 1000: operator: password", "OPERATOR_WEBHOOK_SECRET": "webhook_secrets",
		"TRUSTLY_PASSWORD": "provider trustly: password", "TRUSTLY_KEY": "provider trustly: key", "TRUSTLY_PUBLIC_KEY": "provider trustly: trustly_key",
		"EID_SECRET": "provider eid: client_secret", "SHOP_SECRET": "client shop: secret",
	} {
		t.Run(name, func(t *testing.T) {
			secrets(t)
			t.Setenv(name, "")
			if err := house.Check(example(t)); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), place) {
				t.Error(err)
			}
		})
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	secrets(t)
	for want, spoil := range map[string]func(c *house.Config){
		"at least one":                func(c *house.Config) { c.Merchants = nil },
		"there twice":                 func(c *house.Config) { c.Merchants = append(c.Merchants, c.Merchants[0]) },
		"issuer":                      func(c *house.Config) { c.Issuer = "https://shop.example/" },
		"32":                          func(c *house.Config) { c.Secret = house.Secret{Value: "short"} },
		"60 seconds":                  func(c *house.Config) { c.CodeLifetime = 61e9 },
		"trusted_proxies":             func(c *house.Config) { c.TrustedProxies = []string{"somewhere"} },
		"{action}":                    func(c *house.Config) { c.Merchants[0].Operator.URL = "https://shop.example/api" },
		"in place of":                 func(c *house.Config) { c.Merchants[0].Operator.Token = house.Secret{Value: "token"} },
		"takes no deposits":           func(c *house.Config) { c.Merchants[0].Providers[1].PayWith = "eid" },
		"exactly one of":              func(c *house.Config) { c.Merchants[0].Providers[0].OIDC = &house.OIDC{} },
		"the name trustly":            func(c *house.Config) { c.Merchants[0].Providers[1] = c.Merchants[0].Providers[0] },
		"client shop-app: secret":     func(c *house.Config) { c.Merchants[0].Clients[1].Secret = house.Secret{Value: "0123456789abcdef"} },
		"client shop: redirect_uris":  func(c *house.Config) { c.Merchants[0].Clients[0].RedirectURIs = []string{"https://*.example"} },
		"client shop: allowed_ips":    func(c *house.Config) { c.Merchants[0].Clients[0].AllowedIPs = []string{"x"} },
		"the id shop is there twice":  func(c *house.Config) { c.Merchants[0].Clients[1].ID, c.Merchants[0].Clients[1].Auth = "shop", "none" },
		"address: spar":               func(c *house.Config) { c.Merchants[0].Address = &house.Address{} },
		"merchant 1000: provider ä/b": func(c *house.Config) { c.Merchants[0].Providers[0].Name = "ä/b" },
	} {
		t.Run(want, func(t *testing.T) {
			c := example(t)
			spoil(&c)
			if err := house.Check(c); err == nil || !strings.Contains(err.Error(), want) {
				t.Error(err)
			}
		})
	}
}
