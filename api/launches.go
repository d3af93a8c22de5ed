package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"parley/savehack"
	"parley/savings"
)

// Launch is a launch of a savehack on the wire. The parameters of its type stand flat beside what all have.
type Launch struct {
	ID                ID                  `json:"id"`
	Type              string              `json:"type"`
	Dream             Dream               `json:"dream"`
	Savehack          Ref                 `json:"savehack"`
	State             savings.LaunchState `json:"state" enum:"draft|waiting|active|paused|stopped" doc:"A draft waits for a transfer consent; one that is waiting is paused until there is an account, or provisioning has begun."`
	StoppedAt         Time                `json:"stoppedAt,omitzero"`
	PausedAt          Time                `json:"pausedAt,omitzero"`
	PausedUntil       Time                `json:"pausedUntil,omitzero" doc:"When it resumes by itself."`
	StartedAt         Time                `json:"startedAt,omitzero"`
	StopAtGoal        bool                `json:"stopAtGoal" doc:"It stops when what is saved and on its way reaches the dream's target."`
	MonthlyCapCents   savings.Cents       `json:"monthlyCapCents,omitempty" min:"0" doc:"The most that it takes in a calendar month."`
	TransferConsentID ID                  `json:"transferConsentId,omitempty"`
	CreatedAt         Time                `json:"createdAt,omitzero"`

	Params json.RawMessage `json:"-"`
}

// LaunchJSON is a launch as the wire shows it.
func LaunchJSON(v savings.LaunchView) Launch {
	return Launch{ID: ID(v.ID), Type: v.Kind + "Launch", Dream: DreamJSON(v.On, Show{}), Savehack: Ref{Type: v.Kind, ID: ID(v.Savehack)}, State: v.State,
		StoppedAt: Time{v.StoppedAt}, PausedAt: Time{v.PausedAt}, PausedUntil: Time{v.PausedUntil}, StartedAt: Time{v.StartedAt}, StopAtGoal: v.StopAtGoal,
		MonthlyCapCents: v.MonthlyCap, TransferConsentID: ID(v.Consent), CreatedAt: Time{v.Created}, Params: v.Params}
}

// MarshalJSON writes the parameters flat behind the rest.
func (l Launch) MarshalJSON() ([]byte, error) {
	type common Launch
	b, err := json.Marshal(common(l))
	if err != nil {
		return nil, err
	}
	var params map[string]json.RawMessage
	if len(l.Params) > 0 && json.Unmarshal(l.Params, &params) == nil && len(params) > 0 {
		b = append(append(bytes.TrimSuffix(b, []byte("}")), ','), bytes.TrimPrefix(bytes.TrimSpace(l.Params), []byte("{"))...)
	}
	return b, nil
}

// createLaunch is what all types have in common. The parameters of the type stand beside it.
type createLaunch struct {
	Type                     opt[string]        `json:"type" doc:"The savehack's type: DailyLaunch, or Daily. It may be left out beside savehackId."`
	DreamID                  opt[ID]            `json:"dreamId" doc:"Or dream.id: one of them must be there."`
	Dream                    opt[link]          `json:"dream" doc:"Instead of dreamId."`
	SavehackID               opt[ID]            `json:"savehackId" doc:"From the catalogue. It may be left out beside type."`
	Savehack                 opt[link]          `json:"savehack" doc:"Instead of savehackId."`
	StopAtGoal               opt[bool]          `json:"stopAtGoal" doc:"Stop when what is saved and on its way reaches the dream's target; true when left out."`
	MonthlyCapCents          opt[savings.Cents] `json:"monthlyCapCents" min:"0" doc:"The most that it takes in a calendar month."`
	ObsoleteSavehackLaunchID opt[ID]            `json:"obsoleteSavehackLaunchId" doc:"The launch that ends when this one starts."`
}

// patchLaunch is what all types have in common.
type patchLaunch struct {
	ID              opt[ID]            `json:"id" doc:"Immutable."`
	Type            opt[string]        `json:"type" doc:"The type that it has. Immutable."`
	StoppedAt       opt[time.Time]     `json:"stoppedAt" doc:"Stops it, for ever."`
	PausedAt        opt[time.Time]     `json:"pausedAt" null:"yes" doc:"Pauses it. Null resumes it; what fell due meanwhile is not made up for."`
	PausedUntil     opt[time.Time]     `json:"pausedUntil" null:"yes" doc:"When it resumes by itself; alone, it pauses too."`
	StopAtGoal      opt[bool]          `json:"stopAtGoal"`
	MonthlyCapCents opt[savings.Cents] `json:"monthlyCapCents" null:"yes" min:"0" doc:"Null takes the cap away."`
}

