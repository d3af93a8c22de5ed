package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"parley"
	"parley/web"
)

//go:embed try
var tryFiles embed.FS

// tryPage is the page on which the API can be tried: every operation of the table as a form. It loads nothing that is not ours, and speaks to
// nobody but us; the token stays in the page.
type tryPage struct {
	files web.Files
	paths []string // of the files
	page  []byte
}

// tried is an operation as the page shows it.
type tried struct {
	route
	Body string // the example, to begin with
}

// Plain is the operation's text without Markdown.
func (t tried) Plain() []string {
	if t.About == "" {
		return nil
	}
	return strings.Split(strings.ReplaceAll(t.About, "`", ""), "\n\n")
}

// Lines is how high the body is.
func (t tried) Lines() int { return min(24, strings.Count(t.Body, "\n")+2) }

// Needs reports whether the address has an id in it.
func (t tried) Needs() bool { return t.has("{id}") }

// Keyed reports whether it takes an idempotency key.
func (t tried) Keyed() bool { return t.Method == http.MethodPost }

// tag is the operations about one thing.
type tag struct {
	Name, Anchor string
	Operations   []tried
}

func (p *tryPage) build(routes []route, token string) error {
	if !strings.HasPrefix(token, "/") || strings.HasPrefix(token, "//") {
		return parley.Invalid("token", "must be a path of ours")
	}
	data := struct {
		Icon, Style, Code, Token string
		Scopes                   []string
		Tags                     []tag
	}{Token: token, Scopes: []string{ScopeRead, ScopeWrite}}
	hosted := web.Dist("hosted")
	for name, to := range map[string]*string{"icon.svg": &data.Icon, "try.css": &data.Style, "try.js": &data.Code} {
		body, err := tryFiles.ReadFile("try/" + name)
		if name == "icon.svg" { // every page's
			body, err = fs.ReadFile(hosted, name)
		}
		if err != nil {
			return err
		}
		*to = p.files.Put(name, body)
		p.paths = append(p.paths, *to)
	}
	for _, r := range routes {
		i := slices.IndexFunc(data.Tags, func(t tag) bool { return t.Name == r.Tag })
		if i < 0 {
			i = len(data.Tags)
			data.Tags = append(data.Tags, tag{Name: r.Tag, Anchor: strings.ReplaceAll(strings.ToLower(r.Tag), " ", "-")})
		}
		t := tried{route: r}
		if r.Body != nil {
			raw, err := marshal(r.example())
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := json.Indent(&b, raw, "", "  "); err != nil {
				return err
			}
			t.Body = b.String()
		}
		data.Tags[i].Operations = append(data.Tags[i].Operations, t)
	}
	page, err := template.ParseFS(tryFiles, "try/try.html")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return err
	}
	p.page = b.Bytes()
	return nil
}

func (p *tryPage) routes(mux *http.ServeMux) {
	for _, path := range p.paths {
		mux.Handle("GET "+path, &p.files)
	}
	mux.HandleFunc("GET /v1/{$}", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		web.Protect(h, "img-src 'self'; form-action 'none'", nil)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Write(p.page)
	})
}
