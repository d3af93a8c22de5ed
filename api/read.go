package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"parley/savings"
)

// bodyField is where a mistake in the body as a whole is said to be.
const bodyField = "body"

// opt is a field of a body: whether it was given, whether as null, and its value.
//
// Null takes away where a field can be taken away (null:"yes"); elsewhere it is as if the field were not there, because clients that write
// all their fields write null into those that they mean nothing by.
type opt[T any] struct {
	given, null bool
	v           T
}

// pointer is the value if it was given; a null is its zero value.
func (o opt[T]) pointer() *T {
	if !o.given {
		return nil
	}
	return &o.v
}

func (o *opt[T]) door() (given, null *bool, v any) { return &o.given, &o.null, &o.v }

// field is an opt of whatever type.
type field interface {
	door() (given, null *bool, v any)
}

// tags are what the tags of a field say: json is its name, or names that are understood too, need:"yes" that it must be there, null:"yes" that
// it can be taken away, doc, enum, min, max, len and eg what the document says.
type tags struct{ reflect.StructTag }

func (t tags) name() string { name, _, _ := strings.Cut(t.Get("json"), ","); return name }

func (t tags) names() []string {
	names := []string{t.name()}
	if or := t.Get("or"); or != "" {
		names = append(names, strings.Split(or, "|")...)
	}
	return names
}

func (t tags) is(tag string) bool { return t.Get(tag) == "yes" }

// read reads the body into what into points to, a struct of opts. It says all that is wrong at once. The wrapper may be left out.
func (c *call) read(into any) error {
	var f faults
	if err := c.readInto(into, &f); err != nil {
		return err
	}
	return f.err()
}

// readInto leaves what is wrong with fields to the caller, who has more to say.
func (c *call) readInto(into any, f *faults) error {
	object, err := c.object()
	if err != nil {
		return err
	}
	readObject(object, reflect.ValueOf(into).Elem(), "", f)
	return nil
}

// object is the body without its wrapper, by field.
func (c *call) object() (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	of := c.route.Of
	switch err := json.Unmarshal(c.body, &object); {
	case len(bytes.TrimSpace(c.body)) == 0:
		return nil, wrong(bodyField, "can't be blank")
	case !json.Valid(c.body):
		return nil, wrong(bodyField, "is not valid JSON")
	case err != nil || object == nil:
		return nil, wrong(bodyField, "must be a JSON object")
	}
	for _, door := range append([]string{of.one, snake(of.one)}, of.doors...) {
		inner, there := object[door]
		if !there {
			continue
		}
		var within map[string]json.RawMessage
		if json.Unmarshal(inner, &within) != nil || within == nil {
			return nil, wrong("", "must be a JSON object")
		}
		return within, nil
	}
	return object, nil
}

func wrong(field, message string) error {
	var f faults
	f.add(field, message)
	return f.err()
}

// readObject reads the fields of an object into a struct. at stands before their names when a mistake is told.
func readObject(object map[string]json.RawMessage, into reflect.Value, at string, f *faults) {
	for i := range into.NumField() {
		t := tags{into.Type().Field(i).Tag}
		if into.Type().Field(i).Anonymous { // what several bodies have in common
			readObject(object, into.Field(i), at, f)
			continue
		}
		to, ok := into.Field(i).Addr().Interface().(field)
		if !ok {
			continue
		}
		given, null, v := to.door()
		name := t.name()
		for _, n := range t.names() {
			raw, there := object[n]
			if !there || *given {
				continue
			}
			if string(raw) == "null" {
				*given = t.is("null")
				*null = *given
				continue
			}
			if *given = readValue(raw, reflect.ValueOf(v).Elem(), at+name, t, f); !*given {
				name = "" // its mistake has been told
			}
			break
		}
		value := reflect.ValueOf(v).Elem()
		if name != "" && t.is("need") && (!*given || value.Kind() == reflect.String && value.Len() == 0) {
			f.add(at+name, "can't be blank")
		}
	}
}

