package oauth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"parley"
	"parley/web"
)

// longest is how long after its beginning a conversation can still end at the redirect URI.
const longest = 24 * time.Hour

// open finds the conversation of an address, for the browser that began it. For another browser it is an error, with no more of the
// conversation than how its pages look.
func (s *Server) open(r *http.Request) (Progress, error) {
	run, ok := s.handles.Open("follow", r.PathValue("run"))
	if !ok {
		return Progress{}, parley.Errorf(parley.KindNotFound, "no such conversation")
	}
	p, err := s.Conversations.Await(r.Context(), run, func(Progress) bool { return true })
	if err != nil {
		return p, err
	}
	if p.Request.Browser != "" && !s.AnyBrowser && !web.SameBrowser(r, p.Request.Browser) {
		return Progress{Request: Request{Client: p.Request.Client, Merchant: p.Request.Merchant}}, parley.Invalid("browser", "not the browser that began this")
	}
	return p, nil
}

// talk serves an address of a conversation. An error is told in the language and the look of the conversation's pages.
func (s *Server) talk(h func(http.ResponseWriter, *http.Request, Progress) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := s.open(r)
		if err == nil {
			err = h(w, r, p)
		}
		if err != nil {
			web.Show(w, s.dressed(web.ErrorView(r, p.Request.Locale, err), p.Request))
		}
	})
}

// visit is how a browser looks at the page that follows a run.
type visit struct {
	back  bool // it has come back from the provider, and may be given a code
	stay  bool // it is not to be sent elsewhere to pay
	leave bool // the person has been told what became of it
	// waited is since when it has stood on this page, zero when it has not: then the person is told what became of it before they are
	// sent on. It is the browser's own word, and all that hangs on it is what is said.
	waited time.Time
}

func (s *Server) visit(r *http.Request, run string) visit {
	q := r.URL.Query()
	from, ok := s.handles.Open("back", q.Get("back"))
	v := visit{back: ok && from == run, stay: q.Get("stay") != "", leave: q.Get("leave") != ""}
	if seconds, err := strconv.ParseInt(q.Get("waited"), 10, 64); err == nil && seconds > 0 {
		v.waited = time.Unix(seconds, 0)
	}
	return v
}

// address is the page that follows a run, looked at in this way.
func (s *Server) address(run string, v visit) string {
	q := url.Values{}
	if v.back {
		q.Set("back", s.handles.Make("back", run))
	}
	if v.stay {
		q.Set("stay", "1")
	}
	if v.leave {
		q.Set("leave", "1")
	}
	if !v.waited.IsZero() {
		q.Set("waited", strconv.FormatInt(v.waited.Unix(), 10))
	}
	at := s.Issuer + "/oauth/follow/" + s.handles.Make("follow", run)
	if len(q) > 0 {
		at += "?" + q.Encode()
	}
	return at
}

// over reports whether the conversation has come to where the browser leaves it.
func (p Progress) over() bool { return p.Stage == Granted || p.Stage == Denied }

