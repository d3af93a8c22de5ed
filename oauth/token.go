package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley"
	"parley/engine"
	"parley/web"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// denial is an answer of the token endpoint, RFC 6749 §5.2.
type denial struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
	basic       bool   // the client tried Basic, so it is told of it
}

func (d *denial) Error() string { return d.Code }

func invalidGrant(why string) *denial {
	return &denial{status: http.StatusBadRequest, Code: "invalid_grant", Description: why}
}

func badRequest(why string) *denial {
	return &denial{status: http.StatusBadRequest, Code: "invalid_request", Description: why}
}

// deny answers a program that may not have what it asked for. An internal error says only that it is ours.
func (s *Server) deny(w http.ResponseWriter, err error) {
	d, ok := err.(*denial)
	if !ok {
		s.Log.Error("token", "err", err)
		d = &denial{status: http.StatusInternalServerError, Code: "server_error"}
		if k := parley.KindOf(err); k == parley.KindUnavailable {
			d.status, d.Code = http.StatusServiceUnavailable, "temporarily_unavailable"
		}
	}
	if d.status == http.StatusUnauthorized && d.basic {
		w.Header().Set("WWW-Authenticate", `Basic realm="parley", charset="UTF-8"`)
	}
	if d.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	web.JSON(w, d.status, d)
}

// form reads the parameters of a program's request. A compatible client may put them in the address; for others only the
// body counts, so that nothing secret stands in a log on the way.
func (s *Server) form(r *http.Request) (url.Values, error) {
	if r.Body != nil && r.ContentLength != 0 && !isForm(r) {
		return nil, badRequest("the body is not a form")
	}
	if err := r.ParseForm(); err != nil {
		return nil, badRequest("the form cannot be read")
	}
	values := r.PostForm
	query := r.URL.Query()
	if id := s.claimed(r, r.Form); len(query) > 0 && s.clients[id] != nil && s.clients[id].compatible() {
		values = r.Form
	}
	for name, list := range values {
		if len(list) > 1 {
			return nil, badRequest("a parameter is there twice")
		}
		if len(list[0]) > maxRequest || strings.ContainsAny(name+list[0], "\x00\r\n") {
			return nil, badRequest("a parameter is too long, or not text")
		}
	}
	return values, nil
}

// claimed is the client id that a request names, before anything of it is believed.
func (s *Server) claimed(r *http.Request, values url.Values) string {
	if user, _, ok := r.BasicAuth(); ok {
		if id, err := url.QueryUnescape(user); err == nil {
			return id
		}
	}
	return values.Get("client_id")
}

// authenticate says which client asks, RFC 6749 §2.3.
func (s *Server) authenticate(r *http.Request, values url.Values) (*Client, error) {
	now, ip := s.Now(), s.ip(r)
	_, password, basic := r.BasicAuth()
	if !basic && r.Header.Get("Authorization") != "" {
		return nil, &denial{status: http.StatusUnauthorized, Code: "invalid_client", Description: "an unknown way to authenticate", basic: true}
	}
	if basic && values.Get("client_secret") != "" {
		return nil, badRequest("two ways to authenticate at once")
	}
	id := s.claimed(r, values)
	no := &denial{status: http.StatusUnauthorized, Code: "invalid_client", Description: "client authentication failed", basic: basic}
	c := s.clients[id]
	guess := ip + " " + id
	if c == nil {
		guess = ip + " ?" // or whoever varies the name would fill the memory
	}
	if s.tries.Blocked(guess, now) {
		return nil, &denial{status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Description: "too many failed attempts"}
	}
	if c == nil || c.Disabled {
		s.tries.Fail(guess, now)
		return nil, no
	}
	var known bool
	by := "" // what the client brought: a secret in the header, in the form, or none
	if secret, err := url.QueryUnescape(password); basic && err == nil {
		by = secret
	} else if !basic {
		by = values.Get("client_secret")
	}
	switch {
	case c.Partner != "" && by != "":
		known = c.knows(by)
	case c.Partner != "" && !basic:
		cert, err := s.shown(r)
		known = err == nil && s.holds(c, cert)
	case c.Partner != "":
	case basic && (c.Auth == AuthBasic || c.compatible()):
		secret, err := url.QueryUnescape(password)
		known = err == nil && c.knows(secret) || c.compatible() && c.knows(password)
	case !basic && values.Get("client_secret") != "" && (c.Auth == AuthPost || c.compatible()):
		known = c.knows(values.Get("client_secret"))
	case !basic && values.Get("client_secret") == "" && c.Auth == AuthNone:
		known = true
	}
	if !known || !c.allows(ip) {
		s.tries.Fail(guess, now)
		return nil, no
	}
	if other := values.Get("client_id"); basic && other != "" && other != c.ID {
		return nil, badRequest("client_id is another client's")
	}
	return c, nil
}

