package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/house"
	"parley/sandbox"
	"parley/sim"
	"parley/web"

	"github.com/chromedp/chromedp"
)

var update = flag.Bool("update", false, "make the pictures in docs/pictures anew; needs PARLEY_CHROMIUM, PARLEY_AXE and PARLEY_NODE")

const pictures = "../docs/pictures"

// madeOf says what people see is made of. When that has changed, a picture that was made before shows something else.
func madeOf(t *testing.T) string {
	t.Helper()
	all := sha256.New()
	for _, name := range []string{"hosted", "sandbox", "diagram"} {
		files := web.Dist(name)
		err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := fs.ReadFile(files, path)
			all.Write([]byte(name + "/" + path + "\x00"))
			all.Write(body)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(all.Sum(nil)) + "\n"
}

// The moving picture is drawn from a run that is made now. It has no times, so that each run of the same story gives the same picture.
func TestPicturesOfARun(t *testing.T) {
	if os.Getenv("PARLEY_NODE") == "" {
		t.Skip("set PARLEY_NODE=1 to have Node draw a run as the browser does")
	}
	s := start(t, sandbox.Options{})
	for _, story := range s.Stories() {
		if story.Name != "deposit" {
			continue
		}
		r := s.Tell(t.Context(), story)
		if !r.OK {
			t.Fatal(r.Problems)
		}
		res, err := http.Get(s.HomeURL + "/live/runs/" + r.Run)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var drawing json.RawMessage
		if err := json.NewDecoder(res.Body).Decode(&drawing); err != nil {
			t.Fatal(err)
		}
		library, err := filepath.Abs("../web/dist/diagram/diagram.js")
		if err != nil {
			t.Fatal(err)
		}
		draw := exec.Command("node", "--input-type=module", "-e", `
			import { toSVG } from `+strconv.Quote("file://"+filepath.ToSlash(library))+`
			let text = ""
			for await (const part of process.stdin) text += part
			process.stdout.write(toSVG(JSON.parse(text), { animate: true, times: false, scheme: "both", width: 900 }))`)
		draw.Stdin, draw.Stderr = strings.NewReader(string(drawing)), os.Stderr
		svg, err := draw.Output()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "deposit.svg", svg)
	}
}

// The still pictures differ from machine to machine by its letters, so only what they were made of is compared.
func TestPicturesOfPages(t *testing.T) {
	golden(t, "made-of", []byte(madeOf(t)))
	if !*update {
		return
	}
	browser := chromium(t)
	s := start(t, sandbox.Options{Parts: house.Parts{Hold: 100 * time.Millisecond}})
	w := browser.begin(t, s)
	w.expect("status of 4")
	w.turn(desktopLight)
	w.goTo(s.HomeURL)
	w.settle("Somebody signs up and deposits")
	w.press("Somebody signs up and deposits")
	w.await("has drawn the run", func() bool { return strings.Contains(w.text(), "check_token") && strings.Contains(w.text(), "done") })
	w.await("stands still", func() bool { // the arrows are drawn one after the other
		still, err := chromedp.Run(w.ctx, chromedp.EvaluateAsDevTools[bool](`document.getAnimations().every(a => a.playState != "running")`))
		return err == nil && still
	})
	w.picture("home.png")

	w.turn(phoneLight)
	ask := func(provider string) string {
		q := url.Values{"amount": {"500.00"}, "locale": {"en_GB"}}
		if provider != "" {
			q.Set("identity_provider", provider)
		}
		return s.URL + "/oauth/authorize?" + request(s, q).Encode()
	}
	w.goTo(ask(""))
	w.settle("How do you want to pay?")
	w.picture("choose.png")
	w.goTo(ask("bankid"))
	w.settle("Scan the code")
	w.picture("app.png")
	s.Trustly.SetScenario(sim.TrustlyScenario{Order: "credit-late", CreditDelay: time.Second})
	w.goTo(ask("trustly"))
	orders := s.Trustly.Orders()
	success, _ := orders[len(orders)-1].Attributes["SuccessURL"].(string)
	w.goTo(success)
	w.settle("Waiting for you")
	if err := s.Trustly.Act(orders[len(orders)-1].OrderID, sim.TrustlyPerson{}, "approve"); err != nil {
		t.Fatal(err)
	}
	w.settle("Your deposit has arrived")
	w.picture("done.png")
}

func (w *walker) picture(name string) {
	w.t.Helper()
	shot, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	golden(w.t, name, shot)
}

// golden compares a picture with the one that is kept, or keeps it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join(pictures, name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != string(got) {
		t.Errorf("%s is not what a run looks like now (%v); run go test ./sandbox -run TestPictures -update", file, err)
	}
}
