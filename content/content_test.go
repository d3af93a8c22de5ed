package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"

	"parley"
	"parley/savehack"
	"parley/web"
)

func TestOursSaysEverythingInEveryLanguage(t *testing.T) {
	c := Ours()
	if len(c.Inspirations) < 10 {
		t.Errorf("only %d inspirations", len(c.Inspirations))
	}
	whole := func(what string, texts ...Texts) {
		for _, lang := range web.Languages() {
			for i, text := range texts {
				if strings.TrimSpace(text[lang]) == "" {
					t.Errorf("%s: text %d is not there in %s", what, i+1, lang)
				}
			}
		}
	}
	for _, n := range c.Inspirations {
		whole(n.ID, n.Name, n.Sentence, n.Alt)
	}
	for _, k := range savehack.Kinds() {
		s, offered := c.Savehack(k.Name)
		if !offered {
			t.Errorf("%s is not offered", k.Name)
		}
		whole(k.Name, s.Name, s.Sentence, s.How)
	}
	used := map[string]bool{}
	for _, n := range c.Inspirations {
		used[n.Picture] = true
	}
	for _, s := range c.Savehacks {
		used[s.Picture] = true
	}
	for _, scene := range Scenes {
		used[scene+".svg"] = true
	}
	for name, p := range c.pictures {
		if !used[name] {
			t.Errorf("nothing shows %s", name)
		}
		if len(p.body) > 2500 {
			t.Errorf("%s has %d bytes", name, len(p.body))
		}
	}
}

// Amounts are round, and about as much in every currency.
func TestAmountsAreRoundInEveryCurrency(t *testing.T) {
	for currency, want := range map[parley.Currency]int64{"EUR": 200000, "SEK": 2000000, "DKK": 1500000, "JPY": 300000, "KWD": 2000000} {
		journey, _ := Ours().Inspiration("journey")
		if got := journey.Target(currency); got != want {
			t.Errorf("a journey costs %d %s, not %d", got, currency, want)
		}
	}
	for _, currency := range []parley.Currency{"SEK", "EUR", "JPY", "IDR", "KWD", "GBP", "HUF", ""} {
		for _, s := range Ours().Savehacks {
			k, _ := savehack.Find(s.Kind)
			params := s.Suggested(currency)
			if k.Follows {
				params["launchId"] = "x"
			}
			raw, _ := json.Marshal(params)
			if _, err := k.Parse(raw); err != nil {
				t.Errorf("%s in %s: %s: %v", s.Kind, currency, raw, err)
			}
		}
	}
}

func TestWhatDreamsReferToIsAUUID(t *testing.T) {
	c := Ours()
	seen := map[string]bool{}
	for _, n := range append(c.Inspirations, Inspiration{ID: "0197b8a0-7c3e-7d1a-8f00-0000000000c1"}) {
		if err := uuid.Validate(n.Ref()); err != nil || seen[n.Ref()] {
			t.Errorf("%s is referred to by %q: %v", n.ID, n.Ref(), err)
		}
		seen[n.Ref()] = true
		if found, ok := c.Inspiration(n.Ref()); ok && found.ID != n.ID {
			t.Errorf("%s is found as %s", n.ID, found.ID)
		}
	}
	if !seen["0197b8a0-7c3e-7d1a-8f00-0000000000c1"] {
		t.Error("an id that is a UUID is not what is referred to")
	}
	// It stands with dreams that are kept, so it must not change.
	if journey, _ := c.Inspiration("journey"); journey.Ref() != "43a87bef-d110-5be3-bbf1-1e796057e038" {
		t.Errorf("a journey is referred to by %s", journey.Ref())
	}
	if _, ok := c.Inspiration(""); ok {
		t.Error("nothing finds something")
	}
}

func pngOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func folder(t *testing.T) fstest.MapFS {
	return fstest.MapFS{
		"inspirations.json": {Data: []byte(`[{"id":"cabin","targetCents":123400,"months":10,"picture":"cabin.png","name":{"sv":"Stuga"},"sentence":{"sv":"Vid vattnet."}}]`)},
		"savehacks.json":    {Data: []byte(`{"offer":["Thief","Daily"],"savehacks":[{"kind":"Thief","name":{"en":"The fox","sv":"Räven"},"picture":"fox.svg","suggestion":{"minAmountCents":7,"maxAmountCents":70}}]}`)},
		"texts.sv.json":     {Data: []byte(`{"overview.title":"Din spargris"}`)},
		"look.json":         {Data: []byte(`{"accent":"#7a1fa2","radius":4,"logo":"logo.png"}`)},
		"fox.svg":           {Data: []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z" fill="#f60"/></svg>`)},
		"cabin.png":         {Data: pngOf(t)},
		"logo.png":          {Data: pngOf(t)},
		"empty.png":         {Data: pngOf(t)},
		"README.md":         {Data: []byte("not ours to read")},
	}
}

func TestAPartnersFolderTakesThePlaceOfOurs(t *testing.T) {
	c, err := Read(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	cabin, ok := c.Inspiration("cabin")
	if !ok || len(c.Inspirations) != 1 || cabin.Target("EUR") != 123400 || cabin.Name.In("en") != "Stuga" {
		t.Errorf("inspirations %+v", c.Inspirations)
	}
	if fox, offered := c.Savehack("Thief"); !offered || fox.Name.In("en") != "The fox" || fox.How.In("en") == "" || fmt.Sprint(fox.Suggested("JPY")["maxAmountCents"]) != "70" {
		t.Errorf("the thief is %+v", fox)
	}
	if _, offered := c.Savehack("Rocket"); offered || c.Savehacks[0].Kind != "Thief" || c.Savehacks[1].Kind != "Daily" {
		t.Errorf("offered are %v", c.Offered)
	}
	if c.Texts["sv"]["overview.title"] != "Din spargris" || !strings.HasSuffix(c.Scene("empty"), "/empty.png") || !strings.HasSuffix(c.Scene("reached"), "/reached.svg") {
		t.Errorf("texts %v, scene %s", c.Texts, c.Scene("empty"))
	}
}

func TestMistakesInAFolderAreSaidByFileAndField(t *testing.T) {
	svg := func(inner string) []byte {
		return []byte(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">` + inner + `</svg>`)
	}
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, MaxSide+1, 1))); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]map[string][]byte{
		"inspirations.json":                 {"inspirations.json": []byte(`[{"id":"x"`)},
		"inspirations.json: 1: id":          {"inspirations.json": []byte(`[{"targetCents":1}]`)},
		"inspirations.json: 1: targetCents": {"inspirations.json": []byte(`[{"id":"x","months":1,"name":{"en":"x"},"sentence":{"en":"x"},"picture":"boat.svg"}]`)},
		"inspirations.json: 1: months":      {"inspirations.json": []byte(`[{"id":"x","targetCents":1,"name":{"en":"x"},"sentence":{"en":"x"},"picture":"boat.svg"}]`)},
		"inspirations.json: 1: name":        {"inspirations.json": []byte(`[{"id":"x","targetCents":1,"months":1,"picture":"boat.svg"}]`)},
		"inspirations.json: 1: picture":     {"inspirations.json": []byte(`[{"id":"x","targetCents":1,"months":1,"name":{"en":"x"},"sentence":{"en":"x"},"picture":"none.svg"}]`)},
		"(line 2)":                          {"inspirations.json": []byte("[\n{\"id\":")},
		"inspirations.json: sentence":       {"inspirations.json": []byte(`[{"id":"x","sentence":"By the water."}]`)},
		"inspirations.json: 1: sentence":    {"inspirations.json": []byte(`[{"id":"x","targetCents":1,"months":1,"name":{"en":"x"},"sentence":{"en":" "},"picture":"boat.svg"}]`)},
		"inspirations.json: 2: id":          {"inspirations.json": []byte(`[{"id":"x","amount":1,"months":1,"name":{"en":"x"},"sentence":{"en":"x"},"picture":"boat.svg"},{"id":"x"}]`)},
		"inspiration.json":                  {"inspiration.json": []byte(`[]`)},
		"savehacks.json: Daily: name":       {"savehacks.json": []byte(`{"savehacks":[{"kind":"Daily","name":{}}]}`)},
		"savehacks.json: Daily: how":        {"savehacks.json": []byte(`{"savehacks":[{"kind":"Daily","how":{"sv":""}}]}`)},
		"savehacks.json: Copycat":           {"savehacks.json": []byte(`{"savehacks":[{"kind":"Copycat","suggestion":{"percentage":-1}}]}`)},
		"savehacks.json: Rocket: is there":  {"savehacks.json": []byte(`{"savehacks":[{"kind":"Rocket"},{"kind":"Rocket"}]}`)},
		`"Daily" is there twice`:            {"savehacks.json": []byte(`{"offer":["Daily","Daily"]}`)},
		"texts.fi.json":                     {"texts.fi.json": []byte(`{}`)},
		"texts.sv.json: overview.titel":     {"texts.sv.json": []byte(`{"overview.titel":"Din spargris"}`)},
		"texts.sv.json: overview.title":     {"texts.sv.json": []byte(`{"overview.title":""}`)},
		"nothing is put in for {who}":       {"texts.sv.json": []byte(`{"overview.welcome":"Hej {who}!"}`)},
		"look.json: accentDark":             {"look.json": []byte(`{"accentDark":"#000000"}`)},
		"half.png":                          {"half.png": pngOf(t)[:50]},
		"half.jpg":                          {"half.jpg": jpegOf(t)[:400]},
		"half.webp":                         {"half.webp": []byte("RIFF\x10\x00\x00\x00WEBPVP8 ")},
		"wide.png":                          {"wide.png": wide.Bytes()},
		"savehacks.json":                    {"savehacks.json": []byte(`{"offers":[]}`)},
		"savehacks.json: offer":             {"savehacks.json": []byte(`{"offer":["Magpie"]}`)},
		"savehacks.json: Magpie":            {"savehacks.json": []byte(`{"savehacks":[{"kind":"Magpie"}]}`)},
		"savehacks.json: Daily: suggestion": {"savehacks.json": []byte(`{"savehacks":[{"kind":"Daily","suggestion":{"amountCents":-1}}]}`)},
		"savehacks.json: Daily: picture":    {"savehacks.json": []byte(`{"savehacks":[{"kind":"Daily","picture":"none.svg"}]}`)},
		"texts.sv.json":                     {"texts.sv.json": []byte(`{"a":1}`)},
		"look.json: accent":                 {"look.json": []byte(`{"accent":"#ffff00"}`)},
		"look.json: logo":                   {"look.json": []byte(`{"logo":"none.svg"}`)},
		"big.png":                           {"big.png": append(pngOf(t), make([]byte, MaxPicture)...)},
		"page.png":                          {"page.png": []byte("<html><script>alert(1)</script>")},
		"script.svg":                        {"script.svg": svg(`<script>alert(1)</script>`)},
		"prefixed.svg":                      {"prefixed.svg": svg(`<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>`)},
		"html.svg":                          {"html.svg": svg(`<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>`)},
		"onload.svg":                        {"onload.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg" ONLOAD="alert(1)"/>`)},
		"fetch.svg":                         {"fetch.svg": svg(`<use xlink:href="https://evil.example/x.svg#a"/>`)},
		"image.svg":                         {"image.svg": svg(`<image href="https://evil.example/x.png"/>`)},
		"style.svg":                         {"style.svg": svg(`<style>@import url(https://evil.example)</style>`)},
		"fill.svg":                          {"fill.svg": svg(`<path fill="u&#114;l( https://evil.example )"/>`)},
		"entity.svg":                        {"entity.svg": []byte(`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&x;</svg>`)},
		"second.svg":                        {"second.svg": svg(`<path fill="url(#a) url(https://evil.example)"/>`)},
		"set.svg":                           {"set.svg": svg(`<rect mask="image-set('https://evil.example' 1x)"/>`)},
		"inline.svg":                        {"inline.svg": svg(`<rect style="fill:URL( https://evil.example)"/>`)},
		"escaped.svg":                       {"escaped.svg": svg(`<rect style="fill:u\72l(https://evil.example)"/>`)},
		"based.svg":                         {"based.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg" xml:base="https://evil.example"/>`)},
		"link.svg":                          {"link.svg": svg(`<a href="javascript:alert(1)"><path/></a>`)},
		"animated.svg":                      {"animated.svg": svg(`<set attributeName="href" to="https://evil.example"/>`)},
		"sheet.svg":                         {"sheet.svg": []byte(`<?xml-stylesheet href="https://evil.example"?><svg xmlns="http://www.w3.org/2000/svg"/>`)},
		"none.svg":                          {"none.svg": []byte(`<html xmlns="http://www.w3.org/1999/xhtml"/>`)},
		"open.svg":                          {"open.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><path`)},
	} {
		files := fstest.MapFS{}
		for file, data := range put {
			files[file] = &fstest.MapFile{Data: data}
		}
		_, err := Read(files)
		if parley.KindOf(err) != parley.KindInvalid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What drawing programs write, and what harms nobody, is taken, under any name, and served so that it can do nothing.
func TestPicturesAreTakenAndServedShutIn(t *testing.T) {
	drawing := `<?xml version="1.0" encoding="utf-8"?><!-- drawn by hand --><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1" aria-label="Sun (late)">
		<defs><linearGradient id="a"><stop offset="0" stop-color="rgb(1, 2, 3)"/></linearGradient></defs><g id="b" transform="translate(1 2) rotate(3)"><path style="fill:url(#a);opacity:.5" d="M0 0h1v1z"/></g><use xlink:href="#b"/></svg>`
	files := fstest.MapFS{"sol & 50%#1?.svg": {Data: []byte(drawing)}, "fjäll.png": {Data: pngOf(t)}, "b.jpeg": {Data: jpegOf(t)}, "c.webp": {Data: []byte("RIFF\x08\x00\x00\x00WEBPVP8 ")},
		"._b.jpeg": {Data: []byte("beside it")}, ".hidden.json": {Data: []byte("-")}, "look.json": {Data: []byte(`{"logo":"sol & 50%#1?.svg"}`)}}
	l, err := NewLibrary(files, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"sol & 50%#1?.svg": "image/svg+xml", "fjäll.png": "image/png", "b.jpeg": "image/jpeg", "c.webp": "image/webp"} {
		at := l.Current().PictureNamed(name)
		w := httptest.NewRecorder()
		if !l.Serve(w, httptest.NewRequest(http.MethodGet, at, nil)) || w.Body.String() != string(files[name].Data) {
			t.Errorf("%s at %q is %q", name, at, w.Body)
		}
		for header, want := range map[string]string{"Content-Type": kind, "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable",
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s of %s is %q, not %q", header, name, got, want)
			}
		}
	}
	w := httptest.NewRecorder()
	if logo := l.Look(web.Look{}).Logo; !l.Serve(w, httptest.NewRequest(http.MethodGet, logo, nil)) || w.Header().Get("Content-Type") != "image/svg+xml" ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the logo at %q is %d %v", logo, w.Code, w.Header())
	}
}

