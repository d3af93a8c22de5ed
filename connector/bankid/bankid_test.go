package bankid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/connector"
	"parley/sim"
	"parley/web"
)

// clock is a time that the test moves.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time       { return time.UnixMilli(c.at.Load()) }
func (c *clock) move(d time.Duration) { c.at.Add(d.Milliseconds()) }

// world is the connector and a simulated BankID, over HTTP.
type world struct {
	*testing.T
	*Connector
	sim   *sim.BankID
	clock *clock
	url   string
}

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	w := &world{T: t, clock: &clock{}}
	w.clock.at.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixMilli())
	w.sim = sim.NewBankID(sim.BankIDOptions{Now: w.clock.now})
	srv := httptest.NewServer(w.sim)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	c := Config{URL: srv.URL + "/rp/v6.0", App: srv.URL + "/app", Client: web.NewClient(web.ClientOptions{AllowPrivate: true}), Now: w.clock.now}
	if change != nil {
		change(&c)
	}
	var err error
	if w.Connector, err = New(c); err != nil {
		t.Fatal(err)
	}
	return w
}

var asked = connector.IdentifyRequest{IP: "192.0.2.7", SuccessURL: "https://parley.example/connect/1000/bankid/return/handle"}

// begin begins an order, and returns its session.
func (w *world) begin(ask connector.IdentifyRequest) json.RawMessage {
	w.Helper()
	o, err := w.Identify(context.Background(), ask)
	if err != nil {
		w.Fatal(err)
	}
	if o.Page.URL != "" || o.Reference != "" {
		w.Errorf("there is a page, or the order's reference is told: %+v", o.Page)
	}
	return o.Session
}

// collect asks once, two seconds later, and keeps the session that it is given.
func (w *world) collect(ask connector.IdentifyRequest, s *json.RawMessage) connector.Collected {
	w.Helper()
	got, err := w.tryCollect(ask, s)
	if err != nil {
		w.Fatal(err)
	}
	return got
}

func (w *world) tryCollect(ask connector.IdentifyRequest, s *json.RawMessage) (connector.Collected, error) {
	w.clock.move(2 * time.Second)
	got, err := w.Collect(context.Background(), connector.CollectRequest{IdentifyRequest: ask, Session: *s})
	if got.Session != nil {
		*s = got.Session
	}
	w.quiet(*s, fmt.Sprint(err), got.Note, got.ID, fmt.Sprintf("%+v", got.Refusal))
	return got, err
}

// quiet fails when a secret of the order, or a number of a person, stands in one of the texts.
func (w *world) quiet(kept json.RawMessage, texts ...string) {
	w.Helper()
	var s session
	if err := json.Unmarshal(kept, &s); err != nil {
		return
	}
	secrets := []string{s.Order, s.AutoStart, s.QRToken, s.QRSecret}
	for _, p := range sim.OpenIDPersons() {
		secrets = append(secrets, p.SSN, p.FamilyName)
	}
	for _, text := range texts {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(text, secret) {
				w.Errorf("%q tells a secret", text)
			}
		}
	}
}

func (w *world) hint(s json.RawMessage) connector.Hint {
	return w.HandOver(s, w.clock.now()).Hint
}

// open opens the app on the same device.
func (w *world) open(s json.RawMessage) sim.BankIDOrder {
	w.Helper()
	o, err := w.sim.Open(w.HandOver(s, w.clock.now()).SameDevice)
	if err != nil {
		w.Fatal(err)
	}
	return o
}

const (
	token, secret = "67df3917-fa0d-44e5-b327-edcc928297f8", "d28db9a7-4cde-429e-a983-359be676944c"
	second0       = "dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8"
	second1       = "949d559bf23403952a94d103e67743126381eda00f0b3cbddbf7c96b1adcbce2"
	second2       = "a9e5ec59cb4eee4ef4117150abc58fad7a85439a6a96ccbecc3668b41795b3f3"
)

