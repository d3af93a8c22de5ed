package store_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
	"parley/store"
)

// fill sets every field of a struct to something that is not zero, so that a column that was forgotten is seen.
func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	for i := range v.NumField() {
		f := v.Field(i)
		*n++
		switch f.Interface().(type) {
		case time.Time:
			f.Set(reflect.ValueOf(time.UnixMilli(1_800_000_000_000 + int64(*n)).UTC()))
			continue
		case json.RawMessage:
			f.Set(reflect.ValueOf(json.RawMessage(fmt.Sprintf(`{"n":%d}`, *n))))
			continue
		case map[string]string:
			f.Set(reflect.ValueOf(map[string]string{"sv": fmt.Sprint(*n)}))
			continue
		}
		switch f.Kind() {
		case reflect.String:
			f.SetString(fmt.Sprintf("%s-%d", v.Type().Field(i).Name, *n))
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(*n))
		case reflect.Float64:
			f.SetFloat(float64(*n) + 0.5)
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Struct:
			fill(t, f, n)
		case reflect.Pointer:
			p := reflect.New(f.Type().Elem())
			p.Elem().SetInt(int64(*n))
			f.Set(p)
		default:
			t.Fatalf("field %s of %s: a kind that this test does not know", v.Type().Field(i).Name, v.Type())
		}
	}
}

func filled[T any](t *testing.T) (v T) {
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), &n)
	return v
}

// aUser is a user with something of everything.
func aUser(t *testing.T, db *store.Store, partner, id string) *savings.Book {
	t.Helper()
	u := filled[savings.User](t)
	u.ID, u.Partner, u.ExternalID, u.Version, u.Destroyed = id, partner, "ext-"+id, 1, time.Time{}
	a, d, l, x, c, m := filled[savings.Account](t), filled[savings.Dream](t), filled[savings.Launch](t), filled[savings.Transaction](t), filled[savings.Consent](t), filled[savings.Message](t)
	a.ID, a.User, a.Type = "a"+id, id, savings.SharedSavings
	d.ID, d.User, d.Account, d.DeletedAt = "d"+id, id, a.ID, time.Time{}
	l.ID, l.User, l.Dream, l.State, l.Consent, l.Follows = "l"+id, id, d.ID, savings.Active, "c"+id, ""
	x.ID, x.User, x.Type, x.State, x.Launch, x.ToDream, x.FromDream, x.ToAccount, x.FromAccount, x.Notice = "t"+id, id, savings.Deposit, savings.Requested, l.ID, d.ID, "", a.ID, "", ""
	c.ID, c.User, c.Launch, c.ConsentedAt, c.TemporaryHash = "c"+id, id, l.ID, time.Time{}, "hash"+id
	m.ID, m.User = "m"+id, id
	err := db.Apply(t.Context(), []engine.Write{savings.PutUser{User: u}, savings.PutAccount{Account: a}, savings.PutDream{Dream: d}, savings.PutLaunch{Launch: l},
		savings.PutTransaction{Partner: partner, Transaction: x}, savings.PutConsent{Consent: c}, savings.PutMessage{Partner: partner, Message: m},
		savings.AddFeed{User: id, Item: savings.FeedItem{ID: "f", Kind: savings.Purchase, Cents: 7, At: u.Created}}})
	if err != nil {
		t.Fatal(err)
	}
	return &savings.Book{User: u, Accounts: []savings.Account{a}, Dreams: []savings.Dream{d}, Launches: []savings.Launch{l}, Transactions: []savings.Transaction{x},
		Consents: []savings.Consent{c}, Messages: []savings.Message{m}, Heard: true}
}

func TestABookIsReadAsItWasWritten(t *testing.T) {
	db := open(t, t.TempDir())
	want := aUser(t, db, "bank", "1")
	got, err := db.Book(t.Context(), "bank", savings.Of{Message: "m1", Occasion: "f"})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
	// Every field is also replaced.
	next := aUserChanged(t, want)
	if err := db.Apply(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	again, err := db.Book(t.Context(), "bank", savings.Of{User: "1"})
	if err != nil || again.User.Version != 2 || again.User.Zone != "changed" || again.Dreams[0].Name != "changed" || !again.Launches[0].Due.IsZero() || again.Transactions[0].Reason != "changed" {
		t.Errorf("%v %+v", err, again)
	}
	if _, err := db.Book(t.Context(), "other", savings.Of{User: "1"}); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("another partner's user is there: %v", err)
	}
}

func aUserChanged(t *testing.T, b *savings.Book) []engine.Write {
	u, d, l, x := b.User, b.Dreams[0], b.Launches[0], b.Transactions[0]
	u.Version, u.Zone = 2, "changed"
	d.Name, l.Due, x.Reason = "changed", time.Time{}, "changed"
	return []engine.Write{savings.PutUser{User: u, Was: 1}, savings.PutDream{Dream: d}, savings.PutLaunch{Launch: l}, savings.PutTransaction{Partner: "bank", Transaction: x}}
}

