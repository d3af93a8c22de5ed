package api

import (
	"cmp"
	"net/http"

	"parley"
	"parley/content"
	"parley/savings"
)

// Dream is a dream on the wire.
type Dream struct {
	ID                   ID            `json:"id"`
	Type                 string        `json:"type" enum:"Dream|PerformanceDream"`
	Name                 string        `json:"name,omitempty" doc:"The person's own words."`
	TargetCents          savings.Cents `json:"targetCents" min:"0" doc:"The goal."`
	ExpiresAt            Date          `json:"expiresAt,omitempty" doc:"By when the person wants to reach the goal."`
	AchievedAt           Time          `json:"achievedAt,omitzero"`
	DeletedAt            Time          `json:"deletedAt,omitzero"`
	BalanceCents         savings.Cents `json:"balanceCents" doc:"What has been settled."`
	PendingCents         savings.Cents `json:"pendingCents" doc:"What is requested, and on its way in."`
	LeavingCents         savings.Cents `json:"leavingCents" doc:"What is requested, and on its way out."`
	ImageURL             string        `json:"imageUrl,omitempty" doc:"Only with showImageUrl=true. A picture that the person sent themselves is at /v1/pictures/{id}, and needs the token."`
	ActiveSavehacksCount *int          `json:"activeSavehacksCount,omitempty" doc:"Only with showActiveSavehacks=true."`
	User                 Ref           `json:"user"`
	GroupDream           Ref           `json:"groupDream,omitzero"`
	Account              Ref           `json:"account,omitzero" doc:"Where the dream's money is. A dream waits without one until there is one."`
	DreamInspiration     Inspiration   `json:"dreamInspiration,omitzero" doc:"The template that the dream was made from."`
	CreatedAt            Time          `json:"createdAt,omitzero"`
}

// Inspiration is a template of dreams. Of one that is no longer offered, only type and id are told.
type Inspiration struct {
	Type            string            `json:"type" enum:"DreamInspiration"`
	ID              string            `json:"id" doc:"A UUID, unless you made the dream with another reference of your own."`
	TranslatedName  map[string]string `json:"translatedName,omitempty" doc:"By locale."`
	TargetCents     savings.Cents     `json:"targetCents,omitempty" min:"1"`
	DurationSeconds int64             `json:"durationSeconds,omitempty" min:"1"`
	ImageURL        string            `json:"imageUrl,omitempty"`
}

// Show is what of a dream is shown only when it was asked for, and by whose content.
type Show struct {
	ImageURL, ActiveSavehacks bool
	Content                   *content.Content // of the partner; inspirations are references alone when nil
	Currency                  parley.Currency
	Base                      string // our own address, before those of pictures that are ours; empty for the web app, which has paths
}

// inspired is a template as the wire shows it, and the address of its picture.
func (s Show) inspired(id string) (Inspiration, string) {
	out := Inspiration{Type: "DreamInspiration", ID: id}
	if s.Content == nil {
		return out, ""
	}
	n, ok := s.Content.Inspiration(id)
	if !ok {
		return out, ""
	}
	out.TranslatedName, out.TargetCents, out.DurationSeconds = n.Name, savings.Cents(n.Target(s.Currency)), n.Seconds()
	out.ImageURL = s.Base + s.Content.PictureNamed(n.Picture)
	return out, out.ImageURL
}

// DreamJSON is a dream as the wire shows it.
func DreamJSON(v savings.DreamView, show Show) Dream {
	d := Dream{ID: ID(v.ID), Type: v.Type, Name: v.Name, TargetCents: v.Target, ExpiresAt: Date(v.Expires), AchievedAt: Time{v.AchievedAt},
		DeletedAt: Time{v.DeletedAt}, BalanceCents: v.Balance, PendingCents: v.Pending, LeavingCents: v.Leaving, User: ref(v.Owner), Account: ref(v.In),
		CreatedAt: Time{v.Created}}
	if v.Group != "" {
		d.GroupDream = Ref{Type: "GroupDream", ID: ID(v.Group)}
	}
	picture := ""
	if v.Inspiration != "" {
		d.DreamInspiration, picture = show.inspired(v.Inspiration)
	}
	if show.ImageURL {
		d.ImageURL = cmp.Or(imageFor(show.Base, v.Image), picture)
	}
	if show.ActiveSavehacks {
		d.ActiveSavehacksCount = &v.ActiveSavehacks
	}
	return d
}

type createDream struct {
	owner
	Name               opt[string]        `json:"name" len:"255" doc:"The person's own words."`
	Type               opt[string]        `json:"type" enum:"Dream|SavingsDream|PerformanceDream" doc:"Dream when left out."`
	TargetCents        opt[savings.Cents] `json:"targetCents" min:"0"`
	ExpiresAt          opt[Date]          `json:"expiresAt" doc:"A date, or a time of which the day counts."`
	AccountID          opt[ID]            `json:"accountId" doc:"Where the dream's money is; it can be linked later."`
	Account            opt[link]          `json:"account" doc:"Instead of accountId."`
	GroupDreamID       opt[string]        `json:"groupDreamId"`
	GroupDream         opt[link]          `json:"groupDream" doc:"Instead of groupDreamId."`
	DreamInspirationID opt[string]        `json:"dreamInspirationId" doc:"One of those that you offer, or a reference of your own."`
	ImageURL           opt[string]        `json:"imageUrl" doc:"https, a path of ours, or a picture of the user's own as it was shown."`
}

