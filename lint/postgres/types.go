package postgres

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// typ is a column's type: its short name, its modifiers, and whether it is an array.
type typ struct {
	name  string
	mods  []int
	array bool
}

// synonyms are the names under which pg_catalog knows the types of the standard.
var synonyms = map[string]string{
	"int": "int4", "integer": "int4", "int4": "int4", "smallint": "int2", "bigint": "int8", "boolean": "bool", "real": "float4",
	"double precision": "float8", "decimal": "numeric", "character varying": "varchar", "character": "bpchar", "char": "bpchar",
	"timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz", "time without time zone": "time",
	"time with time zone": "timetz", "bit varying": "varbit", "serial": "serial4", "bigserial": "serial8", "smallserial": "serial2",
}

func typeOf(t *pg.TypeName) typ {
	if t == nil {
		return typ{}
	}
	n := names(t.Names)
	if len(n) > 1 && n[0] == "pg_catalog" {
		n = n[1:]
	}
	out := typ{name: strings.Join(n, "."), array: len(t.ArrayBounds) > 0}
	if s, ok := synonyms[out.name]; ok && out.name != "char" {
		out.name = s
	}
	for _, m := range t.Typmods {
		if c := m.GetAConst(); c != nil && c.GetIval() != nil {
			out.mods = append(out.mods, int(c.GetIval().Ival))
		}
	}
	if out.name == "interval" && len(out.mods) > 0 {
		fields := out.mods[0]
		out.mods = out.mods[1:]
		if fields != allFields {
			out.name = "interval of some fields"
		}
	}
	if out.name == "bpchar" && out.mods == nil {
		out.mods = []int{1}
	}
	return out
}

// parseType reads a type as format_type() writes it.
func parseType(s string) typ {
	s = strings.ToLower(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "pg_catalog.")
	array := strings.HasSuffix(s, "[]")
	s = strings.TrimSuffix(s, "[]")
	out := typ{array: array}
	if i := strings.IndexByte(s, '('); i >= 0 {
		k := strings.IndexByte(s, ')')
		if k > i {
			for _, m := range strings.Split(s[i+1:k], ",") {
				if n, err := strconv.Atoi(strings.TrimSpace(m)); err == nil {
					out.mods = append(out.mods, n)
				}
			}
			s = strings.TrimSpace(s[:i] + s[k+1:])
		}
	}
	s = strings.Join(strings.Fields(s), " ")
	out.name = s
	if n, ok := synonyms[s]; ok {
		out.name = n
	}
	return out
}

func (t typ) String() string {
	s := t.name
	for long, short := range map[string]string{"integer": "int4", "bigint": "int8", "smallint": "int2", "character varying": "varchar", "character": "bpchar", "boolean": "bool", "double precision": "float8", "real": "float4"} {
		if s == short {
			s = long
		}
	}
	if len(t.mods) > 0 {
		var m []string
		for _, n := range t.mods {
			m = append(m, strconv.Itoa(n))
		}
		s += "(" + strings.Join(m, ",") + ")"
	}
	if t.array {
		s += "[]"
	}
	return s
}

func (t typ) serial() string {
	switch t.name {
	case "serial4":
		return "integer"
	case "serial8":
		return "bigint"
	case "serial2":
		return "smallint"
	}
	return ""
}

func (t typ) equal(o typ) bool {
	if t.name != o.name || t.array != o.array || len(t.mods) != len(o.mods) {
		return false
	}
	for i := range t.mods {
		if t.mods[i] != o.mods[i] {
			return false
		}
	}
	return true
}

func (t typ) mod(i, otherwise int) int {
	if i < len(t.mods) {
		return t.mods[i]
	}
	return otherwise
}

const unlimited = 1 << 30

// allFields is the modifier of an INTERVAL that may hold every field (INTERVAL_FULL_RANGE).
const allFields = 32767

// free reports whether values of one type can be kept as they are when a column becomes the other type: the cast is
// binary coercible, or the length coercion is a no-op for the modifiers (varchar_support, numeric_support,
// varbit_support, temporal_support in the server's source; seen on 15 and 18). utc: the session's time zone is UTC.
func free(from, to typ, utc bool) bool {
	if from.array != to.array {
		return false
	}
	if from.array { // elements of another type, or with a length to be held, are converted one by one
		return from.name == to.name && (from.equal(to) || to.mods == nil)
	}
	if from.equal(to) {
		return true
	}
	switch to.name {
	case "text":
		return from.name == "varchar" || from.name == "xml" || from.name == "citext"
	case "varchar":
		return from.name == "text" && to.mods == nil || from.name == "xml" && to.mods == nil || from.name == "citext" && to.mods == nil ||
			from.name == "varchar" && to.mod(0, unlimited) >= from.mod(0, unlimited)
	case "numeric":
		return from.name == "numeric" && (to.mods == nil || from.mods != nil && to.mod(1, 0) == from.mod(1, 0) && to.mod(0, 0) >= from.mod(0, 0))
	case "varbit":
		return from.name == "bit" && to.mods == nil || from.name == "varbit" && to.mod(0, unlimited) >= from.mod(0, unlimited)
	case "timestamp", "timestamptz":
		same := from.name == to.name || utc && (from.name == "timestamp" || from.name == "timestamptz")
		return same && to.mod(0, 6) >= from.mod(0, 6)
	case "interval":
		return strings.HasPrefix(from.name, "interval") && to.mod(0, 6) >= from.mod(0, 6)
	case "time", "timetz":
		return from.name == to.name && to.mod(0, 6) >= from.mod(0, 6)
	case "inet":
		return from.name == "cidr"
	case "oid":
		return from.name == "int4" || strings.HasPrefix(from.name, "reg") || from.name == "oid"
	case "int4":
		return from.name == "oid" || strings.HasPrefix(from.name, "reg")
	case "bytea", "citext":
		return to.name == "citext" && (from.name == "text" || from.name == "varchar")
	}
	return strings.HasPrefix(to.name, "reg") && from.name == "oid"
}

// casts by assignment exist between these groups; a type change between others without USING fails.
var group = map[string]string{
	"int2": "number", "int4": "number", "int8": "number", "numeric": "number", "float4": "number", "float8": "number", "money": "money",
	"text": "text", "varchar": "text", "bpchar": "text", "name": "text", "citext": "text",
	"bool": "bool", "date": "date", "timestamp": "date", "timestamptz": "date", "time": "time", "timetz": "time", "interval": "interval",
	"uuid": "uuid", "json": "json", "jsonb": "json", "bytea": "bytea", "inet": "net", "cidr": "net",
}

// castable reports whether the server changes the type without USING; known is false where it isn't known.
func castable(from, to typ) (ok, known bool) {
	if from.array && !to.array && group[to.name] == "text" {
		return true, true // everything goes to text by assignment
	}
	if from.array || to.array {
		return from.array == to.array, from.array != to.array && group[from.name] != "" && group[to.name] != ""
	}
	a, b := group[from.name], group[to.name]
	switch {
	case a == "" || b == "":
		return false, false
	case a == b || b == "text":
		return true, true // everything goes to text by assignment
	case a == "number" && b == "money", a == "money" && b == "number", a == "date" && b == "time", a == "time" && b == "interval", a == "interval" && b == "time":
		return true, false
	}
	return false, true
}
