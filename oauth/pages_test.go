package oauth_test

import (
	"bufio"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
	"parley/sim"
)

// says fails unless the page says all of this.
func says(t *testing.T, p page, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(p.body, w) {
			t.Errorf("the page does not say %q: %s", w, p)
		}
	}
}

func TestPagesSpeakThePersonsLanguage(t *testing.T) {
	t.Parallel()
	w := shared
	for want, c := range map[string]struct {
		q       url.Values
		headers []string
	}{
		`<html lang="sv">`: {params("identity_provider", "-", "locale", "sv_SE"), []string{"Accept-Language", "en-US"}},
		`<html lang="en">`: {params("identity_provider", "-", "locale", "en_GB"), []string{"Accept-Language", "sv"}},
	} {
		p := w.browser(t).authorize(c.q, c.headers...)
		says(t, p, want)
		if p.header.Get("Vary") == "" {
			t.Error("a cache may show it to somebody else")
		}
	}
	b := w.browser(t)
	says(t, b.authorize(params("identity_provider", "-", "ui_locales", "sv-FI en")), "Hur vill du legitimera dig?")
	says(t, b.authorize(params("identity_provider", "-"), "Accept-Language", "sv;q=0.8, de"), "Hur vill du legitimera dig?")
	says(t, b.authorize(params("client_id", "nobody"), "Accept-Language", "sv"), "Länken fungerar inte")
	began := b.authorize(params("locale", "sv_SE"))
	follow := w.follow(t, began.query("state"))
	says(t, b.get(follow), "Väntar på dig", "OpenID", "Avbryt")
	says(t, w.browser(t).get(follow, "Accept-Language", "sv"), "Du började i en annan webbläsare")
	says(t, b.authorize(deposit("identity_provider", "-", "currency", "JPY", "amount", "1500000", "locale", "sv")), "1\u00a0500\u00a0000\u00a0JPY")
	says(t, b.authorize(deposit("identity_provider", "-", "currency", "KWD", "amount", "1.005", "locale", "en")), "KWD\u00a01.005")
}

const shopOrigin = "https://shop.example"

func framed(c *house.Config) {
	for i := range c.Merchants[0].Clients {
		if c.Merchants[0].Clients[i].ID == otherClient {
			c.Merchants[0].Clients[i].FrameOrigins = []string{shopOrigin, "http://127.0.0.1:3000"}
		}
	}
}

func TestOnlyTheOriginsOfTheClientShowPagesInAFrame(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}, framed)
	const inFrame = "frame-ancestors https://shop.example http://127.0.0.1:3000"
	b := w.browser(t)
	theirs, ours := params("client_id", otherClient), params()
	follow := func(q url.Values) string { return w.follow(t, b.authorize(q).query("state")) }
	for name, c := range map[string]struct {
		page  page
		frame bool
	}{
		"choose":                    {b.authorize(merge(url.Values{"client_id": {otherClient}}, params("identity_provider", "-", "client_id", "-"))), true},
		"choose, another client":    {b.authorize(params("identity_provider", "-")), false},
		"wait":                      {b.get(follow(theirs)), true},
		"wait, another client":      {b.get(follow(ours)), false},
		"another browser":           {w.browser(t).get(follow(theirs)), true},
		"an error of the request":   {b.authorize(params("client_id", otherClient, "redirect_uri", "https://evil.example/")), false},
		"no such conversation":      {b.get(w.URL + "/oauth/follow/x"), false},
		"nothing there":             {b.get(w.URL + "/"), false},
		"a provider of its own":     {b.authorize(theirs, "Sec-Fetch-Dest", "iframe"), true},
		"the same, another client ": {b.authorize(ours, "Sec-Fetch-Dest", "iframe"), false},
	} {
		csp, xfo := c.page.header.Get("Content-Security-Policy"), c.page.header.Get("X-Frame-Options")
		if c.frame != (strings.Contains(csp, inFrame) && xfo == "") || !c.frame && (!strings.Contains(csp, "frame-ancestors 'none'") || xfo != "DENY") {
			t.Errorf("%s: %q, %q: %s", name, csp, xfo, c.page)
		}
	}
	// A provider that opens in no frame is opened beside it, before anything has begun.
	told := len(w.OpenID.Heard("authorize"))
	p := b.authorize(theirs, "Sec-Fetch-Dest", "iframe")
	says(t, p, "Go on in a window of its own", `target="_top"`, "Open OpenID")
	posted := b.post(w.URL+"/oauth/authorize", merge(url.Values{"ssn": {"199001012385"}}, theirs), "Sec-Fetch-Dest", "iframe")
	says(t, posted, "Go on in a window of its own", `action="/oauth/authorize" target="_top"`, `name="identity_provider" value="openid"`)
	if strings.Contains(posted.body, "?client_id") || strings.Contains(posted.body, "ssn=") {
		t.Errorf("what was posted stands in an address: %s", posted)
	}
	if len(w.OpenID.Heard("authorize")) != told {
		t.Error("something was begun")
	}
	if p := b.authorize(merge(url.Values{"client_id": {otherClient}}, deposit("client_id", "-")), "Sec-Fetch-Dest", "iframe"); p.to == nil || !strings.HasPrefix(p.to.String(), w.TrustlyURL) {
		t.Errorf("Trustly opens in a frame, and was not: %s", p)
	}
	// A window that the client opened keeps its tie to the client's page; nobody else's does.
	for name, c := range map[string]struct {
		q    url.Values
		tied bool
	}{
		"popup": {params("client_id", otherClient, "display", "popup"), true}, "page": {params("client_id", otherClient), false}, "popup, another client": {params("display", "popup"), false},
	} {
		if p := b.get(follow(c.q)); c.tied != (p.header.Get("Cross-Origin-Opener-Policy") == "") {
			t.Errorf("%s: %q", name, p.header.Get("Cross-Origin-Opener-Policy"))
		}
	}
}

