package api

import (
	"time"

	"parley/savings"
)

// Ref is how one thing refers to another: a user or account by type, id and externalId, a dream by type, id and name.
type Ref struct {
	Type       string `json:"type"`
	ID         ID     `json:"id"`
	ExternalID string `json:"externalId,omitempty" doc:"The bank's own reference."`
	Name       string `json:"name,omitempty"`
}

func ref(r savings.Ref) Ref {
	return Ref{Type: r.Type, ID: ID(r.ID), ExternalID: r.ExternalID, Name: r.Name}
}

// ID is the id of a thing: a UUID of our making.
type ID string

func (ID) schema() obj { return obj{{"type", "string"}, {"format", "uuid"}} }

// Time is an instant as the wire writes it: RFC 3339 in UTC, with milliseconds where there are any.
type Time struct{ time.Time }

// MarshalJSON writes it.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.UTC().Truncate(time.Millisecond).Format(`"` + time.RFC3339Nano + `"`)), nil
}

func (Time) schema() obj { return obj{{"type", "string"}, {"format", "date-time"}} }

// Date is a day, "2027-06-01".
type Date string

func (Date) schema() obj { return obj{{"type", "string"}, {"format", "date"}} }
