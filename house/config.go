package house

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"parley"

	"github.com/goccy/go-yaml"
)

// Config is the one configuration file. The words behind each key are its manual: `parley config -doc` prints them.
type Config struct {
	Listen         string     `yaml:"listen" doc:"The address to listen on, host:port. 127.0.0.1:8080 when left out."`
	Issuer         string     `yaml:"issuer" doc:"Our own address as browsers and operators see it, without a slash at the end. https, or http on a loopback address."`
	Data           string     `yaml:"data" doc:"The folder of the database. It is made when missing, and belongs to one process at a time."`
	Secret         Secret     `yaml:"secret" doc:"The installation's secret, 32 characters or more. Keys are derived from it and sealed under it: whoever changes it ends all sign-ins under way and makes the signing keys unreadable."`
	AllowPrivate   bool       `yaml:"allow_private_addresses" doc:"Let operators, providers and registers be at private or loopback addresses. Leave it out unless they are."`
	TrustedProxies []string   `yaml:"trusted_proxies" doc:"Networks (10.0.0.0/8) whose X-Forwarded-For is believed, and client_certificate_header."`
	CertHeader     string     `yaml:"client_certificate_header" doc:"The header in which a trusted proxy says which client certificate it has verified: Client-Cert (RFC 9440), or any name with the certificate as escaped PEM. The proxy must take away what comes from outside under this name."`
	ClientCA       string     `yaml:"client_ca" doc:"File with the authorities, PEM, that vouch for client certificates which are known by their subject."`
	TLS            *TLS       `yaml:"tls" doc:"Serve HTTPS ourselves, where no proxy in front does."`
	LogLevel       string     `yaml:"log_level" doc:"debug, info, warn or error. info when left out."`
	CodeLifetime   Duration   `yaml:"code_lifetime" doc:"How long an authorization code is good: at most 60s, which is also the default."`
	TokenLifetime  Duration   `yaml:"token_lifetime" doc:"How long a standard access token is good. 1h when left out."`
	APITokens      Duration   `yaml:"api_token_lifetime" doc:"How long a token for the savings API is good, which cannot be taken back but by disabling its client: at most 1h. 10m when left out, and 10m to 15m is well."`
	APIRate        float64    `yaml:"api_rate" doc:"How many requests a second each partner may make of the savings API in the long run; more are told to come again later. No limit when left out."`
	APIBurst       int        `yaml:"api_burst" doc:"How many requests a partner may make at once before api_rate holds them up. api_rate when left out."`
	KeyLifetime    Duration   `yaml:"key_lifetime" doc:"When a new signing key takes over. 2160h (90 days) when left out."`
	MaxStreams     int        `yaml:"max_streams" doc:"How many pages may be held open at the same time to be told of changes. 10000 when left out."`
	Merchants      []Merchant `yaml:"merchants" doc:"The tenants that sign people in and take deposits: each has a platform, providers and clients. There may be none when there are partners."`
	Partners       []Partner  `yaml:"partners" doc:"The banks that have a savings programme."`
}

// TLS is a certificate to serve with.
type TLS struct {
	Certificate string `yaml:"certificate" doc:"File with the certificate chain, PEM."`
	Key         string `yaml:"key" doc:"File with the private key, PEM."`
	ClientHost  string `yaml:"client_host" doc:"The host name (api.savings.example) at which client certificates are asked for. Everywhere when left out, if any client has one: then browsers may ask people for a certificate too."`
}

// Merchant is a tenant.
type Merchant struct {
	ID        int        `yaml:"id" doc:"Its number, which stands in every txRefId."`
	Name      string     `yaml:"name" doc:"What people read."`
	Operator  Operator   `yaml:"operator" doc:"The platform that is told signin, authorize, transfer and cancel."`
	Providers []Provider `yaml:"providers" doc:"Who identifies people and takes deposits."`
	Clients   []Client   `yaml:"clients" doc:"The OAuth clients of the merchant."`
	Look      *Look      `yaml:"look" doc:"How the hosted pages look. Ours when left out."`
	Address   *Address   `yaml:"address" doc:"A register to ask for addresses that the identity provider did not tell. Each question may cost money."`
}

// Look is what a merchant changes of how the hosted pages look.
type Look struct {
	Accent     string `yaml:"accent" doc:"Of what can be pressed: #1f4fd8. It is refused unless text in it can be read on our paper."`
	AccentDark string `yaml:"accent_dark" doc:"The same for people who prefer dark. Made from accent when left out."`
	Radius     *int   `yaml:"radius" doc:"Of corners, in pixels: 0 to 24. 12 when left out."`
	Logo       string `yaml:"logo" doc:"File with the merchant's logo: SVG, PNG, JPEG or WebP, at most 64 KiB. The merchant's name when left out."`
}

// Operator is a merchant's platform.
type Operator struct {
	URL            string   `yaml:"url" doc:"Where it listens, with {action} in the path: https://shop.example/api/{action}."`
	User           string   `yaml:"user" doc:"User name for Basic authentication."`
	Password       Secret   `yaml:"password" doc:"Password for Basic authentication."`
	Token          Secret   `yaml:"token" doc:"Token for Bearer authentication, in place of user and password."`
	WebhookSecrets []Secret `yaml:"webhook_secrets" doc:"Secrets (whsec_...) with which what we say is signed, as Standard Webhooks does. Two while one replaces the other."`
	Timeout        Duration `yaml:"timeout" doc:"For one exchange. 10s when left out."`
}

