package store

import (
	"context"

	"parley"
	"parley/engine"
)

func putTransaction(t *tx, w engine.Write) error {
	x, ok := w.(parley.Transaction)
	if !ok {
		return unknownWrite(w)
	}
	return t.do(`INSERT INTO txn (id, run, origin, merchant, kind, status, minor, currency, money, told, made, changed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, minor = excluded.minor, currency = excluded.currency,
			money = excluded.money, told = excluded.told, changed = excluded.changed`,
		x.ID, x.Run, x.Origin, x.Merchant, string(x.Kind), int(x.Status), x.Amount.Minor, string(x.Amount.Currency), string(x.Money), string(x.Told), millis(x.Made), millis(x.Changed))
}

// RunTransactions are the transactions of a run, in the order of their numbers.
func (s *Store) RunTransactions(ctx context.Context, run string) ([]parley.Transaction, error) {
	return all(ctx, s.read, scanTransaction, `SELECT id, run, origin, merchant, kind, status, minor, currency, money, told, made, changed FROM txn WHERE run = $1 ORDER BY id`, run)
}

// RunOf is the run that a transaction belongs to.
func (s *Store) RunOf(ctx context.Context, transaction int64) (string, error) {
	return one(ctx, s.read, "transaction", func(row scanner) (run string, err error) { return run, row.Scan(&run) }, `SELECT run FROM txn WHERE id = $1`, transaction)
}

func scanTransaction(row scanner) (parley.Transaction, error) {
	var x parley.Transaction
	var made, changed int64
	err := row.Scan(&x.ID, &x.Run, &x.Origin, &x.Merchant, &x.Kind, &x.Status, &x.Amount.Minor, &x.Amount.Currency, &x.Money, &x.Told, &made, &changed)
	x.Made, x.Changed = fromMillis(made), fromMillis(changed)
	return x, err
}

// Numbers takes n numbers in a row from the sequence called name, and returns the first. They are never given twice; numbers
// that are taken and not used leave a gap.
func (s *Store) Numbers(ctx context.Context, name string, n int) (first int64, err error) {
	const start = 1000000 // so that the first transaction does not look like a test
	err = s.write.do(ctx, func(t *tx) error {
		rows, err := t.query(`INSERT INTO sequence (name, next) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET next = sequence.next + $3 RETURNING next`, name, start+n, n)
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			if err := rows.Scan(&first); err != nil {
				return err
			}
		}
		first -= int64(n)
		return rows.Err()
	})
	return first, err
}
