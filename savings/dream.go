package savings

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"parley/savehack"
)

// Dream is a goal that somebody saves for.
//
//	active ──balance reaches the target──▶ achieved ──a higher target──▶ active
//	   └──▶ deleted ◀── achieved
//
// In the setup with one account per dream it also waits for its account, as a User does for the shared one: under AccountRequest.
type Dream struct {
	ID          string
	User        string
	Type        string // "Dream", or "PerformanceDream"
	Name        string // the person's own words: shown to them and to the bank, never logged
	Target      Cents
	Expires     string // a date, "2027-06-01"; empty when there is no hurry
	AchievedAt  time.Time
	DeletedAt   time.Time
	Group       string    // the group dream that it is part of
	Joined      time.Time // when it came into Group, if that is one of ours
	Account     string    // where its money is; empty until there is one
	Inspiration string    // the dream inspiration that it was made from
	Image       string    // the address of its picture
	Balance     Cents     // the sum of its settled transactions
	Pending     Cents     // the sum of its requested deposits
	Leaving     Cents     // the sum of its requested withdrawals and moves away
	Milestone   int       // the highest of 25, 50 and 75 percent that was reached
	Request     string    // in the setup with one account per dream: under which the bank app was asked for an account
	RequestedBy string
	RequestedAt time.Time
	RequestDone time.Time // when the bank app said that it is on its way
	Refused     string    // or why it is not: "cancelled", "failed"
	Journey     string    // the run that draws how its account came about, in that setup
	Created     time.Time
}

// NewDream is a dream as a person, or the bank for them, describes it.
type NewDream struct {
	Type        string // "Dream" when empty
	Name        string
	Target      Cents
	Expires     string
	Group       string
	Account     string
	Inspiration string
	Image       string
}

// DreamPatch changes what is not nil. An empty Expires or Group takes it away. An Account that is another user's is refused.
type DreamPatch struct {
	Name, Expires, Account, Group, Image *string
	Target                               *Cents
}

// The dream types.
const (
	SavingsDream     = "Dream"
	PerformanceDream = "PerformanceDream" // has a Performance account of its own
)

// CreateDream makes a dream, linked at once when the user has an account to link it to.
func (b *Book) CreateDream(n NewDream) (Dream, error) {
	if err := b.alive(); err != nil {
		return Dream{}, err
	}
	d := Dream{ID: b.NewID(), User: b.User.ID, Type: n.Type, Name: n.Name, Target: n.Target, Expires: n.Expires, Group: n.Group,
		Inspiration: n.Inspiration, Image: n.Image, Created: b.Now}
	if d.Type == "" {
		d.Type = SavingsDream
	}
	var f Faults
	if d.Type != SavingsDream && (d.Type != PerformanceDream || !b.Partner.Performance) {
		f.add("type", notListed)
	}
	f.text("dreamInspirationId", d.Inspiration, longest)
	b.checkDream(&f, &d, Dream{})
	ours := b.checkGroup(&f, &d, n.Group)
	if n.Account != "" {
		b.checkLink(&f, &d, n.Account)
	}
	if err := f.or(); err != nil {
		return Dream{}, err
	}
	another := slices.ContainsFunc(b.Dreams, func(o Dream) bool { return !b.apart(o.ID) })
	b.Dreams = append(b.Dreams, d)
	b.touch(d.ID)
	b.emit(DreamCreated, d.ID)
	made := &b.Dreams[len(b.Dreams)-1]
	if ours {
		b.enter(made, n.Group)
	}
	apart := b.apart(d.ID)
	if a, has := b.shared(); n.Account != "" {
		made.Account = n.Account
	} else if has && !apart {
		made.Account = a.ID
	}
	shown := struct {
		Target Cents `json:"targetCents"`
	}{d.Target}
	switch {
	case apart && made.Account == "":
		made.Journey = b.begin(AccountForDream, ArrowDreamCreated, "", b.dreamFacts(made), shown)
	case !apart && another:
		b.say(b.User.Journey, ArrowDreamAnother, "", b.facts(), shown)
	case !apart:
		b.say(b.User.Journey, ArrowDreamCreated, "", b.facts(), shown)
	}
	return *made, nil
}

