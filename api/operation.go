package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"parley"
	"parley/savings"
)

// route is one row of the table: an operation, as it is served, described and tried.
type route struct {
	Method, Path string
	ID           string // operationId
	Tag          string
	Summary      string
	About        string // Markdown
	Alias        bool   // another spelling of the row before it
	Query        []parameter
	Of           resource
	Body         any // what stands under the wrapper: a value of the type; nil when there is none
	Example      any // of Body
	Gives        []gives
	do           func(*API, *call) (reply, error)
}

// gives is an answer that is no mistake.
type gives struct {
	Status int
	About  string
	Value  any  // a value of the type that stands under the resource's name, or a media type; nil when there is no body
	List   bool // many of them, with meta
}

// media is the type of a body that is no JSON.
type media string

// resource is how a thing is named on the wire.
type resource struct {
	one, many string
	doors     []string // other wrappers that are understood
	snake     bool     // mistakes are told in snake_case
}

// wrapper stands before the field that a mistake is in.
func (r resource) wrapper() string {
	if r.snake {
		return snake(r.one)
	}
	return r.one
}

// scope is what a token must be good for.
func (r route) scope() string {
	if r.Method == http.MethodGet {
		return ScopeRead
	}
	return ScopeWrite
}

// call is one request on its way.
type call struct {
	*http.Request
	api     *API
	route   route
	partner *savings.Partner
	body    []byte
	key     string // the idempotency key; empty when there is none
	print   string // the fingerprint of the request, when there is a key
}

// reply is an answer that is no mistake.
type reply struct {
	status   int
	body     []byte
	replayed bool
	kind     string // of the body; application/json when empty
}

// mostBody is how large a body may be.
const mostBody = 1 << 20

// serve answers requests for an operation.
func (a *API) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, api: a, route: rt}
		answer, err := a.answer(w, c)
		if err != nil {
			a.fail(w, r, rt.Of, err)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		if answer.replayed {
			h.Set("Idempotency-Replayed", "true")
		}
		if answer.body != nil {
			h.Set("Content-Type", cmp.Or(answer.kind, "application/json"))
		}
		w.WriteHeader(answer.status)
		w.Write(answer.body)
	})
}

func (a *API) answer(w http.ResponseWriter, c *call) (reply, error) {
	// A browser may hold the certificate that a request is let in by, so that another site's page could ask in its name.
	if a.foreign.Check(c.Request) != nil {
		return reply{}, &problem{status: http.StatusForbidden, detail: "Another site's page may not ask."}
	}
	id, err := a.Auth.Partner(c.Request, c.route.scope())
	if err != nil {
		return reply{}, unauthorized(err)
	}
	if c.partner = a.Savings.Partners[id]; c.partner == nil {
		return reply{}, unauthorized(parley.Errorf(parley.KindNotFound, "a token of a partner who is not there"))
	}
	if wait, ok := a.rates.take(id, a.Now()); !ok {
		return reply{}, &tooMany{wait}
	}
	if id := c.PathValue("id"); c.route.has("{id}") && !speakable(id) {
		return reply{}, notThere(c.route.Of.one, "")
	}
	if c.route.Body != nil {
		if err := c.takeBody(w); err != nil {
			return reply{}, err
		}
	}
	if c.Method == http.MethodPost {
		return c.once()
	}
	return c.route.do(a, c)
}

func (r route) has(part string) bool { return strings.Contains(r.Path, part) }

// takeBody reads the body, which must be JSON. A request that does not say what it is, is believed to be.
func (c *call) takeBody(w http.ResponseWriter) error {
	if says := c.Header.Get("Content-Type"); says != "" {
		kind, _, err := mime.ParseMediaType(says)
		if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
			return &problem{status: http.StatusUnsupportedMediaType, detail: "The body must be application/json."}
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.Request.Body, mostBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{status: http.StatusRequestEntityTooLarge, detail: "The body is larger than 1 MiB."}
	}
	if err != nil {
		return parley.Errorf(parley.KindInvalid, "read the body: %w", err)
	}
	c.body = body
	return nil
}

// change changes the book that of names. What do answers is written under the resource's name, of the book as do left it, and kept under the
// idempotency key in the same transaction.
func (c *call) change(of savings.Of, do func(b *savings.Book) (status int, value any, err error)) (answer reply, err error) {
	first := true
	_, err = c.api.Savings.Change(c.Context(), c.partner.ID, of, func(b *savings.Book) error {
		if !first && c.key != "" { // somebody else was first: perhaps this very request, at another node
			if kept, ok, err := c.kept(); err != nil || ok {
				answer = kept
				return cmp.Or(err, errKept)
			}
		}
		first = false
		status, value, err := do(b)
		if err != nil {
			return err
		}
		answer = reply{status: status}
		if value != nil {
			if answer.body, err = marshal(map[string]any{c.route.Of.one: value}); err != nil {
				return err
			}
		}
		if c.key != "" {
			b.Also(c.keep(answer))
		}
		return nil
	})
	if errors.Is(err, errKept) {
		return answer, nil
	}
	return answer, err
}

// make is change for a request that names whose book it is in a field of its body.
func (c *call) make(of savings.Of, field string, do func(b *savings.Book) (status int, value any, err error)) (reply, error) {
	answer, err := c.change(of, do)
	if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindNotFound {
		return reply{}, notThere(e.Field, field)
	}
	return answer, err
}

// one answers with one thing.
func (c *call) one(value any) (reply, error) {
	body, err := marshal(map[string]any{c.route.Of.one: value})
	return reply{status: http.StatusOK, body: body}, err
}

// marshal writes JSON as the wire has it.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// speakable reports whether an id can be one of ours at all, so that nothing else comes to the database.
func speakable(id string) bool { return printable(id, 100) && !strings.Contains(id, " ") }

// printable reports whether a text is not empty, not too long, and of printable ASCII.
func printable(s string, most int) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// snake is a name in snake_case: transfer_consent.
func snake(camel string) string {
	var b strings.Builder
	for _, r := range camel {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
