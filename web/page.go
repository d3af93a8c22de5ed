package web

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"

	"parley"
)

//go:embed assets
var assets embed.FS

// Assets serves the style sheet of the pages, under /assets/.
func Assets() http.Handler {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // it is in the program
	}
	serve := http.StripPrefix("/assets/", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		serve.ServeHTTP(w, r)
	})
}

// View is one page: one heading, a few sentences, at most one thing to do. Nothing in it is taken from what a request said, but
// what was checked.
type View struct {
	Status  int    // 200 when zero
	Title   string // also the heading
	Mood    string // "", "waiting", "good" or "bad": a sign and a word, never colour alone
	Words   []string
	Details []Detail
	Links   []Link
	Form    *Form
	Refresh int // seconds after which the page looks again; zero for never
	Ref     string
}

// Detail is a labelled value.
type Detail struct{ Label, Value string }

// Link is something the person can go to.
type Link struct {
	Text, URL string
	Primary   bool
}

// Form is the one thing that the page can send back.
type Form struct {
	Text, Action string
	Hidden       []Detail
	// Leads are origins besides our own to which sending the form may lead.
	Leads []string
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{{with .Refresh}}<meta http-equiv="refresh" content="{{.}}">{{end}}
<title>{{.Title}}</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/parley.css">
</head>
<body>
<main class="{{.Mood}}">
{{with .Mood}}<p class="mood">{{if eq . "waiting"}}<span aria-hidden="true">◌</span> Waiting{{else if eq . "good"}}<span aria-hidden="true">✓</span> Done{{else if eq . "bad"}}<span aria-hidden="true">×</span> Stopped{{end}}</p>{{end}}
<h1>{{.Title}}</h1>
<div role="status">{{range .Words}}<p>{{.}}</p>{{end}}</div>
{{with .Details}}<dl>{{range .}}<dt>{{.Label}}</dt><dd>{{.Value}}</dd>{{end}}</dl>{{end}}
{{with .Links}}<ul class="links">{{range .}}<li><a {{if .Primary}}class="primary" {{end}}href="{{.URL}}">{{.Text}}</a></li>{{end}}</ul>{{end}}
{{with .Form}}<form method="post" action="{{.Action}}">{{range .Hidden}}<input type="hidden" name="{{.Label}}" value="{{.Value}}">{{end}}<button>{{.Text}}</button></form>{{end}}
{{with .Ref}}<p class="ref">Reference for support: <code>{{.}}</code></p>{{end}}
</main>
</body>
</html>
`))

// Show writes a page, with the headers that keep it out of frames and free of anything that is not ours.
func Show(w http.ResponseWriter, v View) {
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		slog.Error("draw a page", "err", err)
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	lead := "'self'"
	if v.Form != nil {
		for _, origin := range v.Form.Leads {
			lead += " " + origin
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action "+lead+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	w.WriteHeader(v.Status)
	w.Write(b.Bytes())
}

// Origin is scheme, host and port of a URL that was checked before.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// ErrorPage shows a person that something went wrong: whose doing it was, what they can do, and the reference under which the
// log has the rest. What the request said is not repeated.
func ErrorPage(w http.ResponseWriter, r *http.Request, err error) {
	log := logOf(r)
	v := View{Status: Status(err), Title: "Something went wrong", Mood: "bad", Ref: RequestID(r)}
	switch parley.KindOf(err) {
	case parley.KindInvalid:
		v.Title, v.Words = "This link does not work", []string{"The address that brought you here is not in order, so nothing was done.", "Please go back to where you came from and try again."}
		if e, ok := errors.AsType[*parley.Error](err); ok && e.Field == "browser" {
			v.Title, v.Words = "You began this in another browser", []string{"This page opens only where you began, so that nobody else can go on in your name.", "Please go back there, or begin again where you came from."}
		}
		log.Info("refused a request", "request", v.Ref, "route", r.Pattern, "err", err)
	case parley.KindNotFound:
		v.Title, v.Words = "There is nothing here", []string{"The address may be old, or was cut short.", "Please go back to where you came from and try again."}
	case parley.KindRefused:
		v.Title, v.Words = "This was not done", []string{"The page that asked for it was not one of ours.", "Please go back to where you came from and try again."}
		log.Info("refused a request", "request", v.Ref, "route", r.Pattern, "err", err)
	case parley.KindUnavailable, parley.KindUnheard, parley.KindUnknown:
		v.Title, v.Words = "Please try again in a moment", []string{"Somebody whom we need to ask did not answer.", "Reload this page in a moment: we know where you were."}
		log.Warn("could not serve a page", "request", v.Ref, "route", r.Pattern, "err", err)
	default:
		v.Words = []string{"The mistake is ours. Please try again in a moment."}
		log.Error("could not serve a page", "request", v.Ref, "route", r.Pattern, "err", err)
	}
	Show(w, v)
}
