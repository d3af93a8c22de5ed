package web_test

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"parley/web"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// A reader that is not ours reads what was drawn.
func TestQRCodeCanBeRead(t *testing.T) {
	for _, text := range []string{
		"bankid.67df3917-fa0d-44e5-b327-edcc928297f8.0.dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8",
		"bankid.67df3917-fa0d-44e5-b327-edcc928297f8.59.949d559bf23403952a94d103e67743126381eda00f0b3cbddbf7c96b1adcbce2",
	} {
		svg, err := web.QR(text)
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(painted(t, string(svg)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := qrcode.NewQRCodeReader().Decode(bitmap, nil); err != nil || got.GetText() != text {
			t.Errorf("read %v (%v), not %q", got, err, text)
		}
	}
	if _, err := web.QR(strings.Repeat("x", 8000)); err == nil {
		t.Error("a text that no code can hold has one")
	}
}

// painted is the drawing as an image, eight pixels to a module.
func painted(t *testing.T, svg string) image.Image {
	t.Helper()
	const px = 8
	size := regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(svg)
	if size == nil {
		t.Fatalf("no size: %.200s", svg)
	}
	side, _ := strconv.Atoi(size[1])
	img := image.NewGray(image.Rect(0, 0, side*px, side*px))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(svg, -1) {
		var x, y, w int
		if _, err := fmt.Sscan(m[1]+" "+m[2]+" "+m[3], &x, &y, &w); err != nil || m[3] != m[4] {
			t.Fatalf("%q, %v", m[0], err)
		}
		draw.Draw(img, image.Rect(x*px, y*px, (x+w)*px, (y+1)*px), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	return img
}
