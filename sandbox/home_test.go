package sandbox_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/sandbox"
	"parley/sim"

	"go.uber.org/goleak"
)

// visitor is whoever speaks to the home.
type visitor struct {
	t *testing.T
	s *sandbox.Sandbox
	http.Client
}

func visit(t *testing.T, s *sandbox.Sandbox) *visitor {
	v := &visitor{t: t, s: s}
	v.Transport = &http.Transport{}
	t.Cleanup(v.CloseIdleConnections)
	return v
}

// ask sends a request, with headers as "Name: value", and returns the status and what was said.
func (v *visitor) ask(method, path, body string, headers ...string) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.s.HomeURL+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	res, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(said)
}

// home is what the page is told.
type home struct {
	Parley, Shop, Auto, Running string
	Parties                     []struct {
		ID, Label, URL string
		Pages          []struct{ Label, URL string }
		Facts          []struct{ Label, Value string }
		Actions        []string
		Faults         map[string][]string
		Rules          map[string]struct {
			Fault string
			Times int
		}
		Choices []struct {
			Name, Field, Now string
			All              []string
		}
	}
	Stories []struct {
		Name, Title, About string
		Verdict            *verdict
	}
}

type verdict struct {
	OK       bool
	Problems []string
	Run      string
	Bent     bool
}

func (v *visitor) home() (h home) {
	v.t.Helper()
	res, said := v.ask("GET", "/api/sandbox", "")
	if err := json.Unmarshal([]byte(said), &h); err != nil || res.StatusCode != http.StatusOK {
		v.t.Fatalf("%d %v\n%s", res.StatusCode, err, said)
	}
	return h
}

// event is what somebody who listens hears.
type event struct {
	name string
	data string
}

// listen hears events until the stream ends; it has begun when listen returns.
func (v *visitor) listen(ctx context.Context) <-chan event {
	v.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.s.HomeURL+"/api/events", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		v.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	out := make(chan event, 1000)
	go func() {
		defer close(out)
		defer res.Body.Close()
		var e event
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "event: "):
				e.name = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				e.data = line[len("data: "):]
			case line == "" && e.name != "":
				out <- e
				e = event{}
			}
		}
	}()
	return out
}

// hear waits for an event of a name, of which is is true.
func hear[T any](t *testing.T, events <-chan event, name string, is func(T) bool) T {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the events ended before %s was heard", name)
			}
			var said T
			if e.name != name {
				continue
			}
			if err := json.Unmarshal([]byte(e.data), &said); err != nil {
				t.Fatalf("%v in %s", err, e.data)
			}
			if is(said) {
				return said
			}
		case <-late:
			t.Fatalf("no %s was heard", name)
		}
	}
}

