package app

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"parley"
)

// What a picture may be, and what becomes of it. Memory is bounded by the pixels: the dearest picture that is let through takes some 350 MB while
// it is decoded.
const (
	pictureBytes   = 10 << 20
	picturePixels  = 40_000_000 // half of them with 16 bits a channel, or four channels of ink
	pictureSide    = 12_000
	pictureLongest = 1600 // of what is kept
	pictureQuality = 82
	jpegScans      = 100     // each is a walk over the whole picture, and can be a few bytes
	jpegBlocks     = 1 << 20 // of coefficients that a progressive JPEG has us keep, 256 bytes each
)

// wrongPicture is a mistake in what was sent as a picture.
func wrongPicture(message string) error { return parley.Invalid("picture", message) }

var (
	errNoPicture = wrongPicture("is not a JPEG, PNG, GIF or WebP picture")
	errHuge      = wrongPicture(fmt.Sprintf("has more than %d million pixels, or a side of more than %d", picturePixels/1_000_000, pictureSide))
	errDamaged   = wrongPicture("is damaged")
	errComplex   = wrongPicture("is encoded in too many parts")
)

// codec is a way in which pictures come.
type codec struct {
	magic  string // ? is any byte
	config func(*bytes.Reader) (image.Config, error)
	decode func(*bytes.Reader) (image.Image, error)
}

// codecs are told apart by how a file begins, and never by what was said of it. The list of the standard library is not asked: it has whatever
// any package of the program has put into it.
var codecs = []codec{
	{"\xff\xd8\xff", func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }},
	{"\x89PNG\r\n\x1a\n", func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }},
	// gif.Decode reads the first picture of several, and no further.
	{"GIF8?a", func(r *bytes.Reader) (image.Config, error) { return gif.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return gif.Decode(r) }},
	{"RIFF????WEBPVP8", func(r *bytes.Reader) (image.Config, error) { return webp.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return webp.Decode(r) }},
}

func (c codec) begins(raw []byte) bool {
	if len(raw) < len(c.magic) {
		return false
	}
	for i := range len(c.magic) {
		if c.magic[i] != '?' && c.magic[i] != raw[i] {
			return false
		}
	}
	return true
}

// encodeAnew makes a JPEG of our own of a picture that somebody sent: upright, no side longer than 1600, on white where it is transparent. Nothing
// but what is to be seen goes over: no place, no camera, no profile, no comment, nothing that stood behind the picture. How large it is, is read
// before anything is decoded. Errors are parley.KindInvalid, about the field "picture".
func encodeAnew(raw []byte) (out []byte, err error) {
	// The decoders are fed by strangers. Should one of them trip, it is over that picture alone.
	defer func() {
		if recover() != nil {
			out, err = nil, errDamaged
		}
	}()
	for _, c := range codecs {
		if !c.begins(raw) {
			continue
		}
		size, err := c.config(bytes.NewReader(raw))
		if err != nil || size.Width <= 0 || size.Height <= 0 {
			return nil, errDamaged
		}
		pixels := int64(size.Width) * int64(size.Height)
		switch size.ColorModel {
		case color.RGBA64Model, color.NRGBA64Model, color.Gray16Model, color.CMYKModel:
			pixels *= 2
		}
		if size.Width > pictureSide || size.Height > pictureSide || pixels > picturePixels {
			return nil, errHuge
		}
		up := 1
		if c.magic[0] == '\xff' {
			facts := walkJPEG(raw)
			if facts.scans > jpegScans || facts.blocks > jpegBlocks {
				return nil, errComplex
			}
			up = facts.up
		}
		m, err := c.decode(bytes.NewReader(raw))
		if err != nil {
			return nil, errDamaged
		}
		if m.Bounds().Empty() {
			return nil, errDamaged
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, upright(shrink(m, pictureLongest), up), &jpeg.Options{Quality: pictureQuality}); err != nil {
			return nil, fmt.Errorf("encode a picture: %w", err)
		}
		return b.Bytes(), nil
	}
	return nil, errNoPicture
}

