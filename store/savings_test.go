package store_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/api"
	"parley/app"
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
		case []byte:
			f.Set(reflect.ValueOf(fmt.Append(nil, *n)))
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

func filled[T any](t *testing.T) T { return filledFrom[T](t, 0) }

// filledFrom fills with other values than from another number on.
func filledFrom[T any](t *testing.T, n int) (v T) {
	t.Helper()
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
	if _, err := db.Book(t.Context(), "other", savings.Of{User: "1"}); parley.KindOf(err) != parley.KindNotFound {
		t.Errorf("invariant 19: another partner's user is there: %v", err)
	}
}

// replaced looks whether a thing that was written twice is as it was written last, but for the fields that never change.
func replaced[T any](t *testing.T, first, last, got T, fixed ...string) {
	t.Helper()
	was, want, is := reflect.ValueOf(first), reflect.ValueOf(last), reflect.ValueOf(got)
	for i := range is.NumField() {
		name := is.Type().Field(i).Name
		if slices.Contains(fixed, name) {
			if !reflect.DeepEqual(is.Field(i).Interface(), was.Field(i).Interface()) {
				t.Errorf("%s of %T has changed: %v", name, got, is.Field(i))
			}
		} else if !reflect.DeepEqual(is.Field(i).Interface(), want.Field(i).Interface()) {
			t.Errorf("%s of %T is %v, and %v was written", name, got, is.Field(i), want.Field(i))
		}
	}
}

func TestEverythingThatMayChangeIsReplaced(t *testing.T) {
	db := open(t, t.TempDir())
	was := aUser(t, db, "bank", "1")
	u, a, d, l := filledFrom[savings.User](t, 1000), filledFrom[savings.Account](t, 1000), filledFrom[savings.Dream](t, 1000), filledFrom[savings.Launch](t, 1000)
	x, c, m := filledFrom[savings.Transaction](t, 1000), filledFrom[savings.Consent](t, 1000), filledFrom[savings.Message](t, 1000)
	u.ID, u.Version, a.ID, a.User, d.ID, d.User, l.ID, l.User, x.ID, x.User, c.ID, c.User, m.ID, m.User = "1", 2, "a1", "1", "d1", "1", "l1", "1", "t1", "1", "c1", "1", "m1", "1"
	x.Notice = "" // as it was when it was loaded
	l.StopAtGoal, m.External = false, false
	write(t, db, savings.PutUser{User: u, Was: 1}, savings.PutAccount{Account: a}, savings.PutDream{Dream: d}, savings.PutLaunch{Launch: l},
		savings.PutTransaction{Partner: "bank", Transaction: x}, savings.PutConsent{Consent: c}, savings.PutMessage{Partner: "bank", Message: m})
	b, err := db.Book(t.Context(), "bank", savings.Of{User: "1", Dream: "d1", Launch: "l1", Transaction: "t1", Consent: "c1", Message: "m1"})
	if err != nil {
		t.Fatal(err)
	}
	replaced(t, was.User, u, b.User, "ID", "Partner", "Created")
	replaced(t, was.Accounts[0], a, b.Accounts[0], "ID", "User", "Type", "Created")
	replaced(t, was.Dreams[0], d, b.Dreams[0], "ID", "User", "Type", "Created")
	replaced(t, was.Launches[0], l, b.Launches[0], "ID", "User", "Dream", "Savehack", "Kind", "Created")
	replaced(t, was.Transactions[0], x, b.Transactions[0], "ID", "User", "Type", "Amount", "ExternalID", "Consent", "Launch", "Occasion", "BankingDay", "Notice")
	replaced(t, was.Consents[0], c, b.Consents[0], "ID", "User", "Launch", "Obsolete", "Created")
	replaced(t, was.Messages[0], m, b.Messages[0], "ID", "User", "Category", "External", "Title", "Body", "CTA", "Image", "Created")
}

