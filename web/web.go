// Package web is what every HTTP surface shares: handlers that return errors, pages and problem documents, the headers that
// keep a page safe, handles that stand for a run in an address, the cookie that tells one browser from another, and the
// client with which we speak to others. It knows no flow and no endpoint.
package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"parley"

	"github.com/google/uuid"
)

// Handler is a handler that returns its error. The surface that mounts it decides how an error looks.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Page makes a handler for a person: an error becomes a page that repeats nothing of what was sent, with a reference that
// is in the log.
func Page(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			ErrorPage(w, r, err)
		}
	})
}

// Status is the HTTP status of an error.
func Status(err error) int {
	switch parley.KindOf(err) {
	case parley.KindInvalid:
		return http.StatusBadRequest
	case parley.KindNotFound:
		return http.StatusNotFound
	case parley.KindConflict:
		return http.StatusConflict
	case parley.KindRefused:
		return http.StatusForbidden
	case parley.KindUnavailable, parley.KindUnheard:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Problem answers a program with a problem document (RFC 9457). An internal error says only that it is ours.
func Problem(w http.ResponseWriter, err error) {
	status := Status(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Kind   string `json:"kind,omitempty"`
	}{http.StatusText(status), status, string(parley.KindOf(err))})
}

// JSON answers with a JSON document that must not be kept.
func JSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.Encode(v)
}

type (
	requestIDKey struct{}
	logKey       struct{}
	bodyKey      struct{}
)

// Bound lets the body of a request have so many bytes at the most, in place of what Safe allows.
func Bound(w http.ResponseWriter, r *http.Request, most int64) {
	body, ok := r.Context().Value(bodyKey{}).(io.ReadCloser)
	if !ok {
		body = r.Body
	}
	r.Body = http.MaxBytesReader(w, body, most)
}

// logOf is the log of the surface that serves the request.
func logOf(r *http.Request) *slog.Logger {
	if log, ok := r.Context().Value(logKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

// RequestID is the reference of the request, as the log and an error page have it.
func RequestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

// Safe is the outermost handler of a surface: it gives each request a reference, bounds its body to 1 MiB (see Bound), catches panics, sets the headers that
// every answer has, and logs the request without its query and without its path's secrets.
func Safe(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		id := uuid.NewString()
		r = r.WithContext(context.WithValue(context.WithValue(context.WithValue(r.Context(), requestIDKey{}, id), logKey{}, log), bodyKey{}, r.Body))
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		h := w.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				log.Error("a handler panicked", "request", id, "panic", p, "stack", string(debug.Stack()))
				if !rec.wrote {
					ErrorPage(rec, r, parley.Errorf("", "panic"))
				}
			}
			log.Debug("request", "id", id, "method", r.Method, "route", r.Pattern, "status", rec.status, "took", time.Since(begun))
		}()
		next.ServeHTTP(rec, r)
	})
}

type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	r.status, r.wrote = status, true
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) { r.wrote = true; return r.ResponseWriter.Write(b) }

// Unwrap lets http.ResponseController find the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Handles make and open the names under which runs stand in addresses: the run's id with a code that only we can make, and
// that is another for each purpose.
type Handles struct{ Key []byte }

// Make is the handle of a run for a purpose.
func (h Handles) Make(purpose, run string) string {
	id, err := uuid.Parse(run)
	if err != nil {
		panic("web: a handle is made of a run's id")
	}
	return base64.RawURLEncoding.EncodeToString(append(id[:], h.code(purpose, id)...))
}

// Open is the run of a handle, if we made it for this purpose.
func (h Handles) Open(purpose, handle string) (run string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil || len(b) != 16+24 {
		return "", false
	}
	id := uuid.UUID(b[:16])
	return id.String(), hmac.Equal(b[16:], h.code(purpose, id))
}

func (h Handles) code(purpose string, id uuid.UUID) []byte {
	m := hmac.New(sha256.New, h.Key)
	m.Write([]byte(purpose))
	m.Write([]byte{0})
	m.Write(id[:])
	return m.Sum(nil)[:24]
}

// Navigates reports whether the request is a browser going to a page, and not a program that wants an answer.
func Navigates(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
