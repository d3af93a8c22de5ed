package house

import (
	"cmp"
	"crypto"
	"crypto/x509"
	pemfile "encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/app"
	"parley/content"
	"parley/flow"
	"parley/notify"
	"parley/oauth"
	"parley/savehack"
	"parley/savings"
	"parley/store"
	"parley/web"
	"parley/webhook"
)

// Partner is a bank with a savings programme.
type Partner struct {
	ID             string          `yaml:"id" doc:"Its name in addresses and tokens: small letters, digits and hyphens. It is never changed."`
	Name           string          `yaml:"name" doc:"What people read. The id when left out."`
	Currency       string          `yaml:"currency" doc:"ISO 4217, of all amounts: SEK."`
	Country        string          `yaml:"country" doc:"ISO 3166-1 alpha-2, whose banking days count: SE."`
	Zone           string          `yaml:"zone" doc:"The time zone of people whose own is not known, by its IANA name: Europe/Stockholm."`
	Setup          string          `yaml:"setup" doc:"one-account-per-user or one-account-per-dream. one-account-per-user when left out."`
	Performance    bool            `yaml:"performance" doc:"Dreams may be performance dreams, each with an investment account of its own."`
	Consents       bool            `yaml:"consents" doc:"A savehack starts only when the bank has a transfer consent of the person."`
	ConsentFor     Duration        `yaml:"consent_for" doc:"How long the temporary id of a consent can be read. 10m when left out."`
	CancelFor      Duration        `yaml:"cancel_for" doc:"How long a person can cancel a deposit; the bank is given it only afterwards. Not at all when left out."`
	Savehacks      []string        `yaml:"savehacks" doc:"The kinds that are offered. All when left out."`
	Clients        []PartnerClient `yaml:"clients" doc:"The bank's programs that use the API."`
	Tokens         *Tokens         `yaml:"tokens" doc:"Whose ID tokens bring people into the web app. Without it nobody comes in, and the API alone is there."`
	Session        Session         `yaml:"session" doc:"How long people stay in the web app."`
	Content        string          `yaml:"content" doc:"Folder with the bank's own inspirations, pictures and texts for the web app, read again when it changes. Ours when left out."`
	Look           *Look           `yaml:"look" doc:"How the pages look that are ours. Ours when left out."`
	FrameOrigins   []string        `yaml:"frame_origins" doc:"Origins (https://bank.example) whose pages may show the web app in a frame. Nobody's when left out."`
	GroupLink      string          `yaml:"group_link" doc:"Where invitations to a group dream lead: https://bank.example/invite/{code}. The web app's own page for it when left out."`
	Webhooks       []Webhook       `yaml:"webhooks" doc:"Endpoints of the bank that are told of events, in batches."`
	Transactions   string          `yaml:"transactions_url" doc:"Where the bank is told that there are transactions for it to act on. When left out, it looks by itself."`
	WebhookSecrets []Secret        `yaml:"webhook_secrets" doc:"Secrets (whsec_...) with which all that we say to the bank is signed, as Standard Webhooks does. Two while one replaces the other."`
	Certificate    string          `yaml:"certificate" doc:"File with the certificate by which the bank knows us, PEM. Without it, the signature alone must do."`
	Key            Secret          `yaml:"key" doc:"Its private key, PEM."`
	CA             string          `yaml:"ca" doc:"File with the authorities that vouch for the bank's endpoints, PEM, in place of the system's."`
}

// PartnerClient is a program of the bank's that uses the API.
type PartnerClient struct {
	ID           string              `yaml:"id" doc:"Its client_id."`
	Name         string              `yaml:"name" doc:"What people read."`
	Secret       Secret              `yaml:"secret" doc:"16 characters or more. None when it is known by its certificate alone."`
	Scopes       []string            `yaml:"scopes" doc:"Of savings:read and savings:write. Both when left out."`
	Certificates []ClientCertificate `yaml:"certificates" doc:"Client certificates by which it is known. A token got with one is good only together with it, and a request with one needs no token."`
	AllowedIPs   []string            `yaml:"allowed_ips" doc:"Networks from which it may ask for tokens and use the API; anywhere when left out."`
	Disabled     bool                `yaml:"disabled" doc:"Refuse the client without forgetting it. Its tokens end with it."`
}

