package app

import (
	"errors"
	"net/http"

	"parley"
	"parley/savings"
	"parley/web"
)

var errMoney = errors.New("there is money")

// eraseMe answers DELETE /app/api/me: the person wants to be forgotten. Their sessions end with them, and so do the streams of those. While there
// is money they are told what to do first, in their language.
func (a *App) eraseMe(w http.ResponseWriter, r *http.Request, v *visit) error {
	var ask struct {
		Confirm bool `json:"confirm"`
	}
	if err := body(r, "", &ask); err != nil {
		return err
	}
	if !ask.Confirm {
		return parley.Invalid("confirm", "must be true")
	}
	_, err := a.change(r.Context(), v, savings.Of{}, func(b *savings.Book) error {
		if b.HasMoney() {
			return errMoney
		}
		return b.DestroyUser()
	})
	if errors.Is(err, errMoney) {
		words := web.SpeakTo(r, v.s.Locale)
		w.Header().Set("Content-Language", words.Lang)
		problem(w, http.StatusConflict, words.Say("erase.money"))
		return nil
	} else if err != nil {
		return err
	}
	a.Log.Info("somebody erased themselves", "request", web.RequestID(r), "partner", v.s.Partner, "user", v.s.User)
	a.open.wake(v.s.Hash)
	a.forget(w)
	web.JSON(w, http.StatusOK, bridged{Ask: []Ask{exit}})
	return nil
}
