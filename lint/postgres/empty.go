package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// A new table is empty. Where it takes the name of one with rows, running clients don't find theirs, unless the rows came, or come in the same
// transaction.

func (c *call) findsNothing(id schema.Ident) {
	c.report(said{message: fmt.Sprintf("the new table %s is empty: running clients don't find their rows", quoted(id)), lock: exclusive + ", short", safe: "Fill the new table and keep it in step first, and exchange the names in one transaction."})
}

// comesBackEmpty: the transaction makes a new table of a name, and the old one doesn't become a part of it.
func (c *call) comesBackEmpty(name, now string) bool {
	empty := c.ahead(func(t []lint.Token) bool {
		return len(t) > 3 && t[0].Is("CREATE") && !slices.ContainsFunc(t, func(x lint.Token) bool { return x.Is("AS") || x.Is("VIEW") }) && makes(t, name)
	})
	return empty && !c.broughtLater(now)
}

// emptyInPlace: a table that the file made, and that nothing was put into, gets the name that the transaction has taken from another one.
func (c *call) emptyInPlace(r *pg.RangeVar, name string) bool {
	k := c.relation(r)
	if !c.tx.open || k == nil || !k.Fresh || k.Kind != "table" || k.Options["filled"] != "" || c.tx.tables[name] == nil {
		return false
	}
	return !slices.ContainsFunc(c.children(k), func(o *lint.Relation) bool { return !o.Fresh }) && !c.broughtLater(c.tx.tables[name].Name)
}

// broughtLater: a later statement of the transaction brings the rows of a table: it inserts them, or takes the table as a part.
func (c *call) broughtLater(table string) bool {
	return c.ahead(func(t []lint.Token) bool {
		for i := range t[:len(t)-1] {
			if (t[0].Is("INSERT") || t[i].Is("PARTITION") || t[i].Is("INHERIT")) && t[i+1].Value() == table {
				return true
			}
		}
		return false
	})
}

// countsAnew names a column of a new table whose identity begins at 1, where the table that it takes the place of was numbered, too.
func (c *call) countsAnew(r *pg.RangeVar, name string) string {
	k, was := c.relation(r), c.tx.tables[name]
	if !c.tx.open || k == nil || !k.Fresh || k.Options["filled"] == "" || was == nil || c.numbered() {
		return ""
	}
	for _, col := range k.Columns {
		if o := was.Column(col.Name); col.Identity != "" && col.Identity != "serial" && uniqueAlone(k, col.Name) && o != nil && (o.Identity != "" || o.Default != nil) {
			return col.Name
		}
	}
	return ""
}

// numbered: some statement of the file gives a sequence its number.
func (c *call) numbered() bool {
	return slices.ContainsFunc(c.file.Statements, func(s lint.Statement) bool {
		return slices.ContainsFunc(Syntax.Tokens(s.Text), func(x lint.Token) bool { return x.Is("setval") || x.Is("RESTART") || x.Is("START") })
	})
}

// fills notes that rows were put into a table that the file made.
func (j *judge) fills(n *pg.Node) {
	var r *pg.RangeVar
	switch s := n.GetNode().(type) {
	case *pg.Node_InsertStmt:
		r = s.InsertStmt.Relation
	case *pg.Node_MergeStmt:
		r = s.MergeStmt.Relation
	case *pg.Node_CopyStmt:
		r = s.CopyStmt.Relation
	case *pg.Node_CreateTableAsStmt:
		if !s.CreateTableAsStmt.GetInto().GetSkipData() {
			r = s.CreateTableAsStmt.GetInto().GetRel()
		}
	case *pg.Node_SelectStmt:
		r = s.SelectStmt.GetIntoClause().GetRel()
	}
	if k := j.relation(r); k != nil && k.Fresh {
		k.Options["filled"] = "yes"
	}
}
