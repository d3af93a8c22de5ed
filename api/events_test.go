package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"parley/savings"
)

// told is what the bank is told of events: each held against the document.
func (r *rig) told(partner string) (events []map[string]any) {
	r.t.Helper()
	kept, err := r.store.EventsAfter(r.t.Context(), partner, 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range kept {
		wire, err := json.Marshal(map[string]any{"id": e.ID, "createdAt": e.At.Format(time.RFC3339Nano), "type": e.Type, "data": json.RawMessage(e.Data)})
		if err != nil {
			r.t.Fatal(err)
		}
		if err := r.validator.Component("Event", wire); err != nil {
			r.t.Errorf("%s is not told as the document says: %v in %s", e.Type, err, wire)
		}
		var data map[string]any
		if err := json.Unmarshal(wire, &data); err != nil {
			r.t.Fatal(err)
		}
		events = append(events, data)
	}
	return events
}

// §1.9c
func TestAllNineteenEventsAreToldAsTheDocumentSays(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user, account, dream, deposit := b.deposit("anna", 600000)
	settle := func(id, how string) {
		b.patch("/transactions/"+id, `{"transaction":{"`+how+`":"2026-11-26T10:00:00Z"}}`).is(200)
	}
	settle(deposit, "settledAt") // past the milestone of 50
	another := b.dream(user, "Rome")
	b.launch(another, 700)
	settle(b.get("/transactions?state=requested").text("transactions.0.id"), "failedAt")
	b.patch("/savehack-launches/"+b.get("/savehack-launches").text("savehackLaunches.0.id"), `{"savehackLaunch":{"type":"OneTime","monthlyCapCents":5}}`).is(200)
	of := savings.Of{User: user}
	for _, how := range []string{"settledAt", "failedAt"} {
		var id string
		r.change("bank", of, func(book *savings.Book) error {
			out, err := book.Withdraw(dream, 100)
			id = out.ID
			return err
		})
		settle(id, how)
	}
	r.change("bank", of, func(book *savings.Book) error {
		_, err := book.Move(dream, another, 100) // on one account it is settled at once
		book.Viewed("/dreams/" + dream)
		return err
	})
	b.post("/transactions", `{"transaction":{"type":"Deposit","externalId":"gift","userId":"`+user+`","amountCents":500000,"toAccountId":"`+account+`","toDreamId":"`+dream+`"}}`).is(201) // reached
	b.patch("/dreams/"+another, `{"dream":{"name":"Roma","imageUrl":"/pictures/rome.jpg"}}`).is(200)
	b.delete("/dreams/" + another).is(204)

	// Between two accounts a move is the bank's to settle, or to fail.
	d := r.as("dreams")
	bo := d.anna("bo")
	var dreams [2]string
	for i, name := range []string{"a", "b"} {
		dreams[i] = d.dream(bo, name)
		d.patch("/dreams/"+dreams[i], `{"dream":{"accountId":"`+d.account(bo, name)+`"}}`).is(200)
	}
	d.launch(dreams[0], 9000)
	d.patch("/transactions/"+d.get("/transactions?state=requested").text("transactions.0.id"), `{"transaction":{"settledAt":"2026-11-26T10:00:00Z"}}`).is(200)
	for _, how := range []string{"settledAt", "failedAt"} {
		var id string
		r.change("dreams", savings.Of{User: bo}, func(book *savings.Book) error {
			moved, err := book.Move(dreams[0], dreams[1], 100)
			id = moved.ID
			return err
		})
		d.patch("/transactions/"+id, `{"transaction":{"`+how+`":"2026-11-26T10:00:00Z"}}`).is(200)
	}
	events := append(r.told("bank"), r.told("dreams")...)
	b.delete("/users/" + user).is(204)
	events = append(events, r.told("bank")...)

	seen := map[any]map[string]any{}
	for _, e := range events {
		if seen[e["type"]] == nil { // before Anna was erased
			seen[e["type"]] = e["data"].(map[string]any)
		}
	}
	for _, kind := range savings.EventTypes {
		if seen[string(kind)] == nil {
			t.Errorf("nobody was told of %s", kind)
		}
	}
	if data := seen["PageView"]; data["path"] != "/dreams/"+dream || data["timestamp"] == nil || data["user"].(map[string]any)["id"] != user {
		t.Errorf("a page view is told as %v", data)
	}
	if data := seen["DreamMilestone"]; data["percent"] != 50.0 || data["dream"].(map[string]any)["id"] != dream {
		t.Errorf("a milestone is told as %v", data)
	}
	if data := seen["DepositFailed"]; data["toDream"].(map[string]any)["name"] == nil || data["failedAt"] == nil {
		t.Errorf("a failed deposit is told as %v", data)
	}
}

// A deposit may be requested before there is an account: then there is no toAccount in its event.
func TestADepositIsToldOfBeforeThereIsAnAccount(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.anna("anna")
	launch := b.launch(b.dream(user, "Kyoto"), 500)
	r.change("bank", savings.Of{User: user}, func(book *savings.Book) error {
		request, ask, err := book.AskProvisioning("session")
		if err == nil && !ask {
			t.Error("the bank app is not asked")
		}
		if err != nil {
			return err
		}
		return book.ProvisioningInitiated(request)
	})
	b.get("/savehack-launches/"+launch).is(200).has("savehackLaunch.state", "active")
	b.get("/transactions").is(200).has("meta.count", 0) // not for the bank to act on yet
	found := false
	for _, e := range r.told("bank") {
		if data := e["data"].(map[string]any); e["type"] == "DepositRequested" {
			if found = true; data["toAccount"] != nil || data["toDream"] == nil {
				t.Errorf("it is told as %v", data)
			}
			b.get("/transactions/"+data["id"].(string)).is(200).has("transaction.state", "requested")
		}
	}
	if !found {
		t.Error("the bank is not told")
	}
	b.account(user, "dreams")
	b.get("/transactions?state=requested").is(200).has("meta.count", 1)
}

func TestTheFeedIsHeardOnce(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.anna("anna")
	b.account(user, "dreams")
	dream := b.dream(user, "Kyoto")
	b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+dream+`","type":"RoundupLaunch","roundToCents":1000}}`).is(201)
	body := `{"feed":[
		{"id":"1","userId":"` + user + `","type":"purchase","amountCents":4350},
		{"id":"2","externalUserId":"anna","type":"purchase","amountCents":100,"occurredAt":"2026-11-25T08:00:00Z"},
		{"id":"1","userId":"` + user + `","type":"purchase","amountCents":4350},
		{"id":"3","userId":"nobody","type":"purchase","amountCents":1},
		{"id":"4","userId":"` + user + `","type":"gift","amountCents":1},
		{"id":"5","userId":"` + user + `","type":"income","amountCents":-1},
		{"type":"income"},
		7]}`
	b.post("/feed", body).is(200).has("feed.0.status", "accepted").has("feed.1.status", "accepted").has("feed.2.status", "known").
		has("feed.3.status", "refused").has("feed.3.errors.0.field", "feed[3].userId").
		has("feed.4.errors.0.field", "feed[4].type").has("feed.5.errors.0.field", "feed[5].amountCents").
		has("feed.6.errors.0.field", "feed[6].id").has("feed.7.errors.0.field", "feed[7]").has("feed.7.id", "")
	b.post("/feed", body).is(200).has("feed.0.status", "known").has("feed.1.status", "known")
	b.post("/feed", `[{"id":"1","userId":"`+user+`","type":"purchase","amountCents":4350},{"id":"9","user":{"externalId":"anna"},"type":"balance","amountCents":-300}]`).is(200).
		has("feed.0.status", "known").has("feed.1.status", "accepted") // a list alone; a balance may be below nothing
	b.post("/feed", `{"feed":[]}`).is(200)
	b.get("/transactions").is(200).has("meta.count", 2)
	b.get("/dreams/"+dream).is(200).has("dream.pendingCents", 650+900)
}

