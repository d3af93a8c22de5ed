package oauth

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parley"
	"parley/web"
)

// What the pages say. Where they lead belongs to follow.go and authorize.go, how they look to package web.

// page is a page for a person in a conversation: their language, the merchant's look, who may show it in a frame.
func (s *Server) page(r *http.Request, req Request, title string, text ...string) web.View {
	v := s.dressed(web.View{Words: web.SpeakTo(r, req.Locale)}, req)
	say := s.saying(v.Words, req)
	v.Title = say(title)
	for _, key := range text {
		v.Text = append(v.Text, say(key))
	}
	v.Details = deposit(v.Words, req.Amount)
	return v
}

// deposit is what is paid, as a page shows it; nothing when it is about no money.
func deposit(w *web.Words, amount *parley.Money) []web.Detail {
	if amount == nil {
		return nil
	}
	return []web.Detail{{Label: w.Say("deposit"), Value: w.Money(*amount)}}
}

// saying puts the names of a conversation into what is said in it.
func (s *Server) saying(w *web.Words, req Request) func(key string) string {
	shop, provider := s.shop(req), s.provider(req.Merchant, req.Provider).Label
	return func(key string) string {
		return w.Say(key, "shop", shop, "provider", provider, "minutes", strconv.Itoa(int(s.Patience/time.Minute)))
	}
}

// dressed gives a page the look of the merchant, and lets the client's own pages show it.
func (s *Server) dressed(v web.View, req Request) web.View {
	c := s.clients[req.Client]
	if c == nil {
		return v
	}
	v.Look = s.Look[c.Merchant]
	v.Ancestors = c.FrameOrigins
	v.Popup = req.Display == "popup" && len(c.FrameOrigins) > 0
	return v
}

// shop is what people call the one that sent them.
func (s *Server) shop(req Request) string {
	if c := s.clients[req.Client]; c != nil && c.Name != c.ID {
		return c.Name
	}
	if name := s.Look[req.Merchant].Name; name != "" {
		return name
	}
	u, err := url.Parse(req.RedirectURI)
	if err != nil {
		return req.Client
	}
	return u.Host
}

// provider is one of a merchant's; the zero value when it has none of that name any more.
func (s *Server) provider(merchant int, name string) Provider {
	all := s.Providers(merchant)
	if i := slices.IndexFunc(all, func(p Provider) bool { return p.Name == name }); i >= 0 {
		return all[i]
	}
	return Provider{Name: name, Label: name}
}

// home is the way back to the shop when there is nothing to bring along.
func (s *Server) home(v web.View, req Request) web.View {
	v.Links = []web.Link{{Text: v.Words.Say("back", "shop", s.shop(req)), URL: web.Origin(req.RedirectURI), Primary: true, Top: true}}
	return v
}

// steps are the few that a conversation consists of, and how far it has come.
func (s *Server) steps(w *web.Words, p Progress) []web.Step {
	type step struct {
		name string
		done bool
	}
	list := []step{{"step.identity", p.Identified}}
	if p.Request.Amount != nil {
		list = append(list, step{"step.approval", p.Accepted || p.Paid}, step{"step.payment", p.Paid})
	}
	list = append(list, step{"step.done", p.Stage == Granted})
	var out []web.Step
	next := web.StepNow
	if p.Stage == Denied {
		next = web.StepFailed
	}
	for _, l := range list {
		state := web.StepDone
		if !l.done {
			state, next = next, web.StepNext
		}
		out = append(out, web.Step{Name: w.Say(l.name), State: state})
	}
	return out
}

// choose lets the person say who identifies them: the same request again, with a name in it. What came in a form goes on in a form, so
// that none of it comes to stand in an address.
func (s *Server) choose(w http.ResponseWriter, r *http.Request, a *asked, req Request) {
	title := "choose.title"
	if req.Amount != nil {
		title += ".deposit"
	}
	v := s.page(r, req, title)
	last := web.LastChoice(r)
	choices := slices.Clone(a.choose)
	if i := slices.IndexFunc(choices, func(p Provider) bool { return p.Name == last }); i > 0 {
		first := choices[i]
		choices = slices.Insert(slices.Delete(choices, i, i+1), 0, first)
	}
	posted := r.Method == http.MethodPost
	for _, p := range choices {
		c := web.Choice{Name: p.Label, Logo: p.Logo, About: v.Words.Say("choose.identifies")}
		switch {
		case req.Amount != nil && p.Payer != "":
			c.About = v.Words.Say("choose.pays.with", "payer", p.Payer)
		case req.Amount != nil:
			c.About = v.Words.Say("choose.pays")
		}
		if p.Name == last {
			c.Mark = v.Words.Say("choose.last")
		}
		if inFrame(r) && !p.Framed && !p.Here && !posted {
			c.Top, c.About = true, c.About+". "+v.Words.Say("choose.window")
		}
		if posted {
			c.Value = p.Name
		} else {
			c.URL = "/oauth/authorize?" + chosen(a, p.Name).Encode()
		}
		v.Choices = append(v.Choices, c)
	}
	if posted {
		v.Form = s.again(a)
	}
	web.Show(w, v)
}

