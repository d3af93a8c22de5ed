package house_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/house"
	"parley/savings"
)

// bankSecrets sets what the bank's example reads its secrets from.
func bankSecrets(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"PARLEY_SECRET":       strings.Repeat("s", 48),
		"REPORTS_SECRET":      "reports-secret-0123456789",
		"BANK_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
	} {
		t.Setenv(name, value)
	}
}

// put is a file of this name, alone in its folder.
func put(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func bankExample(t *testing.T) house.Config {
	t.Helper()
	c, err := house.Load("../docs/banks/parley.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheBanksExampleIsInOrder(t *testing.T) {
	bankSecrets(t)
	c := bankExample(t)
	if err := house.Check(c); err != nil {
		t.Fatal(err)
	}
	c.Data = t.TempDir()
	h, err := house.New(t.Context(), c, house.Parts{})
	if err != nil {
		t.Fatal(err)
	}
	h.Start()
	p := h.Savings.Partners["bank"]
	if p == nil || p.Currency != "SEK" || p.Zone.String() != "Europe/Stockholm" || p.Setup != savings.SharedAccount || p.ConsentFor == 0 {
		t.Errorf("%+v", p)
	}
	if list, err := h.Webhooks.Status(t.Context(), "bank"); err != nil || len(list) != 1 || list[0].Endpoint != "ledger" || len(list[0].Types) != 6 {
		t.Error(list, err)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCheckSaysWhatIsWrongWithAPartner(t *testing.T) {
	bankSecrets(t)
	pem := kept(t, "no certificate")
	for want, spoil := range map[string]func(c *house.Config, p *house.Partner){
		"at least one is needed, or a partner":  func(c *house.Config, p *house.Partner) { c.Partners = nil },
		"there twice":                           func(c *house.Config, p *house.Partner) { c.Partners = append(c.Partners, c.Partners[0]) },
		`the id "Bank"`:                         func(c *house.Config, p *house.Partner) { p.ID = "Bank" },
		"partner bank: currency":                func(c *house.Config, p *house.Partner) { p.Currency = "kr" },
		"partner bank: country":                 func(c *house.Config, p *house.Partner) { p.Country = "Sweden" },
		"zone: must be an IANA":                 func(c *house.Config, p *house.Partner) { p.Zone = "" },
		"partner bank: zone":                    func(c *house.Config, p *house.Partner) { p.Zone = "Local" },
		"partner bank: setup":                   func(c *house.Config, p *house.Partner) { p.Setup = "one" },
		"consent_for":                           func(c *house.Config, p *house.Partner) { p.ConsentFor = 1 },
		"cancel_for":                            func(c *house.Config, p *house.Partner) { p.CancelFor = 1 << 62 },
		"consents: are for":                     func(c *house.Config, p *house.Partner) { p.Consents, p.Setup = true, "one-account-per-dream" },
		`savehacks: there is no kind "Lottery"`: func(c *house.Config, p *house.Partner) { p.Savehacks = []string{"Daily", "Lottery"} },
		"clients: at least one":                 func(c *house.Config, p *house.Partner) { p.Clients = nil },
		"client reports: secret":                func(c *house.Config, p *house.Partner) { p.Clients[1].Secret = house.Secret{Env: "NOT_SET"} },
		"client reports: scopes":                func(c *house.Config, p *house.Partner) { p.Clients[1].Scopes = []string{"openid"} },
		"client reports: allowed_ips":           func(c *house.Config, p *house.Partner) { p.Clients[1].AllowedIPs = []string{"home"} },
		"the id core is there twice":            func(c *house.Config, p *house.Partner) { p.Clients[1].ID = "core" },
		"64 hexadecimal":                        func(c *house.Config, p *house.Partner) { p.Clients[0].Certificates[0].SHA256 = "AB:CD" },
		"client_ca": func(c *house.Config, p *house.Partner) {
			p.Clients[0].Certificates = []house.ClientCertificate{{Subject: "CN=core"}}
		},
		"holds no certificate":                 func(c *house.Config, p *house.Partner) { c.ClientCA = pem },
		"no-such-ca.pem":                       func(c *house.Config, p *house.Partner) { c.ClientCA = "no-such-ca.pem" },
		"believed only from trusted_proxies":   func(c *house.Config, p *house.Partner) { c.TrustedProxies = nil },
		"client_certificate_header":            func(c *house.Config, p *house.Partner) { c.CertHeader = "a b" },
		"api_token_lifetime: must be a minute": func(c *house.Config, p *house.Partner) { c.APITokens = 1 },
		"api_token_lifetime: must be between":  func(c *house.Config, p *house.Partner) { c.APITokens = 3601e9 },
		"webhook ledger: url":                  func(c *house.Config, p *house.Partner) { p.Webhooks[0].URL = "http://hooks.bank.example" },
		"webhook ledger: types":                func(c *house.Config, p *house.Partner) { p.Webhooks[0].Types[0] = "Deposit" },
		"webhook ledger: batch_count":          func(c *house.Config, p *house.Partner) { p.Webhooks[0].BatchCount = 101 },
		"webhook ledger: batch_every":          func(c *house.Config, p *house.Partner) { p.Webhooks[0].BatchEvery = 90e9 },
		"webhook ledger: secrets": func(c *house.Config, p *house.Partner) {
			p.Webhooks[0].Secrets = []house.Secret{{Value: "whsec_short"}}
		},
		"webhook_secrets: are needed": func(c *house.Config, p *house.Partner) { p.WebhookSecrets = nil },
		"webhook ledger: certificate": func(c *house.Config, p *house.Partner) { p.Webhooks[0].Certificate = "no-such.pem" },
		"webhook ledger: ca":          func(c *house.Config, p *house.Partner) { p.Webhooks[0].CA = pem },
		"partner bank: ca":            func(c *house.Config, p *house.Partner) { p.CA = pem },
		"tokens.issuer":               func(c *house.Config, p *house.Partner) { p.Tokens.Issuer = "" },
		"tokens: jwks_url":            func(c *house.Config, p *house.Partner) { p.Tokens.JWKS = "file:///keys" },
		"tokens: key: is not PEM":     func(c *house.Config, p *house.Partner) { p.Tokens.Key = house.Secret{Value: "key"} },
		"session.renewed_by":          func(c *house.Config, p *house.Partner) { p.Session.RenewedBy = "prayer" },
		"group_link":                  func(c *house.Config, p *house.Partner) { p.GroupLink = "https://bank.example/invite" },
		"frame_origins":               func(c *house.Config, p *house.Partner) { p.FrameOrigins = []string{"https://*.bank.example"} },
		"have the same issuer and audience": func(c *house.Config, p *house.Partner) {
			other := *p
			other.ID, other.Clients = "other", []house.PartnerClient{{ID: "o", Secret: house.Secret{Value: "secret-0123456789"}}}
			c.Partners = append(c.Partners, other)
		},
		"look: ": func(c *house.Config, p *house.Partner) { p.Look = &house.Look{Accent: "#ffffff"} },
		"partner bank: content: read the content":    func(c *house.Config, p *house.Partner) { p.Content = "no-such-folder" },
		"content: inspirations.json: 1: id: must be": func(c *house.Config, p *house.Partner) { p.Content = filepath.Dir(put(t, "inspirations.json", `[{}]`)) },
		"content: fox.svg: must not have onload": func(c *house.Config, p *house.Partner) {
			p.Content = filepath.Dir(put(t, "fox.svg", `<svg onload="x()"/>`))
		},
		"api_rate":                                func(c *house.Config, p *house.Partner) { c.APIRate = -1 },
		"webhooks: one endpoint is there twice":   func(c *house.Config, p *house.Partner) { p.Webhooks = append(p.Webhooks, p.Webhooks[0]) },
		"partner bank: transactions_url: must be": func(c *house.Config, p *house.Partner) { p.Transactions = "https://user@hooks.bank.example" },
	} {
		t.Run(want, func(t *testing.T) {
			c := bankExample(t)
			spoil(&c, &c.Partners[0])
			if err := house.Check(c); err == nil || !strings.Contains(err.Error(), want) {
				t.Error(err)
			}
		})
	}
}

func TestWithoutPartnersThereIsNoAPI(t *testing.T) {
	h, err := only(t, bankID(t), false)
	if err != nil {
		t.Fatal(err)
	}
	h.Start()
	for _, path := range []string{"/v1/webhooks", "/v1/users"} {
		if code := answer(t, h, path); code != http.StatusNotFound {
			t.Errorf("%s is answered %d", path, code)
		}
	}
}

// answer is the status with which a house answers.
func answer(t *testing.T, h *house.House, path string) int {
	t.Helper()
	w := httptest.NewRecorder()
	h.Handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code
}
