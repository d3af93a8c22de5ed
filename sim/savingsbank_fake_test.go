package sim

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// bankServer is the little of a savings server that a bank needs to speak to, with what a wrong one would do.
type bankServer struct {
	mu       sync.Mutex
	users    map[string]map[string]any // by externalId
	accounts []map[string]any
	dreams   map[string]map[string]any
	txs      []map[string]any
	consent  map[string]any
	read     bool
	patched  []map[string]any // transactions' patches, and the deep ones
	feed     []map[string]any
	answered []string // what the web app heard over the bridge
	initiate map[string]bool
	again    bool // a settled transaction is still listed as requested
	nags     bool // the app is asked for an account whatever it has answered
	tokens   int
}

const bankTestSecret = "whsec_c2FuZGJveC1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg=="

// bankServe opens a bank with one programme at a server of the test's.
func bankServe(t *testing.T, opt BankOptions, change ...func(*BankProgramme)) (*Bank, *bankServer, string) {
	t.Helper()
	s := &bankServer{users: map[string]map[string]any{}, dreams: map[string]map[string]any{}, initiate: map[string]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var bank http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { bank.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	p := BankProgramme{ID: "test", Name: "Test", API: server.URL + "/v1", App: server.URL, TokenURL: server.URL + "/oauth/token", ClientID: "test", ClientSecret: "test-secret-0123456789",
		WebhookSecret: bankTestSecret}
	for _, f := range change {
		f(&p)
	}
	opt.URL, opt.Programmes = front.URL, append(opt.Programmes, p)
	if opt.OpenAfter == 0 {
		opt.OpenAfter = time.Millisecond
	}
	opt.RetryAfter = []time.Duration{time.Millisecond}
	b := NewBank(opt)
	bank = b
	t.Cleanup(b.Close)
	return b, s, front.URL
}

func bankUUID() string {
	var raw [16]byte
	rand.Read(raw[:])
	return fmt.Sprintf("%x-%x", raw[:4], raw[4:])
}

func (s *bankServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	if r.URL.Path == "/oauth/token" {
		user, secret, _ := r.BasicAuth()
		if user != "test" || secret != "test-secret-0123456789" || r.PostFormValue("grant_type") != "client_credentials" {
			answer(401, map[string]any{"error": "invalid_client"})
			return
		}
		s.tokens++
		answer(200, map[string]any{"access_token": fmt.Sprint("token-", s.tokens), "token_type": "Bearer", "expires_in": 300})
		return
	}
	if strings.HasPrefix(r.URL.Path, "/app/") || r.URL.Path == "/users/verify_token" {
		s.app(w, r, answer)
		return
	}
	if r.Header.Get("Authorization") != fmt.Sprint("Bearer token-", s.tokens) {
		answer(401, map[string]any{"error": "invalid_token"})
		return
	}
	var body map[string]any
	if r.Method != "GET" && json.NewDecoder(r.Body).Decode(&body) != nil {
		answer(400, map[string]any{"errors": []any{map[string]any{"field": "body", "errors": []string{"is not JSON"}}}})
		return
	}
	in := func(wrapper string) map[string]any { m, _ := body[wrapper].(map[string]any); return m }
	id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch at := r.Method + " " + r.URL.Path; {
	case at == "GET /v1/users":
		list := []any{}
		if u := s.users[r.URL.Query().Get("externalId")]; u != nil {
			list = append(list, u)
		}
		answer(200, map[string]any{"users": list})
	case at == "POST /v1/users":
		answer(201, map[string]any{"user": s.user(fmt.Sprint(in("user")["externalId"]))})
	case at == "POST /v1/accounts":
		a := in("account")
		for _, was := range s.accounts {
			if a["externalId"] != nil && was["externalId"] == a["externalId"] && was["userId"] == a["userId"] {
				answer(200, map[string]any{"account": was})
				return
			}
		}
		a["id"], a["balanceCents"] = bankUUID(), 0.0
		s.accounts = append(s.accounts, a)
		answer(201, map[string]any{"account": a})
	case strings.HasPrefix(at, "GET /v1/accounts/"):
		for _, a := range s.accounts {
			if a["id"] == id {
				answer(200, map[string]any{"account": a})
				return
			}
		}
		answer(404, nil)
	case strings.HasPrefix(at, "PATCH /v1/accounts/"):
		s.patched = append(s.patched, in("account"))
		answer(200, map[string]any{"account": in("account")})
	case strings.HasPrefix(at, "PATCH /v1/dreams/"):
		s.dreams[id] = in("dream")
		answer(200, map[string]any{"dream": in("dream")})
	case at == "GET /v1/transactions":
		after, list := r.URL.Query().Get("after_id"), []any{}
		for _, t := range s.txs {
			if t["id"].(string) > after && (t["state"] == "requested" || s.again) {
				shown := map[string]any{}
				for k, v := range t {
					shown[k] = v
				}
				shown["state"] = "requested"
				list = append(list, shown)
			}
		}
		answer(200, map[string]any{"transactions": list[:min(len(list), 2)]})
	case strings.HasPrefix(at, "PATCH /v1/transactions/"):
		s.patched = append(s.patched, in("transaction"))
		for _, t := range s.txs {
			if t["id"] == id {
				t["state"] = "settled"
				if in("transaction")["failedAt"] != nil {
					t["state"] = "failed"
				}
				answer(200, map[string]any{"transaction": t})
				return
			}
		}
		answer(404, nil)
	case strings.HasPrefix(at, "PATCH /v1/users/"):
		s.patched = append(s.patched, in("user"))
		for _, patch := range in("user")["transactions"].([]any) {
			for _, t := range s.txs {
				if t["id"] == patch.(map[string]any)["id"] {
					t["state"] = "settled"
				}
			}
		}
		w.WriteHeader(204)
	case at == "POST /v1/transactions":
		t := in("transaction")
		for _, was := range s.txs {
			if was["externalId"] == t["externalId"] {
				answer(200, map[string]any{"transaction": was})
				return
			}
		}
		t["id"], t["state"] = bankUUID(), "settled"
		s.txs = append(s.txs, t)
		for _, a := range s.accounts {
			switch a["id"] {
			case t["toAccountId"]:
				a["balanceCents"] = a["balanceCents"].(float64) + t["amountCents"].(float64)
			case t["fromAccountId"]:
				a["balanceCents"] = a["balanceCents"].(float64) - t["amountCents"].(float64)
			}
		}
		answer(201, map[string]any{"transaction": t})
	case at == "POST /v1/feed":
		list := []any{}
		for _, item := range body["feed"].([]any) {
			s.feed = append(s.feed, item.(map[string]any))
			list = append(list, map[string]any{"id": item.(map[string]any)["id"], "status": "accepted"})
		}
		answer(200, map[string]any{"feed": list})
	case at == "GET /v1/transfer-consents":
		if s.read || r.URL.Query().Get("temporaryId") != "temporary" {
			answer(404, nil)
			return
		}
		s.read = true
		answer(200, map[string]any{"transferConsent": s.consent})
	case strings.HasPrefix(at, "PATCH /v1/transfer-consents/"):
		for k, v := range in("transfer_consent") {
			s.consent[k] = v
		}
		answer(200, map[string]any{"transferConsent": s.consent})
	default:
		answer(404, nil)
	}
}

// app is the web app's side: what the SDK launches, and what the web app asks its host.
func (s *bankServer) app(w http.ResponseWriter, r *http.Request, answer func(int, any)) {
	if r.URL.Path == "/users/verify_token" {
		token := ""
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			var in map[string]string
			json.NewDecoder(r.Body).Decode(&in)
			token = in["token"]
		} else {
			token = r.PostFormValue("token")
		}
		sub, _ := openIDPart(token, 1)["sub"].(string)
		if sub == "" {
			w.WriteHeader(422)
			return
		}
		s.user(sub)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: sub, Path: "/"})
		w.Header().Set("Location", "http://"+r.Host+"/app/")
		w.WriteHeader(302)
		return
	}
	c, err := r.Cookie("session")
	if err != nil {
		answer(401, nil)
		return
	}
	ask := []any{}
	if !s.initiate[c.Value] || s.nags {
		ask = append(ask, map[string]any{"event": "onAccountProvisionRequested", "message": map[string]any{"requestId": "r-1"}})
	}
	var body map[string]any
	json.NewDecoder(r.Body).Decode(&body)
	switch r.Method + " " + r.URL.Path {
	case "GET /app/api/me":
		answer(200, map[string]any{"user": s.user(c.Value), "ask": ask})
	case "POST /app/api/dreams":
		answer(201, map[string]any{"dream": map[string]any{"id": "d-1"}})
	case "POST /app/api/launches":
		answer(201, map[string]any{"savehackLaunch": map[string]any{"id": "l-1"}, "ask": ask})
	case "POST /app/api/signout":
		http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
		w.WriteHeader(204)
	case "POST /app/api/ask":
		answer(200, map[string]any{"ask": ask})
	case "POST /app/api/bridge":
		s.answered = append(s.answered, fmt.Sprint(body["event"]))
		if event := fmt.Sprint(body["event"]); event == "accountProvisioned" || event == "accountProvisionInitiated" {
			s.initiate[c.Value] = true
		}
		answer(200, map[string]any{"ask": []any{}})
	default:
		answer(404, nil)
	}
}