// TestQRCodesAreThoseOfBankIDsOwnExample: the vector of the integration guide.
func TestQRCodesAreThoseOfBankIDsOwnExample(t *testing.T) {
	began := time.Date(2026, 3, 2, 8, 0, 0, 250e6, time.UTC)
	kept, err := session{Order: "o", AutoStart: "131daac9-16c6-4618-beb0-365768f37288", QRToken: token, QRSecret: secret, At: began, Hint: connector.HintWaiting}.json()
	if err != nil {
		t.Fatal(err)
	}
	c := &Connector{Config{App: AppURL}}
	for _, test := range []struct {
		after time.Duration
		mac   string
		fresh time.Duration
	}{
		{-time.Second, "0." + second0, time.Second}, // two clocks
		{0, "0." + second0, time.Second},
		{999 * time.Millisecond, "0." + second0, time.Millisecond},
		{time.Second, "1." + second1, time.Second},
		{2700 * time.Millisecond, "2." + second2, 300 * time.Millisecond},
	} {
		h := c.HandOver(kept, began.Add(test.after))
		if h.QR != "bankid."+token+"."+test.mac || h.QRFor != test.fresh {
			t.Errorf("after %s: %q for %s", test.after, h.QR, h.QRFor)
		}
		if h.SameDevice != "https://app.bankid.com/?autostarttoken=131daac9-16c6-4618-beb0-365768f37288&redirect=null" || h.Hint != connector.HintWaiting {
			t.Errorf("after %s: %q, %q", test.after, h.SameDevice, h.Hint)
		}
	}
	if h := c.HandOver(kept, began.Add(shown)); h.QR != "" || h.QRFor != 0 || h.SameDevice == "" {
		t.Errorf("a code is shown that opens nothing any more: %+v", h)
	}
	if h := c.HandOver(json.RawMessage("nonsense"), began); h != (connector.HandOver{Hint: connector.HintWaiting}) {
		t.Errorf("of nonsense: %+v", h)
	}
}

// TestQRVectorIsThatOfTheWire compares the vector above with the one that is kept beside the wire's description.
func TestQRVectorIsThatOfTheWire(t *testing.T) {
	folder := os.Getenv("PARLEY_SHARED")
	if folder == "" {
		t.Skip("set PARLEY_SHARED to the folder with the wires' vectors")
	}
	text, err := os.ReadFile(filepath.Join(folder, "wire", "providers.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{token, secret, second0, second1, second2} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the wire's vector has no %s", part)
		}
	}
}

func TestAPersonIsIdentified(t *testing.T) {
	for _, way := range []string{"by the link", "by the code"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.UserVisibleData, c.Name = "Åre honung", "eid" })
			s := w.begin(asked)
			first := s
			if got := w.collect(asked, &s); got.Fact != connector.Pending || got.Session != nil {
				t.Errorf("before the app is opened: %+v", got)
			}
			var o sim.BankIDOrder
			if h := w.HandOver(s, w.clock.now()); way == "by the link" {
				o = w.open(s)
			} else {
				var err error
				if o, err = w.sim.Scan(h.QR); err != nil {
					t.Fatal(err)
				}
			}
			if o.Visible != "Åre honung" || o.ReturnURL != asked.SuccessURL || o.Number != "" {
				t.Errorf("the app shows %+v", o)
			}
			if got := w.collect(asked, &s); got.Fact != connector.Pending || got.Session == nil {
				t.Errorf("when the app is open: %+v", got)
			}
			if h := w.HandOver(s, w.clock.now()); h != (connector.HandOver{Hint: connector.HintStarted}) {
				t.Errorf("the page still shows the way: %+v", h)
			}
			if err := w.sim.Sign(o.Ref, "Maja"); err != nil {
				t.Fatal(err)
			}
			got := w.collect(asked, &s)
			if got.Fact != connector.Identified || got.ID == "" || got.Asks || got.Refusal != nil {
				t.Fatalf("%+v", got.Told)
			}
			now := w.clock.now().UTC()
			want := parley.Identity{Provider: "eid", Issuer: "bankid", Subject: "199207072381", PersonID: "SE199207072381", Name: "Maja Lind", FirstName: "Maja", LastName: "Lind",
				Gender: parley.Female, DateOfBirth: "1992-07-07", IssuedAt: now, AuthenticatedAt: now}
			if *got.Identity != want {
				t.Errorf("%+v", *got.Identity)
			}
			if w.sim.Complaints() != nil {
				t.Error(w.sim.Complaints())
			}
			if string(first) == string(s) {
				t.Error("what was learned is not kept")
			}
			if last := w.sim.Heard("collect"); len(last) != 3 {
				t.Errorf("collected %d times", len(last))
			}
		})
	}
}

