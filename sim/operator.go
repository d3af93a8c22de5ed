package sim

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// operatorActions are what an operator's platform can be told, by the last element of the path; the prefix is free.
var operatorActions = []string{"signin", "authorize", "transfer", "cancel"}

// OperatorOptions says what kind of platform an operator has. The zero value is an open platform that says yes in SEK.
type OperatorOptions struct {
	Username, Password string // when set, notifications must come with HTTP Basic
	Bearer             string // when set, notifications must come with this bearer token
	Secret             string // when set ("whsec_" and base64), notifications must be signed as Standard Webhooks says

	Currency       string // of new users; SEK when empty
	OpeningBalance string // of new users, such as "1000.00"; nothing when empty
	RefuseCode     string // errCode of Refuse; "101" when empty
	RefuseMessage  string // errMsg of Refuse; "Not today" when empty
	Limit          string // when set, authorize's answer carries it as limit: the most that may be paid, such as "100.00"
	LooseTypes     bool   // strings for booleans and numbers, and an errCode beside success, as real platforms answer
	OmitAuthCode   bool   // authorize's answer has no authCode

	Amount    string             // what the shop asks for, with the decimals of Currency; 500 when empty
	Country   string             // of the shop, two letters; SE when empty
	Locale    string             // told to the server; when empty, that of the language in which the shop is read, such as sv_SE
	Shop      ShopClient         // how the shop reaches the server; may come later, by Connect
	Providers []OperatorProvider // offered by the shop; Trustly alone when empty

	Now func() time.Time // time.Now when nil
}

// OperatorMessage is one notification the operator heard, and what it answered. A message that was dropped unread has no Body, Raw or
// Answer and Status 0; one whose answer was lost has both the answer that was meant and Fault Lose.
type OperatorMessage struct {
	Number        int    // 1 for the first one that was heard
	Action        string // signin, authorize, transfer or cancel
	Path          string // where it came to, with its query
	At            time.Time
	Header        http.Header
	Body          map[string]any // numbers are json.Number
	Raw           []byte
	Answer        []byte
	AnswerHeader  http.Header
	Status        int
	Fault         Fault
	Did           string // signed-in, reserved, transferred, cancelled, refused, or repeated when it had been heard before; "" for nothing
	Before, After string // what the user whom it is about had before and after, such as "500.00 SEK"; empty when that is nobody known
}

// TxID is the payment that a message is about; empty for a sign-in.
func (m OperatorMessage) TxID() string { s, _ := m.Body["txId"].(string); return s }

// Key is the key under which a repetition comes: the server's idempotency key, or the id of its signature.
func (m OperatorMessage) Key() string {
	return cmp.Or(m.Header.Get("Idempotency-Key"), m.Header.Get("webhook-id"))
}

// Resent is the number of the message that the operator said again to itself; 0 for one of the server's.
func (m OperatorMessage) Resent() int {
	n, _ := strconv.Atoi(m.Header.Get(operatorResendOf)) // what is no number is none of ours
	return n
}

// Operator is the operator's platform: a book of users and their money, the four notifications that change it, and a little shop that
// is a confidential OAuth client. Its actions, for Faults, are signin, authorize, transfer and cancel; Refuse is 200 with success false,
// Garbage and Broken do nothing. Signin and authorize that were refused stay refused when repeated; a refused transfer or cancel may
// succeed later. It is an http.Handler, safe for use by many goroutines.
type Operator struct {
	Faults Faults

	opt OperatorOptions

	mu         sync.Mutex
	heard      []OperatorMessage
	numbered   int // how many were ever heard
	complaints []string
	users      []*operatorUser
	txs        []*OperatorTx
	txByID     map[string]*OperatorTx
	userBy     map[string]*operatorUser // by id, and by who they are
	past       map[string]operatorPast
	visits     []OperatorVisit
	shop       ShopClient
	attempts   map[string]*operatorAttempt // by cookie and state
	order      []string                    // keys of attempts, oldest first
	merchantTx int
}

// NewOperator builds an operator's platform with empty books.
func NewOperator(opt OperatorOptions) *Operator {
	set := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	set(&opt.Currency, "SEK")
	set(&opt.RefuseCode, "101")
	set(&opt.RefuseMessage, "Not today")
	set(&opt.Amount, operatorAmount(500*operatorUnit(opt.Currency), opt.Currency))
	set(&opt.Country, "SE")
	if len(opt.Providers) == 0 {
		opt.Providers = []OperatorProvider{{Name: "trustly", Label: "Trustly", Pays: true}}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Operator{opt: opt, past: map[string]operatorPast{}, txByID: map[string]*OperatorTx{}, userBy: map[string]*operatorUser{}, shop: opt.Shop, attempts: map[string]*operatorAttempt{}, merchantTx: 9000}
}

// Actions are what the operator can be told, as Faults knows them.
func (o *Operator) Actions() []string { return slices.Clone(operatorActions) }

// FaultsOf are the ways in which an action can misbehave.
func (o *Operator) FaultsOf(action string) []Fault { return faultsOf(o.Actions(), action, AllFaults) }

// SetLimit changes OperatorOptions.Limit for what is authorized from now on.
func (o *Operator) SetLimit(limit string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opt.Limit = limit
}

// name, root, ways, faults, settings and set are what its pages need to know.
func (o *Operator) name() string            { return "operator" }
func (o *Operator) root() string            { return "" }
func (o *Operator) ways() []string          { return []string{"", "shop", "behaviour"} }
func (o *Operator) faults() *Faults         { return &o.Faults }
func (o *Operator) settings() []setting     { return nil }
func (o *Operator) set(string, string) bool { return false }

// ServeHTTP answers the notifications (POST, whatever the prefix), the shop under /shop, the books at / and /heard/N, and the choice of
// faults at /behaviour.
func (o *Operator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, operatorMaxBody)
	if action := path.Base(r.URL.Path); slices.Contains(operatorActions, action) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "a notification is a POST", http.StatusMethodNotAllowed)
			return
		}
		o.notified(w, r, action)
		return
	}
	if asset(w, r, r.URL.Path) {
		return
	}
	switch r.URL.Path {
	case "/":
		o.books(w, r)
	case "/behaviour":
		behaviour(w, r, o)
	case "/shop":
		o.shopPage(w, r, "", http.StatusOK)
	case "/shop/start":
		o.shopStart(w, r)
	case "/shop/callback":
		o.shopCallback(w, r)
	default:
		o.heardPage(w, r)
	}
}

