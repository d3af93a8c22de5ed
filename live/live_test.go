package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/store"
	"parley/web"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// order is what a run of the test's flow remembers.
type order struct {
	Goods string `json:"goods"`
}

// shop is a flow that needs two words from others, and can be told news at any time.
func shop() *engine.Table {
	const customer, us, bank engine.Party = "Customer", "Shop", "Bank"
	hear := func(_ engine.Turn, s order, no *parley.Refusal) (order, engine.Outcome) {
		if no != nil {
			return s, engine.Refused(no)
		}
		return s, engine.Done()
	}
	return engine.Flow[order]{Name: "shop", Title: "Shop", About: "Somebody buys something.", Version: 1, Server: us, Parties: []engine.Party{customer, us, bank},
		Steps: []engine.Step[order]{
			engine.Start[order](customer, us, "order"),
			engine.Call(us, bank, "ask", func(ctx context.Context, _ engine.Turn, s order) (order, engine.Outcome) {
				parley.NoteExchange(ctx, map[string]any{"goods": s.Goods, "who": parley.Private("Anna")}, "well", 200)
				return s, engine.Done()
			}),
			engine.Wait(bank, us, "agreed", hear).Within(time.Minute),
			engine.Wait(bank, us, "paid", hear).Within(time.Hour),
			engine.Wait(bank, us, "news", hear).Anytime(),
		}}.Table()
}

// fixture is a house with a server that shows it.
type fixture struct {
	t      *testing.T
	engine *engine.Engine
	store  *store.Store
	server *Server
	front  *httptest.Server

	mu    sync.Mutex
	house House
}

