package sim

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// openIDGrant is one authorization, from the request to the tokens.
//
//	pending ──approve──▶ code ──token──▶ spent ──token again──▶ void
//	   └──cancel──▶ error=access_denied
type openIDGrant struct {
	q       url.Values
	iss     string
	started time.Time
	person  OpenIDPerson
	at      time.Time // of the login
	spent   bool
	void    bool // a code that came twice takes its tokens with it (RFC 6749 §4.1.2)
	access  string
}

var openIDChallenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// begin checks an authorization request. It returns a grant that waits for the person, or where to send the browser with an error, or, when
// the client or its redirect_uri is in doubt, an error for a page: then nobody is sent anywhere (RFC 6749 §4.1.2.1).
func (p *OpenID) begin(iss string, q url.Values) (*openIDGrant, string, error) {
	if q.Get("client_id") != p.opt.ClientID || p.opt.ClientID == "" {
		return nil, "", errors.New("client_id is not known here")
	}
	if !slices.Contains(p.opt.RedirectURIs, q.Get("redirect_uri")) {
		return nil, "", errors.New("redirect_uri is not one of this client's")
	}
	for name, v := range q {
		if len(v) > 1 {
			return nil, "", fmt.Errorf("%s is there more than once", name)
		}
	}
	g := &openIDGrant{q: q, iss: iss, started: p.opt.Now()}
	no := func(code, why string) (*openIDGrant, string, error) { return nil, p.back(g, "", code, why), nil }
	switch prompt := strings.Fields(q.Get("prompt")); {
	case q.Has("request"):
		return no("request_not_supported", "no request objects here")
	case q.Has("request_uri"):
		return no("request_uri_not_supported", "no request objects here")
	case q.Get("response_type") != "code":
		return no("unsupported_response_type", "response_type must be code")
	case q.Get("response_mode") != "" && q.Get("response_mode") != "query":
		return no("invalid_request", "response_mode must be query")
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return no("invalid_scope", "scope must have openid")
	case q.Get("state") == "":
		return no("invalid_request", "state is missing")
	case q.Get("nonce") == "":
		return no("invalid_request", "nonce is missing")
	case q.Get("code_challenge_method") != "S256" || !openIDChallenge.MatchString(q.Get("code_challenge")):
		return no("invalid_request", "code_challenge with S256 is missing")
	case slices.Contains(prompt, "none"):
		return no("login_required", "nobody is logged in, and prompt is none")
	}
	return g, "", nil
}

// back builds the authorization response: a code, or an error. The lock is held.
func (p *OpenID) back(g *openIDGrant, code, fault, why string) string {
	to, err := url.Parse(g.q.Get("redirect_uri"))
	if err != nil {
		return "" // it was registered, so it parses
	}
	q := to.Query()
	set := func(k, v string) {
		if v != "" {
			q.Set(k, v)
		}
	}
	set("code", code)
	set("error", fault)
	set("error_description", why)
	set("state", g.q.Get("state"))
	switch p.opt.Twist {
	case "no-iss-param":
	case "wrong-iss-param":
		set("iss", "https://somebody-else.example")
	default:
		set("iss", g.iss)
	}
	to.RawQuery = q.Encode()
	return to.String()
}

func (p *OpenID) approve(g *openIDGrant, who OpenIDPerson) string {
	g.person, g.at = who, p.opt.Now()
	code := operatorSecret()
	p.remember(p.codes, code, g)
	return p.back(g, code, "", "")
}

func (p *OpenID) deny(g *openIDGrant) string {
	return p.back(g, "", "access_denied", "the person cancelled")
}

// person finds somebody by number, name or sub.
func (p *OpenID) person(hint string) (OpenIDPerson, bool) {
	hint = strings.TrimSpace(hint)
	i := slices.IndexFunc(p.opt.Persons, func(o OpenIDPerson) bool {
		return hint != "" && (hint == o.SSN || hint == "SE"+o.SSN || hint == openIDSub(o) || strings.EqualFold(hint, o.Name()) || strings.EqualFold(hint, o.GivenName))
	})
	if i < 0 {
		return OpenIDPerson{}, false
	}
	return p.opt.Persons[i], true
}

// Approve does what a browser and a person would: it opens the authorization URL, logs in as person (a number, a whole name or a given name; the login_hint or the
// first person when empty) and returns where the browser is sent. That may be an error response. An error is what the browser would have seen on a page.
func (p *OpenID) Approve(authorizeURL, person string) (redirect string, err error) {
	return p.decideFor(authorizeURL, person, true)
}

// Deny opens the authorization URL and cancels, and returns where the browser is sent.
func (p *OpenID) Deny(authorizeURL string) (redirect string, err error) {
	return p.decideFor(authorizeURL, "", false)
}

func (p *OpenID) decideFor(authorizeURL, person string, yes bool) (string, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return "", err
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", err
	}
	fault := p.Faults.Take("authorize")
	if fault != Behave && fault != Refuse && fault != Slow && fault != Twice {
		return "", fmt.Errorf("the provider misbehaves: %s", fault)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = operatorKeep(p.heard, OpenIDRequest{Endpoint: "authorize", At: p.opt.Now(), Method: http.MethodGet, Params: q, Status: http.StatusSeeOther, Fault: fault})
	iss := p.opt.URL
	if iss == "" {
		iss = u.Scheme + "://" + u.Host
	}
	g, to, err := p.begin(iss, q)
	switch {
	case err != nil || to != "":
		return to, err
	case !yes || fault == Refuse:
		return p.deny(g), nil
	}
	who, err := p.who(person, q)
	if err != nil {
		return "", err
	}
	return p.approve(g, who), nil
}

