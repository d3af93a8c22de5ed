package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/savings"
	"parley/store"
)

// say is how a change tells a run an arrow: what is said, and the facts as they then are.
type say struct {
	arrow string
	facts savings.Facts
}

// MarshalJSON writes it as it lies in the inbox.
func (t say) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]any{"facts": t.facts}) }

// bank hears notices, or not.
type bank struct {
	mu   sync.Mutex
	deaf error
	keys []string
	sums []int
}

func (b *bank) Notify(_ context.Context, partner, key string, n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.deaf != nil {
		return b.deaf
	}
	b.keys, b.sums = append(b.keys, partner+" "+key), append(b.sums, n)
	return nil
}

// talk is the journeys over a real database, without the books: what the tables do with whatever they are told.
type talk struct {
	*engine.Engine
	t     *testing.T
	db    *store.Store
	s     *flow.Savings
	clock *stopped
}

// stopped is a clock that stands still until it is moved.
type stopped struct {
	mu sync.Mutex
	at time.Time
}

func (c *stopped) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *stopped) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newTalk(t *testing.T, db *store.Store, b flow.Bank, books flow.SavingsStore) *talk {
	t.Helper()
	k := &talk{t: t, db: db, clock: &stopped{at: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}}
	k.s = &flow.Savings{Bank: b, Store: books, Now: k.clock.now}
	var err error
	k.Engine, err = engine.New(t.Context(), engine.Options{Store: db, Tables: k.s.Tables(), Now: k.clock.now, Random: func() float64 { return 0.5 },
		Log: slog.New(slog.DiscardHandler), Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	k.s.Engine = k.Engine
	return k
}

func openDB(t testing.TB) *store.Store {
	t.Helper()
	db, err := store.OpenSQLite(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// says begins a run of a flow and tells it the arrows in order.
func (k *talk) says(flow string, arrows ...say) engine.Run {
	k.t.Helper()
	id := engine.NewID()
	if err := k.Post(k.t.Context(), engine.Posting{Begin: []engine.Beginning{{Flow: flow, ID: id, State: map[string]any{"partner": "p"}}}}); err != nil {
		k.t.Fatal(err)
	}
	for i, a := range arrows {
		if err := k.Post(k.t.Context(), engine.Posting{Tell: []engine.Message{{Run: id, Step: a.arrow, Source: "t", ID: fmt.Sprint(id, i), Body: a}}}); err != nil {
			k.t.Fatal(err)
		}
		k.truth(id)
	}
	if r := k.run(id); r.Attention != "" {
		k.t.Errorf("a person should look: %s", r.Attention)
	}
	return k.run(id)
}

func (k *talk) run(id string) engine.Run {
	k.t.Helper()
	r, err := k.Run(k.t.Context(), id)
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

// truth fails unless the picture of the run is.
func (k *talk) truth(id string) []engine.Event {
	k.t.Helper()
	r := k.run(id)
	events, err := k.db.Events(k.t.Context(), id)
	if err != nil {
		k.t.Fatal(err)
	}
	table, err := k.TableOf(r)
	if err != nil {
		k.t.Fatal(err)
	}
	if err := engine.Truth(table, r, events); err != nil {
		k.t.Errorf("the picture is not true: %v", err)
	}
	return events
}

// drawn are the arrows of a run that were drawn, in the order in which they were.
func (k *talk) drawn(id string) []string {
	k.t.Helper()
	var names []string
	for _, e := range k.truth(id) {
		switch e.Kind {
		case engine.EventSkipped:
		case engine.EventStarted, engine.EventSaid, engine.EventHeard:
			names = append(names, e.Step)
		default:
			names = append(names, string(e.Kind)+" "+e.Step)
		}
	}
	return names
}

func (k *talk) wantDrawn(r engine.Run, want ...string) {
	k.t.Helper()
	if got := k.drawn(r.ID); !slices.Equal(got, want) {
		k.t.Errorf("drawn\n got %q\nwant %q", got, want)
	}
}

func (k *talk) wantStatus(r engine.Run, want engine.Status) {
	k.t.Helper()
	if r = k.run(r.ID); r.Status != want {
		k.t.Errorf("%s is %s before row %d", r.Flow, r.Status, r.Step)
	}
}

// The facts at the moments of the first seed.
var (
	nothing   = savings.Facts{}
	waiting   = savings.Facts{Waiting: true}
	initiated = savings.Facts{Initiated: true}
	linked    = savings.Facts{Account: true}
	both      = savings.Facts{Account: true, Initiated: true}
)

func TestAccountProvisioningGoesAsTheSeedDrawsIt(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.AccountProvisioning, say{savings.ArrowDreamCreated, nothing}, say{savings.ArrowLaunched, waiting})
	k.wantDrawn(r, "launch SDK", "create dream", "dream created", "launch savehack", "savehack launched", "account provisioning requested")
	r = k.says(savings.AccountProvisioning, say{savings.ArrowDreamCreated, nothing}, say{savings.ArrowLaunched, waiting}, say{savings.ArrowInitiated, initiated},
		say{savings.ArrowAccountPosted, both}, say{savings.ArrowDreamAnother, both})
	k.wantDrawn(r, "launch SDK", "create dream", "dream created", "launch savehack", "savehack launched", "account provisioning requested", "account provision initiated",
		"launches started", "transactions prepared", "celebration", "POST /accounts", "dreams linked", "201 Created", "create another dream")
	k.wantStatus(r, engine.StatusDone)
}

// POST /accounts may come at any moment of the journey; it ends the same.
func TestAccountMayComeBeforeDuringAndAfterTheJourney(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	steps := []string{savings.ArrowDreamCreated, savings.ArrowLaunched, savings.ArrowInitiated}
	for at := range len(steps) + 1 {
		account, begun := false, false
		var arrows []say
		tell := func(arrow string) {
			arrows = append(arrows, say{arrow, savings.Facts{Account: account, Initiated: begun, Waiting: !account && !begun}})
		}
		for i, s := range steps {
			if i == at {
				account = true
				tell(savings.ArrowAccountPosted)
			}
			if begun = begun || s == savings.ArrowInitiated; s == savings.ArrowInitiated && account && at < 2 {
				continue // nobody was asked
			}
			tell(s)
		}
		if at == len(steps) {
			account = true
			tell(savings.ArrowAccountPosted)
		}
		r := k.says(savings.AccountProvisioning, arrows...)
		k.wantStatus(r, engine.StatusDone)
		drawn := k.drawn(r.ID)
		for _, must := range []string{"create dream", "launch savehack", "launches started", "transactions prepared", "celebration", "POST /accounts", "dreams linked", "201 Created"} {
			if n := len(slices.DeleteFunc(slices.Clone(drawn), func(n string) bool { return n != must })); n != 1 {
				t.Errorf("account at %d: %q is drawn %d times in %q", at, must, n, drawn)
			}
		}
		if asked := slices.Contains(drawn, "account provisioning requested"); asked != (at >= 2) {
			t.Errorf("account at %d: the bank app was asked: %t", at, asked)
		}
	}
}

func TestAnAccountThatComesWhileTheBankAppIsAskedEndsTheWait(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.AccountProvisioning, say{savings.ArrowDreamCreated, nothing}, say{savings.ArrowLaunched, waiting}, say{savings.ArrowAskedAgain, waiting},
		say{savings.ArrowAccountPosted, linked}, say{savings.ArrowInitiated, both})
	k.wantStatus(r, engine.StatusDone)
	k.wantDrawn(r, "launch SDK", "create dream", "dream created", "launch savehack", "savehack launched", "account provisioning requested", "ask again", "POST /accounts",
		"launches started", "transactions prepared", "celebration", "dreams linked", "201 Created", "late account provision initiated")
}

func TestAccountFirstGoesAsTheSeedDrawsIt(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.AccountFirst, say{savings.ArrowAccountPosted, linked}, say{savings.ArrowSignedIn, linked}, say{savings.ArrowDreamCreated, linked})
	k.wantDrawn(r, "POST /users", "201 Created: the user", "POST /accounts", "201 Created: the account", "launch SDK", "create dream", "dream created")
	table, _ := k.TableOf(r)
	events, err := k.db.Events(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	picture := engine.Picture(table, r, events, nil, nil, "")
	at := -1
	for _, words := range []string{"POST /users", "POST /accounts", "done", "launch SDK", "create dream"} {
		i := strings.Index(picture, words)
		if i < at {
			t.Fatalf("%q is not where the seed has it:\n%s", words, picture)
		}
		at = i
	}
	if strings.Contains(picture, "provisioning requested") {
		t.Errorf("somebody was asked:\n%s", picture)
	}
}

func TestPersonWhoComesBeforeTheirAccountIsAskedForIt(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.AccountFirst, say{savings.ArrowSignedIn, nothing}, say{savings.ArrowDreamCreated, nothing}, say{savings.ArrowLaunched, waiting},
		say{savings.ArrowInitiated, initiated}, say{savings.ArrowAccountPosted, both})
	k.wantDrawn(r, "POST /users", "201 Created: the user", "launch SDK", "create dream", "dream created", "launch savehack", "savehack launched",
		"account provisioning requested", "account provision initiated", "launches started", "transactions prepared", "celebration", "POST /accounts")
	k.wantStatus(r, engine.StatusDone)
}

func TestDreamWaitsForItsOwnAccountWhateverTheBankAppSays(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.AccountForDream, say{savings.ArrowAccountRequestDone, savings.Facts{Refused: true}}, say{savings.ArrowAskedAgain, nothing},
		say{savings.ArrowAccountRequestDone, initiated}, say{savings.ArrowLaunched, initiated})
	k.wantStatus(r, engine.StatusOpen)
	r = k.says(savings.AccountForDream, say{savings.ArrowDreamLinked, linked}, say{savings.ArrowAccountRequestDone, linked})
	k.wantStatus(r, engine.StatusDone)
	k.wantDrawn(r, "create dream", "dream created", "account requested", "PATCH /dreams", "dream linked to its account", "account request done")
}

func TestConsentStartsTheLaunchOrEndsIt(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	begin := []string{"launch savehack", "launch kept as a draft", "transfer consent requested", "GET /transfer-consents"}
	r := k.says(savings.TransferConsent, say{savings.ArrowConsentRead, waiting}, say{savings.ArrowConsentReturned, waiting}, say{savings.ArrowConsentDecided, nothing})
	k.wantDrawn(r, append(slices.Clone(begin), "consent returned", "PATCH /transfer-consents", "launches started", "transactions prepared", "celebration")...)
	k.wantStatus(r, engine.StatusDone)
	r = k.says(savings.TransferConsent, say{savings.ArrowConsentRead, waiting}, say{savings.ArrowConsentDecided, savings.Facts{Refused: true}})
	k.wantDrawn(r, append(slices.Clone(begin), "refused PATCH /transfer-consents")...)
	k.wantStatus(r, engine.StatusRefused)
}

func TestReconciliationIsDoneAtOnceAndMayBeRedistributed(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.Reconciliation, say{savings.ArrowRedistributed, linked})
	k.wantDrawn(r, "POST /transactions", "balance changed", "redistribute")
	k.wantStatus(r, engine.StatusDone)
}

