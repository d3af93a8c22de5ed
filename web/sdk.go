package web

import (
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// sdkPolicy is for the page that shows the SDK at work. It frames, and signs in at, only the server that serves it, and those on the same machine:
// an address in a link must not have somebody give an ID token to a stranger. A bank's sandbox, which makes ID tokens, may be anywhere.
const sdkPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' https: http://localhost:* http://127.0.0.1:*; " +
	"frame-src 'self' http://localhost:* http://127.0.0.1:*; form-action 'self' http://localhost:* http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'"

// SDK serves what a bank's page embeds the web app with, under /sdk/: the scripts, their types, and a page that shows them at work. Any
// page may load them. They keep their addresses from one version to the next, so a browser asks again after five minutes.
func SDK() http.Handler {
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".cjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
		".json": "application/json", ".md": "text/markdown; charset=utf-8", ".ts": "text/plain; charset=utf-8", ".cts": "text/plain; charset=utf-8"}
	type one struct {
		file
		etag string
	}
	built, files := Dist("sdk"), map[string]one{}
	err := fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(built, name)
		sum := sha256.Sum256(body)
		files["/sdk/"+name] = one{file{kinds[path.Ext(name)], body, squeezed(body)}, base64.RawURLEncoding.EncodeToString(sum[:12])}
		return err
	})
	if err != nil {
		panic(err) // it is in the program
	}
	files["/sdk/"] = files["/sdk/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sdk" {
			http.Redirect(w, r, "/sdk/", http.StatusSeeOther)
			return
		}
		f, ok := files[r.URL.Path]
		if !ok {
			ErrorPage(w, r, notThere)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Vary", "Accept-Encoding")
		h.Set("Content-Type", f.kind)
		if strings.HasPrefix(f.kind, "text/html") {
			h.Set("Content-Security-Policy", sdkPolicy)
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Referrer-Policy", "strict-origin") // with none, a form's Origin would be none, too
		}
		etag, body := `"`+f.etag+`"`, f.body
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			etag, body = `"`+f.etag+`.gz"`, f.gzip
		}
		h.Set("ETag", etag)
		if seen := r.Header.Get("If-None-Match"); seen == "*" || strings.Contains(seen, etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if len(body) != len(f.body) {
			h.Set("Content-Encoding", "gzip")
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method != http.MethodHead {
			w.Write(body)
		}
	})
}
