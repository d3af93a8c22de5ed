package sim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bankIDParty is a simulated BankID with a clock, and a relying party that is written by hand.
type bankIDParty struct {
	*testing.T
	*BankID
	url   string
	ahead atomic.Int64
}

func bankIDServe(t *testing.T, opt BankIDOptions) *bankIDParty {
	t.Helper()
	p := &bankIDParty{T: t}
	began := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	opt.Now = func() time.Time { return began.Add(time.Duration(p.ahead.Load())) }
	p.BankID = NewBankID(opt)
	s := httptest.NewServer(p.BankID)
	t.Cleanup(s.Close)
	p.url = s.URL
	return p
}

func (p *bankIDParty) pass(d time.Duration) { p.ahead.Add(int64(d)) }

// say asks an endpoint and returns the status, 0 when the wire was cut, and the document.
func (p *bankIDParty) say(endpoint, body string) (int, map[string]any) {
	p.Helper()
	res, err := http.Post(p.url+"/rp/v6.0/"+endpoint, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	var m map[string]any
	json.NewDecoder(res.Body).Decode(&m)
	return res.StatusCode, m
}

// order begins an order, and returns what /auth answered.
func (p *bankIDParty) order(body string) map[string]any {
	p.Helper()
	status, m := p.say("auth", body)
	if status != http.StatusOK || len(m) != 4 {
		p.Fatalf("%d %v", status, m)
	}
	return m
}

// collect asks two seconds later, and returns status and hintCode.
func (p *bankIDParty) collect(order map[string]any) (string, map[string]any) {
	p.Helper()
	p.pass(2 * time.Second)
	status, m := p.say("collect", fmt.Sprintf(`{"orderRef":%q}`, order["orderRef"]))
	if status != http.StatusOK {
		return fmt.Sprint(status, " ", m["errorCode"], ": ", m["details"]), m
	}
	return strings.TrimSuffix(fmt.Sprint(m["status"], " ", m["hintCode"]), " <nil>"), m
}

func (p *bankIDParty) wants(order map[string]any, want string) map[string]any {
	p.Helper()
	got, m := p.collect(order)
	if got != want {
		p.Errorf("collect says %q, not %q", got, want)
	}
	return m
}

// qr is the code of an order so many seconds after it began, made here by hand.
func bankIDQR(order map[string]any, seconds string) string {
	mac := hmac.New(sha256.New, []byte(order["qrStartSecret"].(string)))
	mac.Write([]byte(seconds))
	return fmt.Sprintf("bankid.%s.%s.%s", order["qrStartToken"], seconds, hex.EncodeToString(mac.Sum(nil)))
}

const bankIDAnybody = `{"endUserIp":"192.0.2.7"}`

func TestBankIDTellsHowAnOrderGoes(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	o := p.order(`{"endUserIp":"192.0.2.7","userVisibleData":"` + base64.StdEncoding.EncodeToString([]byte("Hej")) + `","returnUrl":"https://parley.example/back"}`)
	p.wants(o, "pending outstandingTransaction")
	seen, err := p.Scan(bankIDQR(o, "2"))
	if err != nil || seen.Visible != "Hej" || seen.ReturnURL != "https://parley.example/back" {
		t.Fatalf("%+v %v", seen, err)
	}
	p.wants(o, "pending started")
	if err := p.Sign(seen.Ref, "Olof Bergström"); err != nil {
		t.Fatal(err)
	}
	done := p.wants(o, "complete")
	data := done["completionData"].(map[string]any)
	user := data["user"].(map[string]any)
	if user["personalNumber"] != "197811242390" || user["name"] != "Olof Bergström" || user["givenName"] != "Olof" || user["surname"] != "Bergström" || len(user) != 4 {
		t.Errorf("%v", user)
	}
	device := data["device"].(map[string]any)
	if device["ipAddress"] != "192.0.2.7" || device["uhi"] == "" || data["bankIdIssueDate"] != "2020-02-01" || data["risk"] != "low" {
		t.Errorf("%v", data)
	}
	for _, blob := range []string{"signature", "ocspResponse"} {
		if raw, err := base64.StdEncoding.DecodeString(data[blob].(string)); err != nil || len(raw) < 1000 {
			t.Errorf("%s: %v", blob, err)
		}
	}
	if step, ok := data["stepUp"]; !ok || step != nil {
		t.Errorf("stepUp is %v", step)
	}
	if p.Complaints() != nil {
		t.Error(p.Complaints())
	}
	p.wants(o, "400 invalidParameters: No such order") // the end is told once
	if c := p.Complaints(); len(c) != 1 || !strings.Contains(c[0], "after its end") {
		t.Errorf("it does not mind: %v", c)
	}
}

func TestBankIDOrdersDoNotLiveForEver(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	o := p.order(bankIDAnybody)
	p.pass(28 * time.Second)
	p.wants(o, "pending outstandingTransaction") // at 30 s
	p.wants(o, "failed startFailed")
	if _, err := p.Open(o["autoStartToken"].(string)); err == nil {
		t.Error("an order that is over is opened")
	}
	o = p.order(bankIDAnybody)
	in, err := p.Open("https://app.bankid.com/?autostarttoken=" + o["autoStartToken"].(string) + "&redirect=null")
	if err != nil {
		t.Fatal(err)
	}
	p.pass(178 * time.Second)
	p.wants(o, "pending started")
	p.wants(o, "failed expiredTransaction")
	if err := p.Sign(in.Ref, ""); err == nil {
		t.Error("an order that is over is signed")
	}
	o = p.order(bankIDAnybody)
	ref := fmt.Sprintf(`{"orderRef":%q}`, o["orderRef"])
	if status, m := p.say("cancel", ref); status != http.StatusOK || len(m) != 0 {
		t.Errorf("%d %v", status, m)
	}
	if status, _ := p.say("cancel", ref); status != http.StatusBadRequest {
		t.Errorf("cancelled twice: %d", status)
	}
	p.wants(o, "400 invalidParameters: No such order")
	if _, err := p.Open(o["autoStartToken"].(string)); err == nil {
		t.Error("an order that was cancelled is opened")
	}
	o = p.order(bankIDAnybody)
	in, _ = p.Open(o["autoStartToken"].(string))
	if err := p.Cancel(in.Ref); err != nil {
		t.Fatal(err)
	}
	p.wants(o, "failed userCancel")
	if err := p.Cancel("nobody's"); err == nil {
		t.Error("an order that was never opened is cancelled")
	}
}

func TestBankIDTakesOnlyTheCodeThatIsShownNow(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	o := p.order(bankIDAnybody)
	other := p.order(bankIDAnybody)
	p.pass(10 * time.Second)
	mixed := strings.Join(append(strings.Split(bankIDQR(o, "10"), ".")[:3], strings.Split(bankIDQR(other, "10"), ".")[3]), ".")
	for code, why := range map[string]string{
		bankIDQR(o, "4"): "another moment", bankIDQR(o, "12"): "another moment", mixed: "not made by", bankIDQR(o, "x"): "no QR code", "bankid.x": "no QR code",
		"": "no QR code", strings.Replace(bankIDQR(o, "10"), "bankid.", "other.", 1): "no QR code", "bankid.nobody.10.00": "no such order",
	} {
		if _, err := p.Scan(code); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, not %q", code, err, why)
		}
	}
	for _, second := range []string{"5", "9", "10", "11"} {
		if in, err := p.Scan(bankIDQR(o, second)); err != nil || in.Ref != o["orderRef"] {
			t.Errorf("of second %s: %v", second, err)
		}
	}
}

