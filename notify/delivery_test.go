package notify

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley"
)

const yes = `{"success":true,"userId":"user_123","authCode":"a"}`

func TestHeadersSayWhoSpeaksAndWhichRepetition(t *testing.T) {
	for name, c := range map[string]struct {
		auth Auth
		want string
	}{
		"nil": {nil, ""}, "none": {None{}, ""},
		"basic":  {Basic{"parley", "p:å"}, "Basic cGFybGV5OnA6w6U="},
		"bearer": {Bearer{"abc.def"}, "Bearer abc.def"},
	} {
		o, told := platform(t, Config{Auth: c.auth}, answers(yes))
		if _, err := o.Authorize(t.Context(), "run-7/authorize", AuthorizeRequest{deposit()}); err != nil {
			t.Fatal(err)
		}
		h := (<-told).header
		for header, want := range map[string]string{
			"Authorization": c.want, "Idempotency-Key": "run-7/authorize", "User-Agent": "Parley",
			"Content-Type": "application/json", "Accept": "application/json",
		} {
			if got := h.Get(header); got != want {
				t.Errorf("%s: %s: %q", name, header, got)
			}
		}
	}
}

func TestQueryOfTheTemplateIsKept(t *testing.T) {
	s := httptest.NewServer(nil)
	defer s.Close()
	o, _ := platform(t, Config{URL: s.URL + "/x?do={action}&brand=1"}, nil)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/x?do=cancel&brand=1" {
			t.Error(r.URL)
		}
		io.WriteString(w, yes)
	})
	if _, err := o.Cancel(t.Context(), "k", CancelRequest{Transaction: deposit()}); err != nil {
		t.Error(err)
	}
}

// outcome is what a caller must be able to tell about a failed attempt.
type outcome struct {
	kind       parley.Kind
	status     parley.Status
	http       int
	retryAfter time.Duration
}

