package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/engine"
	"parley/savings"
)

// aPicture is a PNG of one colour.
func aPicture(t *testing.T, w, h int, c color.Color) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var red = color.RGBA{0xe0, 0x10, 0x10, 0xff}

// sends sends a picture, and is where it is.
func (p *phone) sends(raw string, headers ...string) (url string) {
	p.t.Helper()
	a := p.api("POST", "/pictures", raw, append([]string{"Content-Type", "image/png"}, headers...)...)
	if a.StatusCode != 201 {
		p.t.Fatalf("a picture is answered %d %s", a.StatusCode, a.body)
	}
	return a.object(p.t).text("picture.url")
}

// user is the id of whom the phone is.
func (p *phone) user() string {
	p.t.Helper()
	return p.does("GET", "/me", nil, 200).text("user.id")
}

func TestAPictureIsKeptAndShown(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	url := p.sends(aPicture(t, 60, 40, red))
	id, ok := strings.CutPrefix(url, "/app/pictures/")
	if !ok || len(id) != 22 || id == strings.TrimPrefix(p.sends(aPicture(t, 60, 40, red)), "/app/pictures/") {
		t.Errorf("it is at %s", url)
	}
	a := p.get(url)
	m, err := jpeg.Decode(strings.NewReader(a.body))
	if err != nil || m.Bounds() != image.Rect(0, 0, 60, 40) {
		t.Errorf("%v %v", err, a.body)
	}
	for header, want := range map[string]string{"Content-Type": "image/jpeg", "Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY"} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s: %q", header, got)
		}
	}

	dream := p.does("POST", "/dreams", object{"dream": object{"name": "Kajak", "imageUrl": url}}, 201)
	if dream.text("dream.imageUrl") != url || p.does("GET", "/me", nil, 200).text("dreams.0.imageUrl") != url {
		t.Errorf("the dream shows %v", dream)
	}
	at := "/dreams/" + dream.text("dream.id")
	for _, shown := range []string{"", url, "https://bank.example/x.jpg", url} {
		if o := p.does("PATCH", at, object{"dream": object{"imageUrl": shown}}, 200); o.at("dream.imageUrl") != any(shown) && !(shown == "" && o.at("dream.imageUrl") == nil) {
			t.Errorf("it shows %v, not %q", o.at("dream.imageUrl"), shown)
		}
	}
}

func TestADreamShowsNobodyElsesPicture(t *testing.T) {
	r := newRig(t)
	anna, bo, elsewhere := r.signedIn("one", "anna"), r.signedIn("one", "bo"), r.signedIn("two", "anna")
	url := anna.sends(aPicture(t, 4, 4, red))
	for who, p := range map[string]*phone{"another": bo, "another partner's": elsewhere} {
		dream := p.does("POST", "/dreams", object{"dream": object{"name": "Kajak"}}, 201).text("dream.id")
		for _, image := range []string{url, "/app/pictures/none", "/app/pictures/", "/app/pictures/../pictures/x"} {
			for _, a := range []answer{p.api("POST", "/dreams", object{"dream": object{"imageUrl": image}}), p.api("PATCH", "/dreams/"+dream, object{"dream": object{"imageUrl": image}})} {
				if a.StatusCode != 400 || !strings.Contains(a.body, `{"field":"dream.imageUrl","errors":["doesn't exist"]}`) {
					t.Errorf("%s shows %s: %d %s", who, image, a.StatusCode, a.body)
				}
			}
		}
	}
	for _, image := range []string{"http://bank.example/x.jpg", "/app/api/me", "data:image/png;base64,AA", "//bank.example/x.jpg", "https://" + strings.Repeat("x", 2000)} {
		if a := anna.api("POST", "/dreams", object{"dream": object{"imageUrl": image}}); a.StatusCode != 400 || !strings.Contains(a.body, "dream.imageUrl") {
			t.Errorf("%s: %d %s", image, a.StatusCode, a.body)
		}
	}
	// What it shows already, because somebody else saw to it, may be sent back.
	dream := bo.does("POST", "/dreams", object{"dream": object{"name": "Ours"}}, 201).text("dream.id")
	r.change("one", savings.Of{Dream: dream}, func(b *savings.Book) error {
		_, err := b.UpdateDream(dream, savings.DreamPatch{Image: &url})
		return err
	})
	bo.does("PATCH", "/dreams/"+dream, object{"dream": object{"imageUrl": url, "name": "All of ours"}}, 200)
}

