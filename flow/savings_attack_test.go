package flow_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/engine"
	"parley/flow"
	"parley/sandbox"
	"parley/savings"
	"parley/sim"
	"parley/store"
)

// carriers are the requests that carry what somebody says to us in the journeys of goal savings, by the arrow. An arrow that is said twice in
// a journey is carried by the same request again.
var carriers = map[string]string{
	savings.ArrowSignedIn:           "POST /users/verify_token",
	savings.ArrowDreamCreated:       "POST /app/api/dreams",
	savings.ArrowDreamAnother:       "POST /app/api/dreams",
	savings.ArrowLaunched:           "POST /app/api/launches",
	savings.ArrowAskedAgain:         "POST /app/api/ask",
	savings.ArrowInitiated:          "POST /app/api/bridge",
	savings.ArrowAccountRequestDone: "POST /app/api/bridge",
	savings.ArrowConsentReturned:    "POST /app/api/bridge",
	savings.ArrowRedistributed:      "POST /app/api/moves",
	savings.ArrowUserPosted:         "POST /v1/users",
	savings.ArrowAccountPosted:      "POST /v1/accounts",
	savings.ArrowDreamLinked:        "PATCH /v1/dreams/",
	savings.ArrowConsentRead:        "GET /v1/transfer-consent",
	savings.ArrowConsentDecided:     "PATCH /v1/transfer-consent",
	savings.ArrowTransactionsRead:   "GET /v1/transactions",
	savings.ArrowTransactionPatched: "PATCH /v1/transactions/",
	savings.ArrowReconciled:         "POST /v1/transactions",
	"all settled or failed":         "PATCH /v1/transactions/",
}

// mouths are what the bank does about what we say to it, by the arrow.
var mouths = map[string]string{"POST /webhooks/transactions": "transactions"}

// storiesOf are the stories in which each journey is told.
var storiesOf = map[string][]string{
	savings.AccountProvisioning: {"account-provisioning", "account-meanwhile"},
	savings.AccountFirst:        {"account-first"},
	savings.AccountForDream:     {"account-per-dream"},
	savings.TransferConsent:     {"transfer-consent"},
	savings.ActingOn:            {"acting"},
	savings.Reconciliation:      {"reconciliation"},
}

// A meddler stands between everybody and the process, and does something to the next requests of a route.
type meddler struct {
	mu    sync.Mutex
	route string
	how   string
	left  int
	did   atomic.Int64
}

// ways are what can happen to a request on its way: what somebody says to us is lost, or our answer is; it is said again, at once or many
// times; or something that is none of it comes first.
var ways = []string{"lost", "answer lost", "answer lost thrice", "twice", "eight at once", "garbage first"}

func (m *meddler) arm(route, how string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.route, m.how, m.left = route, how, 1
	if how == "answer lost thrice" {
		m.left = 3
	}
}

// takes says what is to be done about a request.
func (m *meddler) takes(r *http.Request) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left == 0 || !strings.HasPrefix(r.Method+" "+r.URL.Path, m.route) {
		return ""
	}
	m.left--
	m.did.Add(1)
	return m.how
}

func (m *meddler) front(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how := m.takes(r)
		if how == "" {
			inner.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			sim.HangUp(w)
			return
		}
		serve := func(body []byte) *httptest.ResponseRecorder {
			again := r.Clone(r.Context())
			again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			kept := httptest.NewRecorder()
			inner.ServeHTTP(kept, again)
			return kept
		}
		var kept *httptest.ResponseRecorder
		switch how {
		case "lost":
			sim.HangUp(w)
			return
		case "answer lost", "answer lost thrice":
			serve(body)
			sim.HangUp(w)
			return
		case "twice":
			serve(body)
			kept = serve(body)
		case "eight at once":
			all := make([]*httptest.ResponseRecorder, 8)
			var wg sync.WaitGroup
			for i := range all {
				wg.Go(func() { all[i] = serve(body) })
			}
			wg.Wait()
			kept = all[0]
			for _, k := range all {
				if k.Code < kept.Code {
					kept = k // somebody was answered well
				}
			}
		case "garbage first":
			if len(body) > 0 {
				if no := serve([]byte(`{"x":`)); no.Code < 400 || no.Code >= 500 {
					http.Error(w, "garbage was taken", http.StatusTeapot)
					return
				}
			}
			kept = serve(body)
		}
		for k, v := range kept.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(kept.Code)
		w.Write(kept.Body.Bytes())
	})
}

// an attack on an arrow of a journey, by a story in which it is said.
type savingsAttack struct {
	story, arrow, route, how string
	fault                    sim.Fault // of the bank, in place of a route
	action                   string
}

func (a savingsAttack) String() string {
	return a.story + "/" + a.arrow + "/" + a.how + string(a.fault)
}

