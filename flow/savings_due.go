package flow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
)

// What nobody asks for: launches make the deposits that are due, and banks are told of transactions that are ready. All of it may be done
// by any process that shares the store, and by several at once: the guards of what is written decide.

const (
	dueAtOnce = 256         // users whose launches are looked at in one round
	dueBeside = 8           // of them at the same time
	leftAlone = time.Minute // a user whose launches could not be looked at
	seldom    = time.Second // how often the worker looks without having been woken
)

// due is the worker of a Savings. The zero value is ready.
type due struct {
	once    sync.Once
	wake    chan struct{}
	stop    chan struct{}
	working sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	failed  map[savings.DueUser]time.Time // until when they are left alone
	notices map[string]int                // how many notices of each partner are known to have begun
	many    map[string]bool               // notices with more transactions than are drawn; true: something has been acted on since it was looked at
	read    map[string]bool               // notices that the bank is known to have fetched
}

func (d *due) ready() *due {
	d.once.Do(func() {
		d.wake, d.stop = make(chan struct{}, 1), make(chan struct{})
		d.failed, d.notices, d.many, d.read = map[savings.DueUser]time.Time{}, map[string]int{}, map[string]bool{}, map[string]bool{}
	})
	return d
}

func (d *due) nudge() {
	select {
	case d.ready().wake <- struct{}{}:
	default: // it will look in any case
	}
}

// Start has the worker do what is due, in the background, until Stop.
func (s *Savings) Start() {
	d := s.due.ready()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return
	}
	d.working.Go(func() {
		ctx := context.Background()
		for !d.stopping() {
			n, err := s.Work(ctx)
			if err != nil {
				s.log().Error("look for what is due", "err", err)
			}
			if n > 0 && err == nil {
				continue
			}
			timer := time.NewTimer(s.rest(ctx))
			select {
			case <-timer.C:
			case <-d.wake:
			case <-d.stop:
			}
			timer.Stop()
		}
	})
}

// Stop lets the round that is under way end, and returns when it has or when ctx ends.
func (s *Savings) Stop(ctx context.Context) error {
	d := s.due.ready()
	d.mu.Lock()
	if !d.stopped {
		d.stopped = true
		close(d.stop)
	}
	d.mu.Unlock()
	quiet := make(chan struct{})
	go func() { d.working.Wait(); close(quiet) }()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop looking for what is due: %w", ctx.Err())
	}
}

func (d *due) stopping() bool {
	select {
	case <-d.stop:
		return true
	default:
		return false
	}
}

// Work does what is due now and returns how much that was. What is said to banks goes on in the engine's background.
func (s *Savings) Work(ctx context.Context) (int, error) {
	s.due.ready()
	launched, err := s.runDue(ctx)
	n := launched
	for _, id := range slices.Sorted(maps.Keys(s.Partners)) {
		begun, nerr := s.notice(ctx, id)
		if nerr != nil {
			err = errors.Join(err, fmt.Errorf("tell %s of its transactions: %w", id, nerr))
		}
		if begun {
			n++
		}
	}
	return n, errors.Join(err, s.lookAtMany(ctx))
}

// NextDue is when something is next due, and ok whether anything will be. It may lie in the past when a bank does not hear, or a user's
// launches fail.
func (s *Savings) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	if at, ok, err = s.Store.NextLaunchDue(ctx); err != nil {
		return at, false, err
	}
	for id := range s.Partners {
		ready, some, err := s.Store.NextReady(ctx, id)
		if err != nil {
			return at, false, err
		}
		if some && (!ok || ready.Before(at)) {
			at, ok = ready, true
		}
	}
	return at, ok, nil
}

// rest is how long the worker rests when nothing was to be done.
func (s *Savings) rest(ctx context.Context) time.Duration {
	at, ok, err := s.NextDue(ctx)
	if d := at.Sub(s.Now()); err == nil && ok && d > 0 {
		return min(d, seldom)
	}
	return seldom // what is past and could not be done is not tried in a rush
}

