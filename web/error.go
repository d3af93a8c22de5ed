package web

import (
	"errors"
	"net/http"

	"parley"
)

var notThere = parley.Errorf(parley.KindNotFound, "no such page")

// ErrorPage shows a person that something went wrong.
func ErrorPage(w http.ResponseWriter, r *http.Request, err error) { Show(w, ErrorView(r, "", err)) }

// ErrorView is the page that says so: whose doing it was, what they can do, and the reference under which the log has the rest. What
// the request said is not repeated. locale is the person's, where that is known. It logs the error.
func ErrorView(r *http.Request, locale string, err error) View {
	log, words := logOf(r), SpeakTo(r, locale)
	v := View{Status: Status(err), Words: words, Mood: Bad, Ref: RequestID(r)}
	say := func(title string, text ...string) {
		v.Title = words.Say(title)
		for _, key := range text {
			v.Text = append(v.Text, words.Say(key))
		}
	}
	switch parley.KindOf(err) {
	case parley.KindInvalid:
		say("error.link.title", "error.link.text", "error.again")
		if e, ok := errors.AsType[*parley.Error](err); ok && e.Field == "browser" {
			v.Text = nil
			say("error.browser.title", "error.browser.text", "error.browser.again")
		}
		log.Info("refused a request", "request", v.Ref, "route", r.Pattern, "err", err)
	case parley.KindNotFound:
		say("error.nothing.title", "error.nothing.text", "error.again")
	case parley.KindRefused:
		say("error.refused.title", "error.refused.text", "error.again")
		log.Info("refused a request", "request", v.Ref, "route", r.Pattern, "err", err)
	case parley.KindUnavailable, parley.KindUnheard, parley.KindUnknown:
		say("error.moment.title", "error.moment.text", "error.moment.again")
		log.Warn("could not serve a page", "request", v.Ref, "route", r.Pattern, "err", err)
	default:
		say("error.title", "error.text")
		log.Error("could not serve a page", "request", v.Ref, "route", r.Pattern, "err", err)
	}
	return v
}
