package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/savings"
	"parley/sim"
)

// plot is what is of a story of goal savings alone.
type plot struct {
	partner string
	tell    func(ctx context.Context, t *tale) error // what the person and the bank do; what it sees that should not be is said by wrong
	journey string                                   // the flow that is drawn
	status  engine.Status                            // how its run ends
	heard   []string                                 // what the bank was told of the person, in order; other events may stand between
}

// tale is a story of goal savings that is being told. It is about somebody whom nobody knew, so that others may be about.
type tale struct {
	*Sandbox
	story Story
	r     *Result
	begun time.Time
	who   string       // the person's name at the bank
	app   *sim.BankApp // in their hand
	user  string       // our id of the person, once they have come in
	api   *teller
}

// savingsStories are the stories of goal savings, which need the simulated bank.
func (s *Sandbox) savingsStories() []Story {
	done := []string{"UserCreated", "DreamCreated", "SavehackLaunched", "DepositRequested", "DepositSettled"}
	bent := func(action string, fault sim.Fault, times int) func(*Sandbox) func() {
		return func(s *Sandbox) func() {
			before := s.Bank.Faults.Rules()[action]
			s.Bank.Faults.Set(action, fault, times)
			return func() { s.Bank.Faults.Set(action, before.Fault, before.Times) }
		}
	}
	return []Story{
		{Name: "account-provisioning", Title: "Somebody begins to save", About: "The savehack waits until the bank app has begun to have an account opened; every dream is linked to it when it comes, the next one too.",
			plot: &plot{partner: SharedPartner, tell: provisioned("later"), journey: savings.AccountProvisioning, status: engine.StatusDone, heard: done}},
		{Name: "account-first", Title: "The account is there first", About: "The bank makes the person known and opens their account before they come: nobody is asked for anything.",
			plot: &plot{partner: SharedPartner, tell: accountFirst, journey: savings.AccountFirst, status: engine.StatusDone, heard: done}},
		{Name: "account-meanwhile", Title: "The account comes in between", About: "The bank has opened the account before its app has answered: POST /accounts arrives in the middle of the journey.",
			plot: &plot{partner: SharedPartner, tell: provisioned("at-once"), journey: savings.AccountProvisioning, status: engine.StatusDone, heard: done}},
		{Name: "app-dies", Title: "The app dies before it answers", About: "The savehack stays where it is, and the app is asked again when it is back, under the same request.",
			plot: &plot{partner: SharedPartner, tell: appDies, journey: savings.AccountProvisioning, status: engine.StatusDone, heard: done}},
		{Name: "account-storm", Title: "The bank says it 64 times at once", About: "POST /accounts comes 64 times at the same moment, and there is one account.",
			plot: &plot{partner: SharedPartner, tell: provisioned("storm"), journey: savings.AccountProvisioning, status: engine.StatusDone, heard: done}},
		{Name: "account-per-dream", Title: "An account for each dream", About: "The bank app is told of each dream; its bank opens an account for it, and links the two.",
			plot: &plot{partner: DreamsPartner, tell: accountPerDream, journey: savings.AccountForDream, status: engine.StatusDone, heard: done}},
		{Name: "transfer-consent", Title: "Somebody signs what a savehack may take", About: "The savehack is a draft until the bank has a signed consent; the account is opened on the way.",
			plot: &plot{partner: ConsentPartner, tell: consented, journey: savings.TransferConsent, status: engine.StatusDone, heard: done}},
		{Name: "consent-rejected", Title: "Somebody does not sign", About: "The person says no in the bank app: the savehack ends, and nothing is ever taken.",
			plot: &plot{partner: ConsentPartner, tell: rejected, journey: savings.TransferConsent, status: engine.StatusRefused, heard: []string{"UserCreated", "DreamCreated", "SavehackLaunchUpdated"}}},
		{Name: "acting", Title: "One deposit goes through, one does not", About: "The bank is told that there are deposits. There is money for the first; the second fails, and is no longer on its way.",
			plot: &plot{partner: SharedPartner, tell: acting, journey: savings.ActingOn, status: engine.StatusDone, heard: []string{"DepositSettled", "DepositRequested", "DepositFailed"}}},
		{Name: "reconciliation", Title: "Money comes in at the branch", About: "The bank finds the difference and tells of it; what belongs to no dream, the person puts into one.",
			plot: &plot{partner: SharedPartner, tell: reconciled, journey: savings.Reconciliation, status: engine.StatusDone, heard: []string{"UserCreated", "DreamCreated", "DepositSettled", "InternalTransferSettled"}}},
		{Name: "bank-answers-lost", Title: "The bank hears no answers", About: "What it opens and settles it must say again, and what it was told it is told again: still there is one account, and money moves once.",
			bend: func(s *Sandbox) func() {
				var straighten []func()
				for _, action := range []string{"users", "open", "settle", "events", "transactions"} {
					straighten = append(straighten, bent(action, sim.Lose, 1)(s))
				}
				return func() {
					for _, f := range straighten {
						f()
					}
				}
			},
			plot: &plot{partner: SharedPartner, tell: provisioned("later"), journey: savings.AccountProvisioning, status: engine.StatusDone, heard: done}},
	}
}

