package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"parley/savings"
	"parley/web"
)

// signIn is what the bank's app launches the web app with. client_id is a legacy of the vendor's apps: it is understood, and decides nothing.
type signIn struct {
	Token    string `json:"token"`
	ClientID string `json:"client_id"`
	Locale   string `json:"locale"`
	Location string `json:"location"`
	Theme    string `json:"theme"`
	Timezone string `json:"timezone"`
}

// verifyToken signs a person in, as each of the vendor's SDKs asks it to:
//
//	web      a form, sent into an iframe, which follows the redirect
//	iOS      JSON, loaded by the web view, which follows the redirect; a location may stand in the query
//	Android  JSON, by the app, which copies the cookies of the redirect into its web view and loads the Location as it is written
//
// A token that is no good is 422, which is the status that the SDKs know for it. Each sign-in begins a new session and ends that of the cookie
// which came along, so that nobody is given a session that somebody else knows.
func (a *App) verifyToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	in, form, err := readSignIn(r)
	from, now := web.Asker(r, a.TrustedProxies), a.Now()
	if err == nil && a.tries.Blocked(from, now) {
		w.Header().Set("Retry-After", strconv.Itoa(int(web.TriesWithin/time.Second)))
		a.refuse(w, r, form, in.Locale, nil, http.StatusTooManyRequests, "Too many tokens that were no good. Wait a minute.")
		return
	}
	if err != nil {
		a.refuse(w, r, form, in.Locale, nil, http.StatusBadRequest, "The request "+err.Error()+".")
		return
	}
	who, err := a.identify(r.Context(), in.Token)
	if bad, ok := errors.AsType[*badToken](err); ok {
		a.tries.Fail(from, now)
		a.Log.Info("refused a token", "request", web.RequestID(r), "partner", bad.id(), "why", bad.why)
		a.refuse(w, r, form, in.Locale, bad.partner, http.StatusUnprocessableEntity, "The token "+bad.why+".")
		return
	}
	var s Session
	var value string
	if err == nil {
		s, value, err = a.enter(r.Context(), r, who, in)
	}
	if err != nil {
		a.Log.Error("could not sign somebody in", "request", web.RequestID(r), "err", err)
		w.Header().Set("Retry-After", "2")
		a.refuse(w, r, form, in.Locale, who.partner, web.Status(err), "It is our fault, and may go better in a moment.")
		return
	}
	a.Log.Info("signed somebody in", "request", web.RequestID(r), "partner", s.Partner, "user", s.User)
	http.SetCookie(w, a.cookie(a.nameFor(r), value))
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", a.Base+landing(in.Location))
	a.framedBy(w, who.partner)
	w.WriteHeader(http.StatusSeeOther) // RFC 9110 §15.4.4: the way on is a GET, whatever this was
}

func (b *badToken) id() string {
	if b.partner == nil {
		return ""
	}
	return b.partner.ID
}

// enter writes that a person has come in: their user, who is made when they are new, and their session, in one transaction.
func (a *App) enter(ctx context.Context, r *http.Request, who person, in signIn) (s Session, value string, err error) {
	locale, zone := localeOf(in.Locale), zoneOf(in.Timezone)
	old := a.cookies(r)
	_, err = a.Savings.Change(ctx, who.partner.ID, savings.Of{ExternalUser: who.subject, Create: true}, func(b *savings.Book) error {
		var err error
		if b.Fresh() {
			_, err = b.CreateUser(savings.NewUser{ExternalID: who.subject, Locale: locale, Zone: zone, GivenName: who.given, FamilyName: who.family}, savings.ArrowSignedIn)
		} else {
			err = b.SignedIn(who.given, who.family, locale, zone)
		}
		if err != nil {
			return err
		}
		s, value = who.partner.begin(who, b.User.ID, a.Now())
		s.Hash, s.Locale, s.Zone = cookieHash(a.nameFor(r), value), locale, zone
		if in.Theme == "light" || in.Theme == "dark" {
			s.Theme = in.Theme
		}
		for _, hash := range old {
			b.Also(EndSession{hash})
		}
		b.Also(SweepSessions{a.Now().Add(-remembered)})
		b.Also(PutSession{s})
		return nil
	})
	if err == nil {
		for _, hash := range old {
			a.open.wake(hash)
		}
	}
	return s, value, err
}

