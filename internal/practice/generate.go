package practice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/schema"
)

// generator writes the INSERT that fills one table. Values are expressions over g, the number of a row from 1 on, so that the
// server makes the rows by itself.
type generator struct {
	tongue
	table *schema.Table
	// labels of the enumerated types, by the type's name, where it doesn't hold them itself.
	labels map[string][]string
	// parents tells how many rows the table of a foreign key has, by the key's name.
	parents map[string]int64
	// plain columns get values of which all are there, differ, and can be read as numbers where they are texts: the plan may
	// ask for that.
	plain func(column string) bool
	// checks are conditions beside the table's own that rows must pass.
	checks []string
}

// insert makes the rows from first on, at most n, those that no CHECK refuses out of as many tried.
func (x *generator) insert(first, tried, n int64) (string, error) {
	keys := x.keys()
	var names, values, given []string
	for _, c := range x.table.Columns {
		if c.Generated != "" || c.Identity != "" {
			continue
		}
		v, err := x.value(c, keys)
		if err != nil {
			return "", err
		}
		if v == "" {
			continue
		}
		names, given = append(names, x.quote(c.Name)), append(given, x.quote(c.Name))
		values = append(values, v+" AS "+x.quote(c.Name))
	}
	if len(names) == 0 {
		return "", fmt.Errorf("table %s has no column that rows could be made for", x.table.Ident)
	}
	from := x.series(first, tried) + x.joins(keys)
	rows := fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s) made%s LIMIT %d", strings.Join(given, ", "), strings.Join(values, ", "), from, x.where(), n)
	return fmt.Sprintf("INSERT INTO %s (%s) %s", x.tongue.table(x.table.Ident), strings.Join(names, ", "), rows), nil
}

func (x *generator) series(first, n int64) string {
	if x.postgres {
		return fmt.Sprintf("generate_series(%d::bigint, %d) s (g)", first, first+n-1)
	}
	sum := ""
	var tables []string
	for i, unit := 0, int64(1); unit < n || i == 0; i, unit = i+1, unit*10 {
		digits := "(SELECT 0 d"
		for d := 1; d < 10; d++ {
			digits += fmt.Sprintf(" UNION ALL SELECT %d", d)
		}
		tables = append(tables, fmt.Sprintf("%s) t%d", digits, i))
		sum += fmt.Sprintf(" + %d * t%d.d", unit, i)
	}
	return fmt.Sprintf("(SELECT g FROM (SELECT %d%s AS g FROM %s) n WHERE g < %d) s", first, sum, strings.Join(tables, ", "), first+n)
}

// key is a foreign key and how a row finds its parent.
type key struct {
	schema.Constraint
	alias string
	rows  int64
	by    int64 // what the row's number is divided by first, so that two keys together don't repeat
}

func (x *generator) keys() (out []key) {
	by := int64(1)
	for _, c := range x.table.Constraints {
		if c.Kind != schema.ForeignKey || c.Incoming {
			continue
		}
		k := key{Constraint: c, alias: fmt.Sprintf("p%d", len(out)), rows: x.parents[c.Name], by: by}
		if k.Ref == x.table.Ident {
			k.rows = 0 // a row is its own parent, or has none
		}
		if k.rows > 0 {
			by *= k.rows
		}
		out = append(out, k)
	}
	return out
}

func (x *generator) joins(keys []key) string {
	out := ""
	for _, k := range keys {
		if k.rows == 0 {
			continue
		}
		var cols []string
		for _, c := range k.RefColumns {
			cols = append(cols, x.quote(c))
		}
		list := strings.Join(cols, ", ")
		out += fmt.Sprintf(" JOIN (SELECT %s, row_number() OVER (ORDER BY %s) - 1 AS pm_n FROM %s) %s ON %[4]s.pm_n = %s %% %d",
			list, list, x.tongue.table(k.Ref), k.alias, x.divided(k.by), k.rows)
	}
	return out
}

func (x *generator) divided(by int64) string {
	switch {
	case by == 1:
		return "s.g"
	case x.postgres:
		return fmt.Sprintf("(s.g / %d)", by)
	}
	return fmt.Sprintf("(s.g DIV %d)", by)
}

