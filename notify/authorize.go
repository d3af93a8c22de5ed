package notify

import (
	"context"
	"encoding/json"
	"strings"

	"parley"
)

// AuthorizeRequest asks whether a payment may begin, and the operator to make room for it.
type AuthorizeRequest struct {
	Transaction
}

// AuthorizeAnswer is the operator's yes.
type AuthorizeAnswer struct {
	UserID       string `json:"userId"`                 // the same as was asked about
	AuthCode     string `json:"authCode,omitempty"`     // goes into transfer and cancel; empty when the operator gives none
	MerchantTxID string `json:"merchantTxId,omitempty"` // the operator's own number; may be empty

	// Limit, when set, is the most that the person may deposit now: more than nothing and less than was asked. It is
	// our extension, read from "limit", a decimal number or text in the currency asked.
	Limit *parley.Money `json:"limit,omitempty"`

	// UpdatedUser is what the operator corrects about the person, a JSON object as it came. It holds personal data.
	UpdatedUser json.RawMessage `json:"updatedUser,omitempty"`
}

// Discreet hides what is corrected about the person.
func (a AuthorizeAnswer) Discreet() any {
	if a.UpdatedUser != nil {
		a.UpdatedUser = parley.Redact(parley.Private("somebody"))
	}
	return a
}

// Authorize asks for a yes to a payment. Its errors are those of Operator. A limit that leaves nothing is a refusal with
// parley.StatusAboveLimit. A yes about another user is none: parley.KindUnknown.
func (o *Operator) Authorize(ctx context.Context, key string, ask AuthorizeRequest) (AuthorizeAnswer, error) {
	if err := ask.check(); err != nil {
		return AuthorizeAnswer{}, err
	}
	return say(ctx, o, authorize, key, ask.body(), func(body []byte) (AuthorizeAnswer, error) {
		return readAuthorize(body, ask)
	})
}

func readAuthorize(body []byte, ask AuthorizeRequest) (AuthorizeAnswer, error) {
	a, err := accepted(body)
	if err != nil {
		return AuthorizeAnswer{}, err
	}
	answer := AuthorizeAnswer{
		UserID: a.userID(), AuthCode: a.text("authCode"), MerchantTxID: a.text("merchantTxId"), UpdatedUser: a.object("updatedUser"),
	}
	limit := a.text("limit")
	if a.err == nil && answer.UserID != ask.UserID {
		a.bad("another userId than was asked about")
	}
	if a.err != nil {
		return AuthorizeAnswer{}, a.err
	}
	if answer.Limit, err = readLimit(limit, ask.Amount); err != nil {
		return AuthorizeAnswer{}, err
	}
	return answer, nil
}

// readLimit is the limit in s when it is less than asked; nil when there is none or it does not matter.
func readLimit(s string, asked parley.Money) (*parley.Money, error) {
	if s == "" || asked.Minor <= 0 {
		return nil, nil
	}
	amount, negative := strings.CutPrefix(s, "-")
	limit, err := parley.ParseMoney(amount, asked.Currency)
	switch {
	case err != nil:
		return nil, invalidAnswer("limit is not an amount")
	case negative || limit.IsZero():
		return nil, parley.Errorf(parley.KindRefused, "%w", &parley.Refusal{By: parley.ByOperator, Status: parley.StatusAboveLimit})
	case limit.Minor >= asked.Minor:
		return nil, nil
	}
	return &limit, nil
}
