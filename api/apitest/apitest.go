// Package apitest holds answers of the savings API, and the events that a bank is told, against the OpenAPI document: what is not in the
// document is a failure, as is what the document wants and is not there. It is for tests alone.
package apitest

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/api"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Validator knows the document.
type Validator struct {
	document map[string]any
	compiler *jsonschema.Compiler

	mu       sync.Mutex // a compiler is for one at a time
	compiled map[string]*jsonschema.Schema
}

const at = "https://parley.invalid/openapi.json"

// New reads the document and closes its objects, which are open for everybody else, because an answer may grow.
func New() (*Validator, error) {
	raw, err := api.Document()
	if err != nil {
		return nil, err
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	v := &Validator{document: parsed.(map[string]any), compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	shut(v.document)
	v.compiler.AssertFormat()
	return v, v.compiler.AddResource(at, v.document)
}

// shut lets no object that lists its properties have others.
func shut(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, lists := n["properties"].(map[string]any); lists && n["type"] == "object" && n["additionalProperties"] == nil {
			n["additionalProperties"] = false
		}
		for _, inner := range n {
			shut(inner)
		}
	case []any:
		for _, inner := range n {
			shut(inner)
		}
	}
}

// Check holds a body against what stands at a JSON pointer of the document.
func (v *Validator) Check(pointer string, body []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	schema := v.compiled[pointer]
	if schema == nil {
		var err error
		if schema, err = v.compiler.Compile(at + "#" + pointer); err != nil {
			return err
		}
		v.compiled[pointer] = schema
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// Component holds a body against a schema of the document by its name: "Event", "EventBatch".
func (v *Validator) Component(name string, body []byte) error {
	return v.Check("/components/schemas/"+name, body)
}

// Answer holds an answer against the document. It is nil for what is no operation of it.
func (v *Validator) Answer(method, path string, status int, header http.Header, body []byte) error {
	pattern, operation := v.operation(method, path)
	if operation == nil {
		return nil
	}
	pointer := "/paths/" + escape(pattern) + "/" + strings.ToLower(method) + "/responses/" + fmt.Sprint(status)
	response, ok := operation["responses"].(map[string]any)[fmt.Sprint(status)].(map[string]any)
	if !ok {
		return fmt.Errorf("status %d is not in the document: %s", status, body)
	}
	if ref, ok := response["$ref"].(string); ok {
		pointer = strings.TrimPrefix(ref, "#")
		name := strings.TrimPrefix(ref, "#/components/responses/")
		response = v.document["components"].(map[string]any)["responses"].(map[string]any)[name].(map[string]any)
	}
	contents, _ := response["content"].(map[string]any)
	if contents == nil {
		if len(body) > 0 {
			return fmt.Errorf("a body with status %d, which has none: %s", status, body)
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || contents[kind] == nil {
		return fmt.Errorf("Content-Type %q with status %d is not in the document", header.Get("Content-Type"), status)
	}
	if content, _ := contents[kind].(map[string]any); content["schema"] == nil { // no JSON
		return nil
	}
	if err := v.Check(pointer+"/content/"+escape(kind)+"/schema", body); err != nil {
		return fmt.Errorf("status %d: %w in %s", status, err, body)
	}
	return nil
}

// Covered are the operations and statuses of the document, as "GET /users 200".
func (v *Validator) Covered() []string {
	var out []string
	for path, methods := range v.document["paths"].(map[string]any) {
		for method, operation := range methods.(map[string]any) {
			for status := range operation.(map[string]any)["responses"].(map[string]any) {
				out = append(out, strings.ToUpper(method)+" "+path+" "+status)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Operation is the operation of a request as the document spells it: "GET /users/{id}"; empty when there is none.
func (v *Validator) Operation(method, path string) string {
	if pattern, operation := v.operation(method, path); operation != nil {
		return method + " " + pattern
	}
	return ""
}

func (v *Validator) operation(method, path string) (string, map[string]any) {
	rest, ok := strings.CutPrefix(path, "/v1/")
	if !ok {
		return "", nil
	}
	asked := strings.Split(rest, "/")
	for pattern, methods := range v.document["paths"].(map[string]any) {
		parts := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
		if len(parts) != len(asked) {
			continue
		}
		same := true
		for i := range parts {
			same = same && (parts[i] == asked[i] || strings.HasPrefix(parts[i], "{"))
		}
		if operation, ok := methods.(map[string]any)[strings.ToLower(method)].(map[string]any); same && ok {
			return pattern, operation
		}
	}
	return "", nil
}

func escape(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

// Handler answers as next does, and fails the test when an answer is not as the document says.
func Handler(t testing.TB, next http.Handler) http.Handler {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return v.Handler(t, next)
}

// Handler is Handler, of a validator that there is.
func (v *Validator) Handler(t testing.TB, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v.Operation(r.Method, r.URL.Path) == "" {
			next.ServeHTTP(w, r)
			return
		}
		method, path := r.Method, r.URL.Path
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if err := v.Answer(method, path, rec.Code, rec.Header(), rec.Body.Bytes()); err != nil {
			t.Errorf("%s %s is not answered as the document says: %v", method, path, err)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	})
}

// Transport asks by base, and fails the test when an answer is not as the document says.
func Transport(t testing.TB, base http.RoundTripper) http.RoundTripper {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return &transport{t, base, v}
}

type transport struct {
	t    testing.TB
	base http.RoundTripper
	v    *Validator
}

func (c *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.base.RoundTrip(r)
	if err != nil || c.v.Operation(r.Method, r.URL.Path) == "" {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err := c.v.Answer(r.Method, r.URL.Path, res.StatusCode, res.Header, body); err != nil {
		c.t.Errorf("%s %s is not answered as the document says: %v", r.Method, r.URL.Path, err)
	}
	return res, nil
}

// Events fails the test when a batch of events is not as the document says.
func Events(t testing.TB, batch []byte) {
	t.Helper()
	v, err := New()
	if err == nil {
		err = v.Component("EventBatch", batch)
	}
	if err != nil {
		t.Errorf("a batch of events is not as the document says: %v in %s", err, batch)
	}
}
