// Package sandbox is Parley with everybody that it speaks to, on this machine: a house as in production, on SQLite, and
// beside it the simulated operator with its shop, Trustly, an OpenID provider, an address register, BankID, and a bank with savings
// programmes, each a server of its own. Newcomers watch it, integrators test against it, and so do we.
//
// sandbox.go builds it, savings.go its side of goal savings; stories.go plays conversations in it and checks what every party saw, and
// savings_stories.go those of goal savings; home.go is the page from which people watch them and change how the parties behave, and
// parties.go what it knows of each.
package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"parley/house"
	"parley/sim"
)

// Merchant is the number of the sandbox's merchant.
const Merchant = 1000

// The clients that are there from the start. Their secrets are no secrets, so that they can stand in somebody's test.
const (
	ShopClient, ShopSecret             = "shop", "shop-secret-0123456789"
	SPAClient                          = "shop-spa"
	CompatibleClient, CompatibleSecret = "shop-compatible", "shop-compatible-secret-0123456789"
)

// Options are how a sandbox is started. The zero value is a sandbox on free ports with its data in a temporary folder.
type Options struct {
	Port         int      // of Parley; the parties and the home get those after it, up to LastPort. Zero means free ports
	Data         string   // folder of the database; a temporary one when empty
	Auto         string   // "approve" or "deny": the simulated person acts by themselves. Empty: somebody clicks
	RedirectURIs []string // added to each client's own
	OperatorURL  string   // with {action}: somebody's own platform, in place of the simulated one
	OIDC         []OIDC   // somebody's own OpenID providers
	Content      string   // folder with content of one's own, which all partners offer
	BankURL      string   // somebody's own bank is told of events and transactions, at {partner}/webhooks/... below it, in place of the simulated one
	Log          *slog.Logger
	Parts        house.Parts // for tests; Log and AnyBrowser are set from the above

	// Elsewhere is the address of a house that another process builds from Sandbox.Config: only the parties are started.
	Elsewhere string

	// The rest is for tests too.
	Configure   func(*house.Config)                   // changes the configuration before the house is built
	Redelivery  []time.Duration                       // of the simulated Trustly
	KYCPatience time.Duration                         // of its person
	Front       func(inner http.Handler) http.Handler // stands before the house, and outlives it
	Manual      bool                                  // the engine is not started: Work is called by the test
}

// LastPort is how many ports after Parley's own the last one lies that a sandbox may take.
const LastPort = 7

// OIDC is somebody's own OpenID provider.
type OIDC struct{ Issuer, ClientID, ClientSecret string }

// Sandbox is everything, running.
type Sandbox struct {
	House    *house.House
	Operator *sim.Operator
	Trustly  *sim.Trustly
	OpenID   *sim.OpenID
	Register *sim.Register
	BankID   *sim.BankID
	Bank     *sim.Bank

	URL, OperatorURL, TrustlyURL, OpenIDURL, RegisterURL, BankIDURL, BankURL string
	HomeURL                                                                  string // empty when the house is elsewhere
	Config                                                                   house.Config
	Clients                                                                  []Client
	Providers                                                                []string
	Data                                                                     string

	wires   *http.Transport // of the simulated people
	mu      sync.RWMutex    // guards House
	servers []*http.Server
	house   *http.Server
	home    *home
	remove  func() error
	opts    Options
}

// Client is an OAuth client as an integrator needs to know it.
type Client struct {
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret,omitempty"`
	Profile      string   `json:"profile"`
	Auth         string   `json:"token_endpoint_auth_method"`
	RedirectURIs []string `json:"redirect_uris"`
}

