package flow

import (
	"parley/engine"
	"parley/savings"
)

// provisioning is the diagram in docs/flows/account-provisioning.md: a person comes in whom nobody knew, and the account that all their
// dreams share is opened when the first savehack needs one.
//
// The account may come at any moment. What follows from that is in the books, and is the same in whatever order; the run tells how it went.
func (s *Savings) provisioning() engine.Flow[Journey] {
	return journey(savings.AccountProvisioning, "Account provisioning",
		"A person comes in and explores freely. When they launch a savehack and have no account, the launch is paused and the bank app takes over the screen; "+
			"as soon as it has begun to have an account opened, the launch starts, and what it saves is pending. The bank opens the account whenever it does: "+
			"every dream is linked to it, those that come later too.",
		savers,
		[]engine.Step[Journey]{
			engine.Start[Journey](BankApp, WebApp, savings.ArrowSignedIn),
			told(WebApp, savings.ArrowDreamCreated),
			reply(WebApp, "dream created"),
			told(WebApp, savings.ArrowLaunched),
			reply(WebApp, "savehack launched"),
		},
		asking(),
		celebrating(),
		[]engine.Step[Journey]{
			told(BankBackend, savings.ArrowAccountPosted).Par(),
			fact(Server, "dreams linked"),
			reply(BankBackend, "201 Created"),
			seen(BankBackend, BankBackend, "act on transactions"),
			told(WebApp, savings.ArrowDreamAnother).Anytime(),
		})
}

// asking are the arrows with which the bank app is asked to have an account opened. An account that comes meanwhile ends the wait.
func asking() []engine.Step[Journey] {
	const when = "there is no account, and none is being opened"
	return []engine.Step[Journey]{
		fact(WebApp, "account provisioning requested").If(when, lacksAccount),
		seen(WebApp, BankApp, "callback: account provisioning requested").If(when, lacksAccount),
		seen(BankApp, BankBackend, "initiate account provisioning").If(when, lacksAccount),
		seen(BankApp, WebApp, "return from callback").If(when, lacksAccount),
		told(WebApp, savings.ArrowInitiated).If(when, lacksAccount),
		told(WebApp, savings.ArrowAskedAgain).Anytime(),
	}
}

func lacksAccount(j Journey) bool { return !j.Facts.Account && !j.Facts.Initiated }
