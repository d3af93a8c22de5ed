package sim

import (
	"bytes"
	"embed"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Each page is a file of pages/, in the frame that frame.html is; beside them lie the stylesheets and the scripts. They come
// from the party itself, so that its policy can forbid everything else.
//
//go:embed pages/*
var pageFiles embed.FS

// pages are the parsed templates, by the name of their file.
var pages = parsePages()

func parsePages() map[string]*template.Template {
	all := map[string]*template.Template{}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		panic("sim: " + err.Error()) // the files are in the binary
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".html")
		if ok && !strings.HasPrefix(name, "frame") {
			all[name] = template.Must(template.ParseFS(pageFiles, "pages/frame*.html", "pages/"+f.Name()))
		}
	}
	return all
}

// page is one page of a party, before somebody looks at it.
type page struct {
	name     string // of its file
	status   int    // 200 when zero
	language string // the one the conversation is in, when it is in one: "sv_SE"
	class    string // of the body, for the look of a shop or a bank
	framed   bool   // others may show it in a frame
	onward   bool   // its forms lead on to somebody else's pages
	script   bool   // it has a button that needs the script
	app      string // it is a bank's app, with a stylesheet and a script of its own, and shows pages of this origin in a frame
	back     string // where the strip comes back to; the page itself when empty
	refresh  string // in how many seconds the browser asks again; never when empty
	data     any
}

// view is a page before somebody's eyes: what the templates are given. D is the page's own.
type view struct {
	Lang      string
	Languages []language
	Root      string // the party's own root, as seen from this page
	Class     string
	Script    bool
	App       bool
	Links     []link // to the party's own pages
	Strip     strip
	D         any

	words words
}

// language is a choice of language.
type language struct {
	Tag, Name, Link string
	Now             bool
}

// link is a way to one of the party's pages.
type link struct {
	Href, Text string
	Now        bool
}

// T is the text of a key.
func (v view) T(key string, args ...any) string { return v.words.say(key, args...) }

// Money and Price write amounts.
func (v view) Money(amount, currency string) string { return v.words.money(amount, currency) }
func (v view) Price(amount, currency string) string { return v.words.price(amount, currency) }

// render shows a page of a party. It needs nothing from anywhere else and, but for a button that copies, no script.
func render(w http.ResponseWriter, r *http.Request, a actor, p page) {
	lang := languageOf(r, p.language)
	v := view{Lang: lang, Root: rootOf(r, a.root()), Class: p.class, Script: p.script, App: p.app != "", D: p.data, words: languages[lang]}
	for _, tag := range slices.Sorted(maps.Keys(languages)) {
		v.Languages = append(v.Languages, language{tag, languages[tag]["language"], v.inLanguage(r, p.back, tag), tag == lang})
	}
	for _, way := range a.ways() {
		key := "nav." + way
		if way == "" {
			key += a.name()
		}
		v.Links = append(v.Links, link{v.Root + way, v.T(key), strings.TrimPrefix(r.URL.Path, a.root()) == way || r.URL.Path == "/"+way})
	}
	back := p.back
	if back == "" {
		back = r.URL.RequestURI()
	}
	if !ownPath(back) { // somebody's odd link: the strip will lead to the page of the behaviour instead
		back = ""
	}
	v.Strip = stripOf(a, v.words, back)

	h := w.Header()
	if chosen := spoken(r.URL.Query().Get("lang")); chosen != "" {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: chosen, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy(p))
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with it a browser says "Origin: null" when a form is sent, and our own forms would look like a stranger's.
	h.Set("Referrer-Policy", "same-origin")
	if p.app != "" { // who shows the web app says where the person comes from
		h.Set("Referrer-Policy", "strict-origin")
	}
	h.Set("Vary", "Accept-Language, Cookie")
	if p.refresh != "" {
		h.Set("Refresh", p.refresh)
	}
	var b bytes.Buffer
	if err := pages[p.name].ExecuteTemplate(&b, "page", v); err != nil {
		panic("sim: page " + p.name + ": " + err.Error()) // a test shows each of them
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	w.WriteHeader(p.status)
	w.Write(b.Bytes())
}

// policy is what a page may do (Content Security Policy Level 3).
func policy(p page) string {
	rules := []string{"default-src 'none'", "style-src 'self'", "img-src data:", "base-uri 'none'"}
	if p.script {
		rules = append(rules, "script-src 'self'")
	}
	if p.app != "" {
		also := "'self' " + p.app
		return strings.Join(append(rules, "script-src "+also, "connect-src 'self'", "frame-src "+also, "form-action "+also, "frame-ancestors 'none'"), "; ")
	}
	if !p.onward { // browsers hold it against the redirects that follow a form, too
		rules = append(rules, "form-action 'self'")
	}
	if p.framed {
		return strings.Join(append(rules, "frame-ancestors *"), "; ")
	}
	return strings.Join(append(rules, "frame-ancestors 'none'"), "; ")
}

// rootOf is the way from a page to the root of its party. A party that knows its path says so; for others it is relative, so that
// the pages work behind any path.
func rootOf(r *http.Request, known string) string {
	if known != "" {
		return known
	}
	if up := strings.Repeat("../", strings.Count(r.URL.Path, "/")-1); up != "" {
		return up
	}
	return "./"
}

// inLanguage is the link to the same page in a language. What a form was answered with cannot be asked for again, so from there it leads
// back to where the form is.
func (v view) inLanguage(r *http.Request, back, tag string) string {
	if back != "" && r.Method == http.MethodPost {
		return v.Root + strings.TrimPrefix(back, "/") + "?lang=" + tag
	}
	q := r.URL.Query()
	q.Set("lang", tag)
	return "?" + q.Encode()
}

// assets are the stylesheets and the scripts.
var assets = []string{"/parties.css", "/copy.js", "/bankapp.css", "/bankapp.js", "/byhand.js", "/stranger.js"}

// asset serves a stylesheet or a script, and tells whether it was one of them that was asked for.
func asset(w http.ResponseWriter, r *http.Request, path string) bool {
	if !slices.Contains(assets, path) {
		return false
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache") // a newer version may have another
	http.ServeFileFS(w, r, pageFiles, "pages"+path)
	return true
}
