package sim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTrustlySerializesAndVerifiesAsTheTestEnvironmentDoes(t *testing.T) {
	shared := os.Getenv("PARLEY_SHARED")
	if shared == "" {
		t.Skip("PARLEY_SHARED is unset: it names the folder that holds vectors/trustly.json")
	}
	file, err := os.ReadFile(filepath.Join(shared, "vectors", "trustly.json"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := trustlyTree(file)
	if err != nil {
		t.Fatal(err)
	}
	doc := tree.(map[string]any)
	block, _ := pem.Decode([]byte(doc["keys"].(map[string]any)["trustly_test_public"].(string)))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range doc["vectors"].([]any) {
		v := v.(map[string]any)
		method, uuid := v["method"].(string), v["uuid"].(string)
		text, err := trustlySerialize(v["data"])
		if err != nil || method+uuid+text != v["plaintext"] {
			t.Errorf("vector %v: %v, text %q", v["id"], err, method+uuid+text)
		}
		err = trustlyVerify(key.(*rsa.PublicKey), method, uuid, v["data"], v["signature"].(string))
		if (err == nil) != (v["expect"] == "valid") {
			t.Errorf("vector %v is %v: %v", v["id"], v["expect"], err)
		}
	}
}

func TestTrustlySerializesByBytes(t *testing.T) {
	for doc, want := range map[string]string{
		`{"MyKey":"MyValue","MyArray":["Element1","Element2",{"mykey2":"myvalue2"}]}`: "MyArrayElement1Element2mykey2myvalue2MyKeyMyValue",
		`{"öäå":3,"äåö":2,"åöä":1}`:                                                   "äåö2åöä1öäå3",
		`{"b":null,"a":1.50}`:                                                         "a1.50b",
	} {
		tree, err := trustlyTree([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := trustlySerialize(tree); got != want || err != nil {
			t.Errorf("%s: %q, %v", doc, got, err)
		}
	}
}

func TestTrustlyPersonGoesThroughTheBankPages(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	id, page := m.deposit(t, nil)
	html, _ := trustlyGet(t, page)
	action := regexp.MustCompile(`action="(\?[^"]+)"`).FindStringSubmatch(html)
	if action == nil || "?"+strings.SplitN(page, "?", 2)[1] != strings.ReplaceAll(action[1], "&amp;", "&") {
		t.Fatalf("the form does not lead back to %s: %v", page, action)
	}
	html, _ = trustlyPost(t, page, "step", "bank", "bank", trustlyBanks[1])
	if !strings.Contains(html, `value="196512171957"`) || !strings.Contains(html, "Jürgen Groß") {
		t.Fatal("no log-in page:", html)
	}
	html, _ = trustlyPost(t, page, "step", "login", "identifier", "19850312-2486")
	if !strings.Contains(html, "Approve payment") || !strings.Contains(html, "250.00 SEK") || !strings.Contains(html, "Åsa Sjöberg") {
		t.Fatal("no confirmation:", html)
	}
	_, at := trustlyPost(t, page, "step", "approve")
	if at != m.server.URL+"/ok" {
		t.Fatal("came back at", at)
	}
	o := m.order(t, id)
	if o.State != TrustlyCredited || o.Credited != "250.00" || !slices.Equal(o.KYCAnswers, []string{"CONTINUE"}) {
		t.Errorf("%+v", o)
	}
	if got := m.methods(); !slices.Equal(got, []string{"kyc", "account", "credit"}) {
		t.Error(got)
	}
	if found, ok := m.Order(page); !ok || found.OrderID != id {
		t.Error("order is not found by its page")
	}
	today := time.Now().In(time.FixedZone("CET", 3600)).Format(time.DateOnly)
	ledger, problem := m.call(t, "AccountLedger", map[string]any{"FromDate": today, "ToDate": today, "Currency": "SEK"})
	if problem != "" || len(ledger.([]any)) != 1 || ledger.([]any)[0].(map[string]any)["amount"] != "250.00" {
		t.Error(ledger, problem)
	}
	if err := m.Reverse(id); err != nil {
		t.Fatal(err)
	}
	if o := m.order(t, id); o.State != TrustlyReversed || o.Debited != "250.00" {
		t.Errorf("%+v", o)
	}
	home, _ := trustlyGet(t, m.rpc.URL)
	link := regexp.MustCompile(`href="\./(_/[^"]+)"`).FindStringSubmatch(home)
	if link == nil || !strings.HasSuffix(page, strings.ReplaceAll(link[1], "&amp;", "&")) {
		t.Error("the home page does not link to", page, link)
	}
}

func TestTrustlyPersonCanRefuseAtEveryStep(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	for _, steps := range []int{0, 1, 2} {
		id, page := m.deposit(t, nil)
		if steps > 0 {
			trustlyPost(t, page, "step", "bank", "bank", trustlyBanks[0])
		}
		if steps > 1 {
			trustlyPost(t, page, "step", "login", "identifier", "anything at all")
		}
		if _, at := trustlyPost(t, page, "step", "deny"); at != m.server.URL+"/fail" {
			t.Error("came back at", at)
		}
		if o := m.order(t, id); o.State != TrustlyCancelled {
			t.Errorf("%+v", o)
		}
	}
	if got := m.methods(); !slices.Equal(got, []string{"cancel", "cancel", "kyc", "cancel"}) {
		t.Error(got)
	}
}

func TestTrustlyEndsTheOrderOnFinish(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Auto: "approve"})
	m.reply = func(method string, _ map[string]any) map[string]any { return map[string]any{"status": "FINISH"} }
	id, page := m.deposit(t, nil)
	if _, at := trustlyGet(t, page); at != m.server.URL+"/fail" {
		t.Error("came back at", at)
	}
	if o := m.order(t, id); o.State != TrustlyFinished || !slices.Equal(o.KYCAnswers, []string{"FINISH"}) {
		t.Errorf("%+v", o)
	}
	if got := m.methods(); !slices.Equal(got, []string{"kyc"}) {
		t.Error(got)
	}
}

func TestTrustlyLowersThePaymentToTheLimit(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	m.reply = func(method string, _ map[string]any) map[string]any {
		if method == "kyc" {
			return map[string]any{"status": "CONTINUE", "limit": "100.00"}
		}
		return nil
	}
	for change, want := range map[string]string{"fixed": "100.00", "typed": "60.00", "ignored": "250.00"} {
		attributes := map[string]any{}
		m.SetScenario(TrustlyScenario{IgnoreLimit: change == "ignored"})
		if change == "typed" {
			attributes = map[string]any{"Amount": nil, "SuggestedMinAmount": "50.00", "SuggestedMaxAmount": "300.00"}
		}
		id, _ := m.deposit(t, attributes)
		if err := m.Act(id, TrustlyPerson{Amount: "60.00"}, "approve"); err != nil {
			t.Fatal(err)
		}
		if o := m.order(t, id); o.Credited != want || !slices.Equal(o.KYCAnswers, []string{"CONTINUE limit=100.00"}) {
			t.Errorf("%s: %+v", change, o)
		}
	}
	id, page := m.deposit(t, map[string]any{"Amount": nil, "SuggestedMinAmount": "50.00"})
	trustlyPost(t, page, "step", "login", "identifier", "1")
	if html, _ := trustlyPost(t, page, "step", "approve", "amount", "20.00"); !strings.Contains(html, `role="alert">The amount is at least 50.00`) {
		t.Error(html)
	}
	trustlyPost(t, page, "step", "approve", "amount", "70.00")
	if o := m.order(t, id); o.Credited != "70.00" {
		t.Errorf("%+v", o)
	}
}

func TestTrustlyPaysOnceHoweverOftenThePageIsOpened(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Auto: "approve"})
	id, page := m.deposit(t, nil)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, at := trustlyGet(t, page); at != m.server.URL+"/ok" {
				t.Error("came back at", at)
			}
		})
	}
	wg.Wait()
	if got := m.methods(); !slices.Equal(got, []string{"kyc", "account", "credit"}) {
		t.Error(got)
	}
	if o := m.order(t, id); o.Credited != "250.00" {
		t.Errorf("%+v", o)
	}
}

