package sim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// IDToken signs an ID token for a customer, which is good for so long. What is wrong with it says twist, or what was chosen for all.
func (b *Bank) IDToken(programme, name string, good time.Duration, twist string) (string, error) {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return "", err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if twist == "" {
		twist = b.opt.Twist
	}
	if good == 0 {
		good = 10 * time.Minute
	}
	now := b.opt.Now()
	claims := map[string]any{"iss": p.Issuer, "aud": p.Audience, "sub": c.sub, "iat": now.Unix(), "exp": now.Add(good).Unix(),
		"given_name": c.given, "family_name": c.family}
	switch twist {
	case "expired":
		claims["iat"], claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	case "wrong-aud":
		claims["aud"] = "somebody-else"
	case "wrong-iss":
		claims["iss"] = "https://bank.invalid"
	case "no-sub":
		delete(claims, "sub")
	}
	return p.keys[len(p.keys)-1].token(claims, twist), nil
}

// RotateKey makes a new signing key of a programme. The old ones stay published, for tokens that are on their way, unless dropOld.
func (b *Bank) RotateKey(programme string, dropOld bool) error {
	p, err := b.programme(programme)
	if err != nil {
		return err
	}
	key := openIDNewKey(p.Algorithm)
	b.mu.Lock()
	defer b.mu.Unlock()
	if dropOld {
		p.keys = nil
	}
	p.keys = append(p.keys, key)
	return nil
}

// serveToken is POST /{programme}/id-token {"user", "ttlSeconds"?, "twist"?}, for programs that play a bank app.
func (b *Bank) serveToken(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
	var in struct {
		User       string `json:"user"`
		TTLSeconds int    `json:"ttlSeconds"`
		Twist      string `json:"twist"`
	}
	err := bankRead(r, &in)
	fault := b.Faults.Take("id-token")
	operatorMisbehave(w, r, fault, b.Faults.Wait(), func() operatorAnswer {
		switch {
		case fault == Refuse:
			return bankNo(http.StatusForbidden, "the bank does not let you in")
		case err != nil:
			return bankNo(http.StatusBadRequest, err.Error())
		case in.TTLSeconds < 0 || in.TTLSeconds > 86400:
			return bankNo(http.StatusBadRequest, "ttlSeconds is from 0 to 86400")
		case in.Twist != "" && !slices.Contains(BankTwists, in.Twist):
			return bankNo(http.StatusBadRequest, "there is no such twist")
		}
		token, err := b.IDToken(p.ID, in.User, time.Duration(in.TTLSeconds)*time.Second, in.Twist)
		if err != nil {
			return bankNo(http.StatusBadRequest, err.Error())
		}
		return bankJSON(http.StatusOK, map[string]string{"id_token": token})
	}, func(operatorAnswer) {})
}

// serveKeys is GET /{programme}/jwks.
func (b *Bank) serveKeys(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
	fault := b.Faults.Take("jwks")
	operatorMisbehave(w, r, fault, b.Faults.Wait(), func() operatorAnswer {
		if fault == Refuse {
			return bankNo(http.StatusForbidden, "not for you")
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		keys := []map[string]string{}
		for _, k := range p.keys {
			keys = append(keys, k.jwk())
		}
		return bankJSON(http.StatusOK, map[string]any{"keys": keys})
	}, func(operatorAnswer) {})
}

// serveUsers is GET /{programme}/users: who there is to play with.
func (b *Bank) serveUsers(w http.ResponseWriter, _ *http.Request, p *bankProgramme) {
	users := []map[string]string{}
	for _, c := range b.Customers(p.ID) {
		users = append(users, map[string]string{"user": c.Name, "sub": c.Subject, "given_name": c.GivenName, "family_name": c.FamilyName})
	}
	bankJSON(http.StatusOK, map[string]any{"users": users}).write(w)
}

// bankRead parses a body that is one JSON object with nothing in it that is not known.
func bankRead(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New("the body is not the JSON object that is expected: " + err.Error())
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}