// UpdateDream changes a dream; with an Account it links it.
func (b *Book) UpdateDream(id string, p DreamPatch) (Dream, error) {
	if err := b.alive(); err != nil {
		return Dream{}, err
	}
	d, ok := b.Dream(id)
	if !ok || !d.DeletedAt.IsZero() {
		return Dream{}, NotFound("Dream")
	}
	next := *d
	set(&next.Name, p.Name)
	set(&next.Expires, p.Expires)
	set(&next.Group, p.Group)
	set(&next.Image, p.Image)
	set(&next.Target, p.Target)
	var f Faults
	b.checkDream(&f, &next, *d)
	moves := next.Group != d.Group
	ours := moves && b.checkGroup(&f, d, next.Group)
	links := p.Account != nil && *p.Account != d.Account
	if links {
		b.checkLink(&f, d, *p.Account)
	}
	if err := f.or(); err != nil {
		return Dream{}, err
	}
	if was := *d; next != was {
		running := func(l *Launch) bool { return l.Dream == id }
		b.runDates(0, running) // what is due until now is due for the dream as it was
		next.Balance, next.Pending = d.Balance, d.Pending
		*d = next
		b.touch(d.ID)
		b.emit(DreamUpdated, d.ID)
		if moves {
			b.move(d, was.Group, ours)
		} else if !d.Joined.IsZero() {
			b.Also(DescribeGroup{d.Group, was, *d})
		}
		if d.Target != was.Target {
			b.retarget(d)
		}
		for i := range b.Launches {
			if l := &b.Launches[i]; running(l) && l.State == Active && (d.Target != was.Target || d.Expires != was.Expires) {
				b.schedule(l)
				b.touch(l.ID)
			}
		}
	}
	if links {
		b.link(d, *p.Account)
		b.startWaiting()
		if a, ok := b.Account(d.Account); ok && !a.Created.Before(d.Created) { // only now is it known for which dream it was opened
			f := b.dreamFacts(d)
			f.Account = false
			b.say(d.Journey, ArrowAccountPosted, "", f, nil)
		}
		b.say(d.Journey, ArrowDreamLinked, "", b.dreamFacts(d), nil)
	}
	return *d, nil
}

// move brings a dream from one group, or none, into the one that it names now, or out.
func (b *Book) move(d *Dream, from string, ours bool) {
	to := d.Group
	if from != "" {
		d.Group = from
		b.part(d)
	}
	if d.Group = to; ours {
		b.enter(d, to)
	}
}

// DeleteDream gives a dream up: its launches stop, deposits that can be cancelled are, and with withdraw what is saved is paid out; without,
// it stays on the account outside any dream. A repetition changes nothing.
func (b *Book) DeleteDream(id string, withdraw bool) error {
	if err := b.alive(); err != nil {
		return err
	}
	d, ok := b.Dream(id)
	if !ok {
		return NotFound("Dream")
	}
	if d.DeletedAt.IsZero() {
		b.giveUp(d, withdraw)
	}
	return nil
}

func (b *Book) giveUp(d *Dream, withdraw bool) {
	for i := range b.Launches {
		if l := &b.Launches[i]; l.Dream == d.ID && l.State != Stopped {
			b.stop(l)
		}
	}
	for i := range b.Transactions {
		if t := &b.Transactions[i]; t.ToDream == d.ID && t.cancellable(b.Now) {
			b.fail(t, b.Now, Cancelled)
		}
	}
	if free := d.Balance - d.Leaving; withdraw && free > 0 && d.Account != "" {
		b.payOut(d, free)
	}
	d.DeletedAt = b.Now
	b.touch(d.ID)
	if !d.Joined.IsZero() {
		b.part(d)
	}
	b.emit(DreamDeleted, d.ID)
	b.sweep(d)
}

