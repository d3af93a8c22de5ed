package sim

import (
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

func (o *Operator) shopPage(w http.ResponseWriter, notice string, status int) {
	o.mu.Lock()
	connected := o.shop.AuthorizeURL != ""
	o.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	Render(w, operatorShop, map[string]any{"Connected": connected, "Notice": notice, "Providers": o.opt.Providers, "Price": o.price(o.opt.Amount, o.opt.Currency)})
}

// price writes an amount as the shop's signs do.
func (o *Operator) price(amount, currency string) string {
	amount = strings.TrimSuffix(amount, ".00")
	if currency == "SEK" {
		return amount + " kr"
	}
	return amount + " " + currency
}

// shopStart sends the browser to the server, with a state, nonce and verifier that stay here.
func (o *Operator) shopStart(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "press the button in the shop", http.StatusMethodNotAllowed)
		return
	}
	i := slices.IndexFunc(o.opt.Providers, func(p OperatorProvider) bool { return p.Name == r.PostFormValue("provider") })
	deposit := r.PostFormValue("what") != "signin"
	switch {
	case i < 0:
		o.shopPage(w, "Choose how you want to identify yourself.", http.StatusUnprocessableEntity)
		return
	case deposit && !o.opt.Providers[i].Pays:
		o.shopPage(w, o.opt.Providers[i].Label+" can sign you in, but not pay. Choose another, or sign in only.", http.StatusUnprocessableEntity)
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
		o.shopPage(w, "The shop is not connected to a server yet.", http.StatusServiceUnavailable)
		return
	}
	challenge := sha256.Sum256([]byte(a.verifier))
	q := to.Query()
	for k, v := range map[string]string{
		"client_id": a.client.ClientID, "redirect_uri": a.client.RedirectURI, "response_type": "code", "state": state, "nonce": a.nonce,
		"scope": "openid profile", "code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method": "S256",
		"identity_provider": o.opt.Providers[i].Name, "currency": o.opt.Currency, "country": o.opt.Country, "locale": o.opt.Locale,
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
	o.welcome(w, a, visit)
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

// welcome shows how a visit ended, in plain words. The server only asks that the callback answers 200, whatever came back.
func (o *Operator) welcome(w http.ResponseWriter, a *operatorAttempt, v OperatorVisit) {
	data := map[string]any{"Visit": v}
	known := v.Token
	if v.CheckStatus == http.StatusOK && v.Check != nil {
		known = v.Check
	}
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	switch {
	case v.Problem != "":
		data["Sorry"] = "Something did not add up, so the shop stopped: " + v.Problem + "."
	case v.Error == "access_denied":
		data["Sorry"] = "You were not signed in, and nothing was paid."
		switch {
		case v.ErrMsg != "": // the operator's own words, and the shop is the operator's
			data["Sorry"] = "We could not let you in: " + strings.TrimSuffix(v.ErrMsg, ".") + "."
		case v.TxState == "CANCELLED":
			data["Title"] = "You cancelled"
		}
	case v.Error != "":
		data["Sorry"] = "You were not signed in: the server could not do it."
	case v.TokenStatus != http.StatusOK:
		data["Sorry"] = "You were not signed in: the server did not accept the code."
		data["TokenError"], data["TokenWhy"] = text(v.Token, "error"), text(v.Token, "error_description")
	default:
		user := text(v.Token, "userId")
		if user == "" {
			user = text(known, "userId")
		}
		data["Name"] = text(known, "name")
		if data["Name"] == "" {
			data["Name"] = text(v.Token, "name")
		}
		if balance := o.Balance(user); balance != "" {
			data["Balance"] = o.price(balance, o.opt.Currency)
		}
		data["Deposit"] = a != nil && a.deposit
		if _, origin, ok := strings.Cut(text(v.Token, "txRefId"), "A"); ok {
			for _, tx := range o.Transactions() {
				if tx.UserID == user && tx.State == "transferred" && (tx.OriginTxID == origin || tx.TxID == origin) {
					data["Deposited"] = o.price(tx.Amount, tx.Currency)
				}
			}
		}
	}
	Render(w, operatorWelcome, data)
}

var operatorShop = Page(`{{define "title"}}Ängsblom, honey from the meadow{{end}}
{{define "main"}}<header><p><strong>Ängsblom</strong> · honey from the meadow</p></header>
{{if .Notice}}<p role="alert"><strong>{{.Notice}}</strong></p>{{end}}
<h1>A year of honey, a jar a month</h1>
<svg viewBox="0 0 320 180" width="320" style="display:block;max-width:100%" role="img" aria-label="A jar of honey"><rect width="320" height="180" rx="16" fill="#f6e7b8"/><rect x="120" y="52" width="80" height="100" rx="14" fill="#d98e04"/><rect x="112" y="36" width="96" height="22" rx="6" fill="#7a4a12"/><rect x="132" y="84" width="56" height="40" rx="4" fill="#fff8e1"/><circle cx="160" cy="104" r="10" fill="#d98e04"/></svg>
<p>Twelve jars from twelve meadows, sent to your door. You pay into your account here, and each jar is taken from it.</p>
{{if not .Connected}}<p role="note">The shop is not connected to a server yet, so the buttons lead nowhere.</p>{{end}}
<form method="post" action="/shop/start">
<fieldset style="border:1px solid var(--line);border-radius:8px;padding:8px 16px;margin:0 0 16px">
<legend>Identify yourself with</legend>
{{range $i, $p := .Providers}}<label class="check" for="p-{{$p.Name}}"><input type="radio" name="provider" id="p-{{$p.Name}}" value="{{$p.Name}}"{{if not $i}} checked{{end}}> {{$p.Label}}{{if not $p.Pays}} (signs in, cannot pay){{end}}</label>{{end}}
</fieldset>
<p><button name="what" value="deposit">Sign up and deposit {{.Price}}</button></p>
<p><button class="quiet" name="what" value="signin">Sign in</button></p>
</form>{{end}}`)

var operatorWelcome = Page(`{{define "title"}}{{if .Sorry}}Not signed in{{else}}Welcome{{end}}{{end}}
{{define "main"}}{{if .Sorry}}<h1>{{or .Title "That did not work"}}</h1><p role="alert">{{.Sorry}}</p>
<h2>What the shop was told</h2>
<dl>{{with .Visit}}{{if .Error}}<dt>error</dt><dd>{{.Error}}</dd>{{end}}
{{if .ErrorDescription}}<dt>error_description</dt><dd>{{.ErrorDescription}}</dd>{{end}}
{{if .ErrCode}}<dt>errCode</dt><dd>{{.ErrCode}}</dd>{{end}}
{{if .ErrMsg}}<dt>errMsg</dt><dd>{{.ErrMsg}}</dd>{{end}}
{{if .TxState}}<dt>tx_state</dt><dd>{{.TxState}}</dd>{{end}}{{end}}
{{if .TokenError}}<dt>error at the token endpoint</dt><dd>{{.TokenError}}</dd>{{end}}
{{if .TokenWhy}}<dt>why</dt><dd>{{.TokenWhy}}</dd>{{end}}</dl>
{{else}}<h1>Welcome{{if .Name}}, {{.Name}}{{end}}</h1>
{{if .Deposited}}<p>You deposited <strong>{{.Deposited}}</strong>.</p>{{else if .Deposit}}<p>Your deposit is on its way.</p>{{end}}
{{if .Balance}}<p>Your balance is <strong>{{.Balance}}</strong>.</p>{{else if not .Deposit}}<p>You are signed in.</p>{{end}}{{end}}
<p><a href="/shop">Back to the shop</a></p>{{end}}`)
