package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

func (c *call) constraintImpossible(t *pg.AlterTableStmt, k *lint.Relation, q *pg.Constraint) string {
	switch q.GetContype() {
	case pg.ConstrType_CONSTR_PRIMARY, pg.ConstrType_CONSTR_UNIQUE:
		if q.Contype == pg.ConstrType_CONSTR_PRIMARY && primaryOf(k) != nil && !c.dropsKey(t, primaryOf(k).Name) {
			return quoted(k.Ident) + " has a primary key already"
		}
		if q.Indexname != "" {
			return c.usingIndex(k, k.FindIndex(q.Indexname))
		}
		if why := c.leavesOut(k, names(q.Keys)); why != "" {
			return why
		}
		return c.keyed(k, names(q.Keys))
	case pg.ConstrType_CONSTR_CHECK:
		if why := c.notNullTwice(k, q); why != "" {
			return why
		}
		if !t.Relation.Inh && !q.IsNoInherit && len(c.childrenIf(k)) > 0 {
			return "the constraint has to be added to the children, too: leave ONLY out"
		}
		if q.IsNoInherit && k.Partitioned {
			return "a partitioned table can't have a constraint that is NO INHERIT"
		}
	case pg.ConstrType_CONSTR_FOREIGN:
		return c.lastsImpossible(k.Options["persistence"], q.Pktable)
	case pg.ConstrType_CONSTR_EXCLUSION:
		if k.Partitioned && c.version < 170000 {
			return "a partitioned table has no exclusion constraints before version 17"
		}
		return c.keyed(k, nil)
	}
	return ""
}

// notNullTwice: a column that is NOT NULL has a constraint for it since 18, and takes no other one.
func (c *call) notNullTwice(k *lint.Relation, q *pg.Constraint) string {
	col := k.Column(c.later.notNull)
	if c.later.notNull == "" || col == nil || col.Nullable || k.New[col.Name] || q.Conname == "" || c.version < 180000 || !slices.Equal(columnsIn(q.RawExpr), []string{col.Name}) {
		return ""
	}
	if own := chosen(k.Name, col.Name, "not_null", func(string) bool { return false }); own == q.Conname {
		return ""
	}
	return fmt.Sprintf("%s.%s is NOT NULL already, by a constraint of another name", quoted(k.Ident), quote(col.Name))
}

func (c *call) dropsKey(t *pg.AlterTableStmt, name string) bool {
	return slices.ContainsFunc(t.Cmds, func(n *pg.Node) bool {
		a := n.GetAlterTableCmd()
		return a.Subtype == pg.AlterTableType_AT_DropConstraint && a.Name == name
	})
}

func (c *call) usingIndex(k *lint.Relation, x *schema.Index) string {
	switch {
	case x == nil:
		return ""
	case x.Constraint:
		return quote(x.Name) + " belongs to a constraint already"
	case !x.Unique:
		return quote(x.Name) + " isn't unique"
	case x.Predicate != "":
		return quote(x.Name) + " is a partial index"
	case slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Name == "" }):
		return quote(x.Name) + " has an expression"
	case slices.ContainsFunc(x.Columns, func(p schema.IndexColumn) bool { return p.Descending }):
		return quote(x.Name) + " doesn't have the default sort order"
	}
	if k.Partitioned {
		return "a key of a partitioned table can't be made of an index"
	}
	return ""
}

func (c *call) identityIndex(k *lint.Relation, x *schema.Index) string {
	switch {
	case x == nil:
		return ""
	case !x.Unique:
		return quote(x.Name) + " isn't unique"
	case x.Predicate != "":
		return quote(x.Name) + " is a partial index"
	}
	for _, p := range x.Columns {
		if col := k.Column(p.Name); p.Name == "" || col != nil && col.Nullable {
			return quote(x.Name) + " has an expression or a column that may be NULL"
		}
	}
	return ""
}

// leavesOut: a key of a partitioned table has every column of the partition key.
func (c *call) leavesOut(k *lint.Relation, key []string) string {
	if !k.Partitioned {
		return ""
	}
	for _, p := range k.PartitionKey() {
		if !slices.Contains(key, p) {
			return fmt.Sprintf("a unique key of the partitioned table %s has to hold its partition key, and %s isn't in it", quoted(k.Ident), quote(p))
		}
	}
	return ""
}

// unordered are types without an operator class for btree.
var unordered = map[string]bool{"json": true, "xml": true, "point": true, "line": true, "lseg": true, "box": true, "path": true, "polygon": true, "circle": true, "txid_snapshot": true}

// keyed: the columns of a key have to be of types that are ordered.
func (c *call) keyed(k *lint.Relation, key []string) string {
	for _, name := range key {
		if col := k.Column(name); col != nil && unordered[c.base(parseType(col.Type)).name] && !parseType(col.Type).array {
			return fmt.Sprintf("%s is %s, which has no operator class for btree", quote(name), col.Type)
		}
	}
	return ""
}
