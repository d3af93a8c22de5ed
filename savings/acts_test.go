package savings_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"parley"
	"parley/savings"
)

// change makes a change, and says whether it should have worked.
func (m *model) change(t *rapid.T, what string, wanted bool, do func(b *savings.Book) error, named ...string) bool {
	err := m.try(do, named...)
	if (err == nil) != wanted {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil && parley.KindOf(err) == "" {
		t.Fatalf("%s: an error without a kind: %v", what, err)
	}
	return err == nil
}

func pick(t *rapid.T, list []string, what string) string {
	return rapid.SampledFrom(append([]string{"none"}, list...)).Draw(t, what)
}

// look has the worker come by until nothing is left to do.
func (m *model) look(t *rapid.T) {
	m.resumes = true
	for _, l := range m.launches {
		if r := m.running[l.ID]; r != nil && l.State == savings.Paused && !l.PausedUntil.IsZero() && !l.PausedUntil.After(m.now) {
			r.active, r.since = true, l.PausedUntil
		}
		m.worked(l.ID)
	}
	for calls := 0; ; calls++ {
		m.must(func(b *savings.Book) error { _, err := b.RunDue(); return err })
		for _, e := range m.emitted {
			m.events[string(e.Type)+" "+e.Subject]++
		}
		m.emitted = nil
		if len(m.wrote) == 0 {
			return
		}
		if calls == 100 {
			t.Fatal("the worker never comes to an end")
		}
	}
}

var acts = map[string]func(*model, *rapid.T){
	"open an account": func(m *model, t *rapid.T) {
		external := rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "externalId")
		opening := savings.Cents(rapid.IntRange(0, 2).Draw(t, "opening") * 100)
		before := len(m.accounts)
		m.change(t, "open an account", true, func(b *savings.Book) error {
			_, created, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: external, Balance: opening})
			if created == m.externals[external] {
				t.Fatalf("an account with external id %q: created %v", external, created)
			}
			return err
		})
		if len(m.accounts) != before+bit(!m.externals[external]) {
			t.Fatalf("%d accounts after %d", len(m.accounts), before)
		}
		m.externals[external] = external != ""
	},
	"create a dream": func(m *model, t *rapid.T) {
		n := savings.NewDream{Target: savings.Cents(rapid.IntRange(0, 3).Draw(t, "target") * 1000)}
		m.change(t, "create a dream", true, func(b *savings.Book) error { _, err := b.CreateDream(n); return err })
	},
	"change a dream": func(m *model, t *rapid.T) {
		id, target := pick(t, m.live(), "dream"), savings.Cents(rapid.IntRange(-1, 5).Draw(t, "target")*500)
		if d := m.dream(id); d != nil && target >= 0 && target != d.Target { // what was due until now is due
			for _, l := range m.launches {
				if l.Dream == id {
					m.worked(l.ID)
				}
			}
		}
		m.change(t, "change a dream", id != "none" && target >= 0, func(b *savings.Book) error {
			_, err := b.UpdateDream(id, savings.DreamPatch{Target: &target})
			return err
		})
	},
	"link a dream": func(m *model, t *rapid.T) {
		var accounts []string
		for _, a := range m.accounts {
			accounts = append(accounts, a.ID)
		}
		id, account := pick(t, m.live(), "dream"), pick(t, accounts, "account")
		ok := id != "none" && account != "none"
		if d := m.dream(id); ok && d.Account != "" && d.Account != account {
			balance, coming, going := m.sums(id, "")
			ok = balance == 0 && coming == 0 && going == 0
		}
		m.change(t, "link a dream", ok, func(b *savings.Book) error {
			_, err := b.UpdateDream(id, savings.DreamPatch{Account: &account})
			return err
		})
	},
	"give a dream up": func(m *model, t *rapid.T) {
		id, withdraw := pick(t, m.live(), "dream"), rapid.Bool().Draw(t, "withdraw")
		m.change(t, "give a dream up", id != "none", func(b *savings.Book) error { return b.DeleteDream(id, withdraw) })
	},
	"ask for an account": func(m *model, t *rapid.T) {
		session := rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, "session")
		waits := slices.ContainsFunc(m.launches, func(l savings.Launch) bool { return l.State == savings.Waiting })
		want := m.partner.Setup == savings.SharedAccount && !m.partner.Consents && waits && !m.hasAccount() && !m.initiated &&
			(m.asked == "" || m.asked == session || !m.now.Before(m.askedAt.Add(2*time.Minute)))
		m.change(t, "ask for an account", true, func(b *savings.Book) error {
			request, asks, err := b.AskProvisioning(session)
			if asks != want || m.request != "" && request != m.request { // 14
				t.Fatalf("session %s is told %v to ask under %s, the last was %s at %s under %s", session, asks, request, m.asked, m.askedAt, m.request)
			}
			if asks {
				if m.request == "" || !m.now.Before(m.askedAt.Add(2*time.Minute)) {
					m.asked, m.askedAt = session, m.now
				}
				m.request = request
			}
			return err
		})
	},
	"the bank app has begun": func(m *model, t *rapid.T) {
		request := rapid.SampledFrom([]string{m.request, "none"}).Draw(t, "request")
		if m.change(t, "the bank app has begun", request != "" && request != "none", func(b *savings.Book) error { return b.ProvisioningInitiated(request) }) {
			m.initiated = true
		}
	},
	"ask for a dream's account": func(m *model, t *rapid.T) {
		id, refused := pick(t, m.live(), "dream"), rapid.SampledFrom([]string{"", "cancelled"}).Draw(t, "refused")
		request, asks := "", false
		if m.change(t, "ask", id != "none", func(b *savings.Book) (err error) { request, asks, err = b.AskAccount(id, "s1"); return err }) && asks {
			if d := m.dream(id); m.partner.Setup == savings.SharedAccount || d.Account != "" || !d.RequestDone.IsZero() {
				t.Fatal("asked for what is there")
			}
			m.check(t)
			m.change(t, "answer", true, func(b *savings.Book) error { return b.AccountRequestDone(request, refused) })
		}
	},
	"launch": launch,
	"patch a launch": func(m *model, t *rapid.T) {
		var ids []string
		for _, l := range m.launches {
			ids = append(ids, l.ID)
		}
		id := pick(t, ids, "launch")
		what := rapid.SampledFrom([]string{"pause", "pause until", "resume", "stop"}).Draw(t, "what")
		if id == "none" {
			m.change(t, what, false, func(b *savings.Book) error { _, err := b.PatchLaunch(id, savings.LaunchPatch{}); return err })
			return
		}
		l := m.launchOf(id)
		var p savings.LaunchPatch
		var ok bool
		switch what {
		case "pause":
			p.PausedAt = &m.now
			ok = l.State == savings.Active || l.State == savings.Paused || l.State == savings.Waiting || l.State == savings.Stopped && !l.PausedAt.IsZero()
		case "pause until":
			p.PausedUntil = ptr(m.now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour))
			ok = l.State == savings.Active || l.State == savings.Paused
			ok = ok || l.State == savings.Stopped && l.PausedUntil.Equal(*p.PausedUntil)
		case "resume":
			p.PausedAt, m.resumes = &time.Time{}, true
			ok = l.State == savings.Active || l.State == savings.Paused || l.State == savings.Draft || l.State == savings.Stopped && l.PausedAt.IsZero()
		case "stop":
			p.StoppedAt, ok = &m.now, true
		}
		r := m.running[id]
		if what == "pause" || what == "pause until" {
			m.worked(id)
		}
		m.change(t, what, ok, func(b *savings.Book) error { _, err := b.PatchLaunch(id, p); return err }, id)
		if r != nil && what == "resume" && l.State == savings.Paused {
			r.active, r.since = true, m.now
			m.worked(id)
		}
	},
	"decide a consent": func(m *model, t *rapid.T) {
		var ids []string
		for _, c := range m.consents {
			ids = append(ids, c.ID)
		}
		id, yes := pick(t, ids, "consent"), rapid.Bool().Draw(t, "yes")
		for _, c := range m.consents {
			if c.ID != id {
				continue
			}
			open := c.ConsentedAt.IsZero() && c.RejectedAt.IsZero()
			draft := m.launchOf(c.Launch).State == savings.Draft
			m.change(t, "renew", open && draft, func(b *savings.Book) error { _, err := b.RenewConsent(id); return err }, id, c.Launch)
			m.change(t, "read", open && draft, func(b *savings.Book) error { _, err := b.ReadConsent(id); return err }, id, c.Launch)
			m.change(t, "read again", false, func(b *savings.Book) error { _, err := b.ReadConsent(id); return err }, id, c.Launch)
			at, other := m.now, time.Time{}
			ok := yes && (open && (draft || !c.ReadAt.IsZero()) || !c.ConsentedAt.IsZero()) || !yes && (open || !c.RejectedAt.IsZero())
			if !yes {
				at, other = other, at
			}
			m.change(t, "decide", ok, func(b *savings.Book) error { _, err := b.DecideConsent(id, at, other); return err }, id, c.Launch)
		}
	},
	"the worker comes by": func(m *model, t *rapid.T) { m.look(t) },
	"time goes on": func(m *model, t *rapid.T) {
		m.now = m.now.Add(time.Duration(rapid.SampledFrom([]int{1, 3, 60, 11 * 60, 25 * 60, 8 * 24 * 60, 40 * 24 * 60}).Draw(t, "minutes")) * time.Minute)
	},
	"a purchase": func(m *model, t *rapid.T) {
		m.feeds++
		for _, l := range m.launches {
			m.worked(l.ID)
		}
		item := savings.FeedItem{ID: fmt.Sprint(m.feeds), Kind: savings.Purchase, Cents: savings.Cents(rapid.IntRange(1, 999).Draw(t, "cents"))}
		m.change(t, "a purchase", true, func(b *savings.Book) error { _, err := b.Feed(item); return err })
	},
	"the bank acts": func(m *model, t *rapid.T) {
		var ids []string
		for _, tx := range m.transactions {
			if tx.State == savings.Requested || rapid.IntRange(0, 9).Draw(t, "an old one") == 0 {
				ids = append(ids, tx.ID)
			}
		}
		id, settles := pick(t, ids, "transaction"), rapid.IntRange(0, 3).Draw(t, "settles") > 0
		tx, known := m.seen[id]
		p := savings.TransactionPatch{ID: id, Failed: &m.now}
		ok := known && tx.State != savings.Settled
		if settles {
			p = savings.TransactionPatch{ID: id, Settled: &m.now}
			ok = known && tx.State != savings.Failed && (tx.Type == savings.Withdrawal || tx.ToAccount != "")
		}
		if m.change(t, "the bank acts", ok, func(b *savings.Book) error { _, err := b.PatchTransaction(p); return err }, id) && tx.State != savings.Requested && len(m.wrote) > 0 {
			t.Fatal("the same word again changed something")
		}
	},
	"cancel": func(m *model, t *rapid.T) {
		var ids []string
		for _, tx := range m.transactions {
			ids = append(ids, tx.ID)
		}
		id := pick(t, ids, "transaction")
		tx, known := m.seen[id]
		ok := known && (tx.State == savings.Failed && tx.Reason == "cancelled" ||
			tx.State == savings.Requested && tx.Type == savings.Deposit && (tx.ToAccount == "" || tx.Ready.After(m.now)))
		m.change(t, "cancel", ok, func(b *savings.Book) error { _, err := b.Cancel(id); return err }, id)
	},
	"withdraw": func(m *model, t *rapid.T) {
		id, amount := pick(t, m.live(), "dream"), savings.Cents(rapid.IntRange(0, 8).Draw(t, "amount")*100)
		balance, _, going := m.sums(id, "")
		m.change(t, "withdraw", id != "none" && amount > 0 && amount <= balance-going, func(b *savings.Book) error { _, err := b.Withdraw(id, amount); return err })
	},
	"move": func(m *model, t *rapid.T) {
		from, to := pick(t, append(m.live(), ""), "from"), pick(t, append(m.live(), ""), "to")
		amount := savings.Cents(rapid.IntRange(0, 8).Draw(t, "amount") * 100)
		ok := from != "none" && to != "none" && from != to && amount > 0
		if from != "" {
			balance, _, going := m.sums(from, "")
			ok = ok && amount <= balance-going
		}
		if d := m.dream(to); ok && d != nil {
			ok = d.Account != "" && (from != "" || amount <= m.residual(d.Account))
		}
		m.change(t, "move", ok, func(b *savings.Book) error { _, err := b.Move(from, to, amount); return err })
	},
	"the bank moved something": func(m *model, t *rapid.T) {
		n := savings.NewTransaction{Type: savings.Deposit, ExternalID: fmt.Sprint("ref", rapid.IntRange(0, 99).Draw(t, "ref")), Amount: savings.Cents(rapid.IntRange(1, 9).Draw(t, "amount") * 100)}
		known := slices.ContainsFunc(m.transactions, func(t savings.Transaction) bool { return t.ExternalID == n.ExternalID })
		dream := pick(t, m.live(), "dream")
		ok := len(m.accounts) > 0
		if ok {
			n.ToAccount = m.accounts[0].ID
		}
		if dream != "none" {
			n.ToDream = dream
			ok = ok && m.dream(dream).Account == n.ToAccount
		}
		if balance, _, going := m.sums(dream, ""); rapid.Bool().Draw(t, "out") {
			n.Type, n.FromAccount, n.FromDream, n.ToAccount, n.ToDream = savings.Withdrawal, n.ToAccount, n.ToDream, "", ""
			ok = ok && (dream == "none" || n.Amount <= balance-going)
		}
		m.change(t, "reconcile", ok || known, func(b *savings.Book) error {
			_, created, err := b.Reconcile(n)
			if err == nil && created == known {
				t.Fatalf("reference %s was known: %v, created: %v", n.ExternalID, known, created)
			}
			return err
		}, n.ExternalID)
	},
}

