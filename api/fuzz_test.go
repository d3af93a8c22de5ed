package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Whatever is sent, the answer is as the document says, and never that it is our fault.
func FuzzNothingThatIsSentIsOurFault(f *testing.F) {
	r := newRig(f)
	b := r.bank()
	user, account, dream, transaction := b.deposit("anna", 5000)
	launch := b.get("/savehack-launches").text("savehackLaunches.0.id")
	message := b.post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}}}`).is(201).text("message.id")
	doors := []string{"POST /users", "PATCH /users/" + user, "PATCH /user/" + user, "POST /accounts", "PATCH /accounts/" + account, "POST /dreams", "PATCH /dreams/" + dream, "POST /savehack-launches",
		"PATCH /savehack-launches/" + launch, "POST /transactions", "PATCH /transactions/" + transaction, "PATCH /transfer-consents/x", "POST /messages", "PATCH /messages/" + message, "POST /feed",
		"GET /users", "GET /transactions", "GET /dreams", "GET /messages", "GET /users/", "GET /transfer-consents"}
	raw, err := http.Get(r.URL + "/v1/openapi.json")
	if err != nil {
		f.Fatal(err)
	}
	defer raw.Body.Close()
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	if err := json.NewDecoder(raw.Body).Decode(&document); err != nil {
		f.Fatal(err)
	}
	for i := range doors {
		for _, path := range document.Paths {
			for _, operation := range path {
				for _, content := range operation.RequestBody.Content {
					example := strings.NewReplacer("0197b8a0-7c3e-7d1a-8f00-0000000000a1", user, "0197b8a0-7c3e-7d1a-8f00-0000000000b1", account, "0197b8a0-7c3e-7d1a-8f00-0000000000c1", dream).Replace(string(content.Example))
					f.Add(uint8(i), example, "")
				}
			}
		}
		f.Add(uint8(i), `{"user":{"externalId":"\ud800","accounts":[null,{"id":null}],"transactions":[[]]}}`, "k")
		f.Add(uint8(i), `{"account":{"type":"SharedSavings","user":{"externalId":"anna"},"balanceCents":9007199254740991}}`, "")
		f.Add(uint8(i), `{"dream":{"userId":"`+user+`","targetCents":-9223372036854775808,"expiresAt":"9999-12-31T23:59:59-14:00","imageUrl":"//x","groupDream":null}}`, "")
		f.Add(uint8(i), `{"savehackLaunch":{"dreamId":"`+dream+`","type":"Copycat","launchId":"`+launch+`","percentage":1e308,"pausedUntil":"2026-11-25T09:00:00.000000001Z"}}`, "")
		f.Add(uint8(i), `{"transaction":{"type":"Internal","externalId":"x","userId":"`+user+`","amountCents":1,"toAccountId":"`+account+`","fromAccount":{"id":"`+account+`"},"toDreamId":"`+dream+`"}}`, "\x00")
		f.Add(uint8(i), strings.Repeat("[", 20000), "")
		f.Add(uint8(i), `page=2&items=3&state=requested&after_id=&createdAfter=2026-11-25T09:00:00Z&externalId=%00&temporaryId=x`, "")
	}
	f.Fuzz(func(t *testing.T, door uint8, body, key string) {
		method, path, _ := strings.Cut(doors[int(door)%len(doors)], " ")
		by := b
		if method == "GET" {
			path, body = path+"?"+strings.Map(func(r rune) rune {
				if r <= ' ' || r > '~' || r == '#' {
					return -1
				}
				return r
			}, body), ""
		}
		if key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz") == "" {
			by = by.with(keyed, key)
		}
		got, err := by.try(method, path, body)
		if err != nil {
			t.Skip(err) // not a request at all
		}
		if got.status >= 500 {
			t.Errorf("%s was answered %d %s: %s", got.asked, got.status, got.body, r.log)
		}
	})
}