// token is RFC 6749 §4.1.3: the client redeems its code.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.cors(w, r)
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "POST")
		web.JSON(w, http.StatusMethodNotAllowed, &denial{Code: "invalid_request", Description: "only POST"})
		return
	}
	answer, err := s.redeem(r)
	if err != nil {
		s.deny(w, err)
		return
	}
	web.JSON(w, http.StatusOK, answer)
}

// cors lets the pages of public clients, and nobody else's, read the answer.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	w.Header().Add("Vary", "Origin")
	for _, c := range s.clients {
		if c.Auth != AuthNone || c.Disabled || !slices.ContainsFunc(c.RedirectURIs, func(u string) bool { return web.Origin(u) == origin }) {
			continue
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Methods", "POST")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.Header().Set("Access-Control-Max-Age", "600")
		return
	}
}

func (s *Server) redeem(r *http.Request) (map[string]any, error) {
	arrived := s.Now()
	ctx := context.WithoutCancel(r.Context()) // a client that hangs up has still spent its code
	values, err := s.form(r)
	if err != nil {
		return nil, err
	}
	client, err := s.authenticate(r, values)
	if err != nil {
		return nil, err
	}
	switch grant := values.Get("grant_type"); {
	case grant == "":
		return nil, badRequest("grant_type is missing")
	case grant != "authorization_code" && (grant != "client_credentials" || len(s.partners) == 0):
		return nil, &denial{status: http.StatusBadRequest, Code: "unsupported_grant_type"}
	case (grant == "client_credentials") != (client.Partner != ""):
		return nil, &denial{status: http.StatusBadRequest, Code: "unauthorized_client", Description: "the grant is not for this client"}
	case client.Partner != "":
		return s.grantPartner(r, client, values.Get("scope"), values.Get("resource"))
	}
	code := values.Get("code")
	if code == "" {
		return nil, badRequest("code is missing")
	}
	kept, err := s.Store.Code(ctx, hash(code))
	if parley.KindOf(err) == parley.KindNotFound || err == nil && kept.Client != client.ID {
		return nil, invalidGrant("not a code of yours") // another's code stays good for its owner
	}
	if err != nil {
		return nil, err
	}
	began, again, leave := s.rushes.enter(kept.Hash, arrived)
	won := false
	defer func() { leave(s.Now(), won) }()
	if !kept.Spent.IsZero() {
		// RFC 6749 §4.1.2: a code that comes a second time may have been stolen, and so may what it bought. Requests that were
		// under way together are one client in a hurry, and the winner keeps its token.
		if again || kept.Spent.Before(began.Truncate(time.Millisecond)) {
			if err := s.Store.Apply(ctx, []engine.Write{RevokeTokens{kept.Run, s.Now()}}); err != nil {
				return nil, err
			}
		}
		return nil, invalidGrant("the code was used before")
	}
	p, err := s.Conversations.Await(ctx, kept.Run, func(Progress) bool { return true })
	if err != nil {
		return nil, err
	}
	if why := mismatch(p.Request, values); why != "" {
		// Whoever guesses gets one guess: the code is burned.
		if err := s.Store.Apply(ctx, []engine.Write{SpendCode{hash(code), s.Now()}}); err != nil && parley.KindOf(err) != parley.KindConflict {
			return nil, err
		}
		return nil, invalidGrant(why)
	}
	now := s.Now()
	if !now.Before(kept.Expires) {
		return nil, invalidGrant("the code has expired")
	}
	t := Token{ID: uuid.NewString(), Run: p.Run, Client: client.ID, Merchant: client.Merchant, Issued: now, Expires: now.Add(s.lifetime(client))}
	answer, err := s.answer(ctx, client, p, t)
	if err != nil {
		return nil, err
	}
	err = s.Conversations.Redeemed(ctx, p.Run, SpendCode{hash(code), now}, AddToken{t})
	if parley.KindOf(err) == parley.KindConflict {
		return nil, invalidGrant("the code was used before")
	}
	won = err == nil
	return answer, err
}