// follow shows a person where their conversation stands, and sends them on as soon as there is somewhere to go. The browser proves
// nothing by being here; it can come as often as it likes.
func (s *Server) follow(w http.ResponseWriter, r *http.Request, p Progress) error {
	v := s.visit(r, p.Run)
	enough := func(p Progress) bool {
		// Who is to be identified on this page must see it at once, unless they have just been in the app or act by themselves.
		here := p.Page.HandOver != nil && !v.back && !s.AnyBrowser
		return p.over() || p.Stage == Paying && !v.stay || here
	}
	if !enough(p) && v.waited.IsZero() {
		hold := s.Hold
		if p.Page.HandOver != nil { // they come from the app, which is asked every two seconds
			hold += 3 * time.Second
		}
		ctx, cancel := context.WithTimeout(r.Context(), hold)
		defer cancel()
		var err error
		if p, err = s.Conversations.Await(ctx, p.Run, enough); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	told := v.leave || v.waited.IsZero()
	switch {
	case s.Now().Sub(p.Begun) > longest && p.over():
		web.Show(w, s.tooLate(r, p))
	case p.Stage == Granted && !v.back && !p.Here:
		web.Show(w, s.elsewhere(r, p))
	case p.Stage == Granted:
		code, err := s.code(context.WithoutCancel(r.Context()), p)
		switch {
		case err != nil:
			return err
		case code == "":
			web.Show(w, s.used(r, p))
		case !told:
			web.Show(w, s.done(r, p, v))
		default:
			s.grant(w, r, p, code)
		}
	case p.Stage == Denied && !told:
		web.Show(w, s.refused(r, p, v))
	case p.Stage == Denied:
		if err := s.Conversations.Returned(context.WithoutCancel(r.Context()), p.Run); err != nil {
			return err
		}
		s.redirect(w, r, p.Request.RedirectURI, s.denied(p))
	case p.Stage == Paying && !v.stay && inFrame(r) && !p.Page.Framed:
		web.Show(w, s.leaveFrame(r, p.Request, p.Payer, p.Page.URL))
	case p.Stage == Paying && !v.stay:
		http.Redirect(w, r, p.Page.URL, http.StatusSeeOther)
	default:
		web.Show(w, s.waiting(r, p, v))
	}
	return nil
}

// soon is for how long a payment of which nothing was heard is no more than a bank that takes its time.
const soon = time.Minute

// state is a word for where a conversation stands, as its page shows it to somebody who has waited so long: another word, another page.
// It says nothing that the page does not.
func (p Progress) state(waited time.Duration) string {
	word := string(p.Stage)
	if p.Stage == Unclear && waited < soon {
		word += ".soon"
	}
	if p.Page.HandOver != nil {
		word += "." + string(p.Page.HandOver.Hint)
	}
	for _, reached := range []struct {
		ok   bool
		name string
	}{{p.Identified, "identified"}, {p.Accepted, "accepted"}, {p.Paid, "paid"}} {
		if reached.ok {
			word += "." + reached.name
		}
	}
	return word
}

// events tells the page that follows a run each time its word changes. It ends when there is nothing more to tell.
func (s *Server) events(w http.ResponseWriter, r *http.Request, p Progress) error {
	leave, ok := s.watched.enter(p.Run)
	if !ok {
		return parley.Errorf(parley.KindUnavailable, "too many tabs follow one conversation")
	}
	defer leave()
	stream, err := s.Streams.Open(w, r)
	if err != nil {
		return err
	}
	defer stream.Close()
	since := s.visit(r, p.Run).waited
	for {
		word := p.state(s.Now().Sub(since))
		if err := stream.Send("state", word); err != nil || p.over() {
			return nil // the browser has gone, or has all it needs
		}
		ctx, cancel := stream.Context(), context.CancelFunc(func() {})
		if left := soon - s.Now().Sub(since); left > 0 {
			ctx, cancel = context.WithTimeout(ctx, left) // then the word is another although nothing has happened
		}
		now, err := s.Conversations.Await(ctx, p.Run, func(p Progress) bool { return p.state(s.Now().Sub(since)) != word })
		cancel()
		switch {
		case stream.Context().Err() != nil || err != nil && !errors.Is(err, context.DeadlineExceeded):
			return nil
		case now.Run != "": // otherwise the time was over before anybody looked
			p = now
		}
	}
}

// watched counts who follows a conversation: one browser must not take the streams of all others.
type watched struct {
	mu sync.Mutex
	of map[string]int
}

// mostTabs is in how many tabs one conversation is followed at the same time. In one more, the page looks again every few seconds.
const mostTabs = 8

func (t *watched) enter(run string) (leave func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[string]int{}
	}
	if t.of[run] == mostTabs {
		return nil, false
	}
	t.of[run]++
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.of[run]--; t.of[run] == 0 {
			delete(t.of, run)
		}
	}, true
}

// qr is the code that the app should see now. It is another a second later, so that a picture of it is worth nothing.
func (s *Server) qr(w http.ResponseWriter, r *http.Request, p Progress) error {
	if p.Page.HandOver == nil {
		return parley.Errorf(parley.KindNotFound, "there is no code to show")
	}
	w.Header().Set("Cache-Control", "no-store")
	if p.Page.HandOver.QR == "" { // the app has been opened, and the page has not heard of it yet
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	image, err := web.QR(p.Page.HandOver.QR)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(image)
	return nil
}

// csrf is the proof that the cancel form was sent from our own page.
func (s *Server) csrf(p Progress) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.codeKey, "csrf", p.Run, p.Request.Browser))
}

