package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func operatorServe(t *testing.T, opt OperatorOptions) (*Operator, string) {
	t.Helper()
	o := NewOperator(opt)
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	return o, s.URL
}

func operatorTell(t *testing.T, to string, body map[string]any, change ...func(*http.Request, []byte)) (int, map[string]any) {
	t.Helper()
	b, _ := json.Marshal(body)
	req, err := http.NewRequest("POST", to, strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(req, b)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var m map[string]any
	raw, _ := io.ReadAll(resp.Body)
	json.Unmarshal(raw, &m)
	return resp.StatusCode, m
}

func operatorSignin(ref, person string) map[string]any {
	return map[string]any{"txRefId": ref, "name": "Anna Åkesson", "firstName": "Anna", "lastName": "Åkesson", "personid": person, "identityProvider": "trustly",
		"iat": "1700000000", "rat": "1700000000", "country": "SWE", "dob": "1990-01-01", "attributes": map[string]any{}}
}

func operatorPay(user, amount string, more map[string]any) map[string]any {
	m := map[string]any{"userId": user, "txAmount": amount, "txAmountCy": "SEK", "txId": "4711", "originTxId": "4710", "txTypeId": "324", "txName": "TrustlyDeposit",
		"provider": "Trustly", "accountId": nil, "pspFee": nil, "attributes": map[string]any{"ssn": nil}}
	maps.Copy(m, more)
	return m
}

func operatorMoved(user, amount, code string) map[string]any {
	return operatorPay(user, amount, map[string]any{"authCode": code, "txPspAmount": amount, "txPspAmountCy": "SEK", "fee": "0.00", "feeCy": "SEK", "txRefId": "1000A4711"})
}

func TestOperatorCreditsADepositOnceHoweverOftenItIsTold(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{})
	_, in := operatorTell(t, at+"/api/signin", operatorSignin("1000A4710", "SE199001012385"))
	user, _ := in["userId"].(string)
	if user != "user_1" || in["success"] != true || in["balance"] != 0.0 || in["balanceCy"] != "SEK" || in["sessionId"] == "" {
		t.Fatalf("signin answered %v", in)
	}
	var wg sync.WaitGroup
	codes := make([]any, 8)
	for i := range codes {
		wg.Go(func() {
			_, a := operatorTell(t, at+"/paymentiq/authorize", operatorPay(user, "500.00", nil))
			codes[i] = a["authCode"]
		})
	}
	wg.Wait()
	for _, c := range codes {
		if c == nil || c != codes[0] {
			t.Fatalf("authCodes differ: %v", codes)
		}
	}
	if r := o.Reservations(); len(r) != 1 || r[0].Authorizes != 8 || r[0].Amount != "500.00" {
		t.Fatalf("reservations %+v", r)
	}
	for range codes {
		wg.Go(func() { operatorTell(t, at+"/transfer", operatorMoved(user, "500.00", codes[0].(string))) })
	}
	wg.Wait()
	if b := o.Balance(user); b != "500.00" {
		t.Errorf("balance %s", b)
	}
	if tx := o.Transactions(); len(tx) != 1 || tx[0].Transfers != 8 || tx[0].State != "transferred" || len(o.Reservations()) != 0 {
		t.Errorf("books %+v", tx)
	}
	if c := o.Complaints(); len(c) != 0 {
		t.Errorf("complaints %q", c)
	}
	if _, a := operatorTell(t, at+"/transfer", operatorMoved(user, "501.00", codes[0].(string))); a["success"] != false || len(o.Complaints()) != 1 {
		t.Errorf("another amount under the same txId: %v, %q", a, o.Complaints())
	}
}

