package api_test

import (
	"fmt"
	"testing"
)

// Another partner's things are not there, by any name and in any place, exactly as what does not exist.
func TestAnotherPartnersThingsAreNotThere(t *testing.T) {
	r := newRig(t)
	b, o := r.bank(), r.as("other")
	user, account, dream, transaction := b.deposit("anna", 5000)
	launch := b.get("/savehack-launches").text("savehackLaunches.0.id")
	message := b.post("/messages", `{"message":{"userId":"`+user+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}}}`).is(201).text("message.id")
	_, consent, temporary := r.as("consents").consent("cilla")
	savehack := b.get("/savehacks").text("savehacks.0.id")
	mine, myAccount, myDream, _ := o.deposit("anna", 70)
	before := r.counts()

	for _, path := range []string{"/users/" + user, "/accounts/" + account, "/dreams/" + dream, "/transactions/" + transaction, "/savehack-launches/" + launch, "/messages/" + message, "/transfer-consents/" + consent} {
		o.get(path).is(404)
		o.patch(path, `{"name":"mine","givenName":"mine","type":"OneTime","stoppedAt":"2026-11-26T00:00:00Z","settledAt":"2026-11-26T00:00:00Z","consentedAt":"2026-11-26T00:00:00Z","processedAt":"2026-11-26T00:00:00Z"}`).is(404)
	}
	for _, path := range []string{"/savehacks/" + savehack, "/transfer-consents?temporaryId=" + temporary, "/transfer-consent/" + temporary, "/transfer-consent/" + consent} {
		o.get(path).is(404)
	}
	o.patch("/user/"+user, `{"givenName":"mine"}`).is(404)
	o.patch("/transfer-consent/"+consent, `{"consentedAt":"2026-11-26T00:00:00Z"}`).is(404)
	o.delete("/users/" + user).is(404)
	o.delete("/dreams/" + dream).is(404)
	for _, is := range []struct{ path, body string }{
		{"/accounts", `{"account":{"type":"SharedSavings","userId":"` + user + `"}}`},
		{"/dreams", `{"dream":{"userId":"` + user + `"}}`},
		{"/savehack-launches", `{"savehackLaunch":{"dreamId":"` + dream + `","type":"Daily","amountCents":1}}`},
		{"/transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"` + user + `","amountCents":1,"toAccountId":"` + account + `"}}`},
		{"/messages", `{"message":{"userId":"` + user + `","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}}}`},
	} {
		o.post(is.path, is.body).is(404)
	}
	o.patch("/dreams/"+myDream, `{"dream":{"accountId":"`+account+`"}}`).wrong("dream.accountId", "doesn't exist")
	o.patch("/users/"+mine, `{"user":{"accounts":[{"id":"`+account+`","externalId":"mine"}],"transactions":[{"id":"`+transaction+`","settledAt":"2026-11-26T00:00:00Z"}]}}`).
		wrong("user.accounts[0].id", "doesn't exist").wrong("user.transactions[0].id", "doesn't exist")
	o.post("/transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"`+mine+`","amountCents":1,"toAccountId":"`+account+`"}}`).wrong("transaction.toAccountId", "doesn't exist")
	o.post("/transactions", `{"transaction":{"type":"Deposit","externalId":"x","userId":"`+mine+`","amountCents":1,"toAccountId":"`+myAccount+`","toDreamId":"`+dream+`"}}`).wrong("transaction.toDreamId", "doesn't exist")
	o.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+myDream+`","savehackId":"`+savehack+`","type":"OneTime","amountCents":1}}`).wrong("savehackLaunch.savehackId", "doesn't exist")
	o.post("/feed", `{"feed":[{"id":"1","userId":"`+user+`","type":"income","amountCents":1}]}`).is(200).has("feed.0.status", "refused").has("feed.0.errors.0.field", "feed[0].userId")

	if after := r.counts(); after != before {
		t.Errorf("something was made: %s, and before %s", after, before)
	}
	for list, id := range map[string]string{"users": user, "accounts": account, "dreams": dream, "transactions": transaction, "savehackLaunches": launch, "messages": message} {
		path := "/" + list
		if list == "savehackLaunches" {
			path = "/savehack-launches"
		}
		for _, query := range []string{"", "?userId=" + user, "?externalUserId=anna", "?externalId=anna", "?dreamId=" + dream} {
			got := o.get(path + query).is(200)
			for i := range 20 {
				if got.at(fmt.Sprint(list, ".", i, ".id")) == id {
					t.Errorf("GET %s%s shows another partner's", path, query)
				}
			}
		}
	}
	o.get("/transactions?after_id="+transaction).wrong("after_id", "doesn't exist")
	b.get("/transactions/"+transaction).is(200).has("transaction.state", "requested")
	b.get("/users/"+user).is(200).has("user.givenName", "Anna")
	// And the same person may be a customer of both.
	if user == mine {
		t.Error("two partners share a user")
	}
}
