package postgres

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/migration"
	"github.com/phasemig/phasemig/plans"
)

// createTable takes over what stands behind the name.
func (t *translation) createTable(c *pg.CreateStmt) error {
	table, err := t.named(c.Relation)
	if err != nil {
		return err
	}
	if !t.text.At(0, "CREATE", "TABLE") || c.Partbound != nil || len(c.InhRelations) > 0 || c.OfTypename != nil {
		return t.s.Refuse(0, "let the migration tool run it by itself, and plan the others", "the new table is temporary, unlogged, a partition, a child or of a type")
	}
	_, _, i := t.text.Name(t.text.Skip(2, "IF", "NOT", "EXISTS"))
	if t.text.At(i, ".") {
		_, _, i = t.text.Name(i + 1)
	}
	o := plans.Operation{CreateTable: &plans.CreateTable{Table: table, Definition: t.text.Slice(i, len(t.text.Tokens))}}
	t.add(migration.Item{At: t.s.Start, Table: table, Operation: o, Objects: []string{"the table"}})
	return nil
}

func (t *translation) dropTable(table string) {
	if migration.OfTool(table) {
		t.part.Left = "left to the migration tool: its own table " + table
		return
	}
	t.add(migration.Item{At: t.s.Start, Table: table, Operation: plans.Operation{DropTable: &plans.DropTable{Table: table}}, Objects: []string{"the table"}})
}
