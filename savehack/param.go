package savehack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// form is what a parameter looks like.
type form uint8

const (
	whole   form = iota // a whole number
	percent             // a number in steps of a half, which a float holds exactly. Its value counts the halves
	yesNo               // true or false. Its value is 1 or 0
	choice              // one of a few words
	text                // any text
)

// param describes a parameter: its schema and its reader are both made of this, so they cannot disagree.
type param struct {
	name, title, about string
	form               form
	min, max           int64 // of a number, in the unit of its value; of a text, how many characters
	choices            []string
	byDefault          string // JSON; what it is when it is left out
	optional           bool   // may be left out and has no default: its value is then zero
}

// value is what somebody gave for a parameter.
type value struct {
	n int64
	s string
}

// money is a parameter that is an amount.
func money(name, title, about string) param {
	return param{name: name, title: title, about: about, min: 1, max: MaxAmount}
}

// limit is a parameter that is the most to take, and need not be there.
func limit(about string) param {
	p := money("maxAmountCents", "At most", about)
	p.optional = true
	return p
}

// kind makes a kind of its parameters and of what a plan is made of: their values, in order.
func kind(name, about string, params []param, build func(v []value) (Plan, Faults)) Kind {
	return Kind{
		Name:   name,
		Schema: schema(name, about, params),
		Parse: func(raw json.RawMessage) (Plan, error) {
			v, faults := read(name, params, raw)
			if faults != nil {
				return nil, faults
			}
			plan, faults := build(v)
			if faults != nil {
				return nil, faults
			}
			return plan, nil
		},
	}
}

// read reads the values of parameters, and finds every mistake in them.
func read(kind string, params []param, raw json.RawMessage) ([]value, Faults) {
	var faults Faults
	values, given := make([]value, len(params)), make([]bool, len(params))
	if len(raw) > 0 {
		notAnObject := Faults{{"parameters", "must be a JSON object"}}
		dec := json.NewDecoder(bytes.NewReader(raw))
		if open, err := dec.Token(); err != nil || open != json.Delim('{') {
			return nil, notAnObject
		}
		for dec.More() {
			name, err := dec.Token()
			var what json.RawMessage
			if err != nil || dec.Decode(&what) != nil {
				return nil, notAnObject
			}
			i := slices.IndexFunc(params, func(p param) bool { return p.name == name })
			switch {
			case i < 0:
				faults = append(faults, Fault{name.(string), "is not a parameter of " + kind})
			case given[i]:
				faults = append(faults, Fault{params[i].name, "is given twice"})
			default:
				given[i] = true
				var wrong string
				if values[i], wrong = params[i].read(what); wrong != "" {
					faults = append(faults, Fault{params[i].name, wrong})
				}
			}
		}
		if _, err := dec.Token(); err != nil { // the closing brace
			return nil, notAnObject
		}
		if _, err := dec.Token(); err != io.EOF {
			return nil, notAnObject
		}
	}
	for i, p := range params {
		switch {
		case given[i] || p.optional:
		case p.byDefault != "":
			values[i], _ = p.read(json.RawMessage(p.byDefault))
		default:
			faults = append(faults, Fault{p.name, "can't be blank"})
		}
	}
	return values, faults
}

// read reads one value. wrong says what is wrong with it.
func (p param) read(raw json.RawMessage) (v value, wrong string) {
	switch p.form {
	case yesNo:
		switch string(raw) {
		case "true":
			return value{n: 1}, ""
		case "false":
			return value{}, ""
		}
		return value{}, "must be true or false"
	case choice:
		if json.Unmarshal(raw, &v.s) != nil || !slices.Contains(p.choices, v.s) {
			return value{}, "must be one of " + strings.Join(p.choices, ", ")
		}
		return v, ""
	case text:
		if raw[0] != '"' || json.Unmarshal(raw, &v.s) != nil {
			return value{}, "must be a text"
		}
		switch n := int64(utf8.RuneCountInString(v.s)); {
		case n < p.min:
			return value{}, "can't be blank"
		case n > p.max:
			return value{}, fmt.Sprintf("is too long (maximum is %d characters)", p.max)
		}
		return v, ""
	}
	step, must := int64(10), "must be a whole number"
	if p.form == percent {
		step, must = 5, "must be a number in steps of 0.5"
	}
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return value{}, must
	}
	tenths, exact := tenths(raw)
	switch {
	case !exact || tenths%step != 0:
		return value{}, must
	case tenths < p.min*step:
		return value{}, "must be greater than or equal to " + p.shown(p.min)
	case tenths > p.max*step:
		return value{}, "must be less than or equal to " + p.shown(p.max)
	}
	return value{n: tenths / step}, ""
}

