package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// trustlyMerchant is a merchant that deposits, and answers notifications as its reply func says.
type trustlyMerchant struct {
	*Trustly
	key    *rsa.PrivateKey
	server *httptest.Server // /n hears notifications; /ok and /fail are where the person comes back
	rpc    *httptest.Server

	mu     sync.Mutex
	asked  []string // the notifications heard, as method:notificationid
	reply  func(method string, data map[string]any) map[string]any
	count  int
	broken int // how many replies are still to be broken
}

var trustlyTestKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return keys
})

func newTrustlyMerchant(t *testing.T, opts TrustlyOptions) *trustlyMerchant {
	t.Helper()
	keys := trustlyTestKeys()
	opts.Username, opts.Password, opts.Key, opts.MerchantKey = "u", "p", keys[0], &keys[1].PublicKey
	if opts.RetryAfter == nil {
		opts.RetryAfter = []time.Duration{10 * time.Millisecond}
	}
	m := &trustlyMerchant{Trustly: NewTrustly(opts), key: keys[1]}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /n", m.hear)
	mux.HandleFunc("GET /ok", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "came back: ok") })
	mux.HandleFunc("GET /fail", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "came back: fail") })
	m.server, m.rpc = httptest.NewServer(mux), httptest.NewServer(m.Handler())
	m.SetURL(m.rpc.URL)
	t.Cleanup(func() { m.Close(); m.rpc.Close(); m.server.Close() })
	return m
}

func (m *trustlyMerchant) sign(method, uuid string, data any) string {
	text, _ := trustlySerialize(data)
	sum := sha1.Sum([]byte(method + uuid + text))
	s, _ := rsa.SignPKCS1v15(rand.Reader, m.key, trustlyHash, sum[:])
	return base64.StdEncoding.EncodeToString(s)
}

func (m *trustlyMerchant) hear(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	tree, err := trustlyTree(body)
	if err != nil {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	params := tree.(map[string]any)["params"].(map[string]any)
	method, uuid, data := tree.(map[string]any)["method"].(string), params["uuid"].(string), params["data"].(map[string]any)
	signature, _ := params["signature"].(string)
	if trustlyVerify(&m.Trustly.key.PublicKey, method, uuid, data, signature) != nil {
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	m.mu.Lock()
	m.asked = append(m.asked, method+":"+data["notificationid"].(string))
	broken := m.broken > 0
	m.broken--
	reply := m.reply
	m.mu.Unlock()
	answer := map[string]any{"status": "OK"}
	if method == "kyc" {
		answer["status"] = "CONTINUE"
	}
	if reply != nil {
		if a := reply(method, data); a != nil {
			answer = a
		}
	}
	if broken {
		uuid = "another"
	}
	trustlyWrite(w, map[string]any{"version": "1.1", "result": map[string]any{
		"signature": m.sign(method, uuid, answer), "uuid": uuid, "method": method, "data": answer}})
}

func (m *trustlyMerchant) methods() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for _, a := range m.asked {
		all = append(all, strings.Split(a, ":")[0])
	}
	return all
}

// call makes an RPC call and returns its result data, or the code of the error.
func (m *trustlyMerchant) call(t *testing.T, method string, data map[string]any) (any, string) {
	t.Helper()
	data["Username"], data["Password"] = "u", "p"
	uuid := trustlyUUID()
	res, err := http.Post(m.rpc.URL+"/api/1", "application/json", strings.NewReader(string(trustlyJSON(map[string]any{
		"method": method, "version": "1.1", "params": map[string]any{"Signature": m.sign(method, uuid, data), "UUID": uuid, "Data": data}}))))
	if err != nil {
		return nil, "lost"
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	tree, err := trustlyTree(body)
	if err != nil {
		return nil, "garbage"
	}
	signed, isResult := tree.(map[string]any)["result"].(map[string]any)
	if !isResult {
		signed = tree.(map[string]any)["error"].(map[string]any)["error"].(map[string]any)
	}
	if signed["uuid"] != uuid {
		return nil, "wrong uuid"
	}
	if trustlyVerify(&m.Trustly.key.PublicKey, method, uuid, signed["data"], signed["signature"].(string)) != nil {
		return nil, "wrong signature"
	}
	if !isResult {
		return nil, fmt.Sprint(signed["data"].(map[string]any)["code"])
	}
	return signed["data"], ""
}

func (m *trustlyMerchant) depositData(change map[string]any) map[string]any {
	m.mu.Lock()
	m.count++
	n := m.count
	m.mu.Unlock()
	attributes := map[string]any{"RequestKYC": "1", "Country": "SE", "Locale": "en_GB", "Currency": "SEK", "Amount": "250.00",
		"ShopperStatement": "Kärnan", "SuccessURL": m.server.URL + "/ok", "FailURL": m.server.URL + "/fail"}
	data := map[string]any{"NotificationURL": m.server.URL + "/n", "EndUserID": "user-1", "MessageID": fmt.Sprint("m-", n), "Attributes": attributes}
	for k, v := range change {
		into := attributes
		if _, top := data[k]; top {
			into = data
		}
		if into[k] = v; v == nil {
			delete(into, k)
		}
	}
	return data
}

func (m *trustlyMerchant) deposit(t *testing.T, change map[string]any) (id, page string) {
	t.Helper()
	data, problem := m.call(t, "Deposit", m.depositData(change))
	if problem != "" {
		t.Fatalf("Deposit: %s", problem)
	}
	d := data.(map[string]any)
	return d["orderid"].(string), d["url"].(string)
}

func (m *trustlyMerchant) order(t *testing.T, id string) TrustlyOrder {
	t.Helper()
	for _, o := range m.Orders() {
		if o.OrderID == id {
			return o
		}
	}
	t.Fatalf("no order %s", id)
	return TrustlyOrder{}
}

func trustlyGet(t *testing.T, u string) (page, at string) {
	t.Helper()
	res, err := http.Get(u)
	return trustlyRead(t, res, err)
}

func trustlyPost(t *testing.T, u string, form ...string) (page, at string) {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	res, err := http.PostForm(u, values)
	return trustlyRead(t, res, err)
}

func trustlyRead(t *testing.T, res *http.Response, err error) (page, at string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if n := strings.Count(string(body), "<h1>"); strings.Contains(string(body), "<html") && n != 1 {
		t.Errorf("%s has %d h1", res.Request.URL, n)
	}
	return string(body), res.Request.URL.String()
}

// eventually waits for something that happens in the background.
func trustlyEventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 500 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}
