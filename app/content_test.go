package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/app"
	"parley/content"
)

// folder is a partner's folder, which tests write into.
type folder struct {
	t     *testing.T
	dir   string
	clock *clock
}

func (f *folder) write(name, text string) {
	f.t.Helper()
	f.clock.move(2 * time.Second)
	file := filepath.Join(f.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Chtimes(file, f.clock.now(), f.clock.now()); err != nil {
		f.t.Fatal(err)
	}
}

// cabins is the rig with a folder of the bank "one", which is all about cabins.
func cabins(t *testing.T) (*rig, *folder) {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir()}
	r := newRig(t, func(c *app.Config) {
		f.clock = &clock{at: c.Now()}
		f.write("cabin.svg", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><path d="M0 0h9v9z"/></svg>`)
		f.write("inspirations.json", `[{"id":"cabin","targetCents":123400,"months":10,"picture":"cabin.svg","name":{"en":"A cabin","sv":"En stuga"},"sentence":{"en":"By the water.","sv":"Vid vattnet."}}]`)
		f.write("savehacks.json", `{"offer":["Thief","Rocket","Daily"],"savehacks":[{"kind":"Thief","name":{"en":"The fox","sv":"Räven"},"suggestion":{"minAmountCents":7,"maxAmountCents":70}}]}`)
		f.write("texts.sv.json", `{"overview.title":"Din spargris"}`)
		c.Savings.Partners["one"].Savehacks = []string{"Daily", "Weekly", "Thief"}
		own, err := content.NewLibrary(os.DirFS(f.dir), f.clock.now, c.Log)
		if err != nil {
			t.Fatal(err)
		}
		c.Content = map[string]*content.Library{"one": own}
	})
	return r, f
}

func TestAPartnerOffersWhatItsFolderHolds(t *testing.T) {
	r, _ := cabins(t)
	c := r.signedIn("one", "anna").does("GET", "/content", nil, 200)
	if len(c.list("inspirations")) != 1 || c.text("inspirations.0.id") != "cabin" || c.text("inspirations.0.name") != "En stuga" || c.cents("inspirations.0.targetCents") != 123400 ||
		c.cents("inspirations.0.durationSeconds") != 10*30*24*60*60 || !strings.HasSuffix(c.text("inspirations.0.picture.url"), "/cabin.svg") {
		t.Errorf("the inspirations are %v", c.at("inspirations"))
	}
	// Rocket is not in the configuration, Weekly not in the folder.
	if len(c.list("savehacks")) != 2 || c.text("savehacks.0.kind") != "Thief" || c.text("savehacks.0.name") != "Räven" || c.cents("savehacks.0.suggestion.maxAmountCents") != 70 ||
		c.text("savehacks.1.kind") != "Daily" || c.text("savehacks.1.name") != "Varje dag" || c.at("savehacks.0.schema") == nil {
		t.Errorf("the savehacks are %v", c.at("savehacks"))
	}
	if texts, _ := c.at("texts").(map[string]any); len(texts) != 1 || texts["overview.title"] != "Din spargris" {
		t.Errorf("the texts are %v", c.at("texts"))
	}
	other := r.signedIn("two", "anna").does("GET", "/content", nil, 200)
	if other.text("inspirations.0.id") != "journey" || len(other.list("savehacks")) != 14 {
		t.Errorf("another bank has %v", other)
	}
	// A picture is anybody's who knows its address.
	if a := r.phone().get(c.text("inspirations.0.picture.url")); a.StatusCode != 200 || a.Header.Get("Content-Type") != "image/svg+xml" ||
		a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("its picture is %d %v", a.StatusCode, a.Header)
	}
}

func TestContentIsSentAgainOnlyWhenItChanged(t *testing.T) {
	r, f := cabins(t)
	p := r.signedIn("one", "anna")
	was := p.api("GET", "/content", nil)
	tag := was.Header.Get("ETag")
	if was.StatusCode != 200 || was.Header.Get("Cache-Control") != "private, no-cache" || !strings.HasPrefix(tag, `"`) {
		t.Fatalf("it is %d %v", was.StatusCode, was.Header)
	}
	for _, have := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if a := p.api("GET", "/content", nil, "If-None-Match", have); a.StatusCode != 304 || a.body != "" || a.Header.Get("ETag") != tag {
			t.Errorf("to who has %s it is %d", have, a.StatusCode)
		}
	}
	f.write("texts.sv.json", `{"overview.title":"Din sparbössa"}`)
	now := p.api("GET", "/content", nil, "If-None-Match", tag)
	if now.StatusCode != 200 || !strings.Contains(now.body, "Din sparbössa") {
		t.Errorf("what has changed is %d %s", now.StatusCode, now.body)
	}
	f.write("texts.sv.json", `{"overview.titel":"Din sparbössa"}`)
	if a := p.api("GET", "/content", nil, "If-None-Match", now.Header.Get("ETag")); a.StatusCode != 304 || !strings.Contains(r.log.String(), "overview.titel") {
		t.Errorf("a mistake is %d: %s", a.StatusCode, r.log)
	}
}

// A dream keeps what it was made from, also when that is no longer offered.
func TestAnInspirationThatIsGoneIsAReference(t *testing.T) {
	r, f := cabins(t)
	p := r.signedIn("one", "anna")
	made := p.does("POST", "/dreams", object{"dream": object{"name": "Stugan", "targetCents": 100, "dreamInspirationId": "cabin"}}, 201)
	at := "/dreams/" + made.text("dream.id")
	if made.cents("dream.dreamInspiration.targetCents") != 123400 || made.text("dream.imageUrl") == "" || made.text("dream.imageUrl") != made.text("dream.dreamInspiration.imageUrl") {
		t.Errorf("the dream is %v", made)
	}
	if err := uuid.Validate(made.text("dream.dreamInspiration.id")); err != nil { // as the bank's API has it of all ids
		t.Error(err)
	}
	f.write("inspirations.json", `[]`)
	gone := p.does("GET", at, nil, 200)
	if gone.text("dream.dreamInspiration.id") != made.text("dream.dreamInspiration.id") || gone.at("dream.dreamInspiration.translatedName") != nil || gone.at("dream.imageUrl") != nil {
		t.Errorf("the dream is %v", gone)
	}
	if a := p.api("POST", "/dreams", object{"dream": object{"name": "Stugan", "dreamInspirationId": "cabin"}}); a.StatusCode != 400 {
		t.Errorf("another is made from it: %d %s", a.StatusCode, a.body)
	}
	// A picture that a page still shows is still there.
	if a := p.get(made.text("dream.imageUrl")); a.StatusCode != 200 {
		t.Errorf("its picture is %d", a.StatusCode)
	}
}
