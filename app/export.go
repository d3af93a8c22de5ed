package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// What the person is given of themselves, beside what the bank's API has shapes for.
type (
	exportedUser struct {
		api.User
		Limits         Limits           `json:"limits"`
		CurrentAccount *exportedBalance `json:"currentAccount,omitempty"` // as the bank last told of it
		Spent          *savings.Spent   `json:"spentBySavehacks,omitempty"`
	}
	exportedBalance struct {
		BalanceCents savings.Cents `json:"balanceCents"`
		At           api.Time      `json:"at"`
	}
	exportedFeed struct {
		ID          string           `json:"id"`
		Type        savings.FeedKind `json:"type"`
		AmountCents savings.Cents    `json:"amountCents"`
		OccurredAt  api.Time         `json:"occurredAt"`
	}
	exportedEvent struct {
		ID        string            `json:"id"`
		Type      savings.EventType `json:"type"`
		CreatedAt api.Time          `json:"createdAt"`
		Data      json.RawMessage   `json:"data"`
	}
	exportedSession struct {
		SessionJSON
		CreatedAt api.Time `json:"createdAt"`
		Current   bool     `json:"current,omitempty"` // the one that asks
	}
	exportedPicture struct {
		URL         string   `json:"url"`
		CreatedAt   api.Time `json:"createdAt"`
		ContentType string   `json:"contentType"`
		Data        []byte   `json:"data"` // in base64
	}
)

// exportedAtOnce is how much of a list is in memory at the same time.
const exportedAtOnce = 500