// TestTheOrderSaysWhatWasAsked: what goes over the wire, field by field.
func TestTheOrderSaysWhatWasAsked(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.PINCode, c.CertificatePolicies, c.UserVisibleData = true, []string{"1.2.752.78.1.5"}, "Hej"
	})
	for id, want := range map[parley.Private]any{"SE199001012385": "199001012385", "SE19900101-2385": "199001012385", "199001012385": "199001012385",
		"SE9001012385": nil, "NO01019012345": nil, "SE19900101238X": nil, "": nil} {
		ask := asked
		ask.PersonID = id
		w.begin(ask)
		heard := w.sim.Heard("auth")
		body := heard[len(heard)-1].Body
		requirement, _ := body["requirement"].(map[string]any)
		if requirement["personalNumber"] != want || requirement["pinCode"] != true || fmt.Sprint(requirement["certificatePolicies"]) != "[1.2.752.78.1.5]" {
			t.Errorf("of %q: %v", id.Reveal(), requirement)
		}
		if body["endUserIp"] != asked.IP || body["returnUrl"] != asked.SuccessURL || body["userVisibleData"] != base64.StdEncoding.EncodeToString([]byte("Hej")) || len(body) != 4 {
			t.Errorf("asked %v", body)
		}
		w.clock.move(time.Minute) // the person's other order is over by then
	}
	bare := newWorld(t, nil)
	bare.begin(connector.IdentifyRequest{IP: "2001:db8::1"})
	if body := bare.sim.Heard("auth")[0].Body; len(body) != 1 || body["endUserIp"] != "2001:db8::1" {
		t.Errorf("asked %v", body)
	}
	if _, err := bare.Identify(t.Context(), connector.IdentifyRequest{}); parley.KindOf(err) != parley.KindInvalid {
		t.Errorf("without an address: %v", err)
	}
}

func TestEveryHintIsAWordOfOurs(t *testing.T) {
	answers := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(<-answers)) }))
	defer srv.Close()
	c, err := New(Config{URL: srv.URL, Client: web.NewClient(web.ClientOptions{AllowPrivate: true})})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := session{Order: "o", AutoStart: "a", QRToken: "t", QRSecret: "s", At: time.Now(), Begun: time.Now(), Hint: "before"}.json()
	if err != nil {
		t.Fatal(err)
	}
	collect := func(answer string) (connector.Collected, error) {
		answers <- answer
		return c.Collect(t.Context(), connector.CollectRequest{IdentifyRequest: asked, Session: kept})
	}
	for code, want := range map[string]connector.Hint{"outstandingTransaction": "waiting", "noClient": "no-client", "started": "started", "userMrtd": "document",
		"userSign": "sign", "processing": "processing", "userCallConfirm": "before", "something new": "before", "": "before"} {
		got, err := collect(`{"orderRef":"o","status":"pending","hintCode":"` + code + `"}`)
		if err != nil || got.Fact != connector.Pending {
			t.Fatalf("%s: %+v %v", code, got, err)
		}
		now := kept
		if got.Session != nil {
			now = got.Session
		}
		h := c.HandOver(now, time.Now())
		if h.Hint != want || (got.Session != nil) != (want != "before") || (h.QR != "") != (want == "waiting" || want == "no-client") {
			t.Errorf("%s: %+v", code, h)
		}
	}
	for code, want := range map[string]parley.Refusal{
		"expiredTransaction": {By: parley.ByIdentityProvider, Status: parley.StatusExpired}, "certificateErr": {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated},
		"userCancel": {By: parley.ByBrowser, Status: parley.StatusCancelledByUser}, "cancelled": {By: parley.ByIdentityProvider, Status: parley.StatusCancelledByPSP},
		"userDeclinedCall": {By: parley.ByBrowser, Status: parley.StatusCancelledByUser}, "notSupportedByUserApp": {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated},
		"transactionRiskBlocked": {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated}, "199001012385": {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated},
	} {
		got, err := collect(`{"orderRef":"o","status":"failed","hintCode":"` + code + `"}`)
		if err != nil || got.Fact != connector.Denied || *got.Refusal != want || got.Note == "199001012385" || got.Note == "" {
			t.Errorf("%s: %+v %v", code, got.Told, err)
		}
	}
	// What is no answer of BankID's is not a no.
	for _, answer := range []string{`{}`, `{"status":"perhaps"}`, `{"status":"COMPLETE"}`, `[]`, ``, `OK, thank you!`, `{"status":7}`} {
		if got, err := collect(answer); parley.KindOf(err) != parley.KindUnknown || got.Fact != "" {
			t.Errorf("%q: %+v %v", answer, got, err)
		}
	}
	// And one that says complete is the end, whatever else it says.
	for _, data := range []string{`null`, `{}`, `{"user":{}}`, `{"user":{"personalNumber":"9001012385"}}`, `{"user":{"personalNumber":"19900101238X"}}`} {
		got, err := collect(`{"status":"complete","completionData":` + data + `}`)
		if err != nil || got.Fact != connector.Denied || got.Refusal.Status != parley.StatusProviderOutOfService {
			t.Errorf("%s: %+v %v", data, got.Told, err)
		}
	}
	// More than we know of is no harm.
	for _, date := range []string{"2020-02-01", "2020-02-01Z", "2020-02-01+00:00", "2020-02-01T00:00:00Z"} {
		got, err := collect(`{"status":"complete","new":[1],"completionData":{"user":{"personalNumber":"199001012385","name":"Anna Åkesson","givenName":"Anna","surname":"Åkesson"},"bankIdIssueDate":"` +
			date + `","stepUp":{"mrtd":true},"risk":"low","device":{"ipAddress":"192.0.2.7","uhi":"x"}}}`)
		if err != nil || got.Fact != connector.Identified || got.Identity.PersonID != "SE199001012385" {
			t.Errorf("%s: %+v %v", date, got.Told, err)
		}
	}
}

