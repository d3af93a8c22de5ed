package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/api"
	"parley/content"
	"parley/savings"
	"parley/web"
)

// visit is a request of somebody who is signed in.
type visit struct {
	p       *partner
	s       Session
	content *content.Content
}

// handler is an operation of the API. Its error is told by fail.
type handler func(w http.ResponseWriter, r *http.Request, v *visit) error

var (
	errSignedOut = errors.New("nobody is signed in")
	errForgery   = errors.New("not a request of the web app")
)

const bodyLimit = 64 << 10

// takes is what the body of an operation may be.
type takes struct {
	kinds []string // its Content-Type is one of them
	not   error    // when it is another
	bytes int64
}

var (
	takesJSON    = takes{[]string{"application/json"}, errForgery, bodyLimit}
	takesPicture = takes{[]string{"image/jpeg", "image/png", "image/gif", "image/webp"}, errNoPicture, pictureBytes}
)

// signedIn is whose request it is. When it is nobody's, gone is the session that has run out, if we know of one.
func (a *App) signedIn(r *http.Request) (v *visit, gone *Session, err error) {
	for _, hash := range a.cookies(r) {
		s, ok, err := a.still(r.Context(), hash)
		if err != nil {
			return nil, nil, err
		}
		p, known := a.partner(s.Partner)
		switch {
		case ok && known:
			return &visit{p, s, a.Content[p.ID].Current()}, nil, nil
		case known && gone == nil:
			gone = &s
		}
	}
	return nil, gone, errSignedOut
}

// guarded lets through only requests that the web app makes for somebody who is signed in, and keeps them signed in.
func (a *App) guarded(h handler, t takes) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Cache-Control", "no-store")
		web.Bound(w, r, t.bytes)
		v, _, err := a.signedIn(r)
		if err == nil {
			err = a.ours(r, t)
		}
		if err == nil {
			err = a.active(r.Context(), v.p, &v.s)
		}
		if err == nil {
			err = h(w, r, v)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	})
}

// ours refuses what another site makes a browser send: it can send a cookie along, but neither say that its body is JSON, or a picture, nor add a
// header without asking us first, which we never allow, and a browser says truly where a request comes from.
func (a *App) ours(r *http.Request, t takes) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	}
	origins := r.Header.Values("Origin")
	if !(len(origins) == 1 && origins[0] == a.origin || len(origins) == 0 && r.Header.Get("X-Parley-App") == "1") {
		return errForgery
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); !slices.Contains(t.kinds, kind) {
		return t.not
	}
	return nil
}

// change changes what is the visitor's. of may name a thing; one that is somebody else's is not there.
func (a *App) change(ctx context.Context, v *visit, of savings.Of, do func(b *savings.Book) error) (*savings.Book, error) {
	what := "user"
	for name, id := range map[string]string{"dream": of.Dream, "launch": of.Launch, "transaction": of.Transaction, "consent": of.Consent, "message": of.Message} {
		if id != "" {
			what = name
		}
	}
	if what == "user" {
		of.User = v.s.User
	}
	b, err := a.Savings.Change(ctx, v.p.ID, of, func(b *savings.Book) error {
		switch {
		case b.User.ID != v.s.User:
			return savings.NotFound(what)
		case !b.User.Destroyed.IsZero():
			return errSignedOut
		}
		return do(b)
	})
	if what == "user" && parley.KindOf(err) == parley.KindNotFound {
		if e, ok := errors.AsType[*parley.Error](err); ok && strings.EqualFold(e.Field, "user") {
			return nil, errSignedOut // erased while they were signed in
		}
	}
	return b, err
}

// read is change that changes nothing.
func (a *App) read(ctx context.Context, v *visit, of savings.Of) (*savings.Book, error) {
	return a.change(ctx, v, of, func(*savings.Book) error { return nil })
}

// within is an error about what stands under a wrapper: its fields are told with it.
type within struct {
	wrapper string
	error
}

func (w within) Unwrap() error { return w.error }

// in says under which wrapper the fields of an error stand.
func in(wrapper string, err error) error {
	if err == nil {
		return nil
	}
	return within{wrapper + ".", err}
}

// body reads a JSON object, which may stand under a wrapper, into v.
func body(r *http.Request, wrapper string, v any) error {
	raw, err := io.ReadAll(r.Body)
	if _, much := errors.AsType[*http.MaxBytesError](err); much {
		return parley.Invalid("body", "is too large")
	} else if err != nil {
		return parley.Invalid("body", "could not be read")
	}
	var under map[string]json.RawMessage
	if err := one(raw, &under); err != nil || under == nil {
		return parley.Invalid("body", "must be one JSON object")
	}
	if inner, ok := under[wrapper]; ok && wrapper != "" {
		raw = inner
	}
	err = one(raw, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return in(wrapper, parley.Invalid(wrong.Field, "must be "+kindName(wrong.Type.String())))
	} else if err != nil {
		return parley.Invalid("body", "must be one JSON object")
	}
	return nil
}

