package web_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley"
	"parley/web"
)

const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8H0z"/></svg>`

func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAccentThatCannotBeReadIsRefused(t *testing.T) {
	radius := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		brand web.Brand
		field string
	}{
		"yellow on paper":        {web.Brand{Accent: "#ffcc00"}, "accent"},
		"just too light":         {web.Brand{Accent: "#767d79"}, "accent"},
		"navy on dark":           {web.Brand{AccentDark: "#101050"}, "accent_dark"},
		"a name":                 {web.Brand{Accent: "blue"}, "accent"},
		"three digits":           {web.Brand{Accent: "#00f"}, "accent"},
		"a style":                {web.Brand{Accent: "#0b7a55;} body{display:none"}, "accent"},
		"a sign":                 {web.Brand{Accent: "#+b7a55"}, "accent"},
		"a radius out of bounds": {web.Brand{Radius: radius(25)}, "radius"},
		"a logo that is none":    {web.Brand{Logo: []byte("<html>")}, "logo"},
		"a logo too large":       {web.Brand{Logo: []byte(drawing + strings.Repeat(" ", 64<<10))}, "logo"},
	} {
		_, err := web.NewLook(&web.Files{}, "Shop", c.brand)
		if parley.KindOf(err) != parley.KindInvalid || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLookOfAMerchant(t *testing.T) {
	files := web.Assets()
	square := 0
	look, err := web.NewLook(files, "Ängsblom", web.Brand{Accent: "#7a1fa2", Radius: &square, Logo: []byte(drawing)})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	web.Show(w, web.View{Title: "A page", Look: look})
	page := body(t, w.Result())
	for _, want := range []string{look.Style, look.Logo, `alt="Ängsblom"`, "A page · Ängsblom"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	style := get(t, files, look.Style)
	css := body(t, style)
	if style.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(css, "--press: #7a1fa2; --on-press: #ffffff; --radius: 0px;") {
		t.Errorf("%v\n%s", style.Header, css)
	}
	// What is made for the dark was checked too: it is lighter.
	if !strings.Contains(css, "prefers-color-scheme: dark") || strings.Count(css, "#7a1fa2") != 1 {
		t.Error(css)
	}
	logo := get(t, files, look.Logo)
	if logo.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(logo.Header.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(logo.Header.Get("Cache-Control"), "immutable") {
		t.Error(logo.Header)
	}
	if again, _ := web.NewLook(web.Assets(), "Ängsblom", web.Brand{Accent: "#7a1fa2"}); again.Style == look.Style {
		t.Error("another style has the same address")
	}
}

func TestAssetsAreServedShortWhereTheBrowserCan(t *testing.T) {
	files := web.Assets()
	address := files.Put("long.css", []byte(strings.Repeat("a { color: red }\n", 1000)))
	plain, short := get(t, files, address), get(t, files, address, "Accept-Encoding", "br, gzip")
	if n, m := len(body(t, plain)), len(body(t, short)); plain.Header.Get("Content-Encoding") != "" || short.Header.Get("Content-Encoding") != "gzip" || m*10 > n || short.Header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("%d and %d bytes: %v", n, m, short.Header)
	}
	if res := get(t, files, "/assets/x/long.css"); res.StatusCode != http.StatusNotFound {
		t.Error(res.StatusCode)
	}
}
