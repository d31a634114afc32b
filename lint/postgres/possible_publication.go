package postgres

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// publicationImpossible looks at what is published: its kind, its columns, its condition, and the options.
func (c *call) publicationImpossible(objects, options []*pg.Node) string {
	for _, o := range objects {
		spec := o.GetPublicationObjSpec()
		if c.noSchema(spec.GetName()) {
			return "there is no schema " + quote(spec.GetName())
		}
		t := spec.GetPubtable()
		k := c.relation(t.GetRelation())
		if k == nil {
			continue
		}
		switch {
		case k.Kind == "view" || k.Kind == "matview" || k.Kind == "sequence":
			return fmt.Sprintf("the %s %s can't be published", kindName(k), quoted(k.Ident))
		case k.Options["persistence"] == "u":
			return fmt.Sprintf("%s is unlogged, and can't be published", quoted(k.Ident))
		}
		for _, col := range append(names(t.Columns), columnsIn(t.WhereClause)...) {
			if whole(k) && k.Column(col) == nil {
				return fmt.Sprintf("%s has no column %s", quoted(k.Ident), quote(col))
			}
		}
		if f := varyingCall(t.WhereClause); f != "" {
			return "the condition of a publication can't call " + f + ", which isn't immutable"
		}
	}
	return c.publicationOptions(options)
}

func (c *call) publicationOptions(options []*pg.Node) string {
	for _, o := range options {
		switch d := o.GetDefElem(); d.GetDefname() {
		case "publish":
			for what := range strings.SplitSeq(str(d.Arg), ",") {
				if w := strings.TrimSpace(what); w != "" && !slices.Contains([]string{"insert", "update", "delete", "truncate"}, w) {
					return "a publication can't publish " + w
				}
			}
		case "publish_via_partition_root":
		case "publish_generated_columns":
			if c.version < 180000 {
				return "publish_generated_columns came with version 18"
			}
		default:
			return "a publication has no option " + d.GetDefname()
		}
	}
	return ""
}

// varyingCall is a function of the server's own that is immutable under no signature.
func varyingCall(n *pg.Node) string {
	found := ""
	walk(n, func(m *pg.Node) {
		if f := m.GetFuncCall(); f != nil && len(f.Funcname) == 1 {
			if b, ok := builtins()[lastName(f.Funcname)]; ok && b.volatility == "v" {
				found = lastName(f.Funcname)
			}
		}
	})
	return found
}
