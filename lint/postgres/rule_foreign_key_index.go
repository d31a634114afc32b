package postgres

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var foreignKeyIndex = rule{lint.Rule{
	ID: "foreign-key-without-index", Severity: lint.Warning, Kind: lint.Policy,
	Summary: "a foreign key whose columns no index begins with",
	Why:     "Deleting or rekeying a parent row looks for its children. Without an index each such statement reads the whole child table. Nothing is said where the child table isn't known.",
	Bad:     []lint.Example{{SQL: "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));"}, {Schema: "CREATE TABLE orders (user_id int);", SQL: "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;"}},
	Good:    []lint.Example{{SQL: "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users (id));\nCREATE INDEX ON orders (user_id);"}, {SQL: "ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;"}},
}, func(c *call) {
	if n := c.node.GetCreateStmt(); n != nil {
		for _, q := range constraintsOf(n) {
			c.childIndex(n.Relation, q, n)
		}
	}
	if t := c.node.GetAlterTableStmt(); t != nil {
		for _, a := range t.Cmds {
			if q := a.GetAlterTableCmd().GetDef().GetConstraint(); q != nil && a.GetAlterTableCmd().Subtype == pg.AlterTableType_AT_AddConstraint {
				c.childIndex(t.Relation, q, nil)
			}
		}
	}
}}

func (c *call) childIndex(r *pg.RangeVar, q *pg.Constraint, created *pg.CreateStmt) {
	if q.GetContype() != pg.ConstrType_CONSTR_FOREIGN {
		return
	}
	cols := names(q.FkAttrs)
	k := c.relation(r)
	if created == nil {
		if k == nil || k.Partial {
			return
		}
		for _, x := range k.Indexes {
			if begins(x, cols) {
				return
			}
		}
	} else if keyed(created, cols) {
		return
	}
	if c.indexedLater(r.Relname, cols) {
		return
	}
	c.report(said{message: fmt.Sprintf("no index of %s begins with (%s): each delete in %s reads the whole table", table(r), list(cols), table(q.Pktable)),
		safe: fmt.Sprintf("CREATE INDEX CONCURRENTLY %s ON %s (%s);", quote(short(r.Relname, strings.Join(cols, "_"), "idx")), table(r), list(cols))})
}

// keyed: the new table has a key that begins with the columns.
func keyed(n *pg.CreateStmt, cols []string) bool {
	for _, q := range constraintsOf(n) {
		if q.Contype != pg.ConstrType_CONSTR_PRIMARY && q.Contype != pg.ConstrType_CONSTR_UNIQUE {
			continue
		}
		if k := names(q.Keys); len(k) >= len(cols) && strings.Join(k[:len(cols)], ",") == strings.Join(cols, ",") {
			return true
		}
	}
	return false
}

// indexedLater looks ahead in the file for an index on the columns.
func (j *judge) indexedLater(name string, cols []string) bool {
	for _, s := range j.file.Statements[min(j.next, len(j.file.Statements)):] {
		if len(s.Text) < 6 || !strings.EqualFold(s.Text[:6], "CREATE") {
			continue // what isn't wanted needn't be cut into tokens
		}
		t := Syntax.Tokens(s.Text)
		if len(t) < 5 || !t[0].Is("CREATE") || !(t[1].Is("INDEX") || t[1].Is("UNIQUE")) {
			continue
		}
		for i := range t {
			if t[i].Is("ON") && onColumns(t[i+1:], name, cols) {
				return true
			}
		}
	}
	return false
}

func onColumns(t []lint.Token, name string, cols []string) bool {
	at := 0
	for at < len(t) && !t[at].Is("(") {
		at++
	}
	if at == 0 || at >= len(t) {
		return false
	}
	own := false
	for _, x := range t[:at] {
		own = own || x.Value() == name
	}
	for i, c := range cols {
		if p := at + 1 + 2*i; p >= len(t) || t[p].Value() != c {
			return false
		}
	}
	return own
}
