// Package live shows runs as they happen: lists of them, the diagram of each as JSON and as text, and streams that tell of every change. It
// owns the addresses below which a live diagram is fed, and what is said there; the drawing belongs to package engine, and how a stream is
// kept open to package web.
//
// Everything here is for staff, and for whoever plays with a sandbox: a run of any merchant is shown to whoever asks. Mount it behind a
// login, or on a listener that only this machine reaches. What is shown of an exchange names nobody, because it was redacted when it was
// kept (parley.Redact).
package live

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"parley"
	"parley/engine"
	"parley/web"

	"github.com/google/uuid"
)

// Store is what is read of a database.
type Store interface {
	Run(ctx context.Context, id string) (engine.Run, engine.Job, error)
	Runs(ctx context.Context, before string, limit int) ([]engine.Run, error)
	Events(ctx context.Context, run string) ([]engine.Event, error)
	Attempts(ctx context.Context, run string) ([]engine.Attempt, error)
}

// House is where the runs are.
type House struct {
	Engine *engine.Engine
	Store  Store
	// Names are how the parties of a run are called, and what it is about in a few words.
	Names func(engine.Run) (map[engine.Party]string, string)
}

// Server shows the runs of the house that stands at the moment.
type Server struct {
	// Current is the house. It may be another each time: a stream that is open goes on with the new one.
	Current func() House
	Streams *web.Streams
	Now     func() time.Time // the clock; time.Now when nil
	Log     *slog.Logger     // slog.Default() when nil

	look time.Duration // how often an open stream looks whether the house is another
}

// Handler serves the addresses, below the root; http.StripPrefix mounts it elsewhere.
//
//	GET /runs?limit=50        the newest runs
//	GET /runs/{run}           the run's diagram
//	GET /runs/{run}/events    the same, at once and at each change
//	GET /runs/{run}/picture   the same as text
//	GET /events               each run that begins or changes
//	GET /flows                the flows
//	GET /flows/{flow}         the diagram of a flow, before anything has happened
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]web.Handler{
		"GET /runs": s.runs, "GET /runs/{run}": s.run, "GET /runs/{run}/events": s.follow, "GET /runs/{run}/picture": s.picture,
		"GET /events": s.followAll, "GET /flows": s.flows, "GET /flows/{flow}": s.flow,
		"/": func(http.ResponseWriter, *http.Request) error {
			return parley.Errorf(parley.KindNotFound, "no such address")
		},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			err := h(w, r)
			if err == nil {
				return
			}
			if parley.KindOf(err) == "" {
				s.log().Error("show runs", "route", pattern, "request", web.RequestID(r), "err", err)
			}
			web.Problem(w, err)
		})
	}
	return mux
}

func (s *Server) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// The most runs of one list, and how many there are when nobody says.
const mostRuns, someRuns = 200, 50

func (s *Server) runs(w http.ResponseWriter, r *http.Request) error {
	limit := someRuns
	if q := r.URL.Query(); q.Has("limit") {
		n, err := strconv.Atoi(q.Get("limit"))
		if err != nil || n < 1 || n > mostRuns {
			return parley.Invalid("limit", "a number from 1 to "+strconv.Itoa(mostRuns))
		}
		limit = n
	}
	h := s.Current()
	all, err := h.Store.Runs(r.Context(), "", limit)
	if err != nil {
		return err
	}
	list := make([]engine.Summary, len(all))
	for i, run := range all {
		list[i] = h.summary(run)
	}
	web.JSON(w, http.StatusOK, map[string]any{"runs": list})
	return nil
}

func (h House) summary(run engine.Run) engine.Summary {
	names, about := h.Names(run)
	t, err := h.Engine.TableOf(run)
	if err != nil { // of a flow that this program does not have, only this is known
		t = &engine.Table{Name: run.Flow, Title: run.Flow}
	}
	return engine.NewSummary(t, run, names, about)
}

// runOf is the run that the address names.
func runOf(r *http.Request) (string, error) {
	id, err := uuid.Parse(r.PathValue("run"))
	if err != nil || id.String() != r.PathValue("run") {
		return "", parley.Invalid("run", "not the id of a run")
	}
	return id.String(), nil
}

// record is all that is kept of a run.
type record struct {
	table    *engine.Table
	run      engine.Run
	job      engine.Job
	events   []engine.Event
	attempts []engine.Attempt
}

// asked is the house, and all that it has kept of the run that the address names.
func (s *Server) asked(r *http.Request) (h House, rec record, err error) {
	id, err := runOf(r)
	if err != nil {
		return h, rec, err
	}
	h = s.Current()
	rec, err = h.read(r.Context(), id)
	return h, rec, err
}