func TestBankIDSaysNoInItsOwnWords(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	for body, details := range map[string]string{
		`{}`: "Invalid endUserIp", `{"endUserIp":"somewhere"}`: "Invalid endUserIp", `not JSON`: "Invalid request", `null`: "Invalid request", `{"endUserIp":"192.0.2.7","pno":"1"}`: "Unknown parameter pno",
		`{"endUserIp":"192.0.2.7","requirement":{"personalNumber":"9001012385"}}`:                  "Invalid personalNumber",
		`{"endUserIp":"192.0.2.7","userVisibleData":"Hej!"}`:                                       "Invalid userVisibleData",
		`{"endUserIp":"192.0.2.7","userVisibleData":"` + strings.Repeat("QUJD", 400) + `"}`:        "Invalid userVisibleData",
		`{"endUserIp":"192.0.2.7","returnUrl":"parley.example/back"}`:                              "Invalid returnUrl",
		`{"endUserIp":"192.0.2.7","requirement":{"personalNumber":"19900101238X","pinCode":true}}`: "Invalid personalNumber",
	} {
		if status, m := p.say("auth", body); status != http.StatusBadRequest || m["errorCode"] != "invalidParameters" || m["details"] != details {
			t.Errorf("%s: %d %v", body, status, m)
		}
	}
	if status, m := p.say("collect", `{"orderRef":"nobody's"}`); status != http.StatusBadRequest || m["details"] != "No such order" {
		t.Errorf("%d %v", status, m)
	}
	if status, m := p.say("sign", bankIDAnybody); status != http.StatusNotFound || m["errorCode"] != "notFound" {
		t.Errorf("%d %v", status, m)
	}
	for _, test := range []struct {
		method, kind, code string
		status             int
	}{{"GET", "", "methodNotAllowed", 405}, {"POST", "text/plain", "unsupportedMediaType", 415}, {"POST", "application/x-www-form-urlencoded", "unsupportedMediaType", 415}} {
		req, _ := http.NewRequest(test.method, p.url+"/rp/v6.0/auth", strings.NewReader(bankIDAnybody))
		req.Header.Set("Content-Type", test.kind)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != test.status || !bytes.Contains(body, []byte(test.code)) {
			t.Errorf("%s %s: %d %s", test.method, test.kind, res.StatusCode, body)
		}
	}
}

