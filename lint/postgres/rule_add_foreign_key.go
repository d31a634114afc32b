package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var addForeignKey = rule{lint.Rule{
	ID: "add-foreign-key", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a foreign key is added and verified while writes to both tables wait",
	Why: "SHARE ROW EXCLUSIVE on both tables blocks writes, and the server joins them to verify every row. NOT VALID holds for new rows at once; VALIDATE CONSTRAINT verifies the old ones while writes go on.\n\n" +
		"On a partitioned table a NOT VALID foreign key is an error up to version 17. ALTER CONSTRAINT … ENFORCED (18) verifies every row, too.",
	Bad: []lint.Example{{SQL: "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id);"},
		{Version: "15", Schema: "CREATE TABLE orders (user_id int) PARTITION BY HASH (user_id);", SQL: "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;"}},
	Good: []lint.Example{{SQL: "ALTER TABLE orders ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;\nALTER TABLE orders VALIDATE CONSTRAINT orders_user_fk;"},
		{SQL: "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));\nCREATE INDEX ON orders (user_id);"}},
}, func(c *call) {
	c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
		q := a.Def.GetConstraint()
		if a.Subtype == pg.AlterTableType_AT_AlterConstraint && c.later.enforce && c.version >= 180000 {
			c.report(said{message: fmt.Sprintf("enforcing %s verifies every row of %s, and writes to both of its tables wait for it", quote(q.GetConname()), table(t.Relation)),
				lock: shareRow + " on both tables: writes wait, for a time that grows with " + c.size(t.Relation),
				safe: fmt.Sprintf("-- a key that is enforced from the start, beside the old one:\nALTER TABLE %s ADD CONSTRAINT … FOREIGN KEY (…) REFERENCES … NOT VALID;\nALTER TABLE %s VALIDATE CONSTRAINT …;\nALTER TABLE %s DROP CONSTRAINT %s;", table(t.Relation), table(t.Relation), table(t.Relation), quote(q.GetConname()))})
			return
		}
		if a.Subtype != pg.AlterTableType_AT_AddConstraint || q.GetContype() != pg.ConstrType_CONSTR_FOREIGN || c.later.notEnforced {
			return
		}
		k := c.relation(t.Relation)
		switch {
		case q.SkipValidation && k != nil && k.Partitioned && c.version < 180000:
			c.report(said{message: fmt.Sprintf("this fails: before version 18 a foreign key of the partitioned table %s can't be NOT VALID", table(t.Relation)),
				safe: "Add it NOT VALID to each partition and validate it there, then to the parent, which takes over what the partitions have."})
		case !q.SkipValidation:
			c.report(said{message: fmt.Sprintf("the server verifies every row of %s against %s, and writes to both wait for it", table(t.Relation), table(q.Pktable)),
				lock: shareRow + " on both tables: writes wait, for a time that grows with " + c.size(t.Relation), safe: foreignRecipe(t.Relation, q), fix: c.notValid(t, q.Conname)})
		}
	})
}}