// tryAll says each of the four things and checks that all fail in the same way, without repeating what was said or answered.
func tryAll(t *testing.T, name string, ctx context.Context, o *Operator, want outcome) {
	t.Helper()
	ask := SignInRequest{MerchantID: 1, TxID: 2, IdentityProvider: "trustly", Identity: person()}
	_, err1 := o.SignIn(ctx, "k", ask)
	_, err2 := o.Authorize(ctx, "k", AuthorizeRequest{rich()})
	_, err3 := o.Transfer(ctx, "k", TransferRequest{Transaction: rich()})
	_, err4 := o.Cancel(ctx, "k", CancelRequest{Transaction: rich()})
	for i, err := range []error{err1, err2, err3, err4} {
		f, ok := errors.AsType[*Failure](err)
		if !ok {
			t.Errorf("%s %d: %v", name, i, err)
			continue
		}
		if got := (outcome{parley.KindOf(err), f.Status, f.HTTPStatus, f.RetryAfter}); got != want {
			t.Errorf("%s %d: got %+v, want %+v: %v", name, i, got, want, err)
		}
		for _, secret := range []string{"hman", "user_123", "1990", "4057", "s3cret", "eyJ"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s %d: the error says %q: %v", name, i, secret, err)
			}
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
			if code >= 200 && code != 204 && code != 304 {
				io.WriteString(w, "<html>"+yes+"s3cret Öhman</html>")
			}
		}
	}
	raw := func(bytes string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { hangUp(w, bytes) }
	}
	wrong := func(code int) outcome { return outcome{parley.KindUnknown, parley.StatusInvalidResponse, code, 0} }
	invalid := outcome{parley.KindUnknown, parley.StatusMerchantInvalidResponse, 200, 0}
	lost := outcome{parley.KindUnknown, 404, 0, 0}
	patient := func(code int, d time.Duration) outcome {
		return outcome{parley.KindUnknown, parley.StatusInvalidResponse, code, d}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   outcome
	}{
		"201":                {status(201), wrong(201)},
		"204":                {status(204), wrong(204)},
		"302":                {status(302, "Location", "/elsewhere"), wrong(302)},
		"307":                {status(307, "Location", "https://operator.example/"), wrong(307)},
		"302 to nowhere":     {status(302), wrong(302)},
		"400":                {status(400), wrong(400)},
		"401":                {status(401, "WWW-Authenticate", "Basic"), wrong(401)},
		"500 HTML":           {status(500), wrong(500)},
		"500, retry after":   {status(500, "Retry-After", "7"), wrong(500)},
		"503":                {status(503), wrong(503)},
		"503, seconds":       {status(503, "Retry-After", "120"), patient(503, 2*time.Minute)},
		"503, date":          {status(503, "Retry-After", noon.Add(time.Minute).Format(http.TimeFormat)), patient(503, time.Minute)},
		"503, past":          {status(503, "Retry-After", noon.Add(-time.Hour).Format(http.TimeFormat)), wrong(503)},
		"503, for ever":      {status(503, "Retry-After", "4000000000"), patient(503, 24*time.Hour)},
		"503, nonsense":      {status(503, "Retry-After", "-5"), wrong(503)},
		"429, seconds":       {status(429, "Retry-After", "1"), patient(429, time.Second)},
		"empty":              {answers(""), invalid},
		"HTML":               {answers("<html>s3cret Öhman</html>"), invalid},
		"garbage":            {answers("\x00\xff s3cret"), invalid},
		"JSON of something":  {answers(`{"s3cret":"Öhman"}`), invalid},
		"too large":          {answers(`{"success":true,"userId":"user_123","s3cret":"` + strings.Repeat("a", 64<<10) + `"}`), invalid},
		"hung up":            {raw(""), lost},
		"hung up in headers": {raw("HTTP/1.1 200 OK\r\nContent-"), lost},
		"cut off":            {raw("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + yes), lost},
		"not HTTP":           {raw("s3cret Öhman\r\n\r\n"), lost},
		"no such status":     {raw("HTTP/1.1 s3cret Öhman\r\n\r\n"), lost},
		"bad location":       {raw("HTTP/1.1 302 Found\r\nLocation: http://s3cret%zz/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), lost},
	} {
		o, told := platform(t, Config{}, c.answer)
		tryAll(t, name, t.Context(), o, c.want)
		if len(told) != 4 {
			t.Errorf("%s: the operator heard %d requests", name, len(told))
		}
	}
}

func TestSizeLimitIsNotOneTooSmall(t *testing.T) {
	answer := `{"success":true,"userId":"user_123","x":""}`
	answer = strings.Replace(answer, `""`, `"`+strings.Repeat("a", 64<<10-len(answer))+`"`, 1)
	o, _ := platform(t, Config{}, answers(answer))
	if _, err := o.Authorize(t.Context(), "k", AuthorizeRequest{deposit()}); err != nil {
		t.Error(err)
	}
}

func TestLateAnswers(t *testing.T) {
	stop := make(chan struct{})
	late := outcome{parley.KindUnknown, parley.StatusReadTimeout, 0, 0}
	silence := func(http.ResponseWriter, *http.Request) { <-stop }
	trickle := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"success":`)
		http.NewResponseController(w).Flush()
		<-stop
	}
	for name, answer := range map[string]http.HandlerFunc{"silence": silence, "trickle": trickle} {
		o, _ := platform(t, Config{Timeout: 60 * time.Millisecond}, answer)
		tryAll(t, name, t.Context(), o, late)
		o, _ = platform(t, Config{}, answer)
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
		defer cancel()
		_, err := o.Transfer(ctx, "k", TransferRequest{Transaction: deposit()})
		if f, ok := errors.AsType[*Failure](err); !ok || f.Status != parley.StatusReadTimeout || parley.KindOf(err) != parley.KindUnknown {
			t.Errorf("%s, caller's deadline: %v", name, err)
		}
	}
	// A caller who hangs up while the operator thinks does not know either.
	o, told := platform(t, Config{}, silence)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-told; cancel() }()
	_, err := o.Transfer(ctx, "k", TransferRequest{Transaction: deposit()})
	if f, ok := errors.AsType[*Failure](err); !ok || f.Status != 404 || parley.KindOf(err) != parley.KindUnknown {
		t.Errorf("cancelled: %v", err)
	}
	t.Cleanup(func() { close(stop) }) // registered last, so it runs before the servers close and wait for their handlers
}

func TestWordsThatNeverReachedTheOperator(t *testing.T) {
	unheard := outcome{parley.KindUnheard, parley.StatusFailedToConnect, 0, 0}
	refusing := httptest.NewServer(nil)
	refusing.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	hangs := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	faked := func(err error) *http.Client { return &http.Client{Transport: fake{err}} }
	const nowhere = "https://operator.example/s3cret/{action}"
	for name, c := range map[string]Config{
		"refused":     {URL: refusing.URL + "/s3cret/{action}"},
		"no name":     {URL: "http://nowhere.invalid/s3cret/{action}"},
		"certificate": {URL: untrusted.URL + "/s3cret/{action}"},
		"slow dial":   {URL: nowhere, Client: hangs, Timeout: 30 * time.Millisecond},
		"fake dial":   {URL: nowhere, Client: faked(&net.OpError{Op: "dial", Err: errors.New("no")})},
		"fake DNS":    {URL: nowhere, Client: faked(&net.DNSError{Err: "no"})},
	} {
		tryAll(t, name, t.Context(), operator(t, c), unheard)
	}
	tryAll(t, "fake that read", t.Context(), operator(t, Config{URL: nowhere, Client: faked(&net.OpError{Op: "read", Err: errors.New("no")})}),
		outcome{parley.KindUnknown, 404, 0, 0})

	o, told := platform(t, Config{}, answers(yes))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tryAll(t, "cancelled before", ctx, o, unheard)
	if len(told) != 0 {
		t.Error("something was sent")
	}
}

// With the header in its usual spelling net/http would say it again, and if that failed to connect, claim that nothing was said.
func TestBrokenConnectionIsNotRepeatedBehindOurBack(t *testing.T) {
	var count atomic.Int32
	o, told := platform(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		if count.Add(1) == 1 {
			io.WriteString(w, yes)
			return
		}
		hangUp(w, "")
	})
	if _, err := o.Cancel(t.Context(), "k1", CancelRequest{Transaction: deposit()}); err != nil {
		t.Fatal(err)
	}
	_, err := o.Cancel(t.Context(), "k2", CancelRequest{Transaction: deposit()})
	if parley.KindOf(err) != parley.KindUnknown || len(told) != 2 {
		t.Errorf("%v; heard %d", err, len(told))
	}
}

func TestCallersClientIsNotChanged(t *testing.T) {
	c := &http.Client{Transport: &http.Transport{}}
	operator(t, Config{URL: "https://operator.example/{action}", Client: c})
	if c.CheckRedirect != nil {
		t.Error("CheckRedirect was set")
	}
}

type fake struct{ err error }

func (f fake) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// hangUp writes raw bytes on the connection and closes it.
func hangUp(w http.ResponseWriter, raw string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	io.WriteString(c, raw)
	c.Close()
}
