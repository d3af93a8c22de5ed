package sim

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The errors an RPC call is answered with.
const (
	trustlyAccessDenied = 602
	trustlyBadAmount    = 615
	trustlyBadLogin     = 616
	trustlyUnknownError = 620
	trustlyBadCurrency  = 622
	trustlyBadParams    = 623
	trustlyBadSignature = 636
	trustlyDuplicate    = 637
	trustlyBlocked      = 638
)

var trustlyMessages = map[int]string{
	trustlyAccessDenied: "ERROR_FUNCTION_ACCESS_DENIED",
	trustlyBadAmount:    "ERROR_INVALID_AMOUNT",
	trustlyBadLogin:     "ERROR_INVALID_CREDENTIALS",
	trustlyUnknownError: "ERROR_UNKNOWN",
	trustlyBadCurrency:  "ERROR_INVALID_CURRENCY_CODE",
	trustlyBadParams:    "ERROR_INVALID_PARAMETERS",
	trustlyBadSignature: "ERROR_UNABLE_TO_VERIFY_RSA_SIGNATURE",
	trustlyDuplicate:    "ERROR_DUPLICATE_MESSAGE_ID",
	trustlyBlocked:      "ERROR_ENDUSER_IS_BLOCKED",
}

// trustlyCall is an RPC call, taken apart but not yet believed.
type trustlyCall struct {
	method, uuid, signature string
	data                    map[string]any
}

func (t *Trustly) serveRPC(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body ends early or is too long", http.StatusBadRequest)
		return
	}
	call, ok := trustlyReadCall(body)
	if !ok {
		t.note(&TrustlyMessage{Code: trustlyUnknownError, Answered: true})
		t.log("rpc: not JSON-RPC")
		// The failure is in the envelope, so there is no uuid and no method, and nothing to sign.
		trustlyWrite(w, map[string]any{"version": "1.1", "error": map[string]any{
			"name": "JSONRPCError", "code": trustlyUnknownError, "message": trustlyMessages[trustlyUnknownError],
			"error": map[string]any{"uuid": nil, "method": nil, "data": map[string]any{
				"code": trustlyUnknownError, "message": trustlyMessages[trustlyUnknownError]}}}})
		return
	}
	fault := Behave
	if call.method == "Deposit" || call.method == "AccountLedger" {
		fault = t.Faults.Take(call.method)
	}
	if fault == Drop {
		HangUp(w)
		return
	}
	message := &TrustlyMessage{Method: call.method, UUID: call.uuid, Data: call.data}
	message.MessageID, _ = call.data["MessageID"].(string)
	t.note(message)
	switch fault {
	case Broken:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "<html><body><h1>Internal Server Error</h1></body></html>")
		return
	case Garbage:
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<html><body>We will be back soon.</body></html>")
		return
	}
	var result any
	code := trustlyBlocked
	if fault != Refuse {
		result, code = t.answer(r, call)
	}
	if fault == Twice {
		t.note(&TrustlyMessage{Method: call.method, UUID: call.uuid, MessageID: message.MessageID, Data: call.data, Code: code})
		result, code = t.answer(r, call)
	}
	t.mu.Lock()
	message.Code, message.Answered = code, fault != Lose
	t.mu.Unlock()
	t.log(fmt.Sprintf("rpc: %s %s: %d %s", call.method, message.MessageID, code, trustlyMessages[code]))
	switch fault {
	case Lose:
		HangUp(w)
		return
	case Slow:
		t.pause(r, t.Faults.Wait())
	}
	if code != 0 {
		result = map[string]any{"code": json.Number(fmt.Sprint(code)), "message": trustlyMessages[code]}
	}
	uuid := call.uuid
	if fault == TrustlyWrongUUID {
		uuid = trustlyUUID()
	}
	signature := t.sign(call.method, uuid, result)
	if fault == TrustlyWrongSignature {
		signature = t.sign(call.method, uuid, map[string]any{"orderid": "another"})
	}
	signed := map[string]any{"signature": signature, "uuid": uuid, "method": call.method, "data": result}
	if code != 0 {
		trustlyWrite(w, map[string]any{"version": "1.1", "error": map[string]any{
			"name": "JSONRPCError", "code": code, "message": trustlyMessages[code], "error": signed}})
		return
	}
	trustlyWrite(w, map[string]any{"version": "1.1", "result": signed})
}

