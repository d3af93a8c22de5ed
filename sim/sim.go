// Package sim is the other side of every conversation: an identity and payment provider that behaves like Trustly, an
// OpenID provider, an operator's platform with a shop, and an address register. They are small servers with a mind of
// their own, used by the sandbox and by every test.
//
// The package imports nothing of Parley's, so that a mistake in a signature or in the name of a field cannot cancel
// itself out. What a party heard is kept, in order, so that a test can ask it what it was told.
package sim

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is one way in which a party can misbehave when it is asked to do something.
type Fault string

// The faults that every party knows. Which actions it has is written at its type.
const (
	Behave  Fault = ""        // do what was asked and say so
	Refuse  Fault = "refuse"  // say no, in the form the party uses for a no
	Garbage Fault = "garbage" // answer 200 with something that is not the protocol
	Broken  Fault = "broken"  // answer 500 with HTML, having done nothing
	Slow    Fault = "slow"    // do it, but answer late (Faults.Delay)
	Drop    Fault = "drop"    // close the connection without having read or done anything: lost before
	Lose    Fault = "lose"    // do it, then close the connection without an answer: lost after
	Twice   Fault = "twice"   // do it, and do it again (a party that sends sends twice, at once)
)

// AllFaults lists the faults in the order in which pages show them.
var AllFaults = []Fault{Behave, Refuse, Garbage, Broken, Slow, Drop, Lose, Twice}

type rule struct {
	fault Fault
	times int // how many times it still applies; negative means always
}

// Faults is how a party is told to misbehave: for each action a fault, for a number of times or for ever. The zero
// value behaves. It is safe for use by many goroutines.
type Faults struct {
	Delay time.Duration // how long Slow takes; 2 s when zero

	mu    sync.Mutex
	rules map[string]rule
}

// Set makes the next times uses of action misbehave as fault says; a negative number of times means until told otherwise.
func (f *Faults) Set(action string, fault Fault, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rules == nil {
		f.rules = map[string]rule{}
	}
	if fault == Behave || times == 0 {
		delete(f.rules, action)
		return
	}
	f.rules[action] = rule{fault, times}
}

// Take returns the fault that applies to this use of action, and counts it.
func (f *Faults) Take(action string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.rules[action]
	if !ok {
		return Behave
	}
	if r.times > 0 {
		if r.times--; r.times == 0 {
			delete(f.rules, action)
		} else {
			f.rules[action] = r
		}
	}
	return r.fault
}

// Now returns the fault that stands for action, without counting.
func (f *Faults) Now(action string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rules[action].fault
}

// Wait is the pause of Slow.
func (f *Faults) Wait() time.Duration {
	if f.Delay == 0 {
		return 2 * time.Second
	}
	return f.Delay
}

// HangUp closes the connection of w without an answer, as a broken network would.
func HangUp(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.Close()
		return
	}
	panic(http.ErrAbortHandler)
}

// Page serves the small page on which a person chooses how a party behaves: GET shows it, POST (action, fault, times) sets it.
// Actions are the party's own words for what it can be asked.
func (f *Faults) Page(party string, actions ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			action, fault := r.FormValue("action"), Fault(r.FormValue("fault"))
			times, err := strconv.Atoi(r.FormValue("times"))
			if err != nil {
				times = -1
			}
			if !slices.Contains(actions, action) || !slices.Contains(AllFaults, fault) {
				http.Error(w, "no such action or fault", http.StatusBadRequest)
				return
			}
			f.Set(action, fault, times)
			if strings.Contains(r.Header.Get("Accept"), "application/json") {
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(map[string]any{"action": action, "fault": fault, "times": times})
				return
			}
			http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
			return
		}
		type row struct {
			Action string
			Now    Fault
		}
		var rows []row
		for _, a := range actions {
			rows = append(rows, row{a, f.Now(a)})
		}
		Render(w, faultsPage, map[string]any{"Party": party, "Rows": rows, "Faults": AllFaults})
	})
}

