package flow

import (
	"parley/engine"
	"parley/savings"
)

// transferConsent is the diagram in docs/flows/transfer-consent.md: a launch waits as a draft until the person has consented, in the bank's
// app, to what it may take. Only the bank's word counts; what the app returns with changes nothing.
func (s *Savings) transferConsent() engine.Flow[Journey] {
	f := journey(savings.TransferConsent, "Transfer consent",
		"A launch waits as a draft until the person has consented to what it may take. The bank app is asked with an id that is good for one look; the bank reads the consent, "+
			"has it signed, opens an account where there is none, and says whether it was given. Then the launch starts, or ends.",
		savers,
		[]engine.Step[Journey]{
			engine.Start[Journey](WebApp, Server, savings.ArrowLaunched),
			fact(Server, "launch kept as a draft"),
			fact(WebApp, "transfer consent requested"),
			seen(WebApp, BankApp, "callback: transfer consent requested"),
			told(WebApp, savings.ArrowAskedAgain).Anytime(),
			told(BankBackend, savings.ArrowConsentRead).Anytime(),
			seen(BankApp, BankBackend, "signature, and an account where there is none"),
			engine.Wait(BankBackend, Server, savings.ArrowConsentDecided, decided),
			told(WebApp, savings.ArrowConsentReturned).Anytime(),
		},
		celebrating())
	f.Unrefused = false // the launch ends with its consent
	return f
}

// decided hears the bank's word.
func decided(t engine.Turn, j Journey, w word) (Journey, engine.Outcome) {
	j, o := hears(t, j, w)
	if w.Facts.Refused {
		return j, engine.Refused(rejected()).Note(w.Note)
	}
	return j, o
}
