package app_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/app"
	"parley/savings"
)

// called is a phone of somebody with a name, who is signed in at a bank.
func (r *rig) called(bank, sub, given, family string) *phone {
	r.t.Helper()
	p := r.phone()
	if a := p.launch(r.bank.sign(with(r.bank.claims(sub), "aud", bank, "given_name", given, "family_name", family))); a.StatusCode != 303 {
		r.t.Fatalf("signing in %s was answered %d: %s", sub, a.StatusCode, a.body)
	}
	return p
}

// groups makes a group dream of a dream, and is what is said of it.
func (p *phone) groups(dream string) object {
	p.t.Helper()
	return p.does("POST", "/groups", object{"group": object{"dreamId": dream}}, 201)
}

func TestTwoPeopleSaveTogether(t *testing.T) {
	r := newRig(t)
	anna, bo := r.called("one", "cust-anna", "Anna Maria", "Svensson"), r.called("one", "cust-bo", "Bo", "af Ek")
	hers := anna.settled("one", "cust-anna", "A boat", 10000)
	anna.does("PATCH", "/dreams/"+hers, object{"targetCents": 90000, "expiresAt": "2027-06-01", "imageUrl": "https://bank.example/boat.jpg"}, 200)
	made := anna.groups(hers)
	code := made.text("group.code")
	if made.text("group.link") != r.URL+"/app/join/"+code || len(code) != 9 || code[4] != '-' || made.cents("group.savedCents") != 10000 || made.text("group.members.0.name") != "Anna S" {
		t.Fatalf("%v", made)
	}

	// What one sees before joining.
	seen := bo.does("GET", "/groups/"+strings.ToLower(strings.ReplaceAll(code, "-", "")), nil, 200)
	for path, want := range map[string]any{"id": made.text("group.id"), "code": code, "name": "A boat", "targetCents": 90000.0, "expiresAt": "2027-06-01", "imageUrl": "https://bank.example/boat.jpg", "owner": "Anna S", "members": 1.0} {
		if got := seen.at("group." + path); got != want {
			t.Errorf("%s is %v, not %v", path, got, want)
		}
	}
	if n := len(seen.at("group").(map[string]any)); n != 8 {
		t.Errorf("%d things are told before anybody has joined: %v", n, seen)
	}

	r.clock.move(time.Minute)
	joined := bo.does("POST", "/groups/"+code+"/join", object{"dream": object{}}, 201)
	his := joined.text("dream.id")
	for path, want := range map[string]any{"name": "A boat", "targetCents": 90000.0, "expiresAt": "2027-06-01", "imageUrl": "https://bank.example/boat.jpg", "balanceCents": 0.0, "groupDream.id": made.text("group.id"), "groupDream.type": "GroupDream"} {
		if got := joined.at("dream." + path); got != want {
			t.Errorf("of the dream %s is %v, not %v", path, got, want)
		}
	}
	if his == hers {
		t.Fatal("it is her dream")
	}
	anna.does("POST", "/launches", object{"dreamId": hers, "type": "DailyLaunch", "amountCents": 700}, 201)
	r.change("one", savings.Of{ExternalUser: "cust-bo"}, func(b *savings.Book) error {
		_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings})
		return err
	})
	r.clock.move(time.Minute)
	bo.does("POST", "/launches", object{"dreamId": his, "type": "ThiefLaunch", "minAmountCents": 100, "maxAmountCents": 900}, 201)

	a := bo.api("GET", "/dreams/"+his+"/group", nil)
	g := a.object(t)
	for path, want := range map[string]any{
		"savedCents": 10000.0, "members.0.name": "Anna S", "members.0.owner": true, "members.0.you": nil, "members.0.joinedAt": "2026-11-25T09:00:00Z",
		"members.1.name": "Bo E", "members.1.you": true, "members.1.owner": nil, "members.1.joinedAt": "2026-11-25T09:01:00Z", "members.2": nil,
		"activity.0.name": "Bo E", "activity.0.you": true, "activity.0.type": "ThiefLaunch", "activity.0.amountCents": nil, "activity.0.launchId": nil, "activity.0.at": "2026-11-25T09:02:00Z",
		"activity.1.name": "Anna S", "activity.1.type": "DailyLaunch", "activity.1.amountCents": 700.0, "activity.1.at": "2026-11-25T09:01:00Z", "activity.2": nil,
	} {
		if got := g.at("group." + path); got != want {
			t.Errorf("%s is %v, not %v", path, got, want)
		}
	}
	for what, secret := range map[string]string{"her id": anna.user(), "her dream": hers, "the bank's id of her": "cust-anna", "her surname": "Svensson", "her second name": "Maria"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s is told: %s", what, a.body)
		}
	}

	// What somebody else does can be done too: by those who are in it, and by nobody else.
	leader := g.text("group.activity.1.launchId")
	copycat := func(dream string) object {
		return object{"dreamId": dream, "type": "CopycatLaunch", "launchId": leader}
	}
	bo.does("POST", "/launches", copycat(his), 201)
	private := bo.does("POST", "/dreams", object{"name": "Mine alone"}, 201).text("dream.id")
	bo.does("POST", "/launches", copycat(private), 400)
	cy := r.called("one", "cust-cy", "Cy", "")
	cys := cy.does("POST", "/dreams", object{"name": "Another"}, 201).text("dream.id")
	cy.does("POST", "/launches", copycat(cys), 400)

	// Nobody else's dream is a door.
	cy.does("GET", "/dreams/"+his+"/group", nil, 404)
	cy.does("GET", "/dreams/"+cys+"/group", nil, 404)
	cy.does("POST", "/dreams/"+his+"/leave", object{}, 404)
	cy.does("POST", "/groups", object{"dreamId": his}, 404)
	cy.does("POST", "/groups", object{}, 400)

	// Leaving.
	left := bo.does("POST", "/dreams/"+his+"/leave", object{}, 200)
	if left.at("dream.groupDream") != nil || left.text("dream.name") != "A boat" || left.text("dream.imageUrl") != "" {
		t.Errorf("%v", left)
	}
	bo.does("POST", "/dreams/"+his+"/leave", object{}, 200)
	bo.does("GET", "/dreams/"+his+"/group", nil, 404)
	if l := bo.does("GET", "/launches?dreamId="+his, nil, 200); l.text("savehackLaunches.0.state")+l.text("savehackLaunches.1.state") != "activestopped" {
		t.Errorf("his own goes on and what he copied of hers ends: %v", l)
	}
	if left := anna.does("GET", "/dreams/"+hers+"/group", nil, 200); len(left.list("group.members")) != 1 || len(left.list("group.activity")) != 1 {
		t.Errorf("%v", left)
	}
	bo.does("GET", "/groups/"+code, nil, 200)
	anna.does("DELETE", "/dreams/"+hers, nil, 200)
	bo.does("GET", "/groups/"+code, nil, 404)
	bo.does("POST", "/groups/"+code+"/join", object{}, 404)
}

