package store

import (
	"context"
	"encoding/json"

	"parley/engine"
	"parley/savings"
)

const messageColumns = `m.id, m.usr, m.category, m.external, m.title, m.body, m.cta, m.created, m.seen, m.processed, m.image`

func putMessage(t *tx, w engine.Write) error {
	put, ok := w.(savings.PutMessage)
	if !ok {
		return unknownWrite(w)
	}
	m := put.Message
	title, err := json.Marshal(m.Title)
	if err != nil {
		return err
	}
	body, err := json.Marshal(m.Body)
	if err != nil {
		return err
	}
	image := ""
	if m.Image.Src != "" {
		raw, err := json.Marshal(m.Image)
		if err != nil {
			return err
		}
		image = string(raw)
	}
	return t.once("savings_message", `INSERT INTO savings_message (id, usr, partner, category, external, title, body, cta, created, seen, processed, image)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, processed = excluded.processed`,
		m.ID, m.User, put.Partner, m.Category, bit(m.External), string(title), string(body), m.CTA, millis(m.Created), millis(m.ReadAt), millis(m.ProcessedAt), image)
}

func scanMessage(row scanner, more ...any) (savings.Message, error) {
	var m savings.Message
	var title, body, image string
	var created, seen, processed int64
	err := row.Scan(append([]any{&m.ID, &m.User, &m.Category, &m.External, &title, &body, &m.CTA, &created, &seen, &processed, &image}, more...)...)
	if err == nil {
		err = json.Unmarshal([]byte(title), &m.Title)
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &m.Body)
	}
	if err == nil && image != "" {
		err = json.Unmarshal([]byte(image), &m.Image)
	}
	m.Created, m.ReadAt, m.ProcessedAt = fromMillis(created), fromMillis(seen), fromMillis(processed)
	return m, err
}

// Messages lists the messages for a partner's users.
func (s *Store) Messages(ctx context.Context, q savings.Query) ([]savings.MessageView, int, error) {
	l := things(q, `savings_message`, `m`, `created`, withOwner(`m`))
	l.whereIf(q.Category, `m.category = `)
	if q.External != nil {
		l.where(`m.external = `, bit(*q.External))
	}
	if q.Processed != nil {
		l.and(map[bool]string{true: `m.processed <> 0`, false: `m.processed = 0`}[*q.Processed])
	}
	if q.CreatedAfter != 0 {
		l.where(`m.created > `, q.CreatedAfter)
	}
	if q.Unread {
		l.and(`m.seen = 0`)
	}
	return list(ctx, s, l, messageColumns+`, u.external_id`, func(row scanner) (v savings.MessageView, err error) {
		v.Message, err = scanMessage(row, &v.Owner.ExternalID)
		v.Owner.ID, v.Owner.Type = v.User, "User"
		return v, err
	})
}
