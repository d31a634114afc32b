package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// alteration is what the clauses of an ALTER TABLE do to columns, as far as it
// decides which columns of both shapes are the same, and what rules a copy out. The
// clauses themselves are never written anew.
type alteration struct {
	renamed map[string]string // old name → new name
	dropped map[string]bool
	added   map[string]bool
	// alone says why the rows can't go to a copy by INSERT … SELECT; "": they can.
	alone string
	// keysOff are constraints dropped by name.
	keysOff []string
}

// readAlter reads the clauses behind ALTER TABLE t. It refuses what is no change of
// the table's own shape.
func readAlter(sql string) (alteration, error) {
	a := alteration{renamed: map[string]string{}, dropped: map[string]bool{}, added: map[string]bool{}}
	tree, err := pg.Parse("ALTER TABLE t " + sql)
	if err != nil {
		return a, fmt.Errorf("the clauses can't be read: %w", err)
	}
	if len(tree.Stmts) != 1 {
		return a, fmt.Errorf("%d statements: give one ALTER TABLE", len(tree.Stmts))
	}
	node := tree.Stmts[0].Stmt
	switch {
	case node.GetRenameStmt() != nil:
		return a, a.rename(node.GetRenameStmt())
	case node.GetAlterTableStmt() != nil:
		for _, c := range node.GetAlterTableStmt().Cmds {
			if err := a.clause(c.GetAlterTableCmd()); err != nil {
				return a, err
			}
		}
		return a, nil
	}
	return a, fmt.Errorf("it doesn't change the shape of a table: run it by itself")
}

func (a *alteration) rename(r *pg.RenameStmt) error {
	switch r.RenameType {
	case pg.ObjectType_OBJECT_COLUMN:
		a.renamed[r.Subname] = r.Newname
	case pg.ObjectType_OBJECT_TABCONSTRAINT:
		a.alone = "RENAME CONSTRAINT is done by metadata alone"
	default:
		return fmt.Errorf("RENAME: a table is given another name by a change of its own")
	}
	return nil
}

// shapely are the clauses that say what the table is to look like.
var shapely = []pg.AlterTableType{
	pg.AlterTableType_AT_AddColumn, pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_AlterColumnType, pg.AlterTableType_AT_ColumnDefault,
	pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull, pg.AlterTableType_AT_SetStorage, pg.AlterTableType_AT_SetCompression,
	pg.AlterTableType_AT_SetStatistics, pg.AlterTableType_AT_SetOptions, pg.AlterTableType_AT_ResetOptions, pg.AlterTableType_AT_AddConstraint, pg.AlterTableType_AT_DropConstraint,
	pg.AlterTableType_AT_SetRelOptions, pg.AlterTableType_AT_ResetRelOptions, pg.AlterTableType_AT_SetTableSpace, pg.AlterTableType_AT_SetAccessMethod,
	pg.AlterTableType_AT_AddIdentity, pg.AlterTableType_AT_SetIdentity, pg.AlterTableType_AT_DropIdentity, pg.AlterTableType_AT_SetExpression, pg.AlterTableType_AT_DropExpression,
}

func (a *alteration) clause(c *pg.AlterTableCmd) error {
	if !slices.Contains(shapely, c.Subtype) {
		return fmt.Errorf("%s is no change of the table's shape: run it by itself", strings.TrimPrefix(c.Subtype.String(), "AT_"))
	}
	switch c.Subtype {
	case pg.AlterTableType_AT_AddColumn:
		a.added[c.Def.GetColumnDef().GetColname()] = true
		for _, k := range c.Def.GetColumnDef().GetConstraints() {
			a.constraint(k.GetConstraint())
		}
	case pg.AlterTableType_AT_DropColumn:
		a.dropped[c.Name] = true
	case pg.AlterTableType_AT_AlterColumnType:
		if c.Def.GetColumnDef().GetRawDefault() != nil {
			a.alone = "ALTER COLUMN " + c.Name + " … USING gives values that only the server's own rewrite makes: change_type in a change file takes such SQL as up and down"
		}
	case pg.AlterTableType_AT_AddConstraint:
		a.constraint(c.Def.GetConstraint())
	case pg.AlterTableType_AT_DropConstraint:
		a.keysOff = append(a.keysOff, c.Name)
	}
	return nil
}

// constraint: a foreign key on a table that only follows would refuse rows whose parent
// is gone by the time that they come.
func (a *alteration) constraint(k *pg.Constraint) {
	if k.GetContype() == pg.ConstrType_CONSTR_FOREIGN {
		a.alone = "a FOREIGN KEY is added beside the copy: ADD CONSTRAINT … NOT VALID and then VALIDATE CONSTRAINT, each by itself"
	}
	if k.GetSkipValidation() {
		a.alone = "a constraint that is NOT VALID holds for every row that is copied: add it by itself"
	}
}

// copied lists the columns that both shapes have.
func (a alteration) copied(from, to *schema.Table) ([]plans.Copied, error) {
	var out []plans.Copied
	for _, c := range from.Columns {
		into, moved := a.renamed[c.Name]
		if !moved {
			into = c.Name
		}
		if a.dropped[c.Name] {
			continue
		}
		k, ok := to.Column(into)
		if !ok {
			return nil, fmt.Errorf("column %s has no place in the new table, and no clause says so", c.Name)
		}
		if k.Generated != "" {
			continue
		}
		if c.Generated != "" {
			return nil, fmt.Errorf("column %s is generated and becomes a plain one: the server's log doesn't hold its values", c.Name)
		}
		out = append(out, plans.Copied{From: c.Name, To: k.Name})
	}
	return out, nil
}
