package house

import (
	"crypto/tls"
	"net"
	"slices"
	"strings"
)

// ServeTLS is how a server of this house answers where it speaks HTTPS itself; nil where it does not. It asks for a client certificate when some
// client is known by one, and never demands it: whether a certificate is somebody's, package oauth judges at each request, so that people
// without one, and certificates that signed themselves, come in at the same address.
func (c Config) ServeTLS() (*tls.Config, error) {
	if c.TLS == nil {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLS.Certificate, c.TLS.Key)
	if err != nil {
		return nil, err
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
	if !slices.ContainsFunc(c.Partners, func(p Partner) bool {
		return slices.ContainsFunc(p.Clients, func(c PartnerClient) bool { return len(c.Certificates) > 0 })
	}) {
		return out, nil
	}
	asking := out.Clone() // one for all, whose session tickets it can read again
	asking.ClientAuth = tls.RequestClientCert
	host := c.TLS.ClientHost
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "" {
		return asking, nil
	}
	out.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if strings.EqualFold(hello.ServerName, host) {
			return asking, nil
		}
		return nil, nil
	}
	return out, nil
}
