package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/sandbox"
	"parley/web"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// appWords are the savings app's words in a language: the same walk is taken in each.
type appWords map[string]string

func wordsOf(t *testing.T, lang string) appWords {
	t.Helper()
	file, err := web.Dist("app").Open("words/" + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	words := appWords{}
	if err := json.NewDecoder(file).Decode(&words); err != nil {
		t.Fatal(err)
	}
	return words
}

// say is a word with its places filled: names and values take turns. A word that there is none of fails nobody's test silently.
func (a appWords) say(key string, in ...string) string {
	text, ok := a[key]
	if !ok {
		panic("no word " + key)
	}
	for i := 0; i+1 < len(in); i += 2 {
		text = strings.ReplaceAll(text, "{"+in[i]+"}", in[i+1])
	}
	return text
}

// saver is a person who has the savings app open in a bank's app, with the bank behind it.
type saver struct {
	*walker
	words   appWords
	partner string
	user    string
	shown   string // where the app was first shown
}

// host plays an iOS app around the page: it takes only dictionaries, keeps what it is told, and answers when it is told to.
const host = `(() => {
	if (location.pathname.indexOf("/app/") != 0 || window.told) return
	window.told = []
	const names = ["onAccountProvisionRequested", "onAccountRequested", "onTransferConsentRequested", "onIdTokenDidExpire", "onExitRequested", "onTelemetryEvent", "onPageReadyEvent", "share"]
	window.webkit = { messageHandlers: Object.fromEntries(names.map(name => [name, { postMessage(body) {
		if (typeof body != "object" || body === null) throw new Error(name + " was not told a dictionary")
		told.push({ name, body })
	} }])) }
})()`

// openApp has a person of the bank open the savings app as an iOS app does: the token by JSON, the cookies copied, the Location loaded.
func (w *walker) openApp(partner, user, lang, theme, location string) *saver {
	w.t.Helper()
	return w.openAppFor(600, partner, user, lang, theme, location)
}

// openAppFor is openApp with a token that is good for so many seconds.
func (w *walker) openAppFor(seconds int, partner, user, lang, theme, location string) *saver {
	w.t.Helper()
	s := &saver{walker: w, words: wordsOf(w.t, lang), partner: partner, user: user}
	w.do(call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: host}))
	s.signIn(s.token(seconds), map[string]string{"en": "en_GB", "sv": "sv_SE"}[lang], theme, location)
	return s
}

func (s *saver) signIn(token, locale, theme, location string) {
	s.t.Helper()
	said, err := json.Marshal(map[string]string{"token": token, "locale": locale, "theme": theme, "location": location, "client_id": "sandbox-app", "timezone": "Europe/Stockholm"})
	if err != nil {
		s.t.Fatal(err)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Post(s.s.URL+"/users/verify_token", "application/json", bytes.NewReader(said))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		s.do(call(network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: s.s.URL, HTTPOnly: new(true)}))
	}
	s.shown = res.Header.Get("Location")
	s.goTo(s.shown)
}

// token is an ID token of the bank's for the person, good for so many seconds.
func (s *saver) token(seconds int) string {
	s.t.Helper()
	var got struct {
		IDToken string `json:"id_token"`
	}
	s.ask("id-token", map[string]any{"user": s.user, "ttlSeconds": seconds}, &got)
	return got.IDToken
}

// ask asks the bank's back end for something.
func (s *saver) ask(path string, body, into any) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.Post(s.s.BankURL+"/"+s.partner+"/"+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: the bank answers %s to %s", s.name, res.Status, raw)
	}
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
}

// bankDoes has the bank do something for the person.
func (s *saver) bankDoes(what string, more map[string]any) {
	s.t.Helper()
	wish := map[string]any{"what": what, "user": s.user}
	for name, value := range more {
		wish[name] = value
	}
	s.ask("do", wish, nil)
}

