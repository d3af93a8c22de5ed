package notify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"parley"
)

// shown says something and returns what is kept of it for people to look at.
func shown(t *testing.T, say func(ctx context.Context) error) string {
	t.Helper()
	ctx, noted := parley.WithExchange(t.Context())
	say(ctx) // how it went is told by what was noted
	b, err := json.Marshal(noted())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatIsKeptOfAnExchangeNamesNobody(t *testing.T) {
	type answer struct {
		body   string
		status int
	}
	var now atomic.Pointer[answer]
	o, _ := platform(t, Config{BreakerAfter: 100}, func(w http.ResponseWriter, _ *http.Request) {
		a := now.Load()
		if a.body == "" {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(a.status)
		io.WriteString(w, a.body)
	})
	signin := func(ctx context.Context) error {
		_, err := o.SignIn(ctx, "k", SignInRequest{MerchantID: 1000, TxID: 259380, IdentityProvider: "trustly", Identity: person(), IP: "192.0.2.1", Attributes: map[string]any{"a": "Åsa", "b": nil}})
		return err
	}
	authorize := func(ctx context.Context) error {
		_, err := o.Authorize(ctx, "k", AuthorizeRequest{rich()})
		return err
	}
	transfer := func(ctx context.Context) error {
		_, err := o.Transfer(ctx, "k", TransferRequest{Transaction: deposit(), MerchantID: 1, AuthCode: "auth-1", PSPRefID: "p"})
		return err
	}
	cancel := func(ctx context.Context) error {
		_, err := o.Cancel(ctx, "k", CancelRequest{Transaction: deposit(), AuthCode: "auth-1", Status: 601, PSPStatusMessage: "Åsa has no money"})
		return err
	}
	const (
		signinSaid = `"request":{"txRefId":"1000A259380","name":"[redacted]","identityProvider":"trustly","iat":"1772366400","rat":"1772366400",` +
			`"firstName":"[redacted]","lastName":"[redacted]","personid":"[redacted]","gender":"[redacted]","street":"[redacted]","city":"[redacted]",` +
			`"zip":"[redacted]","country":"SWE","dob":"[redacted]","ip":"[redacted]","attributes":{"a":"[redacted]","b":"[redacted]"}}`
		depositSaid = `"userId":"user_123","txAmount":"100.50","txAmountCy":"SEK","txId":"4352211","txTypeId":"324","txName":"TrustlyDeposit","provider":"Trustly",`
		covered     = `"attributes":{"age":"[redacted]","bonus":"[redacted]","deep":"[redacted]","token":"[redacted]"}`
		richSaid    = `"request":{` + depositSaid + `"pspService":"bank","originTxId":"4352210","accountId":"c0ffee","accountHolder":"[redacted]","maskedAccount":"[redacted]",` +
			`"pspFee":"1.25","pspFeeCy":"SEK","pspFeeBase":"0.11","pspFeeBaseCy":"EUR",` + covered + `}`
		plainSaid = `"request":{` + depositSaid + `"originTxId":"4352210","accountId":null,"maskedAccount":null,"pspFee":null,"pspFeeCy":null,"pspFeeBase":null,"pspFeeBaseCy":null,` + covered
	)
	for _, c := range []struct {
		name, reply string
		status      int
		say         func(context.Context) error
		want        string
	}{
		{"signin", `{"success":true,"userId":"user_7","sessionId":"s3cret","balance":"1000.00","balanceCy":"SEK"}`, 200, signin,
			`{` + signinSaid + `,"answer":{"userId":"user_7","sessionId":"[redacted]","balance":"[redacted]","balanceCy":"SEK"},"status":200}`},
		{"signin refused", `{"success":false,"errCode":"601","errMsg":"Åsa is not welcome"}`, 200, signin,
			`{` + signinSaid + `,"answer":{"success":false,"errCode":"601","errMsg":"[redacted]"},"status":200}`},
		{"signin refused with a code that is none", `{"success":false,"errCode":"Åsa Öhman"}`, 200, signin,
			`{` + signinSaid + `,"answer":{"success":false,"errCode":"[redacted]"},"status":200}`},
		{"signin answered with nothing that can be read", `{"success":true}`, 200, signin, `{` + signinSaid + `,"status":200}`},
		{"signin lost", ``, 0, signin, `{` + signinSaid + `}`},
		{"authorize", `{"success":true,"userId":"user_123","authCode":"a","limit":50,"updatedUser":{"city":"Umeå"}}`, 200, authorize,
			`{` + richSaid + `,"answer":{"userId":"user_123","authCode":"a","limit":{"minor":5000,"currency":"SEK"},"updatedUser":"[redacted]"},"status":200}`},
		{"authorize with a limit that leaves nothing", `{"success":true,"userId":"user_123","limit":0}`, 200, authorize,
			`{` + richSaid + `,"answer":{"success":true,"limit":"0"},"status":200}`},
		{"authorize broken", `Åsa Öhman`, 500, authorize, `{` + richSaid + `,"status":500}`},
		{"transfer", `{"success":true,"userId":"user_123","txId":4352211,"merchantTxId":"m"}`, 200, transfer,
			`{` + plainSaid + `,"authCode":"auth-1","txPspAmount":"100.50","txPspAmountCy":"SEK","fee":"0.00","feeCy":"SEK","txRefId":"1A4352211","pspRefId":"p"},` +
				`"answer":{"userId":"user_123","txId":"4352211","merchantTxId":"m"},"status":200}`},
		{"cancel", `{"success":true}`, 200, cancel,
			`{` + plainSaid + `,"authCode":"auth-1","statusCode":601,"pspStatusMessage":"[redacted]"},"answer":{},"status":200}`},
	} {
		now.Store(&answer{c.reply, c.status})
		if got := shown(t, c.say); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	gone := operator(t, Config{URL: "http://127.0.0.1:1/{action}"})
	if got := shown(t, func(ctx context.Context) error {
		_, err := gone.Transfer(ctx, "k", TransferRequest{Transaction: deposit()})
		return err
	}); got[:12] != `{"request":{` || got[len(got)-2:] != `}}` {
		t.Errorf("nobody there: %s", got)
	}
}
