// Package spar asks the Swedish population register (SPAR, personsök 2021.1, SOAP 1.1) where somebody lives.
//
// It owns the wire, and the rules for whose address may be told: the question is in question.go, the answer in answer.go. It
// never asks twice and keeps nothing: each question costs the operator money, so whoever calls decides when to ask and what
// to remember. Who is not Swedish is not asked about. Read next: answer.go.
package spar

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"parley"
	"parley/connector"
	"parley/web"
)

// TestURL is the register's test for customers. It too needs a certificate; customer 500243 and assignment 637 are for testing.
const TestURL = "https://kt-ext-ws.statenspersonadressregister.se/2021.1/personsok"

// version is the only version of the service that we speak.
const version = "2021.1"

// maxAnswer bounds an answer, in bytes. One person with all historic rows is far below it.
const maxAnswer = 1 << 20

// Config is one customer of the register. The names are the register's own.
type Config struct {
	URL    string
	Client *http.Client // with the organisation's certificate in it (web.ClientOptions.Certificates)

	KundNrLeveransMottagare string // the customer that asks
	KundNrSlutkund          string // the customer that the answer is for; the one that asks when empty
	UppdragID               string // the assignment, which decides what is told
	SlutAnvandarID          string // who at the customer asks, for the register's log: a system's name, never a person's number
	Version                 string // of personsök: "2021.1", also when empty
}

// Source is a connector.AddressSource. It is safe for use by many goroutines.
type Source struct {
	config Config
}

var _ connector.AddressSource = (*Source)(nil)

// New checks a configuration. Errors are of kind invalid.
func New(c Config) (*Source, error) {
	at, err := url.Parse(c.URL)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http":
		return nil, parley.Invalid("url", "not the address of the register")
	case c.Client == nil:
		return nil, parley.Invalid("client", "no HTTP client was given")
	case c.KundNrLeveransMottagare == "":
		return nil, parley.Invalid("kundNrLeveransMottagare", "the register needs a customer number")
	case c.UppdragID == "":
		return nil, parley.Invalid("uppdragId", "the register needs an assignment")
	case c.SlutAnvandarID == "":
		return nil, parley.Invalid("slutAnvandarId", "the register needs to know who asks")
	case c.Version != "" && c.Version != version:
		return nil, parley.Invalid("version", "only version 2021.1 of personsök is spoken")
	}
	if c.KundNrSlutkund == "" {
		c.KundNrSlutkund = c.KundNrLeveransMottagare
	}
	return &Source{c}, nil
}

// Address asks where the holder of a person number such as SE199001012384 lives. The address is zero, without an error, for
// somebody who is protected, unknown, or dead; and, without a question, for a number that is not Swedish.
//
// Errors: unheard or unknown as web.Exchange says, unknown too when the answer makes no sense, unavailable when the register
// answers with an exception (Undantag) or a SOAP fault, refused when it has more hits than it may tell.
func (s *Source) Address(ctx context.Context, personID parley.Private) (parley.Address, error) {
	number, ok := swedish(personID)
	if !ok {
		return parley.Address{}, parley.Errorf(parley.KindNotFound, "not a Swedish number: the register is not asked")
	}
	asked, err := s.question(number)
	if err != nil {
		return parley.Address{}, parley.Errorf(parley.KindUnheard, "write a question to the register: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.URL, bytes.NewReader(asked))
	if err != nil {
		return parley.Address{}, parley.Errorf(parley.KindUnheard, "write a question to the register: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+soapAction+`"`) // quoted: SOAP 1.1 §6.1.1
	res, body, err := web.Exchange(s.config.Client, req, maxAnswer)
	if err != nil {
		return parley.Address{}, err
	}
	return read(res.StatusCode, body, number)
}

// swedish is the twelve digits of a Swedish person number or coordination number.
func swedish(id parley.Private) (string, bool) {
	number, ok := strings.CutPrefix(id.Reveal(), "SE")
	return number, ok && len(number) == 12 && strings.Trim(number, "0123456789") == ""
}
