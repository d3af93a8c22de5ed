package api

import (
	"encoding/json"
	"fmt"

	"parley/savings"
)

// PageView is what is told of a page that a person has seen.
type PageView struct {
	Path      string `json:"path,omitempty" doc:"Left out when the person was erased before it was told."`
	Timestamp Time   `json:"timestamp"`
	User      Ref    `json:"user"`
}

// Milestone is what is told of a dream that has come so far.
type Milestone struct {
	Dream   Dream `json:"dream"`
	Percent int   `json:"percent" enum:"25|50|75"`
}

// EventData tells what the bank is told of an event: the thing that it is about, as the book has it after the change. base is our own address,
// at which the bank asks for pictures.
func EventData(base string) func(b *savings.Book, e savings.Emitted) (json.RawMessage, error) {
	return func(b *savings.Book, e savings.Emitted) (json.RawMessage, error) { return eventData(base, b, e) }
}

func eventData(base string, b *savings.Book, e savings.Emitted) (json.RawMessage, error) {
	lost := func() (json.RawMessage, error) {
		return nil, fmt.Errorf("tell of %s: %s is not in the book", e.Type, e.Subject)
	}
	var data any
	switch e.Type {
	case savings.UserCreated, savings.UserDestroyed:
		data = UserJSON(b.User)
	case savings.PageView:
		data = PageView{e.Path, Time{e.At}, ref(b.Owner())}
	case savings.DreamCreated, savings.DreamUpdated, savings.DreamDeleted, savings.DreamAchieved, savings.DreamMilestone:
		d, ok := b.Dream(e.Subject)
		if !ok {
			return lost()
		}
		dream := DreamJSON(b.ViewDream(*d), Show{ImageURL: true, Base: base})
		data = dream
		if e.Type == savings.DreamMilestone {
			data = Milestone{dream, e.Percent}
		}
	case savings.SavehackLaunched, savings.SavehackLaunchUpdated:
		l, ok := b.Launch(e.Subject)
		if !ok {
			return lost()
		}
		data = LaunchJSON(b.ViewLaunch(*l))
	default:
		t, ok := b.Transaction(e.Subject)
		if !ok {
			return lost()
		}
		data = TransactionJSON(b.ViewTransaction(*t))
	}
	return marshal(data)
}
