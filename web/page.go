package web

import (
	"bytes"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// View is one page: one heading, a few sentences, at most one thing to do. Nothing in it is taken from what a request said, but
// what was checked.
type View struct {
	Status  int    // 200 when zero
	Words   *Words // the language; English when nil
	Look    Look
	Title   string // also the heading
	Mood    Mood
	Steps   []Step // where the whole stands
	Text    []string
	Details []Detail
	QR      *QRCode
	Choices []Choice
	Links   []Link
	Form    *Form
	Help    *Help
	Follow  *Follow // the page changes by itself
	GoOn    *GoOn   // the page leads on by itself
	Ref     string  // for support
	Theme   string  // "light" or "dark", where the person has chosen; the device's when empty

	// Ancestors are origins whose pages may show this one in a frame; nobody's when empty.
	Ancestors []string
	// Popup keeps the tie to the window that opened this one.
	Popup bool
}

// Mood is how things stand: it has a sign and a word, never colour alone.
type Mood string

// The moods.
const (
	Waiting Mood = "waiting"
	Good    Mood = "good"
	Bad     Mood = "bad"
	Unclear Mood = "unclear"
)

// Step is one of the few that the whole consists of.
type Step struct {
	Name  string
	State StepState
}

// StepState is whether a step has been taken.
type StepState string

// The states of a step.
const (
	StepDone   StepState = "done"
	StepNow    StepState = "now"
	StepNext   StepState = "next"
	StepFailed StepState = "failed"
)

// Detail is a labelled value.
type Detail struct{ Label, Value string }

// QRCode is an image that is read anew each time it has grown old.
type QRCode struct {
	Image string // its address
	Alt   string
	Every time.Duration
}

// Choice is one of several that the person can take.
type Choice struct {
	Name, About string
	Mark        string // a word beside it: "Last used"
	Logo        string // address of an image
	URL         string // where it leads, or
	Value       string // what the page's form says when it is taken
	Top         bool   // it leaves the frame that the page is in
}

// Initial stands where there is no logo.
func (c Choice) Initial() string {
	for _, r := range c.Name {
		return strings.ToUpper(string(r))
	}
	return ""
}

// Link is something the person can go to.
type Link struct {
	Text, URL string
	Primary   bool
	Top       bool // it leaves the frame that the page is in
}

// Form is the one thing that the page can send back. With choices, each of them is a button of it, and Name is what they say.
type Form struct {
	Text, Action, Name string
	Hidden             []Detail
	Top                bool // it leaves the frame that the page is in
	// Leads are sources besides our own to which sending the form may lead.
	Leads []string
}

// Help is what to do when nothing happens. It shows itself only after a while.
type Help struct {
	Text  string
	After time.Duration // from now; at once when not positive
}

// Seconds until it shows itself.
func (h Help) Seconds() int { return max(0, int((h.After+time.Second-1)/time.Second)) }

// Follow has the page look again when State is no longer what it was: told by a stream of events, or without script every now and then.
type Follow struct {
	Events string // address of the stream
	State  string // as this page shows it
	Again  string // address of this page, looked at again
	Every  int    // seconds between looks without script
}

// GoOn leads on by itself.
type GoOn struct {
	URL   string
	After int // seconds
}

// searchFrom is how many choices make it worth to search among them.
const searchFrom = 7

// Long reports whether the heading has a name in it that asks for smaller letters.
func (v View) Long() bool { return utf8.RuneCountInString(v.Title) > 48 }

// Search reports whether there is a field to search the choices with.
func (v View) Search() bool { return len(v.Choices) >= searchFrom }

// Script reports whether the page does more with the script than without.
func (v View) Script() bool { return v.Follow != nil || v.GoOn != nil || v.Help != nil || v.Search() }

// Say is a text in the page's language.
func (v View) Say(key string, in ...string) string { return v.Words.Say(key, in...) }

// Icon, Style and Code are the addresses of what every page is made of.
func (v View) Icon() string { return hosted.icon }

// Style is the address of the style sheet.
func (v View) Style() string { return hosted.style }

// Code is the address of the script.
func (v View) Code() string { return hosted.code }

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Words.Lang}}"{{with .Theme}} data-theme="{{.}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{{with .GoOn}}<noscript><meta http-equiv="refresh" content="{{.After}};url={{.URL}}"></noscript>
{{end}}{{with .Follow}}<noscript><meta http-equiv="refresh" content="{{.Every}};url={{.Again}}"></noscript>
{{end}}<title>{{.Title}}{{with .Look.Name}} · {{.}}{{end}}</title>
<link rel="icon" href="{{.Icon}}">
<link rel="stylesheet" href="{{.Style}}">
{{with .Look.Style}}<link rel="stylesheet" href="{{.}}">
{{end}}{{if .Script}}<script type="module" src="{{.Code}}"></script>
{{end}}</head>
<body{{with .Follow}} data-events="{{.Events}}" data-state="{{.State}}" data-again="{{.Again}}"{{end}}{{with .GoOn}} data-go="{{.URL}}" data-seconds="{{.After}}"{{end}}>
{{if .Look.Logo}}<header><img class="logo" src="{{.Look.Logo}}" alt="{{.Look.Name}}"></header>
{{else if .Look.Name}}<header><span>{{.Look.Name}}</span></header>
{{end}}<main class="{{.Mood}}">
{{if .Steps}}<ol class="steps" aria-label="{{.Say "steps"}}">
{{range .Steps}}<li class="{{.State}}"{{if eq .State "now"}} aria-current="step"{{end}}><span class="sign" aria-hidden="true">{{if eq .State "done"}}✓{{else if eq .State "failed"}}×{{end}}</span>{{.Name}} <span class="unseen">({{$.Say (printf "step.is.%s" .State)}})</span></li>
{{end}}</ol>
{{end}}{{with .Mood}}<p class="mood"><span class="sign" aria-hidden="true">{{if eq . "good"}}✓{{else if eq . "bad"}}×{{else if eq . "unclear"}}?{{end}}</span>{{$.Say (printf "mood.%s" .)}}</p>
{{end}}<h1 tabindex="-1"{{if .Long}} class="long"{{end}}>{{.Title}}</h1>
{{range .Text}}<p>{{.}}</p>
{{end}}{{with .Details}}<dl>{{range .}}<dt>{{.Label}}</dt><dd>{{.Value}}</dd>{{end}}</dl>
{{end}}{{with .QR}}<p class="qr"><img src="{{.Image}}" alt="{{.Alt}}" width="240" height="240" data-every="{{.Every.Milliseconds}}"></p>
{{end}}{{if .Choices}}{{if .Search}}<p class="search" hidden><label for="search">{{.Say "choose.search"}}</label><input type="search" id="search" autocomplete="off"></p>
{{end}}{{if .Form}}<form method="post" action="{{.Form.Action}}">{{range .Form.Hidden}}<input type="hidden" name="{{.Label}}" value="{{.Value}}">{{end}}
{{end}}<ul class="choices">
{{range .Choices}}<li>{{if .Value}}<button name="{{$.Form.Name}}" value="{{.Value}}">{{template "choice" .}}</button>{{else}}<a href="{{.URL}}"{{if .Top}} target="_top"{{end}}>{{template "choice" .}}</a>{{end}}</li>
{{end}}</ul>
{{if .Form}}</form>
{{end}}{{if .Search}}<p class="none" role="status" hidden>{{.Say "choose.none"}}</p>
{{end}}{{end}}{{with .Links}}<ul class="links">
{{range .}}<li><a{{if .Primary}} class="primary"{{end}} href="{{.URL}}"{{if .Top}} target="_top"{{end}}>{{.Text}}</a></li>
{{end}}</ul>
{{end}}{{if and .Form (not .Choices)}}{{with .Form}}<form method="post" action="{{.Action}}"{{if .Top}} target="_top"{{end}}>{{range .Hidden}}<input type="hidden" name="{{.Label}}" value="{{.Value}}">{{end}}<button class="quiet">{{.Text}}</button></form>
{{end}}{{end}}{{with .Help}}<details class="help"{{if gt .Seconds 0}} hidden data-after="{{.Seconds}}"{{end}}><summary>{{$.Say "help"}}</summary><p>{{.Text}}</p></details>
{{end}}{{with .Ref}}<p class="ref">{{$.Say "reference"}} <code>{{.}}</code></p>
{{end}}</main>
{{if .Script}}<p class="unseen" role="status" id="said"></p>
{{end}}</body>
</html>
{{define "choice"}}{{if .Logo}}<img src="{{.Logo}}" alt="" width="40" height="40">{{else}}<span class="initial" data-initial="{{.Initial}}"></span>{{end}}<span class="what"><strong>{{.Name}}</strong>{{with .Mark}} <em>{{.}}</em>{{end}}<small>{{.About}}</small></span>{{end}}`))

// Show writes a page, with the headers that keep it out of frames and free of anything that is not ours.
func Show(w http.ResponseWriter, v View) {
	if v.Words == nil {
		v.Words = languages[0]
	}
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		slog.Error("draw a page", "err", err)
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	leads := "'self'"
	if v.Form != nil && len(v.Form.Leads) > 0 {
		leads += " " + strings.Join(v.Form.Leads, " ")
	}
	h := w.Header()
	Protect(h, "img-src 'self'; form-action "+leads, v.Ancestors)
	h.Set("Content-Language", v.Words.Lang)
	h.Set("Vary", "Accept-Language")
	if !v.Popup {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	w.WriteHeader(v.Status)
	w.Write(b.Bytes())
}

// Protect sets the headers of a page: nothing that is not ours but what the policy adds, no page but the ancestors' may frame it, and no
// cache keeps it.
func Protect(h http.Header, policy string, ancestors []string) {
	around := "'none'"
	h.Set("X-Frame-Options", "DENY")
	if len(ancestors) > 0 {
		around = strings.Join(ancestors, " ")
		h.Del("X-Frame-Options") // it knows no list (RFC 7034), and a browser that has both believes the policy
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "+policy+"; frame-ancestors "+around+"; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
}

// Origin is scheme, host and port of a URL that was checked before.
func Origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
