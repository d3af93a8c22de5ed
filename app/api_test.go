package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/app"
	"parley/savings"
)

func TestTheLazyJourneyFromDreamToCelebration(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	dream, launch := p.saves("Kajak", 500000, 2500)
	if launch.text("savehackLaunch.state") != "waiting" || launch.kinds() != "onAccountProvisionRequested" {
		t.Fatalf("launched %v", launch)
	}
	request := launch.text("ask.0.message.requestId")
	if again := p.does("GET", "/me", nil, 200); again.text("ask.0.message.requestId") != request {
		t.Errorf("the same session asks again with %v", again.at("ask"))
	}
	if other := r.signedIn("one", "anna").does("GET", "/me", nil, 200); other.kinds() != "" {
		t.Errorf("another window asks at once: %v", other.at("ask"))
	}
	if other := r.signedIn("one", "anna").does("POST", "/ask", object{}, 200); other.text("ask.0.message.requestId") != request {
		t.Errorf("whose person wants it asks %v, not again for %s", other.at("ask"), request)
	}
	for _, event := range []string{"accountProvisioned", "accountProvisionInitiated"} { // either name, any number of times
		p.does("POST", "/bridge", object{"event": event, "message": object{"requestId": request}}, 200)
	}
	if n := len(p.does("GET", "/launches?dreamId="+dream.text("dream.id"), nil, 200).list("savehackLaunches")); n != 1 {
		t.Errorf("%d launches", n)
	}
	if s := p.does("GET", "/launches", nil, 200).text("savehackLaunches.0.state"); s != "active" {
		t.Errorf("the launch is %s", s)
	}
	if me := p.does("GET", "/me", nil, 200); me.kinds() != "" || me.text("user.provisioningInitiatedAt") == "" {
		t.Errorf("me is %v", me)
	}
	r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
		_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "a"})
		return err
	})
	if me := p.does("GET", "/me", nil, 200); me.text("dreams.0.account.externalId") != "a" || me.text("dreams.0.name") != "Kajak" {
		t.Errorf("the dream is %v", me.at("dreams.0"))
	}
}

func TestMoneyOnItsWayIsShownAndCanBeCancelled(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	dream := p.does("POST", "/dreams", object{"dream": object{"name": "Kajak", "targetCents": 500000, "expiresAt": "2027-06-01T00:00:00Z"}}, 201)
	if dream.text("dream.expiresAt") != "2027-06-01" {
		t.Errorf("the dream is %v", dream)
	}
	launch := p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": dream.text("dream.id"), "type": "OneTimeLaunch", "amountCents": 12345}}, 201)
	p.does("POST", "/bridge", object{"event": "accountProvisioned", "message": object{"requestId": launch.text("ask.0.message.requestId")}}, 200)
	me := p.does("GET", "/me", nil, 200)
	if me.cents("totals.pendingCents") != 12345 || me.cents("totals.savedCents") != 0 || me.cents("dreams.0.pendingCents") != 12345 {
		t.Errorf("totals %v, dream %v", me.at("totals"), me.at("dreams.0"))
	}
	list := p.does("GET", "/transactions?state=requested&dreamId="+dream.text("dream.id"), nil, 200)
	id := list.text("transactions.0.id")
	if id == "" || list.at("transactions.0.cancellable") != true || list.text("transactions.0.cancellableUntil") == "" || list.cents("meta.count") != 1 {
		t.Fatalf("transactions %v", list)
	}
	if o := p.does("POST", "/transactions/"+id+"/cancel", object{}, 200); o.text("transaction.state") != "failed" || o.text("transaction.failureReason") != "cancelled" {
		t.Errorf("cancelled: %v", o)
	}
	if me := p.does("GET", "/me", nil, 200); me.cents("totals.pendingCents") != 0 {
		t.Errorf("totals %v", me.at("totals"))
	}
	p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": dream.text("dream.id"), "type": "OneTimeLaunch", "amountCents": 100}}, 201)
	r.clock.move(time.Hour)
	p = r.signedIn("one", "anna")
	list = p.does("GET", "/transactions?state=requested", nil, 200)
	if id = list.text("transactions.0.id"); list.at("transactions.0.cancellable") != true {
		t.Errorf("without an account the bank has not been given it: %v", list)
	}
	r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
		_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings})
		return err
	})
	if a := p.api("POST", "/transactions/"+id+"/cancel", object{}); a.StatusCode != http.StatusConflict || !strings.Contains(a.body, `"detail":"`) {
		t.Errorf("too late: %d %s", a.StatusCode, a.body)
	}
	if o := p.does("GET", "/transactions?state=requested", nil, 200); o.at("transactions.0.cancellable") != nil || o.at("transactions.0.cancellableUntil") != nil {
		t.Errorf("too late, and it says %v", o)
	}
	if a := p.api("GET", "/transactions?state=lost", nil); a.StatusCode != 400 || !strings.Contains(a.body, `"field":"state"`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// settled gives a person an account, and a dream with so much in it.
func (p *phone) settled(bank, sub, name string, cents savings.Cents) (dream string) {
	p.t.Helper()
	dream = p.does("POST", "/dreams", object{"dream": object{"name": name, "targetCents": 10 * cents}}, 201).text("dream.id")
	p.change(bank, savings.Of{ExternalUser: sub}, func(b *savings.Book) error {
		a, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "a"})
		if err != nil {
			return err
		}
		_, _, err = b.Reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: "x" + dream, Amount: cents, ToAccount: a.ID, ToDream: dream})
		return err
	})
	return dream
}