// Provider is an identity or payment provider.
type Provider struct {
	Name      string   `yaml:"name" doc:"What identity_provider says: letters, digits and hyphens."`
	Label     string   `yaml:"label" doc:"What people read. The name when left out."`
	Logo      string   `yaml:"logo" doc:"File with its logo, as for a merchant's look: people see it where they choose."`
	AskSignIn bool     `yaml:"ask_signin" doc:"Ask the operator's signin although the provider could do without."`
	PayWith   string   `yaml:"pay_with" doc:"The provider that takes the deposits of people whom this one identifies, when it takes none itself."`
	Trustly   *Trustly `yaml:"trustly" doc:"An account at Trustly."`
	OIDC      *OIDC    `yaml:"oidc" doc:"Any OpenID provider."`
	BankID    *BankID  `yaml:"bankid" doc:"An agreement with a bank about the Swedish BankID."`
}

// Trustly is an account at Trustly.
type Trustly struct {
	URL              string `yaml:"url" doc:"The API: https://api.trustly.com/1, or https://test.trustly.com/api/1 when left out."`
	Username         string `yaml:"username" doc:"The API user."`
	Password         Secret `yaml:"password" doc:"The API user's password."`
	Key              Secret `yaml:"key" doc:"Our private key, PEM."`
	TrustlyKey       Secret `yaml:"trustly_key" doc:"Trustly's public key, PEM: the one of the environment that url is in."`
	ShopperStatement string `yaml:"shopper_statement" doc:"What people read on their bank statement."`
	Email            string `yaml:"email" doc:"The e-mail address given for people whom somebody else identified without one."`
}

// OIDC is an OpenID provider.
type OIDC struct {
	Issuer        string            `yaml:"issuer" doc:"Its issuer, exactly as it writes it."`
	ClientID      string            `yaml:"client_id" doc:"Our client id there. The redirect URI to register there is {issuer}/connect/{merchant}/{name}/callback."`
	ClientSecret  Secret            `yaml:"client_secret" doc:"Our secret there; none for a public client."`
	ClientAuth    string            `yaml:"client_auth" doc:"basic or post. What discovery says when left out."`
	Scopes        []string          `yaml:"scopes" doc:"openid and profile when left out."`
	ACRValues     string            `yaml:"acr_values" doc:"Demanded strengths, the best first."`
	RequireACR    bool              `yaml:"require_acr" doc:"Refuse a person whose strength is none of acr_values."`
	Extra         map[string]string `yaml:"extra" doc:"More parameters for every authorization request there."`
	Claims        map[string]string `yaml:"claims" doc:"Where a field of ours (personId, street, ...) comes from when it is not the usual claim."`
	PersonCountry string            `yaml:"person_country" doc:"Put before national numbers that come without a country: SE."`
	UserInfo      bool              `yaml:"userinfo" doc:"Ask userinfo too. Some providers send a bill for it."`
}

// BankID is a relying party of the Swedish BankID.
type BankID struct {
	URL             string   `yaml:"url" doc:"The API: https://appapi2.bankid.com/rp/v6.0/, or https://appapi2.test.bankid.com/rp/v6.0/ when left out."`
	Certificate     string   `yaml:"certificate" doc:"File with the relying party's certificate, PEM."`
	Key             Secret   `yaml:"key" doc:"Its private key, PEM."`
	CA              string   `yaml:"ca" doc:"File with the certificate of BankID's own authority, PEM: the one of the environment that url is in. No other is believed."`
	UserVisibleData string   `yaml:"user_visible_data" doc:"What people read in the app. Nothing when left out."`
	PINCode         bool     `yaml:"pin_code" doc:"People must enter their code: a finger or a face is not enough."`
	Policies        []string `yaml:"certificate_policies" doc:"The kinds of BankID that are taken, as object identifiers. All when left out."`
	RequireSameIP   bool     `yaml:"require_same_ip" doc:"Refuse a person whose app is at another address than the browser. It stops links that are sent on to somebody else, and also a telephone on the mobile network beside a computer."`
	App             string   `yaml:"app" doc:"The address that opens the app on the same device. https://app.bankid.com/ when left out."`
}

// Client is an OAuth client.
type Client struct {
	ID           string   `yaml:"id" doc:"Its client_id."`
	Name         string   `yaml:"name" doc:"What people read."`
	Profile      string   `yaml:"profile" doc:"standard or compatible. standard when left out."`
	Auth         string   `yaml:"auth" doc:"client_secret_basic, client_secret_post or none. client_secret_basic when left out."`
	Secret       Secret   `yaml:"secret" doc:"16 characters or more; none for a public client."`
	RedirectURIs []string `yaml:"redirect_uris" doc:"Compared character by character. Wildcards are refused."`
	IgnoreQuery  bool     `yaml:"ignore_query" doc:"Compare redirect URIs without their query. Compatible clients only."`
	Native       bool     `yaml:"native" doc:"Loopback redirect URIs may have any port."`
	Scopes       []string `yaml:"scopes" doc:"openid, profile and default when left out."`
	AllowedIPs   []string `yaml:"allowed_ips" doc:"Networks from which token and check_token may be asked; anywhere when left out."`
	FrameOrigins []string `yaml:"frame_origins" doc:"Origins (https://shop.example) whose pages may show ours in a frame or a tied window. Nobody's when left out."`
	Disabled     bool     `yaml:"disabled" doc:"Refuse the client without forgetting it."`
}