// spent are repetitions that cannot be answered well, because what they ask for is gone: a temporary id is read once, and a session that was
// signed out is out.
func (a savingsAttack) spent() bool {
	return a.arrow == savings.ArrowConsentRead && a.how != "lost" && a.how != "garbage first"
}

// savingsAttacks are all attacks on all arrows of the journeys. They follow from the tables: an arrow that somebody draws is attacked on its way to us,
// one that we draw at the bank by how the bank takes it, and what came to pass with the arrow before it by the attacks on that.
func savingsAttacks(t *testing.T) (out []savingsAttack) {
	for _, table := range (&flow.Savings{}).Tables() {
		stories := storiesOf[table.Name]
		if stories == nil {
			t.Errorf("no story tells of %s", table.Name)
		}
		for i, arrow := range table.Arrows() {
			route, said := carriers[arrow.Name], mouths[arrow.Name]
			switch {
			case said != "":
				for _, f := range []sim.Fault{sim.Refuse, sim.Broken, sim.Drop, sim.Lose, sim.Twice} { // who answers 200 has heard, so garbage is no fault
					for _, action := range []string{said, "events"} {
						out = append(out, savingsAttack{story: stories[0], arrow: arrow.Name, action: action, fault: f})
					}
				}
			case route != "":
				for _, story := range stories {
					for _, how := range ways {
						a := savingsAttack{story: story, arrow: arrow.Name, route: route, how: how}
						if !a.spent() {
							out = append(out, a)
						}
					}
				}
			case arrow.Inbound && i > 0:
				t.Errorf("%s: nothing attacks %q, which %s says", table.Name, arrow.Name, arrow.From)
			}
		}
	}
	return out
}

// TestEveryArrowOfTheSavingsJourneysIsAttacked tells each journey's story with one arrow after the other lost, repeated, unanswered and preceded by garbage, and
// holds it to the same end: the story judges balances, accounts, what the bank was told and had to complain about, and the picture.
func TestEveryArrowOfTheSavingsJourneysIsAttacked(t *testing.T) {
	attacks := savingsAttacks(t)
	if !deep { // every way on every arrow, but not in every story
		kept := attacks[:0]
		for i, a := range attacks {
			if i%3 == 0 || a.fault != "" && a.action == "transactions" {
				kept = append(kept, a)
			}
		}
		attacks = kept
	}
	const tables = 6
	var next atomic.Int64
	var done sync.WaitGroup
	for range tables {
		done.Go(func() {
			m := &meddler{}
			s, err := sandbox.Start(t.Context(), sandbox.Options{Data: t.TempDir(), Front: m.front})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close(context.Background())
			stories := map[string]sandbox.Story{}
			for _, story := range s.Stories() {
				stories[story.Name] = story
			}
			s.Bank.Faults.Delay = 20 * time.Millisecond
			for {
				i := int(next.Add(1)) - 1
				if i >= len(attacks) {
					break
				}
				a := attacks[i]
				if a.route != "" {
					m.arm(a.route, a.how)
				} else {
					s.Bank.Faults.Set(a.action, a.fault, 1) // the next try but one is five seconds away, and the story does not wait for it
				}
				r := s.Tell(t.Context(), stories[a.story])
				m.arm("", "")
				s.Bank.Faults.Set(a.action, sim.Behave, 0)
				for _, p := range r.Problems {
					t.Errorf("%s: %s\n%s", a, p, r.Picture)
				}
			}
			for _, f := range verified(t, s) {
				t.Error(f)
			}
		})
	}
	done.Wait()
	t.Logf("%d attacks", len(attacks))
}

// verified is what does not hold in a sandbox's database.
func verified(t *testing.T, s *sandbox.Sandbox) (wrong []string) {
	db, err := store.OpenReadOnly(t.Context(), s.Data)
	if err != nil {
		return []string{err.Error()}
	}
	defer db.Close()
	h := s.Current()
	found, err := store.Verify(t.Context(), db.DB(), slices.Concat(h.Desk.Tables(), h.Savings.Tables())...)
	if err != nil {
		return []string{err.Error()}
	}
	for _, f := range found {
		wrong = append(wrong, fmt.Sprintf("invariant %d: %s: %s %s", f.Number, f.Title, f.Run, f.Detail))
	}
	return wrong
}

// saver is a person with the bank's app, who does not give up.
type saver struct {
	r       *rig
	partner string
	name    string
	app     *sim.BankApp
}

// savers are the journeys in which the process is killed, each up to where the money is saved.
var savers = map[string]struct {
	partner string
	before  func(ctx context.Context, p *saver) error
	opens   string
}{
	savings.AccountProvisioning: {sandbox.SharedPartner, nil, "later"},
	savings.AccountFirst: {sandbox.SharedPartner, func(ctx context.Context, p *saver) error {
		return p.r.s.Bank.OpenFirst(ctx, p.partner, p.name)
	}, "later"},
	savings.AccountForDream: {sandbox.DreamsPartner, nil, "later"},
	savings.TransferConsent: {sandbox.ConsentPartner, nil, "later"},
}

