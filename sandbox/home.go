package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"parley"
	"parley/live"
	"parley/sim"
	"parley/web"
)

// home is the sandbox's own page: the parties as the diagram's columns, the stories as buttons, and the run that they tell drawn as it
// happens. It presses buttons on this machine, so it answers only the machine's own browser, and only from its own page.
type home struct {
	s       *Sandbox
	host    string // "127.0.0.1:8086"
	columns []party
	server  *http.Server
	streams web.Streams

	ctx    context.Context // ends with the sandbox: stories, and those who watch
	cancel context.CancelFunc
	wg     sync.WaitGroup // the story that is being told

	mu      sync.Mutex
	running string              // the story that is being told
	ended   map[string]*verdict // how each ended that was told
	news    []newsDoc           // what happened to stories lately
	seq     int                 // of the last of news
	changed chan struct{}       // closed when something of this has changed
}

// newsKept is how much news is kept for those who listen: each hears it at once, so a handful is many.
const newsKept = 32

// looks is how often the parties are looked at, while somebody listens.
const looks = 300 * time.Millisecond

// newHome begins to serve the home at a listener.
func newHome(s *Sandbox, at net.Listener) (*home, error) {
	h := &home{s: s, host: at.Addr().String(), columns: s.columns(), ended: map[string]*verdict{}, changed: make(chan struct{})}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	page, err := newPage(web.Dist("sandbox"))
	if err != nil {
		h.cancel()
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", page)
	runs := &live.Server{Streams: &h.streams, Now: s.opts.Parts.Now, Log: s.opts.Log, Current: func() live.House {
		now := s.Current()
		return live.House{Engine: now.Engine, Store: now.Store, Names: s.names}
	}}
	mux.Handle("GET /live/", http.StripPrefix("/live", runs.Handler()))
	for route, handle := range map[string]web.Handler{
		"GET /api/sandbox":                h.tell,
		"GET /api/events":                 h.events,
		"POST /api/parties/{id}/fault":    h.setFault,
		"POST /api/parties/{id}/behave":   h.setRight,
		"POST /api/parties/{id}/{choice}": h.setChoice,
		"POST /api/stories/{name}":        h.begin,
	} {
		mux.Handle(route, problems(handle))
	}
	log := s.opts.Log
	h.server = &http.Server{
		Handler: web.Safe(log, h.own(mux)), BaseContext: func(net.Listener) context.Context { return h.ctx },
		ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	go h.server.Serve(at)
	return h, nil
}

// stop lets everybody go: the person of a story, and those who watch. Nothing begins after it.
func (h *home) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cancel()
}

// close returns when everything has ended. The parties must have stopped, or be stopping, so that nobody is waited for.
func (h *home) close(ctx context.Context) error {
	h.wg.Wait()
	return h.server.Shutdown(ctx)
}

// own answers only who speaks to this very address, from a page of this very address: a page from elsewhere, or a name of somebody
// else's that was made to lead here, presses no button and reads nothing.
func (h *home) own(next http.Handler) http.Handler {
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(problems(func(http.ResponseWriter, *http.Request) error {
		return parley.Errorf(parley.KindRefused, "a page from elsewhere pressed a button")
	}))
	next = same.Handler(next)
	_, port, _ := net.SplitHostPort(h.host)
	return problems(func(w http.ResponseWriter, r *http.Request) error {
		if r.Host != h.host && r.Host != "localhost:"+port {
			return parley.Errorf(parley.KindRefused, "asked by another name")
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

func problems(h web.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			web.Problem(w, err)
		}
	})
}

// sandboxDoc is all that the page shows, but for the runs.
type sandboxDoc struct {
	Parley  string      `json:"parley"`
	Shop    string      `json:"shop"`
	Auto    string      `json:"auto,omitempty"`
	Parties []columnDoc `json:"parties"`
	Stories []storyDoc  `json:"stories"`
	Running string      `json:"running,omitempty"` // the story that is being told
}

type storyDoc struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	About   string   `json:"about"`
	Verdict *verdict `json:"verdict,omitempty"` // of the last time it was told
}

// verdict is how a story ended.
type verdict struct {
	OK       bool     `json:"ok"`
	Problems []string `json:"problems,omitempty"`
	Run      string   `json:"run,omitempty"`
	Bent     bool     `json:"bent,omitempty"` // somebody had been told to misbehave, so it may rightly have ended otherwise
}

// newsDoc is something that happened to a story.
type newsDoc struct {
	seq   int
	Name  string `json:"name"`
	State string `json:"state"` // began or ended
	*verdict
}

// doc is everything as it is now.
func (h *home) doc() sandboxDoc {
	d := sandboxDoc{Parley: h.s.URL, Shop: h.s.OperatorURL + "/shop", Auto: h.s.opts.Auto}
	for _, p := range h.columns {
		d.Parties = append(d.Parties, p.doc())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	d.Running = h.running
	for _, story := range h.s.Stories() {
		d.Stories = append(d.Stories, storyDoc{story.Name, story.Title, story.About, h.ended[story.Name]})
	}
	return d
}

func (h *home) tell(w http.ResponseWriter, _ *http.Request) error {
	web.JSON(w, http.StatusOK, h.doc())
	return nil
}

// touch has everybody who listens look at once. The caller holds mu.
func (h *home) touch() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// events tells a listener everything, at once and whenever it has changed, and what happens to stories.
func (h *home) events(w http.ResponseWriter, r *http.Request) error {
	h.mu.Lock()
	heard := h.seq
	h.mu.Unlock()
	stream, err := h.streams.Open(w, r)
	if err != nil {
		return err
	}
	defer stream.Close()
	look := time.NewTicker(looks)
	defer look.Stop()
	var last sandboxDoc
	for {
		h.mu.Lock()
		changed, news := h.changed, h.news
		h.mu.Unlock()
		if doc := h.doc(); !reflect.DeepEqual(doc, last) {
			last = doc
			if stream.Send("sandbox", doc) != nil {
				return nil // they have left
			}
		}
		for _, n := range news {
			if n.seq <= heard {
				continue
			}
			heard = n.seq
			if stream.Send("story", n) != nil {
				return nil
			}
		}
		select {
		case <-look.C:
		case <-changed:
		case <-stream.Done():
			return nil
		}
	}
}

// column is the party that a request names.
func (h *home) column(r *http.Request) (party, error) {
	for _, p := range h.columns {
		if p.id == r.PathValue("id") && p.faults != nil {
			return p, nil
		}
	}
	return party{}, parley.Errorf(parley.KindNotFound, "nobody of that name can be told how to behave")
}

// done answers with everything as it is after a change, and tells those who listen.
func (h *home) done(w http.ResponseWriter) error {
	h.mu.Lock()
	h.touch()
	h.mu.Unlock()
	web.JSON(w, http.StatusOK, h.doc())
	return nil
}

func (h *home) setFault(w http.ResponseWriter, r *http.Request) error {
	p, err := h.column(r)
	if err != nil {
		return err
	}
	var said struct {
		Action string    `json:"action"`
		Fault  sim.Fault `json:"fault"`
		Times  int       `json:"times"`
	}
	if err := read(r, &said); err != nil {
		return err
	}
	if err := p.misbehave(said.Action, said.Fault, said.Times); err != nil {
		return err
	}
	return h.done(w)
}

func (h *home) setChoice(w http.ResponseWriter, r *http.Request) error {
	p, err := h.column(r)
	if err != nil {
		return err
	}
	said := map[string]string{}
	if err := read(r, &said); err != nil {
		return err
	}
	if err := p.choose(r.PathValue("choice"), said); err != nil {
		return err
	}
	return h.done(w)
}

func (h *home) setRight(w http.ResponseWriter, r *http.Request) error {
	p, err := h.column(r)
	if err != nil {
		return err
	}
	p.behave()
	return h.done(w)
}

// read parses the body of a request, which is one JSON object, or nothing.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if _, more := d.Token(); err != nil || more != io.EOF {
		return parley.Invalid("body", "not the JSON object that is expected")
	}
	return nil
}

