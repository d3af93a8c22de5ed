package store

import (
	"context"
	"strconv"
	"time"

	"parley/engine"
	"parley/savings"
)

const savedColumns = `t.id, t.usr, t.type, t.state, t.amount, t.external_id, t.requested, t.settled, t.failed, t.reason, t.to_account, t.to_dream, t.from_account, t.from_dream, t.consent,
	t.launch, t.occasion, t.ready, t.banking_day, t.notice`

// putSaved writes the transactions of savings. linked says that a transaction has the accounts that its type needs, without which the bank is
// not given it. The notice is written by GiveNotice alone: a change that did not know of it, such as a cancellation, is a conflict.
func putSaved(t *tx, w engine.Write) error {
	switch w := w.(type) {
	case savings.PutTransaction:
		x := w.Transaction
		linked := (x.Type == savings.Withdrawal || x.ToAccount != "") && (x.Type == savings.Deposit || x.FromAccount != "")
		return t.once("savings_transaction", `INSERT INTO savings_transaction (id, usr, partner, type, state, amount, external_id, requested, settled, failed, reason, to_account, to_dream,
				from_account, from_dream, consent, launch, occasion, ready, banking_day, notice, linked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, requested = excluded.requested, settled = excluded.settled, failed = excluded.failed, reason = excluded.reason,
				to_account = excluded.to_account, to_dream = excluded.to_dream, from_account = excluded.from_account, from_dream = excluded.from_dream, ready = excluded.ready,
				linked = excluded.linked
			WHERE savings_transaction.notice = excluded.notice`,
			x.ID, x.User, w.Partner, string(x.Type), string(x.State), x.Amount, x.ExternalID, millis(x.Requested), millis(x.Settled), millis(x.Failed), x.Reason, x.ToAccount, x.ToDream,
			x.FromAccount, x.FromDream, x.Consent, x.Launch, x.Occasion, millis(x.Ready), x.BankingDay, x.Notice, bit(linked))
	case savings.GiveNotice:
		return t.do(`UPDATE savings_transaction SET notice = $1 WHERE partner = $2 AND ready <= $3 AND state = 'requested' AND notice = '' AND linked = 1`, w.Run, w.Partner, millis(w.Now))
	}
	return unknownWrite(w)
}

func scanSaved(row scanner, more ...any) (savings.Transaction, error) {
	var x savings.Transaction
	var requested, settled, failed, ready int64
	err := row.Scan(append([]any{&x.ID, &x.User, &x.Type, &x.State, &x.Amount, &x.ExternalID, &requested, &settled, &failed, &x.Reason, &x.ToAccount, &x.ToDream, &x.FromAccount,
		&x.FromDream, &x.Consent, &x.Launch, &x.Occasion, &ready, &x.BankingDay, &x.Notice}, more...)...)
	x.Requested, x.Settled, x.Failed, x.Ready = fromMillis(requested), fromMillis(settled), fromMillis(failed), fromMillis(ready)
	return x, err
}

// Transactions lists the transactions of a partner's users by when they were requested.
func (s *Store) Transactions(ctx context.Context, q savings.Query) ([]savings.TransactionView, int, error) {
	l := things(q, `savings_transaction`, `t`, `requested`, withOwner(`t`)+`
		LEFT JOIN savings_account ta ON ta.id = t.to_account LEFT JOIN savings_dream td ON td.id = t.to_dream
		LEFT JOIN savings_account fa ON fa.id = t.from_account LEFT JOIN savings_dream fd ON fd.id = t.from_dream`)
	l.whereIf(q.ExternalID, `t.external_id <> '' AND t.external_id = `)
	l.whereIf(q.Launch, `t.launch <> '' AND t.launch = `)
	switch q.State { // written out, so that the indexes of one state serve
	case "requested", "settled", "failed":
		l.and(`t.state = '` + q.State + `'`)
	case "":
	default:
		l.and(`1 = 0`)
	}
	if q.Dream != "" {
		l.where(`t.usr = (SELECT x.usr FROM savings_dream x WHERE x.partner = $1 AND x.id = `, q.Dream)
		n := strconv.Itoa(len(l.args))
		l.is[len(l.is)-1] += `) AND (t.to_dream = $` + n + ` OR t.from_dream = $` + n + `)`
	}
	switch {
	case !q.Given || q.State == "settled" || q.State == "failed":
	case q.State == "requested":
		l.where(`t.linked = 1 AND t.ready <= `, millis(q.GivenAt))
	default:
		l.where(`(t.state <> 'requested' OR t.linked = 1 AND t.ready <= `, millis(q.GivenAt))
		l.close()
	}
	return list(ctx, s, l, savedColumns+`, u.external_id, ta.id, ta.type, ta.external_id, td.id, td.type, td.name, fa.id, fa.type, fa.external_id, fd.id, fd.type, fd.name`,
		func(row scanner) (v savings.TransactionView, err error) {
			var ta, td, fa, fd ref
			v.Transaction, err = scanSaved(row, &v.Owner.ExternalID, &ta.id, &ta.kind, &ta.external, &td.id, &td.kind, &td.name, &fa.id, &fa.kind, &fa.external, &fd.id, &fd.kind, &fd.name)
			v.Owner.ID, v.Owner.Type = v.User, "User"
			v.ToAcc, v.ToDrm, v.FromAcc, v.FromDrm = ta.get(), td.get(), fa.get(), fd.get()
			return v, err
		})
}

const unnoticed = ` FROM savings_transaction WHERE partner = $1 AND state = 'requested' AND notice = '' AND linked = 1`

// Unnoticed are how many transactions of a partner are ready, and of which the bank was not told.
func (s *Store) Unnoticed(ctx context.Context, partner string, now time.Time) (n int, err error) {
	return n, s.read.row(ctx, `SELECT COUNT(*)`+unnoticed+` AND ready <= $2`, partner, millis(now)).Scan(&n)
}

// NextReady is when the earliest transaction becomes ready of which the bank was not told.
func (s *Store) NextReady(ctx context.Context, partner string) (time.Time, bool, error) {
	return s.earliest(ctx, `SELECT MIN(ready)`+unnoticed, partner)
}

// LeftOf is how many transactions were given with a notice, and how many of them are still requested: each a thousand at most, because a notice
// may be of a million, and whoever acts on one of them asks.
func (s *Store) LeftOf(ctx context.Context, notice string) (all, left int, err error) {
	const some = `(SELECT COUNT(*) FROM (SELECT 1 FROM savings_transaction WHERE notice = $1 AND notice <> ''`
	err = s.read.row(ctx, `SELECT `+some+` LIMIT 1000) a), `+some+` AND state = 'requested' LIMIT 1000) l)`, notice).Scan(&all, &left)
	return all, left, err
}
