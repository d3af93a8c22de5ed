package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// follow reads a list from an address to its end, by next_url alone.
func (a *asker) follow(path, list string, each func(id string)) (pages int) {
	a.t.Helper()
	for path != "" {
		pages++
		got := a.get(path).is(200)
		items, _ := got.at(list).([]any)
		for i := range items {
			each(got.text(fmt.Sprint(list, ".", i, ".id")))
		}
		if n := got.at("meta.items"); n != float64(len(items)) {
			a.t.Fatalf("meta.items is %v of %d", n, len(items))
		}
		next, _ := got.at("meta.next_url").(string)
		if next != "" && !strings.HasPrefix(next, "https://parley.example/v1/") {
			a.t.Fatalf("next_url is not absolute: %s", next)
		}
		path = strings.TrimPrefix(next, "https://parley.example/v1")
	}
	return pages
}

// §1.2
func TestListsArePaged(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	var users []string
	for i := range 45 {
		users = append(users, b.anna(fmt.Sprint("u", i)))
		r.clock.pass(time.Second)
	}
	var got []string
	if pages := b.follow("/users", "users", func(id string) { got = append(got, id) }); pages != 3 || !slices.Equal(got, users) {
		t.Errorf("%d pages of %d users, not in the order in which they were made", pages, len(got))
	}
	b.get("/users").has("meta.count", 45).has("meta.items", 20).has("meta.pages", 3).has("meta.from", 1).has("meta.to", 20).has("meta.next_url", "https://parley.example/v1/users?page=2")
	b.get("/users?page=3&items=20").has("meta.count", 45).has("meta.items", 5).has("meta.from", 41).has("meta.to", 45).has("meta.next_url", nil)
	b.get("/users?page=9").has("meta.count", 45).has("meta.items", 0).has("meta.pages", 3).has("meta.from", 0).has("meta.to", 0).has("meta.next_url", nil)
	b.get("/users?page=99999999999999999999").has("meta.items", 0)
	b.get("/users?items=7&nonsense=1").has("meta.items", 7).has("meta.pages", 7).has("meta.next_url", "https://parley.example/v1/users?items=7&nonsense=1&page=2")
	b.get("/users?items=1000").has("meta.items", 20).has("meta.pages", 3) // the most
	b.get("/users?items=").has("meta.items", 20)
	b.get("/users?externalId=u7").has("meta.count", 1).has("users.0.id", users[7])
	b.get("/users?externalId=nobody").has("meta.count", 0).has("meta.pages", 1)
	b.get("/transactions?items=1000").has("meta.items", 0)
}

