package sim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bankIDOrder is one order.
//
//	pending ──the app opens it──▶ pending, started ──the person signs──▶ complete
//	   └──nobody comes in 30 s──▶ failed, startFailed
//	            └──nobody signs in 3 min──▶ failed, expiredTransaction
//	                                └──the person cancels──▶ failed, userCancel
//
// Once its end was told there is no such order any more.
type bankIDOrder struct {
	ref, autoStart, qrToken, qrSecret string
	app                               string // by which the app's own page knows it
	number                            string // the only one who may sign; empty for anybody
	visible, back, device             string
	state, hint                       string
	at, opened, collected             time.Time
	person                            OpenIDPerson
	sameDevice                        bool
	told                              bool // how it ended
	lost                              bool // that answer will not have arrived
}

const (
	bankIDPending  = "pending"
	bankIDComplete = "complete"
	bankIDFailed   = "failed"

	bankIDUnopened = 30 * time.Second
	bankIDUnsigned = 3 * time.Minute
	bankIDStale    = 5 // seconds that a QR code may be old
)

// BankIDOrder is an order as its person sees it in the app, and as a test does.
type BankIDOrder struct {
	Ref         string // orderRef
	State, Hint string // as collect tells them
	Visible     string // what the person reads in the app
	Number      string // the only one who may sign; empty for anybody
	ReturnURL   string // where the app sends the browser when it was opened on the same device
}

func (o *bankIDOrder) view() BankIDOrder {
	return BankIDOrder{o.ref, o.state, o.hint, o.visible, o.number, o.back}
}

func (o *bankIDOrder) end(state, hint string) {
	if o.state == bankIDPending {
		o.state, o.hint = state, hint
	}
}

// is reports whether the order is this person's, as far as is known.
func (o *bankIDOrder) is(number string) bool { return o.number == number || o.person.SSN == number }

func bankIDUUID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// begin makes an order, and has the person act when they do so by themselves. The lock is held.
func (b *BankID) begin(number, visible, back, ip string) *bankIDOrder {
	o := &bankIDOrder{ref: bankIDUUID(), autoStart: bankIDUUID(), qrToken: bankIDUUID(), qrSecret: bankIDUUID(), app: operatorSecret(), number: number, visible: visible,
		back: back, device: ip, state: bankIDPending, hint: "outstandingTransaction", at: b.opt.Now()}
	b.orders = operatorKeep(b.orders, o)
	switch b.opt.Auto {
	case "approve":
		if err := b.sign(o, b.opt.AutoPerson); err != nil {
			o.end(bankIDFailed, "certificateErr") // there is nobody of that number
		}
	case "deny":
		o.end(bankIDFailed, "userCancel")
	}
	return o
}

// aged is the order's state at this moment. The lock is held.
func (b *BankID) aged(o *bankIDOrder) string {
	switch now := b.opt.Now(); {
	case o.opened.IsZero() && now.Sub(o.at) > bankIDUnopened:
		o.end(bankIDFailed, "startFailed")
	case !o.opened.IsZero() && now.Sub(o.opened) > bankIDUnsigned:
		o.end(bankIDFailed, "expiredTransaction")
	}
	return o.state
}

// find is the newest order of which is holds. The lock is held.
func (b *BankID) find(is func(*bankIDOrder) bool) *bankIDOrder {
	for _, o := range slices.Backward(b.orders) {
		if is(o) {
			return o
		}
	}
	return nil
}

// open has the app open an order. The lock is held.
func (b *BankID) open(o *bankIDOrder) error {
	switch {
	case o == nil:
		return refusal{key: "bankid.no.order"}
	case b.aged(o) != bankIDPending:
		return refusal{key: "bankid.over"}
	}
	if o.opened.IsZero() {
		o.opened, o.hint = b.opt.Now(), "started"
		if o.number != "" {
			o.hint = "userSign"
		}
	}
	return nil
}

