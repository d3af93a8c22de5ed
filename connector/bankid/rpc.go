package bankid

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"parley"
	"parley/web"
)

// answerLimit bounds an answer. A complete one carries a signature and an OCSP response, some ten thousand characters each.
const answerLimit = 1 << 20

// fault is an answer that says no. Its details are BankID's words about the request, so they may name a person: they go nowhere.
type fault struct {
	method string
	status int
	code   string // one of codes, or empty
}

// codes are BankID's, for the log. Anything else is not passed on.
var codes = []string{"alreadyInProgress", "invalidParameters", "unauthorized", "notFound", "methodNotAllowed", "requestTimeout", "unsupportedMediaType",
	"internalError", "maintenance"}

func (f *fault) Error() string {
	if f.code != "" {
		return fmt.Sprintf("%s: %d %s", f.method, f.status, f.code)
	}
	return fmt.Sprintf("%s: %d", f.method, f.status)
}

// begun is what a no to a new order means.
//
//	400 alreadyInProgress    refused: both orders of the person are over, and saying it anew would undo what that protects from;
//	                         unheard when it is said again, because the other order is the one whose answer we lost
//	408, 503                 unheard: nothing was begun, it may be said again
//	other 4xx                refused: we are not let in, or ask wrongly; the person can do nothing about it
//	anything else            unknown: an order may have been begun, and ends by itself
func (f *fault) begun(attempt int) error {
	switch {
	case f.code == "alreadyInProgress" && attempt > 1:
		return parley.Errorf(parley.KindUnheard, "%w", f)
	case f.code == "alreadyInProgress":
		return parley.Errorf(parley.KindRefused, "%w: %w", f, &parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusCancelledByPSP})
	case f.status == http.StatusRequestTimeout, f.status == http.StatusServiceUnavailable:
		return parley.Errorf(parley.KindUnheard, "%w", f)
	case f.status >= 400 && f.status < 500:
		return parley.Errorf(parley.KindRefused, "%w: %w", f, &parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusProviderOutOfService})
	}
	return parley.Errorf(parley.KindUnknown, "%w", f)
}

// post asks the API. A no is a *fault; other errors are those of web.Exchange.
func (c *Connector) post(ctx context.Context, method string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL+method, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json") // BankID takes it exactly so
	res, body, err := web.Exchange(c.cfg.Client, req, answerLimit)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusOK {
		if json.Unmarshal(body, answer) != nil {
			return parley.Errorf(parley.KindUnknown, "%s: an answer that is not JSON", method)
		}
		return nil
	}
	f := &fault{method: method, status: res.StatusCode}
	var said struct{ ErrorCode string }
	if json.Unmarshal(body, &said) == nil && slices.Contains(codes, said.ErrorCode) { // in front of the API some things answer in HTML
		f.code = said.ErrorCode
	}
	return f
}
