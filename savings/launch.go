package savings

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"parley/savehack"
)

// LaunchState is where a launch stands.
//
//	        ┌──consented──┐
//	draft ──┤             ├──▶ active ◀──resumed── paused
//	  │     └──rejected─▶ stopped  └──paused──▶──────┘
//	  │                      ▲        waiting ──provisioning initiated, or an account──▶ active
//	  └──────────────────────┴──── stopped from any state, and never started again
type LaunchState string

// The states.
const (
	Draft   LaunchState = "draft"   // waits for a transfer consent
	Waiting LaunchState = "waiting" // paused, because there is no account and provisioning has not been initiated
	Active  LaunchState = "active"
	Paused  LaunchState = "paused" // by the person or the bank
	Stopped LaunchState = "stopped"
)

// Launch is a savehack that somebody has launched on a dream.
type Launch struct {
	ID          string
	User        string
	Dream       string
	Savehack    string          // the id in the catalogue
	Kind        string          // "Daily"
	Params      json.RawMessage // as its kind's schema says
	State       LaunchState
	PausedAt    time.Time // also of one that waits
	PausedUntil time.Time // resumes by itself then; zero when it does not
	StoppedAt   time.Time
	StartedAt   time.Time // when it first became active: due dates count from there
	StopAtGoal  bool      // stops when what is saved and on its way reaches the dream's target
	MonthlyCap  Cents     // of this launch alone; zero is none
	Spent       Spent     // in the month
	Consented   Spent     // in the period of its consent
	Consent     string    // the consent that it needs, once it has one
	Follows     string    // of a Copycat: the launch that it follows
	Replaces    string    // the launch that ends when this one starts
	Done        string    // the last due date that was dealt with; due dates never go back. Of a Copycat, how far it has looked: see followFrom
	Due         time.Time // when it must next be looked at; zero when it need not
	Created     time.Time
}

// NewLaunch is what a person launches.
type NewLaunch struct {
	Dream      string
	Savehack   string // the id in the catalogue; found by Kind when empty
	Kind       string
	Params     json.RawMessage
	StopAtGoal *bool // true when nil
	MonthlyCap Cents
	Replaces   string
}

// Leader is the launch that a Copycat is to follow; empty when it is none, or does not say which.
func (n NewLaunch) Leader() string {
	var p struct {
		LaunchID string `json:"launchId"`
	}
	json.Unmarshal(n.Params, &p) // what cannot be read is a fault of the parameters, which LaunchSavehack says
	return p.LaunchID
}

// mayFollow reports whether a launch on a dream may follow another: one's own, or one of somebody who saves for the same group dream. Whoever
// else saves, and what, is nobody's to see.
func (b *Book) mayFollow(l Leader, d *Dream) bool {
	return l.User == b.User.ID || l.Group != "" && l.Group == d.Group
}

// MayCopy reports whether the user could launch a Copycat that follows a launch of somebody with whom they are in a group.
func (b *Book) MayCopy(l Launch) bool { return b.Partner.offersCopying() && l.State != Stopped }

// LaunchPatch changes what is not nil. A zero PausedAt resumes.
type LaunchPatch struct {
	Params                           json.RawMessage
	PausedAt, PausedUntil, StoppedAt *time.Time
	StopAtGoal                       *bool
	MonthlyCap                       *Cents
}

