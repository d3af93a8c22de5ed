package sim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheBankTellsOfOneAccountHoweverItTellsOfIt(t *testing.T) {
	for _, how := range []string{"later", "at-once", "twice", "storm"} {
		for _, fault := range []Fault{Behave, Drop, Lose, Twice, Garbage} {
			b, s, _ := bankServe(t, BankOptions{})
			s.user(must(b.Customer("test", "anna")).Subject)
			b.Faults.Set("open", fault, 1)
			if err := b.Provision(t.Context(), "test", "anna", "", how); err != nil {
				t.Fatal(err)
			}
			posts := map[string]int{"twice": 2, "storm": bankStorm}[how]
			if err := b.Until(t.Context(), func() bool { return b.HasAccount("test", "anna", "") && len(b.Calls("open")) >= posts }); err != nil {
				t.Fatal(err)
			}
			b.Close()
			if n := s.count(func() int { return len(s.accounts) }); n != 1 {
				t.Errorf("%s, %s: %d accounts", how, fault, n)
			}
			bankNoComplaints(t, b)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestABankThatNeverOpensTellsOfNoAccount(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{})
	b.Faults.Set("open", Refuse, 1)
	for _, how := range []string{"later", "never"} { // the first is refused
		if err := b.Provision(t.Context(), "test", "anna", "", how); err != nil {
			t.Fatal(err)
		}
	}
	if b.Provision(t.Context(), "test", "anna", "", "by-magic") == nil || b.Provision(t.Context(), "test", "Anna Lind", "", "later") == nil {
		t.Error("a way that there is none of, or a name that is none")
	}
	b.Close()
	if len(s.accounts) != 0 || len(b.Calls()) != 0 {
		t.Error(s.accounts, b.Calls())
	}
}

func TestAnAccountForADreamIsLinkedToIt(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{}, func(p *BankProgramme) { p.AccountPerDream = true })
	if err := b.OpenFirst(t.Context(), "test", "anna"); err != nil {
		t.Fatal(err)
	}
	b.Faults.Set("link", Lose, 1)
	if err := b.ProvisionPerformance(t.Context(), "test", "anna", "dream-1", "at-once"); err != nil {
		t.Fatal(err)
	}
	if len(s.accounts) != 2 || s.accounts[1]["type"] != "Performance" || s.dreams["dream-1"]["accountId"] != s.accounts[1]["id"] {
		t.Errorf("%v %v", s.accounts, s.dreams)
	}
	bankNoComplaints(t, b)
}

func TestTheBankMovesMoneyOnceHoweverOftenItIsAskedAndUnheard(t *testing.T) {
	for _, fault := range []Fault{Behave, Drop, Lose, Twice, Garbage} {
		b, s, url := bankServe(t, BankOptions{Money: 100_00})
		anna := must(b.Customer("test", "anna"))
		if err := b.OpenFirst(t.Context(), "test", "anna"); err != nil {
			t.Fatal(err)
		}
		account := map[string]any{"toAccount": map[string]any{"type": "SharedSavings", "id": s.accounts[0]["id"]}}
		for i := range 5 {
			s.request(fmt.Sprint("t-", i), "Deposit", anna.Subject, 30_00, account)
		}
		s.request("t-5", "Withdrawal", anna.Subject, 10_00, map[string]any{"fromAccount": account["toAccount"]})
		b.Faults.Set("settle", fault, 6)
		if status := bankSay(t, url+"/test/webhooks/transactions", "n-1", `{"count":6}`, bankTestSecret); status != 204 {
			t.Fatal(status)
		}
		if err := b.Until(t.Context(), func() bool {
			all := b.Transactions("test", "")
			return len(all) == 6 && !slices.ContainsFunc(all, func(t BankTx) bool { return !t.Told })
		}); err != nil {
			t.Fatal(err)
		}
		settled, failed := 0, 0
		for _, tx := range b.Transactions("test", "anna") {
			if tx.Booked > 1 {
				t.Errorf("%s: %+v", fault, tx)
			}
			if tx.State == "settled" {
				settled++
			} else {
				failed++
			}
		}
		if settled != 4 || failed != 2 || must(b.Customer("test", "anna")).Current != 20_00 || must(b.Customer("test", "anna")).Accounts[0].Balance != 80_00 {
			t.Errorf("%s: %d settled, %d failed: %+v", fault, settled, failed, must(b.Customer("test", "anna")))
		}
		bankNoComplaints(t, b)
	}
}

func TestAnInvestmentIsSettledAndValuedInOneBreath(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{}, func(p *BankProgramme) { p.AccountPerDream = true })
	anna := must(b.Customer("test", "anna"))
	if err := b.OpenFirst(t.Context(), "test", "anna"); err != nil {
		t.Fatal(err)
	}
	if err := b.ProvisionPerformance(t.Context(), "test", "anna", "d", "at-once"); err != nil {
		t.Fatal(err)
	}
	s.request("t-1", "Deposit", anna.Subject, 200_00, map[string]any{"toAccount": map[string]any{"id": s.accounts[1]["id"]}})
	if err := b.Act(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	deep := s.patched[0]
	worth := deep["accounts"].([]any)[0].(map[string]any)
	if worth["balanceCents"] != 20000.0 || worth["totalAcquisitionCostCents"] != 20000.0 || deep["transactions"].([]any)[0].(map[string]any)["settledAt"] == nil {
		t.Errorf("%v", deep)
	}
	if err := b.Revalue(t.Context(), "test", "anna", "d", 230_00); err != nil {
		t.Fatal(err)
	}
	if last := s.patched[1]; last["performanceCents"] != 3000.0 || last["performancePercent"] != 15.0 {
		t.Errorf("%v", last)
	}
	if b.Revalue(t.Context(), "test", "anna", "", 1) == nil {
		t.Error("a savings account was valued")
	}
	bankNoComplaints(t, b)
}

func TestTheBankComplainsOfWhatItMustNotBeAsked(t *testing.T) {
	for name, c := range map[string]struct {
		kind  string
		cents int
		more  map[string]any
	}{
		"without an account":          {"Deposit", 100, nil},
		"is none of the bank's":       {"Deposit", 100, map[string]any{"toAccount": map[string]any{"id": "x"}}},
		"of an amount that is none":   {"Deposit", 0, nil},
		"a type that there is none":   {"Gift", 100, nil},
		"somebody else's account":     {"Withdrawal", 100, map[string]any{"fromAccount": nil}},
		"of nobody who banks here":    {"Deposit", 100, map[string]any{"user": map[string]any{"externalId": "x"}}},
		"requestedAt is no time":      {"Deposit", 100, map[string]any{"requestedAt": "today"}},
		"is listed as requested afte": {"Deposit", 100, map[string]any{}},
	} {
		b, s, _ := bankServe(t, BankOptions{})
		anna := must(b.Customer("test", "anna"))
		for _, who := range []string{"anna", "bjorn"} {
			if err := b.OpenFirst(t.Context(), "test", who); err != nil {
				t.Fatal(err)
			}
		}
		if c.more["fromAccount"] == nil && c.kind == "Withdrawal" {
			c.more["fromAccount"] = map[string]any{"id": s.accounts[1]["id"]}
		}
		if strings.HasPrefix(name, "is listed") {
			c.more["toAccount"] = map[string]any{"id": s.accounts[0]["id"]}
		}
		s.request("t-1", c.kind, anna.Subject, c.cents, c.more)
		for range 2 {
			if err := b.Act(t.Context(), "test"); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			s.again = true
			s.mu.Unlock()
		}
		bankComplains(t, b, strings.TrimPrefix(strings.TrimPrefix(name, "is "), "listed "))
		if n := len(b.Ledger("test", "anna")); n > 3 {
			t.Errorf("%s: %d lines in the ledger", name, n)
		}
	}
}

func TestTheBankComplainsOfTwoAccountsWithOneExternalID(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{})
	if err := b.OpenFirst(t.Context(), "test", "anna"); err != nil {
		t.Fatal(err)
	}
	s.accounts = nil // it forgets
	if err := b.OpenFirst(t.Context(), "test", "anna"); err == nil {
		t.Error("nobody minded")
	}
	bankComplains(t, b, "two accounts with the externalId")
}

