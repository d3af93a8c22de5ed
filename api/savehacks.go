package api

import (
	"context"
	"encoding/json"

	"parley/savehack"
	"parley/savings"
)

// Savehack is a savehack of the catalogue on the wire.
type Savehack struct {
	ID         ID              `json:"id" doc:"The same for as long as the partner is."`
	Type       string          `json:"type" eg:"Daily"`
	LaunchType string          `json:"launchType" doc:"The type of its launches." eg:"DailyLaunch"`
	Feed       string          `json:"feed,omitempty" enum:"purchase|income" doc:"What it lives on, when it reacts to what happens on the current account: see POST /feed."`
	Parameters json.RawMessage `json:"parameters" doc:"The JSON Schema (2020-12) of what a launch of it takes beside the common fields."`
}

// SavehackJSON is a savehack as the wire shows it.
func SavehackJSON(item savings.CatalogueItem) Savehack {
	k, _ := savehack.Find(item.Kind)
	return Savehack{ID: ID(item.ID), Type: k.Name, LaunchType: k.Name + "Launch", Feed: k.Feed, Parameters: k.Schema}
}

// listSavehacks lists what the partner offers.
func (a *API) listSavehacks(c *call) (reply, error) {
	asked, q := c.asks(20)
	all := c.partner.Catalogue()
	return list(c, asked, q, func(_ context.Context, q savings.Query) ([]savings.CatalogueItem, int, error) {
		from := min((q.Number-1)*q.Items, len(all))
		return all[from:min(from+q.Items, len(all))], len(all), nil
	}, SavehackJSON)
}

func (a *API) getSavehack(c *call) (reply, error) {
	for _, item := range c.partner.Catalogue() {
		if item.ID == c.PathValue("id") {
			return c.one(SavehackJSON(item))
		}
	}
	return reply{}, notThere("savehack", "")
}
