// Package house builds the whole of Parley from a configuration: the store, the engine with its flows, the connectors, the
// authorization server and the handler that serves them. It is where everything is tied together; cmd/parley and the tests
// are its only callers, and it holds no rule of its own.
//
// Read New from top to bottom: it is the plan of the house.
package house

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/api"
	"parley/app"
	"parley/connector"
	"parley/connector/bankid"
	"parley/connector/oidc"
	"parley/connector/spar"
	"parley/connector/trustly"
	"parley/engine"
	"parley/flow"
	"parley/notify"
	"parley/oauth"
	"parley/store"
	"parley/web"
	"parley/webhook"
)

// Parts are what a house can be given instead of making it. The zero value makes everything.
type Parts struct {
	Store  Store            // opened from Config.Data when nil; the house closes only what it opened
	Now    func() time.Time // the clock
	Random func() float64   // for spreading retries
	Log    *slog.Logger
	// AnyBrowser gives up that a conversation is continued by the browser that began it: for a simulated person.
	AnyBrowser bool
	// Wrap is put around every outbound transport: for tests that cut wires.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Hold is how long a browser that is early is held; a second when zero.
	Hold time.Duration
}

// Store is all that a house needs of a database.
type Store interface {
	engine.Store
	oauth.Store
	flow.SavingsStore
	api.Store
	app.Store
	webhook.Store
	Numbers(ctx context.Context, name string, n int) (int64, error)
	Runs(ctx context.Context, before string, limit int) ([]engine.Run, error)
}

// House is a running Parley, but for a listener.
type House struct {
	Handler       http.Handler
	Engine        *engine.Engine
	OAuth         *oauth.Server
	Conversations *flow.Conversations
	Desk          *flow.Desk
	Providers     []connector.Provider
	Savings       *flow.Savings     // of the partners; it has none when none is configured
	API           *api.API          // what their banks say and ask; nil when there is no partner
	App           *app.App          // where their people save; nil when no partner's people come in
	Webhooks      *webhook.Webhooks // what their banks are told of
	Store         Store
	Streams       *web.Streams // what is open to be told of changes: a server that shuts down closes it first
	closer        func() error
}

// New builds a house. It does nothing by itself until Start.
func New(ctx context.Context, c Config, p Parts) (*House, error) {
	h := &House{Store: p.Store, Streams: &web.Streams{Most: c.MaxStreams}, closer: func() error { return nil }}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	secret, err := c.Secret.Read()
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	plan, err := read(c, p)
	if err != nil {
		return nil, err
	}
	h.Providers = plan.providers

	h.Desk = &flow.Desk{Merchants: plan.merchants}
	h.Conversations = &flow.Conversations{Desk: h.Desk, Now: p.Now}
	config := plan.oauth(c, secret)
	config.Providers, config.Conversations, config.Address, config.Look = plan.choices, h.Conversations, plan.addresses, plan.looks
	config.Now, config.Log, config.AnyBrowser, config.Hold, config.Streams, config.Patience = p.Now, p.Log, p.AnyBrowser, p.Hold, h.Streams, flow.Lifetime
	h.OAuth, err = oauth.New(config)
	if err != nil {
		return nil, err
	}
	if h.Store == nil {
		db, err := store.OpenSQLite(ctx, cmp.Or(c.Data, "data"))
		if err != nil {
			return nil, fmt.Errorf("open the store: %w", err)
		}
		h.Store, h.closer = db, db.Close
	}
	h.OAuth.Store = h.Store
	door := &connector.Door{
		Base: c.Issuer, Providers: h.Providers, Conversations: h.Conversations, Handles: web.Handles{Key: oauth.Derive([]byte(secret), "doors")},
		Follow: h.OAuth.FollowURL, Back: h.OAuth.BackURL, AnyBrowser: p.AnyBrowser, Log: p.Log,
	}
	h.Desk.Addresses = func(merchant int, provider, run string) flow.Addresses {
		return flow.Addresses{
			Success: door.At(merchant, provider, "return", run), Fail: door.At(merchant, provider, "giveup", run),
			Notify: door.At(merchant, provider, "notify", run), State: door.State(run),
		}
	}
	h.Desk.Token = h.OAuth.StatusToken
	h.Desk.Number = (&numbers{store: h.Store}).next
	h.Desk.Over = h.Conversations.Over
	mux := http.NewServeMux()
	err = h.save(c, plan, p, mux)
	if err == nil {
		h.Engine, err = engine.New(ctx, engine.Options{Store: h.Store, Tables: append(h.Desk.Tables(), h.Savings.Tables()...), Now: p.Now, Random: p.Random, Log: p.Log, Alone: true})
	}
	if err == nil {
		h.Conversations.Engine, h.Savings.Engine = h.Engine, h.Engine
		err = h.OAuth.Open(ctx)
	}
	if err != nil {
		h.closer()
		return nil, err
	}
	h.OAuth.Routes(mux)
	door.Routes(mux)
	mux.Handle("GET /assets/", plan.assets)
	mux.HandleFunc("GET /healthz", h.healthy)
	mux.Handle("/", web.Page(func(http.ResponseWriter, *http.Request) error {
		return parley.Errorf(parley.KindNotFound, "no such page")
	}))
	h.Handler = web.Safe(p.Log, mux)
	return h, nil
}