// A folder may be links, of which one is turned to what is new.
func TestAFolderOfLinksIsReadAgain(t *testing.T) {
	at, dir, now := t.TempDir(), t.TempDir(), time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	file := filepath.Join(at, "texts.json")
	write := func(text string) {
		if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.Chtimes(file, now, now)); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"overview.title":"One"}`)
	if err := os.Symlink(file, filepath.Join(dir, "texts.en.json")); err != nil {
		t.Skip(err)
	}
	l, err := NewLibrary(os.DirFS(dir), func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	write(`{"overview.title":"Two"}`)
	if got := l.Current().Texts["en"]["overview.title"]; got != "Two" {
		t.Errorf("it still says %q", got)
	}
}

// Who asks while somebody reads has what was there, and nobody waits.
func TestManyAskAtTheSameTime(t *testing.T) {
	dir := t.TempDir()
	var tick atomic.Int64
	l, err := NewLibrary(os.DirFS(dir), func() time.Time { return time.Unix(tick.Add(1), 0) }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				if i == 0 {
					os.WriteFile(filepath.Join(dir, "texts.en.json"), fmt.Appendf(nil, `{"overview.title":"%d"}`, tick.Load()), 0o600)
				}
				c := l.Current()
				if w := httptest.NewRecorder(); !l.Serve(w, httptest.NewRequest(http.MethodGet, c.Scene("empty"), nil)) {
					t.Error("a picture is not there")
				}
			}
		})
	}
	all.Wait()
}

// What changes is seen within a second, what is wrong is not, and what a page still shows is still there.
func TestAFolderIsReadAgainWhenItChanges(t *testing.T) {
	dir, now := t.TempDir(), time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		if err := os.Chtimes(filepath.Join(dir, name), now, now); err != nil {
			t.Fatal(err)
		}
	}
	write("texts.en.json", `{"overview.title":"One"}`)
	write("look.json", `{"accent":"#7a1fa2"}`)
	var log bytes.Buffer
	l, err := NewLibrary(os.DirFS(dir), func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	title := func() string { return l.Current().Texts["en"]["overview.title"] }
	look := l.Look(web.Look{Name: "Bank", Style: "/assets/x"})
	if title() != "One" || look.Name != "Bank" || !strings.HasPrefix(look.Style, "/app/content/assets/") {
		t.Errorf("%q, %+v", title(), look)
	}
	write("texts.en.json", `{"overview.title":"Two"}`)
	write("look.json", `{"accent":"#0b5a3c"}`)
	if got := title(); got != "Two" {
		t.Errorf("it still says %q", got)
	}
	write("texts.en.json", `{"overview.title":`)
	if got := title(); got != "Two" || !strings.Contains(log.String(), "texts.en.json") {
		t.Errorf("a mistake makes it say %q: %s", got, &log)
	}
	for _, at := range []string{look.Style, l.Look(web.Look{}).Style, l.Current().Scene("empty")} {
		w := httptest.NewRecorder()
		if !l.Serve(w, httptest.NewRequest(http.MethodGet, at, nil)) || w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s is %d", at, w.Code)
		}
	}
	if l.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/app/content/none", nil)) {
		t.Error("nothing is served")
	}
}

// The guide names every file, and no word that the app does not have.
func TestTheGuideIsRight(t *testing.T) {
	raw, err := os.ReadFile("../docs/banks/content.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, name := range []string{"inspirations.json", "savehacks.json", "texts.sv.json", "look.json"} {
		if !strings.Contains(page, name) {
			t.Errorf("it does not name %s", name)
		}
	}
	words, err := os.ReadFile("../web/app/public/words/en.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("\"([a-z]+\\.[a-z.]+)\": ?\"").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(string(words), `"`+m[1]+`"`) {
			t.Errorf("the app has no word %s", m[1])
		}
	}
	example := os.DirFS("../docs/banks/content.example")
	shown := 0
	for _, m := range regexp.MustCompile("(?s)`([a-z.]+\\.json)`:\n\n```json\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if file, err := fs.ReadFile(example, m[1]); err != nil || string(file) != m[2] {
			t.Errorf("%s is not what it shows of it: %v", m[1], err)
		}
		shown++
	}
	if shown != 4 {
		t.Errorf("it shows %d files", shown)
	}
	c, err := Read(example)
	if err != nil {
		t.Fatal(err)
	}
	if cabin, ok := c.Inspiration("cabin"); !ok || cabin.Target("SEK") != 20000000 || c.Texts["en"]["overview.title"] != "Your piggy bank" || c.look.Logo == "" {
		t.Errorf("the example is %+v", c.Inspirations)
	}
}
