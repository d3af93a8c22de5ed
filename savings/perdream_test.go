package savings_test

import (
	"testing"
	"time"

	"parley/savings"
)

func accountEach() *savings.Partner {
	p := oneAccount()
	p.Setup, p.Performance = savings.AccountPerDream, true
	return p
}

func askAccount(d *desk, dream, session string) (request string, ask bool) {
	d.t.Helper()
	d.must(func(b *savings.Book) (err error) { request, ask, err = b.AskAccount(dream, session); return err })
	return request, ask
}

func answer(d *desk, request, refused string) {
	d.t.Helper()
	d.must(func(b *savings.Book) error { return b.AccountRequestDone(request, refused) })
}

func link(d *desk, dream, account string) savings.Dream {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Dream, error) {
		return b.UpdateDream(dream, savings.DreamPatch{Account: &account})
	})
}

func TestEachDreamBeginsAJourneyOfItsOwn(t *testing.T) {
	d := newDesk(t, accountEach())
	want(t, "the user's journey", d.user.Journey, "")
	dream := d.dream(savings.NewDream{Target: 100_00})
	begun, _ := d.told(savings.ArrowDreamCreated)
	want(t, "begins", begun.Begins, savings.AccountForDream)
	want(t, "run", begun.Run, dream.Journey)

	request, asked := askAccount(d, dream.ID, "s1")
	want(t, "asked", asked, true)
	want(t, "provisioning is not asked for", second(ask(d, "s1")), false)
	l := d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	want(t, "before the bank has answered", l.State, savings.Waiting)
	answer(d, request, "")
	want(t, "after", d.launchOf(l.ID).State, savings.Active)
	want(t, "asked after", second(askAccount(d, dream.ID, "s2")), false)
	want(t, "deposits", d.occasions(l.ID), []string{"2026-11-25"})

	a := d.account()
	want(t, "linked by itself", d.dreamOf(dream.ID).Account, "")
	link(d, dream.ID, a.ID)
	said, _ := d.told(savings.ArrowDreamLinked)
	want(t, "facts", said.Facts, savings.Facts{Account: true, Initiated: true})
	want(t, "the deposit's account", d.transactions[0].ToAccount, a.ID)
}

func TestALinkStartsWhatWaitsForIt(t *testing.T) {
	d := newDesk(t, accountEach())
	dream := d.dream(savings.NewDream{Target: 100_00})
	l := d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	link(d, dream.ID, d.account().ID)
	want(t, "state", d.launchOf(l.ID).State, savings.Active)
	want(t, "asked", second(askAccount(d, dream.ID, "s1")), false)
	want(t, "pending", d.dreamOf(dream.ID).Pending, 2500)
}

func TestWhoRefusedAnAccountIsAskedAgainByAnotherSessionOrForALaunch(t *testing.T) {
	d := newDesk(t, accountEach())
	dream := d.dream(savings.NewDream{Target: 100_00})
	first, _ := askAccount(d, dream.ID, "s1")
	answer(d, first, "cancelled")
	said, _ := d.told(savings.ArrowAccountRequestDone)
	want(t, "facts", said.Facts, savings.Facts{Refused: true})
	want(t, "the same session", second(askAccount(d, dream.ID, "s1")), false)
	again, asked := askAccount(d, dream.ID, "s2")
	want(t, "another session", asked, true)
	if again == first {
		t.Error("asked again under an id that was answered")
	}
	answer(d, again, "failed")
	d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	last, asked := askAccount(d, dream.ID, "s2")
	want(t, "for a launch", asked, true)
	answer(d, last, "")
	answer(d, last, "failed") // too late
	want(t, "refused", d.dreamOf(dream.ID).Refused, "")
	wantFaults(t, d.try(func(b *savings.Book) error { return b.AccountRequestDone(first, "") }), "requestId doesn't exist")
	wantFaults(t, d.try(func(b *savings.Book) error { return b.AccountRequestDone(last, "because") }), "reason is not included in the list")
}

// The person says so: then it is asked for in their session, whatever was said before and whoever else was told to ask.
func TestWhoWantsToIsAskedAgainInTheSameSession(t *testing.T) {
	d := newDesk(t, accountEach())
	dream := d.dream(savings.NewDream{Target: 100_00})
	first, _ := askAccount(d, dream.ID, "s1")
	wants := func(session string) { d.must(func(b *savings.Book) error { b.AskAgain(session); return nil }) }
	want(t, "another session", second(askAccount(d, dream.ID, "s2")), false)
	wants("s2")
	taken, asked := askAccount(d, dream.ID, "s2")
	want(t, "another session, whose person wants it", asked, true)
	want(t, "under the same request", taken, first)
	answer(d, taken, "cancelled")
	want(t, "after a no", second(askAccount(d, dream.ID, "s2")), false)
	wants("s2")
	again, asked := askAccount(d, dream.ID, "s2")
	want(t, "after a no, and wanted", asked, true)
	if again == first {
		t.Error("asked again under an id that was answered")
	}
	answer(d, again, "")
	wants("s2")
	want(t, "after a yes", second(askAccount(d, dream.ID, "s2")), false)
}

