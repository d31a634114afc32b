package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

var revoke = rule{lint.Rule{
	ID: "revoke", Severity: lint.Error, Kind: lint.Client,
	Summary: "rights are taken away that running clients may use",
	Why: "A statement that needs the right fails from this moment on (42501). Take it away after the last client that uses it.\n\n" +
		"Default rights (they count for what is made later), CREATE on a schema, and what the file itself has created are left alone. Where the schema holds GRANTs, a right that isn't among them isn't there to be taken away. " +
		"PUBLIC has no right on tables, but USAGE on the schema public: without it a role that has no USAGE of its own finds no table there. A view with security_invoker asks its reader, and no longer its owner, for rights on what it reads.",
	Bad: []lint.Example{{SQL: "REVOKE INSERT ON users FROM app;"}, {SQL: "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app;"}, {SQL: "ALTER ROLE app NOLOGIN;"}, {SQL: "REVOKE USAGE ON SCHEMA public FROM PUBLIC;"},
		{Schema: "CREATE TABLE pay (a int);\nCREATE VIEW v AS SELECT a FROM pay;\nGRANT SELECT ON v TO app;", SQL: "ALTER VIEW v SET (security_invoker = true);"}},
	Good: []lint.Example{{SQL: "GRANT SELECT ON users TO app;"}, {SQL: "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"}, {Schema: "CREATE TABLE users (a int);\nGRANT SELECT ON users TO app;", SQL: "REVOKE INSERT ON users FROM report;"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_AlterRoleStmt:
		c.roleLimited(n.AlterRoleStmt)
	case *pg.Node_GrantStmt:
		c.rightsRevoked(n.GrantStmt)
	case *pg.Node_GrantRoleStmt:
		c.membershipRevoked(n.GrantRoleStmt)
	case *pg.Node_AlterTableStmt:
		for _, m := range n.AlterTableStmt.Cmds {
			if a := m.GetAlterTableCmd(); a.Subtype == pg.AlterTableType_AT_SetRelOptions && option(a.Def.GetList().GetItems(), "security_invoker") {
				c.invoked(n.AlterTableStmt.Relation)
			}
		}
	case *pg.Node_ViewStmt:
		if n.ViewStmt.Replace && c.relation(n.ViewStmt.View) != nil && option(n.ViewStmt.Options, "security_invoker") {
			c.invoked(n.ViewStmt.View)
		}
	}
}}

func (c *call) roleLimited(a *pg.AlterRoleStmt) {
	for _, o := range a.Options {
		d := o.GetDefElem()
		off := d.GetArg().GetBoolean() != nil && !d.Arg.GetBoolean().Boolval
		switch d.GetDefname() {
		case "canlogin":
			if off {
				c.report(said{message: "running clients that log in as the role fail at their next connection", safe: "Move clients to another role first."})
			}
		case "superuser", "bypassrls", "inherit":
			if off {
				c.report(said{severity: lint.Warning, message: "statements of running clients that need this attribute of the role fail", safe: "Grant what they need first."})
			}
		case "connectionlimit":
			if n := d.Arg.GetInteger(); n != nil && n.Ival == 0 {
				c.report(said{message: "running clients that log in as the role fail at their next connection", safe: "Move clients to another role first."})
			}
		}
	}
}

func (c *call) rightsRevoked(n *pg.GrantStmt) {
	if n.IsGrant || n.GrantOption || n.Targtype == pg.GrantTargetType_ACL_TARGET_DEFAULTS {
		return
	}
	privileges, _ := privilegesOf(n)
	worst, places := lint.Off, c.places(n)
	if n.Targtype == pg.GrantTargetType_ACL_TARGET_ALL_IN_SCHEMA && !c.catalog.Complete {
		worst = lint.Error
	}
	for _, p := range places {
		for _, g := range n.Grantees {
			worst = max(worst, c.loss(n.Objtype, p, g.GetRoleSpec(), privileges))
		}
	}
	if worst > lint.Off {
		c.report(said{severity: worst, message: "statements of running clients that need this right fail", safe: "Take it away after the last client that uses it, in a release of its own."})
	}
}

// loss is how bad it is that a role loses privileges somewhere.
func (c *call) loss(kind pg.ObjectType, p place, r *pg.RoleSpec, privileges []string) lint.Severity {
	role := roleName(r)
	if p.on != nil && p.on.Fresh || kind == pg.ObjectType_OBJECT_FUNCTION && c.made(strings.TrimPrefix(p.what, "routine ")) && !c.catalog.Complete || c.givenBack(p, role, privileges) {
		return lint.Off
	}
	if slices.ContainsFunc(c.granted(p), func(o *lint.Object) bool { return o.ID.Name == role && has(o, privileges) }) {
		return lint.Error
	}
	switch kind {
	case pg.ObjectType_OBJECT_SCHEMA, pg.ObjectType_OBJECT_DATABASE:
		if privileges != nil && !overlaps(privileges, []string{"usage", "connect"}) {
			return lint.Off
		}
		if role == everybody {
			return c.schemaClosed(kind, p)
		}
	case pg.ObjectType_OBJECT_FUNCTION, pg.ObjectType_OBJECT_PROCEDURE, pg.ObjectType_OBJECT_ROUTINE, pg.ObjectType_OBJECT_TYPE, pg.ObjectType_OBJECT_DOMAIN, pg.ObjectType_OBJECT_LANGUAGE:
		if role == everybody { // who has these rights unless they are taken away
			return c.unlessOwner()
		}
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_SEQUENCE, pg.ObjectType_OBJECT_COLUMN:
		if role == everybody && c.catalog.Complete {
			return lint.Off
		}
	default:
		return lint.Off
	}
	switch {
	case role == "": // CURRENT_USER and the like
		return lint.Error
	case c.rightsKnown():
		return lint.Off
	case c.catalog.Complete:
		return lint.Warning // the schema tells of no rights at all
	}
	return lint.Error
}

// unlessOwner: where the whole schema is known and nobody is granted anything, its owner is who uses it.
func (c *call) unlessOwner() lint.Severity {
	if c.catalog.Complete && len(c.catalog.Objects.All("grant")) == 0 {
		return lint.Warning
	}
	return lint.Error
}

// schemaClosed: PUBLIC has USAGE on the schema public only, and may connect to every database.
func (c *call) schemaClosed(kind pg.ObjectType, p place) lint.Severity {
	if kind == pg.ObjectType_OBJECT_DATABASE {
		return lint.Warning
	}
	if p.what != "schema public" {
		return lint.Off
	}
	if !c.catalog.Complete {
		return lint.Error
	}
	own := c.granted(p)
	for _, o := range c.catalog.Objects.All("grant") {
		if o.On != nil && inSchema(o.On.Schema) == "public" && !slices.ContainsFunc(own, func(u *lint.Object) bool { return u.ID.Name == o.ID.Name }) {
			return lint.Error
		}
	}
	return lint.Off
}

// givenBack: the transaction grants to the role again all of what it takes away.
func (c *call) givenBack(p place, role string, privileges []string) bool {
	for _, s := range c.rest() {
		q, err := c.parse(s.Text)
		if err != nil || q.node.GetGrantStmt() == nil || !q.node.GetGrantStmt().IsGrant {
			continue
		}
		n := q.node.GetGrantStmt()
		list, columns := privilegesOf(n)
		if len(columns) == 0 && slices.Contains(c.places(n), p) && covers(list, c.lost(p, role, privileges)) && slices.ContainsFunc(n.Grantees, func(g *pg.Node) bool { return roleName(g.GetRoleSpec()) == role }) {
			return true
		}
	}
	return false
}

// lost lists the privileges that a role has and loses, nil for all.
func (c *call) lost(p place, role string, privileges []string) []string {
	for _, o := range c.granted(p) {
		if o.ID.Name == role && o.Args != nil {
			return slices.DeleteFunc(slices.Clone(o.Args), func(a string) bool { return privileges != nil && !slices.Contains(privileges, a) })
		}
	}
	return privileges
}

func covers(all, some []string) bool {
	return all == nil || some != nil && !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func (c *call) membershipRevoked(n *pg.GrantRoleStmt) {
	if n.IsGrant || len(n.Opt) > 0 {
		return
	}
	for _, g := range n.GrantedRoles {
		role := g.GetAccessPriv().GetPrivName()
		for _, r := range n.GranteeRoles {
			if c.rightsKnown() && !slices.ContainsFunc(c.granted(place{what: "role " + role}), func(o *lint.Object) bool { return o.ID.Name == roleName(r.GetRoleSpec()) }) {
				continue
			}
			c.report(said{message: fmt.Sprintf("running clients of %s lose every right that they have through %s", roleName(r.GetRoleSpec()), role), safe: "Grant them what they need by itself first."})
		}
	}
}

func (c *call) invoked(r *pg.RangeVar) {
	v := c.relation(r)
	if !c.live(r) || v != nil && v.Kind != "view" && !v.Partial {
		return
	}
	switch {
	case v != nil && c.lacksRight(v) != "":
		c.report(said{message: fmt.Sprintf("%s may read %s, and has no right to read what is below it: its statements fail", c.lacksRight(v), table(r)), safe: "GRANT SELECT on what the view reads, first."})
	case !c.catalog.Complete:
		c.report(said{message: fmt.Sprintf("who reads %s needs rights on what is below it from now on: running clients without them fail", table(r)), safe: "GRANT SELECT on what the view reads, first."})
	}
}

// made reports whether the files define a routine of that name.
func (j *judge) made(name string) bool {
	_, ok := j.volatile[name]
	return ok
}
