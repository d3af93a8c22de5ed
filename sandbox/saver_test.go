package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"parley/web"
	"strings"
	"testing"

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

// saver is a person who has the savings app open in a bank's app, an iPhone's as the vendor's SDK is, with the bank behind it.
type saver struct {
	*walker
	host    *bankHost
	words   appWords
	partner string
	user    string
	before  int // how much the app had said before the page that is shown
}

// openApp has a person of the bank open the savings app.
func (w *walker) openApp(partner, user, lang, location string) *saver {
	w.t.Helper()
	return w.openAppFor(600, partner, user, lang, location)
}

// openAppFor is openApp with a token that is good for so many seconds. Whatever the app says until the end of the test, the SDK would have taken it.
func (w *walker) openAppFor(seconds int, partner, user, lang, location string) *saver {
	w.t.Helper()
	s := &saver{walker: w, host: newHost(w, "ios", w.s.URL, ""), words: wordsOf(w.t, lang), partner: partner, user: user}
	w.t.Cleanup(s.host.Well)
	s.signIn(seconds, map[string]string{"en": "en-GB", "sv": "sv-SE"}[lang], location)
	return s
}

func (s *saver) signIn(seconds int, locale, location string) {
	s.t.Helper()
	s.before = len(s.host.Messages())
	s.host.Launch(s.token(seconds), locale, location)
}

// goTo loads another page, and with it the app anew.
func (s *saver) goTo(address string) {
	s.t.Helper()
	s.before = len(s.host.Messages())
	s.walker.goTo(address)
}

// drawn waits until the app has drawn a screen.
func (s *saver) drawn() {
	s.t.Helper()
	s.await("is drawn", func() bool {
		return js[bool](s, `!!document.querySelector("h1") && !document.querySelector(".skeleton")`)
	})
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

// js evaluates an expression in the page.
func js[T any](s *saver, expression string) T {
	s.t.Helper()
	out, err := chromedp.Run(s.ctx, chromedp.EvaluateAsDevTools[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %s: %v", s.name, expression, err)
	}
	return out
}

// said is what the page that is shown has told its host under a name, oldest first.
func (s *saver) said(name string) (bodies []map[string]any) {
	for _, m := range s.host.Messages()[s.before:] {
		if m.Event == name {
			bodies = append(bodies, m.Message)
		}
	}
	return bodies
}

// told waits until the page has told its host something, and returns the last of it.
func (s *saver) told(name string) map[string]any {
	s.t.Helper()
	s.await("says "+name, func() bool { return len(s.said(name)) > 0 })
	all := s.said(name)
	return all[len(all)-1]
}

// toldAnew is told of what the page says because of something.
func (s *saver) toldAnew(name string, do func()) map[string]any {
	s.t.Helper()
	before := len(s.said(name))
	do()
	s.await("says "+name+" anew", func() bool { return len(s.said(name)) > before })
	return s.told(name)
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
