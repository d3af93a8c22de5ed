package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/sandbox"
	"parley/sim"
)

// saves has somebody save 500.00 for a dream with the bank's app, whatever its manner, and returns the dream.
func saves(t *testing.T, s *sandbox.Sandbox, app *sim.BankApp) sim.BankDream {
	t.Helper()
	if _, err := app.Launch(t.Context(), 10*time.Minute, "/marketplace"); err != nil {
		t.Fatal(err)
	}
	dream, err := app.CreateDream(t.Context(), "A boat", 20_000_00)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.LaunchSavehack(t.Context(), dream.ID, "OneTime", map[string]any{"amountCents": 500_00}); err != nil && !sim.Killed(err) {
		t.Fatal(err)
	}
	return dream
}

// settled waits until what was saved has arrived, and fails if anything is amiss.
func settled(t *testing.T, s *sandbox.Sandbox, app *sim.BankApp, partner, dream string) {
	t.Helper()
	var me sim.BankMe
	if err := s.Bank.Until(t.Context(), func() bool {
		var err error
		me, err = app.Me(t.Context())
		return err != nil || me.Dream(dream).BalanceCents == 500_00 && me.Totals.SavedCents == 500_00
	}); err != nil {
		t.Fatal(err)
	}
	c := app.Customer()
	if d := me.Dream(dream); d.BalanceCents != 500_00 || d.PendingCents != 0 || !d.Linked() || me.Totals.SavedCents != 500_00 {
		t.Errorf("%+v of %+v", d, me.Totals)
	}
	if len(c.Accounts) != 1 || c.Accounts[0].Balance != 500_00 || c.Current != 9_500_00 {
		t.Errorf("the bank has %+v", c)
	}
	for _, tx := range s.Bank.Transactions(partner, c.Name) {
		if tx.Booked != 1 {
			t.Errorf("%+v", tx)
		}
	}
	if c := s.Bank.Complaints(); len(c) > 0 {
		t.Errorf("the bank complains: %q", c)
	}
}

func TestHoweverTheBankAndItsAppBehaveThereIsOneAccountAndMoneyMovesOnce(t *testing.T) {
	s := start(t, sandbox.Options{})
	type so struct {
		opening, manner, device, action string
		fault                           sim.Fault
	}
	var all []so
	for i, opening := range []string{"later", "at-once", "twice", "storm"} {
		for j, manner := range []string{"answer", "twice", "late"} {
			all = append(all, so{opening, manner, sim.BankDevices[(i+j)%3], "", ""})
		}
	}
	for _, action := range []string{"users", "open", "settle", "events", "transactions"} {
		for _, fault := range []sim.Fault{sim.Lose, sim.Drop, sim.Twice, sim.Garbage, sim.Broken} {
			if slices.Contains(s.Bank.FaultsOf(action), fault) {
				all = append(all, so{"later", "answer", "ios", action, fault})
			}
		}
	}
	for i, c := range all {
		name := strings.Join([]string{c.opening, c.manner, c.device, c.action, string(c.fault)}, " ")
		t.Run(name, func(t *testing.T) {
			if c.action != "" {
				s.Bank.Faults.Set(c.action, c.fault, 1)
				defer s.Bank.Faults.Clear()
			}
			app, err := s.Bank.App(sandbox.SharedPartner, "person-"+string(rune('a'+i/26))+string(rune('a'+i%26)))
			if err != nil {
				t.Fatal(err)
			}
			app.Opens, app.Manner, app.Device = c.opening, c.manner, c.device
			dream := saves(t, s, app)
			if err := app.SayNow(t.Context()); err != nil {
				t.Fatal(err)
			}
			settled(t, s, app, sandbox.SharedPartner, dream.ID)
		})
	}
}

