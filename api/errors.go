package api

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"parley"
	"parley/savings"
	"parley/web"
)

// Mistakes is how mistakes in what was sent are told.
type Mistakes struct {
	Errors []Mistake `json:"errors"`
}

// Mistake is what is wrong with one field.
type Mistake struct {
	Field  string   `json:"field" doc:"The wrapper and the field: dream.targetCents. A query parameter stands alone." eg:"dream.targetCents"`
	Errors []string `json:"errors" eg:"can't be negative"`
}

// Problem is a problem document (RFC 9457): every other error.
type Problem struct {
	Title  string    `json:"title" doc:"What the status says." eg:"Not Found"`
	Status int       `json:"status" eg:"404"`
	Detail string    `json:"detail" eg:"Dream not found"`
	Errors []Mistake `json:"errors,omitempty" doc:"Where the request names what is not there in its body."`
}

// problem is an error with a status of its own.
type problem struct {
	status int
	detail string
	again  bool // the same may be asked again in a moment
}

func (p *problem) Error() string { return p.detail }

// tooMany is the error of somebody who asks too often.
type tooMany struct{ wait time.Duration }

func (*tooMany) Error() string { return "too many requests" }

// denied is the error of a request without a good token.
type denied struct{ err error }

func (d *denied) Error() string { return d.err.Error() }

func unauthorized(err error) error { return &denied{err} }

// challenger is an error of an Authenticator that knows its own status and WWW-Authenticate (RFC 6750 §3).
type challenger interface {
	error
	Status() int
	Challenge() string
}

// missing is the error of a thing that is not there, or not the partner's: nobody is told which.
type missing struct{ what, field string }

func (m *missing) Error() string { return m.what + " not found" }

// notThere says so of what the address names, or of what a field of the body does.
func notThere(what, field string) error { return &missing{what, field} }

// faults gathers mistakes under the names that the wire has for the fields.
type faults struct{ list savings.Faults }

func (f *faults) add(field, message string) {
	f.list = append(f.list, &parley.Error{Kind: parley.KindInvalid, Field: field, Message: message})
}

// err is nil when there is no mistake.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return f.list
}

// queryFault is a mistake in the query: no wrapper stands before it.
type queryFault struct{ savings.Faults }

// mistakes are what an error says about fields; none when it says nothing about any.
func mistakes(err error, of resource) []Mistake {
	var list savings.Faults
	wrapper := of.wrapper() + "."
	if q, ok := errors.AsType[queryFault](err); ok {
		list, wrapper, of.snake = q.Faults, "", false
	} else if f, ok := errors.AsType[savings.Faults](err); ok {
		list = f
	} else if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindInvalid {
		list = savings.Faults{e}
	}
	var out []Mistake
	at := map[string]int{}
	for _, e := range list {
		field := e.Field
		if of.snake {
			field = snake(field)
		}
		switch {
		case field == "":
			field = strings.TrimSuffix(wrapper, ".")
		case field != bodyField:
			field = wrapper + field
		}
		message := e.Message
		if message == "" {
			message = "is not valid"
		}
		i, there := at[field]
		if !there {
			i, at[field] = len(out), len(out)
			out = append(out, Mistake{Field: field})
		}
		out[i].Errors = append(out[i].Errors, message)
	}
	return out
}

// nameOf is how a thing is named to people.
func nameOf(what string) string {
	switch strings.ToLower(what) {
	case "user":
		return "Requested user"
	case "account", "dream", "savehack", "transaction", "message", "picture":
		return strings.ToUpper(what[:1]) + what[1:]
	case "launch", "savehacklaunch", "savehack launch":
		return "Savehack launch"
	case "consent", "transferconsent", "transfer consent", "temporary":
		return "Transfer consent"
	}
	return "What was asked for"
}