func TestOperatorKeepsReservationsAndCancels(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{})
	user, err := o.AddUser("Erik Öberg", "SEK", "100.00")
	if err != nil {
		t.Fatal(err)
	}
	_, a := operatorTell(t, at+"/authorize", operatorPay(user, "-80.00", nil))
	_, no := operatorTell(t, at+"/authorize", operatorPay(user, "-30.00", map[string]any{"txId": "4712"}))
	if a["success"] != true || no["success"] != false || no["errCode"] != "NO_FUNDS" {
		t.Fatalf("%v then %v", a, no)
	}
	for range 2 {
		if _, c := operatorTell(t, at+"/cancel", operatorPay(user, "-80.00", map[string]any{"authCode": a["authCode"], "statusCode": "600"})); c["success"] != true {
			t.Fatalf("cancel %v", c)
		}
	}
	if tx := o.Transactions()[0]; tx.State != "cancelled" || tx.Cancels != 2 || o.Balance(user) != "100.00" {
		t.Errorf("%+v", tx)
	}
	// Cancelled before it was heard of: a late authorize finds the door shut.
	late := map[string]any{"txId": "9", "authCode": ""}
	operatorTell(t, at+"/cancel", operatorPay(user, "5.00", late))
	if _, a := operatorTell(t, at+"/authorize", operatorPay(user, "5.00", map[string]any{"txId": "9"})); a["success"] != false {
		t.Errorf("authorize after cancel: %v", a)
	}
	if c := o.Complaints(); len(c) != 0 {
		t.Errorf("complaints %q", c)
	}
}

func TestOperatorComplainsOfWrongTypes(t *testing.T) {
	for name, change := range map[string]map[string]any{
		"amount as number":   {"txAmount": 500.00},
		"no decimals":        {"txAmount": "500"},
		"type as number":     {"txTypeId": 324},
		"id as number":       {"txId": 4711},
		"no provider":        {"provider": nil},
		"small currency":     {"txAmountCy": "sek"},
		"misspelled":         {"accountid": "x"},
		"attributes as text": {"attributes": "{}"},
		"unknown user":       {"userId": "user_77"},
		"nothing":            {"txAmount": "0.00"},
	} {
		o, at := operatorServe(t, OperatorOptions{})
		user, _ := o.AddUser("Anna", "SEK", "0.00")
		_, a := operatorTell(t, at+"/authorize", operatorPay(user, "500.00", change))
		if a["success"] != false || a["errCode"] != "BAD_REQUEST" || len(o.Complaints()) != 1 || len(o.Transactions()) != 0 {
			t.Errorf("%s: %v, %q", name, a, o.Complaints())
		}
	}
}

