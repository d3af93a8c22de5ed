package store

import (
	"context"
	"strconv"
	"strings"

	"parley/savings"
)

// listing is a query for a page of things. Conditions are about the things alone, so that a page is found, and all that match are counted, in
// their own table; what they are shown with is joined to the page. There are as many different texts as there are ways to ask, which is few.
type listing struct {
	q      savings.Query
	table  string
	as     string // what conditions call a thing
	by     string // what things are ordered by, and then by their ids
	joined string // what they are shown with
	is     []string
	args   []any
}

// things begins a listing of things that are users'. The partner is always the first value.
func things(q savings.Query, table, as, by, joined string) listing {
	l := listing{q: q, table: table, as: as, by: by, joined: joined}
	l.where(as+`.partner = `, q.Partner)
	l.whereIf(q.ID, as+`.id = `)
	l.whereIf(q.User, as+`.usr = `)
	if q.ExternalUser != "" {
		l.where(as+`.usr = (SELECT x.id FROM savings_user x WHERE x.partner = $1 AND x.external_id = `, q.ExternalUser)
		l.close()
	}
	return l
}

// and adds a condition that needs no value.
func (l *listing) and(condition string) { l.is = append(l.is, condition) }

// where adds a condition that ends with a value.
func (l *listing) where(condition string, value any) {
	l.args = append(l.args, value)
	l.and(condition + "$" + strconv.Itoa(len(l.args)))
}

// close ends a condition whose value stands in brackets.
func (l *listing) close() { l.is[len(l.is)-1] += `)` }

// whereIf adds a condition unless the value is empty, and so was not asked for.
func (l *listing) whereIf(value, condition string) {
	if value != "" {
		l.where(condition, value)
	}
}

// list reads a page, and counts what there is in all unless it is read by keyset. Nothing comes after a thing that is not there.
func list[T any](ctx context.Context, s *Store, l listing, columns string, scan func(scanner) (T, error)) ([]T, int, error) {
	count, from := -1, l.table+` `+l.as
	if !l.q.Keyset {
		if err := s.read.row(ctx, `SELECT COUNT(*) FROM `+from+` WHERE `+strings.Join(l.is, ` AND `), l.args...).Scan(&count); err != nil {
			return nil, 0, err
		}
	} else if l.q.After != "" {
		l.where(`(`+l.as+`.`+l.by+`, `+l.as+`.id) > (SELECT k.`+l.by+`, k.id FROM `+l.table+` k WHERE k.partner = $1 AND k.id = `, l.q.After)
		l.close()
	}
	way := ``
	if l.q.Newest {
		way = ` DESC`
	}
	order := ` ORDER BY ` + l.as + `.` + l.by + way + `, ` + l.as + `.id` + way
	l.args = append(l.args, l.q.Items)
	page := `SELECT * FROM ` + from + ` WHERE ` + strings.Join(l.is, ` AND `) + order + ` LIMIT $` + strconv.Itoa(len(l.args))
	if !l.q.Keyset {
		l.args = append(l.args, max(0, l.q.Number-1)*l.q.Items)
		page += ` OFFSET $` + strconv.Itoa(len(l.args))
	}
	found, err := all(ctx, s.read, scan, `SELECT `+columns+` FROM (`+page+`) `+l.as+l.joined+order, l.args...)
	return found, count, err
}

// ref is how the wire refers to something that a LEFT JOIN may not have found.
type ref struct{ id, kind, external, name *string }

func (r ref) get() savings.Ref {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return savings.Ref{ID: text(r.id), Type: text(r.kind), ExternalID: text(r.external), Name: text(r.name)}
}