// note keeps a call that was heard.
func (t *Trustly) note(m *TrustlyMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.At = t.now()
	t.heard = append(t.heard, m)
}

func (t *Trustly) pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-t.ctx.Done():
	}
}

// trustlyReadCall takes a body apart. It is false for what is not JSON-RPC 1.1 with a method, a uuid and Data.
func trustlyReadCall(body []byte) (call trustlyCall, ok bool) {
	tree, err := trustlyTree(body)
	if err != nil {
		return call, false
	}
	envelope, _ := tree.(map[string]any)
	params, _ := envelope["params"].(map[string]any)
	call.method, _ = envelope["method"].(string)
	call.uuid, _ = params["UUID"].(string)
	call.signature, _ = params["Signature"].(string)
	call.data, _ = params["Data"].(map[string]any)
	return call, envelope["version"] == "1.1" && call.method != "" && call.uuid != "" && call.data != nil
}

// answer does what a call asks and returns its result, or the code of the error.
func (t *Trustly) answer(r *http.Request, call trustlyCall) (result any, code int) {
	// The credentials come first: they say whose key the signature is to be verified with.
	username, _ := call.data["Username"].(string)
	password, _ := call.data["Password"].(string)
	if subtle.ConstantTimeCompare([]byte(username), []byte(t.username)) != 1 || subtle.ConstantTimeCompare([]byte(password), []byte(t.password)) != 1 {
		return nil, trustlyBadLogin
	}
	if trustlyVerify(t.merchantKey, call.method, call.uuid, call.data, call.signature) != nil {
		return nil, trustlyBadSignature
	}
	switch call.method {
	case "Deposit":
		return t.deposit(r, call.data)
	case "AccountLedger":
		return t.accountLedger(call.data)
	}
	return nil, trustlyAccessDenied
}

// deposit makes an order.
func (t *Trustly) deposit(r *http.Request, data map[string]any) (result any, code int) {
	field := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	for _, key := range []string{"NotificationURL", "EndUserID", "MessageID"} {
		if field(data, key) == "" {
			t.log("deposit: " + key + " is missing")
			return nil, trustlyBadParams
		}
	}
	attributes, _ := data["Attributes"].(map[string]any)
	required := []string{"Country", "Locale", "Currency", "ShopperStatement", "SuccessURL", "FailURL"}
	if field(attributes, "RequestKYC") != "1" {
		required = append(required, "Firstname", "Lastname", "Email") // who is not asked for must be told
	}
	for _, key := range required {
		if field(attributes, key) == "" {
			t.log("deposit: Attributes." + key + " is missing")
			return nil, trustlyBadParams
		}
	}
	for _, u := range []string{field(data, "NotificationURL"), field(attributes, "SuccessURL"), field(attributes, "FailURL")} {
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			t.log("deposit: not a URL: " + u)
			return nil, trustlyBadParams
		}
	}
	if strings.Contains(field(data, "NotificationURL"), "?") {
		t.log("deposit: NotificationURL has a query")
		return nil, trustlyBadParams
	}
	currency := field(attributes, "Currency")
	if _, ok := trustlyCurrencies[currency]; !ok {
		return nil, trustlyBadCurrency
	}
	for _, key := range []string{"Amount", "SuggestedMinAmount", "SuggestedMaxAmount"} {
		value, there := attributes[key]
		amount, _ := value.(string)
		if minor, ok := trustlyMinor(amount, currency); there && (!ok || minor == 0) {
			t.log("deposit: not an amount: " + key + " " + fmt.Sprint(value))
			return nil, trustlyBadAmount
		}
	}

	t.mu.Lock()
	if slices.ContainsFunc(t.orders, func(o *trustlyOrder) bool { return o.messageID == field(data, "MessageID") }) {
		t.mu.Unlock()
		return nil, trustlyDuplicate
	}
	o := &trustlyOrder{
		id: trustlyDigits(), session: trustlyUUID(), messageID: field(data, "MessageID"), endUserID: field(data, "EndUserID"),
		notificationURL: field(data, "NotificationURL"), attributes: attributes, currency: currency,
		scenario: t.scenario, state: TrustlyCreated, answered: make(chan struct{}), ended: make(chan struct{}),
	}
	for t.find(o.id) != nil {
		o.id = trustlyDigits()
	}
	base := strings.TrimSuffix(t.url, "/")
	if base == "" {
		base = "http://" + r.Host
	}
	o.query = "SessionID=" + o.session + "&OrderID=" + o.id + "&Locale=" + url.QueryEscape(o.attribute("Locale"))
	o.url = base + "/_/orderclient?" + o.query
	t.orders = append(t.orders, o)
	t.mu.Unlock()

	if o.scenario.NotifyBeforeResponse && o.asksKYC() {
		if n, err := t.identify(o, TrustlyPerson{}); err == nil && n != nil {
			select { // only until it is on its way: whoever serves it may be waiting for this very answer
			case <-n.wrote:
			case <-time.After(time.Second):
			}
		}
	}
	return map[string]any{"orderid": o.id, "url": o.url}, 0
}

