package webhook_test

import (
	"context"
	"errors"
	"testing"

	"parley/engine"
	"parley/store"
	"parley/webhook"
)

func open(t *testing.T, folder string) webhook.Store {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var errDead = errors.New("dead")

// mortal is a store of a process that may die before a write.
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
