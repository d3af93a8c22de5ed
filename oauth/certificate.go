package oauth

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"parley"
)

// Certificate is a client certificate by which a client of a partner is known, RFC 8705 §2. Exactly one of its fields is set.
type Certificate struct {
	// Fingerprint is the SHA-256 of the certificate in hexadecimal, with or without colons. It may be anybody's certificate, also one that
	// signed itself: the handshake has proved that the client holds its key.
	Fingerprint string
	// Subject is the distinguished name (RFC 4514: "CN=savings,O=Bank,C=SE"), compared character by character, of a certificate that leads to
	// Config.ClientCAs.
	Subject string
}

// checkCertificates writes the fingerprints of a client in one way, and says what is wrong with its certificates.
func (c *Client) checkCertificates() error {
	for i, cert := range c.Certificates {
		if (cert.Fingerprint == "") == (cert.Subject == "") {
			return parley.Invalid("certificates", "each is known by its sha256 or by its subject, and by one of them")
		}
		if cert.Subject != "" {
			continue
		}
		print := strings.ToLower(strings.ReplaceAll(cert.Fingerprint, ":", ""))
		if b, err := hex.DecodeString(print); err != nil || len(b) != sha256.Size {
			return parley.Invalid("certificates", "sha256 must be 64 hexadecimal digits")
		}
		c.Certificates[i].Fingerprint = print
	}
	return nil
}

// shown is the certificate that a client has proved to hold.
type shown struct {
	cert  *x509.Certificate
	chain []*x509.Certificate // what came with it
}

// thumbprint is the certificate as a token is bound to it, RFC 8705 §3.1.
func (s *shown) thumbprint() string {
	sum := sha256.Sum256(s.cert.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

var errCertificate = parley.Invalid("client certificate", "cannot be read")

// shown is the certificate of whoever asks; nil when there is none. A proxy that is trusted ends the connection in our place, and says in a
// header which certificate it saw: nobody else is believed, and a proxy's own certificate is nobody's.
func (s *Server) shown(r *http.Request) (*shown, error) {
	if s.CertificateHeader != "" {
		if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && s.trusted(at.Addr().Unmap()) {
			return shownBy(r.Header, s.CertificateHeader)
		}
	}
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, nil
	}
	return &shown{r.TLS.PeerCertificates[0], r.TLS.PeerCertificates[1:]}, nil
}

// shownBy reads what a proxy says: RFC 9440, or the escaped PEM that some proxies can make in its place.
func shownBy(h http.Header, name string) (*shown, error) {
	values := h.Values(name)
	if len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == "" {
		return nil, nil
	}
	if len(values) > 1 || len(values[0]) > 16<<10 {
		return nil, errCertificate // one of them may be the client's own
	}
	cert, err := parseShown(values[0])
	if err != nil {
		return nil, err
	}
	out := &shown{cert: cert}
	if !strings.EqualFold(name, "Client-Cert") {
		return out, nil
	}
	for _, list := range h.Values("Client-Cert-Chain") {
		for _, one := range strings.Split(list, ",") {
			if len(out.chain) == 10 {
				return nil, errCertificate
			}
			above, err := parseShown(one)
			if err != nil {
				return nil, err
			}
			out.chain = append(out.chain, above)
		}
	}
	return out, nil
}

func parseShown(v string) (*x509.Certificate, error) {
	v = strings.TrimSpace(v)
	var der []byte
	if inner, ok := strings.CutPrefix(v, ":"); ok { // RFC 8941 §3.3.5: bytes are base64 between colons
		inner, ok = strings.CutSuffix(inner, ":")
		b, err := base64.StdEncoding.DecodeString(inner)
		if !ok || err != nil {
			return nil, errCertificate
		}
		der = b
	} else {
		text, err := url.PathUnescape(v)
		if err != nil {
			return nil, errCertificate
		}
		block, rest := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
			return nil, errCertificate
		}
		der = block.Bytes
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, errCertificate
	}
	return cert, nil
}

// holds reports whether a certificate is one of the client's, and good now.
func (s *Server) holds(c *Client, by *shown) bool {
	if by == nil || len(c.Certificates) == 0 {
		return false
	}
	now := s.Now()
	if now.Before(by.cert.NotBefore) || now.After(by.cert.NotAfter) {
		return false
	}
	sum := sha256.Sum256(by.cert.Raw)
	print, subject := hex.EncodeToString(sum[:]), subjectOf(by.cert)
	for _, known := range c.Certificates {
		if known.Fingerprint == print && print != "" || known.Subject != "" && known.Subject == subject && s.signed(by) {
			return true
		}
	}
	return false
}

// signed reports whether a certificate leads to an authority whose clients we know by name.
func (s *Server) signed(by *shown) bool {
	if s.ClientCAs == nil {
		return false
	}
	between := x509.NewCertPool()
	for _, c := range by.chain {
		between.AddCert(c)
	}
	_, err := by.cert.Verify(x509.VerifyOptions{Roots: s.ClientCAs, Intermediates: between, CurrentTime: s.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

// subjectOf writes the name in the order in which it stands in the certificate, which pkix.Name does not keep.
func subjectOf(c *x509.Certificate) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(c.RawSubject, &name); err != nil || len(rest) > 0 {
		return ""
	}
	return name.String()
}