// js evaluates an expression in the page.
func js[T any](s *saver, expression string) T {
	s.t.Helper()
	out, err := chromedp.Run(s.ctx, chromedp.EvaluateAsDevTools[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %s: %v", s.name, expression, err)
	}
	return out
}

// told waits until the app has told its host something, and returns the last of it.
func (s *saver) told(name string) map[string]any {
	s.t.Helper()
	var body map[string]any
	s.await("says "+name, func() bool {
		body = js[map[string]any](s, fmt.Sprintf(`window.told?.filter(m => m.name == %q).at(-1)?.body ?? null`, name))
		return body != nil
	})
	return body
}

// answers has the host call a function of the page, as the vendor's SDK does: with JSON between single quotes.
func (s *saver) answers(function string, message map[string]any) {
	s.t.Helper()
	raw, err := json.Marshal(message)
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.EvaluateAsDevTools[any](function+`('`+string(raw)+`')`))
		if errors.Is(err, chromedp.ErrJSUndefined) || errors.Is(err, chromedp.ErrJSNull) {
			return nil
		}
		return err
	}))
}

// types writes over what stands in a field.
func (s *saver) types(field, text string) {
	s.t.Helper()
	js[bool](s, fmt.Sprintf(`(document.querySelector(%q).select(), true)`, field))
	s.do(chromedp.SendKeys(field, text))
}

// api asks the server as the app would, for what a walk needs and does not look at.
func (s *saver) api(method, path string, body any) map[string]any {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return js[map[string]any](s, fmt.Sprintf(`fetch("/app/api/%s", { method: %q, headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() }, body: %q }).then(r => r.json())`, path, method, raw))
}

// at goes to a screen, and waits for its heading.
func (s *saver) at(path, heading string) {
	s.t.Helper()
	s.goTo(s.s.URL + "/app" + path)
	s.heading(heading)
}

// heading waits until the screen has this heading, and nothing of it is still on its way.
func (s *saver) heading(text string) {
	s.t.Helper()
	s.await("has the heading "+text, func() bool {
		now := js[string](s, `document.querySelector("h1")?.innerText ?? ""`)
		return now == text && js[bool](s, `!document.querySelector(".skeleton") && document.getAnimations().every(a => a.playState != "running" || a.effect.getTiming().iterations == Infinity)`)
	})
}

func dreamID(t *testing.T, answer map[string]any) string {
	t.Helper()
	dream, _ := answer["dream"].(map[string]any)
	id, _ := dream["id"].(string)
	if id == "" {
		t.Fatalf("no dream was made: %v", answer)
	}
	return id
}

