package sim

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// operatorResendOf is the header by which a message that the operator says again to itself is known.
const operatorResendOf = "Resend-Of"

// operatorOwnHeaders are of a connection, not of a message: whoever says it again makes its own.
var operatorOwnHeaders = []string{"Accept-Encoding", "Connection", "Content-Length", "Transfer-Encoding", operatorResendOf}

// header is one line of a message's head.
type header struct{ Name, Value string }

func headersOf(h http.Header) (lines []header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			lines = append(lines, header{name, value})
		}
	}
	return lines
}

// heardPage shows one message whole at /heard/N, and hears the wish to say it again at /heard/N/resend.
func (o *Operator) heardPage(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/heard/")
	number, resend := strings.CutSuffix(rest, "/resend")
	n, err := strconv.Atoi(number)
	m, there := o.message(n)
	switch {
	case !ok || err != nil || !there:
		http.NotFound(w, r)
	case !resend:
		o.showHeard(w, r, m, "", http.StatusOK)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "to say it again is a POST", http.StatusMethodNotAllowed)
	case fromHere(w, r):
		o.resend(w, r, m)
	}
}

func (o *Operator) message(n int) (OperatorMessage, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, ok := slices.BinarySearchFunc(o.heard, n, func(m OperatorMessage, n int) int { return m.Number - n })
	if !ok {
		return OperatorMessage{}, false
	}
	return o.heard[i], true
}

func (o *Operator) showHeard(w http.ResponseWriter, r *http.Request, m OperatorMessage, problem string, status int) {
	data := map[string]any{"M": m, "Problem": problem, "Head": headersOf(m.Header), "AnswerHead": headersOf(m.AnswerHeader), "Asked": pretty(m.Raw), "Said": pretty(m.Answer),
		"Unread": m.Fault == Drop, "Signed": o.opt.Secret != "", "Curl": operatorCurl("http://"+r.Host+m.Path, o.again(m), m.Raw)}
	render(w, r, o, page{name: "heard", status: status, script: true, back: "/heard/" + strconv.Itoa(m.Number), data: data})
}

// pretty is a JSON document with its lines broken, and anything else as it is.
func pretty(b []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return string(b)
	}
	return out.String()
}

// again is the head under which a message may be said again: its own, with the signature renewed, because one is good for minutes only.
func (o *Operator) again(m OperatorMessage) http.Header {
	h := m.Header.Clone()
	for _, name := range operatorOwnHeaders {
		h.Del(name)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(o.opt.Secret, "whsec_"))
	if o.opt.Secret == "" || err != nil || h == nil {
		return h
	}
	stamp := strconv.FormatInt(o.opt.Now().Unix(), 10)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(operatorMAC(key, h.Get("webhook-id"), stamp, m.Raw)))
	return h
}

// resend says a message to the operator's own address again, as the server would, and shows how it was heard.
func (o *Operator) resend(w http.ResponseWriter, r *http.Request, m OperatorMessage) {
	lang := languages[languageOf(r, "")]
	own, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if m.Fault == Drop || own == nil {
		o.showHeard(w, r, m, lang.say("heard.cannot"), http.StatusConflict)
		return
	}
	// The address that we are listening on, not the one that somebody's Host header names.
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+own.String()+m.Path, bytes.NewReader(m.Raw))
	if err != nil {
		o.showHeard(w, r, m, lang.say("heard.no.answer", err.Error()), http.StatusBadGateway)
		return
	}
	req.Host, req.Header = r.Host, o.again(m)
	req.Header.Set(operatorResendOf, strconv.Itoa(m.Number))
	o.mu.Lock()
	last := o.numbered
	o.mu.Unlock()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err == nil {
		res.Body.Close() // what it says is in the books
	}
	heard := o.Heard(m.Action)
	i := slices.IndexFunc(heard, func(h OperatorMessage) bool { return h.Number > last && h.Resent() == m.Number })
	if i < 0 {
		why := "?"
		if err != nil {
			why = err.Error()
		}
		o.showHeard(w, r, m, lang.say("heard.no.answer", why), http.StatusBadGateway)
		return
	}
	seeOther(w, "../"+strconv.Itoa(heard[i].Number))
}

// operatorCurl is a message as a command for a POSIX shell.
func operatorCurl(to string, h http.Header, body []byte) string {
	var b strings.Builder
	data := "--data-raw " + shellQuote(string(body))
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 { // what is no text is no argument either
		b.WriteString("printf %s " + base64.StdEncoding.EncodeToString(body) + " | base64 -d | ")
		data = "--data-binary @-"
	}
	b.WriteString("curl -i -X POST " + shellQuote(to))
	for _, line := range headersOf(h) {
		text := line.Name + ": " + line.Value
		if line.Value == "" {
			text = line.Name + ";" // curl's way to send a header without a value
		}
		b.WriteString(" \\\n  -H " + shellQuote(text))
	}
	b.WriteString(" \\\n  " + data)
	return b.String()
}

// shellQuote makes one word of a text for a POSIX shell: nothing between single quotes means anything but itself.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
