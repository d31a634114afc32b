package postgres

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
)

// readOnly says why nobody can write through a view, "" where the server passes writes on, or where that isn't known (view_query_is_auto_updatable
// in the server's source).
func (j *judge) readOnly(q *pg.SelectStmt) string {
	switch {
	case q == nil:
		return ""
	case q.Larg != nil:
		return "it puts queries together"
	case len(q.ValuesLists) > 0 || len(q.FromClause) == 0:
		return "it reads no table"
	case len(q.FromClause) > 1:
		return "it reads several tables"
	case len(q.DistinctClause) > 0:
		return "it has DISTINCT"
	case len(q.GroupClause) > 0 || q.HavingClause != nil:
		return "it has GROUP BY or HAVING"
	case q.LimitCount != nil || q.LimitOffset != nil:
		return "it has LIMIT or OFFSET"
	case q.WithClause != nil:
		return "it has WITH"
	}
	for _, t := range q.TargetList {
		if why := gathers(t.GetResTarget().GetVal()); why != "" {
			return why
		}
	}
	r := q.FromClause[0].GetRangeVar()
	if r == nil {
		return "it reads no table by itself"
	}
	k := j.relation(r)
	switch {
	case k == nil:
		return ""
	case k.Kind == "matview":
		return "it reads a materialized view"
	}
	return k.Options["read only"]
}

// rowMakers are functions that give several rows where one stands.
var rowMakers = []string{"generate_series", "generate_subscripts", "unnest", "regexp_split_to_table", "regexp_matches", "string_to_table", "jsonb_array_elements", "json_array_elements", "jsonb_each", "json_each", "jsonb_object_keys", "json_object_keys"}

// gathers says what a column holds that isn't of one row: an aggregate, a window, a set.
func gathers(n *pg.Node) string {
	why := ""
	if f := aggregateIn(n); f != "" {
		why = "it has the aggregate " + f
	}
	walk(n, func(m *pg.Node) {
		switch f := m.GetFuncCall(); {
		case f == nil:
		case f.Over != nil:
			why = "it has a window function"
		case slices.Contains(rowMakers, lastName(f.Funcname)):
			why = "it has a function that gives several rows"
		}
	})
	return why
}

// refusesColumn says which column of a table nobody can write any more through the view in its place: one that is computed there.
func refusesColumn(q *pg.SelectStmt, aliases []string, was *lint.Relation) string {
	for i, t := range q.TargetList {
		name := outName(t.GetResTarget())
		if i < len(aliases) {
			name = aliases[i]
		}
		col := was.Column(name)
		if col == nil || col.Generated != "" || t.GetResTarget().GetVal().GetColumnRef() != nil {
			continue
		}
		return fmt.Sprintf("its column %s is computed", quote(name))
	}
	return ""
}

// writesRefused says why running clients can't write through a view in a table's place.
func (c *call) writesRefused(v *pg.ViewStmt, was *lint.Relation) string {
	q := v.Query.GetSelectStmt()
	if was == nil || q == nil || c.insteadLater() {
		return ""
	}
	if why := c.readOnly(q); why != "" {
		return why
	}
	return refusesColumn(q, names(v.Aliases), was)
}

// insteadLater: the transaction gives the view a trigger or a rule that writes instead.
func (c *call) insteadLater() bool {
	return c.ahead(func(t []lint.Token) bool {
		return t[0].Is("CREATE") && slices.ContainsFunc(t, func(x lint.Token) bool { return x.Is("INSTEAD") })
	})
}
