package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"parley"
)

// usualClaims says where each field is looked for, first found first, when the configuration says nothing else. Providers
// have many names for the national number; personal_administrative_number is that of the European wallet.
var usualClaims = map[string][]string{
	"personId": {
		"ssn", "nin", "socialno", "personid", "personal_administrative_number", "national_identification_number",
	},
	"name":        {"name"},
	"firstName":   {"given_name"},
	"lastName":    {"family_name"},
	"gender":      {"gender"},
	"dateOfBirth": {"birthdate"},
	"email":       {"email"},
	"street":      {"address.street_address"},
	"city":        {"address.locality"},
	"zip":         {"address.postal_code"},
	"country":     {"address.country"},
}

// identity is what the claims say of the person, in our words.
func (c *Connector) identity(t idToken, told claims) parley.Identity {
	field := func(name string) string {
		from := usualClaims[name]
		if other := c.cfg.Claims[name]; other != "" {
			from = []string{other}
		}
		return told.first(from)
	}
	private := func(name string) parley.Private { return parley.Private(field(name)) }
	id := parley.Identity{
		Provider: c.cfg.Name, Issuer: c.cfg.Issuer, Subject: parley.Private(t.Subject),
		PersonID: parley.Private(personID(field("personId"), c.cfg.PersonCountry)),
		Name:     private("name"), FirstName: private("firstName"), LastName: private("lastName"),
		Gender: gender(field("gender")), DateOfBirth: parley.Private(date(field("dateOfBirth"))),
		Address: parley.Address{
			Street: private("street"), City: private("city"), Zip: private("zip"), Country: alpha3(field("country")),
		},
		IssuedAt: t.IssuedAt.Time().UTC(), ACR: t.ACR,
	}
	// Some write the string "true". Without it the address is one that anybody may have typed in.
	if v := told["email_verified"]; v == true || v == "true" {
		id.Email = private("email")
	}
	if t.AuthTime != nil {
		id.AuthenticatedAt = t.AuthTime.Time().UTC()
	}
	return id.Named()
}

// claims are a decoded set of claims; numbers are json.Number, so that a national number keeps all its digits.
type claims map[string]any

func parseClaims(data []byte) (claims, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var c claims
	if err := d.Decode(&c); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF || c == nil {
		return nil, errors.New("not one JSON object")
	}
	return c, nil
}

// add takes over what is not there yet. An e-mail address and whether it was verified come from one source or not at all.
func (c claims) add(more claims) {
	_, email := c["email"]
	if !email {
		delete(c, "email_verified")
	}
	for name, value := range more {
		if _, have := c[name]; !have && !(email && name == "email_verified") {
			c[name] = value
		}
	}
}

// isFor reports whether the audience, where one is named, has the client in it.
func (c claims) isFor(client string) bool {
	switch aud := c["aud"].(type) {
	case nil:
		return true
	case string:
		return aud == client
	case []any:
		for _, a := range aud {
			if a == client {
				return true
			}
		}
	}
	return false
}

// first is the first of the named claims that is there as text: in the claims themselves, or else in what they say was
// verified (OpenID Connect for Identity Assurance 1.0: verified_claims.claims, where verified_claims may be a list).
func (c claims) first(names []string) string {
	sources := []map[string]any{c}
	sets, _ := c["verified_claims"].([]any)
	if one, ok := c["verified_claims"].(map[string]any); ok {
		sets = []any{one}
	}
	for _, set := range sets {
		if set, ok := set.(map[string]any); ok {
			if inner, ok := set["claims"].(map[string]any); ok {
				sources = append(sources, inner)
			}
		}
	}
	for _, source := range sources {
		for _, name := range names {
			if s := text(lookup(source, name)); s != "" {
				return s
			}
		}
	}
	return ""
}

// lookup finds a claim by its name or by a path. The whole name goes first, since names may have dots:
// "https://example.com/ssn".
func lookup(in map[string]any, path string) any {
	if v, ok := in[path]; ok {
		return v
	}
	if head, rest, ok := strings.Cut(path, "."); ok {
		if inner, ok := in[head].(map[string]any); ok {
			return lookup(inner, rest)
		}
	}
	return nil
}

// text is a claim as one line, or nothing when it is no text, has control characters, or is too long to be anybody's.
func text(v any) string {
	var s string
	switch v := v.(type) {
	case string:
		// OpenID Connect Core §5.1.1: an address may have lines.
		s = strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == '\n' || r == '\r' }), ", ")
	case json.Number:
		s = v.String()
	}
	s = strings.TrimSpace(s)
	if len(s) > 500 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// personID is a national number as country and number. "19900101-2384" of SE is SE199001012384, and ten digits stay ten:
// nobody can tell which century. Separators go, except in a Finnish number, where they are the century, and in one that
// has letters within, whose rules we do not know.
func personID(number, country string) string {
	if number == "" {
		return ""
	}
	prefix := strings.ToUpper(country)
	if len(number) > 2 && letter(number[0]) && letter(number[1]) {
		prefix, number = strings.ToUpper(number[:2]), strings.TrimLeft(number[2:], " -")
	}
	if prefix != "FI" && !strings.ContainsFunc(number, unicode.IsLetter) {
		number = strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, number)
	}
	if number == "" {
		return ""
	}
	return prefix + number
}

func letter(b byte) bool { return 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' }

// gender is a gender as the operator's wire spells it.
func gender(s string) parley.Gender {
	switch strings.ToLower(s) {
	case "":
		return ""
	case "male", "m":
		return parley.Male
	case "female", "f":
		return parley.Female
	case "other", "x":
		return parley.OtherGender
	}
	return parley.UnknownGender
}

// date is a whole date as yyyy-mm-dd. OpenID lets a provider tell the year alone, or leave it out: that is none.
func date(s string) string {
	for _, layout := range []string{time.DateOnly, "20060102"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1800 {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}

// alpha3 is a country as ISO 3166-1 alpha-3, from "SE", "SWE" or "Sweden". It is empty for what is no country.
func alpha3(s string) string {
	if len(s) == 2 || len(s) == 3 {
		if r, err := language.ParseRegion(s); err == nil && r.Canonicalize().IsCountry() {
			return r.Canonicalize().ISO3()
		}
	}
	if len(s) < 4 {
		return ""
	}
	// The languages in which a provider of these parts may write a country out.
	var written []display.Namer
	for _, tag := range []language.Tag{
		language.English, language.Swedish, language.Norwegian, language.Danish, language.Finnish, language.Estonian,
		language.German, language.Dutch,
	} {
		written = append(written, display.Regions(tag))
	}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			r, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || !r.IsCountry() || r.Canonicalize() != r {
				continue
			}
			for _, names := range written {
				if strings.EqualFold(names.Name(r), s) {
					return r.ISO3()
				}
			}
		}
	}
	return ""
}