// ClientCertificate is a certificate by which a client is known.
type ClientCertificate struct {
	SHA256  string `yaml:"sha256" doc:"Its fingerprint in hexadecimal, as openssl x509 -noout -fingerprint -sha256 prints it. Any certificate will do, also one that signed itself."`
	Subject string `yaml:"subject" doc:"Its subject, as openssl x509 -noout -subject -nameopt RFC2253 prints it, in place of sha256. client_ca must vouch for it."`
}

// Tokens is who issues the ID tokens of a bank's people.
type Tokens struct {
	Issuer   string `yaml:"issuer" doc:"Its iss, exactly as it writes it."`
	Audience string `yaml:"audience" doc:"What its aud must hold."`
	JWKS     string `yaml:"jwks_url" doc:"Where its public keys are."`
	Key      Secret `yaml:"key" doc:"Our private key, PEM, where it encrypts the tokens for us."`
}

// Session is how long a person stays in the web app.
type Session struct {
	RenewedBy  string   `yaml:"renewed_by" doc:"token: the session ends with the ID token unless the bank app brings another. activity: each request prolongs it. token when left out."`
	Inactivity Duration `yaml:"inactivity" doc:"With activity: after how long without a request it ends. 15m when left out."`
	Maximum    Duration `yaml:"maximum" doc:"After how long it ends in any case. 12h when left out."`
}

// Webhook is an endpoint that is told of events.
type Webhook struct {
	Name        string   `yaml:"name" doc:"By which it keeps its place among the events when it moves to another url. The url when left out: then a new one is told everything anew."`
	URL         string   `yaml:"url" doc:"Where it listens."`
	Secrets     []Secret `yaml:"secrets" doc:"Secrets (whsec_...) in place of the partner's webhook_secrets."`
	Types       []string `yaml:"types" doc:"The types of event that it is told. All when left out."`
	BatchCount  int      `yaml:"batch_count" doc:"How many events make a batch: 1 to 100. 100 when left out."`
	BatchEvery  Duration `yaml:"batch_every" doc:"How long after its first event a batch is sent, though it is not full: 1s to 1m. 1s when left out."`
	Certificate string   `yaml:"certificate" doc:"File with a certificate in place of the partner's, PEM."`
	Key         Secret   `yaml:"key" doc:"Its private key, PEM."`
	CA          string   `yaml:"ca" doc:"File with authorities in place of the partner's, PEM."`
}

// bank is a partner that was understood.
type bank struct {
	*savings.Partner
	config    Partner
	person    *app.Partner // nil when nobody comes in
	keys      *http.Client // with which its people's keys are fetched
	look      web.Look
	content   *content.Library // nil for ours
	endpoints []webhook.Endpoint
	notices   *webhook.Address // nil when it looks by itself
}

