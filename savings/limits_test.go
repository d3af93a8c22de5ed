package savings_test

import (
	"encoding/json"
	"testing"

	"parley/savings"
)

func TestWhatComesLateIsNotTakenBesideTheCapOfTheMonth(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 500}) })
	d.launch(dream.ID, "Daily", `{"amountCents":400}`)
	d.now = day("2026-12-01 09:00") // the worker has not come by since
	d.launch(dream.ID, "OneTime", `{"amountCents":450}`)
	for d.due() > 0 {
	}
	var sum savings.Cents
	for _, tx := range d.transactions {
		sum += tx.Amount
	}
	want(t, "taken", sum, 500)
}

func TestAPurchaseComesAfterWhatWasDueBefore(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":400}`)
	d.launch(dream.ID, "Roundup", `{"roundToCents":1000}`)
	d.now = day("2026-12-01 09:00")
	d.must(func(b *savings.Book) error {
		_, err := b.Feed(savings.FeedItem{ID: "1", Kind: savings.Purchase, Cents: 1})
		return err
	})
	want(t, "due", len(d.occasions(l.ID)), 6)
	want(t, "spent in December", d.user.Spent, savings.Spent{Period: "2026-12", Cents: 1399})
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
