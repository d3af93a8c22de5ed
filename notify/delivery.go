package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"parley"
)

const (
	maxAnswer     = 64 << 10       // bytes
	maxRetryAfter = 24 * time.Hour // a platform that asks for more than this has made a mistake
)

// Failure is why an attempt brought no answer that can be used. It stands under a *parley.Error, whose kind says whether the
// operator may have heard.
type Failure struct {
	Status     parley.Status // 400, 404, 501, 510, 520 or 525
	Err        error         // the cause, free of what was said and answered
	RetryAfter time.Duration // how long the operator, or the open circuit breaker, asks us to wait; 0 when nobody does
	HTTPStatus int           // 0 when there was no answer
}

// Error is the status and the cause.
func (f *Failure) Error() string {
	s := "status " + strconv.Itoa(int(f.Status))
	if f.Status.Known() {
		s += " " + f.Status.String()
	}
	return s + ": " + f.Err.Error()
}

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }

func failure(kind parley.Kind, f *Failure) error { return parley.Errorf(kind, "%w", f) }

// Auth is how we prove to an operator who we are: None, Basic or Bearer.
type Auth interface {
	check() error
	set(http.Header)
}

// None proves nothing. A signature (Config.WebhookSecrets) can do it in its stead.
type None struct{}

// Basic is HTTP Basic authentication. The user has no colon, and neither has control characters.
type Basic struct{ User, Password string }

// Bearer is a fixed token, of visible ASCII.
type Bearer struct{ Token string }

func (None) check() error    { return nil }
func (None) set(http.Header) {}

func (b Basic) check() error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if b.User == "" || strings.Contains(b.User, ":") || strings.ContainsFunc(b.User+b.Password, control) {
		return parley.Invalid("auth", "a user without colon is needed, and no control characters (RFC 7617)")
	}
	return nil
}

func (b Basic) set(h http.Header) {
	h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(b.User+":"+b.Password)))
}

func (b Bearer) check() error {
	if !visible(b.Token) {
		return parley.Invalid("auth", "a token of visible ASCII is needed")
	}
	return nil
}

func (b Bearer) set(h http.Header) { h.Set("Authorization", "Bearer "+b.Token) }

