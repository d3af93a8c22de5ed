package spar

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parley"
	"parley/web"
)

// register is a register that always answers the same.
func register(t *testing.T, status int, answer string) (*Source, *[]string) {
	var heard []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard = append(heard, string(body))
		if r.Header.Get("SOAPAction") != `"http://skatteverket.se/spar/personsok/2021.1/PersonsokService/Personsok"` || r.Header.Get("Content-Type") != "text/xml; charset=utf-8" {
			t.Errorf("headers: %v", r.Header)
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	s, err := New(config(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	return s, &heard
}

func config(url string) Config {
	return Config{URL: url, Client: web.NewClient(web.ClientOptions{AllowPrivate: true, Timeout: 5 * time.Second}),
		KundNrLeveransMottagare: "500243", UppdragID: "637", SlutAnvandarID: "Parley & co"}
}

// says is an answer of the register with these elements in it.
func says(elements string) string {
	return `<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>` +
		`<n:SPARPersonsokningSvar xmlns:n="http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningsvar" xmlns:a="urn:any">` +
		elements + `<n:UUID>ddaef9b4-fde3-402f-9391-2cbc07a84895</n:UUID></n:SPARPersonsokningSvar></S:Body></S:Envelope>`
}

func person(elements string) string {
	return says(`<n:PersonsokningSvarspost><a:PersonId><a:IdNummer>195704133106</a:IdNummer><a:Typ>PERSONNUMMER</a:Typ></a:PersonId>` +
		elements + `</n:PersonsokningSvarspost>`)
}

func home(until, street string) string {
	return `<a:Folkbokforingsadress><a:SvenskAdress><a:DatumFrom>2019-12-02</a:DatumFrom><a:DatumTill>` + until + `</a:DatumTill><a:CareOf>Nyström</a:CareOf>` +
		`<a:Utdelningsadress2>` + street + `</a:Utdelningsadress2><a:PostNr>11146</a:PostNr><a:Postort>STOCKHOLM</a:Postort></a:SvenskAdress></a:Folkbokforingsadress>`
}

func marks(secret, protected string) string {
	return `<a:Sekretessmarkering>` + secret + `</a:Sekretessmarkering><a:SkyddadFolkbokforing>` + protected + `</a:SkyddadFolkbokforing>`
}

func details(until, inside string) string {
	return `<a:Persondetaljer><a:DatumTill>` + until + `</a:DatumTill>` + inside + `</a:Persondetaljer>`
}

func abroad(lines, country string) string {
	return `<a:Utlandsadress><a:InternationellAdress><a:DatumTill>9999-12-31</a:DatumTill>` + lines + `<a:Land>` + country + `</a:Land></a:InternationellAdress></a:Utlandsadress>`
}

const number = "SE195704133106"

func TestWhereSomebodyLives(t *testing.T) {
	stockholm := parley.Address{Street: "Gatan142 8", Zip: "11146", City: "STOCKHOLM", Country: "SWE"}
	forever, open := "9999-12-31", marks("NEJ", "NEJ")
	for name, c := range map[string]struct {
		answer string
		want   parley.Address
	}{
		"registered":            {person(open + home(forever, "Gatan142 8")), stockholm},
		"with history":          {person(open + home("2019-12-02", "Nygatan 1") + home(forever, "Gatan142 8") + home("2001-01-01", "Nygatan 2")), stockholm},
		"history only":          {person(open + home("2019-12-02", "Nygatan 1")), parley.Address{}},
		"secret":                {person(marks("JA", "NEJ") + home(forever, "Gatan142 8")), parley.Address{}},
		"protected":             {person(marks("NEJ", "ja") + home(forever, "Gatan142 8")), parley.Address{}},
		"secret in details":     {person(open + details(forever, marks("JA", "NEJ")) + home(forever, "Gatan142 8")), parley.Address{}},
		"secret once":           {person(open + details("2010-01-01", marks("JA", "NEJ")) + home(forever, "Gatan142 8")), stockholm},
		"dead":                  {person(open + details(forever, "<a:AvregistreringsorsakKod>AV</a:AvregistreringsorsakKod>") + home(forever, "Gatan142 8")), parley.Address{}},
		"unknown":               {says(""), parley.Address{}},
		"somebody else":         {strings.Replace(person(home(forever, "Gatan142 8")), "195704133106", "195704133107", 1), parley.Address{}},
		"no address":            {person(open), parley.Address{}},
		"with a second line":    {person(strings.Replace(home(forever, "Gatan 1"), "<a:Utdelningsadress2>", "<a:Utdelningsadress1> Gården </a:Utdelningsadress1><a:Utdelningsadress2>", 1)), parley.Address{Street: "Gården, Gatan 1", Zip: "11146", City: "STOCKHOLM", Country: "SWE"}},
		"abroad":                {person(abroad("<a:Utdelningsadress1>Calle Mayor 3</a:Utdelningsadress1><a:Utdelningsadress3>28013 Madrid</a:Utdelningsadress3>", "SPANIEN")), parley.Address{Street: "Calle Mayor 3", City: "28013 Madrid", Country: "ESP"}},
		"abroad in one line":    {person(abroad("<a:Utdelningsadress1>Poste restante</a:Utdelningsadress1>", "Atlantis")), parley.Address{Street: "Poste restante"}},
		"at home before abroad": {person(abroad("<a:Utdelningsadress1>x</a:Utdelningsadress1>", "NORGE") + home(forever, "Gatan142 8")), stockholm},
	} {
		s, _ := register(t, 200, c.answer)
		if got, err := s.Address(t.Context(), number); err != nil || got != c.want {
			t.Errorf("%s: %q %q %q %s, %v", name, got.Street.Reveal(), got.Zip.Reveal(), got.City.Reveal(), got.Country, err)
		}
	}
}

func TestQuestionIsWhatTheRegisterUnderstands(t *testing.T) {
	s, heard := register(t, 200, says(""))
	if _, err := s.Address(t.Context(), number); err != nil {
		t.Fatal(err)
	}
	var q struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Question struct {
				Asker struct {
					Receiver   string `xml:"KundNrLeveransMottagare"`
					Customer   string `xml:"KundNrSlutkund"`
					Assignment string `xml:"UppdragId"`
					User       string `xml:"SlutAnvandarId"`
				} `xml:"http://statenspersonadressregister.se/schema/komponent/metadata/identifieringsinformationWs-1.1 Identifieringsinformation"`
				Search struct {
					Number string `xml:"http://statenspersonadressregister.se/schema/komponent/person/person-1.2 IdNummer"`
				} `xml:"http://statenspersonadressregister.se/schema/komponent/sok/personsokningsokparametrar-1.1 PersonsokningFraga"`
			} `xml:"http://statenspersonadressregister.se/schema/personsok/2021.1/personsokningfraga SPARPersonsokningFraga"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err := xml.Unmarshal([]byte((*heard)[0]), &q); err != nil {
		t.Fatal(err)
	}
	got := q.Body.Question
	if got.Search.Number != "195704133106" || got.Asker.Receiver != "500243" || got.Asker.Customer != "500243" || got.Asker.Assignment != "637" || got.Asker.User != "Parley & co" {
		t.Errorf("asked %s", (*heard)[0])
	}
}

func TestNobodyElseIsAskedAbout(t *testing.T) {
	s, heard := register(t, 200, person(home("9999-12-31", "Gatan 1")))
	for _, id := range []parley.Private{"", "FI131052-308T", "195704133106", "SE5704133106", "SE19570413310x", "SE570413-3106", "NO12345678901"} {
		if got, err := s.Address(t.Context(), id); parley.KindOf(err) != parley.KindNotFound || got != (parley.Address{}) {
			t.Errorf("%s: %v", id.Reveal(), err)
		}
	}
	if len(*heard) != 0 {
		t.Errorf("%d questions were paid for", len(*heard))
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	fault := `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Client</faultcode><faultstring>about 195704133106</faultstring></S:Fault></S:Body></S:Envelope>`
	for name, c := range map[string]struct {
		status int
		answer string
		want   parley.Kind
	}{
		"an exception":       {200, says("<a:Undantag><a:Kod>100</a:Kod><a:Beskrivning>om 195704133106</a:Beskrivning></a:Undantag>"), parley.KindUnavailable},
		"a fault":            {500, fault, parley.KindUnavailable},
		"a fault that is OK": {200, fault, parley.KindUnavailable},
		"a broken gateway":   {502, "<html><body>Bad gateway", parley.KindUnavailable},
		"forbidden":          {403, "", parley.KindUnavailable},
		"a page":             {200, "<html><body>We will be back</body></html>", parley.KindUnknown},
		"nothing":            {200, "", parley.KindUnknown},
		"half":               {200, person(home("9999-12-31", "Gatan 1"))[:700], parley.KindUnknown},
		"an entity":          {200, `<!DOCTYPE x [<!ENTITY e "x">]>` + strings.Replace(person(home("9999-12-31", "&e;")), "<?xml version='1.0' encoding='UTF-8'?>", "", 1), parley.KindUnknown},
		"too much":           {200, strings.Repeat(" ", maxAnswer+1), parley.KindUnknown},
		"too many":           {200, says("<a:OverstigerMaxAntalSvarsposter><a:AntalPoster>312</a:AntalPoster></a:OverstigerMaxAntalSvarsposter>"), parley.KindRefused},
	} {
		s, heard := register(t, c.status, c.answer)
		got, err := s.Address(t.Context(), number)
		if parley.KindOf(err) != c.want || got != (parley.Address{}) || len(*heard) != 1 {
			t.Errorf("%s: %v after %d questions", name, err, len(*heard))
		}
		if err != nil && strings.Contains(err.Error(), "195704133106") {
			t.Errorf("%s: the error names the person", name)
		}
	}
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	s, err := New(config(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Address(t.Context(), number); parley.KindOf(err) != parley.KindUnheard {
		t.Errorf("nobody there: %v", err)
	}
}

func TestNewRefusesAnIncompleteConfiguration(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"url": func(c *Config) { c.URL = "spar" }, "client": func(c *Config) { c.Client = nil }, "customer": func(c *Config) { c.KundNrLeveransMottagare = "" },
		"assignment": func(c *Config) { c.UppdragID = "" }, "user": func(c *Config) { c.SlutAnvandarID = "" }, "version": func(c *Config) { c.Version = "2023.1" },
	} {
		c := config(TestURL)
		change(&c)
		if _, err := New(c); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
