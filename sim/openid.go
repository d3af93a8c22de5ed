package sim

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// OpenIDOptions says what kind of OpenID provider it is.
type OpenIDOptions struct {
	URL                    string // the issuer, without a trailing slash; taken from each request's Host when empty
	ClientID, ClientSecret string
	RedirectURIs           []string // compared exactly; more may come later, by Connect

	Auto             string // "approve" or "deny" at once, or "" to ask the person
	AutoPerson       string // who approves; the login_hint, or the first of Persons, when empty
	Algorithm        string // of ID tokens: ES256 (when empty) or RS256
	ACR              string // when the request names none; "loa3" when empty
	AddressInIDToken bool   // the address costs nothing extra: it is in the ID token
	Twist            string // what is wrong with the ID token or the response; see OpenIDTwists

	Persons []OpenIDPerson   // OpenIDPersons when empty
	Now     func() time.Time // time.Now when nil
}

// OpenIDPerson is somebody who can log in.
type OpenIDPerson struct {
	SSN                   string // twelve digits
	GivenName, FamilyName string
	Gender                string // male or female
	Address               OpenIDAddress
}

// OpenIDAddress is where a person lives; all empty when that is protected.
type OpenIDAddress struct{ Street, PostalCode, Locality, Country string }

// Name is the person's whole name.
func (p OpenIDPerson) Name() string { return p.GivenName + " " + p.FamilyName }

// Birthdate is read from the number.
func (p OpenIDPerson) Birthdate() string {
	if len(p.SSN) < 8 {
		return ""
	}
	return p.SSN[:4] + "-" + p.SSN[4:6] + "-" + p.SSN[6:8]
}

// OpenIDPersons returns the people of the simulated country. Their numbers are of the series that is kept for tests (238 and 239), and the
// register knows the same people.
func OpenIDPersons() []OpenIDPerson {
	return []OpenIDPerson{
		{"199001012385", "Anna", "Åkesson", "female", OpenIDAddress{"Björkgatan 7 lgh 1102", "75328", "Uppsala", "SE"}},
		{"198503152392", "Erik", "Öberg", "male", OpenIDAddress{"Ängsvägen 12", "90187", "Umeå", "SE"}},
		{"199207072381", "Maja", "Lind", "female", OpenIDAddress{}},
		{"197811242390", "Olof", "Bergström", "male", OpenIDAddress{"Calle Mayor 3", "28013", "Madrid", "ES"}},
		{"196502282384", "Alexandra Wilhelmina", "Stjärnström-Lindqvist", "female", OpenIDAddress{"Kyrkoherde Ödmanssons väg 118 B", "26134", "Häljarp", "SE"}},
	}
}

// OpenIDTwists lists what Twist can be: the first ones spoil the ID token, the last two the authorization response.
var OpenIDTwists = []string{"alg-none", "hs256-with-public-key", "wrong-iss", "wrong-aud", "wrong-azp", "expired", "future-iat", "no-nonce", "wrong-nonce",
	"unknown-kid", "bad-signature", "low-acr", "old-auth-time", "wrong-iss-param", "no-iss-param"}

// OpenIDRequest is one request the provider heard.
type OpenIDRequest struct {
	Endpoint string // discovery, authorize, decide, token, jwks or userinfo
	At       time.Time
	Method   string
	Header   http.Header
	Params   url.Values // query and form together
	Status   int        // 0 when it was dropped
	Fault    Fault
}

var openIDActions = []string{"discovery", "authorize", "token", "jwks", "userinfo"}

// OpenID is an OpenID provider with one client: discovery, authorization code with PKCE, ID tokens, userinfo that costs money. Its actions, for
// Faults, are discovery, authorize, token, jwks and userinfo; Refuse is error=access_denied at authorize, invalid_grant at token, and 403
// elsewhere. Twice at token spends the code twice, so the answer is invalid_grant and the first access token is void. It is an
// http.Handler, safe for use by many goroutines.
type OpenID struct {
	Faults Faults

	mu       sync.Mutex
	opt      OpenIDOptions
	heard    []OpenIDRequest
	keys     []*openIDKey // the last one signs
	pending  map[string]*openIDGrant
	codes    map[string]*openIDGrant
	tokens   map[string]*openIDGrant
	order    []func() // forgets the oldest of the three maps
	userinfo int
}

// NewOpenID builds an OpenID provider with a fresh key.
func NewOpenID(opt OpenIDOptions) *OpenID {
	if len(opt.Persons) == 0 {
		opt.Persons = OpenIDPersons()
	}
	if opt.ACR == "" {
		opt.ACR = "loa3"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	opt.URL = strings.TrimSuffix(opt.URL, "/")
	opt.RedirectURIs = slices.Clone(opt.RedirectURIs)
	p := &OpenID{opt: opt, pending: map[string]*openIDGrant{}, codes: map[string]*openIDGrant{}, tokens: map[string]*openIDGrant{}}
	p.RotateKey(true)
	return p
}

// Connect changes the client: its id, its secret and where it may be sent back to.
func (p *OpenID) Connect(clientID, clientSecret string, redirectURIs ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opt.ClientID, p.opt.ClientSecret, p.opt.RedirectURIs = clientID, clientSecret, slices.Clone(redirectURIs)
}

// SetTwist changes what is wrong with ID tokens and responses from now on; "" puts it right.
func (p *OpenID) SetTwist(twist string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opt.Twist = twist
}

// Twist is what is wrong with ID tokens and responses at the moment; "" when nothing is.
func (p *OpenID) Twist() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opt.Twist
}