// The first journey of the second seed, by hand: a dream, a savehack, the bank's app opens an account, and the celebration; then every screen of the
// app, on every screen size and in both schemes.
func TestWalkTheSavingsApp(t *testing.T) {
	browser := chromium(t)
	for _, lang := range []string{"en", "sv"} {
		t.Run(lang, func(t *testing.T) {
			s := start(t, sandbox.Options{})
			w := browser.begin(t, s)
			w.expect("ERR_BLOCKED_BY_CLIENT")
			p := w.openApp(sandbox.SharedPartner, "anna", lang, "", "/")
			say := p.words.say
			p.heading(say("overview.welcome", "name", "Anna"))
			p.told("onPageReadyEvent")
			p.inspect()

			// A dream, one question at a time; what was typed outlives a reload.
			p.press(say("overview.new"))
			p.heading(say("new.what"))
			p.inspect()
			p.press(say("new.next"))
			p.see(say("new.name.missing"))
			p.do(chromedp.SendKeys("#dream-name", "Segla till Åland"))
			p.goTo(p.url())
			p.heading(say("new.what"))
			if name := js[string](p, `document.querySelector("#dream-name").value`); name != "Segla till Åland" {
				t.Errorf("after a reload the name is %q", name)
			}
			p.press(say("new.next"))
			p.heading(say("new.amount", "name", "Segla till Åland"))
			p.do(chromedp.SendKeys("#amount", "20000"))
			p.inspect()
			p.press(say("new.next"))
			p.heading(say("new.when"))
			p.press(say("new.years.one"))
			p.inspect()
			p.press(say("new.next"))
			p.heading(say("new.picture"))
			p.inspect()
			p.press(say("new.make"))

			// A savehack, with its consequence beside it.
			p.heading(say("market.title"))
			p.see(say("market.for", "name", "Segla till Åland"))
			p.inspect()
			hack := map[string]string{"en": "The thief", "sv": "Tjuven"}[lang]
			p.press(hack)
			p.heading(hack)
			p.inspect()
			p.types("#maxAmountCents", "1")
			p.press(say("hack.next"))
			p.see(say("field.most"))
			p.types("#maxAmountCents", "100")
			p.see(strings.SplitN(say("hack.weekly"), "{", 2)[0])
			p.press(say("hack.next"))
			p.heading(say("confirm.title", "name", hack))
			p.see(say("confirm.opens"), say("confirm.account"))
			p.inspect()
			p.press(say("confirm.start"))

			// The bank's app has the screen; it never answers, so that one can go on later, and is asked again.
			p.heading(say("handover.title"))
			asked := p.told("onAccountProvisionRequested")
			p.see(say("handover.now"))
			p.inspect()
			p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
				_, err := chromedp.Run(ctx, chromedp.EvaluateAsDevTools[bool](`(Date.now = (real => () => real() + 31_000)(Date.now), true)`))
				return err
			}))
			p.see(say("handover.late"), say("handover.later"), say("asked.again"))
			p.inspect()
			p.press(say("handover.later"))
			p.heading("Segla till Åland")
			p.see(say("launch.waiting"), say("asked.onAccountProvisionRequested"))
			p.inspect()
			p.press(say("asked.again"))
			if again := p.told("onAccountProvisionRequested"); again["requestId"] != asked["requestId"] {
				t.Errorf("it is asked again under %v, not %v", again["requestId"], asked["requestId"])
			}
			launch := js[string](p, `document.querySelector('a[href*="/launches/"]').pathname.split("/").at(-1)`)
			dream := js[string](p, `location.pathname.split("/")[3]`)
			p.at("/dreams/"+dream+"/waiting?launch="+launch, say("handover.title"))
			p.answers("accountProvisionInitiated", p.told("onAccountProvisionRequested"))
			p.heading(say("started.title"))
			p.see(hack)
			p.inspect()
			p.press(say("started.dream"))
			p.heading("Segla till Åland")
			p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error { return chromedp.Do(ctx, chromedp.NavigateBack()) }))
			p.heading("Segla till Åland") // the celebration is shown once

			// Deposits are on their way before there is an account; it comes, and they are settled.
			p.api("POST", "launches", map[string]any{"savehackLaunch": map[string]any{"dreamId": dream, "type": "OneTimeLaunch", "amountCents": 1_234_500}})
			p.at("/", say("overview.title"))
			p.see(strings.TrimSpace(strings.Replace(say("saved.coming"), "{amount}", "", 1)))
			p.inspect()
			p.at("/history", say("history.title"))
			p.see(say("tx.waits"), say("tx.cancel"))
			p.inspect()
			p.press(say("tx.cancel"))
			p.see(say("tx.cancel.about"))
			p.inspect()
			p.press(say("ask.no"))
			p.bankDoes("money", map[string]any{"amountCents": 10_000_000})
			p.bankDoes("open-first", nil)
			p.see(say("tx.settled")) // it is told without a reload

			for _, screen := range []struct{ path, heading string }{
				{"/dreams/" + dream, "Segla till Åland"},
				{"/dreams/" + dream + "/withdraw", say("withdraw.title")},
				{"/dreams/" + dream + "/edit", say("edit.title")},
				{"/dreams/" + dream + "/give-up", say("giveup.title")},
				{"/dreams/" + dream + "/group", say("group.make")},
				{"/launches/" + launch + "?dream=" + dream, hack},
				{"/launches/" + launch + "?dream=" + dream + "&step=edit", say("launch.edit", "name", hack)},
				{"/messages", say("messages.title")},
				{"/join", say("join.title")},
				{"/settings", say("settings.title")},
				{"/marketplace", say("market.which")},
				{"/what/ever", say("nowhere.title")},
				{"/dreams/none", say("nowhere.title")},
			} {
				p.at(screen.path, screen.heading)
				p.inspect()
			}

			// Money out, and between dreams.
			p.at("/dreams/"+dream+"/withdraw", say("withdraw.title"))
			p.do(chromedp.SendKeys("#amount", "99999"))
			p.press(say("withdraw.title"))
			p.see(strings.SplitN(say("amount.most"), "{", 2)[0])
			p.types("#amount", "45")
			p.press(strings.SplitN(say("withdraw.do"), "{", 2)[0])
			p.heading("Segla till Åland")
			bicycle := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": "Cykel", "targetCents": 300_000, "dreamInspirationId": "bicycle"}}))
			p.at("/dreams/"+dream+"/move", say("move.title"))
			p.do(chromedp.SendKeys("#amount", "3000"))
			p.inspect()
			p.press(say("move.do"))
			p.heading("Segla till Åland")

			// What was moved has reached the other dream's goal.
			p.at("/dreams/"+bicycle+"/reached", say("reached.title"))
			p.inspect()
			p.at("/", say("overview.title"))
			p.see(say("dream.reached"))
			p.inspect()

			// Pause until a day, go on, stop.
			p.at("/launches/"+launch+"?dream="+dream, hack)
			p.press(say("launch.pause"))
			p.see(say("launch.paused"), say("launch.resume"))
			p.inspect()
			p.press(say("launch.resume"))
			p.see(say("launch.pause"))
			p.press(say("launch.stop"))
			p.see(say("launch.stop.about"))
			p.inspect()
			p.do(chromedp.Click(`dialog .danger`))
			p.see(say("launch.stopped"))

			// Signed out, from the bank's side.
			p.answers("onSignOutRequested", map[string]any{})
			p.heading(say("out.title"))
			p.told("onExitRequested")
			p.inspect()
		})
	}
}

