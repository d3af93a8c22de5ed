package savings

import (
	"strconv"
	"time"

	"parley"
	"parley/savehack"
)

// start makes a launch active: its due dates count from today, and what is due today is made at once. The launch that it replaces ends.
func (b *Book) start(l *Launch) {
	l.State, l.PausedAt, l.PausedUntil = Active, time.Time{}, time.Time{}
	b.touch(l.ID)
	if l.StartedAt.IsZero() {
		l.StartedAt = b.Now
		l.Done = b.today().AddDays(-1).String()
		if k, ok := savehack.Find(l.Kind); ok && k.Follows {
			l.Done = b.followFrom(b.Now)
		}
	}
	if old, ok := b.Launch(l.Replaces); ok && old.State != Stopped {
		b.stop(old)
	}
	b.schedule(l)
	b.catchUp(l)
}

// startWaiting starts the launches that waited for an account, or the word that there will be one, and says how many.
func (b *Book) startWaiting() (n int) {
	for i := range b.Launches {
		l := &b.Launches[i]
		if d, ok := b.Dream(l.Dream); ok && l.State == Waiting && b.provided(d) {
			b.emit(SavehackLaunchUpdated, l.ID)
			b.start(l)
			n++
		}
	}
	return n
}

// pause stops a launch, with which what was due until now has been dealt, for a while.
func (b *Book) pause(l *Launch, at, until time.Time) {
	l.State, l.PausedAt, l.PausedUntil, l.Due = Paused, at, until, until
	b.touch(l.ID)
}

// resume goes on with a paused launch. The due dates that began while it was paused are over.
func (b *Book) resume(l *Launch, at time.Time) {
	l.State, l.PausedAt, l.PausedUntil = Active, time.Time{}, time.Time{}
	b.touch(l.ID)
	if k, ok := savehack.Find(l.Kind); ok && k.Follows {
		l.Done = b.followFrom(at)
	} else {
		day := savehack.On(at, b.zone())
		if !day.Start(b.zone()).Before(at) {
			day = day.AddDays(-1)
		}
		if done, err := savehack.ParseDate(l.Done); err != nil || done.Before(day) {
			l.Done = day.String()
		}
	}
	b.schedule(l)
}

// stop ends a launch for good.
func (b *Book) stop(l *Launch) {
	l.State, l.StoppedAt, l.Due = Stopped, b.Now, time.Time{}
	b.touch(l.ID)
	b.emit(SavehackLaunchUpdated, l.ID)
}

// schedule says when an active launch must next be looked at.
func (b *Book) schedule(l *Launch) {
	l.Due = time.Time{}
	if due, ok := b.next(l); ok {
		l.Due = due.Start(b.zone())
	}
}

// next is a launch's first due date that was not dealt with; ok is false when there is none any more, or it has no due dates.
func (b *Book) next(l *Launch) (due savehack.Date, ok bool) {
	k, plan, err := planOf(l.Kind, l.Params)
	if err != nil || k.Feed != "" || k.Follows {
		return savehack.Date{}, false
	}
	done, err := savehack.ParseDate(l.Done)
	if err != nil {
		return savehack.Date{}, false
	}
	return plan.Next(b.situation(l), done)
}

// planOf is a kind with a launch's parameters, which were checked when it was launched.
func planOf(kind string, params []byte) (savehack.Kind, savehack.Plan, error) {
	k, ok := savehack.Find(kind)
	if !ok {
		return k, nil, parley.Errorf("", "no savehack of kind %s", kind)
	}
	plan, err := k.Parse(params)
	return k, plan, err
}

// situation is what a launch's plan may look at.
func (b *Book) situation(l *Launch) savehack.Situation {
	s := savehack.Situation{Seed: l.ID, Country: b.Partner.Country, Started: b.today()}
	if !l.StartedAt.IsZero() {
		s.Started = savehack.On(l.StartedAt, b.zone())
	}
	if d, ok := b.Dream(l.Dream); ok {
		s.Target, s.Saved = int64(d.Target), int64(d.Balance+d.Pending)
		if on, err := savehack.ParseDate(d.Expires); err == nil {
			s.Expires = on
		}
	}
	return s
}

// followFrom is the Done of a Copycat that has looked at everything that was made before an instant: "ms/id" of the last deposit that it
// looked at, by the millisecond at which the bank is given it (which nobody moves) and then by its id. What comes after it in that order has
// not been looked at.
func (b *Book) followFrom(at time.Time) string {
	return strconv.FormatInt(at.Add(b.Partner.CancelFor).UnixMilli(), 10) + "/"
}

// followed is the Done of a Copycat that has looked at a deposit.
func followed(t Transaction) string { return strconv.FormatInt(t.Ready.UnixMilli(), 10) + "/" + t.ID }
