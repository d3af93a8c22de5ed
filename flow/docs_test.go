package flow_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/engine"
	"parley/flow"
)

var updateDocs = flag.Bool("update", false, "rewrite docs/flows from the tables")

const docs = "../docs/flows"

// page compares docs/flows/name with want, or rewrites it.
func page(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join(docs, name)
	if *updateDocs {
		if err := os.MkdirAll(docs, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table says; run go test ./flow -update", path)
	}
}

// flows are all flows.
func flows() []*engine.Table {
	return append((&flow.Desk{}).Tables(), (&flow.Savings{}).Tables()...)
}

func TestThePagesAreTheTables(t *testing.T) {
	var index strings.Builder
	index.WriteString("<!-- Generated from the flow tables by `go test ./flow -update`; do not edit. -->\n\n# Flows\n\n" +
		"A flow is a sequence diagram that runs. Each page is drawn from the table that the program runs, so it is what happens.\n\n" +
		"| Flow | What happens |\n|---|---|\n")
	wanted := []string{"README.md"}
	for _, table := range flows() {
		name := table.Name + ".md"
		page(t, name, table.Page())
		fmt.Fprintf(&index, "| [%s](%s) | %s |\n", table.Title, name, table.About)
		wanted = append(wanted, name)
	}
	page(t, "README.md", index.String())
	files, err := os.ReadDir(docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(wanted, f.Name()) {
			t.Errorf("%s/%s belongs to no flow", docs, f.Name())
		}
	}
}

// inOrder fails unless the words are among the names, in this order.
func inOrder(t *testing.T, names []string, words ...string) {
	t.Helper()
	at := 0
	for _, w := range words {
		i := slices.Index(names[at:], w)
		if i < 0 {
			t.Fatalf("%q does not come where the seed has it, in %q", w, names)
		}
		at += i + 1
	}
}

func names(t *testing.T, flowName string) []string {
	t.Helper()
	for _, table := range flows() {
		if table.Name == flowName {
			var all []string
			for _, a := range table.Arrows() {
				all = append(all, a.Name)
			}
			return all
		}
	}
	t.Fatalf("no flow is called %s", flowName)
	return nil
}

func TestTheFlowsSayWhatTheSeedSaysInItsOrder(t *testing.T) {
	inOrder(t, names(t, "sign-up-and-deposit"), "authorize sign in", "process sign in", "present authorization UI",
		"enter credentials, authorize or deny", "identity verified", "signin", "authorize", "process payment", "payment verified",
		"transfer", "redirect with authorization code", "token", "check_token")
	inOrder(t, names(t, "sign-in"), "authorize sign in", "process sign in", "present authorization UI",
		"enter credentials, authorize or deny", "identity verified", "signin", "redirect with authorization code", "token", "check_token")
	inOrder(t, names(t, "account-provisioning"), "launch SDK", "create dream", "launch savehack", "account provisioning requested",
		"callback: account provisioning requested", "initiate account provisioning", "return from callback", "account provision initiated",
		"launches started", "transactions prepared", "celebration", "POST /accounts", "dreams linked", "act on transactions", "create another dream")
	inOrder(t, names(t, "account-first"), "POST /users", "POST /accounts", "done", "launch SDK", "create dream")
}

func TestTheOperatorImplementsTheFourNotificationsOfTheSeed(t *testing.T) {
	for _, table := range (&flow.Desk{}).Tables() {
		if table.Name != "sign-up-and-deposit" {
			continue
		}
		_, section, ok := strings.Cut(table.Page(), "## What the Operator Platform must implement\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, name := range []string{"signin", "authorize", "transfer", "cancel"} {
			if !ok || !strings.Contains(section, "“"+name+"”") {
				t.Errorf("the operator is not told to implement %s", name)
			}
		}
		var cancels []engine.Arrow
		for _, a := range table.Arrows() {
			if a.Undo != "" {
				cancels = append(cancels, a)
			}
		}
		if len(cancels) != 1 || cancels[0].Name != "authorize" || cancels[0].Undo != "cancel" {
			t.Errorf("only authorize is taken back, with cancel: %+v", cancels)
		}
	}
}
