package savings_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"parley"
	"parley/savings"
)

func TestADailySavehackBeginsTheNextDayAtMidnightInThePersonsZone(t *testing.T) {
	d, a, dream := saver(t, oneAccount(), 100_00)
	l := d.launch(dream.ID, "Daily", `{"amountCents":500}`)
	want(t, "deposits on the first day", len(d.transactions), 0)
	want(t, "due", l.Due, day("2026-11-26 00:00"))
	want(t, "deposits a moment before", d.until(day("2026-11-25 23:59")), 0)
	want(t, "deposits at midnight", d.until(day("2026-11-26 00:00")), 1)
	tx := d.transactions[0]
	want(t, "occasion", tx.Occasion, "2026-11-26")
	want(t, "banking day", tx.BankingDay, "2026-11-26")
	want(t, "account", tx.ToAccount, a.ID)
	want(t, "event", contains(d.events(), "DepositRequested"), true)
	want(t, "again at once", d.due(), 0)
	d.until(day("2026-11-28 12:00"))
	want(t, "occasions", d.occasions(l.ID), []string{"2026-11-26", "2026-11-27", "2026-11-28"})
	want(t, "a Saturday's banking day", d.transactions[2].BankingDay, "2026-11-30")
}

// Whatever the worker did, the same deposits come about.
func TestAWorkerThatWasAwayMakesUpForEveryDueDate(t *testing.T) {
	histories := map[string][]string{}
	for name, look := range map[string]time.Duration{"every hour": time.Hour, "every week": 7 * 24 * time.Hour, "once": 98 * 24 * time.Hour} {
		d, _, dream := saver(t, oneAccount(), 0)
		d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 10_000}) })
		d.launch(dream.ID, "Daily", `{"amountCents":300}`)
		d.launch(dream.ID, "Weekly", `{"amountCents":700,"dayOfWeek":4}`, func(n *savings.NewLaunch) { n.MonthlyCap = 1500 })
		for end := d.now.Add(98 * 24 * time.Hour); d.now.Before(end); {
			d.now = d.now.Add(look)
			for calls := 0; ; calls++ {
				n := d.due()
				if n > 2*31 {
					t.Fatalf("%d deposits at once", n)
				}
				if len(d.wrote) == 0 {
					break
				}
				if calls > 20 {
					t.Fatal("it does not end")
				}
			}
		}
		for _, tx := range d.transactions {
			histories[name] = append(histories[name], fmt.Sprint(tx.Occasion, " ", tx.Amount, " ", tx.BankingDay))
		}
	}
	if n := len(histories["once"]); n < 50 {
		t.Fatalf("only %d deposits", n)
	}
	for name, history := range histories {
		for i, made := range histories["every hour"] {
			if i >= len(history) || history[i] != made {
				t.Fatalf("%s: deposit %d is not %s", name, i, made)
			}
		}
		want(t, name, len(history), len(histories["every hour"]))
	}
}

func TestDaylightSavingNeitherLosesNorDoublesADay(t *testing.T) {
	for _, night := range []struct{ from, zone, first string }{
		{"2026-03-27 12:00", "Europe/Stockholm", "2026-03-28"}, // an hour is left out
		{"2026-10-23 12:00", "Europe/Stockholm", "2026-10-24"}, // an hour comes twice
		{"2026-09-04 12:00", "America/Santiago", "2026-09-05"}, // midnight is left out
		{"2026-10-30 12:00", "America/Havana", "2026-10-31"},   // midnight comes twice
		{"2011-12-28 12:00", "Pacific/Apia", "2011-12-28"},     // a day is left out
	} {
		d := atDesk(t, oneAccount())
		d.now = day(night.from)
		d.must(func(b *savings.Book) error {
			_, err := b.CreateUser(savings.NewUser{ExternalID: "anna", Zone: night.zone}, savings.ArrowSignedIn)
			return err
		})
		d.account()
		l := d.launch(d.dream(savings.NewDream{}).ID, "Daily", `{"amountCents":5}`)
		d.until(d.now.AddDate(0, 0, 5))
		seen := map[string]bool{}
		for _, o := range d.occasions(l.ID) {
			if seen[o] {
				t.Errorf("%s: %s twice", night.zone, o)
			}
			seen[o] = true
		}
		if !(len(seen) == 5 || night.zone == "Pacific/Apia" && len(seen) >= 5) {
			t.Errorf("%s: %v", night.zone, d.occasions(l.ID))
		}
	}
}

