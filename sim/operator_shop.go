package sim

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// OperatorProvider is a choice of identity provider in the shop.
type OperatorProvider struct {
	Name  string // as identity_provider says it
	Label string // as people say it
	Pays  bool   // it can deposit, not only identify
}

// ShopClient is what the shop knows of the server: a confidential OAuth 2.0 client.
type ShopClient struct {
	AuthorizeURL, TokenURL, CheckTokenURL string
	Issuer                                string // expected as iss in the authorization response (RFC 9207); not looked at when empty
	ClientID, ClientSecret, RedirectURI   string
	HTTP                                  *http.Client // for the token endpoint; one with a time-out of 30 s when nil
}

// OperatorVisit is how one round trip through the server ended, as the shop saw it.
type OperatorVisit struct {
	State, Code, Iss        string
	Error, ErrorDescription string
	ErrCode, ErrMsg         string
	TxState                 string
	Query                   url.Values // all that came back
	TokenStatus             int        // 0 when the token endpoint was not asked, or did not answer
	Token                   map[string]any
	CheckStatus             int
	Check                   map[string]any
	Problem                 string // what the shop itself found wrong: state, iss, nonce, an answer that is none
}

// operatorAttempt is one press of the button, until the browser is back.
type operatorAttempt struct {
	verifier, nonce string
	deposit         bool
	client          ShopClient
	once            sync.Once // a reload shows the same result: a code is used once
	visit           OperatorVisit
}

// Connect tells the shop how to reach the server.
func (o *Operator) Connect(c ShopClient) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.shop = c
}

// Visits returns how the shop's round trips ended, oldest first.
func (o *Operator) Visits() []OperatorVisit {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.visits)
}

// shopPage shows the shop's one product. The notice is a word's text, already in the reader's language.
func (o *Operator) shopPage(w http.ResponseWriter, r *http.Request, notice string, status int) {
	o.mu.Lock()
	connected := o.shop.AuthorizeURL != ""
	o.mu.Unlock()
	render(w, r, o, page{name: "shop", status: status, class: "shop", onward: true, back: "/shop", data: map[string]any{
		"Connected": connected, "Notice": notice, "Providers": o.opt.Providers, "Amount": o.opt.Amount, "Currency": o.opt.Currency,
	}})
}

// shopStart sends the browser to the server, with a state, nonce and verifier that stay here.
func (o *Operator) shopStart(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "press the button in the shop", http.StatusMethodNotAllowed)
		return
	}
	lang := languages[languageOf(r, "")]
	i := slices.IndexFunc(o.opt.Providers, func(p OperatorProvider) bool { return p.Name == r.PostFormValue("provider") })
	deposit := r.PostFormValue("what") != "signin"
	switch {
	case i < 0:
		o.shopPage(w, r, lang.say("shop.choose.first"), http.StatusUnprocessableEntity)
		return
	case deposit && !o.opt.Providers[i].Pays:
		o.shopPage(w, r, lang.say("shop.choose.other", o.opt.Providers[i].Label), http.StatusUnprocessableEntity)
		return
	}
	jar := operatorSecret()
	if c, err := r.Cookie("shop"); err == nil && len(c.Value) >= 20 {
		jar = c.Value
	}
	state := operatorSecret()
	a := &operatorAttempt{verifier: operatorSecret() + operatorSecret(), nonce: operatorSecret(), deposit: deposit}
	o.mu.Lock()
	a.client = o.shop
	key := jar + " " + state
	if len(o.order) >= operatorKept {
		delete(o.attempts, o.order[0])
		o.order = o.order[1:]
	}
	o.order, o.attempts[key] = append(o.order, key), a
	o.mu.Unlock()

	to, err := url.Parse(a.client.AuthorizeURL)
	if err != nil || a.client.AuthorizeURL == "" {
		o.shopPage(w, r, lang.say("shop.no.server"), http.StatusServiceUnavailable)
		return
	}
	challenge := sha256.Sum256([]byte(a.verifier))
	q := to.Query()
	for k, v := range map[string]string{
		"client_id": a.client.ClientID, "redirect_uri": a.client.RedirectURI, "response_type": "code", "state": state, "nonce": a.nonce,
		"scope": "openid profile", "code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method": "S256",
		"identity_provider": o.opt.Providers[i].Name, "currency": o.opt.Currency, "country": o.opt.Country, "locale": cmp.Or(o.opt.Locale, lang["locale"]),
	} {
		q.Set(k, v)
	}
	if deposit {
		q.Set("amount", o.opt.Amount)
	}
	to.RawQuery = q.Encode()
	// Lax, not Strict: the cookie must come back with the redirect from the server.
	http.SetCookie(w, &http.Cookie{Name: "shop", Value: jar, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode, MaxAge: 3600})
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// shopCallback is where the browser comes back to.
func (o *Operator) shopCallback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var a *operatorAttempt
	if c, err := r.Cookie("shop"); err == nil {
		o.mu.Lock()
		a = o.attempts[c.Value+" "+q.Get("state")]
		o.mu.Unlock()
	}
	var visit OperatorVisit
	if a == nil {
		visit = operatorVisit(q)
		visit.Problem = "state is not one that this browser was given"
		o.visited(visit)
	} else {
		a.once.Do(func() {
			// The browser may leave; what the code brings is still wanted.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
			defer cancel()
			a.visit = o.redeem(ctx, a, q)
			o.visited(a.visit)
		})
		visit = a.visit
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(visit)
		return
	}
	o.welcome(w, r, a, visit)
}

