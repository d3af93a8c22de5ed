package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"parley/house"
	"parley/sandbox"
	"parley/store"
)

// figures are what a benchmark found. Times are of one whole deposit as the person sees it: from the shop's button to the shop's
// thanks, token and check_token included.
type figures struct {
	Flows            int     `json:"flows"`
	AtOnce           int     `json:"at_once"`
	Failed           int     `json:"failed"`
	Seconds          float64 `json:"seconds"`
	FlowsPerSecond   float64 `json:"flows_per_second"`
	P50Millis        float64 `json:"p50_ms"`
	P99Millis        float64 `json:"p99_ms"`
	CPUMillisPerFlow float64 `json:"cpu_ms_per_flow,omitempty"` // of Parley alone; zero where the system does not tell
	Transactions     float64 `json:"transactions_per_flow"`
	Commits          float64 `json:"commits_per_flow"` // of the database: transactions that gathered share one
	BytesPerFlow     float64 `json:"bytes_per_flow"`
	FirstProblem     string  `json:"first_problem,omitempty"`
}

const benchAbout = `parley bench makes complete deposits, from the shop's button to the shop's thanks, and says how many a second: Parley on SQLite in
one process, with every commit made durable, and everybody else in another, on the same machine.

  parley bench -flows 5000 -at-once 32
  parley bench -streams 5000     what it costs to hold so many waiting pages, each told of every change
  parley bench -accounts 5000    a bank's program opens so many accounts, and then asks for the same ones again
  parley bench -due 100000       the night in which so many daily savehacks are due`

// runBench measures complete deposits per second: Parley in this process, everybody else in another.
func runBench(ctx context.Context, t terminal, args []string) error {
	f := flags(t, "bench", benchAbout)
	flows := f.Int("flows", 2000, "how many deposits are made")
	atOnce := f.Int("at-once", 16, "how many people are at it at the same time")
	asJSON := f.Bool("json", false, "print one line of JSON")
	profile := f.String("profile", "", "write a processor profile of Parley to this `file`")
	streams := f.Int("streams", 0, "hold so many waiting pages open, in place of deposits")
	accounts := f.Int("accounts", 0, "open so many accounts, in place of deposits")
	due := f.Int("due", 0, "let so many launches be due in one night, in place of deposits")
	bank := f.String("bank", "", "for the other process: be the bank's program, of the Parley at this address")
	readers := f.Bool("readers", false, "for the other process: be the browsers that hold them")
	parties := f.String("parties", "", "for the other process: the address of Parley")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	if *parties != "" {
		return benchParties(ctx, t, *parties)
	}
	switch {
	case *readers:
		return benchReaders(ctx, t)
	case *bank != "":
		return benchBankProgram(ctx, t, *bank)
	case *flows < 1 || *atOnce < 1 || *streams < 0:
		return wrongUse("-flows and -at-once are at least 1, and -streams is no less than 0")
	case *accounts < 0 || *due < 0 || *accounts > 0 && *due > 0:
		return wrongUse("-accounts and -due are no less than 0, and one of them is given at most")
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	switch {
	case *streams > 0:
		out, err := benchStreams(ctx, t, *streams)
		if err != nil {
			return err
		}
		return sayStreams(t, out, *asJSON)
	case *accounts > 0:
		out, err := benchAccounts(ctx, *accounts, *atOnce)
		if err != nil {
			return err
		}
		return sayAccounts(t, out, *asJSON)
	case *due > 0:
		out, err := benchDue(ctx, *due)
		if err != nil {
			return err
		}
		return sayDue(t, out, *asJSON)
	}
	out, err := bench(ctx, *flows, *atOnce)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(t.out).Encode(out)
	}
	fmt.Fprintf(t.out, "%d deposits, %d at once, %d failed\n\n", out.Flows, out.AtOnce, out.Failed)
	fmt.Fprintf(t.out, "  %8.1f  complete deposits a second\n  %8.1f  ms at the median, %.1f ms at the 99th percentile\n", out.FlowsPerSecond, out.P50Millis, out.P99Millis)
	fmt.Fprintf(t.out, "  %8.2f  ms of processor time a deposit, of Parley alone\n  %8.1f  transactions a deposit, in %.1f commits\n  %8.0f  bytes of database a deposit\n",
		out.CPUMillisPerFlow, out.Transactions, out.Commits, out.BytesPerFlow)
	if out.FirstProblem != "" {
		fmt.Fprintf(t.out, "\nThe first that failed: %s\n", out.FirstProblem)
	}
	return nil
}

