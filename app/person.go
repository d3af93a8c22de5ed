package app

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// limits answers what the person allows their savehacks.
func (a *App) limits(w http.ResponseWriter, r *http.Request, v *visit) error {
	b, err := a.read(r.Context(), v, savings.Of{})
	if err == nil {
		web.JSON(w, http.StatusOK, map[string]any{"limits": limitsOf(b.User.Limits)})
	}
	return err
}

// setLimits replaces all of them: what is left out is no limit.
func (a *App) setLimits(w http.ResponseWriter, r *http.Request, v *visit) error {
	var l Limits
	if err := body(r, "limits", &l); err != nil {
		return err
	}
	b, err := a.change(r.Context(), v, savings.Of{}, func(b *savings.Book) error {
		return b.SetLimits(savings.Limits{MonthlyCap: l.MonthlyCapCents, MinimumBalance: l.MinimumBalanceCents})
	})
	if err != nil {
		return in("limits", err)
	}
	web.JSON(w, http.StatusOK, map[string]any{"limits": limitsOf(b.User.Limits)})
	return nil
}

// messages lists the nudges that are for the web app to show.
func (a *App) messages(w http.ResponseWriter, r *http.Request, v *visit) error {
	list := page[savings.MessageView, api.Message]{name: "messages", read: a.Store.Messages, show: api.MessageJSON}
	return list.answer(w, r, savings.Query{Page: savings.Page{Partner: v.p.ID}, User: v.s.User, External: new(false)})
}

func (a *App) seeMessage(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	var m savings.Message
	b, err := a.change(r.Context(), v, savings.Of{Message: id}, func(b *savings.Book) (err error) {
		m, err = b.SeeMessage(id)
		return err
	})
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, map[string]any{"message": api.MessageJSON(savings.MessageView{Message: m, Owner: b.Owner()})})
	return nil
}

// viewed notes that the person has come to a page of the web app, of which the bank may want to hear.
func (a *App) viewed(w http.ResponseWriter, r *http.Request, v *visit) error {
	var page struct {
		Path string `json:"path"`
	}
	if err := body(r, "view", &page); err != nil {
		return err
	}
	if p := page.Path; !strings.HasPrefix(p, "/") || len(p) > 500 || !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) {
		return parley.Invalid("path", "must be a path of up to 500 characters")
	}
	if _, err := a.change(r.Context(), v, savings.Of{}, func(b *savings.Book) error { b.Viewed(page.Path); return nil }); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