// shrink makes a picture so small that no side is longer than most, on white. Each new pixel is the mean of what it covers of the old ones, in
// whole numbers: as many as the old picture has a side lie on each new one's, as many as the new picture has on each old one's.
func shrink(src image.Image, most int) *image.RGBA {
	from := src.Bounds()
	sw, sh := from.Dx(), from.Dy()
	w, h := sw, sh
	if longest := max(sw, sh); longest > most {
		w, h = max(1, (sw*most+longest/2)/longest), max(1, (sh*most+longest/2)/longest)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	line := image.NewRGBA(image.Rect(0, 0, sw, 1))
	narrow, sum := make([]uint64, 3*w), make([]uint64, 3*w) // a line of the old picture, and a line of the new one so far
	area := uint64(sw) * uint64(sh)
	y, down := 0, sh // the line of the new picture, and how much of it is still to be covered
	for sy := range sh {
		draw.Draw(line, line.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(line, line.Rect, src, image.Pt(from.Min.X, from.Min.Y+sy), draw.Over)
		clear(narrow)
		x, across := 0, sw
		for sx := range sw {
			p := line.Pix[4*sx : 4*sx+3]
			for left := w; left > 0; {
				n := min(left, across)
				for c, v := range p {
					narrow[3*x+c] += uint64(n) * uint64(v)
				}
				if left, across = left-n, across-n; across == 0 {
					x, across = x+1, sw
				}
			}
		}
		for left := h; left > 0; {
			n := min(left, down)
			for i, v := range narrow {
				sum[i] += uint64(n) * v
			}
			if left, down = left-n, down-n; down == 0 {
				for i := range w {
					p := out.Pix[out.PixOffset(i, y):]
					for c := range 3 {
						p[c] = uint8((sum[3*i+c] + area/2) / area)
					}
					p[3] = 0xff
				}
				clear(sum)
				y, down = y+1, sh
			}
		}
	}
	return out
}

// upright turns a picture as its EXIF orientation says (TIFF 6.0, tag 274): which side of what is seen the first line and the first column are.
func upright(m *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	tw, th := w, h
	if orientation >= 5 {
		tw, th = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, tw, th))
	for y := range th {
		for x := range tw {
			var sx, sy int
			switch orientation {
			case 2:
				sx, sy = w-1-x, y
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sx, sy = x, h-1-y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], m.Pix[m.PixOffset(sx, sy):])
		}
	}
	return out
}

// jpegFacts are what we want to know of a JPEG before it is decoded, and the decoder does not say.
type jpegFacts struct {
	up     int // the EXIF orientation: 1 to 8
	scans  int
	blocks int // of coefficients that are kept until all scans have been read: none unless it is progressive
}

// walkJPEG walks over the segments of a JPEG (ITU-T T.81 annex B) as the decoder does. What it cannot read, the decoder refuses.
func walkJPEG(raw []byte) jpegFacts {
	facts := jpegFacts{up: 1}
	exif := false
	for at := 2; ; {
		skip := bytes.IndexByte(raw[at:], 0xff) // over the scan that came before
		if skip < 0 {
			return facts
		}
		for at += skip; at < len(raw) && raw[at] == 0xff; at++ {
		}
		if at >= len(raw) {
			return facts
		}
		marker := raw[at]
		at++
		switch {
		case marker == 0xd9: // the end
			return facts
		case marker == 0x00, marker >= 0xd0 && marker <= 0xd8: // stuffing, restarts: within a scan
			continue
		}
		if at+2 > len(raw) {
			return facts
		}
		length := int(binary.BigEndian.Uint16(raw[at:]))
		if length < 2 || at+length > len(raw) {
			return facts
		}
		segment := raw[at+2 : at+length]
		at += length
		switch marker {
		case 0xda:
			facts.scans++
		case 0xc2:
			facts.blocks += coefficients(segment)
		case 0xe1:
			if tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && !exif {
				exif = true
				if up, err := orientation(tiff); err == nil {
					facts.up = up
				}
			}
		}
	}
}

// coefficients is how many blocks a frame has, by its header (T.81 B.2.2): of each component as many as fill whole units of all of them.
func coefficients(frame []byte) (blocks int) {
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return 0
	}
	h, w, parts := int(binary.BigEndian.Uint16(frame[1:])), int(binary.BigEndian.Uint16(frame[3:])), frame[6:6+3*int(frame[5])]
	most := [2]int{1, 1}
	each := 0
	for i := 0; i < len(parts); i += 3 {
		across, down := int(parts[i+1]>>4), int(parts[i+1]&15)
		most[0], most[1] = max(most[0], across), max(most[1], down)
		each += across * down
	}
	return each * ((w + 8*most[0] - 1) / (8 * most[0])) * ((h + 8*most[1] - 1) / (8 * most[1]))
}

var errNoOrientation = errors.New("no orientation")

// orientation reads it out of what EXIF keeps, which is a TIFF (TIFF 6.0 §2): a header, and at the offset that it names a directory.
func orientation(tiff []byte) (int, error) {
	if len(tiff) < 8 {
		return 0, errNoOrientation
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if order.Uint16(tiff[2:]) != 42 || at+2 > int64(len(tiff)) {
		return 0, errNoOrientation
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			break
		}
		const tag, short = 274, 3
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v, nil
			}
			break
		}
		entries = entries[12:]
	}
	return 0, errNoOrientation
}
