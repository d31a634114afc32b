package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// addConstraint makes an operation of a constraint, that of a column's definition included. What operations don't know is done
// as it is written.
func (c *clause) addConstraint(k *pg.Constraint, column string) error {
	if beyond(k) {
		if column != "" {
			return c.s.Refuse(int(k.Location), "add the column first, and the constraint by a clause of its own", "no operation makes this constraint")
		}
		c.asWritten("constraint " + k.Conname)
		return nil
	}
	var o plans.Operation
	name := k.Conname
	switch k.Contype {
	case pg.ConstrType_CONSTR_CHECK:
		if name == "" {
			name = defaultName(c.table, columnsNamed(k.RawExpr, column), "check")
		}
		o.AddCheck = &plans.AddCheck{Table: c.table, Name: name, Check: c.behind(k, "CHECK")}
	case pg.ConstrType_CONSTR_FOREIGN:
		f, err := c.foreignKey(k, column)
		if err != nil {
			return err
		}
		name = f.Name
		o.AddForeignKey = f
	case pg.ConstrType_CONSTR_UNIQUE:
		u := &plans.AddUnique{Table: c.table, Name: name, Columns: keysOf(k.Keys, column), Include: texts(k.Including), NullsEqual: k.NullsNotDistinct}
		if name == "" {
			u.Name = defaultName(c.table, u.Columns, "key")
		}
		name, o.AddUnique = u.Name, u
	case pg.ConstrType_CONSTR_PRIMARY:
		p := &plans.AddPrimaryKey{Table: c.table, Name: name, Columns: keysOf(k.Keys, column)}
		if name == "" {
			p.Name = defaultName(c.table, nil, "pkey")
		}
		name, o.AddPrimaryKey = p.Name, p
	default:
		c.asWritten("constraint " + name)
		return nil
	}
	i := c.item(o, "constraint "+name)
	if k.SkipValidation {
		i.NotValid = name
	}
	c.add(i)
	return nil
}

// beyond: what the operations have no words for.
func beyond(k *pg.Constraint) bool {
	return k.Deferrable || k.Initdeferred || k.IsNoInherit || k.Indexname != "" || k.Indexspace != "" || len(k.Options) > 0 || len(k.FkDelSetCols) > 0 ||
		k.Contype == pg.ConstrType_CONSTR_FOREIGN && k.FkMatchtype != "s" || k.Contype == pg.ConstrType_CONSTR_PRIMARY && len(k.Including) > 0
}

func keysOf(list []*pg.Node, column string) []string {
	if column != "" {
		return []string{column}
	}
	return texts(list)
}

// behind is what stands in the parentheses behind a word of a constraint.
func (c *clause) behind(k *pg.Constraint, word string) string {
	for n := c.from; n < c.to; n++ {
		if c.text.Tokens[n].Start >= int(k.Location) && c.text.At(n, word, "(") {
			return c.text.Inside(n + 1)
		}
	}
	return ""
}

func (c *clause) foreignKey(k *pg.Constraint, column string) (*plans.AddForeignKey, error) {
	to, err := c.named(k.Pktable)
	if err != nil {
		return nil, err
	}
	f := &plans.AddForeignKey{Table: c.table, Name: k.Conname, Columns: keysOf(k.FkAttrs, column), References: plans.Reference{Table: to, Columns: texts(k.PkAttrs)},
		OnDelete: action(k.FkDelAction), OnUpdate: action(k.FkUpdAction)}
	if f.Name == "" {
		f.Name = defaultName(c.table, f.Columns, "fkey")
	}
	if len(f.References.Columns) == 0 {
		return nil, c.s.Wrong(int(k.Location), "REFERENCES "+to+" (id)", "the columns that the foreign key points at aren't named")
	}
	return f, nil
}

