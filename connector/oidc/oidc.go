// Package oidc identifies people at any OpenID Connect provider, by the authorization code flow.
//
// It owns the whole conversation with the provider: discovery and keys (discovery.go), the authorization request (this
// file), reading the redirect and spending the code (return.go), the checks of an ID token (token.go), and what the claims
// mean to us (claims.go). It leaves to its caller which run a redirect belongs to: the caller finds the run by state, in
// the person's own browser, and hands back the session that Identify left with it.
//
// What it does not speak: encrypted ID tokens, signed request objects, and private_key_jwt.
package oidc

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/connector"
	"parley/jwks"
	"parley/web"
)

// Config is one OpenID provider as one merchant uses it. Issuer, ClientID, RedirectURL and Name are needed; the rest has
// defaults.
type Config struct {
	Name         string // what Identity.Provider says
	Issuer       string // exactly as the provider writes it in discovery and in iss
	ClientID     string
	ClientSecret string // empty for a public client, which proves itself by PKCE alone
	// ClientAuth is how the secret is shown at the token endpoint: "basic" or "post". When empty, discovery decides, and
	// basic where it offers both or says nothing.
	ClientAuth string
	// RedirectURL is where the provider sends people back. It must belong to this merchant and this provider alone: a
	// response that arrives at another provider's address is how a mix-up begins.
	RedirectURL string

	Scopes    []string // "openid profile" when empty; openid is added when it is missing
	ACRValues string   // demanded strengths, separated by blanks, the best first
	// RequireACR refuses an ID token whose acr is none of ACRValues. Without it they are a wish, unless the person's own
	// request names a strength: that one always binds.
	RequireACR bool
	// ExtraParams go into every authorization request: identity_provider, ui_id, prompt, claims. They cannot replace what
	// the protocol needs, and no request can replace them.
	ExtraParams map[string]string

	// Claims says where a field of ours comes from when the provider has its own idea: "personId": "nin",
	// "street": "address.street_address". The fields are those of parley.Identity and parley.Address as JSON spells them
	// (personId, name, firstName, lastName, gender, dateOfBirth, street, city, zip, country). A field that is told where to
	// look looks nowhere else.
	Claims map[string]string
	// PersonCountry is put before a national number that has no country of its own: "SE".
	PersonCountry string
	// UserInfo asks the userinfo endpoint too. It is off because some providers look the person up in a register for each
	// such question, and send a bill.
	UserInfo bool

	// Endpoints are used instead of discovery when Authorization is set.
	Endpoints Endpoints
	// AllowHTTP accepts http: addresses on this very host (localhost, 127.0.0.0/8, ::1), for a sandbox.
	AllowHTTP bool

	Client    *http.Client     // web.NewClient when nil; its redirects are never followed
	Now       func() time.Time // time.Now when nil
	ClockSkew time.Duration    // how far the provider's clock may be off; 60 s when zero
	Rand      io.Reader        // crypto/rand when nil
}

// Endpoints are a provider's addresses, for one that has no discovery document.
type Endpoints struct {
	Authorization, Token, JWKS string
	UserInfo                   string // needed only with Config.UserInfo
	IssParameter               bool   // the provider puts iss in every authorization response (RFC 9207)
}

// Connector speaks to one OpenID provider. It is safe for use by many goroutines. Its Identify and Return are those of
// connector.Provider.
type Connector struct {
	cfg  Config
	meta *jwks.Kept[*metadata]
	keys *jwks.Set
}

// reserved are the parameters that we depend on when the answer comes. Nobody else may set them.
var reserved = []string{
	"response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
	"code_challenge_method", "acr_values", "max_age", "login_hint", "ui_locales", "request", "request_uri", "registration",
	"client_secret", "client_assertion", "client_assertion_type",
}

