package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parley/engine"
	"parley/savings"
	"parley/store"
)

// inGroup puts the dream of a user that is there into a group.
func inGroup(t *testing.T, db *store.Store, b *savings.Book, group string, joined time.Time) {
	t.Helper()
	d := b.Dreams[0]
	d.Group, d.Joined, d.DeletedAt = group, joined, time.Time{}
	write(t, db, savings.PutDream{Dream: d}, savings.Regroup{Group: group, At: joined})
}

// aGroup is a group of a user's.
func aGroup(t *testing.T, db *store.Store, partner, owner string) savings.Group {
	t.Helper()
	g := filled[savings.Group](t)
	g.ID, g.Partner, g.Code, g.Owner, g.Ended, g.Members = "g"+owner, partner, "CODE"+owner, owner, time.Time{}, 0
	write(t, db, savings.PutGroup{Group: g})
	return g
}

func TestAGroupIsReadAsItWasWritten(t *testing.T) {
	db := open(t, t.TempDir())
	anna, bo := aUser(t, db, "bank", "1"), aUser(t, db, "bank", "2")
	aUser(t, db, "other", "3")
	g := aGroup(t, db, "bank", "1")
	inGroup(t, db, anna, g.ID, at)
	inGroup(t, db, bo, g.ID, at.Add(time.Second))
	g.Members = 2
	for _, of := range []savings.Of{{User: "1", Group: g.ID}, {User: "1", Code: g.Code}} {
		b, err := db.Book(t.Context(), "bank", of)
		no(t, err)
		same(t, b.Group, g, nil)
		same(t, b.Groups, []savings.Group{g}, nil)
	}
	v, err := db.GroupOf(t.Context(), "bank", g.ID)
	same(t, v.Group, g, err)
	byCode, err := db.GroupByCode(t.Context(), "bank", g.Code)
	same(t, byCode, v, err)
	same(t, v.In[0], savings.Member{User: "1", Dream: "d1", Given: anna.User.GivenName, Family: anna.User.FamilyName, Joined: at, Balance: anna.Dreams[0].Balance}, nil)
	if len(v.In) != 2 || v.In[1].User != "2" {
		t.Errorf("%+v", v.In)
	}
	if launches, err := db.GroupLaunches(t.Context(), g.ID, 50); err != nil || len(launches) != 2 || launches[0].ID != "l2" {
		t.Errorf("%v %+v", err, launches)
	}

	// It is the partner's.
	_, err = db.GroupOf(t.Context(), "other", g.ID)
	missing(t, err)
	_, err = db.GroupByCode(t.Context(), "other", g.Code)
	missing(t, err)
	b, err := db.Book(t.Context(), "other", savings.Of{User: "3", Code: g.Code})
	same(t, b.Group, savings.Group{}, err)
	b, err = db.Book(t.Context(), "other", savings.Of{User: "3", Group: g.ID})
	same(t, b.Group, savings.Group{ID: g.ID, Partner: "bank"}, err)

	// A code is a partner's once.
	again := g
	again.ID = "another"
	conflict(t, db, "savings_group", savings.PutGroup{Group: again})
	again.Partner = "other"
	write(t, db, savings.PutGroup{Group: again})
}

func TestAGroupIsSetRightByWhoIsInIt(t *testing.T) {
	db := open(t, t.TempDir())
	anna, bo := aUser(t, db, "bank", "1"), aUser(t, db, "bank", "2")
	g := aGroup(t, db, "bank", "1")
	inGroup(t, db, bo, g.ID, at.Add(time.Second)) // written first, and joined last
	group := func() savings.Group {
		t.Helper()
		b, err := db.Book(t.Context(), "bank", savings.Of{User: "1", Group: g.ID})
		no(t, err)
		return b.Group
	}
	same(t, group().Owner, "2", nil) // the one who is in it
	inGroup(t, db, anna, g.ID, at)
	if got := group(); got.Owner != "2" || got.Image != "" || got.Name != g.Name || got.Members != 2 {
		t.Errorf("%+v", got)
	}

	// Its owner's dream is followed, and nobody else's.
	was, is := savings.Dream{User: "2", Name: g.Name}, savings.Dream{User: "2", Name: "Ship", Image: "https://x.example/"}
	mine, theirs := savings.DescribeGroup{Group: g.ID, Was: was, Is: is}, savings.DescribeGroup{Group: g.ID, Was: was, Is: is}
	theirs.Is.User = "1"
	write(t, db, theirs)
	same(t, group().Name, g.Name, nil)
	write(t, db, mine)
	if got := group(); got.Name != "Ship" || got.Image != "https://x.example/" || got.Target != g.Target {
		t.Errorf("%+v", got)
	}

	// They leave: erased, and taken out.
	write(t, db, savings.EraseUser{User: "2"}, savings.Regroup{Group: g.ID, At: at})
	if got := group(); got.Owner != "1" || got.Members != 1 || got.Image != "" {
		t.Errorf("%+v", got)
	}
	d := anna.Dreams[0]
	d.Group, d.Joined = "", time.Time{}
	ended := at.Add(time.Hour)
	write(t, db, savings.PutDream{Dream: d}, savings.Regroup{Group: g.ID, At: ended})
	if got := group(); got.Owner != "" || got.Name != "" || !got.Ended.Equal(ended) {
		t.Errorf("%+v", got)
	}
	_, err := db.GroupOf(t.Context(), "bank", g.ID)
	missing(t, err)
	_, err = db.GroupByCode(t.Context(), "bank", g.Code)
	missing(t, err)

	// Nobody comes in any more, and nothing of the attempt is left.
	d.Group, d.Joined = g.ID, at
	conflict(t, db, "savings_group", savings.PutDream{Dream: d}, savings.Regroup{Group: g.ID, At: at})
	conflict(t, db, "savings_group", mine)
	b, err := db.Book(t.Context(), "bank", savings.Of{User: "1"})
	same(t, b.Dreams[0].Group, "", err)
}