// accountLedger lists the movements of money between two dates, both included.
func (t *Trustly) accountLedger(data map[string]any) (result any, code int) {
	from, to := fmt.Sprint(data["FromDate"]), fmt.Sprint(data["ToDate"])
	for _, date := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			return nil, trustlyBadParams
		}
	}
	currency, _ := data["Currency"].(string) // all of them when there is none
	if _, ok := trustlyCurrencies[currency]; currency != "" && !ok {
		return nil, trustlyBadCurrency
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	entries := []any{}
	for _, e := range t.ledger {
		stamp := trustlyStamp(e.at)
		if stamp[:10] < from || stamp[:10] > to || currency != "" && currency != e.currency {
			continue
		}
		entries = append(entries, map[string]any{
			"userid": e.order.endUserID, "datestamp": stamp, "orderid": e.order.id, "messageid": e.order.messageID,
			"accountname": "SUSPENSE_ACCOUNT_CLIENT_FUNDS_SWEDEN_ESSE", "transactionid": e.transaction,
			"currency": e.currency, "amount": trustlyDecimal(e.amountMinor, e.currency), "gluepayid": e.order.id,
		})
	}
	return entries, 0
}

// trustlyTree decodes a JSON document into the tree that is signed: numbers keep their text, and unknown keys stay.
func trustlyTree(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the document")
	}
	return tree, nil
}

// trustlySerialize writes the text of a tree that is signed: each key, in the order of its bytes, followed by its value, the
// elements of an array in their order, and nothing for null. A boolean is an error, because clients do not agree on its text.
func trustlySerialize(tree any) (string, error) {
	switch v := tree.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case map[string]any:
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(v)) {
			s, err := trustlySerialize(v[key])
			if err != nil {
				return "", err
			}
			b.WriteString(key)
			b.WriteString(s)
		}
		return b.String(), nil
	case []any:
		var b strings.Builder
		for _, element := range v {
			s, err := trustlySerialize(element)
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("%T has no agreed text to sign", tree)
}

// sign makes the signature of what Trustly says.
func (t *Trustly) sign(method, uuid string, data any) string {
	text, err := trustlySerialize(data)
	if err != nil {
		panic("sim: Trustly signs: " + err.Error()) // what it says is made here or was checked by Notify
	}
	sum := sha1.Sum([]byte(method + uuid + text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, t.key, trustlyHash, sum[:])
	if err != nil {
		panic("sim: Trustly signs: " + err.Error()) // only when the key is too short for SHA-1
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// trustlyVerify tells whether the signature is key's, over this method, uuid and data.
func trustlyVerify(key *rsa.PublicKey, method, uuid string, data any, signature string) error {
	if key == nil {
		return fmt.Errorf("there is no key to verify with")
	}
	text, err := trustlySerialize(data)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("signature is not base64: %w", err)
	}
	sum := sha1.Sum([]byte(method + uuid + text))
	return rsa.VerifyPKCS1v15(key, trustlyHash, sum[:], raw)
}

func trustlyJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("sim: encode: " + err.Error()) // maps, strings and numbers can be encoded
	}
	return b.Bytes()
}

func trustlyWrite(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Write(trustlyJSON(v))
}
