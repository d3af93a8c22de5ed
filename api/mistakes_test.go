package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"parley/api"
	"parley/savings"
)

// §1.3: mistakes are told by field, all at once.
func TestMistakesAreToldByField(t *testing.T) {
	r := newRig(t)
	b, d := r.bank(), r.as("dreams")
	user, account, dream, transaction := b.deposit("anna", 5000)
	launch := b.get("/savehack-launches").text("savehackLaunches.0.id")
	_, consent, temporary := r.as("consents").consent("cilla")
	r.as("consents").get("/transfer-consents?temporaryId=" + temporary).is(200)
	fund := d.post("/accounts", `{"account":{"type":"Performance","userId":"`+d.anna("bo")+`"}}`).is(201).text("account.id")
	const both = "settledAt and failedAt are mutually exclusive"
	for _, is := range []struct{ by, ask, body, field, message string }{
		{"bank", "PATCH /dreams/" + dream, `{"dream":{"targetCents":-1}}`, "dream.targetCents", "can't be negative"},
		{"bank", "PATCH /transactions/" + transaction, `{"transaction":{"settledAt":"2026-11-26T00:00:00Z","failedAt":"2026-11-26T00:00:00Z"}}`, "transaction.settledAt", both},
		{"bank", "PATCH /transactions/" + transaction, `{"transaction":{"settledAt":"2026-11-26T00:00:00Z","failedAt":"2026-11-26T00:00:00Z"}}`, "transaction.failedAt", both},
		{"bank", "GET /transfer-consents", "", "TransferConsent.temporaryId", "can't be blank"},
		{"bank", "GET /transfer-consents?temporaryId=", "", "TransferConsent.temporaryId", "can't be blank"},
		{"consents", "PATCH /transfer-consents/" + consent, `{"transfer_consent":{}}`, "transfer_consent.consented_at", "can't be blank"},
		{"consents", "PATCH /transfer-consents/" + consent, `{"transfer_consent":{"consentedAt":"soon"}}`, "transfer_consent.consented_at", "must be a time (RFC 3339)"},
		{"consents", "PATCH /transfer-consents/" + consent, `{"transfer_consent":{"consentedAt":"2026-11-26T00:00:00Z","rejectedAt":"2026-11-26T00:00:00Z"}}`, "transfer_consent.rejected_at", "consented_at and rejected_at are mutually exclusive"},

		{"bank", "POST /users", `{"user":{}}`, "user.externalId", "can't be blank"},
		{"bank", "POST /users", `{"user":{"externalId":""}}`, "user.externalId", "can't be blank"},
		{"bank", "POST /users", `{"user":{"externalId":7}}`, "user.externalId", "must be a string"},
		{"bank", "POST /users", `{"user":{"externalId":"` + strings.Repeat("å", 256) + `"}}`, "user.externalId", "is too long (maximum is 255 characters)"},
		{"bank", "POST /users", `{"user":{"externalId":"a\u0000b"}}`, "user.externalId", "can't hold a NUL character"},
		{"bank", "POST /users", `{"user":{"externalId":"x","timezone":"Mars/North"}}`, "user.timezone", "is invalid"},
		{"bank", "PATCH /users/" + user, `{"user":{"accounts":{}}}`, "user.accounts", "must be a list"},
		{"bank", "PATCH /users/" + user, `{"user":{"accounts":[7]}}`, "user.accounts[0]", "must be an object"},
		{"bank", "PATCH /users/" + user, `{"user":{"accounts":[{}]}}`, "user.accounts[0].id", "can't be blank"},
		{"bank", "PATCH /users/" + user, `{"user":{"accounts":[{"id":"x"}]}}`, "user.accounts[0].id", "doesn't exist"},
		{"bank", "PATCH /users/" + user, `{"user":{"transactions":[{"id":"` + transaction + `"},{"id":"x"}]}}`, "user.transactions[1].id", "doesn't exist"},
		{"bank", "PATCH /users/" + user, `{"user":{"transactions":[{"settledAt":"2026-11-26T00:00:00Z"}]}}`, "user.transactions[0].id", "can't be blank"},
		{"bank", "PATCH /users/" + user, `{"user":{"transactions":[{"id":"` + transaction + `","settledAt":"2026-11-26T00:00:00Z","failedAt":"2026-11-26T00:00:00Z"}]}}`, "user.transactions[0].settledAt", both},

		{"bank", "POST /accounts", `{"account":{}}`, "account.type", "can't be blank"},
		{"bank", "POST /accounts", `{"account":{}}`, "account.userId", "can't be blank"},
		{"bank", "POST /accounts", `{"account":{"type":"Savings","userId":"` + user + `"}}`, "account.type", "is not included in the list"},
		{"bank", "POST /accounts", `{"account":{"type":"Performance","userId":"` + user + `"}}`, "account.type", "is not included in the list"},
		{"bank", "POST /accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `","balanceCents":1.5}}`, "account.balanceCents", "must be an integer"},
		{"bank", "POST /accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `","balanceCents":"1"}}`, "account.balanceCents", "must be an integer"},
		{"bank", "POST /accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `","balanceCents":9007199254740992}}`, "account.balanceCents", "is too large"},
		{"bank", "POST /accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `","balanceCents":99999999999999999999}}`, "account.balanceCents", "is too large"},
		{"dreams", "POST /accounts", `{"account":{"type":"SharedSavings","externalUserId":"bo","externalId":"x","balanceCents":-1}}`, "account.balanceCents", "can't be negative"},
		{"dreams", "PATCH /accounts/" + fund, `{"account":{"performancePercent":"23"}}`, "account.performancePercent", "must be a number"},
		{"dreams", "PATCH /accounts/" + fund, `{"account":{"valuationAt":"2023-02-23"}}`, "account.valuationAt", "must be a time (RFC 3339)"},

		{"bank", "POST /dreams", `{"dream":{"name":"x"}}`, "dream.userId", "can't be blank"},
		{"bank", "POST /dreams", `{"dream":{"userId":"` + user + `","expiresAt":"June"}}`, "dream.expiresAt", "must be a date (2027-06-01) or a time (RFC 3339)"},
		{"bank", "POST /dreams", `{"dream":{"userId":"` + user + `","expiresAt":"2026-02-30"}}`, "dream.expiresAt", "must be a date (2027-06-01) or a time (RFC 3339)"},
		{"bank", "POST /dreams", `{"dream":{"userId":"` + user + `","expiresAt":"2025-01-01"}}`, "dream.expiresAt", "can't be in the past"},
		{"bank", "POST /dreams", `{"dream":{"userId":"` + user + `","type":"PerformanceDream"}}`, "dream.type", "is not included in the list"},
		{"bank", "POST /dreams", `{"dream":{"userId":"` + user + `","accountId":"x"}}`, "dream.accountId", "doesn't exist"},
		{"bank", "PATCH /dreams/" + dream, `{"dream":{"accountId":"x"}}`, "dream.accountId", "doesn't exist"},
		{"bank", "GET /dreams?state=lost", "", "state", "is not one of active, deleted, all"},
		{"bank", "GET /dreams?showImageUrl=maybe", "", "showImageUrl", "must be true or false"},

		{"bank", "POST /savehack-launches", `{"savehackLaunch":{"type":"Daily","amountCents":1}}`, "savehackLaunch.dreamId", "can't be blank"},
		{"bank", "POST /savehack-launches", `{"savehackLaunch":{"dreamId":"` + dream + `"}}`, "savehackLaunch.savehackId", "can't be blank"},
		{"bank", "POST /savehack-launches", `{"savehackLaunch":{"dreamId":"` + dream + `","type":"YearlyLaunch"}}`, "savehackLaunch.type", "is not included in the list"},
		{"bank", "POST /savehack-launches", `{"savehackLaunch":{"dreamId":"` + dream + `","savehackId":"x"}}`, "savehackLaunch.savehackId", "doesn't exist"},
		{"bank", "POST /savehack-launches", `{"savehackLaunch":{"dreamId":"` + dream + `","type":"Daily","stopAtGoal":1,"amountCents":1}}`, "savehackLaunch.stopAtGoal", "must be true or false"},
		{"bank", "PATCH /savehack-launches/" + launch, `{"savehackLaunch":{"pausedUntil":"2020-01-01T00:00:00Z"}}`, "savehackLaunch.pausedUntil", "can't be in the past"},

		{"bank", "POST /transactions", `{"transaction":{}}`, "transaction.externalId", "can't be blank"},
		{"bank", "POST /transactions", `{"transaction":{}}`, "transaction.amountCents", "can't be blank"},
		{"bank", "POST /transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"` + user + `","amountCents":0,"toAccountId":"` + account + `"}}`, "transaction.amountCents", "must be greater than 0"},
		{"bank", "POST /transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"` + user + `","amountCents":1}}`, "transaction.toAccountId", "can't be blank"},
		{"bank", "POST /transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"` + user + `","amountCents":1,"toAccountId":"` + account + `","state":"requested"}}`, "transaction.state", "is not included in the list"},
		{"bank", "POST /transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"` + user + `","amountCents":1,"toAccountId":"` + account + `","failedAt":"2026-11-26T00:00:00Z"}}`, "transaction.failedAt", "must be blank"},
		{"bank", "GET /transactions?state=lost", "", "state", "is not one of requested, settled, failed"},
		{"bank", "GET /transactions?after_id=x", "", "after_id", "doesn't exist"},

		{"bank", "POST /messages", `{"message":{"userId":"` + user + `"}}`, "message.translatedBody", "can't be blank"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":1},"translatedBody":{"sv":"x"}}}`, "message.translatedTitle", "must be an object of strings"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"category":"SPAM"}}`, "message.category", "is not included in the list"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"height":1}}}`, "message.image.src", "can't be blank"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"http://bank.example/x.jpg"}}}`, "message.image.src", "must be https"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"data:image/png;base64,AA"}}}`, "message.image.src", "must be https"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"//bank.example/x.jpg"}}}`, "message.image.src", "must be https"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"https://x","translatedAlt":{"??":"x"}}}}`, "message.image.translatedAlt", "is invalid"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"https://x","height":-1}}}`, "message.image.height", "can't be negative"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"https://x","width":1.5}}}`, "message.image.width", "must be an integer"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":{"src":"https://x","width":100001}}}`, "message.image.width", "is too large"},
		{"bank", "POST /messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"image":"https://x"}}`, "message.image", "must be an object"},
		{"bank", "GET /messages?createdAfter=yesterday", "", "createdAfter", "must be a time (RFC 3339)"},
		{"bank", "GET /messages?category=SPAM", "", "category", "is not one of " + strings.Join(savings.MessageCategories, ", ")},

		{"bank", "POST /feed", `{}`, "feed", "can't be blank"},
		{"bank", "POST /feed", `{"feed":7}`, "feed", "must be a list"},
		{"bank", "POST /feed", `{"feed":[` + strings.Repeat(`{},`, 100) + `{}]}`, "feed", "is too long (maximum is 100)"},

		{"bank", "POST /users", ` `, "body", "can't be blank"},
		{"bank", "POST /users", `{"user":`, "body", "is not valid JSON"},
		{"bank", "POST /users", `{"user":{}} {}`, "body", "is not valid JSON"},
		{"bank", "POST /users", `[]`, "body", "must be a JSON object"},
		{"bank", "POST /users", `null`, "body", "must be a JSON object"},
		{"bank", "POST /users", `{"user":[]}`, "user", "must be a JSON object"},
		{"bank", "GET /users?page=0", "", "page", "must be a whole number from 1"},
		{"bank", "GET /users?page=first", "", "page", "must be a whole number from 1"},
		{"bank", "GET /users?items=-1", "", "items", "must be a whole number from 1"},
		{"bank", "GET /users?externalId=%00", "", "externalId", "is not valid"},
		{"bank", "GET /users?externalId=%ff", "", "externalId", "is not valid"},
	} {
		method, path, _ := strings.Cut(is.ask, " ")
		r.as(is.by).do(method, path, is.body).wrong(is.field, is.message)
	}
	b.patch("/dreams/"+dream, `{"dream":{"targetCents":"1","expiresAt":7,"name":[]}}`).wrong("dream.targetCents", "must be an integer").wrong("dream.name", "must be a string")
	if got := b.get("/dreams/" + dream).text("dream.name"); got != "Kyoto" {
		t.Errorf("a mistake changed the dream's name to %q", got)
	}
}

// problem fails the test unless the answer is a problem document with the status and detail.
func (a answer) problem(status int, detail string) answer {
	a.t.Helper()
	a.is(status)
	var p api.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		a.t.Fatal(err)
	}
	if p.Status != status || p.Title != http.StatusText(status) || p.Detail != detail || a.header.Get("Content-Type") != "application/problem+json" {
		a.t.Errorf("%s was answered %s", a.asked, a.body)
	}
	return a
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	for what, detail := range map[string]string{"users": "Requested user not found", "accounts": "Account not found", "dreams": "Dream not found", "savehacks": "Savehack not found",
		"savehack-launches": "Savehack launch not found", "transactions": "Transaction not found", "transfer-consents": "Transfer consent not found", "messages": "Message not found"} {
		for _, id := range []string{"0197b8a0-7c3e-7d1a-8f00-0000000000a1", "x", "%00", "%ff", "a%20b", strings.Repeat("x", 1000)} {
			b.get("/"+what+"/"+id).problem(404, detail)
			if what != "savehacks" {
				body := `{"consentedAt":"2026-11-26T00:00:00Z","processedAt":"2026-11-26T00:00:00Z"}`
				b.patch("/"+what+"/"+id, body).problem(404, detail)
			}
		}
	}
	b.delete("/users/x").problem(404, "Requested user not found")
	b.delete("/dreams/x").problem(404, "Dream not found")
	b.get("/transfer-consents?temporaryId=x").problem(404, "Transfer consent not found")
	b.get("/transfer-consent/x").problem(404, "Transfer consent not found")
	b.post("/accounts", `{"account":{"type":"SharedSavings","userId":"x"}}`).problem(404, "Requested user not found").has("errors.0.field", "account.userId")
	b.post("/dreams", `{"dream":{"externalUserId":"nobody"}}`).problem(404, "Requested user not found")
	b.post("/transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"x","amountCents":1}}`).problem(404, "Requested user not found")
	b.post("/messages", `{"message":{"userId":"x","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}}}`).problem(404, "Requested user not found")
	b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"x","type":"Daily","amountCents":1}}`).problem(404, "Dream not found").has("errors.0.field", "savehackLaunch.dreamId")
	b.get("/nothing").problem(404, "There is nothing at this address.")
	b.get("/users/a/b").problem(404, "There is nothing at this address.")
}

// A GET hands a consent out once; who only looks (HEAD) takes nothing.
func TestAConsentIsReadOnceByItsTemporaryID(t *testing.T) {
	r := newRig(t)
	c := r.as("consents")
	_, consent, temporary := c.consent("cilla")
	for _, path := range []string{"/transfer-consents?temporaryId=", "/transfer-consent/"} {
		if got := c.do("HEAD", path+temporary, ""); got.status != http.StatusMethodNotAllowed {
			t.Errorf("HEAD of a consent was answered %d", got.status)
		}
	}
	r.as("bank").get("/transfer-consents?temporaryId="+temporary).problem(404, "Transfer consent not found")
	c.patch("/transfer-consents/"+consent, `{"transfer_consent":{"consentedAt":"2026-11-26T00:00:00Z"}}`).wrong("transfer_consent.consented_at", "can't be set before the consent was read")
	c.get("/transfer-consents?temporaryId="+temporary).is(200).has("transferConsent.id", consent)
	c.get("/transfer-consents?temporaryId="+temporary).problem(404, "Transfer consent not found")
	c.get("/transfer-consent/"+temporary).problem(404, "Transfer consent not found")
	_, _, late := c.consent("late")
	r.clock.pass(11 * 60 * 1e9)
	c.get("/transfer-consents?temporaryId="+late).problem(404, "Transfer consent not found")
}

func TestWhoMayNotAskIsTold(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	const none = "A token is needed, and there is none, or it is not good or not good any more."
	for _, is := range []struct {
		token, method, path string
		status              int
		challenge           string
	}{
		{"", "GET", "/users", 401, "Bearer"},
		{"Bearer bad", "GET", "/users", 401, `Bearer error="invalid_token"`},
		{"Basic Ymxh", "GET", "/users", 401, `Bearer error="invalid_token"`},
		{"Bearer gone savings:read", "GET", "/users", 401, `Bearer error="invalid_token"`},
		{"Bearer bank savings:read", "POST", "/users", 403, `Bearer error="insufficient_scope", scope="savings:write"`},
		{"Bearer bank savings:read", "PATCH", "/users/x", 403, `Bearer error="insufficient_scope", scope="savings:write"`},
		{"Bearer bank savings:read", "DELETE", "/users/x", 403, `Bearer error="insufficient_scope", scope="savings:write"`},
		{"Bearer bank savings:write", "GET", "/users", 403, `Bearer error="insufficient_scope", scope="savings:read"`},
		{"Bearer unsure", "GET", "/users", 503, ""},
	} {
		body := ""
		if is.method == "POST" || is.method == "PATCH" {
			body = "not even JSON" // which nobody looks at
		}
		got := b.with("Authorization", is.token).do(is.method, is.path, body).is(is.status)
		if got.header.Get("WWW-Authenticate") != is.challenge {
			t.Errorf("%s %s with %q was challenged with %q", is.method, is.path, is.token, got.header.Get("WWW-Authenticate"))
		}
		if is.status == 401 {
			got.problem(401, none)
		}
	}
}

func TestABodyMustBeJSONAndNotTooLarge(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	b.with("Content-Type", "application/x-www-form-urlencoded").post("/users", `{"user":{"externalId":"a"}}`).problem(415, "The body must be application/json.")
	b.with("Content-Type", "text/plain; charset=").post("/users", `{"user":{"externalId":"a"}}`).problem(415, "The body must be application/json.")
	b.post("/users", `{"user":{"externalId":"a","x":"`+strings.Repeat("x", 1<<20)+`"}}`).problem(413, "The body is larger than 1 MiB.")
	b.with("Content-Type", "application/json; charset=utf-8").post("/users", `{"user":{"externalId":"a"}}`).is(201)
	b.with("Content-Type", "application/vnd.bank+json").post("/users", `{"user":{"externalId":"b"}}`).is(201)
}

// A certificate lets a browser in without a token: another site's page must not be able to ask in its name.
func TestAnotherSitesPageMayNotAsk(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
		b.with(name, value).post("/users", `{"user":{"externalId":"a"}}`).problem(403, "Another site's page may not ask.")
	}
	b.with("Sec-Fetch-Site", "same-origin").with("Origin", r.URL).post("/users", `{"user":{"externalId":"a"}}`).is(201)
	b.with("Sec-Fetch-Site", "cross-site").get("/users").is(200).has("meta.count", 1)
}

func TestAnotherMethodIsNotAllowed(t *testing.T) {
	r := newRig(t)
	got := r.bank().delete("/accounts").problem(405, "There is no such operation at this address.")
	if got.header.Get("Allow") != "GET, POST" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
}

func TestAPartnerWhoAsksTooOftenWaits(t *testing.T) {
	r := newRig(t, func(c *api.Config) { c.Rate, c.Burst = 0.5, 3 })
	b := r.bank()
	for range 3 {
		b.get("/users").is(200)
	}
	if got := b.get("/users").problem(429, "Too many requests. Wait before the next."); got.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
	}
	r.as("other").get("/users").is(200) // who has a bucket of their own
	r.clock.pass(2 * 1e9)
	b.get("/users").is(200)
	b.get("/users").is(429)
}

// 409 is what cannot be done as things stand.
func TestSettlingAndFailingContradictEachOther(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	_, _, _, transaction := b.deposit("anna", 5000)
	for range 2 { // the same word again changes nothing
		b.patch("/transactions/"+transaction, `{"transaction":{"failedAt":"2026-11-26T00:00:00Z","failureReason":"no funds","settledAt":null}}`).is(200).has("transaction.failureReason", "no funds")
	}
	b.patch("/transactions/"+transaction, `{"transaction":{"settledAt":"2026-11-26T00:00:00Z"}}`).wrong("transaction.settledAt", "settledAt and failedAt are mutually exclusive")
}

// Personal data and what a body said never reach the log.
func TestNothingPersonalIsLogged(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.post("/users", `{"user":{"externalId":"a","givenName":"Åsa-Karin","familyName":"Öberg"}}`).is(201).text("user.id")
	b.dream(user, "A secret dream")
	b.post("/dreams", `{"dream":{"userId":"`+user+`","name":"A secret dream","targetCents":-1}}`).is(400)
	b.get("/users/" + user + "?externalId=Öberg").is(200)
	for _, word := range []string{"Åsa", "Öberg", "secret dream"} {
		if strings.Contains(r.log.String(), word) {
			t.Errorf("the log has %q", word)
		}
	}
	if r.log.String() == "" {
		t.Error("nothing was logged at all")
	}
}
