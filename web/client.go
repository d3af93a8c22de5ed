package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"parley"
)

// ClientOptions say how we speak to others.
type ClientOptions struct {
	Timeout time.Duration // for a whole exchange; 10 s when zero
	// AllowPrivate permits private, loopback and link-local addresses. Without it an address that somebody configured, or a
	// name that somebody else's DNS answers for, cannot reach what is behind our firewall.
	AllowPrivate bool
	Certificates []tls.Certificate // client certificates, for mutual TLS
	RootCAs      *x509.CertPool    // whose certificates are believed in place of the system's; nil for the system's
}

// NewClient makes the HTTP client that everything outbound uses: it follows no redirect, has a deadline, keeps connections,
// and refuses to connect to an address that is not public unless it is told otherwise. The check is made on the address
// that is dialled, after DNS, so a name cannot change its mind in between.
func NewClient(o ClientOptions) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	dialer := &net.Dialer{Timeout: min(o.Timeout, 5*time.Second), KeepAlive: 30 * time.Second}
	if !o.AllowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("egress guard: %w", err)
			}
			if !public(to.Addr().Unmap()) {
				return errEgress
			}
			return nil
		}
	}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			Proxy:                  nil, // the guard must see the address itself
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, Certificates: o.Certificates, RootCAs: o.RootCAs},
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           256,
			MaxIdleConnsPerHost:    64,
			IdleConnTimeout:        60 * time.Second,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errEgress = errors.New("egress guard: not a public address (the configuration can allow private ones)")

// publicIPv6 is all of IPv6 that is in use between networks. What lies outside it, such as ::/96 and NAT64's prefixes, may
// carry an IPv4 address within.
var publicIPv6 = netip.MustParsePrefix("2000::/3")

// notPublic are the ranges that IsPrivate and its siblings do not cover: shared address space, benchmarking, documentation,
// reserved, and the tunnels (Teredo, 6to4) that carry an IPv4 address within.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	// A prefix contains no address with a zone, so one that has a zone is not public either.
	if a.Is6() && !publicIPv6.Contains(a) {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Exchange sends a request and reads the whole answer, up to limit bytes. Its errors say what became of the words:
// parley.KindUnheard when no connection could be made, parley.KindUnknown when the answer was lost or too large.
func Exchange(client *http.Client, req *http.Request, limit int64) (*http.Response, []byte, error) {
	// net/http repeats some requests by itself when a kept connection breaks. An error to connect that time says nothing of
	// the first, so the transport is watched for whether it ever wrote.
	traced, wrote := new(atomic.Bool), new(atomic.Bool)
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	}))
	// Without GetBody net/http cannot say the request again by itself when a kept connection turns out to be dead: it
	// would, because of the Idempotency-Key, and a repetition that nobody has written down must not happen.
	req.GetBody = nil
	res, err := client.Do(req)
	if err != nil {
		kind := sendKind(err)
		if traced.Load() && wrote.Load() {
			kind = parley.KindUnknown
		} else if traced.Load() {
			kind = parley.KindUnheard
		}
		return nil, nil, parley.Errorf(kind, "%s %s: %w", req.Method, req.URL.Host, bare(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, nil, parley.Errorf(parley.KindUnknown, "read the answer of %s: %w", req.URL.Host, bare(err))
	}
	if int64(len(body)) > limit {
		return nil, nil, parley.Errorf(parley.KindUnknown, "the answer of %s is larger than %d bytes", req.URL.Host, limit)
	}
	return res, body, nil
}

// sendKind tells a request that never left from one that may have been heard, by the error alone: for a transport that
// cannot be watched. Only a failure to connect is the former.
func sendKind(err error) parley.Kind {
	if errors.Is(err, errEgress) {
		return parley.KindUnheard
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return parley.KindUnheard
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return parley.KindUnheard
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return parley.KindUnheard
	}
	return parley.KindUnknown
}

// bare is the cause without the URL that net/http puts in front, which may carry what must not be logged.
func bare(err error) error {
	type unwrapper interface{ Unwrap() error }
	if u, ok := err.(unwrapper); ok && u.Unwrap() != nil {
		return u.Unwrap()
	}
	return err
}
