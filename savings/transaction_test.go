package savings_test

import (
	"testing"
	"time"

	"parley"
	"parley/savings"
)

func patch(d *desk, p savings.TransactionPatch) error {
	return d.try(func(b *savings.Book) error { _, err := b.PatchTransaction(p); return err }, p.ID)
}

func TestATransactionIsSettledOrFailedOnce(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 100_00)
	d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	id := d.transactions[0].ID
	const both = "settledAt and failedAt are mutually exclusive"
	wantFaults(t, patch(d, savings.TransactionPatch{ID: id, Settled: &d.now, Failed: &d.now}), "settledAt "+both, "failedAt "+both)
	want(t, "nothing is half done", d.transactions[0].State, savings.Requested)
	settled := d.settle(id)
	want(t, "event", d.events()[0], "DepositSettled")
	got := d.dreamOf(dream.ID)
	want(t, "balance, on its way, account", []savings.Cents{got.Balance, got.Pending, d.accounts[0].Balance}, []savings.Cents{2500, 0, 2500})
	d.now = d.now.Add(time.Hour)
	want(t, "the same word again", d.settle(id), settled)
	want(t, "writes", len(d.wrote), 0)
	wantFaults(t, patch(d, savings.TransactionPatch{ID: id, Failed: &d.now}), "failedAt "+both)
	wantFaults(t, patch(d, savings.TransactionPatch{ID: id, Settled: &time.Time{}}), "settledAt is immutable")
	moved := d.now.Add(-48 * time.Hour)
	if err := patch(d, savings.TransactionPatch{ID: id, Requested: &moved}); err != nil || !d.transactions[0].Requested.Equal(moved) {
		t.Errorf("requestedAt cannot be moved: %v", err)
	}
	wantKind(t, patch(d, savings.TransactionPatch{ID: "none", Settled: &d.now}), parley.KindNotFound)
}

func TestWhatFailsIsNoLongerOnItsWay(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 100_00)
	d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	failed := d.fail(d.transactions[0].ID)
	want(t, "reason", failed.Reason, "no money")
	got := d.dreamOf(dream.ID)
	want(t, "balance, on its way, account", []savings.Cents{got.Balance, got.Pending, d.accounts[0].Balance}, []savings.Cents{0, 0, 0})
	wantFaults(t, patch(d, savings.TransactionPatch{ID: failed.ID, Settled: &d.now}), "settledAt settledAt and failedAt are mutually exclusive")
}

func TestADepositWithoutAnAccountIsNotGivenToTheBank(t *testing.T) {
	d := newDesk(t, oneAccount())
	dream := d.dream(savings.NewDream{Target: 100_00})
	d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	request, _ := ask(d, "s1")
	d.must(func(b *savings.Book) error { return b.ProvisioningInitiated(request) })
	tx := d.transactions[0]
	want(t, "given", tx.Given(d.now.AddDate(1, 0, 0)), false)
	wantFaults(t, patch(d, savings.TransactionPatch{ID: tx.ID, Settled: &d.now}), "settledAt can't be set before the transaction has an account")
	d.account()
	want(t, "given", d.transactions[0].Given(d.now), true)
}

func TestADepositIsCancelledInTimeAndNotAfter(t *testing.T) {
	p := oneAccount()
	p.CancelFor = time.Hour
	d, _, dream := saver(t, p, 100_00)
	l := d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	d.launch(dream.ID, "OneTime", `{"amountCents":30}`)
	cancel := func(id string) error {
		return d.try(func(b *savings.Book) error { _, err := b.Cancel(id); return err }, id)
	}
	first, second := d.transactions[0].ID, d.transactions[1].ID
	want(t, "ready", d.transactions[0].Ready, d.now.Add(time.Hour))
	d.now = d.now.Add(time.Hour - time.Millisecond)
	for range 2 {
		if err := cancel(first); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "writes of a repetition", len(d.wrote), 0)
	want(t, "reason", d.transactions[0].Reason, "cancelled")
	want(t, "spent", d.launchOf(l.ID).Spent.Cents, 0)
	want(t, "on its way", d.dreamOf(dream.ID).Pending, 30)
	d.now = d.now.Add(time.Millisecond)
	wantKind(t, cancel(second), parley.KindConflict)
	d.settle(second)
	wantKind(t, cancel(second), parley.KindConflict)
	wantKind(t, cancel("none"), parley.KindNotFound)
}

