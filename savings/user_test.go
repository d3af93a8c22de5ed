package savings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley"
	"parley/savings"
)

func TestWhatIsWrongWithAUserIsAllSaid(t *testing.T) {
	d := atDesk(t, oneAccount())
	err := d.try(func(b *savings.Book) error {
		_, err := b.CreateUser(savings.NewUser{Locale: "sv SE", Zone: "Local", GivenName: parley.Private(strings.Repeat("a", 256))}, savings.ArrowUserPosted)
		return err
	})
	wantFaults(t, err, "externalId can't be blank", "givenName is too long (maximum is 255 characters)", "locale is invalid", "timezone is invalid")
}

func TestAPostedUserBeginsTheJourneyAccountFirst(t *testing.T) {
	for setup, journey := range map[savings.Setup]string{savings.SharedAccount: savings.AccountFirst, savings.AccountPerDream: ""} {
		p := oneAccount()
		p.Setup = setup
		d := atDesk(t, p)
		d.must(func(b *savings.Book) error {
			_, err := b.CreateUser(savings.NewUser{ExternalID: "anna"}, savings.ArrowUserPosted)
			return err
		})
		said, _ := d.told(savings.ArrowUserPosted)
		want(t, string(setup), said.Begins, journey)
	}
}

func TestATelephoneThatSaysNonsenseKeepsNobodyOut(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.must(func(b *savings.Book) error { return b.SignedIn("", "", "??", "Nowhere/Atoll") })
	want(t, "name, locale and zone", fmt.Sprint(d.user.GivenName.Reveal(), d.user.Locale, d.user.Zone), "Anna")
}

func TestLimitsAreNotNegative(t *testing.T) {
	d := newDesk(t, oneAccount())
	wantFaults(t, d.try(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: -1, MinimumBalance: -1}) }),
		"monthlyCapCents can't be negative", "minimumBalanceCents can't be negative")
}

func TestAPageThatWasSeenIsAnEvent(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.must(func(b *savings.Book) error { b.Viewed("/dreams"); return nil })
	want(t, "event", d.emitted[0].Path, "/dreams")
}

func TestErasingAPersonLeavesTheMoneyAndNothingOfThem(t *testing.T) {
	p := oneAccount()
	p.CancelFor = 5 * 60e9
	d := newDesk(t, p)
	a := d.account()
	dream := d.dream(savings.NewDream{Name: "Secret", Target: 100_00})
	given := d.launch(dream.ID, "OneTime", `{"amountCents":1000}`)
	d.reconcile(savings.NewTransaction{Type: savings.Deposit, ExternalID: "x", Amount: 700, ToAccount: a.ID, ToDream: dream.ID})
	d.now = d.now.Add(p.CancelFor)
	mine := d.launch(dream.ID, "OneTime", `{"amountCents":500}`)
	d.must(func(b *savings.Book) error { return b.SetLimits(savings.Limits{MonthlyCap: 5}) })
	d.must(func(b *savings.Book) error {
		_, err := b.Feed(savings.FeedItem{ID: "1", Kind: savings.Balance, Cents: 5000})
		return err
	})
	d.must((*savings.Book).DestroyUser)

	want(t, "external id", d.user.ExternalID, "erased-"+d.user.ID)
	want(t, "what is kept elsewhere goes too", slices.Contains(d.wrote, savings.Write(savings.EraseUser{User: d.user.ID})), true)
	want(t, "what is left", fmt.Sprint(d.user.GivenName.Reveal(), d.user.FamilyName.Reveal(), d.user.Locale, d.user.Zone, d.user.Balance, d.user.Limits, d.dreamOf(dream.ID).Name),
		fmt.Sprint("", "", "", "", (*savings.Cents)(nil), savings.Limits{}, ""))
	want(t, "launches", []savings.LaunchState{d.launchOf(given.ID).State, d.launchOf(mine.ID).State}, []savings.LaunchState{savings.Stopped, savings.Stopped})
	want(t, "the bank is told", contains(d.events(), "UserDestroyed"), true)
	want(t, "account", d.accounts[0].Balance, 700)
	want(t, "residual", d.residual(a.ID), 700)
	for _, tx := range d.transactions {
		switch tx.Launch {
		case given.ID:
			want(t, "what the bank has been given", tx.State, savings.Requested)
			d.settle(tx.ID)
		case mine.ID:
			want(t, "what it has not", tx.Reason, savings.Cancelled)
		}
	}
	want(t, "account after the bank has settled", d.accounts[0].Balance, 1700)
	want(t, "residual", d.residual(a.ID), 1700)

	erased := 0
	d.must((*savings.Book).DestroyUser)
	want(t, "writes of a repetition", len(d.wrote), 0)
	for name, do := range map[string]func(b *savings.Book) error{
		"dream": func(b *savings.Book) error { _, err := b.CreateDream(savings.NewDream{}); return err },
		"account": func(b *savings.Book) error {
			_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings})
			return err
		},
		"sign in": func(b *savings.Book) error { return b.SignedIn("Anna", "", "", "") },
		"patch":   func(b *savings.Book) error { return b.UpdateUser(savings.UserPatch{Locale: ptr("sv")}) },
		"feed": func(b *savings.Book) error {
			_, err := b.Feed(savings.FeedItem{ID: "2", Kind: savings.Income, Cents: 1})
			return err
		},
	} {
		if err := d.try(do); parley.KindOf(err) != parley.KindNotFound {
			t.Errorf("%s of somebody who was erased: %v", name, err)
		} else {
			erased++
		}
	}
	want(t, "refused", erased, 5)
}

func TestAMessageIsUnreadUntilItIsSeenAndProcessedOnce(t *testing.T) {
	d := newDesk(t, oneAccount())
	nudge := func(m savings.Message) savings.Message {
		m.Title, m.Body = map[string]string{"sv": "Hej"}, map[string]string{"sv": "Spara"}
		return get(d, func(b *savings.Book) (savings.Message, error) { return b.Nudge(m) })
	}
	m, out := nudge(savings.Message{Category: "ONBOARDING_ONE", CTA: "/dreams"}), nudge(savings.Message{External: true})
	want(t, "unread", d.user.Unread, 1)
	for range 2 {
		d.must(func(b *savings.Book) error { _, err := b.SeeMessage(m.ID); return err }, m.ID)
		d.must(func(b *savings.Book) error { _, err := b.SeeMessage(out.ID); return err }, out.ID)
		want(t, "unread when seen", d.user.Unread, 0)
	}
	first := nudge(savings.Message{})
	nudge(savings.Message{})
	for range 2 {
		d.must(func(b *savings.Book) error { _, err := b.SeeMessage(first.ID); return err }, first.ID)
	}
	want(t, "unread of two", d.user.Unread, 1)
	at := d.now
	d.must(func(b *savings.Book) error { _, err := b.ProcessMessage(out.ID, at); return err }, out.ID)
	d.now = d.now.Add(60e9)
	again := get(d, func(b *savings.Book) (savings.Message, error) { return b.ProcessMessage(out.ID, d.now) }, out.ID)
	want(t, "processed", again.ProcessedAt, at)
	wantFaults(t, d.try(func(b *savings.Book) error {
		_, err := b.Nudge(savings.Message{Category: "SPAM", CTA: "https://elsewhere", Title: map[string]string{"sv": "x"}})
		return err
	}), "category is not included in the list", "translatedBody can't be blank", "cta is invalid")
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.SeeMessage("none"); return err }), parley.KindNotFound)
}
