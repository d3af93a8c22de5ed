package sim

import (
	"bytes"
	"net/http"
	"slices"
)

// openIDShown bounds how many requests the home page lists.
const openIDShown = 200

// name, root, ways, faults, settings and set are what its pages need to know.
func (p *OpenID) name() string    { return "openid" }
func (p *OpenID) root() string    { return p.prefix() + "/" }
func (p *OpenID) ways() []string  { return []string{"", "twist", "behaviour"} }
func (p *OpenID) faults() *Faults { return &p.Faults }

func (p *OpenID) settings() []setting {
	return []setting{{"twist", p.Twist(), "", slices.Insert(slices.Clone(OpenIDTwists), 0, "")}}
}

func (p *OpenID) set(name, value string) bool {
	if name != "twist" || value != "" && !slices.Contains(OpenIDTwists, value) {
		return false
	}
	p.SetTwist(value)
	return true
}

// home shows who can log in, and what the provider was asked.
func (p *OpenID) home(w http.ResponseWriter, r *http.Request) {
	heard := p.Heard()
	slices.Reverse(heard)
	render(w, r, p, page{name: "openid-home", data: map[string]any{
		"Persons": p.opt.Persons, "Calls": p.UserinfoCalls(), "Twist": p.Twist(), "Heard": heard[:min(len(heard), openIDShown)],
	}})
}

// openIDRecorder lets a page be written into an answer, so that it can be late or lost like anything else.
type openIDRecorder struct {
	bytes.Buffer
	head   http.Header
	status int
}

func (r *openIDRecorder) Header() http.Header    { return r.head }
func (r *openIDRecorder) WriteHeader(status int) { r.status = status }

// show is a page as an answer of an endpoint.
func (p *OpenID) show(r *http.Request, of page) operatorAnswer {
	if r.Method != http.MethodGet {
		of.back = p.root()
	}
	rec := &openIDRecorder{head: http.Header{}}
	render(rec, r, p, of)
	a := operatorAnswer{Status: rec.status, Body: rec.Bytes(), Header: map[string]string{}}
	for name := range rec.head {
		a.Header[name] = rec.head.Get(name)
	}
	return a
}

// openIDSorry says that an identification ends here: nobody can be sent back.
func openIDSorry(status int, why string) page {
	return page{name: "message", status: status, class: "at-bank eid", data: map[string]any{"Brand": "openid.name", "Title": "openid.sorry", "Text": "openid.sorry.text", "Why": why}}
}