func TestWhoMovesToAnotherZoneHasEachDateOnce(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	one := d.launch(dream.ID, "OneTime", `{"amountCents":5}`)
	for i, z := range []string{"Pacific/Kiritimati", "Pacific/Honolulu", "Europe/Stockholm", "America/New_York", "Asia/Tokyo"} {
		d.must(func(b *savings.Book) error { return b.SignedIn("", "", "", z) })
		d.until(d.now.Add(time.Duration(20+i) * time.Hour))
	}
	want(t, "daily", d.occasions(l.ID), []string{"2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"})
	want(t, "once", d.occasions(one.ID), []string{"2026-11-25"})
}

func TestALaunchStopsExactlyAtItsGoal(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 1000)
	d.save(dream.ID, 100)
	l := d.launch(dream.ID, "Daily", `{"amountCents":400}`)
	d.until(day("2026-12-10 12:00"))
	var amounts []savings.Cents
	for _, tx := range d.transactions {
		if tx.Launch == l.ID {
			amounts = append(amounts, tx.Amount)
		}
	}
	want(t, "amounts", amounts, []savings.Cents{400, 400, 100})
	want(t, "state", d.launchOf(l.ID).State, savings.Stopped)
	want(t, "what is on its way counts", d.dreamOf(dream.ID).AchievedAt.IsZero(), true)
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.LaunchSavehack(savings.NewLaunch{Dream: dream.ID, Kind: "Daily", Params: json.RawMessage(`{"amountCents":1}`)})
		return err
	}), "dreamId is already reached")

	on := d.launch(dream.ID, "Daily", `{"amountCents":400}`, func(n *savings.NewLaunch) { n.StopAtGoal = ptr(false) })
	d.until(d.now.AddDate(0, 0, 2))
	want(t, "one that goes on", len(d.occasions(on.ID)), 2)
}

func TestADreamThatIsAchievedStopsWhatStopsAtTheGoal(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 1000)
	stops := d.launch(dream.ID, "Daily", `{"amountCents":1}`)
	goes := d.launch(dream.ID, "Daily", `{"amountCents":1}`, func(n *savings.NewLaunch) { n.StopAtGoal = ptr(false) })
	d.save(dream.ID, 1000)
	want(t, "states", []savings.LaunchState{d.launchOf(stops.ID).State, d.launchOf(goes.ID).State}, []savings.LaunchState{savings.Stopped, savings.Active})
}

func TestCapsOfTheMonthCutAndTheNextMonthBeginsAnew(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":400}`, func(n *savings.NewLaunch) { n.MonthlyCap = 1000 })
	other := d.launch(dream.ID, "Daily", `{"amountCents":300}`)
	d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 1500}) })
	d.until(day("2026-12-02 12:00"))
	got := map[string][]savings.Cents{}
	for _, tx := range d.transactions {
		got[tx.Launch] = append(got[tx.Launch], tx.Amount)
	}
	// 400+300, 400+300, and of the third day a hundred that the person's cap leaves; December begins anew.
	want(t, "with a cap", got[l.ID], []savings.Cents{400, 400, 100, 400, 400})
	want(t, "without", got[other.ID], []savings.Cents{300, 300, 300, 300})
}

func TestWhatFailsIsGivenBackToItsMonth(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":400}`, func(n *savings.NewLaunch) { n.MonthlyCap = 500 })
	d.until(day("2026-11-26 01:00"))
	d.fail(d.transactions[0].ID)
	want(t, "spent", d.launchOf(l.ID).Spent.Cents, 0)
	want(t, "spent by all", d.user.Spent.Cents, 0)
	d.until(day("2026-11-28 01:00"))
	want(t, "spent", d.launchOf(l.ID).Spent.Cents, 500)
	late := d.transactions[1].ID
	d.until(day("2026-12-01 01:00"))
	d.fail(late)
	want(t, "of another month", d.launchOf(l.ID).Spent, savings.Spent{Period: "2026-12", Cents: 400})
}