func TestWithoutAnExternalIDARepetitionIsAnotherAccount(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{Opening: "without-external-id"})
	s.user(must(b.Customer("test", "anna")).Subject)
	b.Faults.Set("open", Lose, 1)
	if err := b.Provision(t.Context(), "test", "anna", "", ""); err != nil {
		t.Fatal(err)
	}
	if err := b.Until(t.Context(), func() bool { return b.HasAccount("test", "anna", "") }); err != nil {
		t.Fatal(err)
	}
	if n := s.count(func() int { return len(s.accounts) }); n != 2 {
		t.Errorf("%d accounts", n)
	}
	bankNoComplaints(t, b)
}

func TestReconciliationTellsOfWhatMovedOutsideOnce(t *testing.T) {
	for _, fault := range []Fault{Behave, Lose, Twice} {
		b, s, _ := bankServe(t, BankOptions{})
		if err := b.OpenFirst(t.Context(), "test", "anna"); err != nil {
			t.Fatal(err)
		}
		told := func() int64 {
			b.Faults.Set("reconcile", fault, 2)
			return must(b.Reconcile(t.Context(), "test", "anna"))
		}
		if err := b.Move("test", "anna", "", "branch", 500_00); err != nil {
			t.Fatal(err)
		}
		if got := told(); got != 500_00 {
			t.Errorf("%s: %d", fault, got)
		}
		if err := b.Move("test", "anna", "", "interest", 1_50); err != nil {
			t.Fatal(err)
		}
		if err := b.Move("test", "anna", "", "branch", -101_50); err != nil {
			t.Fatal(err)
		}
		if got := told(); got != -100_00 {
			t.Errorf("%s: %d", fault, got)
		}
		if got := told(); got != 0 || len(s.txs) != 2 || s.txs[1]["type"] != "Withdrawal" || s.accounts[0]["balanceCents"] != 40000.0 {
			t.Errorf("%s: %d, %v, %v", fault, got, s.txs, s.accounts)
		}
		if b.Move("test", "anna", "", "branch", -401_00) == nil || b.Move("test", "anna", "", "theft", 1) == nil || b.Move("test", "bjorn", "", "branch", 1) == nil {
			t.Error("money moved that is not there")
		}
		bankNoComplaints(t, b)
	}
}