func TestTrustlyCloseStopsRedelivery(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Auto: "deny"})
	m.broken = 1 << 30
	id, _ := m.deposit(t, nil)
	if err := m.Act(id, TrustlyPerson{}, "cancel"); err != nil {
		t.Fatal(err)
	}
	trustlyEventually(t, "a third attempt", func() bool { return len(m.Sent()) > 2 })
	m.Close()
	before := len(m.Sent())
	time.Sleep(30 * time.Millisecond)
	if after := len(m.Sent()); after != before {
		t.Errorf("%d deliveries after Close", after-before)
	}
}

func TestTrustlyLetsThePersonTypeAnAmountWhenTheMerchantNamesNone(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Auto: "approve"})
	id, page := m.deposit(t, map[string]any{"Amount": nil})
	if _, at := trustlyGet(t, page); at != m.server.URL+"/ok" {
		t.Error("came back at", at)
	}
	if o := m.order(t, id); o.State != TrustlyCredited || o.Credited != "100.00" {
		t.Errorf("%+v", o)
	}
}

func TestTrustlySendsNoKYCUnlessAsked(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	id, _ := m.deposit(t, map[string]any{"RequestKYC": nil, "Firstname": "Åsa", "Lastname": "Sjöberg", "Email": "asa@example.com"})
	if err := m.Act(id, TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	if got := m.methods(); !slices.Equal(got, []string{"account", "credit"}) {
		t.Error(got)
	}
	if err := m.Act(id, TrustlyPerson{}, "approve"); err == nil {
		t.Error("approved twice")
	}
}

func TestTrustlyScenariosSendWhatTheyPromise(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	for _, c := range []struct {
		order, sent string
		state       TrustlyState
		success     bool
	}{
		{"", "kyc account credit", TrustlyCredited, true},
		{"kyc-credit", "kyc credit", TrustlyCredited, true},
		{"kyc-credit-account", "kyc credit account", TrustlyCredited, true},
		{"kyc-pending-credit", "kyc credit pending", TrustlyCredited, true}, // sorted: they are sent at once
		{"kyc-credit-debit", "kyc credit debit", TrustlyReversed, true},
		{"kyc-cancel", "kyc cancel", TrustlyCancelled, false},
		{"credit-late", "kyc credit", TrustlyCredited, true},
		{"no-credit", "kyc", TrustlyApproved, true},
		{"cancel-then-credit", "kyc cancel credit", TrustlyCredited, false},
		{"debit-before-credit", "kyc debit credit", TrustlyCredited, true},
		{"abort-underage", "kyc", TrustlyAborted, false},
		{"abort-unverified", "kyc", TrustlyAborted, false},
		{"pay-fails", "kyc cancel", TrustlyCancelled, false},
	} {
		m.reply = nil
		if strings.HasPrefix(c.order, "abort") {
			m.reply = func(string, map[string]any) map[string]any { return map[string]any{"status": "OK"} }
		}
		m.SetScenario(TrustlyScenario{Order: c.order, CreditDelay: 30 * time.Millisecond, ExtraFields: true})
		id, page := m.deposit(t, nil)
		if err := m.Act(id, TrustlyPerson{ID: "juergen.gross"}, "approve"); err != nil {
			t.Error(c.order, err)
		}
		_, at := trustlyGet(t, page)
		if at == m.server.URL+"/ok" != c.success {
			t.Error(c.order, "came back at", at)
		}
		trustlyEventually(t, c.order+" is "+string(c.state), func() bool { return m.order(t, id).State == c.state })
		valid := func() string {
			var sent []string
			for _, d := range m.Sent() {
				if d.OrderID == id && d.Valid {
					sent = append(sent, d.Method)
				}
			}
			if c.order == "kyc-pending-credit" && len(sent) > 1 {
				slices.Sort(sent[1:])
			}
			return strings.Join(sent, " ")
		}
		trustlyEventually(t, c.order+" sent "+c.sent, func() bool { return valid() == c.sent })
	}
}

func TestTrustlyDuplicatesShareTheirNotificationID(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Scenario: TrustlyScenario{Duplicates: 2, Order: "kyc-credit"}})
	id, _ := m.deposit(t, nil)
	if err := m.Act(id, TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	ids, uuids := map[string]int{}, map[string]bool{}
	trustlyEventually(t, "each of the six was sent", func() bool {
		clear(ids)
		for _, d := range m.Sent() {
			ids[d.Method+d.NotificationID]++
			uuids[d.UUID] = true
		}
		return len(uuids) == 6
	})
	if len(ids) != 2 {
		t.Error(ids)
	}
	if o := m.order(t, id); o.Credited != "250.00" || len(o.KYCAnswers) != 1 {
		t.Errorf("%+v", o)
	}
}

