package app

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"parley"
	"parley/content"
	"parley/savehack"
	"parley/savings"
	"parley/web"
)

// Picture is a drawing or photograph that a partner offers.
type Picture struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

// Inspiration is a dream to begin with, in the person's language and the partner's currency.
type Inspiration struct {
	ID              string        `json:"id"`
	Name            string        `json:"name"`
	Sentence        string        `json:"sentence"`
	TargetCents     savings.Cents `json:"targetCents"`
	DurationSeconds int64         `json:"durationSeconds"`
	Picture         Picture       `json:"picture"`
}

// Savehack is a kind that a person can launch.
type Savehack struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"` // as a launch says it: "DailyLaunch"
	Kind       string          `json:"kind"`
	Name       string          `json:"name"` // in the person's language
	Sentence   string          `json:"sentence"`
	How        string          `json:"how"`
	Feed       string          `json:"feed,omitempty"`
	Schema     json.RawMessage `json:"schema"`     // of its parameters
	Suggestion map[string]any  `json:"suggestion"` // parameters to begin with
	Picture    Picture         `json:"picture"`
}

// Content is what a partner offers.
type Content struct {
	Inspirations []Inspiration     `json:"inspirations"`
	Savehacks    []Savehack        `json:"savehacks"`
	Pictures     map[string]string `json:"pictures"` // addresses, by content.Scenes
	Texts        map[string]string `json:"texts"`    // the web app's own words that the partner says otherwise, by key
}

// offered is what a partner offers, in a language.
func (v *visit) offered(lang string, partner *savings.Partner) Content {
	c := v.content
	out := Content{Inspirations: []Inspiration{}, Savehacks: v.savehacks(lang, partner), Pictures: map[string]string{}, Texts: c.Texts[lang]}
	for _, n := range c.Inspirations {
		out.Inspirations = append(out.Inspirations, Inspiration{n.ID, n.Name.In(lang), n.Sentence.In(lang), savings.Cents(n.Target(partner.Currency)), n.Seconds(),
			Picture{c.PictureNamed(n.Picture), n.Alt.In(lang)}})
	}
	for _, scene := range content.Scenes {
		out.Pictures[scene] = c.Scene(scene)
	}
	if out.Texts == nil {
		out.Texts = content.Texts{}
	}
	return out
}

// savehacks are the kinds that a partner's configuration and its content both offer, in the content's order.
func (v *visit) savehacks(lang string, partner *savings.Partner) []Savehack {
	items := map[string]string{}
	for _, item := range partner.Catalogue() {
		items[item.Kind] = item.ID
	}
	list := []Savehack{}
	for _, s := range v.content.Savehacks {
		k, known := savehack.Find(s.Kind)
		if _, offered := v.content.Savehack(s.Kind); known && offered && items[s.Kind] != "" {
			list = append(list, Savehack{items[s.Kind], k.Name + "Launch", k.Name, s.Name.In(lang), s.Sentence.In(lang), s.How.In(lang), k.Feed, k.Schema,
				s.Suggested(partner.Currency), Picture{v.content.PictureNamed(s.Picture), ""}})
		}
	}
	return list
}

// content answers GET /app/api/content. It is the same until the partner changes something, so it has an ETag.
func (a *App) content(w http.ResponseWriter, r *http.Request, v *visit) error {
	raw, err := json.Marshal(v.offered(web.SpeakTo(r, v.s.Locale).Lang, a.Savings.Partners[v.p.ID]))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Content-Type", "application/json")
	if has(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, err = w.Write(raw)
	return err
}

// has is whether an If-None-Match names a tag (RFC 9110 §13.1.2). A proxy that compresses makes it weak.
func has(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}

// savehacks answers GET /app/api/savehacks: those of the content, by themselves.
func (a *App) savehacks(w http.ResponseWriter, r *http.Request, v *visit) error {
	web.JSON(w, http.StatusOK, map[string]any{"savehacks": v.savehacks(web.SpeakTo(r, v.s.Locale).Lang, a.Savings.Partners[v.p.ID])})
	return nil
}

// drawing serves a picture of what partners offer, to anybody: its address has the hash of what is in it.
func (a *App) drawing(w http.ResponseWriter, r *http.Request) {
	var ours *content.Library
	for _, p := range a.partners {
		if l := a.Content[p.ID]; l != nil && l.Serve(w, r) {
			return
		}
	}
	if !ours.Serve(w, r) {
		web.ErrorPage(w, r, parley.Errorf(parley.KindNotFound, "no such picture"))
	}
}
