package api_test

import "testing"

// §1.4: who was erased is not there any more, but what money moves for them can still be settled.
func TestWhoWasErasedIsNotThereButTheirMoneyIs(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user, account, dream, transaction := b.deposit("anna", 5000)
	b.delete("/users/" + user).is(204)
	b.delete("/users/" + user).is(204) // a repetition changes nothing
	b.get("/users/"+user).problem(404, "Requested user not found")
	b.get("/users").has("meta.count", 0)
	b.patch("/users/"+user, `{"user":{"givenName":"Anna"}}`).problem(404, "Requested user not found")
	b.post("/accounts", `{"account":{"type":"SharedSavings","userId":"`+user+`"}}`).problem(404, "Requested user not found")
	b.post("/dreams", `{"dream":{"userId":"`+user+`"}}`).problem(404, "Requested user not found")
	b.get("/dreams/"+dream).is(200).has("dream.name", nil)
	b.get("/accounts/"+account).is(200).has("account.balanceCents", 0)
	b.patch("/users/"+user, `{"user":{"transactions":[{"id":"`+transaction+`","settledAt":"2026-11-27T00:00:00Z"}]}}`).is(204)
	b.get("/accounts/"+account).is(200).has("account.balanceCents", 5000)
	again := b.anna("anna") // the same customer, come anew, is somebody else
	if again == user {
		t.Error("an erased user came back")
	}
}

// The seed: with one account per user, dreams that were there are linked by POST /accounts, and later ones as they are made.
func TestDreamsAreLinkedWhicheverComesFirst(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.anna("anna")
	before := []string{b.dream(user, "a"), b.dream(user, "b")}
	launch := b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+before[0]+`","type":"OneTime","amountCents":100}}`).is(201).has("savehackLaunch.state", "waiting").text("savehackLaunch.id")
	b.get("/dreams/"+before[0]).is(200).has("dream.account", nil)
	account := b.account(user, user) // the user's own id will do as an external id
	b.get("/savehack-launches/"+launch).is(200).has("savehackLaunch.state", "active").has("savehackLaunch.pausedAt", nil)
	for _, dream := range append(before, b.dream(user, "later")) {
		b.get("/dreams/"+dream).is(200).has("dream.account.id", account).has("dream.account.externalId", user)
	}
}

// One transaction that is wrong keeps everything else of the request from being done.
func TestAChangeOfManyThingsIsAllOrNothing(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user, account, _, transaction := b.deposit("anna", 5000)
	b.patch("/users/"+user, `{"user":{"givenName":"Mia","accounts":[{"id":"`+account+`","externalId":"new"}],"transactions":[{"id":"`+transaction+`","settledAt":"2026-11-27T00:00:00Z"},{"id":"x","settledAt":"2026-11-27T00:00:00Z"}]}}`).
		wrong("user.transactions[1].id", "doesn't exist")
	b.get("/users/"+user).is(200).has("user.givenName", "Anna")
	b.get("/accounts/"+account).is(200).has("account.externalId", "dreams").has("account.balanceCents", 0)
	b.get("/transactions/"+transaction).is(200).has("transaction.state", "requested")
	b.patch("/users/"+user, `{"user":{"accounts":[],"transactions":[]}}`).is(204) // which deletes nothing
	b.get("/accounts/" + account).is(200)
	b.patch("/users/"+user, `{"user":{"givenName":null}}`).is(204)
	b.get("/users/"+user).is(200).has("user.givenName", nil)
}

// What is given up with withdraw is paid out; without, it stays on the account.
func TestADreamIsGivenUpWithItsMoneyOrWithout(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	for _, is := range []struct {
		external, query string
		out             int
	}{{"stays", "", 0}, {"leaves", "?withdraw=true", 1}} {
		user, _, dream, transaction := b.deposit(is.external, 5000)
		b.patch("/transactions/"+transaction, `{"transaction":{"settledAt":"2026-11-27T00:00:00Z"}}`).is(200)
		b.delete("/dreams/" + dream + is.query).is(204)
		b.delete("/dreams/" + dream + is.query).is(204)
		got := b.get("/transactions?state=requested&userId="+user).is(200).has("meta.count", is.out)
		if is.out > 0 {
			got.has("transactions.0.type", "Withdrawal").has("transactions.0.amountCents", 5000)
		}
	}
	b.delete("/dreams/"+b.dream(b.anna("odd"), "x")+"?withdraw=perhaps").wrong("withdraw", "must be true or false")
}
