package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley/engine"
	"parley/house"
	"parley/oauth"
	"parley/sandbox"
)

// streamFigures are what holding many waiting pages costs: each is a conversation of its own, whose page is told of every change.
type streamFigures struct {
	Streams       int     `json:"streams"`
	BytesEach     float64 `json:"bytes_each"`               // of Parley's memory in use, a stream
	ResidentEach  float64 `json:"resident_each,omitempty"`  // of what the system gives the process; zero where it does not tell
	IdleCPUMillis float64 `json:"idle_cpu_ms_a_second"`     // of processor time a second, while nothing happens
	P50Millis     float64 `json:"p50_ms"`                   // from a change until the page has heard of it
	P99Millis     float64 `json:"p99_ms"`                   //
	Refused       bool    `json:"one_more_is_told_to_wait"` // when max_streams are open
}

// benchStreams holds n waiting pages open at once. The browsers are another process.
func benchStreams(ctx context.Context, t terminal, n int) (out streamFigures, err error) {
	s, err := sandbox.Start(ctx, sandbox.Options{Elsewhere: "http://127.0.0.1:1"}) // for its configuration and its OpenID provider
	if err != nil {
		return out, err
	}
	defer s.Close(context.WithoutCancel(ctx))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return out, err
	}
	defer listener.Close()
	folder, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(folder)
	config := s.Config
	config.Issuer, config.Data, config.MaxStreams = "http://"+listener.Addr().String(), folder, n
	h, err := house.New(ctx, config, house.Parts{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return out, err
	}
	defer h.Stop(context.WithoutCancel(ctx))
	h.Start()
	server := &http.Server{Handler: h.Handler, ReadHeaderTimeout: 10 * time.Second}
	server.RegisterOnShutdown(h.Streams.Close)
	go server.Serve(listener)
	defer server.Close()

	runs := make([]string, n)
	for i := range runs {
		runs[i] = engine.NewID()
		if _, err := h.Conversations.Begin(ctx, runs[i], oauth.Request{Client: sandbox.ShopClient, Merchant: sandbox.Merchant, RedirectURI: s.OperatorURL + "/shop/callback",
			Provider: "openid", At: time.Now().UTC()}); err != nil {
			return out, fmt.Errorf("begin: %w", err)
		}
	}
	in, heard, end, err := companion(ctx, "-readers")
	if err != nil {
		return out, err
	}
	defer end()
	before, resident := inUse(), residentBytes()
	write := bufio.NewWriter(in)
	for _, run := range runs {
		fmt.Fprintln(write, h.OAuth.FollowURL(run)+"/events")
	}
	fmt.Fprintln(write)
	if err := write.Flush(); err != nil {
		return out, err
	}
	if line, err := heard.ReadString('\n'); err != nil || line != "ready\n" {
		return out, fmt.Errorf("the readers say %q (%v)", line, err)
	}
	out.Streams = h.Streams.Len()
	out.BytesEach, out.ResidentEach = (inUse()-before)/float64(n), (residentBytes()-resident)/float64(n)
	res, err := http.Get(h.OAuth.FollowURL(runs[0]) + "/events")
	if err != nil {
		return out, err
	}
	res.Body.Close()
	out.Refused = res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != ""

	const idle = 3 * time.Second
	busy := processorTime()
	select {
	case <-time.After(idle):
	case <-ctx.Done():
		return out, ctx.Err()
	}
	out.IdleCPUMillis = (processorTime() - busy).Seconds() * 1000 / idle.Seconds()

	var times []time.Duration
	for i := range min(n, 500) {
		begun := time.Now()
		if err := h.Conversations.GiveUp(ctx, runs[i]); err != nil {
			return out, err
		}
		if line, err := heard.ReadString('\n'); err != nil || line != strconv.Itoa(i)+"\n" {
			return out, fmt.Errorf("page %d was to hear, and %q did (%v)", i, line, err)
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	out.P50Millis, out.P99Millis = float64(times[len(times)/2].Microseconds())/1000, float64(times[len(times)*99/100].Microseconds())/1000
	return out, nil
}

// benchReaders are the browsers: they read addresses, hold a stream of each, say when all are open, and then the number of each that hears
// of a change.
func benchReaders(ctx context.Context, t terminal) error {
	var addresses []string
	lines := bufio.NewScanner(t.in)
	for lines.Scan() && lines.Text() != "" {
		addresses = append(addresses, lines.Text())
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: -1, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}}
	open, room := make(chan error, len(addresses)), make(chan struct{}, 64)
	var mu sync.Mutex
	for i, address := range addresses {
		go func() {
			room <- struct{}{}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
			var res *http.Response
			if err == nil {
				res, err = client.Do(req)
			}
			if err == nil && res.StatusCode != http.StatusOK {
				err = errors.New(res.Status)
			}
			<-room
			if err != nil {
				open <- err
				return
			}
			defer res.Body.Close()
			words, first := bufio.NewReaderSize(res.Body, 1<<10), true
			for {
				line, err := words.ReadString('\n')
				if err != nil {
					return
				}
				switch {
				case !strings.HasPrefix(line, "data: "):
				case first:
					open <- nil
					first = false
				default:
					mu.Lock()
					fmt.Fprintln(t.out, i)
					mu.Unlock()
				}
			}
		}()
	}
	for range addresses {
		if err := <-open; err != nil {
			return err
		}
	}
	mu.Lock()
	fmt.Fprintln(t.out, "ready")
	mu.Unlock()
	_, err := io.Copy(io.Discard, t.in) // until the other process is done with us
	return err
}

// inUse is the memory of this process that is in use, in bytes.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// residentBytes is the memory that the system gives this process; zero where it does not tell.
func residentBytes() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(fields[1], 64)
	return pages * float64(os.Getpagesize())
}

func sayStreams(t terminal, f streamFigures, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(t.out).Encode(f)
	}
	fmt.Fprintf(t.out, "%d waiting pages held open\n\n  %8.1f  kB of memory in use, a page\n  %8.1f  kB of memory resident, a page\n  %8.1f  ms of processor time a second, while nothing happens\n"+
		"  %8.2f  ms until a page has heard of a change, at the median, %.2f ms at the 99th percentile\n", f.Streams, f.BytesEach/1000, f.ResidentEach/1000, f.IdleCPUMillis, f.P50Millis, f.P99Millis)
	if f.Refused {
		fmt.Fprintf(t.out, "\nOne more is told to come again later.\n")
	}
	return nil
}
