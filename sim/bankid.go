package sim

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// The faults that only BankID has.
const (
	BankIDMaintenance Fault = "maintenance" // answer 503 in BankID's own form, having done nothing
	BankIDForbidden   Fault = "forbidden"   // answer 403 in HTML, as what stands in front of the API does
)

// BankIDOptions say how the simulated BankID behaves. The zero value asks the person.
type BankIDOptions struct {
	Auto       string           // "approve" or "deny" at once, or "" to ask the person
	AutoPerson string           // who approves when the order names nobody; the first of Persons when empty
	Twist      string           // what is odd about the answers; see BankIDTwists
	Persons    []OpenIDPerson   // OpenIDPersons when empty
	Now        func() time.Time // time.Now when nil
}

// BankIDTwists lists what Twist can be.
var BankIDTwists = []string{"unknown-hint", "unknown-status", "unknown-failure", "no-client", "date-time", "date-zone", "no-data", "no-number", "another-person", "another-address"}

// BankIDRequest is one request the API heard.
type BankIDRequest struct {
	Endpoint string // auth, collect or cancel
	At       time.Time
	Body     map[string]any // nil when it was dropped
	Status   int            // 0 when it was dropped
	Fault    Fault
}

var bankIDActions = []string{"auth", "collect", "cancel"}

// BankID is the Swedish BankID as relying parties and people see it: the API below /rp/v6.0/, and /app, which is the app. Its actions, for
// Faults, are auth, collect and cancel; Refuse is alreadyInProgress at auth, a failed order at collect (certificateErr), and an order that is
// not known at cancel. It is an http.Handler, safe for use by many goroutines.
type BankID struct {
	Faults Faults

	mu         sync.Mutex
	opt        BankIDOptions
	heard      []BankIDRequest
	complaints []string
	orders     []*bankIDOrder // the oldest first
}

// NewBankID builds one.
func NewBankID(opt BankIDOptions) *BankID {
	if len(opt.Persons) == 0 {
		opt.Persons = OpenIDPersons()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &BankID{opt: opt}
}

// SetTwist changes what is odd about the answers from now on; "" puts it right.
func (b *BankID) SetTwist(twist string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opt.Twist = twist
}

// Heard returns what the API was asked, oldest first; with endpoints, only those.
func (b *BankID) Heard(endpoints ...string) []BankIDRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []BankIDRequest
	for _, h := range b.heard {
		if len(endpoints) == 0 || slices.Contains(endpoints, h.Endpoint) {
			h.Body = maps.Clone(h.Body)
			out = append(out, h)
		}
	}
	return out
}

// Complaints are what the relying party did and must not: asked more often than once a second, or again after it was told the end.
func (b *BankID) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

// Twist is what is odd about the answers at the moment; "" when nothing is.
func (b *BankID) Twist() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opt.Twist
}

// Actions are the endpoints that can misbehave, as Faults knows them.
func (b *BankID) Actions() []string { return slices.Clone(bankIDActions) }

// FaultsOf are the ways in which an action can misbehave.
func (b *BankID) FaultsOf(action string) []Fault {
	return faultsOf(b.Actions(), action, append(slices.Clone(AllFaults), BankIDMaintenance, BankIDForbidden))
}

// ServeHTTP answers the API, the app, and the pages /, /twist and /behaviour for people.
func (b *BankID) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, operatorMaxBody)
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/rp/v6.0/"):
		b.api(w, r, strings.TrimPrefix(path, "/rp/v6.0/"))
	case path == "/app":
		b.app(w, r)
	case path == "/behaviour":
		behaviour(w, r, b)
	case path == "/twist":
		twistPage(w, r, b, BankIDTwists)
	case path == "/":
		b.home(w, r)
	default:
		if !asset(w, r, path) {
			http.NotFound(w, r)
		}
	}
}

func bankIDJSON(status int, v any) operatorAnswer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only maps of strings
	}
	return operatorAnswer{Status: status, Type: "application/json", Body: body}
}

