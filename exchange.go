package parley

import (
	"context"
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
)

// Exchange is what was said on an arrow, and what was answered, as it is kept for people to look at: each is JSON in which everything
// that is about a person is "[redacted]". The zero value is that nothing is known.
type Exchange struct {
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"` // empty when it was lost, or when there is none
	Status  int             `json:"status,omitempty"` // of HTTP, where there was one
}

// WithExchange gives whoever speaks under the context a place to note what was said. Noted returns it; nil when nothing was.
func WithExchange(ctx context.Context) (speaks context.Context, noted func() *Exchange) {
	n := new(note)
	return context.WithValue(ctx, noteKey{}, n), n.read
}

// NoteExchange notes what was said and answered, redacted here and now, so that nothing else is ever kept. Request and answer are what
// encoding/json can write, or nil for none. What is noted last counts. Where nobody asked with WithExchange, it does nothing.
func NoteExchange(ctx context.Context, request, answer any, status int) {
	n, ok := ctx.Value(noteKey{}).(*note)
	if !ok {
		return
	}
	x := Exchange{Request: Redact(request), Answer: Redact(answer), Status: status}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.exchange = &x
}

type (
	noteKey struct{}

	note struct {
		mu       sync.Mutex
		exchange *Exchange
	}
)

func (n *note) read() *Exchange {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.exchange
}

// Discreet is a type that knows what of it may be shown, beyond its fields of type Private: Discreet returns a value of the same type
// in which the rest is left out or replaced.
type Discreet interface{ Discreet() any }

// redacted is what stands for what is not shown.
const redacted = "[redacted]"

// Redact writes a value as encoding/json does, but "[redacted]" for each Private in it that is not empty, and what is Discreet as it
// wants to be shown. Nothing at all is written of nil, of what cannot be written, and of a value in which something writes itself and hides
// a Private, or in which the keys of a map hold one.
func Redact(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	if holds(reflect.TypeOf(v)).any {
		own := reflect.New(reflect.TypeOf(v)).Elem()
		own.Set(reflect.ValueOf(v))
		if !redact(own, 0) {
			return nil
		}
		v = own.Interface()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}

// deepest is how far down a value is followed. One that goes deeper, such as one that contains itself, is not shown.
const deepest = 1000

// redact replaces what is not to be shown in v, which is a copy of the caller's own; what it points to is copied first. It is false when
// nothing is to be shown.
func redact(v reflect.Value, depth int) bool {
	h := holds(v.Type())
	if !h.any {
		return true
	}
	switch {
	case h.silent || depth > deepest:
		return false
	case h.private:
		if v.Len() > 0 {
			v.SetString(redacted)
		}
		return true
	case h.discreet:
		shown := reflect.ValueOf(v.Addr().Interface().(Discreet).Discreet())
		if !shown.IsValid() || shown.Type() != v.Type() {
			v.SetZero()
			return true
		}
		v.Set(shown)
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return true
		}
		own := reflect.New(v.Elem().Type()).Elem()
		own.Set(v.Elem())
		ok := redact(own, depth+1)
		v.Set(own)
		return ok
	case reflect.Pointer:
		if v.IsNil() {
			return true
		}
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		ok := redact(own.Elem(), depth+1)
		v.Set(own.Convert(v.Type()))
		return ok
	case reflect.Struct:
		for _, i := range h.fields {
			f := v.Field(i)
			if !f.CanSet() { // it is written for what is exported within it
				f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
			}
			if !redact(f, depth+1) {
				return false
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			return true
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		v.Set(own)
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			if !redact(v.Index(i), depth+1) {
				return false
			}
		}
	case reflect.Map:
		if v.IsNil() {
			return true
		}
		own := reflect.MakeMapWithSize(v.Type(), v.Len())
		for all := v.MapRange(); all.Next(); {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(all.Value())
			if !redact(value, depth+1) {
				return false
			}
			own.SetMapIndex(all.Key(), value)
		}
		v.Set(own)
	}
	return true
}

// holding is what is known of a type.
type holding struct {
	any      bool  // a value of it may hold something that is not shown
	private  bool  // it is Private
	silent   bool  // nothing can be shown of what it is in
	discreet bool  // it knows what is shown
	fields   []int // of a struct: those that are to be looked into
}

var (
	known sync.Map // reflect.Type to *holding

	privateType  = reflect.TypeFor[Private]()
	discreetType = reflect.TypeFor[Discreet]()
	jsonType     = reflect.TypeFor[json.Marshaler]()
	textType     = reflect.TypeFor[encoding.TextMarshaler]()
)

// holds is what is known of a type; it is found out once.
func holds(t reflect.Type) *holding {
	if h, ok := known.Load(t); ok {
		return h.(*holding)
	}
	h := &holding{any: reaches(t, map[reflect.Type]bool{}), private: t == privateType, silent: silent(t), discreet: implements(t, discreetType)}
	if h.any && t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			if f := t.Field(i); written(f) && reaches(f.Type, map[reflect.Type]bool{}) {
				h.fields = append(h.fields, i)
			}
		}
	}
	known.Store(t, h)
	return h
}

// implements reports whether a type, or a pointer to it, has the methods. Of pointers and interfaces, what they lead to is asked.
func implements(t, what reflect.Type) bool {
	return t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && (t.Implements(what) || reflect.PointerTo(t).Implements(what))
}

// reaches reports whether a value of the type may hold something that is not shown, where encoding/json would come by.
func reaches(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t == privateType || t.Kind() == reflect.Interface || implements(t, discreetType) || silent(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return reaches(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); written(f) && reaches(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// silent reports whether we cannot know what would be shown of the type: it writes itself and hides a Private from us, or it is a map whose keys have one.
func silent(t reflect.Type) bool {
	switch {
	case t == privateType || implements(t, discreetType):
		return false
	case t.Kind() == reflect.Map && has(t.Key(), false, map[reflect.Type]bool{}):
		return true
	}
	return (implements(t, jsonType) || implements(t, textType)) && has(t, true, map[reflect.Type]bool{})
}

// has reports whether the type has a Private anywhere in it, or hidden: where encoding/json does not come by, but the methods of the type do.
func has(t reflect.Type, hidden bool, seen map[reflect.Type]bool) bool {
	if t == privateType {
		return !hidden
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return has(t.Elem(), hidden, seen)
	case reflect.Map:
		return has(t.Elem(), hidden, seen) || has(t.Key(), hidden, seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); written(f) && has(f.Type, hidden, seen) || !written(f) && has(f.Type, false, map[reflect.Type]bool{}) {
				return true
			}
		}
	}
	return false
}

// written reports whether encoding/json looks at a field: an exported one, or the exported ones within it.
func written(f reflect.StructField) bool {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return f.IsExported() || f.Anonymous && t.Kind() == reflect.Struct
}
