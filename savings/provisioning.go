package savings

import (
	"fmt"
	"time"

	"parley"
)

// askedFor is for how long a session that was told to have the bank app open an account is the only one.
const askedFor = 2 * time.Minute

// AskProvisioning says under which request id the session should have the bank app provision an account; ask is false when it should not
// (nothing waits, it has been initiated, another session has just been told to ask). The id is the same until it has been answered. A session
// that asks again within two minutes is told the same, and nothing is drawn.
func (b *Book) AskProvisioning(session string) (request string, ask bool, err error) {
	if err := b.alive(); err != nil {
		return "", false, err
	}
	u := &b.User
	f := b.facts()
	if b.Partner.Setup != SharedAccount || b.Partner.Consents || f.Account || f.Initiated || !f.Waiting {
		return u.RequestID, false, nil
	}
	again := u.RequestID != ""
	if again && b.Now.Before(u.RequestedAt.Add(askedFor)) {
		return u.RequestID, u.RequestedBy == session, nil
	}
	if !again {
		u.RequestID = b.NewID()
	}
	u.RequestedBy, u.RequestedAt = session, b.Now
	b.touch(u.ID)
	if again {
		b.say(u.Journey, ArrowAskedAgain, "", f, nil)
	}
	return u.RequestID, true, nil
}

// ProvisioningInitiated notes that the bank app has begun to open an account; launches that wait for it start. A repetition changes nothing.
func (b *Book) ProvisioningInitiated(request string) error {
	if err := b.alive(); err != nil {
		return err
	}
	u := &b.User
	if request == "" || request != u.RequestID {
		return parley.Invalid("requestId", absent)
	}
	if !u.InitiatedAt.IsZero() {
		return nil
	}
	u.InitiatedAt = b.Now
	b.touch(u.ID)
	n := b.startWaiting()
	b.say(u.Journey, ArrowInitiated, count(n, "launch starts", "launches start"), b.facts(), nil)
	return nil
}

// AskAccount is AskProvisioning for the account of one dream. Whoever cancelled is asked again by another session, or when a launch is to
// wait for the account, under a new id.
func (b *Book) AskAccount(dream, session string) (request string, ask bool, err error) {
	if err := b.alive(); err != nil {
		return "", false, err
	}
	d, ok := b.Dream(dream)
	if !ok || !d.DeletedAt.IsZero() {
		return "", false, NotFound("Dream")
	}
	if !b.apart(d.ID) || d.Account != "" || !d.RequestDone.IsZero() {
		return d.Request, false, nil
	}
	again := d.Request != ""
	switch {
	case again && d.Refused != "" && d.RequestedBy == session:
		return d.Request, false, nil
	case again && d.Refused == "" && b.Now.Before(d.RequestedAt.Add(askedFor)):
		return d.Request, d.RequestedBy == session, nil
	}
	if !again || d.Refused != "" {
		d.Request, d.Refused = b.NewID(), ""
	}
	d.RequestedBy, d.RequestedAt = session, b.Now
	b.touch(d.ID)
	if again {
		b.say(d.Journey, ArrowAskedAgain, "", b.dreamFacts(d), nil)
	}
	return d.Request, true, nil
}

// AskAgain has a session ask for what was refused, or what another session was told to ask within the last two minutes: its person wants it now,
// and the app that was asked may be gone. The request stays the same unless it was refused.
func (b *Book) AskAgain(session string) {
	take := func(by *string, refused bool, id string) {
		switch {
		case refused:
			*by = ""
		case *by != session && *by != "":
			*by = session
		default:
			return
		}
		b.touch(id)
	}
	take(&b.User.RequestedBy, false, b.User.ID)
	for i := range b.Dreams {
		d := &b.Dreams[i]
		take(&d.RequestedBy, d.Refused != "", d.ID)
	}
}

// AccountRequestDone notes the bank app's answer for a dream's account: refused is empty, "cancelled" or "failed". Once an account is on its
// way no later answer changes that.
func (b *Book) AccountRequestDone(request, refused string) error {
	if err := b.alive(); err != nil {
		return err
	}
	d, ok := find(b.Dreams, func(d *Dream) bool { return request != "" && d.Request == request })
	if !ok {
		return parley.Invalid("requestId", absent)
	}
	if refused != "" && refused != "cancelled" && refused != "failed" {
		return parley.Invalid("reason", notListed)
	}
	if !d.RequestDone.IsZero() || d.Refused == refused && refused != "" {
		return nil
	}
	d.Refused = refused
	note := refused
	if refused == "" {
		d.RequestDone = b.Now
		note = count(b.startWaiting(), "launch starts", "launches start")
	}
	b.touch(d.ID)
	b.say(d.Journey, ArrowAccountRequestDone, note, b.dreamFacts(d), nil)
	return nil
}

// apart reports whether a dream has an account of its own, which the bank links to it.
func (b *Book) apart(dream string) bool {
	d, ok := b.Dream(dream)
	return b.Partner.Setup == AccountPerDream || ok && d.Type == PerformanceDream
}

// provided reports whether launches on a dream can begin: there is an account, or the bank has said that there will be one.
func (b *Book) provided(d *Dream) bool {
	if d.Account != "" {
		return true
	}
	if b.apart(d.ID) {
		return !d.RequestDone.IsZero()
	}
	return !b.User.InitiatedAt.IsZero()
}

// dreamFacts are what a journey about a dream's own account needs to know.
func (b *Book) dreamFacts(d *Dream) Facts {
	f := Facts{Account: d.Account != "", Initiated: !d.RequestDone.IsZero(), Refused: d.Refused != ""}
	for _, l := range b.Launches {
		f.Waiting = f.Waiting || l.Dream == d.ID && l.State == Waiting
	}
	return f
}

// count says how many.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