// By keyboard alone, from the overview to the celebration.
func TestTheSavingsAppByKeyboard(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "bjorn", "en", "", "/")
	say := p.words.say
	p.heading(say("overview.welcome", "name", "Björn"))
	p.keyTo("A buffer")
	p.heading(say("new.amount", "name", "A buffer"))
	p.keyTo(say("new.next"))
	p.heading(say("new.when"))
	p.keyTo(say("new.next"))
	p.heading(say("new.picture"))
	p.keyTo(say("new.make"))
	p.heading(say("market.title"))
	p.keyTo("Every day")
	p.heading("Every day")
	p.keyTo(say("hack.next"))
	p.heading(say("confirm.title", "name", "Every day"))
	p.keyTo(say("confirm.start"))
	p.heading(say("handover.title"))
	p.answers("accountProvisionInitiated", p.told("onAccountProvisionRequested"))
	p.heading(say("started.title"))
	p.keyTo(say("started.dream"))
	p.heading("A buffer")
	p.keyTo(say("history.title"))
	p.heading(say("history.title"))
}

// The longest words and amounts fit, on the narrowest screen and the widest.
func TestTheSavingsAppWithTheLongestWords(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "david", "sv", "dark", "/")
	p.told("onPageReadyEvent")
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaftskapitän", 3)
	dream := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": long, "targetCents": 9_007_199_254_740_991, "expiresAt": "2999-12-31"}}))
	p.api("POST", "launches", map[string]any{"savehackLaunch": map[string]any{"dreamId": dream, "type": "OneTimeLaunch", "amountCents": 900_719_925_474_099}})
	p.goTo(p.shown)
	p.answers("accountProvisionInitiated", p.told("onAccountProvisionRequested"))
	for path, heading := range map[string]string{"/": p.words.say("overview.title"), "/dreams/" + dream: long, "/history": p.words.say("history.title"), "/dreams/" + dream + "/history": p.words.say("history.title"),
		"/dreams/" + dream + "/give-up": p.words.say("giveup.title"), "/dreams/" + dream + "/edit": p.words.say("edit.title"), "/dreams/" + dream + "/marketplace": p.words.say("market.title")} {
		p.at(path, heading)
		p.inspect()
	}
}

