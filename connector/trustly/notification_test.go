package trustly

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley"
	"parley/connector"
)

const aUUID = "258a2184-2842-b485-25ca-293525152425"

// notification is what Trustly would post.
func notification(method, uuid, data string) string {
	d, err := parse([]byte(data))
	if err != nil {
		panic(err)
	}
	signature, _ := sign(theirKey(), method, uuid, d)
	return fmt.Sprintf(`{"method":%q,"version":"1.1","params":{"signature":%q,"uuid":%q,"data":%s}}`, method, signature, uuid, data)
}

func receive(t *testing.T, body string) (connector.Notification, error) {
	t.Helper()
	_, c := newFake(t, opened)
	return c.Receive(httptest.NewRequest("POST", "/notify/x", strings.NewReader(body)))
}

// order is the data that every notification has.
const order = `"orderid":"2190971587","messageid":"m","notificationid":"3653956920"`

func TestNotificationsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		method, data string
		want         connector.Told
	}{
		"credit": {"credit", `{` + order + `,"amount":"902.50","currency":"EUR","enduserid":"1","timestamp":"2010-01-20 14:42:04.675645+01","attributes":{}}`,
			connector.Told{Fact: connector.Paid, Amount: parley.Money{Minor: 90250, Currency: "EUR"}, At: moment("2010-01-20 13:42:04.675645+00")}},
		"credit, as a number": {"credit", `{` + order + `,"amount":20.5,"currency":"SEK","new":[null,{"å":1e2}]}`,
			connector.Told{Fact: connector.Paid, Amount: parley.Money{Minor: 2050, Currency: "SEK"}}},
		"credit, in forints": {"credit", `{` + order + `,"amount":"100","currency":"HUF"}`,
			connector.Told{Fact: connector.Paid, Amount: parley.Money{Minor: 10000, Currency: "HUF"}}},
		"pending": {"pending", `{` + order + `,"amount":"11","currency":"SEK"}`,
			connector.Told{Fact: connector.Pending, Amount: parley.Money{Minor: 1100, Currency: "SEK"}}},
		"debit": {"debit", `{` + order + `,"amount":"11.00","currency":"SEK"}`,
			connector.Told{Fact: connector.Reversed, Amount: parley.Money{Minor: 1100, Currency: "SEK"}}},
		"cancel": {"cancel", `{` + order + `,"timestamp":"soon"}`,
			connector.Told{Fact: connector.Failed, Refusal: &parley.Refusal{By: "PaymentProvider", Status: 600}}},
		"kyc, underage": {"kyc", `{` + order + `,"kycentityid":"e","abort":"1","abortmessage":"underage"}`,
			connector.Told{Fact: connector.Denied, Asks: true, Refusal: &parley.Refusal{By: "IdentityProvider", Status: 565, Message: "underage"}}},
		"kyc, unverified": {"kyc", `{` + order + `,"abort":1,"abortmessage":"unverified","attributes":null}`,
			connector.Told{Fact: connector.Denied, Asks: true, Refusal: &parley.Refusal{By: "IdentityProvider", Status: 566, Message: "unverified"}}},
		"account": {"account", `{` + order + `,"accountid":"77","verified":"1","attributes":{"clearinghouse":"SWEDEN","bank":"SEB","descriptor":"***4057","lastdigits":"4057","name":"Å Ö","accountnumber":"123456"}}`,
			connector.Told{Fact: connector.Account, Account: &parley.BankAccount{ID: "77", Bank: "SEB", Clearinghouse: "SWEDEN", Descriptor: "***4057", LastDigits: "4057", Holder: "Å Ö"}}},
		"something new": {"payoutdowngraded", `{` + order + `}`, connector.Told{Fact: connector.Other, Note: "payoutdowngraded"}},
	} {
		got, err := receive(t, notification(c.method, aUUID, c.data))
		c.want.ID, c.want.Reference = "3653956920", "2190971587"
		g, _ := json.Marshal(got.Told)
		w, _ := json.Marshal(c.want)
		if err != nil || string(g) != string(w) {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, g, w)
		}
	}
}

