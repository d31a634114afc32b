package mysql

import (
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// createTable takes over what stands behind the name, at token i.
func (t *translation) createTable(i int) error {
	table, from, err := t.table(i)
	if err != nil {
		return err
	}
	if migration.OfTool(table) {
		t.part.Left = "left to the migration tool: its own table " + table
		return nil
	}
	if !t.text.At(from, "(") {
		return t.s.Refuse(t.at(from), alone, "a new table that isn't defined by a list of columns can't be compared")
	}
	o := plans.Operation{CreateTable: &plans.CreateTable{Table: table, Definition: t.text.Slice(from, len(t.text.Tokens))}}
	t.part.Items = append(t.part.Items, migration.Item{At: t.s.Start, Table: table, Operation: o, Objects: []string{"the table"}})
	return nil
}

// dropTables reads the names that begin at token i.
func (t *translation) dropTables(i int) error {
	for {
		table, behind, err := t.table(i)
		if err != nil {
			return err
		}
		if migration.OfTool(table) {
			t.part.Left = "left to the migration tool: its own table " + table
		} else {
			t.part.Items = append(t.part.Items, migration.Item{At: t.s.Start, Table: table, Operation: plans.Operation{DropTable: &plans.DropTable{Table: table}}, Objects: []string{"the table"}})
		}
		switch {
		case t.text.At(behind, ","):
			i = behind + 1
		case t.text.At(behind, "CASCADE"):
			return t.s.Refuse(t.at(behind), "leave it out", "CASCADE takes away what nobody has named")
		case behind < len(t.text.Tokens) && !t.text.At(behind, "RESTRICT"):
			return t.unread(behind, "a comma or the end")
		default:
			return nil
		}
	}
}

// renameTables reads RENAME TABLE a TO b, c TO d.
func (t *translation) renameTables() error {
	if !t.text.At(1, "TABLE") && !t.text.At(1, "TABLES") {
		return t.s.Refuse(0, alone, "no operation of phasemig does this: %s", t.head())
	}
	for _, cut := range t.text.Split(t.text.Skip(2, "IF", "EXISTS"), len(t.text.Tokens)) {
		table, behind, err := t.table(cut[0])
		if err != nil {
			return err
		}
		if !t.text.At(behind, "TO") {
			return t.unread(behind, "TO")
		}
		if err := t.renamed(table, cut[0], behind+1, cut[1]); err != nil {
			return err
		}
	}
	return nil
}

// renameTable reads the clause RENAME [TO|AS|=] b of an ALTER TABLE.
func (t *translation) renameTable(table string, from, to int) error {
	i := from + 1
	for _, w := range []string{"TO", "AS", "="} {
		if t.text.At(i, w) {
			i++
			break
		}
	}
	return t.renamed(table, from, i, to)
}

// renamed reads the new name at token i, which may stand with the database that the table is in.
func (t *translation) renamed(table string, from, i, to int) error {
	name, behind, err := t.table(i)
	if err != nil {
		return err
	}
	if behind < to {
		return t.unread(behind, "a comma or the end")
	}
	old, nu := schema.ParseIdent(table), schema.ParseIdent(name)
	if nu.Schema != "" && nu.Schema != old.Schema {
		return t.s.Refuse(t.at(i), alone, "the table would go to another database")
	}
	t.part.Items = append(t.part.Items, migration.Item{At: t.s.Start + t.at(from), Table: table, Operation: plans.Operation{RenameTable: &plans.RenameTable{Table: table, To: nu.Name}}, Objects: []string{"the table"}})
	return nil
}
