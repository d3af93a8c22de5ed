package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// trustlyNote is a notification: one notificationid, delivered until it is answered properly.
type trustlyNote struct {
	order   *trustlyOrder
	method  string
	url     string
	data    map[string]any // read only once it is started
	copies  int            // how many are sent at once each time
	drives  bool           // the answer moves the order; notifications sent by hand do not
	aborts  bool           // a kyc that says no
	wrote   chan struct{}  // closed when it is on its way to the merchant
	first   chan struct{}  // closed when it has been sent once, answered or not
	onWrote sync.Once
}

func (n *trustlyNote) id() string { return fmt.Sprint(n.data["notificationid"]) }

// newNote makes a notification of an order, with what every notification says. The caller holds mu.
func (t *Trustly) newNote(o *trustlyOrder, method string, data map[string]any) *trustlyNote {
	data["orderid"], data["messageid"], data["notificationid"] = o.id, o.messageID, trustlyDigits()
	if o.scenario.ExtraFields {
		attributes, _ := data["attributes"].(map[string]any)
		attributes = maps.Clone(attributes)
		if attributes == nil {
			attributes = map[string]any{}
		}
		maps.Copy(attributes, map[string]any{
			"newfield": "added last week", "Upper": "sorts before lower", "nothing": nil, "öäå": json.Number("3"), "äåö": "ü", "åöä": json.Number("1"),
			"score": json.Number("12.50"), "big": json.Number("12345678901234567890"),
			"nested":  map[string]any{"b": "2", "a": []any{}, "empty": map[string]any{}},
			"holders": []any{map[string]any{"name": "Åsa", "share": json.Number("1e2")}, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", nil, "11"},
		})
		data["attributes"] = attributes
		data["newfield"] = "also here"
	}
	return &trustlyNote{order: o, method: method, url: o.notificationURL, data: data, copies: 1 + o.scenario.Duplicates,
		aborts: data["abort"] == "1", wrote: make(chan struct{}), first: make(chan struct{})}
}

// tell makes a notification and starts its delivery.
func (t *Trustly) tell(o *trustlyOrder, method string, data map[string]any) *trustlyNote {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.newNote(o, method, data)
	t.start(n)
	return n
}

// start begins the delivery of a notification. The caller holds mu.
func (t *Trustly) start(n *trustlyNote) {
	t.run(func() { t.deliver(n) })
}

// run is how every goroutine begins, so that Close can wait for it; after Close it does nothing. The caller holds mu.
func (t *Trustly) run(f func()) {
	if !t.closed {
		t.wg.Go(f)
	}
}

// later does something after a delay, unless Trustly is closed first.
func (t *Trustly) later(delay time.Duration, f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run(func() {
		if t.sleep(delay) {
			f()
		}
	})
}

// sleep is false if Trustly is closed before the time is over.
func (t *Trustly) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return t.ctx.Err() == nil
	case <-t.ctx.Done():
		return false
	}
}

// delivered waits until a notification has been sent once.
func (t *Trustly) delivered(n *trustlyNote) {
	select {
	case <-n.first:
	case <-t.ctx.Done():
	}
}

// Notify sends a notification of an order by hand, as Trustly's notification tool does. Its data is what Trustly would send at
// this point, overlaid with extra, whose nil values are sent as null; orderid, messageid and notificationid can be overlaid too,
// and numbers must be json.Number, because their text is signed. Any method will do. It is sent again until it is answered
// properly; Notify returns when it was sent once, answered or not. No money moves and the order stays as it is, but an answer
// to kyc is kept in its KYCAnswers.
func (t *Trustly) Notify(orderID, method string, extra map[string]any) error {
	if _, err := trustlySerialize(extra); err != nil {
		return fmt.Errorf("trustly: notify %s: %w", method, err)
	}
	t.mu.Lock()
	o := t.find(orderID)
	if o == nil {
		t.mu.Unlock()
		return fmt.Errorf("trustly: no order %q", orderID)
	}
	if t.closed {
		t.mu.Unlock()
		return errors.New("trustly: closed")
	}
	if o.person.ID == "" { // nobody has logged in: it is about the one who would
		o.person = o.person.whole(o.attribute("Country"))
	}
	amount := o.amount
	if amount == "" {
		if minor, err := o.due(""); err == nil {
			amount = trustlyDecimal(minor, o.currency)
		}
	}
	var data map[string]any
	switch method {
	case "kyc":
		data = o.kyc()
	case "account":
		data = o.account()
	case "cancel":
		data = o.facts(t.now(), "")
	default:
		data = o.facts(t.now(), amount)
	}
	if method == "credit" || method == "debit" {
		data["attributes"] = map[string]any{}
	}
	n := t.newNote(o, method, data)
	maps.Copy(n.data, extra)
	n.aborts = n.data["abort"] == "1"
	t.start(n)
	t.mu.Unlock()
	t.delivered(n)
	return nil
}

// deliver sends a notification until it is answered properly or Trustly is closed.
func (t *Trustly) deliver(n *trustlyNote) {
	for attempt := 1; ; attempt++ {
		done := t.round(n, attempt)
		if attempt == 1 {
			n.onWrote.Do(func() { close(n.wrote) }) // it may have been dropped
			close(n.first)
		}
		if done || !t.sleep(t.retryAfter[min(attempt, len(t.retryAfter))-1]) {
			return
		}
	}
}

