package notify

import (
	"context"

	"parley"
)

// CancelRequest takes an authorize back, also one whose answer was lost: then AuthCode is empty, and the operator knows
// the transaction by its number.
type CancelRequest struct {
	Transaction
	AuthCode         string        // from the answer to authorize; always said
	Status           parley.Status // why
	PSPStatusCode    string        // the provider's code; left out when empty, as are the next two
	PSPRefID         string
	PSPStatusMessage string
}

// CancelAnswer is the operator's yes. The echo is as it came.
type CancelAnswer struct {
	UserID string `json:"userId,omitempty"`
}

type cancelBody struct {
	transactionBody
	AuthCode         string         `json:"authCode"`
	StatusCode       int            `json:"statusCode"`
	PSPStatusCode    string         `json:"pspStatusCode,omitempty"`
	PSPRefID         string         `json:"pspRefId,omitempty"`
	PSPStatusMessage parley.Private `json:"pspStatusMessage,omitempty"` // a provider's words, which may be about anybody
}

// Cancel takes an authorize back. As with Transfer, a caller says it again until there is no error.
func (o *Operator) Cancel(ctx context.Context, key string, tell CancelRequest) (CancelAnswer, error) {
	if err := tell.check(); err != nil {
		return CancelAnswer{}, err
	}
	return say(ctx, o, cancel, key, cancelBody{
		transactionBody: tell.body(), AuthCode: tell.AuthCode, StatusCode: int(tell.Status),
		PSPStatusCode: tell.PSPStatusCode, PSPRefID: tell.PSPRefID, PSPStatusMessage: parley.Private(tell.PSPStatusMessage),
	}, readCancel)
}

func readCancel(body []byte) (CancelAnswer, error) {
	a, err := accepted(body)
	if err != nil {
		return CancelAnswer{}, err
	}
	answer := CancelAnswer{UserID: a.text("userId")}
	if a.err != nil {
		return CancelAnswer{}, a.err
	}
	return answer, nil
}
