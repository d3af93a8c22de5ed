package savings_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/savings"
)

// boat is a group dream of somebody else's.
func boat(members int) savings.Group {
	return savings.Group{ID: "boat", Partner: "bank", Code: "CDFG2345", Owner: "other", Name: "Boat", Target: 90_000, Expires: "2027-06-01", Image: "https://bank.example/theirs", Inspiration: "journey", Members: members}
}

func (d *desk) join(g savings.Group, j savings.Joining) (made savings.Dream, joined bool, err error) {
	d.t.Helper()
	d.group = g
	err = d.try(func(b *savings.Book) error { made, joined, err = b.JoinGroup(j); return err })
	d.group = savings.Group{}
	return made, joined, err
}

// regrouped are the groups that the last change set right.
func (d *desk) regrouped() (out []string) {
	for i, w := range d.wrote {
		if r, ok := w.(savings.Regroup); ok {
			out = append(out, r.Group)
		} else if len(out) > 0 {
			d.t.Fatalf("write %d, %T, stands behind what follows from it", i, w)
		}
	}
	return out
}

func TestADreamBecomesAGroupDream(t *testing.T) {
	d := newDesk(t, oneAccount())
	dream := d.dream(savings.NewDream{Name: "Bike", Target: 5000, Expires: "2027-01-01", Inspiration: "journey", Image: "https://x.example/y"})
	make := func() { d.t.Helper(); d.must(func(b *savings.Book) error { return b.MakeGroup(dream.ID) }) }
	make()
	got := d.dreamOf(dream.ID)
	g := d.groups[got.Group]
	want(t, "the group", g, savings.Group{ID: g.ID, Partner: "bank", Code: "23456234", Owner: d.user.ID, Name: "Bike", Target: 5000, Expires: "2027-01-01", Image: "https://x.example/y", Inspiration: "journey", Created: d.now})
	want(t, "joined", got.Joined, d.now)
	want(t, "told", d.events(), []string{"DreamUpdated"})
	want(t, "the code as it is shown", g.ShownCode(), "2345-6234")
	make()
	want(t, "a repetition writes", len(d.wrote), 0)

	wantKind(t, d.try(func(b *savings.Book) error { return b.MakeGroup("none") }), parley.KindNotFound)
	theirs := d.dream(savings.NewDream{Name: "Car", Group: "the bank's"})
	wantKind(t, d.try(func(b *savings.Book) error { return b.MakeGroup(theirs.ID) }), parley.KindConflict)
	wantKind(t, d.try(func(b *savings.Book) error { _, err := b.LeaveGroup(theirs.ID); return err }), parley.KindConflict)
	d.must(func(b *savings.Book) error { return b.DeleteDream(theirs.ID, false) })
	want(t, "a dream that was given up stays where the bank has put it", d.dreamOf(theirs.ID).Group, "the bank's")
	want(t, "and no group of ours is set right", len(d.regrouped()), 0)

	p := oneAccount()
	p.Performance = true
	d = newDesk(t, p)
	funds := d.dream(savings.NewDream{Type: savings.PerformanceDream})
	wantKind(t, d.try(func(b *savings.Book) error { return b.MakeGroup(funds.ID) }), parley.KindConflict)
}

func TestSomebodyJoinsAGroupOnceWithADreamOfTheirOwn(t *testing.T) {
	d := newDesk(t, oneAccount())
	made, joined, err := d.join(boat(1), savings.Joining{})
	if err != nil || !joined {
		t.Fatal(joined, err)
	}
	want(t, "the dream", []any{made.Name, made.Target, made.Expires, made.Inspiration, made.Image, made.Group, made.Joined, made.User},
		[]any{"Boat", savings.Cents(90_000), "2027-06-01", "journey", "", "boat", d.now, d.user.ID})
	want(t, "set right", d.regrouped(), []string{"boat"})
	want(t, "told", d.events(), []string{"DreamCreated"})
	again, joined, err := d.join(boat(savings.MostMembers), savings.Joining{Name: ptr("Another")})
	if err != nil || joined || again != made || len(d.wrote) != 0 {
		t.Errorf("%+v %t %v", again, joined, err)
	}
	// As one likes it, and not by a date that has passed.
	d = newDesk(t, oneAccount())
	g := boat(1)
	g.Expires = "2026-11-24"
	made, _, err = d.join(g, savings.Joining{Name: ptr("My boat"), Target: ptr(savings.Cents(1000))})
	want(t, "the dream", []any{made.Name, made.Target, made.Expires, err}, []any{"My boat", savings.Cents(1000), "", nil})

	d = newDesk(t, oneAccount())
	_, _, err = d.join(boat(1), savings.Joining{Target: ptr(savings.Cents(-1)), Expires: ptr("2026-11-24")})
	wantFaults(t, err, "targetCents can't be negative", "expiresAt can't be in the past")
	_, _, err = d.join(boat(savings.MostMembers), savings.Joining{})
	wantKind(t, err, parley.KindConflict)
	ended, elsewhere := boat(0), boat(1)
	ended.Ended, elsewhere.Partner = d.now, "another"
	for _, g := range []savings.Group{{}, ended, elsewhere} {
		_, _, err := d.join(g, savings.Joining{})
		wantKind(t, err, parley.KindNotFound)
	}
	want(t, "dreams", len(d.dreams), 0)
}