// TestANoToAnOrderIsWhatItMeans: every error of BankID's, and those of what stands in front of it.
func TestANoToAnOrderIsWhatItMeans(t *testing.T) {
	var status atomic.Int64
	var body atomic.Value
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(int(status.Load()))
		w.Write([]byte(body.Load().(string)))
	}))
	defer srv.Close()
	c, err := New(Config{URL: srv.URL, Client: web.NewClient(web.ClientOptions{AllowPrivate: true})})
	if err != nil {
		t.Fatal(err)
	}
	const number = "199001012385"
	html := "<html>" + number + "</html>"
	say := func(code string) string { return `{"errorCode":"` + code + `","details":"Order for ` + number + `"}` }
	for _, test := range []struct {
		status int
		body   string
		kind   parley.Kind
		means  parley.Status
	}{
		{400, say("alreadyInProgress"), parley.KindRefused, parley.StatusCancelledByPSP},
		{400, say("invalidParameters"), parley.KindRefused, parley.StatusProviderOutOfService},
		{401, say("unauthorized"), parley.KindRefused, parley.StatusProviderOutOfService},
		{403, say("unauthorized"), parley.KindRefused, parley.StatusProviderOutOfService},
		{403, html, parley.KindRefused, parley.StatusProviderOutOfService},
		{404, say("notFound"), parley.KindRefused, parley.StatusProviderOutOfService},
		{405, say("methodNotAllowed"), parley.KindRefused, parley.StatusProviderOutOfService},
		{408, say("requestTimeout"), parley.KindUnheard, 0},
		{415, say("unsupportedMediaType"), parley.KindRefused, parley.StatusProviderOutOfService},
		{500, say("internalError"), parley.KindUnknown, 0},
		{500, html, parley.KindUnknown, 0},
		{502, html, parley.KindUnknown, 0},
		{503, say("maintenance"), parley.KindUnheard, 0},
		{503, html, parley.KindUnheard, 0},
		{200, html, parley.KindUnknown, 0},
		{200, `{}`, parley.KindUnknown, 0},
		{200, `{"orderRef":"o","autoStartToken":"a","qrStartToken":"q"}`, parley.KindUnknown, 0},
		{302, "", parley.KindUnknown, 0},
		{400, say(number), parley.KindRefused, parley.StatusProviderOutOfService},
	} {
		status.Store(int64(test.status))
		body.Store(test.body)
		_, err := c.Identify(t.Context(), asked)
		if parley.KindOf(err) != test.kind || strings.Contains(fmt.Sprint(err), number) {
			t.Errorf("%d %s: %v", test.status, test.body, err)
		}
		if no, ok := errors.AsType[*parley.Refusal](err); ok != (test.means != 0) || ok && no.Status != test.means {
			t.Errorf("%d %s: %v", test.status, test.body, no)
		}
	}
	srv.Close()
	c.cfg.Client = web.NewClient(web.ClientOptions{AllowPrivate: true}) // without a connection from before
	if _, err := c.Identify(t.Context(), asked); parley.KindOf(err) != parley.KindUnheard {
		t.Errorf("when nobody is there: %v", err)
	}
}