// tellSavings plays a story of goal savings, and judges it.
func (s *Sandbox) tellSavings(ctx context.Context, story Story, r *Result) error {
	t := &tale{Sandbox: s, story: story, r: r, begun: s.now(), who: "story-" + strings.ToLower(rand.Text()[:10])}
	complaints := len(s.Bank.Complaints())
	var err error
	if t.app, err = s.Bank.App(story.plot.partner, t.who); err != nil {
		return err
	}
	if t.api, err = s.teller(ctx, story.plot.partner); err != nil {
		return err
	}
	err = story.plot.tell(ctx, t)
	if err == nil {
		err = t.hears(ctx)
	}
	err = errors.Join(err, t.drawn(ctx))
	for _, c := range s.Bank.Complaints()[complaints:] {
		t.wrong("the bank complains: %s", c)
	}
	for _, tx := range s.Bank.Transactions(story.plot.partner, t.who) {
		if tx.Booked > 1 {
			t.wrong("the bank moved money %d times for transaction %s", tx.Booked, tx.ID)
		}
	}
	return err
}

func (s *Sandbox) now() time.Time {
	if s.opts.Parts.Now != nil {
		return s.opts.Parts.Now()
	}
	return time.Now()
}

// wrong says that something is not as it should be.
func (t *tale) wrong(format string, args ...any) {
	t.r.Problems = append(t.r.Problems, fmt.Sprintf(format, args...))
}

// moment is one in which the person only looks.
func (t *tale) moment(ctx context.Context) error { return pause(ctx, t.story.Pace) }

// comes has the person open the bank's app, and launch the web app in it.
func (t *tale) comes(ctx context.Context) error {
	if err := t.moment(ctx); err != nil {
		return err
	}
	if _, err := t.app.Launch(ctx, 10*time.Minute, ""); err != nil {
		return fmt.Errorf("launch the web app: %w", err)
	}
	me, err := t.app.Me(ctx)
	t.user = me.User.ID
	return err
}

// dreams has the person make a dream.
func (t *tale) dreams(ctx context.Context, name string, target int64) (sim.BankDream, error) {
	if err := t.moment(ctx); err != nil {
		return sim.BankDream{}, err
	}
	d, err := t.app.CreateDream(ctx, name, target)
	if err != nil && !sim.Killed(err) {
		err = fmt.Errorf("make a dream: %w", err)
	}
	return d, err
}

// saves has the person launch a savehack that saves an amount once.
func (t *tale) saves(ctx context.Context, dream string, cents int64) (sim.BankLaunch, error) {
	if err := t.moment(ctx); err != nil {
		return sim.BankLaunch{}, err
	}
	l, err := t.app.LaunchSavehack(ctx, dream, "OneTime", map[string]any{"amountCents": cents})
	if err != nil && !sim.Killed(err) {
		err = fmt.Errorf("launch a savehack: %w", err)
	}
	return l, err
}

// dream is one as the API shows it to the bank.
func (t *tale) dream(ctx context.Context, id string) (d sim.BankDream, err error) {
	var got struct {
		Dream sim.BankDream `json:"dream"`
	}
	err = t.api.get(ctx, "/dreams/"+url.PathEscape(id), nil, &got)
	return got.Dream, err
}

