package savings_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"parley"
	"parley/savings"
)

func withConsents() *savings.Partner {
	p := oneAccount()
	p.Consents = true
	return p
}

// drafter has launched a savehack that waits for a consent.
func drafter(t testing.TB, kind, params string) (*desk, savings.Launch, savings.Consent) {
	d := newDesk(t, withConsents())
	l := d.launch(d.dream(savings.NewDream{Target: 1000_00}).ID, kind, params)
	return d, l, d.consents[0]
}

func renew(d *desk, id string) string {
	d.t.Helper()
	return get(d, func(b *savings.Book) (string, error) { return b.RenewConsent(id) }, id)
}

func read(d *desk, id string) error {
	return d.try(func(b *savings.Book) error { _, err := b.ReadConsent(id); return err }, id)
}

func decide(d *desk, id string, consented, rejected time.Time) error {
	return d.try(func(b *savings.Book) error { _, err := b.DecideConsent(id, consented, rejected); return err }, id)
}

func TestWithConsentsALaunchIsADraftUntilTheBankSaysSo(t *testing.T) {
	d, l, c := drafter(t, "OneTime", `{"amountCents":2500}`)
	want(t, "the user's journey", d.user.Journey, "")
	want(t, "state", l.State, savings.Draft)
	begun, _ := d.told(savings.ArrowLaunched)
	want(t, "begins", begun.Begins, savings.TransferConsent)
	want(t, "run", begun.Run, c.Journey)
	want(t, "it is not launched yet", contains(d.events(), "SavehackLaunched"), false)
	want(t, "provisioning is not asked for", second(ask(d, "s1")), false)
	want(t, "bound", fmt.Sprint(c.MaxFrequency, " ", c.MaxAmount), "once 2500")

	d.now = d.now.Add(time.Hour)
	temporary := renew(d, c.ID)
	want(t, "what is kept", d.consents[0].TemporaryHash, savings.HashTemporary(temporary))
	if err := read(d, c.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "read", second(d.told(savings.ArrowConsentRead)), true)
	wantKind(t, read(d, c.ID), parley.KindNotFound)
	d.now = d.now.Add(-time.Minute) // whatever the clock does
	wantKind(t, read(d, c.ID), parley.KindNotFound)
	want(t, "the id is still known", d.consents[0].TemporaryHash, savings.HashTemporary(temporary))

	d.must(func(b *savings.Book) error { return b.ConsentReturned(c.RequestID, false) })
	want(t, "what the app returns changes nothing", d.launchOf(l.ID).State, savings.Draft)
	for range 2 {
		if err := decide(d, c.ID, d.now, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "state", d.launchOf(l.ID).State, savings.Active)
	want(t, "deposits", d.occasions(l.ID), []string{"2026-11-25"})
	want(t, "the deposit's consent", d.transactions[0].Consent, c.ID)
	wantFaults(t, decide(d, c.ID, time.Time{}, d.now), "rejected_at consented_at and rejected_at are mutually exclusive")
	d.must(func(b *savings.Book) error { return b.ConsentReturned(c.RequestID, false) })
	said, _ := d.told(savings.ArrowConsentReturned)
	want(t, "after the decision", said.Facts, savings.Facts{})
}

func TestAConsentThatIsRejectedEndsItsLaunch(t *testing.T) {
	d, l, c := drafter(t, "Daily", `{"amountCents":5}`)
	if err := decide(d, c.ID, time.Time{}, d.now); err != nil { // without having read it
		t.Fatal(err)
	}
	said, _ := d.told(savings.ArrowConsentDecided)
	want(t, "facts", said.Facts, savings.Facts{Refused: true})
	want(t, "state", d.launchOf(l.ID).State, savings.Stopped)
	d.until(d.now.AddDate(0, 0, 3))
	want(t, "deposits", len(d.transactions), 0)
	wantFaults(t, decide(d, c.ID, d.now, time.Time{}), "consented_at consented_at and rejected_at are mutually exclusive")
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.RenewConsent(c.ID); return err }, c.ID), parley.KindConflict)
}

func TestADecisionHasExactlyOneTime(t *testing.T) {
	d, _, c := drafter(t, "Daily", `{"amountCents":5}`)
	wantFaults(t, decide(d, c.ID, time.Time{}, time.Time{}), "consented_at can't be blank")
	wantFaults(t, decide(d, c.ID, d.now, d.now), "consented_at consented_at and rejected_at are mutually exclusive",
		"rejected_at consented_at and rejected_at are mutually exclusive")
	wantFaults(t, decide(d, c.ID, d.now, time.Time{}), "consented_at can't be set before the consent was read")
	wantKind(t, decide(d, "none", d.now, time.Time{}), parley.KindNotFound)
	wantFaults(t, d.try(func(b *savings.Book) error { return b.ConsentReturned("none", true) }), "requestId doesn't exist")
}

