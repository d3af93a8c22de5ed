package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
	"parley/store"
)

func aPicture(id, user string, made time.Time) savings.PutPicture {
	return savings.PutPicture{Picture: savings.Picture{ID: id, User: user, Partner: "bank", Made: made}, JPEG: []byte("\xff\xd8\x00jpeg " + id)}
}

// shows makes a user's dream show something, in a group.
func shows(t *testing.T, db *store.Store, b *savings.Book, image, group string) {
	t.Helper()
	d := b.Dreams[0]
	d.Image, d.Group, d.DeletedAt = image, group, time.Time{}
	write(t, db, savings.PutDream{Dream: d})
}

func TestAPictureIsReadAsItWasWritten(t *testing.T) {
	db := open(t, t.TempDir())
	aUser(t, db, "bank", "1")
	p := aPicture("p", "1", at)
	write(t, db, p)
	got, err := db.Picture(t.Context(), "bank", "p")
	same(t, got, p.Picture, err)
	list, err := db.PicturesOf(t.Context(), "bank", "1")
	same(t, list, []savings.Picture{p.Picture}, err)
	raw, err := db.PictureJPEG(t.Context(), "bank", "p")
	same(t, raw, p.JPEG, err)
	raw, err = db.PictureFor(t.Context(), "bank", "1", "p")
	same(t, raw, p.JPEG, err)

	_, err = db.Picture(t.Context(), "other", "p")
	missing(t, err)
	_, err = db.PictureJPEG(t.Context(), "other", "p")
	missing(t, err)
	_, err = db.PictureFor(t.Context(), "other", "1", "p")
	missing(t, err)
	if list, err := db.PicturesOf(t.Context(), "other", "1"); err != nil || len(list) != 0 {
		t.Error("invariant 19:", list, err)
	}
	stranger := aPicture("q", "1", at)
	stranger.Picture.Partner = "other"
	conflict(t, db, "savings_picture", stranger)
}

func TestAPictureIsSeenByThoseInTheSameGroupAlone(t *testing.T) {
	db := open(t, t.TempDir())
	owner, member, stranger := aUser(t, db, "bank", "1"), aUser(t, db, "bank", "2"), aUser(t, db, "bank", "3")
	elsewhere := aUser(t, db, "other", "4")
	p := aPicture("p", "1", at)
	write(t, db, p)
	seen := func(who string) bool {
		t.Helper()
		raw, err := db.PictureFor(t.Context(), "bank", who, "p")
		if err != nil && parley.KindOf(err) != parley.KindNotFound {
			t.Fatal(err)
		}
		return err == nil && string(raw) == string(p.JPEG)
	}
	for _, c := range []struct {
		what                 string
		owners, members      string // groups
		picture              string
		ownersGone, hersGone bool
		want                 bool
	}{
		{"nobody is in a group", "", "", p.Picture.Path(), false, false, false},
		{"both are in it", "g", "g", p.Picture.Path(), false, false, true},
		{"in another", "g", "h", p.Picture.Path(), false, false, false},
		{"the dream shows another picture", "g", "g", "/app/pictures/another", false, false, false},
		{"the owner gave it up", "g", "g", p.Picture.Path(), true, false, false},
		{"the member gave it up", "g", "g", p.Picture.Path(), false, true, false},
	} {
		for _, w := range []struct {
			b     *savings.Book
			group string
			gone  bool
		}{{owner, c.owners, c.ownersGone}, {member, c.members, c.hersGone}, {elsewhere, c.owners, false}} {
			d := w.b.Dreams[0]
			d.Image, d.Group, d.DeletedAt = "", w.group, time.Time{}
			if w.b == owner {
				d.Image = c.picture
			}
			if w.gone {
				d.DeletedAt = at
			}
			write(t, db, savings.PutDream{Dream: d})
		}
		shows(t, db, stranger, p.Picture.Path(), "of her own") // showing it opens nothing
		if got := seen("2"); got != c.want {
			t.Errorf("%s: a member sees it: %v", c.what, got)
		}
		if !seen("1") || seen("3") || seen("4") {
			t.Errorf("%s: the owner %v, a stranger %v, another partner's %v", c.what, seen("1"), seen("3"), seen("4"))
		}
	}
	if _, err := db.PictureFor(t.Context(), "other", "4", "p"); parley.KindOf(err) != parley.KindNotFound {
		t.Error("invariant 19: another partner's group shows it:", err)
	}
}

