package savings_test

import (
	"testing"
	"time"

	"parley/savings"
)

func TestTheFirstSignInBeginsTheJourneyAndASecondIsToldToIt(t *testing.T) {
	d := newDesk(t, oneAccount())
	begun, ok := d.told(savings.ArrowSignedIn)
	if !ok || begun.Begins != savings.AccountProvisioning || begun.Run != d.user.Journey {
		t.Fatalf("begun %+v", begun)
	}
	want(t, "events", d.events(), []string{"UserCreated"})
	d.must(func(b *savings.Book) error { return b.SignedIn("Anna", "Lind", "sv_SE", "Europe/Helsinki") })
	said, _ := d.told(savings.ArrowSignedIn)
	want(t, "told", said.Run, d.user.Journey)
	want(t, "begins", said.Begins, "")
	want(t, "locale", d.user.Locale, "sv-SE")
	want(t, "zone", d.user.Zone, "Europe/Helsinki")
}

func TestAUserWhoIsThereIsNotMadeAgain(t *testing.T) {
	d := newDesk(t, oneAccount())
	was := d.user
	created := get(d, func(b *savings.Book) (bool, error) {
		return b.CreateUser(savings.NewUser{ExternalID: "anna", GivenName: "Other"}, savings.ArrowUserPosted)
	})
	want(t, "created", created, false)
	want(t, "user", d.user, was)
}

// The account may come before, during or after the person's way through the web app: it ends the same.
func TestTheAccountMayComeBeforeDuringOrAfterTheJourney(t *testing.T) {
	type end struct {
		linked  int
		state   savings.LaunchState
		pending savings.Cents
		to      bool
	}
	ends := map[string]end{}
	for name, at := range map[string]int{"before": 0, "after the dream": 1, "while it waits": 2, "after it was initiated": 3} {
		d := newDesk(t, oneAccount())
		account := func(step int) {
			if step == at {
				d.account()
			}
		}
		account(0)
		dream := d.dream(savings.NewDream{Name: "Bike", Target: 100_00})
		account(1)
		l := d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
		account(2)
		request, ask, err := "", false, error(nil)
		d.must(func(b *savings.Book) error { request, ask, err = b.AskProvisioning("s1"); return err })
		want(t, name+": asks", ask, at > 2)
		if ask {
			d.must(func(b *savings.Book) error { return b.ProvisioningInitiated(request) })
		}
		account(3)
		d.dream(savings.NewDream{Name: "Boat", Target: 1000_00})
		e := end{state: d.launchOf(l.ID).State, pending: d.dreamOf(dream.ID).Pending, to: d.transactions[0].ToAccount == d.accounts[0].ID}
		for _, dr := range d.dreams {
			if dr.Account == d.accounts[0].ID {
				e.linked++
			}
		}
		ends[name] = e
	}
	for name, e := range ends {
		want(t, name, e, end{linked: 2, state: savings.Active, pending: 2500, to: true})
	}
}

func TestALaunchWaitsUntilProvisioningIsInitiatedAndThenStartsOnce(t *testing.T) {
	d := newDesk(t, oneAccount())
	dream := d.dream(savings.NewDream{Target: 100_00})
	l := d.launch(dream.ID, "OneTime", `{"amountCents":2500}`)
	want(t, "state", l.State, savings.Waiting)
	if l.PausedAt.IsZero() {
		t.Error("a launch that waits is not paused")
	}
	said, _ := d.told(savings.ArrowLaunched)
	want(t, "facts", said.Facts, savings.Facts{Waiting: true})
	want(t, "deposits while it waits", d.due(), 0)
	request, _ := ask(d, "s1")
	for range 3 {
		d.must(func(b *savings.Book) error { return b.ProvisioningInitiated(request) })
	}
	want(t, "writes of a repetition", len(d.wrote), 0)
	want(t, "deposits", d.occasions(l.ID), []string{"2026-11-25"})
	want(t, "pending", d.dreamOf(dream.ID).Pending, 2500)
	d.account()
	want(t, "deposits after the account", len(d.transactions), 1)
	want(t, "initiated, asked", second(ask(d, "s2")), false)
}

func ask(d *desk, session string) (request string, ask bool) {
	d.t.Helper()
	d.must(func(b *savings.Book) (err error) { request, ask, err = b.AskProvisioning(session); return err })
	return request, ask
}

func second[A, B any](_ A, b B) B { return b }

func TestAnAppThatDiedIsAskedAgainUnderTheSameId(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.launch(d.dream(savings.NewDream{Target: 100_00}).ID, "OneTime", `{"amountCents":2500}`)
	request, asked := ask(d, "s1")
	want(t, "first asked", asked, true)
	d.now = d.now.Add(3 * time.Minute)
	again, asked := ask(d, "s2")
	want(t, "asked again", asked, true)
	want(t, "the id", again, request)
	if _, ok := d.told(savings.ArrowAskedAgain); !ok {
		t.Error("it is not drawn that the app was asked again")
	}
	d.now = d.now.Add(time.Hour)
	d.must(func(b *savings.Book) error { return b.ProvisioningInitiated(request) }) // however late
	want(t, "initiated", d.user.InitiatedAt.IsZero(), false)
	wantFaults(t, d.try(func(b *savings.Book) error { return b.ProvisioningInitiated("another") }), "requestId doesn't exist")
}

func TestOfTwoSessionsOnlyOneIsToldToAsk(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.launch(d.dream(savings.NewDream{Target: 100_00}).ID, "OneTime", `{"amountCents":2500}`)
	_, first := ask(d, "s1")
	_, other := ask(d, "s2")
	_, same := ask(d, "s1")
	want(t, "first, other, same", []bool{first, other, same}, []bool{true, false, true})
	want(t, "writes of who asks again at once", len(d.wrote), 0)
	d.now = d.now.Add(2 * time.Minute)
	_, other = ask(d, "s2")
	want(t, "the other after two minutes", other, true)
}