// LaunchSavehack launches a savehack on a dream. Without an account it waits, with consents it is a draft. What is due today is made at once.
func (b *Book) LaunchSavehack(n NewLaunch) (Launch, error) {
	if err := b.alive(); err != nil {
		return Launch{}, err
	}
	d, ok := b.Dream(n.Dream)
	if !ok || !d.DeletedAt.IsZero() {
		return Launch{}, NotFound("Dream")
	}
	l := Launch{ID: b.NewID(), User: b.User.ID, Dream: d.ID, Params: n.Params, StopAtGoal: n.StopAtGoal == nil || *n.StopAtGoal,
		MonthlyCap: n.MonthlyCap, Replaces: n.Replaces, Created: b.Now}
	var f Faults
	item, ok := b.Partner.offered(&f, n)
	if ok {
		l.Savehack, l.Kind = item.ID, item.Kind
		k, _ := savehack.Find(l.Kind)
		if len(l.Params) == 0 {
			l.Params = json.RawMessage("{}")
		}
		if plan, err := k.Parse(l.Params); err == nil {
			if l.Follows = plan.Follows(); l.Follows != "" && (b.Leader.Launch != l.Follows || !b.mayFollow(b.Leader, d)) {
				f.add("launchId", absent)
			}
		} else if err := f.kind(err); err != nil {
			return Launch{}, err
		}
	}
	f.amount("monthlyCapCents", l.MonthlyCap)
	if l.Replaces != "" {
		if old, ok := b.Launch(l.Replaces); !ok || old.State == Stopped {
			f.add("obsoleteSavehackLaunchId", absent)
		}
	}
	if l.StopAtGoal && d.full() {
		f.add("dreamId", "is already reached")
	}
	if err := f.or(); err != nil {
		return Launch{}, err
	}
	apart := b.apart(d.ID)
	first := !slices.ContainsFunc(b.Launches, func(o Launch) bool { return o.Dream == d.ID || !apart && !b.apart(o.Dream) })
	b.Launches = append(b.Launches, l)
	made := &b.Launches[len(b.Launches)-1]
	b.touch(l.ID)
	switch {
	case b.Partner.Consents:
		made.State = Draft
		b.askConsent(made)
		return *made, nil
	case b.provided(d):
		b.emit(SavehackLaunched, l.ID)
		b.start(made)
	default:
		made.State, made.PausedAt = Waiting, b.Now
		b.emit(SavehackLaunched, l.ID)
		if d.Refused != "" {
			d.RequestedBy = "" // somebody waits for it: it is asked for again
			b.touch(d.ID)
		}
	}
	made, _ = b.Launch(l.ID)
	switch {
	case !first:
	case apart:
		b.say(d.Journey, ArrowLaunched, "", b.dreamFacts(d), shownLaunch(*made))
	default:
		b.say(b.User.Journey, ArrowLaunched, "", b.facts(), shownLaunch(*made))
	}
	return *made, nil
}

// shownLaunch is what is shown of a launch in a picture.
func shownLaunch(l Launch) any {
	return struct {
		Kind  string      `json:"type"`
		State LaunchState `json:"state"`
	}{l.Kind, l.State}
}

// PatchLaunch changes, pauses, resumes or stops a launch. Repeating what is so already changes nothing.
func (b *Book) PatchLaunch(id string, p LaunchPatch) (Launch, error) {
	if err := b.alive(); err != nil {
		return Launch{}, err
	}
	l, ok := b.Launch(id)
	if !ok {
		return Launch{}, NotFound("Savehack launch")
	}
	if err := b.checkLaunchPatch(l, p); err != nil {
		return Launch{}, err
	}
	if l.State == Stopped {
		return *l, nil
	}
	if p.StoppedAt != nil && !p.StoppedAt.IsZero() { // and takes nothing more, not even what was due a moment ago
		b.stop(l)
		return *l, nil
	}
	if b.changes(*l, p) {
		b.catchUp(l) // under what it was until now
	}
	was := *l
	if l.State == Stopped {
		return *l, nil // it reached its goal just now
	}
	if p.Params != nil {
		l.Params = p.Params
	}
	set(&l.StopAtGoal, p.StopAtGoal)
	set(&l.MonthlyCap, p.MonthlyCap)
	resumes := p.PausedAt != nil && p.PausedAt.IsZero()
	pauses := p.PausedAt != nil && !resumes || p.PausedUntil != nil && !p.PausedUntil.IsZero()
	switch {
	case l.State == Active && pauses:
		at, until := b.Now, time.Time{}
		if p.PausedAt != nil && p.PausedAt.Before(at) && p.PausedAt.After(l.StartedAt) {
			at = *p.PausedAt
		}
		set(&until, p.PausedUntil)
		b.pause(l, at, until)
	case l.State == Paused && resumes:
		b.resume(l, b.Now)
	case l.State == Paused && p.PausedUntil != nil:
		l.PausedUntil, l.Due = *p.PausedUntil, *p.PausedUntil
	case l.State == Active && p.Params != nil:
		b.schedule(l)
	}
	if !same(*l, was) {
		b.touch(l.ID)
		b.emit(SavehackLaunchUpdated, l.ID)
		b.catchUp(l)
		if d, ok := b.Dream(l.Dream); ok && l.State == Active && l.StopAtGoal && d.full() {
			b.stop(l)
		}
	}
	return *l, nil
}

