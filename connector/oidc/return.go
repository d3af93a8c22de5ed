package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parley"
	"parley/connector"
	"parley/jwks"
	"parley/web"
)

// Return reads the redirect that a person's browser brought back: query is that of the redirect, session what Identify
// left with the run that its state belongs to.
//
//	not for this session        error of parley.KindInvalid; the code is not spent
//	the provider says no        Denied: 600 when the person cancelled, 509 or 512 otherwise
//	the proof does not hold     Denied, 509
//	the provider is broken      Denied, 512
//	the network is              error: parley.KindUnheard when the code is certainly unspent, else parley.KindUnknown
//	all is well                 Identified
//
// A Denied says in Note why, for the log, in words of ours. What the provider wrote is never passed on.
func (c *Connector) Return(ctx context.Context, kept json.RawMessage, query url.Values) (connector.Told, error) {
	var s session
	if err := json.Unmarshal(kept, &s); err != nil {
		return connector.Told{}, parley.Invalid("session", "is not one of this connector's")
	}
	sum := sha256.Sum256([]byte(query.Get("state") + "\n" + query.Get("code") + "\n" + query.Get("error")))
	told := connector.Told{ID: "oidc:" + hex.EncodeToString(sum[:])}
	id, err := c.answer(ctx, s, query)
	if d, ok := errors.AsType[*denial](err); ok {
		told.Fact, told.Refusal, told.Note = connector.Denied, d.refusal(), d.why
		return told, nil
	} else if err != nil {
		return connector.Told{}, err
	}
	told.Fact, told.Identity, told.At = connector.Identified, &id, id.IssuedAt
	return told, nil
}

// answer reads the redirect, in the order in which it may be trusted: first that it is for this session and from this
// provider, then what it says, and the code last.
func (c *Connector) answer(ctx context.Context, s session, query url.Values) (parley.Identity, error) {
	for _, name := range []string{"state", "iss", "code", "error"} {
		if len(query[name]) > 1 {
			return parley.Identity{}, parley.Invalid(name, "is repeated") // RFC 6749 §3.1
		}
	}
	if s.Issuer != c.cfg.Issuer {
		return parley.Identity{}, parley.Invalid("session", "was begun with another issuer")
	}
	if s.State == "" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(s.State)) != 1 {
		return parley.Identity{}, parley.Invalid("state", "is not that of this session")
	}
	// RFC 9207 §2.4, before anything is sent: a code of another provider's must not reach this one.
	if query.Has("iss") && query.Get("iss") != c.cfg.Issuer {
		return parley.Identity{}, parley.Invalid("iss", "is another issuer")
	}
	if query.Get("code") == "" == (query.Get("error") == "") {
		return parley.Identity{}, parley.Invalid("code", "either a code or an error is needed")
	}
	m, err := c.metadata(ctx)
	if _, ok := errors.AsType[*denial](err); ok {
		return parley.Identity{}, err
	} else if err != nil {
		return parley.Identity{}, parley.Errorf(parley.KindUnheard, "discover %s: %w", c.cfg.Name, err)
	}
	if m.IssParameter && !query.Has("iss") {
		return parley.Identity{}, parley.Invalid("iss", "is missing")
	}
	if e := query.Get("error"); e != "" {
		return parley.Identity{}, said(e)
	}
	grant, err := c.spend(ctx, m, s, query.Get("code"))
	if err != nil {
		return parley.Identity{}, err
	}
	token, told, err := c.verify(ctx, m, s, grant)
	if err == nil && c.cfg.UserInfo {
		err = c.userInfo(ctx, m, token, grant.AccessToken, told)
	}
	if _, ok := errors.AsType[*denial](err); err != nil && !ok {
		// Whatever did not reach the provider now, the code has: a repetition of this redirect will not be the same.
		return parley.Identity{}, parley.Errorf(parley.KindUnknown, "after the code: %w", err)
	} else if err != nil {
		return parley.Identity{}, err
	}
	return c.identity(token, told), nil
}

