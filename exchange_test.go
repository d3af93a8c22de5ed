package parley_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"parley"

	"pgregory.net/rapid"
)

// The types of the test have every shape that encoding/json knows.
type (
	everything struct {
		Text    string           `json:"text"`
		Secret  parley.Private   `json:"secret"`
		Perhaps parley.Private   `json:"perhaps,omitempty"`
		Pointer *parley.Private  `json:"pointer"`
		Many    []parley.Private `json:"many,omitempty"`
		Two     [2]parley.Private
		ByName  map[string]parley.Private `json:"byName,omitempty"`
		Any     any                       `json:"any"`
		Named   map[string]any            `json:"named,omitempty"`
		Raw     json.RawMessage           `json:"raw,omitempty"`
		Money   parley.Money              `json:"money"`
		Limit   *parley.Money             `json:"limit,omitempty"`
		At      time.Time                 `json:"at,omitzero"`
		Number  int64                     `json:"number,string"`
		Who     parley.Identity           `json:"who,omitzero"`
		Gender  parley.Gender             `json:"gender,omitempty"`
		No      *parley.Refusal           `json:"no,omitempty"`
		Inside  *everything               `json:"inside,omitempty"`
		Ignored parley.Private            `json:"-"`
		embedded
		*Pointed
		hidden parley.Private
	}
	embedded struct {
		Deep parley.Private `json:"deep,omitempty"`
	}
	// Pointed is exported, because encoding/json cannot make an unexported one to read into.
	Pointed struct {
		Deeper parley.Private `json:"deeper,omitempty"`
	}
)

// draw makes a value; private makes each text about a person.
func draw(rt *rapid.T, private func(string) parley.Private, depth int) (e everything) {
	text := rapid.SampledFrom([]string{"", "x", "åäö <&>", "a\"b\\c\n", "\u2028", strings.Repeat("long ", 20)})
	person := func(name string) parley.Private { return private(text.Draw(rt, name)) }
	e.Text, e.Secret, e.Perhaps = text.Draw(rt, "text"), person("secret"), person("perhaps")
	if rapid.Bool().Draw(rt, "with pointers") {
		e.Pointer = new(person("pointer"))
		e.Pointed = &Pointed{person("deeper")}
		e.Limit = &parley.Money{Minor: 5, Currency: "SEK"}
		words := text.Draw(rt, "words")
		e.No = &parley.Refusal{By: "Operator", Status: 601, Code: "601", Message: string(private(words))}
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "many") {
		e.Many = append(e.Many, person("one of many"))
		if e.ByName == nil {
			e.ByName = map[string]parley.Private{}
		}
		e.ByName[fmt.Sprint(i)] = person("by name")
	}
	e.Two[1], e.Ignored, e.hidden, e.Deep = person("two"), person("ignored"), person("hidden"), person("deep")
	e.Gender = parley.Gender(person("gender"))
	e.Who = parley.Identity{Provider: "p", Name: person("name"), Gender: e.Gender, Address: parley.Address{City: person("city"), Country: "SWE"}}
	if rapid.Bool().Draw(rt, "with an account") {
		e.Who.Account = &parley.BankAccount{Bank: "SEB", Holder: person("holder")}
	}
	e.Raw = json.RawMessage(rapid.SampledFrom([]string{``, `{"a": [1,  2]}`, `"<b>"`}).Draw(rt, "raw"))
	e.At = rapid.SampledFrom([]time.Time{{}, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}).Draw(rt, "at")
	e.Number = rapid.Int64().Draw(rt, "number")
	e.Any = drawAny(rt, person, 3)
	if rapid.Bool().Draw(rt, "with names") {
		e.Named = map[string]any{"a": drawAny(rt, person, 2), "b": person("named"), "c": nil}
	}
	if depth > 0 && rapid.Bool().Draw(rt, "with one inside") {
		e.Inside = new(draw(rt, private, depth-1))
	}
	return e
}

func drawAny(rt *rapid.T, person func(string) parley.Private, depth int) any {
	switch n := rapid.IntRange(0, 7).Draw(rt, "any"); {
	case n == 0:
		return nil
	case n == 1:
		return 1.5
	case n == 2 || depth == 0:
		return person("any private")
	case n == 3:
		return new(person("any pointer"))
	case n == 4:
		return []any{drawAny(rt, person, depth-1), "plain"}
	case n == 5:
		return map[string]any{"x": drawAny(rt, person, depth-1)}
	case n == 6:
		return embedded{person("any struct")}
	}
	return []parley.Private{person("any slice")}
}

const secret = "SECRETÅ<&"

func TestRedactWritesWhatJSONWritesButForWhatIsPrivate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := draw(rt, func(s string) parley.Private {
			if s == "" {
				return ""
			}
			return parley.Private(secret + s)
		}, 2)
		before, err := json.Marshal(v)
		if err != nil {
			rt.Fatal(err)
		}
		got := parley.Redact(v)
		if bytes.Contains(got, []byte("SECRET")) {
			rt.Fatalf("a secret is shown: %s", got)
		}
		// Every text that is private begins with the secret, so this is what it should be.
		var want any
		if err := json.Unmarshal(before, &want); err != nil {
			rt.Fatal(err)
		}
		var shown any
		if err := json.Unmarshal(got, &shown); err != nil {
			rt.Fatalf("%s: %v", got, err)
		}
		w, _ := json.Marshal(cover(want))
		g, _ := json.Marshal(shown)
		if !bytes.Equal(w, g) {
			rt.Fatalf("\n got %s\nwant %s", g, w)
		}
		if after, _ := json.Marshal(v); !bytes.Equal(before, after) {
			rt.Fatalf("the value itself was changed: %s", after)
		}
		if again := parley.Redact(&v); !bytes.Equal(got, again) {
			rt.Fatalf("behind a pointer it is %s, not %s", again, got)
		}
	})
}