// Start has done what is due, in the background.
func (h *House) Start() {
	h.Engine.Start()
	if len(h.Savings.Partners) > 0 {
		h.Savings.Start()
		h.Webhooks.Start()
	}
}

// Stop ends what is being said, then closes what New opened. What is left goes on at the next start. Who begins runs ends before the engine
// that moves them.
func (h *House) Stop(ctx context.Context) error {
	h.Streams.Close()
	return errors.Join(h.Savings.Stop(ctx), h.Webhooks.Stop(ctx), h.Engine.Stop(ctx), h.closer())
}

func (h *House) healthy(w http.ResponseWriter, r *http.Request) {
	if _, _, err := h.Engine.NextDue(r.Context()); err != nil {
		web.Problem(w, parley.Errorf(parley.KindUnavailable, "the store does not answer: %w", err))
		return
	}
	web.JSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// plan is a configuration that was understood.
type plan struct {
	merchants map[int]*flow.Merchant
	providers []connector.Provider
	clients   []oauth.Client
	addresses map[int]oauth.AddressBook
	looks     map[int]web.Look
	logos     map[string]string // addresses of providers' logos, by merchant and name
	assets    *web.Files
	proxies   []netip.Prefix
	banks     []*bank
	clientCAs *x509.CertPool
}

// Check says what is wrong with a configuration, without opening or asking anything.
func Check(c Config) error {
	secret, err := c.Secret.Read()
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	plan, err := read(c, Parts{Now: time.Now, Log: slog.Default()})
	if err != nil {
		return err
	}
	_, err = oauth.New(plan.oauth(c, secret))
	return err
}

// oauth is what the configuration says of the authorization server.
func (pl *plan) oauth(c Config, secret string) oauth.Config {
	out := oauth.Config{Issuer: c.Issuer, Secret: []byte(secret), Clients: pl.clients, TrustedProxies: pl.proxies, CertificateHeader: c.CertHeader, ClientCAs: pl.clientCAs,
		CodeLifetime: time.Duration(c.CodeLifetime), TokenLifetime: time.Duration(c.TokenLifetime), KeyLifetime: time.Duration(c.KeyLifetime), PartnerTokenLifetime: time.Duration(c.APITokens)}
	if c.TLS != nil {
		out.TLSHost = c.TLS.ClientHost
	}
	return out
}

// read understands a configuration.
func read(c Config, p Parts) (*plan, error) {
	pl := &plan{merchants: map[int]*flow.Merchant{}, addresses: map[int]oauth.AddressBook{}, looks: map[int]web.Look{}, logos: map[string]string{}, assets: web.Assets()}
	if c.MaxStreams < 0 {
		return nil, parley.Invalid("max_streams", "cannot be negative")
	}
	if len(c.Merchants)+len(c.Partners) == 0 {
		return nil, parley.Invalid("merchants", "at least one is needed, or a partner")
	}
	var err error
	if pl.proxies, err = prefixes(c.TrustedProxies); err != nil {
		return nil, fmt.Errorf("trusted_proxies: %w", err)
	}
	for _, m := range c.Merchants {
		if m.ID <= 0 || pl.merchants[m.ID] != nil {
			return nil, parley.Invalid("merchants", fmt.Sprintf("id %d is not positive, or there twice", m.ID))
		}
		if err := pl.merchant(c, m, p); err != nil {
			return nil, fmt.Errorf("merchant %d: %w", m.ID, err)
		}
	}
	return pl, pl.partners(c, p)
}

func (pl *plan) merchant(c Config, m Merchant, p Parts) error {
	o := m.Operator
	fm := &flow.Merchant{ID: m.ID, Name: m.Name, Providers: map[string]connector.Provider{}, AskSignIn: map[string]bool{}, PayWith: map[string]string{}}
	auth, err := o.auth()
	if err != nil {
		return fmt.Errorf("operator: %w", err)
	}
	var secrets []string
	for _, s := range o.WebhookSecrets {
		secret, err := s.Read()
		if err != nil {
			return fmt.Errorf("operator: webhook_secrets: %w", err)
		}
		secrets = append(secrets, secret)
	}
	client := client(c, p)
	fm.Operator, err = notify.New(notify.Config{URL: o.URL, Auth: auth, WebhookSecrets: secrets, Timeout: time.Duration(o.Timeout), Client: client(web.ClientOptions{Timeout: time.Duration(o.Timeout)}), Now: p.Now})
	if err != nil {
		return fmt.Errorf("operator: %w", err)
	}
	for _, configured := range m.Providers {
		provider, err := configured.build(c, m.ID, client, p)
		if err != nil {
			return fmt.Errorf("provider %s: %w", configured.Name, err)
		}
		if _, twice := fm.Providers[provider.Name]; twice {
			return parley.Invalid("providers", "the name "+provider.Name+" is there twice")
		}
		fm.Providers[provider.Name] = provider
		fm.AskSignIn[provider.Name] = configured.AskSignIn
		if configured.PayWith != "" {
			fm.PayWith[provider.Name] = configured.PayWith
		}
		pl.providers = append(pl.providers, provider)
		if configured.Logo == "" {
			continue
		}
		logo, err := os.ReadFile(configured.Logo)
		if err == nil {
			pl.logos[logoKey(provider)], err = web.PutImage(pl.assets, "logo", logo)
		}
		if err != nil {
			return fmt.Errorf("provider %s: logo: %w", provider.Name, err)
		}
	}
	if pl.looks[m.ID], err = m.Look.build(pl.assets, m.Name); err != nil {
		return fmt.Errorf("look: %w", err)
	}
	for name, with := range fm.PayWith {
		if fm.Providers[with].Pay == nil {
			return parley.Invalid("pay_with", fmt.Sprintf("provider %s: %s takes no deposits", name, with))
		}
	}
	pl.merchants[m.ID] = fm
	for _, configured := range m.Clients {
		built, err := configured.build(m.ID)
		if err != nil {
			return fmt.Errorf("client %s: %w", configured.ID, err)
		}
		pl.clients = append(pl.clients, built)
	}
	if m.Address == nil {
		return nil
	}
	book, err := m.Address.build(client)
	if err != nil {
		return fmt.Errorf("address: %w", err)
	}
	pl.addresses[m.ID] = book
	return nil
}

// choices are the providers of a merchant as a person chooses among them, in the order of the configuration.
func (pl *plan) choices(merchant int) []oauth.Provider {
	var out []oauth.Provider
	for _, p := range pl.providers {
		if p.Merchant != merchant || p.Identify == nil {
			continue
		}
		m := pl.merchants[merchant]
		choice := oauth.Provider{Name: p.Name, Label: p.Label, Pays: p.Pay != nil, Logo: pl.logos[logoKey(p)], Framed: p.Framed, Demands: p.Demands}
		if payer := m.Providers[m.PayWith[p.Name]]; p.Pay == nil && payer.Pay != nil {
			choice.Pays, choice.Payer = true, payer.Label
		}
		choice.Here = p.Collect != nil
		out = append(out, choice)
	}
	return out
}

func logoKey(p connector.Provider) string { return fmt.Sprint(p.Merchant, " ", p.Name) }

// build checks a look and puts its files among the assets.
func (l *Look) build(assets *web.Files, name string) (web.Look, error) {
	if l == nil {
		return web.Look{Name: name}, nil
	}
	b := web.Brand{Accent: l.Accent, AccentDark: l.AccentDark, Radius: l.Radius}
	if l.Logo != "" {
		logo, err := os.ReadFile(l.Logo)
		if err != nil {
			return web.Look{}, fmt.Errorf("logo: %w", err)
		}
		b.Logo = logo
	}
	return web.NewLook(assets, name, b)
}

func (o Operator) auth() (notify.Auth, error) {
	password, err := o.Password.Read()
	if err != nil {
		return nil, fmt.Errorf("password: %w", err)
	}
	token, err := o.Token.Read()
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	switch {
	case password != "" && o.User == "":
		return nil, parley.Invalid("user", "is needed with a password")
	case token != "" && o.User != "":
		return nil, parley.Invalid("token", "is in place of user and password")
	case token != "":
		return notify.Bearer{Token: token}, nil
	case o.User != "":
		return notify.Basic{User: o.User, Password: password}, nil
	}
	return notify.None{}, nil
}

func (c Provider) build(top Config, merchant int, client maker, p Parts) (connector.Provider, error) {
	label := cmp.Or(c.Label, c.Name)
	if c.Name == "" || len(c.Name) > 50 || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return connector.Provider{}, parley.Invalid("name", "letters, digits and hyphens")
	}
	kinds := 0
	for _, there := range []bool{c.Trustly != nil, c.OIDC != nil, c.BankID != nil} {
		if there {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return connector.Provider{}, parley.Invalid("provider", "needs exactly one of trustly, oidc and bankid")
	case c.Trustly != nil:
		t := c.Trustly
		password, err := t.Password.Read()
		if err != nil {
			return connector.Provider{}, fmt.Errorf("password: %w", err)
		}
		key, err := pem(t.Key, trustly.ParsePrivateKey)
		if err != nil {
			return connector.Provider{}, fmt.Errorf("key: %w", err)
		}
		theirs, err := pem(t.TrustlyKey, trustly.ParsePublicKey)
		if err != nil {
			return connector.Provider{}, fmt.Errorf("trustly_key: %w", err)
		}
		made, err := trustly.New(trustly.Config{URL: t.URL, Username: t.Username, Password: password, Key: key, TrustlyKey: theirs,
			Client: client(web.ClientOptions{}), Now: p.Now, Name: c.Name, ShopperStatement: t.ShopperStatement, Email: t.Email})
		if err != nil {
			return connector.Provider{}, err
		}
		return made.Provider(merchant, c.Name, label), nil
	case c.OIDC != nil:
		o := c.OIDC
		secret, err := o.ClientSecret.Read()
		if err != nil {
			return connector.Provider{}, fmt.Errorf("client_secret: %w", err)
		}
		door := connector.Door{Base: top.Issuer}
		made, err := oidc.New(oidc.Config{Name: c.Name, Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: secret, ClientAuth: o.ClientAuth,
			RedirectURL: door.At(merchant, c.Name, "callback", ""), Scopes: o.Scopes, ACRValues: o.ACRValues, RequireACR: o.RequireACR,
			ExtraParams: o.Extra, Claims: o.Claims, PersonCountry: o.PersonCountry, UserInfo: o.UserInfo, AllowHTTP: top.AllowPrivate,
			Client: client(web.ClientOptions{}), Now: p.Now})
		if err != nil {
			return connector.Provider{}, err
		}
		return made.Provider(merchant, c.Name, label), nil
	}
	made, err := c.BankID.build(c.Name, top.AllowPrivate, client, p)
	if err != nil {
		return connector.Provider{}, err
	}
	return made.Provider(merchant, c.Name, label), nil
}

func (c *BankID) build(name string, private bool, client maker, p Parts) (*bankid.Connector, error) {
	var o web.ClientOptions
	if plain := strings.HasPrefix(c.URL, "http://"); !plain || !private { // a simulated one has no certificates
		certs, err := certificate(c.Certificate, c.Key)
		if err != nil {
			return nil, err
		}
		ca, err := Secret{File: c.CA}.Read()
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		o.Certificates, o.RootCAs = certs, x509.NewCertPool()
		switch {
		case plain:
			return nil, parley.Invalid("url", "must be https")
		case len(certs) == 0:
			return nil, parley.Invalid("certificate", "is needed: BankID knows a relying party by it")
		case !o.RootCAs.AppendCertsFromPEM([]byte(ca)):
			return nil, parley.Invalid("ca", "is needed: BankID's certificate is of its own authority")
		}
	}
	return bankid.New(bankid.Config{Name: name, URL: c.URL, App: c.App, UserVisibleData: c.UserVisibleData, PINCode: c.PINCode, CertificatePolicies: c.Policies,
		RequireSameIP: c.RequireSameIP, Client: client(o), Now: p.Now})
}

// maker makes the clients with which we speak to others.
type maker func(web.ClientOptions) *http.Client

func client(c Config, p Parts) maker {
	return func(o web.ClientOptions) *http.Client {
		o.AllowPrivate = c.AllowPrivate
		made := web.NewClient(o)
		if p.Wrap != nil {
			made.Transport = p.Wrap(made.Transport)
		}
		return made
	}
}

// certificate reads what we show of ourselves, where a file with it is named.
func certificate(file string, key Secret) ([]tls.Certificate, error) {
	if file == "" {
		return nil, nil
	}
	private, err := key.Read()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	chain, err := Secret{File: file}.Read()
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	pair, err := tls.X509KeyPair([]byte(chain), []byte(private))
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return []tls.Certificate{pair}, nil
}

// pem reads a key.
func pem[K any](s Secret, parse func([]byte) (K, error)) (K, error) {
	var none K
	text, err := s.Read()
	if err != nil {
		return none, err
	}
	return parse([]byte(text))
}

func (c Client) build(merchant int) (oauth.Client, error) {
	secret, err := c.Secret.Read()
	if err != nil {
		return oauth.Client{}, fmt.Errorf("secret: %w", err)
	}
	allowed, err := prefixes(c.AllowedIPs)
	if err != nil {
		return oauth.Client{}, fmt.Errorf("allowed_ips: %w", err)
	}
	return oauth.Client{ID: c.ID, Name: c.Name, Merchant: merchant, Profile: oauth.Profile(c.Profile), Auth: oauth.Auth(c.Auth), Secret: secret,
		RedirectURIs: c.RedirectURIs, IgnoreQuery: c.IgnoreQuery, Native: c.Native, Scopes: c.Scopes, Allowed: allowed, Disabled: c.Disabled, FrameOrigins: c.FrameOrigins}, nil
}

func (a *Address) build(client maker) (oauth.AddressBook, error) {
	if a.SPAR == nil {
		return oauth.AddressBook{}, parley.Invalid("spar", "is the one register that is known")
	}
	certs, err := certificate(a.SPAR.Certificate, a.SPAR.Key)
	if err != nil {
		return oauth.AddressBook{}, err
	}
	source, err := spar.New(spar.Config{URL: cmp.Or(a.SPAR.URL, spar.TestURL), Client: client(web.ClientOptions{Certificates: certs}), KundNrLeveransMottagare: a.SPAR.Customer,
		KundNrSlutkund: a.SPAR.EndCustomer, UppdragID: a.SPAR.Assignment, SlutAnvandarID: a.SPAR.User})
	if err != nil {
		return oauth.AddressBook{}, err
	}
	return oauth.AddressBook{Name: "spar", Source: source, Price: a.Price, Keep: time.Duration(a.Keep)}, nil
}

func prefixes(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			ip, ierr := netip.ParseAddr(s)
			if ierr != nil {
				return nil, parley.Invalid("network", s+" is not one, such as 10.0.0.0/8")
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// numbers gives transaction numbers, two at a time: a sign-in's, and after it the deposit's. It takes them from the
// database in blocks, so that no row is touched by every flow.
type numbers struct {
	store Store

	mu      sync.Mutex
	at, end int64
}

const block = 1000

func (n *numbers) next(ctx context.Context) (int64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.at >= n.end {
		first, err := n.store.Numbers(ctx, "transaction", block)
		if err != nil {
			return 0, fmt.Errorf("take transaction numbers: %w", err)
		}
		n.at, n.end = first, first+block
	}
	number := n.at
	n.at += 2
	return number, nil
}
