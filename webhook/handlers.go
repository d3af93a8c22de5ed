package webhook

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"parley"
	"parley/oauth"
	"parley/web"
)

// Authenticator says which partner a request comes from. oauth.Server is one.
type Authenticator interface {
	Partner(r *http.Request, scope string) (partner string, err error)
}

// Routes adds to a mux what a bank can ask and do about its own endpoints:
//
//	GET  /v1/webhooks         how its endpoints stand
//	POST /v1/webhooks/replay  {"from": a time or the id of an event, "endpoint": one of them, or all} tells it again what it has heard since
func (w *Webhooks) Routes(mux *http.ServeMux, auth Authenticator) {
	mux.Handle("GET /v1/webhooks", w.handle(auth, oauth.ScopeRead, w.list))
	mux.Handle("POST /v1/webhooks/replay", w.handle(auth, oauth.ScopeWrite, w.replay))
}

func (w *Webhooks) handle(auth Authenticator, scope string, do func(http.ResponseWriter, *http.Request, string) error) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		partner, err := auth.Partner(r, scope)
		if err == nil {
			err = do(rw, r, partner)
		}
		if err != nil {
			w.refuse(rw, r, err)
		}
	})
}

func (w *Webhooks) list(rw http.ResponseWriter, r *http.Request, partner string) error {
	all, err := w.Status(r.Context(), partner)
	if err != nil {
		return err
	}
	web.JSON(rw, http.StatusOK, map[string]any{"webhooks": all})
	return nil
}

func (w *Webhooks) replay(rw http.ResponseWriter, r *http.Request, partner string) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return parley.Invalid("body", "must be application/json")
	}
	var asked struct{ From, Endpoint string }
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 16<<10))
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	if err != nil {
		return parley.Invalid("body", "must be an object with from, and endpoint when only one is meant")
	}
	begun, err := w.Replay(r.Context(), partner, asked.Endpoint, asked.From)
	if err != nil {
		return err
	}
	web.JSON(rw, http.StatusAccepted, map[string]any{"replays": begun})
	return nil
}

// refuse answers as the rest of the API does: what is wrong with a field as errors, all else as a problem.
func (w *Webhooks) refuse(rw http.ResponseWriter, r *http.Request, err error) {
	if no, ok := errors.AsType[*oauth.BearerError](err); ok {
		rw.Header().Set("WWW-Authenticate", no.Challenge())
		rw.Header().Set("Content-Type", "application/problem+json")
		rw.Header().Set("Cache-Control", "no-store")
		rw.WriteHeader(no.Status())
		json.NewEncoder(rw).Encode(map[string]any{"title": http.StatusText(no.Status()), "status": no.Status(), "detail": no.Error()})
		return
	}
	e, ok := errors.AsType[*parley.Error](err)
	if ok && e.Kind == parley.KindInvalid {
		web.JSON(rw, http.StatusBadRequest, map[string]any{"errors": []any{map[string]any{"field": e.Field, "errors": []string{e.Message}}}})
		return
	}
	if web.Status(err) >= 500 {
		w.Log.Error("a bank asked about its webhooks", "request", web.RequestID(r), "err", err)
	}
	web.Problem(rw, err)
}
