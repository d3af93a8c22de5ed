package bankid

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"

	"parley"
	"parley/connector"
)

// hints are BankID's pending hint codes, in our words. A code that is not here says nothing new.
var hints = map[string]connector.Hint{
	"outstandingTransaction": connector.HintWaiting,
	"noClient":               connector.HintNoClient,
	"started":                connector.HintStarted,
	"userMrtd":               connector.HintDocument,
	"userSign":               connector.HintSign,
	"processing":             connector.HintProcessing,
}

// failures are BankID's failed hint codes. One that is not here is a no all the same, because the order has failed.
var failures = map[string]parley.Refusal{
	"expiredTransaction":     {By: parley.ByIdentityProvider, Status: parley.StatusExpired},
	"certificateErr":         {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated},
	"userCancel":             {By: parley.ByBrowser, Status: parley.StatusCancelledByUser},
	"cancelled":              {By: parley.ByIdentityProvider, Status: parley.StatusCancelledByPSP}, // the person has begun another order
	"userDeclinedCall":       {By: parley.ByBrowser, Status: parley.StatusCancelledByUser},
	"notSupportedByUserApp":  {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated},
	"transactionRiskBlocked": {By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated},
}

// mostLost is how many orders that BankID does not know any more are followed by another. One is gone when the answer that ended
// it was lost; more than a few are no accident.
const mostLost = 3

// collected is an answer of /collect.
type collected struct {
	Status         string
	HintCode       string
	CompletionData *completion
}

// Collect asks how the order goes. (Not more often than once a second; two are what BankID asks for.)
//
//	pending                  Pending, with a session when the hint is another
//	complete                 Identified, or Denied when what it says is not acceptable
//	failed, startFailed      nobody came for it in time: Pending with a new order, or Denied when Patience is over
//	failed, anything else    Denied
//	400                      the order is over and the answer that said how was lost: as startFailed, a few times
//	any other status, or none
//	                         an error: nothing was learned
//
// A final answer is never asked for again: what follows it is the end, or another order.
func (c *Connector) Collect(ctx context.Context, ask connector.CollectRequest) (connector.Collected, error) {
	var s session
	if json.Unmarshal(ask.Session, &s) != nil {
		return connector.Collected{}, parley.Invalid("session", "is not one of this connector's")
	}
	if s.Order == "" {
		return c.renew(ctx, ask, s)
	}
	var got collected
	err := c.post(ctx, "collect", map[string]string{"orderRef": s.Order}, &got)
	if f, ok := errors.AsType[*fault](err); ok && f.status == http.StatusBadRequest {
		if s.Lost++; s.Lost > mostLost {
			return c.denied(s, parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusProviderOutOfService}, "BankID does not know its own orders"), nil
		}
		return c.renew(ctx, ask, s)
	}
	if err != nil {
		return connector.Collected{}, nothing(err)
	}
	switch got.Status {
	case "pending":
		hint, known := hints[got.HintCode]
		if !known || hint == s.Hint {
			return connector.Collected{Told: connector.Told{Fact: connector.Pending}}, nil
		}
		s.Hint = hint
		return pending(s)
	case "failed":
		if got.HintCode == "startFailed" {
			return c.renew(ctx, ask, s)
		}
		no, known := failures[got.HintCode]
		if !known {
			no = parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated}
			got.HintCode = "failed"
		}
		return c.denied(s, no, got.HintCode), nil
	case "complete":
		return c.complete(ask, s, got.CompletionData), nil
	}
	return connector.Collected{}, parley.Errorf(parley.KindUnknown, "collect: a status that we do not know")
}

// nothing is an error of a kind that says that nothing was learned.
func nothing(err error) error {
	if kind := parley.KindOf(err); kind == parley.KindUnheard || kind == parley.KindUnknown {
		return err
	}
	return parley.Errorf(parley.KindUnknown, "%w", err)
}

func pending(s session) (connector.Collected, error) {
	kept, err := s.json()
	return connector.Collected{Told: connector.Told{Fact: connector.Pending}, Session: kept}, err
}

func (c *Connector) denied(s session, no parley.Refusal, why string) connector.Collected {
	return connector.Collected{Told: connector.Told{ID: id(s), Fact: connector.Denied, Refusal: &no, Note: why}}
}

// id is unique to the order, and does not give its reference away.
func id(s session) string {
	sum := sha256.Sum256([]byte(s.Order))
	return "bankid:" + hex.EncodeToString(sum[:])
}

// renew begins another order in place of one that is over before anybody signed.
func (c *Connector) renew(ctx context.Context, ask connector.CollectRequest, s session) (connector.Collected, error) {
	if c.cfg.Now().Sub(s.Begun) > c.cfg.Patience {
		return c.denied(s, parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusExpired}, "startFailed"), nil
	}
	ask.Attempt = 1 // the order before is over, so another that is in progress is not ours
	next, err := c.begin(ctx, ask.IdentifyRequest)
	if no, ok := errors.AsType[*parley.Refusal](err); ok {
		return c.denied(s, *no, "BankID gives no other order"), nil
	}
	if err != nil {
		next = session{At: s.At, Hint: connector.HintWaiting} // the order before is over for good, and must not be asked about again
	}
	next.Begun, next.Lost = s.Begun, s.Lost
	return pending(next)
}

// complete is the end of an order that was signed.
func (c *Connector) complete(ask connector.CollectRequest, s session, done *completion) connector.Collected {
	broken := parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusProviderOutOfService}
	distrusted := parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusNotAuthenticated}
	number := ""
	if done != nil {
		number = national(parley.Private(done.User.PersonalNumber))
	}
	switch wanted := national(ask.PersonID); {
	case number == "":
		return c.denied(s, broken, "complete, without a personal number")
	case wanted != "" && wanted != number:
		return c.denied(s, distrusted, "another person than was asked for")
	case c.cfg.RequireSameIP && !sameIP(ask.IP, done.Device.IPAddress):
		return c.denied(s, distrusted, "the app is at another address than the browser")
	}
	who := done.identity(c.cfg.Name, number, c.cfg.Now().UTC())
	return connector.Collected{Told: connector.Told{ID: id(s), Fact: connector.Identified, Identity: &who, At: who.AuthenticatedAt}}
}

func sameIP(browser, app string) bool {
	a, aerr := netip.ParseAddr(browser)
	b, berr := netip.ParseAddr(app)
	return aerr == nil && berr == nil && a.Unmap() == b.Unmap()
}

// Cancel has BankID forget the order, so that the person's app stops asking for it.
func (c *Connector) Cancel(ctx context.Context, kept json.RawMessage) error {
	var s session
	if json.Unmarshal(kept, &s) != nil || s.Order == "" {
		return nil
	}
	return c.post(ctx, "cancel", map[string]string{"orderRef": s.Order}, new(struct{}))
}
