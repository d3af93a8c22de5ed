package savings

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Message is a nudge: for the web app, or, when it is external, for the bank to send.
type Message struct {
	ID          string
	User        string
	Category    string
	External    bool
	Title, Body map[string]string // by locale
	CTA         string            // a path in the web app
	Image       MessageImage
	Created     time.Time
	ReadAt      time.Time // by the person
	ProcessedAt time.Time // by the bank
}

// MessageImage is the picture of a message; there is none when Src is empty.
type MessageImage struct {
	Src           string            `json:"src"`                     // https, or http on a loopback address
	TranslatedAlt map[string]string `json:"translatedAlt,omitempty"` // what is to be seen, by locale
	Height        int               `json:"height,omitempty"`        // in pixels; unknown when zero
	Width         int               `json:"width,omitempty"`
}

// MessageCategories are what a nudge can be about.
var MessageCategories = []string{"ONBOARDING_ONE", "ONBOARDING_TWO", "UPSELL_AUTOSAVE_ONE", "UPSELL_AUTOSAVE_TWO", "UPSELL_AUTOSAVE_THREE",
	"REACTIVATION_ONE", "REACTIVATION_TWO", "REACTIVATION_THREE", "WELLBEING_QUESTION_ONE"}

// Nudge leaves a message for the user. One that is not external counts as unread until the person has seen it in the web app.
func (b *Book) Nudge(m Message) (Message, error) {
	if err := b.alive(); err != nil {
		return Message{}, err
	}
	var f Faults
	if m.Category != "" && !slices.Contains(MessageCategories, m.Category) {
		f.add("category", notListed)
	}
	f.translated("translatedTitle", m.Title)
	f.translated("translatedBody", m.Body)
	if m.CTA != "" && (!strings.HasPrefix(m.CTA, "/") || strings.HasPrefix(m.CTA, "//") || len(m.CTA) > 2048) {
		f.add("cta", invalid)
	}
	f.image("image.", m.Image)
	if err := f.or(); err != nil {
		return Message{}, err
	}
	m.ID, m.User, m.Created, m.ReadAt, m.ProcessedAt = b.NewID(), b.User.ID, b.Now, time.Time{}, time.Time{}
	b.Messages = append(b.Messages, m)
	b.touch(m.ID)
	if !m.External {
		b.User.Unread++
		b.touch(b.User.ID)
	}
	return m, nil
}

func (f *Faults) translated(field string, words map[string]string) {
	if len(words) == 0 {
		f.add(field, blank)
	}
	for locale, s := range words {
		if s == "" {
			f.add(field, blank)
		} else if locale == "" || !isLocale(tidyLocale(locale)) {
			f.add(field, invalid)
		}
	}
}

// mostPixels is how long a side of a message's picture may be said to be.
const mostPixels = 100_000

// image checks the picture of a message, when there is one. Whatever is said of a picture without an address is said of none.
func (f *Faults) image(at string, i MessageImage) {
	if i.Src == "" {
		if len(i.TranslatedAlt) > 0 || i.Height != 0 || i.Width != 0 {
			f.add(at+"src", blank)
		}
		return
	}
	u, err := url.Parse(i.Src)
	if err != nil || len(i.Src) > 2048 || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		f.add(at+"src", "must be https")
	}
	if len(i.TranslatedAlt) > 0 {
		f.translated(at+"translatedAlt", i.TranslatedAlt)
	}
	f.pixels(at+"height", i.Height)
	f.pixels(at+"width", i.Width)
}

func (f *Faults) pixels(field string, side int) {
	switch {
	case side < 0:
		f.add(field, negative)
	case side > mostPixels:
		f.add(field, tooMuch)
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// ProcessMessage notes that the bank has dealt with a message, at a time, or now when it is zero. It has done so once.
func (b *Book) ProcessMessage(id string, at time.Time) (Message, error) {
	m, ok := find(b.Messages, func(m *Message) bool { return m.ID == id })
	if !ok || b.alive() != nil {
		return Message{}, NotFound("Message")
	}
	if m.ProcessedAt.IsZero() {
		if at.IsZero() {
			at = b.Now
		}
		m.ProcessedAt = at
		b.touch(m.ID)
	}
	return *m, nil
}

// SeeMessage notes that the person has seen a message.
func (b *Book) SeeMessage(id string) (Message, error) {
	m, ok := find(b.Messages, func(m *Message) bool { return m.ID == id })
	if !ok || b.alive() != nil {
		return Message{}, NotFound("Message")
	}
	if m.ReadAt.IsZero() {
		m.ReadAt = b.Now
		b.touch(m.ID)
		if !m.External && b.User.Unread > 0 {
			b.User.Unread--
			b.touch(b.User.ID)
		}
	}
	return *m, nil
}

// Viewed emits a PageView.
func (b *Book) Viewed(path string) {
	b.emit(PageView, b.User.ID)
	b.emitted[len(b.emitted)-1].Path = path
}