// where keeps the rows that every CHECK takes: the server judges its own conditions.
func (x *generator) where() string {
	var all []string
	for _, c := range x.table.Constraints {
		if c.Kind == schema.Check {
			if cond := condition(c.Definition); cond != "" {
				all = append(all, "("+cond+") IS NOT FALSE")
			}
		}
	}
	for _, c := range x.checks {
		all = append(all, "("+c+") IS NOT FALSE")
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

var checkClause = regexp.MustCompile(`(?is)^\s*(?:CONSTRAINT\s+\S+\s+)?CHECK\s*(\(.*\))[^)]*$`)

// condition is what stands in the parentheses of a CHECK.
func condition(definition string) string {
	m := checkClause.FindStringSubmatch(definition)
	if m == nil {
		return ""
	}
	return m[1]
}

// value is a column's expression; "" leaves it to its default.
func (x *generator) value(c schema.Column, keys []key) (string, error) {
	for _, k := range keys {
		i := slices.Index(k.Columns, c.Name)
		if i < 0 || i >= len(k.RefColumns) {
			continue
		}
		if k.rows > 0 {
			return k.alias + "." + x.quote(k.RefColumns[i]), nil
		}
		if c.Nullable {
			return x.null(c), nil
		}
	}
	v := x.typed(c)
	if v == "" {
		if c.Nullable || c.Default != nil {
			return "", nil
		}
		return "", fmt.Errorf("no rows can be made for %s: column %s has the type %s, and no default", x.table.Ident, c.Name, c.Type)
	}
	v = x.choose(c, v)
	if c.Nullable && !x.unique(c.Name) && !x.plain(c.Name) {
		v = fmt.Sprintf("CASE WHEN s.g %% 11 = 0 THEN NULL ELSE %s END", v)
	}
	return v, nil
}

func (x *generator) null(c schema.Column) string {
	if x.postgres {
		return "NULL::" + c.Type
	}
	return "NULL"
}

// unique: the values of a column must differ, since a key holds it.
func (x *generator) unique(column string) bool {
	return slices.ContainsFunc(x.table.Indexes, func(i schema.Index) bool {
		return i.Unique && slices.ContainsFunc(i.Columns, func(p schema.IndexColumn) bool { return p.Name == column || strings.Contains(p.Expression, column) })
	})
}

var literal = regexp.MustCompile(`'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b`)

// choose adds the literals of the CHECKs that name the column to its values: what a condition allows often stands in it.
func (x *generator) choose(c schema.Column, v string) string {
	if x.unique(c.Name) || x.plain(c.Name) {
		return v
	}
	var found []string
	for _, k := range x.table.Constraints {
		if k.Kind != schema.Check || !slices.Contains(k.Columns, c.Name) && !strings.Contains(k.Definition, c.Name) {
			continue
		}
		for _, l := range literal.FindAllString(condition(k.Definition), -1) {
			text := strings.HasPrefix(l, "'")
			if text == (c.Class == schema.Text || len(x.options(c)) > 0) && !slices.Contains(found, l) {
				found = append(found, l)
			}
		}
	}
	if len(found) == 0 || c.Class != schema.Text && c.Class != schema.Integer && c.Class != schema.Decimal {
		return v
	}
	out := fmt.Sprintf("CASE s.g %% %d", len(found)+1)
	for i, l := range found {
		if x.postgres {
			l = fmt.Sprintf("CAST(%s AS %s)", l, c.Type)
		}
		out += fmt.Sprintf(" WHEN %d THEN %s", i, l)
	}
	return out + " ELSE " + v + " END"
}

var (
	size = regexp.MustCompile(`\((\d+)(?:,\s*(\d+))?\)`)
	word = regexp.MustCompile(`'((?:[^']|'')*)'`)
)

// options are the labels of an enumerated type.
func (x *generator) options(c schema.Column) (out []string) {
	if l := x.labels[c.Type]; len(l) > 0 {
		return l
	}
	if t := strings.ToLower(c.Type); strings.HasPrefix(t, "enum(") || strings.HasPrefix(t, "set(") {
		for _, m := range word.FindAllStringSubmatch(c.Type, -1) {
			out = append(out, strings.ReplaceAll(m[1], "''", "'"))
		}
	}
	return out
}

// typed is a value of the column's type.
func (x *generator) typed(c schema.Column) string {
	if o := x.options(c); len(o) > 0 {
		out := fmt.Sprintf("CASE s.g %% %d", len(o))
		for i, l := range o {
			out += fmt.Sprintf(" WHEN %d THEN %s", i, x.cast(x.text(l), c.Type))
		}
		return out + " END"
	}
	t := strings.ToLower(c.Type)
	if strings.HasSuffix(t, "[]") {
		return "CAST('{}' AS " + c.Type + ")"
	}
	switch c.Class {
	case schema.Integer:
		return x.integer(t)
	case schema.Decimal:
		return x.decimal(t)
	case schema.Float:
		return x.cast("s.g / 8.0", c.Type)
	case schema.Boolean:
		return "s.g % 2 = 0"
	case schema.UUID:
		if x.postgres {
			return "CAST(md5(CAST(s.g AS text)) AS uuid)"
		}
		return "insert(insert(insert(insert(substr(sha2(s.g, 256), 1, 32), 21, 0, '-'), 17, 0, '-'), 13, 0, '-'), 9, 0, '-')"
	case schema.JSON:
		if x.postgres {
			return x.cast(`'{"n": ' || s.g || '}'`, c.Type)
		}
		return `concat('{"n": ', s.g, '}')`
	case schema.Temporal:
		return x.moment(t)
	case schema.Text, schema.Binary:
		return x.chars(c, t)
	}
	return x.odd(c.Type, t)
}

// cast is needed where one branch of an expression doesn't tell its type.
func (x *generator) cast(v, typ string) string {
	if x.postgres {
		return fmt.Sprintf("CAST(%s AS %s)", v, typ)
	}
	return v
}

// integer stays within the smallest range of the type.
func (x *generator) integer(t string) string {
	for prefix, most := range map[string]int{"tinyint": 127, "smallint": 32767, "mediumint": 8388607} {
		if strings.HasPrefix(t, prefix) {
			return fmt.Sprintf("s.g %% %d", most)
		}
	}
	if strings.HasPrefix(t, "bit(1)") || strings.HasPrefix(t, "bool") {
		return "s.g % 2"
	}
	return "s.g"
}

func (x *generator) decimal(t string) string {
	m := size.FindStringSubmatch(t)
	if m == nil {
		return "s.g"
	}
	digits, _ := strconv.Atoi(m[1])
	scale, _ := strconv.Atoi(m[2])
	whole := min(digits-scale, 18)
	if whole < 1 {
		return "0"
	}
	most := "1" + strings.Repeat("0", whole)
	return "s.g % " + most
}

func (x *generator) moment(t string) string {
	date, tick := "DATE '2001-01-01'", "TIMESTAMP '2001-01-01 00:00:00'"
	switch {
	case strings.HasPrefix(t, "year"):
		return "2000 + s.g % 100"
	case strings.HasPrefix(t, "interval"):
		return "s.g * INTERVAL '1 second'"
	case strings.HasPrefix(t, "date") && !strings.HasPrefix(t, "datetime") && x.postgres:
		return date + " + CAST(s.g % 9000 AS int)"
	case strings.HasPrefix(t, "date") && !strings.HasPrefix(t, "datetime"):
		return date + " + INTERVAL (s.g % 9000) DAY"
	case strings.HasPrefix(t, "time") && !strings.HasPrefix(t, "timestamp") && x.postgres:
		return x.cast("TIME '00:00:00' + s.g % 86400 * INTERVAL '1 second'", strings.TrimSpace(t))
	case strings.HasPrefix(t, "time") && !strings.HasPrefix(t, "timestamp"):
		return "sec_to_time(s.g % 86400)"
	case x.postgres:
		return x.cast(tick+" + s.g * INTERVAL '1 second'", t)
	}
	return tick + " + INTERVAL s.g SECOND"
}

// wide is how long a made-up text is, where the column allows it: about a name's or an address's length.
const wide = 24

// chars are digits, and a letter in front where nobody reads them as a number.
func (x *generator) chars(c schema.Column, t string) string {
	most := wide
	if m := size.FindStringSubmatch(t); m != nil {
		most, _ = strconv.Atoi(m[1])
	} else if strings.HasPrefix(t, "tinyblob") || strings.HasPrefix(t, "tinytext") {
		most = 200
	}
	number, hash := "CAST(s.g AS char)", "sha2(s.g, 256)" // MySQL has no MD5 from 9.6 on
	if x.postgres {
		number, hash = "CAST(s.g AS text)", "md5(CAST(s.g AS text))"
	}
	var v string
	switch {
	case x.plain(c.Name) && c.Class == schema.Text:
		v = number
	case most >= wide:
		v = fmt.Sprintf("concat('r', %s, ' ', substr(%s, 1, %d))", number, hash, wide-13)
	case most >= 8 || x.unique(c.Name):
		v = number
	default:
		v = fmt.Sprintf("substr(%s, 1, %d)", hash, max(most, 1))
	}
	switch {
	case x.postgres && c.Class == schema.Binary:
		return "convert_to(" + v + ", 'UTF8')"
	case x.postgres:
		return x.cast(v, c.Type)
	}
	return v
}

// odd is a value of a type that is in no class.
func (x *generator) odd(typ, t string) string {
	switch {
	case strings.HasPrefix(t, "inet"), strings.HasPrefix(t, "cidr"):
		return x.cast("concat('10.', s.g / 65536 % 256, '.', s.g / 256 % 256, '.', s.g % 256)", typ)
	case strings.HasPrefix(t, "point") && x.postgres:
		return "point(s.g, s.g)"
	case strings.HasPrefix(t, "point"):
		return "point(s.g % 90, s.g % 90)"
	case strings.HasPrefix(t, "tsvector"):
		return "to_tsvector('simple', concat('r', s.g))"
	case strings.HasPrefix(t, "bit(1)"), t == "bit" && !x.postgres:
		return x.cast("s.g % 2", typ)
	case strings.HasPrefix(t, "interval"):
		return "s.g * INTERVAL '1 second'"
	case t == "money":
		return "CAST(s.g AS money)"
	case t == "xml":
		return "CAST('<n/>' AS xml)"
	}
	return ""
}
