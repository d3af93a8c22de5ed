package notify

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// heard is what a platform was told.
type heard struct {
	method, path, body string
	header             http.Header
}

// platform starts an operator that notes what it hears and answers as told. What it hears arrives on the channel.
func platform(t *testing.T, c Config, answer http.HandlerFunc) (*Operator, <-chan heard) {
	t.Helper()
	told := make(chan heard, 1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- heard{r.Method, r.URL.String(), string(body), r.Header}
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	if c.URL == "" {
		c.URL = s.URL + "/api/{action}"
	}
	return operator(t, c), told
}

func operator(t *testing.T, c Config) *Operator {
	t.Helper()
	if c.Client == nil {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		c.Client = &http.Client{Transport: transport}
	}
	if c.Now == nil {
		c.Now = func() time.Time { return noon }
	}
	o, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func answers(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

func deposit() Transaction {
	return Transaction{
		UserID: "user_123", Amount: parley.Money{Minor: 10050, Currency: "SEK"}, TxID: 4352211, TxTypeID: "324", TxName: "TrustlyDeposit",
		Provider: "Trustly", OriginTxID: 4352210, Attributes: map[string]any{"token": "eyJ.x.y", "bonus": "A&B<C", "age": 3, "deep": map[string]any{"b": 1, "a": nil}},
	}
}

func rich() Transaction {
	t := deposit()
	t.Service, t.AccountID, t.AccountHolder, t.MaskedAccount = "bank", "c0ffee", "Åsa Öhman", "***4057"
	t.Fee, t.FeeBase = &parley.Money{Minor: 125, Currency: "SEK"}, &parley.Money{Minor: 11, Currency: "EUR"}
	return t
}

func person() parley.Identity {
	return parley.Identity{
		Provider: "trustly", Issuer: "trustly", Subject: "s", PersonID: "SE199001012384", Name: "Åsa Öhman", Gender: parley.Female,
		DateOfBirth: "1990-01-01", Email: "asa@example.com",
		Address:  parley.Address{Street: "Storgatan 1", City: "Umeå", Zip: "90325", Country: "SWE"},
		IssuedAt: noon,
	}
}

const (
	authorizePlain = `{"userId":"user_123","txAmount":"100.50","txAmountCy":"SEK","txId":"4352211","txTypeId":"324","txName":"TrustlyDeposit","provider":"Trustly","originTxId":"4352210",` +
		`"accountId":null,"maskedAccount":null,"pspFee":null,"pspFeeCy":null,"pspFeeBase":null,"pspFeeBaseCy":null,` +
		`"attributes":{"age":3,"bonus":"A&B<C","deep":{"a":null,"b":1},"token":"eyJ.x.y"}`
	authorizeRich = `{"userId":"user_123","txAmount":"100.50","txAmountCy":"SEK","txId":"4352211","txTypeId":"324","txName":"TrustlyDeposit","provider":"Trustly","pspService":"bank","originTxId":"4352210",` +
		`"accountId":"c0ffee","accountHolder":"Åsa Öhman","maskedAccount":"***4057","pspFee":"1.25","pspFeeCy":"SEK","pspFeeBase":"0.11","pspFeeBaseCy":"EUR",` +
		`"attributes":{"age":3,"bonus":"A&B<C","deep":{"a":null,"b":1},"token":"eyJ.x.y"}`
)

func TestNotificationsAreTheSameBytesAtEveryRepetition(t *testing.T) {
	o, told := platform(t, Config{}, answers(`{"success":true,"userId":"user_123"}`))
	yen := deposit()
	yen.Amount, yen.OriginTxID, yen.Attributes = parley.Money{Minor: -30, Currency: "JPY"}, 0, nil
	for _, c := range []struct {
		name, path, body string
		say              func() error
	}{
		{"sign-in with all there is", "/api/signin",
			`{"txRefId":"1000A259380","name":"Åsa Öhman","identityProvider":"trustly","iat":"1772366400","rat":"1772366340","firstName":"Åsa","lastName":"Öhman",` +
				`"personid":"SE199001012384","gender":"FEMALE","street":"Storgatan 1","city":"Umeå","zip":"90325","country":"SWE","dob":"1990-01-01","ip":"192.0.2.1","attributes":{"a":"1","b":"2"}}`,
			func() error {
				_, err := o.SignIn(t.Context(), "k", SignInRequest{
					MerchantID: 1000, TxID: 259380, IdentityProvider: "trustly", Identity: person(), RequestedAt: noon.Add(-time.Minute), IP: "192.0.2.1",
					Attributes: map[string]any{"b": "2", "a": "1"},
				})
				return err
			}},
		{"sign-in of somebody with signs in their name", "/api/signin",
			`{"txRefId":"1A2","name":"A&B <C>","identityProvider":"oidc","iat":"1772366400","rat":"1772366400","firstName":"A&B","lastName":"<C>"}`,
			func() error {
				_, err := o.SignIn(t.Context(), "k", SignInRequest{MerchantID: 1, TxID: 2, IdentityProvider: "oidc", Identity: parley.Identity{IssuedAt: noon, Name: "A&B <C>"}})
				return err
			}},
		{"sign-in with the least", "/api/signin",
			`{"txRefId":"1A2","name":"","identityProvider":"oidc","iat":"1772366400","rat":"1772366400"}`,
			func() error {
				_, err := o.SignIn(t.Context(), "k", SignInRequest{MerchantID: 1, TxID: 2, IdentityProvider: "oidc", Identity: parley.Identity{IssuedAt: noon}})
				return err
			}},
		{"authorize", "/api/authorize", authorizePlain + "}", func() error {
			_, err := o.Authorize(t.Context(), "k", AuthorizeRequest{deposit()})
			return err
		}},
		{"authorize with all there is", "/api/authorize", authorizeRich + "}", func() error {
			_, err := o.Authorize(t.Context(), "k", AuthorizeRequest{rich()})
			return err
		}},
		{"authorize a withdrawal in a currency without decimals", "/api/authorize",
			`{"userId":"user_123","txAmount":"-30","txAmountCy":"JPY","txId":"4352211","txTypeId":"324","txName":"TrustlyDeposit","provider":"Trustly",` +
				`"accountId":null,"maskedAccount":null,"pspFee":null,"pspFeeCy":null,"pspFeeBase":null,"pspFeeBaseCy":null,"attributes":{}}`,
			func() error {
				_, err := o.Authorize(t.Context(), "k", AuthorizeRequest{yen})
				return err
			}},
		{"transfer", "/api/transfer",
			authorizePlain + `,"txPspAmount":"100.50","txPspAmountCy":"SEK","fee":"0.00","feeCy":"SEK","txRefId":"1000A4352211"}`,
			func() error {
				_, err := o.Transfer(t.Context(), "k", TransferRequest{Transaction: deposit(), MerchantID: 1000})
				return err
			}},
		{"transfer with all there is", "/api/transfer",
			authorizeRich + `,"authCode":"auth-1","txPspAmount":"9.10","txPspAmountCy":"EUR","fee":"0.00","feeCy":"SEK","txRefId":"1000A4352211","pspRefId":"9594811343"}`,
			func() error {
				_, err := o.Transfer(t.Context(), "k", TransferRequest{
					Transaction: rich(), MerchantID: 1000, AuthCode: "auth-1", PSPAmount: parley.Money{Minor: 910, Currency: "EUR"}, PSPRefID: "9594811343",
				})
				return err
			}},
		{"cancel of an authorize that was never answered", "/api/cancel",
			authorizePlain + `,"authCode":"","statusCode":600}`,
			func() error {
				_, err := o.Cancel(t.Context(), "k", CancelRequest{Transaction: deposit(), Status: parley.StatusCancelledByUser})
				return err
			}},
		{"cancel with all there is", "/api/cancel",
			authorizeRich + `,"authCode":"auth-1","statusCode":530,"pspStatusCode":"E7","pspRefId":"9594811343","pspStatusMessage":"no funds"}`,
			func() error {
				_, err := o.Cancel(t.Context(), "k", CancelRequest{
					Transaction: rich(), AuthCode: "auth-1", Status: parley.StatusBankRefusal, PSPStatusCode: "E7", PSPRefID: "9594811343", PSPStatusMessage: "no funds",
				})
				return err
			}},
	} {
		for range 3 {
			if err := c.say(); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			got := <-told
			if got.method != "POST" || got.path != c.path || got.body != c.body {
				t.Errorf("%s: %s %s\n got %s\nwant %s", c.name, got.method, got.path, got.body, c.body)
			}
		}
	}
}

func TestWhatCannotBeSaidIsNotSent(t *testing.T) {
	o, told := platform(t, Config{}, answers(`{"success":true,"userId":"user_123"}`))
	without := func(change func(*Transaction)) Transaction { tx := deposit(); change(&tx); return tx }
	for name, tx := range map[string]Transaction{
		"user": without(func(t *Transaction) { t.UserID = "" }), "amount": without(func(t *Transaction) { t.Amount = parley.Money{} }),
		"id": without(func(t *Transaction) { t.TxID = 0 }), "type": without(func(t *Transaction) { t.TxTypeID = "" }),
		"name": without(func(t *Transaction) { t.TxName = "" }), "provider": without(func(t *Transaction) { t.Provider = "" }),
		"attributes": without(func(t *Transaction) { t.Attributes = map[string]any{"f": func() {}} }),
	} {
		_, err1 := o.Authorize(t.Context(), "k", AuthorizeRequest{tx})
		_, err2 := o.Transfer(t.Context(), "k", TransferRequest{Transaction: tx})
		_, err3 := o.Cancel(t.Context(), "k", CancelRequest{Transaction: tx})
		for _, err := range []error{err1, err2, err3} {
			if parley.KindOf(err) != parley.KindInvalid {
				t.Errorf("without %s: %v", name, err)
			}
		}
	}
	for name, ask := range map[string]SignInRequest{
		"id":       {IdentityProvider: "x", Identity: person()},
		"provider": {TxID: 1, Identity: person()},
		"time":     {TxID: 1, IdentityProvider: "x"},
	} {
		if _, err := o.SignIn(t.Context(), "k", ask); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("sign-in without %s: %v", name, err)
		}
	}
	for _, key := range []string{"", "a b", "a\r\nX: y", "å", strings.Repeat("k", 256)} {
		if _, err := o.Authorize(t.Context(), key, AuthorizeRequest{deposit()}); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if len(told) != 0 {
		t.Errorf("%d requests were sent", len(told))
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	const url = "https://operator.example/api/{action}"
	secret := "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24))
	for _, c := range []Config{
		{URL: url}, {URL: "http://operator.example:8080/{action}?key=1"}, {URL: "https://operator.example/?do={action}"},
		{URL: url, Auth: Basic{"user", "pass:word"}}, {URL: url, Auth: Bearer{"t"}}, {URL: url, WebhookSecrets: []string{secret}},
	} {
		c.Client = http.DefaultClient
		if _, err := New(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []Config{
		{}, {URL: "/api/{action}"}, {URL: "operator.example/{action}"}, {URL: "ftp://operator.example/{action}"},
		{URL: "https://operator.example/api/"}, {URL: "https://{action}.example/"}, {URL: "https:///{action}"}, {URL: "https:{action}"},
		{URL: "https://s3cret:s3cret@operator.example/{action}"}, {URL: "https://s3cret@operator.example/{action}"},
		{URL: url + "#"}, {URL: url + "#s3cret"}, {URL: "https://operator.example/s3cret%zz/{action}"}, {URL: "https://s3cret\r\n/{action}"},
		{URL: url, Auth: Basic{}}, {URL: url, Auth: Basic{"a:s3cret", ""}}, {URL: url, Auth: Basic{"s3cret\r", ""}}, {URL: url, Auth: Basic{"a", "s3cret\nX: y"}},
		{URL: url, Auth: Bearer{}}, {URL: url, Auth: Bearer{"s3cret\r\nX: y"}}, {URL: url, Auth: Bearer{"s3cret s3cret"}},
		{URL: url, WebhookSecrets: []string{""}}, {URL: url, WebhookSecrets: []string{"s3cret"}}, {URL: url, WebhookSecrets: []string{"whsec_s3cret!"}},
		{URL: url, WebhookSecrets: []string{"whsec_c2hvcnQ="}}, {URL: url, WebhookSecrets: []string{secret + "\n"}},
		{URL: url, Timeout: -1}, {URL: url, BreakerAfter: -1}, {URL: url, BreakerFor: -1},
	} {
		c.Client = http.DefaultClient
		if _, err := New(c); parley.KindOf(err) != parley.KindInvalid || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := New(Config{URL: url}); parley.KindOf(err) != parley.KindInvalid {
		t.Errorf("without a client: %v", err)
	}
}