func TestMoneyIsMovedAndWithdrawn(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	kayak := p.settled("one", "anna", "Kajak", 10000)
	trip := p.does("POST", "/dreams", object{"dream": object{"name": "Resa", "targetCents": 20000}}, 201).text("dream.id")
	if o := p.does("POST", "/moves", object{"fromDreamId": kayak, "toDreamId": trip, "amountCents": 4000}, 201); o.text("transaction.state") != "settled" {
		t.Errorf("moved %v", o)
	}
	if o := p.does("POST", "/withdrawals", object{"dreamId": kayak, "amountCents": 1000}, 201); o.text("transaction.type") != "Withdrawal" || o.text("transaction.state") != "requested" {
		t.Errorf("withdrew %v", o)
	}
	if o := p.does("POST", "/moves", object{"fromDreamId": trip, "amountCents": 500}, 201); o.text("transaction.type") != "Internal" {
		t.Errorf("out of a dream: %v", o)
	}
	me := p.does("GET", "/me", nil, 200)
	if me.cents("totals.savedCents") != 10000 || me.cents("totals.residualCents") != 500 {
		t.Errorf("totals %v", me.at("totals"))
	}
	for body, field := range map[string]string{
		fmt.Sprintf(`{"dreamId":%q,"amountCents":99999}`, kayak): "amountCents",
		fmt.Sprintf(`{"dreamId":%q,"amountCents":0}`, kayak):     "amountCents",
		fmt.Sprintf(`{"dreamId":%q,"amountCents":-5}`, kayak):    "amountCents",
		fmt.Sprintf(`{"dreamId":%q,"amountCents":1.5}`, kayak):   "amountCents",
		fmt.Sprintf(`{"dreamId":%q,"amountCents":"5"}`, kayak):   "amountCents",
		`[]`: "body",
		``:   "body",
		`{`:  "body",
	} {
		if a := p.api("POST", "/withdrawals", body); a.StatusCode != 400 || !strings.Contains(a.body, field+`","errors":["`) {
			t.Errorf("%s is answered %d %s", body, a.StatusCode, a.body)
		}
	}
}

