package app

import (
	"context"
	"net/http"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// Me is all that the web app's first page shows, and what it is to post to the bank's app now.
type Me struct {
	User           api.User        `json:"user"`
	Currency       parley.Currency `json:"currency"`
	Decimals       int             `json:"decimals"` // of the currency: browsers have other ones for forint, rupiah and some twenty more
	Setup          savings.Setup   `json:"setup"`
	Performance    bool            `json:"performance"` // dreams may be performance dreams
	Consents       bool            `json:"consents"`    // a launch waits for a transfer consent
	Session        SessionJSON     `json:"session"`
	Limits         Limits          `json:"limits"`
	UnreadMessages int             `json:"unreadMessages"`
	Totals         Totals          `json:"totals"`
	Dreams         []Dream         `json:"dreams"`
	Ask            []Ask           `json:"ask"`
}

// Dream is a dream as its person sees it.
type Dream struct {
	api.Dream
	NextOn string `json:"nextOn,omitempty"` // when a savehack is next due
}

// SessionJSON is what the web app knows of its session.
type SessionJSON struct {
	RenewedBy string   `json:"renewedBy"` // "token" or "activity"
	ExpiresAt api.Time `json:"expiresAt"` // unless it is renewed
	EndsAt    api.Time `json:"endsAt,omitzero"`
	Locale    string   `json:"locale,omitempty"`
	Timezone  string   `json:"timezone,omitempty"`
	Theme     string   `json:"theme,omitempty"`
}

// Limits are what a person allows their savehacks; zero is no limit.
type Limits struct {
	MonthlyCapCents     savings.Cents `json:"monthlyCapCents"`
	MinimumBalanceCents savings.Cents `json:"minimumBalanceCents"`
}

// Totals are sums over all dreams, and what lies outside any.
type Totals struct {
	SavedCents    savings.Cents `json:"savedCents"`    // settled, with the residual
	PendingCents  savings.Cents `json:"pendingCents"`  // on its way in
	ResidualCents savings.Cents `json:"residualCents"` // on accounts, outside any dream
}

func limitsOf(l savings.Limits) Limits { return Limits{l.MonthlyCap, l.MinimumBalance} }

func (v *visit) session() SessionJSON {
	s := SessionJSON{RenewedBy: v.s.By, ExpiresAt: api.Time{Time: v.s.last()}, Locale: v.s.Locale, Timezone: v.s.Zone, Theme: v.s.Theme}
	if !v.s.Ends.IsZero() {
		s.EndsAt = api.Time{Time: v.s.Ends}
	}
	return s
}

// dreamsOf are a person's dreams that are not deleted, and their sums.
func dreamsOf(b *savings.Book) (dreams []savings.DreamView, t Totals) {
	for _, d := range b.Dreams {
		if !d.DeletedAt.IsZero() {
			continue
		}
		dreams = append(dreams, b.ViewDream(d))
		t.SavedCents += d.Balance
		t.PendingCents += d.Pending
	}
	for _, acc := range b.Accounts {
		t.ResidualCents += b.Residual(acc.ID)
	}
	t.SavedCents += t.ResidualCents
	return dreams, t
}

// dreamJSON is a dream with all that its person sees of it.
func (v *visit) dreamJSON(d savings.DreamView, currency parley.Currency) api.Dream {
	out := api.DreamJSON(d, api.Show{ImageURL: true, ActiveSavehacks: true, Content: v.content, Currency: currency})
	if d.Image == "" && d.GroupImage != "" {
		out.ImageURL = d.GroupImage
	}
	return out
}

// meOf reads one book, and writes it only when the bank's app is to be asked anew.
func (a *App) meOf(ctx context.Context, v *visit, now asking) (Me, error) {
	var list []Ask
	b, err := a.change(ctx, v, savings.Of{}, func(b *savings.Book) (err error) {
		list, err = a.asks(b, v, now)
		return err
	})
	if err != nil {
		return Me{}, err
	}
	dreams, totals := dreamsOf(b)
	me := Me{User: api.UserJSON(b.User), Currency: b.Partner.Currency, Decimals: b.Partner.Currency.Decimals(), Setup: b.Partner.Setup, Performance: b.Partner.Performance, Consents: b.Partner.Consents,
		Session: v.session(), Limits: limitsOf(b.User.Limits), UnreadMessages: b.User.Unread, Totals: totals, Dreams: []Dream{}, Ask: list}
	for _, d := range dreams {
		me.Dreams = append(me.Dreams, Dream{v.dreamJSON(d, b.Partner.Currency), b.NextDeposit(d.ID)})
	}
	return me, nil
}

// me answers GET /app/api/me.
func (a *App) me(w http.ResponseWriter, r *http.Request, v *visit) error {
	me, err := a.meOf(r.Context(), v, asking{})
	if err == nil {
		web.JSON(w, http.StatusOK, me)
	}
	return err
}
