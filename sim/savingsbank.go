package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a bank does, as Faults knows it. At the first four somebody asks the bank; at the others the bank asks, and a fault is the wire's or the
// bank's own: drop loses the request, lose the answer, twice sends it twice at once, garbage sends rubbish first, and refuse is the bank's no.
var (
	bankAnswers = []string{"events", "transactions", "id-token", "jwks"}
	bankAsks    = []string{"users", "open", "link", "settle", "reconcile", "feed", "consent"}
)

// BankOpenings are the ways in which the bank opens the account that its app was asked for, the usual one first.
var BankOpenings = []string{"later", "at-once", "twice", "storm", "without-external-id", "never"}

// BankActings are what the bank does about requested transactions, the usual one first.
var BankActings = []string{"settle", "fail", "hold"}

// BankTwists lists what can be wrong with its ID tokens.
var BankTwists = []string{"bad-signature", "expired", "wrong-aud", "wrong-iss", "no-sub", "alg-none", "hs256-with-public-key", "unknown-kid"}

// BankProgramme is a savings programme that the bank has with a server: one bank may have several, with nothing in common but the people's names.
type BankProgramme struct {
	ID, Name                         string
	API                              string // "https://parley.example/v1"
	App                              string // where the web app is: "https://parley.example"
	TokenURL, ClientID, ClientSecret string // OAuth client credentials; without a TokenURL it asks as it is
	Issuer, Audience                 string // of ID tokens; "{URL}/{ID}" and "parley" when empty
	AccountPerDream                  bool   // the bank links each dream to an account of its own; otherwise one account for all dreams of a person
	Consents                         bool   // accounts are opened while a person signs what a launch may take
	WebhookSecret                    string // "whsec_" and base64; signatures are not looked at when empty
	Currency                         string // SEK when empty
	Algorithm                        string // of ID tokens: ES256 when empty, or RS256
}

// BankOptions say what a bank is like. The zero value has no programmes and does as it should.
type BankOptions struct {
	URL        string // its own, without a slash at the end
	Programmes []BankProgramme
	Opening    string           // one of BankOpenings; the first when empty
	Acting     string           // one of BankActings; the first when empty
	Twist      string           // what is wrong with ID tokens; nothing when empty
	OpenAfter  time.Duration    // how long it takes to open an account later; 300 ms when zero
	Poll       time.Duration    // it also looks for requested transactions that often; never when zero
	RetryAfter []time.Duration  // how long it waits before it asks again what was not answered, the last for ever; 200 ms, 1 s, 5 s when empty
	Money      int64            // what a new customer has on the current account, in the minor unit; 10 000.00 when zero
	Now        func() time.Time // time.Now when nil
}

// Bank is a bank with savings programmes: it signs ID tokens for its customers, opens accounts when its app asks for them, acts on transactions,
// reconciles, tells what happens on current accounts, has transfer consents signed, and hears webhooks. BankApp is its app. It is an
// http.Handler, safe for use by many goroutines; Close ends what it does by itself.
type Bank struct {
	Faults Faults

	opt    BankOptions
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	changed    chan struct{} // closed when something has changed
	programmes []*bankProgramme
	complaints []string
	heard      []BankMessage
	numbered   int // how many were ever heard
	said       []BankCall
}

// bankProgramme is a programme with all that the bank has in it. Bank.mu guards what changes.
type bankProgramme struct {
	BankProgramme
	keys []*openIDKey // the last one signs

	customers  []*bankCustomer
	byName     map[string]*bankCustomer
	bySub      map[string]*bankCustomer
	byServerID map[string]*bankAccount // by the id that the server gave an account
	numbered   int                     // account numbers
	txs        []*BankTx
	txByID     map[string]*BankTx
	ledger     []BankEntry
	entries    int
	kick       chan struct{} // somebody should look at the transactions
	walking    sync.Mutex    // held by who looks
	tolds      int           // how many transactions the server has answered to know of

	events    []BankEvent
	eventSaid map[string][32]byte // the hash of what was heard under an event's id
	batchSaid map[string][32]byte
	told      map[string]bool // "type subject" of the events heard

	tokenMu sync.Mutex
	token   string
	ends    time.Time
}