// readValue reads one value. It is false when there is a mistake, which it tells.
func readValue(raw json.RawMessage, into reflect.Value, name string, t tags, f *faults) bool {
	fail := func(message string) bool {
		f.add(name, message)
		return false
	}
	var text string
	isText := json.Unmarshal(raw, &text) == nil
	if isText && strings.ContainsRune(text, 0) {
		return fail("can't hold a NUL character")
	}
	switch p := into.Addr().Interface().(type) {
	case *savings.Cents:
		n, message := whole(raw)
		if message == "" && (n > int64(savings.Most) || n < -int64(savings.Most)) {
			message = "is too large"
		}
		*p = savings.Cents(n)
		if message != "" {
			return fail(message)
		}
		return true
	case *Date:
		if isText {
			if at, err := time.Parse(time.RFC3339, text); err == nil { // the day that it is where it was written
				*p = Date(at.Format(time.DateOnly))
				return true
			}
			if _, err := time.Parse(time.DateOnly, text); err == nil || text == "" {
				*p = Date(text)
				return true
			}
		}
		return fail("must be a date (2027-06-01) or a time (RFC 3339)")
	case *time.Time:
		if isText {
			at, err := time.Parse(time.RFC3339, text)
			if err == nil && at.Year() >= 1970 && at.Year() < 10000 {
				*p = at.UTC().Truncate(time.Millisecond)
				return true
			}
		}
		return fail("must be a time (RFC 3339)")
	case *ID:
		if !isText {
			return fail("must be a string")
		}
		*p = ID(text)
		return true
	}
	switch into.Kind() {
	case reflect.String:
		if !isText {
			return fail("must be a string")
		}
		into.SetString(text)
	case reflect.Bool:
		if json.Unmarshal(raw, into.Addr().Interface()) != nil {
			return fail("must be true or false")
		}
	case reflect.Int:
		n, message := whole(raw)
		if message == "" && int64(int32(n)) != n {
			message = "is too large"
		}
		if message != "" {
			return fail(message)
		}
		into.SetInt(n)
	case reflect.Float64:
		if json.Unmarshal(raw, into.Addr().Interface()) != nil {
			return fail("must be a number")
		}
	case reflect.Map:
		if json.Unmarshal(raw, into.Addr().Interface()) != nil {
			return fail("must be an object of strings")
		}
		for k, v := range into.Seq2() {
			if strings.ContainsRune(k.String()+v.String(), 0) {
				return fail("can't hold a NUL character")
			}
		}
	case reflect.Struct:
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return fail("must be an object")
		}
		readObject(object, into, name+".", f)
	case reflect.Slice:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return fail("must be a list")
		}
		if most, _ := strconv.Atoi(t.Get("max")); most > 0 && len(list) > most {
			return fail(fmt.Sprintf("is too long (maximum is %d)", most))
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for i, raw := range list {
			readValue(raw, into.Index(i), fmt.Sprintf("%s[%d]", name, i), tags{}, f)
		}
	default:
		panic("api: no way to read a " + into.Type().String())
	}
	return true
}

// whole reads a whole number, or says what is wrong with it. One with a point or an exponent is none, whatever its value: an amount that
// somebody reckons with in fractions may have been rounded already.
func whole(raw json.RawMessage) (int64, string) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case err == nil:
		return n, ""
	case strings.Trim(strings.TrimPrefix(string(raw), "-"), "0123456789") == "":
		return 0, "is too large"
	}
	return 0, "must be an integer"
}

// link is another thing that is named by its id, or by an object in which the id is.
type link struct {
	ID         opt[ID]     `json:"id"`
	ExternalID opt[string] `json:"externalId"`
}

// either is the id that was given in one of the two ways.
func either(id opt[ID], object opt[link]) opt[ID] {
	if id.given {
		return id
	}
	if object.null {
		return opt[ID]{given: true, null: true}
	}
	return object.v.ID
}

const immutable = "is immutable"

// fixed says so of a field that cannot be changed, unless it was given as it is.
func fixed[T comparable](f *faults, field string, o opt[T], is T) {
	if o.given && !o.null && o.v != is {
		f.add(field, immutable)
	}
}

// owner is whose book a body means: by the user's id, or by the bank's id of them.
type owner struct {
	UserID         opt[ID]     `json:"userId" doc:"Or user.id, or externalUserId: one of them must be there."`
	ExternalUserID opt[string] `json:"externalUserId" doc:"The bank's id of the user, instead of userId."`
	User           opt[link]   `json:"user" doc:"Instead of userId: {\"id\"} or {\"externalId\"}."`
}

// of names the book, or says that it cannot.
func (o owner) of(f *faults, at string) savings.Of {
	id, external := either(o.UserID, o.User), o.ExternalUserID
	if !external.given {
		external = o.User.v.ExternalID
	}
	switch {
	case id.v != "":
		return savings.Of{User: string(id.v)}
	case external.v != "":
		return savings.Of{ExternalUser: external.v}
	}
	f.add(at+"userId", "can't be blank")
	return savings.Of{}
}
