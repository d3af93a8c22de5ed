package sim

import (
	"context"
	"net/http"
	"time"
)

// Answer does what the web app asks of the app around it, one after the other, as the app's Manner says. An app that dies says so with an error for
// which Killed is true.
func (a *BankApp) Answer(ctx context.Context, asks []BankAsk) error {
	for _, ask := range asks {
		a.asked = append(a.asked, ask)
		if a.Manner == "die" {
			a.open = nil
			return errKilled
		}
		a.bank.asked(a.p, a.c, ask)
		var err error
		switch ask.Event {
		case "onAccountProvisionRequested":
			err = a.provision(ctx, ask)
		case "onAccountRequested":
			err = a.accountForDream(ctx, ask)
		case "onTransferConsentRequested":
			err = a.consent(ctx, ask)
		case "onIdTokenDidExpire":
			err = a.Renew(ctx, ask.text("requestId"), 10*time.Minute)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// says says something to the web app: as a post of the web SDK, or by the function that a native SDK calls. A late app says it with SayNow.
func (a *BankApp) says(ctx context.Context, web, native string, message map[string]any) error {
	event := web
	if a.device() != "web" && native != "" {
		event = native
	}
	say := func(ctx context.Context) error { return a.bridge(ctx, event, message) }
	switch a.Manner {
	case "late":
		a.open = append(a.open, say)
		return nil
	case "twice":
		if err := say(ctx); err != nil {
			return err
		}
	}
	return say(ctx)
}

// SayNow says what a late app has not said yet.
func (a *BankApp) SayNow(ctx context.Context) error {
	open := a.open
	a.open = nil
	for _, say := range open {
		if err := say(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bridge is what reaches the web app, which tells its server.
func (a *BankApp) bridge(ctx context.Context, event string, message map[string]any) error {
	var got struct {
		Ask []BankAsk `json:"ask"`
	}
	if _, err := a.Do(ctx, http.MethodPost, "bridge", map[string]any{"event": event, "message": message}, &got); err != nil {
		return err
	}
	if event == "accountProvisioned" || event == "accountProvisionInitiated" {
		a.bank.mu.Lock()
		a.c.initiated = true
		a.bank.mu.Unlock()
	}
	return a.Answer(ctx, got.Ask)
}

// provision takes the person through the opening of the account that all dreams share.
func (a *BankApp) provision(ctx context.Context, ask BankAsk) error {
	if a.Manner == "reject" {
		return nil // the promise is rejected: the SDK says nothing
	}
	if err := a.bank.opens(ctx, a.p, a.c, ask, a.Opens); err != nil {
		return err
	}
	return a.says(ctx, "accountProvisioned", "accountProvisionInitiated", map[string]any{"requestId": ask.text("requestId")})
}

// accountForDream takes the person through the opening of an account for one dream.
func (a *BankApp) accountForDream(ctx context.Context, ask BankAsk) error {
	request := ask.text("requestId")
	if a.Manner == "reject" {
		return a.says(ctx, "onAccountRequestedFailed", "accountRequestedFailed", map[string]any{"requestId": request, "reason": "cancelled"})
	}
	if err := a.bank.opens(ctx, a.p, a.c, ask, a.Opens); err != nil {
		return err
	}
	return a.says(ctx, "onAccountRequestedSucceeded", "accountRequestedSucceeded", map[string]any{"requestId": request})
}

// consent has the person read and sign what a launch may take.
func (a *BankApp) consent(ctx context.Context, ask BankAsk) error {
	request, temporary := ask.text("requestId"), ask.text("consentId")
	consent, err := a.bank.ReadConsent(ctx, a.p.ID, a.c.name, temporary)
	if err != nil {
		return err
	}
	signed, err := a.bank.signs(ctx, a.p, a.c, consent, a.Manner != "reject", a.Opens)
	if err != nil {
		return err
	}
	if !signed {
		return a.says(ctx, "onTransferConsentCancelled", "transferConsentCancelled", map[string]any{"requestId": request, "consentId": temporary, "reason": "cancelled"})
	}
	return a.says(ctx, "onTransferConsentSucceeded", "transferConsentSucceeded", map[string]any{"requestId": request, "consentId": temporary, "consentRef": consent.ID})
}

// Renew gives the web app another ID token, which is good for so long, when the one before runs out.
func (a *BankApp) Renew(ctx context.Context, request string, good time.Duration) error {
	token, err := a.bank.IDToken(a.p.ID, a.c.name, good, "")
	if err != nil {
		return err
	}
	return a.says(ctx, "updateToken", "updateIdToken", map[string]any{"requestId": request, "idToken": token})
}

// KeepAlive says that the person is still there.
func (a *BankApp) KeepAlive(ctx context.Context) error {
	return a.bridge(ctx, "sessionKeepAlive", map[string]any{})
}
