package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/savings"
	"parley/store"
)

// everyList asks all lists, by page, by keyset, and on from something.
func everyList(t *testing.T, db *store.Store, q savings.Query) {
	t.Helper()
	for _, page := range []savings.Page{{Number: 2}, {Keyset: true}, {Keyset: true, After: "a1"}} {
		page.Partner, page.Items = "bank", 20
		q.Page = page
		_, _, err := db.Transactions(t.Context(), q)
		no(t, err)
		if q.Given || q.State != "" {
			continue
		}
		_, _, err = db.Launches(t.Context(), q)
		no(t, err)
		if q.Launch != "" {
			continue
		}
		_, _, err = db.Users(t.Context(), q)
		no(t, err)
		_, _, err = db.Accounts(t.Context(), q)
		no(t, err)
		for _, state := range []string{"", "deleted", "all"} {
			q := q
			q.State = state
			_, _, err = db.Dreams(t.Context(), q)
			no(t, err)
		}
		_, _, err = db.Consents(t.Context(), q)
		no(t, err)
		_, _, err = db.Messages(t.Context(), q)
		no(t, err)
	}
}

func no(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// plans says how the database finds what each statement of savings asks for, if it is not one of those that are known.
func plans(t *testing.T, db *store.Store, known map[string]bool) map[string][]string {
	t.Helper()
	texts, err := db.Statements(t.Context())
	no(t, err)
	out := map[string][]string{}
	for _, text := range texts {
		if known[text] || !strings.Contains(text, "savings_") {
			continue
		}
		var args []any
		for n := 1; strings.Contains(text, fmt.Sprintf("$%d", n)); n++ {
			args = append(args, "x")
		}
		rows, err := db.DB().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+text, args...)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for rows.Next() {
			var id, parent, other int
			var step string
			no(t, rows.Scan(&id, &parent, &other, &step))
			out[text] = append(out[text], step)
		}
		no(t, rows.Close())
	}
	return out
}

var (
	scan    = regexp.MustCompile(`^SCAN (\w+)`)
	whole   = regexp.MustCompile(`\(partner=\?( AND (created|requested|\(requested,id\)|\(created,id\))[^)]*)?\)|_listed `)
	erasing = `DELETE FROM savings_answer` // what is kept for a day only, without saying whose it is
)

func readsNoWholeTable(t *testing.T, text string, steps []string) {
	t.Helper()
	for _, step := range steps {
		m := scan.FindStringSubmatch(step)
		if m != nil && m[1] != "CONSTANT" && !slices.Contains(steps, "CO-ROUTINE "+m[1]) { // which is the page that was found
			t.Errorf("%s\n\treads a whole table: %s", text, step)
		}
	}
}

