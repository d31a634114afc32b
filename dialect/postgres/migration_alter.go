package postgres

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// alterTable turns each clause into an operation, where there is one.
func (t *translation) alterTable(a *pg.AlterTableStmt) error {
	if a.Objtype != pg.ObjectType_OBJECT_TABLE {
		return t.s.Refuse(0, "let the migration tool run it by itself, and plan the others", "no operation of phasemig does this: %s", head(t.text))
	}
	table, err := t.named(a.Relation)
	if err != nil {
		return err
	}
	from := t.behindName()
	cuts := t.text.Split(from, len(t.text.Tokens))
	if len(cuts) != len(a.Cmds) {
		return t.s.Refuse(0, "write each clause as a statement of its own", "its clauses can't be told apart")
	}
	for n, node := range a.Cmds {
		c := clause{translation: t, table: table, cmd: node.GetAlterTableCmd(), from: cuts[n][0], to: cuts[n][1]}
		if err := c.read(); err != nil {
			return err
		}
	}
	if _, ok := t.s.Says(migration.Alter); ok {
		t.asOne(table, t.text.Slice(from, len(t.text.Tokens)))
	}
	return nil
}

// behindName is the first token behind ALTER TABLE t.
func (t *translation) behindName() int {
	i := t.text.Skip(0, "ALTER", "TABLE")
	i = t.text.Skip(i, "IF", "EXISTS")
	i = t.text.Skip(i, "ONLY")
	for {
		_, _, i = t.text.Name(i)
		if !t.text.At(i, ".") {
			break
		}
		i++
	}
	return t.text.Skip(i, "*")
}

// asOne makes one ALTER TABLE of all clauses.
func (t *translation) asOne(table, sql string) {
	i := migration.Item{At: t.s.Start, Table: table, Clause: sql}
	for _, p := range t.part.Items {
		i.Drops = cmp.Or(i.Drops, p.Drops)
		i.Objects = append(i.Objects, p.Objects...)
	}
	t.part.Items = []migration.Item{i}
}

// clause is one clause of an ALTER TABLE: tokens from … to.
type clause struct {
	*translation
	table    string
	cmd      *pg.AlterTableCmd
	from, to int
}

func (c *clause) at() int { return c.text.Tokens[c.from].Start }

func (c *clause) sql() string { return c.text.Slice(c.from, c.to) }

func (c *clause) item(o plans.Operation, objects ...string) migration.Item {
	return migration.Item{At: c.s.Start + c.at(), Table: c.table, Operation: o, Objects: objects}
}

// asWritten is a clause that no operation is for.
func (c *clause) asWritten(objects ...string) {
	i := c.item(plans.Operation{}, objects...)
	i.Clause = c.sql()
	c.add(i)
}

func (c *clause) read() error {
	if c.cmd.Behavior == pg.DropBehavior_DROP_CASCADE {
		return c.s.Refuse(c.at(), "name what rests on it and drop that first", "CASCADE takes away what nobody has named")
	}
	column, name := c.cmd.Name, c.cmd.Name
	switch c.cmd.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		return c.addColumn(c.cmd.Def.GetColumnDef())
	case pg.AlterTableType_AT_DropColumn:
		i := c.item(plans.Operation{DropColumn: &plans.DropColumn{Table: c.table, Column: column}}, "column "+column)
		i.Drops = column
		c.add(i)
	case pg.AlterTableType_AT_AlterColumnType:
		return c.changeType(column, c.cmd.Def.GetColumnDef())
	case pg.AlterTableType_AT_ColumnDefault:
		c.columnDefault(column)
	case pg.AlterTableType_AT_SetNotNull:
		fill, _ := c.s.Says(migration.Fill)
		c.add(c.item(plans.Operation{SetNotNull: &plans.SetNotNull{Table: c.table, Column: column, Fill: fill}}, "column "+column))
	case pg.AlterTableType_AT_AddConstraint:
		return c.addConstraint(c.cmd.Def.GetConstraint(), "")
	case pg.AlterTableType_AT_DropConstraint:
		c.add(c.item(plans.Operation{DropConstraint: &plans.DropConstraint{Table: c.table, Name: name}}, "constraint "+name))
	case pg.AlterTableType_AT_ValidateConstraint:
		i := c.item(plans.Operation{ValidateConstraint: &plans.ValidateConstraint{Table: c.table, Name: name}}, "constraint "+name)
		i.Validates = name
		c.add(i)
	default:
		c.asWritten("column " + column)
	}
	return nil
}

