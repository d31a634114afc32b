package postgres

import (
	"fmt"
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var partitionBound = rule{lint.Rule{
	ID: "partition-bound", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a partition that doesn't fit its table: bounds that overlap or are of another kind, or columns that differ",
	Why: "A bound is of the table's own kind (RANGE, LIST, HASH), has a value for each column of the partition key, isn't empty and overlaps no other partition; there is one DEFAULT partition, and none for HASH. " +
		"A table that is attached has the parent's columns, of the same types and as NOT NULL, and no others, and isn't a partition yet. Rows that a DEFAULT partition holds can't belong to a new one.",
	Bad: []lint.Example{{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE l1 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');", SQL: "CREATE TABLE l2 PARTITION OF logs FOR VALUES FROM ('2020-06-01') TO ('2022-01-01');"},
		{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE l (at date, a int);", SQL: "ALTER TABLE logs ATTACH PARTITION l FOR VALUES FROM ('2020-06-01') TO ('2022-01-01');"},
		{Schema: "CREATE TABLE t (id int);", SQL: "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (2);"}},
	Good: []lint.Example{{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE l1 PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');", SQL: "CREATE TABLE l2 PARTITION OF logs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"},
		{SQL: "CREATE TABLE l2 PARTITION OF logs FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"}},
}, func(c *call) {
	if why := c.partitionMisfit(); why != "" {
		c.report(said{message: "this fails: " + why, safe: "Look at the bounds and columns of the partitions that are there."})
	}
}}

func (c *call) partitionMisfit() string {
	if n := c.node.GetCreateStmt(); n != nil && n.Partbound != nil && len(n.InhRelations) > 0 && !(n.IfNotExists && c.relation(n.Relation) != nil) {
		return c.boundMisfit(c.relation(n.InhRelations[0].GetRangeVar()), n.Partbound, nil)
	}
	t := c.node.GetAlterTableStmt()
	if t == nil || t.Objtype == pg.ObjectType_OBJECT_INDEX {
		return ""
	}
	parent := c.relation(t.Relation)
	for _, m := range t.Cmds {
		a := m.GetAlterTableCmd()
		child := c.relation(a.Def.GetPartitionCmd().GetName())
		if parent == nil || a.Def.GetPartitionCmd() == nil {
			continue
		}
		why := ""
		switch a.Subtype {
		case pg.AlterTableType_AT_AttachPartition:
			if why = c.boundMisfit(parent, a.Def.GetPartitionCmd().Bound, child); why == "" {
				why = c.attachMisfit(parent, child)
			}
		case pg.AlterTableType_AT_DetachPartition, pg.AlterTableType_AT_DetachPartitionFinalize:
			if notPartitioned(parent) || child != nil && whole(child) && whole(parent) && c.partOf(child) != parent {
				why = fmt.Sprintf("%s is no partition of %s", table(a.Def.GetPartitionCmd().Name), quoted(parent.Ident))
			}
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func notPartitioned(k *lint.Relation) bool { return whole(k) && !k.Partitioned && k.Kind == "table" }

func (c *call) attachMisfit(parent, child *lint.Relation) string {
	if child == nil || !whole(child) || !whole(parent) {
		return ""
	}
	if child.Parent != "" {
		return fmt.Sprintf("%s is a partition already", quoted(child.Ident))
	}
	if len(child.Parents) > 0 {
		return fmt.Sprintf("%s inherits from another table", quoted(child.Ident))
	}
	for _, col := range child.Columns {
		if parent.Column(col.Name) == nil {
			return fmt.Sprintf("%s has a column %s that %s hasn't", quoted(child.Ident), quote(col.Name), quoted(parent.Ident))
		}
	}
	return c.childFits(child, parent)
}

// boundMisfit looks at a bound; child is the table that is attached, nil for a new one.
func (c *call) boundMisfit(parent *lint.Relation, b *pg.PartitionBoundSpec, child *lint.Relation) string {
	if parent == nil || b == nil {
		return ""
	}
	if notPartitioned(parent) {
		return quoted(parent.Ident) + " isn't partitioned"
	}
	kind := parent.Options["partition"]
	if kind == "" {
		return ""
	}
	if b.IsDefault {
		if kind == "h" {
			return "a table partitioned by HASH has no DEFAULT partition"
		}
		for _, o := range c.children(parent) {
			if o.Default && o != child {
				return fmt.Sprintf("%s is the DEFAULT partition already", quoted(o.Ident))
			}
		}
		return ""
	}
	if b.Strategy != kind {
		return fmt.Sprintf("%s is partitioned by %s", quoted(parent.Ident), map[string]string{"r": "RANGE", "l": "LIST", "h": "HASH"}[kind])
	}
	l := limitsOf(b)
	if why := c.boundItself(parent, b, l); why != "" {
		return why
	}
	for _, o := range c.children(parent) {
		if o != child && !o.Default && c.overlap(c.keyType(parent, 0), l, o.Limits) {
			return fmt.Sprintf("the bound overlaps that of %s", quoted(o.Ident))
		}
	}
	return ""
}

func (c *call) keyType(parent *lint.Relation, i int) typ {
	if key := parent.PartitionKey(); i < len(key) {
		if col := parent.Column(key[i]); col != nil {
			return c.base(parseType(col.Type))
		}
	}
	return typ{}
}

// boundItself: the values are as many as the columns of the key, of their types, and in their order.
func (c *call) boundItself(parent *lint.Relation, b *pg.PartitionBoundSpec, l lint.Limits) string {
	n := len(parent.PartitionKey())
	if b.Strategy == "r" && (len(l.Lower) != n || len(l.Upper) != n) {
		return fmt.Sprintf("the partition key has %d columns, and the bound has another number of values", n)
	}
	if b.Strategy == "h" && l.Remainder >= l.Modulus {
		return "the remainder has to be less than the modulus"
	}
	for _, list := range [][]*pg.Node{b.Lowerdatums, b.Upperdatums, b.Listdatums} {
		for i, v := range list {
			if b.Strategy == "l" {
				i = 0
			}
			if s := v.GetAConst().GetSval(); s != nil {
				if why := c.unfit(s.Sval, c.keyType(parent, i), false); why != "" {
					return why
				}
			}
		}
	}
	if b.Strategy == "r" && n == 1 {
		if o, ok := c.order(c.keyType(parent, 0), l.Lower[0], l.Upper[0]); ok && o >= 0 {
			return "the range is empty"
		}
	}
	return ""
}

// overlap reports whether two bounds overlap for certain.
func (c *call) overlap(t typ, a, b lint.Limits) bool {
	switch {
	case len(a.Values) > 0:
		return overlaps(a.Values, b.Values)
	case a.Modulus > 0 && b.Modulus > 0:
		m := gcd(a.Modulus, b.Modulus)
		return a.Remainder%m == b.Remainder%m
	case len(a.Lower) == 1 && len(b.Lower) == 1 && len(a.Upper) == 1 && len(b.Upper) == 1:
		x, ok := c.order(t, a.Lower[0], b.Upper[0])
		y, ok2 := c.order(t, b.Lower[0], a.Upper[0])
		return ok && ok2 && x < 0 && y < 0
	}
	return false
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// order compares two values of a range's bound; ok is false where that can't be said. Texts are ordered by the collation, dates by their text if
// they are written alike.
func (c *call) order(t typ, a, b string) (int, bool) {
	switch {
	case a == "MINVALUE" && b == "MINVALUE" || a == "MAXVALUE" && b == "MAXVALUE":
		return 0, true
	case a == "MINVALUE" || b == "MAXVALUE":
		return -1, true
	case a == "MAXVALUE" || b == "MINVALUE":
		return 1, true
	}
	switch group[t.name] {
	case "number":
		x, err := strconv.ParseFloat(a, 64)
		y, err2 := strconv.ParseFloat(b, 64)
		if err != nil || err2 != nil {
			return 0, false
		}
		return compareOrdered(x, y), true
	case "date":
		if !isoDate(a) || !isoDate(b) || len(a) != len(b) {
			return 0, a == b && a != ""
		}
		return compareOrdered(a, b), true
	}
	return 0, false
}

func compareOrdered[T string | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func isoDate(s string) bool {
	return len(s) >= 10 && s[4] == '-' && s[7] == '-' && !slices.ContainsFunc([]byte(s[:4]), func(b byte) bool { return b < '0' || b > '9' })
}

// keyValue is the value that a row has for a partition key of one column; ok is false where it isn't known.
func keyValue(parent *lint.Relation, row map[string]any) (string, bool) {
	key := parent.PartitionKey()
	if len(key) != 1 {
		return "", false
	}
	switch v := row[key[0]].(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// nowhere reports whether no partition takes a row, for certain.
func (c *call) nowhere(parent *lint.Relation, row map[string]any) bool {
	v, ok := keyValue(parent, row)
	kind := parent.Options["partition"]
	if !ok || !c.catalog.Complete || kind != "r" && kind != "l" {
		return false
	}
	t := c.keyType(parent, 0)
	for _, p := range c.children(parent) {
		l := p.Limits
		switch {
		case p.Default, slices.Contains(l.Values, v):
			return false
		case kind == "r":
			if len(l.Lower) != 1 || len(l.Upper) != 1 {
				return false
			}
			low, ok1 := c.order(t, l.Lower[0], v)
			high, ok2 := c.order(t, v, l.Upper[0])
			if !ok1 || !ok2 || low <= 0 && high < 0 {
				return false
			}
		}
	}
	return true
}

// filled: nobody has to give the column a value.
func filled(col *schema.Column) bool {
	return col.Nullable || col.Default != nil || col.Identity != "" || col.Generated != ""
}
