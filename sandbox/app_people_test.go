package sandbox_test

import (
	"encoding/json"
	"fmt"
	"parley/sandbox"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Two people save for the same dream, each with money of their own: a code, a link, a photograph, and what each sees of the other.
func TestTheSavingsAppTogether(t *testing.T) {
	browser := chromium(t)
	s := start(t, sandbox.Options{})
	anna := browser.begin(t, s).openApp(sandbox.SharedPartner, "anna", "en", "/")
	say := anna.words.say
	anna.drawn()
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
	bjorn := browser.begin(t, s).openApp(sandbox.SharedPartner, "bjorn", "sv", "/join")
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
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "eva", "en", "/")
	say := p.words.say
	p.drawn()
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
