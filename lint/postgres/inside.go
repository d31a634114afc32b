package postgres

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
	"github.com/phasemig/phasemig/schema"
)

// inside judges the statements that a DO block, or a call of the file's own routine, runs.
func (j *judge) inside(p *parsed, s lint.Statement) []lint.Finding {
	if j.depth > 3 {
		return nil
	}
	switch n := p.node.Node.(type) {
	case *pg.Node_DoStmt:
		for _, a := range n.DoStmt.Args {
			if d := a.GetDefElem(); d.GetDefname() == "as" {
				return j.body(str(d.Arg), s)
			}
		}
	case *pg.Node_CallStmt:
		return j.calls(n.CallStmt.GetFunccall(), s)
	case *pg.Node_SelectStmt:
		var out []lint.Finding
		for _, t := range n.SelectStmt.TargetList {
			out = append(out, j.calls(t.GetResTarget().GetVal().GetFuncCall(), s)...)
		}
		return out
	}
	return nil
}

func (j *judge) calls(f *pg.FuncCall, s lint.Statement) []lint.Finding {
	full := names(f.GetFuncname())
	if len(full) == 0 {
		return nil
	}
	if body, ok := j.routines[strings.ToLower(full[len(full)-1])]; ok {
		return j.body(body, s, j.parameters(full[len(full)-1])...)
	}
	return nil
}

// parameters are the names of the arguments of the routines of a name.
func (j *judge) parameters(name string) []string {
	var out []string
	for _, o := range j.routinesNamed(schema.Ident{Name: name}) {
		out = append(out, o.Names...)
	}
	return out
}
