package mysql

import (
	"strings"

	"github.com/phasemig/phasemig/lint"
)

var lockTables = rule{lint.Rule{
	ID: "lock-tables", Severity: lint.Error, Kind: lint.Lock,
	Summary: "tables are locked by hand, and work is done under the lock that grows with them",
	Why:     "LOCK TABLES and FLUSH TABLES WITH READ LOCK make writes (WRITE: also reads) wait until they are unlocked or the session ends. Around a change that takes a moment that is a moment, and a warning; around the build of an index, a copy or a read of the whole table it is as long as that takes.",
	Bad:     []lint.Example{{SQL: "LOCK TABLES users WRITE;\nALTER TABLE users ADD INDEX (email);\nUNLOCK TABLES;"}, {SQL: "FLUSH TABLES WITH READ LOCK;\nSELECT COUNT(*) FROM users;"}},
	Good:    []lint.Example{{SQL: "UNLOCK TABLES;"}, {SQL: "FLUSH STATUS;"}},
}, func(c *call) {
	const safe = "Let each statement take the lock that it needs."
	switch {
	case c.verb == "LOCK TABLES":
		for _, id := range c.tables {
			if c.live(id) {
				c.report(said{severity: lint.Warning, message: quoted(id) + " is locked until UNLOCK TABLES", lock: "table lock: held until it is given back", safe: safe})
			}
		}
	case c.verb == "FLUSH" && (strings.Contains(c.word, "READ LOCK") || strings.Contains(c.word, "FOR EXPORT")):
		c.report(said{severity: lint.Warning, message: "every write waits until UNLOCK TABLES", lock: "global read lock: held until it is given back", safe: "mysqldump --single-transaction, CLONE or LOCK INSTANCE FOR BACKUP let writes go on."})
	case len(c.held) > 0:
		if why := c.works(); why != "" {
			c.report(said{message: "others wait for the locks of LOCK TABLES while " + why, lock: "table lock: for a time that grows with the table's size", safe: safe})
		}
	}
}}

var lockTimeout = rule{lint.Rule{
	ID: "missing-lock-timeout", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a metadata lock is asked for without a lock_wait_timeout",
	Why:     "Every ALTER needs an exclusive metadata lock for a moment. It waits for every transaction on the table, and everybody who comes later waits behind it; the default of lock_wait_timeout is a year (MariaDB: a day). It is said once a file.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN age int;"}, {SQL: "RENAME TABLE a TO a_old, a_new TO a;"}},
	Good:    []lint.Example{{SQL: "SET SESSION lock_wait_timeout = 5;\nALTER TABLE users ADD COLUMN age int;"}, {SQL: "CREATE TABLE f (a int);"}},
}, func(c *call) {
	if c.timeout || c.waits || c.judge.said["timeout"] {
		return
	}
	ddl := c.altered()
	for _, id := range c.tables {
		ddl = ddl || (c.verb == "RENAME TABLE" || c.verb == "DROP TABLE" || c.verb == "OPTIMIZE TABLE") && c.live(id)
	}
	if ddl || c.verb == "TRUNCATE" && c.live(c.table) {
		c.judge.said["timeout"] = true
		c.report(said{message: "the metadata lock is waited for without a limit, and everybody else waits behind it", lock: "exclusive metadata lock", safe: "SET SESSION lock_wait_timeout = 5; -- at the head of the file, and try again when it is spent"})
	}
}}
