package plans

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// UnknownKeys finds keys of a YAML text that a struct has no field for, by line and column, and what may have been meant. What isn't
// YAML at all is left to the decoder.
func UnknownKeys(b []byte, v any) error {
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err != nil || n.Kind != yaml.DocumentNode {
		return nil
	}
	return errors.Join(unknownKeys(n.Content[0], reflect.TypeOf(v))...)
}

var unmarshaler = reflect.TypeFor[yaml.Unmarshaler]()

func unknownKeys(n *yaml.Node, t reflect.Type) (out []error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case t == reflect.TypeFor[Parts]() && n.Kind == yaml.MappingNode: // new columns by their names
		for i := 1; i < len(n.Content); i += 2 {
			out = append(out, unknownKeys(n.Content[i], reflect.TypeFor[Part]())...)
		}
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, e := range n.Content {
			out = append(out, unknownKeys(e, t.Elem())...)
		}
	case t.Kind() == reflect.Map && n.Kind == yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			out = append(out, unknownKeys(n.Content[i], t.Elem())...)
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode && !reflect.PointerTo(t).Implements(unmarshaler):
		return fieldsOf(n, t)
	}
	return out
}

func fieldsOf(n *yaml.Node, t reflect.Type) (out []error) {
	known := map[string]reflect.Type{}
	collect(t, known)
	names := slices.Collect(maps.Keys(known))
	slices.Sort(names)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Tag == "!!merge" {
			continue
		}
		if field, ok := known[key.Value]; ok {
			out = append(out, unknownKeys(n.Content[i+1], field)...)
			continue
		}
		said := fmt.Sprintf("line %d, column %d: unknown key %q", key.Line, key.Column, key.Value)
		if near := Nearest(key.Value, names); near != "" {
			said += fmt.Sprintf("; did you mean %q?", near)
		}
		out = append(out, errors.New(said))
	}
	return out
}

// collect lists the keys of a struct, with those of structs that are written inline.
func collect(t reflect.Type, known map[string]reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			collect(f.Type, known)
		case !f.IsExported() || name == "-":
		case name == "":
			known[strings.ToLower(f.Name)] = f.Type
		default:
			known[name] = f.Type
		}
	}
}
