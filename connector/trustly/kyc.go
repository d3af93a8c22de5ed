package trustly

import (
	"strings"
	"time"

	"parley"
)

// identity reads the attributes of a kyc notification.
//
// The person is known by personid, which not every country has. Without one there is no Subject, and nobody is recognised:
// the kycentityid may change for the same person and must never be the key of an account.
func (c *Connector) identity(a tree) parley.Identity {
	country := countryCode(a.text("country"))
	person := personID(a.text("personid"), a.text("dob"), country)
	return parley.Identity{
		Provider: c.config.Name, Issuer: "trustly", Subject: person, PersonID: person,
		FirstName: parley.Private(a.text("firstname")), LastName: parley.Private(a.text("lastname")),
		Gender: gender(a.text("gender")), DateOfBirth: date(a.text("dob")),
		Address: parley.Address{Street: parley.Private(a.text("street")), City: parley.Private(a.text("city")),
			Zip: parley.Private(a.text("zipcode")), Country: alpha3[country]},
		IssuedAt: c.config.Now().UTC(),
	}.Named()
}

// personID is country and national number, or nothing. A number without a country is one only when the address says which
// country and it is longer than a date: some countries send the date of birth here, which is nobody's alone.
func personID(id, dob, country string) parley.Private {
	id = strings.ToUpper(id)
	switch {
	case hasCountry(id) && len(id) > 10:
		return parley.Private(id)
	case hasCountry(id) || id == "" || country == "" || len(id) <= 8 || id == dob:
		return ""
	}
	return parley.Private(country + id)
}

// hasCountry tells whether a person number begins with the two letters of a country.
func hasCountry(id string) bool {
	return len(id) > 2 && id[0] >= 'A' && id[0] <= 'Z' && id[1] >= 'A' && id[1] <= 'Z'
}

func gender(s string) parley.Gender {
	switch strings.ToUpper(s) {
	case "M", "MALE":
		return parley.Male
	case "F", "FEMALE":
		return parley.Female
	case "X":
		return parley.OtherGender
	case "":
		return ""
	}
	return parley.UnknownGender
}

// date is a date as yyyy-mm-dd, or nothing.
func date(s string) parley.Private {
	for _, layout := range []string{time.DateOnly, "20060102"} {
		if at, err := time.Parse(layout, s); err == nil {
			return parley.Private(at.Format(time.DateOnly))
		}
	}
	return ""
}

// countryCode reads a country as Trustly writes it: its documentation has "Sweden", its schema "SE". What it does not know is "".
func countryCode(s string) string {
	s = strings.ToUpper(s)
	if _, ok := alpha3[s]; ok {
		return s
	}
	for two, three := range alpha3 {
		if s == three {
			return two
		}
	}
	return countryNames[s]
}

// alpha3 has the countries of the EU and the EEA, Switzerland and the United Kingdom: ISO 3166-1 alpha-2 to alpha-3.
var alpha3 = map[string]string{
	"AT": "AUT", "BE": "BEL", "BG": "BGR", "CH": "CHE", "CY": "CYP", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST",
	"ES": "ESP", "FI": "FIN", "FR": "FRA", "GB": "GBR", "GR": "GRC", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IS": "ISL",
	"IT": "ITA", "LI": "LIE", "LT": "LTU", "LU": "LUX", "LV": "LVA", "MT": "MLT", "NL": "NLD", "NO": "NOR", "PL": "POL",
	"PT": "PRT", "RO": "ROU", "SE": "SWE", "SI": "SVN", "SK": "SVK",
}

// countryNames are the names in English of the countries where Trustly has banks.
var countryNames = map[string]string{
	"AUSTRIA": "AT", "BELGIUM": "BE", "BULGARIA": "BG", "CROATIA": "HR", "CZECH REPUBLIC": "CZ", "CZECHIA": "CZ",
	"DENMARK": "DK", "ESTONIA": "EE", "FINLAND": "FI", "FRANCE": "FR", "GERMANY": "DE", "GREAT BRITAIN": "GB", "HUNGARY": "HU",
	"IRELAND": "IE", "ITALY": "IT", "LATVIA": "LV", "LITHUANIA": "LT", "NETHERLANDS": "NL", "THE NETHERLANDS": "NL",
	"NORWAY": "NO", "POLAND": "PL", "PORTUGAL": "PT", "ROMANIA": "RO", "SLOVAKIA": "SK", "SLOVENIA": "SI", "SPAIN": "ES",
	"SWEDEN": "SE", "UNITED KINGDOM": "GB", "UK": "GB",
}
