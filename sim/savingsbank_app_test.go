package sim

import (
	"slices"
	"testing"
	"time"
)

func TestTheAppAnswersAsItsMannerSays(t *testing.T) {
	for _, device := range BankDevices {
		for manner, want := range map[string]int{"answer": 1, "twice": 2, "reject": 0, "late": 0, "die": 0} {
			b, s, _ := bankServe(t, BankOptions{Opening: "at-once"})
			a := must(b.App("test", "anna"))
			a.Device, a.Manner = device, manner
			if _, err := a.Launch(t.Context(), time.Minute, "/dreams/1"); err != nil {
				t.Fatal(err)
			}
			dream, err := a.CreateDream(t.Context(), "A boat", 100_00)
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.LaunchSavehack(t.Context(), dream.ID, "OneTime", map[string]any{"amountCents": 100})
			if Killed(err) != (manner == "die") || err != nil && !Killed(err) {
				t.Fatalf("%s: %v", manner, err)
			}
			if len(s.answered) != want || len(s.accounts) != map[bool]int{false: 1, true: 0}[manner == "reject" || manner == "die"] {
				t.Errorf("%s, %s: it said %v, and there are %d accounts", device, manner, s.answered, len(s.accounts))
			}
			switch manner {
			case "late":
				if err := a.SayNow(t.Context()); err != nil || len(s.answered) != 1 {
					t.Error(err, s.answered)
				}
			case "die": // it is opened again, and asked again
				a.Manner = "answer"
				if me, err := a.Me(t.Context()); err != nil || len(me.Ask) != 1 {
					t.Error(me, err)
				}
				if err := a.Forget(); err != nil {
					t.Fatal(err)
				}
				if _, err := a.Me(t.Context()); err == nil {
					t.Error("the cookie has outlived the telephone")
				}
				if _, err := a.Launch(t.Context(), time.Minute, ""); err != nil {
					t.Fatal(err)
				}
				if n, err := a.AskAgain(t.Context()); n != 1 || err != nil || len(s.answered) != 1 {
					t.Error(n, err, s.answered)
				}
			}
			bankNoComplaints(t, b)
		}
	}
}

func TestAConsentIsReadOnceAndDecided(t *testing.T) {
	for _, manner := range []string{"answer", "reject"} {
		for _, fault := range []Fault{Behave, Drop, Twice, Lose} {
			b, s, _ := bankServe(t, BankOptions{Opening: "at-once"}, func(p *BankProgramme) { p.Consents = true })
			anna := must(b.Customer("test", "anna"))
			s.user(anna.Subject)
			s.consent = map[string]any{"id": "c-1", "maxFrequency": "day", "maxAmountCents": 500, "savehackLaunchId": "l-1", "user": map[string]any{"externalId": anna.Subject}}
			a := must(b.App("test", "anna"))
			a.Manner = manner
			if _, err := a.Launch(t.Context(), time.Minute, ""); err != nil {
				t.Fatal(err)
			}
			b.Faults.Set("consent", fault, 1)
			err := a.Answer(t.Context(), []BankAsk{{"onTransferConsentRequested", map[string]any{"requestId": "r", "consentId": "temporary"}}})
			if fault == Lose {
				if err == nil || s.consent["consentedAt"] != nil {
					t.Error("what was lost was read")
				}
				continue
			}
			word := map[string]string{"answer": "onTransferConsentSucceeded", "reject": "onTransferConsentCancelled"}[manner]
			decided := map[string]string{"answer": "consentedAt", "reject": "rejectedAt"}[manner]
			if err != nil || !slices.Equal(s.answered, []string{word}) || s.consent[decided] == nil || len(s.accounts) != map[string]int{"answer": 1}[manner] {
				t.Errorf("%s, %s: %v, %v, %v", manner, fault, err, s.answered, s.consent)
			}
			bankNoComplaints(t, b)
		}
	}
}

func TestTheAppRenewsTheTokenAndSignsOut(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{})
	for _, device := range BankDevices {
		a := must(b.App("test", "anna"))
		a.Device = device
		if _, err := a.Launch(t.Context(), time.Second, ""); err != nil {
			t.Fatal(err)
		}
		if err := a.Answer(t.Context(), []BankAsk{{"onIdTokenDidExpire", map[string]any{"requestId": "r"}}, {Event: "onTelemetryEvent"}}); err != nil {
			t.Fatal(err)
		}
		if err := a.KeepAlive(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.SignOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Me(t.Context()); err == nil {
			t.Error("who has signed out is let in")
		}
	}
	want := []string{"updateToken", "sessionKeepAlive", "updateIdToken", "sessionKeepAlive", "updateIdToken", "sessionKeepAlive"}
	if !slices.Equal(s.answered, want) {
		t.Error(s.answered)
	}
	if status, _, err := must(b.App("test", "anna")).LaunchWith(t.Context(), must(b.IDToken("test", "anna", 0, "no-sub")), ""); status != 422 || err != nil {
		t.Error(status, err)
	}
	bankNoComplaints(t, b)
	a := must(b.App("test", "anna"))
	if err := a.Answer(t.Context(), []BankAsk{{Event: "onMoonRise"}}); err != nil {
		t.Fatal(err)
	}
	bankComplains(t, b, "onMoonRise")
}

func TestTheAppComplainsWhenItIsAskedAgainForWhatIsOnItsWay(t *testing.T) {
	b, s, _ := bankServe(t, BankOptions{Opening: "never"})
	a := must(b.App("test", "anna"))
	if _, err := a.Launch(t.Context(), time.Minute, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := a.AskAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	bankNoComplaints(t, b)
	s.nags = true
	if _, err := a.AskAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	bankComplains(t, b, "asked for again after it was said")
}

func TestTheBankMovesNothingThatNobodyConsentedTo(t *testing.T) {
	for name, c := range map[string]struct {
		consent string
		cents   int
	}{"nobody consented to it": {"c-2", 100}, "the consent is for 500 at most": {"c-1", 501}, "": {"c-1", 500}} {
		b, s, _ := bankServe(t, BankOptions{}, func(p *BankProgramme) { p.Consents = true })
		anna := must(b.Customer("test", "anna"))
		if err := b.OpenFirst(t.Context(), "test", "anna"); err != nil {
			t.Fatal(err)
		}
		s.consent = map[string]any{"id": "c-1", "maxFrequency": "day", "maxAmountCents": 500, "savehackLaunchId": "l-1", "user": map[string]any{"externalId": anna.Subject}}
		consent := must(b.ReadConsent(t.Context(), "test", "anna", "temporary"))
		if err := b.DecideConsent(t.Context(), "test", "anna", consent, true); err != nil {
			t.Fatal(err)
		}
		s.request("t-1", "Deposit", anna.Subject, c.cents, map[string]any{"toAccount": map[string]any{"id": s.accounts[0]["id"]}, "transferConsentId": c.consent})
		if err := b.Act(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		if name == "" {
			bankNoComplaints(t, b)
		} else {
			bankComplains(t, b, name)
		}
		if moved := must(b.Customer("test", "anna")).Accounts[0].Balance; (moved != 0) != (name == "") {
			t.Errorf("%q: %d moved", name, moved)
		}
	}
}