func TestAPictureIsSeenByItsGroupAlone(t *testing.T) {
	r := newRig(t)
	anna, bo, cilla, elsewhere := r.signedIn("one", "anna"), r.signedIn("one", "bo"), r.signedIn("one", "cilla"), r.signedIn("two", "bo")
	url := anna.sends(aPicture(t, 4, 4, red))
	is := func(what string, want map[*phone]int) {
		t.Helper()
		for p, status := range want {
			if a := p.get(url); a.StatusCode != status || status != 200 && strings.Contains(a.body, "JFIF") {
				t.Errorf("%s: answered %d, not %d", what, a.StatusCode, status)
			}
		}
	}
	is("no dream shows it", map[*phone]int{anna: 200, bo: 404, cilla: 404, elsewhere: 404, r.phone(): 401})
	dreams := map[*phone]string{}
	for p, bank := range map[*phone]string{anna: "one", bo: "one", cilla: "one", elsewhere: "two"} {
		body := object{"name": "Kyoto"}
		if p == anna {
			body["imageUrl"] = url
		}
		dreams[p] = p.does("POST", "/dreams", object{"dream": body}, 201).text("dream.id")
		group := "g"
		if p == cilla {
			group = "h"
		}
		r.change(bank, savings.Of{Dream: dreams[p]}, func(b *savings.Book) error {
			_, err := b.UpdateDream(dreams[p], savings.DreamPatch{Group: &group})
			return err
		})
	}
	is("one is in the group", map[*phone]int{anna: 200, bo: 200, cilla: 404, elsewhere: 404, r.phone(): 401})
	bo.does("DELETE", "/dreams/"+dreams[bo], nil, 200)
	is("and has left it", map[*phone]int{anna: 200, bo: 404})
	anna.does("POST", "/signout", object{}, 200)
	is("nobody is signed in", map[*phone]int{anna: 401})
	for _, id := range []string{"", "none", "..%2f..%2fme", "%00", strings.Repeat("x", 5000)} {
		if a := bo.get("/app/pictures/" + id); a.StatusCode == 500 || strings.Contains(a.body, "JFIF") {
			t.Errorf("%q is answered %d", id, a.StatusCode)
		}
	}
}

func TestOnlyTheWebAppSendsPictures(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	raw := aPicture(t, 4, 4, red)
	for what, c := range map[string]struct {
		headers []string
		status  int
	}{
		"ours":                              {nil, 201},
		"another site's":                    {[]string{"Origin", "https://evil.example"}, 403},
		"the bank's own page":               {[]string{"Origin", "https://bank.example"}, 403},
		"a page that hides where it is":     {[]string{"Origin", "null"}, 403},
		"without an origin":                 {[]string{"Origin", ""}, 403},
		"an app, without an origin":         {[]string{"Origin", "", "X-Parley-App", "1"}, 201},
		"another site's with the header":    {[]string{"Origin", "https://evil.example", "X-Parley-App", "1"}, 403},
		"a form of another site's":          {[]string{"Origin", "https://evil.example", "Content-Type", "multipart/form-data; boundary=x"}, 403},
		"a type with a parameter":           {[]string{"Content-Type", "image/png; charset=binary"}, 201},
		"as SVG":                            {[]string{"Content-Type", "image/svg+xml"}, 400},
		"as HTML":                           {[]string{"Content-Type", "text/html"}, 400},
		"as JSON":                           {[]string{"Content-Type", "application/json"}, 400},
		"as nothing":                        {[]string{"Content-Type", ""}, 400},
		"as a picture that browsers cannot": {[]string{"Content-Type", "image/heic"}, 400},
	} {
		a := p.api("POST", "/pictures", raw, append([]string{"Content-Type", "image/png"}, c.headers...)...)
		if a.StatusCode != c.status || a.StatusCode == 400 && !strings.Contains(a.body, `"field":"picture"`) {
			t.Errorf("%s: %d %s", what, a.StatusCode, a.body)
		}
	}
	if a := r.phone().api("POST", "/pictures", raw, "Content-Type", "image/png"); a.StatusCode != 401 {
		t.Errorf("a stranger is answered %d", a.StatusCode)
	}
	// The others take no more than they did.
	if a := p.api("POST", "/dreams", raw, "Content-Type", "image/png"); a.StatusCode != 403 {
		t.Errorf("a picture as a dream is answered %d", a.StatusCode)
	}
	if a := p.api("POST", "/dreams", `{"name":"`+strings.Repeat("x", 64<<10)+`"}`); a.StatusCode != 400 || !strings.Contains(a.body, "is too large") {
		t.Errorf("a long dream is answered %d %s", a.StatusCode, a.body)
	}
}

