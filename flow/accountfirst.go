package flow

import (
	"parley/engine"
	"parley/savings"
)

// accountFirst is the diagram in docs/flows/account-first.md: the bank makes the person known and opens their account before they come in
// for the first time. When they come in before the account is there, the rest is as in account-provisioning.
func (s *Savings) accountFirst() engine.Flow[Journey] {
	return journey(savings.AccountFirst, "Account first",
		"The bank takes the person through account provisioning by itself, makes them known with POST /users and opens the account with POST /accounts, before they come in. "+
			"Their dreams are linked to it as they are made, and nobody is asked for anything. A person who comes in before the account is there goes on as in account provisioning.",
		savers,
		[]engine.Step[Journey]{
			engine.Start[Journey](BankBackend, Server, savings.ArrowUserPosted),
			reply(BankBackend, "201 Created: the user"),
			told(BankBackend, savings.ArrowAccountPosted).Par().If("the person has not come in", func(j Journey) bool { return !j.Come }),
			reply(BankBackend, "201 Created: the account").If("it has come", hasAccount),
			seen(BankBackend, BankApp, "done").If("it has come", hasAccount),
			engine.Wait(BankApp, WebApp, savings.ArrowSignedIn, func(t engine.Turn, j Journey, w word) (Journey, engine.Outcome) {
				j.Come = true
				return hears(t, j, w)
			}).Par(),
			told(WebApp, savings.ArrowDreamCreated),
			reply(WebApp, "dream created"),
			told(WebApp, savings.ArrowLaunched),
			reply(WebApp, "savehack launched"),
		},
		asking(),
		celebrating(),
		[]engine.Step[Journey]{
			seen(BankBackend, BankBackend, "act on transactions"),
			told(WebApp, savings.ArrowDreamAnother).Anytime(),
		})
}

func hasAccount(j Journey) bool { return j.Facts.Account }
