package postgres

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var replaceView = rule{lint.Rule{
	ID: "view-in-place-of-table", Severity: lint.Error, Kind: lint.Fails,
	Summary: "a view or table whose name is taken by something else, or a view that can't take another's place",
	Why:     "CREATE OR REPLACE VIEW only replaces a view, and only by one with the same columns, in the same order, under the same names and of the same types; more may follow. A view has no two columns of one name.\n\nCREATE TABLE without IF NOT EXISTS fails if there is one. It is said where the schema shows the other thing.",
	Bad: []lint.Example{{Schema: "CREATE TABLE users (id int);", SQL: "CREATE OR REPLACE VIEW users AS SELECT 1 AS id;"}, {Schema: "CREATE TABLE users (id int);", SQL: "CREATE TABLE users (id int);"},
		{Schema: "CREATE VIEW v AS SELECT 1 AS a, 2 AS b;", SQL: "CREATE OR REPLACE VIEW v AS SELECT 1 AS a;"}},
	Good: []lint.Example{{Schema: "CREATE TABLE users (id int);", SQL: "CREATE TABLE IF NOT EXISTS users (id int);"}, {Schema: "CREATE VIEW v AS SELECT 1 AS a;", SQL: "CREATE OR REPLACE VIEW v AS SELECT 1 AS a, 2 AS b;"}},
}, func(c *call) {
	if n := c.node.GetViewStmt(); n != nil {
		if k := c.relation(n.View); k != nil && n.Replace && (k.Kind == "table" && !k.Partial || k.Kind == "matview") {
			c.report(said{message: fmt.Sprintf("this fails: %s is a %s", table(n.View), kindName(k)), safe: "Give the view another name, or rename the table in the same transaction."})
		}
		if why := c.viewColumns(n); why != "" {
			c.report(said{message: "this fails: " + why, safe: "Keep the columns as they are, in their order, and add new ones behind them; or make another view beside this one."})
		}
	}
	if n := c.node.GetCreateStmt(); n != nil && !n.IfNotExists {
		if k := c.relation(n.Relation); k != nil && !k.Partial && inSchema(k.Schema) == inSchema(n.Relation.Schemaname) && c.path == "" && n.Relation.Relpersistence != "t" {
			c.report(said{message: fmt.Sprintf("this fails: there is a %s %s already", k.Kind, table(n.Relation)), safe: "CREATE TABLE IF NOT EXISTS, if the other one is as it should be."})
		}
	}
}}

// viewColumns looks at the columns of a view, and at those of the one that it replaces.
func (c *call) viewColumns(n *pg.ViewStmt) string {
	x := c.reader()
	cols, open := x.query(n.Query.GetSelectStmt(), nil)
	if open || x.fault != "" {
		return ""
	}
	aliases := names(n.Aliases)
	if len(aliases) > len(cols) {
		return fmt.Sprintf("there are %d names for %d columns", len(aliases), len(cols))
	}
	for i, a := range aliases {
		cols[i].name = a
	}
	seen := map[string]bool{}
	for _, col := range cols {
		if seen[col.name] {
			return fmt.Sprintf("the column %s is there twice", quote(col.name))
		}
		seen[col.name] = true
	}
	if old := c.exact(ident(n.View)); n.Replace && n.View.Relpersistence != "t" && old != nil && old.Kind == "view" && whole(old) {
		return replaces(old, cols)
	}
	return ""
}

func replaces(old *lint.Relation, cols []column) string {
	for i, was := range old.Columns {
		if i >= len(cols) {
			return fmt.Sprintf("%s has a column %s that the new view hasn't", quoted(old.Ident), quote(was.Name))
		}
		if cols[i].name != was.Name {
			return fmt.Sprintf("the column %s of %s can't become %s", quote(was.Name), quoted(old.Ident), quote(cols[i].name))
		}
		a, b := parseType(was.Type), parseType(cols[i].typ)
		if was.Type != "" && cols[i].typ != "" && cols[i].typ != literal && (a.name != b.name || a.array != b.array) && group[a.name] != "" && group[b.name] != "" {
			return fmt.Sprintf("the column %s of %s can't change from %s to %s", quote(was.Name), quoted(old.Ident), was.Type, cols[i].typ)
		}
	}
	return ""
}
