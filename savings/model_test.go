package savings_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley"
	"parley/savings"
)

// model is one user as somebody would keep them with pencil and paper: what was done, in lists. Everything else is worked out anew from them
// each time.
type model struct {
	*desk
	partner   *savings.Partner
	zone      *time.Location
	externals map[string]bool
	asked     string // the session that was last told to ask
	askedAt   time.Time
	request   string
	initiated bool
	seen      map[string]savings.Transaction // as they were after the last change
	states    map[string]savings.Launch
	events    map[string]int // by type and subject
	running   map[string]*ran
	feeds     int
}

// ran is a launch whose due dates are worked out with a calendar.
type ran struct {
	qualifies func(began, day time.Time) bool
	free      bool // neither caps nor a goal: it takes something on every due date
	active    bool
	began     time.Time // midnight of the day on which it first became active
	since     time.Time // since when it has been active without a pause
	due       map[string]bool
}

func (m *model) midnight(at time.Time) time.Time {
	y, mo, d := at.In(m.zone).Date()
	return time.Date(y, mo, d, 0, 0, 0, 0, m.zone)
}

// worked notes what must be due when somebody looks at a launch now.
func (m *model) worked(id string) {
	r := m.running[id]
	if r == nil || !r.active {
		return
	}
	for i := 0; ; i++ {
		day := r.began.AddDate(0, 0, i)
		if day.After(m.now) {
			return
		}
		if !day.Before(r.since) && r.qualifies(r.began, day) {
			r.due[day.Format(time.DateOnly)] = true
		}
	}
}

func (m *model) dream(id string) *savings.Dream {
	for i := range m.dreams {
		if m.dreams[i].ID == id {
			return &m.dreams[i]
		}
	}
	return nil
}

func (m *model) hasAccount() bool {
	return slices.ContainsFunc(m.accounts, func(a savings.Account) bool { return a.Type == savings.SharedSavings })
}

// sums works out what a dream or an account has, and what is coming and going, from the transactions alone.
func (m *model) sums(dream, account string) (balance, coming, going savings.Cents) {
	for _, t := range m.transactions {
		to := dream != "" && t.ToDream == dream || account != "" && t.ToAccount == account
		from := dream != "" && t.FromDream == dream || account != "" && t.FromAccount == account
		switch {
		case t.State == savings.Settled && to && !from:
			balance += t.Amount
		case t.State == savings.Settled && from && !to:
			balance -= t.Amount
		case t.State == savings.Requested && to:
			coming += t.Amount
		case t.State == savings.Requested && from:
			going += t.Amount
		}
	}
	return balance, coming, going
}

func (m *model) live() (out []string) {
	for _, d := range m.dreams {
		if d.DeletedAt.IsZero() {
			out = append(out, d.ID)
		}
	}
	return out
}

// provided says whether launches on a dream may begin.
func (m *model) provided(d *savings.Dream) bool {
	if m.partner.Setup == savings.SharedAccount {
		return m.hasAccount() || m.initiated
	}
	return d.Account != "" || !d.RequestDone.IsZero()
}

var arrows = map[savings.LaunchState][]savings.LaunchState{
	savings.Draft:   {savings.Draft, savings.Active, savings.Stopped},
	savings.Waiting: {savings.Waiting, savings.Active, savings.Stopped},
	savings.Active:  {savings.Active, savings.Paused, savings.Stopped},
	savings.Paused:  {savings.Paused, savings.Active, savings.Stopped},
	savings.Stopped: {savings.Stopped},
}

