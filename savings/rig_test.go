package savings_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/savings"
)

// tester is what tests and rapid's have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// desk is where a test keeps one user's book: every change is made with a book that was loaded as the store loads it, and put back.
type desk struct {
	t       tester
	partner *savings.Partner
	now     time.Time
	ids     int

	user         savings.User
	accounts     []savings.Account
	dreams       []savings.Dream
	launches     []savings.Launch
	transactions []savings.Transaction
	consents     []savings.Consent
	messages     []savings.Message
	heard        map[string]bool
	woken        []savings.WakeFollowers
	groups       map[string]savings.Group // that this user has made
	group        savings.Group            // that is named

	said    []savings.Said    // of the last change
	emitted []savings.Emitted // of the last change
	wrote   []savings.Write   // of the last change
}

func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

// oneAccount is a partner whose users have one account each.
func oneAccount() *savings.Partner {
	return &savings.Partner{ID: "bank", Name: "Bank", Country: "SE", Zone: zone("Europe/Stockholm"), Setup: savings.SharedAccount,
		ConsentFor: 10 * time.Minute}
}

// atDesk begins at a Wednesday noon in Stockholm.
func atDesk(t testing.TB, p *savings.Partner) *desk {
	return &desk{t: t, partner: p, now: time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC), heard: map[string]bool{}, groups: map[string]savings.Group{}}
}

// newDesk has a user who came in by the web app.
func newDesk(t testing.TB, p *savings.Partner) *desk {
	d := atDesk(t, p)
	d.must(func(b *savings.Book) error {
		_, err := b.CreateUser(savings.NewUser{ExternalID: "anna", GivenName: "Anna"}, savings.ArrowSignedIn)
		return err
	})
	return d
}

// book is loaded as savings.Book says: what is open, and what is named.
func (d *desk) book(named ...string) *savings.Book {
	isNamed := map[string]bool{}
	for _, n := range named {
		isNamed[n] = true
	}
	b := &savings.Book{User: d.user, Accounts: append([]savings.Account(nil), d.accounts...), Followed: map[string][]savings.Transaction{}}
	for _, t := range d.transactions {
		if t.State == savings.Requested || isNamed[t.ID] || t.ExternalID != "" && isNamed[t.ExternalID] {
			b.Transactions = append(b.Transactions, t)
			isNamed[t.ToDream], isNamed[t.FromDream], isNamed[t.Launch] = true, true, true
		}
	}
	for _, l := range d.launches {
		if l.State != savings.Stopped || isNamed[l.ID] {
			b.Launches = append(b.Launches, l)
			isNamed[l.Consent] = true
		}
	}
	for _, dr := range d.dreams {
		if dr.DeletedAt.IsZero() || isNamed[dr.ID] {
			b.Dreams = append(b.Dreams, dr)
		}
	}
	for _, c := range d.consents {
		if c.ConsentedAt.IsZero() && c.RejectedAt.IsZero() || isNamed[c.ID] {
			b.Consents = append(b.Consents, c)
		}
	}
	for _, m := range d.messages {
		if isNamed[m.ID] {
			b.Messages = append(b.Messages, m)
		}
	}
	for _, n := range named {
		for _, l := range d.launches {
			if l.ID == n {
				b.Leader = savings.Leader{Launch: l.ID, User: l.User}
			}
		}
	}
	b.Group = d.group
	return b.Begin(d.partner, savings.Turn{Now: d.now, NewID: d.id, Random: strings.NewReader(strings.Repeat("\x00\x01\x02\x03\xff\x04", 9))})
}

func (d *desk) id() string { d.ids++; return fmt.Sprintf("id%06d", d.ids) }

// try makes a change with a book in which what is named is found, and puts it back when it succeeds.
func (d *desk) try(do func(b *savings.Book) error, named ...string) error {
	b := d.book(named...)
	d.said, d.emitted, d.wrote = nil, nil, nil
	if err := do(b); err != nil {
		return err
	}
	d.put(b)
	return nil
}

func (d *desk) put(b *savings.Book) {
	d.said, d.emitted = b.Said(), b.Emitted()
	if b.Changed() {
		d.wrote = b.Writes()
	}
	for _, w := range d.wrote {
		switch w := w.(type) {
		case savings.PutUser:
			d.user = w.User
		case savings.PutAccount:
			for _, a := range d.accounts {
				if a.ID != w.Account.ID && a.ExternalID != "" && a.ExternalID == w.Account.ExternalID {
					d.t.Fatalf("two accounts with external id %q", a.ExternalID)
				}
			}
			d.accounts = upsert(d.accounts, w.Account, func(a savings.Account) string { return a.ID })
		case savings.PutDream:
			d.dreams = upsert(d.dreams, w.Dream, func(a savings.Dream) string { return a.ID })
		case savings.PutLaunch:
			d.launches = upsert(d.launches, w.Launch, func(a savings.Launch) string { return a.ID })
		case savings.PutTransaction:
			for _, t := range d.transactions {
				if t.ID != w.Transaction.ID && t.Launch != "" && t.Launch == w.Transaction.Launch && t.Occasion == w.Transaction.Occasion {
					d.t.Fatalf("launch %s deposits twice on %s", t.Launch, t.Occasion)
				}
			}
			d.transactions = upsert(d.transactions, w.Transaction, func(a savings.Transaction) string { return a.ID })
		case savings.PutConsent:
			d.consents = upsert(d.consents, w.Consent, func(a savings.Consent) string { return a.ID })
		case savings.PutMessage:
			d.messages = upsert(d.messages, w.Message, func(a savings.Message) string { return a.ID })
		case savings.AddFeed:
			d.heard[w.Item.ID] = true
		case savings.WakeFollowers:
			d.woken = append(d.woken, w)
		case savings.PutGroup:
			d.groups[w.Group.ID] = w.Group
		case savings.EraseUser, savings.DescribeGroup, savings.Regroup: // of a group that others are in too
		default:
			d.t.Fatalf("a write of type %T", w)
		}
	}
}

