package sim

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// bankShown bounds how many of anything the books' page lists.
const bankShown = 100

// name, root, ways, faults, settings and set are what its pages need to know.
func (b *Bank) name() string    { return "savingsbank" }
func (b *Bank) root() string    { return "" }
func (b *Bank) ways() []string  { return []string{"", "behaviour"} }
func (b *Bank) faults() *Faults { return &b.Faults }

func (b *Bank) settings() []setting {
	return []setting{
		{"opening", b.Opening(), BankOpenings[0], BankOpenings},
		{"acting", b.Acting(), BankActings[0], BankActings},
		{"twist", b.Twist(), "", slices.Insert(slices.Clone(BankTwists), 0, "")},
	}
}

func (b *Bank) set(name, value string) bool {
	for _, s := range b.settings() {
		if s.Name == name && slices.Contains(s.Choices, value) {
			map[string]func(string){"opening": b.SetOpening, "acting": b.SetActing, "twist": b.SetTwist}[name](value)
			return true
		}
	}
	return false
}

// bankProgrammeLink is a way to a programme's books.
type bankProgrammeLink struct {
	ID, Name string
	Now      bool
}

// Amount writes what there is in the minor unit.
func (a BankAccount) Amount() string { return bankDecimal(a.Balance) }

// Amount writes what is on the current account.
func (c BankCustomer) Amount() string { return bankDecimal(c.Current) }

// Amount writes what moved.
func (e BankEntry) Amount() string { return bankDecimal(e.Cents) }

// After writes what there was afterwards.
func (e BankEntry) After() string { return bankDecimal(e.Balance) }

// Amount writes what was to move.
func (t BankTx) Amount() string { return bankDecimal(t.Cents) }

// Mood is how the state of a transaction looks.
func (t BankTx) Mood() string {
	switch {
	case !t.Told:
		return "wait"
	case t.State == "settled":
		return "good"
	}
	return "bad"
}

// home is the books of the first programme, or of the one that is asked for.
func (b *Bank) home(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("programme")
	if id == "" && len(b.programmes) > 0 {
		id = b.programmes[0].ID
	}
	p, err := b.programme(id)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	b.books(w, r, p, nil)
}

// books shows a programme: who banks here, what moved, what the server asked and said, the newest first.
func (b *Bank) books(w http.ResponseWriter, r *http.Request, p *bankProgramme, problem error) {
	shown := page{name: "savingsbank"}
	data := map[string]any{"Programme": p.BankProgramme, "Does": bankPersonDoes}
	if problem != nil {
		shown.status, data["Problem"] = http.StatusConflict, problem.Error()
		if no, ok := errors.AsType[refusal](problem); ok {
			data["Problem"] = languages[languageOf(r, "")].say(no.key, no.args...)
		}
		shown.back = "/?programme=" + p.ID
	}
	var links []bankProgrammeLink
	for _, one := range b.programmes {
		links = append(links, bankProgrammeLink{one.ID, one.Name, one == p})
	}
	data["Programmes"] = links
	data["Complaints"] = slices.DeleteFunc(b.Complaints(), func(c string) bool { return !strings.HasPrefix(c, p.ID+": ") })
	data["Customers"] = bankNewest(b.Customers(p.ID))
	data["Txs"] = bankNewest(b.Transactions(p.ID, ""))
	data["Ledger"] = bankNewest(b.Ledger(p.ID, ""))
	data["Heard"] = bankNewest(b.Heard(p.ID))
	data["Calls"] = bankNewest(slices.DeleteFunc(b.Calls(), func(c BankCall) bool { return c.Programme != p.ID }))
	shown.data = data
	render(w, r, b, shown)
}

// bankNewest turns a list round, and cuts what is too old.
func bankNewest[T any](list []T) []T {
	slices.Reverse(list)
	return list[:min(len(list), bankShown)]
}

// heardPage shows one webhook whole, at /heard/N.
func (b *Bank) heardPage(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/heard/"))
	heard := b.Heard("")
	i := slices.IndexFunc(heard, func(m BankMessage) bool { return m.Number == n })
	if err != nil || i < 0 {
		http.NotFound(w, r)
		return
	}
	m := heard[i]
	secret := ""
	if p, err := b.programme(m.Programme); err == nil {
		secret = p.WebhookSecret
	}
	render(w, r, b, page{name: "savingsbank-heard", script: true, data: map[string]any{
		"M": m, "Head": headersOf(m.Header), "AnswerHead": headersOf(m.AnswerHeader), "Asked": pretty(m.Raw), "Said": pretty(m.Answer),
		"Unread": m.Fault == Drop, "Signed": secret != "", "Curl": operatorCurl("http://"+r.Host+m.Path, bankSignedAnew(b, m, secret), m.Raw),
	}})
}

// bankSignedAnew is the head under which a webhook may be said again: its own, with the signature renewed, because one is good for minutes only.
func bankSignedAnew(b *Bank, m BankMessage, secret string) http.Header {
	h := m.Header.Clone()
	for _, name := range operatorOwnHeaders {
		h.Del(name)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if secret == "" || err != nil || h == nil {
		return h
	}
	stamp := strconv.FormatInt(b.opt.Now().Unix(), 10)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(operatorMAC(key, h.Get("webhook-id"), stamp, m.Raw)))
	return h
}
