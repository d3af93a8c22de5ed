package flow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/engine"
	"parley/flow"
	"parley/house"
	"parley/sandbox"
	"parley/sim"
	"parley/store"
)

// before is where the books stood when a case began.
type before struct {
	lastRun                             string
	heard, complaints, orders, messages int
}

func (r *rig) mark() before {
	return before{engine.NewID(), len(r.s.Operator.Heard()), len(r.s.Operator.Complaints()), len(r.s.Trustly.Orders()), len(r.s.Trustly.Sent())}
}

// since are the runs that began after the mark.
func (r *rig) since(b before) []engine.Run {
	runs, err := r.db.Runs(r.t.Context(), "", 50)
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(runs, func(run engine.Run) bool { return run.ID < b.lastRun })
}

// settle lets time pass until every run is over, or, where a person must look, stands still for good.
func (r *rig) settle(b before) error {
	r.horizon.Store(int64(400 * 24 * time.Hour))
	defer r.horizon.Store(int64(15 * time.Second))
	began := time.Now()
	var quiet time.Time // since when nothing is left to do
	for {
		open := ""
		for _, run := range r.since(b) {
			if !run.Status.Over() && run.Attention == "" {
				open = fmt.Sprintf("run %s of %s is %s at row %d", run.ID, run.Flow, run.Status, run.Step)
			}
		}
		switch {
		case open != "" || r.now().dead.Load():
			quiet = time.Time{}
		case quiet.IsZero():
			quiet = time.Now()
		case time.Since(quiet) > 80*time.Millisecond: // longer than the provider takes to say it again
			return nil
		}
		if time.Since(began) > 20*time.Second {
			return fmt.Errorf("after a year, %s", open)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// check holds everything that must always hold against what everybody has in their books since the mark. It names the invariant.
func (r *rig) check(b before, e end) (broken []string) {
	wrong := func(invariant int, format string, args ...any) {
		broken = append(broken, fmt.Sprintf("invariant %d: ", invariant)+fmt.Sprintf(format, args...))
	}
	looked := map[string]bool{} // the deposits that a person must look at: what is reserved for them stays so until they have
	for _, run := range r.since(b) {
		var m struct{ DepositTx int64 }
		if json.Unmarshal(run.Data, &m) == nil && run.Attention != "" {
			looked[strconv.FormatInt(m.DepositTx, 10)] = true
		}
	}
	findings, err := store.Verify(r.t.Context(), r.db.DB(), r.s.Current().Desk.Tables()...)
	if err != nil {
		wrong(0, "the database cannot be verified: %v", err)
	}
	for _, f := range findings {
		if f.Run >= b.lastRun {
			wrong(f.Number, "%s: run %s: %s", f.Title, f.Run, f.Detail)
		}
	}
	for _, run := range r.since(b) {
		table, err := r.s.Current().Engine.TableOf(run)
		if err != nil {
			wrong(21, "%v", err)
			continue
		}
		events, err := r.db.Events(r.t.Context(), run.ID)
		if err != nil {
			wrong(23, "%v", err)
		}
		if err := engine.Truth(table, run, events); err != nil {
			wrong(23, "run %s of %s: %v", run.ID, run.Flow, err)
		}
		if len(events) > 0 {
			r.checkDiscretion(run, events, e, wrong)
		}
	}
	heard := r.s.Operator.Heard()[b.heard:]
	r.checkWords(heard, wrong)
	r.checkBooks(b, heard, looked, wrong)
	for _, c := range r.s.Operator.Complaints()[b.complaints:] {
		if strings.Contains(c, "webhook-timestamp") {
			continue // our clock jumped while the words were under way
		}
		wrong(1, "the operator complains: %s", c)
	}
	if v := e.visit; v != nil {
		switch {
		case v.Problem != "":
			wrong(6, "the shop: %s", v.Problem)
		case v.Code != "" && v.TokenStatus == 200 && v.CheckStatus != 200 && v.CheckStatus != 0:
			wrong(6, "the token of a good code is not known: %d", v.CheckStatus)
		case v.Code == "" && v.Error == "":
			wrong(10, "the browser came back with nothing")
		}
	}
	return broken
}

// checkWords: however often something was said about a transaction, it bore the same key and the same body.
func (r *rig) checkWords(heard []sim.OperatorMessage, wrong func(int, string, ...any)) {
	type word struct {
		key  string
		body []byte
	}
	first := map[string]word{}
	for _, m := range heard {
		if len(m.Raw) == 0 { // it was dropped before it was read
			continue
		}
		id, _ := m.Body["txId"].(string)
		if id == "" {
			id, _ = m.Body["txRefId"].(string)
		}
		said, now := first[m.Action+" "+id], word{m.Header.Get("Idempotency-Key"), m.Raw}
		switch {
		case now.key == "":
			wrong(20, "%s of %s was said without a key", m.Action, id)
		case said.key == "":
			first[m.Action+" "+id] = now
		case said.key != now.key:
			wrong(20, "%s of %s was said with the keys %s and %s", m.Action, id, said.key, now.key)
		case !bytes.Equal(said.body, now.body):
			wrong(1, "%s of %s was said with two meanings", m.Action, id)
		}
	}
}

// checkBooks holds the operator's books against the payment provider's.
func (r *rig) checkBooks(b before, heard []sim.OperatorMessage, looked map[string]bool, wrong func(int, string, ...any)) {
	mine := map[string]bool{}
	for _, m := range heard {
		if id, ok := m.Body["txId"].(string); ok {
			mine[id] = true
		}
	}
	// After the provider was told to go on, only its own word may release what is reserved.
	for _, o := range r.s.Trustly.Orders()[b.orders:] {
		saidNo := slices.ContainsFunc(r.s.Trustly.Sent()[b.messages:], func(d sim.TrustlyDelivery) bool {
			return d.OrderID == o.OrderID && d.Method == "cancel"
		})
		if said := slices.IndexFunc(heard, func(m sim.OperatorMessage) bool { return m.Action == "cancel" }); said >= 0 && !saidNo && rat(o.Credited).Sign() > 0 {
			wrong(3, "order %s was paid, its provider never said no, and %v was cancelled", o.OrderID, heard[said].Body["txId"])
		}
	}
	told := new(big.Rat)
	for _, x := range r.s.Operator.Transactions() {
		if !mine[x.TxID] {
			continue
		}
		if x.Transfers > 0 {
			told.Add(told, rat(x.Amount))
		}
		switch {
		case x.State == "reserved" && !looked[x.TxID]:
			wrong(2, "%s is reserved for ever", x.TxID)
		case x.Transfers > 0 && x.Cancels > 0:
			wrong(2, "%s was transferred and cancelled", x.TxID)
		}
	}
	moved := new(big.Rat)
	refused := map[string]bool{}
	for _, m := range heard {
		if m.Fault == sim.Refuse && (m.Action == "signin" || m.Action == "authorize") {
			refused[m.Action] = true
		}
	}
	for _, o := range r.s.Trustly.Orders()[b.orders:] {
		moved.Add(moved, rat(o.Credited))
		moved.Sub(moved, rat(o.Debited))
		if len(o.KYCAnswers) > 1 {
			wrong(7, "order %s was answered %v", o.OrderID, o.KYCAnswers)
		}
		if len(refused) > 0 && rat(o.Credited).Sign() > 0 {
			wrong(3, "order %s was paid although %v was refused", o.OrderID, refused)
		}
	}
	if moved.Cmp(told) != 0 {
		wrong(1, "the provider moved %s, and the operator heard of %s", moved.FloatString(2), told.FloatString(2))
	}
}

// TestTwoThingsGoWrongAtOnce is what no arrow's own attacks can be: each needs two that go wrong together.
func TestTwoThingsGoWrongAtOnce(t *testing.T) {
	r := newRig(t)
	pays := journey{provider: "trustly", what: "deposit", decision: "approve"}
	for _, a := range []attack{
		{name: "transfer is not heard while the account comes", walk: with(pays, func(j *journey) { j.scenario.Order = "kyc-credit-account" }), odd: true,
			arm:  func(r *rig) { r.s.Operator.Faults.Set("transfer", sim.Lose, -1) },
			heal: func(r *rig) { r.s.Operator.Faults.Set("transfer", sim.Behave, 0) }},
		{name: "credit is lost and the ledger is down", walk: pays, odd: true,
			arm: func(r *rig) {
				r.s.Trustly.Faults.Set("credit", sim.Drop, 5)
				r.s.Trustly.Faults.Set("AccountLedger", sim.Broken, -1)
			},
			heal: func(r *rig) { r.s.Trustly.Faults.Set("AccountLedger", sim.Behave, 0) }},
		{name: "authorize is heard and never answered, and then cancel", walk: pays, odd: true,
			arm: func(r *rig) {
				r.s.Operator.Faults.Set("authorize", sim.Lose, -1)
				r.s.Operator.Faults.Set("cancel", sim.Lose, 2)
			},
			heal: func(r *rig) { r.s.Operator.Faults.Set("authorize", sim.Behave, 0) }},
		{name: "the process dies after authorize, and then nobody answers it", walk: pays, odd: true, arm: func(r *rig) { r.dieAfter("authorize", 1, true) }},
	} {
		t.Run(a.name, func(t *testing.T) { r.suffer(t, a) })
	}
}

// TestTheProviderSpeaksFirst repeats the attacks on what the payment provider tells with a clock that does not run ahead to our own question:
// there, the payment is learned from the notification, and not from the ledger before it.
func TestTheProviderSpeaksFirst(t *testing.T) {
	r := newRig(t)
	for _, j := range variants {
		for _, table := range tables(j) {
			for _, arrow := range table.Arrows() {
				if table.Name != "sign-up-and-deposit" || arrow.From != flow.PaymentProvider {
					continue
				}
				for _, a := range attacks(j, table.Name, arrow) {
					t.Run(j.String()+"/"+arrow.Name+"/"+a.name, func(t *testing.T) {
						r.horizon.Store(int64(2 * time.Second)) // settle sets it back
						r.suffer(t, a)
					})
				}
			}
		}
	}
}

// TestTheProcessDiesAfterAWord kills the process when the operator has heard a word and before its answer is read. Which one is said by
// its name: counted from the start, as in TestTheProcessDiesAnywhere, it would depend on whether the ledger was asked in the meantime.
func TestTheProcessDiesAfterAWord(t *testing.T) {
	r := newRig(t)
	words := map[string]string{"signin": "", "authorize": "", "transfer": "", "cancel": "pay-fails", "second transfer": "kyc-credit-debit"}
	for _, j := range variants {
		if j.what == "signin" {
			continue
		}
		for _, word := range slices.Sorted(maps.Keys(words)) {
			t.Run(j.String()+"/"+word, func(t *testing.T) {
				action, nth := strings.TrimPrefix(word, "second "), int64(1)
				if action != word {
					nth = 2
				}
				var died func() bool
				r.suffer(t, attack{walk: with(j, func(j *journey) { j.scenario.Order = words[word] }), odd: true,
					arm: func(r *rig) { died = r.dieAfter(action, nth, false) }})
				if !died() {
					t.Errorf("%s was not said, so nobody died", word)
				}
			})
		}
	}
}

// dieAfter has the process die when the operator has heard an action for the nth time and before its answer is read; died says whether it
// did. When the operator is then gone, nobody answers that action any more, so that what the next process says of it has certainly not
// been heard.
func (r *rig) dieAfter(action string, nth int64, gone bool) (died func() bool) {
	type trip = func(*http.Request) (*http.Response, error)
	next := func(wrap func(l *life, usual trip) trip) *life {
		r.working.Lock()
		defer r.working.Unlock()
		r.now().dead.Store(true) // the pump starts nothing more in it, and no other
		r.s.Current().Engine.Idle()
		l := newLife("", 0)
		parts := r.parts(l)
		parts.Wrap = func(inner http.RoundTripper) http.RoundTripper {
			usual := wire{inner, l}.RoundTrip
			special := wrap(l, usual)
			return roundTrip(func(req *http.Request) (*http.Response, error) {
				if strings.HasSuffix(req.URL.Path, "/"+action) {
					return special(req)
				}
				return usual(req)
			})
		}
		r.begin(parts, l)
		return l
	}
	heard := make(chan struct{})
	var said atomic.Int64
	doomed := next(func(l *life, usual trip) trip {
		return func(req *http.Request) (*http.Response, error) {
			res, err := usual(req)
			if said.Add(1) < nth || err != nil {
				return res, err
			}
			res.Body.Close()
			if l.dead.CompareAndSwap(false, true) {
				close(heard)
				if !gone {
					close(l.died) // the pump starts the next
				}
			}
			return nil, errDead
		}
	})
	if gone {
		r.wg.Go(func() {
			select {
			case <-heard:
			case <-r.stop:
				return
			}
			next(func(*life, trip) trip {
				return func(*http.Request) (*http.Response, error) {
					return nil, &net.OpError{Op: "dial", Err: errors.New("nobody is there")}
				}
			})
		})
	}
	return doomed.dead.Load
}

func (r *rig) begin(parts house.Parts, l *life) {
	if err := r.s.Reopen(r.t.Context(), parts); err != nil {
		r.t.Errorf("start again: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.life = l
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestACodeIsRedeemedOnce has a shop in a hurry redeem each code many times at once: none says what it wants before all are heard, so that
// nobody comes when the others have been answered.
func TestACodeIsRedeemedOnce(t *testing.T) {
	const times = 32
	r := newRig(t)
	won := make(chan int, 1)
	patient := &http.Transport{MaxIdleConnsPerHost: times, ExpectContinueTimeout: 20 * time.Second}
	t.Cleanup(patient.CloseIdleConnections)
	hurry := roundTrip(func(req *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(req.URL.Path, "/token") {
			return patient.RoundTrip(req)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		var here, all sync.WaitGroup
		here.Add(times)
		answers := make([]*http.Response, times)
		for i := range answers {
			all.Go(func() {
				again := req.Clone(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{Got100Continue: here.Done}))
				again.Header.Set("Expect", "100-continue")
				again.Body = io.NopCloser(held{bytes.NewReader(body), here.Wait})
				if res, err := patient.RoundTrip(again); err == nil {
					kept, _ := io.ReadAll(res.Body)
					res.Body.Close()
					res.Body = io.NopCloser(bytes.NewReader(kept))
					answers[i] = res
				}
			})
		}
		all.Wait()
		good := slices.DeleteFunc(answers, func(res *http.Response) bool { return res == nil || res.StatusCode != http.StatusOK })
		won <- len(good)
		if len(good) == 0 {
			return nil, errors.New("nobody won")
		}
		return good[0], nil
	})
	r.s.Operator.Connect(sim.ShopClient{AuthorizeURL: r.s.URL + "/oauth/authorize", TokenURL: r.s.URL + "/oauth/token", CheckTokenURL: r.s.URL + "/oauth/check_token",
		Issuer: r.s.URL, ClientID: sandbox.ShopClient, ClientSecret: sandbox.ShopSecret, RedirectURI: r.s.OperatorURL + "/shop/callback",
		HTTP: &http.Client{Transport: hurry, Timeout: 20 * time.Second}})
	for _, j := range variants {
		t.Run(j.String(), func(t *testing.T) {
			r.suffer(t, attack{walk: j})
			if n := <-won; n != 1 {
				t.Errorf("invariant 6: one code was redeemed %d times", n)
			}
		})
	}
}

// held is a body that is not given before its time.
type held struct {
	io.Reader
	wait func()
}

func (h held) Read(b []byte) (int, error) {
	h.wait()
	return h.Reader.Read(b)
}

func rat(s string) *big.Rat {
	if s == "" {
		return new(big.Rat)
	}
	n, ok := new(big.Rat).SetString(strings.TrimSpace(s))
	if !ok {
		panic("not an amount: " + s)
	}
	return n
}
