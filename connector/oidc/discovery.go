package oidc

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"parley/jwks"
)

// metadata is what we need of a discovery document (OpenID Connect Discovery 1.0 §3, RFC 9207 §3).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	UserInfo      string   `json:"userinfo_endpoint"`
	Algs          []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	IssParameter  bool     `json:"authorization_response_iss_parameter_supported"`
}

// metadata is the provider's metadata, read at most once an hour. Errors: a *denial when the document is not acceptable;
// parley.KindUnheard or parley.KindUnknown when it could not be read.
func (c *Connector) metadata(ctx context.Context) (*metadata, error) {
	if e := c.cfg.Endpoints; e.Authorization != "" {
		return &metadata{
			Issuer: c.cfg.Issuer, Authorization: e.Authorization, Token: e.Token, JWKS: e.JWKS, UserInfo: e.UserInfo,
			IssParameter: e.IssParameter,
		}, nil
	}
	young := func(_ *metadata, at, _ time.Time) bool { return c.cfg.Now().Sub(at) < jwks.DocumentAge }
	return c.meta.Get(ctx, c.cfg.Now, young, c.discover)
}

func (c *Connector) discover(ctx context.Context) (*metadata, error) {
	body, err := jwks.Fetch(ctx, c.cfg.Client, strings.TrimSuffix(c.cfg.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, ours(err)
	}
	var m metadata
	if json.Unmarshal(body, &m) != nil {
		return nil, broken("discovery: not a discovery document")
	}
	if m.Issuer != c.cfg.Issuer {
		// Discovery 1.0 §4.3: exactly the same, or whoever can write one document can speak for another issuer.
		return nil, broken("discovery: another issuer")
	}
	for name, address := range map[string]string{
		"authorization_endpoint": m.Authorization, "token_endpoint": m.Token, "jwks_uri": m.JWKS,
	} {
		if err := checkURL(address, c.cfg.AllowHTTP); err != nil {
			return nil, broken("discovery: " + name + " " + err.Error())
		}
	}
	if c.cfg.UserInfo {
		if err := checkURL(m.UserInfo, c.cfg.AllowHTTP); err != nil {
			return nil, broken("discovery: userinfo_endpoint " + err.Error())
		}
	}
	return &m, nil
}

// ours is an error of reading keys and documents in our own words.
func ours(err error) error {
	if b, ok := errors.AsType[jwks.Broken](err); ok {
		return broken(b.Error())
	}
	if d, ok := errors.AsType[jwks.Distrusted](err); ok {
		return distrusted(d.Error())
	}
	return err
}
