package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley"
	"parley/engine"
	"parley/web"
)

// authorize is RFC 6749 §4.1.1: the browser, or for a compatible client a program, asks. Who may not be answered at the
// redirect URI gets a page, or JSON, and nothing else happens.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	a, err := s.ask(r)
	if err != nil {
		s.cannotTell(w, r, a, err)
		return
	}
	json := a.client.compatible() && (a.get("iframe") == "true" || a.get("iframe") != "false" && !web.Navigates(r))
	req, err := s.understand(a)
	if err == nil && json && a.chosen.Here {
		// The page that a program is given opens in a browser that we have never seen, and here nothing would bind the person who is
		// identified to the browser that gets the code.
		err = invalidRequest("identity_provider", "is one that identifies people on our page, so the browser must ask for it: iframe=false")
	}
	if err == nil && a.choose != nil {
		if !json {
			s.choose(w, r, a, req)
			return
		}
		err = invalidRequest("identity_provider", "is missing")
	}
	if err == nil && !json && inFrame(r) && a.choose == nil && !a.chosen.Framed && !a.chosen.Here {
		v := s.leaveFrame(r, req, req.Provider, "/oauth/authorize?"+chosen(a, req.Provider).Encode())
		if r.Method == http.MethodPost { // what was posted is not put into an address
			v.Form, v.Links = s.again(a), nil
			v.Form.Hidden = append(v.Form.Hidden, web.Detail{Label: v.Form.Name, Value: req.Provider})
			v.Form.Top, v.Form.Text = true, s.saying(v.Words, req)("window.open")
		}
		web.Show(w, v)
		return
	}
	var p Progress
	if err == nil {
		p, err = s.begin(w, r, req, json)
	}
	switch {
	case err != nil && json:
		s.refuseJSON(w, err)
	case err != nil:
		s.refuse(w, r, a, err)
	case p.Stage == Denied && json:
		web.JSON(w, http.StatusOK, started{Errors: []fault{{Msg: p.Refusal.Status.Description(), Keys: []string{p.Refusal.Status.String()}}}, Messages: []string{}})
	case json:
		s.startedJSON(w, p)
	case p.Stage == Identifying && p.Page.URL != "":
		http.Redirect(w, r, p.Page.URL, http.StatusSeeOther)
	default:
		http.Redirect(w, r, s.FollowURL(p.Run), http.StatusSeeOther)
	}
}

// begin begins the conversation and waits until there is somewhere for the person to go.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, req Request, json bool) (Progress, error) {
	req.IP = parley.Private(s.ip(r))
	if !json && !s.AnyBrowser {
		// A program that asks has no browser yet: the page it is given opens in one that we have never seen.
		req.Browser = web.Browser(w, r, s.secure)
		web.KeepChoice(w, s.secure, req.Provider)
	}
	run := engine.NewID()
	p, err := s.Conversations.Begin(context.WithoutCancel(r.Context()), run, req)
	if err != nil || p.Stage != Working {
		return p, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), 12*time.Second)
	defer cancel()
	p, err = s.Conversations.Await(ctx, run, func(p Progress) bool { return p.Stage != Working })
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil // the page that follows the run takes over
	}
	return p, err
}

// cannotTell answers a request whose client or redirect URI is not in order: to the person, never by a redirect
// (RFC 6749 §4.1.2.1).
func (s *Server) cannotTell(w http.ResponseWriter, r *http.Request, a *asked, err error) {
	if !web.Navigates(r) && (strings.HasPrefix(r.URL.Path, "/paymentiq/") || a != nil && a.client != nil && a.client.compatible()) {
		web.JSON(w, http.StatusUnauthorized, started{Errors: []fault{{Field: fieldOf(err), Msg: "not registered"}}, Messages: []string{}})
		return
	}
	web.ErrorPage(w, r, err)
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*parley.Error](err); ok {
		return e.Field
	}
	return ""
}

// asFailure is what the client is told about an error. One that is ours says so and no more.
func (s *Server) asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	switch parley.KindOf(err) {
	case parley.KindInvalid:
		return invalidRequest(fieldOf(err), "not in order")
	case parley.KindUnavailable, parley.KindUnheard, parley.KindUnknown:
		s.Log.Warn("could not authorize", "err", err)
		return &failure{code: "temporarily_unavailable", description: "please try again"}
	}
	s.Log.Error("could not authorize", "err", err)
	return &failure{code: "server_error", description: "the mistake is ours"}
}

// refuse tells the client at its redirect URI.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, a *asked, err error) {
	f := s.asFailure(err)
	q := url.Values{"error": {f.code}, "error_description": {f.description}, "iss": {s.Issuer}}
	if a.state != "" {
		q.Set("state", a.state)
	}
	s.redirect(w, r, a.redirect, q)
}

// redirect sends the browser to the client's address with more parameters. Always 303: a form that was posted to us must not be
// posted on (RFC 9700 §4.12).
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, to string, q url.Values) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", with(to, q))
	w.WriteHeader(http.StatusSeeOther)
}

// with adds parameters to an address whose own query stays byte for byte what it was.
func with(to string, q url.Values) string {
	glue := "?"
	if strings.Contains(to, "?") {
		if glue = "&"; strings.HasSuffix(to, "?") || strings.HasSuffix(to, "&") {
			glue = ""
		}
	}
	return to + glue + q.Encode()
}

// The JSON that a compatible client gets.
type (
	started struct {
		Success        bool            `json:"success"`
		Messages       []string        `json:"messages"`
		RedirectOutput *redirectOutput `json:"redirectOutput,omitempty"`
		Links          *links          `json:"links,omitempty"`
		Errors         []fault         `json:"errors,omitempty"`
	}
	redirectOutput struct {
		HTML       *string           `json:"html"`
		URL        string            `json:"url"`
		Method     string            `json:"method"`
		Container  string            `json:"container"`
		Parameters map[string]string `json:"parameters"`
		Height     int               `json:"height"`
		Width      int               `json:"width"`
	}
	links struct {
		StatusURL string `json:"statusUrl"`
	}
	fault struct {
		Field string   `json:"field,omitempty"`
		Keys  []string `json:"keys,omitempty"`
		Msg   string   `json:"msg"`
	}
)

func (s *Server) startedJSON(w http.ResponseWriter, p Progress) {
	out := &redirectOutput{URL: p.Page.URL, Method: http.MethodGet, Container: "iframe", Parameters: map[string]string{}, Height: p.Page.Height, Width: p.Page.Width}
	if !p.Page.Framed {
		out.Container = "window"
	}
	if p.Stage != Identifying {
		out.URL, out.Container = s.FollowURL(p.Run), "window"
		if len(s.clients[p.Request.Client].FrameOrigins) > 0 { // otherwise our own page forbids to be framed
			out.Container = "iframe"
		}
	}
	if out.Height == 0 || out.Width == 0 {
		out.Height, out.Width = 600, 600
	}
	status := s.Issuer + "/api/signin/status?token=" + url.QueryEscape(s.StatusToken(p.Request.Merchant, p.TxRefID(), p.Request.At))
	web.JSON(w, http.StatusOK, started{Success: true, Messages: []string{}, RedirectOutput: out, Links: &links{status}})
}

func (s *Server) refuseJSON(w http.ResponseWriter, err error) {
	f := s.asFailure(err)
	code := http.StatusBadRequest
	if f.code == "temporarily_unavailable" || f.code == "server_error" {
		code = http.StatusServiceUnavailable
	}
	web.JSON(w, code, started{Errors: []fault{{Field: f.field, Keys: []string{f.code}, Msg: f.description}}, Messages: []string{}})
}
