package savehack

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// jsonSchema is as much of JSON Schema as the kinds' schemas use: a test refuses any other word.
type jsonSchema struct {
	Schema               string                     `json:"$schema"`
	Title                string                     `json:"title"`
	Description          string                     `json:"description"`
	Type                 string                     `json:"type"`
	Properties           map[string]json.RawMessage `json:"properties"`
	Required             []string                   `json:"required"`
	AdditionalProperties *bool                      `json:"additionalProperties"`
	properties           map[string]property
}

type property struct {
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Type        string          `json:"type"`
	Minimum     *json.Number    `json:"minimum"`
	Maximum     *json.Number    `json:"maximum"`
	MultipleOf  *json.Number    `json:"multipleOf"`
	MinLength   int             `json:"minLength"`
	MaxLength   int             `json:"maxLength"`
	Enum        []string        `json:"enum"`
	Default     json.RawMessage `json:"default"`
}

// fatal is a test, or one of rapid's.
type fatal interface{ Fatalf(string, ...any) }

func readSchema(t fatal, k Kind) jsonSchema {
	read := func(raw json.RawMessage, into any) {
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.DisallowUnknownFields()
		dec.UseNumber()
		if err := dec.Decode(into); err != nil {
			t.Fatalf("the schema of %s: %v", k.Name, err)
		}
	}
	var s jsonSchema
	read(k.Schema, &s)
	s.properties = map[string]property{}
	for name, raw := range s.Properties {
		var p property
		read(raw, &p)
		s.properties[name] = p
	}
	return s
}