func TestOneTooManyIsRefused(t *testing.T) {
	db := open(t, t.TempDir())
	g := aGroup(t, db, "bank", "0")
	for i := range savings.MostMembers {
		inGroup(t, db, aUser(t, db, "bank", fmt.Sprint(i)), g.ID, at)
	}
	d := aUser(t, db, "bank", "late").Dreams[0]
	d.Group, d.Joined = g.ID, at
	conflict(t, db, "", savings.PutDream{Dream: d}, savings.Regroup{Group: g.ID, At: at})
	if v, err := db.GroupOf(t.Context(), "bank", g.ID); err != nil || v.Members != savings.MostMembers {
		t.Errorf("%v, %d members", err, v.Members)
	}
}

func TestWhatWasStoppedBeforeSomebodyJoinedIsNotSeen(t *testing.T) {
	db := open(t, t.TempDir())
	anna := aUser(t, db, "bank", "1")
	g := aGroup(t, db, "bank", "1")
	inGroup(t, db, anna, g.ID, at)
	l := anna.Launches[0]
	for i, launch := range []struct {
		started, stopped time.Time
		seen             bool
	}{{at.Add(-time.Hour), at.Add(-time.Minute), false}, {at.Add(-time.Hour), at.Add(time.Minute), true}, {at.Add(time.Hour), at.Add(2 * time.Hour), true}, {at.Add(-time.Hour), time.Time{}, true},
		{time.Time{}, time.Time{}, false}} {
		l.StartedAt, l.StoppedAt = launch.started, launch.stopped
		write(t, db, savings.PutLaunch{Launch: l})
		if found, err := db.GroupLaunches(t.Context(), g.ID, 50); err != nil || (len(found) == 1) != launch.seen {
			t.Errorf("%d: %v, %d are seen", i, err, len(found))
		}
	}
}

// Whom an active Copycat follows is in the book of who has it, unless it is their own.
func TestABookHasWhomItsCopycatsFollow(t *testing.T) {
	db := open(t, t.TempDir())
	leads, follows := aUser(t, db, "bank", "1"), aUser(t, db, "bank", "2")
	own, others := follows.Launches[0], follows.Launches[0]
	own.ID, own.Follows, others.ID, others.Follows = "own", "l2", "others", "l1"
	paused := others
	paused.ID, paused.State = "paused", savings.Paused
	write(t, db, savings.PutLaunch{Launch: own}, savings.PutLaunch{Launch: others}, savings.PutLaunch{Launch: paused})
	b, err := db.Book(t.Context(), "bank", savings.Of{User: "2"})
	same(t, b.Leaders, map[string]savings.Leader{"others": {Launch: "l1", User: "1", Group: leads.Dreams[0].Group}}, err)
	d := leads.Dreams[0]
	d.Group = ""
	write(t, db, savings.PutDream{Dream: d})
	b, err = db.Book(t.Context(), "bank", savings.Of{User: "2"})
	same(t, b.Leaders["others"].Group, "", err)
}

func TestWhatIsInAGroupIsNotLookedForAmongAll(t *testing.T) {
	db := open(t, t.TempDir())
	known := map[string]bool{}
	for text := range plans(t, db, known) {
		known[text] = true
	}
	anna := aUser(t, db, "bank", "1")
	g := aGroup(t, db, "bank", "1")
	inGroup(t, db, anna, g.ID, at)
	for _, of := range []savings.Of{{User: "1", Group: g.ID}, {User: "1", Code: g.Code}} {
		_, err := db.Book(context.Background(), "bank", of)
		no(t, err)
	}
	_, err := db.GroupOf(t.Context(), "bank", g.ID)
	no(t, err)
	_, err = db.GroupByCode(t.Context(), "bank", g.Code)
	no(t, err)
	_, err = db.GroupLaunches(t.Context(), g.ID, 9)
	no(t, err)
	_, err = db.PictureFor(t.Context(), "bank", "1", "p")
	missing(t, err)
	no(t, db.Apply(t.Context(), []engine.Write{savings.DescribeGroup{Group: g.ID, Was: savings.Dream{Name: g.Name}, Is: savings.Dream{User: "1", Name: "x"}}}))
	looked := 0
	for text, steps := range plans(t, db, known) {
		readsNoWholeTable(t, text, steps)
		for _, step := range steps {
			if whole.MatchString(step) {
				t.Errorf("%s\n\tgoes through everything of a partner's: %s", text, step)
			}
		}
		looked++
	}
	if looked < 10 {
		t.Errorf("only %d statements were looked at", looked)
	}
}