// action reads what the grammar makes of ON DELETE and ON UPDATE.
func action(letter string) string {
	return map[string]string{"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}[letter]
}

// defaultName is the name that the server gives by itself, while that is free and short enough.
func defaultName(table string, columns []string, kind string) string {
	parts := []string{schema.ParseIdent(table).Name}
	if kind == "check" && len(columns) != 1 {
		columns = nil
	}
	parts = append(append(parts, columns...), kind)
	return plans.CutName(strings.Join(parts, "_"), 63, true)
}

// columnsNamed are the columns that an expression names, each once; column is that of a column's own constraint.
func columnsNamed(n *pg.Node, column string) []string {
	if column != "" {
		return []string{column}
	}
	var out []string
	eachMessage(n.ProtoReflect(), func(m protoreflect.Message) {
		if r, ok := m.Interface().(*pg.ColumnRef); ok {
			if names := texts(r.Fields); len(names) > 0 && !slices.Contains(out, names[len(names)-1]) {
				out = append(out, names[len(names)-1])
			}
		}
	})
	return out
}

func eachMessage(m protoreflect.Message, see func(protoreflect.Message)) {
	see(m)
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				eachMessage(v.List().Get(i).Message(), see)
			}
		case f.Message() != nil && !f.IsMap():
			eachMessage(v.Message(), see)
		}
		return true
	})
}

// createIndex reads CREATE INDEX; CONCURRENTLY is how it is done anyhow.
func (t *translation) createIndex(n *pg.IndexStmt) error {
	table, err := t.named(n.Relation)
	if err != nil {
		return err
	}
	x := &plans.CreateIndex{Table: table, Name: n.Idxname, Unique: n.Unique, NullsEqual: n.NullsNotDistinct}
	if n.AccessMethod != "btree" {
		x.Method = n.AccessMethod
	}
	on := t.text.Find(0, len(t.text.Tokens), "ON")
	open := t.text.Find(on, len(t.text.Tokens), "(")
	if n.TableSpace != "" || !n.Relation.Inh || open < 0 {
		return t.s.Refuse(0, "leave it out", "an index with TABLESPACE or ON ONLY is none of phasemig's operations")
	}
	for i, cut := range t.text.Split(open+1, t.text.Close(open)) {
		x.Columns = append(x.Columns, t.indexPart(n.IndexParams[i].GetIndexElem(), cut[0], cut[1]))
	}
	for _, p := range n.IndexIncludingParams {
		x.Include = append(x.Include, p.GetIndexElem().GetName())
	}
	t.indexRest(x, t.text.Close(open)+1)
	if x.Name == "" {
		if len(x.Columns.Names()) != len(x.Columns) {
			return t.s.Wrong(0, "CREATE INDEX name ON …", "the index has no name")
		}
		x.Name = defaultName(table, x.Columns.Names(), "idx")
	}
	t.add(migration.Item{At: t.s.Start, Table: table, Operation: plans.Operation{CreateIndex: x}, Objects: []string{"index " + x.Name}})
	return nil
}

// indexRest reads what stands behind the keys.
func (t *translation) indexRest(x *plans.CreateIndex, from int) {
	end := len(t.text.Tokens)
	where := t.text.Find(from, end, "WHERE")
	if where >= 0 {
		x.Where, end = t.text.Slice(where+1, len(t.text.Tokens)), where
	}
	if i := t.text.Find(from, end, "WITH", "("); i >= 0 {
		x.With = t.text.Inside(i + 1)
	}
}

func (t *translation) indexPart(e *pg.IndexElem, from, to int) plans.IndexPart {
	p := plans.IndexPart{Column: e.Name, Descending: e.Ordering == pg.SortByDir_SORTBY_DESC}
	switch e.NullsOrdering {
	case pg.SortByNulls_SORTBY_NULLS_FIRST:
		p.Nulls = "first"
	case pg.SortByNulls_SORTBY_NULLS_LAST:
		p.Nulls = "last"
	}
	end := to
	for _, w := range [][]string{{"NULLS"}, {"ASC"}, {"DESC"}} {
		if i := t.text.Find(from+1, end, w...); i >= 0 {
			end = i
		}
	}
	behind := from + 1
	if e.Name == "" {
		behind = t.expressionEnd(from)
		p.Expression = t.text.Slice(from, behind)
		if t.text.At(from, "(") {
			p.Expression = t.text.Inside(from)
		}
	}
	if t.text.At(behind, "COLLATE") {
		start := behind + 1
		for behind = start + 1; t.text.At(behind, "."); behind += 2 {
		}
		p.Collation = t.text.Slice(start, behind)
	}
	p.Operators = t.text.Slice(behind, end)
	return p
}

// expressionEnd is the token behind a key that is an expression in parentheses, or a call.
func (t *translation) expressionEnd(from int) int {
	open := t.text.Find(from, len(t.text.Tokens), "(")
	return t.text.Close(open) + 1
}
