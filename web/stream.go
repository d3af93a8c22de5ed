package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"parley"
)

// Streams are the streams of events that a server has open. The zero value is ready. A server that shuts down waits for its handlers, and
// a stream never ends by itself, so Close stands in http.Server.RegisterOnShutdown.
type Streams struct {
	Most  int           // how many may be open at the same time; DefaultStreams when zero
	Every time.Duration // how often an idle stream says that it is still there; 15 s when zero

	mu     sync.Mutex
	open   map[*Stream]bool
	closed bool
}

// DefaultStreams is how many streams a server has open at the most, unless it is told otherwise.
const DefaultStreams = 10_000

// Stream is one stream of server-sent events. It ends when the reader has left, when writing fails or takes too long, when the server
// shuts down, and when its handler calls Close.
type Stream struct {
	all   *Streams
	w     http.ResponseWriter
	wire  *http.ResponseController
	ctx   context.Context
	end   context.CancelFunc
	every time.Duration

	mu   sync.Mutex // guards w and beat
	beat *time.Timer
}

// Open begins a stream of events as the answer to a request. The handler must Close it before it returns. When there are too many, or the
// server shuts down, the error is of kind parley.KindUnavailable, nothing has been written, and Retry-After is set for whoever answers.
func (s *Streams) Open(w http.ResponseWriter, r *http.Request) (*Stream, error) {
	ctx, end := context.WithCancel(r.Context())
	t := &Stream{all: s, w: w, wire: http.NewResponseController(w), ctx: ctx, end: end, every: s.Every}
	if t.every == 0 {
		t.every = 15 * time.Second
	}
	if err := s.enter(t); err != nil {
		end()
		w.Header().Set("Retry-After", "5")
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy that collects what we say would keep it for ever
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		end()
		return t, nil
	}
	// Nothing more is read of this request, and net/http ends its context when the time for reading is over.
	err := t.wire.SetReadDeadline(time.Time{})
	if err == nil || errors.Is(err, http.ErrNotSupported) {
		err = t.write([]byte("retry: 2000\n\n"))
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.beat = time.AfterFunc(t.every, t.still) // not a goroutine of its own: ten thousand of them would do nothing but wait
	return t, nil
}

func (s *Streams) enter(t *Stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := s.Most
	if most == 0 {
		most = DefaultStreams
	}
	if s.closed || len(s.open) >= most {
		return parley.Errorf(parley.KindUnavailable, "no more streams can be opened: %d are, of at most %d", len(s.open), most)
	}
	if s.open == nil {
		s.open = map[*Stream]bool{}
	}
	s.open[t] = true
	return nil
}

// Len is how many streams are open.
func (s *Streams) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Close ends every stream and lets no other begin. It does not wait for the handlers, whose server does.
func (s *Streams) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for t := range s.open {
		t.end()
	}
}

// Context ends with the stream.
func (t *Stream) Context() context.Context { return t.ctx }

// Done is closed when the stream has ended.
func (t *Stream) Done() <-chan struct{} { return t.ctx.Done() }

// Send sends an event, whose data is v as JSON, and returns when it is on its way. An error means that the stream has ended.
func (t *Stream) Send(event string, v any) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\ndata: ", event)
	e := json.NewEncoder(&b) // on one line, as an event's data must be
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("send %s: %w", event, err)
	}
	b.WriteByte('\n')
	return t.write(b.Bytes())
}

// Close ends the stream. Nothing is written after it.
func (t *Stream) Close() {
	t.end()
	t.mu.Lock() // whoever is writing has written
	if t.beat != nil {
		t.beat.Stop()
	}
	t.mu.Unlock()
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	delete(t.all.open, t)
}

// still says every so often that the stream is there: proxies close what is silent, and we learn when the reader is not.
func (t *Stream) still() {
	if t.write([]byte(":\n\n")) != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx.Err() == nil {
		t.beat.Reset(t.every)
	}
}

func (t *Stream) write(b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.ctx.Err(); err != nil {
		return err
	}
	// The server's own deadline is for a whole answer, and this one has no end. Over HTTP/2 a deadline that passes ends even a stream on
	// which nothing is being written, so it lies behind the next beat.
	err := t.wire.SetWriteDeadline(time.Now().Add(2 * t.every))
	if err == nil || errors.Is(err, http.ErrNotSupported) {
		if _, err = t.w.Write(b); err == nil {
			err = t.wire.Flush()
		}
	}
	if err != nil {
		t.end()
	}
	return err
}