// Address is a register of addresses.
type Address struct {
	SPAR  *SPAR    `yaml:"spar" doc:"The Swedish population register."`
	Price int64    `yaml:"price_minor" doc:"What a question costs, in minor units of the contract. It is counted."`
	Keep  Duration `yaml:"keep" doc:"How long an answer about a person serves their other tokens too. 24h when left out."`
}

// SPAR is a customer of the Swedish population register.
type SPAR struct {
	URL         string `yaml:"url" doc:"Where personsök 2021.1 is."`
	Customer    string `yaml:"customer" doc:"KundNrLeveransMottagare."`
	EndCustomer string `yaml:"end_customer" doc:"KundNrSlutkund; the customer when left out."`
	Assignment  string `yaml:"assignment" doc:"UppdragId."`
	User        string `yaml:"user" doc:"SlutAnvandarId: the name of this system in the register's log."`
	Certificate string `yaml:"certificate" doc:"File with the organisation's certificate, PEM."`
	Key         Secret `yaml:"key" doc:"Its private key, PEM."`
}

// Duration is a time such as 10s or 24h.
type Duration time.Duration

// UnmarshalYAML reads "10s".
func (d *Duration) UnmarshalYAML(b []byte) error {
	var s string
	if err := yaml.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a time such as 10s or 24h", s)
	}
	*d = Duration(v)
	return nil
}

// Secret is something that does not stand in the configuration file itself, but in the environment or in a file of its own.
type Secret struct {
	Env   string `yaml:"env" doc:"The name of an environment variable that holds it."`
	File  string `yaml:"file" doc:"The name of a file that holds it. A line end after it does not count."`
	Value string `yaml:"-"` // for a program that makes one
}

// Read is the secret, or "" when none is meant.
func (s Secret) Read() (string, error) {
	switch {
	case s.Value != "":
		return s.Value, nil
	case s.Env != "" && s.File != "":
		return "", errors.New("a secret is in env or in file, not in both")
	case s.Env != "":
		v := os.Getenv(s.Env)
		if v == "" {
			return "", fmt.Errorf("the environment variable %s is not set", s.Env)
		}
		return v, nil
	case s.File != "":
		b, err := os.ReadFile(s.File)
		if err != nil {
			return "", err
		}
		return string(bytes.TrimRight(b, "\r\n")), nil
	}
	return "", nil
}

// MarshalYAML keeps a secret's value out of anything printed.
func (s Secret) MarshalYAML() (any, error) {
	if s.Value != "" {
		return "[redacted]", nil
	}
	return map[string]string{"env": s.Env, "file": s.File}, nil
}

// Load reads the configuration file. A key that is not known is an error, with the line it stands in.
func Load(file string) (Config, error) {
	var c Config
	b, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&c); err != nil {
		return c, &parley.Error{Kind: parley.KindInvalid, Message: file, Err: errors.New(yaml.FormatError(err, false, true))}
	}
	return c, nil
}

// Doc is the manual of the configuration file, in Markdown.
func Doc() string {
	var b strings.Builder
	b.WriteString("<!-- Generated from the configuration's types by `go test ./house -update`; do not edit. -->\n\n# The configuration file\n\n")
	b.WriteString("One YAML file. A key that is not known is an error. Secrets never stand in it: they are read from the environment (`{env: NAME}`) or from\na file of their own (`{file: NAME}`). Times are written `10s`, `1h`. `parley config -check FILE` says what is wrong with one.\n\n")
	document(&b, reflect.TypeFor[Config](), "")
	return b.String()
}

func document(b *strings.Builder, t reflect.Type, under string) {
	title := under
	if title == "" {
		title = "The top"
	}
	fmt.Fprintf(b, "## %s\n\n| key | |\n|---|---|\n", title)
	type deeper struct {
		t     reflect.Type
		under string
	}
	var next []deeper
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		if key == "-" {
			continue
		}
		inner, list := f.Type, ""
		if inner.Kind() == reflect.Slice {
			inner, list = inner.Elem(), "[]"
		}
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		note := ""
		switch {
		case inner == reflect.TypeFor[Secret]():
			note = " *Secret.*"
		case inner.Kind() == reflect.Struct:
			next = append(next, deeper{inner, strings.TrimPrefix(under+"."+key+list, ".")})
		}
		fmt.Fprintf(b, "| `%s%s` | %s%s |\n", key, list, f.Tag.Get("doc"), note)
	}
	b.WriteString("\n")
	for _, d := range next {
		document(b, d.t, d.under)
	}
}