func bench(ctx context.Context, flows, atOnce int) (out figures, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return out, err
	}
	defer listener.Close()
	in, heard, end, err := companion(ctx, "-parties", "http://"+listener.Addr().String())
	if err != nil {
		return out, err
	}
	defer end()
	hear := func(v any) error {
		line, err := heard.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("the other process: %w", err)
		}
		return json.Unmarshal(line, v)
	}
	var config house.Config
	if err := hear(&config); err != nil {
		return out, err
	}
	folder, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(folder)
	db, err := store.OpenSQLite(ctx, folder)
	if err != nil {
		return out, err
	}
	defer db.Close()
	h, err := house.New(ctx, config, house.Parts{Store: db, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return out, err
	}
	h.Start()
	server := &http.Server{Handler: h.Handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	defer h.Stop(context.WithoutCancel(ctx))
	defer server.Close()

	ask := func(n, many int) (r benchRound, err error) {
		fmt.Fprintf(in, "%d %d\n", n, many)
		return r, hear(&r)
	}
	if _, err := ask(min(flows, 4*atOnce), atOnce); err != nil { // connections, statements and keys are there then
		return out, err
	}
	size, transactions, commits, busy := folderSize(folder), int64(0), int64(0), processorTime()
	transactions, commits = db.Commits()
	r, err := ask(flows, atOnce)
	if err != nil {
		return out, err
	}
	after, made := db.Commits()
	n := float64(flows)
	out = figures{
		Flows: flows, AtOnce: atOnce, Failed: r.Failed, Seconds: r.Took.Seconds(), FlowsPerSecond: float64(flows-r.Failed) / r.Took.Seconds(),
		CPUMillisPerFlow: (processorTime() - busy).Seconds() * 1000 / n, Transactions: float64(after-transactions) / n, Commits: float64(made-commits) / n,
		BytesPerFlow: float64(folderSize(folder)-size) / n, FirstProblem: r.Problem,
	}
	if len(r.Times) > 0 {
		slices.Sort(r.Times)
		out.P50Millis, out.P99Millis = quantile(r.Times, 0.5), quantile(r.Times, 0.99)
	}
	return out, nil
}

// companion starts this program again, as the other process: everybody but Parley. It is spoken to in lines, and ends with end.
func companion(ctx context.Context, args ...string) (in io.WriteCloser, out *bufio.Reader, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, nil, err
	}
	child := exec.CommandContext(ctx, self, append([]string{"bench"}, args...)...)
	child.Stderr = os.Stderr
	if in, err = child.StdinPipe(); err != nil {
		return nil, nil, nil, err
	}
	lines, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	return in, bufio.NewReaderSize(lines, 1<<20), func() { in.Close(); child.Wait() }, err
}

// benchRound is what the other process says of one round.
type benchRound struct {
	Took    time.Duration
	Times   []time.Duration
	Failed  int
	Problem string
}

// benchParties is the other process: everybody but Parley. It says how Parley is to be configured, and then, for each line with two
// numbers, has so many people make a deposit, so many at once.
func benchParties(ctx context.Context, t terminal, parley string) error {
	s, err := sandbox.Start(ctx, sandbox.Options{Elsewhere: parley})
	if err != nil {
		return err
	}
	defer s.Close(context.WithoutCancel(ctx))
	say := json.NewEncoder(t.out)
	if err := say.Encode(s.Config); err != nil {
		return err
	}
	for {
		var n, atOnce int
		if _, err := fmt.Fscanln(t.in, &n, &atOnce); err != nil {
			return nil // the other process is done with us
		}
		if err := say.Encode(benchPeople(ctx, s, n, atOnce)); err != nil {
			return err
		}
	}
}

func benchPeople(ctx context.Context, s *sandbox.Sandbox, n, atOnce int) (r benchRound) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	turns := make(chan struct{})
	begun := time.Now()
	for range atOnce {
		wg.Go(func() {
			for range turns {
				took, err := s.Deposit(ctx)
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
	for range n {
		turns <- struct{}{}
	}
	close(turns)
	wg.Wait()
	r.Took = time.Since(begun)
	return r
}

func folderSize(folder string) (size int64) {
	files, _ := filepath.Glob(filepath.Join(folder, "parley.db*"))
	for _, f := range files {
		if i, err := os.Stat(f); err == nil {
			size += i.Size()
		}
	}
	return size
}