func TestADepositOfWhichTheBankWasToldIsNotCancelled(t *testing.T) {
	d := newDesk(t, oneAccount())
	dream := d.dream(savings.NewDream{})
	d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	request, _ := ask(d, "s1")
	d.must(func(b *savings.Book) error { return b.ProvisioningInitiated(request) })
	cancel := func() error {
		return d.try(func(b *savings.Book) error { _, err := b.Cancel(d.transactions[0].ID); return err })
	}
	d.transactions[0].Notice = "run"
	wantKind(t, cancel(), parley.KindConflict)
	d.transactions[0].Notice = ""
	if err := cancel(); err != nil {
		t.Errorf("one without an account can be cancelled: %v", err)
	}
}

func TestTheBanksAnswerIsDrawnInTheRunThatToldIt(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	d.launch(dream.ID, "OneTime", `{"amountCents":1}`)
	d.launch(dream.ID, "OneTime", `{"amountCents":2}`)
	d.transactions[0].Notice, d.transactions[1].Notice = "run", "run"
	d.settle(d.transactions[0].ID)
	said, _ := d.told(savings.ArrowTransactionPatched)
	want(t, "run", said.Run, "run")
	want(t, "left", said.Facts.Left, 1)
	d.fail(d.transactions[1].ID)
	said, _ = d.told(savings.ArrowTransactionPatched)
	want(t, "left", said.Facts.Left, 0)
}

func TestWhatTheBankSettledByItselfIsNotedOnce(t *testing.T) {
	d, a, dream := saver(t, oneAccount(), 1000)
	n := savings.NewTransaction{Type: savings.Deposit, ExternalID: "ref", Amount: 400, ToAccount: a.ID}
	first := d.reconcile(n)
	begun, _ := d.told(savings.ArrowReconciled)
	want(t, "begins", begun.Begins, savings.Reconciliation)
	want(t, "residual", d.residual(a.ID), 400)
	n.Amount = 500
	want(t, "again", d.reconcile(n), first)
	want(t, "writes", len(d.wrote), 0)
	d.reconcile(savings.NewTransaction{Type: savings.Internal, ExternalID: "in", Amount: 400, FromAccount: a.ID, ToAccount: a.ID, ToDream: dream.ID})
	want(t, "milestone", contains(d.events(), "DreamMilestone"), true)
	want(t, "residual", d.residual(a.ID), 0)
	d.reconcile(savings.NewTransaction{Type: savings.Withdrawal, ExternalID: "out", Amount: 100, FromAccount: a.ID})
	want(t, "what the bank took is missing", d.residual(a.ID), -100)
	taken, _ := d.told(savings.ArrowReconciled)
	want(t, "the run of the bank's word", d.accounts[0].Journey, taken.Run)
	d.must(func(b *savings.Book) error { _, err := b.Move(dream.ID, "", 100); return err })
	want(t, "until a dream gives it", d.residual(a.ID), 0)
	given, drawn := d.told(savings.ArrowRedistributed)
	want(t, "and that is drawn in the run of the bank's word", []any{drawn, given.Run}, []any{true, d.accounts[0].Journey})
	want(t, "account and dream", []savings.Cents{d.accounts[0].Balance, d.dreamOf(dream.ID).Balance}, []savings.Cents{300, 300})
}

func TestWhatIsWrongWithAReconciliationIsAllSaid(t *testing.T) {
	d, a, dream := saver(t, oneAccount(), 0)
	elsewhere := d.open(savings.NewAccount{Type: savings.SharedSavings})
	try := func(n savings.NewTransaction) error {
		return d.try(func(b *savings.Book) error { _, _, err := b.Reconcile(n); return err })
	}
	wantFaults(t, try(savings.NewTransaction{}), "externalId can't be blank", "amountCents must be greater than 0", "type can't be blank")
	wantFaults(t, try(savings.NewTransaction{Type: "Gift", ExternalID: "1", Amount: 1}), "type is not included in the list")
	wantFaults(t, try(savings.NewTransaction{Type: savings.Deposit, ExternalID: "1", Amount: 1, FromAccount: a.ID, FromDream: dream.ID}),
		"toAccountId can't be blank", "fromAccountId must be blank", "fromDreamId must be blank")
	wantFaults(t, try(savings.NewTransaction{Type: savings.Withdrawal, ExternalID: "1", Amount: 1, FromAccount: "none", FromDream: "none"}),
		"fromAccountId doesn't exist", "fromDreamId doesn't exist")
	wantFaults(t, try(savings.NewTransaction{Type: savings.Deposit, ExternalID: "1", Amount: 1, ToAccount: elsewhere.ID, ToDream: dream.ID}),
		"toDreamId is not on the account")
	wantFaults(t, try(savings.NewTransaction{Type: savings.Withdrawal, ExternalID: "1", Amount: 1, FromAccount: a.ID, FromDream: dream.ID}),
		"amountCents is more than what is saved")
	wantFaults(t, try(savings.NewTransaction{Type: savings.Internal, ExternalID: "1", Amount: 1, FromAccount: a.ID, ToAccount: a.ID}),
		"toDreamId must be another dream")
}