type patchDream struct {
	ID           opt[ID]            `json:"id" doc:"Immutable."`
	UserID       opt[ID]            `json:"userId" doc:"Immutable."`
	Type         opt[string]        `json:"type" enum:"Dream|SavingsDream|PerformanceDream" doc:"Immutable."`
	Name         opt[string]        `json:"name" len:"255"`
	TargetCents  opt[savings.Cents] `json:"targetCents" min:"0"`
	ExpiresAt    opt[Date]          `json:"expiresAt" null:"yes" doc:"A date, or a time of which the day counts. Null takes it away."`
	AccountID    opt[ID]            `json:"accountId" doc:"Links the dream to an account of its user."`
	Account      opt[link]          `json:"account" doc:"Instead of accountId."`
	GroupDreamID opt[ID]            `json:"groupDreamId" null:"yes"`
	GroupDream   opt[link]          `json:"groupDream" null:"yes" doc:"Instead of groupDreamId."`
	ImageURL     opt[string]        `json:"imageUrl" null:"yes"`
}

// dreamType is a dream's type by any of its names on the wire.
func dreamType(name string) string {
	switch name {
	case "dream", "SavingsDream", "savingsDream":
		return savings.SavingsDream
	case "performanceDream":
		return savings.PerformanceDream
	}
	return name
}

// shows is what of dreams was asked for.
func (q *asked) shows() Show {
	yes := func(b *bool) bool { return b != nil && *b }
	return Show{ImageURL: yes(q.flag("showImageUrl")), ActiveSavehacks: yes(q.flag("showActiveSavehacks"))}
}

// show has pictures and templates shown as the partner offers them.
func (c *call) show(s Show) Show {
	s.Content, s.Currency, s.Base = c.api.Content[c.partner.ID].Current(), c.partner.Currency, c.api.Base
	return s
}

func (a *API) listDreams(c *call) (reply, error) {
	asked, q := c.asks(20)
	q.ExternalID, q.State = "", asked.oneOf("state", "active", "deleted", "all")
	show := c.show(asked.shows())
	return list(c, asked, q, a.Store.Dreams, func(v savings.DreamView) Dream { return DreamJSON(v, show) })
}

func (a *API) getDream(c *call) (reply, error) {
	asked, _ := c.asks(20)
	show := c.show(asked.shows())
	if asked.err() != nil {
		return reply{}, queryFault{asked.list}
	}
	v, err := find(c, savings.Query{ID: c.PathValue("id"), State: "all"}, a.Store.Dreams)
	if err != nil {
		return reply{}, err
	}
	return c.one(DreamJSON(v, show))
}

func (a *API) createDream(c *call) (reply, error) {
	var in createDream
	var f faults
	if err := c.readInto(&in, &f); err != nil {
		return reply{}, err
	}
	of := in.of(&f, "")
	if err := f.err(); err != nil {
		return reply{}, err
	}
	n := savings.NewDream{Type: dreamType(in.Type.v), Name: in.Name.v, Target: in.TargetCents.v, Expires: string(in.ExpiresAt.v),
		Group: cmp.Or(in.GroupDreamID.v, string(in.GroupDream.v.ID.v)), Account: string(either(in.AccountID, in.Account).v),
		Inspiration: in.DreamInspirationID.v, Image: a.imageFrom(in.ImageURL.v)}
	of.Group = n.Group
	return c.make(of, "userId", func(b *savings.Book) (int, any, error) {
		if err := c.checkImage(b, n.Image, ""); err != nil {
			return 0, nil, err
		}
		d, err := b.CreateDream(n)
		return http.StatusCreated, DreamJSON(b.ViewDream(d), c.show(Show{ImageURL: true})), err
	})
}

func (a *API) patchDream(c *call) (reply, error) {
	var in patchDream
	if err := c.read(&in); err != nil {
		return reply{}, err
	}
	id := c.PathValue("id")
	in.ImageURL.v = a.imageFrom(in.ImageURL.v)
	group := words(either(in.GroupDreamID, in.GroupDream))
	of := savings.Of{Dream: id}
	if group != nil {
		of.Group = *group
	}
	return c.change(of, func(b *savings.Book) (int, any, error) {
		var f faults
		if there, ok := b.Dream(id); ok {
			if err := c.checkImage(b, in.ImageURL.v, there.Image); err != nil {
				return 0, nil, err
			}
			fixed(&f, "id", in.ID, ID(there.ID))
			fixed(&f, "userId", in.UserID, ID(there.User))
			in.Type.v = dreamType(in.Type.v)
			fixed(&f, "type", in.Type, there.Type)
		}
		if err := f.err(); err != nil {
			return 0, nil, err
		}
		p := savings.DreamPatch{Name: in.Name.pointer(), Image: in.ImageURL.pointer(), Target: in.TargetCents.pointer(),
			Account: words(either(in.AccountID, in.Account)), Group: group}
		if in.ExpiresAt.given {
			p.Expires = new(string(in.ExpiresAt.v))
		}
		d, err := b.UpdateDream(id, p)
		return http.StatusOK, DreamJSON(b.ViewDream(d), c.show(Show{ImageURL: true})), err
	})
}

// words is an id that was given, as text; an id that was taken away is empty.
func words(id opt[ID]) *string {
	if !id.given {
		return nil
	}
	return new(string(id.v))
}

func (a *API) deleteDream(c *call) (reply, error) {
	asked, _ := c.asks(20)
	withdraw := asked.flag("withdraw")
	if asked.err() != nil {
		return reply{}, queryFault{asked.list}
	}
	id := c.PathValue("id")
	return c.change(savings.Of{Dream: id}, func(b *savings.Book) (int, any, error) {
		return http.StatusNoContent, nil, b.DeleteDream(id, withdraw != nil && *withdraw)
	})
}
