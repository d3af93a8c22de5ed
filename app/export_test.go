package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/app"
	"parley/engine"
	"parley/savings"
)

// whole is a person about whom something of everything is kept.
func (r *rig) whole(t *testing.T) (p *phone, dream, picture string) {
	t.Helper()
	p = r.signedIn("one", "anna")
	picture = p.sends(aPicture(t, 40, 30, red))
	dream = p.settled("one", "anna", "Kyoto <i>", 10000)
	p.does("PATCH", "/dreams/"+dream, object{"imageUrl": picture}, 200)
	p.does("POST", "/launches", object{"savehackLaunch": object{"dreamId": dream, "type": "WeeklyLaunch", "amountCents": 100, "dayOfWeek": 1}}, 201)
	given := p.does("POST", "/dreams", object{"name": "Given up"}, 201).text("dream.id")
	p.does("DELETE", "/dreams/"+given, nil, 200)
	p.does("PUT", "/limits", object{"monthlyCapCents": 50000}, 200)
	p.does("POST", "/views", object{"path": "/dreams/1"}, 204)
	for _, item := range []savings.FeedItem{{ID: "card-1", Kind: savings.Purchase, Cents: 4350, At: r.clock.now()}, {ID: "balance-1", Kind: savings.Balance, Cents: 812300, At: r.clock.now()}} {
		r.change("one", savings.Of{ExternalUser: "anna", Occasion: item.ID}, func(b *savings.Book) error {
			_, err := b.Feed(item)
			return err
		})
	}
	r.change("one", savings.Of{ExternalUser: "anna"}, func(b *savings.Book) error {
		_, err := b.Nudge(savings.Message{External: true, Title: map[string]string{"sv": "Hej"}, Body: map[string]string{"sv": "Bra"}})
		return err
	})
	return p, dream, picture
}

func TestAPersonIsGivenAllThatIsKeptOfThem(t *testing.T) {
	r := newRig(t)
	p, dream, picture := r.whole(t)
	bo := r.signedIn("one", "bo")
	bo.settled("one", "bo", "Bo's own", 500)
	bo.sends(aPicture(t, 4, 4, red))
	other := r.signedIn("one", "anna") // another session of the same person

	a := p.api("GET", "/export", nil)
	for header, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "Content-Disposition": `attachment; filename="savings-2026-11-25.json"`, "Cache-Control": "no-store"} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}
	o := a.object(t)
	for path, want := range map[string]any{
		"bank": "Bank one", "currency": "SEK", "exportedAt": "2026-11-25T09:00:00Z",
		"user.externalId": "anna", "user.givenName": "Anna", "user.familyName": "Ek", "user.limits.monthlyCapCents": 50000.0, "user.currentAccount.balanceCents": 812300.0,
		"accounts.0.balanceCents": 10000.0, "dreams.0.id": dream, "dreams.0.name": "Kyoto <i>", "dreams.0.imageUrl": picture, "dreams.1.name": "Given up", "savehackLaunches.0.type": "WeeklyLaunch",
		"transactions.0.amountCents": 10000.0, "messages.0.translatedBody.sv": "Bra", "feed.0.id": "balance-1", "feed.1.type": "purchase", "feed.1.amountCents": 4350.0,
		"sessions.0.locale": "sv-SE", "pictures.0.url": picture, "pictures.0.contentType": "image/jpeg",
	} {
		if got := o.at(path); got != want {
			t.Errorf("%s is %v, not %v", path, got, want)
		}
	}
	for list, n := range map[string]int{"accounts": 1, "dreams": 2, "savehackLaunches": 1, "transactions": 1, "transferConsents": 0, "messages": 1, "feed": 2, "sessions": 2, "pictures": 1} {
		if o.at(list) == nil || len(o.list(list)) != n {
			t.Errorf("%d %s: %v", len(o.list(list)), list, o.at(list))
		}
	}
	if first, second := o.at("sessions.0.current"), o.at("sessions.1.current"); first == second {
		t.Errorf("which session is it that asks? %v and %v", first, second)
	}
	seen := map[string]int{}
	for _, e := range o.list("events") {
		seen[object(e.(map[string]any)).text("type")]++
	}
	if seen["UserCreated"] != 1 || seen["DreamCreated"] != 2 || seen["PageView"] != 1 || seen["DreamDeleted"] != 1 {
		t.Errorf("events %v", seen)
	}
	if raw, err := base64.StdEncoding.DecodeString(o.text("pictures.0.data")); err != nil || string(raw) != p.get(picture).body {
		t.Errorf("the picture is another: %v", err)
	}
	if strings.Contains(a.body, "Bo's") {
		t.Error("somebody else's is in it")
	}
	// Nothing in it lets anybody in.
	for _, who := range []*phone{p, other} {
		for _, c := range who.client.Jar.Cookies(mustURL(t, r.URL)) {
			if strings.Contains(a.body, c.Value) {
				t.Error("a cookie is in it")
			}
		}
	}
	rows, err := r.db.DB().Query(`SELECT hash FROM savings_session`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var hash string
		if err := rows.Scan(&hash); err != nil || strings.Contains(a.body, hash) || strings.Contains(a.body, hash[:16]) {
			t.Errorf("a session can be told: %v", err)
		}
	}
	if a := r.phone().api("GET", "/export", nil); a.StatusCode != 401 {
		t.Errorf("a stranger is answered %d", a.StatusCode)
	}
}

