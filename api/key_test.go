package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/api"
)

const keyed = "Idempotency-Key"

func TestARepeatedKeyIsAnsweredAsTheFirstTime(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.anna("anna")
	account := b.account(user, "dreams")
	dream := b.dream(user, "Kyoto")
	for i, is := range []struct{ path, body string }{
		{"/users", `{"user":{"externalId":"bo","givenName":"Bo"}}`},
		{"/users", `{"user":{"externalId":"anna"}}`}, // a 200 is kept too
		{"/accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `"}}`},
		{"/accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `","externalId":"dreams"}}`},
		{"/dreams", `{"dream":{"userId":"` + user + `","name":"Åre"}}`},
		{"/savehack-launches", `{"savehackLaunch":{"dreamId":"` + dream + `","type":"OneTime","amountCents":100}}`},
		{"/transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"` + user + `","amountCents":1,"toAccountId":"` + account + `"}}`},
		{"/messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"<b>"}}}`},
		{"/feed", `{"feed":[{"id":"1","userId":"` + user + `","type":"balance","amountCents":1}]}`},
	} {
		by := b.with(keyed, fmt.Sprint("key-", i))
		first := by.post(is.path, is.body)
		if first.status != 200 && first.status != 201 {
			t.Fatalf("%s was answered %d: %s", first.asked, first.status, first.body)
		}
		if first.header.Get("Idempotency-Replayed") != "" {
			t.Errorf("the first answer of %s says that it is kept", is.path)
		}
		counts := r.counts()
		r.clock.pass(2 * time.Hour)
		for range 2 {
			again := by.post(is.path, is.body)
			if again.status != first.status || again.body != first.body || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
				t.Errorf("%s was answered %d %s at first and then %d %s", is.path, first.status, first.body, again.status, again.body)
			}
			if again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("a kept answer of %s does not say so", is.path)
			}
		}
		if now := r.counts(); now != counts {
			t.Errorf("a repetition of %s made something: %s, and now %s", is.path, counts, now)
		}
		by.post(is.path, strings.Replace(is.body, "{", "{ ", 1)).problem(422, "This Idempotency-Key was used for another request.")
	}
	b.with(keyed, "key-0").post("/messages", `{"user":{"externalId":"bo","givenName":"Bo"}}`).problem(422, "This Idempotency-Key was used for another request.")
}

// counts is how much of everything there is.
func (r *rig) counts() string {
	r.t.Helper()
	out := ""
	for _, table := range []string{"savings_user", "savings_account", "savings_dream", "savings_launch", "savings_transaction", "savings_message", "savings_feed", "savings_event", "savings_answer"} {
		n := 0
		if err := r.store.DB().QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
			r.t.Fatal(err)
		}
		out += fmt.Sprint(table, " ", n, "; ")
	}
	return out
}

func TestKeysAreEachPartnersOwn(t *testing.T) {
	r := newRig(t)
	for _, partner := range []string{"bank", "other"} {
		r.as(partner).with(keyed, "1").post("/users", `{"user":{"externalId":"`+partner+`"}}`).is(201).has("user.externalId", partner)
	}
}

func TestAMistakeMayBeMendedUnderTheSameKey(t *testing.T) {
	r := newRig(t)
	b := r.bank().with(keyed, "1")
	b.post("/users", `{"user":{}}`).is(400)
	b.post("/accounts", `{"account":{"type":"SharedSavings","userId":"x"}}`).is(404)
	b.without("Authorization").post("/users", `{"user":{"externalId":"a"}}`).is(401)
	b.post("/users", `{"user":{"externalId":"a"}}`).is(201)
}

