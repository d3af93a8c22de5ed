// Package content is what the savings app offers besides its function: dreams to be inspired by, the characters of the savehacks, drawings, and
// a partner's own texts. Ours is in the program; a partner replaces any of it by files in a folder, which are read again when they change.
//
// Read this file for what there is, folder.go for a partner's folder, picture.go for which pictures are good, and library.go for how it is
// kept fresh and served. docs/banks/content.md shows it.
package content

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"

	"parley"
	"parley/savehack"
	"parley/web"
)

//go:embed inspirations.json savehacks.json drawings
var ours embed.FS

// Texts are a text in several languages: "en", "sv".
type Texts map[string]string

// said is whether there is a text, and none of it is blank.
func (t Texts) said() bool {
	for _, text := range t {
		if strings.TrimSpace(text) == "" {
			return false
		}
	}
	return len(t) > 0
}

// In is the text in a language, in English, or in whichever there is.
func (t Texts) In(lang string) string {
	if s := cmp.Or(t[lang], t["en"]); s != "" || len(t) == 0 {
		return s
	}
	return t[slices.Min(slices.Collect(maps.Keys(t)))]
}

// Inspiration is a dream to begin with.
type Inspiration struct {
	ID          string `json:"id"`
	TargetCents int64  `json:"targetCents"` // in the partner's currency
	Amount      int64  `json:"amount"`      // or in whole euro, turned into a round amount of whatever the currency is
	Months      int    `json:"months"`      // in which it is reached
	Picture     string `json:"picture"`     // the name of a file
	Name        Texts  `json:"name"`
	Sentence    Texts  `json:"sentence"`
	Alt         Texts  `json:"alt"` // what the picture shows
}

// Savehack is the character of a kind of savehack.
type Savehack struct {
	Kind       string         `json:"kind"`
	Picture    string         `json:"picture"`
	Name       Texts          `json:"name"`
	Sentence   Texts          `json:"sentence"`
	How        Texts          `json:"how"`        // what is taken, and when
	Suggestion map[string]any `json:"suggestion"` // parameters to begin with
	euro       bool           // its amounts are in euro cents
}

// Scenes are the pictures that are no dream's and no savehack's.
var Scenes = []string{"celebration", "empty", "handover", "reached"}

// Content is all of it, for one partner.
type Content struct {
	Inspirations []Inspiration
	Savehacks    []Savehack         // in the order in which they are offered
	Offered      []string           // the kinds that are offered; all when nil
	Texts        map[string]Texts   // of the app's own words, by language and key
	pictures     map[string]picture // by name
	look         web.Look
	files        web.Files // of the look
}

// look is what a folder says of the colours: see web.Brand.
type look struct {
	Accent     string `json:"accent"`
	AccentDark string `json:"accentDark"`
	Radius     *int   `json:"radius"`
	Logo       string `json:"logo"` // the name of a file
}

// Ours is what is offered where a partner says nothing.
func Ours() *Content {
	c := &Content{pictures: map[string]picture{}}
	must := func(err error) {
		if err != nil {
			panic(fmt.Sprintf("content: %v", err)) // it is in the program
		}
	}
	files, err := ours.ReadDir("drawings")
	must(err)
	for _, file := range files {
		body, err := ours.ReadFile("drawings/" + file.Name())
		must(err)
		p, err := newPicture(file.Name(), body)
		must(err)
		c.pictures[file.Name()] = p
	}
	for name, to := range map[string]any{"inspirations.json": &c.Inspirations, "savehacks.json": &c.Savehacks} {
		raw, err := ours.ReadFile(name)
		must(err)
		must(json.Unmarshal(raw, to))
	}
	for i := range c.Savehacks {
		c.Savehacks[i].euro = true
	}
	must(c.check())
	return c
}

// check looks whether everything fits together.
func (c *Content) check() error {
	seen := map[string]bool{}
	for i, n := range c.Inspirations {
		at := fmt.Sprintf("inspirations.json: %d", i+1)
		switch {
		case n.ID == "" || len(n.ID) > 64 || seen[n.ID]:
			return parley.Invalid(at+": id", "must be there, 64 characters at most, and no other's")
		case (n.TargetCents > 0) == (n.Amount > 0) || n.TargetCents < 0 || n.Amount < 0:
			return parley.Invalid(at+": targetCents", "must be above zero, or amount instead")
		case n.Months < 1 || n.Months > 600:
			return parley.Invalid(at+": months", "from 1 to 600")
		case !n.Name.said():
			return parley.Invalid(at+": name", "is needed, by language")
		case !n.Sentence.said():
			return parley.Invalid(at+": sentence", "is needed, by language")
		}
		if err := c.shows(at+": picture", n.Picture); err != nil {
			return err
		}
		seen[n.ID] = true
	}
	for _, s := range c.Savehacks {
		at := "savehacks.json: " + s.Kind
		for field, text := range map[string]Texts{"name": s.Name, "sentence": s.Sentence, "how": s.How} {
			if !text.said() {
				return parley.Invalid(at+": "+field, "is empty")
			}
		}
		kind, ok := savehack.Find(s.Kind)
		if !ok {
			return parley.Invalid(at, "is no kind of savehack")
		}
		if err := c.shows(at+": picture", s.Picture); err != nil {
			return err
		}
		begin := s.Suggested("SEK")
		if kind.Follows { // whom, the person says
			begin["launchId"] = "x"
		}
		raw, err := json.Marshal(begin)
		if err != nil {
			return err
		}
		if _, err := kind.Parse(raw); err != nil {
			return parley.Invalid(at+": suggestion", err.Error())
		}
	}
	for i, kind := range c.Offered {
		if slices.Contains(c.Offered[:i], kind) {
			return parley.Invalid("savehacks.json: offer", fmt.Sprintf("%q is there twice", kind))
		}
		if !slices.ContainsFunc(c.Savehacks, func(s Savehack) bool { return s.Kind == kind }) {
			return parley.Invalid("savehacks.json: offer", fmt.Sprintf("%q is no kind of savehack", kind))
		}
	}
	for _, scene := range Scenes {
		if c.scene(scene) == "" {
			return parley.Invalid(scene, "has no picture")
		}
	}
	return nil
}