func TestDreamsAreChangedAndGivenUp(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	id := p.settled("one", "anna", "Kajak", 10000)
	if o := p.does("PATCH", "/dreams/"+id, object{"dream": object{"name": "  Segelbåt ", "targetCents": 900000, "expiresAt": ""}}, 200); o.text("dream.name") != "Segelbåt" || o.cents("dream.targetCents") != 900000 {
		t.Errorf("changed to %v", o)
	}
	p.does("PATCH", "/dreams/"+id, object{"name": "Segel"}, 200) // without its wrapper too
	if o := p.does("GET", "/dreams/"+id, nil, 200); o.text("dream.name") != "Segel" {
		t.Errorf("it is %v", o)
	}
	if o := p.does("PATCH", "/dreams/"+id, object{"dream": object{"accountId": "x", "balanceCents": 5}}, 200); o.cents("dream.balanceCents") != 10000 {
		t.Errorf("a person links or fills a dream: %v", o)
	}
	for body, field := range map[string]string{
		`{"dream":{"targetCents":-1}}`:               "dream.targetCents",
		`{"dream":{"targetCents":"much"}}`:           "dream.targetCents",
		`{"dream":{"expiresAt":"soon"}}`:             "dream.expiresAt",
		`{"dream":{"imageUrl":"javascript:alert"}}`:  "dream.imageUrl",
		`{"dream":{"name":5}}`:                       "dream.name",
		`{"dream":"x"}`:                              "body",
		`{"dream":{"groupDreamId":["x"],"name":""}}`: "dream.groupDreamId",
	} {
		if a := p.api("PATCH", "/dreams/"+id, body); a.StatusCode != 400 || !strings.Contains(a.body, `"field":"`+field+`"`) {
			t.Errorf("%s is answered %d %s", body, a.StatusCode, a.body)
		}
	}
	if a := p.api("DELETE", "/dreams/"+id+"?withdraw=maybe", nil); a.StatusCode != 400 {
		t.Errorf("withdraw=maybe is answered %d", a.StatusCode)
	}
	if o := p.does("DELETE", "/dreams/"+id+"?withdraw=true", nil, 200); o.text("dream.deletedAt") == "" {
		t.Errorf("given up: %v", o)
	}
	if list := p.does("GET", "/transactions?state=requested", nil, 200); list.text("transactions.0.type") != "Withdrawal" || list.cents("transactions.0.amountCents") != 10000 {
		t.Errorf("what was saved is not paid out: %v", list)
	}
	if me := p.does("GET", "/me", nil, 200); len(me.list("dreams")) != 0 {
		t.Errorf("it is shown still: %v", me.at("dreams"))
	}
}

func TestLaunchesPauseResumeChangeAndStop(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	id := p.settled("one", "anna", "Kajak", 10000)
	l := p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": id, "type": "WeeklyLaunch", "amountCents": 100, "dayOfWeek": 1, "monthlyCapCents": 1000}}, 201)
	if l.text("savehackLaunch.state") != "active" || l.cents("savehackLaunch.amountCents") != 100 || l.cents("savehackLaunch.monthlyCapCents") != 1000 {
		t.Fatalf("launched %v", l)
	}
	at := "/launches/" + l.text("savehackLaunch.id")
	step := func(change object, path string, want any) {
		t.Helper()
		if o := p.does("PATCH", at, object{"savehackLaunch": change}, 200); o.at("savehackLaunch."+path) != want {
			t.Errorf("%v makes %s %v", change, path, o.at("savehackLaunch."+path))
		}
	}
	step(object{"amountCents": 250}, "amountCents", 250.0)
	step(object{"type": "WeeklyLaunch", "stopAtGoal": false}, "stopAtGoal", false)
	step(object{"dayOfWeek": 5}, "amountCents", 250.0) // the other parameters stay
	step(object{"id": l.text("savehackLaunch.id"), "monthlyCapCents": nil}, "monthlyCapCents", nil)
	step(object{"pausedAt": "2026-11-25T09:00:00Z"}, "state", "paused")
	step(object{"pausedAt": nil}, "state", "active")
	step(object{"stoppedAt": "2026-11-25T09:00:00Z"}, "state", "stopped")
	for body, field := range map[string]string{
		`{"savehackLaunch":{"type":"DailyLaunch","amountCents":5}}`:                                   "",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":"DailyLaunch"}}`:                            "savehackLaunch.amountCents",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":"DailyLaunch","amountCents":0}}`:            "savehackLaunch.amountCents",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":"Nothing"}}`:                                "savehackLaunch.type",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":7,"stopAtGoal":"x"}}`:                       "savehackLaunch.type",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":"DailyLaunch","monthlyCapCents":"x"}}`:      "savehackLaunch.monthlyCapCents",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":"DailyLaunch","pausedAt":"now"}}`:           "savehackLaunch.pausedAt",
		`{"savehackLaunch":{"dreamId":"` + id + `","type":"DailyLaunch","amountCents":5,"what":"x"}}`: "savehackLaunch.what",
	} {
		a := p.api("POST", "/launches", body)
		if field == "" && a.StatusCode != 404 || field != "" && (a.StatusCode != 400 || !strings.Contains(a.body, `"field":"`+field+`"`)) {
			t.Errorf("%s is answered %d %s", body, a.StatusCode, a.body)
		}
	}
}

