package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"parley"
	"parley/web"
)

// lookAgain is how often a stream looks whether its session is still there: somebody else's process may have ended it.
const lookAgain = 30 * time.Second

// events answers GET /app/api/events: "changed" with all of me at once and whenever something of it has changed, and "signed-out" at the end.
// A stream is no activity: it does not keep anybody signed in. What it says in ask was not told to this session before.
func (a *App) events(w http.ResponseWriter, r *http.Request, v *visit) error {
	woken, deaf, ok := a.open.listen(v.s.Hash)
	if !ok {
		return parley.Errorf(parley.KindUnavailable, "a session has %d streams open", streamsOfOne)
	}
	defer deaf()
	changed, unwatch := a.Savings.Watch(v.s.User)
	defer unwatch()
	stream, err := a.Streams.Open(w, r)
	if err != nil {
		return err
	}
	defer stream.Close()
	ctx := stream.Context()
	var last []byte
	for look := true; ; {
		s, ok, err := a.still(ctx, v.s.Hash)
		if err != nil {
			return a.broke(ctx, r, err)
		}
		if ok && look {
			v.s = s
			me, err := a.meOf(ctx, v, asking{fresh: true})
			if ok = !errors.Is(err, errSignedOut); ok && err != nil {
				return a.broke(ctx, r, err)
			}
			now, err := json.Marshal(me)
			if err != nil {
				return a.broke(ctx, r, err)
			}
			if ok && !bytes.Equal(now, last) {
				if stream.Send("changed", json.RawMessage(now)) != nil {
					return nil
				}
				last = now
			}
		}
		if !ok {
			stream.Send("signed-out", struct{}{})
			return nil
		}
		select {
		case <-changed:
			look = true
		case <-woken:
			look = true
		case <-a.After(min(lookAgain, s.last().Sub(a.Now()))):
			look = false
		case <-stream.Done():
			return nil
		}
	}
}

// broke ends a stream that cannot go on: its reader comes again by itself.
func (a *App) broke(ctx context.Context, r *http.Request, err error) error {
	if ctx.Err() == nil {
		a.Log.Warn("a stream broke off", "request", web.RequestID(r), "err", err)
	}
	return nil
}