// check holds what is kept against what was worked out. The numbers are those of the invariants.
func (m *model) check(t *rapid.T) {
	for _, e := range m.emitted {
		m.events[string(e.Type)+" "+e.Subject]++
	}
	m.emitted = nil
	for _, d := range m.dreams {
		balance, coming, going := m.sums(d.ID, "")
		if d.Balance != balance || d.Pending != coming || d.Leaving != going { // 15
			t.Fatalf("dream %s has %d, coming %d, going %d; its transactions say %d, %d, %d", d.ID, d.Balance, d.Pending, d.Leaving, balance, coming, going)
		}
		if live := d.DeletedAt.IsZero(); live && m.partner.Setup == savings.SharedAccount && m.hasAccount() && d.Account == "" { // 12
			t.Fatalf("dream %s is not linked", d.ID)
		} else if live && d.Target > 0 && balance >= d.Target && d.AchievedAt.IsZero() {
			t.Fatalf("dream %s has %d of %d and is not achieved", d.ID, balance, d.Target)
		} else if !live && balance != going {
			t.Fatalf("dream %s was given up and keeps %d", d.ID, balance-going)
		}
	}
	externals := map[string]bool{}
	for _, a := range m.accounts {
		balance, _, _ := m.sums("", a.ID)
		if a.Balance != a.Opening+balance { // 15
			t.Fatalf("account %s has %d, its transactions say %d", a.ID, a.Balance, a.Opening+balance)
		}
		if a.ExternalID != "" && externals[a.ExternalID] { // 11
			t.Fatalf("two accounts of external id %s", a.ExternalID)
		}
		externals[a.ExternalID] = true
		rest := a.Balance
		for _, d := range m.dreams {
			if d.Account == a.ID && d.DeletedAt.IsZero() {
				rest -= d.Balance
			}
		}
		if got := m.residual(a.ID); got != rest {
			t.Fatalf("residual of %s is %d, not %d", a.ID, got, rest)
		}
	}
	m.checkTransactions(t)
	m.checkLaunches(t)
}

func (m *model) checkTransactions(t *rapid.T) {
	months := map[string]savings.Cents{}
	for _, tx := range m.transactions {
		was, old := m.seen[tx.ID]
		if old && was.State != savings.Requested && (tx.State != was.State || !tx.Settled.Equal(was.Settled) || !tx.Failed.Equal(was.Failed)) { // 16
			t.Fatalf("transaction %s was %s and is %s", tx.ID, was.State, tx.State)
		}
		if !tx.Settled.IsZero() && !tx.Failed.IsZero() || tx.Amount <= 0 || (tx.State == savings.Settled) == tx.Settled.IsZero() || (tx.State == savings.Failed) == tx.Failed.IsZero() {
			t.Fatalf("transaction %+v", tx)
		}
		placed := (tx.Type == savings.Withdrawal || tx.ToAccount != "") && (tx.Type == savings.Deposit || tx.FromAccount != "")
		if !placed && (tx.State == savings.Settled || tx.State == savings.Requested && tx.Given(m.now.AddDate(9, 0, 0))) { // 16
			t.Fatalf("a %s without its accounts is given to the bank: %+v", tx.Type, tx)
		}
		if d := m.dream(tx.ToDream); tx.State == savings.Requested && d != nil && tx.ToAccount != d.Account {
			t.Fatalf("deposit %s goes to account %q, its dream is on %q", tx.ID, tx.ToAccount, d.Account)
		}
		kind := string(tx.Type)
		if tx.Type == savings.Internal {
			kind = "InternalTransfer"
		}
		outside := 0
		if tx.ExternalID == "" {
			outside = 1
		}
		for event, n := range map[string]int{"Requested": outside, "Settled": bit(tx.State == savings.Settled), "Failed": bit(tx.State == savings.Failed)} {
			if got := m.events[kind+event+" "+tx.ID]; got != n {
				t.Fatalf("%s%s of %s was told %d times, not %d", kind, event, tx.ID, got, n)
			}
		}
		if on, err := time.Parse(time.DateOnly, tx.Occasion); err == nil && tx.State != savings.Failed {
			months[tx.Launch+on.Format(" 2006-01")] += tx.Amount
		}
		m.seen[tx.ID] = tx
	}
	for _, l := range m.launches {
		for which, sum := range months {
			if l.MonthlyCap > 0 && which[:len(l.ID)] == l.ID && sum > l.MonthlyCap {
				t.Fatalf("launch %s took %d in a month, its cap is %d", which, sum, l.MonthlyCap)
			}
		}
	}
}

func bit(is bool) int {
	if is {
		return 1
	}
	return 0
}