func TestTheHomeIsServedUnderAStrictPolicy(t *testing.T) {
	v := visit(t, start(t, sandbox.Options{}))
	res, page := v.ask("GET", "/", "")
	want := map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	}
	for name, value := range want {
		if got := res.Header.Get(name); res.StatusCode != http.StatusOK || got != value {
			t.Errorf("%d, %s: %q", res.StatusCode, name, got)
		}
	}
	files := regexp.MustCompile(`(?:src|href)="(\./[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(files) < 2 {
		t.Errorf("the page has no script and style of its own:\n%s", page)
	}
	for _, f := range append(files, []string{"", "./"}) {
		path := strings.TrimPrefix(f[1], ".")
		res, _ := v.ask("GET", path, "")
		etag := res.Header.Get("ETag")
		if res.StatusCode != http.StatusOK || etag == "" || res.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
		if again, body := v.ask("GET", path, "", "If-None-Match: "+etag); again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s again: %d", path, again.StatusCode)
		}
	}
	if res, _ := v.ask("GET", "/nowhere", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestTheHomeAnswersOnlyItsOwnAddressAndItsOwnPage(t *testing.T) {
	s := start(t, sandbox.Options{})
	v := visit(t, s)
	own := strings.TrimPrefix(s.HomeURL, "http://")
	_, port, _ := strings.Cut(own, ":")
	const press = `{"action":"signin","fault":"refuse","times":1}`
	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"GET", "/", nil, http.StatusOK},
		{"GET", "/", []string{"Host: localhost:" + port}, http.StatusOK},
		{"GET", "/", []string{"Host: evil.example:" + port}, http.StatusForbidden},
		{"GET", "/", []string{"Host: 127.0.0.1"}, http.StatusForbidden},
		{"GET", "/api/sandbox", []string{"Host: evil.example:" + port}, http.StatusForbidden},
		{"GET", "/api/events", []string{"Host: evil.example:" + port}, http.StatusForbidden},
		{"GET", "/live/runs", []string{"Host: evil.example:" + port}, http.StatusForbidden},
		{"POST", "/api/parties/operator/fault", []string{"Host: evil.example:" + port, "Origin: http://evil.example:" + port}, http.StatusForbidden},
		{"POST", "/api/parties/operator/fault", []string{"Origin: http://evil.example"}, http.StatusForbidden},
		{"POST", "/api/parties/operator/fault", []string{"Origin: null"}, http.StatusForbidden},
		{"POST", "/api/parties/operator/fault", []string{"Origin: " + s.OperatorURL, "Sec-Fetch-Site: same-site"}, http.StatusForbidden},
		{"POST", "/api/stories/deposit", []string{"Sec-Fetch-Site: cross-site"}, http.StatusForbidden},
		{"POST", "/api/parties/operator/fault", []string{"Origin: " + s.HomeURL, "Sec-Fetch-Site: same-origin"}, http.StatusOK},
		{"POST", "/api/parties/operator/fault", nil, http.StatusOK}, // a program
	} {
		s.Operator.Faults.Set("signin", sim.Behave, 0)
		res, said := v.ask(c.method, c.path, press, c.headers...)
		if res.StatusCode != c.status {
			t.Errorf("%s %s %v: %d\n%s", c.method, c.path, c.headers, res.StatusCode, said)
		}
		if set := len(s.Operator.Faults.Rules()) > 0; set != (c.method == "POST" && c.status == http.StatusOK) {
			t.Errorf("%s %s %v: the button was pressed: %v", c.method, c.path, c.headers, set)
		}
		if res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s %s: others may read it", c.method, c.path)
		}
	}
	if h := v.home(); h.Running != "" {
		t.Errorf("%s is being told", h.Running)
	}
}

func TestTheHomeShowsThePartiesAndChangesHowTheyBehave(t *testing.T) {
	s := start(t, sandbox.Options{})
	v := visit(t, s)
	events := v.listen(t.Context())
	before := v.home()
	var ids []string
	for _, p := range before.Parties {
		ids = append(ids, p.ID)
		if len(p.Rules) > 0 || p.URL == "" || p.Label == "" || len(p.Pages) == 0 {
			t.Errorf("%+v", p)
		}
		for _, action := range p.Actions {
			if len(p.Faults[action]) == 0 || slices.Contains(p.Faults[action], "") {
				t.Errorf("%s of %s can misbehave as %q", action, p.ID, p.Faults[action])
			}
		}
		for _, link := range p.Pages {
			if res, err := v.Get(link.URL); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("%s of %s: %v %v", link.Label, p.ID, res, err)
			} else {
				res.Body.Close()
			}
		}
	}
	if want := []string{"browser", "parley", "openid", "bankid", "trustly", "operator", "register", "bank"}; !slices.Equal(ids, want) {
		t.Errorf("the columns are %v, not %v", ids, want)
	}
	party := func(h home, id string) int {
		return slices.IndexFunc(ids, func(s string) bool { return s == id })
	}
	for _, post := range [][2]string{
		{"/api/parties/operator/fault", `{"action":"authorize","fault":"lose","times":2}`},
		{"/api/parties/trustly/scenario", `{"order":"pay-fails"}`},
		{"/api/parties/openid/twist", `{"twist":"wrong-nonce"}`},
	} {
		if res, said := v.ask("POST", post[0], post[1]); res.StatusCode != http.StatusOK || !strings.Contains(said, `"parties"`) {
			t.Errorf("%s: %d %s", post[0], res.StatusCode, said)
		}
	}
	if s.Operator.Faults.Rules()["authorize"] != (sim.Rule{Fault: sim.Lose, Times: 2}) || s.Trustly.Scenario().Order != "pay-fails" || s.OpenID.Twist() != "wrong-nonce" {
		t.Error("the parties were not told")
	}
	// Whoever listens is told, whether it was changed here, at the party's own page, or by being used.
	hear(t, events, "sandbox", func(h home) bool {
		r := h.Parties[party(h, "operator")].Rules["authorize"]
		return r.Fault == "lose" && r.Times == 2 && h.Parties[party(h, "trustly")].Choices[0].Now == "pay-fails" && h.Parties[party(h, "openid")].Choices[0].Now == "wrong-nonce"
	})
	s.Operator.Faults.Take("authorize")
	hear(t, events, "sandbox", func(h home) bool { return h.Parties[party(h, "operator")].Rules["authorize"].Times == 1 })

	for _, id := range []string{"operator", "trustly", "openid"} {
		if res, said := v.ask("POST", "/api/parties/"+id+"/behave", ""); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", id, res.StatusCode, said)
		}
	}
	hear(t, events, "sandbox", func(h home) bool {
		return len(h.Parties[party(h, "operator")].Rules) == 0 && h.Parties[party(h, "trustly")].Choices[0].Now == sim.TrustlyOrders()[0] && h.Parties[party(h, "openid")].Choices[0].Now == ""
	})

	if _, err := s.Deposit(t.Context()); err != nil {
		t.Fatal(err)
	}
	hear(t, events, "sandbox", func(h home) bool {
		return slices.Contains(h.Parties[party(h, "operator")].Facts, struct{ Label, Value string }{"balance", "500.00 SEK"}) &&
			slices.Contains(h.Parties[party(h, "trustly")].Facts, struct{ Label, Value string }{"orders", "1"})
	})
}

// What the page is told comes in the sandbox's own words. Each language has its own for all of them; English tells stories as they come.
func TestThePageHasWordsForAllThatItIsTold(t *testing.T) {
	h := visit(t, start(t, sandbox.Options{})).home()
	needed := map[string]bool{}
	for _, p := range h.Parties {
		for _, link := range p.Pages {
			needed["page."+link.Label] = true
		}
		for _, fact := range p.Facts {
			needed["fact."+fact.Label] = true
		}
		for _, faults := range p.Faults {
			for _, fault := range faults {
				needed["fault."+fault], needed["does."+fault] = true, true
			}
		}
		for _, c := range p.Choices {
			needed["choose."+c.Name] = true
			for _, value := range c.All {
				needed[c.Name+"."+cmp.Or(value, "usual")] = true
			}
		}
	}
	files, err := filepath.Glob("../web/sandbox/src/words/*.json")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		words := map[string]string{}
		if err == nil {
			err = json.Unmarshal(raw, &words)
		}
		if err != nil {
			t.Fatal(err)
		}
		for word := range needed {
			if words[word] == "" {
				t.Errorf("%s has no word for %s", file, word)
			}
		}
		for _, story := range h.Stories {
			if name := "story." + story.Name; filepath.Base(file) != "en.json" && (words[name+".title"] == "" || words[name+".about"] == "") {
				t.Errorf("%s does not tell the story %s", file, story.Name)
			}
		}
	}
}

func TestWhatTheHomeDoesNotUnderstandChangesNothing(t *testing.T) {
	v := visit(t, start(t, sandbox.Options{}))
	before := v.home()
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/api/parties/operator/fault", `{"action":"dance","fault":"refuse","times":1}`, 400},
		{"/api/parties/operator/fault", `{"action":"signin","fault":"explode","times":1}`, 400},
		{"/api/parties/operator/fault", `{"action":"signin","fault":"wrong-uuid","times":1}`, 400}, // Trustly's
		{"/api/parties/operator/fault", `{"action":"signin","fault":"refuse","times":0}`, 400},
		{"/api/parties/operator/fault", `{"action":"signin","fault":"refuse","times":101}`, 400},
		{"/api/parties/operator/fault", `{"action":"signin","fault":"refuse","times":1,"more":1}`, 400},
		{"/api/parties/operator/fault", `{"action":"signin","fault":"refuse","times":1} {}`, 400},
		{"/api/parties/operator/fault", `not JSON`, 400},
		{"/api/parties/operator/fault", ``, 400},
		{"/api/parties/trustly/scenario", `{"order":"never"}`, 400},
		{"/api/parties/trustly/scenario", `{"twist":"pay-fails"}`, 400},
		{"/api/parties/trustly/scenario", `{}`, 400},
		{"/api/parties/openid/twist", `{"twist":"elbow"}`, 400},
		{"/api/parties/operator/scenario", `{"order":"pay-fails"}`, 404},
		{"/api/parties/nobody/fault", `{"action":"signin","fault":"refuse","times":1}`, 404},
		{"/api/parties/browser/fault", `{"action":"signin","fault":"refuse","times":1}`, 404},
		{"/api/parties/parley/behave", ``, 404},
		{"/api/stories/nothing", `{}`, 404},
		{"/api/stories/deposit", `{"pace":-1}`, 400},
		{"/api/stories/deposit", `{"pace":2001}`, 400},
		{"/api/stories/deposit", `{"pace":"slow"}`, 400},
	} {
		res, said := v.ask("POST", c.path, c.body)
		if res.StatusCode != c.status || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s", c.path, c.body, res.StatusCode, said)
		}
	}
	if res, _ := v.ask("GET", "/api/parties/operator/fault", ""); res.StatusCode == http.StatusOK {
		t.Error("a behaviour is set by looking")
	}
	after, _ := json.Marshal(v.home())
	if b, _ := json.Marshal(before); string(b) != string(after) {
		t.Errorf("something changed:\n%s\n%s", b, after)
	}
}

// news is what is told of a story.
type news struct {
	Name, State string
	verdict
}

func TestTheHomeTellsOneStoryAtATime(t *testing.T) {
	s := start(t, sandbox.Options{})
	v := visit(t, s)
	events := v.listen(t.Context())
	begin := func(name, body string, status int) {
		t.Helper()
		if res, said := v.ask("POST", "/api/stories/"+name, body); res.StatusCode != status {
			t.Errorf("%s: %d %s", name, res.StatusCode, said)
		}
	}
	is := func(name, state string) func(news) bool {
		return func(n news) bool { return n.Name == name && n.State == state }
	}
	begin("refused-at-signin", `{"pace":300}`, http.StatusAccepted)
	hear(t, events, "story", is("refused-at-signin", "began"))
	begin("deposit", "", http.StatusConflict)
	if h := v.home(); h.Running != "refused-at-signin" {
		t.Errorf("%q is being told", h.Running)
	}
	n := hear(t, events, "story", is("refused-at-signin", "ended"))
	if !n.OK || n.Run == "" || n.Bent || len(n.Problems) > 0 {
		t.Errorf("%+v", n)
	}

	// Somebody has told the operator to misbehave, so the story ends otherwise, and that is said with what was seen.
	s.Operator.Faults.Set("signin", sim.Refuse, -1)
	begin("deposit", "", http.StatusAccepted)
	n = hear(t, events, "story", is("deposit", "ended"))
	if n.OK || !n.Bent || len(n.Problems) == 0 {
		t.Errorf("%+v", n)
	}
	h := v.home()
	for _, story := range h.Stories {
		switch told := story.Verdict != nil; {
		case told != (story.Name == "deposit" || story.Name == "refused-at-signin"):
			t.Errorf("%s was told: %v", story.Name, told)
		case story.Name == "deposit" && (story.Verdict.Run != n.Run || story.Verdict.OK):
			t.Errorf("%+v", story.Verdict)
		case story.About == "" || story.Title == "":
			t.Errorf("%s does not say what there is to see", story.Name)
		}
	}
}

func TestWhoWatchesIsLetGoWhenTheSandboxEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := visit(t, s)
	defer v.CloseIdleConnections()
	left, leave := context.WithCancel(t.Context())
	hear(t, v.listen(left), "sandbox", func(home) bool { return true })
	leave() // one leaves by themselves
	events := v.listen(t.Context())
	hear(t, events, "sandbox", func(home) bool { return true })
	if res, said := v.ask("POST", "/api/stories/deposit", `{"pace":2000}`); res.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", res.StatusCode, said)
	}
	hear(t, events, "story", func(n news) bool { return n.State == "began" })
	begun := time.Now()
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for range events { // it ends
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAHouseElsewhereHasNoHome(t *testing.T) {
	if s := start(t, sandbox.Options{Elsewhere: "http://127.0.0.1:1"}); s.HomeURL != "" || s.Links().Home != "" {
		t.Error(s.HomeURL)
	}
}

func TestWithSomebodysOwnPlatformNobodySaysHowItBehaves(t *testing.T) {
	v := visit(t, start(t, sandbox.Options{OperatorURL: "http://127.0.0.1:1/{action}"}))
	h := v.home()
	for _, p := range h.Parties {
		if p.ID == "operator" && (len(p.Actions) > 0 || p.URL != "http://127.0.0.1:1/{action}") {
			t.Errorf("%+v", p)
		}
	}
	for _, story := range h.Stories {
		if slices.Contains([]string{"limited", "refused-at-signin", "refused-at-authorize", "authorize-lost", "transfer-repeated"}, story.Name) {
			t.Errorf("%s needs the simulated operator", story.Name)
		}
	}
}

func TestAStoryIsJudgedByItsOwnRunWhileOthersDeposit(t *testing.T) {
	s := start(t, sandbox.Options{})
	ctx, stop := context.WithCancel(t.Context())
	others := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			if _, err := s.Deposit(ctx); err == nil {
				n++
			}
		}
		others <- n
	}()
	for _, story := range s.Stories() {
		switch story.Name { // whose faults nobody else can take
		case "sign-in", "deposit", "denied", "reversed", "payment-failed":
			story.Pace = 20 * time.Millisecond
			if r := s.Tell(t.Context(), story); !r.OK {
				t.Errorf("%s: %q", story.Name, r.Problems)
			}
		}
	}
	stop()
	if n := <-others; n == 0 {
		t.Error("nobody else deposited")
	}
}
