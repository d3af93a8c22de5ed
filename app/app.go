// Package app is what the web app of a bank's customers speaks to: it signs them in with the bank's ID token, keeps their session, and gives
// them their dreams, launches and transactions, and nobody else's.
//
// It owns sessions and cookies, the bridge messages that the web app exchanges with the bank's app, and who may show us in a frame. What is
// done with the facts belongs to package savings, and how things look on the wire to package api, whose shapes it uses.
//
// Read verify.go for how a person comes in, token.go for what a token must prove, session.go for how long they stay, guard.go for what every
// request of theirs passes, me.go and ask.go for what the web app shows and posts to the bank's app; then the file of a resource. encode.go makes
// our own picture of what somebody sends as one.
package app

import (
	"crypto"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"parley"
	"parley/content"
	"parley/flow"
	"parley/jwks"
	"parley/web"
)

// Config is what an App is built from. The fields without a remark must be given.
type Config struct {
	Base     string             // our own address, without a slash at the end; https, or http on a loopback address
	Partners map[string]Partner // by id; those of Savings
	Savings  *flow.Savings
	Store    Store
	Client   func(partner string) *http.Client // with which a partner's keys are fetched; one that reaches public addresses alone when nil
	Now      func() time.Time                  // time.Now when nil
	// After is time.After, for whoever owns the clock: it wakes streams when a session runs out.
	After   func(time.Duration) <-chan time.Time
	Log     *slog.Logger                // slog.Default() when nil
	Streams *web.Streams                // of the events; one of its own when nil
	Look    map[string]web.Look         // of pages, by partner; ours, with the partner's name, when there is none
	Content map[string]*content.Library // of partners that have their own

	// TrustedProxies may say in X-Forwarded-For who asks. Nobody else is believed.
	TrustedProxies []netip.Prefix
}

// Partner is a partner as far as its people's sessions go. Which partner a token is for follows from its issuer and audience alone.
type Partner struct {
	ID       string
	Issuer   string // iss of its ID tokens, character by character
	Audience string // aud of its ID tokens, or one of them; no two partners have both the same
	// Its keys: published at an address, or, when that is empty, these.
	JWKSURL string
	Keys    []jose.JSONWebKey
	// DecryptionKey is the private key (RSA or EC) for tokens that are encrypted to us; none when nil. A token that is only signed is good too.
	DecryptionKey crypto.PrivateKey
	Session       Renewal
	// FrameOrigins are the origins whose pages may show ours in a frame: https, or http on a loopback address. Nobody's when empty.
	FrameOrigins []string
	// GroupLink is the address that invitations to a group dream are sent on with, in which {code} stands for the code. The web app's own page for it
	// when empty.
	GroupLink string
}

// Renewal is how long sessions last.
type Renewal struct {
	By         string        // ByToken when empty
	Inactivity time.Duration // with ByActivity: how long after the last request it ends; 15 minutes when zero
	Maximum    time.Duration // after which it ends whatever happens; never when zero
}

// How sessions are renewed.
const (
	ByToken    = "token"    // a session ends with its token, and a new token of the same person renews it
	ByActivity = "activity" // every request renews it
)

// App serves the web app's people.
type App struct {
	Config
	origin   string
	secure   bool // cookies can be bound to the host
	partners []*partner
	tries    web.Tries // tokens that were no good
	codes    web.Tries // codes of group dreams that were wrong
	open     wakers

	decoding  chan struct{} // as many as are under way at the same time
	sending   crowd
	exporting crowd
}

type partner struct {
	Partner
	name string
	keys *jwks.Set
}

// New checks the configuration. It asks nobody: keys are fetched when the first person comes.
func New(c Config) (*App, error) {
	u, err := url.Parse(c.Base)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, parley.Invalid("base", "must be https (or http on a loopback address), without path, query or fragment")
	}
	if c.Savings == nil || c.Store == nil {
		return nil, parley.Invalid("app", "needs savings and a store")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Streams == nil {
		c.Streams = new(web.Streams)
	}
	if c.Client == nil {
		c.Client = func(string) *http.Client { return web.NewClient(web.ClientOptions{}) }
	}
	a := &App{Config: c, origin: u.Scheme + "://" + u.Host, secure: u.Scheme == "https", decoding: make(chan struct{}, decodingAtOnce)}
	for id, p := range c.Partners {
		known := c.Savings.Partners[id]
		if known == nil || p.ID != id {
			return nil, parley.Invalid("partners", fmt.Sprintf("%q is no partner with savings", id))
		}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("partner %s: %w", id, err)
		}
		for _, other := range a.partners {
			if other.Issuer == p.Issuer && other.Audience == p.Audience {
				return nil, parley.Invalid("tokens", fmt.Sprintf("partners %s and %s have the same issuer and audience", other.ID, id))
			}
		}
		a.partners = append(a.partners, &partner{p, known.Name, jwks.New(c.Client(id), c.Now)})
	}
	slices.SortFunc(a.partners, func(p, q *partner) int { return strings.Compare(p.ID, q.ID) })
	return a, nil
}

