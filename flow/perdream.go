package flow

import (
	"parley/engine"
	"parley/savings"
)

// accountPerDream is the diagram in docs/flows/account-per-dream.md: each dream has an account of its own, which the bank opens when it
// hears of the dream, and links.
//
// A no of the bank app is no end: the person can have it asked again, and the bank can link the dream whenever it wants.
func (s *Savings) accountPerDream() engine.Flow[Journey] {
	const when = "the dream has no account"
	without := func(j Journey) bool { return !hasAccount(j) }
	return journey(savings.AccountForDream, "Account per dream",
		"Each dream has an account of its own. When a dream is made, the bank app is told of it and has the account opened; the bank links the two with PATCH /dreams. "+
			"Meanwhile the person goes on, and what their savehacks save is pending. A refusal of the bank app can be followed by another request.",
		savers,
		[]engine.Step[Journey]{
			engine.Start[Journey](WebApp, Server, savings.ArrowDreamCreated),
			reply(WebApp, "dream created"),
			fact(WebApp, "account requested").If(when, without),
			seen(WebApp, BankApp, "callback: account requested").If(when, without),
			seen(BankApp, BankBackend, "initiate account provisioning").If(when, without),
			told(WebApp, savings.ArrowAccountRequestDone).Anytime(),
			told(WebApp, savings.ArrowAskedAgain).Anytime(),
			told(WebApp, savings.ArrowLaunched).Anytime(),
			told(BankBackend, savings.ArrowAccountPosted).Anytime(),
			told(BankBackend, savings.ArrowDreamLinked).Par().If(when, without),
			fact(Server, "dream linked to its account"),
			seen(BankBackend, BankBackend, "act on transactions"),
		})
}