func TestSessionsAndAnswersAreReadAsTheyWereWritten(t *testing.T) {
	db := open(t, t.TempDir())
	s := filled[app.Session](t)
	write(t, db, app.PutSession{Session: s})
	got, err := db.Session(t.Context(), s.Hash)
	same(t, got, s, err)
	conflict(t, db, "savings_session", app.PutSession{Session: s})
	write(t, db, app.RenewSession{Hash: s.Hash, Expires: s.Expires.Add(-time.Second), Locale: "fi"}, app.RenewSession{Hash: "none", Expires: s.Expires})
	s.Locale = "fi"
	got, err = db.Session(t.Context(), s.Hash)
	same(t, got, s, err)
	other := s
	other.Hash, other.User = "other", "other"
	write(t, db, app.PutSession{Session: other}, app.EndSessionsOf{User: s.User}, app.SweepSessions{Before: s.Expires})
	_, err = db.Session(t.Context(), s.Hash)
	missing(t, err)
	got, err = db.Session(t.Context(), "other")
	same(t, got, other, err)
	write(t, db, app.SweepSessions{Before: s.Expires.Add(time.Millisecond)})
	_, err = db.Session(t.Context(), "other")
	missing(t, err)

	a := filled[api.Answer](t)
	write(t, db, api.PutAnswer(a))
	kept, ok, err := db.Answer(t.Context(), a.Partner, a.Key)
	same(t, kept, a, err)
	same(t, ok, true, nil)
	conflict(t, db, "savings_answer", api.PutAnswer(a))
	if _, ok, err := db.Answer(t.Context(), "another", a.Key); ok || err != nil {
		t.Error("another partner's key", ok, err)
	}
	later := a
	later.Key, later.At = "later", a.At.Add(24*time.Hour)
	write(t, db, api.PutAnswer(later))
	if _, ok, err := db.Answer(t.Context(), a.Partner, a.Key); !ok || err != nil {
		t.Error("it was forgotten within the day", err)
	}
	later.Key, later.At = "much later", later.At.Add(time.Millisecond)
	write(t, db, api.PutAnswer(later))
	if _, ok, err := db.Answer(t.Context(), a.Partner, a.Key); ok || err != nil {
		t.Error("it was kept for more than a day", err)
	}
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
	other.ExternalID = "ext-2"
	write(t, db, savings.PutUser{User: other})
	other.ExternalID, other.Version = "ext-1", 2
	conflict("an external id that has become another's", savings.PutUser{User: other, Was: 1})
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
		t.Errorf("invariant 18: %d transactions were seen", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("invariant 18: %s was seen %d times", id, n)
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

func TestABookHasWhatBelongsToWhatIsInIt(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	d, l, x, c := b.Dreams[0], b.Launches[0], b.Transactions[0], b.Consents[0]
	gone, old, stopped := d, d, l
	gone.ID, gone.DeletedAt, old.ID, old.DeletedAt = "gone", at, "old", at
	stopped.ID, stopped.Dream, stopped.State, stopped.StoppedAt, stopped.Consent, stopped.Due = "stopped", "gone", savings.Stopped, at, "c3", time.Time{}
	leaving, done := x, x
	leaving.ID, leaving.Launch, leaving.ToDream, leaving.ExternalID = "leaving", "stopped", "gone", ""
	done.ID, done.State, done.Settled, done.Occasion, done.ExternalID = "done", savings.Settled, at, "then", "bank/7"
	consented, forgotten, decided := c, c, c
	consented.ConsentedAt, consented.RejectedAt = at, time.Time{} // of a launch that is there
	forgotten.ID, forgotten.TemporaryHash, forgotten.RejectedAt = "c2", "", time.Time{}
	decided.ID, decided.TemporaryHash, decided.ConsentedAt, decided.RejectedAt = "c3", "", at, time.Time{}
	alone := decided
	alone.ID = "c4"
	write(t, db, savings.PutDream{Dream: gone}, savings.PutDream{Dream: old}, savings.PutLaunch{Launch: stopped}, savings.PutTransaction{Partner: "bank", Transaction: leaving},
		savings.PutTransaction{Partner: "bank", Transaction: done}, savings.PutConsent{Consent: consented}, savings.PutConsent{Consent: forgotten}, savings.PutConsent{Consent: decided}, savings.PutConsent{Consent: alone})
	holds := func(of savings.Of, dreams, launches, transactions, consents string) {
		t.Helper()
		b, err := db.Book(t.Context(), "bank", of)
		if err != nil {
			t.Fatal(err)
		}
		sorted := func(ids []string) string { slices.Sort(ids); return strings.Join(ids, " ") }
		for _, got := range [][2]string{{sorted(ids(b.Dreams, func(v savings.Dream) string { return v.ID })), dreams}, {sorted(ids(b.Launches, func(v savings.Launch) string { return v.ID })), launches},
			{sorted(ids(b.Transactions, func(v savings.Transaction) string { return v.ID })), transactions}, {sorted(ids(b.Consents, func(v savings.Consent) string { return v.ID })), consents}} {
			if got[0] != got[1] {
				t.Errorf("%+v: %q, want %q", of, got[0], got[1])
			}
		}
	}
	holds(savings.Of{User: "1"}, "d1 gone", "l1 stopped", "leaving t1", "c1 c2 c3")
	holds(savings.Of{Dream: "old"}, "d1 gone old", "l1 stopped", "leaving t1", "c1 c2 c3")
	holds(savings.Of{Consent: "c4"}, "d1 gone", "l1 stopped", "leaving t1", "c1 c2 c3 c4")
	holds(savings.Of{ExternalUser: "ext-1", More: []string{"bank/7", "none"}}, "d1 gone", "l1 stopped", "done leaving t1", "c1 c2 c3")
	holds(savings.Of{Transaction: "done", More: []string{"done", "bank/7"}}, "d1 gone", "l1 stopped", "done leaving t1", "c1 c2 c3")
	x.State, x.Settled, leaving.State, leaving.Settled = savings.Settled, at, savings.Settled, at
	write(t, db, savings.PutTransaction{Partner: "bank", Transaction: x}, savings.PutTransaction{Partner: "bank", Transaction: leaving})
	holds(savings.Of{User: "1"}, "d1", "l1", "", "c1 c2")
	holds(savings.Of{Transaction: "leaving"}, "d1 gone", "l1 stopped", "leaving", "c1 c2 c3")
	l.State, l.StoppedAt, l.Due = savings.Stopped, at, time.Time{}
	d.DeletedAt = at
	forgotten.RejectedAt = at
	write(t, db, savings.PutLaunch{Launch: l}, savings.PutDream{Dream: d}, savings.PutConsent{Consent: forgotten})
	holds(savings.Of{User: "1"}, "", "", "", "")
	holds(savings.Of{Launch: "l1"}, "d1", "l1", "", "c1")
	holds(savings.Of{Dream: "old"}, "old", "", "", "")
}

func TestWhatIsLeftOfANoticeIsCountedToAThousand(t *testing.T) {
	db := open(t, t.TempDir())
	x := aUser(t, db, "bank", "1").Transactions[0]
	var batch []engine.Write
	for n := range 1005 {
		x.ID, x.Occasion, x.ExternalID = fmt.Sprint("x", n), fmt.Sprint(n), ""
		batch = append(batch, savings.PutTransaction{Partner: "bank", Transaction: x})
	}
	write(t, db, append(batch, savings.GiveNotice{Partner: "bank", Run: "r", Now: x.Ready})...)
	left := func(notice string, all, left int) {
		t.Helper()
		if a, l, err := db.LeftOf(t.Context(), notice); a != all || l != left || err != nil {
			t.Error(a, l, err)
		}
	}
	left("r", 1000, 1000)
	left("none", 0, 0)
	left("", 0, 0)
	batch = nil
	for n := range 1003 {
		x.ID, x.Occasion, x.State, x.Settled, x.Notice = fmt.Sprint("x", n), fmt.Sprint(n), savings.Settled, at, "r"
		batch = append(batch, savings.PutTransaction{Partner: "bank", Transaction: x})
	}
	write(t, db, batch...)
	left("r", 1000, 3) // the one that was there, and two
}

func TestErasingTakesThePersonOutOfEverything(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	event := savings.Event{ID: "e", Partner: "bank", User: "1", Type: savings.DreamCreated, At: b.User.Created, Data: []byte(`{"dream":{"id":"d1","name":"Anna's boat","user":{"id":"1","externalId":"ext-1"}}}`)}
	aUser(t, db, "bank", "2")
	others := event
	others.ID, others.User = "e2", "2"
	answer := func(key, user string) api.PutAnswer {
		return api.PutAnswer{Partner: "bank", Key: key, Body: []byte(`{"dream":{"name":"Anna's boat","user":{"id":"` + user + `"}}}`), At: at}
	}
	write(t, db, savings.AddSavingsEvent{Event: event}, savings.AddSavingsEvent{Event: others}, answer("of 1", "1"), answer("of 2", "2"), app.PutSession{Session: app.Session{Hash: "s1", User: "1"}},
		app.PutSession{Session: app.Session{Hash: "s2", User: "2"}})
	write(t, db, savings.EraseUser{User: "1"})
	if _, ok, err := db.Answer(t.Context(), "bank", "of 1"); ok || err != nil {
		t.Error("what was answered about them is kept", err)
	}
	if _, ok, err := db.Answer(t.Context(), "bank", "of 2"); !ok || err != nil {
		t.Error("somebody else's answer is gone", err)
	}
	_, err := db.Session(t.Context(), "s1")
	missing(t, err)
	if _, err := db.Session(t.Context(), "s2"); err != nil {
		t.Error(err)
	}
	if b, err := db.Book(t.Context(), "bank", savings.Of{Message: "m2", Occasion: "f"}); err != nil || b.Dreams[0].Name == "" || len(b.Messages) != 1 || !b.Heard {
		t.Errorf("somebody else was erased: %v %+v", err, b)
	}
	got, err := db.EventsAfter(t.Context(), "bank", 0, 10)
	if err != nil || len(got) != 2 || string(got[0].Data) != `{"dream":{"id":"d1","user":{"id":"1"}}}` || !reflect.DeepEqual(got[1].Data, others.Data) {
		t.Errorf("%v %+v", err, got)
	}
	book, err := db.Book(t.Context(), "bank", savings.Of{User: "1", Occasion: "f"})
	if err != nil || book.Dreams[0].Name != "" || book.Heard {
		t.Errorf("%v %+v", err, book)
	}
	if _, err := db.Book(t.Context(), "bank", savings.Of{Message: "m1"}); parley.KindOf(err) != parley.KindNotFound {
		t.Error("a message is left")
	}
}