// refuse says no: to a person by a small page, to a program by a document.
func (a *App) refuse(w http.ResponseWriter, r *http.Request, form bool, locale string, p *partner, status int, why string) {
	if !form {
		problem(w, status, why)
		return
	}
	words := web.SpeakTo(r, locale)
	v := web.View{Status: status, Words: words, Mood: web.Bad, Title: words.Say("signin.bad.title"), Text: []string{words.Say("signin.bad.text")}, Ref: web.RequestID(r)}
	if status != http.StatusUnprocessableEntity {
		v.Title, v.Text = words.Say("signin.moment.title"), []string{words.Say("signin.moment.text")}
	}
	if p != nil {
		// Whose token it seems to be: the page says nothing that anybody might not see.
		v.Look, v.Ancestors = a.look(p), p.FrameOrigins
	}
	web.Show(w, v)
}

// readSignIn reads either of the two forms; form is whether it was a person's browser that sent it.
func readSignIn(r *http.Request) (in signIn, form bool, err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // Android says "application/json; utf-8", whose end is none
	switch kind {
	case "application/json":
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return in, false, errors.New("is too long")
		}
		if in, err = readJSON(raw); err != nil {
			return in, false, err
		}
	case "application/x-www-form-urlencoded":
		form = true
		if r.ParseForm() != nil {
			return in, true, errors.New("cannot be read")
		}
		get := r.PostForm.Get
		in = signIn{get("token"), get("client_id"), get("locale"), get("location"), get("theme"), get("timezone")}
	default:
		return in, web.Navigates(r), errors.New("must be a form or JSON")
	}
	if in.Location == "" {
		in.Location = r.URL.Query().Get("location")
	}
	return in, form, nil
}

// readJSON takes each field that is text. What an app leaves out it may also send as null.
func readJSON(raw []byte) (in signIn, err error) {
	var fields map[string]json.RawMessage
	if err := one(raw, &fields); err != nil || fields == nil {
		return in, errors.New("must be one JSON object")
	}
	for name, to := range map[string]*string{"token": &in.Token, "client_id": &in.ClientID, "locale": &in.Locale, "location": &in.Location, "theme": &in.Theme, "timezone": &in.Timezone} {
		if json.Unmarshal(fields[name], to) != nil {
			*to = ""
		}
	}
	return in, nil
}

// localeOf is a locale as BCP 47 writes it: sv_SE is sv-SE. What is none is empty.
func localeOf(s string) string {
	if len(s) > 35 {
		return ""
	}
	tag, err := language.Parse(strings.ReplaceAll(s, "_", "-"))
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

// zoneOf is a time zone that we know; another is empty.
func zoneOf(s string) string {
	if s == "" || s == "Local" || len(s) > 64 {
		return ""
	}
	if _, err := time.LoadLocation(s); err != nil {
		return ""
	}
	return s
}

// framedBy lets a partner's pages, and nobody else's, show an answer in a frame.
func (a *App) framedBy(w http.ResponseWriter, p *partner) {
	if p == nil || len(p.FrameOrigins) == 0 {
		return
	}
	h := w.Header()
	h.Del("X-Frame-Options") // it knows no list (RFC 7034), and a browser that has both believes the policy
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+strings.Join(p.FrameOrigins, " ")+"; base-uri 'none'; form-action 'none'")
}

func (a *App) look(p *partner) web.Look {
	look := a.Look[p.ID]
	if look.Name == "" {
		look.Name = p.name
	}
	return a.Content[p.ID].Look(look)
}
