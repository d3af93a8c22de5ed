package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/engine"
	"parley/house"
	"parley/savings"
	"parley/store"
)

// The partner of the savings benchmarks, and its one client.
const (
	benchBank       = "bank"
	benchBankSecret = "bank-secret-0123456789"
)

// benchHouse is a house with one partner, over a fresh database.
func benchHouse(ctx context.Context, issuer string, now func() time.Time) (h *house.House, db *store.Store, folder string, end func(), err error) {
	if folder, err = os.MkdirTemp("", "parley-bench-"); err != nil {
		return nil, nil, "", nil, err
	}
	undo := []func(){func() { os.RemoveAll(folder) }}
	end = func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	if db, err = store.OpenSQLite(ctx, folder); err == nil {
		undo = append(undo, func() { db.Close() })
		h, err = house.New(ctx, house.Config{Issuer: issuer, Secret: house.Secret{Value: strings.Repeat("s", 32)}, AllowPrivate: true,
			Partners: []house.Partner{{ID: benchBank, Currency: "SEK", Country: "SE", Zone: "Europe/Stockholm",
				Clients: []house.PartnerClient{{ID: benchBank, Secret: house.Secret{Value: benchBankSecret}}}}}},
			house.Parts{Store: db, Log: slog.New(slog.DiscardHandler), Now: now})
	}
	if err != nil {
		end()
		return nil, nil, "", nil, err
	}
	undo = append(undo, func() { h.Stop(context.WithoutCancel(ctx)) })
	return h, db, folder, end, nil
}

// accountFigures are how fast a bank's program opens accounts, over HTTP, each with a token that is verified.
type accountFigures struct {
	Accounts int        `json:"accounts"`
	AtOnce   int        `json:"at_once"`
	Users    postFigure `json:"users"`    // POST /v1/users
	New      postFigure `json:"new"`      // POST /v1/accounts, the first time
	Repeated postFigure `json:"repeated"` // the same once more, which opens none
	CPU      float64    `json:"cpu_ms_per_account,omitempty"`
	Bytes    float64    `json:"bytes_per_account"` // of the database, user and journey included
	Problem  string     `json:"first_problem,omitempty"`
}

type postFigure struct {
	Failed    int     `json:"failed"`
	PerSecond float64 `json:"per_second"`
	P50Millis float64 `json:"p50_ms"`
	P99Millis float64 `json:"p99_ms"`
}

func (r benchRound) figure() postFigure {
	f := postFigure{Failed: r.Failed, PerSecond: float64(len(r.Times)) / r.Took.Seconds()}
	if len(r.Times) > 0 {
		slices.Sort(r.Times)
		f.P50Millis, f.P99Millis = quantile(r.Times, 0.5), quantile(r.Times, 0.99)
	}
	return f
}

// quantile is a quantile of times that are sorted, in milliseconds.
func quantile(times []time.Duration, q float64) float64 {
	return float64(times[min(int(q*float64(len(times))), len(times)-1)].Microseconds()) / 1000
}

// benchAccounts measures POST /accounts: Parley in this process, the bank's program in another.
func benchAccounts(ctx context.Context, n, atOnce int) (out accountFigures, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return out, err
	}
	defer listener.Close()
	issuer := "http://" + listener.Addr().String()
	h, _, folder, end, err := benchHouse(ctx, issuer, nil)
	if err != nil {
		return out, err
	}
	defer end()
	h.Start()
	server := &http.Server{Handler: h.Handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	defer server.Close()
	in, heard, over, err := companion(ctx, "-bank", issuer)
	if err != nil {
		return out, err
	}
	defer over()
	ask := func(what string, n int) (r benchRound, err error) {
		fmt.Fprintf(in, "%s %d %d\n", what, n, atOnce)
		line, err := heard.ReadBytes('\n')
		if err != nil {
			return r, fmt.Errorf("the other process: %w", err)
		}
		return r, json.Unmarshal(line, &r)
	}
	if _, err := ask("warm", 2*atOnce); err != nil { // connections, statements and keys are there then
		return out, err
	}
	size := folderSize(folder)
	users, err := ask("users", n)
	if err != nil {
		return out, err
	}
	busy := processorTime()
	fresh, err := ask("accounts", n)
	if err != nil {
		return out, err
	}
	out = accountFigures{Accounts: n, AtOnce: atOnce, Users: users.figure(), New: fresh.figure(), CPU: (processorTime() - busy).Seconds() * 1000 / float64(n), Bytes: float64(folderSize(folder)-size) / float64(n)}
	again, err := ask("again", n)
	out.Repeated, out.Problem = again.figure(), cmp.Or(users.Problem, fresh.Problem, again.Problem)
	return out, err
}