func launch(m *model, t *rapid.T) {
	id := pick(t, m.live(), "dream")
	n := savings.NewLaunch{Dream: id, StopAtGoal: ptr(rapid.Bool().Draw(t, "stopAtGoal"))}
	r := &ran{due: map[string]bool{}}
	switch n.Kind = rapid.SampledFrom([]string{"Daily", "Weekly", "Monthly", "OneTime", "Roundup"}).Draw(t, "kind"); n.Kind {
	case "Daily":
		n.Params = json.RawMessage(`{"amountCents":100}`)
		r.qualifies = func(began, day time.Time) bool { return day.After(began) }
	case "Weekly":
		wanted := rapid.IntRange(0, 6).Draw(t, "weekday")
		n.Params = json.RawMessage(fmt.Sprintf(`{"amountCents":300,"dayOfWeek":%d}`, wanted))
		r.qualifies = func(_, day time.Time) bool { return (int(day.Weekday())+6)%7 == wanted }
	case "Monthly":
		wanted := rapid.IntRange(1, 31).Draw(t, "day")
		n.Params = json.RawMessage(fmt.Sprintf(`{"amountCents":700,"dayOfMonth":%d}`, wanted))
		r.qualifies = func(_, day time.Time) bool {
			return day.Day() == wanted || day.Day() < wanted && day.AddDate(0, 0, 1).Day() == 1
		}
	case "OneTime":
		n.Params = json.RawMessage(`{"amountCents":500}`)
		r.qualifies = func(began, day time.Time) bool { return day.Equal(began) }
	case "Roundup":
		n.Params, r = json.RawMessage(`{"roundToCents":100}`), nil
	}
	if rapid.IntRange(0, 2).Draw(t, "capped") == 0 {
		n.MonthlyCap = 1200
	}
	if r != nil {
		r.free = !*n.StopAtGoal && n.MonthlyCap == 0 && !m.partner.Consents
	}
	d, full := m.dream(id), false
	if d != nil {
		balance, coming, _ := m.sums(id, "")
		full = *n.StopAtGoal && d.Target > 0 && balance+coming >= d.Target
	}
	var made savings.Launch
	if !m.change(t, "launch", d != nil && !full, func(b *savings.Book) (err error) { made, err = b.LaunchSavehack(n); return err }) {
		return
	}
	want := savings.Waiting
	switch {
	case m.partner.Consents:
		want = savings.Draft
	case m.provided(d):
		want = savings.Active
	}
	if goal, balance := *n.StopAtGoal && d.Target > 0, d.Balance+d.Pending; made.State != want && !(want == savings.Active && made.State == savings.Stopped && goal && balance >= d.Target) {
		t.Fatalf("launch %s is %s, not %s", made.ID, made.State, want)
	}
	if r != nil {
		m.running[made.ID] = r
		if !made.StartedAt.IsZero() {
			r.active, r.began, r.since = true, m.midnight(m.now), m.midnight(m.now)
			m.worked(made.ID)
		}
	}
}
