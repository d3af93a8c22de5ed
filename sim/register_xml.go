package sim

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
)

// registerXML writes an answer as the register's own: every element in the namespace of its schema, under numbered prefixes.
type registerXML struct{ bytes.Buffer }

var registerSpaces = [][2]string{
	{"ns2", "komponent/generellt/datumtid-1.1"},
	{"ns3", "komponent/person/adress/deladeadresselement-1.1"},
	{"ns4", "komponent/person/person-1.2"},
	{"ns5", "komponent/person/skyddadepersonuppgifter-1.1"},
	{"ns7", "komponent/person/namn/deladenamnelement-1.0"},
	{"ns8", "komponent/person/namn/namn-1.0"},
	{"ns9", "komponent/person/avregistrering-1.0"},
	{"ns10", "komponent/person/persondetaljer-1.2"},
	{"ns13", "komponent/person/folkbokforing-1.0"},
	{"ns14", "komponent/person/adress/folkbokforingsadress-1.1"},
	{"ns16", "komponent/person/adress/utlandsadress-1.1"},
	{"ns22", "komponent/sok/undantag-1.0"},
	{"ns23", "komponent/sok/personsokningsokparametrar-1.1"},
	{"ns25", "personsok/2021.1/personsokningsvar"},
}

// in writes an element with others inside.
func (x *registerXML) in(name string, inside func()) {
	x.WriteString("<" + name + ">")
	inside()
	x.WriteString("</" + name + ">")
}

// of writes an element with text, unless there is none.
func (x *registerXML) of(name, text string) {
	if text != "" {
		x.in(name, func() { xml.EscapeText(x, []byte(text)) })
	}
}

func (x *registerXML) open(id string) {
	x.WriteString(`<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><ns25:SPARPersonsokningSvar`)
	for _, s := range registerSpaces {
		x.WriteString(` xmlns:` + s[0] + `="http://statenspersonadressregister.se/schema/` + s[1] + `"`)
	}
	x.WriteString(">")
	x.in("ns23:PersonsokningFraga", func() { x.of("ns4:IdNummer", id) })
}

func (x *registerXML) close() []byte {
	x.of("ns25:UUID", operatorUUID())
	x.WriteString("</ns25:SPARPersonsokningSvar></S:Body></S:Envelope>")
	return x.Bytes()
}

func (x *registerXML) undantag(code, description string) {
	x.in("ns22:Undantag", func() {
		x.of("ns22:Kod", code)
		x.of("ns22:Beskrivning", description)
	})
}

func (x *registerXML) tooMany(hits, most int) {
	x.in("ns22:OverstigerMaxAntalSvarsposter", func() {
		x.of("ns22:AntalPoster", strconv.Itoa(hits))
		x.of("ns22:MaxAntalSvarsposter", strconv.Itoa(most))
	})
}

func registerJa(yes bool) string {
	if yes {
		return "JA"
	}
	return "NEJ"
}

func (x *registerXML) time(from, till string) {
	if from == "" {
		from = "2000-01-01"
	}
	if till == "" {
		till = "9999-12-31"
	}
	x.of("ns2:DatumFrom", from)
	x.of("ns2:DatumTill", till)
}

// post is the entry of one person. Nobody under protection has an address in it.
func (x *registerXML) post(o RegisterPerson) {
	kind, day := "PERSONNUMMER", o.IDNumber[6:8]
	if n, _ := strconv.Atoi(day); n > 60 { // a coordination number: the day of birth and 60
		kind, day = "SAMORDNINGSNUMMER", strconv.Itoa(100 + n - 60)[1:]
	}
	kon := "MAN"
	if o.Woman {
		kon = "KVINNA"
	}
	protection := func() {
		x.of("ns5:Sekretessmarkering", registerJa(o.Sekretess))
		x.of("ns5:SkyddadFolkbokforing", registerJa(o.SkyddadFolkbokforing))
	}
	x.in("ns25:PersonsokningSvarspost", func() {
		x.in("ns4:PersonId", func() {
			x.of("ns4:IdNummer", o.IDNumber)
			x.of("ns4:Typ", kind)
		})
		protection()
		x.of("ns4:SenasteAndringSPAR", "2024-01-15")
		x.in("ns8:Namn", func() {
			x.time("", "")
			x.of("ns7:Aviseringsnamn", o.Efternamn+", "+o.Fornamn)
			x.of("ns7:Fornamn", o.Fornamn)
			x.of("ns7:Tilltalsnamn", o.Tilltalsnamn)
			x.of("ns7:Efternamn", o.Efternamn)
		})
		x.in("ns10:Persondetaljer", func() {
			x.time("", "")
			protection()
			if o.Deregistered != "" {
				reason := "AV" // died
				if o.Abroad.Land != "" {
					reason = "UV" // moved abroad
				}
				x.of("ns9:AvregistreringsorsakKod", reason)
				x.of("ns9:Avregistreringsdatum", o.Deregistered)
			}
			x.of("ns10:Fodelsedatum", o.IDNumber[:4]+"-"+o.IDNumber[4:6]+"-"+day)
			x.of("ns10:Kon", kon)
		})
		if o.Sekretess || o.SkyddadFolkbokforing {
			return
		}
		for _, a := range append([]RegisterAddress{o.Now}, o.Before...) {
			if a.Street == "" && a.Postort == "" {
				continue
			}
			x.in("ns14:Folkbokforingsadress", func() {
				x.in("ns3:SvenskAdress", func() {
					x.time(a.DatumFrom, a.DatumTill)
					x.of("ns3:CareOf", a.CareOf)
					x.of("ns3:Utdelningsadress2", a.Street) // where the register itself puts the street
					x.of("ns3:PostNr", a.PostNr)
					x.of("ns3:Postort", a.Postort)
				})
			})
		}
		if a := o.Abroad; a.Land != "" {
			x.in("ns16:Utlandsadress", func() {
				x.in("ns3:InternationellAdress", func() {
					x.time(a.DatumFrom, a.DatumTill)
					x.of("ns3:Utdelningsadress1", a.Street)
					x.of("ns3:Utdelningsadress2", a.PostNr)
					x.of("ns3:Utdelningsadress3", a.Postort)
					x.of("ns3:Land", a.Land)
				})
			})
		}
	})
}

func registerFault(why string) operatorAnswer {
	var x registerXML
	x.WriteString(`<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Client</faultcode>`)
	x.of("faultstring", why)
	x.WriteString(`</S:Fault></S:Body></S:Envelope>`)
	return operatorAnswer{Status: http.StatusInternalServerError, Type: "text/xml; charset=utf-8", Body: x.Bytes()} // SOAP 1.1 §6.2: faults are 500
}
