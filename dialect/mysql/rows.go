package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// rows writes the statements on the rows of one sync. It is pure; columns.go runs
// what it writes.
type rows struct {
	layout
	run   string // the plan's id
	sync  int
	table string // quoted
}

func newRows(l layout, err error) (rows, error) {
	return rows{layout: l, table: quoteTable(l.s.Table)}, err
}

// from is the table with the index that batches walk.
func (r rows) from() string {
	return fmt.Sprintf("%s FORCE INDEX (%s)", r.table, quote(r.x.KeyIndex))
}

// keys writes the key's columns as texts.
func (r rows) keys() string {
	var out []string
	for _, k := range r.s.Key {
		out = append(out, keyForm(k).text(quote(k.Name)))
	}
	return strings.Join(out, ", ")
}

// needs is the condition for a row whose new side is to be filled.
func (r rows) needs() string {
	var empty, given []string
	for i, n := range r.s.New {
		empty = append(empty, quote(r.newName(i))+" IS NULL")
		given = append(given, "("+r.value(n)+") IS NOT NULL")
	}
	return strings.Join(empty, " AND ") + " AND (" + strings.Join(given, " OR ") + ")"
}

// value is a new column's value over the table itself, whose name the user's SQL
// may use.
func (r rows) value(n plans.Side) string {
	if c := r.plainTo(n); c != "" {
		return quote(c)
	}
	return n.SQL + "\n"
}

// fill writes the new side of the rows of a range. The derived table is
// materialised (LIMIT) and read first (STRAIGHT_JOIN): merged into the UPDATE it
// would wait for rows that others have locked instead of skipping them.
func (r rows) fill(where string) string {
	var keys, on []string
	for i, k := range r.s.Key {
		keys = append(keys, fmt.Sprintf("%s AS _pm_k%d", quote(k.Name), i))
		on = append(on, fmt.Sprintf("%s.%s = _pm_rows._pm_k%d", r.table, quote(k.Name), i))
	}
	return fmt.Sprintf("UPDATE (SELECT %s FROM %s WHERE %s AND %s LIMIT 4294967295 FOR UPDATE SKIP LOCKED) AS _pm_rows STRAIGHT_JOIN %s ON %s SET %s",
		strings.Join(keys, ", "), r.from(), where, r.needs(), r.from(), strings.Join(on, " AND "), r.sets())
}

func (r rows) sets() string {
	var out []string
	for i, n := range r.s.New {
		out = append(out, fmt.Sprintf("%s.%s = (%s)", r.table, quote(r.newName(i)), r.value(n)))
	}
	for _, c := range r.x.OnUpdate {
		out = append(out, fmt.Sprintf("%s.%s = %s.%s", r.table, quote(c), r.table, quote(c)))
	}
	return strings.Join(out, ", ")
}

// fillOne fills one row and waits for its lock.
func (r rows) fillOne(where string) string {
	return fmt.Sprintf("UPDATE %s SET %s WHERE %s AND %s", r.table, r.sets(), where, r.needs())
}

// compare counts the rows of a range and those whose sides disagree.
func (r rows) compare(where string) string {
	return fmt.Sprintf("SELECT COUNT(*), COALESCE(SUM(NOT _pm_agree), 0) FROM (%s) AS _pm_rows", r.judged(where))
}

// differing lists the keys of rows that disagree.
func (r rows) differing(where string, limit int) string {
	var names []string
	for i := range r.s.Key {
		names = append(names, fmt.Sprintf("_pm_k%d", i))
	}
	return fmt.Sprintf("SELECT %s FROM (%s) AS _pm_rows WHERE NOT _pm_agree LIMIT %d", strings.Join(names, ", "), r.judged(where), limit)
}

// judged reads the rows of a range with their keys and whether they agree. A row
// that is recorded as unreturnable counts as agreeing.
func (r rows) judged(where string) string {
	agree := r.agreement()
	if r.s.Fallible {
		agree = fmt.Sprintf("(%s OR EXISTS (SELECT 1 FROM %s.unreturnable AS _pm_u WHERE _pm_u.run = %s AND _pm_u.sync = %d AND _pm_u.key_digest = SHA2(_pm_key, 256)))",
			agree, quote(stateSchema), quoteText(r.run), r.sync)
	}
	return fmt.Sprintf("SELECT %s, %s AS _pm_agree FROM (%s) AS _pm_mapped", r.keyAliases(), agree, r.mapped(where))
}

func (r rows) keyAliases() string {
	var out []string
	for i := range r.s.Key {
		out = append(out, fmt.Sprintf("_pm_k%d", i))
	}
	return strings.Join(out, ", ")
}

// agreement: new = up(old), or old = down(new).
func (r rows) agreement() string {
	var ups, downs []string
	for i, n := range r.s.New {
		ups = append(ups, r.equal(n, fmt.Sprintf("_pm_n%d", i), r.mappedUp(i)))
	}
	for i, o := range r.s.Old {
		downs = append(downs, r.equal(o, fmt.Sprintf("_pm_o%d", i), r.mappedDown(i)))
	}
	up, down := strings.Join(ups, " AND "), strings.Join(downs, " AND ")
	if r.s.Bijective {
		return "(" + up + ")"
	}
	return "(" + up + " OR " + down + ")"
}