// The bank asks for an account for each dream, and is asked for it as soon as there is the dream.
func TestTheSavingsAppWithAnAccountForEachDream(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.DreamsPartner, "anna", "en", "light", "/new?inspiration=journey")
	say := p.words.say
	p.heading(say("new.amount", "name", "A journey"))
	p.press(say("new.next"))
	p.heading(say("new.when"))
	p.press(say("new.next"))
	p.heading(say("new.how"))
	p.inspect()
	p.press(say("new.next"))
	p.heading(say("new.picture"))
	p.press(say("new.make"))
	p.heading(say("handover.title"))
	asked := p.told("onAccountRequested")
	p.see(say("handover.dream"))
	p.inspect()
	p.answers("accountRequestedFailed", map[string]any{"requestId": asked["requestId"]})
	p.see(say("handover.refused"))
	p.inspect()
	p.press(say("asked.again"))
	p.await("asks again", func() bool { return p.told("onAccountRequested")["requestId"] != asked["requestId"] }) // a no is not asked about again under the same
	p.answers("accountRequestedSucceeded", map[string]any{"requestId": p.told("onAccountRequested")["requestId"]})
	p.heading(say("market.title"))
}

// What a savehack may take is signed in the bank's app.
func TestTheSavingsAppWithConsents(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	for how, ends := range map[string]string{"consent": "started.title", "reject": "handover.declined"} {
		t.Run(how, func(t *testing.T) {
			p := browser.begin(t, s).openApp(sandbox.ConsentPartner, map[string]string{"consent": "cecilia", "reject": "eva"}[how], "en", "light", "/")
			say := p.words.say
			p.told("onPageReadyEvent")
			dream := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": "Sail", "targetCents": 300_000}}))
			p.at("/dreams/"+dream+"/marketplace/Daily", "Every day")
			p.press(say("hack.next"))
			p.heading(say("confirm.title", "name", "Every day"))
			p.see(say("confirm.consent"))
			p.press(say("confirm.start"))
			p.heading(say("handover.consent"))
			asked := p.told("onTransferConsentRequested")
			p.inspect()
			p.bankDoes("consent", map[string]any{"temporaryId": asked["consentId"], "decision": how})
			answer := map[string]any{"requestId": asked["requestId"], "consentId": asked["consentId"], "consentRef": "x"}
			p.answers(map[string]string{"consent": "transferConsentSucceeded", "reject": "transferConsentCancelled"}[how], answer)
			p.heading(say(ends))
			p.inspect()
		})
	}
}

// Nothing that was typed or begun is lost when there is no network, and nothing is done twice when there is again.
func TestTheSavingsAppWithoutANetwork(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	w := browser.begin(t, s)
	w.expect("net::ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION", "net::ERR_FAILED")
	p := w.openApp(sandbox.SharedPartner, "anna", "en", "light", "/new?inspiration=journey")
	say := p.words.say
	p.heading(say("new.amount", "name", "A journey"))
	p.press(say("new.next"))
	p.heading(say("new.when"))
	p.press(say("new.next"))
	p.heading(say("new.picture"))
	wires := func(cut bool) {
		p.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
			if _, err := cdp.Call(ctx, tab, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{DownloadThroughput: -1, UploadThroughput: -1, Offline: cut}}}); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, tab, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: cut, DownloadThroughput: -1, UploadThroughput: -1})
			return err
		}))
	}
	wires(true)
	p.press(say("new.make"))
	p.see(say("app.offline"))
	p.see(say("problem.offline"))
	p.inspect()
	wires(false)
	p.press(say("new.make"))
	p.heading(say("market.title"))
	me := js[map[string]any](p, `fetch("/app/api/me").then(r => r.json())`)
	if dreams, _ := me["dreams"].([]any); len(dreams) != 1 {
		t.Errorf("there are %d dreams", len(dreams))
	}
}

// A session that its token renews asks for another half a minute before the end, goes on with it, and ends without.
func TestTheSavingsAppIsRenewed(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openAppFor(33, sandbox.SharedPartner, "anna", "en", "light", "/")
	p.told("onPageReadyEvent")
	asked := p.told("onIdTokenDidExpire")
	before := js[string](p, `JSON.parse(document.getElementById("boot").textContent).me.session.expiresAt`)
	p.answers("updateIdToken", map[string]any{"requestId": asked["requestId"], "idToken": p.token(600)})
	p.await("goes on", func() bool {
		return js[string](p, `fetch("/app/api/me").then(r => r.json()).then(me => me.session.expiresAt)`) > before
	})
	p.expect("401")
	p.answers("updateIdToken", map[string]any{"requestId": asked["requestId"], "idToken": "not.a.token"})
	p.told("onExitRequested")
	p.heading(p.words.say("out.title"))
}

