package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"sync"
	"time"

	"parley"
	"parley/api"
	"parley/engine"
	"parley/savings"
)

// Session is a person who is signed in to the web app, in one browser or one bank app.
//
//	verify_token ──▶ signed in ──a request, keep alive, a new token──▶ signed in
//	                     └──its time is over, sign-out, a bad new token, another verify_token, the person erased──▶ ended
type Session struct {
	Hash         string // of the cookie: its value is kept nowhere
	Partner      string
	User         string
	ExternalUser string
	Locale       string // BCP 47; the user's when empty
	Zone         string
	Theme        string // "light" or "dark"; the device's when empty
	By           string // ByToken or ByActivity
	Expires      time.Time
	Ends         time.Time // whatever happens; never when zero
	Made         time.Time
}

// The writes of sessions.
type (
	// PutSession begins a session.
	PutSession struct{ Session Session }
	// RenewSession puts off when a session ends, never to an earlier time, and sets its locale. One that has ended stays so.
	RenewSession struct {
		Hash    string
		Expires time.Time
		Locale  string
	}
	// EndSession ends a session, if there is one.
	EndSession struct{ Hash string }
	// EndSessionsOf ends all of a user's.
	EndSessionsOf struct{ User string }
	// SweepSessions forgets those that ended before a time.
	SweepSessions struct{ Before time.Time }
)

// Table says where a PutSession is written.
func (PutSession) Table() string { return "savings_session" }

// Table says where a RenewSession is written.
func (RenewSession) Table() string { return "savings_session" }

// Table says where an EndSession is written.
func (EndSession) Table() string { return "savings_session" }

// Table says where an EndSessionsOf is written.
func (EndSessionsOf) Table() string { return "savings_session" }

// Table says where a SweepSessions is written.
func (SweepSessions) Table() string { return "savings_session" }

// Store is what the web app's side needs of a database: sessions, and the lists of one person's things, which are those of the bank's API.
type Store interface {
	Apply(ctx context.Context, batch []engine.Write) error
	// Session reads a session by its hash; parley.KindNotFound when there is none.
	Session(ctx context.Context, hash string) (Session, error)
	Launches(ctx context.Context, q savings.Query) ([]savings.LaunchView, int, error)
	Transactions(ctx context.Context, q savings.Query) ([]savings.TransactionView, int, error)
	Consents(ctx context.Context, q savings.Query) ([]savings.ConsentView, int, error)
	Messages(ctx context.Context, q savings.Query) ([]savings.MessageView, int, error)
	Accounts(ctx context.Context, q savings.Query) ([]savings.AccountView, int, error)
	Dreams(ctx context.Context, q savings.Query) ([]savings.DreamView, int, error)
	// Feed, EventsOf and SessionsOf are what else is kept of a user: of the first two so many items after one.
	Feed(ctx context.Context, user, after string, items int) ([]savings.FeedItem, error)
	EventsOf(ctx context.Context, user string, seq int64, items int) ([]savings.Event, error)
	SessionsOf(ctx context.Context, user string) ([]Session, error)
	// Picture says whose a picture is, PicturesOf lists a user's, and LoosePictures counts those that they have sent since and no dream shows.
	Picture(ctx context.Context, partner, id string) (savings.Picture, error)
	PicturesOf(ctx context.Context, partner, user string) ([]savings.Picture, error)
	LoosePictures(ctx context.Context, user string, since time.Time) (int, error)
	// PictureFor is a picture, if this user may see it; parley.KindNotFound otherwise.
	PictureFor(ctx context.Context, partner, user, id string) (jpeg []byte, err error)
	// GroupOf and GroupByCode are a group dream of a partner's with who is in it, unless it has ended; parley.KindNotFound over "group" then.
	GroupOf(ctx context.Context, partner, id string) (savings.GroupView, error)
	GroupByCode(ctx context.Context, partner, code string) (savings.GroupView, error)
	// GroupLaunches are what those in a group have activated on their dreams in it, the newest first.
	GroupLaunches(ctx context.Context, group string, limit int) ([]savings.Launch, error)
	// Answer is what was made under an idempotency key.
	Answer(ctx context.Context, partner, key string) (a api.Answer, ok bool, err error)
}