// runDue has the launches that are due make their deposits.
func (s *Savings) runDue(ctx context.Context) (int, error) {
	d, now := &s.due, s.Now()
	d.mu.Lock()
	maps.DeleteFunc(d.failed, func(_ savings.DueUser, until time.Time) bool { return !until.After(now) })
	failed := maps.Clone(d.failed)
	d.mu.Unlock()
	users, err := s.Store.DueUsers(ctx, now, dueAtOnce+len(failed))
	if err != nil {
		return 0, fmt.Errorf("look for launches that are due: %w", err)
	}
	users = slices.DeleteFunc(users, func(u savings.DueUser) bool { _, is := failed[u]; return is })
	var changed atomic.Int64
	var working sync.WaitGroup
	room := make(chan struct{}, dueBeside)
	for _, u := range users {
		if d.stopping() {
			break
		}
		room <- struct{}{}
		working.Go(func() {
			defer func() { <-room }()
			b, err := s.Change(ctx, u.Partner, savings.Of{User: u.User}, func(b *savings.Book) error {
				_, err := b.RunDue()
				return err
			})
			switch {
			case err != nil:
				s.log().Error("make the deposits that are due", "user", u.User, "err", err)
				d.mu.Lock()
				d.failed[u] = now.Add(leftAlone)
				d.mu.Unlock()
			case b.Changed():
				changed.Add(1)
			}
		})
	}
	working.Wait()
	return int(changed.Load()), nil
}

// notice begins to tell a bank of its transactions, when there are some and the last notice was heard. One at a time: what becomes ready
// meanwhile is told together afterwards.
func (s *Savings) notice(ctx context.Context, partner string) (begun bool, err error) {
	now := s.Now().UTC()
	n, err := s.Store.Unnoticed(ctx, partner, now)
	if err != nil || n == 0 {
		return false, err
	}
	last, err := s.lastNotice(ctx, partner)
	if err != nil {
		return false, err
	}
	if last > 0 {
		r, err := s.Engine.RunByKey(ctx, savings.ActingOn, noticeKey(partner, last))
		if err != nil {
			return false, err
		}
		j, err := engine.Flow[Journey]{}.Read(r)
		if err != nil || !j.Told && !r.Status.Over() {
			return false, err
		}
	}
	// Counted once it is known which notice is next: had another process given them in the meantime, that one would be there.
	if n, err = s.Store.Unnoticed(ctx, partner, now); err != nil || n == 0 {
		return false, err
	}
	id := s.id()
	err = s.Engine.Post(ctx, engine.Posting{
		With: []engine.Write{savings.GiveNotice{Partner: partner, Run: id, Now: now}},
		Begin: []engine.Beginning{{Flow: savings.ActingOn, ID: id, Key: noticeKey(partner, last+1), Note: transactions(n),
			State: Journey{Partner: partner, Count: n, Facts: savings.Facts{Left: n}}}},
		Later: true,
	})
	elsewhere := parley.KindOf(err) == parley.KindConflict
	if err != nil && !elsewhere {
		return false, err
	}
	s.due.mu.Lock()
	s.due.notices[partner] = last + 1
	s.due.mu.Unlock()
	if elsewhere {
		return true, nil
	}
	// What was counted may have been acted on before it was given: a bank lists what is requested, told of or not.
	return true, s.end(ctx, id)
}

// noticeKey is the start key of a partner's nth notice. It is what keeps two processes from beginning the same.
func noticeKey(partner string, n int) string { return fmt.Sprintf("%s/%d", partner, n) }

// lastNotice is the number of the last notice of a partner that was begun; zero before the first.
func (s *Savings) lastNotice(ctx context.Context, partner string) (int, error) {
	s.due.mu.Lock()
	last, known := s.due.notices[partner]
	s.due.mu.Unlock()
	if known {
		return last, nil
	}
	begun := func(n int) (bool, error) {
		_, err := s.Engine.RunByKey(ctx, savings.ActingOn, noticeKey(partner, n))
		if parley.KindOf(err) == parley.KindNotFound {
			return false, nil
		}
		return err == nil, err
	}
	// They are numbered without a gap: twice as far until there is none, and then in between.
	low, high := 0, 1
	for {
		is, err := begun(high)
		if err != nil {
			return 0, err
		}
		if !is {
			break
		}
		low, high = high, 2*high
	}
	for high-low > 1 {
		middle := (low + high) / 2
		is, err := begun(middle)
		if err != nil {
			return 0, err
		}
		if is {
			low = middle
		} else {
			high = middle
		}
	}
	s.due.mu.Lock()
	defer s.due.mu.Unlock()
	s.due.notices[partner] = max(s.due.notices[partner], low)
	return low, nil
}