func TestAChangeThatCameSecondIsRefused(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	u := b.User
	u.Version = 2
	conflict := func(what string, w ...engine.Write) {
		t.Helper()
		if err := db.Apply(t.Context(), w); parley.KindOf(err) != parley.KindConflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	conflict("a version that is not the user's", savings.PutUser{User: u, Was: 7})
	conflict("a user who is there", savings.PutUser{User: b.User})
	other := b.User
	other.ID = "2"
	conflict("an external id that is taken", savings.PutUser{User: other})
	a := b.Accounts[0]
	a.ID = "another"
	conflict("a second account with an external id", savings.PutAccount{Account: a})
	x := b.Transactions[0]
	x.ID, x.ExternalID = "another", ""
	conflict("a second deposit for an occasion", savings.PutTransaction{Partner: "bank", Transaction: x})
	conflict("a feed item that was heard", savings.AddFeed{User: "1", Item: savings.FeedItem{ID: "f"}})
	if err := db.Apply(t.Context(), []engine.Write{savings.GiveNotice{Partner: "bank", Run: "r", Now: b.Transactions[0].Ready}}); err != nil {
		t.Fatal(err)
	}
	cancelled := b.Transactions[0]
	cancelled.State = savings.Failed
	conflict("a cancellation that did not know of the notice", savings.PutTransaction{Partner: "bank", Transaction: cancelled})
	if all, left, err := db.LeftOf(t.Context(), "r"); all != 1 || left != 1 || err != nil {
		t.Error(all, left, err)
	}
}

func TestNoListShowsAnotherPartnersThings(t *testing.T) {
	db := open(t, t.TempDir())
	aUser(t, db, "bank", "1")
	aUser(t, db, "other", "2")
	q := savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 20}}
	see := func(what string, ids []string, count int, err error) {
		t.Helper()
		if err != nil || count != 1 || len(ids) != 1 || ids[0] != what {
			t.Errorf("%s: %v, %d in all, %v", what, ids, count, err)
		}
	}
	users, n, err := db.Users(t.Context(), q)
	see("1", ids(users, func(v savings.User) string { return v.ID }), n, err)
	accounts, n, err := db.Accounts(t.Context(), q)
	see("a1", ids(accounts, func(v savings.AccountView) string { return v.ID }), n, err)
	dreams, n, err := db.Dreams(t.Context(), q)
	see("d1", ids(dreams, func(v savings.DreamView) string { return v.ID }), n, err)
	if dreams[0].Owner.ExternalID != "ext-1" || dreams[0].In.ID != "a1" || dreams[0].ActiveSavehacks != 1 {
		t.Errorf("%+v", dreams[0])
	}
	launches, n, err := db.Launches(t.Context(), q)
	see("l1", ids(launches, func(v savings.LaunchView) string { return v.ID }), n, err)
	if launches[0].On.ID != "d1" || launches[0].On.In.ID != "a1" {
		t.Errorf("%+v", launches[0])
	}
	transactions, n, err := db.Transactions(t.Context(), q)
	see("t1", ids(transactions, func(v savings.TransactionView) string { return v.ID }), n, err)
	if v := transactions[0]; v.ToAcc.ID != "a1" || v.ToDrm.Name == "" || v.Owner.ExternalID != "ext-1" || v.FromAcc.ID != "" {
		t.Errorf("%+v", v)
	}
	consents, n, err := db.Consents(t.Context(), q)
	see("c1", ids(consents, func(v savings.ConsentView) string { return v.ID }), n, err)
	messages, n, err := db.Messages(t.Context(), q)
	see("m1", ids(messages, func(v savings.MessageView) string { return v.ID }), n, err)
}

func ids[T any](list []T, id func(T) string) (out []string) {
	for _, v := range list {
		out = append(out, id(v))
	}
	return out
}

func TestAKeysetShowsEachTransactionOnceWhileOthersAreSettled(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	var writes []engine.Write
	for i := range 50 {
		x := b.Transactions[0]
		x.ID, x.Occasion, x.ExternalID = fmt.Sprintf("x%02d", i), fmt.Sprint(i), ""
		x.Requested = x.Requested.Add(time.Duration(i/10) * time.Millisecond)
		writes = append(writes, savings.PutTransaction{Partner: "bank", Transaction: x})
	}
	if err := db.Apply(t.Context(), writes); err != nil {
		t.Fatal(err)
	}
	seen, after := map[string]int{}, ""
	for {
		page, _, err := db.Transactions(t.Context(), savings.Query{Page: savings.Page{Partner: "bank", Items: 7, Keyset: true, After: after}, State: "requested", Given: true, GivenAt: b.Transactions[0].Ready})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, v := range page {
			seen[v.ID]++
			x := v.Transaction
			x.State = savings.Settled
			if err := db.Apply(t.Context(), []engine.Write{savings.PutTransaction{Partner: "bank", Transaction: x}}); err != nil {
				t.Fatal(err)
			}
			after = v.ID
		}
	}
	if len(seen) != 51 {
		t.Errorf("%d transactions were seen", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was seen %d times", id, n)
		}
	}
}

