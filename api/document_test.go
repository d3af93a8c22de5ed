package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"parley/api"
	"parley/api/apitest"
	"parley/savehack"
)

var update = flag.Bool("update", false, "rewrite docs/banks/openapi.json")

func TestTheDocumentInDocsIsCurrent(t *testing.T) {
	const file = "../docs/banks/openapi.json"
	document, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, document, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || !bytes.Equal(kept, document) {
		t.Errorf("%s is not what the table says (%v): run go test ./api -run TestTheDocument -update", file, err)
	}
}

func TestTheDocumentIsServedToAnybody(t *testing.T) {
	r := newRig(t)
	got := r.bank().without("Authorization").get("/openapi.json").is(200)
	if document, _ := api.Document(); got.body != string(document) {
		t.Error("another document is served than the table makes")
	}
}

// every calls f with each value of a document that stands under a name, and its pointer.
func every(node any, name, at string, f func(parent map[string]any, at string)) {
	switch n := node.(type) {
	case map[string]any:
		if _, there := n[name]; there {
			f(n, at)
		}
		for key, inner := range n {
			if name != key {
				every(inner, name, at+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key), f)
			}
		}
	case []any:
		for _, inner := range n {
			every(inner, name, at, f)
		}
	}
}

func TestEveryExampleIsAsItsSchemaSays(t *testing.T) {
	v, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := api.Document()
	var document any
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	n := 0
	every(document, "example", "", func(parent map[string]any, at string) {
		n++
		example, _ := json.Marshal(parent["example"])
		if err := v.Check(at+"/schema", example); err != nil {
			t.Errorf("the example at %s: %v", at, err)
		}
	})
	if n < 40 {
		t.Errorf("only %d examples were found", n)
	}
}

func TestEveryReferenceLeadsSomewhereAndEveryOperationIsNamedOnce(t *testing.T) {
	raw, _ := api.Document()
	var document map[string]any
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	every(document, "$ref", "", func(parent map[string]any, at string) {
		var here any = document
		for part := range strings.SplitSeq(strings.TrimPrefix(parent["$ref"].(string), "#/"), "/") {
			in, _ := here.(map[string]any)
			here = in[part]
		}
		if here == nil {
			t.Errorf("%s refers to %s, which is not there", at, parent["$ref"])
		}
	})
	ids := map[string]bool{}
	every(document, "operationId", "", func(parent map[string]any, at string) {
		id := parent["operationId"].(string)
		if ids[id] {
			t.Errorf("two operations are called %s", id)
		}
		ids[id] = true
	})
}

// A launch shows the parameters of its kind beside what all launches have, so none may be called the same.
func TestNoParameterOfASavehackIsCalledLikeAFieldOfLaunches(t *testing.T) {
	common, _ := json.Marshal(api.Launch{PausedUntil: api.Time{}, MonthlyCapCents: 1, TransferConsentID: "x"})
	var fields map[string]any
	if err := json.Unmarshal(common, &fields); err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{"stoppedAt", "pausedAt", "pausedUntil", "startedAt", "createdAt", "dreamId", "savehackId", "obsoleteSavehackLaunchId", "dreamInspiration"} {
		fields[more] = true
	}
	for _, k := range savehack.Kinds() {
		var schema struct {
			Properties map[string]any `json:"properties"`
		}
		if err := json.Unmarshal(k.Schema, &schema); err != nil {
			t.Fatal(err)
		}
		for name := range schema.Properties {
			if fields[name] != nil {
				t.Errorf("%s has a parameter %s, which all launches have", k.Name, name)
			}
		}
	}
}
