package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// Group is a group dream as one who is in it sees it. Of the others nothing is in it that could name them, their dreams or their accounts, and of
// what they saved only the sum.
type Group struct {
	described
	Link       string        `json:"link"` // to send on: it leads to the page on which one joins
	SavedCents savings.Cents `json:"savedCents"`
	Members    []GroupMember `json:"members"`
	Activity   []Activity    `json:"activity"`
}

// Invitation is a group dream as somebody sees it who has its code.
type Invitation struct {
	described
	Owner   string `json:"owner"`
	Members int    `json:"members"`
}

// described is what a group is called and looks like.
type described struct {
	ID          string        `json:"id"`
	Code        string        `json:"code"`
	Name        string        `json:"name,omitempty"`
	TargetCents savings.Cents `json:"targetCents,omitempty"`
	ExpiresAt   string        `json:"expiresAt,omitempty"`
	ImageURL    string        `json:"imageUrl,omitempty"`
}

// GroupMember is somebody in a group.
type GroupMember struct {
	Name     string   `json:"name"` // the first name, and the first letter of the surname
	You      bool     `json:"you,omitempty"`
	Owner    bool     `json:"owner,omitempty"`
	JoinedAt api.Time `json:"joinedAt"`
}

// Activity is a savehack that somebody in a group has activated.
type Activity struct {
	At          api.Time      `json:"at"`
	Name        string        `json:"name"`
	You         bool          `json:"you,omitempty"`
	Type        string        `json:"type"` // "DailyLaunch"
	AmountCents savings.Cents `json:"amountCents,omitempty"`
	LaunchID    string        `json:"launchId,omitempty"` // where a Copycat of the one who looks may follow it
}

// activities is how many are shown.
const activities = 50

var errGuessing = errors.New("too many wrong codes")

// checkLink checks the address to which invitations lead. {code} stands for the code, anywhere behind the host.
func checkLink(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(strings.ReplaceAll(link, "{code}", "C"))
	host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(link, "https://"), "http://"), "/")
	if err != nil || u.Host == "" || u.Host != host || u.User != nil || !strings.Contains(link, "{code}") || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return parley.Invalid("group_link", "must be https, or http on a loopback address, and have {code} behind the host")
	}
	return nil
}

// link is where somebody with a code joins.
func (a *App) link(v *visit, code string) string {
	if v.p.GroupLink != "" {
		return strings.ReplaceAll(v.p.GroupLink, "{code}", code)
	}
	return a.Base + landing("/join/"+code)
}

func (v *visit) describe(g savings.Group) described {
	d := described{ID: g.ID, Code: g.ShownCode(), Name: g.Name, TargetCents: g.Target, ExpiresAt: g.Expires, ImageURL: g.Image}
	if n, ok := v.content.Inspiration(g.Inspiration); ok && d.ImageURL == "" {
		d.ImageURL = v.content.PictureNamed(n.Picture)
	}
	return d
}

// guess reads the code in the address. Whoever has had too many wrong ones is asked to wait, whatever this one is.
func (a *App) guess(r *http.Request, v *visit) (code string, err error) {
	for _, who := range a.guessers(r, v) {
		if a.codes.Blocked(who, a.Now()) {
			return "", errGuessing
		}
	}
	code, ok := savings.ReadCode(r.PathValue("code"))
	if !ok {
		return "", a.guessed(r, v, savings.NotFound("group"))
	}
	return code, nil
}

// guessed counts an error that says that a code was wrong.
func (a *App) guessed(r *http.Request, v *visit, err error) error {
	if e, ok := errors.AsType[*parley.Error](err); ok && e.Kind == parley.KindNotFound && e.Field == "group" {
		for _, who := range a.guessers(r, v) {
			a.codes.Fail(who, a.Now())
		}
	}
	return err
}

// guessers are under what the wrong codes of a request are counted: the person, because a session is soon begun anew, and the address.
func (a *App) guessers(r *http.Request, v *visit) []string {
	return []string{"user " + v.s.User, "from " + web.Asker(r, a.TrustedProxies)}
}

// invitation answers GET /app/api/groups/{code}.
func (a *App) invitation(w http.ResponseWriter, r *http.Request, v *visit) error {
	code, err := a.guess(r, v)
	if err != nil {
		return err
	}
	g, err := a.Store.GroupByCode(r.Context(), v.p.ID, code)
	if err != nil {
		return a.guessed(r, v, err)
	}
	out := Invitation{described: v.describe(g.Group), Members: len(g.In)}
	for _, m := range g.In {
		if m.User == g.Owner {
			out.Owner = m.Name()
		}
	}
	web.JSON(w, http.StatusOK, map[string]any{"group": out})
	return nil
}

// makeGroup answers POST /app/api/groups: a dream becomes a group dream.
func (a *App) makeGroup(w http.ResponseWriter, r *http.Request, v *visit) error {
	var g struct {
		DreamID string `json:"dreamId"`
	}
	if err := body(r, "group", &g); err != nil {
		return err
	}
	if g.DreamID == "" {
		return in("group", parley.Invalid("dreamId", "can't be blank"))
	}
	named := func(id string) savings.Of { return savings.Of{Dream: id} }
	b, id, err := a.once(r, v, making{of: named(g.DreamID), asked: g, named: named,
		make: func(b *savings.Book) (string, error) { return g.DreamID, b.MakeGroup(g.DreamID) }})
	if err != nil {
		return in("group", err)
	}
	return a.answerGroup(w, r, v, b, id, http.StatusCreated)
}

