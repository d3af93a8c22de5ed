package sim

import (
	"net/http"
	"slices"
	"strings"
)

// operatorShown bounds how many messages one page lists.
const operatorShown = 200

// operatorMoney is an amount on the books' pages.
type operatorMoney struct{ Amount, Currency string }

// operatorUserRow is a user on the books' page.
type operatorUserRow struct {
	ID, Name          string
	Balance, Reserved []operatorMoney
}

// operatorTxRow is a payment on the books' page, with all that was heard of it.
type operatorTxRow struct {
	OperatorTx
	History []OperatorMessage
}

// Mood is how the state of a payment looks.
func (t operatorTxRow) Mood() string {
	switch t.State {
	case "transferred":
		return "good"
	case "cancelled":
		return "bad"
	}
	return "wait"
}

// books shows users, payments and every notification heard, newest first; those of one action or one payment when asked.
func (o *Operator) books(w http.ResponseWriter, r *http.Request) {
	heard := o.Heard()
	history := map[string][]OperatorMessage{}
	for _, m := range heard {
		history[m.TxID()] = append(history[m.TxID()], m)
	}
	var txs []operatorTxRow
	for _, t := range slices.Backward(o.Transactions()) {
		txs = append(txs, operatorTxRow{t, history[t.TxID]})
	}

	action, txID := r.URL.Query().Get("action"), r.URL.Query().Get("txId")
	found := slices.DeleteFunc(heard, func(m OperatorMessage) bool {
		return action != "" && m.Action != action || txID != "" && m.TxID() != txID
	})
	slices.Reverse(found)
	render(w, r, o, page{name: "books", data: map[string]any{
		"Users": o.userRows(), "Txs": txs[:min(len(txs), operatorShown)], "Complaints": o.Complaints(), "Actions": operatorActions, "Action": action, "TxID": txID,
		"Heard": found[:min(len(found), operatorShown)], "Found": len(found),
	}})
}

func (o *Operator) userRows() (rows []operatorUserRow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, u := range o.users {
		row := operatorUserRow{ID: u.id, Name: u.name, Balance: u.balances()}
		if held := o.reserved(u); held != 0 {
			row.Reserved = []operatorMoney{{operatorAmount(held, u.currency), u.currency}}
		}
		rows = append(rows, row)
	}
	return rows
}

// balances is what a user has, in the order of the currencies' names. The lock is held.
func (u *operatorUser) balances() (all []operatorMoney) {
	for currency, minor := range u.balance {
		all = append(all, operatorMoney{operatorAmount(minor, currency), currency})
	}
	slices.SortFunc(all, func(a, b operatorMoney) int { return strings.Compare(a.Currency, b.Currency) })
	return all
}
