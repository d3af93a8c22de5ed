package sandbox

import (
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

	"parley/engine"
	"parley/sim"
)

// Story is one conversation from the shop to its end, and what every party must have seen in it.
type Story struct {
	Name  string
	Title string

	provider string // as the shop's form says
	what     string // "signin" or "deposit"
	before   func(*Sandbox)
	after    func(*Sandbox)
	decision string // of the person: "approve", "deny" or "cancel"

	status   engine.Status
	answer   string   // "" for a code and a token; otherwise the OAuth error at the redirect URI
	code     string   // errCode at the redirect URI
	deposit  string   // what became of it at the operator: "transferred", "cancelled", "" for never asked
	heard    []string // what the operator was told, in order
	credited string   // what the payment provider moved
}

// Stories are the stories that show the whole of the first two flows.
func (s *Sandbox) Stories() []Story {
	refuse := func(action string) func(*Sandbox) {
		return func(s *Sandbox) { s.Operator.Faults.Set(action, sim.Refuse, 1) }
	}
	return []Story{
		{Name: "sign-in", Title: "Somebody signs in with an OpenID provider", provider: "openid", what: "signin", decision: "approve",
			status: engine.StatusDone},
		{Name: "deposit", Title: "Somebody signs up and deposits", provider: "trustly", what: "deposit", decision: "approve",
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer"}, credited: "500.00"},
		{Name: "denied", Title: "The person changes their mind", provider: "trustly", what: "deposit", decision: "cancel",
			status: engine.StatusRefused, answer: "access_denied"},
		{Name: "refused-at-signin", Title: "The operator refuses the person", provider: "trustly", what: "deposit", decision: "approve", before: refuse("signin"),
			status: engine.StatusRefused, answer: "access_denied", code: "101", heard: []string{"signin"}},
		{Name: "refused-at-authorize", Title: "The operator refuses the deposit", provider: "trustly", what: "deposit", decision: "approve", before: refuse("authorize"),
			status: engine.StatusRefused, answer: "access_denied", code: "101", heard: []string{"signin", "authorize"}},
		{Name: "payment-failed", Title: "The bank refuses the payment", provider: "trustly", what: "deposit", decision: "approve",
			before: func(s *Sandbox) { s.Trustly.SetScenario(sim.TrustlyScenario{Order: "pay-fails"}) },
			after:  func(s *Sandbox) { s.Trustly.SetScenario(sim.TrustlyScenario{}) },
			status: engine.StatusRefused, answer: "access_denied", deposit: "cancelled", heard: []string{"signin", "authorize", "cancel"}},
		{Name: "bankid-sign-in", Title: "Somebody signs in with the app on their telephone", provider: "bankid", what: "signin", decision: "approve",
			status: engine.StatusDone},
		{Name: "bankid", Title: "Somebody identifies themselves in an app, and deposits at their bank", provider: "bankid", what: "deposit", decision: "approve",
			status: engine.StatusDone, deposit: "transferred", heard: []string{"signin", "authorize", "transfer"}, credited: "500.00"},
	}
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
}

// Tell plays a story, without a browser, and says what every party saw. Stories are told one at a time, to a sandbox whose simulated
// person does not act by themselves.
func (s *Sandbox) Tell(ctx context.Context, story Story) Result {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	begun := time.Now()
	r := Result{Story: story.Name, Title: story.Title}
	told, complaints := len(s.Operator.Heard()), len(s.Operator.Complaints())
	if story.before != nil {
		story.before(s)
	}
	visit, order, err := s.play(ctx, story)
	if story.after != nil {
		story.after(s)
	}
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
	}
	var run engine.Run
	if runs, err := s.House.Store.Runs(ctx, "", 1); err != nil || len(runs) == 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("no run was begun (%v)", err))
	} else if run, err = s.House.Engine.Await(ctx, runs[0].ID, func(r engine.Run) bool { return r.Status.Over() }); err != nil {
		r.Problems = append(r.Problems, "the run does not end: "+err.Error())
	}
	r.Millis = time.Since(begun).Milliseconds()
	if run.ID != "" {
		r.Problems = append(r.Problems, s.judge(ctx, story, &r, run)...)
	}
	r.Problems = append(r.Problems, story.seen(s, visit, order, told, complaints)...)
	r.OK = len(r.Problems) == 0
	return r
}