func TestFrameOriginsAreOrigins(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"https://shop.example/", "https://*.shop.example", "*", "http://shop.example", "https://a.example; script-src *", "https://a.example https://b.example", "shop.example", "https://user@shop.example", "data:", "https://"} {
		w := shared
		c := w.Config
		c.Merchants = slices.Clone(c.Merchants)
		c.Merchants[0].Clients = slices.Clone(c.Merchants[0].Clients)
		c.Merchants[0].Clients[0].FrameOrigins = []string{bad}
		if err := house.Check(c); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// A browser that shows us in a frame of another site has a cookie for that site alone.
func TestBrowserInAFrameHasACookieOfItsOwn(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}, framed)
	if err := w.House.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := w.Config
	c.Issuer = "https://parley.example"
	h := rebuilt(t, w, c)
	b := w.browser(t)
	q := params("client_id", otherClient, "identity_provider", "trustly", "amount", "500.00", "currency", "SEK", "country", "SE")
	p := serve(h, b.request("GET", "https://parley.example/oauth/authorize?"+q.Encode(), nil, "Accept", "text/html", "Sec-Fetch-Dest", "iframe"))
	cookies := (&http.Response{Header: p.header}).Cookies()
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return !strings.HasSuffix(c.Name, "-choice") })
	if i < 0 {
		t.Fatal(p)
	}
	own := cookies[i]
	if own.Name != "__Host-parley-framed" || !own.Secure || own.SameSite != http.SameSiteNoneMode || !own.Partitioned || !own.HttpOnly || own.Path != "/" {
		t.Errorf("%+v", own)
	}
	order, ok := w.Trustly.Order(p.to.String())
	if !ok {
		t.Fatal(p)
	}
	at := order.Attributes["SuccessURL"].(string)
	for name, want := range map[string]int{own.Name: http.StatusSeeOther, "__Host-parley": http.StatusBadRequest, "parley": http.StatusBadRequest} {
		if p := serve(h, b.request("GET", at, nil, "Cookie", name+"="+own.Value)); p.status != want {
			t.Errorf("%s: %s", name, p)
		}
	}
}

var choiceNames = regexp.MustCompile(`<strong>([^<]+)</strong>`)

