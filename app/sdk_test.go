package app_test

import (
	"strings"
	"testing"
)

func TestTheSDKIsServedWithoutASession(t *testing.T) {
	r := newRig(t)
	p := r.phone()
	for path, want := range map[string]string{"/sdk/": "The web SDK", "/sdk/parley-sdk.js": "as DreamsSDK", "/sdk/parley-sdk.iife.js": "var ParleySDK"} {
		if a := p.get(path); a.StatusCode != 200 || !strings.Contains(a.body, want) || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s is %d", path, a.StatusCode)
		}
	}
	if a := p.get("/sdk"); a.StatusCode != 303 || a.Header.Get("Location") != "/sdk/" {
		t.Errorf("/sdk leads to %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := p.get("/sdk/nothing.js"); a.StatusCode != 404 {
		t.Errorf("what is not there is %d", a.StatusCode)
	}
}
