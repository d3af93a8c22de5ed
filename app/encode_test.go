package app

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"parley"
)

// The pictures in testdata are of the Go project: what Go reads and does not write.

var (
	red    = color.RGBA{0xe0, 0x10, 0x10, 0xff}
	green  = color.RGBA{0x10, 0xa0, 0x10, 0xff}
	blue   = color.RGBA{0x10, 0x10, 0xe0, 0xff}
	yellow = color.RGBA{0xf0, 0xe0, 0x10, 0xff}
)

// quarters is a picture with a colour in each corner: top left, top right, bottom left, bottom right.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, [][]color.RGBA{{red, green}, {blue, yellow}}[y*2/h][x*2/w])
		}
	}
	return m
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment is a segment of a JPEG.
func segment(marker byte, body string) string {
	return string([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}) + body
}

// withSegments puts segments at the beginning of a JPEG.
func withSegments(raw []byte, segments ...string) []byte {
	return slices.Concat(raw[:2], []byte(strings.Join(segments, "")), raw[2:])
}

// exif is a segment with an orientation, in either byte order, between other things: a camera, and a place in a directory of its own.
func exif(order binary.AppendByteOrder, orientation int) string {
	b := []byte("MM")
	if order.String() == "LittleEndian" {
		b = []byte("II")
	}
	entry := func(tag, kind uint16, count, value uint32) {
		b = order.AppendUint16(order.AppendUint16(b, tag), kind)
		b = order.AppendUint32(order.AppendUint32(b, count), value)
	}
	b = order.AppendUint32(order.AppendUint16(b, 42), 8)
	b = order.AppendUint16(b, 3)
	entry(0x010f, 2, 12, 100) // the camera's maker
	b = order.AppendUint16(order.AppendUint16(b, 0x0112), 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(order.AppendUint16(b, uint16(orientation)), 0)
	entry(0x8825, 4, 1, 112) // the place
	b = order.AppendUint32(b, 0)
	b = append(b, make([]byte, 100-len(b))...)
	b = append(b, "Spy-o-matic\x00"...)
	b = order.AppendUint16(b, 2)
	entry(1, 2, 2, 0x4e000000)
	entry(0x1d, 2, 11, 150)
	b = append(b, make([]byte, 150-len(b))...)
	b = append(b, "1999:12:31\x00GPS 59.3293 N 18.0686 E"...)
	return segment(0xe1, "Exif\x00\x00"+string(b))
}

// seen is a picture that was made, and must be one that our encoder makes.
func seen(t *testing.T, out []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(t *testing.T, what string, got color.Color, want color.RGBA) {
	t.Helper()
	r, g, b, _ := got.RGBA()
	for _, d := range []int{int(r>>8) - int(want.R), int(g>>8) - int(want.G), int(b>>8) - int(want.B)} {
		if d < -24 || d > 24 {
			t.Errorf("%s is %v, not %v", what, got, want)
			return
		}
	}
}

func TestAPictureIsTurnedUpright(t *testing.T) {
	// Which side of what is seen the first line is, and the first column (TIFF 6.0, Orientation).
	sides := map[int][2]string{1: {"top", "left"}, 2: {"top", "right"}, 3: {"bottom", "right"}, 4: {"bottom", "left"}, 5: {"left", "top"}, 6: {"right", "top"}, 7: {"right", "bottom"}, 8: {"left", "bottom"}}
	other := map[string]string{"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
	raw := asJPEG(t, quarters(80, 48))
	for orientation, side := range sides {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			t.Run(fmt.Sprint(orientation, order), func(t *testing.T) {
				out, err := encodeAnew(withSegments(raw, segment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"), exif(order, orientation)))
				m := seen(t, out, err)
				w, h := 80, 48
				if orientation >= 5 {
					w, h = 48, 80
				}
				if m.Bounds().Dx() != w || m.Bounds().Dy() != h {
					t.Fatalf("it is %v", m.Bounds())
				}
				at := func(a, b string) color.Color { // the middle of a quarter
					x, y := w/4, h/4
					if a == "right" || b == "right" {
						x = w * 3 / 4
					}
					if a == "bottom" || b == "bottom" {
						y = h * 3 / 4
					}
					return m.At(x, y)
				}
				near(t, "the first line's beginning", at(side[0], side[1]), red)
				near(t, "the first line's end", at(side[0], other[side[1]]), green)
				near(t, "the last line's beginning", at(other[side[0]], side[1]), blue)
				near(t, "the last line's end", at(other[side[0]], other[side[1]]), yellow)
			})
		}
	}
}

func TestAnOrientationThatCannotBeReadTurnsNothing(t *testing.T) {
	raw := asJPEG(t, quarters(80, 48))
	cut := exif(binary.BigEndian, 6)
	for what, more := range map[string][]string{
		"none":                   nil,
		"zero":                   {exif(binary.BigEndian, 0)},
		"nine":                   {exif(binary.BigEndian, 9)},
		"no TIFF":                {segment(0xe1, "Exif\x00\x00")},
		"another number":         {segment(0xe1, "Exif\x00\x00MM\x00\x2b\x00\x00\x00\x08\x00\x01")},
		"a directory nowhere":    {segment(0xe1, "Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff\x00\x01")},
		"a directory at the end": {segment(0xe1, "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08")},
		"a directory cut short":  {segment(0xe1, cut[4:4+6+8+2+12+6])},
		"in an XMP":              {segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+cut[10:])},
		"the second one":         {exif(binary.BigEndian, 1), exif(binary.BigEndian, 6)},
	} {
		out, err := encodeAnew(withSegments(raw, more...))
		if m := seen(t, out, err); m.Bounds().Dx() != 80 {
			t.Errorf("%s: it was turned", what)
		}
	}
}

// chunk is a chunk of a PNG.
func chunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(b, kind+body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// withChunks puts chunks behind the header of a PNG.
func withChunks(raw []byte, chunks ...[]byte) []byte {
	return slices.Concat(raw[:33], slices.Concat(chunks...), raw[33:])
}

// riff is a WebP with chunks that stand around the picture in another one.
func riff(t *testing.T, raw []byte, w, h int, after string) []byte {
	t.Helper()
	vp8x := []byte{0x08 | 0x04, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0} // with EXIF and XMP
	part := func(kind, body string) string {
		b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
		return string(b) + body + strings.Repeat("\x00", len(body)%2)
	}
	body := "WEBP" + part("VP8X", string(vp8x)) + string(raw[12:]) + part("EXIF", after) + part("XMP ", after)
	return []byte("RIFF" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body)
}

// Whatever a picture brings along stays behind: where it was taken, by what, for whom, and other files that it is at the same time.
func TestNothingButWhatIsToBeSeenGoesOver(t *testing.T) {
	m := quarters(64, 64)
	secret := "GPS 59.3293 N 18.0686 E <script>alert(1)</script> PK\x03\x04 %PDF-1.7"
	html := "\n<!doctype html><html><script>alert(1)</script></html>"
	var animated bytes.Buffer
	flat := image.NewPaletted(image.Rect(0, 0, 8, 8), palette.Plan9)
	if err := gif.EncodeAll(&animated, &gif.GIF{Image: []*image.Paletted{flat, flat}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	comment := "\x21\xfe" + string(rune(len(secret))) + secret + "\x00"
	head := len("GIF89a") + 7 // colours stand with each frame
	lossy, err := os.ReadFile("testdata/pictures/blue-purple-pink.lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	size, err := codecs[3].config(bytes.NewReader(lossy))
	if err != nil {
		t.Fatal(err)
	}
	for what, raw := range map[string][]byte{
		"jpeg": append(withSegments(asJPEG(t, m), exif(binary.BigEndian, 1), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"+secret), segment(0xe2, "ICC_PROFILE\x00\x01\x01"+secret),
			segment(0xed, "Photoshop 3.0\x00"+secret), segment(0xfe, secret)), secret+html...),
		"png": append(withChunks(asPNG(t, m), chunk("tEXt", "Comment\x00"+secret), chunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+secret), chunk("eXIf", "MM\x00\x2a"+secret), chunk("iCCP", "ICC_PROFILE\x00\x00"+secret)),
			secret+html...),
		"gif":  []byte(animated.String()[:head] + comment + animated.String()[head:] + secret + html),
		"webp": append(riff(t, lossy, size.Width, size.Height, secret), secret+html...),
	} {
		t.Run(what, func(t *testing.T) {
			if !bytes.Contains(raw, []byte(secret)) {
				t.Fatal("there is nothing in it to be lost")
			}
			out, err := encodeAnew(raw)
			seen(t, out, err)
			for _, word := range []string{"GPS", "59.3293", "Exif", "Spy", "1999", "adobe", "xmp", "ICC", "Photoshop", "script", "html", "PK\x03\x04", "PDF", "MM\x00"} {
				if bytes.Contains(out, []byte(word)) {
					t.Errorf("%q is still in it", word)
				}
			}
			if marks := markers(t, out); marks != "db c0 c4 da" {
				t.Errorf("it has other segments than a picture needs: %s", marks)
			}
		})
	}
}

// markers are the segments of a JPEG until its scan, which must end with it.
func markers(t *testing.T, raw []byte) string {
	t.Helper()
	var out []string
	for at := 2; ; {
		mark := raw[at+1]
		out = append(out, fmt.Sprintf("%02x", mark))
		at += 2 + int(binary.BigEndian.Uint16(raw[at+2:]))
		if mark == 0xda {
			if end := bytes.Index(raw, []byte{0xff, 0xd9}); end != len(raw)-2 {
				t.Errorf("the picture ends at %d of %d", end, len(raw))
			}
			return strings.Join(out, " ")
		}
	}
}

func TestEveryKindOfPictureIsTaken(t *testing.T) {
	m := quarters(64, 40)
	deep, grey := image.NewNRGBA64(m.Rect), image.NewGray16(m.Rect)
	flat := image.NewPaletted(m.Rect, palette.WebSafe)
	for y := range 40 {
		for x := range 64 {
			deep.Set(x, y, m.At(x, y))
			grey.Set(x, y, m.At(x, y))
			flat.Set(x, y, m.At(x, y))
		}
	}
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, m, nil); err != nil {
		t.Fatal(err)
	}
	for what, raw := range map[string][]byte{"jpeg": asJPEG(t, m), "png": asPNG(t, m), "deep png": asPNG(t, deep), "flat png": asPNG(t, flat), "gif": asGIF.Bytes()} {
		out, err := encodeAnew(raw)
		got := seen(t, out, err)
		if got.Bounds() != m.Rect {
			t.Errorf("%s: it is %v", what, got.Bounds())
		}
		near(t, what+", top left", got.At(16, 10), red)
		near(t, what+", bottom right", got.At(48, 30), yellow)
	}
	out, err := encodeAnew(asPNG(t, grey))
	seen(t, out, err)
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out, err := encodeAnew(raw)
		got := seen(t, out, err)
		if got.Bounds().Dx() < 75 || got.Bounds().Dy() < 100 {
			t.Errorf("%s: it is %v", f, got.Bounds())
		}
		again, err := encodeAnew(out)
		if seen(t, again, err).Bounds() != got.Bounds() {
			t.Errorf("%s: it is another size the second time", f)
		}
	}
}

func TestWhatIsTransparentIsWhite(t *testing.T) {
	clear := image.NewNRGBA(image.Rect(0, 0, 32, 16)) // black where it can be seen through
	half := image.NewNRGBA(clear.Rect)
	for i := range half.Pix {
		half.Pix[i] = [4]uint8{0, 0, 0, 0x80}[i%4]
	}
	hole := image.NewPaletted(clear.Rect, color.Palette{color.RGBA{}, red})
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, hole, nil); err != nil {
		t.Fatal(err)
	}
	white := color.RGBA{0xff, 0xff, 0xff, 0xff}
	for what, c := range map[string]struct {
		raw  []byte
		want color.RGBA
	}{"png": {asPNG(t, clear), white}, "half a png": {asPNG(t, half), color.RGBA{0x7f, 0x7f, 0x7f, 0xff}}, "flat png": {asPNG(t, hole), white}, "gif": {asGIF.Bytes(), white}} {
		out, err := encodeAnew(c.raw)
		near(t, what, seen(t, out, err).At(8, 8), c.want)
	}
	for _, name := range []string{"gopher-doc.with-alpha.lossless.webp", "yellow_rose.lossy-with-alpha.webp"} {
		raw, err := os.ReadFile("testdata/pictures/" + name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := encodeAnew(raw)
		near(t, name, seen(t, out, err).At(1, 1), white)
	}
}

func TestAPictureIsMadeSmall(t *testing.T) {
	for _, c := range []struct{ w, h, sw, sh int }{
		{1, 1, 1, 1}, {1600, 1600, 1600, 1600}, {1601, 1, 1600, 1}, {3200, 1000, 1600, 500}, {1000, 3200, 500, 1600}, {12000, 1, 1600, 1}, {1, 12000, 1, 1600}, {12000, 3, 1600, 1}, {2401, 1601, 1600, 1067},
	} {
		out, err := encodeAnew(asPNG(t, image.NewGray(image.Rect(0, 0, c.w, c.h))))
		if got := seen(t, out, err).Bounds(); got.Dx() != c.sw || got.Dy() != c.sh {
			t.Errorf("%d × %d became %v", c.w, c.h, got)
		}
	}
	// Each pixel is the mean of what it covers, also in part.
	line := image.NewGray(image.Rect(3, 5, 6, 6)) // not at the origin
	copy(line.Pix, []uint8{0, 90, 240})
	small := shrink(line, 2)
	for x, want := range []uint8{30, 190} { // (0 + 90/2) / 1.5, (90/2 + 240) / 1.5
		if p := small.RGBAAt(x, 0); p != (color.RGBA{want, want, want, 0xff}) {
			t.Errorf("pixel %d is %v, not %d", x, p, want)
		}
	}
	column := image.NewGray(image.Rect(0, 0, 1, 3))
	copy(column.Pix, line.Pix)
	if small := shrink(column, 2); small.RGBAAt(0, 0).R != 30 || small.RGBAAt(0, 1).G != 190 {
		t.Errorf("%v", small.Pix)
	}
	m := quarters(30, 20)
	if same := shrink(m, 30); !bytes.Equal(same.Pix, m.Pix) {
		t.Error("a picture that is small enough was changed")
	}
}

// allocated is how much memory was taken while f ran.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func pngHeader(w, h uint32, depth, kind byte) []byte {
	body := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", string(append(body, depth, kind, 0, 0, 0))), chunk("IDAT", "x"))
}

func frameHeader(marker byte, w, h int, sampling ...byte) []byte {
	body := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(len(sampling))}
	for i, s := range sampling {
		body = append(body, byte(i+1), s, 0)
	}
	return append([]byte("\xff\xd8"+segment(marker, string(body))), "\xff\xda\x00\x02"...)
}

func webpHeader(w, h int) []byte {
	return []byte("RIFF\xff\xff\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00" + string([]byte{byte(w - 1), byte((w - 1) >> 8), byte((w - 1) >> 16), byte(h - 1), byte((h - 1) >> 8), byte((h - 1) >> 16)}) + "VP8 \x00\x01\x00\x00")
}

// A picture that would be large is refused for what its header says, before anything is made of it.
func TestAPictureThatWouldBeLargeIsNotDecoded(t *testing.T) {
	for what, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"png, larger than any":         {pngHeader(1<<31-1, 1<<31-1, 8, 6), errDamaged},
		"png, 2500 million pixels":     {pngHeader(50000, 50000, 8, 6), errHuge},
		"png, a long side":             {pngHeader(12001, 1, 8, 6), errHuge},
		"png, a high side":             {pngHeader(1, 12001, 8, 6), errHuge},
		"png, some pixels too many":    {pngHeader(8000, 5001, 8, 2), errHuge},
		"png, deep":                    {pngHeader(5000, 4001, 16, 6), errHuge},
		"jpeg, 4295 million pixels":    {frameHeader(0xc0, 65535, 65535, 0x22, 0x11, 0x11), errHuge},
		"jpeg, four inks":              {frameHeader(0xc0, 5000, 4001, 0x11, 0x11, 0x11, 0x11), errHuge},
		"jpeg, progressive, no chroma": {frameHeader(0xc2, 12000, 3333, 0x11), errDamaged}, // let through: 625 000 blocks
		"jpeg, progressive, full":      {frameHeader(0xc2, 6000, 6000, 0x11, 0x11, 0x11), errComplex},
		"gif, 4295 million pixels":     {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x08"), errHuge},
		"gif, a frame beyond it":       {[]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x08\x00"), errDamaged},
		"webp, 268 million pixels":     {webpHeader(16384, 16384), errHuge},
		"webp, larger than any":        {webpHeader(1<<24, 1<<24), errDamaged},
	} {
		var err error
		n := allocated(func() { _, err = encodeAnew(c.raw) })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if n > 1<<20 {
			t.Errorf("%s: %d bytes were taken", what, n)
		}
	}
}

// The size that a WebP says it has is the one that it is decoded with.
func TestAWebPDoesNotHideALargerPicture(t *testing.T) {
	lossy, err := os.ReadFile("testdata/pictures/blue-purple-pink.lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := encodeAnew(riff(t, lossy, 1, 1, "")); !errors.Is(err, errDamaged) {
		t.Error(err)
	}
	lossless := []byte("RIFF\x20\x00\x00\x00WEBPVP8L\x14\x00\x00\x00\x2f\xff\xff\xff\x0f")
	if _, err := encodeAnew(append(lossless, make([]byte, 15)...)); !errors.Is(err, errHuge) {
		t.Error(err)
	}
}

func TestOnlyTheFirstFrameOfManyIsDecoded(t *testing.T) {
	first, last := image.NewPaletted(image.Rect(0, 0, 1000, 800), color.Palette{red, blue}), image.NewPaletted(image.Rect(0, 0, 1000, 800), color.Palette{red, blue})
	for i := range last.Pix {
		last.Pix[i] = 1
	}
	g := &gif.GIF{Image: []*image.Paletted{first}, Delay: []int{1}}
	for range 200 {
		g.Image, g.Delay = append(g.Image, last), append(g.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	var out []byte
	var err error
	if n := allocated(func() { out, err = encodeAnew(b.Bytes()) }); n > 50<<20 { // 160 MB if all were
		t.Errorf("%d bytes were taken", n)
	}
	near(t, "what is seen", seen(t, out, err).At(500, 400), red)
}

// A scan of a progressive JPEG can be a few bytes, and is a walk over the whole picture.
func TestAJPEGOfManyScansIsRefused(t *testing.T) {
	raw, err := os.ReadFile("testdata/pictures/video-001.q50.420.progressive.jpeg")
	if err != nil {
		t.Fatal(err)
	}
	facts := walkJPEG(raw)
	if facts.scans < 4 || facts.scans > 20 || facts.blocks != 2*(10*7)*3 { // 150 × 103: ten by seven units of 16 × 16, of six blocks each
		t.Errorf("%+v", facts)
	}
	last := bytes.LastIndex(raw, []byte{0xff, 0xda})
	end := bytes.LastIndex(raw, []byte{0xff, 0xd9})
	many := func(n int) []byte {
		return slices.Concat(raw[:end], bytes.Repeat(raw[last:end], n), raw[end:])
	}
	if got := walkJPEG(many(90)).scans; got != facts.scans+90 {
		t.Errorf("%d scans are seen, not %d", got, facts.scans+90)
	}
	if _, err := encodeAnew(many(100)); !errors.Is(err, errComplex) {
		t.Error(err)
	}
	// What stands in segments, and behind the picture, is no scan of it.
	if got := walkJPEG(append(withSegments(raw, segment(0xe2, strings.Repeat("\xff\xda\x00\x02", 200))), bytes.Repeat([]byte("\xff\xda\x00\x02"), 200)...)).scans; got != facts.scans {
		t.Errorf("%d scans are seen, not %d", got, facts.scans)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	for what, raw := range map[string]string{
		"nothing": "", "text": "hello", "svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`,
		"xml": `<?xml version="1.0"?><svg/>`, "html": "<!doctype html><script>alert(1)</script>", "pdf": "%PDF-1.7", "zip": "PK\x03\x04", "bmp": "BM\x00\x00", "tiff": "MM\x00\x2a\x00\x00\x00\x08",
		"ico": "\x00\x00\x01\x00", "heic": "\x00\x00\x00\x18ftypheic", "avif": "\x00\x00\x00\x18ftypavif", "gif of another year": "GIF88", "wav": "RIFF\x00\x00\x00\x00WAVEfmt ", "half a magic": "\x89PNG",
		"html before a picture": "<html>" + string(asPNG(t, quarters(8, 8))),
	} {
		if _, err := encodeAnew([]byte(raw)); !errors.Is(err, errNoPicture) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, raw := range map[string]string{"gif of html": "GIF89a\x01\x00\x01\x00<script>alert(1)</script>", "jpeg of html": "\xff\xd8\xff<script>alert(1)</script>", "png of html": "\x89PNG\r\n\x1a\n<script>",
		"webp of html": "RIFF<scrWEBPVP8 <script>alert(1)</script>", "an empty gif": "GIF89a\x00\x00\x00\x00\x00\x00\x00;"} {
		if _, err := encodeAnew([]byte(raw)); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAPictureThatBreaksOffIsRefused(t *testing.T) {
	m := quarters(200, 120)
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, m, nil); err != nil {
		t.Fatal(err)
	}
	lossy, err := os.ReadFile("testdata/pictures/blue-purple-pink.lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	for what, raw := range map[string][]byte{"jpeg": asJPEG(t, m), "png": asPNG(t, m), "gif": asGIF.Bytes(), "webp": lossy} {
		for tenth := 1; tenth < 8; tenth++ {
			if _, err := encodeAnew(raw[:len(raw)*tenth/10]); !errors.Is(err, errDamaged) {
				t.Errorf("%s, %d tenths of it: %v", what, tenth, err)
			}
		}
	}
}

func FuzzEncodeAnew(f *testing.F) {
	m := quarters(24, 16)
	f.Add(asPNG(f, m))
	f.Add(withSegments(asJPEG(f, m), exif(binary.LittleEndian, 6)))
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, m, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(asGIF.Bytes())
	files, _ := filepath.Glob("testdata/pictures/*")
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		out, err := encodeAnew(raw)
		if err != nil {
			if e, ok := errors.AsType[*parley.Error](err); !ok || e.Kind != parley.KindInvalid || e.Field != "picture" || out != nil {
				t.Fatal(err)
			}
			return
		}
		size, err := jpeg.DecodeConfig(bytes.NewReader(out))
		if err != nil || size.Width > pictureLongest || size.Height > pictureLongest || size.Width < 1 || size.Height < 1 {
			t.Fatalf("%+v, %v", size, err)
		}
		markers(t, out)
	})
}