func (r rows) mappedUp(i int) string {
	if r.s.New[i].Plain != "" {
		return "_pm_o0"
	}
	return fmt.Sprintf("_pm_u%d", i)
}

func (r rows) mappedDown(i int) string {
	if r.s.Old[i].Plain != "" {
		return "_pm_n0"
	}
	return fmt.Sprintf("_pm_d%d", i)
}

// equal compares a stored value with a mapped one, after the conversion that
// storing would make.
func (r rows) equal(sd plans.Side, stored, mapped string) string {
	if strings.HasPrefix(mapped, "_pm_o") || strings.HasPrefix(mapped, "_pm_n") {
		return "(" + same(sd, stored, mapped) + ")"
	}
	return "(" + same(sd, stored, converted(sd, mapped)) + ")"
}

// converted writes the value as the column would store it, as far as a cast can.
func converted(sd plans.Side, value string) string {
	switch list := tokens(sd.Type + " "); family(sd) {
	case "bytes":
		if sd.Charset != "" && sd.Charset != "binary" {
			value = fmt.Sprintf("CONVERT(%s USING %s)", value, sd.Charset)
			if words(list, "char") {
				value = "TRIM(TRAILING ' ' FROM " + value + ")"
			}
		}
	case "json":
		return fmt.Sprintf("CAST(%s AS JSON)", value)
	case "timestamp":
		return fmt.Sprintf("CAST(%s AS DATETIME%s)", value, join(list[1:1+group(list[1:])]))
	case "number":
		switch sd.Class {
		case schema.Decimal:
			return fmt.Sprintf("CAST(%s AS DECIMAL%s)", value, join(list[1:1+group(list[1:])]))
		case schema.Integer:
			if words(list, "year") {
				return value
			}
			return fmt.Sprintf("CAST(%s AS DECIMAL(65, 0))", value)
		case schema.Temporal:
			return fmt.Sprintf("CAST(%s AS %s)", value, strings.ToUpper(join(list[:1+group(list[1:])])))
		}
	}
	return value
}

// mapped reads a range and puts the mapped values beside the stored ones: first
// what up makes of the old side, then what down makes of the new one. Each sees the
// planned names of the columns in a derived table under the table's own name.
func (r rows) mapped(where string) string {
	base := []string{}
	for i, k := range r.s.Key {
		base = append(base, fmt.Sprintf("%s AS _pm_k%d", keyForm(k).text(quote(k.Name)), i))
	}
	if r.s.Fallible {
		base = append(base, keyText(r.s.Key, "")+" AS _pm_key")
	}
	for i := range r.s.Old {
		base = append(base, fmt.Sprintf("%s AS _pm_o%d", quote(r.oldName(i)), i))
	}
	for i := range r.s.New {
		base = append(base, fmt.Sprintf("%s AS _pm_n%d", quote(r.newName(i)), i))
	}
	keep := aliases(base)
	ups, downs := r.expressions(r.s.New, "_pm_u"), r.expressions(r.s.Old, "_pm_d")
	if len(ups)+len(downs) == 0 {
		return fmt.Sprintf("SELECT %s FROM %s WHERE %s", strings.Join(base, ", "), r.from(), where)
	}
	upScope, downScope := r.inScope(r.s.New, true), r.inScope(r.s.Old, false)
	// Columns for down pass through up's level under names that can't meet anything.
	var pass, downNames []string
	for i, b := range downScope {
		pass = append(pass, fmt.Sprintf("%s AS _pm_c%d", quote(b.column), i))
		downNames = append(downNames, fmt.Sprintf("_pm_c%d AS %s", i, quote(b.name)))
	}
	var upNames []string
	for _, b := range upScope {
		upNames = append(upNames, quote(b.column)+" AS "+quote(b.name))
	}
	alias := quote(r.s.Table.Name)
	inner := fmt.Sprintf("SELECT %s FROM %s WHERE %s", list(base, pass, upNames), r.from(), where)
	middle := fmt.Sprintf("SELECT %s FROM (%s) AS %s", list(keep, aliases(pass), ups), inner, alias)
	outer := fmt.Sprintf("SELECT %s FROM (%s) AS _pm_up", list(keep, aliases(ups), downNames), middle)
	return fmt.Sprintf("SELECT %s FROM (%s) AS %s", list(keep, aliases(ups), downs), outer, alias)
}

func list(parts ...[]string) string {
	var out []string
	for _, p := range parts {
		out = append(out, p...)
	}
	return strings.Join(out, ", ")
}

// aliases takes the names behind the last AS.
func aliases(cols []string) []string {
	var out []string
	for _, c := range cols {
		out = append(out, c[strings.LastIndex(c, " AS ")+4:])
	}
	return out
}

func (r rows) expressions(sides []plans.Side, prefix string) []string {
	var out []string
	for i, sd := range sides {
		if sd.Plain == "" {
			out = append(out, fmt.Sprintf("(%s\n) AS %s%d", sd.SQL, prefix, i))
		}
	}
	return out
}

// inScope joins what the expressions of all sides may name.
func (r rows) inScope(sides []plans.Side, up bool) []binding {
	var text strings.Builder
	for _, sd := range sides {
		if sd.Plain == "" {
			text.WriteString(sd.SQL + "\n")
		}
	}
	return r.scope(text.String(), up)
}