func (p *Partner) check() error {
	if p.Session.By == "" {
		p.Session.By = ByToken
	}
	if p.Session.Inactivity == 0 {
		p.Session.Inactivity = 15 * time.Minute
	}
	switch {
	case p.Issuer == "":
		return parley.Invalid("tokens.issuer", "is needed")
	case p.Audience == "":
		return parley.Invalid("tokens.audience", "is needed")
	case p.JWKSURL == "" && len(p.Keys) == 0:
		return parley.Invalid("tokens.jwks_url", "is needed, or the keys themselves")
	case p.JWKSURL != "" && !fetchable(p.JWKSURL):
		return parley.Invalid("tokens.jwks_url", "must be https, or http on a loopback address")
	case p.Session.By != ByToken && p.Session.By != ByActivity:
		return parley.Invalid("session.renewed_by", "must be token or activity")
	case p.Session.Inactivity < 0 || p.Session.Maximum < 0:
		return parley.Invalid("session", "times must not be negative")
	}
	if err := checkLink(p.GroupLink); err != nil {
		return err
	}
	for _, k := range p.Keys {
		if !k.Valid() || !k.IsPublic() {
			return parley.Invalid("tokens.keys", "must be public keys")
		}
	}
	if p.DecryptionKey != nil && keyAlgorithms(p.DecryptionKey) == nil {
		return parley.Invalid("tokens.key", "must be a private RSA key of 2048 bits or more, or a private EC key")
	}
	for _, raw := range p.FrameOrigins {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || raw != u.Scheme+"://"+u.Host || strings.ContainsAny(raw, "*;, '\"") || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			return parley.Invalid("frame_origins", "must be origins such as https://bank.example")
		}
	}
	return nil
}

func fetchable(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// partner finds one by its id.
func (a *App) partner(id string) (*partner, bool) {
	for _, p := range a.partners {
		if p.ID == id {
			return p, true
		}
	}
	return nil, false
}

// Routes puts the sign-in, the API of the web app, its pages, and what a bank embeds them with into a mux.
func (a *App) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /users/verify_token", a.verifyToken)
	for pattern, h := range a.routes() {
		method, path, _ := strings.Cut(pattern, " ")
		t := takesJSON
		if pattern == "POST /pictures" {
			t = takesPicture
		}
		mux.Handle(method+" /app/api"+path, a.guarded(h, t))
	}
	mux.HandleFunc("/app/api/", a.elsewhere)
	mux.HandleFunc("GET /app/pictures/{id}", a.showPicture)
	mux.HandleFunc("/app/", a.page)
	mux.HandleFunc("GET /app/content/", a.drawing)
	sdk := web.SDK()
	mux.Handle("GET /sdk", sdk)
	mux.Handle("GET /sdk/", sdk)
	mux.HandleFunc("GET /app", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, a.Base+"/app/", http.StatusSeeOther) })
}

// routes are the operations of the API below /app/api.
func (a *App) routes() map[string]handler {
	return map[string]handler{
		"GET /me":                        a.me,
		"GET /events":                    a.events,
		"POST /ask":                      a.askNow,
		"POST /bridge":                   a.bridge,
		"POST /signout":                  a.signOut,
		"POST /dreams":                   a.createDream,
		"GET /dreams/{id}":               a.dream,
		"PATCH /dreams/{id}":             a.patchDream,
		"DELETE /dreams/{id}":            a.deleteDream,
		"POST /groups":                   a.makeGroup,
		"GET /groups/{code}":             a.invitation,
		"POST /groups/{code}/join":       a.joinGroup,
		"GET /dreams/{id}/group":         a.group,
		"POST /dreams/{id}/leave":        a.leaveGroup,
		"GET /content":                   a.content,
		"GET /savehacks":                 a.savehacks,
		"GET /launches":                  a.launches,
		"POST /launches":                 a.createLaunch,
		"PATCH /launches/{id}":           a.patchLaunch,
		"POST /forecast":                 a.forecast,
		"GET /transactions":              a.transactions,
		"POST /transactions/{id}/cancel": a.cancel,
		"POST /withdrawals":              a.withdraw,
		"POST /moves":                    a.move,
		"GET /limits":                    a.limits,
		"PUT /limits":                    a.setLimits,
		"GET /messages":                  a.messages,
		"POST /messages/{id}/seen":       a.seeMessage,
		"POST /views":                    a.viewed,
		"POST /pictures":                 a.sendPicture,
		"GET /export":                    a.export,
		"DELETE /me":                     a.eraseMe,
	}
}