// NewBank opens a bank with its test people in each programme: anna, bjorn, cecilia, david and eva.
func NewBank(opt BankOptions) *Bank {
	if opt.Opening == "" {
		opt.Opening = BankOpenings[0]
	}
	if opt.Acting == "" {
		opt.Acting = BankActings[0]
	}
	if opt.OpenAfter == 0 {
		opt.OpenAfter = 300 * time.Millisecond
	}
	if len(opt.RetryAfter) == 0 {
		opt.RetryAfter = []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second}
	}
	if opt.Money == 0 {
		opt.Money = 10_000_00
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	b := &Bank{opt: opt, changed: make(chan struct{}), client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for _, p := range opt.Programmes {
		set := func(field *string, value string) {
			if *field == "" {
				*field = value
			}
		}
		set(&p.Issuer, opt.URL+"/"+p.ID)
		set(&p.Audience, "parley")
		set(&p.Currency, "SEK")
		set(&p.Name, p.ID)
		in := &bankProgramme{BankProgramme: p, keys: []*openIDKey{openIDNewKey(p.Algorithm)}, byName: map[string]*bankCustomer{}, bySub: map[string]*bankCustomer{},
			byServerID: map[string]*bankAccount{}, txByID: map[string]*BankTx{}, kick: make(chan struct{}, 1),
			eventSaid: map[string][32]byte{}, batchSaid: map[string][32]byte{}, told: map[string]bool{}}
		b.programmes = append(b.programmes, in)
		for _, name := range [][3]string{{"anna", "Anna", "Lind"}, {"bjorn", "Björn", "Ek"}, {"cecilia", "Cecilia", "Åberg"}, {"david", "David", "Holm"}, {"eva", "Eva", "Östlund"}} {
			b.join(in, name[0], name[1], name[2])
		}
		b.run(func() { b.acts(in) })
	}
	return b
}

// Close ends what the bank does by itself, and returns when it has ended.
func (b *Bank) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.cancel()
	b.wg.Wait()
	b.client.CloseIdleConnections()
}

// run is how every goroutine begins, so that Close can wait for it; after Close it does nothing.
func (b *Bank) run(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.wg.Go(f)
	}
}

// sleep is false if the bank is closed, or nobody waits any longer, before the time is over.
func (b *Bank) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil && b.ctx.Err() == nil
	case <-ctx.Done():
	case <-b.ctx.Done():
	}
	return false
}

// touch has everybody who waits for something look again. The lock is held.
func (b *Bank) touch() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// Until waits until ok is true, looking whenever something has happened at the bank.
func (b *Bank) Until(ctx context.Context, ok func() bool) error {
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-b.ctx.Done():
			return errors.New("the bank is closed")
		}
	}
}

