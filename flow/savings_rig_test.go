package flow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/savings"
	"parley/store"
)

// till is a service over a real database: one process. Several tills may share a database and a clock.
type till struct {
	*talk
	writes *writes
}

// writes counts what a process writes, and how often somebody else was first.
type writes struct {
	mortal
	applied, conflicts atomic.Int64
}

func (w *writes) Apply(ctx context.Context, batch []engine.Write) error {
	err := w.mortal.Apply(ctx, batch)
	w.applied.Add(1)
	if parley.KindOf(err) == parley.KindConflict {
		w.conflicts.Add(1)
	}
	return err
}

// The partners: one account for each person, one for each dream, and one that asks for consents.
const (
	shared   = "shared"
	perDream = "per-dream"
	consents = "consents"
)

func partners(t testing.TB) map[string]*savings.Partner {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*savings.Partner{}
	for _, p := range []savings.Partner{{ID: shared, Setup: savings.SharedAccount}, {ID: perDream, Setup: savings.AccountPerDream}, {ID: consents, Setup: savings.SharedAccount, Consents: true}} {
		p.Name, p.Country, p.Zone, p.ConsentFor = p.ID, "SE", zone, 10*time.Minute
		all[p.ID] = &p
	}
	return all
}

// open is a process that begins now, and lives as l says.
func open(t *testing.T, db *store.Store, clock *stopped, b flow.Bank, l *life) *till {
	t.Helper()
	w := &writes{mortal: mortal{db, l}}
	k := &till{talk: &talk{t: t, db: db, clock: clock}, writes: w}
	k.s = &flow.Savings{Store: w, Partners: partners(t), Bank: b, Now: clock.now, Log: slog.New(slog.DiscardHandler),
		Event: func(b *savings.Book, e savings.Emitted) (json.RawMessage, error) { return json.Marshal(e.Subject) }}
	var err error
	k.Engine, err = engine.New(context.Background(), engine.Options{Store: w, Tables: k.s.Tables(), Now: clock.now, Random: func() float64 { return 0.5 }, Log: k.s.Log, Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	k.s.Engine = k.Engine
	return k
}

func newClock() *stopped { return &stopped{at: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)} }

func newTill(t *testing.T, b flow.Bank) *till {
	return open(t, openDB(t), newClock(), b, newLife("", 0))
}

func anna(create bool) savings.Of { return savings.Of{ExternalUser: "anna", Create: create} }

// change makes a change that must succeed.
func (k *till) change(partner string, of savings.Of, do func(b *savings.Book) error) *savings.Book {
	k.t.Helper()
	b, err := k.s.Change(context.Background(), partner, of, do)
	if err != nil {
		k.t.Fatal(err)
	}
	return b
}

// book reads.
func (k *till) book(partner string, of savings.Of) *savings.Book {
	k.t.Helper()
	b, err := k.db.Book(context.Background(), partner, of)
	if err != nil {
		k.t.Fatal(err)
	}
	return b
}

// pay does what is due until nothing is.
func (k *till) pay() {
	k.t.Helper()
	for {
		n, err := k.s.Work(context.Background())
		if err != nil {
			k.t.Fatal(err)
		}
		k.work()
		if n == 0 {
			return
		}
	}
}

// sound fails unless everything that must always hold does, and every picture is true.
func (k *till) sound() {
	k.t.Helper()
	found, err := store.Verify(context.Background(), k.db.DB(), k.s.Tables()...)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, f := range found {
		k.t.Errorf("invariant %d, %s: %s %s", f.Number, f.Title, f.Run, f.Detail)
	}
}

func signIn(by string) func(b *savings.Book) error {
	return func(b *savings.Book) error {
		if _, err := b.CreateUser(savings.NewUser{ExternalID: "anna"}, by); err != nil || by != savings.ArrowSignedIn {
			return err
		}
		return b.SignedIn("Anna", "", "sv-SE", "")
	}
}

func dream(b *savings.Book) error {
	_, err := b.CreateDream(savings.NewDream{Name: "A boat", Target: 1_000_000})
	return err
}

func launch(kind, params string) func(b *savings.Book) error {
	return func(b *savings.Book) error {
		_, err := b.LaunchSavehack(savings.NewLaunch{Dream: b.Dreams[0].ID, Kind: kind, Params: json.RawMessage(params)})
		return err
	}
}

var oneTime = launch("OneTime", `{"amountCents":5000}`)

func account(b *savings.Book) error {
	_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"})
	return err
}

func initiate(b *savings.Book) error {
	request, _, err := b.AskProvisioning("session")
	if err != nil || request == "" {
		return err
	}
	return b.ProvisioningInitiated(request)
}

// act is something that a person or their bank does. It can be done again when its answer was lost: as the wires at the rim do it, it looks
// whether it has been done.
type act struct {
	name string
	of   savings.Of
	do   func(b *savings.Book) error
}

// once does something unless it shows in the book that it was done.
func once(done func(b *savings.Book) bool, do func(b *savings.Book) error) func(b *savings.Book) error {
	return func(b *savings.Book) error {
		if done(b) {
			return nil
		}
		return do(b)
	}
}

func has(n int) func(b *savings.Book) bool {
	return func(b *savings.Book) bool { return len(b.Dreams) >= n }
}

var (
	comes    = act{"the person comes", anna(true), signIn(savings.ArrowSignedIn)}
	posted   = act{"POST /users", anna(true), signIn(savings.ArrowUserPosted)}
	dreams   = act{"create dream", anna(false), once(has(1), dream)}
	launches = act{"launch savehack", anna(false), once(func(b *savings.Book) bool { return len(b.Launches) > 0 }, oneTime)}
	returns  = act{"return from callback", anna(false), initiate}
	opens    = act{"POST /accounts", anna(false), account}
	another  = act{"create another dream", anna(false), once(has(2), dream)}
)

// outcome is where the books stand, as far as it must not depend on the order of things.
func (k *till) outcome() string {
	b := k.book(shared, anna(false))
	out := fmt.Sprintf("%d accounts, %d dreams, ", len(b.Accounts), len(b.Dreams))
	linked := 0
	for _, d := range b.Dreams {
		if len(b.Accounts) > 0 && d.Account == b.Accounts[0].ID {
			linked++
		}
	}
	out += fmt.Sprintf("%d linked, pending %d", linked, b.Dreams[0].Pending)
	all, _, err := k.db.Launches(context.Background(), savings.Query{Page: savings.Page{Partner: shared, Number: 1, Items: 20}})
	if err != nil {
		k.t.Fatal(err)
	}
	for _, l := range all {
		out += ", launched, started " + fmt.Sprint(!l.StartedAt.IsZero())
	}
	for _, x := range b.Transactions {
		out += fmt.Sprintf(", %s %s %d to an account %t", x.Type, x.State, x.Amount, x.ToAccount != "")
	}
	return out
}

const saving = "1 accounts, 2 dreams, 2 linked, pending 5000, launched, started true, Deposit requested 5000 to an account true"

// runs are the runs of a flow, the first first.
func (k *till) runs(flow string) (of []engine.Run) {
	k.t.Helper()
	all, err := k.db.Runs(context.Background(), "", 1000)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, r := range slices.Backward(all) {
		if r.Flow == flow {
			of = append(of, r)
		}
	}
	return of
}
