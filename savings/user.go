package savings

import (
	"strings"
	"time"

	"parley"
)

// User is an end user of a partner. Provisioning of the account that all their dreams share:
//
//	nothing ──a launch waits──▶ requested ──the bank app answers──▶ initiated
//	   └──────────────────POST /accounts──────────────────────────────▶ (asked no more)
//
// While it is requested, the bank app may be asked again, always under the same request id; once it is initiated, never.
type User struct {
	ID          string // UUID
	Partner     string
	ExternalID  string // the bank's: the subject of its ID tokens. Unique in the partner
	GivenName   parley.Private
	FamilyName  parley.Private
	Locale      string // BCP 47: "sv-SE"
	Zone        string // IANA: "Europe/Stockholm"; the partner's when empty
	RequestID   string // under which the bank app was asked to provision an account; empty until it was
	RequestedBy string // the session that was last told to ask
	RequestedAt time.Time
	InitiatedAt time.Time // when the bank app said that provisioning had begun
	Limits      Limits
	Spent       Spent  // by savehacks of this user in a month
	Balance     *Cents // of the current account, as the feed last said, less the deposits settled since; nil when it never did
	BalanceAt   time.Time
	Unread      int    // messages that the person has not seen
	Journey     string // the run that draws how the account came about
	Created     time.Time
	Destroyed   time.Time // their data was erased; what is left is the money's history
	Version     int64     // counts the changes; each one replaces exactly the one before
}

// Limits are what a person allows their savehacks to do. Zero is no limit.
type Limits struct {
	MonthlyCap     Cents `json:"monthlyCapCents,omitempty"`     // at most so much in a calendar month
	MinimumBalance Cents `json:"minimumBalanceCents,omitempty"` // no deposit that would leave less on the current account, as far as it is known
}

// Spent counts what was taken in a period, which is named so that another period begins at zero.
type Spent struct {
	Period string `json:"period,omitempty"` // "2026-11", "2026-11-25", "2026-W48", "2026" or "once"
	Cents  Cents  `json:"cents,omitempty"`
}

// NewUser is what is known of a user at first.
type NewUser struct {
	ExternalID, Locale, Zone string
	GivenName, FamilyName    parley.Private
}

// UserPatch changes what is not nil.
type UserPatch struct {
	Locale, Zone          *string
	GivenName, FamilyName *parley.Private
}

// DeepPatch changes a user with accounts and transactions, all or nothing.
type DeepPatch struct {
	User         UserPatch
	Accounts     []AccountPatch
	Transactions []TransactionPatch
}

// CreateUser makes the user of a fresh book. A user who is there already is left as they are, and created is false. An empty ExternalID
// is a fault. by is the arrow: ArrowUserPosted begins the journey account-first, ArrowSignedIn the journey account-provisioning.
func (b *Book) CreateUser(n NewUser, by string) (created bool, err error) {
	if b.User.ID != "" {
		return false, nil
	}
	var f Faults
	if n.ExternalID == "" {
		f.add("externalId", blank)
	}
	f.text("externalId", n.ExternalID, longest)
	n.Locale = tidyLocale(n.Locale)
	f.person(&n.GivenName, &n.FamilyName, &n.Locale, &n.Zone)
	if err := f.or(); err != nil {
		return false, err
	}
	b.User = User{ID: b.NewID(), Partner: b.Partner.ID, ExternalID: n.ExternalID, GivenName: n.GivenName, FamilyName: n.FamilyName,
		Locale: n.Locale, Zone: n.Zone, Created: b.Now}
	b.touch(b.User.ID)
	b.emit(UserCreated, b.User.ID)
	if b.Partner.Setup == SharedAccount {
		switch {
		case by == ArrowUserPosted:
			b.User.Journey = b.begin(AccountFirst, by, "", b.facts(), nil)
		case by == ArrowSignedIn && !b.Partner.Consents:
			b.User.Journey = b.begin(AccountProvisioning, by, "", b.facts(), nil)
		}
	}
	return true, nil
}

