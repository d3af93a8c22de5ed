package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley"
)

func TestTwoPicturesAreDecodedAtATimeAndOthersWait(t *testing.T) {
	over := make(chan time.Time)
	a := &App{Config: Config{After: func(d time.Duration) <-chan time.Time {
		if d != decodingWait {
			t.Errorf("it waits for %v", d)
		}
		return over
	}}, decoding: make(chan struct{}, decodingAtOnce)}
	raw := asPNG(t, quarters(4, 4))
	for range 2 * decodingAtOnce { // whoever is done makes room
		if _, err := a.encode(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
	}
	for range decodingAtOnce {
		a.decoding <- struct{}{}
	}
	encoded := make(chan error)
	wait := func(ctx context.Context) {
		go func() {
			_, err := a.encode(ctx, raw)
			encoded <- err
		}()
	}
	wait(t.Context())
	over <- time.Time{}
	if err := <-encoded; !errors.Is(err, errBusy) {
		t.Errorf("who waited too long is answered %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wait(ctx)
	cancel()
	if err := <-encoded; parley.KindOf(err) != parley.KindUnavailable {
		t.Errorf("who has gone is answered %v", err)
	}
	wait(t.Context())
	<-a.decoding
	if err := <-encoded; err != nil {
		t.Errorf("whose turn it is, is answered %v", err)
	}
}

func TestACrowdIsBoundedForEachAndForAll(t *testing.T) {
	var c crowd
	enter := func(who string, want bool) (leave func()) {
		t.Helper()
		leave, ok := c.enter(who, 2, 3)
		if ok != want {
			t.Errorf("%s is let in: %v", who, ok)
		}
		return leave
	}
	first := enter("anna", true)
	enter("anna", true)
	enter("anna", false)
	enter("bo", true)
	enter("cilla", false)
	first()
	enter("cilla", true)()
	enter("anna", true)
	if len(c.of) != 2 || c.all != 3 {
		t.Errorf("%+v", &c)
	}
}
