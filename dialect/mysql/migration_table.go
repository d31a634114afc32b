package mysql

import (
	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
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
