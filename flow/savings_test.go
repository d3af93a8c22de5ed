package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
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

func TestFirstDiagramOfTheSeedGoesThroughTheBooks(t *testing.T) {
	k := newTill(t, nil)
	for _, a := range []act{comes, dreams, launches, returns, opens, another} {
		k.change(shared, a.of, a.do)
	}
	r := k.runs(savings.AccountProvisioning)
	if len(r) != 1 {
		t.Fatalf("%d runs", len(r))
	}
	k.wantDrawn(r[0], "launch SDK", "create dream", "dream created", "launch savehack", "savehack launched", "account provisioning requested", "account provision initiated",
		"launches started", "transactions prepared", "celebration", "POST /accounts", "dreams linked", "201 Created", "create another dream")
	k.wantStatus(r[0], engine.StatusDone)
	if got := k.outcome(); got != saving {
		t.Errorf("the books say\n%s, not\n%s", got, saving)
	}
	k.sound()
	k.change(shared, anna(false), func(b *savings.Book) error {
		for _, tx := range b.Transactions {
			if _, err := b.PatchTransaction(savings.TransactionPatch{ID: tx.ID, Settled: &b.Now}); err != nil {
				return err
			}
		}
		return nil
	})
	k.sound()
}

func TestSecondDiagramOfTheSeedGoesThroughTheBooks(t *testing.T) {
	k := newTill(t, nil)
	for _, a := range []act{posted, opens, comes, comes, comes, dreams, another, launches} {
		k.change(shared, a.of, a.do)
	}
	r := k.runs(savings.AccountFirst)
	if len(r) != 1 {
		t.Fatalf("%d runs", len(r))
	}
	k.wantDrawn(r[0], "POST /users", "201 Created: the user", "POST /accounts", "201 Created: the account", "launch SDK", "create dream", "dream created", "create another dream",
		"launch savehack", "savehack launched", "launches started", "transactions prepared", "celebration")
	k.wantStatus(r[0], engine.StatusDone)
	if got := k.outcome(); got != saving {
		t.Errorf("the books say\n%s, not\n%s", got, saving)
	}
	k.sound()
}

// In whatever place the account comes, the books end the same, nobody is asked more than once, and the picture is true.
func TestAccountInWhateverPlaceGivesTheSameBooks(t *testing.T) {
	for _, first := range []act{comes, posted} {
		rest := []act{dreams, launches, returns, another}
		if first.name == posted.name {
			rest = append([]act{comes}, rest...)
		}
		for at := range len(rest) + 1 {
			t.Run(fmt.Sprintf("%s, the account after %d", first.name, at), func(t *testing.T) {
				k := newTill(t, nil)
				for _, a := range append([]act{first}, slices.Insert(slices.Clone(rest), at, opens)...) {
					k.change(shared, a.of, a.do)
				}
				if got := k.outcome(); got != saving {
					t.Errorf("the books say\n%s, not\n%s", got, saving)
				}
				for _, r := range append(k.runs(savings.AccountProvisioning), k.runs(savings.AccountFirst)...) {
					k.wantStatus(r, engine.StatusDone)
				}
				k.sound()
			})
		}
	}
}

// The process is killed before and after each of its commits, and started again over the same database. Whoever was not answered asks again.
func TestJourneyGoesOnWhereverTheProcessIsKilled(t *testing.T) {
	stories := map[string][]act{
		"first diagram":         {comes, dreams, launches, returns, opens, another},
		"account in the middle": {comes, dreams, opens, launches, another},
		"second diagram":        {posted, opens, comes, dreams, launches, another},
	}
	for name, story := range stories {
		for _, kind := range []point{beforeCommit, afterCommit} {
			t.Run(fmt.Sprintf("%s, %s", name, kind), func(t *testing.T) {
				t.Parallel()
				for n := int64(1); ; n++ {
					if !kill(t, story, kind, n) {
						if n < 10 {
							t.Errorf("it writes only %d times, which is not much of a story", n-1)
						}
						return
					}
				}
			})
		}
	}
}