// TestAFaultyAnswerIsAskedForAgainAndNeverANo: whatever goes wrong with one question, the person is identified in the end.
func TestAFaultyAnswerIsAskedForAgainAndNeverANo(t *testing.T) {
	for _, fault := range []sim.Fault{sim.Garbage, sim.Broken, sim.Drop, sim.Slow, sim.BankIDMaintenance, sim.BankIDForbidden} {
		t.Run(string(fault), func(t *testing.T) {
			w := newWorld(t, nil)
			w.sim.Faults.Delay = time.Millisecond
			s := w.begin(asked)
			o := w.open(s)
			if err := w.sim.Sign(o.Ref, ""); err != nil {
				t.Fatal(err)
			}
			w.sim.Faults.Set("collect", fault, 2)
			var got connector.Collected
			for range 3 {
				var err error
				if got, err = w.tryCollect(asked, &s); err == nil {
					break
				}
				if kind := parley.KindOf(err); kind != parley.KindUnknown && kind != parley.KindUnheard {
					t.Errorf("%v is %q", err, kind)
				}
			}
			if got.Fact != connector.Identified {
				t.Errorf("%+v", got.Told)
			}
			if w.sim.Complaints() != nil {
				t.Error(w.sim.Complaints())
			}
		})
	}
}

// TestAnEndThatWasLostIsFollowedByAnotherOrder: BankID tells it once, so the person does it once more; but not for ever.
func TestAnEndThatWasLostIsFollowedByAnotherOrder(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin(asked)
	for i := range mostLost + 1 {
		if err := w.sim.Sign(w.open(s).Ref, ""); err != nil {
			t.Fatal(err)
		}
		w.sim.Faults.Set("collect", sim.Lose, 1)
		if _, err := w.tryCollect(asked, &s); parley.KindOf(err) != parley.KindUnknown {
			t.Fatalf("the answer was lost: %v", err)
		}
		got := w.collect(asked, &s)
		if i < mostLost && (got.Fact != connector.Pending || w.hint(s) != connector.HintWaiting) {
			t.Fatalf("%+v", got.Told)
		}
		if i == mostLost && (got.Fact != connector.Denied || got.Refusal.Status != parley.StatusProviderOutOfService) {
			t.Fatalf("%+v", got.Told)
		}
	}
	if n := len(w.sim.Orders()); n != mostLost+1 {
		t.Errorf("%d orders", n)
	}
	if w.sim.Complaints() != nil {
		t.Error(w.sim.Complaints())
	}
}

// TestAnOrderThatNobodyCameForIsFollowedByAnother: as long as it makes sense, also when BankID does not answer in between.
func TestAnOrderThatNobodyCameForIsFollowedByAnother(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin(asked)
	began := w.clock.now()
	first := w.HandOver(s, w.clock.now())
	var got connector.Collected
	down := false
	for got.Fact != connector.Denied {
		if !down && w.clock.now().Sub(began) > 29*time.Second { // the next one cannot be had at first
			down = true
			w.sim.Faults.Set("auth", sim.BankIDMaintenance, 2)
		}
		if got = w.collect(asked, &s); w.clock.now().Sub(began) > 10*time.Minute {
			t.Fatal("it goes on for ever")
		}
		if h := w.HandOver(s, w.clock.now()); got.Session != nil && h.QR == "" && h.SameDevice != "" {
			t.Errorf("a new order without a code: %+v", h)
		}
	}
	if got.Refusal.Status != parley.StatusExpired || w.clock.now().Sub(began) < 5*time.Minute {
		t.Errorf("%+v after %s", got.Told, w.clock.now().Sub(began))
	}
	if last := w.HandOver(s, w.clock.now()); last.SameDevice == first.SameDevice {
		t.Error("the link is that of the first order")
	}
	// One order lives 30 s and is asked about every 2: so one each 32 s, and two that could not be had.
	if n := len(w.sim.Heard("auth")); n < 10 || n > 13 {
		t.Errorf("%d orders were asked for", n)
	}
	if w.sim.Complaints() != nil {
		t.Error(w.sim.Complaints())
	}

	// Whoever comes for a later one is identified.
	s = w.begin(asked)
	w.clock.move(31 * time.Second)
	w.collect(asked, &s)
	if err := w.sim.Sign(w.open(s).Ref, "Erik"); err != nil {
		t.Fatal(err)
	}
	if got := w.collect(asked, &s); got.Fact != connector.Identified || got.Identity.FirstName != "Erik" {
		t.Errorf("%+v", got.Told)
	}

	// And when BankID gives no other, that is a no.
	s = w.begin(asked)
	w.clock.move(31 * time.Second)
	w.sim.Faults.Set("auth", sim.BankIDForbidden, 1)
	if got := w.collect(asked, &s); got.Fact != connector.Denied || got.Refusal.Status != parley.StatusProviderOutOfService {
		t.Errorf("%+v", got.Told)
	}
}

