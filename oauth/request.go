package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley"
)

// The bounds of an authorization request, in bytes.
const (
	maxRequest    = 16 << 10
	maxParameter  = 4 << 10
	maxState      = 1 << 10
	maxAttributes = 32
)

// failure is an authorization request that is refused where the client can be told: at its redirect URI.
type failure struct {
	code        string // of RFC 6749 §4.1.2.1 or OpenID Connect Core §3.1.2.6
	description string
	field       string
}

func (f *failure) Error() string { return f.code + ": " + f.description }

func invalidRequest(field, why string) *failure {
	return &failure{"invalid_request", field + ": " + why, field}
}

// asked is a request on its way to be understood. Until client and redirect are set there is nobody to tell.
type asked struct {
	values   url.Values
	client   *Client
	redirect string
	state    string
	chosen   Provider
	choose   []Provider // the person has to choose
}

// ask reads the request of either method. An error means that nobody can be told but the person.
func (s *Server) ask(r *http.Request) (*asked, error) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		if !isForm(r) {
			return nil, parley.Invalid("content type", "not a form")
		}
		if err := r.ParseForm(); err != nil {
			return nil, parley.Invalid("form", "cannot be read")
		}
		raw = r.PostForm.Encode()
	}
	values, err := url.ParseQuery(raw)
	if len(raw) > maxRequest || err != nil {
		return nil, parley.Invalid("parameters", "too many, or not written as parameters are")
	}
	for name, list := range values {
		for _, v := range append([]string{name}, list...) {
			if len(v) > maxParameter || !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r\n") {
				return nil, parley.Invalid("parameters", "too long, or not text")
			}
		}
	}
	a := &asked{values: values}
	id, ok := a.once("client_id")
	if a.client = s.clients[id]; !ok || a.client == nil || a.client.Disabled || a.client.Partner != "" {
		a.client = nil
		return a, parley.Invalid("client_id", "not a client that we know")
	}
	uri, ok := a.once("redirect_uri")
	if ok && uri == "" && a.client.compatible() && len(a.client.RedirectURIs) == 1 {
		uri = a.client.RedirectURIs[0]
	}
	if !ok || !a.client.redirects(uri) {
		return a, parley.Invalid("redirect_uri", "not one that the client has registered")
	}
	a.redirect = uri
	return a, nil
}

// once is a parameter that may be there only once; ok is false when it is there more often.
func (a *asked) once(name string) (string, bool) {
	list := a.values[name]
	if len(list) > 1 {
		return "", false
	}
	if len(list) == 0 {
		return "", true
	}
	return list[0], true
}

func (a *asked) get(name string) string { return a.values.Get(name) }

// understand finds out what is asked for, or why it is refused. The rules are those of RFC 6749 and OpenID Connect, with what
// the compatible profile leaves out.
func (s *Server) understand(a *asked) (Request, error) {
	c := a.client
	req := Request{Client: c.ID, Merchant: c.Merchant, Compatible: c.compatible(), RedirectURI: a.redirect, At: s.Now().UTC()}
	if state := a.values["state"]; len(state) == 1 && len(state[0]) <= maxState {
		a.state, req.State = state[0], state[0] // known before anything can fail, so that the failure carries it
	} else if len(state) == 1 {
		return req, invalidRequest("state", "longer than 1024 bytes")
	}
	for _, list := range a.values {
		if len(list) > 1 {
			return req, invalidRequest("parameters", "one of them is there twice")
		}
	}
	if a.get("request_uri") != "" {
		return req, &failure{code: "request_uri_not_supported", description: "requests by reference are not read"}
	}
	if a.get("request") != "" {
		return req, &failure{code: "request_not_supported", description: "request objects are not read"}
	}
	switch kind := a.get("response_type"); {
	case kind == "code" || kind == "" && c.compatible():
	case kind == "":
		return req, invalidRequest("response_type", "is missing")
	default:
		return req, &failure{code: "unsupported_response_type", description: "only code is given"}
	}
	if mode := a.get("response_mode"); mode != "" && mode != "query" {
		return req, invalidRequest("response_mode", "only query is known")
	}
	if err := s.understandProof(a, &req); err != nil {
		return req, err
	}
	if err := s.understandPrompt(a, &req); err != nil {
		return req, err
	}
	if err := s.understandDeposit(a, &req); err != nil {
		return req, err
	}
	return req, s.understandPerson(a, &req)
}

// understandProof reads scope, nonce and PKCE.
func (s *Server) understandProof(a *asked, req *Request) error {
	req.Scope = strings.Fields(a.get("scope"))
	for _, scope := range req.Scope {
		if !slices.Contains(a.client.Scopes, scope) {
			return &failure{code: "invalid_scope", description: "a scope that the client does not have"}
		}
	}
	if req.Nonce = a.get("nonce"); len(req.Nonce) > maxState {
		return invalidRequest("nonce", "longer than 1024 bytes")
	}
	challenge, method := a.get("code_challenge"), a.get("code_challenge_method")
	switch {
	case challenge == "" && method == "" && a.client.compatible():
		return nil
	case challenge == "":
		return invalidRequest("code_challenge", "is missing")
	case method != "S256": // absent means plain (RFC 7636 §4.3), and plain proves nothing to who reads the request
		return invalidRequest("code_challenge_method", "only S256 is taken")
	case len(challenge) != 43 || !base64url(challenge):
		return invalidRequest("code_challenge", "not 43 characters of base64url")
	}
	req.Challenge = challenge
	return nil
}

