package app_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/savings"
)

// stream is a stream of events that somebody reads.
type stream struct {
	t   *testing.T
	res *http.Response
	in  *bufio.Scanner
}

func (p *phone) listen() *stream {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodGet, p.URL+"/app/api/events", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		p.t.Fatalf("answered %d %v", res.StatusCode, res.Header)
	}
	return &stream{p.t, res, bufio.NewScanner(res.Body)}
}

// next is the next event.
func (s *stream) next() (event string, data object) {
	s.t.Helper()
	for s.in.Scan() {
		line := s.in.Text()
		if e, ok := strings.CutPrefix(line, "event: "); ok {
			event = e
		} else if d, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(d), &data); err != nil {
				s.t.Fatal(err)
			}
		} else if line == "" && event != "" {
			return event, data
		}
	}
	s.t.Fatalf("the stream is over: %v", s.in.Err())
	return
}

// over fails unless the stream ends now.
func (s *stream) over() {
	s.t.Helper()
	for s.in.Scan() {
		if s.in.Text() != "" && !strings.HasPrefix(s.in.Text(), ":") {
			s.t.Errorf("and then %q", s.in.Text())
		}
	}
}

func TestAStreamTellsAtOnceAndAtEachChange(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	s := p.listen()
	if event, me := s.next(); event != "changed" || me.text("user.externalId") != "anna" || len(me.list("dreams")) != 0 {
		t.Fatalf("%s %v", event, me)
	}
	p.does("POST", "/dreams", object{"dream": object{"name": "Kajak", "targetCents": 100}}, 201)
	if event, me := s.next(); event != "changed" || me.text("dreams.0.name") != "Kajak" {
		t.Errorf("%s %v", event, me)
	}
	// Somebody else's change is not told, and what was told to this session is not told again.
	r.signedIn("one", "bo").does("POST", "/dreams", object{"dream": object{"name": "Resa", "targetCents": 100}}, 201)
	launch := p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": p.does("GET", "/me", nil, 200).text("dreams.0.id"), "type": "OneTimeLaunch", "amountCents": 50}}, 201)
	p.does("POST", "/bridge", object{"event": "accountProvisioned", "message": object{"requestId": launch.text("ask.0.message.requestId")}}, 200)
	for {
		_, me := s.next()
		if me.kinds() != "" {
			t.Errorf("the stream asks %s", me.kinds())
		}
		if me.cents("totals.pendingCents") == 50 {
			break
		}
	}
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	for name, end := range map[string]func(*rig, *phone){
		"signed out":      func(r *rig, p *phone) { p.does("POST", "/signout", object{}, 200) },
		"another sign-in": func(r *rig, p *phone) { p.launch(r.bank.token("anna")) },
		"a bad new token": func(r *rig, p *phone) {
			p.api("POST", "/bridge", object{"event": "updateToken", "message": object{"idToken": "x"}})
		},
		"its time is over": func(r *rig, p *phone) { r.clock.move(10 * time.Minute) },
		"erased": func(r *rig, p *phone) {
			r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error { return b.DestroyUser() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			p := r.signedIn("one", "anna")
			s := p.listen()
			s.next()
			r.clock.waiting(1)
			end(r, p)
			for {
				if event, _ := s.next(); event == "signed-out" {
					break
				}
			}
			s.over()
		})
	}
}

func TestAStreamIsNoActivity(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	s := p.listen()
	s.next()
	for range 20 {
		r.clock.waiting(1)
		r.clock.move(30 * time.Second)
	}
	if event, _ := s.next(); event != "signed-out" {
		t.Errorf("after ten quiet minutes the stream says %s", event)
	}
	s.over()
}

func TestNobodyListensWithoutASession(t *testing.T) {
	if a := newRig(t).phone().api("GET", "/events", nil); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("answered %d", a.StatusCode)
	}
}

func TestOnePersonDoesNotTakeEverybodysStreams(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	var open []*stream
	for range 8 {
		open = append(open, p.listen())
	}
	if a := p.api("GET", "/events", nil); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the ninth is answered %d", a.StatusCode)
	}
	r.signedIn("one", "bo").listen().next()
	p.does("POST", "/signout", object{}, 200)
	for _, s := range open {
		for event := ""; event != "signed-out"; {
			event, _ = s.next()
		}
	}
}
