package notify

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley"
)

// wire is a transport with a mood. It counts how often it was used.
type wire struct {
	mood atomic.Value // func(*http.Request) (*http.Response, error)
	used atomic.Int32
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.used.Add(1)
	return w.mood.Load().(func(*http.Request) (*http.Response, error))(r)
}

func fails(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func status(code int) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{}, Body: http.NoBody}, nil
	}
}

func TestBreakerOpensAndLetsOneThrough(t *testing.T) {
	var now atomic.Int64
	w := &wire{}
	o := operator(t, Config{
		URL: "https://operator.example/{action}", Client: &http.Client{Transport: w}, BreakerAfter: 3, BreakerFor: time.Minute,
		Now: func() time.Time { return noon.Add(time.Duration(now.Load())) },
	})
	say := func() *Failure {
		_, err := o.Transfer(context.Background(), "k", TransferRequest{Transaction: deposit()})
		f, ok := errors.AsType[*Failure](err)
		if !ok {
			t.Helper()
			t.Fatal(err)
		}
		if open := f.Status == parley.StatusMerchantOutOfService; open && parley.KindOf(err) != parley.KindUnheard {
			t.Errorf("%v", err)
		}
		return f
	}
	expect := func(what string, status parley.Status, used int32, wait time.Duration) {
		t.Helper()
		if f := say(); f.Status != status || w.used.Load() != used || f.RetryAfter != wait {
			t.Errorf("%s: %v, used %d times, wait %v", what, f, w.used.Load(), f.RetryAfter)
		}
	}

	w.mood.Store(fails(context.DeadlineExceeded))
	expect("first", 400, 1, 0)
	expect("second", 400, 2, 0)
	w.mood.Store(status(500))
	expect("any answer starts the count anew", 510, 3, 0)
	w.mood.Store(fails(context.DeadlineExceeded))
	expect("first again", 400, 4, 0)
	w.mood.Store(fails(errors.New("broken")))
	expect("a broken exchange neither counts nor starts anew", 404, 5, 0)
	w.mood.Store(fails(context.DeadlineExceeded))
	expect("second again", 400, 6, 0)
	expect("third opens it", 400, 7, 0)
	expect("open", 520, 7, time.Minute)
	now.Add(int64(59 * time.Second))
	expect("still open", 520, 7, time.Second)

	if _, err := o.Cancel(context.Background(), "k", CancelRequest{Transaction: deposit()}); err == nil || w.used.Load() != 8 {
		t.Errorf("another action has a breaker of its own: %v, used %d", err, w.used.Load())
	}

	now.Add(int64(time.Second))
	expect("half open, and failed", 400, 9, 0)
	expect("open again at once", 520, 9, time.Minute)
	now.Add(int64(time.Minute))
	w.mood.Store(fails(errors.New("broken")))
	expect("half open, and learned nothing", 404, 10, 0)
	w.mood.Store(status(500))
	expect("so the next may try, and closes it", 510, 11, 0)
	w.mood.Store(fails(context.DeadlineExceeded))
	expect("closed", 400, 12, 0)
	expect("closed", 400, 13, 0)
	expect("third opens it", 400, 14, 0)
	expect("open", 520, 14, time.Minute)
}

func TestHalfOpenLetsOneThroughAtATime(t *testing.T) {
	w := &wire{}
	now := noon
	o := operator(t, Config{
		URL: "https://operator.example/{action}", Client: &http.Client{Transport: w}, BreakerAfter: 1,
		Now: func() time.Time { return now },
	})
	say := func() error {
		_, err := o.Transfer(context.Background(), "k", TransferRequest{Transaction: deposit()})
		return err
	}
	w.mood.Store(fails(context.DeadlineExceeded))
	say()
	now = now.Add(30 * time.Second)
	release := make(chan struct{})
	w.mood.Store(func(*http.Request) (*http.Response, error) { <-release; return status(500)(nil) })
	var all sync.WaitGroup
	var open atomic.Int32
	for range 32 {
		all.Go(func() {
			if f, ok := errors.AsType[*Failure](say()); ok && f.Status == parley.StatusMerchantOutOfService {
				if open.Add(1) == 31 {
					close(release)
				}
			}
		})
	}
	all.Wait()
	if open.Load() != 31 || w.used.Load() != 2 {
		t.Errorf("%d were told to wait, the wire was used %d times", open.Load(), w.used.Load())
	}
}

func TestCallerWhoHangsUpDoesNotOpenTheBreaker(t *testing.T) {
	w := &wire{}
	w.mood.Store(fails(context.Canceled))
	o := operator(t, Config{URL: "https://operator.example/{action}", Client: &http.Client{Transport: w}, BreakerAfter: 1})
	for range 3 {
		_, err := o.Transfer(context.Background(), "k", TransferRequest{Transaction: deposit()})
		if f, ok := errors.AsType[*Failure](err); !ok || f.Status != 404 {
			t.Error(err)
		}
	}
	if w.used.Load() != 3 {
		t.Errorf("used %d times", w.used.Load())
	}
}