// checkLaunchPatch says what a patch asks that cannot be.
func (b *Book) checkLaunchPatch(l *Launch, p LaunchPatch) error {
	var f Faults
	switch {
	case l.State == Stopped && b.changes(*l, p):
		f.add("stoppedAt", immutable)
		return f
	case l.State == Stopped:
		return nil
	}
	k, _, err := planOf(l.Kind, l.Params)
	if err != nil {
		return err
	}
	if p.Params != nil {
		if plan, err := k.Parse(p.Params); err != nil {
			if err := f.kind(err); err != nil {
				return err
			}
		} else if plan.Follows() != l.Follows {
			f.add("launchId", immutable) // or two could follow each other, without end
		} else if b.Partner.Consents && !b.covered(l, p.Params) {
			f.add("transferConsentId", "does not cover this: launch one that replaces it")
		}
	}
	if p.MonthlyCap != nil {
		f.amount("monthlyCapCents", *p.MonthlyCap)
	}
	if p.PausedAt != nil && !p.PausedAt.IsZero() && p.PausedUntil == nil && p.PausedAt.After(b.Now.Add(time.Hour)) {
		f.add("pausedAt", "can't be in the future")
	}
	if p.PausedUntil != nil && !p.PausedUntil.IsZero() {
		if !p.PausedUntil.After(b.Now) {
			f.add("pausedUntil", past)
		}
		if p.PausedAt != nil && p.PausedAt.IsZero() {
			f.add("pausedUntil", "pausedAt and pausedUntil contradict each other")
		}
	}
	resumes := p.PausedAt != nil && p.PausedAt.IsZero()
	pauses := p.PausedAt != nil && !resumes || p.PausedUntil != nil && !p.PausedUntil.IsZero()
	switch {
	case l.State == Draft && pauses:
		f.add("pausedAt", "can't be set before the transfer consent")
	case l.State == Waiting && resumes:
		f.add("pausedAt", "can't be taken away before there is an account")
	case l.State == Waiting && p.PausedUntil != nil && !p.PausedUntil.IsZero():
		f.add("pausedUntil", "can't be set before there is an account")
	}
	return f.or()
}

// changes reports whether a patch asks for anything that is not so.
func (b *Book) changes(l Launch, p LaunchPatch) bool {
	next := l
	if p.Params != nil {
		next.Params = p.Params
	}
	set(&next.StopAtGoal, p.StopAtGoal)
	set(&next.MonthlyCap, p.MonthlyCap)
	if p.PausedAt != nil && p.PausedAt.IsZero() != l.PausedAt.IsZero() {
		return true
	}
	if p.PausedUntil != nil && !p.PausedUntil.Equal(l.PausedUntil) {
		return true
	}
	return !same(next, l) || p.StoppedAt != nil && p.StoppedAt.IsZero() != l.StoppedAt.IsZero()
}

// same compares launches; parameters are the same when they read the same.
func same(a, b Launch) bool { return reflect.DeepEqual(a, b) }

// full reports whether what is saved for a dream and on its way reaches its target.
func (d *Dream) full() bool { return d.Target > 0 && d.Balance+d.Pending >= d.Target }