// one reads exactly one JSON value.
func one(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

func kindName(t string) string {
	switch {
	case strings.HasSuffix(t, "Cents"), strings.HasPrefix(t, "int"):
		return "a whole number"
	case t == "bool":
		return "true or false"
	case strings.HasSuffix(t, "string"):
		return "a string"
	}
	return "another kind of value"
}

// mistakes are what an error says about fields; none when it says nothing about any.
func mistakes(err error) []api.Mistake {
	wrapper := ""
	if w, ok := errors.AsType[within](err); ok {
		wrapper = w.wrapper
	}
	var list savings.Faults
	if f, ok := errors.AsType[savings.Faults](err); ok {
		list = f
	} else if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindInvalid {
		list = savings.Faults{e}
	}
	var out []api.Mistake
	at := map[string]int{}
	for _, e := range list {
		field := e.Field
		if field != "body" {
			field = wrapper + field
		}
		if field = strings.TrimSuffix(field, "."); field == "" {
			field = "body"
		}
		i, there := at[field]
		if !there {
			i, at[field] = len(out), len(out)
			out = append(out, api.Mistake{Field: field})
		}
		out[i].Errors = append(out[i].Errors, e.Message)
	}
	return out
}

// fail tells an error: mistakes as the bank's API does, all else as a problem document.
func (a *App) fail(w http.ResponseWriter, r *http.Request, err error) {
	if list := mistakes(err); list != nil {
		web.JSON(w, http.StatusBadRequest, api.Mistakes{Errors: list})
		return
	}
	status, detail := web.Status(err), ""
	e, _ := errors.AsType[*parley.Error](err)
	switch {
	case errors.Is(err, errSignedOut):
		a.forget(w)
		w.Header().Set("WWW-Authenticate", "Cookie")
		status, detail = http.StatusUnauthorized, "You are signed out. Open the bank's app again."
	case errors.Is(err, errOther):
		status, detail = http.StatusUnprocessableEntity, "This Idempotency-Key was used for another request."
	case errors.Is(err, errForgery):
		status, detail = http.StatusForbidden, "Changes are made by the web app alone: as application/json, from its own origin."
	case errors.Is(err, errGuessing):
		w.Header().Set("Retry-After", strconv.Itoa(int(web.TriesWithin/time.Second)))
		status, detail = http.StatusTooManyRequests, "Too many wrong codes. Wait a minute."
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "5")
		status, detail = http.StatusServiceUnavailable, "Too much of this is going on. Ask again in a moment."
	case status == http.StatusNotFound:
		detail = "There is no such thing, or it is not yours."
	case (status == http.StatusConflict || status == http.StatusForbidden) && e != nil && e.Message != "":
		status, detail = http.StatusConflict, strings.ToUpper(e.Message[:1])+e.Message[1:]+"."
	case status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
		detail = "Somebody whom we need to ask did not answer. Ask again."
		a.Log.Warn("could not answer", "request", web.RequestID(r), "route", r.Pattern, "err", err)
	case status == http.StatusInternalServerError:
		detail = "It is our fault. The reference of the request is in the header X-Request-Id."
		a.Log.Error("could not answer", "request", web.RequestID(r), "route", r.Pattern, "err", err)
	}
	problem(w, status, detail)
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(api.Problem{Title: http.StatusText(status), Status: status, Detail: detail})
}

// elsewhere answers what is no operation: another method of one, or nothing.
func (a *App) elsewhere(w http.ResponseWriter, r *http.Request) {
	mux, allowed := http.NewServeMux(), []string{}
	for pattern := range a.routes() {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut} {
		ask := r.Clone(r.Context())
		ask.Method, ask.URL.Path, ask.URL.RawPath = method, strings.TrimPrefix(r.URL.Path, "/app/api"), ""
		if _, pattern := mux.Handler(ask); strings.HasPrefix(pattern, method+" ") {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		problem(w, http.StatusMethodNotAllowed, "There is no such operation at this address.")
		return
	}
	problem(w, http.StatusNotFound, "There is nothing at this address.")
}

// number reads a parameter of the query that is a whole number from 1.
func number(r *http.Request, name string, without, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, parley.Invalid(name, "must be a whole number from 1")
	}
	return min(n, most), nil
}
