// Package dex proves Parley's OpenID Connect connector (parley/connector/oidc) against Dex, an OpenID provider that
// somebody else wrote: https://github.com/dexidp/dex. There is nothing in it but tests.
//
// It is a module of its own, so that what Dex needs never enters Parley's go.mod. Run it with
//
//	cd peers/dex && go test ./...
//
// Dex runs inside the test, on loopback, with its storage in memory. Nothing else is reached.
package dex
