package webhook

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"parley"
	"parley/notify"
)

// Address is where a bank is told that there are transactions for it to act on.
type Address struct {
	URL    string
	Signer notify.Signer
	Client *http.Client // web.NewClient's
}

// Notices tell banks that there are transactions for them to act on. What they are is not in it: the bank fetches them, and finds also those
// of which the notice was lost. It is what package flow calls a Bank.
type Notices struct {
	To  map[string]Address // by partner
	Now func() time.Time   // time.Now when nil
}

// notice is a notice on the wire.
type notice struct {
	Type      string `json:"type"`
	Count     int    `json:"count"`
	Timestamp string `json:"timestamp"`
}

// Notify tells a partner that n transactions are requested, once. The key stands in webhook-id, the same at every repetition. A partner that is
// told nowhere is parley.KindNotFound; else an error is of kind parley.KindUnheard or parley.KindUnknown: no answer is a no, because the bank
// must hear of it in the end.
func (n *Notices) Notify(ctx context.Context, partner, key string, count int) error {
	to, ok := n.To[partner]
	if !ok {
		return parley.Errorf(parley.KindNotFound, "partner %s is told of transactions nowhere", partner)
	}
	now := time.Now
	if n.Now != nil {
		now = n.Now
	}
	said := notice{"transactions.requested", count, now().UTC().Format(stampFormat)}
	body, err := encode(said)
	if err != nil {
		return err
	}
	status, err := post(ctx, to.Client, to.Signer, to.URL, key, now(), body)
	parley.NoteExchange(ctx, said, nil, status)
	if err != nil {
		return fmt.Errorf("tell %s of transactions: %w", partner, err)
	}
	return nil
}