func (f *fixture) open() House {
	f.t.Helper()
	e, err := engine.New(f.t.Context(), engine.Options{Store: f.store, Tables: []*engine.Table{shop()}, Now: func() time.Time { return noon }, Alone: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.t.Fatal(err)
	}
	return House{Engine: e, Store: f.store, Names: func(engine.Run) (map[engine.Party]string, string) {
		return map[engine.Party]string{"Bank": "First Bank"}, "a book"
	}}
}

func build(t *testing.T) *fixture {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, store: s}
	f.house = f.open()
	f.engine = f.house.Engine
	f.server = &Server{Streams: &web.Streams{}, Now: func() time.Time { return noon.Add(time.Second) }, Log: slog.New(slog.DiscardHandler), Current: func() House {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.house
	}}
	f.front = httptest.NewServer(web.Safe(f.server.Log, http.StripPrefix("/below/here", f.server.Handler())))
	t.Cleanup(func() {
		f.server.Streams.Close()
		f.front.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) begin() string {
	f.t.Helper()
	r, err := f.server.Current().Engine.Begin(f.t.Context(), engine.Beginning{Flow: "shop", State: order{Goods: "book"}, Shown: order{Goods: "book"}})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.ID
}

func (f *fixture) tell(run, step string, no *parley.Refusal) {
	f.t.Helper()
	if _, err := f.server.Current().Engine.Tell(f.t.Context(), engine.Message{Run: run, Step: step, Source: "bank", ID: engine.NewID(), Body: no}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) get(path string) (int, http.Header, string) {
	f.t.Helper()
	res, err := f.front.Client().Get(f.front.URL + "/below/here/" + path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func read[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

func TestRunsAreListedTheNewestFirst(t *testing.T) {
	f := build(t)
	first, second := f.begin(), f.begin()
	f.tell(second, "agreed", &parley.Refusal{By: "Bank", Status: parley.StatusBankRefusal})
	f.engine.Idle()
	_, _, body := f.get("runs")
	list := read[struct{ Runs []engine.Summary }](t, body).Runs
	if len(list) != 2 || list[0].Run != second || list[1].Run != first {
		t.Fatalf("%+v", list)
	}
	want := fmt.Sprintf(`{"run":%q,"flow":"shop","title":"Shop","about":"a book","status":"open","begun":"2026-03-01T12:00:00.000Z","changed":"2026-03-01T12:00:00.000Z","waitingOn":"First Bank"}`, first)
	if !strings.Contains(body, want) {
		t.Errorf("\n got %s\nwith %s", body, want)
	}
	if list[0].Status != engine.StatusRefused || list[0].WaitingOn != "" {
		t.Errorf("%+v", list[0])
	}
	if _, _, body := f.get("runs?limit=1"); len(read[struct{ Runs []engine.Summary }](t, body).Runs) != 1 {
		t.Error(body)
	}
	if err := f.store.Apply(t.Context(), []engine.Write{engine.PutRun{Run: engine.Run{ID: engine.NewID(), Flow: "gone", Table: 7, Status: engine.StatusDone, Version: 1, Data: []byte("{}")}}}); err != nil {
		t.Fatal(err)
	}
	if _, _, body := f.get("runs?limit=1"); read[struct{ Runs []engine.Summary }](t, body).Runs[0].Title != "gone" {
		t.Errorf("a run of a flow that is no more: %s", body)
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	f := build(t)
	for path, want := range map[string]int{
		"runs/" + engine.NewID(): 404, "runs/" + engine.NewID() + "/events": 404, "runs/" + engine.NewID() + "/picture": 404,
		"runs/7": 400, "runs/7/events": 400, "runs/7/picture": 400, "runs/{" + engine.NewID() + "}": 400,
		"runs?limit=0": 400, "runs?limit=201": 400, "runs?limit=": 400, "runs?limit=x": 400,
		"flows/none": 404, "else": 404, "": 404,
	} {
		status, header, body := f.get(path)
		if status != want || header.Get("Content-Type") != "application/problem+json" || read[struct{ Status int }](t, body).Status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestARunIsShownAsADrawingAndAsText(t *testing.T) {
	f := build(t)
	id := f.begin()
	_, header, body := f.get("runs/" + id)
	d := read[engine.Drawing](t, body)
	if header.Get("Cache-Control") != "no-store" || d.Run != id || d.About != "a book" || !d.Now.Equal(noon.Add(time.Second)) || len(d.Arrows) != 5 {
		t.Fatalf("%s", body)
	}
	if a := d.Arrows[2]; a.State != engine.StateNow || a.WaitingOn != "Bank" || !a.Until.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", a)
	}
	for _, want := range []string{`"exchange":{"request":{"goods":"book"}}`, `"exchange":{"request":{"goods":"book","who":"[redacted]"},"answer":"well","status":200}`, `"key":"` + id + `/ask"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	_, header, body = f.get("runs/" + id + "/picture")
	if header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(body, "shop · a book · run ") || !strings.Contains(body, "First Bank") {
		t.Errorf("%s", body)
	}
}

func TestFlowsAreListedAndShown(t *testing.T) {
	f := build(t)
	if _, _, body := f.get("flows"); strings.TrimSpace(body) != `{"flows":[{"flow":"shop","title":"Shop","about":"Somebody buys something."}]}` {
		t.Error(body)
	}
	_, _, body := f.get("flows/shop")
	d := read[engine.Drawing](t, body)
	if d.Run != "" || d.Status != engine.StatusOpen || strings.Contains(body, "begun") || slices.ContainsFunc(d.Arrows, func(a engine.Drawn) bool { return a.State != engine.StateNotYet || a.Key != "" }) {
		t.Error(body)
	}
}

// stream is what a browser sees of a stream of events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	leave func()
}

func (f *fixture) stream(path string) *stream {
	f.t.Helper()
	ctx, leave := context.WithCancel(f.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.front.URL+"/below/here/"+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	res, err := f.front.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		f.t.Fatal(res.Status, res.Header)
	}
	f.t.Cleanup(func() { leave(); res.Body.Close() })
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{f.t, lines, leave}
}

// next is the data of the next event; ok is false when the stream has ended.
func (s *stream) next(event string) (data string, ok bool) {
	s.t.Helper()
	name := ""
	for s.lines.Scan() {
		line := s.lines.Text()
		if n, is := strings.CutPrefix(line, "event: "); is {
			name = n
		}
		if data, is := strings.CutPrefix(line, "data: "); is {
			if name != event {
				s.t.Fatalf("event %q, not %q", name, event)
			}
			return data, true
		}
	}
	return "", false
}

func TestAStreamTellsOfEachChangeInOrder(t *testing.T) {
	f := build(t)
	id := f.begin()
	s := f.stream("runs/" + id + "/events")
	for _, step := range []struct{ say, now string }{{"", "agreed"}, {"agreed", "paid"}, {"paid", ""}} {
		if step.say != "" {
			f.tell(id, step.say, nil)
		}
		data, ok := s.next("drawing")
		if !ok {
			t.Fatal("it ended")
		}
		now := ""
		for _, a := range read[engine.Drawing](t, data).Arrows {
			if a.State == engine.StateNow {
				now = a.Name
			}
		}
		if now != step.now {
			t.Errorf("after %q the run stands before %q, not %q", step.say, now, step.now)
		}
	}
}

func TestASlowReaderIsToldOfTheLast(t *testing.T) {
	f := build(t)
	id := f.begin()
	s := f.stream("runs/" + id + "/events")
	for range 200 {
		f.tell(id, "news", nil)
	}
	last := -1
	for told := 0; last < 200; told++ {
		data, ok := s.next("drawing")
		if !ok || told > 201 {
			t.Fatalf("after %d tellings it knew of %d", told, last)
		}
		news := len(read[engine.Drawing](t, data).Arrows[4].Moments)
		if news < last {
			t.Fatalf("%d came after %d", news, last)
		}
		last = news
	}
}

func TestEveryRunThatChangesIsTold(t *testing.T) {
	f := build(t)
	s := f.stream("events")
	first := f.begin()
	told := func() engine.Summary {
		t.Helper()
		data, ok := s.next("run")
		if !ok {
			t.Fatal("it ended")
		}
		return read[engine.Summary](t, data)
	}
	for got := told(); got.WaitingOn != "First Bank"; got = told() {
		if got.Run != first {
			t.Fatalf("%+v", got)
		}
	}
	f.tell(first, "agreed", nil)
	f.tell(first, "paid", nil)
	for got := told(); got.Status != engine.StatusDone; got = told() {
		if got.Run != first {
			t.Fatalf("%+v", got)
		}
	}
	second := f.begin()
	for got := told(); got.Run != second; got = told() {
		if got.Run != first || got.Status != engine.StatusDone { // how it stands may be told twice
			t.Fatalf("%+v", got)
		}
	}
}

func TestAStreamGoesOnInTheNextHouse(t *testing.T) {
	f := build(t)
	f.server.look = 5 * time.Millisecond
	id := f.begin()
	one, all := f.stream("runs/"+id+"/events"), f.stream("events")
	one.next("drawing")
	next := f.open()
	f.mu.Lock()
	f.house = next
	f.mu.Unlock()
	f.tell(id, "agreed", nil)
	for {
		data, ok := one.next("drawing")
		if !ok {
			t.Fatal("it ended")
		}
		if read[engine.Drawing](t, data).Arrows[3].State == engine.StateNow {
			break
		}
	}
	heard := make(chan string, 1)
	go func() { data, _ := all.next("run"); heard <- data }()
	for again := true; again; { // it learns of the new house before long
		f.tell(id, "news", nil)
		select {
		case data := <-heard:
			again = false
			if read[engine.Summary](t, data).Run != id {
				t.Error(data)
			}
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestStreamsEnd(t *testing.T) {
	f := build(t)
	id := f.begin()
	for _, path := range []string{"runs/" + id + "/events", "events"} {
		s := f.stream(path)
		if f.server.Streams.Len() != 1 {
			t.Fatal("no stream is open")
		}
		s.leave()
		for f.server.Streams.Len() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	one, all := f.stream("runs/"+id+"/events"), f.stream("events")
	one.next("drawing")
	f.server.Streams.Close()
	if data, ok := one.next("drawing"); ok {
		t.Error(data)
	}
	if data, ok := all.next("run"); ok {
		t.Error(data)
	}
	status, header, _ := f.get("events")
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, header)
	}
}

func TestAStreamEndsWhenTheStoreDoes(t *testing.T) {
	f := build(t)
	f.server.look = time.Millisecond
	id := f.begin()
	s := f.stream("runs/" + id + "/events")
	s.next("drawing")
	f.mu.Lock()
	f.house.Store = failing{f.store}
	f.mu.Unlock()
	f.tell(id, "news", nil)
	if data, ok := s.next("drawing"); ok {
		t.Error(data)
	}
	if status, _, body := f.get("runs/" + id); status != http.StatusInternalServerError || strings.Contains(body, "disk") {
		t.Errorf("%d %s", status, body)
	}
}

// failing is a store whose disk is gone.
type failing struct{ *store.Store }

func (failing) Run(context.Context, string) (engine.Run, engine.Job, error) {
	return engine.Run{}, engine.Job{}, fmt.Errorf("the disk is gone")
}