// begin begins a story, and does not wait for its end.
func (h *home) begin(w http.ResponseWriter, r *http.Request) error {
	var said struct {
		Pace int `json:"pace"` // milliseconds
	}
	if err := read(r, &said); err != nil {
		return err
	}
	if said.Pace < 0 || said.Pace > 2000 {
		return parley.Invalid("pace", "0 to 2000 milliseconds")
	}
	for _, story := range h.s.Stories() {
		if story.Name == r.PathValue("name") {
			story.Pace = time.Duration(said.Pace) * time.Millisecond
			if err := h.play(story); err != nil {
				return err
			}
			web.JSON(w, http.StatusAccepted, map[string]string{"story": story.Name})
			return nil
		}
	}
	return parley.Errorf(parley.KindNotFound, "no such story")
}

// play tells a story, beside everything else. Another one waits its turn: what they have the parties do would get mixed up.
func (h *home) play(story Story) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ctx.Err() != nil:
		return parley.Errorf(parley.KindUnavailable, "the sandbox stops")
	case h.running != "":
		return parley.Errorf(parley.KindConflict, "a story is being told")
	}
	bent := false
	for _, p := range h.columns {
		bent = bent || p.bent()
	}
	h.running = story.Name
	h.happened(newsDoc{Name: story.Name, State: "began"})
	h.wg.Go(func() {
		r := h.s.Tell(h.ctx, story)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.running = ""
		v := &verdict{r.OK, r.Problems, r.Run, bent}
		h.ended[story.Name] = v
		h.happened(newsDoc{Name: story.Name, State: "ended", verdict: v})
	})
	return nil
}

// happened notes news of a story. The caller holds mu.
func (h *home) happened(n newsDoc) {
	h.seq++
	n.seq = h.seq
	h.news = append(h.news, n)
	h.news = slices.Clone(h.news[max(0, len(h.news)-newsKept):]) // who listens has the one before
	h.touch()
}
