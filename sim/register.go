package sim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// What the register calls its one operation, and the namespaces of its question and answer.
const (
	RegisterSOAPAction = "http://skatteverket.se/spar/personsok/2021.1/PersonsokService/Personsok"
	RegisterFraga      = "http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningfraga"
	RegisterSvar       = "http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningsvar"
)

// RegisterOptions says what the register knows and what it costs.
type RegisterOptions struct {
	PriceOre          int              // of a question; 40 when zero
	Persons           []RegisterPerson // RegisterPersons when empty
	UnknownIsUndantag bool             // an unknown number is answered with Undantag, not with no hits
	KundNr            string           // when set, questions in another customer's name are answered with Undantag
	Now               func() time.Time // time.Now when nil
}

// RegisterPerson is an entry in the register.
type RegisterPerson struct {
	IDNumber                        string // twelve digits; a day over 60 is a coordination number
	Fornamn, Efternamn              string
	Tilltalsnamn                    string // which of the given names is used, as index digits: "20" is the second
	Woman                           bool
	Sekretess, SkyddadFolkbokforing bool   // either one hides every address
	Deregistered                    string // when (died, or moved abroad); empty when registered
	Now                             RegisterAddress
	Before                          []RegisterAddress // older rows, which come too
	Abroad                          RegisterAddress
	TooMany                         bool // the question has more hits than may be answered
}

// RegisterAddress is a row with its time; DatumTill "" is still so. Land is for an address abroad, where Street, PostNr and Postort are its lines.
type RegisterAddress struct {
	DatumFrom, DatumTill            string // yyyy-mm-dd
	CareOf, Street, PostNr, Postort string
	Land                            string
}

// RegisterPersons returns the people of the simulated country: those of OpenIDPersons, under the same numbers, and a few who are hard to answer for.
func RegisterPersons() []RegisterPerson {
	return []RegisterPerson{
		{IDNumber: "199001012385", Fornamn: "Eva Anna", Tilltalsnamn: "20", Efternamn: "Åkesson", Woman: true,
			Now:    RegisterAddress{DatumFrom: "2021-06-01", Street: "Björkgatan 7 lgh 1102", PostNr: "75328", Postort: "UPPSALA"},
			Before: []RegisterAddress{{DatumFrom: "2012-09-15", DatumTill: "2021-06-01", Street: "Nygatan 40", PostNr: "60234", Postort: "NORRKÖPING"}}},
		{IDNumber: "198503152392", Fornamn: "Erik", Efternamn: "Öberg",
			Now: RegisterAddress{DatumFrom: "2015-03-01", CareOf: "c/o Nyström", Street: "Ängsvägen 12", PostNr: "90187", Postort: "UMEÅ"}},
		{IDNumber: "199207072381", Fornamn: "Maja", Efternamn: "Lind", Woman: true, Sekretess: true},
		{IDNumber: "197811242390", Fornamn: "Olof", Efternamn: "Bergström", Deregistered: "2019-05-02",
			Abroad: RegisterAddress{DatumFrom: "2019-05-02", Street: "Calle Mayor 3", Postort: "28013 Madrid", Land: "SPANIEN"}},
		{IDNumber: "196502282384", Fornamn: "Alexandra Wilhelmina", Tilltalsnamn: "12", Efternamn: "Stjärnström-Lindqvist", Woman: true,
			Now: RegisterAddress{DatumFrom: "1999-01-01", Street: "Kyrkoherde Ödmanssons väg 118 B", PostNr: "26134", Postort: "HÄLJARP"}},
		{IDNumber: "194103122398", Fornamn: "Karl", Efternamn: "Avliden", Deregistered: "2020-02-29"},
		{IDNumber: "199909302383", Fornamn: "Anna", Efternamn: "Andersson", Woman: true, TooMany: true},
		{IDNumber: "197701622396", Fornamn: "Samir", Efternamn: "Ordning",
			Now: RegisterAddress{DatumFrom: "2022-01-10", Street: "Hamngatan 2", PostNr: "21122", Postort: "MALMÖ"}},
	}
}

