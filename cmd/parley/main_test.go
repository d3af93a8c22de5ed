package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parley/sandbox"
	"parley/store"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is parley too, for the scripts and for the tests that start it and kill it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"parley": main})
}

func TestScripts(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../docs/operators/parley.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	bank, err := os.ReadFile("../../docs/banks/parley.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for name, value := range map[string]string{
				"PARLEY_SECRET": strings.Repeat("s", 48), "OPERATOR_PASSWORD": "operator-password",
				"OPERATOR_WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", "TRUSTLY_PASSWORD": "trustly-password",
				"TRUSTLY_KEY":        string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
				"TRUSTLY_PUBLIC_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
				"EID_SECRET":         "eid-secret-0123456789", "SHOP_SECRET": "shop-secret-0123456789",
			} {
				env.Setenv(name, value)
			}
			return errors.Join(os.WriteFile(filepath.Join(env.WorkDir, "parley.example.yaml"), example, 0o600), os.WriteFile(filepath.Join(env.WorkDir, "bank.example.yaml"), bank, 0o600))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// sql DATABASE STATEMENT changes a database behind everybody's back.
			"sql": func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(change(ts.MkAbs(args[0]), args[1])) },
			// occupy NAME takes a port and puts its number into the environment.
			"occupy": func(ts *testscript.TestScript, _ bool, args []string) {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				ts.Check(err)
				ts.Defer(func() { l.Close() })
				ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
			},
		},
	})
}

// buffer is what a process has printed so far.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// process is a parley that was started.
type process struct {
	*exec.Cmd
	t      *testing.T
	first  string // its first line
	stderr *buffer
	ended  chan error
}

// start runs parley as a process of its own and returns when it has printed a line.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command("parley", args...), t: t, stderr: &buffer{}, ended: make(chan error, 1)}
	p.Stderr = p.stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	lines := bufio.NewReader(out)
	if p.first, err = lines.ReadString('\n'); err != nil {
		p.Wait()
		t.Fatalf("parley %v: %v\n%s", args, err, p.stderr)
	}
	go func() {
		io.Copy(io.Discard, lines)
		p.ended <- p.Wait()
	}()
	return p
}

// stop asks the process to stop and fails unless it ends well.
func (p *process) stop(with os.Signal) {
	p.t.Helper()
	if err := p.Process.Signal(with); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("it ended with %v\n%s", err, p.stderr)
		}
	case <-time.After(20 * time.Second):
		p.t.Errorf("it did not end\n%s", p.stderr)
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.Process.Signal(syscall.SIGKILL)
	<-p.ended
}

// person is a browser that somebody with the simulated people's good will sits at.
func person() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: 30 * time.Second}
}

// deposit presses the shop's button and follows wherever that leads. With -auto approve nobody needs to click, but the page in which
// Trustly's person waits is looked at again until it leads on.
func deposit(ctx context.Context, browser *http.Client, l sandbox.Links) (body string, err error) {
	do := func(method, to, form string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(form))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Accept", "text/html")
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		body = string(b)
		return res, err
	}
	res, err := do(http.MethodPost, l.Shop+"/start", url.Values{"provider": {"trustly"}, "what": {"deposit"}}.Encode())
	for err == nil && !strings.HasPrefix(res.Request.URL.String(), l.Shop+"/callback") {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return body, ctx.Err()
		}
		res, err = do(http.MethodGet, res.Request.URL.String(), "")
	}
	return body, err
}

func read(t *testing.T, line string) (l sandbox.Links) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &l); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return l
}

func TestTheSandboxPrintsItsAddressesServesAndStops(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			p := start(t, "sandbox", "-json", "-port", "0", "-auto", "approve", "-data", data, "-redirect-uri", "https://mine.example/back")
			l := read(t, p.first)
			if l.Merchant != sandbox.Merchant || len(l.Clients) != 3 || l.Auto != "approve" || l.Clients[0].RedirectURIs[1] != "https://mine.example/back" {
				t.Errorf("%+v", l)
			}
			body, err := deposit(t.Context(), person(), l)
			if err != nil || !strings.Contains(body, "500 kr") {
				t.Errorf("%v\n%s", err, body)
			}
			verified(t, data) // while it is in use
			p.stop(signal)
			verified(t, data)
		})
	}
}

func TestTheSandboxBeginsWithWhatToOpen(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var out, log buffer
	code := make(chan int)
	go func() { code <- run(ctx, []string{"sandbox", "-port", "0", "-v"}, nil, &out, &log) }()
	until(t, func() bool { return strings.Contains(out.String(), "Ctrl-C") })
	home, rest, _ := strings.Cut(strings.TrimSpace(out.String()), "\n")
	shop, _, _ := strings.Cut(rest, "\n")
	if !strings.HasPrefix(home, "Open this: ") || !strings.HasSuffix(shop, "/shop") {
		t.Error(out.String())
	}
	res, err := http.Get(strings.Fields(home)[2])
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	res.Body.Close()
	stop()
	if c := <-code; c != well {
		t.Errorf("%d\n%s", c, &log)
	}
}

