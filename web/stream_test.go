package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"

	"go.uber.org/goleak"
)

// streaming serves a handler that opens a stream and then does what it is told.
func streaming(t *testing.T, s *Streams, do func(*Stream)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(Safe(slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, err := s.Open(w, r)
		if err != nil {
			Problem(w, err)
			return
		}
		defer stream.Close()
		do(stream)
	})))
	server.Config.ReadTimeout, server.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	server.Config.RegisterOnShutdown(s.Close)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func follow(t *testing.T, server *httptest.Server) *http.Response {
	t.Helper()
	res, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestAStreamOutlivesTheServersTimeouts(t *testing.T) {
	s := &Streams{Every: 10 * time.Millisecond}
	server := streaming(t, s, func(stream *Stream) {
		stream.Send("hello", map[string]string{"to": "you\n<&>"})
		<-stream.Done()
	})
	res := follow(t, server)
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	lines := bufio.NewScanner(res.Body)
	var first []string
	for len(first) < 5 && lines.Scan() {
		first = append(first, lines.Text())
	}
	if got, want := strings.Join(first, "\n"), "retry: 2000\n\nevent: hello\ndata: {\"to\":\"you\\n<&>\"}\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	beats := 0
	for beats < 30 && lines.Scan() { // six times as long as the server gives an answer
		if lines.Text() == ":" {
			beats++
		}
	}
	if beats != 30 {
		t.Errorf("the stream ended after %d beats: %v", beats, lines.Err())
	}
}

func TestShuttingDownEndsEveryStream(t *testing.T) {
	s := &Streams{}
	server := streaming(t, s, func(stream *Stream) { <-stream.Done() })
	var read sync.WaitGroup
	for range 5 {
		res := follow(t, server)
		read.Go(func() {
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Errorf("the stream broke: %v", err)
			}
		})
	}
	if err := server.Config.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	read.Wait()
	if n := s.Len(); n != 0 {
		t.Errorf("%d streams are left", n)
	}
	if _, err := s.Open(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)); parley.KindOf(err) != parley.KindUnavailable {
		t.Errorf("a stream was opened after all: %v", err)
	}
}

func TestAReaderWhoLeavesEndsTheStream(t *testing.T) {
	s := &Streams{}
	over := make(chan struct{})
	server := streaming(t, s, func(stream *Stream) { <-stream.Done(); close(over) })
	follow(t, server).Body.Close()
	<-over
}

func TestAReaderWhoDoesNotReadEndsTheStream(t *testing.T) {
	s := &Streams{Every: 50 * time.Millisecond}
	over := make(chan error, 1)
	server := streaming(t, s, func(stream *Stream) {
		for {
			if err := stream.Send("more", strings.Repeat("x", 1<<20)); err != nil {
				over <- err
				return
			}
		}
	})
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: here\r\n\r\n")
	if err := <-over; err == nil {
		t.Error("it had no end")
	}
}

func TestThereAreOnlySoManyStreams(t *testing.T) {
	s := &Streams{Most: 2}
	server := streaming(t, s, func(stream *Stream) { <-stream.Done() })
	first, _ := follow(t, server), follow(t, server)
	third := follow(t, server)
	if third.StatusCode != http.StatusServiceUnavailable || third.Header.Get("Retry-After") == "" {
		t.Errorf("the third is answered %d with Retry-After %q", third.StatusCode, third.Header.Get("Retry-After"))
	}
	first.Body.Close()
	for s.Len() > 1 {
		time.Sleep(time.Millisecond)
	}
	if again := follow(t, server); again.StatusCode != http.StatusOK {
		t.Errorf("when one has left, the next is answered %d", again.StatusCode)
	}
}

func TestAStreamThatNobodyReadsIsOver(t *testing.T) {
	s := &Streams{}
	w := httptest.NewRecorder()
	stream, err := s.Open(w, httptest.NewRequest(http.MethodHead, "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	<-stream.Done()
	if err := stream.Send("hello", 1); err == nil || w.Body.Len() > 0 {
		t.Errorf("%q was written (%v)", w.Body, err)
	}
	stream.Close()
}

func TestNothingIsLeftOfAStream(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := &Streams{Every: time.Millisecond}
	ctx, leave := context.WithCancel(t.Context())
	w := httptest.NewRecorder()
	stream, err := s.Open(w, httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	leave()
	<-stream.Done()
	stream.Close()
	written := w.Body.Len()
	if err := stream.Send("late", 1); err == nil || w.Body.Len() != written || s.Len() != 0 {
		t.Errorf("after the end %q was written (%v), and %d streams are open", w.Body, err, s.Len())
	}
}
