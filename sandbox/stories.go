package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley"
	"parley/engine"
	"parley/flow"
	"parley/house"
	"parley/sim"
)

// Story is one conversation from its beginning to its end, and what every party must have seen in it.
type Story struct {
	Name  string
	Title string
	About string        // in one sentence, what there is to see
	Pace  time.Duration // how long the person waits before each thing that they do, so that somebody can watch

	provider string                             // as the shop's form says
	what     string                             // "signin" or "deposit"
	bend     func(*Sandbox) (straighten func()) // has somebody misbehave, until straighten
	decision string                             // of the person: "approve", "deny" or "cancel"

	status   engine.Status
	answer   string   // "" for a code and a token; otherwise the OAuth error at the redirect URI
	code     string   // errCode at the redirect URI
	deposit  string   // what became of it at the operator: "transferred", "cancelled", "" for never asked
	heard    []string // what the operator was told, in order
	credited string   // what the payment provider moved
	adjusted bool     // a run of its own tells the operator what happened after the deposit

	simulated bool // only the simulated operator can be made to behave so

	plot *plot // of a story of goal savings; the rest is then not of it
}

// Stories are the stories that show the whole of the flows: first the deposits, then goal savings. With somebody's own platform in place of
// the simulated operator, those that need it to misbehave are left out; with somebody's own bank, those of goal savings.
func (s *Sandbox) Stories() []Story {
	operator := func(action string, fault sim.Fault, times int) func(*Sandbox) func() {
		return func(s *Sandbox) func() {
			before := s.Operator.Faults.Rules()[action]
			s.Operator.Faults.Set(action, fault, times)
			return func() { s.Operator.Faults.Set(action, before.Fault, before.Times) }
		}
	}
	bank := func(order string) func(*Sandbox) func() {
		return func(s *Sandbox) func() {
			before := s.Trustly.Scenario()
			s.Trustly.SetScenario(sim.TrustlyScenario{Order: order, CreditDelay: 400 * time.Millisecond})
			return func() { s.Trustly.SetScenario(before) }
		}
	}
	limit := func(s *Sandbox) func() {
		s.Operator.SetLimit("100.00")
		return func() { s.Operator.SetLimit("") }
	}
	all := []Story{
		{Name: "sign-in", Title: "Somebody signs in with OpenID", About: "No money: the provider says who it is, and the shop gets a code and a token.",
			provider: "openid", what: "signin", decision: "approve",
			status: engine.StatusDone},
		{Name: "deposit", Title: "Somebody signs up and deposits", About: "Identified, accepted, paid and told, in one visit to the bank.",
			provider: "trustly", what: "deposit", decision: "approve",
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer"}, credited: "500.00"},
		{Name: "limited", Title: "The operator allows less", About: "It answers authorize with a limit, and no more than that can be paid.",
			provider: "trustly", what: "deposit", decision: "approve", simulated: true, bend: limit,
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer"}, credited: "100.00"},
		{Name: "late-money", Title: "The money comes late", About: "The person is back before the bank has paid: the browser waits, and goes on by itself.",
			provider: "trustly", what: "deposit", decision: "approve", bend: bank("credit-late"),
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer"}, credited: "500.00"},
		{Name: "denied", Title: "The person changes their mind", About: "They cancel at the bank, before anything was asked of the operator.",
			provider: "trustly", what: "deposit", decision: "cancel",
			status: engine.StatusRefused, answer: "access_denied"},
		{Name: "refused-at-signin", Title: "The operator refuses the person", About: "The bank is told to stop, and the shop hears whose no it was.",
			provider: "trustly", what: "deposit", decision: "approve", simulated: true, bend: operator("signin", sim.Refuse, 1),
			status: engine.StatusRefused, answer: "access_denied", code: "101", heard: []string{"signin"}},
		{Name: "refused-at-authorize", Title: "The operator refuses the deposit", About: "The person may come in, and may not pay: no money moves.",
			provider: "trustly", what: "deposit", decision: "approve", simulated: true, bend: operator("authorize", sim.Refuse, 1),
			status: engine.StatusRefused, answer: "access_denied", code: "101", heard: []string{"signin", "authorize"}},
		{Name: "payment-failed", Title: "The bank refuses the payment", About: "What the operator had set aside is taken back with cancel.",
			provider: "trustly", what: "deposit", decision: "approve", bend: bank("pay-fails"),
			status: engine.StatusRefused, answer: "access_denied", deposit: "cancelled", heard: []string{"signin", "authorize", "cancel"}},
		{Name: "bankid-sign-in", Title: "Somebody signs in with an app", About: "BankID is asked until the person has signed in its app; nobody leaves our page.",
			provider: "bankid", what: "signin", decision: "approve",
			status: engine.StatusDone},
		{Name: "bankid", Title: "An app, then the bank", About: "BankID says who it is, and Trustly takes the deposit.",
			provider: "bankid", what: "deposit", decision: "approve",
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer"}, credited: "500.00"},
		{Name: "authorize-lost", Title: "The operator's answers are lost", About: "Asked three times, never heard: what it may have set aside is taken back.",
			provider: "trustly", what: "deposit", decision: "approve", simulated: true, bend: operator("authorize", sim.Lose, -1),
			status: engine.StatusRefused, answer: "temporarily_unavailable", deposit: "cancelled", heard: []string{"signin", "authorize", "authorize", "authorize", "cancel"}},
		{Name: "transfer-repeated", Title: "The operator misses the money", About: "After the money has moved there is no way back: transfer is said again until it is heard.",
			provider: "trustly", what: "deposit", decision: "approve", simulated: true, bend: operator("transfer", sim.Drop, 1),
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer", "transfer"}, credited: "500.00"},
		{Name: "reversed", Title: "The money is taken back", About: "The bank reverses the payment: a run of its own tells the operator, once the deposit is over.",
			provider: "trustly", what: "deposit", decision: "approve", bend: bank("kyc-credit-debit"),
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer", "transfer"}, credited: "500.00", adjusted: true},
	}
	if s.opts.OperatorURL != "" {
		all = slices.DeleteFunc(all, func(story Story) bool { return story.simulated })
	}
	if s.opts.BankURL == "" {
		all = append(all, s.savingsStories()...)
	}
	return all
}

// Result is how a story ended.
type Result struct {
	Story    string         `json:"story"`
	Title    string         `json:"title"`
	OK       bool           `json:"ok"`
	Problems []string       `json:"problems,omitempty"` // what somebody saw and should not have, or did not see
	Run      string         `json:"run,omitempty"`
	Status   engine.Status  `json:"status,omitempty"`
	Millis   int64          `json:"millis"`
	Events   []engine.Event `json:"events,omitempty"`
	Picture  string         `json:"-"`

	runs []string // the one that was begun, and the one that it led to
}

// Tell plays a story, without a browser, and says what every party saw. Stories are told one at a time, to a sandbox whose simulated
// person does not act by themselves; other people may be about.
func (s *Sandbox) Tell(ctx context.Context, story Story) Result {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	begun := time.Now()
	r := Result{Story: story.Name, Title: story.Title}
	complaints := len(s.Operator.Complaints())
	if story.bend != nil {
		defer story.bend(s)()
	}
	if story.plot != nil {
		if err := s.tellSavings(ctx, story, &r); err != nil {
			r.Problems = append(r.Problems, err.Error())
		}
		r.Millis, r.OK = time.Since(begun).Milliseconds(), len(r.Problems) == 0
		return r
	}
	visit, order, state, err := s.play(ctx, story)
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	if err := s.judge(ctx, story, state, &r); err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	r.Millis = time.Since(begun).Milliseconds()
	r.Problems = append(r.Problems, story.seen(s, visit, order, r.runs, complaints)...)
	r.OK = len(r.Problems) == 0
	return r
}

// play is the person: from the shop's button to where the browser ends up. It may be played by many at once. The state is the
// shop's, by which the run is known again.
func (s *Sandbox) play(ctx context.Context, story Story) (visit *sim.OperatorVisit, order *sim.TrustlyOrder, state string, err error) {
	b, err := s.browser()
	if err != nil {
		return nil, nil, "", err
	}
	if err := pause(ctx, story.Pace); err != nil {
		return nil, nil, "", err
	}
	page, _, err := b.open(ctx, http.MethodPost, s.OperatorURL+"/shop/start", url.Values{"provider": {story.provider}, "what": {story.what}})
	if err != nil {
		return nil, nil, b.state, fmt.Errorf("begin at the shop: %w", err)
	}
	for page != "" { // who the person is, and then perhaps the payment
		if err := pause(ctx, story.Pace); err != nil {
			return nil, order, b.state, err
		}
		back, at, err := s.act(page, story.decision)
		if at != nil {
			order = at
		}
		if err != nil {
			return nil, order, b.state, fmt.Errorf("act at the provider: %w", err)
		}
		if err := pause(ctx, story.Pace); err != nil {
			return nil, order, b.state, err
		}
		if page, visit, err = b.open(ctx, http.MethodGet, back, nil); err != nil {
			return nil, order, b.state, fmt.Errorf("come back: %w", err)
		}
	}
	if order != nil {
		*order, _ = s.Trustly.Order(order.URL) // money may have come meanwhile
	}
	return visit, order, b.state, nil
}

// pause is a moment in which the person only looks.
func pause(ctx context.Context, moment time.Duration) error {
	if moment <= 0 {
		return nil
	}
	t := time.NewTimer(moment)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// act is what the person does at a provider's page; back is where the provider sends them then.
func (s *Sandbox) act(page, decision string) (back string, order *sim.TrustlyOrder, err error) {
	switch {
	case strings.HasPrefix(page, s.OpenIDURL) && decision == "approve":
		back, err = s.OpenID.Approve(page, sim.OpenIDPersons()[0].SSN)
		return back, nil, err
	case strings.HasPrefix(page, s.OpenIDURL):
		back, err = s.OpenID.Deny(page)
		return back, nil, err
	case strings.HasPrefix(page, s.BankIDURL):
		in, err := s.BankID.Open(page)
		switch {
		case err != nil:
		case decision == "approve":
			err = s.BankID.Sign(in.Ref, "")
		default:
			err = s.BankID.Cancel(in.Ref)
		}
		return in.ReturnURL, nil, err
	case !strings.HasPrefix(page, s.TrustlyURL):
		return "", nil, fmt.Errorf("the person was sent to %q, which is no provider", page)
	}
	o, ok := s.Trustly.Order(page)
	if !ok {
		return "", nil, errors.New("the provider does not know the page that the person was sent to")
	}
	if err = s.Trustly.Act(o.OrderID, sim.TrustlyPerson{}, decision); err != nil {
		return "", nil, err
	}
	o, _ = s.Trustly.Order(page)
	back, _ = o.Attributes["SuccessURL"].(string)
	switch o.State {
	case sim.TrustlyFinished, sim.TrustlyAborted, sim.TrustlyCancelled:
		back, _ = o.Attributes["FailURL"].(string)
	}
	return back, &o, nil
}

// browser is a person's, as far as following redirects goes: it stops at a provider's page, where the person acts.
type browser struct {
	http.Client
	state string         // that the shop sent it to us with
	app   *regexp.Regexp // a link that opens the app of a provider which has no page; nil once it was opened
}

func (s *Sandbox) browser() (*browser, error) {
	jar, err := cookiejar.New(nil)
	b := &browser{Client: http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: s.wires}, app: regexp.MustCompile(`href="(` + regexp.QuoteMeta(s.BankIDURL) + `[^"]*)"`)}
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		switch to := r.URL.String(); {
		case strings.HasPrefix(to, s.TrustlyURL) || strings.HasPrefix(to, s.OpenIDURL):
			return http.ErrUseLastResponse
		case strings.HasPrefix(to, s.URL+"/oauth/authorize?"):
			b.state = r.URL.Query().Get("state")
		}
		return nil
	}
	return b, err
}

// refresh is where a page leads by itself: a browser without script waits on it, and looks again. The simulated one does so sooner.
var refresh = regexp.MustCompile(`<meta http-equiv="refresh" content="[0-9]+;url=([^"]+)">`)

// open goes to an address, and returns the provider's page or app that it leads to, or what the shop saw when it leads there.
func (b *browser) open(ctx context.Context, method, to string, form url.Values) (page string, visit *sim.OperatorVisit, err error) {
	req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(form.Encode()))
	if err != nil {
		return "", nil, err
	}
	req.Header.Set("Accept", "text/html, application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return "", nil, err
	case res.Header.Get("Location") != "":
		return res.Header.Get("Location"), nil, nil
	case !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json"):
		if b.app != nil {
			if link := b.app.FindSubmatch(body); link != nil {
				b.app = nil
				return html.UnescapeString(string(link[1])), nil, nil
			}
		}
		if again := refresh.FindSubmatch(body); again != nil {
			next, err := res.Request.URL.Parse(html.UnescapeString(string(again[1])))
			if err == nil {
				err = pause(ctx, 100*time.Millisecond)
			}
			if err != nil {
				return "", nil, err
			}
			return b.open(ctx, http.MethodGet, next.String(), nil)
		}
		return "", nil, fmt.Errorf("the browser did not come back to the shop, but stands at %s (%d)", res.Request.URL.Path, res.StatusCode)
	}
	visit = new(sim.OperatorVisit)
	return "", visit, json.Unmarshal(body, visit)
}

// Deposit has somebody sign up and deposit, and returns how long that took, from the shop's button to the shop's thanks. It may
// be called by many at once.
func (s *Sandbox) Deposit(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	visit, _, _, err := s.play(ctx, Story{provider: "trustly", what: "deposit", decision: "approve"})
	switch {
	case err != nil:
		return 0, err
	case visit.Problem != "" || visit.Error != "" || visit.TokenStatus != http.StatusOK || visit.CheckStatus != http.StatusOK:
		return 0, fmt.Errorf("the shop was answered %q, %d and %d: %s", visit.Error, visit.TokenStatus, visit.CheckStatus, visit.Problem)
	}
	return time.Since(begun), nil
}

// judge follows the run that the shop began with this state to its end, and draws it; and the run after it, where there is to be one.
func (s *Sandbox) judge(ctx context.Context, story Story, state string, r *Result) error {
	h := s.Current()
	run, err := begun(ctx, h, func(data flow.Onboarding) bool { return state != "" && data.Request.State == state })
	if err != nil {
		return fmt.Errorf("no run was begun: %w", err)
	}
	r.Run, r.runs = run.ID, []string{run.ID}
	if run, err = h.Engine.Await(ctx, run.ID, func(r engine.Run) bool { return r.Status.Over() }); err != nil {
		return fmt.Errorf("the run does not end: %w", err)
	}
	r.Status = run.Status
	if r.Status != story.status {
		r.Problems = append(r.Problems, fmt.Sprintf("the run ended %s, not %s", r.Status, story.status))
	}
	if err := s.draw(ctx, run, r); err != nil || !story.adjusted {
		return err
	}
	var after engine.Run
	// What begins it is a message about the first run, so a change of that is when to look.
	if _, looked := h.Engine.Await(ctx, run.ID, func(engine.Run) bool {
		after, err = begun(ctx, h, func(data flow.Adjusted) bool { return data.Deposit == run.ID })
		return parley.KindOf(err) != parley.KindNotFound
	}); looked != nil || err != nil {
		return fmt.Errorf("no run tells what happened after the deposit: %w", errors.Join(looked, err))
	}
	r.runs = append(r.runs, after.ID)
	if after, err = h.Engine.Await(ctx, after.ID, func(r engine.Run) bool { return r.Status.Over() }); err != nil {
		return fmt.Errorf("the run after the deposit does not end: %w", err)
	}
	return s.draw(ctx, after, r)
}

// begun finds, among the latest runs, the one whose memory is the one looked for.
func begun[M any](ctx context.Context, h *house.House, is func(M) bool) (engine.Run, error) {
	runs, err := h.Store.Runs(ctx, "", 100)
	if err != nil {
		return engine.Run{}, err
	}
	for _, run := range runs {
		var data M
		if json.Unmarshal(run.Data, &data) == nil && is(data) {
			return run, nil
		}
	}
	return engine.Run{}, parley.Errorf(parley.KindNotFound, "no such run")
}

// draw adds what happened in a run, and looks whether the picture tells the truth.
func (s *Sandbox) draw(ctx context.Context, run engine.Run, r *Result) error {
	h := s.Current()
	table, err := h.Engine.TableOf(run)
	if err != nil {
		return err
	}
	events, err := h.Store.Events(ctx, run.ID)
	if err != nil {
		return err
	}
	attempts, err := h.Store.Attempts(ctx, run.ID)
	if err != nil {
		return err
	}
	r.Events = append(r.Events, events...)
	names, about := s.names(run)
	if r.Picture != "" {
		r.Picture += "\n"
	}
	r.Picture += engine.Picture(table, run, events, attempts, names, about)
	if err := engine.Truth(table, run, events); err != nil {
		return fmt.Errorf("the picture does not tell the truth: %w", err)
	}
	return nil
}

// seen compares what the shop, the operator and the payment provider saw with what they should have.
func (story Story) seen(s *Sandbox, visit *sim.OperatorVisit, order *sim.TrustlyOrder, runs []string, complaints int) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if visit != nil {
		switch {
		case visit.Problem != "":
			wrong("the shop: %s", visit.Problem)
		case visit.Error != story.answer || visit.ErrCode != story.code:
			wrong("the shop was answered %s, not %s", answered(visit.Error, visit.ErrCode), answered(story.answer, story.code))
		case story.answer == "" && (visit.TokenStatus != http.StatusOK || visit.CheckStatus != http.StatusOK):
			wrong("the shop got %d for its code and %d for its token", visit.TokenStatus, visit.CheckStatus)
		}
	}
	var heard []string
	var txID string
	for _, m := range s.Operator.Heard() {
		run, _, _ := strings.Cut(m.Header.Get("Idempotency-Key"), "/") // what was dropped unread has no more than its headers
		if !slices.Contains(runs, run) {
			continue
		}
		heard = append(heard, m.Action)
		if id, ok := m.Body["txId"].(string); ok && run == runs[0] {
			txID = id
		}
	}
	if s.opts.OperatorURL == "" && !slices.Equal(heard, story.heard) {
		wrong("the operator heard %s, not %s", named(strings.Join(heard, ", ")), named(strings.Join(story.heard, ", ")))
	}
	for _, c := range s.Operator.Complaints()[complaints:] {
		wrong("the operator complains: %s", c)
	}
	state := ""
	for _, x := range s.Operator.Transactions() {
		if x.TxID == txID && txID != "" {
			state = x.State
			if x.State == "transferred" && x.Amount != story.credited {
				wrong("the operator was told of %s, not %s", x.Amount, story.credited)
			}
			if x.Transfers+x.Cancels > 1 {
				wrong("the operator accepted %d transfers and %d cancels", x.Transfers, x.Cancels)
			}
		}
	}
	if state != story.deposit && s.opts.OperatorURL == "" {
		wrong("the deposit is in the operator's books as %s, not %s", named(state), named(story.deposit))
	}
	if order != nil && order.Credited != story.credited {
		wrong("the payment provider moved %s, not %s", named(order.Credited), named(story.credited))
	}
	return problems
}

// named is what there is, or that there is nothing.
func named(what string) string {
	return cmp.Or(what, "nothing")
}

// answered is how the shop was answered at its redirect URI.
func answered(problem, code string) string {
	switch {
	case problem == "":
		return "with a code"
	case code == "":
		return problem
	}
	return problem + " (" + code + ")"
}

// String is the result as one line of JSON.
func (r Result) String() string {
	b, err := json.Marshal(r)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(b)
}
