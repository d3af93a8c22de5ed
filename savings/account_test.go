package savings_test

import (
	"testing"

	"parley/savings"
)

func openTwice(d *desk, first, again savings.NewAccount) (a, b savings.Account, created bool) {
	d.t.Helper()
	a = d.open(first)
	d.must(func(k *savings.Book) (err error) { b, created, err = k.OpenAccount(again); return err })
	return a, b, created
}

func TestAnExternalIdIsOneAccountOfItsUser(t *testing.T) {
	d := newDesk(t, oneAccount())
	a, b, created := openTwice(d, savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"},
		savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams", Balance: 500})
	want(t, "the same account", b, a)
	want(t, "created", created, false)
	want(t, "writes of a repetition", len(d.wrote), 0)
}

func TestTwoUsersMayHaveTheSameExternalId(t *testing.T) {
	for range 2 { // a book is one user's: nothing of another's is in it
		if _, _, created := openTwice(newDesk(t, oneAccount()), savings.NewAccount{Type: savings.SharedSavings, ExternalID: "x"},
			savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"}); !created {
			t.Error("an external id that this user does not have makes no account")
		}
	}
}

func TestAnotherExternalIdIsAnotherAccount(t *testing.T) {
	d := newDesk(t, oneAccount())
	if a, b, created := openTwice(d, savings.NewAccount{Type: savings.SharedSavings, ExternalID: "one"},
		savings.NewAccount{Type: savings.SharedSavings, ExternalID: "two"}); !created || a.ID == b.ID {
		t.Error("two external ids are one account")
	}
}

func TestWithoutAnExternalIdThereIsAlwaysAnotherAccount(t *testing.T) {
	d := newDesk(t, oneAccount())
	a, b, created := openTwice(d, savings.NewAccount{Type: savings.SharedSavings}, savings.NewAccount{Type: savings.SharedSavings})
	if !created || a.ID == b.ID {
		t.Error("no second account")
	}
	want(t, "a new dream is linked to the first", d.dream(savings.NewDream{}).Account, a.ID)
}

func TestAnotherTypeUnderTheSameExternalIdIsAFault(t *testing.T) {
	p := oneAccount()
	p.Performance = true
	d := newDesk(t, p)
	d.open(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"})
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.PerformanceAccount, ExternalID: "dreams"})
		return err
	}), "externalId has already been taken")
}

func TestAnAccountLinksEveryDreamThatIsThere(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.dream(savings.NewDream{Name: "a"})
	gone := d.dream(savings.NewDream{Name: "b"})
	d.dream(savings.NewDream{Name: "c"})
	d.must(func(b *savings.Book) error { return b.DeleteDream(gone.ID, false) })
	a := d.account()
	said, _ := d.told(savings.ArrowAccountPosted)
	want(t, "note", said.Note, "2 dreams linked")
	want(t, "facts", said.Facts, savings.Facts{Account: true})
	for _, dr := range d.dreams {
		want(t, dr.Name, dr.Account == a.ID, dr.Name != "b")
	}
	want(t, "events", d.events(), []string{"DreamUpdated", "DreamUpdated"})
}

func TestWhatIsWrongWithAnAccountIsAllSaid(t *testing.T) {
	d := newDesk(t, oneAccount())
	open := func(n savings.NewAccount) error {
		return d.try(func(b *savings.Book) error { _, _, err := b.OpenAccount(n); return err })
	}
	wantFaults(t, open(savings.NewAccount{}), "type can't be blank")
	wantFaults(t, open(savings.NewAccount{Type: savings.PerformanceAccount}), "type is not included in the list") // the partner has none
	wantFaults(t, open(savings.NewAccount{Type: "Gold"}), "type is not included in the list")
	wantFaults(t, open(savings.NewAccount{Type: savings.SharedSavings, Balance: -1}), "balanceCents can't be negative")
	d.partner.Performance = true
	wantFaults(t, open(savings.NewAccount{Type: savings.PerformanceAccount, Liquid: -1, Acquisition: savings.Most + 1}),
		"liquidBalanceCents can't be negative", "totalAcquisitionCostCents is too large")
}

func TestABalanceOfSavingsIsNotPatched(t *testing.T) {
	d := newDesk(t, oneAccount())
	a := d.open(savings.NewAccount{Type: savings.SharedSavings, Balance: 700, ExternalID: "a"})
	d.open(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "b"})
	patch := func(p savings.AccountPatch) error {
		p.ID = a.ID
		return d.try(func(b *savings.Book) error { _, err := b.PatchAccount(p); return err })
	}
	wantFaults(t, patch(savings.AccountPatch{Balance: ptr(savings.Cents(5)), Gain: ptr(savings.Cents(1))}),
		"balanceCents is immutable", "performanceCents is immutable")
	wantFaults(t, patch(savings.AccountPatch{ExternalID: ptr("b")}), "externalId has already been taken")
	if err := patch(savings.AccountPatch{Balance: ptr(savings.Cents(700)), ExternalID: ptr("c")}); err != nil {
		t.Error(err)
	}
	want(t, "external id", d.accounts[0].ExternalID, "c")
	want(t, "residual", d.residual(a.ID), 700)
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.PatchAccount(savings.AccountPatch{ID: "none"}); return err }), "not-found")
}

func TestTheBankSaysWhatAnInvestmentIsWorth(t *testing.T) {
	p := oneAccount()
	p.Performance = true
	d := newDesk(t, p)
	a := d.open(savings.NewAccount{Type: savings.PerformanceAccount, Balance: 1000, ExternalID: "fund"})
	got := get(d, func(b *savings.Book) (savings.Account, error) {
		return b.PatchAccount(savings.AccountPatch{ID: a.ID, Balance: ptr(savings.Cents(1200)), Gain: ptr(savings.Cents(-30)), GainPercent: ptr(-2.5)})
	})
	want(t, "balance", got.Balance, 1200)
	want(t, "valued", got.ValuedAt, d.now)
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.PatchAccount(savings.AccountPatch{ID: a.ID, ExternalID: ptr("other")})
		return err
	}), "externalId is immutable")
}