func TestOneLeavesAGroupInEveryWay(t *testing.T) {
	other := boat(1)
	other.ID = "a raft"
	for name, leave := range map[string]struct {
		do     func(d *desk, b *savings.Book, dream string) error
		group  string // that it is in afterwards
		told   string
		right  []string // groups that are set right
		joined bool
	}{
		"leaving":  {func(d *desk, b *savings.Book, dream string) error { _, err := b.LeaveGroup(dream); return err }, "", "DreamUpdated", []string{"boat"}, false},
		"deleting": {func(d *desk, b *savings.Book, dream string) error { return b.DeleteDream(dream, false) }, "", "DreamDeleted", []string{"boat"}, false},
		"erasing":  {func(d *desk, b *savings.Book, dream string) error { return b.DestroyUser() }, "", "DreamDeleted", []string{"boat"}, false},
		"taken out by the bank": {func(d *desk, b *savings.Book, dream string) error {
			_, err := b.UpdateDream(dream, savings.DreamPatch{Group: ptr("")})
			return err
		}, "", "DreamUpdated", []string{"boat"}, false},
		"put into a group of the bank's own": {func(d *desk, b *savings.Book, dream string) error {
			_, err := b.UpdateDream(dream, savings.DreamPatch{Group: ptr("theirs")})
			return err
		}, "theirs", "DreamUpdated", []string{"boat"}, false},
		"put into another group of people's": {func(d *desk, b *savings.Book, dream string) error {
			b.Group = other
			_, err := b.UpdateDream(dream, savings.DreamPatch{Group: ptr("a raft")})
			return err
		}, "a raft", "DreamUpdated", []string{"a raft", "boat"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, oneAccount())
			d.account()
			made, _, err := d.join(boat(1), savings.Joining{})
			if err != nil {
				t.Fatal(err)
			}
			d.save(made.ID, 700)
			d.now = d.now.Add(time.Hour)
			d.must(func(b *savings.Book) error { return leave.do(d, b, made.ID) })
			got := d.dreamOf(made.ID)
			want(t, "group", []any{got.Group, !got.Joined.IsZero()}, []any{leave.group, leave.joined})
			want(t, "set right", d.regrouped(), leave.right)
			want(t, "told", contains(d.events(), leave.told), true)
			if name == "leaving" {
				want(t, "the money stays", got.Balance, savings.Cents(700))
				d.must(func(b *savings.Book) error { _, err := b.LeaveGroup(made.ID); return err })
				want(t, "a repetition writes", len(d.wrote), 0)
			}
			wantKind(t, d.try(func(b *savings.Book) error { _, err := b.LeaveGroup("none"); return err }), parley.KindNotFound)
		})
	}
}

func TestTheBankPutsADreamIntoAGroupThatPeopleHaveMade(t *testing.T) {
	put := func(d *desk, g savings.Group, dream string) error {
		d.group = g
		defer func() { d.group = savings.Group{} }()
		return d.try(func(b *savings.Book) error {
			_, err := b.UpdateDream(dream, savings.DreamPatch{Group: &g.ID})
			return err
		})
	}
	p := oneAccount()
	p.Performance = true
	d := newDesk(t, p)
	dream, another := d.dream(savings.NewDream{Name: "Mine"}), d.dream(savings.NewDream{})
	funds := d.dream(savings.NewDream{Type: savings.PerformanceDream})
	ended, elsewhere := boat(0), savings.Group{ID: "boat", Partner: "another"}
	ended.Ended = d.now
	wantFaults(t, put(d, ended, dream.ID), "groupDreamId doesn't exist")
	wantFaults(t, put(d, elsewhere, dream.ID), "groupDreamId doesn't exist")
	wantFaults(t, put(d, boat(savings.MostMembers), dream.ID), "groupDreamId is full")
	wantFaults(t, put(d, boat(1), funds.ID), "groupDreamId is for dreams of another type")
	if err := put(d, boat(1), dream.ID); err != nil {
		t.Fatal(err)
	}
	want(t, "joined", []any{d.dreamOf(dream.ID).Joined, d.dreamOf(dream.ID).Name}, []any{d.now, "Mine"})
	want(t, "set right", d.regrouped(), []string{"boat"})
	wantFaults(t, put(d, boat(2), another.ID), "groupDreamId has already been taken")
	if err := put(d, boat(2), dream.ID); err != nil || len(d.wrote) != 0 {
		t.Errorf("where it is already: %v", err)
	}
	d.group = boat(2)
	wantFaults(t, d.try(func(b *savings.Book) error { _, err := b.CreateDream(savings.NewDream{Group: "boat"}); return err }), "groupDreamId has already been taken")
	d = newDesk(t, p)
	d.group = boat(2)
	want(t, "made in it", d.dream(savings.NewDream{Group: "boat"}).Joined, d.now)
}