func TestAPersonWhoSaysNoOrTakesTooLong(t *testing.T) {
	w := newWorld(t, nil)
	s := w.begin(asked)
	if err := w.sim.Cancel(w.open(s).Ref); err != nil {
		t.Fatal(err)
	}
	if got := w.collect(asked, &s); got.Fact != connector.Denied || got.Refusal.Status != parley.StatusCancelledByUser || got.Refusal.By != parley.ByBrowser {
		t.Errorf("%+v", got.Told)
	}
	s = w.begin(asked)
	w.open(s)
	w.clock.move(4 * time.Minute)
	if got := w.collect(asked, &s); got.Fact != connector.Denied || got.Refusal.Status != parley.StatusExpired {
		t.Errorf("who opened the app and left: %+v", got.Told)
	}
	s = w.begin(asked)
	if err := w.Cancel(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if last := w.sim.Orders(); last[len(last)-1].State != "failed" {
		t.Errorf("BankID was told, and the order is %s", last[len(last)-1].State)
	}
	if err := w.Cancel(t.Context(), s); err == nil {
		t.Error("BankID knows the order twice")
	} else {
		w.quiet(s, err.Error())
	}
	if err := w.Cancel(t.Context(), json.RawMessage(`{}`)); err != nil || len(w.sim.Heard("cancel")) != 2 {
		t.Errorf("what is not there is cancelled: %v", err)
	}
	if _, err := w.Collect(t.Context(), connector.CollectRequest{Session: json.RawMessage(`"x"`)}); parley.KindOf(err) != parley.KindInvalid {
		t.Errorf("another's session: %v", err)
	}
}

func TestOnlyWhoWasAskedForIsTakenAndWhereThatIsConfiguredOnlyFromTheSameAddress(t *testing.T) {
	for _, test := range []struct {
		twist  string
		ask    connector.IdentifyRequest
		sameIP bool
		want   connector.Fact
		status parley.Status
	}{
		{"", connector.IdentifyRequest{IP: "192.0.2.7", PersonID: "SE198503152392"}, true, connector.Identified, 0},
		{"another-person", connector.IdentifyRequest{IP: "192.0.2.7", PersonID: "SE198503152392"}, false, connector.Denied, parley.StatusNotAuthenticated},
		{"another-person", connector.IdentifyRequest{IP: "192.0.2.7"}, false, connector.Identified, 0},
		{"another-address", connector.IdentifyRequest{IP: "192.0.2.7"}, false, connector.Identified, 0},
		{"another-address", connector.IdentifyRequest{IP: "192.0.2.7"}, true, connector.Denied, parley.StatusNotAuthenticated},
		{"another-address", connector.IdentifyRequest{IP: "::ffff:192.0.2.77"}, true, connector.Identified, 0},
		{"no-data", connector.IdentifyRequest{IP: "192.0.2.7"}, true, connector.Denied, parley.StatusProviderOutOfService},
		{"no-number", connector.IdentifyRequest{IP: "192.0.2.7"}, false, connector.Denied, parley.StatusProviderOutOfService},
		{"unknown-failure", connector.IdentifyRequest{IP: "192.0.2.7"}, false, connector.Identified, 0},
		{"date-time", connector.IdentifyRequest{IP: "192.0.2.7"}, false, connector.Identified, 0},
		{"date-zone", connector.IdentifyRequest{IP: "192.0.2.7"}, false, connector.Identified, 0},
	} {
		t.Run(fmt.Sprint(test.twist, test.sameIP, test.ask.IP), func(t *testing.T) {
			w := newWorld(t, func(c *Config) { c.RequireSameIP = test.sameIP })
			w.sim.SetTwist(test.twist)
			s := w.begin(test.ask)
			if err := w.sim.Sign(w.open(s).Ref, ""); err != nil {
				t.Fatal(err)
			}
			got := w.collect(test.ask, &s)
			if got.Fact != test.want || (got.Refusal != nil) != (test.status != 0) || got.Refusal != nil && got.Refusal.Status != test.status {
				t.Errorf("%+v", got.Told)
			}
		})
	}
}

// TestTwoOrdersForOnePersonEndBoth: BankID does that so that nobody signs what somebody else began, so it is not said anew.
func TestTwoOrdersForOnePersonEndBoth(t *testing.T) {
	w := newWorld(t, nil)
	ask := asked
	ask.PersonID = "SE199001012385"
	s := w.begin(ask)
	_, err := w.Identify(t.Context(), ask)
	if no, ok := errors.AsType[*parley.Refusal](err); !ok || parley.KindOf(err) != parley.KindRefused || no.Status != parley.StatusCancelledByPSP {
		t.Errorf("%v", err)
	}
	w.quiet(s, err.Error())
	if got := w.collect(ask, &s); got.Fact != connector.Denied || got.Refusal.Status != parley.StatusCancelledByPSP {
		t.Errorf("%+v", got.Told)
	}

	// Unless the other is our own, whose answer was lost.
	w.sim.Faults.Set("auth", sim.Lose, 1)
	for ask.Attempt = 1; ask.Attempt <= 3; ask.Attempt++ {
		_, err := w.Identify(t.Context(), ask)
		if want := []parley.Kind{parley.KindUnknown, parley.KindUnheard, ""}[ask.Attempt-1]; parley.KindOf(err) != want {
			t.Errorf("try %d: %v", ask.Attempt, err)
		}
	}
	// And one that is begun in place of ours is not begun against somebody else's.
	s = w.begin(connector.IdentifyRequest{IP: "192.0.2.7", PersonID: "SE198503152392"})
	w.clock.move(31 * time.Second)
	w.begin(connector.IdentifyRequest{IP: "192.0.2.8", PersonID: "SE198503152392"})
	if got := w.collect(connector.IdentifyRequest{IP: "192.0.2.7", PersonID: "SE198503152392", Attempt: 17}, &s); got.Fact != connector.Denied || got.Refusal.Status != parley.StatusCancelledByPSP {
		t.Errorf("%+v", got.Told)
	}
}

func TestANumberSaysWhenSomebodyWasBornAndWhatTheyAre(t *testing.T) {
	for number, want := range map[string]struct {
		born   string
		gender parley.Gender
	}{
		"199001012385": {"1990-01-01", parley.Female},
		"198503152392": {"1985-03-15", parley.Male},
		"199001612386": {"1990-01-01", parley.Female}, // a coordination number
		"198503912391": {"1985-03-31", parley.Male},
		"196502292384": {"", parley.Female}, // there was no such day
		"199000002391": {"", parley.Male},
	} {
		if born, gender := read(number); born != want.born || gender != want.gender {
			t.Errorf("%s: %q, %s", number, born, gender)
		}
	}
}

func TestAConfigurationThatIsNotInOrder(t *testing.T) {
	client := web.NewClient(web.ClientOptions{})
	for field, c := range map[string]Config{
		"url": {URL: "appapi2.bankid.com", Client: client}, "app": {App: "https://app.bankid.com/?x=1", Client: client}, "client": {},
		"user_visible_data": {UserVisibleData: strings.Repeat("å", 600), Client: client}, "patience": {Patience: -1, Client: client},
	} {
		var e *parley.Error
		if _, err := New(c); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	c, err := New(Config{Client: client, UserVisibleData: strings.Repeat("x", 1125)})
	if err != nil || c.cfg.URL != TestURL || c.cfg.App != AppURL {
		t.Errorf("%+v %v", c, err)
	}
	p := c.Provider(1, "bankid", "BankID")
	if p.Identify == nil || p.Collect == nil || p.HandOver == nil || p.Pay != nil || p.Return != nil || p.Receive != nil || p.Kind != "bankid" {
		t.Errorf("%+v", p)
	}
}
