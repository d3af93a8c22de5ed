package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parley"
	"parley/savings"
)

// Meta says which part of a list is answered, and where the next one is.
type Meta struct {
	NextURL string `json:"next_url,omitempty" format:"uri" doc:"The next page; left out on the last one."`
	Count   *int   `json:"count,omitempty" doc:"How many there are in all. Left out with after_id, as are pages, from and to."`
	Items   int    `json:"items" doc:"How many are on this page."`
	Pages   *int   `json:"pages,omitempty"`
	From    *int   `json:"from,omitempty" doc:"The place of the first on this page, counted from 1; 0 when the page is empty."`
	To      *int   `json:"to,omitempty" doc:"The place of the last on this page."`
}

// parameter is one of the query.
type parameter struct {
	Name, About string
	Kind        string // "string", "integer", "boolean", "date-time"
	Enum        []string
	Max         int // of items
}

// The parameters that lists share.
func pages(most int) []parameter {
	return []parameter{
		{Name: "page", Kind: "integer", About: "The page, counted from 1; 1 when left out."},
		{Name: "items", Kind: "integer", Max: most, About: "How many on a page: 20 when left out, and at most " + strconv.Itoa(most) + ". Who asks for more is given the most; `meta.items` and `meta.next_url` say so."},
	}
}

const (
	defaultItems = 20
	mostPages    = 1_000_000
)

// asked reads a query at the door. A parameter that is not known is ignored; one that is empty does not choose.
type asked struct {
	url.Values
	faults
}

func (q *asked) text(name string) string {
	s := q.Get(name)
	if len(s) > 1000 || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		q.add(name, "is not valid")
		return ""
	}
	return s
}

func (q *asked) oneOf(name string, allowed ...string) string {
	s := q.text(name)
	for _, a := range allowed {
		if s == a {
			return s
		}
	}
	if s != "" {
		q.add(name, "is not one of "+strings.Join(allowed, ", "))
	}
	return ""
}

func (q *asked) flag(name string) *bool {
	s := strings.ToLower(q.text(name))
	switch s {
	case "":
		return nil
	case "true", "1":
		return new(true)
	case "false", "0":
		return new(false)
	}
	q.add(name, "must be true or false")
	return nil
}

func (q *asked) number(name string, without, most int) int {
	s := q.text(name)
	if s == "" {
		return without
	}
	n, err := strconv.Atoi(s)
	if err != nil && strings.Trim(s, "0123456789") == "" {
		return most
	}
	if err != nil || n < 1 {
		q.add(name, "must be a whole number from 1")
		return without
	}
	return min(n, most)
}

func (q *asked) time(name string) int64 {
	s := q.text(name)
	if s == "" {
		return 0
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "+", 1)) // a plus that was not escaped
	if err != nil {
		q.add(name, "must be a time (RFC 3339)")
		return 0
	}
	return t.UnixMilli()
}

// asks reads the query as far as all lists share it. most is the largest page.
func (c *call) asks(most int) (*asked, savings.Query) {
	q := &asked{Values: c.URL.Query()}
	return q, savings.Query{Page: savings.Page{Partner: c.partner.ID, Number: q.number("page", 1, mostPages), Items: q.number("items", defaultItems, most)},
		ExternalID: q.text("externalId"), User: q.text("userId"), ExternalUser: q.text("externalUserId")}
}

// list answers with a page of a list.
func list[V, J any](c *call, asked *asked, q savings.Query, read func(context.Context, savings.Query) ([]V, int, error), show func(V) J) (reply, error) {
	if asked.err() != nil {
		return reply{}, queryFault{asked.list}
	}
	want := q.Items
	if q.Keyset {
		q.Items++ // so that it shows whether there is more
	}
	views, count, err := read(c.Context(), q)
	if err != nil {
		return reply{}, err
	}
	meta := Meta{Items: min(len(views), want)}
	next := c.URL.Query()
	if q.Keyset {
		if len(views) > want {
			views = views[:want]
			next.Set("after_id", any(views[want-1]).(savings.TransactionView).ID)
			next.Del("page")
			meta.NextURL = c.address(next)
		}
	} else {
		all := max(1, (count+want-1)/want)
		from := (q.Number-1)*want + 1
		to := from + len(views) - 1
		if len(views) == 0 {
			from, to = 0, 0
		}
		meta.Count, meta.Pages, meta.From, meta.To = &count, &all, &from, &to
		if q.Number < all {
			next.Set("page", strconv.Itoa(q.Number+1))
			meta.NextURL = c.address(next)
		}
	}
	shown := make([]J, len(views))
	for i, v := range views {
		shown[i] = show(v)
	}
	return c.page(shown, meta)
}

// page writes a page of a list.
func (c *call) page(shown any, meta Meta) (reply, error) {
	body, err := marshal(map[string]any{c.route.Of.many: shown, "meta": meta})
	return reply{status: http.StatusOK, body: body}, err
}

// address is the absolute one of this list with another query.
func (c *call) address(query url.Values) string {
	return c.api.Base + c.URL.Path + "?" + query.Encode()
}

// find is the only one that a list has under an id.
func find[V any](c *call, q savings.Query, read func(context.Context, savings.Query) ([]V, int, error)) (v V, err error) {
	q.Partner, q.Number, q.Items = c.partner.ID, 1, 1
	all, _, err := read(c.Context(), q)
	if err == nil && len(all) == 0 {
		err = &parley.Error{Kind: parley.KindNotFound, Field: c.route.Of.one}
	}
	if err != nil {
		return v, err
	}
	return all[0], nil
}
