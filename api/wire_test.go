package api_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/savings"
)

// The sections are those of the description of the wire: 1.5 users, 1.6 accounts, 1.7 dreams, 1.8 launches and consents, 1.9 transactions, 1.9b
// messages, 1.10 where the vendor's pages contradict each other.

// Every operation is asked for each answer that is no mistake, in the order in which a bank comes by them.
func TestEveryOperationAnswersAsTheDocumentSays(t *testing.T) {
	r := newRig(t)
	b, d, c := r.bank(), r.as("dreams"), r.as("consents")

	user := b.anna("anna")
	b.post("/users", `{"user":{"externalId":"anna"}}`).is(200).has("user.id", user).has("user.givenName", "Anna")
	b.get("/users").is(200).has("users.0.id", user)
	b.get("/users/"+user).is(200).has("user.externalId", "anna").has("user.type", "User").has("user.unreadMessagesCount", 0)
	account := b.account(user, "dreams")
	b.post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"dreams"}}`).is(200).has("account.id", account)
	b.get("/accounts").is(200).has("accounts.0.id", account)
	b.get("/accounts/"+account).is(200).has("account.user.id", user).has("account.balanceCents", 0)
	b.patch("/accounts/"+account, `{"account":{"externalId":"SE4550000000058398257466"}}`).is(200).has("account.externalId", "SE4550000000058398257466")
	dream := b.dream(user, "Kyoto")
	b.get("/dreams").is(200).has("dreams.0.id", dream)
	b.get("/dreams/"+dream).is(200).has("dream.account.id", account)
	b.patch("/dreams/"+dream, `{"dream":{"name":"Kyoto in spring"}}`).is(200).has("dream.name", "Kyoto in spring")
	b.get("/pictures/" + r.picture("bank", user)).is(200)
	savehack := b.get("/savehacks?items=20").is(200).text("savehacks.0.id")
	b.get("/savehacks/"+savehack).is(200).has("savehack.type", "OneTime").has("savehack.launchType", "OneTimeLaunch").has("savehack.parameters.type", "object")
	launch := b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+dream+`","savehackId":"`+savehack+`","type":"OneTimeLaunch","amountCents":5000}}`).is(201).text("savehackLaunch.id")
	b.get("/savehack-launches").is(200).has("savehackLaunches.0.id", launch)
	b.get("/savehack-launches/"+launch).is(200).has("savehackLaunch.amountCents", 5000).has("savehackLaunch.dream.id", dream).has("savehackLaunch.savehack.id", savehack)
	b.patch("/savehack-launches/"+launch, `{"savehackLaunch":{"type":"OneTimeLaunch","stopAtGoal":false}}`).is(200).has("savehackLaunch.stopAtGoal", false)
	transaction := b.get("/transactions?state=requested").is(200).text("transactions.0.id")
	b.get("/transactions/"+transaction).is(200).has("transaction.toDream.name", "Kyoto in spring").has("transaction.toAccount.id", account)
	b.patch("/transactions/"+transaction, `{"transaction":{"settledAt":"2026-11-27T10:00:00Z"}}`).is(200).has("transaction.state", "settled")
	posted := b.post("/transactions", `{"transaction":{"type":"Deposit","externalId":"interest","userId":"`+user+`","amountCents":123,"toAccountId":"`+account+`"}}`).is(201).text("transaction.id")
	b.post("/transactions", `{"transaction":{"type":"Deposit","externalId":"interest","userId":"`+user+`","amountCents":123,"toAccountId":"`+account+`"}}`).is(200).has("transaction.id", posted)
	b.get("/accounts/"+account).is(200).has("account.balanceCents", 5123)
	message := b.post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"Hej"},"translatedBody":{"sv":"Bra"},"image":{"src":"https://bank.example/x.jpg","translatedAlt":{"sv":"En stig"},"height":600,"width":800},"cta":"/dreams/1/marketplace"}}`).is(201).text("message.id")
	b.get("/messages").is(200).has("messages.0.id", message)
	b.get("/messages/"+message).is(200).has("message.translatedBody.sv", "Bra").has("message.image.src", "https://bank.example/x.jpg").has("message.image.translatedAlt.sv", "En stig").has("message.image.height", 600).has("message.image.width", 800)
	b.patch("/messages/"+message, `{"message":{"processedAt":"2026-11-25T10:00:00Z"}}`).is(200).has("message.processedAt", "2026-11-25T10:00:00Z")
	b.post("/feed", `{"feed":[{"id":"1","userId":"`+user+`","type":"balance","amountCents":100000}]}`).is(200).has("feed.0.status", "accepted")
	b.get("/webhooks").is(200).has("webhooks.0.endpoint", "ledger")
	b.post("/webhooks/replay", `{"replay":{"from":"2026-11-25T08:00:03Z"}}`).is(202)
	b.patch("/users/"+user, `{"user":{"givenName":"Annika"}}`).is(204)
	b.patch("/user/"+user, `{"givenName":"Anna"}`).is(200).has("user.givenName", "Anna")
	b.delete("/dreams/" + dream).is(204)
	b.delete("/users/" + user).is(204)

	// Performance accounts, each settled together with its new balances.
	bo := d.anna("bo")
	fund := d.post("/accounts", `{"account":{"type":"Performance","userId":"`+bo+`","externalId":"fund","balanceCents":123500,"liquidBalanceCents":500,"performanceCents":23000,"performancePercent":23,"totalAcquisitionCostCents":100000,"valuationFrom":"2022-01-01T13:45:12Z","valuationAt":"2023-02-23T09:00:00Z"}}`).is(201)
	fund.has("account.balanceCents", 123500).has("account.performancePercent", 23).has("account.valuationFrom", "2022-01-01T13:45:12Z")
	far := d.post("/dreams", `{"dream":{"userId":"`+bo+`","type":"PerformanceDream","name":"Far","targetCents":1000000}}`).is(201).text("dream.id")
	d.patch("/dreams/"+far, `{"dream":{"accountId":"`+fund.text("account.id")+`"}}`).is(200).has("dream.account.type", "Performance")
	d.launch(far, 7000)
	bought := d.get("/transactions").is(200).text("transactions.0.id")
	d.patch("/users/"+bo, `{"user":{"accounts":[{"id":"`+fund.text("account.id")+`","balanceCents":130500}],"transactions":[{"id":"`+bought+`","settledAt":"2026-11-27T10:00:00Z"}]}}`).is(204)
	d.get("/accounts/"+fund.text("account.id")).is(200).has("account.balanceCents", 130500)
	d.get("/transactions/"+bought).is(200).has("transaction.state", "settled")

	// Consents.
	for i, spelling := range []string{"/transfer-consents?temporaryId=%s", "/transfer-consent/%s"} {
		_, consent, temporary := c.consent(fmt.Sprint("cilla-", i))
		c.get(fmt.Sprintf(spelling, temporary)).is(200).has("transferConsent.id", consent).has("transferConsent.maxFrequency", "once").has("transferConsent.maxAmountCents", 9000)
		c.get("/transfer-consents/"+consent).is(200).has("transferConsent.id", consent)
		path := strings.TrimSuffix(spelling[:strings.IndexAny(spelling, "?%")], "/")
		c.patch(path+"/"+consent, `{"transfer_consent":{"consentedAt":"2026-11-25T09:00:00Z"}}`).is(200).has("transferConsent.consentedAt", "2026-11-25T09:00:00Z")
	}

	for _, expected := range r.validator.Covered() {
		if strings.Contains(expected, " 2") && !r.seen.at[expected] {
			t.Errorf("nobody asked for %s", expected)
		}
	}
}

// consent is a consent that somebody is asked for, with its temporary id.
func (a *asker) consent(external string) (user, consent, temporary string) {
	a.t.Helper()
	user = a.anna(external)
	a.launch(a.dream(user, "Kyoto"), 9000)
	a.rig.change("consents", savings.Of{User: user}, func(b *savings.Book) (err error) {
		consent = b.Consents[0].ID
		temporary, err = b.RenewConsent(consent)
		return err
	})
	return user, consent, temporary
}

// §1.10, line by line: both sides are understood.
func TestBothSidesOfEachContradictionAreUnderstood(t *testing.T) {
	r := newRig(t)
	b, c := r.bank(), r.as("consents")

	t.Run("the consent's path and its wrapper", func(t *testing.T) {
		n := 0
		for _, read := range []string{"/transfer-consent/%s", "/transfer-consents?temporaryId=%s"} {
			for _, write := range []string{"/transfer-consent/", "/transfer-consents/"} {
				for _, body := range []string{`{"transfer_consent":{"rejectedAt":"2026-11-25T09:00:00Z"}}`, `{"transferConsent":{"rejectedAt":"2026-11-25T09:00:00Z"}}`, `{"rejectedAt":"2026-11-25T09:00:00Z"}`, `{"transfer_consent":{"rejected_at":"2026-11-25T09:00:00Z"}}`} {
					n++
					_, id, temporary := c.consent(fmt.Sprint("p", n))
					c.get(fmt.Sprintf(read, temporary)).is(200).has("transferConsent.id", id)
					c.patch(write+id, body).is(200).has("transferConsent.rejectedAt", "2026-11-25T09:00:00Z")
				}
			}
		}
	})
	t.Run("the link of a dream", func(t *testing.T) {
		d := r.as("dreams")
		user := d.anna("linked")
		for i, link := range []string{`"accountId":"%s"`, `"account":{"id":"%s"}`, `"account":{"type":"SharedSavings","id":"%s","externalId":"x"}`} {
			account := d.account(user, fmt.Sprint(i))
			link = fmt.Sprintf(link, account)
			d.patch("/dreams/"+d.dream(user, "wrapped"), `{"dream":{`+link+`}}`).is(200).has("dream.account.id", account)
			d.patch("/dreams/"+d.dream(user, "bare"), `{`+link+`}`).is(200).has("dream.account.id", account)
			d.post("/dreams", `{"dream":{"userId":"`+user+`",`+link+`}}`).is(201).has("dream.account.id", account)
		}
	})
	t.Run("the type of a user", func(t *testing.T) {
		for i, kind := range []string{"User", "user"} {
			user := b.anna(fmt.Sprint("kind-", i))
			b.post("/accounts", fmt.Sprintf(`{"account":{"type":"SharedSavings","user":{"type":"%s","id":"%s"},"externalId":"dreams"}}`, kind, user)).is(201).has("account.user.id", user).has("account.user.type", "User")
			b.post("/dreams", fmt.Sprintf(`{"dream":{"user":{"type":"%s","externalId":"kind-%d"}}}`, kind, i)).is(201).has("dream.user.id", user)
		}
	})
	t.Run("the type of a dream", func(t *testing.T) {
		user := b.anna("types")
		for _, kind := range []string{"Dream", "SavingsDream", "dream"} {
			dream := b.post("/dreams", fmt.Sprintf(`{"dream":{"userId":"%s","type":"%s"}}`, user, kind)).is(201).has("dream.type", "Dream").text("dream.id")
			b.patch("/dreams/"+dream, fmt.Sprintf(`{"dream":{"type":"%s","name":"x"}}`, kind)).is(200).has("dream.name", "x")
		}
	})
	t.Run("settling at once with accounts", func(t *testing.T) {
		for i, spelling := range []struct {
			path, body string
			status     int
		}{
			{"/user/", `{"transactions":[{"id":"%s","settledAt":"2026-11-27T10:00:00Z"}]}`, 200},
			{"/user/", `{"user":{"transactions":[{"id":"%s","settledAt":"2026-11-27T10:00:00Z"}]}}`, 200},
			{"/users/", `{"transactions":[{"id":"%s","settledAt":"2026-11-27T10:00:00Z"}]}`, 204},
			{"/users/", `{"user":{"transactions":[{"id":"%s","settledAt":"2026-11-27T10:00:00Z"}]}}`, 204},
		} {
			user, _, _, transaction := b.deposit(fmt.Sprint("atomic-", i), 100)
			b.patch(spelling.path+user, fmt.Sprintf(spelling.body, transaction)).is(spelling.status)
			b.get("/transactions/"+transaction).is(200).has("transaction.state", "settled")
		}
	})
	t.Run("the name of a balance", func(t *testing.T) {
		user := b.anna("value")
		b.post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"a","currentValue":700}}`).is(201).has("account.balanceCents", 700)
		b.post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"b","balanceCents":800}}`).is(201).has("account.balanceCents", 800)
		d := r.as("dreams")
		user = d.anna("value")
		fund := d.post("/accounts", `{"account":{"type":"Performance","userId":"`+user+`","currentValue":700}}`).is(201).text("account.id")
		d.patch("/accounts/"+fund, `{"account":{"currentValue":900}}`).is(200).has("account.balanceCents", 900)
	})
	t.Run("when a dream expires", func(t *testing.T) {
		user := b.anna("expires")
		for _, at := range []string{"2027-06-01", "2027-06-01T00:00:00Z", "2027-06-01T23:59:59+02:00"} {
			dream := b.post("/dreams", `{"dream":{"userId":"`+user+`","expiresAt":"`+at+`"}}`).is(201).has("dream.expiresAt", "2027-06-01").text("dream.id")
			b.patch("/dreams/"+dream, `{"dream":{"expiresAt":"`+strings.Replace(at, "06", "07", 1)+`"}}`).is(200).has("dream.expiresAt", "2027-07-01")
			b.patch("/dreams/"+dream, `{"dream":{"expiresAt":null}}`).is(200).has("dream.expiresAt", nil)
		}
	})
	t.Run("the type of a launch", func(t *testing.T) {
		dream := b.dream(b.anna("launches"), "x")
		for _, kind := range []string{"DailyLaunch", "Daily"} {
			id := b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+dream+`","type":"`+kind+`","amountCents":100}}`).is(201).has("savehackLaunch.type", "DailyLaunch").text("savehackLaunch.id")
			b.patch("/savehack-launches/"+id, `{"savehackLaunch":{"type":"`+kind+`","amountCents":200}}`).is(200).has("savehackLaunch.amountCents", 200)
		}
		b.post("/savehack-launches", `{"savehack_launch":{"dream":{"id":"`+dream+`"},"type":"Daily","amountCents":100}}`).is(201)
		b.post("/savehack-launches", `{"dreamId":"`+dream+`","type":"Daily","amountCents":100}`).is(201)
	})
}