// TestTheProcessDiesAnywhereInTheSavingsJourneys kills the process before and after each commit and each word, and before each answer, has it start
// again on the same database, and holds every journey to the same end.
func TestTheProcessDiesAnywhereInTheSavingsJourneys(t *testing.T) {
	r := newRig(t)
	r.saves.Store(true)
	person, every := 0, int64(16)
	if deep {
		every = 10
	}
	for _, journey := range []string{savings.AccountProvisioning, savings.AccountFirst, savings.AccountForDream, savings.TransferConsent} {
		for _, p := range points {
			for n := int64(1); ; n++ {
				if n%every != 1 {
					continue
				}
				died := false
				person++
				t.Run(fmt.Sprintf("%s %s %d", journey, p, n), func(t *testing.T) {
					r.t = t
					r.arm(newLife(p, n))
					complaints := len(r.s.Bank.Complaints())
					ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
					defer cancel()
					if err := r.save(ctx, journey, fmt.Sprint("mortal-", person)); err != nil {
						t.Error(err)
					}
					died = r.disarm()
					for _, c := range r.s.Bank.Complaints()[complaints:] {
						t.Errorf("the bank complains: %s", c)
					}
					found, err := store.Verify(t.Context(), r.db.DB(), slices.Concat(r.s.Current().Desk.Tables(), r.s.Current().Savings.Tables())...)
					if err != nil {
						t.Error(err)
					}
					for _, f := range found {
						t.Errorf("invariant %d: %s: %s %s", f.Number, f.Title, f.Run, f.Detail)
					}
				})
				if !died || t.Failed() {
					break
				}
			}
		}
	}
}

// save has a person save 500 once, and waits until that is saved, everything is told, and the journey has ended where it ends.
func (r *rig) save(ctx context.Context, journey, name string) error {
	how := savers[journey]
	p := &saver{r: r, partner: how.partner, name: name}
	var err error
	if p.app, err = r.s.Bank.App(p.partner, name); err != nil {
		return err
	}
	p.app.Opens = how.opens
	if how.before != nil {
		if err := how.before(ctx, p); err != nil {
			return err
		}
	}
	if _, err := p.app.Launch(ctx, 10*time.Minute, ""); err != nil {
		return fmt.Errorf("launch the web app: %w", err)
	}
	dream, err := p.app.CreateDream(ctx, "Boat", 20_000_00)
	if err != nil {
		return fmt.Errorf("make a dream: %w", err)
	}
	if _, err := p.app.LaunchSavehack(ctx, dream.ID, "OneTime", map[string]any{"amountCents": 500_00}); err != nil {
		return fmt.Errorf("launch a savehack: %w", err)
	}
	var me sim.BankMe
	wrong := ""
	err = r.s.Bank.Until(ctx, func() bool {
		if me, err = p.app.Me(ctx); err != nil {
			return ctx.Err() != nil
		}
		wrong = r.short(ctx, p, me, dream.ID, journey)
		return wrong == ""
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, wrong)
	}
	return nil
}

// short says what is still missing of the end of a journey.
func (r *rig) short(ctx context.Context, p *saver, me sim.BankMe, dream, journey string) string {
	d := me.Dream(dream)
	if len(me.Dreams) != 1 || d.BalanceCents != 500_00 || d.PendingCents != 0 || !d.Linked() {
		return fmt.Sprintf("%d dreams, %d saved, %d on the way, linked %v", len(me.Dreams), d.BalanceCents, d.PendingCents, d.Linked())
	}
	launches, err := p.app.Launches(ctx, dream)
	if err != nil || len(launches) != 1 || launches[0].State != "active" {
		return fmt.Sprintf("launches %+v, %v", launches, err)
	}
	for _, tx := range r.s.Bank.Transactions(p.partner, p.name) {
		if tx.Booked != 1 || tx.State != "settled" {
			return fmt.Sprintf("the bank's transaction %+v", tx)
		}
	}
	heard := map[string]int{}
	for _, e := range r.s.Bank.Events(p.partner) {
		if e.User() == p.app.Customer().Subject || e.Subject() == me.User.ID {
			heard[e.Type]++
		}
	}
	for _, kind := range []savings.EventType{savings.UserCreated, savings.DreamCreated, savings.SavehackLaunched, savings.DepositRequested, savings.DepositSettled} {
		if heard[string(kind)] != 1 {
			return fmt.Sprintf("the bank heard %v", heard)
		}
	}
	runs, err := r.db.Runs(ctx, "", 100)
	if err != nil {
		return err.Error()
	}
	for _, run := range runs {
		if j, err := (engine.Flow[flow.Journey]{}).Read(run); err == nil && j.User == me.User.ID && !run.Status.Over() {
			return fmt.Sprintf("the run of %s is %s at row %d", run.Flow, run.Status, run.Step)
		}
	}
	return ""
}