func TestOperatorKnowsWhoTells(t *testing.T) {
	basic := func(r *http.Request, _ []byte) { r.SetBasicAuth("u", "p") }
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef01234567"))
	sign := func(r *http.Request, body []byte) {
		stamp := fmt.Sprint(time.Now().Unix())
		mac := hmac.New(sha256.New, []byte("0123456789abcdef01234567"))
		fmt.Fprintf(mac, "msg_1.%s.%s", stamp, body)
		r.Header.Set("webhook-id", "msg_1")
		r.Header.Set("webhook-timestamp", stamp)
		r.Header.Set("webhook-signature", "v1,AAAA v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	for name, c := range map[string]struct {
		opt  OperatorOptions
		as   func(*http.Request, []byte)
		want int
	}{
		"basic":            {OperatorOptions{Username: "u", Password: "p"}, basic, 200},
		"wrong basic":      {OperatorOptions{Username: "u", Password: "q"}, basic, 401},
		"bearer":           {OperatorOptions{Bearer: "t"}, func(r *http.Request, _ []byte) { r.Header.Set("Authorization", "Bearer t") }, 200},
		"no bearer":        {OperatorOptions{Bearer: "t"}, basic, 401},
		"signed":           {OperatorOptions{Secret: secret}, sign, 200},
		"not signed":       {OperatorOptions{Secret: secret}, basic, 401},
		"signed otherwise": {OperatorOptions{Secret: "whsec_AAAA"}, sign, 401},
	} {
		o, at := operatorServe(t, c.opt)
		if got, _ := operatorTell(t, at+"/signin", operatorSignin("1A2", "SE199001012385"), c.as); got != c.want || o.Heard()[0].Status != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func TestOperatorMisbehavesAsTold(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{LooseTypes: true, Limit: "100.00"})
	o.Faults.Delay = time.Millisecond
	user, _ := o.AddUser("Anna", "SEK", "0.00")
	for i, c := range []struct {
		fault  Fault
		status int
		done   int
	}{{Refuse, 200, 0}, {Garbage, 200, 0}, {Broken, 500, 0}, {Drop, 0, 0}, {Lose, 0, 1}, {Slow, 200, 1}, {Twice, 200, 2}} {
		id := fmt.Sprint(100 + i)
		o.Faults.Set("authorize", c.fault, 1)
		status, a := operatorTell(t, at+"/authorize", operatorPay(user, "5.00", map[string]any{"txId": id}))
		done := 0
		for _, tx := range o.Transactions() {
			if tx.TxID == id {
				done = tx.Authorizes
			}
		}
		if status != c.status || done != c.done {
			t.Errorf("%s: status %d, done %d, %v", c.fault, status, done, a)
		}
		if c.fault == Refuse && (a["success"] != "false" || a["errCode"] != 101.0 || a["errMsg"] != "Not today") {
			t.Errorf("refusal %v", a)
		}
		if c.fault == Twice && (a["success"] != "true" || a["limit"] != "100.00") {
			t.Errorf("loose answer %v", a)
		}
		if m := o.Heard("authorize"); m[len(m)-1].Fault != c.fault {
			t.Errorf("%s was written down as %q", c.fault, m[len(m)-1].Fault)
		}
	}
}

func TestOperatorShopGoesThereAndBack(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{Providers: []OperatorProvider{{"trustly", "Trustly", true}, {"bankid", "BankID", false}}})
	user, _ := o.AddUser("Anna Åkesson", "SEK", "500.00")
	var verifier string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		id, secret, _ := r.BasicAuth()
		if id != "shop" || secret != "a%3Ab" {
			w.WriteHeader(401)
		}
		if r.URL.Path == "/token" {
			verifier = r.PostFormValue("code_verifier")
			fmt.Fprintf(w, `{"access_token":"at","token_type":"bearer","userId":%q,"name":"Anna <Åkesson>","txRefId":"1000A4710"}`, user)
			return
		}
		fmt.Fprintf(w, `{"name":"Anna <Åkesson>","token":%q}`, r.PostFormValue("token"))
	}))
	defer server.Close()
	o.Connect(ShopClient{AuthorizeURL: server.URL + "/authorize", TokenURL: server.URL + "/token", CheckTokenURL: server.URL + "/check", Issuer: "https://parley",
		ClientID: "shop", ClientSecret: "a:b", RedirectURI: at + "/shop/callback"})
	operatorTell(t, at+"/transfer", operatorMoved(user, "500.00", ""))

	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(path string) string {
		resp, err := browser.Get(at + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		return string(b)
	}
	start := func() url.Values {
		resp, err := browser.PostForm(at+"/shop/start", url.Values{"provider": {"trustly"}, "what": {"deposit"}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		to, _ := resp.Location()
		if resp.StatusCode != 303 || to.Query().Get("amount") != "500.00" || to.Query().Get("identity_provider") != "trustly" {
			t.Fatalf("%d to %s", resp.StatusCode, to)
		}
		return to.Query()
	}
	if page := get("/shop"); !strings.Contains(page, "Sign up and deposit 500 kr") || strings.Count(page, "<h1") != 1 {
		t.Error(page)
	}
	q := start()
	page := get("/shop/callback?code=c1&iss=https://parley&state=" + q.Get("state"))
	if !strings.Contains(page, "Welcome, Anna &lt;Åkesson&gt;") || !strings.Contains(page, "You deposited 500 kr.") || !strings.Contains(page, "balance is 1,000 kr.") {
		t.Error(page)
	}
	if sum := sha256.Sum256([]byte(verifier)); base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
		t.Error("the verifier is not the challenge's")
	}
	get("/shop/callback?code=c1&iss=https://parley&state=" + q.Get("state"))
	if v := o.Visits(); len(v) != 1 || v[0].TokenStatus != 200 || v[0].Check["token"] != "at" {
		t.Errorf("visits %+v", v)
	}
	page = get("/shop/callback?error=access_denied&error_description=err_user_account_blocked&errCode=547&errMsg=Blocked&iss=https://parley&state=" + start().Get("state"))
	for _, want := range []string{"access_denied", "err_user_account_blocked", "547", "Blocked"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
	get("/shop/callback?code=c1&iss=https://evil&state=" + start().Get("state"))
	get("/shop/callback?code=c1&iss=https://parley&state=foreign")
	if v := o.Visits(); len(v) != 4 || v[2].Problem == "" || v[2].TokenStatus != 0 || v[3].Problem == "" {
		t.Errorf("visits %+v", v)
	}
	if page := get("/"); !strings.Contains(page, "user_1") || !strings.Contains(page, "transferred") {
		t.Error(page)
	}
}
