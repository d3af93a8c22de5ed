package savings_test

import (
	"fmt"
	"testing"
	"time"

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

func TestALaunchBeganOnTheDateOnWhichItBeganWhereverThePersonGoes(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	d.must(func(b *savings.Book) error { return b.SignedIn("", "", "", "Pacific/Kiritimati") }) // where it is the 26th
	d.until(d.now.Add(time.Hour))
	want(t, "the day after it began", d.occasions(l.ID), []string{"2026-11-26"})
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

func TestALaunchThatNobodyKnowsAnyMoreKeepsNobodyFromTheOthers(t *testing.T) {
	d, _, dream := saver(t, oneAccount(), 0)
	strange := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	l := d.launch(dream.ID, "Daily", `{"amountCents":5}`)
	for i := range d.launches {
		if d.launches[i].ID == strange.ID {
			d.launches[i].Kind = "SaveLeague"
		}
	}
	d.until(day("2026-11-26 01:00"))
	want(t, "the other", d.occasions(l.ID), []string{"2026-11-26"})
	want(t, "looked at again", d.launchOf(strange.ID).Due.After(d.now), true)
}
