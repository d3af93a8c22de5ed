package house_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"parley/connector"
	"parley/house"
)

// TestCapabilitiesInTheDocsAreThoseOfTheConnectors keeps docs/connectors true: the table in it is what the connectors say of themselves.
func TestCapabilitiesInTheDocsAreThoseOfTheConnectors(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) house.Secret {
		return house.Secret{Value: string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))}
	}
	h, err := house.New(t.Context(), house.Config{Issuer: "https://parley.example", Data: t.TempDir(), Secret: house.Secret{Value: strings.Repeat("s", 32)}, Merchants: []house.Merchant{{
		ID: 1, Operator: house.Operator{URL: "https://shop.example/{action}"},
		Providers: []house.Provider{
			{Name: "trustly", Label: "Trustly", Trustly: &house.Trustly{Username: "u", Password: house.Secret{Value: "p"}, Key: text("PRIVATE KEY", private), TrustlyKey: text("PUBLIC KEY", public)}},
			{Name: "openid", Label: "any OpenID provider", OIDC: &house.OIDC{Issuer: "https://id.example", ClientID: "c"}},
			{Name: "bankid", Label: "BankID", BankID: bankID(t)},
		},
	}}}, house.Parts{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Stop(t.Context())
	const file, begin, end = "../docs/connectors/README.md", "<!-- capabilities -->\n", "<!-- end -->"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	table, after, there := strings.Cut(rest, end)
	if !ok || !there {
		t.Fatalf("%s has no place for the table", file)
	}
	want := connector.Capabilities(h.Providers)
	if table == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the connectors say; `go test ./house -update` rewrites it:\n%s", file, want)
	}
	if err := os.WriteFile(file, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