// Whoever has no cookies is told to open the bank's app again, and the page stays empty of anybody's money.
func TestTheSavingsAppWithoutCookies(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	w := browser.begin(t, s)
	w.expect("401")
	w.goTo(s.URL + "/app/dreams/1")
	w.see("You are signed out")
	w.inspect()
}

// Two people save for the same dream, each with money of their own: a code, a link, a photograph, and what each sees of the other.
func TestTheSavingsAppTogether(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	anna := browser.begin(t, s).openApp(sandbox.SharedPartner, "anna", "en", "light", "/")
	say := anna.words.say
	anna.told("onPageReadyEvent")
	dream := dreamID(t, anna.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": "Sailing", "targetCents": 2_000_000}}))

	// A photograph of her own, which the server makes anew.
	anna.at("/dreams/"+dream+"/edit", say("edit.title"))
	js[bool](anna, `new Promise(done => {
		const canvas = document.createElement("canvas")
		canvas.width = canvas.height = 40
		canvas.getContext("2d").fillRect(0, 0, 40, 20)
		canvas.toBlob(blob => {
			const list = new DataTransfer(), input = document.querySelector("input[type=file]")
			list.items.add(new File([blob], "IMG_0001.png", { type: "image/png" }))
			input.files = list.files
			input.dispatchEvent(new Event("change", { bubbles: true }))
			done(true)
		})
	})`)
	photo := ""
	anna.await("shows the photograph", func() bool {
		photo = js[string](anna, `document.querySelector("main img").naturalWidth > 0 ? document.querySelector("main img").src : ""`)
		return strings.Contains(photo, "/app/pictures/")
	})
	anna.inspect()
	anna.press(say("edit.save"))
	anna.heading("Sailing")

	// She makes it a group dream, and shares it with the bank's app.
	anna.at("/dreams/"+dream+"/group", say("group.make"))
	anna.press(say("group.make.do"))
	anna.heading("Sailing")
	anna.see(say("group.together"), say("group.you"))
	anna.inspect()
	anna.press(say("group.invite"))
	shared := anna.told("share")
	code := js[string](anna, `document.querySelector(".code").innerText`)
	if text, _ := shared["text"].(string); !strings.Contains(text, code) || !strings.HasSuffix(fmt.Sprint(shared["url"]), "/app/join/"+code) {
		t.Errorf("she shares %v, and the code is %s", shared, code)
	}

	// Björn types the code in his own way; a wrong one is said to be wrong.
	bjorn := browser.begin(t, s).openApp(sandbox.SharedPartner, "bjorn", "sv", "dark", "/join")
	bjorn.expect("404")
	bjorn.heading(bjorn.words.say("join.title"))
	bjorn.types("#code", "zzzz-zzzz")
	bjorn.press(bjorn.words.say("join.look"))
	bjorn.see(bjorn.words.say("join.unknown"))
	bjorn.inspect()
	bjorn.types("#code", strings.ToLower(strings.ReplaceAll(code, "-", "")))
	bjorn.press(bjorn.words.say("join.look"))
	bjorn.heading("Sailing")
	bjorn.see(bjorn.words.say("join.invited", "name", "Anna L"))
	bjorn.inspect()
	bjorn.press(bjorn.words.say("join.do"))
	bjorn.see(bjorn.words.say("group.together"), "Anna L")
	bjorn.inspect()
	if text := bjorn.text(); strings.Contains(text, "Lind") {
		t.Errorf("he sees more of her than he should: %s", text)
	}
	if status := js[float64](bjorn, fmt.Sprintf(`fetch(%q, { cache: "reload" }).then(r => r.status)`, photo)); status != 200 {
		t.Errorf("her photograph is %v to him", status)
	}

	// He launches a savehack; she sees it, and does the same.
	his := js[string](bjorn, `location.pathname.split("/")[3]`)
	bjorn.bankDoes("open-first", nil)
	bjorn.api("POST", "launches", map[string]any{"savehackLaunch": map[string]any{"dreamId": his, "type": "DailyLaunch", "amountCents": 1_000}})
	anna.at("/dreams/"+dream+"/group", "Sailing")
	anna.see("Björn", "Every day", say("group.same"))
	anna.inspect()
	anna.press(say("group.same"))
	anna.heading("Copycat")
	anna.inspect()

	// He makes his dream private: she is alone in hers.
	bjorn.at("/dreams/"+his+"/group", "Sailing")
	bjorn.press(bjorn.words.say("group.leave"))
	bjorn.see(bjorn.words.say("group.leave.about"))
	bjorn.do(chromedp.Click(`dialog .primary`))
	bjorn.see(bjorn.words.say("group.left"))
	anna.at("/dreams/"+dream+"/group", "Sailing")
	if strings.Contains(anna.text(), "Björn") {
		t.Error("she still sees him")
	}
}

// The bank leaves a message; it counts until it was seen, and leads where it says. Then a person takes their data along and has it erased.
func TestTheSavingsAppMessagesAndData(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "eva", "en", "light", "/")
	say := p.words.say
	p.told("onPageReadyEvent")
	user := js[string](p, `JSON.parse(document.getElementById("boot").textContent).me.user.id`)
	p.bankSays("messages", map[string]any{"message": map[string]any{"userId": user, "translatedTitle": map[string]string{"en": "Almost there", "sv": "Nästan framme"},
		"translatedBody": map[string]string{"en": "One more week.", "sv": "En vecka till."}, "cta": "/new", "image": map[string]any{"src": "https://bank.example/x.png", "translatedAlt": map[string]string{"en": "A boat"}, "height": 100, "width": 160}}})
	p.await("counts a message", func() bool { return js[string](p, `document.querySelector(".count")?.innerText ?? ""`) == "1" })
	p.inspect()
	p.at("/messages", say("messages.title"))
	p.see("Almost there", "One more week.", say("messages.new"))
	p.inspect() // the picture is another site's, and is not asked for
	p.press(say("messages.go"))
	p.heading(say("new.what"))
	p.at("/", say("overview.welcome", "name", "Eva"))
	if js[bool](p, `!!document.querySelector(".count")`) {
		t.Error("it is still counted")
	}
	p.at("/settings", say("settings.title"))
	p.types("#cap", "500")
	p.press(say("edit.save"))
	p.see(say("settings.saved"))
	kept := js[map[string]any](p, `fetch("/app/api/export").then(r => r.json())`)
	if raw, _ := json.Marshal(kept); !strings.Contains(string(raw), "Almost there") || !strings.Contains(string(raw), "Eva") {
		t.Errorf("what is kept of her is %s", raw)
	}
	p.press(say("settings.erase"))
	p.see(say("settings.erase.about"))
	p.inspect()
	p.expect("401")
	p.do(chromedp.Click(`dialog .danger`))
	p.heading(say("out.title"))
	p.told("onExitRequested")
}

