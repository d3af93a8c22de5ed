package oauth

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"parley"

	"github.com/google/uuid"
)

// The scopes of the API for a bank.
const (
	ScopeRead  = "savings:read"
	ScopeWrite = "savings:write"
)

// BearerError is why a request to the API is not let in, RFC 6750 §3. It stands under a parley.Error: of kind parley.KindRefused when the client may
// not do this, and of parley.KindInvalid when it is not known who asks.
type BearerError struct {
	Code        string // invalid_request, invalid_token or insufficient_scope; empty when the request did not say who asks
	Description string
	Scope       string // that is needed
}

// Error is the code and the description.
func (e *BearerError) Error() string {
	return strings.TrimSuffix(cmp.Or(e.Code, "not authenticated")+": "+e.Description, ": ")
}

// Status is the HTTP status of the answer.
func (e *BearerError) Status() int {
	switch e.Code {
	case "invalid_request":
		return http.StatusBadRequest
	case "insufficient_scope":
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// Challenge is the WWW-Authenticate header of the answer.
func (e *BearerError) Challenge() string {
	out := `Bearer realm="parley"`
	for _, p := range [][2]string{{"error", e.Code}, {"error_description", e.Description}, {"scope", e.Scope}} {
		if p[1] != "" && (e.Code != "" || p[0] == "scope") {
			out += ", " + p[0] + `="` + p[1] + `"`
		}
	}
	return out
}

func bearer(code, description, scope string) error {
	kind := parley.KindInvalid
	if code == "insufficient_scope" {
		kind = parley.KindRefused
	}
	return parley.Errorf(kind, "%w", &BearerError{code, description, scope})
}

// Audience is whom the tokens of partners are for: the API.
func (s *Server) Audience() string { return s.Issuer + "/v1" }

// grantPartner is RFC 6749 §4.4: a partner's program asks in its own name. There is no refresh token, because it can ask again. The token is
// not kept: it is believed for its short life by its signature, so that the API need not ask the database who is there.
func (s *Server) grantPartner(r *http.Request, c *Client, asked, resource string) (map[string]any, error) {
	scopes := c.Scopes
	if list := strings.Fields(asked); len(list) > 0 {
		scopes = nil
		for _, scope := range list {
			if !slices.Contains(c.Scopes, scope) {
				return nil, &denial{status: http.StatusBadRequest, Code: "invalid_scope", Description: "a scope that the client does not have"}
			}
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	if resource != "" && resource != s.Audience() { // RFC 8707
		return nil, &denial{status: http.StatusBadRequest, Code: "invalid_target", Description: "the API is " + s.Audience()}
	}
	now, scope := s.Now(), strings.Join(scopes, " ")
	claims := map[string]any{ // RFC 9068
		"iss": s.Issuer, "sub": c.ID, "aud": s.Audience(), "client_id": c.ID, "partner": c.Partner, "scope": scope, "jti": uuid.NewString(),
		"iat": now.Unix(), "exp": now.Add(s.PartnerTokenLifetime).Unix(),
	}
	by, err := s.shown(r)
	if err != nil {
		return nil, badRequest("the client certificate cannot be read")
	}
	if s.holds(c, by) {
		claims["cnf"] = map[string]string{"x5t#S256": by.thumbprint()}
	}
	access, err := s.keys.sign(r.Context(), "at+jwt", claims)
	if err != nil {
		return nil, err
	}
	return map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": int(s.PartnerTokenLifetime.Seconds()), "scope": scope}, nil
}

// Partner says which partner a request to the API comes from, and that it may do what the scope says: by a token in the Authorization header,
// or, without one, by a client certificate that was registered for a client of a partner. An error that is no BearerError is
// of kind parley.KindUnavailable: we cannot tell now.
func (s *Server) Partner(r *http.Request, scope string) (string, error) {
	by, err := s.shown(r)
	if err != nil {
		return "", bearer("invalid_request", "the client certificate cannot be read", scope)
	}
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return s.partnerByCertificate(r, by, scope)
	}
	if len(values) > 1 {
		return "", bearer("invalid_request", "there is more than one Authorization header", scope)
	}
	kind, token, _ := strings.Cut(values[0], " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(kind, "Bearer") || token == "" {
		return "", bearer("invalid_request", "Authorization must be Bearer and a token", scope)
	}
	c, granted, err := s.partnerByToken(r, by, token)
	switch {
	case err != nil && parley.KindOf(err) != parley.KindInvalid:
		return "", parley.Errorf(parley.KindUnavailable, "verify a token: %w", err)
	case err != nil:
		return "", bearer("invalid_token", err.(*parley.Error).Message, scope)
	case !slices.Contains(granted, scope):
		return "", bearer("insufficient_scope", "", scope)
	}
	return c.Partner, nil
}

// partnerByToken verifies a token of grantPartner's and says what it still allows: what a client lost since then is lost at once.
func (s *Server) partnerByToken(r *http.Request, by *shown, token string) (*Client, []string, error) {
	no := func(why string) (*Client, []string, error) { return nil, nil, parley.Invalid("", why).(*parley.Error) }
	claims, err := s.keys.verifyType(r.Context(), token, "at+jwt")
	if parley.KindOf(err) == parley.KindInvalid {
		return no("not a token of ours")
	}
	if err != nil {
		return nil, nil, err
	}
	text := func(name string) string { v, _ := claims[name].(string); return v }
	number := func(name string) time.Time { v, _ := claims[name].(float64); return time.Unix(int64(v), 0) }
	c, now := s.clients[text("client_id")], s.Now()
	switch {
	case text("iss") != s.Issuer || text("aud") != s.Audience():
		return no("the token is for somebody else")
	case !now.Before(number("exp")):
		return no("the token has expired")
	case number("iat").After(now.Add(10 * time.Second)):
		return no("the token is of the future")
	case c == nil || c.Partner == "" || c.Disabled || c.Partner != text("partner"):
		return no("the client is not there any more")
	case !c.allows(s.ip(r)):
		return no("the client may not ask from here")
	}
	if cnf, ok := claims["cnf"].(map[string]any); ok { // RFC 8705 §3: whoever found the token has not the key
		if want, _ := cnf["x5t#S256"].(string); by == nil || want == "" || by.thumbprint() != want {
			return no("the token is bound to another certificate")
		}
	}
	granted := slices.DeleteFunc(strings.Fields(text("scope")), func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
	return c, granted, nil
}

func (s *Server) partnerByCertificate(r *http.Request, by *shown, scope string) (string, error) {
	if by != nil {
		for _, c := range s.partners {
			switch {
			case !s.holds(c, by):
			case c.Disabled:
				return "", bearer("invalid_token", "the client is not there any more", scope)
			case !c.allows(s.ip(r)):
				return "", bearer("invalid_token", "the client may not ask from here", scope)
			case !slices.Contains(c.Scopes, scope):
				return "", bearer("insufficient_scope", "", scope)
			default:
				return c.Partner, nil
			}
		}
	}
	return "", bearer("", "", scope)
}
