package trustly

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
)

// ourKey and theirKey are made once: RSA keys are slow to make.
var ourKey, theirKey = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func TestVectorsOfTheTestEnvironmentVerify(t *testing.T) {
	shared := os.Getenv("PARLEY_SHARED")
	if shared == "" {
		t.Skip("PARLEY_SHARED is not set: it names the folder that has vectors/trustly.json")
	}
	text, err := os.ReadFile(filepath.Join(shared, "vectors", "trustly.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Keys    map[string]string
		Vectors []struct {
			ID                                         int
			Method, UUID, Plaintext, Signature, Expect string
			Data                                       json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	key, err := ParsePublicKey([]byte(file.Keys["trustly_test_public"]))
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) == 0 {
		t.Fatal("no vectors")
	}
	for _, v := range file.Vectors {
		data, err := parse(v.Data)
		if err != nil {
			t.Fatalf("vector %d: %v", v.ID, err)
		}
		if got := v.Method + v.UUID + serialize(data); got != v.Plaintext {
			t.Errorf("vector %d: plaintext\n got %s\nwant %s", v.ID, got, v.Plaintext)
		}
		if valid := verify(key, v.Signature, v.Method, v.UUID, data) == nil; valid != (v.Expect == "valid") {
			t.Errorf("vector %d: valid is %v, want %s", v.ID, valid, v.Expect)
		}
	}
}

func TestSerialization(t *testing.T) {
	for in, want := range map[string]string{
		`{"MyKey":"MyValue","MyArray":["Element1","Element2",{"mykey2":"myvalue2"}]}`: "MyArrayElement1Element2mykey2myvalue2MyKeyMyValue",
		`{"öäå":3,"äåö":2,"åöä":1}`:                                                   "äåö2åöä1öäå3",
		`{"URLTarget":"a","UnchangeableN":"b"}`:                                       "URLTargetaUnchangeableNb", // bytes, not a dictionary
		`{"Idx":"2","IP":"1"}`:                                                        "IP1Idx2",
		`{"b":null,"a":{"c":null}}`:                                                   "acb",
		`{"n":11.00,"m":1e2,"big":12345678901234567890}`:                              "big12345678901234567890m1e2n11.00",
		`{"l":[0,1,2,3,4,5,6,7,8,9,10,11]}`:                                           "l01234567891011",
		`{"e":{},"f":[]}`:                                                             "ef",
		`{"html":"<&>\u00e5 \u2028"}`:                                                 "html<&>å \u2028",
	} {
		got, err := parse([]byte(in))
		if err != nil || serialize(got) != want {
			t.Errorf("%s: got %q, %v; want %q", in, serialize(got), err, want)
		}
	}
}

func TestAmbiguousJSONIsRefused(t *testing.T) {
	for _, in := range []string{
		``, `null`, `[]`, `"text"`, `{`, `{"a":1,}`, `{"a":1}{}`, `{"a":1} x`, `{"a" 1}`, "{\"a\":\"\xff\"}",
		`{"a":1,"a":2}`, `{"x":{"a":1,"b":2,"a":1}}`, `{"a":true}`, `{"a":[false]}`, `{"a":]}`,
		strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
	} {
		if _, err := parse([]byte(in)); err == nil {
			t.Errorf("%s was taken", in)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"MyKey":"MyValue","MyArray":["Element1",{"k":null}],"n":1.50}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		tree, err := parse(in)
		if err != nil {
			return
		}
		// What is read and written again is read the same and signed the same.
		out, err := encode(tree)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(out)
		if err != nil {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		if serialize(tree) != serialize(again) {
			t.Fatalf("%q is signed as %q and then as %q", in, serialize(tree), serialize(again))
		}
	})
}

func TestKeysInEveryUsualForm(t *testing.T) {
	pkcs8, _ := x509.MarshalPKCS8PrivateKey(ourKey())
	pkix, _ := x509.MarshalPKIXPublicKey(&ourKey().PublicKey)
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for _, text := range [][]byte{block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(ourKey())), block("PRIVATE KEY", pkcs8)} {
		if key, err := ParsePrivateKey(text); err != nil || !key.Equal(ourKey()) {
			t.Errorf("private key: %v", err)
		}
	}
	for _, text := range [][]byte{block("PUBLIC KEY", pkix), block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&ourKey().PublicKey))} {
		if key, err := ParsePublicKey(text); err != nil || !key.Equal(&ourKey().PublicKey) {
			t.Errorf("public key: %v", err)
		}
	}
	for _, text := range [][]byte{nil, []byte("text"), block("PRIVATE KEY", []byte("x"))} {
		if _, err := ParsePrivateKey(text); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%q is a private key", text)
		}
		if _, err := ParsePublicKey(text); parley.KindOf(err) != parley.KindInvalid {
			t.Errorf("%q is a public key", text)
		}
	}
}

func TestMessageIDsFitAndDoNotCollide(t *testing.T) {
	seen := map[string]string{}
	for _, key := range []string{"01JD3W/identify", "01JD3W_identify", "01JD3W-identify", "", strings.Repeat("a", 200), strings.Repeat("a", 201),
		"åäö", "åäå", "a b", "a/b", "a_b", "a-b"} {
		id := messageID(key)
		if len(id) > 56 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			t.Errorf("%q became %q", key, id)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q are both %q", key, other, id)
		}
		if seen[id] = key; id != messageID(key) {
			t.Errorf("%q is not always %q", key, id)
		}
	}
}

func TestAmountsAsTrustlyWritesThem(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency parley.Currency
		want     string
	}{{10300, "SEK", "103.00"}, {5, "EUR", "0.05"}, {10000, "HUF", "100"}, {10050, "HUF", ""}, {100, "JPY", ""}, {1000, "KWD", ""}} {
		if got, ok := decimal(parley.Money{Minor: c.minor, Currency: c.currency}); got != c.want && ok {
			t.Errorf("%d %s: %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
	if got, ok := limit(parley.Money{Minor: 10050, Currency: "HUF"}); got != "100" || !ok {
		t.Errorf("a limit of 100.50 forints is %q", got)
	}
	for text, want := range map[string]int64{"902.50": 90250, "11": 1100, "11.5": 1150, "5.00000000000000000000": 500, "0.10": 10} {
		if got, err := amount(text, "SEK"); err != nil || got.Minor != want {
			t.Errorf("%s: %v, %v", text, got.Minor, err)
		}
	}
	for _, text := range []string{"", "-1", "1,5", "1e3", "0.005", "1.", ".5", "x"} {
		if got, err := amount(text, "SEK"); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	if _, err := amount("1", "sek"); err == nil {
		t.Error("a currency in lower case was taken")
	}
}

func TestTimesAsTrustlyWritesThem(t *testing.T) {
	for text, want := range map[string]string{
		"2010-01-20 14:42:04.675645+01": "2010-01-20T13:42:04.675645Z",
		"2015-03-12 15:14:18.61671+00":  "2015-03-12T15:14:18.61671Z",
		"2010-01-20 14:42:04+01":        "2010-01-20T13:42:04Z",
		"2010-01-20 14:42:04.5":         "2010-01-20T14:42:04.5Z",
		"2010-01-20 14:42:04.5+0530":    "2010-01-20T09:12:04.5Z",
		"2010-01-20T14:42:04.5+05:30":   "2010-01-20T09:12:04.5Z",
		"2010-01-20T14:42:04Z":          "2010-01-20T14:42:04Z",
		"yesterday":                     "0001-01-01T00:00:00Z",
		"":                              "0001-01-01T00:00:00Z",
	} {
		if got := moment(text).Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
