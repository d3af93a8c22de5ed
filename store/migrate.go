package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations bring a database from one version to the next. They are never changed once released; each is small and leaves
// the tables readable by the release before.
var migrations = []string{
	// 1: the first flows.
	`CREATE TABLE run (
		id        TEXT PRIMARY KEY,
		flow      TEXT NOT NULL,
		flow_table BIGINT NOT NULL,
		start_key TEXT NOT NULL,
		status    TEXT NOT NULL,
		version   BIGINT NOT NULL,
		step      BIGINT NOT NULL,
		place     TEXT NOT NULL,
		seq       BIGINT NOT NULL,
		refusal   TEXT NOT NULL,
		attention TEXT NOT NULL,
		data      TEXT NOT NULL,
		begun     BIGINT NOT NULL,
		changed   BIGINT NOT NULL
	);
	CREATE UNIQUE INDEX run_start_key ON run (flow, start_key) WHERE start_key <> '';
	CREATE INDEX run_attention ON run (changed) WHERE attention <> '';

	CREATE TABLE event (
		run     TEXT NOT NULL,
		seq     BIGINT NOT NULL,
		at      BIGINT NOT NULL,
		step    TEXT NOT NULL,
		kind    TEXT NOT NULL,
		attempt BIGINT NOT NULL,
		took    BIGINT NOT NULL,
		note    TEXT NOT NULL,
		PRIMARY KEY (run, seq)
	);

	CREATE TABLE job (
		run     TEXT PRIMARY KEY,
		due     BIGINT NOT NULL,
		attempt BIGINT NOT NULL,
		since   BIGINT NOT NULL,
		owner   TEXT NOT NULL,
		epoch   BIGINT NOT NULL,
		lease   BIGINT NOT NULL,
		died    BIGINT NOT NULL
	);
	CREATE INDEX job_free ON job (due) WHERE owner = '';
	CREATE INDEX job_held ON job (lease) WHERE owner <> '';

	CREATE TABLE attempt (
		run     TEXT NOT NULL,
		step    TEXT NOT NULL,
		number  BIGINT NOT NULL,
		at      BIGINT NOT NULL,
		outcome TEXT NOT NULL,
		took    BIGINT NOT NULL,
		why     TEXT NOT NULL,
		PRIMARY KEY (run, step, number, at)
	);

	CREATE TABLE inbox (
		source      TEXT NOT NULL,
		id          TEXT NOT NULL,
		run         TEXT NOT NULL,
		step        TEXT NOT NULL,
		fingerprint TEXT NOT NULL,
		body        TEXT NOT NULL,
		asks        BIGINT NOT NULL,
		taken       BIGINT NOT NULL,
		answer      TEXT NOT NULL,
		at          BIGINT NOT NULL,
		PRIMARY KEY (source, id)
	);
	CREATE INDEX inbox_waiting ON inbox (run) WHERE taken = 0;

	CREATE TABLE code (
		run      TEXT PRIMARY KEY,
		hash     TEXT NOT NULL,
		number   BIGINT NOT NULL,
		client   TEXT NOT NULL,
		expires  BIGINT NOT NULL,
		spent    BIGINT NOT NULL
	);
	CREATE UNIQUE INDEX code_hash ON code (hash);

	CREATE TABLE token (
		id       TEXT PRIMARY KEY,
		run      TEXT NOT NULL,
		client   TEXT NOT NULL,
		merchant BIGINT NOT NULL,
		issued   BIGINT NOT NULL,
		expires  BIGINT NOT NULL,
		revoked  BIGINT NOT NULL
	);
	CREATE INDEX token_run ON token (run);

	CREATE TABLE signing_key (
		id      TEXT PRIMARY KEY,
		sealed  TEXT NOT NULL,
		made    BIGINT NOT NULL,
		retires BIGINT NOT NULL
	);

	CREATE TABLE txn (
		id       BIGINT PRIMARY KEY,
		run      TEXT NOT NULL,
		origin   BIGINT NOT NULL,
		merchant BIGINT NOT NULL,
		kind     TEXT NOT NULL,
		status   BIGINT NOT NULL,
		minor    BIGINT NOT NULL,
		currency TEXT NOT NULL,
		money    TEXT NOT NULL,
		told     TEXT NOT NULL,
		made     BIGINT NOT NULL,
		changed  BIGINT NOT NULL
	);
	CREATE INDEX txn_run ON txn (run);

	CREATE TABLE lookup (
		token    TEXT PRIMARY KEY,
		merchant BIGINT NOT NULL,
		person   TEXT NOT NULL,
		source   TEXT NOT NULL,
		asked    BIGINT NOT NULL,
		billed   BIGINT NOT NULL,
		done     BIGINT NOT NULL,
		address  TEXT NOT NULL
	);
	CREATE INDEX lookup_person ON lookup (merchant, person, asked);

	CREATE TABLE sequence (
		name TEXT PRIMARY KEY,
		next BIGINT NOT NULL
	);`,
	// 2: what was said and answered, redacted, with the event.
	`ALTER TABLE event ADD COLUMN exchange TEXT NOT NULL DEFAULT ''`,
	// 3: goal savings.
	savingsSchema + savingsFigures,
	// 4: group dreams.
	groupSchema + groupFigures,
	// 5: pictures, of dreams and of messages.
	pictureSchema + pictureFigures,
}

// migrate brings the database up to date, one migration and its number in one transaction.
func migrate(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)`); err != nil {
		return err
	}
	var at int
	if err := conn.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM schema_version`).Scan(&at); err != nil {
		return err
	}
	if at > len(migrations) {
		return fmt.Errorf("the database is at version %d, and this program knows only up to %d", at, len(migrations))
	}
	for v := at; v < len(migrations); v++ {
		t, err := conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err = t.ExecContext(ctx, migrations[v]); err == nil {
			_, err = t.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES ($1)`, v+1)
		}
		if err != nil {
			t.Rollback()
			return fmt.Errorf("to version %d: %w", v+1, err)
		}
		if err := t.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// SchemaVersion is the version that this program brings a database to.
func SchemaVersion() int { return len(migrations) }
