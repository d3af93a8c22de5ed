package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// bankEventTypes are all types of event that there are.
var bankEventTypes = []string{"UserCreated", "UserDestroyed", "PageView", "DepositRequested", "DepositSettled", "DepositFailed", "WithdrawalRequested",
	"WithdrawalSettled", "WithdrawalFailed", "InternalTransferRequested", "InternalTransferSettled", "InternalTransferFailed", "DreamCreated", "DreamUpdated",
	"DreamDeleted", "DreamAchieved", "SavehackLaunched", "SavehackLaunchUpdated", "DreamMilestone"}

// bankBatchMost is how many events a batch may hold.
const bankBatchMost = 100

// BankMessage is a webhook that the bank heard, and what it answered. One that was dropped unread has no Raw or Answer and Status 0; one whose answer
// was lost has both the answer that was meant and Fault Lose.
type BankMessage struct {
	Number       int    // 1 for the first that was heard
	Programme    string // whose
	Kind         string // "events" or "transactions"
	Path         string
	At           time.Time
	Header       http.Header
	Raw          []byte
	Events       int // how many it held
	New          int // how many of them had not been heard before
	Answer       []byte
	AnswerHeader http.Header
	Status       int
	Fault        Fault
}

// BankEvent is an event that the bank heard, once, however often it was told.
type BankEvent struct {
	ID, Type  string
	CreatedAt time.Time
	Data      map[string]any // numbers are json.Number
	Message   int            // the number of the message in which it came first
}

// Subject is the id of what an event is about.
func (e BankEvent) Subject() string {
	data := e.Data
	switch e.Type {
	case "PageView":
		return ""
	case "DreamMilestone":
		data, _ = e.Data["dream"].(map[string]any)
	}
	id, _ := data["id"].(string)
	return id
}

// User is the externalId of the user whom an event is about.
func (e BankEvent) User() string {
	if e.Type == "UserCreated" || e.Type == "UserDestroyed" {
		external, _ := e.Data["externalId"].(string)
		return external
	}
	user, ok := e.Data["user"].(map[string]any)
	if !ok { // a launch says whose its dream is
		dream, _ := e.Data["dream"].(map[string]any)
		user, _ = dream["user"].(map[string]any)
	}
	external, _ := user["externalId"].(string)
	return external
}

// Heard are the webhooks of a programme, oldest first; of every programme when it is empty. The maps and slices in it must not be changed.
func (b *Bank) Heard(programme string, kinds ...string) []BankMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.heard), func(m BankMessage) bool {
		return programme != "" && m.Programme != programme || len(kinds) > 0 && !slices.Contains(kinds, m.Kind)
	})
}

// Events are the events that were heard in a programme, in order, each once; with types, only those.
func (b *Bank) Events(programme string, types ...string) []BankEvent {
	p, err := b.programme(programme)
	if err != nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.events), func(e BankEvent) bool { return len(types) > 0 && !slices.Contains(types, e.Type) })
}

// hearEvents is POST /{programme}/webhooks/events.
func (b *Bank) hearEvents(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
	b.hear(w, r, p, "events", b.takeBatch)
}

// hearNotice is POST /{programme}/webhooks/transactions: there are new requested transactions. What else it says does not matter.
func (b *Bank) hearNotice(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
	b.hear(w, r, p, "transactions", func(p *bankProgramme, m *BankMessage) string {
		var said map[string]any
		if len(bytes.TrimSpace(m.Raw)) > 0 && json.Unmarshal(m.Raw, &said) != nil {
			return "the body is no JSON object"
		}
		p.look()
		return ""
	})
}

// hear takes a webhook: who says it, is it whole, and then what it says. take returns what is wrong with it; the lock is held.
func (b *Bank) hear(w http.ResponseWriter, r *http.Request, p *bankProgramme, kind string, take func(*bankProgramme, *BankMessage) string) {
	fault := b.Faults.Take(kind)
	m := BankMessage{Programme: p.ID, Kind: kind, Path: r.URL.RequestURI(), At: b.opt.Now(), Header: maps.Clone(r.Header), Fault: fault}
	if fault != Drop {
		var err error
		if m.Raw, err = io.ReadAll(r.Body); err != nil {
			http.Error(w, "too much, or cut off", http.StatusRequestEntityTooLarge)
			return
		}
	}
	b.mu.Lock()
	b.numbered++
	m.Number = b.numbered
	b.mu.Unlock()
	act := func() operatorAnswer {
		b.mu.Lock()
		defer b.mu.Unlock()
		if p.WebhookSecret != "" {
			if err := operatorSigned(p.WebhookSecret, r.Header, m.Raw, b.opt.Now()); err != nil {
				b.complain(p, kind, "%v", err)
				return bankNo(http.StatusUnauthorized, err.Error())
			}
		}
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			b.complain(p, kind, "Content-Type is %q", r.Header.Get("Content-Type"))
			return bankNo(http.StatusUnsupportedMediaType, "only application/json")
		}
		if fault == Refuse {
			return bankNo(http.StatusForbidden, "not today")
		}
		if wrong := take(p, &m); wrong != "" {
			b.complain(p, kind, "%s", wrong)
			return bankNo(http.StatusBadRequest, wrong)
		}
		return operatorAnswer{Status: http.StatusNoContent}
	}
	operatorMisbehave(w, r, fault, b.Faults.Wait(), act, func(a operatorAnswer) {
		m.Answer, m.Status, m.AnswerHeader = a.Body, a.Status, a.headers()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = operatorKeep(b.heard, m)
		b.touch()
	})
}

