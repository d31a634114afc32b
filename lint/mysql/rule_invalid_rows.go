package mysql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var invalidRows = rule{lint.Rule{
	ID: "invalid-rows", Severity: lint.Error, Kind: lint.Fails,
	Summary: "an INSERT, UPDATE or DELETE that the schema refuses for certain",
	Why:     "A column that isn't there or that is generated, a value that isn't one of its column's type in strict mode, NULL for a column that is NOT NULL, an INSERT that leaves out a column that needs a value, another number of values than columns. With IGNORE the server puts something else in its place.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL, b int);", SQL: "INSERT INTO t (b) VALUES (1);"}, {Schema: "CREATE TABLE t (a int NOT NULL, b int);", SQL: "UPDATE t SET a = NULL WHERE a = 1;"},
		{Schema: "CREATE TABLE t (e enum('a', 'b'));", SQL: "INSERT INTO t (e) VALUES ('c');"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int NOT NULL, b int);", SQL: "INSERT INTO t (a) VALUES (1);"}, {Schema: "CREATE TABLE t (e enum('a', 'b'));", SQL: "INSERT INTO t (e) VALUES ('b');"}},
}, func(c *call) {
	for _, why := range c.refusedRow() {
		c.report(said{message: "this fails: " + why, safe: "Look at the values and at the schema."})
	}
}}

// refusedRow says why a statement about rows can't run.
func (c *call) refusedRow() []string {
	k := c.relation(c.table)
	if c.verb == "CALL" || k == nil || k.Partial {
		return nil
	}
	cols, ok := c.columnsOf(c.table)
	if !ok {
		return nil
	}
	switch c.verb {
	case "INSERT", "REPLACE":
		return c.refusedInsert(k, cols)
	case "UPDATE":
		if !c.joined {
			return append(append(c.refusedUpdate(k, cols), c.refusedCondition(cols)...), c.mistyped(k)...)
		}
	case "DELETE":
		if !c.joined {
			return append(c.refusedCondition(cols), c.mistyped(k)...)
		}
	}
	return nil
}

// refusedCondition finds names of a condition that are no columns, where it is plain enough to tell.
func (c *call) refusedCondition(cols []string) []string {
	for i, t := range c.where {
		next := lint.Token{}
		if i+1 < len(c.where) {
			next = c.where[i+1]
		}
		if t.Is("SELECT") || t.Is("MATCH") {
			return nil
		}
		if i > 0 && (c.where[i-1].Is(".") || c.where[i-1].Is("COLLATE") || c.where[i-1].Is("AS")) || next.Is(".") || next.Is("(") || next.Kind == lint.String && next.Text != "" {
			continue
		}
		if (t.Kind == lint.Quoted || t.Kind == lint.Word && plainName(t.Text)) && t.Text != "?" && !holds(cols, t.Value()) && !now(t.Text) {
			return []string{quoted(c.table) + " has no column " + quote(t.Value())}
		}
	}
	return nil
}

func (c *call) refusedInsert(k *lint.Relation, cols []string) []string {
	if len(c.updates) > 0 {
		for _, n := range c.updates {
			if !holds(cols, n) {
				return []string{quoted(c.table) + " has no column " + quote(n)}
			}
		}
	}
	cur := newCursor(c.s.Text)
	cur.skip()
	ignore := false
	for w := "x"; w != ""; {
		w = cur.any("LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO")
		ignore = ignore || w == "IGNORE"
	}
	cur.ident()
	if cur.take("PARTITION") {
		cur.parens()
	}
	if cur.at("SET") {
		return c.refusedUpdate(k, cols)
	}
	var named []string
	explicit := cur.at("(") && !cur.peek(1).Is("SELECT")
	if explicit {
		in := cur.inside()
		for !in.done() {
			named = append(named, in.ident().Name)
			if !in.take(",") {
				break
			}
		}
	} else {
		for _, n := range cols {
			if col := k.Column(n); col == nil || !col.Invisible {
				named = append(named, n)
			}
		}
	}
	if cur.err != nil {
		return nil
	}
	out := c.refusedNames(k, cols, named, explicit)
	if len(out) > 0 || !cur.take("VALUES") && !cur.take("VALUE") {
		return out
	}
	return c.refusedValues(k, cur, named, ignore)
}

// refusedNames looks at the columns of an INSERT.
func (c *call) refusedNames(k *lint.Relation, cols, named []string, explicit bool) []string {
	if !explicit {
		return nil
	}
	seen := map[string]bool{}
	for _, n := range named {
		if !holds(cols, n) {
			return []string{quoted(c.table) + " has no column " + quote(n)}
		}
		if seen[lower(n)] {
			return []string{"it names " + quote(n) + " twice"}
		}
		seen[lower(n)] = true
	}
	if k.Kind == "view" {
		return nil
	}
	for _, col := range k.Columns {
		if !seen[lower(col.Name)] && needed(col) && !c.filled(k, col.Name) && !c.lax {
			return []string{"it leaves out " + quote(col.Name) + ", which is NOT NULL and has no default"}
		}
	}
	return nil
}

