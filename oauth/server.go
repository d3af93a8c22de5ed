// Package oauth is the authorization server, in the words of the RFCs: a browser asks it to authorize, a conversation
// follows, and the code that comes of it is redeemed for a token, once.
//
// It owns requests, clients, codes, tokens and keys. What happens between the request and the code belongs to package
// flow, which it knows as Conversations; the pages on the way are plain and its own. Two profiles share the code: standard,
// by RFC 6749, 7636, 8414, 9207 and 9700, and compatible, which answers clients written for the vendor of the one-click API.
//
// Read request.go for what is asked and refused, authorize.go and follow.go for the browser's way, token.go and check.go for the
// operator's.
package oauth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"parley"
	"parley/web"
)

// Config is what a Server is built from. The fields without a remark must be given.
type Config struct {
	Issuer        string // our own address, without a slash at the end; https, or http on a loopback address
	Secret        []byte // the installation's secret, 32 bytes or more: keys are derived from it and sealed under it
	Clients       []Client
	Providers     func(merchant int) []Provider // what a merchant's people can choose from
	Conversations Conversations
	Store         Store
	Address       map[int]AddressBook // by merchant; optional
	Look          map[int]web.Look    // by merchant; ours when there is none
	Now           func() time.Time    // time.Now when nil
	Log           *slog.Logger        // slog.Default() when nil

	CodeLifetime  time.Duration // at most 60 s, which is also the default
	TokenLifetime time.Duration // of standard access tokens; an hour when zero
	// PartnerTokenLifetime is of tokens for the API, which are not kept and so cannot be taken back, but by disabling the client. Ten
	// minutes when zero, at most an hour.
	PartnerTokenLifetime time.Duration
	KeyLifetime          time.Duration // after which a new signing key takes over; 90 days when zero
	Streams              *web.Streams  // of the pages that follow a conversation; one of its own when nil
	Patience             time.Duration // how long a person has to identify themselves, to tell them when it is over

	// TrustedProxies may say in X-Forwarded-For who asks. Nobody else is believed.
	TrustedProxies []netip.Prefix
	// CertificateHeader is the header in which a trusted proxy says which client certificate it saw (RFC 9440: Client-Cert). It must take
	// away what came from outside. None when empty: then it is the certificate of the connection that counts.
	CertificateHeader string
	// ClientCAs are the authorities whose certificates count where one is known by its subject.
	ClientCAs *x509.CertPool
	// TLSHost is the name at which client certificates are asked for, when that is another than the issuer's.
	TLSHost string
	// AnyBrowser gives up the rule that a conversation is continued by the browser that began it. For a sandbox whose
	// simulated person has no browser, never for people.
	AnyBrowser bool
	// Hold is how long a browser that is early is held before it gets the waiting page; a second when zero.
	Hold time.Duration
}

// Provider is an identity provider as a person chooses it.
type Provider struct {
	Name, Label string
	Pays        bool   // a deposit can follow
	Payer       string // the label of who takes it, when that is somebody else
	Here        bool   // people are identified on our own page
	Logo        string // address of an image; none when empty
	Framed      bool   // its page may stand in an iframe
	Demands     []string
}

// AddressBook is where addresses are looked up that the identity provider did not tell.
type AddressBook struct {
	Name   string
	Source AddressSource
	// Price is what a question costs the operator, in minor units of its contract. It is counted, not charged.
	Price int64
	// Keep is how long an answer about a person serves other tokens too; a day when zero.
	Keep time.Duration
}

// Server is the authorization server.
type Server struct {
	Config
	clients  map[string]*Client
	partners []*Client // those of partners, in their order
	keys     *keyring
	handles  web.Handles
	codeKey  []byte
	tries    web.Tries // failed client authentications, so that a secret cannot be guessed at leisure
	rushes   rushes
	watched  watched
	secure   bool // the cookie can be bound to the host
}