// kill plays a story in a process that dies at its nth commit, and goes on in another. It reports whether it died.
func kill(t *testing.T, story []act, kind point, n int64) bool {
	t.Helper()
	db, clock, b := openDB(t), newClock(), &bank{}
	l := newLife(kind, n)
	k := open(t, db, clock, b, l)
	lives := 1
	rise := func() {
		if l.dead.Load() {
			k.Idle()
			l = newLife("", 0)
			k = open(t, db, clock, b, l)
			lives++
		}
	}
	for _, a := range story {
		for {
			_, err := k.s.Change(context.Background(), shared, a.of, a.do)
			dead := l.dead.Load()
			rise()
			if err == nil {
				break // though the process may have died after it had answered
			}
			if !dead || !errors.Is(err, errDead) {
				t.Fatalf("%s: %v", a.name, err)
			}
		}
	}
	for range 4 { // the bank hears of it, and settles
		k.s.Work(context.Background())
		k.Engine.Work(context.Background())
		k.Idle()
		rise()
	}
	clock.move(time.Minute)
	k.pay()
	if got := k.outcome(); got != saving {
		t.Errorf("killed %s %d, the books say\n%s, not\n%s", kind, n, got, saving)
	}
	x := k.book(shared, anna(false)).Transactions[0].ID
	for {
		_, err := k.s.Change(context.Background(), shared, savings.Of{Transaction: x}, settle(x, clock.now()))
		dead := l.dead.Load()
		rise()
		if err == nil {
			break
		}
		if !dead {
			t.Fatal(err)
		}
	}
	clock.move(2 * time.Hour) // whoever died before saying that all is settled is asked after
	k.pay()
	runs := append(k.runs(savings.AccountProvisioning), k.runs(savings.AccountFirst)...)
	if len(runs) != 1 {
		t.Errorf("killed %s %d: %d journeys", kind, n, len(runs))
	}
	notices := k.runs(savings.ActingOn)
	if len(notices) != 1 {
		t.Errorf("killed %s %d: %d notices", kind, n, len(notices))
	}
	for _, r := range append(runs, notices...) {
		k.wantStatus(r, engine.StatusDone)
	}
	b.mu.Lock()
	for _, key := range b.keys { // it may have been told twice, but never under two keys
		if key != b.keys[0] {
			t.Errorf("killed %s %d: the bank heard %q", kind, n, b.keys)
		}
	}
	b.mu.Unlock()
	k.sound()
	if t.Failed() {
		t.FailNow()
	}
	return lives > 1
}

func settle(id string, at time.Time) func(b *savings.Book) error {
	return func(b *savings.Book) error {
		_, err := b.PatchTransaction(savings.TransactionPatch{ID: id, Settled: &at})
		return err
	}
}

// crowd does something 64 times at once.
func crowd(do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range 64 {
		all.Go(func() { <-start; do(i) })
	}
	close(start)
	all.Wait()
}

func TestSixtyFourAccountsAtOnceAreOne(t *testing.T) {
	for name, processes := range map[string]int{"in one process": 1, "in two": 2} {
		t.Run(name, func(t *testing.T) {
			db, clock := openDB(t), newClock()
			var tills []*till
			for range processes {
				tills = append(tills, open(t, db, clock, nil, newLife("", 0)))
			}
			k := tills[0]
			for _, a := range []act{comes, dreams, launches} {
				k.change(shared, a.of, a.do)
			}
			var made atomic.Int64
			ids := make([]string, 64)
			crowd(func(i int) {
				var first bool
				_, err := tills[i%processes].s.Change(context.Background(), shared, anna(false), func(b *savings.Book) error {
					a, created, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"})
					ids[i], first = a.ID, created
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if first {
					made.Add(1)
				}
			})
			for _, id := range ids {
				if id != ids[0] || id == "" {
					t.Errorf("invariant 11: accounts %s and %s", id, ids[0])
					break
				}
			}
			if made.Load() != 1 {
				t.Errorf("%d were told that theirs was the first", made.Load())
			}
			if n := k.writes.conflicts.Load(); processes == 1 && n > 0 {
				t.Errorf("in one process they got in each other's way %d times", n)
			}
			for _, k := range tills {
				k.Idle()
			}
			k.sound()
		})
	}
}

func TestSixtyFourLaunchesAtOnceAreAllThereAndEachSavesOnce(t *testing.T) {
	for name, processes := range map[string]int{"in one process": 1, "in two": 2} {
		t.Run(name, func(t *testing.T) {
			db, clock := openDB(t), newClock()
			var tills []*till
			for range processes {
				tills = append(tills, open(t, db, clock, nil, newLife("", 0)))
			}
			k := tills[0]
			k.change(shared, comes.of, comes.do)
			k.change(shared, dreams.of, dreams.do)
			d := k.book(shared, anna(false)).Dreams[0].ID
			crowd(func(i int) {
				if _, err := tills[i%processes].s.Change(context.Background(), shared, savings.Of{Dream: d}, oneTime); err != nil {
					t.Error(err)
				}
			})
			k.change(shared, returns.of, returns.do)
			for _, k := range tills {
				k.pay()
			}
			b := k.book(shared, anna(false))
			if len(b.Transactions) != 64 || b.Dreams[0].Pending != 64*5000 {
				t.Errorf("%d deposits, pending %d", len(b.Transactions), b.Dreams[0].Pending)
			}
			k.sound()
			r := k.runs(savings.AccountProvisioning)
			if len(r) != 1 {
				t.Fatalf("%d journeys", len(r))
			}
			if n := len(slices.DeleteFunc(k.drawn(r[0].ID), func(name string) bool { return name != "launch savehack" })); n != 1 {
				t.Errorf("the first launch is drawn %d times", n)
			}
		})
	}
}

func TestPeopleWhoComeInAtOnceAreOnePerson(t *testing.T) {
	k := newTill(t, nil)
	crowd(func(i int) {
		if _, err := k.s.Change(context.Background(), shared, comes.of, comes.do); err != nil {
			t.Error(err)
		}
	})
	if _, n, err := k.db.Users(t.Context(), savings.Query{Page: savings.Page{Partner: shared, Number: 1, Items: 20}}); n != 1 || err != nil {
		t.Errorf("%d people: %v", n, err)
	}
	if n := len(k.runs(savings.AccountProvisioning)); n != 1 {
		t.Errorf("%d journeys", n)
	}
	k.sound()
}

func TestChangeThatDrawsNothingIsOneWrite(t *testing.T) {
	k := newTill(t, nil)
	k.change(perDream, savings.Of{ExternalUser: "anna", Create: true}, signIn(savings.ArrowUserPosted))
	before := k.writes.applied.Load()
	k.change(perDream, anna(false), func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 100}) })
	if n := k.writes.applied.Load() - before; n != 1 {
		t.Errorf("%d writes", n)
	}
	k.change(perDream, anna(false), func(b *savings.Book) error { return nil })
	if n := k.writes.applied.Load() - before; n != 1 {
		t.Errorf("a change of nothing was written")
	}
}

