package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parley/savings"
)

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAPersonIsForgottenWhenTheyWantItSo(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	other := r.signedIn("one", "anna")
	bo := r.signedIn("one", "bo")
	user, url := p.user(), p.sends(aPicture(t, 4, 4, red))
	p.does("POST", "/dreams", object{"dream": object{"name": "Kyoto in spring", "targetCents": 5000, "imageUrl": url}}, 201)
	mine, others, bos := p.listen(), other.listen(), bo.listen()
	for _, s := range []*stream{mine, others, bos} {
		s.next()
	}

	for _, body := range []string{`{}`, `{"confirm":false}`, `{"confirm":"yes"}`, ``, `[]`} {
		if a := p.api("DELETE", "/me", body); a.StatusCode != 400 {
			t.Errorf("%s is answered %d %s", body, a.StatusCode, a.body)
		}
	}
	if a := p.api("DELETE", "/me", `{"confirm":true}`, "Origin", "https://evil.example"); a.StatusCode != 403 {
		t.Errorf("another site is answered %d", a.StatusCode)
	}
	if p.user() != user {
		t.Fatal("somebody was erased who did not want it")
	}

	a := p.api("DELETE", "/me", object{"confirm": true})
	if a.StatusCode != 200 || a.body != `{"ask":[{"event":"onExitRequested","message":{}}],"session":null}`+"\n" {
		t.Errorf("answered %d %s", a.StatusCode, a.body)
	}
	if c := a.Cookies(); len(c) != 1 || c[0].MaxAge >= 0 || c[0].Value != "" {
		t.Errorf("the cookie: %v", c)
	}
	for _, s := range []*stream{mine, others} {
		if event, _ := s.next(); event != "signed-out" {
			t.Errorf("a stream says %s", event)
		}
		s.over()
	}
	for _, who := range []*phone{p, other} {
		for _, path := range []string{"/me", "/export", "/dreams/x"} {
			if a := who.api("GET", path, nil); a.StatusCode != 401 {
				t.Errorf("%s is answered %d", path, a.StatusCode)
			}
		}
		if a := who.get(url); a.StatusCode != 401 {
			t.Errorf("the picture is answered %d", a.StatusCode)
		}
		if a := who.api("DELETE", "/me", object{"confirm": true}); a.StatusCode != 401 {
			t.Errorf("once more is answered %d", a.StatusCode)
		}
	}
	if bo.user() == "" {
		t.Error("somebody else went too")
	}
	for _, table := range []string{"savings_picture", "savings_picture_jpeg"} {
		if n := r.count(`SELECT COUNT(*) FROM ` + table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
	if n := r.count(`SELECT COUNT(*) FROM savings_event WHERE type = 'UserDestroyed'`); n != 1 {
		t.Errorf("the bank is told %d times", n)
	}
	if n := r.count(`SELECT COUNT(*) FROM savings_session`); n != 1 {
		t.Errorf("%d sessions are left", n)
	}
	if strings.Contains(r.log.String(), "Kyoto") || strings.Contains(r.log.String(), "Anna") {
		t.Error("the log has what was theirs")
	}
	// Who comes again is somebody new.
	again := r.signedIn("one", "anna")
	if again.user() == user || len(again.does("GET", "/me", nil, 200).list("dreams")) != 0 {
		t.Error("they were not forgotten")
	}
}

func TestNobodyIsForgottenWhileThereIsMoney(t *testing.T) {
	const swedish, english = "Det finns fortfarande pengar här, eller på väg.", "There is still money here, or on its way."
	for what, c := range map[string]struct {
		bank string
		make func(p *phone)
	}{
		"on a dream": {"one", func(p *phone) { p.settled("one", "anna", "Kyoto", 100) }},
		"on its way in, and still to be cancelled": {"one", func(p *phone) {
			dream := p.settled("one", "anna", "Kyoto", 100)
			p.does("POST", "/withdrawals", object{"dreamId": dream, "amountCents": 100}, 201)
			p.settle("one")
			p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": dream, "type": "OneTimeLaunch", "amountCents": 50}}, 201)
		}},
		"on its way out": {"one", func(p *phone) {
			dream := p.settled("one", "anna", "Kyoto", 100)
			p.does("POST", "/withdrawals", object{"dreamId": dream, "amountCents": 100}, 201)
		}},
		"outside any dream": {"one", func(p *phone) {
			dream := p.settled("one", "anna", "Kyoto", 100)
			p.does("DELETE", "/dreams/"+dream, nil, 200)
		}},
		"in an investment": {"two", func(p *phone) {
			p.change("two", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
				_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.PerformanceAccount, Balance: 1})
				return err
			})
		}},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t)
			p := r.signedIn(c.bank, "anna")
			c.make(p)
			before := p.api("GET", "/me", nil).body
			a := p.api("DELETE", "/me", object{"confirm": true})
			if a.StatusCode != 409 || !strings.Contains(a.body, swedish) || a.Header.Get("Content-Language") != "sv" || a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("answered %d %v %s", a.StatusCode, a.Header, a.body)
			}
			p.does("POST", "/bridge", object{"event": "updateLocale", "message": object{"locale": "en-GB"}}, 200)
			if a := p.api("DELETE", "/me", object{"confirm": true}); a.StatusCode != 409 || !strings.Contains(a.body, english) || a.Header.Get("Content-Language") != "en" {
				t.Errorf("in English: %d %s", a.StatusCode, a.body)
			}
			p.does("POST", "/bridge", object{"event": "updateLocale", "message": object{"locale": "sv-SE"}}, 200)
			if after := p.api("GET", "/me", nil).body; after != before {
				t.Errorf("something has changed:\n%s\n%s", before, after)
			}
		})
	}
}

func TestWhoHasPaidEverythingOutIsForgotten(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	dream := p.settled("one", "anna", "Kyoto", 100)
	p.does("POST", "/withdrawals", object{"dreamId": dream, "amountCents": 100}, 201)
	p.settle("one")
	p.does("DELETE", "/me", object{"confirm": true}, http.StatusOK)
	if n := r.count(`SELECT COUNT(*) FROM savings_transaction`); n != 2 {
		t.Errorf("the money's history has %d transactions", n)
	}
	for _, v := range []string{"Kyoto", "Anna", "Ek"} {
		if n := r.count(`SELECT (SELECT COUNT(*) FROM savings_dream WHERE name LIKE '%` + v + `%') + (SELECT COUNT(*) FROM savings_user WHERE given_name || family_name LIKE '%` + v + `%')`); n != 0 {
			t.Errorf("%s is still there", v)
		}
	}
}

// settle has the bank settle everything that is requested.
func (p *phone) settle(bank string) {
	p.t.Helper()
	p.change(bank, savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
		for _, t := range b.Transactions {
			if t.State == savings.Requested {
				if _, err := b.PatchTransaction(savings.TransactionPatch{ID: t.ID, Settled: &b.Now}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
