package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/sandbox"
)

// The folder beside the guide is shown as the guide says, and what is changed in it is on the next page.
func TestAFolderIsSeenInTheSandbox(t *testing.T) {
	browser := chromium(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../docs/banks/content.example")); err != nil {
		t.Fatal(err)
	}
	s := start(t, sandbox.Options{Content: dir})
	p := browser.begin(t, s).openApp(sandbox.SharedPartner, "bo", "en", "/")
	p.see("A cabin", "A boat to go with it", p.words.say("overview.new"))
	for _, picture := range []string{"cabin.svg", "boat.svg"} {
		p.await("has drawn "+picture, func() bool {
			return js[bool](p, `[...document.images].some(i => i.src.endsWith("`+picture+`") && i.complete && i.naturalWidth > 0)`)
		})
	}
	p.inspect()
	if *update {
		p.turn(phoneLight)
		p.picture("content.png")
	}

	if err := os.WriteFile(filepath.Join(dir, "texts.en.json"), []byte(`{"overview.new":"One more wish"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p.await("has read the folder again", func() bool {
		p.goTo(p.s.URL + "/app/")
		p.see("A cabin")
		return strings.Contains(p.text(), "One more wish")
	})
	dream := dreamID(t, p.api("POST", "dreams", map[string]any{"dream": map[string]any{"name": "Stugan", "targetCents": 300_000, "dreamInspirationId": "cabin"}}))
	p.goTo(s.URL + "/app/dreams/" + dream + "/marketplace")
	p.see("The fox", "Every day")
	if strings.Contains(p.text(), "Rocket") || strings.Contains(p.text(), "The thief") {
		t.Errorf("it offers what the folder does not: %s", p.text())
	}
}

// A mistake in the folder is told before anything starts.
func TestAFolderWithAMistakeStopsTheSandbox(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "look.json"), []byte(`{"accent":"#ffcc00"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sandbox.Start(t.Context(), sandbox.Options{Content: dir}); err == nil || !strings.Contains(err.Error(), "look.json: accent") {
		t.Errorf("it says %v", err)
		if err == nil {
			s.Close(t.Context())
		}
	}
}
