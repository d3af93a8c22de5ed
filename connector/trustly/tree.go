package trustly

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// tree is a JSON object exactly as it was received or will be sent. What is signed is everything that was said, the fields
// that we do not know included (Trustly adds fields as it likes), so nothing is decoded into a struct before it is verified.
// Values are nil, string, json.Number, []any and tree.
type tree map[string]any

// maxDepth is far more than any message of Trustly's, and little enough to recurse into.
const maxDepth = 32

var errMalformed = errors.New("not a message of Trustly's")

// parse reads one JSON object. It refuses what two readers could understand differently: text that is not UTF-8, and a key
// that occurs twice. It refuses booleans too: no message has them, and the vendor's own clients differ on how to sign one.
func parse(body []byte) (tree, error) {
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: not UTF-8", errMalformed)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // a number is signed as its text: 11.00 is not 11
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	t, ok := v.(tree)
	if !ok {
		return nil, fmt.Errorf("%w: not an object", errMalformed)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: more than one value", errMalformed)
	}
	return t, nil
}

// value reads one value. Errors never carry the text, which may say something about a person.
func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: too deep", errMalformed)
	}
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: not JSON", errMalformed)
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, closed(d)
	case json.Delim('{'):
		object := tree{}
		for d.More() {
			key, err := d.Token()
			name, ok := key.(string)
			if err != nil || !ok {
				return nil, fmt.Errorf("%w: not JSON", errMalformed)
			}
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("%w: a key occurs twice", errMalformed)
			}
			if object[name], err = value(d, depth+1); err != nil {
				return nil, err
			}
		}
		return object, closed(d)
	}
	switch token.(type) {
	case nil, string, json.Number:
		return token, nil
	}
	return nil, fmt.Errorf("%w: a boolean", errMalformed)
}

// closed reads the end of an object or array.
func closed(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("%w: not JSON", errMalformed)
	}
	return nil
}

// serialize writes what is signed of a value: the keys of an object in the order of their bytes, each followed by its value;
// the elements of an array in their own order; text as it is; a number as its JSON text; nothing for null. There is nothing
// in between. The order is that of bytes and not of any language: the vendor's JavaScript client sorts as people do, and
// is refused for it (636).
func serialize(v any) string {
	var b strings.Builder
	write(&b, v)
	return b.String()
}

func write(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
	case string:
		b.WriteString(v)
	case json.Number:
		b.WriteString(v.String())
	case []any:
		for _, e := range v {
			write(b, e)
		}
	case tree:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			b.WriteString(k)
			write(b, v[k])
		}
	default:
		panic(fmt.Sprintf("trustly: a %T is not signed", v))
	}
}

// object is the object under a key, or nil.
func (t tree) object(key string) tree {
	o, _ := t[key].(tree)
	return o
}

// text is the text or number under a key, as text, without blanks around it. Anything else is "".
func (t tree) text(key string) string {
	switch v := t[key].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}