// takeBatch takes a batch of events. The lock is held.
func (b *Bank) takeBatch(p *bankProgramme, m *BankMessage) (wrong string) {
	body, err := operatorParse(m.Raw)
	if err != nil {
		return err.Error()
	}
	id, _ := body["batch_id"].(string)
	stamp, _ := body["timestamp"].(string)
	count, _ := body["count"].(json.Number)
	events, _ := body["events"].([]any)
	_, notime := time.Parse(time.RFC3339, stamp)
	switch {
	case id == "":
		return "no batch_id"
	case notime != nil:
		return "timestamp is no time"
	case len(events) == 0 || len(events) > bankBatchMost:
		return fmt.Sprintf("%d events", len(events))
	case count.String() != fmt.Sprint(len(events)):
		return fmt.Sprintf("count is %s, and there are %d events", count, len(events))
	case bankSaidElse(p.batchSaid, id, m.Raw):
		return "batch " + id + " came before and said something else"
	}
	// All or nothing: a batch with something wrong in it is told again.
	var list []BankEvent
	for i, e := range events {
		event, wrong := bankEventOf(e)
		if wrong != "" {
			return fmt.Sprintf("event %d: %s", i+1, wrong)
		}
		list = append(list, event)
	}
	p.batchSaid[id] = sha256.Sum256(m.Raw)
	m.Events = len(list)
	for i, e := range list {
		said, _ := json.Marshal(events[i]) // it came from JSON
		if _, heard := p.eventSaid[e.ID]; heard {
			if bankSaidElse(p.eventSaid, e.ID, said) {
				b.complain(p, "events", "event %s came before and said something else", e.ID)
			}
			continue
		}
		p.eventSaid[e.ID] = sha256.Sum256(said)
		for _, wrong := range p.order(e) {
			b.complain(p, "events", "%s %s: %s", e.Type, e.Subject(), wrong)
		}
		e.Message = m.Number
		p.events = operatorKeep(p.events, e)
		m.New++
		if c := p.bySub[e.User()]; c != nil && e.Type == "UserCreated" && c.id == "" {
			c.id = e.Subject()
		}
	}
	return ""
}

// bankSaidElse reports whether something else was said under an id before.
func bankSaidElse(before map[string][32]byte, id string, said []byte) bool {
	sum, heard := before[id]
	return heard && sum != sha256.Sum256(said)
}

// bankEventOf reads an event.
func bankEventOf(said any) (e BankEvent, wrong string) {
	m, _ := said.(map[string]any)
	e.ID, _ = m["id"].(string)
	e.Type, _ = m["type"].(string)
	e.Data, _ = m["data"].(map[string]any)
	stamp, _ := m["createdAt"].(string)
	var err error
	e.CreatedAt, err = time.Parse(time.RFC3339, stamp)
	switch {
	case e.ID == "":
		return e, "no id"
	case err != nil:
		return e, "createdAt is no time"
	case !slices.Contains(bankEventTypes, e.Type):
		return e, "an unknown type " + e.Type
	case e.Data == nil:
		return e, "no data"
	case e.Type != "PageView" && e.Subject() == "":
		return e, e.Type + " about nothing: data has no id"
	case bankHasNull(e.Data):
		return e, e.Type + " has a null, which is to be left out"
	}
	return e, ""
}

// bankHasNull finds a null at any depth.
func bankHasNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, inner := range v {
			if bankHasNull(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, bankHasNull)
	}
	return false
}

// order says what of the order of events is wrong with an event that is new, and notes it. What is created comes before what becomes of it, and a
// transaction is settled or failed once.
func (p *bankProgramme) order(e BankEvent) (wrong []string) {
	id := e.Subject()
	told := func(kind, of string) bool { return of != "" && p.told[kind+" "+of] }
	for _, first := range []struct{ what, begins string }{{"Deposit", "Requested"}, {"Withdrawal", "Requested"}, {"InternalTransfer", "Requested"}} {
		switch end, ok := strings.CutPrefix(e.Type, first.what); {
		case !ok:
		case end == first.begins && (told(first.what+"Settled", id) || told(first.what+"Failed", id)):
			wrong = append(wrong, "out of order: what became of it was told before")
		case end == "Settled" && told(first.what+"Failed", id), end == "Failed" && told(first.what+"Settled", id):
			wrong = append(wrong, "settled and failed")
		}
	}
	switch {
	case e.Type == "DreamCreated" && p.told["dream "+id], e.Type == "SavehackLaunched" && p.told["launch "+id], e.Type == "UserCreated" && p.told["user "+e.User()]:
		wrong = append(wrong, "out of order: something of it was told before")
	}
	if once := []string{"PageView", "DreamUpdated", "SavehackLaunchUpdated", "DreamMilestone", "DreamAchieved"}; !slices.Contains(once, e.Type) && told(e.Type, id) {
		wrong = append(wrong, "told twice, under two ids")
	}
	p.told[e.Type+" "+id] = true
	switch {
	case strings.HasPrefix(e.Type, "Dream"):
		p.told["dream "+id] = true
	case strings.HasPrefix(e.Type, "Savehack"):
		p.told["launch "+id] = true
		p.note(e.Data["dream"], "dream")
	case strings.HasPrefix(e.Type, "Deposit"), strings.HasPrefix(e.Type, "Withdrawal"), strings.HasPrefix(e.Type, "Internal"):
		p.note(e.Data["toDream"], "dream")
		p.note(e.Data["fromDream"], "dream")
	}
	if user := e.User(); user != "" {
		p.told["user "+user] = true
	}
	return wrong
}

// note notes that an event spoke of another thing.
func (p *bankProgramme) note(of any, what string) {
	thing, _ := of.(map[string]any)
	if id, _ := thing["id"].(string); id != "" {
		p.told[what+" "+id] = true
	}
}
