package web

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley"
)

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "54.229.9.44": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.0.1": true,
		"2606:4700::1111": true, "2a00:1450:4001::1": true, "::ffff:8.8.8.8": true,

		"127.0.0.1": false, "127.255.255.254": false, "0.0.0.0": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "100.64.0.1": false,
		"169.254.169.254": false, "169.254.0.1": false, // the cloud's metadata and its link
		"192.0.0.192": false, "192.0.2.1": false, "192.88.99.1": false, "198.18.0.1": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,

		"::1": false, "::": false, "fe80::1": false, "fe80::1%lo": false, "fc00::1": false, "fd00:ec2::254": false,
		"ff02::1": false, "fec0::1": false, "100::1": false, "2001:db8::1": false, "2001:db8::1%lo": false, "3fff::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "::ffff:10.0.0.1": false,
		"::127.0.0.1": false, "64:ff9b::7f00:1": false, "64:ff9b:1::7f00:1": false, "2002:7f00:1::1": false, "2001:0:7f00:1::1": false,
		"2606:4700::1%lo": false,
	} {
		if got := public(netip.MustParseAddr(address).Unmap()); got != want {
			t.Errorf("public(%s) = %v", address, got)
		}
	}
}

func TestGuardRefusesWhatIsBehindTheFirewall(t *testing.T) {
	var heard atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	client := NewClient(ClientOptions{Timeout: 2 * time.Second})
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "localhost", "0.0.0.0", "10.0.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
	} {
		_, _, err := Exchange(client, get(t, "http://"+host+":"+port+"/"), 100)
		if !errors.Is(err, errEgress) || parley.KindOf(err) != parley.KindUnheard {
			t.Errorf("%s: %v (%s)", host, err, parley.KindOf(err))
		}
	}
	// A machine without IPv6 cannot dial these at all, which will do.
	for _, host := range []string{"[::1]", "[fe80::1]", "[fd00:ec2::254]", "[64:ff9b::7f00:1]"} {
		if _, _, err := Exchange(client, get(t, "http://"+host+":"+port+"/"), 100); parley.KindOf(err) != parley.KindUnheard {
			t.Errorf("%s: %v (%s)", host, err, parley.KindOf(err))
		}
	}
	if n := heard.Load(); n != 0 {
		t.Errorf("the server behind the firewall heard %d requests", n)
	}
}

func TestPrivateAddressesCanBeAllowed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	defer s.Close()
	res, body, err := Exchange(allowed(), get(t, s.URL), 5)
	if err != nil || res.StatusCode != 200 || string(body) != "hello" {
		t.Fatalf("%v %q %v", res, body, err)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var heard atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer s.Close()
	res, _, err := Exchange(allowed(), get(t, s.URL), 100)
	if err != nil || res.StatusCode != http.StatusFound || heard.Load() != 1 {
		t.Fatalf("%v %v, heard %d", res, err, heard.Load())
	}
}

func TestWordsThatNeverLeftAreUnheard(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer untrusted.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	// A dial that hangs until the deadline: net/http then reports the deadline, not the dial.
	hangs := allowed()
	hangs.Timeout = 50 * time.Millisecond
	hangs.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		client *http.Client
		url    string
	}{
		"connection refused":     {allowed(), closed.URL},
		"no such name":           {allowed(), "http://nowhere.invalid/"},
		"untrusted certificate":  {allowed(), untrusted.URL},
		"not TLS at all":         {allowed(), strings.Replace(plain.URL, "http:", "https:", 1)},
		"dialling takes forever": {hangs, "http://operator.example/"},
		"fake that cannot dial":  {&http.Client{Transport: fake{&net.OpError{Op: "dial", Err: errors.New("no")}}}, "http://operator.example/"},
	} {
		if _, _, err := Exchange(c.client, get(t, c.url), 100); parley.KindOf(err) != parley.KindUnheard {
			t.Errorf("%s: %v (%s)", name, err, parley.KindOf(err))
		}
	}
}

func TestLostAnswerIsUnknown(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"hung up": func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "") },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			hangUp(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel")
		},
		"not HTTP":       func(w http.ResponseWriter, _ *http.Request) { hangUp(w, "SSH-2.0-OpenSSH_9.6\r\n\r\n") },
		"too large":      func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("a", 101)) },
		"fake that read": nil,
	} {
		client, url := &http.Client{Transport: fake{&net.OpError{Op: "read", Err: errors.New("no")}}}, "http://operator.example/"
		if handler != nil {
			s := httptest.NewServer(handler)
			defer s.Close()
			client, url = allowed(), s.URL
		}
		_, _, err := Exchange(client, get(t, url), 100)
		if parley.KindOf(err) != parley.KindUnknown || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v (%s)", name, err, parley.KindOf(err))
		}
	}
}

func TestLateAnswerIsUnknownAndATimeout(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/trickle" {
			io.WriteString(w, "h")
			http.NewResponseController(w).Flush()
		}
		<-done
	}))
	defer s.Close()
	defer close(done)
	for _, path := range []string{"/silent", "/trickle"} {
		client := NewClient(ClientOptions{AllowPrivate: true, Timeout: 100 * time.Millisecond})
		_, _, err := Exchange(client, get(t, s.URL+path), 100)
		if parley.KindOf(err) != parley.KindUnknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v (%s)", path, err, parley.KindOf(err))
		}
	}
}

// net/http repeats a request that it takes for idempotent when a kept connection breaks. If nobody listens by then, its
// error is one of dialling; the first time was heard nevertheless.
func TestRequestHeardBeforeTheServerWentAwayIsUnknown(t *testing.T) {
	var heard atomic.Int32
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if heard.Add(1) == 2 {
			s.Listener.Close()
			hangUp(w, "")
		}
	}))
	defer s.Close()
	client := allowed()
	post := func() error {
		req, err := http.NewRequest("POST", s.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "k")
		_, _, err = Exchange(client, req, 100)
		return err
	}
	if err := post(); err != nil {
		t.Fatal(err)
	}
	err := post()
	if parley.KindOf(err) != parley.KindUnknown || heard.Load() != 2 {
		t.Errorf("%v (%s), heard %d", err, parley.KindOf(err), heard.Load())
	}
}

func TestErrorsDoNotRepeatTheURL(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	_, _, err := Exchange(allowed(), get(t, closed.URL+"/secret?person=199001012384"), 100)
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "1990") {
		t.Error(err)
	}
}

type fake struct{ err error }

func (f fake) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func allowed() *http.Client {
	return NewClient(ClientOptions{AllowPrivate: true, Timeout: 5 * time.Second})
}

func get(t *testing.T, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// hangUp writes raw bytes on the connection and closes it.
func hangUp(w http.ResponseWriter, raw string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	io.WriteString(c, raw)
	c.Close()
}