func TestAGroupGoesToWhoJoinedFirstAndEndsWithTheLast(t *testing.T) {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	g := boat(0)
	got, err := g.Arranged([]string{"other", "anna"}, at)
	want(t, "its owner is there", []any{got, err}, []any{g, nil})
	got, err = g.Arranged([]string{"anna", "bo"}, at)
	next := g
	next.Owner, next.Image = "anna", ""
	want(t, "its owner has left, and taken the picture along", []any{got, err}, []any{next, nil})
	got, err = g.Arranged(nil, at)
	next = g
	next.Owner, next.Name, next.Image, next.Ended = "", "", "", at
	want(t, "nobody is there", []any{got, err}, []any{next, nil})
	var many []string
	for i := range savings.MostMembers + 1 {
		many = append(many, fmt.Sprint(i))
	}
	_, err = g.Arranged(many, at)
	wantKind(t, err, parley.KindConflict)
	_, err = g.Arranged(many[1:], at)
	want(t, "fifty", err, nil)
}

func TestAGroupFollowsItsOwnersDreamInWhatTheyHaveInCommon(t *testing.T) {
	g := boat(2)
	was := savings.Dream{Name: "Boat", Target: 5, Expires: "2027-06-01", Image: "https://mine.example/"}
	is := savings.Dream{Name: "Ship", Target: 6, Expires: "2028-06-01", Image: "https://mine.example/new"}
	got := g.Alike(was, is)
	want(t, "name, target, date and picture", []any{got.Name, got.Target, got.Expires, got.Image}, []any{"Ship", savings.Cents(90_000), "2028-06-01", "https://bank.example/theirs"})
	was.Target, was.Image = g.Target, g.Image
	got = g.Alike(was, is)
	want(t, "target and picture", []any{got.Target, got.Image}, []any{savings.Cents(6), "https://mine.example/new"})

	d := newDesk(t, oneAccount())
	made, _, err := d.join(boat(1), savings.Joining{})
	if err != nil {
		t.Fatal(err)
	}
	d.change(made.ID, savings.DreamPatch{Name: ptr("Ship")})
	last := d.wrote[len(d.wrote)-1]
	want(t, "the group is told", last, savings.Write(savings.DescribeGroup{Group: "boat", Was: made, Is: d.dreamOf(made.ID)}))
}

func TestWhatIsCopiedOfOthersEndsWithTheGroup(t *testing.T) {
	d := newDesk(t, oneAccount())
	d.account()
	made, _, err := d.join(boat(1), savings.Joining{})
	if err != nil {
		t.Fatal(err)
	}
	own := d.launch(made.ID, "Daily", `{"amountCents":100}`)
	mine := d.launch(made.ID, "Copycat", `{"launchId":"`+own.ID+`"}`)
	follow := func(b *savings.Book) error {
		b.Leader = savings.Leader{Launch: "theirs", User: "other", Group: "boat"}
		_, err := b.LaunchSavehack(savings.NewLaunch{Dream: made.ID, Kind: "Copycat", Params: json.RawMessage(`{"launchId":"theirs"}`)})
		return err
	}
	d.must(follow)
	theirs := d.launches[len(d.launches)-1]
	d.woken = nil
	d.must(func(b *savings.Book) error { _, err := b.LeaveGroup(made.ID); return err })
	want(t, "one's own goes on, what is theirs ends", []savings.LaunchState{d.launchOf(own.ID).State, d.launchOf(mine.ID).State, d.launchOf(theirs.ID).State},
		[]savings.LaunchState{savings.Active, savings.Active, savings.Stopped})
	want(t, "who copies what goes on is woken", d.woken, []savings.WakeFollowers{{Launch: own.ID, At: d.now}, {Launch: mine.ID, At: d.now}})
	wantFaults(t, d.try(follow), "launchId doesn't exist")
}