// counted are books in which so many transactions of a notice are left.
type counted struct {
	flow.SavingsStore
	left int
	err  error
}

func (c counted) LeftOf(context.Context, string) (int, int, error) { return 2, c.left, c.err }

func TestNoticeIsSaidUntilTheBankHasHeardIt(t *testing.T) {
	b := &bank{deaf: errors.New("nobody there")}
	k := newTalk(t, openDB(t), b, counted{left: 2})
	r := k.says(savings.ActingOn)
	for range 3 {
		k.clock.move(2 * time.Hour)
		k.work()
	}
	k.wantDrawn(r, "transactions requested", "unknown POST /webhooks/transactions")
	b.deaf = nil
	k.clock.move(2 * time.Hour)
	k.work()
	k.wantDrawn(r, "transactions requested", "unknown POST /webhooks/transactions", "POST /webhooks/transactions")
	if want := "p " + r.ID + "/POST-/webhooks/transactions"; len(b.keys) != 1 || b.keys[0] != want {
		t.Errorf("it heard %q, not %q", b.keys, want)
	}
}

func (k *talk) work() {
	k.t.Helper()
	if _, err := k.Work(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	k.Idle()
}

func TestNoticeEndsByItselfWhenNobodySaysThatItIsOver(t *testing.T) {
	books := &counted{left: 2}
	k := newTalk(t, openDB(t), &bank{}, books)
	r := k.says(savings.ActingOn, say{savings.ArrowTransactionsRead, nothing}, say{savings.ArrowTransactionPatched, savings.Facts{Left: 1}})
	k.clock.move(2 * time.Minute)
	k.work()
	k.wantStatus(r, engine.StatusOpen)
	books.left = 0
	k.clock.move(2 * time.Hour)
	k.work()
	k.wantStatus(r, engine.StatusDone)
	k.wantDrawn(r, "transactions requested", "POST /webhooks/transactions", "GET /transactions", "PATCH /transactions", "all settled or failed")
}

func TestBankThatHasNoPlaceToBeToldAtLooksByItself(t *testing.T) {
	for name, b := range map[string]flow.Bank{"no place": &bank{deaf: parley.Errorf(parley.KindNotFound, "no such address")}, "no bank is told": nil} {
		k := newTalk(t, openDB(t), b, counted{left: 2})
		r := k.says(savings.ActingOn)
		if got := k.drawn(r.ID); !slices.Equal(got, []string{"transactions requested", "POST /webhooks/transactions"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestJourneysNameTheirPartner(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.Reconciliation)
	if _, about, ok := k.s.Names(r); !ok || about != "p" {
		t.Errorf("%q %t", about, ok)
	}
	k.s.Partners = map[string]*savings.Partner{"p": {ID: "p", Name: "Solbanken"}}
	if _, about, ok := k.s.Names(r); !ok || about != "Solbanken" {
		t.Errorf("%q %t", about, ok)
	}
	if _, _, ok := k.s.Names(engine.Run{Flow: "sign-in"}); ok {
		t.Error("a sign-in is no journey of savings")
	}
}

// What is shown of an arrow is what was said, and nothing that is about the person; the facts are for the run alone.
func TestPictureShowsWhatWasSaidAndNoFacts(t *testing.T) {
	k := newTalk(t, openDB(t), nil, nil)
	r := k.says(savings.Reconciliation)
	body := map[string]any{"facts": linked, "note": "2 dreams linked", "said": map[string]any{"externalId": "dreams"}}
	if err := k.Post(t.Context(), engine.Posting{Tell: []engine.Message{{Run: r.ID, Step: savings.ArrowRedistributed, Source: "t", ID: "x", Body: body}}}); err != nil {
		t.Fatal(err)
	}
	events := k.truth(r.ID)
	last := events[len(events)-1]
	if last.Note != "2 dreams linked" || last.Exchange == nil || string(last.Exchange.Request) != `{"said":{"externalId":"dreams"}}` {
		t.Errorf("%+v %+v", last, last.Exchange)
	}
}
