package sim

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// bankReading bounds how many consents of a customer may have been read and not yet decided.
const bankReading = 100

// asked is what the bank's back end hears first when the web app asks the bank's app for something, whoever plays the app: BankApp, or the page
// of savingsbank_phone.go. What must not be asked is a complaint.
func (b *Bank) asked(p *bankProgramme, c *bankCustomer, ask BankAsk) {
	request := ask.text("requestId")
	complain := func(format string, args ...any) { b.complains(p, "bridge", format, args...) }
	switch ask.Event {
	case "onAccountProvisionRequested":
		switch {
		case request == "":
			complain("onAccountProvisionRequested without a requestId")
		case p.AccountPerDream || p.Consents:
			complain("onAccountProvisionRequested, where accounts are opened otherwise")
		}
		b.mu.Lock()
		before, initiated := c.request, c.initiated
		c.request = request
		b.mu.Unlock()
		switch {
		case initiated:
			complain("an account is asked for again after it was said that it is being opened")
		case before != "" && before != request:
			complain("an account is asked for under another request before the first was answered")
		}
	case "onAccountRequested":
		id, _, externalID := ask.dream()
		switch {
		case request == "" || id == "":
			complain("onAccountRequested without a requestId or a dream")
		case !p.AccountPerDream:
			complain("onAccountRequested, where all dreams share an account")
		case externalID != c.sub:
			complain("onAccountRequested for somebody else's dream")
		}
	case "onTransferConsentRequested":
		if request == "" || ask.text("consentId") == "" || !p.Consents {
			complain("onTransferConsentRequested without a requestId or a consentId, or where there are no consents")
		}
	case "onIdTokenDidExpire", "onExitRequested", "onTelemetryEvent", "onPageReadyEvent", "onShare":
	default:
		complain("the web app asks for %q, which there is none of", ask.Event)
	}
}

// dream is the dream that is asked about: its id, the kind of its account, and whose it is.
func (a BankAsk) dream() (id, kind, externalID string) {
	dream, _ := a.Message["dream"].(map[string]any)
	user, _ := dream["user"].(map[string]any)
	id, _ = dream["id"].(string)
	externalID, _ = user["externalId"].(string)
	kind = "SharedSavings"
	if of, _ := dream["type"].(string); of == "performanceDream" || of == "performance_dream" || of == "PerformanceDream" {
		kind = "Performance"
	}
	return id, kind, externalID
}

// opens has the account opened that was asked for, as how says, one of BankOpenings; as was chosen for all when empty.
func (b *Bank) opens(ctx context.Context, p *bankProgramme, c *bankCustomer, ask BankAsk, how string) error {
	if ask.Event != "onAccountRequested" {
		return b.Provision(ctx, p.ID, c.name, "", how)
	}
	id, kind, _ := ask.dream()
	return b.provision(ctx, p.ID, c.name, id, kind, how)
}

// signs has the customer decide about a consent that was read; an account is opened on the way where there is none. It reports whether it was
// signed, which it is not when the bank says no to what the customer wants.
func (b *Bank) signs(ctx context.Context, p *bankProgramme, c *bankCustomer, consent BankConsent, yes bool, how string) (signed bool, err error) {
	signed = yes && !b.no("consent")
	if signed {
		if err := b.Provision(ctx, p.ID, c.name, "", how); err != nil {
			return false, err
		}
	}
	return signed, b.DecideConsent(ctx, p.ID, c.name, consent, signed)
}

// bankHosted is what the page that is the bank's app asks its back end, in JSON: what the web app asked, whose app it is, and what the person chose.
type bankHosted struct {
	User    string         `json:"user"`
	Event   string         `json:"event"`
	Message map[string]any `json:"message"`
	Opening string         `json:"opening"` // one of BankOpenings; as was chosen for all when empty
	Signed  bool           `json:"signed"`  // of a consent
}

// hosted answers POST /{programme}/app/asked, open and sign.
func (b *Bank) hosted(do func(ctx context.Context, p *bankProgramme, c *bankCustomer, in bankHosted) (map[string]any, error)) func(http.ResponseWriter, *http.Request, *bankProgramme) {
	return func(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
		if !fromHere(w, r) {
			return
		}
		// A page of another site cannot say this without asking first.
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
			bankNo(http.StatusUnsupportedMediaType, "the body must be application/json").write(w)
			return
		}
		var in bankHosted
		if err := bankRead(r, &in); err != nil {
			bankNo(http.StatusBadRequest, err.Error()).write(w)
			return
		}
		_, c, err := b.customer(p.ID, in.User)
		if err == nil && in.Opening != "" && !slices.Contains(BankOpenings, in.Opening) {
			err = errors.New("opening is one of " + strings.Join(BankOpenings, ", "))
		}
		if err != nil {
			bankNo(http.StatusBadRequest, err.Error()).write(w)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
		defer cancel()
		done, err := do(ctx, p, c, in)
		if err != nil {
			bankNo(http.StatusConflict, err.Error()).write(w)
			return
		}
		bankJSON(http.StatusOK, done).write(w)
	}
}

// hearAsk is POST app/asked: the web app has asked for something. What is to be signed is read, which can be done once, and kept until it is decided.
func (b *Bank) hearAsk(ctx context.Context, p *bankProgramme, c *bankCustomer, in bankHosted) (map[string]any, error) {
	ask := BankAsk{in.Event, in.Message}
	b.asked(p, c, ask)
	if ask.Event != "onTransferConsentRequested" {
		return map[string]any{}, nil
	}
	temporary := ask.text("consentId")
	consent, err := b.ReadConsent(ctx, p.ID, c.name, temporary)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.reading == nil || len(c.reading) >= bankReading {
		c.reading = map[string]BankConsent{}
	}
	c.reading[temporary] = consent
	return map[string]any{"consent": consent, "amount": bankDecimal(consent.MaxAmountCents)}, nil
}

// openAsked is POST app/open: the person has agreed to an account.
func (b *Bank) openAsked(ctx context.Context, p *bankProgramme, c *bankCustomer, in bankHosted) (map[string]any, error) {
	if in.Event != "onAccountProvisionRequested" && in.Event != "onAccountRequested" {
		return nil, errors.New("no account was asked for")
	}
	if err := b.opens(ctx, p, c, BankAsk{in.Event, in.Message}, in.Opening); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c.request = "" // whoever has their data erased, and begins anew, is asked under another
	return map[string]any{}, nil
}

// signAsked is POST app/sign: the person has signed what was read, or not.
func (b *Bank) signAsked(ctx context.Context, p *bankProgramme, c *bankCustomer, in bankHosted) (map[string]any, error) {
	temporary := BankAsk{in.Event, in.Message}.text("consentId")
	b.mu.Lock()
	consent, ok := c.reading[temporary]
	delete(c.reading, temporary)
	b.mu.Unlock()
	if !ok {
		return nil, errors.New("no consent was read under this id")
	}
	signed, err := b.signs(ctx, p, c, consent, in.Signed, in.Opening)
	if err != nil {
		return nil, err
	}
	return map[string]any{"signed": signed, "consentRef": consent.ID}, nil
}
