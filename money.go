package parley

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 alphabetic code in upper case, such as "SEK". The zero value is no currency.
type Currency string

// Money is an amount in the minor unit of its currency: öre, cents, and whole yen. The zero value is no money in no
// currency. On the wire and in the database it is {"minor": 50000, "currency": "SEK"}.
type Money struct {
	Minor    int64    `json:"minor"`
	Currency Currency `json:"currency"`
}

// currencies are the ISO 4217 codes of money that people hold (no metals, funds or test codes).
const currencies = " AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG "

// ParseCurrency reads an ISO 4217 code. Only upper case is accepted, as on the wire.
func ParseCurrency(s string) (Currency, error) {
	if len(s) != 3 || !strings.Contains(currencies, " "+s+" ") {
		return "", Invalid("currency", "not an ISO 4217 currency code in upper case")
	}
	return Currency(s), nil
}

// Decimals is the number of digits after the decimal point that the currency has in ISO 4217: 2 for most, 0 for the yen,
// 3 for the dinars.
func (c Currency) Decimals() int {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// ParseMoney reads an amount as the wire writes it: digits and at most one dot, "100.50". An amount may have fewer decimals
// than its currency but not more; a sign, an exponent, a comma or a blank is an error.
func ParseMoney(amount string, currency Currency) (Money, error) {
	bad := func(why string) (Money, error) { return Money{}, Invalid("amount", why) }
	whole, fraction, dot := strings.Cut(amount, ".")
	if whole == "" || dot && fraction == "" || len(amount) > 20 {
		return bad("not an amount such as 100.50")
	}
	for _, r := range whole + fraction {
		if r < '0' || r > '9' {
			return bad("not an amount such as 100.50: digits and one dot only")
		}
	}
	decimals := currency.Decimals()
	if extra := strings.TrimRight(fraction, "0"); len(extra) > decimals {
		return bad(fmt.Sprintf("%s has %d decimals", currency, decimals))
	} else if len(fraction) > decimals {
		fraction = fraction[:decimals]
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil {
		return bad("too large")
	}
	return Money{minor, currency}, nil
}

// Decimal writes the amount as the wire does, with all decimals of its currency and a minus when negative: "500.00", "-30.00".
func (m Money) Decimal() string {
	decimals := m.Currency.Decimals()
	sign, n := "", m.Minor
	if n < 0 {
		sign = "-"
	}
	digits := strings.TrimPrefix(strconv.FormatInt(n, 10), "-")
	for len(digits) <= decimals {
		digits = "0" + digits
	}
	if decimals == 0 {
		return sign + digits
	}
	return sign + digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
}

// String is for people: "SEK 500.00".
func (m Money) String() string { return string(m.Currency) + " " + m.Decimal() }

// IsZero reports whether there is nothing, in whatever currency.
func (m Money) IsZero() bool { return m.Minor == 0 }

// Neg is the same amount going the other way.
func (m Money) Neg() Money {
	if m.Minor == math.MinInt64 {
		panic("parley: money overflows when negated")
	}
	return Money{-m.Minor, m.Currency}
}

// Private is text that says something about a person. It prints as [redacted] wherever it is printed or logged; only
// Reveal and JSON give it away, so a log line cannot by accident.
type Private string

// Reveal is the text itself, for a wire or a page that the person's data belongs on.
func (p Private) Reveal() string { return string(p) }

// Format prints [redacted], whatever the verb.
func (p Private) Format(f fmt.State, _ rune) {
	if p == "" {
		return
	}
	f.Write([]byte("[redacted]"))
}

// LogValue is [redacted]: the JSON log handler would otherwise use MarshalJSON.
func (p Private) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// MarshalJSON writes the text: JSON is how it is kept and sent, never how it is logged. Like a string it leaves it to the encoder whether
// & and < are written as themselves.
func (p Private) MarshalJSON() ([]byte, error) {
	if !strings.ContainsFunc(string(p), func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return append(append(append(make([]byte, 0, len(p)+2), '"'), p...), '"'), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(string(p))
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