// export answers GET /app/api/export: all that is kept of the person, as one document to keep. It is written as it is read, so that it may be as
// long as it is; what breaks off in the middle is no whole document, and the connection says so.
func (a *App) export(w http.ResponseWriter, r *http.Request, v *visit) error {
	leave, ok := a.exporting.enter(v.s.User, exportingByOne, exportingAtOnce)
	if !ok {
		return errBusy
	}
	defer leave()
	b, err := a.read(r.Context(), v, savings.Of{})
	if err != nil {
		return err
	}
	now := a.Now()
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="savings-`+now.UTC().Format(time.DateOnly)+`.json"`)
	out := bufio.NewWriterSize(slow{w}, 64<<10)
	x := &exporting{a: a, ctx: r.Context(), v: v, w: out}
	x.begin("{")
	x.field("exportedAt", api.Time{Time: now})
	x.field("bank", v.p.name)
	x.field("currency", b.Partner.Currency)
	u := exportedUser{User: api.UserJSON(b.User), Limits: limitsOf(b.User.Limits)}
	if b.User.Balance != nil {
		u.CurrentAccount = &exportedBalance{*b.User.Balance, api.Time{Time: b.User.BalanceAt}}
	}
	if b.User.Spent.Period != "" {
		u.Spent = &b.User.Spent
	}
	x.field("user", u)
	every(x, "accounts", a.Store.Accounts, api.AccountJSON, func(v savings.AccountView) string { return v.ID })
	every(x, "dreams", a.Store.Dreams, func(d savings.DreamView) api.Dream { return v.dreamJSON(d, b.Partner.Currency) }, func(v savings.DreamView) string { return v.ID })
	x.field("groups", exportedGroups(b))
	every(x, "savehackLaunches", a.Store.Launches, api.LaunchJSON, func(v savings.LaunchView) string { return v.ID })
	every(x, "transactions", a.Store.Transactions, api.TransactionJSON, func(v savings.TransactionView) string { return v.ID })
	every(x, "transferConsents", a.Store.Consents, api.ConsentJSON, func(v savings.ConsentView) string { return v.ID })
	every(x, "messages", a.Store.Messages, api.MessageJSON, func(v savings.MessageView) string { return v.ID })
	x.feed()
	x.events()
	x.sessions()
	x.pictures()
	x.end("}\n")
	if x.err == nil {
		x.err = out.Flush()
	}
	if x.err != nil {
		if r.Context().Err() == nil {
			a.Log.Warn("an export broke off", "request", web.RequestID(r), "err", x.err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// slow is an answer that may take as long as its reader goes on reading.
type slow struct{ w http.ResponseWriter }

func (s slow) Write(p []byte) (int, error) {
	wire := http.NewResponseController(s.w)
	for _, err := range []error{wire.SetReadDeadline(time.Time{}), wire.SetWriteDeadline(time.Now().Add(30 * time.Second))} {
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	return s.w.Write(p)
}

// exporting writes a document part by part. After the first error it does nothing any more.
type exporting struct {
	a     *App
	ctx   context.Context
	v     *visit
	w     io.Writer
	comma bool // something stands before what comes next
	err   error
}

func (x *exporting) write(text string) {
	if x.err == nil {
		_, x.err = io.WriteString(x.w, text)
	}
}

func (x *exporting) begin(bracket string) { x.write(bracket); x.comma = false }
func (x *exporting) end(bracket string)   { x.write(bracket); x.comma = true }

func (x *exporting) value(v any) {
	if x.err != nil {
		return
	}
	e := json.NewEncoder(x.w)
	e.SetEscapeHTML(false)
	x.err = e.Encode(v)
}

func (x *exporting) next() {
	if x.comma {
		x.write(",")
	}
	x.comma = true
}

func (x *exporting) name(name string) {
	x.next()
	x.write(`"` + name + `":`)
}

func (x *exporting) field(name string, v any) {
	x.name(name)
	x.value(v)
}

// list writes a list, of which more gives a part at a time, and nothing at the end.
func (x *exporting) list(name string, more func() (part []any, err error)) {
	x.name(name)
	x.begin("[")
	for x.err == nil {
		part, err := more()
		if x.err = err; err != nil || len(part) == 0 {
			break
		}
		for _, v := range part {
			x.next()
			x.value(v)
		}
	}
	x.end("]")
}

// every writes all of a person's things of a sort, in the shape of the bank's API.
func every[V, J any](x *exporting, name string, read func(context.Context, savings.Query) ([]V, int, error), show func(V) J, id func(V) string) {
	after, over := "", false
	x.list(name, func() ([]any, error) {
		if over {
			return nil, nil
		}
		views, _, err := read(x.ctx, savings.Query{Page: savings.Page{Partner: x.v.p.ID, Items: exportedAtOnce, Keyset: true, After: after}, User: x.v.s.User, State: stateOf(name)})
		if err != nil {
			return nil, err
		}
		part := make([]any, len(views))
		for i, v := range views {
			part[i], after = show(v), id(v)
		}
		over = len(views) < exportedAtOnce
		return part, nil
	})
}

// stateOf asks for the dreams that were given up, too: a list of them is of the others alone.
func stateOf(name string) string {
	if name == "dreams" {
		return "all"
	}
	return ""
}

func (x *exporting) feed() {
	after := ""
	x.list("feed", func() (part []any, err error) {
		items, err := x.a.Store.Feed(x.ctx, x.v.s.User, after, exportedAtOnce)
		for _, f := range items {
			after = f.ID
			part = append(part, exportedFeed{f.ID, f.Kind, f.Cents, api.Time{Time: f.At}})
		}
		return part, err
	})
}

// events are what the bank was told of the person, and is still to be told: also which pages they saw.
func (x *exporting) events() {
	var seq int64
	x.list("events", func() (part []any, err error) {
		events, err := x.a.Store.EventsOf(x.ctx, x.v.s.User, seq, exportedAtOnce)
		for _, e := range events {
			seq = e.Seq
			part = append(part, exportedEvent{e.ID, e.Type, api.Time{Time: e.At}, e.Data})
		}
		return part, err
	})
}

// sessions are shown without what would let somebody in.
func (x *exporting) sessions() {
	over := false
	x.list("sessions", func() (part []any, err error) {
		if over {
			return nil, nil
		}
		over = true
		list, err := x.a.Store.SessionsOf(x.ctx, x.v.s.User)
		for _, s := range list {
			part = append(part, exportedSession{(&visit{p: x.v.p, s: s}).session(), api.Time{Time: s.Made}, s.Hash == x.v.s.Hash})
		}
		return part, err
	})
}

// pictures are read one by one.
func (x *exporting) pictures() {
	list, err := x.a.Store.PicturesOf(x.ctx, x.v.p.ID, x.v.s.User)
	if err != nil && x.err == nil {
		x.err = err
	}
	x.list("pictures", func() ([]any, error) {
		for len(list) > 0 {
			p := list[0]
			list = list[1:]
			jpeg, err := x.a.Store.PictureFor(x.ctx, x.v.p.ID, x.v.s.User, p.ID)
			if parley.KindOf(err) == parley.KindNotFound {
				continue // swept meanwhile
			}
			return []any{exportedPicture{p.Path(), api.Time{Time: p.Made}, "image/jpeg", jpeg}}, err
		}
		return nil, nil
	})
}