func TestChoosingAProvider(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	names := func(p page) (out []string) {
		for _, m := range choiceNames.FindAllStringSubmatch(p.body, -1) {
			out = append(out, m[1])
		}
		return out
	}
	first := b.authorize(deposit("identity_provider", "-"))
	if got := names(first); len(got) < 2 || got[0] != "Trustly" || strings.Contains(first.body, "Last used") {
		t.Errorf("%v: %s", got, first)
	}
	says(t, first, "How do you want to pay?", "SEK\u00a0500.00", "Confirms who you are, then Trustly takes the payment")
	b.authorize(params())
	again := b.authorize(params("identity_provider", "-"))
	if got := names(again); got[0] != "OpenID" {
		t.Errorf("the one that was used last stands %v", got)
	}
	says(t, again, "Last used")
	// A forged cookie says nothing that we did not say before.
	for _, forged := range []string{"<script>", "nobody", strings.Repeat("x", 3000)} {
		if p := w.browser(t).authorize(params("identity_provider", "-"), "Cookie", "parley-choice="+forged); p.status != http.StatusOK || strings.Contains(p.body, "Last used") {
			t.Errorf("%.20s: %s", forged, p)
		}
	}
	// What was posted is not put into an address.
	posted := b.post(w.URL+"/oauth/authorize", params("identity_provider", "-", "ssn", "199001012385", "login_hint", "somebody"))
	if posted.status != http.StatusOK || strings.Contains(posted.body, "?client_id") || !strings.Contains(posted.body, `name="ssn" value="199001012385"`) {
		t.Errorf("%s", posted)
	}
	says(t, posted, `<button name="identity_provider" value="openid">`)
	form := url.Values{"identity_provider": {"openid"}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(posted.body, -1) {
		form.Set(m[1], m[2])
	}
	if p := b.post(w.URL+"/oauth/authorize", form); p.to == nil || !strings.HasPrefix(p.to.String(), w.OpenIDURL) {
		t.Errorf("the form leads to %s", p)
	}
}

// Whatever a request says, the page that passes it on holds it as text: in links and hidden fields, never as markup.
func TestPageThatPassesARequestOnHoldsItAsText(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	const marker = `zq7"'><script>alert(1)</script><img src=x onerror=alert(1)>javascript:alert(1)`
	for _, name := range []string{"state", "nonce", "enduser_id", "ssn", "login_hint", "acr_values", "attributes[x]", "provider_attributes[x]", "ui_id", "ui_friendly", "display", "claims", marker} {
		for how, p := range map[string]page{
			"asked":  b.authorize(params("identity_provider", "-", name, marker)),
			"posted": b.post(w.URL+"/oauth/authorize", params("identity_provider", "-", name, marker)),
		} {
			if p.to != nil { // it was refused at the redirect URI
				continue
			}
			says(t, p, "How do you want to identify yourself?")
			if strings.Contains(p.body, "<script>") || strings.Contains(p.body, "<img src=x") || strings.Contains(p.body, `"'>`) || strings.Contains(p.body, `href="javascript:`) {
				t.Errorf("%s, %s: %s", name, how, p)
			}
			safe(t, p)
		}
	}
	follow := w.follow(t, b.authorize(params()).query("state"))
	for _, name := range []string{"waited", "leave", "stay", "back", "x"} {
		for _, value := range []string{marker, "-1", "99999999999999999999", "1e9", "0x10", ""} {
			p := b.get(follow + "?" + url.Values{name: {value}}.Encode())
			if p.status != http.StatusOK || strings.Contains(p.body, "alert(1)") {
				t.Errorf("%s=%s: %s", name, value, p)
			}
			safe(t, p)
		}
	}
}

func TestSearchIsThereFromSevenOn(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{}, func(c *house.Config) {
		m := &c.Merchants[0]
		for i := len(m.Providers); i < 7; i++ {
			more := m.Providers[1]
			more.Name, more.Label = "more"+strconv.Itoa(i), "More "+strconv.Itoa(i)
			m.Providers = append(m.Providers, more)
		}
	})
	says(t, w.browser(t).authorize(params("identity_provider", "-")), `type="search"`, "More 6")
	if p := shared.browser(t).authorize(params("identity_provider", "-")); strings.Contains(p.body, `type="search"`) {
		t.Errorf("a few are searched: %s", p)
	}
}

var againAt = regexp.MustCompile(`data-again="([^"]+)"`)

// waits opens the page of somebody who is early, and returns it with where it looks again.
func (b *browser) waits(at string) (page, string) {
	b.t.Helper()
	p := b.get(at)
	for p.to != nil && strings.HasPrefix(p.to.String(), b.w.URL) {
		p = b.get(p.to.String())
	}
	m := againAt.FindStringSubmatch(p.body)
	if m == nil {
		b.t.Fatalf("it is not a page that looks again: %s", p)
	}
	return p, strings.ReplaceAll(m[1], "&amp;", "&")
}