func TestAKeyMustBeOneOrdinaryValue(t *testing.T) {
	r := newRig(t)
	for _, bad := range []string{"", strings.Repeat("k", 256), "ключ"} {
		r.bank().with(keyed, bad).post("/users", `{"user":{"externalId":"a"}}`).problem(400, "Idempotency-Key must be one value of 1 to 255 printable characters.")
	}
	two := r.bank()
	two.header[keyed] = []string{"a", "b"}
	two.post("/users", `{"user":{"externalId":"a"}}`).is(400)
	r.bank().with(keyed, strings.Repeat("k", 255)).post("/users", `{"user":{"externalId":"a"}}`).is(201)
	r.bank().with(keyed, "ignored").get("/users").is(200).has("meta.count", 1)
}

// At 64 at once one is done; whoever asks meanwhile is told at once, and whoever asks later gets its answer.
func TestOneOf64RequestsUnderOneKeyIsDone(t *testing.T) {
	r := newRig(t)
	user := r.bank().anna("anna")
	all := at64(r, func(i int) (answer, error) {
		return r.bank().with(keyed, "1").try("POST", "/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`"}}`)
	})
	made := ""
	for _, a := range all {
		switch {
		case a.status == 201 && (made == "" || made == a.body):
			made = a.body
		case a.status == 409 && strings.Contains(a.body, "is being answered") && a.header.Get("Retry-After") != "":
		default:
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	if made == "" {
		t.Error("none was done")
	}
	r.bank().get("/accounts").has("meta.count", 1)
	r.bank().with(keyed, "1").post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`"}}`).is(201)
}

func TestOf64DifferentRequestsUnderOneKeyOneIsDone(t *testing.T) {
	r := newRig(t)
	all := at64(r, func(i int) (answer, error) {
		return r.bank().with(keyed, "1").try("POST", "/users", fmt.Sprintf(`{"user":{"externalId":"u%d"}}`, i))
	})
	made := 0
	for _, a := range all {
		switch a.status {
		case 201:
			made++
		case 409, 422:
		default:
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	if made != 1 {
		t.Errorf("%d were done", made)
	}
	r.bank().get("/users").has("meta.count", 1)
}

// Two nodes do not see each other's requests: the database alone keeps them apart.
func TestTwoNodesDoWhatOneKeyAsksOnce(t *testing.T) {
	for _, feed := range []bool{false, true} {
		r := newRig(t)
		other, err := api.New(api.Config{Savings: r.savings, Store: r.store, Auth: bearers{}, Webhooks: r.hooks, Now: r.clock.now, Base: "https://parley.example"})
		if err != nil {
			t.Fatal(err)
		}
		nodes := []*asker{r.bank(), r.beside(other).bank()}
		user := r.bank().anna("anna")
		path, body := "/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`"}}`
		if feed {
			path, body = "/feed", `{"feed":[{"id":"1","userId":"`+user+`","type":"balance","amountCents":1}]}`
		}
		all := at64(r, func(i int) (answer, error) { return nodes[i%2].with(keyed, "1").try("POST", path, body) })
		made := ""
		for _, a := range all {
			switch {
			case a.status == 409:
			case a.status < 300 && (made == "" || made == a.body):
				made = a.body
			default:
				t.Errorf("answered %d %s and not %s", a.status, a.body, made)
			}
		}
		if n := r.bank().get("/accounts").at("meta.count"); !feed && n != 1.0 {
			t.Errorf("%v accounts were made", n)
		}
	}
}

// §1.6: one account per user and external id, under any number of requests, with and without keys.
func TestOneAccountComesOf64Requests(t *testing.T) {
	for _, key := range []bool{false, true} {
		r := newRig(t)
		user := r.bank().anna("anna")
		r.bank().dream(user, "Kyoto")
		all := at64(r, func(i int) (answer, error) {
			b := r.bank()
			if key {
				b = b.with(keyed, fmt.Sprint(i))
			}
			return b.try("POST", "/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"dreams"}}`)
		})
		made := 0
		for _, a := range all {
			if a.status == 201 {
				made++
			} else if a.status != 200 {
				t.Errorf("answered %d %s", a.status, a.body)
			}
			if a.at("account.id") != all[0].at("account.id") {
				t.Errorf("two accounts: %s and %s", a.body, all[0].body)
			}
		}
		if made != 1 {
			t.Errorf("%d were answered that theirs was made", made)
		}
		r.bank().get("/accounts").has("meta.count", 1)
		r.bank().get("/dreams").has("dreams.0.account.id", all[0].at("account.id"))
	}
}

