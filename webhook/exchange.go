package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/notify"
	"parley/savings"
	"parley/web"
)

// stampFormat is how times are written: RFC 3339, in UTC, with milliseconds.
const stampFormat = "2006-01-02T15:04:05.000Z"

// batch is a batch on the wire.
type batch struct {
	ID        string  `json:"batch_id"`
	Timestamp string  `json:"timestamp"`
	Count     int     `json:"count"`
	Events    []event `json:"events"`
}

type event struct {
	ID        string            `json:"id"`
	CreatedAt string            `json:"createdAt"`
	Type      savings.EventType `json:"type"`
	Data      json.RawMessage   `json:"data"`
}

// envelope writes a batch. The same cursor and events are the same bytes.
func envelope(c Cursor, events []savings.Event) ([]byte, error) {
	b := batch{c.Batch, c.Stamp.UTC().Format(stampFormat), len(events), make([]event, 0, len(events))}
	for _, e := range events {
		b.Events = append(b.Events, event{e.ID, e.At.UTC().Format(stampFormat), e.Type, json.RawMessage(e.Data)})
	}
	return encode(b)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// mostAnswer is how much of an answer is read: nothing in it counts but its status.
const mostAnswer = 64 << 10

// post makes one attempt to tell an endpoint something. Any status from 200 to 299 is heard. Otherwise the error is of kind parley.KindUnheard,
// when the words certainly did not arrive, or parley.KindUnknown, with a *notify.Failure in its chain; its text holds nothing of what was said or
// answered.
func post(ctx context.Context, client *http.Client, signer notify.Signer, to, id string, now time.Time, body []byte) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, parley.Invalid("url", "not a URL") // the configuration was checked, so this does not happen
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "Parley")
	req.Header.Set("webhook-id", id)
	signer.Sign(req.Header, id, now, body)
	res, _, err := web.Exchange(client, req, mostAnswer)
	switch {
	case parley.KindOf(err) == parley.KindUnheard:
		return 0, failure(parley.KindUnheard, &notify.Failure{Status: parley.StatusFailedToConnect, Err: err})
	case err != nil:
		return 0, failure(parley.KindUnknown, &notify.Failure{Status: parley.StatusIOException, Err: err})
	case res.StatusCode < 200 || res.StatusCode > 299:
		return res.StatusCode, failure(parley.KindUnknown, &notify.Failure{Status: parley.StatusInvalidResponse, HTTPStatus: res.StatusCode,
			Err: fmt.Errorf("answered with HTTP status %d", res.StatusCode), RetryAfter: retryAfter(res, now)})
	}
	return res.StatusCode, nil
}

func failure(kind parley.Kind, f *notify.Failure) error { return parley.Errorf(kind, "%w", f) }

// retryAfter is how long an answer asks us to wait (RFC 9110 §10.2.3).
func retryAfter(res *http.Response, now time.Time) time.Duration {
	v := strings.TrimSpace(res.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// label is the endpoint as the log may show it: an address may carry a secret in its query.
func (e *Endpoint) label() string { return cmp.Or(e.Name, plainly(e.URL)) }

func plainly(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}