func (c *Content) shows(field, name string) error {
	if _, ok := c.pictures[name]; !ok {
		return parley.Invalid(field, fmt.Sprintf("%q is not there", name))
	}
	return nil
}

// scene is the name of a scene's picture.
func (c *Content) scene(name string) string {
	for _, end := range ends {
		if _, ok := c.pictures[name+end]; ok {
			return name + end
		}
	}
	return ""
}

// Inspiration finds one by its id, or by what dreams refer to it with.
func (c *Content) Inspiration(id string) (Inspiration, bool) {
	i := slices.IndexFunc(c.Inspirations, func(n Inspiration) bool { return id != "" && (n.ID == id || n.Ref() == id) })
	if i < 0 {
		return Inspiration{}, false
	}
	return c.Inspirations[i], true
}

// Savehack finds a kind's, and whether it is offered.
func (c *Content) Savehack(kind string) (s Savehack, offered bool) {
	i := slices.IndexFunc(c.Savehacks, func(s Savehack) bool { return s.Kind == kind })
	if i < 0 {
		return Savehack{Kind: kind}, false
	}
	return c.Savehacks[i], c.Offered == nil || slices.Contains(c.Offered, kind)
}

var refSpace = uuid.NewSHA1(uuid.NameSpaceOID, []byte("parley dream inspiration"))

// Ref is the UUID that dreams made from it refer to it with, because that is what ids are in the bank's API: its id where that is one, or
// else one that is made from it.
func (n Inspiration) Ref() string {
	if len(n.ID) == 36 && uuid.Validate(n.ID) == nil {
		return n.ID
	}
	return uuid.NewSHA1(refSpace, []byte(n.ID)).String()
}

// Target is what a dream made from it costs, in the minor unit of a currency.
func (n Inspiration) Target(currency parley.Currency) int64 {
	if n.TargetCents > 0 {
		return n.TargetCents
	}
	return round(currency, n.Amount*100)
}

// Seconds is how long it takes to reach it.
func (n Inspiration) Seconds() int64 { return int64(n.Months) * 30 * 24 * 60 * 60 }

// Suggested are the parameters to begin with, its amounts in the minor unit of a currency.
func (s Savehack) Suggested(currency parley.Currency) map[string]any {
	out := map[string]any{}
	for name, v := range s.Suggestion {
		if n, ok := v.(float64); ok && s.euro && strings.HasSuffix(name, "Cents") {
			v = round(currency, int64(n))
		}
		out[name] = v
	}
	return out
}

// worth is about how many of a currency are a euro; only the size matters. One that is not here is taken for one.
var worth = map[parley.Currency]float64{"SEK": 10, "NOK": 10, "DKK": 7.5, "ISK": 150, "PLN": 4, "CZK": 25, "HUF": 400, "RON": 5, "TRY": 40, "JPY": 150, "KRW": 1500,
	"INR": 90, "CNY": 8, "HKD": 8, "MXN": 20, "ZAR": 20, "THB": 38, "IDR": 17000, "VND": 27000, "UAH": 45}

// round is about so many euro cents in the minor unit of a currency, in 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 with zeros.
func round(currency parley.Currency, euroCents int64) int64 {
	rate := cmp.Or(worth[currency], 1)
	minor := float64(euroCents) / 100 * rate * math.Pow10(currency.Decimals())
	ten := math.Pow10(int(math.Floor(math.Log10(math.Max(minor, 1)))))
	best, far := 1.0, math.Inf(1)
	for _, step := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if d := math.Abs(step*ten - minor); d < far {
			best, far = step*ten, d
		}
	}
	return max(1, int64(math.Round(best)))
}

// PictureNamed is the address at which a picture is served: below /app/content/, with the hash of what is in it.
func (c *Content) PictureNamed(name string) string {
	if p, ok := c.pictures[name]; ok {
		return p.address
	}
	return ""
}

// Scene is the address of one of the Scenes.
func (c *Content) Scene(name string) string { return c.PictureNamed(c.scene(name)) }

var ends = []string{".svg", ".png", ".jpg", ".jpeg", ".webp"}

func isPicture(name string) bool { return slices.Contains(ends, path.Ext(name)) }