// cover puts the word in place of each text that begins with the secret.
func cover(v any) any {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, secret) {
			return "[redacted]"
		}
	case []any:
		for i := range v {
			v[i] = cover(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = cover(v[k])
		}
	}
	return v
}

func TestWithNothingPrivateRedactIsJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := draw(rt, func(string) parley.Private { return "" }, 2)
		want, err := json.Marshal(v)
		if err != nil {
			rt.Fatal(err)
		}
		if got := parley.Redact(v); !bytes.Equal(got, want) {
			rt.Fatalf("\n got %s\nwant %s", got, want)
		}
	})
	for _, v := range []any{0, "<text>", []string{"a"}, map[int]bool{1: true}, struct{}{}, time.Unix(0, 0).UTC(), json.RawMessage(`{ "a": 1 }`), (*everything)(nil)} {
		want, _ := json.Marshal(v)
		if got := parley.Redact(v); !bytes.Equal(got, want) {
			t.Errorf("%v is %s, not %s", v, got, want)
		}
	}
}

// The types that would get around it.
type (
	writer   struct{ name parley.Private } // writes itself, and what it writes is not ours to see
	pointed  struct{ Name parley.Private } // is behind an unexported pointer
	outer    struct{ *pointed }
	texter   struct{ name []parley.Private }
	circle   struct{ Next any }
	shy      struct{ Name, Town string }
	liar     struct{ Name string }
	shyWords map[string]any
)

func (w writer) MarshalJSON() ([]byte, error) { return json.Marshal("I am " + string(w.name)) }
func (x *texter) MarshalText() ([]byte, error) {
	return []byte(x.name[0]), nil
}
func (s shy) Discreet() any { s.Name = ""; return s }
func (liar) Discreet() any  { return secret }
func (m shyWords) Discreet() any {
	shown := shyWords{}
	for k, v := range m {
		shown[k] = parley.Private(fmt.Sprint(v))
	}
	return shown
}

func TestNothingGetsAroundRedact(t *testing.T) {
	loop := &circle{}
	loop.Next = loop
	for _, c := range []struct {
		v    any
		want string
	}{
		{parley.Private(secret), `"[redacted]"`},
		{parley.Private(""), `""`},
		{nil, ""},
		{writer{secret}, ``},
		{[]any{&writer{secret}}, ``},
		{outer{&pointed{secret}}, `{"Name":"[redacted]"}`},
		{struct{ embedded }{embedded{secret}}, `{"deep":"[redacted]"}`},
		{map[parley.Private]int{secret: 1}, ``},
		{&texter{[]parley.Private{secret}}, ``},
		{loop, ``},
		{[]any{math.Inf(1), parley.Private(secret)}, ``},
		{shy{secret, "Lund"}, `{"Name":"","Town":"Lund"}`},
		{map[string]any{"x": &shy{secret, "Lund"}}, `{"x":{"Name":"","Town":"Lund"}}`},
		{liar{secret}, `{"Name":""}`},
		{struct{ M shyWords }{shyWords{"a": secret, "b": 7}}, `{"M":{"a":"[redacted]","b":"[redacted]"}}`},
	} {
		if got := parley.Redact(c.v); string(got) != c.want {
			t.Errorf("%T is %s, not %s", c.v, got, c.want)
		}
	}
	if parley.Redact(errors.New(secret)) == nil { // it has nothing that is written
		t.Error("an error cannot be written")
	}
}

func FuzzPrivateIsWrittenAsAString(f *testing.F) {
	for _, s := range []string{"", "Åsa", "a<b>&c", "\"\\", "\u2028\u2029", "\x00\x7f", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, escape := range []bool{true, false} {
			write := func(v any) string {
				var b bytes.Buffer
				e := json.NewEncoder(&b)
				e.SetEscapeHTML(escape)
				if err := e.Encode(v); err != nil {
					t.Fatal(err)
				}
				return b.String()
			}
			if got, want := write(parley.Private(s)), write(s); got != want {
				t.Errorf("%q is written %s, and as a string %s", s, got, want)
			}
		}
		if s != "" && string(parley.Redact([]any{parley.Private(s)})) != `["[redacted]"]` {
			t.Errorf("%q is shown", s)
		}
	})
}

func TestAnExchangeIsNotedForWhoeverListens(t *testing.T) {
	parley.NoteExchange(t.Context(), 1, 2, 200) // nobody does
	ctx, noted := parley.WithExchange(context.Background())
	if noted() != nil {
		t.Error("nothing was said yet")
	}
	parley.NoteExchange(ctx, parley.Private("who"), nil, 0)
	parley.NoteExchange(ctx, map[string]parley.Private{"who": secret}, "yes", 200)
	b, err := json.Marshal(noted())
	if want := `{"request":{"who":"[redacted]"},"answer":"yes","status":200}`; err != nil || string(b) != want {
		t.Errorf("%s (%v), want %s", b, err, want)
	}
}

func BenchmarkRedact(b *testing.B) {
	who := parley.Identity{Provider: "trustly", Issuer: "trustly", Subject: "s", PersonID: "SE199001012384", Name: "Åsa Öhman", FirstName: "Åsa", LastName: "Öhman",
		Gender: parley.Female, DateOfBirth: "1990-01-01", Address: parley.Address{Street: "Storgatan 1", City: "Umeå", Zip: "90325", Country: "SWE"}, IssuedAt: time.Unix(0, 0)}
	b.Run("redact", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			parley.Redact(who)
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			json.Marshal(who)
		}
	})
}
