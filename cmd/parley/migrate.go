package main

import (
	"context"
	"fmt"

	"parley/store"
)

const migrateAbout = `parley migrate brings the database in a folder up to date, making it when there is none. No other process may have it in use.
The server does the same when it starts; this is for doing it beforehand.

  parley migrate -data /var/lib/parley`

func runMigrate(ctx context.Context, t terminal, args []string) error {
	fs := flags(t, "migrate", migrateAbout)
	data := fs.String("data", "", "`folder` of the database")
	if _, err := parse(fs, args, 0); err != nil {
		return err
	}
	if *data == "" {
		return wrongUse("-data is needed")
	}
	s, err := store.OpenSQLite(ctx, *data)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s is at version %d\n", *data, store.SchemaVersion())
	return nil
}