func TestADreamsAccountIsAskedForByOneSessionAtATime(t *testing.T) {
	d := newDesk(t, accountEach())
	dream := d.dream(savings.NewDream{})
	askAccount(d, dream.ID, "s1")
	want(t, "another session", second(askAccount(d, dream.ID, "s2")), false)
	want(t, "the same", second(askAccount(d, dream.ID, "s1")), true)
	d.now = d.now.Add(2 * time.Minute)
	want(t, "another after two minutes", second(askAccount(d, dream.ID, "s2")), true)
}

func TestADreamIsLinkedToAnAccountOfItsKindAndOfItsUser(t *testing.T) {
	d := newDesk(t, accountEach())
	saving, fund := d.account(), d.open(savings.NewAccount{Type: savings.PerformanceAccount})
	dream, invest := d.dream(savings.NewDream{}), d.dream(savings.NewDream{Type: savings.PerformanceDream})
	try := func(dream, account string) error {
		return d.try(func(b *savings.Book) error {
			_, err := b.UpdateDream(dream, savings.DreamPatch{Account: &account})
			return err
		})
	}
	wantFaults(t, try(dream.ID, fund.ID), "accountId is of another type than the dream")
	wantFaults(t, try(invest.ID, saving.ID), "accountId is of another type than the dream")
	wantFaults(t, try(dream.ID, "somebody-elses"), "accountId doesn't exist")
	link(d, invest.ID, fund.ID)
	other := d.dream(savings.NewDream{Type: savings.PerformanceDream})
	wantFaults(t, try(other.ID, fund.ID), "accountId has already been taken")

	link(d, dream.ID, saving.ID)
	d.reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: "1", Amount: 5, ToAccount: saving.ID, ToDream: dream.ID})
	elsewhere := d.open(savings.NewAccount{Type: savings.SharedSavings})
	wantFaults(t, try(dream.ID, elsewhere.ID), "accountId is immutable")
}

func TestInTheSetupWithOneAccountAPerformanceDreamStandsApart(t *testing.T) {
	p := oneAccount()
	p.Performance = true
	d := newDesk(t, p)
	d.account()
	dream := d.dream(savings.NewDream{Type: savings.PerformanceDream})
	want(t, "linked", dream.Account, "")
	want(t, "asked", second(askAccount(d, dream.ID, "s1")), true)
	fund := d.open(savings.NewAccount{Type: savings.PerformanceAccount})
	want(t, "linked by the account", d.dreamOf(dream.ID).Account, "")
	link(d, dream.ID, fund.ID)
	ordinary := d.dream(savings.NewDream{})
	said, _ := d.told(savings.ArrowDreamCreated) // it is the first that shares the account
	want(t, "told to", said.Run, d.user.Journey)
	want(t, "account", ordinary.Account, d.accounts[0].ID)
}

func TestAPerformanceBalanceMovesByThePatchAloneAndBothSettleTogether(t *testing.T) {
	d := newDesk(t, accountEach())
	fund := d.open(savings.NewAccount{Type: savings.PerformanceAccount, Balance: 100})
	dream := d.dream(savings.NewDream{Type: savings.PerformanceDream, Account: fund.ID})
	d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	id := d.transactions[0].ID
	d.must(func(b *savings.Book) error {
		return b.DeepPatch(savings.DeepPatch{Accounts: []savings.AccountPatch{{ID: fund.ID, Balance: ptr(savings.Cents(2700))}},
			Transactions: []savings.TransactionPatch{{ID: id, Settled: &d.now}}})
	}, id)
	want(t, "account", d.accounts[0].Balance, 2700)
	want(t, "dream", d.dreamOf(dream.ID).Balance, 2500)
	want(t, "residual", d.residual(fund.ID), 0)
	d.must(func(b *savings.Book) error { _, err := b.Withdraw(dream.ID, 500); return err })
	d.settle(d.book().Transactions[0].ID)
	want(t, "account after a withdrawal", d.accounts[0].Balance, 2700)
	want(t, "dream after a withdrawal", d.dreamOf(dream.ID).Balance, 2000)
}

func TestADeepPatchSaysEveryMistakeByItsPlace(t *testing.T) {
	d := newDesk(t, accountEach())
	a := d.account()
	err := d.try(func(b *savings.Book) error {
		return b.DeepPatch(savings.DeepPatch{User: savings.UserPatch{Zone: ptr("Mars/Olympus")},
			Accounts:     []savings.AccountPatch{{ID: a.ID, Balance: ptr(savings.Cents(1))}, {ID: "none"}},
			Transactions: []savings.TransactionPatch{{ID: "none", Settled: &d.now}}})
	})
	wantFaults(t, err, "timezone is invalid", "accounts[0].balanceCents is immutable", "accounts[1].id doesn't exist", "transactions[0].id doesn't exist")
}