// What a picture is follows from its bytes: nobody's word about it counts.
func TestWhatAPictureIsItSaysItself(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	noise := image.NewRGBA(image.Rect(0, 0, 1200, 900)) // more than a megabyte
	for i := range noise.Pix {
		noise.Pix[i] = byte(rand.Uint32())
	}
	var large bytes.Buffer
	if err := png.Encode(&large, noise); err != nil || large.Len() < 2<<20 {
		t.Fatal(err, large.Len())
	}
	p.sends(large.String(), "Content-Type", "image/gif")
	for _, kind := range []string{"image/jpeg", "image/png", "image/gif", "image/webp"} {
		a := p.get(p.sends(aPicture(t, 4, 4, red), "Content-Type", kind))
		if a.Header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(a.body, "\xff\xd8\xff") {
			t.Errorf("what came as %s is shown as %s", kind, a.Header.Get("Content-Type"))
		}
		for what, c := range map[string]struct{ raw, says string }{
			"SVG":        {`<svg xmlns="http://www.w3.org/2000/svg"/>`, "is not a JPEG, PNG, GIF or WebP picture"},
			"HTML":       {"<!doctype html><script>alert(1)</script>", "is not a JPEG, PNG, GIF or WebP picture"},
			"nothing":    {"", "is not a JPEG, PNG, GIF or WebP picture"},
			"half a PNG": {large.String()[:large.Len()/2], "is damaged"},
			"too much":   {strings.Repeat("x", 10<<20+1), "is larger than 10 MB"},
		} {
			if a := p.api("POST", "/pictures", c.raw, "Content-Type", kind); a.StatusCode != 400 || a.body != `{"errors":[{"field":"picture","errors":["`+c.says+`"]}]}`+"\n" {
				t.Errorf("%s as %s is answered %d %s", what, kind, a.StatusCode, a.body)
			}
		}
	}
	if a := p.api("POST", "/pictures", aPicture(t, 12001, 1, red), "Content-Type", "image/png"); a.StatusCode != 400 || !strings.Contains(a.body, "has more than 40 million pixels, or a side of more than 12000") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	// A picture that is a page at the same time is only the picture.
	if a := p.get(p.sends(aPicture(t, 4, 4, red) + "<html><script>alert(1)</script></html>")); strings.Contains(a.body, "script") {
		t.Error("what stood behind the picture is shown")
	}
}

func TestAPictureIsKeptOnceUnderAKey(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	raw := aPicture(t, 4, 4, red)
	url := p.sends(raw, "Idempotency-Key", "k")
	if again := p.sends(raw, "Idempotency-Key", "k"); again != url {
		t.Errorf("it was kept twice: %s and %s", url, again)
	}
	if a := p.api("POST", "/pictures", aPicture(t, 5, 4, red), "Content-Type", "image/png", "Idempotency-Key", "k"); a.StatusCode != 422 {
		t.Errorf("another picture under the key is answered %d %s", a.StatusCode, a.body)
	}
	if other := r.signedIn("one", "bo").sends(raw, "Idempotency-Key", "k"); other == url {
		t.Error("somebody else's key")
	}
}