// partners understands all partners, and how their programs' certificates are judged.
func (pl *plan) partners(c Config, p Parts) (err error) {
	if pl.clientCAs, err = authorities("client_ca", c.ClientCA); err != nil {
		return err
	}
	if c.CertHeader != "" && (len(pl.proxies) == 0 || strings.Trim(c.CertHeader, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "") {
		return parley.Invalid("client_certificate_header", "must be the name of a header, and is believed only from trusted_proxies")
	}
	if c.APIRate < 0 || c.APIBurst < 0 {
		return parley.Invalid("api_rate", "cannot be negative, nor api_burst")
	}
	if c.APITokens != 0 && c.APITokens < Duration(time.Minute) {
		return parley.Invalid("api_token_lifetime", "must be a minute or more")
	}
	for _, configured := range c.Partners {
		if !identifier(configured.ID) || slices.ContainsFunc(pl.banks, func(b *bank) bool { return b.ID == configured.ID }) {
			return parley.Invalid("partners", fmt.Sprintf("the id %q is there twice, or is not small letters, digits and hyphens", configured.ID))
		}
		if err := pl.partner(c, configured, client(c, p), p); err != nil {
			return fmt.Errorf("partner %s: %w", configured.ID, err)
		}
	}
	return checkPeople(c, pl.banks)
}

// partner understands a partner.
func (pl *plan) partner(c Config, p Partner, client maker, parts Parts) error {
	b := &bank{config: p, Partner: &savings.Partner{ID: p.ID, Name: cmp.Or(p.Name, p.ID), Setup: savings.Setup(cmp.Or(p.Setup, string(savings.SharedAccount))), Performance: p.Performance,
		Consents: p.Consents, ConsentFor: time.Duration(cmp.Or(p.ConsentFor, Duration(10*time.Minute))), CancelFor: time.Duration(p.CancelFor), Savehacks: p.Savehacks, Country: p.Country}}
	var err error
	if b.Currency, err = parley.ParseCurrency(p.Currency); err != nil {
		return parley.Invalid("currency", "must be an ISO 4217 code in capitals: SEK")
	}
	if b.Zone, err = zone(p.Zone); err != nil {
		return err
	}
	switch {
	case len(p.Country) != 2 || strings.Trim(p.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return parley.Invalid("country", "must be an ISO 3166-1 code in capitals: SE")
	case b.Setup != savings.SharedAccount && b.Setup != savings.AccountPerDream:
		return parley.Invalid("setup", "must be "+string(savings.SharedAccount)+" or "+string(savings.AccountPerDream))
	case b.ConsentFor < time.Minute || b.ConsentFor > 24*time.Hour:
		return parley.Invalid("consent_for", "must be between a minute and a day")
	case b.CancelFor > 31*24*time.Hour:
		return parley.Invalid("cancel_for", "must be at most 31 days")
	case p.Consents && b.Setup != savings.SharedAccount:
		return parley.Invalid("consents", "are for the setup "+string(savings.SharedAccount))
	}
	for _, name := range p.Savehacks {
		if _, ok := savehack.Find(name); !ok {
			return parley.Invalid("savehacks", fmt.Sprintf("there is no kind %q", name))
		}
	}
	if len(p.Clients) == 0 {
		return parley.Invalid("clients", "at least one is needed: the bank must be able to say what it opened and settled")
	}
	for _, configured := range p.Clients {
		built, err := configured.build(p.ID)
		if err != nil {
			return fmt.Errorf("client %s: %w", configured.ID, err)
		}
		pl.clients = append(pl.clients, built)
	}
	if err := b.people(c, client); err != nil {
		return err
	}
	if b.look, err = p.Look.build(pl.assets, b.Name); err != nil {
		return fmt.Errorf("look: %w", err)
	}
	if p.Content != "" {
		if b.content, err = content.NewLibrary(os.DirFS(p.Content), parts.Now, parts.Log); err != nil {
			return fmt.Errorf("content: %w", err)
		}
	}
	if err := b.told(c, client); err != nil {
		return err
	}
	pl.banks = append(pl.banks, b)
	return nil
}

// people understands who comes into the web app.
func (b *bank) people(c Config, client maker) error {
	p := b.config
	if p.Tokens == nil {
		return nil
	}
	if err := c.address("tokens: jwks_url", p.Tokens.JWKS); err != nil {
		return err
	}
	key, err := privateKey(p.Tokens.Key)
	if err != nil {
		return fmt.Errorf("tokens: key: %w", err)
	}
	cas, err := authorities("ca", p.CA)
	if err != nil {
		return err
	}
	b.keys = client(web.ClientOptions{RootCAs: cas})
	b.person = &app.Partner{ID: b.ID, Issuer: p.Tokens.Issuer, Audience: p.Tokens.Audience, JWKSURL: p.Tokens.JWKS, DecryptionKey: key, FrameOrigins: p.FrameOrigins, GroupLink: p.GroupLink,
		Session: app.Renewal{By: p.Session.RenewedBy, Inactivity: time.Duration(p.Session.Inactivity), Maximum: time.Duration(cmp.Or(p.Session.Maximum, Duration(12*time.Hour)))}}
	return checkPeople(c, []*bank{b})
}

// checkPeople has package app say what is wrong with the partners whose people come in. It asks no database of anything.
func checkPeople(c Config, banks []*bank) error {
	config := app.Config{Base: c.Issuer, Partners: map[string]app.Partner{}, Savings: &flow.Savings{Partners: map[string]*savings.Partner{}}, Store: (*store.Store)(nil)}
	for _, b := range banks {
		if config.Savings.Partners[b.ID] = b.Partner; b.person != nil {
			config.Partners[b.ID] = *b.person
		}
	}
	if len(config.Partners) == 0 {
		return nil
	}
	_, err := app.New(config)
	return err
}

// privateKey reads a private key of any sort, in PEM; nil where none is meant.
func privateKey(s Secret) (crypto.PrivateKey, error) {
	text, err := s.Read()
	if err != nil || text == "" {
		return nil, err
	}
	block, _ := pemfile.Decode([]byte(text))
	if block == nil {
		return nil, parley.Invalid("", "is not PEM")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, parley.Invalid("", "is not a private key")
}

// told understands where a bank is told what.
func (b *bank) told(c Config, client maker) error {
	p := b.config
	for i, w := range p.Webhooks {
		at, err := p.reach(c, client, "url", w.URL, w.Secrets, w.Certificate, w.Key, w.CA)
		if err != nil {
			return fmt.Errorf("webhook %s: %w", cmp.Or(w.Name, fmt.Sprint(i+1)), err)
		}
		e := webhook.Endpoint{Partner: b.ID, Name: w.Name, URL: at.URL, Count: w.BatchCount, Every: time.Duration(w.BatchEvery), Signer: at.Signer, Client: at.Client}
		for _, t := range w.Types {
			e.Types = append(e.Types, savings.EventType(t))
		}
		if _, err := webhook.New(webhook.Config{Endpoints: []webhook.Endpoint{e}}); err != nil {
			return fmt.Errorf("webhook %s: %w", cmp.Or(w.Name, fmt.Sprint(i+1)), err)
		}
		b.endpoints = append(b.endpoints, e)
	}
	if _, err := webhook.New(webhook.Config{Endpoints: b.endpoints}); err != nil {
		return err
	}
	if p.Transactions == "" {
		return nil
	}
	at, err := p.reach(c, client, "transactions_url", p.Transactions, nil, "", Secret{}, "")
	b.notices = &at
	return err
}

// reach is how somebody at the bank is spoken to: what is left out is the partner's.
func (p Partner) reach(c Config, client maker, field, to string, secrets []Secret, certFile string, key Secret, ca string) (at webhook.Address, err error) {
	if err := c.address(field, to); err != nil {
		return at, err
	}
	if secrets == nil {
		secrets = p.WebhookSecrets
	}
	var texts []string
	for _, s := range secrets {
		text, err := s.Read()
		if err != nil {
			return at, fmt.Errorf("secrets: %w", err)
		}
		texts = append(texts, text)
	}
	if at.Signer, err = notify.NewSigner(texts...); err != nil {
		return at, fmt.Errorf("secrets: %w", err)
	}
	if certFile == "" {
		certFile, key = p.Certificate, p.Key
	}
	var o web.ClientOptions
	if o.Certificates, err = certificate(certFile, key); err != nil {
		return at, err
	}
	if o.RootCAs, err = authorities("ca", cmp.Or(ca, p.CA)); err != nil {
		return at, err
	}
	if !at.Signer.Signs() && len(o.Certificates) == 0 {
		return at, parley.Invalid("webhook_secrets", "are needed, or a certificate: the bank must be able to tell that it is us")
	}
	at.URL, at.Client = to, client(o)
	return at, nil
}

// zone is a time zone by its name. Neither this machine's own nor none is one: what people's dates mean must not hang on where we run.
func zone(name string) (*time.Location, error) {
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, parley.Invalid("zone", "must be an IANA time zone: Europe/Stockholm")
	}
	return z, nil
}

func (c PartnerClient) build(partner string) (oauth.Client, error) {
	secret, err := c.Secret.Read()
	if err != nil {
		return oauth.Client{}, fmt.Errorf("secret: %w", err)
	}
	allowed, err := prefixes(c.AllowedIPs)
	if err != nil {
		return oauth.Client{}, fmt.Errorf("allowed_ips: %w", err)
	}
	out := oauth.Client{ID: c.ID, Name: c.Name, Partner: partner, Secret: secret, Scopes: c.Scopes, Allowed: allowed, Disabled: c.Disabled}
	for _, cert := range c.Certificates {
		out.Certificates = append(out.Certificates, oauth.Certificate{Fingerprint: cert.SHA256, Subject: cert.Subject})
	}
	return out, nil
}

// identifier reports whether a name can stand in addresses and tokens.
func identifier(s string) bool {
	return s != "" && len(s) <= 50 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// address checks where somebody of a partner's listens.
func (c Config) address(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && c.AllowPrivate) {
		return parley.Invalid(field, "must be an https address, without user and fragment")
	}
	return nil
}

// authorities reads a file of certificates that vouch for others; nil where none is named.
func authorities(field, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := Secret{File: file}.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, parley.Invalid(field, file+" holds no certificate")
	}
	return pool, nil
}