func TestTrustlySendsAgainUntilAnsweredProperly(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	for _, fault := range []Fault{Behave, Drop, Lose, Twice, Garbage, Broken, TrustlyWrongSignature} {
		m.mu.Lock()
		m.broken = 2
		m.mu.Unlock()
		m.Faults.Set("credit", fault, 1)
		id, _ := m.deposit(t, nil)
		if err := m.Act(id, TrustlyPerson{}, "approve"); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		trustlyEventually(t, string(fault)+": a valid reply to credit", func() bool {
			for _, d := range m.Sent() {
				if d.OrderID == id && d.Method == "credit" {
					ids[d.NotificationID] = true
					if d.Valid {
						return true
					}
				}
			}
			return false
		})
		if o := m.order(t, id); o.Credited != "250.00" || len(ids) != 1 {
			t.Errorf("%s: %+v %v", fault, o, ids)
		}
	}
}

func TestTrustlyPageSaysWhenKYCTakesLong(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{KYCWait: 20 * time.Millisecond})
	answer := make(chan struct{})
	m.reply = func(method string, _ map[string]any) map[string]any {
		if method == "kyc" {
			<-answer
		}
		return nil
	}
	_, page := m.deposit(t, nil)
	if html, _ := trustlyPost(t, page, "step", "login", "identifier", "1"); !strings.Contains(html, "This is taking long") {
		t.Error(html)
	}
	close(answer)
	trustlyEventually(t, "the page goes on", func() bool {
		html, _ := trustlyGet(t, page)
		return strings.Contains(html, "Approve payment")
	})
}

