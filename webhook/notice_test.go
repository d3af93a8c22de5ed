package webhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"parley"
	"parley/notify"
	"parley/web"
	"parley/webhook"
)

func TestANoticeSaysHowManyTransactionsWait(t *testing.T) {
	c := newClock()
	b := newBank(t, c)
	signer, err := notify.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	type saidTo struct {
		path, id string
		body     map[string]any
	}
	heard := make(chan saidTo, 1)
	var answer atomic.Int64
	answer.Store(http.StatusAccepted)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		b.verify(r.Header, raw)
		got := saidTo{path: r.URL.Path, id: r.Header.Get("webhook-id")}
		if err := errors.Join(err, json.Unmarshal(raw, &got.body)); err != nil {
			t.Error(err)
		}
		heard <- got
		switch answer.Load() {
		case 0:
			panic(http.ErrAbortHandler)
		case 503:
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(int(answer.Load()))
	}))
	n := &webhook.Notices{Now: c.now, To: map[string]webhook.Address{"bank": {URL: server.URL + "/webhooks/transactions", Signer: signer, Client: web.NewClient(web.ClientOptions{AllowPrivate: true})}}}
	say := func(partner string) (*parley.Exchange, error) {
		ctx, noted := parley.WithExchange(t.Context())
		err := n.Notify(ctx, partner, "run/POST", 3)
		return noted(), err
	}
	noted, err := say("bank")
	got := <-heard
	if err != nil || got.path != "/webhooks/transactions" || got.id != "run/POST" {
		t.Fatal(err, got)
	}
	body := got.body
	if body["type"] != "transactions.requested" || body["count"] != 3.0 || body["timestamp"] != "2026-11-25T08:00:00.000Z" || len(body) != 3 {
		t.Error(body)
	}
	if noted == nil || noted.Status != 202 || len(noted.Request) == 0 {
		t.Errorf("the picture shows %+v", noted)
	}
	for status, kind := range map[int]parley.Kind{500: parley.KindUnknown, 404: parley.KindUnknown, 410: parley.KindUnknown, 302: parley.KindUnknown, 503: parley.KindUnknown, 0: parley.KindUnknown} {
		answer.Store(int64(status))
		_, err := say("bank")
		<-heard
		if parley.KindOf(err) != kind {
			t.Errorf("%d: %v", status, err)
		}
	}
	if _, err := say("another"); parley.KindOf(err) != parley.KindNotFound {
		t.Error(err)
	}
	server.Close()
	n.To["bank"].Client.CloseIdleConnections() // on a kept one, what was written may have been heard
	if _, err := say("bank"); parley.KindOf(err) != parley.KindUnheard {
		t.Error(err)
	}
}
