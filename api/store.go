package api

import (
	"context"
	"time"

	"parley/savings"
)

// Store is what the API reads. Each list holds only what is the partner's of the query, so that somebody else's id is not there; the int
// is how many match in all, or -1 with a Keyset. Lists stand in the order in which their things came about, users and accounts and all,
// transactions by requested time; equal times are told apart by id.
type Store interface {
	// Users lists users. Those whose data was erased are not among them.
	Users(ctx context.Context, q savings.Query) ([]savings.User, int, error)
	Accounts(ctx context.Context, q savings.Query) ([]savings.AccountView, int, error)
	Dreams(ctx context.Context, q savings.Query) ([]savings.DreamView, int, error)
	Launches(ctx context.Context, q savings.Query) ([]savings.LaunchView, int, error)
	Transactions(ctx context.Context, q savings.Query) ([]savings.TransactionView, int, error)
	Consents(ctx context.Context, q savings.Query) ([]savings.ConsentView, int, error)
	Messages(ctx context.Context, q savings.Query) ([]savings.MessageView, int, error)

	// Picture says whose a picture is; PictureJPEG is the picture itself.
	Picture(ctx context.Context, partner, id string) (savings.Picture, error)
	PictureJPEG(ctx context.Context, partner, id string) ([]byte, error)

	// Answer is what was answered under an idempotency key of the partner's; ok says whether there is one.
	Answer(ctx context.Context, partner, key string) (a Answer, ok bool, err error)
}

// Answer is what was answered under an idempotency key, to be said again byte for byte.
type Answer struct {
	Partner     string
	Key         string
	Fingerprint string // of the request: another one under the same key is a mistake
	Status      int
	Body        []byte
	At          time.Time
}

// PutAnswer keeps an answer. A second one under the same key is a conflict over "savings_answer".
type PutAnswer Answer

// Table says where a PutAnswer is written.
func (PutAnswer) Table() string { return "savings_answer" }
