package flow

import (
	"encoding/json"
	"slices"

	"parley"
	"parley/engine"
	"parley/savings"
)

// Those who speak in the journeys of goal savings, besides Server.
const (
	BankApp     engine.Party = "BankApp"
	WebApp      engine.Party = "WebApp"
	BankBackend engine.Party = "BankBackend"
)

// savers are they, left to right, and savingsLabels how people read them.
var (
	savers        = []engine.Party{BankApp, WebApp, Server, BankBackend}
	savingsLabels = map[engine.Party]string{BankApp: "Bank App", WebApp: "SDK and Web App", BankBackend: "Bank Backend"}
)

// Journey is what a run of a savings flow remembers. It holds no fact of its own: those are in the books of package savings, and each
// arrow brings along the few that decide where the run goes.
type Journey struct {
	Partner string        `json:"partner"`
	User    string        `json:"user,omitempty"`  // empty where it is about several
	Count   int           `json:"count,omitempty"` // of a notice: how many transactions were given with it
	Told    bool          `json:"told,omitempty"`  // of a notice: the bank has heard it
	Come    bool          `json:"come,omitempty"`  // the person has come in
	Facts   savings.Facts `json:"facts,omitzero"`
}

// word is what a run is told: what was said, and the facts as they then were.
type word struct {
	Facts savings.Facts   `json:"facts,omitzero"`
	Note  string          `json:"note,omitempty"`
	Said  json.RawMessage `json:"said,omitempty"` // redacted before it is kept anywhere
}

// Discreet leaves what was said: the facts are the run's, and the note stands beside the arrow.
func (w word) Discreet() any { return word{Said: w.Said} }

// learn takes in what an arrow tells. Arrows may be heard in another order than they were said in, and what has come to pass once stays so.
func (j Journey) learn(f savings.Facts) Journey {
	f.Account = f.Account || j.Facts.Account
	f.Initiated = f.Initiated || j.Facts.Initiated
	f.Refused = f.Refused || j.Facts.Refused
	j.Facts = f
	return j
}

// hears is a step whose whole meaning is in the books: the run learns what it must know to go on.
func hears(_ engine.Turn, j Journey, w word) (Journey, engine.Outcome) {
	return j.learn(w.Facts), engine.Done().Note(w.Note)
}

// told is an arrow of somebody else.
func told(from engine.Party, name string) engine.Step[Journey] {
	return engine.Wait(from, Server, name, hears)
}

// fact is an arrow of ours that speaks to nobody: it came to pass in the books with the arrow before it, and the web app shows it when it
// asks.
func fact(to engine.Party, name string) engine.Step[Journey] {
	return engine.Mark[Journey](Server, to, name)
}

// reply is our answer to the arrow before it.
func reply(to engine.Party, name string) engine.Step[Journey] {
	return engine.Reply[Journey](Server, to, name)
}

// seen is an arrow between two others.
func seen(from, to engine.Party, name string) engine.Step[Journey] {
	return engine.Seen[Journey](from, to, name)
}

// celebrating are the arrows with which money begins to be saved.
func celebrating() []engine.Step[Journey] {
	return []engine.Step[Journey]{
		fact(Server, "launches started"),
		fact(Server, "transactions prepared"),
		fact(WebApp, "celebration"),
	}
}

// journey is a savings flow with what all of them share. What is told of the books has come to pass, so nothing refuses it.
func journey(name, title, about string, parties []engine.Party, steps ...[]engine.Step[Journey]) engine.Flow[Journey] {
	return engine.Flow[Journey]{Name: name, Title: title, About: about, Version: 1, Unrefused: true, Server: Server, Parties: parties, Labels: savingsLabels,
		Steps: slices.Concat(steps...)}
}

// Tables are the journeys of goal savings, ready to run.
func (s *Savings) Tables() []*engine.Table {
	return []*engine.Table{s.provisioning().Table(), s.accountFirst().Table(), s.accountPerDream().Table(), s.transferConsent().Table(), s.acting().Table(), s.reconciliation().Table()}
}

// Names are how the parties of a run are called, and what the run is about in a few words; ok is false when it is not a journey of savings.
func (s *Savings) Names(r engine.Run) (names map[engine.Party]string, about string, ok bool) {
	switch r.Flow {
	case savings.AccountProvisioning, savings.AccountFirst, savings.AccountForDream, savings.TransferConsent, savings.ActingOn, savings.Reconciliation:
	default:
		return nil, "", false
	}
	j, err := engine.Flow[Journey]{}.Read(r)
	if err != nil {
		return nil, "", true
	}
	if p := s.Partners[j.Partner]; p != nil {
		return nil, p.Name, true
	}
	return nil, j.Partner, true
}

// rejected is the refusal of a person who did not consent.
func rejected() *parley.Refusal {
	return &parley.Refusal{By: string(BankApp), Status: parley.StatusCancelledByUser}
}
