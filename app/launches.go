package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"time"

	"parley"
	"parley/api"
	"parley/savings"
	"parley/web"
)

// launchAnswer is a launch, and what the bank's app has to be asked because of it.
type launchAnswer struct {
	Launch api.Launch `json:"savehackLaunch"`
	Ask    []Ask      `json:"ask,omitempty"`
}

// launchBody is a launch as the web app describes it: the parameters of its kind stand flat beside what all have.
type launchBody struct {
	dreamID, savehackID, kind, replaces string
	stopAtGoal                          *bool
	monthlyCap                          *savings.Cents
	pausedAt, pausedUntil, stoppedAt    *time.Time // the zero time for null
	params                              map[string]json.RawMessage
}

func readLaunch(fields map[string]json.RawMessage) (l launchBody, err error) {
	var faults savings.Faults
	take := func(name string, to any, must string) {
		raw, ok := fields[name]
		delete(l.params, name)
		if ok && json.Unmarshal(raw, to) != nil {
			faults = append(faults, &parley.Error{Kind: parley.KindInvalid, Field: name, Message: must})
		}
	}
	l.params = maps.Clone(fields)
	delete(l.params, "id") // the address says it
	take("dreamId", &l.dreamID, "must be a string")
	take("savehackId", &l.savehackID, "must be a string")
	take("type", &l.kind, "must be a string")
	take("obsoleteSavehackLaunchId", &l.replaces, "must be a string")
	take("stopAtGoal", &l.stopAtGoal, "must be true or false")
	if take("monthlyCapCents", &l.monthlyCap, "must be a whole number, or null"); string(fields["monthlyCapCents"]) == "null" {
		l.monthlyCap = new(savings.Cents) // null takes it away
	}
	for name, to := range map[string]**time.Time{"pausedAt": &l.pausedAt, "pausedUntil": &l.pausedUntil, "stoppedAt": &l.stoppedAt} {
		if _, ok := fields[name]; ok {
			*to = new(time.Time) // null stays this
			take(name, *to, "must be a time (RFC 3339), or null")
		}
	}
	if len(faults) > 0 {
		return l, in("savehackLaunch", faults)
	}
	return l, nil
}

// over is what was there with the new parameters over it, of which null takes one away; nil when there are none.
func (l launchBody) over(was json.RawMessage) (json.RawMessage, error) {
	if len(l.params) == 0 {
		return nil, nil
	}
	all := map[string]json.RawMessage{}
	if len(was) > 0 {
		if err := json.Unmarshal(was, &all); err != nil {
			return nil, err
		}
	}
	for name, value := range l.params {
		if all[name] = value; string(value) == "null" {
			delete(all, name)
		}
	}
	return json.Marshal(all)
}

func (l launchBody) launch() (savings.NewLaunch, error) {
	params, err := l.over(nil)
	return savings.NewLaunch{Dream: l.dreamID, Savehack: l.savehackID, Kind: l.kind, Params: params, StopAtGoal: l.stopAtGoal, MonthlyCap: or(l.monthlyCap), Replaces: l.replaces}, err
}

func (a *App) createLaunch(w http.ResponseWriter, r *http.Request, v *visit) error {
	var fields map[string]json.RawMessage
	if err := body(r, "savehackLaunch", &fields); err != nil {
		return err
	}
	l, err := readLaunch(fields)
	if err != nil {
		return err
	}
	n, err := l.launch()
	if err != nil {
		return err
	}
	var list []Ask
	b, id, err := a.once(r, v, making{of: savings.Of{Follow: n.Leader()}, asked: n,
		make: func(b *savings.Book) (string, error) { made, err := b.LaunchSavehack(n); return made.ID, err },
		then: func(b *savings.Book, id string, again bool) (err error) {
			list, err = a.asks(b, v, asking{launch: id, stands: again})
			return err
		},
		named: func(id string) savings.Of { return savings.Of{Launch: id} },
	})
	if err != nil {
		return in("savehackLaunch", err)
	}
	made, ok := b.Launch(id)
	if !ok {
		return savings.NotFound("launch")
	}
	web.JSON(w, http.StatusCreated, launchAnswer{api.LaunchJSON(b.ViewLaunch(*made)), list})
	return nil
}

func (a *App) patchLaunch(w http.ResponseWriter, r *http.Request, v *visit) error {
	var fields map[string]json.RawMessage
	if err := body(r, "savehackLaunch", &fields); err != nil {
		return err
	}
	l, err := readLaunch(fields)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	var patched savings.Launch
	b, err := a.change(r.Context(), v, savings.Of{Launch: id}, func(b *savings.Book) error {
		was, ok := b.Launch(id)
		if !ok {
			return savings.NotFound("launch")
		}
		params, err := l.over(was.Params)
		if err == nil {
			patched, err = b.PatchLaunch(id, savings.LaunchPatch{Params: params, PausedAt: l.pausedAt, PausedUntil: l.pausedUntil, StoppedAt: l.stoppedAt, StopAtGoal: l.stopAtGoal, MonthlyCap: l.monthlyCap})
		}
		return err
	})
	if err != nil {
		return in("savehackLaunch", err)
	}
	web.JSON(w, http.StatusOK, launchAnswer{Launch: api.LaunchJSON(b.ViewLaunch(patched))})
	return nil
}

// launches lists those of one dream, or all.
func (a *App) launches(w http.ResponseWriter, r *http.Request, v *visit) error {
	list := page[savings.LaunchView, api.Launch]{name: "savehackLaunches", read: a.Store.Launches, show: api.LaunchJSON}
	return list.answer(w, r, savings.Query{Page: savings.Page{Partner: v.p.ID}, User: v.s.User, Dream: r.URL.Query().Get("dreamId")})
}

// forecast says when a dream is reached with what is launched on it, and with what is only being thought of.
func (a *App) forecast(w http.ResponseWriter, r *http.Request, v *visit) error {
	var ask struct {
		DreamID  string                       `json:"dreamId"`
		Launches []map[string]json.RawMessage `json:"savehackLaunches"`
	}
	if err := body(r, "forecast", &ask); err != nil {
		return err
	}
	if len(ask.Launches) > 16 {
		return parley.Invalid("savehackLaunches", "are too many")
	}
	var more []savings.NewLaunch
	for _, fields := range ask.Launches {
		l, err := readLaunch(fields)
		if err != nil {
			return err
		}
		n, err := l.launch()
		if err != nil {
			return err
		}
		n.Dream = ask.DreamID
		more = append(more, n)
	}
	b, err := a.read(r.Context(), v, savings.Of{})
	if err != nil {
		return err
	}
	f, err := b.Forecast(ask.DreamID, more...)
	if err != nil {
		return in("savehackLaunch", err)
	}
	web.JSON(w, http.StatusOK, map[string]any{"forecast": struct {
		Reached string          `json:"reachedOn,omitempty"` // not within ten years when it is left out
		Weekly  savings.Cents   `json:"weeklyCents"`
		Next    string          `json:"nextOn,omitempty"`
		Each    []savings.Cents `json:"eachWeeklyCents,omitempty"` // of each launch that was asked about, by itself
	}{f.Reached, f.Weekly, f.Next, f.Each}})
	return nil
}