func TestAFollowerIsNotLetSleepOverADepositThatItHasNotLookedAt(t *testing.T) {
	db := open(t, t.TempDir())
	source := aUser(t, db, "bank", "1")
	follower := aUser(t, db, "bank", "2")
	l := follower.Launches[0]
	l.Follows, l.Done, l.Due = "l1", "0/", time.Time{}
	x := source.Transactions[0]
	write := func(w ...engine.Write) {
		t.Helper()
		if err := db.Apply(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	write(savings.PutLaunch{Launch: l}, savings.WakeFollowers{Launch: "l1", At: x.Ready})
	book, err := db.Book(t.Context(), "bank", savings.Of{User: "2"})
	if err != nil || len(book.Followed["l2"]) != 1 {
		t.Fatal(err, book.Followed)
	}
	due := func() bool {
		_, ok, err := db.NextLaunchDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	write(savings.PutLaunch{Launch: source.Launches[0]})
	src := source.Launches[0]
	src.Due = time.Time{}
	write(savings.PutLaunch{Launch: src}) // only the follower is due
	write(savings.PutLaunch{Launch: l})   // a change of a book that was loaded before the deposit
	if !due() {
		t.Error("a wake was lost")
	}
	l.Done = fmt.Sprintf("%d/%s", x.Ready.UnixMilli(), x.ID)
	write(savings.PutLaunch{Launch: l})
	if due() {
		t.Error("it is awake for nothing")
	}
}

func TestErasingTakesThePersonOutOfEverything(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	event := savings.Event{ID: "e", Partner: "bank", User: "1", Type: savings.DreamCreated, At: b.User.Created, Data: []byte(`{"dream":{"id":"d1","name":"Anna's boat","user":{"id":"1","externalId":"ext-1"}}}`)}
	if err := db.Apply(t.Context(), []engine.Write{savings.AddSavingsEvent{Event: event}, savings.EraseUser{User: "1"}}); err != nil {
		t.Fatal(err)
	}
	got, err := db.EventsAfter(t.Context(), "bank", 0, 10)
	if err != nil || len(got) != 1 || string(got[0].Data) != `{"dream":{"id":"d1","user":{"id":"1"}}}` {
		t.Errorf("%v %s", err, got[0].Data)
	}
	book, err := db.Book(t.Context(), "bank", savings.Of{User: "1", Occasion: "f"})
	if err != nil || book.Dreams[0].Name != "" || book.Heard {
		t.Errorf("%v %+v", err, book)
	}
	if _, err := db.Book(t.Context(), "bank", savings.Of{Message: "m1"}); parley.KindOf(err) != parley.KindNotFound {
		t.Error("a message is left")
	}
}

func TestTheHotQueriesOfSavingsNeverReadAWholeTable(t *testing.T) {
	db := open(t, t.TempDir())
	for _, query := range []string{
		`SELECT partner, usr FROM savings_due WHERE due <= 1 ORDER BY due LIMIT 10`,
		`SELECT MIN(ready) FROM savings_transaction WHERE partner = 'p' AND state = 'requested' AND notice = '' AND linked = 1`,
		`SELECT id FROM savings_transaction t WHERE t.usr = 'u' AND t.state = 'requested' ORDER BY t.requested, t.id`,
		`SELECT id FROM savings_transaction t WHERE t.partner = 'p' AND t.state = 'requested' AND (t.requested, t.id) > (1, 'x') ORDER BY t.requested, t.id LIMIT 10`,
		`UPDATE savings_transaction SET notice = 'r' WHERE partner = 'p' AND ready <= 1 AND state = 'requested' AND notice = '' AND linked = 1`,
		`SELECT l.id FROM savings_launch l LEFT JOIN savings_due q ON q.launch = l.id WHERE l.usr = 'u' AND l.state <> 'stopped'`,
		`SELECT id FROM savings_account a WHERE a.usr = 'u' ORDER BY a.created, a.id`,
		`SELECT id FROM savings_event WHERE partner = 'p' AND seq > 5 ORDER BY seq LIMIT 10`,
	} {
		rows, err := db.DB().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+query)
		if err != nil {
			t.Error(query, err)
			continue
		}
		for rows.Next() {
			var id, parent, other int
			var plan string
			if err := rows.Scan(&id, &parent, &other, &plan); err != nil {
				t.Fatal(err)
			}
			if len(plan) > 4 && plan[:4] == "SCAN" {
				t.Errorf("%s: %s", query, plan)
			}
		}
		rows.Close()
	}
}