func TestKYCSaysWhoThePersonIs(t *testing.T) {
	_, c := newFake(t, opened)
	read := func(attributes string) parley.Identity {
		a, err := parse([]byte(attributes))
		if err != nil {
			t.Fatal(err)
		}
		return c.identity(a)
	}
	got := read(`{"personid":"SE196512171957","firstname":" Örjan ","lastname":"Ångström","dob":"1965-12-17","street":"Sjövägen 12","zipcode":"11645","city":"Stockholm","country":"Sweden","gender":"M"}`)
	want := parley.Identity{Provider: "trustly", Issuer: "trustly", Subject: "SE196512171957", PersonID: "SE196512171957", Name: "Örjan Ångström",
		FirstName: "Örjan", LastName: "Ångström", Gender: parley.Male, DateOfBirth: "1965-12-17", IssuedAt: noon,
		Address: parley.Address{Street: "Sjövägen 12", City: "Stockholm", Zip: "11645", Country: "SWE"}}
	if got != want {
		g, _ := json.Marshal(got)
		t.Errorf("got %s", g)
	}
	for in, want := range map[string]string{
		`{"personid":null,"country":"DE","kycentityid":"e"}`: "",
		`{"country":"SE"}`: "",
		`{"personid":"19900501","dob":"1990-05-01","country":"DE"}`:           "", // a date of birth is nobody's alone
		`{"personid":"SE19900501","country":"SE"}`:                            "",
		`{"personid":"199001012384","country":"Sweden"}`:                      "SE199001012384",
		`{"personid":"199001012384"}`:                                         "",
		`{"personid":"fi131052-308t","country":"FI"}`:                         "FI131052-308T",
		`{"personid":"EE38001085718","country":"Estonia","kycentityid":"e2"}`: "EE38001085718",
	} {
		if got := read(in); got.PersonID.Reveal() != want || got.Subject.Reveal() != want {
			t.Errorf("%s: %q, subject %q", in, got.PersonID.Reveal(), got.Subject.Reveal())
		}
	}
	for in, want := range map[string]string{"SE": "SWE", "se": "SWE", "SWE": "SWE", "Finland": "FIN", "United Kingdom": "GBR", "Atlantis": "", "": ""} {
		if got := read(`{"country":"` + in + `"}`).Address.Country; got != want {
			t.Errorf("%s is %s", in, got)
		}
	}
	for in, want := range map[string]parley.Gender{`"F"`: parley.Female, `"m"`: parley.Male, `"X"`: parley.OtherGender, `null`: "", `"?"`: parley.UnknownGender} {
		if got := read(`{"gender":` + in + `}`).Gender; got != want {
			t.Errorf("%s is %s", in, got)
		}
	}
}

