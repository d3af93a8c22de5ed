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
	"time"

	"parley"
	"parley/web"
)

// longest is how long after its beginning a conversation can still end at the redirect URI.
const longest = 24 * time.Hour

// open finds the conversation of an address, for the browser that began it.
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
		return p, parley.Invalid("browser", "not the browser that began this")
	}
	return p, nil
}

// follow shows a person where their conversation stands, and sends them on as soon as there is somewhere to go. The browser proves
// nothing by being here; it can come as often as it likes.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) error {
	p, err := s.open(r)
	if err != nil {
		return err
	}
	from, back := s.handles.Open("back", r.URL.Query().Get("back"))
	back = back && from == p.Run
	stay := r.URL.Query().Get("stay") != ""
	enough := func(p Progress) bool {
		return p.Stage == Granted || p.Stage == Denied || p.Stage == Paying && !stay
	}
	if !enough(p) {
		ctx, cancel := context.WithTimeout(r.Context(), s.Hold)
		defer cancel()
		if p, err = s.Conversations.Await(ctx, p.Run, enough); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	switch {
	case s.Now().Sub(p.Begun) > longest && (p.Stage == Granted || p.Stage == Denied):
		web.Show(w, web.View{Title: "This is over", Mood: "bad", Words: []string{"You began this more than a day ago. Please begin again where you started."},
			Links: []web.Link{{Text: "Back to " + host(p.Request.RedirectURI), URL: web.Origin(p.Request.RedirectURI), Primary: true}}})
	case p.Stage == Granted && back:
		return s.grant(w, r, p)
	case p.Stage == Granted:
		web.Show(w, web.View{Title: "Please go back to your provider's page", Mood: "waiting", Words: []string{"It sends you on from there. You can close this page."}})
	case p.Stage == Denied:
		if err := s.Conversations.Returned(context.WithoutCancel(r.Context()), p.Run); err != nil {
			return err
		}
		s.redirect(w, r, p.Request.RedirectURI, s.denied(p))
	case p.Stage == Paying && !stay:
		http.Redirect(w, r, p.Page.URL, http.StatusSeeOther)
	default:
		s.wait(w, r, p)
	}
	return nil
}

func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "where you came from"
	}
	return u.Host
}

// wait is the page of somebody who is early. It looks again by itself, without script.
func (s *Server) wait(w http.ResponseWriter, r *http.Request, p Progress) {
	v := web.View{Title: "One moment", Mood: "waiting", Refresh: 2, Words: []string{"We are talking to the others. This page goes on by itself."}}
	switch p.Stage {
	case Identifying:
		v.Title, v.Words = "Waiting for you", []string{"You have not finished with your identity provider yet."}
		v.Links = []web.Link{{Text: "Continue there", URL: p.Page.URL, Primary: true}}
		v.Form = &web.Form{Text: "Cancel", Action: "/oauth/cancel/" + s.handles.Make("follow", p.Run),
			Hidden: []web.Detail{{Label: "csrf", Value: s.csrf(p)}}, Leads: []string{web.Origin(p.Request.RedirectURI)}}
		v.Refresh = 5
	case Paying:
		v.Title, v.Words = "Waiting for your payment", []string{"If you have not paid yet, you can go on where you were.", "If you have, this page goes on by itself."}
		v.Links = []web.Link{{Text: "Continue there", URL: p.Page.URL, Primary: true}}
	case Unclear:
		v.Title, v.Words = "Waiting for your bank", []string{"Your bank has your payment, and has not told us yet that it is done.", "Your money is safe. You can wait here, or close this page: we go on without it."}
	}
	if p.Request.Amount != nil {
		v.Details = []web.Detail{{Label: "Deposit", Value: p.Request.Amount.String()}}
	}
	web.Show(w, v)
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

func (s *Server) cancel(w http.ResponseWriter, r *http.Request) error {
	p, err := s.open(r)
	if err != nil {
		return err
	}
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
	switch no.Status {
	case parley.StatusReadTimeout, parley.StatusIOException, parley.StatusFailedToConnect, parley.StatusInvalidResponse, parley.StatusProviderOutOfService,
		parley.StatusMerchantOutOfService, parley.StatusMerchantInvalidResponse:
		q.Set("error", "temporarily_unavailable")
	case parley.StatusSystemError:
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
func (s *Server) grant(w http.ResponseWriter, r *http.Request, p Progress) error {
	code, err := s.code(context.WithoutCancel(r.Context()), p)
	if err != nil {
		return err
	}
	if code == "" {
		web.Show(w, web.View{Title: "You are signed in", Mood: "good", Words: []string{"This sign-in has been used. You can close this page."},
			Links: []web.Link{{Text: "Back to " + host(p.Request.RedirectURI), URL: web.Origin(p.Request.RedirectURI), Primary: true}}})
		return nil
	}
	q := url.Values{"code": {code}, "iss": {s.Issuer}}
	if p.Request.State != "" {
		q.Set("state", p.Request.State)
	}
	if p.Request.Compatible && p.Grant.SessionID != "" {
		q.Set("sessionId", p.Grant.SessionID)
	}
	s.redirect(w, r, p.Request.RedirectURI, q)
	return nil
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
