package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addCheck = rule{lint.Rule{
	ID: "add-check", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a CHECK is added and verified under ACCESS EXCLUSIVE",
	Why:     "Without NOT VALID the server reads the whole table under the lock. NOT VALID holds for new rows at once; VALIDATE CONSTRAINT, in another transaction, reads the old ones while reads and writes go on.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE orders ADD CONSTRAINT positive CHECK (price > 0);"}, {SQL: "ALTER TABLE orders ADD CHECK (price > 0);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE orders ADD CONSTRAINT positive CHECK (price > 0) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT positive;"}, {SQL: "CREATE TABLE fresh (a int);\nALTER TABLE fresh ADD CHECK (a > 0);"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		q := a.Def.GetConstraint()
		if a.Subtype != pg.AlterTableType_AT_AddConstraint || q.GetContype() != pg.ConstrType_CONSTR_CHECK || q.SkipValidation || c.later.notNull != "" {
			return
		}
		name := q.Conname
		if name == "" {
			name = short(append(append([]string{t.Relation.Relname}, columnsIn(q.RawExpr)...), "check")...)
		}
		c.report(said{message: fmt.Sprintf("the server reads all of %s to verify the CHECK, and reads and writes wait for it", table(t.Relation)),
			lock: blocksAll(c.size(t.Relation)), safe: checkRecipe(t.Relation, name, rendered(q.RawExpr)), fix: c.notValid(t, name)})
	})
}}

// notValid is the fix of a statement with a single action: NOT VALID behind it, and a VALIDATE after it, where each statement is
// committed by itself.
func (c *call) notValid(t *pg.AlterTableStmt, name string) *lint.Fix {
	if len(t.Cmds) != 1 || c.tx.open || c.depth > 0 || t.Cmds[0].GetAlterTableCmd().GetDef().GetConstraint().GetConname() == "" {
		return nil
	}
	end := c.s.Start + len(c.s.Text)
	return &lint.Fix{Start: end, End: end, Text: fmt.Sprintf(" NOT VALID;\nALTER TABLE %s VALIDATE CONSTRAINT %s", table(t.Relation), quote(name))}
}
