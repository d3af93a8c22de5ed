package bankid

import (
	"strings"
	"time"

	"parley"
)

// completion is what a complete order tells. The signature, the OCSP response and the hash of the device are left where they are.
type completion struct {
	User   struct{ PersonalNumber, Name, GivenName, Surname string }
	Device struct{ IPAddress string }
}

// identity is what is told of the person, in our words. BankID says no time, so it is that of the answer.
func (c *completion) identity(provider, number string, now time.Time) parley.Identity {
	born, gender := read(number)
	return parley.Identity{
		Provider: provider, Issuer: "bankid", Subject: parley.Private(number), PersonID: parley.Private("SE" + number),
		Name: parley.Private(c.User.Name), FirstName: parley.Private(c.User.GivenName), LastName: parley.Private(c.User.Surname),
		DateOfBirth: parley.Private(born), Gender: gender, IssuedAt: now, AuthenticatedAt: now,
	}.Named()
}

// national is a Swedish number as BankID writes it, twelve digits, or empty for what is none: somebody else's country's, or ten
// digits, of which nobody can tell the century.
func national(id parley.Private) string {
	s := strings.ReplaceAll(strings.TrimPrefix(id.Reveal(), "SE"), "-", "")
	if len(s) != 12 || strings.Trim(s, "0123456789") != "" {
		return ""
	}
	return s
}

// read is what a Swedish number says of its person. The last digit but one is odd for men, and a coordination number has 60 added
// to the day. Where the day is none, as for some who do not know theirs, there is no date.
func read(number string) (born string, gender parley.Gender) {
	gender = parley.Female
	if (number[10]-'0')%2 == 1 {
		gender = parley.Male
	}
	b := []byte(number[:8])
	if b[6] >= '6' {
		b[6] -= 6
	}
	if day, err := time.Parse("20060102", string(b)); err == nil {
		born = day.Format(time.DateOnly)
	}
	return born, gender
}
