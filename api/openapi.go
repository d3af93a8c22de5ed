package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"parley/savings"
)

// Document is the OpenAPI 3.1 document of the API, made of the table of routes and of the types that are read and written.
func Document() ([]byte, error) {
	s := &schemas{made: map[string]obj{}}
	paths := map[string]obj{}
	var order []string
	for _, r := range routes() {
		if paths[r.Path] == nil {
			order = append(order, r.Path)
		}
		paths[r.Path] = append(paths[r.Path], member{strings.ToLower(r.Method), s.operation(r)})
	}
	all := obj{}
	for _, p := range order {
		all = append(all, member{p, paths[p]})
	}
	webhooks := s.webhooks()
	mistakes, problem := s.of(reflect.TypeFor[Mistakes]()), s.of(reflect.TypeFor[Problem]())
	components := obj{}
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		components = append(components, member{name, s.made[name]})
	}
	raw, err := marshal(obj{
		{"openapi", "3.1.0"},
		{"info", obj{{"title", "Goal savings, for the bank's back end"}, {"version", "1"}, {"description", about}}},
		{"servers", []obj{{{"url", "/v1"}}}},
		{"security", []obj{{{"oauth", []string{}}}, {{"certificate", []string{}}}}},
		{"paths", all},
		{"webhooks", webhooks},
		{"components", obj{
			{"schemas", components},
			{"responses", failures(mistakes, problem)},
			{"parameters", obj{{"IdempotencyKey", obj{{"name", "Idempotency-Key"}, {"in", "header"}, {"schema", obj{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}}},
				{"description", "Makes the request safe to repeat: under the same key the same answer is said again, with `Idempotency-Replayed: true`, and nothing is done twice. Keys are yours alone, and kept for a day at least."}}}}},
			{"headers", obj{{"IdempotencyReplayed", obj{{"description", "There, and true, when the answer was kept from before."}, {"schema", obj{{"type", "string"}, {"const", "true"}}}}}}},
			{"securitySchemes", obj{
				{"oauth", obj{{"type", "oauth2"}, {"flows", obj{{"clientCredentials", obj{{"tokenUrl", "/oauth/token"}, {"scopes", obj{{ScopeRead, "Read."}, {ScopeWrite, "Change."}}}}}}}}},
				{"certificate", obj{{"type", "mutualTLS"}, {"description", "A client certificate that was registered for the bank, instead of a token."}}},
			}},
		}},
	})
	if err = errors.Join(append(s.errs, err)...); err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

const about = `JSON in both directions, in camelCase. A thing stands under its singular name, a list under its plural one beside ` + "`meta`" + `; in a request the name may be left out.

- **Ids** are UUIDs that we make; an ` + "`externalId`" + ` is the bank's.
- **Money** is a whole number of the smallest unit of the partner's currency.
- **Times** are RFC 3339. What has no value is left out of an answer, never null. In a request null takes away what can be taken away, and elsewhere is as if it were not there.
- **A change** names only what changes. What cannot be changed may be sent as it is; sent otherwise it is a mistake. A field or parameter that is not known is ignored.
- **Lists** are paged by number. Follow ` + "`meta.next_url`" + `.
- **Mistakes** are answered with 400 and a list of fields. Every other error is a problem document (RFC 9457).
- **Repeating**: a POST with an ` + "`Idempotency-Key`" + ` is done once. What was a mistake is not kept, and may be mended under the same key.
- **Other partners'** things are not there.`