func TestAPersonKeepsAHundredPicturesThatNoDreamShows(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	user, now := p.user(), r.clock.now()
	var batch []engine.Write
	for i := range 99 {
		batch = append(batch, savings.PutPicture{Picture: savings.Picture{ID: fmt.Sprint("p", i), User: user, Partner: "one", Made: now}, JPEG: []byte("x")})
	}
	if err := r.db.Apply(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	raw := aPicture(t, 4, 4, red)
	url := p.sends(raw)
	full := p.api("POST", "/pictures", raw, "Content-Type", "image/png")
	if full.StatusCode != 409 || !strings.Contains(full.body, "There are too many pictures that no dream shows") {
		t.Errorf("one more is answered %d %s", full.StatusCode, full.body)
	}
	r.signedIn("one", "bo").sends(raw) // it is for each their own
	p.does("POST", "/dreams", object{"dream": object{"name": "Kajak", "imageUrl": url}}, 201)
	p.sends(raw)
	r.clock.move(24 * time.Hour)
	p = r.signedIn("one", "anna")
	p.sends(raw)
	if a := p.get("/app/pictures/p0"); a.StatusCode != 404 {
		t.Errorf("what no dream shows is there after a day: %d", a.StatusCode)
	}
	if a := p.get(url); a.StatusCode != 200 {
		t.Errorf("what a dream shows is not there: %d", a.StatusCode)
	}
}

// Somebody who sends slowly keeps nobody else from sending, and does so with two pictures at most.
func TestOnePersonSendsTwoPicturesAtATime(t *testing.T) {
	r := newRig(t)
	p, other := r.signedIn("one", "anna"), r.signedIn("one", "bo")
	raw := aPicture(t, 4, 4, red)
	var slow []*io.PipeWriter
	answers := make(chan int, 2)
	for range 2 {
		in, out := io.Pipe()
		slow = append(slow, out)
		req, err := http.NewRequest("POST", p.URL+"/app/api/pictures", in)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "image/png")
		req.Header.Set("Origin", p.URL)
		req.Header.Set("Expect", "100-continue") // so that the body begins when somebody reads it
		go func() {
			res, err := p.client.Do(req)
			if err != nil {
				answers <- 0
				return
			}
			res.Body.Close()
			answers <- res.StatusCode
		}()
		out.Write([]byte(raw[:8]))
	}
	if third := p.api("POST", "/pictures", raw, "Content-Type", "image/png"); third.StatusCode != 503 || third.Header.Get("Retry-After") != "5" {
		t.Errorf("the third is answered %d %v", third.StatusCode, third.Header)
	}
	other.sends(raw)
	for _, out := range slow {
		out.Write([]byte(raw[8:]))
		out.Close()
	}
	for range 2 {
		if status := <-answers; status != 201 {
			t.Errorf("who was slow is answered %d", status)
		}
	}
	p.sends(raw)
}

// A picture that is shown is activity, as any other request.
func TestAPictureRenewsTheSession(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("three", "anna")
	url := p.sends(aPicture(t, 4, 4, red))
	for range 4 {
		r.clock.move(8 * time.Minute)
		if a := p.get(url); a.StatusCode != 200 {
			t.Fatalf("answered %d", a.StatusCode)
		}
	}
}

func TestAMessageHasItsImage(t *testing.T) {
	r := newRig(t)
	p := r.signedIn("one", "anna")
	r.change("one", savings.Of{User: p.user()}, func(b *savings.Book) error {
		_, err := b.Nudge(savings.Message{Title: map[string]string{"sv": "Hej"}, Body: map[string]string{"sv": "Bra"},
			Image: savings.MessageImage{Src: "https://bank.example/x.jpg", TranslatedAlt: map[string]string{"sv": "En stig"}, Height: 600, Width: 800}})
		return err
	})
	got, _ := json.Marshal(p.does("GET", "/messages", nil, 200).at("messages.0.image"))
	if string(got) != `{"height":600,"src":"https://bank.example/x.jpg","translatedAlt":{"sv":"En stig"},"width":800}` {
		t.Errorf("%s", got)
	}
}
