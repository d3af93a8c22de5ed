package webhook_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"parley"
	"parley/engine"
	"parley/savings"
	"parley/webhook"
)

// mortal is a store that may die before a write.
type mortal struct {
	webhook.Store
	before func() error
}

func (m *mortal) Apply(ctx context.Context, batch []engine.Write) error {
	if err := m.before(); err != nil {
		return err
	}
	return m.Store.Apply(context.WithoutCancel(ctx), batch)
}

var errDead = errors.New("dead")

type memory struct {
	mu      sync.Mutex
	events  []savings.Event
	cursors map[string]webhook.Cursor
}

func open(t *testing.T, folder string) webhook.Store {
	return &memory{cursors: map[string]webhook.Cursor{}}
}

func (m *memory) Apply(_ context.Context, batch []engine.Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range batch {
		switch w := w.(type) {
		case savings.AddSavingsEvent:
			w.Event.Seq = int64(len(m.events) + 1)
			m.events = append(m.events, w.Event)
		case webhook.PutCursor:
			if m.cursors[w.Cursor.Endpoint].Version != w.Was {
				return &parley.Error{Kind: parley.KindConflict, Field: "savings_cursor"}
			}
			m.cursors[w.Cursor.Endpoint] = w.Cursor
		}
	}
	return nil
}

func (m *memory) EventsAfter(_ context.Context, partner string, seq int64, limit int) (out []savings.Event, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events[min(seq, int64(len(m.events))):] {
		if e.Partner == partner && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) EventByID(_ context.Context, partner, id string) (savings.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.events, func(e savings.Event) bool { return e.Partner == partner && e.ID == id }); i >= 0 {
		return m.events[i], nil
	}
	return savings.Event{}, parley.Errorf(parley.KindNotFound, "none")
}

func (m *memory) EventsBefore(_ context.Context, partner string, at time.Time) (seq int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		if e.Partner == partner && e.At.Before(at) {
			seq = e.Seq
		}
	}
	return seq, nil
}

func (m *memory) Cursor(_ context.Context, endpoint string) (webhook.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.cursors[endpoint]; ok {
		return c, nil
	}
	return webhook.Cursor{}, parley.Errorf(parley.KindNotFound, "none")
}
