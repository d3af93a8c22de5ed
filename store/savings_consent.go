package store

import (
	"context"

	"parley/engine"
	"parley/savings"
)

const consentColumns = `c.id, c.usr, c.launch, c.obsolete, c.temporary, c.temporary_ends, c.read_at, c.request, c.max_frequency, c.max_amount, c.consented, c.rejected, c.journey, c.created`

func putConsent(t *tx, w engine.Write) error {
	put, ok := w.(savings.PutConsent)
	if !ok {
		return unknownWrite(w)
	}
	c := put.Consent
	return t.once("savings_consent", `INSERT INTO savings_consent (id, usr, partner, launch, obsolete, temporary, temporary_ends, read_at, request, max_frequency, max_amount, consented,
			rejected, journey, created)
		VALUES ($1, $2, (SELECT partner FROM savings_user WHERE id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO UPDATE SET temporary = excluded.temporary, temporary_ends = excluded.temporary_ends, read_at = excluded.read_at, request = excluded.request,
			max_frequency = excluded.max_frequency, max_amount = excluded.max_amount, consented = excluded.consented, rejected = excluded.rejected, journey = excluded.journey`,
		c.ID, c.User, c.Launch, c.Obsolete, c.TemporaryHash, millis(c.TemporaryEnds), millis(c.ReadAt), c.RequestID, c.MaxFrequency, c.MaxAmount, millis(c.ConsentedAt),
		millis(c.RejectedAt), c.Journey, millis(c.Created))
}

func scanConsent(row scanner, more ...any) (savings.Consent, error) {
	var c savings.Consent
	var ends, read, consented, rejected, created int64
	err := row.Scan(append([]any{&c.ID, &c.User, &c.Launch, &c.Obsolete, &c.TemporaryHash, &ends, &read, &c.RequestID, &c.MaxFrequency, &c.MaxAmount, &consented, &rejected,
		&c.Journey, &created}, more...)...)
	c.TemporaryEnds, c.ReadAt, c.ConsentedAt, c.RejectedAt, c.Created = fromMillis(ends), fromMillis(read), fromMillis(consented), fromMillis(rejected), fromMillis(created)
	return c, err
}

// Consents lists the transfer consents of a partner's users.
func (s *Store) Consents(ctx context.Context, q savings.Query) ([]savings.ConsentView, int, error) {
	l := things(q, `savings_consent`, `c`, `created`, withOwner(`c`))
	l.whereIf(q.Launch, `c.launch = `)
	return list(ctx, s, l, consentColumns+`, u.external_id`, func(row scanner) (v savings.ConsentView, err error) {
		v.Consent, err = scanConsent(row, &v.Owner.ExternalID)
		v.Owner.ID, v.Owner.Type = v.User, "User"
		return v, err
	})
}
