package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var rewriteTable = rule{lint.Rule{
	ID: "rewrite-table", Severity: lint.Error, Kind: lint.Rewrite,
	Summary: "the whole table or index is written anew under ACCESS EXCLUSIVE",
	Why: "VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD and SET EXPRESSION copy the table while nobody can read it. Compaction beside traffic is done by pg_repack or pg_squeeze, " +
		"and a table or index elsewhere by building a new one.",
	Bad:  []lint.Example{{SQL: "VACUUM FULL orders;"}, {SQL: "CLUSTER orders USING orders_pkey;"}, {SQL: "ALTER TABLE orders SET UNLOGGED;"}, {SQL: "ALTER TABLE orders SET TABLESPACE fast;"}},
	Good: []lint.Example{{SQL: "VACUUM (ANALYZE) orders;"}, {SQL: "ALTER TABLE orders CLUSTER ON orders_pkey;"}, {SQL: "ALTER TABLE orders SET (fillfactor = 70);"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_VacuumStmt:
		if n.VacuumStmt.IsVacuumcmd && option(n.VacuumStmt.Options, "full") {
			c.copies("VACUUM FULL", vacuumed(n.VacuumStmt), "pg_repack --table=… compacts beside traffic; plain VACUUM makes the space usable again")
		}
	case *pg.Node_ClusterStmt:
		if n.ClusterStmt.Relation == nil || c.live(n.ClusterStmt.Relation) {
			c.copies("CLUSTER", n.ClusterStmt.Relation, "pg_repack --order-by=… sorts beside traffic")
		}
	case *pg.Node_AlterTableMoveAllStmt:
		c.copies("ALTER … ALL IN TABLESPACE", nil, "Move one table after the other with pg_repack --tablespace")
	}
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		if t.Objtype == pg.ObjectType_OBJECT_SEQUENCE {
			return // it has one row
		}
		switch a.Subtype {
		case pg.AlterTableType_AT_SetLogged:
			if c.persistence(t.Relation) == "p" {
				return
			}
			c.copies("SET LOGGED", t.Relation, "Create a new logged table, fill it in batches, and exchange the names")
		case pg.AlterTableType_AT_SetUnLogged:
			if k := c.relation(t.Relation); c.persistence(t.Relation) == "u" || k != nil && k.Partitioned {
				return // a partitioned table has nothing to write
			}
			c.copies("SET UNLOGGED", t.Relation, "Create a new unlogged table, fill it in batches, and exchange the names")
		case pg.AlterTableType_AT_SetTableSpace:
			if k := c.relation(t.Relation); k != nil && k.Partitioned {
				return
			}
			if c.already(t.Relation, "tablespace", a.Name, "pg_default") || t.Objtype == pg.ObjectType_OBJECT_INDEX && c.indexThere(t.Relation, a.Name) {
				return
			}
			c.copies("SET TABLESPACE", t.Relation, "pg_repack --tablespace=… moves it beside traffic; an index is built anew in the other tablespace with CREATE INDEX CONCURRENTLY … TABLESPACE")
		case pg.AlterTableType_AT_SetAccessMethod:
			if k := c.relation(t.Relation); k != nil && k.Partitioned {
				return
			}
			if c.already(t.Relation, "method", a.Name, "heap") {
				return
			}
			c.copies("SET ACCESS METHOD", t.Relation, "Create a new table with the other access method, fill it in batches, and exchange the names")
		case pg.AlterTableType_AT_SetExpression:
			if col := c.relation(t.Relation).Column(a.Name); col == nil || col.Generated != "virtual" {
				c.copies("SET EXPRESSION", t.Relation, "Add another column with the new expression, and move clients to it")
			}
		}
	})
}}

// indexThere reports whether an index that was made without a tablespace is to go where it is: nothing is said of others.
func (c *call) indexThere(r *pg.RangeVar, to string) bool {
	k, x := c.catalog.Owner(r.Relname)
	return x != nil && to == "pg_default" && k.Options["persistence"] != "" && k.Options["tablespace of "+x.Name] == ""
}

// already reports whether a table is known to be where it is to go. What it was made without is the server's own default.
func (c *call) already(r *pg.RangeVar, option, to, standard string) bool {
	k := c.relation(r)
	if k == nil || k.Options["persistence"] == "" { // nobody has seen how it was made
		return false
	}
	is := k.Options[option]
	if is == "" {
		is = standard
	}
	return is == to || to == "" // SET ACCESS METHOD DEFAULT
}

func vacuumed(n *pg.VacuumStmt) *pg.RangeVar {
	if len(n.Rels) == 0 {
		return nil
	}
	return n.Rels[0].GetVacuumRelation().GetRelation()
}

func (c *call) copies(what string, r *pg.RangeVar, safe string) {
	if r != nil && !c.live(r) {
		return
	}
	name := "every table"
	if r != nil {
		name = table(r)
	}
	c.report(said{message: fmt.Sprintf("%s writes %s anew while reads and writes wait", what, name), lock: blocksAll(c.size(r)), safe: safe + "."})
}

// persistence is "p" for a table that is known to be logged, "u" for one that isn't, "" where it isn't known.
func (j *judge) persistence(r *pg.RangeVar) string {
	if k := j.relation(r); k != nil {
		return k.Options["persistence"]
	}
	return ""
}