func TestPicturesThatNoDreamShowsAreSweptAfterADay(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	gone := aUser(t, db, "bank", "2").Dreams[0]
	write(t, db, aPicture("shown", "1", at), aPicture("loose", "1", at), aPicture("given up", "2", at), aPicture("another's", "2", at))
	shows(t, db, b, "/app/pictures/shown", "")
	gone.Image, gone.DeletedAt = "/app/pictures/given up", at
	write(t, db, savings.PutDream{Dream: gone})
	left := func() (ids []string) {
		for _, user := range []string{"1", "2"} {
			list, err := db.PicturesOf(t.Context(), "bank", user)
			no(t, err)
			for _, p := range list {
				ids = append(ids, p.ID)
			}
		}
		var kept int
		no(t, db.DB().QueryRow(`SELECT COUNT(*) FROM savings_picture_jpeg`).Scan(&kept))
		if kept != len(ids) {
			t.Errorf("%d pictures are left of %d", kept, len(ids))
		}
		slices.Sort(ids)
		return ids
	}
	day := 24 * time.Hour
	write(t, db, aPicture("b", "1", at.Add(day-time.Millisecond)))
	same(t, left(), []string{"another's", "b", "given up", "loose", "shown"}, nil)
	write(t, db, aPicture("c", "1", at.Add(day)))
	same(t, left(), []string{"b", "c", "given up", "shown"}, nil)
	shows(t, db, b, "/app/pictures/c", "")
	write(t, db, aPicture("d", "1", at.Add(2*day)))
	same(t, left(), []string{"c", "d", "given up"}, nil)
}

func TestLoosePicturesAreCounted(t *testing.T) {
	db := open(t, t.TempDir())
	b := aUser(t, db, "bank", "1")
	gone := aUser(t, db, "bank", "2")
	for i := range 5 {
		write(t, db, aPicture(fmt.Sprint("p", i), "1", at.Add(time.Duration(i)*time.Minute)))
	}
	write(t, db, aPicture("q", "2", at))
	shows(t, db, b, "/app/pictures/p4", "")
	for since, want := range map[time.Time]int{at.Add(-time.Minute): 4, at: 3, at.Add(time.Hour): 0} {
		n, err := db.LoosePictures(t.Context(), "1", since)
		same(t, n, want, err)
	}
	shows(t, db, gone, "/app/pictures/q", "")
	n, err := db.LoosePictures(t.Context(), "2", at.Add(-time.Minute))
	same(t, n, 0, err)
	d := gone.Dreams[0]
	d.Image, d.DeletedAt = "/app/pictures/q", at
	write(t, db, savings.PutDream{Dream: d})
	n, err = db.LoosePictures(t.Context(), "2", at.Add(-time.Minute))
	same(t, n, 1, err)
}

func TestErasingAPersonTakesTheirPictures(t *testing.T) {
	db := open(t, t.TempDir())
	aUser(t, db, "bank", "1")
	aUser(t, db, "bank", "2")
	write(t, db, aPicture("p", "1", at), aPicture("q", "2", at), savings.EraseUser{User: "1"})
	_, err := db.Picture(t.Context(), "bank", "p")
	missing(t, err)
	_, err = db.PictureJPEG(t.Context(), "bank", "p")
	missing(t, err)
	if _, err := db.PictureJPEG(t.Context(), "bank", "q"); err != nil {
		t.Error("another's went too:", err)
	}
	var n int
	no(t, db.DB().QueryRow(`SELECT COUNT(*) FROM savings_picture_jpeg`).Scan(&n))
	same(t, n, 1, nil)

	u := savings.User{ID: "3", Partner: "bank", ExternalID: "erased-3", Version: 1, Destroyed: at}
	write(t, db, savings.PutUser{User: u})
	conflict(t, db, "savings_picture", engine.Write(aPicture("r", "3", at)))
}

func TestWhatIsKeptOfAPersonIsListed(t *testing.T) {
	db := open(t, t.TempDir())
	aUser(t, db, "bank", "1")
	aUser(t, db, "bank", "2")
	first, second := savings.FeedItem{ID: "g", Kind: savings.Income, Cents: 8, At: at}, savings.FeedItem{ID: "h", Kind: savings.Balance, Cents: 9, At: at}
	write(t, db, savings.AddFeed{User: "1", Item: second}, savings.AddFeed{User: "1", Item: first})
	list, err := db.Feed(t.Context(), "1", "f", 10)
	same(t, list, []savings.FeedItem{first, second}, err)
	list, err = db.Feed(t.Context(), "1", "f", 1)
	same(t, list, []savings.FeedItem{first}, err)
	for i, user := range []string{"1", "2", "1"} {
		write(t, db, savings.AddSavingsEvent{Event: savings.Event{ID: fmt.Sprint("e", i), Partner: "bank", User: user, Type: savings.PageView, At: at, Data: []byte(`{}`)}})
	}
	events, err := db.EventsOf(t.Context(), "1", 0, 10)
	same(t, ids(events, func(e savings.Event) string { return e.ID }), []string{"e0", "e2"}, err)
	events, err = db.EventsOf(t.Context(), "1", events[0].Seq, 10)
	same(t, ids(events, func(e savings.Event) string { return e.ID }), []string{"e2"}, err)
}