func TestATemporaryIdIsGoodForAWhileAndUntilTheNext(t *testing.T) {
	d, _, c := drafter(t, "Daily", `{"amountCents":5}`)
	wantKind(t, read(d, c.ID), parley.KindNotFound) // nobody has been told one
	first := renew(d, c.ID)
	d.now = d.now.Add(10*time.Minute + time.Second)
	wantKind(t, read(d, c.ID), parley.KindNotFound)
	again := renew(d, c.ID)
	want(t, "asked again", second(d.told(savings.ArrowAskedAgain)), true)
	want(t, "another id", first == again, false)
	if err := read(d, c.ID); err != nil {
		t.Error(err)
	}
	renew(d, c.ID) // the app died: the bank has read it, and is asked again
	if err := decide(d, c.ID, d.now, time.Time{}); err != nil {
		t.Errorf("the bank has read it once, and may decide: %v", err)
	}
}

func TestADraftThatWasStoppedIsAskedForNoMore(t *testing.T) {
	d, l, c := drafter(t, "Daily", `{"amountCents":5}`)
	renew(d, c.ID)
	if err := read(d, c.ID); err != nil {
		t.Fatal(err)
	}
	renew(d, c.ID)
	d.patch(l.ID, savings.LaunchPatch{StoppedAt: &d.now})
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.ReadConsent(c.ID); return err }, c.ID, l.ID), parley.KindNotFound)
	if err := d.try(func(b *savings.Book) error { _, err := b.DecideConsent(c.ID, d.now, time.Time{}); return err }, c.ID, l.ID); err != nil {
		t.Error(err)
	}
	want(t, "consented to nevertheless", d.launchOf(l.ID).State, savings.Stopped)
	wantFaults(t, newDraft(t).try(func(b *savings.Book) error {
		_, err := b.PatchLaunch(b.Launches[0].ID, savings.LaunchPatch{PausedAt: &d.now})
		return err
	}), "pausedAt can't be set before the transfer consent")
}

func newDraft(t testing.TB) *desk { d, _, _ := drafter(t, "Daily", `{"amountCents":5}`); return d }

func TestAConsentIsAskedForWhatTheKindTakes(t *testing.T) {
	for _, k := range []struct{ kind, params, frequency, amount string }{
		{"OneTime", `{"amountCents":2500}`, "once", "2500"},
		{"Daily", `{"amountCents":500}`, "day", "500"},
		{"Weekly", `{"amountCents":700,"dayOfWeek":3}`, "week", "700"},
		{"Monthly", `{"amountCents":900,"dayOfMonth":31}`, "month", "900"},
		{"Autopilot", `{}`, "week", "1924"},
		{"Roundup", `{"roundToCents":1000}`, "month", "100000"},
	} {
		_, _, c := drafter(t, k.kind, k.params)
		want(t, k.kind, fmt.Sprint(c.MaxFrequency, " ", c.MaxAmount), k.frequency+" "+k.amount)
	}
}

func TestNothingIsTakenBeyondTheConsent(t *testing.T) {
	d, l, c := drafter(t, "Roundup", `{"roundToCents":100000}`)
	renew(d, c.ID)
	_ = read(d, c.ID)
	if err := decide(d, c.ID, d.now, time.Time{}); err != nil {
		t.Fatal(err)
	}
	d.consents[0].MaxAmount = 1500_00
	for _, id := range []string{"1", "2", "3"} {
		d.must(func(b *savings.Book) error {
			_, err := b.Feed(savings.FeedItem{ID: id, Kind: savings.Purchase, Cents: 100_00})
			return err
		})
		d.dreams[0].Target = 0 // however much the dream could hold
	}
	var sum savings.Cents
	for _, tx := range d.transactions {
		sum += tx.Amount
	}
	want(t, "taken in the month", sum, 1500_00)
	d.fail(d.transactions[0].ID)
	want(t, "given back", d.launchOf(l.ID).Consented.Cents, 1500_00-d.transactions[0].Amount)
}

func TestALaunchDoesNotOutgrowItsConsent(t *testing.T) {
	d, l, c := drafter(t, "Daily", `{"amountCents":500}`)
	renew(d, c.ID)
	_ = read(d, c.ID)
	_ = decide(d, c.ID, d.now, time.Time{})
	change := func(params string) error {
		return d.try(func(b *savings.Book) error {
			_, err := b.PatchLaunch(l.ID, savings.LaunchPatch{Params: json.RawMessage(params)})
			return err
		}, l.ID)
	}
	if err := change(`{"amountCents":400}`); err != nil {
		t.Error(err)
	}
	wantFaults(t, change(`{"amountCents":501}`), "transferConsentId does not cover this: launch one that replaces it")
	d.launch(l.Dream, "Daily", `{"amountCents":501}`, func(n *savings.NewLaunch) { n.Replaces = l.ID })
	want(t, "obsolete", d.consents[1].Obsolete, l.ID)
	want(t, "it goes on meanwhile", d.launchOf(l.ID).State, savings.Active)
	renew(d, d.consents[1].ID)
	_ = read(d, d.consents[1].ID)
	if err := decide(d, d.consents[1].ID, d.now, time.Time{}); err != nil {
		t.Fatal(err)
	}
	want(t, "replaced", d.launchOf(l.ID).State, savings.Stopped)
}
