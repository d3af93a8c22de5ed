package house

import (
	"cmp"
	"math"
	"net/http"

	"parley/api"
	"parley/app"
	"parley/content"
	"parley/flow"
	"parley/savings"
	"parley/web"
	"parley/webhook"
)

// save builds what is there for the partners: their books, the API of their banks, the web app of their people, and what the banks are told.
func (h *House) save(c Config, pl *plan, p Parts, mux *http.ServeMux) (err error) {
	told := &webhook.Notices{To: map[string]webhook.Address{}, Now: p.Now}
	h.Savings = &flow.Savings{Store: h.Store, Partners: map[string]*savings.Partner{}, Bank: told, Event: api.EventData(c.Issuer), Now: p.Now, Log: p.Log}
	people := app.Config{Base: c.Issuer, Partners: map[string]app.Partner{}, Savings: h.Savings, Store: h.Store, Now: p.Now, Log: p.Log, Streams: h.Streams, Look: map[string]web.Look{},
		TrustedProxies: pl.proxies}
	keys, offered := map[string]*http.Client{}, map[string]*content.Library{}
	people.Content = offered
	var endpoints []webhook.Endpoint
	for _, b := range pl.banks {
		h.Savings.Partners[b.ID], people.Look[b.ID] = b.Partner, b.look
		if b.content != nil {
			offered[b.ID] = b.content
		}
		if b.person != nil {
			people.Partners[b.ID], keys[b.ID] = *b.person, b.keys
		}
		endpoints = append(endpoints, b.endpoints...)
		if b.notices != nil {
			told.To[b.ID] = *b.notices
		}
	}
	if h.Webhooks, err = webhook.New(webhook.Config{Endpoints: endpoints, Store: h.Store, Now: p.Now, Random: p.Random, Log: p.Log}); err != nil || len(pl.banks) == 0 {
		return err
	}
	if h.API, err = api.New(api.Config{Savings: h.Savings, Store: h.Store, Auth: h.OAuth, Webhooks: h.Webhooks, Now: p.Now, Log: p.Log, Base: c.Issuer, Content: offered, Rate: c.APIRate, Burst: cmp.Or(c.APIBurst, int(math.Ceil(c.APIRate)))}); err != nil {
		return err
	}
	h.API.Routes(mux)
	if len(people.Partners) == 0 {
		return nil
	}
	people.Client = func(partner string) *http.Client { return keys[partner] }
	if h.App, err = app.New(people); err == nil {
		h.App.Routes(mux)
	}
	return err
}

// Webhooks are the webhooks of a configuration over a database that somebody else has opened: for a person who looks after them while no house
// stands. They are not started.
func Webhooks(c Config, st webhook.Store, p Parts) (*webhook.Webhooks, error) {
	pl, err := read(c, p)
	if err != nil {
		return nil, err
	}
	var endpoints []webhook.Endpoint
	for _, b := range pl.banks {
		endpoints = append(endpoints, b.endpoints...)
	}
	return webhook.New(webhook.Config{Endpoints: endpoints, Store: st, Now: p.Now, Log: p.Log})
}
