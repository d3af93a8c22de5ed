package app

import (
	"errors"
	"net/http"
	"strings"

	"parley"
	"parley/savings"
	"parley/web"
)

// page answers every address below /app/ that is no operation: what is saved, in all or for the dream that the address names. It works
// without script. An address that names nothing of the person's is the overview, since a launch must end in a page.
func (a *App) page(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "This is a page.")
		return
	}
	v, gone, err := a.signedIn(r)
	if err == nil {
		err = a.active(r.Context(), v.p, &v.s)
	}
	var b *savings.Book
	if err == nil {
		b, err = a.read(r.Context(), v, savings.Of{})
	}
	switch {
	case errors.Is(err, errSignedOut):
		if gone == nil && v != nil {
			gone = &v.s
		}
		a.signedOut(w, r, gone)
	case err != nil:
		view := web.ErrorView(r, "", err)
		if v != nil {
			view.Ancestors = v.p.FrameOrigins
		}
		web.Show(w, view)
	default:
		web.Show(w, a.view(r, v, b))
	}
}

// signedOut says so, in the frame of the bank whose session it was, as long as we know.
func (a *App) signedOut(w http.ResponseWriter, r *http.Request, gone *Session) {
	a.forget(w)
	w.Header().Set("WWW-Authenticate", "Cookie")
	locale := ""
	view := web.View{Status: http.StatusUnauthorized}
	if gone != nil {
		locale, view.Theme = gone.Locale, gone.Theme
		if p, ok := a.partner(gone.Partner); ok {
			view.Ancestors, view.Look = p.FrameOrigins, a.look(p)
		}
	}
	view.Words = web.SpeakTo(r, locale)
	view.Title, view.Text = view.Say("saved.out.title"), []string{view.Say("saved.out.text")}
	web.Show(w, view)
}

func (a *App) view(r *http.Request, v *visit, b *savings.Book) web.View {
	locale := v.s.Locale
	if locale == "" {
		locale = b.User.Locale
	}
	view := web.View{Words: web.SpeakTo(r, locale), Look: a.look(v.p), Ancestors: v.p.FrameOrigins, Theme: v.s.Theme}
	money := func(c savings.Cents) string {
		return view.Words.Money(parley.Money{Minor: int64(c), Currency: b.Partner.Currency})
	}
	add := func(key, value string) {
		view.Details = append(view.Details, web.Detail{Label: view.Say(key), Value: value})
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, overview), "/")
	if len(parts) > 1 && parts[0] == "dreams" {
		if d, ok := b.Dream(parts[1]); ok && d.DeletedAt.IsZero() {
			view.Title = called(view, d.Name)
			add("saved.now", money(d.Balance))
			add("saved.pending", money(d.Pending))
			if d.Target > 0 {
				add("saved.target", money(d.Target))
			}
			if d.Expires != "" {
				add("saved.by", d.Expires)
			}
			view.Links = []web.Link{{Text: view.Say("saved.all"), URL: a.Base + overview}}
			return view
		}
	}
	dreams, totals := dreamsOf(b)
	view.Title = view.Say("saved.title")
	add("saved.now", money(totals.SavedCents))
	add("saved.pending", money(totals.PendingCents))
	if totals.ResidualCents != 0 && len(dreams) > 0 {
		add("saved.residual", money(totals.ResidualCents))
	}
	if len(dreams) == 0 {
		view.Text = []string{view.Say("saved.none")}
	}
	for _, d := range dreams {
		about := money(d.Balance)
		if d.Target > 0 {
			about = view.Say("saved.of", "saved", about, "target", money(d.Target))
		}
		if d.Pending > 0 {
			about += view.Say("saved.and.pending", "amount", money(d.Pending))
		}
		choice := web.Choice{Name: called(view, d.Name), About: about, URL: a.Base + landing("/dreams/"+d.ID)}
		if !d.AchievedAt.IsZero() {
			choice.Mark = view.Say("saved.reached")
		}
		view.Choices = append(view.Choices, choice)
	}
	return view
}

func called(v web.View, name string) string {
	if name == "" {
		return v.Say("saved.unnamed")
	}
	return name
}
