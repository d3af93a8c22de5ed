package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Files are what pages are made of besides themselves: styles, a script, logos. Each has an address with the hash of what is in it, so a
// browser may keep it for ever, and a page is never seen with another version's style.
type Files struct{ at map[string]file }

type file struct {
	kind string
	body []byte
	gzip []byte // the same, where it is shorter
}

// kinds are what pages are made of. The machine's own table of types is not asked: on some it is empty, on others wrong.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".jpg": "image/jpeg", ".json": "application/json", ".webp": "image/webp"}

// Put adds a file and returns its address. It is for building the house; nothing is added once it serves.
func (f *Files) Put(name string, body []byte) string {
	sum := sha256.Sum256(append([]byte(name+"\x00"), body...))
	return f.put(sum[:], name, body)
}

// PutTogether adds files that name one another, so that they have one hash in common, and returns their addresses by name.
func (f *Files) PutTogether(files map[string][]byte) map[string]string {
	sum, out := sha256.New(), map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s %d\n", name, len(files[name]))
		sum.Write(files[name])
	}
	for name, body := range files {
		out[name] = f.put(sum.Sum(nil), name, body)
	}
	return out
}

func (f *Files) put(hash []byte, name string, body []byte) string {
	if f.at == nil {
		f.at = map[string]file{}
	}
	address := "/assets/" + base64.RawURLEncoding.EncodeToString(hash[:12]) + "/" + name
	put := file{kind: kinds[path.Ext(name)], body: body}
	if b := squeezed(body); len(b) < len(body) {
		put.gzip = b
	}
	f.at[address] = put
	return address
}

// squeezed is the body gzipped, as small as it gets.
func squeezed(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	z.Write(body)
	z.Close()
	return b.Bytes()
}

// ServeHTTP serves what is there. A drawing may hold scripts, which do nothing in an <img>; opened by itself it is shut in.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := f.at[r.URL.Path]
	if !ok {
		ErrorPage(w, r, notThere)
		return
	}
	h := w.Header()
	h.Set("Content-Type", found.kind)
	if found.gzip != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			found.body = found.gzip
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(found.body)))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	if strings.HasPrefix(found.kind, "image/svg") {
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	}
	w.Write(found.body)
}