func TestOneUserComesOf64Requests(t *testing.T) {
	r := newRig(t)
	all := at64(r, func(i int) (answer, error) { return r.bank().try("POST", "/users", `{"user":{"externalId":"anna"}}`) })
	for _, a := range all {
		if a.status != 200 && a.status != 201 || a.at("user.id") != all[0].at("user.id") {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	r.bank().get("/users").has("meta.count", 1)
}

// §1.6: without an external id every request makes another account.
func TestWithoutAnExternalIDEachRequestMakesAnAccount(t *testing.T) {
	r := newRig(t)
	user := r.bank().anna("anna")
	for range 3 {
		r.bank().post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`"}}`).is(201)
		r.bank().post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":""}}`).is(201)
	}
	r.bank().get("/accounts").has("meta.count", 6)
	other := r.bank().anna("bo")
	r.bank().account(user, "dreams")
	r.bank().account(other, "dreams") // the same value, another user
}

// A repeated POST /accounts without a key writes nothing at all.
func TestARepeatedAccountWritesNothing(t *testing.T) {
	r := newRig(t)
	user := r.bank().anna("anna")
	r.bank().account(user, "dreams")
	before, _ := r.store.Commits()
	for range 5 {
		r.bank().post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"dreams"}}`).is(200)
	}
	if after, _ := r.store.Commits(); after != before {
		t.Errorf("%d transactions were written", after-before)
	}
}

// at64 asks 64 times at once.
func at64(r *rig, ask func(i int) (answer, error)) []answer {
	r.t.Helper()
	out := make([]answer, 64)
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range out {
		wg.Go(func() {
			<-begin
			var err error
			if out[i], err = ask(i); err != nil {
				r.t.Error(err)
			}
		})
	}
	close(begin)
	wg.Wait()
	return out
}

// Who is erased is erased from the answers too, and an answer that was kept for a day is forgotten when the next is kept.
func TestKeptAnswersForgetPeople(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.with(keyed, "1").post("/users", `{"user":{"externalId":"anna","givenName":"Anna-Lisa"}}`).is(201).text("user.id")
	b.with(keyed, "2").post("/users", `{"user":{"externalId":"bo","givenName":"Bo"}}`).is(201)
	b.delete("/users/" + user).is(204)
	kept := func() string {
		rows, err := r.store.DB().Query(`SELECT key, body FROM savings_answer ORDER BY key`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		out := ""
		for rows.Next() {
			var key, body string
			if err := rows.Scan(&key, &body); err != nil {
				t.Fatal(err)
			}
			out += key + body
		}
		return out
	}
	if all := kept(); strings.Contains(all, "Anna") || !strings.HasPrefix(all, `2{"user":`) {
		t.Errorf("after erasing Anna these are kept: %s", all)
	}
	r.clock.pass(25 * time.Hour)
	b.with(keyed, "3").post("/users", `{"user":{"externalId":"cilla"}}`).is(201)
	if all := kept(); !strings.HasPrefix(all, `3{`) {
		t.Errorf("a day later these are kept: %s", all)
	}
}

// The answer is written with the facts or not at all.
func TestAnAnswerIsKeptInTheTransactionOfItsFacts(t *testing.T) {
	r := newRig(t)
	user := r.bank().anna("anna")
	before, _ := r.store.Commits()
	r.bank().with(keyed, "1").post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}}}`).is(201)
	if after, _ := r.store.Commits(); after != before+1 {
		t.Errorf("%d transactions were written", after-before)
	}
	kept, ok, err := r.store.Answer(t.Context(), "bank", "1")
	if err != nil || !ok || kept.Status != 201 || !json.Valid(kept.Body) {
		t.Errorf("kept is %v %v, %v", kept, ok, err)
	}
}
