package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"parley"
)

// Profile is a set of rules that a client lives by.
type Profile string

// The profiles.
const (
	Standard   Profile = "standard"   // PKCE, RFC answers, redirects
	Compatible Profile = "compatible" // what clients of the vendor's one-click API expect
)

// Auth is how a client proves who it is at the token endpoint.
type Auth string

// The methods, by their registered names (RFC 7591).
const (
	AuthBasic Auth = "client_secret_basic"
	AuthPost  Auth = "client_secret_post"
	AuthNone  Auth = "none" // a public client: PKCE stands in
	// AuthTLS is by client certificate (RFC 8705 §2). It is for clients of partners.
	AuthTLS Auth = "tls_client_auth"
)

// Client is an OAuth client of a merchant, or a program of a partner that uses the API.
type Client struct {
	ID       string
	Name     string // what people read
	Merchant int
	// Partner is whose program it is, in place of a merchant's client. It has scopes of the API, no redirect URIs, and the one grant
	// client_credentials; it proves itself by its secret (Basic or in the form) or by one of its certificates, whichever it was given.
	Partner      string
	Certificates []Certificate
	Profile      Profile // Standard when empty
	Auth         Auth    // AuthBasic when empty; a compatible client may use basic or post
	Secret       string  // none for a public client
	// RedirectURIs are compared character by character. Wildcards are refused.
	RedirectURIs []string
	// IgnoreQuery compares redirect URIs without their query. Only for a compatible client, whose vendor did so.
	IgnoreQuery bool
	// Native lets a loopback redirect URI have any port (RFC 8252 §7.3).
	Native   bool
	Scopes   []string       // openid, profile and default when empty
	Allowed  []netip.Prefix // from where token and check_token may be asked; anywhere when empty
	Disabled bool
	// FrameOrigins are the origins whose pages may show ours, in a frame or in a window that stays tied to theirs: https, or http on a
	// loopback address. Nobody's when empty.
	FrameOrigins []string
}

func (c *Client) check() error {
	if c.ID == "" || len(c.ID) > 100 || !printable(c.ID) {
		return parley.Invalid("id", "must be 1 to 100 printable characters")
	}
	if c.Partner != "" {
		return c.checkPartner()
	}
	if c.Profile == "" {
		c.Profile = Standard
	}
	if c.Auth == "" {
		c.Auth = AuthBasic
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.Scopes == nil {
		c.Scopes = []string{"openid", "profile", "default"}
	}
	switch {
	case c.Profile != Standard && c.Profile != Compatible:
		return parley.Invalid("profile", "must be standard or compatible")
	case c.Auth != AuthBasic && c.Auth != AuthPost && c.Auth != AuthNone:
		return parley.Invalid("auth", "must be client_secret_basic, client_secret_post or none")
	case c.Auth == AuthNone && c.Profile == Compatible:
		return parley.Invalid("auth", "a compatible client has a secret: it may come without PKCE")
	case c.Auth == AuthNone && c.Secret != "":
		return parley.Invalid("secret", "a public client has none")
	case c.Auth != AuthNone && len(c.Secret) < 16:
		return parley.Invalid("secret", "must have 16 characters or more")
	case c.IgnoreQuery && c.Profile != Compatible:
		return parley.Invalid("ignore_query", "is for compatible clients only")
	case len(c.RedirectURIs) == 0:
		return parley.Invalid("redirect_uris", "at least one is needed")
	case c.Merchant <= 0:
		return parley.Invalid("merchant", "is needed")
	case len(c.Certificates) > 0:
		return parley.Invalid("certificates", "are for clients of partners")
	}
	for _, raw := range c.RedirectURIs {
		if err := CheckRedirectURI(raw); err != nil {
			return err
		}
	}
	for _, raw := range c.FrameOrigins {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || raw != u.Scheme+"://"+u.Host || strings.ContainsAny(raw, "*;, '\"") || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			return parley.Invalid("frame_origins", "must be origins such as https://shop.example")
		}
	}
	return nil
}

