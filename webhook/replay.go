package webhook

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
)

// replaySuffix makes the key of an endpoint's replay.
const replaySuffix = " (again)"

// Status is how an endpoint stands, as JSON.
type Status struct {
	Partner  string              `json:"partner"`
	Endpoint string              `json:"endpoint"` // its name, or its URL
	URL      string              `json:"url"`
	Types    []savings.EventType `json:"types,omitempty"` // all when empty
	Progress
	Replay *Progress `json:"replay,omitempty"` // the one that is under way
}

// Progress is how far an endpoint has come.
type Progress struct {
	Behind    int        `json:"behind"`               // events that it has not heard; MostBehind stands for as many or more
	Oldest    *time.Time `json:"oldest,omitempty"`     // when the first of them happened
	Heard     *time.Time `json:"lastHeard,omitempty"`  // when it last heard a batch
	Tries     int        `json:"tries,omitempty"`      // of the batch that is being said, in vain
	Since     *time.Time `json:"failsSince,omitempty"` // when the first of them was
	Next      *time.Time `json:"nextTry,omitempty"`
	Error     string     `json:"lastError,omitempty"`
	Attention bool       `json:"attention,omitempty"`      // a person should look
	Skipped   int        `json:"skippedBatches,omitempty"` // batches that a person has given up
}

// MostBehind is up to how many events that were not heard are counted.
const MostBehind = 10_000

// Status is how a partner's endpoints stand; all partners' when it is empty.
func (w *Webhooks) Status(ctx context.Context, partner string) ([]Status, error) {
	out := []Status{}
	for _, e := range w.endpoints {
		if partner != "" && e.Partner != partner {
			continue
		}
		s := Status{Partner: e.Partner, Endpoint: cmp.Or(e.Name, e.URL), URL: e.URL, Types: e.Types}
		live, err := w.cursor(ctx, e.live.key)
		if err != nil {
			return nil, err
		}
		if s.Progress, err = w.progress(ctx, e, live); err != nil {
			return nil, err
		}
		again, err := w.cursor(ctx, e.again.key)
		if err != nil {
			return nil, err
		}
		if !again.over() {
			p, err := w.progress(ctx, e, again)
			if err != nil {
				return nil, err
			}
			s.Replay = &p
		}
		out = append(out, s)
	}
	return out, nil
}

// cursor is a cursor, or the zero one.
func (w *Webhooks) cursor(ctx context.Context, key string) (Cursor, error) {
	c, err := w.Store.Cursor(ctx, key)
	if parley.KindOf(err) == parley.KindNotFound {
		return Cursor{Endpoint: key}, nil
	}
	return c, err
}

func (w *Webhooks) progress(ctx context.Context, e *endpoint, c Cursor) (Progress, error) {
	moment := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	p := Progress{Heard: moment(c.HeardAt), Tries: c.Tries, Since: moment(c.Since), Next: moment(c.Next), Error: c.Error, Attention: c.Tries >= attention, Skipped: c.Skipped}
	for at := c.At; p.Behind < MostBehind; {
		events, err := w.Store.EventsAfter(ctx, e.Partner, at, page)
		if err != nil {
			return p, err
		}
		for _, event := range events {
			at = event.Seq
			if c.Until > 0 && at > c.Until {
				return p, nil
			}
			if !e.wants(event.Type) || p.Behind == MostBehind {
				continue
			}
			if p.Behind++; p.Behind == 1 {
				p.Oldest = moment(event.At)
			}
		}
		if len(events) < page {
			break
		}
	}
	return p, nil
}

// Replayed is a replay that has been begun.
type Replayed struct {
	Endpoint string `json:"endpoint"`
	After    int64  `json:"-"`      // it tells the events after this seq
	Until    int64  `json:"-"`      // up to this one
	Events   int    `json:"events"` // how many it will tell; MostBehind stands for as many or more
}