// again is a request that came as a form, to be sent once more. Where it leads in the end is the provider's page, which nobody knows before
// the provider is asked, so its policy says little.
func (s *Server) again(a *asked) *web.Form {
	f := &web.Form{Action: "/oauth/authorize", Name: "identity_provider", Leads: []string{"https:"}}
	if !s.secure {
		f.Leads = append(f.Leads, "http:")
	}
	for name, list := range a.values {
		if name != f.Name {
			f.Hidden = append(f.Hidden, web.Detail{Label: name, Value: list[0]})
		}
	}
	slices.SortFunc(f.Hidden, func(a, b web.Detail) int { return cmp.Compare(a.Label, b.Label) })
	return f
}

// chosen is the request again, with the name of a provider in it.
func chosen(a *asked, provider string) url.Values {
	q := url.Values{}
	for name, list := range a.values {
		q[name] = list
	}
	q.Set("identity_provider", provider)
	return q
}

// inFrame reports whether the page will stand in a frame.
func inFrame(r *http.Request) bool { return r.Header.Get("Sec-Fetch-Dest") == "iframe" }

// leaveFrame leads out of the frame, to a provider that does not open in one.
func (s *Server) leaveFrame(r *http.Request, req Request, provider, to string) web.View {
	req.Provider = provider
	v := s.page(r, req, "window.title", "window.text")
	v.Links = []web.Link{{Text: s.saying(v.Words, req)("window.open"), URL: to, Primary: true, Top: true}}
	return v
}

// How long a person waits before they are told what to do when nothing happens.
const helpAfter = 20 * time.Second

// waiting is the page of somebody who is early. It hears of every change, and looks again by itself without script.
func (s *Server) waiting(r *http.Request, p Progress, at visit) web.View {
	now := s.Now()
	if at.waited.IsZero() {
		at.waited = now
	}
	waited := now.Sub(at.waited)
	title, text, help, link, every, mood := "moment.title", []string{"moment.text"}, "moment.help", "", 3, web.Waiting
	app := p.Page.HandOver
	switch {
	case p.Stage == Identifying && app != nil:
		title, text, help, every = "app.title", []string{"app.text"}, "app.help", 5
		switch app.Hint {
		case HintStarted:
			title, text = "app.started", []string{"app.started.text"}
		case HintDocument:
			title, text = "app.started", []string{"app.document.text"}
		case HintSign:
			title, text = "app.sign", []string{"app.sign.text"}
		case HintProcessing:
			title, text = "app.sign", []string{"app.processing.text"}
		default:
			if app.QR == "" {
				text = []string{"app.text.device"}
			}
		}
	case p.Stage == Identifying:
		title, text, help, link, every = "identify.title", []string{"identify.text"}, "identify.help", "identify.go", 5
	case p.Stage == Paying:
		title, text, help, link = "pay.title", []string{"pay.text"}, "pay.help", "pay.go"
	case p.Stage == Unclear && waited < soon:
		title, text, help = "bank.title", []string{"bank.text"}, "pay.help"
	case p.Stage == Unclear:
		title, text, help, mood = "unclear.title", []string{"unclear.text", "unclear.more"}, "unclear.help", web.Unclear
	case p.Paid:
		text = []string{"moment.transfer"}
	case p.Identified:
		text = []string{"moment.operator"}
	}
	v := s.page(r, p.Request, title, text...)
	say := s.saying(v.Words, p.Request)
	v.Mood, v.Steps, v.Details = mood, s.steps(v.Words, p), deposit(v.Words, p.Amount)
	if link != "" {
		v.Links = []web.Link{{Text: say(link), URL: p.Page.URL, Primary: true, Top: !p.Page.Framed}} // outside of a frame that is where it leads anyway
	}
	if p.Stage == Identifying && app != nil {
		if app.QR != "" {
			v.QR = &web.QRCode{Image: "/oauth/follow/" + r.PathValue("run") + "/qr", Alt: say("app.qr"), Every: app.Fresh}
		}
		if app.SameDevice != "" {
			v.Links = []web.Link{{Text: say("app.open"), URL: app.SameDevice, Primary: true, Top: true}}
		}
	}
	if p.Stage == Identifying {
		v.Form = &web.Form{Text: v.Words.Say("cancel"), Action: "/oauth/cancel/" + s.handles.Make("follow", p.Run),
			Hidden: []web.Detail{{Label: "csrf", Value: s.csrf(p)}}, Leads: []string{web.Origin(p.Request.RedirectURI)}}
	}
	v.Help = &web.Help{Text: say(help), After: helpAfter - waited}
	at.leave = false
	v.Follow = &web.Follow{Events: "/oauth/follow/" + r.PathValue("run") + "/events?waited=" + strconv.FormatInt(at.waited.Unix(), 10),
		State: p.state(waited), Again: s.address(p.Run, at), Every: every}
	return v
}

