package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestALocationIsAPathOfTheWebApp(t *testing.T) {
	for location, want := range map[string]string{
		"":                          "/app/",
		"/":                         "/app/",
		"/dreams/1":                 "/app/dreams/1",
		"/dreams/1/marketplace":     "/app/dreams/1/marketplace",
		"marketplace":               "/app/marketplace",
		"/marketplace":              "/app/marketplace",
		"/dreams/1?from=push&x=%20": "/app/dreams/1?from=push&x=%20",
		"/dreams/":                  "/app/dreams/",
		"/app":                      "/app/",
		"/app/dreams/1":             "/app/dreams/1",
		"/dr%C3%B6m":                "/app/dr%C3%B6m",
	} {
		if got := landing(location); got != want {
			t.Errorf("%q lands at %q, not %q", location, got, want)
		}
	}
}

func TestWhateverElseIsTheOverview(t *testing.T) {
	for _, location := range []string{
		"//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example", "https://evil.example", "http:evil.example", "HTTPS://x",
		"javascript:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "user@evil.example/", "/@evil.example//x", ":80/x",
		"/%2f%2fevil.example", "/%2F/evil.example", "/%5cevil.example", "/..%2f..%2foauth", "/../oauth/authorize", "/dreams/../../users", "/./x", "/dreams/%2e%2e/x", "/%2e/x",
		"/%252e%252e/x", "/%00", "/%0d%0aSet-Cookie:x", "/\r\nSet-Cookie: x", "/a b", "/a\tb", "/\u2028x", "/å", "/%zz", "/%", "/%ff", "/dreams#x", "/dreams//1", "/x//",
		"/api/me", "/app/api/me", "/%61pi/me", "/app//evil.example", "/<script>", "/x?a=%zz", "/x?a;b", " /x", "\x00/x", "/" + strings.Repeat("x", 3000), "/app/app/../..",
		"https:/app/dreams", "///", "/app/../", "/?\n",
	} {
		if got := landing(location); got != "/app/" {
			t.Errorf("%q lands at %q", location, got)
		}
	}
}

// Whatever is sent, the address that a browser makes of the answer is on our own site, below /app/, and the same for every reader.
func TestNoLocationLeadsAway(t *testing.T) {
	pieces := []string{"/", "//", "\\", "..", ".", "%2f", "%5c", "%2e", "%25", "@", ":", "evil.example", "https:", "javascript:", "dreams", "app", "api", "?", "#", "\t", "\n", "\r", "\x00", "\u00a0", "å", "%", "1", "&", "=", ";", "[", "]"}
	rapid.Check(t, func(t *rapid.T) {
		location := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String()), 0, 8).Draw(t, "pieces"), "")
		neverAway(t, location)
	})
}

func FuzzLanding(f *testing.F) {
	for _, s := range []string{"/dreams/1", "//evil", "/\\evil", "https:evil", "/%2e%2e/x", "marketplace", "/a?b=c", "/?////!!/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) { neverAway(t, location) })
}

func neverAway(t interface{ Fatalf(string, ...any) }, location string) {
	const base = "https://parley.example"
	got := base + landing(location)
	u, err := url.Parse(got)
	if err != nil {
		t.Fatalf("%q lands at %q: %v", location, got, err)
	}
	if u.Scheme != "https" || u.Host != "parley.example" || u.User != nil || u.Fragment != "" {
		t.Fatalf("%q leads away, to %q", location, got)
	}
	if clean := u.JoinPath(); !strings.HasPrefix(clean.Path, "/app/") || strings.HasPrefix(clean.Path, "/app/api") && !strings.HasPrefix(clean.Path, "/app/api-") {
		if seg, _, _ := strings.Cut(strings.TrimPrefix(clean.Path, "/app/"), "/"); seg == "api" || !strings.HasPrefix(clean.Path, "/app/") {
			t.Fatalf("%q climbs out, to %q", location, clean)
		}
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(got, "https://"), "?") // a query may hold what it likes
	if strings.ContainsAny(got, "\\\r\n\t\x00 ") || strings.Contains(path, "//") {
		t.Fatalf("%q lands at %q, which readers may take for different things", location, got)
	}
	for _, r := range got {
		if r <= ' ' || r > '~' {
			t.Fatalf("%q lands at %q, which a header cannot hold", location, got)
		}
	}
	if _, err := http.NewRequest(http.MethodGet, got, nil); err != nil {
		t.Fatalf("%q lands at %q, which nobody can load: %v", location, got, err)
	}
}