// fail tells an error. What is our own fault says only that it is, and is in the log.
func (a *API) fail(w http.ResponseWriter, r *http.Request, of resource, err error) {
	if r.Context().Err() != nil {
		a.Log.Debug("who asked has gone", "request", web.RequestID(r), "route", r.Pattern, "err", err)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if list := mistakes(err, of); list != nil {
		a.write(w, http.StatusBadRequest, "application/json", Mistakes{list})
		return
	}
	p := Problem{Status: web.Status(err)}
	if denied, ok := errors.AsType[*denied](err); ok {
		h.Set("WWW-Authenticate", "Bearer")
		switch parley.KindOf(denied.err) {
		case parley.KindRefused:
			p.Status, p.Detail = http.StatusForbidden, "The token is not good for this: it needs "+scopeOf(r.Method)+"."
			h.Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scopeOf(r.Method)+`"`)
		case parley.KindUnavailable, parley.KindUnheard, parley.KindUnknown:
			p.Status, p.Detail = http.StatusServiceUnavailable, "We cannot tell now who is asking. Ask again."
			h.Del("WWW-Authenticate")
		default:
			p.Status, p.Detail = http.StatusUnauthorized, "A token is needed, and there is none, or it is not good or not good any more."
			if r.Header.Get("Authorization") != "" {
				h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			}
		}
		if own, ok := errors.AsType[challenger](denied.err); ok {
			p.Status = own.Status()
			h.Set("WWW-Authenticate", own.Challenge())
		}
	} else if own, ok := errors.AsType[*problem](err); ok {
		if p.Status, p.Detail = own.status, own.detail; own.again {
			h.Set("Retry-After", "1")
		}
	} else if many, ok := errors.AsType[*tooMany](err); ok {
		p.Status, p.Detail = http.StatusTooManyRequests, "Too many requests. Wait before the next."
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(many.wait.Seconds())))))
	} else if m, ok := errors.AsType[*missing](err); ok {
		p.Status, p.Detail = http.StatusNotFound, nameOf(m.what)+" not found"
		if m.field != "" {
			p.Errors = []Mistake{{of.wrapper() + "." + m.field, []string{"is not there"}}}
		}
	} else if e, ok := errors.AsType[*parley.Error](err); ok {
		switch e.Kind {
		case parley.KindNotFound:
			p.Detail = nameOf(e.Field) + " not found"
		case parley.KindConflict, parley.KindRefused:
			p.Status, p.Detail = http.StatusConflict, sentence(e.Message)
		}
	}
	switch {
	case p.Status == http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
		a.Log.Warn("could not answer", "request", web.RequestID(r), "route", r.Pattern, "err", err)
	case p.Status == http.StatusInternalServerError:
		a.Log.Error("could not answer", "request", web.RequestID(r), "route", r.Pattern, "err", err)
	}
	p.Title = http.StatusText(p.Status)
	if p.Detail == "" {
		p.Detail = "It is our fault. The reference of the request is in the header X-Request-Id."
	}
	a.write(w, p.Status, "application/problem+json", p)
}

func scopeOf(method string) string { return route{Method: method}.scope() }

// sentence is a message of the house as one that stands alone.
func sentence(message string) string {
	if message == "" {
		return "This cannot be done as things stand."
	}
	return string(unicode.ToUpper(rune(message[0]))) + message[1:] + "."
}

func (a *API) write(w http.ResponseWriter, status int, kind string, v any) {
	body, err := marshal(v)
	if err != nil {
		a.Log.Error("write an answer", "err", err)
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	w.Write(body)
}

// elsewhere answers what is no operation: another method of one, or nothing.
func (a *API) elsewhere(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, rt := range a.routes {
		if matches("/v1"+rt.Path, r.URL.Path) {
			allowed = append(allowed, rt.Method)
		}
	}
	if allowed != nil {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		a.fail(w, r, resource{}, &problem{status: http.StatusMethodNotAllowed, detail: "There is no such operation at this address."})
		return
	}
	a.fail(w, r, resource{}, &problem{status: http.StatusNotFound, detail: "There is nothing at this address."})
}

// matches reports whether a path is one of a pattern's.
func matches(pattern, path string) bool {
	p, s := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(s) {
		return false
	}
	for i := range p {
		if p[i] != s[i] && !(strings.HasPrefix(p[i], "{") && s[i] != "") {
			return false
		}
	}
	return true
}