// New checks the configuration. It does not speak to the provider: that is done when the first person comes. Errors are
// of kind parley.KindInvalid and name the field.
func New(cfg Config) (*Connector, error) {
	switch {
	case cfg.Name == "":
		return nil, parley.Invalid("Name", "is needed")
	case cfg.ClientID == "":
		return nil, parley.Invalid("ClientID", "is needed")
	case !slices.Contains([]string{"", "basic", "post"}, cfg.ClientAuth):
		return nil, parley.Invalid("ClientAuth", "must be basic or post")
	case cfg.RequireACR && strings.TrimSpace(cfg.ACRValues) == "":
		return nil, parley.Invalid("ACRValues", "is needed when RequireACR is set")
	case cfg.ClockSkew < 0:
		return nil, parley.Invalid("ClockSkew", "must not be negative")
	}
	needed := map[string]string{"Issuer": cfg.Issuer, "RedirectURL": cfg.RedirectURL}
	if cfg.Endpoints.Authorization != "" {
		needed["Endpoints.Authorization"] = cfg.Endpoints.Authorization
		needed["Endpoints.Token"] = cfg.Endpoints.Token
		needed["Endpoints.JWKS"] = cfg.Endpoints.JWKS
		if cfg.UserInfo {
			needed["Endpoints.UserInfo"] = cfg.Endpoints.UserInfo
		}
	}
	for field, address := range needed {
		if err := checkURL(address, cfg.AllowHTTP); err != nil {
			return nil, parley.Invalid(field, err.Error())
		}
	}
	if strings.Contains(cfg.Issuer, "?") {
		return nil, parley.Invalid("Issuer", "must have no query") // OpenID Connect Discovery 1.0 §3
	}
	for name := range cfg.ExtraParams {
		// login_hint is the exception: some providers take static switches there, login_hint=enforce_ftn_requirements.
		if slices.Contains(reserved, name) && name != "login_hint" {
			return nil, parley.Invalid("ExtraParams", "must not set "+name)
		}
	}
	for field := range cfg.Claims {
		if _, ok := usualClaims[field]; !ok || field == "email" { // email_verified speaks of the claim email alone
			return nil, parley.Invalid("Claims", "has no field "+strconv.Quote(field))
		}
	}
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{"openid", "profile"}
	} else if !slices.Contains(cfg.Scopes, "openid") {
		cfg.Scopes = append([]string{"openid"}, cfg.Scopes...)
	}
	if cfg.Client == nil {
		cfg.Client = web.NewClient(web.ClientOptions{AllowPrivate: cfg.AllowHTTP})
	}
	// A copy, because the caller's client may serve others: ours must not follow redirects, whatever it was given.
	client := *cfg.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Timeout = cmp.Or(client.Timeout, 10*time.Second)
	cfg.Client = &client
	cfg.ClockSkew = cmp.Or(cfg.ClockSkew, time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	return &Connector{
		cfg:  cfg,
		meta: jwks.NewKept[*metadata](),
		keys: jwks.New(cfg.Client, cfg.Now),
	}, nil
}

// checkURL accepts absolute https addresses without user or fragment, and http ones on this host when that is allowed.
func checkURL(address string, allowHTTP bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("must be an absolute https address without user or fragment")
	}
	if u.Scheme == "https" {
		return nil
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	if loopback := host == "localhost" || err == nil && ip.IsLoopback(); u.Scheme == "http" && loopback && allowHTTP {
		return nil
	}
	return errors.New("must be https")
}

// Provider is this connector as a merchant's provider, under the name that identity_provider says.
func (c *Connector) Provider(merchant int, name, label string) connector.Provider {
	return connector.Provider{Merchant: merchant, Name: name, Label: label, Kind: "oidc", Identify: c, Return: c}
}

// session is what Return needs to know of Identify. The verifier is a secret of the run.
type session struct {
	Issuer    string    `json:"issuer"`
	State     string    `json:"state"`
	Nonce     string    `json:"nonce"`
	Verifier  string    `json:"verifier"`
	ACR       []string  `json:"acr,omitempty"`    // the token's acr must be one of these, when there are any
	MaxAge    *int      `json:"maxAge,omitempty"` // seconds
	StartedAt time.Time `json:"startedAt"`
}

