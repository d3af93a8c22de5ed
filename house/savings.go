package house

import (
	"net/http"

	"parley/flow"
	"parley/savings"
	"parley/webhook"
)

// save builds what is there for the partners: their books, and what their banks are told.
func (h *House) save(pl *plan, p Parts, mux *http.ServeMux) (err error) {
	told := &webhook.Notices{To: map[string]webhook.Address{}, Now: p.Now}
	h.Savings = &flow.Savings{Store: h.Store, Partners: map[string]*savings.Partner{}, Bank: told, Now: p.Now, Log: p.Log}
	var endpoints []webhook.Endpoint
	for _, b := range pl.banks {
		h.Savings.Partners[b.ID] = b.Partner
		endpoints = append(endpoints, b.endpoints...)
		if b.notices != nil {
			told.To[b.ID] = *b.notices
		}
	}
	if h.Webhooks, err = webhook.New(webhook.Config{Endpoints: endpoints, Store: h.Store, Now: p.Now, Random: p.Random, Log: p.Log}); err != nil || len(pl.banks) == 0 {
		return err
	}
	h.Webhooks.Routes(mux, h.OAuth)
	return nil
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