// Launches of every kind of the catalogue take what its schema asks for, flat, and show it so.
func TestLaunchesShowTheirParametersFlat(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	user := b.anna("anna")
	b.account(user, "dreams")
	dream := b.dream(user, "Kyoto")
	first := b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+dream+`","type":"WeeklyLaunch","amountCents":100,"dayOfWeek":4,"nonsense":1}}`).is(201).
		has("savehackLaunch.amountCents", 100).has("savehackLaunch.dayOfWeek", 4).has("savehackLaunch.nonsense", nil).text("savehackLaunch.id")
	b.patch("/savehack-launches/"+first, `{"savehackLaunch":{"type":"WeeklyLaunch","dayOfWeek":2}}`).is(200).has("savehackLaunch.amountCents", 100).has("savehackLaunch.dayOfWeek", 2)
	b.patch("/savehack-launches/"+first, `{"savehackLaunch":{"type":"WeeklyLaunch","dayOfWeek":7}}`).is(400).has("errors.0.field", "savehackLaunch.dayOfWeek")
	b.patch("/savehack-launches/"+first, `{"savehackLaunch":{"type":"WeeklyLaunch","amountCents":null}}`).is(400).has("errors.0.field", "savehackLaunch.amountCents")
	b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+dream+`","type":"WeeklyLaunch"}}`).is(400)
	items := b.get("/savehacks?items=20").is(200)
	want := map[string]string{"OneTime": `"amountCents":1`, "Daily": `"amountCents":1`, "Weekly": `"amountCents":1,"dayOfWeek":0`, "Monthly": `"amountCents":1,"dayOfMonth":31`, "Autopilot": `"x":1`,
		"Thief": `"minAmountCents":1,"maxAmountCents":2`, "Roulette": `"minAmountCents":1,"maxAmountCents":2`, "CalendarChaos": `"amountCents":1,"daysPerMonth":2`, "Moonstruck": `"amountCents":1,"newMoon":true`,
		"Rocket": `"amountCents":1,"stepCents":1`, "Everest": `"amountCents":1,"stepCents":1,"maxAmountCents":9`, "Percentage": `"percentage":2.5,"of":"income"`, "Roundup": `"roundToCents":100`,
		"Copycat": `"launchId":"` + first + `"`}
	for _, each := range items.at("savehacks").([]any) {
		item := each.(map[string]any)
		params := want[item["type"].(string)]
		if params == "" {
			t.Errorf("%s is not tried here", item["type"])
			continue
		}
		made := b.post("/savehack-launches", `{"savehackLaunch":{"dreamId":"`+dream+`","savehackId":"`+item["id"].(string)+`",`+params+`}}`).is(201)
		var shown map[string]any
		if err := json.Unmarshal([]byte(`{`+params+`}`), &shown); err != nil {
			t.Fatal(err)
		}
		for name, value := range shown {
			if name != "x" {
				made.has("savehackLaunch."+name, value)
			}
		}
		made.has("savehackLaunch.type", item["launchType"])
		id := made.text("savehackLaunch.id")
		b.patch("/savehack-launches/"+id, `{"savehackLaunch":{"type":"`+item["launchType"].(string)+`","pausedAt":"2026-11-25T09:00:00Z"}}`).is(200)
		b.patch("/savehack-launches/"+id, `{"savehackLaunch":{"type":"`+item["launchType"].(string)+`","pausedAt":null}}`).is(200).has("savehackLaunch.pausedAt", nil)
		b.patch("/savehack-launches/"+id, `{"savehackLaunch":{"type":"`+item["launchType"].(string)+`","stoppedAt":"2026-11-25T09:00:00Z"}}`).is(200).has("savehackLaunch.state", "stopped")
	}
}
