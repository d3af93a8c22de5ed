package sim

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TrustlyPerson is somebody who logs in at the bank. What kyc says of them is here.
type TrustlyPerson struct {
	ID          string // what they log in with, like "196512171957"
	PersonID    string // personid of kyc, like "SE196512171957"; "" sends null
	FirstName   string
	LastName    string
	DateOfBirth string // 1965-12-17
	Gender      string // M, F; "" sends null
	Street      string
	ZipCode     string
	City        string
	Country     string // alpha-2
	Entity      string // kycentityid; made from ID when empty
	Amount      string // what they type where the order leaves the amount open; the least possible when empty
}

// TrustlyPeople are the test persons that the bank pages offer, the Swedish ones first.
func TrustlyPeople() []TrustlyPerson {
	return []TrustlyPerson{
		{ID: "196512171957", PersonID: "SE196512171957", FirstName: "Örjan", LastName: "Ångström", DateOfBirth: "1965-12-17", Gender: "M",
			Street: "Sjövägen 12", ZipCode: "11645", City: "Stockholm", Country: "SE"},
		{ID: "198503122486", PersonID: "SE198503122486", FirstName: "Åsa", LastName: "Sjöberg", DateOfBirth: "1985-03-12", Gender: "F",
			Street: "Fågelgränd 3 lgh 1102", ZipCode: "41103", City: "Göteborg", Country: "SE"},
		{ID: "199007292387", PersonID: "SE199007292387", FirstName: "Märta Elin", LastName: "Lindkvist", DateOfBirth: "1990-07-29", Gender: "F",
			Street: "Rådmansgatan 40", ZipCode: "21146", City: "Malmö", Country: "SE"},
		{ID: "131052-308T", PersonID: "FI131052-308T", FirstName: "Väinö", LastName: "Hämäläinen", DateOfBirth: "1952-10-13", Gender: "F",
			Street: "Mäkelänkatu 8 A 4", ZipCode: "00510", City: "Helsinki", Country: "FI"},
		{ID: "juergen.gross", FirstName: "Jürgen", LastName: "Groß", DateOfBirth: "1978-11-07", Gender: "M",
			Street: "Schönhauser Straße 7", ZipCode: "10119", City: "Berlin", Country: "DE"},
	}
}

// The banks are invented.
var trustlyBanks = []string{"Fjällbanken", "Sparlinden", "Norrskensbanken"}

// trustlyLooks are the classes under which the stylesheet knows the banks.
var trustlyLooks = map[string]string{"Fjällbanken": "fjall", "Sparlinden": "linden", "Norrskensbanken": "norrsken"}

// whole fills in what is left out of a person: nobody is the first test person of the country, and one with only an id is
// whoever logs in with it.
func (p TrustlyPerson) whole(country string) TrustlyPerson {
	if p.FirstName == "" && p.LastName == "" {
		amount := p.Amount
		if p.ID == "" {
			p = trustlyPersonOf(country)
		} else {
			p = trustlyWhoIs(p.ID)
		}
		p.Amount = amount
	}
	if p.Entity == "" {
		p.Entity = trustlyUUIDOf([16]byte(trustlyDigest("entity", p.ID, p.PersonID)))
	}
	return p
}

func trustlyPersonOf(country string) TrustlyPerson {
	people := TrustlyPeople()
	i := slices.IndexFunc(people, func(p TrustlyPerson) bool { return p.Country == country })
	return people[max(i, 0)]
}

var (
	trustlySwedish = regexp.MustCompile(`^(19|20)?(\d{6})[-+]?(\d{4})$`)
	trustlyFinnish = regexp.MustCompile(`^\d{6}[-+A]\d{3}[0-9A-Z]$`)
)

