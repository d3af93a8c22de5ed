package house_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/house"
)

// told is a bank's backend that remembers what it was told, by path.
type told struct {
	mu   sync.Mutex
	said map[string][]string
}

func (b *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("webhook-signature") == "" || r.Header.Get("webhook-id") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said[r.URL.Path] = append(b.said[r.URL.Path], string(body))
}

func (b *told) heard(path string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.said[path], "\n")
}

// TestABankOpensAnAccountAndHearsOfIt goes from the client's secret to the webhook, over HTTP and a restart.
func TestABankOpensAnAccountAndHearsOfIt(t *testing.T) {
	bank := &told{said: map[string][]string{}}
	theirs := httptest.NewServer(bank)
	defer theirs.Close()
	server := httptest.NewUnstartedServer(nil)
	config := house.Config{Issuer: "http://" + server.Listener.Addr().String(), Data: t.TempDir(), Secret: house.Secret{Value: strings.Repeat("s", 32)}, AllowPrivate: true,
		Partners: []house.Partner{{ID: "bank", Currency: "SEK", Country: "SE", Zone: "Europe/Stockholm", Clients: []house.PartnerClient{{ID: "core", Secret: house.Secret{Value: "core-secret-0123456789"}}},
			WebhookSecrets: []house.Secret{{Value: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}}, Transactions: theirs.URL + "/transactions",
			Webhooks: []house.Webhook{{URL: theirs.URL + "/events", BatchCount: 2}}}}}
	var h *house.House
	open := func() {
		t.Helper()
		var err error
		if h, err = house.New(t.Context(), config, house.Parts{}); err != nil {
			t.Fatal(err)
		}
		h.Start()
	}
	open()
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.Handler.ServeHTTP(w, r) })
	server.Start()
	defer server.Close()
	token := ""
	ask := func(method, path, kind, body string, status int) map[string]any {
		t.Helper()
		req, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		if token == "" {
			req.SetBasicAuth("core", "core-secret-0123456789")
		} else {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != status {
			t.Fatalf("%s %s is answered %d (%v): %v", method, path, res.StatusCode, err, out)
		}
		return out
	}
	token, _ = ask("POST", "/oauth/token", "application/x-www-form-urlencoded", url.Values{"grant_type": {"client_credentials"}}.Encode(), 200)["access_token"].(string)
	const doc = "application/json"
	user := ask("POST", "/v1/users", doc, `{"user":{"externalId":"anna"}}`, 201)["user"].(map[string]any)["id"].(string)
	ask("POST", "/v1/accounts", doc, `{"account":{"type":"SharedSavings","userId":"`+user+`","externalId":"dreams"}}`, 201)
	dream := ask("POST", "/v1/dreams", doc, `{"dream":{"userId":"`+user+`","name":"A boat","targetCents":100000}}`, 201)["dream"].(map[string]any)["id"].(string)
	if err := h.Stop(t.Context()); err != nil { // whatever was not said yet is said by the next
		t.Fatal(err)
	}
	open()
	defer func() { h.Stop(t.Context()) }()
	ask("POST", "/v1/savehack-launches", doc, `{"savehackLaunch":{"dreamId":"`+dream+`","type":"OneTimeLaunch","amountCents":500}}`, 201)
	eventually(t, "the events", func() bool {
		all := bank.heard("/events")
		return strings.Contains(all, "UserCreated") && strings.Contains(all, "DreamCreated") && strings.Contains(all, "DepositRequested") && strings.Contains(all, dream)
	})
	eventually(t, "the notice", func() bool {
		return strings.Contains(bank.heard("/transactions"), `{"type":"transactions.requested","count":1,`)
	})
	list := ask("GET", "/v1/webhooks", doc, "", 200)["webhooks"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["lastHeard"] == nil {
		t.Error(list)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}