// understandPrompt reads how the person may be asked. There are no sessions: everybody is identified anew each time.
func (s *Server) understandPrompt(a *asked, req *Request) error {
	prompts := strings.Fields(a.get("prompt"))
	if slices.Contains(prompts, "none") {
		switch {
		case len(prompts) > 1:
			return invalidRequest("prompt", "none goes with no other")
		case a.get("amount") != "":
			return &failure{code: "interaction_required", description: "a deposit cannot be made without the person"}
		}
		return &failure{code: "login_required", description: "nobody is signed in without being asked"}
	}
	if v := a.get("max_age"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return invalidRequest("max_age", "not a number of seconds")
		}
		req.MaxAge = &n
	}
	req.ACRValues, req.LoginHint = a.get("acr_values"), parley.Private(a.get("login_hint"))
	if a.get("display") == "popup" { // the others (OpenID Connect Core §3.1.2.1) are how our pages are anyway
		req.Display = "popup"
	}
	return nil
}

// understandDeposit reads amount, currency and country.
func (s *Server) understandDeposit(a *asked, req *Request) error {
	if v := a.get("currency"); v != "" {
		currency, err := parley.ParseCurrency(v)
		if err != nil {
			return invalidRequest("currency", "not an ISO 4217 code in upper case")
		}
		req.Currency = currency
	}
	if v, there := a.values["amount"]; there {
		if req.Currency == "" {
			return invalidRequest("currency", "an amount needs one")
		}
		amount, err := parley.ParseMoney(v[0], req.Currency)
		if err != nil || amount.Minor <= 0 {
			return invalidRequest("amount", "not a positive amount such as 100.50 with the decimals of its currency")
		}
		req.Amount = &amount
	}
	if req.Country = a.get("country"); req.Country != "" && !(len(req.Country) == 2 && upper(req.Country)) {
		return invalidRequest("country", "not an ISO 3166 code of two letters in upper case")
	}
	return nil
}

// understandPerson reads who is to be identified, by whom, and what goes along.
func (s *Server) understandPerson(a *asked, req *Request) error {
	if req.Locale = strings.ReplaceAll(a.get("locale"), "-", "_"); req.Locale == "" {
		first, _, _ := strings.Cut(a.get("ui_locales"), " ")
		req.Locale = strings.ReplaceAll(first, "-", "_")
	}
	if len(req.Locale) > 20 || strings.Trim(req.Locale, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return invalidRequest("locale", "not a locale such as sv_SE")
	}
	if req.EndUserID = a.get("enduser_id"); len(req.EndUserID) > 50 || !printable(req.EndUserID) {
		return invalidRequest("enduser_id", "more than 50 printable characters")
	}
	if v := a.get("ssn"); len(v) > 32 || !printable(v) {
		return invalidRequest("ssn", "not a national number")
	} else {
		req.PersonID = parley.Private(v)
	}
	if v := a.get("iframe"); v != "" && v != "true" && v != "false" {
		return invalidRequest("iframe", "true or false")
	}
	size := 0 // they go into the token, which has a bound of its own
	for name, list := range a.values {
		for prefix, into := range map[string]*map[string]string{"attributes[": &req.Attributes, "provider_attributes[": &req.Extra} {
			key, ok := strings.CutPrefix(name, prefix)
			if !ok {
				continue
			}
			key, ok = strings.CutSuffix(key, "]")
			if !ok || key == "" || len(key) > 64 || len(list[0]) > 512 || !printable(key) || len(*into) >= maxAttributes {
				return invalidRequest("attributes", "more than 32, or too long")
			}
			if *into == nil {
				*into = map[string]string{}
			}
			if into == &req.Extra {
				key = camel(key)
			}
			if size += len(key) + len(list[0]); size > maxParameter {
				return invalidRequest("attributes", "more than 4096 bytes together")
			}
			(*into)[key] = list[0]
		}
	}
	for _, name := range []string{"ui_id", "ui_friendly"} {
		if v := a.get(name); v != "" {
			if req.Extra == nil {
				req.Extra = map[string]string{}
			}
			req.Extra[name] = v
		}
	}
	providers := s.Providers(req.Merchant)
	if req.Amount != nil {
		providers = slices.DeleteFunc(slices.Clone(providers), func(p Provider) bool { return !p.Pays })
	}
	name := a.get("identity_provider")
	i := slices.IndexFunc(providers, func(p Provider) bool { return strings.EqualFold(p.Name, name) })
	switch {
	case name == "" && len(providers) == 1:
		i = 0
	case name == "" && len(providers) > 1:
		a.choose = providers
		return nil
	case i < 0 && req.Amount != nil && slices.ContainsFunc(s.Providers(req.Merchant), func(p Provider) bool { return strings.EqualFold(p.Name, name) }):
		return invalidRequest("amount", "this identity provider takes no deposits")
	case i < 0:
		return invalidRequest("identity_provider", "not one that the merchant has")
	}
	a.chosen = providers[i]
	req.Provider = a.chosen.Name
	for _, demanded := range a.chosen.Demands {
		if a.get(demanded) == "" {
			return invalidRequest(demanded, "this identity provider needs it")
		}
	}
	return nil
}

// camel turns the names under which a client passes a provider's parameters into the provider's: user_type becomes userType. The
// parameters of OpenID Connect keep their underscores.
func camel(name string) string {
	switch name {
	case "ui_locales", "acr_values", "login_hint", "max_age", "claims_locales", "id_token_hint", "ui_id", "ui_friendly":
		return name
	}
	words := strings.Split(name, "_")
	for i, w := range words {
		if i > 0 && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

func base64url(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

func upper(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }

func isForm(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}
