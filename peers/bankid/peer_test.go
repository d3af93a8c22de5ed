package bankid

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"parley/sim"
)

func TestAClientThatSomebodyElseWrote(t *testing.T) {
	if os.Getenv("PARLEY_NODE") != "1" {
		t.Skip("set PARLEY_NODE=1 to run bankid with Node")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if _, err := os.Stat("node_modules"); errors.Is(err, os.ErrNotExist) {
		if out, err := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	bankid := sim.NewBankID(sim.BankIDOptions{})
	srv := httptest.NewServer(bankid)
	defer srv.Close()
	node := exec.CommandContext(ctx, "node", "--test", "run.mjs")
	node.Env = append(os.Environ(), "PARLEY_BANKID="+srv.URL)
	out, err := node.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("fail 0")) || !bytes.Contains(out, []byte("skipped 0")) || bytes.Contains(out, []byte("tests 0")) {
		t.Fatal("node: ", err)
	}
	if c := bankid.Complaints(); c != nil {
		t.Errorf("the simulated BankID complains of a client that is used by others: %v", c)
	}
}
