package app

import (
	"net/http"

	"parley"
	"parley/savings"
	"parley/web"
)

// Ask is a message that the web app is to post to the bank's app, in the words of the vendor's bridge.
type Ask struct {
	Event   string `json:"event"`
	Message any    `json:"message"`
}

type (
	askProvision struct {
		RequestID string `json:"requestId"`
	}
	askAccount struct {
		RequestID string      `json:"requestId"`
		Dream     bridgeDream `json:"dream"`
	}
	askConsent struct {
		RequestID  string `json:"requestId"`
		ConsentID  string `json:"consentId"` // the temporary id: the bank reads the consent with it, once
		SuccessURL string `json:"successUrl"`
		CancelURL  string `json:"cancelUrl"`
	}
	bridgeDream struct {
		Type         string        `json:"type"`
		ID           string        `json:"id"`
		Name         string        `json:"name"`
		TargetAmount *bridgeAmount `json:"target_amount,omitempty"`
		TargetDate   string        `json:"target_date,omitempty"`
		User         bridgeUser    `json:"user"`
	}
	bridgeAmount struct {
		Cents    savings.Cents   `json:"cents"`
		Currency parley.Currency `json:"currency"`
	}
	bridgeUser struct {
		Type       string `json:"type"`
		ID         string `json:"id"`
		ExternalID string `json:"externalId"`
	}
)

// exit has the bank's app close us.
var exit = Ask{"onExitRequested", struct{}{}}

// asking is why we look for what is to be asked.
type asking struct {
	again  bool   // the person wants to be asked again
	launch string // which has just been made
	stands bool   // the answer is given again: what stands is said again, and nothing made anew
	fresh  bool   // only what this session was not told before: a stream does not repeat itself
}

// asks are what the bank's app has to be asked now. The savings book knows who was told to ask, so that two windows do not both ask.
func (a *App) asks(b *savings.Book, v *visit, why asking) ([]Ask, error) {
	list := []Ask{}
	if why.again {
		b.AskAgain(v.s.name())
	}
	told := b.User.RequestedBy == v.s.name() && b.User.RequestID != ""
	request, ask, err := b.AskProvisioning(v.s.name())
	if err != nil {
		return nil, err
	}
	if ask && !(told && why.fresh) {
		list = append(list, Ask{"onAccountProvisionRequested", askProvision{request}})
	}
	for i := range b.Dreams {
		d := &b.Dreams[i]
		if !d.DeletedAt.IsZero() || d.Account != "" || b.Partner.Setup != savings.AccountPerDream && d.Type != "PerformanceDream" {
			continue
		}
		before := d.Request
		told := d.RequestedBy == v.s.name() && before != ""
		request, ask, err := b.AskAccount(d.ID, v.s.name())
		if err != nil {
			return nil, err
		}
		if ask && !(told && why.fresh && request == before) {
			list = append(list, Ask{"onAccountRequested", askAccount{request, describe(b, d)}})
		}
	}
	for i := range b.Consents {
		c := b.Consents[i]
		l, ok := b.Launch(c.Launch)
		if !ok || l.State != savings.Draft || !c.ConsentedAt.IsZero() || !c.RejectedAt.IsZero() || !v.renews(b, c, why) {
			continue
		}
		temporary, stands := b.StandingConsent(c.ID)
		if !stands || !why.stands {
			var err error
			if temporary, err = b.RenewConsent(c.ID); err != nil {
				return nil, err
			}
		}
		page := a.Base + landing("/dreams/"+l.Dream)
		list = append(list, Ask{"onTransferConsentRequested", askConsent{c.RequestID, temporary, page + "?consent=given", page + "?consent=cancelled"}})
	}
	return list, nil
}

// renews reports whether a consent is to be asked for, which makes the temporary id that was given before worthless: not while the bank's app
// may still be on its way with that one.
func (v *visit) renews(b *savings.Book, c savings.Consent, why asking) bool {
	if c.TemporaryEnds.IsZero() || why.again || c.Launch == why.launch {
		return true
	}
	given := c.TemporaryEnds.Add(-b.Partner.ConsentFor)
	return c.ReadAt.IsZero() && (b.Now.After(c.TemporaryEnds) || given.Before(v.s.Made))
}

// describe is a dream in the words of the bridge, which are others than the API's.
func describe(b *savings.Book, d *savings.Dream) bridgeDream {
	out := bridgeDream{Type: "dream", ID: d.ID, Name: d.Name, TargetDate: d.Expires, User: bridgeUser{"user", b.User.ID, b.User.ExternalID}}
	if d.Type == "PerformanceDream" {
		out.Type = "performanceDream" // its account is of another sort
	}
	if d.Target > 0 {
		out.TargetAmount = &bridgeAmount{d.Target, b.Partner.Currency}
	}
	return out
}

// askNow answers POST /app/api/ask: the person wants to go on with what the bank's app has not answered.
func (a *App) askNow(w http.ResponseWriter, r *http.Request, v *visit) error {
	var list []Ask
	_, err := a.change(r.Context(), v, savings.Of{}, func(b *savings.Book) (err error) {
		list, err = a.asks(b, v, asking{again: true})
		return err
	})
	if err == nil {
		web.JSON(w, http.StatusOK, asked{Ask: list})
	}
	return err
}

// asked is an answer that is about the bridge alone.
type asked struct {
	Ask []Ask `json:"ask"`
}
