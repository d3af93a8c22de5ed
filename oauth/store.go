package oauth

import (
	"context"
	"time"

	"parley"
	"parley/engine"
)

// Code is an authorization code as it is kept: a run has one at a time, by its hash. A code that was spent is not replaced.
//
//	(none) ──▶ number 1 ──▶ spent
//	               │
//	               └── expired unspent, and the browser came back ──▶ number 2 ...
type Code struct {
	Run     string
	Hash    string // SHA-256 of the code, base64url
	Number  int    // counts the codes of the run
	Client  string
	Expires time.Time
	Spent   time.Time // zero until it is redeemed or burned
}

// Token is an access token as it is kept: who has it and until when. The token itself is not.
type Token struct {
	ID       string // jti
	Run      string
	Client   string
	Merchant int
	Issued   time.Time
	Expires  time.Time
	Revoked  time.Time
}

// SigningKey is a private key, sealed under the installation's secret.
type SigningKey struct {
	ID      string
	Sealed  string
	Made    time.Time
	Retires time.Time // it is published until then, and signs no longer once a newer one is there
}

// Lookup is one question to an address source: asked for a token, once, and remembered with what it cost.
type Lookup struct {
	Token    string // jti
	Merchant int
	Person   string // hash of the national number
	Source   string
	Asked    time.Time
	Billed   int64 // minor units of the operator's contract with the source
	Done     bool
	Address  parley.Address
}

// What the authorization server writes.
type (
	// PutCode keeps a new code for a run, in place of one that was not spent. One that was is a conflict.
	PutCode struct{ Code Code }
	// SpendCode marks a code as used, or is a conflict if that was done before or it has expired.
	SpendCode struct {
		Hash string
		Now  time.Time
	}
	// AddToken keeps a token.
	AddToken struct{ Token Token }
	// RevokeTokens ends all tokens of a run.
	RevokeTokens struct {
		Run string
		Now time.Time
	}
	// AddKey keeps a signing key.
	AddKey struct{ Key SigningKey }
	// AddLookup claims the right to ask for a token's address, or is a conflict: one that was answered is not asked again, and one
	// that was not, no sooner than half a minute later.
	AddLookup struct{ Lookup Lookup }
	// EndLookup keeps what came of the question, and what it cost.
	EndLookup struct {
		Token   string
		Found   bool // the source answered
		Address parley.Address
		Billed  int64
	}
)

// Table says where a PutCode is written.
func (PutCode) Table() string { return "code" }

// Table says where a SpendCode is written.
func (SpendCode) Table() string { return "code" }

// Table says where an AddToken is written.
func (AddToken) Table() string { return "token" }

// Table says where a RevokeTokens is written.
func (RevokeTokens) Table() string { return "token" }

// Table says where an AddKey is written.
func (AddKey) Table() string { return "signing_key" }

// Table says where an AddLookup is written.
func (AddLookup) Table() string { return "lookup" }

// Table says where an EndLookup is written.
func (EndLookup) Table() string { return "lookup" }

// Store is what the authorization server needs of a database. Reads of what is not there are of kind parley.KindNotFound.
type Store interface {
	Apply(ctx context.Context, batch []engine.Write) error
	Code(ctx context.Context, hash string) (Code, error)
	CodeOf(ctx context.Context, run string) (Code, error)
	Token(ctx context.Context, id string) (Token, error)
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// RunOf is the run that a transaction belongs to.
	RunOf(ctx context.Context, transaction int64) (string, error)
	Lookup(ctx context.Context, token string) (Lookup, error)
	// LookupOf is the latest answered question about a person since then.
	LookupOf(ctx context.Context, merchant int, person string, since time.Time) (Lookup, error)
}