func TestSavehacksAndForecasts(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	id := p.settled("one", "anna", "Kajak", 10000) // of 100000
	list := p.does("GET", "/savehacks", nil, 200).list("savehacks")
	if len(list) < 10 {
		t.Fatalf("%d savehacks", len(list))
	}
	for _, s := range list {
		k := object(s.(map[string]any))
		if k.text("name") == "" || k.text("id") == "" || k.at("schema.type") != "object" || k.text("type") != k.text("kind")+"Launch" {
			t.Errorf("savehack %v", k)
		}
	}
	f := p.does("POST", "/forecast", object{"dreamId": id, "savehackLaunches": []any{object{"type": "DailyLaunch", "amountCents": 1000}}}, 200)
	if f.text("forecast.reachedOn") == "" || f.cents("forecast.weeklyCents") == 0 || f.text("forecast.nextOn") != "2026-11-26" {
		t.Errorf("forecast %v", f)
	}
	if n := r.count(`SELECT COUNT(*) FROM savings_launch`); n != 0 {
		t.Error("a forecast launches")
	}
	if a := p.api("POST", "/forecast", object{"dreamId": id, "savehackLaunches": []any{object{"type": "DailyLaunch"}}}); a.StatusCode != 400 {
		t.Errorf("a forecast of nonsense is %d %s", a.StatusCode, a.body)
	}
}

func TestLimitsMessagesAndViews(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	p.does("PUT", "/limits", object{"limits": object{"monthlyCapCents": 50000, "minimumBalanceCents": 100000}}, 200)
	if o := p.does("GET", "/limits", nil, 200); o.cents("limits.monthlyCapCents") != 50000 || o.cents("limits.minimumBalanceCents") != 100000 {
		t.Errorf("limits %v", o)
	}
	p.does("PUT", "/limits", object{"monthlyCapCents": 1}, 200)
	if me := p.does("GET", "/me", nil, 200); me.cents("limits.monthlyCapCents") != 1 || me.cents("limits.minimumBalanceCents") != 0 {
		t.Errorf("limits %v", me.at("limits"))
	}
	if a := p.api("PUT", "/limits", object{"limits": object{"monthlyCapCents": -1}}); a.StatusCode != 400 || !strings.Contains(a.body, "limits.monthlyCapCents") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
		words := map[string]string{"sv-SE": "Hej <b>"}
		if _, err := b.Nudge(savings.Message{Category: "ONBOARDING_ONE", External: true, Title: words, Body: words}); err != nil {
			return err
		}
		_, err := b.Nudge(savings.Message{Category: "ONBOARDING_TWO", Title: words, Body: words, CTA: "/marketplace"})
		return err
	})
	list := p.does("GET", "/messages", nil, 200)
	if len(list.list("messages")) != 1 || list.text("messages.0.translatedTitle.sv-SE") != "Hej <b>" {
		t.Fatalf("messages %v", list)
	}
	if me := p.does("GET", "/me", nil, 200); me.cents("unreadMessages") != 1 {
		t.Errorf("unread %v", me.at("unreadMessages"))
	}
	for range 2 {
		if o := p.does("POST", "/messages/"+list.text("messages.0.id")+"/seen", object{}, 200); o.text("message.readAt") == "" {
			t.Errorf("seen %v", o)
		}
	}
	if me := p.does("GET", "/me", nil, 200); me.cents("unreadMessages") != 0 {
		t.Errorf("unread %v", me.at("unreadMessages"))
	}
	p.does("POST", "/views", object{"path": "/dreams/1"}, 204)
	if n := r.count(`SELECT COUNT(*) FROM savings_event WHERE type = 'PageView'`); n != 1 {
		t.Errorf("%d views", n)
	}
	for _, path := range []string{"", "dreams", "/a\x00", "/" + strings.Repeat("x", 600)} {
		if a := p.api("POST", "/views", object{"path": path}); a.StatusCode != 400 {
			t.Errorf("a view of %.20q is answered %d", path, a.StatusCode)
		}
	}
}