// Start starts everybody and returns when all can be spoken to.
func Start(ctx context.Context, o Options) (*Sandbox, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sandbox{Data: o.Data, remove: func() error { return nil }, opts: o, wires: &http.Transport{MaxIdleConnsPerHost: 256}}
	ok := false
	defer func() {
		if !ok {
			s.Close(context.Background())
		}
	}()
	if s.Data == "" {
		folder, err := os.MkdirTemp("", "parley-sandbox-")
		if err != nil {
			return nil, err
		}
		s.Data, s.remove = folder, func() error { return os.RemoveAll(folder) }
	}
	secret, err := keepSecret(s.Data)
	if err != nil {
		return nil, err
	}
	// Who listens, in the order of the ports. Parley's handler comes when its house stands.
	seats := []seat{
		{0, &s.URL, nil},
		{1, &s.OperatorURL, func() http.Handler { return s.Operator }},
		{2, &s.TrustlyURL, func() http.Handler { return s.Trustly }},
		{3, &s.OpenIDURL, func() http.Handler { return s.OpenID }},
		{4, &s.RegisterURL, func() http.Handler { return s.Register }},
		{5, &s.BankIDURL, func() http.Handler { return s.BankID }},
		{6, &s.BankURL, func() http.Handler { return s.Bank }},
	}
	if o.Elsewhere == "" {
		seats = append(seats, seat{LastPort, &s.HomeURL, nil})
	}
	listeners := make([]net.Listener, len(seats))
	for i, seat := range seats {
		port := 0
		if o.Port != 0 {
			port = o.Port + seat.after
		}
		if listeners[i], err = listen(port, i > 0); err != nil {
			for _, l := range listeners[:i] {
				l.Close()
			}
			return nil, err
		}
		*seat.url = "http://" + listeners[i].Addr().String()
	}
	if o.Elsewhere != "" {
		listeners[0].Close()
		s.URL = o.Elsewhere
	}
	ours, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	s.parties(o, &ours.PublicKey)
	if s.Config, err = s.config(o, ours, secret); err != nil {
		return nil, err
	}
	if o.Configure != nil {
		o.Configure(&s.Config)
	}
	for i, seat := range seats {
		if seat.handler != nil {
			s.servers = append(s.servers, serve(listeners[i], seat.handler()))
		}
	}
	if o.Elsewhere != "" {
		ok = true
		return s, nil
	}
	own := listeners[len(listeners)-1]
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, listeners[0].Close(), own.Close())
	}
	var front http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.Current().Handler.ServeHTTP(w, r) })
	if o.Front != nil {
		front = o.Front(front)
	}
	s.house = serve(listeners[0], front)
	s.house.RegisterOnShutdown(func() { s.Current().Streams.Close() })
	if s.home, err = newHome(s, own); err != nil {
		return nil, errors.Join(err, own.Close())
	}
	ok = true
	return s, nil
}

// seat is where somebody listens: so many ports after Parley's own.
type seat struct {
	after   int
	url     *string
	handler func() http.Handler
}

// open builds the house.
func (s *Sandbox) open(ctx context.Context) error {
	parts := s.opts.Parts
	parts.Log = s.opts.Log
	parts.AnyBrowser = parts.AnyBrowser || s.opts.Auto != ""
	if s.opts.Auto != "" && parts.Hold == 0 {
		parts.Hold = 10 * time.Second // a program follows redirects, and does not look again
	}
	h, err := house.New(ctx, s.Config, parts)
	if err != nil {
		return err
	}
	if !s.opts.Manual {
		h.Start()
	}
	s.mu.Lock()
	s.House = h
	s.mu.Unlock()
	return nil
}

// Current is the house that stands at the moment.
func (s *Sandbox) Current() *house.House {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.House
}

// Reopen builds the house anew with other parts, as a supervisor starts a process that has died. The house before is not
// stopped: it is for the caller to see that it is dead.
func (s *Sandbox) Reopen(ctx context.Context, parts house.Parts) error {
	s.opts.Parts = parts
	return s.open(ctx)
}

func listen(port int, elsewhere bool) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil && elsewhere {
		return net.Listen("tcp", "127.0.0.1:0") // a party can be anywhere
	}
	return l, err
}

func serve(l net.Listener, h http.Handler) *http.Server {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go srv.Serve(l)
	return srv
}

// keepSecret reads the installation's secret from the data folder, making one the first time.
func keepSecret(folder string) (string, error) {
	file := filepath.Join(folder, "secret")
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		raw := make([]byte, 32)
		rand.Read(raw)
		b = []byte(base64.RawURLEncoding.EncodeToString(raw))
		if err = os.MkdirAll(folder, 0o700); err == nil {
			err = os.WriteFile(file, b, 0o600)
		}
	}
	return string(b), err
}