// Render writes a page of a simulated party: the template must define "title" and "main". It is plain HTML without script, for
// a phone first, and says at the top that it is simulated.
func Render(w http.ResponseWriter, page *template.Template, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	page.ExecuteTemplate(w, "page", data)
}

// Page parses the body of a page ("title" and "main" templates) into the frame that all simulated parties share.
func Page(body string) *template.Template {
	return template.Must(template.Must(template.New("page").Parse(frame)).Parse(body))
}

const frame = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{{template "title" .}}</title>
<style>
:root { color-scheme: light dark; --ink: #12211c; --paper: #fbfaf7; --line: #d9d6cc; --press: #1f4fd8; --onpress: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #eef2ee; --paper: #141a17; --line: #3a443f; --press: #9db4ff; --onpress: #10131c } }
* { box-sizing: border-box }
body { margin: 0; font: 17px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
.strip { padding: 8px 16px; font-size: 13px; border-bottom: 1px solid var(--line) }
main { max-width: 640px; margin: 0 auto; padding: 24px 16px }
h1 { font-size: 28px; line-height: 1.2; margin: 8px 0 16px; text-wrap: balance } h2 { font-size: 17px }
a { color: var(--press) }
button, select, input { font: inherit; min-height: 44px; padding: 8px 16px; border-radius: 8px; border: 1px solid var(--line); background: transparent; color: inherit }
button { background: var(--press); color: var(--onpress); border-color: var(--press); cursor: pointer }
button.quiet { background: transparent; color: inherit; border-color: var(--line) }
form { margin: 12px 0 }
form:not(.row) :is(button, select, input:not([type=radio], [type=checkbox])) { width: 100%; max-width: 400px }
form.row { display: flex; gap: 8px; flex-wrap: wrap; align-items: center } form.row > :is(select, button) { flex: 0 1 auto } form.row > label { flex: 0 0 144px; margin: 0 }
label { display: block; margin: 12px 0 4px } label.check { display: flex; gap: 12px; align-items: center; min-height: 44px; margin: 0 }
input[type=radio], input[type=checkbox] { width: 24px; min-height: 24px; height: 24px; margin: 0; flex: none }
table { border-collapse: collapse; width: 100%; font-size: 15px } th, td { text-align: left; padding: 8px 8px 8px 0; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; vertical-align: top; overflow-wrap: break-word }
.nowrap { white-space: nowrap } .small { font-size: 13px; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; font-size: 15px } dd { margin: 0; overflow-wrap: anywhere }
@media (max-width: 480px) {
form:not(.row) :is(button, select, input:not([type=radio], [type=checkbox])) { max-width: none } form.row > label { flex-basis: 100% } form.row > select { flex-grow: 1; min-width: 0 }
dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: 8px; font-weight: 600 }
}
summary { padding: 10px 0; font-size: 15px; cursor: pointer }
pre { overflow-x: auto; font-size: 13px }
:focus-visible { outline: 3px solid var(--press); outline-offset: 2px }
</style>
</head>
<body>
<div class="strip" role="note">Simulated: nothing is real, no money moves.</div>
<main>{{template "main" .}}</main>
</body>
</html>`

var faultsPage = Page(`{{define "title"}}How {{.Party}} behaves{{end}}
{{define "main"}}<h1>How {{.Party}} behaves</h1>
{{range .Rows}}<form method="post" class="row"><input type="hidden" name="action" value="{{.Action}}">
<label for="f-{{.Action}}">{{.Action}}</label>
<select id="f-{{.Action}}" name="fault">{{$now := .Now}}{{range $.Faults}}<option value="{{.}}"{{if eq . $now}} selected{{end}}>{{if .}}{{.}}{{else}}behave{{end}}</option>{{end}}</select>
<select name="times" aria-label="How often {{.Action}} does so"><option value="-1">every time</option><option value="1">once</option><option value="2">twice</option></select>
<button>Set</button></form>{{end}}{{end}}`)