func TestJoiningTwiceIsJoiningOnce(t *testing.T) {
	r := newRig(t)
	anna, bo := r.signedIn("two", "anna"), r.signedIn("two", "bo")
	code := anna.groups(anna.does("POST", "/dreams", object{"name": "A boat"}, 201).text("dream.id")).text("group.code")
	join := func(body object, key ...string) answer {
		return bo.api("POST", "/groups/"+code+"/join", body, key...)
	}
	var ids sync.Map
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			a := join(object{"dream": object{"name": "Our boat", "targetCents": 500}}, "Idempotency-Key", fmt.Sprint("k", i%3))
			if a.StatusCode != 201 {
				t.Errorf("%d %s", a.StatusCode, a.body)
				return
			}
			ids.Store(a.object(t).text("dream.id"), true)
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	first := join(object{})
	o := first.object(t)
	if n != 1 || first.StatusCode != 201 || o.text("dream.name") != "Our boat" || o.cents("dream.targetCents") != 500 || len(bo.does("GET", "/me", nil, 200).list("dreams")) != 1 {
		t.Errorf("%d dreams, %v", n, o)
	}
	if a := join(object{"name": "Another"}, "Idempotency-Key", "k0"); a.StatusCode != 422 {
		t.Errorf("another dream under the key: %d %s", a.StatusCode, a.body)
	}
	if again := join(object{"dream": object{"name": "Our boat", "targetCents": 500}}, "Idempotency-Key", "k0").object(t); again.kinds() != "onAccountRequested" {
		t.Errorf("an answer that was lost is said again without what the bank's app is to be asked: %v", again)
	}
	// Whoever leaves may come again, with another dream.
	bo.does("POST", "/dreams/"+o.text("dream.id")+"/leave", object{}, 200)
	if a := join(object{}); a.StatusCode != 201 || a.object(t).text("dream.id") == o.text("dream.id") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}

	made := anna.does("GET", "/me", nil, 200).text("dreams.0.id")
	for _, key := range []string{"", "m1", "m1", "m2"} {
		if a := anna.api("POST", "/groups", object{"dreamId": made}, "Idempotency-Key", key); a.StatusCode != 201 || a.object(t).text("group.code") != code {
			t.Errorf("it was made again: %d %s", a.StatusCode, a.body)
		}
	}
	for body, field := range map[string]string{`{"dream":{"targetCents":-1}}`: "dream.targetCents", `{"dream":{"expiresAt":"2020-01-01"}}`: "dream.expiresAt", `{"dream":{"name":5}}`: "dream.name"} {
		cy := r.signedIn("two", "cy")
		if a := cy.api("POST", "/groups/"+code+"/join", body); a.StatusCode != 400 || !strings.Contains(a.body, `"field":"`+field+`"`) {
			t.Errorf("%s is answered %d %s", body, a.StatusCode, a.body)
		}
	}
}

