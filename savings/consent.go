package savings

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"parley"
	"parley/savehack"

	"github.com/google/uuid"
)

// Consent is a person's signed consent to what a launch may take.
//
//	asked ──GET, once, within its time──▶ read ──▶ consented
//	  └────────────────────────────────────┴─────▶ rejected
type Consent struct {
	ID            string
	User          string
	Launch        string
	Obsolete      string    // the launch that this one replaces
	TemporaryHash string    // SHA-256 of the temporary id, which is good for one GET
	TemporaryEnds time.Time // in the past when it was used; zero when there never was one
	ReadAt        time.Time
	RequestID     string // of the bridge message
	MaxFrequency  string // once, day, week, month, year
	MaxAmount     Cents  // per MaxFrequency
	ConsentedAt   time.Time
	RejectedAt    time.Time
	Journey       string
	Created       time.Time
}

// askConsent has the person asked whether a draft may take what it would.
func (b *Book) askConsent(l *Launch) {
	c := Consent{ID: b.NewID(), User: b.User.ID, Launch: l.ID, Obsolete: l.Replaces, RequestID: b.NewID(), Created: b.Now}
	c.MaxFrequency, c.MaxAmount = b.bound(l, l.Params)
	l.Consent = c.ID
	b.touch(l.ID)
	c.Journey = b.begin(TransferConsent, ArrowLaunched, "", b.consentFacts(&c, l), shownLaunch(*l))
	b.Consents = append(b.Consents, c)
	b.touch(c.ID)
}