// visible reports whether s is something, and nothing but visible ASCII.
func visible(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// say makes one attempt to tell the operator something and reads the answer.
func say[Answer any](ctx context.Context, o *Operator, action, key string, what any, read func([]byte) (Answer, error)) (Answer, error) {
	var none Answer
	if !visible(key) || len(key) > 255 {
		return none, parley.Invalid("key", "an idempotency key is 1 to 255 visible ASCII characters")
	}
	body, err := encode(what)
	if err != nil {
		return none, parley.Invalid("attributes", "cannot be written as JSON")
	}
	got, status, err := o.deliver(ctx, action, key, body)
	if err != nil {
		parley.NoteExchange(ctx, what, nil, status)
		return none, fmt.Errorf("tell operator %s: %w", action, err)
	}
	answer, err := read(got)
	if err != nil {
		parley.NoteExchange(ctx, what, sayingNo(err), status)
		return none, fmt.Errorf("tell operator %s: %w", action, err)
	}
	parley.NoteExchange(ctx, what, answer, status)
	return answer, nil
}

// sayingNo is what is shown of an answer that was no yes: nothing when it was not understood.
func sayingNo(err error) any {
	no, ok := errors.AsType[*parley.Refusal](err)
	switch {
	case !ok:
		return nil
	case no.Status == parley.StatusAboveLimit && no.Code == "": // a yes whose limit leaves nothing
		return struct {
			Success bool   `json:"success"`
			Limit   string `json:"limit"`
		}{true, "0"}
	}
	return struct {
		Success bool           `json:"success"`
		ErrCode string         `json:"errCode,omitempty"`
		ErrMsg  parley.Private `json:"errMsg,omitempty"`
	}{false, no.Discreet().(parley.Refusal).Code, parley.Private(no.Message)}
}

// encode writes JSON that is the same bytes each time (maps in the order of their names), with & and < as themselves.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// deliver sends a body and returns the body of a whole answer with status 200. The HTTP status is 0 when there was none.
func (o *Operator) deliver(ctx context.Context, action, key string, body []byte) (answer []byte, status int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, failure(parley.KindUnheard, &Failure{Status: parley.StatusFailedToConnect, Err: err})
	}
	done, wait, ok := o.breakers[action].begin()
	if !ok {
		return nil, 0, failure(parley.KindUnheard, &Failure{
			Status: parley.StatusMerchantOutOfService, Err: errors.New("the circuit breaker is open"), RetryAfter: wait,
		})
	}
	learned := nothing
	defer func() { done(learned) }()

	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	traced, wrote := new(atomic.Bool), new(atomic.Bool)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.urls[action], bytes.NewReader(body))
	if err != nil {
		return nil, 0, parley.Invalid("url", "not a URL") // New has parsed it, so this does not happen
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
	h.Set("User-Agent", "Parley")
	// net/http repeats a request that bears this header by itself when a kept connection breaks; it looks for the name in
	// this very spelling. Repeating, and counting how often, is the engine's: names of headers have no case on the wire.
	h["idempotency-key"] = []string{key}
	o.auth.set(h)
	o.signer.Sign(h, key, o.now(), body)

	res, err := o.client.Do(req)
	if err != nil {
		// The transport tells us whether it came so far as to write. One that does not (a fake) is judged by its error.
		unheard := traced.Load() && !wrote.Load() || !traced.Load() && neverConnected(err)
		learned, err = lost(err, unheard)
		return nil, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		learned = answered
		return nil, res.StatusCode, failure(parley.KindUnknown, &Failure{
			Status: parley.StatusInvalidResponse, Err: fmt.Errorf("answered with HTTP status %d", res.StatusCode),
			RetryAfter: o.retryAfter(res), HTTPStatus: res.StatusCode,
		})
	}
	got, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		learned, err = lost(err, false)
		return nil, res.StatusCode, err
	}
	learned = answered
	if len(got) > maxAnswer {
		return nil, res.StatusCode, invalidAnswer("larger than 64 KiB")
	}
	return got, res.StatusCode, nil
}

// lost is the error of an exchange that broke, and what that teaches about the endpoint.
func lost(err error, unheard bool) (news, error) {
	ne, ok := errors.AsType[net.Error](err)
	timeout := errors.Is(err, context.DeadlineExceeded) || ok && ne.Timeout()
	f := &Failure{Err: bare(err)}
	switch {
	case unheard && errors.Is(err, context.Canceled): // we hung up: the endpoint is not to blame
		f.Status = parley.StatusFailedToConnect
		return nothing, failure(parley.KindUnheard, f)
	case unheard:
		f.Status = parley.StatusFailedToConnect
		return silent, failure(parley.KindUnheard, f)
	case timeout:
		f.Status = parley.StatusReadTimeout
		return silent, failure(parley.KindUnknown, f)
	}
	f.Status = parley.StatusIOException
	return nothing, failure(parley.KindUnknown, f)
}

// neverConnected reports whether an error can only come from before the first byte was sent.
func neverConnected(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// bare is the cause without words of net/http that may repeat the URL or what was answered, such as a malformed status line.
func bare(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return e
	}
	for _, e := range []error{context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, e) {
			return e
		}
	}
	return errors.New("the exchange broke, or the answer was not HTTP")
}

// retryAfter is how long a 429 or 503 asks us to wait, in seconds or until a date (RFC 9110 §10.2.3).
func (o *Operator) retryAfter(res *http.Response) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	v := strings.TrimSpace(res.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(v, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(at.Sub(o.now()), 0), maxRetryAfter)
	}
	return 0
}