// remembered is how long we know of a session that has run out, so that the person can be told so within the bank's frame.
const remembered = 24 * time.Hour

// over reports whether a session has ended by itself.
func (s *Session) over(now time.Time) bool {
	return !now.Before(s.Expires) || !s.Ends.IsZero() && !now.Before(s.Ends)
}

// last is when a session ends unless it is renewed.
func (s *Session) last() time.Time {
	if !s.Ends.IsZero() && s.Ends.Before(s.Expires) {
		return s.Ends
	}
	return s.Expires
}

// name is what the session is called where others may see it.
func (s *Session) name() string { return s.Hash[:16] }

// begin makes a session for somebody who has just come in, and the value of its cookie.
func (p *partner) begin(who person, user string, now time.Time) (s Session, value string) {
	b := make([]byte, 32)
	rand.Read(b)
	s = Session{Partner: p.ID, User: user, ExternalUser: who.subject, By: p.Session.By, Made: now, Expires: p.until(who.expires, now)}
	if p.Session.Maximum > 0 {
		s.Ends = now.Add(p.Session.Maximum)
	}
	return s, base64.RawURLEncoding.EncodeToString(b)
}

// until is when a session runs out for which there is a token, now.
func (p *partner) until(token, now time.Time) time.Time {
	if p.Session.By == ByActivity {
		return now.Add(p.Session.Inactivity)
	}
	if !token.After(now) { // it was accepted because clocks differ
		return token.Add(clockSkew)
	}
	return token
}

// active renews a session for which a request has come. The database is not told of each: only when a tenth of the time has passed.
func (a *App) active(ctx context.Context, p *partner, s *Session) error {
	if s.By != ByActivity {
		return nil
	}
	now := a.Now()
	until := now.Add(p.Session.Inactivity)
	if until.Sub(s.Expires) <= p.Session.Inactivity/10 {
		return nil
	}
	err := a.renew(ctx, s, until)
	a.open.wake(s.Hash) // its other windows show until when it lasts
	return err
}

func (a *App) renew(ctx context.Context, s *Session, until time.Time) error {
	if until.After(s.Expires) {
		s.Expires = until
	}
	return a.Store.Apply(ctx, []engine.Write{RenewSession{s.Hash, s.Expires, s.Locale}})
}

// end ends a session, and its streams.
func (a *App) end(ctx context.Context, s *Session) error {
	err := a.Store.Apply(ctx, []engine.Write{EndSession{s.Hash}})
	a.open.wake(s.Hash)
	return err
}

// still is the session as it is now; ok is false when it has ended, or its person was erased.
func (a *App) still(ctx context.Context, hash string) (s Session, ok bool, err error) {
	s, err = a.Store.Session(ctx, hash)
	if parley.KindOf(err) == parley.KindNotFound {
		return s, false, nil
	}
	return s, err == nil && !s.over(a.Now()), err
}

// wakers wake the streams of a session when it was ended or renewed here.
type wakers struct {
	mu sync.Mutex
	at map[string]map[chan struct{}]bool
}

// streamsOfOne is how many streams a session may have open, so that one person does not take everybody's.
const streamsOfOne = 8

func (w *wakers) listen(hash string) (woken <-chan struct{}, stop func(), ok bool) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.at[hash]) >= streamsOfOne {
		return nil, nil, false
	}
	if w.at == nil {
		w.at = map[string]map[chan struct{}]bool{}
	}
	if w.at[hash] == nil {
		w.at[hash] = map[chan struct{}]bool{}
	}
	w.at[hash][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if delete(w.at[hash], c); len(w.at[hash]) == 0 {
			delete(w.at, hash)
		}
	}, true
}

func (w *wakers) wake(hash string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.at[hash] {
		select {
		case c <- struct{}{}:
		default: // it is about to look anyway
		}
	}
}
