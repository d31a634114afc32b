package postgres

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/phasemig/phasemig/lint"
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
		return j.body(body, s)
	}
	return nil
}

// body judges the statements of a PL/pgSQL or SQL body. Findings stand where the body stands, as far as its text is
// found in the statement.
func (j *judge) body(body string, s lint.Statement) []lint.Finding {
	j.depth++
	defer func() { j.depth-- }()
	base := s.Start
	at := strings.Index(s.Text, body)
	if at >= 0 {
		base += at
	}
	was := j.tx
	if !j.tx.open {
		j.tx.begin(false)
	}
	var out []lint.Finding
	for _, part := range Syntax.Split(body) {
		for _, x := range commands(part) {
			inner := s
			inner.Text = x.Text
			if at >= 0 {
				inner.Start = base + x.Start
			}
			out = append(out, j.Statement(inner)...)
		}
	}
	if !was.open {
		j.tx = was
	}
	return out
}

// verbs begin statements that change something.
var verbs = map[string]bool{"ALTER": true, "CREATE": true, "DROP": true, "TRUNCATE": true, "UPDATE": true, "DELETE": true, "LOCK": true, "REINDEX": true,
	"CLUSTER": true, "VACUUM": true, "REFRESH": true, "REVOKE": true}

// commands finds the SQL in a part of a PL/pgSQL body: behind IF … THEN, BEGIN, ELSE, LOOP and the like, and in the
// text of EXECUTE.
func commands(part lint.Statement) []lint.Statement {
	t := Syntax.Tokens(part.Text)
	for i := range t {
		switch {
		case t[i].Is("EXECUTE") && opens(t, i):
			return executed(part, t[i+1:])
		case t[i].Kind == lint.Word && verbs[strings.ToUpper(t[i].Text)] && opens(t, i):
			return []lint.Statement{{Text: part.Text[t[i].Start:], Start: part.Start + t[i].Start, End: part.End}}
		}
	}
	return nil
}

// opens reports whether a token may begin a statement.
func opens(t []lint.Token, i int) bool {
	if i == 0 {
		return true
	}
	for _, w := range []string{"THEN", "ELSE", "BEGIN", "LOOP", ">"} {
		if t[i-1].Is(w) {
			return true
		}
	}
	return false
}

// executed finds the statements in the texts behind EXECUTE: a literal, parts put together, or format().
func executed(part lint.Statement, t []lint.Token) []lint.Statement {
	var text strings.Builder
	start := -1
	for i := 0; i < len(t); i++ {
		switch {
		case t[i].Kind == lint.String:
			if start < 0 {
				start = t[i].Start
			}
			text.WriteString(t[i].Value())
			if i+1 < len(t) && t[i+1].Is(",") {
				i = len(t) // the rest are arguments of format()
			}
		case t[i].Is("USING"):
			i = len(t)
		case t[i].Kind == lint.Word && !t[i].Is("format") && !t[i].Is("quote_ident") && !t[i].Is("quote_literal"):
			if !strings.HasSuffix(text.String(), "placeholder") { // r.name is one name
				text.WriteString("placeholder")
			}
		}
	}
	if start < 0 {
		return nil
	}
	sql := placeholders.Replace(text.String())
	if f := strings.Fields(sql); len(f) == 0 || !verbs[strings.ToUpper(f[0])] {
		return nil
	}
	return []lint.Statement{{Text: sql, Start: part.Start + start, End: part.End}}
}

var placeholders = strings.NewReplacer("%I", "placeholder", "%s", "placeholder", "%L", "'placeholder'", "%1$I", "placeholder", "%2$I", "placeholder", "%3$I", "placeholder")