// SignedIn notes that the person came in through the web app, with what the bank's ID token and their device say of them. What is not said
// stays as it was, and so does what cannot be understood: nobody is kept out for the name of their zone.
func (b *Book) SignedIn(given, family parley.Private, locale, zone string) error {
	if err := b.alive(); err != nil {
		return err
	}
	var p UserPatch
	if given != "" {
		p.GivenName = &given
	}
	if family != "" {
		p.FamilyName = &family
	}
	if locale = tidyLocale(locale); locale != "" {
		p.Locale = &locale
	}
	if zone != "" {
		p.Zone = &zone
	}
	var f Faults
	if f.person(p.GivenName, nil, nil, nil); len(f) > 0 {
		p.GivenName, f = nil, nil
	}
	if f.person(nil, p.FamilyName, nil, nil); len(f) > 0 {
		p.FamilyName, f = nil, nil
	}
	if f.person(nil, nil, p.Locale, nil); len(f) > 0 {
		p.Locale, f = nil, nil
	}
	if f.person(nil, nil, nil, p.Zone); len(f) > 0 {
		p.Zone = nil
	}
	b.changeUser(p)
	if !b.Fresh() {
		b.say(b.User.Journey, ArrowSignedIn, "", b.facts(), nil)
	}
	return nil
}

// UpdateUser changes what the patch names.
func (b *Book) UpdateUser(p UserPatch) error {
	if err := b.alive(); err != nil {
		return err
	}
	if p.Locale != nil {
		tidy := tidyLocale(*p.Locale)
		p.Locale = &tidy
	}
	var f Faults
	f.person(p.GivenName, p.FamilyName, p.Locale, p.Zone)
	if err := f.or(); err != nil {
		return err
	}
	b.changeUser(p)
	return nil
}

func (b *Book) changeUser(p UserPatch) {
	u, from := b.User, b.zone()
	set(&u.GivenName, p.GivenName)
	set(&u.FamilyName, p.FamilyName)
	set(&u.Locale, p.Locale)
	set(&u.Zone, p.Zone)
	if u == b.User {
		return
	}
	b.User = u
	b.touch(u.ID)
	b.rezone(from)
}

// SetLimits sets what the person allows their savehacks, from the next deposit on.
func (b *Book) SetLimits(l Limits) error {
	if err := b.alive(); err != nil {
		return err
	}
	var f Faults
	f.amount("monthlyCapCents", l.MonthlyCap)
	f.amount("minimumBalanceCents", l.MinimumBalance)
	if err := f.or(); err != nil {
		return err
	}
	if l != b.User.Limits {
		b.User.Limits = l
		b.touch(b.User.ID)
	}
	return nil
}

// alive is an error when the user was never there or has been erased: to who asks that is the same.
func (b *Book) alive() error {
	if b.User.ID == "" || !b.User.Destroyed.IsZero() {
		return NotFound("User")
	}
	return nil
}

// facts are what a journey about the user's account needs to know.
func (b *Book) facts() Facts {
	_, has := b.shared()
	f := Facts{Account: has, Initiated: !b.User.InitiatedAt.IsZero()}
	for _, l := range b.Launches {
		f.Waiting = f.Waiting || l.State == Waiting && !b.apart(l.Dream)
	}
	return f
}

// person checks what is said of a person, as far as it is said.
func (f *Faults) person(given, family *parley.Private, locale, zone *string) {
	if given != nil {
		f.text("givenName", given.Reveal(), longest)
	}
	if family != nil {
		f.text("familyName", family.Reveal(), longest)
	}
	if locale != nil && !isLocale(*locale) {
		f.add("locale", invalid)
	}
	if zone != nil && *zone != "" {
		if _, err := zoneOf(*zone); err != nil {
			f.add("timezone", invalid)
		}
	}
}

// tidyLocale writes a locale with hyphens: telephones say sv_SE too.
func tidyLocale(s string) string { return strings.ReplaceAll(s, "_", "-") }

// isLocale reports whether a text looks as BCP 47 wants it: parts of letters and digits with hyphens between.
func isLocale(s string) bool {
	if s == "" {
		return true
	}
	for part := range strings.SplitSeq(s, "-") {
		if part == "" || len(part) > 8 || strings.ContainsFunc(part, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
		}) {
			return false
		}
	}
	return len(s) <= 35
}

// set takes over what a patch names.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