// trustlyWhoIs is the person who logs in with an id: a test person, or somebody made up who is the same each time. Any id will
// do, but only a Swedish or Finnish number is a personid.
func trustlyWhoIs(id string) TrustlyPerson {
	id = strings.TrimSpace(id)
	for _, p := range TrustlyPeople() {
		if p.ID == trustlyNumber(id) {
			return p
		}
	}
	d := trustlyDigest("person", trustlyNumber(id))
	pick := func(i int, of ...string) string { return of[int(d[i])%len(of)] }
	p := TrustlyPerson{
		ID: id, DateOfBirth: fmt.Sprintf("19%02d-%02d-%02d", 50+d[3]%50, 1+d[4]%12, 1+d[5]%28), Gender: pick(6, "F", "M"),
		LastName: pick(1, "Åkerlund", "Bergström", "Lundqvist", "Nyström", "Ärlebrandt", "Öhman"),
		Street:   pick(2, "Björkgatan", "Ängsvägen", "Kyrkogatan", "Åsgränd") + fmt.Sprintf(" %d", 1+d[7]%90),
		ZipCode:  "75320", City: "Uppsala", Country: "SE",
	}
	number := trustlyNumber(id)
	switch {
	case trustlySwedish.MatchString(id):
		p.PersonID = "SE" + number
		if born, err := time.Parse("20060102", number[:8]); err == nil {
			p.DateOfBirth = born.Format(time.DateOnly)
		}
		p.Gender = "F"
		if (number[10]-'0')%2 == 1 { // the last digit but one is odd for men
			p.Gender = "M"
		}
	case trustlyFinnish.MatchString(id):
		p.PersonID, p.ZipCode, p.City, p.Country = "FI"+id, "20100", "Turku", "FI"
		century := map[byte]string{'+': "18", '-': "19", 'A': "20"}[id[6]]
		if born, err := time.Parse("20060102", century+id[4:6]+id[2:4]+id[:2]); err == nil {
			p.DateOfBirth = born.Format(time.DateOnly)
		}
	}
	if p.Gender == "F" {
		p.FirstName = pick(0, "Åsa", "Märta", "Elin", "Saga", "Östa")
	} else {
		p.FirstName = pick(0, "Göran", "Åke", "Nils", "Sören", "Håkan")
	}
	return p
}

// trustlyNumber writes a Swedish number with twelve digits, however it was typed, and leaves any other id alone.
func trustlyNumber(id string) string {
	m := trustlySwedish.FindStringSubmatch(id)
	if m == nil {
		return id
	}
	if m[1] == "" {
		m[1] = "19"
	}
	return m[1] + m[2] + m[3]
}

func trustlyDigest(of ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	return sum[:16]
}

// facts is the data that most notifications share; amount is left out when empty.
func (o *trustlyOrder) facts(at time.Time, amount string) map[string]any {
	data := map[string]any{"enduserid": o.endUserID, "timestamp": trustlyStamp(at)}
	if amount != "" {
		data["amount"], data["currency"] = amount, o.currency
	}
	return data
}

// kyc is the data that says who logged in, or that Trustly will not have them.
func (o *trustlyOrder) kyc() map[string]any {
	entity := o.person.Entity
	if o.scenario.KYCEntity != "" {
		entity = o.scenario.KYCEntity
	}
	if why := o.scenario.abort(); why != "" {
		return map[string]any{"kycentityid": entity, "abort": "1", "abortmessage": why}
	}
	p := o.person
	attributes := map[string]any{
		"personid": trustlyNull(p.PersonID), "firstname": p.FirstName, "lastname": p.LastName, "dob": p.DateOfBirth,
		"street": p.Street, "zipcode": p.ZipCode, "city": p.City, "country": p.Country, "gender": trustlyNull(p.Gender),
	}
	if o.scenario.NullPersonID {
		attributes["personid"] = nil
	}
	if o.scenario.NullGender {
		attributes["gender"] = nil
	}
	if o.scenario.Country != "" {
		attributes["country"] = o.scenario.Country
	}
	return map[string]any{"kycentityid": entity, "attributes": attributes}
}

// account is the data that says from which account the person pays. The same person and bank have the same account.
func (o *trustlyOrder) account() map[string]any {
	p := o.person
	house := map[string]string{"FI": "FINLAND", "DE": "GERMANY"}[p.Country]
	if house == "" {
		house = "SWEDEN"
	}
	d := trustlyDigest("account", p.ID, o.bank)
	id := []byte("3000000000")
	for i := 1; i < len(id); i++ {
		id[i] = '0' + d[i]%10
	}
	last := string(id[6:])
	return map[string]any{"accountid": string(id), "verified": "1", "attributes": map[string]any{
		"clearinghouse": house, "bank": o.bank, "descriptor": "***" + last, "lastdigits": last,
		"personid": trustlyNull(p.PersonID), "name": p.FirstName + " " + p.LastName,
		"address": p.Street, "zipcode": p.ZipCode, "city": p.City,
	}}
}

func trustlyNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