// joinGroup answers POST /app/api/groups/{code}/join: the person is given a dream of their own in the group, once.
func (a *App) joinGroup(w http.ResponseWriter, r *http.Request, v *visit) error {
	var d dreamBody
	if err := body(r, "dream", &d); err != nil {
		return err
	}
	d.tidy()
	code, err := a.guess(r, v)
	if err != nil {
		return err
	}
	var list []Ask
	there := false
	asked := map[string]any{"code": code, "name": d.Name, "targetCents": d.TargetCents, "expiresAt": d.ExpiresAt}
	_, id, err := a.once(r, v, making{of: savings.Of{Code: code}, asked: asked,
		make: func(b *savings.Book) (string, error) {
			made, joined, err := b.JoinGroup(savings.Joining{Name: d.Name, Target: d.TargetCents, Expires: d.ExpiresAt})
			there = !joined
			return made.ID, err
		},
		then: func(b *savings.Book, id string, again bool) (err error) {
			list, err = a.asks(b, v, asking{fresh: !again && !there})
			return err
		},
		named: func(id string) savings.Of { return savings.Of{Dream: id} },
	})
	if err != nil {
		return in("dream", a.guessed(r, v, err))
	}
	b, err := a.read(r.Context(), v, savings.Of{Dream: id})
	if err != nil { // with the group, whose picture the dream may show
		return err
	}
	return answerDream(w, http.StatusCreated, v, b, id, list)
}

// group answers GET /app/api/dreams/{id}/group.
func (a *App) group(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	b, err := a.read(r.Context(), v, savings.Of{Dream: id})
	if err != nil {
		return err
	}
	return a.answerGroup(w, r, v, b, id, http.StatusOK)
}

// leaveGroup answers POST /app/api/dreams/{id}/leave: the dream is private again.
func (a *App) leaveGroup(w http.ResponseWriter, r *http.Request, v *visit) error {
	id := r.PathValue("id")
	b, err := a.change(r.Context(), v, savings.Of{Dream: id}, func(b *savings.Book) error {
		_, err := b.LeaveGroup(id)
		return err
	})
	if err != nil {
		return err
	}
	return answerDream(w, http.StatusOK, v, b, id, nil)
}

// answerGroup shows the group of one of the person's dreams.
func (a *App) answerGroup(w http.ResponseWriter, r *http.Request, v *visit, b *savings.Book, dream string, status int) error {
	d, ok := b.Dream(dream)
	if !ok || d.Joined.IsZero() {
		return savings.NotFound("group")
	}
	g, err := a.seen(r.Context(), v, b, d)
	if err == nil {
		web.JSON(w, status, map[string]any{"group": g})
	}
	return err
}

// seen is the group of a dream as the dream's person sees it.
func (a *App) seen(ctx context.Context, v *visit, b *savings.Book, d *savings.Dream) (Group, error) {
	g, err := a.Store.GroupOf(ctx, v.p.ID, d.Group)
	if err != nil {
		return Group{}, err
	}
	if !slices.ContainsFunc(g.In, func(m savings.Member) bool { return m.User == v.s.User }) {
		return Group{}, savings.NotFound("group") // left since the book was read
	}
	launches, err := a.Store.GroupLaunches(ctx, g.ID, activities)
	if err != nil {
		return Group{}, err
	}
	out := Group{described: v.describe(g.Group), Link: a.link(v, g.ShownCode()), SavedCents: g.Saved(), Members: []GroupMember{}, Activity: []Activity{}}
	names := map[string]string{}
	for _, m := range g.In {
		names[m.User] = m.Name()
		out.Members = append(out.Members, GroupMember{Name: m.Name(), You: m.User == v.s.User, Owner: m.User == g.Owner, JoinedAt: api.Time{Time: m.Joined}})
	}
	for _, l := range launches {
		name, there := names[l.User]
		if !there {
			continue // who has come or gone since
		}
		var params struct {
			AmountCents savings.Cents `json:"amountCents"`
		}
		json.Unmarshal(l.Params, &params) // many kinds have no one amount
		one := Activity{At: api.Time{Time: l.StartedAt}, Name: name, You: l.User == v.s.User, Type: l.Kind + "Launch", AmountCents: params.AmountCents}
		if !one.You && b.MayCopy(l) {
			one.LaunchID = l.ID
		}
		out.Activity = append(out.Activity, one)
	}
	return out, nil
}

// exportedGroup is what is kept of a person in a group dream. What it is called may be somebody else's words, but was said to them.
type exportedGroup struct {
	ID       string   `json:"id"`
	Name     string   `json:"name,omitempty"`
	DreamID  string   `json:"dreamId"`
	JoinedAt api.Time `json:"joinedAt"`
	Owner    bool     `json:"owner"`
}

func exportedGroups(b *savings.Book) []exportedGroup {
	out := []exportedGroup{}
	for _, d := range b.Dreams {
		for _, g := range b.Groups {
			if g.ID == d.Group && !d.Joined.IsZero() {
				out = append(out, exportedGroup{g.ID, g.Name, d.ID, api.Time{Time: d.Joined}, g.Owner == b.User.ID})
			}
		}
	}
	return out
}
