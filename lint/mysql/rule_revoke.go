package mysql

import "github.com/phasemig/phasemig/lint"

var revoke = rule{lint.Rule{
	ID: "revoke", Severity: lint.Error, Kind: lint.Client,
	Summary: "rights are taken away that running clients may use",
	Why:     "A statement that needs the right fails from this moment on. Take it away after the last client that uses it.",
	Bad:     []lint.Example{{SQL: "REVOKE INSERT ON shop.* FROM 'app'@'%';"}, {SQL: "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'app'@'%';"}},
	Good:    []lint.Example{{SQL: "GRANT SELECT ON shop.* TO 'app'@'%';"}, {SQL: "CREATE USER 'app'@'%';"}},
}, func(c *call) {
	if c.verb == "REVOKE" {
		c.report(said{message: "statements of running clients that need this right fail", safe: "Take it away after the last client that uses it, in a release of its own."})
	}
}}
