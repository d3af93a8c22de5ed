package store

import (
	"context"

	"parley/engine"
	"parley/savings"
)

// groupSchema is migration 4: group dreams. Who is in one is said by the dreams, which know when they came into it.
const groupSchema = `
	CREATE TABLE savings_group (
		id          TEXT PRIMARY KEY,
		partner     TEXT NOT NULL,
		code        TEXT NOT NULL,
		owner       TEXT NOT NULL,
		name        TEXT NOT NULL,
		target      BIGINT NOT NULL,
		expires     TEXT NOT NULL,
		image       TEXT NOT NULL,
		inspiration TEXT NOT NULL,
		created     BIGINT NOT NULL,
		ended       BIGINT NOT NULL
	);
	CREATE UNIQUE INDEX savings_group_code ON savings_group (partner, code);

	ALTER TABLE savings_dream ADD COLUMN joined BIGINT NOT NULL DEFAULT 0;
	CREATE INDEX savings_dream_group ON savings_dream (group_dream, joined, id) WHERE joined <> 0;`

// groupFigures are for SQLite alone, as savingsFigures are.
const groupFigures = `
	INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
		('savings_group', 'sqlite_autoindex_savings_group_1', '100000 1'),
		('savings_group', 'savings_group_code', '100000 50000 1'),
		('savings_dream', 'savings_dream_group', '300000 3 1 1');
	ANALYZE sqlite_schema;`

const groupColumns = `g.id, g.partner, g.code, g.owner, g.name, g.target, g.expires, g.image, g.inspiration, g.created, g.ended`

// membersOf counts those who are in a group g.
const membersOf = `(SELECT COUNT(*) FROM savings_dream m WHERE m.group_dream = g.id AND m.joined <> 0)`

func scanGroup(row scanner) (g savings.Group, err error) {
	var created, ended int64
	err = row.Scan(&g.ID, &g.Partner, &g.Code, &g.Owner, &g.Name, &g.Target, &g.Expires, &g.Image, &g.Inspiration, &created, &ended, &g.Members)
	g.Created, g.Ended = fromMillis(created), fromMillis(ended)
	return g, err
}

