package webhook

import (
	"context"
	"errors"
	"time"

	"parley"
	"parley/engine"
	"parley/notify"
	"parley/savings"
)

const (
	page       = 500    // events that are read at once
	passedOver = 10_000 // events that an endpoint does not want, after which its place is written down all the same
	attention  = 5      // tries in vain after which a person should look
)

// stream tells one endpoint, in order, either what happens or what it asked to be told again.
type stream struct {
	w     *Webhooks
	e     *Endpoint
	key   string
	again bool
	seen  int64 // up to here there is nothing that the endpoint wants, as far as was read after the cursor
}

// step does one thing: it fixes a batch, or says the one that is fixed. more says that it is to be called again at once; otherwise next is when
// something is due, zero when nothing is known to be. What is due is read from the database each time, which is the one truth: a person may
// have changed it.
func (s *stream) step(ctx context.Context) (more bool, next time.Time, err error) {
	c, err := s.w.Store.Cursor(ctx, s.key)
	switch {
	case parley.KindOf(err) == parley.KindNotFound && !s.again:
		c, err = Cursor{Endpoint: s.key, Partner: s.e.Partner}, nil
	case parley.KindOf(err) == parley.KindNotFound:
		return false, time.Time{}, nil
	}
	if err != nil || s.again && c.over() {
		return false, time.Time{}, err
	}
	if c.Batch == "" {
		return s.gather(ctx, c)
	}
	if now := s.w.Now(); now.Before(c.Next) {
		return false, c.Next, nil
	}
	return s.say(ctx, c)
}

// over reports whether a replay has told everything.
func (c *Cursor) over() bool { return c.At >= c.Until && c.Batch == "" }

// gather fixes the next batch, when enough has gathered or the first has waited long enough.
func (s *stream) gather(ctx context.Context, c Cursor) (more bool, next time.Time, err error) {
	s.seen = max(s.seen, c.At)
	if s.again {
		s.seen = c.At
	}
	var first, last savings.Event
	n, at, before := 0, s.seen, s.seen
	for n < s.e.Count {
		events, err := s.w.Store.EventsAfter(ctx, s.e.Partner, at, page)
		if err != nil {
			return false, time.Time{}, err
		}
		for _, e := range events {
			if n == s.e.Count || s.again && e.Seq > c.Until {
				break
			}
			if at = e.Seq; !s.e.wants(e.Type) {
				continue
			}
			if n++; n == 1 {
				first = e
			}
			last = e
		}
		if n == 0 {
			before = at
		}
		if len(events) < page || s.again && events[len(events)-1].Seq >= c.Until {
			break
		}
	}
	if s.seen = before; n == 0 {
		switch {
		case s.again: // there is nothing left to tell again
			c.At = c.Until
			return s.put(ctx, c)
		case s.seen-c.At >= passedOver:
			c.At = s.seen
			return s.put(ctx, c)
		}
		return false, time.Time{}, nil
	}
	now := s.w.Now()
	if due := first.At.Add(s.e.Every); !s.again && n < s.e.Count && now.Before(due) {
		return false, due, nil
	}
	c.At, c.Batch, c.To, c.Types, c.Stamp = before, s.w.NewID(), last.Seq, s.e.Types, now.UTC().Truncate(time.Millisecond)
	c.Tries, c.Since, c.Next, c.Error = 0, time.Time{}, time.Time{}, ""
	return s.put(ctx, c)
}

// put writes the cursor down. When somebody else was first, what they wrote counts, and more says to look again.
func (s *stream) put(ctx context.Context, c Cursor) (more bool, next time.Time, err error) {
	was := c.Version
	c.Version++
	err = s.w.Store.Apply(ctx, []engine.Write{PutCursor{c, was}})
	if parley.KindOf(err) == parley.KindConflict {
		err = nil
	}
	return err == nil, time.Time{}, err
}

// say says the batch that is fixed, once.
func (s *stream) say(ctx context.Context, c Cursor) (more bool, next time.Time, err error) {
	events, err := s.batch(ctx, c)
	if err != nil {
		return false, time.Time{}, err
	}
	var failed error
	if len(events) > 0 { // what has been deleted since cannot be told any more
		body, err := envelope(c, events)
		if err != nil {
			return false, time.Time{}, err
		}
		_, failed = post(ctx, s.e.Client, s.e.Signer, s.e.URL, c.Batch, s.w.Now(), body)
		if failed != nil && ctx.Err() != nil {
			return false, time.Time{}, nil // we hung up: the endpoint is not to blame
		}
	}
	now := s.w.Now().UTC().Truncate(time.Millisecond)
	if failed == nil {
		if c.Tries >= attention {
			s.w.Log.Info("an endpoint takes its events again", s.about(c)...)
		}
		c.At, c.Batch, c.To, c.Types, c.Stamp, c.HeardAt = c.To, "", 0, nil, time.Time{}, now
		c.Tries, c.Since, c.Next, c.Error = 0, time.Time{}, time.Time{}, ""
		return s.put(ctx, c)
	}
	if c.Tries++; c.Since.IsZero() {
		c.Since = now
	}
	c.Next, c.Error = now.Add(s.w.wait(c.Tries, failed)).Truncate(time.Millisecond), failed.Error()
	level := s.w.Log.Warn
	if c.Tries >= attention {
		level = s.w.Log.Error
	}
	level("an endpoint did not take its events", append(s.about(c), "err", failed)...)
	if _, _, err := s.put(ctx, c); err != nil {
		return false, time.Time{}, err
	}
	return false, c.Next, nil
}

// batch are the events of the batch that is fixed, as they stand in the database: what was erased since is not told.
func (s *stream) batch(ctx context.Context, c Cursor) (out []savings.Event, err error) {
	then := Endpoint{Types: c.Types}
	for at := c.At; at < c.To; {
		events, err := s.w.Store.EventsAfter(ctx, s.e.Partner, at, page)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if at = e.Seq; at <= c.To && then.wants(e.Type) {
				out = append(out, e)
			}
		}
		if len(events) < page {
			break
		}
	}
	return out, nil
}

func (s *stream) about(c Cursor) []any {
	return []any{"partner", s.e.Partner, "endpoint", s.e.label(), "batch", c.Batch, "tries", c.Tries, "replay", s.again, "attention", c.Tries >= attention}
}

// wait is how long to wait before another try after so many in vain: as for all that must be heard, spread by up to a fifth, and not less than
// the endpoint asks for, up to an hour.
func (w *Webhooks) wait(tries int, failed error) time.Duration {
	p := engine.UntilHeard
	d := p.Then
	if tries <= len(p.Delays) {
		d = p.Delays[tries-1]
	}
	d += time.Duration((w.Random() - 0.5) * 0.4 * float64(d))
	if f, ok := errors.AsType[*notify.Failure](failed); ok {
		d = max(d, min(f.RetryAfter, time.Hour))
	}
	return d
}
