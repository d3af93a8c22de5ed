package sim

import (
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// operatorWithSecret is an operator whose clock stands, and who has heard a signed transfer of 500.00 SEK.
func operatorWithSecret(t *testing.T) (o *Operator, at, user string, clock *time.Time) {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key := []byte("0123456789abcdef01234567")
	o, at = operatorServe(t, OperatorOptions{Username: "u", Password: "p", Secret: "whsec_" + base64.StdEncoding.EncodeToString(key), Now: func() time.Time { return now }})
	user, err := o.AddUser("Anna Åkesson", "SEK", "0.00")
	if err != nil {
		t.Fatal(err)
	}
	status, _ := operatorTell(t, at+"/api/transfer?v=1", operatorMoved(user, "500.00", ""), func(r *http.Request, body []byte) {
		stamp := fmt.Sprint(now.Unix())
		r.SetBasicAuth("u", "p")
		r.Header.Set("Idempotency-Key", "run/transfer")
		r.Header.Set("webhook-id", "msg_1")
		r.Header.Set("webhook-timestamp", stamp)
		r.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(operatorMAC(key, "msg_1", stamp, body)))
	})
	if status != 200 || o.Balance(user) != "500.00" {
		t.Fatalf("%d, %s, %q", status, o.Balance(user), o.Complaints())
	}
	return o, at, user, &now
}