func (h House) read(ctx context.Context, id string) (rec record, err error) {
	for range 3 { // the run may change while it is read
		if rec.run, rec.job, err = h.Store.Run(ctx, id); err != nil {
			return rec, err
		}
		if rec.events, err = h.Store.Events(ctx, id); err != nil {
			return rec, err
		}
		if len(rec.events) == rec.run.Seq {
			break
		}
	}
	if rec.attempts, err = h.Store.Attempts(ctx, id); err != nil {
		return rec, err
	}
	rec.table, err = h.Engine.TableOf(rec.run)
	return rec, err
}

func (s *Server) drawing(h House, rec record) engine.Drawing {
	names, about := h.Names(rec.run)
	return engine.NewDrawing(rec.table, rec.run, rec.job, rec.events, rec.attempts, names, about, s.now())
}

func (s *Server) run(w http.ResponseWriter, r *http.Request) error {
	h, rec, err := s.asked(r)
	if err != nil {
		return err
	}
	web.JSON(w, http.StatusOK, s.drawing(h, rec))
	return nil
}

func (s *Server) picture(w http.ResponseWriter, r *http.Request) error {
	h, rec, err := s.asked(r)
	if err != nil {
		return err
	}
	names, about := h.Names(rec.run)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	io.WriteString(w, engine.Picture(rec.table, rec.run, rec.events, rec.attempts, names, about))
	return nil
}

// follow tells how a run looks, at once and at each change. What happens while one telling is under way is told in the next.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) error {
	h, rec, err := s.asked(r) // before the stream is opened, so that a run that is not there is not found
	if err != nil {
		return err
	}
	stream, err := s.Streams.Open(w, r)
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		if err := stream.Send("drawing", s.drawing(h, rec)); err != nil {
			return nil // they have left
		}
		for changed := false; !changed; {
			s.waiting(stream.Context(), func(ctx context.Context) {
				_, err = h.Engine.Await(ctx, rec.run.ID, func(now engine.Run) bool { return now.Version != rec.run.Version })
			})
			if stream.Context().Err() != nil {
				return nil
			}
			before := h.Engine
			h = s.Current()
			if changed = err == nil || h.Engine != before; !changed && !errors.Is(err, context.DeadlineExceeded) {
				s.broken(err)
				return nil
			}
		}
		if rec, err = h.read(stream.Context(), rec.run.ID); err != nil {
			s.broken(err)
			return nil
		}
	}
}

// followAll tells of each run that begins or changes.
func (s *Server) followAll(w http.ResponseWriter, r *http.Request) error {
	h := s.Current()
	changes := h.Engine.Changes() // before the stream is opened, so that nothing is missed by who lists the runs afterwards
	defer func() { changes.Close() }()
	stream, err := s.Streams.Open(w, r)
	if err != nil {
		return err
	}
	defer stream.Close()
	for {
		var id string
		s.waiting(stream.Context(), func(ctx context.Context) { id, err = changes.Next(ctx) })
		if stream.Context().Err() != nil {
			return nil
		}
		if now := s.Current(); now.Engine != h.Engine {
			changes.Close()
			h, changes = now, now.Engine.Changes()
		}
		if err != nil { // nothing has changed
			continue
		}
		run, _, err := h.Store.Run(stream.Context(), id)
		switch {
		case parley.KindOf(err) == parley.KindNotFound:
			continue
		case err != nil:
			s.broken(err)
			return nil
		}
		if err := stream.Send("run", h.summary(run)); err != nil {
			return nil
		}
	}
}

// waiting waits for what wait waits for, but no longer than until it is time to look whether the house is another.
func (s *Server) waiting(ctx context.Context, wait func(context.Context)) {
	look := s.look
	if look == 0 {
		look = 15 * time.Second
	}
	ctx, stop := context.WithTimeout(ctx, look)
	defer stop()
	wait(ctx)
}

// broken logs why a stream ends; the browser comes again by itself.
func (s *Server) broken(err error) {
	if !errors.Is(err, context.Canceled) {
		s.log().Error("follow a run", "err", err)
	}
}

func (s *Server) flows(w http.ResponseWriter, _ *http.Request) error {
	type flow struct {
		Flow  string `json:"flow"`
		Title string `json:"title"`
		About string `json:"about"`
	}
	list := []flow{}
	for _, t := range s.Current().Engine.Tables() {
		list = append(list, flow{t.Name, t.Title, t.About})
	}
	web.JSON(w, http.StatusOK, map[string]any{"flows": list})
	return nil
}

func (s *Server) flow(w http.ResponseWriter, r *http.Request) error {
	t := s.Current().Engine.Table(r.PathValue("flow"))
	if t == nil {
		return parley.Errorf(parley.KindNotFound, "no flow is called so")
	}
	web.JSON(w, http.StatusOK, engine.NewDrawing(t, engine.Run{}, engine.Job{}, nil, nil, nil, "", s.now()))
	return nil
}
