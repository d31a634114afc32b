package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

var rowSecurity = rule{lint.Rule{
	ID: "row-security-without-policy", Severity: lint.Error, Kind: lint.Client,
	Summary: "row security without a policy that lets running clients through",
	Why: "Where row security is on, a role sees and writes only the rows that a policy for it and for the command lets through; without one it sees none and writes none (42501). That is said when row security is switched on, when a policy is dropped, given to other roles or narrowed, " +
		"and when a RESTRICTIVE one is added. The owner is only held to it under FORCE, and superusers never are: where the schema is known and grants nobody else a right on the table, it is a warning.\n\nCreate the policies first, in the same transaction.",
	Bad: []lint.Example{{SQL: "ALTER TABLE users ENABLE ROW LEVEL SECURITY;"}, {SQL: "ALTER TABLE users FORCE ROW LEVEL SECURITY;"},
		{Schema: "CREATE TABLE t (a int);\nCREATE POLICY p ON t USING (true);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;\nGRANT SELECT ON t TO app;", SQL: "DROP POLICY p ON t;"},
		{Schema: "CREATE TABLE t (a int);\nGRANT SELECT, INSERT ON t TO app;", SQL: "CREATE POLICY p ON t FOR SELECT USING (true);\nALTER TABLE t ENABLE ROW LEVEL SECURITY;"}},
	Good: []lint.Example{{SQL: "CREATE POLICY own ON users USING (owner = current_user);\nALTER TABLE users ENABLE ROW LEVEL SECURITY;"}, {SQL: "ALTER TABLE users DISABLE ROW LEVEL SECURITY;"},
		{Schema: "CREATE TABLE t (a int);\nCREATE POLICY p ON t USING (true);\nGRANT SELECT ON t TO app;", SQL: "DROP POLICY p ON t;"}},
}, func(c *call) {
	switch n := c.node.Node.(type) {
	case *pg.Node_AlterTableStmt:
		c.alter(func(t *pg.AlterTableStmt, a *pg.AlterTableCmd) { c.secured(t, a) })
	case *pg.Node_DropStmt:
		for _, o := range n.DropStmt.Objects {
			if n.DropStmt.RemoveType == pg.ObjectType_OBJECT_POLICY {
				if p, on, _ := c.object(n.DropStmt.RemoveType, o); p != nil || !c.catalog.Complete {
					c.withoutPolicy(c.catalog.Relation(on), on, p, nil)
				}
			}
		}
	case *pg.Node_AlterPolicyStmt:
		k := c.relation(n.AlterPolicyStmt.Table)
		p := c.catalog.Objects.Find("policy", schema.Ident{Name: n.AlterPolicyStmt.PolicyName}, k)
		if k != nil && p != nil && p.Policy != nil {
			after := altered(*p.Policy, n.AlterPolicyStmt)
			c.withoutPolicy(k, k.Ident, p, &after)
		}
	case *pg.Node_CreatePolicyStmt:
		if k := c.relation(n.CreatePolicyStmt.Table); k != nil && !k.Fresh && k.Options["row security"] == "on" && !n.CreatePolicyStmt.Permissive && !policyOf(n.CreatePolicyStmt).Open && c.held(k) {
			c.report(said{message: fmt.Sprintf("a RESTRICTIVE policy hides rows of %s from running clients and refuses their writes", quoted(k.Ident)), safe: "Move clients first."})
		}
	}
}}

