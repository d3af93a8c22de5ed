package sim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bankSay sends the bank a webhook, signed as Standard Webhooks says.
func bankSay(t *testing.T, to, id, body, secret string) int {
	t.Helper()
	req, err := http.NewRequest("POST", to, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", stamp)
	req.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(operatorMAC(key, id, stamp, []byte(body))))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// bankBatch is a batch of events, each as "type subject".
func bankBatch(id string, events ...string) string {
	var list []string
	for i, e := range events {
		kind, subject, _ := strings.Cut(e, " ")
		list = append(list, fmt.Sprintf(`{"id":"%s-%d","createdAt":"2026-11-25T08:00:0%dZ","type":"%s","data":{"id":"%s","user":{"type":"User","externalId":"somebody"}}}`, id, i, i, kind, subject))
	}
	return fmt.Sprintf(`{"batch_id":"%s","timestamp":"2026-11-25T08:00:10Z","count":%d,"events":[%s]}`, id, len(list), strings.Join(list, ","))
}

func TestABatchIsHeardOnceAndWhatIsWrongWithItIsSaid(t *testing.T) {
	b, _, url := bankServe(t, BankOptions{})
	to := url + "/test/webhooks/events"
	first := bankBatch("b1", "UserCreated u", "DreamCreated d", "DepositRequested t", "DepositSettled t")
	b.Faults.Set("events", Lose, 1)
	bankSay(t, to, "m-1", first, bankTestSecret)
	if status := bankSay(t, to, "m-1", first, bankTestSecret); status != 204 {
		t.Fatal(status)
	}
	if status := bankSay(t, to, "m-2", bankBatch("b2", "DreamUpdated d"), bankTestSecret); status != 204 {
		t.Fatal(status)
	}
	var types []string
	for _, e := range b.Events("test") {
		types = append(types, e.Type)
	}
	if want := []string{"UserCreated", "DreamCreated", "DepositRequested", "DepositSettled", "DreamUpdated"}; !slices.Equal(types, want) || len(b.Heard("test", "events")) != 3 || len(b.Events("test", "DreamUpdated")) != 1 {
		t.Errorf("%v in %d messages", types, len(b.Heard("test")))
	}
	bankNoComplaints(t, b)

	for _, c := range []struct {
		body, complaint string
		status          int
	}{
		{`{"batch_id":"b3"`, "not a JSON object", 400},
		{bankBatch("", "DreamCreated x"), "no batch_id", 400},
		{strings.Replace(bankBatch("b4", "DreamCreated x"), `"count":1`, `"count":2`, 1), "count is 2", 400},
		{bankBatch("b5"), "0 events", 400},
		{bankBatch("b6", "DreamBought x"), "an unknown type", 400},
		{strings.Replace(bankBatch("b7", "DreamCreated x"), `"data":{`, `"data":{"account":null,`, 1), "has a null", 400},
		{bankBatch("b8", "DreamCreated "), "about nothing", 400},
		{strings.Replace(bankBatch("b9", "DreamCreated x"), `"2026-11-25T08:00:10Z"`, `"now"`, 1), "timestamp is no time", 400},
		{bankBatch("b1", "DreamCreated x"), "came before and said something else", 400},
		{strings.Replace(bankBatch("b1", "DreamDeleted d"), `"batch_id":"b1"`, `"batch_id":"b10"`, 1), "came before and said something else", 204},
		{bankBatch("b11", "DepositFailed t"), "settled and failed", 204},
		{bankBatch("b12", "DepositSettled t2", "DepositRequested t2"), "out of order", 204},
		{bankBatch("b13", "DreamUpdated d3", "DreamCreated d3"), "out of order", 204},
		{bankBatch("b14", "WithdrawalSettled t3", "WithdrawalSettled t3"), "told twice", 204},
	} {
		b.mu.Lock()
		b.complaints = nil
		b.mu.Unlock()
		if status := bankSay(t, to, "m", c.body, bankTestSecret); status != c.status {
			t.Errorf("%s: %d", c.complaint, status)
		}
		bankComplains(t, b, c.complaint)
	}
	b.mu.Lock()
	b.complaints = nil
	b.mu.Unlock()
	if status := bankSay(t, to, "m", bankBatch("b20", "DreamCreated y"), "whsec_"+base64.StdEncoding.EncodeToString([]byte("another secret"))); status != 401 {
		t.Error(status)
	}
	bankComplains(t, b, "webhook-signature does not fit")
}
