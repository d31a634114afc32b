package postgres

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// A right is kept as an object of the kind "grant": ID.Name is the role, ID.Schema what it is on (a relation is On), Args are the privileges,
// Names the columns, if it is on some only. Membership in a role is one on "role NAME".

// everybody is PUBLIC as a role's name.
const everybody = "public"

func roleName(r *pg.RoleSpec) string {
	switch r.GetRoletype() {
	case pg.RoleSpecType_ROLESPEC_PUBLIC:
		return everybody
	case pg.RoleSpecType_ROLESPEC_CSTRING:
		return r.Rolename
	}
	return ""
}

// privilegesOf lists the privileges of a GRANT or REVOKE, lower case, nil for all.
func privilegesOf(n *pg.GrantStmt) (list, columns []string) {
	for _, p := range n.Privileges {
		a := p.GetAccessPriv()
		list = append(list, strings.ToLower(a.GetPrivName()))
		columns = append(columns, names(a.GetCols())...)
	}
	return list, columns
}

// place is what a right is on.
type place struct {
	on   *lint.Relation
	what string
}

// places lists what a GRANT or REVOKE is about; every relation of a schema for ALL TABLES IN SCHEMA.
func (j *judge) places(n *pg.GrantStmt) []place {
	var out []place
	for _, o := range n.Objects {
		switch {
		case n.Targtype == pg.GrantTargetType_ACL_TARGET_ALL_IN_SCHEMA:
			j.catalog.Relations(func(k *lint.Relation) {
				if inSchema(k.Schema) == str(o) && (k.Kind == "sequence") == (n.Objtype == pg.ObjectType_OBJECT_SEQUENCE) {
					out = append(out, place{on: k})
				}
			})
		case o.GetRangeVar() != nil:
			if k := j.relation(o.GetRangeVar()); k != nil {
				out = append(out, place{on: k})
			} else {
				out = append(out, place{what: "relation " + table(o.GetRangeVar())})
			}
		case o.GetObjectWithArgs() != nil:
			out = append(out, place{what: "routine " + lastName(o.GetObjectWithArgs().Objname)})
		case str(o) != "":
			out = append(out, place{what: strings.ToLower(strings.TrimPrefix(n.Objtype.String(), "OBJECT_")) + " " + str(o)})
		}
	}
	return out
}

func (j *judge) grant(n *pg.GrantStmt) {
	if n.GrantOption && !n.IsGrant || n.Targtype == pg.GrantTargetType_ACL_TARGET_DEFAULTS {
		return
	}
	privileges, columns := privilegesOf(n)
	for _, p := range j.places(n) {
		for _, g := range n.Grantees {
			role := roleName(g.GetRoleSpec())
			if role == "" {
				continue
			}
			if n.IsGrant {
				j.catalog.Objects.Put(&lint.Object{Kind: "grant", ID: schema.Ident{Schema: p.what, Name: role}, On: p.on, Args: privileges, Names: columns})
				continue
			}
			j.revokes(p, role, privileges)
		}
	}
}

func (j *judge) revokes(p place, role string, privileges []string) {
	if role == everybody && p.what != "" {
		j.catalog.Objects.Put(&lint.Object{Kind: "revoked", ID: schema.Ident{Schema: p.what, Name: role}})
	}
	j.catalog.Objects.Remove(func(o *lint.Object) bool {
		if o.Kind != "grant" || o.ID.Name != role || o.ID.Schema != p.what || o.On != p.on {
			return false
		}
		if privileges == nil {
			return true
		}
		if o.Args == nil {
			o.Args = slices.Clone(everyPrivilege)
		}
		o.Args = slices.DeleteFunc(slices.Clone(o.Args), func(a string) bool { return slices.Contains(privileges, a) })
		return len(o.Args) == 0
	})
}

// everyPrivilege is ALL of a table.
var everyPrivilege = []string{"select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain", "usage", "create", "execute", "connect", "temporary"}

// granted lists the rights on a place.
func (j *judge) granted(p place) []*lint.Object {
	return slices.DeleteFunc(j.catalog.Objects.All("grant"), func(o *lint.Object) bool { return o.On != p.on || o.ID.Schema != p.what })
}

// has reports whether a right is one of the given ones; nil is all of them.
func has(o *lint.Object, privileges []string) bool {
	return o.Args == nil || privileges == nil || overlaps(o.Args, privileges)
}

// rightsKnown: the files grant rights, so that what they don't grant isn't there.
func (j *judge) rightsKnown() bool {
	return j.catalog.Complete && len(j.catalog.Objects.All("grant")) > 0
}

// others lists the roles that are known to use a relation and don't own it.
func (j *judge) others(k *lint.Relation) []*lint.Object { return j.granted(place{on: k}) }

// lacksRight names a role that may read a view and has no right of its own to read what the view reads.
func (j *judge) lacksRight(v *lint.Relation) string {
	for _, o := range j.others(v) {
		for _, u := range v.Uses {
			if u.Relation != nil && !slices.ContainsFunc(j.others(u.Relation), func(r *lint.Object) bool {
				return (r.ID.Name == o.ID.Name || r.ID.Name == everybody) && has(r, []string{"select"}) && (len(r.Names) == 0 || slices.Contains(r.Names, u.Column))
			}) {
				return o.ID.Name
			}
		}
	}
	return ""
}

// member notes membership in a role, and its end.
func (j *judge) member(n *pg.GrantRoleStmt) {
	for _, g := range n.GrantedRoles {
		for _, r := range n.GranteeRoles {
			id := schema.Ident{Schema: "role " + g.GetAccessPriv().GetPrivName(), Name: roleName(r.GetRoleSpec())}
			j.catalog.Objects.Remove(func(o *lint.Object) bool { return o.Kind == "grant" && o.ID == id })
			if n.IsGrant {
				j.catalog.Objects.Put(&lint.Object{Kind: "grant", ID: id})
			}
		}
	}
}