// RegisterQuestion is one question the register heard.
type RegisterQuestion struct {
	At         time.Time
	IDNumber   string // empty when the question could not be read
	Asker      string // who asks, as the question says: the end customer's number, and its user
	Outcome    string // found, protected, nobody, too-many, exception, fault, or none when nothing was done
	BilledOre  int    // what it cost
	SOAPAction string
	Raw        []byte
	Answer     []byte
	Status     int // 0 when it was dropped
	Fault      Fault
}

// Register is the population register's address service (SPAR personsök 2021.1, SOAP 1.1). Each question it works on costs money, also one without
// a hit and one whose answer is lost; one that it cannot read or that is refused costs nothing. Its one action, for Faults, is personsok; Refuse is
// an Undantag. It is an http.Handler, safe for use by many goroutines.
type Register struct {
	Faults Faults

	opt RegisterOptions

	mu        sync.Mutex
	questions int
	days      map[string]int // questions on the bill, by day
	heard     []RegisterQuestion
}

// NewRegister builds a register.
func NewRegister(opt RegisterOptions) *Register {
	if opt.PriceOre == 0 {
		opt.PriceOre = 40
	}
	if len(opt.Persons) == 0 {
		opt.Persons = RegisterPersons()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Register{opt: opt, days: map[string]int{}}
}

// Actions is the one thing that the register can be asked, as Faults knows it.
func (g *Register) Actions() []string { return []string{"personsok"} }

// FaultsOf are the ways in which an action can misbehave.
func (g *Register) FaultsOf(action string) []Fault { return faultsOf(g.Actions(), action, AllFaults) }

// Questions is how many questions were worked on, and so are on the bill.
func (g *Register) Questions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.questions
}

// BillOre is what they cost, in öre.
func (g *Register) BillOre() int { return g.Questions() * g.opt.PriceOre }

// Heard returns the questions, oldest first.
func (g *Register) Heard() []RegisterQuestion {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.heard)
}

// ServeHTTP answers questions (POST to any path but /behaviour), the bill at / and the choice of faults at /behaviour.
func (g *Register) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, operatorMaxBody)
	switch {
	case r.URL.Path == "/behaviour":
		behaviour(w, r, g)
	case asset(w, r, r.URL.Path):
	case r.Method == http.MethodPost:
		g.asked(w, r)
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		g.bill(w, r)
	case r.URL.Path == "/":
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	default:
		http.NotFound(w, r)
	}
}

func (g *Register) asked(w http.ResponseWriter, r *http.Request) {
	fault := g.Faults.Take("personsok")
	q := RegisterQuestion{At: g.opt.Now(), SOAPAction: strings.Trim(r.Header.Get("SOAPAction"), `"`), Fault: fault}
	var asked registerEnvelope
	var err error
	if fault != Drop {
		if q.Raw, err = io.ReadAll(r.Body); err != nil {
			http.Error(w, "too much, or cut off", http.StatusRequestEntityTooLarge)
			return
		}
		asked, err = registerParse(q.Raw)
		q.IDNumber, q.Asker = asked.id(), asked.asker()
	}
	q.Outcome = "none"
	act := func() operatorAnswer {
		q.Outcome = "fault"
		switch {
		case !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml"):
			return operatorAnswer{Status: http.StatusUnsupportedMediaType}
		case q.SOAPAction != RegisterSOAPAction:
			return registerFault("The given SOAPAction does not match an operation.")
		case err != nil:
			return registerFault(err.Error())
		}
		return operatorAnswer{Status: http.StatusOK, Type: "text/xml; charset=utf-8", Body: g.answer(asked, &q)}
	}
	operatorMisbehave(w, r, fault, g.Faults.Wait(), act, func(a operatorAnswer) {
		q.Answer, q.Status = a.Body, a.Status
		g.mu.Lock()
		defer g.mu.Unlock()
		g.heard = operatorKeep(g.heard, q)
	})
}

