package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"parley"
	"parley/web"
)

// policy lets the page be made of nothing but itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// page serves what was built for the browser. Its files keep their names from build to build, so a browser asks each time whether
// the one that it has is still the one.
type page map[string]file // by path

type file struct {
	body []byte
	etag string
}

func newPage(built fs.FS) (page, error) {
	p := page{}
	err := fs.WalkDir(built, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(built, name)
		sum := sha256.Sum256(body)
		p["/"+name] = file{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the page that was built: %w", err)
	}
	p["/"] = p["/index.html"]
	if p["/"].body == nil {
		return nil, fmt.Errorf("the page was not built: there is no index.html")
	}
	return p, nil
}

// ServeHTTP serves a file.
func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p[r.URL.Path]
	if !ok {
		web.Problem(w, parley.Errorf(parley.KindNotFound, "no such file"))
		return
	}
	name := r.URL.Path
	if name == "/" {
		name = "/index.html"
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.body))
}
