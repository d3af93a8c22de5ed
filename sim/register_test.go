package sim

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

type registerTestAnswer struct {
	Body struct {
		Fault *struct {
			Why string `xml:"faultstring"`
		}
		Svar struct {
			XMLName xml.Name
			Post    []struct {
				Sekretessmarkering string
				PersonId           struct{ IdNummer, Typ string }
				Namn               struct{ Fornamn, Tilltalsnamn, Efternamn string }
				Persondetaljer     struct{ Fodelsedatum, Kon, Avregistreringsdatum string }
				Adress             []struct {
					DatumFrom, DatumTill, CareOf, Utdelningsadress2, PostNr, Postort string
				} `xml:"Folkbokforingsadress>SvenskAdress"`
				Land string `xml:"Utlandsadress>InternationellAdress>Land"`
			} `xml:"PersonsokningSvarspost"`
			Undantag *struct{ Kod, Beskrivning string }
			Over     *struct{ AntalPoster, MaxAntalSvarsposter int } `xml:"OverstigerMaxAntalSvarsposter"`
			UUID     string
		} `xml:"SPARPersonsokningSvar"`
	}
}

func registerAsk(t *testing.T, at, id string, change ...func(*http.Request)) (int, registerTestAnswer) {
	t.Helper()
	body := `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:per="` + RegisterFraga + `" xmlns:i="urn:i" xmlns:p1="urn:p1">
<soapenv:Header/><soapenv:Body><per:SPARPersonsokningFraga><i:Identifieringsinformation><i:KundNrLeveransMottagare>500243</i:KundNrLeveransMottagare>
<i:KundNrSlutkund>500243</i:KundNrSlutkund><i:UppdragId>637</i:UppdragId><i:SlutAnvandarId>test</i:SlutAnvandarId></i:Identifieringsinformation>
<p1:PersonsokningFraga><p2:IdNummer xmlns:p2="urn:p2">` + id + `</p2:IdNummer></p1:PersonsokningFraga></per:SPARPersonsokningFraga></soapenv:Body></soapenv:Envelope>`
	req, _ := http.NewRequest("POST", at+"/2021.1/", strings.NewReader(body))
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+RegisterSOAPAction+`"`)
	for _, f := range change {
		f(req)
	}
	var a registerTestAnswer
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, a
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	xml.Unmarshal(b, &a)
	return resp.StatusCode, a
}

func registerServe(t *testing.T, opt RegisterOptions) (*Register, string) {
	t.Helper()
	g := NewRegister(opt)
	s := httptest.NewServer(g)
	t.Cleanup(s.Close)
	return g, s.URL
}

func TestRegisterKnowsWhereThePeopleOfTheOpenIDProviderLive(t *testing.T) {
	g, at := registerServe(t, RegisterOptions{})
	for _, o := range OpenIDPersons() {
		_, a := registerAsk(t, at, o.SSN)
		if len(a.Body.Svar.Post) != 1 {
			t.Fatalf("%s: %+v", o.Name(), a.Body.Svar)
		}
		p := a.Body.Svar.Post[0]
		if p.Namn.Efternamn != o.FamilyName || p.Persondetaljer.Fodelsedatum != o.Birthdate() || (p.Persondetaljer.Kon == "KVINNA") != (o.Gender == "female") {
			t.Errorf("%s: %+v", o.Name(), p)
		}
		if o.Address.Country == "SE" && (p.Adress[0].Utdelningsadress2 != o.Address.Street || p.Adress[0].PostNr != o.Address.PostalCode) {
			t.Errorf("%s lives elsewhere: %+v", o.Name(), p.Adress)
		}
	}
	if g.Questions() != 5 || g.BillOre() != 200 {
		t.Errorf("%d questions, %d öre", g.Questions(), g.BillOre())
	}
}

