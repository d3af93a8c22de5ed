package oauth_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parley/oauth"
	"parley/sandbox"
	"parley/web"
)

var appLink = regexp.MustCompile(`href="([^"]*autostarttoken=[^"]*)"`)

// toApp begins a conversation with somebody who is identified in an app, and returns our page and the link on it.
func (b *browser) toApp(q url.Values) (follow, link string) {
	b.t.Helper()
	p := b.authorize(q)
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), b.w.URL+"/oauth/follow/") {
		b.t.Fatalf("the person does not stay with us: %s", p)
	}
	follow = p.to.String()
	shown := b.get(follow)
	safe(b.t, shown)
	found := appLink.FindStringSubmatch(shown.body)
	if shown.status != http.StatusOK || found == nil || !strings.HasPrefix(html.UnescapeString(found[1]), b.w.BankIDURL+"/app?") {
		b.t.Fatalf("the page does not lead to the app: %s", shown)
	}
	link = html.UnescapeString(found[1])
	logged.keepOut("the way to an order", b.handOver(follow).QR, strings.Split(strings.SplitN(link, "autostarttoken=", 2)[1], "&")[0])
	return follow, link
}

// handOver is what the page is made from.
func (b *browser) handOver(follow string) *oauth.HandOver {
	b.t.Helper()
	run, ok := web.Handles{Key: oauth.Derive([]byte(b.w.Config.Secret.Value), "handles")}.Open("follow", follow[strings.LastIndex(follow, "/")+1:])
	if !ok {
		b.t.Fatal("the page is of no run")
	}
	p, err := b.w.House.Conversations.Await(b.t.Context(), run, func(oauth.Progress) bool { return true })
	if err != nil || p.Stage != oauth.Identifying || p.Page.HandOver == nil || !p.Here && p.Request.Amount == nil || p.Here && p.Request.Amount != nil {
		b.t.Fatalf("%s, %+v, here %t (%v)", p.Stage, p.Page.HandOver, p.Here, err)
	}
	return p.Page.HandOver
}

// Whoever is identified in an app on another device gets the code in the browser that showed the code, which began the conversation, and
// nobody else does.
func TestTheBrowserThatShowsTheQRCodeIsTheOneThatGetsTheCode(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b, thief := w.browser(t), w.browser(t)
	thief.authorize(params()) // it has a cookie of its own
	follow, _ := b.toApp(params("identity_provider", "bankid"))
	h := b.handOver(follow)
	if h.Fresh <= 0 || h.Fresh > 1e9 || h.Hint != "waiting" || !strings.HasPrefix(h.QR, "bankid.") {
		t.Errorf("%+v", h)
	}
	refusedPage(t, thief.get(follow))
	refusedPage(t, w.browser(t).get(follow))
	o, err := w.BankID.Scan(h.QR)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.BankID.Sign(o.Ref, ""); err != nil {
		t.Fatal(err)
	}
	p := b.back(follow)
	if p.query("code") == "" || p.query("state") != "st-1" {
		t.Errorf("the one whose it is: %s", p)
	}
	refusedPage(t, thief.get(follow))
	if c := w.BankID.Complaints(); c != nil {
		t.Error(c)
	}
}

// On the same device the app brings the browser back, and another browser that it is brought to gets nothing.
func TestTheAppOnTheSameDeviceBringsTheBrowserBack(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	for name, q := range map[string]url.Values{"sign-in": params("identity_provider", "bankid"), "deposit": deposit("identity_provider", "bankid")} {
		b := w.browser(t)
		follow, link := b.toApp(q)
		app := b.get(link)
		pressed := regexp.MustCompile(`name="app" value="([^"]+)"`).FindStringSubmatch(app.body)
		if app.status != http.StatusOK || pressed == nil {
			t.Fatalf("%s: the app: %s", name, app)
		}
		back := b.post(w.BankIDURL+"/app", url.Values{"app": {pressed[1]}, "step": {"sign"}, "person": {"198503152392"}})
		if back.to == nil || !strings.HasPrefix(back.to.String(), w.URL+"/connect/1000/bankid/return/") {
			t.Fatalf("%s: the app leads to %s", name, back)
		}
		refusedPage(t, w.browser(t).get(back.to.String()))
		p := b.back(back.to.String())
		if name == "deposit" {
			if p.to == nil || !strings.HasPrefix(p.to.String(), w.TrustlyURL) {
				t.Fatalf("who is identified is not sent on to pay: %s", p)
			}
			p = b.back(b.identify(p, "approve"))
		}
		if p.query("code") == "" {
			t.Errorf("%s: %s", name, p)
		}
		refusedPage(t, w.browser(t).get(follow))
	}
}

// A program that asks has no browser that could be bound to the page, so it is not given one.
func TestAProgramIsNotGivenThePageOnWhichSomebodyIsIdentified(t *testing.T) {
	t.Parallel()
	q := compatibleRequest("identity_provider", "bankid")
	p := shared.program(t).get(shared.URL + "/paymentiq/oauth/authorize?" + q.Encode())
	if p.status != http.StatusBadRequest || !strings.Contains(p.body, "iframe=false") || strings.Contains(p.body, "/oauth/follow/") {
		t.Errorf("got %s", p)
	}
	b := shared.browser(t)
	q.Set("iframe", "false")
	if follow, _ := b.toApp(q); follow == "" {
		t.Error("and a browser is given none")
	}
}

// Who gives up on our page is not kept waiting in the app.
func TestWhoGivesUpOnOurPageIsNotKeptWaitingInTheApp(t *testing.T) {
	t.Parallel()
	w := alone(t, sandbox.Options{})
	b := w.browser(t)
	follow, link := b.toApp(params("identity_provider", "bankid"))
	shown := b.get(follow)
	action, csrf := formAction.FindStringSubmatch(shown.body), formCSRF.FindStringSubmatch(shown.body)
	if action == nil || csrf == nil {
		t.Fatalf("no form: %s", shown)
	}
	p := b.post(w.URL+action[1], url.Values{"csrf": {csrf[1]}})
	if p.to == nil || p.to.String() != follow {
		t.Fatal(p)
	}
	refusedBack(t, w, b.get(follow), "access_denied")
	if _, err := w.BankID.Open(link); err == nil {
		t.Error("the app still opens the order")
	}
	if n := len(w.BankID.Heard("cancel")); n != 1 {
		t.Errorf("BankID heard cancel %d times", n)
	}
}
