package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var comesBackChanged = rule{lint.Rule{
	ID: "comes-back-changed", Severity: lint.Error, Kind: lint.Client,
	Summary: "what a transaction drops or renames and makes again lacks something that clients name",
	Why: "A view in the place of a table takes writes only if it is a SELECT of plain columns from one table: with DISTINCT, GROUP BY, LIMIT, UNION, a join, WITH, an aggregate or a window it takes none (55000), and a column that is computed takes no value. " +
		"A materialized view takes none at all. INSTEAD OF triggers make up for it.\n\nA view in the place of a table, or a view or function that is dropped and created again, is no interruption as long as it has the columns and takes the arguments of the old one, and roles have the same rights on it: a new view has none of the old one's. Running clients that name what is missing fail.",
	Bad: []lint.Example{{Schema: "CREATE TABLE t (a int, b int);", SQL: "BEGIN;\nALTER TABLE t RENAME TO t2;\nCREATE VIEW t AS SELECT a FROM t2;\nCOMMIT;"},
		{Schema: "CREATE VIEW v AS SELECT 1 AS a, 2 AS b;", SQL: "BEGIN;\nDROP VIEW v;\nCREATE VIEW v AS SELECT 1 AS a;\nCOMMIT;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE t (a int, b int);", SQL: "BEGIN;\nSET LOCAL lock_timeout = '2s';\nALTER TABLE t RENAME TO t2;\nCREATE VIEW t AS SELECT a, b FROM t2;\nCOMMIT;"}, {SQL: "CREATE VIEW t AS SELECT a, b FROM t2;"}},
}, func(c *call) {
	if f := c.node.GetCreateFunctionStmt(); f != nil {
		c.routineBack(routineOf(f))
	}
	if t := c.node.GetCreateTableAsStmt(); t.GetObjtype() == pg.ObjectType_OBJECT_MATVIEW && c.tx.tables[t.Into.GetRel().GetRelname()] != nil {
		c.report(said{message: fmt.Sprintf("%s was a table, and a materialized view in its place takes no rows: writes of running clients fail", table(t.Into.Rel)), safe: "Give the materialized view a name of its own."})
	}
	v := c.node.GetViewStmt()
	if v == nil {
		return
	}
	was, ok := c.tx.lost[v.View.Relname]
	if !ok {
		return
	}
	if why := c.writesRefused(v, c.tx.tables[v.View.Relname]); why != "" {
		c.report(said{message: fmt.Sprintf("%s was a table, and nobody can write through the view in its place, as %s: writes of running clients fail", table(v.View), why),
			safe: "Let the view be SELECT of plain columns from one table, or give it INSTEAD OF triggers in the same transaction."})
		return
	}
	for _, role := range c.tx.rights[v.View.Relname] {
		if !c.grantedTo(role) {
			c.report(said{message: fmt.Sprintf("%s had rights on %s, and has none on what takes its place: its statements fail", role, table(v.View)), safe: fmt.Sprintf("GRANT … ON %s TO %s; -- in the same transaction", table(v.View), quote(role))})
			return
		}
	}
	x := c.reader()
	cols, open := x.query(v.Query.GetSelectStmt(), nil)
	if open || x.fault != "" {
		return
	}
	has := map[string]bool{}
	for i, col := range cols {
		if i < len(v.Aliases) {
			col.name = names(v.Aliases)[i]
		}
		has[col.name] = true
	}
	for _, name := range was {
		if !has[name] {
			c.report(said{message: fmt.Sprintf("%s had a column %s, and hasn't any more: running clients that name it fail", table(v.View), quote(name)), safe: "Keep every column that clients name."})
			return
		}
	}
}}

// grantedTo: a later statement of the transaction grants the role something, or changes what is granted by default.
func (c *call) grantedTo(role string) bool {
	return c.ahead(func(t []lint.Token) bool {
		return t[0].Is("GRANT") && slices.ContainsFunc(t, func(x lint.Token) bool { return x.Value() == role || x.Is("PUBLIC") })
	})
}

func (c *call) routineBack(o *lint.Object) {
	was := c.tx.routines[o.ID.Name]
	if was == nil || slices.Equal(was.Args, o.Args) && o.Required <= was.Required {
		return
	}
	if o.Required > was.Required || len(o.Args) < len(was.Args) || !slices.Equal(was.Args, o.Args[:len(was.Args)]) {
		c.report(said{message: fmt.Sprintf("%s doesn't take the arguments that it took: running clients that call it as before fail", quoted(o.ID)), safe: "Create the new one beside the old one, under another name, and drop the old one after the last client that calls it."})
	}
}

// loses notes what a statement of an open transaction takes away, to be held against what comes back under the name.
func (j *judge) loses(p *parsed) {
	if !j.tx.open {
		return
	}
	keep := func(k *lint.Relation, name string) {
		if !whole(k) || k.Fresh {
			return
		}
		if j.tx.lost == nil {
			j.tx.lost, j.tx.tables = map[string][]string{}, map[string]*lint.Relation{}
		}
		var cols []string
		for _, c := range k.Columns {
			cols = append(cols, c.Name)
		}
		j.tx.lost[name] = cols
		if k.Kind == "table" {
			j.tx.tables[name] = k
		}
		if j.tx.rights == nil {
			j.tx.rights = map[string][]string{}
		}
		for _, o := range j.others(k) {
			j.tx.rights[name] = append(j.tx.rights[name], o.ID.Name)
		}
	}
	switch n := p.node.Node.(type) {
	case *pg.Node_RenameStmt:
		if n.RenameStmt.RenameType == pg.ObjectType_OBJECT_TABLE || n.RenameStmt.RenameType == pg.ObjectType_OBJECT_VIEW {
			keep(j.relation(n.RenameStmt.Relation), n.RenameStmt.Relation.GetRelname())
		}
	case *pg.Node_DropStmt:
		for _, o := range n.DropStmt.Objects {
			if f := o.GetObjectWithArgs(); f != nil {
				if r, _ := j.routine(f); r != nil {
					if j.tx.routines == nil {
						j.tx.routines = map[string]*lint.Object{}
					}
					j.tx.routines[r.ID.Name] = r
				}
				continue
			}
			id := identOf(o.GetList().GetItems())
			keep(j.catalog.Relation(id), id.Name)
		}
	}
}
