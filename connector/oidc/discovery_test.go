package oidc

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/connector"
)

func TestADiscoveryDocumentThatIsNotTheProvidersIsRefused(t *testing.T) {
	const path = "/.well-known/openid-configuration"
	set := func(name string, value any) func(*op) {
		return func(p *op) { p.discovery = func(d map[string]any) { d[name] = value } }
	}
	write := func(status int, body string) func(*op) {
		return func(p *op) {
			p.instead[path] = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			}
		}
	}
	for name, test := range map[string]struct {
		change func(*op)
		kind   parley.Kind
	}{
		"another issuer":          {set("issuer", "https://evil.example"), parley.KindRefused},
		"issuer with a slash":     {func(p *op) { set("issuer", p.URL+"/")(p) }, parley.KindRefused},
		"no issuer":               {set("issuer", nil), parley.KindRefused},
		"http authorization":      {set("authorization_endpoint", "http://op.example/a"), parley.KindRefused},
		"http token":              {set("token_endpoint", "http://op.example/t"), parley.KindRefused},
		"http keys":               {set("jwks_uri", "http://op.example/k"), parley.KindRefused},
		"javascript":              {set("authorization_endpoint", "javascript:alert(1)"), parley.KindRefused},
		"no token endpoint":       {set("token_endpoint", ""), parley.KindRefused},
		"redirect":                {write(302, ""), parley.KindRefused},
		"not found":               {write(404, ""), parley.KindRefused},
		"HTML":                    {write(200, "<html>"), parley.KindRefused},
		"broken for now":          {write(503, ""), parley.KindUnheard},
		"10 MB":                   {write(200, strings.Repeat(" ", 10<<20)), parley.KindUnheard},
		"slower than we can wait": {func(p *op) { p.instead[path] = func(w http.ResponseWriter, r *http.Request) { drip(w, r) } }, parley.KindUnheard},
	} {
		t.Run(name, func(t *testing.T) {
			p := newOP(t)
			test.change(p)
			c := p.connector(nil)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			opened, err := c.Identify(ctx, connector.IdentifyRequest{State: "s"})
			if parley.KindOf(err) != test.kind || opened.Page.URL != "" {
				t.Errorf("%+v, %v", opened, err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Error("it took", took)
			}
			if p.count("/elsewhere") != 0 {
				t.Error("a redirect was followed")
			}
		})
	}
}

// drip writes a byte now and then, for ever.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		fmt.Fprint(w, " ")
		w.(http.Flusher).Flush()
		time.Sleep(10 * time.Millisecond)
	}
}

func TestDiscoveryThatFailsAtTheReturnKeepsTheCode(t *testing.T) {
	p := newOP(t)
	c := p.connector(nil)
	session, _ := p.begin(c, connector.IdentifyRequest{})
	p.now = p.now.Add(2 * time.Hour)
	p.instead["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }
	if _, err := c.Return(t.Context(), session, p.redirect()); parley.KindOf(err) != parley.KindUnheard || p.count("/token") != 0 {
		t.Error(err)
	}
	delete(p.instead, "/.well-known/openid-configuration")
	if told, err := c.Return(t.Context(), session, p.redirect()); err != nil || told.Fact != connector.Identified {
		t.Error("the same redirect must still do:", told, err)
	}
}

func TestManyWhoComeAtOnceAskOnce(t *testing.T) {
	p := newOP(t)
	c := p.connector(nil)
	release := make(chan struct{})
	p.discovery = func(map[string]any) { <-release }
	// One who cannot wait gives up at their own deadline, and takes nobody along.
	var all sync.WaitGroup
	hasty, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Identify(hasty, connector.IdentifyRequest{State: "s"}); parley.KindOf(err) != parley.KindUnheard {
		t.Error(err)
	}
	for range 20 {
		all.Go(func() {
			if _, err := c.Identify(t.Context(), connector.IdentifyRequest{State: "s"}); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	close(release)
	all.Wait()
	if n := p.count("/.well-known/openid-configuration"); n != 2 {
		t.Errorf("discovery was asked %d times, want once by the hasty and once for all others", n)
	}
}
