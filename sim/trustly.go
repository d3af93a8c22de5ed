package sim

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// The faults that only Trustly's answers know. They apply to the actions "Deposit" and "AccountLedger": the call is done,
// but what comes back must not be believed. Set for a notification, TrustlyWrongSignature sends a forged copy first.
const (
	TrustlyWrongUUID      Fault = "wrong-uuid"      // answer with a validly signed result of another uuid
	TrustlyWrongSignature Fault = "wrong-signature" // answer with a signature over something else
)

// TrustlyOptions says what a Trustly is made of. The zero value makes one that works for nobody: at least the credentials and
// the merchant's key are needed for a Deposit to be accepted.
type TrustlyOptions struct {
	Username    string           // what the merchant must send as Data.Username
	Password    string           // and as Data.Password; anything else is error 616
	Key         *rsa.PrivateKey  // Trustly's own key; one of 2048 bits is made when nil
	MerchantKey *rsa.PublicKey   // verifies the merchant's requests and replies; with nil every signature is wrong (636)
	URL         string           // its own base URL, for the links to order pages; when empty, the host the request came to. See SetURL
	Now         func() time.Time // stamps what is sent and heard; time.Now when nil. Pauses are real time whatever it says
	RetryAfter  []time.Duration  // pauses before each redelivery of a notification, the last repeating; 200ms 500ms 1s 2s 5s 30s when nil
	KYCWait     time.Duration    // how long the person's page waits for the answer to kyc; 15 s when zero
	Auto        string           // who clicks: "" a person; "approve" or "deny": the person acts by itself when the order page is opened
	Scenario    TrustlyScenario  // what happens to new orders. See SetScenario
	Client      *http.Client     // sends the notifications; one with a 15 s timeout that follows no redirects when nil
	Log         func(string)     // hears one line for each thing that happens, and must not call back; nil for silence
}

// Trustly is a simulated Trustly Europe: JSON-RPC at POST /api/1 (Deposit and AccountLedger), the bank pages a person goes
// through at /_/orderclient, and the notifications that follow, redelivered until the merchant has answered them properly.
// A list of the orders is at /, and pages to change its behaviour at /scenario and /behaviour.
//
// Faults knows the actions Deposit and AccountLedger, where Refuse is error 638 and Twice means that the call arrives twice, as
// through a proxy that retries, and the second answer (637 for a Deposit) is the one given. It also knows the notifications
// kyc, account, pending, credit, debit and cancel: Drop does not send this time; Lose sends and does not hear the reply; Twice
// sends two at once; Slow sends late; Garbage sends an unsigned one first, Broken something that is no JSON, both followed by
// the right one. What was not answered properly is sent again.
//
// Make one with NewTrustly and Close it.
type Trustly struct {
	Faults Faults

	username, password string
	key                *rsa.PrivateKey
	merchantKey        *rsa.PublicKey
	now                func() time.Time
	retryAfter         []time.Duration
	kycWait            time.Duration
	auto               string
	client             *http.Client
	log                func(string)
	mux                *http.ServeMux

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup // the goroutines that deliver

	mu       sync.Mutex // guards everything below, and the fields of each order
	closed   bool
	url      string
	scenario TrustlyScenario
	orders   []*trustlyOrder
	ledger   []trustlyEntry
	heard    []*TrustlyMessage
	sent     []*TrustlyDelivery
}

