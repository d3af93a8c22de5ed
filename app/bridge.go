package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"parley"
	"parley/savings"
	"parley/web"
)

// bridged is the answer to a message of the bank's app.
type bridged struct {
	Ask      []Ask        `json:"ask"`
	Session  *SessionJSON `json:"session"`            // null when it has ended
	Location string       `json:"location,omitempty"` // of navigateTo: a path of ours
}

// word is all that a message of the bank's app can say.
type word struct {
	RequestID  string `json:"requestId"`
	IDToken    string `json:"idToken"`
	Location   string `json:"location"`
	ConsentID  string `json:"consentId"`
	ConsentRef string `json:"consentRef"`
	AccountID  string `json:"accountId"`
	Reason     string `json:"reason"`
	Locale     string `json:"locale"`
}

// bridge answers POST /app/api/bridge: the web app passes on what the bank's app has told it. A message has one name in the web SDK, and
// often another in the native ones; each may come any number of times.
func (a *App) bridge(w http.ResponseWriter, r *http.Request, v *visit) error {
	var said struct {
		Event   string          `json:"event"`
		Message json.RawMessage `json:"message"`
	}
	if err := body(r, "", &said); err != nil {
		return err
	}
	var m word
	if len(said.Message) > 0 && said.Event != "setAdditionalHeaders" && json.Unmarshal(said.Message, &m) != nil {
		return parley.Invalid("message", "must be an object of strings")
	}
	ctx := r.Context()
	told := func(do func(b *savings.Book) error) error { return a.bridgeAnswer(w, r, v, savings.Of{}, do) }
	switch said.Event {
	case "accountProvisioned", "accountProvisionInitiated":
		return told(func(b *savings.Book) error { return b.ProvisioningInitiated(m.RequestID) })
	case "onAccountRequestedSucceeded", "accountRequestedSucceeded", "investmentAccountProvisionInitiated":
		return told(func(b *savings.Book) error { return b.AccountRequestDone(m.RequestID, "") })
	case "onAccountRequestedFailed", "accountRequestedFailed":
		reason := "failed" // "error", "failed", or lost on the way
		if m.Reason == "cancelled" {
			reason = m.Reason
		}
		return told(func(b *savings.Book) error { return b.AccountRequestDone(m.RequestID, reason) })
	case "onTransferConsentSucceeded", "transferConsentSucceeded":
		return a.consentReturned(w, r, v, m, false)
	case "onTransferConsentCancelled", "transferConsentCancelled":
		return a.consentReturned(w, r, v, m, true)
	case "updateToken", "updateIdToken":
		if err := a.updateToken(ctx, r, v, m.IDToken); err != nil {
			return err
		}
	case "sessionKeepAlive": // the request itself has been activity; this is that once more, whatever was saved up
		if v.s.By == ByActivity {
			if err := a.renew(ctx, &v.s, a.Now().Add(v.p.Session.Inactivity)); err != nil {
				return err
			}
			a.open.wake(v.s.Hash)
		}
	case "updateLocale":
		locale := localeOf(m.Locale)
		if locale == "" {
			return parley.Invalid("message.locale", "is no locale such as sv-SE")
		}
		v.s.Locale = locale
		return told(func(b *savings.Book) error {
			b.Also(RenewSession{v.s.Hash, v.s.Expires, locale})
			return b.UpdateUser(savings.UserPatch{Locale: &locale})
		})
	case "onSignOutRequested":
		return a.signOut(w, r, v)
	case "navigateTo":
		web.JSON(w, http.StatusOK, bridged{Ask: []Ask{}, Session: new(v.session()), Location: landing(m.Location)})
		return nil
	case "onBackRequested", "setAdditionalHeaders": // the web app's own business
	default:
		return parley.Invalid("event", "is not a message that the bank's app can send")
	}
	web.JSON(w, http.StatusOK, bridged{Ask: []Ask{}, Session: new(v.session())})
	return nil
}

// bridgeAnswer makes a change that the bank's app told us of, and answers with what is to be asked now.
func (a *App) bridgeAnswer(w http.ResponseWriter, r *http.Request, v *visit, of savings.Of, do func(b *savings.Book) error) error {
	var list []Ask
	_, err := a.change(r.Context(), v, of, func(b *savings.Book) (err error) {
		if err := do(b); err != nil {
			return err
		}
		list, err = a.asks(b, v, asking{fresh: true})
		return err
	})
	if err != nil {
		return in("message", err)
	}
	web.JSON(w, http.StatusOK, bridged{Ask: list, Session: new(v.session())})
	return nil
}

// consentReturned notes that the person came back from giving a consent. By then the bank has mostly decided it, and it is no longer among
// those of the book, so it is looked for among all. An older web SDK names it by its temporary id alone.
func (a *App) consentReturned(w http.ResponseWriter, r *http.Request, v *visit, m word, cancelled bool) error {
	ctx := r.Context()
	id, err := a.consentOf(ctx, v, m)
	if err != nil {
		return in("message", err)
	}
	return a.bridgeAnswer(w, r, v, savings.Of{Consent: id}, func(b *savings.Book) error {
		c, ok := b.Consent(id)
		if !ok {
			return savings.NotFound("consent")
		}
		return b.ConsentReturned(c.RequestID, cancelled)
	})
}

func (a *App) consentOf(ctx context.Context, v *visit, m word) (id string, err error) {
	const items = 100
	hash := savings.HashTemporary(m.ConsentID)
	for page := 1; ; page++ {
		list, _, err := a.Store.Consents(ctx, savings.Query{Page: savings.Page{Partner: v.p.ID, Number: page, Items: items}, User: v.s.User})
		if err != nil {
			return "", err
		}
		for _, c := range list {
			if m.RequestID != "" && c.RequestID == m.RequestID || m.RequestID == "" && m.ConsentID != "" && (c.ID == m.ConsentID || c.TemporaryHash == hash) {
				return c.ID, nil
			}
		}
		if len(list) < items {
			return "", parley.Invalid("requestId", "doesn't exist")
		}
	}
}

// updateToken renews a session with a new token of the same person. Any other token ends it: whoever holds the bank's app now is somebody
// else, or nobody that the bank vouches for.
func (a *App) updateToken(ctx context.Context, r *http.Request, v *visit, token string) error {
	now := a.Now()
	from := web.Asker(r, a.TrustedProxies)
	if a.tries.Blocked(from, now) {
		return parley.Errorf(parley.KindUnavailable, "too many bad tokens")
	}
	who, err := a.identify(ctx, token)
	why := ""
	if bad, ok := errors.AsType[*badToken](err); ok {
		a.tries.Fail(from, now)
		why = bad.why
	} else if err != nil {
		return err
	} else if who.partner.ID != v.s.Partner || who.subject != v.s.ExternalUser {
		why = "is somebody else's"
	}
	if why != "" {
		a.Log.Info("a new token ended a session", "request", web.RequestID(r), "partner", v.s.Partner, "user", v.s.User, "why", why)
		if err := a.end(ctx, &v.s); err != nil {
			return err
		}
		return errSignedOut
	}
	if err := a.renew(ctx, &v.s, v.p.until(who.expires, now)); err != nil {
		return err
	}
	a.open.wake(v.s.Hash)
	return nil
}

// signOut answers POST /app/api/signout, and the bank's app when it wants the same.
func (a *App) signOut(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := a.end(r.Context(), &v.s); err != nil {
		return err
	}
	a.forget(w)
	web.JSON(w, http.StatusOK, bridged{Ask: []Ask{exit}})
	return nil
}
