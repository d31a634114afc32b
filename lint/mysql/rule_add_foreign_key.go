package mysql

import "github.com/phasemig/phasemig/lint"

var addForeignKey = rule{lint.Rule{
	ID: "add-foreign-key", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a foreign key is added by copying the table while writes wait",
	Why:     "The server verifies every row by copying it. With foreign_key_checks = 0 the key is added in place and in a moment: it holds for every later write, and the rows that are there are not verified. Clients that write rows without a parent, or delete a parent before its children, fail from then on, as with any foreign key: look for such rows first, and see to it that the clients write none.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id);"}, {SQL: "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE orders ADD COLUMN user_id int;\nSET SESSION foreign_key_checks = 0;\nALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id);"}, {SQL: "ALTER TABLE orders DROP FOREIGN KEY fk;"}},
}, blocking(func(c *call, p priced) string {
	return "SET SESSION foreign_key_checks = 0;\n" + c.s.Text + ", ALGORITHM=INPLACE, LOCK=NONE;\nSET SESSION foreign_key_checks = 1;\n-- rows without a parent are found by:\nSELECT … FROM " + quoted(c.table) + " c LEFT JOIN " + quoted(p.key.ref) + " p ON … WHERE p.… IS NULL;"
})}
