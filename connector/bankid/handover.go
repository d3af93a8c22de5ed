package bankid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"parley/connector"
)

// shown is how long a QR code is shown for an order. BankID waits 30 s for the app, and then says so the next time that it is asked: a code
// that opens nothing is shown for a moment, rather than none. When BankID does not answer, there is nothing to show.
const shown = 40 * time.Second

// HandOver is the way to the app, for this second.
func (c *Connector) HandOver(kept json.RawMessage, now time.Time) connector.HandOver {
	var s session
	if json.Unmarshal(kept, &s) != nil {
		return connector.HandOver{Hint: connector.HintWaiting}
	}
	h := connector.HandOver{Hint: s.Hint}
	if s.Order == "" || s.Hint != connector.HintWaiting && s.Hint != connector.HintNoClient {
		return h // the app has been opened, or there is nothing to open it for
	}
	// BankID brings the browser back by the returnUrl of the order, and the link says so: redirect=null.
	h.SameDevice = c.cfg.App + "?autostarttoken=" + url.QueryEscape(s.AutoStart) + "&redirect=null"
	if since := max(now.Sub(s.At), 0); since < shown {
		second := since.Truncate(time.Second)
		h.QR, h.QRFor = qr(s.QRToken, s.QRSecret, int(second/time.Second)), second+time.Second-since
	}
	return h
}

// qr is the text of the QR code so many seconds after the order began.
func qr(token, secret string, seconds int) string {
	t := strconv.Itoa(seconds)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t))
	return "bankid." + token + "." + t + "." + hex.EncodeToString(mac.Sum(nil))
}
