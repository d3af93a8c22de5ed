package app

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"parley/web"
)

// page answers every address below /app/ that is no operation with the web app itself, which draws what the address names. What it shows
// first comes with it, so that nothing else has to be asked for before a person sees their savings.
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
	var me Me
	if err == nil {
		me, err = a.meOf(r.Context(), v, asking{})
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
		a.shell(w, r, v, me)
	}
}

// signedOut says so, in the frame of the bank whose session it was, as long as we know.
func (a *App) signedOut(w http.ResponseWriter, r *http.Request, gone *Session) {
	a.forget(w)
	w.Header().Set("WWW-Authenticate", "Cookie")
	locale := ""
	view := web.View{Status: http.StatusUnauthorized, Ancestors: a.around()}
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

// around are the origins of all partners' pages: whoever comes without a cookie, because it is blocked, is nobody's that we know of, and is
// to see why nothing is there in place of a broken frame. The page has nobody's data on it.
func (a *App) around() (all []string) {
	for _, p := range a.partners {
		for _, origin := range p.FrameOrigins {
			if !slices.Contains(all, origin) {
				all = append(all, origin)
			}
		}
	}
	return all
}

// boot is what the web app is given with its page.
type boot struct {
	Lang         string            `json:"lang"`         // the person's locale
	Words        map[string]string `json:"words"`        // addresses, by language
	FrameOrigins []string          `json:"frameOrigins"` // whose pages may show it in a frame, and be spoken to
	Name         string            `json:"name"`
	Me           Me                `json:"me"`
	Content      Content           `json:"content"`
}

var shell = template.Must(template.New("shell").Parse(`<!doctype html>
<html lang="{{.Lang}}"{{with .Theme}} data-theme="{{.}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex">
<title>{{.Name}}</title>
<link rel="icon" href="{{.Files.Icon}}">
<link rel="stylesheet" href="{{.Files.Style}}">
{{with .Look.Style}}<link rel="stylesheet" href="{{.}}">
{{end}}<link rel="preload" href="{{.Spoken}}" as="fetch" crossorigin>
<script type="module" src="{{.Files.Script}}"></script>
</head>
<body>
<div id="app"></div>
<noscript><p>{{.Script}}</p></noscript>
<script type="application/json" id="boot">{{.Boot}}</script>
</body>
</html>
`))

// shell writes the page of the web app.
func (a *App) shell(w http.ResponseWriter, r *http.Request, v *visit, me Me) {
	locale := v.s.Locale
	if locale == "" {
		locale = me.User.Locale
	}
	words, files, look := web.SpeakTo(r, locale), web.App(), a.look(v.p)
	if !strings.HasPrefix(locale, words.Lang) {
		locale = words.Lang
	}
	with := boot{Lang: locale, Words: files.Words, FrameOrigins: v.p.FrameOrigins, Name: look.Name, Me: me, Content: v.offered(words.Lang, a.Savings.Partners[v.p.ID])}
	if with.FrameOrigins == nil {
		with.FrameOrigins = []string{}
	}
	raw, err := json.Marshal(with) // which writes < and > as escapes, so that nothing in it can end its element
	if err != nil {
		web.Show(w, web.ErrorView(r, "", err))
		return
	}
	theme := v.s.Theme
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	var page bytes.Buffer
	if err := shell.Execute(&page, struct {
		Lang, Theme, Name, Spoken, Script string
		Files                             web.AppFiles
		Look                              web.Look
		Boot                              template.JS
	}{words.Lang, theme, look.Name, files.Words[words.Lang], words.Say("saved.script"), files, look, template.JS(raw)}); err != nil {
		web.Show(w, web.ErrorView(r, "", err))
		return
	}
	h := w.Header()
	// Pictures may also be the bank's own. Anybody else would learn who looks at them, and when.
	web.Protect(h, strings.TrimSpace("img-src 'self' "+strings.Join(v.p.FrameOrigins, " "))+"; form-action 'none'", v.p.FrameOrigins)
	h.Set("Content-Language", words.Lang)
	h.Set("Vary", "Accept-Encoding, Cookie")
	body := page.Bytes()
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(body)
		z.Close()
		body = b.Bytes()
		h.Set("Content-Encoding", "gzip")
	}
	w.Write(body)
}