// What a client reads it may send back, changed or not: what it cannot change must only be as it is.
func TestWhatWasReadCanBeSentBack(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user, account, dream, transaction := b.deposit("anna", 5000)
	launch := b.get("/savehack-launches").text("savehackLaunches.0.id")
	message := b.post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"Hej"},"translatedBody":{"sv":"Bra"}}}`).is(201).text("message.id")
	for path, status := range map[string]int{"/users/" + user: 204, "/accounts/" + account: 200, "/dreams/" + dream: 200, "/savehack-launches/" + launch: 200, "/transactions/" + transaction: 200} {
		was := b.get(path).is(200).body
		b.patch(path, was).is(status)
		if is := b.get(path).is(200).body; is != was {
			t.Errorf("%s was changed by what it was: %s and now %s", path, was, is)
		}
	}
	b.patch("/messages/"+message, b.get("/messages/"+message).body).wrong("message.processedAt", "can't be blank")
	for _, is := range []struct{ path, body, field string }{
		{"/users/" + user, `{"user":{"externalId":"bo"}}`, "user.externalId"},
		{"/users/" + user, `{"user":{"id":"1"}}`, "user.id"},
		{"/accounts/" + account, `{"account":{"type":"Performance"}}`, "account.type"},
		{"/accounts/" + account, `{"account":{"balanceCents":1}}`, "account.balanceCents"},
		{"/accounts/" + account, `{"account":{"userId":"1"}}`, "account.userId"},
		{"/users/" + user, `{"user":{"accounts":[{"id":"` + account + `","balanceCents":1}]}}`, "user.accounts[0].balanceCents"},
		{"/users/" + user, `{"user":{"transactions":[{"id":"` + transaction + `","amountCents":1}]}}`, "user.transactions[0].amountCents"},
		{"/dreams/" + dream, `{"dream":{"type":"PerformanceDream"}}`, "dream.type"},
		{"/savehack-launches/" + launch, `{"savehackLaunch":{"type":"WeeklyLaunch"}}`, "savehackLaunch.type"},
		{"/transactions/" + transaction, `{"transaction":{"amountCents":4999}}`, "transaction.amountCents"},
		{"/transactions/" + transaction, `{"transaction":{"type":"Withdrawal"}}`, "transaction.type"},
		{"/transactions/" + transaction, `{"transaction":{"externalId":"x"}}`, "transaction.externalId"},
		{"/transactions/" + transaction, `{"transaction":{"toDream":{"id":"x"}}}`, "transaction.toDream.id"},
	} {
		b.patch(is.path, is.body).wrong(is.field, "is immutable")
	}
}

// What has no value is left out, never null.
func TestNothingIsNull(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	b.deposit("anna", 5000)
	for _, path := range []string{"/users", "/accounts", "/dreams?showImageUrl=true&showActiveSavehacks=true", "/savehack-launches", "/transactions", "/savehacks"} {
		if got := b.get(path).is(200); strings.Contains(got.body, "null") || strings.Contains(got.body, "0001-01-01") || strings.Contains(got.body, `""`) {
			t.Errorf("%s says what is not there: %s", path, got.body)
		}
	}
	user := b.post("/users", `{"externalId":"bare"}`).is(201)
	dream := b.post("/dreams", `{"dream":{"userId":"`+user.text("user.id")+`"}}`).is(201)
	for _, a := range []answer{user, dream} {
		if strings.Contains(a.body, "null") || strings.Contains(a.body, `""`) {
			t.Errorf("%s was answered with what is not there: %s", a.asked, a.body)
		}
	}
	if dream.at("dream.account") != nil || dream.at("dream.expiresAt") != nil {
		t.Error("a dream without an account has one")
	}
}