// shown writes a value of a number as JSON does.
func (p param) shown(n int64) string {
	if p.form == percent {
		return strconv.FormatFloat(float64(n)/2, 'f', -1, 64)
	}
	return strconv.FormatInt(n, 10)
}

// tenths reads a JSON number as so many tenths; exact is false when it has finer parts. What is too great to count, either way, is the
// greatest that can be. It makes no float of it: 1e2, 100.0 and 100 are the same number, and 9007199254740993 is not 9007199254740992.
func tenths(number []byte) (n int64, exact bool) {
	sign, digits, after, dot := int64(1), 0, 0, false // digits of the mantissa that count, and how many stand after the dot
	zeros := 0                                        // that stand last so far, and count only when another digit follows
	for i, c := range number {
		switch {
		case c == '-':
			sign = -1
		case c == '.':
			dot = true
		case c == 'e' || c == 'E':
			exponent, err := strconv.Atoi(string(number[i+1:]))
			if err != nil || exponent > 1e6 || exponent < -1e6 {
				exponent = 1e6
				if bytes.ContainsRune(number[i:], '-') {
					exponent = -1e6
				}
			}
			return scaled(sign, n, digits, zeros-after+exponent+1)
		default:
			if dot {
				after++
			}
			if c == '0' {
				if digits > 0 {
					zeros++
				}
				break
			}
			for ; zeros >= 0; zeros-- {
				digits++
				if digits <= 18 {
					n *= 10
				}
			}
			zeros = 0
			if digits <= 18 {
				n += int64(c - '0')
			}
		}
	}
	return scaled(sign, n, digits, zeros-after+1)
}

// scaled is n with so many digits, times ten to the power of e.
func scaled(sign, n int64, digits, e int) (int64, bool) {
	switch {
	case digits == 0:
		return 0, true
	case e < 0:
		return 0, false
	case digits+e > 18:
		return sign * (math.MaxInt64 / 10 * 10), true // a whole number, as what is so great nearly always is
	}
	for ; e > 0; e-- {
		n *= 10
	}
	return sign * n, true
}

// schema writes the JSON Schema of parameters, in their order.
func schema(kind, about string, params []param) json.RawMessage {
	var out bytes.Buffer
	required := []string{}
	out.WriteString(`{"$schema":"https://json-schema.org/draft/2020-12/schema","title":` + quoted(kind) + `,"description":` + quoted(about) +
		`,"type":"object","properties":{`)
	for i, p := range params {
		if i > 0 {
			out.WriteByte(',')
		}
		if !p.optional && p.byDefault == "" {
			required = append(required, p.name)
		}
		out.WriteString(quoted(p.name) + `:` + p.schema())
	}
	out.WriteString(`}`)
	if len(required) > 0 {
		out.WriteString(`,"required":` + quoted(required))
	}
	out.WriteString(`,"additionalProperties":false}`)
	return out.Bytes()
}

// schema is the schema of one parameter.
func (p param) schema() string {
	s := `{"title":` + quoted(p.title) + `,"description":` + quoted(p.about)
	switch p.form {
	case whole:
		s += `,"type":"integer","minimum":` + p.shown(p.min) + `,"maximum":` + p.shown(p.max)
	case percent:
		s += `,"type":"number","minimum":` + p.shown(p.min) + `,"maximum":` + p.shown(p.max) + `,"multipleOf":0.5`
	case yesNo:
		s += `,"type":"boolean"`
	case choice:
		s += `,"type":"string","enum":` + quoted(p.choices)
	case text:
		s += `,"type":"string","minLength":` + p.shown(p.min) + `,"maxLength":` + p.shown(p.max)
	}
	if p.byDefault != "" {
		s += `,"default":` + p.byDefault
	}
	return s + `}`
}

// quoted writes texts of ours as JSON.
func quoted(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and lists of them have a JSON form
	}
	return string(out)
}
