package trustly

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"

	"parley"
)

// Signatures are RSASSA-PKCS1-v1_5 over SHA-1 of method, uuid and serialized data, in base64. Trustly has no other kind: the
// age of SHA-1 is theirs to mend.

var errSignature = errors.New("the signature is not Trustly's")

// sign signs what we say.
func sign(key *rsa.PrivateKey, method, uuid string, data any) (string, error) {
	sum := sha1.Sum([]byte(method + uuid + serialize(data)))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
	return base64.StdEncoding.EncodeToString(signature), err
}

// verify tells whether Trustly said something. The serialization has no separators, so a signature alone does not say where
// one field ends and the next begins; whoever reads the fields checks each for its form.
func verify(key *rsa.PublicKey, signature, method, uuid string, data any) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(raw) == 0 {
		return errSignature
	}
	sum := sha1.Sum([]byte(method + uuid + serialize(data)))
	if rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], raw) != nil {
		return errSignature
	}
	return nil
}

// ParsePrivateKey reads an RSA private key in PEM, PKCS #1 (as openssl genrsa used to write it) or PKCS #8. The error is of kind invalid.
func ParsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, parley.Invalid("key", "not a private key in PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if key, ok := any.(*rsa.PrivateKey); err == nil && ok {
		return key, nil
	}
	return nil, parley.Invalid("key", "not an RSA private key")
}

// ParsePublicKey reads an RSA public key in PEM, as Trustly publishes them. The error is of kind invalid.
func ParsePublicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, parley.Invalid("trustlyKey", "not a public key in PEM")
	}
	any, err := x509.ParsePKIXPublicKey(block.Bytes)
	if key, ok := any.(*rsa.PublicKey); err == nil && ok {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, parley.Invalid("trustlyKey", "not an RSA public key")
}
