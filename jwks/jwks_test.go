package jwks

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"parley"
)

// publisher publishes keys, and counts how often it is asked.
type publisher struct {
	*httptest.Server
	mu     sync.Mutex
	keys   []jose.JSONWebKey
	asked  int
	answer func(http.ResponseWriter)
	now    time.Time
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		if p.answer != nil {
			p.answer(w)
			return
		}
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: p.keys})
	}))
	t.Cleanup(p.Close)
	return p
}

// publish adds a key under a name and returns a token that it signed.
func (p *publisher) publish(t *testing.T, kid string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.keys = append(p.keys, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"})
	p.mu.Unlock()
	return sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}})
}

func sign(t *testing.T, with jose.SigningKey) string {
	t.Helper()
	s, err := jose.NewSigner(with, nil)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign([]byte(`{"sub":"anna"}`))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (p *publisher) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *publisher) later(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *publisher) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func TestANewKeyIsFoundThoughNobodyIsAskedMoreThanOnceAMinute(t *testing.T) {
	p := newPublisher(t)
	old := p.publish(t, "k1")
	set := New(p.Client(), p.clock)
	verify := func(token string) error {
		payload, alg, err := set.Verify(t.Context(), p.URL, token, Algorithms)
		if err == nil && (string(payload) != `{"sub":"anna"}` || alg != jose.ES256) {
			t.Errorf("%s, by %s", payload, alg)
		}
		return err
	}
	if err := verify(old); err != nil {
		t.Fatal(err)
	}
	fresh := p.publish(t, "k2")
	if err := verify(fresh); !errors.As(err, new(Distrusted)) || p.times() != 1 {
		t.Errorf("%v after %d questions: the keys are not a minute old", err, p.times())
	}
	p.later(time.Minute)
	if err := verify(fresh); err != nil || p.times() != 2 {
		t.Errorf("%v after %d questions", err, p.times())
	}
	stranger := sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), KeyID: "k9"}})
	for range 5 {
		if err := verify(stranger); !errors.As(err, new(Distrusted)) {
			t.Errorf("a stranger's token: %v", err)
		}
	}
	if p.times() != 2 {
		t.Errorf("strangers had it asked %d times", p.times())
	}
	p.later(DocumentAge)
	if err := verify(old); err != nil || p.times() != 3 {
		t.Errorf("%v after %d questions: keys are believed for an hour", err, p.times())
	}
	p.mu.Lock()
	p.keys = p.keys[1:] // k1 is withdrawn
	p.mu.Unlock()
	p.later(DocumentAge)
	if err := verify(old); !errors.As(err, new(Distrusted)) {
		t.Errorf("by a key that is no longer published: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestOnlyAsymmetricSignaturesCount(t *testing.T) {
	p := newPublisher(t)
	good := p.publish(t, "k1")
	point := must(p.keys[0].Key.(*ecdsa.PublicKey).Bytes())
	set := New(p.Client(), p.clock)
	for name, token := range map[string]string{
		"none":                        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0.",
		"HS256 by the public key":     sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: point}),
		"another key of the same kid": sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), KeyID: "k1"}}),
		"two dots too few":            "x",
		"nothing":                     "",
		"a signature that is cut":     good[:len(good)-4],
	} {
		if _, _, err := set.Verify(t.Context(), p.URL, token, append(Algorithms, "none", jose.HS256)); !errors.As(err, new(Distrusted)) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Verify(token, p.keys); !errors.As(err, new(Distrusted)) {
			t.Errorf("%s, with keys at hand: %v", name, err)
		}
	}
	if _, _, err := set.Verify(t.Context(), p.URL, good, []jose.SignatureAlgorithm{jose.RS256}); !errors.As(err, new(Distrusted)) {
		t.Errorf("an algorithm that was not asked for: %v", err)
	}
	if _, err := Verify(good, p.keys); err != nil {
		t.Error(err)
	}
}

func TestAPublisherThatIsAwayIsNoReasonToDistrust(t *testing.T) {
	p := newPublisher(t)
	token := p.publish(t, "k1")
	set := New(p.Client(), p.clock)
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		is     func(error) bool
	}{
		"down":         {func(w http.ResponseWriter) { w.WriteHeader(502) }, func(err error) bool { return parley.KindOf(err) == parley.KindUnknown }},
		"gone":         {func(w http.ResponseWriter) { w.WriteHeader(404) }, func(err error) bool { return errors.As(err, new(Broken)) }},
		"no key set":   {func(w http.ResponseWriter) { w.Write([]byte(`{}`)) }, func(err error) bool { return errors.As(err, new(Broken)) }},
		"no JSON":      {func(w http.ResponseWriter) { w.Write([]byte(`<html>`)) }, func(err error) bool { return errors.As(err, new(Broken)) }},
		"far too long": {func(w http.ResponseWriter) { w.Write(make([]byte, DocumentLimit+1)) }, func(err error) bool { return parley.KindOf(err) == parley.KindUnknown }},
	} {
		p.mu.Lock()
		p.answer = c.answer
		p.mu.Unlock()
		if _, _, err := set.Verify(t.Context(), p.URL, token, Algorithms); !c.is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.mu.Lock()
	p.answer = nil
	p.mu.Unlock()
	if _, _, err := set.Verify(t.Context(), p.URL, token, Algorithms); err != nil {
		t.Errorf("back again: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewKept[int]().Get(ctx, p.clock, func(int, time.Time, time.Time) bool { return false }, func(ctx context.Context) (int, error) { return 0, ctx.Err() }); err == nil {
		t.Error("whoever has left is answered")
	}
}

func TestThoseWhoComeTogetherAskOnce(t *testing.T) {
	p := newPublisher(t)
	token := p.publish(t, "k1")
	set := New(p.Client(), p.clock)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, _, err := set.Verify(t.Context(), p.URL, token, Algorithms); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if p.times() != 1 {
		t.Errorf("asked %d times", p.times())
	}
}
