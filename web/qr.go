package web

import (
	"fmt"

	"rsc.io/qr"
)

// QR is a QR code as a PNG image with its quiet zone, black on white in any scheme: an app's camera reads it, not a person. It is small,
// because a page may ask for another each second.
func QR(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	code.Scale = 2 // a browser draws it larger, without smoothing
	return code.PNG(), nil
}
