package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/engine"
	"parley/house"
	"parley/sim"
)

// The partners, which are three programmes of one bank, each in a setup of its own.
const (
	SharedPartner  = "sandbox-bank"     // one account for all dreams of a person
	DreamsPartner  = "sandbox-dreams"   // an account for each dream, which may be an investment
	ConsentPartner = "sandbox-consents" // what a savehack may take is signed, and the account is opened on the way
)

// SavingsPartner is a partner as a bank's integrator needs to know it.
type SavingsPartner struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Setup        string   `json:"setup"`
	Consents     bool     `json:"consents,omitempty"`
	Performance  bool     `json:"performance,omitempty"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	Token        string   `json:"token_endpoint"`
	IDToken      string   `json:"id_token_url"` // POST {"user": "anna"} gives an ID token for the person
	JWKS         string   `json:"jwks"`
	Do           string   `json:"do_url"` // POST {"what": ...} has the bank do something
	Webhook      string   `json:"webhook_secret"`
	App          string   `json:"bank_app"` // the bank's app on Anna's telephone: another ?user= is somebody else's
	Users        []string `json:"users"`
}

// Savings is what a bank's integrator needs to know.
type Savings struct {
	API         string           `json:"api"`
	OpenAPI     string           `json:"openapi"`
	App         string           `json:"app"` // the web app
	VerifyToken string           `json:"verify_token"`
	Webhooks    string           `json:"webhooks"` // below which the bank is told: {partner}/webhooks/events and {partner}/webhooks/transactions
	Partners    []SavingsPartner `json:"partners"`
}

// programmes are the partners, in the order in which they are shown.
func (s *Sandbox) programmes() []SavingsPartner {
	all := []SavingsPartner{
		{ID: SharedPartner, Name: "Sandbox bank", Setup: "one-account-per-user"},
		{ID: DreamsPartner, Name: "Sandbox bank, an account for each dream", Setup: "one-account-per-dream", Performance: true},
		{ID: ConsentPartner, Name: "Sandbox bank, with consents", Setup: "one-account-per-user", Consents: true},
	}
	for i := range all {
		p, at := &all[i], s.BankURL+"/"+all[i].ID
		p.ClientID, p.ClientSecret, p.Token, p.Webhook = p.ID, p.ID+"-secret-0123456789", s.URL+"/oauth/token", webhookSecret
		p.IDToken, p.JWKS, p.Do, p.App = at+"/id-token", at+"/jwks", at+"/do", s.bankApp(p.ID)
		p.Users = []string{"anna", "bjorn", "cecilia", "david", "eva"}
	}
	return all
}

// bankApp is where the bank's app of a programme is, as Anna's.
func (s *Sandbox) bankApp(programme string) string {
	return s.BankURL + "/" + programme + "/app?user=anna"
}

// bank makes the bank, with all programmes.
func (s *Sandbox) bank(o Options) *sim.Bank {
	opt := sim.BankOptions{URL: s.BankURL, Now: o.Parts.Now}
	for _, p := range s.programmes() {
		opt.Programmes = append(opt.Programmes, sim.BankProgramme{ID: p.ID, Name: p.Name, API: s.URL + "/v1", App: s.URL, TokenURL: p.Token, ClientID: p.ClientID, ClientSecret: p.ClientSecret,
			Audience: "parley", AccountPerDream: p.Setup == "one-account-per-dream", Consents: p.Consents, WebhookSecret: p.Webhook})
	}
	return sim.NewBank(opt)
}

// partners are the programmes as one would write them in a configuration.
func (s *Sandbox) partners(o Options) (all []house.Partner) {
	value := func(v string) house.Secret { return house.Secret{Value: v} }
	for _, p := range s.programmes() {
		told := s.webhooks() + p.ID + "/webhooks/"
		all = append(all, house.Partner{ID: p.ID, Name: p.Name, Currency: "SEK", Country: "SE", Zone: "Europe/Stockholm", Setup: p.Setup, Performance: p.Performance, Consents: p.Consents,
			Clients:      []house.PartnerClient{{ID: p.ClientID, Name: p.Name, Secret: value(p.ClientSecret)}},
			Tokens:       &house.Tokens{Issuer: s.BankURL + "/" + p.ID, Audience: "parley", JWKS: p.JWKS},
			FrameOrigins: []string{s.BankURL, s.URL, strings.Replace(s.BankURL, "127.0.0.1", "localhost", 1)}, // ours has the SDK's page; the last is where the bank's app shows what happens without cookies
			Content:      o.Content, Transactions: told + "transactions", WebhookSecrets: []house.Secret{value(p.Webhook)},
			Webhooks: []house.Webhook{{URL: told + "events", BatchEvery: house.Duration(time.Second)}}})
	}
	return all
}

// webhooks is below which address the bank is told.
func (s *Sandbox) webhooks() string {
	if s.opts.BankURL != "" {
		return s.opts.BankURL + "/"
	}
	return s.BankURL + "/"
}

func (s *Sandbox) savings() Savings {
	return Savings{API: s.URL + "/v1", OpenAPI: s.URL + "/v1/openapi.json", App: s.URL + "/app/", VerifyToken: s.URL + "/users/verify_token", Webhooks: s.webhooks(), Partners: s.programmes()}
}

// bankFacts are how much the bank has opened, settled and failed, in all programmes, and what it had to complain about.
func (s *Sandbox) bankFacts() []fact {
	accounts, settled, failed := s.Bank.Count()
	facts := []fact{{"accounts", fmt.Sprint(accounts)}, {"settled", fmt.Sprint(settled)}, {"failed", fmt.Sprint(failed)}}
	if n := len(s.Bank.Complaints()); n > 0 {
		facts = append(facts, fact{"complaints", fmt.Sprint(n)})
	}
	return facts
}

// names are how the parties of a run are called, and what the run is about in a few words.
func (s *Sandbox) names(run engine.Run) (names map[engine.Party]string, about string) {
	h := s.Current()
	if names, about, saves := h.Savings.Names(run); saves {
		return names, about
	}
	return h.Desk.Names(run)
}

// teller asks the savings API, as a program of a partner's would.
type teller struct {
	http    *http.Client
	base    string
	partner SavingsPartner
	token   string
}

// teller makes one for a partner.
func (s *Sandbox) teller(ctx context.Context, partner string) (*teller, error) {
	t := &teller{http: &http.Client{Transport: s.wires, Timeout: 30 * time.Second}, base: s.URL + "/v1"}
	for _, p := range s.programmes() {
		if p.ID == partner {
			t.partner = p
		}
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"savings:read"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.partner.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(t.partner.ClientID, t.partner.ClientSecret)
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if err := t.do(req, &got); err != nil {
		return nil, fmt.Errorf("get a token for the API: %w", err)
	}
	t.token = got.AccessToken
	return t, nil
}

// get reads something of the API.
func (t *teller) get(ctx context.Context, path string, query url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	return t.do(req, into)
}

func (t *teller) do(req *http.Request, into any) error {
	res, err := t.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s was answered %d: %s", req.Method, req.URL.Path, res.StatusCode, body)
	}
	return json.Unmarshal(body, into)
}
