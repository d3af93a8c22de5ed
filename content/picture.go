package content

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"parley"
)

// picture is a file as it is served.
type picture struct {
	path, address, kind string // where it is asked for, and the same as it stands in a document
	body                []byte
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
		if err := checkPhotograph(p.kind, body); err != nil {
			return p, parley.Invalid(name, err.Error())
		}
	default:
		return p, parley.Invalid(name, "is not the picture that its name says")
	}
	sum := sha256.Sum256(append([]byte(name+"\x00"), body...))
	at := below + "/" + base64.RawURLEncoding.EncodeToString(sum[:12]) + "/"
	p.path, p.address = at+name, at+url.PathEscape(name)
	return p, nil
}

// MaxSide is how many pixels a side of a picture may have.
const MaxSide = 4096

// checkPhotograph looks whether a picture is whole: one may be read while it is still being written.
func checkPhotograph(kind string, body []byte) error {
	if kind == "image/webp" { // its length stands in front
		if len(body) < 12 || int64(binary.LittleEndian.Uint32(body[4:]))+8 > int64(len(body)) {
			return errors.New("is not whole")
		}
		return nil
	}
	decode, config := png.Decode, png.DecodeConfig
	if kind == "image/jpeg" {
		decode, config = jpeg.Decode, jpeg.DecodeConfig
	}
	if c, err := config(bytes.NewReader(body)); err != nil {
		return fmt.Errorf("is not whole: %w", err)
	} else if c.Width > MaxSide || c.Height > MaxSide {
		return fmt.Errorf("has a side of more than %d pixels", MaxSide)
	}
	if _, err := decode(bytes.NewReader(body)); err != nil {
		return fmt.Errorf("is not whole: %w", err)
	}
	return nil
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
				if name := strings.ToLower(a.Name.Local); strings.HasPrefix(name, "on") || name == "src" || name == "base" ||
					name == "href" && !strings.HasPrefix(a.Value, "#") || !strings.HasPrefix(name, "aria-") && !strings.HasPrefix(name, "data-") && fetches(a.Value) {
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

// calls are the functions in an attribute, with the first character of what they are called with.
var calls = regexp.MustCompile(`([\w-]+)\s*\(\s*(.?)`)

// harmless are functions of colours and of places. What else there is may lead elsewhere, as image-set() does.
var harmless = map[string]bool{"matrix": true, "translate": true, "scale": true, "rotate": true, "skewx": true, "skewy": true,
	"rgb": true, "rgba": true, "hsl": true, "hsla": true}

// fetches is whether an attribute, read as a style, may name something outside the drawing. A style may write any letter as an escape.
func fetches(value string) bool {
	for _, call := range calls.FindAllStringSubmatch(value, -1) {
		if name := strings.ToLower(call[1]); !harmless[name] && (name != "url" || call[2] != "#") {
			return true
		}
	}
	return strings.ContainsAny(value, `\@`) || strings.Contains(strings.ToLower(value), "javascript:")
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
