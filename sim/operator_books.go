package sim

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// OperatorTx is one payment in the operator's books.
//
//	            authorize ┌──────────┐ transfer
//	(nothing) ──────────▶ │ reserved │ ─────────▶ transferred
//	                      └──────────┘                 ▲
//	                            │ cancel               │ transfer: the money has moved, so it is always taken
//	                            └────────▶ cancelled ──┘
//
// A transfer may also come first, and a cancel of something never heard of is remembered, so that a late authorize is refused.
type OperatorTx struct {
	TxID, OriginTxID, UserID string
	Amount, Currency         string // positive is a deposit; of the transfer, once it has come
	State                    string // reserved, transferred or cancelled
	AuthCode                 string

	Authorizes, Transfers, Cancels int // how many times each was heard and accepted, repeats included
}

type operatorUser struct {
	id, name, currency string
	balance            map[string]int64 // minor units, by currency
}

// operatorPast is an answer that is given again when the same is asked again.
type operatorPast struct {
	said     string // what must be the same in a repeat
	answer   []byte
	accepted bool
}

// AddUser puts a user in the books without a sign-in, and returns its userId.
func (o *Operator) AddUser(name, currency, balance string) (userID string, err error) {
	minor, err := operatorMinor(balance, currency)
	if err != nil {
		return "", err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.addUser("added "+rand.Text(), name, currency, minor).id, nil
}

func (o *Operator) addUser(key, name, currency string, minor int64) *operatorUser {
	u := &operatorUser{id: fmt.Sprintf("user_%d", len(o.users)+1), name: name, currency: currency, balance: map[string]int64{currency: minor}}
	o.users = append(o.users, u)
	o.userBy[u.id], o.userBy[key] = u, u // a key has a space in it, an id has none
	return u
}

// take does what a well-formed notification asks, and notes in it what that changed. What is done twice was done by the first.
func (o *Operator) take(m *OperatorMessage, refuse bool) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.worth(m.Body)
	answer, did := o.act(m.Action, m.Body, refuse)
	if m.Did == "" {
		m.Did, m.Before, m.After = did, before, o.worth(m.Body)
	}
	return answer
}

// worth is what the user whom a message is about has, such as "500.00 SEK". The lock is held.
func (o *Operator) worth(body map[string]any) string {
	id, _ := body["userId"].(string)
	u := o.userBy[id]
	if u == nil || u.id != id {
		return ""
	}
	var parts []string
	for _, b := range u.balances() {
		parts = append(parts, b.Amount+" "+b.Currency)
	}
	return strings.Join(parts, ", ")
}

// act does what a well-formed notification asks, once, and gives the same answer to every repeat. It also says what it did, in the
// words of OperatorMessage.Did. The lock is held.
func (o *Operator) act(action string, body map[string]any, refuse bool) (answer []byte, did string) {
	bad := func(why string) ([]byte, string) {
		o.complaints = operatorKeep(o.complaints, action+": "+why)
		return o.no("BAD_REQUEST", why), "refused"
	}
	if wrong := operatorCheck(action, body); len(wrong) > 0 {
		return bad(strings.Join(wrong, "; "))
	}
	get := func(name string) string { s, _ := body[name].(string); return s }
	key, said := action+" "+get("txId"), strings.Join([]string{get("userId"), get("txAmount"), get("txAmountCy")}, " ")
	if action == "signin" {
		key, said = action+" "+get("txRefId"), operatorPerson(get)
	}
	if past, ok := o.past[key]; ok {
		if past.said != said {
			return bad(fmt.Sprintf("%s came before with %q and now with %q", key, past.said, said))
		}
		if past.accepted {
			o.count(action, get("txId"))
		}
		return past.answer, "repeated"
	}
	yes := func(answer []byte, did string) ([]byte, string) {
		o.past[key] = operatorPast{said, answer, true}
		return answer, did
	}
	no := func(code, message string) ([]byte, string) {
		answer := o.no(code, message)
		o.past[key] = operatorPast{said, answer, false}
		return answer, "refused"
	}
	if refuse {
		if action == "signin" || action == "authorize" {
			return no(o.opt.RefuseCode, o.opt.RefuseMessage) // a final answer; a transfer or a cancel must come through in the end
		}
		return o.no(o.opt.RefuseCode, o.opt.RefuseMessage), "refused"
	}
	if action == "signin" {
		return yes(o.signin(get), "signed-in")
	}

	user, tx := o.userBy[get("userId")], o.txByID[get("txId")]
	if user == nil || user.id != get("userId") {
		return bad("unknown userId " + get("userId"))
	}
	minor, _ := operatorMinor(get("txAmount"), get("txAmountCy"))
	if tx != nil && tx.UserID != user.id {
		return bad(fmt.Sprintf("txId %s belongs to %s", tx.TxID, tx.UserID))
	}
	open := func(state string) *OperatorTx {
		t := &OperatorTx{TxID: get("txId"), OriginTxID: get("originTxId"), UserID: user.id, Amount: get("txAmount"), Currency: get("txAmountCy"), State: state}
		o.txs, o.txByID[t.TxID] = append(o.txs, t), t
		return t
	}

	switch action {
	case "authorize":
		switch {
		case tx != nil && tx.State == "transferred":
			return bad("authorize after transfer of txId " + tx.TxID)
		case tx != nil:
			return no("CANCELLED", "This payment was cancelled")
		case get("txAmountCy") != user.currency:
			return no("CURRENCY", "The account is in "+user.currency)
		case minor < 0 && user.balance[user.currency]-o.reserved(user) < -minor:
			return no("NO_FUNDS", "Not enough on the account")
		}
		tx = open("reserved")
		if !o.opt.OmitAuthCode {
			tx.AuthCode = operatorUUID()
		}
		o.merchantTx++
		answer := map[string]any{"userId": user.id, "success": true, "merchantTxId": o.merchantTx}
		if tx.AuthCode != "" {
			answer["authCode"] = tx.AuthCode
		}
		if o.opt.Limit != "" {
			answer["limit"] = o.opt.Limit
		}
		o.count(action, tx.TxID)
		return yes(o.yes(answer), "reserved")

	case "transfer":
		if tx == nil {
			tx = open("")
		} else if code := get("authCode"); code != "" && code != tx.AuthCode {
			// The money has moved, so the transfer stands; but whoever sent it mixed something up.
			o.complaints = operatorKeep(o.complaints, "transfer: authCode is not the one given for txId "+tx.TxID)
		}
		tx.State, tx.Amount, tx.Currency = "transferred", get("txAmount"), get("txAmountCy")
		user.balance[tx.Currency] += minor
		o.merchantTx++
		o.count(action, tx.TxID)
		return yes(o.yes(map[string]any{"userId": user.id, "success": true, "txId": tx.TxID, "merchantTxId": o.merchantTx}), "transferred")

	default: // cancel
		if tx == nil {
			tx = open("")
		} else if code := get("authCode"); code != "" && code != tx.AuthCode {
			return bad("authCode is not the one given for txId " + tx.TxID)
		}
		if tx.State == "transferred" {
			return bad("cancel after transfer of txId " + tx.TxID)
		}
		tx.State = "cancelled"
		o.count(action, tx.TxID)
		return yes(o.yes(map[string]any{"userId": user.id, "success": true}), "cancelled")
	}
}

