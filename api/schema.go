package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"parley/savehack"
	"parley/savings"
)

// obj is a JSON object that keeps its order.
type obj []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes it.
func (o obj) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		name, err := marshal(m.name)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o obj) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// schemas makes JSON Schemas (2020-12) of the very types that are read and written, each once.
type schemas struct {
	made map[string]obj
	errs []error
}

// of is the schema of a type: a reference, when it is one with a name.
func (s *schemas) of(t reflect.Type) obj {
	if own, ok := reflect.New(t).Interface().(interface{ schema() obj }); ok {
		return own.schema()
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		return obj{{"type", "object"}}
	}
	if t == reflect.TypeFor[savings.Cents]() {
		return obj{{"type", "integer"}, {"format", "int64"}, {"maximum", int64(savings.Most)}}
	}
	if t.String() == "time.Time" {
		return obj{{"type", "string"}, {"format", "date-time"}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return obj{{"type", "string"}}
	case reflect.Bool:
		return obj{{"type", "boolean"}}
	case reflect.Int, reflect.Int64:
		return obj{{"type", "integer"}}
	case reflect.Float64:
		return obj{{"type", "number"}}
	case reflect.Slice:
		return obj{{"type", "array"}, {"items", s.of(t.Elem())}}
	case reflect.Map:
		return obj{{"type", "object"}, {"additionalProperties", s.of(t.Elem())}}
	case reflect.Struct:
		name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
		if _, there := s.made[name]; !there {
			s.made[name] = nil // so that one that has itself in it ends
			s.made[name] = s.named(t)
		}
		return s.ref(name)
	}
	panic("api: no schema for " + t.String())
}

func (*schemas) ref(name string) obj { return obj{{"$ref", "#/components/schemas/" + name}} }

// named is what stands under a type's name.
func (s *schemas) named(t reflect.Type) obj {
	switch t {
	case reflect.TypeFor[Launch]():
		return s.launches(t, "Launch", true, false)
	case reflect.TypeFor[createLaunch]():
		return s.launches(t, "Create", true, true)
	case reflect.TypeFor[patchLaunch]():
		return s.launches(t, "Patch", false, true)
	}
	return s.object(t)
}

// object is the schema of a struct, by its tags.
func (s *schemas) object(t reflect.Type) obj {
	properties, required := obj{}, []string{}
	var add func(reflect.Type)
	add = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			tag := tags{f.Tag}
			switch {
			case f.Anonymous:
				add(f.Type)
				continue
			case tag.name() == "" || tag.name() == "-":
				continue
			}
			ft, read := f.Type, false
			if _, read = reflect.New(ft).Interface().(field); read {
				v, _ := ft.FieldByName("v")
				ft = v.Type
			}
			if needed := !strings.Contains(tag.Get("json"), ",omit"); read && tag.is("need") || !read && needed {
				required = append(required, tag.name())
			}
			properties = append(properties, member{tag.name(), describe(s.of(ft), tag, ft)})
		}
	}
	add(t)
	out := obj{{"type", "object"}, {"properties", properties}}
	if len(required) > 0 {
		out = append(out, member{"required", required})
	}
	return out
}

// describe adds what the tags of a field say to its schema.
func describe(of obj, tag tags, t reflect.Type) obj {
	out := slices.Clone(of)
	put := func(name string, value any) {
		out = slices.DeleteFunc(out, func(m member) bool { return m.name == name })
		out = append(out, member{name, value})
	}
	number := func(s string) any { n, _ := strconv.ParseInt(s, 10, 64); return n }
	if v := tag.Get("enum"); v != "" {
		words := []any{}
		for _, w := range strings.Split(v, "|") {
			if t.Kind() == reflect.Int {
				words = append(words, number(w))
			} else {
				words = append(words, w)
			}
		}
		put("enum", words)
	}
	if v := tag.Get("min"); v != "" {
		put("minimum", number(v))
	}
	if v := tag.Get("max"); v != "" && t.Kind() == reflect.Slice {
		put("maxItems", number(v))
	}
	if v := tag.Get("len"); v != "" {
		put("maxLength", number(v))
	}
	if v := tag.Get("format"); v != "" {
		put("format", v)
	}
	if kind, _ := of.get("type").(string); tag.is("null") && kind != "" {
		out[0].value = []string{kind, "null"}
	} else if tag.is("null") {
		out = obj{{"anyOf", []obj{of, {{"type", "null"}}}}}
	}
	if v := tag.Get("doc"); v != "" {
		put("description", v)
	}
	if v := tag.Get("eg"); v != "" {
		switch t.Kind() {
		case reflect.Int:
			put("examples", []any{number(v)})
		case reflect.Slice:
			put("examples", []any{[]string{v}})
		default:
			put("examples", []any{v})
		}
	}
	return out
}

// launches are the schemas of a launch of each kind, told apart by their type: what all have in common, and the kind's parameters flat beside it.
func (s *schemas) launches(t reflect.Type, what string, needed, asked bool) obj {
	common := s.object(t)
	var each []obj
	mapping := obj{}
	for _, k := range savehack.Kinds() {
		name := k.Name + "Launch"
		if asked {
			name = what + name
		}
		made, err := launchSchema(k, common, needed, asked)
		if err != nil {
			s.errs = append(s.errs, err)
		}
		s.made[name] = made
		each = append(each, s.ref(name))
		mapping = append(mapping, member{k.Name + "Launch", "#/components/schemas/" + name})
		if asked {
			mapping = append(mapping, member{k.Name, "#/components/schemas/" + name})
		}
	}
	return obj{{"oneOf", each}, {"discriminator", obj{{"propertyName", "type"}, {"mapping", mapping}}}}
}

// launchSchema is the schema of a launch of a kind. A change may leave out the parameters.
func launchSchema(k savehack.Kind, common obj, needed, asked bool) (obj, error) {
	var own struct {
		Description string                     `json:"description"`
		Properties  map[string]json.RawMessage `json:"properties"`
		Required    []string                   `json:"required"`
	}
	if err := json.Unmarshal(k.Schema, &own); err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", k.Name, err)
	}
	properties := slices.Clone(common.get("properties").(obj))
	for i, p := range properties {
		if p.name != "type" {
			continue
		}
		if properties[i].value = (obj{{"type", "string"}, {"const", k.Name + "Launch"}}); asked {
			properties[i].value = obj{{"type", "string"}, {"enum", []string{k.Name + "Launch", k.Name}}}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own.Properties)) {
		properties = append(properties, member{name, own.Properties[name]})
	}
	required, _ := common.get("required").([]string)
	required = slices.Clone(required)
	if !slices.Contains(required, "type") {
		required = append([]string{"type"}, required...)
	}
	if needed {
		required = append(required, own.Required...)
	}
	return obj{{"type", "object"}, {"description", own.Description}, {"properties", properties}, {"required", required}}, nil
}
