package postgres

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var revoke = rule{lint.Rule{
	ID: "revoke", Severity: lint.Error, Kind: lint.Client,
	Summary: "rights are taken away that running clients may use",
	Why:     "A statement that needs the right fails from this moment on. Take it away after the last client that uses it. Taking rights from PUBLIC on a schema or database, default rights, and what the file itself has created are left alone.",
	Bad:     []lint.Example{{SQL: "REVOKE INSERT ON users FROM app;"}, {SQL: "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app;"}, {SQL: "ALTER ROLE app NOLOGIN;"}},
	Good:    []lint.Example{{SQL: "GRANT SELECT ON users TO app;"}, {SQL: "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"}},
}, func(c *call) {
	if a := c.node.GetAlterRoleStmt(); a != nil {
		for _, o := range a.Options {
			if d := o.GetDefElem(); d.GetDefname() == "canlogin" && !d.Arg.GetBoolean().GetBoolval() {
				c.report(said{message: "running clients that log in as the role fail at their next connection", safe: "Move clients to another role first."})
			}
		}
	}
	n := c.node.GetGrantStmt()
	if n == nil || n.IsGrant || n.GrantOption {
		return
	}
	switch n.Objtype {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_SEQUENCE, pg.ObjectType_OBJECT_FUNCTION, pg.ObjectType_OBJECT_PROCEDURE, pg.ObjectType_OBJECT_ROUTINE, pg.ObjectType_OBJECT_COLUMN:
	case pg.ObjectType_OBJECT_SCHEMA, pg.ObjectType_OBJECT_DATABASE:
		for _, g := range n.Grantees {
			if g.GetRoleSpec().GetRoletype() == pg.RoleSpecType_ROLESPEC_PUBLIC {
				return
			}
		}
	default:
		return
	}
	for _, o := range n.Objects {
		if r := o.GetRangeVar(); r != nil && !c.live(r) {
			return
		}
		if f := o.GetObjectWithArgs(); f != nil && c.made(dotted(f.Objname)) {
			return
		}
	}
	c.report(said{message: "statements of running clients that need this right fail", safe: "Take it away after the last client that uses it, in a release of its own."})
}}

// made reports whether the files define a routine of that name.
func (j *judge) made(name string) bool {
	_, ok := j.volatile[name]
	return ok
}