func TestAPerformanceDreamIsSettledAndValuedAtOnce(t *testing.T) {
	s := start(t, sandbox.Options{})
	app, err := s.Bank.App(sandbox.DreamsPartner, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Launch(t.Context(), time.Minute, ""); err != nil {
		t.Fatal(err)
	}
	dream, err := app.CreatePerformanceDream(t.Context(), "A house", 1_000_000_00)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.LaunchSavehack(t.Context(), dream.ID, "OneTime", map[string]any{"amountCents": 500_00}); err != nil {
		t.Fatal(err)
	}
	settled(t, s, app, sandbox.DreamsPartner, dream.ID)
	if kind := app.Customer().Accounts[0].Type; kind != "Performance" {
		t.Errorf("it is a %s account", kind)
	}
	if err := s.Bank.Revalue(t.Context(), sandbox.DreamsPartner, "anna", dream.ID, 512_50); err != nil {
		t.Error(err)
	}
}

func TestWhatHappensOnTheCurrentAccountFeedsSavehacks(t *testing.T) {
	s := start(t, sandbox.Options{})
	if err := s.Bank.OpenFirst(t.Context(), sandbox.SharedPartner, "anna"); err != nil {
		t.Fatal(err)
	}
	if err := s.Bank.Spend(t.Context(), sandbox.SharedPartner, "anna", "purchase", 42_50); err != nil {
		t.Fatal(err)
	}
	if err := s.Bank.Spend(t.Context(), sandbox.SharedPartner, "anna", "income", 30_000_00); err != nil {
		t.Fatal(err)
	}
	if c := s.Bank.Complaints(); len(c) > 0 {
		t.Error(c)
	}
}

func TestOnlyAGoodTokenOpensTheWebApp(t *testing.T) {
	s := start(t, sandbox.Options{})
	twists := append([]string{""}, sim.BankTwists...)
	for i, twist := range append(twists, "expired", "", "bad-signature") { // few enough that the server goes on listening
		app, err := s.Bank.App(sandbox.SharedPartner, "bjorn")
		if err != nil {
			t.Fatal(err)
		}
		app.Device = sim.BankDevices[i%len(sim.BankDevices)]
		token, err := s.Bank.IDToken(sandbox.SharedPartner, "bjorn", time.Minute, twist)
		if err != nil {
			t.Fatal(err)
		}
		want := http.StatusUnprocessableEntity
		if twist == "" {
			want = http.StatusSeeOther
		}
		if status, _, err := app.LaunchWith(t.Context(), token, ""); err != nil || status != want {
			t.Errorf("%s %q: %d, %v", app.Device, twist, status, err)
		}
	}
	if c := s.Bank.Complaints(); len(c) > 0 {
		t.Error(c)
	}
}

// What the links say is all that a bank needs to know.
func TestTheLinksAreEnoughForABank(t *testing.T) {
	s := start(t, sandbox.Options{})
	raw, err := json.Marshal(s.Links())
	if err != nil {
		t.Fatal(err)
	}
	var l struct {
		Bank    string
		Savings struct {
			API, OpenAPI, App, Webhooks string
			VerifyToken                 string `json:"verify_token"`
			Partners                    []map[string]any
		}
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		t.Fatal(err)
	}
	if l.Bank != s.BankURL+"/" || l.Savings.Webhooks != l.Bank || len(l.Savings.Partners) != 3 {
		t.Fatalf("%s", raw)
	}
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	do := func(method, to, auth, kind, body string, status int) map[string]any {
		t.Helper()
		req, err := http.NewRequest(method, to, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if user, secret, ok := strings.Cut(auth, " "); ok && user != "Bearer" {
			req.SetBasicAuth(user, secret)
		} else if auth != "" {
			req.Header.Set("Authorization", auth)
		}
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != status {
			t.Fatalf("%s: %d, not %d: %s", to, res.StatusCode, status, answer)
		}
		var got map[string]any
		if status == http.StatusOK && json.Unmarshal(answer, &got) != nil {
			t.Fatalf("%s: %s", to, answer)
		}
		return got
	}
	if do("GET", l.Savings.OpenAPI, "", "", "", 200)["openapi"] == nil {
		t.Error("no OpenAPI document")
	}
	for _, p := range l.Savings.Partners {
		get := func(name string) string { s, _ := p[name].(string); return s }
		users, _ := p["users"].([]any)
		if len(users) == 0 || len(do("GET", get("jwks"), "", "", "", 200)["keys"].([]any)) == 0 || get("webhook_secret") == "" {
			t.Fatalf("%v", p)
		}
		token := do("POST", get("id_token_url"), "", "application/json", `{"user":"`+users[0].(string)+`"}`, 200)["id_token"].(string)
		do("POST", l.Savings.VerifyToken, "", "application/json", `{"token":"`+token+`"}`, http.StatusSeeOther)
		me := do("GET", strings.TrimSuffix(l.Savings.App, "/")+"/api/me", "", "", "", 200)
		if me["setup"] != p["setup"] {
			t.Errorf("%v is shown for %v", me["setup"], p["setup"])
		}
		form := url.Values{"grant_type": {"client_credentials"}}.Encode()
		access := do("POST", get("token_endpoint"), get("client_id")+" "+get("client_secret"), "application/x-www-form-urlencoded", form, 200)["access_token"].(string)
		list := do("GET", l.Savings.API+"/users", "Bearer "+access, "", "", 200)["users"].([]any)
		if len(list) != 1 { // each partner has its own
			t.Errorf("%s has %d users", get("id"), len(list))
		}
		do("POST", get("do_url"), "", "application/json", `{"what":"open-first","user":"`+users[0].(string)+`"}`, 200)
	}
}

func TestSomebodysOwnBankIsToldInPlaceOfTheSimulatedOne(t *testing.T) {
	type heard struct {
		path, signature string
		body            []byte
	}
	told := make(chan heard, 100)
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- heard{r.URL.Path, r.Header.Get("webhook-signature"), body}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer own.Close()
	s := start(t, sandbox.Options{BankURL: own.URL})
	for _, story := range s.Stories() {
		if story.Name == "account-provisioning" || story.Name == "acting" {
			t.Errorf("%s needs the simulated bank", story.Name)
		}
	}
	if s.Links().Savings.Webhooks != own.URL+"/" {
		t.Error(s.Links().Savings.Webhooks)
	}
	app, err := s.Bank.App(sandbox.SharedPartner, "anna")
	if err != nil {
		t.Fatal(err)
	}
	saves(t, s, app)
	events, notice := false, false
	for !events || !notice {
		select {
		case h := <-told:
			events = events || h.path == "/sandbox-bank/webhooks/events" && bytes.Contains(h.body, []byte(`"UserCreated"`))
			notice = notice || h.path == "/sandbox-bank/webhooks/transactions"
			if h.signature == "" {
				t.Errorf("%s was not signed", h.path)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("told of events: %v, of transactions: %v", events, notice)
		}
	}
	if heard := s.Bank.Heard(""); len(heard) > 0 {
		t.Errorf("the simulated bank heard %+v", heard)
	}
}
