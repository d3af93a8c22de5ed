package sim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operatorField is what the integration API says of one field. Optional fields may be absent, null or empty.
type operatorField struct {
	name string
	kind string // text, digits, amount, currency, country, date, gender, object, code (string or number) or key (present, may be empty)
	cy   string // for an amount: the field with its currency
	must bool
}

var operatorPayment = []operatorField{
	{"userId", "text", "", true},
	{"txAmount", "amount", "txAmountCy", true},
	{"txAmountCy", "currency", "", true},
	{"txId", "digits", "", true},
	{"txTypeId", "digits", "", true},
	{"txName", "text", "", true},
	{"provider", "text", "", true},
	{"pspService", "text", "", false},
	{"originTxId", "digits", "", false},
	{"accountId", "text", "", false},
	{"accountHolder", "text", "", false},
	{"maskedAccount", "text", "", false},
	{"pspFee", "amount", "pspFeeCy", false},
	{"pspFeeCy", "currency", "", false},
	{"pspFeeBase", "amount", "pspFeeBaseCy", false},
	{"pspFeeBaseCy", "currency", "", false},
	{"attributes", "object", "", false},
}

var operatorFields = map[string][]operatorField{
	"signin": {
		{"txRefId", "ref", "", true},
		{"name", "text", "", true},
		{"identityProvider", "text", "", true},
		{"iat", "digits", "", true},
		{"rat", "digits", "", true},
		{"firstName", "text", "", false},
		{"lastName", "text", "", false},
		{"personid", "text", "", false},
		{"gender", "gender", "", false},
		{"street", "text", "", false},
		{"city", "text", "", false},
		{"City", "text", "", false}, // the vendor's table writes it so, its sample does not
		{"zip", "text", "", false},
		{"country", "country", "", false},
		{"dob", "date", "", false},
		{"ip", "text", "", false},
		{"picture", "text", "", false},
		{"attributes", "object", "", false},
	},
	"authorize": operatorPayment,
	"transfer": append([]operatorField{
		{"authCode", "text", "", false}, // optional: a payment may begin at the provider
		{"txPspAmount", "amount", "txPspAmountCy", true},
		{"txPspAmountCy", "currency", "", true},
		{"fee", "amount", "feeCy", true},
		{"feeCy", "currency", "", true},
		{"feeMode", "text", "", false},
		{"txRefId", "ref", "", true},
		{"pspRefId", "text", "", false},
		{"pspStatusMessage", "text", "", false},
		{"expiryYear", "text", "", false},
		{"expiryMonth", "text", "", false},
	}, operatorPayment...),
	"cancel": append([]operatorField{
		// Mandatory, but whoever never heard the answer to authorize has none to give.
		{"authCode", "key", "", true},
		{"statusCode", "code", "", false},
		{"pspStatusCode", "code", "", false},
		{"pspRefId", "text", "", false},
		{"pspStatusMessage", "text", "", false},
	}, operatorPayment...),
}

var (
	operatorDigits   = regexp.MustCompile(`^[0-9]{1,20}$`)
	operatorRef      = regexp.MustCompile(`^[0-9]+A[0-9]+$`)
	operatorCurrency = regexp.MustCompile(`^[A-Z]{3}$`)
	operatorNumber   = regexp.MustCompile(`^(-?)([0-9]{1,12})(?:\.([0-9]+))?$`)
)

// operatorCheck says what is wrong with the fields of a notification.
func operatorCheck(action string, body map[string]any) []string {
	var wrong []string
	known := map[string]string{} // lower case to the right spelling
	for _, f := range operatorFields[action] {
		known[strings.ToLower(f.name)] = f.name
		v, there := body[f.name]
		if f.kind == "key" {
			if _, text := v.(string); !there || v != nil && !text {
				wrong = append(wrong, f.name+" must be present, as a string")
			}
			continue
		}
		if !there || v == nil || v == "" {
			if f.must {
				wrong = append(wrong, f.name+" is missing")
			}
			continue
		}
		if why := operatorFits(f, v, body); why != "" {
			wrong = append(wrong, f.name+" "+why)
		}
	}
	for name := range body {
		right, ok := known[strings.ToLower(name)]
		if ok && !slices.ContainsFunc(operatorFields[action], func(f operatorField) bool { return f.name == name }) {
			wrong = append(wrong, fmt.Sprintf("%s is spelled %s", right, name))
		}
	}
	if ref, ok := body["txRefId"].(string); ok && action == "transfer" && !strings.HasSuffix(ref, "A"+fmt.Sprint(body["txId"])) {
		wrong = append(wrong, "txRefId is not <merchantId>A<txId>")
	}
	if mode, ok := body["feeMode"].(string); ok && mode != "" && mode != "A" && mode != "D" {
		wrong = append(wrong, "feeMode is neither A nor D")
	}
	if action == "transfer" && body["feeCy"] != body["txAmountCy"] {
		wrong = append(wrong, "feeCy is not txAmountCy")
	}
	slices.Sort(wrong)
	return wrong
}

func operatorFits(f operatorField, v any, body map[string]any) string {
	if f.kind == "object" {
		if _, ok := v.(map[string]any); !ok {
			return "is not an object"
		}
		return ""
	}
	if _, number := v.(json.Number); number && f.kind == "code" {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		return fmt.Sprintf("is %T, not a string", v)
	}
	switch f.kind {
	case "digits":
		ok = operatorDigits.MatchString(s)
	case "ref":
		ok = operatorRef.MatchString(s)
	case "currency":
		ok = operatorCurrency.MatchString(s)
	case "country":
		ok = operatorCurrency.MatchString(s) // ISO 3166-1 alpha-3 has the same shape
	case "date":
		_, err := time.Parse(time.DateOnly, s)
		ok = err == nil
	case "gender":
		ok = slices.Contains([]string{"MALE", "FEMALE", "X", "UNKNOWN"}, strings.ToUpper(s))
	case "amount":
		cy, _ := body[f.cy].(string)
		n, err := operatorMinor(s, cy)
		if err != nil {
			return err.Error()
		}
		if n == 0 && f.name == "txAmount" {
			return "is nothing"
		}
	}
	if f.name == "userId" && len(s) > 50 {
		return "is longer than 50"
	}
	if !ok {
		return fmt.Sprintf("%q is not a %s", s, f.kind)
	}
	return ""
}

// operatorPlaces are the currencies whose number of decimals is not two (ISO 4217).
var operatorPlaces = map[string]int{"BIF": 0, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3}

func operatorDecimals(currency string) int {
	if n, ok := operatorPlaces[currency]; ok {
		return n
	}
	return 2
}

// operatorUnit is how many minor units one whole is.
func operatorUnit(currency string) int64 {
	unit := int64(1)
	for range operatorDecimals(currency) {
		unit *= 10
	}
	return unit
}

// operatorMinor reads an amount with exactly the decimals of its currency, into minor units.
func operatorMinor(s, currency string) (int64, error) {
	m := operatorNumber.FindStringSubmatch(s)
	if places := operatorDecimals(currency); m == nil || len(m[3]) != places {
		return 0, fmt.Errorf("%q is not an amount with %d decimals", s, places)
	}
	return strconv.ParseInt(m[1]+m[2]+m[3], 10, 64)
}

func operatorAmount(minor int64, currency string) string {
	sign, places := "", operatorDecimals(currency)
	if minor < 0 {
		sign, minor = "-", -minor
	}
	s := fmt.Sprintf("%0*d", places+1, minor)
	if places == 0 {
		return sign + s
	}
	return sign + s[:len(s)-places] + "." + s[len(s)-places:]
}
