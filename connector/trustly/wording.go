package trustly

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"parley"
)

// How Trustly writes ids, amounts and times.

// messageID makes a message id of a key: the same for the same key, another for another, at most 49 of [A-Za-z0-9_-], which
// leaves room for a suffix within 64. A key that is such an id already is taken as it is, so that people recognise it.
func messageID(key string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, key)
	if plain == key && key != "" && len(key) <= 40 {
		return key
	}
	// Two keys that look alike once mapped are still two: the hash tells them apart.
	sum := sha256.Sum256([]byte(key))
	return plain[:min(len(plain), 32)] + "-" + hex.EncodeToString(sum[:8])
}

// decimal writes an amount as Trustly takes it: exactly two decimals, and none for forints. It is false when that cannot be
// said: a part of a forint, or a currency that has not two decimals (Trustly has none such).
func decimal(m parley.Money) (string, bool) {
	if m.Currency.Decimals() != 2 {
		return "", false
	}
	if m.Currency != "HUF" {
		return m.Decimal(), true
	}
	whole, isWhole := strings.CutSuffix(m.Decimal(), ".00")
	return whole, isWhole
}

// limit writes the most that a person may deposit, rounded down to what can be said.
func limit(m parley.Money) (string, bool) {
	if m.Currency == "HUF" {
		m.Minor -= m.Minor % 100
	}
	return decimal(m)
}

// amount reads an amount as Trustly writes it: "902.50", "11", or with twenty zeros in a ledger.
func amount(text, currency string) (parley.Money, error) {
	of, err := parley.ParseCurrency(currency)
	if err != nil {
		return parley.Money{}, err
	}
	if whole, fraction, dot := strings.Cut(text, "."); dot && fraction != "" {
		text = whole
		if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
			text += "." + fraction
		}
	}
	return parley.ParseMoney(text, of)
}

// moment reads the times of Trustly, such as "2010-01-20 14:42:04.675645+01": any number of fraction digits, a zone with or
// without minutes. One without a zone is taken to be UTC. What cannot be read is the zero time: a clock is never worth
// losing a notification for.
func moment(text string) time.Time {
	text = strings.TrimSpace(text)
	if len(text) > 10 && text[10] == 'T' {
		text = text[:10] + " " + text[11:]
	}
	// Go reads a fraction after the seconds whether or not the layout has one.
	for _, layout := range []string{"2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
