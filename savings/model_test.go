package savings_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

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
	resumes   bool // a launch may go on in this change
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
	m.resumes = false
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
		if was, old := m.states[l.ID]; old && (!slices.Contains(arrows[was.State], l.State) || was.State == savings.Paused && l.State == savings.Active && !m.resumes || !was.StartedAt.IsZero() && !was.StartedAt.Equal(l.StartedAt) || was.Done > l.Done) { // 13
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
