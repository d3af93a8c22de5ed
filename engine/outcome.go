package engine

import (
	"errors"
	"time"

	"parley"
)

type result int

const (
	done result = iota
	refused
	unknown // it may have been done
	unheard // it certainly was not
	notYet  // there is nothing to say yet
)

var resultNames = [...]string{"done", "refused", "unknown", "unheard", "not yet"}

// Outcome is how a step ended. The zero value is done.
type Outcome struct {
	result     result
	refusal    *parley.Refusal
	err        error
	retryAfter time.Duration
	writes     []Write
	note       string
	begins     []Beginning
	answer     any
}

// Done says that the step was done, and heard.
func Done() Outcome { return Outcome{} }

// Refused says that the other side understood, and said no.
func Refused(no *parley.Refusal) Outcome {
	return Outcome{result: refused, refusal: no, err: no}
}

// Unknown says that the answer was lost: the step may have been done.
func Unknown(err error) Outcome { return Outcome{result: unknown, err: err} }

// Unheard says that the words certainly did not arrive.
func Unheard(err error) Outcome { return Outcome{result: unheard, err: err} }

// NotYet says that the time for this has not come, or that the other side is still at it: ask again later.
func NotYet(why string) Outcome { return Outcome{result: notYet, err: errors.New(why)} }

// From makes an outcome of an error, by its kind: nil is done, refused is refused with the Refusal in the chain, unheard is
// unheard, as is what was invalid and so never said, and everything else is unknown, because that is what we know.
func From(err error) Outcome {
	switch parley.KindOf(err) {
	case parley.KindRefused:
		if no, ok := errors.AsType[*parley.Refusal](err); ok {
			return Refused(no)
		}
		return Refused(&parley.Refusal{Status: parley.StatusDeclinedOther})
	case parley.KindUnheard, parley.KindInvalid: // what cannot be said was not said
		return Unheard(err)
	}
	if err == nil {
		return Done()
	}
	return Unknown(err)
}

// Else says what the refusal is if a step that was unheard or unknown is given up.
func (o Outcome) Else(no *parley.Refusal) Outcome {
	if o.refusal == nil {
		o.refusal = no
	}
	return o
}

// After is the least time to wait before trying again, as the other side asked for.
func (o Outcome) After(d time.Duration) Outcome { o.retryAfter = d; return o }

// With adds what must be written in the same transaction.
func (o Outcome) With(writes ...Write) Outcome { o.writes = append(o.writes, writes...); return o }

// Begin begins another run in the same transaction.
func (o Outcome) Begin(b Beginning) Outcome { o.begins = append(o.begins, b); return o }

// Answer answers a question that came too late for its row (Late), in place of what the row's Question would decide.
func (o Outcome) Answer(v any) Outcome { o.answer = v; return o }

// Note says a few words for the picture: an amount, a code, never personal data.
func (o Outcome) Note(words string) Outcome { o.note = words; return o }

// IsDone reports whether the step was done.
func (o Outcome) IsDone() bool { return o.result == done }

// Policy says when something is tried again. The zero Policy never tries again.
type Policy struct {
	Delays []time.Duration // before the second try, the third, ...
	Then   time.Duration   // and then every so often; zero means no more
	For    time.Duration   // but not once so long has passed since the first; zero means without end
}

// The policies of the house. Each delay is spread by up to a fifth, either way.
var (
	// UntilHeard is for what must be heard: it never ends.
	UntilHeard = Policy{Delays: []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute}, Then: time.Hour}
	// WhileSomebodyWaits is for a question with a person at the other end: three tries within ten seconds.
	WhileSomebodyWaits = Policy{Delays: []time.Duration{time.Second, 3 * time.Second}, For: 10 * time.Second}
	// UnknownPayment is when a provider is asked what became of a payment: more and more rarely, then daily for a week.
	UnknownPayment = Policy{Delays: []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}, Then: 24 * time.Hour, For: 7 * 24 * time.Hour}
)

// next is when to try again after the given attempt (1 is the first), or false when the policy has ended. random is in [0, 1).
func (p Policy) next(attempt int, since, now time.Time, after time.Duration, random float64) (time.Time, bool) {
	d := p.Then
	if attempt <= len(p.Delays) {
		d = p.Delays[attempt-1]
	} else if p.Then == 0 {
		return time.Time{}, false
	}
	d = max(d+time.Duration((random-0.5)*0.4*float64(d)), min(after, time.Hour))
	due := now.Add(d)
	if p.For > 0 && due.Sub(since) > p.For {
		return time.Time{}, false
	}
	return due, true
}