func TestBankIDEndsBothOrdersOfAPerson(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	anna := `{"endUserIp":"192.0.2.7","requirement":{"personalNumber":"199001012385"}}`
	first := p.order(anna)
	if status, m := p.say("auth", anna); status != http.StatusBadRequest || m["errorCode"] != "alreadyInProgress" {
		t.Errorf("%d %v", status, m)
	}
	p.wants(first, "failed cancelled")
	second := p.order(anna) // and then there is room again
	in, err := p.Open(second["autoStartToken"].(string))
	if err != nil {
		t.Fatal(err)
	}
	p.wants(second, "pending userSign")
	for name, why := range map[string]string{"Erik": "somebody else", "Nobody": "Nobody here"} {
		if err := p.Sign(in.Ref, name); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Sign(in.Ref, ""); err != nil {
		t.Fatal(err)
	}
	if user := p.wants(second, "complete")["completionData"].(map[string]any)["user"].(map[string]any); user["personalNumber"] != "199001012385" {
		t.Errorf("%v", user)
	}
}

func TestBankIDMindsAHurry(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	o := p.order(bankIDAnybody)
	p.wants(o, "pending outstandingTransaction")
	p.pass(-1500 * time.Millisecond)
	p.wants(o, "pending outstandingTransaction")
	if c := p.Complaints(); len(c) != 1 || !strings.Contains(c[0], "once a second") {
		t.Errorf("%v", c)
	}
}

func TestBankIDMisbehavesAsItIsTold(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	p.Faults.Delay = time.Millisecond
	for _, test := range []struct {
		fault  Fault
		status int
		orders int // that were begun all the same
	}{{Refuse, 400, 0}, {Garbage, 200, 0}, {Broken, 500, 0}, {Slow, 200, 1}, {Drop, 0, 0}, {Lose, 0, 1}, {Twice, 200, 2}, {BankIDMaintenance, 503, 0}, {BankIDForbidden, 403, 0}} {
		before := len(p.Orders())
		p.Faults.Set("auth", test.fault, 1)
		status, _ := p.say("auth", bankIDAnybody)
		if status != test.status || len(p.Orders())-before != test.orders {
			t.Errorf("auth %s: %d, and %d orders", test.fault, status, len(p.Orders())-before)
		}
		heard := p.Heard("auth")
		if last := heard[len(heard)-1]; last.Fault != test.fault || (last.Body == nil) != (test.fault == Drop) {
			t.Errorf("it heard %+v", last)
		}
	}
	signed := func() map[string]any {
		o := p.order(bankIDAnybody)
		in, err := p.Open(o["autoStartToken"].(string))
		if err == nil {
			err = p.Sign(in.Ref, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	for fault, then := range map[Fault]string{Garbage: "complete", Broken: "complete", Drop: "complete", BankIDMaintenance: "complete", BankIDForbidden: "complete",
		Lose: "400 invalidParameters: No such order", Twice: "400 invalidParameters: No such order"} {
		o := signed()
		p.Faults.Set("collect", fault, 1)
		p.collect(o)
		if got, _ := p.collect(o); got != then {
			t.Errorf("after collect %s: %q", fault, got)
		}
	}
	o := p.order(bankIDAnybody)
	p.Faults.Set("collect", Refuse, 1)
	p.wants(o, "failed certificateErr")
	o = p.order(bankIDAnybody)
	p.Faults.Set("cancel", Refuse, 1)
	if status, _ := p.say("cancel", fmt.Sprintf(`{"orderRef":%q}`, o["orderRef"])); status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
	if p.Complaints() != nil {
		t.Error(p.Complaints())
	}
}

func TestBankIDIsOddAsItIsTold(t *testing.T) {
	for twist, want := range map[string]string{"unknown-hint": "pending userThinksAboutIt", "no-client": "pending noClient", "unknown-status": "perhaps outstandingTransaction"} {
		p := bankIDServe(t, BankIDOptions{Twist: twist})
		p.wants(p.order(bankIDAnybody), want)
	}
	p := bankIDServe(t, BankIDOptions{Auto: "deny", Twist: "unknown-failure"})
	p.wants(p.order(bankIDAnybody), "failed moonInTheWrongHouse")
	for twist, look := range map[string]func(data map[string]any) bool{
		"no-data":         func(data map[string]any) bool { return data == nil },
		"no-number":       func(data map[string]any) bool { return data["user"].(map[string]any)["personalNumber"] == "" },
		"another-person":  func(data map[string]any) bool { return data["user"].(map[string]any)["givenName"] == "Erik" },
		"another-address": func(data map[string]any) bool { return data["device"].(map[string]any)["ipAddress"] != "192.0.2.7" },
		"date-time":       func(data map[string]any) bool { return data["bankIdIssueDate"] == "2020-02-01T00:00:00Z" },
		"date-zone":       func(data map[string]any) bool { return data["bankIdIssueDate"] == "2020-02-01+00:00" },
	} {
		p := bankIDServe(t, BankIDOptions{Auto: "approve"})
		p.SetTwist(twist)
		data, _ := p.wants(p.order(bankIDAnybody), "complete")["completionData"].(map[string]any)
		if !look(data) {
			t.Errorf("%s: %v", twist, data)
		}
	}
}

func TestBankIDsPersonActsByThemselves(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{Auto: "approve", AutoPerson: "Maja"})
	user := p.wants(p.order(bankIDAnybody), "complete")["completionData"].(map[string]any)["user"].(map[string]any)
	if user["givenName"] != "Maja" {
		t.Errorf("%v", user)
	}
	p.wants(p.order(`{"endUserIp":"192.0.2.7","requirement":{"personalNumber":"190001019999"}}`), "failed certificateErr") // nobody has that number
	p = bankIDServe(t, BankIDOptions{Auto: "deny"})
	p.wants(p.order(bankIDAnybody), "failed userCancel")
}

// TestBankIDsAppIsAPage: what a person does in a browser, by the link and by the code.
func TestBankIDsAppIsAPage(t *testing.T) {
	p := bankIDServe(t, BankIDOptions{})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(method, query string, form url.Values) (int, string, string) {
		t.Helper()
		req, _ := http.NewRequest(method, p.url+"/app"+query, strings.NewReader(form.Encode()))
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, res.Header.Get("Location"), html.UnescapeString(string(b))
	}
	hidden := regexp.MustCompile(`name="app" value="([^"]+)"`)
	open := func(query string) string {
		t.Helper()
		status, _, page := ask("GET", query, nil)
		found := hidden.FindStringSubmatch(page)
		if status != http.StatusOK || found == nil || !strings.Contains(page, "Identify yourself") {
			t.Fatalf("%d %s", status, page)
		}
		return found[1]
	}
	body := `{"endUserIp":"192.0.2.7","returnUrl":"https://parley.example/back?x=1"}`

	o := p.order(body)
	here := open("?autostarttoken=" + o["autoStartToken"].(string) + "&redirect=null")
	if status, to, _ := ask("POST", "", url.Values{"app": {here}, "step": {"sign"}, "person": {"198503152392"}}); status != http.StatusSeeOther || to != "https://parley.example/back?x=1" {
		t.Errorf("on the same device: %d %q", status, to)
	}
	if data := p.wants(o, "complete")["completionData"].(map[string]any); data["device"].(map[string]any)["ipAddress"] != "127.0.0.1" || data["user"].(map[string]any)["givenName"] != "Erik" {
		t.Errorf("%v", data)
	}

	o = p.order(body)
	there := open("?qr=" + url.QueryEscape(bankIDQR(o, "0")))
	if status, _, page := ask("POST", "", url.Values{"app": {there}, "step": {"cancel"}}); status != http.StatusOK || !strings.Contains(page, "You cancelled") {
		t.Errorf("on another device: %d %s", status, page)
	}
	p.wants(o, "failed userCancel")
	if status, _, page := ask("POST", "", url.Values{"app": {there}, "step": {"sign"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "This order is over") {
		t.Errorf("afterwards: %d %s", status, page)
	}

	o = p.order(`{"endUserIp":"192.0.2.7","requirement":{"personalNumber":"199207072381"}}`)
	if status, _, page := ask("GET", "?qr="+url.QueryEscape(bankIDQR(o, "0")), nil); status != http.StatusOK || !strings.Contains(page, "Maja Lind") || strings.Contains(page, "Erik") {
		t.Errorf("an order for one person: %d %s", status, page)
	}
	for query, why := range map[string]string{"?qr=bankid.a.b.c": "no such order", "?autostarttoken=": "no such order", "": "in place of a camera"} {
		if status, _, page := ask("GET", query, nil); (status == http.StatusOK) != (query == "") || !strings.Contains(page, why) {
			t.Errorf("%q: %d %s", query, status, page)
		}
	}
	if status, _, _ := ask("POST", "", url.Values{"app": {"nobody's"}, "step": {"sign"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("%d", status)
	}
	for path, want := range map[string]string{"/": "complete", "/behaviour": "How BankID behaves"} {
		res, err := http.Get(p.url + path)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !bytes.Contains(b, []byte(want)) || !bytes.Contains(b, []byte("Simulated")) || bytes.Contains(b, []byte(o["qrStartSecret"].(string))) {
			t.Errorf("%s: %s", path, b)
		}
	}
}