// rushes tell requests with one code that were under way together from one that came when the others had been answered. They are this
// process's own: on another node, whoever comes after the code was spent has come later.
type rushes struct {
	mu    sync.Mutex
	of    map[string]*rush // by the code's hash
	swept time.Time
}

type rush struct {
	under        int       // requests that have no answer yet
	won, again   bool      // one of it got the token; one of an earlier rush did
	began, ended time.Time // when the first arrived, and when the last was answered
}

// enter counts a request with a code and says when the rush that it belongs to began: with its own arrival, unless it found others under way;
// again says that an earlier rush was over by then and had won the token, which times that are kept to the millisecond may not show.
func (r *rushes) enter(hash string, arrived time.Time) (began time.Time, again bool, leave func(now time.Time, won bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]*rush{}
	}
	if arrived.Sub(r.swept) > time.Second { // who comes later than a few seconds is in no rush
		maps.DeleteFunc(r.of, func(_ string, x *rush) bool { return x.under == 0 && arrived.Sub(x.ended) > 5*time.Second })
		r.swept = arrived
	}
	x := r.of[hash]
	if x == nil || x.under == 0 && x.ended.Before(arrived) {
		x = &rush{began: arrived, again: x != nil && (x.won || x.again)}
		r.of[hash] = x
	}
	if arrived.Before(x.began) {
		x.began = arrived
	}
	x.under++
	return x.began, x.again, func(now time.Time, won bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		x.won = x.won || won
		if x.under--; x.under == 0 {
			x.ended = now
		}
	}
}

// mismatch says what of the redemption does not fit the request that the code came of.
func mismatch(req Request, values url.Values) string {
	verifier := values.Get("code_verifier")
	switch uri := values.Get("redirect_uri"); {
	case uri != req.RedirectURI && !(req.Compatible && uri == ""):
		return "redirect_uri is not the one of the request"
	case req.Challenge == "" && verifier != "": // RFC 9700 §4.8.2: somebody took the challenge out on the way
		return "there was no code_challenge in the request"
	case req.Challenge == "":
		return ""
	case len(verifier) < 43 || len(verifier) > 128 || strings.Trim(verifier, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") != "":
		return "code_verifier is missing or not one"
	}
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(req.Challenge)) != 1 {
		return "code_verifier does not fit"
	}
	return ""
}

// vendorLifetime is how long a compatible token lives: thirty days, less a second, as its clients have seen.
const vendorLifetime = 2591999 * time.Second

func (s *Server) lifetime(c *Client) time.Duration {
	if c.compatible() {
		return vendorLifetime
	}
	return s.TokenLifetime
}

