package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"parley"
	"parley/savings"
)

type feedItem struct {
	ID opt[string] `json:"id" need:"yes" len:"255" doc:"The bank's own id of what happened, unique for the user. One that was heard before changes nothing."`
	owner
	Type        opt[savings.FeedKind] `json:"type" need:"yes" enum:"purchase|income|balance" doc:"A purchase, an income, or what the account holds."`
	AmountCents opt[savings.Cents]    `json:"amountCents" need:"yes" doc:"Of a purchase or an income how much, as a positive number; of a balance what the account holds."`
	OccurredAt  opt[time.Time]        `json:"occurredAt" doc:"Now when left out."`
}

// feedBody is for the document: a list under this name, or the list alone.
type feedBody struct {
	Feed opt[[]feedItem] `json:"feed" need:"yes" max:"100"`
}

// FeedResult is what became of one item.
type FeedResult struct {
	ID     string    `json:"id"`
	Status string    `json:"status" enum:"accepted|known|refused" doc:"Known is what was heard before: nothing has changed."`
	Errors []Mistake `json:"errors,omitempty" doc:"Why it was refused."`
}

// mostFeed is how many items one request may have.
const mostFeed = 100

// postFeed hears what happened on people's current accounts. Each item stands or falls alone, and is known again by its id, so a request that
// was interrupted can be sent again.
func (a *API) postFeed(c *call) (reply, error) {
	var list []json.RawMessage
	if trimmed := bytes.TrimSpace(c.body); len(trimmed) == 0 || trimmed[0] != '[' {
		var object map[string]json.RawMessage
		switch err := json.Unmarshal(c.body, &object); {
		case len(trimmed) == 0:
			return reply{}, wrong(bodyField, "can't be blank")
		case !json.Valid(c.body):
			return reply{}, wrong(bodyField, "is not valid JSON")
		case err != nil:
			return reply{}, wrong(bodyField, "must be a JSON object")
		case object["feed"] == nil || string(object["feed"]) == "null":
			return reply{}, wrong("", "can't be blank")
		case json.Unmarshal(object["feed"], &list) != nil:
			return reply{}, wrong("", "must be a list")
		}
	} else if json.Unmarshal(c.body, &list) != nil {
		return reply{}, wrong(bodyField, "is not valid JSON")
	}
	if len(list) > mostFeed {
		return reply{}, wrong("", fmt.Sprintf("is too long (maximum is %d)", mostFeed))
	}
	results := make([]FeedResult, len(list))
	for i, raw := range list {
		result, err := c.hear(raw, fmt.Sprintf("[%d]", i))
		if err != nil {
			return reply{}, err
		}
		results[i] = result
	}
	body, err := marshal(map[string]any{"feed": results})
	if err != nil {
		return reply{}, err
	}
	return c.keepAlone(reply{status: http.StatusOK, body: body})
}

// hear hears one item. at is its place in the list. An error is not about the item: nothing more can be heard now.
func (c *call) hear(raw json.RawMessage, at string) (FeedResult, error) {
	var in feedItem
	var f faults
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		f.add("", "must be an object")
	} else {
		readObject(object, reflect.ValueOf(&in).Elem(), "", &f)
	}
	result := FeedResult{ID: in.ID.v, Status: "accepted"}
	var of savings.Of
	if object != nil {
		of = in.of(&f, "")
	}
	err := f.err()
	if err == nil {
		of.Occasion = in.ID.v
		_, err = c.api.Savings.Change(c.Context(), c.partner.ID, of, func(b *savings.Book) error {
			heard, err := b.Feed(savings.FeedItem{ID: in.ID.v, Kind: in.Type.v, Cents: in.AmountCents.v, At: in.OccurredAt.v})
			if result.Status = "accepted"; heard {
				result.Status = "known"
			}
			return err
		})
	}
	if parley.KindOf(err) == parley.KindNotFound {
		err = wrong("userId", "doesn't exist")
	}
	if err == nil {
		return result, nil
	}
	if result.Errors = mistakes(err, resource{one: "feed" + at}); result.Errors == nil {
		return result, err
	}
	result.Status = "refused"
	return result, nil
}