func bankIDNo(status int, code, details string) operatorAnswer {
	return bankIDJSON(status, map[string]string{"errorCode": code, "details": details})
}

func bankIDInvalid(details string) operatorAnswer {
	return bankIDNo(http.StatusBadRequest, "invalidParameters", details)
}

// api answers a relying party.
func (b *BankID) api(w http.ResponseWriter, r *http.Request, endpoint string) {
	act := map[string]func(map[string]any, *bankIDCall) operatorAnswer{"auth": b.auth, "collect": b.collect, "cancel": b.forget}[endpoint]
	if act == nil {
		bankIDNo(http.StatusNotFound, "notFound", "No such endpoint").write(w)
		return
	}
	if r.Method != http.MethodPost {
		bankIDNo(http.StatusMethodNotAllowed, "methodNotAllowed", "Only POST").write(w)
		return
	}
	call := &bankIDCall{fault: b.Faults.Take(endpoint)}
	var body map[string]any
	var wrong *operatorAnswer
	if call.fault != Drop {
		raw, err := io.ReadAll(r.Body)
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case kind != "application/json":
			a := bankIDNo(http.StatusUnsupportedMediaType, "unsupportedMediaType", "Must be application/json")
			wrong = &a
		case err != nil || json.Unmarshal(raw, &body) != nil || body == nil:
			a := bankIDInvalid("Invalid request")
			wrong = &a
		}
	}
	operatorMisbehave(w, r, call.fault, b.Faults.Wait(), func() operatorAnswer {
		switch {
		case wrong != nil:
			return *wrong
		case call.fault == BankIDMaintenance:
			return bankIDNo(http.StatusServiceUnavailable, "maintenance", "The service is temporarily unavailable")
		case call.fault == BankIDForbidden:
			return operatorAnswer{Status: http.StatusForbidden, Type: "text/html; charset=utf-8", Body: []byte("<html><head><title>403 Forbidden</title></head></html>\n")}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		return act(body, call)
	}, func(a operatorAnswer) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = operatorKeep(b.heard, BankIDRequest{endpoint, b.opt.Now(), body, a.Status, call.fault})
	})
}

// bankIDCall is one request under way.
type bankIDCall struct{ fault Fault }

// lost reports whether the answer will not be read as it was given.
func (c *bankIDCall) lost() bool { return c.fault == Lose || c.fault == Twice || c.fault == Slow }

// auth begins an order. The lock is held.
func (b *BankID) auth(body map[string]any, call *bankIDCall) operatorAnswer {
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	for name := range body {
		if !slices.Contains([]string{"endUserIp", "requirement", "userVisibleData", "userVisibleDataFormat", "userNonVisibleData", "returnUrl", "returnRisk", "web", "app"}, name) {
			return bankIDInvalid("Unknown parameter " + name)
		}
	}
	requirement, _ := body["requirement"].(map[string]any)
	number := text(requirement, "personalNumber")
	visible, err := base64.StdEncoding.DecodeString(text(body, "userVisibleData"))
	back, berr := url.Parse(text(body, "returnUrl"))
	switch _, iperr := netip.ParseAddr(text(body, "endUserIp")); {
	case iperr != nil:
		return bankIDInvalid("Invalid endUserIp")
	case number != "" && (len(number) != 12 || strings.Trim(number, "0123456789") != ""):
		return bankIDInvalid("Invalid personalNumber")
	case err != nil || len(text(body, "userVisibleData")) > 1500:
		return bankIDInvalid("Invalid userVisibleData")
	case berr != nil || back.String() != "" && back.Scheme == "":
		return bankIDInvalid("Invalid returnUrl")
	}
	if number != "" || call.fault == Refuse {
		i := slices.IndexFunc(b.orders, func(o *bankIDOrder) bool { return number != "" && o.is(number) && b.aged(o) == bankIDPending })
		if i >= 0 {
			b.orders[i].end(bankIDFailed, "cancelled") // both are over
		}
		if i >= 0 || call.fault == Refuse {
			return bankIDNo(http.StatusBadRequest, "alreadyInProgress", "Order already in progress for pno")
		}
	}
	o := b.begin(number, string(visible), back.String(), text(body, "endUserIp"))
	return bankIDJSON(http.StatusOK, map[string]string{"orderRef": o.ref, "autoStartToken": o.autoStart, "qrStartToken": o.qrToken, "qrStartSecret": o.qrSecret})
}

