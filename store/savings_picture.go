package store

import (
	"context"
	"time"

	"parley/engine"
	"parley/savings"
)

// pictureSchema is migration 5: people's own pictures, and the pictures of messages. What a picture looks like stands apart from whose it is, so
// that looking whether it is still needed does not move it. BYTEA is PostgreSQL's word; SQLite keeps bytes as they are under any.
const pictureSchema = `
	CREATE TABLE savings_picture (
		id      TEXT PRIMARY KEY,
		usr     TEXT NOT NULL,
		partner TEXT NOT NULL,
		made    BIGINT NOT NULL,
		look    BIGINT NOT NULL
	);
	CREATE INDEX savings_picture_user ON savings_picture (usr, made);
	CREATE INDEX savings_picture_look ON savings_picture (look);

	CREATE TABLE savings_picture_jpeg (
		id   TEXT PRIMARY KEY REFERENCES savings_picture (id) ON DELETE CASCADE,
		jpeg BYTEA NOT NULL
	);

	ALTER TABLE savings_message ADD COLUMN image TEXT NOT NULL DEFAULT '';`

// pictureFigures are for SQLite alone, as savingsFigures are.
const pictureFigures = `
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
		('savings_picture', 'sqlite_autoindex_savings_picture_1', '1000000 1'),
		('savings_picture', 'savings_picture_user', '1000000 2 1'),
		('savings_picture', 'savings_picture_look', '1000000 2'),
		('savings_picture_jpeg', 'sqlite_autoindex_savings_picture_jpeg_1', '1000000 1');
	ANALYZE sqlite_schema;`

// lookedAt is for how many pictures it is looked, when one is kept, whether they are still needed. Each is looked for once a day at most, so that
// what there is to look for is not more than this many times what comes.
const lookedAt = 100

// shown is whether any dream of its person shows a picture p: one that was given up too, because it can still be seen.
const shown = `EXISTS (SELECT 1 FROM savings_dream d WHERE d.usr = p.usr AND d.image = '/app/pictures/' || p.id)`

// putPicture keeps a picture, and sweeps out those that no dream has shown for a day.
func putPicture(t *tx, w engine.Write) error {
	put, ok := w.(savings.PutPicture)
	if !ok {
		return unknownWrite(w)
	}
	p := put.Picture
	next := millis(p.Made.Add(savings.PictureLooseTo))
	rows, err := t.query(`SELECT p.id, `+shown+` FROM savings_picture p WHERE p.look <= $1 ORDER BY p.look LIMIT $2`, millis(p.Made), lookedAt)
	if err != nil {
		return err
	}
	type seen struct {
		id    string
		shown bool
	}
	due, err := collect(rows, func(row scanner) (s seen, err error) {
		err = row.Scan(&s.id, &s.shown)
		return s, err
	})
	if err != nil {
		return err
	}
	for _, d := range due {
		if d.shown {
			err = t.do(`UPDATE savings_picture SET look = $1 WHERE id = $2`, next, d.id)
		} else {
			err = t.do(`DELETE FROM savings_picture WHERE id = $1`, d.id)
		}
		if err != nil {
			return err
		}
	}
	// Another process may have erased the person since their book was read.
	if err := t.must("savings_picture", `INSERT INTO savings_picture (id, usr, partner, made, look)
		SELECT $1, u.id, u.partner, $2, $3 FROM savings_user u WHERE u.id = $4 AND u.partner = $5 AND u.destroyed = 0`, p.ID, millis(p.Made), next, p.User, p.Partner); err != nil {
		return err
	}
	return t.must("savings_picture_jpeg", `INSERT INTO savings_picture_jpeg (id, jpeg) VALUES ($1, $2)`, p.ID, put.JPEG)
}

const pictureColumns = `p.id, p.usr, p.partner, p.made`

func scanPicture(row scanner) (p savings.Picture, err error) {
	var made int64
	err = row.Scan(&p.ID, &p.User, &p.Partner, &made)
	p.Made = fromMillis(made)
	return p, err
}

// Picture says whose a picture of a partner's people is.
func (s *Store) Picture(ctx context.Context, partner, id string) (savings.Picture, error) {
	return one(ctx, s.read, "picture", scanPicture, `SELECT `+pictureColumns+` FROM savings_picture p WHERE p.partner = $1 AND p.id = $2`, partner, id)
}

// PicturesOf are a user's pictures, the oldest first.
func (s *Store) PicturesOf(ctx context.Context, partner, user string) ([]savings.Picture, error) {
	return all(ctx, s.read, scanPicture, `SELECT `+pictureColumns+` FROM savings_picture p WHERE p.partner = $1 AND p.usr = $2 ORDER BY p.made, p.id`, partner, user)
}

// LoosePictures counts the pictures that a user has sent since a time and that no dream of theirs which goes on shows.
func (s *Store) LoosePictures(ctx context.Context, user string, since time.Time) (n int, err error) {
	err = s.read.row(ctx, `SELECT COUNT(*) FROM savings_picture p WHERE p.usr = $1 AND p.made > $2
		AND NOT EXISTS (SELECT 1 FROM savings_dream d WHERE d.usr = p.usr AND d.deleted = 0 AND d.image = '/app/pictures/' || p.id)`, user, millis(since)).Scan(&n)
	return n, err
}

func scanJPEG(row scanner) (jpeg []byte, err error) {
	err = row.Scan(&jpeg)
	return jpeg, err
}

// PictureJPEG is a picture of a partner's people.
func (s *Store) PictureJPEG(ctx context.Context, partner, id string) ([]byte, error) {
	return one(ctx, s.read, "picture", scanJPEG, `SELECT j.jpeg FROM savings_picture p JOIN savings_picture_jpeg j ON j.id = p.id WHERE p.partner = $1 AND p.id = $2`, partner, id)
}

// PictureFor is a picture as a user of the partner's may see it: one of their own, one that a dream of its person shows which is in a group with
// a dream of the user's, or one that a group dream of its person shows, whose address only those are told who have the code. Any other is not there.
func (s *Store) PictureFor(ctx context.Context, partner, user, id string) ([]byte, error) {
	return one(ctx, s.read, "picture", scanJPEG, `SELECT j.jpeg FROM savings_picture p JOIN savings_picture_jpeg j ON j.id = p.id WHERE p.partner = $1 AND p.id = $2 AND (p.usr = $3
		OR EXISTS (SELECT 1 FROM savings_dream d JOIN savings_dream m ON m.group_dream = d.group_dream WHERE d.usr = p.usr AND d.deleted = 0 AND d.image = '/app/pictures/' || p.id
			AND d.group_dream <> '' AND m.usr = $3 AND m.partner = p.partner AND m.deleted = 0)
		OR EXISTS (SELECT 1 FROM savings_dream d JOIN savings_group g ON g.id = d.group_dream WHERE d.usr = p.usr AND d.joined <> 0 AND g.owner = p.usr AND g.image = '/app/pictures/' || p.id))`, partner, id, user)
}