// registerEnvelope reads a question by the local names of its elements: each client picks its own prefixes.
type registerEnvelope struct {
	XMLName xml.Name
	Body    struct {
		Fraga *struct {
			XMLName xml.Name
			Vem     struct {
				KundNrLeveransMottagare, KundNrSlutkund, UppdragId, SlutAnvandarId string
			} `xml:"Identifieringsinformation"`
			Fraga struct{ IdNummer string } `xml:"PersonsokningFraga"`
		} `xml:"SPARPersonsokningFraga"`
	}
}

func (e registerEnvelope) id() string {
	if e.Body.Fraga == nil {
		return ""
	}
	return strings.TrimSpace(e.Body.Fraga.Fraga.IdNummer)
}

// asker is who asks, as the question says.
func (e registerEnvelope) asker() string {
	if e.Body.Fraga == nil {
		return ""
	}
	return strings.TrimSpace(e.Body.Fraga.Vem.KundNrSlutkund + " " + e.Body.Fraga.Vem.SlutAnvandarId)
}

func registerParse(raw []byte) (e registerEnvelope, err error) {
	if bytes.Contains(raw, []byte("<!DOCTYPE")) {
		return e, errors.New("a document type is not allowed")
	}
	if err := xml.Unmarshal(raw, &e); err != nil {
		return e, errors.New("the message is not XML")
	}
	switch {
	case e.XMLName.Local != "Envelope" || e.XMLName.Space != "http://schemas.xmlsoap.org/soap/envelope/":
		return e, errors.New("the message is not a SOAP 1.1 envelope")
	case e.Body.Fraga == nil:
		return e, errors.New("there is no SPARPersonsokningFraga")
	case e.Body.Fraga.XMLName.Space != RegisterFraga:
		return e, errors.New("SPARPersonsokningFraga is not of version 2021.1")
	}
	return e, nil
}

var registerNumber = regexp.MustCompile(`^(18|19|20)[0-9]{10}$`)

// registerValid looks at the shape and the check digit (Luhn over the last ten digits).
func registerValid(id string) bool {
	if !registerNumber.MatchString(id) {
		return false
	}
	sum := 0
	for i, c := range id[2:] {
		d := int(c-'0') * (2 - i%2)
		sum += d/10 + d%10
	}
	return sum%10 == 0
}

// answer works on a question, and notes how that ended and what it cost.
func (g *Register) answer(e registerEnvelope, q *RegisterQuestion) []byte {
	var x registerXML
	x.open(e.id())
	who := e.Body.Fraga.Vem
	q.Outcome = "exception"
	switch {
	case q.Fault == Refuse:
		x.undantag("100", "Tjänsten är tillfälligt otillgänglig")
		return x.close()
	case who.KundNrLeveransMottagare == "" || who.KundNrSlutkund == "" || who.UppdragId == "" || who.SlutAnvandarId == "":
		x.undantag("001", "Identifieringsinformation saknas")
		return x.close()
	case g.opt.KundNr != "" && who.KundNrSlutkund != g.opt.KundNr:
		x.undantag("002", "Kunden saknar behörighet")
		return x.close()
	case !registerValid(e.id()):
		x.undantag("003", "IdNummer är inte giltigt")
		return x.close()
	}
	g.mu.Lock()
	g.questions++
	g.days[q.At.Format(time.DateOnly)]++
	g.mu.Unlock()
	q.BilledOre += g.opt.PriceOre
	i := slices.IndexFunc(g.opt.Persons, func(o RegisterPerson) bool { return o.IDNumber == e.id() })
	switch {
	case i < 0 && g.opt.UnknownIsUndantag:
		x.undantag("004", "Personen finns inte i SPAR")
	case i < 0: // no hits: an answer without a post
		q.Outcome = "nobody"
	case g.opt.Persons[i].TooMany:
		q.Outcome = "too-many"
		x.tooMany(312, 100)
	default:
		q.Outcome = "found"
		if p := g.opt.Persons[i]; p.Sekretess || p.SkyddadFolkbokforing {
			q.Outcome = "protected"
		}
		x.post(g.opt.Persons[i])
	}
	return x.close()
}