// needed columns have no value of their own. An ENUM has its first member.
func needed(col schema.Column) bool {
	return !col.Nullable && col.Default == nil && col.Identity == "" && col.Generated == "" && !strings.HasPrefix(lower(col.Type), "enum")
}

func (c *call) filled(k *lint.Relation, column string) bool {
	for _, t := range k.Triggers {
		if t.Timing == "BEFORE" && t.Event == "INSERT" && sets(t.Body, column) {
			return true
		}
	}
	return false
}

func (c *call) refusedValues(k *lint.Relation, cur *cursor, named []string, ignore bool) []string {
	keys := map[string]bool{}
	for cur.at("(") {
		list := values(cur.parens())
		if cur.err != nil {
			return nil
		}
		if len(list) != len(named) && len(list) > 0 {
			return []string{"it has another number of values than columns"}
		}
		row := map[string]string{}
		for i, v := range list {
			row[lower(named[i])] = v
			if why := c.refusedValue(k, named[i], v); why != "" && !ignore && !(c.lax && !strings.Contains(why, "NOT NULL")) {
				return []string{why}
			}
		}
		if c.verb == "INSERT" && !ignore && !after(cur.t[cur.i:], "DUPLICATE") {
			if why := repeated(k, row, keys); why != "" {
				return []string{why}
			}
			if why := c.givenAway(k, row); why != "" {
				return []string{why}
			}
		}
		if why := c.nowhere(k, row); why != "" && !ignore {
			return []string{why}
		}
		if !cur.take(",") {
			break
		}
	}
	return nil
}

// repeated finds two rows of one statement with the same key.
func repeated(k *lint.Relation, row map[string]string, seen map[string]bool) string {
	for _, x := range k.Indexes {
		if !x.Unique {
			continue
		}
		key, literal := lower(x.Name), len(x.Columns) > 0
		for _, p := range x.Columns {
			v := row[lower(p.Name)]
			t := Syntax.Tokens(v)
			literal = literal && p.Prefix == 0 && len(t) == 1 && (t[0].Kind == lint.String || t[0].Kind == lint.Number) && !(t[0].Kind == lint.Number && strings.Trim(v, "0") == "")
			key += "\x00" + v
		}
		if literal && seen[key] {
			return "two of its rows have the same value in the unique key " + quote(x.Name)
		}
		seen[key] = literal
	}
	return ""
}

// givenAway: a low number for an AUTO_INCREMENT column, which a table in use has given to a row of its own long ago.
func (c *call) givenAway(k *lint.Relation, row map[string]string) string {
	for _, col := range k.Columns {
		n, err := strconv.Atoi(row[lower(col.Name)])
		if err == nil && n > 0 && n < 1000 && col.Identity == "auto_increment" && uniqueAlone(k, col.Name) && c.live(c.table) {
			return "the table has numbered a row " + strconv.Itoa(n) + " by itself, which it can't hold twice; leave " + quote(col.Name) + " out"
		}
	}
	return ""
}

// uniqueAlone: a unique key holds the column and nothing else.
func uniqueAlone(k *lint.Relation, name string) bool {
	return slices.ContainsFunc(k.Indexes, func(x schema.Index) bool {
		return x.Unique && len(x.Columns) == 1 && same(x.Columns[0].Name, name)
	})
}

// nowhere: a partitioned table that has no partition for a row.
func (c *call) nowhere(k *lint.Relation, row map[string]string) string {
	if k.Bound == "" {
		return ""
	}
	p := readPartitioning(k.Bound)
	v, ok := row[lower(strings.Trim(p.key, "` "))]
	if lower(p.key) != "" && !ok {
		if t := Syntax.Tokens(p.key); len(t) == 4 && t[0].Is("YEAR") {
			if d := row[lower(t[2].Value())]; len(d) > 5 && d[0] == '\'' {
				v, ok = d[1:5], true
			}
		}
	}
	t := Syntax.Tokens(v)
	if !ok || len(p.parts) == 0 || len(t) != 1 || t[0].Kind != lint.Number && !(p.columns && t[0].Kind == lint.String && day.MatchString(t[0].Value())) {
		return ""
	}
	for _, x := range p.parts {
		if x.takes(v) {
			if only := c.onlyPartitions(); len(only) > 0 && !holds(only, x.name) && !p.cutAgain && x.bound != "" {
				return "the partition that takes " + v + " is " + quote(x.name)
			}
			return ""
		}
	}
	return "no partition takes " + v
}

// takes: the partition holds rows of the value, or it can't be told.
func (x partition) takes(v string) bool {
	return x.bound == "less" && increases(v, x.less) || x.bound == "in" && (holds(x.in, v) || len(Syntax.Tokens(strings.Join(x.in, " "))) != len(x.in)) || x.bound == "" || x.bound == "rest"
}