func putGroup(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case savings.PutGroup:
		g := w.Group
		return t.once("savings_group", `INSERT INTO savings_group (id, partner, code, owner, name, target, expires, image, inspiration, created, ended)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			g.ID, g.Partner, g.Code, g.Owner, g.Name, g.Target, g.Expires, g.Image, g.Inspiration, millis(g.Created), millis(g.Ended))
	case savings.DescribeGroup:
		g, err := hold(t, w.Group)
		if err != nil || g.Owner != w.Is.User {
			return err
		}
		return rewrite(t, g, g.Alike(w.Was, w.Is))
	case savings.Regroup:
		g, err := hold(t, w.Group)
		if err != nil {
			return err
		}
		rows, err := t.query(`SELECT m.usr FROM savings_dream m WHERE m.group_dream = $1 AND m.joined <> 0 ORDER BY m.joined, m.id`, g.ID)
		if err != nil {
			return err
		}
		members, err := collect(rows, func(row scanner) (user string, err error) { return user, row.Scan(&user) })
		if err != nil {
			return err
		}
		next, err := g.Arranged(members, w.At)
		if err != nil {
			return err
		}
		return rewrite(t, g, next)
	}
	return unknownWrite(w)
}

// hold reads a group that goes on, and keeps it from anybody else until the transaction is over: what is read of it and of who is in it afterwards
// is as all who held it before have left it.
func hold(t *tx, id string) (g savings.Group, err error) {
	if err := t.must("savings_group", `UPDATE savings_group SET ended = 0 WHERE id = $1 AND ended = 0`, id); err != nil {
		return g, err
	}
	rows, err := t.query(`SELECT `+groupColumns+`, 0 FROM savings_group g WHERE g.id = $1`, id)
	if err != nil {
		return g, err
	}
	found, err := collect(rows, scanGroup)
	if len(found) > 0 {
		g = found[0]
	}
	return g, err
}

// rewrite writes what has changed of a group that is held.
func rewrite(t *tx, was, is savings.Group) error {
	if is == was {
		return nil
	}
	return t.must("savings_group", `UPDATE savings_group SET owner = $1, name = $2, target = $3, expires = $4, image = $5, ended = $6 WHERE id = $7`,
		is.Owner, is.Name, is.Target, is.Expires, is.Image, millis(is.Ended), is.ID)
}

// addGroups adds the groups that the dreams are in, and the one that was named.
func (s *Store) addGroups(ctx context.Context, b *savings.Book, partner string, of savings.Of) (err error) {
	for _, d := range b.Dreams {
		if !d.Joined.IsZero() {
			b.Groups, err = all(ctx, s.read, scanGroup, `SELECT `+groupColumns+`, `+membersOf+` FROM savings_group g
				WHERE g.id IN (SELECT d.group_dream FROM savings_dream d WHERE d.usr = $1 AND d.joined <> 0) ORDER BY g.id`, b.User.ID)
			break
		}
	}
	if err != nil || of.Group == "" && of.Code == "" {
		return err
	}
	by, key := `g.id = $1`, []any{of.Group}
	if of.Code != "" {
		by, key = `g.partner = $1 AND g.code = $2`, []any{partner, of.Code}
	}
	found, err := all(ctx, s.read, scanGroup, `SELECT `+groupColumns+`, `+membersOf+` FROM savings_group g WHERE `+by, key...)
	if len(found) > 0 {
		if b.Group = found[0]; b.Group.Partner != partner {
			b.Group = savings.Group{ID: b.Group.ID, Partner: b.Group.Partner}
		}
	}
	return err
}

// GroupOf is a group dream of a partner's that goes on, by its id, with who is in it.
func (s *Store) GroupOf(ctx context.Context, partner, id string) (savings.GroupView, error) {
	return s.group(ctx, `g.id = $2`, partner, id)
}

// GroupByCode is a group dream of a partner's that goes on, by its code, with who is in it.
func (s *Store) GroupByCode(ctx context.Context, partner, code string) (savings.GroupView, error) {
	return s.group(ctx, `g.code = $2`, partner, code)
}

func (s *Store) group(ctx context.Context, by, partner, key string) (v savings.GroupView, err error) {
	if v.Group, err = one(ctx, s.read, "group", scanGroup, `SELECT `+groupColumns+`, 0 FROM savings_group g WHERE g.partner = $1 AND `+by+` AND g.ended = 0`, partner, key); err != nil {
		return v, err
	}
	v.In, err = all(ctx, s.read, func(row scanner) (m savings.Member, err error) {
		var joined int64
		err = row.Scan(&m.User, &m.Dream, &m.Given, &m.Family, &joined, &m.Balance)
		m.Joined = fromMillis(joined)
		return m, err
	}, `SELECT u.id, m.id, u.given_name, u.family_name, m.joined, m.balance FROM savings_dream m JOIN savings_user u ON u.id = m.usr
		WHERE m.group_dream = $1 AND m.joined <> 0 ORDER BY m.joined, m.id`, v.ID)
	v.Members = len(v.In)
	return v, err
}

// GroupLaunches are the savehacks that those who are in a group have activated on their dreams in it, the newest first: also before they joined,
// if they ran then.
func (s *Store) GroupLaunches(ctx context.Context, group string, limit int) ([]savings.Launch, error) {
	return all(ctx, s.read, func(row scanner) (savings.Launch, error) { return scanLaunch(row) },
		`SELECT `+launchColumns+` FROM savings_dream m JOIN savings_launch l ON l.dream = m.id
		WHERE m.group_dream = $1 AND m.joined <> 0 AND l.started <> 0 AND (l.stopped = 0 OR l.stopped >= m.joined) ORDER BY l.started DESC, l.id DESC LIMIT $2`, group, limit)
}
