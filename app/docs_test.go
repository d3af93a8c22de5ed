package app

import (
	"os"
	"strings"
	"testing"

	"parley/savehack"
	"parley/web"
)

func TestEveryOperationIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/web-app.md")
	if err != nil {
		t.Fatal(err)
	}
	routes := new(App).routes()
	for pattern := range routes {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.Contains(string(page), "| `"+method+" /app/api"+path+"` |") {
			t.Errorf("docs/web-app.md does not say what %s /app/api%s does", method, path)
		}
	}
	if n := strings.Count(string(page), " /app/api/") - len(routes); n != 0 {
		t.Errorf("docs/web-app.md has %d operations too many", n)
	}
}

func TestEverySavehackHasANameInEveryLanguage(t *testing.T) {
	for _, lang := range web.Languages() {
		for _, k := range savehack.Kinds() {
			if web.Speak(lang).Say("savehack."+strings.ToLower(k.Name)) == "" {
				t.Errorf("%s has no name in %s", k.Name, lang)
			}
		}
	}
}
