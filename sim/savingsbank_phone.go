package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What can be chosen on the page that is the bank's app, the usual first. The choices stand in the page's address; the server keeps none of them.
var (
	bankAppThemes   = []string{"system", "light", "dark"}
	bankAppAnswers  = []string{"answer", "never", "late", "twice", "reject", "die"}
	bankAppTokens   = []string{"good", "short", "ended"}
	bankAppRenewals = []string{"good", "ended", "other", "none"}
	bankAppPlaces   = []string{"/", "/marketplace", "/dreams/…", "/join/CODE"}
)

// bankAppSays are the words that the page's script says, without their "app.".
var bankAppSays = []string{"way.in", "way.out", "way.foreign", "way.note", "origin", "ignored", "malformed", "ready", "not.ready", "byhand", "no.token", "killed", "copied", "copy.byhand",
	"open.dream", "open.invest", "open.target", "once", "day", "week", "month", "year", "shown", "posted.malformed", "posted.foreign", "not.open", "late.now"}

// bankAppSetup is what the page's script is told.
type bankAppSetup struct {
	User     string            `json:"user"`
	App      string            `json:"app"`    // the address of the web app
	Origin   string            `json:"origin"` // and its origin
	Lang     string            `json:"lang"`
	Currency string            `json:"currency"`
	Other    string            `json:"other"` // somebody else, whose token must not renew a session
	Words    map[string]string `json:"words"`
}

// bankAppChoice is one thing to choose in the panel.
type bankAppChoice struct {
	Name, Now string
	Choices   []string
	Words     string // before a choice, its key
}

// phone is GET /{programme}/app?user=anna: the bank's app, as a page that a person can use, with the web app in a frame.
func (b *Bank) phone(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
	q := r.URL.Query()
	if to := q.Get("programme"); to != "" && to != p.ID { // the panel's form
		if _, err := b.programme(to); err != nil {
			http.NotFound(w, r)
			return
		}
		q.Del("programme")
		seeOther(w, "../"+to+"/app?"+q.Encode())
		return
	}
	user := q.Get("user")
	if user == "" {
		user = "anna"
	}
	_, c, err := b.customer(p.ID, user)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	shown := c.shown()
	number := c.current.number
	b.mu.Unlock()
	app, err := url.Parse(p.App)
	if err != nil || app.Host == "" {
		http.Error(w, "the programme has no web app", http.StatusNotFound)
		return
	}
	lang := languageOf(r, "")
	setup := bankAppSetup{User: user, App: strings.TrimSuffix(p.App, "/"), Origin: app.Scheme + "://" + app.Host, Lang: lang, Currency: p.Currency, Words: map[string]string{}}
	for _, word := range append([]string{"decimal", "thousands"}, bankAppSays...) {
		key := "app." + word
		if word == "decimal" || word == "thousands" {
			key = word
		}
		setup.Words[word] = languages[lang].say(key)
	}
	customers := b.Customers(p.ID)
	if i := slices.IndexFunc(customers, func(c BankCustomer) bool { return c.Name != user }); i >= 0 {
		setup.Other = customers[i].Name
	}
	raw, err := json.Marshal(setup)
	if err != nil {
		panic(err) // only strings
	}
	choose := func(name string, all []string, words string) bankAppChoice {
		now := q.Get(name)
		if !slices.Contains(all, now) {
			now = all[0]
		}
		return bankAppChoice{name, now, all, words}
	}
	elsewhere, away := b.elsewhere(r)
	theme := choose("theme", bankAppThemes, "app.theme.")
	moved := slices.DeleteFunc(b.Ledger(p.ID, user), func(e BankEntry) bool { return e.Account != number })
	moved = bankNewest(moved)
	var programmes []bankProgrammeLink
	for _, one := range b.programmes {
		programmes = append(programmes, bankProgrammeLink{one.ID, one.Name, one == p})
	}
	render(w, r, b, page{name: "bankapp", app: setup.Origin, class: "bankapp theme-" + theme.Now, data: map[string]any{
		"Setup": string(raw), "Programme": p.BankProgramme, "Programmes": programmes, "C": shown, "Customers": customers, "Number": number, "Moved": moved[:min(len(moved), 4)],
		"At": q.Get("at"), "Places": bankAppPlaces, "Elsewhere": elsewhere, "Away": away,
		"Choices": []bankAppChoice{theme, choose("opening", append([]string{""}, BankOpenings...), "app.opening.")},
		"Manners": []bankAppChoice{choose("answers", bankAppAnswers, "app.answers."), choose("token", bankAppTokens, "app.token."), choose("renewal", bankAppRenewals, "app.renewal.")},
	}})
}

// elsewhere is the same page under the other name of this machine, and away whether it is there that one is. To a browser that is another site than
// the web app's, and over plain HTTP no cookie goes to a frame of another site: as if it had blocked them. Only a machine by itself has two names.
func (b *Bank) elsewhere(r *http.Request) (address string, away bool) {
	usual, err := url.Parse(b.opt.URL)
	if err != nil || usual.Scheme != "http" || usual.Hostname() != "127.0.0.1" {
		return "", false
	}
	away = strings.HasPrefix(r.Host, "localhost:")
	if !away {
		usual.Host = "localhost:" + usual.Port()
	}
	usual.Path, usual.RawQuery = r.URL.Path, r.URL.RawQuery
	return usual.String(), away
}

// stranger is a page of nobody's origin, which the bank's app puts beside the web app to say something that must not be heard.
func (b *Bank) stranger(w http.ResponseWriter, r *http.Request, _ *bankProgramme) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "sandbox allow-scripts; default-src 'none'; script-src 'self'; frame-ancestors 'self'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.Write([]byte("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>A stranger</title><script src=\"../../stranger.js\" defer></script></head><body></body></html>\n"))
}