// Whom somebody copies may leave, too: then there is a deposit that must not be copied any more.
func TestACopycatEndsWhenWhomItCopiesHasLeft(t *testing.T) {
	for group, goesOn := range map[string]bool{"boat": true, "": false, "another": false} {
		d := newDesk(t, oneAccount())
		d.account()
		made, _, err := d.join(boat(1), savings.Joining{})
		if err != nil {
			t.Fatal(err)
		}
		d.must(func(b *savings.Book) error {
			b.Leader = savings.Leader{Launch: "theirs", User: "other", Group: "boat"}
			_, err := b.LaunchSavehack(savings.NewLaunch{Dream: made.ID, Kind: "Copycat", Params: json.RawMessage(`{"launchId":"theirs"}`)})
			return err
		})
		id := d.launches[0].ID
		d.launches[0].Due = d.now // woken
		d.must(func(b *savings.Book) error {
			b.Leaders = map[string]savings.Leader{id: {Launch: "theirs", User: "other", Group: group}}
			b.Followed[id] = []savings.Transaction{{ID: "t", Amount: 300, State: savings.Requested, Ready: d.now}}
			_, err := b.RunDue()
			return err
		})
		if copied, state := len(d.transactions) == 1, d.launchOf(id).State; copied != goesOn || (state == savings.Active) != goesOn || !d.launchOf(id).Due.IsZero() {
			t.Errorf("in %q: copied %t, %s, due %s", group, copied, state, d.launchOf(id).Due)
		}
	}
}

func TestACodeIsReadAsPeopleWriteIt(t *testing.T) {
	for written, want := range map[string]string{
		"CDFG-2345": "CDFG2345", "cdfg2345": "CDFG2345", " cdfg 2345 ": "CDFG2345", "c-d-f-g-2-3-4-5": "CDFG2345",
		"SZB1-IU99": "528LLV99", // what is taken for something else is what it is taken for
		"":          "", "CDFG-234": "", "CDFG-23456": "", "CDFG-234O": "", "CDFG-234Ä": "", "АDFG-2345": "", "CDFG-234%": "", strings.Repeat("-", 200) + "CDFG2345": "",
	} {
		if code, ok := savings.ReadCode(written); ok != (want != "") || ok && code != want {
			t.Errorf("%q is read as %q, %t", written, code, ok)
		}
	}
}

func TestCodesAreDrawnEvenly(t *testing.T) {
	d := newDesk(t, oneAccount())
	dream := d.dream(savings.NewDream{})
	count := map[rune]int{}
	seen := map[string]bool{}
	const codes = 4000
	for range codes {
		b := d.book().Begin(d.partner, savings.Turn{Now: d.now, NewID: d.id, Random: rand.Reader})
		if err := b.MakeGroup(dream.ID); err != nil {
			t.Fatal(err)
		}
		for _, w := range b.Writes() {
			if g, ok := w.(savings.PutGroup); ok {
				if code, ok := savings.ReadCode(g.Group.ShownCode()); !ok || code != g.Group.Code || seen[code] {
					t.Fatalf("%q is read as %q, seen %t", g.Group.ShownCode(), code, seen[code])
				}
				seen[g.Group.Code] = true
				for _, letter := range g.Group.Code {
					count[letter]++
				}
			}
		}
	}
	const each = codes * 8 / 26
	if len(count) != 26 {
		t.Errorf("%d letters", len(count))
	}
	for letter, n := range count {
		if n < each*8/10 || n > each*12/10 {
			t.Errorf("%c came %d times, and should about %d", letter, n, each)
		}
	}
	b := d.book().Begin(d.partner, savings.Turn{Now: d.now, NewID: d.id, Random: strings.NewReader("")})
	if b.MakeGroup(dream.ID) == nil {
		t.Error("a code was drawn of nothing")
	}
}

func TestOthersSeeAFirstNameAndALetter(t *testing.T) {
	for _, c := range []struct{ given, family, want string }{
		{"Anna", "Svensson", "Anna S"}, {"Anna Maria", "af Ek", "Anna E"}, {"Åsa-Lill", "ö", "Åsa-Lill Ö"}, {"Anna", "", "Anna"}, {"", "Svensson", ""}, {"", "", ""},
		{" ", " ", ""}, {"Zoe\u0308", "a\u030angstro\u0308m", "Zoe\u0308 A\u030a"}, {"李", "王", "李 王"},
	} {
		if got := (savings.Member{Given: parley.Private(c.given), Family: parley.Private(c.family)}).Name(); got != c.want {
			t.Errorf("%s %s is %q, not %q", c.given, c.family, got, c.want)
		}
	}
}