// names are a schema's properties in alphabetical order.
func (s jsonSchema) names() []string {
	var out []string
	for name := range s.properties {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func rational(t fatal, n string) *big.Rat {
	r, ok := new(big.Rat).SetString(n)
	if !ok {
		t.Fatalf("%q is no number", n)
	}
	return r
}

// allows reports whether a value is valid under a property's schema: a second reading of JSON Schema, which shares nothing with the first.
func (p property) allows(t fatal, raw json.RawMessage) bool {
	var v any
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	switch p.Type {
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "string":
		s, ok := v.(string)
		n := len([]rune(s))
		return ok && n >= p.MinLength && (p.MaxLength == 0 || n <= p.MaxLength) && (p.Enum == nil || slices.Contains(p.Enum, s))
	case "integer", "number":
		n, ok := v.(json.Number)
		if !ok {
			return false
		}
		r := rational(t, n.String())
		return (p.Type == "number" || r.IsInt()) && r.Cmp(rational(t, p.Minimum.String())) >= 0 && r.Cmp(rational(t, p.Maximum.String())) <= 0 &&
			(p.MultipleOf == nil || new(big.Rat).Quo(r, rational(t, p.MultipleOf.String())).IsInt())
	}
	t.Fatalf("a property of type %q", p.Type)
	return false
}

// allows reports whether an object is valid.
func (s jsonSchema) allows(t fatal, given map[string]json.RawMessage) bool {
	for _, name := range s.Required {
		if _, ok := given[name]; !ok {
			return false
		}
	}
	for name, raw := range given {
		p, ok := s.properties[name]
		if !ok || !p.allows(t, raw) {
			return false
		}
	}
	return true
}

// valid draws a value that a property allows, often at its bounds.
func (p property) valid(t *rapid.T, name string) json.RawMessage {
	switch {
	case p.Type == "boolean":
		return json.RawMessage(fmt.Sprint(rapid.Bool().Draw(t, name)))
	case p.Enum != nil:
		return json.RawMessage(quoted(rapid.SampledFrom(p.Enum).Draw(t, name)))
	case p.Type == "string":
		return json.RawMessage(quoted(rapid.StringN(p.MinLength, p.MaxLength, -1).Draw(t, name)))
	}
	step := big.NewRat(1, 1)
	if p.MultipleOf != nil {
		step = rational(t, p.MultipleOf.String())
	}
	low, high := new(big.Rat).Quo(rational(t, p.Minimum.String()), step), new(big.Rat).Quo(rational(t, p.Maximum.String()), step)
	least, most := low.Num().Int64(), high.Num().Int64()
	n := rapid.OneOf(rapid.Int64Range(least, most), rapid.Int64Range(least, min(most, 100000)), rapid.SampledFrom([]int64{least, most})).Draw(t, name)
	return json.RawMessage(strings.TrimSuffix(new(big.Rat).Mul(big.NewRat(n, 1), step).FloatString(1), ".0"))
}

// object draws parameters as a schema allows, and puts in others.
func object(t *rapid.T, s jsonSchema, others map[string]json.RawMessage) json.RawMessage {
	given := map[string]json.RawMessage{}
	for _, name := range s.names() {
		if slices.Contains(s.Required, name) || rapid.Bool().Draw(t, "give "+name) {
			given[name] = s.properties[name].valid(t, name)
		}
	}
	for name, raw := range others {
		given[name] = raw
	}
	out, err := json.Marshal(given)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return out
}

// onlyDisordered reports whether all that is wrong is that the most is less than the least, which no schema can say.
func onlyDisordered(err error) bool {
	faults, ok := err.(Faults)
	return ok && len(faults) == 1 && strings.HasPrefix(faults[0].Message, "can't be less than ")
}

func TestSchemasAreWhole(t *testing.T) {
	for _, k := range Kinds() {
		s := readSchema(t, k)
		if s.Schema != "https://json-schema.org/draft/2020-12/schema" || s.Title != k.Name || s.Description == "" || s.Type != "object" ||
			s.AdditionalProperties == nil || *s.AdditionalProperties {
			t.Errorf("%s: %s", k.Name, k.Schema)
		}
		for name, p := range s.properties {
			if p.Title == "" || p.Description == "" {
				t.Errorf("%s: %s does not say what it is", k.Name, name)
			}
			if number := p.Type == "integer" || p.Type == "number"; number != (p.Minimum != nil && p.Maximum != nil) {
				t.Errorf("%s: %s has no bounds, or is no number", k.Name, name)
			}
			if p.Type == "string" && p.Enum == nil && p.MaxLength == 0 {
				t.Errorf("%s: %s may be of any length", k.Name, name)
			}
			if p.Default != nil && (!p.allows(t, p.Default) || slices.Contains(s.Required, name)) {
				t.Errorf("%s: the default of %s is not allowed, or not needed", k.Name, name)
			}
		}
	}
}

func TestEveryBoundOfEverySchemaIsKept(t *testing.T) {
	kept := 0
	for _, k := range Kinds() {
		s := readSchema(t, k)
		example := func(change func(map[string]json.RawMessage)) json.RawMessage {
			fields := given(t, examples[k.Name])
			change(fields)
			out, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		// refused wants exactly one fault, in a field.
		refused := func(field string, params json.RawMessage) {
			kept++
			p, err := k.Parse(params)
			faults, ok := err.(Faults)
			if !ok || p != nil || len(faults) != 1 || faults[0].Field != field || faults[0].Message == "" {
				t.Errorf("%s %s: %v, and not one fault in %s", k.Name, params, err, field)
			}
		}
		accepted := func(params json.RawMessage) {
			if p, err := k.Parse(params); (err != nil || p == nil) && !onlyDisordered(err) {
				t.Errorf("%s %s: %v", k.Name, params, err)
			}
		}
		accepted(example(func(map[string]json.RawMessage) {}))
		refused("amountcents", example(func(m map[string]json.RawMessage) { m["amountcents"] = json.RawMessage("1") }))
		for name, p := range s.properties {
			put := func(value string) json.RawMessage {
				return example(func(m map[string]json.RawMessage) { m[name] = json.RawMessage(value) })
			}
			if slices.Contains(s.Required, name) {
				refused(name, example(func(m map[string]json.RawMessage) { delete(m, name) }))
			} else {
				accepted(example(func(m map[string]json.RawMessage) { delete(m, name) }))
			}
			wrong := []string{`null`, `[]`, `{}`, `[1]`, `{"amountCents":1}`}
			switch {
			case p.Type == "boolean":
				wrong = append(wrong, `0`, `1`, `"true"`, `""`)
				accepted(put("true"))
				accepted(put("false"))
			case p.Enum != nil:
				wrong = append(wrong, `1`, `true`, `""`, quoted(strings.ToUpper(p.Enum[0])), quoted(p.Enum[0]+" "))
				for _, word := range p.Enum {
					accepted(put(quoted(word)))
				}
			case p.Type == "string":
				wrong = append(wrong, `1`, `true`, quoted(strings.Repeat("é", p.MaxLength+1)), quoted(strings.Repeat("a", p.MinLength-1)))
				accepted(put(quoted(strings.Repeat("é", p.MaxLength))))
				accepted(put(quoted(strings.Repeat("a", p.MinLength))))
			default:
				one := big.NewRat(1, 1)
				if p.MultipleOf != nil {
					one = rational(t, p.MultipleOf.String())
				}
				low, high := rational(t, p.Minimum.String()), rational(t, p.Maximum.String())
				wrong = append(wrong, `true`, `""`, `"1"`, new(big.Rat).Sub(low, one).FloatString(1), new(big.Rat).Add(high, one).FloatString(1),
					new(big.Rat).Add(low, big.NewRat(1, 4)).FloatString(2), `-1`, `-1e3`, `1e-3`, `9007199254740993`, `9223372036854775808`, `-9223372036854775809`,
					`1e400`, `-1e400`, `1e999999999999999999999`, `1e-999999999999999999999`, strings.Repeat("9", 400), new(big.Rat).Add(low, rational(t, "1e-25")).FloatString(25))
				accepted(put(p.Minimum.String()))
				accepted(put(p.Maximum.String()))
				accepted(put(high.FloatString(30)))
				accepted(put(p.Maximum.String() + "e0"))
				accepted(put(high.FloatString(1) + "E+0"))
			}
			for _, value := range wrong {
				refused(name, put(value))
			}
			if _, there := given(t, examples[k.Name])[name]; there {
				refused(name, json.RawMessage(strings.Replace(examples[k.Name], "{", "{"+quoted(name)+":"+string(given(t, examples[k.Name])[name])+",", 1)))
			}
		}
		for _, none := range []string{`null`, `[]`, `"x"`, `1`, `true`, `{`, `{}{}`, `{} x`, `{"amountCents":}`, `{"amountCents" 1}`, `{"amountCents":1`, `{1:1}`, "\x00", ` `} {
			refused("parameters", json.RawMessage(none))
		}
		if len(s.Required) == 0 {
			accepted(nil)
		} else if _, err := k.Parse(nil); err == nil || len(err.(Faults)) != len(s.Required) {
			t.Errorf("%s: nothing at all is %v, where %v are required", k.Name, err, s.Required)
		}
	}
	if kept < 400 {
		t.Errorf("only %d bounds were looked at", kept)
	}
}

// given are the fields of an object.
func given(t fatal, object string) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &out); err != nil {
		t.Fatalf("%v", err)
	}
	return out
}

func TestSchemaAndReaderAgreeOnEverything(t *testing.T) {
	for _, k := range Kinds() {
		s := readSchema(t, k)
		t.Run(k.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				others := map[string]json.RawMessage{}
				name := rapid.SampledFrom(append(s.names(), "AmountCents", "amount", "", "launchId", "percentage")).Draw(t, "other")
				others[name] = json.RawMessage(rapid.OneOf(
					rapid.SampledFrom([]string{`1`, `0`, `-0`, `0.5`, `100`, `1e2`, `1.0`, `12.50`, `31`, `32`, `7`, `6`, `true`, `false`, `null`, `""`, `"income"`, `"purchase"`, `"balance"`, `[]`, `{}`, `9007199254740991`, `9007199254740992`, `90071992547409.91e2`}),
					rapid.StringMatching(`-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?`),
					rapid.Map(rapid.String(), func(s string) string { return quoted(s) }),
				).Draw(t, "value"))
				params := object(t, s, others)
				want := s.allows(t, given(t, string(params)))
				p, err := k.Parse(params)
				if (err == nil) != (p != nil) || (err == nil || onlyDisordered(err)) != want {
					t.Fatalf("%s: the reader says %v, the schema %v", params, err, want)
				}
			})
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	k, _ := Find("Weekly")
	_, err := k.Parse(json.RawMessage(`{"dayOfWeek":7,"Amount":1}`))
	want := Faults{{"dayOfWeek", "must be less than or equal to 6"}, {"Amount", "is not a parameter of Weekly"}, {"amountCents", "can't be blank"}}
	var got Faults
	if !errors.As(err, &got) || !slices.Equal(got, want) || err.Error() != "dayOfWeek: must be less than or equal to 6" {
		t.Errorf("%v", got)
	}
	for number, message := range map[string]string{
		`0`: "must be greater than or equal to 1", `-1e400`: "must be greater than or equal to 1", `-999999999999999999`: "must be greater than or equal to 1",
		`1e400`: "must be less than or equal to 9007199254740991", `999999999999999999`: "must be less than or equal to 9007199254740991",
		`1.5`: "must be a whole number", `1e-2`: "must be a whole number", `"1"`: "must be a whole number",
	} {
		k, _ := Find("Daily")
		if _, err := k.Parse(json.RawMessage(`{"amountCents":` + number + `}`)); err == nil || err.(Faults)[0].Message != message {
			t.Errorf("of %s it is said: %v", number, err)
		}
	}
	for _, c := range []struct{ kind, params, field string }{
		{"Thief", `{"minAmountCents":2,"maxAmountCents":1}`, "maxAmountCents"},
		{"Roulette", `{"minAmountCents":2,"maxAmountCents":1}`, "maxAmountCents"},
		{"Rocket", `{"amountCents":2,"stepCents":1,"maxAmountCents":1}`, "maxAmountCents"},
		{"Everest", `{"amountCents":2,"stepCents":1,"maxAmountCents":1}`, "maxAmountCents"},
	} {
		k, _ := Find(c.kind)
		if p, err := k.Parse(json.RawMessage(c.params)); p != nil || !onlyDisordered(err) || err.(Faults)[0].Field != c.field {
			t.Errorf("%s %s: %v", c.kind, c.params, err)
		}
	}
}

func TestAKindIsFoundByItsNameAndTheWires(t *testing.T) {
	want := []string{"OneTime", "Daily", "Weekly", "Monthly", "Autopilot", "Thief", "Roulette", "CalendarChaos", "Moonstruck", "Rocket", "Everest", "Percentage", "Roundup", "Copycat"}
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
		for _, name := range []string{k.Name, k.Name + "Launch"} {
			if found, ok := Find(name); !ok || found.Name != k.Name {
				t.Errorf("%s is not found", name)
			}
		}
		for _, name := range []string{strings.ToLower(k.Name), strings.ToUpper(k.Name), k.Name + "launch", k.Name + "LaunchLaunch", " " + k.Name} {
			if _, ok := Find(name); ok {
				t.Errorf("%s is found", name)
			}
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	for _, name := range []string{"", "Launch", "SaveLeague", "EurocupLaunch"} {
		if _, ok := Find(name); ok {
			t.Errorf("%q is found", name)
		}
	}
	Kinds()[0].Name = "mine"
	if Kinds()[0].Name != "OneTime" {
		t.Error("who is given the kinds can change them")
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range Kinds() {
		f.Add(k.Name, examples[k.Name])
	}
	f.Fuzz(func(t *testing.T, name, params string) {
		k, ok := Find(name)
		if !ok {
			return
		}
		p, err := k.Parse(json.RawMessage(params))
		if (p == nil) != (err != nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if err == nil && params != "" && !json.Valid([]byte(params)) {
			t.Fatalf("%s is read", params)
		}
	})
}
