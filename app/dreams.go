package app

import (
	"net/http"
	"strings"
	"time"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// dreamAnswer is a dream, and what the bank's app has to be asked because of it.
type dreamAnswer struct {
	Dream api.Dream `json:"dream"`
	Ask   []Ask     `json:"ask,omitempty"`
}

// dreamBody is a dream as the web app describes it. What is missing stays; an empty text takes away.
type dreamBody struct {
	Type             *string        `json:"type"`
	Name             *string        `json:"name"`
	TargetCents      *savings.Cents `json:"targetCents"`
	ExpiresAt        *string        `json:"expiresAt"`
	GroupDreamID     *string        `json:"groupDreamId"`
	DreamInspiration *string        `json:"dreamInspirationId"`
	ImageURL         *string        `json:"imageUrl"`
}

// tidy takes the date of a time.
func (d *dreamBody) tidy() {
	if d.ExpiresAt != nil {
		if t, err := time.Parse(time.RFC3339, *d.ExpiresAt); err == nil {
			d.ExpiresAt = new(t.Format(time.DateOnly))
		}
	}
	if d.Name != nil {
		d.Name = new(strings.TrimSpace(*d.Name))
	}
	if d.Type != nil && *d.Type == "SavingsDream" { // as some builds of the vendor's documents say
		d.Type = new("Dream")
	}
}

// grouped refuses another group than the dream is in: one makes, joins and leaves one by what is below /groups.
func (d *dreamBody) grouped(now string) error {
	if d.GroupDreamID == nil || *d.GroupDreamID == now {
		return nil
	}
	return parley.Invalid("groupDreamId", "is immutable")
}

func or[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (a *App) createDream(w http.ResponseWriter, r *http.Request, v *visit) error {
	var d dreamBody
	if err := body(r, "dream", &d); err != nil {
		return err
	}
	d.tidy()
	if err := d.grouped(""); err != nil {
		return in("dream", err)
	}
	if err := a.checkPicture(r.Context(), v, d.ImageURL, ""); err != nil {
		return in("dream", err)
	}
	inspiration := ""
	if id := or(d.DreamInspiration); id != "" {
		n, ok := v.content.Inspiration(id)
		if !ok {
			return in("dream", parley.Invalid("dreamInspirationId", "doesn't exist"))
		}
		inspiration = n.Ref()
	}
	var list []Ask
	b, id, err := a.once(r, v, making{asked: d,
		make: func(b *savings.Book) (string, error) {
			made, err := b.CreateDream(savings.NewDream{Type: or(d.Type), Name: or(d.Name), Target: or(d.TargetCents), Expires: or(d.ExpiresAt),
				Inspiration: inspiration, Image: or(d.ImageURL)})
			return made.ID, err
		},
		then: func(b *savings.Book, id string, again bool) (err error) { // an answer that was lost may have held what is to be asked
			list, err = a.asks(b, v, asking{fresh: !again})
			return err
		},
		named: func(id string) savings.Of { return savings.Of{Dream: id} },
	})
	if err != nil {
		return in("dream", err)
	}
	return answerDream(w, http.StatusCreated, v, b, id, list)
}

func (a *App) dream(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	b, err := a.read(r.Context(), v, savings.Of{Dream: id})
	if err != nil {
		return err
	}
	return answerDream(w, http.StatusOK, v, b, id, nil)
}

// answerDream answers with a dream of the book, and what the bank's app has to be asked because of it.
func answerDream(w http.ResponseWriter, status int, v *visit, b *savings.Book, id string, list []Ask) error {
	d, ok := b.Dream(id)
	if !ok {
		return savings.NotFound("dream")
	}
	web.JSON(w, status, dreamAnswer{v.dreamJSON(b.ViewDream(*d), b.Partner.Currency), list})
	return nil
}

func (a *App) patchDream(w http.ResponseWriter, r *http.Request, v *visit) error {
	var d dreamBody
	if err := body(r, "dream", &d); err != nil {
		return err
	}
	d.tidy()
	id := r.PathValue("id")
	b, err := a.change(r.Context(), v, savings.Of{Dream: id}, func(b *savings.Book) error {
		if there, ok := b.Dream(id); ok {
			if err := d.grouped(there.Group); err != nil {
				return err
			}
			if err := a.checkPicture(r.Context(), v, d.ImageURL, there.Image); err != nil {
				return err
			}
		}
		// Accounts are linked by the bank alone.
		_, err := b.UpdateDream(id, savings.DreamPatch{Name: d.Name, Expires: d.ExpiresAt, Image: d.ImageURL, Target: d.TargetCents})
		return err
	})
	if err != nil {
		return in("dream", err)
	}
	return answerDream(w, http.StatusOK, v, b, id, nil)
}

func (a *App) deleteDream(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, withdraw := r.PathValue("id"), false
	switch r.URL.Query().Get("withdraw") {
	case "", "false":
	case "true":
		withdraw = true
	default:
		return parley.Invalid("withdraw", "must be true or false")
	}
	b, err := a.change(r.Context(), v, savings.Of{Dream: id}, func(b *savings.Book) error { return b.DeleteDream(id, withdraw) })
	if err != nil {
		return in("dream", err)
	}
	return answerDream(w, http.StatusOK, v, b, id, nil)
}
