package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/engine"
	"parley/flow"
	"parley/savings"
)

// saver has a person with an account and a dream.
func (k *till) saver(external string) savings.Of {
	k.t.Helper()
	of := savings.Of{ExternalUser: external, Create: true}
	k.change(shared, of, func(b *savings.Book) error {
		if _, err := b.CreateUser(savings.NewUser{ExternalID: external}, savings.ArrowUserPosted); err != nil {
			return err
		}
		if err := account(b); err != nil {
			return err
		}
		return dream(b)
	})
	of.Create = false
	return of
}

// deposits are a person's, open or over, by the occasion.
func (k *till) deposits(external string) (occasions []string) {
	k.t.Helper()
	all, _, err := k.db.Transactions(context.Background(), savings.Query{Page: savings.Page{Partner: shared, Number: 1, Items: 1000}, ExternalUser: external})
	if err != nil {
		k.t.Fatal(err)
	}
	for _, x := range all {
		occasions = append(occasions, x.Occasion)
	}
	return occasions
}

var daily = launch("Daily", `{"amountCents":100}`)

// Two processes look after the same launches, each whenever it comes by, and one of them is started again; there is one deposit a day.
func TestDepositIsMadeOnceADayHoweverManyProcessesLook(t *testing.T) {
	db, clock := openDB(t), newClock()
	one, two := open(t, db, clock, nil, newLife("", 0)), open(t, db, clock, nil, newLife("", 0))
	k := one
	var people []string
	for i := range 5 {
		people = append(people, fmt.Sprint("p", i))
		k.change(shared, k.saver(people[i]), daily)
	}
	for day := range 10 {
		clock.move(24 * time.Hour)
		if day == 5 {
			two = open(t, db, clock, nil, newLife("", 0))
		}
		var both sync.WaitGroup
		for _, k := range []*till{one, two} {
			both.Go(func() {
				if _, err := k.s.Work(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
	}
	for _, k := range []*till{one, two} {
		k.pay()
	}
	for _, p := range people {
		got := k.deposits(p)
		slices.Sort(got)
		if len(got) != 10 || len(slices.Compact(slices.Clone(got))) != 10 {
			t.Errorf("%s: %q", p, got)
		}
	}
	k.sound()
}

func TestLaunchesOfMoreUsersThanOneRoundTakesAreAllLookedAt(t *testing.T) {
	k := newTill(t, nil)
	const people = 300
	for i := range people {
		k.change(shared, k.saver(fmt.Sprint("p", i)), daily)
	}
	k.clock.move(24 * time.Hour)
	k.pay()
	for i := range people {
		if got := k.deposits(fmt.Sprint("p", i)); len(got) != 1 {
			t.Errorf("p%d: %q", i, got)
		}
	}
}

// stubborn fails whenever the book of one user is asked for.
type stubborn struct {
	flow.SavingsStore
	mu    sync.Mutex
	user  string
	asked int
}

func (s *stubborn) Book(ctx context.Context, partner string, of savings.Of) (*savings.Book, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of.User == s.user {
		s.asked++
		return nil, errors.New("the book cannot be read")
	}
	return s.SavingsStore.Book(ctx, partner, of)
}

func TestUserWhoseLaunchesCannotBeLookedAtKeepsNobodyWaiting(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, k.saver("bad"), daily)
	k.change(shared, k.saver("good"), daily)
	s := &stubborn{SavingsStore: k.s.Store, user: k.book(shared, savings.Of{ExternalUser: "bad"}).User.ID}
	k.s.Store = s
	k.clock.move(24 * time.Hour)
	k.pay()
	k.pay()
	if got := k.deposits("good"); len(got) != 1 || s.asked != 1 {
		t.Errorf("%q, and the other was asked for %d times", got, s.asked)
	}
	k.clock.move(2 * time.Minute)
	k.pay()
	if s.asked != 2 {
		t.Errorf("after a while they were asked for %d times", s.asked)
	}
	s.mu.Lock()
	s.user = ""
	s.mu.Unlock()
	k.clock.move(2 * time.Minute)
	k.pay()
	if got := k.deposits("bad"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// requests makes so many deposits of a person ready.
func (k *till) requests(of savings.Of, n int) {
	k.t.Helper()
	for range n {
		k.change(shared, of, oneTime)
	}
}

func TestOneNoticeAtATimeAndWhatComesMeanwhileIsToldTogether(t *testing.T) {
	b := &bank{deaf: errors.New("nobody there")}
	k := newTill(t, b)
	of := k.saver("anna")
	k.requests(of, 1)
	k.pay()
	k.requests(of, 2)
	k.pay()
	if n := len(k.runs(savings.ActingOn)); n != 1 {
		t.Fatalf("%d notices while the first has not been heard", n)
	}
	b.mu.Lock()
	b.deaf = nil
	b.mu.Unlock()
	k.clock.move(time.Minute)
	k.pay() // the first is heard
	k.pay()
	runs := k.runs(savings.ActingOn)
	if len(runs) != 2 || !slices.Equal(b.sums, []int{1, 2}) {
		t.Fatalf("%d notices, of %v", len(runs), b.sums)
	}
	if b.keys[0] == b.keys[1] {
		t.Errorf("two notices under one key: %q", b.keys)
	}
	for i, want := range []int{1, 2} {
		if all, left, err := k.db.LeftOf(t.Context(), runs[i].ID); all != want || left != want || err != nil {
			t.Errorf("notice %d gave %d, of which %d are left: %v", i, all, left, err)
		}
	}
	k.sound()
}

// Notices are numbered without a gap by whatever process comes by.
func TestProcessesBeginEachNoticeOnceAndGoOnCounting(t *testing.T) {
	db, clock, b := openDB(t), newClock(), &bank{}
	k := open(t, db, clock, b, newLife("", 0))
	of := k.saver("anna")
	for i := range 11 {
		k.requests(of, 1)
		tills := []*till{open(t, db, clock, b, newLife("", 0)), open(t, db, clock, b, newLife("", 0)), k}
		var all sync.WaitGroup
		for _, k := range tills {
			all.Go(func() {
				if _, err := k.s.Work(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, k := range tills {
			k.Idle()
		}
		if n := len(k.runs(savings.ActingOn)); n != i+1 {
			t.Fatalf("%d notices after %d", n, i+1)
		}
	}
	for i, r := range k.runs(savings.ActingOn) {
		if want := fmt.Sprintf("%s/%d", shared, i+1); r.StartKey != want {
			t.Errorf("notice %d began under %q", i+1, r.StartKey)
		}
	}
	k.sound()
}

// acts settles a transaction, or has it fail.
func (k *till) acts(id string, settles bool) {
	k.t.Helper()
	k.change(shared, savings.Of{Transaction: id}, func(b *savings.Book) error {
		at := k.clock.now()
		p := savings.TransactionPatch{ID: id, Settled: &at}
		if !settles {
			p = savings.TransactionPatch{ID: id, Failed: &at, Reason: "no money"}
		}
		_, err := b.PatchTransaction(p)
		return err
	})
}

func TestNoticeIsOverWhenTheBankHasActedOnEverything(t *testing.T) {
	k := newTill(t, &bank{})
	of := k.saver("anna")
	k.requests(of, 3)
	k.pay()
	r := k.runs(savings.ActingOn)[0]
	for range 3 { // it looks every second
		k.s.TransactionsRead(t.Context(), r.ID, "", "no such notice")
	}
	for i, x := range k.book(shared, of).Transactions {
		k.wantStatus(r, engine.StatusOpen)
		k.acts(x.ID, i != 1)
	}
	k.wantStatus(r, engine.StatusDone)
	k.wantDrawn(r, "transactions requested", "POST /webhooks/transactions", "GET /transactions", "PATCH /transactions", "PATCH /transactions", "PATCH /transactions", "all settled or failed")
	events := k.truth(r.ID)
	if note := events[3].Note; note != "settled" {
		t.Errorf("the first answer is noted as %q", note)
	}
	k.sound()
}

func TestBankThatActsOnAllAtOnceIsHeardToTheEnd(t *testing.T) {
	db, clock, b := openDB(t), newClock(), &bank{}
	tills := []*till{open(t, db, clock, b, newLife("", 0)), open(t, db, clock, b, newLife("", 0))}
	k := tills[0]
	var people []savings.Of
	for i := range 32 {
		people = append(people, k.saver(fmt.Sprint("p", i)))
		k.requests(people[i], 1)
	}
	k.pay()
	r := k.runs(savings.ActingOn)[0]
	var all sync.WaitGroup
	for i, of := range people {
		x := k.book(shared, of).Transactions[0].ID
		all.Go(func() { tills[i%2].acts(x, true) })
	}
	all.Wait()
	for _, k := range tills {
		k.Idle()
	}
	k.wantStatus(r, engine.StatusDone)
	k.sound()
}

func TestOfManyTransactionsOnlyTheEndIsDrawn(t *testing.T) {
	k := newTill(t, &bank{})
	of := k.saver("anna")
	k.requests(of, 51)
	k.pay()
	r := k.runs(savings.ActingOn)[0]
	for _, x := range k.book(shared, of).Transactions {
		k.wantStatus(r, engine.StatusOpen)
		k.acts(x.ID, true)
	}
	k.pay()
	k.wantStatus(r, engine.StatusDone)
	k.wantDrawn(r, "transactions requested", "POST /webhooks/transactions", "all settled or failed")
	k.sound()
}

func TestManyTransactionsPatchedTogetherAreCountedOnce(t *testing.T) {
	k := newTill(t, &bank{})
	of := k.saver("anna")
	k.requests(of, 5)
	k.pay()
	r := k.runs(savings.ActingOn)[0]
	at := k.clock.now()
	var patch savings.DeepPatch
	for _, x := range k.book(shared, of).Transactions {
		patch.Transactions = append(patch.Transactions, savings.TransactionPatch{ID: x.ID, Settled: &at})
	}
	k.change(shared, of, func(b *savings.Book) error { return b.DeepPatch(patch) })
	k.wantStatus(r, engine.StatusDone)
	k.sound()
}

func TestDepositThatCanBeCancelledIsNotToldToTheBank(t *testing.T) {
	b := &bank{}
	k := newTill(t, b)
	k.s.Partners[shared].CancelFor = time.Hour
	of := k.saver("anna")
	k.requests(of, 2)
	k.pay()
	if len(b.sums) != 0 {
		t.Fatalf("the bank was told of %v", b.sums)
	}
	at, ok, err := k.s.NextDue(t.Context())
	if err != nil || !ok || !at.Equal(k.clock.now().Add(time.Hour)) {
		t.Errorf("next due at %s, %t, %v", at, ok, err)
	}
	x := k.book(shared, of).Transactions[0].ID
	k.change(shared, savings.Of{Transaction: x}, func(b *savings.Book) error { _, err := b.Cancel(x); return err })
	k.clock.move(time.Hour)
	k.pay()
	if !slices.Equal(b.sums, []int{1}) {
		t.Errorf("the bank was told of %v", b.sums)
	}
	k.sound()
}

// A cancellation and a notice at the same moment: either the person was in time or they were not, and the bank is never given what failed.
func TestCancellationAndNoticeDoNotBothWin(t *testing.T) {
	for range 20 {
		k := newTill(t, &bank{})
		of := k.saver("anna")
		k.requests(of, 1)
		x := k.book(shared, of).Transactions[0]
		var both sync.WaitGroup
		var cancelled error
		both.Go(func() {
			_, cancelled = k.s.Change(context.Background(), shared, savings.Of{Transaction: x.ID}, func(b *savings.Book) error { _, err := b.Cancel(x.ID); return err })
		})
		both.Go(func() { k.s.Work(context.Background()) })
		both.Wait()
		k.Idle()
		now, ok := k.book(shared, savings.Of{Transaction: x.ID}).Transaction(x.ID)
		if !ok || (cancelled == nil) != (now.State == savings.Failed) || now.State == savings.Failed && now.Notice != "" {
			t.Fatalf("cancelled %v: %+v", cancelled, now)
		}
		k.sound()
	}
}

func TestStartedWorkerDoesWhatIsDueByItself(t *testing.T) {
	b := &bank{}
	k := newTill(t, b)
	k.Engine.Start()
	k.s.Start()
	of := k.saver("anna")
	changed, stop := k.s.Watch(k.book(shared, of).User.ID)
	defer stop()
	k.requests(of, 1) // which wakes it
	<-changed
	wait := time.After(10 * time.Second)
	for {
		b.mu.Lock()
		n := len(b.sums)
		b.mu.Unlock()
		if n == 1 {
			break
		}
		select {
		case <-wait:
			t.Fatal("the bank was told nothing")
		case <-time.After(time.Millisecond):
		}
	}
	k.change(shared, of, daily)
	<-changed
	k.clock.move(24 * time.Hour) // nobody wakes it: it looks
	select {
	case <-changed:
	case <-wait:
		t.Fatal("no deposit was made")
	}
	if err := errors.Join(k.s.Stop(t.Context()), k.s.Stop(t.Context()), k.Engine.Stop(t.Context())); err != nil {
		t.Fatal(err)
	}
	k.s.Start() // after the end it does nothing
	k.sound()
}

func TestWhatIsSaidOfAUserNeverNamesThem(t *testing.T) {
	k := newTill(t, nil)
	k.change(shared, comes.of, comes.do)
	k.change(shared, dreams.of, dreams.do)
	r := k.runs(savings.AccountProvisioning)[0]
	for _, e := range k.truth(r.ID) {
		if e.Exchange != nil && (strings.Contains(string(e.Exchange.Request), "Anna") || strings.Contains(string(e.Exchange.Request), "boat")) {
			t.Errorf("%s shows %s", e.Step, e.Exchange.Request)
		}
	}
	if strings.Contains(string(r.Data), "Anna") || strings.Contains(string(r.Data), "boat") {
		t.Errorf("the run remembers %s", r.Data)
	}
}

// between lets something happen when a process has counted for the nth time that there is something which the bank was not told of.
type between struct {
	flow.SavingsStore
	nth   int
	do    func()
	asked int
}

func (b *between) Unnoticed(ctx context.Context, partner string, now time.Time) (int, error) {
	n, err := b.SavingsStore.Unnoticed(ctx, partner, now)
	if n > 0 {
		if b.asked++; b.asked == b.nth {
			b.do()
		}
	}
	return n, err
}

func TestNoticeIsNotBegunOfWhatAnotherProcessHasJustTold(t *testing.T) {
	db, clock, b := openDB(t), newClock(), &bank{}
	one, two := open(t, db, clock, b, newLife("", 0)), open(t, db, clock, b, newLife("", 0))
	one.requests(one.saver("anna"), 1)
	two.s.Store = &between{SavingsStore: two.s.Store, nth: 1, do: one.pay}
	two.pay()
	if n := len(one.runs(savings.ActingOn)); n != 1 || !slices.Equal(b.sums, []int{1}) {
		t.Errorf("%d notices, of %v", n, b.sums)
	}
	one.sound()
}

func TestNoticeOfWhatTheBankHasJustActedOnIsOver(t *testing.T) {
	k := newTill(t, &bank{})
	of := k.saver("anna")
	k.requests(of, 1)
	k.s.Store = &between{SavingsStore: k.s.Store, nth: 2, do: func() { k.acts(k.book(shared, of).Transactions[0].ID, true) }}
	k.pay()
	k.wantStatus(k.runs(savings.ActingOn)[0], engine.StatusDone)
	k.sound()
}
