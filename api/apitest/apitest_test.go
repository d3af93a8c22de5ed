package apitest_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/api/apitest"
)

// A validator that finds nothing wrong in what is wrong is itself wrong.
func TestWhatIsNotAsTheDocumentSaysIsFound(t *testing.T) {
	v, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	json, problem := http.Header{"Content-Type": {"application/json"}}, http.Header{"Content-Type": {"application/problem+json"}}
	const (
		user     = `{"user":{"type":"User","id":"0197b8a0-7c3e-7d1a-8f00-0000000000a1","externalId":"a","unreadMessagesCount":0}}`
		notFound = `{"title":"Not Found","status":404,"detail":"Dream not found"}`
		mistakes = `{"errors":[{"field":"user.externalId","errors":["can't be blank"]}]}`
	)
	for _, is := range []struct {
		what, method, path string
		status             int
		header             http.Header
		body               string
		right              bool
	}{
		{"a user", "GET", "/v1/users/x", 200, json, user, true},
		{"a user who was made", "POST", "/v1/users", 201, json, user, true},
		{"no body", "DELETE", "/v1/users/x", 204, http.Header{}, "", true},
		{"a problem", "GET", "/v1/dreams/x", 404, problem, notFound, true},
		{"mistakes", "POST", "/v1/users", 400, json, mistakes, true},
		{"what is no operation", "GET", "/v1/openapi.json", 200, json, "{}", true},
		{"what lies elsewhere", "GET", "/app/api/me", 500, json, "{}", true},

		{"a field too many", "GET", "/v1/users/x", 200, json, strings.Replace(user, `"type"`, `"secret":1,"type"`, 1), false},
		{"a field too few", "GET", "/v1/users/x", 200, json, strings.Replace(user, `,"unreadMessagesCount":0`, "", 1), false},
		{"another type", "GET", "/v1/users/x", 200, json, strings.Replace(user, `:0}`, `:"0"}`, 1), false},
		{"another word", "GET", "/v1/users/x", 200, json, strings.Replace(user, `"User"`, `"user"`, 1), false},
		{"an id that is none", "GET", "/v1/users/x", 200, json, strings.Replace(user, `0197b8a0`, `x`, 1), false},
		{"a null", "GET", "/v1/users/x", 200, json, strings.Replace(user, `"a"`, `null`, 1), false},
		{"no wrapper", "GET", "/v1/users/x", 200, json, `{}`, false},
		{"another status", "GET", "/v1/users/x", 201, json, user, false},
		{"another kind of content", "GET", "/v1/users/x", 200, problem, user, false},
		{"no kind of content", "GET", "/v1/users/x", 200, http.Header{}, user, false},
		{"what is no JSON", "GET", "/v1/users/x", 200, json, `{`, false},
		{"a body where there is none", "DELETE", "/v1/users/x", 204, json, `{}`, false},
		{"a problem as a mistake", "GET", "/v1/dreams/x", 400, json, notFound, false},
	} {
		if err := v.Answer(is.method, is.path, is.status, is.header, []byte(is.body)); (err == nil) != is.right {
			t.Errorf("%s: %v", is.what, err)
		}
	}
	const event = `{"id":"0197b8a0-7c3e-7d1a-8f00-0000000000a1","createdAt":"2026-11-25T09:00:00Z","type":"PageView","data":{"path":"/","timestamp":"2026-11-25T09:00:00Z","user":{"type":"User","id":"0197b8a0-7c3e-7d1a-8f00-0000000000a1"}}}`
	if err := v.Component("Event", []byte(event)); err != nil {
		t.Error(err)
	}
	if err := v.Component("Event", []byte(strings.Replace(event, "PageView", "UserCreated", 1))); err == nil {
		t.Error("a page view went for a user")
	}
	apitest.Events(t, []byte(`{"batch_id":"1","timestamp":"2026-11-25T09:00:00Z","count":1,"events":[`+event+`]}`))
}