func TestListsChoose(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	anna, account, kyoto, deposit := b.deposit("anna", 5000)
	r.clock.pass(time.Second)
	bo, _, rome, _ := b.deposit("bo", 6000)
	b.patch("/transactions/"+deposit, `{"transaction":{"settledAt":"2026-11-26T00:00:00Z"}}`).is(200)
	gone := b.dream(anna, "gone")
	b.delete("/dreams/" + gone).is(204)
	early := b.post("/messages", `{"message":{"userId":"`+anna+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"},"external":true,"category":"ONBOARDING_ONE"}}`).is(201)
	r.clock.pass(time.Millisecond)
	late := b.post("/messages", `{"message":{"userId":"`+bo+`","translatedTitle":{"sv":"x"},"translatedBody":{"sv":"x"}}}`).is(201).text("message.id")
	b.patch("/messages/"+late, `{"message":{"processedAt":"2026-11-25T12:00:00Z"}}`).is(200)
	for _, is := range []struct {
		path, list string
		count      int
		id         string
	}{
		{"/accounts?userId=" + anna, "accounts", 1, account},
		{"/accounts?externalId=dreams", "accounts", 2, account},
		{"/accounts?externalUserId=anna&externalId=dreams", "accounts", 1, account},
		{"/accounts?externalId=none", "accounts", 0, ""},
		{"/dreams", "dreams", 2, kyoto},
		{"/dreams?state=active", "dreams", 2, kyoto},
		{"/dreams?state=deleted", "dreams", 1, gone},
		{"/dreams?state=all", "dreams", 3, kyoto},
		{"/dreams?userId=" + bo, "dreams", 1, rome},
		{"/dreams?externalUserId=bo", "dreams", 1, rome},
		{"/savehack-launches?dreamId=" + rome, "savehackLaunches", 1, ""},
		{"/savehack-launches?userId=" + anna, "savehackLaunches", 1, ""},
		{"/savehack-launches?externalUserId=bo", "savehackLaunches", 1, ""},
		{"/transactions", "transactions", 2, deposit},
		{"/transactions?state=settled", "transactions", 1, deposit},
		{"/transactions?state=requested", "transactions", 1, ""},
		{"/transactions?state=failed", "transactions", 0, ""},
		{"/transactions?externalUserId=anna", "transactions", 1, deposit},
		{"/transactions?dreamId=" + kyoto, "transactions", 1, deposit},
		{"/messages?external=true", "messages", 1, early.text("message.id")},
		{"/messages?external=false", "messages", 1, late},
		{"/messages?processed=true", "messages", 1, late},
		{"/messages?processed=false", "messages", 1, early.text("message.id")},
		{"/messages?unprocessed=true", "messages", 1, early.text("message.id")},
		{"/messages?category=ONBOARDING_ONE", "messages", 1, early.text("message.id")},
		{"/messages?createdAfter=" + url.QueryEscape(early.text("message.createdAt")), "messages", 1, late}, // strictly later
		{"/messages?createdAfter=2026-11-25T11:00:00%2B02:00", "messages", 1 + 1, early.text("message.id")},
		{"/messages?createdAfter=2026-11-25T11:00:00+02:00", "messages", 1 + 1, early.text("message.id")}, // a plus that nobody escaped
		{"/savehacks?items=3", "savehacks", 14, ""},
	} {
		got := b.get(is.path).is(200).has("meta.count", is.count)
		if is.id != "" {
			got.has(is.list+".0.id", is.id)
		}
	}
	b.get("/dreams?showImageUrl=true&showActiveSavehacks=true").has("dreams.0.activeSavehacksCount", 1)
	if b.get("/dreams").at("dreams.0.activeSavehacksCount") != nil {
		t.Error("activeSavehacksCount was shown, and nobody asked")
	}
	b.get("/dreams/"+gone).is(200).has("dream.id", gone) // one that was deleted is still shown by its id
}

// Whoever follows next_url by after_id sees each requested transaction once while they are being settled; by page they would miss every second.
func TestPagesByKeysetDoNotShiftWhileTransactionsAreSettled(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	const many = 57
	for i := range many {
		b.deposit(fmt.Sprint("u", i), 100+i)
		if i%3 == 0 { // equal times too
			r.clock.pass(time.Second)
		}
	}
	seen := map[string]int{}
	b.follow("/transactions?state=requested&items=10&after_id=", "transactions", func(id string) {
		seen[id]++
		b.patch("/transactions/"+id, `{"transaction":{"settledAt":"2026-11-27T00:00:00Z"}}`).is(200)
	})
	if len(seen) != many {
		t.Errorf("%d of %d were seen", len(seen), many)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was seen %d times", id, n)
		}
	}
	b.get("/transactions?state=requested").has("meta.count", 0)
	// One that was settled meanwhile is still a place to go on from.
	first := b.get("/transactions?state=settled&items=1&after_id=").is(200)
	if first.at("meta.count") != nil || first.at("meta.next_url") == nil {
		t.Errorf("meta with after_id: %s", first.body)
	}
	b.get("/transactions?state=requested&after_id="+first.text("transactions.0.id")).is(200).has("meta.items", 0).has("meta.next_url", nil)
}

// What a person can still cancel, and what has no account yet, is not given to the bank; it is once it is ready.
func TestTheBankIsGivenWhatItCanActOn(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	r.savings.Partners["bank"].CancelFor = time.Hour
	_, account, _ := b.early()
	b.get("/transactions?state=requested").is(200).has("meta.count", 0)
	b.get("/transactions").is(200).has("meta.count", 0)
	r.clock.pass(time.Hour)
	b.get("/transactions?state=requested").is(200).has("meta.count", 1).has("transactions.0.toAccount.id", account)
}

// early is somebody who launched a savehack, whom the bank has given an account.
func (a *asker) early() (user, account, dream string) {
	a.t.Helper()
	user = a.anna("early")
	account, dream = a.account(user, "dreams"), a.dream(user, "x")
	a.launch(dream, 700)
	return user, account, dream
}