// round sends all copies of a notification at once, and tells whether one of them was answered properly.
func (t *Trustly) round(n *trustlyNote, attempt int) bool {
	fault := t.Faults.Take(n.method)
	copies := n.copies
	switch fault {
	case Drop:
		t.log(fmt.Sprintf("notify: %s of order %s: not sent this time", n.method, n.order.id))
		return false
	case Twice:
		copies++
	case Slow:
		if !t.sleep(t.Faults.Wait()) {
			return false
		}
	case Garbage, Broken, TrustlyWrongSignature:
		t.post(n, attempt, fault)
	}
	var wg sync.WaitGroup
	valid := make([]bool, copies)
	for i := range copies {
		wg.Go(func() {
			f := Behave
			if fault == Lose {
				f = Lose
			}
			valid[i] = t.post(n, attempt, f)
		})
	}
	wg.Wait()
	return slices.Contains(valid, true)
}

// post delivers one copy and judges the reply.
func (t *Trustly) post(n *trustlyNote, attempt int, fault Fault) bool {
	uuid := trustlyUUID()
	params := map[string]any{"signature": t.sign(n.method, uuid, n.data), "uuid": uuid, "data": n.data}
	switch fault {
	case Garbage:
		delete(params, "signature")
	case TrustlyWrongSignature:
		params["signature"] = t.sign(n.method, uuid, map[string]any{"orderid": "another"})
	}
	body := trustlyJSON(map[string]any{"method": n.method, "version": "1.1", "params": params})
	if fault == Broken {
		body = []byte("<html><body>method=" + n.method + "</body></html>")
	}
	d := &TrustlyDelivery{NotificationID: n.id(), OrderID: fmt.Sprint(n.data["orderid"]), Method: n.method, UUID: uuid,
		Attempt: attempt, Data: n.data, Why: "no answer yet"}
	t.mu.Lock()
	d.At = t.now()
	t.sent = append(t.sent, d)
	t.mu.Unlock()

	httpStatus, reply, err := t.exchange(n, body, fault)
	var status, limit string
	if err == nil {
		status, limit, err = t.judge(n, uuid, httpStatus, reply)
	}
	switch {
	case err != nil:
	case fault == Lose:
		err = errors.New("the reply was lost")
	case fault != Behave:
		err = errors.New("it was a forgery, and it was answered")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	d.HTTPStatus, d.ReplyStatus, d.Limit, d.Valid, d.Why = httpStatus, status, limit, err == nil, ""
	if err != nil {
		d.Why = err.Error()
		t.log(fmt.Sprintf("notify: %s of order %s, attempt %d: %v", n.method, n.order.id, attempt, err))
		return false
	}
	t.log(fmt.Sprintf("notify: %s of order %s, attempt %d: %s", n.method, n.order.id, attempt, status))
	if n.method == "kyc" {
		answer := status
		if limit != "" {
			answer += " limit=" + limit
		}
		if !slices.Contains(n.order.answers, answer) {
			n.order.answers = append(n.order.answers, answer)
		}
		if n.drives {
			t.settle(n.order, status, limit)
		}
	}
	return true
}

// exchange is the HTTP of a delivery.
func (t *Trustly) exchange(n *trustlyNote, body []byte, fault Fault) (httpStatus int, reply []byte, err error) {
	ctx, cancel := context.WithTimeout(t.ctx, trustlyTimeout)
	defer cancel()
	if fault == Behave || fault == Lose { // a forgery is not what somebody waits for to be sent
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { n.onWrote.Do(func() { close(n.wrote) }) },
		})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	res, err := t.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	reply, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, reply, err
}

// judge reads a reply and says why it does not count, if so. The status is returned even then, for the books.
func (t *Trustly) judge(n *trustlyNote, uuid string, httpStatus int, body []byte) (status, limit string, err error) {
	tree, err := trustlyTree(body)
	if err != nil {
		return "", "", fmt.Errorf("the reply (HTTP %d) is not JSON: %w", httpStatus, err)
	}
	envelope, _ := tree.(map[string]any)
	result, _ := envelope["result"].(map[string]any)
	data, _ := result["data"].(map[string]any)
	signature, _ := result["signature"].(string)
	status, _ = data["status"].(string)
	if envelope["version"] != "1.1" || result == nil || data == nil {
		return status, "", fmt.Errorf("the reply (HTTP %d) has no version 1.1 or no result with data", httpStatus)
	}
	if httpStatus != http.StatusOK {
		return status, "", fmt.Errorf("HTTP status %d", httpStatus)
	}
	if result["uuid"] != uuid || result["method"] != n.method {
		return status, "", fmt.Errorf("the reply is to %v %v", result["method"], result["uuid"])
	}
	if err := trustlyVerify(t.merchantKey, n.method, uuid, data, signature); err != nil {
		return status, "", fmt.Errorf("verify the reply: %w", err)
	}
	if value, there := data["limit"]; there {
		limit, _ = value.(string)
		if _, ok := trustlyLimit(limit, n.order.currency); !ok || n.method != "kyc" || status != "CONTINUE" {
			return status, limit, fmt.Errorf("%v is no limit, or has no place here", value)
		}
	}
	known := []string{"OK"}
	switch {
	case n.aborts:
		known = []string{"OK", "FINISH"}
	case n.method == "kyc":
		known = []string{"CONTINUE", "FINISH"}
	case n.method == "debit":
		known = []string{"OK", "FAILED"}
	}
	if !slices.Contains(known, status) {
		return status, limit, fmt.Errorf("%q is no answer to %s", status, n.method)
	}
	return status, limit, nil
}