// programme finds one by its id.
func (b *Bank) programme(id string) (*bankProgramme, error) {
	i := slices.IndexFunc(b.programmes, func(p *bankProgramme) bool { return p.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("the bank has no programme %q", id)
	}
	return b.programmes[i], nil
}

// Programmes are the programmes, as they were given, with what was empty filled in.
func (b *Bank) Programmes() (all []BankProgramme) {
	for _, p := range b.programmes {
		all = append(all, p.BankProgramme)
	}
	return all
}

// Complaints are what the server did and must not: what it asked the bank to do without an account, showed again after it had been settled,
// told out of order, signed wrongly, or answered unlike the wire says. A server that keeps to the protocol causes none.
func (b *Bank) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

// complain notes a complaint. The lock is held.
func (b *Bank) complain(p *bankProgramme, action, format string, args ...any) {
	b.complaints = operatorKeep(b.complaints, p.ID+": "+action+": "+fmt.Sprintf(format, args...))
	b.touch()
}

func (b *Bank) complains(p *bankProgramme, action, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complain(p, action, format, args...)
}

// Opening, Acting and Twist are what was chosen for all that the bank does.
func (b *Bank) Opening() string { return b.chosen(&b.opt.Opening) }

// Acting is what the bank does about requested transactions.
func (b *Bank) Acting() string { return b.chosen(&b.opt.Acting) }

// Twist is what is wrong with ID tokens; "" for nothing.
func (b *Bank) Twist() string { return b.chosen(&b.opt.Twist) }

// SetOpening chooses how accounts are opened from now on.
func (b *Bank) SetOpening(how string) { b.choose(&b.opt.Opening, how) }

// SetActing chooses what is done about requested transactions. When it no longer holds them, it looks at once.
func (b *Bank) SetActing(how string) {
	b.choose(&b.opt.Acting, how)
	for _, p := range b.programmes {
		p.look()
	}
}

// SetTwist chooses what is wrong with ID tokens; "" puts it right.
func (b *Bank) SetTwist(twist string) { b.choose(&b.opt.Twist, twist) }

func (b *Bank) chosen(of *string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *of
}

func (b *Bank) choose(of *string, value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*of = value
	b.touch()
}

// Actions are what the bank can be told to do badly, as Faults knows it.
func (b *Bank) Actions() []string { return append(slices.Clone(bankAnswers), bankAsks...) }

// FaultsOf are the ways in which an action can misbehave.
func (b *Bank) FaultsOf(action string) []Fault {
	switch {
	case slices.Contains(bankAnswers, action):
		return slices.Clone(AllFaults)
	case action == "open" || action == "settle" || action == "consent":
		return []Fault{Behave, Refuse, Garbage, Slow, Drop, Lose, Twice}
	case slices.Contains(bankAsks, action):
		return []Fault{Behave, Garbage, Slow, Drop, Lose, Twice}
	}
	return nil
}

// ServeHTTP answers what each programme has below its id (/{programme}/id-token, jwks, users, do, webhooks/events, webhooks/transactions, app), and
// the pages for people.
func (b *Bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, operatorMaxBody)
	switch {
	case asset(w, r, r.URL.Path):
		return
	case r.URL.Path == "/":
		b.home(w, r)
		return
	case r.URL.Path == "/behaviour":
		behaviour(w, r, b)
		return
	case strings.HasPrefix(r.URL.Path, "/heard/"):
		b.heardPage(w, r)
		return
	}
	id, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	p, err := b.programme(id)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	method, serve := http.MethodPost, map[string]func(http.ResponseWriter, *http.Request, *bankProgramme){
		"id-token": b.serveToken, "jwks": b.serveKeys, "users": b.serveUsers, "do": b.serveDo, "webhooks/events": b.hearEvents, "webhooks/transactions": b.hearNotice,
		"app": b.phone, "app/stranger": b.stranger, "app/asked": b.hosted(b.hearAsk), "app/open": b.hosted(b.openAsked), "app/sign": b.hosted(b.signAsked),
	}[what]
	if slices.Contains([]string{"jwks", "users", "app", "app/stranger"}, what) {
		method = http.MethodGet
	}
	if what == "id-token" && r.Header.Get("Origin") == strings.TrimSuffix(p.App, "/") { // the SDK's own page is shown by the server
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	switch {
	case serve == nil:
		http.NotFound(w, r)
	case r.Method != method:
		w.Header().Set("Allow", method)
		http.Error(w, "that is a "+method, http.StatusMethodNotAllowed)
	default:
		serve(w, r, p)
	}
}

// bankJSON is an answer in JSON.
func bankJSON(status int, v any) operatorAnswer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps, lists, strings and numbers
	}
	return operatorAnswer{Status: status, Type: "application/json", Body: append(body, '\n')}
}

// bankNo is an answer that says why not.
func bankNo(status int, why string) operatorAnswer {
	return bankJSON(status, map[string]string{"error": why})
}