func (s *bankServer) user(external string) map[string]any {
	if s.users[external] == nil {
		s.users[external] = map[string]any{"id": bankUUID(), "externalId": external}
	}
	return s.users[external]
}

// request adds a requested transaction of a customer, with whatever else it says.
func (s *bankServer) request(id, kind, sub string, cents int, more map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := map[string]any{"id": id, "type": kind, "state": "requested", "amountCents": cents, "requestedAt": "2026-11-25T08:00:00Z", "user": map[string]any{"type": "User", "externalId": sub}}
	for k, v := range more {
		t[k] = v
	}
	s.txs = append(s.txs, t)
}

// has counts what the server holds.
func (s *bankServer) count(of func() int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return of()
}

func bankNoComplaints(t *testing.T, b *Bank) {
	t.Helper()
	if c := b.Complaints(); len(c) > 0 {
		t.Errorf("the bank complains: %s", strings.Join(c, "\n"))
	}
}

// bankComplains has the bank complain of exactly this, and nothing else.
func bankComplains(t *testing.T, b *Bank, of string) {
	t.Helper()
	c := b.Complaints()
	if len(c) == 0 || slices.ContainsFunc(c, func(c string) bool { return !strings.Contains(c, of) }) {
		t.Errorf("the bank complains of %q, not of %q", c, of)
	}
}

func jsonDecode(res *http.Response, into any) error { return json.NewDecoder(res.Body).Decode(into) }