// launchKind is the kind of savehack that a type on the wire means. One that is not known is left to be told as a mistake.
func launchKind(name string) string {
	if k, ok := savehack.Find(name); ok {
		return k.Name
	}
	return name
}

// params are the parameters of a kind that stand in an object beside others, over those that there are. Nil when there are none.
func params(kind string, object map[string]json.RawMessage, over json.RawMessage) (json.RawMessage, error) {
	k, _ := savehack.Find(kind)
	var schema struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	out := map[string]json.RawMessage{}
	if len(k.Schema) > 0 {
		if err := json.Unmarshal(k.Schema, &schema); err != nil {
			return nil, fmt.Errorf("read the schema of %s: %w", kind, err)
		}
	}
	if len(over) > 0 {
		if err := json.Unmarshal(over, &out); err != nil {
			return nil, fmt.Errorf("read the parameters of a launch: %w", err)
		}
	}
	found := false
	for name := range schema.Properties {
		if raw, ok := object[name]; ok {
			found = true
			if out[name] = raw; string(raw) == "null" {
				delete(out, name)
			}
		}
	}
	if !found {
		return nil, nil
	}
	return marshal(out)
}

func (a *API) listLaunches(c *call) (reply, error) {
	asked, q := c.asks(20)
	q.ExternalID, q.Dream = "", asked.text("dreamId")
	return list(c, asked, q, a.Store.Launches, LaunchJSON)
}

func (a *API) getLaunch(c *call) (reply, error) {
	v, err := find(c, savings.Query{ID: c.PathValue("id")}, a.Store.Launches)
	if err != nil {
		return reply{}, err
	}
	return c.one(LaunchJSON(v))
}

func (a *API) createLaunch(c *call) (reply, error) {
	object, err := c.object()
	if err != nil {
		return reply{}, err
	}
	var in createLaunch
	var f faults
	readObject(object, reflect.ValueOf(&in).Elem(), "", &f)
	n := savings.NewLaunch{Dream: string(either(in.DreamID, in.Dream).v), Savehack: string(either(in.SavehackID, in.Savehack).v), Kind: launchKind(in.Type.v),
		MonthlyCap: in.MonthlyCapCents.v, Replaces: string(in.ObsoleteSavehackLaunchID.v)}
	if in.StopAtGoal.given {
		n.StopAtGoal = &in.StopAtGoal.v
	}
	if n.Dream == "" {
		f.add("dreamId", "can't be blank")
	}
	if err := f.err(); err != nil {
		return reply{}, err
	}
	kind := n.Kind
	for _, item := range c.partner.Catalogue() {
		if kind == "" && item.ID == n.Savehack {
			kind = item.Kind
		}
	}
	if n.Params, err = params(kind, object, nil); err != nil {
		return reply{}, err
	}
	return c.make(savings.Of{Dream: n.Dream, Follow: n.Leader()}, "dreamId", func(b *savings.Book) (int, any, error) {
		l, err := b.LaunchSavehack(n)
		return http.StatusCreated, LaunchJSON(b.ViewLaunch(l)), err
	})
}

func (a *API) patchLaunch(c *call) (reply, error) {
	object, err := c.object()
	if err != nil {
		return reply{}, err
	}
	var in patchLaunch
	var read faults
	readObject(object, reflect.ValueOf(&in).Elem(), "", &read)
	id := c.PathValue("id")
	return c.change(savings.Of{Launch: id}, func(b *savings.Book) (int, any, error) {
		f := faults{slices.Clone(read.list)}
		p := savings.LaunchPatch{PausedAt: in.PausedAt.pointer(), PausedUntil: in.PausedUntil.pointer(), StoppedAt: in.StoppedAt.pointer(),
			StopAtGoal: in.StopAtGoal.pointer(), MonthlyCap: in.MonthlyCapCents.pointer()}
		if there, ok := b.Launch(id); ok {
			fixed(&f, "id", in.ID, ID(id))
			in.Type.v = launchKind(in.Type.v)
			fixed(&f, "type", in.Type, there.Kind)
			var err error
			if p.Params, err = params(there.Kind, object, there.Params); err != nil {
				return 0, nil, err
			}
		}
		if err := f.err(); err != nil {
			return 0, nil, err
		}
		l, err := b.PatchLaunch(id, p)
		return http.StatusOK, LaunchJSON(b.ViewLaunch(l)), err
	})
}
