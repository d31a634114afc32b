package postgres

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// steady are the names of the server's own functions that aren't volatile under any signature:
// SELECT proname FROM pg_proc GROUP BY 1 HAVING bool_and(provolatile <> 'v'), PostgreSQL 18.
//
//go:embed steady.txt
var steadyText string

var steady = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(steadyText) {
		out[n] = true
	}
	return out
})

// walk calls f for each node below n, n included.
func walk(n *pg.Node, f func(*pg.Node)) {
	if n == nil {
		return
	}
	walkMessage(n.ProtoReflect(), f)
}

func walkMessage(m protoreflect.Message, f func(*pg.Node)) {
	if n, ok := m.Interface().(*pg.Node); ok {
		f(n)
	}
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if d.Kind() != protoreflect.MessageKind {
			return true
		}
		if d.IsList() {
			for i := range v.List().Len() {
				walkMessage(v.List().Get(i).Message(), f)
			}
			return true
		}
		walkMessage(v.Message(), f)
		return true
	})
}

// columnsIn lists the columns that an expression names.
func columnsIn(n *pg.Node) []string {
	var out []string
	walk(n, func(x *pg.Node) {
		if r := x.GetColumnRef(); r != nil && len(r.Fields) > 0 {
			if c := str(r.Fields[len(r.Fields)-1]); c != "" && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	})
	return out
}

// volatileIn names the first function of an expression that gives each row a value of its own. A function of the user's is
// volatile unless the files say otherwise, or the server puts its body in its place, as it is for the server.
func (j *judge) volatileIn(n *pg.Node) string {
	found := ""
	walk(n, func(x *pg.Node) {
		c := x.GetFuncCall()
		if c == nil || found != "" {
			return
		}
		full := names(c.Funcname)
		name := strings.ToLower(full[len(full)-1])
		if v, ok := j.volatile[name]; ok {
			if v {
				found = name
			}
			return
		}
		if !steady()[name] {
			found = name
		}
	})
	return found
}

// constrained reports whether one of a column's or domain's constraints is a CHECK or NOT NULL.
func constrained(list []*pg.Node) bool {
	for _, n := range list {
		switch n.GetConstraint().GetContype() {
		case pg.ConstrType_CONSTR_CHECK, pg.ConstrType_CONSTR_NOTNULL:
			return true
		}
	}
	return false
}
