package flow

import (
	"slices"

	"parley"
	"parley/connector"
	"parley/engine"
)

// SignIn is the diagram in docs/flows/sign-in.md: a person is identified, the operator may have its say, and the browser
// goes back with a code that stands for the person.
//
// It speaks to an identity provider, which knows the person, and to the operator's platform, which decides whether they may
// come in.
type SignIn struct{ *Desk }

// Flow is the table.
func (f SignIn) Flow() engine.Flow[Onboarding] {
	return engine.Flow[Onboarding]{
		Name: "sign-in", Title: "Sign in", Version: 1,
		About: "A person signs in, or signs up, with an identity provider. The operator may refuse them. " +
			"The browser goes back with a one-time code, which the operator redeems for a token.",
		Server:  Server,
		Parties: []engine.Party{Browser, Server, IdentityProvider, Operator},
		Labels:  labels,
		Steps:   slices.Concat([]engine.Step[Onboarding]{start()}, f.identifying(f.verdict), f.returning()),
		Refused: refused(),
		Refuse:  f.refuse,
	}
}

// verdict answers a provider that asked: stop here. A provider that asks would take money on a yes, and this is about none; who the
// person is has been told.
func (f SignIn) verdict(s Onboarding) (any, bool) {
	return connector.Verdict{}, s.Refusal != nil || s.UserID != "" || !s.AskSignIn && s.Identity.Provider != ""
}

// signInStatus is the status of a sign-in that has come so far.
func (s Onboarding) signInStatus(over bool) parley.Status {
	switch {
	case s.Refusal != nil:
		return s.Refusal.Status
	case over:
		return parley.StatusSuccess
	case s.Identity.Provider != "":
		return parley.StatusProcessingMerchant
	}
	return parley.StatusProcessingUserVerification
}