func TestConsentsAreInWhatAPersonIsGiven(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	p.saves("Kyoto", 100000, 100)
	o := p.api("GET", "/export", nil).object(t)
	if len(o.list("transferConsents")) != 1 || o.text("savehackLaunches.0.id") == "" || o.text("sessions.0.renewedBy") != "activity" {
		t.Errorf("%v", o)
	}
}

// Ten thousand transactions and a hundred pictures are read part by part.
func TestALongHistoryIsGivenWhole(t *testing.T) {
	r := newRig(t)
	p, dream, _ := r.whole(t)
	user := p.user()
	const many = 10_000
	var batch []engine.Write
	for i := range many {
		at := r.clock.now().Add(-time.Duration(i/3) * time.Second) // several at the same time
		batch = append(batch, savings.PutTransaction{Partner: "one", Transaction: savings.Transaction{ID: fmt.Sprintf("t%05d", i), User: user, Type: savings.Deposit, State: savings.Settled, Amount: 1,
			Requested: at, Settled: at, ToDream: dream}})
	}
	for i := range 1200 {
		batch = append(batch, savings.AddFeed{User: user, Item: savings.FeedItem{ID: fmt.Sprintf("f%04d", i), Kind: savings.Purchase, Cents: 1, At: r.clock.now()}},
			savings.AddSavingsEvent{Event: savings.Event{ID: fmt.Sprintf("e%04d", i), Partner: "one", User: user, Type: savings.PageView, At: r.clock.now(), Data: []byte(`{}`)}})
	}
	for i := range 99 {
		batch = append(batch, savings.PutPicture{Picture: savings.Picture{ID: fmt.Sprintf("p%02d", i), User: user, Partner: "one", Made: r.clock.now()}, JPEG: make([]byte, 100_000)})
	}
	if err := r.db.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	o := p.api("GET", "/export", nil).object(t)
	ids := func(list, field string) map[any]bool {
		seen := map[any]bool{}
		for _, v := range o.list(list) {
			seen[v.(map[string]any)[field]] = true
		}
		if len(seen) != len(o.list(list)) {
			t.Errorf("%d %s are %d", len(o.list(list)), list, len(seen))
		}
		return seen
	}
	if n := len(ids("transactions", "id")); n != many+1 {
		t.Errorf("%d transactions", n)
	}
	if n := len(ids("feed", "id")); n != 1202 {
		t.Errorf("%d feed items", n)
	}
	if n := len(ids("events", "id")); n < 1200 {
		t.Errorf("%d events", n)
	}
	if n := len(ids("pictures", "url")); n != 100 {
		t.Errorf("%d pictures", n)
	}
}

// broken is a store of which one list cannot be read.
type broken struct{ app.Store }

func (broken) SessionsOf(context.Context, string) ([]app.Session, error) {
	return nil, errors.New("the disk is gone")
}

// What breaks off in the middle must not look as if it were all.
func TestWhatBreaksOffIsNoWholeDocument(t *testing.T) {
	r := newRig(t, func(c *app.Config) { c.Store = broken{c.Store} })
	p := r.signedIn("one", "anna")
	req, err := http.NewRequest("GET", p.URL+"/app/api/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.client.Do(req)
	if err == nil {
		defer res.Body.Close()
		raw, rerr := io.ReadAll(res.Body)
		if err = rerr; err == nil || json.Valid(raw) {
			t.Errorf("%d %s", res.StatusCode, raw)
		}
	}
	if !strings.Contains(r.log.String(), "an export broke off") {
		t.Error("nobody is told of it")
	}
}
