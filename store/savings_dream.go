package store

import (
	"context"

	"parley/engine"
	"parley/savings"
)

const dreamColumns = `d.id, d.usr, d.type, d.name, d.target, d.expires, d.achieved, d.deleted, d.group_dream, d.joined, d.account, d.inspiration, d.image, d.balance, d.pending, d.leaving,
	d.milestone, d.request, d.requested_by, d.requested, d.request_done, d.refused, d.journey, d.created`

func putDream(t *tx, w engine.Write) error {
	put, ok := w.(savings.PutDream)
	if !ok {
		return unknownWrite(w)
	}
	d := put.Dream
	return t.once("savings_dream", `INSERT INTO savings_dream (id, usr, partner, type, name, target, expires, achieved, deleted, group_dream, joined, account, inspiration, image, balance,
			pending, leaving, milestone, request, requested_by, requested, request_done, refused, journey, created)
		VALUES ($1, $2, (SELECT partner FROM savings_user WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, target = excluded.target, expires = excluded.expires, achieved = excluded.achieved, deleted = excluded.deleted,
			group_dream = excluded.group_dream, joined = excluded.joined, account = excluded.account, inspiration = excluded.inspiration, image = excluded.image, balance = excluded.balance,
			pending = excluded.pending, leaving = excluded.leaving, milestone = excluded.milestone, request = excluded.request, requested_by = excluded.requested_by,
			requested = excluded.requested, request_done = excluded.request_done, refused = excluded.refused, journey = excluded.journey`,
		d.ID, d.User, d.Type, d.Name, d.Target, d.Expires, millis(d.AchievedAt), millis(d.DeletedAt), d.Group, millis(d.Joined), d.Account, d.Inspiration, d.Image, d.Balance, d.Pending, d.Leaving,
		d.Milestone, d.Request, d.RequestedBy, millis(d.RequestedAt), millis(d.RequestDone), d.Refused, d.Journey, millis(d.Created))
}

func scanDream(row scanner, more ...any) (savings.Dream, error) {
	var d savings.Dream
	var achieved, deleted, joined, requested, done, created int64
	err := row.Scan(append([]any{&d.ID, &d.User, &d.Type, &d.Name, &d.Target, &d.Expires, &achieved, &deleted, &d.Group, &joined, &d.Account, &d.Inspiration, &d.Image, &d.Balance, &d.Pending,
		&d.Leaving, &d.Milestone, &d.Request, &d.RequestedBy, &requested, &done, &d.Refused, &d.Journey, &created}, more...)...)
	d.AchievedAt, d.DeletedAt, d.Joined, d.RequestedAt, d.RequestDone, d.Created = fromMillis(achieved), fromMillis(deleted), fromMillis(joined), fromMillis(requested), fromMillis(done), fromMillis(created)
	return d, err
}

// dreamView is what a dream is shown with: it follows dreamColumns, and needs the user as u and the account as a.
const dreamView = `, u.external_id, a.id, a.type, a.external_id, (SELECT COUNT(*) FROM savings_launch x WHERE x.dream = d.id AND x.state = 'active')`

func scanDreamView(row scanner, more ...any) (v savings.DreamView, err error) {
	var in ref
	v.Dream, err = scanDream(row, append([]any{&v.Owner.ExternalID, &in.id, &in.kind, &in.external, &v.ActiveSavehacks}, more...)...)
	v.Owner.ID, v.Owner.Type, v.In = v.User, "User", in.get()
	return v, err
}

// Dreams lists the dreams of a partner's users.
func (s *Store) Dreams(ctx context.Context, q savings.Query) ([]savings.DreamView, int, error) {
	l := things(q, `savings_dream`, `d`, `created`, withOwner(`d`)+` LEFT JOIN savings_account a ON a.id = d.account`)
	switch q.State {
	case "", "active":
		l.and(`d.deleted = 0`)
	case "deleted":
		l.and(`d.deleted <> 0`)
	}
	return list(ctx, s, l, dreamColumns+dreamView, func(row scanner) (savings.DreamView, error) { return scanDreamView(row) })
}
