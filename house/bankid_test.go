package house_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/connector"
	"parley/house"
)

// authority is somebody who signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key, a.pem = certify(t, nil, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// pair is a certificate with its key, as PEM.
func (a *authority) pair(name string) (chain, key string) {
	a.t.Helper()
	_, private, chain := certify(a.t, a, &x509.Certificate{Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}})
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return chain, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func certify(t *testing.T, by *authority, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
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
	return made, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// bankID is a configuration of BankID that is in order.
func bankID(t *testing.T) *house.BankID {
	t.Helper()
	theirs := newAuthority(t, "BankID's own")
	chain, key := theirs.pair("a relying party")
	return &house.BankID{Certificate: kept(t, chain), Key: house.Secret{Value: key}, CA: kept(t, theirs.pem)}
}

func kept(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func only(t *testing.T, b *house.BankID, private bool) (*house.House, error) {
	t.Helper()
	h, err := house.New(t.Context(), house.Config{Issuer: "https://parley.example", Data: t.TempDir(), Secret: house.Secret{Value: strings.Repeat("s", 32)}, AllowPrivate: private,
		Merchants: []house.Merchant{{ID: 1, Operator: house.Operator{URL: "https://shop.example/{action}"}, Providers: []house.Provider{{Name: "bankid", BankID: b}}}}}, house.Parts{})
	if err == nil {
		t.Cleanup(func() { h.Stop(t.Context()) })
	}
	return h, err
}

// TestBankIDIsAskedByCertificateAndItsOwnAuthorityAloneIsBelieved: over real TLS, with certificates on both sides.
func TestBankIDIsAskedByCertificateAndItsOwnAuthorityAloneIsBelieved(t *testing.T) {
	theirs, another := newAuthority(t, "BankID's own"), newAuthority(t, "somebody else's")
	known := make(chan string, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known <- r.TLS.PeerCertificates[0].Subject.CommonName
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"orderRef":"o","autoStartToken":"a","qrStartToken":"q","qrStartSecret":"s"}`))
	}))
	chain, key := theirs.pair("the API")
	pair, err := tls.X509KeyPair([]byte(chain), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(theirs.cert)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()

	ours, ourKey := theirs.pair("the shop")
	config := house.BankID{URL: srv.URL + "/rp/v6.0/", Certificate: kept(t, ours), Key: house.Secret{Value: ourKey}, CA: kept(t, theirs.pem)}
	identify := func(c house.BankID) error {
		h, err := only(t, &c, true)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Providers[0].Identify.Identify(t.Context(), connector.IdentifyRequest{IP: "192.0.2.1"})
		return err
	}
	if err := identify(config); err != nil {
		t.Fatal(err)
	}
	if name := <-known; name != "the shop" {
		t.Errorf("BankID knows us as %q", name)
	}
	config.CA = kept(t, another.pem)
	if err := identify(config); parley.KindOf(err) != parley.KindUnheard {
		t.Errorf("with another authority: %v", err)
	}
}

func TestBankIDWithoutItsCertificatesIsNotInOrder(t *testing.T) {
	for want, spoil := range map[string]func(b *house.BankID){
		"certificate: is needed": func(b *house.BankID) { b.Certificate = "" },
		"no-such-file.pem":       func(b *house.BankID) { b.Certificate = "no-such-file.pem" },
		"key: ":                  func(b *house.BankID) { b.Key = house.Secret{File: "no-such-key.pem"} },
		"ca: is needed":          func(b *house.BankID) { b.CA = "" },
		"no-such-ca.pem":         func(b *house.BankID) { b.CA = "no-such-ca.pem" },
		"url: must be https":     func(b *house.BankID) { b.URL = "http://bankid.example/rp/v6.0/" },
		"user_visible_data":      func(b *house.BankID) { b.UserVisibleData = strings.Repeat("x", 2000) },
		"app: ":                  func(b *house.BankID) { b.App = "bankid:///" },
	} {
		t.Run(want, func(t *testing.T) {
			b := bankID(t)
			spoil(b)
			if _, err := only(t, b, false); err == nil || !strings.Contains(err.Error(), want) {
				t.Error(err)
			}
		})
	}
}
