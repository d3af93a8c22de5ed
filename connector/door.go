package connector

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"parley"
	"parley/web"
)

// OpenRun is what a run has open at its providers.
type OpenRun struct {
	Merchant      int
	Identify, Pay string // the names of the providers, fixed when the run began
	Browser       string // hash of the cookie of the browser that began it; empty when a program did
	Session       json.RawMessage
	References    []string // what the providers called what was opened there; empty ones say nothing
	Identified    bool     // the time to identify is over
}

// Conversations is how the door tells runs what it heard.
type Conversations interface {
	Open(ctx context.Context, run string) (OpenRun, error)
	// Tell returns when what was told is safe, and for a question (Told.Asks) when the verdict is known or ctx ends.
	Tell(ctx context.Context, run, source string, told Told) (Verdict, error)
	GiveUp(ctx context.Context, run string) error
}

// Door is where providers come in: with notifications, and with the browsers that they send back.
//
//	POST /connect/{merchant}/{provider}/notify/{run}    a notification; the run's handle makes the address unguessable
//	GET  /connect/{merchant}/{provider}/return/{run}    the person comes back; it proves nothing
//	GET  /connect/{merchant}/{provider}/giveup/{run}    the person comes back having given up; it proves nothing either
//	GET  /connect/{merchant}/{provider}/callback        the person comes back with a proof; the run is in state
type Door struct {
	Base          string // our own address, without a slash at the end
	Providers     []Provider
	Conversations Conversations
	Handles       web.Handles
	// Follow is the address of the page that follows a run; Back is the same with the proof that the browser has come back from where
	// only the person's own can come. stay says that there is nothing more for the person to do elsewhere.
	Follow func(run string) string
	Back   func(run string, stay bool) string
	// AnyBrowser lets a browser without the cookie come back: for a simulated person without a browser, never for people.
	AnyBrowser bool
	// Patience is how long a provider that asks is kept waiting before it is told to ask again; 20 s when zero.
	Patience time.Duration
	Log      *slog.Logger
}

// At is the address of something at the door.
func (d *Door) At(merchant int, provider, what, run string) string {
	u := d.Base + "/connect/" + strconv.Itoa(merchant) + "/" + provider + "/" + what
	if run != "" {
		u += "/" + d.handle(what, run)
	}
	return u
}

// State is the run as a provider that returns a proof carries it.
func (d *Door) State(run string) string { return d.handle("callback", run) }

// handle is a run's name at one address of the door. A browser that knows one does not know the others.
func (d *Door) handle(what, run string) string { return d.Handles.Make("connect "+what, run) }

// Routes adds the door to a mux.
func (d *Door) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /connect/{merchant}/{provider}/notify/{run}", d.notify)
	mux.Handle("GET /connect/{merchant}/{provider}/return/{run}", web.Page(d.comeBack))
	mux.Handle("GET /connect/{merchant}/{provider}/giveup/{run}", web.Page(d.giveUp))
	mux.Handle("GET /connect/{merchant}/{provider}/callback", web.Page(d.callback))
}

// find is the provider and the run that an address means; both must belong together.
func (d *Door) find(r *http.Request, what, handle string) (Provider, string, OpenRun, error) {
	none := parley.Errorf(parley.KindNotFound, "no such address")
	merchant, err := strconv.Atoi(r.PathValue("merchant"))
	if err != nil {
		return Provider{}, "", OpenRun{}, none
	}
	i := slices.IndexFunc(d.Providers, func(p Provider) bool { return p.Merchant == merchant && p.Name == r.PathValue("provider") })
	run, ok := d.Handles.Open("connect "+what, handle)
	if i < 0 || !ok {
		return Provider{}, "", OpenRun{}, none
	}
	p := d.Providers[i]
	open, err := d.Conversations.Open(r.Context(), run)
	if err != nil {
		return p, run, open, err
	}
	if open.Merchant != merchant || p.Name != open.Identify && p.Name != open.Pay {
		return p, run, open, none // a provider that was not asked has nothing to say
	}
	return p, run, open, nil
}

