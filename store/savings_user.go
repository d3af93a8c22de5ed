package store

import (
	"context"

	"parley/engine"
	"parley/savings"
)

const userColumns = `u.id, u.partner, u.external_id, u.given_name, u.family_name, u.locale, u.zone, u.request_id, u.requested_by, u.requested_at, u.initiated_at,
	u.monthly_cap, u.minimum_balance, u.spent_period, u.spent, u.balance, u.balance_at, u.unread, u.journey, u.created, u.destroyed, u.version`

func putUser(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case savings.PutUser:
		u := w.User
		if w.Was == 0 {
			return t.must("savings_user", `INSERT INTO savings_user (id, partner, external_id, given_name, family_name, locale, zone, request_id, requested_by, requested_at,
				initiated_at, monthly_cap, minimum_balance, spent_period, spent, balance, balance_at, unread, journey, created, destroyed, version)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) ON CONFLICT DO NOTHING`,
				u.ID, u.Partner, u.ExternalID, u.GivenName.Reveal(), u.FamilyName.Reveal(), u.Locale, u.Zone, u.RequestID, u.RequestedBy, millis(u.RequestedAt),
				millis(u.InitiatedAt), u.Limits.MonthlyCap, u.Limits.MinimumBalance, u.Spent.Period, u.Spent.Cents, u.Balance, millis(u.BalanceAt), u.Unread, u.Journey,
				millis(u.Created), millis(u.Destroyed), u.Version)
		}
		return t.once("savings_user", `UPDATE savings_user SET external_id = $1, given_name = $2, family_name = $3, locale = $4, zone = $5, request_id = $6, requested_by = $7,
			requested_at = $8, initiated_at = $9, monthly_cap = $10, minimum_balance = $11, spent_period = $12, spent = $13, balance = $14, balance_at = $15, unread = $16,
			journey = $17, destroyed = $18, version = $19 WHERE id = $20 AND version = $21`,
			u.ExternalID, u.GivenName.Reveal(), u.FamilyName.Reveal(), u.Locale, u.Zone, u.RequestID, u.RequestedBy, millis(u.RequestedAt), millis(u.InitiatedAt),
			u.Limits.MonthlyCap, u.Limits.MinimumBalance, u.Spent.Period, u.Spent.Cents, u.Balance, millis(u.BalanceAt), u.Unread, u.Journey, millis(u.Destroyed),
			u.Version, u.ID, w.Was)
	case savings.EraseUser:
		return eraseUser(t, w.User)
	}
	return unknownWrite(w)
}

// eraseUser blanks what is personal in the rows of a user that the change itself did not write: dreams that had been deleted, messages, pictures,
// what happened on the current account, and what the bank has still to be told of them.
func eraseUser(t *tx, user string) error {
	for _, query := range []string{
		`UPDATE savings_dream SET name = '', image = '', group_dream = '', joined = 0, inspiration = '' WHERE usr = $1`,
		`DELETE FROM savings_message WHERE usr = $1`,
		`DELETE FROM savings_feed WHERE usr = $1`,
		`DELETE FROM savings_session WHERE usr = $1`,
		`DELETE FROM savings_picture WHERE usr = $1`,
		`DELETE FROM savings_answer WHERE partner = (SELECT partner FROM savings_user WHERE id = $1) AND body LIKE '%' || $1 || '%'`, // each names whom it is about
	} {
		if err := t.do(query, user); err != nil {
			return err
		}
	}
	return eraseEvents(t, user)
}

// withOwner joins the user of things to a page of them: from the page, which is short, and never the other way.
func withOwner(as string) string { return ` LEFT JOIN savings_user u ON u.id = ` + as + `.usr` }

func scanUser(row scanner, more ...any) (savings.User, error) {
	var u savings.User
	var requested, initiated, balanced, created, destroyed int64
	err := row.Scan(append([]any{&u.ID, &u.Partner, &u.ExternalID, &u.GivenName, &u.FamilyName, &u.Locale, &u.Zone, &u.RequestID, &u.RequestedBy, &requested, &initiated,
		&u.Limits.MonthlyCap, &u.Limits.MinimumBalance, &u.Spent.Period, &u.Spent.Cents, &u.Balance, &balanced, &u.Unread, &u.Journey, &created, &destroyed, &u.Version}, more...)...)
	u.RequestedAt, u.InitiatedAt, u.BalanceAt, u.Created, u.Destroyed = fromMillis(requested), fromMillis(initiated), fromMillis(balanced), fromMillis(created), fromMillis(destroyed)
	return u, err
}

// Users lists the users of a partner, but for those who were erased.
func (s *Store) Users(ctx context.Context, q savings.Query) ([]savings.User, int, error) {
	l := listing{q: q, table: `savings_user`, as: `u`, by: `created`}
	l.where(`u.partner = `, q.Partner)
	l.whereIf(q.ID, `u.id = `)
	l.whereIf(q.User, `u.id = `)
	l.whereIf(q.ExternalID, `u.external_id = `)
	l.whereIf(q.ExternalUser, `u.external_id = `)
	l.and(`u.destroyed = 0`)
	return list(ctx, s, l, userColumns, func(row scanner) (savings.User, error) { return scanUser(row) })
}