func TestWhatIsNotFromTrustlyIsInvalidAndRejectedUnsigned(t *testing.T) {
	good := notification("credit", aUUID, `{`+order+`,"amount":"20.00","currency":"SEK"}`)
	bodies := map[string]string{
		"nothing":           "",
		"HTML":              "<html>",
		"another amount":    strings.Replace(good, "20.00", "200.00", 1),
		"another uuid":      strings.Replace(good, aUUID, strings.Replace(aUUID, "2", "3", 1), 1),
		"another method":    strings.Replace(good, `"method":"credit"`, `"method":"debit"`, 1),
		"an added field":    strings.Replace(good, `"amount"`, `"x":"y","amount"`, 1),
		"a field twice":     strings.Replace(good, `"amount"`, `"amount":"20.00","amount"`, 1),
		"no signature":      strings.Replace(good, `"signature"`, `"nosignature"`, 1),
		"a shifted border":  strings.Replace(strings.Replace(good, `"method":"credit"`, `"method":"credit2"`, 1), aUUID, aUUID[1:], 1),
		"data that is none": `{"method":"credit","version":"1.1","params":{"signature":"","uuid":"` + aUUID + `","data":[]}}`,
		"no notificationid": notification("credit", aUUID, `{"orderid":"1","amount":"20.00","currency":"SEK"}`),
		"no orderid":        notification("credit", aUUID, `{"notificationid":"1","amount":"20.00","currency":"SEK"}`),
		"a negative amount": notification("credit", aUUID, `{`+order+`,"amount":"-20.00","currency":"SEK"}`),
		"no amount":         notification("credit", aUUID, `{`+order+`,"amount":null,"currency":"SEK"}`),
		"nothing paid":      notification("credit", aUUID, `{`+order+`,"amount":"0.00","currency":"SEK"}`),
		"no currency":       notification("pending", aUUID, `{`+order+`,"amount":"1.00"}`),
		"kyc about nobody":  notification("kyc", aUUID, `{`+order+`}`),
		"too long":          notification("credit", aUUID, `{`+order+`,"amount":"1","currency":"SEK","x":"`+strings.Repeat("x", maxMessage)+`"}`),
	}
	_, c := newFake(t, opened)
	for name, body := range bodies {
		_, err := receive(t, body)
		if parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w := httptest.NewRecorder()
		c.Reject(w, err)
		if w.Code != 400 || strings.Contains(w.Body.String(), "signature") || strings.Contains(err.Error(), "20.00") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	_, err := c.Receive(httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("{"), broken{})))
	w := httptest.NewRecorder()
	if c.Reject(w, err); parley.KindOf(err) != parley.KindUnavailable || w.Code != 500 {
		t.Errorf("cut off: %v, %d", err, w.Code)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnswersAreSignedAndFitTheQuestion(t *testing.T) {
	kyc := `{` + order + `,"attributes":{"firstname":"Å"}}`
	abort := `{` + order + `,"abort":"1","abortmessage":"underage"}`
	credit := `{` + order + `,"amount":"1","currency":"SEK"}`
	most := func(minor int64, currency parley.Currency) *parley.Money {
		return &parley.Money{Minor: minor, Currency: currency}
	}
	for name, c := range map[string]struct {
		method, data string
		verdict      connector.Verdict
		want         string
	}{
		"go on":               {"kyc", kyc, connector.Verdict{GoOn: true}, `{"status":"CONTINUE"}`},
		"go on, up to":        {"kyc", kyc, connector.Verdict{GoOn: true, Limit: most(10000, "SEK")}, `{"limit":"100.00","status":"CONTINUE"}`},
		"up to whole forints": {"kyc", kyc, connector.Verdict{GoOn: true, Limit: most(10099, "HUF")}, `{"limit":"100","status":"CONTINUE"}`},
		"up to nothing":       {"kyc", kyc, connector.Verdict{GoOn: true, Limit: most(0, "SEK")}, `{"status":"FINISH"}`},
		"up to unsayable":     {"kyc", kyc, connector.Verdict{GoOn: true, Limit: most(10, "JPY")}, `{"status":"FINISH"}`},
		"stop":                {"kyc", kyc, connector.Verdict{}, `{"status":"FINISH"}`},
		"after an abort":      {"kyc", abort, connector.Verdict{GoOn: true}, `{"status":"OK"}`},
		"credit":              {"credit", credit, connector.Verdict{}, `{"status":"OK"}`},
		"unknown":             {"chargeback", `{` + order + `}`, connector.Verdict{}, `{"status":"OK"}`},
	} {
		n, err := receive(t, notification(c.method, aUUID, c.data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for range 2 { // the same answer to a repetition
			w := httptest.NewRecorder()
			n.Answer(w, c.verdict)
			if got := answered(t, w, 200, c.method); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
		}
		w := httptest.NewRecorder()
		n.Fail(w)
		if got := answered(t, w, 500, c.method); got != `{"status":"FAILED"}` {
			t.Errorf("%s: failed with %s", name, got)
		}
	}
}

// answered verifies an answer as Trustly does and returns its data.
func answered(t *testing.T, w *httptest.ResponseRecorder, status int, method string) string {
	t.Helper()
	m, err := parse(w.Body.Bytes())
	if err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	r := m.object("result")
	if err := verify(&ourKey().PublicKey, r.text("signature"), method, aUUID, r["data"]); err != nil {
		t.Error(err)
	}
	if w.Code != status || m.text("version") != "1.1" || r.text("uuid") != aUUID || r.text("method") != method ||
		w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	data, _ := encode(r.object("data"))
	return string(data)
}

func TestProviderSaysWhatTrustlyCanDo(t *testing.T) {
	_, c := newFake(t, opened)
	p := c.Provider(1990, "trustly-se", "Trustly")
	if p.Merchant != 1990 || p.Kind != "trustly" || p.Identify == nil || p.Pay == nil || p.Receive == nil || p.Status == nil || p.Return != nil ||
		!p.SignInRequired || fmt.Sprint(p.Demands) != "[country currency]" || p.Payment != (connector.PaymentType{Provider: "Trustly", TxName: "TrustlyDeposit", TxTypeID: "324"}) {
		t.Errorf("%+v", p)
	}
	n, err := p.Receive.Receive(httptest.NewRequest("POST", "/", strings.NewReader(notification("kyc", aUUID, `{`+order+`,"attributes":{}}`))))
	if err != nil || n.Identity.Provider != "trustly-se" {
		t.Errorf("%v", err)
	}
}

func TestNewRefusesAnIncompleteConfiguration(t *testing.T) {
	whole := Config{Username: "u", Password: "p", Key: ourKey(), TrustlyKey: &theirKey().PublicKey, Client: http.DefaultClient}
	if _, err := New(whole); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"url": func(c *Config) { c.URL = "ftp://x" }, "name": func(c *Config) { c.Username = "" }, "password": func(c *Config) { c.Password = "" },
		"key": func(c *Config) { c.Key = nil }, "their key": func(c *Config) { c.TrustlyKey = nil }, "client": func(c *Config) { c.Client = nil },
	} {
		c := whole
		change(&c)
		if _, err := New(c); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