func (m *model) checkLaunches(t *rapid.T) {
	for _, l := range m.launches {
		d := m.dream(l.Dream)
		if was, old := m.states[l.ID]; old && (!slices.Contains(arrows[was.State], l.State) || !was.StartedAt.IsZero() && !was.StartedAt.Equal(l.StartedAt) || was.Done > l.Done) { // 13
			t.Fatalf("launch %s was %s from %s, done %s, and is %s from %s, done %s", l.ID, was.State, was.StartedAt, was.Done, l.State, l.StartedAt, l.Done)
		}
		if l.State == savings.Waiting && m.provided(d) { // 13
			t.Fatalf("launch %s waits for what is there", l.ID)
		}
		if (l.State == savings.Active || l.State == savings.Paused) && l.StartedAt.IsZero() || l.State == savings.Waiting && !l.StartedAt.IsZero() {
			t.Fatalf("launch %s is %s, started %s", l.ID, l.State, l.StartedAt)
		}
		if n := m.events["SavehackLaunched "+l.ID]; n > 1 || n == 0 && !l.StartedAt.IsZero() || n == 1 && l.State == savings.Draft {
			t.Fatalf("launch %s is %s and was told of %d times", l.ID, l.State, n)
		}
		if !d.DeletedAt.IsZero() && l.State != savings.Stopped {
			t.Fatalf("launch %s goes on on a dream that was given up", l.ID)
		}
		if l.State != savings.Active && l.State != savings.Paused && !l.Due.IsZero() {
			t.Fatalf("launch %s is %s and due", l.ID, l.State)
		}
		m.states[l.ID] = l
		r := m.running[l.ID]
		if r == nil {
			continue
		}
		if r.began.IsZero() && !l.StartedAt.IsZero() { // it began just now
			r.active, r.began, r.since = true, m.midnight(m.now), m.midnight(m.now)
			m.worked(l.ID)
		}
		r.active = l.State == savings.Active
		made := map[string]bool{}
		for _, tx := range m.transactions {
			if tx.Launch != l.ID {
				continue
			}
			if made[tx.Occasion] { // 17
				t.Fatalf("launch %s made two deposits for %s", l.ID, tx.Occasion)
			}
			made[tx.Occasion] = true
			if !r.due[tx.Occasion] {
				t.Fatalf("launch %s of kind %s, begun %s, made a deposit for %s", l.ID, l.Kind, r.began, tx.Occasion)
			}
		}
		if r.free && len(made) != len(r.due) { // 17
			t.Fatalf("launch %s of kind %s, begun %s, made deposits for %v, due were %v", l.ID, l.Kind, r.began, made, r.due)
		}
	}
}

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

func newModel(t *rapid.T, n int) *model {
	p := oneAccount()
	p.ID = fmt.Sprintf("bank%d", n)
	switch rapid.SampledFrom([]string{"one account", "an account each", "consents"}).Draw(t, "setup") {
	case "an account each":
		p.Setup = savings.AccountPerDream
	case "consents":
		p.Consents = true
	}
	p.CancelFor = rapid.SampledFrom([]time.Duration{0, 90 * time.Minute}).Draw(t, "cancelFor")
	z := rapid.SampledFrom([]string{"Europe/Stockholm", "America/New_York", "Asia/Kolkata"}).Draw(t, "zone")
	m := &model{partner: p, zone: zone(z), externals: map[string]bool{}, seen: map[string]savings.Transaction{}, states: map[string]savings.Launch{},
		events: map[string]int{}, running: map[string]*ran{}}
	m.desk = &desk{t: t, partner: p, now: time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 11, 30, 0, 0, time.UTC),
		heard: map[string]bool{}}
	m.must(func(b *savings.Book) error {
		_, err := b.CreateUser(savings.NewUser{ExternalID: fmt.Sprint("user", n), Zone: z}, rapid.SampledFrom([]string{savings.ArrowSignedIn, savings.ArrowUserPosted}).Draw(t, "by"))
		return err
	})
	return m
}

// TestInAnyOrderTheBookSaysWhatThePencilSays does everything that can be done, in random order, for several users.
func TestInAnyOrderTheBookSaysWhatThePencilSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var users []*model
		for n := range rapid.IntRange(1, 3).Draw(t, "users") {
			users = append(users, newModel(t, n))
		}
		actions := map[string]func(*rapid.T){}
		for name, act := range acts {
			actions[name] = func(t *rapid.T) { act(users[rapid.IntRange(0, len(users)-1).Draw(t, "user")], t) }
		}
		actions[""] = func(t *rapid.T) {
			for _, m := range users {
				m.check(t)
			}
		}
		t.Repeat(actions)
	})
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
			p.PausedAt = &time.Time{}
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