var linkBack = regexp.MustCompile(`<a class="primary" href="([^"]+)"`)

func TestWhoHasWaitedIsToldBeforeTheyAreSentOn(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b := w.browser(t)
	leave := func(p page) page {
		m := linkBack.FindStringSubmatch(p.body)
		if m == nil {
			t.Fatalf("no way on: %s", p)
		}
		return b.get(strings.ReplaceAll(m[1], "&amp;", "&"))
	}
	w.Trustly.SetScenario(sim.TrustlyScenario{Order: "credit-late", CreditDelay: time.Second})
	began := b.authorize(deposit())
	p, again := b.waits(b.identify(began, "approve"))
	says(t, p, "Waiting for your bank", `aria-current="step"`, "SEK\u00a0500.00")
	safe(t, p)
	eventually(t, "the deposit is done", func() bool { return !strings.Contains(b.get(again).body, "Waiting") })
	done := b.get(again)
	says(t, done, "Your deposit has arrived", "You now go back to Sandbox shop", "SEK\u00a0500.00")
	safe(t, done)
	if strings.Contains(done.body, "code=") {
		t.Errorf("the page shows the code: %s", done)
	}
	if p := leave(done); p.query("code") == "" {
		t.Errorf("%s", p)
	}
	// What the operator allows is what is shown from then on.
	w.Operator.SetLimit("100.00")
	p, again = b.waits(b.identify(b.authorize(deposit()), "approve"))
	says(t, p, "SEK\u00a0100.00")
	eventually(t, "the lesser deposit is done", func() bool { return strings.Contains(b.get(again).body, "Your deposit has arrived") })
	says(t, b.get(again), "SEK\u00a0100.00")
	w.Operator.SetLimit("")
	w.Trustly.SetScenario(sim.TrustlyScenario{})

	// Whose no it was.
	early := func(q url.Values) (page, string) {
		began := b.authorize(q)
		_, again := b.waits(w.followed(t, began))
		return began, again
	}
	for name, c := range map[string]struct {
		before func()
		act    string
		want   []string
		error  string
	}{
		"the operator":      {func() { w.Operator.Faults.Set("signin", sim.Refuse, 1) }, "approve", []string{"Sandbox shop said no", "Nothing was paid"}, "access_denied"},
		"the operator away": {func() { w.Operator.Faults.Set("authorize", sim.Broken, 9) }, "approve", []string{"Sandbox shop cannot be reached", "Nothing was paid"}, "temporarily_unavailable"},
		"the bank":          {func() { w.Trustly.SetScenario(sim.TrustlyScenario{Order: "pay-fails"}) }, "approve", []string{"The payment did not go through", "Trustly says that it was cancelled"}, "access_denied"},
		"the person":        {func() {}, "cancel", []string{"You cancelled"}, "access_denied"},
		"too young":         {func() { w.Trustly.SetScenario(sim.TrustlyScenario{Order: "abort-underage"}) }, "approve", []string{"You could not be identified", "Trustly says that you are too young"}, "access_denied"},
	} {
		c.before()
		began, again := early(deposit())
		b.identify(began, c.act)
		eventually(t, name, func() bool { return strings.Contains(b.get(again).body, `<main class="bad">`) })
		p := b.get(again)
		says(t, p, append(c.want, "Back to Sandbox shop")...)
		safe(t, p)
		refusedBack(t, w, leave(p), c.error)
		w.Trustly.SetScenario(sim.TrustlyScenario{})
		w.Operator.Faults.Set("authorize", sim.Behave, 0)
	}
	// Nobody came.
	_, again = early(params("locale", "sv"))
	w.clock.forward(31 * time.Minute)
	eventually(t, "the time is over", func() bool { return strings.Contains(b.get(again).body, "Det tog för lång tid") })
	says(t, b.get(again), "30 minuter")
}

