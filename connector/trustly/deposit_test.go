package trustly

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/connector"
	"parley/web"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a Trustly that answers as it is told and remembers what it was asked.
type fake struct {
	*httptest.Server
	said   []tree // Data of every request, verified
	answer func(w http.ResponseWriter, method, uuid string, data tree)
}

// newFake makes a Trustly and a connector to it.
func newFake(t *testing.T, answer func(w http.ResponseWriter, method, uuid string, data tree)) (*fake, *Connector) {
	f := &fake{answer: answer}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m, err := parse(body)
		if err != nil {
			t.Errorf("the request: %v", err)
		}
		params := m.object("params")
		data := params.object("Data")
		if err := verify(&ourKey().PublicKey, params.text("Signature"), m.text("method"), params.text("UUID"), data); err != nil {
			t.Errorf("the request: %v", err)
		}
		f.said = append(f.said, data)
		f.answer(w, m.text("method"), params.text("UUID"), data)
	}))
	t.Cleanup(f.Close)
	c, err := New(Config{URL: f.URL, Username: "u", Password: "p", Key: ourKey(), TrustlyKey: &theirKey().PublicKey,
		Client: web.NewClient(web.ClientOptions{AllowPrivate: true, Timeout: 5 * time.Second}), Now: func() time.Time { return noon }, ShopperStatement: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	return f, c
}

// say writes a result, or an error when its data has a code, signed by theirKey.
func say(w http.ResponseWriter, method, uuid string, data any) {
	signature, _ := sign(theirKey(), method, uuid, data)
	signed := tree{"signature": signature, "uuid": uuid, "method": method, "data": data}
	m := tree{"version": "1.1", "result": signed}
	if d, ok := data.(tree); ok && d["code"] != nil {
		m = tree{"version": "1.1", "error": tree{"name": "JSONRPCError", "code": d["code"], "message": d["message"], "error": signed}}
	}
	body, _ := encode(m)
	w.Write(body)
}

func opened(w http.ResponseWriter, method, uuid string, _ tree) {
	say(w, method, uuid, tree{"orderid": "2190971587", "url": "https://test.trustly.com/_/orderclient.php?SessionID=s&OrderID=2190971587", "newfield": nil})
}

func asking() connector.IdentifyRequest {
	return connector.IdentifyRequest{Key: "run/identify", Attempt: 1, Amount: &parley.Money{Minor: 50000, Currency: "SEK"}, Country: "SE",
		PersonID: "SE199001012384", EndUserID: "user-å", IP: "192.0.2.1",
		SuccessURL: "https://shop.test/ok?a=1&b=2", FailURL: "https://shop.test/no", NotifyURL: "https://parley.test/notify/x"}
}

func TestIdentifySaysDepositAndReturnsThePage(t *testing.T) {
	f, c := newFake(t, opened)
	got, err := c.Identify(t.Context(), asking())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Page.URL, "https://test.trustly.com/_/") || !strings.Contains(string(got.Session), `"orderid":"2190971587"`) {
		t.Errorf("%+v %s", got.Page, got.Session)
	}
	a := f.said[0].object("Attributes")
	for key, want := range map[string]string{"RequestKYC": "1", "Amount": "500.00", "Currency": "SEK", "Country": "SE", "Locale": "sv_SE",
		"IP": "192.0.2.1", "NationalIdentificationNumber": "199001012384", "ShopperStatement": "Shop", "URLTarget": "_top",
		"SuccessURL": "https://shop.test/ok?a=1&b=2", "FailURL": "https://shop.test/no"} {
		if a.text(key) != want {
			t.Errorf("%s is %q, want %q", key, a.text(key), want)
		}
	}
	if f.said[0].text("EndUserID") != "user-å" || f.said[0].text("NotificationURL") != "https://parley.test/notify/x" || a["Firstname"] != nil {
		t.Errorf("keys of what was said: %v", f.said[0]["EndUserID"])
	}
	ask := asking()
	ask.Amount, ask.Currency = nil, "EUR"
	if _, err := c.Identify(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	if a := f.said[1].object("Attributes"); a["Amount"] != nil || a.text("Currency") != "EUR" || f.said[1].text("MessageID") != f.said[0].text("MessageID") {
		t.Error("a pure sign-in has no amount and the currency of the request, and a key has one message id")
	}
}

func TestWhatCannotBeSaidIsRefusedBeforeItIsSaid(t *testing.T) {
	f, c := newFake(t, opened)
	for name, change := range map[string]func(*connector.IdentifyRequest){
		"a part of a forint":              func(a *connector.IdentifyRequest) { a.Amount = &parley.Money{Minor: 150, Currency: "HUF"} },
		"a currency without decimals":     func(a *connector.IdentifyRequest) { a.Amount = &parley.Money{Minor: 150, Currency: "JPY"} },
		"nothing":                         func(a *connector.IdentifyRequest) { a.Amount = &parley.Money{Currency: "SEK"} },
		"no currency":                     func(a *connector.IdentifyRequest) { a.Amount = nil },
		"no country":                      func(a *connector.IdentifyRequest) { a.Country = "" },
		"a notification URL with a query": func(a *connector.IdentifyRequest) { a.NotifyURL += "?x" },
	} {
		ask := asking()
		change(&ask)
		if _, err := c.Identify(t.Context(), ask); parley.KindOf(err) != parley.KindRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.said) != 0 {
		t.Error("something was said")
	}
}

func TestSignedErrorsAreRefusals(t *testing.T) {
	for code, want := range map[string]parley.Status{
		"638": parley.StatusUserAccountBlocked, "616": parley.StatusProviderOutOfService, "607": parley.StatusProviderOutOfService,
		"636": parley.StatusProviderOutOfService, "639": parley.StatusProviderOutOfService, "602": parley.StatusProviderOutOfService,
		"615": parley.StatusDeclinedOther, "622": parley.StatusDeclinedOther, "623": parley.StatusDeclinedOther, "699": parley.StatusDeclinedOther,
	} {
		_, c := newFake(t, func(w http.ResponseWriter, method, uuid string, _ tree) {
			w.WriteHeader(http.StatusBadRequest) // decides nothing
			say(w, method, uuid, tree{"code": code, "message": "ERROR_X"})
		})
		_, err := c.Identify(t.Context(), asking())
		no, ok := errors.AsType[*parley.Refusal](err)
		if !ok || parley.KindOf(err) != parley.KindRefused || no.Status != want || no.By != "IdentityProvider" || no.Code != code || no.Message != "ERROR_X" {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestAnswersThatProveNothingAreUnknown(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, method, uuid string, data tree){
		"HTML": func(w http.ResponseWriter, _, _ string, _ tree) { w.WriteHeader(502); io.WriteString(w, "<html>") },
		"an unsigned error": func(w http.ResponseWriter, _, _ string, _ tree) {
			io.WriteString(w, `{"version":"1.1","error":{"code":616,"message":"E","error":{"uuid":null,"method":null,"data":{"code":616,"message":"E"}}}}`)
		},
		"an error without a block": func(w http.ResponseWriter, _, _ string, _ tree) {
			io.WriteString(w, `{"version":"1.1","error":{"code":616}}`)
		},
		"another uuid":             func(w http.ResponseWriter, m, _ string, d tree) { opened(w, m, newUUID(), d) },
		"another uuid in an error": func(w http.ResponseWriter, m, _ string, _ tree) { say(w, m, newUUID(), tree{"code": "638"}) },
		"another method":           func(w http.ResponseWriter, _, u string, d tree) { opened(w, "Withdraw", u, d) },
		"another key": func(w http.ResponseWriter, m, u string, _ tree) {
			s, _ := sign(ourKey(), m, u, tree{"orderid": "1", "url": "https://x.test/"})
			io.WriteString(w, `{"result":{"signature":"`+s+`","uuid":"`+u+`","method":"`+m+`","data":{"orderid":"1","url":"https://x.test/"}}}`)
		},
		"no page":  func(w http.ResponseWriter, m, u string, _ tree) { say(w, m, u, tree{"orderid": "1"}) },
		"no order": func(w http.ResponseWriter, m, u string, _ tree) { say(w, m, u, tree{"url": "https://x.test/"}) },
		"a script": func(w http.ResponseWriter, m, u string, _ tree) {
			say(w, m, u, tree{"orderid": "1", "url": "javascript:alert(1)"})
		},
		"error 620": func(w http.ResponseWriter, m, u string, _ tree) {
			say(w, m, u, tree{"code": "620", "message": "ERROR_UNKNOWN"})
		},
		"no code":       func(w http.ResponseWriter, m, u string, _ tree) { say(w, m, u, tree{"code": "many"}) },
		"a list":        func(w http.ResponseWriter, m, u string, _ tree) { say(w, m, u, []any{"1"}) },
		"a hang-up":     func(http.ResponseWriter, string, string, tree) { panic(http.ErrAbortHandler) },
		"a redirection": func(w http.ResponseWriter, _, _ string, _ tree) { w.Header().Set("Location", "/"); w.WriteHeader(307) },
	} {
		_, c := newFake(t, answer)
		if _, err := c.Identify(t.Context(), asking()); parley.KindOf(err) != parley.KindUnknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, c := newFake(t, opened)
	f.Close()
	if _, err := c.Identify(t.Context(), asking()); parley.KindOf(err) != parley.KindUnheard {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Identify(ctx, asking()); err == nil || strings.Contains(err.Error(), "199001012384") {
		t.Error("a cancelled context, or an error that names the person")
	}
}

func TestDepositIsSaidAnewWhenItsAnswerWasLost(t *testing.T) {
	taken := map[string]bool{}
	f, c := newFake(t, func(w http.ResponseWriter, method, uuid string, data tree) {
		if id := data.text("MessageID"); !taken[id] {
			taken[id] = true
			opened(w, method, uuid, data)
			return
		}
		say(w, method, uuid, tree{"code": "637", "message": "ERROR_DUPLICATE_MESSAGE_ID"})
	})
	taken[messageID("run/identify")] = true
	ids := func() (ids []string) {
		for _, s := range f.said {
			ids = append(ids, strings.TrimPrefix(s.text("MessageID"), messageID("run/identify")))
		}
		f.said = nil
		return ids
	}
	for _, want := range [][]string{{"", "-1"}, {"", "-1", "-1-2"}, {"", "-1", "-1-2", "-1-3"}} {
		got, err := c.Identify(t.Context(), asking())
		if err != nil || got.Page.URL == "" || !slices.Equal(ids(), want) {
			t.Errorf("want %v: %v", want, err)
		}
	}
	if _, err := c.Identify(t.Context(), asking()); parley.KindOf(err) != parley.KindRefused {
		t.Errorf("all taken: %v", err)
	}
}

func TestPayIsSilentWhenTrustlyHasAsked(t *testing.T) {
	f, c := newFake(t, opened)
	got, err := c.Pay(t.Context(), connector.PayRequest{IdentifyRequest: asking(), Asked: true, Session: []byte(`{"orderid":"1"}`)})
	if err != nil || string(got.Session) != `{"orderid":"1"}` || got.Page.URL != "" || len(f.said) != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestPayOpensADepositInTheNameOfTheIdentified(t *testing.T) {
	f, c := newFake(t, opened)
	ask := connector.PayRequest{IdentifyRequest: asking(), Identity: parley.Identity{Name: "Åsa Öberg", PersonID: "SE198503122486"}}
	got, err := c.Pay(t.Context(), ask)
	if err != nil || got.Page.URL == "" || got.Session == nil {
		t.Fatal(err)
	}
	a := f.said[0].object("Attributes")
	if a["RequestKYC"] != nil || a["Email"] != nil || a.text("Firstname") != "Åsa" || a.text("Lastname") != "Öberg" || a.text("NationalIdentificationNumber") != "198503122486" {
		t.Error("not in the name of the identified")
	}
	ask.Identity = parley.Identity{FirstName: "A", LastName: "B", Email: "a@b.test", PersonID: "FI131052-308T"}
	if _, err := c.Pay(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	if a := f.said[1].object("Attributes"); a.text("Email") != "a@b.test" || a["NationalIdentificationNumber"] != nil {
		t.Error("a foreign number was told, or an e-mail was not")
	}
	ask.Amount = nil
	_, err = c.Pay(t.Context(), ask)
	if no, ok := errors.AsType[*parley.Refusal](err); !ok || no.By != "PaymentProvider" {
		t.Errorf("no amount: %v", err)
	}
}

func TestPaymentStatusReadsTheLedgerAndNeverGuessesFailed(t *testing.T) {
	row := func(order, account, amount string) tree {
		return tree{"userid": "1", "datestamp": "2026-03-01 11:00:00.652299+01", "orderid": order, "accountname": account, "messageid": "m-" + order,
			"currency": "SEK", "amount": amount, "gluepayid": order}
	}
	const funds, fee = "SUSPENSE_ACCOUNT_CLIENT_FUNDS_SWEDEN_ESSE", "TRANSACTION_FEE_BANK_DEPOSIT"
	other := row("7", funds, "9.00")
	other["currency"] = "EUR"
	byMessage := row("8", funds, "3.00")
	byMessage["messageid"], byMessage["transactionid"] = "mine", "t1"
	for name, c := range map[string]struct {
		rows []any
		fact connector.Fact
		sum  int64
		id   string
	}{
		"nothing":               {nil, connector.Pending, 50000, "ledger-7-pending"},
		"others only":           {[]any{row("9", funds, "500.00"), other, "text"}, connector.Pending, 50000, "ledger-7-pending"},
		"a credit and its fee":  {[]any{row("7", fee, "-3.01000"), row("7", funds, "500.00000000000000000000")}, connector.Paid, 50000, "ledger-7"},
		"credited and reversed": {[]any{row("7", funds, "500.00"), row("7", funds, "-500.00")}, connector.Paid, 50000, "ledger-7"},
		"in two parts":          {[]any{row("7", funds, "300"), row("7", funds, "200.5")}, connector.Paid, 50050, "ledger-7"},
		"a fee given back":      {[]any{row("7", fee, "3.00")}, connector.Pending, 50000, "ledger-7-pending"},
		"by message id":         {[]any{byMessage}, connector.Paid, 300, "ledger-t1"},
		"nothing moved":         {[]any{row("7", funds, "0.00")}, connector.Pending, 50000, "ledger-7-pending"},
	} {
		f, con := newFake(t, func(w http.ResponseWriter, m, u string, _ tree) { say(w, m, u, append([]any{}, c.rows...)) })
		got, err := con.PaymentStatus(t.Context(), connector.StatusRequest{Session: []byte(`{"orderid":"7","messageids":["mine"]}`),
			Amount: parley.Money{Minor: 50000, Currency: "SEK"}, Since: noon, Now: noon.Add(time.Hour)})
		if err != nil || got.Fact != c.fact || got.Amount != (parley.Money{Minor: c.sum, Currency: "SEK"}) || got.ID != c.id || got.Reference != "7" {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if d := f.said[0]; d.text("FromDate") != "2026-02-28" || d.text("ToDate") != "2026-03-02" || d.text("Currency") != "SEK" {
			t.Errorf("%s: asked from %s to %s", name, d.text("FromDate"), d.text("ToDate"))
		}
	}
}

func TestPaymentStatusThatCannotBeToldIsAnError(t *testing.T) {
	ask := connector.StatusRequest{Session: []byte(`{"orderid":"7"}`), Amount: parley.Money{Minor: 1, Currency: "SEK"}, Since: noon}
	for name, c := range map[string]struct {
		data any
		kind parley.Kind
	}{
		"refused":          {tree{"code": "602", "message": "ERROR_FUNCTION_ACCESS_DENIED"}, parley.KindUnavailable},
		"no list":          {tree{"orderid": "7"}, parley.KindUnknown},
		"a part of an öre": {[]any{tree{"orderid": "7", "amount": "1.005", "currency": "SEK"}}, parley.KindUnknown},
	} {
		_, con := newFake(t, func(w http.ResponseWriter, m, u string, _ tree) { say(w, m, u, c.data) })
		if _, err := con.PaymentStatus(t.Context(), ask); parley.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, con := newFake(t, opened)
	ask.Session = []byte(`{}`)
	if _, err := con.PaymentStatus(t.Context(), ask); parley.KindOf(err) != parley.KindInvalid {
		t.Errorf("no session: %v", err)
	}
}