func TestTheCurrentAccountKeepsWhatItMust(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":400}`)
	d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MinimumBalance: 1000}) })
	d.until(day("2026-11-26 01:00"))
	want(t, "nobody knows what it holds", len(d.occasions(l.ID)), 1)
	balance := func(id string, c savings.Cents) {
		d.must(func(b *savings.Book) error {
			_, err := b.Feed(savings.FeedItem{ID: id, Kind: savings.Balance, Cents: c, At: d.now})
			return err
		})
	}
	balance("1", 2199) // 400 are on their way: one more would leave 1399, two 999
	d.until(day("2026-11-28 01:00"))
	want(t, "deposits", d.occasions(l.ID), []string{"2026-11-26", "2026-11-27"})
	d.settle(d.transactions[0].ID)
	d.settle(d.transactions[1].ID)
	d.until(day("2026-11-29 01:00"))
	want(t, "what was settled since is gone too", len(d.occasions(l.ID)), 2)
	balance("2", 1400)
	d.until(day("2026-11-30 01:00"))
	want(t, "exactly enough", d.occasions(l.ID), []string{"2026-11-26", "2026-11-27", "2026-11-30"})
}

func TestAPausedTimeMakesNoDeposits(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	d.until(day("2026-11-26 12:00"))
	d.now = day("2026-11-27 09:00") // the worker has not come by yet
	got := d.patch(l.ID, savings.LaunchPatch{PausedAt: &d.now})
	want(t, "state", got.State, savings.Paused)
	want(t, "what was due before it was paused", d.occasions(l.ID), []string{"2026-11-26", "2026-11-27"})
	d.until(day("2026-11-30 15:00"))
	got = d.patch(l.ID, savings.LaunchPatch{PausedAt: &time.Time{}})
	want(t, "resumed", got.State, savings.Active)
	d.until(day("2026-12-01 12:00"))
	want(t, "occasions", d.occasions(l.ID), []string{"2026-11-26", "2026-11-27", "2026-12-01"})
}

func TestALaunchThatIsPausedUntilAnHourResumesByItself(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	until := day("2026-12-01 00:00")
	got := d.patch(l.ID, savings.LaunchPatch{PausedUntil: &until})
	want(t, "due", got.Due, until)
	d.now = day("2026-12-02 09:00") // the worker comes late
	want(t, "deposits", d.due(), 2)
	want(t, "state", d.launchOf(l.ID).State, savings.Active)
	want(t, "occasions", d.occasions(l.ID), []string{"2026-12-01", "2026-12-02"})
	want(t, "event", contains(d.events(), "SavehackLaunchUpdated"), true)
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

func TestPurchasesAndIncomeMoveWhatLivesOnThemOnce(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	roundup := d.launch(dream.ID, "Roundup", `{"roundToCents":1000}`)
	percentage := d.launch(dream.ID, "Percentage", `{"percentage":10}`)
	feed := func(f savings.FeedItem) (heard bool) {
		b := d.book()
		b.Heard = d.heard[f.ID]
		heard, err := b.Feed(f)
		if err != nil {
			t.Fatal(err)
		}
		d.put(b)
		return heard
	}
	want(t, "new", feed(savings.FeedItem{ID: "1", Kind: savings.Purchase, Cents: 9250}), false)
	want(t, "known", feed(savings.FeedItem{ID: "1", Kind: savings.Purchase, Cents: 9250}), true)
	feed(savings.FeedItem{ID: "2", Kind: savings.Income, Cents: 20000})
	feed(savings.FeedItem{ID: "3", Kind: savings.Purchase, Cents: 9250, At: d.now.AddDate(0, 0, -1)}) // before it was launched
	want(t, "round-ups", d.occasions(roundup.ID), []string{"feed/1"})
	want(t, "percentages", d.occasions(percentage.ID), []string{"feed/2"})
	want(t, "amounts", []savings.Cents{d.transactions[0].Amount, d.transactions[1].Amount}, []savings.Cents{750, 2000})
	d.fail(d.transactions[1].ID)
	want(t, "given back", d.user.Spent.Cents, 750)
	wantFaults(t, d.try(func(b *savings.Book) error { _, err := b.Feed(savings.FeedItem{Kind: "gift", Cents: 1}); return err }),
		"id can't be blank", "type is not included in the list")
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.Feed(savings.FeedItem{ID: "9", Kind: savings.Income})
		return err
	}),
		"amountCents must be greater than 0")
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
	b.Followed[copycat.ID] = made
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

func TestAPausedCopycatIsNotKeptAwake(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	copycat := d.launch(dream.ID, "Copycat", `{"launchId":"somebody-elses"}`)
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