func (o *Operator) signin(get func(string) string) []byte {
	key := operatorPerson(get)
	user := o.userBy[key]
	if user == nil {
		opening, _ := operatorMinor(o.opt.OpeningBalance, o.opt.Currency)
		user = o.addUser(key, get("name"), o.opt.Currency, opening)
	}
	balance := operatorAmount(user.balance[user.currency], user.currency)
	return o.yes(map[string]any{"userId": user.id, "success": true, "sessionId": operatorUUID(), "balance": json.Number(balance), "balanceCy": user.currency})
}

// operatorPerson is who a sign-in is about: by number, else by name and date of birth.
func operatorPerson(get func(string) string) string {
	if id := get("personid"); id != "" {
		return "personid " + id
	}
	return strings.TrimSpace("name " + get("name") + " " + get("dob"))
}

func (o *Operator) count(action, id string) {
	if tx := o.txByID[id]; tx != nil {
		switch action {
		case "authorize":
			tx.Authorizes++
		case "transfer":
			tx.Transfers++
		case "cancel":
			tx.Cancels++
		}
	}
}

// reserved is what a user's open withdrawals hold, in minor units.
func (o *Operator) reserved(u *operatorUser) (held int64) {
	for _, t := range o.txs {
		if n, _ := operatorMinor(t.Amount, t.Currency); t.UserID == u.id && t.State == "reserved" && t.Currency == u.currency && n < 0 {
			held -= n
		}
	}
	return held
}

func (o *Operator) yes(answer map[string]any) []byte {
	if o.opt.LooseTypes {
		answer["errCode"], answer["errMsg"] = "102", "" // seen in the wild beside success, and to be ignored there
	}
	return o.encode(answer)
}

func (o *Operator) no(code, message string) []byte {
	return o.encode(map[string]any{"success": false, "errCode": code, "errMsg": message})
}

func (o *Operator) encode(answer map[string]any) []byte {
	if o.opt.LooseTypes {
		for k, v := range answer {
			answer[k] = fmt.Sprint(v)
		}
		if code, _ := answer["errCode"].(string); answer["success"] == "false" {
			if n, err := strconv.Atoi(code); err == nil {
				answer["errCode"] = n
			}
		}
	}
	b, err := json.Marshal(answer)
	if err != nil {
		panic(err) // only strings, numbers and booleans go in
	}
	return b
}

// Balance returns what a user has, as a decimal in the user's own currency; empty when there is no such user.
func (o *Operator) Balance(userID string) string {
	balance, _ := o.balance(userID)
	return balance
}

func (o *Operator) balance(userID string) (amount, currency string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if u := o.userBy[userID]; u != nil && u.id == userID {
		return operatorAmount(u.balance[u.currency], u.currency), u.currency
	}
	return "", ""
}

// Transactions returns every payment in the books, oldest first.
func (o *Operator) Transactions() []OperatorTx {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]OperatorTx, 0, len(o.txs))
	for _, t := range o.txs {
		out = append(out, *t)
	}
	return out
}

// Reservations returns the payments that were authorized and neither transferred nor cancelled.
func (o *Operator) Reservations() []OperatorTx {
	return slices.DeleteFunc(o.Transactions(), func(t OperatorTx) bool { return t.State != "reserved" })
}

func operatorUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
