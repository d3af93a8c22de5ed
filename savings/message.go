package savings

import (
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
	Created     time.Time
	ReadAt      time.Time // by the person
	ProcessedAt time.Time // by the bank
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
