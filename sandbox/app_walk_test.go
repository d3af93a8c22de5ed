package sandbox_test

import (
	"context"
	"parley/sandbox"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The first journey of the second seed, by hand: a dream, a savehack, the bank's app opens an account, and the celebration; then every screen of the
// app, on every screen size and in both schemes.
func TestWalkTheSavingsApp(t *testing.T) {
	browser := chromium(t)
	for _, lang := range []string{"en", "sv"} {
		t.Run(lang, func(t *testing.T) {
			s := start(t, sandbox.Options{})
			w := browser.begin(t, s)
			w.expect("ERR_BLOCKED_BY_CLIENT")
			p := w.openApp(sandbox.SharedPartner, "anna", lang, "/")
			say := p.words.say
			p.heading(say("overview.welcome", "name", "Anna"))
			p.drawn()
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
			if again := p.toldAnew("onAccountProvisionRequested", func() { p.press(say("asked.again")) }); again["requestId"] != asked["requestId"] {
				t.Errorf("it is asked again under %v, not %v", again["requestId"], asked["requestId"])
			}
			launch := js[string](p, `document.querySelector('a[href*="/launches/"]').pathname.split("/").at(-1)`)
			dream := js[string](p, `location.pathname.split("/")[3]`)
			p.at("/dreams/"+dream+"/waiting?launch="+launch, say("handover.title"))
			p.host.Say("accountProvisionInitiated", p.told("onAccountProvisionRequested"))
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
			p.host.Say("onSignOutRequested", map[string]any{})
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
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "bjorn", "en", "/")
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
	p.host.Say("accountProvisionInitiated", p.told("onAccountProvisionRequested"))
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
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "david", "sv", "/")
	p.drawn()
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaftskapitän", 3)
	dream := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": long, "targetCents": 9_007_199_254_740_991, "expiresAt": "2999-12-31"}}))
	p.api("POST", "launches", map[string]any{"savehackLaunch": map[string]any{"dreamId": dream, "type": "OneTimeLaunch", "amountCents": 900_719_925_474_099}})
	p.goTo(p.s.URL + "/app/")
	p.host.Say("accountProvisionInitiated", p.told("onAccountProvisionRequested"))
	for path, heading := range map[string]string{"/": p.words.say("overview.title"), "/dreams/" + dream: long, "/history": p.words.say("history.title"), "/dreams/" + dream + "/history": p.words.say("history.title"),
		"/dreams/" + dream + "/give-up": p.words.say("giveup.title"), "/dreams/" + dream + "/edit": p.words.say("edit.title"), "/dreams/" + dream + "/marketplace": p.words.say("market.title")} {
		p.at(path, heading)
		p.inspect()
	}
}
