package sim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// actor is a party as its pages need it.
type actor interface {
	Actions() []string
	FaultsOf(action string) []Fault

	name() string   // as the words' keys call it
	root() string   // its own root, such as "/oidc/"; empty when it does not know
	ways() []string // its own pages, from its root; the first is the root itself
	faults() *Faults
	settings() []setting
	set(name, value string) bool // false when there is no such choice
}

// setting is something else that can be chosen about a party, such as what is wrong with its tokens.
type setting struct {
	Name, Now, Usual string // Usual is the choice that is no trouble
	Choices          []string
}

// strip is what stands on top of every page: that it is simulated, how the party behaves, and how to change that.
type strip struct {
	Who      string
	Now      []string // in words; empty when all is well
	Actions  []stripAction
	Settings []setting
	Back     string
}

type stripAction struct {
	Name   string
	Rule   Rule
	Faults []Fault
}

// Often are the choices of how often.
func (stripAction) Often() []int { return []int{-1, 1, 2} }

func stripOf(a actor, w words, back string) strip {
	s := strip{Who: a.name(), Settings: a.settings(), Back: back}
	rules := a.faults().Rules()
	for _, action := range a.Actions() {
		rule, set := rules[action]
		s.Actions = append(s.Actions, stripAction{action, rule, a.FaultsOf(action)})
		if !set {
			continue
		}
		often := w.say("often." + strconv.Itoa(rule.Times))
		if rule.Times > 2 {
			often = w.say("often.n", rule.Times)
		} else if rule.Times < 0 {
			often = w.say("often.-1")
		}
		s.Now = append(s.Now, w.say("does."+string(rule.Fault), action)+", "+often)
	}
	for _, c := range s.Settings {
		if c.Now != c.Usual {
			s.Now = append(s.Now, w.say("setting."+a.name()+"."+c.Name)+": "+c.Now)
		}
	}
	return s
}

// behaviour serves the page on which a person chooses how a party behaves, and hears what the strip on its other pages says. A POST has
// action, fault and times; or setting and value; or clear, which lets all behave. With back it returns to where one came from.
func behaviour(w http.ResponseWriter, r *http.Request, a actor) {
	if r.Method != http.MethodPost {
		render(w, r, a, page{name: "behaviour"})
		return
	}
	if !fromHere(w, r) {
		return
	}
	back := r.PostFormValue("back")
	if back != "" && !ownPath(back) {
		http.Error(w, "back is no path of this party", http.StatusBadRequest)
		return
	}
	said := map[string]any{}
	switch setting := r.PostFormValue("setting"); {
	case r.PostForm.Has("clear"):
		a.faults().Clear()
		for _, c := range a.settings() {
			a.set(c.Name, c.Usual)
		}
		said["clear"] = true
	case setting != "":
		if !a.set(setting, r.PostFormValue("value")) {
			http.Error(w, "no such setting or value", http.StatusBadRequest)
			return
		}
		said["setting"], said["value"] = setting, r.PostFormValue("value")
	default:
		action, fault := r.FormValue("action"), Fault(r.FormValue("fault"))
		times, err := strconv.Atoi(r.FormValue("times"))
		if err != nil {
			times = -1
		}
		if !slices.Contains(a.FaultsOf(action), fault) {
			http.Error(w, "no such action or fault", http.StatusBadRequest)
			return
		}
		a.faults().Set(action, fault, times)
		said["action"], said["fault"], said["times"] = action, fault, times
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(said)
		return
	}
	if back == "" {
		back = r.URL.Path
	}
	seeOther(w, relative(r.URL.Path, back))
}

// twistPage is where somebody chooses what is wrong with what a party says, where there is more to choose than faults.
func twistPage(w http.ResponseWriter, r *http.Request, a actor, twists []string) {
	if r.Method != http.MethodPost {
		now := a.settings()[0].Now // of those who have this page, the twist is the one setting
		render(w, r, a, page{name: "twist", data: map[string]any{"Now": now, "Twists": twists}})
		return
	}
	if !fromHere(w, r) {
		return
	}
	if twist := r.PostFormValue("twist"); !a.set("twist", twist) {
		http.Error(w, "no such twist: "+strconv.Quote(twist), http.StatusBadRequest)
		return
	}
	seeOther(w, r.URL.Path)
}

// crossOrigin knows who sends a form: another site's page must not change how a party behaves, nor send anything in its name.
var crossOrigin http.CrossOriginProtection

// fromHere tells whether a form comes from a page of the party's own, or from a program, and says no if not.
func fromHere(w http.ResponseWriter, r *http.Request) bool {
	if err := crossOrigin.Check(r); err != nil {
		http.Error(w, "this form is another site's", http.StatusForbidden)
		return false
	}
	return true
}

// ownPath tells whether an address is a path on the host that is asked, and cannot be read as another host by any browser: they take a
// backslash for a slash, and overlook tabs and line breaks (WHATWG URL).
func ownPath(address string) bool {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsFunc(address, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' }) {
		return false
	}
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == ""
}

// relative is the way from one path of a party to another, as far as they have a folder in common.
func relative(from, to string) string {
	folder := path.Dir(from)
	if !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	if rest, ok := strings.CutPrefix(to, folder); ok {
		return "./" + rest
	}
	return to
}

func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to) // not http.Redirect, which would make it absolute
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}
