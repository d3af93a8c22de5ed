package api

import (
	"context"
	"net/http"
	"time"

	"parley/savings"
	"parley/webhook"
)

// Webhooks is what a partner may ask and do about its own endpoints. webhook.Webhooks is one.
type Webhooks interface {
	Status(ctx context.Context, partner string) ([]webhook.Status, error)
	Replay(ctx context.Context, partner, endpoint, from string) ([]webhook.Replayed, error)
}

// Webhook is one of the partner's endpoints on the wire.
type Webhook struct {
	Endpoint string              `json:"endpoint" doc:"Its name, or its address." eg:"https://bank.example/events"`
	URL      string              `json:"url" eg:"https://bank.example/events"`
	Types    []savings.EventType `json:"types,omitempty" doc:"What it is told; everything when left out."`
	Progress
	Replay *Progress `json:"replay,omitempty" doc:"The replay that is under way."`
}

// Progress is how far an endpoint has come.
type Progress struct {
	Behind         int    `json:"behind" doc:"How many events it has not heard; 10000 stands for as many or more."`
	Oldest         Time   `json:"oldest,omitzero" doc:"When the first of them happened."`
	LastHeard      Time   `json:"lastHeard,omitzero" doc:"When it last heard a batch."`
	Tries          int    `json:"tries,omitempty" doc:"How often the batch that is being said was said in vain."`
	FailsSince     Time   `json:"failsSince,omitzero"`
	NextTry        Time   `json:"nextTry,omitzero"`
	LastError      string `json:"lastError,omitempty"`
	Attention      bool   `json:"attention,omitempty" doc:"A person should look."`
	SkippedBatches int    `json:"skippedBatches,omitempty" doc:"How many batches a person has given up."`
}

func progressJSON(p webhook.Progress) Progress {
	at := func(t *time.Time) Time {
		if t == nil {
			return Time{}
		}
		return Time{*t}
	}
	return Progress{Behind: p.Behind, Oldest: at(p.Oldest), LastHeard: at(p.Heard), Tries: p.Tries, FailsSince: at(p.Since), NextTry: at(p.Next), LastError: p.Error,
		Attention: p.Attention, SkippedBatches: p.Skipped}
}

// WebhookJSON is an endpoint as the wire shows it.
func WebhookJSON(s webhook.Status) Webhook {
	out := Webhook{Endpoint: s.Endpoint, URL: s.URL, Types: s.Types, Progress: progressJSON(s.Progress)}
	if s.Replay != nil {
		again := progressJSON(*s.Replay)
		out.Replay = &again
	}
	return out
}

type replayWebhooks struct {
	From     opt[string] `json:"from" need:"yes" len:"100" doc:"From when on: a time in RFC 3339, or the id of the first event that is told again."`
	Endpoint opt[string] `json:"endpoint" len:"2000" doc:"Which endpoint, by its name or address; each of them when left out."`
}

// Replayed is a replay that has been begun.
type Replayed struct {
	Endpoint string `json:"endpoint" eg:"https://bank.example/events"`
	Events   int    `json:"events" doc:"How many events it is told again; 10000 stands for as many or more."`
}

func (a *API) listWebhooks(c *call) (reply, error) {
	asked, q := c.asks(20)
	all, err := a.Webhooks.Status(c.Context(), c.partner.ID)
	if err != nil {
		return reply{}, err
	}
	return list(c, asked, q, func(_ context.Context, q savings.Query) ([]webhook.Status, int, error) {
		from := min((q.Number-1)*q.Items, len(all))
		return all[from:min(from+q.Items, len(all))], len(all), nil
	}, WebhookJSON)
}

// replay has endpoints told again what they have heard. What a replay begins is in the cursor of the endpoint, so one that is asked for twice is
// refused as long as the first is under way.
func (a *API) replay(c *call) (reply, error) {
	var in replayWebhooks
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	begun, err := a.Webhooks.Replay(c.Context(), c.partner.ID, in.Endpoint.v, in.From.v)
	if err != nil {
		return reply{}, err
	}
	out := make([]Replayed, len(begun))
	for i, r := range begun {
		out[i] = Replayed{r.Endpoint, r.Events}
	}
	body, err := marshal(map[string]any{c.route.Of.one: out})
	if err != nil {
		return reply{}, err
	}
	return c.keepAlone(reply{status: http.StatusAccepted, body: body})
}