// play is the person: from the shop's button to where the browser ends up. It may be played by many at once.
func (s *Sandbox) play(ctx context.Context, story Story) (*sim.OperatorVisit, *sim.TrustlyOrder, error) {
	b, err := s.browser()
	if err != nil {
		return nil, nil, err
	}
	page, _, err := b.open(ctx, http.MethodPost, s.OperatorURL+"/shop/start", url.Values{"provider": {story.provider}, "what": {story.what}})
	if err != nil {
		return nil, nil, fmt.Errorf("begin at the shop: %w", err)
	}
	var visit *sim.OperatorVisit
	var order *sim.TrustlyOrder
	for page != "" { // who the person is, and then perhaps the payment
		back, at, err := s.act(page, story.decision)
		if at != nil {
			order = at
		}
		if err != nil {
			return nil, order, fmt.Errorf("act at the provider: %w", err)
		}
		if page, visit, err = b.open(ctx, http.MethodGet, back, nil); err != nil {
			return nil, order, fmt.Errorf("come back: %w", err)
		}
	}
	return visit, order, nil
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
	if o.State != sim.TrustlyCredited {
		back, _ = o.Attributes["FailURL"].(string)
	}
	return back, &o, nil
}

// browser is a person's, as far as following redirects goes: it stops at a provider's page, where the person acts.
type browser struct {
	http.Client
	app *regexp.Regexp // a link that opens the app of a provider which has no page
}

func (s *Sandbox) browser() (*browser, error) {
	jar, err := cookiejar.New(nil)
	app := regexp.MustCompile(`href="(` + regexp.QuoteMeta(s.BankIDURL) + `[^"]*)"`)
	return &browser{app: app, Client: http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: s.wires, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), s.TrustlyURL) || strings.HasPrefix(r.URL.String(), s.OpenIDURL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}, err
}

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
		if link := b.app.FindSubmatch(body); link != nil {
			return html.UnescapeString(string(link[1])), nil, nil
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
	visit, _, err := s.play(ctx, Story{provider: "trustly", what: "deposit", decision: "approve"})
	switch {
	case err != nil:
		return 0, err
	case visit.Problem != "" || visit.Error != "" || visit.TokenStatus != http.StatusOK || visit.CheckStatus != http.StatusOK:
		return 0, fmt.Errorf("the shop was answered %q, %d and %d: %s", visit.Error, visit.TokenStatus, visit.CheckStatus, visit.Problem)
	}
	return time.Since(begun), nil
}

// judge looks at the run, and draws it.
func (s *Sandbox) judge(ctx context.Context, story Story, r *Result, run engine.Run) (problems []string) {
	r.Run, r.Status = run.ID, run.Status
	table, err := s.House.Engine.TableOf(run)
	if err != nil {
		return []string{err.Error()}
	}
	events, err := s.House.Store.Events(ctx, run.ID)
	if err != nil {
		return []string{err.Error()}
	}
	attempts, err := s.House.Store.Attempts(ctx, run.ID)
	if err != nil {
		return []string{err.Error()}
	}
	r.Events = events
	names, about := s.House.Desk.Names(run)
	r.Picture = engine.Picture(table, run, events, attempts, names, about)
	if run.Status != story.status {
		problems = append(problems, fmt.Sprintf("the run ended %s, not %s", run.Status, story.status))
	}
	if err := engine.Truth(table, run, events); err != nil {
		problems = append(problems, "the picture does not tell the truth: "+err.Error())
	}
	return problems
}

// seen compares what the shop, the operator and the payment provider saw with what they should have.
func (story Story) seen(s *Sandbox, visit *sim.OperatorVisit, order *sim.TrustlyOrder, told, complaints int) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if visit != nil {
		switch {
		case visit.Problem != "":
			wrong("the shop: %s", visit.Problem)
		case visit.Error != story.answer || visit.ErrCode != story.code:
			wrong("the shop was answered %q %q, not %q %q", visit.Error, visit.ErrCode, story.answer, story.code)
		case story.answer == "" && (visit.TokenStatus != http.StatusOK || visit.CheckStatus != http.StatusOK):
			wrong("the shop got %d for its code and %d for its token", visit.TokenStatus, visit.CheckStatus)
		}
	}
	var heard []string
	var txID string
	for _, m := range s.Operator.Heard()[told:] {
		heard = append(heard, m.Action)
		if id, ok := m.Body["txId"].(string); ok {
			txID = id
		}
	}
	if s.opts.OperatorURL == "" && !slices.Equal(heard, story.heard) {
		wrong("the operator heard %v, not %v", heard, story.heard)
	}
	for _, c := range s.Operator.Complaints()[complaints:] {
		wrong("the operator complains: %s", c)
	}
	state := ""
	for _, x := range s.Operator.Transactions() {
		if x.TxID == txID && txID != "" {
			state = x.State
			if x.Transfers+x.Cancels > 1 {
				wrong("the operator accepted %d transfers and %d cancels", x.Transfers, x.Cancels)
			}
		}
	}
	if state != story.deposit && s.opts.OperatorURL == "" {
		wrong("the operator's books say %q, not %q", state, story.deposit)
	}
	if order != nil && order.Credited != story.credited {
		wrong("the payment provider moved %q, not %q", order.Credited, story.credited)
	}
	return problems
}

// String is the result as one line of JSON.
func (r Result) String() string {
	b, err := json.Marshal(r)
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(b)
}
