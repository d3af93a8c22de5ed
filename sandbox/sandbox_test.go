package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"

	"parley/sandbox"
	"parley/sim"
)

func start(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := sandbox.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSomebodySignsUpAndDeposits(t *testing.T) {
	s := start(t, sandbox.Options{})
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), s.TrustlyURL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.PostForm(s.OperatorURL+"/shop/start", url.Values{"provider": {"trustly"}, "what": {"deposit"}})
	if err != nil {
		t.Fatal(err)
	}
	page := res.Header.Get("Location")
	b, _ := io.ReadAll(res.Body)
	order, ok := s.Trustly.Order(page)
	if !ok {
		t.Fatalf("%d %s %s", res.StatusCode, page, b)
	}
	if err := s.Trustly.Act(order.OrderID, sim.TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", order.Attributes["SuccessURL"].(string), nil)
	req.Header.Set("Accept", "application/json")
	res, err = client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, _ = io.ReadAll(res.Body)
	t.Log(res.Request.URL.Path, string(b))
	for _, v := range s.Operator.Visits() {
		j, _ := json.Marshal(v)
		t.Log(string(j))
	}
	for _, x := range s.Operator.Transactions() {
		t.Logf("%+v", x)
	}
	t.Log(s.Operator.Complaints())
}