func (p *OpenID) who(name string, q url.Values) (OpenIDPerson, error) {
	if name == "" {
		if who, ok := p.person(q.Get("login_hint")); ok {
			return who, nil
		}
		return p.opt.Persons[0], nil
	}
	who, ok := p.person(name)
	if !ok {
		return who, fmt.Errorf("nobody here is called %q", name)
	}
	return who, nil
}

// authorize shows the login page, or sends the browser back at once.
func (p *OpenID) authorize(r *http.Request, refuse bool) operatorAnswer {
	return p.lead(r, func() (string, page) {
		g, to, err := p.begin(p.issuer(r), r.Form)
		switch {
		case err != nil:
			return "", openIDSorry(http.StatusBadRequest, err.Error())
		case to != "":
			return to, page{}
		case refuse || p.opt.Auto == "deny":
			return p.deny(g), page{}
		case p.opt.Auto == "approve":
			who, err := p.who(p.opt.AutoPerson, r.Form)
			if err != nil {
				return "", openIDSorry(http.StatusInternalServerError, err.Error())
			}
			return p.approve(g, who), page{}
		}
		id := operatorSecret()
		p.remember(p.pending, id, g)
		hinted, _ := p.person(r.Form.Get("login_hint"))
		first, _, _ := strings.Cut(r.Form.Get("ui_locales"), " ")
		return "", page{name: "openid-login", class: "at-bank eid", language: first, onward: true, data: map[string]any{"ID": id, "Persons": p.opt.Persons,
			"Hinted": hinted.SSN, "ACR": r.Form.Get("acr_values"), "Client": p.opt.ClientID, "Action": p.path() + "/decide"}}
	})
}

// decide is the person's press of a button. It counts once.
func (p *OpenID) decide(r *http.Request, _ bool) operatorAnswer {
	return p.lead(r, func() (string, page) {
		id := r.PostForm.Get("id")
		g, ok := p.pending[id]
		if !ok || p.opt.Now().Sub(g.started) > 10*time.Minute {
			return "", openIDSorry(http.StatusBadRequest, "this login was already answered, or is too old")
		}
		if r.PostForm.Has("cancel") {
			delete(p.pending, id)
			return p.deny(g), page{}
		}
		who, ok := p.person(r.PostForm.Get("person"))
		if !ok {
			return "", openIDSorry(http.StatusBadRequest, "nobody here is called that")
		}
		delete(p.pending, id)
		return p.approve(g, who), page{}
	})
}

// lead sends the browser on, or shows it a page, as step says. Step runs with the lock held; the page is made without it.
func (p *OpenID) lead(r *http.Request, step func() (to string, shown page)) operatorAnswer {
	p.mu.Lock()
	to, shown := step()
	p.mu.Unlock()
	if to != "" {
		return operatorAnswer{Status: http.StatusSeeOther, Header: map[string]string{"Location": to, "Referrer-Policy": "no-referrer"}}
	}
	return p.show(r, shown)
}

// token exchanges a code, once.
func (p *OpenID) token(r *http.Request, refuse bool) operatorAnswer {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return openIDError(http.StatusBadRequest, "invalid_request", "the body must be a form")
	}
	f := r.PostForm
	for name, v := range f {
		if len(v) > 1 {
			return openIDError(http.StatusBadRequest, "invalid_request", name+" is there more than once")
		}
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		if f.Has("client_secret") {
			return openIDError(http.StatusBadRequest, "invalid_request", "two ways of client authentication at once")
		}
		var e1, e2 error
		id, e1 = url.QueryUnescape(id) // RFC 6749 §2.3.1
		secret, e2 = url.QueryUnescape(secret)
		if e1 != nil || e2 != nil {
			secret = "" // no secret is empty
		}
	} else {
		id, secret = f.Get("client_id"), f.Get("client_secret")
	}
	if p.opt.ClientID == "" || !same(id, p.opt.ClientID) || !same(secret, p.opt.ClientSecret) {
		a := openIDError(http.StatusUnauthorized, "invalid_client", "the client is not known, or its secret is wrong")
		a.Header = map[string]string{"WWW-Authenticate": `Basic realm="token"`}
		return a
	}
	if f.Get("grant_type") != "authorization_code" {
		return openIDError(http.StatusBadRequest, "unsupported_grant_type", "grant_type must be authorization_code")
	}
	invalid := func(why string) operatorAnswer { return openIDError(http.StatusBadRequest, "invalid_grant", why) }
	if refuse {
		return invalid("refused")
	}
	g, ok := p.codes[f.Get("code")]
	if !ok {
		return invalid("the code is not known")
	}
	if g.spent {
		g.void = true
		return invalid("the code was already used")
	}
	g.spent = true // before anything else is looked at: a wrong verifier costs the code too
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	switch {
	case p.opt.Now().Sub(g.at) > time.Minute:
		return invalid("the code is too old")
	case f.Get("redirect_uri") != g.q.Get("redirect_uri"):
		return invalid("redirect_uri is not the one of the authorization request")
	case !same(openID64(sum[:]), g.q.Get("code_challenge")):
		return invalid("code_verifier does not fit")
	}
	g.access = operatorSecret()
	p.remember(p.tokens, g.access, g)
	a := openIDJSON(http.StatusOK, map[string]any{"access_token": g.access, "token_type": "Bearer", "expires_in": 300, "scope": g.q.Get("scope"),
		"id_token": p.keys[len(p.keys)-1].token(p.claims(g), p.opt.Twist)})
	a.Header = map[string]string{"Pragma": "no-cache"}
	return a
}
