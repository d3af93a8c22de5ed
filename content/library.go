package content

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"parley/web"
)

// Library holds a partner's content, and keeps it fresh: files of its folder that have changed are read again, at most once a second, when
// somebody asks. What is wrong in them is logged, and what was there stays. It is safe for many at once; nil holds ours.
type Library struct {
	folder fs.FS
	now    func() time.Time
	log    *slog.Logger

	reading sync.Mutex // held by who looks at the folder; nobody waits for it
	looked  time.Time
	seen    uint64 // of the files' names, sizes and times

	mu     sync.Mutex
	have   *Content
	served map[string]picture // by address; what was replaced is served on, because a page may show it
	looks  map[string]*web.Files
}

// keptPictures bounds how many pictures are served that were replaced.
const keptPictures = 500

var defaults = sync.OnceValue(func() *Library { return newLibrary(Ours()) })

func newLibrary(c *Content) *Library {
	l := &Library{served: map[string]picture{}, looks: map[string]*web.Files{}}
	l.put(c)
	return l
}

// NewLibrary reads a folder. A mistake in it is parley.KindInvalid. The clock is time.Now and the log slog.Default() when they are nil.
func NewLibrary(folder fs.FS, now func() time.Time, log *slog.Logger) (*Library, error) {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.Default()
	}
	seen, err := state(folder)
	if err != nil {
		return nil, err
	}
	c, err := Read(folder)
	if err != nil {
		return nil, err
	}
	l := newLibrary(c)
	l.folder, l.now, l.log, l.seen, l.looked = folder, now, log, seen, now()
	return l, nil
}

func (l *Library) put(c *Content) {
	if len(l.served) > keptPictures {
		clear(l.served)
		clear(l.looks)
	}
	l.have = c
	for _, p := range c.pictures {
		l.served[p.path] = p
	}
	for _, address := range []string{c.look.Style, c.look.Logo} {
		if address != "" {
			l.looks[address] = &c.files
		}
	}
}

// Look is how the app looks: what a partner's look is otherwise, in the folder's colours.
func (l *Library) Look(otherwise web.Look) web.Look {
	c := l.Current()
	if c.look.Style != "" {
		otherwise.Style = below + c.look.Style
	}
	if c.look.Logo != "" {
		otherwise.Logo = below + c.look.Logo
	}
	return otherwise
}

// below is where everything is served that belongs to the content.
const below = "/app/content"

// Current is the content as it stands.
func (l *Library) Current() *Content {
	if l == nil {
		return defaults().have
	}
	if l.folder != nil && l.reading.TryLock() {
		l.look()
		l.reading.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.have
}

// look reads the folder again when a second has gone by and something in it has changed.
func (l *Library) look() {
	now := l.now()
	if ago := now.Sub(l.looked); ago >= 0 && ago < time.Second {
		return
	}
	l.looked = now
	seen, err := state(l.folder)
	if err != nil {
		l.log.Warn("look for content", "err", err)
		return
	}
	if seen == l.seen {
		return
	}
	l.seen = seen // once: a mistake is not told every second
	c, err := Read(l.folder)
	if err != nil {
		l.log.Warn("the content has a mistake; what was there stays", "err", err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(c)
}

// Serve writes the picture or style that is asked for, and reports whether there is one.
func (l *Library) Serve(w http.ResponseWriter, r *http.Request) bool {
	if l == nil {
		l = defaults()
	}
	l.mu.Lock()
	p, ok := l.served[r.URL.Path]
	at := strings.TrimPrefix(r.URL.Path, below)
	files := l.looks[at]
	l.mu.Unlock()
	switch {
	case ok:
		p.serve(w)
	case files != nil:
		http.StripPrefix(below, files).ServeHTTP(w, r)
	}
	return ok || files != nil
}

// state is a hash over which files there are, how large, and when they were written.
func state(folder fs.FS) (uint64, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return 0, fmt.Errorf("read the content: %w", err)
	}
	h := fnv.New64a()
	for _, e := range entries {
		if info, err := fs.Stat(folder, e.Name()); err == nil { // of what a link leads to
			fmt.Fprintf(h, "%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return h.Sum64(), nil
}
