package sandbox_test

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"parley/sandbox"
)

func start(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	s, err := sandbox.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStories(t *testing.T) {
	s := start(t, sandbox.Options{})
	for _, story := range s.Stories() {
		t.Run(story.Name, func(t *testing.T) {
			r := s.Tell(t.Context(), story)
			for _, p := range r.Problems {
				t.Error(p)
			}
			t.Log("\n" + r.Picture)
		})
	}
	if c := s.BankID.Complaints(); c != nil {
		t.Errorf("BankID complains: %v", c)
	}
}
