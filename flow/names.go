package flow

import (
	"parley/engine"
)

// Names are how the parties of a run are called, and what the run is about in a few words: "SEK 500.00 · Trustly".
func (d *Desk) Names(r engine.Run) (names map[engine.Party]string, about string) {
	names = map[engine.Party]string{Operator: "Operator"}
	s, err := read(r)
	if err != nil || s.Request.Provider == "" {
		return names, ""
	}
	m, err := d.merchant(s.Request.Merchant)
	if err != nil {
		return names, s.Request.Provider
	}
	about = m.Providers[s.Request.Provider].Label
	names[IdentityProvider] = about
	if s.Request.Amount == nil {
		return names, about
	}
	if p, ok := m.payer(s.Request.Provider); ok {
		names[PaymentProvider] = p.Label
		if p.Label != about {
			about += " and " + p.Label
		}
	}
	return names, s.Request.Amount.String() + " · " + about
}
