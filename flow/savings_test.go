package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/engine"
	"parley/savings"
)

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
	k.wantDrawn(r[0], "create dream", "dream created", "account requested", "launch savehack", "account request done", "POST /accounts", "PATCH /dreams", "dream linked to its account")
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