func TestResendingChangesNothingAndTheBooksSaySo(t *testing.T) {
	o, at, user, clock := operatorWithSecret(t)
	*clock = clock.Add(time.Hour) // the first signature is too old by now
	res, _ := browse(t, "POST", at+"/heard/1/resend", url.Values{})
	if res.StatusCode != 303 || res.Header.Get("Location") != "../2" {
		t.Fatalf("%d to %s; %q", res.StatusCode, res.Header.Get("Location"), o.Complaints())
	}
	heard := o.Heard()
	if len(heard) != 2 || heard[1].Status != 200 || heard[1].Did != "repeated" || heard[1].Resent() != 1 || heard[1].Path != "/api/transfer?v=1" || string(heard[1].Raw) != string(heard[0].Raw) ||
		string(heard[1].Answer) != string(heard[0].Answer) || heard[1].Key() != "run/transfer" || heard[1].Before != "500.00 SEK" || heard[1].After != "500.00 SEK" {
		t.Errorf("%+v", heard)
	}
	if heard[0].Did != "transferred" || heard[0].Before != "0.00 SEK" || heard[0].After != "500.00 SEK" {
		t.Errorf("%+v", heard[0])
	}
	if o.Balance(user) != "500.00" || len(o.Complaints()) != 0 || len(o.Transactions()) != 1 {
		t.Errorf("%s, %q", o.Balance(user), o.Complaints())
	}
	for path, wants := range map[string][]string{
		"/heard/2": {"It was a repeat: nothing changed.", "Answered 200.", "The balance was 500.00 SEK before and is 500.00 SEK after.", `"txAmount": "500.00"`, "Idempotency-Key: run/transfer"},
		"/":        {"a repeat: nothing changed", "(no. 1 again)", "transferred"},
	} {
		_, body := browse(t, "GET", at+path, nil)
		for _, want := range wants {
			if !strings.Contains(html.UnescapeString(body), want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
	o.Faults.Set("transfer", Lose, 1)
	if res, _ := browse(t, "POST", at+"/heard/1/resend", url.Values{}); res.Header.Get("Location") != "../3" {
		t.Errorf("an answer that is lost: %d", res.StatusCode)
	}
	o.Faults.Set("transfer", Drop, 1)
	browse(t, "POST", at+"/heard/1/resend", url.Values{})
	if res, body := browse(t, "POST", at+"/heard/4/resend", url.Values{}); res.StatusCode != http.StatusConflict || !strings.Contains(body, "nothing to send again") {
		t.Errorf("what was dropped unread: %d", res.StatusCode)
	}
	for path, status := range map[string]int{"/heard/99": 404, "/heard/x": 404, "/heard/": 404, "/heard/1/resend": 405} {
		if res, _ := browse(t, "GET", at+path, nil); res.StatusCode != status {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}

// shellArguments are what a command gives to curl, and what it writes to it, as a shell understands it.
func shellArguments(t *testing.T, command string) (arguments []string, stdin string) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell to read the command")
	}
	out, err := exec.Command(sh, "-c", `curl() { printf '%s\0' "$@"; printf '\0'; case "$*" in *@-*) cat;; esac; }`+"\n"+command).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, command)
	}
	given, stdin, _ := strings.Cut(string(out), "\x00\x00")
	return strings.Split(given, "\x00"), stdin
}

func TestTheCommandSaysWhatWasSaid(t *testing.T) {
	o, at, user, clock := operatorWithSecret(t)
	*clock = clock.Add(time.Hour)
	_, page := browse(t, "GET", at+"/heard/1", nil)
	command := regexp.MustCompile(`(?s)<pre id="curl"[^>]*>(.*?)</pre>`).FindStringSubmatch(page)
	if command == nil {
		t.Fatal(page)
	}
	given, _ := shellArguments(t, html.UnescapeString(command[1]))
	var req *http.Request
	for i := 0; i < len(given); i++ {
		switch given[i] {
		case "-i":
		case "-X":
			req, _ = http.NewRequest(given[i+1], given[i+2], nil)
			i += 2
		case "-H":
			name, value, ok := strings.Cut(given[i+1], ": ")
			if !ok {
				t.Errorf("no header: %q", given[i+1])
			}
			req.Header.Add(name, value)
			i++
		case "--data-raw":
			req.Body, req.ContentLength = io.NopCloser(strings.NewReader(given[i+1])), int64(len(given[i+1]))
			i++
		default:
			t.Errorf("curl is given %q", given[i])
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	heard := o.Heard()
	if last := heard[len(heard)-1]; res.StatusCode != 200 || last.Did != "repeated" || last.Key() != "run/transfer" || last.Path != "/api/transfer?v=1" || o.Balance(user) != "500.00" {
		t.Errorf("%d, %+v, %q", res.StatusCode, last, o.Complaints())
	}
}

func TestTheCommandIsSafeInAShell(t *testing.T) {
	for _, body := range []string{`{"name":"O'Brien"}`, "{\n\"a\": 1}\n", "$(touch x) `id` \\ \"!\" %s", "@/etc/passwd", "-o x", "''", "å\u2028ö"} {
		given, _ := shellArguments(t, operatorCurl("http://x/a'b?c=$d&e", http.Header{"X-One": {"it's $HOME"}, "X-None": {""}}, []byte(body)))
		want := []string{"-i", "-X", "POST", "http://x/a'b?c=$d&e", "-H", "X-None;", "-H", "X-One: it's $HOME", "--data-raw", body}
		if strings.Join(given, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q becomes %q", body, given)
		}
	}
	body := "\xff\x00'\n"
	if given, stdin := shellArguments(t, operatorCurl("http://x/", nil, []byte(body))); stdin != body || given[len(given)-1] != "@-" {
		t.Errorf("%q %q", given, stdin)
	}
}

func TestTheBooksAreFiltered(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{})
	user, _ := o.AddUser("Anna", "SEK", "100.00")
	for _, id := range []string{"4711", "4712"} {
		operatorTell(t, at+"/authorize", operatorPay(user, "-5.00", map[string]any{"txId": id}))
	}
	operatorTell(t, at+"/cancel", operatorPay(user, "-5.00", map[string]any{"txId": "4711", "authCode": ""}))
	listed := regexp.MustCompile(`<td data-of="At" class="nowrap"><a href="./heard/(\d+)"`)
	for query, want := range map[string]string{"": "3 2 1", "?action=authorize": "2 1", "?txId=4711": "3 1", "?txId=4711&action=cancel": "3", "?txId=4713": ""} {
		_, body := browse(t, "GET", at+"/"+query, nil)
		var got []string
		for _, m := range listed.FindAllStringSubmatch(body, -1) {
			got = append(got, m[1])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v", query, got)
		}
		if (want == "") != strings.Contains(body, "Nothing heard that fits.") {
			t.Errorf("%q: the empty list is not what it says", query)
		}
	}
	_, body := browse(t, "GET", at+"/", nil)
	if !strings.Contains(body, `<td data-of="Balance">100.00 SEK</td><td data-of="Reserved">5.00 SEK</td>`) { // what is reserved is still in the balance
		t.Error(body)
	}
}

func TestTheShopSpeaksTheLanguageItIsReadIn(t *testing.T) {
	o, at := operatorServe(t, OperatorOptions{})
	o.Connect(ShopClient{AuthorizeURL: "https://parley.example/oauth/authorize", RedirectURI: at + "/shop/callback"})
	start := url.Values{"provider": {"trustly"}, "what": {"deposit"}}
	for accept, want := range map[string][2]string{"sv-SE,sv;q=0.9": {"Bli kund och sätt in 500 kr", "sv_SE"}, "en-US": {"Sign up and deposit 500 kr", "en_GB"}, "": {"Sign up and deposit 500 kr", "en_GB"}} {
		if _, body := browse(t, "GET", at+"/shop", nil, "Accept-Language", accept); !strings.Contains(body, want[0]) {
			t.Errorf("%q: %s", accept, body)
		}
		res, _ := browse(t, "POST", at+"/shop/start", start, "Accept-Language", accept)
		if to, err := res.Location(); err != nil || to.Query().Get("locale") != want[1] || to.Query().Get("country") != "SE" {
			t.Errorf("%q: %v %v", accept, to, err)
		}
	}
	res, _ := browse(t, "GET", at+"/shop?lang=sv", nil, "Accept-Language", "en")
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly {
		t.Fatalf("%v", cookies)
	}
	if _, body := browse(t, "GET", at+"/shop", nil, "Accept-Language", "en", "Cookie", cookies[0].Name+"="+cookies[0].Value); !strings.Contains(body, `<html lang="sv">`) {
		t.Error("the choice is forgotten")
	}
	if _, body := browse(t, "POST", at+"/shop/start", url.Values{"provider": {"nobody"}}); !strings.Contains(body, `href="../shop?lang=sv"`) {
		t.Error("what a form was answered with is asked for again:", body)
	}
	if _, body := browse(t, "GET", at+"/?txId=7", nil); !strings.Contains(body, `href="?lang=sv&amp;txId=7"`) {
		t.Error("the other language forgets the filter")
	}
	o, at = operatorServe(t, OperatorOptions{Locale: "fi_FI"})
	o.Connect(ShopClient{AuthorizeURL: "https://parley.example/oauth/authorize"})
	res, _ = browse(t, "POST", at+"/shop/start", start)
	if to, err := res.Location(); err != nil || to.Query().Get("locale") != "fi_FI" {
		t.Error(to, err)
	}
}

func TestTheShopKnowsItsCurrency(t *testing.T) {
	for _, c := range []struct{ amount, currency, sign, wire string }{
		{"50000", "JPY", "50,000 JPY", "50000"}, {"12.345", "KWD", "12.345 KWD", "12.345"},
		{"", "JPY", "500 JPY", "500"}, {"", "KWD", "500 KWD", "500.000"}, {"", "SEK", "500 kr", "500.00"},
	} {
		o, at := operatorServe(t, OperatorOptions{Amount: c.amount, Currency: c.currency})
		o.Connect(ShopClient{AuthorizeURL: "https://parley.example/oauth/authorize"})
		if _, body := browse(t, "GET", at+"/shop", nil); !strings.Contains(body, "Sign up and deposit "+c.sign+"<") {
			t.Errorf("%+v: %s", c, body)
		}
		res, _ := browse(t, "POST", at+"/shop/start", url.Values{"provider": {"trustly"}})
		if to, err := res.Location(); err != nil || to.Query().Get("amount") != c.wire || to.Query().Get("currency") != c.currency {
			t.Errorf("%+v: %v %v", c, to, err)
		}
	}
}

func TestTheShopSaysInPlainWordsWhyNot(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		io.WriteString(w, `{"error":"invalid_grant","error_description":"spent"}`)
	}))
	defer server.Close()
	o, at := operatorServe(t, OperatorOptions{})
	o.Connect(ShopClient{AuthorizeURL: "https://parley.example/oauth/authorize", TokenURL: server.URL})
	for query, wants := range map[string][]string{
		"error=access_denied&tx_state=CANCELLED":                                  {"<h1>You cancelled</h1>", "nothing was paid", "What the shop was told: access_denied<"},
		"error=access_denied&tx_state=FAILED":                                     {"The payment did not go through"},
		"error=access_denied&tx_state=INCONSISTENT":                               {"We are not sure yet"},
		"error=access_denied&errCode=547&errMsg=Stay+away%3Cb%3E&tx_state=FAILED": {"We could not let you in: Stay away&lt;b&gt;.", "access_denied, 547"},
		"error=temporarily_unavailable":                                           {"Please try again in a while"},
		"error=invalid_request&error_description=what":                            {"the server could not do it", "<dd>what</dd>"},
		"code=c": {"did not accept the code", "invalid_grant", "<dd>spent</dd>"},
		"":       {"Something did not add up"},
	} {
		res, _ := browse(t, "POST", at+"/shop/start", url.Values{"provider": {"trustly"}})
		to, err := res.Location()
		if err != nil {
			t.Fatal(err)
		}
		_, body := browse(t, "GET", at+"/shop/callback?"+query+"&state="+to.Query().Get("state"), nil, "Cookie", res.Header.Get("Set-Cookie"))
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not say %q: %s", query, want, body[strings.Index(body, "<main"):])
			}
		}
		if strings.Contains(body, "<details class=\"facts\" open") {
			t.Error("the technical facts are not closed")
		}
	}
}