func TestTheFeedSaysWhatHappensOnTheCurrentAccount(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{Money: 50_00})
	if err := b.Spend(t.Context(), "test", "anna", "purchase", 12_50); err != nil {
		t.Fatal(err)
	}
	if err := b.Spend(t.Context(), "test", "anna", "income", 100_00); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range s.feed {
		said = append(said, fmt.Sprint(f["type"], " ", f["amountCents"]))
	}
	if want := []string{"purchase 1250", "balance 3750", "income 10000", "balance 13750"}; !slices.Equal(said, want) {
		t.Errorf("%v", said)
	}
	bankNoComplaints(t, b)
}

func TestTheBanksTokensAreSoundUnlessAnotherWasWished(t *testing.T) {
	b, _, url := bankServe(t, BankOptions{})
	for _, algorithm := range []string{"", "rotated"} {
		if algorithm == "rotated" {
			if err := b.RotateKey("test", false); err != nil {
				t.Fatal(err)
			}
		}
		for _, twist := range append([]string{""}, BankTwists...) {
			status, got := bankPost(t, url+"/test/id-token", fmt.Sprintf(`{"user":"anna","ttlSeconds":60,"twist":%q}`, twist))
			if status != 200 {
				t.Fatal(status, got)
			}
			token := got["id_token"].(string)
			signed := openIDVerify(t, url+"/test", token)
			c := openIDPart(token, 1)
			sound := c["iss"] == url+"/test" && c["aud"] == "parley" && c["sub"] == must(b.Customer("test", "anna")).Subject && c["exp"].(float64) > float64(time.Now().Unix())
			if good := signed && sound; good != (twist == "") {
				t.Errorf("%q: signed %v, sound %v", twist, signed, sound)
			}
		}
	}
	for _, wrong := range []string{`{"user":"Anna"}`, `{"user":"anna","twist":"x"}`, `{"user":"anna","ttlSeconds":-1}`, `{"name":"anna"}`, `{`} {
		if status, _ := bankPost(t, url+"/test/id-token", wrong); status != 400 {
			t.Errorf("%s: %d", wrong, status)
		}
	}
	b.SetTwist("expired")
	if token := must(b.IDToken("test", "anna", 0, "")); openIDPart(token, 1)["exp"].(float64) > float64(time.Now().Unix()) {
		t.Error("the twist for all is not for all")
	}
}