// Somebody whose bank says nothing is first told that it takes its time, and that something is not clear only when it has.
func TestPaymentIsUnclearOnlyAfterAWhile(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	w.Trustly.SetScenario(sim.TrustlyScenario{Order: "no-credit"})
	b := w.browser(t)
	p, again := b.waits(b.identify(b.authorize(deposit()), "approve"))
	says(t, p, "Waiting for your bank", `data-after="20"`)
	w.clock.forward(25 * time.Second)
	if p := b.get(again); strings.Contains(p.body, "data-after") || !strings.Contains(p.body, "Nothing happens?") {
		t.Errorf("after twenty seconds help is there: %s", p)
	}
	w.clock.forward(time.Minute)
	says(t, b.get(again), "Something is unclear with your payment", "Your money is safe", "Please do not pay again", "Not clear yet")
}

// events reads the words of a stream until it ends.
func (b *browser) events(at string) (words func() string) {
	b.t.Helper()
	res, err := b.client.Do(b.request("GET", at, nil, "Accept", "text/event-stream"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	lines := bufio.NewScanner(res.Body)
	return func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
}

func TestPageHearsOfEveryChange(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	w.Trustly.SetScenario(sim.TrustlyScenario{Order: "no-credit"})
	b := w.browser(t)
	b.client.Timeout = time.Minute
	began := b.authorize(deposit())
	follow := w.followed(t, began)
	refusedPage(t, w.browser(t).get(follow+"/events"))
	refusedPage(t, w.browser(t).get(follow+"/qr"))
	next := b.events(follow + "/events?waited=" + strconv.FormatInt(w.clock.Now().Unix(), 10))
	if got := next(); got != `"identifying"` {
		t.Fatalf("it begins with %q", got)
	}
	b.identify(began, "approve")
	var heard []string
	for {
		word := next()
		heard = append(heard, word)
		if word == "" || strings.Contains(word, "unclear") {
			break
		}
	}
	if last := heard[len(heard)-1]; last != `"unclear.soon.identified.accepted"` {
		t.Fatalf("heard %q", heard)
	}
	if p := b.get(follow + "/qr"); p.status != http.StatusNotFound {
		t.Errorf("a provider without an app has a code: %s", p)
	}
	order, _ := w.Trustly.Order(began.to.String())
	if err := w.Trustly.Reverse(order.OrderID); err == nil {
		t.Error("there was nothing to reverse")
	}
	// The end is told, and nothing after it.
	other := b.authorize(params())
	end := b.events(w.followed(t, other) + "/events")
	end()
	b.get(b.identify(other, "deny"))
	for word := end(); word != ""; word = end() {
		heard = append(heard, word)
	}
	if last := heard[len(heard)-1]; last != `"denied"` {
		t.Errorf("heard %q", heard)
	}
}

// followed is the page that follows the run of which a browser was just sent to its provider.
func (w *world) followed(t *testing.T, began page) string {
	t.Helper()
	if state := began.query("state"); state != "" {
		return w.follow(t, state)
	}
	return w.House.OAuth.FollowURL(w.runOfOrder(t, began))
}

func TestOneConversationDoesNotTakeEverybodysStreams(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	b.client.Timeout = time.Minute
	at := w.followed(t, b.authorize(params())) + "/events"
	for range 8 {
		if next := b.events(at); next() == "" {
			t.Fatal("the stream says nothing")
		}
	}
	if p := b.get(at); p.status != http.StatusServiceUnavailable {
		t.Errorf("a ninth: %s", p)
	}
	other := w.browser(t)
	other.client.Timeout = time.Minute
	if next := other.events(w.followed(t, other.authorize(params())) + "/events"); next() == "" {
		t.Error("another conversation is kept out")
	}
}

// Whoever begins a conversation and has somebody else finish it never comes back from the provider, and is given nothing.
func TestOnlyABrowserThatCameBackIsGivenACode(t *testing.T) {
	t.Parallel()
	w := shared
	b := w.browser(t)
	began := b.authorize(deposit())
	follow := w.followed(t, began)
	back := b.identify(began, "approve") // by whoever has the provider's page
	var p page
	eventually(t, "the deposit is done", func() bool { p = b.get(follow); return strings.Contains(p.body, "You went on in another window") })
	for _, at := range []string{follow, follow + "?leave=1", follow + "?back=1", follow + "?waited=1&leave=1"} {
		if p = b.get(at); p.to != nil || p.status != http.StatusOK || strings.Contains(p.body, "code=") {
			t.Errorf("%s", p)
		}
		says(t, p, "You went on in another window")
	}
	if p = b.back(back); p.query("code") == "" {
		t.Errorf("who has come back: %s", p)
	}
}
