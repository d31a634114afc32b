package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// privilegesOn are those that there are on a kind of object.
var privilegesOn = map[pg.ObjectType][]string{
	pg.ObjectType_OBJECT_TABLE:    {"select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain", "usage"},
	pg.ObjectType_OBJECT_SEQUENCE: {"usage", "select", "update"},
	pg.ObjectType_OBJECT_FUNCTION: {"execute"}, pg.ObjectType_OBJECT_PROCEDURE: {"execute"}, pg.ObjectType_OBJECT_ROUTINE: {"execute"},
	pg.ObjectType_OBJECT_SCHEMA: {"create", "usage"}, pg.ObjectType_OBJECT_DATABASE: {"create", "connect", "temporary", "temp"},
	pg.ObjectType_OBJECT_TYPE: {"usage"}, pg.ObjectType_OBJECT_DOMAIN: {"usage"}, pg.ObjectType_OBJECT_LANGUAGE: {"usage"},
}

func (c *call) grantImpossible(n *pg.GrantStmt) string {
	if n.IsGrant && n.GrantOption && slices.ContainsFunc(n.Grantees, func(g *pg.Node) bool { return g.GetRoleSpec().GetRoletype() == pg.RoleSpecType_ROLESPEC_PUBLIC }) {
		return "WITH GRANT OPTION is for roles, and not for PUBLIC"
	}
	if n.Objtype == pg.ObjectType_OBJECT_SEQUENCE && n.Targtype == pg.GrantTargetType_ACL_TARGET_OBJECT {
		for _, o := range n.Objects {
			if k := c.relation(o.GetRangeVar()); k != nil && !k.Partial && k.Kind != "sequence" {
				return quoted(k.Ident) + " is no sequence"
			}
		}
	}
	known, ok := privilegesOn[n.Objtype]
	list, columns := privilegesOf(n)
	for _, p := range list {
		switch {
		case !ok:
		case !slices.Contains(known, p):
			return fmt.Sprintf("there is no privilege %s on such a thing", strings.ToUpper(p))
		case p == "maintain" && c.version < 170000:
			return "the privilege MAINTAIN came with version 17"
		case len(columns) > 0 && !slices.Contains([]string{"select", "insert", "update", "references"}, p) && privilegeColumns(n, p):
			return fmt.Sprintf("%s isn't granted on columns", strings.ToUpper(p))
		}
	}
	return ""
}

func privilegeColumns(n *pg.GrantStmt, privilege string) bool {
	return slices.ContainsFunc(n.Privileges, func(p *pg.Node) bool {
		return strings.EqualFold(p.GetAccessPriv().GetPrivName(), privilege) && len(p.GetAccessPriv().GetCols()) > 0
	})
}

// bodyImpossible reads the body of a function in SQL, which the server does, too.
func (c *call) bodyImpossible(n *pg.CreateFunctionStmt) string {
	body, language := "", ""
	for _, o := range n.Options {
		switch d := o.GetDefElem(); d.GetDefname() {
		case "language":
			language = strings.ToLower(str(d.Arg))
		case "as":
			if l := d.Arg.GetList().GetItems(); len(l) == 1 {
				body = str(l[0])
			}
		}
	}
	if language != "sql" || body == "" || c.unchecked || c.path != "" {
		return ""
	}
	text, _ := modern(body, c.version)
	r, err := pg.Parse(text)
	if err != nil {
		return "its body can't be read: " + strings.TrimPrefix(err.Error(), "ERROR: ")
	}
	was := c.variables
	defer func() { c.judge.variables = was }()
	c.judge.variables = map[string]bool{lastName(n.Funcname): true}
	for _, p := range n.Parameters {
		c.judge.variables[p.GetFunctionParameter().GetName()] = true
	}
	for _, s := range r.Stmts {
		if len(r.Stmts) > 1 && makesSomething(s.Stmt) {
			return "" // what follows may need it
		}
		if why := c.queryFault(s.Stmt); why != "" {
			return "in its body: " + why
		}
	}
	return ""
}

func makesSomething(n *pg.Node) bool {
	return n.GetSelectStmt() == nil && n.GetInsertStmt() == nil && n.GetUpdateStmt() == nil && n.GetDeleteStmt() == nil
}

// queryFault is what is wrong with the names and types of a statement on rows.
func (c *call) queryFault(n *pg.Node) string {
	if n.GetSelectStmt() != nil {
		return c.queried(n)
	}
	return c.refused(n)
}