// secured looks at ENABLE and FORCE.
func (c *call) secured(t *pg.AlterTableStmt, a *pg.AlterTableCmd) {
	k := c.relation(t.Relation)
	force := a.Subtype == pg.AlterTableType_AT_ForceRowSecurity
	switch {
	case a.Subtype != pg.AlterTableType_AT_EnableRowSecurity && !force:
		return
	case force && whole(k) && k.Options["row security"] != "on" && !enables(t):
		return // it counts once row security is on
	case !force && k != nil && k.Options["row security"] == "on":
		return
	}
	x := said{message: fmt.Sprintf("no policy of %s is known: clients see no row and write none", table(t.Relation)), lock: exclusive + ", short", safe: fmt.Sprintf("BEGIN;\nCREATE POLICY … ON %s USING (…);\n%s;\nCOMMIT;", table(t.Relation), c.s.Text)}
	if k != nil && k.Policies > 0 {
		role, command := c.shutOut(k, c.policies(k))
		if role == "" {
			return
		}
		x.message = fmt.Sprintf("no policy of %s lets %s %s: its statements fail or find no row", table(t.Relation), role, command)
	}
	if c.catalog.Complete && len(c.others(k)) == 0 && !force {
		x.severity = lint.Warning
	}
	if !c.ahead(func(w []lint.Token) bool { return w[0].Is("CREATE") && len(w) > 1 && w[1].Is("POLICY") }) {
		c.report(x)
	}
}

func enables(t *pg.AlterTableStmt) bool {
	return slices.ContainsFunc(t.Cmds, func(n *pg.Node) bool {
		return n.GetAlterTableCmd().Subtype == pg.AlterTableType_AT_EnableRowSecurity
	})
}

// held reports whether anybody is held to the policies of a table, or whether that isn't known.
func (c *call) held(k *lint.Relation) bool {
	return !c.catalog.Complete || len(c.others(k)) > 0 || k.Options["force row security"] == "on"
}

func (c *call) policies(k *lint.Relation) []*lint.Object {
	return slices.DeleteFunc(c.catalog.Objects.All("policy"), func(o *lint.Object) bool { return o.On != k })
}

// shutOut names a role with a right on a table that no policy lets use it.
func (c *call) shutOut(k *lint.Relation, policies []*lint.Object) (role, command string) {
	for _, g := range c.others(k) {
		for _, command := range []string{"select", "insert", "update", "delete"} {
			if has(g, []string{command}) && !slices.ContainsFunc(policies, func(o *lint.Object) bool { return lets(o.Policy, g.ID.Name, command) }) {
				return g.ID.Name, command
			}
		}
	}
	return "", ""
}

func lets(p *lint.RowPolicy, role, command string) bool {
	return p == nil || !p.Restrictive && (p.Command == "all" || p.Command == command) && (slices.Contains(p.Roles, everybody) || slices.Contains(p.Roles, role) || slices.Contains(p.Roles, ""))
}

// withoutPolicy looks at a table whose policy is dropped, or becomes another one.
func (c *call) withoutPolicy(k *lint.Relation, on schema.Ident, gone *lint.Object, after *lint.RowPolicy) {
	switch {
	case k != nil && (k.Fresh || whole(k) && c.catalog.Complete && k.Options["row security"] != "on" || !c.held(k)):
		return
	case gone != nil && gone.Policy != nil && gone.Policy.Restrictive && (after == nil || after.Open):
		return
	case after != nil && after.Open && slices.Equal(after.Roles, gone.Policy.Roles):
		return
	case after == nil && c.ahead(func(w []lint.Token) bool { return w[0].Is("CREATE") && len(w) > 1 && w[1].Is("POLICY") }):
		return
	}
	if k != nil && gone != nil && gone.Policy != nil && c.covered(k, gone) {
		return
	}
	c.report(said{message: fmt.Sprintf("row security is on for %s: what this policy let through, running clients no longer see or write", quoted(on)), safe: "Create the policy that takes its place first, in the same transaction."})
}

// covered: another policy lets through every row that this one did.
func (c *call) covered(k *lint.Relation, gone *lint.Object) bool {
	return slices.ContainsFunc(c.policies(k), func(o *lint.Object) bool {
		p := o.Policy
		return o != gone && p != nil && p.Open && !p.Restrictive && (p.Command == "all" || p.Command == gone.Policy.Command) &&
			(slices.Contains(p.Roles, everybody) || covers(p.Roles, gone.Policy.Roles))
	})
}