// scan finds the order of a QR code, if the code is of this moment. The lock is held.
func (b *BankID) scan(qr string) (*bankIDOrder, error) {
	parts := strings.Split(strings.TrimSpace(qr), ".")
	if len(parts) != 4 || parts[0] != "bankid" {
		return nil, refusal{key: "bankid.no.code"}
	}
	o := b.find(func(o *bankIDOrder) bool { return o.qrToken == parts[1] })
	if o == nil {
		return nil, b.open(nil)
	}
	mac := hmac.New(sha256.New, []byte(o.qrSecret))
	mac.Write([]byte(parts[2]))
	if hex.EncodeToString(mac.Sum(nil)) != parts[3] {
		return nil, refusal{key: "bankid.forged.code"}
	}
	shown, err := strconv.Atoi(parts[2])
	if err != nil {
		return nil, refusal{key: "bankid.no.code"}
	}
	if age := b.opt.Now().Sub(o.at).Seconds() - float64(shown); age > bankIDStale || age < -1 {
		return nil, refusal{key: "bankid.old.code"}
	}
	return o, b.open(o)
}

// start finds the order of a link that opens the app on the same device. The lock is held.
func (b *BankID) start(link string) (*bankIDOrder, error) {
	token := link
	if u, err := url.Parse(link); err == nil && u.Query().Has("autostarttoken") {
		token = u.Query().Get("autostarttoken")
	}
	o := b.find(func(o *bankIDOrder) bool { return token != "" && o.autoStart == token })
	if err := b.open(o); err != nil {
		return nil, err
	}
	o.sameDevice = true
	return o, nil
}

// sign has a person sign. The lock is held.
func (b *BankID) sign(o *bankIDOrder, name string) error {
	if name == "" {
		name = o.number
	}
	i := 0
	if name != "" {
		i = slices.IndexFunc(b.opt.Persons, func(p OpenIDPerson) bool {
			return p.SSN == name || strings.EqualFold(p.Name(), name) || strings.EqualFold(p.GivenName, name)
		})
	}
	switch {
	case i < 0:
		return refusal{"bankid.nobody", []any{name}}
	case b.aged(o) != bankIDPending:
		return refusal{key: "bankid.over"}
	case o.number != "" && o.number != b.opt.Persons[i].SSN:
		return refusal{key: "bankid.somebody.else"}
	}
	o.person = b.opt.Persons[i]
	o.end(bankIDComplete, "")
	return nil
}

// Orders are all orders, the oldest first.
func (b *BankID) Orders() []BankIDOrder {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []BankIDOrder
	for _, o := range b.orders {
		b.aged(o)
		out = append(out, o.view())
	}
	return out
}

// Scan opens the order of a QR code in the app on another device. A code of some seconds ago opens nothing.
func (b *BankID) Scan(qr string) (BankIDOrder, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, err := b.scan(qr)
	if err != nil {
		return BankIDOrder{}, err
	}
	return o.view(), nil
}

// Open opens an order in the app on the same device, by its link or by the autoStartToken in it.
func (b *BankID) Open(link string) (BankIDOrder, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, err := b.start(link)
	if err != nil {
		return BankIDOrder{}, err
	}
	return o.view(), nil
}

// Sign has a person (a number, a whole name or a given name; whoever the order is for, or the first person, when empty) sign an order that
// the app has opened.
func (b *BankID) Sign(ref, person string) error {
	return b.decide(ref, func(o *bankIDOrder) error { return b.sign(o, person) })
}

// Cancel has the person cancel in the app.
func (b *BankID) Cancel(ref string) error {
	return b.decide(ref, func(o *bankIDOrder) error { o.end(bankIDFailed, "userCancel"); return nil })
}

func (b *BankID) decide(ref string, act func(*bankIDOrder) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.find(func(o *bankIDOrder) bool { return o.ref == ref })
	switch {
	case o == nil || o.opened.IsZero():
		return refusal{key: "bankid.not.open"}
	case b.aged(o) != bankIDPending:
		return refusal{key: "bankid.over"}
	}
	return act(o)
}
