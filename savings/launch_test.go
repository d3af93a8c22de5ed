package savings_test

import (
	"encoding/json"
	"testing"
	"time"

	"parley"
	"parley/savings"
)

func TestAnAccountStartsNothingThatAPersonPaused(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	d.patch(l.ID, savings.LaunchPatch{PausedAt: &d.now})
	d.open(savings.NewAccount{Type: savings.SharedSavings})
	want(t, "state", d.launchOf(l.ID).State, savings.Paused)
}

func TestALaunchMovesAlongTheDrawnArrowsOnly(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	try := func(p savings.LaunchPatch) error {
		return d.try(func(b *savings.Book) error { _, err := b.PatchLaunch(l.ID, p); return err }, l.ID)
	}
	past, never := d.now.Add(-time.Hour), time.Time{}
	wantFaults(t, try(savings.LaunchPatch{PausedUntil: &past}), "pausedUntil can't be in the past")
	wantFaults(t, try(savings.LaunchPatch{Params: json.RawMessage(`{"amountCents":0}`), MonthlyCap: ptr(savings.Cents(-1))}),
		"amountCents must be greater than or equal to 1", "monthlyCapCents can't be negative")
	d.patch(l.ID, savings.LaunchPatch{StoppedAt: &d.now})
	for range 2 {
		want(t, "stopped", d.patch(l.ID, savings.LaunchPatch{StoppedAt: &d.now}).State, savings.Stopped)
	}
	want(t, "writes of a repetition", len(d.wrote), 0)
	wantFaults(t, try(savings.LaunchPatch{StoppedAt: &never}), "stoppedAt is immutable")
	wantFaults(t, try(savings.LaunchPatch{PausedAt: &d.now}), "stoppedAt is immutable")

	waiting := newDesk(t, oneAccount())
	w := waiting.launch(waiting.dream(savings.NewDream{}).ID, "Daily", `{"amountCents":5}`)
	wantFaults(t, waiting.try(func(b *savings.Book) error {
		_, err := b.PatchLaunch(w.ID, savings.LaunchPatch{PausedAt: &never})
		return err
	}), "pausedAt can't be taken away before there is an account")
	waiting.patch(w.ID, savings.LaunchPatch{StoppedAt: &d.now})
	waiting.account()
	want(t, "one that was stopped while it waited", waiting.launchOf(w.ID).State, savings.Stopped)
	wantKind(t, waiting.try(func(b *savings.Book) error { _, err := b.PatchLaunch("none", savings.LaunchPatch{}); return err }), parley.KindNotFound)
}

func TestNewParametersHoldFromTheNextDueDate(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	d.now = day("2026-11-27 09:00") // two are due, and the worker has not come by
	d.patch(l.ID, savings.LaunchPatch{Params: json.RawMessage(`{"amountCents":7}`)})
	d.until(day("2026-11-28 09:00"))
	var amounts []savings.Cents
	for _, tx := range d.transactions {
		amounts = append(amounts, tx.Amount)
	}
	want(t, "amounts", amounts, []savings.Cents{5, 5, 7})
	d.patch(l.ID, savings.LaunchPatch{Params: json.RawMessage(`{"amountCents":7}`)})
	want(t, "writes of the same", len(d.wrote), 0)
}

func TestALaunchThatReplacesAnotherEndsItWhenItStarts(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	old := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	d.launch(dream.ID, "Daily", `{"amountCents":7}`, func(n *savings.NewLaunch) { n.Replaces = old.ID })
	want(t, "old", d.launchOf(old.ID).State, savings.Stopped)
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.LaunchSavehack(savings.NewLaunch{Dream: dream.ID, Kind: "Daily", Params: json.RawMessage(`{"amountCents":7}`), Replaces: old.ID})
		return err
	}), "obsoleteSavehackLaunchId doesn't exist")
}

func TestACopycatMakesOneDepositForEachThatItFollows(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	followed := d.launch(dream.ID, "Daily", `{"amountCents":400}`)
	d.until(day("2026-11-27 12:00"))
	copycat := d.launch(dream.ID, "Copycat", `{"launchId":"`+followed.ID+`","percentage":50}`)
	want(t, "follows", copycat.Follows, followed.ID)
	d.woken = nil
	d.until(day("2026-11-29 12:00"))
	want(t, "wakes whoever follows", []bool{len(d.woken) == 2, d.woken[0].Launch == followed.ID}, []bool{true, true})
	var made []savings.Transaction
	for _, tx := range d.transactions {
		if tx.Launch == followed.ID && tx.Requested.After(day("2026-11-27 12:00")) {
			made = append(made, tx)
		}
	}
	b := d.book()
	l, _ := b.Launch(copycat.ID)
	l.Due = d.now // as the store does when it is woken
	taken := savings.Transaction{ID: "back", Type: savings.Deposit, State: savings.Failed, Amount: 400, Ready: made[0].Ready}
	b.Followed[copycat.ID] = []savings.Transaction{taken, made[0], made[1]}
	n, err := b.RunDue()
	if err != nil {
		t.Fatal(err)
	}
	d.put(b)
	want(t, "deposits", n, 2)
	want(t, "occasions", d.occasions(copycat.ID), []string{"copy/" + made[0].ID, "copy/" + made[1].ID})
	got := d.launchOf(copycat.ID)
	want(t, "nothing more is due", got.Due.IsZero(), true)
	if want := "/" + made[1].ID; got.Done[len(got.Done)-len(want):] != want {
		t.Errorf("it has looked as far as %s", got.Done)
	}
	want(t, "amount", d.transactions[len(d.transactions)-1].Amount, 200)
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.PatchLaunch(copycat.ID, savings.LaunchPatch{Params: json.RawMessage(`{"launchId":"another"}`)})
		return err
	}), "launchId is immutable")
}

