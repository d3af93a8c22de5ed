package store

import (
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
