package postgres

import (
	"fmt"

	"github.com/phasemig/phasemig/lint"
)

var replaceView = rule{lint.Rule{
	ID: "view-in-place-of-table", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a view or table whose name is taken by something else",
	Why:     "CREATE OR REPLACE VIEW only replaces a view, and CREATE TABLE without IF NOT EXISTS fails if there is one. It is said where the schema shows the other thing.",
	Bad:     []lint.Example{{Schema: "CREATE TABLE users (id int);", SQL: "CREATE OR REPLACE VIEW users AS SELECT 1 AS id;"}, {Schema: "CREATE TABLE users (id int);", SQL: "CREATE TABLE users (id int);"}},
	Good:    []lint.Example{{Schema: "CREATE TABLE users (id int);", SQL: "CREATE TABLE IF NOT EXISTS users (id int);"}, {Schema: "CREATE VIEW v AS SELECT 1 AS a;", SQL: "CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b;"}},
}, func(c *call) {
	if n := c.node.GetViewStmt(); n != nil {
		if k := c.relation(n.View); k != nil && n.Replace && k.Kind == "table" && !k.Partial {
			c.report(said{message: fmt.Sprintf("this fails: %s is a table", table(n.View)), safe: "Give the view another name, or rename the table in the same transaction."})
		}
	}
	if n := c.node.GetCreateStmt(); n != nil && !n.IfNotExists {
		if k := c.relation(n.Relation); k != nil && !k.Partial && k.Schema == n.Relation.Schemaname && n.Relation.Relpersistence != "t" {
			c.report(said{message: fmt.Sprintf("this fails: there is a %s %s already", k.Kind, table(n.Relation)), safe: "CREATE TABLE IF NOT EXISTS, if the other one is as it should be."})
		}
	}
}}
