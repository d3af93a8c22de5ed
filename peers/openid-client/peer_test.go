package openidclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"parley/sandbox"
)

// landing is where nobody listens: the browser of run.mjs stops before it.
const landing = "http://127.0.0.1:9/landing"

func TestClientsThatSomebodyElseWrote(t *testing.T) {
	if os.Getenv("PARLEY_NODE") != "1" {
		t.Skip("set PARLEY_NODE=1 to run openid-client and oauth4webapi with Node")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if _, err := os.Stat("node_modules"); errors.Is(err, os.ErrNotExist) {
		if out, err := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	node := exec.CommandContext(ctx, "node", "--test", "run.mjs")
	node.Env = append(os.Environ(), "PARLEY_SANDBOX="+start(t, "approve"), "PARLEY_SANDBOX_DENY="+start(t, "deny"))
	out, err := node.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("fail 0")) || !bytes.Contains(out, []byte("skipped 0")) || bytes.Contains(out, []byte("tests 0")) {
		t.Fatal("node: ", err)
	}
}

// start starts a sandbox whose person acts by themselves, and returns its links as one document.
func start(t *testing.T, auto string) string {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Options{Auto: auto, RedirectURIs: []string{landing}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	links, err := json.Marshal(s.Links())
	if err != nil {
		t.Fatal(err)
	}
	return string(links)
}
