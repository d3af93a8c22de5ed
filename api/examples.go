package api

import (
	"time"

	"parley/savehack"
	"parley/savings"
)

// examples are what the document shows: one person, their dream, and what came of it.
type examples struct {
	user                       User
	account, performance       Account
	dream                      Dream
	savehack                   Savehack
	launch                     Launch
	deposit, settled, interest Transaction
	consent, consented         Consent
	message, processed         Message
	noon                       time.Time
}

// at is so many days after it began.
func (e *examples) at(days int) Time { return Time{e.noon.AddDate(0, 0, days)} }

func newExamples() *examples {
	e := &examples{noon: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	const (
		user, account, performance, dream, launch = "0197b8a0-7c3e-7d1a-8f00-0000000000a1", "0197b8a0-7c3e-7d1a-8f00-0000000000b1", "0197b8a0-7c3e-7d1a-8f00-0000000000b2", "0197b8a0-7c3e-7d1a-8f00-0000000000c1", "0197b8a0-7c3e-7d1a-8f00-0000000000d1"
		deposit, interest, consent, message       = "0197b8a0-7c3e-7d1a-8f00-0000000000e1", "0197b8a0-7c3e-7d1a-8f00-0000000000e2", "0197b8a0-7c3e-7d1a-8f00-0000000000f1", "0197b8a0-7c3e-7d1a-8f00-000000000101"
	)
	u := savings.User{ID: user, ExternalID: "customer-4711", GivenName: "Anna", FamilyName: "Andersson", Locale: "sv-SE", Zone: "Europe/Stockholm", Created: e.noon}
	owner := savings.Ref{ID: u.ID, Type: "User", ExternalID: u.ExternalID}
	a := savings.Account{ID: account, User: user, Type: savings.SharedSavings, ExternalID: "dreams", Balance: 123456, Created: e.noon}
	p := savings.Account{ID: performance, User: user, Type: savings.PerformanceAccount, ExternalID: "fund-17", Balance: 123500, Liquid: 500, Gain: 23000, GainPercent: 23, Acquisition: 100000,
		ValuedFrom: time.Date(2022, 1, 1, 13, 45, 12, 0, time.UTC), ValuedAt: time.Date(2023, 2, 23, 9, 0, 0, 0, time.UTC), Created: e.noon}
	d := savings.Dream{ID: dream, User: user, Type: savings.SavingsDream, Name: "Kyoto in spring", Target: 2500000, Expires: "2028-04-01", Account: account, Balance: 123456, Pending: 2500, Created: e.noon}
	in := savings.Ref{ID: account, Type: string(savings.SharedSavings), ExternalID: "dreams"}
	dreamView := savings.DreamView{Dream: d, Owner: owner, In: in}
	item := (&savings.Partner{ID: "example"}).Catalogue()[0]
	for _, i := range (&savings.Partner{ID: "example"}).Catalogue() {
		if i.Kind == "Daily" {
			item = i
		}
	}
	l := savings.Launch{ID: launch, User: user, Dream: dream, Savehack: item.ID, Kind: item.Kind, Params: []byte(`{"amountCents":2500}`), State: savings.Active,
		StartedAt: e.noon, StopAtGoal: true, Created: e.noon}
	on := savings.Ref{ID: dream, Type: d.Type, Name: d.Name}
	day := savehack.On(e.noon, time.UTC).AddDays(1)
	t := savings.Transaction{ID: deposit, User: user, Type: savings.Deposit, State: savings.Requested, Amount: 2500, Requested: e.noon.AddDate(0, 0, 1), ToAccount: account, ToDream: dream, Launch: launch,
		BankingDay: day.String()}
	settled := t
	settled.State, settled.Settled = savings.Settled, e.noon.AddDate(0, 0, 3)
	i := savings.Transaction{ID: interest, User: user, Type: savings.Deposit, State: savings.Settled, ExternalID: "interest-2026", Amount: 1234, Requested: e.noon, Settled: e.noon, ToAccount: account}
	c := savings.Consent{ID: consent, User: user, Launch: launch, MaxFrequency: "day", MaxAmount: 2500, Created: e.noon}
	agreed := c
	agreed.ConsentedAt = e.noon.AddDate(0, 0, 1)
	m := savings.Message{ID: message, User: user, Category: "ONBOARDING_ONE", Title: map[string]string{"en": "Well done", "sv": "Bra jobbat"},
		Body:  map[string]string{"en": "You are half way there.", "sv": "Du är halvvägs."},
		Image: savings.MessageImage{Src: "https://bank.example/half-way.jpg", TranslatedAlt: map[string]string{"en": "A path, half of it in the sun", "sv": "En stig, till hälften i solen"}, Height: 600, Width: 800}, CTA: "/dreams/" + dream, Created: e.noon}
	done := m
	done.ProcessedAt = e.noon.AddDate(0, 0, 2)

	e.user, e.account, e.performance = UserJSON(u), AccountJSON(savings.AccountView{Account: a, Owner: owner}), AccountJSON(savings.AccountView{Account: p, Owner: owner})
	e.dream, e.savehack, e.launch = DreamJSON(dreamView, Show{}), SavehackJSON(item), LaunchJSON(savings.LaunchView{Launch: l, On: dreamView})
	view := func(t savings.Transaction) Transaction {
		v := savings.TransactionView{Transaction: t, Owner: owner, ToAcc: in}
		if t.ToDream != "" {
			v.ToDrm = on
		}
		return TransactionJSON(v)
	}
	e.deposit, e.settled, e.interest = view(t), view(settled), view(i)
	e.consent, e.consented = ConsentJSON(savings.ConsentView{Consent: c, Owner: owner}), ConsentJSON(savings.ConsentView{Consent: agreed, Owner: owner})
	e.message, e.processed = MessageJSON(savings.MessageView{Message: m, Owner: owner}), MessageJSON(savings.MessageView{Message: done, Owner: owner})
	return e
}
