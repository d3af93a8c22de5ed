package web

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"parley"
)

// Brand is what a merchant may change of how pages look.
type Brand struct {
	Accent     string // of what can be pressed: "#1f4fd8". Ours when empty
	AccentDark string // the same on dark; made from Accent when empty
	Radius     *int   // of corners, in pixels, 0 to 24; ours when nil
	Logo       []byte // SVG, PNG, JPEG or WebP, at most 64 KiB
}

// Look is how pages look that belong to a merchant. The zero value is ours.
type Look struct {
	Name  string // the merchant's
	Style string // address of a style sheet that changes ours
	Logo  string // address of an image
}

// The papers that an accent must be readable on: those of palette.css.
var (
	lightPaper, darkPaper = rgb{0xfb, 0xfa, 0xf7}, rgb{0x14, 0x1a, 0x17}
	white, night          = rgb{0xff, 0xff, 0xff}, rgb{0x10, 0x13, 0x1c}
)

// readable is the contrast that text needs (WCAG 2.1, 1.4.3).
const readable = 4.5

// NewLook checks a merchant's brand and puts its files where pages find them. Errors are parley.KindInvalid, and say by how much a
// contrast falls short.
func NewLook(files *Files, name string, b Brand) (Look, error) {
	look := Look{Name: name}
	var css strings.Builder
	light, dark := "", ""
	if b.Accent != "" {
		accent, on, err := accentOn("accent", b.Accent, lightPaper)
		if err != nil {
			return look, err
		}
		light += fmt.Sprintf("--press: %s; --on-press: %s; ", accent, on)
		if b.AccentDark == "" {
			b.AccentDark = accent.lightened(darkPaper).String()
		}
	}
	if b.AccentDark != "" {
		accent, on, err := accentOn("accent_dark", b.AccentDark, darkPaper)
		if err != nil {
			return look, err
		}
		dark = fmt.Sprintf("--press: %s; --on-press: %s; ", accent, on)
	}
	if b.Radius != nil {
		if *b.Radius < 0 || *b.Radius > 24 {
			return look, parley.Invalid("radius", "from 0 to 24 pixels")
		}
		light += fmt.Sprintf("--radius: %dpx; ", *b.Radius)
	}
	if light != "" {
		fmt.Fprintf(&css, ":root { %s}\n", light)
	}
	if dark != "" {
		fmt.Fprintf(&css, "@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { %s} }\n:root[data-theme=dark] { %s}\n", dark, dark)
	}
	if css.Len() > 0 {
		look.Style = files.Put("look.css", []byte(css.String()))
	}
	if len(b.Logo) > 0 {
		at, err := PutImage(files, "logo", b.Logo)
		if err != nil {
			return look, err
		}
		look.Logo = at
	}
	return look, nil
}

// PutImage adds an image of a kind that every browser shows. field is what an error is about.
func PutImage(files *Files, field string, image []byte) (string, error) {
	if len(image) > 64<<10 {
		return "", parley.Invalid(field, "larger than 64 KiB")
	}
	ends := map[string]string{"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}[http.DetectContentType(image)]
	if ends == "" && bytes.Contains(image[:min(len(image), 1024)], []byte("<svg")) {
		ends = "svg"
	}
	if ends == "" {
		return "", parley.Invalid(field, "not an SVG, PNG, JPEG or WebP image")
	}
	return files.Put(field+"."+ends, image), nil
}

type rgb struct{ r, g, b uint8 }

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// accentOn reads a colour that is to be read on a paper, and to be written on: it returns what to write with.
func accentOn(field, text string, paper rgb) (accent, on rgb, err error) {
	n, perr := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 24)
	if perr != nil || len(text) != 7 || text[0] != '#' {
		return accent, on, parley.Invalid(field, "not a colour such as #1f4fd8")
	}
	accent = rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}
	if got := contrast(accent, paper); got < readable {
		return accent, on, parley.Invalid(field, fmt.Sprintf("%s on %s has a contrast of %.1f:1, and text needs %.1f:1", accent, paper, got, readable))
	}
	on = white
	if contrast(accent, night) > contrast(accent, white) {
		on = night
	}
	return accent, on, nil
}

// contrast is the ratio of WCAG 2.1, 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.1.
func (c rgb) luminance() float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// lightened is the colour with as much white in it as the paper asks for.
func (c rgb) lightened(paper rgb) rgb {
	mix := func(v uint8, share int) uint8 { return uint8(int(v) + (255-int(v))*share/100) }
	for share := range 100 {
		if lighter := (rgb{mix(c.r, share), mix(c.g, share), mix(c.b, share)}); contrast(lighter, paper) >= readable+1 {
			return lighter
		}
	}
	return white
}
