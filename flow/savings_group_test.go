package flow_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley"
	"parley/savings"
)

// member is somebody by their number.
func member(n int) savings.Of {
	return savings.Of{ExternalUser: fmt.Sprintf("person-%02d", n), Create: true}
}

// come has so many people come in, each with nothing.
func (k *till) come(n int) {
	k.t.Helper()
	for i := range n {
		k.change(shared, member(i), func(b *savings.Book) error {
			_, err := b.CreateUser(savings.NewUser{ExternalID: member(i).ExternalUser, GivenName: "Anna"}, savings.ArrowUserPosted)
			return err
		})
	}
}

// group is a group dream that somebody makes of a new dream of theirs.
func (k *till) group(who int) (id, code string) {
	k.t.Helper()
	var d savings.Dream
	k.change(shared, member(who), func(b *savings.Book) (err error) {
		if d, err = b.CreateDream(savings.NewDream{Name: "A boat", Target: 1_000_000}); err != nil {
			return err
		}
		return b.MakeGroup(d.ID)
	})
	g := k.book(shared, savings.Of{Dream: d.ID}).Groups[0]
	return g.ID, g.Code
}

// join has somebody join, and says with which dream.
func join(k *till, who int, code string) (d savings.Dream, joined bool, err error) {
	of := member(who)
	of.Code = code
	_, err = k.s.Change(context.Background(), shared, of, func(b *savings.Book) (err error) {
		d, joined, err = b.JoinGroup(savings.Joining{})
		return err
	})
	return d, joined, err
}

func leave(k *till, dream string) error {
	_, err := k.s.Change(context.Background(), shared, savings.Of{Dream: dream}, func(b *savings.Book) error { _, err := b.LeaveGroup(dream); return err })
	return err
}

// tills are processes over one database.
func tills(t *testing.T, n int) (out []*till) {
	db, clock := openDB(t), newClock()
	for range n {
		out = append(out, open(t, db, clock, nil, newLife("", 0)))
	}
	return out
}

func TestOfThirtyTwoWhoJoinAtOnceTwentyFindRoom(t *testing.T) {
	for name, processes := range map[string]int{"in one process": 1, "in two": 2} {
		t.Run(name, func(t *testing.T) {
			all := tills(t, processes)
			k := all[0]
			k.come(62)
			id, code := k.group(0)
			for i := 1; i < 30; i++ {
				if _, joined, err := join(k, i, code); !joined || err != nil {
					t.Fatal(i, joined, err)
				}
			}
			var in, full atomic.Int64
			var everybody sync.WaitGroup
			start := make(chan struct{})
			for i := range 32 {
				everybody.Go(func() {
					<-start
					switch d, joined, err := join(all[i%processes], 30+i, code); {
					case joined && err == nil && d.Group == id:
						in.Add(1)
					case parley.KindOf(err) == parley.KindConflict:
						full.Add(1)
					default:
						t.Error(d, joined, err)
					}
				})
			}
			close(start)
			everybody.Wait()
			g, err := k.db.GroupOf(t.Context(), shared, id)
			if err != nil || len(g.In) != savings.MostMembers || in.Load() != 20 || full.Load() != 12 {
				t.Errorf("%v: %d are in it, %d came in, %d found it full", err, len(g.In), in.Load(), full.Load())
			}
			for i := range 32 {
				if dreams := k.book(shared, member(30+i)).Dreams; len(dreams) > 1 || len(dreams) == 1 && dreams[0].Group != id {
					t.Errorf("person %d has %d dreams", 30+i, len(dreams))
				}
			}
			k.sound()
		})
	}
}

