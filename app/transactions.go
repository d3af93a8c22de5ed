package app

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// page answers with a page of a list.
type page[V, J any] struct {
	name string
	read func(context.Context, savings.Query) ([]V, int, error)
	show func(V) J
}

func (p page[V, J]) answer(w http.ResponseWriter, r *http.Request, q savings.Query) (err error) {
	if q.Number, err = number(r, "page", 1, 1_000_000); err != nil {
		return err
	}
	if q.Items, err = number(r, "items", 20, 100); err != nil {
		return err
	}
	views, count, err := p.read(r.Context(), q)
	if err != nil {
		return err
	}
	shown := make([]J, len(views))
	for i, v := range views {
		shown[i] = p.show(v)
	}
	pages, from, to := max(1, (count+q.Items-1)/q.Items), (q.Number-1)*q.Items+1, (q.Number-1)*q.Items+len(views)
	if len(views) == 0 {
		from, to = 0, 0
	}
	meta := api.Meta{Items: len(views), Count: &count, Pages: &pages, From: &from, To: &to}
	if q.Number < pages {
		next, _ := url.ParseQuery(r.URL.RawQuery)
		next.Set("page", strconv.Itoa(q.Number+1))
		meta.NextURL = r.URL.Path + "?" + next.Encode()
	}
	web.JSON(w, http.StatusOK, map[string]any{p.name: shown, "meta": meta})
	return nil
}

// transaction is a transaction as its person sees it.
type transaction struct {
	api.Transaction
	Cancellable      bool     `json:"cancellable,omitempty"`     // the bank has not been given it
	CancellableUntil api.Time `json:"cancellableUntil,omitzero"` // until when, where that is known; without an account nobody knows
}

func (a *App) shown(v savings.TransactionView) transaction {
	now := a.Now()
	t := transaction{Transaction: api.TransactionJSON(v), Cancellable: v.Type == savings.Deposit && !v.Given(now)}
	if t.Cancellable && v.Ready.After(now) {
		t.CancellableUntil = api.Time{Time: v.Ready}
	}
	return t
}

// transactions lists all of a person's: those that the bank has not been given too.
func (a *App) transactions(w http.ResponseWriter, r *http.Request, v *visit) error {
	get := r.URL.Query().Get
	state := get("state")
	switch savings.TransactionState(state) {
	case "", savings.Requested, savings.Settled, savings.Failed:
	default:
		return parley.Invalid("state", "is not one of requested, settled, failed")
	}
	newest := false
	switch get("order") {
	case "", "oldest":
	case "newest":
		newest = true
	default:
		return parley.Invalid("order", "is not one of oldest, newest")
	}
	list := page[savings.TransactionView, transaction]{name: "transactions", read: a.Store.Transactions, show: a.shown}
	return list.answer(w, r, savings.Query{Page: savings.Page{Partner: v.p.ID}, User: v.s.User, Dream: get("dreamId"), State: state, Newest: newest})
}

func (a *App) answerTransaction(w http.ResponseWriter, status int, b *savings.Book, t savings.Transaction) error {
	web.JSON(w, status, map[string]any{"transaction": a.shown(b.ViewTransaction(t))})
	return nil
}

func (a *App) cancel(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	var t savings.Transaction
	b, err := a.change(r.Context(), v, savings.Of{Transaction: id}, func(b *savings.Book) (err error) {
		t, err = b.Cancel(id)
		return err
	})
	if err != nil {
		return err
	}
	return a.answerTransaction(w, http.StatusOK, b, t)
}

func (a *App) withdraw(w http.ResponseWriter, r *http.Request, v *visit) error {
	var ask struct {
		DreamID     string        `json:"dreamId"`
		AmountCents savings.Cents `json:"amountCents"`
	}
	if err := body(r, "withdrawal", &ask); err != nil {
		return err
	}
	return a.moved(w, r, v, ask, func(b *savings.Book) (savings.Transaction, error) { return b.Withdraw(ask.DreamID, ask.AmountCents) })
}

// move moves money between dreams; a dream that is left out is what lies outside any.
func (a *App) move(w http.ResponseWriter, r *http.Request, v *visit) error {
	var ask struct {
		FromDreamID string        `json:"fromDreamId"`
		ToDreamID   string        `json:"toDreamId"`
		AmountCents savings.Cents `json:"amountCents"`
	}
	if err := body(r, "move", &ask); err != nil {
		return err
	}
	return a.moved(w, r, v, ask, func(b *savings.Book) (savings.Transaction, error) {
		return b.Move(ask.FromDreamID, ask.ToDreamID, ask.AmountCents)
	})
}

// moved makes a transaction that a person asks for, once, and answers with it.
func (a *App) moved(w http.ResponseWriter, r *http.Request, v *visit, asked any, do func(b *savings.Book) (savings.Transaction, error)) error {
	b, id, err := a.once(r, v, making{asked: asked,
		make:  func(b *savings.Book) (string, error) { t, err := do(b); return t.ID, err },
		named: func(id string) savings.Of { return savings.Of{Transaction: id} },
	})
	if err != nil {
		return err
	}
	t, ok := b.Transaction(id)
	if !ok {
		return savings.NotFound("transaction")
	}
	return a.answerTransaction(w, http.StatusCreated, b, *t)
}