// onlyPartitions are those of INSERT INTO t PARTITION (p, q).
func (c *call) onlyPartitions() []string {
	cur := newCursor(c.s.Text)
	for !cur.done() && !cur.at("VALUES") {
		if cur.take("PARTITION") && cur.at("(") {
			return values(strings.ReplaceAll(cur.parens(), "`", ""))
		}
		cur.skip()
	}
	return nil
}

func (c *call) refusedUpdate(k *lint.Relation, cols []string) []string {
	cur := newCursor(c.s.Text)
	ignore := cur.peek(1).Is("IGNORE") || cur.peek(2).Is("IGNORE")
	for !cur.done() && !cur.take("SET") {
		cur.skip()
	}
	for !cur.done() {
		name := cur.ident().Name
		if !cur.take("=") && !cur.take(":", "=") {
			return nil
		}
		start, depth := cur.i, 0
		for ; cur.i < len(cur.t); cur.i++ {
			t := cur.t[cur.i]
			if t.Is("(") {
				depth++
			}
			if t.Is(")") {
				depth--
			}
			if depth == 0 && (t.Is(",") || t.Is("WHERE") || t.Is("ORDER") || t.Is("LIMIT") || t.Is("RETURNING")) {
				break
			}
		}
		if cur.err != nil || start >= cur.i {
			return nil
		}
		value := cur.text[cur.t[start].Start:cur.t[cur.i-1].End]
		if !holds(cols, name) {
			return []string{quoted(c.table) + " has no column " + quote(name)}
		}
		if why := c.refusedValue(k, name, value); why != "" && !ignore {
			return []string{why}
		}
		if c.verb == "UPDATE" && !ignore && uniqueAlone(k, name) && plainValue(value) && c.severalRows() {
			return []string{"more than one row gets the same value in " + quote(name) + ", which is unique"}
		}
		if why := c.nowhere(k, map[string]string{lower(name): value}); why != "" && !ignore {
			return []string{why}
		}
		if !cur.take(",") {
			break
		}
	}
	return nil
}

// refusedValue says why a literal can't be written into a column.
func (c *call) refusedValue(k *lint.Relation, name, value string) string {
	col := k.Column(name)
	if col == nil {
		return ""
	}
	v := strings.TrimSpace(value)
	if col.Generated != "" {
		if same(v, "DEFAULT") || c.maria && same(v, "NULL") {
			return ""
		}
		return quote(name) + " is generated, and can't be written"
	}
	if same(v, "NULL") {
		if !col.Nullable && col.Identity == "" && !(strings.HasPrefix(lower(col.Type), "timestamp") && c.maria) {
			return quote(name) + " is NOT NULL"
		}
		return ""
	}
	t, ok := parseType(col.Type)
	if !ok || t.geometry() {
		return ""
	}
	t.charset = col.Charset
	if why := c.incomputable(Syntax.Tokens(v)); why != "" {
		return why
	}
	if tok := Syntax.Tokens(v); len(tok) > 0 && tok[0].Kind == lint.Word {
		if why := overlong(t, v); why != "" {
			return "the value " + shortened(v) + " of " + quote(name) + ": " + why
		}
		return ""
	}
	if why := c.unfit(t, v); why != "" {
		return "the value " + shortened(v) + " of " + quote(name) + ": " + why
	}
	for _, q := range k.Constraints {
		if q.Kind == schema.Check && !q.NotValid && c.defaultRefused(column{name: name, def: v, checkOf: q.Definition}) {
			return "the CHECK " + quote(q.Name) + " refuses " + shortened(v)
		}
	}
	return ""
}

// incomputable says why an expression is no value in strict mode.
func (c *call) incomputable(t []lint.Token) string {
	for i := 0; i+1 < len(t); i++ {
		zero := t[i+1].Kind == lint.Number && strings.Trim(t[i+1].Text, "0.") == ""
		switch {
		case i == 0 && t[0].Is("ROW") && t[1].Is("("):
			return "a row is no value of a column"
		case (t[i].Is("/") || t[i].Is("DIV") || t[i].Is("%") || t[i].Is("MOD")) && zero && !c.lax && i > 0 && t[i-1].Kind == lint.Number:
			return "it divides by 0"
		}
	}
	return ""
}

func shortened(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// plainValue: the value is one text or number.
func plainValue(value string) bool {
	t := Syntax.Tokens(value)
	return len(t) == 1 && (t[0].Kind == lint.String || t[0].Kind == lint.Number)
}

// severalRows: the condition takes more than one row wherever the table is as full as can be: it is none, or a list, or a range.
func (c *call) severalRows() bool {
	if len(c.where) == 0 {
		return !c.limited
	}
	if c.limited || after(c.where, "SELECT") || never(c.where) {
		return false
	}
	for _, p := range comparisons(c.where) {
		_, _, all := comparison(p)
		if all && !after(p, "BETWEEN", "LIKE") && !(after(p, "IN") && after(p, ",")) {
			return false
		}
	}
	return true
}
