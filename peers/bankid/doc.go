// Package bankid proves the simulated BankID (parley/sim) against a client that somebody else wrote: bankid, from npm. What our
// connector and the simulation agree on, a third party then agrees on too. There is nothing in it but tests.
//
//	PARLEY_NODE=1 go test ./peers/bankid
//
// peer_test.go starts the simulated BankID and run.mjs is the client. Without PARLEY_NODE the test is skipped, because it needs
// Node 20 or newer, and npm to install the package once.
package bankid
