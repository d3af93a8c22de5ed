package store_test

import (
	"errors"
	"testing"

	"parley"
	"parley/savings"
)

func TestNoListShowsAnotherPartnersThings(t *testing.T) {
	db := open(t, t.TempDir())
	aUser(t, db, "bank", "1")
	aUser(t, db, "other", "2")
	q := savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 20}}
	see := func(what string, ids []string, count int, err error) {
		t.Helper()
		if err != nil || count != 1 || len(ids) != 1 || ids[0] != what {
			t.Errorf("invariant 19: %s: %v, %d in all, %v", what, ids, count, err)
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

// Whatever of another partner's is named, by whatever id, it is as if it were not there.
func TestAnotherPartnersIDsOpenNothing(t *testing.T) {
	db := open(t, t.TempDir())
	ctx := t.Context()
	aUser(t, db, "bank", "1")
	aUser(t, db, "other", "2")
	write(t, db, savings.AddSavingsEvent{Event: savings.Event{ID: "e2", Partner: "other", User: "2", Type: savings.UserCreated, At: at, Data: []byte(`{}`)}})
	for what, of := range map[string][]savings.Of{"user": {{User: "2"}, {ExternalUser: "ext-2"}, {}}, "account": {{Account: "a2"}}, "dream": {{Dream: "d2"}}, "launch": {{Launch: "l2"}},
		"transaction": {{Transaction: "t2"}}, "consent": {{Consent: "c2"}, {Temporary: "hash2"}}, "message": {{Message: "m2"}}} {
		for _, of := range of {
			_, err := db.Book(ctx, "bank", of)
			if e, ok := errors.AsType[*parley.Error](err); !ok || e.Kind != parley.KindNotFound || e.Field != what {
				t.Errorf("invariant 19: %+v: %v", of, err)
			}
		}
	}
	b, err := db.Book(ctx, "bank", savings.Of{ExternalUser: "ext-2", Create: true})
	if err != nil || !b.Begin(&savings.Partner{}, savings.Turn{}).Fresh() || b.User.ID != "" {
		t.Errorf("%v %+v", err, b.User)
	}
	b, err = db.Book(ctx, "bank", savings.Of{User: "1", Dream: "d2", Launch: "l2", Transaction: "t2", Consent: "c2", Temporary: "hash2", Message: "m2", More: []string{"t2"}, Follow: "l2"})
	if err != nil || len(b.Dreams) != 1 || len(b.Launches) != 1 || len(b.Transactions) != 1 || len(b.Consents) != 1 || len(b.Messages) != 0 || b.Leader != (savings.Leader{}) {
		t.Errorf("%v %+v", err, b)
	}
	l := b.Launches[0]
	l.Follows, l.Done = "l2", "0/"
	write(t, db, savings.PutLaunch{Launch: l})
	if b, err = db.Book(ctx, "bank", savings.Of{User: "1"}); err != nil || len(b.Followed["l1"]) != 0 {
		t.Errorf("what is made elsewhere is followed: %v %+v", err, b.Followed)
	}

	none := func(what string, q savings.Query, n, count int, err error) {
		t.Helper()
		if err != nil || n != 0 || count > 0 {
			t.Errorf("%s %+v: %d, %d in all, %v", what, q, n, count, err)
		}
	}
	page := savings.Page{Partner: "bank", Number: 1, Items: 20}
	for _, q := range []savings.Query{{User: "2"}, {ExternalUser: "ext-2"}} {
		q.Page = page
		accounts, n, err := db.Accounts(ctx, q)
		none("accounts", q, len(accounts), n, err)
		dreams, n, err := db.Dreams(ctx, q)
		none("dreams", q, len(dreams), n, err)
		launches, n, err := db.Launches(ctx, q)
		none("launches", q, len(launches), n, err)
		transactions, n, err := db.Transactions(ctx, q)
		none("transactions", q, len(transactions), n, err)
		consents, n, err := db.Consents(ctx, q)
		none("consents", q, len(consents), n, err)
		messages, n, err := db.Messages(ctx, q)
		none("messages", q, len(messages), n, err)
	}
	for _, q := range []savings.Query{{User: "2"}, {ID: "2"}, {ExternalID: "ext-2"}, {ExternalUser: "ext-2"}} {
		q.Page = page
		users, n, err := db.Users(ctx, q)
		none("users", q, len(users), n, err)
	}
	for _, q := range []savings.Query{{ID: "t2"}, {Dream: "d2"}, {Launch: "l2"}, {Page: savings.Page{Keyset: true, After: "t2"}}} {
		keyset, after := q.Keyset, q.After
		q.Page = page
		q.Keyset, q.After = keyset, after
		transactions, n, err := db.Transactions(ctx, q)
		none("transactions", q, len(transactions), n, err)
	}
	q := savings.Query{Page: page, Dream: "d2"}
	launches, n, err := db.Launches(ctx, q)
	none("launches", q, len(launches), n, err)
	q = savings.Query{Page: page, ID: "a2"}
	accounts, n, err := db.Accounts(ctx, q)
	none("accounts", q, len(accounts), n, err)
	q = savings.Query{Page: page, ID: "d2", State: "all"}
	dreams, n, err := db.Dreams(ctx, q)
	none("dreams", q, len(dreams), n, err)

	events, err := db.EventsAfter(ctx, "bank", 0, 20)
	none("events", savings.Query{}, len(events), 0, err)
	_, err = db.EventByID(ctx, "bank", "e2")
	missing(t, err)
	if seq, err := db.EventsBefore(ctx, "bank", at.AddDate(9, 0, 0)); err != nil || seq != 0 {
		t.Error(seq, err)
	}
	write(t, db, savings.GiveNotice{Partner: "bank", Run: "r", Now: at.AddDate(9, 0, 0)})
	if b, err := db.Book(ctx, "other", savings.Of{User: "2"}); err != nil || b.Transactions[0].Notice != "" {
		t.Errorf("another partner's transaction was given to a bank: %v", err)
	}
	if n, err := db.Unnoticed(ctx, "other", at.AddDate(9, 0, 0)); err != nil || n != 1 {
		t.Error(n, err)
	}
}
