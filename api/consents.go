package api

import (
	"errors"
	"net/http"
	"time"

	"parley"
	"parley/savings"
)

// Consent is a transfer consent on the wire.
type Consent struct {
	ID                       ID            `json:"id" doc:"The permanent id, to be used with PATCH."`
	MaxFrequency             string        `json:"maxFrequency" enum:"once|day|week|month|year"`
	MaxAmountCents           savings.Cents `json:"maxAmountCents" doc:"The most that the launch takes per maxFrequency."`
	SavehackLaunchID         ID            `json:"savehackLaunchId"`
	ObsoleteSavehackLaunchID ID            `json:"obsoleteSavehackLaunchId,omitempty" doc:"The launch that ends when this one starts."`
	User                     Ref           `json:"user"`
	ConsentedAt              Time          `json:"consentedAt,omitzero"`
	RejectedAt               Time          `json:"rejectedAt,omitzero"`
	CreatedAt                Time          `json:"createdAt,omitzero"`
}

// ConsentJSON is a consent as the wire shows it.
func ConsentJSON(v savings.ConsentView) Consent {
	return Consent{ID: ID(v.ID), MaxFrequency: v.MaxFrequency, MaxAmountCents: v.MaxAmount, SavehackLaunchID: ID(v.Launch), ObsoleteSavehackLaunchID: ID(v.Obsolete),
		User: ref(v.Owner), ConsentedAt: Time{v.ConsentedAt}, RejectedAt: Time{v.RejectedAt}, CreatedAt: Time{v.Created}}
}

type patchConsent struct {
	ConsentedAt opt[time.Time] `json:"consentedAt" or:"consented_at" doc:"When the person consented; or rejectedAt."`
	RejectedAt  opt[time.Time] `json:"rejectedAt" or:"rejected_at" doc:"When the person refused; or consentedAt."`
}

// readConsent hands out a consent for its temporary id, once.
func (a *API) readConsent(c *call) (reply, error) {
	asked, _ := c.asks(20)
	id := asked.text("temporaryId")
	if id == "" {
		asked.add("TransferConsent.temporaryId", "can't be blank")
	}
	if asked.err() != nil {
		return reply{}, queryFault{asked.list}
	}
	return c.handOut(id)
}

// handOut makes a temporary id worthless, so it is not for who only looks.
func (c *call) handOut(temporary string) (reply, error) {
	if c.Method == http.MethodHead {
		return reply{}, &problem{status: http.StatusMethodNotAllowed, detail: "A transfer consent can be read once by its temporary id: use GET."}
	}
	hash := savings.HashTemporary(temporary)
	return c.change(savings.Of{Temporary: hash}, func(b *savings.Book) (int, any, error) {
		for _, there := range b.Consents {
			if there.TemporaryHash == hash {
				read, err := b.ReadConsent(there.ID)
				return http.StatusOK, ConsentJSON(b.ViewConsent(read)), err
			}
		}
		return 0, nil, savings.NotFound("Transfer consent")
	})
}

// getConsent shows a consent by its permanent id, as often as one likes.
func (a *API) getConsent(c *call) (reply, error) {
	v, err := find(c, savings.Query{ID: c.PathValue("id")}, a.Store.Consents)
	if err != nil {
		return reply{}, err
	}
	return c.one(ConsentJSON(v))
}

// getEither is the journey's spelling: the id may be the temporary one, or else the permanent one.
func (a *API) getEither(c *call) (reply, error) {
	answer, err := c.handOut(c.PathValue("id"))
	if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindNotFound {
		return a.getConsent(c)
	}
	return answer, err
}

func (a *API) patchConsent(c *call) (reply, error) {
	var in patchConsent
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	id := c.PathValue("id")
	return c.change(savings.Of{Consent: id}, func(b *savings.Book) (int, any, error) {
		v, err := b.DecideConsent(id, in.ConsentedAt.v, in.RejectedAt.v)
		return http.StatusOK, ConsentJSON(b.ViewConsent(v)), err
	})
}
