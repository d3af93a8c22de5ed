package app

import (
	"os"
	"strings"
	"testing"
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