// until waits until something is so, looking whenever something has happened at the bank.
func (t *tale) until(ctx context.Context, what string, so func() (bool, error)) error {
	var failed error
	err := t.Bank.Until(ctx, func() bool {
		is, err := so()
		failed = err
		return is || err != nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// saved waits until so much is saved for a dream and nothing is on its way, by the API's word, and looks whether the bank's books agree.
func (t *tale) saved(ctx context.Context, dream string, cents int64) error {
	if err := t.until(ctx, "wait for the money", func() (bool, error) {
		d, err := t.dream(ctx, dream)
		return d.BalanceCents == cents && d.PendingCents == 0, err
	}); err != nil {
		d, _ := t.dream(context.WithoutCancel(ctx), dream)
		t.wrong("%d are saved for the dream and %d are on their way, not %d and none", d.BalanceCents, d.PendingCents, cents)
		return err
	}
	c, err := t.Bank.Customer(t.story.plot.partner, t.who)
	if err != nil {
		return err
	}
	held := int64(0)
	for _, a := range c.Accounts {
		held += a.Balance
	}
	all, err := t.all(ctx)
	switch {
	case err != nil:
	case held != all:
		t.wrong("the bank holds %d on the savings accounts of the person, and the API says %d", held, all)
	}
	return err
}

// account is one as the API shows it to the bank.
type account struct {
	ID           string `json:"id"`
	BalanceCents int64  `json:"balanceCents"`
}

func (t *tale) accounts(ctx context.Context) ([]account, error) {
	var got struct {
		Accounts []account `json:"accounts"`
	}
	err := t.api.get(ctx, "/accounts", url.Values{"userId": {t.user}}, &got)
	return got.Accounts, err
}

// all is what is on all of the person's accounts.
func (t *tale) all(ctx context.Context) (sum int64, err error) {
	accounts, err := t.accounts(ctx)
	for _, a := range accounts {
		sum += a.BalanceCents
	}
	return sum, err
}

// number says how many accounts there must be.
func (t *tale) number(ctx context.Context, want int) error {
	accounts, err := t.accounts(ctx)
	if err == nil && len(accounts) != want {
		t.wrong("the person has %d accounts, not %d", len(accounts), want)
	}
	return err
}

// asked says how often the app must have been asked for something.
func (t *tale) asked(event string, want int) {
	n := 0
	for _, a := range t.app.Asked() {
		if a.Event == event {
			n++
		}
	}
	if n != want {
		t.wrong("the app was asked %d times by %s, not %d", n, event, want)
	}
}

// hears waits until the bank has heard of what happened, in order.
func (t *tale) hears(ctx context.Context) error {
	c, err := t.Bank.Customer(t.story.plot.partner, t.who)
	if err != nil {
		return err
	}
	var heard []string
	err = t.until(ctx, "wait until the bank has heard of it", func() (bool, error) {
		heard = nil
		for _, e := range t.Bank.Events(t.story.plot.partner) {
			if e.User() == c.Subject || t.user != "" && e.Subject() == t.user {
				heard = append(heard, e.Type)
			}
		}
		left := t.story.plot.heard
		for _, kind := range heard {
			if len(left) > 0 && left[0] == kind {
				left = left[1:]
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		t.wrong("the bank heard %s, not %s", named(strings.Join(heard, ", ")), strings.Join(t.story.plot.heard, ", "))
	}
	return err
}

// drawn follows the journey's run to its end, and draws it.
func (t *tale) drawn(ctx context.Context) error {
	// Also when the story's own time is over: what there is tells what went wrong.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	h := t.Current()
	find := func() (engine.Run, error) {
		runs, err := h.Store.Runs(ctx, "", 100)
		if err != nil {
			return engine.Run{}, err
		}
		for _, run := range runs {
			var j flow.Journey
			if run.Flow != t.story.plot.journey || json.Unmarshal(run.Data, &j) != nil || j.Partner != t.story.plot.partner {
				continue
			}
			if j.User == t.user && t.user != "" || j.User == "" && !run.Begun.Before(t.begun.Truncate(time.Millisecond)) {
				return run, nil
			}
		}
		return engine.Run{}, parley.Errorf(parley.KindNotFound, "no run of %s was begun", t.story.plot.journey)
	}
	run, err := find()
	if err != nil {
		return err
	}
	t.r.Run, t.r.runs = run.ID, []string{run.ID}
	run, err = h.Engine.Await(ctx, run.ID, func(r engine.Run) bool { return r.Status.Over() })
	t.r.Status = run.Status
	switch {
	case err != nil:
		err = fmt.Errorf("the run does not end: %w", err)
	case run.Status != t.story.plot.status:
		t.wrong("the run ended %s, not %s", run.Status, t.story.plot.status)
	}
	return errors.Join(err, t.draw(context.WithoutCancel(ctx), run, t.r)) // the time may be over by now
}

// provisioned is a journey in which the account is opened in one of the bank's ways while the person saves, and is there for the next dream.
func provisioned(how string) func(context.Context, *tale) error {
	return func(ctx context.Context, t *tale) error {
		t.app.Opens = how
		if err := t.comes(ctx); err != nil {
			return err
		}
		dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
		if err != nil {
			return err
		}
		if _, err := t.saves(ctx, dream.ID, 500_00); err != nil {
			return err
		}
		if err := t.active(ctx, dream.ID); err != nil {
			return err
		}
		return t.opened(ctx, dream.ID)
	}
}

// active says that the launches of a dream must have started.
func (t *tale) active(ctx context.Context, dream string) error {
	launches, err := t.app.Launches(ctx, dream)
	if err != nil {
		return err
	}
	for _, l := range launches {
		if l.PausedAt != "" || l.StoppedAt != "" && l.State != "stopped" || l.State == "waiting" || l.State == "draft" {
			t.wrong("the launch is %s", l.State)
		}
	}
	if len(launches) == 0 {
		t.wrong("nothing was launched")
	}
	return nil
}

// opened waits for the account and the money, and looks whether the next dream is linked at once.
func (t *tale) opened(ctx context.Context, dream string) error {
	if err := t.until(ctx, "wait for the account", func() (bool, error) { return t.Bank.HasAccount(t.story.plot.partner, t.who, ""), nil }); err != nil {
		return err
	}
	if err := t.saved(ctx, dream, 500_00); err != nil {
		return err
	}
	d, err := t.dream(ctx, dream)
	if err != nil {
		return err
	}
	next, err := t.dreams(ctx, "A new bicycle", 9_000_00)
	if err != nil {
		return err
	}
	if next, err = t.dream(ctx, next.ID); err != nil {
		return err
	}
	if !d.Linked() || !next.Linked() || d.Account.ID != next.Account.ID {
		t.wrong("the dreams are not linked to the same account")
	}
	t.asked("onAccountProvisionRequested", min(1, len(t.app.Asked())))
	return t.number(ctx, 1)
}

func accountFirst(ctx context.Context, t *tale) error {
	if err := t.Bank.OpenFirst(ctx, t.story.plot.partner, t.who); err != nil {
		return err
	}
	if err := t.comes(ctx); err != nil {
		return err
	}
	dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
	if err != nil {
		return err
	}
	if _, err := t.saves(ctx, dream.ID, 500_00); err != nil {
		return err
	}
	if n := len(t.app.Asked()); n > 0 {
		t.wrong("the app was asked %d times, though the account was there", n)
	}
	return t.opened(ctx, dream.ID)
}

func appDies(ctx context.Context, t *tale) error {
	t.app.Manner = "die"
	if err := t.comes(ctx); err != nil {
		return err
	}
	dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
	if err != nil {
		return err
	}
	if _, err := t.saves(ctx, dream.ID, 500_00); !sim.Killed(err) {
		return fmt.Errorf("the app was to die when it is asked: %w", errors.Join(errors.New("it did not"), err))
	}
	launches, err := t.app.Launches(ctx, dream.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(launches, func(l sim.BankLaunch) bool { return l.State == "waiting" && l.PausedAt != "" }) {
		t.wrong("the launch does not wait: %+v", launches)
	}
	if err := t.moment(ctx); err != nil {
		return err
	}
	t.app.Manner = "answer"
	if n, err := t.app.AskAgain(ctx); err != nil {
		return err
	} else if n != 1 {
		t.wrong("the app that came back was asked for %d things", n)
	}
	asked := t.app.Asked()
	if len(asked) != 2 || asked[0].Message["requestId"] != asked[1].Message["requestId"] {
		t.wrong("the app was asked under other requests: %v", asked)
	}
	return errors.Join(t.active(ctx, dream.ID), t.until(ctx, "wait for the account", func() (bool, error) { return t.Bank.HasAccount(t.story.plot.partner, t.who, ""), nil }),
		t.saved(ctx, dream.ID, 500_00), t.number(ctx, 1))
}

func accountPerDream(ctx context.Context, t *tale) error {
	if err := t.comes(ctx); err != nil {
		return err
	}
	for i, name := range []string{"Sailing in summer", "A new bicycle"} {
		dream, err := t.dreams(ctx, name, 9_000_00)
		if err != nil {
			return err
		}
		t.asked("onAccountRequested", i+1)
		if _, err := t.saves(ctx, dream.ID, 500_00); err != nil {
			return err
		}
		if err := t.saved(ctx, dream.ID, 500_00); err != nil {
			return err
		}
		if d, err := t.dream(ctx, dream.ID); err != nil || !d.Linked() {
			t.wrong("the dream has no account: %v", err)
		}
	}
	t.asked("onAccountProvisionRequested", 0)
	return t.number(ctx, 2)
}

func consented(ctx context.Context, t *tale) error {
	if err := t.comes(ctx); err != nil {
		return err
	}
	dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
	if err != nil {
		return err
	}
	launch, err := t.saves(ctx, dream.ID, 500_00)
	if err != nil {
		return err
	}
	if launch.State != "draft" {
		t.wrong("the launch was %s before anybody had signed", launch.State)
	}
	t.asked("onAccountProvisionRequested", 0)
	t.asked("onTransferConsentRequested", 1)
	return errors.Join(t.active(ctx, dream.ID), t.saved(ctx, dream.ID, 500_00), t.number(ctx, 1))
}

func rejected(ctx context.Context, t *tale) error {
	t.app.Manner = "reject"
	if err := t.comes(ctx); err != nil {
		return err
	}
	dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
	if err != nil {
		return err
	}
	if _, err := t.saves(ctx, dream.ID, 500_00); err != nil {
		return err
	}
	launches, err := t.app.Launches(ctx, dream.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(launches, func(l sim.BankLaunch) bool { return l.State != "stopped" }) {
		t.wrong("the launch lives on: %+v", launches)
	}
	var got struct {
		Transactions []json.RawMessage `json:"transactions"`
	}
	if err := t.api.get(ctx, "/transactions", url.Values{"externalUserId": {t.app.Customer().Subject}}, &got); err != nil {
		return err
	}
	if n := len(got.Transactions) + len(t.Bank.Transactions(t.story.plot.partner, t.who)); n > 0 {
		t.wrong("there are %d transactions that nobody consented to", n)
	}
	return t.number(ctx, 0)
}

func acting(ctx context.Context, t *tale) error {
	if err := t.Bank.SetMoney(t.story.plot.partner, t.who, 800_00); err != nil {
		return err
	}
	if err := t.Bank.OpenFirst(ctx, t.story.plot.partner, t.who); err != nil {
		return err
	}
	if err := t.comes(ctx); err != nil {
		return err
	}
	dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
	if err != nil {
		return err
	}
	for range 2 {
		if _, err := t.saves(ctx, dream.ID, 500_00); err != nil {
			return err
		}
		if err := t.saved(ctx, dream.ID, 500_00); err != nil {
			return err
		}
	}
	states := map[string]int{}
	if err := t.until(ctx, "wait until the bank has acted on both", func() (bool, error) {
		clear(states)
		for _, tx := range t.Bank.Transactions(t.story.plot.partner, t.who) {
			if tx.Told {
				states[tx.State]++
			}
		}
		return states["settled"]+states["failed"] == 2, nil
	}); err != nil {
		return err
	}
	if states["settled"] != 1 || states["failed"] != 1 {
		t.wrong("the bank settled %d and failed %d", states["settled"], states["failed"])
	}
	if c := t.app.Customer(); c.Current != 300_00 {
		t.wrong("the person has %d left", c.Current)
	}
	return t.saved(ctx, dream.ID, 500_00)
}

func reconciled(ctx context.Context, t *tale) error {
	partner := t.story.plot.partner
	if err := t.Bank.OpenFirst(ctx, partner, t.who); err != nil {
		return err
	}
	if err := t.comes(ctx); err != nil {
		return err
	}
	dream, err := t.dreams(ctx, "Sailing in summer", 20_000_00)
	if err != nil {
		return err
	}
	if err := t.Bank.Move(partner, t.who, "", "branch", 250_00); err != nil {
		return err
	}
	if err := t.moment(ctx); err != nil {
		return err
	}
	if told, err := t.Bank.Reconcile(ctx, partner, t.who); err != nil {
		return err
	} else if told != 250_00 {
		t.wrong("the bank told of %d, not 25000", told)
	}
	me, err := t.app.Me(ctx)
	if err != nil {
		return err
	}
	if me.Totals.ResidualCents != 250_00 {
		t.wrong("%d belong to no dream, not 25000", me.Totals.ResidualCents)
	}
	if err := t.moment(ctx); err != nil {
		return err
	}
	if err := t.app.MoveMoney(ctx, "", dream.ID, 250_00); err != nil {
		return fmt.Errorf("put it into the dream: %w", err)
	}
	if err := t.saved(ctx, dream.ID, 250_00); err != nil {
		return err
	}
	if _, err := t.saves(ctx, dream.ID, 500_00); err != nil {
		return err
	}
	if err := t.saved(ctx, dream.ID, 750_00); err != nil {
		return err
	}
	if again, err := t.Bank.Reconcile(ctx, partner, t.who); err != nil || again != 0 {
		t.wrong("there is a difference of %d again: %v", again, err)
	}
	return nil
}