func TestSomebodyWhoJoinsSixtyFourTimesAtOnceIsInOnce(t *testing.T) {
	all := tills(t, 2)
	k := all[0]
	k.come(2)
	id, code := k.group(0)
	var made atomic.Int64
	ids := make([]string, 64)
	crowd(func(i int) {
		d, joined, err := join(all[i%2], 1, code)
		if ids[i] = d.ID; err != nil {
			t.Error(err)
		}
		if joined {
			made.Add(1)
		}
	})
	slices.Sort(ids)
	g, err := k.db.GroupOf(t.Context(), shared, id)
	if err != nil || len(g.In) != 2 || made.Load() != 1 || len(slices.Compact(ids)) != 1 {
		t.Errorf("%v: %d members, made %d times, %v", err, len(g.In), made.Load(), slices.Compact(ids))
	}
	k.sound()
}

// Three people join, leave, give up, are put in and taken out by the bank, all at once, over two processes. Whatever they do, everybody in the group
// has a dream in it, and a group that nobody is in has ended.
func TestHoweverPeopleComeAndGoAGroupIsOfThoseWhoAreInIt(t *testing.T) {
	all := tills(t, 2)
	k := all[0]
	const people = 3
	k.come(people)
	type found struct{ id, code string }
	var mu sync.Mutex
	id, code := k.group(0)
	now := found{id, code}
	groups := []found{now}
	var everybody sync.WaitGroup
	for who := range people {
		everybody.Go(func() {
			chance := rand.New(rand.NewPCG(1, uint64(who)))
			for n := range 60 {
				k := all[(who+n)%2]
				mu.Lock()
				g := now
				mu.Unlock()
				b, err := k.db.Book(context.Background(), shared, member(who))
				if err != nil {
					t.Error(err)
					return
				}
				mine := ""
				for _, d := range b.Dreams {
					if !d.Joined.IsZero() {
						mine = d.ID
					}
				}
				change := func(of savings.Of, do func(b *savings.Book) error) error {
					_, err := k.s.Change(context.Background(), shared, of, do)
					return err
				}
				switch what := chance.IntN(6); {
				case mine == "" || what == 0:
					_, _, err = join(k, who, g.code)
				case what < 3:
					err = leave(k, mine)
				case what == 3:
					err = change(savings.Of{Dream: mine}, func(b *savings.Book) error { return b.DeleteDream(mine, false) })
				case what == 4:
					err = change(savings.Of{Dream: mine, Group: g.id}, func(b *savings.Book) error {
						_, err := b.UpdateDream(mine, savings.DreamPatch{Group: &g.id, Name: new(fmt.Sprint(n))})
						return err
					})
				default:
					err = change(savings.Of{Dream: mine}, func(b *savings.Book) error {
						_, err := b.UpdateDream(mine, savings.DreamPatch{Group: new("")})
						return err
					})
				}
				switch parley.KindOf(err) {
				case parley.KindNotFound: // it has ended: whoever comes to know of it makes another
					mu.Lock()
					if now == g {
						id, code := k.group(who)
						now = found{id, code}
						groups = append(groups, now)
					}
					mu.Unlock()
				case "", parley.KindInvalid:
					if err != nil && parley.KindOf(err) == "" {
						t.Error(err)
					}
				default:
					t.Errorf("%v", err)
				}
			}
		})
	}
	everybody.Wait()
	k.sound()
	ended := 0
	for _, g := range groups {
		if _, err := k.db.GroupOf(t.Context(), shared, g.id); parley.KindOf(err) == parley.KindNotFound {
			ended++
			if _, _, err := join(k, 0, g.code); parley.KindOf(err) != parley.KindNotFound {
				t.Errorf("the code of a group that has ended is good for something: %v", err)
			}
		} else if err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d groups, of which %d have ended", len(groups), ended)
	// Now all leave.
	for who := range people {
		for _, d := range k.book(shared, member(who)).Dreams {
			if err := leave(k, d.ID); err != nil {
				t.Error(err)
			}
		}
	}
	for _, g := range groups {
		if _, err := k.db.GroupByCode(t.Context(), shared, g.code); parley.KindOf(err) != parley.KindNotFound {
			t.Errorf("everybody has left, and %s goes on: %v", g.id, err)
		}
	}
	k.sound()
}

func TestAGroupIsHandedOnInTheOrderOfJoining(t *testing.T) {
	k := tills(t, 1)[0]
	k.come(3)
	id, code := k.group(0)
	dreams := []string{k.book(shared, member(0)).Dreams[0].ID}
	for i := 1; i < 3; i++ {
		k.clock.move(time.Second)
		d, _, err := join(k, i, code)
		if err != nil {
			t.Fatal(err)
		}
		dreams = append(dreams, d.ID)
	}
	owner := func() string {
		g, err := k.db.GroupOf(t.Context(), shared, id)
		if err != nil {
			return string(parley.KindOf(err))
		}
		return k.book(shared, savings.Of{User: g.Owner}).User.ExternalID
	}
	if got := owner(); got != "person-00" {
		t.Error(got)
	}
	for i, erase := range []bool{false, true, false} {
		var err error
		if erase {
			_, err = k.s.Change(t.Context(), shared, member(i), (*savings.Book).DestroyUser)
		} else {
			err = leave(k, dreams[i])
		}
		if err != nil {
			t.Fatal(err)
		}
		k.sound()
		want := fmt.Sprintf("person-%02d", i+1)
		if i == 2 {
			want = string(parley.KindNotFound)
		}
		if got := owner(); got != want {
			t.Errorf("after %d have left it is %s's", i+1, got)
		}
	}
	if d := k.book(shared, savings.Of{Dream: dreams[0]}).Dreams[0]; d.Name != "A boat" || d.Group != "" {
		t.Errorf("%+v", d)
	}
}

// Somebody copies a launch of another in the group, who then leaves: the worker ends the copy, and does not come back to it.
func TestWhatSomebodyDoesWhoHasLeftIsCopiedByNobody(t *testing.T) {
	k := tills(t, 1)[0]
	k.come(2)
	_, code := k.group(0)
	theirs := k.book(shared, member(0)).Dreams[0].ID
	joined, _, err := join(k, 1, code)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		k.change(shared, member(i), account)
	}
	launch := func(n savings.NewLaunch) (id string, err error) {
		_, err = k.s.Change(t.Context(), shared, savings.Of{Dream: n.Dream, Follow: n.Leader()}, func(b *savings.Book) error {
			l, err := b.LaunchSavehack(n)
			id = l.ID
			return err
		})
		return id, err
	}
	leader, err := launch(savings.NewLaunch{Dream: theirs, Kind: "Daily", Params: json.RawMessage(`{"amountCents":700}`)})
	if err != nil {
		t.Fatal(err)
	}
	copycat := savings.NewLaunch{Dream: joined.ID, Kind: "Copycat", Params: json.RawMessage(`{"launchId":"` + leader + `"}`)}
	follower, err := launch(copycat)
	if err != nil {
		t.Fatal(err)
	}
	copies := func() int {
		b := k.book(shared, savings.Of{Launch: follower})
		return len(b.Transactions)
	}
	k.pay()
	before := copies()
	k.clock.move(24 * time.Hour)
	k.pay()
	if copies() != before+1 {
		t.Fatalf("%d were copied, and %d before", copies(), before)
	}
	k.clock.move(24 * time.Hour)
	if _, err := k.s.Change(t.Context(), shared, member(0), func(b *savings.Book) error { _, err := b.RunDue(); return err }); err != nil { // made before they leave, not yet looked at
		t.Fatal(err)
	}
	if err := leave(k, theirs); err != nil {
		t.Fatal(err)
	}
	k.pay()
	b := k.book(shared, savings.Of{Launch: follower})
	if l, _ := b.Launch(follower); l.State != savings.Stopped || len(b.Transactions) != before+1 {
		t.Errorf("it is %s, and %d were copied", l.State, len(b.Transactions))
	}
	if _, err := launch(copycat); parley.KindOf(err) != parley.KindInvalid {
		t.Errorf("it can be copied again: %v", err)
	}
	k.sound()
}