func TestOthersThingsAreNotThere(t *testing.T) {
	r := newRig(t)
	anna := r.signedIn("one", "anna")
	dream := anna.settled("one", "anna", "Kajak", 10000)
	launch := anna.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": dream, "type": "OneTimeLaunch", "amountCents": 100}}, 201).text("savehackLaunch.id")
	txn := anna.does("GET", "/transactions?state=requested", nil, 200).text("transactions.0.id")
	r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
		_, err := b.Nudge(savings.Message{Title: map[string]string{"en": "x"}, Body: map[string]string{"en": "x"}})
		return err
	})
	message := anna.does("GET", "/messages", nil, 200).text("messages.0.id")
	for who, p := range map[string]*phone{"another person": r.signedIn("one", "bo"), "another bank's anna": r.signedIn("two", "anna")} {
		for _, c := range []struct {
			method, path string
			body         any
		}{
			{"GET", "/dreams/" + dream, nil},
			{"PATCH", "/dreams/" + dream, object{"name": "mine"}},
			{"DELETE", "/dreams/" + dream, nil},
			{"POST", "/launches", object{"dreamId": dream, "type": "DailyLaunch", "amountCents": 5}},
			{"PATCH", "/launches/" + launch, object{"stoppedAt": "2026-11-25T09:00:00Z"}},
			{"POST", "/forecast", object{"dreamId": dream}},
			{"POST", "/transactions/" + txn + "/cancel", object{}},
			{"POST", "/withdrawals", object{"dreamId": dream, "amountCents": 5}},
			{"POST", "/moves", object{"fromDreamId": dream, "amountCents": 5}},
			{"POST", "/messages/" + message + "/seen", object{}},
			{"GET", "/dreams/nothing", nil},
		} {
			if a := p.api(c.method, c.path, c.body); a.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s %s is answered %d: %s", who, c.method, c.path, a.StatusCode, a.body)
			}
		}
		for _, path := range []string{"/transactions", "/transactions?dreamId=" + dream, "/launches?dreamId=" + dream, "/messages"} {
			if o := p.does("GET", path, nil, 200); o.cents("meta.count") != 0 {
				t.Errorf("%s reads %s: %v", who, path, o)
			}
		}
		if page := p.get("/app/dreams/" + dream); page.StatusCode != 200 || strings.Contains(page.body, "Kajak") {
			t.Errorf("%s sees the dream: %d", who, page.StatusCode)
		}
	}
	if o := anna.does("GET", "/dreams/"+dream, nil, 200); o.text("dream.name") != "Kajak" || o.text("dream.deletedAt") != "" {
		t.Errorf("the dream is %v", o)
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	body := object{"dream": object{"name": "Forged", "targetCents": 1}}
	for name, headers := range map[string][]string{
		"another origin":              {"Origin", "https://evil.example"},
		"the bank's origin":           {"Origin", "https://bank.example"},
		"no origin":                   {"Origin", ""},
		"origin null":                 {"Origin", "null"},
		"our origin, then some":       {"Origin", p.URL + ".evil.example"},
		"a form":                      {"Content-Type", "application/x-www-form-urlencoded"},
		"plain text":                  {"Content-Type", "text/plain"},
		"no type":                     {"Content-Type", ""},
		"a type that only looks like": {"Content-Type", "text/plain; application/json"},
		"another origin, our header":  {"Origin", "https://evil.example", "X-Parley-App", "1"},
		"no origin, another header":   {"Origin", "", "X-Parley-App", "0"},
	} {
		a := p.api("POST", "/dreams", body, headers...)
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s: answered %d", name, a.StatusCode)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: CORS", name)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM savings_dream`); n != 0 {
		t.Errorf("%d dreams", n)
	}
	if a := p.api("OPTIONS", "/dreams", nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "POST"); a.StatusCode < 400 || a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a preflight is answered %d %v", a.StatusCode, a.Header)
	}
	if a := p.api("POST", "/dreams", body, "Origin", "", "X-Parley-App", "1"); a.StatusCode != 201 {
		t.Errorf("no origin with our header: %d", a.StatusCode)
	}
	if a := r.phone().api("POST", "/dreams", body); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d", a.StatusCode)
	}
	big := object{"dream": object{"name": strings.Repeat("x", 70<<10)}}
	if a := p.api("POST", "/dreams", big); a.StatusCode != 400 || !strings.Contains(a.body, "too large") {
		t.Errorf("a body without end: %d %s", a.StatusCode, a.body)
	}
	if a := p.api("GET", "/nothing", nil); a.StatusCode != 404 {
		t.Errorf("nothing: %d", a.StatusCode)
	}
	if a := p.api("DELETE", "/limits", nil); a.StatusCode != 405 || a.Header.Get("Allow") != "GET, PUT" {
		t.Errorf("another method: %d, %q", a.StatusCode, a.Header.Get("Allow"))
	}
}

func TestNamesAreOnlyText(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	evil := `<img src=x onerror=alert(1)>"'&`
	id := p.settled("one", "anna", evil, 100)
	for _, path := range []string{"/app/", "/app/dreams/" + id} {
		page := p.get(path)
		if strings.Contains(page.body, "<img src=x") || booted(t, page.body).Me.Dreams[0].Name != evil {
			t.Errorf("%s has it as it is: %s", path, page.body)
		}
		policy := page.Header.Get("Content-Security-Policy")
		if n := strings.Count(page.body, "<script"); n != 2 || !strings.Contains(policy, "script-src 'self';") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s has %d scripts under %s", path, n, policy)
		}
	}
	if a := p.api("GET", "/me", nil); a.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || a.Header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("headers %v", a.Header)
	}
}

