package parley

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Identity is who a person is, as an identity provider told it. A person is known by provider, issuer and subject
// together, never by e-mail or name: the same subject from another issuer is somebody else.
type Identity struct {
	Provider string  `json:"provider"`          // the name of the configured provider, such as "trustly"
	Issuer   string  `json:"issuer"`            // who vouches: an OpenID issuer URL, or the provider's own name
	Subject  Private `json:"subject,omitempty"` // unique at the issuer; empty when the provider gives no stable one

	PersonID    Private `json:"personId,omitempty"` // country and national number: SE199001012384
	Name        Private `json:"name,omitempty"`
	FirstName   Private `json:"firstName,omitempty"`
	LastName    Private `json:"lastName,omitempty"`
	Gender      Gender  `json:"gender,omitempty"`
	DateOfBirth Private `json:"dateOfBirth,omitempty"` // yyyy-mm-dd
	Email       Private `json:"email,omitempty"`       // told, not trusted: nobody is recognised by it
	Address     Address `json:"address,omitzero"`

	IssuedAt        time.Time `json:"issuedAt"`                 // when the provider said so
	AuthenticatedAt time.Time `json:"authenticatedAt,omitzero"` // when the person did something, where the provider tells
	ACR             string    `json:"acr,omitempty"`            // how strongly, in the provider's words

	Account *BankAccount `json:"account,omitempty"` // the account that money came from, where the provider tells
}

// Gender as the operator's wire spells it.
type Gender string

// The genders of the wire. Providers that say nothing leave it empty.
const (
	Male          Gender = "MALE"
	Female        Gender = "FEMALE"
	OtherGender   Gender = "X"
	UnknownGender Gender = "UNKNOWN"
)

// Discreet hides the gender: it says something about a person.
func (g Gender) Discreet() any {
	if g != "" {
		g = redacted
	}
	return g
}

// Address is a postal address. Country is ISO 3166-1 alpha-3.
type Address struct {
	Street  Private `json:"street,omitempty"`
	City    Private `json:"city,omitempty"`
	Zip     Private `json:"zip,omitempty"`
	Country string  `json:"country,omitempty"`
}

// IsZero reports whether there is no street, city or zip. A country alone is no address.
func (a Address) IsZero() bool { return a.Street == "" && a.City == "" && a.Zip == "" }

// BankAccount is what a payment provider tells about the account that money came from. None of it is a whole account number.
type BankAccount struct {
	ID            string  `json:"id,omitempty"` // the provider's id for it
	Bank          string  `json:"bank,omitempty"`
	Clearinghouse string  `json:"clearinghouse,omitempty"`
	Descriptor    Private `json:"descriptor,omitempty"` // masked: "***4057"
	LastDigits    Private `json:"lastDigits,omitempty"`
	Holder        Private `json:"holder,omitempty"`
}

// Named fills in whichever of name, first name and last name can be had from the others. First and last name are taken out
// of a full name only when it has exactly one space: nobody can tell where a longer one divides.
func (id Identity) Named() Identity {
	if id.Name == "" && (id.FirstName != "" || id.LastName != "") {
		id.Name = Private(strings.TrimSpace(string(id.FirstName) + " " + string(id.LastName)))
	}
	if first, last, ok := strings.Cut(string(id.Name), " "); ok && id.FirstName == "" && id.LastName == "" && !strings.Contains(last, " ") {
		id.FirstName, id.LastName = Private(first), Private(last)
	}
	return id
}

// Same reports whether both are certainly one person: the same subject at the same issuer or, where an issuer has no subjects, the
// same name and day of birth.
func (id Identity) Same(other Identity) bool {
	if id.Provider != other.Provider || id.Issuer != other.Issuer {
		return false
	}
	if id.Subject != "" || other.Subject != "" {
		return id.Subject == other.Subject
	}
	return id.Name != "" && id.Name == other.Name && id.DateOfBirth == other.DateOfBirth && id.PersonID == other.PersonID
}

// LogValue logs only where the identity comes from.
func (id Identity) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", id.Provider), slog.String("issuer", id.Issuer))
}

// Format prints only where the identity comes from. The fields' own Format is not enough: fmt goes past it behind a pointer.
func (id Identity) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "[somebody whom %s knows]", id.Provider)
}

// LogValue logs nothing of the address but its country.
func (a Address) LogValue() slog.Value { return slog.GroupValue(slog.String("country", a.Country)) }

// Format prints nothing of the address but its country.
func (a Address) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[an address in %q]", a.Country) }

// LogValue logs nothing of the account but its bank.
func (a BankAccount) LogValue() slog.Value { return slog.GroupValue(slog.String("bank", a.Bank)) }

// Format prints nothing of the account but its bank.
func (a BankAccount) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[an account at %q]", a.Bank) }