func (d *Door) notify(w http.ResponseWriter, r *http.Request) {
	p, run, open, err := d.find(r, "notify", r.PathValue("run"))
	if err == nil && p.Receive == nil {
		err = parley.Errorf(parley.KindNotFound, "%s sends no notifications", p.Kind)
	}
	if err != nil {
		d.Log.Warn("a notification for nobody", "provider", r.PathValue("provider"), "err", err)
		web.Problem(w, err)
		return
	}
	note, err := p.Receive.Receive(r)
	if err == nil && !open.opened(note.Reference) {
		err = parley.Errorf(parley.KindInvalid, "the notification is about another order")
	}
	if err != nil {
		d.Log.Warn("a notification that cannot be believed", "provider", p.Name, "run", run, "err", err)
		p.Receive.Reject(w, err)
		return
	}
	patience := d.Patience
	if patience == 0 {
		patience = 20 * time.Second
	}
	// The provider may hang up; what it told must be heard all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	v, err := d.Conversations.Tell(ctx, run, d.source(p), note.Told)
	if err != nil {
		d.Log.Warn("a notification must be said again", "provider", p.Name, "run", run, "fact", note.Fact, "err", err)
		note.Fail(w)
		return
	}
	note.Answer(w, v)
}

func (d *Door) source(p Provider) string { return strconv.Itoa(p.Merchant) + "/" + p.Name }

// opened reports whether the reference is one of the run's. Before the provider's answer has reached us, we know none.
func (o OpenRun) opened(reference string) bool {
	known := slices.DeleteFunc(slices.Clone(o.References), func(s string) bool { return s == "" })
	return reference == "" || len(known) == 0 || slices.Contains(known, reference)
}

// mine refuses a browser that is not the one that began the run: somebody else's link must not put a person into their
// conversation.
func (d *Door) mine(r *http.Request, open OpenRun) error {
	if open.Browser == "" || d.AnyBrowser || web.SameBrowser(r, open.Browser) {
		return nil
	}
	return parley.Invalid("browser", "This page belongs to another browser. Please begin again where you started.")
}

func (d *Door) comeBack(w http.ResponseWriter, r *http.Request) error {
	p, run, open, err := d.find(r, "return", r.PathValue("run"))
	if err == nil {
		err = d.mine(r, open)
	}
	if err != nil {
		return err
	}
	// Whoever comes back from being identified may still have to go and pay elsewhere.
	http.Redirect(w, r, d.Back(run, open.Pay == "" || open.Pay == p.Name), http.StatusSeeOther)
	return nil
}

// giveUp takes a person's own word that they gave up, as long as nobody knows who they are: then nothing can have been
// reserved or paid. Later only the provider's word counts.
func (d *Door) giveUp(w http.ResponseWriter, r *http.Request) error {
	_, run, open, err := d.find(r, "giveup", r.PathValue("run"))
	if err == nil {
		err = d.mine(r, open)
	}
	if err == nil && !open.Identified {
		err = d.Conversations.GiveUp(r.Context(), run)
	}
	if err != nil {
		return err
	}
	to := d.Follow(run)
	if open.Pay == "" { // a provider that takes money ends there when it is told to stop after the identification
		to = d.Back(run, true)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (d *Door) callback(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	for _, values := range q {
		if len(values) > 1 {
			return parley.Invalid("parameters", "A parameter is there twice.")
		}
	}
	p, run, open, err := d.find(r, "callback", q.Get("state"))
	if err == nil && (p.Return == nil || p.Name != open.Identify) {
		err = parley.Errorf(parley.KindNotFound, "%s brings no proof this way", p.Name)
	}
	if err == nil {
		err = d.mine(r, open)
	}
	if err != nil {
		return err
	}
	if !open.Identified {
		// The person may close the window; their proof can be used once, so it is read to the end all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 20*time.Second)
		defer cancel()
		told, err := p.Return.Return(ctx, open.Session, q)
		switch {
		case parley.KindOf(err) == parley.KindInvalid, parley.KindOf(err) == parley.KindUnheard:
			return err // nothing is concluded from it, and the same redirect may be read again
		case err != nil:
			d.Log.Warn("the provider did not answer", "provider", p.Name, "run", run, "err", err)
			told = Told{ID: "lost " + run, Fact: Denied, Refusal: &parley.Refusal{By: parley.ByIdentityProvider, Status: parley.StatusProviderOutOfService}}
		case told.Fact == Denied && told.Note != "":
			d.Log.Warn("the person was not identified", "provider", p.Name, "run", run, "why", told.Note)
		}
		if _, err := d.Conversations.Tell(ctx, run, d.source(p), told); err != nil && parley.KindOf(err) != parley.KindConflict {
			return err
		}
	}
	http.Redirect(w, r, d.Back(run, false), http.StatusSeeOther)
	return nil
}