// booted is what a page gives the web app to begin with.
func booted(t *testing.T, page string) (b struct {
	Lang         string
	Words        map[string]string
	FrameOrigins []string
	Name         string
	Me           app.Me
	Content      app.Content
}) {
	t.Helper()
	_, raw, _ := strings.Cut(page, `<script type="application/json" id="boot">`)
	raw, _, _ = strings.Cut(raw, "</script>")
	if err := json.Unmarshal([]byte(raw), &b); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return b
}

func TestThePageHasEverythingThatIsShownFirst(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	page := p.get("/app/")
	b := booted(t, page.body)
	if page.StatusCode != 200 || !strings.Contains(page.body, `<html lang="sv">`) || b.Lang != "sv-SE" || b.Words["sv"] == "" || b.Words["en"] == "" || b.Me.Currency != "SEK" || b.Me.Decimals != 2 || len(b.Me.Dreams) != 0 || len(b.Content.Inspirations) == 0 ||
		!slices.Equal(b.FrameOrigins, []string{"https://bank.example"}) {
		t.Errorf("%d %s", page.StatusCode, page.body)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors https://bank.example;") || !strings.Contains(policy, "img-src 'self' https://bank.example;") || page.Header.Get("X-Frame-Options") != "" {
		t.Errorf("the policy is %s", policy)
	}
	id := p.settled("one", "anna", "Kajak", 123456)
	p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": id, "type": "DailyLaunch", "amountCents": 5000}}, 201)
	for _, path := range []string{"/app/", "/app/dreams", "/app/what/ever", "/app/dreams/" + id + "/marketplace"} {
		page := p.get(path)
		if b := booted(t, page.body); page.StatusCode != 200 || len(b.Me.Dreams) != 1 || b.Me.Dreams[0].BalanceCents != 123456 || b.Me.Dreams[0].NextOn != "2026-11-26" {
			t.Errorf("%s is %d %s", path, page.StatusCode, page.body)
		}
	}
	en := r.phone()
	en.launch(r.bank.token("anna"), "locale", "en", "theme", "dark")
	if page := en.get("/app/"); !strings.Contains(page.body, `<html lang="en" data-theme="dark">`) || booted(t, page.body).Content.Savehacks[0].Name != "Once" {
		t.Errorf("in English it is %s", page.body)
	}
	if a := p.get("/app"); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != r.URL+"/app/" {
		t.Errorf("/app is %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := p.api("GET", "/content", nil); a.StatusCode != 200 || a.Header.Get("ETag") == "" {
		t.Errorf("the content is %d, tag %q", a.StatusCode, a.Header.Get("ETag"))
	}
	for _, picture := range []string{b.Content.Inspirations[0].Picture.URL, b.Content.Savehacks[0].Picture.URL, b.Content.Pictures["empty"]} {
		if a := r.phone().get(picture); a.StatusCode != 200 || a.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s is %d %s", picture, a.StatusCode, a.Header.Get("Content-Type"))
		}
	}
	if a := p.get("/app/content/x/none.svg"); a.StatusCode != 404 {
		t.Errorf("no picture is %d", a.StatusCode)
	}
}

func TestADreamIsMadeFromAnInspiration(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	made := p.does("POST", "/dreams", object{"dream": object{"name": "Rom", "targetCents": 100, "dreamInspirationId": "journey"}}, 201)
	if !strings.HasPrefix(made.text("dream.imageUrl"), "/app/content/") || made.text("dream.dreamInspiration.translatedName.sv") != "En resa" {
		t.Errorf("it is %v", made)
	}
	if a := p.api("POST", "/dreams", object{"dream": object{"name": "Rom", "targetCents": 100, "dreamInspirationId": "nowhere"}}); a.StatusCode != 400 || !strings.Contains(a.body, "dream.dreamInspirationId") {
		t.Errorf("one that is not there is %d %s", a.StatusCode, a.body)
	}
}