func TestTrustlyCanNotifyBeforeItAnswers(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{Scenario: TrustlyScenario{NotifyBeforeResponse: true}})
	answered := make(chan struct{})
	m.reply = func(method string, _ map[string]any) map[string]any {
		if method == "kyc" {
			<-answered // would never come if the Deposit waited for this
		}
		return nil
	}
	id, page := m.deposit(t, nil)
	if n := len(m.Sent()); n != 1 {
		t.Errorf("%d deliveries before the answer", n)
	}
	close(answered)
	if err := m.Act(id, TrustlyPerson{}, "leave"); err != nil {
		t.Fatal(err)
	}
	if html, _ := trustlyGet(t, page); !strings.Contains(html, "Approve payment") {
		t.Error(html)
	}
}

func TestTrustlyRefusesWhatItWouldRefuse(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	m.deposit(t, nil)
	for want, change := range map[string]map[string]any{
		"615": {"Amount": "250"}, "622": {"Currency": "ZZZ"}, "623": {"NotificationURL": m.server.URL + "/n?a=1"}, "637": {"MessageID": "m-1"},
	} {
		if _, got := m.call(t, "Deposit", m.depositData(change)); got != want {
			t.Errorf("%v: %s", change, got)
		}
	}
	m.deposit(t, map[string]any{"Currency": "HUF", "Amount": "100"})
	if _, got := m.call(t, "Refund", map[string]any{}); got != "602" {
		t.Error("Refund:", got)
	}
	for fault, want := range map[Fault]string{Refuse: "638", Garbage: "garbage", Broken: "garbage", Drop: "lost", Lose: "lost",
		Twice: "637", TrustlyWrongUUID: "wrong uuid", TrustlyWrongSignature: "wrong signature"} {
		m.Faults.Set("Deposit", fault, 1)
		if _, got := m.call(t, "Deposit", m.depositData(nil)); got != want {
			t.Errorf("%s: %s", fault, got)
		}
	}
	for body, want := range map[string]string{
		`{`: `"uuid":null`,
		`{"method":"Deposit","version":"1.1","params":{"Signature":"","UUID":"1","Data":{"Username":"u","Password":"x"}}}`:   "616",
		`{"method":"Deposit","version":"1.1","params":{"Signature":"AA","UUID":"1","Data":{"Username":"u","Password":"p"}}}`: "636",
	} {
		res, err := http.Post(m.rpc.URL+"/api/1", "application/json", strings.NewReader(body))
		if html, _ := trustlyRead(t, res, err); !strings.Contains(html, want) {
			t.Errorf("%s: %s", body, html)
		}
	}
	heard := m.Heard()
	if last := heard[len(heard)-1]; last.Code == 0 || !last.Answered {
		t.Errorf("%+v", last)
	}
}

func TestTrustlyNotifiesByHand(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	id, _ := m.deposit(t, nil)
	if err := m.Notify(id, "credit", map[string]any{"orderid": "1", "amount": json.Number("11"), "note": nil}); err != nil {
		t.Fatal(err)
	}
	d := m.Sent()[0]
	if !d.Valid || d.OrderID != "1" || m.order(t, id).State != TrustlyCreated || m.order(t, id).Credited != "" {
		t.Errorf("%+v", d)
	}
	if m.Notify(id, "credit", map[string]any{"amount": 11}) == nil {
		t.Error("signed a number that has no text")
	}
}

func TestTrustlyCanBeSetFromItsPages(t *testing.T) {
	m := newTrustlyMerchant(t, TrustlyOptions{})
	trustlyGet(t, m.rpc.URL+"/scenario")
	trustlyGet(t, m.rpc.URL+"/behaviour")
	trustlyPost(t, m.rpc.URL+"/scenario", "order", "credit-late", "creditDelaySeconds", "0.5", "duplicates", "1", "nullGender", "1")
	if s := m.Scenario(); s.Order != "credit-late" || s.CreditDelay != 500*time.Millisecond || s.Duplicates != 1 || !s.NullGender {
		t.Errorf("%+v", s)
	}
	trustlyPost(t, m.rpc.URL+"/behaviour", "action", "Deposit", "fault", "wrong-uuid", "times", "1")
	if f := m.Faults.Now("Deposit"); f != TrustlyWrongUUID {
		t.Error(f)
	}
	m.Faults.Set("Deposit", Behave, 0)
	id, page := m.deposit(t, nil)
	trustlyGet(t, page+"&options=1")
	trustlyPost(t, page+"&options=1", "step", "options", "order", "pay-fails")
	if err := m.Act(id, TrustlyPerson{}, "approve"); err != nil || m.order(t, id).State != TrustlyCancelled {
		t.Error(err, m.order(t, id).State)
	}
}
