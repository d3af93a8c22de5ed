package dex

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"

	"parley"
	"parley/connector"
	"parley/connector/oidc"
	"parley/web"
)

const (
	client  = "parley"
	secret  = "p@rley/secret"
	landing = "https://shop.example/callback/7/dex"
)

// start runs a Dex where Kilgore Trout can sign in: by one press of a button ("mock"), or with a password ("password").
// Its issuer is returned.
func start(t *testing.T) string {
	t.Helper()
	var dex http.Handler
	house := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dex.ServeHTTP(w, r)
	}))
	t.Cleanup(house.Close)
	issuer := house.URL + "/dex"

	log := slog.New(slog.DiscardHandler)
	store := memory.New(log)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(store.CreateClient(t.Context(), storage.Client{ID: client, Secret: secret, RedirectURIs: []string{landing}, Name: "Parley"}))
	must(store.CreateConnector(t.Context(), storage.Connector{ID: "mock", Type: "mockCallback", Name: "Mock"}))
	must(store.CreateConnector(t.Context(), storage.Connector{
		ID: "password", Type: "mockPassword", Name: "Password", Config: []byte(`{"username":"kilgore","password":"trout"}`),
	}))
	keys, err := signer.NewMockSigner(nil)
	must(err)
	dex, err = server.NewServer(t.Context(), server.Config{
		Issuer: issuer, Storage: store, SkipApprovalScreen: true, Logger: log, Signer: keys,
	})
	must(err)
	return issuer
}

// parleys is the connector under test, as a merchant would configure it.
func parleys(t *testing.T, issuer string, change func(*oidc.Config)) connector.Provider {
	t.Helper()
	cfg := oidc.Config{
		Name: "dex", Issuer: issuer, ClientID: client, ClientSecret: secret, RedirectURL: landing,
		Scopes: []string{"openid", "profile", "email"}, ExtraParams: map[string]string{"connector_id": "mock"},
		AllowHTTP: true, Client: web.NewClient(web.ClientOptions{AllowPrivate: true}),
	}
	if change != nil {
		change(&cfg)
	}
	c, err := oidc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c.Provider(7, "dex", "Dex")
}

// visit is the person: they go to the page, fill in the form when there is one, and are redirected until they land at
// the shop. The query they land with is returned with the session.
func visit(t *testing.T, p connector.Provider) (json.RawMessage, url.Values) {
	t.Helper()
	opened, err := p.Identify.Identify(t.Context(), connector.IdentifyRequest{State: "the-state", Locale: "sv_SE"})
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var landed *url.URL
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), landing) {
			landed = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.Get(opened.Page.URL)
	if err == nil && landed == nil {
		// Dex shows its form; it is sent to the address that it was shown at.
		res.Body.Close()
		res, err = browser.PostForm(res.Request.URL.String(), url.Values{"login": {"kilgore"}, "password": {"trout"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if landed == nil {
		t.Fatal("the person never came back: stopped with", res.Status, "at", res.Request.URL.Path)
	}
	return opened.Session, landed.Query()
}

func TestAPersonSignsInAtDex(t *testing.T) {
	for name, change := range map[string]func(*oidc.Config){
		"by a button":        nil,
		"with a password":    func(c *oidc.Config) { c.ExtraParams = map[string]string{"connector_id": "password"} },
		"secret in the body": func(c *oidc.Config) { c.ClientAuth = "post" },
		"with userinfo":      func(c *oidc.Config) { c.UserInfo = true },
		"without discovery": func(c *oidc.Config) {
			c.Endpoints = oidc.Endpoints{Authorization: c.Issuer + "/auth", Token: c.Issuer + "/token", JWKS: c.Issuer + "/keys"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := start(t)
			p := parleys(t, issuer, change)
			session, query := visit(t, p)
			told, err := p.Return.Return(t.Context(), session, query)
			if err != nil || told.Fact != connector.Identified || told.Identity == nil {
				t.Fatalf("%+v, %v", told, err)
			}
			id := *told.Identity
			if id.Provider != "dex" || id.Issuer != issuer || id.Subject == "" || id.FirstName != "Kilgore" || id.LastName != "Trout" ||
				id.Email != "kilgore@kilgore.trout" || id.IssuedAt.IsZero() {
				t.Errorf("%+v", id)
			}
			// A code is good for one time.
			again, err := p.Return.Return(t.Context(), session, query)
			refused(t, again, err, parley.StatusNotAuthenticated)
			if again.ID != told.ID {
				t.Error("the same redirect has two ids")
			}
		})
	}
}

func TestACodeThatDexNeverGaveIsRefused(t *testing.T) {
	p := parleys(t, start(t), nil)
	session, query := visit(t, p)
	query.Set("code", "garbage")
	told, err := p.Return.Return(t.Context(), session, query)
	refused(t, told, err, parley.StatusNotAuthenticated)
}

func TestACodeOfAnotherSessionIsRefused(t *testing.T) {
	p := parleys(t, start(t), nil)
	mine, _ := visit(t, p)
	_, theirs := visit(t, p)
	told, err := p.Return.Return(t.Context(), mine, theirs)
	refused(t, told, err, parley.StatusNotAuthenticated)
}

func TestAWrongSecretIsTheProvidersTrouble(t *testing.T) {
	p := parleys(t, start(t), func(c *oidc.Config) { c.ClientSecret = "wrong" })
	session, query := visit(t, p)
	told, err := p.Return.Return(t.Context(), session, query)
	refused(t, told, err, parley.StatusProviderOutOfService)
}

func TestAnErrorOfDexIsSaidInOurWords(t *testing.T) {
	p := parleys(t, start(t), func(c *oidc.Config) { c.Scopes = []string{"openid", "nonsense"} })
	session, query := visit(t, p)
	if query.Get("error") != "invalid_scope" {
		t.Fatal("Dex answered", query)
	}
	told, err := p.Return.Return(t.Context(), session, query)
	refused(t, told, err, parley.StatusProviderOutOfService)
}

func refused(t *testing.T, told connector.Told, err error, status parley.Status) {
	t.Helper()
	if err != nil || told.Fact != connector.Denied || told.Refusal == nil || told.Refusal.Status != status || told.Identity != nil {
		t.Fatalf("%+v, %v; want a refusal with %d", told, err, status)
	}
}