func TestMistakeWritesNothing(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, comes.of, comes.do)
	wrong := errors.New("no")
	if _, err := k.s.Change(t.Context(), shared, anna(false), func(b *savings.Book) error {
		if err := dream(b); err != nil {
			return err
		}
		return wrong
	}); err != wrong {
		t.Errorf("%v", err)
	}
	if n := len(k.book(shared, anna(false)).Dreams); n != 0 {
		t.Errorf("%d dreams", n)
	}
	if _, err := k.s.Change(t.Context(), "another", anna(false), dream); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("no such partner: %v", err)
	}
	if _, err := k.s.Change(t.Context(), perDream, anna(false), dream); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("another partner's user: %v", err)
	}
	k.s.Event = func(*savings.Book, savings.Emitted) (json.RawMessage, error) { return nil, wrong }
	if _, err := k.s.Change(t.Context(), shared, anna(false), dream); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	if n := len(k.book(shared, anna(false)).Dreams); n != 0 {
		t.Errorf("a change was written of which the bank cannot be told")
	}
}

// rival lets somebody else be first, so many times.
type rival struct {
	flow.SavingsStore
	first int
	tried int
}

func (r *rival) Apply(ctx context.Context, batch []engine.Write) error {
	if r.tried++; r.tried <= r.first {
		return &parley.Error{Kind: parley.KindConflict, Field: "savings_user", Message: "somebody else was first"}
	}
	return r.SavingsStore.Apply(ctx, batch)
}

func TestChangeIsMadeAnewWhenAnotherCameFirstButNotForEver(t *testing.T) {
	k := newTill(t, nil)
	k.change(perDream, anna(true), signIn(savings.ArrowUserPosted))
	r := &rival{SavingsStore: k.s.Store, first: 5}
	k.s.Store = r
	made := 0
	cap := func(b *savings.Book) error { made++; return b.SetLimits(savings.Limits{MonthlyCap: 1}) }
	k.change(perDream, anna(false), cap)
	if made != 6 {
		t.Errorf("made %d times", made)
	}
	r.first = 1 << 30
	if _, err := k.s.Change(t.Context(), perDream, anna(false), func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 2}) }); parley.KindOf(err) != parley.KindConflict {
		t.Errorf("%v", err)
	}
}

func TestWatchersHearOfEachChangeAtLeastOnce(t *testing.T) {
	k := newTill(t, nil)
	b := k.change(shared, comes.of, comes.do)
	changed, stop := k.s.Watch(b.User.ID)
	other, stopOther := k.s.Watch("somebody else")
	defer stopOther()
	for range 3 {
		k.change(shared, anna(false), dream)
	}
	<-changed
	select {
	case <-changed:
		t.Error("three changes that were not read of were told apart")
	case <-other:
		t.Error("somebody else's change was told")
	default:
	}
	k.change(shared, anna(false), dream)
	<-changed
	stop()
	stop() // twice does no harm
	k.change(shared, anna(false), dream)
	select {
	case <-changed:
		t.Error("told after stop")
	default:
	}
}