// until waits for something to become true.
func until(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come true")
		}
	}
}

// verified fails unless all that must hold holds in the folder.
func verified(t *testing.T, data string) {
	t.Helper()
	var out bytes.Buffer
	if code := run(t.Context(), []string{"verify", "-data", data}, nil, &out, &out); code != well {
		t.Errorf("verify: %d\n%s", code, &out)
	}
}

func TestWhateverTheMomentItIsKilledInItStartsAgainAndAllHolds(t *testing.T) {
	// The parties die with the sandbox, so what was on its way to them cannot end well; what the database says must hold all the same.
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			for round := range 3 {
				seed := mrand.Uint64()
				random := mrand.New(mrand.NewPCG(seed, 0))
				p := start(t, "sandbox", "-json", "-port", "0", "-auto", "approve", "-data", data)
				l := read(t, p.first)
				ctx, cancel := context.WithCancel(t.Context())
				var people sync.WaitGroup
				for range 3 {
					people.Go(func() {
						for ctx.Err() == nil {
							if _, err := deposit(ctx, person(), l); err != nil {
								return
							}
						}
					})
				}
				// The moment is random on purpose, so nothing is waited for.
				time.Sleep(time.Duration(random.IntN(250)) * time.Millisecond)
				p.kill()
				cancel()
				people.Wait()
				verified(t, data)
				if t.Failed() {
					t.Fatalf("round %d, seed %d", round, seed)
				}
			}
			p := start(t, "sandbox", "-json", "-port", "0", "-auto", "approve", "-data", data)
			if body, err := deposit(t.Context(), person(), read(t, p.first)); err != nil || !strings.Contains(body, "500 kr") {
				t.Errorf("%v\n%s", err, body)
			}
			p.stop(os.Interrupt)
			verified(t, data)
		})
	}
}

func TestTheServerServesUntilItIsStoppedAndLetsRequestsEnd(t *testing.T) {
	held, letGo := make(chan struct{}), make(chan struct{})
	// An OpenID provider that thinks for a while: the request that waits for it must not be cut off.
	var once sync.Once
	idp := http.NewServeMux()
	var issuer string
	idp.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(held) })
		<-letGo
		json.NewEncoder(w).Encode(map[string]any{"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/jwks",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer = "http://" + l.Addr().String()
	server := &http.Server{Handler: idp}
	go server.Serve(l)
	defer server.Close()

	t.Setenv("PARLEY_TEST_SECRET", strings.Repeat("s", 40))
	data := t.TempDir()
	file := filepath.Join(t.TempDir(), "parley.yaml")
	text := fmt.Sprintf(`listen: 127.0.0.1:0
issuer: http://127.0.0.1:9
data: %s
secret: {env: PARLEY_TEST_SECRET}
allow_private_addresses: true
log_level: debug
merchants:
  - id: 7
    name: Test
    operator: {url: "http://127.0.0.1:9/{action}"}
    providers:
      - {name: idp, oidc: {issuer: %q, client_id: parley}}
    clients:
      - {id: app, auth: none, redirect_uris: ["http://127.0.0.1/back"]}
`, data, issuer)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "serve", "-config", file)
	at := "http://" + strings.Fields(p.first)[3]
	res, err := http.Get(at + "/healthz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	res.Body.Close()

	answered := make(chan string, 1)
	go func() {
		browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := browser.Get(at + "/oauth/authorize?" + url.Values{"client_id": {"app"}, "redirect_uri": {"http://127.0.0.1/back"}, "response_type": {"code"}, "state": {"0123456789"},
			"scope": {"openid"}, "identity_provider": {"idp"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}}.Encode())
		if err != nil {
			answered <- err.Error()
			return
		}
		res.Body.Close()
		answered <- res.Header.Get("Location")
	}()
	select {
	case <-held:
	case to := <-answered:
		t.Fatalf("it went to %s\n%s", to, p.stderr)
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { // it takes no more
		c, err := net.Dial("tcp", strings.TrimPrefix(at, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(letGo)
	if to := <-answered; !strings.HasPrefix(to, issuer+"/authorize?") {
		t.Errorf("the request that was under way went to %q\n%s", to, p.stderr)
	}
	if err := <-p.ended; err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
	var line struct{ Msg string }
	if first, _, _ := strings.Cut(p.stderr.String(), "\n"); json.Unmarshal([]byte(first), &line) != nil || line.Msg == "" {
		t.Errorf("the log is not JSON: %s", p.stderr)
	}
	verified(t, data)
	s, err := store.OpenReadOnly(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if runs, err := s.Runs(t.Context(), "", 2); err != nil || len(runs) != 1 {
		t.Errorf("%v %v", runs, err)
	}
}
