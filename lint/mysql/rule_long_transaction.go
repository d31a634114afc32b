package mysql

import "github.com/phasemig/phasemig/lint"

var longTransaction = rule{lint.Rule{
	ID: "long-transaction", Severity: lint.Error, Kind: lint.Lock,
	Summary: "rows stay locked while something is done that grows with a table",
	Why:     "A lock on a row is given back when the transaction ends, not when its statement does. Batches in a loop that commits only behind it are one large UPDATE, and a read of a whole table behind an UPDATE of one row keeps that row's writers waiting as long as it takes. Commit inside of the loop, and read first.",
	Bad: []lint.Example{{SQL: "START TRANSACTION;\nUPDATE users SET active = 1 WHERE id = 7;\nSELECT COUNT(*) FROM orders;\nCOMMIT;"},
		{SQL: "DELIMITER //\nCREATE PROCEDURE fill() BEGIN DECLARE n INT DEFAULT 0; WHILE n < 1000000 DO UPDATE users SET active = 1 WHERE id > n AND id <= n + 100; SET n = n + 100; END WHILE; END//\nDELIMITER ;\nSTART TRANSACTION;\nCALL fill();\nCOMMIT;"}},
	Good: []lint.Example{{SQL: "START TRANSACTION;\nUPDATE users SET active = 1 WHERE id = 7;\nCOMMIT;\nSELECT COUNT(*) FROM orders;"},
		{SQL: "DELIMITER //\nCREATE PROCEDURE fill() BEGIN DECLARE n INT DEFAULT 0; WHILE n < 1000000 DO UPDATE users SET active = 1 WHERE id > n AND id <= n + 100; SET n = n + 100; END WHILE; END//\nDELIMITER ;\nCALL fill();"}},
}, func(c *call) {
	const lock = "row locks: writers of those rows wait, for a time that grows with the table's size"
	switch why := c.works(); {
	case c.piled && c.locksRows() && c.live(c.table):
		c.report(said{message: "the loop's batches are one transaction: every row of " + quoted(c.table) + " that they change stays locked until it ends", lock: lock, safe: "COMMIT; -- inside of the loop, behind each batch"})
	case c.tx.rows != "" && len(c.clauses) == 0 && why != "" && c.verb != "CREATE TABLE":
		c.report(said{message: "rows of " + c.tx.rows + " stay locked while " + why, lock: lock, safe: "COMMIT; -- first"})
	}
}}
