package store

import (
	"context"

	"parley/engine"
	"parley/savings"
)

const accountColumns = `a.id, a.usr, a.type, a.external_id, a.balance, a.opening, a.liquid, a.gain, a.gain_percent, a.acquisition, a.valued_from, a.valued_at, a.created, a.journey`

func putAccount(t *tx, w engine.Write) error {
	put, ok := w.(savings.PutAccount)
	if !ok {
		return unknownWrite(w)
	}
	a := put.Account
	return t.once("savings_account", `INSERT INTO savings_account (id, usr, partner, type, external_id, balance, opening, liquid, gain, gain_percent, acquisition, valued_from, valued_at, created, journey)
		VALUES ($1, $2, (SELECT partner FROM savings_user WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO UPDATE SET external_id = excluded.external_id, balance = excluded.balance, opening = excluded.opening, liquid = excluded.liquid, gain = excluded.gain,
			gain_percent = excluded.gain_percent, acquisition = excluded.acquisition, valued_from = excluded.valued_from, valued_at = excluded.valued_at, journey = excluded.journey`,
		a.ID, a.User, string(a.Type), a.ExternalID, a.Balance, a.Opening, a.Liquid, a.Gain, a.GainPercent, a.Acquisition, millis(a.ValuedFrom), millis(a.ValuedAt), millis(a.Created), a.Journey)
}

func scanAccount(row scanner, more ...any) (savings.Account, error) {
	var a savings.Account
	var from, at, created int64
	err := row.Scan(append([]any{&a.ID, &a.User, &a.Type, &a.ExternalID, &a.Balance, &a.Opening, &a.Liquid, &a.Gain, &a.GainPercent, &a.Acquisition, &from, &at, &created, &a.Journey}, more...)...)
	a.ValuedFrom, a.ValuedAt, a.Created = fromMillis(from), fromMillis(at), fromMillis(created)
	return a, err
}

// Accounts lists the accounts of a partner's users.
func (s *Store) Accounts(ctx context.Context, q savings.Query) ([]savings.AccountView, int, error) {
	l := things(q, `savings_account`, `a`, `created`, withOwner(`a`))
	l.whereIf(q.ExternalID, `a.external_id <> '' AND a.external_id = `)
	return list(ctx, s, l, accountColumns+`, u.external_id`, func(row scanner) (v savings.AccountView, err error) {
		v.Account, err = scanAccount(row, &v.Owner.ExternalID)
		v.Owner.ID, v.Owner.Type = v.User, "User"
		return v, err
	})
}
