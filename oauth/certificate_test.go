package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"parley/house"
	"path/filepath"
	"testing"
	"time"
)

func TestAProgramIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	for client, scope := range map[string]string{certClient: "savings:read savings:write", namedClient: "savings:read", bothClient: "savings:read savings:write"} {
		t.Run(client, func(t *testing.T) {
			own := b.own[client]
			mine := b.caller(&own, "")
			p := b.ask(mine, url.Values{"client_id": {client}})
			token := b.granted(p)
			_, body := claims(t, token)
			cnf, _ := body["cnf"].(map[string]any)
			sum := sha256.Sum256(own.Certificate[0])
			if p.json(t)["scope"] != scope || cnf["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
				t.Error(p, body)
			}
			if p := b.probe(mine, "savings:read", with1(token)...); p.status != 200 || p.body != "bank" {
				t.Error("with its certificate:", p)
			}
			apiRefuses(t, b.probe(nil, "savings:read", with1(token)...), 401, "invalid_token")
			thief := newIssuer(t, nil).self()
			apiRefuses(t, b.probe(b.caller(&thief, ""), "savings:read", with1(token)...), 401, "invalid_token")
			if p := b.probe(mine, "savings:read"); p.status != 200 || p.body != "bank" {
				t.Error("the certificate by itself:", p)
			}
		})
	}
	named := b.own[namedClient]
	apiRefuses(t, b.probe(b.caller(&named, ""), "savings:write"), 403, "insufficient_scope")
	both := b.own[bothClient]
	_, body := claims(t, b.granted(b.ask(b.caller(&both, ""), url.Values{}, basic(bothClient, bankSecret)...)))
	if body["cnf"] == nil {
		t.Error("a token got by secret over a connection with the client's certificate is bound to it")
	}
	if _, body := claims(t, b.granted(b.ask(nil, url.Values{}, basic(bothClient, bankSecret)...))); body["cnf"] != nil {
		t.Error("a token got by secret alone is bound to nothing")
	}
}

func TestACertificateThatIsNotItsOpensNothing(t *testing.T) {
	t.Parallel()
	b := newBanks(t)
	stranger := newIssuer(t, nil)
	late := b.ca.issue(t, "savings.bank.example", -time.Minute)
	forged := stranger.issue(t, "savings.bank.example", time.Hour)
	another := b.ca.issue(t, "another.bank.example", time.Hour)
	serves := b.ca.issueFor(t, "savings.bank.example", time.Hour, x509.ExtKeyUsageServerAuth)
	own, gone, far := b.own[certClient], b.own[goneClient], b.own[farClient]
	for name, test := range map[string]struct {
		cert   tls.Certificate
		client string
	}{
		"a stranger's":                            {stranger.self(), certClient},
		"another client's":                        {own, namedClient},
		"of the right name, by somebody else":     {forged, namedClient},
		"of another name":                         {another, namedClient},
		"one that has expired":                    {late, namedClient},
		"one that is for servers":                 {serves, namedClient},
		"a disabled client's":                     {gone, goneClient},
		"of a client that may not ask from here":  {far, farClient},
		"its own, of a client that has no others": {own, bankClient},
	} {
		t.Run(name, func(t *testing.T) {
			caller := b.caller(&test.cert, "")
			wants(t, b.ask(caller, url.Values{"client_id": {test.client}}), 401, "invalid_client")
			if test.client == namedClient && name != "another client's" || test.client == certClient {
				apiRefuses(t, b.probe(caller, "savings:read"), 401, "")
			}
		})
	}
	apiRefuses(t, b.probe(b.caller(&gone, ""), "savings:read"), 401, "invalid_token")
	apiRefuses(t, b.probe(b.caller(&far, ""), "savings:read"), 401, "invalid_token")
	b.clock.forward(3 * time.Hour)
	apiRefuses(t, b.probe(b.caller(&own, ""), "savings:read"), 401, "")
}