func bankPost(t *testing.T, to, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest("POST", to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got map[string]any
	if err := jsonDecode(res, &got); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, got
}

func TestSomebodyHasTheBankDoThings(t *testing.T) {
	b, s, url := bankServe(t, BankOptions{Opening: "at-once"})
	s.user(must(b.Customer("test", "anna")).Subject)
	do := func(body string) (int, map[string]any) { return bankPost(t, url+"/test/do", body) }
	for _, wish := range []string{`{"what":"provision","user":"anna"}`, `{"what":"interest","user":"anna","amountCents":150}`, `{"what":"purchase","user":"anna","amountCents":100}`,
		`{"what":"money","user":"anna","amountCents":100}`, `{"what":"fail-next","user":"anna"}`, `{"what":"open-first","user":"bjorn"}`, `{"what":"act"}`, `{"what":"rotate-key"}`} {
		if status, got := do(wish); status != 200 {
			t.Errorf("%s: %d %v", wish, status, got)
		}
	}
	if status, got := do(`{"what":"reconcile","user":"anna"}`); status != 200 || got["differenceCents"] != 150.0 {
		t.Errorf("%d %v", status, got)
	}
	if status, got := do(`{"what":"rob","user":"anna"}`); status != 409 || !strings.Contains(fmt.Sprint(got["error"]), "branch-deposit") {
		t.Errorf("%d %v", status, got)
	}
	form := map[string][]string{"what": {"branch-deposit"}, "user": {"anna"}, "amount": {"12,5"}}
	if res, _ := browse(t, "POST", url+"/test/do", form); res.StatusCode != 303 || must(b.Customer("test", "anna")).Accounts[0].Balance != 14_00 {
		t.Errorf("%d %+v", res.StatusCode, must(b.Customer("test", "anna")))
	}
	form["amount"] = []string{"much"}
	if res, body := browse(t, "POST", url+"/test/do", form); res.StatusCode != 409 || !strings.Contains(body, "“much” is not an amount.") {
		t.Error(res.StatusCode)
	}
	if res, _ := browse(t, "POST", url+"/test/do", form, "Origin", "https://evil.example"); res.StatusCode != 403 {
		t.Error(res.StatusCode)
	}
	bankNoComplaints(t, b)
}

func TestAClosedBankDoesNothingMore(t *testing.T) {
	b, _, _ := bankServe(t, BankOptions{})
	b.Faults.Set("users", Drop, -1)
	if err := b.Provision(t.Context(), "test", "anna", "", "later"); err != nil {
		t.Fatal(err)
	}
	b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := b.Until(ctx, func() bool { return false }); err == nil || ctx.Err() != nil {
		t.Error("somebody still waits for a closed bank")
	}
	if err := b.OpenFirst(t.Context(), "test", "anna"); err == nil {
		t.Error("a closed bank opened an account")
	}
}
