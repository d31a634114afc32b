package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var attachPartition = rule{lint.Rule{
	ID: "attach-partition", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a filled table, or a DEFAULT partition, is read whole under ACCESS EXCLUSIVE to be attached",
	Why: "ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE on the parent (since 12), and ACCESS EXCLUSIVE on the new partition and on the DEFAULT partition. It reads the new partition unless a valid CHECK implies the bound, and the DEFAULT " +
		"partition unless a valid CHECK there excludes it. Add those CHECKs first, NOT VALID and then validated.",
	Bad: []lint.Example{{SQL: "ALTER TABLE logs ATTACH PARTITION logs_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"},
		{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE rest PARTITION OF logs DEFAULT;", SQL: "CREATE TABLE n (at date);\nALTER TABLE logs ATTACH PARTITION n FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"}},
	Good: []lint.Example{{SQL: "CREATE TABLE logs_2027 (LIKE logs);\nALTER TABLE logs ATTACH PARTITION logs_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"},
		{Schema: "CREATE TABLE logs (at date) PARTITION BY RANGE (at);\nCREATE TABLE n (at date NOT NULL, CONSTRAINT c CHECK (at >= '2027-01-01' AND at < '2028-01-01'));", SQL: "ALTER TABLE logs ATTACH PARTITION n FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');"}},
}, func(c *call) {
	c.alterAny(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if a.Subtype != pg.AlterTableType_AT_AttachPartition || t.Objtype == pg.ObjectType_OBJECT_INDEX {
			return
		}
		q := a.Def.GetPartitionCmd()
		if q == nil || q.Bound == nil {
			return
		}
		if c.live(q.Name) && !implied(c.relation(q.Name), q.Bound) {
			c.report(said{message: fmt.Sprintf("all of %s is read under ACCESS EXCLUSIVE to see that its rows fit", table(q.Name)), lock: blocksAll(c.size(q.Name)), safe: attachRecipe(t.Relation, q)})
		}
		if d := c.defaultOf(t.Relation); d != nil && !q.Bound.IsDefault && !excluded(d) && c.live(t.Relation) {
			c.report(said{message: fmt.Sprintf("all of the DEFAULT partition %s is read under ACCESS EXCLUSIVE to see that it holds no row of the new one", quoted(d.Ident)), lock: blocksAll("that partition's size"),
				safe: fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT not_there CHECK (NOT (…the new bound…)) NOT VALID;\n-- in another transaction:\nALTER TABLE %s VALIDATE CONSTRAINT not_there;\n-- then attach", quoted(d.Ident), quoted(d.Ident))})
		}
	})
}}

// alterAny is alter for tables that the file itself has made, too.
func (c *call) alterAny(f func(t *pg.AlterTableStmt, a *pg.AlterTableCmd)) {
	if t := c.node.GetAlterTableStmt(); t != nil {
		for _, n := range t.Cmds {
			f(t, n.GetAlterTableCmd())
		}
	}
}

// defaultOf finds a partitioned table's DEFAULT partition, if it is known and may hold rows.
func (j *judge) defaultOf(r *pg.RangeVar) *lint.Relation {
	var found *lint.Relation
	parent := j.relation(r)
	j.catalog.Relations(func(k *lint.Relation) {
		if parent != nil && k.Default && !k.Fresh && (k.Parent == parent.Ident.String() || k.Parent == parent.Name) {
			found = k
		}
	})
	return found
}

// implied reports whether a valid CHECK of the table looks like the bound: it names every value of it. Whether it implies
// the bound is decided by the server.
func implied(k *lint.Relation, b *pg.PartitionBoundSpec) bool {
	if k == nil {
		return false
	}
	if b.IsDefault { // it takes what no other one does, which a CHECK that sets limits can exclude
		return checks(k, func(d string) bool { return strings.ContainsAny(d, "<>") })
	}
	var values []string
	for _, l := range [][]*pg.Node{b.Lowerdatums, b.Upperdatums, b.Listdatums} {
		for _, n := range l {
			if s := strings.Trim(rendered(n), "'"); n.GetAConst() != nil || n.GetTypeCast() != nil {
				values = append(values, s)
			}
		}
	}
	if b.Strategy == "h" {
		return checks(k, func(d string) bool { return strings.Contains(d, "satisfies_hash_partition") })
	}
	return len(values) > 0 && checks(k, func(d string) bool {
		for _, v := range values {
			if !strings.Contains(d, v) {
				return false
			}
		}
		return true
	})
}

// excluded reports whether a valid CHECK of a DEFAULT partition says what isn't in it.
func excluded(k *lint.Relation) bool {
	return checks(k, func(d string) bool {
		u := strings.ToUpper(d)
		return strings.Contains(u, "NOT") || strings.Contains(u, " OR ") || strings.ContainsAny(u, "<>")
	})
}

func checks(k *lint.Relation, f func(definition string) bool) bool {
	for _, q := range k.Constraints {
		if q.Kind == schema.Check && !q.NotValid && f(q.Definition) {
			return true
		}
	}
	return false
}

func attachRecipe(parent *pg.RangeVar, q *pg.PartitionCmd) string {
	return fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT fits CHECK (…the bound…, and NOT NULL of its columns…) NOT VALID;\n-- in another transaction:\nALTER TABLE %s VALIDATE CONSTRAINT fits;\nALTER TABLE %s ATTACH PARTITION %s …;\nALTER TABLE %s DROP CONSTRAINT fits;", table(q.Name), table(q.Name), table(parent), table(q.Name), table(q.Name))
}
