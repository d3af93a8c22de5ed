package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// BankConsent is what a customer was asked to sign.
type BankConsent struct {
	ID              string   `json:"id"`
	MaxFrequency    string   `json:"maxFrequency"`
	MaxAmountCents  int64    `json:"maxAmountCents"`
	SavehackLaunch  string   `json:"savehackLaunchId"`
	ObsoleteLaunch  string   `json:"obsoleteSavehackLaunchId"`
	User            *bankRef `json:"user"`
	ConsentedAt     string   `json:"consentedAt"`
	RejectedAt      string   `json:"rejectedAt"`
	TransferConsent string   `json:"-"` // the temporary id under which it was asked for
}

// ReadConsent reads a consent by its temporary id, which is good for one time: GET /transfer-consents. An answer that was lost cannot be had again,
// so then there is an error, and the web app must be asked for another.
func (b *Bank) ReadConsent(ctx context.Context, programme, name, temporary string) (BankConsent, error) {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return BankConsent{}, err
	}
	path := "/transfer-consents?temporaryId=" + url.QueryEscape(temporary)
	lost := false
	for range 2 { // lost before is asked again; lost after is spent
		fault := b.wire("consent")
		if fault == Drop {
			b.note(BankCall{Programme: p.ID, Action: "consent", Method: http.MethodGet, Path: path, Fault: fault})
			continue
		}
		if fault == Slow && !b.sleep(ctx, b.Faults.Wait()) {
			break
		}
		reply, err := b.send(ctx, p, "consent", http.MethodGet, path, nil, fault)
		switch {
		case err != nil:
			return BankConsent{}, err
		case fault == Lose:
			lost = true
			continue
		case lost && reply.status == http.StatusNotFound:
			return BankConsent{}, errors.New("the answer was lost, and the temporary id is spent")
		case lost && reply.status == http.StatusOK:
			b.complains(p, "consent", "a temporary id was good for two times")
		case reply.status != http.StatusOK:
			b.complains(p, "consent", "GET %s was answered %d", path, reply.status)
			return BankConsent{}, fmt.Errorf("read the consent: %w: %d", errBankNo, reply.status)
		}
		consent := BankConsent{TransferConsent: temporary}
		wrong := ""
		switch err := reply.read("transferConsent", &consent); {
		case err != nil:
			wrong = err.Error()
		case consent.ID == "" || consent.ID == temporary || consent.SavehackLaunch == "" || consent.MaxAmountCents < 0:
			wrong = "it says not what is to be signed"
		case consent.User == nil || consent.User.ExternalID != c.sub && consent.User.ID != c.id:
			wrong = "it is somebody else's"
		}
		if wrong != "" {
			b.complains(p, "consent", "GET %s: %s", path, wrong)
			return BankConsent{}, errors.New(wrong)
		}
		if fault == Twice {
			if again, err := b.send(ctx, p, "consent", http.MethodGet, path, nil, fault); err == nil && again.status != http.StatusNotFound {
				b.complains(p, "consent", "a temporary id that was read is answered %d", again.status)
			}
		}
		return consent, nil
	}
	return BankConsent{}, errors.New("the consent could not be read")
}

// DecideConsent tells the server what the customer decided about a consent that was read: PATCH /transfer-consents.
func (b *Bank) DecideConsent(ctx context.Context, programme, name string, consent BankConsent, consented bool) error {
	p, c, err := b.customer(programme, name)
	if err != nil {
		return err
	}
	id, word := consent.ID, "rejectedAt"
	if consented {
		word = "consentedAt"
		b.mu.Lock()
		c.consents[id] = consent // before the server can act on it
		b.mu.Unlock()
	}
	body := map[string]any{"transfer_consent": map[string]any{word: b.opt.Now().UTC().Format(time.RFC3339)}}
	reply, err := b.ask(ctx, p, "consent", http.MethodPatch, "/transfer-consents/"+url.PathEscape(id), body, http.StatusOK)
	if err != nil {
		return err
	}
	var got BankConsent
	if err := reply.read("transferConsent", &got); err != nil || got.ID != id {
		b.complains(p, "consent", "PATCH /transfer-consents was answered another consent: %v", err)
	}
	return nil
}