// Identify makes the address of the provider's sign-in page. Nothing is asked of the provider but its discovery document,
// so it may be repeated: each call has a nonce and a PKCE verifier of its own, and the latest session is the valid one.
//
// Errors: parley.KindInvalid without a state; parley.KindUnheard when discovery could not be read for now;
// parley.KindRefused, with a *parley.Refusal, when what it says is not acceptable, or when the demanded strength is none
// that the configuration allows.
func (c *Connector) Identify(ctx context.Context, ask connector.IdentifyRequest) (connector.Opened, error) {
	if ask.State == "" {
		return connector.Opened{}, parley.Invalid("state", "is needed")
	}
	s := session{Issuer: c.cfg.Issuer, State: ask.State, MaxAge: ask.MaxAge, StartedAt: c.cfg.Now().UTC()}
	allowed := strings.Fields(c.cfg.ACRValues)
	s.ACR = strings.Fields(ask.ACR)
	wanted := s.ACR
	switch {
	case len(s.ACR) == 0:
		wanted = allowed
		if c.cfg.RequireACR {
			s.ACR = allowed
		}
	case c.cfg.RequireACR:
		// A request may choose among what the merchant accepts, never something else.
		s.ACR = slices.DeleteFunc(s.ACR, func(acr string) bool { return !slices.Contains(allowed, acr) })
		if wanted = s.ACR; len(wanted) == 0 {
			return connector.Opened{}, refused(&denial{parley.StatusNotAuthenticated, "the demanded acr is not allowed"})
		}
	}
	m, err := c.metadata(ctx)
	if d, ok := errors.AsType[*denial](err); ok {
		return connector.Opened{}, refused(d)
	} else if err != nil {
		return connector.Opened{}, parley.Errorf(parley.KindUnheard, "discover %s: %w", c.cfg.Name, err)
	}
	for _, secret := range []*string{&s.Nonce, &s.Verifier} {
		raw := make([]byte, 32)
		if _, err := io.ReadFull(c.cfg.Rand, raw); err != nil {
			return connector.Opened{}, fmt.Errorf("draw a secret: %w", err)
		}
		*secret = base64.RawURLEncoding.EncodeToString(raw)
	}
	kept, err := json.Marshal(s)
	if err != nil {
		return connector.Opened{}, fmt.Errorf("keep the session: %w", err)
	}
	u, err := url.Parse(m.Authorization)
	if err != nil {
		return connector.Opened{}, fmt.Errorf("parse the authorization endpoint: %w", err)
	}
	u.RawQuery = c.parameters(u.Query(), ask, s, strings.Join(wanted, " ")).Encode()
	return connector.Opened{Page: connector.Page{URL: u.String()}, Session: kept}, nil
}

// parameters are those of the authorization request. They begin with what the endpoint's address carries already
// (RFC 6749 §3.1), and what the protocol needs is written last, over everything else.
func (c *Connector) parameters(q url.Values, ask connector.IdentifyRequest, s session, acr string) url.Values {
	for name, value := range ask.Extra {
		if !slices.Contains(reserved, name) {
			q.Set(name, value)
		}
	}
	for name, value := range c.cfg.ExtraParams {
		q.Set(name, value)
	}
	challenge := sha256.Sum256([]byte(s.Verifier))
	q.Set("response_type", "code")
	q.Set("client_id", c.cfg.ClientID)
	q.Set("redirect_uri", c.cfg.RedirectURL)
	q.Set("scope", strings.Join(c.cfg.Scopes, " "))
	q.Set("state", s.State)
	q.Set("nonce", s.Nonce)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	q.Set("code_challenge_method", "S256")
	if acr != "" {
		q.Set("acr_values", acr)
	}
	if ask.LoginHint != "" && c.cfg.ExtraParams["login_hint"] == "" {
		q.Set("login_hint", ask.LoginHint.Reveal())
	}
	if ask.Locale != "" {
		q.Set("ui_locales", strings.ReplaceAll(ask.Locale, "_", "-"))
	}
	if s.MaxAge != nil {
		q.Set("max_age", strconv.Itoa(*s.MaxAge))
	}
	return q
}

// denial is a definitive no: what it means to the person, and a reason for our own log that says nothing about anybody.
type denial struct {
	status parley.Status
	why    string
}

func (d *denial) Error() string { return d.why }

// broken is the denial of a provider that does not speak the protocol.
func broken(why string) error { return &denial{parley.StatusProviderOutOfService, why} }

// distrusted is the denial of a proof that does not hold.
func distrusted(why string) error { return &denial{parley.StatusNotAuthenticated, why} }

func (d *denial) refusal() *parley.Refusal {
	by := parley.ByIdentityProvider
	if d.status == parley.StatusCancelledByUser {
		by = parley.ByBrowser
	}
	return &parley.Refusal{By: by, Status: d.status}
}

func refused(d *denial) error {
	return parley.Errorf(parley.KindRefused, "%s: %w", d.why, d.refusal())
}
