// Package parley holds the nouns of the trade: money, identity, transaction, refusal, status, and the one error scheme. It
// imports nothing but the standard library, and everything else imports it.
//
// Parley is a server for the conversations between several parties through which a person becomes a paying, saving customer. Its
// idea: a flow is a sequence diagram that runs. This is the tour of its code.
//
// # A flow
//
// Begin with flow/deposit.go. The table in it is the diagram in docs/flows/sign-up-and-deposit.md, arrow for arrow, and it is what
// runs. Below it stand the steps in the table's order: each speaks to one party, through what that party can do, and says how
// that ended: done, refused, or unknown.
//
// # What makes it run
//
// Package engine knows no party by name. It keeps each run before a row of its table, says what is ours to say, waits for
// what is not, and writes down both before anything follows from them. A process that dies at any instruction goes on from
// there. engine/tell.go is how a message moves a run; engine/drive.go how a run moves itself.
//
// # Goal savings
//
// Here facts and talk are apart. Package savings is a user's Book: dreams, launches, accounts, transactions, and what can be done with them, without
// any I/O; package savehack says what each kind of savehack takes, and when. flow/savings.go loads a book, has it changed, and writes it with the
// events that the bank is told and the arrows that it drew, in one transaction. flow/provisioning.go and its neighbours are the journeys: they tell
// how it went, and decide nothing. So an account may come before, during or after, and the end is the same.
//
// Package api is what a bank's programs speak, from one table of operations that is also the OpenAPI document; package app what the savings app
// speaks, which is in web/app; package content what that app offers, ours or a partner's; package webhook tells the bank's endpoints.
//
// # Those who are spoken to
//
// Package notify tells the operator's platform. Package connector says what an identity or payment provider can do, and is the door
// at which they knock; connector/trustly, connector/oidc and connector/spar each keep one wire to themselves.
//
// # The rim
//
// Package oauth is the authorization server: what a browser and an operator's server see; oauth/pages.go is what people read. Package web is
// what every page and answer shares, and the browser code beside it. Package live shows runs as they happen. Package store keeps it all, one
// file per table.
//
// # The house, and the other side
//
// Package house ties everything together from a configuration. Package sim is everybody else: an operator with a shop, Trustly,
// an OpenID provider, a register, a bank with its app; it shares no code with the rest. Package sandbox puts both on one machine, and cmd/parley
// is the command line.
//
// # How it is proved
//
// flow/attack_test.go takes each arrow of each table and has it refused, lost, repeated and cut off, kills the process at every commit and
// every word, and holds what must always be true against everybody's books. imports_test.go says which way the packages may
// look.
package parley