// done tells somebody who has waited that all is well, and leads on.
func (s *Server) done(r *http.Request, p Progress, at visit) web.View {
	title := "done.title"
	if p.Request.Amount != nil {
		title += ".deposit"
	}
	v := s.page(r, p.Request, title, "done.text")
	at.leave = true
	to := s.address(p.Run, at)
	v.Mood, v.Steps, v.Details = web.Good, s.steps(v.Words, p), deposit(v.Words, p.Amount)
	v.Links = []web.Link{{Text: v.Words.Say("done.go", "shop", s.shop(p.Request)), URL: to, Primary: true}}
	v.GoOn = &web.GoOn{URL: to, After: 3}
	return v
}

// used is what a code that was redeemed leaves to say.
func (s *Server) used(r *http.Request, p Progress) web.View {
	v := s.home(s.page(r, p.Request, "used.title", "used.text"), p.Request)
	v.Mood, v.Details = web.Good, nil
	return v
}

// elsewhere is for the window in which a conversation was begun and not ended.
func (s *Server) elsewhere(r *http.Request, p Progress) web.View {
	v := s.page(r, p.Request, "elsewhere.title", "elsewhere.text")
	v.Mood = web.Good
	return v
}

// tooLate is for somebody who comes back the next day.
func (s *Server) tooLate(r *http.Request, p Progress) web.View {
	v := s.home(s.page(r, p.Request, "over.title", "over.text"), p.Request)
	v.Mood, v.Details = web.Bad, nil
	return v
}

// refused tells somebody who has waited whose no it was. The way back takes the answer along to the shop.
func (s *Server) refused(r *http.Request, p Progress, at visit) web.View {
	title, text := noWords(p)
	req := p.Request
	if p.Refusal.By == parley.ByPaymentProvider {
		req.Provider = p.Payer
	}
	v := s.page(r, req, title, text)
	if p.Request.Amount != nil {
		v.Text = append(v.Text, v.Words.Say("refused.nothing"))
	}
	at.leave = true
	v.Mood, v.Steps, v.Details = web.Bad, s.steps(v.Words, p), nil
	v.Links = []web.Link{{Text: v.Words.Say("back", "shop", s.shop(p.Request)), URL: s.address(p.Run, at), Primary: true}}
	return v
}

// noWords are the keys of the words for a refusal: whose it was, and why. A payment that was cancelled may have been by the person or by
// the bank: not every provider says which.
func noWords(p Progress) (title, text string) {
	no, away := p.Refusal, p.Refusal.Status.Away()
	switch {
	case no.Status == parley.StatusExpired:
		return "expired.title", "expired.text"
	case no.By == parley.ByBrowser, no.Status == parley.StatusCancelledByUser && !p.Identified:
		return "refused.person.title", "refused.person.text"
	case no.By == parley.ByOperator && away:
		return "refused.operator.away.title", "refused.operator.away.text"
	case no.By == parley.ByOperator:
		return "refused.operator.title", "refused.operator.text"
	case no.By == parley.ByIdentityProvider && no.Status == parley.StatusKYCUserUnderAge:
		return "refused.identity.title", "refused.identity.young"
	case (no.By == parley.ByIdentityProvider || no.By == parley.ByPaymentProvider) && away:
		return "refused.identity.away.title", "refused.identity.away.text"
	case no.By == parley.ByIdentityProvider:
		return "refused.identity.title", "refused.identity.text"
	case no.By == parley.ByPaymentProvider:
		return "refused.payment.title", "refused.payment.text"
	}
	return "refused.ours.title", "refused.ours.text"
}
