package oidc

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"parley"
	"parley/web"
)

const (
	documentLimit = 1 << 20     // bytes of any answer that we read
	documentAge   = time.Hour   // how long discovery and keys are believed
	refreshPause  = time.Minute // between two looks for a key that we do not know
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
	fresh := func(k *kept[*metadata]) bool { return k.value != nil && c.cfg.Now().Sub(k.at) < documentAge }
	return c.meta.get(ctx, c.cfg.Now, fresh, c.discover)
}

func (c *Connector) discover(ctx context.Context) (*metadata, error) {
	body, err := c.fetch(ctx, strings.TrimSuffix(c.cfg.Issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
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

// fetch reads a public JSON document.
func (c *Connector) fetch(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, broken("an address that cannot be asked")
	}
	req.Header.Set("Accept", "application/json")
	res, body, err := web.Exchange(c.cfg.Client, req, documentLimit)
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return nil, parley.Errorf(parley.KindUnknown, "%s answers %d", req.URL.Host, res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, broken("a document is answered with " + http.StatusText(res.StatusCode))
	}
	return body, nil
}

// keySet is a provider's keys and where they were found.
type keySet struct {
	address string
	keys    []jose.JSONWebKey
}

// signers are the provider's keys. With again set, keys older than a minute are read anew: that is for a signature by a
// key that we do not know, which anybody's token may claim, so it must not become a request each time.
func (c *Connector) signers(ctx context.Context, m *metadata, again bool) (*keySet, error) {
	fresh := func(k *kept[*keySet]) bool {
		now := c.cfg.Now()
		return k.value != nil && k.value.address == m.JWKS && now.Sub(k.at) < documentAge &&
			(!again || now.Sub(k.tried) < refreshPause)
	}
	return c.keys.get(ctx, c.cfg.Now, fresh, func(ctx context.Context) (*keySet, error) {
		body, err := c.fetch(ctx, m.JWKS)
		if err != nil {
			return nil, err
		}
		var set struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if json.Unmarshal(body, &set) != nil || set.Keys == nil {
			return nil, broken("keys: not a key set")
		}
		found := &keySet{address: m.JWKS}
		for _, raw := range set.Keys {
			// RFC 7517 §5: a key of a sort that we do not know is no reason to distrust the others.
			var key jose.JSONWebKey
			if json.Unmarshal(raw, &key) == nil && key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") {
				found.keys = append(found.keys, key)
			}
		}
		return found, nil
	})
}

// kept is something that is fetched when it is needed and kept for a while. One caller fetches at a time; those who came
// meanwhile share what it got, be it an error, and wait no longer than their own deadline.
type kept[T any] struct {
	turn chan struct{} // holds one: whoever has put it in may fetch

	mu    sync.Mutex // guards the rest
	value T
	at    time.Time // when value was fetched
	tried time.Time // when fetching was last begun
	round int       // how many fetches have ended
	err   error     // how the last one failed
}

// get is the value, if fresh says so, or a new one.
func (k *kept[T]) get(
	ctx context.Context, now func() time.Time, fresh func(*kept[T]) bool, fetch func(context.Context) (T, error),
) (T, error) {
	k.mu.Lock()
	value, ok, round := k.value, fresh(k), k.round
	k.mu.Unlock()
	if ok {
		return value, nil
	}
	var none T
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return none, parley.Errorf(parley.KindUnheard, "wait for another who is asking: %w", ctx.Err())
	}
	k.mu.Lock()
	value, ok = k.value, fresh(k)
	failed := k.err
	if k.round == round {
		failed = nil // nobody has tried since we came
	}
	if !ok && failed == nil {
		k.tried = now()
	}
	k.mu.Unlock()
	if ok {
		return value, nil
	} else if failed != nil {
		return none, failed
	}

	value, err := fetch(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.round++
	k.err = err
	if err != nil {
		if ctx.Err() != nil {
			k.err = nil // it was our own haste: whoever waits must try for themselves
		}
		return none, err
	}
	k.value, k.at = value, k.tried
	return value, nil
}