// HashTemporary is what is kept of a consent's temporary id.
func HashTemporary(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// temporary is the id of the consent that ends when its TemporaryEnds is. It is made of the two, so that an answer that was lost can be given again;
// it says who means which consent, and opens nothing: only the bank can ask with it.
func (c *Consent) temporary() string {
	return uuid.NewSHA1(temporarySpace, []byte(c.ID+"/"+strconv.FormatInt(c.TemporaryEnds.UnixMilli(), 10))).String()
}

// temporarySpace is the name space of temporary ids.
var temporarySpace = uuid.NewSHA1(uuid.NameSpaceOID, []byte("parley temporary consent id"))

// StandingConsent is the temporary id of an undecided consent that can still be read with it; ok is false when there is none.
func (b *Book) StandingConsent(id string) (temporary string, ok bool) {
	c, ok := b.Consent(id)
	if !ok || b.alive() != nil || c.decided() || !b.drafted(c) || !b.Now.Before(c.TemporaryEnds) {
		return "", false
	}
	return c.temporary(), c.TemporaryHash == HashTemporary(c.temporary())
}

// RenewConsent gives an undecided consent a new temporary id, for when the bank app must be asked, and again. It returns the id itself, which
// is kept nowhere; one that was given before is good no more.
func (b *Book) RenewConsent(id string) (temporary string, err error) {
	c, ok := b.Consent(id)
	if !ok || b.alive() != nil {
		return "", NotFound("Transfer consent")
	}
	if c.decided() || !b.drafted(c) {
		return "", conflict("the consent is no longer asked for")
	}
	again := !c.TemporaryEnds.IsZero()
	ends := b.Now.Add(b.Partner.ConsentFor)
	if !ends.After(c.TemporaryEnds) { // asked for twice within a moment: still another id
		ends = c.TemporaryEnds.Add(time.Millisecond)
	}
	c.TemporaryEnds = ends
	temporary = c.temporary()
	c.TemporaryHash = HashTemporary(temporary)
	b.touch(c.ID)
	if again {
		b.sayConsent(c, ArrowAskedAgain, "")
	}
	return temporary, nil
}

// ReadConsent hands out a consent for its temporary id, once.
func (b *Book) ReadConsent(id string) (Consent, error) {
	c, ok := b.Consent(id)
	if !ok || b.alive() != nil || c.decided() || !b.drafted(c) || c.TemporaryHash == "" || !b.Now.Before(c.TemporaryEnds) {
		return Consent{}, NotFound("Transfer consent")
	}
	c.TemporaryEnds = c.Created // spent, but still known: the bank app returns with it
	if c.ReadAt.IsZero() {
		c.ReadAt = b.Now
	}
	b.touch(c.ID)
	b.sayConsent(c, ArrowConsentRead, "")
	return *c, nil
}

// DecideConsent notes that the person has consented, or not: exactly one time is given. The same word again changes nothing.
func (b *Book) DecideConsent(id string, consented, rejected time.Time) (Consent, error) {
	c, ok := b.Consent(id)
	if !ok || b.alive() != nil {
		return Consent{}, NotFound("Transfer consent")
	}
	const both = "consented_at and rejected_at are mutually exclusive"
	var f Faults
	switch yes, no := !consented.IsZero(), !rejected.IsZero(); {
	case !yes && !no:
		f.add("consented_at", blank)
	case yes && no:
		f.add("consented_at", both)
		f.add("rejected_at", both)
	case yes && !c.RejectedAt.IsZero():
		f.add("consented_at", both)
	case no && !c.ConsentedAt.IsZero():
		f.add("rejected_at", both)
	case yes && c.ReadAt.IsZero():
		f.add("consented_at", "can't be set before the consent was read")
	}
	if err := f.or(); err != nil {
		return Consent{}, err
	}
	if c.decided() {
		return *c, nil
	}
	c.ConsentedAt, c.RejectedAt = consented, rejected
	b.touch(c.ID)
	note := "rejected"
	if !c.ConsentedAt.IsZero() {
		note = "consented"
	}
	if l, ok := b.Launch(c.Launch); ok && l.State == Draft {
		if c.ConsentedAt.IsZero() {
			b.stop(l)
		} else {
			b.emit(SavehackLaunched, l.ID)
			b.start(l)
		}
	}
	b.sayConsent(c, ArrowConsentDecided, note)
	return *c, nil
}

// ConsentReturned notes what the bank app answered under a request id; what counts is the bank's own word.
func (b *Book) ConsentReturned(request string, cancelled bool) error {
	c, ok := find(b.Consents, func(c *Consent) bool { return request != "" && c.RequestID == request })
	if !ok || b.alive() != nil {
		return parley.Invalid("requestId", absent)
	}
	note := "succeeded"
	if cancelled {
		note = "cancelled"
	}
	b.sayConsent(c, ArrowConsentReturned, note)
	return nil
}

// drafted reports whether a consent's launch still waits for it.
func (b *Book) drafted(c *Consent) bool {
	l, ok := b.Launch(c.Launch)
	return ok && l.State == Draft
}

func (c *Consent) decided() bool { return !c.ConsentedAt.IsZero() || !c.RejectedAt.IsZero() }

func (b *Book) sayConsent(c *Consent, arrow, note string) {
	l, _ := b.Launch(c.Launch)
	b.say(c.Journey, arrow, note, b.consentFacts(c, l), nil)
}

// consentFacts are what a journey about a consent needs to know.
func (b *Book) consentFacts(c *Consent, l *Launch) Facts {
	f := Facts{Refused: !c.RejectedAt.IsZero()}
	if l != nil {
		f.Waiting = l.State == Draft
		if d, ok := b.Dream(l.Dream); ok {
			f.Account = d.Account != ""
			f.Initiated = b.provided(d)
		}
	}
	return f
}

// unforeseen is the most in a month that a consent is asked for when nothing else bounds it: a thousand of the currency's major unit.
const unforeseen Cents = 1000_00

// bound is the most that a launch with these parameters takes, and how often: once when there is a single due date, otherwise in the longest
// of day, week, month and year in which no two due dates of the coming two years fall, and then the highest amount of them. What lives on the
// current account or on another launch has no due dates: it is bounded by its cap of the month, by the user's, by what is left to the goal
// at which it stops, or else by a fixed sum.
func (b *Book) bound(l *Launch, params []byte) (frequency string, most Cents) {
	d, _ := b.Dream(l.Dream)
	k, plan, err := planOf(l.Kind, params)
	if err != nil || d == nil {
		return monthly, 0
	}
	if k.Feed == "" && !k.Follows {
		if frequency, most = b.simulated(l, plan); most > 0 {
			return frequency, most
		}
	}
	left := d.Target - d.Balance - d.Pending
	switch limit := b.User.Limits.MonthlyCap; {
	case l.MonthlyCap > 0:
		return monthly, l.MonthlyCap
	case limit > 0:
		return monthly, limit
	case l.StopAtGoal && left > 0:
		return monthly, left
	}
	return monthly, unforeseen
}

// simulated is the bound of a plan with due dates.
func (b *Book) simulated(l *Launch, plan savehack.Plan) (frequency string, most Cents) {
	s := b.situation(l)
	end := s.Started.AddDays(2 * 366)
	dates := 0
	last := map[string]string{} // by frequency, the period of the last due date
	alone := map[string]bool{daily: true, weekly: true, monthly: true, yearly: true}
	for due, ok := plan.Next(s, s.Started.AddDays(-1)); ok && due.Before(end); due, ok = plan.Next(s, due) {
		dates++
		amount := min(Cents(plan.Amount(s, due)), Most)
		most = max(most, amount)
		s.Saved = min(s.Saved+int64(amount), int64(Most))
		for every := range alone {
			p := period(due, every)
			alone[every] = alone[every] && last[every] != p
			last[every] = p
		}
	}
	if dates == 1 {
		return once, most
	}
	frequency = daily
	for _, every := range []string{weekly, monthly, yearly} {
		if alone[every] {
			frequency = every
		}
	}
	return frequency, most
}

// covered reports whether a launch's consent, as it was or will be given, allows what it takes with these parameters.
func (b *Book) covered(l *Launch, params []byte) bool {
	c, ok := b.Consent(l.Consent)
	if !ok {
		return false
	}
	frequency, most := b.bound(l, params)
	return frequency == c.MaxFrequency && most <= c.MaxAmount
}
