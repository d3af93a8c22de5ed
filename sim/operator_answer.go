package sim

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"time"
)

// operatorMaxBody bounds every request and answer that the operator, the OpenID provider and the register read.
const operatorMaxBody = 1 << 20

// operatorKept bounds what a party remembers of the conversation, so that a sandbox left running does not grow for ever.
const operatorKept = 5000

// operatorAnswer is what a party says back. The OpenID provider and the register use it too.
type operatorAnswer struct {
	Status int
	Type   string // Content-Type
	Body   []byte
	Header map[string]string // other headers, such as Location
}

// headers are all that an answer comes with.
func (a operatorAnswer) headers() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if a.Type != "" {
		h.Set("Content-Type", a.Type)
	}
	for k, v := range a.Header {
		h.Set(k, v)
	}
	return h
}

func (a operatorAnswer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.headers())
	w.WriteHeader(a.Status)
	w.Write(a.Body)
}

// operatorMisbehave answers as fault says. act does what was asked (it knows Refuse itself); note is called once, before anything goes out, so
// that whoever has the answer also finds it written down.
func operatorMisbehave(w http.ResponseWriter, r *http.Request, fault Fault, delay time.Duration, act func() operatorAnswer, note func(operatorAnswer)) {
	var a operatorAnswer
	switch fault {
	case Drop:
		note(a)
		HangUp(w)
		return
	case Garbage:
		a = operatorAnswer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: []byte("OK, thank you!\n")}
	case Broken:
		a = operatorAnswer{Status: http.StatusInternalServerError, Type: "text/html; charset=utf-8", Body: []byte("<html><body><h1>500 Internal Server Error</h1></body></html>\n")}
	case Lose:
		note(act())
		HangUp(w)
		return
	case Twice:
		act()
		a = act()
	default:
		a = act()
	}
	note(a)
	if fault == Slow {
		operatorPause(r.Context(), delay)
	}
	a.write(w)
}

// operatorPause waits for d, or until nobody listens any longer.
func operatorPause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// operatorKeep appends v and forgets the oldest when there are too many.
func operatorKeep[T any](list []T, v T) []T {
	if len(list) >= operatorKept {
		list = append(list[:0:0], list[len(list)-operatorKept/2:]...)
	}
	return append(list, v)
}

// operatorSecret is a value nobody can guess.
func operatorSecret() string { return rand.Text() }
