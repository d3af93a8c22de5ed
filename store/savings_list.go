package store

import (
	"context"
	"strconv"
	"strings"

	"parley/savings"
)

// listing is a query for a page of things. There are as many different texts as there are ways to ask, which is few.
type listing struct {
	q         savings.Query
	from      string
	id, order string // what tells two things apart, and the order, which ends with it
	is        []string
	args      []any
}

// and adds a condition that needs no value.
func (l *listing) and(condition string) { l.is = append(l.is, condition) }

// where adds a condition that ends with a value.
func (l *listing) where(condition string, value any) {
	l.args = append(l.args, value)
	l.and(condition + "$" + strconv.Itoa(len(l.args)))
}

// whereIf adds a condition unless the value is empty, and so was not asked for.
func (l *listing) whereIf(value, condition string) {
	if value != "" {
		l.where(condition, value)
	}
}

// list reads a page, and counts what there is in all unless it is read by keyset.
func list[T any](ctx context.Context, s *Store, l listing, columns string, scan func(scanner) (T, error)) ([]T, int, error) {
	count := -1
	if !l.q.Keyset {
		err := s.read.row(ctx, `SELECT COUNT(*) FROM `+l.from+` WHERE `+strings.Join(l.is, ` AND `), l.args...).Scan(&count)
		if err != nil {
			return nil, 0, err
		}
	} else if l.q.After != "" { // one that is not there is before everything, as none is
		l.args = append(l.args, l.q.After)
		table, alias, _ := strings.Cut(l.from, " ")
		if end := strings.IndexByte(alias, ' '); end > 0 {
			alias = alias[:end]
		}
		n := strconv.Itoa(len(l.args))
		l.and(`(` + l.order + `) > (SELECT ` + l.order + ` FROM ` + table + ` ` + alias + ` WHERE ` + l.id + ` = $` + n + `)`)
	}
	query := `SELECT ` + columns + ` FROM ` + l.from + ` WHERE ` + strings.Join(l.is, ` AND `) + ` ORDER BY ` + l.order
	l.args = append(l.args, l.q.Items)
	query += ` LIMIT $` + strconv.Itoa(len(l.args))
	if !l.q.Keyset {
		l.args = append(l.args, max(0, l.q.Number-1)*l.q.Items)
		query += ` OFFSET $` + strconv.Itoa(len(l.args))
	}
	things, err := all(ctx, s.read, scan, query, l.args...)
	return things, count, err
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