// checkPartner checks a client of a partner.
func (c *Client) checkPartner() error {
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.Scopes == nil {
		c.Scopes = []string{ScopeRead, ScopeWrite}
	}
	c.Scopes, c.Certificates = slices.Clone(c.Scopes), slices.Clone(c.Certificates)
	switch {
	case c.Merchant != 0:
		return parley.Invalid("merchant", "a client is a merchant's or a partner's")
	case c.Profile != "" || c.Auth != "" || c.IgnoreQuery || c.Native || len(c.RedirectURIs)+len(c.FrameOrigins) > 0:
		return parley.Invalid("client", "a partner's has no browser: id, secret, certificates, scopes and allowed_ips are all that it has")
	case c.Secret == "" && len(c.Certificates) == 0:
		return parley.Invalid("secret", "is needed, or certificates")
	case c.Secret != "" && len(c.Secret) < 16:
		return parley.Invalid("secret", "must have 16 characters or more")
	case len(c.Scopes) == 0 || slices.ContainsFunc(c.Scopes, func(s string) bool { return s != ScopeRead && s != ScopeWrite }):
		return parley.Invalid("scopes", "must be of "+ScopeRead+" and "+ScopeWrite)
	}
	return c.checkCertificates()
}

// auths are the ways in which the client may prove itself.
func (c *Client) auths() []Auth {
	if c.Partner == "" {
		return []Auth{c.Auth}
	}
	var out []Auth
	if c.Secret != "" {
		out = append(out, AuthBasic, AuthPost)
	}
	if len(c.Certificates) > 0 {
		out = append(out, AuthTLS)
	}
	return out
}

// CheckRedirectURI says whether a redirect URI may be registered: https, or http on a loopback address; no wildcard, fragment,
// user or dot segment.
func CheckRedirectURI(raw string) error {
	bad := func(why string) error { return parley.Invalid("redirect_uris", why) }
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "" || !printable(raw):
		return bad("must be an absolute URL")
	case strings.Contains(raw, "*"):
		return bad("wildcards are refused")
	case strings.ContainsAny(raw, `\ `) || u.User != nil || strings.Contains(raw, "#"):
		return bad("must hold no user, fragment, blank or backslash")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return bad("must be https, or http on a loopback address")
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return bad("must hold no dot segments")
	}
	return nil
}

// redirects reports whether a client may be answered at the URI.
func (c *Client) redirects(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if c.IgnoreQuery {
		bare, _, _ := strings.Cut(uri, "?")
		if printable(uri) && !strings.Contains(uri, "#") && slices.ContainsFunc(c.RedirectURIs, func(known string) bool {
			k, _, _ := strings.Cut(known, "?")
			return k == bare
		}) {
			return true
		}
	}
	if !c.Native {
		return false
	}
	portless, ok := withoutPort(uri)
	return ok && slices.ContainsFunc(c.RedirectURIs, func(known string) bool {
		k, ok := withoutPort(known)
		return ok && k == portless
	})
}

// withoutPort is a redirect URI on a loopback IP address with its port taken out. The text is cut, not parsed and put
// together again, so that everything else is still compared character by character.
func withoutPort(uri string) (string, bool) {
	for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, host)
		if !ok || !printable(uri) || strings.ContainsAny(uri, `\#@`) {
			continue
		}
		if port, found := strings.CutPrefix(rest, ":"); found {
			digits := len(port) - len(strings.TrimLeft(port, "0123456789"))
			if digits == 0 || digits > 5 {
				return "", false
			}
			rest = port[digits:]
		}
		return host + rest, rest == "" || rest[0] == '/' || rest[0] == '?'
	}
	return "", false
}

func (c *Client) compatible() bool { return c.Profile == Compatible }

// knows compares secrets in a time that tells nothing of them.
func (c *Client) knows(secret string) bool {
	a, b := sha256.Sum256([]byte(c.Secret)), sha256.Sum256([]byte(secret))
	return c.Secret != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (c *Client) allows(ip string) bool {
	if len(c.Allowed) == 0 {
		return true
	}
	a, err := netip.ParseAddr(ip)
	return err == nil && slices.ContainsFunc(c.Allowed, func(p netip.Prefix) bool { return p.Contains(a) })
}

// printable reports whether s is visible ASCII.
func printable(s string) bool {
	for _, r := range []byte(s) {
		if r < 0x20 || r > 0x7e {
			return false
		}
	}
	return true
}