// TestOnlyATrustedProxySaysWhichCertificateItSaw: RFC 9440 §2.4 leaves it to us whom to believe.
func TestOnlyATrustedProxySaysWhichCertificateItSaw(t *testing.T) {
	t.Parallel()
	own := func(b *banks) string {
		return ":" + base64.StdEncoding.EncodeToString(b.own[certClient].Certificate[0]) + ":"
	}
	t.Run("trusted", func(t *testing.T) {
		b := newBanks(t, func(c *house.Config) { c.TrustedProxies, c.CertHeader = []string{"127.0.0.1"}, "Client-Cert" })
		if p := b.probe(nil, "savings:read", "Client-Cert", own(b)); p.status != 200 || p.body != "bank" {
			t.Error(p)
		}
		escaped := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.own[certClient].Certificate[0]})))
		if p := b.probe(nil, "savings:read", "Client-Cert", escaped); p.status != 200 {
			t.Error("escaped PEM:", p)
		}
		token := b.granted(b.ask(nil, url.Values{"client_id": {certClient}}, "Client-Cert", own(b)))
		if p := b.probe(nil, "savings:read", append(with1(token), "Client-Cert", own(b))...); p.status != 200 {
			t.Error(p)
		}
		apiRefuses(t, b.probe(nil, "savings:read", with1(token)...), 401, "invalid_token")
		named := ":" + base64.StdEncoding.EncodeToString(b.own[namedClient].Certificate[0]) + ":"
		if p := b.probe(nil, "savings:read", "Client-Cert", named, "Client-Cert-Chain", ":"+base64.StdEncoding.EncodeToString(b.ca.cert.Raw)+":"); p.status != 200 {
			t.Error("by its name:", p)
		}
		mine := b.own[certClient]
		apiRefuses(t, b.probe(b.caller(&mine, ""), "savings:read"), 401, "") // a proxy's own certificate is nobody's
		for name, value := range map[string]string{"not base64": ":!:", "no end": ":QUJD", "no certificate": ":QUJD:", "a key": url.PathEscape("-----BEGIN PRIVATE" + " KEY-----\nQUJD\n-----END PRIVATE" + " KEY-----\n"), "two": own(b) + ", " + own(b)} {
			t.Run(name, func(t *testing.T) {
				apiRefuses(t, b.probe(nil, "savings:read", "Client-Cert", value), 400, "invalid_request")
			})
		}
		apiRefuses(t, b.probe(nil, "savings:read", "Client-Cert", own(b), "Client-Cert", own(b)), 400, "invalid_request")
		if p := b.ask(nil, url.Values{"client_id": {certClient}}, "Client-Cert", ":!:"); p.status != 401 {
			t.Error(p)
		}
	})
	t.Run("a stranger", func(t *testing.T) {
		b := newBanks(t, func(c *house.Config) { c.TrustedProxies, c.CertHeader = []string{"10.0.0.0/8"}, "Client-Cert" })
		apiRefuses(t, b.probe(nil, "savings:read", "Client-Cert", own(b)), 401, "")
		wants(t, b.ask(nil, url.Values{"client_id": {certClient}}, "Client-Cert", own(b)), 401, "invalid_client")
		mine := b.own[certClient]
		if p := b.probe(b.caller(&mine, ""), "savings:read", "Client-Cert", ":!:"); p.status != 200 {
			t.Error("whose own certificate counts:", p)
		}
	})
	t.Run("not configured", func(t *testing.T) {
		b := newBanks(t, func(c *house.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
		apiRefuses(t, b.probe(nil, "savings:read", "Client-Cert", own(b)), 401, "")
	})
}

// TestPeopleAreNotAskedForACertificate: where the programs have a host of their own, only there.
func TestPeopleAreNotAskedForACertificate(t *testing.T) {
	t.Parallel()
	b := newBanks(t, func(c *house.Config) { c.TLS.ClientHost = "api.example:8443" })
	own := b.own[certClient]
	if p := b.probe(b.caller(&own, "api.example"), "savings:read"); p.status != 200 {
		t.Error(p)
	}
	asked := false
	person := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "savings.example",
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { asked = true; return &own, nil }}}}
	defer person.CloseIdleConnections()
	apiRefuses(t, b.probe(person, "savings:read"), 401, "")
	if asked {
		t.Error("a browser was asked for a certificate")
	}
	req, _ := http.NewRequest("GET", b.server.URL+"/.well-known/oauth-authorization-server", nil)
	aliases, _ := b.do(person, req).json(t)["mtls_endpoint_aliases"].(map[string]any)
	if aliases["token_endpoint"] != "https://api.example:8443/oauth/token" {
		t.Error(aliases)
	}
}

// issuer is somebody who signs certificates.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newIssuer(t testing.TB, by *issuer) *issuer {
	t.Helper()
	cert, key := certified(t, by, &x509.Certificate{Subject: pkix.Name{CommonName: "somebody"}, IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(2 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature})
	return &issuer{cert, key}
}

// self is the issuer's own certificate.
func (i *issuer) self() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{i.cert.Raw}, PrivateKey: i.key}
}

func (i *issuer) issue(t testing.TB, name string, ends time.Duration) tls.Certificate {
	t.Helper()
	return i.issueFor(t, name, ends, x509.ExtKeyUsageClientAuth)
}

func (i *issuer) issueFor(t testing.TB, name string, ends time.Duration, use x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	// In the order of the trade, the country first, which is not that of pkix.Name.
	raw, err := asn1.Marshal(pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "SE"}}, {{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "Bank AB"}}, {{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name}}})
	if err != nil {
		t.Fatal(err)
	}
	cert, key := certified(t, i, &x509.Certificate{RawSubject: raw, NotAfter: time.Now().Add(ends), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func (i *issuer) file(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func certified(t testing.TB, by *issuer, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.IPAddresses = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), []net.IP{net.IPv4(127, 0, 0, 1)}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

func fingerprint(c tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	return hex.EncodeToString(sum[:])
}