// notified hears one notification: who says it, is it whole, and then what it asks.
func (o *Operator) notified(w http.ResponseWriter, r *http.Request, action string) {
	fault := o.Faults.Take(action)
	m := OperatorMessage{Action: action, Path: r.URL.RequestURI(), At: o.opt.Now(), Header: r.Header.Clone(), Fault: fault}
	var err error
	if fault != Drop {
		if m.Raw, err = io.ReadAll(r.Body); err != nil {
			http.Error(w, "too much, or cut off", http.StatusRequestEntityTooLarge)
			return
		}
		if m.Body, err = operatorParse(m.Raw); err == nil && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			err = fmt.Errorf("Content-Type is %q, not application/json", r.Header.Get("Content-Type"))
		}
	}
	act := func() operatorAnswer {
		if why := o.stranger(r, m); why != "" {
			o.complain(action, why)
			m.Did = "refused"
			return operatorAnswer{Status: http.StatusUnauthorized, Type: "application/json", Body: []byte(`{"success":false,"errCode":"UNAUTHORIZED"}`), Header: o.challenge()}
		}
		a := operatorAnswer{Status: http.StatusOK, Type: "application/json; charset=utf-8"}
		if err != nil {
			o.complain(action, err.Error())
			m.Did = "refused"
			a.Body = o.no("BAD_REQUEST", err.Error())
		} else {
			a.Body = o.take(&m, fault == Refuse)
		}
		return a
	}
	operatorMisbehave(w, r, fault, o.Faults.Wait(), act, func(a operatorAnswer) {
		m.Answer, m.Status, m.AnswerHeader = a.Body, a.Status, a.headers()
		o.mu.Lock()
		defer o.mu.Unlock()
		o.numbered++
		m.Number = o.numbered
		o.heard = operatorKeep(o.heard, m)
	})
}

func (o *Operator) challenge() map[string]string {
	switch {
	case o.opt.Username != "":
		return map[string]string{"WWW-Authenticate": `Basic realm="operator"`}
	case o.opt.Bearer != "":
		return map[string]string{"WWW-Authenticate": "Bearer"}
	}
	return nil
}

// stranger says why a message is not from the server, or nothing when it is.
func (o *Operator) stranger(r *http.Request, m OperatorMessage) string {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	if o.opt.Username != "" {
		user, password, ok := r.BasicAuth()
		if !ok || !same(user, o.opt.Username) || !same(password, o.opt.Password) {
			return "wrong or missing Basic credentials"
		}
	}
	if o.opt.Bearer != "" && !same(r.Header.Get("Authorization"), "Bearer "+o.opt.Bearer) {
		return "wrong or missing bearer token"
	}
	if o.opt.Secret != "" {
		if err := operatorSigned(o.opt.Secret, r.Header, m.Raw, o.opt.Now()); err != nil {
			return err.Error()
		}
	}
	return ""
}

// operatorSigned checks a Standard Webhooks signature: base64 of HMAC-SHA256 over id.timestamp.body. The header may hold several, as it
// does while a secret is being changed; one that fits is enough.
func operatorSigned(secret string, h http.Header, body []byte, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return fmt.Errorf("the operator's own webhook secret is not base64: %w", err)
	}
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return errors.New("webhook-id or webhook-timestamp is missing")
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > 5*time.Minute {
		return fmt.Errorf("webhook-timestamp is %s away", age.Round(time.Second))
	}
	want := operatorMAC(key, id, stamp, body)
	for s := range strings.FieldsSeq(h.Get("webhook-signature")) {
		if got, ok := strings.CutPrefix(s, "v1,"); ok {
			if sum, err := base64.StdEncoding.DecodeString(got); err == nil && hmac.Equal(sum, want) {
				return nil
			}
		}
	}
	return errors.New("webhook-signature does not fit")
}

func operatorMAC(key []byte, id, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

func operatorParse(raw []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var body map[string]any
	if err := d.Decode(&body); err != nil {
		return nil, fmt.Errorf("body is not a JSON object: %w", err)
	}
	if body == nil {
		return nil, errors.New("body is null")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return body, nil
}

// Heard returns what the operator was told, oldest first; with actions, only those. The maps and slices in it must not be changed.
func (o *Operator) Heard(actions ...string) []OperatorMessage {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []OperatorMessage
	for _, m := range o.heard {
		if len(actions) == 0 || slices.Contains(actions, m.Action) {
			m.Header = maps.Clone(m.Header)
			out = append(out, m)
		}
	}
	return out
}

// Complaints returns what was wrong with what the operator was told: a field missing or of the wrong type, a repeat that says something
// else, an unknown user, a stranger. A server that keeps to the protocol causes none.
func (o *Operator) Complaints() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.complaints)
}

func (o *Operator) complain(action, why string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.complaints = operatorKeep(o.complaints, action+": "+why)
}
