// Package store keeps what the house remembers, in SQLite. It implements the Store interfaces that the other packages declare;
// one file holds one table: its columns, the writes to it and the reads from it, in SQL that can be read aloud.
//
// Every change comes as a batch of Writes, one transaction each, and is durable when Apply returns. There is one SQL text
// for every database; what differs between databases stands in this file and in migrate.go. Read sqlite.go next for how
// transactions are gathered.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"parley"
	"parley/engine"
)

// Store is a database. Its methods are safe for many goroutines.
type Store struct {
	write  *writer
	read   *reader
	close  func() error
	tables map[string]func(*tx, engine.Write) error
}

// tx is one transaction being written.
type tx struct {
	ctx  context.Context
	conn *sql.Conn
	memo map[string]*sql.Stmt
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s := t.memo[query]; s != nil {
		return s, nil
	}
	s, err := t.conn.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	t.memo[query] = s
	return s, nil
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// must runs a statement that changes exactly one row, or is a conflict over the table.
func (t *tx) must(table, query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return &parley.Error{Kind: parley.KindConflict, Field: table, Message: "somebody else was first"}
	}
	return nil
}

// once is must for something unique, which may be there already: that is a conflict over the table, too.
func (t *tx) once(table, query string, args ...any) error {
	err := t.must(table, query, args...)
	if twice(err) {
		return &parley.Error{Kind: parley.KindConflict, Field: table, Message: "it is there already"}
	}
	return err
}

// do runs a statement that may change any number of rows.
func (t *tx) do(query string, args ...any) error {
	_, err := t.exec(query, args...)
	return err
}

func (t *tx) query(query string, args ...any) (*sql.Rows, error) {
	s, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(t.ctx, args...)
}

// Apply writes the batch in one transaction, durably, or nothing of it. Errors are as engine.Store says.
func (s *Store) Apply(ctx context.Context, batch []engine.Write) error {
	return s.write.do(ctx, func(t *tx) error {
		for _, w := range batch {
			put := s.tables[w.Table()]
			if put == nil {
				return fmt.Errorf("store: no table %q", w.Table())
			}
			if err := put(t, w); err != nil {
				return fmt.Errorf("write %s: %w", w.Table(), err)
			}
		}
		return nil
	})
}

// Close ends everything. What Apply has acknowledged is safe with or without it.
func (s *Store) Close() error {
	return s.close()
}

// DB reads the database directly: for reports and for checking what must always hold. It cannot write.
func (s *Store) DB() *sql.DB { return s.read.DB }

// Commits is how many transactions were written since the store was opened, and in how many commits of the database they
// were gathered.
func (s *Store) Commits() (transactions, commits int64) {
	return s.write.transactions.Load(), s.write.commits.Load()
}

// millis is how a time is kept: milliseconds since 1970, zero for no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func unknownWrite(w engine.Write) error { return fmt.Errorf("store: no way to write %T", w) }

// reader reads with statements that are prepared once: parsing the SQL costs more than finding a row.
type reader struct {
	*sql.DB
	memo sync.Map // query to *sql.Stmt
}

func (r *reader) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := r.memo.Load(query); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := r.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if first, there := r.memo.LoadOrStore(query, s); there {
		s.Close()
		return first.(*sql.Stmt), nil
	}
	return s, nil
}

func (r *reader) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := r.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

func (r *reader) row(ctx context.Context, query string, args ...any) scanner {
	s, err := r.stmt(ctx, query)
	if err != nil {
		return noRow{err}
	}
	return s.QueryRowContext(ctx, args...)
}

// noRow is the row of a query that could not be asked.
type noRow struct{ err error }

func (n noRow) Scan(...any) error { return n.err }

// Close closes the statements too.
func (r *reader) Close() error {
	r.memo.Range(func(_, s any) bool { s.(*sql.Stmt).Close(); return true })
	return r.DB.Close()
}

// all reads every row of a query.
func all[T any](ctx context.Context, db *reader, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scan)
}

// collect reads rows to their end.
func collect[T any](rows *sql.Rows, scan func(scanner) (T, error)) ([]T, error) {
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scanner is a row of either sort.
type scanner interface{ Scan(dest ...any) error }

// one reads a single row; none is parley.KindNotFound.
func one[T any](ctx context.Context, db *reader, what string, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(db.row(ctx, query, args...))
	if errors.Is(err, sql.ErrNoRows) {
		return v, &parley.Error{Kind: parley.KindNotFound, Field: what, Message: "there is none"}
	}
	return v, err
}
