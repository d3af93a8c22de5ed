package content

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"parley"
	"parley/web"
)

// Read is what a partner offers whose folder this is: ours, with whatever the folder holds in its place. Everything in it may be left out.
//
//	inspirations.json    the dreams to be inspired by, in place of ours
//	savehacks.json       {"offer": ["Daily", …], "savehacks": [{"kind", "name", "sentence", "how", "picture", "suggestion"}, …]}
//	texts.sv.json        the app's own words in a language, by their keys
//	look.json            {"accent", "accentDark", "radius", "logo"}
//	*.svg, *.png, …      pictures; one that has the name of one of ours takes its place
//
// A mistake is parley.KindInvalid, its field the file and what in it.
func Read(folder fs.FS) (*Content, error) {
	c := Ours()
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, fmt.Errorf("read the content: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		if path.Ext(name) == ".json" && !hidden(name) && !files[name] && !textsFile.MatchString(name) {
			return nil, parley.Invalid(name, "is none of the files that are read: inspirations.json, savehacks.json, look.json, texts.en.json")
		}
		if e.IsDir() || hidden(name) || !isPicture(name) {
			continue
		}
		body, err := limited(folder, e.Name(), MaxPicture)
		if err != nil {
			return nil, err
		}
		if c.pictures[e.Name()], err = newPicture(e.Name(), body); err != nil {
			return nil, err
		}
		for _, scene := range Scenes { // one of another kind takes the place of ours too
			if strings.TrimSuffix(e.Name(), path.Ext(e.Name())) == scene && path.Ext(e.Name()) != ".svg" {
				delete(c.pictures, scene+".svg")
			}
		}
	}
	var inspirations []Inspiration
	if there, err := jsonFile(folder, "inspirations.json", &inspirations); err != nil {
		return nil, err
	} else if there {
		c.Inspirations = inspirations
	}
	var own struct {
		Offer     []string   `json:"offer"`
		Savehacks []Savehack `json:"savehacks"`
	}
	if _, err := jsonFile(folder, "savehacks.json", &own); err != nil {
		return nil, err
	}
	for i, s := range own.Savehacks {
		if slices.ContainsFunc(own.Savehacks[:i], func(o Savehack) bool { return o.Kind == s.Kind }) {
			return nil, parley.Invalid("savehacks.json: "+s.Kind, "is there twice")
		}
		if err := c.replace(s); err != nil {
			return nil, err
		}
	}
	if own.Offer != nil {
		c.offer(own.Offer)
	}
	for _, e := range entries {
		if m := textsFile.FindStringSubmatch(e.Name()); m != nil {
			texts := Texts{}
			if _, err := jsonFile(folder, e.Name(), &texts); err != nil {
				return nil, err
			}
			if err := checkWords(e.Name(), m[1], texts); err != nil {
				return nil, err
			}
			if c.Texts == nil {
				c.Texts = map[string]Texts{}
			}
			c.Texts[m[1]] = texts
		}
	}
	var colours look
	if there, err := jsonFile(folder, "look.json", &colours); err != nil {
		return nil, err
	} else if there {
		if err := c.paint(colours); err != nil {
			return nil, err
		}
	}
	return c, c.check()
}

// paint has the app in a partner's colours, once their contrast was checked.
func (c *Content) paint(l look) (err error) {
	brand := web.Brand{Accent: l.Accent, AccentDark: l.AccentDark, Radius: l.Radius}
	if l.Logo != "" {
		if err := c.shows("look.json: logo", l.Logo); err != nil {
			return err
		}
		brand.Logo = c.pictures[l.Logo].body
	}
	if c.look, err = web.NewLook(&c.files, "", brand); err != nil {
		if e, ok := errors.AsType[*parley.Error](err); ok {
			field := map[string]string{"accent_dark": "accentDark"}[e.Field]
			return parley.Invalid("look.json: "+cmp.Or(field, e.Field), e.Message)
		}
	}
	return err
}

// files are those of a folder that have one name only.
var files = map[string]bool{"inspirations.json": true, "savehacks.json": true, "look.json": true}

var textsFile = regexp.MustCompile(`^texts\.([a-z]{2})\.json$`)

// hidden are files that the machine keeps beside others, and links that change a folder as a whole.
func hidden(name string) bool { return strings.HasPrefix(name, ".") }

var place = regexp.MustCompile(`\{\w+\}`)

// checkWords looks whether the app has these words in a language, and what is put into them.
func checkWords(file, lang string, texts Texts) error {
	raw, err := fs.ReadFile(web.Dist("app"), "words/"+lang+".json")
	if err != nil {
		return parley.Invalid(file, fmt.Sprintf("the app does not speak %q", lang))
	}
	words := Texts{}
	if err := json.Unmarshal(raw, &words); err != nil {
		return fmt.Errorf("read the app's words: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		ours, ok := words[key]
		if !ok {
			return parley.Invalid(file+": "+key, "is no word of the app")
		}
		if strings.TrimSpace(texts[key]) == "" {
			return parley.Invalid(file+": "+key, "is empty")
		}
		for _, p := range place.FindAllString(texts[key], -1) {
			if !strings.Contains(ours, p) {
				return parley.Invalid(file+": "+key, fmt.Sprintf("nothing is put in for %s; ours is %q", p, ours))
			}
		}
	}
	return nil
}

// replace puts what a partner says of a kind over ours.
func (c *Content) replace(s Savehack) error {
	for i := range c.Savehacks {
		was := &c.Savehacks[i]
		if was.Kind != s.Kind {
			continue
		}
		if s.Picture != "" {
			was.Picture = s.Picture
		}
		for _, t := range []struct {
			to   *Texts
			from Texts
		}{{&was.Name, s.Name}, {&was.Sentence, s.Sentence}, {&was.How, s.How}} {
			if t.from != nil {
				*t.to = t.from
			}
		}
		if s.Suggestion != nil {
			was.Suggestion, was.euro = s.Suggestion, false
		}
		return nil
	}
	return parley.Invalid("savehacks.json: "+s.Kind, "is no kind of savehack")
}

// offer has only these kinds offered, in this order.
func (c *Content) offer(kinds []string) {
	c.Offered = kinds
	var first, rest []Savehack
	for _, kind := range kinds {
		for _, s := range c.Savehacks {
			if s.Kind == kind {
				first = append(first, s)
			}
		}
	}
	for _, s := range c.Savehacks {
		if _, offered := c.Savehack(s.Kind); !offered {
			rest = append(rest, s)
		}
	}
	c.Savehacks = append(first, rest...)
}

// jsonFile reads a file of the folder into v; it need not be there.
func jsonFile(folder fs.FS, name string, v any) (there bool, err error) {
	raw, err := limited(folder, name, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return false, wrong(name, raw, d.InputOffset(), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return false, parley.Invalid(name, "has more in it than one value")
	}
	return true, nil
}

// wrong says what is wrong in a file, and in which line. at is how far it was read.
func wrong(name string, raw []byte, at int64, err error) error {
	says := strings.TrimPrefix(err.Error(), "json: ")
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = e.Offset
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		at, says = e.Offset, "must not be a "+e.Value
		if e.Field != "" {
			name += ": " + e.Field
		}
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		at, says = int64(len(raw)), "ends too early"
	}
	return parley.Invalid(name, fmt.Sprintf("%s (line %d)", says, 1+bytes.Count(raw[:min(at, int64(len(raw)))], []byte("\n"))))
}

func limited(folder fs.FS, name string, most int64) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(raw)) > most {
		return nil, parley.Invalid(name, fmt.Sprintf("is larger than %d KiB", most>>10))
	}
	return raw, err
}
