package main

import (
	"database/sql"

	_ "modernc.org/sqlite" // the driver called "sqlite"
)

// change does what no program of ours would do to a database.
func change(file, statement string) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}
