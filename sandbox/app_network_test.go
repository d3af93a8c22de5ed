package sandbox_test

import (
	"context"
	"parley/sandbox"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Nothing that was typed or begun is lost when there is no network, and nothing is done twice when there is again.
func TestTheSavingsAppWithoutANetwork(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	w := browser.begin(t, s)
	w.expect("net::ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION", "net::ERR_FAILED")
	p := w.openApp(sandbox.SharedPartner, "anna", "en", "/new?inspiration=journey")
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

// On a slow network everything comes, later: what is on its way is drawn as such, and nothing is pressed twice.
func TestTheSavingsAppOnASlowNetwork(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "david", "en", "/")
	say := p.words.say
	p.drawn()
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