// parties makes the counterparties.
func (s *Sandbox) parties(o Options, ours *rsa.PublicKey) {
	callback := s.OperatorURL + "/shop/callback"
	s.Operator = sim.NewOperator(sim.OperatorOptions{
		Now: o.Parts.Now, Currency: "SEK", Username: "parley", Password: "parley-basic-0123456789", Secret: webhookSecret,
		Shop: sim.ShopClient{AuthorizeURL: s.URL + "/oauth/authorize", TokenURL: s.URL + "/oauth/token", CheckTokenURL: s.URL + "/oauth/check_token",
			Issuer: s.URL, ClientID: ShopClient, ClientSecret: ShopSecret, RedirectURI: callback},
		Providers: []sim.OperatorProvider{{Name: "trustly", Label: "Trustly", Pays: true}, {Name: "openid", Label: "OpenID, then Trustly", Pays: true},
			{Name: "bankid", Label: "BankID, then Trustly", Pays: true}},
	})
	s.Trustly = sim.NewTrustly(sim.TrustlyOptions{Username: "parley", Password: "parley-trustly-0123456789", MerchantKey: ours, URL: s.TrustlyURL, Auto: o.Auto,
		RetryAfter: o.Redelivery, KYCWait: o.KYCPatience, Now: o.Parts.Now})
	s.OpenID = sim.NewOpenID(sim.OpenIDOptions{URL: s.OpenIDURL, ClientID: "parley", ClientSecret: "parley-openid-0123456789", Auto: o.Auto, Now: o.Parts.Now,
		RedirectURIs: []string{s.URL + "/connect/" + strconv.Itoa(Merchant) + "/openid/callback"}})
	s.Register = sim.NewRegister(sim.RegisterOptions{Now: o.Parts.Now})
	s.BankID = sim.NewBankID(sim.BankIDOptions{Auto: o.Auto, Now: o.Parts.Now})
	s.Bank = s.bank(o)
}

const webhookSecret = "whsec_c2FuZGJveC1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg=="

// config is the configuration file of the sandbox, as one would write it.
func (s *Sandbox) config(o Options, key *rsa.PrivateKey, secret string) (house.Config, error) {
	value := func(v string) house.Secret { return house.Secret{Value: v} }
	operator := house.Operator{URL: s.OperatorURL + "/api/{action}", User: "parley", Password: value("parley-basic-0123456789"), WebhookSecrets: []house.Secret{value(webhookSecret)}}
	if o.OperatorURL != "" {
		operator = house.Operator{URL: o.OperatorURL}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return house.Config{}, err
	}
	providers := []house.Provider{
		{Name: "trustly", Label: "Trustly", Trustly: &house.Trustly{URL: s.TrustlyURL + "/api/1", Username: "parley", Password: value("parley-trustly-0123456789"),
			Key: value(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))), TrustlyKey: value(string(s.Trustly.PublicKeyPEM())),
			ShopperStatement: "Sandbox", Email: "person@example.com"}},
		{Name: "openid", Label: "OpenID", PayWith: "trustly", OIDC: &house.OIDC{Issuer: s.OpenIDURL, ClientID: "parley", ClientSecret: value("parley-openid-0123456789"), PersonCountry: "SE"}},
		{Name: "bankid", Label: "BankID", PayWith: "trustly", BankID: &house.BankID{URL: s.BankIDURL + "/rp/v6.0/", App: s.BankIDURL + "/app", UserVisibleData: "You identify yourself to the Sandbox shop."}},
	}
	for i, own := range o.OIDC {
		name := "own"
		if i > 0 {
			name += strconv.Itoa(i + 1)
		}
		providers = append(providers, house.Provider{Name: name, Label: own.Issuer, PayWith: "trustly",
			OIDC: &house.OIDC{Issuer: own.Issuer, ClientID: own.ClientID, ClientSecret: value(own.ClientSecret)}})
	}
	for _, p := range providers {
		s.Providers = append(s.Providers, p.Name)
	}
	uris := append([]string{s.OperatorURL + "/shop/callback"}, o.RedirectURIs...)
	s.Clients = []Client{
		{ShopClient, ShopSecret, "standard", "client_secret_basic", uris},
		{SPAClient, "", "standard", "none", uris},
		{CompatibleClient, CompatibleSecret, "compatible", "client_secret_basic", uris},
	}
	var clients []house.Client
	for _, c := range s.Clients {
		clients = append(clients, house.Client{ID: c.ID, Profile: c.Profile, Auth: c.Auth, Secret: value(c.Secret), RedirectURIs: c.RedirectURIs, IgnoreQuery: c.Profile == "compatible"})
	}
	return house.Config{
		Issuer: s.URL, Data: s.Data, Secret: value(secret), AllowPrivate: true, Partners: s.partners(o),
		Merchants: []house.Merchant{{
			ID: Merchant, Name: "Sandbox shop", Operator: operator, Providers: providers, Clients: clients,
			Address: &house.Address{Price: 40, SPAR: &house.SPAR{URL: s.RegisterURL + "/", Customer: "500243", EndCustomer: "500243", Assignment: "637", User: "Parley sandbox"}},
		}},
	}, nil
}