// bankSays has the bank's back end ask the API for something.
func (s *saver) bankSays(path string, body any) {
	s.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequest(http.MethodPost, s.s.URL+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(s.partner, s.partner+"-secret-0123456789")
	var token struct {
		AccessToken string `json:"access_token"`
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&token); err != nil {
		s.t.Fatal(err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	if req, err = http.NewRequest(http.MethodPost, s.s.URL+"/v1/"+path, bytes.NewReader(raw)); err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token.AccessToken)
	said, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer said.Body.Close()
	if said.StatusCode/100 != 2 {
		answer, _ := io.ReadAll(said.Body)
		s.t.Fatalf("%s: POST /v1/%s is %s: %s", s.name, path, said.Status, answer)
	}
}

// The app is killed at each step of the first journey and opened again, by somebody whose telephone has forgotten everything: what was made is there,
// what waits goes on, and nothing is made twice.
func TestTheSavingsAppIsKilledAtEachStep(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "cecilia", "en", "light", "/")
	say := p.words.say
	again := func(location string) {
		t.Helper()
		p.do(chromedp.Navigate("about:blank"), call(network.ClearBrowserCookies, cdp.Empty{}))
		p.signIn(p.token(600), "en_GB", "light", location)
	}
	p.heading(say("overview.welcome", "name", "Cecilia"))
	again("/")
	p.heading(say("overview.welcome", "name", "Cecilia"))

	// In the middle of a dream: what was typed is in the window, which is the same.
	p.press(say("overview.new"))
	p.heading(say("new.what"))
	p.types("#dream-name", "Sail")
	again("/new")
	p.heading(say("new.what"))
	if name := js[string](p, `document.querySelector("#dream-name").value`); name != "Sail" {
		t.Errorf("what was typed is %q", name)
	}
	p.press(say("new.next"))
	p.heading(say("new.amount", "name", "Sail"))
	p.types("#amount", "500")
	p.press(say("new.next"))
	p.heading(say("new.when"))
	p.press(say("new.next"))
	p.heading(say("new.picture"))
	p.press(say("new.make"))
	p.heading(say("market.title"))

	// Before and after the savehack; while the bank's app has the screen.
	again("/")
	p.heading(say("overview.title"))
	p.see("Sail")
	dream := js[string](p, `document.querySelector("a.dream").pathname.split("/").at(-1)`)
	p.at("/dreams/"+dream+"/marketplace/Daily?step=confirm", say("confirm.title", "name", "Every day"))
	p.press(say("confirm.start"))
	p.heading(say("handover.title"))
	asked := p.told("onAccountProvisionRequested")
	again("/dreams/" + dream)
	p.heading("Sail")
	p.see(say("launch.waiting"), say("asked.waits"))
	p.inspect()
	p.press(say("asked.again"))
	if request := p.told("onAccountProvisionRequested")["requestId"]; request != asked["requestId"] {
		t.Errorf("it is asked under %v, not %v", request, asked["requestId"])
	}

	// The bank's app has answered, and is killed before anything is seen of it.
	p.answers("accountProvisionInitiated", asked)
	p.await("goes on", func() bool { return !strings.Contains(p.text(), say("launch.waiting")) })
	again("/dreams/" + dream)
	p.heading("Sail")
	if strings.Contains(p.text(), say("launch.waiting")) || strings.Contains(p.text(), say("asked.again")) {
		t.Errorf("it still waits: %s", p.text())
	}
	p.bankDoes("open-first", nil)
	again("/")
	p.heading(say("overview.title"))
	me := js[map[string]any](p, `fetch("/app/api/me").then(r => r.json())`)
	launches := js[map[string]any](p, `fetch("/app/api/launches").then(r => r.json())`)
	if dreams, _ := me["dreams"].([]any); len(dreams) != 1 {
		t.Errorf("there are %d dreams", len(dreams))
	}
	if all, _ := launches["savehackLaunches"].([]any); len(all) != 1 {
		t.Errorf("there are %d launches", len(all))
	}
}

// On a slow network everything comes, later: what is on its way is drawn as such, and nothing is pressed twice.
func TestTheSavingsAppOnASlowNetwork(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "david", "en", "light", "/")
	say := p.words.say
	p.told("onPageReadyEvent")
	dream := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": "Sail", "targetCents": 300_000}}))
	p.at("/dreams/"+dream+"/marketplace/Daily", "Every day")
	p.do(call(network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{{Latency: 1500, DownloadThroughput: 50_000, UploadThroughput: 50_000}}}))
	p.press(say("hack.next"))
	p.heading(say("confirm.title", "name", "Every day"))
	js[bool](p, `(document.querySelector(".foot button").click(), document.querySelector(".foot button").click(), true)`) // an impatient finger
	p.heading(say("handover.title"))
	js[bool](p, `(history.pushState({ depth: 1 }, "", "/app/history"), dispatchEvent(new PopStateEvent("popstate")), true)`)
	p.await("draws what is on its way", func() bool { return js[bool](p, `!!document.querySelector(".skeleton")`) })
	p.heading(say("history.title"))
	p.see(say("history.none"))
	launches := js[map[string]any](p, `fetch("/app/api/launches").then(r => r.json())`)
	if all, _ := launches["savehackLaunches"].([]any); len(all) != 1 {
		t.Errorf("there are %d launches", len(all))
	}
}