// collect tells how an order goes. The end is told once. The lock is held.
func (b *BankID) collect(body map[string]any, call *bankIDCall) operatorAnswer {
	ref, _ := body["orderRef"].(string)
	o := b.find(func(o *bankIDOrder) bool { return o.ref == ref })
	switch {
	case o != nil && o.told && !o.lost:
		b.complaints = append(b.complaints, "an order was collected after its end was told")
		fallthrough
	case o == nil || o.told:
		return bankIDInvalid("No such order")
	}
	now := b.opt.Now()
	if call.fault != Twice && !o.collected.IsZero() && now.Sub(o.collected) < time.Second {
		b.complaints = append(b.complaints, "an order was collected more often than once a second")
	}
	o.collected = now
	if call.fault == Refuse && b.aged(o) == bankIDPending {
		o.end(bankIDFailed, "certificateErr")
	}
	answer := map[string]any{"orderRef": o.ref, "status": b.aged(o), "hintCode": o.hint}
	o.told, o.lost = o.state != bankIDPending, call.lost()
	switch o.state {
	case bankIDComplete:
		delete(answer, "hintCode")
		answer["completionData"] = b.completion(o)
	case bankIDPending:
		switch b.opt.Twist {
		case "unknown-hint":
			answer["hintCode"] = "userThinksAboutIt"
		case "no-client":
			if o.opened.IsZero() {
				answer["hintCode"] = "noClient"
			}
		}
	case bankIDFailed:
		if b.opt.Twist == "unknown-failure" {
			answer["hintCode"] = "moonInTheWrongHouse"
		}
	}
	if b.opt.Twist == "unknown-status" {
		answer["status"], o.told = "perhaps", false
	}
	return bankIDJSON(http.StatusOK, answer)
}

// forget is cancel. The lock is held.
func (b *BankID) forget(body map[string]any, call *bankIDCall) operatorAnswer {
	ref, _ := body["orderRef"].(string)
	o := b.find(func(o *bankIDOrder) bool { return o.ref == ref })
	if o == nil || o.told || call.fault == Refuse {
		return bankIDInvalid("No such order")
	}
	o.end(bankIDFailed, "cancelled")
	o.told, o.lost = true, true // nobody was told its end, but there is nothing to collect any more
	return bankIDJSON(http.StatusOK, struct{}{})
}

// completion is what a complete order tells. The lock is held.
func (b *BankID) completion(o *bankIDOrder) any {
	who, issued, at := o.person, "2020-02-01", o.device
	switch b.opt.Twist {
	case "date-time":
		issued = "2020-02-01T00:00:00Z"
	case "date-zone":
		issued = "2020-02-01+00:00"
	case "no-data":
		return nil
	case "no-number":
		who.SSN = ""
	case "another-person":
		if who = b.opt.Persons[0]; who.SSN == o.person.SSN {
			who = b.opt.Persons[1]
		}
	case "another-address":
		at = "192.0.2.77"
	}
	blob := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("<signature of what "+who.GivenName+" agreed to/>", 40)))
	return map[string]any{
		"user":   map[string]string{"personalNumber": who.SSN, "name": who.Name(), "givenName": who.GivenName, "surname": who.FamilyName},
		"device": map[string]string{"ipAddress": at, "uhi": "OZvYM9VvyiAmG7NA5jU5zqGcVpo="}, "bankIdIssueDate": issued, "stepUp": nil,
		"signature": blob, "ocspResponse": blob, "risk": "low",
	}
}

// bankIDHost is the address that a request came from.
func bankIDHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
