package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bankWish is what somebody has the bank do: a person on its page, or a program that plays a bank app.
type bankWish struct {
	What        string `json:"what"` // one of bankDoes
	User        string `json:"user"`
	AmountCents int64  `json:"amountCents"`
	DreamID     string `json:"dreamId"`     // whose account is meant, or is to be opened; empty for the one for all
	How         string `json:"how"`         // one of BankOpenings
	TemporaryID string `json:"temporaryId"` // of a transfer consent
	Decision    string `json:"decision"`    // "consent" or "reject"
	Times       int    `json:"times"`
}

// bankDoes are what the bank can be asked to do, by the one word and what it takes. Those that a person is offered come first.
var (
	bankPersonDoes = []string{"branch-deposit", "branch-withdrawal", "interest", "reconcile", "purchase", "income", "money", "fail-next", "provision", "open-first", "act", "rotate-key"}
	bankDoes       = append(slices.Clone(bankPersonDoes), "consent")
)

// serveDo is POST /{programme}/do, with a bankWish in JSON or as a form.
func (b *Bank) serveDo(w http.ResponseWriter, r *http.Request, p *bankProgramme) {
	form := strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	if !fromHere(w, r) {
		return
	}
	var wish bankWish
	var err error
	if form {
		wish = bankWish{What: r.PostFormValue("what"), User: r.PostFormValue("user")}
		wish.AmountCents, err = bankCents(r.PostFormValue("amount"))
	} else {
		err = bankRead(r, &wish)
	}
	var done map[string]any
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
		defer cancel()
		done, err = b.do(ctx, p, wish)
	}
	switch {
	case err == nil && form:
		seeOther(w, "../?programme="+url.QueryEscape(p.ID))
	case form:
		b.books(w, r, p, err)
	case err != nil:
		bankNo(http.StatusConflict, err.Error()).write(w)
	default:
		bankJSON(http.StatusOK, done).write(w)
	}
}

// bankCents reads an amount such as "12.50" or "12,50"; nothing is nothing.
func bankCents(text string) (int64, error) {
	text = strings.ReplaceAll(strings.TrimSpace(text), ",", ".")
	if text == "" {
		return 0, nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	cents, err := strconv.ParseUint(whole+(fraction + "00")[:2], 10, 40)
	if err != nil || len(fraction) > 2 || whole == "" {
		return 0, refusal{key: "ledger.no.amount", args: []any{text}}
	}
	return int64(cents), nil
}

// do does what is wished, and says what came of it.
func (b *Bank) do(ctx context.Context, p *bankProgramme, wish bankWish) (map[string]any, error) {
	done := map[string]any{"did": wish.What}
	switch wish.What {
	case "branch-deposit":
		return done, b.Move(p.ID, wish.User, wish.DreamID, "branch", wish.AmountCents)
	case "branch-withdrawal":
		return done, b.Move(p.ID, wish.User, wish.DreamID, "branch", -wish.AmountCents)
	case "interest":
		return done, b.Move(p.ID, wish.User, wish.DreamID, "interest", wish.AmountCents)
	case "reconcile":
		told, err := b.Reconcile(ctx, p.ID, wish.User)
		done["differenceCents"] = told
		return done, err
	case "purchase", "income":
		return done, b.Spend(ctx, p.ID, wish.User, wish.What, wish.AmountCents)
	case "money":
		return done, b.SetMoney(p.ID, wish.User, wish.AmountCents)
	case "fail-next":
		return done, b.FailNext(p.ID, wish.User, max(1, wish.Times))
	case "provision":
		return done, b.Provision(ctx, p.ID, wish.User, wish.DreamID, wish.How)
	case "open-first":
		return done, b.OpenFirst(ctx, p.ID, wish.User)
	case "act":
		return done, b.Act(ctx, p.ID)
	case "rotate-key":
		return done, b.RotateKey(p.ID, false)
	case "consent":
		if wish.Decision != "consent" && wish.Decision != "reject" {
			return nil, errors.New(`decision is "consent" or "reject"`)
		}
		consent, err := b.ReadConsent(ctx, p.ID, wish.User, wish.TemporaryID)
		if err != nil {
			return nil, err
		}
		done["consent"] = consent
		return done, b.DecideConsent(ctx, p.ID, wish.User, consent, wish.Decision == "consent")
	}
	return nil, fmt.Errorf("what is one of %s", strings.Join(bankDoes, ", "))
}