// said is what an error of the authorization endpoint means (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). Only codes
// that we know are written down: the rest of the redirect is anybody's to write.
func said(code string) error {
	switch code {
	case "access_denied":
		return &denial{parley.StatusCancelledByUser, "the provider says " + code}
	case "temporarily_unavailable", "server_error",
		// These say that we asked wrongly. The person can do nothing about it.
		"invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type", "invalid_request_object",
		"invalid_request_uri", "request_not_supported", "request_uri_not_supported", "registration_not_supported":
		return broken("the provider says " + code)
	case "login_required", "interaction_required", "consent_required", "account_selection_required",
		"unmet_authentication_requirements":
		return distrusted("the provider says " + code)
	}
	return distrusted("the provider says no, with a code that we do not know")
}

// grant is what a code was exchanged for.
type grant struct {
	IDToken     string `json:"id_token"`
	AccessToken string `json:"access_token"`
}

// spend exchanges the code. Its network errors are those of web.Exchange.
func (c *Connector) spend(ctx context.Context, m *metadata, s session, code string) (grant, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.cfg.RedirectURL}, "code_verifier": {s.Verifier},
	}
	how := c.cfg.ClientAuth
	if how == "" && !slices.Contains(m.AuthMethods, "client_secret_basic") && slices.Contains(m.AuthMethods, "client_secret_post") {
		how = "post"
	}
	basic := c.cfg.ClientSecret != "" && how != "post"
	if !basic {
		form.Set("client_id", c.cfg.ClientID)
		if c.cfg.ClientSecret != "" {
			form.Set("client_secret", c.cfg.ClientSecret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, broken("the token endpoint cannot be asked")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if basic {
		// RFC 6749 §2.3.1: both are form-encoded before they are joined.
		req.SetBasicAuth(url.QueryEscape(c.cfg.ClientID), url.QueryEscape(c.cfg.ClientSecret))
	}
	res, body, err := web.Exchange(c.cfg.Client, req, jwks.DocumentLimit)
	if err != nil {
		return grant{}, err
	}
	switch res.StatusCode {
	case http.StatusOK:
		var g grant
		if json.Unmarshal(body, &g) != nil || g.IDToken == "" {
			return grant{}, broken("token endpoint: an answer without an ID token")
		}
		return g, nil
	case http.StatusBadRequest, http.StatusUnauthorized:
		var no struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(body, &no) != nil {
			break
		}
		switch no.Error {
		case "invalid_grant":
			return grant{}, distrusted("token endpoint: " + no.Error)
		case "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type":
			return grant{}, broken("token endpoint: " + no.Error)
		}
	}
	return grant{}, broken("token endpoint: " + http.StatusText(res.StatusCode))
}

// userInfo asks the userinfo endpoint and adds to told what the ID token did not say. (OpenID Connect Core §5.3.)
func (c *Connector) userInfo(ctx context.Context, m *metadata, token idToken, accessToken string, told claims) error {
	if accessToken == "" {
		return broken("token endpoint: no access token to ask userinfo with")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
	if err != nil {
		return broken("the userinfo endpoint cannot be asked")
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json, application/jwt")
	res, body, err := web.Exchange(c.cfg.Client, req, jwks.DocumentLimit)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return broken("userinfo: " + http.StatusText(res.StatusCode))
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
	case "application/jwt":
		if body, _, err = c.keys.Verify(ctx, m.JWKS, strings.TrimSpace(string(body)), jwks.Algorithms); err != nil {
			return ours(err)
		}
	default:
		return broken("userinfo: neither JSON nor a JWT")
	}
	more, err := parseClaims(body)
	if err != nil {
		return broken("userinfo: not a set of claims")
	}
	// A signed answer may be anything that the provider ever signed: it must not be for somebody else.
	if iss, ok := more["iss"]; ok && iss != c.cfg.Issuer {
		return distrusted("userinfo: another issuer")
	}
	if kind == "application/jwt" && !more.isFor(c.cfg.ClientID) {
		return distrusted("userinfo: another audience")
	}
	if more["sub"] != token.Subject {
		return distrusted("userinfo: another subject") // §5.3.2: or tokens can be substituted
	}
	told.add(more)
	return nil
}
