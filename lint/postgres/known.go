package postgres

import (
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// exact finds the relation of exactly that schema; a name without a schema is one in public.
func (j *judge) exact(id schema.Ident) *lint.Relation {
	if r := j.catalog.Relation(id); r != nil && inSchema(r.Schema) == inSchema(id.Schema) {
		return r
	}
	return nil
}

func inSchema(s string) string {
	if s == "" {
		return "public"
	}
	return s
}

// whole reports whether everything is known of a relation.
func whole(k *lint.Relation) bool { return k != nil && !k.Partial && len(k.Columns) > 0 }

// system: what the server itself brings, and what is only there in one session.
func system(id schema.Ident) bool {
	return strings.HasPrefix(id.Schema, "pg_") || id.Schema == "information_schema" || id.Schema == "" && strings.HasPrefix(id.Name, "pg_")
}

// lacks reports whether a relation can't be there: the whole schema is known, and it isn't in it.
func (j *judge) lacks(id schema.Ident) bool {
	if !j.catalog.Complete || system(id) || id.Name == "" || id.Name == placeholder {
		return false
	}
	if j.hidden(id) {
		return true
	}
	if strings.HasSuffix(id.Name, "_seq") && !strings.HasPrefix(id.Name, "_") || j.catalog.Relation(id) != nil || id.Schema == "" && j.ambiguous(id.Name) {
		return false // the server's own sequences keep their names when a table or column is renamed
	}
	_, x := j.catalog.Owner(id.Name) // ALTER TABLE takes an index, too
	return x == nil
}

// given are names that the server gives to NOT NULL by itself (18), which aren't kept.
var given = regexp.MustCompile(`_not_null\d*$`)

func (j *judge) serverGiven(name string) bool {
	return j.version >= 180000 && given.MatchString(name) || len(name) >= longest
}

// ambiguous: several schemas have a relation of that name, and the search path isn't known.
func (j *judge) ambiguous(name string) bool { return len(j.catalog.Named(name)) > 1 }

// placeholder stands in dynamic SQL for what isn't known.
const placeholder = "placeholder"

// extended: an extension may bring types, functions, operators and access methods that aren't known.
func (j *judge) extended() bool {
	return slices.ContainsFunc(j.catalog.Objects.All("extension"), func(o *lint.Object) bool { return o.ID.Name != "plpgsql" })
}

// noSchema reports whether a schema can't be there.
func (j *judge) noSchema(name string) bool {
	if !j.catalog.Complete || name == "" || name == "public" || name == placeholder || system(schema.Ident{Schema: name}) {
		return false
	}
	if j.catalog.Objects.Find("schema", schema.Ident{Name: name}, nil) != nil {
		return false
	}
	used := false
	j.catalog.Relations(func(k *lint.Relation) { used = used || k.Schema == name })
	return !used
}

// noType reports whether a type can't be there.
func (j *judge) noType(t *pg.TypeName) bool {
	if t == nil || !j.catalog.Complete || j.extended() || t.PctType {
		return false
	}
	n := names(t.Names)
	if len(n) == 0 || len(n) > 1 && system(schema.Ident{Schema: n[len(n)-2]}) || n[len(n)-1] == placeholder {
		return false
	}
	name := typeOf(t).name
	if builtinTypes()[name] || builtinTypes()[n[len(n)-1]] || strings.HasPrefix(name, "interval") || strings.HasPrefix(n[len(n)-1], "_") {
		return false
	}
	if d := j.catalog.Type(dotted(t.Names)); d != nil && len(n) == 1 && j.search.set && !slices.Contains(j.search.schemas, inSchema(schemaOf(d.Name))) {
		return true
	}
	return j.catalog.Type(dotted(t.Names)) == nil && j.catalog.Relation(identOf(t.Names)) == nil && j.catalog.Objects.Find("type", identOf(t.Names), nil) == nil
}

// schemaOf is what stands before the dot of a name.
func schemaOf(name string) string { return name[:max(strings.LastIndexByte(name, '.'), 0)] }

// routines finds the known routines of a name.
func (j *judge) routinesNamed(id schema.Ident) []*lint.Object {
	var out []*lint.Object
	for _, kind := range []string{"function", "procedure", "aggregate"} {
		for _, o := range j.catalog.Objects.All(kind) {
			if o.ID.Name == id.Name && (id.Schema == "" || inSchema(o.ID.Schema) == id.Schema) {
				out = append(out, o)
			}
		}
	}
	return out
}

// routine finds the one with these argument types; without a list, the only one of its name.
func (j *judge) routine(f *pg.ObjectWithArgs) (found *lint.Object, certain bool) {
	all := j.routinesNamed(identOf(f.GetObjname()))
	if f.GetArgsUnspecified() {
		if len(all) == 1 {
			return all[0], true
		}
		return nil, len(all) == 0
	}
	for _, o := range all {
		if slices.Equal(o.Args, typeNames(f.GetObjargs())) {
			return o, true
		}
	}
	return nil, true
}

func typeNames(list []*pg.Node) []string {
	var out []string
	for _, n := range list {
		out = append(out, withoutModifiers(typeOf(n.GetTypeName())))
	}
	return out
}

// withoutModifiers is a type as it tells routines apart: without its modifiers.
func withoutModifiers(t typ) string {
	t.mods = nil
	return t.String()
}

// uniqueOn reports whether a key of the relation is exactly on these columns, in any order, for every row.
func uniqueOn(k *lint.Relation, columns []string) bool {
	for _, x := range k.Indexes {
		if x.Unique && x.Predicate == "" && sameColumns(x, columns) {
			return true
		}
	}
	return false
}

func sameColumns(x schema.Index, columns []string) bool {
	if len(x.Columns) != len(columns) {
		return false
	}
	for _, p := range x.Columns {
		if p.Name == "" || !slices.Contains(columns, p.Name) {
			return false
		}
	}
	return true
}

func primaryOf(k *lint.Relation) *schema.Index {
	for i := range k.Indexes {
		if k.Indexes[i].Primary {
			return &k.Indexes[i]
		}
	}
	return nil
}

// partOf finds the table that a relation is a partition of.
func (j *judge) partOf(k *lint.Relation) *lint.Relation {
	if k == nil || k.Parent == "" {
		return nil
	}
	return j.catalog.Relation(schema.ParseIdent(k.Parent))
}

// children are a table's partitions and heirs.
func (j *judge) children(parent *lint.Relation) []*lint.Relation {
	var out []*lint.Relation
	j.catalog.Relations(func(k *lint.Relation) {
		if k != parent && (slices.Contains(k.Parents, parent) || k.Parent != "" && j.partOf(k) == parent) {
			out = append(out, k)
		}
	})
	return out
}