func upsert[T any](list []T, v T, id func(T) string) []T {
	for i := range list {
		if id(list[i]) == id(v) {
			list[i] = v
			return list
		}
	}
	return append(list, v)
}

func (d *desk) must(do func(b *savings.Book) error, named ...string) {
	d.t.Helper()
	if err := d.try(do, named...); err != nil {
		d.t.Fatal(err)
	}
}

func get[T any](d *desk, do func(b *savings.Book) (T, error), named ...string) (v T) {
	d.t.Helper()
	d.must(func(b *savings.Book) (err error) { v, err = do(b); return err }, named...)
	return v
}

func (d *desk) dream(n savings.NewDream) savings.Dream {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Dream, error) { return b.CreateDream(n) })
}

func (d *desk) launch(dream, kind, params string, change ...func(*savings.NewLaunch)) savings.Launch {
	d.t.Helper()
	n := savings.NewLaunch{Dream: dream, Kind: kind, Params: json.RawMessage(params)}
	for _, c := range change {
		c(&n)
	}
	return get(d, func(b *savings.Book) (savings.Launch, error) { return b.LaunchSavehack(n) }, n.Leader())
}

func (d *desk) patch(id string, p savings.LaunchPatch) savings.Launch {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Launch, error) { return b.PatchLaunch(id, p) }, id)
}

func (d *desk) open(n savings.NewAccount) savings.Account {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Account, error) { a, _, err := b.OpenAccount(n); return a, err })
}

func (d *desk) account() savings.Account {
	d.t.Helper()
	return d.open(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"})
}

func (d *desk) due() int {
	d.t.Helper()
	return get(d, (*savings.Book).RunDue)
}

// until moves the clock on and has the due worker come by once an hour.
func (d *desk) until(at time.Time) (deposits int) {
	d.t.Helper()
	for d.now.Before(at) {
		d.now = d.now.Add(time.Hour)
		if d.now.After(at) {
			d.now = at
		}
		deposits += d.due()
	}
	return deposits
}

func (d *desk) settle(id string) savings.Transaction {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Transaction, error) {
		return b.PatchTransaction(savings.TransactionPatch{ID: id, Settled: &d.now})
	}, id)
}

func (d *desk) fail(id string) savings.Transaction {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Transaction, error) {
		return b.PatchTransaction(savings.TransactionPatch{ID: id, Failed: &d.now, Reason: "no money"})
	}, id)
}

func (d *desk) reconcile(n savings.NewTransaction) savings.Transaction {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Transaction, error) { t, _, err := b.Reconcile(n); return t, err }, n.ExternalID)
}

func (d *desk) dreamOf(id string) savings.Dream {
	for _, dr := range d.dreams {
		if dr.ID == id {
			return dr
		}
	}
	d.t.Fatalf("no dream %s", id)
	return savings.Dream{}
}

func (d *desk) launchOf(id string) savings.Launch {
	for _, l := range d.launches {
		if l.ID == id {
			return l
		}
	}
	d.t.Fatalf("no launch %s", id)
	return savings.Launch{}
}

// occasions are what a launch has deposited for, in order.
func (d *desk) occasions(launch string) (out []string) {
	for _, t := range d.transactions {
		if t.Launch == launch {
			out = append(out, t.Occasion)
		}
	}
	return out
}

func (d *desk) told(arrow string) (savings.Said, bool) {
	for _, s := range d.said {
		if s.Arrow == arrow {
			return s, true
		}
	}
	return savings.Said{}, false
}

func (d *desk) events() (out []string) {
	for _, e := range d.emitted {
		out = append(out, string(e.Type))
	}
	return out
}

func (d *desk) residual(account string) savings.Cents { return d.book().Residual(account) }

// faults are the mistakes in an error, as "field message".
func faults(err error) (out []string) {
	if all, ok := errors.AsType[savings.Faults](err); ok {
		for _, f := range all {
			out = append(out, f.Field+" "+f.Message)
		}
	} else if e, ok := errors.AsType[*parley.Error](err); ok {
		out = append(out, e.Field+" "+e.Message)
	}
	return out
}

func wantFaults(t testing.TB, err error, want ...string) {
	t.Helper()
	if got := faults(err); !reflect.DeepEqual(got, want) || parley.KindOf(err) != parley.KindInvalid {
		t.Errorf("got %q of kind %q, want %q", got, parley.KindOf(err), want)
	}
}

func wantKind(t testing.TB, err error, want parley.Kind) {
	t.Helper()
	if got := parley.KindOf(err); err == nil || got != want {
		t.Errorf("got %v of kind %q, want %q", err, got, want)
	}
}

func want[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func ptr[T any](v T) *T { return &v }

func day(s string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone("Europe/Stockholm"))
	if err != nil {
		panic(err)
	}
	return at
}

func contains(list []string, s string) bool {
	return strings.Contains("|"+strings.Join(list, "|")+"|", "|"+s+"|")
}
