// Package openidclient proves Parley's authorization server (parley/oauth) against clients that somebody else wrote:
// openid-client and oauth4webapi, from npm. There is nothing in it but tests.
//
//	PARLEY_NODE=1 go test ./peers/openid-client
//
// peer_test.go starts the sandboxes and run.mjs is the clients. Without PARLEY_NODE the test is skipped, because it needs Node 20
// or newer, and npm to install the two packages once.
package openidclient
