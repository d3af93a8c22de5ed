package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"parley"
)

// picture is a file as it is served.
type picture struct {
	address, kind string
	body          []byte
}

// MaxPicture is how large a picture may be, in bytes.
const MaxPicture = 256 << 10

// newPicture checks a picture: of a kind that every browser shows, and, of a drawing, nothing in it but shapes.
func newPicture(name string, body []byte) (picture, error) {
	if len(body) > MaxPicture {
		return picture{}, parley.Invalid(name, "is larger than 256 KiB")
	}
	p := picture{body: body, kind: http.DetectContentType(body)}
	switch ext := path.Ext(name); {
	case ext == ".svg":
		p.kind = "image/svg+xml"
		if err := checkDrawing(body); err != nil {
			return p, parley.Invalid(name, err.Error())
		}
	case p.kind == "image/png" && ext == ".png", p.kind == "image/jpeg" && (ext == ".jpg" || ext == ".jpeg"), p.kind == "image/webp" && ext == ".webp":
	default:
		return p, parley.Invalid(name, "is not the picture that its name says")
	}
	sum := sha256.Sum256(append([]byte(name+"\x00"), body...))
	p.address = below + "/" + base64.RawURLEncoding.EncodeToString(sum[:12]) + "/" + name
	return p, nil
}

// shapes are the elements that a drawing may be made of.
var shapes = map[string]bool{"svg": true, "g": true, "path": true, "circle": true, "ellipse": true, "rect": true, "line": true, "polyline": true, "polygon": true,
	"defs": true, "linearGradient": true, "radialGradient": true, "stop": true, "clipPath": true, "mask": true, "symbol": true, "use": true, "pattern": true,
	"title": true, "desc": true, "text": true, "tspan": true}

// checkDrawing refuses a drawing that could do something, or fetch something. It is served so that it could not in any case.
func checkDrawing(body []byte) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Entity = map[string]string{} // none but those of XML itself
	root := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("is no drawing: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("must not declare a document type")
		case xml.ProcInst:
			if t.Target != "xml" {
				return fmt.Errorf("must not have <?%s", t.Target)
			}
		case xml.StartElement:
			if !root && t.Name.Local != "svg" {
				return errors.New("is no drawing")
			}
			root = true
			if !shapes[t.Name.Local] || t.Name.Space != "" && t.Name.Space != "http://www.w3.org/2000/svg" {
				return fmt.Errorf("must not have <%s>", t.Name.Local)
			}
			for _, a := range t.Attr {
				name, value := strings.ToLower(a.Name.Local), strings.ToLower(a.Value)
				squeezed := strings.Join(strings.Fields(value), "")
				switch {
				case strings.HasPrefix(name, "on"), name == "href" && !strings.HasPrefix(value, "#"), name == "style", name == "src", name == "base",
					strings.Contains(squeezed, "url(") && !strings.HasPrefix(squeezed, "url(#"), strings.Contains(squeezed, "javascript:"):
					return fmt.Errorf("must not have %s=%q", a.Name.Local, a.Value)
				}
			}
		}
	}
	if !root {
		return errors.New("is no drawing")
	}
	return nil
}

// serve writes a picture. A drawing can do nothing even when it is opened by itself.
func (p picture) serve(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", p.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Write(p.body)
}
