package oauth

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/engine"
	"parley/web"
)

// AddressSource knows where people live. connector.AddressSource is one.
type AddressSource interface {
	Address(ctx context.Context, personID parley.Private) (parley.Address, error)
}

// checkToken tells a client what its token stands for: GET with the token in the query for a compatible client, POST with
// a form for all.
func (s *Server) checkToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		web.JSON(w, http.StatusMethodNotAllowed, &denial{Code: "invalid_request", Description: "GET or POST"})
		return
	}
	answer, err := s.check(r)
	if err != nil {
		s.deny(w, err)
		return
	}
	web.JSON(w, http.StatusOK, answer)
}

func (s *Server) check(r *http.Request) (map[string]any, error) {
	ctx := r.Context()
	values, err := s.form(r)
	if err != nil {
		return nil, err
	}
	client, err := s.authenticate(r, values)
	if err == nil && client.Auth == AuthNone {
		err = &denial{status: http.StatusUnauthorized, Code: "invalid_client", Description: "a public client cannot ask", basic: true}
	}
	if err == nil && client.Partner != "" {
		err = &denial{status: http.StatusBadRequest, Code: "unauthorized_client", Description: "tokens of partners stand for nobody, and are for the API alone"}
	}
	if d, ok := err.(*denial); ok && d.status == http.StatusUnauthorized {
		d.basic = true
	}
	if err != nil {
		return nil, err
	}
	raw := values.Get("token")
	if raw == "" {
		return nil, badRequest("token is missing")
	}
	unknown := &denial{status: http.StatusBadRequest, Code: "invalid_token", Description: "Token was not recognised"}
	var legacy []byte
	if client.compatible() {
		legacy = s.legacyKey(client.ID)
	}
	claims, err := s.keys.verify(ctx, raw, legacy)
	if err != nil {
		if parley.KindOf(err) == parley.KindInvalid {
			return nil, unknown
		}
		return nil, err
	}
	id, _ := claims["jti"].(string)
	kept, err := s.Store.Token(ctx, id)
	switch {
	case parley.KindOf(err) == parley.KindNotFound || err == nil && kept.Client != client.ID:
		return nil, unknown // another client's token is nothing to you
	case err != nil:
		return nil, err
	case !kept.Revoked.IsZero():
		return nil, unknown
	case !s.Now().Before(kept.Expires):
		return nil, &denial{status: http.StatusBadRequest, Code: "invalid_token", Description: "Token has expired"}
	}
	p, err := s.Conversations.Await(ctx, kept.Run, func(Progress) bool { return true })
	if err != nil {
		return nil, err
	}
	if err := s.findAddress(ctx, kept, &p); err != nil {
		s.Log.Warn("look up an address", "run", kept.Run, "err", err) // the person is who they are all the same
	}
	if err := s.Conversations.Checked(context.WithoutCancel(ctx), kept.Run); err != nil {
		return nil, err
	}
	out := s.kyc(p)
	for k, v := range map[string]any{
		"active": true, "merchantId": client.Merchant, "clientId": client.ID, "client_id": client.ID, "txRefId": p.TxRefID(),
		"exp": kept.Expires.Unix(), "jti": kept.ID, "aud": []string{"identity_api"},
		"veriff_verification_false": "", "veriff_verification_failed_reason": "",
	} {
		out[k] = v
	}
	if client.compatible() {
		out["scope"], out["authorities"] = []string{"default"}, []string{"ROLE_IDENTITY_AUTH"}
		delete(out, "active")
	} else {
		out["scope"], out["sub"], out["iss"], out["token_type"], out["iat"] = strings.Join(p.Request.Scope, " "), s.subject(p), s.Issuer, "Bearer", kept.Issued.Unix()
	}
	return out, nil
}