// answer is what the client gets for its code, in the form of its profile.
func (s *Server) answer(ctx context.Context, c *Client, p Progress, t Token) (map[string]any, error) {
	if c.compatible() {
		return s.compatibleAnswer(c, p, t)
	}
	scope := strings.Join(p.Request.Scope, " ")
	access, err := s.keys.sign(ctx, "at+jwt", map[string]any{ // RFC 9068
		"iss": s.Issuer, "sub": s.subject(p), "aud": s.Issuer, "client_id": c.ID, "scope": scope, "jti": t.ID,
		"iat": t.Issued.Unix(), "exp": t.Expires.Unix(), "txRefId": p.TxRefID(),
	})
	if err != nil {
		return nil, err
	}
	out := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(t.Expires.Sub(t.Issued).Seconds()), "scope": scope, "txRefId": p.TxRefID()}
	if p.Grant.UserID != "" {
		out["userId"] = p.Grant.UserID
	}
	if p.Grant.Paid != nil {
		out["amount"], out["currency"] = p.Grant.Paid.Decimal(), p.Grant.Paid.Currency
	}
	if slices.Contains(p.Request.Scope, "openid") {
		if out["id_token"], err = s.idToken(ctx, c, p, t, access); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Server) compatibleAnswer(c *Client, p Progress, t Token) (map[string]any, error) {
	out := s.kyc(p)
	for k, v := range map[string]any{
		"merchantId": c.Merchant, "clientId": c.ID, "txRefId": p.TxRefID(), "exp": t.Expires.Unix(), "jti": t.ID,
		"aud": []string{"identity_api"}, "authorities": []string{"ROLE_IDENTITY_AUTH"}, "scope": []string{"default"},
	} {
		out[k] = v
	}
	claims := map[string]any{}
	for k, v := range out {
		claims[k] = v
	}
	delete(claims, "clientId")
	claims["client_id"], claims["user_name"] = c.ID, p.Grant.UserID
	claims["aud"] = []string{"backoffice_api", "identity_api"}
	attributes := map[string]any{"token": s.StatusToken(p.Request.Merchant, p.TxRefID(), p.Request.At)}
	for k, v := range p.Request.Attributes {
		attributes[k] = v
	}
	claims["attributes"] = attributes
	access, err := signJWT(jose.SigningKey{Algorithm: jose.HS256, Key: s.legacyKey(c.ID)}, "JWT", claims)
	if err != nil {
		return nil, err
	}
	out["access_token"], out["token_type"], out["expires_in"] = access, "bearer", int(t.Expires.Sub(t.Issued).Seconds())
	return out, nil
}

// idToken is OpenID Connect Core §2.
func (s *Server) idToken(ctx context.Context, c *Client, p Progress, t Token, access string) (string, error) {
	half := sha256.Sum256([]byte(access))
	id := p.Grant.Identity
	at := id.AuthenticatedAt
	if at.IsZero() {
		at = id.IssuedAt
	}
	claims := map[string]any{
		"iss": s.Issuer, "sub": s.subject(p), "aud": c.ID, "azp": c.ID, "iat": t.Issued.Unix(), "exp": t.Issued.Add(5 * time.Minute).Unix(),
		"auth_time": at.Unix(), "at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "amr": []string{"ext"}, "idp": p.Request.Provider,
	}
	if p.Request.Nonce != "" {
		claims["nonce"] = p.Request.Nonce
	}
	if id.ACR != "" {
		claims["acr"] = id.ACR
	}
	if slices.Contains(p.Request.Scope, "profile") {
		for name, v := range map[string]parley.Private{"name": id.Name, "given_name": id.FirstName, "family_name": id.LastName, "birthdate": id.DateOfBirth} {
			if v != "" {
				claims[name] = v
			}
		}
	}
	return s.keys.sign(ctx, "JWT", claims)
}

// subject is the person as tokens name them: the operator's own id, or where the operator was not asked, an id made of what the
// identity provider said that nobody else's words can make.
func (s *Server) subject(p Progress) string {
	if p.Grant.UserID != "" {
		return p.Grant.UserID
	}
	id := p.Grant.Identity
	who := id.Subject.Reveal()
	if who == "" {
		who = id.PersonID.Reveal()
	}
	if who == "" {
		who = p.Run // the provider tells nobody apart, so neither can we
	}
	return base64.RawURLEncoding.EncodeToString(mac(Derive(s.Secret, "subjects"), strconv.Itoa(p.Request.Merchant), id.Provider, id.Issuer, who)[:24])
}