// New checks the configuration. The keys are read, and made if there are none, by Open.
func New(c Config) (*Server, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, parley.Invalid("issuer", "must be https (or http on a loopback address), without path, query or fragment")
	}
	if len(c.Secret) < 32 {
		return nil, parley.Invalid("secret", "must have 32 bytes or more")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Streams == nil {
		c.Streams = new(web.Streams)
	}
	if c.CodeLifetime == 0 {
		c.CodeLifetime = time.Minute
	}
	if c.CodeLifetime < 0 || c.CodeLifetime > time.Minute {
		return nil, parley.Invalid("code_lifetime", "must be at most 60 seconds")
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = time.Hour
	}
	if c.PartnerTokenLifetime == 0 {
		c.PartnerTokenLifetime = 10 * time.Minute
	}
	if c.PartnerTokenLifetime < time.Second || c.PartnerTokenLifetime > time.Hour {
		return nil, parley.Invalid("api_token_lifetime", "must be between a second and an hour")
	}
	if c.KeyLifetime == 0 {
		c.KeyLifetime = 90 * 24 * time.Hour
	}
	if c.Hold == 0 {
		c.Hold = time.Second
	}
	s := &Server{Config: c, clients: map[string]*Client{}, secure: u.Scheme == "https"}
	s.handles = web.Handles{Key: Derive(c.Secret, "handles")}
	s.codeKey = Derive(c.Secret, "codes")
	owner := map[string]string{} // of a certificate: the client
	for i := range c.Clients {
		client := c.Clients[i]
		if err := client.check(); err != nil {
			return nil, fmt.Errorf("client %s: %w", client.ID, err)
		}
		if s.clients[client.ID] != nil {
			return nil, parley.Invalid("client", "the id "+client.ID+" is there twice")
		}
		s.clients[client.ID] = &client
		if client.Partner == "" {
			continue
		}
		s.partners = append(s.partners, &client)
		for _, cert := range client.Certificates {
			known := cert.Fingerprint + cert.Subject
			if other := owner[known]; other != "" {
				return nil, fmt.Errorf("client %s: %w", client.ID, parley.Invalid("certificates", "one of them is also "+other+"'s"))
			}
			owner[known] = client.ID
			if cert.Subject != "" && c.ClientCAs == nil {
				return nil, fmt.Errorf("client %s: %w", client.ID, parley.Invalid("certificates", "a subject counts only with an authority that vouches for it: client_ca"))
			}
		}
	}
	s.keys = &keyring{server: s, seal: Derive(c.Secret, "signing keys")}
	return s, nil
}

// Derive makes a key for one purpose from the installation's secret.
func Derive(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "parley "+purpose, 32)
	if err != nil {
		panic(err) // only lengths that are not ours can fail
	}
	return key
}

func mac(key []byte, words ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, w := range words {
		fmt.Fprintf(m, "%d:%s", len(w), w)
	}
	return m.Sum(nil)
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Routes adds the endpoints to a mux, and again under /paymentiq for clients of the vendor.
func (s *Server) Routes(mux *http.ServeMux) {
	for _, at := range []string{"", "/paymentiq"} {
		mux.HandleFunc(at+"/oauth/authorize", s.authorize)
		mux.HandleFunc(at+"/oauth/token", s.token)
		mux.HandleFunc(at+"/oauth/check_token", s.checkToken)
		mux.HandleFunc("GET "+at+"/api/signin/status", s.status)
		mux.HandleFunc("GET "+at+"/identity/api/signin/status", s.status)
	}
	mux.Handle("GET /oauth/follow/{run}", s.talk(s.follow))
	mux.Handle("GET /oauth/follow/{run}/events", s.talk(s.events))
	mux.Handle("GET /oauth/follow/{run}/qr", s.talk(s.qr))
	mux.Handle("POST /oauth/cancel/{run}", s.talk(s.cancel))
	mux.HandleFunc("GET /oauth/jwks", s.jwks)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.metadata)
	mux.HandleFunc("GET /.well-known/openid-configuration", s.metadata)
}

// FollowURL is the page that follows a run.
func (s *Server) FollowURL(run string) string { return s.address(run, visit{}) }

// BackURL is the same page for a browser that has come back from the provider: only such a one is given a code. Whoever began a
// conversation and had somebody else finish it never comes by there, and gets nothing. stay says that the person is not to be sent
// anywhere else.
func (s *Server) BackURL(run string, stay bool) string {
	return s.address(run, visit{back: true, stay: stay})
}

// ip is the address of who asks.
func (s *Server) ip(r *http.Request) string { return web.Asker(r, s.TrustedProxies) }

func (s *Server) trusted(ip netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