// kyc is the block of what is known about the person, in the words of the operator's wire. What is not known is left out.
func (s *Server) kyc(p Progress) map[string]any {
	id := p.Grant.Identity
	out := map[string]any{"identityProvider": p.Request.Provider, "attributes": map[string]string{}}
	if p.Request.Attributes != nil {
		out["attributes"] = p.Request.Attributes
	}
	for k, v := range map[string]string{
		"userId": p.Grant.UserID, "name": id.Name.Reveal(), "firstName": id.FirstName.Reveal(), "lastName": id.LastName.Reveal(), "personid": id.PersonID.Reveal(),
		"street": id.Address.Street.Reveal(), "city": id.Address.City.Reveal(), "zip": id.Address.Zip.Reveal(), "country": id.Address.Country,
		"dob": id.DateOfBirth.Reveal(), "gender": string(id.Gender), "ip": p.Request.IP.Reveal(),
	} {
		if v != "" {
			out[k] = v
		}
	}
	if a := id.Account; a != nil {
		for k, v := range map[string]string{"clearinghouse": a.Clearinghouse, "bank": a.Bank, "maskedAccount": a.Descriptor.Reveal(), "lastdigits": a.LastDigits.Reveal()} {
			if v != "" {
				out[k] = v
			}
		}
	}
	if p.Grant.Paid != nil {
		out["amount"], out["currency"] = p.Grant.Paid.Decimal(), p.Grant.Paid.Currency
	}
	return out
}

// findAddress fills in an address that the identity provider did not tell. Each question costs the operator money, so it is asked once
// for a token; the right to ask is claimed before asking, and what came of it is kept.
func (s *Server) findAddress(ctx context.Context, t Token, p *Progress) error {
	book, ok := s.Address[t.Merchant]
	id := &p.Grant.Identity
	if !ok || !id.Address.IsZero() || id.PersonID == "" {
		return nil
	}
	keep := book.Keep
	if keep == 0 {
		keep = 24 * time.Hour
	}
	person := hash(strconv.Itoa(t.Merchant) + " " + string(mac(Derive(s.Secret, "persons"), id.PersonID.Reveal())))
	for range 50 {
		kept, err := s.Store.Lookup(ctx, t.ID)
		if parley.KindOf(err) == parley.KindNotFound {
			if kept, err = s.Store.LookupOf(ctx, t.Merchant, person, s.Now().Add(-keep)); err == nil {
				// It is this token's answer too, for as long as the token lives.
				kept.Token = t.ID
				if err := s.Store.Apply(ctx, []engine.Write{AddLookup{kept}, EndLookup{Token: t.ID, Found: true, Address: kept.Address}}); err != nil && parley.KindOf(err) != parley.KindConflict {
					return err
				}
			}
		}
		switch {
		case err == nil && kept.Done:
			fill(id, kept.Address)
			return nil
		case err == nil && (kept.Billed > 0 || s.Now().Sub(kept.Asked) > 10*time.Second) && s.Now().Sub(kept.Asked) < 30*time.Second:
			return parley.Errorf(parley.KindUnavailable, "the question was asked a moment ago, and not answered")
		case err == nil && s.Now().Sub(kept.Asked) <= 10*time.Second: // somebody is asking
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		case err == nil: // whoever asked died, or had no answer
		case parley.KindOf(err) != parley.KindNotFound:
			return err
		}
		err = s.Store.Apply(ctx, []engine.Write{AddLookup{Lookup{Token: t.ID, Merchant: t.Merchant, Person: person, Source: book.Name, Asked: s.Now()}}})
		if parley.KindOf(err) == parley.KindConflict {
			continue
		}
		if err != nil {
			return err
		}
		// The answer costs money whether the asker still waits for it or not.
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		address, err := book.Source.Address(asking, id.PersonID)
		cancel()
		end := EndLookup{Token: t.ID, Found: true, Address: address, Billed: book.Price}
		switch parley.KindOf(err) {
		case parley.KindNotFound: // somebody whom this source is not asked about
			end.Billed, err = 0, nil
		case parley.KindRefused: // asking again would only cost again
			s.Log.Warn("the address register refuses an answer", "run", t.Run, "err", err)
			err = nil
		case parley.KindUnheard:
			end.Found, end.Billed = false, 0
		default:
			end.Found = err == nil
		}
		if werr := s.Store.Apply(context.WithoutCancel(ctx), []engine.Write{end}); werr != nil {
			return werr
		}
		if err != nil {
			return fmt.Errorf("ask %s: %w", book.Name, err)
		}
		fill(id, address)
		return nil
	}
	return parley.Errorf(parley.KindUnavailable, "somebody is still asking")
}

func fill(id *parley.Identity, a parley.Address) {
	if !a.IsZero() {
		id.Address = a
	}
}
