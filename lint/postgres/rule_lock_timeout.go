package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var lockTimeout = rule{lint.Rule{
	ID: "missing-lock-timeout", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a lock that blocks others is asked for without a lock_timeout",
	Why:     "The statement waits for every transaction on the table, and everybody who comes later waits behind it: one forgotten transaction and a lock that would be short stop the application. With a lock_timeout the statement gives up, and is tried again. It is said once a file.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE users ADD COLUMN age int;"}, {SQL: "SET lock_timeout = 0;\nALTER TABLE users ADD COLUMN age int;"}},
	Good:    []lint.Example{{SQL: "SET lock_timeout = '2s';\nALTER TABLE users ADD COLUMN age int;"}, {SQL: "CREATE INDEX CONCURRENTLY i ON users (age);"}},
}, func(c *call) {
	if c.timeout || c.said["timeout"] {
		return
	}
	for _, l := range c.locks(c.parsed) {
		if l.level >= lockShare {
			c.judge.said["timeout"] = true
			c.report(said{message: fmt.Sprintf("%s on %s is waited for without a limit, and everybody else waits behind it", l.level, quoted(l.table)), lock: l.level.String(), safe: "SET lock_timeout = '2s'; -- at the head of the file, and try again when it is spent"})
			return
		}
	}
}}