func TestEventsAreWrittenWithTheChange(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, comes.of, comes.do)
	k.change(shared, dreams.of, dreams.do)
	events, err := k.db.EventsAfter(t.Context(), shared, 0, 10)
	if err != nil || len(events) != 2 || events[0].Type != savings.UserCreated || events[1].Type != savings.DreamCreated {
		t.Errorf("%+v %v", events, err)
	}
}

func TestDreamOfItsOwnAccountGoesThroughTheBooks(t *testing.T) {
	k := newTill(t, nil)
	k.change(perDream, comes.of, comes.do)
	b := k.change(perDream, anna(false), dream)
	d := b.Dreams[0].ID
	ask := func(b *savings.Book) error {
		_, _, err := b.AskAccount(d, "session")
		return err
	}
	k.change(perDream, savings.Of{Dream: d}, ask)
	k.change(perDream, savings.Of{Dream: d}, oneTime)
	request := k.book(perDream, anna(false)).Dreams[0].Request
	k.change(perDream, anna(false), func(b *savings.Book) error { return b.AccountRequestDone(request, "") })
	k.change(perDream, anna(false), account)
	id := k.book(perDream, anna(false)).Accounts[0].ID
	k.change(perDream, savings.Of{Dream: d}, func(b *savings.Book) error {
		_, err := b.UpdateDream(d, savings.DreamPatch{Account: &id})
		return err
	})
	r := k.runs(savings.AccountForDream)
	if len(r) != 1 {
		t.Fatalf("%d runs", len(r))
	}
	k.wantStatus(r[0], engine.StatusDone)
	k.wantDrawn(r[0], "create dream", "dream created", "account requested", "launch savehack", "account request done", "PATCH /dreams", "dream linked to its account")
	if b := k.book(perDream, anna(false)); len(b.Transactions) != 1 || b.Transactions[0].ToAccount != id {
		t.Errorf("%+v", b.Transactions)
	}
	k.sound()
}

func TestConsentGoesThroughTheBooks(t *testing.T) {
	for name, yes := range map[string]bool{"given": true, "rejected": false} {
		t.Run(name, func(t *testing.T) {
			k := newTill(t, nil)
			for _, a := range []act{comes, dreams, launches} {
				k.change(consents, a.of, a.do)
			}
			b := k.book(consents, anna(false))
			if len(b.Consents) != 1 || b.Launches[0].State != savings.Draft {
				t.Fatalf("%+v %+v", b.Consents, b.Launches)
			}
			c := b.Consents[0]
			var temporary string
			k.change(consents, savings.Of{Consent: c.ID}, func(b *savings.Book) (err error) { temporary, err = b.RenewConsent(c.ID); return err })
			k.change(consents, savings.Of{Consent: c.ID}, func(b *savings.Book) error { _, err := b.ReadConsent(c.ID); return err })
			k.change(consents, savings.Of{Consent: c.ID}, func(b *savings.Book) error {
				consented, rejected := k.clock.now(), time.Time{}
				if !yes {
					consented, rejected = rejected, consented
				}
				_, err := b.DecideConsent(c.ID, consented, rejected)
				return err
			})
			r := k.runs(savings.TransferConsent)
			if len(r) != 1 || temporary == "" {
				t.Fatalf("%d runs, temporary id %q", len(r), temporary)
			}
			drawn, status := k.drawn(r[0].ID), engine.StatusDone
			if !yes {
				status = engine.StatusRefused
			}
			k.wantStatus(r[0], status)
			if slices.Contains(drawn, "launches started") != yes || !slices.Contains(drawn, "GET /transfer-consents") {
				t.Errorf("%q", drawn)
			}
			k.sound()
		})
	}
}

func TestReconciliationGoesThroughTheBooks(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, posted.of, posted.do)
	k.change(shared, opens.of, opens.do)
	for range 2 { // the second is a repetition
		k.change(shared, savings.Of{ExternalUser: "anna", More: []string{"x"}}, func(b *savings.Book) error {
			_, _, err := b.Reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: "x", Amount: 100, ToAccount: b.Accounts[0].ID})
			return err
		})
	}
	r := k.runs(savings.Reconciliation)
	if len(r) != 1 {
		t.Fatalf("%d runs", len(r))
	}
	k.wantDrawn(r[0], "POST /transactions", "balance changed")
	if got := k.book(shared, anna(false)).Accounts[0].Balance; got != 100 {
		t.Errorf("balance %d", got)
	}
	k.sound()
}