// sameOrigin reports whether a form was sent from a page of ours, as far as the browser says. Our pages forbid to say where one comes
// from (Referrer-Policy: no-referrer), so a browser says "Origin: null" for our own forms too (Fetch, "append a request Origin header").
func (s *Server) sameOrigin(r *http.Request) bool {
	switch origin := r.Header.Get("Origin"); origin {
	case "", "null":
		site := r.Header.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin"
	default:
		return origin == web.Origin(s.Issuer)
	}
}

func (s *Server) cancel(w http.ResponseWriter, r *http.Request, p Progress) error {
	if !s.sameOrigin(r) {
		return parley.Errorf(parley.KindRefused, "a form from another site")
	}
	if subtle.ConstantTimeCompare([]byte(r.PostFormValue("csrf")), []byte(s.csrf(p))) != 1 {
		return parley.Errorf(parley.KindRefused, "a form that is not ours")
	}
	if err := s.Conversations.GiveUp(context.WithoutCancel(r.Context()), p.Run); err != nil {
		return err
	}
	http.Redirect(w, r, s.FollowURL(p.Run), http.StatusSeeOther)
	return nil
}

// denied are the parameters with which the client hears of a refusal: in OAuth's words, and in the operator's own.
func (s *Server) denied(p Progress) url.Values {
	no := p.Refusal
	q := url.Values{"error": {"access_denied"}, "error_description": {no.Status.Description()}, "tx_state": {string(no.Status.State())}, "iss": {s.Issuer}}
	switch {
	case no.Status.Away():
		q.Set("error", "temporarily_unavailable")
	case no.Status == parley.StatusSystemError:
		q.Set("error", "server_error")
	}
	if p.Request.State != "" {
		q.Set("state", p.Request.State)
	}
	if no.By == parley.ByOperator { // exactly what it answered; other parties' words are not for its shop
		if no.Code != "" {
			q.Set("errCode", no.Code)
		}
		if no.Message != "" {
			q.Set("errMsg", no.Message)
		}
	}
	return q
}

// grant sends the browser back with a code. The same browser that comes twice gets the same code twice, as long as it is good: it is
// made from the run and a number, so only its hash need be kept.
func (s *Server) grant(w http.ResponseWriter, r *http.Request, p Progress, code string) {
	q := url.Values{"code": {code}, "iss": {s.Issuer}}
	if p.Request.State != "" {
		q.Set("state", p.Request.State)
	}
	if p.Request.Compatible && p.Grant.SessionID != "" {
		q.Set("sessionId", p.Grant.SessionID)
	}
	s.redirect(w, r, p.Request.RedirectURI, q)
}

// code is the code of a run, or "" when it has been redeemed.
func (s *Server) code(ctx context.Context, p Progress) (string, error) {
	for range 5 {
		now := s.Now()
		number := 1
		kept, err := s.Store.CodeOf(ctx, p.Run)
		switch {
		case parley.KindOf(err) == parley.KindNotFound:
		case err != nil:
			return "", fmt.Errorf("read the code: %w", err)
		case !kept.Spent.IsZero():
			return "", nil
		case now.Add(5 * time.Second).Before(kept.Expires):
			return s.derive(p.Run, kept.Number), nil
		default:
			number = kept.Number + 1
		}
		code := s.derive(p.Run, number)
		err = s.Conversations.Redirected(ctx, p.Run, PutCode{Code{Run: p.Run, Hash: hash(code), Number: number, Client: p.Request.Client, Expires: now.Add(s.CodeLifetime)}})
		if parley.KindOf(err) == parley.KindConflict {
			continue // another tab was first
		}
		return code, err
	}
	return "", parley.Errorf(parley.KindUnavailable, "too many tabs")
}

func (s *Server) derive(run string, number int) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.codeKey, "code", run, strconv.Itoa(number)))
}