func TestOnlyOnesOwnLaunchOrOneForTheSameGroupDreamIsFollowed(t *testing.T) {
	for _, c := range []struct {
		of   string
		lead savings.Leader
		may  bool
	}{
		{"a launch that is not there", savings.Leader{}, false},
		{"somebody else's", savings.Leader{Launch: "x", User: "other"}, false},
		{"somebody else's, who saves for another group dream", savings.Leader{Launch: "x", User: "other", Group: "mountain"}, false},
		{"somebody else's, who saves for the same", savings.Leader{Launch: "x", User: "other", Group: "boat"}, true},
	} {
		d := newDesk(t, oneAccount())
		dream := d.dream(savings.NewDream{Name: "Boat", Target: 1000, Group: "boat"})
		err := d.try(func(b *savings.Book) error {
			b.Leader = c.lead
			_, err := b.LaunchSavehack(savings.NewLaunch{Dream: dream.ID, Kind: "Copycat", Params: json.RawMessage(`{"launchId":"x"}`)})
			return err
		})
		if c.may && err != nil {
			t.Errorf("%s: %v", c.of, err)
		} else if !c.may {
			wantFaults(t, err, "launchId doesn't exist")
		}
	}
}

func TestAPausedCopycatIsNotKeptAwake(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	copycat := d.launch(dream.ID, "Copycat", `{"launchId":"`+d.launch(dream.ID, "Daily", `{"amountCents":400}`).ID+`"}`)
	d.patch(copycat.ID, savings.LaunchPatch{PausedAt: &d.now})
	for i := range d.launches {
		d.launches[i].Due = d.now
	}
	d.due()
	want(t, "due", d.launchOf(copycat.ID).Due.IsZero(), true)
	d.now = d.now.Add(time.Hour)
	got := d.patch(copycat.ID, savings.LaunchPatch{PausedAt: &time.Time{}})
	if got.Done <= copycat.Done {
		t.Error("it will look at what was made while it was paused")
	}
}

func TestWhatIsNotOfferedIsNotLaunched(t *testing.T) {
	p := oneAccount()
	p.Savehacks = []string{"Daily", "Weekly"}
	d, _, dream := saver(t, p, 0)
	items := p.Catalogue()
	want(t, "offered", []string{items[0].Kind, items[1].Kind}, []string{"Daily", "Weekly"})
	other := oneAccount()
	other.ID = "another"
	want(t, "the ids of another partner are others", other.Catalogue()[1].ID != items[0].ID, true)
	want(t, "the ids are always the same", p.Catalogue(), items)
	try := func(n savings.NewLaunch) error {
		n.Dream = dream.ID
		return d.try(func(b *savings.Book) error { _, err := b.LaunchSavehack(n); return err })
	}
	wantFaults(t, try(savings.NewLaunch{}), "savehackId can't be blank")
	wantFaults(t, try(savings.NewLaunch{Savehack: "none"}), "savehackId doesn't exist")
	wantFaults(t, try(savings.NewLaunch{Kind: "OneTime"}), "type is not included in the list")
	wantFaults(t, try(savings.NewLaunch{Savehack: items[0].ID, Kind: "Weekly"}), "type is not included in the list")
	if err := try(savings.NewLaunch{Savehack: items[0].ID, Kind: "DailyLaunch", Params: json.RawMessage(`{"amountCents":1}`)}); err != nil {
		t.Error(err)
	}
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.LaunchSavehack(savings.NewLaunch{Dream: "none"}); return err }), parley.KindNotFound)
}

func TestAForecastSeesWhatIsLaunchedAndWhatMightBe(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 1000)
	forecast := func(more ...savings.NewLaunch) savings.Forecast {
		return get(d, func(b *savings.Book) (savings.Forecast, error) { return b.Forecast(dream.ID, more...) })
	}
	want(t, "nothing", forecast(), savings.Forecast{})
	d.launch(dream.ID, "Daily", `{"amountCents":100}`)
	want(t, "ten days", forecast(), savings.Forecast{Reached: "2026-12-05", Weekly: 500, Next: "2026-11-26"})
	want(t, "with another", forecast(savings.NewLaunch{Kind: "OneTime", Params: json.RawMessage(`{"amountCents":900}`)}).Reached, "2026-11-26")
	want(t, "writes", len(d.wrote), 0)
	d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 100}) })
	want(t, "with a cap of the month", forecast().Reached, "2027-08-01")
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.Forecast(dream.ID, savings.NewLaunch{Kind: "Daily"})
		return err
	}), "amountCents can't be blank")
}