func (c *clause) columnDefault(column string) {
	if c.cmd.Def == nil {
		c.add(c.item(plans.Operation{DropDefault: &plans.DropDefault{Table: c.table, Column: column}}, "column "+column))
		return
	}
	at := c.text.Find(c.from, c.to, "SET", "DEFAULT")
	c.add(c.item(plans.Operation{SetDefault: &plans.SetDefault{Table: c.table, Column: column, Default: c.text.Slice(at+2, c.to)}}, "column "+column))
}

// changeType: a type of one's own SQL needs the way back, too. Another collation is the server's own clause.
func (c *clause) changeType(column string, d *pg.ColumnDef) error {
	if d.CollClause != nil {
		c.asWritten("column " + column)
		return nil
	}
	at := c.text.Find(c.from, c.to, "TYPE")
	end := c.to
	using := c.text.Find(at, c.to, "USING")
	o := &plans.ChangeType{Table: c.table, Column: column}
	if using > 0 {
		end, o.Up = using, c.text.Slice(using+1, c.to)
	}
	o.Type = c.text.Slice(at+1, end)
	if up, ok := c.s.Says(migration.Up); ok {
		o.Up = up
	}
	o.Down, _ = c.s.Says(migration.Down)
	if (o.Up == "") != (o.Down == "") {
		return c.s.Wrong(c.at(), "-- phasemig:down SQL on a line before the statement makes a value of the old type from the new one; phasemig:up is for the way there, where there is no USING",
			"old and new code run side by side, so the values have to go both ways, and only one is given")
	}
	c.add(c.item(plans.Operation{ChangeType: o}, "column "+column))
	return nil
}

// defaultWord is what stands before the expression of a DEFAULT, which may have a name that means nothing.
var defaultWord = regexp.MustCompile(`(?is)^(CONSTRAINT\s+("[^"]*"|\S+)\s+)?DEFAULT\s*`)

// addColumn: constraints that come with a column are operations of their own.
func (c *clause) addColumn(d *pg.ColumnDef) error {
	o := &plans.AddColumn{Table: c.table, Name: d.Colname}
	pieces := c.pieces(d)
	o.Type = pieces.typ
	i := c.item(plans.Operation{AddColumn: o}, "column "+d.Colname)
	i.Adds = d.Colname
	var more []*pg.Constraint
	for n, node := range d.Constraints {
		k := node.GetConstraint()
		switch k.GetContype() {
		case pg.ConstrType_CONSTR_NULL:
		case pg.ConstrType_CONSTR_NOTNULL:
			o.NotNull = true
		case pg.ConstrType_CONSTR_DEFAULT:
			o.Default = defaultWord.ReplaceAllString(pieces.of[n], "")
		case pg.ConstrType_CONSTR_UNIQUE, pg.ConstrType_CONSTR_PRIMARY, pg.ConstrType_CONSTR_CHECK, pg.ConstrType_CONSTR_FOREIGN:
			more = append(more, k)
		default: // as it is written, but for what is computed when it is read
			if k.GetContype() != pg.ConstrType_CONSTR_GENERATED || !virtual.MatchString(pieces.of[n]) {
				i.Operation, i.Clause = plans.Operation{}, c.sql()
				c.add(i)
				return nil
			}
			o.Generated = c.behind(k, "AS")
		}
	}
	c.add(i)
	for _, k := range more {
		if err := c.addConstraint(k, d.Colname); err != nil {
			return err
		}
	}
	return nil
}

// pieces of a column's definition, as they were written.
type pieces struct {
	typ string // with its COLLATE
	of  []string
}

func (c *clause) pieces(d *pg.ColumnDef) pieces {
	end := c.text.Tokens[c.to-1].End
	starts := []int{end}
	for _, k := range d.Constraints {
		starts = append(starts, int(k.GetConstraint().GetLocation()))
	}
	slices.Sort(starts)
	upTo := func(from int) int {
		for _, s := range starts {
			if s > from {
				return s
			}
		}
		return end
	}
	cut := func(from int) string { return strings.TrimSpace(c.text.SQL[from:upTo(from)]) }
	p := pieces{typ: cut(int(d.TypeName.GetLocation()))}
	for _, k := range d.Constraints {
		p.of = append(p.of, cut(int(k.GetConstraint().GetLocation())))
	}
	return p
}
