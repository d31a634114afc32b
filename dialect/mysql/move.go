package mysql

import (
	"fmt"
	"strings"

	"github.com/phasemig/phasemig/plans"
	"github.com/phasemig/phasemig/schema"
)

// refuseMove: a trigger can't write to a table that the statement names which fired it (1442), so the triggers of two tables that answer each other
// would make every statement fail that names both, a join or an INSERT … SELECT of new code.
func refuseMove(t *schema.Table, m *plans.MoveColumns) error {
	return &plans.RefusedError{What: fmt.Sprintf("move_columns %s.%s", t.Ident, strings.Join(m.Columns, ", ")),
		Reason: "two tables are kept in step by triggers on both, and on this server a statement that names both then fails: a trigger can't write to a table that the statement uses (error 1442)",
		Hint:   "create_table, have the application write to both tables, copy the rows, and drop the columns by alter_table when nothing reads them"}
}
