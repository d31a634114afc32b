package mysql

import "github.com/phasemig/phasemig/lint"

var addCheck = rule{lint.Rule{
	ID: "add-check", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a CHECK is added by copying the table while writes wait",
	Why:     "The server verifies every row by copying it; so does making a CHECK ENFORCED. On MySQL a CHECK that is NOT ENFORCED costs nothing and checks nothing. There is no form that holds for new rows alone: triggers can.",
	Bad:     []lint.Example{{SQL: "ALTER TABLE t ADD CONSTRAINT positive CHECK (a > 0);"}, {SQL: "ALTER TABLE t ADD CHECK (a > 0);"}},
	Good:    []lint.Example{{SQL: "ALTER TABLE t DROP CONSTRAINT positive;"}, {SQL: "CREATE TABLE f (a int);\nALTER TABLE f ADD CHECK (a > 0);"}},
}, blocking(func(c *call, p priced) string {
	return "Let triggers refuse what the CHECK would refuse, or let phasemig copy the table beside its traffic into one that has the CHECK."
})}
