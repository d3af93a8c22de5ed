package flow

import (
	"context"
	"net/url"

	"parley"
	"parley/connector"
	"parley/oauth"
)

// What a person who looks at a run may see of what was asked, besides what a connector or a platform was told in its own words. These are
// lists of what is shown; what is not on them is not: addresses that find a run again, sessions, states, hashes, a merchant's attributes.

// shownRequest is what is shown of an authorization request.
func shownRequest(r oauth.Request) any {
	shown := struct {
		Client     string          `json:"client"`
		RedirectTo string          `json:"redirectTo"` // the host alone
		Provider   string          `json:"provider"`
		Amount     *parley.Money   `json:"amount,omitempty"`
		Currency   parley.Currency `json:"currency,omitempty"`
		Country    string          `json:"country,omitempty"`
		Locale     string          `json:"locale,omitempty"`
		Scope      []string        `json:"scope,omitempty"`
		PKCE       bool            `json:"pkce"`
	}{r.Client, "", r.Provider, r.Amount, r.Currency, r.Country, r.Locale, r.Scope, r.Challenge != ""}
	if u, err := url.Parse(r.RedirectURI); err == nil {
		shown.RedirectTo = u.Host
	}
	return shown
}

// noteAsked notes that a provider was asked to identify a person, or to take their money, and how it calls that; the reference is empty
// when it did not answer.
func noteAsked(ctx context.Context, ask connector.IdentifyRequest, reference string) {
	var answer any
	if reference != "" {
		answer = struct {
			Reference string `json:"reference"`
		}{reference}
	}
	parley.NoteExchange(ctx, struct {
		Amount    *parley.Money   `json:"amount,omitempty"`
		Currency  parley.Currency `json:"currency,omitempty"`
		Country   string          `json:"country,omitempty"`
		Locale    string          `json:"locale,omitempty"`
		PersonID  parley.Private  `json:"personId,omitempty"`
		EndUserID parley.Private  `json:"endUserId,omitempty"`
		ACR       string          `json:"acr,omitempty"`
	}{ask.Amount, ask.Currency, ask.Country, ask.Locale, ask.PersonID, parley.Private(ask.EndUserID), ask.ACR}, answer, 0)
}

// noteStatus notes that a provider was asked what became of a payment, and what it said.
func noteStatus(ctx context.Context, amount parley.Money, told connector.Told, err error) {
	var answer any
	if err == nil {
		answer = struct {
			Fact      connector.Fact `json:"fact"`
			Reference string         `json:"reference,omitempty"`
			Amount    parley.Money   `json:"amount,omitzero"`
		}{told.Fact, told.Reference, told.Amount}
	}
	parley.NoteExchange(ctx, struct {
		Amount parley.Money `json:"amount"`
	}{amount}, answer, 0)
}