func TestRegisterAnswersTheHardQuestions(t *testing.T) {
	for _, o := range RegisterPersons() {
		if !registerValid(o.IDNumber) {
			t.Errorf("%s %s has a wrong check digit", o.Fornamn, o.IDNumber)
		}
	}
	g, at := registerServe(t, RegisterOptions{})
	_, anna := registerAsk(t, at, "199001012385")
	if a := anna.Body.Svar.Post[0]; len(a.Adress) != 2 || a.Adress[0].DatumTill != "9999-12-31" || a.Adress[1].DatumTill != "2021-06-01" || a.Namn.Tilltalsnamn != "20" {
		t.Errorf("history: %+v", a)
	}
	if anna.Body.Svar.XMLName.Space != RegisterSvar || anna.Body.Svar.UUID == "" {
		t.Errorf("%+v", anna.Body.Svar.XMLName)
	}
	if _, a := registerAsk(t, at, "199207072381"); a.Body.Svar.Post[0].Sekretessmarkering != "JA" || len(a.Body.Svar.Post[0].Adress) != 0 {
		t.Errorf("protected: %+v", a.Body.Svar)
	}
	if _, a := registerAsk(t, at, "197811242390"); a.Body.Svar.Post[0].Land != "SPANIEN" || a.Body.Svar.Post[0].Persondetaljer.Avregistreringsdatum == "" {
		t.Errorf("abroad: %+v", a.Body.Svar)
	}
	if _, a := registerAsk(t, at, "197701622396"); a.Body.Svar.Post[0].PersonId.Typ != "SAMORDNINGSNUMMER" || a.Body.Svar.Post[0].Persondetaljer.Fodelsedatum != "1977-01-02" {
		t.Errorf("coordination number: %+v", a.Body.Svar)
	}
	if _, a := registerAsk(t, at, "199909302383"); a.Body.Svar.Over == nil || a.Body.Svar.Over.AntalPoster <= a.Body.Svar.Over.MaxAntalSvarsposter {
		t.Errorf("too many: %+v", a.Body.Svar)
	}
	if _, a := registerAsk(t, at, "198808082385"); len(a.Body.Svar.Post) != 0 || a.Body.Svar.Undantag != nil || a.Body.Svar.UUID == "" {
		t.Errorf("unknown: %+v", a.Body.Svar)
	}
	if g.Questions() != 6 {
		t.Errorf("%d questions", g.Questions())
	}
	if _, a := registerAsk(t, at, "199001012384"); a.Body.Svar.Undantag == nil || g.Questions() != 6 {
		t.Errorf("wrong check digit: %+v", a.Body.Svar)
	}
	if s, a := registerAsk(t, at, "199001012385", func(r *http.Request) { r.Header.Set("SOAPAction", "x") }); s != 500 || a.Body.Fault == nil {
		t.Errorf("wrong action: %d", s)
	}
	if s, _ := registerAsk(t, at, "199001012385", func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }); s != 415 {
		t.Errorf("not XML: %d", s)
	}
	if s, a := registerAsk(t, at, "&lol;"); s != 500 || a.Body.Fault == nil || g.Questions() != 6 {
		t.Errorf("unknown entity: %d", s)
	}
}

func TestRegisterBillsWhatItWorkedOn(t *testing.T) {
	g, at := registerServe(t, RegisterOptions{PriceOre: 50})
	g.Faults.Delay = time.Millisecond
	billed := 0
	for _, c := range []struct {
		fault  Fault
		status int
		costs  int
	}{{Refuse, 200, 0}, {Garbage, 200, 0}, {Broken, 500, 0}, {Drop, 0, 0}, {Lose, 0, 1}, {Slow, 200, 1}, {Twice, 200, 2}} {
		g.Faults.Set("personsok", c.fault, 1)
		status, a := registerAsk(t, at, "198503152392")
		if billed += c.costs; status != c.status || g.Questions() != billed {
			t.Errorf("%s: %d, %d on the bill, want %d", c.fault, status, g.Questions(), billed)
		}
		if c.fault == Refuse && a.Body.Svar.Undantag == nil {
			t.Error("a refusal is an Undantag")
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { registerAsk(t, at, "198503152392") })
	}
	wg.Wait()
	if g.BillOre() != (billed+8)*50 {
		t.Errorf("%d öre", g.BillOre())
	}
	resp, err := http.Get(at + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if page := string(b); !strings.Contains(page, "6.00 SEK") || strings.Contains(page, "198503152392") || strings.Count(page, "<h1") != 1 {
		t.Error(page)
	}
}

func TestRegisterShowsItsBillByDay(t *testing.T) {
	now := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	g, at := registerServe(t, RegisterOptions{Now: func() time.Time { return now }})
	for _, id := range []string{"199001012385", "199207072381", "198808082385"} {
		registerAsk(t, at, id)
	}
	now = now.Add(time.Hour)
	registerAsk(t, at, "199909302383")
	registerAsk(t, at, "199001012384") // its check digit is wrong: free
	g.Faults.Set("personsok", Drop, 1)
	registerAsk(t, at, "199001012385")
	_, body := browse(t, "GET", at+"/", nil)
	for _, want := range []string{
		`<tr><td class="nowrap">2026-03-02</td><td>1</td><td>0.40 SEK</td></tr><tr><td class="nowrap">2026-03-01</td><td>3</td><td>1.20 SEK</td></tr>`,
		`<dd class="sum">1.60 SEK</dd>`, "found<", "found, protected", "nobody has this number", "too many hits", "refused (Undantag)", "nothing done", "1990••••-••••", "500••• tes•••",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the bill does not say %q: %s", want, body)
		}
	}
	for _, secret := range []string{"199001012385", "500243"} {
		if strings.Contains(body, secret) {
			t.Errorf("the bill says %s", secret)
		}
	}
	var billed int
	for _, q := range g.Heard() {
		billed += q.BilledOre
	}
	if billed != g.BillOre() {
		t.Errorf("the questions cost %d öre, and the bill is %d", billed, g.BillOre())
	}
}