// sweep leaves what a deleted dream holds on the account, outside any dream: whatever was still on its way to it ends there too.
func (b *Book) sweep(d *Dream) {
	a, ok := b.Account(d.Account)
	if free := d.Balance - d.Leaving; ok && !d.DeletedAt.IsZero() && a.Type == SharedSavings && free > 0 {
		b.shift(a.ID, d.ID, "", free)
	}
}

// checkDream checks how a dream is described. A date that lies in the past is a mistake only when it is new.
func (b *Book) checkDream(f *Faults, d *Dream, was Dream) {
	f.text("name", d.Name, longest)
	f.amount("targetCents", d.Target)
	f.text("groupDreamId", d.Group, longest)
	if d.Expires != was.Expires && d.Expires != "" {
		if on, err := savehack.ParseDate(d.Expires); err != nil {
			f.add("expiresAt", invalid)
		} else if on.Before(b.today()) {
			f.add("expiresAt", past)
		}
	}
	if d.Image != was.Image && d.Image != "" {
		if u, err := url.Parse(d.Image); err != nil || len(d.Image) > 2048 || u.Scheme != "https" && (u.Scheme != "" || u.Host != "" || !strings.HasPrefix(u.Path, "/")) {
			f.add("imageUrl", invalid)
		}
	}
}

// checkLink checks whether a dream's money can be on an account. A dream does not leave an account that has some of it.
func (b *Book) checkLink(f *Faults, d *Dream, account string) {
	a, ok := b.Account(account)
	switch {
	case account == "":
		f.add("accountId", blank)
	case !ok:
		f.add("accountId", absent)
	case (a.Type == PerformanceAccount) != (d.Type == PerformanceDream):
		f.add("accountId", "is of another type than the dream")
	case d.Account != "" && (d.Balance != 0 || d.Pending != 0 || d.Leaving != 0):
		f.add("accountId", immutable)
	case a.Type == PerformanceAccount:
		if _, other := find(b.Dreams, func(o *Dream) bool { return o.Account == account && o.ID != d.ID && o.DeletedAt.IsZero() }); other {
			f.add("accountId", taken)
		}
	}
}

// milestones are the percentages of the target at which the bank is told.
var milestones = [...]int{25, 50, 75}

// reach says how far a dream has come, after money has come to it. Of several milestones that were passed at once the highest is told, and
// of the target only that it is reached.
func (b *Book) reach(d *Dream) {
	if d.Target <= 0 || !d.DeletedAt.IsZero() || !d.AchievedAt.IsZero() {
		return
	}
	at := d.passed()
	if d.Balance >= d.Target {
		d.Milestone, d.AchievedAt = at, b.Now
		b.touch(d.ID)
		b.emit(DreamAchieved, d.ID)
		for i := range b.Launches {
			if l := &b.Launches[i]; l.Dream == d.ID && l.State == Active && l.StopAtGoal {
				b.stop(l)
			}
		}
		return
	}
	if at > d.Milestone {
		d.Milestone = at
		b.touch(d.ID)
		b.emit(DreamMilestone, d.ID)
		b.emitted[len(b.emitted)-1].Percent = at
	}
}

// retarget says how far a dream has come when its target has changed: a higher one opens it again, and its milestones with it.
func (b *Book) retarget(d *Dream) {
	if !d.AchievedAt.IsZero() && (d.Target == 0 || d.Balance < d.Target) {
		d.AchievedAt = time.Time{}
	}
	d.Milestone = min(d.Milestone, d.passed())
	b.reach(d)
}

// passed is the highest milestone at or under the balance.
func (d *Dream) passed() int {
	at := 0
	for _, percent := range milestones {
		if d.Target > 0 && d.Balance >= (d.Target*Cents(percent)+99)/100 {
			at = percent
		}
	}
	return at
}
