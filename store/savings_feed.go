package store

import (
	"context"

	"parley/engine"
	"parley/savings"
)

// putFeed remembers that a feed item was heard, so that it is heard once. What it was stands in the deposits that came of it.
func putFeed(t *tx, w engine.Write) error {
	add, ok := w.(savings.AddFeed)
	if !ok {
		return unknownWrite(w)
	}
	f := add.Item
	return t.once("savings_feed", `INSERT INTO savings_feed (usr, id, kind, cents, at) VALUES ($1, $2, $3, $4, $5)`, add.User, f.ID, string(f.Kind), f.Cents, millis(f.At))
}

// Feed are the items of a user's feed that were heard, after one, in the order of their ids.
func (s *Store) Feed(ctx context.Context, user, after string, items int) ([]savings.FeedItem, error) {
	return all(ctx, s.read, func(row scanner) (f savings.FeedItem, err error) {
		var at int64
		err = row.Scan(&f.ID, &f.Kind, &f.Cents, &at)
		f.At = fromMillis(at)
		return f, err
	}, `SELECT id, kind, cents, at FROM savings_feed WHERE usr = $1 AND id > $2 ORDER BY id LIMIT $3`, user, after, items)
}
