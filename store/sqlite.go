package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"parley/engine"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// OpenSQLite opens the database in a folder, making both when they are missing, and brings its tables up to date. One process
// at a time: a second is refused while the first lives.
func OpenSQLite(ctx context.Context, folder string) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	unlock, err := lockFolder(ctx, folder)
	if err != nil {
		return nil, err
	}
	s, err := openSQLite(ctx, filepath.Join(folder, "parley.db"))
	if err != nil {
		unlock()
		return nil, err
	}
	s.close = sync.OnceValue(func() error { return errors.Join(s.read.Close(), s.write.close(), unlock()) })
	return s, nil
}

func dsn(file string, params url.Values) string {
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + params.Encode()
}

// lockFolder holds an exclusive transaction on a file of its own for as long as the process lives: the operating system lets
// go of it however the process dies, on every system that SQLite runs on.
func lockFolder(ctx context.Context, folder string) (unlock func() error, err error) {
	db, err := sql.Open("sqlite", dsn(filepath.Join(folder, "lock.db"), url.Values{"_pragma": {"busy_timeout(0)"}}))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if _, err = conn.ExecContext(context.WithoutCancel(ctx), "BEGIN EXCLUSIVE"); err != nil {
		shut(conn, db)
		return nil, fmt.Errorf("the data folder is in use by another process: %w", err)
	}
	return func() error { return shut(conn, db) }, nil
}

// shut closes a connection that was held, and its database, which would leave it open.
func shut(conn *sql.Conn, db *sql.DB) error { return errors.Join(conn.Close(), db.Close()) }

func openSQLite(ctx context.Context, file string) (*Store, error) {
	pragmas := func(more ...string) url.Values {
		return url.Values{"_pragma": append([]string{"busy_timeout(10000)", "foreign_keys(1)"}, more...)}
	}
	db, err := sql.Open("sqlite", dsn(file, pragmas("journal_mode(WAL)", "synchronous(FULL)", "temp_store(MEMORY)", "cache_size(-32000)", "wal_autocheckpoint(4000)")))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open %s: %w", filepath.Base(file), err)
	}
	if err := migrate(ctx, conn); err != nil {
		shut(conn, db)
		return nil, fmt.Errorf("migrate %s: %w", filepath.Base(file), err)
	}
	read, err := sql.Open("sqlite", dsn(file, pragmas("query_only(1)", "cache_size(-8000)")))
	if err != nil {
		shut(conn, db)
		return nil, err
	}
	read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	read.SetMaxIdleConns(max(4, 2*runtime.NumCPU()))
	s := &Store{write: newWriter(db, conn), read: &reader{DB: read}}
	s.tables = map[string]func(*tx, engine.Write) error{
		"run": putRun, "event": putEvent, "job": putJob, "attempt": putAttempt, "inbox": putInbox,
		"code": putCode, "token": putToken, "signing_key": putKey, "txn": putTransaction, "lookup": putLookup,
		"savings_user": putUser, "savings_account": putAccount, "savings_dream": putDream, "savings_launch": putLaunch, "savings_transaction": putSaved,
		"savings_consent": putConsent, "savings_message": putMessage, "savings_feed": putFeed, "savings_event": putSavingsEvent,
		"savings_cursor": putCursor, "savings_session": putSession, "savings_group": putGroup, "savings_answer": putAnswer,
		"savings_picture": putPicture,
	}
	return s, nil
}

// twice reports whether an error says that something unique is there already.
func twice(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// gather is how many transactions share a commit at the most.
const gather = 256

// writer is the one goroutine that writes. It commits what has gathered while it was busy in one transaction of the database,
// so that the price of making it durable is shared; each caller's part stands or falls alone, by a savepoint.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	todo chan *task
	quit chan struct{}
	gone chan struct{}

	transactions, commits atomic.Int64
}

type task struct {
	do   func(*tx) error
	err  error
	done chan struct{}
}

func newWriter(db *sql.DB, conn *sql.Conn) *writer {
	w := &writer{db: db, conn: conn, todo: make(chan *task, gather), quit: make(chan struct{}), gone: make(chan struct{})}
	go w.run(&tx{ctx: context.Background(), conn: conn, memo: map[string]*sql.Stmt{}})
	return w
}

var errClosed = errors.New("the store is closed")

// do has f run inside a transaction and returns when it is durable. Once handed over it is not taken back: a caller whose
// ctx ends must read to learn what became of it, so do does not return before it knows.
func (w *writer) do(ctx context.Context, f func(*tx) error) error {
	t := &task{do: f, done: make(chan struct{})}
	select {
	case w.todo <- t:
	case <-w.quit:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-t.done:
		return t.err
	case <-w.gone:
		select {
		case <-t.done:
			return t.err
		default:
			return errClosed
		}
	}
}

func (w *writer) run(t *tx) {
	defer close(w.gone)
	defer func() { // the connection, and with it the write-ahead log, is closed only when its statements are
		for _, s := range t.memo {
			s.Close()
		}
	}()
	for {
		select {
		case first := <-w.todo:
			w.commit(t, first)
		case <-w.quit:
			for {
				select {
				case first := <-w.todo:
					w.commit(t, first)
					continue
				default:
				}
				return
			}
		}
	}
}

func (w *writer) commit(t *tx, first *task) {
	batch := []*task{first}
	err := t.do("BEGIN IMMEDIATE")
	for i := 0; err == nil && i < len(batch); i++ {
		one := batch[i]
		if err = t.do("SAVEPOINT one"); err != nil {
			break
		}
		if one.err = one.do(t); one.err != nil {
			if err = t.do("ROLLBACK TO one"); err != nil {
				break
			}
		}
		if err = t.do("RELEASE one"); err != nil {
			break
		}
		if len(batch) < gather {
			select {
			case next := <-w.todo:
				batch = append(batch, next)
			default:
			}
		}
	}
	if err == nil {
		err = t.do("COMMIT")
	}
	if err != nil {
		t.do("ROLLBACK") // fails when there is nothing to roll back, and that is well
	} else {
		w.commits.Add(1)
	}
	for _, one := range batch {
		if err != nil {
			one.err = fmt.Errorf("commit: %w", err)
		} else if one.err == nil {
			w.transactions.Add(1)
		}
		close(one.done)
	}
}

func (w *writer) close() error {
	close(w.quit)
	<-w.gone
	return shut(w.conn, w.db)
}