// Close stops everybody and, where it was made for this, removes the data.
func (s *Sandbox) Close(ctx context.Context) error {
	var errs []error
	if s.home != nil {
		s.home.stop() // a story that is being told ends, and those who watch are let go
	}
	s.wires.CloseIdleConnections()
	if s.house != nil {
		errs = append(errs, s.house.Shutdown(ctx))
	}
	if s.House != nil {
		errs = append(errs, s.House.Stop(ctx))
	}
	if s.Trustly != nil {
		s.Trustly.Close()
	}
	if s.Bank != nil {
		s.Bank.Close()
	}
	if s.home != nil {
		errs = append(errs, s.home.close(ctx))
	}
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	return errors.Join(append(errs, s.remove())...)
}

// Links is everything that an integrator needs to know, as one document.
type Links struct {
	URL          string   `json:"url"`
	Issuer       string   `json:"issuer"`
	Authorize    string   `json:"authorization_endpoint"`
	Token        string   `json:"token_endpoint"`
	CheckToken   string   `json:"check_token_endpoint"`
	JWKS         string   `json:"jwks_uri"`
	Metadata     string   `json:"metadata"`
	Merchant     int      `json:"merchant"`
	Providers    []string `json:"identity_providers"`
	Clients      []Client `json:"clients"`
	Shop         string   `json:"shop"`
	Operator     string   `json:"operator"`
	Notification string   `json:"operator_notifications"`
	Trustly      string   `json:"trustly"`
	OpenID       string   `json:"openid"`
	Register     string   `json:"address_register"`
	BankID       string   `json:"bankid"`
	Bank         string   `json:"bank"`
	BankApp      string   `json:"bank_app"`
	Savings      Savings  `json:"savings"`
	Home         string   `json:"home,omitempty"`
	Data         string   `json:"data"`
	Auto         string   `json:"auto,omitempty"`
}

// Links are where everybody is.
func (s *Sandbox) Links() Links {
	return Links{
		URL: s.URL, Issuer: s.URL, Authorize: s.URL + "/oauth/authorize", Token: s.URL + "/oauth/token", CheckToken: s.URL + "/oauth/check_token",
		JWKS: s.URL + "/oauth/jwks", Metadata: s.URL + "/.well-known/oauth-authorization-server", Merchant: Merchant, Providers: s.Providers, Clients: s.Clients,
		Shop: s.OperatorURL + "/shop", Operator: s.OperatorURL + "/", Notification: s.Config.Merchants[0].Operator.URL,
		Trustly: s.TrustlyURL + "/", OpenID: s.OpenIDURL + "/", Register: s.RegisterURL + "/", BankID: s.BankIDURL + "/", Bank: s.BankURL + "/", BankApp: s.bankApp(SharedPartner), Savings: s.savings(), Home: s.HomeURL, Data: s.Data, Auto: s.opts.Auto,
	}
}