// NewTrustly makes a Trustly. It panics if the scenario names an order of notifications that there is not.
func NewTrustly(opts TrustlyOptions) *Trustly {
	t := &Trustly{
		username: opts.Username, password: opts.Password, key: opts.Key, merchantKey: opts.MerchantKey, url: opts.URL,
		now: opts.Now, retryAfter: opts.RetryAfter, kycWait: opts.KYCWait, auto: opts.Auto, client: opts.Client, log: opts.Log,
	}
	if t.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic("sim: make Trustly's key: " + err.Error()) // only when the machine has no randomness
		}
		t.key = key
	}
	if t.now == nil {
		t.now = time.Now
	}
	if len(t.retryAfter) == 0 {
		t.retryAfter = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 30 * time.Second}
	}
	if t.kycWait == 0 {
		t.kycWait = 15 * time.Second
	}
	if t.client == nil {
		t.client = &http.Client{
			Timeout:       trustlyTimeout,
			Transport:     http.DefaultTransport.(*http.Transport).Clone(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if t.log == nil {
		t.log = func(string) {}
	}
	switch t.auto {
	case "", "approve", "deny":
	default:
		panic(fmt.Sprintf("sim: Trustly's Auto is %q; it is empty, approve or deny", t.auto))
	}
	t.SetScenario(opts.Scenario)
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.mux = http.NewServeMux()
	t.mux.HandleFunc("POST /api/1", t.serveRPC)
	t.mux.HandleFunc("GET /_/orderclient", t.serveOrder)
	t.mux.HandleFunc("POST /_/orderclient", t.serveStep)
	t.mux.HandleFunc("GET /{$}", t.serveHome)
	t.mux.HandleFunc("POST /orders/{id}/reverse", t.serveReverse)
	t.mux.HandleFunc("POST /orders/{id}/again", t.serveAgain)
	t.mux.HandleFunc("GET /parties.css", func(w http.ResponseWriter, r *http.Request) { asset(w, r, r.URL.Path) })
	t.mux.HandleFunc("/behaviour", func(w http.ResponseWriter, r *http.Request) { behaviour(w, r, t) })
	t.mux.HandleFunc("GET /scenario", t.serveScenario)
	t.mux.HandleFunc("POST /scenario", t.serveSetScenario)
	return t
}

// trustlyTimeout bounds one delivery of a notification.
const trustlyTimeout = 15 * time.Second

// ServeHTTP serves the RPC and the pages.
func (t *Trustly) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// Handler returns what serves the RPC and the pages: t itself.
func (t *Trustly) Handler() http.Handler { return t }

// Close stops all deliveries, those under way included, and returns when they have ended. Nothing is sent afterwards.
func (t *Trustly) Close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.wg.Wait()
	t.client.CloseIdleConnections()
}

// SetURL tells Trustly its own base URL, which may be known only after it is listening.
func (t *Trustly) SetURL(u string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.url = u
}

// PublicKeyPEM is the key that verifies what Trustly signs, in PEM (PKIX), as Trustly publishes it.
func (t *Trustly) PublicKeyPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(t.key.Public())
	if err != nil {
		panic("sim: marshal Trustly's key: " + err.Error()) // an RSA key can be marshalled
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// trustlyActions are what Faults knows: the calls that Trustly hears, and the notifications that it sends.
var trustlyActions = []string{"Deposit", "AccountLedger", "kyc", "account", "pending", "credit", "debit", "cancel"}

// Actions are the calls that Trustly hears and the notifications that it sends, as Faults knows them.
func (t *Trustly) Actions() []string { return slices.Clone(trustlyActions) }

// FaultsOf are the ways in which an action can misbehave. A notification is not refused, and has no uuid to answer.
func (t *Trustly) FaultsOf(action string) []Fault {
	if action == "Deposit" || action == "AccountLedger" {
		return append(slices.Clone(AllFaults), TrustlyWrongUUID, TrustlyWrongSignature)
	}
	sends := slices.DeleteFunc(slices.Clone(AllFaults), func(f Fault) bool { return f == Refuse })
	return faultsOf(t.Actions(), action, append(sends, TrustlyWrongSignature))
}

// TrustlyOrder is an order as it stands.
type TrustlyOrder struct {
	OrderID          string
	MessageID        string
	EndUserID        string
	NotificationURL  string
	URL              string         // the order page
	Attributes       map[string]any // as the Deposit had them
	State            TrustlyState
	Amount           string   // what the person approved, "" before that
	Credited         string   // decimal sum of what was credited, whatever the merchant said to it; "" when nothing was
	CreditedCurrency string   // the currency of Credited
	Debited          string   // decimal sum of what was taken back; "" when nothing was
	KYCAnswers       []string // every distinct valid answer to kyc, like "CONTINUE", "CONTINUE limit=100.00" or "FINISH"; one if the merchant is consistent
}

// TrustlyMessage is an RPC call that Trustly heard.
type TrustlyMessage struct {
	At        time.Time
	Method    string // "" when the body was no JSON-RPC
	UUID      string
	MessageID string         // Data.MessageID, "" if it has none
	Data      map[string]any // whole, credentials included; numbers are json.Number
	Code      int            // the error it was answered with, 0 for a result
	Answered  bool           // whether an answer in the form of the protocol was written
}

// TrustlyDelivery is one sending of a notification.
type TrustlyDelivery struct {
	At             time.Time
	NotificationID string
	OrderID        string // as sent in data
	Method         string
	UUID           string
	Attempt        int            // 1 for the first time; copies sent at once share their number
	Data           map[string]any // as sent
	HTTPStatus     int            // 0 when no answer came
	ReplyStatus    string         // OK, CONTINUE, FINISH, FAILED; "" when it could not be read
	Limit          string         // of the reply to a kyc
	Valid          bool           // the reply counts: 200, signed, of this uuid and method, with a status that fits the method
	Why            string         // why it is not valid, "" when it is
}

// Orders returns all orders, oldest first.
func (t *Trustly) Orders() []TrustlyOrder {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []TrustlyOrder
	for _, o := range t.orders {
		all = append(all, t.view(o))
	}
	return all
}

// Order finds the order of an order page, by the URL that the Deposit was answered with.
func (t *Trustly) Order(pageURL string) (TrustlyOrder, bool) {
	u, err := url.Parse(pageURL)
	if err != nil {
		return TrustlyOrder{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.find(u.Query().Get("OrderID"))
	if o == nil || o.session != u.Query().Get("SessionID") {
		return TrustlyOrder{}, false
	}
	return t.view(o), true
}

// Heard returns every RPC call that reached Trustly, in the order in which they came.
func (t *Trustly) Heard() []TrustlyMessage {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []TrustlyMessage
	for _, m := range t.heard {
		all = append(all, *m)
	}
	return all
}

// Sent returns every delivery of a notification, in the order in which they were begun. One that is still under way has Why
// "no answer yet".
func (t *Trustly) Sent() []TrustlyDelivery {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []TrustlyDelivery
	for _, d := range t.sent {
		all = append(all, *d)
	}
	return all
}

// find is the order with this id, or nil. The caller holds mu.
func (t *Trustly) find(id string) *trustlyOrder {
	i := slices.IndexFunc(t.orders, func(o *trustlyOrder) bool { return o.id == id })
	if i < 0 {
		return nil
	}
	return t.orders[i]
}

func (t *Trustly) findOrder(id string) (*trustlyOrder, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.find(id); o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("trustly: no order %q", id)
}

// view is the order as the books show it. The caller holds mu.
func (t *Trustly) view(o *trustlyOrder) TrustlyOrder {
	v := TrustlyOrder{
		OrderID: o.id, MessageID: o.messageID, EndUserID: o.endUserID, NotificationURL: o.notificationURL, URL: o.url,
		Attributes: maps.Clone(o.attributes), State: o.state, Amount: o.amount, CreditedCurrency: o.paidCurrency,
		KYCAnswers: slices.Clone(o.answers),
	}
	if o.credited != 0 {
		v.Credited = trustlyDecimal(o.credited, o.paidCurrency)
	}
	if o.debited != 0 {
		v.Debited = trustlyDecimal(o.debited, o.paidCurrency)
	}
	return v
}

// trustlyEntry is a movement of money, as AccountLedger reports it.
type trustlyEntry struct {
	at          time.Time
	order       *trustlyOrder
	transaction string
	amountMinor int64 // negative for a debit
	currency    string
}

// trustlyStamp writes times as Trustly does: Swedish winter time with microseconds and an offset of hours only.
func trustlyStamp(at time.Time) string {
	return at.In(time.FixedZone("CET", 3600)).Format("2006-01-02 15:04:05.000000-07")
}

// trustlyDigits makes an id of ten digits. Random, so that a simulation that starts again does not reuse the ids which the
// merchant's database still remembers.
func trustlyDigits() string {
	var b [10]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	if b[0] == '0' {
		b[0] = '4'
	}
	return string(b[:])
}

// trustlyUUID makes a random uuid (RFC 9562 §5.4).
func trustlyUUID() string {
	var b [16]byte
	rand.Read(b[:])
	return trustlyUUIDOf(b)
}

func trustlyUUIDOf(b [16]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// trustlyHash is the only digest Trustly knows.
const trustlyHash = crypto.SHA1

// trustlyCurrencies says which currencies there are and how many decimals their amounts have on the wire.
var trustlyCurrencies = map[string]int{
	"BGN": 2, "CZK": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HRK": 2, "HUF": 0, "NOK": 2, "PLN": 2, "RON": 2, "SEK": 2,
}

// trustlyMinor reads an amount that has exactly the decimals of its currency.
func trustlyMinor(s, currency string) (int64, bool) {
	decimals, ok := trustlyCurrencies[currency]
	if !ok {
		decimals = 2
	}
	whole, fraction, dot := strings.Cut(s, ".")
	if whole == "" || len(fraction) != decimals || dot != (decimals > 0) || len(whole) > 12 {
		return 0, false
	}
	var minor int64
	for _, c := range whole + fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		minor = minor*10 + int64(c-'0')
	}
	return minor, true
}

// trustlyLimit reads an amount that a merchant wrote in a reply, where Trustly is not strict: "100", "100.5" and "100.00".
func trustlyLimit(s, currency string) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 2 {
		return 0, false
	}
	fraction += "00"[len(fraction):]
	minor, ok := trustlyMinor(whole+"."+fraction, "SEK")
	if currency == "HUF" {
		minor /= 100
	}
	return minor, ok
}

// trustlyDecimal writes an amount with the decimals of its currency.
func trustlyDecimal(minor int64, currency string) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	if currency == "HUF" {
		return fmt.Sprintf("%s%d", sign, minor)
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}
