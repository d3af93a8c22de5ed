package spar

import (
	"encoding/xml"
	"fmt"
	"strings"

	"parley"
)

// answer is what we read of an answer. Elements are known by their local names: the namespaces carry versions of their own,
// and a prefix is the sender's choice.
type answer struct {
	XMLName xml.Name
	Body    struct {
		Fault *struct {
			Code string `xml:"faultcode"` // the text beside it may repeat the question, so it is not read
		} `xml:"Fault"`
		Answer *struct {
			Posts     []post `xml:"PersonsokningSvarspost"`
			Exception *struct {
				Code string `xml:"Kod"`
			} `xml:"Undantag"`
			TooMany *struct{} `xml:"OverstigerMaxAntalSvarsposter"`
		} `xml:"SPARPersonsokningSvar"`
	} `xml:"Body"`
}

// post is one person. What has a period comes with its history: a row for each period.
type post struct {
	Number      string `xml:"PersonId>IdNummer"`
	Secret      string `xml:"Sekretessmarkering"`
	Protected   string `xml:"SkyddadFolkbokforing"`
	Particulars []struct {
		period
		Secret       string `xml:"Sekretessmarkering"`
		Protected    string `xml:"SkyddadFolkbokforing"`
		Deregistered string `xml:"AvregistreringsorsakKod"`
	} `xml:"Persondetaljer"`
	Home   []swedishAddress `xml:"Folkbokforingsadress>SvenskAdress"`
	Abroad []foreignAddress `xml:"Utlandsadress>InternationellAdress"`
}

type period struct {
	Until string `xml:"DatumTill"`
}

// current tells whether a row still holds: its period ends on the last day that there is. Older rows always come too.
func (p period) current() bool { return strings.HasPrefix(strings.TrimSpace(p.Until), "9999-12-31") }

type swedishAddress struct {
	period
	Extra  string `xml:"Utdelningsadress1"` // a farm, a stairway: seldom there
	Street string `xml:"Utdelningsadress2"`
	Zip    string `xml:"PostNr"`
	City   string `xml:"Postort"`
}

type foreignAddress struct {
	period
	Line1   string `xml:"Utdelningsadress1"`
	Line2   string `xml:"Utdelningsadress2"`
	Line3   string `xml:"Utdelningsadress3"`
	Country string `xml:"Land"`
}

// read takes the address out of an answer. Errors never carry the text of the answer: it says something about a person.
func read(status int, body []byte, number string) (parley.Address, error) {
	var a answer
	err := xml.Unmarshal(body, &a)
	switch {
	case err == nil && a.Body.Fault != nil:
		return parley.Address{}, parley.Errorf(parley.KindUnavailable, "the register answered with a fault: %s", word(a.Body.Fault.Code))
	case status/100 != 2:
		return parley.Address{}, parley.Errorf(parley.KindUnavailable, "the register answered with HTTP status %d", status)
	case err != nil || a.XMLName.Local != "Envelope" || a.Body.Answer == nil:
		return parley.Address{}, parley.Errorf(parley.KindUnknown, "the register answered with something that is no answer")
	case a.Body.Answer.Exception != nil:
		return parley.Address{}, parley.Errorf(parley.KindUnavailable, "the register answered with exception %s", word(a.Body.Answer.Exception.Code))
	case a.Body.Answer.TooMany != nil:
		// One number has one person, so this is a mistake somewhere, and asking again would only cost again.
		return parley.Address{}, parley.Errorf(parley.KindRefused, "the register has more hits than it may tell")
	}
	var found parley.Address
	for _, p := range a.Body.Answer.Posts {
		if strings.TrimSpace(p.Number) != number {
			continue // somebody else
		}
		if p.hidden() {
			return parley.Address{}, nil
		}
		if found.IsZero() {
			found = p.address()
		}
	}
	return found, nil
}

// hidden tells whether the address must not be told. A protected person's address should not come at all; if it did, it would
// still not be passed on. The code for somebody who has died is inferred.
func (p post) hidden() bool {
	if yes(p.Secret) || yes(p.Protected) {
		return true
	}
	for _, row := range p.Particulars {
		if row.current() && (yes(row.Secret) || yes(row.Protected) || strings.TrimSpace(row.Deregistered) == "AV") {
			return true
		}
	}
	return false
}

func yes(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "JA") }

// address is where the person is registered, or else lives abroad. A care-of line is left out: it names somebody else.
func (p post) address() parley.Address {
	for _, a := range p.Home {
		if !a.current() {
			continue
		}
		return parley.Address{Street: join(a.Extra, a.Street), Zip: private(a.Zip), City: private(a.City), Country: "SWE"}
	}
	for _, a := range p.Abroad {
		if !a.current() {
			continue
		}
		// The lines have no fixed meaning. That the last of several is the place, with its postal code, is inferred.
		lines := filled(a.Line1, a.Line2, a.Line3)
		abroad := parley.Address{Country: countries[strings.ToUpper(strings.TrimSpace(a.Country))]}
		if n := len(lines) - 1; n > 0 {
			abroad.Street, abroad.City = join(lines[:n]...), private(lines[n])
		} else {
			abroad.Street = join(lines...)
		}
		return abroad
	}
	return parley.Address{}
}

func private(s string) parley.Private { return parley.Private(strings.TrimSpace(s)) }

func join(parts ...string) parley.Private {
	return parley.Private(strings.Join(filled(parts...), ", "))
}

// filled are the lines that have something in them.
func filled(lines ...string) (kept []string) {
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			kept = append(kept, l)
		}
	}
	return kept
}

// word is a code fit for a log: short, and in quotes, so that it cannot forge a line.
func word(code string) string {
	code = strings.TrimSpace(code)
	return fmt.Sprintf("%q", code[:min(len(code), 40)])
}

// countries are the names in Swedish of where most people move, to ISO 3166-1 alpha-3. Any other is left out.
var countries = map[string]string{
	"AUSTRALIEN": "AUS", "BELGIEN": "BEL", "BULGARIEN": "BGR", "CYPERN": "CYP", "DANMARK": "DNK", "ESTLAND": "EST", "FINLAND": "FIN",
	"FRANKRIKE": "FRA", "FÖRENADE ARABEMIRATEN": "ARE", "FÖRENTA STATERNA": "USA", "GREKLAND": "GRC", "IRLAND": "IRL", "ISLAND": "ISL",
	"ITALIEN": "ITA", "JAPAN": "JPN", "KANADA": "CAN", "KINA": "CHN", "KROATIEN": "HRV", "LETTLAND": "LVA", "LIECHTENSTEIN": "LIE",
	"LITAUEN": "LTU", "LUXEMBURG": "LUX", "MALTA": "MLT", "MONACO": "MCO", "NEDERLÄNDERNA": "NLD", "NORGE": "NOR", "NYA ZEELAND": "NZL",
	"POLEN": "POL", "PORTUGAL": "PRT", "RUMÄNIEN": "ROU", "SCHWEIZ": "CHE", "SLOVAKIEN": "SVK", "SLOVENIEN": "SVN", "SPANIEN": "ESP",
	"STORBRITANNIEN": "GBR", "STORBRITANNIEN OCH NORDIRLAND": "GBR", "THAILAND": "THA", "TJECKIEN": "CZE", "TURKIET": "TUR",
	"TYSKLAND": "DEU", "UNGERN": "HUN", "USA": "USA", "ÖSTERRIKE": "AUT",
}
