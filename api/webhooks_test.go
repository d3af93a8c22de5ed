package api_test

import "testing"

func TestABankSeesItsEndpointsAndIsToldAgain(t *testing.T) {
	r := newRig(t)
	a := r.bank()
	got := a.get("/webhooks").is(200)
	got.has("webhooks.0.endpoint", "ledger").has("webhooks.0.behind", 3).has("webhooks.0.lastError", "500").has("webhooks.0.attention", true)
	got.has("webhooks.1.replay.behind", 1).has("meta.count", 2)
	r.as("other").get("/webhooks").is(200).has("meta.count", 0)
	a.post("/webhooks/replay", `{"replay":{"from":"2026-11-25T08:00:03Z"}}`).is(202).has("replay.0.endpoint", "ledger").has("replay.0.events", 4)
	if want := [3]string{"bank", "", "2026-11-25T08:00:03Z"}; r.hooks.asked != want {
		t.Errorf("asked %q", r.hooks.asked)
	}
	a.post("/webhooks/replay", `{"from":"0190","endpoint":"ledger"}`).is(202)
	a.post("/webhooks/replay", `{"from":"1","endpoint":"push"}`).is(409)
	a.post("/webhooks/replay", `{"from":"yesterday"}`).is(400).wrong("replay.from", "must be a time or the id of an event")
	a.post("/webhooks/replay", `{}`).is(400).wrong("replay.from", "can't be blank")
}