// Actions are the endpoints that can misbehave, as Faults knows them.
func (p *OpenID) Actions() []string { return slices.Clone(openIDActions) }

// FaultsOf are the ways in which an action can misbehave.
func (p *OpenID) FaultsOf(action string) []Fault { return faultsOf(p.Actions(), action, AllFaults) }

// Heard returns what the provider was asked, oldest first; with endpoints, only those.
func (p *OpenID) Heard(endpoints ...string) []OpenIDRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []OpenIDRequest
	for _, h := range p.heard {
		if len(endpoints) == 0 || slices.Contains(endpoints, h.Endpoint) {
			h.Header, h.Params = maps.Clone(h.Header), maps.Clone(h.Params)
			out = append(out, h)
		}
	}
	return out
}

// UserinfoCalls is how often userinfo was asked with a good token: each costs money.
func (p *OpenID) UserinfoCalls() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.userinfo
}

// ServeHTTP answers the protocol's endpoints, and the pages / , /behaviour and /twist for people.
func (p *OpenID) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, operatorMaxBody)
	endpoint := strings.TrimPrefix(r.URL.Path, p.prefix())
	switch endpoint {
	case "/.well-known/openid-configuration":
		p.serve(w, r, "discovery", p.discovery, http.MethodGet)
	case "/authorize":
		p.serve(w, r, "authorize", p.authorize, http.MethodGet, http.MethodPost)
	case "/decide":
		p.serve(w, r, "decide", p.decide, http.MethodPost)
	case "/token":
		p.serve(w, r, "token", p.token, http.MethodPost)
	case "/jwks":
		p.serve(w, r, "jwks", p.jwks, http.MethodGet)
	case "/userinfo":
		p.serve(w, r, "userinfo", p.info, http.MethodGet, http.MethodPost)
	case "/behaviour":
		behaviour(w, r, p)
	case "/twist":
		twistPage(w, r, p, OpenIDTwists)
	case "/", "":
		p.home(w, r)
	default:
		if !asset(w, r, endpoint) {
			http.NotFound(w, r)
		}
	}
}

// prefix is the path of the issuer, when it has one.
func (p *OpenID) prefix() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.path()
}

// path is prefix for who holds the lock.
func (p *OpenID) path() string {
	if u, err := url.Parse(p.opt.URL); err == nil {
		return u.Path
	}
	return ""
}

func (p *OpenID) issuer(r *http.Request) string {
	if p.opt.URL != "" || r == nil {
		return p.opt.URL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (p *OpenID) serve(w http.ResponseWriter, r *http.Request, endpoint string, act func(r *http.Request, refuse bool) operatorAnswer, methods ...string) {
	if !slices.Contains(methods, r.Method) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	fault := p.Faults.Take(endpoint)
	if fault != Drop {
		if err := r.ParseForm(); err != nil {
			http.Error(w, "the form cannot be read", http.StatusBadRequest)
			return
		}
	}
	operatorMisbehave(w, r, fault, p.Faults.Wait(), func() operatorAnswer { return act(r, fault == Refuse) }, func(a operatorAnswer) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard = operatorKeep(p.heard, OpenIDRequest{endpoint, p.opt.Now(), r.Method, r.Header.Clone(), maps.Clone(r.Form), a.Status, fault})
	})
}

// remember puts a grant into one of the maps, and forgets the oldest when there are too many. The lock is held.
func (p *OpenID) remember(in map[string]*openIDGrant, key string, g *openIDGrant) {
	if len(p.order) >= operatorKept {
		p.order[0]()
		p.order = p.order[1:]
	}
	p.order = append(p.order, func() { delete(in, key) })
	in[key] = g
}

func openIDJSON(status int, v any) operatorAnswer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps of strings, numbers and lists
	}
	return operatorAnswer{Status: status, Type: "application/json", Body: b}
}

func openIDError(status int, code, description string) operatorAnswer {
	return openIDJSON(status, map[string]string{"error": code, "error_description": description})
}

func (p *OpenID) discovery(r *http.Request, refuse bool) operatorAnswer {
	if refuse {
		return openIDError(http.StatusForbidden, "access_denied", "not for you")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	iss := p.issuer(r)
	return openIDJSON(http.StatusOK, map[string]any{
		"issuer": iss, "authorization_endpoint": iss + "/authorize", "token_endpoint": iss + "/token", "jwks_uri": iss + "/jwks", "userinfo_endpoint": iss + "/userinfo",
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"}, "grant_types_supported": []string{"authorization_code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{p.keys[len(p.keys)-1].alg()},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "code_challenge_methods_supported": []string{"S256"},
		"scopes_supported": []string{"openid", "profile", "address"}, "acr_values_supported": []string{"loa1", "loa2", "loa3", "loa4"}, "ui_locales_supported": []string{"sv", "en"},
		"claims_supported":           []string{"sub", "name", "given_name", "family_name", "birthdate", "gender", "ssn", "address", "acr", "auth_time", "nonce", "at_hash"},
		"claims_parameter_supported": false, "request_parameter_supported": false, "request_uri_parameter_supported": false,
		"authorization_response_iss_parameter_supported": true,
	})
}
