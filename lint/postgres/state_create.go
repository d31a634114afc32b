package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/schema"
)

func (c *call) createState(n *pg.CreateStmt) string {
	if k := c.exact(ident(n.Relation)); k != nil && n.IfNotExists {
		return ""
	}
	if k := c.exact(ident(n.Relation)); k == nil || k.Kind != "table" { // a table is said by another rule
		if why := c.newName(n.Relation); why != "" {
			return why
		}
	}
	for _, i := range n.InhRelations {
		if why := c.no(i.GetRangeVar()); why != "" {
			return why
		}
	}
	if n.OfTypename != nil && c.noType(n.OfTypename) {
		return "there is no type " + dotted(n.OfTypename.Names)
	}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil && c.noType(d.TypeName) {
			return "there is no type " + dotted(d.TypeName.Names)
		}
		if l := e.GetTableLikeClause(); l != nil && c.no(l.Relation) != "" {
			return c.no(l.Relation)
		}
	}
	return c.createColumns(n)
}

// createColumns looks at the names of a new table's columns and constraints.
func (c *call) createColumns(n *pg.CreateStmt) string {
	has, named := c.columnsOf(n)
	if has == nil {
		return ""
	}
	seen := map[string]bool{}
	for _, name := range named {
		if seen[name] {
			return fmt.Sprintf("the column %s is there twice", quote(name))
		}
		seen[name] = true
	}
	constraints := map[string]bool{}
	for _, q := range constraintsOf(n) {
		if q.Conname != "" && constraints[q.Conname] {
			return fmt.Sprintf("the constraint %s is there twice", quote(q.Conname))
		}
		constraints[q.Conname] = true
		for _, col := range append(names(q.Keys), names(q.FkAttrs)...) {
			if !has[col] {
				return "there is no column " + quote(col)
			}
		}
	}
	for _, p := range n.Partspec.GetPartParams() {
		if e := p.GetPartitionElem(); e.GetName() != "" && !has[e.Name] {
			return "there is no column " + quote(e.Name)
		}
	}
	return ""
}

// columnsOf lists a new table's columns, nil where not all of them are known; named are those that are written or copied.
func (c *call) columnsOf(n *pg.CreateStmt) (has map[string]bool, named []string) {
	has = map[string]bool{}
	take := func(r *pg.RangeVar, copied bool) bool {
		k := c.relation(r)
		if !whole(k) {
			return false
		}
		for _, col := range k.Columns {
			has[col.Name] = true
			if copied {
				named = append(named, col.Name)
			}
		}
		return true
	}
	for _, i := range n.InhRelations {
		if !take(i.GetRangeVar(), false) {
			return nil, nil
		}
	}
	for _, e := range n.TableElts {
		if d := e.GetColumnDef(); d != nil {
			has[d.Colname] = true
			named = append(named, d.Colname)
		}
		if l := e.GetTableLikeClause(); l != nil && !take(l.Relation, true) {
			return nil, nil
		}
	}
	if n.OfTypename != nil {
		return nil, nil
	}
	return has, named
}

func (c *call) newSequence(n *pg.CreateSeqStmt) string {
	if n.IfNotExists && c.exact(ident(n.Sequence)) != nil {
		return ""
	}
	if why := c.newName(n.Sequence); why != "" {
		return why
	}
	return c.owner(n.Sequence, n.Options)
}

// owner looks at OWNED BY.
func (c *call) owner(seq *pg.RangeVar, options []*pg.Node) string {
	for _, o := range options {
		d := o.GetDefElem()
		if d.GetDefname() != "owned_by" {
			continue
		}
		n := names(d.Arg.GetList().GetItems())
		if len(n) < 2 {
			continue
		}
		id := schema.Ident{Name: n[len(n)-2]}
		if len(n) > 2 {
			id.Schema = n[len(n)-3]
		}
		k := c.catalog.Relation(id)
		switch {
		case c.lacks(id):
			return "there is no table " + quoted(id)
		case whole(k) && k.Column(n[len(n)-1]) == nil:
			return fmt.Sprintf("%s has no column %s", quoted(id), quote(n[len(n)-1]))
		case whole(k) && inSchema(k.Schema) != inSchema(seq.GetSchemaname()) && c.catalog.Complete:
			return fmt.Sprintf("the sequence %s isn't in the schema of %s", table(seq), quoted(k.Ident))
		}
	}
	return ""
}

func (c *call) indexState(n *pg.IndexStmt) string {
	if why := c.no(n.Relation); why != "" {
		return why
	}
	k := c.relation(n.Relation)
	if n.Idxname != "" && k != nil {
		if k.FindIndex(n.Idxname) != nil && n.IfNotExists {
			return ""
		}
		if k.FindIndex(n.Idxname) != nil {
			return fmt.Sprintf("there is an index %s already", quote(n.Idxname))
		}
		if why := c.taken(schema.Ident{Schema: k.Schema, Name: n.Idxname}); why != "" && !n.IfNotExists {
			return why
		}
	}
	if !whole(k) {
		return ""
	}
	for _, p := range append(slices.Clone(n.IndexParams), n.IndexIncludingParams...) {
		if e := p.GetIndexElem(); e.GetName() != "" && k.Column(e.Name) == nil {
			return fmt.Sprintf("%s has no column %s", table(n.Relation), quote(e.Name))
		}
	}
	return ""
}
