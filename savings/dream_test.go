package savings_test

import (
	"strings"
	"testing"

	"parley"
	"parley/savings"
)

// saver has an account and a dream on it.
func saver(t testing.TB, p *savings.Partner, target savings.Cents) (*desk, savings.Account, savings.Dream) {
	d := newDesk(t, p)
	a := d.account()
	return d, a, d.dream(savings.NewDream{Name: "Bike", Target: target})
}

// save has the bank settle money for a dream by itself.
func (d *desk) save(dream string, amount savings.Cents) savings.Transaction {
	d.t.Helper()
	return d.reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: d.id(), Amount: amount, ToAccount: d.accounts[0].ID, ToDream: dream})
}

func (d *desk) change(dream string, p savings.DreamPatch) savings.Dream {
	d.t.Helper()
	return get(d, func(b *savings.Book) (savings.Dream, error) { return b.UpdateDream(dream, p) })
}

func TestWhatIsWrongWithADreamIsAllSaid(t *testing.T) {
	d := newDesk(t, oneAccount())
	try := func(n savings.NewDream) error {
		return d.try(func(b *savings.Book) error { _, err := b.CreateDream(n); return err })
	}
	wantFaults(t, try(savings.NewDream{Type: "Nightmare", Name: strings.Repeat("å", 256), Target: -1, Expires: "soon", Image: "javascript:x", Account: "none"}),
		"type is not included in the list", "name is too long (maximum is 255 characters)", "targetCents can't be negative", "expiresAt is invalid",
		"imageUrl is invalid", "accountId doesn't exist")
	wantFaults(t, try(savings.NewDream{Expires: "2026-11-24"}), "expiresAt can't be in the past")
	wantFaults(t, try(savings.NewDream{Target: savings.Most + 1}), "targetCents is too large")
	wantFaults(t, try(savings.NewDream{Type: savings.PerformanceDream}), "type is not included in the list")
}

func TestADateThatHasPassedMaySayAndAnotherMayNotComeInItsPlace(t *testing.T) {
	d := newDesk(t, oneAccount())
	dream := d.dream(savings.NewDream{Expires: "2026-11-25"})
	d.now = d.now.AddDate(0, 0, 3)
	d.change(dream.ID, savings.DreamPatch{Expires: ptr("2026-11-25"), Name: ptr("Still")})
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.UpdateDream(dream.ID, savings.DreamPatch{Expires: ptr("2026-11-26")})
		return err
	}), "expiresAt can't be in the past")
	want(t, "taken away", d.change(dream.ID, savings.DreamPatch{Expires: ptr("")}).Expires, "")
}

func TestTheFirstDreamIsDrawnAndTheOthersAreOthers(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.dream(savings.NewDream{})
	want(t, "first", second(d.told(savings.ArrowDreamCreated)), true)
	d.dream(savings.NewDream{})
	want(t, "second", second(d.told(savings.ArrowDreamAnother)), true)
}

func TestMilestonesAndTheTargetAreToldOnceEach(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 1000)
	var told []string
	percent := 0
	note := func() {
		for _, e := range d.emitted {
			if e.Type == savings.DreamMilestone || e.Type == savings.DreamAchieved {
				told = append(told, string(e.Type))
				percent = e.Percent
			}
		}
	}
	for _, step := range []struct {
		add       savings.Cents
		told      string
		milestone int
	}{{249, "", 0}, {1, "DreamMilestone", 25}, {10, "", 25}, {500, "DreamMilestone", 75}, {239, "", 75}, {1, "DreamAchieved", 75}, {50, "", 75}} {
		told = nil
		d.save(dream.ID, step.add)
		note()
		want(t, "told", strings.Join(told, " "), step.told)
		want(t, "milestone", d.dreamOf(dream.ID).Milestone, step.milestone)
		if step.told == "DreamMilestone" {
			want(t, "percent", percent, step.milestone)
		}
	}
	reached := d.dreamOf(dream.ID).AchievedAt
	want(t, "achieved", reached, d.now)

	told = nil
	want(t, "a higher target opens it again", d.change(dream.ID, savings.DreamPatch{Target: ptr(savings.Cents(10_000))}).AchievedAt.IsZero(), true)
	want(t, "milestone of the new target", d.dreamOf(dream.ID).Milestone, 0)
	d.save(dream.ID, 8950)
	note()
	want(t, "told", told, []string{"DreamAchieved"})
	told = nil
	d.change(dream.ID, savings.DreamPatch{Target: ptr(savings.Cents(20_000))})
	d.change(dream.ID, savings.DreamPatch{Target: ptr(savings.Cents(5_000))})
	note()
	want(t, "a lower target is reached by itself", told, []string{"DreamAchieved"})
	told = nil
	d.change(dream.ID, savings.DreamPatch{Name: ptr("Boat")})
	note()
	want(t, "a name changes nothing of that", len(told), 0)
}

func TestADeletedDreamLeavesItsMoneyOnTheAccount(t *testing.T) {
	p := oneAccount()
	p.CancelFor = 3600e9
	d, a, dream := saver(t, p, 0)
	d.save(dream.ID, 800)
	first := d.launch(dream.ID, "OneTime", `{"amountCents":100}`)
	d.now = d.now.Add(2 * p.CancelFor)
	second := d.launch(dream.ID, "OneTime", `{"amountCents":30}`)
	d.must(func(b *savings.Book) error { return b.DeleteDream(dream.ID, false) })
	want(t, "launches", []savings.LaunchState{d.launchOf(first.ID).State, d.launchOf(second.ID).State}, []savings.LaunchState{savings.Stopped, savings.Stopped})
	got := d.dreamOf(dream.ID)
	want(t, "balance, on its way", []savings.Cents{got.Balance, got.Pending}, []savings.Cents{0, 100})
	want(t, "residual", d.residual(a.ID), 800)
	want(t, "active deposits", len(d.book().Transactions), 1)
	d.settle(d.book().Transactions[0].ID)
	want(t, "what comes late", d.dreamOf(dream.ID).Balance, 0)
	want(t, "residual", d.residual(a.ID), 900)
	d.must(func(b *savings.Book) error { return b.DeleteDream(dream.ID, true) }, dream.ID)
	want(t, "writes of a repetition", len(d.wrote), 0)
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.UpdateDream(dream.ID, savings.DreamPatch{}); return err }, dream.ID), parley.KindNotFound)
}

func TestADreamThatIsGivenUpIsPaidOut(t *testing.T) {
	d, a, dream := saver(t, oneAccount(), 0)
	d.save(dream.ID, 800)
	d.must(func(b *savings.Book) error { _, err := b.Withdraw(dream.ID, 300); return err })
	d.must(func(b *savings.Book) error { return b.DeleteDream(dream.ID, true) })
	open := d.book().Transactions
	want(t, "withdrawals", []savings.Cents{open[0].Amount, open[1].Amount}, []savings.Cents{300, 500})
	d.settle(open[0].ID)
	d.fail(open[1].ID)
	want(t, "the dream", d.dreamOf(dream.ID).Balance, 0)
	want(t, "the account", d.accounts[0].Balance, 500)
	want(t, "what could not be paid out", d.residual(a.ID), 500)
}