func (o *Operator) visited(v OperatorVisit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.visits = operatorKeep(o.visits, v)
}

func operatorVisit(q url.Values) OperatorVisit {
	return OperatorVisit{State: q.Get("state"), Code: q.Get("code"), Iss: q.Get("iss"), Error: q.Get("error"), ErrorDescription: q.Get("error_description"),
		ErrCode: q.Get("errCode"), ErrMsg: q.Get("errMsg"), TxState: q.Get("tx_state"), Query: q}
}

// redeem checks what came back, exchanges the code and asks what the token is worth.
func (o *Operator) redeem(ctx context.Context, a *operatorAttempt, q url.Values) OperatorVisit {
	v := operatorVisit(q)
	for name, values := range q {
		if len(values) > 1 {
			v.Problem = name + " came more than once"
			return v
		}
	}
	switch {
	case a.client.Issuer != "" && v.Iss != a.client.Issuer:
		v.Problem = fmt.Sprintf("iss is %q, not %q", v.Iss, a.client.Issuer) // RFC 9207 §2.4: for errors too
		return v
	case v.Error != "":
		return v
	case v.Code == "":
		v.Problem = "neither code nor error came back"
		return v
	}
	var err error
	v.TokenStatus, v.Token, err = a.client.post(ctx, a.client.TokenURL, url.Values{"grant_type": {"authorization_code"}, "code": {v.Code},
		"redirect_uri": {a.client.RedirectURI}, "code_verifier": {a.verifier}})
	if err != nil {
		v.Problem = "token endpoint: " + err.Error()
		return v
	}
	if v.TokenStatus != http.StatusOK {
		return v
	}
	token, _ := v.Token["access_token"].(string)
	if kind, _ := v.Token["token_type"].(string); token == "" || !strings.EqualFold(kind, "bearer") {
		v.Problem = "the token endpoint gave no bearer token"
		return v
	}
	if id, ok := v.Token["id_token"].(string); ok && operatorNonce(id) != a.nonce {
		v.Problem = "nonce in id_token is not the one sent"
		return v
	}
	v.CheckStatus, v.Check, err = a.client.post(ctx, a.client.CheckTokenURL, url.Values{"token": {token}})
	if err != nil {
		v.Problem = "check_token: " + err.Error()
	}
	return v
}

// operatorNonce reads the nonce of an ID token that came straight from the token endpoint over TLS, where its signature need not be checked
// (OpenID Connect Core 1.0 §3.1.3.7, 6).
func operatorNonce(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	var claims struct{ Nonce string }
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(b, &claims) != nil {
		return ""
	}
	return claims.Nonce
}

func (c ShopClient) post(ctx context.Context, to string, form url.Values) (int, map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret)) // RFC 6749 §2.3.1
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, operatorMaxBody))
	if err != nil {
		return resp.StatusCode, nil, err
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		return resp.StatusCode, nil, errors.New("the answer is not JSON")
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("the answer is not a JSON object: %w", err)
	}
	return resp.StatusCode, m, nil
}