func TestNoMoreIsWithdrawnThanIsSaved(t *testing.T) {
	d, a, dream := saver(t, oneAccount(), 0)
	d.save(dream.ID, 1000)
	withdraw := func(amount savings.Cents) error {
		return d.try(func(b *savings.Book) error { _, err := b.Withdraw(dream.ID, amount); return err })
	}
	if err := withdraw(600); err != nil {
		t.Fatal(err)
	}
	want(t, "event", d.events(), []string{"WithdrawalRequested"})
	want(t, "leaving", d.dreamOf(dream.ID).Leaving, 600)
	wantFaults(t, withdraw(401), "amountCents is more than what is saved")
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, _, err := b.Reconcile(savings.NewTransaction{Type: savings.Withdrawal, ExternalID: "out", Amount: 401, FromAccount: a.ID, FromDream: dream.ID})
		return err
	}), "amountCents is more than what is saved")
	wantFaults(t, withdraw(0), "amountCents must be greater than 0")
	tx := d.book().Transactions[0]
	want(t, "given at once", tx.Given(d.now), true)
	want(t, "from", tx.FromAccount, a.ID)
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.Cancel(tx.ID); return err }), parley.KindConflict)
	d.fail(tx.ID)
	if err := withdraw(1000); err != nil {
		t.Error(err)
	}
	d.settle(d.book().Transactions[0].ID)
	want(t, "dream and account", []savings.Cents{d.dreamOf(dream.ID).Balance, d.accounts[0].Balance}, []savings.Cents{0, 0})
}

func TestAMoveOnOneAccountNeedsNoBank(t *testing.T) {
	d, a, from := saver(t, oneAccount(), 0)
	to := d.dream(savings.NewDream{Target: 100})
	d.save(from.ID, 1000)
	tx := get(d, func(b *savings.Book) (savings.Transaction, error) { return b.Move(from.ID, to.ID, 300) })
	want(t, "state", tx.State, savings.Settled)
	want(t, "events", d.events(), []string{"InternalTransferRequested", "InternalTransferSettled", "DreamAchieved"})
	want(t, "balances", []savings.Cents{d.dreamOf(from.ID).Balance, d.dreamOf(to.ID).Balance, d.accounts[0].Balance, d.residual(a.ID)}, []savings.Cents{700, 300, 1000, 0})
	move := func(from, to string, amount savings.Cents) error {
		return d.try(func(b *savings.Book) error { _, err := b.Move(from, to, amount); return err })
	}
	wantFaults(t, move(from.ID, to.ID, 701), "amountCents is more than what is saved")
	wantFaults(t, move("", to.ID, 1), "amountCents is more than what is saved")
	wantFaults(t, move(from.ID, from.ID, 1), "toDreamId must be another dream")
	wantFaults(t, move("", "", 1), "toDreamId must be another dream")
	wantKind(t, move(from.ID, "none", 1), parley.KindNotFound)
	d.reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: "interest", Amount: 12, ToAccount: a.ID})
	if err := move("", to.ID, 12); err != nil {
		t.Error(err)
	}
	want(t, "residual", d.residual(a.ID), 0)
}

func TestAMoveBetweenAccountsIsTheBanks(t *testing.T) {
	d := newDesk(t, accountEach())
	from, to := d.dream(savings.NewDream{}), d.dream(savings.NewDream{Target: 1000})
	link(d, from.ID, d.open(savings.NewAccount{Type: savings.SharedSavings}).ID)
	d.reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: "1", Amount: 1000, ToAccount: d.accounts[0].ID, ToDream: from.ID})
	move := func(amount savings.Cents) error {
		return d.try(func(b *savings.Book) error { _, err := b.Move(from.ID, to.ID, amount); return err })
	}
	wantFaults(t, move(500), "toDreamId has no account yet")
	link(d, to.ID, d.open(savings.NewAccount{Type: savings.SharedSavings}).ID)
	if err := move(500); err != nil {
		t.Fatal(err)
	}
	want(t, "leaving, coming", []savings.Cents{d.dreamOf(from.ID).Leaving, d.dreamOf(to.ID).Pending}, []savings.Cents{500, 500})
	d.settle(d.book().Transactions[0].ID)
	want(t, "balances", []savings.Cents{d.dreamOf(from.ID).Balance, d.dreamOf(to.ID).Balance, d.accounts[0].Balance, d.accounts[1].Balance},
		[]savings.Cents{500, 500, 500, 500})
	want(t, "nothing is on its way", []savings.Cents{d.dreamOf(from.ID).Leaving, d.dreamOf(to.ID).Pending}, []savings.Cents{0, 0})
}
