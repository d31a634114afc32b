package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var domainConstraint = rule{lint.Rule{
	ID: "domain-constraint", Severity: lint.Error, Kind: lint.Scan,
	Summary: "a domain gets a constraint, and every table with a column of it is read while its writes wait",
	Why: "The server locks each table that uses the domain in SHARE mode and reads it. A CHECK can be added NOT VALID. VALIDATE CONSTRAINT takes the same locks, so leave it NOT VALID: new values are checked all the same. " +
		"NOT NULL has no such form.",
	Bad:  []lint.Example{{SQL: "ALTER DOMAIN email ADD CONSTRAINT at CHECK (VALUE LIKE '%@%');"}, {SQL: "ALTER DOMAIN email SET NOT NULL;"}, {SQL: "ALTER DOMAIN email VALIDATE CONSTRAINT at;"}},
	Good: []lint.Example{{SQL: "ALTER DOMAIN email ADD CONSTRAINT at CHECK (VALUE LIKE '%@%') NOT VALID;"}, {SQL: "ALTER DOMAIN email DROP CONSTRAINT at;"}, {SQL: "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');"}},
}, func(c *call) {
	n := c.node.GetAlterDomainStmt()
	if n == nil {
		return
	}
	name := dotted(n.TypeName)
	if t := c.catalog.Type(name); t != nil && t.Fresh {
		return
	}
	if c.catalog.Complete && c.catalog.Type(name) != nil && c.typeNeeded(name) == "" {
		return // no table has a column of it
	}
	q := n.Def.GetConstraint()
	switch {
	case n.Subtype == "C" && !q.GetSkipValidation():
		c.report(said{message: fmt.Sprintf("every table with a column of the domain %s is read while its writes wait", name), lock: share + " on every such table: writes wait, for a time that grows with their size",
			safe: fmt.Sprintf("ALTER DOMAIN %s ADD CONSTRAINT %s CHECK (%s) NOT VALID;", name, quote(q.GetConname()), rendered(q.GetRawExpr()))})
	case n.Subtype == "O", n.Subtype == "V":
		c.report(said{message: fmt.Sprintf("every table with a column of the domain %s is read while its writes wait", name), lock: share + " on every such table: writes wait, for a time that grows with their size",
			safe: "Constrain the columns instead: CHECK (…) NOT VALID on each table, then VALIDATE CONSTRAINT."})
	}
}}
