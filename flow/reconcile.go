package flow

import (
	"parley/engine"
	"parley/savings"
)

// reconciliation is the diagram in docs/flows/reconciliation.md: money moved without us, and the bank tells of it afterwards.
func (s *Savings) reconciliation() engine.Flow[Journey] {
	return journey(savings.Reconciliation, "Reconciliation",
		"Money moved on a savings account without us: at a branch, by interest. The bank tells of it as a settled transaction, and the balance follows. What belongs to no dream "+
			"is the residual, which the person puts into dreams when they like.",
		[]engine.Party{WebApp, Server, BankBackend},
		[]engine.Step[Journey]{
			engine.Start[Journey](BankBackend, Server, savings.ArrowReconciled),
			fact(Server, "balance changed"),
			told(WebApp, savings.ArrowRedistributed).Anytime(),
		})
}
