package spar

import "encoding/xml"

// The namespaces of a question. That of the question itself and the SOAP action are documented; those of its parts are taken
// from clients that speak 2021.1 with the test service, since the schemas are given to customers only.
const (
	soapSpace  = "http://schemas.xmlsoap.org/soap/envelope/"
	soapAction = "http://skatteverket.se/spar/personsok/2021.1/PersonsokService/Personsok"

	questionSpace = "http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningfraga"
	identitySpace = "http://statenspersonadressregister.se/schema/komponent/metadata/identifieringsinformationWs-1.1"
	searchSpace   = "http://statenspersonadressregister.se/schema/komponent/sok/personsokningsokparametrar-1.1"
	personSpace   = "http://statenspersonadressregister.se/schema/komponent/person/person-1.2"
)

// envelope is the question, in the order of its schema. It asks for nothing that needs more than the ordinary right
// (SlutAnvandarUtokadBehorighet): no protected data.
type envelope struct {
	XMLName xml.Name `xml:"soap:Envelope"`
	Soap    string   `xml:"xmlns:soap,attr"`
	Body    struct {
		Question struct {
			Space    string `xml:"xmlns:f,attr"`
			Identity string `xml:"xmlns:i,attr"`
			Search   string `xml:"xmlns:s,attr"`
			Person   string `xml:"xmlns:p,attr"`
			Asker    struct {
				Receiver   string `xml:"i:KundNrLeveransMottagare"`
				Customer   string `xml:"i:KundNrSlutkund"`
				Assignment string `xml:"i:UppdragId"`
				User       string `xml:"i:SlutAnvandarId"`
			} `xml:"i:Identifieringsinformation"`
			Number string `xml:"s:PersonsokningFraga>p:IdNummer"`
		} `xml:"f:SPARPersonsokningFraga"`
	} `xml:"soap:Body"`
}

// question writes the question about a number of twelve digits.
func (s *Source) question(number string) ([]byte, error) {
	e := envelope{Soap: soapSpace}
	q := &e.Body.Question
	q.Space, q.Identity, q.Search, q.Person = questionSpace, identitySpace, searchSpace, personSpace
	q.Asker.Receiver, q.Asker.Customer = s.config.KundNrLeveransMottagare, s.config.KundNrSlutkund
	q.Asker.Assignment, q.Asker.User = s.config.UppdragID, s.config.SlutAnvandarID
	q.Number = number
	text, err := xml.Marshal(e)
	return append([]byte(xml.Header), text...), err
}