// What the tests of plans look at is what was really asked: the statements that the store has prepared.
func TestWhatIsOneUsersIsNeverLookedForAmongAll(t *testing.T) {
	db := open(t, t.TempDir())
	ctx := t.Context()
	yes := true
	// What is meant to go through everything of a partner's.
	for _, q := range []savings.Query{{}, {State: "settled"}, {State: "failed"}, {Given: true}, {State: "settled", Given: true}, {External: &yes, Processed: &yes, CreatedAfter: 1}, {Unread: true}} {
		everyList(t, db, q)
	}
	known := map[string]bool{}
	for text, steps := range plans(t, db, known) {
		known[text] = true
		readsNoWholeTable(t, text, steps)
		if !slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "_listed") }) && strings.Contains(text, "LIMIT") {
			t.Errorf("no index serves %s: %q", text, steps)
		}
	}

	b := aUser(t, db, "bank", "1")
	aUser(t, db, "bank", "2")
	for _, of := range []savings.Of{{User: "1", More: []string{"x"}, Follow: "l2", Occasion: "f"}, {User: "1", Dream: "no", Launch: "no", Consent: "no", Temporary: "no"}, {ExternalUser: "ext-1"},
		{Account: "a1"}, {Dream: "d1"}, {Launch: "l1"}, {Transaction: "t1"}, {Consent: "c1"}, {Temporary: "hash1"}, {Message: "m1"}} {
		_, err := db.Book(ctx, "bank", of)
		no(t, err)
	}
	copycat, x, u := b.Launches[0], b.Transactions[0], b.User
	copycat.Follows, copycat.Done = "l2", "0/"
	u.Version = 2
	write(t, db, savings.PutUser{User: u, Was: 1}, savings.PutLaunch{Launch: copycat}, savings.WakeFollowers{Launch: "l2", At: at})
	_, err := db.Book(ctx, "bank", savings.Of{User: "1"})
	no(t, err)
	copycat.Due = time.Time{}
	x.State = savings.Settled
	stopped := b.Launches[0]
	stopped.State, stopped.Due = savings.Stopped, time.Time{}
	write(t, db, savings.PutLaunch{Launch: copycat}, savings.PutLaunch{Launch: stopped}, savings.PutTransaction{Partner: "bank", Transaction: x}, savings.GiveNotice{Partner: "bank", Run: "r", Now: at},
		savings.AddSavingsEvent{Event: savings.Event{ID: "e", Partner: "bank", User: "2", Data: []byte(`{}`)}}, savings.EraseUser{User: "2"})
	_, _, err = db.LeftOf(ctx, "r")
	no(t, err)
	_, err = db.Unnoticed(ctx, "bank", at)
	no(t, err)
	_, _, err = db.NextReady(ctx, "bank")
	no(t, err)
	_, _, err = db.NextLaunchDue(ctx)
	no(t, err)
	_, err = db.DueUsers(ctx, at, 10)
	no(t, err)
	_, err = db.EventsAfter(ctx, "bank", 0, 10)
	no(t, err)
	for _, q := range []savings.Query{{ID: "x"}, {User: "1"}, {ExternalUser: "ext-1"}, {ExternalID: "x"}, {User: "1", ExternalID: "x"}, {User: "1", State: "requested"}, {User: "1", State: "settled", Given: true}, {User: "1", Unread: true},
		{User: "1", Dream: "d1"}, {Launch: "l1"}, {State: "requested", Given: true}} {
		everyList(t, db, q)
	}
	_, _, err = db.Launches(ctx, savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 20}, Dream: "d1"})
	no(t, err)
	_, _, err = db.Transactions(ctx, savings.Query{Page: savings.Page{Partner: "bank", Number: 1, Items: 20}, Dream: "d1", Given: true})
	no(t, err)

	write(t, db, savings.PutPicture{Picture: savings.Picture{ID: "p", User: "1", Partner: "bank", Made: at}, JPEG: []byte("j")},
		savings.PutPicture{Picture: savings.Picture{ID: "q", User: "1", Partner: "bank", Made: at.AddDate(0, 0, 2)}, JPEG: []byte("j")})
	_, err = db.Picture(ctx, "bank", "p")
	missing(t, err)
	_, err = db.PictureJPEG(ctx, "bank", "q")
	no(t, err)
	_, err = db.PictureFor(ctx, "bank", "2", "q")
	missing(t, err)
	_, err = db.PicturesOf(ctx, "bank", "1")
	no(t, err)
	_, err = db.LoosePictures(ctx, "1", at)
	no(t, err)
	_, err = db.Feed(ctx, "1", "", 10)
	no(t, err)
	_, err = db.EventsOf(ctx, "1", 0, 10)
	no(t, err)
	_, err = db.SessionsOf(ctx, "1")
	no(t, err)

	narrow := plans(t, db, known)
	if len(narrow) < 100 {
		t.Errorf("only %d statements were looked at", len(narrow))
	}
	for text, steps := range narrow {
		readsNoWholeTable(t, text, steps)
		for _, step := range steps {
			if whole.MatchString(step) && !strings.Contains(step, "savings_transaction_unnoticed") && !strings.Contains(step, "savings_transaction_requested") &&
				!strings.Contains(step, "savings_event_partner") && !strings.HasPrefix(text, erasing) {
				t.Errorf("%s\n\tgoes through everything of a partner's: %s", text, step)
			}
		}
	}
}

func TestAKeysetGoesOnWhereItWasLeft(t *testing.T) {
	db := open(t, t.TempDir())
	for _, q := range []savings.Query{{}, {State: "requested", Given: true}, {User: "1"}} {
		q.Page = savings.Page{Partner: "bank", Items: 20, Keyset: true, After: "x"}
		_, _, err := db.Transactions(t.Context(), q)
		no(t, err)
	}
	for text, steps := range plans(t, db, map[string]bool{}) {
		if !slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "AND requested>?") }) || slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, "TEMP B-TREE") }) {
			t.Errorf("%s\n\treads what was read before: %q", text, steps)
		}
	}
}