func sayAccounts(t terminal, f accountFigures, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(t.out).Encode(f)
	}
	fmt.Fprintf(t.out, "%d accounts, %d at once\n\n", f.Accounts, f.AtOnce)
	for _, line := range []struct {
		what string
		postFigure
	}{{"POST /users", f.Users}, {"POST /accounts, new", f.New}, {"POST /accounts, repeated", f.Repeated}} {
		fmt.Fprintf(t.out, "  %-24s  %8.1f a second, %6.1f ms at the median, %6.1f ms at the 99th percentile, %d failed\n", line.what, line.PerSecond, line.P50Millis, line.P99Millis, line.Failed)
	}
	fmt.Fprintf(t.out, "\n  %8.2f  ms of processor time an account, of Parley alone\n  %8.0f  bytes of database an account, its user and the journey included\n", f.CPU, f.Bytes)
	if f.Problem != "" {
		fmt.Fprintf(t.out, "\nThe first that failed: %s\n", f.Problem)
	}
	return nil
}

// benchBankProgram is the other process: the bank's program. For each line, a word and two numbers, it makes so many requests, so many at once.
func benchBankProgram(ctx context.Context, t terminal, parley string) error {
	p := &bankProgram{base: parley + "/v1", http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1024}, Timeout: time.Minute}}
	if err := p.login(ctx, parley); err != nil {
		return err
	}
	say, lines := json.NewEncoder(t.out), bufio.NewScanner(t.in)
	for lines.Scan() {
		var what string
		var n, atOnce int
		if _, err := fmt.Sscan(lines.Text(), &what, &n, &atOnce); err != nil {
			return err
		}
		var one func(i int) error
		switch what {
		case "users", "warm":
			p.users = make([]string, n)
			one = func(i int) (err error) {
				p.users[i], err = p.user(ctx, fmt.Sprintf("%s-%08d", what, i))
				return err
			}
		case "accounts":
			one = func(i int) error { return p.account(ctx, p.users[i], http.StatusCreated) }
		default:
			one = func(i int) error { return p.account(ctx, p.users[i], http.StatusOK) }
		}
		if err := say.Encode(together(n, atOnce, one)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// together does something n times, so many at once, and measures each.
func together(n, atOnce int, one func(i int) error) (r benchRound) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	turns := make(chan int)
	begun := time.Now()
	for range atOnce {
		wg.Go(func() {
			for i := range turns {
				at := time.Now()
				err := one(i)
				took := time.Since(at)
				mu.Lock()
				if err != nil {
					r.Failed++
					r.Problem = cmp.Or(r.Problem, err.Error())
				} else {
					r.Times = append(r.Times, took)
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		turns <- i
	}
	close(turns)
	wg.Wait()
	r.Took = time.Since(begun)
	return r
}

// bankProgram is a program of the bank's.
type bankProgram struct {
	base, token string
	http        *http.Client
	users       []string
}

func (p *bankProgram) login(ctx context.Context, parley string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, parley+"/oauth/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(benchBank, benchBankSecret)
	var got struct {
		Token string `json:"access_token"`
	}
	err = p.do(req, http.StatusOK, &got)
	p.token = got.Token
	return err
}

func (p *bankProgram) post(ctx context.Context, path string, what any, status int, into any) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+p.token)
	return p.do(req, status, into)
}

func (p *bankProgram) do(req *http.Request, status int, into any) error {
	res, err := p.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != status {
		err = fmt.Errorf("%s %s was answered %d, not %d: %s", req.Method, req.URL.Path, res.StatusCode, status, body)
	}
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func (p *bankProgram) user(ctx context.Context, external string) (string, error) {
	var got struct{ User struct{ ID string } }
	err := p.post(ctx, "/users", map[string]any{"user": map[string]any{"externalId": external}}, http.StatusCreated, &got)
	if err == nil && got.User.ID == "" {
		err = errors.New("a user without an id")
	}
	return got.User.ID, err
}

func (p *bankProgram) account(ctx context.Context, user string, status int) error {
	return p.post(ctx, "/accounts", map[string]any{"account": map[string]any{"type": "SharedSavings", "userId": user, "externalId": "dreams"}}, status, nil)
}

// dueFigures are what a night costs in which every user has one deposit due.
type dueFigures struct {
	Launches     int     `json:"launches"`
	Deposits     int     `json:"deposits"`
	Seconds      float64 `json:"seconds"`
	PerSecond    float64 `json:"launches_per_second"`
	CPUMillis    float64 `json:"cpu_ms_per_launch,omitempty"`
	Transactions float64 `json:"transactions_per_launch"`
	Commits      float64 `json:"commits_per_launch"`
	BytesEach    float64 `json:"bytes_per_launch"` // of database
	PeakBytes    float64 `json:"peak_bytes,omitempty"`
}

// benchDue measures the night after n people have launched a daily savehack.
func benchDue(ctx context.Context, n int) (out dueFigures, err error) {
	evening := time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)
	now := evening
	h, db, folder, end, err := benchHouse(ctx, "http://127.0.0.1:1", func() time.Time { return now })
	if err != nil {
		return out, err
	}
	defer end()
	if err := launchAll(ctx, h, db, n, evening); err != nil {
		return out, fmt.Errorf("load: %w", err)
	}
	now = evening.Add(12 * time.Hour)
	h.Engine.Start()
	size, transactions, commits := folderSize(folder), int64(0), int64(0)
	transactions, commits = db.Commits()
	peak, stop := watchMemory()
	busy, begun := processorTime(), time.Now()
	for {
		did, err := h.Savings.Work(ctx)
		if err != nil {
			stop()
			return out, err
		}
		if did == 0 {
			break
		}
	}
	took := time.Since(begun)
	stop()
	after, made := db.Commits()
	each := float64(n)
	out = dueFigures{Launches: n, Seconds: took.Seconds(), PerSecond: each / took.Seconds(), CPUMillis: (processorTime() - busy).Seconds() * 1000 / each, Transactions: float64(after-transactions) / each,
		Commits: float64(made-commits) / each, BytesEach: float64(folderSize(folder)-size) / each, PeakBytes: *peak}
	err = db.DB().QueryRowContext(ctx, `SELECT COUNT(*) FROM savings_transaction`).Scan(&out.Deposits)
	return out, err
}

// launchAll writes people with an account, a dream and a daily savehack, as the books' own operations make them, many in a transaction.
func launchAll(ctx context.Context, h *house.House, db *store.Store, n int, at time.Time) error {
	const together = 500
	partner := h.Savings.Partners[benchBank]
	for from := 0; from < n; from += together {
		var batch []engine.Write
		for i := from; i < min(from+together, n); i++ {
			b := (&savings.Book{}).Begin(partner, savings.Turn{Now: at, NewID: engine.NewID})
			if _, err := b.CreateUser(savings.NewUser{ExternalID: fmt.Sprintf("user-%08d", i)}, savings.ArrowUserPosted); err != nil {
				return err
			}
			if _, _, err := b.OpenAccount(savings.NewAccount{Type: savings.SharedSavings, ExternalID: "dreams"}); err != nil {
				return err
			}
			d, err := b.CreateDream(savings.NewDream{Name: "A bicycle", Target: 1_000_000})
			if err == nil {
				_, err = b.LaunchSavehack(savings.NewLaunch{Dream: d.ID, Kind: "Daily", Params: json.RawMessage(`{"amountCents":1000}`)})
			}
			if err != nil {
				return err
			}
			b.User.Journey = "" // how they came is not drawn, so there is no run to tell of more
			for _, w := range b.Writes() {
				batch = append(batch, w)
			}
		}
		if err := db.Apply(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// watchMemory looks every few milliseconds at how much memory the process has, until stop.
func watchMemory() (peak *float64, stop func()) {
	peak = new(float64)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			*peak = max(*peak, residentBytes())
			select {
			case <-tick.C:
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return peak, func() { close(done); <-gone }
}

func sayDue(t terminal, f dueFigures, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(t.out).Encode(f)
	}
	fmt.Fprintf(t.out, "%d launches due in one night, %d deposits made in %.1f s\n\n", f.Launches, f.Deposits, f.Seconds)
	fmt.Fprintf(t.out, "  %8.1f  launches a second\n  %8.2f  ms of processor time a launch\n  %8.2f  transactions a launch, in %.3f commits\n  %8.0f  bytes of database a launch\n",
		f.PerSecond, f.CPUMillis, f.Transactions, f.Commits, f.BytesEach)
	if f.PeakBytes > 0 {
		fmt.Fprintf(t.out, "  %8.0f  MiB of memory at most\n", f.PeakBytes/(1<<20))
	}
	return nil
}
