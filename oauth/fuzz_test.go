package oauth_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/engine"
	"parley/oauth"
)

// nobody is on the other side of the server under fuzz: it is only to read and refuse.
type nobody struct{}

func (nobody) Begin(_ context.Context, run string, r oauth.Request) (oauth.Progress, error) {
	return oauth.Progress{Run: run, Request: r, Stage: oauth.Identifying, Page: oauth.Page{URL: "https://idp.example/login"}}, nil
}
func (nobody) Await(context.Context, string, func(oauth.Progress) bool) (oauth.Progress, error) {
	return oauth.Progress{}, parley.Errorf(parley.KindNotFound, "nobody")
}
func (nobody) Redirected(context.Context, string, ...engine.Write) error { return nil }
func (nobody) Returned(context.Context, string) error                    { return nil }
func (nobody) Redeemed(context.Context, string, ...engine.Write) error   { return nil }
func (nobody) Checked(context.Context, string) error                     { return nil }
func (nobody) GiveUp(context.Context, string) error                      { return nil }

// reader is a server of some clients that keeps nothing.
func reader(t testing.TB, clients ...oauth.Client) http.Handler {
	t.Helper()
	for i := range clients {
		clients[i].Merchant = 1
		if clients[i].Auth == "" {
			clients[i].Secret = "0123456789abcdef"
		}
	}
	s, err := oauth.New(oauth.Config{Issuer: "https://parley.example", Secret: make([]byte, 32), Clients: clients, Conversations: nobody{}, Log: slog.New(slog.DiscardHandler),
		Providers: func(int) []oauth.Provider {
			return []oauth.Provider{{Name: "bank", Pays: true, Demands: []string{"country"}}, {Name: "id"}}
		}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Routes(mux)
	return mux
}

func ask(h http.Handler, rawQuery string) *httptest.ResponseRecorder {
	r := &http.Request{Method: "GET", URL: &url.URL{Path: "/oauth/authorize", RawQuery: rawQuery}, Header: http.Header{"Accept": {"text/html"}}, Host: "parley.example", RemoteAddr: "192.0.2.1:1", Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// answered is where the client is told that nobody is signed in, "" when it is not told.
func answered(h http.Handler, client, uri string) string {
	rec := ask(h, params("client_id", client, "redirect_uri", uri, "prompt", "none", "scope", "openid").Encode())
	return rec.Header().Get("Location")
}

// rfc8252 is the rule for native clients, written another way: the same loopback address in numbers, any port, all else as registered.
var rfc8252 = regexp.MustCompile(`^(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?((?:[/?].*)?)$`)

// 7, and the differential test of the list's end.
func FuzzRedirectMatcher(f *testing.F) {
	registered := []string{callback, branded, webLoop, nativeURI, "http://[::1]/native", "http://127.0.0.1:8080/other?x=1"}
	h := reader(f,
		oauth.Client{ID: "exact", RedirectURIs: registered},
		oauth.Client{ID: "native", Auth: oauth.AuthNone, Native: true, RedirectURIs: registered},
		oauth.Client{ID: "compatible", Profile: oauth.Compatible, IgnoreQuery: true, RedirectURIs: registered},
	)
	for _, uri := range registered {
		for _, s := range []string{uri, uri + "/", uri + "?", uri + "#", uri + "&x=1", strings.ToUpper(uri), strings.Replace(uri, "127.0.0.1", "127.0.0.1:7", 1), strings.Replace(uri, ":9", ":10", 1), strings.Replace(uri, "[::1]", "[::1]:65535", 1),
			strings.Replace(uri, "127.0.0.1", "evil@127.0.0.1", 1), strings.Replace(uri, "127.0.0.1", "127.0.0.1:80@evil.example", 1), strings.Replace(uri, "/", `\`, 1), uri + "\x00", " " + uri} {
			f.Add(s)
		}
	}
	f.Add("http://127.0.0.1:/native")
	f.Add("http://127.0.0.1:123456/native")
	f.Add("http://127.0.0.1:７/native")
	f.Fuzz(func(t *testing.T, uri string) {
		printable := !strings.ContainsFunc(uri, func(r rune) bool { return r < 0x20 || r > 0x7e })
		exact := slices.Contains(registered, uri)
		want := map[string]bool{"exact": exact, "native": exact, "compatible": exact}
		if m := rfc8252.FindStringSubmatch(uri); m != nil && printable && !strings.ContainsAny(uri, `\#@`) {
			want["native"] = exact || slices.ContainsFunc(registered, func(k string) bool {
				n := rfc8252.FindStringSubmatch(k)
				return n != nil && n[1] == m[1] && n[2] == m[2]
			})
		}
		if bare, _, _ := strings.Cut(uri, "?"); printable && !strings.Contains(uri, "#") {
			want["compatible"] = exact || slices.ContainsFunc(registered, func(k string) bool { k, _, _ = strings.Cut(k, "?"); return k == bare })
		}
		for client, want := range want {
			to := answered(h, client, uri)
			if (to != "") != want {
				t.Errorf("%s: %q is answered at %q, want answered: %v", client, uri, to, want)
			}
			if to == "" {
				continue
			}
			// As a browser reads it, it is a host that was registered.
			u, err := url.Parse(to)
			if err != nil || !slices.Contains([]string{"shop.example", "127.0.0.1", "::1"}, u.Hostname()) || u.User != nil || !strings.HasPrefix(to, uri) {
				t.Errorf("%s: %q leads to %q", client, uri, to)
			}
		}
	})
}

// The parser never panics, and never sends anybody where the client is not.
func FuzzAuthorizationRequest(f *testing.F) {
	h := reader(f, oauth.Client{ID: "shop", RedirectURIs: []string{callback, branded}}, oauth.Client{ID: "compatible", Profile: oauth.Compatible, IgnoreQuery: true, RedirectURIs: []string{callback}})
	f.Add(params().Encode())
	f.Add(deposit("identity_provider", "bank", "attributes[a]", "b", "provider_attributes[user_type]", "c").Encode())
	f.Add(params("scope", "openid", "identity_provider", "id").Encode())
	f.Add(compatibleRequest("client_id", "compatible", "identity_provider", "bank").Encode())
	f.Add(compatibleRequest("client_id", "compatible", "iframe", "true").Encode())
	f.Add(with(params(), "state", "x").Encode() + "&request_uri=http://169.254.169.254/&attributes[]=x&attributes[=y&prompt=none+login&max_age=-1")
	f.Add("client_id=shop&redirect_uri=//evil.example&%00=%ff;&&=&=x")
	f.Fuzz(func(t *testing.T, raw string) {
		rec := ask(h, raw)
		to := rec.Header().Get("Location")
		switch {
		case rec.Code == http.StatusSeeOther && (strings.HasPrefix(to, callback+"?") || to == "https://idp.example/login"):
		case to != "":
			t.Errorf("%d to %q", rec.Code, to)
		case rec.Code != http.StatusOK && rec.Code != http.StatusBadRequest && rec.Code != http.StatusUnauthorized:
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		if strings.ContainsAny(to, "\r\n\x00") {
			t.Errorf("%q", to)
		}
	})
}

// What may be registered is a place that a browser can be sent to and that is whose it seems to be.
func FuzzCheckRedirectURI(f *testing.F) {
	for _, s := range []string{callback, branded, webLoop, nativeURI, "https://:443/x", "https://a@b/", "http://localhost", "http://[::1%25lo]/", "https://%65vil.example/", "https://shop.example:x/", "https://shop.example/%2e%2e", "HTTPS://SHOP.EXAMPLE", "https://shop.example?x=*", "https://[::1", "//x", "javascript:x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if oauth.CheckRedirectURI(raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(raw, "*#\\ \t\r\n") {
			t.Fatalf("%q may be registered", raw)
		}
		if ip, err := netip.ParseAddr(u.Hostname()); u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())) {
			t.Fatalf("%q may be registered", raw)
		}
		h := reader(t, oauth.Client{ID: "shop", RedirectURIs: []string{raw}})
		if to := answered(h, "shop", raw); !strings.HasPrefix(to, raw) {
			t.Errorf("%q is registered and answered at %q", raw, to)
		}
		if to := answered(h, "shop", raw+"x"); to != "" {
			t.Errorf("%q is registered, and %q is answered", raw, raw+"x")
		}
	})
}