func TestAGroupDoesNotCrossPartners(t *testing.T) {
	r := newRig(t)
	anna, bo := r.signedIn("one", "anna"), r.signedIn("two", "anna")
	code := anna.groups(anna.does("POST", "/dreams", object{"name": "A boat"}, 201).text("dream.id")).text("group.code")
	bo.does("GET", "/groups/"+code, nil, 404)
	bo.does("POST", "/groups/"+code+"/join", object{}, 404)
	if me := bo.does("GET", "/me", nil, 200); len(me.list("dreams")) != 0 {
		t.Errorf("%v", me)
	}
}

func TestTheWebAppPutsNoDreamIntoAGroupByItself(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	id := p.does("POST", "/dreams", object{"name": "A boat", "groupDreamId": ""}, 201).text("dream.id")
	for _, a := range []answer{p.api("POST", "/dreams", object{"groupDreamId": "boat"}), p.api("PATCH", "/dreams/"+id, object{"groupDreamId": "boat"})} {
		if a.StatusCode != 400 || !strings.Contains(a.body, `"dream.groupDreamId"`) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	r.change("one", savings.Of{Dream: id}, func(b *savings.Book) error {
		_, err := b.UpdateDream(id, savings.DreamPatch{Group: new("the bank's")})
		return err
	})
	if a := p.does("PATCH", "/dreams/"+id, object{"groupDreamId": "the bank's", "name": "Boats"}, 200); a.text("dream.groupDream.id") != "the bank's" {
		t.Errorf("as it is: %v", a)
	}
	p.does("PATCH", "/dreams/"+id, object{"groupDreamId": ""}, 400)
	p.does("GET", "/dreams/"+id+"/group", nil, 404) // nothing is known of it
	for _, a := range []answer{p.api("POST", "/dreams/"+id+"/leave", object{}), p.api("POST", "/groups", object{"dreamId": id})} {
		if a.StatusCode != 409 || !strings.Contains(a.body, "The bank has put the dream into a group.") {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
}

func TestAGroupIsFull(t *testing.T) {
	r := newRig(t)
	anna := r.signedIn("one", "anna")
	dream := anna.does("POST", "/dreams", object{"name": "A boat"}, 201).text("dream.id")
	code := anna.groups(dream).text("group.code")
	read, _ := savings.ReadCode(code)
	for i := 1; i < savings.MostMembers; i++ {
		of := savings.Of{ExternalUser: fmt.Sprint("many-", i), Create: true}
		r.change("one", of, func(b *savings.Book) error {
			_, err := b.CreateUser(savings.NewUser{ExternalID: of.ExternalUser}, savings.ArrowUserPosted)
			return err
		})
		of.Code = read
		r.change("one", of, func(b *savings.Book) error { _, _, err := b.JoinGroup(savings.Joining{}); return err })
	}
	bo := r.signedIn("one", "bo")
	if a := bo.api("POST", "/groups/"+code+"/join", object{}); a.StatusCode != 409 || !strings.Contains(a.body, "as many members") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if seen := bo.does("GET", "/groups/"+code, nil, 200); seen.at("group.members") != 50.0 {
		t.Errorf("%v", seen)
	}
}

func TestCodesAreNotGuessed(t *testing.T) {
	r := newRig(t, func(c *app.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	anna := r.signedIn("one", "anna")
	code := anna.groups(anna.does("POST", "/dreams", object{"name": "A boat"}, 201).text("dream.id")).text("group.code")
	guesser := r.signedIn("one", "mallory")
	at := func(p *phone, address string) *phone { p.from = address; return p }
	for i := range 10 { // from ever other addresses, by looking and by joining
		at(guesser, fmt.Sprint("192.0.2.", i)).does("GET", "/groups/CCCC-222"+fmt.Sprint(2+i%8), nil, 404)
		guesser.does("POST", "/groups/nonsense/join", object{}, 404)
	}
	blocked := func(p *phone, want bool) {
		t.Helper()
		for _, a := range []answer{p.api("GET", "/groups/"+code, nil), p.api("POST", "/groups/"+code+"/join", object{}), p.api("GET", "/groups/nonsense", nil)} {
			if (a.StatusCode == 429) != want || want && (a.Header.Get("Retry-After") != "60" || !strings.Contains(a.Header.Get("Content-Type"), "problem")) {
				t.Errorf("%d %q: %s", a.StatusCode, a.Header.Get("Retry-After"), a.body)
			}
		}
	}
	blocked(guesser, true)
	blocked(r.signedIn("one", "mallory"), true) // in a session begun anew
	blocked(at(r.signedIn("one", "bo"), "192.0.2.99"), false)
	r.clock.move(time.Minute + time.Second)
	blocked(guesser, false)

	// From one address, by many people.
	for i := range 20 {
		at(r.signedIn("one", fmt.Sprint("many-", i)), "198.51.100.7").does("GET", "/groups/nonsense", nil, 404)
	}
	blocked(at(r.signedIn("one", "cy"), "198.51.100.7"), true)
	blocked(at(r.signedIn("one", "cy"), "198.51.100.8"), false)
	// What else they do goes on.
	at(r.signedIn("one", "cy"), "198.51.100.7").does("POST", "/dreams", object{"name": "A car"}, 201)
}

func TestTheGroupsLinkIsThePartners(t *testing.T) {
	link := func(to string) func(*app.Config) {
		return func(c *app.Config) {
			p := c.Partners["one"]
			p.GroupLink = to
			c.Partners["one"] = p
		}
	}
	r := newRig(t, link("https://bank.example/invite/{code}?again={code}#{code}"))
	p := r.signedIn("one", "anna")
	g := p.groups(p.does("POST", "/dreams", object{}, 201).text("dream.id"))
	if code := g.text("group.code"); g.text("group.link") != "https://bank.example/invite/"+code+"?again="+code+"#"+code {
		t.Errorf("%v", g)
	}
	for to, good := range map[string]bool{"": true, "http://localhost:8080/join/{code}": true, "https://bank.example/{code}": true,
		"http://bank.example/{code}": false, "https://bank.example/invite": false, "https://{code}.example/": false, "https://{code}@bank.example/": false, "https://bank.example:{code}/": false,
		"bank://invite/{code}": false, "javascript:{code}": false, "/join/{code}": false, "https:///{code}": false, "https://bank.example/%zz{code}": false} {
		c := r.config
		c.Partners = map[string]app.Partner{"one": c.Partners["one"]}
		link(to)(&c)
		if _, err := app.New(c); (err == nil) != good || err != nil && !strings.Contains(err.Error(), "group_link") {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestWhoComesWithACodeSeesTheGroupsPicture(t *testing.T) {
	r := newRig(t)
	anna, bo := r.signedIn("one", "anna"), r.signedIn("one", "bo")
	dream := anna.does("POST", "/dreams", object{"name": "A boat"}, 201).text("dream.id")
	url := anna.sends(aPicture(t, 8, 8, red))
	sees := func(status int) {
		t.Helper()
		if a := bo.get(url); a.StatusCode != status {
			t.Errorf("the picture is answered %d, not %d", a.StatusCode, status)
		}
	}
	code := anna.groups(dream).text("group.code")
	sees(404)
	anna.does("PATCH", "/dreams/"+dream, object{"imageUrl": url}, 200) // the owner's is the group's
	if seen := bo.does("GET", "/groups/"+code, nil, 200); seen.text("group.imageUrl") != url {
		t.Errorf("%v", seen)
	}
	sees(200)
	his := bo.does("POST", "/groups/"+code+"/join", object{}, 201)
	if his.text("dream.imageUrl") != url || bo.does("GET", "/me", nil, 200).text("dreams.0.imageUrl") != url {
		t.Errorf("%v", his)
	}
	bo.does("PATCH", "/dreams/"+his.text("dream.id"), object{"name": "My boat"}, 200)
	if g := anna.does("GET", "/dreams/"+dream+"/group", nil, 200); g.text("group.name") != "A boat" {
		t.Errorf("whoever is not the owner has renamed it: %v", g)
	}
	anna.does("POST", "/dreams/"+dream+"/leave", object{}, 200)
	sees(404)
	g := bo.does("GET", "/dreams/"+his.text("dream.id")+"/group", nil, 200)
	if g.at("group.imageUrl") != nil || g.text("group.name") != "A boat" || g.at("group.members.0.owner") != true {
		t.Errorf("%v", g)
	}
	if me := bo.does("GET", "/me", nil, 200); me.at("dreams.0.imageUrl") != nil {
		t.Errorf("a picture that nobody shows: %v", me)
	}
}

func TestAGroupLooksAsTheInspirationThatItWasMadeOf(t *testing.T) {
	r := newRig(t)
	anna, bo := r.signedIn("one", "anna"), r.signedIn("one", "bo")
	offered := anna.does("GET", "/content", nil, 200)
	dream := anna.does("POST", "/dreams", object{"name": "Away", "dreamInspirationId": offered.text("inspirations.0.id")}, 201).text("dream.id")
	code := anna.groups(dream).text("group.code")
	picture := offered.text("inspirations.0.picture.url")
	if seen := bo.does("GET", "/groups/"+code, nil, 200); picture == "" || seen.text("group.imageUrl") != picture {
		t.Errorf("%v", seen)
	}
	if his := bo.does("POST", "/groups/"+code+"/join", object{}, 201); his.text("dream.imageUrl") != picture {
		t.Errorf("%v", his)
	}
}

// A savehack that waits for the bank, or was not agreed to, has not been activated.
func TestOnlyWhatWasActivatedIsSeen(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	dream := p.does("POST", "/dreams", object{"name": "A boat", "targetCents": 90000}, 201).text("dream.id")
	p.groups(dream)
	seen := func(want ...string) {
		t.Helper()
		var got []string
		for _, a := range p.does("GET", "/dreams/"+dream+"/group", nil, 200).list("group.activity") {
			got = append(got, a.(map[string]any)["type"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
	}
	launched := p.does("POST", "/launches", object{"dreamId": dream, "type": "DailyLaunch", "amountCents": 700}, 201)
	seen()
	consents, _, err := r.db.Consents(t.Context(), savings.Query{Page: savings.Page{Partner: "three", Number: 1, Items: 1}})
	if err != nil {
		t.Fatal(err)
	}
	id := consents[0].ID
	r.change("three", savings.Of{Consent: id}, func(b *savings.Book) error {
		if _, err := b.ReadConsent(id); err != nil {
			return err
		}
		if _, err := b.DecideConsent(id, r.clock.now(), time.Time{}); err != nil {
			return err
		}
		_, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings})
		return err
	})
	seen("DailyLaunch")
	p.does("PATCH", "/launches/"+launched.text("savehackLaunch.id"), object{"stoppedAt": "2026-11-25T09:00:00Z"}, 200)
	seen("DailyLaunch") // it was
}

func TestWhatIsKeptOfAPersonInAGroupIsTheirs(t *testing.T) {
	r := newRig(t)
	anna, bo := r.called("one", "cust-anna", "Anna", "Svensson"), r.signedIn("one", "bo")
	code := anna.groups(anna.does("POST", "/dreams", object{"name": "A boat"}, 201).text("dream.id")).text("group.code")
	his := bo.does("POST", "/groups/"+code+"/join", object{}, 201).text("dream.id")
	bo.does("POST", "/dreams", object{"name": "Alone"}, 201)
	a := bo.api("GET", "/export", nil)
	o := a.object(t)
	if len(o.list("groups")) != 1 || o.text("groups.0.dreamId") != his || o.text("groups.0.name") != "A boat" || o.at("groups.0.owner") != false || o.text("groups.0.joinedAt") != "2026-11-25T09:00:00Z" {
		t.Errorf("%v", o.at("groups"))
	}
	if strings.Contains(a.body, "Svensson") || strings.Contains(a.body, anna.user()) {
		t.Error("somebody else is in it")
	}
	// Erased, they are in no group, and the group goes on.
	bo.does("DELETE", "/me", object{"confirm": true}, 200)
	if g := anna.does("GET", "/dreams/"+anna.does("GET", "/me", nil, 200).text("dreams.0.id")+"/group", nil, 200); len(g.list("group.members")) != 1 {
		t.Errorf("%v", g)
	}
	anna.does("DELETE", "/me", object{"confirm": true}, 200)
	cy := r.signedIn("one", "cy")
	cy.does("GET", "/groups/"+code, nil, 404)
	var name, owner string
	if err := r.db.DB().QueryRow(`SELECT name || image, owner FROM savings_group`).Scan(&name, &owner); err != nil || name+owner != "" {
		t.Errorf("what is left of it says %q %q: %v", name, owner, err)
	}
}