// Replay has an endpoint of a partner, or each when endpoint is empty, told again what it has heard since from: a time in RFC 3339, the id of an
// event, or its number. What it has not heard yet comes by itself, in order; a replay stands beside that and disturbs nothing. A replay that is
// under way must end before another begins, which else is a conflict.
func (w *Webhooks) Replay(ctx context.Context, partner, endpoint, from string) ([]Replayed, error) {
	chosen, err := w.chosen(partner, endpoint)
	if err != nil {
		return nil, err
	}
	after, err := w.before(ctx, partner, from)
	if err != nil {
		return nil, err
	}
	var out []Replayed
	var batch []engine.Write
	for _, e := range chosen {
		live, err := w.cursor(ctx, e.live.key)
		if err != nil {
			return nil, err
		}
		again, err := w.cursor(ctx, e.again.key)
		if err != nil {
			return nil, err
		}
		if !again.over() {
			return nil, &parley.Error{Kind: parley.KindConflict, Field: "endpoint", Message: "a replay for " + e.label() + " is under way"}
		}
		r := Replayed{Endpoint: cmp.Or(e.Name, e.URL), After: after, Until: max(live.At, after)}
		c := Cursor{Endpoint: e.again.key, Partner: partner, Version: again.Version + 1, At: r.After, Until: r.Until}
		if r.Until > r.After {
			p, err := w.progress(ctx, e, c)
			if err != nil {
				return nil, err
			}
			r.Events = p.Behind
		}
		if r.Events > 0 {
			batch = append(batch, PutCursor{c, again.Version})
		}
		out = append(out, r)
	}
	if len(batch) == 0 {
		return out, nil
	}
	if err := w.Store.Apply(ctx, batch); err != nil {
		return nil, err
	}
	w.Wake()
	return out, nil
}

// chosen are the endpoints of a partner that are meant.
func (w *Webhooks) chosen(partner, endpoint string) (out []*endpoint, err error) {
	for _, e := range w.endpoints {
		if e.Partner == partner && (endpoint == "" || endpoint == e.Name || endpoint == e.URL) {
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, parley.Invalid("endpoint", "there is no such endpoint")
	}
	return out, nil
}

// before is the seq after which from begins.
func (w *Webhooks) before(ctx context.Context, partner, from string) (int64, error) {
	if at, err := time.Parse(time.RFC3339, from); err == nil {
		return w.Store.EventsBefore(ctx, partner, at)
	}
	if seq, err := strconv.ParseInt(from, 10, 64); err == nil && seq > 0 {
		return seq - 1, nil
	}
	if from == "" {
		return 0, parley.Invalid("from", "must be a time in RFC 3339, or the id of an event")
	}
	e, err := w.Store.EventByID(ctx, partner, from)
	if parley.KindOf(err) == parley.KindNotFound {
		return 0, parley.Invalid("from", "is no time in RFC 3339, and the id of no event")
	}
	return e.Seq - 1, err
}

// What can be given up.
const (
	SkipBatch  = "batch"  // the one that the endpoint does not take
	SkipAll    = "all"    // everything up to now
	SkipReplay = "replay" // what is left of the replay that is under way
)

// Skip gives up what an endpoint has not heard: only a person does so. It says how many events those were.
func (w *Webhooks) Skip(ctx context.Context, partner, endpoint, what string) (events int, err error) {
	chosen, err := w.chosen(partner, endpoint)
	if err != nil {
		return 0, err
	}
	for _, e := range chosen {
		n, err := w.skip(ctx, e, what)
		if events += n; err != nil {
			return events, err
		}
	}
	w.Wake()
	return events, nil
}

func (w *Webhooks) skip(ctx context.Context, e *endpoint, what string) (int, error) {
	s := e.live
	if what == SkipReplay {
		s = e.again
	}
	c, err := w.cursor(ctx, s.key)
	if err != nil {
		return 0, err
	}
	upTo := c.To
	switch what {
	case SkipReplay:
		upTo = c.Until
	case SkipAll: // also what was written down a moment ago by a clock that is ahead of ours
		if upTo, err = w.Store.EventsBefore(ctx, e.Partner, w.Now().Add(24*time.Hour)); err != nil {
			return 0, err
		}
	}
	if upTo <= c.At {
		return 0, nil
	}
	left, err := w.progress(ctx, e, Cursor{At: c.At, Until: upTo})
	if err != nil {
		return 0, err
	}
	was := c.Version
	c = Cursor{Endpoint: s.key, Partner: e.Partner, Version: was + 1, At: upTo, Until: c.Until, HeardAt: c.HeardAt, Skipped: c.Skipped + 1}
	if err := w.Store.Apply(ctx, []engine.Write{PutCursor{c, was}}); err != nil {
		return 0, err
	}
	w.Log.Warn("events were given up", "partner", e.Partner, "endpoint", e.label(), "what", what, "events", left.Behind)
	return left.Behind, nil
}
