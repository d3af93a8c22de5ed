// Package api is the bank's API, /v1: JSON over HTTP, from the bank's back end to ours.
//
// It owns the wire: what a request may look like, how a mistake is told, how lists are paged, which answer is kept under an idempotency
// key, and the OpenAPI document. What is done with the facts belongs to package savings, and who may ask to the Authenticator.
//
// routes.go is the table of all operations: the mux, the document and the page to try them on are made of it. Then read the file of a
// resource: its shape on the wire first, then its operations. read.go is the door for JSON, operation.go the way of a request,
// errors.go how mistakes are told, paging.go lists, key.go idempotency, schema.go and openapi.go the document, try.go the page.
package api

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley"
	"parley/content"
	"parley/flow"
)

// The scopes that a token can have.
const (
	ScopeRead  = "savings:read"
	ScopeWrite = "savings:write"
)

// Authenticator says whose request it is. An error of parley.KindRefused means that the token is good, but not for the scope (403);
// KindUnavailable that we cannot tell now (503); any other that there is no good token (401).
type Authenticator interface {
	Partner(r *http.Request, scope string) (partner string, err error)
}

// Config is what an API is made of. Savings, Store and Auth must be given.
type Config struct {
	Savings *flow.Savings
	Store   Store
	Auth    Authenticator
	Now     func() time.Time // time.Now when nil
	// Webhooks are the endpoints of banks.
	Webhooks Webhooks
	Log      *slog.Logger                // slog.Default() when nil
	Content  map[string]*content.Library // of partners that have their own
	Base     string                      // our own address without a slash at the end, for addresses in answers: "https://bank.example"
	Token    string                      // path or address of the token endpoint, for the page to try the API on; "/oauth/token" when empty

	// Rate is how many requests a second a partner may make in the long run, and Burst how many at once; no limit when Rate is zero.
	Rate  float64
	Burst int
}

// API serves /v1.
type API struct {
	Config
	routes []route
	begun  keys
	rates  rates
	try    tryPage

	document []byte
	foreign  *http.CrossOriginProtection
}

// New makes an API.
func New(c Config) (*API, error) {
	if c.Savings == nil || c.Store == nil || c.Auth == nil || c.Webhooks == nil {
		return nil, parley.Invalid("api", "needs savings, a store, an authenticator and webhooks")
	}
	if u, err := url.Parse(c.Base); err != nil || u.Scheme == "" || u.Host == "" || strings.HasSuffix(c.Base, "/") {
		return nil, parley.Invalid("base", "must be an address without a slash at the end")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Token == "" {
		c.Token = "/oauth/token"
	}
	a := &API{Config: c, routes: routes(), foreign: http.NewCrossOriginProtection()}
	a.rates.perSecond, a.rates.burst = c.Rate, max(c.Burst, 1)
	var err error
	if a.document, err = Document(); err == nil {
		err = a.try.build(a.routes, c.Token)
	}
	return a, err
}

// Routes puts everything below /v1/ into the mux.
func (a *API) Routes(mux *http.ServeMux) {
	for _, r := range a.routes {
		mux.Handle(r.Method+" /v1"+r.Path, a.serve(r))
	}
	mux.HandleFunc("GET /v1/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(a.document)
	})
	a.try.routes(mux)
	mux.HandleFunc("/v1/", a.elsewhere)
}
