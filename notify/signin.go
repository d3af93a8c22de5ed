package notify

import (
	"context"
	"time"

	"parley"
)

// SignInRequest asks whether a person, now identified, may sign in. MerchantID, TxID, IdentityProvider and
// Identity.IssuedAt are needed.
type SignInRequest struct {
	MerchantID       int
	TxID             int64           // of the sign-in transaction
	IdentityProvider string          // the name of the configured provider: "trustly"
	Identity         parley.Identity // what it does not tell is left out; the name is always said
	RequestedAt      time.Time       // when we asked the provider; when it answered if zero
	IP               parley.Private  // the person's
	Attributes       map[string]any  // the echo of the request's, left out when there are none
}

// SignInAnswer is the operator's yes.
type SignInAnswer struct {
	UserID    string         `json:"userId"`              // the operator's id for the person, 1 to 50 characters
	SessionID parley.Private `json:"sessionId,omitempty"` // goes with the browser to the redirect URI; may be empty
	Balance   parley.Private `json:"balance,omitempty"`   // as it came, number or text: "1000.00"; may be empty, as may its currency
	BalanceCy string         `json:"balanceCy,omitempty"`
}

type signInBody struct {
	TxRefID          string         `json:"txRefId"`
	Name             parley.Private `json:"name"`
	IdentityProvider string         `json:"identityProvider"`
	Iat              string         `json:"iat"`
	Rat              string         `json:"rat"`
	FirstName        parley.Private `json:"firstName,omitempty"`
	LastName         parley.Private `json:"lastName,omitempty"`
	PersonID         parley.Private `json:"personid,omitempty"`
	Gender           parley.Gender  `json:"gender,omitempty"`
	Street           parley.Private `json:"street,omitempty"`
	City             parley.Private `json:"city,omitempty"`
	Zip              parley.Private `json:"zip,omitempty"`
	Country          string         `json:"country,omitempty"`
	Dob              parley.Private `json:"dob,omitempty"`
	IP               parley.Private `json:"ip,omitempty"`
	Attributes       attributes     `json:"attributes,omitempty"`
}

// SignIn asks for a yes to an identified person. Its errors are those of Operator.
func (o *Operator) SignIn(ctx context.Context, key string, ask SignInRequest) (SignInAnswer, error) {
	switch {
	case ask.TxID <= 0:
		return SignInAnswer{}, parley.Invalid("txRefId", "the transaction's number must be positive")
	case ask.IdentityProvider == "":
		return SignInAnswer{}, parley.Invalid("identityProvider", "must be given")
	case ask.Identity.IssuedAt.IsZero():
		return SignInAnswer{}, parley.Invalid("iat", "must be given")
	}
	if ask.RequestedAt.IsZero() {
		ask.RequestedAt = ask.Identity.IssuedAt
	}
	id := ask.Identity.Named()
	return say(ctx, o, signIn, key, signInBody{
		TxRefID: TxRef(ask.MerchantID, ask.TxID), Name: id.Name, IdentityProvider: ask.IdentityProvider,
		Iat: digits(id.IssuedAt.Unix()), Rat: digits(ask.RequestedAt.Unix()),
		FirstName: id.FirstName, LastName: id.LastName, PersonID: id.PersonID, Gender: id.Gender,
		Street: id.Address.Street, City: id.Address.City, Zip: id.Address.Zip, Country: id.Address.Country,
		Dob: id.DateOfBirth, IP: ask.IP, Attributes: ask.Attributes,
	}, readSignIn)
}

func readSignIn(body []byte) (SignInAnswer, error) {
	a, err := accepted(body)
	if err != nil {
		return SignInAnswer{}, err
	}
	answer := SignInAnswer{
		UserID: a.userID(), SessionID: parley.Private(a.text("sessionId")), Balance: parley.Private(a.text("balance")), BalanceCy: a.text("balanceCy"),
	}
	if a.err != nil {
		return SignInAnswer{}, a.err
	}
	return answer, nil
}