func (s *schemas) operation(r route) obj {
	o := obj{{"operationId", r.ID}, {"tags", []string{r.Tag}}, {"summary", r.Summary}}
	if r.About != "" {
		o = append(o, member{"description", r.About})
	}
	o = append(o, member{"security", []obj{{{"oauth", []string{r.scope()}}}, {{"certificate", []string{}}}}})
	var parameters []obj
	if r.has("{id}") {
		parameters = append(parameters, obj{{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", obj{{"type", "string"}}}})
	}
	for _, p := range r.Query {
		parameters = append(parameters, p.describe())
	}
	if r.Method == http.MethodPost {
		parameters = append(parameters, obj{{"$ref", "#/components/parameters/IdempotencyKey"}})
	}
	if parameters != nil {
		o = append(o, member{"parameters", parameters})
	}
	if r.Body != nil {
		o = append(o, member{"requestBody", obj{{"required", true}, {"content", obj{{"application/json", obj{{"schema", s.request(r)}, {"example", r.example()}}}}}}})
	}
	answers := obj{}
	for _, g := range r.Gives {
		a := obj{{"description", g.About}}
		if r.Method == http.MethodPost {
			a = append(a, member{"headers", obj{{"Idempotency-Replayed", obj{{"$ref", "#/components/headers/IdempotencyReplayed"}}}}})
		}
		if kind, ok := g.Value.(media); ok {
			a = append(a, member{"content", obj{{string(kind), obj{}}}})
		} else if g.Value != nil {
			schema, example := s.answer(r.Of, g)
			a = append(a, member{"content", obj{{"application/json", obj{{"schema", schema}, {"example", example}}}}})
		}
		answers = append(answers, member{strconv.Itoa(g.Status), a})
	}
	for _, status := range r.fails() {
		answers = append(answers, member{strconv.Itoa(status), obj{{"$ref", "#/components/responses/" + responseName(status)}}})
	}
	return append(o, member{"responses", answers})
}

// example is a body as it is sent, wrapped.
func (r route) example() obj {
	name := r.Of.one
	if r.Of.snake {
		name = snake(name)
	}
	return obj{{name, r.Example}}
}

// request is the schema of a body: wrapped.
func (s *schemas) request(r route) obj {
	if r.Of.one == "feed" {
		return s.of(reflect.TypeOf(r.Body))
	}
	return wrapped(r.example()[0].name, s.of(reflect.TypeOf(r.Body)))
}

func wrapped(name string, inner obj) obj {
	return obj{{"type", "object"}, {"properties", obj{{name, inner}}}, {"required", []string{name}}}
}

func (s *schemas) answer(of resource, g gives) (schema, example obj) {
	inner := s.of(reflect.TypeOf(g.Value))
	if !g.List {
		return wrapped(of.one, inner), obj{{of.one, g.Value}}
	}
	one := new(1)
	return obj{{"type", "object"}, {"properties", obj{{of.many, obj{{"type", "array"}, {"items", inner}}}, {"meta", s.of(reflect.TypeFor[Meta]())}}}, {"required", []string{of.many, "meta"}}},
		obj{{of.many, []any{g.Value}}, {"meta", Meta{Count: one, Items: 1, Pages: one, From: one, To: one}}}
}

func (p parameter) describe() obj {
	schema := obj{{"type", p.Kind}}
	switch {
	case p.Kind == "date-time":
		schema = obj{{"type", "string"}, {"format", p.Kind}}
	case p.Kind == "integer":
		schema = append(schema, member{"minimum", 1})
	}
	if p.Enum != nil {
		schema = append(schema, member{"enum", p.Enum})
	}
	o := obj{{"name", p.Name}, {"in", "query"}, {"schema", schema}, {"description", p.About}}
	if p.Name == "after_id" {
		o = append(o, member{"allowEmptyValue", true})
	}
	return o
}

// fails are the statuses of what can go wrong with an operation.
func (r route) fails() []int {
	fails := []int{400, 401, 403}
	if r.has("{id}") || r.Method == http.MethodPost || r.ID == "getTransferConsent" {
		fails = append(fails, 404)
	}
	if r.Method != http.MethodGet {
		fails = append(fails, 409)
	}
	if r.Body != nil {
		fails = append(fails, 413, 415)
	}
	if r.Method == http.MethodPost {
		fails = append(fails, 422)
	}
	fails = append(fails, 429, 500, 503)
	slices.Sort(fails)
	return fails
}

func responseName(status int) string {
	return strings.NewReplacer(" ", "", "'", "").Replace(http.StatusText(status))
}

func failures(mistakes, problem obj) obj {
	said := func(status int, about string, headers obj) member {
		content := obj{{"application/problem+json", obj{{"schema", problem}}}}
		if status == http.StatusBadRequest {
			content = append(obj{{"application/json", obj{{"schema", mistakes}, {"example", Mistakes{[]Mistake{{"dream.targetCents", []string{"can't be negative"}}}}}}}}, content...)
		}
		o := obj{{"description", about}}
		if headers != nil {
			o = append(o, member{"headers", headers})
		}
		return member{responseName(status), append(o, member{"content", content})}
	}
	header := func(name, about string) obj {
		return obj{{name, obj{{"description", about}, {"schema", obj{{"type", "string"}}}}}}
	}
	challenge, wait := header("WWW-Authenticate", "What is needed (RFC 6750 §3)."), header("Retry-After", "After how many seconds to ask again.")
	return obj{
		said(400, "Mistakes in the request, by field; as a problem document where no field is wrong but a header.", nil),
		said(401, "There is no good token.", challenge),
		said(403, "The token does not have the scope.", challenge),
		said(404, "There is no such thing, or not for this partner.", nil),
		said(409, "As things stand this cannot be done; or the request under this key is still being answered.", nil),
		said(413, "The body is larger than 1 MiB.", nil),
		said(415, "The body is not JSON.", nil),
		said(422, "The key was used for another request.", nil),
		said(429, "Too many requests.", wait),
		said(500, "It is our fault.", nil),
		said(503, "We cannot now. Ask again.", wait),
	}
}

// webhooks are what the bank is told. Package webhook says it; what an event says is EventData's.
func (s *schemas) webhooks() obj {
	times := obj{{"type", "string"}, {"format", "date-time"}}
	event := func(data obj, types ...savings.EventType) obj {
		return obj{{"type", "object"}, {"properties", obj{{"id", obj{{"type", "string"}, {"format", "uuid"}, {"description", "The same at every repetition."}}}, {"createdAt", times}, {"type", obj{{"type", "string"}, {"enum", types}}}, {"data", data}}},
			{"required", []string{"id", "createdAt", "type", "data"}}}
	}
	s.made["UserEvent"] = event(s.of(reflect.TypeFor[User]()), savings.UserCreated, savings.UserDestroyed)
	s.made["PageViewEvent"] = event(s.of(reflect.TypeFor[PageView]()), savings.PageView)
	s.made["TransactionEvent"] = event(s.of(reflect.TypeFor[Transaction]()), savings.DepositRequested, savings.DepositSettled, savings.DepositFailed, savings.WithdrawalRequested, savings.WithdrawalSettled,
		savings.WithdrawalFailed, savings.InternalTransferRequested, savings.InternalTransferSettled, savings.InternalTransferFailed)
	s.made["DreamEvent"] = event(s.of(reflect.TypeFor[Dream]()), savings.DreamCreated, savings.DreamUpdated, savings.DreamDeleted, savings.DreamAchieved)
	s.made["MilestoneEvent"] = event(s.of(reflect.TypeFor[Milestone]()), savings.DreamMilestone)
	s.made["LaunchEvent"] = event(s.of(reflect.TypeFor[Launch]()), savings.SavehackLaunched, savings.SavehackLaunchUpdated)
	var each []obj
	for _, name := range []string{"UserEvent", "PageViewEvent", "TransactionEvent", "DreamEvent", "MilestoneEvent", "LaunchEvent"} {
		each = append(each, s.ref(name))
	}
	s.made["Event"] = obj{{"oneOf", each}}
	s.made["EventBatch"] = obj{{"type", "object"}, {"properties", obj{{"batch_id", obj{{"type", "string"}}}, {"timestamp", times}, {"count", obj{{"type", "integer"}}}, {"events", obj{{"type", "array"}, {"items", s.ref("Event")}}}}},
		{"required", []string{"batch_id", "timestamp", "count", "events"}}}
	s.made["TransactionsNotice"] = obj{{"type", "object"}, {"properties", obj{{"type", obj{{"type", "string"}}}, {"count", obj{{"type", "integer"}, {"description", "How many transactions are new."}}}, {"timestamp", times}}}, {"required", []string{"type", "count", "timestamp"}}}
	told := func(id, summary, about, schema string) obj {
		return obj{{"post", obj{{"operationId", id}, {"tags", []string{"Webhooks"}}, {"summary", summary}, {"description", about},
			{"requestBody", obj{{"content", obj{{"application/json", obj{{"schema", s.ref(schema)}}}}}}},
			{"responses", obj{{"2XX", obj{{"description", "It was heard. Anything else, and it is said again."}}}}}}}}
	}
	return obj{
		{"events", told("events", "What happened, in batches", "In order, each event at least once. A batch is the same at every repetition.", "EventBatch")},
		{"transactions", told("transactions", "There are transactions to act on", "Which they are is not in it: fetch them with GET /transactions?state=requested&after_id=.", "TransactionsNotice")},
	}
}

func categories() []string { return savings.MessageCategories }
