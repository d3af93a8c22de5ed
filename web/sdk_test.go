package web

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnyPageMayLoadTheSDK(t *testing.T) {
	get := func(path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		Safe(slog.New(slog.DiscardHandler), SDK()).ServeHTTP(w, r)
		return w
	}
	for path, c := range map[string]struct{ kind, has string }{
		"/sdk/":                   {"text/html; charset=utf-8", "The web SDK"},
		"/sdk/index.html":         {"text/html; charset=utf-8", "dreams-web-sdk-container"},
		"/sdk/index.js":           {"text/javascript; charset=utf-8", "verify_token"},
		"/sdk/index.css":          {"text/css; charset=utf-8", "#dreams-web-sdk-container"},
		"/sdk/parley-sdk.js":      {"text/javascript; charset=utf-8", "as DreamsSDK"},
		"/sdk/parley-sdk.cjs":     {"text/javascript; charset=utf-8", "exports.DreamsSDK"},
		"/sdk/parley-sdk.iife.js": {"text/javascript; charset=utf-8", "var ParleySDK"},
		"/sdk/parley-sdk.d.ts":    {"text/plain; charset=utf-8", "export declare class DreamsSDK"},
		"/sdk/api.d.ts":           {"text/plain; charset=utf-8", "export interface Dream "},
		"/sdk/package.json":       {"application/json", `"@parley/sdk"`},
		"/sdk/README.md":          {"text/markdown; charset=utf-8", "@parley/sdk"},
	} {
		w := get(path)
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != c.kind || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s is %d %s", path, w.Code, h.Get("Content-Type"))
		}
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s cannot be loaded from elsewhere: %v", path, h)
		}
		again := get(path, "If-None-Match", h.Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s is sent again: %d", path, again.Code)
		}
		z := get(path, "Accept-Encoding", "br, gzip")
		unzipped, err := gzip.NewReader(z.Body)
		if err != nil {
			t.Errorf("%s, gzipped: %v", path, err)
			continue
		}
		if body, _ := io.ReadAll(unzipped); string(body) != w.Body.String() || z.Header().Get("ETag") == h.Get("ETag") {
			t.Errorf("%s is another when it is gzipped, or has the same ETag", path)
		}
	}
	if w := get("/sdk/parley-sdk.map"); w.Code != 404 || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("what is not there is %d", w.Code)
	}
	if w := get("/sdk"); w.Code != 303 || w.Header().Get("Location") != "/sdk/" {
		t.Errorf("/sdk leads to %d %s", w.Code, w.Header().Get("Location"))
	}
}

func TestThePageOfTheSDKHasAStrictPolicy(t *testing.T) {
	w := httptest.NewRecorder()
	Safe(slog.New(slog.DiscardHandler), SDK()).ServeHTTP(w, httptest.NewRequest("GET", "/sdk/", nil))
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none';", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("%q is not in %q", want, policy)
		}
	}
	for _, unwanted := range []string{"unsafe", "*.", "data:"} {
		if strings.Contains(policy, unwanted) {
			t.Errorf("%q is in %q", unwanted, policy)
		}
	}
	for tag := range strings.SplitSeq(w.Body.String(), "<script") {
		if rest := strings.TrimSpace(tag); strings.HasPrefix(tag, " ") && !strings.Contains(strings.SplitN(rest, ">", 2)[0], "src=") {
			t.Errorf("a script is inline: %.60s", rest)
		}
	}
	if strings.Contains(w.Body.String(), "style=") || strings.Contains(w.Body.String(), " onclick=") {
		t.Error("a style or a handler is inline")
	}
}
