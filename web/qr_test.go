package web_test

import (
	"bytes"
	"image/png"
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
		image, err := web.QR(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(image) > 1500 {
			t.Errorf("it weighs %d bytes", len(image))
		}
		drawn, err := png.Decode(bytes.NewReader(image))
		if err != nil {
			t.Fatal(err)
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(drawn)
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
